/* nts_merge_settle.c - what both sides are known to have agreed on after a write, and who fights whom. */
#include "sync/nts_merge_impl.h"

int nts_merge_is_unread(const nts_value_t *value)
{
    return value->kind == NTS_VALUE_ABSENT || value->truncated;
}

int nts_merge_is_undone(const nts_base_t *base, const nts_domain_t *domain, nts_side_t side,
                        const nts_value_t *common)
{
    return base->fighter == side && base->undone.kind != NTS_VALUE_ABSENT &&
           nts_domain_equal(domain, &base->undone, common);
}

/* @a carried came from the side that was not written now: the answer to our last write, if that was there and just before. */
static void count_fight(nts_base_t *base, const nts_domain_t *domain, nts_side_t side,
                        const nts_value_t *carried, const nts_value_t *replaced, apr_time_t sent_at,
                        apr_pool_t *p)
{
    nts_side_t source = nts_side_other(side);

    if (base->fights > 0 && base->fighter == source &&
        sent_at <= base->fought + NTS_CONTEST_WITHIN) {
        base->fights++;
        base->undoings =
            nts_merge_is_undone(base, domain, source, carried) ? base->undoings + 1 : 0;
    }
    else {
        base->fights = 1;
        base->undoings = 0;
    }
    base->fighter = side;
    base->fought = sent_at;
    base->undone = nts_value_copy(replaced, p);
}

/* S5.4: choices are agreed by the names that the external side knows, which is how a new name is noticed once the schema tells of it. A
 * page may show that name before (seeds 61219, 61886). @a external: what that side shows, in the common domain. */
static void keep_known_names(nts_base_t *base, const nts_value_t *external, apr_pool_t *p)
{
    base->value[NTS_NOTION] = nts_merge_named_as(&base->value[NTS_NOTION], external, p);
}

static nts_value_t agreed_set(const nts_base_t *base, const nts_domain_t *domain, nts_side_t side,
                              apr_pool_t *p)
{
    nts_value_t old = nts_value_null;

    if (base->value[side].kind != NTS_VALUE_ABSENT) {
        (void)nts_domain_project(&old, domain, side, &base->value[side], NULL, p);
    }
    return old;
}

/* @a here: what the written @a side shows, @a there the other one. */
static void keep_set(nts_base_t *base, const nts_domain_t *domain, nts_side_t side,
                     nts_value_t settled, const nts_value_t *here, const nts_value_t *there,
                     apr_pool_t *p)
{
    const nts_value_t *shown[NTS_SIDE_COUNT];
    nts_side_t far = nts_side_other(side);

    if (nts_domain_is_reference(domain)) {
        shown[side] = here;
        shown[far] = there;
        nts_merge_keep_references(base, &settled, shown, p);
        return;
    }
    settled = nts_merge_named_as(&settled, side == NTS_NOTION ? there : here, p);
    if (nts_domain_render(&base->value[side], domain, side, &settled, NULL, p) != APR_SUCCESS ||
        nts_domain_render(&base->value[far], domain, far, &settled, NULL, p) != APR_SUCCESS) {
        base->value[side] = base->value[far] =
            nts_value_absent; /* decided afresh, as without base */
    }
}

/* S2.4: a member's base moves once the side written and the other side as last read agree on it. @a sent: not NULL if that was read long
 * ago; then those that were not sent may never have been equal (seed 8495 of the simulation). */
static void settle_set(nts_base_t *base, const nts_domain_t *domain, nts_side_t side,
                       const nts_value_t *replaced, const nts_value_t *sent,
                       const nts_value_t *answer, const nts_value_t *other, apr_pool_t *p)
{
    nts_value_t old = agreed_set(base, domain, side, p), settled;

    settled = nts_merge_settled_set(&old, answer, other, p);
    if (sent && base->value[side].kind != NTS_VALUE_ABSENT) {
        settled = nts_merge_arrived_set(&old, replaced, sent, answer, other, p);
    }
    keep_set(base, domain, side, settled, answer, other, p);
}

void nts_merge_settle_members(nts_base_t *base, const nts_pair_t *pair, nts_side_t side,
                              const nts_value_t *before, const nts_value_t *sent,
                              const nts_value_t *now, const nts_value_t *other, apr_pool_t *p)
{
    nts_value_t old, other_common;

    if (!nts_domain_is_set(pair->domain) || base->value[side].kind == NTS_VALUE_ABSENT ||
        nts_merge_is_unread(other) ||
        nts_domain_project(&other_common, pair->domain, nts_side_other(side), other, NULL, p) !=
            APR_SUCCESS) {
        return;
    }
    old = agreed_set(base, pair->domain, side, p);
    keep_set(base, pair->domain, side,
             nts_merge_arrived_set(&old, before, sent, now, &other_common, p), now, &other_common,
             p);
}

