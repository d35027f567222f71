/* nts_merge.c - the three-way decision of one field. */
#include "sync/nts_merge_impl.h"

#include "model/nts_reference.h"

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

/* What both sides and the base look like in the common domain, and who changed. */
typedef struct view_t {
    const nts_mapping_t *mapping;
    const nts_pair_t *pair;
    const nts_base_t *base;
    const nts_value_t *now[NTS_SIDE_COUNT];
    const nts_stamp_t *stamps;
    apr_status_t fits[NTS_SIDE_COUNT]; /* of the projection of `now` */
    nts_outcome_t misfit[NTS_SIDE_COUNT];
    nts_value_t base_common[NTS_SIDE_COUNT];
    int has_base;
    int changed[NTS_SIDE_COUNT];
    int rewritten[NTS_SIDE_COUNT]; /* changed, but only as that side stored our own value (S3.5) */
    apr_pool_t *p;
} view_t;

static int has_base(const nts_base_t *base)
{
    return base && base->value[NTS_NOTION].kind != NTS_VALUE_ABSENT &&
           base->value[NTS_EXTERNAL].kind != NTS_VALUE_ABSENT;
}

/* Equal as the side stores it, or in the common domain: an option's new name is no edit (S5.4). */
static int shows_base(const nts_domain_t *domain, nts_side_t side, const nts_value_t *now,
                      const nts_value_t *base, apr_pool_t *p)
{
    nts_value_t a, b;

    if (nts_value_equal(now, base)) {
        return 1;
    }
    if (nts_domain_project(&a, domain, side, now, NULL, p) != APR_SUCCESS ||
        nts_domain_project(&b, domain, side, base, NULL, p) != APR_SUCCESS) {
        return 0;
    }
    return nts_domain_equal(domain, &a, &b);
}

static int is_list(const nts_pair_t *pair)
{
    return nts_domain_is_reference_list(pair->domain);
}

/* S5.2: members that wait are no edit. */
static int is_changed(const view_t *view, const nts_decision_t *d, nts_side_t side)
{
    const nts_domain_t *domain = view->pair->domain;

    if (is_list(view->pair) && view->fits[side] == APR_SUCCESS) {
        return nts_merge_reference_edited(view->pair, &view->base_common[side], &d->common[side],
                                          view->p);
    }
    return !shows_base(domain, side, view->now[side], &view->base->value[side], view->p);
}

static void look_at_side(view_t *view, nts_decision_t *d, nts_side_t side)
{
    const nts_domain_t *domain = view->pair->domain;

    view->fits[side] = nts_domain_project(&d->common[side], domain, side, view->now[side],
                                          &view->misfit[side], view->p);
    if (!view->has_base) {
        return;
    }
    if (nts_domain_project(&view->base_common[side], domain, side, &view->base->value[side], NULL,
                           view->p) == APR_EINVAL) {
        view->base_common[side] = nts_value_null;
    }
    if (is_list(view->pair) && view->fits[side] == APR_SUCCESS) {
        d->common[side] = nts_merge_identified(&d->common[side], &view->base->value[side], view->p);
    }
    view->changed[side] = is_changed(view, d, side);
    view->rewritten[side] = view->changed[side] && view->base->has_rewrite &&
                            view->base->rewriter == side &&
                            nts_value_equal(view->now[side], &view->base->rewrite);
}

/* S5.4: what a page shows already is not looked up in the schema, which may be older than the page: then it has that name for another
 * choice (seed 471324 of the simulation). */
static apr_status_t render(view_t *view, nts_decision_t *d, nts_side_t to)
{
    const nts_domain_t *domain = view->pair->domain;
    nts_value_t shown, rest;
    apr_status_t rv;

    if (to != NTS_NOTION || d->want.kind != NTS_VALUE_SET || view->now[to]->kind != NTS_VALUE_SET) {
        return nts_domain_render(&d->native[to], domain, to, &d->want, &d->outcome, view->p);
    }
    shown = nts_merge_shown_of(&rest, &d->want, view->now[to], view->p);
    if (rest.kind == NTS_VALUE_NULL) {
        d->native[to] = shown;
        return APR_SUCCESS;
    }
    rv = nts_domain_render(&d->native[to], domain, to, &rest, &d->outcome, view->p);
    if (rv == APR_SUCCESS) {
        d->native[to] = nts_merge_both(&shown, &d->native[to], view->p);
    }
    return rv;
}

