/* mns_service.c - <NotionSyncService> and what stands in it. */
#include <string.h>

#include <apr_lib.h>

#include "connector/sql/nts_sql_dialect.h"
#include "httpd/mns_directives.h"

static const mns_choice_t kinds[] = {
    { "notion", NTS_SERVICE_NOTION },
    { "sql", NTS_SERVICE_SQL },
    { "airtable", -1 },
    { "sheets", -1 },
    { "rest", -1 },
    { NULL, 0 },
};

/* What the section must hold, once it was read. */
static const char *check_whole(const mns_args_t *args, const nts_service_t *model)
{
    const char *missing = NULL;

    if (model->kind == NTS_SERVICE_NOTION && !model->token && !model->oauth_client) {
        missing = "NotionSyncToken, for example: NotionSyncToken file:/etc/notionsync/token";
    }
    if (model->kind == NTS_SERVICE_SQL && !model->database) {
        missing = "NotionSyncDatabase, for example: NotionSyncDatabase sqlite /var/lib/crm/crm.db";
    }
    if (!missing) {
        return NULL;
    }
    args->cmd->err_directive = args->cmd->directive;
    return apr_psprintf(args->cmd->pool, "%s: the service '%s' lacks %s", args->name, model->name,
                        missing);
}

static const char *check_unique(const mns_args_t *args, const mns_server_t *server,
                                const char *name)
{
    int i;

    for (i = 0; i < server->services->nelts; i++) {
        const mns_service_t *other = APR_ARRAY_IDX(server->services, i, mns_service_t *);

        if (!strcmp(other->model.name, name)) {
            return mns_args_refuse(args, "the name '%s' is taken by the service at %s", name,
                                   mns_where_text(other->where, args->cmd->pool));
        }
    }
    return NULL;
}

const char *mns_service_open(cmd_parms *cmd, void *dir, const char *text)
{
    mns_args_t args = { .cmd = cmd,
                        .name = "<NotionSyncService>",
                        .syntax = "NAME notion|sql",
                        .example = "<NotionSyncService work notion>" };
    mns_server_t *server = mns_server_config(cmd->server);
    mns_service_t *service = apr_pcalloc(cmd->pool, sizeof(*service));
    nts_service_t *model = &service->model;
    const char *problem;
    int kind;

    (void)dir;
    problem = mns_section_open(&args, text, 2, 2);
    if (!problem) {
        problem = mns_name_parse(&model->name, &args, args.words[0]);
    }
    if (!problem) {
        problem = mns_choice_parse(&kind, &args, "the kind of service", args.words[1], kinds);
    }
    if (!problem && kind < 0) {
        problem = mns_args_unavailable(
            &args, apr_pstrcat(cmd->pool, "a service of the kind ", args.words[1], NULL));
    }
    if (!problem) {
        problem = check_unique(&args, server, model->name);
    }
    if (problem) {
        return problem;
    }
    model->kind = (nts_service_kind_t)kind;
    model->vhost = "";
    if (model->kind == NTS_SERVICE_NOTION) {
        model->provision_auto = 1;
        model->budget_requests = 180;
        model->budget_window = apr_time_from_sec(60);
    }
    service->where = cmd->directive;
    server->service = service;
    problem = mns_section_walk(&args);
    server->service = NULL;
    if (!problem) {
        problem = check_whole(&args, model);
    }
    APR_ARRAY_PUSH(server->services, mns_service_t *) = service;
    return problem;
}

/* A directive that has a meaning for one kind of service only. */
static const char *check_kind(const mns_setting_t *setting, nts_service_kind_t kind)
{
    const nts_service_t *model = &setting->service->model;
    const char *found = model->kind == NTS_SERVICE_NOTION ? "notion" : "sql";
    const char *wanted = kind == NTS_SERVICE_NOTION ? "notion" : "sql";

    if (model->kind == kind) {
        return NULL;
    }
    return mns_args_refuse(&setting->args,
                           "the service '%s' is of the kind %s; only one of the kind "
                           "%s has it",
                           model->name, found, wanted);
}

/* A service has one or the other: it would not be clear which of the two is used. */
static const char *check_one(const mns_setting_t *setting, const char *other)
{
    return other ? mns_args_refuse(&setting->args,
                                   "the service '%s' has both NotionSyncToken and NotionSyncOAuth; "
                                   "it needs one of them",
                                   setting->service->model.name)
                 : NULL;
}

const char *mns_service_set_token(mns_setting_t *setting)
{
    const char *problem = check_kind(setting, NTS_SERVICE_NOTION);

    problem = problem ? problem : check_one(setting, setting->service->model.oauth_client);

    return problem ? problem
                   : mns_secret_parse(&setting->service->model.token, &setting->args,
                                      setting->args.words[0], 1);
}

const char *mns_service_set_oauth(mns_setting_t *setting)
{
    mns_option_t options[] = {
        { "client-id", NULL }, { "client-secret", NULL }, { "redirect", NULL }, { NULL, NULL }
    };
    const mns_args_t *args = &setting->args;
    nts_service_t *model = &setting->service->model;
    const char *problem = check_kind(setting, NTS_SERVICE_NOTION);

    problem = problem ? problem : check_one(setting, model->token);
    problem = problem ? problem : mns_args_options(args, 0, options);
    if (!problem && (!options[0].value || !options[1].value || !options[2].value)) {
        problem =
            mns_args_refuse(args, "one of client-id=, client-secret= and redirect= is missing");
    }
    if (!problem) {
        problem = mns_text_parse(&model->oauth_client, args, "client-id=", options[0].value);
    }
    /* It ends at the colon in what is sent (RFC 7617). */
    if (!problem && strchr(model->oauth_client, ':')) {
        problem = mns_args_refuse(args, "client-id= holds a colon, which no client's id has");
    }
    if (!problem) {
        problem = mns_secret_parse(&model->oauth_secret, args, options[1].value, 1);
    }
    return problem ? problem : mns_redirect_parse(&model->oauth_redirect, args, options[2].value);
}

