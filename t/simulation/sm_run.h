/* sm_run.h - one run, from its seed or its scenario to a verdict. */
#ifndef SM_RUN_H
#define SM_RUN_H

#include "simulation/sm_kernel.h"

typedef struct sm_verdict_t {
    const char *violation; /* NULL: none */
    const char *scenario;  /* as text */
    apr_uint64_t hash;     /* of the trace */
    apr_int64_t steps;
    apr_interval_time_t length; /* virtual */
    int requests;
    const char *counts; /* lines "words\tN" */
} sm_verdict_t;

/** Once, before any run: the folder, SQLite's door, the template of the state store. @a real_state: the state
 *  store is in real files. */
apr_status_t sm_prepare(int real_state);
/** Remove the folder. */
void sm_clean(void);
/** @a scenario NULL: planned from the seed. What the verdict points to is in @a p. */
void sm_run(sm_verdict_t *verdict, apr_uint64_t seed, const char *scenario,
            const sm_part_t *const *parts, int is_traced, apr_pool_t *p);

/** Only the scenario: nothing runs. */
void sm_plan_only(sm_verdict_t *verdict, apr_uint64_t seed, const sm_part_t *const *parts,
                  apr_pool_t *p);

#endif /* SM_RUN_H */
