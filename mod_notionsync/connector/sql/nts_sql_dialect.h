/* nts_sql_dialect.h - what one kind of SQL database must provide, and the plain data in between.
 *
 * A dialect is the only code that knows its client library. Everything else asks it for texts of SQL
 * and lets it run them. A new database is a table of these functions and a line in
 * nts_sql_dialect_find.
 */
#ifndef NTS_SQL_DIALECT_H
#define NTS_SQL_DIALECT_H

#include <apr_tables.h>

#include "base/nts_zone.h"
#include "model/nts_exchange.h"
#include "model/nts_decimal.h"

/** An open database, made by its dialect. Helper thread only. */
typedef struct nts_sql_db_t nts_sql_db_t;
/** One ask being performed; see nts_sql_impl.h. */
typedef struct nts_sql_session_t nts_sql_session_t;

typedef enum nts_sql_cell_kind_t {
    NTS_SQL_NULL = 0,
    NTS_SQL_INTEGER,
    NTS_SQL_REAL,
    NTS_SQL_TEXT,
    NTS_SQL_BLOB
} nts_sql_cell_kind_t;

/** A parameter or a result, as the database holds it. */
typedef struct nts_sql_cell_t {
    nts_sql_cell_kind_t kind;
    apr_int64_t integer;
    double real;
    /* TEXT (with a NUL after it), BLOB; NULL: longer than NTS_SQL_CELL_MAX and not fetched */
    const char *bytes;
    apr_size_t len;
} nts_sql_cell_t;

/** Longest text or blob that is fetched. No field of Notion holds a twentieth of it. */
#define NTS_SQL_CELL_MAX ((apr_size_t)4 * 1024 * 1024)
/** A listing page ends early once its rows hold this much, so that answers stay bounded. */
#define NTS_SQL_PAGE_BYTES ((apr_size_t)8 * 1024 * 1024)

/** Most columns of one key. */
#define NTS_SQL_KEY_MAX 16

typedef struct nts_sql_rows_t {
    int columns;
    int count;
    const nts_sql_cell_t *cells; /* row by row */
    int cut;                     /* the page limit was reached: there may be more rows */
    apr_int64_t affected;        /* rows changed by the statement itself */
} nts_sql_rows_t;

/** What went wrong, as far as what to do next depends on it. */
typedef enum nts_sql_class_t {
    NTS_SQL_FINE = 0,
    NTS_SQL_BUSY,        /* others hold the lock */
    NTS_SQL_CONSTRAINT,  /* this row may not be so */
    NTS_SQL_RUNTIME,     /* the statement failed on this row's values (an expression, a trigger) */
    NTS_SQL_SCHEMA,      /* no such table, column, function; a statement that cannot be prepared */
    NTS_SQL_DISK,        /* full, or input and output errors */
    NTS_SQL_UNREACHABLE, /* cannot be opened */
    NTS_SQL_DENIED,      /* we may not write, or not log in */
    NTS_SQL_BROKEN       /* corrupt, or no database at all */
} nts_sql_class_t;

typedef struct nts_sql_error_t {
    nts_sql_class_t kind;
    const char *words; /* the database's own text */
    const char
        *constraint;    /* "UNIQUE", "NOT NULL", "CHECK", "FOREIGN KEY", "trigger"; NULL other */
    const char *column; /* concerned, when the text names it: "email", or "a, b" */
    const char
        *table; /* PostgreSQL: whose constraint it is; `column` may be the name of the constraint */
    int reopen; /* this connection is not to be used again */
    int is_unanswered; /* the statement was sent, and what became of it was never told */
} nts_sql_error_t;

typedef struct nts_sql_column_t {
    const char *name;
    nts_type_t type;
    int not_null;
    int has_default;
    int generated; /* cannot be written */
    int key;       /* place in the key, from 1; 0: not part of it */
    const char *
        collation; /* SQLite, key: of the index that makes it unique, if not the column's own; MariaDB: of a text */
    char affinity;  /* SQLite: how values are stored; see nts_sql_sqlite_type.c */
    int is_decimal; /* numbers travel as texts, exact to the last digit */
    int native;     /* the type as its dialect knows it; PostgreSQL: its number, domains resolved */
} nts_sql_column_t;

