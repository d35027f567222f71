/* nts_runs.h - rows of former runs: what is to be expected, and what a restart broke off. */
#ifndef NTS_RUNS_H
#define NTS_RUNS_H

#include "worker/nts_group.h"

/** How many records the last complete run saw: what progress is measured by; 0 unknown. */
apr_int64_t nts_runs_expected(const nts_flow_t *flow, apr_pool_t *p);
/** What a crash or restart broke off is said to have stopped; whether to repeat it, the times tell. */
void nts_runs_mark_stopped(nts_flow_t *flow);

#endif /* NTS_RUNS_H */
