/* nts_domain_reference.c - references: Notion's set of pages, and a column's key or list of keys (S5.2). */
#include <string.h>

#include "model/nts_domain_impl.h"
#include "model/nts_reference.h"

static apr_status_t too_many(nts_outcome_t *out, apr_pool_t *p, const char *advice,
                             const char *what)
{
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, NTS_REFERENCE_MANY, "%s", what);
    if (out) {
        out->advice = advice;
    }
    return APR_EMISMATCH;
}

/* It is to be written on the other side of where it stands, and cannot be. */
static apr_status_t waits(nts_side_t side, const nts_value_t *common, nts_outcome_t *out,
                          apr_pool_t *p)
{
    nts_outcome_set(out, p, NTS_REMEDY_WAIT, NTS_REFERENCE_WAITS,
                    "waiting for a linked record: %s refers to '%s', %s",
                    nts_side_name(nts_side_other(side)), nts_domain_show(common, p),
                    common->waits ? common->waits : "which is not linked");
    if (out) {
        out->advice = NTS_REFERENCE_ADVICE;
    }
    return APR_EMISMATCH;
}

/* --- one */

static apr_status_t project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                            const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    if (value->kind == NTS_VALUE_SET && value->as.set.count == 1) {
        *common = nts_value_option(value->as.set.options[0].id, value->as.set.options[0].name);
    }
    else if (value->kind == NTS_VALUE_OPTION) {
        *common = *value;
    }
    else if (value->kind == NTS_VALUE_SET) {
        return too_many(out, p,
                        "leave one of them, set the relation to hold one page only, or have the "
                        "column hold a list (format=)",
                        apr_psprintf(p,
                                     "the %s field refers to %d records, and the other side has "
                                     "room for one",
                                     nts_side_name(side), value->as.set.count));
    }
    else {
        return nts_domain_strange(domain, side, value, out, p);
    }
    common->waits = value->waits;
    return APR_SUCCESS;
}

/* By identity alone: what that side calls it is looked up when it is sent. */
static apr_status_t render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    nts_option_t target;

    if (common->kind != NTS_VALUE_OPTION) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    if (!common->as.option.id || common->waits) {
        return waits(side, common, out, p);
    }
    target.id = common->as.option.id;
    target.name = "";
    *value = domain->types[side].kind == NTS_TYPE_REFERENCE
                 ? nts_value_set(&target, 1, p)
                 : nts_value_option(target.id, target.name);
    return APR_SUCCESS;
}

const nts_family_t nts_family_reference = { "reference", project, render };

/* --- several */

static int is_column(const nts_domain_t *domain, nts_side_t side)
{
    return domain->types[side].kind == NTS_TYPE_TEXT;
}

/* What a column of lists shows is a JSON array of texts, whatever format= says. */
static nts_format_t format_of(const nts_domain_t *domain)
{
    return domain->options.format == NTS_FORMAT_CSV && !domain->types[NTS_EXTERNAL].list
               ? NTS_FORMAT_CSV
               : NTS_FORMAT_JSON;
}

const char *nts_domain_list_text(const nts_domain_t *domain, const nts_value_t *list, apr_pool_t *p)
{
    return nts_set_text(list, format_of(domain),
                        domain->types[NTS_EXTERNAL].list ? NTS_ELEMENTS_TEXTS : NTS_ELEMENTS_KEYS,
                        p);
}

apr_status_t nts_domain_list_parse(nts_value_t *list, const nts_domain_t *domain, const char *text,
                                   apr_pool_t *p)
{
    const char *problem;

    return nts_set_parse(list, text, format_of(domain), NTS_ELEMENTS_KEYS, &problem, p);
}

apr_status_t nts_domain_list_room(const nts_domain_t *domain, nts_side_t side, int count,
                                  nts_outcome_t *out, apr_pool_t *p)
{
    int most = domain->types[side].max_members;

    if (most && count > most) {
        return too_many(out, p,
                        "leave fewer in the list; or make it a two-way relation in Notion, and map "
                        "its other end, of which each record then holds its own part",
                        apr_psprintf(p,
                                     "%d records are to be referred to, and Notion takes a list "
                                     "whole, with no more than %d",
                                     count, most));
    }
    if (count > NTS_MEMBERS_MAX) {
        return too_many(
            out, p, "leave fewer",
            apr_psprintf(p, "%d records are referred to, more than %d", count, NTS_MEMBERS_MAX));
    }
    return APR_SUCCESS;
}

static apr_status_t project_list(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                 const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    const char *problem = "it was not read as one";
    nts_value_t list;

    if (value->kind == NTS_VALUE_TEXT && is_column(domain, side)) {
        (void)nts_set_parse(&list, value->as.text, format_of(domain), NTS_ELEMENTS_KEYS, &problem,
                            p);
        return nts_domain_unfit(
            out, p,
            format_of(domain) == NTS_FORMAT_CSV
                ? "write keys with commas between, \"quoted\" if they hold one"
                : "write a JSON array of keys",
            "the %s field (%s) holds '%s', which is no %s: %s", nts_side_name(side),
            domain->types[side].native, nts_domain_show(value, p),
            format_of(domain) == NTS_FORMAT_CSV ? "row of CSV" : "JSON array of keys", problem);
    }
    if (value->kind != NTS_VALUE_SET) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    if (value->as.set.count > NTS_MEMBERS_MAX) {
        return nts_domain_list_room(domain, nts_side_other(side), value->as.set.count, out, p);
    }
    *common = *value;
    common->rich = NULL; /* how the column spells it is no part of what it says */
    return APR_SUCCESS;
}

static apr_status_t render_list(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    nts_option_t *targets;

    if (common->kind != NTS_VALUE_SET) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    targets = apr_palloc(p, sizeof(*targets) * (apr_size_t)(common->as.set.count + 1));
    for (int i = 0; i < common->as.set.count; i++) {
        const nts_option_t *member = &common->as.set.options[i];
        const char *why = common->member_waits ? common->member_waits[i] : NULL;

        if (!member->id || why) {
            nts_value_t one = nts_value_option(member->id, member->name);

            one.waits = why;
            return waits(side, &one, out, p);
        }
        targets[i].id = member->id;
        targets[i].name = "";
    }
    *value = nts_value_set(targets, common->as.set.count, p);
    return nts_domain_list_room(domain, side, common->as.set.count, out, p);
}

const nts_family_t nts_family_references = { "list of references", project_list, render_list };
