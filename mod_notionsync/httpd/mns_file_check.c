/* mns_file_check.c - NotionSyncFileBase and <Location> with NotionSyncServe file: each is of no use without the other. */
#include <string.h>

#include <httpd.h>
#include <http_core.h>
#include <http_log.h>

#include "httpd/mns_file_check.h"
#include "model/nts_file.h"

APLOG_USE_MODULE(notionsync);

/* "/files/" and "/files" are one place. */
static int is_path(const char *path, const char *wanted)
{
    apr_size_t len = strlen(path);

    len -= len > 0 && path[len - 1] == '/';
    return strlen(wanted) == len && !strncmp(path, wanted, len);
}

/* The next <Location> of the server, from number *at on, that serves files; NULL: there is none. */
static const mns_dir_t *next_location(const server_rec *s, int *at)
{
    const core_server_config *core = ap_get_core_module_config(s->module_config);

    while (*at < core->sec_url->nelts) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, (*at)++, ap_conf_vector_t *);
        const mns_dir_t *dir = ap_get_module_config(section, &notionsync_module);

        if (dir && dir->serve == MNS_SERVE_FILE) {
            return dir;
        }
    }
    return NULL;
}

static int is_served(server_rec *s, const nts_mapping_t *model)
{
    for (; s; s = s->next) {
        const mns_dir_t *dir;
        int at = 0;

        while (!strcmp(mns_server_config(s)->vhost, model->vhost) &&
               (dir = next_location(s, &at)) != NULL) {
            if (is_path(dir->path, nts_file_base_path(model->file_base))) {
                return 1;
            }
        }
    }
    return 0;
}

/* In whatever virtual host: a location of the main server is one of all others, too. */
static int serves_anything(const mns_dir_t *dir, const apr_array_header_t *mappings)
{
    int i;

    for (i = 0; i < mappings->nelts; i++) {
        const nts_mapping_t *model = &APR_ARRAY_IDX(mappings, i, const mns_mapping_t *)->model;

        if (model->file_base && is_path(dir->path, nts_file_base_path(model->file_base))) {
            return 1;
        }
    }
    return 0;
}

static void check_locations(server_rec *main, const apr_array_header_t *mappings)
{
    const core_server_config *core = ap_get_core_module_config(main->module_config);
    const server_rec *s;

    for (s = main; s; s = s->next) {
        int at = s == main ? 0 : core->sec_url->nelts;
        const mns_dir_t *dir;

        while ((dir = next_location(s, &at)) != NULL) {
            if (!serves_anything(dir, mappings)) {
                ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, main,
                             "<Location \"%s\"> says NotionSyncServe file, and no mapping has "
                             "links that lead there: without NotionSyncFileBase fields with files "
                             "that Notion keeps are parked",
                             dir->path);
            }
        }
    }
}

void mns_file_check(server_rec *main, const apr_array_header_t *mappings,
                    mns_shared_report_t report, void *baton, int is_quiet, apr_pool_t *ptemp)
{
    int i;

    for (i = 0; i < mappings->nelts; i++) {
        const mns_mapping_t *mapping = APR_ARRAY_IDX(mappings, i, const mns_mapping_t *);
        const nts_mapping_t *model = &mapping->model;

        if (model->file_base && !is_served(main, model)) {
            report(baton, mapping, mapping->where,
                   apr_psprintf(ptemp,
                                "NotionSyncFileBase: links below %s would lead nowhere; add "
                                "<Location \"%s\"> with NotionSyncServe file to the virtual host "
                                "of this mapping",
                                model->file_base, nts_file_base_path(model->file_base)));
        }
    }
    if (!is_quiet) {
        check_locations(main, mappings);
    }
}
