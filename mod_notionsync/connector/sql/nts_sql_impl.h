/* nts_sql_impl.h - what the files of the SQL connector share. */
#ifndef NTS_SQL_IMPL_H
#define NTS_SQL_IMPL_H

#include <apr_hash.h>

#include "connector/nts_connector.h"
#include "connector/sql/nts_sql_dialect.h"

/** Our objects in the user's database begin with this. */
#define NTS_SQL_PREFIX "_notionsync_"
/** Version of those objects. */
#define NTS_SQL_VERSION 1
/** An unread change table keeps this many entries. */
#define NTS_SQL_CHANGES_MAX 1000000
/** Entries are kept at least this long, so that `changed` and `intent` of a record stay known. */
#define NTS_SQL_CHANGE_KEEP_MS 3600000
/** Intents are kept this long: within it a write can be proven. A day more than promised, for clocks. */
#define NTS_SQL_INTENT_KEEP_MS (apr_time_as_msec(NTS_INTENT_KEPT) + APR_INT64_C(86400000))
/** A delete and an insert of one key that become visible together and are no further apart count as
 *  one transaction (S4.4). */
#define NTS_SQL_REPLACE_MS 2000

/** Where reading a table's changes stands, so that an idle one costs nothing. */
typedef struct nts_sql_reader_t {
    int is_caught_up;         /* nothing was left after `last` when the rest was noted */
    apr_int64_t last;         /* answered as last_change */
    apr_int64_t commit_token; /* of the others */
    apr_uint64_t own_commits;
    const char *instance; /* answered with it */
    apr_int64_t counter;
    apr_time_t clock_read; /* monotonic; 0: not yet */
    apr_time_t pruned;     /* when old entries were looked for, monotonic; 0: at the next look */
    apr_time_t looked;     /* when modified= was looked at, monotonic; 0: not yet */
} nts_sql_reader_t;

/** A table, as it looks in one version of the schema. */
typedef struct nts_sql_known_table_t {
    nts_sql_table_t *table;
    int is_checked;      /* what notices its changes has been looked at */
    const char *problem; /* with what was found then; NULL: none */
} nts_sql_known_table_t;

/** What is known of one version of the schema. */
typedef struct nts_sql_known_t {
    apr_pool_t *p; /* cleared when the schema changes: nothing of it may get into an answer */
    apr_int64_t version;
    int has_objects;    /* the shared tables are there */
    apr_hash_t *tables; /* key and collection -> nts_sql_known_table_t */
} nts_sql_known_t;

struct nts_connection_t {
    const char *service; /* its name */
    const char *database;
    const char *secret;
    const nts_clock_t *clock;
    const nts_sql_dialect_t *dialect;
    apr_pool_t *p; /* loop thread */
    nts_sql_watch_t *watch;

    /* The rest belongs to the helper thread. */
    apr_pool_t *thread_pool; /* a root, so that the threads share no pool (C.4) */
    apr_pool_t *db_pool;     /* as long as db */
    nts_sql_db_t *db;        /* NULL: to be opened */
    apr_hash_t *zones;       /* name -> nts_zone_t */
    apr_hash_t *readers;     /* collection -> nts_sql_reader_t; in db_pool */
    nts_sql_known_t *known;  /* in db_pool; NULL: nothing yet */
    int has_instance;        /* a DESCRIBE has told it */
    const char *instance;
    apr_uint64_t own_commits;
    int bundled;                /* writes are savepoints of a transaction that is open */
    apr_time_t pause_until;     /* no attempt to open before that, monotonic */
    apr_interval_time_t pause;  /* 0: the last attempt succeeded */
    nts_sql_error_t open_error; /* of the last attempt; in thread_pool */
    char open_words[256];
};

