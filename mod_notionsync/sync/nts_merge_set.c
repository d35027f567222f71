/* nts_merge_set.c - sets are merged member by member. */
#include "sync/nts_merge_impl.h"

#include <string.h>

static int set_has(const nts_value_t *set, const nts_option_t *member)
{
    int i;

    if (set->kind != NTS_VALUE_SET) {
        return 0;
    }
    for (i = 0; i < set->as.set.count; i++) {
        nts_value_t a = nts_value_option(set->as.set.options[i].id, set->as.set.options[i].name);
        nts_value_t b = nts_value_option(member->id, member->name);

        if (nts_value_equal(&a, &b)) {
            return 1;
        }
    }
    return 0;
}

/* Keeps the members of @a from for which all of (wanted in a) hold, appending to @a out. */
static void append_members(nts_option_t *out, int *n, const nts_value_t *from,
                           int (*keep)(const nts_option_t *, const nts_value_t *,
                                       const nts_value_t *),
                           const nts_value_t *x, const nts_value_t *y)
{
    int i;

    for (i = 0; from->kind == NTS_VALUE_SET && i < from->as.set.count; i++) {
        if (keep(&from->as.set.options[i], x, y)) {
            out[(*n)++] = from->as.set.options[i];
        }
    }
}

static int in_both(const nts_option_t *m, const nts_value_t *x, const nts_value_t *y)
{
    return set_has(x, m) && set_has(y, m);
}

static int not_in(const nts_option_t *m, const nts_value_t *x, const nts_value_t *y)
{
    (void)y;
    return !set_has(x, m);
}

static int in_one_only(const nts_option_t *m, const nts_value_t *x, const nts_value_t *y)
{
    return set_has(x, m) != set_has(y, m);
}

static int set_size(const nts_value_t *set)
{
    return set->kind == NTS_VALUE_SET ? set->as.set.count : 0;
}

static nts_value_t make_set(const nts_option_t *members, int n, apr_pool_t *p)
{
    return n ? nts_value_set(members, n, p) : nts_value_null;
}

/* S5.4: members by the names that they have now, where they are known by id. */
static void take_names(nts_option_t *members, int count, const nts_value_t *now)
{
    int i, k;

    for (i = 0; i < count; i++) {
        for (k = 0; now->kind == NTS_VALUE_SET && k < now->as.set.count; k++) {
            const nts_option_t *option = &now->as.set.options[k];

            if (members[i].id && option->id && nts_option_equal(&members[i], option)) {
                members[i] = *option;
            }
        }
    }
}

nts_value_t nts_merge_set(const nts_value_t *base, const nts_value_t *a, const nts_value_t *b,
                          apr_pool_t *p)
{
    apr_size_t room = (apr_size_t)(set_size(base) + set_size(a) + set_size(b) + 1);
    nts_option_t *out = apr_pcalloc(p, room * sizeof(*out));
    int n = 0;

    append_members(out, &n, base, in_both, a, b);
    take_names(out, n, a);
    append_members(out, &n, a, not_in, base, NULL);
    append_members(out, &n, b, not_in, base, NULL);
    return make_set(out, n, p);
}

nts_value_t nts_merge_settled_set(const nts_value_t *base, const nts_value_t *a,
                                  const nts_value_t *b, apr_pool_t *p)
{
    apr_size_t room = (apr_size_t)(set_size(base) + set_size(a) + 1);
    nts_option_t *out = apr_pcalloc(p, room * sizeof(*out));
    int n = 0;

    append_members(out, &n, a, in_both, a, b);
    append_members(out, &n, base, in_one_only, a, b);
    return make_set(out, n, p);
}

nts_value_t nts_merge_named_as(const nts_value_t *value, const nts_value_t *names, apr_pool_t *p)
{
    nts_option_t *members;

    if (value->kind == NTS_VALUE_OPTION && names->kind == NTS_VALUE_OPTION && value->as.option.id &&
        names->as.option.id && nts_option_equal(&value->as.option, &names->as.option)) {
        return nts_value_copy(names, p);
    }
    if (value->kind != NTS_VALUE_SET || !value->as.set.count) {
        return *value;
    }
    members =
        apr_pmemdup(p, value->as.set.options, (apr_size_t)value->as.set.count * sizeof(*members));
    take_names(members, value->as.set.count, names);
    return nts_value_set(members, value->as.set.count, p);
}

/* The choice of @a page that has this very name, and another id. */
static const nts_option_t *namesake(const nts_option_t *option, const nts_option_t *page, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        if (page[i].id && !strcmp(page[i].name, option->name) &&
            !(option->id && !strcmp(page[i].id, option->id))) {
            return &page[i];
        }
    }
    return NULL;
}

