/* nts_store_blocked.c - records that another one's unique value keeps out: who waits for whom, and who is woken (S5.8). */
#include <string.h>

#include "base/nts_str.h"
#include "store/nts_store_impl.h"

#define WOKEN_MAX 100

static const nts_stmt_t get_blocked = { "SELECT id FROM link INDEXED BY link_blocker"
                                        " WHERE mapping = %lld AND blocker = %s AND trouble = 1"
                                        " LIMIT 100" };
/* A worker that dies before it has run them finds them due. */
static const nts_stmt_t wake_blocked = { "UPDATE link SET next_try = %lld WHERE id = %lld" };

/* --- circles */

/* Nothing but the other row's value is in its way, as far as is known. */
static int is_waiting(const nts_link_t *link)
{
    return link && link->key && link->state == NTS_LINK_ACTIVE &&
           link->trouble == NTS_TROUBLE_PARKED && link->outcome.blocker &&
           link->outcome.remedy != NTS_REMEDY_PERSON;
}

apr_status_t nts_blocked_company(const char *const **company, int *count, nts_store_t *store,
                                 apr_int64_t mapping, const nts_link_t *link, apr_pool_t *p,
                                 apr_pool_t *ptemp)
{
    const char **keys = apr_pcalloc(p, NTS_COMPANY_MAX * sizeof(*keys));
    const char *next = is_waiting(link) ? link->outcome.blocker : NULL;
    int found = 0;
    apr_status_t rv = APR_SUCCESS;

    *company = NULL;
    *count = 0;
    while (rv == APR_SUCCESS && next && found < NTS_COMPANY_MAX - 1 &&
           strcmp(next, link->key) != 0) {
        nts_link_t *other = NULL;

        rv = nts_link_by_key(&other, store, mapping, next, ptemp, ptemp);
        if (rv == APR_SUCCESS) {
            keys[found++] = apr_pstrdup(p, next);
            next = is_waiting(other) ? other->outcome.blocker : NULL;
        }
    }
    if (rv == APR_SUCCESS && found && next && strcmp(next, link->key) == 0) {
        *company = keys;
        *count = found;
    }
    return rv;
}

/* --- waking */

/* It was written, or is at rest: only then may it have let go of a value. */
static int has_settled(const nts_commit_t *commit)
{
    int i;

    for (i = 0; i < commit->entry_count; i++) {
        if (commit->entries[i]->state == NTS_ENTRY_APPLIED &&
            commit->entries[i]->side == NTS_EXTERNAL) {
            return 1;
        }
    }
    return commit->link->trouble == NTS_TROUBLE_NONE && commit->settled_count > 0;
}

static apr_status_t wake(nts_store_t *store, nts_commit_t *commit, apr_int64_t link, apr_pool_t *p)
{
    apr_int64_t *woken = (apr_int64_t *)commit->woken;

    if (!woken) {
        commit->woken = woken = apr_pcalloc(p, WOKEN_MAX * sizeof(*woken));
    }
    woken[commit->woken_count++] = link;
    return nts_db_exec(NULL, store->db, &wake_blocked,
                       NTS_ARGS(nts_int(nts_store_now(store)), nts_int(link)));
}

static apr_status_t wake_waiting(nts_store_t *store, apr_int64_t mapping, const char *key,
                                 nts_commit_t *commit, apr_pool_t *p, apr_pool_t *ptemp)
{
    apr_int64_t found[WOKEN_MAX];
    nts_rows_t rows;
    int i, count = 0;
    apr_status_t rv = nts_db_select(&rows, store->db, &get_blocked,
                                    NTS_ARGS(nts_int(mapping), nts_text(key)), ptemp);

    while (rv == APR_SUCCESS && count < WOKEN_MAX && nts_rows_next(&rows)) {
        found[count++] = nts_rows_int(&rows, 0);
    }
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = wake(store, commit, found[i], p);
    }
    return rv;
}

/* Its write was refused just now, alone: with others it is not tried again but in its own time. */
static int was_refused(const nts_commit_t *commit)
{
    int i;

    for (i = 0; i < commit->entry_count; i++) {
        const nts_entry_t *entry = commit->entries[i];

        if (entry->state == NTS_ENTRY_NOT_APPLIED && entry->side == NTS_EXTERNAL &&
            entry->op == NTS_ENTRY_UPDATE) {
            return commit->link->outcome.remedy == NTS_REMEDY_WAIT;
        }
    }
    return 0;
}

/* A record that parks itself has let go of nothing. But if whom it waits for waits for it, none of them is ever woken by another: that
 * one is, finds that it is in a circle, and fetches the others. */
static apr_status_t wake_circle(nts_store_t *store, apr_int64_t mapping, nts_commit_t *commit,
                                apr_pool_t *p, apr_pool_t *ptemp)
{
    const char *const *company;
    nts_link_t *first = NULL;
    int count;
    apr_status_t rv = nts_blocked_company(&company, &count, store, mapping, commit->link, p, ptemp);

    if (rv == APR_SUCCESS && count) {
        rv = nts_link_by_key(&first, store, mapping, company[0], ptemp, ptemp);
    }
    return rv == APR_SUCCESS && first ? wake(store, commit, first->id, p) : rv;
}

apr_status_t nts_blocked_wake(nts_store_t *store, apr_int64_t mapping, const char *stored_key,
                              nts_commit_t *commit, apr_pool_t *p, apr_pool_t *ptemp)
{
    const nts_link_t *link = commit->link;
    /* Without a row it has no key any more, and has let go of all that the row had (seed 11336 of the simulation); with another key, at
     * least of that one, by which it is waited for. */
    int has_moved =
        link && stored_key && !nts_str_same(stored_key, link->key) && !commit->link_forget;
    const char *key = has_moved ? stored_key : link ? link->key : NULL;

    commit->woken = NULL;
    commit->woken_count = 0;
    if (!key) {
        return APR_SUCCESS;
    }
    if (has_moved || has_settled(commit)) {
        return wake_waiting(store, mapping, key, commit, p, ptemp);
    }
    return was_refused(commit) ? wake_circle(store, mapping, commit, p, ptemp) : APR_SUCCESS;
}
