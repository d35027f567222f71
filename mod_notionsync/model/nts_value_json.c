/* nts_value_json.c - values as stored JSON, and as people read them.
 *
 * A text is a JSON string, a boolean a boolean, null null. The others are objects whose first
 * member says what they are: {"n":"12.5"} number, {"d":start,"e":end} date, {"o":name,"id":id}
 * option, {"s":[...]} set, {"x":what} opaque, {"cut":value} a truncated value, {} absent (in arrays
 * only).
 */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_value.h"

static void add_option(const nts_option_t *option, nts_json_t *parent, const char *key)
{
    nts_json_t *node = nts_json_add_object(parent, key);

    nts_json_add_string(node, "o", option->name);
    if (option->id) {
        nts_json_add_string(node, "id", option->id);
    }
}

static void add_date(const nts_date_t *date, nts_json_t *parent, const char *key)
{
    nts_json_t *node = nts_json_add_object(parent, key);

    nts_json_add_string(node, "d", date->start);
    if (date->end) {
        nts_json_add_string(node, "e", date->end);
    }
}

static void add_set(const nts_value_t *value, nts_json_t *parent, const char *key)
{
    nts_json_t *members = nts_json_add_array(nts_json_add_object(parent, key), "s");

    for (int i = 0; i < value->as.set.count; i++) {
        add_option(&value->as.set.options[i], members, NULL);
    }
}

void nts_value_to_json(const nts_value_t *value, nts_json_t *parent, const char *key)
{
    if (value->truncated) {
        nts_value_t whole = *value;

        whole.truncated = 0;
        nts_value_to_json(&whole, nts_json_add_object(parent, key), "cut");
        return;
    }
    switch (value->kind) {
    case NTS_VALUE_ABSENT:
        if (!key) {
            (void)nts_json_add_object(parent, NULL);
        }
        break;
    case NTS_VALUE_NULL:
        nts_json_add_null(parent, key);
        break;
    case NTS_VALUE_TEXT:
        nts_json_add_string(parent, key, value->as.text);
        break;
    case NTS_VALUE_NUMBER:
        nts_json_add_string(nts_json_add_object(parent, key), "n", value->as.text);
        break;
    case NTS_VALUE_BOOL:
        nts_json_add_bool(parent, key, value->as.truth);
        break;
    case NTS_VALUE_DATE:
        add_date(&value->as.date, parent, key);
        break;
    case NTS_VALUE_OPTION:
        add_option(&value->as.option, parent, key);
        break;
    case NTS_VALUE_SET:
        add_set(value, parent, key);
        break;
    case NTS_VALUE_OPAQUE:
        nts_json_add_string(nts_json_add_object(parent, key), "x", value->as.text);
        break;
    }
}

static apr_status_t take_option(nts_option_t *option, const nts_json_t *node, apr_pool_t *p)
{
    const char *name = nts_json_get_string(node, "o");
    const nts_json_t *id = nts_json_get(node, "id");

    if (!name || (id && !nts_json_string(id))) {
        return APR_EMISMATCH;
    }
    option->name = apr_pstrdup(p, name);
    option->id = id ? apr_pstrdup(p, nts_json_string(id)) : NULL;
    return APR_SUCCESS;
}

