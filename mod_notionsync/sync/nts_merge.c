/* nts_merge.c - the three-way decision of one field. */
#include "sync/nts_merge_view.h"

int nts_stamp_compare(const nts_stamp_t *a, const nts_stamp_t *b, apr_interval_time_t grace)
{
    if (a->from > b->to + grace) {
        return 1;
    }
    if (b->from > a->to + grace) {
        return -1;
    }
    return 0;
}

/* S2.6 */
static void decide_first(nts_merge_view_t *view, nts_decision_t *d)
{
    if (d->common[NTS_NOTION].kind == NTS_VALUE_NULL) {
        nts_merge_carry(view, d, NTS_EXTERNAL, "first value");
    }
    else if (d->common[NTS_EXTERNAL].kind == NTS_VALUE_NULL) {
        nts_merge_carry(view, d, NTS_NOTION, "first value");
    }
    else if (view->pair->initial == NTS_INITIAL_HOLD) {
        nts_merge_hold(view, d, "held.initial", "both sides have a value and none was ever agreed",
                       "decide (resolve), or set initial=notion or initial=external on the field");
    }
    else {
        nts_side_t from = view->pair->initial == NTS_INITIAL_NOTION ? NTS_NOTION : NTS_EXTERNAL;

        d->lost = nts_merge_losing(view, d, nts_side_other(from));
        nts_merge_carry(view, d, from, from == NTS_NOTION ? "initial=notion" : "initial=external");
    }
}

static void decide_set(nts_merge_view_t *view, nts_decision_t *d)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (view->fits[side] != APR_SUCCESS) {
            d->verdict = NTS_VERDICT_STUCK;
            d->outcome = view->misfit[side];
            return;
        }
    }
    d->want = nts_merge_set(&view->base_common[NTS_NOTION], &d->common[NTS_NOTION],
                            &d->common[NTS_EXTERNAL], view->p);
    d->reason = view->changed[NTS_NOTION] && view->changed[NTS_EXTERNAL]
                    ? "both sides changed members: merged"
                : view->changed[NTS_NOTION] ? "notion changed"
                                            : "external changed";
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        /* S5.4: the other side first learns the new names, or they would look like members that it added. */
        if (side == NTS_NOTION &&
            nts_merge_set_is_renamed(&view->base_common[NTS_NOTION], &d->common[NTS_NOTION]) &&
            !nts_domain_equal(view->pair->domain, &d->common[NTS_EXTERNAL], &d->want)) {
            continue;
        }
        if (!nts_domain_equal(view->pair->domain, &d->common[side], &d->want)) {
            nts_merge_mark(view, d, (nts_side_t)side);
            if (d->verdict == NTS_VERDICT_STUCK) {
                return;
            }
        }
    }
}

/* S2.5 */
static void decide_conflict(nts_merge_view_t *view, nts_decision_t *d)
{
    nts_side_t winner = NTS_NOTION;
    const char *reason = NULL;
    int order;

    switch (nts_pair_rule(view->mapping, view->pair)) {
    case NTS_CONFLICT_HOLD:
        nts_merge_hold(view, d, "held.conflict", "both sides changed this field",
                       "decide which value to keep (resolve), or make both sides equal");
        return;
    case NTS_CONFLICT_NOTION:
        reason = "conflict: notion-wins";
        break;
    case NTS_CONFLICT_EXTERNAL:
        winner = NTS_EXTERNAL;
        reason = "conflict: external-wins";
        break;
    case NTS_CONFLICT_INHERIT:
    case NTS_CONFLICT_LAST_WRITE:
        order = nts_stamp_compare(&view->stamps[NTS_NOTION], &view->stamps[NTS_EXTERNAL],
                                  view->mapping->grace);
        winner = order > 0 ? NTS_NOTION : order < 0 ? NTS_EXTERNAL : view->mapping->tie;
        reason = order > 0              ? "conflict: later edit in notion"
                 : order < 0            ? "conflict: later edit in external"
                 : winner == NTS_NOTION ? "conflict: simultaneous, tie=notion"
                                        : "conflict: simultaneous, tie=external";
        break;
    }
    d->lost = nts_merge_losing(view, d, nts_side_other(winner));
    nts_merge_carry(view, d, winner, reason);
}

/* S2.10: the side we wrote last changed again, alone, soon, and not for the first time. Soon after our write, not after
 * the last look at what it wrote: seed 827 of the simulation, where people who edited minutes later were held. */
static int is_contested(const nts_merge_view_t *view, const nts_decision_t *d, nts_side_t changed)
{
    const nts_base_t *base = view->base;

    if (base->fighter != changed || view->stamps[changed].to > base->fought + NTS_CONTEST_WITHIN) {
        return 0;
    }
    return base->fights > NTS_CONTEST_ALTERED ||
           (base->undoings >= NTS_CONTEST_UNDONE &&
            nts_merge_is_undone(base, view->pair->domain, changed, &d->common[changed]));
}

