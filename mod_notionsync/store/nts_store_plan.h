/* nts_store_plan.h - plans: what a run would do, as a worker found it, for people to read and say yes to.
 *
 * One plan a mapping is kept. Items are added one by one while it is made, and read page by page, so nobody
 * holds a plan in memory. What stands in an item's text is what nts_plan_item_to_json writes.
 */
#ifndef NTS_STORE_PLAN_H
#define NTS_STORE_PLAN_H

#include "store/nts_store.h"
#include "sync/nts_plan.h"

/** How many of each; stored as JSON with the plan once it is made. */
typedef struct nts_plan_counts_t {
    apr_int64_t kinds[NTS_PLAN_KIND_COUNT];
    apr_int64_t sides[NTS_PLAN_KIND_COUNT]
                     [NTS_SIDE_COUNT]; /* of those, items that write that side */
    apr_int64_t conflicts;             /* items with one */
    apr_int64_t over_limit; /* deletes that a run would hold as beyond the limit (S4.2) */
} nts_plan_counts_t;

typedef struct nts_plan_t {
    apr_int64_t id;
    apr_int64_t mapping;
    const char *uid;      /* the same in a saved file */
    const char *revision; /* of the mapping's configuration when it was made */
    const char *instance; /* of the external database; NULL: not provisioned */
    apr_int64_t counter;  /* its change number then */
    /* "loading" (from a file), "making", "ready", "applying", "applied", "failed" */
    const char *state;
    apr_time_t made;
    apr_time_t applied; /* 0: not yet */
    const char *by;
    apr_int64_t requests;
    nts_plan_counts_t counts; /* all zero until it is ready */
    const char *note;         /* why it failed, or what came of applying it */
} nts_plan_t;

/** What came of an item. */
typedef enum nts_plan_fate_t {
    NTS_PLAN_OPEN = 0,
    NTS_PLAN_DONE,
    NTS_PLAN_REFUSED, /* the record is not as it was shown, or cannot be written now */
    NTS_PLAN_PARTLY   /* some of it was done when the record changed */
} nts_plan_fate_t;

typedef struct nts_plan_row_t {
    apr_int64_t id;
    nts_plan_fate_t fate;
    const char *why;  /* REFUSED, PARTLY: for people */
    const char *text; /* of the item, as JSON */
    nts_plan_item_t *item;
} nts_plan_row_t;

/** The hash of a mapping's configuration (S5.7). */
const char *nts_plan_revision(const nts_mapping_t *mapping, apr_pool_t *p);
const char *nts_plan_fate_name(nts_plan_fate_t fate);
/** Counts as a JSON object under @a key, and back. */
void nts_plan_counts_to_json(const nts_plan_counts_t *counts, nts_json_t *parent, const char *key);
void nts_plan_counts_from_json(nts_plan_counts_t *counts, const nts_json_t *node);

/** Insert (id 0, then set) or update. */
apr_status_t nts_store_put_plan(nts_store_t *store, nts_plan_t *plan);
/** APR_ENOENT. */
apr_status_t nts_store_get_plan(nts_plan_t **plan, nts_store_t *store, apr_int64_t id,
                                apr_pool_t *p);
/** The newest of a mapping. APR_ENOENT. */
apr_status_t nts_store_last_plan(nts_plan_t **plan, nts_store_t *store, apr_int64_t mapping,
                                 apr_pool_t *p);
/** Forget all plans of the mapping but @a keep: some hundred items a call. *more: call again. */
apr_status_t nts_store_forget_plans(int *more, nts_store_t *store, apr_int64_t mapping,
                                    apr_int64_t keep);

/** Add an item. *clash: its page or key is paired by another item of the plan already; nothing was added. An
 *  item about the same record as an older one takes its place. */
apr_status_t nts_store_add_plan_item(int *clash, nts_store_t *store, apr_int64_t plan,
                                     const nts_plan_item_t *item);
/** Items with id > @a after, in the order they were found; @a least: only of that fate and beyond. */
apr_status_t nts_store_get_plan_items(nts_plan_row_t **rows, int *count, nts_store_t *store,
                                      apr_int64_t plan, nts_plan_fate_t least, apr_int64_t after,
                                      int limit, apr_pool_t *p);
/** The item that acts on this record, by page or else by key; NULL: there is none. */
apr_status_t nts_store_find_plan_item(nts_plan_row_t **row, nts_store_t *store, apr_int64_t plan,
                                      const char *page, const char *key, apr_pool_t *p);
apr_status_t nts_store_end_plan_item(nts_store_t *store, apr_int64_t item, nts_plan_fate_t fate,
                                     const char *why);
/** What is still open of those that act needs nothing any more: some hundred items a call. *more: call again. */
apr_status_t nts_store_close_plan(int *more, nts_store_t *store, apr_int64_t plan);
/** Count the items by kind. */
apr_status_t nts_store_count_plan(nts_plan_counts_t *counts, nts_store_t *store, apr_int64_t plan);
/** Count the items by fate: of those that act. */
apr_status_t nts_store_count_fates(apr_int64_t counts[NTS_PLAN_PARTLY + 1], nts_store_t *store,
                                   apr_int64_t plan);
/** The link that a record without one would have if the plan were carried out: a pair of the plan, or, with
 *  @a matches, of the candidates of the first match (S5.1), which may also make it ambiguous. NULL: none. */
apr_status_t nts_store_planned_link(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                    apr_int64_t plan, int matches, nts_side_t side, const char *id,
                                    apr_pool_t *p);

/** How many deletes the limit would let go ahead now (S4.2), at most @a wanted. */
apr_status_t nts_store_delete_room(apr_int64_t *room, nts_store_t *store,
                                   const nts_mapping_t *mapping, apr_int64_t wanted);

#endif /* NTS_STORE_PLAN_H */
