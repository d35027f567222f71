/* judge_impl.h - the inside of the judge. */
#ifndef JUDGE_IMPL_H
#define JUDGE_IMPL_H

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "simulation/judge.h"

/** Who gave a value. */
typedef enum judge_origin_t {
    JUDGE_BY_NOBODY = 0, /* what a field holds before anybody filled it in */
    JUDGE_BY_PERSON,
    JUDGE_BY_TRIGGER, /* a service altered what people wrote, or another field */
    JUDGE_BY_REWRITE, /* a service altered what we wrote (S3.5) */
    JUDGE_BY_US       /* we wrote it and nobody ever gave it: undo; or a violation */
} judge_origin_t;

/** A value as somebody gave it, once. Copies of it on the other side are the same version. */
typedef struct judge_version_t {
    const char *value; /* whole */
    apr_time_t at;
    apr_time_t
        first; /* it came with a copy of the database in which it stood since then; 0: not so */
    judge_origin_t origin;
    int side;
    int item;
    const struct judge_version_t
        *parent; /* what it replaced where it was made: its maker knew that */
    apr_array_header_t
        *over; /* what we put it in place of: who finds it there knows that those are gone */
    apr_array_header_t *joins; /* others with an equal value that stood opposite for a while */
    int lost;                  /* a rule let another win over it */
    int visited;
} judge_version_t;

/** From when on a field showed a version. */
typedef struct judge_stay_t {
    judge_version_t *version;
    apr_time_t from;
    int item; /* that showed it; -1 none */
} judge_stay_t;

typedef struct judge_cell_t {
    apr_array_header_t *stays; /* judge_stay_t; the last is now */
} judge_cell_t;

/** Keys change. */
typedef struct judge_id_t {
    const char *id;
    apr_time_t from;
} judge_id_t;

/** From when to when a record was away. */
typedef struct judge_death_t {
    apr_time_t from, to; /* to: 0 still */
    int by_us;
    int item;
} judge_death_t;

typedef struct judge_record_t {
    int side;
    const char *place; /* kept by the history: compare addresses */
    const char *id;
    const char *born;          /* its id when it was made */
    apr_array_header_t *ids;   /* judge_id_t: that, and what it became; the last is now */
    const char *mark;          /* as it is now */
    apr_array_header_t *marks; /* const char *: all that it ever had */
    int made_by_us;
    int item;  /* that made it; a row that was replaced: that made it again */
    int order; /* it was the nth to come into being */
    apr_time_t made;
    apr_time_t begun; /* what it was made of was looked at before; made, if not by us */
    int live;
    int purged, hidden;
    apr_time_t shown; /* when it was last shared with us again; 0 never */
    struct judge_record_t
        *heir_of;       /* S4.4: under its key it counts as that record come back; NULL */
    const char *copied; /* from which record people copied it */
    apr_array_header_t *deaths;
    apr_hash_t *cells; /* by name of field; members of sets by name, HISTORY_MEMBER, member */
    struct judge_record_t *older; /* that had the same id */
    apr_time_t
        refilled; /* made again from its image then: values that come with it are no edits; 0 never */
    apr_time_t restored; /* we took it out of the trash then; 0 never */
} judge_record_t;

typedef struct judge_field_change_t {
    apr_time_t at;
    int mapping, field;
    judge_field_t now;
} judge_field_change_t;

typedef struct judge_shown_t {
    int side;
    const char *place, *record, *field, *value;
} judge_shown_t;

typedef struct judge_stop_t {
    int mapping;
    const char *state, *code;
} judge_stop_t;

typedef struct judge_waiting_t {
    apr_time_t at;
    int mapping;
    const char *page, *key;
} judge_waiting_t;

