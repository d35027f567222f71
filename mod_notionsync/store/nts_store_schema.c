/* nts_store_schema.c - the tables, and the steps from each version to the next. Forward only.
 *
 * A released step is never edited: a change of the tables is a new one. Text and 64-bit integers only;
 * times in microseconds (D20). See docs/design/state.md for what each table is for.
 */
#include <string.h>

#include "store/nts_store_impl.h"

/* "ntsy": tells our file from any other. */
#define APPLICATION_ID "1853125497"

static const char *const step_1[] = {
    "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",

    "CREATE TABLE service (id INTEGER PRIMARY KEY, vhost TEXT NOT NULL, name TEXT NOT NULL,"
    " running INTEGER NOT NULL CHECK (running IN (0, 1)), position INTEGER NOT NULL,"
    " setup TEXT NOT NULL, UNIQUE (vhost, name))",

    "CREATE TABLE mapping (id INTEGER PRIMARY KEY, data_source TEXT NOT NULL,"
    " external INTEGER NOT NULL, collection TEXT NOT NULL, notion INTEGER NOT NULL,"
    " vhost TEXT NOT NULL, name TEXT NOT NULL, running INTEGER NOT NULL CHECK (running IN (0, 1)),"
    " position INTEGER NOT NULL, setup TEXT NOT NULL,"
    " UNIQUE (data_source, external, collection))",

    "CREATE TABLE pair (id INTEGER PRIMARY KEY, mapping INTEGER NOT NULL, notion TEXT NOT NULL,"
    " external TEXT NOT NULL, property TEXT, running INTEGER NOT NULL CHECK (running IN (0, 1)))",
    "CREATE INDEX pair_mapping ON pair (mapping, external)",

    "CREATE TABLE status (mapping INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0,"
    " outcome TEXT, matched INTEGER NOT NULL DEFAULT 0, instance TEXT,"
    " counter INTEGER NOT NULL DEFAULT 0 CHECK (typeof(counter) = 'integer'),"
    " listed INTEGER NOT NULL DEFAULT 0, full_done INTEGER NOT NULL DEFAULT 0,"
    " latency_notion INTEGER NOT NULL DEFAULT 0, latency_external INTEGER NOT NULL DEFAULT 0,"
    " triggers TEXT)",

    "CREATE TABLE schema_snapshot (mapping INTEGER NOT NULL, side INTEGER NOT NULL,"
    " at INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (mapping, side)) WITHOUT ROWID",

    "CREATE TABLE grp (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " epoch INTEGER NOT NULL CHECK (typeof(epoch) = 'integer'))",

    /* AUTOINCREMENT: the number of a forgotten link is not given to another, or the audit would lie. */
    "CREATE TABLE link (id INTEGER PRIMARY KEY AUTOINCREMENT, mapping INTEGER NOT NULL, page TEXT,"
    " key TEXT, state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), bases TEXT,"
    " trouble INTEGER NOT NULL DEFAULT 0 CHECK (trouble BETWEEN 0 AND 2), outcome TEXT,"
    " fingerprint TEXT, attempts INTEGER NOT NULL DEFAULT 0,"
    " next_try INTEGER NOT NULL DEFAULT 0 CHECK (typeof(next_try) = 'integer'),"
    " touched INTEGER NOT NULL DEFAULT 0 CHECK (typeof(touched) = 'integer'),"
    " missing INTEGER NOT NULL DEFAULT 0,"
    " CHECK (page IS NOT NULL OR key IS NOT NULL))",
    "CREATE UNIQUE INDEX link_page ON link (mapping, page) WHERE state <> " NTS_SQL_TOMBSTONE,
    "CREATE UNIQUE INDEX link_key ON link (mapping, key) WHERE state <> " NTS_SQL_TOMBSTONE,
    "CREATE INDEX link_mapping ON link (mapping)",
    "CREATE INDEX link_gone ON link (mapping, page) WHERE state = " NTS_SQL_TOMBSTONE,
    "CREATE INDEX link_gone_at ON link (touched) WHERE state = " NTS_SQL_TOMBSTONE,
    "CREATE INDEX link_rest ON link (mapping, state) WHERE state <> " NTS_SQL_ACTIVE,
    "CREATE INDEX link_trouble ON link (mapping, trouble) WHERE trouble <> 0",

    "CREATE TABLE tally (mapping INTEGER NOT NULL, minute INTEGER NOT NULL,"
    " made INTEGER NOT NULL, gone INTEGER NOT NULL, PRIMARY KEY (mapping, minute)) WITHOUT ROWID",

    "CREATE TABLE inbox (id INTEGER PRIMARY KEY, mapping INTEGER NOT NULL,"
    " side INTEGER NOT NULL CHECK (side IN (0, 1)), record TEXT, event TEXT, kind TEXT,"
    " properties TEXT, authors TEXT, old_key TEXT, intent TEXT, image TEXT,"
    " at INTEGER NOT NULL CHECK (typeof(at) = 'integer'),"
    " stored INTEGER NOT NULL CHECK (typeof(stored) = 'integer'),"
    " settled INTEGER NOT NULL DEFAULT 0 CHECK (typeof(settled) = 'integer'))",
    "CREATE UNIQUE INDEX inbox_event ON inbox (mapping, event)",
    "CREATE INDEX inbox_open ON inbox (mapping) WHERE settled = 0",
    "CREATE INDEX inbox_record ON inbox (mapping, side, record) WHERE settled = 0",
    "CREATE INDEX inbox_image ON inbox (mapping, record) WHERE image IS NOT NULL",

    "CREATE TABLE entry (id INTEGER PRIMARY KEY, mapping INTEGER NOT NULL, intent TEXT,"
    " link INTEGER NOT NULL, op INTEGER NOT NULL CHECK (op BETWEEN 0 AND 7),"
    " side INTEGER NOT NULL CHECK (side IN (0, 1)),"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),"
    " at INTEGER NOT NULL CHECK (typeof(at) = 'integer'), page TEXT, key TEXT, cause TEXT,"
    " run INTEGER NOT NULL DEFAULT 0, image TEXT, note TEXT, fields TEXT,"
    " undoes INTEGER NOT NULL DEFAULT 0, looked INTEGER NOT NULL DEFAULT 0,"
    " counted INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1)))",
    "CREATE UNIQUE INDEX entry_intent ON entry (intent) WHERE intent IS NOT NULL",
    "CREATE INDEX entry_mapping ON entry (mapping)",
    "CREATE INDEX entry_link ON entry (link) WHERE link <> 0",
    "CREATE INDEX entry_pending ON entry (mapping, link, op, side, page, key)"
    " WHERE state = " NTS_SQL_PENDING,
    "CREATE INDEX entry_image ON entry (link) WHERE image IS NOT NULL",
    "CREATE INDEX entry_counted ON entry (mapping, at) WHERE counted = 1",

    "CREATE TABLE budget_chunk (id INTEGER PRIMARY KEY, service INTEGER NOT NULL,"
    " requests INTEGER NOT NULL CHECK (requests BETWEEN 1 AND 10),"
    " reserved INTEGER NOT NULL CHECK (typeof(reserved) = 'integer'),"
    " answered INTEGER NOT NULL DEFAULT 0 CHECK (typeof(answered) = 'integer'))",
    "CREATE INDEX budget_service ON budget_chunk (service)",
    "CREATE TABLE gate (service INTEGER PRIMARY KEY,"
    " until INTEGER NOT NULL CHECK (typeof(until) = 'integer'))",

    "CREATE TABLE secret (service INTEGER NOT NULL, purpose TEXT NOT NULL, sealed TEXT NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY (service, purpose)) WITHOUT ROWID",
    "CREATE TABLE hook (service INTEGER PRIMARY KEY, state TEXT NOT NULL,"
    " expires INTEGER NOT NULL, last_event INTEGER NOT NULL,"
    " CHECK (state IN ('none', 'pending', 'arrived', 'verified')))",

    "CREATE TABLE command (id INTEGER PRIMARY KEY, mapping INTEGER NOT NULL, verb TEXT NOT NULL,"
    " args TEXT, by TEXT, state TEXT NOT NULL, progress TEXT, result TEXT, at INTEGER NOT NULL,"
    " CHECK (state IN ('queued', 'running', 'done', 'failed')))",
    "CREATE INDEX command_queued ON command (mapping) WHERE state = 'queued'",
    "CREATE INDEX command_running ON command (mapping) WHERE state = 'running'",

    "CREATE TABLE run (id INTEGER PRIMARY KEY, mapping INTEGER NOT NULL, kind TEXT NOT NULL,"
    " state TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER NOT NULL,"
    " seen_notion INTEGER NOT NULL, seen_external INTEGER NOT NULL, expected INTEGER NOT NULL,"
    " written_notion INTEGER NOT NULL, written_external INTEGER NOT NULL,"
    " troubles INTEGER NOT NULL, requests INTEGER NOT NULL, note TEXT,"
    " CHECK (state IN ('running', 'done', 'failed', 'stopped')))",
    "CREATE INDEX run_mapping ON run (mapping)",

    "CREATE TABLE match_candidate (mapping INTEGER NOT NULL,"
    " side INTEGER NOT NULL CHECK (side IN (0, 1)), id TEXT NOT NULL, hash TEXT NOT NULL,"
    " PRIMARY KEY (mapping, side, id)) WITHOUT ROWID",
    "CREATE INDEX match_hash ON match_candidate (mapping, hash, side)",

    "PRAGMA application_id=" APPLICATION_ID,
    NULL,
};

