/* sm_host.h - the host's own: generations of httpd, their workers and children. */
#ifndef SM_HOST_H
#define SM_HOST_H

#include "simulation/sm_kernel.h"
#include "worker/nts_grouping.h"
#include "worker/nts_supervisor.h"

#define SM_WORKERS_MAX 4

typedef struct sm_generation_t sm_generation_t;

typedef struct sm_worker_t {
    sm_generation_t *generation;
    int index;
    sm_process_t *process; /* the last one */
    nts_worker_config_t config;
    volatile int stop;
    int lifeline; /* the parent's end */
    nts_supervisor_t supervisor;
    nts_random_t random;
    sm_dice_t dice;
} sm_worker_t;

/* Hooks at the door of one child. */
typedef struct sm_child_t {
    sm_generation_t *generation;
    sm_process_t *process;
    sm_thread_t *idle; /* waits for something to do */
    struct sm_delivery_t *queue;
} sm_child_t;

/* What one httpd parent has made: from its start, or a restart, to the next. */
struct sm_generation_t {
    sm_generation_t *next; /* the one before */
    int number;
    apr_pool_t *p;
    nts_setup_t *setup;
    const nts_grouping_t *grouping;
    nts_segment_t *segment;
    const char **secrets;
    sm_worker_t workers[SM_WORKERS_MAX];
    int worker_count;
    sm_child_t *child;
    int is_retired; /* its workers drain, or are gone; none is started again */
};

typedef struct sm_host_t {
    int workers;
    sm_configure_fn *configure;
    void *baton;
    const char *token;
    nts_store_config_t store;
    const char *wake_path;
    nts_clock_t clock;
    sm_generation_t *generations; /* newest first */
    int is_on;
    nts_store_t *look; /* the kernel's own connection; NULL: not open */
    apr_pool_t *look_pool;
} sm_host_t;

/** Start a generation; the one before is left as it is. */
void sm_host_start(sm_t *sm);
/** The parent is gone without a word: workers and children end by themselves. */
void sm_host_orphan(sm_t *sm);
/** SIGKILL to everything that httpd ever started. */
void sm_host_kill_all(sm_t *sm);
/** Close the kernel's own connection to the state store. */
void sm_host_look_away(sm_t *sm);
/** The worker that an action means: @a pick of those alive in the newest generation; NULL: none. */
sm_worker_t *sm_host_pick(sm_t *sm, apr_int64_t pick);

/** Kinds of the host, and planning them (sm_fault.c). */
void sm_faults_register(sm_t *sm);
void sm_faults_plan(sm_t *sm);
void sm_faults_calm(sm_t *sm);
/** The newest generation has somebody at the door (sm_door.c). */
void sm_door_open(sm_t *sm, sm_generation_t *generation);
void sm_door_retire(sm_generation_t *generation);

#endif /* SM_HOST_H */
