/* nts_store_judge.c - whether a commit of the engine may be stored: nothing is written here. */
#include <string.h>

#include "base/nts_str.h"
#include "store/nts_store_apply.h"
#include "store/nts_store_plan.h"
#include "sync/nts_limits.h"

static apr_status_t refuse(nts_apply_t *apply, nts_commit_result_t result, const char *words)
{
    apply->result = result;
    apply->words = words;
    return APR_SUCCESS;
}

static apr_status_t judge_epoch(nts_apply_t *apply, const char *group, apr_int64_t epoch)
{
    apr_int64_t newest;
    apr_status_t rv = nts_group_epoch(&newest, apply->store, group, apply->ptemp);

    if (rv == APR_ENOENT || (rv == APR_SUCCESS && newest != epoch)) {
        return refuse(apply, NTS_COMMIT_CLASH,
                      apr_psprintf(apply->p, "another worker has taken over group %s", group));
    }
    return rv;
}

static const nts_stmt_t get_single = { "SELECT state, (page IS NOT NULL) + (key IS NOT NULL)"
                                       " FROM link WHERE id = %lld AND mapping = %lld" };

static const nts_stmt_t count_open = { "SELECT count(*) FROM entry INDEXED BY entry_pending"
                                       " WHERE mapping = %lld AND link = %lld"
                                       " AND state = " NTS_SQL_PENDING };

/* A record that becomes part of another one must still be a record of one side only, and stay one: a create of its
 * other side that is on its way would find its record gone, and never come to an end (seed 305 of the simulation). */
static apr_status_t judge_absorbed(nts_apply_t *apply)
{
    apr_int64_t id = apply->commit->absorb;
    apr_int64_t open = 0;
    nts_rows_t rows;
    apr_status_t rv;

    if (!id) {
        return APR_SUCCESS;
    }
    rv = nts_db_select(&rows, apply->store->db, &get_single,
                       NTS_ARGS(nts_int(id), nts_int(apply->mapping)), apply->ptemp);
    if (rv == APR_SUCCESS && (!nts_rows_next(&rows) || nts_rows_int(&rows, 0) != NTS_LINK_NEW ||
                              nts_rows_int(&rows, 1) != 1)) {
        return refuse(apply, NTS_COMMIT_CLASH,
                      apr_psprintf(apply->p, "link %" APR_INT64_T_FMT " is paired meanwhile", id));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_get_int(&open, apply->store->db, &count_open,
                            NTS_ARGS(nts_int(apply->mapping), nts_int(id)), apply->ptemp);
    }
    if (rv == APR_SUCCESS && open) {
        return refuse(apply, NTS_COMMIT_CLASH,
                      apr_psprintf(apply->p, "link %" APR_INT64_T_FMT " is being written", id));
    }
    return rv;
}

static const nts_stmt_t get_names = { "SELECT page, key, state FROM link WHERE id = %lld"
                                      " AND mapping = %lld" };
static const nts_stmt_t page_owner = { "SELECT id FROM link WHERE mapping = %lld AND page = %s"
                                       " AND state <> " NTS_SQL_TOMBSTONE };
static const nts_stmt_t key_owner = { "SELECT id FROM link WHERE mapping = %lld AND key = %s"
                                      " AND state <> " NTS_SQL_TOMBSTONE };

static apr_status_t judge_owner(nts_apply_t *apply, const nts_stmt_t *stmt, const char *what,
                                const char *name)
{
    apr_int64_t owner;
    apr_status_t rv =
        nts_db_get_int(&owner, apply->store->db, stmt,
                       NTS_ARGS(nts_int(apply->mapping), nts_text(name)), apply->ptemp);

    if (rv == APR_ENOENT) {
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS && owner != apply->commit->link->id && owner != apply->commit->absorb) {
        return refuse(
            apply, NTS_COMMIT_CLASH,
            apr_psprintf(apply->p, "%s %s belongs to link %" APR_INT64_T_FMT, what, name, owner));
    }
    return rv;
}

/* Our own write gave the row this key. */
int nts_apply_gave_key(const nts_entry_t *entry, const char *key)
{
    return (entry->op == NTS_ENTRY_CREATE || entry->op == NTS_ENTRY_UPDATE) &&
           entry->side == NTS_EXTERNAL && entry->state == NTS_ENTRY_APPLIED && entry->key &&
           nts_str_same(entry->key, key);
}

/* S4.4: a row that we wrote has just been given this key, so whatever link has it has no row any more. */
const nts_entry_t *nts_apply_maker(const nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    int i;

    for (i = 0; i < commit->entry_count; i++) {
        const nts_entry_t *entry = commit->entries[i];

        if (entry->id && nts_apply_gave_key(entry, commit->link->key)) {
            return entry;
        }
    }
    return NULL;
}

