/* nts_lock.c - the lock file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nts_wake.h"
#include "db/nts_lock.h"

/* Bytes of the file. */
#define BYTE_WRITER 0
#define BYTE_TURN 1 /* held by who is next; see nts_lock_writer */
#define BYTE_GROUP 16

#define PAGE_SIZE_MAPPED 4096

/* The first page of the lock file. fcntl can wait without limit or not at all, and a sleep between tries costs as much as a disk
 * sync, so who releases wakes the next. */
typedef struct lock_page_t {
    nts_wake_t writer; /* the one that is next */
    nts_wake_t turn;   /* those behind it */
} lock_page_t;

/* A waiter looks again after this at the latest: a holder that was killed wakes nobody. */
#define LOOK_AGAIN apr_time_from_msec(5)

/* A locked byte of this process and which handle locked it: fcntl cannot tell threads apart. */
typedef struct held_t {
    struct held_t *next;
    const nts_lock_t *by;
    off_t byte;
} held_t;

/* One open lock file of this process. */
typedef struct file_t {
    struct file_t *next;
    pid_t pid;
    dev_t device;
    ino_t inode;
    int fd;
    int users;
    lock_page_t *page;
    held_t *held;
} file_t;

struct nts_lock_t {
    file_t *file;
    apr_pool_t *p;
    pid_t pid;
};

/* Guards `files` and everything below it; held for a few system calls at most. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static file_t *files;

/* --- files */

static void drop_file(file_t *file)
{
    if (file->page) {
        (void)munmap(file->page, PAGE_SIZE_MAPPED);
    }
    (void)close(file->fd);
    while (file->held) {
        held_t *next = file->held->next;

        free(file->held);
        file->held = next;
    }
    free(file);
}

/* What a parent left open at the fork. Closing it later would drop this process's own locks (D53). */
static void drop_inherited(void)
{
    file_t **at = &files;

    while (*at) {
        file_t *file = *at;

        if (file->pid == getpid()) {
            at = &file->next;
            continue;
        }
        *at = file->next;
        drop_file(file);
    }
}

static file_t *find_file(const struct stat *st)
{
    file_t *file;

    for (file = files; file; file = file->next) {
        if (file->device == st->st_dev && file->inode == st->st_ino) {
            return file;
        }
    }
    return NULL;
}

static apr_status_t map_page(file_t *file, const struct stat *st)
{
    void *page;

    /* A file that is shorter than its mapping kills who looks at it. */
    if (st->st_size < PAGE_SIZE_MAPPED && ftruncate(file->fd, PAGE_SIZE_MAPPED) != 0) {
        return errno;
    }
    page = mmap(NULL, PAGE_SIZE_MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
    if (page == MAP_FAILED) {
        return errno;
    }
    file->page = page;
    return APR_SUCCESS;
}

/* D37: what root made, the tool for instance, must serve those who run without rights: as SQLite does
 * with its files. */
static void give_to_directory(const file_t *file, const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (geteuid() != 0 || !slash || (apr_size_t)(slash - path) >= sizeof(directory)) {
        return;
    }
    apr_cpystrn(directory, path, (apr_size_t)(slash - path) + 1);
    if (stat(directory, &st) == 0 && fchown(file->fd, st.st_uid, st.st_gid) != 0) {
        return; /* then the others will say that they cannot open it */
    }
}

static apr_status_t open_file(file_t **pfile, const char *path)
{
    struct stat st;
    file_t *file;
    apr_status_t rv;

    /* Looked up by name first: opening and closing it once more would drop the locks held (D53). */
    if (stat(path, &st) == 0 && (file = find_file(&st)) != NULL) {
        *pfile = file;
        return APR_SUCCESS;
    }
    file = calloc(1, sizeof(*file));
    if (!file) {
        return APR_ENOMEM;
    }
    file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0 || fstat(file->fd, &st) != 0) {
        rv = errno;
        if (file->fd >= 0) {
            (void)close(file->fd);
        }
        free(file);
        return rv;
    }
    if (st.st_size == 0) {
        give_to_directory(file, path);
    }
    rv = map_page(file, &st);
    if (rv != APR_SUCCESS) {
        drop_file(file);
        return rv;
    }
    file->pid = getpid();
    file->device = st.st_dev;
    file->inode = st.st_ino;
    file->next = files;
    files = file;
    *pfile = file;
    return APR_SUCCESS;
}

/* --- bytes; `guard` is held */

