/* What a record is loaded with besides itself: the row as it was when it was deleted, and not an older or another one (S2.7);
 * which creates nobody can settle (S3.8). */
#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

static void put_change(const kit_t *kit, const char *key, const char *kind, const char *image,
                       const char *intent)
{
    static int number;
    nts_inbox_row_t row = { .mapping = kit->mapping->id };
    int known;

    kit_now += apr_time_from_sec(1);
    row.notice.side = NTS_EXTERNAL;
    row.notice.record = key;
    row.notice.event = apr_psprintf(p, "change:%d", ++number);
    row.notice.kind = kind;
    row.notice.image = image;
    row.notice.intent = intent;
    row.notice.at = kit_now;
    (void)nts_store_put_notices(&known, kit->store, &row, 1);
}

static void put_image(const kit_t *kit, const char *key, const char *image)
{
    put_change(kit, key, "change.d", image, NULL);
}

/* Seed 451426 of the simulation: all of it was told at once, and the row was gone again without a delete that was told of. */
static void test_image_of_former_row(void)
{
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, kit_link("p1", "k1", NTS_LINK_ACTIVE, p));
    put_image(&kit, "k1", "{\"v\":1}");
    put_change(&kit, "k2", "change.i", NULL, NULL);
    put_change(&kit, "k1", "change.i", NULL, "another mapping's");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":1}",
            "neither another row nor what another mapping made there is the row come back");
    put_change(&kit, "k1", "change.i", NULL, NULL);
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image,
           "told to be there again since: it is the image of a former row");
    put_image(&kit, "k1", "{\"v\":2}");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":2}", "this one counts again");
    nts_store_close(kit.store);
}

/* Seed 431133 of the simulation: a row was replaced and then deleted, its page meanwhile too. When people brought the page back, the row
 * came as it had been before it was replaced. */
static void test_image_of_replaced_row(void)
{
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, kit_link("p1", "k1", NTS_LINK_TOMBSTONE, p));
    put_change(&kit, "k1", "change.r", "{\"v\":1}", NULL);
    put_image(&kit, "k1", "{\"v\":2}");
    put_image(&kit, "k1", "{\"v\":3}");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":2}",
            "S4.4: a replaced row is the same record, and comes back as it was deleted");
    nts_store_close(kit.store);
}

/* Seed 409556 of the simulation, shortened: the page then went for a row without an image, and was brought back. */
static void test_page_went_without_image(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_entry_t *remove = kit_entry("i1", NTS_ENTRY_REMOVE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    nts_commit_t commit = { .link = a, .entries = &remove, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, a);
    put_image(&kit, "k1", "{\"v\":1}");
    put_change(&kit, "k1", "change.i", NULL, NULL);
    kit_now += apr_time_from_sec(1);
    a->state = NTS_LINK_TOMBSTONE;
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    tap_int(result, NTS_COMMIT_OK, "a page goes, and no image of its row is known");
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image,
           "when it comes back, an image of a former row still is none of its row");
    put_image(&kit, "k1", "{\"v\":2}");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":2}",
            "one that was told of after that is");
    nts_store_close(kit.store);
}

/* S4.4, seed 454638: the delete of the page kept the row's image, and was not done; then another row got the key. */
static void test_image_under_left_key(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_entry_t *remove = kit_entry("i1", NTS_ENTRY_REMOVE, NTS_NOTION, NTS_ENTRY_NOT_APPLIED, p);
    nts_commit_t commit = { .link = a, .entries = &remove, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;
    kit_t kit;

    kit_open(&kit, p);
    remove->key = "k1";
    remove->image = "{\"v\":1}";
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":1}",
            "the image comes back under its key");
    a->key = "k1 (replaced, entry 9)";
    (void)kit_put_link(&kit, a);
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image,
           "but not under what is left of a key that another row got: no row is made of that");
    nts_store_close(kit.store);
}

