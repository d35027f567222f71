/* mns_check.c - what only the whole configuration can tell: names that refer, files that are named. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include <httpd.h>
#include <http_core.h>
#include <http_log.h>

#include <apr_file_io.h>

#include "base/nts_str.h"
#include "httpd/mns_check.h"
#include "httpd/mns_file_check.h"
#include "httpd/mns_relation.h"
#include "httpd/mns_shared.h"

APLOG_USE_MODULE(notionsync);

typedef struct check_t {
    server_rec *main;
    apr_pool_t *p;
    apr_pool_t *ptemp;
    int testing; /* httpd -t */
    int quiet;   /* first of the two readings at start: the second one says it in the right log */
    int wrong;   /* the configuration cannot be used */
} check_t;

/* One line, wherever the problem is. */
static void report(check_t *check, const char *section, const char *name,
                   const ap_directive_t *where, const char *problem)
{
    ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, check->main,
                 "<%s %s> on line %d of %s: %s", section, name, where->line_num, where->filename,
                 problem);
}

/* ---- virtual hosts ---- */

static int has_sections(const mns_server_t *server)
{
    return server->services->nelts > 0 || server->mappings->nelts > 0;
}

/* Records of virtual hosts have their own server; others share the main one's (D58). */
static int owns_record(const server_rec *s)
{
    return mns_server_config(s)->server == s;
}

static const char *host_name(const server_rec *s, apr_pool_t *p)
{
    return s->server_hostname ? s->server_hostname
                              : apr_psprintf(p, "%s:%d", s->defn_name, (int)s->defn_line_number);
}

/* One name for each virtual host with sections: its ServerName, with the port where two would be equal
 * (one site over http and https). */
static void name_hosts(const check_t *check)
{
    const server_rec *s;
    const server_rec *other;

    for (s = check->main->next; s; s = s->next) {
        mns_server_t *server = mns_server_config(s);
        int shared = 0;

        if (!owns_record(s)) {
            continue;
        }
        for (other = check->main->next; other; other = other->next) {
            shared |= other != s && owns_record(other) && has_sections(mns_server_config(other)) &&
                      !strcasecmp(host_name(s, check->ptemp), host_name(other, check->ptemp));
        }
        server->vhost = host_name(s, check->p);
        if (shared && s->addrs) {
            server->vhost =
                apr_psprintf(check->p, "%s:%u", server->vhost, (unsigned)s->addrs->host_port);
        }
    }
}

static void check_hosts(check_t *check)
{
    const server_rec *s;
    const server_rec *other;

    for (s = check->main->next; s; s = s->next) {
        const mns_server_t *server = mns_server_config(s);

        for (other = check->main->next; other != s; other = other->next) {
            const mns_server_t *before = mns_server_config(other);

            if (owns_record(s) && owns_record(other) && has_sections(server) &&
                has_sections(before) && !strcasecmp(server->vhost, before->vhost)) {
                check->wrong = 1;
                ap_log_error(
                    APLOG_MARK, APLOG_ERR | APLOG_STARTUP, 0, check->main,
                    "<VirtualHost> on line %u of %s: it has the same name and port, %s, as "
                    "the one on line %u of %s, and both hold NotionSync sections; give one "
                    "of them another ServerName",
                    s->defn_line_number, s->defn_name, server->vhost, other->defn_line_number,
                    other->defn_name);
            }
        }
    }
}

/* ---- mappings ---- */

static const char *kind_name(nts_service_kind_t kind)
{
    return kind == NTS_SERVICE_NOTION ? "notion" : "sql";
}

#define ANY_KIND (-1)

static int is_kind(const nts_service_t *service, int kind)
{
    return kind == ANY_KIND || (int)service->kind == kind;
}

static const char *list_services(const mns_server_t *server, int kind, apr_pool_t *p)
{
    const char *list = NULL;
    const char *name;
    int round;
    int i;

    for (round = 0; round < (server->main == server ? 1 : 2); round++) {
        const apr_array_header_t *services = round ? server->main->services : server->services;

        for (i = 0; i < services->nelts; i++) {
            const nts_service_t *model = &APR_ARRAY_IDX(services, i, mns_service_t *)->model;

            if (is_kind(model, kind)) {
                list = apr_pstrcat(p, list ? list : "", list ? ", " : "", model->name, NULL);
            }
        }
    }
    if (kind == ANY_KIND) {
        return list ? apr_psprintf(p, "services here: %s", list) : "no service is configured here";
    }
    name = kind_name((nts_service_kind_t)kind);
    return list ? apr_psprintf(p, "services of the kind %s here: %s", name, list)
                : apr_psprintf(p, "no service of the kind %s is configured here", name);
}