static void mark_write(view_t *view, nts_decision_t *d, nts_side_t to)
{
    if (view->pair->computed[to]) {
        return;
    }
    if (render(view, d, to) != APR_SUCCESS) {
        d->verdict = NTS_VERDICT_STUCK;
        d->write[NTS_NOTION] = d->write[NTS_EXTERNAL] = 0;
        return;
    }
    d->write[to] = 1;
    d->verdict = NTS_VERDICT_WRITE;
}

/* @a from has the value, the other side gets it. */
static void carry(view_t *view, nts_decision_t *d, nts_side_t from, const char *reason)
{
    if (view->fits[from] != APR_SUCCESS) {
        d->verdict = NTS_VERDICT_STUCK;
        d->outcome = view->misfit[from];
        return;
    }
    d->want = d->common[from];
    d->reason = reason;
    mark_write(view, d, nts_side_other(from));
}

/* What the audit keeps of a side that loses: as it stood there if the common domain holds less of it (S6.4: seeds 26, 48 of the
 * simulation lost what was rounded or cut off). */
static nts_value_t losing(const view_t *view, const nts_decision_t *d, nts_side_t side)
{
    const nts_value_t *now = view->now[side];
    int cut = view->fits[side] != APR_SUCCESS ||
              (now->kind == d->common[side].kind &&
               (now->kind == NTS_VALUE_TEXT || now->kind == NTS_VALUE_NUMBER) &&
               !nts_value_equal(now, &d->common[side]));

    return cut ? *now : d->common[side];
}

static void hold(view_t *view, nts_decision_t *d, const char *code, const char *what,
                 const char *advice)
{
    d->verdict = NTS_VERDICT_HELD;
    d->reason = what;
    nts_outcome_set(&d->outcome, view->p, NTS_REMEDY_PERSON, code,
                    "%s: Notion has '%s', %s has '%s'", what,
                    nts_value_display(view->now[NTS_NOTION], 60, view->p), view->pair->external,
                    nts_value_display(view->now[NTS_EXTERNAL], 60, view->p));
    d->outcome.field = view->pair->notion;
    d->outcome.advice = advice;
}

/* S2.6 */
static void decide_first(view_t *view, nts_decision_t *d)
{
    if (d->common[NTS_NOTION].kind == NTS_VALUE_NULL) {
        carry(view, d, NTS_EXTERNAL, "first value");
    }
    else if (d->common[NTS_EXTERNAL].kind == NTS_VALUE_NULL) {
        carry(view, d, NTS_NOTION, "first value");
    }
    else if (view->pair->initial == NTS_INITIAL_HOLD) {
        hold(view, d, "held.initial", "both sides have a value and none was ever agreed",
             "decide (resolve), or set initial=notion or initial=external on the field");
    }
    else {
        nts_side_t from = view->pair->initial == NTS_INITIAL_NOTION ? NTS_NOTION : NTS_EXTERNAL;

        d->lost = losing(view, d, nts_side_other(from));
        carry(view, d, from, from == NTS_NOTION ? "initial=notion" : "initial=external");
    }
}

static void decide_set(view_t *view, nts_decision_t *d)
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
            mark_write(view, d, (nts_side_t)side);
            if (d->verdict == NTS_VERDICT_STUCK) {
                return;
            }
        }
    }
}

/* S2.5 */
static void decide_conflict(view_t *view, nts_decision_t *d)
{
    nts_side_t winner = NTS_NOTION;
    const char *reason = NULL;
    int order;

    switch (nts_pair_rule(view->mapping, view->pair)) {
    case NTS_CONFLICT_HOLD:
        hold(view, d, "held.conflict", "both sides changed this field",
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
    d->lost = losing(view, d, nts_side_other(winner));
    carry(view, d, winner, reason);
}

/* S2.10: the side we wrote last changed again, alone, soon, and not for the first time. Soon after our write, not after
 * the last look at what it wrote: seed 827 of the simulation, where people who edited minutes later were held. */
static int is_contested(const view_t *view, const nts_decision_t *d, nts_side_t changed)
{
    const nts_base_t *base = view->base;

    if (base->fighter != changed || view->stamps[changed].to > base->fought + NTS_CONTEST_WITHIN) {
        return 0;
    }
    return base->fights > NTS_CONTEST_ALTERED ||
           (base->undoings >= NTS_CONTEST_UNDONE &&
            nts_merge_is_undone(base, view->pair->domain, changed, &d->common[changed]));
}

static void decide_two_way(view_t *view, nts_decision_t *d)
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
        carry(view, d, from, from == NTS_NOTION ? "notion changed" : "external changed");
        return;
    }
    if (n && e) {
        decide_conflict(view, d);
        return;
    }
    from = n ? NTS_NOTION : NTS_EXTERNAL;
    if (view->fits[from] == APR_SUCCESS && is_contested(view, d, from)) {
        hold(view, d, NTS_HELD_CONTESTED,
             "something on each side keeps undoing what the other side writes",
             "find the automation or trigger that rewrites this field, then decide (resolve)");
        return;
    }
    carry(view, d, from,
          view->rewritten[from] ? NTS_REASON_REWRITTEN
          : n                   ? "notion changed"
                                : "external changed");
}

