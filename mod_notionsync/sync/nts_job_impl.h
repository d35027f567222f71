/* nts_job_impl.h - the inside of a job, shared by the files that make it up.
 *
 * nts_job.c steps: load, read, settle, end. nts_job_decide.c says what should happen, nts_job_gone.c with what
 * is deleted or outside the filter. nts_job_write.c
 * intends, writes and takes the answer. nts_job_recover.c finds out what became of an intent whose answer
 * was never stored. nts_job_ruling.c asks a person and does as told. nts_job_undo.c takes an entry back.
 * nts_job_plan.c says what a job would do, and holds one to what was planned. nts_job_reference.c sees to references,
 * nts_job_body.c to the body of the page, nts_job_alone.c to what went with a row that is to come back.
 */
#ifndef NTS_JOB_IMPL_H
#define NTS_JOB_IMPL_H

#include "sync/nts_job.h"
#include "sync/nts_merge.h"

/** S3.7: Notion may commit a write up to a minute late and list it later still. */
#define NTS_FATE_WAIT apr_time_from_sec(90)
/** A create that left so long after its intent was stored is judged by when it left. */
#define NTS_SENT_LATE apr_time_from_sec(5)
/** S3.7: between two lookups of a create of unknown fate; S3.8: before a maker is asked again. */
#define NTS_LOOKUP_WAIT apr_time_from_sec(15)
/* how long other creates have to find their pages before those are put down to this one */
#define NTS_CLAIM_WAIT apr_time_from_sec(300)
/** S3.7: by how much a clock may have been set without our knowing it yet. */
#define NTS_CLOCK_SET apr_time_from_sec(300)
/** S3.2: how old anything of a record must be before a query row may be trusted. */
#define NTS_QUERY_LAG apr_time_from_sec(21)
/** S3.1: a PATCH that is not sent within this of its read's answer reads again. */
#define NTS_READ_FRESH apr_time_from_sec(1)
/** S4.1: two 404s this far apart make a held delete. */
#define NTS_MISSING_WAIT apr_time_from_sec(86400)
/** A minute, what Notion floors times to. */
#define NTS_MINUTE apr_time_from_sec(60)

/** Note of the entry that takes a create back: its record is not synced any more, rather than deleted. */
#define NTS_NOTE_UNDO_CREATE "undo of a create"
/** ... and of one that takes a restore back: the record is deleted once its other side has followed. */
#define NTS_NOTE_UNDO_RESTORE "undo of a restore"

/** Outcome code of a row that would come back without what went with it (S2.7). */
#define NTS_HELD_CHILDREN "held.children"

/** Outcome code of a record that people moved to the mapping's other side, where it is not new (S4.1). */
#define NTS_HELD_MOVED "held.moved"

/** Outcome code of a delete that is beyond the limit (S4.2). */
#define NTS_HELD_DELETE_LIMIT "held.delete_limit"

/** Decisions in a row before a record that keeps changing under us is left for a while. */
#define NTS_ROUNDS_MAX 8

typedef enum nts_presence_t {
    NTS_PRESENCE_UNKNOWN = 0, /* not read yet */
    NTS_PRESENCE_NONE,        /* this record has no such side yet */
    NTS_PRESENCE_LIVE,
    NTS_PRESENCE_TRASHED, /* in the service's trash */
    NTS_PRESENCE_GONE,    /* confirmed absent */
    NTS_PRESENCE_MISSING  /* 404, or moved elsewhere: proof of nothing */
} nts_presence_t;

/** One side as this job knows it. */
typedef struct nts_view_t {
    nts_presence_t presence;
    nts_record_t *record;
    apr_time_t sent; /* of the read (or write) that showed it */
    apr_time_t answered;
    int candidate; /* a query row: may not lead to a write there, but where writes compare (S3.2) */
} nts_view_t;

