/* nts_merge_reference.c - lists of references: sets (S2.4) of which some members cannot be carried yet (S5.2).
 *
 * A member is its target's link. One without a link, or whose target is not to be referred to, stands on its side alone and stays there
 * whatever is written: it is no removal there, no member of the base, and shown as waiting.
 */
#include "sync/nts_merge_impl.h"

#include <apr_tables.h>
#include <string.h>

#include "model/nts_reference.h"

/* So many of those that wait are named to people. */
#define NAMED_MAX 5

static int count_of(const nts_value_t *list)
{
    return list->kind == NTS_VALUE_SET ? list->as.set.count : 0;
}

/* The member that leads to this link; -1: none. */
static int find_link(const nts_value_t *list, const char *id)
{
    int i;

    for (i = 0; i < count_of(list); i++) {
        if (list->as.set.options[i].id && !strcmp(list->as.set.options[i].id, id)) {
            return i;
        }
    }
    return -1;
}

static const char *waits(const nts_value_t *list, int i)
{
    return list->member_waits ? list->member_waits[i] : NULL;
}

static nts_value_t make_list(const apr_array_header_t *members, apr_pool_t *p)
{
    return members->nelts
               ? nts_value_set((const nts_option_t *)(const void *)members->elts, members->nelts, p)
               : nts_value_null;
}

static void push(apr_array_header_t *members, const char *id, const char *name)
{
    nts_option_t member = { id, name };

    APR_ARRAY_PUSH(members, nts_option_t) = member;
}

static nts_value_t known(const nts_value_t *list, apr_pool_t *p)
{
    apr_array_header_t *members = apr_array_make(p, count_of(list) + 1, sizeof(nts_option_t));
    int i;

    for (i = 0; i < count_of(list); i++) {
        if (list->as.set.options[i].id) {
            APR_ARRAY_PUSH(members, nts_option_t) = list->as.set.options[i];
        }
    }
    return make_list(members, p);
}

nts_value_t nts_merge_identified(const nts_value_t *now, const nts_value_t *base, apr_pool_t *p)
{
    nts_value_t all = *now;
    nts_option_t *members;
    int i, k;

    if (!count_of(now) || !count_of(base)) {
        return all;
    }
    members = apr_pmemdup(p, now->as.set.options, (apr_size_t)count_of(now) * sizeof(*members));
    for (i = 0; i < count_of(now); i++) {
        for (k = 0; !members[i].id && k < count_of(base); k++) {
            const nts_option_t *was = &base->as.set.options[k];

            if (!strcmp(was->name, members[i].name) && find_link(now, was->id) < 0) {
                members[i].id = was->id;
            }
        }
    }
    all.as.set.options = members;
    return all;
}

/* --- deciding */

typedef struct lists_t {
    nts_decision_t *d;
    const nts_pair_t *pair;
    const nts_value_t *const
        *now;            /* as read: who has no identity there has it by the base at most */
    int from;            /* the side that rules, -1: both */
    nts_value_t want;    /* members with identity that both sides should show */
    const char *waiting; /* the first ones that do not, for people; NULL none */
    const char *why;     /* of the first */
    int wait_count;
    apr_pool_t *p;
} lists_t;

static void note_waiting(lists_t *l, nts_side_t side, const char *name, const char *why)
{
    why = why ? why : "which is not linked";
    if (!l->wait_count++) {
        l->waiting = apr_psprintf(l->p, "%s refers to '%s', %s", nts_side_name(side), name, why);
    }
    else if (l->wait_count <= NAMED_MAX) {
        l->waiting = apr_psprintf(l->p, "%s; to '%s', %s", l->waiting, name, why);
    }
}

static int is_ruled_from(const lists_t *l, nts_side_t side)
{
    return l->from < 0 || l->from == (int)side;
}

/* Of what stands on @a side alone and has no identity, some may be what the ruling side waits to carry here. */
static int keeps_unknown(const lists_t *l, nts_side_t side)
{
    const nts_value_t *ruling = &l->d->common[nts_side_other(side)];
    int i;

    for (i = 0; !is_ruled_from(l, side) && i < count_of(ruling); i++) {
        if (!ruling->as.set.options[i].id || waits(ruling, i)) {
            return 1;
        }
    }
    return is_ruled_from(l, side);
}

