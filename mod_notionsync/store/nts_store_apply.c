/* nts_store_apply.c - one commit of the engine: judged first, so that a refusal stores nothing and
 * leaves the transaction usable for the jobs that share it (D7 allows no failed attempt). */
#include "base/nts_str.h"
#include "store/nts_store_apply.h"
#include "store/nts_store_plan.h"

static const nts_stmt_t forget_link = { "DELETE FROM link WHERE id = %lld" };

static apr_status_t store_link(nts_apply_t *apply)
{
    nts_link_t *link = apply->commit->link;
    apr_status_t rv;

    if (!apply->commit->link_forget) {
        return nts_link_write(apply->store, apply->mapping, link, apply->before, apply->ptemp);
    }
    if (!link->id) {
        return APR_SUCCESS;
    }
    rv = nts_db_exec(NULL, apply->store->db, &forget_link, NTS_ARGS(nts_int(link->id)));
    if (rv == APR_SUCCESS) {
        rv = nts_waiting_forget(apply->store, link->id);
    }
    if (rv == APR_SUCCESS && apply->before == NTS_LINK_ACTIVE) {
        rv = nts_tally_move(apply->store, apply->mapping, -1);
    }
    return rv;
}

/* S4.4: a key that we gave a row may have been changed before its link was stored; nobody had that key when the change was taken
 * (seed 62749 of the simulation: the row got another page, and the first one was trashed). */
static apr_status_t follow_new_key(nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && commit->link && i < commit->entry_count; i++) {
        const nts_entry_t *entry = commit->entries[i];

        if (nts_apply_gave_key(entry, commit->link->key) &&
            (entry->op == NTS_ENTRY_CREATE || !nts_str_same(apply->key, commit->link->key))) {
            rv =
                nts_key_catch_up(apply->store, apply->mapping, entry->key, entry->at, apply->ptemp);
        }
    }
    return rv;
}

/* S5.2 */
static apr_status_t wait_and_tell(nts_apply_t *apply)
{
    nts_commit_t *commit = apply->commit;
    apr_status_t rv = APR_SUCCESS;

    commit->told_waiting = 0;
    if (!commit->link || commit->link_forget) {
        return APR_SUCCESS;
    }
    if (commit->has_waits) {
        rv = nts_waiting_put(&commit->told_waiting, apply->store, apply->mapping, commit,
                             apply->ptemp);
    }
    if (rv == APR_SUCCESS && apply->is_news) {
        rv = nts_waiting_tell(&commit->told_waiting, apply->store, apply->mapping, commit->link,
                              apply->ptemp);
    }
    return rv;
}

static apr_status_t store_entries(nts_apply_t *apply)
{
    const nts_commit_t *commit = apply->commit;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < commit->entry_count && rv == APR_SUCCESS; i++) {
        nts_entry_t *entry = commit->entries[i];

        if (!entry->link && commit->link) {
            entry->link = commit->link->id;
        }
        if (entry->id) {
            rv = nts_entry_update(apply->store, apply->mapping, entry, apply->ptemp);
        }
        else {
            rv = nts_entry_insert(apply->store, apply->mapping, entry,
                                  commit->counts_as_delete && entry->op == NTS_ENTRY_REMOVE,
                                  apply->ptemp);
        }
    }
    return rv;
}

static apr_status_t store_all(nts_apply_t *apply)
{
    nts_commit_t *commit = apply->commit;
    apr_status_t rv = commit->absorb ? nts_db_exec(NULL, apply->store->db, &forget_link,
                                                   NTS_ARGS(nts_int(commit->absorb)))
                                     : APR_SUCCESS;
    int known;
    int i;

    if (rv == APR_SUCCESS && apply->emptied) {
        rv = nts_db_exec(NULL, apply->store->db, &forget_link, NTS_ARGS(nts_int(apply->emptied)));
    }
    if (rv == APR_SUCCESS && apply->displaced) {
        const nts_entry_t *maker = nts_apply_maker(apply);

        rv = nts_key_displace(apply->store, apply->mapping, apply->displaced,
                              apr_psprintf(apply->ptemp, "entry %" APR_INT64_T_FMT, maker->id),
                              nts_store_now(apply->store), apply->ptemp);
    }
    if (rv == APR_SUCCESS && commit->link) {
        rv = store_link(apply);
    }
    if (rv == APR_SUCCESS) {
        rv = store_entries(apply);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_notice_settle(apply->store, commit->settled, commit->settled_count);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_rulings_end(apply->store, commit->ruled, commit->ruled_count);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_blocked_wake(apply->store, apply->mapping, apply->key, commit, apply->p,
                              apply->ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = wait_and_tell(apply);
    }
    if (rv == APR_SUCCESS) {
        rv = follow_new_key(apply);
    }
    for (i = 0; i < commit->follow_count && rv == APR_SUCCESS; i++) {
        rv = nts_notice_insert(&known, apply->store, apply->mapping, commit->follow[i],
                               apply->ptemp);
    }
    return rv;
}

apr_status_t nts_store_apply(nts_commit_result_t *result, const char **words, nts_store_t *store,
                             const nts_mapping_t *mapping, const char *group, apr_int64_t epoch,
                             nts_commit_t *commit, apr_pool_t *p)
{
    nts_apply_t apply = { store, mapping->id,   0,    commit, -1,  0, NULL,
                          NULL,  NTS_COMMIT_OK, NULL, p,      NULL };
    int own;
    apr_status_t rv;

    *result = NTS_COMMIT_OK;
    if (words) {
        *words = NULL;
    }
    rv = nts_unit_enter(&own, store);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apply.ptemp = nts_store_scratch(store);
    rv = nts_apply_judge(&apply, group, epoch);
    if (rv == APR_SUCCESS && apply.result == NTS_COMMIT_OK) {
        rv = store_all(&apply);
    }
    rv = nts_unit_leave(store, own, rv);
    if (rv == APR_SUCCESS) {
        *result = apply.result;
        if (words) {
            *words = apply.words;
        }
    }
    return rv;
}
