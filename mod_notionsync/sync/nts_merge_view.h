/* nts_merge_view.h - one field while it is decided on: for nts_merge.c, nts_merge_list.c and nts_merge_doubt.c. */
#ifndef NTS_MERGE_VIEW_H
#define NTS_MERGE_VIEW_H

#include "sync/nts_merge_impl.h"

/* What both sides and the base look like in the common domain, and who changed. */
typedef struct nts_merge_view_t {
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
} nts_merge_view_t;

/* --- nts_merge_view.c */

int nts_merge_has_base(const nts_base_t *base);
/** Equal as the side stores it, or in the common domain: an option's new name is no edit (S5.4). */
int nts_merge_shows_base(const nts_domain_t *domain, nts_side_t side, const nts_value_t *now,
                         const nts_value_t *base, apr_pool_t *p);
int nts_merge_is_list(const nts_pair_t *pair);
/** Fills in what @a side shows, in the common domain, and whether that is an edit. */
void nts_merge_look_at(nts_merge_view_t *view, nts_decision_t *d, nts_side_t side);
/** Which side rules a pair, or -1 when both do. */
int nts_merge_ruler(const nts_pair_t *pair);

/** `want` goes to @a to, unless that side computes it; what has no place there makes the decision STUCK. */
void nts_merge_mark(nts_merge_view_t *view, nts_decision_t *d, nts_side_t to);
/** @a from has the value, the other side gets it. */
void nts_merge_carry(nts_merge_view_t *view, nts_decision_t *d, nts_side_t from,
                     const char *reason);
/** What the audit keeps of a side that loses: as it stood there if the common domain holds less of it (S6.4). */
nts_value_t nts_merge_losing(const nts_merge_view_t *view, const nts_decision_t *d,
                             nts_side_t side);
/** A person decides: @a what is in the way, @a advice what to do. */
void nts_merge_hold(nts_merge_view_t *view, nts_decision_t *d, const char *code, const char *what,
                    const char *advice);

/* --- nts_merge_list.c */

/** S5.2: member by member, those that cannot be carried left where they are. */
void nts_merge_decide_list(nts_merge_view_t *view, nts_decision_t *d);

/* --- nts_merge_doubt.c */

/** @a ruler: as of nts_merge_ruler. Zero: nothing of the kind is in doubt, and nothing was decided. */
int nts_merge_decide_doubtful(nts_merge_view_t *view, nts_decision_t *d, int ruler);

#endif /* NTS_MERGE_VIEW_H */
