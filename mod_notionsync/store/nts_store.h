/* nts_store.h - the module's memory: everything that must survive a crash, in one database.
 *
 * APR DBD with SQLite underneath. A connection belongs to the process that opened it (httpd child, worker,
 * tool), is opened after the fork and never carried over one (D25). Writers take the one writer lock
 * first (D12); reading needs no lock. Every commit of a job carries its group's epoch and is refused when
 * another owner has raised it. One thread at a time per nts_store_t; a process may have several.
 *
 * Statuses besides those of nts_base.h: APR_TIMEUP the writer lock was not to be had in time, nothing
 * happened; APR_EMISMATCH the stored data is damaged, or a newer version has migrated it: this process
 * cannot go on; APR_ENOSPC, APR_EACCES as the disk says. After any failure inside a unit the whole unit
 * is undone. docs/design/state.md describes the tables.
 */
#ifndef NTS_STORE_H
#define NTS_STORE_H

#include "base/nts_clock.h"
#include "base/nts_crypto.h"
#include "model/nts_reference.h"
#include "sync/nts_call.h"

typedef struct nts_store_t nts_store_t;

typedef struct nts_store_config_t {
    const char *driver;    /* "sqlite3" */
    const char *params;    /* path of the database file */
    const char *lock_path; /* one per store, for all processes; NULL: params with ".lock" */
    const nts_clock_t *clock;
    /* pages of the log (4 KB) after which a commit of this process writes it back; 0: 1000. Where
     * commits must be quick more, if a worker calls nts_store_checkpoint */
    int autocheckpoint;
    apr_interval_time_t open_wait; /* for the writer lock when opening; 0: a minute */
    /* NotionSyncAudit values=off: values and row images are stored as long as an intent is pending, whose recovery
     * needs them (S3.7), and no longer */
    int no_values;
} nts_store_config_t;

/** Create the file if absent and migrate it to this version's schema. Only in the short-lived helper or
 *  in tests. @a out explains failure: what, where, what to do. A newer schema is refused. */
apr_status_t nts_store_migrate(const nts_store_config_t *config, nts_outcome_t *out, apr_pool_t *p);

/** Open an existing, current store. */
apr_status_t nts_store_open(nts_store_t **store, const nts_store_config_t *config,
                            nts_outcome_t *out, apr_pool_t *p);
void nts_store_close(nts_store_t *store);

/** Write the log back as far as nobody has to wait. Outside a unit; takes some milliseconds of disk, so
 *  in a worker's idle moments. */
apr_status_t nts_store_checkpoint(nts_store_t *store);
/** A consistent copy of the whole store, made while others go on, to a file that does not exist yet. */
apr_status_t nts_store_backup(nts_store_t *store, const char *path, nts_outcome_t *out,
                              apr_pool_t *p);

/* ---- transactions: everything between begin and commit is one durable unit. Without begin each call
 *      below that writes is its own transaction. Any failure inside dooms the unit (D7). ---- */

/** Takes the writer lock (waits at most @a wait; APR_TIMEUP) and begins. A call that is its own
 *  transaction waits ten seconds. Numbers that calls have set in the caller's structures (link, entry,
 *  notice ids) mean nothing when the unit is not committed. */
apr_status_t nts_store_begin(nts_store_t *store, apr_interval_time_t wait);
apr_status_t nts_store_commit(nts_store_t *store);
void nts_store_rollback(nts_store_t *store);

/* ---- setup: what runs ---- */

/** Write the running services and mappings, fill in their ids and pair ids (kept across restarts by
 *  identity: data source id, service, collection; a mapping's name is a label), restore what is known
 *  of the ids of fields, note removed mappings as not running. */
apr_status_t nts_store_put_setup(nts_store_t *store, const nts_setup_t *setup, apr_pool_t *p);
/** The running setup, for the tool and for children. */
apr_status_t nts_store_get_setup(nts_setup_t **setup, nts_store_t *store, apr_pool_t *p);
/** Keep the id of a pair's field on @a side once first contact has shown it. A pair that is taken out of a running
 *  mapping and put back later gets a new number, and so begins without bases (S5.7). */
apr_status_t nts_store_put_property(nts_store_t *store, apr_int64_t pair, nts_side_t side,
                                    const char *id);
