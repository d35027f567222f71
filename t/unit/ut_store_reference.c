/* References in the state store (S5.2): what a name leads to, and that nobody who waits for a record misses its link,
 * whichever of the two is stored first. */
#include <string.h>

#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

enum { ITEMS = 0, ORDERS, COUNT };
static nts_mapping_t mappings[COUNT];

static void open_two(kit_t *kit)
{
    static nts_mapping_t *list[COUNT] = { &mappings[ITEMS], &mappings[ORDERS] };
    static nts_pair_t pair;
    int i;

    kit_open(kit, p);
    for (i = 0; i < COUNT; i++) {
        mappings[i] = *kit->mapping;
        mappings[i].id = 0;
        mappings[i].pair_count = 0;
    }
    mappings[ITEMS].name = "items";
    mappings[ITEMS].collection = "items";
    mappings[ORDERS].name = "orders";
    mappings[ORDERS].collection = "orders";
    mappings[ORDERS].data_source = "99999999-2222-4333-8444-555555555555";
    pair.notion = "Item";
    pair.external = "item";
    pair.relation = "items";
    pair.options.reference = 1;
    mappings[ORDERS].pairs = &pair;
    mappings[ORDERS].pair_count = 1;
    kit->setup.mappings = list;
    kit->setup.mapping_count = COUNT;
    tap_int(nts_store_put_setup(kit->store, &kit->setup, p), APR_SUCCESS, "a setup of two");
}

static nts_commit_t commit_of(nts_link_t *link, const nts_wait_t *waits, int count)
{
    nts_commit_t commit = { 0 };

    commit.link = link;
    commit.has_waits = count >= 0;
    commit.waits = waits;
    commit.wait_count = count;
    return commit;
}

/* Notices that it put into inboxes of those who waited; -1: it was refused. */
static int put(kit_t *kit, int mapping, nts_link_t *link, const nts_wait_t *waits, int count)
{
    nts_commit_t commit = commit_of(link, waits, count);
    nts_commit_result_t result;
    apr_status_t rv =
        nts_store_apply(&result, NULL, kit->store, &mappings[mapping], "g", kit->epoch, &commit, p);

    kit_now += 1000;
    return rv == APR_SUCCESS && result == NTS_COMMIT_OK ? commit.told_waiting : -1;
}

static int inbox_of(kit_t *kit, int mapping, nts_notice_t **notices)
{
    int count = -1;

    (void)nts_store_get_notices(notices, &count, kit->store, mappings[mapping].id, 0, 1000, p);
    return count;
}

static nts_referent_t seek(kit_t *kit, nts_side_t side, const char *name)
{
    nts_referent_t found;

    (void)nts_store_referent(&found, kit->store, mappings[ITEMS].id, side, name, 0, p);
    return found;
}

static void test_setup(kit_t *kit)
{
    nts_setup_t *again = NULL;

    tap_ok(mappings[ORDERS].pairs[0].relation_id == mappings[ITEMS].id, "a pair knows its mapping");
    (void)nts_store_get_setup(&again, kit->store, p);
    tap_ok(again && again->mappings[1]->pairs[0].relation_id == mappings[ITEMS].id &&
               again->mappings[1]->pairs[0].options.reference,
           "also when it was read back");
    tap_str(again->mappings[1]->pairs[0].relation_source[NTS_NOTION], mappings[ITEMS].data_source,
            "and whose data source that is");
    tap_ok(nts_setup_find(again, "", "items") == again->mappings[0] &&
               !nts_setup_find(again, "other", "items") && !nts_setup_find(again, "", "x/items"),
           "names are those of a virtual host");
}

