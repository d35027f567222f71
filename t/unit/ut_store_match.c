/* First match (S5.1): records with equal match values on both sides become links if they are the only
 * ones, are held if not, and are left alone if the other side has none. A join that is interrupted
 * anywhere is simply run again. */
#include <stdlib.h>

#include <apr_general.h>

#include "store/nts_store_plan.h"
#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

static void put(kit_t *kit, nts_side_t side, const char *id, const char *hash)
{
    (void)nts_store_match_put(kit->store, kit->mapping->id, side, id, hash);
}

static apr_status_t join(kit_t *kit, nts_matched_t *matched)
{
    return nts_store_match_join(matched, kit->store, kit->mapping, 0, "g", kit->epoch, p);
}

/* The key that a plan would pair the page with; NULL: none, "?": more than one. */
static const char *planned(kit_t *kit, const char *page)
{
    nts_link_t *link = NULL;

    (void)nts_store_planned_link(&link, kit->store, kit->mapping->id, 0, 1, NTS_NOTION, page, p);
    return !link ? NULL : link->trouble != NTS_TROUBLE_NONE ? "?" : link->key;
}

/* S5.1: a key goes before match fields, if it stands on both sides. */
static void test_keys(void)
{
    nts_matched_t matched;
    kit_t kit;

    kit_open(&kit, p);
    put(&kit, NTS_NOTION, "p1", NTS_MATCH_BY_KEY "k2");
    put(&kit, NTS_NOTION, "p1", "ada");
    put(&kit, NTS_NOTION, "p2", "ada");
    put(&kit, NTS_NOTION, "p3", "bob");
    put(&kit, NTS_NOTION, "p4", NTS_MATCH_BY_KEY "gone");
    put(&kit, NTS_NOTION, "p4", "dan");
    put(&kit, NTS_EXTERNAL, "k1", NTS_MATCH_BY_KEY "k1");
    put(&kit, NTS_EXTERNAL, "k1", "ada");
    put(&kit, NTS_EXTERNAL, "k2", NTS_MATCH_BY_KEY "k2");
    put(&kit, NTS_EXTERNAL, "k2", "bob");
    put(&kit, NTS_EXTERNAL, "k3", "bob");
    put(&kit, NTS_EXTERNAL, "k4", "dan");
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    (void)nts_store_match_keys(kit.store, kit.mapping->id);
    tap_str(planned(&kit, "p1"), "k2", "a plan pairs by the key where both sides have it");
    tap_str(planned(&kit, "p2"), "k1", "match fields that a key overrules make nothing ambiguous");
    tap_str(planned(&kit, "p3"), "k3", "on neither side");
    tap_str(planned(&kit, "p4"), "k4", "a key that names nothing is nothing");
    tap_int(join(&kit, &matched), APR_SUCCESS, "a join with keys");
    tap_ok(matched.unlinked[NTS_NOTION] == 4 && matched.unlinked[NTS_EXTERNAL] == 4,
           "a record with a key and match fields counts once");
    tap_ok(matched.linked == 4 && matched.ambiguous == 0, "pairs all (%d, ambiguous %d)",
           (int)matched.linked, (int)matched.ambiguous);
    tap_str(kit_load(&kit, 0, "p1", NULL)->link->key, "k2", "by the key where both sides have it");
    tap_str(kit_load(&kit, 0, "p2", NULL)->link->key, "k1", "and else by what match fields leave");
    tap_str(kit_load(&kit, 0, "p4", NULL)->link->key, "k4", "a key that names nothing is nothing");
}