/* It has a page, or one may be being made for it, which nobody but this link will find. */
static apr_status_t has_other_side(int *has, const nts_apply_t *apply, const nts_link_t *link)
{
    apr_int64_t open = 0;
    apr_status_t rv =
        link->page
            ? APR_SUCCESS
            : nts_db_get_int(&open, apply->store->db, &count_open,
                             NTS_ARGS(nts_int(apply->mapping), nts_int(link->id)), apply->ptemp);

    *has = link->page || open > 0;
    return rv;
}

/* A record that loses its row to a create of ours, and has no page either, is none any more (seed 451215 of the simulation: the create was
 * refused for its sake, while it waited for the create). */
static apr_status_t judge_key(nts_apply_t *apply)
{
    const nts_link_t *link = apply->commit->link;
    int has = 0;
    apr_status_t rv;

    if (!nts_apply_maker(apply)) {
        return judge_owner(apply, &key_owner, "key", link->key);
    }
    rv = nts_link_by_key(&apply->displaced, apply->store, apply->mapping, link->key, apply->ptemp,
                         apply->ptemp);
    if (rv != APR_SUCCESS && rv != APR_ENOENT) {
        return rv;
    }
    if (apply->displaced && apply->displaced->state != NTS_LINK_TOMBSTONE &&
        apply->displaced->id != link->id) {
        rv = has_other_side(&has, apply, apply->displaced);
        if (rv == APR_SUCCESS && !has) {
            apply->emptied = apply->displaced->id;
            apply->displaced = NULL;
        }
        return rv;
    }
    apply->displaced = NULL;
    return APR_SUCCESS;
}

static const nts_stmt_t count_makers = {
    "SELECT count(*) FROM entry WHERE intent = %s AND mapping = %lld AND op = 0 AND side = 1"
    " AND state = " NTS_SQL_PENDING " AND link <> %lld"
};
/* The row was written by another mapping since, which had been told of its making (seed 84799 of the simulation). */
static const nts_stmt_t count_makers_told = {
    "SELECT count(*) FROM entry AS e INDEXED BY entry_pending WHERE e.mapping = %lld"
    " AND e.state = " NTS_SQL_PENDING " AND e.op = 0 AND e.side = 1 AND e.link <> %lld"
    " AND EXISTS (SELECT 1 FROM inbox INDEXED BY inbox_event"
    " WHERE mapping = (SELECT mapping FROM entry WHERE intent = %s) AND side = 1"
    " AND CASE WHEN side = 0 THEN at ELSE coalesce(record, '') END = %s"
    " AND kind = 'change.i' AND intent = e.intent)"
};

/* S4.4: the row that was read under the link's key is what our own create made of another record. When that is settled the key is its,
 * and this link's is displaced. */
static apr_status_t judge_row(nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    apr_int64_t makers = 0;
    apr_status_t rv;

    if (!commit->row_intent || !commit->link->id) {
        return APR_SUCCESS;
    }
    rv = nts_db_get_int(
        &makers, apply->store->db, &count_makers,
        NTS_ARGS(nts_text(commit->row_intent), nts_int(apply->mapping), nts_int(commit->link->id)),
        apply->ptemp);
    if (rv == APR_SUCCESS && !makers && commit->link->key) {
        rv = nts_db_get_int(&makers, apply->store->db, &count_makers_told,
                            NTS_ARGS(nts_int(apply->mapping), nts_int(commit->link->id),
                                     nts_text(commit->row_intent), nts_text(commit->link->key)),
                            apply->ptemp);
    }
    if (rv != APR_SUCCESS || !makers) {
        return rv;
    }
    return refuse(apply, NTS_COMMIT_CLASH,
                  apr_psprintf(apply->p, "the row with key %s has just been made of another record",
                               commit->link->key ? commit->link->key : "none"));
}

/* S4.4: no link had the key when its change was told, so none followed it; the one that comes too late for that would be left with a key
 * that no row has. A row to which we gave the key is ours whatever its key is by now (follow_new_key). */
static apr_status_t judge_new_key(nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    int moved = 0;
    int i;
    apr_status_t rv;

    for (i = 0; i < commit->entry_count; i++) {
        if (nts_apply_gave_key(commit->entries[i], commit->link->key)) {
            return APR_SUCCESS;
        }
    }
    rv = commit->row_read ? nts_key_moved_since(&moved, apply->store, apply->mapping,
                                                commit->link->key, commit->row_read, apply->ptemp)
                          : APR_SUCCESS;
    if (rv != APR_SUCCESS || !moved) {
        return rv;
    }
    return refuse(apply, NTS_COMMIT_CLASH,
                  apr_psprintf(apply->p, "the row that had the key %s has another one by now",
                               commit->link->key));
}

