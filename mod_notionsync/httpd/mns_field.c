/* mns_field.c - NotionSyncField and NotionSyncMatch: what is paired with what. */
#include <string.h>

#include "httpd/mns_directives.h"

static const mns_choice_t arrows[] = {
    { "<->", NTS_BOTH },
    { "both", NTS_BOTH },
    { "->", NTS_TO_EXTERNAL },
    { "to-external", NTS_TO_EXTERNAL },
    { "<-", NTS_TO_NOTION },
    { "to-notion", NTS_TO_NOTION },
    { NULL, 0 },
};

/* The direction a word stands for, or -1. */
static int read_arrow(const char *word)
{
    int i;

    for (i = 0; arrows[i].word; i++) {
        if (!strcmp(word, arrows[i].word)) {
            return arrows[i].value;
        }
    }
    return -1;
}

/* No arrow in second place: find out which of the usual slips it was. */
static const char *explain_arrow(const mns_args_t *args)
{
    int i;

    for (i = 2; i < args->count; i++) {
        if (read_arrow(args->words[i]) >= 0) {
            return mns_args_refuse(
                args,
                "'%s' stands where the arrow should; a property whose name holds "
                "spaces is written in double quotes",
                args->words[1]);
        }
    }
    for (i = 0; i < args->count; i++) {
        if (strstr(args->words[i], "->") || strstr(args->words[i], "<-")) {
            return mns_args_refuse(args, "spaces are missing round the arrow in '%s'",
                                   args->words[i]);
        }
    }
    if (args->count < 2) {
        return mns_args_refuse(args, "nothing follows '%s'", args->words[0]);
    }
    return mns_args_refuse(
        args,
        "'%s' is not an arrow (<-> -> <- or both, to-external, to-notion), and a "
        "property whose name holds spaces is written in double quotes",
        args->words[1]);
}

/* Options of a field, in the order of `options` in mns_field_add. */
enum { CONFLICT, INITIAL, RELATION, FORMAT, OPTIONS, LOSSY };

static const char *set_rules(nts_pair_t *pair, const mns_args_t *args, const mns_option_t *options)
{
    static const mns_choice_t sides[] = { { "notion", NTS_INITIAL_NOTION },
                                          { "external", NTS_INITIAL_EXTERNAL },
                                          { "hold", NTS_INITIAL_HOLD },
                                          { NULL, 0 } };
    int choice = 0;
    const char *problem = NULL;

    if (options[CONFLICT].value && pair->direction != NTS_BOTH) {
        return mns_args_refuse(args, "conflict= has no meaning for a field that goes one way");
    }
    if (options[CONFLICT].value) {
        problem = mns_choice_parse(&choice, args, "conflict=", options[CONFLICT].value,
                                   mns_conflict_choices);
        pair->conflict = (nts_conflict_t)choice;
    }
    if (!problem && options[INITIAL].value) {
        problem = mns_choice_parse(&choice, args, "initial=", options[INITIAL].value, sides);
        pair->initial = (nts_initial_t)choice;
    }
    return problem;
}

static const char *set_format(nts_pair_t *pair, const mns_args_t *args, const char *word)
{
    static const mns_choice_t formats[] = {
        { "plain", NTS_FORMAT_PLAIN },       { "json", NTS_FORMAT_JSON },
        { "csv", NTS_FORMAT_CSV },           { "array", NTS_FORMAT_ARRAY },
        { "markdown", NTS_FORMAT_MARKDOWN }, { NULL, 0 }
    };
    int choice = 0;
    const char *problem = mns_choice_parse(&choice, args, "format=", word, formats);

    if (!problem) {
        pair->options.format = (nts_format_t)choice;
    }
    return problem;
}

/* Which mapping that is the whole configuration tells (mns_relation.c). */
static const char *set_relation(nts_pair_t *pair, const mns_args_t *args,
                                const mns_option_t *options)
{
    static const int others[] = { OPTIONS, LOSSY };
    int i;

    for (i = 0; i < (int)(sizeof(others) / sizeof(others[0])); i++) {
        if (options[others[i]].value) {
            return mns_args_refuse(args,
                                   "%s= has no meaning beside relation=: a column holds keys of "
                                   "records that exist",
                                   options[others[i]].key);
        }
    }
    if (options[FORMAT].value &&
        (!strcmp(options[FORMAT].value, "plain") || !strcmp(options[FORMAT].value, "markdown"))) {
        return mns_args_refuse(args,
                               "format=%s has no meaning beside relation=: without format= the "
                               "column holds one key, with format=json or format=csv a list of "
                               "them",
                               options[FORMAT].value);
    }
    pair->options.reference = 1;
    return mns_text_parse(&pair->relation, args, "relation=", options[RELATION].value);
}