/* What @a side should show: in the common domain, and as it is written there. */
static void aim(lists_t *l, nts_side_t side, nts_value_t *common, nts_value_t *native)
{
    const nts_value_t *here = &l->d->common[side];
    const nts_value_t *there = &l->d->common[nts_side_other(side)];
    int room = count_of(here) + count_of(&l->want) + 1, keeps = keeps_unknown(l, side), i;
    apr_array_header_t *members = apr_array_make(l->p, room, sizeof(nts_option_t));
    apr_array_header_t *written = apr_array_make(l->p, room, sizeof(nts_option_t));

    for (i = 0; i < count_of(&l->want); i++) {
        const nts_option_t *m = &l->want.as.set.options[i];
        int at = find_link(here, m->id), far = find_link(there, m->id);

        if (at >= 0) { /* by the name it has there if its target has none now */
            push(members, m->id, here->as.set.options[at].name);
            push(written, m->id, waits(here, at) ? here->as.set.options[at].name : "");
        }
        else if (far >= 0 && !waits(there, far)) {
            push(members, m->id, there->as.set.options[far].name);
            push(written, m->id, "");
        }
    }
    for (i = 0; keeps && i < count_of(here); i++) {
        if (!here->as.set.options[i].id) {
            push(members, NULL, here->as.set.options[i].name);
            push(written, NULL, here->as.set.options[i].name);
        }
    }
    *common = make_list(members, l->p);
    *native = make_list(written, l->p);
}

/* Members of @a side that the other one should show and cannot. Also one that both show and whose name leads nowhere any more. */
static void note_side(lists_t *l, nts_side_t side)
{
    const nts_value_t *here = &l->d->common[side];
    const nts_value_t *there = &l->d->common[nts_side_other(side)];
    const nts_value_t *as_read = l->now[side];
    int i;

    for (i = 0; i < count_of(here); i++) {
        const nts_option_t *m = &here->as.set.options[i];
        int is_lost = !m->id || !as_read->as.set.options[i].id;

        if (is_lost ? is_ruled_from(l, side) || m->id
                    : waits(here, i) && find_link(&l->want, m->id) >= 0 &&
                          find_link(there, m->id) < 0) {
            note_waiting(l, side, m->name, waits(here, i));
        }
    }
}

static void show_waiting(lists_t *l)
{
    nts_outcome_t *out = &l->d->outcome;
    int others = l->wait_count - NAMED_MAX;

    if (l->wait_count) {
        nts_outcome_set(out, l->p, NTS_REMEDY_WAIT, NTS_REFERENCE_WAITS,
                        "waiting for %d linked record%s: %s%s", l->wait_count,
                        l->wait_count > 1 ? "s" : "", l->waiting,
                        others > 0 ? apr_psprintf(l->p, " (and %d more)", others) : "");
        out->advice = NTS_REFERENCE_ADVICE;
        l->d->pending = 1;
    }
}

/* Writes @a side if it does not show what it should. */
static int settle_side(lists_t *l, nts_side_t side)
{
    const nts_domain_t *domain = l->pair->domain;
    nts_decision_t *d = l->d;
    nts_value_t common, native;

    aim(l, side, &common, &native);
    if (l->pair->computed[side] || nts_domain_equal(domain, &common, &d->common[side])) {
        return 1;
    }
    if (nts_domain_list_room(domain, side, count_of(&common), &d->outcome, l->p) != APR_SUCCESS) {
        return 0;
    }
    if (native.kind == NTS_VALUE_NULL &&
        nts_domain_render(&native, domain, side, &common, &d->outcome, l->p) != APR_SUCCESS) {
        return 0;
    }
    if (d->verdict != NTS_VERDICT_WRITE) {
        d->want =
            common; /* Notion's, if both are written: it goes first, and then all is decided again */
    }
    d->native[side] = native;
    d->write[side] = 1;
    d->verdict = NTS_VERDICT_WRITE;
    return 1;
}

static nts_value_t wanted(const lists_t *l, const nts_value_t *base)
{
    nts_value_t notion = known(&l->d->common[NTS_NOTION], l->p);
    nts_value_t external = known(&l->d->common[NTS_EXTERNAL], l->p);

    if (l->from >= 0) {
        return l->from == NTS_NOTION ? notion : external;
    }
    return base ? nts_merge_set(base, &notion, &external, l->p)
                : nts_merge_both(&notion, &external, l->p);
}

static int shows_just(const lists_t *l, nts_side_t side, const nts_value_t *base)
{
    nts_value_t now = known(&l->d->common[side], l->p);

    return nts_domain_equal(l->pair->domain, &now, base);
}

