/* nts_secret.c - secrets by reference. What was read is never part of a message. */
#include <signal.h>
#include <string.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_thread_proc.h>

#include "base/nts_secret.h"
#include "base/nts_str.h"

#define COMMAND_TIMEOUT apr_time_from_sec(10)

#define FILE_FORM "file:"
#define ENV_FORM "env:"
#define EXEC_FORM "exec:"

/* What stands behind the form, or NULL. */
static const char *behind(const char *reference, const char *form)
{
    apr_size_t len = strlen(form);

    if (strncmp(reference, form, len) != 0) {
        return NULL;
    }
    return reference[len + strspn(reference + len, " \t")] ? reference + len : NULL;
}

int nts_secret_is_reference(const char *reference)
{
    return reference && (behind(reference, FILE_FORM) || behind(reference, ENV_FORM) ||
                         behind(reference, EXEC_FORM));
}

static apr_status_t refuse(nts_outcome_t *out, apr_pool_t *p, apr_status_t rv,
                           const char *reference, const char *why)
{
    char cause[200];

    nts_outcome_set(out, p, NTS_REMEDY_PERSON, "secret.unreadable", "%s: %s%s%s", reference, why,
                    rv ? ": " : "", rv ? apr_strerror(rv, cause, sizeof(cause)) : "");
    if (out) {
        out->advice = "make the secret available to the server and restart it";
    }
    return rv ? rv : APR_EINVAL;
}

/* Read up to a line's end, the source's end, or one byte more than is allowed; *len tells how much. */
static apr_status_t read_line(char *line, apr_size_t *len, apr_file_t *file, apr_time_t deadline)
{
    *len = 0;
    while (*len <= NTS_SECRET_MAX) {
        apr_size_t got = NTS_SECRET_MAX + 1 - *len;
        apr_status_t rv;

        if (deadline) {
            apr_interval_time_t left = deadline - apr_time_now();

            /* The wall clock may step: never wait longer than asked, never less than a moment. */
            left = left < 1 ? 1 : left > COMMAND_TIMEOUT ? COMMAND_TIMEOUT : left;
            rv = apr_file_pipe_timeout_set(file, left);
            if (rv != APR_SUCCESS) {
                return rv;
            }
        }
        rv = apr_file_read(file, line + *len, &got);
        if (APR_STATUS_IS_EOF(rv)) {
            return APR_SUCCESS;
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
        *len += got;
        if (memchr(line + *len - got, '\n', got)) {
            return APR_SUCCESS;
        }
    }
    return APR_SUCCESS;
}

/* The line as a secret: trimmed, and fit to stand in a header or a connection string. */
static apr_status_t accept_line(const char **secret, const char *line, apr_size_t len,
                                const char *reference, nts_outcome_t *out, apr_pool_t *p)
{
    const char *end = memchr(line, '\n', len);
    apr_size_t i;

    if (end) {
        len = (apr_size_t)(end - line);
    }
    while (len > 0 && strchr(" \t\r", line[len - 1]) && line[len - 1]) {
        len--;
    }
    while (len > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    if (len == 0) {
        return refuse(out, p, 0, reference, "the first line is empty");
    }
    if (len > NTS_SECRET_MAX) {
        return refuse(out, p, 0, reference, "the first line is too long for a secret");
    }
    for (i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            return refuse(out, p, 0, reference, "the first line has control characters in it");
        }
    }
    if (!nts_utf8_is_valid(line, len)) {
        return refuse(out, p, 0, reference, "the first line is not UTF-8");
    }
    *secret = apr_pstrmemdup(p, line, len);
    return APR_SUCCESS;
}

static apr_status_t fetch_file(char *line, apr_size_t *len, const char *path, const char *reference,
                               nts_outcome_t *out, apr_pool_t *p, apr_pool_t *ptemp)
{
    apr_finfo_t info;
    apr_file_t *file;
    apr_status_t rv = apr_stat(&info, path, APR_FINFO_TYPE, ptemp);

    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        return refuse(out, p, rv, reference, "cannot find the file");
    }
    /* Opening a FIFO without a writer would wait for ever. */
    if (info.filetype != APR_REG && info.filetype != APR_CHR) {
        return refuse(out, p, 0, reference, "is not a file");
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, ptemp);
    if (rv != APR_SUCCESS) {
        return refuse(out, p, rv, reference, "cannot open the file");
    }
    rv = read_line(line, len, file, 0);
    if (rv != APR_SUCCESS) {
        return refuse(out, p, rv, reference, "cannot read the file");
    }
    return APR_SUCCESS;
}

