/* Proves what the inbox's indexes promise: an event of Notion's is known by its time and its id, and one that comes with
 * another time is only looked at once more; a change of the database is known by its row and its number; of many open
 * notices those of a record are found wherever they stand, and no others; the inbox is read in the order of its numbers;
 * and notices of an older version's tables are all there after the migration. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "db/nts_db.h"
#include "store_kit.h"
#include "tap/tap.h"

#define MANY 1000 /* notices: several blocks of the index */

static apr_pool_t *p;

/* Its number, 0 if it was known. */
static apr_int64_t put(kit_t *kit, nts_side_t side, const char *record, const char *event,
                       apr_time_t at)
{
    nts_inbox_row_t row = { 0 };
    int known = 0;

    row.mapping = kit->mapping->id;
    row.notice.side = side;
    row.notice.record = record;
    row.notice.event = event;
    row.notice.kind = "test";
    row.notice.at = at;
    if (nts_store_put_notices(&known, kit->store, &row, 1) != APR_SUCCESS) {
        return -1;
    }
    return known ? 0 : row.notice.id;
}

static void test_known(void)
{
    const char *event = "5b0a3c1e-0001-4c00-9d00-000000000001";
    apr_int64_t first;
    kit_t kit;

    kit_open(&kit, p);
    first = put(&kit, NTS_NOTION, "p1", event, 1000);
    tap_ok(first > 0, "an event");
    tap_int(put(&kit, NTS_NOTION, "p1", event, 1000), 0, "sent again with its time it is known");
    tap_ok(put(&kit, NTS_NOTION, "p1", "another", 1000) > first, "another one of that time is not");
    tap_ok(put(&kit, NTS_NOTION, "p1", event, 2000) > first,
           "with another time it is one more hint");
    tap_int(kit_load(&kit, 0, "p1", NULL)->notice_count, 3,
            "for the one job that answers them all");
    tap_ok(put(&kit, NTS_EXTERNAL, "k1", "change:x:8", 1000) > first, "a change of the database");
    tap_int(put(&kit, NTS_EXTERNAL, "k1", "change:x:8", 2000), 0,
            "is known by its number: its time depends on what is known of the database's clock");
    tap_ok(put(&kit, NTS_EXTERNAL, "k2", "change:x:8", 1000) > first,
           "but a database that was put back counts again from where it was: of another row it is "
           "another");
    nts_store_close(kit.store);
}

static const char *page_of(int n)
{
    return apr_psprintf(p, "10000000-0000-4000-8000-%012d", n % 10);
}

/* MANY notices in ten pages, keys with the same names, and one page whose name only ends alike. */
static void fill(kit_t *kit)
{
    int i;

    (void)nts_store_begin(kit->store, apr_time_from_sec(1));
    for (i = 0; i < MANY; i++) {
        (void)put(kit, i % 50 == 49 ? NTS_EXTERNAL : NTS_NOTION, page_of(i),
                  apr_psprintf(p, "e%d", i), kit_now + i);
        if (i % 100 == 0) {
            (void)put(kit, NTS_NOTION, "20000000-0000-4000-8000-000000000003",
                      apr_psprintf(p, "alike %d", i), kit_now);
        }
    }
    (void)nts_store_commit(kit->store);
}

/* How many the load has, -1 if they are not in order or not of the record. */
static int load(kit_t *kit, const char *page, const char *key)
{
    const nts_loaded_t *loaded = kit_load(kit, 0, page, key);
    int i;

    for (i = 0; i < loaded->notice_count; i++) {
        const nts_notice_t *notice = &loaded->notices[i];
        const char *name = notice->side == NTS_NOTION ? page : key;

        if (!name || strcmp(notice->record, name) != 0 || (i > 0 && notice->id <= notice[-1].id)) {
            return -1;
        }
    }
    return loaded->notice_count;
}

/* Those of a record go, as its job settles them: half of its hundred at a time is as good as all. */
static int settle(kit_t *kit, const char *page, int count)
{
    const nts_loaded_t *loaded = kit_load(kit, 0, page, NULL);
    apr_int64_t ids[100];
    int i;

    for (i = 0; i < count && i < loaded->notice_count; i++) {
        ids[i] = loaded->notices[i].id;
    }
    return nts_store_settle(kit->store, ids, i) == APR_SUCCESS ? i : -1;
}

static void test_many(void)
{
    nts_notice_t *notices;
    nts_counts_t counts;
    apr_int64_t after = 0;
    int count = 0, seen = 0, ordered = 1, i;
    kit_t kit;

    kit_open(&kit, p);
    fill(&kit);
    tap_int(load(&kit, page_of(3), NULL), 100, "a page's open notices among very many");
    tap_int(load(&kit, page_of(9), NULL), 80, "and of one that a key is called like");
    tap_int(load(&kit, NULL, page_of(9)), 20, "those of the key");
    tap_int(load(&kit, page_of(9), page_of(9)), 100, "both together");
    tap_int(load(&kit, "20000000-0000-4000-8000-000000000003", NULL), 10,
            "names that end alike are not mixed up");
    tap_int(load(&kit, "3", "000003"), 0, "nor is an ending a name");
    do {
        (void)nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, after, 70, p);
        for (i = 0; i < count; i++) {
            ordered &= notices[i].id > after;
            after = notices[i].id;
        }
        seen += count;
    } while (count == 70);
    tap_ok(ordered && seen == MANY + 10, "the inbox is read in the order of its numbers, whole");
    (void)nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, 255, 3, p);
    tap_ok(count == 3 && notices[0].id == 256 && notices[2].id == 258, "across a block's end");
    for (i = 0; i < 10; i++) {
        seen -= settle(&kit, page_of(i), i == 3 ? 50 : 100);
    }
    (void)nts_store_count(&counts, kit.store, kit.mapping->id);
    tap_int(counts.waiting, seen, "what is settled waits no more");
    tap_int(load(&kit, page_of(3), NULL), 50, "what is open behind blocks without any is found");
    tap_int(load(&kit, page_of(4), NULL), 0, "nothing that was settled is");
    (void)nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, 0, 200, p);
    tap_int(count, seen, "nor read");
    nts_store_close(kit.store);
}

