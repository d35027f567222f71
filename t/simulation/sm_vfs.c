/* sm_vfs.c - SQLite's door to files in memory, and to a clock and dice that are ours.
 *
 * Registered as the default, so that the driver of the state store, the SQL connector and people all go through
 * it. Locks and the log's index (WAL) behave as those of the real one between processes; a killed process's
 * handles fail from then on, so that nothing it does while it is cleared away reaches a file.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "simulation/sm_file.h"

#define PATH_ROOM 512

typedef struct handle_t {
    sqlite3_file base;
    struct handle_t *next;
    sm_file_t *file;
    const sm_process_t *process;
    const sqlite3_file *database; /* whose journal or log it is, or itself */
    int level;                    /* SQLITE_LOCK_* */
    int has_shm;
    int shm_shared; /* bit sets */
    int shm_exclusive;
    int is_temporary;
    int is_dead;
} handle_t;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static char folder[PATH_ROOM];
static int is_state_real;
static sm_t *run;
static handle_t *handles;

static handle_t *handle_of(sqlite3_file *file)
{
    return (handle_t *)(void *)file;
}

static int trouble(const handle_t *h)
{
    return h->is_dead ? SQLITE_IOERR : h->file->is_nameless ? 0 : sm_file_trouble(h->file->path);
}

/* --- contents */