/** What a pair was bound to, and why it is not (nts_bound.h): keep it; and read it for all pairs of a mapping, all zero where there
 *  is nothing, with the ids of its fields, which another process may have learnt. */
apr_status_t nts_store_put_bound(nts_store_t *store, const nts_pair_t *pair);
apr_status_t nts_store_get_bounds(nts_store_t *store, nts_mapping_t *mapping, apr_pool_t *p);
/** For people: the mapping's fields that are suspended, and if @a offers what else could be mapped (nts_offer.h), as both sides were
 *  seen last. @a suspended may be NULL: how many there are. */
apr_status_t nts_store_show_fields(nts_json_t *parent, int *suspended, nts_store_t *store,
                                   const nts_mapping_t *mapping, int offers, apr_pool_t *p);

/** Put the pairs that were found by their names (nts_auto.h) behind those of a mapping of the configuration, with what is known of
 *  all of them; none if another configuration of it has been put since. */
apr_status_t nts_store_get_pairs(nts_store_t *store, nts_mapping_t *mapping, apr_pool_t *p);
/** The pairs of a running mapping are others now (nts_auto.h): keep them, and give new ones their numbers. What @a before has is
 *  compared with what is kept. @return APR_EMISMATCH: another configuration has been put since */
apr_status_t nts_store_put_pairs(nts_store_t *store, nts_mapping_t *mapping,
                                 const nts_mapping_t *before, apr_pool_t *p);

typedef enum nts_mapping_state_t {
    NTS_MAPPING_STARTING = 0, /* no first contact yet */
    NTS_MAPPING_RUNNING,
    NTS_MAPPING_PAUSED,  /* by a person */
    NTS_MAPPING_BLOCKED, /* cannot work; outcome says why; retried at outcome.retry_at */
    NTS_MAPPING_WAITING  /* held until a person acts: first match, other instance */
} nts_mapping_state_t;

typedef struct nts_mapping_status_t {
    nts_mapping_state_t state;
    nts_outcome_t outcome;
    int matched;          /* first contact is over (S5.1) */
    const char *instance; /* external instance id first seen; NULL none */
    apr_int64_t counter;  /* external change number taken */
    /* S4.4: the database was seen set back, or another one in its place, and nobody has said yet to go on: the instance that
     * was seen (NULL: nothing of the kind), and the least change number it showed since */
    const char *waiting_instance;
    apr_int64_t waiting_from;
    /* The same as another mapping of the database saw it while this one did not look; instance NULL: nothing since it looked */
    const char *seen_instance;
    apr_int64_t seen_from;
    /* S4.1: the newest change of the database that was seen, of whatever table, and when the database said it was made; at 0: none. A
     * database that was set back has another one of that number, if any */
    apr_int64_t witness;
    apr_time_t witness_at;
    apr_time_t listed;    /* sending of the last complete listing of Notion; 0 never */
    apr_time_t full_done; /* end of the last full reconciliation */
    apr_time_t latency[NTS_SIDE_COUNT]; /* last notice-to-write time towards that side */
    const char *triggers;               /* one line for the dashboard: provisioned, missing, ... */
    /* S4.1: what we last left in the external database, and what we were about to leave there; one of the two is
     * found there again unless this store is an older copy, or a new one. NULL: nothing yet */
    const char *mark;
    const char *mark_next;
    /* "state.lost", "state.restored", ...: nothing is written until a plan is applied; NULL: no doubt */
    const char *doubt;
} nts_mapping_status_t;

/** All zero for a mapping that is not known. Note that nts_store_take_changes moves `counter` and a match
 *  join sets `matched`: whoever keeps a copy follows, or writes the old value back. */
apr_status_t nts_store_get_status(nts_mapping_status_t *status, nts_store_t *store,
                                  apr_int64_t mapping, apr_pool_t *p);
/** APR_EBUSY: another worker has the group by now, and what is stored is its status. */
apr_status_t nts_store_put_status(nts_store_t *store, const char *group, apr_int64_t epoch,
                                  apr_int64_t mapping, const nts_mapping_status_t *status);

/** Last schema seen of a side, as nts_schema_to_json text. */
apr_status_t nts_store_put_schema(nts_store_t *store, apr_int64_t mapping, nts_side_t side,
                                  const char *schema);