/** A table that may be synced: its key has been checked. */
typedef struct nts_sql_table_t {
    const char *name; /* as change entries and messages spell it */
    const char *sql;  /* as statements name it */
    const char *home; /* PostgreSQL: the schema of our own objects; MariaDB: the database */
    const nts_sql_column_t *columns;
    int count;
    const nts_sql_column_t *const *key; /* the columns of the key, in order */
    int key_count;
    int key_is_rowid;   /* the database numbers new rows itself */
    const char *row_id; /* name that reaches the row number; NULL: there is none */
    /* Changes are not noticed, why, and what that costs, for people; NULL: triggers see to it */
    const char *unwatched;
    /* PostgreSQL: the statement that has its deferred constraints on unique values looked at now; NULL: there are none */
    const char *look_at_unique;
    int is_view;                      /* nobody may create such triggers; else somebody else may */
    const nts_sql_column_t *modified; /* unwatched: when a row was changed; NULL: nothing tells */
} nts_sql_table_t;

/** What the database keeps about itself. */
typedef struct nts_sql_state_t {
    int installed;        /* the shared tables are there and of our version */
    const char *instance; /* NULL: not installed */
    apr_int64_t version;
    apr_int64_t counter; /* highest change number given out */
    apr_int64_t entries; /* entries made from here on have a higher id */
    int is_tracked;      /* this table has been provisioned */
    apr_int64_t lost_to; /* entries of this table up to here may be gone from the change table */
} nts_sql_state_t;

/** A statement under construction. */
typedef struct nts_sql_stmt_t {
    nts_sql_session_t *session;
    apr_array_header_t *pieces; /* const char * */
    apr_array_header_t *params; /* nts_sql_cell_t */
} nts_sql_stmt_t;

/** A column and what is to be stored in it. */
typedef struct nts_sql_assignment_t {
    const nts_sql_column_t *column;
    nts_sql_cell_t cell;
} nts_sql_assignment_t;

/** One object that provisioning installs. */
typedef struct nts_sql_object_t {
    const char *name;
    const char *create;
    const char *shown; /* what the database shows for it as it should be; NULL: `create` */
    const char *drop;  /* also when it is not there; NULL: `create` replaces it */
    int is_shared;     /* by all tables; never replaced when it is there */
} nts_sql_object_t;

/** What a class of failure means for one kind of database. */
typedef struct nts_sql_words_t {
    nts_sql_class_t kind;
    const char *what; /* after "the database NAME" */
    const char *advice;
} nts_sql_words_t;

/** Where tables may be unwatched: how what no trigger enters is entered (nts_sql_unwatched.c). */
typedef struct nts_sql_unwatched_t {
    const char *kinds; /* the types that a column named with modified= may have, for people */
    const char *entry_columns; /* of an entry, before the others: "conn, ", or "" */
    const char *entry_values;  /* "CONNECTION_ID(), ", or "" */
    const char *longest; /* bytes of a key; rows with longer ones are found by reconciliation */
    const char *clock;   /* milliseconds now, whenever the statement or transaction began */
    const char *replace_mark; /* the end of an INSERT of an intent that may be there already */
    /** The column of row "t" in milliseconds; NULL where it holds no time. */
    void (*add_ms)(nts_sql_stmt_t *stmt, const nts_sql_column_t *column);
    /** A condition, which an index on the column serves: it is not older than that. */
    void (*add_bound)(nts_sql_stmt_t *stmt, const nts_sql_column_t *column, apr_int64_t ms);
} nts_sql_unwatched_t;

/*
 * Functions that take a session fill in its answer when they fail, and return non-zero. The rest
 * cannot fail or say so by their result.
 */