static int vfs_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset)
{
    const handle_t *h = handle_of(file);
    sqlite3_int64 inside;

    if (trouble(h) && trouble(h) != SQLITE_FULL) {
        return SQLITE_IOERR_READ;
    }
    inside = h->file->size - offset;
    if (inside >= len) {
        memcpy(to, h->file->data + offset, (size_t)len);
        return SQLITE_OK;
    }
    memset(to, 0, (size_t)len);
    if (inside > 0) {
        memcpy(to, h->file->data + offset, (size_t)inside);
    }
    return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset)
{
    const handle_t *h = handle_of(file);

    if (trouble(h)) {
        return trouble(h) == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    sm_file_write(h->file, from, (apr_size_t)len, offset);
    return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const handle_t *h = handle_of(file);

    if (trouble(h) && trouble(h) != SQLITE_FULL) {
        return SQLITE_IOERR_TRUNCATE;
    }
    sm_file_truncate(h->file, size);
    return SQLITE_OK;
}

static int vfs_sync(sqlite3_file *file, int flags)
{
    const handle_t *h = handle_of(file);

    (void)flags;
    if (trouble(h)) {
        return SQLITE_IOERR_FSYNC;
    }
    sm_file_sync(h->file);
    return SQLITE_OK;
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size)
{
    const handle_t *h = handle_of(file);

    if (h->is_dead) {
        return SQLITE_IOERR_FSTAT;
    }
    *size = h->file->size;
    return SQLITE_OK;
}

/* --- locks of the rollback journal */

static void lower(handle_t *h, int level)
{
    sm_file_t *f = h->file;

    if (level < SQLITE_LOCK_RESERVED) {
        f->reserved = f->reserved == h ? NULL : f->reserved;
        f->pending = f->pending == h ? NULL : f->pending;
        f->exclusive = f->exclusive == h ? NULL : f->exclusive;
    }
    if (level < SQLITE_LOCK_SHARED && h->level >= SQLITE_LOCK_SHARED) {
        f->shared--;
    }
    h->level = level;
}

static int vfs_lock(sqlite3_file *file, int level)
{
    handle_t *h = handle_of(file);
    sm_file_t *f = h->file;

    if (h->is_dead) {
        return SQLITE_IOERR_LOCK;
    }
    if (h->level >= level) {
        return SQLITE_OK;
    }
    if (level == SQLITE_LOCK_SHARED) {
        if (f->pending || f->exclusive) {
            return SQLITE_BUSY;
        }
        f->shared++;
    }
    else if (level == SQLITE_LOCK_RESERVED) {
        if (f->reserved || f->pending || f->exclusive) {
            return SQLITE_BUSY;
        }
        f->reserved = h;
    }
    else {
        if ((f->pending && f->pending != h) || (f->reserved && f->reserved != h)) {
            return SQLITE_BUSY;
        }
        f->pending = h;
        if (f->shared > 1) {
            h->level = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        f->exclusive = h;
    }
    h->level = level;
    return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *file, int level)
{
    handle_t *h = handle_of(file);

    if (!h->is_dead && h->level > level) {
        lower(h, level);
    }
    return SQLITE_OK;
}

static int vfs_check_reserved(sqlite3_file *file, int *out)
{
    const sm_file_t *f = handle_of(file)->file;

    *out = f->reserved || f->pending || f->exclusive;
    return SQLITE_OK;
}

/* --- the log's index */

static int vfs_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    handle_t *h = handle_of(file);
    sm_file_t *f = h->file;

    *out = NULL;
    if (h->is_dead || region >= SM_SHM_REGIONS) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (!h->has_shm) {
        h->has_shm = 1;
        f->shm_users++;
    }
    while (f->region_count <= region) {
        if (!extend) {
            return SQLITE_OK;
        }
        f->regions[f->region_count] = calloc(1, (size_t)size);
        if (!f->regions[f->region_count++]) {
            abort();
        }
    }
    *out = f->regions[region];
    return SQLITE_OK;
}

static void unlock_shm(handle_t *h, int at)
{
    sm_file_t *f = h->file;
    int bit = 1 << at;

    if (h->shm_exclusive & bit) {
        f->shm_exclusive[at] = NULL;
    }
    if (h->shm_shared & bit) {
        f->shm_shared[at]--;
    }
    h->shm_exclusive &= ~bit;
    h->shm_shared &= ~bit;
}

static int vfs_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    handle_t *h = handle_of(file);
    sm_file_t *f = h->file;
    int i;

    if (h->is_dead) {
        return flags & SQLITE_SHM_UNLOCK ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
    }
    for (i = offset; i < offset + n; i++) {
        int mine = (h->shm_shared >> i) & 1;

        if (flags & SQLITE_SHM_UNLOCK) {
            unlock_shm(h, i);
        }
        else if ((f->shm_exclusive[i] && f->shm_exclusive[i] != h) ||
                 (flags & SQLITE_SHM_EXCLUSIVE && f->shm_shared[i] > mine)) {
            return SQLITE_BUSY;
        }
    }
    for (i = offset; i < offset + n && flags & SQLITE_SHM_LOCK; i++) {
        if (flags & SQLITE_SHM_EXCLUSIVE) {
            f->shm_exclusive[i] = h;
            h->shm_exclusive |= 1 << i;
        }
        else if (!((h->shm_shared >> i) & 1)) {
            f->shm_shared[i]++;
            h->shm_shared |= 1 << i;
        }
    }
    return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

/* As the kernel does when a process ends, however it ends. */
static void drop_shm(handle_t *h)
{
    int i;

    if (!h->has_shm) {
        return;
    }
    for (i = 0; i < SM_SHM_LOCKS; i++) {
        unlock_shm(h, i);
    }
    h->has_shm = 0;
    if (--h->file->shm_users == 0) {
        sm_file_forget_shm(h->file);
    }
}

static int vfs_shm_unmap(sqlite3_file *file, int delete)
{
    (void)delete;
    if (!handle_of(file)->is_dead) {
        drop_shm(handle_of(file));
    }
    return SQLITE_OK;
}

/* --- a handle */

static int vfs_close(sqlite3_file *file)
{
    handle_t *h = handle_of(file);
    handle_t **at = &handles;

    while (*at != h) {
        at = &(*at)->next;
    }
    *at = h->next;
    if (!h->is_dead) {
        drop_shm(h);
        lower(h, SQLITE_LOCK_NONE);
    }
    sm_file_release(h->file);
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *file, int op, void *arg)
{
    const handle_t *h = handle_of(file);

    if (op == SQLITE_FCNTL_HAS_MOVED) {
        *(int *)arg = h->file->is_nameless;
        return SQLITE_OK;
    }
    return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int vfs_traits(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_traits,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

/* --- names */

static int is_in_memory(const char *path)
{
    apr_size_t len = strlen(folder);

    if (!path || !len) {
        return path == NULL;
    }
    return strncmp(path, folder, len) == 0 && path[len] == '/' &&
           !(is_state_real && strncmp(path + len + 1, "state", 5) == 0);
}

/* What asks the file system by name, not through SQLite, must find something. */
static void put_mark(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0) {
        (void)close(fd);
    }
}

static int vfs_open(sqlite3_vfs *self, const char *path, sqlite3_file *file, int flags,
                    int *out_flags)
{
    handle_t *h = handle_of(file);
    sm_file_t *f;

    (void)self;
    if (!is_in_memory(path)) {
        return real_vfs->xOpen(real_vfs, path, file, flags, out_flags);
    }
    memset(h, 0, sizeof(*h));
    f = path ? sm_file_find(path) : NULL;
    if ((!f && path && !(flags & SQLITE_OPEN_CREATE)) ||
        (path && sm_file_trouble(path) == SQLITE_CANTOPEN)) {
        return SQLITE_CANTOPEN;
    }
    if (!f) {
        f = sm_file_make(path);
        if (path && flags & SQLITE_OPEN_MAIN_DB) {
            put_mark(path);
        }
    }
    f->refs++;
    h->file = f;
    h->process = sm_current();
    h->database = path && flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)
                      ? sqlite3_database_file_object(path)
                      : file;
    h->next = handles;
    handles = h;
    h->base.pMethods = &methods;
    if (out_flags) {
        *out_flags = flags;
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *self, const char *path, int sync)
{
    const sm_process_t *process = sm_current();

    (void)self;
    if (!is_in_memory(path)) {
        return real_vfs->xDelete(real_vfs, path, sync);
    }
    if (process && process->state == SM_DEAD) {
        return SQLITE_IOERR_DELETE;
    }
    if (!sm_file_exists(path)) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    sm_file_remove(path);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *self, const char *path, int flags, int *out)
{
    const sm_file_t *file;

    (void)self;
    if (!is_in_memory(path)) {
        return real_vfs->xAccess(real_vfs, path, flags, out);
    }
    file = sm_file_find(path);
    *out = file && (flags != SQLITE_ACCESS_EXISTS || file->size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *self, const char *path, int len, char *out)
{
    (void)self;
    apr_cpystrn(out, path, (apr_size_t)len);
    return SQLITE_OK;
}

/* --- clock and dice */

static int vfs_randomness(sqlite3_vfs *self, int len, char *out)
{
    static sm_dice_t before_any = { { 1, 2 } };
    sm_dice_t *dice = run ? &run->kernel->vfs : &before_any;
    int i;

    (void)self;
    for (i = 0; i < len; i++) {
        out[i] = (char)(sm_roll(dice) >> 56);
    }
    return len;
}

/* Somebody else holds the file's lock, and cannot give it up before we return. */
static int vfs_sleep(sqlite3_vfs *self, int us)
{
    (void)self;
    if (run) {
        run->kernel->slept += us;
    }
    return us;
}

static int vfs_time64(sqlite3_vfs *self, sqlite3_int64 *ms)
{
    apr_time_t now = run ? sm_wall(run, SM_HOST) : SM_T0;

    (void)self;
    *ms = APR_INT64_C(210866760000000) + now / 1000; /* Julian, in ms */
    return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *self, double *days)
{
    sqlite3_int64 ms;

    (void)vfs_time64(self, &ms);
    *days = (double)ms / 86400000.0;
    return SQLITE_OK;
}

/* --- for the kernel */

void sm_vfs_register(const char *path)
{
    sm_memory_for_sqlite();
    real_vfs = sqlite3_vfs_find(NULL);
    apr_cpystrn(folder, path, sizeof(folder));
    vfs = *real_vfs;
    vfs.zName = "simulation";
    vfs.szOsFile =
        (int)sizeof(handle_t) > real_vfs->szOsFile ? (int)sizeof(handle_t) : real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    vfs.xRandomness = vfs_randomness;
    vfs.xSleep = vfs_sleep;
    vfs.xCurrentTime = vfs_time;
    vfs.xCurrentTimeInt64 = vfs_time64;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
        abort();
    }
}

void sm_vfs_real_state(int on)
{
    is_state_real = on;
}

int sm_vfs_is_real(const char *path)
{
    return !is_in_memory(path);
}

void sm_vfs_attach(sm_t *sm)
{
    run = sm;
    sqlite3_randomness(0, NULL); /* its own generator begins anew, from ours */
}

void sm_vfs_drop(const sm_process_t *process)
{
    handle_t *h;

    for (h = handles; h; h = h->next) {
        if (h->process == process && !h->is_dead) {
            drop_shm(h);
            lower(h, SQLITE_LOCK_NONE);
            h->is_dead = 1;
        }
    }
}

void sm_vfs_disown(const void *database)
{
    handle_t *h;

    for (h = handles; h; h = h->next) {
        if (h->database == database) {
            h->process = NULL;
        }
    }
}
