/* nts_filter_impl.h - an expression's tree, shared by its parser and its evaluation. */
#ifndef NTS_FILTER_IMPL_H
#define NTS_FILTER_IMPL_H

#include "model/nts_filter.h"

typedef enum nts_filter_op_t {
    NTS_FILTER_AND,
    NTS_FILTER_OR,
    NTS_FILTER_NOT,
    NTS_FILTER_EQUAL,
    NTS_FILTER_LESS,
    NTS_FILTER_LESS_EQUAL,
    NTS_FILTER_EMPTY,
    NTS_FILTER_CONTAINS
} nts_filter_op_t;

typedef enum nts_literal_kind_t {
    NTS_LITERAL_TEXT, /* in quotes; binding may take it for a date */
    NTS_LITERAL_NUMBER,
    NTS_LITERAL_BOOL,
    NTS_LITERAL_DATE
} nts_literal_kind_t;

typedef struct nts_literal_t {
    nts_literal_kind_t kind;
    const char *text;
    int at;            /* position in the expression, from 1 */
    nts_value_t value; /* bound */
} nts_literal_t;

struct nts_filter_node_t {
    nts_filter_op_t op;
    const nts_filter_node_t *left; /* AND, OR, NOT */
    const nts_filter_node_t *right;
    int field; /* tests: index of the field */
    /* LESS, LESS_EQUAL: the literal stands on the left ("3 < f", which is how f > 3 is kept) */
    int is_turned;
    const nts_literal_t *literals; /* EQUAL: any of them */
    int literal_count;
};

#endif /* NTS_FILTER_IMPL_H */
