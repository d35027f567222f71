/* sw.h - the world of the simulation: a Notion workspace, a SQL database, the people who edit both, and the operator.
 *
 * What is in it is decided by settings of the seed (sw_shape.c). Both services are real in what they do: Notion is the
 * simulator of t/sim in process (sw_notion.c), the database is SQLite behind the production connector (sw_sql.c). For each
 * the world keeps a mirror of what it holds, in canonical texts (history.h). After whatever may have changed a service the
 * mirror is compared with it, and each difference goes into the history, with whoever did it.
 *
 * People know a record by its mark, a text that no other record has; action numbers name marks, fields and codes of values
 * (sw_value.c), so that an action means the same whatever else is in the scenario.
 */
#ifndef SW_H
#define SW_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <sqlite3.h>

#include "sim/sim_embed.h"
#include "simulation/sj.h"

#define SW_DIGITS 12 /* before the point of DECIMAL(14,2) */
#define SW_OUTSIDE "Lost"
#define SW_TABLES 2                /* most tables, data sources and mappings */
#define SW_SOURCES (SW_TABLES + 1) /* and one that nobody maps, to which pages are moved */
#define SW_TOKEN "ntn_sim_token"
/** Where a mapping keeps the external key in Notion (S5.1), if it does; the second mapping in one of its own. */
#define SW_KEY_PROPERTY "Sync key"
#define SW_ENDPOINT "http://127.0.0.1:1/notion"
#define SW_AWAY_ENDPOINT "http://127.0.0.2:1/notion"
/** What people do in the second Notion, and its settings, begin with this. */
#define SW_AWAY "away."

/** The fields that a record may have. Which of them a mapping syncs, and what their columns look like, the seed decides. */
typedef enum sw_field_id_t {
    SW_MARK = 0,
    SW_NAME, /* the title */
    SW_NOTES,
    SW_AMOUNT,
    SW_STAGE, /* select */
    SW_TAGS,  /* multi_select */
    SW_DUE,   /* a day */
    SW_MET,   /* an instant */
    SW_DONE,
    SW_CODE, /* unique in the table */
    SW_MAIL,
    SW_REMARK, /* never mapped */
    SW_FIELDS
} sw_field_id_t;

typedef struct sw_field_t {
    const char *prop;
    const char *type; /* of Notion */
    const char *column;
    judge_sort_t sort;
} sw_field_t;

extern const sw_field_t sw_fields[SW_FIELDS];

/** Choices of a status property; the first is what Notion fills in, and the last of what people type is none of them. */
#define SW_STATUS_DEFAULT "Not started"
extern const char *const sw_status_choices[];

/** Columns come in kinds, for each field one of a few declarations. */
typedef struct sw_column_t {
    const char *declared; /* "DECIMAL(10,2)" */
    int scale;            /* JUDGE_NUMBER; -1 any */
    int length;           /* JUDGE_TEXT; 0 any */
    int csv;              /* JUDGE_SET: "a,b", else JSON */
} sw_column_t;

/** What a table's key is. SQLite may take two texts for one key that are not the same byte for byte. */
typedef enum sw_key_t {
    SW_KEY_INTEGER = 0,
    SW_KEY_TEXT,
    SW_KEY_NOCASE,
    SW_KEY_RTRIM,
    SW_KEYS
} sw_key_t;

typedef struct sw_table_t {
    const char *name;
    sw_key_t key;
    sw_column_t columns[SW_FIELDS];
    int autoincrement;
    int not_null;                  /* notes */
    int check;                     /* amount within bounds */
    int trim, round, upper, touch; /* triggers of the application */
    int parent; /* rows refer to rows of table 0: 1 ON DELETE CASCADE, 2 SET NULL, 3 NO ACTION */
} sw_table_t;

