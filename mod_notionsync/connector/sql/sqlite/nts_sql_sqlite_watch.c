/* nts_sql_sqlite_watch.c - being woken when another program writes the database file.
 *
 * SQLite tells nobody, but the file system does. The folder is watched and not the files: the journal
 * files come and go, and the database itself may be replaced. Only writes count; a reader that opens
 * and closes leaves no such trace. Our own writes wake us as well: the look that follows reads and
 * writes nothing, so it ends there. No inotify (or a network file system): the slow poll remains.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "connector/sql/sqlite/nts_sql_sqlite.h"

#define WANTED                                                                                     \
    (IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF |            \
     IN_MOVE_SELF)

struct nts_sql_watch_t {
    const char *folder;
    const char *name; /* of the file in it */
    int descriptor;
    int folder_watch; /* -1: the folder went away */
};

static void watch_folder(nts_sql_watch_t *watch)
{
    watch->folder_watch = inotify_add_watch(watch->descriptor, watch->folder, WANTED);
}

nts_sql_watch_t *nts_sql_sqlite_watch_open(const char *database, const char *secret, apr_pool_t *p)
{
    nts_sql_watch_t *watch = apr_pcalloc(p, sizeof(*watch));
    char resolved[PATH_MAX];
    char *slash;

    (void)secret;
    /* SQLite follows symbolic links and keeps the journals beside the file itself. */
    if (database[0] != '/' || !realpath(database, resolved)) {
        return NULL;
    }
    slash = strrchr(resolved, '/');
    watch->name = apr_pstrdup(p, slash + 1);
    *slash = '\0';
    watch->folder = apr_pstrdup(p, *resolved ? resolved : "/");
    watch->descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->descriptor < 0) {
        return NULL;
    }
    watch_folder(watch);
    if (watch->folder_watch < 0) {
        nts_sql_sqlite_watch_close(watch);
        return NULL;
    }
    return watch;
}

int nts_sql_sqlite_watch_descriptor(nts_sql_watch_t *watch)
{
    return watch->descriptor;
}

/* The database or one of its journals; creating an empty -wal is not yet a change, but harmless. */
static int is_ours(const nts_sql_watch_t *watch, const char *name)
{
    apr_size_t len = strlen(watch->name);

    return strncmp(name, watch->name, len) == 0 &&
           (name[len] == '\0' || strcmp(name + len, "-wal") == 0 ||
            strcmp(name + len, "-journal") == 0);
}

static int take_event(nts_sql_watch_t *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        return 1;
    }
    if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
        if (event->mask & IN_MOVE_SELF) {
            (void)inotify_rm_watch(watch->descriptor, event->wd);
        }
        watch_folder(watch);
        return 1;
    }
    return event->len > 0 && is_ours(watch, event->name);
}

int nts_sql_sqlite_watch_drain(nts_sql_watch_t *watch)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    int changed = 0;
    int i;

    /* Bounded: under a flood of events the rest waits for the loop's next turn. */
    for (i = 0; i < 64; i++) {
        ssize_t len = read(watch->descriptor, buffer, sizeof(buffer));
        const char *at = buffer;

        if (len <= 0) {
            break;
        }
        while (at < buffer + len) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;

            changed |= take_event(watch, event);
            at += sizeof(*event) + event->len;
        }
    }
    return changed;
}

void nts_sql_sqlite_watch_close(nts_sql_watch_t *watch)
{
    (void)close(watch->descriptor);
    watch->descriptor = -1;
}
