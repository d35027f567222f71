/* mns_mapping.c - <NotionSyncMapping>, its two sides and its rules. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_directives.h"

#define HOUR apr_time_from_sec(3600)
#define DAY (HOUR * 24)

const mns_choice_t mns_conflict_choices[] = {
    { "last-write-wins", NTS_CONFLICT_LAST_WRITE },
    { "notion-wins", NTS_CONFLICT_NOTION },
    { "external-wins", NTS_CONFLICT_EXTERNAL },
    { "hold", NTS_CONFLICT_HOLD },
    { NULL, 0 },
};

static const mns_choice_t delete_choices[] = {
    { "propagate", NTS_DELETES_PROPAGATE },
    { "hold", NTS_DELETES_HOLD },
    { "ignore", NTS_DELETES_IGNORE },
    { NULL, 0 },
};

/* ---- the section ---- */

static const char *check_unique(const mns_args_t *args, const mns_server_t *server,
                                const char *name)
{
    int i;

    for (i = 0; i < server->mappings->nelts; i++) {
        const mns_mapping_t *other = APR_ARRAY_IDX(server->mappings, i, mns_mapping_t *);

        if (!strcmp(other->model.name, name)) {
            return mns_args_refuse(args, "the name '%s' is taken by the mapping at %s", name,
                                   mns_where_text(other->where, args->cmd->pool));
        }
    }
    return NULL;
}

static int has_field(const mns_mapping_t *mapping)
{
    int i;

    for (i = 0; i < mapping->pairs->nelts; i++) {
        if (!APR_ARRAY_IDX(mapping->pairs, i, nts_pair_t).is_key) {
            return 1;
        }
    }
    return 0;
}

/* What the section must hold, once it was read. */
static const char *check_whole(const mns_args_t *args, const mns_mapping_t *mapping)
{
    const char *missing = NULL;

    if (!mapping->notion_name) {
        missing = "NotionSyncNotion, for example: NotionSyncNotion work "
                  "1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d";
    }
    else if (!mapping->external_name) {
        missing = "NotionSyncExternal, for example: NotionSyncExternal crm contacts key=id";
    }
    else if (!has_field(mapping) && !mapping->model.auto_fields) {
        missing = "NotionSyncField, for example: NotionSyncField \"Due date\" <-> due_date";
    }
    if (!missing) {
        return NULL;
    }
    args->cmd->err_directive = args->cmd->directive;
    return apr_psprintf(args->cmd->pool, "%s: the mapping '%s' lacks %s", args->name,
                        mapping->model.name, missing);
}

static mns_mapping_t *make_mapping(const cmd_parms *cmd)
{
    mns_mapping_t *mapping = apr_pcalloc(cmd->pool, sizeof(*mapping));
    nts_mapping_t *model = &mapping->model;

    model->vhost = "";
    model->conflict = NTS_CONFLICT_LAST_WRITE;
    model->grace = apr_time_from_sec(5);
    model->tie = NTS_NOTION;
    model->delete_limit_percent = 10;
    model->reconcile = HOUR;
    model->full = DAY;
    model->debounce = apr_time_from_msec(300);
    mapping->pairs = apr_array_make(cmd->pool, 8, sizeof(nts_pair_t));
    mapping->lines = apr_array_make(cmd->pool, 8, sizeof(const ap_directive_t *));
    mapping->matches = apr_array_make(cmd->pool, 2, sizeof(nts_match_t));
    mapping->where = cmd->directive;
    return mapping;
}

/* Arrays have their final place now. */
static void finish_mapping(mns_mapping_t *mapping)
{
    nts_mapping_t *model = &mapping->model;
    int i;

    model->pairs = (nts_pair_t *)mapping->pairs->elts;
    model->pair_count = mapping->pairs->nelts;
    model->matches = (const nts_match_t *)mapping->matches->elts;
    model->match_count = mapping->matches->nelts;
    for (i = 0; i < model->pair_count; i++) {
        model->pairs[i].options.timezone = model->timezone;
    }
}

