/* How many deletes go ahead without a person (S4.2): the hour's share, and never the last record. */
#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

static nts_commit_result_t apply(kit_t *kit, nts_commit_t *commit, const char **words)
{
    nts_commit_result_t result = NTS_COMMIT_OK;
    apr_status_t rv =
        nts_store_apply(&result, words, kit->store, kit->mapping, "g", kit->epoch, commit, p);

    if (rv != APR_SUCCESS) {
        tap_int(rv, APR_SUCCESS, "apply");
    }
    return result;
}

static nts_commit_result_t try_delete(kit_t *kit, nts_link_t *link, int n, nts_entry_state_t ends)
{
    nts_entry_t *entry = kit_entry(apr_psprintf(p, "d%d-%" APR_INT64_T_FMT, n, link->id),
                                   NTS_ENTRY_REMOVE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words = NULL;

    commit.link = link;
    commit.entries = &entry;
    commit.entry_count = 1;
    commit.counts_as_delete = 1;
    commit.delete_limit_percent = 10;
    result = apply(kit, &commit, &words);
    if (result == NTS_COMMIT_OK && ends != NTS_ENTRY_PENDING) {
        entry->state = ends;
        if (ends == NTS_ENTRY_APPLIED) {
            link->state = NTS_LINK_TOMBSTONE;
        }
        commit.counts_as_delete = 0;
        (void)apply(kit, &commit, NULL);
    }
    if (result == NTS_COMMIT_LIMIT && !words) {
        tap_ok(0, "a limit has its reason");
    }
    return result;
}

static void test_limit(void)
{
    nts_link_t *links[100];
    nts_counts_t counts;
    nts_loaded_t *loaded;
    int i;
    kit_t kit;

    kit_open(&kit, p);
    kit_put_links(&kit, links, 100, p);
    kit_now += apr_time_from_sec(3700);
    for (i = 0; i < 10; i++) {
        if (try_delete(&kit, links[i], i, NTS_ENTRY_APPLIED) != NTS_COMMIT_OK) {
            break;
        }
    }
    tap_int(i, 10, "S4.2: ten of a hundred go");
    tap_int(try_delete(&kit, links[10], 10, NTS_ENTRY_APPLIED), NTS_COMMIT_LIMIT, "not eleven");
    loaded = kit_load(&kit, links[10]->id, NULL, NULL);
    tap_ok(loaded->pending_count == 0 && loaded->link->state == NTS_LINK_ACTIVE,
           "nothing of the eleventh is stored");
    kit_now += apr_time_from_sec(3700);
    for (i = 20; i < 29; i++) {
        if (try_delete(&kit, links[i], i, i < 25 ? NTS_ENTRY_PENDING : NTS_ENTRY_APPLIED) !=
            NTS_COMMIT_OK) {
            break;
        }
    }
    tap_int(i, 29, "an hour later nine of ninety, on their way or arrived");
    tap_int(try_delete(&kit, links[30], 30, NTS_ENTRY_APPLIED), NTS_COMMIT_LIMIT, "not ten");
    kit_now += apr_time_from_sec(3700);
    for (i = 40; i < 60; i++) {
        if (try_delete(&kit, links[i], i, NTS_ENTRY_NOT_APPLIED) != NTS_COMMIT_OK) {
            break;
        }
    }
    tap_int(i, 60, "a delete that certainly did not happen is not counted");
    (void)nts_store_count(&counts, kit.store, kit.mapping->id);
    tap_ok(counts.links[NTS_LINK_ACTIVE] == 86 && counts.links[NTS_LINK_TOMBSTONE] == 14 &&
               counts.pending == 5,
           "the counts agree (%d, %d, %d)", (int)counts.links[NTS_LINK_ACTIVE],
           (int)counts.links[NTS_LINK_TOMBSTONE], (int)counts.pending);
    nts_store_close(kit.store);

    kit_open(&kit, p);
    kit_put_links(&kit, links, 8, p);
    kit_now += apr_time_from_sec(3700);
    for (i = 0; i < 8; i++) {
        if (try_delete(&kit, links[i], i, NTS_ENTRY_PENDING) != NTS_COMMIT_OK) {
            break;
        }
    }
    tap_int(i, 4, "of eight, half may go");
    nts_store_close(kit.store);

    kit_open(&kit, p);
    kit_put_links(&kit, links, 3, p);
    tap_int(try_delete(&kit, links[0], 0, NTS_ENTRY_PENDING), NTS_COMMIT_OK, "of three, one");
    tap_int(try_delete(&kit, links[1], 1, NTS_ENTRY_PENDING), NTS_COMMIT_OK, "and another");
    tap_int(try_delete(&kit, links[2], 2, NTS_ENTRY_PENDING), NTS_COMMIT_LIMIT,
            "but never the last, though none of the others has arrived yet");
    nts_store_close(kit.store);
}

/* Beside one record that is there another one is being made: as long as nobody knows what becomes of that, or it is parked. */
static void delete_beside(nts_trouble_t trouble, nts_commit_result_t at_once)
{
    nts_link_t *one = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_link_t *two = kit_link("p2", NULL, NTS_LINK_NEW, p);
    nts_entry_t *create = kit_entry("c", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { 0 };
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, one);
    two->trouble = trouble;
    commit.link = two;
    commit.entries = &create;
    commit.entry_count = 1;
    (void)apply(&kit, &commit, NULL);
    tap_int(try_delete(&kit, one, 0, NTS_ENTRY_PENDING), at_once,
            "S4.2: beside one that is being made%s", trouble ? ", and parked" : "");
    two->state = NTS_LINK_ACTIVE;
    two->key = "k2";
    create->state = NTS_ENTRY_APPLIED;
    (void)apply(&kit, &commit, NULL);
    tap_int(try_delete(&kit, one, 1, NTS_ENTRY_PENDING), NTS_COMMIT_OK, "once made it is another");
    nts_store_close(kit.store);
}

static void test_last_beside_new(void)
{
    delete_beside(NTS_TROUBLE_NONE, NTS_COMMIT_CLASH);
    delete_beside(NTS_TROUBLE_PARKED, NTS_COMMIT_LIMIT);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_limit();
    test_last_beside_new();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