/* S4.4, seed 46744: the row was lost with its database, and left no image; the page went after it. */
static void lose_row(kit_t *kit)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_entry_t *remove = kit_entry("i1", NTS_ENTRY_REMOVE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    nts_commit_t commit = { .link = a, .entries = &remove, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;

    kit_open(kit, p);
    (void)kit_put_link(kit, a);
    kit_now += apr_time_from_sec(1);
    a->state = NTS_LINK_TOMBSTONE;
    (void)nts_store_apply(&result, &words, kit->store, kit->mapping, "g", kit->epoch, &commit, p);
    tap_int(result, NTS_COMMIT_OK, "a page goes after its row");
}

/* Another record has the key from now on. */
static nts_link_t *put_successor(kit_t *kit)
{
    nts_link_t *b = kit_link("p2", "k1", NTS_LINK_ACTIVE, p);
    nts_entry_t *create = kit_entry("i2", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    nts_commit_t commit = { .link = b, .entries = &create, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;

    kit_now += apr_time_from_sec(1);
    (void)nts_store_apply(&result, &words, kit->store, kit->mapping, "g", kit->epoch, &commit, p);
    tap_int(result, NTS_COMMIT_OK, "another record gets its key");
    return b;
}

static void test_image_of_successor(void)
{
    nts_link_t *b;
    kit_t kit;

    lose_row(&kit);
    put_change(&kit, "k2", "change.i", NULL, NULL);
    put_change(&kit, "k1", "change.r", "{\"v\":0}", NULL);
    put_change(&kit, "k1", "change.i", NULL, NULL);
    put_image(&kit, "k1", "{\"v\":1}");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":1}",
            "a row that was replaced, and another one, are no successors");
    nts_store_close(kit.store);

    lose_row(&kit);
    put_change(&kit, "k1", "change.i", NULL, NULL);
    put_image(&kit, "k1", "{\"v\":1}");
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image,
           "what was told to be made under its key, and went again, was another record");
    nts_store_close(kit.store);

    lose_row(&kit);
    b = put_successor(&kit);
    put_image(&kit, "k1", "{\"v\":1}");
    b->state = NTS_LINK_TOMBSTONE;
    (void)kit_put_link(&kit, b);
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image,
           "so was who was linked, though nothing is left of how it came");
    tap_str(kit_load(&kit, 0, "p2", NULL)->tombstone_image, "{\"v\":1}", "whose image it is");
    nts_store_close(kit.store);

    lose_row(&kit);
    put_image(&kit, "k1", "{\"v\":1}");
    b = put_successor(&kit);
    b->state = NTS_LINK_TOMBSTONE;
    (void)kit_put_link(&kit, b);
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":1}",
            "an image from before that is the record's own");
    nts_store_close(kit.store);
}

static void test_images(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_base_t *base = nts_link_base_make(a, 1, p);
    kit_t kit;

    kit_open(&kit, p);
    base->seen[NTS_EXTERNAL] = kit_now;
    (void)kit_put_link(&kit, a);
    put_image(&kit, "k1", "{\"v\":1}");
    put_image(&kit, "k1", "{\"v\":2}");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":2}",
            "deleted, inserted and deleted again: as it was in the end");
    a->state = NTS_LINK_TOMBSTONE;
    (void)kit_put_link(&kit, a);
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":1}",
            "S4.4: what lived under a deleted record's key later was another record");
    a->state = NTS_LINK_ACTIVE;
    kit_now += apr_time_from_sec(1);
    base->seen[NTS_EXTERNAL] = kit_now;
    (void)kit_put_link(&kit, a);
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image,
           "seen alive since: no image is better than an old one");
    nts_store_close(kit.store);
}

/* Seed 49835 of the simulation: by a clock that was set back the row went before it was last seen. */
static void test_image_by_clock(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_base_t *base = nts_link_base_make(a, 1, p);
    kit_t kit;

    kit_open(&kit, p);
    put_image(&kit, "k1", "{\"v\":1}");
    base->seen[NTS_EXTERNAL] = kit_now + apr_time_from_sec(60);
    (void)kit_put_link(&kit, a);
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image, "seen since, whatever time it is now");
    put_image(&kit, "k2", "{\"v\":2}");
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->tombstone_image, "that another row went tells nothing");
    put_image(&kit, "k1", "{\"v\":3}");
    tap_str(kit_load(&kit, 0, "p1", NULL)->tombstone_image, "{\"v\":3}",
            "who is told to be gone was not seen later than that");
    nts_store_close(kit.store);
}

/* Brings the row k1 back from the image that was known when the newest notice was @a told. */
static nts_commit_result_t restore(kit_t *kit, nts_link_t *link, const char *intent,
                                   apr_int64_t told)
{
    nts_entry_t *entry = kit_entry(intent, NTS_ENTRY_RESTORE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { .link = link, .entries = &entry, .entry_count = 1, .image_told = told };
    nts_commit_result_t result;
    const char *words;

    entry->key = "k1";
    (void)nts_store_apply(&result, &words, kit->store, kit->mapping, "g", kit->epoch, &commit, p);
    return result;
}

/* Seed 67608 of the simulation. */
static void test_image_in_flight(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    apr_int64_t told;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, a);
    tap_int(kit_load(&kit, 0, "p1", NULL)->told, 0, "nothing was told of");
    put_image(&kit, "k1", "{\"v\":1}");
    told = kit_load(&kit, 0, "p1", NULL)->told;
    put_image(&kit, "k2", "{\"v\":2}");
    put_change(&kit, "k1", "change.r", "{\"v\":3}", NULL);
    tap_int(restore(&kit, a, "i1", told), NTS_COMMIT_OK,
            "neither another row's delete nor a replacement is one of this row");
    put_image(&kit, "k1", "{\"v\":4}");
    tap_int(restore(&kit, a, "i2", told), NTS_COMMIT_CLASH,
            "S2.7: a row that was deleted once more meanwhile comes back as it was then");
    tap_int(restore(&kit, a, "i3", kit_load(&kit, 0, "p1", NULL)->told), NTS_COMMIT_OK,
            "as soon as that is known");
    a->state = NTS_LINK_TOMBSTONE;
    (void)kit_put_link(&kit, a);
    tap_int(restore(&kit, a, "i4", told), NTS_COMMIT_OK,
            "S4.4: of a deleted record the first image counts");
    nts_store_close(kit.store);
}

