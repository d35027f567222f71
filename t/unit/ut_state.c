/* ut_state.c - the server's key file: made once, read back, refused when somebody else may have had a hand in it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>

#include "base/nts_state.h"
#include "tap/tap.h"

static apr_pool_t *p;
static const char *path;

static void write_key(const char *text, mode_t mode)
{
    apr_file_t *file;

    (void)unlink(path);
    (void)apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                        APR_FPROT_OS_DEFAULT, p);
    (void)apr_file_puts(text, file);
    (void)apr_file_close(file);
    (void)chmod(path, mode);
}

static void refuses(const char *what, const char *words)
{
    nts_outcome_t out = { 0 };
    nts_key_t key;
    nts_key_t none = { { 0 } };

    tap_ok(nts_key_read(&key, path, &out, p) != APR_SUCCESS, "refused: %s", what);
    tap_ok(out.what && strstr(out.what, words), "with the reason: %s",
           out.what ? out.what : "none");
    tap_ok(out.advice != NULL, "and what to do");
    tap_ok(!memcmp(&key, &none, sizeof(key)), "and no key");
}

int main(void)
{
    const char *digits = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    char dir[] = "/tmp/ut_state-XXXXXX";
    const char *other;
    nts_key_t made;
    nts_key_t key;
    struct stat info;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    if (!mkdtemp(dir)) {
        return 1;
    }
    path = nts_state_key_path(apr_pstrcat(p, dir, "/db", NULL), p);
    other = apr_pstrcat(p, dir, "/other", NULL);
    tap_str(path + strlen(dir), "/db.key", "the key lies beside the database");
    tap_str(nts_state_lock_path("/x/db", p), "/x/db.lock", "so does the lock file");
    tap_str(nts_state_wake_path("/x/db", p), "/x/db.wake", "and what wakes the workers");

    tap_int(nts_key_read(&key, path, NULL, p), APR_ENOENT, "no key yet");
    tap_int(nts_key_make(&made, path, &nts_random_system, NULL, p), APR_SUCCESS, "one is made");
    tap_ok(stat(path, &info) == 0 && (info.st_mode & 07777) == 0600, "for its owner alone");
    tap_int(nts_key_read(&key, path, NULL, p), APR_SUCCESS, "and read");
    tap_ok(!memcmp(&key, &made, sizeof(key)), "as it was made");
    tap_int(nts_key_make(&key, path, &nts_random_system, NULL, p), APR_SUCCESS, "making it again");
    tap_ok(!memcmp(&key, &made, sizeof(key)), "changes nothing");

    write_key(apr_pstrcat(p, digits, "\n", NULL), 0600);
    tap_int(nts_key_read(&key, path, NULL, p), APR_SUCCESS, "a key that a person wrote");
    tap_ok(key.bytes[0] == 0 && key.bytes[31] == 0x1f, "in either case of letters");
    write_key(digits, 0400);
    tap_int(nts_key_read(&key, path, NULL, p), APR_SUCCESS, "also without a line's end");
    write_key(apr_pstrcat(p, digits, "00", NULL), 0600);
    refuses("more digits", "64 hexadecimal digits");
    write_key("0123", 0600);
    refuses("fewer digits", "64 hexadecimal digits");
    write_key("", 0600);
    refuses("nothing", "64 hexadecimal digits");
    write_key(apr_pstrcat(p, "zz", digits + 2, NULL), 0600);
    refuses("other letters", "64 hexadecimal digits");
    write_key(digits, 0640);
    refuses("a key that others read", "read or changed by others");
    write_key(digits, 0600);
    (void)link(path, other);
    refuses("a key with a second name", "second name");
    (void)unlink(path);
    (void)symlink(other, path);
    refuses("a link", "cannot be read");
    (void)unlink(path);
    (void)mkdir(path, 0700);
    refuses("a directory", "not a plain file");
    (void)rmdir(path);
    path = apr_pstrcat(p, dir, "/absent/key", NULL);
    tap_ok(nts_key_make(&key, path, &nts_random_system, NULL, p) != APR_SUCCESS,
           "no key where there is no place");

    (void)unlink(other);
    tap_ok(rmdir(dir) == 0, "nothing is left");
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
