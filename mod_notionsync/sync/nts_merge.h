/* nts_merge.h - deciding one field: a pure function of base, both sides now, and stamps (S2). */
#ifndef NTS_MERGE_H
#define NTS_MERGE_H

#include "model/nts_link.h"

/** Outcome code of a field that something keeps changing back (S2.10). */
#define NTS_HELD_CONTESTED "held.contested"
/** Outcome code of a value that may be what a change of the field's type left of it (S5.4). */
#define NTS_HELD_RETYPED "held.retyped"
/** Reason of a write that puts back what went with the field. */
#define NTS_REASON_EMPTIED "emptied with its field: put back"
/** Reason of a write that only carries back our own value as the other side stored it (S3.5). */
#define NTS_REASON_REWRITTEN "rewritten by the other side"

/** When a changed field was changed: somewhere in [from, to], on a common clock (S1). */
typedef struct nts_stamp_t {
    apr_time_t from;
    apr_time_t to;
} nts_stamp_t;

/** -1: a was surely before b by more than @a grace; 1: after; 0: simultaneous as far as one can tell. */
int nts_stamp_compare(const nts_stamp_t *a, const nts_stamp_t *b, apr_interval_time_t grace);

typedef enum nts_verdict_t {
    NTS_VERDICT_NONE = 0, /* nothing to do: no side changed */
    NTS_VERDICT_AGREED,   /* both sides are equal; the bases do not show it yet */
    NTS_VERDICT_WRITE,    /* `want` goes to the sides marked */
    NTS_VERDICT_HELD,     /* a person decides */
    NTS_VERDICT_STUCK,    /* a value has no place on the other side: the field is parked */
    NTS_VERDICT_UNREAD    /* a side did not show the field, or only a part of it */
} nts_verdict_t;

typedef struct nts_decision_t {
    nts_verdict_t verdict;
    int write[NTS_SIDE_COUNT];
    nts_value_t want;                   /* in the common domain */
    nts_value_t native[NTS_SIDE_COUNT]; /* `want` for each side marked */
    nts_value_t common[NTS_SIDE_COUNT]; /* both sides now, in the common domain */
    nts_value_t agreed;                 /* the base in the common domain; ABSENT: none */
    /* the value that loses a conflict or is overwritten; ABSENT: none */
    nts_value_t lost;
    const char *reason; /* short, for the audit */
    int pending; /* S5.2: whatever the verdict, members of the list wait; `outcome` tells which */
    nts_outcome_t outcome; /* HELD, STUCK, or pending */
} nts_decision_t;

/**
 * Decide pair @a index of @a mapping.
 * @param base   NULL or with ABSENT values: none (S2.6)
 * @param now    both sides' native values
 * @param stamps meaningful for a side that changed
 * Everything in @a decision belongs to @a p or is borrowed from the inputs.
 */
void nts_merge_field(nts_decision_t *decision, const nts_mapping_t *mapping, int index,
                     const nts_base_t *base, const nts_value_t *const now[NTS_SIDE_COUNT],
                     const nts_stamp_t stamps[NTS_SIDE_COUNT], apr_pool_t *p);

/**
 * A list of references as it is written into a copy that @a side does not have yet: of @a now, the other side's, what can be
 * carried; `pending` as above. @return APR_SUCCESS; APR_EMISMATCH: it cannot be (d->outcome)
 */
apr_status_t nts_merge_copy_references(nts_decision_t *d, const nts_pair_t *pair, nts_side_t side,
                                       const nts_value_t *now, apr_pool_t *p);

/** Turn a HELD decision into the write that a person chose: @a from has the value. */
void nts_merge_rule(nts_decision_t *decision, const nts_pair_t *pair,
                    const nts_value_t *const now[NTS_SIDE_COUNT], nts_side_t from,
                    const char *reason, apr_pool_t *p);

/** The field of @a side was away, or of another type, since @a base (may be NULL) was agreed on: what it shows need not be an
 *  edit (S5.4). */
int nts_merge_is_doubtful(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side);
/** The base is one of the fields as they are now. */
void nts_merge_trust(nts_base_t *base, const nts_pair_t *pair);

/** True if @a now of @a side differs from the base in the common domain, a rewrite of our own value, and what is empty where that
 *  is in doubt, not counting (S2.1, S3.5, S5.4). No base: true unless the value is null. */
int nts_merge_is_edited(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side,
                        const nts_value_t *now, apr_pool_t *p);
/** True if a list of references names records that nobody knows, neither their mapping nor the base: no edit that could be carried, and
 *  still they have to be waited for (S5.2). */
int nts_merge_has_unlinked(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side,
                           const nts_value_t *now, apr_pool_t *p);

/**
 * Settle one field after a write to @a side: moves the bases if the answer equals what was sent, notes a
 * rewrite if it does not (S3.5); a set settles member by member (S2.4), and if the other side was read long before, only those that
 * were sent.
 * @param replaced what the written side showed before, in the common domain; ABSENT: nothing
 * @param answer the written side's native value as its answer shows it
 * @param other  the other side's native value as last read
 * @param sent_at of the write; @a other_at of the other side's read
 * @return non-zero if something was settled; 0 if the answer did not show the field
 */
int nts_merge_settle(nts_base_t *base, const nts_pair_t *pair, nts_side_t side,
                     const nts_value_t *sent, const nts_value_t *replaced,
                     const nts_value_t *answer, const nts_value_t *other, apr_time_t sent_at,
                     apr_time_t other_at, apr_pool_t *p);

/**
 * Of a set that was written to @a side in a way that nobody knows the end of, and that has been edited since (S3.7): each member that we
 * were to add or take out settles if it is there, or gone, as was sent. Anything but a set with a base stays as it is.
 * @param before what the written side showed, @a sent what was sent, @a now what it shows: in the common domain
 * @param other the other side's native value as read before the write
 */
void nts_merge_settle_members(nts_base_t *base, const nts_pair_t *pair, nts_side_t side,
                              const nts_value_t *before, const nts_value_t *sent,
                              const nts_value_t *now, const nts_value_t *other, apr_pool_t *p);

/** S5.9: the body of @a page is what the base says, as far as the time of the page's last edit tells. @a whole: also if only we are
 *  known to have edited it since, which hides other editors of that minute. */
int nts_merge_is_body_known(const nts_base_t *base, const nts_record_t *page, int whole);

/** S2.3: sides that were read so long one after the other agree on nothing by that: what was read first may have been edited. */
#define NTS_READ_APART apr_time_from_sec(10)

/** Both sides were seen equal: the bases move together. */
void nts_merge_agree(nts_base_t *base, const nts_domain_t *domain,
                     const nts_value_t *const now[NTS_SIDE_COUNT],
                     const apr_time_t read_at[NTS_SIDE_COUNT], apr_pool_t *p);

/*
 * Contested fields (S2.10). A change of the side we wrote last, soon after our write, is an answer to it. Four answers in
 * a row that each brought back just the value we had replaced are a machine insisting; a person who edits again
 * after a trigger tidied the first edit brings a new value, so without that proof it takes many more.
 */
#define NTS_CONTEST_UNDONE 4
#define NTS_CONTEST_ALTERED 20
#define NTS_CONTEST_WITHIN apr_time_from_sec(180)

#endif /* NTS_MERGE_H */
