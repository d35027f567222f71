/* nts_schema.c - finding fields, and schemas as stored JSON. */
#include <string.h>

#include "model/nts_schema.h"

const nts_schema_field_t *nts_schema_find_id(const nts_schema_t *schema, const char *id)
{
    for (int i = 0; i < schema->count; i++) {
        if (strcmp(schema->fields[i].id, id) == 0) {
            return &schema->fields[i];
        }
    }
    return NULL;
}

const nts_schema_field_t *nts_schema_find_name(const nts_schema_t *schema, const char *name)
{
    for (int i = 0; i < schema->count; i++) {
        if (strcmp(schema->fields[i].name, name) == 0) {
            return &schema->fields[i];
        }
    }
    return NULL;
}

const nts_schema_field_t *nts_schema_find(const nts_schema_t *schema, const char *id_or_name)
{
    const nts_schema_field_t *field = nts_schema_find_id(schema, id_or_name);

    return field ? field : nts_schema_find_name(schema, id_or_name);
}

/* Flags and limits of a type; what is zero is left out. */
static const struct {
    const char *name;
    apr_size_t offset;
} members[] = {
    { "computed", APR_OFFSETOF(nts_type_t, computed) },
    { "fixed", APR_OFFSETOF(nts_type_t, fixed) },
    { "nullable", APR_OFFSETOF(nts_type_t, nullable) },
    { "max_length", APR_OFFSETOF(nts_type_t, max_length) },
    { "units", APR_OFFSETOF(nts_type_t, units) },
    { "max_members", APR_OFFSETOF(nts_type_t, max_members) },
    { "alone", APR_OFFSETOF(nts_type_t, alone) },
    { "whole", APR_OFFSETOF(nts_type_t, whole) },
    { "precision", APR_OFFSETOF(nts_type_t, precision) },
    { "scale", APR_OFFSETOF(nts_type_t, scale) },
    { "binary", APR_OFFSETOF(nts_type_t, binary) },
    { "serial", APR_OFFSETOF(nts_type_t, serial) },
    { "zoned", APR_OFFSETOF(nts_type_t, zoned) },
    { "single_line", APR_OFFSETOF(nts_type_t, single_line) },
    { "options_open", APR_OFFSETOF(nts_type_t, options_open) },
    { "varying", APR_OFFSETOF(nts_type_t, varying) },
    { "one_way", APR_OFFSETOF(nts_type_t, one_way) },
    { "mirrored", APR_OFFSETOF(nts_type_t, mirrored) },
};
#define MEMBER_COUNT ((int)(sizeof(members) / sizeof(members[0])))

static const char *const kinds[] = { "unsupported", "text",  "number", "bool", "day",
                                     "instant",     "date",  "option", "set",  "reference",
                                     "files",       "place", "people" };
#define KIND_COUNT ((int)(sizeof(kinds) / sizeof(kinds[0])))

const char *nts_type_kind_name(nts_type_kind_t kind)
{
    return kinds[kind];
}

static int *member_of(nts_type_t *type, int i)
{
    return (int *)(void *)((char *)type + members[i].offset);
}

static void add_field(const nts_schema_field_t *field, nts_json_t *parent)
{
    nts_type_t type = field->type;
    nts_json_t *node = nts_json_add_object(parent, NULL);

    nts_json_add_string(node, "id", field->id);
    nts_json_add_string(node, "name", field->name);
    nts_json_add_string(node, "kind", kinds[type.kind]);
    nts_json_add_string(node, "native", type.native);
    for (int i = 0; i < MEMBER_COUNT; i++) {
        if (*member_of(&type, i)) {
            nts_json_add_int(node, members[i].name, *member_of(&type, i));
        }
    }
    if (type.target) {
        nts_json_add_string(node, "target", type.target);
    }
    if (type.option_count) {
        nts_json_t *options = nts_json_add_array(node, "options");

        for (int i = 0; i < type.option_count; i++) {
            nts_json_t *option = nts_json_add_object(options, NULL);

            nts_json_add_string(option, "name", type.options[i].name);
            if (type.options[i].id) {
                nts_json_add_string(option, "id", type.options[i].id);
            }
        }
    }
}