apr_status_t nts_store_get_schema(const char **schema, nts_store_t *store, apr_int64_t mapping,
                                  nts_side_t side, apr_pool_t *p);

/* ---- groups: who may write ---- */

/** Become the group's worker: a lock that dies with this process, held until unlocked or closed.
 *  APR_EBUSY: another process (of any generation) is. Then raise the epoch. */
apr_status_t nts_store_lock_group(nts_store_t *store, const char *group);
void nts_store_unlock_group(nts_store_t *store, const char *group);
/** Raise the group's epoch and remember it; later job commits of this store for the group are refused
 *  (NTS_COMMIT_CLASH) once somebody raised it again. The group's name is stable over restarts. */
apr_status_t nts_store_own_group(apr_int64_t *epoch, nts_store_t *store, const char *group);
/** True while our epoch is the newest; also when the store cannot say, for then nothing is stored either. */
int nts_store_owns_group(nts_store_t *store, const char *group, apr_int64_t epoch);

/* ---- the engine's calls ---- */

/** A page leads to its live link, or else to its newest tombstone (S4.1); a key only to a live link, for a
 *  key that is used again is a new record (S4.4). Intents that name the page or key come with it even if
 *  they belong to another link. */
apr_status_t nts_store_load(nts_loaded_t **loaded, nts_store_t *store, const nts_mapping_t *mapping,
                            const nts_target_t *target, apr_pool_t *p);
/** One nts_commit_t; @a result tells LIMIT and CLASH, which store nothing of it but leave the unit
 *  usable for others. */
apr_status_t nts_store_apply(nts_commit_result_t *result, const char **words, nts_store_t *store,
                             const nts_mapping_t *mapping, const char *group, apr_int64_t epoch,
                             nts_commit_t *commit, apr_pool_t *p);
/** Links by ids (one per id, NULL where unknown; live or dead as nts_store_load) or, with ids NULL,
 *  active, dormant and new ones by number. */
apr_status_t nts_store_lookup(nts_link_t ***links, int *count, nts_store_t *store,
                              apr_int64_t mapping, nts_side_t side, const char *const *ids,
                              int id_count, apr_int64_t after, int limit, apr_pool_t *p);
/** Highest link number, the size of a bitmap over links. */
apr_status_t nts_store_max_link(apr_int64_t *max, nts_store_t *store);

/* ---- references to records of other mappings (S5.2) ---- */

/** What @a name of @a side, or @a link where @a name is NULL, leads to in @a mapping: a live record or else the newest deleted one;
 *  unknown ones are found too, without a link, and wait. Texts in @a p. See nts_referent_fn. */
apr_status_t nts_store_referent(nts_referent_t *found, nts_store_t *store, apr_int64_t mapping,
                                nts_side_t side, const char *name, apr_int64_t link, apr_pool_t *p);

/* ---- mappings that share a data source or a table (S3.9) ---- */

/** Put what @a commit wrote to data sources, or may have written, into the inboxes of all running mappings that have the same data
 *  source on either side, whatever service they name. In the transaction of the commit. @a told: notices that are new. */
apr_status_t nts_store_tell_siblings(int *told, nts_store_t *store, apr_int64_t mapping,
                                     const nts_commit_t *commit);
/** The lowest change number up to which another running mapping of the same table, in the database with that instance
 *  id, has taken the change table; -1: there is no other. */
apr_status_t nts_store_sibling_counter(apr_int64_t *least, nts_store_t *store, apr_int64_t mapping,
                                       const char *instance);
/** For a create of unknown fate in the data source that @a mapping has on @a side: which of @a records another mapping is known to
 *  have made, or this one on its other side, wherever people have moved them since, and how many creates in that data source
 *  are without an end, of other mappings or of other records than that of @a link. @a made has room for @a count flags. */
apr_status_t nts_store_sibling_creates(apr_int64_t *pending, int *made, nts_store_t *store,
                                       apr_int64_t mapping, nts_side_t side, apr_int64_t link,
                                       const char *const *records, int count);

/** Which of @a records, pages of any data source, another mapping has a link of. @a known has room for @a count flags. */
apr_status_t nts_store_known_elsewhere(int *known, nts_store_t *store, apr_int64_t mapping,
                                       const char *const *records, int count);

/* ---- inbox ---- */

