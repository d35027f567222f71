/* nts_store_plan.c - plans and their items. */
#include "store/nts_store_plan.h"

#include <string.h>

#include "base/nts_crypto.h"
#include "store/nts_store_impl.h"

#define FORGET_MAX "300"
#define PLAN_COLUMNS                                                                               \
    "id, mapping, uid, revision, instance, counter, state, made, applied, by, requests, counts, "  \
    "note"
#define ITEM_COLUMNS "id, fate, why, text"

static const nts_stmt_t insert_plan = {
    "INSERT INTO plan (mapping, uid, revision, instance, counter, state, made, applied, by,"
    " requests, counts, note)"
    " VALUES (%lld, %s, %s, %s, %lld, %s, %lld, %lld, %s, %lld, %s, %s)"
};
static const nts_stmt_t update_plan = {
    "UPDATE plan SET state = %s, applied = %lld,"
    " requests = %lld, counts = %s, note = %s WHERE id = %lld"
};
static const nts_stmt_t get_plan = { "SELECT " PLAN_COLUMNS " FROM plan WHERE id = %lld" };
static const nts_stmt_t last_plan = { "SELECT " PLAN_COLUMNS " FROM plan WHERE mapping = %lld"
                                      " ORDER BY id DESC LIMIT 1" };
static const nts_stmt_t other_plan = { "SELECT id FROM plan WHERE mapping = %lld AND id <> %lld"
                                       " ORDER BY id LIMIT 1" };
static const nts_stmt_t forget_items = { "DELETE FROM plan_item WHERE id IN (SELECT id FROM"
                                         " plan_item WHERE plan = %lld LIMIT " FORGET_MAX ")" };
static const nts_stmt_t forget_plan = {
    "DELETE FROM plan WHERE id = %lld AND NOT EXISTS (SELECT 1 FROM plan_item WHERE plan = %lld)"
};

/* --- words */

const char *nts_plan_revision(const nts_mapping_t *mapping, apr_pool_t *p)
{
    nts_json_t *object = nts_json_make_object(p);

    nts_mapping_to_json(mapping, object);
    return nts_sha256_text(nts_json_text(object, p), p);
}

const char *nts_plan_fate_name(nts_plan_fate_t fate)
{
    static const char *const names[] = { "open", "done", "refused", "partly" };

    return names[fate];
}

void nts_plan_counts_to_json(const nts_plan_counts_t *counts, nts_json_t *parent, const char *key)
{
    nts_json_t *node = nts_json_add_object(parent, key);
    int kind;

    for (kind = 0; kind < NTS_PLAN_KIND_COUNT; kind++) {
        nts_json_t *of_kind = nts_json_add_object(node, nts_plan_kind_name((nts_plan_kind_t)kind));

        nts_json_add_int(of_kind, "items", counts->kinds[kind]);
        nts_json_add_int(of_kind, "to_notion", counts->sides[kind][NTS_NOTION]);
        nts_json_add_int(of_kind, "to_external", counts->sides[kind][NTS_EXTERNAL]);
    }
    nts_json_add_int(node, "conflicts", counts->conflicts);
    nts_json_add_int(node, "over_limit", counts->over_limit);
}

void nts_plan_counts_from_json(nts_plan_counts_t *counts, const nts_json_t *node)
{
    int kind;

    memset(counts, 0, sizeof(*counts));
    for (kind = 0; kind < NTS_PLAN_KIND_COUNT; kind++) {
        const nts_json_t *of_kind = nts_json_get(node, nts_plan_kind_name((nts_plan_kind_t)kind));

        counts->kinds[kind] = nts_json_get_int(of_kind, "items", 0);
        counts->sides[kind][NTS_NOTION] = nts_json_get_int(of_kind, "to_notion", 0);
        counts->sides[kind][NTS_EXTERNAL] = nts_json_get_int(of_kind, "to_external", 0);
    }
    counts->conflicts = nts_json_get_int(node, "conflicts", 0);
    counts->over_limit = nts_json_get_int(node, "over_limit", 0);
}

static const char *counts_text(const nts_plan_counts_t *counts, apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p);

    nts_plan_counts_to_json(counts, root, "counts");
    return nts_json_text(nts_json_get(root, "counts"), p);
}

/* --- plans */

