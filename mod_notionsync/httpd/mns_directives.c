/* mns_directives.c - the table of directives, and the way of each to the function that takes it. */
#include <string.h>

#include <httpd.h>
#include <http_core.h>

#include "httpd/mns_directives.h"

/* ---- the main server's, and <Location>'s ---- */

static const char *set_state_db(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    mns_global_t *global = &setting->server->global;
    const char *driver = args->words[0];

    if (!strcmp(driver, "pgsql")) {
        return mns_args_unavailable(args, "a state store in PostgreSQL");
    }
    if (strcmp(driver, "sqlite3") != 0) {
        return mns_args_refuse(args,
                               "'%s' is not the name of a driver that can hold the state; "
                               "sqlite3 is",
                               driver);
    }
    global->db_driver = "sqlite3";
    global->db_path = ap_server_root_relative(args->cmd->pool, args->words[1]);
    if (!global->db_path) {
        return mns_args_refuse(args, "'%s' is not a path", args->words[1]);
    }
    return NULL;
}

static const char *set_workers(mns_setting_t *setting)
{
    return mns_number_parse(&setting->server->global.workers, &setting->args,
                            "the number of workers", setting->args.words[0], 1, MNS_WORKERS_MAX);
}

static const char *set_secret_key(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    const char *word = args->words[0];

    if (strncmp(word, "file:", 5) != 0 || !word[5]) {
        return mns_args_refuse(args,
                               "what was found does not begin with file: (the key itself must "
                               "not stand in the configuration)");
    }
    setting->server->global.key_path = ap_server_root_relative(args->cmd->pool, word + 5);
    return setting->server->global.key_path ? NULL
                                            : mns_args_refuse(args, "'%s' is not a path", word + 5);
}