void nts_merge_references(nts_decision_t *d, const nts_pair_t *pair, const nts_value_t *base,
                          const nts_value_t *const now[NTS_SIDE_COUNT], int from, apr_pool_t *p)
{
    lists_t l = { 0 };
    int side;

    l.d = d;
    l.pair = pair;
    l.now = now;
    l.from = from;
    l.p = p;
    l.want = wanted(&l, base);
    d->verdict = base && shows_just(&l, NTS_NOTION, base) && shows_just(&l, NTS_EXTERNAL, base)
                     ? NTS_VERDICT_NONE
                     : NTS_VERDICT_AGREED;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if ((from < 0 || from != side) && !settle_side(&l, (nts_side_t)side)) {
            d->verdict = NTS_VERDICT_STUCK;
            d->write[NTS_NOTION] = d->write[NTS_EXTERNAL] = 0;
            return;
        }
        note_side(&l, (nts_side_t)side);
    }
    show_waiting(&l);
}

apr_status_t nts_merge_copy_references(nts_decision_t *d, const nts_pair_t *pair, nts_side_t side,
                                       const nts_value_t *now, apr_pool_t *p)
{
    nts_side_t from = nts_side_other(side);
    const nts_value_t *both[NTS_SIDE_COUNT];
    apr_status_t rv = nts_domain_project(&d->common[from], pair->domain, from, now, &d->outcome, p);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    both[from] = now;
    both[side] = &nts_value_null;
    d->common[side] = nts_value_null;
    nts_merge_references(d, pair, NULL, both, from, p);
    if (d->verdict == NTS_VERDICT_STUCK) {
        return APR_EMISMATCH;
    }
    if (d->verdict != NTS_VERDICT_WRITE) { /* nothing can be carried */
        d->want = nts_value_null;
        rv = nts_domain_render(&d->native[side], pair->domain, side, &d->want, &d->outcome, p);
    }
    d->verdict = NTS_VERDICT_NONE; /* it is the copy that is decided about */
    d->write[side] = 0;
    return rv;
}

int nts_merge_reference_edited(const nts_pair_t *pair, const nts_value_t *base,
                               const nts_value_t *common, apr_pool_t *p)
{
    nts_value_t now = known(common, p);

    return !nts_domain_equal(pair->domain, &now, base);
}

int nts_merge_has_unlinked(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side,
                           const nts_value_t *now, apr_pool_t *p)
{
    nts_value_t list;
    int i;

    if (!pair->domain || !nts_domain_is_reference_list(pair->domain)) {
        return 0;
    }
    list = base ? nts_merge_identified(now, &base->value[side], p) : *now;
    for (i = 0; i < count_of(&list); i++) {
        if (!list.as.set.options[i].id) {
            return 1;
        }
    }
    return 0;
}

int nts_merge_lists_differ(const nts_value_t *a, const nts_value_t *b, apr_pool_t *p)
{
    nts_value_t one = known(a, p), other = known(b, p);

    return one.kind != NTS_VALUE_NULL && other.kind != NTS_VALUE_NULL &&
           !nts_value_equal(&one, &other);
}

/* --- bases */

/* The members @a settled by the names that a side has for them, or had. */
static nts_value_t named(const nts_value_t *settled, const nts_value_t *shown,
                         const nts_value_t *was, apr_pool_t *p)
{
    apr_array_header_t *members = apr_array_make(p, count_of(settled) + 1, sizeof(nts_option_t));
    int i, at;

    for (i = 0; i < count_of(settled); i++) {
        const char *id = settled->as.set.options[i].id;
        const char *name = "";

        if (!id) {
            continue;
        }
        if ((at = find_link(shown, id)) >= 0) {
            name = shown->as.set.options[at].name;
        }
        else if ((at = find_link(was, id)) >= 0) {
            name = was->as.set.options[at].name;
        }
        push(members, id, name);
    }
    return make_list(members, p);
}

void nts_merge_keep_references(nts_base_t *base, const nts_value_t *settled,
                               const nts_value_t *const shown[NTS_SIDE_COUNT], apr_pool_t *p)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        nts_value_t value = named(settled, shown[side], &base->value[side], p);

        base->value[side] = nts_value_copy(&value, p);
    }
}

void nts_merge_agree_references(nts_base_t *base, const nts_value_t *const now[NTS_SIDE_COUNT],
                                apr_pool_t *p)
{
    nts_value_t lists[NTS_SIDE_COUNT], both;
    const nts_value_t *shown[NTS_SIDE_COUNT];
    apr_array_header_t *members;
    int i, side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        lists[side] = nts_merge_identified(now[side], &base->value[side], p);
        shown[side] = &lists[side];
    }
    members = apr_array_make(p, count_of(shown[0]) + 1, sizeof(nts_option_t));
    for (i = 0; i < count_of(shown[0]); i++) {
        const nts_option_t *m = &shown[0]->as.set.options[i];

        if (m->id && find_link(shown[1], m->id) >= 0) {
            APR_ARRAY_PUSH(members, nts_option_t) = *m;
        }
    }
    both = make_list(members, p);
    nts_merge_keep_references(base, &both, shown, p);
}
