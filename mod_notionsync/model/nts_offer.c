/* nts_offer.c - what of a mapping's fields people should know. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_auto.h"
#include "model/nts_offer.h"

int nts_offer_suspended(const nts_mapping_t *mapping, nts_json_t *parent)
{
    nts_json_t *list = nts_json_add_array(parent, "suspended");
    int count = 0;

    for (int i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        nts_json_t *node;

        if (!pair->bound.why.code) {
            continue;
        }
        node = nts_json_add_object(list, NULL);
        nts_json_add_string(node, "notion", pair->notion);
        nts_json_add_string(node, "external", pair->external);
        nts_json_add_string(node, "code", pair->bound.why.code);
        nts_json_add_string(node, "what", pair->bound.why.what);
        nts_json_add_string(node, "advice", pair->bound.why.advice);
        nts_json_add_int(node, "since", pair->bound.since);
        count++;
    }
    return count;
}

static int is_mapped(const nts_mapping_t *mapping, const nts_schema_field_t *property)
{
    for (int i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];

        if (pair->notion_id ? strcmp(pair->notion_id, property->id) == 0
                            : strcmp(pair->notion, property->name) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_taken(const nts_mapping_t *mapping, const char *column)
{
    for (int i = 0; i < mapping->pair_count; i++) {
        if (strcmp(mapping->pairs[i].external, column) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The column that would be paired with it by their names; NULL: none is free. */
static const nts_schema_field_t *column_for(const nts_mapping_t *mapping,
                                            const nts_schema_t *external, const char *name,
                                            apr_pool_t *p)
{
    for (int i = 0; name && i < external->count; i++) {
        const nts_schema_field_t *column = &external->fields[i];

        if (nts_str_same(nts_auto_column_name(column->name, p), name) &&
            !is_taken(mapping, column->id)) {
            return column;
        }
    }
    return NULL;
}

/* As an argument of a directive. */
static const char *quoted(const char *text, apr_pool_t *p)
{
    char *out = apr_palloc(p, 2 * strlen(text) + 3);
    char *at = out;

    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *at++ = '\\';
        }
        *at++ = *text;
    }
    *at++ = '"';
    *at = '\0';
    return out;
}

static void offer(const nts_mapping_t *mapping, const nts_schema_field_t *property,
                  const nts_schema_t *external, nts_json_t *list, apr_pool_t *p)
{
    const nts_type_t *type = &property->type;
    const char *name = nts_auto_column_name(property->name, p);
    const nts_schema_field_t *column = column_for(mapping, external, name, p);
    int one_way = type->computed || type->one_way;
    nts_json_t *node = nts_json_add_object(list, NULL);

    nts_json_add_string(node, "property", property->name);
    nts_json_add_string(node, "type", type->native);
    nts_json_add_string(node, "line",
                        apr_psprintf(p, "NotionSyncField %s %s %s%s", quoted(property->name, p),
                                     one_way                           ? "->"
                                     : column && column->type.computed ? "<-"
                                                                       : "<->",
                                     column ? quoted(column->id, p)
                                     : name ? quoted(name, p)
                                            : "COLUMN",
                                     type->kind == NTS_TYPE_REFERENCE ? " relation=MAPPING" : ""));
    if (!column) {
        nts_json_add_string(node, "lacks",
                            name && is_taken(mapping, name)
                                ? "the column of this name is in another pair"
                                : "the table has no such column yet");
    }
}

void nts_offer_properties(const nts_mapping_t *mapping, const nts_schema_t *notion,
                          const nts_schema_t *external, nts_json_t *parent, apr_pool_t *p)
{
    nts_json_t *list = nts_json_add_array(parent, "offered");
    int count = 0;

    for (int i = 0; i < notion->count; i++) {
        const nts_schema_field_t *property = &notion->fields[i];

        if (property->type.kind == NTS_TYPE_UNSUPPORTED || is_mapped(mapping, property)) {
            continue;
        }
        if (count++ < NTS_OFFERS_MAX) {
            offer(mapping, property, external, list, p);
        }
    }
    if (count > NTS_OFFERS_MAX) {
        nts_json_add_int(parent, "offered_more", count - NTS_OFFERS_MAX);
    }
}