/** A mapping as it is configured now. */
typedef struct sw_mapping_t {
    const char *name;
    int source, table; /* indices */
    int index;         /* of the judge */
    struct {
        int present;
        nts_direction_t direction;
        nts_conflict_t conflict;
        nts_initial_t initial;
        int lossy;
    } fields[SW_FIELDS];
    nts_conflict_t conflict;
    apr_interval_time_t grace;
    nts_side_t tie;
    nts_deletes_t deletes[NTS_SIDE_COUNT];
    int limit;
    apr_interval_time_t reconcile, full, debounce;
    int filter_sides; /* S5.3: a set of sides on which `Stage` must not be SW_OUTSIDE */
    int matches;      /* by mark */
    int has_key_property;
} sw_mapping_t;

/** Mirror of a page. Pages are never forgotten; a purged one is `gone`. */
typedef struct sw_page_t {
    sim_id_t id;
    const char *text; /* of its id */
    int source;       /* that of no mapping (sw_world_t.sources): nothing is written down of it */
    int gone, trashed, hidden;
    sim_ms_t told;     /* when the youngest event of it that arrived was made */
    apr_time_t saving; /* until then Notion is at saving it: another write of it is refused (409) */
    const char *values[SW_FIELDS]; /* canonical; NULL null */
    const char *before[SW_FIELDS]; /* what stood there before the last change */
    /* It was ever in this data source, and showed this there when it was moved away. */
    int was_in[SW_TABLES];
    const char *left[SW_TABLES][SW_FIELDS];
} sw_page_t;

/** Mirror of a row. */
typedef struct sw_row_t {
    apr_int64_t key;  /* 0 where keys are texts */
    const char *text; /* of its key */
    const char *values[SW_FIELDS];
    const char *before[SW_FIELDS];
} sw_row_t;

typedef struct sw_rows_t {
    sw_row_t *rows; /* by key; malloc'ed */
    int count;
} sw_rows_t;

/** What a trigger of the application wrote in place of what it was given. */
typedef struct sw_rewrite_t {
    const sqlite3 *by; /* in whose transaction */
    const char *table, *key, *column;
    const char *given, *made; /* canonical */
} sw_rewrite_t;

/** An ask of a process, of those performed together. */
typedef struct sw_ask_t {
    const nts_ask_t *ask;
    history_op_t op;
    const char *table; /* NULL: none */
    const char *key;   /* of its row; NULL not known */
    int request;
} sw_ask_t;

/** References of one mapping's records to another's, or to its own (sw_relation.c). */
typedef struct sw_relation_t {
    int is_on;
    int is_free;              /* the column has no foreign key: it may name rows that are gone */
    int referrer, target;     /* mappings */
    apr_array_header_t *acts; /* what people did */
} sw_relation_t;

/** A workspace of Notion, as far as it is known here. */
typedef struct sw_notion_t {
    struct sw_world_t *w;
    int side; /* HISTORY_*, where it stands in each mapping; the simulator has that number (sim_embed_enter) */
    const char *service, *endpoint;
    int budget;
    apr_interval_time_t window;
    int title_is_mark;
    int sources; /* that are mapped */
    const char *source_ids
        [SW_SOURCES]; /* with dashes; that of no mapping behind the others, NULL: there is none */
    sw_page_t *pages; /* malloc'ed */
    int page_count, page_room;
    sim_req_t *answer;           /* of the request being served */
    const sim_req_t *performing; /* NULL: none */
    apr_hash_t *events;          /* ids of those sent, while somebody counts; NULL: none */
    int performed;               /* number of the last request that was done */
    apr_interval_time_t slow;
    int slow_count;
    apr_interval_time_t saving; /* how long it takes to save a page; 0: no time */
    apr_time_t woken;           /* when the simulator is called next, as far as ordered; 0 not */
} sw_notion_t;

