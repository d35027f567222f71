/* nts_store_impl.h - what the files of store/ share. */
#ifndef NTS_STORE_IMPL_H
#define NTS_STORE_IMPL_H

#include "db/nts_db.h"
#include "db/nts_lock.h"
#include "db/nts_txn.h"
#include "store/nts_store.h"

/** The schema this version reads and writes. */
#define NTS_STORE_SCHEMA 18

/** A call that is its own transaction waits this long for the writer lock. */
#define NTS_STORE_WAIT apr_time_from_sec(10)

/* Values of the enumerations as they stand in the database and in its partial indexes. */
#define NTS_SQL_ACTIVE "1"    /* NTS_LINK_ACTIVE */
#define NTS_SQL_TOMBSTONE "3" /* NTS_LINK_TOMBSTONE */
#define NTS_SQL_PENDING "0"   /* NTS_ENTRY_PENDING */

struct nts_store_t {
    apr_pool_t *p;
    apr_pool_t *temp; /* scratch: cleared by each call of the interface */
    apr_pool_t *unit; /* of the open transaction: cleared at its end */
    nts_db_t *db;
    nts_lock_t *lock;
    nts_txn_t *txn; /* NULL: none open */
    const nts_clock_t *clock;
    int no_values;           /* of the configuration */
    apr_int64_t next_notice; /* the next row of the inbox in this transaction; 0: not looked up */
};

/** The scratch pool, cleared. Once at the top of each function of the interface. */
apr_pool_t *nts_store_scratch(nts_store_t *store);
apr_time_t nts_store_now(const nts_store_t *store);

/** Join the open transaction, or begin one that nts_unit_leave ends. */
apr_status_t nts_unit_enter(int *own, nts_store_t *store);
/** Give back @a rv; if the transaction is our own it is committed when @a rv is APR_SUCCESS, else undone. */
apr_status_t nts_unit_leave(nts_store_t *store, int own, apr_status_t rv);

/** Bring the database to NTS_STORE_SCHEMA, under the writer lock. @a from is 0 for an empty file. */
apr_status_t nts_schema_migrate(nts_db_t *db, apr_int64_t from, apr_pool_t *ptemp);
/** The schema of the database, 0 if it is empty; APR_EMISMATCH if it is somebody else's. */
apr_status_t nts_schema_version(apr_int64_t *version, nts_db_t *db, apr_pool_t *ptemp);
/** The same by prepared statement; fails when statements have become stale (D3). */
apr_status_t nts_schema_check(nts_db_t *db, apr_pool_t *ptemp);

/* --- rows (nts_store_rows.c) */

/** The columns of a link, for nts_row_link. */
#define NTS_LINK_COLUMNS                                                                           \
    "id, page, key, state, bases, trouble, outcome, fingerprint, attempts, next_try, touched, "    \
    "missing, issues"
#define NTS_LINK_COLUMN_COUNT 13
#define NTS_ENTRY_COLUMNS                                                                          \
    "id, intent, link, op, side, state, at, page, key, cause, run, image, note, fields, undoes, "  \
    "looked, taken"
#define NTS_ENTRY_COLUMN_COUNT 17
/* What the indexes of the inbox are made of (nts_store_schema.c, step_7). */
#define NTS_SQL_EVENT_UNIQUE                                                                       \
    "mapping, side, CASE WHEN side = 0 THEN at ELSE coalesce(record, '') END, event"
#define NTS_SQL_BLOCK(id) id " >> 8"
#define NTS_SQL_TAIL(record) "substr(" record ", -6)"
#define NTS_NOTICE_COLUMNS                                                                         \
    "id, side, record, event, kind, properties, authors, old_key, intent, image, at, stored"