static void decide_two_way(nts_merge_view_t *view, nts_decision_t *d)
{
    int n = view->changed[NTS_NOTION], e = view->changed[NTS_EXTERNAL];
    nts_side_t from;

    if (nts_domain_is_set(view->pair->domain)) {
        decide_set(view, d);
        return;
    }
    if (n && e && view->rewritten[NTS_NOTION] != view->rewritten[NTS_EXTERNAL]) {
        /* S3.5: our own value as a trigger rewrote it is no edit and loses to one. */
        from = view->rewritten[NTS_NOTION] ? NTS_EXTERNAL : NTS_NOTION;
        nts_merge_carry(view, d, from, from == NTS_NOTION ? "notion changed" : "external changed");
        return;
    }
    if (n && e) {
        decide_conflict(view, d);
        return;
    }
    from = n ? NTS_NOTION : NTS_EXTERNAL;
    if (view->fits[from] == APR_SUCCESS && is_contested(view, d, from)) {
        nts_merge_hold(
            view, d, NTS_HELD_CONTESTED,
            "something on each side keeps undoing what the other side writes",
            "find the automation or trigger that rewrites this field, then decide (resolve)");
        return;
    }
    nts_merge_carry(view, d, from,
                    view->rewritten[from] ? NTS_REASON_REWRITTEN
                    : n                   ? "notion changed"
                                          : "external changed");
}

/* S2.8: the source rules; what the target changed is overwritten and kept in the audit. */
static void decide_one_way(nts_merge_view_t *view, nts_decision_t *d, nts_side_t from)
{
    nts_side_t to = nts_side_other(from);

    if (view->fits[from] == APR_SUCCESS && !view->changed[from] && view->rewritten[to]) {
        /* S2.10: writing it once more would only have it rewritten once more. */
        nts_merge_hold(
            view, d, NTS_HELD_CONTESTED, "the side that is written rewrites what it is given",
            "find the automation or trigger that rewrites this field, then decide (resolve)");
        return;
    }
    if (view->has_base ? view->changed[to] : !nts_value_is_empty(view->now[to])) {
        d->lost = nts_merge_losing(view, d, to);
    }
    nts_merge_carry(view, d, from,
                    !view->has_base                    ? "first value"
                    : d->lost.kind != NTS_VALUE_ABSENT ? "one-way: the target was changed"
                                                       : "one-way");
}

/*
 * S5.4: nobody edited the field, and still the two differ: the choice that both sides agreed on has another name by now, at a side
 * that knows it by id. The other side gets the new one; the bases follow when it shows it.
 */
static void decide_renamed(nts_merge_view_t *view, nts_decision_t *d)
{
    int i;

    for (i = 0; i < NTS_SIDE_COUNT; i++) {
        nts_side_t side = (nts_side_t)i;

        if (nts_merge_has_ids(view->now[side]) &&
            nts_value_equal(view->now[side], &view->base->value[side]) &&
            !nts_value_is_same(view->now[side], &view->base->value[side])) {
            nts_merge_carry(view, d, side,
                            side == NTS_NOTION ? "a choice was renamed in notion"
                                               : "a choice was renamed in external");
            return;
        }
    }
}

/* S5.2: both sides refer to records that are not linked yet, perhaps to the same one. Only when one is known there is
 * anything to compare, and to ask a person about. */
static int is_unknown_to_both(const nts_merge_view_t *view, const nts_decision_t *d)
{
    const nts_value_t *a = &d->common[NTS_NOTION], *b = &d->common[NTS_EXTERNAL];

    return nts_domain_is_reference(view->pair->domain) && a->kind == NTS_VALUE_OPTION &&
           b->kind == NTS_VALUE_OPTION && !a->as.option.id && !b->as.option.id &&
           (!view->has_base || view->changed[NTS_NOTION] || view->changed[NTS_EXTERNAL]);
}

/* S5.2: nobody edited the field, and still the two differ: what both referred to is no record of both sides any more, and one side's name
 * for it leads nowhere (seed 211 of the simulation, which let a deleted row go). Nothing is carried, and people see why. */
static void decide_lost(nts_merge_view_t *view, nts_decision_t *d)
{
    nts_side_t lost =
        d->common[NTS_NOTION].kind == NTS_VALUE_OPTION && !d->common[NTS_NOTION].as.option.id
            ? NTS_NOTION
            : NTS_EXTERNAL;

    if (d->common[lost].kind == NTS_VALUE_OPTION && !d->common[lost].as.option.id) {
        nts_merge_carry(view, d, lost, "not linked any more");
    }
}

