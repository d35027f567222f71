/* nts_call.h - what a state machine of the engine wants next, and the reply it is fed. Plain data.
 *
 * A driver (worker loop, simulation, tests) performs calls and feeds replies; the engine has no other
 * way to act. Times come in with each reply. Everything in a call lives until the next step.
 */
#ifndef NTS_CALL_H
#define NTS_CALL_H

#include "model/nts_ruling.h"
#include "sync/nts_plan.h"

/** Which record to load: any of the three. */
typedef struct nts_target_t {
    apr_int64_t link;
    const char *page;
    const char *key;
} nts_target_t;

/** So many notices are loaded with a record at most. */
#define NTS_NOTICES_LOADED 100

/** So many records at most exchange their unique values at once (S5.8). */
#define NTS_COMPANY_MAX 8

/** What the store answers to a load. Belongs to the job's pool. */
typedef struct nts_loaded_t {
    nts_link_t *link; /* NULL: unknown to us */
    /* the target names page and key of two different links, or the link is a tombstone whose key another
     * one has: that other one; or NULL */
    nts_link_t *counterpart;
    const nts_entry_t *pending; /* intents of this record without an end, oldest first */
    int pending_count;
    const nts_notice_t *notices; /* unsettled, oldest first, at most NTS_NOTICES_LOADED */
    int notice_count;
    /* intents of creates and restores on that side in this mapping, other records' */
    int creates_pending[NTS_SIDE_COUNT];
    int creates_parked[NTS_SIDE_COUNT]; /* of those, the ones parked as NTS_CREATE_AMBIGUOUS */
    const char *tombstone_image; /* tombstone or absent row: the newest row image kept, or NULL */
    const char *tombstone_taken; /* what went with that row (nts_answer_t.taken); NULL: not known */
    const char *
        image_key; /* the link has no key: that of the row in the image, if nobody has it now; or NULL */
    /* the link is parked for another record's sake, and that one, followed from one to the next, for its own: the keys of them all */
    const char *const *company;
    int company_count;
    apr_int64_t told; /* the newest notice of any record there was before all this was loaded */
    const nts_ruling_t *rulings; /* of this record, not carried out yet */
    int ruling_count;
} nts_loaded_t;

/** As nts_answer_from_clock, for the notices that the service of @a side sent: their times are beginnings, so they become the
 *  earliest instant that they may have been. */
void nts_loaded_from_clock(nts_loaded_t *loaded, nts_side_t side, const nts_skew_t *skew,
                           apr_pool_t *p);

/** A record of another mapping that a reference needs, by what @a side calls it. */
typedef struct nts_wait_t {
    apr_int64_t mapping;
    nts_side_t side;
    const char *name;
} nts_wait_t;

/** One transaction. Anything may be empty. */
typedef struct nts_commit_t {
    nts_link_t *link; /* insert (id 0, set by the store) or update; NULL: leave */
    /* the link's key as loaded: CLASH if a key change has moved it since */
    const char *key_was;
    /* our last intent under the key of the row that was read, or NULL: CLASH if that is a create of another record, which is not
     * settled yet: the row is that one's (S4.4) */
    const char *row_intent;
    /* when the row was read from which the link has its key, or 0: CLASH if that key was changed since (S4.4) */
    apr_time_t row_read;
    /* with the intent to bring a row back from its image: `told` of the load that brought that image. CLASH if another one came
     * since; 0 otherwise */
    apr_int64_t image_told;
    /* delete the link row instead (a NEW one whose record is gone) */
    int link_forget;
    nts_entry_t *const *entries; /* insert (id 0, set by the store) or complete */
    int entry_count;
    const apr_int64_t *settled; /* notices to settle */
    int settled_count;
    int counts_as_delete; /* the entry is a confirmed delete: the limit applies (S4.2) */
    int delete_limit_percent;
    nts_notice_t *const *follow; /* notices to store with it (run again, wake) */
    int follow_count;
    const nts_ruling_end_t
        *ruled; /* rulings that this carries out, refuses or finds without object */
    int ruled_count;
    /* a record of one side only that becomes part of `link`: its row goes; CLASH if it is no such record (any
     * more). 0 none */
    apr_int64_t absorb;
    /* set by the store: parked records that waited for this one and are due now (S5.8) */
    const apr_int64_t *woken;
    int woken_count;
    /* what the link's references wait for now (S5.2), in place of what they waited for */
    int has_waits;
    const nts_wait_t *waits;
    int wait_count;
    /* set by the store: notices put into inboxes of records that waited for this one, or for what it waited for */
    int told_waiting;
    /* Records that this one began or ceased to refer to by a two-way relation of that side: their other end has changed there, and
     * nobody is told. Only to be soon about it: a full run finds it anyway */
    const nts_wait_t *mirrors;
    int mirror_count;
} nts_commit_t;