static apr_status_t take_set(nts_value_t *value, const nts_json_t *members, apr_pool_t *p)
{
    int count = nts_json_count(members);
    nts_option_t *options = apr_palloc(p, sizeof(*options) * (apr_size_t)(count + 1));

    if (nts_json_type(members) != NTS_JSON_ARRAY) {
        return APR_EMISMATCH;
    }
    for (int i = 0; i < count; i++) {
        apr_status_t rv = take_option(&options[i], nts_json_at(members, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *value = nts_value_set(options, count, p);
    return APR_SUCCESS;
}

static int is_empty_member(void *baton, const char *key, const nts_json_t *value)
{
    (void)key;
    (void)value;
    *(int *)baton = 0;
    return 1;
}

static apr_status_t take_object(nts_value_t *value, const nts_json_t *node, apr_pool_t *p)
{
    const nts_json_t *member;
    const char *text;
    int is_empty = 1;

    if ((member = nts_json_get(node, "cut")) != NULL) {
        apr_status_t rv = nts_value_from_json(value, member, p);

        value->truncated = 1;
        return rv;
    }
    if ((member = nts_json_get(node, "s")) != NULL) {
        return take_set(value, member, p);
    }
    if ((text = nts_json_get_string(node, "n")) != NULL) {
        return nts_value_number(value, text, p) == APR_SUCCESS ? APR_SUCCESS : APR_EMISMATCH;
    }
    if ((text = nts_json_get_string(node, "d")) != NULL) {
        return nts_value_date(value, text, nts_json_get_string(node, "e"), p) == APR_SUCCESS
                   ? APR_SUCCESS
                   : APR_EMISMATCH;
    }
    if ((text = nts_json_get_string(node, "x")) != NULL) {
        *value = nts_value_opaque(apr_pstrdup(p, text));
        return APR_SUCCESS;
    }
    if (nts_json_get(node, "o")) {
        value->kind = NTS_VALUE_OPTION;
        return take_option(&value->as.option, node, p);
    }
    nts_json_each(node, is_empty_member, &is_empty);
    return is_empty ? APR_SUCCESS : APR_EMISMATCH;
}

apr_status_t nts_value_from_json(nts_value_t *value, const nts_json_t *node, apr_pool_t *p)
{
    apr_status_t rv = APR_SUCCESS;

    *value = nts_value_absent;
    if (!node) {
        return APR_SUCCESS;
    }
    switch (nts_json_type(node)) {
    case NTS_JSON_NULL:
        *value = nts_value_null;
        break;
    case NTS_JSON_STRING:
        *value = nts_value_text(apr_pstrdup(p, nts_json_string(node)));
        break;
    case NTS_JSON_BOOL:
        *value = nts_value_bool(nts_json_bool(node, 0));
        break;
    case NTS_JSON_OBJECT:
        rv = take_object(value, node, p);
        break;
    case NTS_JSON_INT:
    case NTS_JSON_DOUBLE:
    case NTS_JSON_ARRAY:
        rv = APR_EMISMATCH;
        break;
    }
    if (rv != APR_SUCCESS) {
        *value = nts_value_absent;
    }
    return rv;
}

static const char *names_of(const nts_value_t *value, apr_pool_t *p)
{
    const char *text = "";

    for (int i = 0; i < value->as.set.count; i++) {
        text = apr_pstrcat(p, text, i ? ", " : "", value->as.set.options[i].name, NULL);
    }
    return text;
}

static const char *display_whole(const nts_value_t *value, apr_pool_t *p)
{
    switch (value->kind) {
    case NTS_VALUE_ABSENT:
        return "(not read)";
    case NTS_VALUE_NULL:
        break;
    case NTS_VALUE_TEXT:
    case NTS_VALUE_NUMBER:
        return value->as.text;
    case NTS_VALUE_BOOL:
        return value->as.truth ? "true" : "false";
    case NTS_VALUE_DATE:
        return value->as.date.end
                   ? apr_pstrcat(p, value->as.date.start, " to ", value->as.date.end, NULL)
                   : value->as.date.start;
    case NTS_VALUE_OPTION:
        return value->as.option.name;
    case NTS_VALUE_SET:
        return names_of(value, p);
    case NTS_VALUE_OPAQUE:
        return apr_psprintf(p, "(%s)", value->as.text);
    }
    return "";
}

const char *nts_value_display(const nts_value_t *value, int max, apr_pool_t *p)
{
    const char *text = nts_str_printable(display_whole(value, p), p);
    apr_size_t limit = max > 0 ? (apr_size_t)max : 0;
    apr_size_t cut;

    if (*text == '\0') {
        return "\xe2\x80\x94"; /* an em dash */
    }
    cut = nts_utf8_offset(text, limit);
    if (text[cut] == '\0' && !value->truncated) {
        return apr_pstrdup(p, text);
    }
    if (text[cut] != '\0') {
        cut = nts_utf8_offset(text, limit > 0 ? limit - 1 : 0);
    }
    return apr_psprintf(p, "%.*s\xe2\x80\xa6", (int)cut, text);
}
