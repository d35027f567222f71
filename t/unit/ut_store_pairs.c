/* Proves: pairs that were found by their names are kept beside those of the configuration, with their numbers and what is known of
 * them, over restarts; a line of the configuration goes before them; and a worker of a former configuration puts nothing back. A pair
 * is known by the ids of its fields on both sides (S5.4), also in a store of an older version. */
#include <string.h>

#include <apr_general.h>

#include "db/nts_db.h"
#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* The mapping as a worker has it: the configuration's pairs, and these. */
static nts_mapping_t *with_pairs(const nts_mapping_t *mapping, const char *const *columns,
                                 int count)
{
    nts_mapping_t *with = apr_pmemdup(p, mapping, sizeof(*with));
    nts_pair_t *pairs = apr_pcalloc(p, sizeof(*pairs) * (apr_size_t)(with->pair_count + count));
    int i;

    for (i = 0; i < with->pair_count; i++) {
        pairs[i] = with->pairs[i];
    }
    with->pairs = pairs;
    for (i = 0; i < count; i++) {
        pairs[with->pair_count].notion = pairs[with->pair_count].external = columns[i];
        pairs[with->pair_count++].automatic = 1;
    }
    return with;
}

/* As a worker takes it over. */
static nts_mapping_t *taken(const kit_t *kit)
{
    nts_mapping_t *copy = apr_pmemdup(p, kit->mapping, sizeof(*copy));

    tap_int(nts_store_get_pairs(kit->store, copy, p), APR_SUCCESS, "a worker takes it over");
    return copy;
}

static const nts_mapping_t *kept(const kit_t *kit)
{
    nts_setup_t *found;

    return nts_store_get_setup(&found, kit->store, p) == APR_SUCCESS && found->mapping_count == 1
               ? found->mappings[0]
               : kit->mapping;
}

static void test_pairs(void)
{
    static const char *const first[] = { "due", "phase" };
    static const char *const second[] = { "phase" };
    apr_int64_t own, due, phase;
    nts_mapping_t *given, *with, *former;
    kit_t kit;

    kit_open(&kit, p);
    kit.mapping->auto_fields = 1;
    tap_int(nts_store_put_setup(kit.store, &kit.setup, p), APR_SUCCESS, "a configuration");
    own = kit.mapping->pairs[0].id;
    given = taken(&kit);
    tap_int(given->pair_count, 2, "whose pairs are all there are");

    with = with_pairs(given, first, 2);
    tap_int(nts_store_put_pairs(kit.store, with, given, p), APR_SUCCESS, "two more are found");
    due = with->pairs[2].id;
    phase = with->pairs[3].id;
    tap_ok(due && phase && due != phase && with->pairs[0].id == own, "they get numbers");
    (void)nts_store_put_property(kit.store, due, NTS_NOTION, "d1");
    (void)nts_store_put_property(kit.store, due, NTS_EXTERNAL, "e1");
    tap_int(kept(&kit)->pair_count, 4, "the tool sees them");
    former = with;

    tap_int(nts_store_put_setup(kit.store, &kit.setup, p), APR_SUCCESS, "httpd starts again");
    tap_int(kit.mapping->pair_count, 2, "its configuration does not name them");
    given = taken(&kit);
    tap_ok(given->pair_count == 4 && given->pairs[2].id == due && given->pairs[3].id == phase,
           "they go on under their numbers");
    tap_str(given->pairs[2].notion_id, "d1", "with what is known of them");
    tap_str(given->pairs[2].external_id, "e1", "on either side");
    tap_ok(given->pairs[2].automatic && !given->pairs[0].automatic, "and as what they are");

    with = with_pairs(kit.mapping, second, 1);
    tap_int(nts_store_put_pairs(kit.store, with, given, p), APR_SUCCESS, "one has gone");
    tap_int(with->pairs[2].id, phase, "the other keeps its number");
    given = with;
    with = with_pairs(kit.mapping, first, 2);
    tap_int(nts_store_put_pairs(kit.store, with, given, p), APR_SUCCESS, "it is found once more");
    tap_ok(with->pairs[2].id != due && !with->pairs[2].notion_id,
           "as a new pair, which has agreed on nothing");
    tap_int(nts_store_put_pairs(kit.store, former, former, p), APR_SUCCESS,
            "a worker that has read the same may");
    given = taken(&kit);

    kit.mapping->pairs[1].notion = kit.mapping->pairs[1].external = "phase";
    tap_int(nts_store_put_setup(kit.store, &kit.setup, p), APR_SUCCESS,
            "a line of the configuration names one of them");
    tap_int(kit.mapping->pairs[1].id, phase, "it is the same pair");
    tap_int(nts_store_put_pairs(kit.store, with, given, p), APR_EMISMATCH,
            "a worker of the former configuration puts nothing back");
    given = taken(&kit);
    tap_int(given->pair_count, 3, "it is there once");

    kit.mapping->auto_fields = 0;
    tap_int(nts_store_put_setup(kit.store, &kit.setup, p), APR_SUCCESS, "no longer automatic");
    tap_int(kept(&kit)->pair_count, 2, "the configuration's pairs are all there are");
    nts_store_close(kit.store);
}

