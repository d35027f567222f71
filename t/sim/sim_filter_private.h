/* The parsed form of a filter, shared by its parser and its evaluation. */
#ifndef SIM_FILTER_PRIVATE_H
#define SIM_FILTER_PRIVATE_H

#include "sim_filter.h"

typedef enum sim_cond_t {
    SIM_C_EQUALS,
    SIM_C_NOT_EQUALS,
    SIM_C_CONTAINS,
    SIM_C_NOT_CONTAINS,
    SIM_C_STARTS,
    SIM_C_ENDS,
    SIM_C_EMPTY,
    SIM_C_NOT_EMPTY,
    SIM_C_GT,
    SIM_C_LT,
    SIM_C_GE,
    SIM_C_LE
} sim_cond_t;

/* what kind of thing is compared */
typedef enum sim_family_t {
    SIM_F_TEXT,
    SIM_F_NUMBER,
    SIM_F_BOOL,
    SIM_F_OPTION,
    SIM_F_OPTIONS,
    SIM_F_DATE,
    SIM_F_PEOPLE,
    SIM_F_RELATION,
    SIM_F_FILES,
    SIM_F_VERIFIED
} sim_family_t;

struct sim_filter_t {
    enum { SIM_AND, SIM_OR, SIM_COND } op;
    sim_filter_t **kids;
    size_t nkids;
    int timestamp; /* 1 created_time, 2 last_edited_time, 0 a property */
    sim_prop_t *prop;
    sim_family_t family;
    sim_cond_t cond;
    char **texts; /* operands: any of them, for lists */
    size_t ntexts;
    double number;
    int flag;
    sim_ms_t lo, hi; /* a date operand covers a day or an instant */
    sim_id_t id;
    int nobody;           /* "me" of an internal connection */
    const char *computed; /* formula or rollup: the type of value wanted */
};

#endif
