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
    tap_int(nts_store_take_changes(kit.store, kit.mapping->id, &row, 1, number, 0, 0), APR_SUCCESS,
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

static nts_commit_result_t commit_entry(nts_link_t *link, nts_entry_t *entry)
{
    nts_commit_t commit = { 0 };
    nts_commit_result_t result = NTS_COMMIT_CLASH;
    const char *words = NULL;

    commit.link = link;
    commit.entries = &entry;
    commit.entry_count = 1;
    tap_int(
        nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p),
        APR_SUCCESS, "a commit of %s", entry->intent);
    return result;
}

/* A row was lost with its database while nobody knew whether its page had been made; the next row that we make gets its key. */
static void test_onto_pending_create(void)
{
    nts_link_t *former = kit_link(NULL, "x", NTS_LINK_NEW, kit.p);
    nts_link_t *next = kit_link("px", NULL, NTS_LINK_NEW, kit.p);
    nts_entry_t *made;

    tap_int(commit_entry(former,
                         kit_entry("of x", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_PENDING, kit.p)),
            NTS_COMMIT_OK, "a page is being made for x");
    made = kit_entry("next", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, kit.p);
    tap_int(commit_entry(next, made), NTS_COMMIT_OK, "and a row for another page");
    next->key = made->key = "x";
    next->state = NTS_LINK_ACTIVE;
    made->state = NTS_ENTRY_APPLIED;
    tap_int(commit_entry(next, made), NTS_COMMIT_OK,
            "S4.4: a row that we made under x is not x's former one");
    tap_str(key_of("px"), "x", "it is its page's");
    tap_int(former->id > 0, 1, "the former record has a number");
    tap_ok(strncmp(kit_load(&kit, former->id, NULL, NULL)->link->key, "x (replaced", 11) == 0,
           "and keeps a key that no row has, for the page that may turn up");
}

/* A row for which no page had been made yet went unseen; the row that we make of another page gets its key. */
static void test_onto_new_record(void)
{
    nts_link_t *former = kit_link(NULL, "lone", NTS_LINK_NEW, kit.p);
    nts_link_t *next = kit_link("p of lone", NULL, NTS_LINK_NEW, kit.p);
    nts_entry_t *made = kit_entry("lone", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, kit.p);

    (void)kit_put_link(&kit, former);
    tap_int(commit_entry(next, made), NTS_COMMIT_OK, "a row is being made for another page");
    next->key = made->key = "lone";
    next->state = NTS_LINK_ACTIVE;
    made->state = NTS_ENTRY_APPLIED;
    tap_int(commit_entry(next, made), NTS_COMMIT_OK,
            "S4.4: it is not the row that a record without a page had (451215, 471684)");
    tap_str(key_of("p of lone"), "lone", "it is its page's");
    tap_ok(!kit_load(&kit, former->id, NULL, NULL)->link,
           "and nothing is left of the former record");
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

/* A row was deleted, and our create of another record got its number. Until that is settled its key is still the old record's, too. */
static void test_row_of_another(void)
{
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words = NULL;
    nts_entry_t *create =
        kit_entry("made", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, kit.p);

    (void)kit_put_link(&kit, kit_link("pg", "g", NTS_LINK_ACTIVE, kit.p));
    commit.link = kit_link("ph", NULL, NTS_LINK_NEW, kit.p);
    commit.entries = &create;
    commit.entry_count = 1;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p);
    commit.row_intent = "made";
    commit.entry_count = 0;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p);
    tap_int(result, NTS_COMMIT_OK, "a record whose own create made the row is stored");
    commit.link = kit_load(&kit, 0, "pg", NULL)->link;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p);
    tap_int(result, NTS_COMMIT_CLASH, "one that took it for its own has to look again (seed 1520)");
    create->state = NTS_ENTRY_APPLIED;
    commit.link = NULL;
    commit.row_intent = NULL;
    commit.entry_count = 1;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p);
    commit.link = kit_load(&kit, 0, "pg", NULL)->link;
    commit.row_intent = "made";
    commit.entry_count = 0;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p);
    tap_int(result, NTS_COMMIT_OK, "when it is settled, keys tell whose it is");
}

/* The row was made; its link is stored with the next intent of the same job (S3.6). */
static void test_before_it_is_stored(void)
{
    nts_link_t *link = kit_link("pk", NULL, NTS_LINK_NEW, kit.p);
    nts_entry_t *create;
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words = NULL;

    (void)kit_put_link(&kit, link);
    create = kit_entry("ik", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, kit.p);
    create->at = kit_now;
    create->key = "k";
    kit_now += apr_time_from_sec(1);
    take(106, "k", "l");
    take(107, "l", "m");
    link = kit_load(&kit, 0, "pk", NULL)->link;
    create->link = link->id;
    link->key = "k";
    link->state = NTS_LINK_ACTIVE;
    commit.link = link;
    commit.entries = &create;
    commit.entry_count = 1;
    tap_int(
        nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p),
        APR_SUCCESS, "the link of a row whose key was changed since it was made is stored");
    tap_int(result, NTS_COMMIT_OK, "as nobody else has that key");
    tap_str(key_of("pk"), "m", "and follows all changes that were told meanwhile");
}

