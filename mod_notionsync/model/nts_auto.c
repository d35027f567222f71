/* nts_auto.c - NotionSyncFields auto: pairs by name, and the fields that one side lacks. */
#include <string.h>

#include <apr_tables.h>

#include "base/nts_str.h"
#include "model/nts_auto.h"

/* What is said about fields that stay apart is for people: so many of them, and a number. */
#define APART_MAX 12
/* Of a choice in Notion. */
#define CHOICE_LENGTH 100

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
    apr_array_header_t *pairs;
    apr_array_header_t *lacking[NTS_SIDE_COUNT];
    apr_array_header_t *choices;
    const char *apart;
    int apart_count;
    int is_changed;
    nts_outcome_t *out;
    apr_pool_t *p;
} look_t;

static void say_apart(look_t *look, const char *what)
{
    if (look->apart_count++ < APART_MAX) {
        look->apart =
            look->apart ? apr_pstrcat(look->p, look->apart, "; ", what, NULL) : (char *)what;
    }
}

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

static const nts_schema_field_t *property_of(const look_t *look, const nts_pair_t *pair)
{
    const nts_schema_t *notion = look->schema[NTS_NOTION];

    return pair->notion_id ? nts_schema_find_id(notion, pair->notion_id)
                           : nts_schema_find_name(notion, pair->notion);
}

static const nts_schema_field_t *column_of(const look_t *look, const nts_pair_t *pair)
{
    const nts_schema_t *external = look->schema[NTS_EXTERNAL];

    return external && !pair->is_key ? nts_schema_find(external, pair->external) : NULL;
}

static void take(part_t *part)
{
    if (part) {
        part->is_taken = 1;
    }
}

/* --- properties for columns */

typedef struct property_t {
    const char *native;
    nts_type_t type;
} property_t;

static const property_t property_types[] = {
    { "multi_select", { .kind = NTS_TYPE_SET, .nullable = 1, .options_open = 1 } },
    { "select", { .kind = NTS_TYPE_OPTION, .nullable = 1, .options_open = 1 } },
    { "number", { .kind = NTS_TYPE_NUMBER, .nullable = 1, .binary = 1 } },
    { "checkbox", { .kind = NTS_TYPE_BOOL } },
    { "date", { .kind = NTS_TYPE_DATE, .nullable = 1, .zoned = 1, .scale = 3 } },
    { "rich_text", { .kind = NTS_TYPE_TEXT, .nullable = 1, .max_length = 200000 } },
};

/* Which of them a column asks for. */
static nts_type_kind_t wanted_kind(const nts_type_t *column, const nts_pair_t *pair)
{
    if (column->list || pair->options.format == NTS_FORMAT_JSON ||
        pair->options.format == NTS_FORMAT_CSV) {
        return NTS_TYPE_SET;
    }
    if (column->kind == NTS_TYPE_TEXT && pair->options.options_create && !pair->automatic) {
        return NTS_TYPE_OPTION;
    }
    return column->kind == NTS_TYPE_DAY || column->kind == NTS_TYPE_INSTANT ? NTS_TYPE_DATE
                                                                            : column->kind;
}

/* What Notion takes as the name of a choice. */
static int is_choice(const char *name)
{
    return *name && !strchr(name, ',') && nts_utf8_length(name) <= CHOICE_LENGTH;
}

/* To Notion two choices that differ in the case of their letters are one. */
static int is_repeated(const nts_type_t *type, const char *name)
{
    int i;

    for (i = 0; i < type->option_count; i++) {
        if (nts_str_equal_nocase(type->options[i].name, name)) {
            return 1;
        }
    }
    return 0;
}

