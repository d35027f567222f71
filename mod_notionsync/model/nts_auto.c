/* nts_auto.c - NotionSyncFields auto: pairs by name; what one side lacks is seen to by nts_auto_lack.c. Where both sides have
 * properties, names are compared as those of columns are, so that letters of either case and signs do not keep two apart. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_auto_impl.h"

/* A field of a side, as far as it takes part. */
typedef struct part_t {
    const nts_schema_field_t *field;
    const char *name; /* under which it looks for its partner; NULL: none can be made for it */
    int is_taken;     /* by a pair, or it is no field of this kind */
} part_t;

typedef struct look_t {
    const nts_mapping_t *mapping;
    const nts_schema_t *schema[NTS_SIDE_COUNT]; /* external: NULL, there is no table */
    part_t *parts[NTS_SIDE_COUNT];
    int count[NTS_SIDE_COUNT];
    int has_ids; /* the external side has properties, too */
    apr_array_header_t *pairs;
    nts_auto_lacks_t lacks;
    int is_changed;
    nts_outcome_t *out;
    apr_pool_t *p;
} look_t;

/* --- who takes part */

static int is_key_column(const nts_schema_t *external, const char *column)
{
    apr_size_t len = strlen(column);
    const char *at = external->key;

    while (at && *at) {
        const char *end = strchr(at, ',');
        apr_size_t part = end ? (apr_size_t)(end - at) : strlen(at);

        if (part == len && strncmp(at, column, len) == 0) {
            return 1;
        }
        at = end ? end + 1 : NULL;
    }
    return 0;
}

static void read_parts(look_t *look, nts_side_t side)
{
    const nts_schema_t *schema = look->schema[side];
    int i;

    look->count[side] = schema ? schema->count : 0;
    look->parts[side] = apr_pcalloc(look->p, (apr_size_t)(look->count[side] + 1) * sizeof(part_t));
    for (i = 0; i < look->count[side]; i++) {
        part_t *part = &look->parts[side][i];

        part->field = &schema->fields[i];
        part->name = nts_auto_column_name(part->field->name, look->p);
        if (!part->name && look->has_ids) {
            part->name = part->field->name;
        }
        if (side == NTS_EXTERNAL &&
            (is_key_column(schema, part->field->id) ||
             (look->mapping->modified && strcmp(look->mapping->modified, part->field->id) == 0))) {
            part->is_taken = 1;
        }
    }
}

static part_t *part_of(look_t *look, nts_side_t side, const nts_schema_field_t *field)
{
    int i;

    for (i = 0; field && i < look->count[side]; i++) {
        if (look->parts[side][i].field == field) {
            return &look->parts[side][i];
        }
    }
    return NULL;
}

static part_t *part_named(look_t *look, nts_side_t side, const char *name, int *count)
{
    part_t *found = NULL;
    int i;

    *count = 0;
    for (i = 0; name && i < look->count[side]; i++) {
        part_t *part = &look->parts[side][i];

        if (part->name && !part->is_taken && strcmp(part->name, name) == 0) {
            found = found ? found : part;
            ++*count;
        }
    }
    return found;
}

static const nts_schema_field_t *field_of(const look_t *look, const nts_pair_t *pair,
                                          nts_side_t side)
{
    const nts_schema_t *schema = look->schema[side];
    const char *id = nts_pair_field_id(pair, side);

    if (!schema || (side == NTS_NOTION ? pair->is_body : pair->is_key)) {
        return NULL;
    }
    return id ? nts_schema_find_id(schema, id)
              : nts_schema_find_name(schema, nts_pair_field(pair, side));
}

/* For people. */
static const char *called(const look_t *look, nts_side_t side, const nts_schema_field_t *field)
{
    return apr_psprintf(look->p,
                        side == NTS_NOTION ? "\"%s\""
                        : look->has_ids    ? "\"%s\" of the other data source"
                                           : "the column %s",
                        field->name);
}

static void take(part_t *part)
{
    if (part) {
        part->is_taken = 1;
    }
}

/* A pair of the configuration: its fields are no longer anybody else's, and it may lack one. */
static void look_at_declared(look_t *look, const nts_pair_t *pair)
{
    const nts_schema_field_t *property = field_of(look, pair, NTS_NOTION);
    const nts_schema_field_t *column = field_of(look, pair, NTS_EXTERNAL);

    take(part_of(look, NTS_NOTION, property));
    take(part_of(look, NTS_EXTERNAL, column));
    APR_ARRAY_PUSH(look->pairs, nts_pair_t) = *pair;
    if (pair->notion_id || (!property && !column && !pair->is_key && !pair->is_body)) {
        return; /* bound once: what has gone since was there; or nothing says what it should be */
    }
    nts_auto_lack_partner(&look->lacks, pair, property, column, look->has_ids);
}

