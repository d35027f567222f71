/* nts_store_silence.c - whether a service has stopped to tell of changes. Notion shows nobody whether a subscription is paused, and a
 * subscription that is gone says nothing either: what shows it is that events of changes which surely happened did not come. */
#include <string.h>

#include "base/nts_str.h"
#include "store/nts_store_impl.h"

/* By when an event that came is noted: the intake writes that down once a minute at most. */
#define NOTED apr_time_from_sec(60)
#define PAGE 200
/* More changes than this since an event was due are looked at when they have become fewer. */
#define PAGES_MAX 100
#define NEVER INT64_MAX

static const nts_stmt_t newest_entries = {
    "SELECT id, at, op, side, state, cause FROM entry INDEXED BY entry_mapping"
    " WHERE mapping = %lld AND id < %lld ORDER BY id DESC LIMIT %lld"
};
static const nts_stmt_t when_sealed = { "SELECT at FROM secret WHERE service = %lld"
                                        " AND purpose = 'hook'" };

/* Since when events should come; 0: since ever, NEVER: none are expected. */
static apr_status_t expected_since(apr_time_t *since, nts_store_t *store,
                                   const nts_service_t *service, const nts_hook_t *hook)
{
    apr_status_t rv;

    *since = hook->last_event;
    if (*since || service->hook_secret) {
        return APR_SUCCESS;
    }
    *since = NEVER;
    if (strcmp(hook->state, "arrived") != 0) {
        return APR_SUCCESS; /* nobody made a subscription, or somebody is about to */
    }
    rv = nts_db_get_int(since, store->db, &when_sealed, NTS_ARGS(nts_int(service->id)),
                        nts_store_scratch(store));
    if (APR_STATUS_IS_ENOENT(rv)) {
        *since = NEVER;
        rv = APR_SUCCESS;
    }
    return rv;
}

/* Our own writes cause events, too (notion-api.md 4.7); what an incremental listing finds is an edit no event told of in time. */
static int is_change(nts_rows_t *rows, nts_side_t side)
{
    const char *cause = nts_rows_text(rows, 5);

    return nts_rows_int(rows, 4) == NTS_ENTRY_APPLIED &&
           nts_rows_int(rows, 2) <= NTS_ENTRY_RESTORE &&
           (nts_rows_int(rows, 3) == side ||
            (cause && strncmp(cause, NTS_CAUSE_INCREMENTAL, strlen(NTS_CAUSE_INCREMENTAL)) == 0));
}

/* The last such change between the two times; 0: none. */
static apr_status_t find_change(apr_time_t *changed, nts_store_t *store,
                                const nts_mapping_t *mapping, nts_side_t side, apr_time_t since,
                                apr_time_t before)
{
    apr_int64_t below = INT64_MAX;
    int page;

    *changed = 0;
    for (page = 0; page < PAGES_MAX; page++) {
        apr_int64_t first = below;
        nts_rows_t rows;
        apr_status_t rv =
            nts_db_select(&rows, store->db, &newest_entries,
                          NTS_ARGS(nts_int(mapping->id), nts_int(below), nts_int(PAGE)),
                          nts_store_scratch(store));

        if (rv != APR_SUCCESS) {
            return rv;
        }
        while (nts_rows_next(&rows)) {
            apr_time_t at = nts_rows_int(&rows, 1);

            below = nts_rows_int(&rows, 0);
            if (at <= since) {
                return APR_SUCCESS;
            }
            if (at <= before && is_change(&rows, side)) {
                *changed = at;
                return APR_SUCCESS;
            }
        }
        if (below == first) {
            break;
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_store_get_silence(nts_outcome_t *out, nts_store_t *store,
                                   const nts_mapping_t *mapping, nts_side_t side, apr_pool_t *p)
{
    const nts_service_t *service = side == NTS_NOTION ? mapping->notion : mapping->external;
    apr_time_t before = nts_store_now(store) - NTS_EVENT_LATE;
    apr_time_t since, changed = 0;
    nts_hook_t hook;
    apr_status_t rv;

    memset(out, 0, sizeof(*out));
    if (service->kind != NTS_SERVICE_NOTION) {
        return APR_SUCCESS;
    }
    rv = nts_store_get_hook(&hook, store, service->id, p);
    if (rv == APR_SUCCESS) {
        rv = expected_since(&since, store, service, &hook);
    }
    if (rv != APR_SUCCESS || since == NEVER || since + NOTED >= before) {
        return rv;
    }
    rv = find_change(&changed, store, mapping, side, since + NOTED, before);
    if (rv != APR_SUCCESS || !changed) {
        return rv;
    }
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, NTS_HOOK_SILENT,
                    "%s sends no events: Notion was changed at %s, and %s%s", service->name,
                    nts_time_text(changed, p),
                    hook.last_event ? "the last event came at " : "no event has ever come",
                    hook.last_event ? nts_time_text(hook.last_event, p) : "");
    out->advice = "look at Webhooks in the settings of the connection: the subscription has to be "
                  "active, with "
                  "this server's address and all event types of pages and data sources; until then "
                  "reconciliations find what is changed";
    return APR_SUCCESS;
}
