/* nts_skew.h - how far another machine's clock is off ours, as far as its answers tell (S1).
 *
 * An answer that shows the other clock says: at some instant between sending and answering it stood there. That
 * bounds the offset from both sides, and several answers bound it closer than each of them. What remains is an
 * interval, and instants that are carried over become intervals with it.
 */
#ifndef NTS_SKEW_H
#define NTS_SKEW_H

#include "base/nts_base.h"

/** Theirs less ours is in [low, high]. All zero: nothing is known, and the clocks count as one. */
typedef struct nts_skew_t {
    int is_known;
    apr_interval_time_t low;
    apr_interval_time_t high;
    apr_time_t at; /* our clock when it was last measured */
} nts_skew_t;

/** Beyond this people are told. */
#define NTS_SKEW_NOTABLE apr_time_from_sec(2)

/**
 * The other clock showed @a shown, cut down to a multiple of @a unit, at some instant in [sent, answered] of ours.
 * Agrees with what is known: narrowed. Contradicts it: one of the clocks was set, and this alone counts.
 */
void nts_skew_measure(nts_skew_t *skew, apr_time_t shown, apr_interval_time_t unit, apr_time_t sent,
                      apr_time_t answered);

/** An instant of the other clock by ours, at the earliest and at the latest. 0 stays 0. */
apr_time_t nts_skew_earliest(const nts_skew_t *skew, apr_time_t theirs);
apr_time_t nts_skew_latest(const nts_skew_t *skew, apr_time_t theirs);
/** An instant of ours by the other clock, at the earliest and at the latest. 0 stays 0. */
apr_time_t nts_skew_theirs_earliest(const nts_skew_t *skew, apr_time_t ours);
apr_time_t nts_skew_theirs_latest(const nts_skew_t *skew, apr_time_t ours);

/** The middle of what is possible; and how far it may be from there at most. */
apr_interval_time_t nts_skew_offset(const nts_skew_t *skew);
apr_interval_time_t nts_skew_uncertainty(const nts_skew_t *skew);
/** Surely more than NTS_SKEW_NOTABLE off. */
int nts_skew_is_notable(const nts_skew_t *skew);

#endif /* NTS_SKEW_H */