struct nts_sql_session_t {
    nts_connection_t *connection;
    const nts_sql_dialect_t *dialect;
    const nts_ask_t *ask;
    nts_answer_t *answer;
    apr_pool_t *p;     /* the answer's */
    apr_pool_t *ptemp; /* this ask's */
    /* From the schema as it was when the transaction began; NULL once we have changed it ourselves. */
    nts_sql_known_t *known;
    nts_sql_known_table_t *known_table;
    const nts_sql_table_t *table;
    nts_sql_state_t state;
    int writes; /* in a transaction that holds the write lock */
    int saved;  /* in a savepoint of a bundle */
    int reopen; /* the database handle is not to be used again */
};

/** One row as it was read: the record and, for writing in the same style, the cells of its pairs. */
typedef struct nts_sql_row_t {
    nts_record_t record;
    const nts_sql_cell_t *pair_cells; /* one per pair; NULL kind where the pair has no column */
} nts_sql_row_t;

/* --- nts_sql_stmt.c: building and running statements */

nts_sql_stmt_t *nts_sql_stmt(nts_sql_session_t *s, const char *text);
/** Texts up to a NULL. */
void nts_sql_add(nts_sql_stmt_t *stmt, ...) __attribute__((sentinel));
/** A quoted name. */
void nts_sql_add_name(nts_sql_stmt_t *stmt, const char *name);
/** A placeholder and its value. */
void nts_sql_add_cell(nts_sql_stmt_t *stmt, const nts_sql_cell_t *cell);
void nts_sql_add_text(nts_sql_stmt_t *stmt, const char *text); /* NULL: SQL NULL */
void nts_sql_add_int(nts_sql_stmt_t *stmt, apr_int64_t number);
/** Runs it; rows (may be NULL) belong to @a p. Failures fill in the answer. */
apr_status_t nts_sql_run(nts_sql_rows_t *rows, nts_sql_stmt_t *stmt, apr_pool_t *p);
apr_status_t nts_sql_run_page(nts_sql_rows_t *rows, nts_sql_stmt_t *stmt, apr_pool_t *p);
/** A statement without parameters and results. */
apr_status_t nts_sql_run_text(nts_sql_session_t *s, const char *sql);

nts_sql_cell_t nts_sql_cell_null(void);
nts_sql_cell_t nts_sql_cell_int(apr_int64_t number);
nts_sql_cell_t nts_sql_cell_text(const char *text);
/** The text of a TEXT cell that is valid UTF-8 without NUL; else NULL. */
const char *nts_sql_text_of(const nts_sql_cell_t *cell);

/** The same of a cell of @a rows; and with "" for NULL; and an INTEGER. */
const char *nts_sql_text_at(const nts_sql_rows_t *rows, int row, int column);
const char *nts_sql_string_at(const nts_sql_rows_t *rows, int row, int column);
apr_int64_t nts_sql_int_at(const nts_sql_rows_t *rows, int row, int column);

/* --- nts_sql_literal.c: names and texts between quotes */

/** A name in double quotes, a text in single ones. */
const char *nts_sql_quote(const char *name, apr_pool_t *p);
const char *nts_sql_literal(const char *text, apr_pool_t *p);
/** The end of the literal that begins at @a text: 'it''s', X'00FF', or a word up to a comma; NULL if none does. */
const char *nts_sql_literal_end(const char *text);
/** 'it''s' without its quotes. */
const char *nts_sql_unquote(const char *text, const char *end, apr_size_t *len, apr_pool_t *p);
/** Of a table, short enough for an object of ours to be named after it: a long one ends in what tells it from others. */
const char *nts_sql_short_name(const char *tbl, apr_pool_t *p);
/** Of the names and types of all columns. A new type writes every row anew and fires no trigger; with this in its text a
 *  trigger does not fit any more then, so that it is made again and everything looked at. */
const char *nts_sql_types_print(const nts_sql_table_t *table, apr_pool_t *p);
/** A key as change entries and intents spell it. */
const char *nts_sql_stored_key(const nts_sql_table_t *table, const char *const *parts,
                               apr_pool_t *p);
/** Its parts again; NULL if it cannot be read. */
const char *const *nts_sql_change_key(const nts_sql_table_t *table, const char *stored,
                                      apr_pool_t *p);

