/* Plans in the store: items come back as they were put, a record has one of them, pairs are seen as links before there are
 * any, and older plans go in small steps. */
#include <string.h>

#include <apr_general.h>

#include "store/nts_store_plan.h"
#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

static nts_plan_item_t *new_item(nts_plan_kind_t kind, const char *page, const char *key)
{
    nts_plan_item_t *item = apr_pcalloc(p, sizeof(*item));

    item->kind = kind;
    item->side = NTS_EXTERNAL;
    item->page = page;
    item->key = key;
    item->pairs = kind == NTS_PLAN_MATCH;
    item->title = "Ada";
    item->fingerprint = "0123456789abcdef";
    item->fields = apr_pcalloc(p, sizeof(*item->fields));
    return item;
}

static nts_plan_t *new_plan(kit_t *kit, const char *uid)
{
    nts_plan_t *plan = apr_pcalloc(p, sizeof(*plan));

    plan->mapping = kit->mapping->id;
    plan->uid = uid;
    plan->revision = nts_plan_revision(kit->mapping, p);
    plan->instance = "db1";
    plan->counter = 7;
    plan->state = "making";
    plan->made = kit_now;
    plan->by = "ann";
    tap_int(nts_store_put_plan(kit->store, plan), APR_SUCCESS, "a plan is stored");
    return plan;
}

static int add(kit_t *kit, const nts_plan_t *plan, const nts_plan_item_t *item)
{
    int clash = -1;

    return nts_store_add_plan_item(&clash, kit->store, plan->id, item) == APR_SUCCESS ? clash : -1;
}

static nts_link_t *link_of(kit_t *kit, const nts_plan_t *plan, int matches, nts_side_t side,
                           const char *id)
{
    nts_link_t *link = NULL;

    (void)nts_store_planned_link(&link, kit->store, kit->mapping->id, plan->id, matches, side, id,
                                 p);
    return link;
}

static void test_items(void)
{
    nts_plan_item_t *update;
    nts_plan_row_t *rows, *row;
    nts_plan_t *plan, *again;
    apr_int64_t fates[NTS_PLAN_PARTLY + 1];
    int count;
    kit_t kit;

    kit_open(&kit, p);
    plan = new_plan(&kit, "u1");
    update = new_item(NTS_PLAN_UPDATE, "p1", "k1");
    update->field_count = 1;
    update->conflicts = 1;
    update->fields[0].pair = 5;
    update->fields[0].name = "Name <-> name";
    update->fields[0].now[NTS_NOTION] = nts_value_text("Ada");
    update->fields[0].now[NTS_EXTERNAL] = nts_value_null;
    update->fields[0].write[NTS_EXTERNAL] = 1;
    update->fields[0].after = nts_value_text("Ada");
    update->fields[0].reason = "notion changed";
    tap_int(add(&kit, plan, update), 0, "an update");
    tap_int(add(&kit, plan, new_item(NTS_PLAN_DELETE, "p2", "k2")), 0, "a delete");
    tap_int(add(&kit, plan, new_item(NTS_PLAN_HELD, "p3", "k3")), 0, "something held");
    tap_int(add(&kit, plan, update), 0, "the same record again");
    (void)nts_store_get_plan_items(&rows, &count, kit.store, plan->id, NTS_PLAN_OPEN, 0, 10, p);
    tap_int(count, 3, "has one item");
    tap_ok(count == 3 && rows[2].item->field_count == 1 &&
               rows[2].item->fields[0].now[NTS_EXTERNAL].kind == NTS_VALUE_NULL &&
               !strcmp(rows[2].item->fields[0].after.as.text, "Ada") &&
               !strcmp(rows[2].item->fields[0].reason, "notion changed"),
           "which comes back whole");
    (void)nts_store_get_plan_items(&rows, &count, kit.store, plan->id, NTS_PLAN_OPEN, rows[0].id, 1,
                                   p);
    tap_int(count, 1, "page by page");
    tap_int(nts_store_count_plan(&plan->counts, kit.store, plan->id), APR_SUCCESS, "counted");
    tap_ok(plan->counts.kinds[NTS_PLAN_UPDATE] == 1 && plan->counts.conflicts == 1 &&
               plan->counts.sides[NTS_PLAN_UPDATE][NTS_EXTERNAL] == 1 &&
               plan->counts.sides[NTS_PLAN_UPDATE][NTS_NOTION] == 0 &&
               plan->counts.kinds[NTS_PLAN_HELD] == 1,
           "by kind and side");
    plan->state = "ready";
    (void)nts_store_put_plan(kit.store, plan);
    (void)nts_store_last_plan(&again, kit.store, kit.mapping->id, p);
    tap_ok(again && again->id == plan->id && !strcmp(again->state, "ready") &&
               !strcmp(again->uid, "u1") && again->counter == 7 && again->counts.conflicts == 1 &&
               !strcmp(again->revision, nts_plan_revision(kit.mapping, p)),
           "the plan comes back with its counts");

    (void)nts_store_find_plan_item(&row, kit.store, plan->id, "p2", NULL, p);
    tap_ok(row && row->item->kind == NTS_PLAN_DELETE, "found by its page");
    (void)nts_store_find_plan_item(&row, kit.store, plan->id, NULL, "k1", p);
    tap_ok(row && row->item->kind == NTS_PLAN_UPDATE, "or by its key");
    (void)nts_store_end_plan_item(kit.store, row->id, NTS_PLAN_REFUSED, "it moved");
    (void)nts_store_find_plan_item(&row, kit.store, plan->id, "p3", "k3", p);
    tap_ok(!row, "what is held is nothing to carry out");
    (void)nts_store_get_plan_items(&rows, &count, kit.store, plan->id, NTS_PLAN_REFUSED, 0, 10, p);
    tap_ok(count == 1 && rows[0].fate == NTS_PLAN_REFUSED && !strcmp(rows[0].why, "it moved"),
           "refused ones are listed with the reason");
    (void)nts_store_count_fates(fates, kit.store, plan->id);
    tap_ok(fates[NTS_PLAN_OPEN] == 1 && fates[NTS_PLAN_REFUSED] == 1 && !fates[NTS_PLAN_DONE],
           "and counted, those that act");
}

