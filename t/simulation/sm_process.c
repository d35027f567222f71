/* sm_process.c - processes and threads that can be stopped and killed between any two steps. */
#include <stdlib.h>
#include <string.h>

#include <apr_allocator.h>

#include "simulation/sm_kernel.h"
#include "worker/nts_root.h"

const char *const sm_point_names[SM_POINTS] = {
    "turn", "store-before", "store-after", "send", "sent", "answer", "ask-before", "ask-after",
};

/* A root pool that production made (worker/nts_root.h is replaced here). */
typedef struct sm_root_t {
    struct sm_root_t *next;
    struct sm_root_t **back;
    apr_pool_t *pool;
} sm_root_t;

/* "Run this thread": stale when the thread has waited again since. */
typedef struct ticket_t {
    sm_thread_t *thread;
    int wait;
    int is_timer;
} ticket_t;

static sm_thread_t *self;
static sm_process_t *borrowed; /* the kernel does something for it */
static int timed_out;

sm_thread_t *sm_self(void)
{
    return self;
}

sm_process_t *sm_current(void)
{
    return self ? self->process : borrowed;
}

sm_process_t *sm_become(sm_process_t *process)
{
    sm_process_t *before = borrowed;

    borrowed = process;
    return before;
}

/* --- memory: in place of the library's nts_root_create */

static apr_status_t forget_root(void *baton)
{
    sm_root_t *root = baton;

    *root->back = root->next;
    if (root->next) {
        root->next->back = root->back;
    }
    return APR_SUCCESS;
}

/* One allocator for all, which gives nothing back: there is one thread, and asking the system takes time. */
apr_pool_t *sm_pool_create(const char *tag)
{
    static apr_allocator_t *allocator;
    apr_pool_t *pool = NULL;

    if ((!allocator && apr_allocator_create(&allocator) != APR_SUCCESS) ||
        apr_pool_create_unmanaged_ex(&pool, NULL, allocator) != APR_SUCCESS) {
        abort();
    }
    apr_pool_tag(pool, tag);
    return pool;
}

apr_pool_t *nts_root_create(const char *tag, apr_size_t keep)
{
    sm_process_t *process = sm_current();
    apr_pool_t *pool = sm_pool_create(tag);

    (void)keep;
    if (process) {
        sm_root_t *root = apr_pcalloc(pool, sizeof(*root));

        root->pool = pool;
        root->back = &process->roots;
        root->next = process->roots;
        if (root->next) {
            root->next->back = &root->next;
        }
        process->roots = root;
        apr_pool_cleanup_register(pool, root, forget_root, apr_pool_cleanup_null);
    }
    return pool;
}

/* --- threads */

static void run_thread(void *baton)
{
    sm_thread_t *thread = baton;

    thread->result = thread->fn(thread->baton);
    thread->over = 1;
}

static void resume(sm_t *sm, sm_thread_t *thread)
{
    sm_process_t *process = thread->process;

    thread->waiting = 0;
    thread->wait++;
    self = thread;
    (void)sm_fiber_resume(thread->fiber);
    self = NULL;
    if (thread->over) {
        sm_fiber_free(thread->fiber);
        thread->fiber = NULL;
    }
    if (process->killing) {
        sm_process_kill(sm, process);
    }
}

static void run_ticket(sm_t *sm, void *baton)
{
    const ticket_t *ticket = baton;
    sm_thread_t *thread = ticket->thread;

    if (thread->process->state == SM_DEAD || thread->over || thread->wait != ticket->wait ||
        !thread->waiting) {
        return;
    }
    if (thread->process->state == SM_FROZEN) {
        thread->pending = 1;
        return;
    }
    timed_out = ticket->is_timer;
    resume(sm, thread);
}

static void schedule(sm_t *sm, sm_thread_t *thread, apr_interval_time_t after, int is_timer)
{
    ticket_t *ticket = apr_palloc(sm->p, sizeof(*ticket));

    ticket->thread = thread;
    ticket->wait = thread->wait;
    ticket->is_timer = is_timer;
    sm_after(sm, after, run_ticket, ticket);
}

sm_thread_t *sm_thread_start(sm_t *sm, sm_process_t *process, void *(*fn)(void *baton), void *baton)
{
    sm_thread_t *thread = apr_pcalloc(sm->p, sizeof(*thread));

    thread->process = process;
    thread->fn = fn;
    thread->baton = baton;
    thread->next = process->threads;
    process->threads = thread;
    thread->fiber = sm_fiber_create(run_thread, thread);
    thread->waiting = 1;
    schedule(sm, thread, 0, 0);
    return thread;
}

int sm_block(apr_interval_time_t longest)
{
    sm_thread_t *thread = self;

    thread->waiting = 1;
    if (longest >= 0) {
        schedule(sm_the, thread, longest, 1);
    }
    sm_fiber_yield();
    return !timed_out;
}

