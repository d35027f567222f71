/* simulation.c - the program: many seeds in several processes, and what a failing one has to say. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_getopt.h>

#include "simulation/sm_options.h"
#include "simulation/sw.h"

#define JOBS_MAX 64
/* A run that takes this long is stuck in a loop of its own. */
#define LONGEST_RUN 60

int __real_clock_gettime(clockid_t id, struct timespec *time);

static const sm_part_t *const parts[] = {
    &sm_part_drill, &sm_part_crowd, &sm_part_host, &sm_part_world, &sm_part_judge, NULL,
};

const sm_part_t *const *sm_parts(void)
{
    return parts;
}

static double seconds(void)
{
    struct timespec now;

    (void)__real_clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- one seed, told in a line on a pipe: "seed ok|bad milliseconds words" */

typedef struct told_t {
    apr_uint64_t seed;
    int is_bad;
    int requests;
    char words[400];
    int counts_len; /* bytes that follow: what was counted */
} told_t;

/* What was counted is in @a p. */
static const char *run_seed(told_t *told, const sm_options_t *options, apr_uint64_t seed,
                            apr_pool_t *p)
{
    sm_verdict_t verdict;
    sm_verdict_t second;

    memset(told, 0, sizeof(*told));
    told->seed = seed;
    (void)alarm(LONGEST_RUN);
    sm_run(&verdict, seed, NULL, parts, 0, p);
    if (!verdict.violation && seed % (apr_uint64_t)options->twins == 0) {
        /* S6.9 */
        sm_run(&second, seed, NULL, parts, 0, p);
        if (second.hash != verdict.hash) {
            verdict.violation = "S6.9: run twice, it went another way";
        }
    }
    (void)alarm(0);
    told->is_bad = verdict.violation != NULL;
    told->requests = verdict.requests;
    apr_cpystrn(told->words, verdict.violation ? verdict.violation : "", sizeof(told->words));
    if (options->verbose) {
        printf("seed %" APR_UINT64_T_FMT ": %s; %d requests, %" APR_INT64_T_FMT
               " steps, %d virtual s, hash %016" APR_UINT64_T_HEX_FMT "\n",
               seed, verdict.violation ? verdict.violation : "ok", verdict.requests, verdict.steps,
               (int)(verdict.length / APR_USEC_PER_SEC), verdict.hash);
    }
    told->counts_len = (int)strlen(verdict.counts);
    return verdict.counts;
}

/* --- a job: every n th seed of the range, in a process of its own */

typedef struct job_t {
    pid_t pid;
    int fd;
    apr_uint64_t next; /* the seed it is at */
} job_t;

static void run_job(const sm_options_t *options, int fd, apr_uint64_t first)
{
    apr_uint64_t seed;
    const char *counts;
    apr_pool_t *p;
    told_t told;

    if (sm_prepare(options->real_state) != APR_SUCCESS) {
        _exit(2);
    }
    for (seed = first; seed <= options->to; seed += (apr_uint64_t)options->jobs) {
        (void)apr_pool_create(&p, NULL);
        counts = run_seed(&told, options, seed, p);
        if (write(fd, &told, sizeof(told)) != (ssize_t)sizeof(told) ||
            write(fd, counts, (size_t)told.counts_len) != (ssize_t)told.counts_len) {
            break;
        }
        apr_pool_destroy(p);
    }
    sm_clean();
    (void)fflush(stdout);
    _exit(0);
}

static void start_job(const sm_options_t *options, job_t *job)
{
    int fds[2];

    (void)fflush(stdout);
    if (pipe(fds) != 0) {
        exit(2);
    }
    job->pid = fork();
    if (job->pid == 0) {
        (void)close(fds[0]);
        (void)setvbuf(stdout, NULL, _IOLBF, 0); /* jobs share it, line by line */
        run_job(options, fds[1], job->next);
    }
    (void)close(fds[1]);
    job->fd = fds[0];
}

/* The job has ended, or died of a seed: then it is started again behind that one. */
static int end_job(const sm_options_t *options, sm_tally_t *tally, job_t *job)
{
    told_t told = { 0 };
    int status = 0;

    (void)close(job->fd);
    (void)waitpid(job->pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return 0;
    }
    if (job->next > options->to) {
        return 0;
    }
    told.seed = job->next;
    (void)snprintf(told.words, sizeof(told.words), "S6: the program died (%s %d)",
                   WIFSIGNALED(status) ? "signal" : "exit",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    tally->seeds++;
    sm_tally_bad(tally, told.seed, told.words);
    job->next += (apr_uint64_t)options->jobs;
    if (job->next > options->to) {
        return 0;
    }
    start_job(options, job);
    return 1;
}

/* What was counted in a seed follows what is told of it. */
static void take_counts(sm_tally_t *tally, int fd, int len)
{
    char text[16384];
    int have = 0;
    ssize_t got = 1;

    while (have < len && len < (int)sizeof(text) && got > 0) {
        got = read(fd, text + have, (size_t)(len - have));
        have += got > 0 ? (int)got : 0;
    }
    text[have] = '\0';
    sm_tally_count(tally, text);
}

static void run_jobs(const sm_options_t *options, sm_tally_t *tally, double began)
{
    job_t jobs[JOBS_MAX];
    struct pollfd fds[JOBS_MAX];
    told_t told;
    int running = options->jobs;
    int i;

    for (i = 0; i < options->jobs; i++) {
        jobs[i].next = options->from + (apr_uint64_t)i;
        start_job(options, &jobs[i]);
    }
    while (running > 0) {
        for (i = 0; i < options->jobs; i++) {
            fds[i].fd = jobs[i].fd;
            fds[i].events = POLLIN;
            fds[i].revents = 0;
        }
        (void)poll(fds, (nfds_t)options->jobs, -1);
        sm_tally_progress(tally, options, seconds() - began);
        for (i = 0; i < options->jobs; i++) {
            if (!fds[i].revents) {
                continue;
            }
            if (read(jobs[i].fd, &told, sizeof(told)) == (ssize_t)sizeof(told)) {
                tally->seeds++;
                tally->requests += told.requests;
                take_counts(tally, fds[i].fd, told.counts_len);
                jobs[i].next = told.seed + (apr_uint64_t)options->jobs;
                if (told.is_bad) {
                    sm_tally_bad(tally, told.seed, told.words);
                }
            }
            else if (!end_job(options, tally, &jobs[i])) {
                jobs[i].fd = -1;
                running--;
            }
        }
    }
}

/* --- one scenario, told in full */

static int run_one(const sm_options_t *options, apr_uint64_t seed, const char *scenario,
                   apr_pool_t *p)
{
    sm_verdict_t verdict;

    if (sm_prepare(options->real_state) != APR_SUCCESS) {
        return 2;
    }
    if (options->again) {
        sm_run(&verdict, seed, scenario, parts, 0, p);
    }
    sm_run(&verdict, seed, scenario, parts, options->trace, p);
    sm_clean();
    if (options->print) {
        (void)fputs(verdict.scenario, stdout);
    }
    printf("seed %" APR_UINT64_T_FMT ": %s; %d requests, %" APR_INT64_T_FMT
           " steps, %d virtual s, hash %016" APR_UINT64_T_HEX_FMT "\n",
           seed, verdict.violation ? verdict.violation : "ok", verdict.requests, verdict.steps,
           (int)(verdict.length / APR_USEC_PER_SEC), verdict.hash);
    return verdict.violation != NULL;
}

int main(int argc, const char *const *argv)
{
    sm_options_t options;
    sm_tally_t tally = { 0 };
    apr_pool_t *p;
    double began;
    int i;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    if (!sm_options_read(&options, argc, argv, p)) {
        return 2;
    }
    tally.p = p;
    began = seconds();
    if (options.scenario || options.trace || options.print) {
        tally.seeds = 1;
        tally.violations = run_one(&options, options.from, options.scenario, p);
    }
    else {
        run_jobs(&options, &tally, began);
    }
    for (i = 0; i < tally.bad_count; i++) {
        sm_explain(&options, tally.bad[i], i, p);
    }
    sm_tally_counts(&tally);
    sm_tally_rules(&tally);
    printf("simulation: %" APR_INT64_T_FMT " seeds, %" APR_INT64_T_FMT " violations, %.1f s\n",
           tally.seeds, tally.violations, seconds() - began);
    return tally.violations != 0;
}
