/* nts_contact_bind.c - both sides are described: bind the mapping to what they are, and keep what was found. */
#include "base/nts_str.h"
#include "worker/nts_commands.h"
#include "worker/nts_contact_impl.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_files.h"
#include "worker/nts_flow.h"
#include "worker/nts_reconcile.h"

/* Pairs that were found by their names get their numbers. */
static apr_status_t keep_pairs(nts_contact_t *c, nts_mapping_t *with, nts_mapping_t *bound)
{
    apr_status_t rv;
    int i;

    if (with == c->flow->given) {
        return APR_SUCCESS;
    }
    rv = nts_store_put_pairs(c->flow->host->store, with, c->flow->given, c->flow->p);
    for (i = 0; i < bound->pair_count && rv == APR_SUCCESS; i++) {
        bound->pairs[i].id = with->pairs[i].id;
    }
    return rv;
}

/* Ids that first contact has shown outlive a rename. */
static apr_status_t keep_properties(nts_contact_t *c, nts_mapping_t *with,
                                    const nts_mapping_t *bound)
{
    nts_flow_t *flow = c->flow;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < bound->pair_count && rv == APR_SUCCESS; i++) {
        const nts_pair_t *pair = &bound->pairs[i];
        const char **ids[NTS_SIDE_COUNT] = { &with->pairs[i].notion_id,
                                             &with->pairs[i].external_id };
        int side;

        for (side = 0; side < NTS_SIDE_COUNT && rv == APR_SUCCESS; side++) {
            const char *id = nts_pair_field_id(pair, (nts_side_t)side);

            if (id && !nts_str_same(*ids[side], id)) {
                rv = nts_store_put_property(flow->host->store, pair->id, (nts_side_t)side, id);
                *ids[side] = apr_pstrdup(flow->p, id);
            }
        }
    }
    return rv;
}

static apr_status_t keep_schemas(nts_contact_t *c)
{
    nts_store_t *store = c->flow->host->store;
    apr_int64_t mapping = c->flow->given->id;
    apr_status_t rv = APR_SUCCESS;
    int side;

    for (side = 0; side < NTS_SIDE_COUNT && rv == APR_SUCCESS; side++) {
        const char *old = NULL;

        rv = nts_store_get_schema(&old, store, mapping, (nts_side_t)side, c->p);
        c->is_changed |= rv == APR_SUCCESS && !nts_str_same(old, c->text[side]);
        if (rv == APR_ENOENT || (rv == APR_SUCCESS && !nts_str_same(old, c->text[side]))) {
            rv = nts_store_put_schema(store, mapping, (nts_side_t)side, c->text[side]);
        }
    }
    return rv;
}

/* Another schema or configuration than records were compared by: all of them are compared again, also if we die before
 * that (S5.7). */
static apr_status_t forget_full_run(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;

    if (!c->is_changed || !flow->status.full_done) {
        return APR_SUCCESS;
    }
    flow->status.full_done = 0;
    return nts_store_put_status(flow->host->store, flow->group->name, flow->group->epoch,
                                flow->given->id, &flow->status);
}

/* What can be decided once about the pairs and the filter. */
static void look_at_pairs(nts_flow_t *flow)
{
    int i, k;

    for (k = 0; k < NTS_SIDE_COUNT; k++) {
        const nts_filter_t *filter = flow->mapping->filter[k];
        nts_side_t side = (nts_side_t)k;

        flow->has_computed[side] = nts_mapping_has_computed(flow->mapping, side);
        flow->has_content[side] = 0;
        flow->has_mirrored[side] = 0;
        flow->writes_body[side] = 0;
        for (i = 0; i < flow->mapping->pair_count; i++) {
            const nts_pair_t *pair = &flow->mapping->pairs[i];

            flow->has_content[side] |= (pair->is_body && side == NTS_NOTION) ||
                                       nts_str_same(nts_pair_field_id(pair, side), "title");
            flow->has_mirrored[side] |= nts_pair_is_mirrored(pair, side);
            flow->writes_body[side] |=
                pair->is_body && side == NTS_NOTION && pair->direction != NTS_TO_EXTERNAL;
        }
        for (i = 0; filter && i < filter->field_count; i++) {
            flow->has_content[side] |= nts_str_same(filter->fields[i].id, "title");
        }
    }
}

