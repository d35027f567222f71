/* sm_kernel.h - the machine below the parts: fibers, threads, processes, descriptors, locks, files.
 *
 * Everything runs in one real thread. A *fiber* is a stack; a simulated *thread* is a fiber that belongs to a
 * *process*; a process has memory (its root pools), descriptors and locks, and can be frozen or killed between
 * any two steps of it. What is written to a file stays when its writer dies.
 */
#ifndef SM_KERNEL_H
#define SM_KERNEL_H

#include <apr_hash.h>

#include "simulation/sm.h"

/* ---- fibers (sm_fiber.c) ---- */

typedef struct sm_fiber_t sm_fiber_t;

/** Does not run before it is resumed. @a fn must not return to nowhere: when it returns the fiber is over. */
sm_fiber_t *sm_fiber_create(void (*fn)(void *baton), void *baton);
/** From the kernel only; comes back when the fiber yields or is over. Zero: it is over. */
int sm_fiber_resume(sm_fiber_t *fiber);
/** From inside a fiber, back to the kernel. */
void sm_fiber_yield(void);
/** Abandon it where it stands: nothing on its stack is undone. Its stack is used again. */
void sm_fiber_free(sm_fiber_t *fiber);

/* ---- processes and their threads (sm_process.c) ---- */

typedef struct sm_process_t sm_process_t;
typedef struct sm_thread_t sm_thread_t;

typedef enum sm_process_state_t { SM_ALIVE = 0, SM_FROZEN, SM_DEAD } sm_process_state_t;

/** Where a process may be killed: between any two of its steps. */
typedef enum sm_point_t {
    SM_POINT_TURN = 0,     /* about to wait */
    SM_POINT_STORE_BEFORE, /* before a unit of the state store */
    SM_POINT_STORE_AFTER,  /* committed, and nobody knows yet */
    SM_POINT_SEND,         /* before a request leaves */
    SM_POINT_SENT,         /* after it left */
    SM_POINT_ANSWER,       /* its answer is here, and not looked at */
    SM_POINT_ASK_BEFORE,   /* a helper, before it asks its database */
    SM_POINT_ASK_AFTER,    /* it was done, and nobody knows yet */
    SM_POINTS
} sm_point_t;

extern const char *const sm_point_names[SM_POINTS];

struct sm_process_t {
    sm_process_t *next; /* in sm->kernel->processes, newest first */
    int number;
    const char *name; /* "worker 0.1", for the trace */
    sm_process_state_t state;
    int killing; /* a thread of it has met its end */
    sm_thread_t *threads;
    struct sm_root_t *roots; /* pools to go with it */
    int armed;               /* SM_POINT_* + 1 at which it dies; 0 none */
    int armed_count;
    void (*exited)(sm_process_t *process, int code); /* its main thread returned; -1: killed */
    void *baton;                                     /* of whoever made it */
};

/** @a main runs in its first thread, from the next event on; its result is an exit code. */
sm_process_t *sm_process_start(sm_t *sm, const char *name, int (*main)(sm_process_t *process),
                               void (*exited)(sm_process_t *process, int code), void *baton);
/** SIGKILL. Nothing polite happens: files keep what was written, locks are free, requests under way go on
 *  without it. From the kernel only. */
void sm_process_kill(sm_t *sm, sm_process_t *process);
/** SIGSTOP; @a lose_locks: it is also cut off from its locks, as by a lease that ran out. */
void sm_process_freeze(sm_t *sm, sm_process_t *process, int lose_locks);
void sm_process_thaw(sm_t *sm, sm_process_t *process);
/** Die at the @a count th (from 1) such point from now. */
void sm_process_arm(sm_process_t *process, sm_point_t point, int count);

/** A root pool of the machine's own. */
apr_pool_t *sm_pool_create(const char *tag);

/** The process that runs now; NULL: the kernel. */
sm_process_t *sm_current(void);
/** Do something for a process from the kernel, as itself: returns the process that was current before. */
sm_process_t *sm_become(sm_process_t *process);

/** A point of the running thread at which its process may die (then this does not return). */
void sm_point(sm_point_t point);

struct sm_thread_t {
    sm_thread_t *next; /* of the process */
    sm_process_t *process;
    sm_fiber_t *fiber;
    void *(*fn)(void *baton);
    void *baton;
    int wait;    /* number of the present wait */
    int waiting; /* blocked */
    int pending; /* to be run when the process thaws */
    int over;
    void *result;
};

sm_thread_t *sm_thread_start(sm_t *sm, sm_process_t *process, void *(*fn)(void *baton),
                             void *baton);
/** The thread that runs now, or NULL in the kernel. */
sm_thread_t *sm_self(void);
/** Block until woken, at most @a longest (< 0: no limit). Zero: time is up. */
int sm_block(apr_interval_time_t longest);
/** Wake a blocked thread, in an event of its own; nothing if it is not blocked. */
void sm_wake(sm_thread_t *thread);
/** Let time pass. */
void sm_sleep(apr_interval_time_t time);