static apr_status_t insert(nts_store_t *store, nts_plan_t *plan, apr_pool_t *ptemp)
{
    apr_status_t rv =
        nts_db_exec(NULL, store->db, &insert_plan,
                    NTS_ARGS(nts_int(plan->mapping), nts_text(plan->uid), nts_text(plan->revision),
                             nts_text(plan->instance), nts_int(plan->counter),
                             nts_text(plan->state), nts_int(plan->made), nts_int(plan->applied),
                             nts_text(plan->by), nts_int(plan->requests),
                             nts_text(counts_text(&plan->counts, ptemp)), nts_text(plan->note)));

    return rv == APR_SUCCESS ? nts_db_last_id(&plan->id, store->db, ptemp) : rv;
}

apr_status_t nts_store_put_plan(nts_store_t *store, nts_plan_t *plan)
{
    apr_pool_t *ptemp;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    ptemp = nts_store_scratch(store);
    if (!plan->id) {
        return nts_unit_leave(store, own, insert(store, plan, ptemp));
    }
    return nts_unit_leave(
        store, own,
        nts_db_exec(NULL, store->db, &update_plan,
                    NTS_ARGS(nts_text(plan->state), nts_int(plan->applied), nts_int(plan->requests),
                             nts_text(counts_text(&plan->counts, ptemp)), nts_text(plan->note),
                             nts_int(plan->id))));
}

static apr_status_t fetch(nts_plan_t **pplan, nts_store_t *store, const nts_stmt_t *stmt,
                          apr_int64_t number, apr_pool_t *p)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    const nts_json_t *counts = NULL;
    const char *text;
    nts_plan_t *plan;
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, stmt, NTS_ARGS(nts_int(number)), ptemp);

    *pplan = NULL;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_rows_next(&rows)) {
        return APR_ENOENT;
    }
    plan = apr_pcalloc(p, sizeof(*plan));
    plan->id = nts_rows_int(&rows, 0);
    plan->mapping = nts_rows_int(&rows, 1);
    plan->uid = nts_row_copy(&rows, 2, p);
    plan->revision = nts_row_copy(&rows, 3, p);
    plan->instance = nts_row_copy(&rows, 4, p);
    plan->counter = nts_rows_int(&rows, 5);
    plan->state = nts_row_copy(&rows, 6, p);
    plan->made = nts_rows_int(&rows, 7);
    plan->applied = nts_rows_int(&rows, 8);
    plan->by = nts_row_copy(&rows, 9, p);
    plan->requests = nts_rows_int(&rows, 10);
    text = nts_rows_text(&rows, 11);
    plan->note = nts_row_copy(&rows, 12, p);
    if (text && nts_json_parse(&counts, text, strlen(text), NULL, ptemp) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    nts_plan_counts_from_json(&plan->counts, counts);
    if (rows.problem == APR_SUCCESS) {
        *pplan = plan;
    }
    return rows.problem;
}

apr_status_t nts_store_get_plan(nts_plan_t **plan, nts_store_t *store, apr_int64_t id,
                                apr_pool_t *p)
{
    return fetch(plan, store, &get_plan, id, p);
}

apr_status_t nts_store_last_plan(nts_plan_t **plan, nts_store_t *store, apr_int64_t mapping,
                                 apr_pool_t *p)
{
    return fetch(plan, store, &last_plan, mapping, p);
}

apr_status_t nts_store_forget_plans(int *more, nts_store_t *store, apr_int64_t mapping,
                                    apr_int64_t keep)
{
    apr_int64_t id;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *more = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_get_int(&id, store->db, &other_plan, NTS_ARGS(nts_int(mapping), nts_int(keep)),
                        nts_store_scratch(store));
    if (rv == APR_ENOENT) {
        return nts_unit_leave(store, own, APR_SUCCESS);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &forget_items, NTS_ARGS(nts_int(id)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &forget_plan, NTS_ARGS(nts_int(id), nts_int(id)));
    }
    *more = 1;
    return nts_unit_leave(store, own, rv);
}

/* --- items */

static const nts_stmt_t insert_item = {
    "INSERT INTO plan_item (plan, kind, page, key, pairs, to_notion, to_external, conflict,"
    " over_limit, fate, text)"
    " VALUES (%lld, %lld, %s, %s, %lld, %lld, %lld, %lld, %lld, 0, %s)"
};
static const nts_stmt_t drop_item = {
    "DELETE FROM plan_item WHERE plan = %lld AND page IS %s AND key IS %s"
};
static const nts_stmt_t page_paired = { "SELECT id FROM plan_item WHERE plan = %lld AND page = %s"
                                        " AND pairs = 1 AND key IS NOT %s LIMIT 1" };
