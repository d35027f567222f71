/* nts_store_planned.c - links as they would be if a plan were carried out. */
#include "store/nts_store_plan.h"

#include "store/nts_store_impl.h"

static const nts_stmt_t pair_by_page = { "SELECT page, key FROM plan_item WHERE plan = %lld"
                                         " AND page = %s AND pairs = 1 LIMIT 1" };
static const nts_stmt_t pair_by_key = { "SELECT page, key FROM plan_item WHERE plan = %lld"
                                        " AND key = %s AND pairs = 1 LIMIT 1" };
static const nts_stmt_t get_hash = { "SELECT hash FROM match_candidate WHERE mapping = %lld"
                                     " AND side = %lld AND id = %s ORDER BY hash" };
/* Side 1 is the external one. */
static const nts_stmt_t bearers = {
    "SELECT sum(side = 0), sum(side = 1), min(CASE side WHEN 0 THEN id END),"
    " min(CASE side WHEN 1 THEN id END) FROM match_candidate WHERE mapping = %lld AND hash = %s"
};

static nts_link_t *new_pair(const char *page, const char *key, apr_pool_t *p)
{
    nts_link_t *link = apr_pcalloc(p, sizeof(*link));

    link->page = apr_pstrdup(p, page);
    link->key = apr_pstrdup(p, key);
    link->state = NTS_LINK_ACTIVE;
    return link;
}

static nts_link_t *new_ambiguous(nts_side_t side, const char *id, const apr_int64_t *times,
                                 apr_pool_t *p)
{
    nts_link_t *link = apr_pcalloc(p, sizeof(*link));

    *(side == NTS_NOTION ? &link->page : &link->key) = apr_pstrdup(p, id);
    nts_match_hold(link, times, p);
    return link;
}

typedef struct search_t {
    nts_store_t *store;
    apr_int64_t mapping;
    nts_side_t side;
    const char *id;
    apr_pool_t *p;
    apr_pool_t *ptemp;
} search_t;

static apr_status_t find_bearers(nts_link_t **link, const search_t *search, const char *hash)
{
    apr_int64_t times[NTS_SIDE_COUNT];
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, search->store->db, &bearers,
                      NTS_ARGS(nts_int(search->mapping), nts_text(hash)), search->ptemp);

    if (rv != APR_SUCCESS || !nts_rows_next(&rows)) {
        return rv;
    }
    times[NTS_NOTION] = nts_rows_int(&rows, 0);
    times[NTS_EXTERNAL] = nts_rows_int(&rows, 1);
    if (times[NTS_NOTION] == 1 && times[NTS_EXTERNAL] == 1) {
        *link = new_pair(nts_rows_text(&rows, 2), nts_rows_text(&rows, 3), search->p);
    }
    else if (times[NTS_NOTION] && times[NTS_EXTERNAL]) {
        *link = new_ambiguous(search->side, search->id, times, search->p);
    }
    return rows.problem;
}

/* By its key if that stands on both sides, else by its match fields (nts_store_match_keys). */
static apr_status_t find_match(nts_link_t **link, const search_t *search)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(
        &rows, search->store->db, &get_hash,
        NTS_ARGS(nts_int(search->mapping), nts_int(search->side), nts_text(search->id)),
        search->ptemp);

    while (rv == APR_SUCCESS && !*link && nts_rows_next(&rows)) {
        rv = find_bearers(link, search, nts_rows_text(&rows, 0));
    }
    return rv;
}

apr_status_t nts_store_planned_link(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                    apr_int64_t plan, int matches, nts_side_t side, const char *id,
                                    apr_pool_t *p)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    search_t search = { store, mapping, side, id, p, ptemp };
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, side == NTS_NOTION ? &pair_by_page : &pair_by_key,
                      NTS_ARGS(nts_int(plan), nts_text(id)), ptemp);

    *link = NULL;
    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        *link = new_pair(nts_rows_text(&rows, 0), nts_rows_text(&rows, 1), p);
        return rows.problem;
    }
    return rv == APR_SUCCESS && matches ? find_match(link, &search) : rv;
}
