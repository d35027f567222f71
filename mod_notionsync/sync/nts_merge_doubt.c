/* nts_merge_doubt.c - a field that was away, or of another type, since it was agreed on: what it shows need not be an edit (S5.4). */
#include "sync/nts_merge_view.h"

int nts_merge_is_doubtful(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side)
{
    return nts_merge_has_base(base) && !pair->computed[side] &&
           base->form[side] < pair->bound.form[side];
}

/* A person has not said which value rules where both are there, but what the configuration says of the first time may. */
static void carry_doubtful(nts_merge_view_t *view, nts_decision_t *d, nts_side_t from,
                           const char *reason)
{
    d->lost = nts_merge_losing(view, d, nts_side_other(from));
    d->reason = reason;
    if (nts_merge_is_list(view->pair)) {
        nts_merge_references(d, view->pair, NULL, view->now, (int)from, view->p);
    }
    else {
        nts_merge_carry(view, d, from, reason);
    }
}

/*
 * S5.4: a field that was away or of another type since it was agreed on. What is empty there now was emptied by that, for all that is
 * known, and gets the other side's value; a value that is another one is, after a change of type, one that was made of the former, and
 * flows only if `initial=` says so. What is as agreed is as agreed. Zero: nothing of the kind is in doubt.
 */
int nts_merge_decide_doubtful(nts_merge_view_t *view, nts_decision_t *d, int ruler)
{
    static const nts_initial_t rules[] = { NTS_INITIAL_NOTION, NTS_INITIAL_EXTERNAL };
    int emptied = -1, altered = -1, side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (!view->changed[side] || view->fits[side] != APR_SUCCESS || ruler == !side ||
            !nts_merge_is_doubtful(view->pair, view->base, (nts_side_t)side)) {
            continue; /* what a one-way field leads to is overwritten as ever */
        }
        if (d->common[side].kind == NTS_VALUE_NULL) {
            emptied = side;
        }
        else if (view->base->form[side] < view->pair->bound.recast[side]) {
            altered = side;
        }
    }
    if (emptied >= 0 && ruler < 0) {
        carry_doubtful(view, d, nts_side_other((nts_side_t)emptied), NTS_REASON_EMPTIED);
        return 1;
    }
    side = emptied >= 0 ? emptied : altered;
    if (side < 0 || (ruler == side && view->pair->initial == rules[side])) {
        return 0;
    }
    if (ruler >= 0 || view->pair->initial == NTS_INITIAL_HOLD) {
        nts_merge_hold(
            view, d, NTS_HELD_RETYPED,
            "the field was of another type, or gone, since this was agreed on, and what it holds "
            "now may be what was left of it",
            "decide (resolve), or set initial=notion or initial=external on the field");
        return 1;
    }
    side = view->pair->initial == NTS_INITIAL_NOTION ? NTS_NOTION : NTS_EXTERNAL;
    carry_doubtful(view, d, (nts_side_t)side,
                   side == NTS_NOTION ? "initial=notion" : "initial=external");
    return 1;
}
