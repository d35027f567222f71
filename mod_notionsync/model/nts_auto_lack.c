/* nts_auto_lack.c - NotionSyncFields auto: which properties and columns are lacking, and what they would have to be. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_auto_impl.h"

/* What is said about fields that stay apart is for people: so many of them, and a number. */
#define APART_MAX 12
/* Of a choice in Notion. */
#define CHOICE_LENGTH 100

void nts_auto_lack_begin(nts_auto_lacks_t *lacks, const nts_mapping_t *mapping, apr_pool_t *p)
{
    int side;

    memset(lacks, 0, sizeof(*lacks));
    lacks->mapping = mapping;
    lacks->choices = apr_array_make(p, 4, sizeof(const char *));
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        lacks->lacking[side] = apr_array_make(p, 8, sizeof(nts_schema_field_t));
    }
    lacks->p = p;
}

void nts_auto_say_apart(nts_auto_lacks_t *lacks, const char *what)
{
    if (lacks->apart_count++ < APART_MAX) {
        lacks->apart =
            lacks->apart ? apr_pstrcat(lacks->p, lacks->apart, "; ", what, NULL) : (char *)what;
    }
}

/* --- properties for columns, and for properties */

typedef struct property_t {
    const char *native;
    int is_for_its_like; /* not for whatever else is of the kind */
    nts_type_t type;
} property_t;

static const property_t property_types[] = {
    { "multi_select", 0, { .kind = NTS_TYPE_SET, .nullable = 1, .options_open = 1 } },
    { "select", 0, { .kind = NTS_TYPE_OPTION, .nullable = 1, .options_open = 1 } },
    { "number", 0, { .kind = NTS_TYPE_NUMBER, .nullable = 1, .binary = 1 } },
    { "checkbox", 0, { .kind = NTS_TYPE_BOOL } },
    { "date", 0, { .kind = NTS_TYPE_DATE, .nullable = 1, .zoned = 1, .scale = 3 } },
    { "people", 0, { .kind = NTS_TYPE_PEOPLE, .nullable = 1, .max_members = 100 } },
    { "rich_text", 0, { .kind = NTS_TYPE_TEXT, .nullable = 1, .max_length = 200000 } },
    { "url", 1, { .kind = NTS_TYPE_TEXT, .nullable = 1, .max_length = 2000 } },
    { "email", 1, { .kind = NTS_TYPE_TEXT, .nullable = 1, .max_length = 200 } },
    { "phone_number", 1, { .kind = NTS_TYPE_TEXT, .nullable = 1, .max_length = 200 } },
    { "files", 1, { .kind = NTS_TYPE_FILES, .nullable = 1, .max_members = 100 } },
};

