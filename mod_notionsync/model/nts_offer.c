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

const char *nts_offer_not_compared(const nts_mapping_t *mapping, apr_pool_t *p)
{
    const char *text = NULL;

    for (int i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];

        if (pair->bound.why.code) {
            text = apr_psprintf(p, "%s%s\"%s\" and %s",
                                text ? text : "not compared, because suspended: ", text ? ", " : "",
                                pair->notion, pair->external);
        }
    }
    return text;
}

typedef struct offers_t {
    const nts_mapping_t *mapping;
    const nts_schema_t *schema[NTS_SIDE_COUNT];
    nts_json_t *list;
    int count;
    apr_pool_t *p;
} offers_t;

static int is_mapped(const offers_t *offers, nts_side_t side, const nts_schema_field_t *field)
{
    for (int i = 0; i < offers->mapping->pair_count; i++) {
        const nts_pair_t *pair = &offers->mapping->pairs[i];
        const char *id = nts_pair_field_id(pair, side);

        if (id ? strcmp(id, field->id) == 0
               : strcmp(nts_pair_field(pair, side), field->name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A field of @a side that goes with @a name as NotionSyncFields auto would pair them. */
static const nts_schema_field_t *find_named(const offers_t *offers, nts_side_t side,
                                            const char *name, int is_free)
{
    const nts_schema_t *schema = offers->schema[side];

    for (int i = 0; i < schema->count; i++) {
        const nts_schema_field_t *field = &schema->fields[i];

        if (nts_auto_is_namesake(field->name, name, offers->p) &&
            (!is_free || !is_mapped(offers, side, field))) {
            return field;
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

/* What the field of that side is called, or would be. */
static const char *argument(const offers_t *offers, nts_side_t side,
                            const nts_schema_field_t *const field[NTS_SIDE_COUNT])
{
    const nts_schema_field_t *other = field[nts_side_other(side)];
    const char *name = field[side] ? field[side]->name
                       : side == NTS_NOTION || offers->schema[side]->has_ids
                           ? other->name
                           : nts_auto_column_name(other->name, offers->p);

    return name ? quoted(name, offers->p) : "COLUMN";
}

static int goes_one_way(const nts_schema_field_t *field)
{
    return field && (field->type.computed || field->type.one_way);
}

/* Why the line alone would not do. */
static const char *lacks(const offers_t *offers, nts_side_t side, const char *name)
{
    int is_column = side == NTS_EXTERNAL && !offers->schema[side]->has_ids;

    if (find_named(offers, side, name, 0)) {
        return is_column ? "the column of this name is in another pair"
                         : "the property of this name is in another pair";
    }
    return is_column            ? "the table has no such column yet"
           : side == NTS_NOTION ? "Notion has no such property yet"
                                : "the other data source has no such property yet";
}

static void offer(offers_t *offers, nts_side_t side, const nts_schema_field_t *property)
{
    nts_side_t far = nts_side_other(side);
    const nts_schema_field_t *field[NTS_SIDE_COUNT];
    nts_json_t *node;

    field[side] = property;
    field[far] = find_named(offers, far, property->name, 1);
    if (offers->count++ >= NTS_OFFERS_MAX) {
        return;
    }
    node = nts_json_add_object(offers->list, NULL);
    nts_json_add_string(node, "property", property->name);
    nts_json_add_string(node, "type", property->type.native);
    nts_json_add_string(
        node, "line",
        apr_psprintf(offers->p, "NotionSyncField %s %s %s%s", argument(offers, NTS_NOTION, field),
                     goes_one_way(field[NTS_NOTION])     ? "->"
                     : goes_one_way(field[NTS_EXTERNAL]) ? "<-"
                                                         : "<->",
                     argument(offers, NTS_EXTERNAL, field),
                     property->type.kind == NTS_TYPE_REFERENCE ? " relation=MAPPING" : ""));
    if (!field[far]) {
        nts_json_add_string(node, "lacks", lacks(offers, far, property->name));
    }
}

/* What the first side offered has the free namesake of the other one in its line. */
static int is_offered(const offers_t *offers, nts_side_t side, const nts_schema_field_t *property)
{
    const nts_schema_field_t *partner =
        side == NTS_EXTERNAL ? find_named(offers, NTS_NOTION, property->name, 1) : NULL;

    return partner && partner->type.kind != NTS_TYPE_UNSUPPORTED;
}

void nts_offer_properties(const nts_mapping_t *mapping, const nts_schema_t *notion,
                          const nts_schema_t *external, nts_json_t *parent, apr_pool_t *p)
{
    offers_t offers = { .mapping = mapping, .list = nts_json_add_array(parent, "offered"), .p = p };

    offers.schema[NTS_NOTION] = notion;
    offers.schema[NTS_EXTERNAL] = external;
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_schema_t *schema = offers.schema[side];

        for (int i = 0; (side == NTS_NOTION || schema->has_ids) && i < schema->count; i++) {
            const nts_schema_field_t *property = &schema->fields[i];

            if (property->type.kind != NTS_TYPE_UNSUPPORTED &&
                !is_mapped(&offers, (nts_side_t)side, property) &&
                !is_offered(&offers, (nts_side_t)side, property)) {
                offer(&offers, (nts_side_t)side, property);
            }
        }
    }
    if (offers.count > NTS_OFFERS_MAX) {
        nts_json_add_int(parent, "offered_more", offers.count - NTS_OFFERS_MAX);
    }
}
