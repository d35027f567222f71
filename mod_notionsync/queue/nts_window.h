/* nts_window.h - the request budget of one connection: never more than `capacity` requests in any
 * `window`, each counted from the moment it was taken until `window` after its answer.
 *
 * Pure arithmetic, single-threaded, no clock and no I/O. Times are monotonic microseconds of one
 * process; a time before one seen already counts as that one, so that nothing is granted twice.
 *
 * Requests are made durable elsewhere before they are sent, in chunks (nts_store_reserve); a token
 * of a chunk is what nts_window_take hands out:
 *
 *     wait = nts_window_take(w, slots, 2, NTS_LIVE, now);
 *     wait == 0                    go: send up to two requests, one for each slot
 *     wait > 0                     ask again then, or when an answer has come
 *     wait == NTS_WINDOW_RESERVE   nts_store_reserve(&chunk, ..., nts_window_wants(w), ...);
 *                                  nts_window_reserved(w, chunk, n); ask again
 *     nts_window_answered(w, slot, now)   when its answer came, or its fate is unknown
 *     nts_window_unused(w, slot)          when it was not sent after all
 *     while (nts_window_next_done(...)) nts_store_release(...)
 */
#ifndef NTS_WINDOW_H
#define NTS_WINDOW_H

#include "base/nts_base.h"
#include "queue/nts_urgency.h"

#define NTS_WINDOW_CHUNK 10

/** Answers of nts_window_take that are no waiting time. */
#define NTS_WINDOW_RESERVE APR_INT64_C(-1) /* the budget allows it, but no durable token is left */
#define NTS_WINDOW_NEVER APR_INT64_C(-2)   /* more at once than the whole budget */

typedef struct nts_window_t nts_window_t;

/** @a capacity >= 1 requests in @a window > 0. Memory is allocated here only. */
nts_window_t *nts_window_create(int capacity, apr_interval_time_t window, apr_pool_t *p);

/**
 * Take @a n requests at once (a read and the write that must follow it), or none. Live work may
 * use all that is free. Bulk work goes on an even grid, and leaves a small reserve, and what live work
 * has asked for in vain: ask for live work first. What live work takes are places of that grid, which bulk
 * work leaves out afterwards; so the reserve is soon there again, in a window whose slots come free evenly. While there is no live work, bulk
 * work that asks later than it was told to has the places of the last moments yet.
 * @param slots receives n slots
 */
apr_interval_time_t nts_window_take(nts_window_t *w, int *slots, int n, nts_urgency_t urgency,
                                    apr_time_t now);
/** As nts_window_take would answer, taking nothing. */
apr_interval_time_t nts_window_ask(nts_window_t *w, int n, nts_urgency_t urgency, apr_time_t now);
void nts_window_answered(nts_window_t *w, int slot, apr_time_t now);
/** The slot's request was certainly not sent; its token can be taken again. */
void nts_window_unused(nts_window_t *w, int slot);

/** How many tokens to reserve now: a chunk when the last one is nearly used up, else 0. Asking
 *  between requests keeps take from answering NTS_WINDOW_RESERVE, but for bulk work if the store is slow,
 *  which leaves the last tokens to live work. */
int nts_window_wants(const nts_window_t *w);
/** A chunk of @a n (at most NTS_WINDOW_CHUNK) tokens is durable. */
void nts_window_reserved(nts_window_t *w, apr_int64_t chunk, int n);
/**
 * A chunk whose requests were all answered, to be released in the store; each is given once.
 * @param since how long ago its last answer came
 * @param all   at the end: chunks with tokens that were never taken, too
 * @return 0 if there is none
 */
int nts_window_next_done(nts_window_t *w, apr_int64_t *chunk, apr_interval_time_t *since, int all,
                         apr_time_t now);

/** Nothing before @a until (Retry-After). Never shortens. */
void nts_window_close(nts_window_t *w, apr_time_t until);
/** @a n requests of a former owner, counted until @a until. They have taken places of the grid, as if sent a window before that. */
void nts_window_inherit(nts_window_t *w, int n, apr_time_t until);

/** Requests counted at @a now: under way, answered within the window, inherited. */
int nts_window_used(nts_window_t *w, apr_time_t now);
/** For the dashboard. */
int nts_window_capacity(const nts_window_t *w);
apr_time_t nts_window_closed_until(const nts_window_t *w);

#endif /* NTS_WINDOW_H */