static const char *set_audit(mns_setting_t *setting)
{
    static const mns_choice_t values[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
    mns_option_t options[] = { { "keep", NULL }, { "values", NULL }, { NULL, NULL } };
    mns_global_t *global = &setting->server->global;
    const char *problem = mns_args_options(&setting->args, 0, options);

    if (!problem && options[0].value) {
        problem = mns_time_parse(&global->audit_keep, &setting->args, "keep=", options[0].value,
                                 apr_time_from_sec(3600), apr_time_from_sec(86400) * 3650);
    }
    if (!problem && options[1].value) {
        problem = mns_choice_parse(&global->audit_values, &setting->args,
                                   "values=", options[1].value, values);
    }
    return problem;
}

static const char *set_serve(mns_setting_t *setting)
{
    static const mns_choice_t kinds[] = { { "hook", MNS_SERVE_HOOK },
                                          { "status", MNS_SERVE_STATUS },
                                          { "oauth", MNS_SERVE_OAUTH },
                                          { "file", MNS_SERVE_FILE },
                                          { NULL, 0 } };
    int kind;
    const char *problem =
        mns_choice_parse(&kind, &setting->args, "the argument", setting->args.words[0], kinds);

    if (!problem) {
        setting->dir->serve = (mns_serve_t)kind;
    }
    return problem;
}

static const char *refuse_message_cmd(mns_setting_t *setting)
{
    return mns_args_unavailable(&setting->args, "telling a program");
}

static const char *refuse_descriptor(mns_setting_t *setting)
{
    return mns_args_unavailable(&setting->args, "the kind of service that it describes, rest,");
}

/* ---- grammar ---- */

#define ONCE 0
#define MANY 1
#define OPEN 0
#define DISCREET 1

static const mns_spec_t specs[] = {
    { "NotionSyncStateDB", MNS_IN_SERVER, 2, 2, MANY, OPEN, set_state_db, "DRIVER PARAMETERS",
      "NotionSyncStateDB sqlite3 /var/lib/notionsync/notionsync.db" },
    { "NotionSyncWorkers", MNS_IN_SERVER, 1, 1, MANY, OPEN, set_workers, "NUMBER",
      "NotionSyncWorkers 2" },
    { "NotionSyncSecretKey", MNS_IN_SERVER, 1, 1, MANY, DISCREET, set_secret_key, "file:PATH",
      "NotionSyncSecretKey file:/etc/notionsync/secret.key" },
    { "NotionSyncAudit", MNS_IN_SERVER, 1, 2, MANY, OPEN, set_audit, "keep=TIME [values=on|off]",
      "NotionSyncAudit keep=90d" },
    { "NotionSyncMessageCmd", MNS_IN_SERVER, 1, 64, MANY, OPEN, refuse_message_cmd, "COMMAND",
      "NotionSyncMessageCmd /usr/local/bin/notionsync-message" },

    { "NotionSyncToken", MNS_IN_SERVICE, 1, 1, ONCE, DISCREET, mns_service_set_token,
      "file:PATH|env:NAME|exec:COMMAND", "NotionSyncToken file:/etc/notionsync/token" },
    { "NotionSyncOAuth", MNS_IN_SERVICE, 3, 3, ONCE, DISCREET, mns_service_set_oauth,
      "client-id=ID client-secret=file:PATH redirect=URL",
      "NotionSyncOAuth client-id=1234 client-secret=file:/etc/notionsync/oauth "
      "redirect=https://example.org/notionsync/oauth" },
    { "NotionSyncBudget", MNS_IN_SERVICE, 1, 1, ONCE, OPEN, mns_service_set_budget, "REQUESTS/TIME",
      "NotionSyncBudget 180/60s" },
    { "NotionSyncEndpoint", MNS_IN_SERVICE, 1, 1, ONCE, OPEN, mns_service_set_endpoint, "URL",
      "NotionSyncEndpoint https://api.notion.com" },
    { "NotionSyncDatabase", MNS_IN_SERVICE, 2, 2, ONCE, DISCREET, mns_service_set_database,
      "sqlite|pgsql|mysql CONNINFO", "NotionSyncDatabase sqlite /var/lib/crm/crm.db" },
    { "NotionSyncDatabasePassword", MNS_IN_SERVICE, 1, 1, ONCE, DISCREET, mns_service_set_password,
      "file:PATH|env:NAME|exec:COMMAND", "NotionSyncDatabasePassword file:/etc/notionsync/crm" },
    { "NotionSyncDescriptor", MNS_IN_SERVICE, 1, 1, ONCE, OPEN, refuse_descriptor, "file:PATH",
      "NotionSyncDescriptor file:/etc/notionsync/shop.json" },
    { "NotionSyncHookSecret", MNS_IN_SERVICE, 1, 1, ONCE, DISCREET, mns_service_set_hook_secret,
      "file:PATH|env:NAME", "NotionSyncHookSecret file:/etc/notionsync/hook" },
    { "NotionSyncProvision", MNS_IN_SERVICE, 1, 1, ONCE, OPEN, mns_service_set_provision,
      "manual|auto", "NotionSyncProvision auto" },

    { "NotionSyncNotion", MNS_IN_MAPPING, 2, 2, ONCE, OPEN, mns_mapping_set_notion,
      "SERVICE DATA-SOURCE-ID", "NotionSyncNotion work 1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d" },
    { "NotionSyncExternal", MNS_IN_MAPPING, 2, 5, ONCE, OPEN, mns_mapping_set_external,
      "SERVICE COLLECTION [key=FIELD[,FIELD]] [modified=FIELD] [timezone=ZONE]",
      "NotionSyncExternal crm contacts key=id" },
    { "NotionSyncMatch", MNS_IN_MAPPING, 2, 2, MANY, OPEN, mns_match_add,
      "\"Notion property\" FIELD", "NotionSyncMatch \"E-mail\" email" },
    { "NotionSyncLinkProperty", MNS_IN_MAPPING, 1, 1, ONCE, OPEN, mns_link_property_set,
      "\"Notion property\"", "NotionSyncLinkProperty \"Sync key\"" },
    { "NotionSyncField", MNS_IN_MAPPING, 1, 9, MANY, OPEN, mns_field_add,
      "\"Notion property\" <->|->|<- FIELD [conflict=RULE] [initial=SIDE] [relation=MAPPING] "
      "[format=FORMAT] "
      "[options=create|hold] [lossy=accept]",
      "NotionSyncField \"Due date\" <-> due_date" },
    { "NotionSyncFields", MNS_IN_MAPPING, 1, 2, ONCE, OPEN, mns_fields_set,
      "auto [create=none|external|notion|both]", "NotionSyncFields auto" },
    { "NotionSyncBody", MNS_IN_MAPPING, 1, 4, ONCE, OPEN, mns_body_set,
      "<->|->|<- FIELD [conflict=RULE] [initial=SIDE]", "NotionSyncBody <-> notes" },
    { "NotionSyncFileBase", MNS_IN_MAPPING, 1, 1, ONCE, OPEN, mns_mapping_set_file_base, "URL",
      "NotionSyncFileBase https://example.org/notionsync/file" },
    { "NotionSyncFilter", MNS_IN_MAPPING, 2, MNS_THE_REST, MANY, OPEN, mns_filter_set,
      "notion|external EXPRESSION|file:PATH", "NotionSyncFilter notion Stage != \"Lost\"" },
    { "NotionSyncConflict", MNS_IN_MAPPING, 1, 3, ONCE, OPEN, mns_mapping_set_conflict,
      "last-write-wins|notion-wins|external-wins|hold [grace=TIME] [tie=notion|external]",
      "NotionSyncConflict last-write-wins grace=5s" },
    { "NotionSyncDeletes", MNS_IN_MAPPING, 1, 3, ONCE, OPEN, mns_mapping_set_deletes,
      "propagate|hold|ignore [limit=SHARE] or to-notion=RULE to-external=RULE [limit=SHARE]",
      "NotionSyncDeletes propagate limit=10%" },
    { "NotionSyncReconcile", MNS_IN_MAPPING, 1, 2, ONCE, OPEN, mns_mapping_set_reconcile,
      "hourly|daily|TIME|off [full=hourly|daily|TIME|off]",
      "NotionSyncReconcile hourly full=daily" },
    { "NotionSyncDebounce", MNS_IN_MAPPING, 1, 1, ONCE, OPEN, mns_mapping_set_debounce, "TIME",
      "NotionSyncDebounce 300ms" },
    { "NotionSyncPaused", MNS_IN_MAPPING, 1, 1, ONCE, OPEN, mns_mapping_set_paused, "on|off",
      "NotionSyncPaused on" },

    { "NotionSyncServe", MNS_IN_LOCATION, 1, 1, MANY, OPEN, set_serve, "hook|status|oauth|file",
      "NotionSyncServe status" },
};

#define SPEC_COUNT ((int)(sizeof(specs) / sizeof(specs[0])))

static int find_spec(const char *name)
{
    int i;

    for (i = 0; i < SPEC_COUNT; i++) {
        if (!strcasecmp(name, specs[i].name)) {
            return i;
        }
    }
    return -1;
}

/* ---- dispatch ---- */

static const char *check_place(const mns_spec_t *spec, cmd_parms *cmd, const mns_server_t *server)
{
    const ap_directive_t *parent = cmd->directive->parent;

    if (spec->section == MNS_IN_SERVER && cmd->server->is_virtual) {
        return apr_psprintf(cmd->pool,
                            "%s: found inside <VirtualHost>; it belongs into the main server, for "
                            "example: %s",
                            spec->name, spec->example);
    }
    if (spec->section == MNS_IN_SERVER && (server->service || server->mapping)) {
        return apr_psprintf(
            cmd->pool, "%s: found inside <%s>; it belongs outside all sections, for example: %s",
            spec->name, server->service ? "NotionSyncService" : "NotionSyncMapping", spec->example);
    }
    if (spec->section == MNS_IN_SERVICE && !server->service) {
        return apr_psprintf(cmd->pool,
                            "%s: found outside <NotionSyncService>; it belongs between "
                            "<NotionSyncService NAME KIND> and </NotionSyncService>",
                            spec->name);
    }
    if (spec->section == MNS_IN_MAPPING && !server->mapping) {
        return apr_psprintf(cmd->pool,
                            "%s: found outside <NotionSyncMapping>; it belongs between "
                            "<NotionSyncMapping NAME> and </NotionSyncMapping>",
                            spec->name);
    }
    /* AllowOverrideList would let a .htaccess in; nothing there can stand inside a <Location>. */
    if (spec->section == MNS_IN_LOCATION &&
        (!parent || strcasecmp(parent->directive, "<Location") != 0 ||
         ap_check_cmd_context(cmd, NOT_IN_HTACCESS))) {
        return apr_psprintf(cmd->pool,
                            "%s: found outside <Location>; it belongs into one, for example: "
                            "<Location \"/notionsync\"> %s </Location>",
                            spec->name, spec->example);
    }
    return NULL;
}

static const char *check_repetition(const mns_spec_t *spec, int index, mns_setting_t *setting)
{
    apr_uint64_t *given = setting->service   ? &setting->service->given
                          : setting->mapping ? &setting->mapping->given
                                             : NULL;
    apr_uint64_t bit = (apr_uint64_t)1 << index;

    if (!given || spec->repeatable) {
        return NULL;
    }
    if (*given & bit) {
        return mns_args_refuse(&setting->args, "found a second time in one section");
    }
    *given |= bit;
    return NULL;
}

/* Every plain directive comes through here. */
static const char *set_directive(cmd_parms *cmd, void *dir, const char *text)
{
    int index = find_spec(cmd->cmd->name);
    const mns_spec_t *spec = &specs[index];
    mns_setting_t setting = { .server = mns_server_config(cmd->server), .dir = dir };
    const char *problem;

    setting.args.cmd = cmd;
    setting.args.name = spec->name;
    setting.args.syntax = spec->syntax;
    setting.args.example = spec->example;
    setting.args.discreet = spec->discreet;
    setting.service = setting.server->service;
    setting.mapping = setting.server->mapping;
    problem = check_place(spec, cmd, setting.server);
    if (!problem) {
        problem = spec->max == MNS_THE_REST
                      ? mns_args_first(&setting.args, text)
                      : mns_args_split(&setting.args, text, spec->min, spec->max);
    }
    if (!problem) {
        problem = check_repetition(spec, index, &setting);
    }
    return problem ? problem : spec->set(&setting);
}

/* ---- sections ---- */

const char *mns_section_open(mns_args_t *args, const char *text, int min, int max)
{
    const mns_server_t *server = mns_server_config(args->cmd->server);
    const char *end = ap_strrchr_c(text, '>');

    if (server->service || server->mapping) {
        return apr_psprintf(args->cmd->pool, "%s: found inside <%s>; sections stand side by side",
                            args->name,
                            server->service ? "NotionSyncService" : "NotionSyncMapping");
    }
    if (!end || end[1]) {
        return mns_args_refuse(args, "the closing '>' is missing");
    }
    return mns_args_split(args, apr_pstrmemdup(args->cmd->pool, text, (apr_size_t)(end - text)),
                          min, max);
}

const char *mns_section_walk(mns_args_t *args)
{
    cmd_parms *cmd = args->cmd;
    const ap_directive_t *child;

    for (child = cmd->directive->first_child; child; child = child->next) {
        if (find_spec(child->directive) < 0) {
            cmd->err_directive = child;
            return apr_psprintf(cmd->pool,
                                "%s: found %s%s inside the section; only directives of "
                                "the module belong there",
                                args->name, child->directive, *child->directive == '<' ? ">" : "");
        }
    }
    return ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
}

#define SERVER_DIRECTIVE(name, help) AP_INIT_RAW_ARGS(name, set_directive, NULL, RSRC_CONF, help)

const command_rec mns_directives[] = {
    AP_INIT_RAW_ARGS("<NotionSyncService", mns_service_open, NULL, RSRC_CONF,
                     "NAME KIND>: a connection to Notion or to an external system"),
    AP_INIT_RAW_ARGS("<NotionSyncMapping", mns_mapping_open, NULL, RSRC_CONF,
                     "NAME>: a Notion data source and a table that are kept equal"),
    SERVER_DIRECTIVE("NotionSyncStateDB", "driver and parameters of the state store"),
    SERVER_DIRECTIVE("NotionSyncWorkers", "number of worker processes"),
    SERVER_DIRECTIVE("NotionSyncSecretKey", "file with the key that seals stored secrets"),
    SERVER_DIRECTIVE("NotionSyncAudit", "how long the audit is kept, and whether with values"),
    SERVER_DIRECTIVE("NotionSyncMessageCmd", "program that is told of what needs a person"),
    SERVER_DIRECTIVE("NotionSyncToken", "where the service's token is"),
    SERVER_DIRECTIVE("NotionSyncOAuth", "the service's OAuth client"),
    SERVER_DIRECTIVE("NotionSyncBudget", "requests that may be sent in a time"),
    SERVER_DIRECTIVE("NotionSyncEndpoint", "base address of the service"),
    SERVER_DIRECTIVE("NotionSyncDatabase", "driver and connection of an external database"),
    SERVER_DIRECTIVE("NotionSyncDatabasePassword", "where the database's password is"),
    SERVER_DIRECTIVE("NotionSyncDescriptor", "description of a REST service"),
    SERVER_DIRECTIVE("NotionSyncHookSecret", "where the key is that signs the service's events"),
    SERVER_DIRECTIVE("NotionSyncProvision", "who installs triggers and subscriptions"),
    SERVER_DIRECTIVE("NotionSyncNotion", "service and data source of the mapping"),
    SERVER_DIRECTIVE("NotionSyncExternal", "service and table of the mapping"),
    SERVER_DIRECTIVE("NotionSyncMatch", "a property and a field that pair existing records"),
    SERVER_DIRECTIVE("NotionSyncLinkProperty", "Notion property that keeps the external key"),
    SERVER_DIRECTIVE("NotionSyncField", "a property, a direction, and a field"),
    SERVER_DIRECTIVE("NotionSyncFields", "pair fields by their names"),
    SERVER_DIRECTIVE("NotionSyncBody", "field that holds the page body"),
    SERVER_DIRECTIVE("NotionSyncFileBase",
                     "address below which files that Notion keeps have links"),
    SERVER_DIRECTIVE("NotionSyncFilter", "the part of a side that is covered"),
    SERVER_DIRECTIVE("NotionSyncConflict", "what happens when both sides were edited"),
    SERVER_DIRECTIVE("NotionSyncDeletes", "what happens when a record is deleted"),
    SERVER_DIRECTIVE("NotionSyncReconcile", "how often both sides are compared"),
    SERVER_DIRECTIVE("NotionSyncDebounce", "how long after the last notice a record is read"),
    SERVER_DIRECTIVE("NotionSyncPaused", "wait at the first start until resumed"),
    AP_INIT_RAW_ARGS("NotionSyncServe", set_directive, NULL, ACCESS_CONF,
                     "what a <Location> serves: hook, status, oauth or file"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL },
};