typedef struct nts_sql_dialect_t {
    const char *driver;     /* as NotionSyncDatabase names it */
    const char *begin_read; /* one snapshot */
    const char
        *begin_write; /* nobody else writes from here on; or, with lock_row, not to that row */
    /** A condition on change entries, above the id of nts_sql_state_t: they are of this transaction.
     *  NULL: all above it are, since nobody else writes. */
    const char *own_entries;
    const char *entry_number;             /* the column that numbers change entries */
    const char *entry_table;              /* that names their table, in a search by number */
    const nts_sql_words_t *words;         /* up to kind NTS_SQL_FINE; NULL: as of a file */
    const nts_sql_unwatched_t *unwatched; /* NULL: no table is */
    /** A DELETE up to the name of its table, which is followed by AS t; NULL: "DELETE FROM ". */
    const char *delete_from;
    /** How provisioning is printed: what comes before, between and after its statements; NULL: one transaction,
     *  semicolons. */
    const char *script_begin;
    const char *script_next;
    const char *script_end;
    /** Longest pause between attempts to open; 0: none. */
    apr_interval_time_t open_pause;

    /** What is wrong with the connection info, a clause for people; NULL: nothing that can be told without trying. The
     *  function itself may be NULL. */
    const char *(*check)(const char *database, apr_pool_t *p);
    /** Connects; @a p lives as long as the database stays open. */
    apr_status_t (*open)(nts_sql_db_t **db, const char *database, const char *secret,
                         nts_sql_error_t *error, apr_pool_t *p);
    void (*close)(nts_sql_db_t *db);
    /** False: it is no longer what the configuration names (the file was replaced). */
    int (*is_current)(nts_sql_db_t *db);
    /** False: the database has ended the transaction by itself. */
    int (*is_in_transaction)(nts_sql_db_t *db);
    /** Runs one statement; @a rows belong to @a p. @a max_bytes 0: all rows. */
    apr_status_t (*run)(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params, int count,
                        apr_size_t max_bytes, nts_sql_rows_t *rows, nts_sql_error_t *error,
                        apr_pool_t *p);
    /** A number that moves when another connection has committed. Outside a transaction only. */
    apr_status_t (*commit_token)(apr_int64_t *token, nts_sql_session_t *s);

    /** A number that moves with each change of the schema, whoever makes it. Inside a transaction. */
    apr_status_t (*schema_version)(apr_int64_t *version, nts_sql_session_t *s);

    const char *(*placeholder)(int number, apr_pool_t *p);

    /** Reads the table named by @a collection, into @a p, and checks @a key (NULL: the primary key). */
    apr_status_t (*describe)(nts_sql_table_t **table, nts_sql_session_t *s, const char *collection,
                             const char *key, apr_pool_t *p);
    /** A right that the account lacks for what the mapping writes there, for people; *right NULL: none is known. The
     *  function itself may be NULL. */
    apr_status_t (*find_missing_right)(const char **right, nts_sql_session_t *s);
    /** True if rows without a usable key exist. */
    apr_status_t (*has_keyless)(int *found, nts_sql_session_t *s, const nts_sql_table_t *table);

    /** How many of our four shared tables are there; one row. */
    const char *count_objects;
    /** One row (or none): the instance id, the version, the counter, whether the table "t" is tracked, up to where entries were lost, and
     *  the id of the newest entry unless an id is a number; up to the name of that table, which follows. */
    const char *select_state;
    /** The name by which entries know the table that a mapping calls @a collection; NULL: that one. */
    const char *(*entry_name)(nts_sql_session_t *s, const char *collection);
    /** Behind a comparison with that name; NULL: nothing. */
    const char *entry_collation;

    /** The columns of the key of row "t" as texts, with commas between. */
    void (*add_key_columns)(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
    /** A condition: row "t" has exactly this key. */
    void (*add_key_is)(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                       const char *const *parts);
    /** A condition: row "t" has a usable key, beyond @a parts unless NULL. */
    void (*add_key_after)(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                          const char *const *parts);
    /** A column of row "t"'s key as the index has it, so that rows come in order without being sorted. */
    const char *(*key_column)(const nts_sql_table_t *table, const nts_sql_column_t *column,
                              apr_pool_t *p);
    /** The key of row "t" as change entries spell it: an expression, and made from parts. */
    void (*add_stored_key)(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
    /** Keeps others from changing the row until the end of the transaction, waiting for those who have
     *  changed it; NULL: nobody else writes anyway. */
    apr_status_t (*lock_row)(nts_sql_session_t *s, const nts_sql_table_t *table,
                             const char *const *parts);
    /** " AND " and a condition that every row fulfils in which @a column holds what @a cell stores;
     *  more rows may. */
    void (*add_holds)(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                      const nts_sql_cell_t *cell);

    /** The whole statement: foreign keys that refer to the table and that delete rows, or empty their columns, with the row they refer to.
     *  A row for each of their columns, those of one key together and in order: what tells the key from others, the schema and the name of its
     *  table (schema NULL: where names are looked for anyway), 1 if rows are deleted (0: emptied, -1: the account is not told), the column, the column of @a table it refers to, 1 if it
     *  is @a table that has the key, 1 if its rows may be counted. Of a view those of the tables behind it, as far as
     *  they are known; these are not counted. */
    void (*add_referrers)(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);

    /** Writes one row and tells its key afterwards; parts NULL: nothing was written. */
    apr_status_t (*insert)(const char *const **parts, nts_sql_session_t *s,
                           const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                           int count);
    apr_status_t (*update)(const char *const **parts, nts_sql_session_t *s,
                           const nts_sql_table_t *table, const char *const *key,
                           const nts_sql_assignment_t *set, int count);

    /** Marks what this ask has made of change entries of these keys (NULL: none) with its intent, where one UPDATE would
     *  wait for others; NULL: one UPDATE. */
    apr_status_t (*mark_entries)(nts_sql_session_t *s, const char *const *now,
                                 const char *const *before);
    /** Deletes some intents that are too old; NULL: one DELETE with a subquery. */
    apr_status_t (*prune_intents)(nts_sql_session_t *s);

    /** Entries of a table after a number: id, op, key, old_key, intent, image, at, and 1 where a
     *  delete is the first half of a replace (S4.4). */
    void (*add_changes)(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since, int limit);

    /** One row: when the entry of that number was made (NULL: it is not there), and the number and time of the newest entry (NULL: there
     *  is none), of whatever table; times in ms. */
    void (*add_witness)(nts_sql_stmt_t *stmt, apr_int64_t number);
    /** One row: the number of the last entry, of whatever table, that was not made after @a ms; if all were, that before the first one;
     *  NULL: there is none. Costs as much as there are later ones. The function itself may be NULL, where numbers and times do not go
     *  together: then what was done in a copy before it was seen is found by a full run only. */
    void (*add_shared)(nts_sql_stmt_t *stmt, apr_int64_t ms);
    /** Deletes a table's change entries up to that number, where one DELETE would wait for others; NULL: one DELETE. */
    apr_status_t (*delete_entries)(nts_sql_session_t *s, const char *tbl, apr_int64_t last);
    /** The row image of an entry as JSON. NULL if it cannot be read. */
    const char *(*change_image)(const char *stored, apr_pool_t *p);

    /** Longest name of a table or column, in characters or bytes; 0: none is too long. */
    int name_max;
    int name_in_bytes;
    /** Before a column, or a table, that is added unless it is there; NULL: nobody else can be doing so. */
    const char *if_no_column;
    /** Behind the columns of a table that is made; may be NULL. */
    const char *table_options;
    /** Lists are arrays, which unnest() takes apart. */
    int has_lists;
    /** A column that keeps values of @a like, as describe would show it, but for its name; returns its type in SQL, which lets it be
     *  NULL. */
    const char *(*make_column)(nts_sql_column_t *column, const nts_type_t *like, apr_pool_t *p);
    /** The names of a table that is to be made, and its key, as describe would show them, in s->ptemp; returns the key's type in
     *  SQL: numbers that the database gives. NULL: no table can have that name, the answer is filled in. */
    const char *(*make_table)(nts_sql_table_t *table, nts_sql_column_t *key, nts_sql_session_t *s,
                              const char *collection);

    /** Begins a write transaction in which nobody else provisions this database; NULL: begin_write is enough. */
    const char *begin_provision;
    /** Where DDL ends transactions: one row, 1: nobody else provisions this database until `unlock`, a statement outside of
     *  transactions as this one, or the end of the session; 0: somebody does, and takes long. NULL: not needed. */
    const char *lock;
    const char *unlock;

    /** What must be there for a table; the first ones are shared. */
    const nts_sql_object_t *(*objects)(int *count, const nts_sql_table_t *table, apr_pool_t *p);
    /** Name and text of what is there; two columns. */
    const char *installed_objects;
    /** Statements (const char *) that remove what entries the changes of a table, which may be gone; and what all tables share. */
    void (*plan_table_removal)(apr_array_header_t *statements, nts_sql_session_t *s,
                               const char *tbl);
    void (*plan_shared_removal)(apr_array_header_t *statements, nts_sql_session_t *s);
    /** Statements after the objects: the instance id, the table's row, and, when triggers were
     *  replaced, an entry that says "look at everything". */
    const char *(*enrol)(const char *tbl, apr_pool_t *p);
    const char *new_instance;
    const char *(*missed)(const char *tbl, apr_pool_t *p);
    /** The database's clock as an expression: milliseconds since 1970. */
    const char *now;

    /** Descriptor of a change notice, or -1; loop thread; see nts_connector_t. */
    struct nts_sql_watch_t *(*watch_open)(const char *database, const char *secret, apr_pool_t *p);
    int (*watch_descriptor)(struct nts_sql_watch_t *watch);
    int (*watch_drain)(struct nts_sql_watch_t *watch);
    void (*watch_close)(struct nts_sql_watch_t *watch);
} nts_sql_dialect_t;

typedef struct nts_sql_watch_t nts_sql_watch_t;

extern const nts_sql_dialect_t nts_sql_sqlite;
extern const nts_sql_dialect_t nts_sql_pgsql; /* in builds with libpq */
extern const nts_sql_dialect_t nts_sql_mysql; /* in builds with libmariadb */

/** By driver name; NULL if this build does not know it. */
const nts_sql_dialect_t *nts_sql_dialect_find(const char *driver);

#endif /* NTS_SQL_DIALECT_H */
