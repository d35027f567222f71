/* Proves that a fuzzer's collected inputs, and changes made to them by a fixed recipe, break nothing (R6).
 *   ut_fuzz_NAME             t/fuzz/corpus/NAME, each file as it is and changed CHANGES times
 *   ut_fuzz_NAME FILE ...    these files as they are: how an input that `make fuzz` found is tried again */
#include <signal.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_tables.h>

#include "fuzz.h"
#include "tap/tap.h"

#define CHANGES 300
#define LARGEST ((size_t)1 << 20)

static char trying[512]; /* for the message of one that crashes */

static void tell(void)
{
    static const char words[] = "# the process died of this input: ";

    (void)!write(STDOUT_FILENO, words, sizeof(words) - 1);
    (void)!write(STDOUT_FILENO, trying, strlen(trying));
    (void)!write(STDOUT_FILENO, "\n", 1);
}

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_set_death_callback(void (*callback)(void));

static void watch_for_death(void)
{
    __sanitizer_set_death_callback(tell);
}
#else
static void tell_and_die(int number)
{
    tell();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void watch_for_death(void)
{
    static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGABRT };
    size_t i;

    for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        (void)signal(deadly[i], tell_and_die);
    }
}
#endif

static unsigned roll(unsigned *dice, unsigned below)
{
    *dice = *dice * 1664525u + 1013904223u;
    return (*dice >> 8) % below;
}

/* As libFuzzer does it, in small: bytes changed, cut out, doubled, or put in from elsewhere in the text. */
static size_t change(unsigned char *to, const unsigned char *data, size_t len, unsigned *dice)
{
    unsigned times = 1 + roll(dice, 4);

    memcpy(to, data, len);
    while (len && times--) {
        size_t at = roll(dice, (unsigned)len);
        size_t from = roll(dice, (unsigned)len);
        size_t span = 1 + roll(dice, 8);

        switch (roll(dice, 4)) {
        case 0:
            to[at] = (unsigned char)roll(dice, 256);
            break;
        case 1:
            to[at] = (unsigned char)"\"{}[],:\\0-9eE.uTZ%'=\t"[roll(dice, 22)];
            break;
        case 2:
            span = span < len - at ? span : len - at;
            memmove(to + at, to + at + span, len - at - span);
            len -= span;
            break;
        default:
            span = span < len - from ? span : len - from;
            if (len + span <= LARGEST) {
                memmove(to + at + span, to + at, len - at);
                memcpy(to + at, data + from, span);
                len += span;
            }
        }
    }
    return len;
}

static int try_file(const char *path, int changes, apr_pool_t *p)
{
    static unsigned char data[LARGEST];
    static unsigned char changed[LARGEST + 64];
    unsigned dice = 1;
    apr_size_t len = sizeof(data) / 2;
    apr_file_t *file;
    int i;

    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_OS_DEFAULT, p) !=
        APR_SUCCESS) {
        return 0;
    }
    (void)apr_file_read_full(file, data, len, &len);
    (void)apr_file_close(file);
    (void)snprintf(trying, sizeof(trying), "%s", path);
    (void)LLVMFuzzerTestOneInput(data, len);
    for (i = 1; i <= changes; i++) {
        size_t size = change(changed, data, len, &dice);

        (void)snprintf(trying, sizeof(trying), "%s, change %d", path, i);
        (void)LLVMFuzzerTestOneInput(changed, size);
    }
    return 1;
}

static int try_folder(const char *name, apr_pool_t *p)
{
    const char *source = getenv("NTS_SRCDIR");
    const char *path = apr_pstrcat(p, source ? source : ".", "/t/fuzz/corpus/", name, NULL);
    apr_finfo_t info;
    apr_dir_t *dir;
    int count = 0;

    if (apr_dir_open(&dir, path, p) != APR_SUCCESS) {
        tap_diag("no folder %s", path);
        return 0;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        if (info.name[0] != '.') {
            count += try_file(apr_pstrcat(p, path, "/", info.name, NULL), CHANGES, p);
        }
    }
    (void)apr_dir_close(dir);
    return count;
}

int main(int argc, char **argv)
{
    const char *name = strstr(argv[0], "ut_fuzz_");
    apr_pool_t *p;
    int count = 0;
    int i;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    watch_for_death();
    for (i = 1; i < argc; i++) {
        tap_ok(try_file(argv[i], 0, p), "%s", argv[i]);
    }
    if (argc == 1) {
        count = try_folder(name ? name + strlen("ut_fuzz_") : "", p);
        tap_ok(count > 0, "%d inputs and %d changes to each", count, CHANGES);
    }
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