typedef struct nts_inbox_row_t {
    apr_int64_t mapping;
    nts_notice_t notice; /* id and stored are set by the store */
} nts_inbox_row_t;

/** Store notices; one whose (mapping, event) is known already is counted in @a duplicates and left. */
apr_status_t nts_store_put_notices(int *duplicates, nts_store_t *store, nts_inbox_row_t *rows,
                                   int count);
/** Unsettled notices of a mapping with id > after, oldest first. */
apr_status_t nts_store_get_notices(nts_notice_t **notices, int *count, nts_store_t *store,
                                   apr_int64_t mapping, apr_int64_t after, int limit,
                                   apr_pool_t *p);
apr_status_t nts_store_settle(nts_store_t *store, const apr_int64_t *ids, int count);
/** Take external changes into the inbox and move the mapping's counter and witness, in one transaction. */
apr_status_t nts_store_take_changes(nts_store_t *store, apr_int64_t mapping, nts_inbox_row_t *rows,
                                    int count, apr_int64_t counter, apr_int64_t witness,
                                    apr_time_t witness_at);
/** The database was set back or is another one: its change numbers begin again, and what has an old one's is not known by it
 *  any more. */
apr_status_t nts_store_renumber_changes(nts_store_t *store, apr_int64_t mapping);
/** Forget settled notices (which keep event ids known until then), and audit, tombstones, commands and
 *  runs that are older. At most 500 rows of each a call, so call it again and again: once a minute or so.
 *  Intents without an end are never forgotten. */
apr_status_t nts_store_prune(nts_store_t *store, apr_time_t inbox_before, apr_time_t audit_before);

/* ---- budget: requests are reserved before they are sent (architecture, Queue and budget) ---- */

/** An instant by the clock that people set, and by the one that nobody sets, which begins anew with the machine. */
typedef struct nts_moment_t {
    apr_time_t wall, mono;
} nts_moment_t;

/** Reserve @a n (at most 10) requests of a service; durable when this returns. */
apr_status_t nts_store_reserve(apr_int64_t *chunk, nts_store_t *store, apr_int64_t service, int n,
                               nts_moment_t now);
/** All of the chunk's requests were answered, the last at @a answered: counted until answered + window. */
apr_status_t nts_store_release(nts_store_t *store, apr_int64_t chunk, apr_time_t answered);
/** What a new owner inherits: requests still counted and until when at the latest; forgets older ones.
 *  Unreleased chunks count until now + window. By how much our clock was set forward since a chunk was reserved, its answers are later
 *  than they say. @param was_set it was, by a second at least */
apr_status_t nts_store_inherit(int *requests, apr_time_t *gate, int *was_set, nts_store_t *store,
                               apr_int64_t service, apr_interval_time_t window, nts_moment_t now);
/** Our clock was set forward by that: answers kept until now were given as much later by it. One that seems to come from the future then
 *  counts as one of now. */
apr_status_t nts_store_answers_moved(nts_store_t *store, apr_int64_t service,
                                     apr_interval_time_t by);
/** Keep a Retry-After: nothing before @a until. */
apr_status_t nts_store_gate(nts_store_t *store, apr_int64_t service, apr_time_t until);

/* ---- secrets, sealed ---- */

/** @a purpose: "hook", ... Stored sealed with @a key; binding is vhost, service and purpose. */
apr_status_t nts_store_put_secret(nts_store_t *store, const nts_service_t *service,
                                  const char *purpose, const nts_key_t *key, const char *secret);
/** APR_ENOENT if none. */
apr_status_t nts_store_get_secret(const char **secret, nts_store_t *store,
                                  const nts_service_t *service, const char *purpose,
                                  const nts_key_t *key, apr_pool_t *p);

/** Handshake (one row per service): "none", "pending" (opened by an administrator, until @a expires),
 *  "arrived" (the token is stored, shown to the administrator, first signed event awaited), "verified". */
typedef struct nts_hook_t {
    const char *state;
    apr_time_t expires;
    apr_time_t last_event; /* last correctly signed event; 0 never */
} nts_hook_t;
apr_status_t nts_store_get_hook(nts_hook_t *hook, nts_store_t *store, apr_int64_t service,
                                apr_pool_t *p);
