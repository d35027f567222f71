/* sync_world.h - two sides and a store in memory, so that the engine can be tried without either.
 *
 * Holds the seams the engine acts through (clock, random, connector, store): a job is run call by call and a
 * test may step in before any call - edit as a person, kill the job, spoil the answer.
 */
#ifndef SYNC_WORLD_H
#define SYNC_WORLD_H

#include "sync/nts_job.h"
#include "sync/nts_merge.h"
#include "sync/nts_scan.h"

#define WORLD_MAX 64

/* Pairs of the test mapping, in order; KEY is part of it after world_keep_keys, BODY in its place after world_keep_body. */
enum { NAME = 0, STAGE, TAGS, QTY, NUMBER, KEY, PAIRS, BODY = KEY };

typedef struct world_thing_t {
    const char *id;
    nts_value_t values[PAIRS];
    int there; /* external: the row exists; Notion: not purged */
    int trashed;
    int moved; /* a page: it is in another data source now */
    int by_us;
    int touched; /* by a person */
    int ours;    /* a row: the last change told of is ours; a page: we edited it last */
    int partial; /* a page: its body is shown in part */
    const char
        *children; /* a row: what its delete would take along (nts_answer_t.taken); NULL: nothing */
    apr_time_t created;
    apr_time_t edited;
} world_thing_t;

typedef enum spoil_t {
    SPOIL_NOTHING = 0,
    SPOIL_KILL,         /* the process dies before the call is performed */
    SPOIL_KILL_AFTER,   /* it dies after the call took effect, before the reply */
    SPOIL_LOST,         /* nothing happens; the answer is "fate unknown" */
    SPOIL_DONE_UNKNOWN, /* it happens; the answer is "fate unknown" */
    SPOIL_NOT_DONE,     /* 429 */
    SPOIL_REFUSED,
    SPOIL_COMMITTED_ID /* create: it happens; the answer names the id only */
} spoil_t;

typedef struct world_t world_t;
typedef spoil_t world_hook_fn(world_t *world, const nts_call_t *call);

struct world_t {
    apr_pool_t *p;
    apr_time_t now;
    apr_time_t clock_was; /* or back */
    apr_time_t clock_set; /* what the worker knows of our clock having been set forward */
    apr_time_t taken;     /* when it began to work on the mapping */
    /* how far each side's clock is ahead of ours, and what was measured of it */
    apr_interval_time_t ahead[NTS_SIDE_COUNT];
    nts_skew_t skew[NTS_SIDE_COUNT];
    nts_mapping_t mapping;
    nts_pair_t pairs[PAIRS];
    nts_service_t notion, external;
    nts_random_t random;
    apr_uint32_t dice;
    world_thing_t side[NTS_SIDE_COUNT][WORLD_MAX];
    int count[NTS_SIDE_COUNT];
    nts_link_t *links[WORLD_MAX];
    int link_count;
    nts_entry_t *entries[8 * WORLD_MAX];
    int entry_count;
    int counted[8 * WORLD_MAX]; /* deletes under the limit */
    nts_notice_t notices[8 * WORLD_MAX];
    int settled[8 * WORLD_MAX];
    int notice_count;
    const char *done_intents[8 * WORLD_MAX]; /* external: applied intents and their keys */
    const char *done_keys[8 * WORLD_MAX];
    const char *done_taken[8 * WORLD_MAX]; /* of a delete: what it took along; "" nothing */
    int done_count;
    const char *images[WORLD_MAX];    /* by link index */
    const char *gone_with[WORLD_MAX]; /* what went with that row; NULL: not known */
    const char *referrers; /* tables whose rows go with one of the external side; NULL: none */
    int referrers_asked;
    nts_ruling_t rulings[WORLD_MAX];
    const char *ruling_intents[WORLD_MAX]; /* taken by; "" forgotten; NULL open */
    int ruling_count;
    nts_matched_t matched;
    apr_int64_t max_entry;   /* a scan begins with */
    apr_int64_t match_after; /* a join was asked for with; and what it says was outdated */
    int outdated;
    int tells_own; /* a first match looks for what we made (nts_scan_config_t) */
    const char *match_id[NTS_SIDE_COUNT][2 * WORLD_MAX];
    const char *match_hash[NTS_SIDE_COUNT][2 * WORLD_MAX];
    int match_count[NTS_SIDE_COUNT];
    const char *made_by_other; /* page that another mapping of the data source made; NULL none */
    int others_pending;        /* creates of such mappings without an end */
    int requests;              /* asks of Notion */
    int bodies;                /* of them for a body */
    int writes[NTS_SIDE_COUNT];
    int page_size;             /* of listings */
    apr_time_t since;          /* BATCH */
    nts_side_t wanted_side;    /* BATCH */
    const char *const *wanted; /* BATCH: records of that side */
    int wanted_count;
    int spawned;                      /* jobs that scans handed out */
    apr_interval_time_t notion_takes; /* for an answer, beyond the usual 5 ms */
    world_hook_fn *hook;
    nts_schema_t *schema;       /* of Notion, as asked for */
    const char *refusal;        /* code of the outcome of what is spoiled; NULL: "test.spoiled" */
    const char *blocker;        /* whom such a refusal names; NULL: nobody */
    nts_remedy_t remedy;        /* of such a refusal; NONE: RETRY */
    const char *const *company; /* with whom each record that is loaded waits in a circle */
    int company_count;
    int hook_count; /* free for the hook */
    int leaves; /* who would die is broken off for another database instead: it may store what it knows (nts_job_leave) */
    int (*is_outside[NTS_SIDE_COUNT])(const world_thing_t *thing); /* of that side's filter */
    void (*rewrite)(world_t *world, world_thing_t *row); /* a trigger of the external side */
    nts_step_t last;
    nts_outcome_t outcome;
    nts_outcome_t refused;
    apr_time_t until;
    int stuck; /* a job took too many steps */
    /* a plan: made by dry jobs, then carried out by jobs that were given its items */
    enum { WORLD_DOES = 0, WORLD_PLANS, WORLD_APPLIES } mode;
    nts_plan_item_t *items[2 * WORLD_MAX];
    nts_step_t item_step[2 * WORLD_MAX]; /* how the item's job ended; CALL: there was none */
    int item_count;
};