struct judge_t {
    history_t *history;
    apr_time_t started;
    apr_pool_t *p;
    const judge_phases_t *phases;
    apr_array_header_t *mappings;    /* judge_mapping_t; places are the history's strings */
    apr_array_header_t *changes;     /* judge_field_change_t */
    apr_array_header_t *connections; /* judge_connection_t */
    /* By side: Notion. It does not compare what it is given, nor say what became of a write (S3.1, S3.7, S7.4); has a trash (S4.3); and tells
     * of changes by events, or not at all (S3.6). */
    int has_pages[HISTORY_SIDES];
    apr_array_header_t *references; /* judge_reference_t; tables are the history's strings */
    apr_array_header_t *links;      /* judge_link_t */
    apr_array_header_t *entries;    /* judge_entry_t */
    apr_array_header_t *stops;      /* judge_stop_t */
    apr_array_header_t *waiting;    /* judge_waiting_t */
    apr_array_header_t *shown;      /* judge_shown_t */
    apr_array_header_t *violations;
    apr_hash_t *records;             /* "side place id" -> the newest judge_record_t */
    apr_array_header_t *all;         /* judge_record_t *, in the order of their making */
    apr_hash_t *marks;               /* mark -> array of judge_record_t * */
    const history_item_t **requests; /* from 1; NULL: never ended, or no such */
    int request_count;
    apr_hash_t *page_requests; /* page id -> array of const history_item_t *, by end */
    int visit;
    judge_figures_t figures;
};

#define JUDGE_MAPPING(j, i) (&APR_ARRAY_IDX((j)->mappings, i, judge_mapping_t))