typedef struct sw_world_t {
    sm_t *sm;
    history_t *history;
    sm_dice_t dice; /* the world's own chance while it runs */

    /* shape */
    int sources, tables, mapping_count;
    int has_ranges; /* people type days, instants and ranges of both into any date; TEXT columns hold them all */
    int is_status; /* the stage is a status property: its choices are given, and it is never empty */
    int next_mark; /* while the scenario is planned */
    sw_table_t table[SW_TABLES];
    sw_mapping_t mappings[SW_TABLES];
    sw_relation_t relation;
    int wal;

    /* Notion; with two of them the second is the external side of all mappings, and there is no database: its data sources count as
     * tables */
    sw_notion_t notion[HISTORY_SIDES];
    int notions;
    sw_notion_t *awake; /* whose simulator is awake */

    /* database */
    const char *path;
    sqlite3 *db;     /* the people's connection */
    sqlite3 *holder; /* of a lock, or of a long transaction; NULL none */
    int holding;     /* counts them, so that a late end does not end the next */
    sqlite3_stmt *scans[SW_TABLES];
    struct {
        const char
            *now; /* how the column was declared when it was told of last; NULL: it was not there */
        int is_known;
    } declared[SW_TABLES][SW_FIELDS];
    sw_rows_t rows[SW_TABLES];
    apr_array_header_t
        *rewrites; /* sw_rewrite_t, since the last look; of a long transaction, while it lasts */
    apr_array_header_t *asks; /* sw_ask_t: the last ones, all of one call */
    int asks_ended;
    const char *rekeyed_from, *rekeyed_to; /* hint for the next look; NULL none */
    int copies;                            /* of the database that were put aside */

    apr_pool_t *ptemp; /* cleared by each action */
} sw_world_t;

sw_world_t *sw_world(sm_t *sm);
/** The type that the field has there in this run, and the property's first name. */
const char *sw_field_type(const sw_notion_t *notion, int field);
const char *sw_notion_name(const sw_notion_t *notion, int field);

/* ---- values (sw_value.c) ---- */

/** What a person means by @a code for a field: canonical, NULL null. In @a p. */
const char *sw_value_of(sw_field_id_t field, apr_int64_t code, apr_pool_t *p);
/** A key that people type where keys are texts. */
const char *sw_key_of(apr_int64_t code, apr_pool_t *p);
/** The canonical text of a decimal or a double. */
const char *sw_number_text(double number, apr_pool_t *p);
/** "2026-01-31 12:00:00" or RFC 3339 as history.h spells instants, days as they are, two with a slash between; "?..." if it is no
 *  date. */
const char *sw_date_text(const char *date, apr_pool_t *p);
/** An instant as it is spelled so many minutes east of Greenwich, with that offset. */
const char *sw_date_east(const char *instant, int minutes, apr_pool_t *p);
/** A set with @a member added or removed; canonical. */
const char *sw_set_with(const char *set, const char *member, int present, apr_pool_t *p);
/** The set that a text stands for in a column of sets, comma-separated or JSON; any other text: "?" and that. */
const char *sw_set_text(const char *text, int csv, apr_pool_t *p);
/** How a person edits: types a value, puts the last one back, clears, adds or removes a member of a set. */
enum { SW_TYPE = 0, SW_BACK, SW_CLEAR, SW_ADD, SW_REMOVE, SW_HOWS };
const char *sw_value_edited(sw_field_id_t field, int how, apr_int64_t code, const char *now,
                            const char *before, apr_pool_t *p);
/** Members of a canonical set. */
int sw_set_members(const char ***members, const char *set, apr_pool_t *p);
/** A text with no other record: "r17", and which; -1 if it is none. */
const char *sw_mark_of(apr_int64_t number, apr_pool_t *p);
int sw_same(const char *a, const char *b);

/* ---- shape (sw_shape.c) ---- */

/** Reads the settings. */
void sw_shape_draw(sw_world_t *w);
/** What the judge is told of a mapping as it is now. */
void sw_shape_judge(const sw_world_t *w, const sw_mapping_t *m, judge_mapping_t *out);
void sw_shape_judge_field(const sw_world_t *w, const sw_mapping_t *m, int field,
                          judge_field_t *out);
/** The configuration as of now. */
nts_setup_t *sw_shape_configure(sm_t *sm, void *world, apr_pool_t *p);

/* ---- Notion (sw_notion.c) ---- */

/** Of the second one by a name of its own. */
apr_int64_t sw_notion_setting(const sw_notion_t *notion, const char *name, apr_int64_t from,
                              apr_int64_t to);