/* Which of them a column asks for. */
static nts_type_kind_t wanted_kind(const nts_type_t *column, const nts_pair_t *pair)
{
    if (column->list || pair->options.format == NTS_FORMAT_JSON ||
        pair->options.format == NTS_FORMAT_CSV || pair->options.format == NTS_FORMAT_ARRAY) {
        return NTS_TYPE_SET;
    }
    if (column->kind == NTS_TYPE_TEXT && pair->options.options_create[NTS_NOTION] &&
        !pair->automatic) {
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

static void take_choices(nts_auto_lacks_t *lacks, nts_type_t *type,
                         const nts_schema_field_t *column)
{
    nts_option_t *options =
        apr_pcalloc(lacks->p, (apr_size_t)(NTS_AUTO_CHOICES_MAX + 1) * sizeof(*options));
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
        nts_auto_say_apart(
            lacks, apr_psprintf(lacks->p,
                                "\"%s\" is made with %d of the choices that %s has: the others "
                                "are more than a request may hold, or no names for Notion",
                                column->name, type->option_count, column->name));
    }
}

typedef enum likeness_t { OF_ITS_TYPE, OF_ITS_KIND, OF_TEXT } likeness_t;

static int is_like(const property_t *property, const nts_schema_field_t *field,
                   const nts_pair_t *pair, likeness_t likeness)
{
    switch (likeness) {
    case OF_ITS_TYPE:
        return nts_str_same(property->native, field->type.native);
    case OF_ITS_KIND:
        return !property->is_for_its_like && property->type.kind == wanted_kind(&field->type, pair);
    default:
        return !property->is_for_its_like && property->type.kind == NTS_TYPE_TEXT;
    }
}

/* The property of @a side that can hold what the other side's field does; zero: there is none. A column that is no text can be spelled in
 * one; a property of another type is better made by hand. What cannot be made with its states (status) is one of the choices. */
static int choose_property(nts_auto_lacks_t *lacks, nts_side_t side, nts_type_t *type,
                           const nts_schema_field_t *field, const nts_pair_t *pair, int has_ids)
{
    likeness_t first = has_ids ? OF_ITS_TYPE : OF_ITS_KIND;
    likeness_t last = has_ids ? OF_ITS_KIND : OF_TEXT;
    nts_outcome_t out = { 0 };
    const nts_domain_t *domain;
    apr_size_t i;

    for (likeness_t likeness = first; likeness <= last; likeness++) {
        for (i = 0; i < sizeof(property_types) / sizeof(property_types[0]); i++) {
            nts_type_t wanted = property_types[i].type;
            const nts_type_t *types[NTS_SIDE_COUNT];

            wanted.native = property_types[i].native;
            types[side] = &wanted;
            types[nts_side_other(side)] = &field->type;
            if (is_like(&property_types[i], field, pair, likeness) &&
                nts_domain_make(&domain, types, &pair->options, &out, lacks->p) == APR_SUCCESS) {
                *type = wanted;
                if (type->options_open) {
                    take_choices(lacks, type, field);
                }
                return 1;
            }
        }
    }
    return 0;
}

/* --- fields that are lacking */

static void lack(nts_auto_lacks_t *lacks, nts_side_t side, const char *name, const nts_type_t *type)
{
    nts_schema_field_t *field = apr_array_push(lacks->lacking[side]);

    field->id = field->name = name;
    field->type = *type;
}

void nts_auto_lack_property(nts_auto_lacks_t *lacks, nts_side_t side, const char *name,
                            const nts_schema_field_t *field, const nts_pair_t *pair, int has_ids)
{
    nts_type_t type;

    if (!choose_property(lacks, side, &type, field, pair, has_ids)) {
        nts_auto_say_apart(
            lacks, apr_psprintf(lacks->p,
                                has_ids ? "no property is made for \"%s\" (%s): make it, and "
                                          "it is paired"
                                        : "no property can hold the column %s (%s)",
                                field->name, field->type.native));
        return;
    }
    if (!has_ids && ((type.kind == NTS_TYPE_OPTION && field->type.kind == NTS_TYPE_TEXT) ||
                     (field->type.list && field->type.option_count == 0))) {
        APR_ARRAY_PUSH(lacks->choices, const char *) = field->id;
    }
    lack(lacks, side, name, &type);
}

void nts_auto_lack_column(nts_auto_lacks_t *lacks, const char *name,
                          const nts_schema_field_t *property)
{
    lack(lacks, NTS_EXTERNAL, name, &property->type);
}

void nts_auto_lack_partner(nts_auto_lacks_t *lacks, const nts_pair_t *pair,
                           const nts_schema_field_t *property, const nts_schema_field_t *column,
                           int has_ids)
{
    static const nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "rich_text" };

    if (pair->is_body && !column && lacks->mapping->make[NTS_EXTERNAL]) {
        lack(lacks, NTS_EXTERNAL, pair->external, &text);
    }
    if (!property && !pair->is_body && lacks->mapping->make[NTS_NOTION]) {
        if (pair->is_key) {
            lack(lacks, NTS_NOTION, pair->notion, &text);
        }
        else {
            nts_auto_lack_property(lacks, NTS_NOTION, pair->notion, column, pair, has_ids);
        }
    }
    if (property && !column && !pair->is_key && lacks->mapping->make[NTS_EXTERNAL]) {
        if (pair->relation) {
            nts_auto_say_apart(lacks, apr_psprintf(lacks->p,
                                                   "the %s %s has to be made by hand: what "
                                                   "it refers to only the other %s tells",
                                                   has_ids ? "property" : "column", pair->external,
                                                   has_ids ? "data source" : "table"));
        }
        else if (has_ids) {
            nts_auto_lack_property(lacks, NTS_EXTERNAL, pair->external, property, pair, 1);
        }
        else {
            nts_auto_lack_column(lacks, pair->external, property);
        }
    }
}

int nts_auto_is_lacking(const nts_auto_lacks_t *lacks, nts_side_t side, const char *name)
{
    const apr_array_header_t *fields = lacks->lacking[side];
    int i;

    for (i = 0; i < fields->nelts; i++) {
        if (nts_auto_is_namesake(APR_ARRAY_IDX(fields, i, nts_schema_field_t).name, name,
                                 lacks->p)) {
            return 1;
        }
    }
    return 0;
}

void nts_auto_lack_give(nts_auto_t *found, const nts_auto_lacks_t *lacks)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        found->lacking[side] = (const nts_schema_field_t *)(void *)lacks->lacking[side]->elts;
        found->lacking_count[side] = lacks->lacking[side]->nelts;
    }
    found->choices = (const char *const *)(void *)lacks->choices->elts;
    found->choice_count = lacks->choices->nelts;
    found->apart = lacks->apart_count > APART_MAX
                       ? apr_psprintf(lacks->p, "%s; and %d more", lacks->apart,
                                      lacks->apart_count - APART_MAX)
                       : lacks->apart;
}