/* The service a mapping names, or NULL after having said why not. */
static const nts_service_t *join_service(check_t *check, const mns_server_t *server,
                                         const mns_mapping_t *mapping, const char *directive,
                                         const char *name, int kind)
{
    const mns_service_t *service = mns_service_find(server, name);
    const char *problem = NULL;

    if (!service) {
        problem = apr_psprintf(check->ptemp, "%s: there is no service '%s'; %s", directive, name,
                               list_services(server, kind, check->ptemp));
    }
    else if (!is_kind(&service->model, kind)) {
        problem =
            apr_psprintf(check->ptemp,
                         "%s: the service '%s' (%s) is of the kind %s where one of the kind %s "
                         "is expected; %s",
                         directive, name, mns_where_text(service->where, check->ptemp),
                         kind_name(service->model.kind), kind_name((nts_service_kind_t)kind),
                         list_services(server, kind, check->ptemp));
    }
    if (problem) {
        check->wrong = 1;
        report(check, "NotionSyncMapping", mapping->model.name, mapping->where, problem);
        return NULL;
    }
    return &service->model;
}

/* What an external side that is a data source of Notion cannot be, or NULL. */
static const char *judge_source(nts_mapping_t *model, apr_pool_t *p)
{
    const char *source = NULL;

    if (nts_uuid_normalise(&source, model->collection, p) != APR_SUCCESS) {
        return apr_psprintf(p,
                            "NotionSyncExternal: '%s' is not a data source id, which has 32 "
                            "hexadecimal digits, as the service %s is of the kind notion",
                            model->collection, model->external->name);
    }
    model->collection = source;
    if (!strcmp(model->collection, model->data_source)) {
        return "NotionSyncExternal and NotionSyncNotion name the same data source; it would be "
               "synced with itself";
    }
    if (model->key || model->modified) {
        return "key= and modified= of NotionSyncExternal are for tables; a page is known by its "
               "id, and Notion tells when it was edited";
    }
    return NULL;
}

/* Zero: not, after having said why. */
static int check_external(check_t *check, mns_mapping_t *mapping)
{
    const char *problem = mapping->model.external->kind == NTS_SERVICE_NOTION
                              ? judge_source(&mapping->model, check->p)
                              : NULL;

    if (problem) {
        check->wrong = 1;
        report(check, "NotionSyncMapping", mapping->model.name, mapping->where, problem);
    }
    return !problem;
}

/* Two mappings of one data source to one table are one mapping written twice. */
static void check_identity(check_t *check, const mns_mapping_t *mapping,
                           const apr_array_header_t *before)
{
    const nts_mapping_t *model = &mapping->model;
    int i;

    for (i = 0; i < before->nelts; i++) {
        const mns_mapping_t *other = APR_ARRAY_IDX(before, i, const mns_mapping_t *);

        if (other->model.notion == model->notion && other->model.external == model->external &&
            !strcmp(other->model.data_source, model->data_source) &&
            !strcmp(other->model.collection, model->collection)) {
            check->wrong = 1;
            report(check, "NotionSyncMapping", model->name, mapping->where,
                   apr_psprintf(check->ptemp,
                                "the mapping '%s' (%s) joins the same data source to the same "
                                "collection; put all fields into one mapping",
                                other->model.name, mns_where_text(other->where, check->ptemp)));
        }
    }
}

static void report_shared(void *baton, const mns_mapping_t *mapping, const ap_directive_t *where,
                          const char *problem)
{
    check_t *check = baton;

    check->wrong = 1;
    report(check, "NotionSyncMapping", mapping->model.name, where, problem);
}

static void join_mappings(check_t *check)
{
    apr_array_header_t *all = apr_array_make(check->ptemp, 8, sizeof(mns_mapping_t *));
    server_rec *s;
    int i;

    for (s = check->main; s; s = s->next) {
        mns_server_t *server = mns_server_config(s);

        for (i = 0; owns_record(s) && i < server->mappings->nelts; i++) {
            mns_mapping_t *mapping = APR_ARRAY_IDX(server->mappings, i, mns_mapping_t *);
            nts_mapping_t *model = &mapping->model;

            model->vhost = server->vhost;
            model->notion = join_service(check, server, mapping, "NotionSyncNotion",
                                         mapping->notion_name, NTS_SERVICE_NOTION);
            model->external = join_service(check, server, mapping, "NotionSyncExternal",
                                           mapping->external_name, ANY_KIND);
            if (model->notion && model->external && check_external(check, mapping)) {
                check_identity(check, mapping, all);
                APR_ARRAY_PUSH(all, mns_mapping_t *) = mapping;
            }
        }
    }
    if (!check->wrong) {
        mns_shared_check(all, report_shared, check, check->ptemp);
        mns_relation_check(all, report_shared, check, check->ptemp);
        mns_file_check(check->main, all, report_shared, check, check->quiet, check->ptemp);
    }
}

/* ---- secrets ---- */