void sw_notion_open(sw_notion_t *notion);
void sw_notion_close(sw_notion_t *notion);
/** Its simulator is the one that sim_* functions speak of from now on. What is called with a sw_notion_t sees to that. */
void sw_notion_enter(sw_notion_t *notion);
/** The one in which the action happens; it is entered. */
sw_notion_t *sw_notion_of(sm_t *sm, const sm_action_t *a);
/** An order to the simulator's control interface; the answer is valid until the next. NULL: refused. */
const char *sw_notion_control(sw_notion_t *notion, const char *method, const char *what,
                              const char *body);
/** What changed in a page, or all pages of a source, since the last look goes into the history. */
void sw_notion_look(sw_notion_t *notion, history_kind_t kind, int request, const sim_id_t *page);
void sw_notion_look_all(sw_notion_t *notion, history_kind_t kind);
/** The decoded id of a field's property; it stays whatever people call it. */
const char *sw_notion_property(const sw_notion_t *notion, int field);
/** The mirror of a page; NULL: it was never seen. */
sw_page_t *sw_notion_mirror(sw_notion_t *notion, const sim_id_t *page);
/** What an answer to request @a number shows of the service's traps (@a is_in_hand: its page was being saved), and an event that was
 *  sent: sw_notion_count.c. */
void sw_notion_count_answer(sw_notion_t *notion, const sim_req_t *q, int number, int is_in_hand);
void sw_notion_count_event(sw_notion_t *notion, const sim_event_t *e);
/** A person, or we, have written the page: for a while it is being saved. */
void sw_notion_save(sw_notion_t *notion, const sim_id_t *page);
/** The simulator may have something due: see to it. */
void sw_notion_wake(sw_notion_t *notion);
/** A live page with that mark in that source, or NULL. @a any: in the trash too. */
sw_page_t *sw_notion_find(sw_notion_t *notion, int source, const char *mark, int any);
/** The property of a field became another: that is told, and done (and @a b freed). */
void sw_notion_tell_schema(sw_notion_t *notion, int source, int field, history_op_t op,
                           const char *before, const char *after);
void sw_notion_patch_source(sw_notion_t *notion, int source, sim_buf_t *b);
extern const sm_kind_t *const sw_notion_kinds[];
extern const sm_kind_t *const sw_notion_troubles[];

/* ---- database (sw_sql.c) ---- */

void sw_sql_open(sw_world_t *w);
void sw_sql_close(sw_world_t *w);
/** What changed since the last look goes into the history. */
void sw_sql_look(sw_world_t *w, history_kind_t kind, int request);
/** One or more statements as a person; zero: it went well. What it did is looked at. */
int sw_sql_run(sw_world_t *w, const char *statements);
/** The same with statements that change the schema of @a table: @a column goes, or comes, declared @a with (NULL: goes). */
void sw_sql_reshape(sw_world_t *w, int table, const char *column, const char *with,
                    const char *statements);
/** Only tells that. */
void sw_sql_tell_column(sw_world_t *w, int table, const char *column, const char *with);
/** A canonical value as a literal of a column. */
const char *sw_sql_literal(const sw_world_t *w, int table, int field, const char *value,
                           apr_pool_t *p);
/** A key as a literal. */
const char *sw_sql_key(const sw_world_t *w, int table, const char *key, apr_pool_t *p);
sw_row_t *sw_sql_find(sw_world_t *w, int table, const char *mark);
/** A copy that is no copy: the rows alone, in a database of its own. */
#define SW_OTHERS_COPY 2
/** Another file is put in its place: a copy (@a copy), or an empty database (-1). */
void sw_sql_replace(sw_world_t *w, int copy);
/** A transaction is open: that of a person, or one of ours whose connection was lost. */
int sw_sql_is_held(const sw_world_t *w);
/** The people's connection is closed, or opened again. */
void sw_sql_disconnect(sw_world_t *w);
void sw_sql_connect(sw_world_t *w);
/** "INSERT INTO t (...) VALUES (...)"; @a key NULL: the database chooses. @a parent: a number that stands for a row of table 0. */
const char *sw_sql_insert(sw_world_t *w, int table, const char *verb, const char *key,
                          const char *const *values, apr_int64_t parent);