/* An automatic pair that is known goes on under its ids, whatever its properties are called now (S5.4). */
static void look_at_known(look_t *look, const nts_pair_t *pair)
{
    const nts_schema_field_t *property = field_of(look, pair, NTS_NOTION);
    const nts_schema_field_t *column = field_of(look, pair, NTS_EXTERNAL);
    part_t *left = part_of(look, NTS_NOTION, property);
    part_t *right = part_of(look, NTS_EXTERNAL, column);

    if (left && right && !left->is_taken && !right->is_taken) {
        APR_ARRAY_PUSH(look->pairs, nts_pair_t) = *pair;
    }
    else {
        look->is_changed = 1;
        nts_auto_say_apart(
            &look->lacks,
            apr_psprintf(
                look->p, "\"%s\" and %s are no longer paired: %s", pair->notion, pair->external,
                !property ? "the property has gone"
                : !column ? (look->has_ids ? "the other property has gone" : "the column has gone")
                          : "a line of the configuration pairs one of them"));
    }
    take(left);
    take(right);
}

/* --- new pairs */

static apr_status_t clash(look_t *look, nts_side_t side, const part_t *part)
{
    const part_t *other = part + 1;

    while (other->is_taken || !other->name || strcmp(other->name, part->name) != 0) {
        other++;
    }
    nts_outcome_set(
        look->out, look->p, NTS_REMEDY_PERSON, "mapping.names",
        look->has_ids        ? "the properties \"%s\" and \"%s\" of one data source would be one "
                               "of the other: their names count as the same"
        : side == NTS_NOTION ? "the properties \"%s\" and \"%s\" would be one column, %s"
                             : "the columns %s and %s would be one property, \"%s\"",
        part->field->name, other->field->name, side == NTS_NOTION ? part->name : part->field->name);
    if (look->out) {
        look->out->advice = "pair one of them with a NotionSyncField, or rename it";
    }
    return APR_EMISMATCH;
}

static int is_syncable(look_t *look, nts_side_t side, const part_t *part)
{
    const nts_type_t *type = &part->field->type;

    if (type->kind == NTS_TYPE_UNSUPPORTED) {
        nts_auto_say_apart(&look->lacks,
                           apr_psprintf(look->p, "%s (%s) cannot be synced",
                                        called(look, side, part->field), type->native));
        return 0;
    }
    if (type->kind == NTS_TYPE_REFERENCE) {
        nts_auto_say_apart(&look->lacks,
                           apr_psprintf(look->p,
                                        "%s is a relation: it takes a NotionSyncField with "
                                        "relation=",
                                        called(look, side, part->field)));
        return 0;
    }
    if (type->kind == NTS_TYPE_FILES) {
        /* Those that Notion keeps have no address that could be handed on. */
        nts_auto_say_apart(&look->lacks,
                           apr_psprintf(look->p,
                                        "%s holds files: it takes a NotionSyncField of its own",
                                        called(look, side, part->field)));
        return 0;
    }
    if (!part->name) {
        nts_auto_say_apart(&look->lacks,
                           apr_psprintf(look->p, "nothing in the name \"%s\" can name a column",
                                        part->field->name));
        return 0;
    }
    return 1;
}

static int goes_one_way(const part_t *part)
{
    return part && (part->field->type.computed || part->field->type.one_way);
}

static nts_pair_t automatic_pair(const look_t *look, const part_t *left, const part_t *right)
{
    nts_pair_t pair = { 0 };

    pair.automatic = 1;
    pair.notion = left ? left->field->name : NULL;
    pair.external = right ? right->field->name : NULL;
    pair.direction = goes_one_way(left)    ? NTS_TO_EXTERNAL
                     : goes_one_way(right) ? NTS_TO_NOTION
                                           : NTS_BOTH;
    pair.options.timezone = look->mapping->timezone;
    memcpy(pair.options.options_create, look->mapping->make, sizeof(look->mapping->make));
    return pair;
}