static void test_leads_to(kit_t *kit)
{
    nts_link_t *both = kit_link("pa", "1", NTS_LINK_ACTIVE, p);
    nts_link_t *asleep = kit_link("pb", "2", NTS_LINK_DORMANT, p);
    nts_link_t *one = kit_link("pc", NULL, NTS_LINK_NEW, p);
    nts_link_t *gone = kit_link("pd", "4", NTS_LINK_TOMBSTONE, p);
    nts_link_t *ignored = kit_link("pe", "5", NTS_LINK_IGNORED, p);
    nts_link_t *reused = kit_link("pf", "4", NTS_LINK_ACTIVE, p);
    nts_referent_t found;

    (void)put(kit, ITEMS, both, NULL, -1);
    (void)put(kit, ITEMS, asleep, NULL, -1);
    (void)put(kit, ITEMS, one, NULL, -1);
    (void)put(kit, ITEMS, gone, NULL, -1);
    (void)put(kit, ITEMS, ignored, NULL, -1);
    found = seek(kit, NTS_NOTION, "pa");
    tap_ok(found.link == both->id && !found.waits && !strcmp(found.name[NTS_EXTERNAL], "1"),
           "a page leads to its link, and to its key");
    found = seek(kit, NTS_EXTERNAL, "2");
    tap_ok(found.link == asleep->id && !found.waits, "one that sleeps outside the filter too");
    found = seek(kit, NTS_NOTION, "pc");
    tap_ok(!found.link && found.waits, "one of one side has no identity, and waits");
    found = seek(kit, NTS_EXTERNAL, "4");
    tap_ok(found.link == gone->id && found.waits, "a deleted one is still itself, and waits");
    found = seek(kit, NTS_NOTION, "pd");
    tap_ok(found.link == gone->id && found.waits, "by its page too");
    found = seek(kit, NTS_EXTERNAL, "5");
    tap_ok(found.link == ignored->id && found.waits,
           "one that is not to be synced any more is still itself, and waits");
    found = seek(kit, NTS_EXTERNAL, "77");
    tap_ok(!found.link && found.waits, "one that nobody knows waits");
    (void)put(kit, ITEMS, reused, NULL, -1);
    found = seek(kit, NTS_EXTERNAL, "4");
    tap_ok(found.link == reused->id && !found.waits, "S4.4 a key that is used again is another's");
    (void)nts_store_referent(&found, kit->store, mappings[ITEMS].id, NTS_NOTION, NULL, both->id, p);
    tap_str(found.name[NTS_NOTION], "pa", "a link leads to its page");
    (void)nts_store_referent(&found, kit->store, mappings[ORDERS].id, NTS_NOTION, NULL, both->id,
                             p);
    tap_ok(!found.link, "but not in another mapping");
}

static void test_waking(kit_t *kit)
{
    nts_wait_t wait = { mappings[ITEMS].id, NTS_NOTION, "pg" };
    nts_wait_t by_key = { mappings[ITEMS].id, NTS_EXTERNAL, "8" };
    nts_link_t *order = kit_link("o1", "101", NTS_LINK_ACTIVE, p);
    nts_link_t *other = kit_link(NULL, "102", NTS_LINK_NEW, p);
    nts_link_t *item = kit_link("pg", NULL, NTS_LINK_NEW, p);
    nts_notice_t *notices;

    tap_int(put(kit, ORDERS, order, &wait, 1), 0, "one begins to wait");
    tap_int(put(kit, ORDERS, other, &by_key, 1), 0, "another does, for a key");
    tap_int(put(kit, ITEMS, item, NULL, -1), 0, "a record of one side wakes nobody");
    item->key = "8";
    item->state = NTS_LINK_ACTIVE;
    tap_int(put(kit, ITEMS, item, NULL, -1), 2, "5.2 its link wakes both");
    tap_int(inbox_of(kit, ORDERS, &notices), 2, "5.2 in the inbox of their mapping");
    tap_ok(!strcmp(notices[0].record, "o1") && notices[0].side == NTS_NOTION &&
               !strcmp(notices[1].record, "102") && notices[1].side == NTS_EXTERNAL,
           "by the names they have");
    tap_int(put(kit, ITEMS, item, NULL, -1), 0, "what was told is not told again");
    tap_int(put(kit, ORDERS, order, &wait, 1), 1,
            "5.2 who begins to wait when it is linked is told at once");
    tap_int(put(kit, ORDERS, order, NULL, 0), 0, "who waits no more");
    item->state = NTS_LINK_TOMBSTONE;
    (void)put(kit, ITEMS, item, NULL, -1);
    item->state = NTS_LINK_ACTIVE;
    tap_int(put(kit, ITEMS, item, NULL, -1), 0, "is not told");
    wait.name = "pd"; /* deleted, above */
    tap_int(put(kit, ORDERS, order, &wait, 1), 0, "one waits for a deleted record");
    item = nts_link_copy(kit_link("pd", "9", NTS_LINK_ACTIVE, p), p);
    item->id = seek(kit, NTS_NOTION, "pd").link;
    tap_int(put(kit, ITEMS, item, NULL, -1), 1, "5.2 which wakes it when it is restored");
}

