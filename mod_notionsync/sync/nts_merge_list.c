/* nts_merge_list.c - the decision of a list of references (S5.2). */
#include "sync/nts_merge_view.h"

/* S2.8 and S2.6 for lists; a list that rules is one of which all that can be carried is. */
static int ruler_of_list(nts_merge_view_t *view, nts_decision_t *d)
{
    int from = nts_merge_ruler(view->pair);
    nts_side_t to;

    if (from < 0 && !view->has_base && view->pair->initial != NTS_INITIAL_HOLD &&
        nts_merge_lists_differ(&d->common[NTS_NOTION], &d->common[NTS_EXTERNAL], view->p)) {
        from = view->pair->initial == NTS_INITIAL_NOTION ? NTS_NOTION : NTS_EXTERNAL;
        d->reason = from == NTS_NOTION ? "initial=notion" : "initial=external";
    }
    if (from >= 0) {
        to = nts_side_other((nts_side_t)from);
        if (view->has_base ? view->changed[to] : !nts_value_is_empty(view->now[to])) {
            d->lost = nts_merge_losing(view, d, to);
        }
    }
    return from;
}

/* @a from: the side that rules alone, or -1 */
static const char *reason_of_list(const nts_merge_view_t *view, const nts_decision_t *d, int from)
{
    if (!view->has_base) {
        return "first value";
    }
    if (from >= 0) {
        return d->lost.kind != NTS_VALUE_ABSENT ? "one-way: the target was changed" : "one-way";
    }
    if (view->changed[NTS_NOTION] && view->changed[NTS_EXTERNAL]) {
        return "both sides changed members: merged";
    }
    return view->changed[NTS_NOTION]     ? "notion changed"
           : view->changed[NTS_EXTERNAL] ? "external changed"
                                         : "linked by now";
}

/* S5.2: member by member, those that cannot be carried left where they are. */
void nts_merge_decide_list(nts_merge_view_t *view, nts_decision_t *d)
{
    const nts_value_t *base = view->has_base ? &view->base_common[NTS_NOTION] : NULL;
    int side, from;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (view->fits[side] != APR_SUCCESS) {
            d->verdict = NTS_VERDICT_STUCK;
            d->outcome = view->misfit[side];
            return;
        }
    }
    from = ruler_of_list(view, d);
    if (from < 0 && !base &&
        nts_merge_lists_differ(&d->common[NTS_NOTION], &d->common[NTS_EXTERNAL], view->p)) {
        nts_merge_hold(view, d, "held.initial", "both sides have a value and none was ever agreed",
                       "decide (resolve), or set initial=notion or initial=external on the field");
        return;
    }
    if (from >= 0 && base && !view->changed[from] && view->rewritten[!from]) {
        nts_merge_hold(
            view, d, NTS_HELD_CONTESTED, "the side that is written rewrites what it is given",
            "find the automation or trigger that rewrites this field, then decide (resolve)");
        return;
    }
    d->reason = d->reason ? d->reason : reason_of_list(view, d, from);
    nts_merge_references(d, view->pair, base, view->now, from, view->p);
    if (d->verdict != NTS_VERDICT_WRITE) {
        d->lost = nts_value_absent;
    }
}