/* S5.5 */
static void test_free_key(void)
{
    nts_link_t *a = kit_link("p1", NULL, NTS_LINK_IGNORED, p);
    nts_entry_t *remove = kit_entry("i1", NTS_ENTRY_REMOVE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    nts_commit_t commit = { .link = a, .entries = &remove, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;
    kit_t kit;

    kit_open(&kit, p);
    remove->key = "k1";
    remove->image = "{\"v\":1}";
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    tap_str(kit_load(&kit, 0, "p1", NULL)->image_key, "k1",
            "a copy that was taken back has left its key");
    put_image(&kit, "k1", "{\"v\":2}");
    tap_str(kit_load(&kit, 0, "p1", "k1")->tombstone_image, "{\"v\":1}",
            "comes back as it was, and not as who lived under that key after it");
    (void)kit_put_link(&kit, kit_link("p2", "k1", NTS_LINK_ACTIVE, p));
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->image_key, "which now is another record's");
    tap_ok(!kit_load(&kit, 0, "p2", NULL)->image_key, "that one has it as any record has");
    nts_store_close(kit.store);
}

static const char *taken_of(kit_t *kit)
{
    const char *taken = kit_load(kit, 0, "p1", NULL)->tombstone_taken;

    return taken ? taken : "(not known)";
}

/* S2.7: what went with the row is known of the delete that counts, if that was ours. */
static void test_taken(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_TOMBSTONE, p);
    nts_entry_t *remove = kit_entry("i1", NTS_ENTRY_REMOVE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { .link = a, .entries = &remove, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;
    kit_t kit;

    kit_open(&kit, p);
    remove->key = "k1";
    remove->image = "{\"v\":1}";
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    tap_str(taken_of(&kit), "(not known)", "a delete that has not answered tells nothing");
    remove->state = NTS_ENTRY_APPLIED;
    remove->taken = "";
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    tap_str(taken_of(&kit), "", "that nothing went with it is known");
    remove->taken = "3 rows of orders were deleted with it";
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    tap_str(taken_of(&kit), remove->taken, "as is what did");
    a->state = NTS_LINK_ACTIVE;
    (void)kit_put_link(&kit, a);
    put_change(&kit, "k1", "change.d", "{\"v\":1}", "i1");
    tap_str(taken_of(&kit), remove->taken, "also where the change table told of that delete");
    put_change(&kit, "k1", "change.d", "{\"v\":2}", NULL);
    tap_str(taken_of(&kit), "(not known)", "of somebody else's it is not");
    nts_store_close(kit.store);
}

/* S4.1, S4.4: a deleted record's key is another record's, or its own for ever. */
static void test_key_of_the_dead(void)
{
    static const nts_traits_t rows = { .reuses_keys = 1 }, pages = { .has_trash = 1 };
    const nts_loaded_t *loaded;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, kit_link("p1", "k1", NTS_LINK_TOMBSTONE, p));
    kit.mapping->traits[NTS_EXTERNAL] = &rows;
    tap_ok(!kit_load(&kit, 0, NULL, "k1")->link, "under a deleted row's key a new record lives");
    kit.mapping->traits[NTS_EXTERNAL] = &pages;
    loaded = kit_load(&kit, 0, NULL, "k1");
    tap_ok(loaded->link && !strcmp(loaded->link->page, "p1"),
           "under a deleted page's id that page");
    (void)kit_put_link(&kit, kit_link("p2", "k1", NTS_LINK_ACTIVE, p));
    loaded = kit_load(&kit, 0, NULL, "k1");
    tap_ok(loaded->link && !strcmp(loaded->link->page, "p2"), "if none that lives has it");
    nts_store_close(kit.store);
}

static void test_parked_creates(void)
{
    nts_link_t *row = kit_link(NULL, "k9", NTS_LINK_NEW, p);
    nts_entry_t *create = kit_entry("i1", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { .link = row, .entries = &create, .entry_count = 1 };
    nts_commit_result_t result;
    const nts_loaded_t *loaded;
    const char *words;
    kit_t kit;

    kit_open(&kit, p);
    row->trouble = NTS_TROUBLE_PARKED;
    tap_int(nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p),
            APR_SUCCESS, "a create begins for a record that was parked for another reason");
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_ok(loaded->creates_pending[NTS_NOTION] == 1 && loaded->creates_parked[NTS_NOTION] == 0,
           "S3.8: that will be settled soon");
    nts_outcome_set(&row->outcome, p, NTS_REMEDY_RETRY, NTS_CREATE_AMBIGUOUS, "whose is it?");
    (void)kit_put_link(&kit, row);
    tap_int(kit_load(&kit, 0, "p1", NULL)->creates_parked[NTS_NOTION], 1,
            "unless several creates may have made one page");
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_images();
    test_image_by_clock();
    test_page_went_without_image();
    test_image_of_former_row();
    test_image_of_replaced_row();
    test_image_under_left_key();
    test_image_of_successor();
    test_image_in_flight();
    test_free_key();
    test_taken();
    test_key_of_the_dead();
    test_parked_creates();
    apr_pool_destroy(p);
    return tap_done();
}