void sm_wake(sm_thread_t *thread)
{
    if (thread->waiting && !thread->over) {
        schedule(sm_the, thread, 0, 0);
    }
}

void sm_sleep(apr_interval_time_t time)
{
    apr_time_t until = sm_now(sm_the) + time;

    while (sm_now(sm_the) < until) {
        (void)sm_block(until - sm_now(sm_the));
    }
}

/* --- processes */

typedef struct birth_t {
    sm_process_t *process;
    int (*main)(sm_process_t *process);
} birth_t;

typedef struct exit_t {
    sm_process_t *process;
    int code;
} exit_t;

static void end_process(sm_process_t *process, int code);

static void bury(sm_t *sm, void *baton)
{
    const exit_t *end = baton;

    (void)sm;
    if (end->process->state != SM_DEAD) {
        end_process(end->process, end->code);
    }
}

static void *run_main(void *baton)
{
    birth_t *birth = baton;
    exit_t *end = apr_palloc(sm_the->p, sizeof(*end));

    end->process = birth->process;
    end->code = birth->main(birth->process);
    sm_after(sm_the, 0, bury, end);
    return NULL;
}

sm_process_t *sm_process_start(sm_t *sm, const char *name, int (*main)(sm_process_t *process),
                               void (*exited)(sm_process_t *process, int code), void *baton)
{
    sm_process_t *process = apr_pcalloc(sm->p, sizeof(*process));
    birth_t *birth = apr_palloc(sm->p, sizeof(*birth));

    process->number = ++sm->kernel->process_count;
    process->name = name;
    process->exited = exited;
    process->baton = baton;
    process->next = sm->kernel->processes;
    sm->kernel->processes = process;
    birth->process = process;
    birth->main = main;
    (void)sm_thread_start(sm, process, run_main, birth);
    return process;
}

/* Pools of groups hold what clears answers' pools, so those that were made first go first. */
static void free_memory(sm_process_t *process)
{
    while (process->roots) {
        sm_root_t *oldest = process->roots;

        while (oldest->next) {
            oldest = oldest->next;
        }
        apr_pool_destroy(oldest->pool);
    }
}

static void end_process(sm_process_t *process, int code)
{
    sm_process_t *before;
    sm_thread_t *thread;

    process->state = SM_DEAD;
    process->killing = 0;
    /* First everything that others can see, so that cleaning up cannot be polite. */
    sm_vfs_drop(process);
    sm_fd_drop(process);
    sm_lock_drop(process);
    for (thread = process->threads; thread; thread = thread->next) {
        thread->over = 1;
        if (thread->fiber) {
            sm_fiber_free(thread->fiber);
            thread->fiber = NULL;
        }
    }
    before = sm_become(process);
    free_memory(process);
    (void)sm_become(before);
    if (process->exited && !sm_the->kernel->is_over) {
        process->exited(process, code);
    }
}

void sm_process_kill(sm_t *sm, sm_process_t *process)
{
    (void)sm;
    if (process->state != SM_DEAD) {
        end_process(process, -1);
    }
}

void sm_process_freeze(sm_t *sm, sm_process_t *process, int lose_locks)
{
    sm_note_t note = { SM_NOTE_FROZEN, 0, 0, NULL, NULL, NULL };

    if (process->state != SM_ALIVE) {
        return;
    }
    sm_trace(sm, "%s is frozen%s", process->name, lose_locks ? " and loses its locks" : "");
    process->state = SM_FROZEN;
    note.process = process->number;
    sm_note(sm, &note);
    if (lose_locks) {
        sm_lock_drop(process);
    }
}

void sm_process_thaw(sm_t *sm, sm_process_t *process)
{
    sm_note_t note = { SM_NOTE_THAWED, 0, 0, NULL, NULL, NULL };
    sm_thread_t *thread;

    if (process->state != SM_FROZEN) {
        return;
    }
    sm_trace(sm, "%s goes on", process->name);
    process->state = SM_ALIVE;
    note.process = process->number;
    sm_note(sm, &note);
    for (thread = process->threads; thread; thread = thread->next) {
        if (thread->pending) {
            thread->pending = 0;
            sm_wake(thread);
        }
    }
}

void sm_process_arm(sm_process_t *process, sm_point_t point, int count)
{
    process->armed = (int)point + 1;
    process->armed_count = count;
}

void sm_point(sm_point_t point)
{
    sm_process_t *process;

    if (!self) {
        return;
    }
    process = self->process;
    if (process->armed != (int)point + 1 || --process->armed_count > 0) {
        return;
    }
    sm_trace(sm_the, "%s dies here: %s", process->name, sm_point_names[point]);
    process->armed = 0;
    process->killing = 1;
    for (;;) {
        sm_fiber_yield();
    }
}