/* As version 6 had them. */
static const char *const back_to_6[] = {
    "DROP INDEX inbox_event",
    "DROP INDEX inbox_open",
    "CREATE UNIQUE INDEX inbox_event ON inbox (mapping, side, coalesce(record, ''), event)",
    "CREATE INDEX inbox_open ON inbox (mapping) WHERE settled = 0",
    "INSERT INTO inbox (mapping, side, record, event, at, stored, settled)"
    " VALUES (1, 0, 'p1', 'old', 1000, 1, 0), (1, 0, 'p1', 'done', 1000, 1, 5),"
    " (1, 0, 'p2', 'old', 1000, 1, 0), (1, 0, 'p2', NULL, 1000, 1, 0), (1, 0, 'p2', NULL, 1000, 1, "
    "0)",
    "ALTER TABLE status DROP COLUMN restored",
    "ALTER TABLE status DROP COLUMN restored_as",
    "ALTER TABLE status DROP COLUMN witness",
    "ALTER TABLE status DROP COLUMN witness_at",
    "ALTER TABLE status DROP COLUMN seen_as",
    "ALTER TABLE status DROP COLUMN seen_from",
    "ALTER TABLE budget_chunk DROP COLUMN mono",
    "ALTER TABLE entry DROP COLUMN taken",
    "ALTER TABLE pair DROP COLUMN bound",
    "ALTER TABLE pair DROP COLUMN external_property",
    "DROP INDEX link_gone_key",
    "DROP INDEX inbox_moved",
    "DROP TABLE waiting",
    "DROP TABLE oauth_state",
    "DROP TABLE oauth_attempt",
    "DROP TABLE oauth_grant",
    "UPDATE meta SET value = 6 WHERE name = 'schema'",
    NULL,
};

static void test_migration(void)
{
    const char *const *sql;
    nts_db_t *db;
    kit_t kit;
    int failures = 0;

    kit_open(&kit, p);
    nts_store_close(kit.store);
    if (nts_db_open(&db, "sqlite3", kit.config.params, NULL, p) != APR_SUCCESS) {
        tap_ok(0, "the file is opened");
        return;
    }
    for (sql = back_to_6; *sql; sql++) {
        failures += nts_db_run(db, *sql) != APR_SUCCESS;
    }
    nts_db_close(db);
    tap_int(failures, 0, "tables of version 6");
    tap_int(nts_store_migrate(&kit.config, NULL, p), APR_SUCCESS,
            "are migrated, also if two records have an event of one name");
    kit.store = kit_connect(&kit, p);
    tap_int(load(&kit, "p1", NULL), 1, "what was open is open");
    tap_int(load(&kit, "p2", NULL), 3, "all of it");
    tap_int(put(&kit, NTS_NOTION, "p1", "old", 1000), 0, "what was known is known");
    tap_int(put(&kit, NTS_NOTION, "p1", "done", 1000), 0, "settled or not");
    nts_store_close(kit.store);
}

static void test_renumbered(void)
{
    kit_t kit;

    kit_open(&kit, p);
    (void)put(&kit, NTS_EXTERNAL, "k1", "change:x:8", 1000);
    tap_int((int)put(&kit, NTS_EXTERNAL, "k1", "change:x:8", 1000), 0,
            "a change that is there already is known by its number");
    tap_int(nts_store_renumber_changes(kit.store, kit.mapping->id), APR_SUCCESS,
            "S4.1: a database that is set back numbers anew");
    tap_ok(put(&kit, NTS_EXTERNAL, "k1", "change:x:8", 1000) > 0,
           "and the same number is another change");
    nts_store_close(kit.store);
}

/* An event is known by its id whether or not it names a record, and settled ones are known too. */
static void test_known_events(void)
{
    static const char *const records[] = { "p7", NULL, "" };
    kit_t kit;
    int i;

    kit_open(&kit, p);
    for (i = 0; i < 3; i++) {
        const char *one = apr_psprintf(p, "one %d", i);
        const char *two = apr_psprintf(p, "two %d", i);
        apr_int64_t first = kit_put_notice(&kit, NTS_NOTION, records[i], one);

        tap_ok(kit_put_notice(&kit, NTS_NOTION, records[i], two) > first && first > 0,
               "two events");
        (void)nts_store_settle(kit.store, &first, 1);
        tap_int(kit_put_notice(&kit, NTS_NOTION, records[i], one), 0, "a settled one is known");
        tap_int(kit_put_notice(&kit, NTS_NOTION, records[i], two), 0, "an open one is known");
    }
    (void)kit_put_notice(&kit, NTS_EXTERNAL, "", "three");
    (void)kit_put_notice(&kit, NTS_EXTERNAL, NULL, "four");
    tap_int(kit_load(&kit, 0, "p7", NULL)->notice_count, 1, "what is open of a record is found");
    tap_int(kit_load(&kit, 0, "p7", "")->notice_count, 2,
            "also by a key of no letters, and what names no record is not of that");
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    atexit(apr_terminate);
    (void)apr_pool_create(&p, NULL);
    test_known();
    test_many();
    test_migration();
    test_renumbered();
    test_known_events();
    return tap_done();
}
