/* nts_bind.c - binding a mapping's pairs to the fields that its two sides really have. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_mapping.h"

static apr_status_t suspend(nts_outcome_t *out, apr_pool_t *p, const char *code, const char *what,
                            const char *advice)
{
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, code, "%s", what);
    if (out) {
        out->advice = advice;
    }
    return APR_EMISMATCH;
}

/* What the configuration's first side holds where the pair is of the body of the page. */
static const nts_schema_field_t *body_field(nts_pair_t *pair)
{
    static const nts_schema_field_t body = {
        .id = NTS_BODY_FIELD,
        .name = NTS_BODY_FIELD,
        .type = { .kind = NTS_TYPE_TEXT, .native = "body", .nullable = 1 }
    };

    pair->notion_id = body.id;
    return &body;
}

static void say_gone(const nts_pair_t *pair, nts_side_t side, const nts_schema_t *schema,
                     nts_outcome_t *out, apr_pool_t *p)
{
    const char *where = side == NTS_NOTION ? "Notion" : "the other data source";
    const char *name = nts_pair_field(pair, side);

    if (pair->relation) {
        (void)suspend(out, p, "mapping.property_gone",
                      apr_psprintf(p,
                                   "%s shows no property '%s' any more: it was deleted, or what it "
                                   "refers to is not shared with the connection",
                                   where, name),
                      "share the data source that it refers to with the connection, or restore the "
                      "property in Notion");
        return;
    }
    (void)suspend(
        out, p, "mapping.property_gone",
        apr_psprintf(p, "the property '%s' was deleted in %s%s", name, where,
                     nts_schema_find_name(schema, name)
                         ? "; the one that has this name now is another"
                         : ""),
        "restore it in Notion, or take the pair out of the configuration, reload, and put "
        "it back if it shall mean another property");
}

/* By id once it is known, so that a rename in Notion changes nothing (S5.4). */
static const nts_schema_field_t *find_property(nts_pair_t *pair, nts_side_t side,
                                               const nts_schema_t *schema, nts_outcome_t *out,
                                               apr_pool_t *p)
{
    const char **id = side == NTS_NOTION ? &pair->notion_id : &pair->external_id;
    const nts_schema_field_t *field;

    if (*id) {
        *id = apr_pstrdup(p, *id); /* the last binding's pool may go */
        field = nts_schema_find_id(schema, *id);
        if (!field) {
            say_gone(pair, side, schema, out, p);
        }
        return field;
    }
    field = nts_schema_find_name(schema, nts_pair_field(pair, side));
    if (!field) {
        (void)suspend(
            out, p, "mapping.property_missing",
            apr_psprintf(p, "the %sdata source has no property '%s'",
                         side == NTS_NOTION ? "" : "other ", nts_pair_field(pair, side)),
            "write the name exactly as Notion shows it, and share what it relates to with the "
            "connection");
        return NULL;
    }
    *id = apr_pstrdup(p, field->id);
    return field;
}

static const nts_schema_field_t *find_column(nts_pair_t *pair, const nts_schema_t *external,
                                             nts_outcome_t *out, apr_pool_t *p)
{
    const nts_schema_field_t *field = nts_schema_find_name(external, pair->external);

    if (field) {
        pair->external_id = apr_pstrdup(p, field->id);
    }
    else {
        int was_there = nts_bound_is_known(&pair->bound);

        (void)suspend(out, p, "mapping.column_missing",
                      apr_psprintf(p, "'%s' has no field '%s'%s",
                                   external->title ? external->title : "the external side",
                                   pair->external, was_there ? " any more" : ""),
                      was_there ? "put the column back under this name, or take the pair out of "
                                  "the configuration"
                                : "write the name exactly as the database shows it");
    }
    return field;
}

static const nts_schema_field_t *find_external(nts_pair_t *pair, const nts_schema_t *external,
                                               nts_outcome_t *out, apr_pool_t *p)
{
    return external->has_ids ? find_property(pair, NTS_EXTERNAL, external, out, p)
                             : find_column(pair, external, out, p);
}

