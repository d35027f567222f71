/* nts_domain.c - which types go together, and the parts of projecting and rendering that all share.
 */
#include <stdarg.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

#define SHOWN_MAX 60

const char *nts_domain_show(const nts_value_t *value, apr_pool_t *p)
{
    return nts_value_display(value, SHOWN_MAX, p);
}

apr_status_t nts_domain_lossy(const nts_domain_t *domain, nts_outcome_t *out, apr_pool_t *p,
                              const char *fmt, ...)
{
    va_list args;

    if (domain->options.lossy_accept) {
        return APR_SUCCESS;
    }
    va_start(args, fmt);
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.lossy", "%s", apr_pvsprintf(p, fmt, args));
    va_end(args);
    if (out) {
        out->advice = "change the value, widen the field, or add lossy=accept to have it cut";
    }
    return APR_EMISMATCH;
}

apr_status_t nts_domain_unfit(nts_outcome_t *out, apr_pool_t *p, const char *advice,
                              const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.unfit", "%s", apr_pvsprintf(p, fmt, args));
    va_end(args);
    if (out) {
        out->advice = advice ? advice : "change the value";
    }
    return APR_EMISMATCH;
}

apr_status_t nts_domain_strange(const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    return nts_domain_unfit(out, p, NULL, "the %s field (%s) holds '%s', which is no %s",
                            nts_side_name(side), domain->types[side].native,
                            nts_domain_show(value, p), domain->family->name);
}

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

/* What of a relation a column can hold. */
static const nts_family_t *reference_family(const nts_type_t *column, nts_format_t format)
{
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
        return a->kind == NTS_TYPE_TEXT ? &nts_family_files : NULL;
    case NTS_TYPE_PLACE:
        return a->kind == NTS_TYPE_TEXT ? &nts_family_place : NULL;
    case NTS_TYPE_PEOPLE:
        return a->kind == NTS_TYPE_TEXT && !(b->alone && a->list) ? &nts_family_people : NULL;
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
        return "a column of text or whole numbers that holds a key of another mapping's table, or "
               "with format= one of text that holds a list of them";
    case NTS_TYPE_FILES:
        return "a text column, as a JSON array of addresses or with format=csv";
    case NTS_TYPE_PLACE:
        return "a text column, as a JSON object";
    case NTS_TYPE_PEOPLE:
        return notion->alone ? "a text column"
                             : "a text column, as a JSON array or with format=csv";
    case NTS_TYPE_UNSUPPORTED:
        break;
    }
    return NULL;
}

static apr_status_t refuse_pair(nts_outcome_t *out, const nts_type_t *const types[2],
                                const nts_domain_options_t *options, apr_pool_t *p)
{
    int reference = options->reference;
    int is_relation = types[NTS_NOTION]->kind == NTS_TYPE_REFERENCE;

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
                        types[NTS_NOTION]->native);
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
    int is_list = domain->types[NTS_EXTERNAL].list;

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

/* No value, as this domain has it: a checkbox knows only false. */
static nts_value_t nothing(const nts_domain_t *domain)
{
    for (int side = 0; domain->family == &nts_family_bool && side < NTS_SIDE_COUNT; side++) {
        if (domain->types[side].kind == NTS_TYPE_BOOL && !domain->types[side].nullable) {
            return nts_value_bool(0);
        }
    }
    return nts_value_null;
}

/* Everything but text has one spelling in a text column, and a cut one would mean something else.
 */
static apr_status_t check_room(const nts_domain_t *domain, const nts_value_t *common,
                               nts_outcome_t *out, apr_pool_t *p)
{
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_type_t *type = &domain->types[side];
        nts_value_t text;

        if (type->kind != NTS_TYPE_TEXT || !type->max_length ||
            domain->family->render(&text, domain, (nts_side_t)side, common, NULL, p) !=
                APR_SUCCESS) {
            continue;
        }
        if ((type->units ? nts_utf16_length(text.as.text) : nts_utf8_length(text.as.text)) >
            (apr_size_t)type->max_length) {
            return nts_domain_unfit(out, p, "shorten the value or widen the field",
                                    "'%s' does not fit into the %s field (%s)",
                                    nts_domain_show(&text, p), nts_side_name((nts_side_t)side),
                                    type->native);
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_domain_project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    apr_status_t rv;

    *common = nts_value_absent;
    if (value->kind == NTS_VALUE_ABSENT || value->truncated) {
        nts_outcome_set(out, p, NTS_REMEDY_RETRY, "field.unread", "the %s field was %s",
                        nts_side_name(side),
                        value->truncated ? "shown only in part" : "not in the answer");
        return APR_EINVAL;
    }
    if (value->kind == NTS_VALUE_OPAQUE) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "field.opaque",
                        "the %s field (%s) holds something that cannot be synced: %s",
                        nts_side_name(side), domain->types[side].native, value->as.text);
        if (out) {
            out->advice = "change the value";
        }
        return APR_EINVAL;
    }
    if (nts_value_is_empty(value)) {
        *common = nothing(domain);
        return APR_SUCCESS;
    }
    rv = domain->family->project(common, domain, side, value, out, p);
    if (common->kind != NTS_VALUE_ABSENT && domain->family != &nts_family_text &&
        domain->family != &nts_family_markdown && !nts_domain_is_reference(domain) &&
        check_room(domain, common, out, p) != APR_SUCCESS) {
        *common = nts_value_absent;
        rv = APR_EMISMATCH;
    }
    return rv;
}

