/* nts_events_impl.h - what nts_events.c (inbox) and nts_outside.c (external change table) share. */
#ifndef NTS_EVENTS_IMPL_H
#define NTS_EVENTS_IMPL_H

#include <apr_tables.h>

#include "worker/nts_events.h"

struct nts_events_t {
    nts_flow_t *flow;

    /* the inbox */
    apr_int64_t seen; /* notices up to here were routed */
    nts_timer_t look;
    apr_array_header_t *settled;  /* apr_int64_t: to be settled */
    apr_array_header_t *settling; /* in the unit */
    nts_timer_t settle;
    nts_unit_t settle_unit;
    apr_array_header_t *echoes; /* of our own writes, while a job has their page in hand */

    /* the external change table */
    int watch;             /* descriptor; -1: none */
    int watches;           /* it is this flow that watches it for all that share it */
    int looks;             /* done since the descriptor was last readable */
    nts_timer_t outside;   /* look now, or the safety net */
    apr_time_t outside_at; /* monotonic: last looked */
    int outside_asking;
    int outside_again;
    int outside_failures;
    apr_pool_t *outside_pool; /* of the answer being taken */
    apr_int64_t counter;      /* changes up to here were taken, in memory */
    apr_int64_t taking;       /* to become durable with the unit */
    nts_inbox_row_t *rows;
    int row_count;
    nts_unit_t take_unit;
};

void nts_outside_init(nts_events_t *e);
void nts_outside_start(nts_events_t *e);
void nts_outside_stop(nts_events_t *e);

#endif /* NTS_EVENTS_IMPL_H */
