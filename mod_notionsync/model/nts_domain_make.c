/* nts_domain_make.c - which types go together, and what is said of those that do not. */
#include <string.h>

#include "model/nts_domain_impl.h"

/* A list is no single choice or number; one of whole numbers is nothing but keys. */
static int is_apart(const nts_type_t *list, const nts_type_t *other)
{
    if (list->list && list->whole) {
        return other->kind != NTS_TYPE_REFERENCE;
    }
    return list->list && other->kind != NTS_TYPE_SET && other->kind != NTS_TYPE_TEXT &&
           other->kind != NTS_TYPE_REFERENCE &&
           ((other->kind != NTS_TYPE_FILES && (other->kind != NTS_TYPE_PEOPLE || other->alone)) ||
            list->option_count);
}

static int is_time(nts_type_kind_t kind)
{
    return kind == NTS_TYPE_DAY || kind == NTS_TYPE_INSTANT || kind == NTS_TYPE_DATE;
}

/* What of a relation the other field can hold. */
static const nts_family_t *reference_family(const nts_type_t *column, nts_format_t format)
{
    if (column->kind == NTS_TYPE_REFERENCE) {
        return &nts_family_references;
    }
    if (column->kind == NTS_TYPE_TEXT && column->list) {
        return column->option_count ? NULL : &nts_family_references;
    }
    if (format == NTS_FORMAT_JSON || format == NTS_FORMAT_CSV || format == NTS_FORMAT_ARRAY) {
        return column->kind == NTS_TYPE_TEXT ? &nts_family_references : NULL;
    }
    return column->kind == NTS_TYPE_TEXT || (column->kind == NTS_TYPE_NUMBER && column->whole)
               ? &nts_family_reference
               : NULL;
}

/* The family of two kinds in either order, or NULL. */
static const nts_family_t *find_family(const nts_type_t *a, const nts_type_t *b,
                                       const nts_domain_options_t *options)
{
    int reference = options->reference;

    if (options->body) {
        return a->kind == NTS_TYPE_TEXT && b->kind == NTS_TYPE_TEXT && !a->list && !b->list
                   ? &nts_family_body
                   : NULL;
    }
    if (a->kind > b->kind) {
        const nts_type_t *swap = a;

        a = b;
        b = swap;
    }
    if (a->kind == NTS_TYPE_UNSUPPORTED || is_apart(a, b) || is_apart(b, a)) {
        return NULL;
    }
    if (reference || b->kind == NTS_TYPE_REFERENCE) {
        return reference && b->kind == NTS_TYPE_REFERENCE ? reference_family(a, options->format)
                                                          : NULL;
    }
    if (is_time(b->kind)) {
        return a->kind == NTS_TYPE_TEXT || is_time(a->kind) ? &nts_family_date : NULL;
    }
    switch (b->kind) {
    case NTS_TYPE_TEXT:
        return &nts_family_text;
    case NTS_TYPE_NUMBER:
        return &nts_family_number;
    case NTS_TYPE_BOOL:
        return &nts_family_bool;
    case NTS_TYPE_OPTION:
        return a->kind == NTS_TYPE_TEXT || a->kind == NTS_TYPE_OPTION ? &nts_family_option : NULL;
    case NTS_TYPE_SET:
        return a->kind == NTS_TYPE_TEXT || a->kind == NTS_TYPE_SET ? &nts_family_set : NULL;
    case NTS_TYPE_FILES:
        return a->kind == NTS_TYPE_TEXT || a->kind == NTS_TYPE_FILES ? &nts_family_files : NULL;
    case NTS_TYPE_PLACE:
        return a->kind == NTS_TYPE_TEXT || a->kind == NTS_TYPE_PLACE ? &nts_family_place : NULL;
    case NTS_TYPE_PEOPLE:
        return a->kind == NTS_TYPE_PEOPLE || (a->kind == NTS_TYPE_TEXT && !(b->alone && a->list))
                   ? &nts_family_people
                   : NULL;
    default:
        return NULL;
    }
}

