/* nts_scan_impl.h - the inside of a scan, shared by the files that make it up.
 *
 * nts_scan.c streams pages of both sides; nts_scan_match.c is the first match; nts_scan_verify.c compares
 * and confirms instead of handing on; nts_scan_batch.c looks for pages that were told of.
 */
#ifndef NTS_SCAN_IMPL_H
#define NTS_SCAN_IMPL_H

#include <apr_hash.h>

#include "sync/nts_scan.h"

typedef enum nts_scan_state_t {
    NTS_SCAN_START = 0,
    NTS_SCAN_NOTION_LISTED, /* a page of Notion's listing arrived */
    NTS_SCAN_NOTION_LINKS,  /* the links of its records */
    NTS_SCAN_EXTERNAL_ROWS, /* the linked external records */
    NTS_SCAN_NOTION_SPAWNED,
    NTS_SCAN_EXTERNAL_LISTED,
    NTS_SCAN_EXTERNAL_LINKS,
    NTS_SCAN_EXTERNAL_SPAWNED,
    NTS_SCAN_ABSENT_LINKS, /* links by number: which were not seen */
    NTS_SCAN_ABSENT_SPAWNED,
    NTS_SCAN_MATCH_STORED, /* candidates of one page are stored */
    NTS_SCAN_MATCH_JOINED,
    NTS_SCAN_CONFIRM_EXTERNAL, /* verify: a suspect's row was read */
    NTS_SCAN_CONFIRM_NOTION,   /* verify: and its page */
    NTS_SCAN_CONFIRM_BODY,     /* verify: and the page's body */
    NTS_SCAN_ENDED
} nts_scan_state_t;

#define NTS_SCAN_DIFFERENCES_MAX 100
#define NTS_SCAN_LINKS_PAGE 500

struct nts_scan_t {
    nts_scan_config_t config;
    apr_pool_t *p;
    apr_pool_t *page; /* cleared when a new page of records begins */
    nts_scan_state_t state;
    nts_call_t call;
    unsigned char *seen[NTS_SIDE_COUNT]; /* bitmap over link numbers up to config.max_link */
    const char *cursor;                  /* of the listing under way, in `p`-owned storage */
    apr_pool_t
        *cursor_pool[2]; /* two, used in turn: the old cursor dies when the new one is copied */
    int cursor_turn;
    nts_record_t *records; /* of this page; in `page` */
    int record_count;
    int last_page;
    nts_link_t *const *links; /* one per record */
    char *again;              /* for each record: its link was listed before */
    nts_record_t *rows;       /* external records read for this page */
    int row_count;
    apr_time_t page_sent;
    apr_int64_t after; /* ABSENT: link number to go on from */
    nts_side_t match_side;
    nts_link_t **suspects; /* VERIFY: to be confirmed by point reads; in `page` */
    /* for each the page as the listing shows it, if only its body is still to be read; or NULL */
    const nts_record_t **listed;
    const nts_record_t *confirm_page; /* whose body is being read */
    int suspect_count;
    int suspect_next;
    nts_scan_state_t resume; /* where confirming goes on to */
    nts_record_t *confirm_row;
    apr_hash_t *wanted; /* BATCH: those of config.wanted that were not handed on yet */
    nts_scan_report_t report;
    nts_outcome_t outcome;
    apr_time_t until;
};

/* nts_scan.c */
nts_step_t nts_scan_list(nts_scan_t *scan, nts_side_t side);
nts_step_t nts_scan_lookup(nts_scan_t *scan, nts_side_t side, nts_scan_state_t then);
nts_step_t nts_scan_list_absent(nts_scan_t *scan);
nts_step_t nts_scan_end(nts_scan_t *scan);
/** The page of records under way is dealt with: the next page, or the next phase. */
nts_step_t nts_scan_next(nts_scan_t *scan, nts_scan_state_t finished);
nts_spawn_t *nts_scan_new_spawns(nts_scan_t *scan, int count);
/** Hand on a record of @a side. */
void nts_scan_aim(nts_spawn_t *spawn, nts_side_t side, const char *id);
/** ... with what the page of the listing shows of it (S3.2), where listings tell of edits. */
void nts_scan_show(nts_spawn_t *spawn, const nts_scan_t *scan, nts_side_t side,
                   const nts_record_t *record);
/** Hand on @a count records; with none, as if they had been. */
nts_step_t nts_scan_spawn(nts_scan_t *scan, nts_spawn_t *spawns, int count, nts_scan_state_t then);
/** For an answer that is not OK: WAIT with the same request to be repeated, or BLOCKED. */
nts_step_t nts_scan_not_now(nts_scan_t *scan, const nts_answer_t *answer);
/** True if a listing showed the link, or it is younger than the scan. */
int nts_scan_was_seen(const nts_scan_t *scan, apr_int64_t link);
nts_record_t *nts_scan_row(const nts_scan_t *scan, const char *key);
/** The listed page at @a i is outside the filter, or its row is, and nothing is to be done: never linked, or dormant
 *  (S5.3). */
int nts_scan_is_outside(const nts_scan_t *scan, int i);

/* nts_scan_match.c */
nts_step_t nts_scan_match_start(nts_scan_t *scan);
nts_step_t nts_scan_match_page(nts_scan_t *scan, nts_side_t side);
nts_step_t nts_scan_match_next(nts_scan_t *scan);
nts_step_t nts_scan_match_joined(nts_scan_t *scan, const nts_matched_t *matched);

/* nts_scan_batch.c */
/** A page of the listing arrived: hand on what of it is wanted. */
nts_step_t nts_scan_batch_page(nts_scan_t *scan);
/** The next page of the listing, or its end: what was not shown is read singly. */
nts_step_t nts_scan_batch_next(nts_scan_t *scan);

/* nts_scan_verify.c */
nts_step_t nts_scan_verify_page(nts_scan_t *scan);
nts_step_t nts_scan_verify_external(nts_scan_t *scan);
nts_step_t nts_scan_verify_absent(nts_scan_t *scan, nts_link_t *const *links, int count);
nts_step_t nts_scan_confirm_external(nts_scan_t *scan, const nts_answer_t *answer);
nts_step_t nts_scan_confirm_notion(nts_scan_t *scan, const nts_answer_t *answer);
nts_step_t nts_scan_confirm_body(nts_scan_t *scan, const nts_answer_t *answer);

#endif /* NTS_SCAN_IMPL_H */