static const char *set_options(nts_pair_t *pair, const mns_args_t *args,
                               const mns_option_t *options)
{
    static const mns_choice_t creates[] = { { "create", 1 }, { "hold", 0 }, { NULL, 0 } };
    static const mns_choice_t accepts[] = { { "accept", 1 }, { NULL, 0 } };
    const char *problem = set_rules(pair, args, options);

    if (!problem && options[RELATION].value) {
        problem = set_relation(pair, args, options);
    }
    if (!problem && options[FORMAT].value) {
        problem = set_format(pair, args, options[FORMAT].value);
    }
    if (!problem && options[OPTIONS].value) {
        problem = mns_choice_parse(&pair->options.options_create[NTS_NOTION], args,
                                   "options=", options[OPTIONS].value, creates);
        pair->options.options_create[NTS_EXTERNAL] = pair->options.options_create[NTS_NOTION];
    }
    if (!problem && options[LOSSY].value) {
        problem = mns_choice_parse(&pair->options.lossy_accept, args,
                                   "lossy=", options[LOSSY].value, accepts);
    }
    if (!problem && pair->options.lossy_accept && pair->options.format == NTS_FORMAT_MARKDOWN) {
        return mns_args_refuse(args, "lossy=accept has no meaning beside format=markdown: a text "
                                     "that is cut would be other Markdown, so none ever is");
    }
    return problem;
}

/* Two pairs may share a field only where it is read: two writers would undo each other for ever. */
static const char *check_writers(const mns_args_t *args, const apr_array_header_t *pairs,
                                 const nts_pair_t *pair)
{
    int i;

    for (i = 0; i < pairs->nelts; i++) {
        const nts_pair_t *other = &APR_ARRAY_IDX(pairs, i, nts_pair_t);
        int same_notion = !strcmp(other->notion, pair->notion);
        int same_external = !strcmp(other->external, pair->external);

        if (same_notion && same_external) {
            return mns_args_refuse(args, "\"%s\" and '%s' are paired already", pair->notion,
                                   pair->external);
        }
        if (same_external && pair->direction != NTS_TO_NOTION &&
            other->direction != NTS_TO_NOTION) {
            return mns_args_refuse(args, "'%s' is written by the property \"%s\" already",
                                   pair->external, other->notion);
        }
        if (same_notion && pair->direction != NTS_TO_EXTERNAL &&
            other->direction != NTS_TO_EXTERNAL) {
            return mns_args_refuse(args, "the property \"%s\" is written by '%s' already",
                                   pair->notion, other->external);
        }
    }
    return NULL;
}

static void push_pair(mns_setting_t *setting, const nts_pair_t *pair)
{
    APR_ARRAY_PUSH(setting->mapping->pairs, nts_pair_t) = *pair;
    APR_ARRAY_PUSH(setting->mapping->lines, const ap_directive_t *) = setting->args.cmd->directive;
}

const char *mns_field_add(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    nts_pair_t pair = { 0 };
    mns_option_t options[] = { { "conflict", NULL }, { "initial", NULL }, { "relation", NULL },
                               { "format", NULL },   { "options", NULL }, { "lossy", NULL },
                               { NULL, NULL } };
    int direction = args->count > 1 ? read_arrow(args->words[1]) : -1;
    const char *problem;

    if (direction < 0) {
        return explain_arrow(args);
    }
    if (args->count < 3) {
        return mns_args_refuse(args, "nothing follows the arrow");
    }
    pair.direction = (nts_direction_t)direction;
    problem = mns_text_parse(&pair.notion, args, "the property's name", args->words[0]);
    if (!problem) {
        problem = mns_text_parse(&pair.external, args, "the field's name", args->words[2]);
    }
    if (!problem) {
        problem = mns_args_options(args, 3, options);
    }
    if (!problem) {
        problem = set_options(&pair, args, options);
    }
    if (!problem) {
        problem = check_writers(args, setting->mapping->pairs, &pair);
    }
    if (!problem) {
        push_pair(setting, &pair);
    }
    return problem;
}