/* What a Notion property of this kind can be paired with. */
static const char *partners_of(const nts_type_t *notion)
{
    switch (notion->kind) {
    case NTS_TYPE_TEXT:
        return "a text column (or a number, boolean or date column, if every text is one)";
    case NTS_TYPE_NUMBER:
        return "an integer, decimal, floating point or text column";
    case NTS_TYPE_BOOL:
        return "a boolean, integer or text column";
    case NTS_TYPE_DAY:
    case NTS_TYPE_INSTANT:
    case NTS_TYPE_DATE:
        return "a date, timestamp or text column";
    case NTS_TYPE_OPTION:
        return "a text column";
    case NTS_TYPE_SET:
        return "a text column, as a JSON array or with format=csv";
    case NTS_TYPE_REFERENCE:
        return "a column of text or whole numbers that holds a key of another mapping's table, "
               "with "
               "format= one of text that holds a list of them, or a relation of another workspace";
    case NTS_TYPE_FILES:
        return "a text column, as a JSON array of addresses or with format=csv, or files of "
               "another "
               "workspace";
    case NTS_TYPE_PLACE:
        return "a text column, as a JSON object, or a place of another workspace";
    case NTS_TYPE_PEOPLE:
        return notion->alone ? "a text column, or people of another workspace"
                             : "a text column, as a JSON array or with format=csv, or people of "
                               "another workspace";
    case NTS_TYPE_UNSUPPORTED:
        break;
    }
    return NULL;
}

static apr_status_t refuse_pair(nts_outcome_t *out, const nts_type_t *const types[2],
                                const nts_domain_options_t *options, apr_pool_t *p)
{
    int reference = options->reference;
    int is_relation = types[NTS_NOTION]->kind == NTS_TYPE_REFERENCE ||
                      types[NTS_EXTERNAL]->kind == NTS_TYPE_REFERENCE;

    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        if (types[side]->kind == NTS_TYPE_UNSUPPORTED) {
            nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.unsupported",
                            "fields of type %s (%s) cannot be synced", types[side]->native,
                            nts_side_name((nts_side_t)side));
            if (out) {
                out->advice = "take the pair out of the mapping, or use a field of another type";
            }
            return APR_EMISMATCH;
        }
    }
    if (is_relation != reference) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.relation",
                        is_relation ? "a Notion property of type %s needs relation=MAPPING"
                                    : "relation= is for a relation, and the property is of type %s",
                        types[types[NTS_EXTERNAL]->kind == NTS_TYPE_REFERENCE]->native);
        if (out) {
            out->advice = is_relation ? "name the mapping of the data source that it refers to"
                                      : "leave relation= away, or name a relation";
        }
        return APR_EMISMATCH;
    }
    nts_outcome_set(
        out, p, NTS_REMEDY_PERSON, "field.types",
        options->body
            ? "the %s of a page and a field of type %s have nothing in common"
            : "a Notion property of type %s and a field of type %s have nothing in common",
        types[NTS_NOTION]->native, types[NTS_EXTERNAL]->native);
    if (out && options->body) {
        out->advice = "name a column that holds text";
    }
    else if (out) {
        out->advice = apr_psprintf(p, "pair %s with %s", types[NTS_NOTION]->native,
                                   partners_of(types[NTS_NOTION]));
    }
    return APR_EMISMATCH;
}

