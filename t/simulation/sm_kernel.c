/* sm_kernel.c - time, chance, the heap of events, the trace. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation/sm_kernel.h"

/* A run that takes more has lost its way: a loop that lets no time pass. */
#define STEPS_MAX 3000000
#define LINE_ROOM 2048

sm_t *sm_the;

/* --- chance: xoroshiro128+, seeded by splitmix64 */

static apr_uint64_t split_mix(apr_uint64_t *state)
{
    apr_uint64_t z = *state += APR_UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * APR_UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * APR_UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

apr_uint64_t sm_hash_bytes(apr_uint64_t hash, const void *bytes, apr_size_t len)
{
    const unsigned char *at = bytes;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * APR_UINT64_C(0x100000001b3);
    }
    return hash;
}

void sm_dice_init(sm_dice_t *dice, const sm_t *sm, const char *name)
{
    apr_uint64_t state = sm_hash_bytes(APR_UINT64_C(0xcbf29ce484222325), name, strlen(name)) ^
                         (sm->seed * APR_UINT64_C(0xd1342543de82ef95));

    dice->state[0] = split_mix(&state);
    dice->state[1] = split_mix(&state);
}

static apr_uint64_t rotate(apr_uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

apr_uint64_t sm_roll(sm_dice_t *dice)
{
    apr_uint64_t a = dice->state[0];
    apr_uint64_t b = dice->state[1];
    apr_uint64_t sum = a + b;

    b ^= a;
    dice->state[0] = rotate(a, 24) ^ b ^ (b << 16);
    dice->state[1] = rotate(b, 37);
    return sum;
}

apr_uint32_t sm_below(sm_dice_t *dice, apr_uint32_t below)
{
    return below ? (apr_uint32_t)(((sm_roll(dice) >> 32) * below) >> 32) : 0;
}

apr_int64_t sm_between(sm_dice_t *dice, apr_int64_t from, apr_int64_t to)
{
    return to > from ? from + (apr_int64_t)(sm_roll(dice) % ((apr_uint64_t)(to - from) + 1)) : from;
}

int sm_chance(sm_dice_t *dice, int per_mille)
{
    return (int)sm_below(dice, 1000) < per_mille;
}

/* --- time */

apr_time_t sm_now(const sm_t *sm)
{
    return sm->kernel->now;
}

apr_time_t sm_wall(const sm_t *sm, sm_machine_t machine)
{
    return sm->kernel->now + sm->kernel->offset[machine];
}

void sm_clock_step(sm_t *sm, sm_machine_t machine, apr_interval_time_t by)
{
    sm->kernel->offset[machine] += by;
    sm_trace(sm, "clock of machine %d steps by %" APR_TIME_T_FMT " us", (int)machine, by);
}

/* --- events */

static int is_earlier(const sm_event_t *a, const sm_event_t *b)
{
    return a->at < b->at || (a->at == b->at && a->tie < b->tie);
}

static void sift_up(sm_kernel_t *k, int at)
{
    sm_event_t moved = k->heap[at];

    while (at > 0 && is_earlier(&moved, &k->heap[(at - 1) / 2])) {
        k->heap[at] = k->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    k->heap[at] = moved;
}

static void sift_down(sm_kernel_t *k)
{
    sm_event_t moved = k->heap[0];
    int at = 0;

    for (;;) {
        int child = 2 * at + 1;

        if (child >= k->event_count) {
            break;
        }
        if (child + 1 < k->event_count && is_earlier(&k->heap[child + 1], &k->heap[child])) {
            child++;
        }
        if (!is_earlier(&k->heap[child], &moved)) {
            break;
        }
        k->heap[at] = k->heap[child];
        at = child;
    }
    k->heap[at] = moved;
}

void sm_after(sm_t *sm, apr_interval_time_t after, sm_fn *fn, void *baton)
{
    sm_kernel_t *k = sm->kernel;
    sm_event_t *event;

    if (k->event_count == k->event_size) {
        k->event_size = k->event_size ? 2 * k->event_size : 256;
        k->heap = realloc(k->heap, (size_t)k->event_size * sizeof(*k->heap));
        if (!k->heap) {
            abort();
        }
    }
    event = &k->heap[k->event_count++];
    event->at = k->now + (after > 0 ? after : 0);
    event->tie = sm_roll(&k->ties);
    event->fn = fn;
    event->baton = baton;
    sift_up(k, k->event_count - 1);
}

void sm_run_until(sm_t *sm, apr_time_t until)
{
    sm_kernel_t *k = sm->kernel;

    while (k->event_count > 0 && k->heap[0].at <= until && !k->violation) {
        sm_event_t event = k->heap[0];

        k->heap[0] = k->heap[--k->event_count];
        if (k->event_count > 0) {
            sift_down(k);
        }
        k->now = event.at;
        if (++k->steps > STEPS_MAX) {
            sm_violation(sm, "S6.11", "%d steps, and no end: something keeps turning", STEPS_MAX);
            return;
        }
        event.fn(sm, event.baton);
    }
    if (!k->violation && k->now < until) {
        k->now = until;
    }
}

/* --- the trace */

static void print_line(const sm_t *sm, const char *line)
{
    apr_interval_time_t at = sm->kernel->now - SM_T0;

    printf("%6d.%06d  %s\n", (int)(at / APR_USEC_PER_SEC), (int)(at % APR_USEC_PER_SEC), line);
}

int sm_is_traced(const sm_t *sm)
{
    return sm->kernel->is_traced;
}

void sm_trace(sm_t *sm, const char *fmt, ...)
{
    sm_kernel_t *k = sm->kernel;
    char line[LINE_ROOM];
    va_list args;

    va_start(args, fmt);
    (void)apr_vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    k->hash = sm_hash_bytes(k->hash, &k->now, sizeof(k->now));
    k->hash = sm_hash_bytes(k->hash, line, strlen(line));
    if (k->is_traced) {
        print_line(sm, line);
    }
}

void sm_remark(sm_t *sm, const char *fmt, ...)
{
    char line[LINE_ROOM];
    va_list args;

    if (sm->kernel->is_traced) {
        va_start(args, fmt);
        (void)apr_vsnprintf(line, sizeof(line), fmt, args);
        va_end(args);
        print_line(sm, line);
    }
}

void sm_violation(sm_t *sm, const char *rule, const char *fmt, ...)
{
    char words[LINE_ROOM];
    va_list args;

    if (sm->kernel->violation) {
        return;
    }
    va_start(args, fmt);
    (void)apr_vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    sm->kernel->violation = apr_pstrcat(sm->p, rule, ": ", words, NULL);
    sm_trace(sm, "VIOLATION %s", sm->kernel->violation);
}

int sm_is_violated(const sm_t *sm)
{
    return sm->kernel->violation != NULL;
}

void sm_note(sm_t *sm, sm_note_t *note)
{
    int i;

    for (i = 0; sm->kernel->parts[i]; i++) {
        if (sm->kernel->parts[i]->note) {
            sm->kernel->parts[i]->note(sm, note);
        }
    }
}

/* --- a run */

sm_t *sm_create(apr_uint64_t seed, const sm_part_t *const *parts, int is_traced)
{
    apr_pool_t *p = sm_pool_create("run");
    sm_t *sm = apr_pcalloc(p, sizeof(*sm));
    sm->p = p;
    sm->seed = seed;
    sm->stage = "setup";
    sm->kernel = apr_pcalloc(p, sizeof(*sm->kernel));
    sm->kernel->now = SM_T0;
    sm->kernel->hash = APR_UINT64_C(0xcbf29ce484222325);
    sm->kernel->is_traced = is_traced;
    sm->kernel->parts = parts;
    sm_dice_init(&sm->kernel->ties, sm, "ties");
    sm_dice_init(&sm->kernel->latency, sm, "latency");
    sm_dice_init(&sm->kernel->vfs, sm, "vfs");
    sm_the = sm;
    sm_vfs_attach(sm);
    return sm;
}

void sm_destroy(sm_t *sm)
{
    sm_process_t *process;

    sm->kernel->is_over = 1;
    for (process = sm->kernel->processes; process; process = process->next) {
        sm_process_kill(sm, process);
    }
    free(sm->kernel->heap);
    sm_fd_reset();
    sm_lock_reset();
    sm_file_reset();
    sm_vfs_attach(NULL);
    sm_the = NULL;
    apr_pool_destroy(sm->p);
}
