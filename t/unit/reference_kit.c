/* reference_kit.c - a reference on its way in and out. */
#include "reference_kit.h"

static nts_mapping_t mapping_of(nts_pair_t *pair, const nts_domain_t *domain)
{
    nts_mapping_t mapping = { 0 };

    pair->domain = domain;
    pair->notion = "Item";
    pair->external = "item";
    mapping.pairs = pair;
    mapping.pair_count = 1;
    return mapping;
}

nts_value_t reference_in(const nts_domain_t *domain, nts_side_t side, nts_value_t shown,
                         nts_referent_fn *find, apr_pool_t *p)
{
    nts_pair_t pair = { 0 };
    nts_mapping_t mapping = mapping_of(&pair, domain);
    nts_record_t record = { 0 };
    nts_answer_t answer = { 0 };
    nts_ask_t ask = { .side = side, .mapping = &mapping };

    record.values = &shown;
    answer.record = &record;
    nts_answer_resolve(&answer, &ask, find, NULL, p);
    return record.values[0];
}

apr_status_t reference_out(nts_value_t *out, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *value, nts_outcome_t *why, nts_referent_fn *find,
                           apr_pool_t *p)
{
    nts_pair_t pair = { 0 };
    nts_mapping_t mapping = mapping_of(&pair, domain);
    nts_ask_t ask = { .side = side, .mapping = &mapping };
    apr_status_t rv;

    ask.values = value;
    rv = nts_ask_spell(&ask, find, NULL, why, p);
    *out = ask.values[0];
    return rv;
}