typedef enum nts_job_state_t {
    NTS_JOB_START = 0,
    NTS_JOB_LOADED,
    NTS_JOB_READ, /* of `reading` */
    NTS_JOB_READ_BODY,
    NTS_JOB_MATCH_FOUND,    /* FIND of a counterpart answered */
    NTS_JOB_MATCH_LINKS,    /* LOOKUP of what was found answered */
    NTS_JOB_MAKER_KNOWN,    /* LOOKUP of who made an unlinked page answered */
    NTS_JOB_ORIGIN_KNOWN,   /* LOOKUP of the record on its other side answered */
    NTS_JOB_INTENDED,       /* the intent is stored: write */
    NTS_JOB_WRITTEN,        /* the write answered */
    NTS_JOB_NOT_APPLIED,    /* a write that did not happen is recorded: start again */
    NTS_JOB_RECOVER_INTENT, /* what became of it answered */
    NTS_JOB_RECOVER_PAGE,   /* the record was read */
    NTS_JOB_RECOVER_FOUND,  /* candidates of a create listed */
    NTS_JOB_RECOVER_LINKS,  /* which of them are linked */
    NTS_JOB_RECOVERED,      /* stored: load again */
    NTS_JOB_LEFT,           /* stored: begin anew with spawn.target */
    NTS_JOB_PROVED,         /* the schema was read: is the relation empty, or hidden */
    NTS_JOB_FINISHED,       /* the last commit answered */
    NTS_JOB_ENDED
} nts_job_state_t;

/** Outcome codes of a body that is not written: it cannot be done safely; Notion refused it. */
#define NTS_HELD_BODY "held.body"
#define NTS_HELD_BODY_REFUSED "held.body_refused"

/** The body of the page, as this job knows it (S5.9). */
typedef struct nts_job_body_t {
    enum { NTS_BODY_UNSEEN = 0, NTS_BODY_ASSUMED, NTS_BODY_READ } state; /* ASSUMED: the base */
    nts_value_t value;
    apr_time_t sent; /* READ: of the read, or the write, that showed it */
    apr_time_t answered;
} nts_job_body_t;

/** What became of a ruling in this job. */
typedef enum nts_ruling_state_t {
    NTS_RULING_OPEN = 0,
    NTS_RULING_CHOSEN, /* what is about to be done follows it */
    NTS_RULING_SPENT,  /* done or refused: to be forgotten with the next commit */
    NTS_RULING_STORED  /* its end is stored */
} nts_ruling_state_t;

struct nts_job_t {
    const nts_job_config_t *config;
    apr_pool_t *p;
    nts_spawn_t spawn;
    const nts_undo_t *undo;  /* NULL: none, or it was refused */
    nts_entry_t *undo_entry; /* that write; NULL: none */
    nts_job_state_t state;
    int undo_done; /* the undo's own write is intended, or was not needed */
    apr_time_t now;
    nts_loaded_t *loaded;
    nts_link_t *link; /* never NULL after load; id 0 while not stored */
    const char *key_was;
    nts_side_t reading;
    nts_view_t view[NTS_SIDE_COUNT];
    nts_decision_t *decisions; /* per pair */
    nts_entry_t *entry;        /* the write under way, or the intent being recovered */
    nts_ask_t write;           /* the ask that performs it */
    const char *
        heard; /* the intent of a write of a page whose end is known and not stored yet; NULL none */
    const nts_record_t *heard_record; /* what its answer showed; NULL: it did not happen ... */
    const char *heard_note;           /* ... for this reason */
    apr_time_t heard_sent;
    int row_again;    /* S2.3: it was read after the page, for the sake of what both show */
    int origin_asked; /* S4.1: whether `origin` is known */
    const char *
        referrers; /* of a row that is gone, as the database told (nts_answer_t.referrers); NULL: not asked */
    int rounds;
    int dirty;    /* something must be stored at the end */
    int matched;  /* the counterpart was looked for by match fields */
    int row_seen; /* what is loaded is younger than the row that was found: one of ours, or under a deleted record's key */
    int key_tried; /* and by the key that the page carries */
    int by_key;    /* that is what is under way */
    /* S5.2: that side has not, or hides, what was to be referred to there; remedy NONE: nothing is hidden */
    nts_outcome_t hidden;
    nts_side_t hidden_side;
    nts_job_body_t body;
    nts_outcome_t body_refused;  /* its write was; remedy NONE: it was not ... */
    nts_value_t body_refused_at; /* ... when the page showed this */
    /* per pair: that side refused this value of the field, and the others are written without it; remedy NONE: it did not. NULL: none */
    nts_outcome_t *unfit[NTS_SIDE_COUNT];
    int is_emptied[NTS_SIDE_COUNT];   /* S5.2: relations that show nothing are known to be empty */
    int maker_asked, made_by_sibling; /* S3.8: the page is known to be another mapping's work */
    const nts_link_t
        *origin; /* S4.1: the record is linked on its other side, and moved here; NULL: not */
    nts_record_t *found;
    int found_count;
    apr_int64_t *settled;
    int settled_count;
    const nts_ruling_t *rulings;
    int ruling_count;
    nts_ruling_state_t *ruling_ends; /* one for each */
    const char *deed; /* what is to be decided about the record as a whole: "delete" ...; NULL */
    int has_partner;  /* the partner that a ruling names was loaded, too */
    int by_field;     /* it is about fields */
    nts_outcome_t refused; /* the last ruling that was not carried out */
    nts_entry_t **notes;   /* entries to store with the next commit: settled writes, remarks */
    int note_count;
    nts_call_t call;
    nts_step_t after_commit; /* what FINISHED answers */
    int pairing;             /* page and key are paired by this job, or would be */
    nts_outcome_t outcome;
    apr_time_t until;
    int writes[NTS_SIDE_COUNT];
    int settled_writes
        [NTS_SIDE_COUNT]; /* known to have happened: this job's, or found again after a crash */
    nts_plan_item_t *planned;
};

