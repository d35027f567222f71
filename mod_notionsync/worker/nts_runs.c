/* nts_runs.c - rows of former runs. */
#include <string.h>

#include "worker/nts_runs.h"

#define LOOKED_AT 20

apr_int64_t nts_runs_expected(const nts_flow_t *flow, apr_pool_t *p)
{
    nts_run_t *runs = NULL;
    int count = 0;
    int i;

    if (nts_store_get_runs(&runs, &count, flow->host->store, flow->given->id, LOOKED_AT, p) !=
        APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (strcmp(runs[i].state, "done") == 0 &&
            (strcmp(runs[i].kind, "full") == 0 || strcmp(runs[i].kind, "verify") == 0)) {
            return runs[i].seen[NTS_NOTION] + runs[i].seen[NTS_EXTERNAL];
        }
    }
    return 0;
}

void nts_runs_mark_stopped(nts_flow_t *flow)
{
    nts_store_t *store = flow->host->store;
    nts_run_t *runs = NULL;
    apr_pool_t *p;
    int count = 0;
    int i;

    (void)apr_pool_create(&p, flow->p);
    if (nts_store_get_runs(&runs, &count, store, flow->given->id, LOOKED_AT, p) == APR_SUCCESS) {
        for (i = 0; i < count; i++) {
            if (strcmp(runs[i].state, "running") == 0) {
                runs[i].state = "stopped";
                runs[i].finished = nts_host_wall(flow->host);
                runs[i].note = "the server stopped; it is repeated";
                (void)nts_store_put_run(store, &runs[i]);
            }
        }
    }
    apr_pool_destroy(p);
}