static const nts_stmt_t key_paired = { "SELECT id FROM plan_item WHERE plan = %lld AND key = %s"
                                       " AND pairs = 1 AND page IS NOT %s LIMIT 1" };

static apr_status_t is_paired(int *found, nts_store_t *store, const nts_stmt_t *stmt,
                              apr_int64_t plan, const char *id, const char *other,
                              apr_pool_t *ptemp)
{
    apr_int64_t item;
    apr_status_t rv =
        id ? nts_db_get_int(&item, store->db, stmt,
                            NTS_ARGS(nts_int(plan), nts_text(id), nts_text(other)), ptemp)
           : APR_ENOENT;

    *found |= rv == APR_SUCCESS;
    return rv == APR_ENOENT ? APR_SUCCESS : rv;
}

static apr_status_t add_item(int *clash, nts_store_t *store, apr_int64_t plan,
                             const nts_plan_item_t *item, apr_pool_t *ptemp)
{
    nts_json_t *node = nts_json_make_object(ptemp);
    apr_status_t rv = is_paired(clash, store, &page_paired, plan, item->page, item->key, ptemp);

    if (rv == APR_SUCCESS) {
        rv = is_paired(clash, store, &key_paired, plan, item->key, item->page, ptemp);
    }
    if (rv != APR_SUCCESS || *clash) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &drop_item,
                     NTS_ARGS(nts_int(plan), nts_text(item->page), nts_text(item->key)));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    nts_plan_item_to_json(item, node);
    return nts_db_exec(
        NULL, store->db, &insert_item,
        NTS_ARGS(nts_int(plan), nts_int(item->kind), nts_text(item->page), nts_text(item->key),
                 nts_int(item->pairs != 0), nts_int(nts_plan_item_writes(item, NTS_NOTION)),
                 nts_int(nts_plan_item_writes(item, NTS_EXTERNAL)), nts_int(item->conflicts > 0),
                 nts_int(item->over_limit != 0), nts_text(nts_json_text(node, ptemp))));
}

apr_status_t nts_store_add_plan_item(int *clash, nts_store_t *store, apr_int64_t plan,
                                     const nts_plan_item_t *item)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *clash = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return nts_unit_leave(store, own, add_item(clash, store, plan, item, nts_store_scratch(store)));
}

static const nts_stmt_t get_items = { "SELECT " ITEM_COLUMNS " FROM plan_item WHERE plan = %lld"
                                      " AND fate >= %lld AND id > %lld ORDER BY id LIMIT %lld" };
static const nts_stmt_t item_by_page = { "SELECT " ITEM_COLUMNS " FROM plan_item WHERE plan = %lld"
                                         " AND page = %s AND kind <= 4 LIMIT 1" };
static const nts_stmt_t item_by_key = { "SELECT " ITEM_COLUMNS " FROM plan_item WHERE plan = %lld"
                                        " AND key = %s AND kind <= 4 LIMIT 1" };

static apr_status_t read_item(nts_plan_row_t *row, nts_rows_t *rows, apr_pool_t *p)
{
    const nts_json_t *node;
    apr_status_t rv;

    row->id = nts_rows_int(rows, 0);
    row->fate = (nts_plan_fate_t)nts_rows_int(rows, 1);
    row->why = nts_row_copy(rows, 2, p);
    row->text = nts_row_copy(rows, 3, p);
    if (!row->text || nts_json_parse(&node, row->text, strlen(row->text), NULL, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    rv = nts_plan_item_from_json(&row->item, node, p);
    return rv == APR_SUCCESS ? rows->problem : rv;
}

apr_status_t nts_store_get_plan_items(nts_plan_row_t **prows, int *count, nts_store_t *store,
                                      apr_int64_t plan, nts_plan_fate_t least, apr_int64_t after,
                                      int limit, apr_pool_t *p)
{
    nts_plan_row_t *list = apr_pcalloc(p, ((apr_size_t)limit + 1) * sizeof(*list));
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &get_items,
                      NTS_ARGS(nts_int(plan), nts_int(least), nts_int(after), nts_int(limit)),
                      nts_store_scratch(store));

    *prows = list;
    *count = 0;
    while (rv == APR_SUCCESS && *count < limit && nts_rows_next(&rows)) {
        rv = read_item(&list[(*count)++], &rows, p);
    }
    return rv;
}

static apr_status_t find_item(nts_plan_row_t **row, nts_store_t *store, const nts_stmt_t *stmt,
                              apr_int64_t plan, const char *id, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, stmt, NTS_ARGS(nts_int(plan), nts_text(id)),
                                    nts_store_scratch(store));

    *row = NULL;
    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        *row = apr_pcalloc(p, sizeof(**row));
        rv = read_item(*row, &rows, p);
    }
    return rv;
}

