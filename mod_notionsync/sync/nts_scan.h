/* nts_scan.h - reading whole sides: reconciliation, first match, verify.
 *
 * Sans-I/O like a job, and streaming: one page of records is in memory at a time, what was seen is a
 * bitmap over dense link numbers. A scan writes nothing itself; what differs it hands to jobs (SPAWN),
 * which decide by their own reads.
 */
#ifndef NTS_SCAN_H
#define NTS_SCAN_H

#include "sync/nts_call.h"

typedef struct nts_scan_t nts_scan_t;

typedef enum nts_scan_kind_t {
    NTS_SCAN_FIRST, /* first match only (S5.1): pairs unlinked records if both sides hold some */
    NTS_SCAN_FULL,  /* everything on both sides */
    NTS_SCAN_INCREMENTAL, /* pages edited since `since` */
    NTS_SCAN_MINUTE,      /* pages edited in one minute, once more (S3.10) */
    NTS_SCAN_VERIFY,      /* read both sides whole and compare; spawns nothing */
    NTS_SCAN_BATCH        /* records that were told of, by as few queries as it takes (S7.1) */
} nts_scan_kind_t;

typedef struct nts_scan_config_t {
    nts_scan_kind_t kind;
    const nts_mapping_t *mapping; /* bound */
    apr_int64_t max_link;         /* highest link number at the start */
    apr_int64_t max_entry;        /* FIRST: newest audit entry at the start */
    apr_time_t since;             /* INCREMENTAL, MINUTE, BATCH: floored minute */
    apr_time_t before;            /* MINUTE: end of the minute */
    /* FIRST: the state was lost (S4.1), so that a record without a link on one side alone matters too */
    int whole;
    /* FIRST: nothing has ever been linked, and what we made on that side we are known to have made: it tells that another state store
     * has worked here (S4.1) */
    int tells_own[NTS_SIDE_COUNT];
    nts_side_t side; /* BATCH: of the records; one that lists edits. Else NOTION */
    /* BATCH: ids of the records; the listing ends when all of them were seen, and those that it does not show are handed on to
     * be read singly. They live as long as the scan */
    const char *const *wanted;
    int wanted_count;
} nts_scan_config_t;

/** One difference that verify found. */
typedef struct nts_difference_t {
    const char *page; /* NULL: only the external side has it */
    const char *key;
    const char *what; /* sentence with both values */
    int excused;      /* parked, held, dormant, or in flight: visible, but no failure by itself */
} nts_difference_t;

typedef struct nts_scan_report_t {
    apr_int64_t seen[NTS_SIDE_COUNT];
    apr_int64_t spawned;
    apr_int64_t equal;     /* VERIFY: links equal on all two-way fields */
    apr_int64_t different; /* VERIFY: not excused */
    apr_int64_t excused;   /* VERIFY */
    /* records outside the filter, as the listings showed them: links, and what was never linked (S5.3) */
    apr_int64_t outside;
    const nts_difference_t *differences; /* VERIFY: the first hundred */
    int difference_count;
    /* sending of the first listing request: the next `since` starts here */
    apr_time_t list_sent;
    int complete;                 /* the listing's end was proven */
    int found;                    /* BATCH: of those wanted the listing has shown */
    const char *phase;            /* for people: "reading Notion", "reading contacts", ... */
    const nts_matched_t *matched; /* FIRST; NULL if no match was needed */
    /* FIRST: both sides (`whole`: any side) hold unlinked records and nothing can pair them: nothing was done, a
     * person must decide */
    int needs_match;
    apr_int64_t strangers; /* FIRST: made by us (tells_own), and no mapping knows them */
} nts_scan_report_t;

nts_scan_t *nts_scan_create(const nts_scan_config_t *config, apr_pool_t *p);
/** As nts_job_step. After NTS_STEP_WAIT (a service was busy) the same scan is stepped again with a NULL
 *  reply at nts_scan_until(): it goes on where it was. NTS_STEP_BLOCKED ends it. */
nts_step_t nts_scan_step(nts_scan_t *scan, const nts_reply_t *reply, apr_time_t now);
const nts_call_t *nts_scan_call(const nts_scan_t *scan);
/** Where the driver puts answers and links it replies with; the scan clears it page by page, so a spawned
 *  job needs its own copy of its candidate. */
apr_pool_t *nts_scan_pool(const nts_scan_t *scan);
apr_time_t nts_scan_until(const nts_scan_t *scan);
const nts_outcome_t *nts_scan_outcome(const nts_scan_t *scan);
const nts_scan_report_t *nts_scan_report(const nts_scan_t *scan);
/** BATCH: the record was handed on. */
int nts_scan_has_spawned(const nts_scan_t *scan, const char *id);

#endif /* NTS_SCAN_H */
