/* judge_plea.h - why a record says that it is in trouble, and who knows whether that is so. */
#ifndef JUDGE_PLEA_H
#define JUDGE_PLEA_H

#include "simulation/judge_impl.h"

typedef struct plea_t {
    judge_t *j;
    const judge_link_t *link;
    judge_record_t *record, *partner; /* partner: NULL if there is none */
    int mapping, field;               /* field: -1: the record as a whole */
} plea_t;

/* judge_absent.c: one side of it was deleted, or is not shown to us */
int judge_pleads_missing(const plea_t *plea);
int judge_pleads_delete(const plea_t *plea);
int judge_pleads_limit(const plea_t *plea);
int judge_pleads_restore(const plea_t *plea);

/* judge_children.c: what went with its row */
int judge_pleads_children(const plea_t *plea);

/* judge_bound.c */
/** S5.4: one side's value may be what was left of another, or what another type made of it. One that is empty is put back, unless it
 *  rules the field alone. */
int judge_is_held_retyped(const plea_t *plea, int field);
/** Of a set its members are compared; a text that is none has one, which nobody can carry. */
int judge_is_no_set(const plea_t *plea, int field);

#endif /* JUDGE_PLEA_H */