static apr_status_t judge_link(nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    const nts_link_t *link = commit->link;
    const char *page = NULL;
    const char *key = NULL;
    nts_rows_t rows;
    apr_status_t rv = APR_SUCCESS;

    if (!link->page && !link->key && !commit->link_forget) {
        return APR_EINVAL;
    }
    if (link->id) {
        rv = nts_db_select(&rows, apply->store->db, &get_names,
                           NTS_ARGS(nts_int(link->id), nts_int(apply->mapping)), apply->ptemp);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (!nts_rows_next(&rows)) {
            return refuse(apply, NTS_COMMIT_CLASH,
                          apr_psprintf(apply->p, "link %" APR_INT64_T_FMT " is gone", link->id));
        }
        page = nts_rows_text(&rows, 0);
        key = apply->key = nts_rows_text(&rows, 1);
        apply->before = (int)nts_rows_int(&rows, 2);
        if (commit->key_was && !nts_str_same(key, commit->key_was)) {
            return refuse(apply, NTS_COMMIT_CLASH,
                          apr_psprintf(apply->p,
                                       "the key of link %" APR_INT64_T_FMT
                                       " has moved from %s to %s",
                                       link->id, commit->key_was, key ? key : "none"));
        }
    }
    rv = judge_row(apply);
    if (rv != APR_SUCCESS || apply->result != NTS_COMMIT_OK || commit->link_forget ||
        link->state == NTS_LINK_TOMBSTONE) {
        return rv;
    }
    apply->is_news = !nts_str_same(page, link->page) || !nts_str_same(key, link->key) ||
                     (apply->before != NTS_LINK_ACTIVE && apply->before != NTS_LINK_DORMANT);
    /* A name that was this live link's before still is. */
    if (link->page && (apply->before == NTS_LINK_TOMBSTONE || !nts_str_same(page, link->page))) {
        rv = judge_owner(apply, &page_owner, "page", link->page);
    }
    if (rv == APR_SUCCESS && apply->result == NTS_COMMIT_OK && link->key &&
        (apply->before == NTS_LINK_TOMBSTONE || !nts_str_same(key, link->key))) {
        rv = judge_new_key(apply);
        if (rv == APR_SUCCESS && apply->result == NTS_COMMIT_OK) {
            rv = judge_key(apply);
        }
    }
    return rv;
}

static const nts_stmt_t count_images = {
    "SELECT count(*) FROM inbox INDEXED BY inbox_image WHERE mapping = %lld AND record = %s"
    " AND image IS NOT NULL AND id > %lld AND kind IS NOT 'change.r'"
};

/* S2.7: the row was deleted once more while its job was on its way: what is to come back is what it was then (seed 67608, in a copy of the
 * database). Of a deleted record the first image counts. */
static apr_status_t judge_image(nts_apply_t *apply, const nts_entry_t *entry)
{
    apr_int64_t newer = 0;
    apr_status_t rv =
        !apply->commit->image_told || !entry->key || apply->before == NTS_LINK_TOMBSTONE
            ? APR_SUCCESS
            : nts_db_get_int(&newer, apply->store->db, &count_images,
                             NTS_ARGS(nts_int(apply->mapping), nts_text(entry->key),
                                      nts_int(apply->commit->image_told)),
                             apply->ptemp);

    return rv == APR_SUCCESS && newer
               ? refuse(apply, NTS_COMMIT_CLASH,
                        apr_psprintf(apply->p, "the row %s was deleted once more", entry->key))
               : rv;
}

static const nts_stmt_t intent_owner = { "SELECT id FROM entry WHERE intent = %s" };