/* A row was read, and before anything of it was stored its key was changed: a page would be made for a key that no row has, to go
 * again, and another for the row. */
static void test_read_before_it_moved(void)
{
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words = NULL;

    take(150, "t", "u");
    commit.link = kit_link(NULL, "t", NTS_LINK_NEW, kit.p);
    commit.row_read = kit_now - 1;
    tap_int(
        nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p),
        APR_SUCCESS, "a row that was read before it was told to have another key");
    tap_int(result, NTS_COMMIT_CLASH, "is looked at again: nobody would follow that change");
    commit.row_read = kit_now + 1;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, kit.p);
    tap_int(result, NTS_COMMIT_OK, "what was read under that key since is another row");
}

/* A row that has no link gets the key of a record whose row must be gone, or there would be two of one key (seed 408488 of the simulation:
 * the row was taken for that record, edited, and its page was filled with a stranger's values). */
static void test_onto_key_of_linked(void)
{
    nts_link_t *link = kit_link("pn", "n", NTS_LINK_ACTIVE, kit.p);

    kit_now += apr_time_from_sec(60);
    link->touched = kit_now - apr_time_from_sec(30);
    (void)kit_put_link(&kit, link);
    take(200, "nobody's", "n");
    tap_ok(strncmp(key_of("pn"), "n (replaced", 11) == 0,
           "a row of no link with another's key: the other one's row is gone");
    link = kit_link("po", "o", NTS_LINK_TOMBSTONE, kit.p);
    (void)kit_put_link(&kit, link);
    link = kit_link("pp", "p", NTS_LINK_ACTIVE, kit.p);
    link->touched = kit_now - apr_time_from_sec(30);
    (void)kit_put_link(&kit, link);
    take(201, "o", "p");
    tap_ok(strncmp(key_of("pp"), "p (replaced", 11) == 0,
           "so is it if a deleted record had that row's key before");
    link = kit_link("pq", "q", NTS_LINK_ACTIVE, kit.p);
    link->touched = kit_now - apr_time_from_sec(5);
    (void)kit_put_link(&kit, link);
    take(202, "nobody's", "q");
    tap_str(key_of("pq"), "q", "who was looked at since may have been linked with that very row");
}

/* After a database was accepted its changes are told from an earlier number on. */
static void test_told_again(void)
{
    nts_link_t *link = kit_link("pr", "r", NTS_LINK_ACTIVE, kit.p);

    link->touched = kit_now - apr_time_from_sec(60);
    (void)kit_put_link(&kit, link);
    take(210, "r", "s");
    tap_int(nts_store_renumber_changes(kit.store, kit.mapping->id), APR_SUCCESS,
            "numbers that come again are not known ones");
    take(210, "r", "s");
    tap_str(key_of("pr"), "s", "who followed that change has its key by it");
}

/* A write of a page is of unknown fate as the key of its row moves; another row gets the former key. */
static void test_pending_of_moved(int number, const char *to)
{
    const char *page = apr_psprintf(kit.p, "p of %d", number);
    const char *key = apr_psprintf(kit.p, "k%d", number);
    nts_link_t *link = kit_link(page, key, NTS_LINK_ACTIVE, kit.p);
    nts_entry_t *write = kit_entry(page, NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_PENDING, kit.p);

    write->page = page;
    write->key = key;
    tap_int(commit_entry(link, write), NTS_COMMIT_OK, "a page is being written");
    if (to) {
        take(number, key, to);
        tap_int(kit_load(&kit, 0, NULL, to)->pending_count, 1, "which its record still knows");
    }
    tap_int(kit_load(&kit, 0, page, NULL)->pending_count, 1, "by its page as well");
    tap_int(kit_load(&kit, 0, NULL, key)->pending_count, !to,
            "S4.4: but no other row under the key that it had (67166)");
}

int main(void)
{
    apr_pool_t *p;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    test_swap();
    test_onto_gone_record();
    test_onto_pending_create();
    test_onto_new_record();
    test_job_in_flight();
    test_row_of_another();
    test_before_it_is_stored();
    test_read_before_it_moved();
    test_onto_key_of_linked();
    test_told_again();
    test_pending_of_moved(90, NULL);
    test_pending_of_moved(91, "far away");
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