/* nts_job.c */
nts_step_t nts_job_ask(nts_job_t *job, nts_job_state_t then);    /* job->call.ask is filled in */
nts_step_t nts_job_commit(nts_job_t *job, nts_job_state_t then); /* job->call.commit is filled in */
nts_step_t nts_job_load(nts_job_t *job, const nts_target_t *target);
nts_step_t nts_job_read(nts_job_t *job, nts_side_t side, int want_image, int follow_writes);
/** End: store what must be stored (link, notices, notes), then answer @a step. */
nts_step_t nts_job_finish(nts_job_t *job, nts_step_t step);
/** End without settling notices; the record is run again at @a until; 0: later each time. */
nts_step_t nts_job_wait(nts_job_t *job, apr_time_t until);
/** End with the link in trouble. */
nts_step_t nts_job_trouble(nts_job_t *job, nts_trouble_t trouble);
/** Ends for an answer that is not OK and not about this record: NOT_DONE, BLOCKED. */
nts_step_t nts_job_not_now(nts_job_t *job, const nts_answer_t *answer);
/** A cleared call of @a kind asking of @a side. */
nts_ask_t *nts_job_new_ask(nts_job_t *job, nts_ask_kind_t kind, nts_side_t side);
void nts_job_take_view(nts_job_t *job, nts_side_t side, const nts_answer_t *answer);
/** Store @a entry with the next commit. */
void nts_job_keep(nts_job_t *job, nts_entry_t *entry);
/** A record that keeps changing under us is to be left for a while, longer each time; counts one more round. */
int nts_job_is_too_busy(nts_job_t *job);
/** An audit entry about this record, kept for the next commit when @a note is set. */
nts_entry_t *nts_job_new_entry(nts_job_t *job, nts_entry_op_t op, nts_side_t side, int note);
const char *nts_job_id_on(const nts_job_t *job, nts_side_t side);
const nts_traits_t *nts_job_traits(const nts_job_t *job, nts_side_t side);
/** It was looked at, and is in the trash, or surely gone. */
int nts_job_is_deleted(const nts_job_t *job, nts_side_t side);
/** S4.4: the key of this deleted record is another one's by now. */
int nts_job_key_is_taken(const nts_job_t *job);

/* nts_job_decide.c */
nts_step_t nts_job_decide(nts_job_t *job);
/** Read the external side, or take what a query showed of it (S3.2). */
nts_step_t nts_job_look_at_external(nts_job_t *job);
/** Decide every field of a record that both sides have. */
void nts_job_decide_fields(nts_job_t *job);
/** Both sides hold the record: decide its fields. */
nts_step_t nts_job_decide_live(nts_job_t *job);
/** S3.1: a page may be written only after a read of it that was sent after the external side was read. */
int nts_job_is_fresh_for(const nts_job_t *job, nts_side_t side);
/** S3.1: no more than a second has passed since the answer to the read of that side. */
int nts_job_is_recent(const nts_job_t *job, nts_side_t side);
/** ... or the write compares by itself. */
int nts_job_is_sendable(const nts_job_t *job, nts_side_t side);
/** End without trouble: what there was is over. */
nts_step_t nts_job_end_well(nts_job_t *job);

/* nts_job_match.c */
/** Only @a side shows the record: what is its partner? */
nts_step_t nts_job_decide_single(nts_job_t *job, nts_side_t side);
/** The key that a page carries in the link property; NULL: none. */
const char *nts_job_key_on_page(const nts_job_t *job, const nts_record_t *page);
/** LOOKUP of the links of the records in @a answer, which job->found keeps. */
nts_step_t nts_job_look_up_found(nts_job_t *job, nts_side_t side, const nts_answer_t *answer,
                                 nts_job_state_t then);