/** Copies of the current row, in @a p. APR_EMISMATCH: not what this module writes. */
apr_status_t nts_row_link(nts_link_t **link, nts_rows_t *rows, apr_pool_t *p);
apr_status_t nts_row_entry(nts_entry_t *entry, nts_rows_t *rows, apr_pool_t *p);
apr_status_t nts_row_notice(nts_notice_t *notice, nts_rows_t *rows, apr_pool_t *p);
/** A text column copied to @a p; NULL for NULL. */
const char *nts_row_copy(nts_rows_t *rows, int column, apr_pool_t *p);
/** A select of which a service is the only argument; *found: it has a row, and that is the current one. */
apr_status_t nts_get_of_service(nts_rows_t *rows, int *found, nts_store_t *store,
                                const nts_stmt_t *stmt, apr_int64_t service);
/** The first row of a select as a link; *link NULL if there is none. */
apr_status_t nts_get_link(nts_link_t **link, nts_store_t *store, const nts_stmt_t *stmt,
                          const nts_arg_t *args, int count, apr_pool_t *p, apr_pool_t *ptemp);

/** An outcome as stored text: NULL when nothing is wrong. */
const char *nts_outcome_store(const nts_outcome_t *out, apr_pool_t *p);
apr_status_t nts_outcome_fetch(nts_outcome_t *out, const char *text, apr_pool_t *p);

/* --- parts used by several files; all inside a transaction */

/** Live link of a page, or else its newest tombstone; live link of a key. */
apr_status_t nts_link_by_page(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                              const char *page, apr_pool_t *p, apr_pool_t *ptemp);
apr_status_t nts_link_by_key(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                             const char *key, apr_pool_t *p, apr_pool_t *ptemp);
/** The deleted record that had the key last; NULL none. */
apr_status_t nts_link_gone_by_key(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                  const char *key, apr_pool_t *p, apr_pool_t *ptemp);
apr_status_t nts_link_by_id(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                            apr_int64_t id, apr_pool_t *p, apr_pool_t *ptemp);
/** S5.8: the keys of the records that @a link waits for in a circle, as nts_loaded_t has them. */
apr_status_t nts_blocked_company(const char *const **company, int *count, nts_store_t *store,
                                 apr_int64_t mapping, const nts_link_t *link, apr_pool_t *p,
                                 apr_pool_t *ptemp);
/** Of a commit that is stored but for this: who waited for its record is due, into commit->woken. @a stored_key: the link's before. */
apr_status_t nts_blocked_wake(nts_store_t *store, apr_int64_t mapping, const char *stored_key,
                              nts_commit_t *commit, apr_pool_t *p, apr_pool_t *ptemp);
/** Insert (id 0, then set) or update; keeps the tally. @a before is the state stored before, or -1. */
apr_status_t nts_link_write(nts_store_t *store, apr_int64_t mapping, nts_link_t *link, int before,
                            apr_pool_t *ptemp);
apr_status_t nts_entry_insert(nts_store_t *store, apr_int64_t mapping, nts_entry_t *entry,
                              int counted, apr_pool_t *ptemp);
apr_status_t nts_entry_update(nts_store_t *store, apr_int64_t mapping, const nts_entry_t *entry,
                              apr_pool_t *ptemp);
/** Sets id and stored; @a known: the event was there already. */
apr_status_t nts_notice_insert(int *known, nts_store_t *store, apr_int64_t mapping,
                               nts_notice_t *notice, apr_pool_t *ptemp);
/** A key that was just given to another record: its former link lost its row, or the database would have refused
 *  that; its own notice may still wait. It keeps a name that no row has, and is looked at: a read will
 *  confirm the delete. @a by: what gave the key away, in a word or two */
apr_status_t nts_key_displace(nts_store_t *store, apr_int64_t mapping, nts_link_t *link,
                              const char *by, apr_time_t at, apr_pool_t *ptemp);
/** Another mapping made the row @a notice->record, an insert, with @a notice->intent: a link that had this key before has no row
 *  any more (S4.4). One that has entries of that row since is its own. */
/** Did another mapping of @a mapping's table make the row that has @a key after entry @a after (S4.4)? */
apr_status_t nts_sibling_made_row(int *made, nts_store_t *store, apr_int64_t mapping,
                                  const char *key, apr_int64_t after, apr_pool_t *ptemp);
