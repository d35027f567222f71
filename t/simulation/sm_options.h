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
    int count;            /* tell how often what happened */
    int twins;            /* one seed in so many is run twice and compared (S6.9) */
    const char *set;      /* settings that all seeds have; NULL: none */
    const char *scenario; /* text; NULL: planned from the seed */
    const char *program;  /* as it was called */
} sm_options_t;

#define SM_BAD_MAX 32
#define SM_RULES_MAX 64
#define SM_RULE_SEEDS 12

/** A rule that seeds have violated. */
typedef struct sm_rule_t {
    char name[24];
    int count;
    apr_uint64_t seeds[SM_RULE_SEEDS]; /* the first ones */
} sm_rule_t;

/** Something that happened in some seeds. */
typedef struct sm_counted_t {
    apr_int64_t seeds, times;
} sm_counted_t;

typedef struct sm_tally_t {
    apr_int64_t seeds;
    apr_int64_t violations;
    apr_int64_t requests;
    apr_uint64_t bad[SM_BAD_MAX];
    int bad_count;
    sm_rule_t rules[SM_RULES_MAX];
    int rule_count;
    double told;        /* when progress was told last */
    apr_hash_t *counts; /* what happened -> sm_counted_t; made with the first */
    apr_pool_t *p;      /* that they are in */
} sm_tally_t;

/** Zero: wrong, and said so. */
int sm_options_read(sm_options_t *options, int argc, const char *const *argv, apr_pool_t *p);
/** The command that replays a failing seed, and for the first few of them their shortened scenario. */
void sm_explain(const sm_options_t *options, apr_uint64_t seed, int rank, apr_pool_t *p);
const sm_part_t *const *sm_parts(void);

/** A seed has failed: says so, and counts it. */
void sm_tally_bad(sm_tally_t *tally, apr_uint64_t seed, const char *words);
/** Every ten seconds, where a long range stands; @a seconds since the beginning. */
void sm_tally_progress(sm_tally_t *tally, const sm_options_t *options, double seconds);
/** What happened in one more seed: lines "words\tN". */
void sm_tally_count(sm_tally_t *tally, const char *counts);
/** A line for each thing that happened. */
void sm_tally_counts(const sm_tally_t *tally);
/** A line for each rule that was violated, with its first seeds. */
void sm_tally_rules(const sm_tally_t *tally);

#endif /* SM_OPTIONS_H */
