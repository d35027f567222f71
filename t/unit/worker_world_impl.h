/* worker_world_impl.h - what the two halves of the made-up world share: its records and its people. */
#ifndef WORKER_WORLD_IMPL_H
#define WORKER_WORLD_IMPL_H

#include <pthread.h>

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "worker_world.h"

#define RECORDS_MAX 600
#define CHANGES_MAX 4000
#define WORKERS_MAX 4
#define WORLD_MAPPINGS 8

typedef struct world_record_t {
    char id[64];
    char name[64];
    char intent[64]; /* external: of our last write, while it is the last change */
    int mapping;
    int there;
    int by_us;
    apr_time_t edited;
} world_record_t;

typedef struct world_change_t {
    char op;
    char key[64];
    char old_key[64]; /* "": it was not changed */
    char intent[64];
    int mapping;
    apr_time_t at;
} world_change_t;

typedef struct worker_slot_t {
    worker_world_t *world;
    nts_worker_config_t config;
    volatile int stop;
    int stop_fd;
    int lifeline[2];
    apr_pool_t *p;
    apr_thread_t *thread;
    int code;
} worker_slot_t;

struct worker_world_t {
    apr_pool_t *p;
    apr_thread_mutex_t *mutex;
    world_record_t records[NTS_SIDE_COUNT][RECORDS_MAX];
    int count[NTS_SIDE_COUNT];
    world_change_t changes[CHANGES_MAX];
    int change_count;
    int taken_from[WORLD_MAPPINGS]; /* see world_taken_from */
    char applied[CHANGES_MAX][64];  /* intents */
    int applied_count;
    char instance[64];
    int swaps;
    int is_nameless; /* the tables have no column "name" */
    int is_bare;     /* nor triggers */
    volatile int is_unique;
    volatile int together; /* rows that were last written so */
    int changed_fd;
    int asks[NTS_SIDE_COUNT];
    nts_result_t spoil[NTS_SIDE_COUNT];
    apr_interval_time_t slow[NTS_SIDE_COUNT];
    int in_hand; /* asks being answered, without those that are held */
    /* Asks of a side that came when it was held, and how many of them may go on; -1: it is not held */
    int came[NTS_SIDE_COUNT];
    int let_go[NTS_SIDE_COUNT];
    apr_thread_cond_t *released;
    nts_setup_t setup;
    nts_store_config_t store_config;
    nts_store_t *store;
    nts_segment_t *segment;
    pthread_mutex_t ring;
    const char *wake_path;
    const char *secrets[2];
    worker_slot_t workers[WORKERS_MAX];
    int events;
};

/* The connectors know no world but this one. */
extern worker_world_t *the_world;

_Noreturn void world_die(const char *what);

/** NULL: there is none. A mapping < 0: of any. With the mutex held, as all below. */
world_record_t *world_find(worker_world_t *w, nts_side_t side, int mapping, const char *id);
/** For a person's edit: it must be there, unless @a id is NULL. */
world_record_t *world_find_or_make(worker_world_t *w, nts_side_t side, int mapping, const char *id);
/** An entry of the change table, and who waits for one is woken. */
void world_note_change(worker_world_t *w, world_record_t *row, char op, const char *intent);

#endif /* WORKER_WORLD_IMPL_H */