/* The new binding takes the place of the old one, which no work uses any more. */
static void take_binding(nts_contact_t *c, nts_mapping_t *bound, apr_pool_t *p)
{
    nts_flow_t *flow = c->flow;
    int side;

    if (flow->bound_pool) {
        apr_pool_destroy(flow->bound_pool);
    }
    flow->bound_pool = p;
    flow->mapping = bound;
    c->doubted = 0;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        c->bound[side] = apr_pstrdup(p, c->text[side]);
    }
    look_at_pairs(flow);
}

static void fail_store(nts_contact_t *c, apr_status_t rv)
{
    nts_outcome_t outcome = { 0 };
    char cause[120];

    if (rv == APR_EMISMATCH) {
        nts_outcome_set(&outcome, c->p, NTS_REMEDY_RETRY, "store.superseded",
                        "another configuration of the mapping came into force meanwhile");
    }
    else {
        nts_outcome_set(&outcome, c->p, NTS_REMEDY_RETRY, "store.failed",
                        "the state store could not keep what first contact found: %s",
                        apr_strerror(rv, cause, sizeof(cause)));
    }
    nts_contact_fail(c, &outcome);
}

static nts_mapping_t *copy_pairs(const nts_mapping_t *mapping, apr_pool_t *p)
{
    nts_mapping_t *copy = apr_pmemdup(p, mapping, sizeof(*copy));

    copy->pairs =
        apr_pmemdup(p, mapping->pairs, (apr_size_t)mapping->pair_count * sizeof(*copy->pairs));
    return copy;
}

/* Zero: the mapping cannot run as the sides are, @a why. */
static int try_to_bind(nts_contact_t *c, nts_mapping_t *bound, nts_outcome_t *why, apr_pool_t *p)
{
    const nts_schema_t *notion = c->schema[NTS_NOTION], *external = c->schema[NTS_EXTERNAL];
    nts_outcome_t *outcomes =
        apr_pcalloc(p, ((apr_size_t)bound->pair_count + 1) * sizeof(*outcomes));

    if (nts_mapping_bind(bound, notion, external, outcomes, p) != APR_SUCCESS &&
        nts_contact_suspend(c, bound, outcomes, why, p)) {
        return 0;
    }
    return nts_mapping_bind_filters(bound, notion, external, why, p) == APR_SUCCESS;
}

/* What is not noted now nobody would know when the fields are put right, which then are bound anew and compared, though the schema may be the one
 * that they were bound to. */
static apr_status_t note_found(nts_contact_t *c, const nts_mapping_t *before,
                               const nts_mapping_t *found)
{
    nts_store_t *store = c->flow->host->store;
    apr_time_t full_done = c->flow->status.full_done;
    apr_status_t rv;

    if (!nts_contact_is_found_changed(c, before, found)) {
        return APR_SUCCESS;
    }
    c->bound[NTS_NOTION] = c->bound[NTS_EXTERNAL] = NULL;
    c->is_changed = 1;
    rv = nts_store_begin(store, apr_time_from_sec(5));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_contact_keep_bounds(c, before, found);
    rv = rv == APR_SUCCESS ? forget_full_run(c) : rv;
    rv = rv == APR_SUCCESS ? nts_store_commit(store) : rv;
    if (rv != APR_SUCCESS) {
        nts_store_rollback(store);
        c->flow->status.full_done = full_done;
    }
    return rv;
}

int nts_contact_note_fields(nts_contact_t *c)
{
    nts_mapping_t *before = copy_pairs(c->flow->given, c->p), *found;
    apr_status_t rv = nts_store_get_bounds(c->flow->host->store, before, c->p);

    if (rv == APR_SUCCESS) {
        found = copy_pairs(before, c->p);
        nts_mapping_note(found, c->schema[NTS_NOTION], c->schema[NTS_EXTERNAL], c->p);
        rv = note_found(c, before, found);
    }
    if (rv != APR_SUCCESS) {
        fail_store(c, rv);
        return 0;
    }
    return 1;
}