const char *mns_service_set_budget(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    const char *word = args->words[0];
    const char *slash = strchr(word, '/');
    nts_service_t *model = &setting->service->model;
    const char *problem = check_kind(setting, NTS_SERVICE_NOTION);

    if (problem) {
        return problem;
    }
    if (!slash) {
        return mns_args_refuse(args, "'%s' is not a budget", word);
    }
    /* A listing of one page and the read and write of one record must fit into one window. */
    problem = mns_number_parse(&model->budget_requests, args, "the number of requests",
                               apr_pstrmemdup(args->cmd->pool, word, (apr_size_t)(slash - word)),
                               10, 100000);
    return problem ? problem
                   : mns_time_parse(&model->budget_window, args, "the time", slash + 1,
                                    apr_time_from_sec(1), apr_time_from_sec(3600));
}

const char *mns_service_set_endpoint(mns_setting_t *setting)
{
    const char *problem = check_kind(setting, NTS_SERVICE_NOTION);

    return problem ? problem
                   : mns_endpoint_parse(&setting->service->model.endpoint, &setting->args,
                                        setting->args.words[0]);
}

/* "password=…" anywhere, or "scheme://user:password@host". */
static int holds_password(const char *conninfo)
{
    const char *authority = strstr(conninfo, "://");
    const char *c;

    for (c = conninfo; *c; c++) {
        if ((c == conninfo || !apr_isalnum(c[-1])) && !strncasecmp(c, "pass", 4)) {
            c += strcspn(c, "= \t;&");
            c += strspn(c, " \t");
            if (*c == '=') {
                return 1;
            }
            if (!*c) {
                break;
            }
        }
    }
    if (authority) {
        apr_size_t len = strcspn(authority + 3, "/?");
        const char *at = memchr(authority + 3, '@', len);
        const char *colon = memchr(authority + 3, ':', len);

        return at && colon && colon < at;
    }
    return 0;
}

/* A database behind a client library that is optional when the module is built. */
static const char *set_server(nts_service_t *model, const mns_args_t *args, const char *product,
                              const char *package)
{
    const nts_sql_dialect_t *dialect = nts_sql_dialect_find(model->database_driver);
    const char *problem;

    if (!dialect) {
        return mns_args_refuse(args,
                               "the module was built without %s: install its client library "
                               "(on Debian: apt-get install %s) and build it anew",
                               product, package);
    }
    problem = dialect->check ? dialect->check(args->words[1], args->cmd->pool) : NULL;
    if (problem) {
        return mns_args_refuse(args, "the connection info: %s", problem);
    }
    model->database = apr_pstrdup(args->cmd->pool, args->words[1]);
    return NULL;
}

const char *mns_service_set_database(mns_setting_t *setting)
{
    static const mns_choice_t drivers[] = {
        { "sqlite", 1 }, { "pgsql", 2 }, { "mysql", 3 }, { NULL, 0 }
    };
    const mns_args_t *args = &setting->args;
    nts_service_t *model = &setting->service->model;
    const char *problem = check_kind(setting, NTS_SERVICE_SQL);
    int available = -1;
    const mns_choice_t *driver;

    if (problem) {
        return problem;
    }
    for (driver = drivers; driver->word; driver++) {
        if (!strcmp(driver->word, args->words[0])) {
            available = driver->value;
            model->database_driver = driver->word;
        }
    }
    if (available < 0) {
        return mns_args_refuse(args, "the first argument is none of sqlite, pgsql or mysql");
    }
    if (holds_password(args->words[1])) {
        return mns_args_refuse(args,
                               "the connection info holds a password, which must not stand in "
                               "the configuration: say NotionSyncDatabasePassword "
                               "file:PATH instead");
    }
    if (available == 2) {
        return set_server(model, args, "PostgreSQL", "libpq-dev");
    }
    if (available == 3) {
        return set_server(model, args, "MariaDB", "libmariadb-dev");
    }
    model->database = ap_server_root_relative(args->cmd->pool, args->words[1]);
    if (!model->database || !strncmp(args->words[1], "file:", 5)) {
        return mns_args_refuse(args, "the second argument is not the path of a SQLite database");
    }
    return NULL;
}

const char *mns_service_set_password(mns_setting_t *setting)
{
    const char *problem = check_kind(setting, NTS_SERVICE_SQL);

    return problem ? problem
                   : mns_secret_parse(&setting->service->model.password, &setting->args,
                                      setting->args.words[0], 1);
}

const char *mns_service_set_hook_secret(mns_setting_t *setting)
{
    const char *problem = check_kind(setting, NTS_SERVICE_NOTION);

    return problem ? problem
                   : mns_secret_parse(&setting->service->model.hook_secret, &setting->args,
                                      setting->args.words[0], 0);
}

const char *mns_service_set_provision(mns_setting_t *setting)
{
    static const mns_choice_t choices[] = { { "manual", 0 }, { "auto", 1 }, { NULL, 0 } };

    return mns_choice_parse(&setting->service->model.provision_auto, &setting->args, "the argument",
                            setting->args.words[0], choices);
}