/* What keeps a key: text, or a number if every key is one. */
static const nts_schema_field_t *key_field(const nts_schema_field_t *property, nts_outcome_t *out,
                                           apr_pool_t *p)
{
    static const nts_schema_field_t text = {
        .id = NTS_KEY_FIELD,
        .name = NTS_KEY_FIELD,
        .type = { .kind = NTS_TYPE_TEXT, .native = "key", .computed = 1 }
    };
    static const nts_schema_field_t number = {
        .id = NTS_KEY_FIELD,
        .name = NTS_KEY_FIELD,
        .type = { .kind = NTS_TYPE_NUMBER, .native = "key", .computed = 1, .whole = 1 }
    };

    if (property->type.kind != NTS_TYPE_TEXT && property->type.kind != NTS_TYPE_NUMBER) {
        (void)suspend(out, p, "mapping.link_property",
                      apr_psprintf(p, "'%s' is of type %s, which cannot keep a key", property->name,
                                   property->type.native),
                      "choose a property that holds text or numbers for NotionSyncLinkProperty");
        return NULL;
    }
    return property->type.kind == NTS_TYPE_NUMBER ? &number : &text;
}

static apr_status_t check_direction(const nts_pair_t *pair,
                                    const nts_type_t *const types[NTS_SIDE_COUNT],
                                    nts_outcome_t *out, apr_pool_t *p)
{
    if (pair->computed[NTS_NOTION] && pair->computed[NTS_EXTERNAL]) {
        return suspend(out, p, "mapping.computed", "both sides compute this value themselves",
                       "take the pair out of the mapping");
    }
    if (pair->computed[NTS_NOTION] && pair->direction != NTS_TO_EXTERNAL) {
        return suspend(out, p, "mapping.computed",
                       apr_psprintf(p, "Notion computes '%s' itself, nothing can be written to it",
                                    pair->notion),
                       "write -> in place of <-> or <-");
    }
    if (pair->computed[NTS_EXTERNAL] && pair->direction != NTS_TO_NOTION) {
        return suspend(
            out, p, "mapping.computed",
            apr_psprintf(p,
                         "the external side computes '%s' itself, nothing can be written to "
                         "it",
                         pair->external),
            "write <- in place of <-> or ->");
    }
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        if (types[side]->one_way && pair->direction == NTS_BOTH) {
            return suspend(
                out, p, "mapping.one_way",
                apr_psprintf(p,
                             "'%s' (%s) goes one way: whether it is empty or only not shown Notion "
                             "does not tell, so the other side might be cleared by that",
                             nts_pair_field(pair, (nts_side_t)side), types[side]->native),
                "write -> or <- in place of <->");
        }
    }
    return APR_SUCCESS;
}

/* True if both pairs write one field: they would fight for ever. */
static int write_the_same(const nts_pair_t *a, const nts_pair_t *b)
{
    if (a->direction != NTS_TO_NOTION && b->direction != NTS_TO_NOTION &&
        nts_str_same(a->external_id, b->external_id)) {
        return 1;
    }
    return a->direction != NTS_TO_EXTERNAL && b->direction != NTS_TO_EXTERNAL &&
           strcmp(a->notion_id, b->notion_id) == 0;
}

static apr_status_t check_others(const nts_mapping_t *mapping, int at, nts_outcome_t *out,
                                 apr_pool_t *p)
{
    const nts_pair_t *pair = &mapping->pairs[at];

    for (int i = 0; i < at; i++) {
        if (mapping->pairs[i].domain && write_the_same(&mapping->pairs[i], pair)) {
            return suspend(out, p, "mapping.written_twice",
                           apr_psprintf(p, "'%s' and '%s': an earlier pair writes one of them",
                                        pair->notion, pair->external),
                           "make one of the two pairs one-way, or take it out");
        }
    }
    return APR_SUCCESS;
}

/* S5.2: the target's own mapping must be the one of what the field refers to, on either side whose records are referred to by the service
 * itself. */
