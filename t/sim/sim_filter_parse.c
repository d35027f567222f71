/* Filters of a query: parsing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_filter_private.h"
#include "sim_schema.h"

#define MAX_DEPTH 2

typedef struct parser_t {
    const sim_ds_t *ds;
    const sim_token_t *token;
    sim_fail_t *fail;
} parser_t;

static const struct {
    const char *name;
    sim_cond_t cond;
    unsigned families; /* bits of sim_family_t */
} conds[] = {
#define BIT(f) (1u << (f))
    { "equals", SIM_C_EQUALS,
      BIT(SIM_F_TEXT) | BIT(SIM_F_NUMBER) | BIT(SIM_F_BOOL) | BIT(SIM_F_OPTION) | BIT(SIM_F_DATE) },
    { "does_not_equal", SIM_C_NOT_EQUALS,
      BIT(SIM_F_TEXT) | BIT(SIM_F_NUMBER) | BIT(SIM_F_BOOL) | BIT(SIM_F_OPTION) |
          BIT(SIM_F_VERIFIED) },
    { "contains", SIM_C_CONTAINS,
      BIT(SIM_F_TEXT) | BIT(SIM_F_OPTIONS) | BIT(SIM_F_PEOPLE) | BIT(SIM_F_RELATION) },
    { "does_not_contain", SIM_C_NOT_CONTAINS,
      BIT(SIM_F_TEXT) | BIT(SIM_F_OPTIONS) | BIT(SIM_F_PEOPLE) | BIT(SIM_F_RELATION) },
    { "starts_with", SIM_C_STARTS, BIT(SIM_F_TEXT) },
    { "ends_with", SIM_C_ENDS, BIT(SIM_F_TEXT) },
    { "greater_than", SIM_C_GT, BIT(SIM_F_NUMBER) },
    { "less_than", SIM_C_LT, BIT(SIM_F_NUMBER) },
    { "greater_than_or_equal_to", SIM_C_GE, BIT(SIM_F_NUMBER) },
    { "less_than_or_equal_to", SIM_C_LE, BIT(SIM_F_NUMBER) },
    { "after", SIM_C_GT, BIT(SIM_F_DATE) },
    { "before", SIM_C_LT, BIT(SIM_F_DATE) },
    { "on_or_after", SIM_C_GE, BIT(SIM_F_DATE) },
    { "on_or_before", SIM_C_LE, BIT(SIM_F_DATE) },
    { "status", SIM_C_EQUALS, BIT(SIM_F_VERIFIED) },
    { "is_empty", SIM_C_EMPTY, ~BIT(SIM_F_BOOL) },
    { "is_not_empty", SIM_C_NOT_EMPTY, ~BIT(SIM_F_BOOL) },
};

static int family_of(sim_type_t t)
{
    switch (t) {
    case SIM_T_TITLE:
    case SIM_T_RICH_TEXT:
    case SIM_T_URL:
    case SIM_T_EMAIL:
    case SIM_T_PHONE_NUMBER:
        return SIM_F_TEXT;
    case SIM_T_NUMBER:
    case SIM_T_UNIQUE_ID:
        return SIM_F_NUMBER;
    case SIM_T_CHECKBOX:
        return SIM_F_BOOL;
    case SIM_T_SELECT:
    case SIM_T_STATUS:
        return SIM_F_OPTION;
    case SIM_T_MULTI_SELECT:
        return SIM_F_OPTIONS;
    case SIM_T_DATE:
    case SIM_T_CREATED_TIME:
    case SIM_T_LAST_EDITED_TIME:
        return SIM_F_DATE;
    case SIM_T_PEOPLE:
    case SIM_T_CREATED_BY:
    case SIM_T_LAST_EDITED_BY:
        return SIM_F_PEOPLE;
    case SIM_T_RELATION:
        return SIM_F_RELATION;
    case SIM_T_FILES:
        return SIM_F_FILES;
    case SIM_T_VERIFICATION:
        return SIM_F_VERIFIED;
    default:
        return -1;
    }
}

/* relative words and periods; 0 if it is none of them */
static int relative_range(const char *word, sim_ms_t *lo, sim_ms_t *hi)
{
    static const struct {
        const char *word;
        int from, days; /* whole days relative to today; days 1 is one day */
    } words[] = {
        { "today", 0, 1 },
        { "tomorrow", 1, 1 },
        { "yesterday", -1, 1 },
        { "one_week_ago", -7, 1 },
        { "one_week_from_now", 7, 1 },
        { "one_month_ago", -30, 1 },
        { "one_month_from_now", 30, 1 },
        { "past_week", -7, 8 },
        { "past_month", -30, 31 },
        { "past_year", -365, 366 },
        { "next_week", 0, 8 },
        { "next_month", 0, 31 },
        { "next_year", 0, 366 },
    };
    sim_ms_t today = sim_time_now() / SIM_DAY * SIM_DAY;
    size_t i;

    if (strcmp(word, "this_week") == 0) {
        *lo = today - (today / SIM_DAY + 4) % 7 * SIM_DAY; /* Sunday; 1970-01-01 was a Thursday */
        *hi = *lo + 7 * SIM_DAY - 1;
        return 1;
    }
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].word, word) == 0) {
            *lo = today + words[i].from * SIM_DAY;
            *hi = *lo + words[i].days * SIM_DAY - 1;
            return 1;
        }
    }
    return 0;
}

