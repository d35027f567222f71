/* Proves that a changed external key moves its link as the change is taken (S4.4): in order, also through swaps, also
 * onto a key whose record is gone, and that a job with the old key in hand is refused. */
#include <string.h>

#include "store_kit.h"
#include "tap/tap.h"

static kit_t kit;

static void take(apr_int64_t number, const char *from, const char *to)
{
    nts_inbox_row_t row = { 0 };

    row.mapping = kit.mapping->id;
    row.notice.side = NTS_EXTERNAL;
    row.notice.record = to;
    row.notice.old_key = from;
    row.notice.kind = "change.k";
    row.notice.event = apr_psprintf(kit.p, "change:x:%d", (int)number);
    row.notice.at = kit_now;
    tap_int(nts_store_take_changes(kit.store, kit.mapping->id, &row, 1, number), APR_SUCCESS,
            "change %d is taken", (int)number);
}

static const char *key_of(const char *page)
{
    nts_loaded_t *loaded = kit_load(&kit, 0, page, NULL);

    return loaded->link ? loaded->link->key : "(no link)";
}

static void test_swap(void)
{
    (void)kit_put_link(&kit, kit_link("pa", "a", NTS_LINK_ACTIVE, kit.p));
    (void)kit_put_link(&kit, kit_link("pb", "b", NTS_LINK_ACTIVE, kit.p));
    take(1, "a", "tmp");
    take(2, "b", "a");
    take(3, "tmp", "b");
    tap_str(key_of("pa"), "b", "a swap through a third key: a's record has b");
    tap_str(key_of("pb"), "a", "and b's record has a");
    take(3, "tmp", "b");
    tap_str(key_of("pa"), "b", "the same change again does nothing");
}

static void test_onto_gone_record(void)
{
    nts_loaded_t *loaded;

    (void)kit_put_link(&kit, kit_link("pc", "c", NTS_LINK_ACTIVE, kit.p));
    (void)kit_put_link(&kit, kit_link("pd", "d", NTS_LINK_ACTIVE, kit.p));
    take(4, "c", "d"); /* d's row was deleted just before; its notice still waits */
    tap_str(key_of("pc"), "d", "the key's new record has it");
    loaded = kit_load(&kit, 0, "pd", NULL);
    tap_ok(loaded->link && strncmp(loaded->link->key, "d (replaced", 11) == 0,
           "its former record keeps a key that no row has");
    tap_int(loaded->notice_count, 1, "and is looked at");
}

static void test_job_in_flight(void)
{
    nts_loaded_t *before;
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words = NULL;

    (void)kit_put_link(&kit, kit_link("pe", "e", NTS_LINK_ACTIVE, kit.p));
    before = kit_load(&kit, 0, "pe", NULL);
    commit.key_was = "e";
    commit.link = before->link;
    take(5, "e", "f");
    tap_int(
        nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p),
        APR_SUCCESS, "a job that loaded the old key commits");
    tap_int(result, NTS_COMMIT_CLASH, "and is told to begin again");
    tap_str(key_of("pe"), "f", "the key stays moved");
}

int main(void)
{
    apr_pool_t *p;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    test_swap();
    test_onto_gone_record();
    test_job_in_flight();
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