apr_status_t nts_store_find_plan_item(nts_plan_row_t **row, nts_store_t *store, apr_int64_t plan,
                                      const char *page, const char *key, apr_pool_t *p)
{
    apr_status_t rv = APR_SUCCESS;

    *row = NULL;
    if (page) {
        rv = find_item(row, store, &item_by_page, plan, page, p);
    }
    if (rv == APR_SUCCESS && !*row && key) {
        rv = find_item(row, store, &item_by_key, plan, key, p);
    }
    return rv;
}

static const nts_stmt_t end_item = { "UPDATE plan_item SET fate = %lld, why = %s WHERE id = %lld" };

apr_status_t nts_store_end_plan_item(nts_store_t *store, apr_int64_t item, nts_plan_fate_t fate,
                                     const char *why)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return nts_unit_leave(store, own,
                          nts_db_exec(NULL, store->db, &end_item,
                                      NTS_ARGS(nts_int(fate), nts_text(why), nts_int(item))));
}

static const nts_stmt_t close_items = {
    "UPDATE plan_item SET fate = 1, why = 'nothing was left to do' WHERE id IN (SELECT id FROM"
    " plan_item WHERE plan = %lld AND fate = 0 AND kind <= 4 LIMIT " FORGET_MAX ")"
};

apr_status_t nts_store_close_plan(int *more, nts_store_t *store, apr_int64_t plan)
{
    int changed = 0;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *more = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(&changed, store->db, &close_items, NTS_ARGS(nts_int(plan)));
    *more = changed > 0;
    return nts_unit_leave(store, own, rv);
}

/* --- counting */

static const nts_stmt_t count_items = {
    "SELECT kind, count(*), sum(to_notion), sum(to_external), sum(conflict), sum(over_limit)"
    " FROM plan_item WHERE plan = %lld GROUP BY kind"
};
static const nts_stmt_t count_fates = { "SELECT fate, count(*) FROM plan_item WHERE plan = %lld"
                                        " AND kind <= 4 GROUP BY fate" };

apr_status_t nts_store_count_plan(nts_plan_counts_t *counts, nts_store_t *store, apr_int64_t plan)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, &count_items, NTS_ARGS(nts_int(plan)),
                                    nts_store_scratch(store));

    memset(counts, 0, sizeof(*counts));
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        apr_int64_t kind = nts_rows_int(&rows, 0);

        if (kind < 0 || kind >= NTS_PLAN_KIND_COUNT) {
            return APR_EMISMATCH;
        }
        counts->kinds[kind] = nts_rows_int(&rows, 1);
        counts->sides[kind][NTS_NOTION] = nts_rows_int(&rows, 2);
        counts->sides[kind][NTS_EXTERNAL] = nts_rows_int(&rows, 3);
        counts->conflicts += nts_rows_int(&rows, 4);
        counts->over_limit += nts_rows_int(&rows, 5);
        rv = rows.problem;
    }
    return rv;
}

apr_status_t nts_store_count_fates(apr_int64_t counts[NTS_PLAN_PARTLY + 1], nts_store_t *store,
                                   apr_int64_t plan)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, &count_fates, NTS_ARGS(nts_int(plan)),
                                    nts_store_scratch(store));

    memset(counts, 0, (NTS_PLAN_PARTLY + 1) * sizeof(*counts));
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        apr_int64_t fate = nts_rows_int(&rows, 0);

        if (fate < 0 || fate > NTS_PLAN_PARTLY) {
            return APR_EMISMATCH;
        }
        counts[fate] = nts_rows_int(&rows, 1);
        rv = rows.problem;
    }
    return rv;
}