world_t *world_create(apr_pool_t *p);
/** The external side is a data source of another workspace. */
void world_two_notions(world_t *w);
/** A choice as that side knows it. */
nts_value_t world_choice(world_t *w, nts_side_t side, int pair, const char *name);
/** NotionSyncLinkProperty: pages keep the external key. */
void world_keep_keys(world_t *w);
/** NotionSyncBody: the body of a page is read and written by itself. */
void world_keep_body(world_t *w);

nts_value_t world_text(const char *text);
nts_value_t world_number(world_t *w, const char *text);
nts_value_t world_stage(world_t *w, const char *name); /* as Notion has it; NULL null */
nts_value_t world_tags(world_t *w, nts_side_t side, const char *comma_separated);

world_thing_t *world_page(world_t *w, const char *id);
world_thing_t *world_row(world_t *w, const char *key);
world_thing_t *world_add(world_t *w, nts_side_t side, const char *id, const char *name);
/** A person edits: sets one value and stores the notice that would follow. */
void world_edit(world_t *w, nts_side_t side, const char *id, int pair, nts_value_t value);
void world_remove(world_t *w, nts_side_t side, const char *id);
void world_notice(world_t *w, nts_side_t side, const char *id);
void world_wait(world_t *w, apr_interval_time_t time);
/** That side's clock stands so far ahead of ours; it is measured as a worker would unless @a measured is 0. */
void world_skew(world_t *w, nts_side_t side, apr_interval_time_t ahead, int measured);

/** A person decides: about a pair of the mapping, or -1 the record, as it is shown now. */
nts_ruling_t *world_rule(world_t *w, const nts_link_t *link, int pair, nts_choice_t choice);
/** What the store would give a job now. */
int world_open_rulings(const world_t *w);

/** Run one job to its end (or to its death). */
nts_step_t world_run(world_t *w, nts_side_t side, const char *id);
nts_step_t world_undo(world_t *w, nts_entry_t *entry);
nts_step_t world_run_spawn(world_t *w, const nts_spawn_t *spawn, const nts_undo_t *undo,
                           apr_int64_t run);
/** Run a scan and all jobs it hands out. */
const nts_scan_report_t *world_scan(world_t *w, nts_scan_kind_t kind);
/** Plan what a full run would do, after a first match if @a match; the items are in `items`. */
const nts_scan_report_t *world_plan(world_t *w, int match);
/** Do what `items` say. */
const nts_scan_report_t *world_apply(world_t *w);
/** Run records with unsettled notices, pending intents or due retries until nothing is left, moving the
 *  clock where they wait. Returns the number of jobs run, or -1 if it does not come to rest. */
int world_settle(world_t *w);

/** Number of notices that nobody has settled yet. */
int world_unsettled(const world_t *w);
/** Number of pairs of live records that differ in the common domain, plus records without a partner. */
int world_differences(world_t *w);
nts_entry_t *world_last_entry(world_t *w, nts_entry_op_t op);
nts_link_t *world_link(world_t *w, nts_side_t side, const char *id);

/** A world with one linked record: page p1 and its row, both named "one"; nothing is counted of how it came about. */
world_t *world_linked(apr_pool_t *p);
/** As many linked records: pages p0.. named "name 0"..; rows k1.. */
world_t *world_linked_many(int n, apr_pool_t *p);
/** Nobody has told of anything so far. */
void world_forget_events(world_t *w);
/** "" if there is none. */
const char *world_text_of(const world_thing_t *thing, int pair);
/** Of the row that the page is linked with; NULL if with none. */
const char *world_key_of(world_t *w, const char *page);

#endif /* SYNC_WORLD_H */