const char *mns_mapping_open(cmd_parms *cmd, void *dir, const char *text)
{
    mns_args_t args = { .cmd = cmd,
                        .name = "<NotionSyncMapping>",
                        .syntax = "NAME",
                        .example = "<NotionSyncMapping contacts>" };
    mns_server_t *server = mns_server_config(cmd->server);
    mns_mapping_t *mapping = make_mapping(cmd);
    const char *problem;

    (void)dir;
    problem = mns_section_open(&args, text, 1, 1);
    if (!problem) {
        problem = mns_name_parse(&mapping->model.name, &args, args.words[0]);
    }
    if (!problem) {
        problem = check_unique(&args, server, mapping->model.name);
    }
    if (problem) {
        return problem;
    }
    server->mapping = mapping;
    problem = mns_section_walk(&args);
    server->mapping = NULL;
    if (!problem) {
        problem = check_whole(&args, mapping);
    }
    finish_mapping(mapping);
    APR_ARRAY_PUSH(server->mappings, mns_mapping_t *) = mapping;
    return problem;
}

/* ---- its two sides ---- */

const char *mns_mapping_set_notion(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    mns_mapping_t *mapping = setting->mapping;
    const char *problem = mns_name_parse(&mapping->notion_name, args, args->words[0]);

    if (problem) {
        return problem;
    }
    if (nts_uuid_normalise(&mapping->model.data_source, args->words[1], args->cmd->pool) !=
        APR_SUCCESS) {
        return mns_args_refuse(args,
                               "'%s' is not a data source id, which has 32 hexadecimal digits "
                               "(notionsyncctl discover lists them; the id in the address of a "
                               "database is another one)",
                               args->words[1]);
    }
    return NULL;
}

/* "Europe/Berlin", "UTC". Whether such a zone exists is known to the machine that runs the mapping. */
static const char *check_zone(const mns_args_t *args, const char *zone)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    apr_finfo_t info;

    if (strspn(zone, allowed) != strlen(zone) || *zone == '/') {
        return mns_args_refuse(args,
                               "timezone=%s is not the name of a time zone, such as "
                               "Europe/Berlin",
                               zone);
    }
    if (apr_stat(&info, "/usr/share/zoneinfo/UTC", APR_FINFO_TYPE, args->cmd->temp_pool) ==
            APR_SUCCESS &&
        apr_stat(&info, apr_pstrcat(args->cmd->temp_pool, "/usr/share/zoneinfo/", zone, NULL),
                 APR_FINFO_TYPE, args->cmd->temp_pool) != APR_SUCCESS) {
        return mns_args_refuse(args,
                               "this machine knows no time zone '%s'; its names are those below "
                               "/usr/share/zoneinfo, such as Europe/Berlin",
                               zone);
    }
    return NULL;
}

/* "id" or "country,code". */
static const char *check_key(const mns_args_t *args, const char *key)
{
    if (*key == ',' || key[strlen(key) - 1] == ',' || strstr(key, ",,")) {
        return mns_args_refuse(args, "key=%s does not name fields with ',' between them", key);
    }
    return NULL;
}

const char *mns_mapping_set_external(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    mns_mapping_t *mapping = setting->mapping;
    nts_mapping_t *model = &mapping->model;
    mns_option_t options[] = {
        { "key", NULL }, { "modified", NULL }, { "timezone", NULL }, { NULL, NULL }
    };
    const char *problem = mns_name_parse(&mapping->external_name, args, args->words[0]);

    if (!problem) {
        problem = mns_text_parse(&model->collection, args, "the collection", args->words[1]);
    }
    if (!problem) {
        problem = mns_args_options(args, 2, options);
    }
    if (!problem && options[0].value) {
        problem = mns_text_parse(&model->key, args, "key=", options[0].value);
        problem = problem ? problem : check_key(args, model->key);
    }
    if (!problem && options[1].value) {
        problem = mns_text_parse(&model->modified, args, "modified=", options[1].value);
    }
    if (!problem && options[2].value) {
        model->timezone = options[2].value;
        problem = check_zone(args, model->timezone);
    }
    return problem;
}

/* ---- its rules ---- */

