/* nts_domain.c - projecting and rendering: the parts that all families share. */
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
           (domain->family == &nts_family_people && !nts_domain_is_one_person(domain));
}

int nts_domain_is_reference(const nts_domain_t *domain)
{
    return domain->family == &nts_family_reference || domain->family == &nts_family_references;
}

int nts_domain_is_reference_list(const nts_domain_t *domain)
{
    return domain->family == &nts_family_references;
}