/* A worker whose configuration is no longer the one in the store. */
static void test_former(void)
{
    nts_mapping_t *former;
    kit_t kit;

    kit_open(&kit, p);
    kit.mapping->auto_fields = 1;
    (void)nts_store_put_setup(kit.store, &kit.setup, p);
    former = apr_pmemdup(p, kit.mapping, sizeof(*former));
    former->pairs = apr_pmemdup(p, kit.mapping->pairs, 2 * sizeof(nts_pair_t));
    kit.mapping->pair_count = 1;
    (void)nts_store_put_setup(kit.store, &kit.setup, p);
    tap_int(nts_store_get_pairs(kit.store, former, p), APR_SUCCESS, "it works by its own pairs");
    tap_int(former->pair_count, 2, "as it knows them");
    nts_store_close(kit.store);
}

/* What a side shows: one property, under its name. */
static void put_schema(const kit_t *kit, nts_side_t side, const char *id, const char *name)
{
    nts_schema_field_t field = { id, name, { .kind = NTS_TYPE_TEXT, .native = "rich_text" } };
    nts_schema_t schema = { .fields = &field, .count = 1 };
    nts_json_t *object = nts_json_make_object(p);

    nts_schema_to_json(&schema, object);
    (void)nts_store_put_schema(kit->store, kit->mapping->id, side, nts_json_text(object, p));
}

/* httpd starts with these words for the second pair, and knows nothing of it but them. */
static const nts_pair_t *started(const kit_t *kit, const char *notion, const char *external)
{
    nts_pair_t *pair = &kit->mapping->pairs[1];

    pair->notion = notion;
    pair->external = external;
    pair->id = 0;
    pair->notion_id = pair->external_id = "not read";
    (void)nts_store_put_setup(kit->store, &kit->setup, p);
    return pair;
}

static int is_kept(const nts_pair_t *pair, apr_int64_t id)
{
    return pair->id == id && pair->notion_id && strcmp(pair->notion_id, "a") == 0 &&
           pair->external_id && strcmp(pair->external_id, "b") == 0;
}

/* S5.4: the configuration follows a property that was renamed, on whichever side. */
static void test_renamed(void)
{
    const nts_pair_t *pair;
    apr_int64_t id;
    kit_t kit;

    kit_open(&kit, p);
    id = started(&kit, "Here", "There")->id;
    (void)nts_store_put_property(kit.store, id, NTS_NOTION, "a");
    (void)nts_store_put_property(kit.store, id, NTS_EXTERNAL, "b");
    put_schema(&kit, NTS_NOTION, "a", "Renamed");
    put_schema(&kit, NTS_EXTERNAL, "b", "Renamed there");
    tap_ok(is_kept(started(&kit, "Here", "There"), id), "a pair has its ids after a restart");
    tap_ok(is_kept(started(&kit, "Here", "Renamed there"), id),
           "it is the same by a new name there");
    tap_ok(is_kept(started(&kit, "Renamed", "Renamed there"), id), "by one here");
    tap_ok(is_kept(started(&kit, "Here", "There"), id) == 0, "and by no name that nothing has");
    pair = started(&kit, "Renamed", "Renamed there");
    tap_ok(pair->id != id && !pair->notion_id && !pair->external_id,
           "whoever was taken out begins anew");
    id = pair->id;
    (void)nts_store_put_property(kit.store, id, NTS_NOTION, "a");
    (void)nts_store_put_property(kit.store, id, NTS_EXTERNAL, "b");
    put_schema(&kit, NTS_NOTION, "a", "Here");
    put_schema(&kit, NTS_EXTERNAL, "b", "There");
    tap_ok(is_kept(started(&kit, "Here", "There"), id), "by new names on both sides at once");
    put_schema(&kit, NTS_EXTERNAL, "c", "Another");
    pair = started(&kit, "Here", "Another");
    tap_ok(pair->id != id && !pair->external_id, "another property is another pair");
    nts_store_close(kit.store);
}

/* A store of version 17 did not keep the ids of the external side. */
static void test_older(void)
{
    apr_int64_t id;
    nts_db_t *db;
    kit_t kit;
    int failures = 0;

    kit_open(&kit, p);
    id = kit.mapping->pairs[1].id;
    (void)nts_store_put_property(kit.store, id, NTS_NOTION, "a");
    nts_store_close(kit.store);
    if (nts_db_open(&db, "sqlite3", kit.config.params, NULL, p) != APR_SUCCESS) {
        tap_ok(0, "the file is opened");
        return;
    }
    failures += nts_db_run(db, "ALTER TABLE pair DROP COLUMN external_property") != APR_SUCCESS;
    failures += nts_db_run(db, "UPDATE meta SET value = 17 WHERE name = 'schema'") != APR_SUCCESS;
    nts_db_close(db);
    tap_int(failures, 0, "tables of version 17");
    tap_int(nts_store_migrate(&kit.config, NULL, p), APR_SUCCESS, "are migrated");
    kit.store = kit_connect(&kit, p);
    kit.mapping->pairs[1].id = 0;
    kit.mapping->pairs[1].notion_id = kit.mapping->pairs[1].external_id = "not read";
    (void)nts_store_put_setup(kit.store, &kit.setup, p);
    tap_int(kit.mapping->pairs[1].id, id, "pairs are what they were");
    tap_str(kit.mapping->pairs[1].notion_id, "a", "and know what was known");
    tap_ok(!kit.mapping->pairs[1].external_id, "the other side's id is not known yet");
    (void)nts_store_put_property(kit.store, id, NTS_EXTERNAL, "b");
    tap_str(kept(&kit)->pairs[1].external_id, "b", "and kept from then on");
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_pairs();
    test_former();
    test_renamed();
    test_older();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
