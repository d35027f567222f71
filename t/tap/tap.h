/* Lets a C program report its checks to prove(1): one line per check on standard output, with what
 * was found and what was wanted when they differ.
 *
 *     tap_ok(list_is_empty(l), "a new list is empty");
 *     tap_int(list_len(l), 3, "three items after %d pushes", 3);
 *     tap_str(name, "Ada", "the name survives");
 *     return tap_done();
 *
 * Every check yields 1 when it held and 0 otherwise, so that a test can stop where going on makes
 * no sense. The counters are the program's: all its files that include this share them.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TAP_FORMAT(f, a) __attribute__((format(printf, f, a), unused))

__attribute__((weak)) int tap_count;
__attribute__((weak)) int tap_failures;

#define tap_ok(cond, ...) tap_check_(!!(cond), __FILE__, __LINE__, #cond, __VA_ARGS__)
#define tap_int(got, want, ...)                                                                    \
    tap_check_int_((long long)(got), (long long)(want), __FILE__, __LINE__, #got, __VA_ARGS__)
#define tap_str(got, want, ...) tap_check_str_(got, want, __FILE__, __LINE__, #got, __VA_ARGS__)

/* Comment for the person who reads the output; each line of it gets the mark TAP asks for. */
TAP_FORMAT(1, 2) static void tap_diag(const char *fmt, ...)
{
    char text[4096];
    const char *line = text;
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    for (;;) {
        size_t len = strcspn(line, "\n");

        printf("# %.*s\n", (int)len, line);
        if (line[len] == '\0' || line[len + 1] == '\0') {
            break;
        }
        line += len + 1;
    }
    (void)fflush(stdout);
}

__attribute__((unused)) static int tap_line_(int held, const char *file, int line, const char *what,
                                             const char *fmt, va_list args)
{
    char name[1024];
    char *c;

    (void)vsnprintf(name, sizeof(name), fmt, args);
    for (c = name; *c; c++) {
        /* A line break would end the report line, and '#' would start a TAP directive. */
        if (*c == '\n' || *c == '\r' || *c == '#') {
            *c = ' ';
        }
    }
    tap_count++;
    printf("%s %d - %s\n", held ? "ok" : "not ok", tap_count, name);
    if (!held) {
        tap_failures++;
        printf("#   %s:%d: %s\n", file, line, what);
    }
    /* What was reported before a crash must not be lost in a buffer. */
    (void)fflush(stdout);
    return held;
}

TAP_FORMAT(5, 6)
static int tap_check_(int held, const char *file, int line, const char *what, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    held = tap_line_(held, file, line, what, fmt, args);
    va_end(args);
    return held;
}

TAP_FORMAT(6, 7)
static int tap_check_int_(long long got, long long want, const char *file, int line,
                          const char *what, const char *fmt, ...)
{
    int held = got == want;
    va_list args;

    va_start(args, fmt);
    (void)tap_line_(held, file, line, what, fmt, args);
    va_end(args);
    if (!held) {
        tap_diag("  found  %lld\n  wanted %lld", got, want);
    }
    return held;
}

/* Print s on a line of its own so that bytes one cannot see can be told apart. */
__attribute__((unused)) static void tap_show_(const char *label, const char *s)
{
    if (s == NULL) {
        printf("#   %s NULL\n", label);
        return;
    }
    printf("#   %s \"", label);
    for (; *s; s++) {
        unsigned char b = (unsigned char)*s;

        if (b == '"' || b == '\\') {
            printf("\\%c", b);
        }
        else if (b == '\n') {
            printf("\\n");
        }
        else if (b < 0x20 || b == 0x7f) {
            printf("\\x%02x", b);
        }
        else {
            (void)putchar(b);
        }
    }
    printf("\"\n");
}

/* Two NULLs are equal; NULL and "" are not. */
TAP_FORMAT(6, 7)
static int tap_check_str_(const char *got, const char *want, const char *file, int line,
                          const char *what, const char *fmt, ...)
{
    int held = (got && want) ? strcmp(got, want) == 0 : got == want;
    va_list args;

    va_start(args, fmt);
    (void)tap_line_(held, file, line, what, fmt, args);
    va_end(args);
    if (!held) {
        size_t same = 0;

        tap_show_("found ", got);
        tap_show_("wanted", want);
        while (got && want && got[same] == want[same]) {
            same++;
        }
        if (same > 40) {
            tap_diag("  they differ from byte %zu on", same);
        }
        (void)fflush(stdout);
    }
    return held;
}

/* Report that n checks do not apply here, and why. */
TAP_FORMAT(2, 3) static void tap_skip(int n, const char *fmt, ...)
{
    char why[256];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    while (n-- > 0) {
        printf("ok %d # SKIP %s\n", ++tap_count, why);
    }
    (void)fflush(stdout);
}

/* The plan comes last because it is known last. Returns main's exit code. */
__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    (void)fflush(stdout);
    return tap_failures == 0 && tap_count > 0 ? 0 : 1;
}

#endif /* TAP_H */
