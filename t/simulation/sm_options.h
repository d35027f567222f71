/* sm_options.h - how the program is called, and how it explains a failing seed. */
#ifndef SM_OPTIONS_H
#define SM_OPTIONS_H

#include "simulation/sm_run.h"

typedef struct sm_options_t {
    apr_uint64_t from;
    apr_uint64_t to;
    int jobs;
    int real_state;
    int trace;
    int again;
    int print; /* the scenario, before the verdict */
    int shrink;
    int verbose;
    const char *scenario; /* text; NULL: planned from the seed */
    const char *program;  /* as it was called */
} sm_options_t;

#define SM_BAD_MAX 32

typedef struct sm_tally_t {
    apr_int64_t seeds;
    apr_int64_t violations;
    apr_int64_t requests;
    apr_uint64_t bad[SM_BAD_MAX];
    int bad_count;
} sm_tally_t;

/** Zero: wrong, and said so. */
int sm_options_read(sm_options_t *options, int argc, const char *const *argv, apr_pool_t *p);
/** The command that replays a failing seed, and for the first few of them their shortened scenario. */
void sm_explain(const sm_options_t *options, apr_uint64_t seed, int rank, apr_pool_t *p);
const sm_part_t *const *sm_parts(void);

#endif /* SM_OPTIONS_H */
