/* sm_shrink.c - what a failing seed has to say: how to see it again, and the shortest scenario that fails so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_tables.h>

#include "simulation/sm_options.h"

/* So many seeds of a call are shortened: the first tell most. */
#define SHRINK_MAX 3
#define TRIES_MAX 400

typedef struct lines_t {
    char **line;
    int count;
    int head; /* the first of them are the seed and settings, which stay */
} lines_t;

static void split(lines_t *lines, const char *text, apr_pool_t *p)
{
    apr_array_header_t *all = apr_array_make(p, 128, sizeof(char *));
    char *copy = apr_pstrdup(p, text);
    char *state = NULL;
    char *line;

    for (line = apr_strtok(copy, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        APR_ARRAY_PUSH(all, char *) = line;
    }
    lines->line = (char **)(void *)all->elts;
    lines->count = all->nelts;
    for (lines->head = 0; lines->head < lines->count && *lines->line[lines->head] != '+';
         lines->head++) {
    }
}

/* All but lines [from, to). */
static const char *join_without(const lines_t *lines, int from, int to, apr_pool_t *p)
{
    apr_array_header_t *kept = apr_array_make(p, lines->count + 1, sizeof(char *));
    int i;

    for (i = 0; i < lines->count; i++) {
        if (i < from || i >= to) {
            APR_ARRAY_PUSH(kept, char *) = lines->line[i];
        }
    }
    APR_ARRAY_PUSH(kept, char *) = apr_pstrdup(p, "");
    return apr_array_pstrcat(p, kept, '\n');
}

/* The rule that was broken, "S6.4": a shorter scenario must break the same. */
static void rule_of(char *rule, apr_size_t room, const char *violation)
{
    apr_size_t len = strcspn(violation, ":");

    apr_cpystrn(rule, violation, len + 1 < room ? len + 1 : room);
}

/* In a process of its own, for it may die. Gives "" when nothing is broken. */
static void try(char *rule, apr_size_t room, const sm_options_t *options, apr_uint64_t seed,
                const char *scenario)
{
    ssize_t got;
    int fds[2];
    pid_t pid;
    int status = 0;

    *rule = '\0';
    (void)fflush(stdout);
    if (pipe(fds) != 0 || (pid = fork()) < 0) {
        return;
    }
    if (pid == 0) {
        sm_verdict_t verdict;
        apr_pool_t *p;

        (void)alarm(60);
        (void)apr_pool_create(&p, NULL);
        if (sm_prepare(options->real_state) != APR_SUCCESS) {
            _exit(2);
        }
        sm_run(&verdict, seed, scenario, sm_parts(), 0, p);
        sm_clean();
        if (verdict.violation) {
            rule_of(rule, room, verdict.violation);
            (void)!write(fds[1], rule, strlen(rule) + 1);
        }
        _exit(0);
    }
    (void)close(fds[1]);
    got = read(fds[0], rule, room);
    (void)close(fds[0]);
    (void)waitpid(pid, &status, 0);
    rule[room - 1] = '\0';
    if (got <= 0) {
        apr_cpystrn(rule, WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "died", room);
    }
}

/* Leave out halves, quarters, eighths... as long as it still fails in the same way. */
static const char *shorten(const sm_options_t *options, apr_uint64_t seed, const char *scenario,
                           const char *rule, apr_pool_t *p)
{
    lines_t lines;
    char found[32];
    int tries = 0;
    int step;

    split(&lines, scenario, p);
    for (step = (lines.count - lines.head + 1) / 2; step > 0;
         step = step > 1 ? (step + 1) / 2 : 0) {
        int at = lines.count;

        while (at > lines.head && tries < TRIES_MAX) {
            int from = at - step > lines.head ? at - step : lines.head;
            const char *shorter = join_without(&lines, from, at, p);

            try(found, sizeof(found), options, seed, shorter);
            tries++;
            if (strcmp(found, rule) == 0) {
                scenario = shorter;
                split(&lines, scenario, p);
            }
            at = from;
        }
    }
    return scenario;
}

static const char *plan_of(const sm_options_t *options, apr_uint64_t seed, apr_pool_t *p)
{
    sm_verdict_t verdict;

    /* A scenario without actions, and its settings: planned again, and not run. */
    (void)options;
    sm_plan_only(&verdict, seed, sm_parts(), p);
    return verdict.scenario;
}

void sm_explain(const sm_options_t *options, apr_uint64_t seed, int rank, apr_pool_t *p)
{
    const char *scenario;
    char rule[32];

    printf("\nseed %" APR_UINT64_T_FMT " again: %s --seeds %" APR_UINT64_T_FMT "%s%s%s --trace\n",
           seed, options->program, seed, options->real_state ? " --store file" : "",
           options->set ? " --set " : "", options->set ? options->set : "");
    if (!options->shrink || rank >= SHRINK_MAX) {
        return;
    }
    if (rank == 0 && sm_prepare(options->real_state) != APR_SUCCESS) {
        return;
    }
    scenario = plan_of(options, seed, p);
    try(rule, sizeof(rule), options, seed, scenario);
    if (!*rule) {
        printf("it does not fail when its scenario is read from a file\n");
        return;
    }
    scenario = shorten(options, seed, scenario, rule, p);
    printf("the shortest scenario that breaks %s:\n%s", rule, scenario);
}
