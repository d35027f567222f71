/* Fuzzes the forms in which the state store keeps values, mappings, services and schemas: a damaged file must be
 * refused, not believed; what is taken reads the same when written again. */
#include "fuzz.h"

#include "base/nts_str.h"
#include "model/nts_mapping.h"
#include "model/nts_schema.h"

static const nts_service_t notion = { .vhost = "", .name = "work", .kind = NTS_SERVICE_NOTION };
static const nts_service_t database = { .vhost = "", .name = "db", .kind = NTS_SERVICE_SQL };

static const char *text_of(const nts_value_t *value, apr_pool_t *p)
{
    nts_json_t *list = nts_json_make_array(p);

    nts_value_to_json(value, list, NULL);
    return nts_json_text(list, p);
}

static void try_value(const nts_json_t *root, apr_pool_t *p)
{
    nts_value_t value;
    nts_value_t again;
    const nts_json_t *list;
    const char *text;

    if (nts_value_from_json(&value, root, p) != APR_SUCCESS) {
        return;
    }
    text = nts_value_display(&value, 20, p);
    FUZZ_ASSERT(nts_utf8_is_valid(text, strlen(text)) && nts_utf8_length(text) <= 21);
    text = text_of(&value, p);
    FUZZ_ASSERT(nts_json_parse(&list, text, strlen(text), NULL, p) == APR_SUCCESS);
    FUZZ_ASSERT(nts_value_from_json(&again, nts_json_at(list, 0), p) == APR_SUCCESS);
    FUZZ_ASSERT(again.kind == value.kind && !strcmp(text, text_of(&again, p)));
}

static void try_mapping(const nts_json_t *root, apr_pool_t *p)
{
    nts_mapping_t *mapping;
    nts_json_t *object = nts_json_make_object(p);

    if (nts_mapping_from_json(&mapping, root, &notion, &database, p) == APR_SUCCESS) {
        nts_mapping_to_json(mapping, object);
        FUZZ_ASSERT(nts_json_text(object, p));
    }
}

static void try_others(const nts_json_t *root, apr_pool_t *p)
{
    nts_json_t *object = nts_json_make_object(p);
    nts_service_t *service;
    nts_schema_t *schema;

    if (nts_service_from_json(&service, root, p) == APR_SUCCESS) {
        nts_service_to_json(service, object);
    }
    if (nts_schema_from_json(&schema, root, p) == APR_SUCCESS) {
        nts_schema_to_json(schema, object);
    }
    FUZZ_ASSERT(nts_json_text(object, p));
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    const nts_json_t *root;

    if (nts_json_parse(&root, (const char *)data, len, NULL, p) == APR_SUCCESS) {
        try_value(root, p);
        try_mapping(root, p);
        try_others(root, p);
    }
}