/* Plans: what a run would do, item by item. */
static const char *const step_2[] = {
    "CREATE TABLE plan (id INTEGER PRIMARY KEY AUTOINCREMENT, mapping INTEGER NOT NULL,"
    " uid TEXT NOT NULL, revision TEXT NOT NULL, instance TEXT,"
    " counter INTEGER NOT NULL CHECK (typeof(counter) = 'integer'), state TEXT NOT NULL,"
    " made INTEGER NOT NULL CHECK (typeof(made) = 'integer'),"
    " applied INTEGER NOT NULL CHECK (typeof(applied) = 'integer'), by TEXT,"
    " requests INTEGER NOT NULL, counts TEXT, note TEXT,"
    " CHECK (state IN ('loading', 'making', 'ready', 'applying', 'applied', 'failed')))",
    "CREATE INDEX plan_mapping ON plan (mapping)",
    "CREATE TABLE plan_item (id INTEGER PRIMARY KEY, plan INTEGER NOT NULL,"
    " kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 8), page TEXT, key TEXT,"
    " pairs INTEGER NOT NULL CHECK (pairs IN (0, 1)),"
    " to_notion INTEGER NOT NULL, to_external INTEGER NOT NULL, conflict INTEGER NOT NULL,"
    " over_limit INTEGER NOT NULL, fate INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 3), why TEXT,"
    " text TEXT NOT NULL, CHECK (page IS NOT NULL OR key IS NOT NULL))",
    "CREATE INDEX plan_item_plan ON plan_item (plan)",
    "CREATE INDEX plan_item_page ON plan_item (plan, page)",
    "CREATE INDEX plan_item_key ON plan_item (plan, key)",

    /* What tells a state store from an older copy of itself (S4.1); why a plan has to come first. */
    "ALTER TABLE status ADD COLUMN mark TEXT",
    "ALTER TABLE status ADD COLUMN mark_next TEXT",
    "ALTER TABLE status ADD COLUMN doubt TEXT",
    NULL,
};