static void decide(nts_merge_view_t *view, nts_decision_t *d)
{
    int from = nts_merge_ruler(view->pair);
    int is_equal =
        view->fits[NTS_NOTION] == APR_SUCCESS && view->fits[NTS_EXTERNAL] == APR_SUCCESS &&
        nts_domain_equal(view->pair->domain, &d->common[NTS_NOTION], &d->common[NTS_EXTERNAL]);

    if (!is_equal && nts_merge_decide_doubtful(view, d, from)) {
        return;
    }
    if (nts_merge_is_list(view->pair)) {
        nts_merge_decide_list(view, d);
        return;
    }
    if (is_unknown_to_both(view, d)) {
        nts_merge_carry(view, d, from == NTS_EXTERNAL ? NTS_EXTERNAL : NTS_NOTION,
                        "not linked yet");
    }
    else if (is_equal) {
        d->verdict = view->has_base && !view->changed[NTS_NOTION] && !view->changed[NTS_EXTERNAL]
                         ? NTS_VERDICT_NONE
                         : NTS_VERDICT_AGREED;
    }
    else if (from >= 0) {
        decide_one_way(view, d, (nts_side_t)from);
    }
    else if (!view->has_base) {
        decide_first(view, d);
    }
    else if (view->changed[NTS_NOTION] || view->changed[NTS_EXTERNAL]) {
        decide_two_way(view, d);
    }
    else if (nts_domain_is_reference(view->pair->domain)) {
        decide_lost(view, d);
    }
    else {
        decide_renamed(view, d);
    }
}

void nts_merge_field(nts_decision_t *decision, const nts_mapping_t *mapping, int index,
                     const nts_base_t *base, const nts_value_t *const now[NTS_SIDE_COUNT],
                     const nts_stamp_t stamps[NTS_SIDE_COUNT], apr_pool_t *p)
{
    nts_merge_view_t view = { 0 };

    *decision = (nts_decision_t){ 0 };
    if (!mapping->pairs[index].domain || nts_merge_is_unread(now[NTS_NOTION]) ||
        nts_merge_is_unread(now[NTS_EXTERNAL])) {
        decision->verdict = NTS_VERDICT_UNREAD;
        return;
    }
    view.mapping = mapping;
    view.pair = &mapping->pairs[index];
    view.base = base;
    view.now[NTS_NOTION] = now[NTS_NOTION];
    view.now[NTS_EXTERNAL] = now[NTS_EXTERNAL];
    view.stamps = stamps;
    view.has_base = nts_merge_has_base(base);
    view.p = p;
    nts_merge_look_at(&view, decision, NTS_NOTION);
    nts_merge_look_at(&view, decision, NTS_EXTERNAL);
    if (view.fits[NTS_NOTION] == APR_SUCCESS && view.fits[NTS_EXTERNAL] == APR_SUCCESS &&
        !nts_domain_is_reference(view.pair->domain)) {
        decision->common[NTS_EXTERNAL] =
            nts_merge_known_from(&decision->common[NTS_EXTERNAL], &decision->common[NTS_NOTION], p);
    }
    if (view.has_base) {
        decision->agreed = view.base_common[NTS_NOTION];
    }
    decide(&view, decision);
    if ((decision->verdict == NTS_VERDICT_STUCK || decision->verdict == NTS_VERDICT_HELD ||
         decision->pending) &&
        !decision->outcome.field) {
        decision->outcome.field = view.pair->notion;
    }
}

void nts_merge_rule(nts_decision_t *d, const nts_pair_t *pair,
                    const nts_value_t *const now[NTS_SIDE_COUNT], nts_side_t from,
                    const char *reason, apr_pool_t *p)
{
    nts_merge_view_t view = { 0 };
    int side;

    view.pair = pair;
    view.p = p;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        view.now[side] = now[side];
        view.fits[side] = nts_domain_project(&d->common[side], pair->domain, (nts_side_t)side,
                                             now[side], &view.misfit[side], p);
    }
    d->verdict = NTS_VERDICT_NONE;
    d->outcome = (nts_outcome_t){ 0 };
    d->lost = nts_merge_losing(&view, d, nts_side_other(from));
    d->reason = reason;
    if (nts_merge_is_list(pair) && view.fits[0] == APR_SUCCESS && view.fits[1] == APR_SUCCESS) {
        nts_merge_references(d, pair, NULL, now, (int)from, p);
    }
    else {
        nts_merge_carry(&view, d, from, reason);
    }
    if (d->verdict == NTS_VERDICT_STUCK || d->pending) {
        d->outcome.field = pair->notion;
    }
}

int nts_merge_is_edited(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side,
                        const nts_value_t *now, apr_pool_t *p)
{
    nts_value_t common;

    if (!pair->domain || nts_merge_is_unread(now) || pair->computed[side]) {
        return 0;
    }
    if (!nts_merge_has_base(base)) {
        return nts_domain_project(&common, pair->domain, side, now, NULL, p) != APR_SUCCESS ||
               common.kind != NTS_VALUE_NULL;
    }
    if (base->has_rewrite && base->rewriter == side && nts_value_equal(now, &base->rewrite)) {
        return 0;
    }
    if (nts_merge_is_doubtful(pair, base, side) && nts_value_is_empty(now)) {
        return 0;
    }
    if (nts_merge_is_list(pair) &&
        nts_domain_project(&common, pair->domain, side, now, NULL, p) == APR_SUCCESS) {
        common = nts_merge_identified(&common, &base->value[side], p);
        return nts_merge_reference_edited(pair, &base->value[side], &common, p);
    }
    return !nts_merge_shows_base(pair->domain, side, now, &base->value[side], p);
}