static void add_text(sim_filter_t *n, const char *s)
{
    n->texts = sim_mem_grow(n->texts, (n->ntexts + 1) * sizeof(*n->texts));
    n->texts[n->ntexts++] = sim_mem_dup(s);
}

static void take_texts(parser_t *ps, sim_filter_t *n, json_object *v, const char *path)
{
    size_t i;

    if (sim_is(v, json_type_string)) {
        add_text(n, json_object_get_string(v));
    }
    else if (sim_is(v, json_type_array) &&
             (n->family == SIM_F_OPTION || n->family == SIM_F_OPTIONS)) {
        for (i = 0; i < json_object_array_length(v); i++) {
            json_object *o = json_object_array_get_idx(v, i);

            if (sim_is(o, json_type_string)) {
                add_text(n, json_object_get_string(o));
            }
            else {
                sim_fail_should(ps->fail, path, "an array of strings", v, 1);
            }
        }
    }
    else {
        sim_fail_should(ps->fail, path, "a string", v, 1);
    }
    for (i = 0; n->prop && sim_type_has_options(n->prop->type) && i < n->ntexts; i++) {
        if (!sim_option_by_name(n->prop, n->texts[i])) {
            sim_fail_meaning(ps->fail, "%s option \"%s\" not found for property \"%s\".",
                             sim_type_name(n->prop->type), n->texts[i], n->prop->name);
        }
    }
}

static void take_id(parser_t *ps, sim_filter_t *n, json_object *v, const char *path)
{
    const char *s = sim_is(v, json_type_string) ? json_object_get_string(v) : "";

    if (n->family == SIM_F_PEOPLE && strcmp(s, "me") == 0) {
        n->nobody = !ps->token->is_person;
        n->id = ps->token->user->id;
    }
    else if (!sim_id_parse(&n->id, s)) {
        sim_fail_should(ps->fail, path, "a valid uuid", v, 1);
    }
}

static void take_date(parser_t *ps, sim_filter_t *n, json_object *v, const char *path)
{
    const char *s = sim_is(v, json_type_string) ? json_object_get_string(v) : "";
    sim_date_t d;

    if (relative_range(s, &n->lo, &n->hi)) {
        return;
    }
    if (!sim_date_parse(&d, s)) {
        sim_fail_should(ps->fail, path, "a valid ISO 8601 date string", v, 1);
        return;
    }
    n->lo = d.utc_ms;
    n->hi = d.has_time ? d.utc_ms : d.utc_ms + SIM_DAY - 1;
}

static void take_operand(parser_t *ps, sim_filter_t *n, json_object *v, const char *path)
{
    if (n->cond == SIM_C_EMPTY || n->cond == SIM_C_NOT_EMPTY) {
        if (!sim_is(v, json_type_boolean) || !json_object_get_boolean(v)) {
            sim_fail_should(ps->fail, path, "`true`", v, 1);
        }
        return;
    }
    switch (n->family) {
    case SIM_F_NUMBER:
        if (!sim_number(v, &n->number)) {
            sim_fail_should(ps->fail, path, "a number", v, 1);
        }
        break;
    case SIM_F_BOOL:
        n->flag = json_object_get_boolean(v);
        if (!sim_is(v, json_type_boolean)) {
            sim_fail_should(ps->fail, path, "a boolean", v, 1);
        }
        break;
    case SIM_F_DATE:
        take_date(ps, n, v, path);
        break;
    case SIM_F_PEOPLE:
    case SIM_F_RELATION:
        take_id(ps, n, v, path);
        break;
    default:
        take_texts(ps, n, v, path);
        break;
    }
}

static void take_condition(parser_t *ps, sim_filter_t *n, json_object *o, const char *path)
{
    char where[256];
    size_t i;

    if (!sim_is(o, json_type_object) || json_object_object_length(o) != 1) {
        sim_fail_should(ps->fail, path, "an object with one condition", o, 1);
        return;
    }
    json_object_object_foreach(o, key, val)
    {
        snprintf(where, sizeof(where), "%s.%s", path, key);
        if (n->family == SIM_F_DATE && sim_is(val, json_type_object) &&
            relative_range(key, &n->lo, &n->hi)) {
            n->cond = SIM_C_EQUALS;
            return;
        }
        for (i = 0; i < sizeof(conds) / sizeof(conds[0]); i++) {
            if (strcmp(conds[i].name, key) == 0 && (conds[i].families & (1u << n->family))) {
                n->cond = conds[i].cond;
                take_operand(ps, n, val, where);
                return;
            }
        }
        sim_fail_shape(ps->fail, "%s should be not present, instead was `%.100s`.", where,
                       json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN));
    }
}

