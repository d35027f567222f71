/* sm_file.h - files in memory, as SQLite's door to them sees them. */
#ifndef SM_FILE_H
#define SM_FILE_H

#include "simulation/sm_kernel.h"

#define SM_SHM_LOCKS 8
#define SM_SHM_REGIONS 64

/* A write since the last sync: what a power cut may undo. */
typedef struct sm_write_t {
    struct sm_write_t *next; /* the one before it */
    apr_int64_t offset;
    apr_int64_t old_size; /* of the file */
    apr_size_t len;
    apr_size_t old_len; /* so many of the old bytes were inside the file */
    int is_truncation;
    char bytes[]; /* len new ones, then old_len old ones */
} sm_write_t;

typedef struct sm_file_t {
    struct sm_file_t *next;
    char *path;
    char *data;
    apr_int64_t size;
    apr_int64_t room;
    int refs;        /* open handles */
    int is_nameless; /* removed, or replaced, or temporary: goes with its last handle */
    int is_watched;  /* its writes are told to inotify */
    sm_write_t *unsynced;
    /* rollback-journal locks */
    int shared;
    const void *reserved;
    const void *pending;
    const void *exclusive;
    /* the log's index */
    char *regions[SM_SHM_REGIONS];
    int region_count;
    int shm_users;
    int shm_shared[SM_SHM_LOCKS];
    const void *shm_exclusive[SM_SHM_LOCKS];
} sm_file_t;

/** NULL: there is none. */
sm_file_t *sm_file_find(const char *path);
/** @a path NULL: a temporary one. */
sm_file_t *sm_file_make(const char *path);
void sm_file_release(sm_file_t *file);
void sm_file_write(sm_file_t *file, const void *bytes, apr_size_t len, apr_int64_t offset);
void sm_file_truncate(sm_file_t *file, apr_int64_t size);
void sm_file_sync(sm_file_t *file);
/** Nobody uses the log's index any more: the next one begins with none. */
void sm_file_forget_shm(sm_file_t *file);
/** What was ordered by sm_file_spoil; 0. */
int sm_file_trouble(const char *path);

/** A database's file (sqlite3_file), and what goes with it, is the kernel's from now on, whoever opened it: no process's death
 *  ends it. */
void sm_vfs_disown(const void *database);

/** SQLite gets its memory, without locks, from sm_memory.c. Before SQLite's first use. */
void sm_memory_for_sqlite(void);

#endif /* SM_FILE_H */