void nts_schema_to_json(const nts_schema_t *schema, nts_json_t *parent)
{
    nts_json_t *fields;

    if (schema->title) {
        nts_json_add_string(parent, "title", schema->title);
    }
    if (schema->instance) {
        nts_json_add_string(parent, "instance", schema->instance);
    }
    if (schema->key) {
        nts_json_add_string(parent, "key", schema->key);
    }
    if (schema->problem) {
        nts_json_add_string(parent, "problem", schema->problem);
    }
    if (schema->people) {
        /* Whoever binds anew when it changes needs no more of it; addresses are not kept. */
        nts_json_add_string(parent, "people", nts_users_digest(schema->people));
    }
    nts_json_add_int(parent, "counter", schema->counter);
    nts_json_add_bool(parent, "provisioned", schema->provisioned);
    nts_json_add_bool(parent, "has_ids", schema->has_ids);
    fields = nts_json_add_array(parent, "fields");
    for (int i = 0; i < schema->count; i++) {
        add_field(&schema->fields[i], fields);
    }
}

static apr_status_t take_options(nts_type_t *type, const nts_json_t *node, apr_pool_t *p)
{
    int count = nts_json_count(node);
    nts_option_t *options = apr_palloc(p, sizeof(*options) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        const char *name = nts_json_get_string(nts_json_at(node, i), "name");

        if (!name) {
            return APR_EMISMATCH;
        }
        options[i].name = apr_pstrdup(p, name);
        options[i].id = apr_pstrdup(p, nts_json_get_string(nts_json_at(node, i), "id"));
    }
    type->options = options;
    type->option_count = count;
    return APR_SUCCESS;
}

static apr_status_t take_field(nts_schema_field_t *field, const nts_json_t *node, apr_pool_t *p)
{
    const char *kind = nts_json_get_string(node, "kind");
    int at = 0;

    field->id = apr_pstrdup(p, nts_json_get_string(node, "id"));
    field->name = apr_pstrdup(p, nts_json_get_string(node, "name"));
    field->type.native = apr_pstrdup(p, nts_json_get_string(node, "native"));
    if (!field->id || !field->name || !field->type.native || !kind) {
        return APR_EMISMATCH;
    }
    while (at < KIND_COUNT && strcmp(kinds[at], kind) != 0) {
        at++;
    }
    if (at == KIND_COUNT) {
        return APR_EMISMATCH;
    }
    field->type.kind = (nts_type_kind_t)at;
    for (int i = 0; i < MEMBER_COUNT; i++) {
        apr_int64_t n = nts_json_get_int(node, members[i].name, 0);

        if (n < 0 || n > INT32_MAX) {
            return APR_EMISMATCH;
        }
        *member_of(&field->type, i) = (int)n;
    }
    field->type.target = apr_pstrdup(p, nts_json_get_string(node, "target"));
    return take_options(&field->type, nts_json_get(node, "options"), p);
}

apr_status_t nts_schema_from_json(nts_schema_t **schema, const nts_json_t *node, apr_pool_t *p)
{
    const nts_json_t *list = nts_json_get(node, "fields");
    int count = nts_json_count(list);
    nts_schema_t *made = apr_pcalloc(p, sizeof(*made));
    nts_schema_field_t *fields = apr_pcalloc(p, sizeof(*fields) * (apr_size_t)(count + 1));

    *schema = NULL;
    if (!list || nts_json_type(list) != NTS_JSON_ARRAY) {
        return APR_EMISMATCH;
    }
    for (int i = 0; i < count; i++) {
        apr_status_t rv = take_field(&fields[i], nts_json_at(list, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    made->fields = fields;
    made->count = count;
    made->title = apr_pstrdup(p, nts_json_get_string(node, "title"));
    made->instance = apr_pstrdup(p, nts_json_get_string(node, "instance"));
    made->key = apr_pstrdup(p, nts_json_get_string(node, "key"));
    made->problem = apr_pstrdup(p, nts_json_get_string(node, "problem"));
    made->counter = nts_json_get_int(node, "counter", 0);
    made->provisioned = nts_json_bool(nts_json_get(node, "provisioned"), 0);
    made->has_ids = nts_json_bool(nts_json_get(node, "has_ids"), 0);
    *schema = made;
    return APR_SUCCESS;
}