/* S2.8: the source rules; what the target changed is overwritten and kept in the audit. */
static void decide_one_way(view_t *view, nts_decision_t *d, nts_side_t from)
{
    nts_side_t to = nts_side_other(from);

    if (view->fits[from] == APR_SUCCESS && !view->changed[from] && view->rewritten[to]) {
        /* S2.10: writing it once more would only have it rewritten once more. */
        hold(view, d, NTS_HELD_CONTESTED, "the side that is written rewrites what it is given",
             "find the automation or trigger that rewrites this field, then decide (resolve)");
        return;
    }
    if (view->has_base ? view->changed[to] : !nts_value_is_empty(view->now[to])) {
        d->lost = losing(view, d, to);
    }
    carry(view, d, from,
          !view->has_base                    ? "first value"
          : d->lost.kind != NTS_VALUE_ABSENT ? "one-way: the target was changed"
                                             : "one-way");
}

/*
 * S5.4: nobody edited the field, and still the two differ: the choice that both sides agreed on has another name by now, at a side
 * that knows it by id. The other side gets the new one; the bases follow when it shows it.
 */
static void decide_renamed(view_t *view, nts_decision_t *d)
{
    int i;

    for (i = 0; i < NTS_SIDE_COUNT; i++) {
        nts_side_t side = (nts_side_t)i;

        if (nts_merge_has_ids(view->now[side]) &&
            nts_value_equal(view->now[side], &view->base->value[side]) &&
            !nts_value_is_same(view->now[side], &view->base->value[side])) {
            carry(view, d, side,
                  side == NTS_NOTION ? "a choice was renamed in notion"
                                     : "a choice was renamed in external");
            return;
        }
    }
}

/* Which side rules a pair, or -1 when both do. */
static int ruler(const nts_pair_t *pair)
{
    if (pair->direction == NTS_TO_EXTERNAL || pair->computed[NTS_NOTION]) {
        return NTS_NOTION;
    }
    if (pair->direction == NTS_TO_NOTION || pair->computed[NTS_EXTERNAL]) {
        return NTS_EXTERNAL;
    }
    return -1;
}

/* S5.2: both sides refer to records that are not linked yet, perhaps to the same one. Only when one is known there is
 * anything to compare, and to ask a person about. */
static int is_unknown_to_both(const view_t *view, const nts_decision_t *d)
{
    const nts_value_t *a = &d->common[NTS_NOTION], *b = &d->common[NTS_EXTERNAL];

    return nts_domain_is_reference(view->pair->domain) && a->kind == NTS_VALUE_OPTION &&
           b->kind == NTS_VALUE_OPTION && !a->as.option.id && !b->as.option.id &&
           (!view->has_base || view->changed[NTS_NOTION] || view->changed[NTS_EXTERNAL]);
}

/* S5.2: nobody edited the field, and still the two differ: what both referred to is no record of both sides any more, and one side's name
 * for it leads nowhere (seed 211 of the simulation, which let a deleted row go). Nothing is carried, and people see why. */
static void decide_lost(view_t *view, nts_decision_t *d)
{
    nts_side_t lost =
        d->common[NTS_NOTION].kind == NTS_VALUE_OPTION && !d->common[NTS_NOTION].as.option.id
            ? NTS_NOTION
            : NTS_EXTERNAL;

    if (d->common[lost].kind == NTS_VALUE_OPTION && !d->common[lost].as.option.id) {
        carry(view, d, lost, "not linked any more");
    }
}

/* S2.8 and S2.6 for lists; a list that rules is one of which all that can be carried is. */
static int ruler_of_list(view_t *view, nts_decision_t *d)
{
    int from = ruler(view->pair);
    nts_side_t to;

    if (from < 0 && !view->has_base && view->pair->initial != NTS_INITIAL_HOLD &&
        nts_merge_lists_differ(&d->common[NTS_NOTION], &d->common[NTS_EXTERNAL], view->p)) {
        from = view->pair->initial == NTS_INITIAL_NOTION ? NTS_NOTION : NTS_EXTERNAL;
        d->reason = from == NTS_NOTION ? "initial=notion" : "initial=external";
    }
    if (from >= 0) {
        to = nts_side_other((nts_side_t)from);
        if (view->has_base ? view->changed[to] : !nts_value_is_empty(view->now[to])) {
            d->lost = losing(view, d, to);
        }
    }
    return from;
}