static apr_status_t render_nothing(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                   nts_outcome_t *out, apr_pool_t *p)
{
    const nts_type_t *type = &domain->types[side];

    int is_list = type->kind == NTS_TYPE_TEXT && domain->family == &nts_family_references;

    if (type->kind == NTS_TYPE_SET || type->kind == NTS_TYPE_FILES ||
        type->kind == NTS_TYPE_PEOPLE ||
        (is_list && !type->nullable)) { /* a list is spelled as an empty one */
        *value = nts_value_set(NULL, 0, p);
    }
    else if (type->nullable) {
        *value = nts_value_null;
    }
    else if (type->kind == NTS_TYPE_BOOL) {
        *value = nts_value_bool(0);
    }
    else if (type->kind == NTS_TYPE_TEXT && domain->family != &nts_family_reference) {
        *value = nts_value_text("");
    }
    else {
        return nts_domain_unfit(out, p, "fill in the other side, or let the field be empty",
                                "the %s field (%s) must not be empty", nts_side_name(side),
                                type->native);
    }
    return APR_SUCCESS;
}

apr_status_t nts_domain_render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                               const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    *value = nts_value_absent;
    if (common->kind == NTS_VALUE_ABSENT || common->kind == NTS_VALUE_OPAQUE) {
        return APR_EINVAL;
    }
    if (nts_value_is_empty(common)) {
        return render_nothing(value, domain, side, out, p);
    }
    return domain->family->render(value, domain, side, common, out, p);
}

int nts_domain_options_equal(const nts_option_t *a, const nts_option_t *b)
{
    if (a->id && b->id) {
        return strcmp(a->id, b->id) == 0;
    }
    return nts_str_equal_nocase(a->name, b->name);
}

static int has_member(const nts_value_t *set, const nts_option_t *wanted)
{
    for (int i = 0; i < set->as.set.count; i++) {
        if (nts_domain_options_equal(&set->as.set.options[i], wanted)) {
            return 1;
        }
    }
    return 0;
}

static int sets_equal(const nts_value_t *a, const nts_value_t *b)
{
    if (a->as.set.count != b->as.set.count) {
        return 0;
    }
    for (int i = 0; i < a->as.set.count; i++) {
        if (!has_member(b, &a->as.set.options[i])) {
            return 0;
        }
    }
    return 1;
}

int nts_domain_equal(const nts_domain_t *domain, const nts_value_t *a, const nts_value_t *b)
{
    (void)domain;
    if (nts_value_is_empty(a) || nts_value_is_empty(b)) {
        return nts_value_is_empty(a) && nts_value_is_empty(b);
    }
    if (a->kind == NTS_VALUE_OPTION && b->kind == NTS_VALUE_OPTION) {
        return nts_domain_options_equal(&a->as.option, &b->as.option);
    }
    if (a->kind == NTS_VALUE_SET && b->kind == NTS_VALUE_SET) {
        return sets_equal(a, b);
    }
    return nts_value_equal(a, b);
}

const nts_type_t *nts_domain_type(const nts_domain_t *domain, nts_side_t side)
{
    return &domain->types[side];
}

int nts_domain_is_set(const nts_domain_t *domain)
{
    return domain->family == &nts_family_set || domain->family == &nts_family_files ||
           domain->family == &nts_family_references ||
           (domain->family == &nts_family_people && !domain->types[NTS_NOTION].alone);
}

int nts_domain_is_reference(const nts_domain_t *domain)
{
    return domain->family == &nts_family_reference || domain->family == &nts_family_references;
}

int nts_domain_is_reference_list(const nts_domain_t *domain)
{
    return domain->family == &nts_family_references;
}