/* What people are asked, and what they decided; entries by the run that made them, for its undo. */
static const char *const step_3[] = {
    "ALTER TABLE link ADD COLUMN issues TEXT",

    /* AUTOINCREMENT: a job must not end a ruling that took the number of the one it saw. */
    ("CREATE TABLE ruling (id INTEGER PRIMARY KEY AUTOINCREMENT, mapping INTEGER NOT NULL,"
     " link INTEGER NOT NULL, page TEXT, key TEXT, pair INTEGER NOT NULL,"
     " choice INTEGER NOT NULL, fingerprint TEXT, other TEXT, by TEXT, at INTEGER NOT NULL,"
     " command INTEGER NOT NULL, intent TEXT)"),
    "CREATE INDEX ruling_link ON ruling (mapping, link) WHERE link <> 0",
    "CREATE INDEX ruling_page ON ruling (mapping, page) WHERE page IS NOT NULL",
    "CREATE INDEX ruling_key ON ruling (mapping, key) WHERE key IS NOT NULL",
    "CREATE INDEX ruling_command ON ruling (command)",

    "CREATE INDEX entry_run ON entry (run) WHERE run <> 0",
    NULL,
};

/* A record may be a candidate twice: by its key and by its match fields. */
static const char *const step_4[] = {
    "DROP TABLE match_candidate",
    "CREATE TABLE match_candidate (mapping INTEGER NOT NULL,"
    " side INTEGER NOT NULL CHECK (side IN (0, 1)), id TEXT NOT NULL, hash TEXT NOT NULL,"
    " PRIMARY KEY (mapping, side, id, hash)) WITHOUT ROWID",
    "CREATE INDEX match_hash ON match_candidate (mapping, hash, side)",
    NULL,
};

