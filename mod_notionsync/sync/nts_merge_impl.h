/* nts_merge_impl.h - what nts_merge.c (the decision), nts_merge_set.c (members) and nts_merge_settle.c (bases) share. */
#ifndef NTS_MERGE_IMPL_H
#define NTS_MERGE_IMPL_H

#include "sync/nts_merge.h"

/* nts_merge_set.c: sets of the common domain; NTS_VALUE_NULL is the empty one */
/** S2.4: what either side added is in, what either side removed is out. */
nts_value_t nts_merge_set(const nts_value_t *base, const nts_value_t *a, const nts_value_t *b,
                          apr_pool_t *p);
/** Members both sides agree on, and where they do not, what the base said. */
nts_value_t nts_merge_settled_set(const nts_value_t *base, const nts_value_t *a,
                                  const nts_value_t *b, apr_pool_t *p);
/** The base @a base after a write that may have been cut short or edited since: of what it was to change (@a before to @a sent), the
 *  members that @a now and @a other, the two sides as they were read, both show as sent. */
nts_value_t nts_merge_arrived_set(const nts_value_t *base, const nts_value_t *before,
                                  const nts_value_t *sent, const nts_value_t *now,
                                  const nts_value_t *other, apr_pool_t *p);
/** @a value with the names that its choices have in @a names, where they are known by id. */
nts_value_t nts_merge_named_as(const nts_value_t *value, const nts_value_t *names, apr_pool_t *p);
/** What the external side shows by names, in the common domain: where a page that was read shows a choice of such a name, that is
 *  the one, whatever the schema said when it was last read (S5.4). */
nts_value_t nts_merge_known_from(const nts_value_t *external, const nts_value_t *page,
                                 apr_pool_t *p);
/** The members of @a want, known by id, that a page shows already: Notion knows them, whatever the schema said. @a rest: the others. */
nts_value_t nts_merge_shown_of(nts_value_t *rest, const nts_value_t *want, const nts_value_t *page,
                               apr_pool_t *p);
/** The members of @a a and of @a b. */
nts_value_t nts_merge_both(const nts_value_t *a, const nts_value_t *b, apr_pool_t *p);
/** A choice, or a member, is known by id. */
int nts_merge_has_ids(const nts_value_t *value);
/** A member of @a base has another name in @a now (S5.4). */
int nts_merge_set_is_renamed(const nts_value_t *base, const nts_value_t *now);

/* nts_merge_reference.c: lists of references; those of the common domain have a side's names */
/** @a now of a side, where who has no identity is the member of that side's @a base that is called like it: what is no record of both
 *  sides any more is still what was agreed on. */
nts_value_t nts_merge_identified(const nts_value_t *now, const nts_value_t *base, apr_pool_t *p);
/**
 * Decides a list whose d->common are filled in (identified) and fit; `pending` is set where members wait.
 * @param base what was agreed on, in the common domain; NULL: nothing, and then one side at most has members with identity, or both the same
 * @param from the side that rules; -1: both
 */
void nts_merge_references(nts_decision_t *d, const nts_pair_t *pair, const nts_value_t *base,
                          const nts_value_t *const now[NTS_SIDE_COUNT], int from, apr_pool_t *p);
/** Members with identity that are not those of @a base. */
int nts_merge_reference_edited(const nts_pair_t *pair, const nts_value_t *base,
                               const nts_value_t *common, apr_pool_t *p);
/** Both have members with identity, and not the same. */
int nts_merge_lists_differ(const nts_value_t *a, const nts_value_t *b, apr_pool_t *p);
/** The members @a settled become the base of both sides, each by the names of its side. */
void nts_merge_keep_references(nts_base_t *base, const nts_value_t *settled,
                               const nts_value_t *const shown[NTS_SIDE_COUNT], apr_pool_t *p);
/** The base becomes what both sides show. */
void nts_merge_agree_references(nts_base_t *base, const nts_value_t *const now[NTS_SIDE_COUNT],
                                apr_pool_t *p);

/* nts_merge_settle.c */
/** A value that was not shown, or only in part. */
int nts_merge_is_unread(const nts_value_t *value);
/** S2.10: the value that our last write to @a side replaced is there again. */
int nts_merge_is_undone(const nts_base_t *base, const nts_domain_t *domain, nts_side_t side,
                        const nts_value_t *common);

#endif /* NTS_MERGE_IMPL_H */