/* --- nts_sql.c: sessions */

/** One ask; s->ptemp is made in @a p. */
void nts_sql_start_session(nts_sql_session_t *s, nts_connection_t *c, const nts_ask_t *ask,
                           nts_answer_t *answer, apr_pool_t *p);
/** Opened at the first ask, and again when the file was replaced or the last handle broke. Failures fill in the answer. */
apr_status_t nts_sql_open_database(nts_sql_session_t *s);
void nts_sql_close_database(nts_connection_t *c);
/** The connector's perform. */
void nts_sql_perform(nts_connection_t *c, const nts_ask_t *ask, nts_answer_t *answer,
                     apr_pool_t *p);

/* --- nts_sql.c: transactions and failures */

/** Begins, checks the instance (S4.1) and reads the table. Failures fill in the answer. */
apr_status_t nts_sql_begin(nts_sql_session_t *s, int writes);
apr_status_t nts_sql_commit(nts_sql_session_t *s);
/** Does nothing outside a transaction. */
void nts_sql_rollback(nts_sql_session_t *s);
/** Fills in the answer; returns APR_EGENERAL for convenience. */
apr_status_t nts_sql_fail(nts_sql_session_t *s, nts_result_t result, nts_remedy_t remedy,
                          const char *code, const char *advice, const char *fmt, ...)
    NTS_PRINTF(6, 7);
/** The mapping is blocked until a person has done what @a advice says. */
apr_status_t nts_sql_refuse(nts_sql_session_t *s, const char *code, const char *advice,
                            const char *what);
apr_status_t nts_sql_fail_with(nts_sql_session_t *s, const nts_sql_error_t *error);
/** S5.8: a record that lacks what the database demands waits for it; its next edit is tried. @a words: the database's own, or
 *  NULL. */
apr_status_t nts_sql_fail_required(nts_sql_session_t *s, const char *column, const char *words);
/** The zone that rules a pair's times without an offset; @a pair NULL: the mapping's. */
apr_status_t nts_sql_zone(const nts_zone_t **zone, nts_sql_session_t *s, const nts_pair_t *pair);

/* --- nts_sql_known.c: what is read once for each version of the schema; inside a transaction */

/** Forgets what is of another version. */
apr_status_t nts_sql_look_at_schema(nts_sql_session_t *s);
/** The ask's table, into s->table. Failures fill in the answer. */
apr_status_t nts_sql_look_at_table(nts_sql_session_t *s);

/* --- nts_sql_objects.c: what of ours there is; inside a transaction */

/** Into s->state, for the ask's collection. Failures fill in the answer. */
apr_status_t nts_sql_read_state(nts_sql_session_t *s);
/** Statements (const char *) that remove what there is for the ask's collection, and what is shared if no other table needs it. The
 *  table itself may be gone. Failures fill in the answer. */
apr_status_t nts_sql_plan_removal(apr_array_header_t *statements, nts_sql_session_t *s);

/* --- nts_sql_unwatched.c: tables and views without triggers of ours */

/** For dialects: fills in `modified`, and `unwatched` because of @a why (NULL: triggers may be made). Failures fill in the answer. */
apr_status_t nts_sql_say_unwatched(nts_sql_table_t *table, nts_sql_session_t *s, const char *why,
                                   apr_pool_t *p);