/* @a from: the side that rules alone, or -1 */
static const char *reason_of_list(const view_t *view, const nts_decision_t *d, int from)
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
static void decide_list(view_t *view, nts_decision_t *d)
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
        hold(view, d, "held.initial", "both sides have a value and none was ever agreed",
             "decide (resolve), or set initial=notion or initial=external on the field");
        return;
    }
    if (from >= 0 && base && !view->changed[from] && view->rewritten[!from]) {
        hold(view, d, NTS_HELD_CONTESTED, "the side that is written rewrites what it is given",
             "find the automation or trigger that rewrites this field, then decide (resolve)");
        return;
    }
    d->reason = d->reason ? d->reason : reason_of_list(view, d, from);
    nts_merge_references(d, view->pair, base, view->now, from, view->p);
    if (d->verdict != NTS_VERDICT_WRITE) {
        d->lost = nts_value_absent;
    }
}

int nts_merge_is_doubtful(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side)
{
    return has_base(base) && !pair->computed[side] && base->form[side] < pair->bound.form[side];
}

/* A person has not said which value rules where both are there, but what the configuration says of the first time may. */
static void carry_doubtful(view_t *view, nts_decision_t *d, nts_side_t from, const char *reason)
{
    d->lost = losing(view, d, nts_side_other(from));
    d->reason = reason;
    if (is_list(view->pair)) {
        nts_merge_references(d, view->pair, NULL, view->now, (int)from, view->p);
    }
    else {
        carry(view, d, from, reason);
    }
}

/*
 * S5.4: a field that was away or of another type since it was agreed on. What is empty there now was emptied by that, for all that is
 * known, and gets the other side's value; a value that is another one is, after a change of type, one that was made of the former, and
 * flows only if `initial=` says so. What is as agreed is as agreed. Zero: nothing of the kind is in doubt.
 */
static int decide_doubtful(view_t *view, nts_decision_t *d, int ruler)
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
        hold(view, d, NTS_HELD_RETYPED,
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

static void decide(view_t *view, nts_decision_t *d)
{
    int from = ruler(view->pair);
    int is_equal =
        view->fits[NTS_NOTION] == APR_SUCCESS && view->fits[NTS_EXTERNAL] == APR_SUCCESS &&
        nts_domain_equal(view->pair->domain, &d->common[NTS_NOTION], &d->common[NTS_EXTERNAL]);

    if (!is_equal && decide_doubtful(view, d, from)) {
        return;
    }
    if (is_list(view->pair)) {
        decide_list(view, d);
        return;
    }
    if (is_unknown_to_both(view, d)) {
        carry(view, d, from == NTS_EXTERNAL ? NTS_EXTERNAL : NTS_NOTION, "not linked yet");
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
    view_t view = { 0 };

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
    view.has_base = has_base(base);
    view.p = p;
    look_at_side(&view, decision, NTS_NOTION);
    look_at_side(&view, decision, NTS_EXTERNAL);
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
    view_t view = { 0 };
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
    d->lost = losing(&view, d, nts_side_other(from));
    d->reason = reason;
    if (is_list(pair) && view.fits[0] == APR_SUCCESS && view.fits[1] == APR_SUCCESS) {
        nts_merge_references(d, pair, NULL, now, (int)from, p);
    }
    else {
        carry(&view, d, from, reason);
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
    if (!has_base(base)) {
        return nts_domain_project(&common, pair->domain, side, now, NULL, p) != APR_SUCCESS ||
               common.kind != NTS_VALUE_NULL;
    }
    if (base->has_rewrite && base->rewriter == side && nts_value_equal(now, &base->rewrite)) {
        return 0;
    }
    if (nts_merge_is_doubtful(pair, base, side) && nts_value_is_empty(now)) {
        return 0;
    }
    if (is_list(pair) &&
        nts_domain_project(&common, pair->domain, side, now, NULL, p) == APR_SUCCESS) {
        common = nts_merge_identified(&common, &base->value[side], p);
        return nts_merge_reference_edited(pair, &base->value[side], &common, p);
    }
    return !shows_base(pair->domain, side, now, &base->value[side], p);
}
