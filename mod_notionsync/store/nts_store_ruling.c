/* nts_store_ruling.c - what people decided, until a job has carried it out.
 *
 * A ruling is open while no intent has taken it, and again when that intent certainly came to nothing (entry
 * state 2). So there is no moment at which a crash could leave it half done: the intent and the taking are one
 * transaction, and so are the intent's end and the ruling's return.
 */
#include <string.h>

#include "store/nts_store_impl.h"

#define COLUMNS                                                                                    \
    "r.id, r.link, r.page, r.key, r.pair, r.choice, r.fingerprint, r.other, r.by, r.at, r.command"
#define OPEN                                                                                       \
    "(r.intent IS NULL OR EXISTS (SELECT 1 FROM entry e WHERE e.intent = r.intent AND e.state = "  \
    "2))"

static const nts_stmt_t forget_older = {
    "DELETE FROM ruling WHERE mapping = %lld AND link = %lld AND pair = %lld"
    " AND coalesce(page, '') = coalesce(%s, '') AND coalesce(key, '') = coalesce(%s, '')"
};
static const nts_stmt_t insert_ruling = {
    "INSERT INTO ruling (mapping, link, page, key, pair, choice, fingerprint, other, by, at,"
    " command) VALUES (%lld, %lld, %s, %s, %lld, %lld, %s, %s, %s, %lld, %lld)"
};

apr_status_t nts_store_put_ruling(nts_store_t *store, apr_int64_t mapping, nts_ruling_t *ruling)
{
    /* A record that has a link is known by it: its names may change. */
    const char *page = ruling->link ? NULL : ruling->page;
    const char *key = ruling->link ? NULL : ruling->key;
    apr_pool_t *ptemp;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    ptemp = nts_store_scratch(store);
    if (!ruling->at) {
        ruling->at = nts_store_now(store);
    }
    rv = nts_db_exec(NULL, store->db, &forget_older,
                     NTS_ARGS(nts_int(mapping), nts_int(ruling->link), nts_int(ruling->pair),
                              nts_text(page), nts_text(key)));
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &insert_ruling,
                         NTS_ARGS(nts_int(mapping), nts_int(ruling->link), nts_text(page),
                                  nts_text(key), nts_int(ruling->pair), nts_int(ruling->choice),
                                  nts_text(ruling->fingerprint), nts_text(ruling->other),
                                  nts_text(ruling->by), nts_int(ruling->at),
                                  nts_int(ruling->command)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_last_id(&ruling->id, store->db, ptemp);
    }
    return nts_unit_leave(store, own, rv);
}

static apr_status_t read_ruling(nts_ruling_t *ruling, nts_rows_t *rows, apr_pool_t *p)
{
    apr_int64_t choice = nts_rows_int(rows, 5);

    memset(ruling, 0, sizeof(*ruling));
    ruling->id = nts_rows_int(rows, 0);
    ruling->link = nts_rows_int(rows, 1);
    ruling->page = nts_row_copy(rows, 2, p);
    ruling->key = nts_row_copy(rows, 3, p);
    ruling->pair = nts_rows_int(rows, 4);
    ruling->fingerprint = nts_row_copy(rows, 6, p);
    ruling->other = nts_row_copy(rows, 7, p);
    ruling->by = nts_row_copy(rows, 8, p);
    ruling->at = nts_rows_int(rows, 9);
    ruling->command = nts_rows_int(rows, 10);
    if (choice < 0 || choice >= NTS_CHOICE_COUNT) {
        return APR_EMISMATCH;
    }
    ruling->choice = (nts_choice_t)choice;
    return rows->problem;
}

static apr_status_t read_rulings(nts_ruling_t **list, int *count, nts_rows_t *rows, int limit,
                                 apr_pool_t *p)
{
    apr_status_t rv = APR_SUCCESS;

    *count = 0;
    *list = NULL;
    while (rv == APR_SUCCESS && *count < limit && nts_rows_next(rows)) {
        if (!*list) {
            *list = apr_pcalloc(p, sizeof(**list) * (apr_size_t)limit);
        }
        rv = read_ruling(&(*list)[(*count)++], rows, p);
    }
    return rv == APR_SUCCESS ? rows->problem : rv;
}

/* Of one record there is one for each field and one for the whole, at most. */
#define OF_A_RECORD_MAX 200

static const nts_stmt_t rulings_of = {
    "SELECT " COLUMNS " FROM ruling r WHERE r.id IN ("
    "SELECT id FROM ruling INDEXED BY ruling_link WHERE mapping = %lld AND link = %lld AND link <> "
    "0"
    " UNION SELECT id FROM ruling INDEXED BY ruling_page WHERE mapping = %lld AND page = %s"
    " UNION SELECT id FROM ruling INDEXED BY ruling_key WHERE mapping = %lld AND key = %s)"
    " AND " OPEN " ORDER BY r.id LIMIT 200"
};

apr_status_t nts_rulings_load(nts_loaded_t *loaded, nts_store_t *store, apr_int64_t mapping,
                              const nts_target_t *ids, apr_pool_t *p, apr_pool_t *ptemp)
{
    nts_ruling_t *list = NULL;
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &rulings_of,
                      NTS_ARGS(nts_int(mapping), nts_int(ids->link), nts_int(mapping),
                               nts_text(ids->page), nts_int(mapping), nts_text(ids->key)),
                      ptemp);

    if (rv == APR_SUCCESS) {
        rv = read_rulings(&list, &loaded->ruling_count, &rows, OF_A_RECORD_MAX, p);
        loaded->rulings = list;
    }
    return rv;
}

static const nts_stmt_t take_ruling = { "UPDATE ruling SET intent = %s WHERE id = %lld" };
static const nts_stmt_t forget_ruling = { "DELETE FROM ruling WHERE id = %lld" };

apr_status_t nts_rulings_end(nts_store_t *store, const nts_ruling_end_t *ended, int count)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = ended[i].intent
                 ? nts_db_exec(NULL, store->db, &take_ruling,
                               NTS_ARGS(nts_text(ended[i].intent), nts_int(ended[i].id)))
                 : nts_db_exec(NULL, store->db, &forget_ruling, NTS_ARGS(nts_int(ended[i].id)));
    }
    return rv;
}

static const nts_stmt_t rulings_of_command = {
    "SELECT " COLUMNS " FROM ruling r INDEXED BY ruling_command WHERE r.command = %lld"
    " AND r.mapping = %lld AND r.id > %lld AND " OPEN " ORDER BY r.id LIMIT %lld"
};

apr_status_t nts_store_get_rulings(nts_ruling_t **rulings, int *count, nts_store_t *store,
                                   apr_int64_t mapping, apr_int64_t command, apr_int64_t after,
                                   int limit, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &rulings_of_command,
                      NTS_ARGS(nts_int(command), nts_int(mapping), nts_int(after), nts_int(limit)),
                      nts_store_scratch(store));

    *rulings = NULL;
    *count = 0;
    return rv == APR_SUCCESS ? read_rulings(rulings, count, &rows, limit, p) : rv;
}
