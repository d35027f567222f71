/* Mappings that share a data source or a table (S3.9): what one wrote is told to all others of the data source, in its
 * own transaction; the change table is kept for whoever has not taken it; a page has one maker. */
#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* people; and beside it: the same data source, the same table (spelled otherwise), neither; one that has the data source on its
 * external side, and one that shares that one's other data source in the same way; one that is not configured any more. */
enum { PEOPLE = 0, SAME_SOURCE, SAME_TABLE, STRANGER, OUTSIDE, FURTHER, FORMER, COUNT };
static nts_mapping_t mappings[COUNT];
static const char *const sources[] = { "99999999-2222-4333-8444-666666666666",
                                       "99999999-2222-4333-8444-777777777777" };

static void put_counter(kit_t *kit, int mapping, const char *instance, apr_int64_t counter)
{
    nts_mapping_status_t status = { 0 };

    status.instance = instance;
    status.counter = counter;
    (void)nts_store_put_status(kit->store, "g", kit->epoch, mappings[mapping].id, &status);
}

static void open_all(kit_t *kit)
{
    static const char other[] = "99999999-2222-4333-8444-555555555555";
    static nts_mapping_t *list[COUNT];
    int i;

    kit_open(kit, p);
    for (i = 0; i < COUNT; i++) {
        mappings[i] = *kit->mapping;
        mappings[i].id = 0;
        mappings[i].name = apr_psprintf(p, "m%d", i);
        mappings[i].pair_count = 0;
        list[i] = &mappings[i];
    }
    mappings[PEOPLE].name = "people";
    mappings[SAME_SOURCE].collection = "staff";
    mappings[SAME_TABLE].data_source = other;
    mappings[SAME_TABLE].collection = "People";
    mappings[STRANGER].data_source = other;
    mappings[STRANGER].collection = "things";
    mappings[OUTSIDE].data_source = sources[0];
    mappings[OUTSIDE].collection = kit->mapping->data_source;
    mappings[FURTHER].data_source = sources[1];
    mappings[FURTHER].collection = sources[0];
    mappings[FORMER].collection = "former";
    kit->setup.mappings = list;
    kit->setup.mapping_count = COUNT;
    (void)nts_store_put_setup(kit->store, &kit->setup, p);
    kit->setup.mapping_count = FORMER;
    (void)nts_store_put_setup(kit->store, &kit->setup, p);
    /* as contact finds them: a data source is its own instance */
    put_counter(kit, OUTSIDE, mappings[OUTSIDE].collection, 0);
    put_counter(kit, FURTHER, mappings[FURTHER].collection, 0);
}

static int told_by(int mapping, kit_t *kit, nts_entry_t *entry, nts_link_t *link)
{
    nts_commit_t commit = { 0 };
    int count = -1;

    commit.link = link;
    commit.entries = &entry;
    commit.entry_count = 1;
    (void)nts_store_tell_siblings(&count, kit->store, mappings[mapping].id, &commit);
    return count;
}

static int told(kit_t *kit, nts_entry_t *entry, nts_link_t *link)
{
    return told_by(PEOPLE, kit, entry, link);
}

static int inbox_of(kit_t *kit, int mapping)
{
    nts_notice_t *notices;
    int count = -1;

    (void)nts_store_get_notices(&notices, &count, kit->store, mappings[mapping].id, 0, 100, p);
    return count;
}