/* NULL: format= says what can be; else what to say in its place. */
static const char *other_format(const nts_domain_t *domain)
{
    const nts_type_t *types = domain->types;
    int is_list = types[NTS_EXTERNAL].list;

    if (domain->options.format != NTS_FORMAT_DEFAULT && nts_domain_is_set(domain) &&
        types[NTS_NOTION].kind != NTS_TYPE_TEXT && types[NTS_EXTERNAL].kind != NTS_TYPE_TEXT) {
        return "leave format= away: it says how a list is spelled in a text, and neither of the "
               "two "
               "is one";
    }
    switch (domain->options.format) {
    case NTS_FORMAT_DEFAULT:
        return NULL;
    case NTS_FORMAT_MARKDOWN:
        return domain->family == &nts_family_markdown
                   ? NULL
                   : "leave format= away: Markdown is for a title or rich_text with a column that "
                     "holds text";
    case NTS_FORMAT_PLAIN:
        return !nts_domain_is_set(domain) ? NULL
               : is_list                  ? "use format=array, or leave format= away"
                                          : "use format=json or format=csv";
    case NTS_FORMAT_JSON:
    case NTS_FORMAT_CSV:
    case NTS_FORMAT_ARRAY:
        break;
    }
    if (!nts_domain_is_set(domain)) {
        return "leave format= away";
    }
    if (is_list) {
        return domain->options.format == NTS_FORMAT_ARRAY
                   ? NULL
                   : "use format=array, or leave format= away: the column holds a list by itself";
    }
    return domain->options.format == NTS_FORMAT_ARRAY ? "use format=json or format=csv" : NULL;
}

/* Options of the directive that contradict the types. */
static apr_status_t check_options(const nts_domain_t *domain, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_type_t *types = domain->types;
    const char *advice = other_format(domain);

    if (advice) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.format",
                        "this format= does not apply to %s and %s", types[NTS_NOTION].native,
                        types[NTS_EXTERNAL].native);
        if (out) {
            out->advice = advice;
        }
        return APR_EMISMATCH;
    }
    /* Seen in the schema: every value would be parked. */
    if (!domain->options.lossy_accept &&
        ((types[0].kind == NTS_TYPE_DAY && types[1].kind == NTS_TYPE_INSTANT) ||
         (types[0].kind == NTS_TYPE_INSTANT && types[1].kind == NTS_TYPE_DAY))) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.types",
                        "%s and %s: one holds days, the other instants", types[NTS_NOTION].native,
                        types[NTS_EXTERNAL].native);
        if (out) {
            out->advice = "use a timestamp or text column, or add lossy=accept to drop the time";
        }
        return APR_EMISMATCH;
    }
    return APR_SUCCESS;
}

static apr_status_t load_zone(nts_domain_t *domain, nts_outcome_t *out, apr_pool_t *p)
{
    const char *name = domain->options.timezone;
    apr_status_t rv = APR_SUCCESS;

    if (name) {
        rv = nts_zone_load(&domain->zone, name, p);
    }
    if (rv != APR_SUCCESS) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.timezone", "timezone=%s %s", name,
                        APR_STATUS_IS_ENOENT(rv) ? "is not in this machine's time zone database"
                        : rv == APR_EINVAL       ? "is no time zone's name"
                                                 : "could not be read");
        if (out) {
            out->advice = "use a name such as Europe/Berlin, or UTC";
        }
        return APR_EMISMATCH;
    }
    return APR_SUCCESS;
}

apr_status_t nts_domain_make(const nts_domain_t **domain, const nts_type_t *const types[2],
                             const nts_domain_options_t *options, nts_outcome_t *out, apr_pool_t *p)
{
    nts_domain_t *made = apr_pcalloc(p, sizeof(*made));
    apr_status_t rv;

    *domain = NULL;
    made->family = find_family(types[0], types[1], options);
    if (made->family == &nts_family_text && options->format == NTS_FORMAT_MARKDOWN &&
        nts_domain_takes_markdown(types)) {
        made->family = &nts_family_markdown;
    }
    if (!made->family) {
        return refuse_pair(out, types, options, p);
    }
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        made->types[side] = *types[side];
        made->types[side].native = apr_pstrdup(p, types[side]->native);
        made->types[side].target = apr_pstrdup(p, types[side]->target);
        made->types[side].options =
            nts_options_copy(types[side]->options, types[side]->option_count, p);
    }
    made->options = *options;
    made->options.timezone = apr_pstrdup(p, options->timezone);
    rv = check_options(made, out, p);
    if (rv == APR_SUCCESS) {
        rv = load_zone(made, out, p);
    }
    if (rv == APR_SUCCESS) {
        *domain = made;
    }
    return rv;
}
