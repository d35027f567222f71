/* Proves: pairs that were found by their names are kept beside those of the configuration, with their numbers and what is known of
 * them, over restarts; a line of the configuration goes before them; and a worker of a former configuration puts nothing back. */
#include <apr_general.h>

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
    (void)nts_store_put_property(kit.store, due, "d1");
    tap_int(kept(&kit)->pair_count, 4, "the tool sees them");
    former = with;

    tap_int(nts_store_put_setup(kit.store, &kit.setup, p), APR_SUCCESS, "httpd starts again");
    tap_int(kit.mapping->pair_count, 2, "its configuration does not name them");
    given = taken(&kit);
    tap_ok(given->pair_count == 4 && given->pairs[2].id == due && given->pairs[3].id == phase,
           "they go on under their numbers");
    tap_str(given->pairs[2].notion_id, "d1", "with what is known of them");
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

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_pairs();
    test_former();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