static void bind_mapping(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    apr_time_t full_done = flow->status.full_done;
    int was_bound = flow->mapping != NULL;
    nts_mapping_t *with = nts_contact_auto_given(c);
    nts_mapping_t *before, *bound;
    nts_outcome_t why = { 0 };
    apr_pool_t *p;
    apr_status_t rv;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_flow binding");
    before = copy_pairs(with, p);
    rv = nts_store_get_bounds(flow->host->store, before, p);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(p);
        fail_store(c, rv);
        return;
    }
    bound = copy_pairs(before, p);
    if (!try_to_bind(c, bound, &why, p)) {
        nts_outcome_copy(&why, &why, c->p);
        rv = note_found(c, before, bound);
        apr_pool_destroy(p);
        if (rv != APR_SUCCESS) {
            fail_store(c, rv);
            return;
        }
        nts_contact_fail(c, &why);
        return;
    }
    rv = nts_store_begin(flow->host->store, apr_time_from_sec(5));
    if (rv == APR_SUCCESS) {
        rv = keep_pairs(c, with, bound);
        rv = rv == APR_SUCCESS ? keep_properties(c, with, bound) : rv;
        rv = rv == APR_SUCCESS ? nts_contact_keep_bounds(c, before, bound) : rv;
        rv = rv == APR_SUCCESS ? keep_schemas(c) : rv;
        rv = rv == APR_SUCCESS ? forget_full_run(c) : rv;
        rv = rv == APR_SUCCESS ? nts_store_commit(flow->host->store) : rv;
        if (rv != APR_SUCCESS) {
            nts_store_rollback(flow->host->store);
        }
    }
    if (rv != APR_SUCCESS) {
        flow->status.full_done = full_done;
        apr_pool_destroy(p);
        fail_store(c, rv);
        return;
    }
    nts_contact_say_suspended(c, before, bound);
    nts_contact_auto_adopt(c);
    take_binding(c, bound, p);
    nts_reconcile_bound(flow);
    nts_contact_succeed(c, was_bound && full_done);
}

/* What a binding depends on: the side's schema and what the configuration makes of it. */
static const char *schema_text(const nts_schema_t *schema, const nts_mapping_t *given,
                               apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p);
    nts_schema_t lasting = *schema;

    lasting.mark = NULL;
    lasting.counter = 0; /* moves with every change and says nothing about the schema */
    nts_schema_to_json(&lasting, root);
    nts_mapping_cover_to_json(given, nts_json_add_object(root, "cover"));
    return nts_json_text(root, p);
}

/* Jobs hold on to the old binding, and so do asks on their way that belong to no job: what the database tells of
 * changes, a command to provision, and pages whose files somebody wants. */
static int is_binding_used(const nts_flow_t *flow)
{
    return nts_driver_load(flow) > 0 || nts_events_is_busy(flow->events) ||
           nts_commands_is_busy(flow->commands) || nts_files_is_busy(flow);
}

/* Both sides are known: bind, unless nothing has changed since the last time. */
void nts_contact_described(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        c->text[side] = schema_text(c->schema[side], nts_contact_auto_given(c), c->p);
    }
    if (flow->mapping && nts_str_same(c->bound[NTS_NOTION], c->text[NTS_NOTION]) &&
        nts_str_same(c->bound[NTS_EXTERNAL], c->text[NTS_EXTERNAL])) {
        nts_contact_succeed(c, 0);
        return;
    }
    if (is_binding_used(flow)) {
        /* What is broken off begins again, but not in the midst of a write. */
        c->wants_quiet = 1;
        flow->is_on = 0;
        nts_driver_quieten(flow);
        return;
    }
    bind_mapping(c);
}

void nts_contact_work_ended(nts_contact_t *c)
{
    if (c->wants_quiet && !c->stopped && !is_binding_used(c->flow)) {
        c->wants_quiet = 0;
        bind_mapping(c);
    }
}
