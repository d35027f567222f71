/* Secrets are fetched by reference; failures say why without showing what was read. */
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>

#include "base/nts_secret.h"
#include "tap/tap.h"

static apr_pool_t *pool;
static char path[] = "/tmp/ut_secret_XXXXXX";

static const char *file_with(const char *bytes, apr_size_t len)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        abort();
    }
    return apr_pstrcat(pool, "file:", path, NULL);
}

static void fetches(const char *reference, const char *want, const char *name)
{
    const char *secret;
    nts_outcome_t out = { 0 };
    apr_status_t rv = nts_secret_fetch(&secret, reference, &out, pool);

    tap_ok(rv == APR_SUCCESS, "%s: is fetched", name);
    tap_str(secret, want, "%s: is what it should be", name);
}

static void refuses(const char *reference, const char *why, const char *name)
{
    const char *secret = "x";
    nts_outcome_t out = { 0 };
    apr_status_t rv = nts_secret_fetch(&secret, reference, &out, pool);
    const char *text = nts_outcome_text(&out, pool);

    tap_ok(rv != APR_SUCCESS && secret == NULL, "%s: is refused", name);
    tap_ok(strstr(text, why) != NULL, "%s: says %s: %s", name, why, text);
    tap_ok(strstr(text, "hush") == NULL, "%s: the contents are not shown", name);
}

static void test_forms(void)
{
    tap_ok(nts_secret_is_reference("file:/etc/x"), "file: is a reference");
    tap_ok(nts_secret_is_reference("env:X"), "env: is a reference");
    tap_ok(nts_secret_is_reference("exec:/bin/true"), "exec: is a reference");
    tap_ok(!nts_secret_is_reference("file:"), "nothing behind file: is none");
    tap_ok(!nts_secret_is_reference("file:  "), "blanks behind file: are none");
    tap_ok(!nts_secret_is_reference("ntn_hush"), "a token is none");
    tap_ok(!nts_secret_is_reference(NULL), "nothing is none");
    refuses("ntn_hush", "file:PATH", "a token in place of a reference");
}

static void test_file(void)
{
    char big[NTS_SECRET_MAX + 100];

    memset(big, 'h', sizeof(big));
    fetches(file_with(" hush hush\t\r\nmore\n", 18), "hush hush", "a file with two lines");
    fetches(file_with("hush", 4), "hush", "a file without a line end");
    fetches(file_with(big, NTS_SECRET_MAX), apr_pstrmemdup(pool, big, NTS_SECRET_MAX),
            "the longest secret");
    refuses(file_with("", 0), "empty", "an empty file");
    refuses(file_with("\nhush\n", 6), "empty", "an empty first line");
    refuses(file_with("hu\0sh", 5), "control", "a NUL");
    refuses(file_with("hush\rX: y", 9), "control", "a carriage return inside");
    refuses(file_with("hush\xff", 5), "UTF-8", "bytes that are no text");
    refuses(file_with(big, sizeof(big)), "too long", "an endless line");
    refuses("file:/tmp", "not a file", "a directory");
    refuses("file:/nonexistent/hus", "cannot find", "a file that is not there");
}

static void test_env(void)
{
    (void)setenv("UT_SECRET", "hush", 1);
    fetches("env:UT_SECRET", "hush", "a variable");
    refuses("env:UT_SECRET_NONE", "environment", "a variable that is not there");
}

static void test_exec(void)
{
    fetches("exec:/bin/sh -c 'echo hush; echo more'", "hush", "a command");
    fetches("exec:echo hush", "hush", "a command found through PATH");
    fetches("exec:/bin/echo $HOME", "$HOME", "no shell expands the command's words");
    refuses("exec:/bin/sh -c 'h=hu; echo ${h}sh; exit 3'", "exit code 3", "a command that fails");
    refuses("exec:/nonexistent/command", "cannot start", "a command that is not there");
    refuses("exec:/bin/true", "empty", "a command that says nothing");
}

int main(void)
{
    int fd = mkstemp(path);

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_forms();
    test_file();
    test_env();
    test_exec();
    (void)close(fd);
    (void)unlink(path);
    apr_terminate();
    return tap_done();
}