static void test_cases(void)
{
    nts_matched_t matched;
    nts_mapping_status_t status;
    nts_loaded_t *loaded;
    nts_link_t *half;
    nts_link_t *whole;
    nts_counts_t counts;
    nts_entry_t *entries;
    apr_int64_t epoch;
    int count;
    kit_t kit;

    kit_open(&kit, p);
    put(&kit, NTS_NOTION, "p1", "h1");
    put(&kit, NTS_EXTERNAL, "k1", "h1");
    put(&kit, NTS_NOTION, "p2", "h2");
    put(&kit, NTS_NOTION, "p3", "h2");
    put(&kit, NTS_EXTERNAL, "k2", "h2");
    put(&kit, NTS_NOTION, "p4", "h4");
    put(&kit, NTS_NOTION, "p5", "h4");
    put(&kit, NTS_EXTERNAL, "k6", "h6");
    put(&kit, NTS_NOTION, "p7", "h7");
    put(&kit, NTS_EXTERNAL, "k7", "h7");
    put(&kit, NTS_NOTION, "p8", "h8");
    put(&kit, NTS_EXTERNAL, "k8", "h8");
    put(&kit, NTS_NOTION, "p1", "h1");
    half = kit_link("p7", NULL, NTS_LINK_NEW, p);
    (void)kit_put_link(&kit, half);
    (void)kit_put_link(&kit, kit_link(NULL, "k7", NTS_LINK_NEW, p));
    whole = kit_link("p8", "other", NTS_LINK_ACTIVE, p);
    (void)kit_put_link(&kit, whole);

    (void)nts_store_own_group(&epoch, kit.store, "g");
    tap_int(join(&kit, &matched), APR_EBUSY, "who lost the group joins nothing");
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->link, "indeed");
    kit.epoch = epoch;
    tap_int(join(&kit, &matched), APR_SUCCESS, "a join");
    tap_ok(matched.unlinked[NTS_NOTION] == 7 && matched.unlinked[NTS_EXTERNAL] == 5,
           "knows how many there were (%d, %d)", (int)matched.unlinked[NTS_NOTION],
           (int)matched.unlinked[NTS_EXTERNAL]);
    tap_int(matched.linked, 2, "makes pairs of those that are alone");
    tap_int(matched.ambiguous, 3, "and holds those that are not");
    loaded = kit_load(&kit, 0, "p1", "k1");
    tap_ok(loaded->link && loaded->link->state == NTS_LINK_ACTIVE && !loaded->counterpart &&
               loaded->link->base_count == 0,
           "S2.6: a pair begins without bases");
    loaded = kit_load(&kit, 0, "p3", NULL);
    tap_ok(loaded->link && loaded->link->trouble == NTS_TROUBLE_HELD &&
               strcmp(loaded->link->outcome.code, "match.ambiguous") == 0 && !loaded->link->key,
           "what is held says why");
    tap_diag("%s", nts_outcome_text(&loaded->link->outcome, p));
    tap_ok(kit_load(&kit, 0, NULL, "k2")->link != NULL, "on both sides");
    tap_ok(!kit_load(&kit, 0, "p4", NULL)->link && !kit_load(&kit, 0, NULL, "k6")->link,
           "what the other side has not is left to be created");
    loaded = kit_load(&kit, 0, "p7", "k7");
    tap_ok(loaded->link && loaded->link->id == half->id && !loaded->counterpart &&
               loaded->link->state == NTS_LINK_ACTIVE,
           "two halves that were known become one link");
    tap_str(kit_load(&kit, 0, "p8", NULL)->link->key, "other", "an existing link is not touched");
    (void)nts_store_count(&counts, kit.store, kit.mapping->id);
    tap_ok(counts.links[NTS_LINK_ACTIVE] == 3 && counts.held == 3, "the counts agree");
    (void)nts_store_get_status(&status, kit.store, kit.mapping->id, p);
    tap_int(status.matched, 1, "the mapping is matched");
    (void)nts_store_get_entries(&entries, &count, kit.store, kit.mapping->id, half->id, 0, 10, p);
    tap_ok(count == 1 && entries[0].op == NTS_ENTRY_LINK, "the audit tells of a pair");
    (void)join(&kit, &matched);
    tap_ok(matched.unlinked[NTS_NOTION] == 0 && matched.linked == 0,
           "nothing is left to be joined");
    nts_store_close(kit.store);
}

static void test_many(void)
{
    nts_matched_t matched;
    nts_counts_t counts;
    int i;
    kit_t kit;

    kit_open(&kit, p);
    (void)nts_store_begin(kit.store, 0);
    for (i = 0; i < 1000; i++) {
        const char *hash = apr_psprintf(p, "h%d", i);

        put(&kit, NTS_NOTION, apr_psprintf(p, "p%d", i), hash);
        put(&kit, NTS_EXTERNAL, apr_psprintf(p, "k%d", i), hash);
    }
    (void)nts_store_commit(kit.store);
    for (i = 0; i < 300; i++) {
        const char *page = apr_psprintf(p, "p%d", i * 3);

        (void)kit_put_link(&kit, kit_link(page, apr_psprintf(p, "k%d", i * 3), NTS_LINK_ACTIVE, p));
    }
    tap_int(join(&kit, &matched), APR_SUCCESS, "a join after one that was interrupted");
    tap_int(matched.linked, 700, "makes the rest");
    (void)nts_store_count(&counts, kit.store, kit.mapping->id);
    tap_int(counts.links[NTS_LINK_ACTIVE], 1000, "and all are linked");
    put(&kit, NTS_NOTION, "x", "y");
    (void)nts_store_match_clear(kit.store, kit.mapping->id);
    (void)join(&kit, &matched);
    tap_int(matched.unlinked[NTS_NOTION], 0, "cleared candidates are gone");
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_keys();
    test_cases();
    test_many();
    apr_pool_destroy(p);
    return tap_done();
}
