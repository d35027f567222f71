/* mns_reference.c - arguments that point elsewhere: where a secret is, and where a service is. */
#include <string.h>

#include <apr_uri.h>

#include "base/nts_secret.h"
#include "base/nts_str.h"
#include "httpd/mns_parse.h"

/* What looks like a reference but cannot be one, without ever repeating what may be a secret. */
static const char *refuse_secret(const mns_args_t *args, int may_exec)
{
    return mns_args_refuse(args,
                           "what was found is no reference, and a secret itself must not stand in "
                           "the configuration: put it into a file that only root can read, and "
                           "name the file (env:NAME%s)",
                           may_exec ? " and exec:COMMAND serve too" : " serves too");
}

static const char *parse_secret_file(const char **reference, const mns_args_t *args,
                                     const char *path)
{
    const char *absolute = ap_server_root_relative(args->cmd->pool, path);

    if (!absolute) {
        return mns_args_refuse(args, "'%s' is not a path", path);
    }
    *reference = apr_pstrcat(args->cmd->pool, "file:", absolute, NULL);
    return NULL;
}

static const char *parse_secret_variable(const mns_args_t *args, const char *name)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    if (strspn(name, allowed) != strlen(name) || (*name >= '0' && *name <= '9')) {
        /* Somebody may have put the token here. */
        return mns_args_refuse(args,
                               "what follows env: is not the name of an environment variable");
    }
    return NULL;
}

static const char *parse_secret_command(const mns_args_t *args, const char *command, int may_exec)
{
    if (!may_exec) {
        return mns_args_refuse(args, "exec: is not possible here: httpd itself reads this secret, "
                                     "and runs no programs while it starts");
    }
    if (*command != '/') {
        return mns_args_refuse(args, "the command behind exec: does not begin with '/'");
    }
    return NULL;
}

const char *mns_secret_parse(const char **reference, const mns_args_t *args, const char *word,
                             int may_exec)
{
    *reference = word;
    if (!nts_secret_is_reference(word)) {
        return refuse_secret(args, may_exec);
    }
    if (!strncmp(word, "file:", 5)) {
        return parse_secret_file(reference, args, word + 5);
    }
    if (!strncmp(word, "env:", 4)) {
        return parse_secret_variable(args, word + 4);
    }
    return parse_secret_command(args, word + 5, may_exec);
}

/* Names and numbers of this machine, as they stand in an address. */
static int is_loopback(const char *host)
{
    const char *digits = "0123456789.";

    return nts_str_equal_nocase(host, "localhost") || !strcmp(host, "::1") ||
           (!strncmp(host, "127.", 4) && strspn(host, digits) == strlen(host));
}

/* @a clear: what would travel in clear over http */
static const char *check_address(const mns_args_t *args, const char *word, const char *clear)
{
    apr_uri_t uri;

    if (apr_uri_parse(args->cmd->pool, word, &uri) != APR_SUCCESS || !uri.scheme || !uri.hostname ||
        !*uri.hostname) {
        return mns_args_refuse(args, "'%s' is not an address", word);
    }
    if (uri.user || uri.password) {
        return mns_args_refuse(args, "the address holds a user or a password, which belong into a "
                                     "file that only root can read");
    }
    if (uri.query || uri.fragment) {
        return mns_args_refuse(args,
                               "'%s' goes on after the path: '?' and '#' have no place in a "
                               "base address",
                               word);
    }
    if (strcmp(uri.scheme, "https") != 0 && strcmp(uri.scheme, "http") != 0) {
        return mns_args_refuse(args, "'%s' begins with neither https: nor http:", word);
    }
    if (!strcmp(uri.scheme, "http") && !is_loopback(uri.hostname)) {
        return mns_args_refuse(args,
                               "'%s' would send the %s in clear: only this machine itself "
                               "(localhost, 127.0.0.1, [::1]) may be reached without https",
                               word, clear);
    }
    return NULL;
}

static const char *cut_slashes(const char *word, apr_pool_t *p)
{
    apr_size_t len = strlen(word);

    while (len > 0 && word[len - 1] == '/') {
        len--;
    }
    return apr_pstrmemdup(p, word, len);
}

const char *mns_endpoint_parse(const char **address, const mns_args_t *args, const char *word)
{
    *address = cut_slashes(word, args->cmd->pool);
    return check_address(args, word, "token");
}

const char *mns_base_parse(const char **address, const mns_args_t *args, const char *word)
{
    const char *problem = check_address(args, word, "links");

    *address = cut_slashes(word, args->cmd->pool);
    if (!problem && !strchr(strstr(*address, "://") + 3, '/')) {
        problem = mns_args_refuse(args,
                                  "'%s' names no path: it is that of the <Location> with "
                                  "NotionSyncServe file",
                                  word);
    }
    return problem;
}

const char *mns_redirect_parse(const char **address, const mns_args_t *args, const char *word)
{
    const char *path = strstr(word, "://");
    const char *problem = check_address(args, word, "code");

    path = path ? strchr(path + 3, '/') : NULL;
    if (!problem && !path) {
        problem =
            mns_args_refuse(args, "redirect= names no path: it is that of the <Location> with "
                                  "NotionSyncServe oauth");
    }
    *address = word;
    return problem;
}
