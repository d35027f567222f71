/* nts_contact_suspend.c - pairs that cannot be bound: those that the mapping can do without are suspended, and it goes on (S5.4). */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_contact_impl.h"
#include "worker/nts_flow.h"

static int has_other(const nts_mapping_t *mapping)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].domain && !mapping->pairs[i].is_key) {
            return 1;
        }
    }
    return 0;
}

/* It was synced as something else: what it has to be again. */
static void tell_former(nts_outcome_t *out, const nts_bound_t *bound, const nts_schema_t *external,
                        apr_pool_t *p)
{
    const char *const where[NTS_SIDE_COUNT] = { "Notion", external->has_ids
                                                              ? "the other data source"
                                                              : "the database" };
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (bound->seen[side] && bound->type[side] && out->what &&
            strcmp(bound->seen[side], bound->type[side]) != 0) {
            out->what = apr_psprintf(p, "%s; it was synced as %s in %s, and is %s now", out->what,
                                     bound->type[side], where[side], bound->seen[side]);
            out->advice = apr_psprintf(p,
                                       "give it its former type (%s) again; or, if it shall stay "
                                       "as it is, take the pair out of the configuration",
                                       bound->type[side]);
        }
    }
}

/* Why the mapping has to wait for that field. */
static const char *waits_for(const nts_pair_t *pair, const nts_outcome_t *outcome,
                             const char *reason, apr_pool_t *p)
{
    const char *what = outcome->what ? outcome->what : "no reason known";

    return nts_bound_is_changed(&pair->bound)
               ? apr_psprintf(p, "%s; the mapping waits for this field: %s", what, reason)
               : what;
}

/* All fields that the mapping has to wait for, in one outcome. */
static void block(nts_outcome_t *out, const nts_mapping_t *mapping, const nts_outcome_t *outcomes,
                  const char *const *reasons, apr_pool_t *p)
{
    const char *all = NULL;
    int count = 0;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        const char *what;

        if (!reasons[i]) {
            continue;
        }
        what = waits_for(pair, &outcomes[i], reasons[i], p);
        if (!count++) {
            *out = outcomes[i];
            out->remedy = NTS_REMEDY_PERSON;
            out->what = what;
        }
        all = apr_psprintf(p, "%s%s\"%s\" and %s: %s", all ? all : "", all ? "; " : "",
                           pair->notion, pair->external, what);
    }
    if (count > 1) {
        out->what = apr_psprintf(p, "%d fields cannot be synced: %s", count, all);
        out->field = NULL;
    }
}

int nts_contact_suspend(nts_contact_t *c, nts_mapping_t *bound, nts_outcome_t *outcomes,
                        nts_outcome_t *why, apr_pool_t *p)
{
    const char **reasons = apr_pcalloc(p, ((apr_size_t)bound->pair_count + 1) * sizeof(*reasons));
    int is_alone = !has_other(bound);
    int waits = 0;
    int i;

    for (i = 0; i < bound->pair_count; i++) {
        nts_pair_t *pair = &bound->pairs[i];

        if (pair->domain) {
            continue;
        }
        reasons[i] = nts_mapping_cannot_spare(bound, i);
        if (!reasons[i] && is_alone) {
            reasons[i] = "no other is left";
        }
        waits |= reasons[i] != NULL;
        tell_former(&outcomes[i], &pair->bound, c->schema[NTS_EXTERNAL], p);
    }
    if (waits) {
        block(why, bound, outcomes, reasons, p);
        return 1;
    }
    for (i = 0; i < bound->pair_count; i++) {
        nts_pair_t *pair = &bound->pairs[i];

        if (!pair->domain) {
            pair->bound.since =
                pair->bound.why.code ? pair->bound.since : nts_host_wall(c->flow->host);
            pair->bound.why = outcomes[i];
        }
    }
    return 0;
}

static int is_news(const nts_contact_t *c, const nts_mapping_t *before, const nts_mapping_t *bound,
                   int at)
{
    const nts_pair_t *pair = &bound->pairs[at];

    return pair->id && nts_bound_is_known(&pair->bound) &&
           !nts_str_same(nts_bound_text(&before->pairs[at].bound, c->p),
                         nts_bound_text(&pair->bound, c->p));
}

int nts_contact_is_found_changed(const nts_contact_t *c, const nts_mapping_t *before,
                                 const nts_mapping_t *bound)
{
    int i;

    for (i = 0; i < bound->pair_count; i++) {
        if (nts_bound_is_known(&before->pairs[i].bound) && is_news(c, before, bound, i)) {
            return 1;
        }
    }
    return 0;
}

apr_status_t nts_contact_keep_bounds(nts_contact_t *c, const nts_mapping_t *before,
                                     const nts_mapping_t *bound)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < bound->pair_count && rv == APR_SUCCESS; i++) {
        if (is_news(c, before, bound, i)) {
            rv = nts_store_put_bound(c->flow->host->store, &bound->pairs[i]);
        }
    }
    return rv;
}

/* Once, and not each time that the sides are looked at. */
void nts_contact_say_suspended(nts_contact_t *c, const nts_mapping_t *before,
                               const nts_mapping_t *bound)
{
    int i;

    for (i = 0; i < bound->pair_count; i++) {
        const nts_outcome_t *was = &before->pairs[i].bound.why, *why = &bound->pairs[i].bound.why;

        if (why->code && !nts_str_same(was->what, why->what)) {
            nts_log(
                NTS_LOG_WARNING, 0,
                "mapping %s: the field \"%s\" and %s is suspended, the others go on: %s; to do: "
                "%s",
                c->flow->label, bound->pairs[i].notion, bound->pairs[i].external,
                nts_outcome_text(why, c->p), why->advice ? why->advice : "nothing");
        }
        else if (was->code && !why->code) {
            nts_log(NTS_LOG_NOTICE, 0, "mapping %s: the field \"%s\" and %s is synced again",
                    c->flow->label, bound->pairs[i].notion, bound->pairs[i].external);
        }
    }
}

int nts_contact_has_suspended(const nts_contact_t *c)
{
    const nts_mapping_t *mapping = c->flow->mapping;
    int i;

    for (i = 0; mapping && i < mapping->pair_count; i++) {
        if (!mapping->pairs[i].domain) {
            return 1;
        }
    }
    return 0;
}