static void join(look_t *look, part_t *left, part_t *right)
{
    nts_pair_t pair = automatic_pair(look, left, right);
    const nts_type_t *types[NTS_SIDE_COUNT] = { &left->field->type, &right->field->type };
    const nts_domain_t *domain;
    nts_outcome_t out = { 0 };

    left->is_taken = right->is_taken = 1;
    if (types[NTS_NOTION]->computed && types[NTS_EXTERNAL]->computed) {
        nts_auto_say_apart(&look->lacks, apr_psprintf(look->p, "\"%s\" and %s are both computed",
                                                      pair.notion, pair.external));
    }
    else if (nts_domain_make(&domain, types, &pair.options, &out, look->p) != APR_SUCCESS) {
        nts_auto_say_apart(
            &look->lacks, apr_psprintf(look->p, "\"%s\" and %s: %s", pair.notion, pair.external,
                                       out.what ? out.what : "their types have nothing in common"));
    }
    else {
        pair.notion = apr_pstrdup(look->p, pair.notion);
        pair.external = apr_pstrdup(look->p, pair.external);
        APR_ARRAY_PUSH(look->pairs, nts_pair_t) = pair;
        look->is_changed = 1;
    }
}

static part_t *free_title(const look_t *look, nts_side_t side)
{
    for (int i = 0; i < look->count[side]; i++) {
        part_t *part = &look->parts[side][i];

        if (!part->is_taken && nts_str_same(part->field->type.native, "title")) {
            return part;
        }
    }
    return NULL;
}

/* No other property of that side has its name. */
static int has_no_namesake(look_t *look, nts_side_t side, const part_t *title, const part_t *other)
{
    int count;
    const part_t *named = part_named(look, side, title->name, &count);

    return count == 0 || (count == 1 && named == other);
}

/* Each data source has one title: whatever the two are called, they are one field, unless names say otherwise. */
static void join_titles(look_t *look)
{
    part_t *left = free_title(look, NTS_NOTION);
    part_t *right = look->has_ids ? free_title(look, NTS_EXTERNAL) : NULL;

    if (left && right && has_no_namesake(look, NTS_EXTERNAL, left, right) &&
        has_no_namesake(look, NTS_NOTION, right, left)) {
        join(look, left, right);
    }
}

/* The column that bears the name and yet takes no part. */
static const part_t *reserved(const look_t *look, const char *name)
{
    int i;

    for (i = 0; i < look->count[NTS_EXTERNAL]; i++) {
        const part_t *part = &look->parts[NTS_EXTERNAL][i];

        if (part->is_taken && nts_str_same(part->name, name)) {
            return part;
        }
    }
    return NULL;
}

static int is_new_key(const look_t *look, const char *name)
{
    return !look->schema[NTS_EXTERNAL] &&
           strcmp(look->mapping->key ? look->mapping->key : NTS_NEW_KEY, name) == 0;
}

/* "title" is the id of every title: Notion would change that property in place of making one. */
static int is_id_there(const look_t *look, nts_side_t side, const char *name)
{
    return (side == NTS_NOTION || look->has_ids) && nts_schema_find_id(look->schema[side], name);
}

/* There is no partner for it on @a side: it is lacking, or only missed. */
static void look_for_partner(look_t *look, nts_side_t side, const part_t *part)
{
    nts_side_t from = nts_side_other(side);
    int is_column = side == NTS_EXTERNAL && !look->has_ids;
    const char *name = is_column ? part->name : part->field->name;
    const char *owner = called(look, from, part->field);
    nts_pair_t pair =
        automatic_pair(look, from == NTS_NOTION ? part : NULL, from == NTS_EXTERNAL ? part : NULL);

    if (is_id_there(look, side, name)) {
        nts_auto_say_apart(&look->lacks, apr_psprintf(look->p,
                                                      "Notion takes no property with the name of "
                                                      "%s: pair it with a NotionSyncField",
                                                      owner));
    }
    else if (!look->mapping->make[side]) {
        nts_auto_say_apart(
            &look->lacks,
            is_column ? apr_psprintf(look->p, "the table has no column %s for %s", name, owner)
            : side == NTS_NOTION
                ? apr_psprintf(look->p, "Notion has no property for %s", owner)
                : apr_psprintf(look->p, "the other data source has no property for %s", owner));
    }
    else if (is_column) {
        nts_auto_lack_column(&look->lacks, name, part->field);
    }
    else {
        nts_auto_lack_property(&look->lacks, side, name, part->field, &pair, look->has_ids);
    }
}

