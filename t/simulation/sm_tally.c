/* sm_tally.c - what came of many seeds: where it stands, what failed, and by which rule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "simulation/sm_options.h"

#define TELL_EVERY 10.0 /* seconds */
#define LONG_RANGE 5000 /* seeds; where they stand is told even if nobody seems to look */

static sm_rule_t *find_rule(sm_tally_t *tally, const char *words)
{
    char name[sizeof(tally->rules[0].name)];
    const char *colon = strchr(words, ':');
    apr_size_t len = colon ? (apr_size_t)(colon - words) + 1 : sizeof(name);
    int i;

    apr_cpystrn(name, words, len < sizeof(name) ? len : sizeof(name));
    for (i = 0; i < tally->rule_count; i++) {
        if (strcmp(tally->rules[i].name, name) == 0) {
            return &tally->rules[i];
        }
    }
    if (i == SM_RULES_MAX) {
        return &tally->rules[i - 1]; /* there are not so many */
    }
    tally->rule_count++;
    apr_cpystrn(tally->rules[i].name, name, sizeof(tally->rules[i].name));
    return &tally->rules[i];
}

void sm_tally_bad(sm_tally_t *tally, apr_uint64_t seed, const char *words)
{
    sm_rule_t *rule = find_rule(tally, words);

    tally->violations++;
    printf("seed %" APR_UINT64_T_FMT ": %s\n", seed, words);
    (void)fflush(stdout);
    if (rule->count < SM_RULE_SEEDS) {
        rule->seeds[rule->count] = seed;
    }
    rule->count++;
    if (tally->bad_count < SM_BAD_MAX) {
        tally->bad[tally->bad_count++] = seed;
    }
}

void sm_tally_progress(sm_tally_t *tally, const sm_options_t *options, double seconds)
{
    double all = (double)(options->to - options->from + 1);
    double done = (double)tally->seeds;

    if (seconds - tally->told < TELL_EVERY || tally->seeds == 0 ||
        (all < LONG_RANGE && !isatty(STDERR_FILENO))) {
        return;
    }
    tally->told = seconds;
    (void)fprintf(stderr,
                  "%" APR_INT64_T_FMT " of %.0f seeds in %.0f s, %" APR_INT64_T_FMT
                  " violations; about %.0f s to go\n",
                  tally->seeds, all, seconds, tally->violations, seconds / done * (all - done));
}

void sm_tally_rules(const sm_tally_t *tally)
{
    int i;
    int k;

    for (i = 0; i < tally->rule_count; i++) {
        const sm_rule_t *rule = &tally->rules[i];

        printf("%s%s: %d seeds:", i ? "" : "\n", rule->name, rule->count);
        for (k = 0; k < rule->count && k < SM_RULE_SEEDS; k++) {
            printf(" %" APR_UINT64_T_FMT, rule->seeds[k]);
        }
        printf("%s\n", rule->count > SM_RULE_SEEDS ? " ..." : "");
    }
}

void sm_tally_count(sm_tally_t *tally, const char *counts)
{
    while (*counts) {
        const char *tab = strchr(counts, '\t');
        const char *end = strchr(counts, '\n');
        apr_ssize_t len = tab ? tab - counts : 0;
        sm_counted_t *counted;

        if (!tab || !end) {
            return;
        }
        if (!tally->counts) {
            tally->counts = apr_hash_make(tally->p);
        }
        counted = apr_hash_get(tally->counts, counts, len);
        if (!counted) {
            counted = apr_pcalloc(tally->p, sizeof(*counted));
            apr_hash_set(tally->counts, apr_pstrmemdup(tally->p, counts, (apr_size_t)len), len,
                         counted);
        }
        counted->seeds++;
        counted->times += atoi(tab + 1);
        counts = end + 1;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void sm_tally_counts(const sm_tally_t *tally)
{
    int n = tally->counts ? (int)apr_hash_count(tally->counts) : 0;
    const char **names = apr_palloc(tally->p, ((apr_size_t)n + 1) * sizeof(*names));
    apr_hash_index_t *at = n ? apr_hash_first(tally->p, tally->counts) : NULL;
    int i;

    for (i = 0; at; at = apr_hash_next(at)) {
        names[i++] = apr_hash_this_key(at);
    }
    qsort(names, (size_t)n, sizeof(*names), by_name);
    for (i = 0; i < n; i++) {
        const sm_counted_t *counted = apr_hash_get(tally->counts, names[i], APR_HASH_KEY_STRING);

        printf("%-50s %9" APR_INT64_T_FMT " times in %7" APR_INT64_T_FMT " seeds\n", names[i],
               counted->times, counted->seeds);
    }
}