/** FIND, READ_MANY or LOOKUP of a counterpart answered. */
nts_step_t nts_job_match_found(nts_job_t *job, const nts_answer_t *answer);
nts_step_t nts_job_match_links(nts_job_t *job, const nts_reply_t *reply);
/** LOOKUP of who made an unlinked page answered (S3.8). */
nts_step_t nts_job_maker_known(nts_job_t *job, const nts_reply_t *reply);
/** LOOKUP of the record on its other side answered (S4.1). */
nts_step_t nts_job_origin_known(nts_job_t *job, const nts_reply_t *reply);

/* nts_job_plan.c */
/** Ends of a dry job: it would store this intent; it would stand in trouble; it cannot tell yet; it would end
 *  with @a step. */
nts_step_t nts_job_plan_write(nts_job_t *job, const nts_entry_t *entry);
nts_step_t nts_job_plan_trouble(nts_job_t *job, nts_trouble_t trouble);
nts_step_t nts_job_plan_busy(nts_job_t *job, const char *note);
nts_step_t nts_job_plan_rest(nts_job_t *job, nts_step_t step);
/** What was loaded may have to be paired first, as a plan says. */
void nts_job_plan_pair(nts_job_t *job);
/** True if there is no plan to keep to, or it fits: the record is as it was shown, and @a entry (NULL: nothing is
 *  written) is part of it. */
int nts_job_plan_fits(nts_job_t *job, const nts_entry_t *entry);
/** Ends a job that does not fit its plan. */
nts_step_t nts_job_plan_refuse(nts_job_t *job);

/* nts_job_gone.c */
int nts_job_is_side_outside(const nts_job_t *job, nts_side_t side);
int nts_job_is_outside(const nts_job_t *job);
/** Both ids stay reserved; nothing goes through the link until the record is inside again. */
nts_step_t nts_job_sleep_outside(nts_job_t *job);
nts_step_t nts_job_decide_dormant(nts_job_t *job);
/** @a deleted lost the record; the other side still has it. */
nts_step_t nts_job_decide_delete(nts_job_t *job, nts_side_t deleted);
/** @a missing does not show the record, which proves nothing. */
nts_step_t nts_job_decide_missing(nts_job_t *job, nts_side_t missing);
nts_step_t nts_job_decide_tombstone(nts_job_t *job);
/** Deleted on both sides. */
nts_step_t nts_job_tombstone(nts_job_t *job);

/* nts_job_alone.c */
/** S2.7: what went with the row that is to come back; sets *step and returns NULL if the database has to be asked for that first. "": nothing
 *  did; else a clause for people. */
const char *nts_job_lost_with_row(nts_job_t *job, nts_step_t *step);
/** Sets *step if the row may not come back as it is: it would come back alone, and nobody has said that it may. */
int nts_job_hold_alone(nts_job_t *job, nts_step_t *step);

/* nts_job_write.c */
/** "Stage <-> stage" */
const char *nts_job_field_name(const nts_job_t *job, const nts_pair_t *pair);
nts_step_t nts_job_write_fields(nts_job_t *job, nts_side_t side);
nts_step_t nts_job_create_on(nts_job_t *job, nts_side_t side);
nts_step_t nts_job_remove(nts_job_t *job, nts_side_t side);
nts_step_t nts_job_restore(nts_job_t *job, nts_side_t side);
nts_step_t nts_job_intended(nts_job_t *job, const nts_reply_t *reply);
nts_step_t nts_job_written(nts_job_t *job, const nts_answer_t *answer);
/** Move bases and ids by @a entry, whose write is known to have happened as @a record shows. */
void nts_job_settle_entry(nts_job_t *job, nts_entry_t *entry, const nts_record_t *record,
                          apr_time_t sent_at);

/* nts_job_recover.c */
nts_step_t nts_job_recover(nts_job_t *job, const nts_entry_t *pending);
/** What became of the create in job->entry is unknown, and it left long after its intent was stored. */
nts_step_t nts_job_sent_late(nts_job_t *job, apr_time_t sent);
nts_step_t nts_job_recover_intent(nts_job_t *job, const nts_answer_t *answer);
nts_step_t nts_job_recover_page(nts_job_t *job, const nts_answer_t *answer);
nts_step_t nts_job_recover_found(nts_job_t *job, const nts_answer_t *answer);
nts_step_t nts_job_recover_links(nts_job_t *job, const nts_reply_t *reply);