static apr_status_t look_at_property(look_t *look, part_t *left)
{
    int lefts;
    int rights;
    part_t *first = part_named(look, NTS_NOTION, left->name, &lefts);
    part_t *right = part_named(look, NTS_EXTERNAL, left->name, &rights);

    if (!right && (is_new_key(look, left->name) || reserved(look, left->name))) {
        left->is_taken = 1;
        nts_auto_say_apart(
            &look->lacks,
            look->has_ids ? apr_psprintf(look->p, "\"%s\": its namesake is in another pair",
                                         left->field->name)
                          : apr_psprintf(look->p, "\"%s\": the column %s is the key, or another's",
                                         left->field->name, left->name));
        return APR_SUCCESS;
    }
    if (lefts > 1 && (right || look->mapping->make[NTS_EXTERNAL])) {
        return clash(look, NTS_NOTION, first);
    }
    if (right && rights > 1) {
        return clash(look, NTS_EXTERNAL, right);
    }
    if (right) {
        if (is_syncable(look, NTS_EXTERNAL, right)) {
            join(look, left, right);
        }
        left->is_taken = right->is_taken = 1;
        return APR_SUCCESS;
    }
    if (nts_auto_is_lacking(&look->lacks, NTS_EXTERNAL, left->field->name)) {
        /* A line of the configuration names it. */
        nts_auto_say_apart(&look->lacks,
                           apr_psprintf(look->p, "\"%s\": the %s %s is another's",
                                        left->field->name, look->has_ids ? "property" : "column",
                                        look->has_ids ? "of that name" : left->name));
        return APR_SUCCESS;
    }
    look_for_partner(look, NTS_EXTERNAL, left);
    return APR_SUCCESS;
}

static apr_status_t look_at_column(look_t *look, part_t *right)
{
    int rights;
    const part_t *first = part_named(look, NTS_EXTERNAL, right->name, &rights);

    if (rights > 1 && look->mapping->make[NTS_NOTION]) {
        return clash(look, NTS_EXTERNAL, first);
    }
    if (look->has_ids && nts_auto_is_lacking(&look->lacks, NTS_NOTION, right->field->name)) {
        nts_auto_say_apart(&look->lacks,
                           apr_psprintf(look->p, "%s: the property of that name is another's",
                                        called(look, NTS_EXTERNAL, right->field)));
        return APR_SUCCESS;
    }
    look_for_partner(look, NTS_NOTION, right);
    return APR_SUCCESS;
}

static apr_status_t look_at_side(look_t *look, nts_side_t side,
                                 apr_status_t (*look_at)(look_t *look, part_t *part))
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < look->count[side]; i++) {
        part_t *part = &look->parts[side][i];

        if (!part->is_taken && !is_syncable(look, side, part)) {
            part->is_taken = 1;
        }
    }
    for (i = 0; i < look->count[side] && rv == APR_SUCCESS; i++) {
        if (!look->parts[side][i].is_taken) {
            rv = look_at(look, &look->parts[side][i]);
        }
    }
    return rv;
}

apr_status_t nts_auto_look(nts_auto_t *found, const nts_mapping_t *mapping,
                           const nts_schema_t *notion, const nts_schema_t *external,
                           nts_outcome_t *out, apr_pool_t *p)
{
    look_t look = { .mapping = mapping, .out = out, .p = p };
    apr_status_t rv;
    int round;
    int i;

    memset(found, 0, sizeof(*found));
    look.schema[NTS_NOTION] = notion;
    look.schema[NTS_EXTERNAL] = external;
    look.pairs = apr_array_make(p, 16, sizeof(nts_pair_t));
    look.has_ids = external && external->has_ids;
    nts_auto_lack_begin(&look.lacks, mapping, p);
    for (i = 0; i < NTS_SIDE_COUNT; i++) {
        read_parts(&look, (nts_side_t)i);
    }
    for (round = 0; round < 2; round++) {
        for (i = 0; i < mapping->pair_count; i++) {
            if (!mapping->pairs[i].automatic && round == 0) {
                look_at_declared(&look, &mapping->pairs[i]);
            }
            else if (mapping->pairs[i].automatic && round == 1) {
                look_at_known(&look, &mapping->pairs[i]);
            }
        }
    }
    join_titles(&look);
    rv = look_at_side(&look, NTS_NOTION, look_at_property);
    if (rv == APR_SUCCESS) {
        rv = look_at_side(&look, NTS_EXTERNAL, look_at_column);
    }
    if (rv == APR_SUCCESS) {
        found->pairs = (nts_pair_t *)(void *)look.pairs->elts;
        found->pair_count = look.pairs->nelts;
        found->is_changed = look.is_changed;
        nts_auto_lack_give(found, &look.lacks);
    }
    return rv;
}

int nts_auto_is_new(const nts_mapping_t *mapping)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].notion_id) {
            return 0;
        }
    }
    return 1;
}
