/* nts_entry.c - audit entries: names, and their fields as stored text. */
#include <string.h>

#include "model/nts_link.h"

const char *nts_entry_op_name(nts_entry_op_t op)
{
    static const char *const names[] = { "create", "update", "remove", "restore",
                                         "link",   "agree",  "hold",   "refuse" };

    return names[op];
}

const char *nts_entry_state_name(nts_entry_state_t state)
{
    static const char *const names[] = { "pending", "applied", "not applied", "unknown", "noted" };

    return names[state];
}

static const struct {
    const char *name;
    apr_size_t offset;
} values[] = {
    { "agreed", APR_OFFSETOF(nts_entry_field_t, agreed) },
    { "before", APR_OFFSETOF(nts_entry_field_t, before) },
    { "after", APR_OFFSETOF(nts_entry_field_t, after) },
    { "sent", APR_OFFSETOF(nts_entry_field_t, sent) },
    { "other", APR_OFFSETOF(nts_entry_field_t, other) },
    { "lost", APR_OFFSETOF(nts_entry_field_t, lost) },
};
#define VALUE_COUNT ((int)(sizeof(values) / sizeof(values[0])))

static void add_field(const nts_entry_field_t *field, nts_json_t *array)
{
    nts_json_t *node = nts_json_add_object(array, NULL);

    nts_json_add_int(node, "pair", field->pair);
    if (field->name) {
        nts_json_add_string(node, "name", field->name);
    }
    for (int i = 0; i < VALUE_COUNT; i++) {
        const char *at = (const char *)field + values[i].offset;

        nts_value_to_json((const nts_value_t *)(const void *)at, node, values[i].name);
    }
    if (field->reason) {
        nts_json_add_string(node, "reason", field->reason);
    }
}

const char *nts_entry_fields_text(const nts_entry_t *entry, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);

    for (int i = 0; i < entry->field_count; i++) {
        add_field(&entry->fields[i], array);
    }
    return nts_json_text(array, p);
}

static apr_status_t take_field(nts_entry_field_t *field, const nts_json_t *node, apr_pool_t *p)
{
    if (nts_json_int(&field->pair, nts_json_get(node, "pair")) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    field->name = apr_pstrdup(p, nts_json_get_string(node, "name"));
    field->reason = apr_pstrdup(p, nts_json_get_string(node, "reason"));
    for (int i = 0; i < VALUE_COUNT; i++) {
        char *at = (char *)field + values[i].offset;
        apr_status_t rv =
            nts_value_from_json((nts_value_t *)(void *)at, nts_json_get(node, values[i].name), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_entry_fields_parse(nts_entry_t *entry, const char *text, apr_pool_t *p)
{
    const nts_json_t *root;
    nts_entry_field_t *fields;
    int count;

    entry->fields = NULL;
    entry->field_count = 0;
    if (nts_json_parse(&root, text, strlen(text), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY) {
        return APR_EMISMATCH;
    }
    count = nts_json_count(root);
    fields = apr_pcalloc(p, sizeof(*fields) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        apr_status_t rv = take_field(&fields[i], nts_json_at(root, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    entry->fields = fields;
    entry->field_count = count;
    return APR_SUCCESS;
}
