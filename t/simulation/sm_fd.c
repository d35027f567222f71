/* sm_fd.c - descriptors that exist only here: the linker sends eventfd, inotify, read, write and close of the
 * library to the __wrap_ functions below. A number below FIRST is a real one and goes through. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/types.h>

#include "simulation/sm_kernel.h"

#define FIRST (1 << 20)
#define FD_MAX 4096
#define WATCH_MAX 4
#define QUEUE_MAX 64
#define NAME_ROOM 32 /* of a file's name in an event, with its NUL */

typedef enum fd_kind_t { FREE = 0, EVENT, NOTIFY, PIPE, CLOSED } fd_kind_t;

typedef struct touch_t {
    int watch;
    apr_uint32_t mask;
    char name[NAME_ROOM]; /* "": the watched file itself */
} touch_t;

typedef struct notify_t {
    char *paths[WATCH_MAX]; /* NULL: removed */
    apr_uint32_t masks[WATCH_MAX];
    int watches;
    touch_t queue[QUEUE_MAX];
    int first;
    int count;
} notify_t;

typedef struct fd_t {
    fd_kind_t kind;
    apr_uint64_t counter; /* EVENT; PIPE: its other end is closed */
    int other;            /* PIPE: the reading end, as seen by the writing one; -1 */
    notify_t *notify;
    const sm_process_t *owner; /* NULL: the kernel's */
    sm_thread_t *poller;
} fd_t;

static fd_t fds[FD_MAX];
static int fd_count;

int __real_close(int fd);
ssize_t __real_read(int fd, void *buffer, size_t len);
ssize_t __real_write(int fd, const void *buffer, size_t len);
int __wrap_eventfd(unsigned int initial, int flags);
int __wrap_inotify_init1(int flags);
int __wrap_inotify_add_watch(int fd, const char *path, apr_uint32_t mask);
int __wrap_inotify_rm_watch(int fd, int watch);
ssize_t __wrap_read(int fd, void *buffer, size_t len);
ssize_t __wrap_write(int fd, const void *buffer, size_t len);
int __wrap_close(int fd);

static fd_t *look_up(int fd)
{
    return fd >= FIRST && fd < FIRST + fd_count ? &fds[fd - FIRST] : NULL;
}

/* Numbers are not given out again within a run: who uses one that is closed is found out. */
static fd_t *make(fd_kind_t kind)
{
    fd_t *made;

    if (fd_count == FD_MAX) {
        abort();
    }
    made = &fds[fd_count++];
    memset(made, 0, sizeof(*made));
    made->kind = kind;
    made->other = -1;
    made->owner = sm_current();
    return made;
}

static int number(const fd_t *fd)
{
    return FIRST + (int)(fd - fds);
}

static int is_readable(const fd_t *fd)
{
    return fd->kind == NOTIFY ? fd->notify->count > 0 : fd->counter > 0;
}

static void became_readable(fd_t *fd)
{
    sm_thread_t *poller = fd->poller;

    fd->poller = NULL;
    if (poller) {
        sm_wake(poller);
    }
}

static void shut(fd_t *fd)
{
    int i;

    for (i = 0; fd->notify && i < fd->notify->watches; i++) {
        free(fd->notify->paths[i]);
    }
    free(fd->notify);
    fd->notify = NULL;
    fd->kind = CLOSED;
    fd->poller = NULL;
    fd->counter = 0;
}

/* --- for the kernel */

int sm_fd_poll(int fd, sm_thread_t *poller)
{
    fd_t *polled = look_up(fd);

    if (!polled || polled->kind == CLOSED) {
        return 0;
    }
    polled->poller = poller;
    return is_readable(polled);
}

void sm_fd_pipe(int *read_end, int *write_end)
{
    fd_t *writing;

    *read_end = number(make(PIPE));
    writing = make(PIPE);
    writing->other = *read_end;
    *write_end = number(writing);
}

int sm_fd_event(void)
{
    return number(make(EVENT));
}

void sm_fd_signal(int fd)
{
    fd_t *signalled = look_up(fd);

    if (signalled && signalled->kind == EVENT) {
        signalled->counter++;
        became_readable(signalled);
    }
}

void sm_fd_close(int fd)
{
    (void)__wrap_close(fd);
}

void sm_fd_drop(const sm_process_t *process)
{
    int i;

    for (i = 0; i < fd_count; i++) {
        if (fds[i].owner == process && fds[i].kind != CLOSED) {
            shut(&fds[i]);
        }
        else if (fds[i].poller && fds[i].poller->process == process) {
            fds[i].poller = NULL;
        }
    }
}

void sm_fd_reset(void)
{
    int i;

    for (i = 0; i < fd_count; i++) {
        shut(&fds[i]);
    }
    fd_count = 0;
}

/* --- inotify */