apr_status_t nts_store_put_hook(nts_store_t *store, apr_int64_t service, const nts_hook_t *hook);
/** In one transaction: only while "pending" and not expired, store the token and become "arrived";
 *  APR_EEXIST otherwise: a stored token is never overwritten by a request. */
apr_status_t nts_store_take_handshake(nts_store_t *store, const nts_service_t *service,
                                      const nts_key_t *key, const char *token);

/** Notion tells of a change within five minutes (notion-api.md 4.6), of ours too; three times that is silence. */
#define NTS_EVENT_LATE apr_time_from_sec(900)
#define NTS_HOOK_SILENT "hook.silent"
/** Entries whose cause begins so are of edits that an incremental run found. */
#define NTS_CAUSE_INCREMENTAL "incremental run "
/** Whether events of a side that is Notion have stopped to come: it was changed, by us or as an incremental run found, after the last event
 *  and more than NTS_EVENT_LATE ago. Then @a out says so, and what to do; else it is emptied, as it is where nobody made a subscription. */
apr_status_t nts_store_get_silence(nts_outcome_t *out, nts_store_t *store,
                                   const nts_mapping_t *mapping, nts_side_t side, apr_pool_t *p);

/* ---- what people decided (S2.9) ---- */

/** Store a ruling, which gets its number; an earlier one about the same thing is forgotten. Jobs meet it when they
 *  load the record; an nts_commit_t ends it. */
apr_status_t nts_store_put_ruling(nts_store_t *store, apr_int64_t mapping, nts_ruling_t *ruling);
/** Those of one command that nothing has carried out yet, by number, above @a after. */
apr_status_t nts_store_get_rulings(nts_ruling_t **rulings, int *count, nts_store_t *store,
                                   apr_int64_t mapping, apr_int64_t command, apr_int64_t after,
                                   int limit, apr_pool_t *p);

/* ---- commands from the tool and the dashboard ---- */

typedef struct nts_command_t {
    apr_int64_t id;
    apr_int64_t mapping;
    /* "reconcile", "pause", "resume", "retry", "resolve", "approve", "undo", "verify", "provision" ... */
    const char *verb;
    const char *args;     /* JSON object text */
    const char *by;       /* user name or "notionsyncctl" */
    const char *state;    /* "queued", "running", "done", "failed" */
    const char *progress; /* JSON object text: for people while it runs */
    const char *result;   /* JSON object text */
    apr_time_t at;
} nts_command_t;

apr_status_t nts_store_put_command(apr_int64_t *id, nts_store_t *store,
                                   const nts_command_t *command);
apr_status_t nts_store_get_command(nts_command_t **command, nts_store_t *store, apr_int64_t id,
                                   apr_pool_t *p);
/** Queued, and at a take-over running, commands of the mappings of one group, oldest first. */
apr_status_t nts_store_next_command(nts_command_t **command, nts_store_t *store,
                                    apr_int64_t mapping, int running_too, apr_pool_t *p);
/** The oldest queued pause or resume; APR_ENOENT: there is none. */
apr_status_t nts_store_next_switch(nts_command_t **command, nts_store_t *store, apr_int64_t mapping,
                                   apr_pool_t *p);
apr_status_t nts_store_update_command(nts_store_t *store, const nts_command_t *command);

/* ---- runs: reconciliations and what they found ---- */

typedef struct nts_run_t {
    apr_int64_t id;
    apr_int64_t mapping;
    const char *kind;  /* "first", "full", "incremental", "minute", "verify" */
    const char *state; /* "running", "done", "failed", "stopped" */
    apr_time_t started;
    apr_time_t finished;
    apr_int64_t seen[NTS_SIDE_COUNT];
    apr_int64_t expected; /* records of the last complete run: for progress; 0 unknown */
    apr_int64_t written[NTS_SIDE_COUNT];
    apr_int64_t troubles;
    apr_int64_t requests;
    const char *note; /* outcome text or phase, for people */
} nts_run_t;

/* insert (sets id) or update */
apr_status_t nts_store_put_run(nts_store_t *store, nts_run_t *run);
apr_status_t nts_store_get_runs(nts_run_t **runs, int *count, nts_store_t *store,
                                apr_int64_t mapping, int limit, apr_pool_t *p);

/* ---- first match (S5.1): hashes of match values, joined inside the store ---- */

