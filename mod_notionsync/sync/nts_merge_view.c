/* nts_merge_view.c - what both sides show of a field, which of them changed it, and how a verdict is put down. */
#include "sync/nts_merge_view.h"

int nts_merge_has_base(const nts_base_t *base)
{
    return base && base->value[NTS_NOTION].kind != NTS_VALUE_ABSENT &&
           base->value[NTS_EXTERNAL].kind != NTS_VALUE_ABSENT;
}

/* Equal as the side stores it, or in the common domain: an option's new name is no edit (S5.4). */
int nts_merge_shows_base(const nts_domain_t *domain, nts_side_t side, const nts_value_t *now,
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

int nts_merge_is_list(const nts_pair_t *pair)
{
    return nts_domain_is_reference_list(pair->domain);
}

/* S5.2: members that wait are no edit. */
static int is_changed(const nts_merge_view_t *view, const nts_decision_t *d, nts_side_t side)
{
    const nts_domain_t *domain = view->pair->domain;

    if (nts_merge_is_list(view->pair) && view->fits[side] == APR_SUCCESS) {
        return nts_merge_reference_edited(view->pair, &view->base_common[side], &d->common[side],
                                          view->p);
    }
    return !nts_merge_shows_base(domain, side, view->now[side], &view->base->value[side], view->p);
}

void nts_merge_look_at(nts_merge_view_t *view, nts_decision_t *d, nts_side_t side)
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
    if (nts_merge_is_list(view->pair) && view->fits[side] == APR_SUCCESS) {
        d->common[side] = nts_merge_identified(&d->common[side], &view->base->value[side], view->p);
    }
    view->changed[side] = is_changed(view, d, side);
    view->rewritten[side] = view->changed[side] && view->base->has_rewrite &&
                            view->base->rewriter == side &&
                            nts_value_equal(view->now[side], &view->base->rewrite);
}

/* S5.4: what a page shows already is not looked up in the schema, which may be older than the page: then it has that name for another
 * choice (seed 471324 of the simulation). */
static apr_status_t render(nts_merge_view_t *view, nts_decision_t *d, nts_side_t to)
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

void nts_merge_mark(nts_merge_view_t *view, nts_decision_t *d, nts_side_t to)
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
void nts_merge_carry(nts_merge_view_t *view, nts_decision_t *d, nts_side_t from, const char *reason)
{
    if (view->fits[from] != APR_SUCCESS) {
        d->verdict = NTS_VERDICT_STUCK;
        d->outcome = view->misfit[from];
        return;
    }
    d->want = d->common[from];
    d->reason = reason;
    nts_merge_mark(view, d, nts_side_other(from));
}

/* What the audit keeps of a side that loses: as it stood there if the common domain holds less of it (S6.4: seeds 26, 48 of the
 * simulation lost what was rounded or cut off). */
nts_value_t nts_merge_losing(const nts_merge_view_t *view, const nts_decision_t *d, nts_side_t side)
{
    const nts_value_t *now = view->now[side];
    int cut = view->fits[side] != APR_SUCCESS ||
              (now->kind == d->common[side].kind &&
               (now->kind == NTS_VALUE_TEXT || now->kind == NTS_VALUE_NUMBER) &&
               !nts_value_equal(now, &d->common[side]));

    return cut ? *now : d->common[side];
}

void nts_merge_hold(nts_merge_view_t *view, nts_decision_t *d, const char *code, const char *what,
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

/* Which side rules a pair, or -1 when both do. */
int nts_merge_ruler(const nts_pair_t *pair)
{
    if (pair->direction == NTS_TO_EXTERNAL || pair->computed[NTS_NOTION]) {
        return NTS_NOTION;
    }
    if (pair->direction == NTS_TO_NOTION || pair->computed[NTS_EXTERNAL]) {
        return NTS_EXTERNAL;
    }
    return -1;
}
