/* What can be set about the simulator's behaviour. */
#include "sim_settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_state.h"
#include "sim_util.h"

sim_settings_t sim_set SIM_STATE;

enum { IS_INT, IS_NUM, IS_FLAG, IS_TEXT };

typedef struct entry_t {
    const char *name;
    int kind;
    size_t offset;
    double number;
    const char *text;
} entry_t;

#define SIM_INT(name, def) { #name, IS_INT, offsetof(sim_settings_t, name), def, NULL },
#define SIM_NUM(name, def) { #name, IS_NUM, offsetof(sim_settings_t, name), def, NULL },
#define SIM_FLAG(name, def) { #name, IS_FLAG, offsetof(sim_settings_t, name), def, NULL },
#define SIM_TEXT(name, def) { #name, IS_TEXT, offsetof(sim_settings_t, name), 0, def },

static const entry_t entries[] = { SIM_SETTINGS(SIM_INT, SIM_NUM, SIM_FLAG, SIM_TEXT) };

#define NENTRIES (sizeof(entries) / sizeof(entries[0]))

static void *field_of(const entry_t *e)
{
    return (char *)&sim_set + e->offset;
}

static void put_text(const entry_t *e, const char *s)
{
    snprintf(field_of(e), SIM_SETTING_TEXT_MAX, "%s", s);
}

void sim_settings_default(void)
{
    const char *record = getenv("NOTIONSIM_RECORD");
    size_t i;

    for (i = 0; i < NENTRIES; i++) {
        const entry_t *e = &entries[i];

        switch (e->kind) {
        case IS_INT:
            *(int64_t *)field_of(e) = (int64_t)e->number;
            break;
        case IS_NUM:
            *(double *)field_of(e) = e->number;
            break;
        case IS_FLAG:
            *(int *)field_of(e) = (int)e->number;
            break;
        default:
            put_text(e, e->text);
            break;
        }
    }
    if (record) {
        snprintf(sim_set.record, sizeof(sim_set.record), "%s", record);
    }
}

static int word_is_known(const char *name, const char *word)
{
    static const char *const words[][5] = {
        { "cursor", "key", "offset", NULL },
        { "title_as_content", "random", "true", "false", NULL },
        { "unshared_relation", "empty", "missing", NULL },
        { "group_items", "left_out", "as_user", NULL },
        { "date_precision", "minute", "ms", NULL },
        { "trash_event", "data_source", "database", NULL },
        { "array_writes", "replace", "add", NULL },
        { "unknown_status", "refused", "made", NULL },
        { "null_status", "default", "unset", "refused", NULL },
        { "event_ids", "same", "new", NULL },
        { "webhook_version", "2026-03-11", "2025-09-03", "2022-06-28", NULL },
    };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i][0], name) == 0) {
            return sim_text_in(word, words[i] + 1);
        }
    }
    return 1;
}

static int entry_fits(const entry_t *e, json_object *v)
{
    double d;

    switch (e->kind) {
    case IS_INT:
        return sim_is(v, json_type_int);
    case IS_NUM:
        return sim_number(v, &d) && d >= 0 && d <= 1;
    case IS_FLAG:
        return sim_is(v, json_type_boolean);
    default:
        if (strcmp(e->name, "title_as_content") == 0 && sim_is(v, json_type_boolean)) {
            return 1;
        }
        return sim_is(v, json_type_string) &&
               json_object_get_string_len(v) < SIM_SETTING_TEXT_MAX &&
               word_is_known(e->name, json_object_get_string(v));
    }
}

static void set_entry(const entry_t *e, json_object *v)
{
    double d = 0;

    switch (e->kind) {
    case IS_INT:
        *(int64_t *)field_of(e) = json_object_get_int64(v);
        break;
    case IS_NUM:
        sim_number(v, &d);
        *(double *)field_of(e) = d;
        break;
    case IS_FLAG:
        *(int *)field_of(e) = json_object_get_boolean(v);
        break;
    default:
        put_text(e, json_object_get_string(v)); /* a boolean becomes its word */
        break;
    }
}

const char *sim_settings_merge(json_object *o, int check_only)
{
    size_t i;

    if (!o) {
        return NULL;
    }
    if (!sim_is(o, json_type_object)) {
        return "settings must be an object";
    }
    json_object_object_foreach(o, key, val)
    {
        const char *bad = key;

        for (i = 0; i < NENTRIES; i++) {
            if (strcmp(entries[i].name, key) == 0) {
                if (entry_fits(&entries[i], val)) {
                    bad = NULL;
                    if (!check_only) {
                        set_entry(&entries[i], val);
                    }
                }
                break;
            }
        }
        if (bad) {
            return bad;
        }
    }
    return NULL;
}

void sim_settings_json(sim_buf_t *b)
{
    size_t i;

    sim_json_open(b, '{');
    for (i = 0; i < NENTRIES; i++) {
        const entry_t *e = &entries[i];

        sim_json_key(b, e->name);
        switch (e->kind) {
        case IS_INT:
            sim_json_int(b, *(int64_t *)field_of(e));
            break;
        case IS_NUM:
            sim_json_num(b, *(double *)field_of(e));
            break;
        case IS_FLAG:
            sim_json_bool(b, *(int *)field_of(e));
            break;
        default:
            sim_json_str(b, field_of(e));
            break;
        }
    }
    sim_json_close(b, '}');
}