static void take_choices(look_t *look, nts_type_t *type, const nts_schema_field_t *column)
{
    nts_option_t *options =
        apr_pcalloc(look->p, (apr_size_t)(NTS_AUTO_CHOICES_MAX + 1) * sizeof(*options));
    int passed = 0;
    int i;

    type->options = options;
    for (i = 0; i < column->type.option_count; i++) {
        const char *name = column->type.options[i].name;

        if (type->option_count < NTS_AUTO_CHOICES_MAX && is_choice(name) &&
            !is_repeated(type, name)) {
            options[type->option_count++].name = name;
        }
        else {
            passed++;
        }
    }
    if (passed) {
        say_apart(look,
                  apr_psprintf(look->p,
                               "\"%s\" is made with %d of the choices that %s has: the others "
                               "are more than a request may hold, or no names for Notion",
                               column->name, type->option_count, column->name));
    }
}

/* The property that can hold what the column does; zero: there is none. */
static int choose_property(look_t *look, nts_type_t *type, const nts_schema_field_t *column,
                           const nts_pair_t *pair)
{
    nts_type_kind_t kind = wanted_kind(&column->type, pair);
    nts_outcome_t out = { 0 };
    const nts_domain_t *domain;
    int round;
    apr_size_t i;

    /* As its kind says, else as a text. */
    for (round = 0; round < 2; round++) {
        for (i = 0; i < sizeof(property_types) / sizeof(property_types[0]); i++) {
            nts_type_t wanted = property_types[i].type;
            const nts_type_t *types[NTS_SIDE_COUNT] = { &wanted, &column->type };

            wanted.native = property_types[i].native;
            if (wanted.kind == (round ? NTS_TYPE_TEXT : kind) &&
                nts_domain_make(&domain, types, &pair->options, &out, look->p) == APR_SUCCESS) {
                *type = wanted;
                if (type->options_open) {
                    take_choices(look, type, column);
                }
                return 1;
            }
        }
    }
    return 0;
}

/* --- fields that are lacking */

static void lack(look_t *look, nts_side_t side, const char *name, const nts_type_t *type)
{
    nts_schema_field_t *field = apr_array_push(look->lacking[side]);

    field->id = field->name = name;
    field->type = *type;
}

static void lack_property(look_t *look, const char *name, const nts_schema_field_t *column,
                          const nts_pair_t *pair)
{
    nts_type_t type;

    if (!choose_property(look, &type, column, pair)) {
        say_apart(look, apr_psprintf(look->p, "no property can hold the column %s (%s)",
                                     column->name, column->type.native));
        return;
    }
    if ((type.kind == NTS_TYPE_OPTION && column->type.kind == NTS_TYPE_TEXT) ||
        (column->type.list && column->type.option_count == 0)) {
        APR_ARRAY_PUSH(look->choices, const char *) = column->id;
    }
    lack(look, NTS_NOTION, name, &type);
}

/* A pair of the configuration: its fields are no longer anybody else's, and it may lack one. */
static void look_at_declared(look_t *look, const nts_pair_t *pair)
{
    static const nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "rich_text" };
    const nts_schema_field_t *property = property_of(look, pair);
    const nts_schema_field_t *column = column_of(look, pair);

    take(part_of(look, NTS_NOTION, property));
    take(part_of(look, NTS_EXTERNAL, column));
    APR_ARRAY_PUSH(look->pairs, nts_pair_t) = *pair;
    if (pair->notion_id || (!property && !column && !pair->is_key)) {
        return; /* bound once: what has gone since was there; or nothing says what it should be */
    }
    if (!property && look->mapping->make[NTS_NOTION]) {
        if (pair->is_key) {
            lack(look, NTS_NOTION, pair->notion, &text);
        }
        else {
            lack_property(look, pair->notion, column, pair);
        }
    }
    if (property && !column && !pair->is_key && look->mapping->make[NTS_EXTERNAL]) {
        if (pair->relation) {
            say_apart(look,
                      apr_psprintf(look->p,
                                   "the column %s has to be made by hand: what keys it refers to "
                                   "only the other table tells",
                                   pair->external));
        }
        else {
            lack(look, NTS_EXTERNAL, pair->external, &property->type);
        }
    }
}