apr_status_t nts_store_match_clear(nts_store_t *store, apr_int64_t mapping);
/** Before whole sides are matched again: let go of the records an earlier match held as ambiguous. If there
 *  were any the mapping is no longer matched, so that the match cannot be left out. */
apr_status_t nts_store_match_release(int *released, nts_store_t *store, apr_int64_t mapping);
/** Are there records that nts_store_match_release would let go of? */
apr_status_t nts_store_match_is_held(int *held, nts_store_t *store, apr_int64_t mapping);
/** A page of candidates is best put inside one unit. */
apr_status_t nts_store_match_put(nts_store_t *store, apr_int64_t mapping, nts_side_t side,
                                 const char *id, const char *hash);
/** When all candidates are there: those that have a key (S5.1) which stands on both sides go by it, all others by their
 *  match fields; afterwards a record is a candidate once. A join begins with this. */
apr_status_t nts_store_match_keys(nts_store_t *store, apr_int64_t mapping);
/** Make links (without bases) of unambiguous pairs, held records of the ambiguous ones: those whose hash
 *  stands on both sides, and more than once on one. Mark the mapping matched and forget the candidates.
 *  A row that another mapping of the table made after entry @a after was not the one that was listed: it is not paired, and the
 *  mapping not marked, but matched again.
 *  One transaction per few hundred pairs, restartable. APR_EBUSY: another has taken over the group. */
apr_status_t nts_store_match_join(nts_matched_t *result, nts_store_t *store,
                                  const nts_mapping_t *mapping, apr_int64_t after,
                                  const char *group, apr_int64_t epoch, apr_pool_t *p);
/** Of all mappings; 0: there is none. */
apr_status_t nts_store_max_entry(apr_int64_t *max, nts_store_t *store);

/* ---- reading for people ---- */

typedef struct nts_counts_t {
    apr_int64_t links[NTS_LINK_IGNORED + 1]; /* by state */
    apr_int64_t parked;
    apr_int64_t held;
    apr_int64_t waiting; /* unsettled notices */
    apr_int64_t pending; /* intents without an end */
} nts_counts_t;
apr_status_t nts_store_count(nts_counts_t *counts, nts_store_t *store, apr_int64_t mapping);
/** Audit entries newest first, older than entry @a before (0: newest), of a link (0: all). */
apr_status_t nts_store_get_entries(nts_entry_t **entries, int *count, nts_store_t *store,
                                   apr_int64_t mapping, apr_int64_t link, apr_int64_t before,
                                   int limit, apr_pool_t *p);
/** Those of one run, as nts_store_get_entries. */
apr_status_t nts_store_get_run_entries(nts_entry_t **entries, int *count, nts_store_t *store,
                                       apr_int64_t mapping, apr_int64_t run, apr_int64_t before,
                                       int limit, apr_pool_t *p);
apr_status_t nts_store_get_entry(nts_entry_t **entry, apr_int64_t *mapping, nts_store_t *store,
                                 apr_int64_t id, apr_pool_t *p);
/** Links in trouble, newest first. */
apr_status_t nts_store_get_troubles(nts_link_t ***links, int *count, nts_store_t *store,
                                    apr_int64_t mapping, nts_trouble_t which, int limit,
                                    apr_pool_t *p);
/** A bulk approval is about so many at most; the rest is the next list. */
#define NTS_HELD_DELETES_MAX 1000
/** Records of which a delete is held (nts_link_is_held_delete), oldest first: what a bulk approval is about. */
apr_status_t nts_store_get_held_deletes(nts_link_t ***links, int *count, nts_store_t *store,
                                        apr_int64_t mapping, int limit, apr_pool_t *p);
/** A link by its number; *link NULL: there is none. */
apr_status_t nts_store_get_link(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                apr_int64_t id, apr_pool_t *p);
/** A link by page id, key or number text; of a page that is one's page and another's key the one that is held. APR_ENOENT. */
apr_status_t nts_store_find_link(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                 const char *any, apr_pool_t *p);
/** What a group's worker must run at start: records with pending intents or parked with next_try.
 *  By link number, page by page; @a after 0 at the start. */
apr_status_t nts_store_get_due(nts_link_t ***links, int *count, nts_store_t *store,
                               apr_int64_t mapping, apr_int64_t after, int limit, apr_pool_t *p);

#endif /* NTS_STORE_H */