static apr_status_t check_target(const nts_pair_t *pair, nts_side_t side, const nts_type_t *type,
                                 nts_outcome_t *out, apr_pool_t *p)
{
    const char *source = pair->relation_source[side];

    if (!pair->relation || type->kind != NTS_TYPE_REFERENCE ||
        (source && type->target && !strcmp(source, type->target))) {
        return APR_SUCCESS;
    }
    return suspend(
        out, p, "mapping.relation",
        apr_psprintf(p, "'%s' refers to the data source %s, and the mapping '%s' is of %s",
                     nts_pair_field(pair, side), type->target ? type->target : "(not told)",
                     pair->relation, source ? source : "none"),
        "name the mapping of the data source that the property refers to");
}

/* Markdown has many spellings of one text, and a key has one. */
static apr_status_t check_key(const nts_pair_t *pair, const nts_schema_t *external,
                              nts_outcome_t *out, apr_pool_t *p)
{
    const char *list = pair->options.format == NTS_FORMAT_MARKDOWN ? external->key : NULL;
    apr_size_t len = strlen(pair->external);

    while (list && *list) {
        if (strcspn(list, ",") == len && strncmp(list, pair->external, len) == 0) {
            return suspend(out, p, "mapping.key_format",
                           apr_psprintf(p,
                                        "'%s' is the key of the table, or part of it, and Markdown "
                                        "has many spellings of one text",
                                        pair->external),
                           "leave format=markdown away");
        }
        list += strcspn(list, ",");
        list += *list == ',';
    }
    return APR_SUCCESS;
}

/* S3.11 */
static int is_unannounced(const nts_type_t *type)
{
    return (type->computed && !type->fixed) || type->mirrored;
}

static nts_found_t find_fields(nts_pair_t *pair, const nts_schema_t *notion,
                               const nts_schema_t *external, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_schema_field_t *property =
        pair->is_body ? body_field(pair) : find_property(pair, NTS_NOTION, notion, out, p);
    const nts_schema_field_t *column =
        pair->is_key ? (property ? key_field(property, out, p) : NULL)
                     : find_external(pair, external, property ? out : NULL, p);

    return (nts_found_t){ { property, column }, { 1, external->has_ids && !pair->is_key } };
}

static apr_status_t bind_pair(nts_mapping_t *mapping, int at, const nts_schema_t *notion,
                              const nts_schema_t *external,
                              const nts_users_t *const people[NTS_SIDE_COUNT], nts_outcome_t *out,
                              apr_pool_t *p)
{
    nts_pair_t *pair = &mapping->pairs[at];
    nts_domain_options_t options = pair->options;
    const nts_found_t found = find_fields(pair, notion, external, out, p);
    const nts_schema_field_t *property = found.field[NTS_NOTION];
    const nts_schema_field_t *column = found.field[NTS_EXTERNAL];
    const nts_type_t *types[NTS_SIDE_COUNT];
    apr_status_t rv;

    nts_bound_note(&pair->bound, &found, p);
    if (!property || !column) {
        return APR_EMISMATCH;
    }
    types[NTS_NOTION] = &property->type;
    types[NTS_EXTERNAL] = &column->type;
    pair->computed[NTS_NOTION] = property->type.computed;
    pair->computed[NTS_EXTERNAL] = column->type.computed;
    pair->unannounced[NTS_NOTION] = is_unannounced(&property->type);
    pair->unannounced[NTS_EXTERNAL] = !pair->is_key && is_unannounced(&column->type);
    rv = check_direction(pair, types, out, p);
    if (rv == APR_SUCCESS) {
        rv = check_others(mapping, at, out, p);
    }
    for (int side = 0; side < NTS_SIDE_COUNT && rv == APR_SUCCESS; side++) {
        rv = check_target(pair, (nts_side_t)side, types[side], out, p);
    }
    if (rv == APR_SUCCESS) {
        rv = check_key(pair, external, out, p);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        options.people[side] = types[side]->kind == NTS_TYPE_PEOPLE ? people[side] : NULL;
    }
    if (!options.timezone) {
        options.timezone = mapping->timezone;
    }
    rv = nts_domain_make(&pair->domain, types, &options, out, p);
    if (rv == APR_SUCCESS) {
        nts_bound_begin(&pair->bound, &found, p);
    }
    return rv;
}

