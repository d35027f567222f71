/* judge.h - was what happened right? The invariants of docs/design/sync.md (S6), judged from the history of a run.
 *
 * The judge knows the rules and nothing of the code that follows them: it shares none with sync/ or model/. It replays the
 * history (judge_replay.c), following each value from whoever made it through every write of ours. A write of ours that put one
 * value in place of another is allowed or not by what those values are to each other: later, earlier, or made without knowledge
 * of each other (judge_order.c). So for every field the set of values it may end with is known without deciding anything.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "simulation/history.h"

typedef enum judge_sort_t {
    JUDGE_TEXT = 0,
    JUDGE_NUMBER,
    JUDGE_BOOLEAN,
    JUDGE_DATE, /* a day on at least one side */
    JUDGE_TIME, /* an instant */
    JUDGE_OPTION,
    JUDGE_SET,
    JUDGE_OTHER
} judge_sort_t;

typedef enum judge_way_t { JUDGE_BOTH_WAYS = 0, JUDGE_TO_EXTERNAL, JUDGE_TO_NOTION } judge_way_t;
typedef enum judge_rule_t {
    JUDGE_LAST_WRITE = 0,
    JUDGE_NOTION_WINS,
    JUDGE_EXTERNAL_WINS,
    JUDGE_HOLD
} judge_rule_t;
typedef enum judge_initial_t {
    JUDGE_INITIAL_HOLD = 0,
    JUDGE_INITIAL_NOTION,
    JUDGE_INITIAL_EXTERNAL
} judge_initial_t;
typedef enum judge_deletes_t {
    JUDGE_PROPAGATE = 0,
    JUDGE_DELETES_HOLD,
    JUDGE_DELETES_IGNORE
} judge_deletes_t;

/** A pair of fields. */
typedef struct judge_field_t {
    const char *name[HISTORY_SIDES]; /* property, column */
    judge_sort_t sort;
    judge_way_t way;
    judge_rule_t rule; /* the one in force, the mapping's if the field has none */
    judge_initial_t initial;
    int scale; /* NUMBER: decimals that both sides hold, -1: any; what has more is rounded if `lossy`, else it is stuck */
    int digits;   /* ... before the point; 0: any */
    int length;   /* TEXT: characters that both sides hold; 0: any */
    int lossy;    /* a value that is cut or rounded on the way counts as equal to the whole one */
    int no_empty; /* a Notion text cannot tell '' from NULL: both are null */
    int unique;   /* the column refuses a value that another row has */
    int required; /* NOT NULL there */
    const char *above; /* NUMBER: a CHECK refuses what is not greater than this; NULL none */
    int days;          /* DATE, TIME: one side holds days only */
    int instants;      /* ... or instants only: neither days nor ranges */
    const char *const
        *choices; /* OPTION: one side refuses any other; NULL ends them; NULL: takes all */
    const char *type
        [HISTORY_SIDES]; /* the property's type, and how the column is declared, at first; NULL: not known */
    int absent;          /* not configured (yet, or any more) */
} judge_field_t;

/** What the database takes for one key. */
typedef enum judge_keys_t {
    JUDGE_KEYS_EXACT = 0,
    JUDGE_KEYS_ANY_CASE,
    JUDGE_KEYS_BARE /* without blanks at the end */
} judge_keys_t;

typedef struct judge_mapping_t {
    const char *name;
    judge_keys_t keys;
    const char *place[HISTORY_SIDES]; /* data source, table */
    const judge_field_t *fields;
    int field_count;
    /* A field that people fill in when they make a record, with a text no other record has, and never change: so the judge
     * knows which records belong together. Copies made by people ("duplicate page") share it. -1: none, then the links that
     * the store claims are believed. */
    int mark;
    int matches; /* by the mark: what people make on both sides with one mark is one record */
    apr_interval_time_t grace;
    int tie;                                /* the side that wins among simultaneous edits */
    judge_deletes_t deletes[HISTORY_SIDES]; /* towards that side */
    int delete_percent;
    /* S5.3: a record whose field `filter_field` is `outside` on a side of the set `filter_sides` (bits) stands outside there */
    int filter_sides, filter_field;
    const char *outside;
} judge_mapping_t;

/** A Notion, on that side of all mappings, and its budget: at most `requests` in any `window`. Unless there is one on the external side,
 *  that is a database. */
typedef struct judge_connection_t {
    const char *name; /* as in the history's requests */
    int side;
    int requests;
    apr_interval_time_t window;
} judge_connection_t;

typedef enum judge_link_state_t {
    JUDGE_LINK_NEW = 0,
    JUDGE_LINK_ACTIVE,
    JUDGE_LINK_DORMANT,
    JUDGE_LINK_TOMBSTONE,
    JUDGE_LINK_IGNORED
} judge_link_state_t;

