/* nts_mirror.c - records whose end of a two-way relation has changed with the other one. */
#include "worker/nts_mirror.h"

#include "worker/nts_flow.h"

static nts_flow_t *flow_of(const nts_flow_t *flow, apr_int64_t mapping)
{
    int i;

    for (i = 0; i < flow->group->flow_count; i++) {
        if (flow->group->flows[i]->given->id == mapping) {
            return flow->group->flows[i];
        }
    }
    return NULL;
}

static int is_two_way(const nts_pair_t *pair, apr_int64_t target, nts_side_t side)
{
    return pair->relation_id == target && pair->domain && nts_domain_is_reference(pair->domain) &&
           nts_domain_type(pair->domain, side)->mirrored;
}

/* This end refers to the record that @a side calls @a name, as far as was agreed. */
static int refers(const nts_flow_t *flow, nts_link_t *link, apr_int64_t target, nts_side_t side,
                  const char *name)
{
    int i;

    for (i = 0; i < flow->mapping->pair_count; i++) {
        if (is_two_way(&flow->mapping->pairs[i], target, side) &&
            nts_base_names(nts_link_base(link, flow->mapping->pairs[i].id), side, name)) {
            return 1;
        }
    }
    return 0;
}

static int has_other_end(const nts_flow_t *flow, apr_int64_t target, nts_side_t side)
{
    int i;

    for (i = 0; flow->mapping && i < flow->mapping->pair_count; i++) {
        if (is_two_way(&flow->mapping->pairs[i], target, side)) {
            return 1;
        }
    }
    return 0;
}

/* By one name, whichever side told of it: it is looked at once. */
static void look_at(nts_flow_t *flow, const nts_link_t *link)
{
    nts_flow_notice_late(flow, link->page ? NTS_NOTION : NTS_EXTERNAL,
                         link->page ? link->page : link->key, NTS_REFERENCES_WAIT);
}

void nts_mirrors_tell(nts_flow_t *flow, const nts_commit_t *commit)
{
    apr_int64_t own = flow->given->id;
    apr_pool_t *ptemp;
    int i;

    if (!commit->link) {
        return;
    }
    (void)apr_pool_create(&ptemp, flow->p);
    for (i = 0; i < commit->mirror_count; i++) {
        const nts_wait_t *mirror = &commit->mirrors[i];
        nts_flow_t *other = flow_of(flow, mirror->mapping);
        const char *name = *nts_link_id(commit->link, mirror->side);
        nts_link_t *link = NULL;

        if (!name || !other || !has_other_end(other, own, mirror->side)) {
            continue;
        }
        apr_pool_clear(ptemp);
        if (nts_store_find_link(&link, flow->host->store, mirror->mapping, mirror->name, ptemp) ==
                APR_SUCCESS &&
            link &&
            refers(other, link, own, mirror->side, name) !=
                refers(flow, commit->link, mirror->mapping, mirror->side, mirror->name)) {
            look_at(other, link);
        }
    }
    apr_pool_destroy(ptemp);
}
