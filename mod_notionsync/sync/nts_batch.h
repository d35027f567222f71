/* nts_batch.h - which waiting pages are read one by one, and which by one query (S7.1).
 *
 * A single read is shown to its user at once, and costs a request for each page. A query costs one for a hundred pages, but
 * what it shows may be 20 s old, so it settles only what was told 21 s before it was sent (S3.6). So a few pages are
 * read singly, at once, as if there were no queries; when many are told of within seconds the rest waits for a query. Pure: no
 * clock, no I/O. Times are monotonic but for `edited`.
 */
#ifndef NTS_BATCH_H
#define NTS_BATCH_H

#include "sync/nts_call.h"

/** A query settles what was told so long before it was sent: S3.2's 21 s, and half a second for what rounding and
 *  skew between two clocks of this machine may make of it. */
#define NTS_BATCH_RIPE apr_time_from_msec(21500)
/** After its first notice a page waits no longer for a query; then it goes with one, or is read singly. */
#define NTS_BATCH_LONGEST apr_time_from_sec(37)
/** When no page joined for so long, the burst is over, and it is known how large it was. */
#define NTS_BATCH_LULL apr_time_from_sec(1)
/** Rows of one answer. */
#define NTS_BATCH_ROWS 100

typedef enum nts_batch_verdict_t {
    NTS_BATCH_WAIT = 0,
    NTS_BATCH_SINGLE, /* read the page itself, now */
    NTS_BATCH_QUERY   /* part of the query that is sent now */
} nts_batch_verdict_t;

/** A page that was told of, and that nobody has read since. */
typedef struct nts_batch_page_t {
    apr_time_t
        edited; /* wall: the earliest that Notion may show as the time of an edit that was told of */
    apr_time_t first;            /* its first notice was stored */
    apr_time_t last;             /* its last one */
    nts_batch_verdict_t verdict; /* out */
} nts_batch_page_t;

/** Pages of the data source that were told of as edited in one minute, whoever edited them. */
typedef struct nts_batch_minute_t {
    apr_time_t minute; /* wall */
    int pages;
} nts_batch_minute_t;

typedef struct nts_batch_state_t {
    apr_time_t now;
    int few;       /* nts_batch_few() */
    int in_hand;   /* single reads that are under way */
    int allowance; /* nts_pace_left() */
    int querying;  /* a query is under way */
    apr_time_t joined;
    const nts_batch_minute_t *minutes; /* ascending */
    int minute_count;
} nts_batch_state_t;

typedef struct nts_batch_plan_t {
    int singles;
    int queried;
    int requests;     /* that the query is estimated to need */
    apr_time_t since; /* of the query: the earliest stamp, floored to its minute */
    apr_time_t
        again; /* monotonic: ask again then, or when something has happened; 0: nothing waits */
} nts_batch_plan_t;

/** How many pages are few, by the budget: at 180 requests in 60 s ten; two at least. */
int nts_batch_few(int requests, apr_interval_time_t window);

/** Decide about @a pages, the one that waits longest first. */
void nts_batch_decide(nts_batch_plan_t *plan, const nts_batch_state_t *state,
                      nts_batch_page_t *pages, int count);

/** Single reads are good as long as they need no more than half of what the budget gives, and a few at once. */
typedef struct nts_pace_t {
    double left; /* may be below 0: of a burst that turned out small */
    apr_time_t at;
} nts_pace_t;

void nts_pace_init(nts_pace_t *pace, int few, apr_time_t now);
/** How many single reads may begin. */
int nts_pace_left(nts_pace_t *pace, int few, int requests, apr_interval_time_t window,
                  apr_time_t now);
void nts_pace_spend(nts_pace_t *pace, int few, int reads);

#endif /* NTS_BATCH_H */