apr_status_t nts_key_made_elsewhere(nts_store_t *store, apr_int64_t mapping,
                                    const nts_notice_t *notice, apr_pool_t *ptemp);
/** Did another mapping make the row that @a notice, an insert with an intent, tells of? */
apr_status_t nts_key_is_made_elsewhere(int *is_made, nts_store_t *store, apr_int64_t mapping,
                                       const nts_notice_t *notice, apr_pool_t *ptemp);
/** The key @a notice->old_key is now @a notice->record: its link follows (S4.4). */
apr_status_t nts_key_move(nts_store_t *store, apr_int64_t mapping, const nts_notice_t *notice,
                          apr_pool_t *ptemp);
/** A delete is told of: the row was last seen no later than now, also if our clock was set back since (seed 49835 of the simulation: its
 *  image looked like that of a former row). */
apr_status_t nts_key_gone(nts_store_t *store, apr_int64_t mapping, const nts_notice_t *notice,
                          apr_pool_t *ptemp);
/** Was it told, at @a since or later, that the row with that key got another? */
apr_status_t nts_key_moved_since(int *moved, nts_store_t *store, apr_int64_t mapping,
                                 const char *key, apr_time_t since, apr_pool_t *ptemp);
/** A row made at @a since has its link only now: what was told meanwhile of its key is followed. */
apr_status_t nts_key_catch_up(nts_store_t *store, apr_int64_t mapping, const char *key,
                              apr_time_t since, apr_pool_t *ptemp);
/** A key that nts_key_displace() gave a link: the name of no row. */
int nts_key_is_displaced(const char *key);
/** @a link has both names, and had not before: those who wait for one of them look again. Counts them in @a told. */
apr_status_t nts_waiting_tell(int *told, nts_store_t *store, apr_int64_t mapping,
                              const nts_link_t *link, apr_pool_t *ptemp);
/** What the link of @a commit waits for from now on (S5.2). */
apr_status_t nts_waiting_put(int *told, nts_store_t *store, apr_int64_t mapping,
                             const nts_commit_t *commit, apr_pool_t *ptemp);
apr_status_t nts_waiting_forget(nts_store_t *store, apr_int64_t link);
apr_status_t nts_notice_settle(nts_store_t *store, const apr_int64_t *ids, int count);
/** The rulings of a record that nothing has carried out. */
apr_status_t nts_rulings_load(nts_loaded_t *loaded, nts_store_t *store, apr_int64_t mapping,
                              const nts_target_t *ids, apr_pool_t *p, apr_pool_t *ptemp);
apr_status_t nts_rulings_end(nts_store_t *store, const nts_ruling_end_t *ended, int count);
/** The last schema seen of a side; *text NULL: none. */
apr_status_t nts_schema_text(const char **text, nts_store_t *store, apr_int64_t mapping,
                             nts_side_t side, apr_pool_t *p);
/** APR_ENOENT: unknown group. */
apr_status_t nts_group_epoch(apr_int64_t *epoch, nts_store_t *store, const char *group,
                             apr_pool_t *ptemp);

/** Links that entered (+1) or left (-1) the active state: what the delete limit reckons with. */
apr_status_t nts_tally_move(nts_store_t *store, apr_int64_t mapping, int by);
typedef struct nts_tally_t {
    apr_int64_t active; /* links active now */
    apr_int64_t made;   /* that became active in the last hour */
    apr_int64_t left;   /* that ceased to be, in the last hour */
} nts_tally_t;
apr_status_t nts_tally_read(nts_tally_t *tally, nts_store_t *store, apr_int64_t mapping,
                            apr_pool_t *ptemp);

/** Hold a record that so many of each side could be the partner of (S5.1). */
void nts_match_hold(nts_link_t *link, const apr_int64_t *times, apr_pool_t *p);

#endif /* NTS_STORE_IMPL_H */