const char *mns_body_set(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    nts_pair_t pair = { 0 };
    mns_option_t options[] = { { "conflict", NULL }, { "initial", NULL }, { NULL, NULL } };
    int direction = read_arrow(args->words[0]);
    const char *problem;

    if (direction < 0) {
        return mns_args_refuse(args,
                               "'%s' is not an arrow (<-> -> <- or both, to-external, to-notion), "
                               "and a space stands behind it",
                               args->words[0]);
    }
    if (args->count < 2) {
        return mns_args_refuse(args, "nothing follows the arrow");
    }
    pair.notion = NTS_BODY_FIELD;
    pair.direction = (nts_direction_t)direction;
    pair.is_body = pair.options.body = 1;
    problem = mns_text_parse(&pair.external, args, "the field's name", args->words[1]);
    if (!problem) {
        problem = mns_args_options(args, 2, options);
    }
    if (!problem) {
        problem = set_rules(&pair, args, options);
    }
    if (!problem) {
        problem = check_writers(args, setting->mapping->pairs, &pair);
    }
    if (!problem) {
        push_pair(setting, &pair);
    }
    return problem;
}

const char *mns_fields_set(mns_setting_t *setting)
{
    static const mns_choice_t words[] = { { "auto", 1 }, { NULL, 0 } };
    static const mns_choice_t sides[] = { { "none", 0 },
                                          { "external", 1 << NTS_EXTERNAL },
                                          { "notion", 1 << NTS_NOTION },
                                          { "both", (1 << NTS_EXTERNAL) | (1 << NTS_NOTION) },
                                          { NULL, 0 } };
    const mns_args_t *args = &setting->args;
    nts_mapping_t *model = &setting->mapping->model;
    mns_option_t options[] = { { "create", NULL }, { NULL, NULL } };
    int create = 0;
    const char *problem =
        mns_choice_parse(&model->auto_fields, args, "the argument", args->words[0], words);

    if (!problem) {
        problem = mns_args_options(args, 1, options);
    }
    if (!problem && options[0].value) {
        problem = mns_choice_parse(&create, args, "create=", options[0].value, sides);
    }
    model->make[NTS_EXTERNAL] = (create & (1 << NTS_EXTERNAL)) != 0;
    model->make[NTS_NOTION] = (create & (1 << NTS_NOTION)) != 0;
    return problem;
}

const char *mns_link_property_set(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    nts_pair_t pair = { 0 };
    const char *problem = mns_text_parse(&pair.notion, args, "the property's name", args->words[0]);

    pair.external = NTS_KEY_FIELD;
    pair.direction = NTS_TO_NOTION;
    pair.initial = NTS_INITIAL_EXTERNAL;
    pair.is_key = 1;
    if (!problem) {
        problem = check_writers(args, setting->mapping->pairs, &pair);
    }
    if (!problem) {
        push_pair(setting, &pair);
    }
    return problem;
}

const char *mns_match_add(mns_setting_t *setting)
{
    const mns_args_t *args = &setting->args;
    apr_array_header_t *matches = setting->mapping->matches;
    nts_match_t match = { 0 };
    const char *problem =
        mns_text_parse(&match.notion, args, "the property's name", args->words[0]);
    int i;

    if (!problem && read_arrow(args->words[1]) >= 0) {
        problem =
            mns_args_refuse(args, "'%s' is left over: a match has no direction", args->words[1]);
    }
    if (!problem) {
        problem = mns_text_parse(&match.external, args, "the field's name", args->words[1]);
    }
    for (i = 0; i < matches->nelts && !problem; i++) {
        const nts_match_t *other = &APR_ARRAY_IDX(matches, i, nts_match_t);

        if (!strcmp(other->notion, match.notion) && !strcmp(other->external, match.external)) {
            problem = mns_args_refuse(args, "\"%s\" and '%s' are matched already", match.notion,
                                      match.external);
        }
    }
    if (!problem) {
        APR_ARRAY_PUSH(matches, nts_match_t) = match;
    }
    return problem;
}