static void enqueue(fd_t *fd, int watch, apr_uint32_t mask, const char *name)
{
    notify_t *notify = fd->notify;
    touch_t *touch;

    if (notify->count > 0) {
        /* As Linux does: what is the same as the last one waiting is not told twice. */
        touch = &notify->queue[(notify->first + notify->count - 1) % QUEUE_MAX];
        if (touch->watch == watch && touch->mask == mask && strcmp(touch->name, name) == 0) {
            return;
        }
    }
    if (notify->count == QUEUE_MAX) {
        touch = &notify->queue[(notify->first + notify->count - 1) % QUEUE_MAX];
        touch->watch = -1;
        touch->mask = IN_Q_OVERFLOW;
        touch->name[0] = '\0';
        return;
    }
    touch = &notify->queue[(notify->first + notify->count++) % QUEUE_MAX];
    touch->watch = watch;
    touch->mask = mask;
    apr_cpystrn(touch->name, name, sizeof(touch->name));
    became_readable(fd);
}

void sm_fd_touched(const char *path, apr_uint32_t mask)
{
    const char *slash = strrchr(path, '/');
    apr_size_t folder = slash ? (apr_size_t)(slash - path) : 0;
    int i;
    int j;

    for (i = 0; i < fd_count; i++) {
        for (j = 0; fds[i].kind == NOTIFY && j < fds[i].notify->watches; j++) {
            const char *watched = fds[i].notify->paths[j];

            if (!watched || !(fds[i].notify->masks[j] & mask)) {
                continue;
            }
            if (strcmp(watched, path) == 0) {
                enqueue(&fds[i], j + 1, mask, "");
            }
            else if (strlen(watched) == folder && strncmp(watched, path, folder) == 0) {
                enqueue(&fds[i], j + 1, mask, slash + 1);
            }
        }
    }
}

int __wrap_inotify_init1(int flags)
{
    fd_t *fd = make(NOTIFY);

    (void)flags;
    fd->notify = calloc(1, sizeof(notify_t));
    if (!fd->notify) {
        abort();
    }
    return number(fd);
}

int __wrap_inotify_add_watch(int fd, const char *path, apr_uint32_t mask)
{
    fd_t *watching = look_up(fd);
    notify_t *notify;

    if (!watching || watching->kind != NOTIFY || watching->notify->watches == WATCH_MAX) {
        errno = ENOSPC;
        return -1;
    }
    notify = watching->notify;
    notify->paths[notify->watches] = strdup(path);
    notify->masks[notify->watches] = mask;
    return ++notify->watches;
}

int __wrap_inotify_rm_watch(int fd, int watch)
{
    fd_t *watching = look_up(fd);

    if (watching && watching->kind == NOTIFY && watch >= 1 && watch <= watching->notify->watches) {
        free(watching->notify->paths[watch - 1]);
        watching->notify->paths[watch - 1] = NULL;
    }
    return 0;
}

static ssize_t read_notify(fd_t *fd, char *buffer, size_t len)
{
    notify_t *notify = fd->notify;
    size_t filled = 0;

    while (notify->count > 0) {
        const touch_t *touch = &notify->queue[notify->first];
        struct inotify_event *event = (struct inotify_event *)(void *)(buffer + filled);
        size_t room = touch->name[0] ? NAME_ROOM : 0;

        if (filled + sizeof(*event) + room > len) {
            break;
        }
        memset(event, 0, sizeof(*event));
        event->wd = touch->watch;
        event->mask = touch->mask;
        event->len = (apr_uint32_t)room;
        memcpy(event->name, touch->name, room);
        filled += sizeof(*event) + room;
        notify->first = (notify->first + 1) % QUEUE_MAX;
        notify->count--;
    }
    return (ssize_t)filled;
}

/* --- what the library calls */

int __wrap_eventfd(unsigned int initial, int flags)
{
    fd_t *fd = make(EVENT);

    (void)flags;
    fd->counter = initial;
    return number(fd);
}

ssize_t __wrap_read(int fd, void *buffer, size_t len)
{
    fd_t *source = look_up(fd);

    if (!source) {
        return __real_read(fd, buffer, len);
    }
    if (source->kind == PIPE) {
        if (source->counter) {
            return 0;
        }
    }
    else if (source->kind == CLOSED) {
        errno = EBADF;
        return -1;
    }
    else if (is_readable(source)) {
        if (source->kind == NOTIFY) {
            return read_notify(source, buffer, len);
        }
        memcpy(buffer, &source->counter, sizeof(source->counter));
        source->counter = 0;
        return (ssize_t)sizeof(source->counter);
    }
    errno = EAGAIN;
    return -1;
}

ssize_t __wrap_write(int fd, const void *buffer, size_t len)
{
    fd_t *target = look_up(fd);

    if (!target) {
        return __real_write(fd, buffer, len);
    }
    if (target->kind != EVENT || len != sizeof(apr_uint64_t)) {
        errno = EBADF;
        return -1;
    }
    sm_fd_signal(fd);
    return (ssize_t)len;
}

int __wrap_close(int fd)
{
    fd_t *closed = look_up(fd);
    fd_t *other;

    if (fd >= FIRST && !closed) {
        return 0; /* of a run that is over */
    }
    if (!closed) {
        return __real_close(fd);
    }
    if (closed->kind == PIPE && closed->other >= 0 && (other = look_up(closed->other)) != NULL &&
        other->kind == PIPE) {
        other->counter = 1;
        became_readable(other);
    }
    shut(closed);
    return 0;
}