/* An automatic pair that is known goes on under its id, whatever its property is called now (S5.4). */
static void look_at_known(look_t *look, const nts_pair_t *pair)
{
    const nts_schema_field_t *property = property_of(look, pair);
    const nts_schema_field_t *column = column_of(look, pair);
    part_t *left = part_of(look, NTS_NOTION, property);
    part_t *right = part_of(look, NTS_EXTERNAL, column);

    if (left && right && !left->is_taken && !right->is_taken) {
        APR_ARRAY_PUSH(look->pairs, nts_pair_t) = *pair;
    }
    else {
        look->is_changed = 1;
        say_apart(look, apr_psprintf(look->p, "\"%s\" and %s are no longer paired: %s",
                                     pair->notion, pair->external,
                                     !property ? "the property has gone"
                                     : !column ? "the column has gone"
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
    nts_outcome_set(look->out, look->p, NTS_REMEDY_PERSON, "mapping.names",
                    side == NTS_NOTION ? "the properties \"%s\" and \"%s\" would be one column, %s"
                                       : "the columns %s and %s would be one property, \"%s\"",
                    part->field->name, other->field->name,
                    side == NTS_NOTION ? part->name : part->field->name);
    if (look->out) {
        look->out->advice = "pair one of them with a NotionSyncField, or rename it";
    }
    return APR_EMISMATCH;
}

static int is_syncable(look_t *look, nts_side_t side, const part_t *part)
{
    const nts_type_t *type = &part->field->type;

    if (type->kind == NTS_TYPE_UNSUPPORTED) {
        say_apart(look, apr_psprintf(look->p,
                                     side == NTS_NOTION ? "\"%s\" (%s) cannot be synced"
                                                        : "the column %s (%s) cannot be synced",
                                     part->field->name, type->native));
        return 0;
    }
    if (type->kind == NTS_TYPE_REFERENCE) {
        say_apart(look, apr_psprintf(look->p,
                                     "\"%s\" is a relation: it takes a NotionSyncField with "
                                     "relation=",
                                     part->field->name));
        return 0;
    }
    if (type->kind == NTS_TYPE_FILES) {
        /* Those that Notion keeps have no address that could be handed on. */
        say_apart(look,
                  apr_psprintf(look->p, "\"%s\" holds files: it takes a NotionSyncField of its own",
                               part->field->name));
        return 0;
    }
    if (!part->name) {
        say_apart(look, apr_psprintf(look->p, "nothing in the name \"%s\" can name a column",
                                     part->field->name));
        return 0;
    }
    return 1;
}

static nts_pair_t automatic_pair(const look_t *look, const part_t *left, const part_t *right)
{
    nts_pair_t pair = { 0 };

    pair.automatic = 1;
    pair.notion = left ? left->field->name : NULL;
    pair.external = right ? right->field->id : NULL;
    pair.direction = left && (left->field->type.computed || left->field->type.one_way)
                         ? NTS_TO_EXTERNAL
                     : right && right->field->type.computed ? NTS_TO_NOTION
                                                            : NTS_BOTH;
    pair.options.timezone = look->mapping->timezone;
    pair.options.options_create = look->mapping->make[NTS_NOTION];
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
        say_apart(look, apr_psprintf(look->p, "\"%s\" and %s are both computed", pair.notion,
                                     pair.external));
    }
    else if (nts_domain_make(&domain, types, &pair.options, &out, look->p) != APR_SUCCESS) {
        say_apart(look, apr_psprintf(look->p, "\"%s\" and %s: %s", pair.notion, pair.external,
                                     out.what ? out.what : "their types have nothing in common"));
    }
    else {
        pair.notion = apr_pstrdup(look->p, pair.notion);
        pair.external = apr_pstrdup(look->p, pair.external);
        APR_ARRAY_PUSH(look->pairs, nts_pair_t) = pair;
        look->is_changed = 1;
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

static apr_status_t look_at_property(look_t *look, part_t *left)
{
    int lefts;
    int rights;
    part_t *first = part_named(look, NTS_NOTION, left->name, &lefts);
    part_t *right = part_named(look, NTS_EXTERNAL, left->name, &rights);
    int i;

    if (!right && (is_new_key(look, left->name) || reserved(look, left->name))) {
        left->is_taken = 1;
        say_apart(look, apr_psprintf(look->p, "\"%s\": the column %s is the key, or another's",
                                     left->field->name, left->name));
        return APR_SUCCESS;
    }
    if (lefts > 1 && (right || look->mapping->make[NTS_EXTERNAL])) {
        return clash(look, NTS_NOTION, first);
    }
    if (rights > 1) {
        return clash(look, NTS_EXTERNAL, right);
    }
    if (right) {
        if (is_syncable(look, NTS_EXTERNAL, right)) {
            join(look, left, right);
        }
        left->is_taken = right->is_taken = 1;
        return APR_SUCCESS;
    }
    for (i = 0; i < look->lacking[NTS_EXTERNAL]->nelts; i++) {
        /* A column that a line of the configuration names. */
        if (nts_str_same(nts_auto_column_name(
                             APR_ARRAY_IDX(look->lacking[NTS_EXTERNAL], i, nts_schema_field_t).name,
                             look->p),
                         left->name)) {
            say_apart(look, apr_psprintf(look->p, "\"%s\": the column %s is another's",
                                         left->field->name, left->name));
            return APR_SUCCESS;
        }
    }
    if (look->mapping->make[NTS_EXTERNAL]) {
        lack(look, NTS_EXTERNAL, left->name, &left->field->type);
    }
    else {
        say_apart(look, apr_psprintf(look->p, "the table has no column %s for \"%s\"", left->name,
                                     left->field->name));
    }
    return APR_SUCCESS;
}

static apr_status_t look_at_column(look_t *look, part_t *right)
{
    int rights;
    nts_pair_t pair = automatic_pair(look, NULL, right);
    const part_t *first = part_named(look, NTS_EXTERNAL, right->name, &rights);

    if (rights > 1 && look->mapping->make[NTS_NOTION]) {
        return clash(look, NTS_EXTERNAL, first);
    }
    if (nts_schema_find_id(look->schema[NTS_NOTION], right->field->name)) {
        /* "title" is the id of every title: Notion would change that property in place of making one. */
        say_apart(look, apr_psprintf(look->p,
                                     "Notion takes no property with the name of the column "
                                     "%s: pair it with a NotionSyncField",
                                     right->field->name));
    }
    else if (look->mapping->make[NTS_NOTION]) {
        lack_property(look, right->field->name, right->field, &pair);
    }
    else {
        say_apart(look, apr_psprintf(look->p, "Notion has no property for the column %s",
                                     right->field->name));
    }
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

static void give(nts_auto_t *found, look_t *look)
{
    int side;

    found->pairs = (nts_pair_t *)(void *)look->pairs->elts;
    found->pair_count = look->pairs->nelts;
    found->is_changed = look->is_changed;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        found->lacking[side] = (const nts_schema_field_t *)(void *)look->lacking[side]->elts;
        found->lacking_count[side] = look->lacking[side]->nelts;
    }
    found->choices = (const char *const *)(void *)look->choices->elts;
    found->choice_count = look->choices->nelts;
    found->apart =
        look->apart_count > APART_MAX
            ? apr_psprintf(look->p, "%s; and %d more", look->apart, look->apart_count - APART_MAX)
            : look->apart;
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
    look.choices = apr_array_make(p, 4, sizeof(const char *));
    for (i = 0; i < NTS_SIDE_COUNT; i++) {
        look.lacking[i] = apr_array_make(p, 8, sizeof(nts_schema_field_t));
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
    rv = look_at_side(&look, NTS_NOTION, look_at_property);
    if (rv == APR_SUCCESS) {
        rv = look_at_side(&look, NTS_EXTERNAL, look_at_column);
    }
    if (rv == APR_SUCCESS) {
        give(found, &look);
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