/* judge.c */
void judge_blame(judge_t *j, const char *rule, int item, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** The field as configured at @a at; NULL: it is not, or no such field. */
const judge_field_t *judge_field_at(judge_t *j, int mapping, int field, apr_time_t at);
/** Was the field ever within @a slack before @a at configured so that @a test holds? */
typedef int judge_field_test_fn(const judge_field_t *field, const void *baton);
int judge_was_field(judge_t *j, int mapping, int field, apr_time_t at, apr_interval_time_t slack,
                    judge_field_test_fn *test, const void *baton);
/** Was an older copy of the state store put back at any time from @a from to @a to? What was agreed before is the base again. */
int judge_went_back(judge_t *j, apr_time_t from, apr_time_t to);
/** Was the state store lost, or an older copy of it put back, at any time from @a from to @a to? */
int judge_forgot(judge_t *j, apr_time_t from, apr_time_t to);
/** When that happened last until @a before; 0: never. */
apr_time_t judge_forgot_last(judge_t *j, apr_time_t before);
/** Which field of the mapping has this name on that side; -1: none. */
int judge_find_field(judge_t *j, int mapping, int side, const char *name);

/* judge_value.c: the common domain, once more and by itself */
/** @a value of a side as both sides can hold it. */
const char *judge_common(judge_t *j, const judge_field_t *field, const char *value);
/** The same, but whole: what one mapping cuts off another may carry. */
const char *judge_whole(judge_t *j, const judge_field_t *field, const char *value);
/** Equal in the common domain. */
int judge_alike(judge_t *j, const judge_field_t *field, const char *a, const char *b);
int judge_same(const char *a, const char *b);
/** A value that both sides cannot hold; NULL fits. "?" marks what one side itself cannot make sense of. */
int judge_fits(const judge_field_t *field, const char *value);
/** A value that both sides hold, or that counts as one they hold: where both show it they agree on it. */
int judge_can_be_agreed(const judge_field_t *field, const char *value);
/** One of two records (the second may be NULL) holds such a value now. */
int judge_is_unfit(judge_t *j, const judge_field_t *field, judge_record_t *a, judge_record_t *b);
/** The members of a set, sorted; their number. */
int judge_members(const char *set, const char *members[], int room, apr_pool_t *p);

/* judge_order.c: what versions are to each other */
/** @a a was known to who made @a b (or is the same). */
int judge_is_known(judge_t *j, const judge_version_t *a, const judge_version_t *b);
/** It may have been: also by way of values that happened to be equal. */
int judge_may_be_known(judge_t *j, const judge_version_t *a, const judge_version_t *b);
/** The newest version that both makers knew; NULL: none. */
const judge_version_t *judge_common_ancestor(judge_t *j, const judge_version_t *a,
                                             const judge_version_t *b);
typedef enum judge_climb_t { JUDGE_ON = 0, JUDGE_ABOVE_NOT, JUDGE_FOUND } judge_climb_t;
typedef judge_climb_t judge_climb_fn(judge_t *j, const judge_version_t *version, void *baton);
/** Visits @a from and all that its maker, or who put it where it stands, knew, nearest first. @return what was found, or NULL */
const judge_version_t *judge_climb(judge_t *j, const judge_version_t *from, judge_climb_fn *visit,
                                   void *baton);
/** We put @a now in place of @a was. */
void judge_supersede(judge_t *j, judge_version_t *now, judge_version_t *was);
judge_version_t *judge_now(const judge_cell_t *cell);
/** The cell showed it at some time. */
int judge_was_shown(const judge_cell_t *cell, const judge_version_t *version);
judge_version_t *judge_then(const judge_cell_t *cell, apr_time_t at);
void judge_join(judge_t *j, judge_version_t *a, judge_version_t *b);

/* judge_pair.c */
/** The record had that mark at some time; marks are kept by the history: compare addresses. */
int judge_has_mark(const judge_record_t *record, const char *mark);
/** It had that id at some time. */
int judge_had_id(const judge_record_t *record, const char *id);
/** Of all that had that id the one that had it then; another one may have it since (452687, 63980). NULL: nobody ever had. */
judge_record_t *judge_had_id_at(judge_t *j, int side, const char *place, const char *id,
                                apr_time_t at);
/** Copies of one record, or of its copies that people made, have a mark in common. */
int judge_share_mark(const judge_record_t *a, const judge_record_t *b);
/** The records of the other side that belong to @a record in the mapping, at most @a room; dead ones, too. */
int judge_partners(judge_t *j, int mapping, const judge_record_t *record,
                   judge_record_t *partners[], int room);

/** Of what the mapping may have made @a record, or what it may have paired it with, if what was known of that went with the state store: the links and the audit of another
 *  one may join both with others since (seed 4036). Until then it was theirs. @return how many, at most @a room; 0: that is known */
int judge_forgotten_origins(judge_t *j, int mapping, const judge_record_t *record,
                            judge_record_t *origins[], int room);

/** The audit names them as one record's. */
int judge_entries_join(judge_t *j, int mapping, const judge_record_t *a, const judge_record_t *b);

/* judge_taken.c */
/** The page was made of a row that is gone and whose key another row got, before the state store was lost or set back: nothing but that key,
 *  which the page shows, was left to pair it by (S5.1, seed 45883). */
int judge_is_paired_by_key(judge_t *j, int mapping, const judge_record_t *page,
                           const judge_record_t *row);
/** @a row, which may be gone, may have been taken for that of @a page before @a effect. */
int judge_is_taken_for(judge_t *j, int mapping, const judge_record_t *page,
                       const judge_record_t *row, const history_item_t *effect);
/** What stands opposite of @a record where a row may have been taken for a page's, for it has a key that the page's own row had, and
 *  nobody could know how it came by it (S4.4); NULL: there is none, or it does not show @a value. */
judge_version_t *judge_taken_for(judge_t *j, const history_item_t *effect, judge_record_t *record,
                                 const char *field, const char *member, const char *value);

/* judge_copy.c */
/** What stands in a copy of the database was given when it was made, and is dated so by the copy's own changes; or as late as it
 *  came. What the database had made of it is that still. */
void judge_date_copy(judge_t *j, const history_item_t *item, const judge_record_t *record,
                     const char *field, const char *member, judge_version_t *version);

/** What a copy shows of a row that stood there with its key in another form: under just this key another one with its mark stood before,
 *  and what that had shown the copy has taken away as well, @a version is what came after both (17230). */
void judge_know_older(judge_t *j, const history_item_t *item, const judge_record_t *record,
                      const char *field, const char *member, judge_version_t *version);

/** Equal by the rule of the key's column, which the database goes by, though maybe not the same. */
int judge_same_key(judge_keys_t keys, const char *a, const char *b);
/** The row that @a make tells of, which stood there until the copy took its database's place: with its key in another form, to the
 *  database the same; or with one that it had got while a person's word was awaited. NULL: none. */
judge_record_t *judge_under_other_key(judge_t *j, const history_item_t *make);

/** The row that had the key of @a make until a copy took its database's place, in which it has another form of that: deleted there, and
 *  followed by the one that @a make tells of, before anybody looked. What we find is the record with its key (64361). NULL: none. */
judge_record_t *judge_under_former_key(judge_t *j, const history_item_t *make);

/** @a resume is a word to go on, by which somebody went on: the table was looked into before yet another database came in the place
 *  of that one. Who was told of another one before does not (S2.9). */
int judge_goes_on(judge_t *j, const history_item_t *resume, const char *table);
/** S3.3: what we had written went with the database, before anything need have been kept of it: the one in its place cannot prove it,
 *  also if it is another one that shows it. */
int judge_was_set_back(judge_t *j, const history_item_t *effect);

/** What stands in a copy that took a database's place tells @a item. */
int judge_is_of_copy(judge_t *j, const history_item_t *item);

/* judge_moved.c */
/** S4.4: a row's key was changed in a database that had come in the place of another, before anybody who could have been told of that
 *  said that the mapping may go on with it, so maybe before it was seen; or with that database, which has the key that it had before; or
 *  while our triggers were gone: then it looks like a delete and a new row. @a from, @a to: the key before and after; NULL any. */
int judge_moved_unseen(judge_t *j, int mapping, const char *from, const char *to);
/** From before @a change of a row until the database went in which our triggers had told of it the mapping was paused (seed 612723), or
 *  none of our processes was there (seed 9031). */
int judge_slept_through(judge_t *j, int mapping, const history_item_t *change);

/* judge_again.c: what comes under an id that there was before */
/** The first values of a record that is made come with it; its mark is needed before its fields are judged. NULL: none. */
const history_item_t *judge_mark_ahead(judge_t *j, const history_item_t *make, int *mapping);
/** We brought a record back from its image. */
int judge_is_restore(judge_t *j, const history_item_t *effect);
/** Of those that had the key one after the other that which comes back: its mark comes with it. It is the last of them from now on. */
judge_record_t *judge_restored(judge_t *j, const history_item_t *make, judge_record_t *last);
/** Did we ask anything of that table between these two items of the history? */
int judge_was_looked_into(judge_t *j, const char *table, int from, int to);
/** S2.7: what comes back may be the row of one record under a key that another one has had since. Then it is as it was when that
 *  one died, whatever the other left. */
void judge_set_back(judge_t *j, const history_item_t *make, judge_record_t *record);
/** A row that comes back has no place for what stood in a column that people dropped meanwhile, as in any other row (seed 600249). */
void judge_lose_columns(judge_t *j, const history_item_t *make, judge_record_t *record);
/** S4.4: a row that is deleted and inserted at once is a replaced row; and nobody can tell who finds both done. */
int judge_is_replaced(judge_t *j, const judge_record_t *old, const history_item_t *make);
/** S4.4: the delete of its page is held, so whoever inserts a row under its key brings it back, also if it was we who deleted the row,
 *  for another mapping. And a store that is an older copy of itself knows nothing of the delete. */
int judge_is_heir(judge_t *j, const judge_record_t *old, const history_item_t *make);

/* judge_replay.c */
void judge_replay(judge_t *j);
/** Of those that had its id it is the last from now on. */
void judge_keep(judge_t *j, judge_record_t *record);
judge_record_t *judge_record(judge_t *j, int side, const char *place, const char *id);
/** The record has the id @a id from @a at on. */
void judge_rename(judge_t *j, judge_record_t *record, const char *id, apr_time_t at);
/** Was it away at any time from @a from to @a to? */
int judge_was_away(const judge_record_t *record, apr_time_t from, apr_time_t to);
/** Was the page in the trash, moved away or not shared at any time then, by itself or (@a with_source) with its data source? */
int judge_was_out_of_sight(judge_t *j, const judge_record_t *page, int with_source, apr_time_t from,
                           apr_time_t to);

/* judge_cell.c */
/** @a item NULL: it was there from the beginning. */
judge_version_t *judge_new_version(judge_t *j, const history_item_t *item, int side,
                                   const char *value, judge_origin_t origin,
                                   const judge_version_t *parent);
/** The field of this name on that side in the first mapping that has one; NULL: none. */
const judge_field_t *judge_field_of(judge_t *j, int side, const char *name);
/** The cell shows @a version from @a item on; NULL: from the beginning. */
void judge_put(judge_cell_t *cell, judge_version_t *version, const history_item_t *item);
judge_cell_t *judge_cell(judge_t *j, judge_record_t *record, const char *field, const char *member);
/** The same where @a value comes with the record: nobody ever saw the field empty. */
judge_cell_t *judge_cell_made(judge_t *j, judge_record_t *record, const char *field,
                              const char *member, const char *value);
/** The field shows it since people gave the property another type, the choice another name, or dropped the column: what its values are in
 * that, nobody gave, and a new name is no edit (S5.4). */
int judge_was_converted(judge_t *j, const judge_stay_t *stay, const judge_record_t *page);
/** What the field shows since @a at and what stands opposite, if the same, both may have agreed on. */
void judge_join_partners(judge_t *j, judge_record_t *record, const char *field, const char *member,
                         apr_time_t at);

/* judge_request.c */
void judge_index_requests(judge_t *j);
/** That brought @a effect about; NULL: unknown. */
const history_item_t *judge_request(judge_t *j, const history_item_t *effect);
/** When the request was sent and when, before, we last began to look at the page it wrote (S3.1). */
typedef struct judge_gap_t {
    const history_item_t *request; /* NULL: unknown */
    apr_time_t sent;
    apr_time_t read;  /* sent */
    apr_time_t heard; /* and answered */
} judge_gap_t;
judge_gap_t judge_gap(judge_t *j, const history_item_t *effect);
/** Who hears an answer, or finds something out by one, has it in the store a moment later. */
#define JUDGE_KEPT_WITHIN apr_time_from_sec(10)
/** Could whoever sent it not know, or not keep, what became of it (S3.7)? */
int judge_is_uncertain(judge_t *j, const history_item_t *effect);
/** Did we write @a version there in such a way? */
int judge_came_uncertainly(judge_t *j, const judge_cell_t *cell, const judge_version_t *version);
/** The same of both sides' cells of a field. */
int judge_came_uncertainly_to(judge_t *j, const judge_cell_t *const cells[HISTORY_SIDES],
                              const judge_version_t *version);
/** Was the page read after the fate of a write of it, sent at @a sent, could be known, and before @a before? */
int judge_was_judged(judge_t *j, const char *page, apr_time_t sent, apr_time_t before);
/** We wrote @a version to that cell of a page in such a way, and who looked what had become of it found no page (404): it stays unknown. */
int judge_was_missed(judge_t *j, const judge_cell_t *cell, const judge_version_t *version);
/** S7.4: what people gave @a cell of @a page at @a given is what a write of ours had sent, of which nobody knew yet what had become:
 *  it counts as ours. @a far: the same field on the other side, where what we sent comes from. */
int judge_looks_like_ours(judge_t *j, const judge_record_t *page, const judge_cell_t *cell,
                          const judge_cell_t *far, apr_time_t given);

/* judge_rule.c: the conflict rules */
/** A changed configuration takes so long to be everybody's. */
#define JUDGE_NEWS apr_time_from_sec(120)
/** A field of two records, in one mapping. */
typedef struct judge_contest_t {
    judge_t *j;
    int mapping, index;
    const judge_cell_t *cell[HISTORY_SIDES];
    const judge_record_t *record[HISTORY_SIDES]; /* for judge_doubt; NULL: live all the time */
} judge_contest_t;
/** S2.1: what was set to the agreed value again is no edit. Agreed was the newest version that both knew; or one before it that
 *  only stood opposite an equal one, for nobody need have looked then; or one before a write of unknown fate (S3.7), or before what an
 *  older state store does not know. */
int judge_shows_agreed(const judge_contest_t *c, const judge_version_t *winner,
                       const judge_version_t *loser, apr_time_t at);
/** S2.6, S5.7: does it look as if nothing was ever agreed? What both makers knew (@a base; NULL: nothing) counts no more if the field was
 *  taken out of the configuration since, or the state store lost. */
int judge_has_no_base(const judge_contest_t *c, const judge_version_t *base, apr_time_t at);
/** May @a winner, of @a side, be put in place of @a loser by the rules of then? */
int judge_may_win(const judge_contest_t *c, int side, const judge_version_t *winner,
                  const judge_version_t *loser, apr_time_t at);

/* judge_request.c */
/** S7.4: between our read of @a page and the commit of our write people gave it at @a given just what we sent, which counts as our write: all
 *  that it is to the other side is what that showed when we read it, and what @a source was made over. */
int judge_is_given_as_sent(const judge_contest_t *c, const judge_record_t *page,
                           const judge_version_t *source, apr_time_t given);

/* judge_bound.c: properties and columns that go, or become others (S5.4) */
/** The field may have been suspended then: it was gone, or of another type, and nobody of us had seen yet that it is not any more. */
int judge_was_suspended(judge_t *j, int mapping, int field, apr_time_t at);
/** It was there, and of another type, at some time from @a from to @a to. */
int judge_was_other(judge_t *j, int mapping, int field, apr_time_t from, apr_time_t to);
/** What both sides had agreed on before the field of one was gone, or became another, is in doubt, until they agree anew. */
typedef enum judge_doubt_t {
    JUDGE_NO_DOUBT = 0,
    JUDGE_MAY_DOUBT,
    JUDGE_SURELY_DOUBT
} judge_doubt_t;
/** Cells NULL: of a set as a whole. @a before: the item of the history that is judged. Surely: one of our processes saw that it was so. */
judge_doubt_t judge_doubt(const judge_contest_t *c, int side, int before);

/* judge_write.c: is what we wrote allowed? */
/** S3.7: a write of unknown fate is not judged before. */
#define JUDGE_FATE_WAIT apr_time_from_sec(90)
/** For so long a value that the other side showed may still be on its way: reads that wait for the budget, writes of unknown
 *  fate, commits up to a minute late. */
#define JUDGE_ON_ITS_WAY apr_time_from_sec(600)
void judge_set_by_us(judge_t *j, const history_item_t *effect, judge_record_t *record,
                     const char *field, const char *member, const char *after);
/** May a value of the field go towards side *(const int *)@a baton? */
int judge_leads_to(const judge_field_t *field, const void *baton);

/* judge_audit.c */
typedef struct judge_outcome_t {
    const history_item_t *effect;
    const judge_record_t *record;
    const char *field, *value;
    const judge_version_t *was; /* what @a value took the place of */
} judge_outcome_t;
/** An entry is stored before the write is sent (S3.4), which may be done a minute late. */
#define JUDGE_TOLD_WITHIN apr_time_from_sec(120)
#define JUDGE_NEVER_TOLD APR_INT64_MAX
/** How far from it in time the audit has such a write of @a mapping, by a worker's clock, with @a partner; else
 *  JUDGE_NEVER_TOLD. */
apr_interval_time_t judge_told_within(judge_t *j, int mapping, const judge_outcome_t *outcome,
                                      const judge_record_t *partner);
/** S6.4, S3.4: the audit knows the write, and (@a loss: a value that people gave is gone) what it cost. */
void judge_look_into_audit(judge_t *j, const judge_outcome_t *outcome, int loss);

/* judge_remove.c: may we have made that record, or deleted it? */
void judge_made_by_us(judge_t *j, const history_item_t *effect, judge_record_t *record);
void judge_removed_by_us(judge_t *j, const history_item_t *effect, judge_record_t *record);

/* judge_doubles.c */
/** S6.6: of a record that people made once there is never more than one on a side. */
void judge_doubles(judge_t *j, int mapping);
/** S5.5: a person took the create of the link's copy back, so the record is not synced any more. */
int judge_was_taken_back(judge_t *j, const judge_link_t *link);
/** S5.5: a person had the delete of that page taken back. */
int judge_was_asked_back(judge_t *j, int mapping, const char *page);

/* judge_end.c: both sides when all is done */
/** NULL: none. */
const judge_link_t *judge_link_of(judge_t *j, int mapping, const judge_record_t *record);
void judge_end(judge_t *j);
/** The live record that a link pairs it with; NULL: none. */
judge_record_t *judge_linked(judge_t *j, int mapping, const judge_record_t *record);
int judge_is_stopped(judge_t *j, int mapping);
/* judge_heard.c: what was announced, and what a listing shows, needs no full reconciliation */
void judge_heard(judge_t *j);
/* judge_prompt.c: each edit that was announced is dealt with soon */
void judge_prompt(judge_t *j);
/* judge_filter.c: records outside the filter (S5.3) */
/** It stood outside on its side all the time from @a from to @a to. */
int judge_is_outside(judge_t *j, int mapping, judge_record_t *record, apr_time_t from,
                     apr_time_t to);
/** It, or (if there is one) @a partner, ever did. */
int judge_was_ever_outside(judge_t *j, int mapping, judge_record_t *record,
                           judge_record_t *partner);
/** The filter names a choice that no page of the data source ever showed: Notion makes them as they are used, and need not have it. */
int judge_lacks_choice(judge_t *j, int mapping);
void judge_filters(judge_t *j);
/* judge_step.c: steps that no rule allows */
void judge_steps(judge_t *j);
/* judge_children.c: what went with a row that comes back */
void judge_children(judge_t *j);
/* judge_person.c: commands and decisions */
/** A person had commanded that the record be written so, or deleted: its audit, or the command itself, names it. The values of a field may
 *  then come from its own past. */
int judge_was_commanded(judge_t *j, const history_item_t *effect, const judge_record_t *record);
void judge_decisions(judge_t *j);
/* judge_limits.c: how many may be deleted */
void judge_limits(judge_t *j);
/* judge_undo.c: what is taken back */
void judge_undo(judge_t *j);
/* judge_accept.c */
void judge_accepted(judge_t *j);
/* judge_trouble.c: may this record be left out? */
/** @a partner: NULL if there is none; @a field: -1: the record as a whole. */
int judge_is_excused(judge_t *j, const judge_link_t *link, judge_record_t *record,
                     judge_record_t *partner, int field);

/* judge_contest.c */
/** The field's last changes are answers to our writes, as S2.10 counts them. */
int judge_is_fought_over(judge_t *j, const judge_field_t *field, judge_record_t *a,
                         judge_record_t *b);

/* judge_budget.c */
void judge_budget(judge_t *j);

#endif /* JUDGE_IMPL_H */