/* Why a secret file will not do, or NULL. */
static const char *judge_file(check_t *check, const mns_service_t *service, const char *directive,
                              const char *path)
{
    apr_pool_t *p = check->ptemp;
    apr_finfo_t info;
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, p);
    char cause[120];

    if (rv != APR_SUCCESS) {
        return apr_psprintf(p,
                            "%s: the file %s cannot be read (%s); create it with the secret as its "
                            "only line, owned by root, mode 0600",
                            directive, path, apr_strerror(rv, cause, sizeof(cause)));
    }
    rv = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_PROT | APR_FINFO_SIZE, file);
    apr_file_close(file);
    if (rv != APR_SUCCESS || info.filetype != APR_REG) {
        return apr_psprintf(p, "%s: %s is not a file; name the file that holds the secret",
                            directive, path);
    }
    if (info.size == 0) {
        return apr_psprintf(p, "%s: the file %s is empty; it must hold the secret as its only line",
                            directive, path);
    }
    if ((info.protection & APR_FPROT_WREAD) && !check->quiet) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, check->main,
            "<NotionSyncService %s> on line %d of %s: %s: everybody on this machine can "
            "read %s; chmod 600 it, and have the secret replaced if others use this machine",
            service->model.name, service->where->line_num, service->where->filename, directive,
            path);
    }
    return NULL;
}

static const char *judge_reference(check_t *check, const mns_service_t *service,
                                   const char *directive, const char *reference)
{
    const char *rest = strchr(reference, ':') + 1;
    const char *program;

    if (!strncmp(reference, "file:", 5)) {
        return judge_file(check, service, directive, rest);
    }
    if (!strncmp(reference, "env:", 4)) {
        const char *value = getenv(rest);

        return value && *value
                   ? NULL
                   : apr_psprintf(check->ptemp,
                                  "%s: the environment of httpd has no variable %s; set it "
                                  "where httpd is started (on Debian: "
                                  "/etc/apache2/envvars, with export)",
                                  directive, rest);
    }
    program = apr_pstrmemdup(check->ptemp, rest, strcspn(rest, " \t"));
    return access(program, X_OK) == 0
               ? NULL
               : apr_psprintf(check->ptemp, "%s: %s is not a program that can be run", directive,
                              program);
}

static void check_reference(check_t *check, const mns_service_t *service, const char *directive,
                            const char *reference)
{
    const char *problem = reference ? judge_reference(check, service, directive, reference) : NULL;

    if (!problem) {
        return;
    }
    if (check->testing) {
        check->wrong = 1;
    }
    else {
        problem = apr_pstrcat(check->ptemp, problem,
                              "; until a restart after that, what needs it stays blocked", NULL);
    }
    if (!check->quiet) {
        report(check, "NotionSyncService", service->model.name, service->where, problem);
    }
}

static void check_services(check_t *check)
{
    server_rec *s;
    int i;

    for (s = check->main; s; s = s->next) {
        mns_server_t *server = mns_server_config(s);

        for (i = 0; owns_record(s) && i < server->services->nelts; i++) {
            mns_service_t *service = APR_ARRAY_IDX(server->services, i, mns_service_t *);

            service->model.vhost = server->vhost;
            check_reference(check, service, "NotionSyncToken", service->model.token);
            check_reference(check, service, "NotionSyncOAuth", service->model.oauth_secret);
            check_reference(check, service, "NotionSyncDatabasePassword", service->model.password);
            check_reference(check, service, "NotionSyncHookSecret", service->model.hook_secret);
        }
    }
}

/* ---- the hook ---- */

int mns_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    check_t check = { .main = s, .p = pconf, .ptemp = ptemp };

    (void)plog;
    check.testing = ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
    check.quiet = !check.testing && ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
    name_hosts(&check);
    check_hosts(&check);
    check_services(&check);
    join_mappings(&check);
    return check.wrong ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

void mns_setup_make(nts_setup_t *setup, server_rec *s, apr_pool_t *p)
{
    apr_array_header_t *services = apr_array_make(p, 8, sizeof(const nts_service_t *));
    apr_array_header_t *mappings = apr_array_make(p, 8, sizeof(nts_mapping_t *));
    int i;

    for (; s; s = s->next) {
        mns_server_t *server = mns_server_config(s);

        for (i = 0; owns_record(s) && i < server->services->nelts; i++) {
            APR_ARRAY_PUSH(services, const nts_service_t *) =
                &APR_ARRAY_IDX(server->services, i, mns_service_t *)->model;
        }
        for (i = 0; owns_record(s) && i < server->mappings->nelts; i++) {
            APR_ARRAY_PUSH(mappings, nts_mapping_t *) =
                &APR_ARRAY_IDX(server->mappings, i, mns_mapping_t *)->model;
        }
    }
    setup->services = (const nts_service_t *const *)services->elts;
    setup->service_count = services->nelts;
    setup->mappings = (nts_mapping_t *const *)mappings->elts;
    setup->mapping_count = mappings->nelts;
}