/* S4.4: the key of a linked record becomes the one that is waited for. */
static void test_key_moves(kit_t *kit)
{
    nts_wait_t wait = { mappings[ITEMS].id, NTS_EXTERNAL, "31" };
    nts_link_t *order = kit_link("o3", "103", NTS_LINK_ACTIVE, p);
    nts_link_t *item = kit_link("ph", "30", NTS_LINK_ACTIVE, p);
    nts_inbox_row_t row = { 0 };
    nts_notice_t *notices;
    int before;

    (void)put(kit, ITEMS, item, NULL, -1);
    (void)put(kit, ORDERS, order, &wait, 1);
    before = inbox_of(kit, ORDERS, &notices);
    row.mapping = mappings[ITEMS].id;
    row.notice.side = NTS_EXTERNAL;
    row.notice.record = "31";
    row.notice.old_key = "30";
    row.notice.event = "change:x:1";
    row.notice.kind = "change.k";
    row.notice.at = kit_now;
    (void)nts_store_take_changes(kit->store, mappings[ITEMS].id, &row, 1, 1, 0, 0);
    tap_int(inbox_of(kit, ORDERS, &notices), before + 1,
            "5.2 a changed key wakes who waits for it");
    tap_ok(seek(kit, NTS_EXTERNAL, "31").link == item->id, "and leads to the same link");
}

/* More than one commit should tell: those who were told tell the others. */
static void test_many(kit_t *kit)
{
    nts_wait_t wait = { mappings[ITEMS].id, NTS_NOTION, "pz" };
    nts_link_t *orders[250];
    nts_link_t *item = kit_link("pz", "300", NTS_LINK_ACTIVE, p);
    int i, told, all = 0;

    for (i = 0; i < 250; i++) {
        orders[i] =
            kit_link(apr_psprintf(p, "z%d", i), apr_psprintf(p, "z%d", i), NTS_LINK_ACTIVE, p);
        (void)put(kit, ORDERS, orders[i], &wait, 1);
    }
    told = put(kit, ITEMS, item, NULL, -1);
    tap_int(told, 100, "no more than a hundred in one commit");
    for (i = 0, all = told; i < 250; i++) {
        all += put(kit, ORDERS, orders[i], NULL, 0);
    }
    tap_int(all, 250, "5.2 but all in the end");
}

/* A record that waits for 500 is put on notice when the first is linked and when the last is, and looks once more when it ends. */
static void test_list(kit_t *kit)
{
    enum { LIST = 500 };
    static nts_wait_t waits[LIST];
    nts_link_t *items[LIST];
    nts_link_t *order = kit_link("lp", "lk", NTS_LINK_ACTIVE, p);
    nts_notice_t *notices;
    int i, before, told = 0;

    for (i = 0; i < LIST; i++) {
        waits[i].mapping = mappings[ITEMS].id;
        waits[i].side = NTS_NOTION;
        waits[i].name = apr_psprintf(p, "l%d", i);
        items[i] = kit_link(waits[i].name, apr_psprintf(p, "lk%d", i), NTS_LINK_ACTIVE, p);
    }
    tap_int(put(kit, ORDERS, order, waits, LIST), 0, "one begins to wait for 500");
    before = inbox_of(kit, ORDERS, &notices);
    for (i = 0; i < LIST; i++) {
        told += put(kit, ITEMS, items[i], NULL, -1);
        if (i == 100) {
            tap_int(inbox_of(kit, ORDERS, &notices), before + 1, "5.2 one notice for a hundred");
            tap_str(notices[before].kind, NTS_NOTICE_REFERENCES, "which says that more may follow");
        }
    }
    tap_int(told, LIST, "all of them are told of");
    tap_int(inbox_of(kit, ORDERS, &notices), before + 2, "5.2 in two notices");
    tap_str(notices[before + 1].kind, NTS_NOTICE_REFERENCE, "of which the second is the last");
    tap_int(put(kit, ORDERS, order, waits, LIST), 1, "5.2 who ends and did not see them is told");
    tap_int(inbox_of(kit, ORDERS, &notices), before + 3, "once");
}

int main(void)
{
    kit_t kit;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    open_two(&kit);
    test_setup(&kit);
    test_leads_to(&kit);
    test_waking(&kit);
    test_key_moves(&kit);
    test_many(&kit);
    test_list(&kit);
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
