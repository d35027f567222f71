/* nts_domain_reference.c - one reference, as Notion's set of pages and as a column's key (S5.2). */
#include "model/nts_domain_impl.h"
#include "model/nts_reference.h"

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
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, NTS_REFERENCE_MANY,
                        "the %s field refers to %d records, and the other side has room for one",
                        nts_side_name(side), value->as.set.count);
        if (out) {
            out->advice = "leave one of them, or set the relation to hold one page only";
        }
        return APR_EMISMATCH;
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
        nts_outcome_set(out, p, NTS_REMEDY_WAIT, NTS_REFERENCE_WAITS,
                        "waiting for a linked record: %s refers to '%s', %s",
                        nts_side_name(nts_side_other(side)), nts_domain_show(common, p),
                        common->waits ? common->waits : "which is not linked");
        if (out) {
            out->advice = "nothing has to be done if that record is still to be synced; it is "
                          "filled in when that is linked";
        }
        return APR_EMISMATCH;
    }
    target.id = common->as.option.id;
    target.name = "";
    *value = domain->types[side].kind == NTS_TYPE_REFERENCE
                 ? nts_value_set(&target, 1, p)
                 : nts_value_option(target.id, target.name);
    return APR_SUCCESS;
}

const nts_family_t nts_family_reference = { "reference", project, render };