static void test_telling(void)
{
    kit_t kit;
    nts_entry_t *entry;
    nts_link_t *link = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);

    open_all(&kit);
    entry = kit_entry("i1", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    tap_int(told(&kit, entry, link), 2, "3.9 a write to Notion is told");
    tap_int(inbox_of(&kit, SAME_SOURCE), 1, "to the other mapping of the data source");
    tap_int(inbox_of(&kit, OUTSIDE), 1, "and to the one that has it on its external side");
    tap_int(inbox_of(&kit, PEOPLE) + inbox_of(&kit, SAME_TABLE) + inbox_of(&kit, STRANGER) +
                inbox_of(&kit, FURTHER) + inbox_of(&kit, FORMER),
            0, "and to nobody else");
    tap_int(told(&kit, entry, link), 0, "once");
    entry = kit_entry("i2", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_UNKNOWN, p);
    tap_int(told(&kit, entry, link), 2, "3.9 so is one whose fate nobody will know");
    entry = kit_entry("i3", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_PENDING, p);
    tap_int(told(&kit, entry, link), 0, "not what has no end yet");
    entry = kit_entry("i4", NTS_ENTRY_UPDATE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    tap_int(told(&kit, entry, link), 0, "nor what the change table tells");
    entry = kit_entry("i5", NTS_ENTRY_HOLD, NTS_NOTION, NTS_ENTRY_NOTED, p);
    tap_int(told(&kit, entry, link), 0, "nor what was no write");
}

/* The only notice that waits for @a mapping, as "side record". */
static const char *waits(kit_t *kit, int mapping)
{
    nts_notice_t *notices;
    int count = 0;

    (void)nts_store_get_notices(&notices, &count, kit->store, mappings[mapping].id, 0, 100, p);
    return count == 1 ? apr_psprintf(p, "%d %s", (int)notices[0].side, notices[0].record)
                      : apr_psprintf(p, "%d notices", count);
}

/* FURTHER <- OUTSIDE -> people: data sources, of which OUTSIDE has one on either side. */
static void test_telling_of_sources(void)
{
    kit_t kit;
    nts_link_t *link = kit_link("p1", "p2", NTS_LINK_ACTIVE, p);
    nts_entry_t *entry;

    open_all(&kit);
    entry = kit_entry("i1", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    tap_int(told_by(PEOPLE, &kit, entry, link), 2,
            "3.9 of a data source that is one's notion side");
    tap_str(waits(&kit, OUTSIDE), "1 p1", "another is told as of its external side");
    open_all(&kit);
    entry = kit_entry("i2", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    tap_int(told_by(OUTSIDE, &kit, entry, link), 2,
            "a write to the external side is told, where no table of changes tells of it");
    tap_str(waits(&kit, PEOPLE), "0 p2", "as of the notion side");
    tap_str(waits(&kit, SAME_SOURCE), "0 p2", "to each that has the data source there");
    tap_str(waits(&kit, FURTHER), "0 notices", "and to nobody else");
    open_all(&kit);
    entry = kit_entry("i3", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    tap_int(told_by(OUTSIDE, &kit, entry, link), 1, "a write to its other side");
    tap_str(waits(&kit, FURTHER), "1 p1", "is told to the one that shares that");
}

static apr_int64_t counter(kit_t *kit)
{
    apr_int64_t least = -2;

    (void)nts_store_sibling_counter(&least, kit->store, mappings[PEOPLE].id, "db1");
    return least;
}

static void test_counters(void)
{
    nts_mapping_status_t status = { 0 };
    kit_t kit;

    open_all(&kit);
    tap_int((int)counter(&kit), -1, "no other mapping has been in contact with the table");
    put_counter(&kit, PEOPLE, "db1", 50);
    put_counter(&kit, SAME_SOURCE, "db1", 10);
    put_counter(&kit, STRANGER, "db1", 11);
    put_counter(&kit, FORMER, "db1", 12);
    tap_int((int)counter(&kit), -1, "3.9 other tables and former mappings do not count");
    put_counter(&kit, SAME_TABLE, "db2", 30);
    tap_int((int)counter(&kit), -1, "nor does a table of that name in another database");
    put_counter(&kit, SAME_TABLE, "db1", 30);
    tap_int((int)counter(&kit), 30, "3.9 the change table is kept for the slower one");
    status.instance = "db1";
    status.counter = 30;
    status.waiting_instance = "db1";
    status.waiting_from = 12;
    (void)nts_store_put_status(kit.store, "g", kit.epoch, mappings[SAME_TABLE].id, &status);
    tap_int((int)counter(&kit), 12,
            "4.4 also for one that has not said yet to go on after it was set back");
}

static void test_makers(void)
{
    static const char *const pages[] = { "p1", "p2", "p3" };
    kit_t kit;
    apr_int64_t pending = -1;
    int made[3] = { -1, -1, -1 };
    nts_commit_result_t result;
    const char *words;
    nts_entry_t *entries[1];
    nts_commit_t commit = { 0 };

    open_all(&kit);
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    commit.link = kit_link("p1", "s1", NTS_LINK_ACTIVE, p);
    entries[0] = kit_entry("c1", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    commit.entries = entries;
    commit.entry_count = 1;
    (void)nts_store_apply(&result, &words, kit.store, &mappings[SAME_SOURCE], "g", kit.epoch,
                          &commit, p);
    commit.link = kit_link("p2", "s2", NTS_LINK_ACTIVE, p);
    entries[0] = kit_entry("c2", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    (void)nts_store_apply(&result, &words, kit.store, &mappings[SAME_SOURCE], "g", kit.epoch,
                          &commit, p);
    commit.link = kit_link(NULL, "s3", NTS_LINK_NEW, p);
    entries[0] = kit_entry("c3", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_PENDING, p);
    (void)nts_store_apply(&result, &words, kit.store, &mappings[SAME_SOURCE], "g", kit.epoch,
                          &commit, p);
    (void)nts_store_sibling_creates(&pending, made, kit.store, mappings[PEOPLE].id, NTS_NOTION, 0,
                                    pages, 3);
    tap_int(made[0], 1, "3.7 the page that the other mapping made is known as such");
    tap_int(made[1], 0, "not one for which it made a row");
    tap_int(made[2], 0, "nor one that it never saw");
    tap_int((int)pending, 1, "and its creates without an end are counted");
    (void)nts_store_sibling_creates(&pending, made, kit.store, mappings[STRANGER].id, NTS_NOTION, 0,
                                    pages, 3);
    tap_int((int)pending, 0, "for mappings of other data sources those mean nothing");
    tap_int(made[0], 1,
            "3.7 but a page has its maker wherever people move it (seed 3337 of the simulation)");
    tap_int(made[1], 0, "only if it was made");
    commit.link = kit_link(NULL, "s4", NTS_LINK_NEW, p);
    entries[0] = kit_entry("c4", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_PENDING, p);
    (void)nts_store_apply(&result, &words, kit.store, &mappings[PEOPLE], "g", kit.epoch, &commit,
                          p);
    (void)nts_store_sibling_creates(&pending, made, kit.store, mappings[PEOPLE].id, NTS_NOTION, 0,
                                    pages, 3);
    tap_int((int)pending, 2, "3.7 those of the mapping itself count as well");
    (void)nts_store_sibling_creates(&pending, made, kit.store, mappings[PEOPLE].id, NTS_NOTION,
                                    commit.link->id, pages, 3);
    tap_int((int)pending, 1, "but for the record's own");
}

static void put_create(kit_t *kit, int mapping, const char *intent, nts_side_t side,
                       nts_entry_state_t state, nts_link_t *link)
{
    nts_entry_t *entry = kit_entry(intent, NTS_ENTRY_CREATE, side, state, p);
    nts_commit_t commit = { .link = link, .entries = &entry, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;

    (void)nts_store_apply(&result, &words, kit->store, &mappings[mapping], "g", kit->epoch, &commit,
                          p);
}

/* Creates in one data source, of mappings that have it on different sides. */
static void test_makers_of_sources(void)
{
    static const char *const records[] = { "p1", "p2", "p3" };
    apr_int64_t pending = -1;
    int made[3];
    kit_t kit;

    open_all(&kit);
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    put_create(&kit, PEOPLE, "c1", NTS_NOTION, NTS_ENTRY_APPLIED,
               kit_link("p1", "k1", NTS_LINK_ACTIVE, p));
    put_create(&kit, PEOPLE, "c2", NTS_NOTION, NTS_ENTRY_PENDING,
               kit_link(NULL, "k2", NTS_LINK_NEW, p));
    put_create(&kit, OUTSIDE, "c3", NTS_EXTERNAL, NTS_ENTRY_APPLIED,
               kit_link("o2", "p2", NTS_LINK_ACTIVE, p));
    put_create(&kit, OUTSIDE, "c4", NTS_NOTION, NTS_ENTRY_APPLIED,
               kit_link("p3", "x3", NTS_LINK_ACTIVE, p));
    (void)nts_store_sibling_creates(&pending, made, kit.store, mappings[OUTSIDE].id, NTS_EXTERNAL,
                                    0, records, 3);
    tap_int(made[0], 1, "3.7 a page of one's external side that another made is known as such");
    tap_int(made[1], 0, "its own is not");
    tap_int(made[2], 1, "what it made on its other side is no result of a create on this one");
    tap_int((int)pending, 1, "and the other's creates without an end count");
    put_create(&kit, OUTSIDE, "c5", NTS_EXTERNAL, NTS_ENTRY_PENDING,
               kit_link("o5", NULL, NTS_LINK_NEW, p));
    put_create(&kit, OUTSIDE, "c6", NTS_NOTION, NTS_ENTRY_PENDING,
               kit_link(NULL, "x6", NTS_LINK_NEW, p));
    (void)nts_store_sibling_creates(&pending, made, kit.store, mappings[PEOPLE].id, NTS_NOTION, 0,
                                    records, 3);
    tap_int(made[0], 0, "3.7 the other way round: one's own is not");
    tap_int(made[1], 1, "what another made on its external side is");
    tap_int((int)pending, 2,
            "and its creates there count, beside one's own, but not those "
            "elsewhere");
}

/* Pages that a mapping has never seen, where another one may know them. */
static void test_known(void)
{
    static const char *const records[] = { "p1", "p2", "p3", "k1", "p4" };
    int known[5] = { -1, -1, -1, -1, -1 };
    kit_t kit;

    open_all(&kit);
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    put_create(&kit, PEOPLE, "c1", NTS_NOTION, NTS_ENTRY_APPLIED,
               kit_link("p1", "k1", NTS_LINK_ACTIVE, p));
    put_create(&kit, OUTSIDE, "c2", NTS_NOTION, NTS_ENTRY_APPLIED,
               kit_link("o2", "p2", NTS_LINK_ACTIVE, p));
    put_create(&kit, FURTHER, "c3", NTS_NOTION, NTS_ENTRY_APPLIED,
               kit_link("p3", "x3", NTS_LINK_ACTIVE, p));
    (void)nts_store_known_elsewhere(known, kit.store, mappings[FURTHER].id, records, 5);
    tap_int(known[0], 1, "4.1 a page that another mapping has linked is known, whoever made it");
    tap_int(known[1], 1, "on whichever side");
    tap_int(known[2], 0, "not what only the mapping itself has");
    tap_int(known[3], 0, "nor the key of a row");
    tap_int(known[4], 0, "nor what nobody has");
}

static void take_row_for(kit_t *kit, nts_link_t *link)
{
    nts_entry_t *entry = kit_entry("ours", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_APPLIED, p);
    nts_commit_t commit = { .link = link, .entries = &entry, .entry_count = 1 };
    nts_commit_result_t result;
    const char *words;

    (void)nts_store_apply(&result, &words, kit->store, kit->mapping, "g", kit->epoch, &commit, p);
}

/* What is known of the record of `page`, which is in `state`, after the other mapping of the table inserted a row under "7", 10 s after time 0 by
 * the kit's clock, and this mapping heard of it; it was last looked at at `touched`; 0: there is no such
 * record. `is_taken`: that row had been taken for it meanwhile. */
static const nts_loaded_t *load_after(nts_entry_op_t op, apr_time_t touched, int is_taken,
                                      nts_link_state_t state)
{
    kit_t kit;
    nts_link_t *link = kit_link("page", "7", state, p);
    nts_link_t *other = kit_link("elsewhere", "7", NTS_LINK_ACTIVE, p);
    nts_inbox_row_t row = { 0 };
    nts_commit_result_t result;
    const char *words;
    nts_commit_t commit = { 0 };
    nts_entry_t *entries[1];

    open_all(&kit);
    kit.mapping = &mappings[PEOPLE];
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    link->touched = touched;
    if (touched) {
        (void)kit_put_link(&kit, link);
    }
    entries[0] = kit_entry("made", op, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    entries[0]->at = kit_now + apr_time_from_sec(10);
    entries[0]->key = "7";
    commit.link = other;
    commit.entries = entries;
    commit.entry_count = 1;
    (void)nts_store_apply(&result, &words, kit.store, &mappings[SAME_TABLE], "g", kit.epoch,
                          &commit, p);
    if (is_taken) {
        take_row_for(&kit, link);
    }
    row.mapping = kit.mapping->id;
    row.notice.side = NTS_EXTERNAL;
    row.notice.record = "7";
    row.notice.intent = "made";
    row.notice.kind = "change.i";
    row.notice.event = "change:x:1";
    row.notice.at = kit_now + apr_time_from_sec(10);
    (void)nts_store_take_changes(kit.store, kit.mapping->id, &row, 1, 1, 0, 0);
    return kit_load(&kit, 0, "page", NULL);
}

static const char *key_after(nts_entry_op_t op, apr_time_t touched, int is_taken)
{
    const nts_link_t *link = load_after(op, touched, is_taken, NTS_LINK_ACTIVE)->link;

    return link ? link->key : "none";
}

static void test_key_used_again(void)
{
    apr_time_t later = kit_now + apr_time_from_sec(11);

    tap_str(key_after(NTS_ENTRY_CREATE, kit_now, 0), "7 (replaced, notice 1)",
            "4.4 a row that the other mapping made under a linked key is a new record");
    tap_str(key_after(NTS_ENTRY_CREATE, later, 1), "7",
            "unless it was taken for the record since: then it is that row's");
    tap_str(key_after(NTS_ENTRY_CREATE, later, 0), "7 (replaced, notice 1)",
            "that the record was looked at later by a clock that was set back since is no proof of "
            "that");
    tap_str(key_after(NTS_ENTRY_CREATE, 0, 0), "none", "a key that nobody had is nobody's");
    tap_str(key_after(NTS_ENTRY_RESTORE, kit_now, 0), "7",
            "a row that it brought back is the old one");
}

/* Seed 452666 of the simulation: the page of a deleted record lives again, and its job has to wait for the one of the row. */
static void test_key_of_deleted(void)
{
    const nts_loaded_t *loaded = load_after(NTS_ENTRY_CREATE, kit_now, 0, NTS_LINK_TOMBSTONE);

    tap_ok(loaded->link && loaded->notice_count == 1 && loaded->notices[0].made_elsewhere,
           "4.4 under a deleted record's key as well, which waits until that has a link");
    loaded = load_after(NTS_ENTRY_RESTORE, kit_now, 0, NTS_LINK_TOMBSTONE);
    tap_ok(loaded->link && loaded->notice_count == 1 && !loaded->notices[0].made_elsewhere,
           "one that was brought back is that record's");
}

/* Seed 84799 of the simulation: under a lost row's key is what our create, not settled yet, has just made of another record; the other mapping
 * of the table was told of that (\a told: as what happened), wrote that row, and its write is what a read of it shows. What becomes of a job that takes the row for the record of that key? */
static nts_commit_result_t take_row_written_elsewhere(const char *told, const char *key)
{
    nts_entry_t *entry = kit_entry("made", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { .link = kit_link("new", NULL, NTS_LINK_NEW, p),
                            .entries = &entry,
                            .entry_count = 1 };
    nts_inbox_row_t row = { 0 };
    nts_commit_result_t result;
    const char *words;
    kit_t kit;

    open_all(&kit);
    kit.mapping = &mappings[PEOPLE];
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    (void)kit_put_link(&kit, kit_link("page", "7", NTS_LINK_ACTIVE, p));
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    row.mapping = mappings[SAME_TABLE].id;
    row.notice.side = NTS_EXTERNAL;
    row.notice.record = key;
    row.notice.intent = "made";
    row.notice.kind = told;
    row.notice.event = "change:x:1";
    row.notice.at = kit_now;
    (void)nts_store_take_changes(kit.store, row.mapping, &row, 1, 1, 0, 0);
    commit.link = kit_link("elsewhere", key, NTS_LINK_ACTIVE, p);
    entry = kit_entry("theirs", NTS_ENTRY_UPDATE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    (void)nts_store_apply(&result, &words, kit.store, &mappings[SAME_TABLE], "g", kit.epoch,
                          &commit, p);
    commit =
        (nts_commit_t){ .link = kit_load(&kit, 0, "page", NULL)->link, .row_intent = "theirs" };
    (void)nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p);
    return result;
}

static void test_row_written_elsewhere(void)
{
    tap_int(take_row_written_elsewhere("change.i", "7"), NTS_COMMIT_CLASH,
            "4.4 our create's row is another record's also if another mapping wrote it since");
    tap_int(take_row_written_elsewhere("change.i", "8"), NTS_COMMIT_OK, "not if it made another");
    tap_int(take_row_written_elsewhere("change.u", "7"), NTS_COMMIT_OK, "nor if it made none");
}

/* Seed 57559 of the simulation: a row was listed for a first match, and deleted; then the other mapping of the table made its own under that
 * key, before the pair was made. Made after the listing; or before it, or in a database that is another one: then it is what was listed.
 * @return the key of the page's link; `is_matched`: first contact is over */
static const char *pair_after(int made_before, const char *instance, int *is_matched)
{
    nts_entry_t *entry = kit_entry("made", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_APPLIED, p);
    nts_commit_t commit = { .link = kit_link("elsewhere", "7", NTS_LINK_ACTIVE, p),
                            .entries = &entry,
                            .entry_count = 1 };
    nts_commit_result_t result;
    nts_mapping_status_t status;
    nts_matched_t matched;
    const nts_link_t *link;
    apr_int64_t after = 0;
    const char *words;
    kit_t kit;

    open_all(&kit);
    kit.mapping = &mappings[PEOPLE];
    (void)nts_store_own_group(&kit.epoch, kit.store, "g");
    put_counter(&kit, PEOPLE, "db1", 1);
    put_counter(&kit, SAME_TABLE, instance, 1);
    if (!made_before) {
        (void)nts_store_max_entry(&after, kit.store);
    }
    (void)nts_store_apply(&result, &words, kit.store, &mappings[SAME_TABLE], "g", kit.epoch,
                          &commit, p);
    if (made_before) {
        (void)nts_store_max_entry(&after, kit.store);
    }
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_EXTERNAL, "7", "ada");
    (void)nts_store_match_put(kit.store, kit.mapping->id, NTS_NOTION, "page", "ada");
    (void)nts_store_match_join(&matched, kit.store, kit.mapping, after, "g", kit.epoch, p);
    (void)nts_store_get_status(&status, kit.store, kit.mapping->id, p);
    *is_matched = status.matched && !matched.outdated;
    link = kit_load(&kit, 0, "page", NULL)->link;
    return link ? link->key : "none";
}

static void test_key_of_listed(void)
{
    int is_matched;

    tap_str(pair_after(0, "db1", &is_matched), "none",
            "4.4 a row that the other mapping made since it was listed is not paired");
    tap_ok(!is_matched, "and the mapping is matched again");
    tap_str(pair_after(1, "db1", &is_matched), "7", "one that was there then is");
    tap_ok(is_matched, "once");
    tap_str(pair_after(0, "db2", &is_matched), "7", "another database has keys of its own");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_telling();
    test_telling_of_sources();
    test_counters();
    test_makers();
    test_makers_of_sources();
    test_known();
    test_key_used_again();
    test_key_of_deleted();
    test_row_written_elsewhere();
    test_key_of_listed();
    apr_terminate();
    return tap_done();
}