static apr_status_t judge_entries(nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    int i;

    for (i = 0; i < commit->entry_count; i++) {
        const nts_entry_t *entry = commit->entries[i];
        apr_int64_t other;
        apr_status_t rv;

        if (entry->id || !entry->intent) {
            continue;
        }
        rv = nts_db_get_int(&other, apply->store->db, &intent_owner,
                            NTS_ARGS(nts_text(entry->intent)), apply->ptemp);
        if (rv == APR_SUCCESS) {
            return refuse(apply, NTS_COMMIT_CLASH,
                          apr_psprintf(apply->p, "intent %s is stored already", entry->intent));
        }
        rv = rv == APR_ENOENT ? judge_image(apply, entry) : rv;
        if (rv != APR_SUCCESS || apply->result != NTS_COMMIT_OK) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

/* Deletes that were counted in the last hour, and those of them still on their way. A delete that
 * certainly did not happen (state 2) gives its place back. */
static const nts_stmt_t deletes = {
    "SELECT count(*), sum(state = " NTS_SQL_PENDING
    ") FROM entry INDEXED BY entry_counted WHERE mapping = %lld AND counted = 1"
    " AND at > %lld AND state <> 2"
};

typedef struct deletes_t {
    apr_int64_t at_start; /* links that were active when the hour began */
    apr_int64_t active;   /* now, less those whose delete is on its way */
    apr_int64_t deleted;
} deletes_t;

static apr_status_t read_deletes(deletes_t *found, nts_store_t *store, apr_int64_t mapping,
                                 apr_pool_t *ptemp)
{
    apr_time_t hour = nts_store_now(store) - apr_time_from_sec(3600);
    nts_tally_t tally;
    nts_rows_t rows;
    apr_int64_t on_their_way = 0;
    apr_status_t rv = nts_tally_read(&tally, store, mapping, ptemp);

    if (rv == APR_SUCCESS) {
        rv = nts_db_select(&rows, store->db, &deletes, NTS_ARGS(nts_int(mapping), nts_int(hour)),
                           ptemp);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (nts_rows_next(&rows)) {
        found->deleted = nts_rows_int(&rows, 0);
        on_their_way = nts_rows_int(&rows, 1);
    }
    found->at_start = tally.active - tally.made + tally.left;
    found->active = tally.active - on_their_way;
    return APR_SUCCESS;
}

/* Op 0 is NTS_ENTRY_CREATE, state 0 NTS_LINK_NEW, trouble 1 NTS_TROUBLE_PARKED: of those nobody knows when they end. */
static const nts_stmt_t being_made = {
    "SELECT count(*) FROM entry INDEXED BY entry_pending JOIN link ON link.id = entry.link"
    " WHERE entry.mapping = %lld AND entry.state = " NTS_SQL_PENDING
    " AND entry.op = 0 AND link.state = 0 AND link.trouble <> 1"
};

/* S4.2: whether it would be the last record cannot be told before it is known of all that were just made whether they were: a record
 * that was deleted while those beside it waited for the budget was held for a person (seed 24072 of the simulation). */
static apr_status_t judge_delete(nts_apply_t *apply)
{
    deletes_t found = { 0, 0, 0 };
    const char *why = NULL;
    apr_int64_t more = 0;
    apr_status_t rv = read_deletes(&found, apply->store, apply->mapping, apply->ptemp);

    if (rv != APR_SUCCESS ||
        nts_delete_is_allowed(found.at_start, found.active, found.deleted,
                              apply->commit->delete_limit_percent, &why, apply->p)) {
        return rv;
    }
    if (found.active <= 1) {
        rv = nts_db_get_int(&more, apply->store->db, &being_made, NTS_ARGS(nts_int(apply->mapping)),
                            apply->ptemp);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return more ? refuse(apply, NTS_COMMIT_CLASH, "other records of the mapping are being made")
                : refuse(apply, NTS_COMMIT_LIMIT, why);
}

apr_status_t nts_store_delete_room(apr_int64_t *room, nts_store_t *store,
                                   const nts_mapping_t *mapping, apr_int64_t wanted)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    deletes_t found = { 0, 0, 0 };
    const char *why;
    apr_status_t rv = read_deletes(&found, store, mapping->id, ptemp);

    for (*room = 0; rv == APR_SUCCESS && *room < wanted; (*room)++) {
        if (!nts_delete_is_allowed(found.at_start, found.active - *room, found.deleted + *room,
                                   mapping->delete_limit_percent, &why, ptemp)) {
            break;
        }
    }
    return rv;
}

apr_status_t nts_apply_judge(nts_apply_t *apply, const char *group, apr_int64_t epoch)
{
    apr_status_t rv = judge_epoch(apply, group, epoch);

    if (rv == APR_SUCCESS && apply->result == NTS_COMMIT_OK) {
        rv = judge_absorbed(apply);
    }
    if (rv == APR_SUCCESS && apply->result == NTS_COMMIT_OK && apply->commit->link) {
        rv = judge_link(apply);
    }
    if (rv == APR_SUCCESS && apply->result == NTS_COMMIT_OK) {
        rv = judge_entries(apply);
    }
    if (rv == APR_SUCCESS && apply->result == NTS_COMMIT_OK && apply->commit->counts_as_delete) {
        rv = judge_delete(apply);
    }
    return rv;
}
