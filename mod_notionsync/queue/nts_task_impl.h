/* nts_task_impl.h - what nts_task.c and nts_schedule.c share; for no one else. */
#ifndef NTS_TASK_IMPL_H
#define NTS_TASK_IMPL_H

#include "queue/nts_schedule.h"

typedef enum nts_task_state_t {
    NTS_TASK_WAITING, /* for its time; in a heap */
    NTS_TASK_LYING,   /* for something to happen; in a heap too if not for ever */
    NTS_TASK_RUNNING
} nts_task_state_t;

struct nts_task_t {
    nts_task_state_t state;
    nts_urgency_t urgency;
    apr_time_t due;
    apr_uint64_t order;   /* of its first notice: settles ties */
    apr_time_t noticed;   /* first notice that the next, or this, run answers; 0 unknown */
    apr_time_t debounced; /* first notice of a row of them; 0: not waiting because of one */
    int failures;
    int heap_place; /* -1: in no heap */
    void *data;

    /* While it runs: what notices that came meanwhile ask for. */
    int again;
    nts_urgency_t again_urgency;
    apr_time_t again_due;
    apr_time_t again_noticed;
    apr_uint64_t wakes_seen; /* wakes before it began to run */

    apr_uint64_t hash;
    nts_task_t *next_by_key;
    apr_uint64_t what_hash;
    char *what; /* LYING: what for */
    nts_task_t *next_by_what;

    char key[];
};

typedef struct nts_task_heap_t {
    nts_task_t **tasks;
    int count;
    int size;
} nts_task_heap_t;

apr_uint64_t nts_task_hash(const char *text);
/** malloc that cannot fail: without memory the process ends. */
void *nts_task_alloc(void *old, apr_size_t size);

/** The earliest due, or NULL. */
nts_task_t *nts_heap_first(const nts_task_heap_t *heap);
void nts_heap_insert(nts_task_heap_t *heap, nts_task_t *task);
void nts_heap_remove(nts_task_heap_t *heap, nts_task_t *task);

/** Chained by key, or by what they lie for. */
typedef struct nts_task_table_t {
    nts_task_t **by_key;
    nts_task_t **by_what;
    int count;
    int size; /* a power of two */
} nts_task_table_t;

nts_task_t *nts_table_find(const nts_task_table_t *table, const char *key);
nts_task_t *nts_table_insert(nts_task_table_t *table, const char *key);
/** Out of the table, and freed. */
void nts_table_remove(nts_task_table_t *table, nts_task_t *task);
void nts_table_lay(nts_task_table_t *table, nts_task_t *task, const char *what);
void nts_table_lift(nts_task_table_t *table, nts_task_t *task);
/** Some task that lies for @a what, or NULL. */
nts_task_t *nts_table_lying_for(const nts_task_table_t *table, const char *what);
/** @a fn may change a task's data, and nothing else. */
void nts_table_each(const nts_task_table_t *table, nts_task_fn *fn, void *baton);
void nts_table_destroy(nts_task_table_t *table);

#endif /* NTS_TASK_IMPL_H */
