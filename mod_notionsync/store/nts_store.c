/* nts_store.c - opening the store, and the units that its calls belong to. */
#include <string.h>

#include <apr_file_io.h>

#include "store/nts_store_impl.h"

/* Opening is rare: a migration by the next generation may be going on. */
#define OPEN_WAIT apr_time_from_sec(60)
#define CLOSE_WAIT apr_time_from_sec(1)

apr_pool_t *nts_store_scratch(nts_store_t *store)
{
    apr_pool_clear(store->temp);
    return store->temp;
}

apr_time_t nts_store_now(const nts_store_t *store)
{
    return store->clock->wall(store->clock->baton);
}

/* --- opening */

/* @a words: the driver's or the system's; NULL none. */
static void explain(nts_outcome_t *out, const nts_store_config_t *config, const char *what,
                    const char *words, const char *advice, apr_pool_t *p)
{
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, "store.open", "the state database %s: %s",
                    config->params, what);
    if (out) {
        out->words = apr_pstrdup(p, words);
        out->advice = advice;
    }
}

static const char *system_words(apr_status_t rv, apr_pool_t *p)
{
    char words[256];

    return apr_pstrdup(p, apr_strerror(rv, words, sizeof(words)));
}

/* The lock file and the connection, both as this process's own. */
static apr_status_t connect_store(nts_store_t *store, const nts_store_config_t *config,
                                  nts_outcome_t *out, apr_pool_t *p)
{
    const char *problem = NULL;
    const char *lock_path =
        config->lock_path ? config->lock_path : apr_pstrcat(p, config->params, ".lock", NULL);
    apr_status_t rv = nts_lock_open(&store->lock, lock_path, store->p);

    if (rv != APR_SUCCESS) {
        explain(out, config, apr_psprintf(p, "its lock file %s cannot be opened", lock_path),
                system_words(rv, p), "make its directory writable for the user that httpd runs as",
                p);
        return rv;
    }
    /* Under the writer lock, so that the first look at the log and its recovery disturb nobody (D12). */
    rv = nts_lock_writer(store->lock, config->open_wait ? config->open_wait : OPEN_WAIT);
    if (rv != APR_SUCCESS) {
        explain(out, config, "another process has been writing all the time", NULL,
                "find the process that holds the lock file, with fuser for instance", p);
        return rv;
    }
    rv = nts_db_open(&store->db, config->driver, config->params, &problem, store->p);
    if (rv != APR_SUCCESS) {
        explain(out, config, "it cannot be opened", problem,
                "make the file and its directory writable for the user that httpd runs as, and "
                "install APR's driver",
                p);
        nts_lock_release_writer(store->lock);
    }
    else if (config->autocheckpoint > 0) {
        rv = nts_db_set_autocheckpoint(store->db, config->autocheckpoint);
    }
    return rv;
}

/* Everything but the contents. The writer lock is held on success. */
static apr_status_t make_store(nts_store_t **pstore, const nts_store_config_t *config,
                               nts_outcome_t *out, apr_pool_t *p)
{
    apr_pool_t *own = NULL;
    nts_store_t *store;
    apr_status_t rv;

    *pstore = NULL;
    rv = apr_pool_create(&own, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(own, "nts_store");
    store = apr_pcalloc(own, sizeof(*store));
    store->p = own;
    store->clock = config->clock ? config->clock : &nts_clock_system;
    store->no_values = config->no_values;
    rv = apr_pool_create(&store->temp, own);
    if (rv == APR_SUCCESS) {
        rv = apr_pool_create(&store->unit, own);
    }
    if (rv == APR_SUCCESS) {
        apr_pool_tag(store->temp, "nts_store_temp");
        apr_pool_tag(store->unit, "nts_store_unit");
        rv = connect_store(store, config, out, p);
    }
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(own);
        return rv;
    }
    *pstore = store;
    return APR_SUCCESS;
}

static void explain_version(nts_outcome_t *out, const nts_store_config_t *config, apr_status_t rv,
                            apr_int64_t version, apr_pool_t *p)
{
    if (rv != APR_SUCCESS) {
        explain(out, config, "it is damaged, or belongs to another program", NULL,
                "name another file in NotionSyncStateDB, or restore a backup", p);
    }
    else if (version > NTS_STORE_SCHEMA) {
        explain(out, config,
                apr_psprintf(p,
                             "a newer mod_notionsync has written it: its schema is version "
                             "%" APR_INT64_T_FMT ", this module knows versions up to %d",
                             version, NTS_STORE_SCHEMA),
                NULL, "install that version again, or restore a backup from before the upgrade", p);
    }
    else {
        explain(out, config,
                apr_psprintf(p, "its schema is version %" APR_INT64_T_FMT " instead of %d", version,
                             NTS_STORE_SCHEMA),
                NULL, "restart httpd, which migrates it", p);
    }
}

/* Made before SQLite opens it, so that it is never readable by others (R8). */
static apr_status_t create_file(const char *path, apr_pool_t *ptemp)
{
    apr_file_t *file;
    apr_status_t rv =
        apr_file_open(&file, path, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_WRITE,
                      APR_FPROT_UREAD | APR_FPROT_UWRITE, ptemp);

    return rv == APR_SUCCESS ? apr_file_close(file) : rv;
}

