/* mns_config.c - records of directives: made, merged, found. */
#include <string.h>

#include "httpd/mns_config.h"

void *mns_server_create(apr_pool_t *p, server_rec *s)
{
    mns_server_t *server = apr_pcalloc(p, sizeof(*server));

    server->server = s;
    server->main = server;
    server->vhost = "";
    server->services = apr_array_make(p, 4, sizeof(mns_service_t *));
    server->mappings = apr_array_make(p, 4, sizeof(mns_mapping_t *));
    server->global.workers = 2;
    server->global.audit_keep = apr_time_from_sec(90 * 86400);
    server->global.audit_values = 1;
    return server;
}

/* Sections stay with the server they stand in; a virtual host only learns where the others are. */
void *mns_server_merge(apr_pool_t *p, void *base, void *add)
{
    mns_server_t *merged = apr_pmemdup(p, add, sizeof(mns_server_t));

    merged->main = base;
    return merged;
}

void *mns_dir_create(apr_pool_t *p, char *path)
{
    mns_dir_t *dir = apr_pcalloc(p, sizeof(*dir));

    dir->path = path ? path : "";
    return dir;
}

/* httpd applies every <Location> that matches, in the order of the files. Where one lies inside another
 * the inner one must win even when it was written first: "/notionsync/hook" before "/notionsync". */
void *mns_dir_merge(apr_pool_t *p, void *base, void *add)
{
    const mns_dir_t *before = base;
    const mns_dir_t *after = add;

    (void)p;
    if (after->serve == MNS_SERVE_NOTHING ||
        (before->serve != MNS_SERVE_NOTHING && strlen(before->path) > strlen(after->path))) {
        return base;
    }
    return add;
}

mns_server_t *mns_server_config(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &notionsync_module);
}

static mns_service_t *find_own_service(const mns_server_t *server, const char *name)
{
    int i;

    for (i = 0; i < server->services->nelts; i++) {
        mns_service_t *service = APR_ARRAY_IDX(server->services, i, mns_service_t *);

        if (!strcmp(service->model.name, name)) {
            return service;
        }
    }
    return NULL;
}

mns_service_t *mns_service_find(const mns_server_t *server, const char *name)
{
    mns_service_t *service = find_own_service(server, name);

    if (!service && server->main != server) {
        service = find_own_service(server->main, name);
    }
    return service;
}

const char *mns_where_text(const ap_directive_t *where, apr_pool_t *p)
{
    return apr_psprintf(p, "%s:%d", where->filename, where->line_num);
}