/** What a person fills into a new row: its mark, and the fields of a set of them. */
void sw_sql_values(sw_world_t *w, const char **values, apr_int64_t mark, apr_int64_t value,
                   apr_int64_t fields);
extern const sm_kind_t *const sw_sql_kinds[];
extern const sm_kind_t *const sw_sql_clash_kinds[];    /* sw_sql_clash.c */
extern const sm_kind_t *const sw_sql_unsteady_kinds[]; /* sw_sql_unsteady.c */

/* ---- what processes ask of it (sw_sql_ask.c) ---- */

extern const sm_ask_watch_t sw_sql_watch;
/** Who did @a op to this row, if it was a process: the number of its request; or the database by itself. */
void sw_sql_blame(sw_world_t *w, history_kind_t *kind, int *request, const char *table,
                  history_op_t op, const char *key);

/* ---- properties and columns that go and are put right (sw_schema.c) */

extern const sm_kind_t *const sw_property_kinds[];
extern const sm_kind_t *const sw_column_kinds[];
/** All that is gone, or of another type, is put right, as far as anybody can. */
void sw_schema_mend(sw_world_t *w);
/** What columns there are is told, as far as it is not what was told before. */
void sw_schema_tell_columns(sw_world_t *w);
/** It is gone, or declared otherwise than at first. */
int sw_schema_lacks_column(const sw_world_t *w, int table, int field);
/** NULL: there is no such property (any more). */
const char *sw_schema_type_now(sw_notion_t *notion, int source, int field);

/* ---- operator (sw_operator.c), planning (sw_plan.c), the part itself (sw_world.c) ---- */

extern const sm_kind_t *const sw_operator_kinds[];
/** By its name; in a world of two Notions "sql.edit" is what people do in the second one instead, and with @a swapped "notion.edit",
 *  too, and the former happens in the first. */
const sm_kind_t *sw_kind(const sw_world_t *w, const char *name, int swapped);
void sw_plan(sm_t *sm);
void sw_plan_settings(sw_world_t *w);
/** Groups on Notion's side that have dice of their own (sw_plan_notion.c): their settings, and what happens in a seed that has one. */
void sw_plan_notion_settings(sw_world_t *w);
void sw_plan_notion(sw_world_t *w);
/** The same in the database (sw_plan_sql.c). */
void sw_plan_sql_settings(sw_world_t *w);
void sw_plan_sql(sw_world_t *w);
/** The same of the schemas of both (sw_plan_schema.c). */
void sw_plan_schema_settings(sw_world_t *w);
void sw_plan_schema(sw_world_t *w);

extern const sm_part_t sm_part_world;

/* ---- references (sw_relation.c): a group with dice of its own ---- */

void sw_relation_draw(sw_world_t *w);
/** What belongs into the data source, the table, the configuration; NULL or empty where there is nothing. */
const char *sw_relation_property(const sw_world_t *w, int source);
const char *sw_relation_column(const sw_world_t *w, const sw_table_t *t);
void sw_relation_configure(const sw_world_t *w, const sw_mapping_t *m, nts_mapping_t *out);
void sw_relation_plan(sw_world_t *w);
/** The marks of rows that refer to nothing any more if @a row is deleted and inserted at once: itself, and who refers to it by a foreign
 *  key. sw_relation_lost() keeps that it was done. */
apr_array_header_t *sw_relation_losers(sw_world_t *w, int table, const sw_row_t *row);
void sw_relation_lost(sw_world_t *w, const apr_array_header_t *losers);
/** Both sides as they are now: do they refer to the same? */
void sw_relation_judge(sw_world_t *w);
extern const sm_kind_t *const sw_relation_kinds[];

/* ---- drills (sw_drill.c): seeds that bring about one situation again and again */

/** Fixes the settings of such a seed: stands before all other parts. */
extern const sm_part_t sm_part_drill;
extern const sm_part_t sm_part_crowd;
/** What happens besides, if the seed is one. */
void sw_drill_plan(sw_world_t *w);
/** The seed is one that needs a database. */
int sw_drill_is_of_database(const sm_t *sm);
void sw_crowd_plan(sw_world_t *w);

#endif /* SW_H */
