/* nts_state.c - names of the files beside the database, and the file with the server's key. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nts_state.h"
#include "base/nts_str.h"

#define KEY_DIGITS (2 * sizeof(nts_key_t))

const char *nts_state_lock_path(const char *database, apr_pool_t *p)
{
    return apr_pstrcat(p, database, ".lock", NULL);
}

const char *nts_state_wake_path(const char *database, apr_pool_t *p)
{
    return apr_pstrcat(p, database, ".wake", NULL);
}

const char *nts_state_key_path(const char *database, apr_pool_t *p)
{
    return apr_pstrcat(p, database, ".key", NULL);
}

static apr_status_t refuse(nts_outcome_t *out, apr_pool_t *p, apr_status_t rv, const char *path,
                           const char *why, const char *advice)
{
    char cause[200];

    nts_outcome_set(out, p, NTS_REMEDY_PERSON, "key.unusable", "The key file %s %s%s%s", path, why,
                    rv ? ": " : "", rv ? apr_strerror(rv, cause, sizeof(cause)) : "");
    if (out) {
        out->advice = advice;
    }
    return rv ? rv : APR_EINVAL;
}

/* What the file may be: ours, plain, and nobody else's business. */
static const char *judge_file(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return "is not a plain file";
    }
    if (info.st_uid != 0 && info.st_uid != geteuid()) {
        return "belongs to somebody else";
    }
    if (info.st_mode & (S_IRWXG | S_IRWXO)) {
        return "can be read or changed by others";
    }
    if (info.st_nlink != 1) {
        return "has a second name";
    }
    return NULL;
}

static apr_status_t read_digits(nts_key_t *key, int fd)
{
    char text[KEY_DIGITS + 2];
    size_t len = 0;
    apr_status_t rv;
    ssize_t n;

    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
        len += (size_t)n;
    }
    if (n < 0) {
        return errno;
    }
    if (len == KEY_DIGITS + 1 && text[len - 1] == '\n') {
        len--;
    }
    text[len] = '\0';
    rv = len == KEY_DIGITS ? nts_hex_parse(key->bytes, sizeof(key->bytes), text) : APR_EINVAL;
    explicit_bzero(text, sizeof(text));
    return rv;
}

apr_status_t nts_key_read(nts_key_t *key, const char *path, nts_outcome_t *out, apr_pool_t *p)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const char *why;
    apr_status_t rv;

    memset(key, 0, sizeof(*key));
    if (fd < 0) {
        return refuse(out, p, errno, path, "cannot be read",
                      "Make it readable for the user that starts httpd; it must not be a link.");
    }
    why = judge_file(fd);
    rv = why ? APR_EINVAL : read_digits(key, fd);
    (void)close(fd);
    if (why) {
        return refuse(out, p, 0, path, why,
                      "Give it back to root with mode 0600 if you know where it comes from; else "
                      "delete it: a new one is made at the next start, and stored secrets must be "
                      "entered again.");
    }
    if (rv != APR_SUCCESS) {
        memset(key, 0, sizeof(*key));
        return refuse(out, p, 0, path, "does not hold 64 hexadecimal digits",
                      "Restore it, or delete it: a new one is made at the next start, and stored "
                      "secrets must be entered again.");
    }
    return APR_SUCCESS;
}

/* A complete file under a name of its own first: no reader ever sees half a key. */
static apr_status_t write_new(const char *path, const nts_random_t *random, apr_pool_t *p)
{
    const char *draft = apr_psprintf(p, "%s.%" APR_PID_T_FMT, path, getpid());
    unsigned char bytes[sizeof(nts_key_t)];
    char text[KEY_DIGITS + 2];
    char *digits;
    apr_status_t rv = APR_SUCCESS;
    int fd;

    (void)unlink(draft);
    fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return errno;
    }
    random->bytes(random->baton, bytes, sizeof(bytes));
    digits = (char *)nts_hex_text(bytes, sizeof(bytes), p);
    (void)apr_snprintf(text, sizeof(text), "%s\n", digits);
    if (write(fd, text, KEY_DIGITS + 1) != (ssize_t)(KEY_DIGITS + 1) || fsync(fd) != 0 ||
        link(draft, path) != 0) {
        rv = errno ? errno : APR_EGENERAL;
    }
    /* Whoever is forked later must not find it. */
    explicit_bzero(bytes, sizeof(bytes));
    explicit_bzero(digits, KEY_DIGITS);
    explicit_bzero(text, sizeof(text));
    (void)close(fd);
    (void)unlink(draft);
    return rv == EEXIST ? APR_SUCCESS : rv;
}

apr_status_t nts_key_make(nts_key_t *key, const char *path, const nts_random_t *random,
                          nts_outcome_t *out, apr_pool_t *p)
{
    struct stat info;
    apr_status_t rv;

    memset(key, 0, sizeof(*key));
    if (lstat(path, &info) != 0 && errno == ENOENT) {
        rv = write_new(path, random, p);
        if (rv != APR_SUCCESS) {
            return refuse(out, p, rv, path, "cannot be made",
                          "Create its directory, or name another file in NotionSyncSecretKey.");
        }
    }
    return nts_key_read(key, path, out, p);
}
