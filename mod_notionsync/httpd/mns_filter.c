/* mns_filter.c - NotionSyncFilter: which side, and the expression, in the line or in a file. */
#include <string.h>

#include <httpd.h>
#include <http_config.h>

#include "httpd/mns_directives.h"

/* *text: the file's content, in the configuration's pool. */
static const char *read_file(const char **text, const mns_args_t *args, const char *path)
{
    apr_pool_t *p = args->cmd->pool;
    char *bytes = apr_palloc(p, NTS_FILTER_TEXT_MAX + 2);
    apr_size_t len = 0;
    apr_file_t *file;
    apr_status_t rv;
    char cause[120];

    path = *path ? ap_server_root_relative(p, path) : NULL;
    if (!path) {
        return mns_args_refuse(args, "no path follows 'file:'");
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, p);
    if (rv == APR_SUCCESS) {
        rv = apr_file_read_full(file, bytes, NTS_FILTER_TEXT_MAX + 1, &len);
        rv = rv == APR_EOF ? APR_SUCCESS : rv;
        (void)apr_file_close(file);
    }
    if (rv != APR_SUCCESS) {
        return mns_args_refuse(args, "cannot read %s: %s", path,
                               apr_strerror(rv, cause, sizeof(cause)));
    }
    bytes[len] = '\0';
    if (strlen(bytes) != len) {
        return mns_args_refuse(args, "%s is no text file", path);
    }
    *text = bytes;
    return NULL;
}

const char *mns_filter_set(mns_setting_t *setting)
{
    static const mns_choice_t sides[] = { { "notion", NTS_NOTION },
                                          { "external", NTS_EXTERNAL },
                                          { NULL, 0 } };
    const mns_args_t *args = &setting->args;
    nts_mapping_t *model = &setting->mapping->model;
    const char *text = args->words[1];
    const char *whole = mns_word_unquote(text, args->cmd->pool);
    const char *wrong;
    int side;
    const char *problem = mns_choice_parse(&side, args, "the side", args->words[0], sides);

    if (!problem && model->filter[side]) {
        problem = mns_args_refuse(args, "the filter of this side is found a second time");
    }
    if (!problem && strncmp(whole ? whole : text, "file:", 5) == 0) {
        problem = read_file(&text, args, (whole ? whole : text) + 5);
    }
    else if (whole) {
        text = whole; /* all of it in quotes, as httpd's own directives have it */
    }
    if (!problem &&
        nts_filter_parse(&model->filter[side], text, &wrong, args->cmd->pool) != APR_SUCCESS) {
        problem = mns_args_refuse(args, "%s", wrong);
    }
    return problem;
}