nts_value_t nts_merge_known_from(const nts_value_t *external, const nts_value_t *page,
                                 apr_pool_t *p)
{
    const nts_option_t *known;
    nts_option_t *members;
    int i;

    if (external->kind == NTS_VALUE_OPTION && page->kind == NTS_VALUE_OPTION) {
        known = namesake(&external->as.option, &page->as.option, 1);
        return known ? nts_value_option(known->id, known->name) : *external;
    }
    if (external->kind != NTS_VALUE_SET || page->kind != NTS_VALUE_SET || !external->as.set.count) {
        return *external;
    }
    members = apr_pmemdup(p, external->as.set.options,
                          (apr_size_t)external->as.set.count * sizeof(*members));
    for (i = 0; i < external->as.set.count; i++) {
        known = namesake(&members[i], page->as.set.options, page->as.set.count);
        members[i] = known ? *known : members[i];
    }
    return nts_value_set(members, external->as.set.count, p);
}

nts_value_t nts_merge_shown_of(nts_value_t *rest, const nts_value_t *want, const nts_value_t *page,
                               apr_pool_t *p)
{
    apr_size_t room = (apr_size_t)(set_size(want) + 1);
    nts_option_t *shown = apr_pcalloc(p, room * sizeof(*shown));
    nts_option_t *others = apr_pcalloc(p, room * sizeof(*others));
    int i, n = 0, other = 0;

    for (i = 0; i < set_size(want); i++) {
        const nts_option_t *m = &want->as.set.options[i];

        if (m->id && set_has(page, m)) {
            shown[n++] = *m;
        }
        else {
            others[other++] = *m;
        }
    }
    *rest = make_set(others, other, p);
    return make_set(shown, n, p);
}

nts_value_t nts_merge_both(const nts_value_t *a, const nts_value_t *b, apr_pool_t *p)
{
    apr_size_t room = (apr_size_t)(set_size(a) + set_size(b) + 1);
    nts_option_t *out = apr_pcalloc(p, room * sizeof(*out));
    int n = 0;

    append_members(out, &n, a, in_both, a, a);
    append_members(out, &n, b, not_in, a, NULL);
    return make_set(out, n, p);
}

/* A change of ours to member @a m that both sides show. */
static int has_arrived(const nts_option_t *m, const nts_value_t *before, const nts_value_t *sent,
                       const nts_value_t *now, const nts_value_t *other)
{
    int is_sent = set_has(sent, m);

    return set_has(before, m) != is_sent && set_has(now, m) == is_sent &&
           set_has(other, m) == is_sent;
}

nts_value_t nts_merge_arrived_set(const nts_value_t *base, const nts_value_t *before,
                                  const nts_value_t *sent, const nts_value_t *now,
                                  const nts_value_t *other, apr_pool_t *p)
{
    apr_size_t room = (apr_size_t)(set_size(base) + set_size(sent) + 1);
    nts_option_t *out = apr_pcalloc(p, room * sizeof(*out));
    int i, n = 0;

    for (i = 0; i < set_size(base); i++) {
        const nts_option_t *m = &base->as.set.options[i];

        if (set_has(sent, m) || !has_arrived(m, before, sent, now, other)) {
            out[n++] = *m;
        }
    }
    for (i = 0; i < set_size(sent); i++) {
        const nts_option_t *m = &sent->as.set.options[i];

        if (!set_has(base, m) && has_arrived(m, before, sent, now, other)) {
            out[n++] = *m;
        }
    }
    return make_set(out, n, p);
}

int nts_merge_has_ids(const nts_value_t *value)
{
    int i;

    for (i = 0; i < set_size(value); i++) {
        if (value->as.set.options[i].id) {
            return 1;
        }
    }
    return value->kind == NTS_VALUE_OPTION && value->as.option.id;
}

int nts_merge_set_is_renamed(const nts_value_t *base, const nts_value_t *now)
{
    int i, k;

    for (i = 0; i < set_size(base); i++) {
        for (k = 0; k < set_size(now); k++) {
            nts_value_t a =
                nts_value_option(base->as.set.options[i].id, base->as.set.options[i].name);
            nts_value_t b =
                nts_value_option(now->as.set.options[k].id, now->as.set.options[k].name);

            if (nts_value_equal(&a, &b) && !nts_value_is_same(&a, &b)) {
                return 1;
            }
        }
    }
    return 0;
}