/* nts_job_ruling.c */
/** Show people what is to be decided: the issues of the link. Non-zero: they were not shown like this yet. */
int nts_job_keep_issues(nts_job_t *job);
void nts_job_drop_issues(nts_job_t *job);
void nts_job_take_rulings(nts_job_t *job, const nts_loaded_t *loaded);
/** Decided afresh: what was chosen and not stored is open again. */
void nts_job_reset_rulings(nts_job_t *job);
/** Turn held decisions into the writes that people chose. */
void nts_job_rule_fields(nts_job_t *job);
/** A person's choice, one of two, about the record as a whole, if it still is what was shown; or NULL. */
const nts_ruling_t *nts_job_rule_record(nts_job_t *job, const char *deed, nts_choice_t one,
                                        nts_choice_t other);
/** The record comes back on @a side: restored, or made anew where there is nothing to restore from. */
nts_step_t nts_job_bring_back(nts_job_t *job, nts_side_t side);
/** The record of one side belongs to the one that @a ruling names. */
nts_step_t nts_job_pair(nts_job_t *job, nts_side_t side, const nts_ruling_t *ruling);
/** A record marked "do not sync". */
nts_step_t nts_job_decide_ignored(nts_job_t *job);
/** True while a ruling about the whole record is being carried out. */
int nts_job_is_ruled(const nts_job_t *job);
/** Which, for the audit; NULL: none. */
const char *nts_job_record_reason(const nts_job_t *job);
/** Put into job->call.commit which rulings end with it; @a intent, which may be NULL, carries them out. */
void nts_job_end_rulings(nts_job_t *job, const nts_entry_t *intent);
/** That commit is stored. */
void nts_job_rulings_stored(nts_job_t *job);
/** The record was judged whole: a ruling that was not used has lost its object. */
void nts_job_drop_rulings(nts_job_t *job);

/* nts_job_reference.c */
/** Put into job->call.commit what the record's references wait for. */
void nts_job_keep_waits(nts_job_t *job);
/** ... and of which pages the other end of a two-way relation has changed with it. */
void nts_job_keep_mirrors(nts_job_t *job);
/** A side refused references of this record, or Notion this value of the field: the field waits, the others go on. */
void nts_job_hide_reference(const nts_job_t *job, int index, nts_decision_t *d);
/** A reference would be taken out of @a to because the other side shows none, which may be hidden: its schema has to be read before. */
int nts_job_needs_proof(const nts_job_t *job, nts_side_t to);
nts_step_t nts_job_ask_proof(nts_job_t *job, nts_side_t to);
/** ... was read. */
nts_step_t nts_job_proved(nts_job_t *job, const nts_answer_t *answer);

/* nts_job_body.c */
int nts_job_is_body(const nts_job_t *job, int index);
/** Whether it has to be read before a decision; sets *step if so. Else the page that was read shows it from here on. */
int nts_job_show_body(nts_job_t *job, nts_step_t *step);
/** It was not looked at yet. */
int nts_job_needs_body(const nts_job_t *job);
nts_step_t nts_job_read_body(nts_job_t *job, int follow_writes);
/** ... was read. */
nts_step_t nts_job_body_read(nts_job_t *job, const nts_answer_t *answer);
/** When what @a side shows of a pair was asked for. */
apr_time_t nts_job_shown_at(const nts_job_t *job, nts_side_t side, int index);
/** S3.1, of the body. */
int nts_job_is_body_fresh(const nts_job_t *job);
/** The base was seen again: nothing before that needs to be looked at once more. */
void nts_job_see_body(nts_job_t *job);
/** @a entry writes the body, and so nothing else. */
int nts_job_is_body_entry(const nts_job_t *job, const nts_entry_t *entry);
/** Nothing but the body is to be written to the page. Properties go first. */
int nts_job_writes_body_alone(const nts_job_t *job);
void nts_job_body_written(nts_job_t *job, const nts_answer_t *answer);
/** Notion refused a write of it: the field is held, others go on. */
void nts_job_refuse_body(nts_job_t *job, const nts_answer_t *answer);
/** A write of it that cannot be done safely is held. */
void nts_job_guard_body(nts_job_t *job, int index, nts_decision_t *d);

/* nts_job_undo.c */
/** Whether the undo asks for something now; sets *step if so. Not when it is done or refused. */
int nts_job_undo_step(nts_job_t *job, nts_step_t *step);
/** The write under way did not happen: if it was the undo's own, that is to be done yet. */
void nts_job_undo_failed(nts_job_t *job);
/** A write that is decided now is the undo's own, or the same on the other side of a record that goes or comes back. */
int nts_job_is_by_undo(const nts_job_t *job);

#endif /* NTS_JOB_IMPL_H */