static void test_pairs(void)
{
    nts_plan_t *plan;
    nts_link_t *link;
    kit_t kit;

    kit_open(&kit, p);
    plan = new_plan(&kit, "u1");
    tap_int(add(&kit, plan, new_item(NTS_PLAN_MATCH, "p1", "k1")), 0, "a pair");
    tap_int(add(&kit, plan, new_item(NTS_PLAN_MATCH, "p2", "k1")), 1, "a key is paired once");
    tap_int(add(&kit, plan, new_item(NTS_PLAN_MATCH, "p1", "k9")), 1, "a page, too");
    tap_int(add(&kit, plan, new_item(NTS_PLAN_MATCH, "p1", "k1")), 0,
            "the same pair may come again");
    link = link_of(&kit, plan, 0, NTS_EXTERNAL, "k1");
    tap_ok(link && !link->id && link->state == NTS_LINK_ACTIVE && !strcmp(link->page, "p1"),
           "a planned pair is seen as a link");
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->link, "that is not there");

    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_NOTION, "p5", "h5");
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_EXTERNAL, "k5", "h5");
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_NOTION, "p6", "h6");
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_NOTION, "p7", "h6");
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_EXTERNAL, "k6", "h6");
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_NOTION, "p8", "h8");
    link = link_of(&kit, plan, 1, NTS_NOTION, "p5");
    tap_ok(link && link->key && !strcmp(link->key, "k5"), "candidates that fit are a pair");
    link = link_of(&kit, plan, 1, NTS_NOTION, "p7");
    tap_ok(link && link->trouble == NTS_TROUBLE_HELD && link->state == NTS_LINK_NEW &&
               !strcmp(link->outcome.code, NTS_MATCH_AMBIGUOUS),
           "those that are not alone are ambiguous");
    tap_ok(!link_of(&kit, plan, 1, NTS_NOTION, "p8"), "one without a partner is neither");
    tap_ok(!link_of(&kit, plan, 0, NTS_NOTION, "p5"), "and only while a match is planned");
}

static void test_forgetting(void)
{
    nts_plan_t *old, *plan, *found = NULL;
    nts_plan_row_t *rows;
    int i, count, more = 1, steps = 0;
    kit_t kit;

    kit_open(&kit, p);
    old = new_plan(&kit, "u1");
    for (i = 0; i < 700; i++) {
        (void)add(&kit, old, new_item(NTS_PLAN_UPDATE, apr_psprintf(p, "p%d", i), "k"));
    }
    plan = new_plan(&kit, "u2");
    (void)add(&kit, plan, new_item(NTS_PLAN_UPDATE, "p1", "k1"));
    while (more && steps < 20 &&
           nts_store_forget_plans(&more, kit.store, kit.mapping->id, plan->id) == APR_SUCCESS) {
        steps++;
    }
    tap_ok(steps > 2 && steps < 8, "an old plan goes in some steps (%d)", steps);
    tap_int(nts_store_get_plan(&found, kit.store, old->id, p), APR_ENOENT, "and is gone");
    (void)nts_store_get_plan_items(&rows, &count, kit.store, old->id, NTS_PLAN_OPEN, 0, 10, p);
    tap_int(count, 0, "with its items");
    (void)nts_store_get_plan_items(&rows, &count, kit.store, plan->id, NTS_PLAN_OPEN, 0, 10, p);
    tap_int(count, 1, "the newest stays");
}

static void test_room(void)
{
    apr_int64_t room = -1;
    int i;
    kit_t kit;

    kit_open(&kit, p);
    kit.mapping->delete_limit_percent = 10;
    for (i = 0; i < 20; i++) {
        (void)kit_put_link(&kit, kit_link(apr_psprintf(p, "p%d", i), apr_psprintf(p, "k%d", i),
                                          NTS_LINK_ACTIVE, p));
    }
    kit_now += apr_time_from_sec(7200);
    (void)nts_store_delete_room(&room, kit.store, kit.mapping, 15);
    tap_int(room, 5, "4.2 of fifteen deletes five go ahead");
    (void)nts_store_delete_room(&room, kit.store, kit.mapping, 2);
    tap_int(room, 2, "4.2 of two both");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_items();
    test_pairs();
    test_forgetting();
    test_room();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