/* One index of the inbox by record, for both what its two did: an event is always of the same record, so it
 * is unique where it stands beside that. Ids are random: each such index is one more page of the log for
 * each webhook, which is what the disk is busy with. */
static const char *const step_5[] = {
    "DROP INDEX inbox_record",
    "DROP INDEX inbox_event",
    "CREATE UNIQUE INDEX inbox_event ON inbox (mapping, side, coalesce(record, ''), event)",
    NULL,
};

/* Whom a parked record waits for (S5.8). */
static const char *const step_6[] = {
    "ALTER TABLE link ADD COLUMN blocker TEXT",
    "CREATE INDEX link_blocker ON link (mapping, blocker) WHERE blocker IS NOT NULL",
    NULL,
};

/* Notices are written in the order of their indexes, or nearly: each place of an index that a webhook changes is
 * a page of the log, and a sync takes as long as there are pages (docs/design/state.md). An event that an older version
 * took for two keeps its notices, the second without its name. */
static const char *const step_7[] = {
    "DROP INDEX inbox_event",
    "DROP INDEX inbox_open",
    "UPDATE inbox SET event = NULL WHERE event IS NOT NULL AND id NOT IN (SELECT min(id) FROM inbox"
    " GROUP BY mapping, side, CASE WHEN side = 0 THEN at ELSE coalesce(record, '') END, event)",
    "CREATE UNIQUE INDEX inbox_event"
    " ON inbox (mapping, side, CASE WHEN side = 0 THEN at ELSE coalesce(record, '') END, event)",
    "CREATE INDEX inbox_open ON inbox (mapping, id >> 8, side, substr(record, -6))"
    " WHERE settled = 0",
    NULL,
};

/* A database that was set back waits for a person longer than its worker lives (S4.4). */
static const char *const step_8[] = {
    "ALTER TABLE status ADD COLUMN restored INTEGER"
    " CHECK (restored IS NULL OR typeof(restored) = 'integer')",
    NULL,
};

/* Which references wait for which records of other mappings (S5.2). */
static const char *const step_9[] = {
    "CREATE INDEX link_gone_key ON link (mapping, key) WHERE state = " NTS_SQL_TOMBSTONE,
    "CREATE TABLE waiting (id INTEGER PRIMARY KEY, link INTEGER NOT NULL,"
    " mapping INTEGER NOT NULL, side INTEGER NOT NULL CHECK (side IN (0, 1)), name TEXT NOT NULL,"
    " told INTEGER NOT NULL CHECK (told IN (0, 1)))",
    "CREATE INDEX waiting_link ON waiting (link)",
    "CREATE INDEX waiting_name ON waiting (mapping, side, name, told)",
    NULL,
};

/* Which database it is that waits; it may also be another one. */
static const char *const step_10[] = {
    "ALTER TABLE status ADD COLUMN restored_as TEXT",
    "UPDATE status SET restored_as = instance WHERE restored IS NOT NULL",
    NULL,
};

/* Whether a key was changed since a row was read; few notices tell of such a change. */
static const char *const step_11[] = {
    "CREATE INDEX inbox_moved ON inbox (mapping, old_key) WHERE old_key IS NOT NULL", NULL
};

/* By which entry of its change table a database is known again. */
static const char *const step_12[] = {
    "ALTER TABLE status ADD COLUMN witness INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE status ADD COLUMN witness_at INTEGER NOT NULL DEFAULT 0",
    NULL,
};

/* What another mapping saw of the database is known longer than a worker lives (S4.4). */
static const char *const step_13[] = {
    "ALTER TABLE status ADD COLUMN seen_as TEXT",
    "ALTER TABLE status ADD COLUMN seen_from INTEGER NOT NULL DEFAULT 0",
    NULL,
};

/* Requests that were reserved are as old as the clock says that nobody sets. */
static const char *const step_14[] = {
    "ALTER TABLE budget_chunk ADD COLUMN mono INTEGER NOT NULL DEFAULT 0",
    NULL,
};