static apr_status_t migrate(nts_store_t *store, const nts_store_config_t *config,
                            nts_outcome_t *out, apr_pool_t *p)
{
    apr_int64_t version;
    apr_status_t rv = nts_schema_version(&version, store->db, store->temp);

    if (rv != APR_SUCCESS || version > NTS_STORE_SCHEMA) {
        explain_version(out, config, rv, version, p);
        return rv == APR_SUCCESS ? APR_EMISMATCH : rv;
    }
    rv = nts_db_set_wal(store->db);
    if (rv == APR_SUCCESS && version < NTS_STORE_SCHEMA) {
        rv = nts_schema_migrate(store->db, version, store->temp);
    }
    if (rv != APR_SUCCESS) {
        explain(out, config, "it cannot be brought to this version's schema",
                nts_db_error(store->db),
                "make the file and its directory writable for the user that httpd runs as, on a "
                "local file system with free space",
                p);
    }
    return rv;
}

apr_status_t nts_store_migrate(const nts_store_config_t *config, nts_outcome_t *out, apr_pool_t *p)
{
    nts_store_t *store;
    apr_status_t rv = create_file(config->params, p);

    if (rv != APR_SUCCESS && !APR_STATUS_IS_EEXIST(rv)) {
        explain(out, config, "it cannot be created", system_words(rv, p),
                "create its directory, writable for the user that httpd runs as", p);
        return rv;
    }
    rv = make_store(&store, config, out, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = migrate(store, config, out, p);
    nts_store_close(store);
    return rv;
}

apr_status_t nts_store_open(nts_store_t **pstore, const nts_store_config_t *config,
                            nts_outcome_t *out, apr_pool_t *p)
{
    nts_store_t *store;
    apr_finfo_t info;
    apr_int64_t version = 0;
    apr_status_t rv;

    *pstore = NULL;
    /* SQLite would make an empty one. */
    rv = apr_stat(&info, config->params, APR_FINFO_TYPE, p);
    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        explain(out, config, "it cannot be found", system_words(rv, p),
                "restart httpd, which creates it", p);
        return rv;
    }
    rv = make_store(&store, config, out, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_schema_version(&version, store->db, store->temp);
    nts_lock_release_writer(store->lock);
    if (rv != APR_SUCCESS || version != NTS_STORE_SCHEMA) {
        explain_version(out, config, rv, version, p);
        nts_store_close(store);
        return rv == APR_SUCCESS ? APR_EMISMATCH : rv;
    }
    *pstore = store;
    return APR_SUCCESS;
}

void nts_store_close(nts_store_t *store)
{
    if (store->txn) {
        nts_store_rollback(store);
    }
    /* The last to leave writes the log back and removes it; nobody should begin meanwhile. */
    (void)nts_lock_writer(store->lock, CLOSE_WAIT);
    nts_db_close(store->db);
    apr_pool_destroy(store->p);
}

/* --- upkeep */

apr_status_t nts_store_checkpoint(nts_store_t *store)
{
    return nts_db_checkpoint(store->db);
}

/* Into a file that is there and empty, so that its rights are ours to choose (D53: through SQLite only). */
static const nts_stmt_t copy_to = { "VACUUM INTO %s" };

apr_status_t nts_store_backup(nts_store_t *store, const char *path, nts_outcome_t *out,
                              apr_pool_t *p)
{
    const char *words = NULL;
    apr_status_t rv;

    if (store->txn) {
        return APR_EINVAL;
    }
    rv = create_file(path, p);
    if (rv != APR_SUCCESS) {
        words = system_words(rv, p);
    }
    else {
        rv = nts_db_exec(NULL, store->db, &copy_to, NTS_ARGS(nts_text(path)));
        if (rv != APR_SUCCESS) {
            words = apr_pstrdup(p, nts_db_error(store->db));
            (void)apr_file_remove(path, p);
        }
    }
    if (rv != APR_SUCCESS) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "store.backup", "the copy %s cannot be made",
                        path);
        if (out) {
            out->words = words;
            out->advice = "name a file that does not exist, in a directory with room and rights";
        }
    }
    return rv;
}

/* --- units */

static void end_unit(nts_store_t *store)
{
    store->txn = NULL;
    nts_lock_release_writer(store->lock);
    apr_pool_clear(store->unit);
}

apr_status_t nts_store_begin(nts_store_t *store, apr_interval_time_t wait)
{
    int tries;
    apr_status_t rv;

    if (store->txn) {
        return APR_EINVAL;
    }
    rv = nts_lock_writer(store->lock, wait);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    store->next_notice = 0; /* others may have written since */
    for (tries = 0; tries < 2; tries++) {
        rv = nts_txn_begin(&store->txn, store->db, store->unit);
        if (rv != APR_SUCCESS) {
            break;
        }
        /* With the database's write lock held nobody can change the schema any more: what is not
         * stale now stays good to the end (D3). And another version's tables are not written to. */
        rv = nts_schema_check(store->db, store->unit);
        if (rv == APR_SUCCESS) {
            return APR_SUCCESS;
        }
        nts_txn_rollback(store->txn);
        store->txn = NULL;
        if (rv != APR_EAGAIN) {
            break;
        }
    }
    end_unit(store);
    return rv;
}

apr_status_t nts_store_commit(nts_store_t *store)
{
    apr_status_t rv;

    if (!store->txn) {
        return APR_EINVAL;
    }
    rv = nts_txn_commit(store->txn);
    end_unit(store);
    return rv;
}

void nts_store_rollback(nts_store_t *store)
{
    if (store->txn) {
        nts_txn_rollback(store->txn);
        end_unit(store);
    }
}

apr_status_t nts_unit_enter(int *own, nts_store_t *store)
{
    *own = store->txn == NULL;
    return *own ? nts_store_begin(store, NTS_STORE_WAIT) : APR_SUCCESS;
}

apr_status_t nts_unit_leave(nts_store_t *store, int own, apr_status_t rv)
{
    if (!own || !store->txn) {
        return rv;
    }
    if (rv == APR_SUCCESS) {
        return nts_store_commit(store);
    }
    nts_store_rollback(store);
    return rv;
}
