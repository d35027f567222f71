/* Proves what the store promises of records that wait for each other's unique values (S5.8): who is in a circle, and who is woken when
 * it closes. */
#include <string.h>

#include "store_kit.h"
#include "tap/tap.h"

static kit_t kit;

static nts_commit_result_t apply(nts_commit_t *commit)
{
    nts_commit_result_t result = NTS_COMMIT_CLASH;
    const char *words;

    tap_int(nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, commit, kit.p),
            APR_SUCCESS, "applied");
    return result;
}

/* Parked, or not, for the sake of the record number @a blocker. */
static void wait_for(nts_link_t *link, int blocker, nts_remedy_t remedy)
{
    link->trouble = NTS_TROUBLE_PARKED;
    link->outcome.remedy = remedy;
    link->outcome.code = "sql.constraint";
    link->outcome.blocker = apr_psprintf(kit.p, "k%d", blocker);
}

/* A circle of so many, of which the last one is not parked yet. */
static void begin(nts_link_t **links, int count)
{
    int i;

    if (kit.store) {
        nts_store_close(kit.store);
    }
    kit_open(&kit, kit.p);
    kit_put_links(&kit, links, count, kit.p);
    for (i = 0; i < count - 1; i++) {
        wait_for(links[i], i + 1, NTS_REMEDY_WAIT);
        (void)kit_put_link(&kit, links[i]);
    }
}

/* The last one's write is refused, too. How many are woken; *woken: the first of them. */
static int park(nts_link_t *last, const char *intent, nts_remedy_t remedy, apr_int64_t *woken)
{
    nts_entry_t *entry =
        kit_entry(intent, NTS_ENTRY_UPDATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, kit.p);
    nts_commit_t commit = { 0 };

    wait_for(last, 0, remedy);
    entry->state = NTS_ENTRY_NOT_APPLIED;
    commit.link = last;
    commit.entries = &entry;
    commit.entry_count = 1;
    (void)apply(&commit);
    *woken = commit.woken_count ? commit.woken[0] : 0;
    return commit.woken_count;
}

static void test_circle(void)
{
    nts_link_t *links[3];
    nts_loaded_t *loaded;
    nts_link_t **due;
    apr_int64_t woken;
    int count;

    begin(links, 3);
    tap_int(kit_load(&kit, links[0]->id, NULL, NULL)->company_count, 0,
            "a chain is no circle: its end may let go");
    tap_int(park(links[2], "i1", NTS_REMEDY_WAIT, &woken), 1, "who closes a circle wakes one");
    tap_int(woken, links[0]->id, "the one that it waits for");
    (void)nts_store_get_due(&due, &count, kit.store, kit.mapping->id, 0, 10, kit.p);
    tap_ok(count == 1 && due[0]->id == links[0]->id, "as the next owner of the group knows");
    loaded = kit_load(&kit, links[1]->id, NULL, NULL);
    tap_int(loaded->company_count, 2, "each has the others for company");
    tap_str(loaded->company[0], "k2", "whom it waits for first");
    tap_str(loaded->company[1], "k0", "then whom that one waits for");
    tap_int(park(links[2], "i2", NTS_REMEDY_RETRY, &woken), 0,
            "who was refused in company is tried again in its own time");
    tap_int(kit_load(&kit, links[1]->id, NULL, NULL)->company_count, 2, "with the others still");

    wait_for(links[1], 2, NTS_REMEDY_PERSON);
    (void)kit_put_link(&kit, links[1]);
    tap_int(kit_load(&kit, links[0]->id, NULL, NULL)->company_count, 0,
            "one that waits for a person can go along with nobody");
    tap_int(park(links[2], "i3", NTS_REMEDY_WAIT, &woken), 0, "and nobody is woken");
    wait_for(links[1], 2, NTS_REMEDY_WAIT);
    links[1]->state = NTS_LINK_DORMANT;
    (void)kit_put_link(&kit, links[1]);
    tap_int(kit_load(&kit, links[0]->id, NULL, NULL)->company_count, 0,
            "nor can one that sleeps outside the filter");
}

static void test_beside(void)
{
    nts_link_t *links[3];
    apr_int64_t woken;

    begin(links, 3);
    wait_for(links[1], 0, NTS_REMEDY_WAIT);
    (void)kit_put_link(&kit, links[1]);
    tap_int(kit_load(&kit, links[0]->id, NULL, NULL)->company_count, 1, "a circle of two");
    tap_int(park(links[2], "i4", NTS_REMEDY_WAIT, &woken), 0, "who waits for one of them");
    tap_int(kit_load(&kit, links[2]->id, NULL, NULL)->company_count, 0, "is not in it");
}

static void test_length(void)
{
    nts_link_t *links[NTS_COMPANY_MAX + 1];
    apr_int64_t woken;

    begin(links, NTS_COMPANY_MAX);
    tap_int(park(links[NTS_COMPANY_MAX - 1], "i5", NTS_REMEDY_WAIT, &woken), 1,
            "a circle as long as may be");
    tap_int(kit_load(&kit, links[0]->id, NULL, NULL)->company_count, NTS_COMPANY_MAX - 1, "is one");
    begin(links, NTS_COMPANY_MAX + 1);
    tap_int(park(links[NTS_COMPANY_MAX], "i6", NTS_REMEDY_WAIT, &woken), 0, "a longer one");
    tap_int(kit_load(&kit, links[0]->id, NULL, NULL)->company_count, 0, "is not");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&kit.p, NULL);
    test_circle();
    test_beside();
    test_length();
    nts_store_close(kit.store);
    apr_pool_destroy(kit.p);
    return tap_done();
}