const char *mns_mapping_set_conflict(mns_setting_t *setting)
{
    static const mns_choice_t sides[] = { { "notion", NTS_NOTION },
                                          { "external", NTS_EXTERNAL },
                                          { NULL, 0 } };
    const mns_args_t *args = &setting->args;
    nts_mapping_t *model = &setting->mapping->model;
    mns_option_t options[] = { { "grace", NULL }, { "tie", NULL }, { NULL, NULL } };
    int rule;
    int tie = model->tie;
    const char *problem =
        mns_choice_parse(&rule, args, "the rule", args->words[0], mns_conflict_choices);

    if (!problem) {
        problem = mns_args_options(args, 1, options);
    }
    if (!problem && rule != NTS_CONFLICT_LAST_WRITE && (options[0].value || options[1].value)) {
        problem = mns_args_refuse(args, "grace= and tie= have no meaning with %s", args->words[0]);
    }
    if (!problem && options[0].value) {
        problem = mns_time_parse(&model->grace, args, "grace=", options[0].value, 0, HOUR);
    }
    if (!problem && options[1].value) {
        problem = mns_choice_parse(&tie, args, "tie=", options[1].value, sides);
    }
    if (!problem) {
        model->conflict = (nts_conflict_t)rule;
        model->tie = (nts_side_t)tie;
    }
    return problem;
}

const char *mns_mapping_set_deletes(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    nts_mapping_t *model = &setting->mapping->model;
    mns_option_t options[] = {
        { "to-notion", NULL }, { "to-external", NULL }, { "limit", NULL }, { NULL, NULL }
    };
    int rules[NTS_SIDE_COUNT] = { NTS_DELETES_PROPAGATE, NTS_DELETES_PROPAGATE };
    int plain = !strchr(args->words[0], '=');
    const char *problem = NULL;
    int side;

    if (plain) {
        problem = mns_choice_parse(&rules[0], args, "the rule", args->words[0], delete_choices);
        rules[1] = rules[0];
    }
    if (!problem) {
        problem = mns_args_options(args, plain, options);
    }
    if (!problem && plain && (options[0].value || options[1].value)) {
        problem = mns_args_refuse(args,
                                  "'%s' is for both directions; to-notion= and to-external= say "
                                  "otherwise",
                                  args->words[0]);
    }
    for (side = 0; side < NTS_SIDE_COUNT && !problem; side++) {
        if (options[side].value) {
            problem = mns_choice_parse(&rules[side], args,
                                       side ? "to-external=" : "to-notion=", options[side].value,
                                       delete_choices);
        }
        model->deletes[side] = (nts_deletes_t)rules[side];
    }
    if (!problem && options[2].value) {
        problem = mns_percent_parse(&model->delete_limit_percent, args, "limit=", options[2].value);
    }
    return problem;
}

static const char *parse_interval(apr_interval_time_t *value, const mns_args_t *args,
                                  const char *what, const char *word)
{
    if (!strcmp(word, "off")) {
        *value = 0;
    }
    else if (!strcmp(word, "hourly")) {
        *value = HOUR;
    }
    else if (!strcmp(word, "daily")) {
        *value = DAY;
    }
    else {
        return mns_time_parse(value, args, what, word, apr_time_from_sec(1), DAY * 30);
    }
    return NULL;
}

const char *mns_mapping_set_reconcile(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    nts_mapping_t *model = &setting->mapping->model;
    mns_option_t options[] = { { "full", NULL }, { NULL, NULL } };
    const char *problem = parse_interval(&model->reconcile, args, "the interval", args->words[0]);

    if (!problem) {
        problem = mns_args_options(args, 1, options);
    }
    if (!problem && options[0].value) {
        problem = parse_interval(&model->full, args, "full=", options[0].value);
    }
    else if (!problem && model->reconcile == 0) {
        model->full = 0;
    }
    return problem;
}

const char *mns_mapping_set_debounce(mns_setting_t *setting)
{
    return mns_time_parse(&setting->mapping->model.debounce, &setting->args, "the time",
                          setting->args.words[0], 0, apr_time_from_sec(60));
}

const char *mns_mapping_set_file_base(mns_setting_t *setting)
{
    return mns_base_parse(&setting->mapping->model.file_base, &setting->args,
                          setting->args.words[0]);
}

const char *mns_mapping_set_paused(mns_setting_t *setting)
{
    static const mns_choice_t choices[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };

    return mns_choice_parse(&setting->mapping->model.paused, &setting->args, "the argument",
                            setting->args.words[0], choices);
}