static int set_lock(const file_t *file, off_t byte, int type)
{
    struct flock range;
    int rc;

    memset(&range, 0, sizeof(range));
    range.l_type = (short)type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = 1;
    do {
        rc = fcntl(file->fd, F_SETLK, &range);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

static held_t **find_held(file_t *file, off_t byte)
{
    held_t **at = &file->held;

    while (*at && (*at)->byte != byte) {
        at = &(*at)->next;
    }
    return at;
}

static apr_status_t try_byte(const nts_lock_t *lock, off_t byte)
{
    file_t *file = lock->file;
    held_t *held = *find_held(file, byte);

    if (held) {
        return held->by == lock ? APR_EINVAL : APR_EBUSY;
    }
    if (set_lock(file, byte, F_WRLCK) != 0) {
        return errno == EACCES || errno == EAGAIN ? APR_EBUSY : errno;
    }
    held = malloc(sizeof(*held));
    if (!held) {
        (void)set_lock(file, byte, F_UNLCK);
        return APR_ENOMEM;
    }
    held->byte = byte;
    held->by = lock;
    held->next = file->held;
    file->held = held;
    return APR_SUCCESS;
}

static int release_byte(const nts_lock_t *lock, off_t byte)
{
    file_t *file = lock->file;
    held_t **at = find_held(file, byte);
    held_t *held = *at;

    if (!held || held->by != lock) {
        return 0;
    }
    (void)set_lock(file, byte, F_UNLCK);
    *at = held->next;
    free(held);
    return 1;
}

/* --- the same, guarded, and waking who waits */

static apr_status_t take(nts_lock_t *lock, off_t byte)
{
    apr_status_t rv;

    (void)pthread_mutex_lock(&guard);
    rv = try_byte(lock, byte);
    (void)pthread_mutex_unlock(&guard);
    return rv;
}

static void give(nts_lock_t *lock, off_t byte)
{
    int released;

    (void)pthread_mutex_lock(&guard);
    released = release_byte(lock, byte);
    (void)pthread_mutex_unlock(&guard);
    if (released && byte == BYTE_WRITER) {
        nts_wake_one(&lock->file->page->writer);
    }
    else if (released && byte == BYTE_TURN) {
        nts_wake_one(&lock->file->page->turn);
    }
}

static int is_held(const nts_lock_t *lock, off_t byte)
{
    const held_t *held;

    (void)pthread_mutex_lock(&guard);
    held = *find_held(lock->file, byte);
    (void)pthread_mutex_unlock(&guard);
    return held && held->by == lock;
}

static apr_time_t now_mono(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_make(now.tv_sec, now.tv_nsec / 1000);
}

static apr_status_t wait_for(nts_lock_t *lock, off_t byte, nts_wake_t *wake, apr_time_t until)
{
    apr_status_t rv;

    nts_wake_enter(wake);
    for (;;) {
        uint32_t mark = nts_wake_mark(wake);
        apr_interval_time_t left;

        rv = take(lock, byte);
        if (rv != APR_EBUSY) {
            break;
        }
        left = until - now_mono();
        if (left <= 0) {
            rv = APR_TIMEUP;
            break;
        }
        nts_wake_sleep(wake, mark, left < LOOK_AGAIN ? left : LOOK_AGAIN);
    }
    nts_wake_leave(wake);
    return rv;
}

/* --- interface */

static apr_status_t close_lock(void *data)
{
    nts_lock_t *lock = data;
    file_t *file = lock->file;
    file_t **at;
    held_t *held;

    if (!file || lock->pid != getpid()) {
        return APR_SUCCESS;
    }
    nts_lock_release_writer(lock);
    (void)pthread_mutex_lock(&guard);
    lock->file = NULL;
    for (held = file->held; held;) {
        held_t *next = held->next;

        if (held->by == lock) {
            off_t byte = held->byte;

            *find_held(file, byte) = next;
            (void)set_lock(file, byte, F_UNLCK);
            free(held);
        }
        held = next;
    }
    if (--file->users == 0) {
        for (at = &files; *at != file; at = &(*at)->next) {
        }
        *at = file->next;
        drop_file(file);
    }
    (void)pthread_mutex_unlock(&guard);
    return APR_SUCCESS;
}

apr_status_t nts_lock_open(nts_lock_t **plock, const char *path, apr_pool_t *p)
{
    nts_lock_t *lock = apr_pcalloc(p, sizeof(*lock));
    apr_status_t rv;

    *plock = NULL;
    lock->p = p;
    lock->pid = getpid();
    (void)pthread_mutex_lock(&guard);
    drop_inherited();
    rv = open_file(&lock->file, path);
    if (rv == APR_SUCCESS) {
        lock->file->users++;
    }
    (void)pthread_mutex_unlock(&guard);
    if (rv == APR_SUCCESS) {
        apr_pool_cleanup_register(p, lock, close_lock, apr_pool_cleanup_null);
        *plock = lock;
    }
    return rv;
}

void nts_lock_close(nts_lock_t *lock)
{
    (void)apr_pool_cleanup_run(lock->p, lock, close_lock);
}

apr_status_t nts_lock_writer(nts_lock_t *lock, apr_interval_time_t wait)
{
    lock_page_t *page;
    apr_time_t until;
    apr_status_t rv = APR_EBUSY;

    if (lock->pid != getpid()) {
        return APR_EINVAL;
    }
    if (is_held(lock, BYTE_WRITER)) {
        return APR_EINVAL; /* whoever has the turn would wait for us, and we for the turn */
    }
    page = lock->file->page;
    /* Who releases and comes back at once would always win against those it has to wake. So while
     * anybody waits, everybody takes the turn first, and only its holder tries for the lock itself. */
    if (atomic_load(&page->writer.waiters) == 0 || wait <= 0) {
        rv = take(lock, BYTE_WRITER);
    }
    if (rv != APR_EBUSY || wait <= 0) {
        return rv == APR_EBUSY ? APR_TIMEUP : rv;
    }
    until = now_mono() + wait;
    rv = wait_for(lock, BYTE_TURN, &page->turn, until);
    if (rv == APR_SUCCESS) {
        rv = wait_for(lock, BYTE_WRITER, &page->writer, until);
        give(lock, BYTE_TURN);
    }
    return rv;
}

void nts_lock_release_writer(nts_lock_t *lock)
{
    if (lock->pid == getpid()) {
        give(lock, BYTE_WRITER);
    }
}

apr_status_t nts_lock_try_group(nts_lock_t *lock, apr_int64_t n)
{
    if (lock->pid != getpid() || n < 1 || n > NTS_LOCK_GROUP_MAX) {
        return APR_EINVAL;
    }
    return take(lock, BYTE_GROUP + (off_t)n);
}

void nts_lock_release_group(nts_lock_t *lock, apr_int64_t n)
{
    if (lock->pid == getpid()) {
        give(lock, BYTE_GROUP + (off_t)n);
    }
}