static apr_status_t start_command(apr_proc_t *proc, const char *command, apr_pool_t *ptemp)
{
    apr_procattr_t *attr;
    char **argv;
    apr_status_t rv = apr_tokenize_to_argv(command, &argv, ptemp);

    if (rv == APR_SUCCESS && !argv[0]) {
        rv = APR_EINVAL;
    }
    if (rv == APR_SUCCESS) {
        rv = apr_procattr_create(&attr, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_procattr_io_set(attr, APR_NO_FILE, APR_FULL_BLOCK, APR_NO_PIPE);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_procattr_cmdtype_set(attr, APR_PROGRAM_PATH);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_procattr_error_check_set(attr, 1);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_proc_create(proc, argv[0], (const char *const *)argv, NULL, attr, ptemp);
    }
    return rv;
}

/* No shell: words are split as a shell would, nothing is expanded. */
static apr_status_t fetch_command(char *line, apr_size_t *len, const char *command,
                                  const char *reference, nts_outcome_t *out, apr_pool_t *p,
                                  apr_pool_t *ptemp)
{
    apr_time_t deadline = apr_time_now() + COMMAND_TIMEOUT;
    apr_proc_t proc;
    apr_exit_why_e why = APR_PROC_EXIT;
    int code = 0;
    char rest[512];
    apr_size_t got;
    apr_status_t rv = start_command(&proc, command, ptemp);

    if (rv != APR_SUCCESS) {
        return refuse(out, p, rv, reference, "cannot start the command");
    }
    rv = read_line(line, len, proc.out, deadline);
    while (rv == APR_SUCCESS && apr_time_now() < deadline) {
        /* Closing the pipe early would kill a command that still has lines to say. */
        got = sizeof(rest);
        if (apr_file_read(proc.out, rest, &got) != APR_SUCCESS) {
            break;
        }
    }
    (void)apr_file_close(proc.out);
    if (rv != APR_SUCCESS || apr_time_now() >= deadline) {
        (void)apr_proc_kill(&proc, SIGKILL);
        (void)apr_proc_wait(&proc, &code, &why, APR_WAIT);
        return refuse(out, p, rv ? rv : APR_TIMEUP, reference, "the command did not answer");
    }
    (void)apr_proc_wait(&proc, &code, &why, APR_WAIT);
    if (!APR_PROC_CHECK_EXIT(why) || code != 0) {
        return refuse(out, p, 0, reference,
                      apr_psprintf(p, "the command ended with %s %d",
                                   APR_PROC_CHECK_EXIT(why) ? "exit code" : "signal", code));
    }
    return APR_SUCCESS;
}

apr_status_t nts_secret_fetch(const char **secret, const char *reference, nts_outcome_t *out,
                              apr_pool_t *p)
{
    char line[NTS_SECRET_MAX + 2];
    apr_size_t len = 0;
    apr_pool_t *ptemp;
    const char *rest;
    apr_status_t rv;

    *secret = NULL;
    if (!nts_secret_is_reference(reference)) {
        return refuse(out, p, APR_EINVAL, "secret", "found no file:PATH, env:NAME or exec:COMMAND");
    }
    (void)apr_pool_create(&ptemp, p);
    apr_pool_tag(ptemp, "nts_secret");
    if ((rest = behind(reference, FILE_FORM)) != NULL) {
        rv = fetch_file(line, &len, rest, reference, out, p, ptemp);
    }
    else if ((rest = behind(reference, EXEC_FORM)) != NULL) {
        rv = fetch_command(line, &len, rest, reference, out, p, ptemp);
    }
    else {
        char *value = NULL;

        rv = apr_env_get(&value, behind(reference, ENV_FORM), ptemp);
        if (rv != APR_SUCCESS) {
            rv = refuse(out, p, 0, reference, "the variable is not in the server's environment");
        }
        else {
            len = strlen(value);
            len = len > NTS_SECRET_MAX + 1 ? NTS_SECRET_MAX + 1 : len;
            memcpy(line, value, len);
        }
    }
    if (rv == APR_SUCCESS) {
        rv = accept_line(secret, line, len, reference, out, p);
    }
    memset(line, 0, sizeof(line));
    apr_pool_destroy(ptemp);
    return rv;
}
