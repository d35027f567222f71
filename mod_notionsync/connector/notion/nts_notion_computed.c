/* nts_notion_computed.c - results of formulas and rollups: each tells its own type. */
#include <string.h>

#include "connector/notion/nts_notion_impl.h"

static int is_type(const nts_json_t *result, const char *type)
{
    const char *found = nts_json_get_string(result, "type");

    return found && strcmp(found, type) == 0;
}

/* {"type":"number","number":42}: as a property of that type. */
static nts_value_t plain_result(const nts_json_t *result, apr_pool_t *p)
{
    nts_value_t value = nts_notion_value(result, p);

    return value.kind == NTS_VALUE_ABSENT ? nts_value_opaque("a result of an unknown form") : value;
}

nts_value_t nts_notion_formula(const nts_json_t *formula, apr_pool_t *p)
{
    if (is_type(formula, "unsupported")) {
        return nts_value_opaque("a result that Notion does not give to connections");
    }
    return plain_result(formula, p);
}

/* --- lists */

static void add_set(nts_json_t *list, const nts_value_t *set)
{
    nts_json_t *members = nts_json_add_array(list, NULL);

    for (int i = 0; i < set->as.set.count; i++) {
        nts_json_add_string(members, NULL, set->as.set.options[i].name);
    }
}

/* Zero: it cannot stand in a list. */
static int add_element(nts_json_t *list, const nts_value_t *value, apr_pool_t *p)
{
    if (value->truncated) {
        return 0;
    }
    switch (value->kind) {
    case NTS_VALUE_NULL:
        nts_json_add_null(list, NULL);
        return 1;
    case NTS_VALUE_TEXT:
        nts_json_add_string(list, NULL, value->as.text);
        return 1;
    case NTS_VALUE_NUMBER:
        nts_json_add_number(list, NULL, value->as.text);
        return 1;
    case NTS_VALUE_BOOL:
        nts_json_add_bool(list, NULL, value->as.truth);
        return 1;
    case NTS_VALUE_DATE:
        nts_json_add_string(
            list, NULL,
            value->as.date.end ? apr_pstrcat(p, value->as.date.start, "/", value->as.date.end, NULL)
                               : value->as.date.start);
        return 1;
    case NTS_VALUE_OPTION:
        nts_json_add_string(list, NULL, value->as.option.name);
        return 1;
    case NTS_VALUE_SET:
        add_set(list, value);
        return 1;
    case NTS_VALUE_ABSENT:
    case NTS_VALUE_OPAQUE:
        break;
    }
    return 0;
}

/* In Notion's order, and with what is there twice: which a set has not. */
static nts_value_t list_result(const nts_json_t *elements, apr_pool_t *p)
{
    nts_json_t *list = nts_json_make_array(p);
    int count = nts_json_count(elements);

    for (int i = 0; i < count; i++) {
        nts_value_t value = nts_notion_value(nts_json_at(elements, i), p);

        if (!add_element(list, &value, p)) {
            return nts_value_opaque(value.kind == NTS_VALUE_OPAQUE
                                        ? apr_pstrcat(p, "a list with ", value.as.text, NULL)
                                        : "a list of things of an unknown form");
        }
    }
    return count ? nts_value_text(nts_json_text(list, p)) : nts_value_null;
}

/* --- rollups */

nts_value_t nts_notion_rollup(const nts_json_t *rollup, apr_pool_t *p)
{
    const nts_json_t *array = nts_json_get(rollup, "array");
    nts_value_t value;

    if (is_type(rollup, "unsupported")) {
        return nts_value_opaque("a rollup that Notion does not compute for connections");
    }
    if (is_type(rollup, "incomplete")) {
        value = nts_value_text("a rollup that Notion has not finished");
        value.truncated = 1;
        return value;
    }
    if (!is_type(rollup, "array")) {
        return plain_result(rollup, p);
    }
    if (nts_json_type(array) != NTS_JSON_ARRAY) {
        return nts_value_opaque("a result of an unknown form");
    }
    value = list_result(array, p);
    value.truncated = nts_json_count(array) >= NTS_NOTION_REFERENCES;
    return value;
}

/* Of title and text Notion lists the pieces of all elements one after the other: whose they are it does not tell. */
static int is_in_pieces(const nts_json_t *element)
{
    return is_type(element, "title") || is_type(element, "rich_text");
}

nts_value_t nts_notion_rollup_whole(const nts_json_t *rollup, const nts_json_t *elements,
                                    apr_pool_t *p)
{
    nts_value_t value;

    if (!is_type(rollup, "array")) {
        value = nts_notion_rollup(rollup, p);
        /* If it is not finished now, asking again does not help. */
        return value.truncated ? nts_value_opaque(value.as.text) : value;
    }
    for (int i = 0; i < nts_json_count(elements); i++) {
        if (is_in_pieces(nts_json_at(elements, i))) {
            return nts_value_opaque("a list of 25 texts or more, which Notion shows in pieces");
        }
    }
    return list_result(elements, p);
}
