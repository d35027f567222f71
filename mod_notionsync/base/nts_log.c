/* nts_log.c - formats lines and hands them to the host program's sink. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nts_log.h"

#define LINE_MAX_BYTES 8192

static void write_to_stderr(void *baton, int level, apr_status_t rv, const char *message);

/* The only static state of the library; set once before any thread or fork. */
static nts_log_fn *log_sink = write_to_stderr;
static void *log_baton;
static int log_max_level = NTS_LOG_WARNING;

static void write_to_stderr(void *baton, int level, apr_status_t rv, const char *message)
{
    char cause[200];

    (void)baton;
    (void)level;
    if (rv == APR_SUCCESS) {
        (void)fprintf(stderr, "notionsync: %s\n", message);
    }
    else {
        (void)fprintf(stderr, "notionsync: %s: %s\n", message,
                      apr_strerror(rv, cause, sizeof(cause)));
    }
}

void nts_log_set_sink(nts_log_fn *sink, void *baton, int max_level)
{
    log_sink = sink ? sink : write_to_stderr;
    log_baton = baton;
    log_max_level = sink ? max_level : NTS_LOG_WARNING;
}

int nts_log_is_level(int level)
{
    return level <= log_max_level;
}

/* End a line that did not fit with dots, and not in the middle of a character. */
static void mark_as_cut(char *line, size_t size)
{
    size_t end = size - 4;

    while (end > 0 && ((unsigned char)line[end] & 0xC0) == 0x80) {
        end--;
    }
    memcpy(line + end, "...", 4);
}

void nts_log(int level, apr_status_t rv, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    char *c;
    va_list args;
    int needed;

    if (!nts_log_is_level(level)) {
        return;
    }
    va_start(args, fmt);
    needed = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (needed < 0) {
        line[0] = '\0';
    }
    else if ((size_t)needed >= sizeof(line)) {
        mark_as_cut(line, sizeof(line));
    }
    for (c = line; *c; c++) {
        /* A service's words must not be able to forge a line or drive a terminal. */
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
    }
    log_sink(log_baton, level, rv, line);
}