/* formula and rollup wrap the condition once more */
static void take_computed(parser_t *ps, sim_filter_t *n, json_object *o, const char *path)
{
    static const struct {
        const char *key, *type;
        sim_family_t family;
    } kinds[] = {
        { "string", "string", SIM_F_TEXT },
        { "number", "number", SIM_F_NUMBER },
        { "checkbox", "boolean", SIM_F_BOOL },
        { "date", "date", SIM_F_DATE },
    };
    json_object *sub;
    char where[256];
    size_t i;

    for (i = 0; i < 4; i++) {
        if (sim_member(o, kinds[i].key, &sub)) {
            snprintf(where, sizeof(where), "%s.%s", path, kinds[i].key);
            n->computed = kinds[i].type;
            n->family = kinds[i].family;
            take_condition(ps, n, sub, where);
            return;
        }
    }
    sim_fail_shape(ps->fail, "%s.number should be defined, instead was `undefined`.", path);
}

static void take_leaf(parser_t *ps, sim_filter_t *n, json_object *o, const char *path)
{
    const char *stamp = sim_member_str(o, "timestamp"), *name = sim_member_str(o, "property"),
               *type = NULL;
    json_object *cond = NULL;
    char where[200];
    int family;

    json_object_object_foreach(o, key, val)
    {
        if (strcmp(key, "timestamp") != 0 && strcmp(key, "property") != 0 &&
            strcmp(key, "type") != 0) {
            type = key;
            cond = val;
        }
    }
    if (!type || (!stamp && !name) || (stamp && name)) {
        sim_fail_shape(ps->fail, "%s.property should be defined, instead was `undefined`.", path);
        return;
    }
    snprintf(where, sizeof(where), "%.150s.%.40s", path, type);
    if (stamp) {
        n->timestamp = strcmp(stamp, "created_time") == 0       ? 1
                       : strcmp(stamp, "last_edited_time") == 0 ? 2
                                                                : 0;
        n->family = SIM_F_DATE;
        if (!n->timestamp || strcmp(stamp, type) != 0) {
            sim_fail_shape(ps->fail, "%s.%.40s should be defined, instead was `undefined`.", path,
                           stamp);
            return;
        }
        take_condition(ps, n, cond, where);
        return;
    }
    n->prop = sim_prop_find(ps->ds, name);
    if (!n->prop || !sim_prop_is_visible(n->prop, ps->token)) {
        sim_fail_meaning(ps->fail, "Could not find property with name or id: %s", name);
        return;
    }
    if (strcmp(sim_type_name(n->prop->type), type) != 0) {
        sim_fail_meaning(ps->fail, "database property %s does not match filter %s",
                         sim_type_name(n->prop->type), type);
        return;
    }
    family = family_of(n->prop->type);
    if (n->prop->type == SIM_T_FORMULA || n->prop->type == SIM_T_ROLLUP) {
        take_computed(ps, n, cond, where);
    }
    else if (family < 0) {
        sim_fail_meaning(ps->fail, "%s properties cannot be filtered.", type);
    }
    else {
        n->family = (sim_family_t)family;
        take_condition(ps, n, cond, where);
    }
}

static sim_filter_t *take_node(parser_t *ps, json_object *o, const char *path, int depth)
{
    sim_filter_t *n = sim_mem_alloc(sizeof(*n));
    json_object *list;
    char where[256];
    size_t i;

    n->op = sim_member(o, "and", &list) ? SIM_AND : sim_member(o, "or", &list) ? SIM_OR : SIM_COND;
    if (!sim_is(o, json_type_object)) {
        sim_fail_should(ps->fail, path, "an object", o, 1);
    }
    else if (n->op == SIM_COND) {
        take_leaf(ps, n, o, path);
    }
    else if (depth >= MAX_DEPTH) {
        sim_fail_shape(ps->fail, "%s.%s should be not present, instead was `%.100s`.", path,
                       n->op == SIM_AND ? "and" : "or",
                       json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));
    }
    else if (!sim_is(list, json_type_array) || json_object_array_length(list) > 100) {
        sim_fail_should(ps->fail, path, "an array of at most 100 filters", list, 1);
    }
    else {
        n->nkids = json_object_array_length(list);
        n->kids = sim_mem_alloc((n->nkids + 1) * sizeof(sim_filter_t *));
        for (i = 0; i < n->nkids; i++) {
            snprintf(where, sizeof(where), "%.200s.%s[%zu]", path, n->op == SIM_AND ? "and" : "or",
                     i);
            n->kids[i] = take_node(ps, json_object_array_get_idx(list, i), where, depth + 1);
        }
    }
    return n;
}

sim_filter_t *sim_filter_parse(json_object *o, const sim_ds_t *ds, const sim_token_t *t,
                               sim_fail_t *f)
{
    parser_t ps = { ds, t, f };

    return o ? take_node(&ps, o, "body.filter", 0) : NULL;
}

void sim_filter_free(sim_filter_t *n)
{
    size_t i;

    if (!n) {
        return;
    }
    for (i = 0; i < n->nkids; i++) {
        sim_filter_free(n->kids[i]);
    }
    for (i = 0; i < n->ntexts; i++) {
        free(n->texts[i]);
    }
    free(n->kids);
    free(n->texts);
    free(n);
}
