/* nts_scan_batch.c - records that were told of, read by one listing in the order of their edits (S7.1). */
#include <string.h>

#include "sync/nts_scan_impl.h"

/* Their values in the table: themselves. */
static void want_all(nts_scan_t *scan)
{
    int i;

    scan->wanted = apr_hash_make(scan->p);
    for (i = 0; i < scan->config.wanted_count; i++) {
        apr_hash_set(scan->wanted, scan->config.wanted[i], APR_HASH_KEY_STRING,
                     scan->config.wanted[i]);
    }
}

int nts_scan_has_spawned(const nts_scan_t *scan, const char *id)
{
    return scan->wanted && !apr_hash_get(scan->wanted, id, APR_HASH_KEY_STRING);
}

nts_step_t nts_scan_batch_page(nts_scan_t *scan)
{
    nts_spawn_t *spawns = nts_scan_new_spawns(scan, scan->record_count);
    int i, n = 0;

    if (!scan->wanted) {
        want_all(scan);
    }
    for (i = 0; i < scan->record_count; i++) {
        const char *id = apr_hash_get(scan->wanted, scan->records[i].id, APR_HASH_KEY_STRING);

        if (id) { /* at a seam a row comes twice */
            apr_hash_set(scan->wanted, id, APR_HASH_KEY_STRING, NULL);
            nts_scan_aim(&spawns[n], scan->config.side, id);
            nts_scan_show(&spawns[n], scan, scan->config.side, &scan->records[i]);
            spawns[n++].only_told = 1;
        }
    }
    scan->report.found += n;
    return nts_scan_spawn(scan, spawns, n, NTS_SCAN_NOTION_SPAWNED);
}

/* Trashed, moved away, edited by nobody after all, or later than its notice says. */
static nts_step_t spawn_rest(nts_scan_t *scan)
{
    nts_spawn_t *spawns;
    int i, n = 0;

    apr_pool_clear(scan->page);
    spawns = nts_scan_new_spawns(scan, scan->config.wanted_count);
    for (i = 0; i < scan->config.wanted_count; i++) {
        const char *id = scan->config.wanted[i];

        if (apr_hash_get(scan->wanted, id, APR_HASH_KEY_STRING)) {
            apr_hash_set(scan->wanted, id, APR_HASH_KEY_STRING, NULL);
            nts_scan_aim(&spawns[n], scan->config.side, id);
            spawns[n++].only_told = 1;
        }
    }
    return nts_scan_spawn(scan, spawns, n, NTS_SCAN_NOTION_SPAWNED);
}

nts_step_t nts_scan_batch_next(nts_scan_t *scan)
{
    if (!apr_hash_count(scan->wanted)) {
        return nts_scan_end(scan);
    }
    return scan->last_page ? spawn_rest(scan) : nts_scan_list(scan, scan->config.side);
}