/** The dialect's has_keyless, for what no index proves. */
apr_status_t nts_sql_has_keyless(int *found, nts_sql_session_t *s, const nts_sql_table_t *table);
/** Two expressions: when row "t" was changed, in ms, its newest change entry being "c", and whether by us. */
void nts_sql_add_changed(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
/** Puts edits that modified= shows into the change table, in transactions of its own. */
apr_status_t nts_sql_look_at_modified(nts_sql_session_t *s);
/** What triggers would have entered of our own write: the row's key now, and as it was (NULL: it is new). */
apr_status_t nts_sql_enter_written(nts_sql_session_t *s, const nts_sql_table_t *table,
                                   const char *const *now, const char *const *before);
/** The same where the ask is to remove the row. */
apr_status_t nts_sql_enter_removal(nts_sql_session_t *s, const nts_sql_table_t *table,
                                   const char *const *parts);

/* --- nts_sql_key.c: keys as the engine knows them */

/** The parts of an external key; NULL if it cannot be one of this table. */
const char *const *nts_sql_key_parts(const nts_sql_table_t *table, const char *id, apr_pool_t *p);
const char *nts_sql_key_id(const char *const *parts, int count, apr_pool_t *p);
/** " ORDER BY " the key of row "t". */
void nts_sql_add_key_order(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
/** For dialects: "(a, b) > (?, ?)", the key of row "t" and @a parts. */
void nts_sql_add_key_beyond(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                            const char *const *parts);
/** The column of that name (exact, then in any case), or NULL. */
const nts_sql_column_t *nts_sql_find_column(const nts_sql_table_t *table, const char *name);
/** The column of a pair. *column NULL without failure: the pair is suspended and not read. */
apr_status_t nts_sql_pair_column(const nts_sql_column_t **column, nts_sql_session_t *s, int pair);
/** For dialects: the columns that key= names, at most NTS_SQL_KEY_MAX, in its order. Failures fill in the answer. */
apr_status_t nts_sql_named_key(const nts_sql_column_t **columns, int *count, nts_sql_session_t *s,
                               const nts_sql_table_t *table, const char *key);
/** For dialects: refuses a key column of a type that is none of @a expected ("an integer or text type"; NULL: its type will do), and one
 *  that may be NULL unless @a may_be_null. */
apr_status_t nts_sql_check_key_column(nts_sql_session_t *s, const nts_sql_table_t *table,
                                      const nts_sql_column_t *column, const char *expected,
                                      int may_be_null);
/** For dialects: of rights that are missing (column, right), one that the mapping needs, for people; NULL: none. */
const char *nts_sql_missing_right(const nts_sql_rows_t *missing, const nts_sql_session_t *s);

/* --- nts_sql_value.c, nts_sql_time.c: cells and canonical values */

/** Never fails: what does not fit the column's type is OPAQUE and says what was found. */
nts_value_t nts_sql_value(const nts_sql_column_t *column, const nts_sql_cell_t *cell,
                          const nts_zone_t *zone, apr_pool_t *p);
/** What stores @a value in @a column; @a like is what stands there now, whose way of writing times is
 *  kept, or NULL. APR_EINVAL with *problem, a clause for people. */
apr_status_t nts_sql_cell(nts_sql_cell_t *cell, const nts_sql_column_t *column,
                          const nts_value_t *value, const nts_zone_t *zone,
                          const nts_sql_cell_t *like, const char **problem, apr_pool_t *p);
/** "2026-01-05 10:15:42.25", with T, without seconds or time, with Z, "+01:00", "+01" or " UTC". */
int nts_sql_instant_parse(apr_time_t *at, const char *text, const nts_zone_t *zone, apr_pool_t *p);
/** As a column stores it, in the way @a like is written (NULL: "YYYY-MM-DD HH:MM:SS"). */
const char *nts_sql_instant_text(apr_time_t at, const nts_zone_t *zone, int with_offset,
                                 const char *like, apr_pool_t *p);

/* --- nts_sql_image.c: whole rows as JSON */

/** An object: numbers and texts as they are, {"blob": hex}, {"text": hex} for text that is not UTF-8. */
void nts_sql_image_add(nts_json_t *object, const char *column, const nts_sql_cell_t *cell,
                       apr_pool_t *ptemp);
/** APR_EINVAL if the member is nothing that nts_sql_image_add writes. */
apr_status_t nts_sql_image_cell(nts_sql_cell_t *cell, const nts_json_t *member, apr_pool_t *p);

/* --- nts_sql_children.c: what a row's delete takes along by foreign keys; inside a transaction. Failures fill in the answer */

/** Before the row with this key, which is locked, is deleted: answer->taken. */
apr_status_t nts_sql_count_children(nts_sql_session_t *s, const char *const *parts);
/** Of a row that is gone: answer->referrers. */
apr_status_t nts_sql_name_referrers(nts_sql_session_t *s);

/* --- nts_sql_match.c: comparing rows with values */

/** Conditions, for pairs that are not ABSENT, which no row fails that nts_sql_matches takes. */
apr_status_t nts_sql_add_values(nts_sql_stmt_t *stmt, nts_sql_session_t *s,
                                const nts_value_t *values);
int nts_sql_matches(const nts_sql_session_t *s, const nts_value_t *found,
                    const nts_value_t *wanted);
/** S3.3: the row still holds what was read. */
int nts_sql_is_as_expected(const nts_sql_session_t *s, const nts_value_t *found,
                           const nts_value_t *expected);

/* --- nts_sql_make.c: fields that are lacking */

/** The statements that make what the ask wants made; s->table (NULL: it is to be made) is what it will be then. */
apr_status_t nts_sql_plan_fields(apr_array_header_t *statements, nts_sql_session_t *s);
/** @a name, if a table can be made with it; else NULL, and the answer is filled in. */
const char *nts_sql_new_name(nts_sql_session_t *s, const char *name);

/* --- the asks */

void nts_sql_describe(nts_sql_session_t *s);
/** The database's clock into the answer. */
void nts_sql_read_clock(nts_sql_session_t *s);
/** Is the change table the one that the ask has seen, and if not, up to where may it be? (S4.1, S4.4) */
apr_status_t nts_sql_compare_witness(nts_sql_session_t *s);
void nts_sql_read(nts_sql_session_t *s);  /* READ, READ_MANY, LIST, FIND */
void nts_sql_write(nts_sql_session_t *s); /* CREATE, UPDATE, REMOVE, RESTORE */
void nts_sql_intent(nts_sql_session_t *s);
void nts_sql_mark(nts_sql_session_t *s);
/* INTENT */
void nts_sql_changes(nts_sql_session_t *s); /* CHANGES */
/** Where reading the changes of the ask's table stands. */
nts_sql_reader_t *nts_sql_reader(nts_sql_session_t *s);
void nts_sql_provision(nts_sql_session_t *s); /* PROVISION, UNPROVISION */

/** Reads the row with this key inside the transaction; *row NULL: there is none. */
apr_status_t nts_sql_fetch(nts_sql_row_t **row, nts_sql_session_t *s, const char *const *parts,
                           int want_image);
/** The answer when a row is not there (S4.1). */
void nts_sql_answer_gone(nts_sql_session_t *s);
typedef enum nts_sql_presence_t {
    NTS_SQL_ABSENT = 0,
    NTS_SQL_OUTDATED,
    NTS_SQL_PRESENT
} nts_sql_presence_t;

/** @a installed: what the dialect's installed_objects gives. */
nts_sql_presence_t nts_sql_presence(const nts_sql_rows_t *installed,
                                    const nts_sql_object_t *object);
/** Triggers in place and current? *problem NULL if they are. */
apr_status_t nts_sql_check_installed(const char **problem, nts_sql_session_t *s);
/** @a parts: the key; @a record: as read back; NULL: the row is gone, as a delete leaves it. */
apr_status_t nts_sql_store_intent(nts_sql_session_t *s, const char *const *parts,
                                  const nts_record_t *record);
typedef enum nts_sql_fate_t {
    NTS_SQL_UNHEARD_OF = 0,
    NTS_SQL_DONE,
    NTS_SQL_GIVEN_UP /* it was judged not to have been done, and cannot be any more */
} nts_sql_fate_t;

/** What the intent table holds of ask->intent; the record may be NULL. */
apr_status_t nts_sql_find_intent(nts_sql_fate_t *fate, nts_record_t **record, nts_sql_session_t *s);
/** The mark of the ask's data source and table; NULL: none. */
apr_status_t nts_sql_find_mark(const char **mark, nts_sql_session_t *s);

#endif /* NTS_SQL_IMPL_H */