/** What the store shows of a record when the run is over. */
typedef struct judge_link_t {
    int mapping; /* index */
    apr_int64_t id;
    const char *page, *key; /* NULL: none */
    judge_link_state_t state;
    int trouble;                     /* 0 none, 1 parked, 2 held */
    const char *code, *what, *field; /* its outcome; field: the Notion name */
} judge_link_t;

typedef struct judge_entry_field_t {
    const char *name;                  /* the Notion name */
    const char *before, *after, *lost; /* canonical; before, lost NULL: none or null */
    int has_lost;
    const char *reason;
} judge_entry_field_t;

/** An audit entry. */
typedef struct judge_entry_t {
    int mapping;
    apr_int64_t id, link, undoes;
    int side;          /* that was written */
    const char *op;    /* "update", "create", "delete", "restore", "hold" ... */
    const char *state; /* "pending", "applied", "not applied", "unknown", "noted" */
    const char *page, *key;
    const char *note;
    apr_time_t at; /* by a worker's clock */
    const judge_entry_field_t *fields;
    int field_count;
} judge_entry_t;

/** When the run's phases began, in true time. */
typedef struct judge_phases_t {
    apr_time_t start;
    apr_time_t calm; /* nobody edits any more, and nothing fails */
    apr_time_t
        heard; /* all that was announced has been dealt with; then an incremental reconciliation began */
    apr_time_t listed; /* that has ended */
    apr_time_t equal;  /* both sides must be equal: a full reconciliation has ended */
    apr_time_t rest;   /* from here on nothing may be written */
    apr_time_t end;
    int peaceful; /* all that goes wrong stands in the history, and no event is lost without a NOTICE */
    int store_forgot; /* the state store was lost, or an old copy of it was put back, during the run */
    apr_interval_time_t skew; /* how wrong hosts' clocks may be without the module noticing */
} judge_phases_t;

/** A foreign key: rows of `table` that refer to one of `to` go with it (ON DELETE CASCADE), or (deletes 0) lose what they hold of it. */
typedef struct judge_reference_t {
    const char *table, *to;
    int deletes;
} judge_reference_t;

typedef struct judge_t judge_t;

typedef struct judge_violation_t {
    const char *rule; /* "S6.1" ... */
    const char *what; /* a sentence */
    int item;         /* of the history; -1: none in particular */
} judge_violation_t;

typedef struct judge_figures_t {
    int outcomes;  /* values of ours that took the place of another, and fields at the end */
    int certain;   /* of these, how many had exactly one allowed value */
    int conflicts; /* writes over a value that the source had not known */
    int losses;    /* values that people gave and that were overwritten by a rule */
    int residual;  /* ... by the gap of S7.4 */
    int excluded;  /* records in trouble at the end */
} judge_figures_t;

/** The history and what is added below must live as long as the judge. */
judge_t *judge_create(history_t *history, apr_time_t started, apr_pool_t *p);
/** @return its index */
int judge_add_mapping(judge_t *j, const judge_mapping_t *mapping);
const char *judge_mapping_name(const judge_t *j, int mapping);
/** The field is configured otherwise from @a at on. */
void judge_change_field(judge_t *j, apr_time_t at, int mapping, int field,
                        const judge_field_t *now);
void judge_add_reference(judge_t *j, const judge_reference_t *reference);
void judge_add_connection(judge_t *j, const judge_connection_t *connection);
void judge_add_link(judge_t *j, const judge_link_t *link);
void judge_add_entry(judge_t *j, const judge_entry_t *entry);
int judge_entry_count(const judge_t *j);
/** For people. */
const char *judge_entry_line(const judge_t *j, int index, apr_pool_t *p);
/** A mapping that is not running at the end: "paused", "blocked", "waiting", with the outcome's code. */
void judge_add_stop(judge_t *j, int mapping, const char *state, const char *code);
/** At that time (`heard` or `listed`) the record was in trouble, or (NULL, NULL) the whole mapping stood still: what waited then
 *  is not counted as overlooked. */
void judge_add_waiting(judge_t *j, apr_time_t at, int mapping, const char *page, const char *key);
/** What a service really holds at the end, field by field; a record without values once with field NULL. Only live ones. The
 *  replayed history must agree with it. */
void judge_show(judge_t *j, int side, const char *place, const char *record, const char *field,
                const char *value);
/** What `verify` said of a mapping at the end: how many differences that no trouble excuses. */
void judge_add_verify(judge_t *j, int mapping, int differences);

/** @return the number of violations */
int judge_run(judge_t *j, const judge_phases_t *phases);
int judge_count(const judge_t *j);
const judge_violation_t *judge_violation(const judge_t *j, int index);
const judge_figures_t *judge_figures(const judge_t *j);

#endif /* JUDGE_H */