/* As the decision saw it. Else what was written of a choice that has the name of another one since the schema was read would never settle,
 * and where a trigger rewrites it, be written for ever (seed 401451). */
static nts_value_t known(const nts_value_t *external, const nts_value_t *page,
                         const nts_domain_t *domain, apr_pool_t *p)
{
    return nts_domain_is_reference(domain) ? *external : nts_merge_known_from(external, page, p);
}

int nts_merge_settle(nts_base_t *base, const nts_pair_t *pair, nts_side_t side,
                     const nts_value_t *sent, const nts_value_t *replaced,
                     const nts_value_t *answer, const nts_value_t *other, apr_time_t sent_at,
                     apr_time_t other_at, apr_pool_t *p)
{
    nts_side_t far = nts_side_other(side);
    nts_value_t sent_common, answer_common, other_common;
    int kept;

    /* The write was applied and is shown only in part: what was sent is what was agreed, and what differs by the time it is read in
     * full is an edit. Without that the written side had changed next time, by our own hand. */
    answer = answer->truncated ? sent : answer;
    if (!pair->domain || nts_merge_is_unread(answer) || nts_merge_is_unread(other) ||
        nts_domain_project(&sent_common, pair->domain, side, sent, NULL, p) == APR_EINVAL) {
        return 0;
    }
    if (nts_domain_project(&other_common, pair->domain, far, other, NULL, p) == APR_EINVAL) {
        return 0;
    }
    kept = nts_domain_project(&answer_common, pair->domain, side, answer, NULL, p) == APR_SUCCESS &&
           nts_domain_equal(pair->domain, &sent_common, &answer_common);
    if (side == NTS_NOTION) {
        other_common = known(&other_common, &sent_common, pair->domain, p);
    }
    else {
        sent_common = known(&sent_common, &other_common, pair->domain, p);
        answer_common = kept ? sent_common : answer_common;
    }
    if (nts_domain_is_set(pair->domain)) {
        settle_set(base, pair->domain, side, replaced,
                   sent_at - other_at > NTS_READ_APART ? &sent_common : NULL,
                   kept ? &answer_common : &sent_common, &other_common, p);
    }
    else if (nts_domain_equal(pair->domain, &sent_common, &other_common)) {
        base->value[side] = nts_value_copy(kept ? answer : sent, p);
        base->value[far] = nts_value_copy(other, p);
        keep_known_names(base, side == NTS_NOTION ? &other_common : &sent_common, p);
    }
    else {
        return 1; /* an undo writes one side first: the other has not seen this value yet */
    }
    count_fight(base, pair->domain, side, &sent_common, replaced, sent_at, p);
    base->seen[side] = sent_at;
    base->seen[far] = other_at;
    base->has_rewrite = !kept;
    base->rewriter = side;
    base->rewrite = kept ? nts_value_absent : nts_value_copy(answer, p);
    nts_merge_trust(base, pair);
    return 1;
}

void nts_merge_trust(nts_base_t *base, const nts_pair_t *pair)
{
    base->form[NTS_NOTION] = pair->bound.form[NTS_NOTION];
    base->form[NTS_EXTERNAL] = pair->bound.form[NTS_EXTERNAL];
}

int nts_merge_is_body_known(const nts_base_t *base, const nts_record_t *page, int whole)
{
    /* Notion floors to the minute: what was read within that minute may have been edited after it. */
    return page->edited + apr_time_from_sec(60) <= base->seen[NTS_NOTION] ||
           (!whole && page->edited_by_us);
}

void nts_merge_agree(nts_base_t *base, const nts_domain_t *domain,
                     const nts_value_t *const now[NTS_SIDE_COUNT],
                     const apr_time_t read_at[NTS_SIDE_COUNT], apr_pool_t *p)
{
    int is_list = nts_domain_is_reference_list(domain);
    nts_value_t external;
    int side;

    if (is_list) {
        nts_merge_agree_references(base, now, p);
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        base->value[side] = is_list ? base->value[side] : nts_value_copy(now[side], p);
        base->seen[side] = read_at[side];
    }
    if (!nts_domain_is_reference(domain) &&
        nts_domain_project(&external, domain, NTS_EXTERNAL, now[NTS_EXTERNAL], NULL, p) ==
            APR_SUCCESS) {
        keep_known_names(base, &external, p);
    }
    base->has_rewrite = 0;
    base->rewrite = nts_value_absent;
}