apr_status_t nts_mapping_bind(nts_mapping_t *mapping, const nts_schema_t *notion,
                              const nts_schema_t *external, nts_outcome_t *outcomes, apr_pool_t *p)
{
    apr_status_t result = APR_SUCCESS;
    const nts_users_t *people[NTS_SIDE_COUNT];

    people[NTS_NOTION] = notion->people ? nts_users_copy(notion->people, p) : NULL;
    people[NTS_EXTERNAL] = external->people ? nts_users_copy(external->people, p) : NULL;

    for (int i = 0; i < mapping->pair_count; i++) {
        nts_outcome_t *out = &outcomes[i];

        memset(out, 0, sizeof(*out));
        mapping->pairs[i].domain = NULL;
        if (bind_pair(mapping, i, notion, external, people, out, p) != APR_SUCCESS) {
            out->field =
                apr_pstrcat(p, mapping->pairs[i].notion, " <-> ", mapping->pairs[i].external, NULL);
            result = APR_EMISMATCH;
        }
    }
    return result;
}

void nts_mapping_note(nts_mapping_t *mapping, const nts_schema_t *notion,
                      const nts_schema_t *external, apr_pool_t *p)
{
    for (int i = 0; i < mapping->pair_count; i++) {
        nts_pair_t *pair = &mapping->pairs[i];
        nts_found_t found = find_fields(pair, notion, external, NULL, p);

        nts_bound_note(&pair->bound, &found, p);
    }
}

static int is_in_filter(const nts_filter_t *filter, const char *name)
{
    for (int i = 0; filter && i < filter->field_count; i++) {
        if (strcmp(filter->fields[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *nts_mapping_cannot_spare(const nts_mapping_t *mapping, int index)
{
    const nts_pair_t *pair = &mapping->pairs[index];

    if (!nts_bound_is_changed(&pair->bound)) {
        return "the configuration does not fit it";
    }
    if (pair->is_key) {
        return "pages keep their keys in it";
    }
    for (int i = 0; i < mapping->match_count; i++) {
        if (strcmp(mapping->matches[i].notion, pair->notion) == 0 &&
            strcmp(mapping->matches[i].external, pair->external) == 0) {
            return "records are paired by it";
        }
    }
    if (is_in_filter(mapping->filter[NTS_NOTION], pair->notion) ||
        is_in_filter(mapping->filter[NTS_EXTERNAL], pair->external)) {
        return "which records are covered depends on it";
    }
    return NULL;
}

/* A property that is in a pair is known by its id, also after somebody renamed it (S5.4). */
static const char *const *known_ids(const nts_mapping_t *mapping, nts_side_t side, apr_pool_t *p)
{
    const nts_filter_t *filter = mapping->filter[side];
    const char **known = apr_pcalloc(p, ((apr_size_t)filter->field_count + 1) * sizeof(*known));

    for (int i = 0; i < filter->field_count; i++) {
        for (int k = 0; k < mapping->pair_count && !known[i]; k++) {
            if (strcmp(nts_pair_field(&mapping->pairs[k], side), filter->fields[i].name) == 0) {
                known[i] = nts_pair_field_id(&mapping->pairs[k], side);
            }
        }
    }
    return known;
}

apr_status_t nts_mapping_bind_filters(nts_mapping_t *mapping, const nts_schema_t *notion,
                                      const nts_schema_t *external, nts_outcome_t *out,
                                      apr_pool_t *p)
{
    const nts_schema_t *schemas[NTS_SIDE_COUNT];
    apr_status_t rv = APR_SUCCESS;

    schemas[NTS_NOTION] = notion;
    schemas[NTS_EXTERNAL] = external;
    for (int side = 0; side < NTS_SIDE_COUNT && rv == APR_SUCCESS; side++) {
        const nts_filter_t *filter = mapping->filter[side];

        if (filter) {
            rv = nts_filter_bind(&mapping->filter[side], filter, schemas[side],
                                 known_ids(mapping, (nts_side_t)side, p), out, p);
        }
    }
    return rv;
}