/* ---- descriptors (sm_fd.c): eventfd, inotify and pipes of the library are virtual ---- */

/** Readable now? Wakes @a poller, once, when it becomes so; NULL: only ask. */
int sm_fd_poll(int fd, sm_thread_t *poller);
/** A pipe: *write_end is closed by sm_fd_close, and then *read_end is at its end. */
void sm_fd_pipe(int *read_end, int *write_end);
int sm_fd_event(void);
void sm_fd_signal(int fd);
void sm_fd_close(int fd);
/** A file in memory was written, made or removed: tell who watches it or its folder. */
void sm_fd_touched(const char *path, apr_uint32_t mask);
void sm_fd_drop(const sm_process_t *process);
void sm_fd_reset(void);

/* ---- locks (sm_lock.c, in place of db/nts_lock.c) ---- */

/** The process is gone, or cut off: its locks are free. */
void sm_lock_drop(const sm_process_t *process);
void sm_lock_reset(void);

/* ---- files (sm_file.c: contents; sm_vfs.c: SQLite's door to them) ---- */

/** Register as SQLite's default. Once a real process. @a folder: what is below it is in memory. */
void sm_vfs_register(const char *folder);
/** Files whose name begins with "state" are real from now on, or in memory. */
void sm_vfs_real_state(int on);
int sm_vfs_is_real(const char *path);
/** The handles of a process do nothing any more. */
void sm_vfs_drop(const sm_process_t *process);

/** Copy, byte by byte, with no journal; APR_ENOENT. The copy has no readers. */
apr_status_t sm_file_copy(const char *from, const char *to);
/** As rename(2): who has the old file open keeps it. With its journals, "-wal" and "-journal". */
apr_status_t sm_file_rename(const char *from, const char *to);
void sm_file_remove(const char *path);
int sm_file_exists(const char *path);
/** Will the power ever fail? It may, unless said otherwise: else nobody need remember what was not synced. */
void sm_file_expect_power_cut(int on);
/** The power fails: what was not synced is lost, or kept in part. Nobody may have it open. */
void sm_file_power_cut(sm_dice_t *dice);
/** Forget all files (@a keep a name that begins so, NULL none). */
void sm_file_reset(void);
/** Files under @a path fail as a full disk (SQLITE_FULL), a broken one (SQLITE_IOERR), or cannot be opened
 *  (SQLITE_CANTOPEN); 0: they work. */
void sm_file_spoil(const char *path, int sqlite_code);
/** Readers of SQLite's clock and dice. */
void sm_vfs_attach(sm_t *sm);

/* ---- the kernel itself (sm_kernel.c) ---- */

typedef struct sm_event_t {
    apr_time_t at;
    apr_uint64_t tie;
    sm_fn *fn;
    void *baton;
} sm_event_t;

typedef struct sm_kernel_t {
    apr_time_t now;
    apr_interval_time_t offset[SM_MACHINES];
    sm_event_t *heap; /* malloc'ed */
    int event_count;
    int event_size;
    apr_int64_t steps; /* events performed */
    sm_dice_t ties;
    sm_dice_t latency;
    sm_dice_t vfs;
    sm_process_t *processes;
    int process_count;
    struct sm_service_t *services;
    const sm_ask_watch_t *ask_watch;
    struct sm_server_t *server; /* sm_dialect.c; NULL: nobody has asked for it */
    int request_count;
    int requests_open;           /* on their way, there or back */
    apr_interval_time_t disk_us; /* a unit of the state store takes up to this long */
    apr_interval_time_t slept;   /* by SQLite, waiting for a lock, since this was set to 0 */
    apr_uint64_t hash;
    int is_traced;
    int is_over;     /* all of it is being thrown away */
    char *violation; /* NULL none */
    struct sm_script_t *script;
    apr_hash_t *counts; /* what happened -> int; NULL nothing, or nobody counts */
    const sm_part_t *const *parts;
} sm_kernel_t;

/** Do runs from now on count what happens in them? */
void sm_count_all(int on);
/** What was counted, a line each: "words\tN". */
const char *sm_count_text(const sm_t *sm, apr_pool_t *p);
/** A run without anything in it yet. */
sm_t *sm_create(apr_uint64_t seed, const sm_part_t *const *parts, int is_traced);
/** Perform events until @a until (true time), or there is a violation. */
void sm_run_until(sm_t *sm, apr_time_t until);
/** All of it is gone, without a word to anybody. */
void sm_destroy(sm_t *sm);
void sm_note(sm_t *sm, sm_note_t *note);
apr_uint64_t sm_hash_bytes(apr_uint64_t hash, const void *bytes, apr_size_t len);

#endif /* SM_KERNEL_H */