typedef enum nts_call_kind_t {
    NTS_CALL_NONE = 0,
    NTS_CALL_LOAD,
    NTS_CALL_ASK,
    NTS_CALL_COMMIT,
    NTS_CALL_LOOKUP,    /* links by ids, for scans */
    NTS_CALL_SPAWN,     /* run these targets as jobs; reply when the driver has room for more */
    NTS_CALL_MATCH_PUT, /* first match: keep (side, id, hash) of unlinked records */
    NTS_CALL_MATCH_JOIN /* first match: pair what is unambiguous */
} nts_call_kind_t;

/** A record handed to a job by a scan, with the evidence the scan already has. */
typedef struct nts_spawn_t {
    nts_target_t target;
    const nts_record_t *candidate; /* query row; NULL: none */
    nts_side_t candidate_side;     /* of that side */
    apr_time_t candidate_sent;     /* when that query was sent */
    int only_told; /* there is nothing to do unless something is told of the record */
    /* do this and nothing else, and only while the record is as this shows it (S2.9); NULL: decide freely */
    const nts_plan_item_t *approved;
} nts_spawn_t;

typedef struct nts_call_t {
    nts_call_kind_t kind;
    nts_target_t load;
    nts_ask_t ask;
    nts_commit_t commit;
    nts_side_t lookup_side; /* LOOKUP: by page ids or by keys */
    const char *const *lookup_ids;
    int lookup_count;
    int lookup_makers;      /* by ids: tell of other creates on that side too */
    apr_int64_t lookup_for; /* with lookup_makers: the link whose own creates are none of those */
    int lookup_known;       /* by ids: tell which of them other mappings know */
    /* LOOKUP with lookup_ids NULL: active, dormant and new links with id > this, by id */
    apr_int64_t lookup_after;
    int lookup_limit;
    const nts_spawn_t *spawns;
    int spawn_count;
    nts_side_t match_side; /* MATCH_PUT */
    const char *const *match_ids;
    const char *const *match_hashes;
    int match_count;
    apr_int64_t match_after; /* MATCH_JOIN: nts_scan_config_t.max_entry */
} nts_call_t;

/** Code of the outcome that holds a record which a match found no single partner for. */
#define NTS_MATCH_AMBIGUOUS "match.ambiguous"
/* Outcome of what waits until it is known which of several creates in Notion made a page (S3.7, S3.8). */
#define NTS_CREATE_AMBIGUOUS "notion.create_ambiguous"

/** What the hash of a key begins with: one that stands on both sides goes before match fields (S5.1). */
#define NTS_MATCH_BY_KEY "!"

/** What a match join found. */
typedef struct nts_matched_t {
    /* candidates that were put; in a scan's report: records without a link */
    apr_int64_t unlinked[NTS_SIDE_COUNT];
    apr_int64_t linked; /* pairs made: exactly one on each side */
    /* records whose hash stands more than once on a side; held */
    apr_int64_t ambiguous;
    /* pairs not made, since another mapping has made a row of that key meanwhile; the mapping is not matched yet */
    apr_int64_t outdated;
} nts_matched_t;

typedef enum nts_commit_result_t {
    NTS_COMMIT_OK = 0,
    NTS_COMMIT_LIMIT, /* nothing stored: the hour's deletes are used up, or too large a share */
    /* nothing stored: an id is linked elsewhere, or the group's epoch has moved on */
    NTS_COMMIT_CLASH
} nts_commit_result_t;

typedef struct nts_reply_t {
    nts_loaded_t *loaded;          /* LOAD */
    const nts_answer_t *answer;    /* ASK */
    nts_commit_result_t committed; /* COMMIT */
    const char *commit_words;      /* with LIMIT or CLASH: why, for people */
    /* LOOKUP: with ids: one per id, NULL where unknown; else by number */
    nts_link_t *const *links;
    int link_count;
    /* LOOKUP with lookup_makers: one per id, set if another mapping made that record; and creates in the same data
     * source without an end, of whatever mapping, but for those of lookup_for */
    const int *made_by_others;
    apr_int64_t others_pending;
    const int *
        known_to_others; /* LOOKUP with lookup_known: one per id, set if another mapping has a link of it */
    const nts_matched_t *matched; /* MATCH_JOIN */
} nts_reply_t;

typedef enum nts_step_t {
    NTS_STEP_CALL = 0, /* perform the call, feed the reply */
    NTS_STEP_DONE,     /* finished; nothing wrong */
    NTS_STEP_WAIT,     /* come back at `until` (a fresh job) */
    /* parked or held, already stored with its reason; come back at `until` or, if 0, when
     * something wakes it */
    NTS_STEP_TROUBLE,
    /* not this record's fault: the service or mapping cannot work; see outcome */
    NTS_STEP_BLOCKED
} nts_step_t;

#endif /* NTS_CALL_H */
