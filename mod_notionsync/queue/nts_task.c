/* nts_task.c - tasks in a heap by due time, and in tables by key and by what they lie for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/nts_task_impl.h"

#define TABLE_SIZE_MIN 64

void *nts_task_alloc(void *old, apr_size_t size)
{
    void *memory = realloc(old, size);

    if (!memory) {
        (void)fputs("notionsync: out of memory\n", stderr);
        abort(); /* as pools do; the inbox has it all */
    }
    return memory;
}

apr_uint64_t nts_task_hash(const char *text)
{
    apr_uint64_t hash = APR_UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * APR_UINT64_C(1099511628211);
    }
    return hash ^ hash >> 32;
}

/* --- heap */

static int is_before(const nts_task_t *a, const nts_task_t *b)
{
    return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void place(const nts_task_heap_t *heap, int at, nts_task_t *task)
{
    heap->tasks[at] = task;
    task->heap_place = at;
}

static void sift_up(const nts_task_heap_t *heap, int at, nts_task_t *task)
{
    while (at > 0 && is_before(task, heap->tasks[(at - 1) / 2])) {
        place(heap, at, heap->tasks[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(heap, at, task);
}

static void sift_down(const nts_task_heap_t *heap, int at, nts_task_t *task)
{
    int child;

    while ((child = 2 * at + 1) < heap->count) {
        if (child + 1 < heap->count && is_before(heap->tasks[child + 1], heap->tasks[child])) {
            child++;
        }
        if (!is_before(heap->tasks[child], task)) {
            break;
        }
        place(heap, at, heap->tasks[child]);
        at = child;
    }
    place(heap, at, task);
}

nts_task_t *nts_heap_first(const nts_task_heap_t *heap)
{
    return heap->count > 0 ? heap->tasks[0] : NULL;
}

void nts_heap_insert(nts_task_heap_t *heap, nts_task_t *task)
{
    if (heap->count == heap->size) {
        heap->size = heap->size ? 2 * heap->size : TABLE_SIZE_MIN;
        heap->tasks = nts_task_alloc(heap->tasks, (apr_size_t)heap->size * sizeof(heap->tasks[0]));
    }
    heap->count++;
    sift_up(heap, heap->count - 1, task);
}

void nts_heap_remove(nts_task_heap_t *heap, nts_task_t *task)
{
    int at = task->heap_place;
    nts_task_t *last;

    if (at < 0) {
        return;
    }
    last = heap->tasks[--heap->count];
    task->heap_place = -1;
    if (last != task) {
        if (at > 0 && is_before(last, heap->tasks[(at - 1) / 2])) {
            sift_up(heap, at, last);
        }
        else {
            sift_down(heap, at, last);
        }
    }
}

/* --- tables */

static nts_task_t **bucket_of(nts_task_t **buckets, int size, apr_uint64_t hash)
{
    return &buckets[hash & (apr_uint64_t)(size - 1)];
}

nts_task_t *nts_table_find(const nts_task_table_t *table, const char *key)
{
    apr_uint64_t hash = nts_task_hash(key);
    nts_task_t *task;

    if (table->size == 0) {
        return NULL;
    }
    task = *bucket_of(table->by_key, table->size, hash);
    while (task && (task->hash != hash || strcmp(task->key, key) != 0)) {
        task = task->next_by_key;
    }
    return task;
}

static nts_task_t **make_buckets(int size)
{
    nts_task_t **buckets = nts_task_alloc(NULL, (apr_size_t)size * sizeof(*buckets));

    memset(buckets, 0, (apr_size_t)size * sizeof(*buckets));
    return buckets;
}

static void grow_table(nts_task_table_t *table)
{
    int size = table->size ? 2 * table->size : TABLE_SIZE_MIN;
    nts_task_t **by_key = make_buckets(size);
    nts_task_t **by_what = make_buckets(size);
    int i;

    for (i = 0; i < table->size; i++) {
        nts_task_t *task;

        while ((task = table->by_key[i]) != NULL) {
            nts_task_t **to = bucket_of(by_key, size, task->hash);

            table->by_key[i] = task->next_by_key;
            task->next_by_key = *to;
            *to = task;
        }
        while ((task = table->by_what[i]) != NULL) {
            nts_task_t **to = bucket_of(by_what, size, task->what_hash);

            table->by_what[i] = task->next_by_what;
            task->next_by_what = *to;
            *to = task;
        }
    }
    free(table->by_key);
    free(table->by_what);
    table->by_key = by_key;
    table->by_what = by_what;
    table->size = size;
}

nts_task_t *nts_table_insert(nts_task_table_t *table, const char *key)
{
    apr_size_t len = strlen(key);
    nts_task_t *task = nts_task_alloc(NULL, sizeof(*task) + len + 1);
    nts_task_t **bucket;

    if (table->count >= table->size) {
        grow_table(table);
    }
    memset(task, 0, sizeof(*task));
    memcpy(task->key, key, len + 1);
    task->heap_place = -1;
    task->hash = nts_task_hash(key);
    bucket = bucket_of(table->by_key, table->size, task->hash);
    task->next_by_key = *bucket;
    *bucket = task;
    table->count++;
    return task;
}

void nts_table_remove(nts_task_table_t *table, nts_task_t *task)
{
    nts_task_t **at = bucket_of(table->by_key, table->size, task->hash);

    nts_table_lift(table, task);
    while (*at != task) {
        at = &(*at)->next_by_key;
    }
    *at = task->next_by_key;
    table->count--;
    free(task);
}

void nts_table_lay(nts_task_table_t *table, nts_task_t *task, const char *what)
{
    apr_size_t len = strlen(what);
    nts_task_t **bucket;

    task->what = nts_task_alloc(NULL, len + 1);
    memcpy(task->what, what, len + 1);
    task->what_hash = nts_task_hash(what);
    bucket = bucket_of(table->by_what, table->size, task->what_hash);
    task->next_by_what = *bucket;
    *bucket = task;
}

void nts_table_lift(nts_task_table_t *table, nts_task_t *task)
{
    nts_task_t **at;

    if (!task->what) {
        return;
    }
    at = bucket_of(table->by_what, table->size, task->what_hash);
    while (*at != task) {
        at = &(*at)->next_by_what;
    }
    *at = task->next_by_what;
    free(task->what);
    task->what = NULL;
}

nts_task_t *nts_table_lying_for(const nts_task_table_t *table, const char *what)
{
    apr_uint64_t hash = nts_task_hash(what);
    nts_task_t *task;

    if (table->size == 0) {
        return NULL;
    }
    task = *bucket_of(table->by_what, table->size, hash);
    while (task && (task->what_hash != hash || strcmp(task->what, what) != 0)) {
        task = task->next_by_what;
    }
    return task;
}

void nts_table_each(const nts_task_table_t *table, nts_task_fn *fn, void *baton)
{
    nts_task_t *task;
    int i;

    for (i = 0; i < table->size; i++) {
        for (task = table->by_key[i]; task; task = task->next_by_key) {
            fn(baton, task);
        }
    }
}

void nts_table_destroy(nts_task_table_t *table)
{
    int i;

    for (i = 0; i < table->size; i++) {
        nts_task_t *task = table->by_key[i];

        while (task) {
            nts_task_t *next = task->next_by_key;

            free(task->what);
            free(task);
            task = next;
        }
    }
    free(table->by_key);
    free(table->by_what);
    memset(table, 0, sizeof(*table));
}
