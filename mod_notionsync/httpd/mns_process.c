/* mns_process.c - the first steps of a forked process: signals, descriptors, pool, log. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_allocator.h>

#include <httpd.h>
#include <ap_listen.h>
#include <http_log.h>

#include "base/nts_log.h"
#include "httpd/mns_process.h"

APLOG_USE_MODULE(notionsync);

static void set_signals(const int *signals, size_t count, void (*handler)(int))
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct sigaction action = { 0 };

        action.sa_handler = handler;
        (void)sigaction(signals[i], &action, NULL);
    }
}

/* Signals that the parent may have handlers for; those only set flags that nobody reads here. A file that
 * may grow no further is an error to be told of (EFBIG), as a full disk is, and not to die of. */
static void reset_signals(void)
{
    static const int usual[] = { SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM };
    static const int ignored[] = { SIGPIPE, SIGWINCH, SIGXFSZ };
    sigset_t none;

    set_signals(usual, sizeof(usual) / sizeof(usual[0]), SIG_DFL);
    set_signals(ignored, sizeof(ignored) / sizeof(ignored[0]), SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Put /dev/null where sockets were: closing them would let the numbers be given to somebody else while
 * a library still means to close them. A syslog socket heals itself by connecting anew. */
static void replace_sockets(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct dirent *entry;

    while (dir && null >= 0 && (entry = readdir(dir)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10); /* "." and ".." read as 0 */
        struct stat info;

        if (fd > STDERR_FILENO && fd != null && fd != dirfd(dir) && fstat(fd, &info) == 0 &&
            S_ISSOCK(info.st_mode)) {
            (void)dup3(null, fd, O_CLOEXEC);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    if (null >= 0) {
        (void)close(null);
    }
}

apr_pool_t *mns_process_begin(const mns_core_t *core)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    reset_signals();
    ap_close_listeners();
    replace_sockets();
    if (apr_allocator_create(&allocator) != APR_SUCCESS ||
        apr_pool_create_ex(&p, NULL, NULL, allocator) != APR_SUCCESS) {
        _exit(1);
    }
    apr_allocator_owner_set(allocator, p);
    apr_pool_tag(p, "notionsync");
    mns_log_open(core->main);
    return p;
}

static void write_line(void *baton, int level, apr_status_t rv, const char *message)
{
    ap_log_error(APLOG_MARK, level, rv, (const server_rec *)baton, "%s", message);
}

void mns_log_open(server_rec *s)
{
    nts_log_set_sink(write_line, s, ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX));
}