/* Installations through OAuth. An attempt is written by httpd's children, a grant by the group's worker. */
static const char *const step_15[] = {
    "CREATE TABLE oauth_state (hash TEXT NOT NULL PRIMARY KEY, service INTEGER NOT NULL,"
    " browser TEXT NOT NULL, by TEXT NOT NULL,"
    " expires INTEGER NOT NULL CHECK (typeof(expires) = 'integer')) WITHOUT ROWID",
    "CREATE TABLE oauth_attempt (service INTEGER PRIMARY KEY,"
    " number INTEGER NOT NULL CHECK (typeof(number) = 'integer'), state TEXT NOT NULL,"
    " by TEXT NOT NULL, at INTEGER NOT NULL CHECK (typeof(at) = 'integer'), outcome TEXT,"
    " CHECK (state IN ('arrived', 'sent', 'done', 'held', 'accepted', 'discarded', 'failed')))",
    "CREATE TABLE oauth_grant (service INTEGER PRIMARY KEY, state TEXT NOT NULL, outcome TEXT,"
    " workspace TEXT NOT NULL, workspace_name TEXT, bot TEXT, by TEXT,"
    " installed INTEGER NOT NULL, refreshed INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " held TEXT, held_name TEXT,"
    " CHECK (state IN ('good', 'refreshing', 'dead')))",
    NULL,
};

/* What a delete took along; of older ones nothing is known (S2.7). */
static const char *const step_16[] = { "ALTER TABLE entry ADD COLUMN taken TEXT", NULL };

/* What each pair was bound to, and why it is not (S5.4). */
static const char *const step_17[] = { "ALTER TABLE pair ADD COLUMN bound TEXT", NULL };

/* The id of a property of the external side, as the one of Notion's has always been kept (S5.4). */
static const char *const step_18[] = { "ALTER TABLE pair ADD COLUMN external_property TEXT", NULL };

/* steps[n] leads from version n to n + 1. */
static const char *const *const steps[NTS_STORE_SCHEMA] = {
    step_1,  step_2,  step_3,  step_4,  step_5,  step_6,  step_7,  step_8,  step_9,
    step_10, step_11, step_12, step_13, step_14, step_15, step_16, step_17, step_18
};

static const nts_stmt_t set_version = {
    "INSERT OR REPLACE INTO meta (name, value) VALUES ('schema', %lld)"
};
static const nts_stmt_t get_version = { "SELECT value FROM meta WHERE name = 'schema'" };

static apr_status_t run_step(nts_db_t *db, const char *const *step)
{
    apr_status_t rv = APR_SUCCESS;

    /* D4: one statement a call. */
    for (; *step && rv == APR_SUCCESS; step++) {
        rv = nts_db_run(db, *step);
    }
    return rv;
}

apr_status_t nts_schema_migrate(nts_db_t *db, apr_int64_t from, apr_pool_t *ptemp)
{
    nts_txn_t *txn;
    apr_int64_t at;
    apr_status_t rv = nts_txn_begin(&txn, db, ptemp);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (at = from; at < NTS_STORE_SCHEMA && rv == APR_SUCCESS; at++) {
        rv = run_step(db, steps[at]);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, db, &set_version, NTS_ARGS(nts_int(NTS_STORE_SCHEMA)));
    }
    if (rv != APR_SUCCESS) {
        nts_txn_rollback(txn);
        return rv;
    }
    return nts_txn_commit(txn);
}

apr_status_t nts_schema_version(apr_int64_t *version, nts_db_t *db, apr_pool_t *ptemp)
{
    const char *answer;
    int ours;
    apr_status_t rv;

    *version = 0;
    rv = nts_db_ask(&answer, db, "PRAGMA application_id", ptemp);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    ours = answer && strcmp(answer, APPLICATION_ID) == 0;
    rv = nts_db_ask(&answer, db, "SELECT name FROM sqlite_master LIMIT 1", ptemp);
    if (rv != APR_SUCCESS || !answer) {
        return rv; /* empty */
    }
    if (!ours) {
        return APR_EMISMATCH;
    }
    rv = nts_db_get_int(version, db, &get_version, NTS_NO_ARGS, ptemp);
    return rv == APR_ENOENT ? APR_EMISMATCH : rv;
}

apr_status_t nts_schema_check(nts_db_t *db, apr_pool_t *ptemp)
{
    apr_int64_t version;
    apr_status_t rv = nts_db_get_int(&version, db, &get_version, NTS_NO_ARGS, ptemp);

    if (rv == APR_SUCCESS && version != NTS_STORE_SCHEMA) {
        rv = APR_EMISMATCH;
    }
    return rv;
}
