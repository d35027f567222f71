/* sj_impl.h - the inside of the judge's part. */
#ifndef SJ_IMPL_H
#define SJ_IMPL_H

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "simulation/sj.h"

typedef struct sj_judge_t {
    history_t *history;
    judge_t *judge;
    judge_phases_t phases;
    int mapping_count;
    judge_connection_t connections[HISTORY_SIDES]; /* names are the history's */
    int connection_count;
    apr_hash_t *sent; /* asks to databases under way */
    sj_show_fn *show;
    int ordering;                 /* commands on their way into the store */
    apr_array_header_t *commands; /* apr_int64_t: ours, that may not be over */
} sj_judge_t;

sj_judge_t *sj_the(sm_t *sm);

/** Commands of the judge that are not over; forgets those that are. */
int sj_is_commanded(sm_t *sm);
/** Tell the judge which records and mappings are in trouble now. */
void sj_note_waiting(sm_t *sm);
/** Hand over to the judge what the store and the services hold. */
void sj_collect(sm_t *sm);

#endif /* SJ_IMPL_H */
