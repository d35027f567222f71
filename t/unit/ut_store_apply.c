/* One commit of the engine is stored whole or not at all; a refusal (an id linked elsewhere, a key that
 * moved, another owner) leaves the unit usable. A load gives all that is known of one record, and only
 * that. Nothing gets slow or large with a hundred thousand links. */
#include <stdlib.h>
#include <time.h>

#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

static nts_commit_result_t apply(kit_t *kit, nts_commit_t *commit, const char **words)
{
    nts_commit_result_t result = NTS_COMMIT_OK;
    apr_status_t rv =
        nts_store_apply(&result, words, kit->store, kit->mapping, "g", kit->epoch, commit, p);

    if (rv != APR_SUCCESS) {
        tap_int(rv, APR_SUCCESS, "apply");
    }
    return result;
}

static nts_commit_result_t apply_entry(kit_t *kit, nts_link_t *link, nts_entry_t *entry)
{
    nts_commit_t commit = { 0 };

    commit.link = link;
    commit.entries = &entry;
    commit.entry_count = 1;
    return apply(kit, &commit, NULL);
}

static void test_links(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_link_t *b;
    nts_loaded_t *loaded;
    nts_base_t *base;
    kit_t kit;

    kit_open(&kit, p);
    base = nts_link_base_make(a, 4, p);
    base->value[NTS_NOTION] = nts_value_text("Ada \"x\" %s");
    base->value[NTS_EXTERNAL] = nts_value_null;
    base->seen[NTS_NOTION] = 77;
    a->trouble = NTS_TROUBLE_PARKED;
    nts_outcome_set(&a->outcome, p, NTS_REMEDY_RETRY, "sql.busy", "the table is locked");
    a->fingerprint = "f";
    a->attempts = 3;
    a->next_try = 4;
    a->touched = 5;
    a->missing = 6;
    tap_int(kit_put_link(&kit, a), NTS_COMMIT_OK, "a link is stored");
    tap_ok(a->id > 0, "and numbered");
    loaded = kit_load(&kit, 0, NULL, "k1");
    b = loaded->link;
    tap_ok(b && b->id == a->id && strcmp(b->page, "p1") == 0 && b->state == NTS_LINK_ACTIVE &&
               b->trouble == NTS_TROUBLE_PARKED && strcmp(b->fingerprint, "f") == 0 &&
               b->attempts == 3 && b->next_try == 4 && b->touched == 5 && b->missing == 6 &&
               strcmp(b->outcome.code, "sql.busy") == 0,
           "it is read back whole");
    base = b ? nts_link_base(b, 4) : NULL;
    tap_ok(base && strcmp(base->value[NTS_NOTION].as.text, "Ada \"x\" %s") == 0 &&
               base->value[NTS_EXTERNAL].kind == NTS_VALUE_NULL && base->seen[NTS_NOTION] == 77,
           "with its bases");
    tap_ok(kit_load(&kit, a->id, NULL, NULL)->link && kit_load(&kit, 0, "p1", NULL)->link,
           "by number and by page too");
    tap_ok(!kit_load(&kit, 0, "px", "kx")->link && !kit_load(&kit, 99, NULL, NULL)->link,
           "what is not there is not found");

    tap_int(kit_put_link(&kit, kit_link("p1", "k2", NTS_LINK_ACTIVE, p)), NTS_COMMIT_CLASH,
            "a page is linked once");
    tap_int(kit_put_link(&kit, kit_link("p2", "k1", NTS_LINK_NEW, p)), NTS_COMMIT_CLASH,
            "and a key");
    b = kit_link("p2", NULL, NTS_LINK_NEW, p);
    tap_int(kit_put_link(&kit, b), NTS_COMMIT_OK, "a page alone");
    tap_int(kit_put_link(&kit, kit_link("p3", NULL, NTS_LINK_NEW, p)), NTS_COMMIT_OK,
            "and another");
    tap_int(kit_put_link(&kit, kit_link(NULL, "k9", NTS_LINK_NEW, p)), NTS_COMMIT_OK,
            "a key alone");
    b->key = "k1";
    tap_int(kit_put_link(&kit, b), NTS_COMMIT_CLASH, "which cannot take another's key");
    b->key = "k2";
    tap_int(kit_put_link(&kit, b), NTS_COMMIT_OK, "but a free one");
    loaded = kit_load(&kit, 0, "p1", "k2");
    tap_ok(loaded->link->id == a->id && loaded->counterpart && loaded->counterpart->id == b->id,
           "page and key of two links: the page's, and the key's beside it");
    loaded = kit_load(&kit, 0, "p2", "k2");
    tap_ok(loaded->link->id == b->id && !loaded->counterpart, "of one link: that one alone");

    a->state = NTS_LINK_TOMBSTONE;
    tap_int(kit_put_link(&kit, a), NTS_COMMIT_OK, "a link dies");
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_ok(loaded->link && loaded->link->state == NTS_LINK_TOMBSTONE, "its page still leads to it");
    tap_ok(!kit_load(&kit, 0, NULL, "k1")->link, "S4.4: its key is free");
    tap_int(kit_put_link(&kit, kit_link("p1", "k1", NTS_LINK_ACTIVE, p)), NTS_COMMIT_OK,
            "both ids can be linked anew");
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_ok(loaded->link->id != a->id && loaded->link->state == NTS_LINK_ACTIVE,
           "and the living one is preferred");
    tap_int(kit_load(&kit, a->id, NULL, NULL)->link->state, NTS_LINK_TOMBSTONE,
            "the number still gives the tombstone");
    a->state = NTS_LINK_ACTIVE;
    tap_int(kit_put_link(&kit, a), NTS_COMMIT_CLASH, "which cannot come back while another lives");
    nts_store_close(kit.store);
}

/* Seed 141 of the simulation: a row is deleted, and the next insert is given its number. */
static void test_key_again(void)
{
    nts_link_t *old = kit_link("p1", "9", NTS_LINK_ACTIVE, p);
    nts_link_t *made = kit_link("p2", NULL, NTS_LINK_NEW, p);
    nts_entry_t *entry = kit_entry("i9", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { 0 };
    nts_loaded_t *loaded;
    nts_notice_t *notices;
    const char *words;
    int count;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, old);
    commit.link = made;
    commit.entries = &entry;
    commit.entry_count = 1;
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_OK, "the intent of a create");
    made->key = "9";
    made->state = NTS_LINK_ACTIVE;
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_CLASH, "which has not made the row yet");
    entry->state = NTS_ENTRY_APPLIED;
    entry->key = "9";
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_OK,
            "S4.4: its row has a key that was another's");
    loaded = kit_load(&kit, 0, NULL, "9");
    tap_int(loaded->link->id, made->id, "and is its record now");
    loaded = kit_load(&kit, old->id, NULL, NULL);
    tap_ok(loaded->link->key && strcmp(loaded->link->key, "9") != 0, "the other has lost it");
    (void)nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, 0, 9, p);
    tap_ok(count == 1 && strcmp(notices[0].record, "p1") == 0, "and will be looked at");
    nts_store_close(kit.store);
}

static void test_clash(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_link_t *gone;
    nts_entry_t *entry = kit_entry("i1", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_PENDING, p);
    nts_commit_t commit = { 0 };
    apr_int64_t epoch;
    const char *words;
    nts_store_t *other;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, a);
    commit.link = a;
    commit.key_was = "k0";
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_CLASH, "S4.4: a key that has moved");
    tap_ok(words && strstr(words, "k0") && strstr(words, "k1"), "is said so: %s", words);
    commit.key_was = "k1";
    a->key = "k1b";
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_OK, "the holder of the right key may move it");
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_CLASH, "once");
    commit.key_was = NULL;

    commit.entries = &entry;
    commit.entry_count = 1;
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_OK, "an intent is stored");
    entry->id = 0;
    tap_int(apply(&kit, &commit, &words), NTS_COMMIT_CLASH, "not twice");

    (void)nts_store_begin(kit.store, 0);
    gone = kit_link("p1", NULL, NTS_LINK_NEW, p);
    tap_int(kit_put_link(&kit, gone), NTS_COMMIT_CLASH, "a clash in the middle of a unit");
    tap_int(kit_put_link(&kit, kit_link("p5", "k5", NTS_LINK_ACTIVE, p)), NTS_COMMIT_OK,
            "leaves it usable");
    tap_int(nts_store_commit(kit.store), APR_SUCCESS, "for the others");
    tap_ok(kit_load(&kit, 0, "p5", NULL)->link != NULL, "whose work is stored");
    gone->id = 4711;
    tap_int(kit_put_link(&kit, gone), NTS_COMMIT_CLASH, "a link that is gone cannot be written");

    other = kit_connect(&kit, p);
    tap_int(nts_store_own_group(&epoch, other, "g"), APR_SUCCESS, "another takes over");
    tap_ok(epoch > kit.epoch && !nts_store_owns_group(kit.store, "g", kit.epoch),
           "which can be seen");
    tap_int(kit_put_link(&kit, kit_link("p6", NULL, NTS_LINK_NEW, p)), NTS_COMMIT_CLASH,
            "S6.8: what the old owner stores is refused");
    tap_ok(!kit_load(&kit, 0, "p6", NULL)->link, "and not stored");
    nts_store_close(other);

    tap_int(nts_store_lock_group(kit.store, "h"), APR_SUCCESS, "a group is locked");
    other = kit_connect(&kit, p);
    tap_int(nts_store_lock_group(other, "h"), APR_EBUSY, "by one only");
    tap_int(nts_store_lock_group(other, "i"), APR_SUCCESS, "others are free");
    nts_store_unlock_group(kit.store, "h");
    tap_int(nts_store_lock_group(other, "h"), APR_SUCCESS, "until it is unlocked");
    nts_store_close(other);
    tap_int(nts_store_lock_group(kit.store, "h"), APR_SUCCESS, "or its owner has closed");
    nts_store_close(kit.store);
}

static void test_entries(void)
{
    nts_link_t *a = kit_link("p1", NULL, NTS_LINK_NEW, p);
    nts_link_t *b = kit_link("p2", "k2", NTS_LINK_ACTIVE, p);
    nts_entry_t *create = kit_entry("i1", NTS_ENTRY_CREATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_entry_t *remove = kit_entry("i2", NTS_ENTRY_REMOVE, NTS_EXTERNAL, NTS_ENTRY_PENDING, p);
    nts_entry_t *loose = kit_entry("i3", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_PENDING, p);
    nts_entry_field_t field;
    nts_loaded_t *loaded;
    nts_entry_t *entries;
    nts_entry_t *one;
    nts_link_t **links;
    apr_int64_t mapping;
    int count;
    kit_t kit;

    kit_open(&kit, p);
    memset(&field, 0, sizeof(field));
    field.pair = 4;
    field.name = "Name <-> name";
    field.after = nts_value_text("Ada");
    field.reason = "initial";
    create->fields = &field;
    create->field_count = 1;
    create->page = "p1";
    create->cause = "reconcile";
    tap_int(apply_entry(&kit, a, create), NTS_COMMIT_OK,
            "S3.4: link and intent in one transaction");
    tap_ok(create->id > 0 && create->link == a->id && create->at == kit_now,
           "the intent is numbered and knows its link");
    (void)kit_put_link(&kit, b);
    remove->image = "{\"name\":\"Bob\"}";
    (void)apply_entry(&kit, b, remove);
    loose->key = "k7";
    (void)apply_entry(&kit, NULL, loose);
    tap_int(loose->link, 0, "an intent of no link");

    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_ok(loaded->pending_count == 1 && strcmp(loaded->pending[0].intent, "i1") == 0 &&
               loaded->pending[0].state == NTS_ENTRY_PENDING &&
               strcmp(loaded->pending[0].fields[0].after.as.text, "Ada") == 0 &&
               strcmp(loaded->pending[0].cause, "reconcile") == 0,
           "the intent comes with its record");
    tap_ok(loaded->creates_pending[NTS_EXTERNAL] == 0 && loaded->creates_pending[NTS_NOTION] == 1,
           "S3.8: creates of other records are counted, its own is not");
    loaded = kit_load(&kit, 0, "pz", NULL);
    tap_ok(loaded->pending_count == 0 && loaded->creates_pending[NTS_EXTERNAL] == 1 &&
               loaded->creates_pending[NTS_NOTION] == 1,
           "for an unknown page all of them");
    loaded = kit_load(&kit, 0, NULL, "k7");
    tap_ok(!loaded->link && loaded->pending_count == 1 && loaded->creates_pending[NTS_NOTION] == 0,
           "an intent without a link is found by its key");
    tap_str(kit_load(&kit, 0, "p2", NULL)->tombstone_image, "{\"name\":\"Bob\"}",
            "S3.3: the image kept with a delete is found");
    tap_ok(!loaded->tombstone_image, "others have none");

    (void)nts_store_get_due(&links, &count, kit.store, kit.mapping->id, 0, 10, p);
    tap_ok(count == 2 && links[0]->id == a->id && links[1]->id == b->id,
           "after a restart both links are due");
    (void)nts_store_get_due(&links, &count, kit.store, kit.mapping->id, a->id, 10, p);
    tap_int(count, 1, "page by page");

    create->state = NTS_ENTRY_APPLIED;
    create->note = "done";
    a->key = "k1";
    a->state = NTS_LINK_ACTIVE;
    (void)apply_entry(&kit, a, create);
    tap_int(kit_load(&kit, a->id, NULL, NULL)->pending_count, 0, "an end takes the intent away");
    tap_int(nts_store_get_entry(&one, &mapping, kit.store, create->id, p), APR_SUCCESS,
            "the entry stays");
    tap_ok(one->state == NTS_ENTRY_APPLIED && strcmp(one->note, "done") == 0 &&
               one->field_count == 1 && mapping == kit.mapping->id,
           "completed");
    tap_int(nts_store_get_entry(&one, NULL, kit.store, 99, p), APR_ENOENT, "no other");
    (void)nts_store_get_entries(&entries, &count, kit.store, kit.mapping->id, 0, 0, 10, p);
    tap_ok(count == 3 && entries[0].id == loose->id, "the audit, newest first");
    (void)nts_store_get_entries(&entries, &count, kit.store, kit.mapping->id, 0, loose->id, 1, p);
    tap_ok(count == 1 && entries[0].id == remove->id, "page by page");
    (void)nts_store_get_entries(&entries, &count, kit.store, kit.mapping->id, a->id, 0, 10, p);
    tap_ok(count == 1 && entries[0].id == create->id, "and of one link");
    nts_store_close(kit.store);
}

static void test_notices(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_notice_t again = { 0 };
    nts_notice_t *follow = &again;
    nts_commit_t commit = { 0 };
    nts_inbox_row_t rows[3];
    nts_notice_t *notices;
    nts_loaded_t *loaded;
    nts_mapping_status_t status;
    nts_counts_t counts;
    apr_int64_t ids[2];
    int count;
    int known;
    int i;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, a);
    memset(rows, 0, sizeof(rows));
    for (i = 0; i < 3; i++) {
        rows[i].mapping = kit.mapping->id;
        rows[i].notice.side = NTS_NOTION;
        rows[i].notice.record = "p1";
        rows[i].notice.event = apr_psprintf(p, "e%d", i);
        rows[i].notice.kind = "page.properties_updated";
        rows[i].notice.properties = "[\"a\"]";
        rows[i].notice.authors = "[\"u\"]";
        rows[i].notice.at = kit_now - i;
    }
    rows[1].notice.side = NTS_EXTERNAL;
    rows[1].notice.record = "k1";
    rows[1].notice.image = "{\"v\":1}";
    rows[1].notice.intent = "i9";
    rows[2].notice.side = NTS_EXTERNAL;
    rows[2].notice.record = "k1";
    tap_int(nts_store_put_notices(&known, kit.store, rows, 3), APR_SUCCESS, "notices are stored");
    tap_ok(known == 0 && rows[0].notice.id > 0 && rows[2].notice.id > rows[1].notice.id &&
               rows[0].notice.stored == kit_now,
           "and numbered");
    ids[0] = rows[0].notice.id;
    tap_int(nts_store_put_notices(&known, kit.store, rows, 3), APR_SUCCESS, "repeated");
    tap_int(known, 3, "S3.9: they are known");
    rows[0].mapping = 77;
    (void)nts_store_put_notices(&known, kit.store, rows, 1);
    tap_int(known, 0, "but not to another mapping");

    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_int(loaded->notice_count, 3, "a record's notices: its page's and its key's");
    tap_ok(loaded->notices[0].id == ids[0] &&
               strcmp(loaded->notices[0].properties, "[\"a\"]") == 0 &&
               strcmp(loaded->notices[0].authors, "[\"u\"]") == 0 &&
               strcmp(loaded->notices[1].intent, "i9") == 0 &&
               strcmp(loaded->notices[1].image, "{\"v\":1}") == 0 &&
               loaded->notices[2].at == kit_now - 2,
           "oldest first and whole");
    tap_str(loaded->tombstone_image, "{\"v\":1}", "a delete notice's image is the row as it was");
    tap_int(kit_load(&kit, 0, "k1", NULL)->notice_count, 0,
            "a page that looks like a key has none");

    again.record = "p1";
    again.side = NTS_NOTION;
    again.event = "again";
    again.kind = "retry";
    again.at = kit_now;
    commit.settled = ids;
    commit.settled_count = 1;
    commit.follow = &follow;
    commit.follow_count = 1;
    (void)apply(&kit, &commit, NULL);
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_ok(loaded->notice_count == 3 && loaded->notices[2].id == again.id && again.id > 0,
           "S3.6: one settled, one that follows");
    tap_int(nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, 0, 2, p),
            APR_SUCCESS, "the inbox");
    tap_int(count, 2, "is read in pages");
    (void)nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, notices[1].id, 9, p);
    tap_ok(count == 1 && notices[0].id == again.id, "to its end");
    ids[1] = again.id;
    (void)nts_store_settle(kit.store, ids, 2);
    (void)nts_store_count(&counts, kit.store, kit.mapping->id);
    tap_int(counts.waiting, 2, "and settled");

    rows[0].mapping = kit.mapping->id;
    rows[0].notice.event = "change:x:8";
    tap_int(nts_store_take_changes(kit.store, kit.mapping->id, rows, 1, 8, 0, 0), APR_SUCCESS,
            "changes are taken");
    (void)nts_store_get_status(&status, kit.store, kit.mapping->id, p);
    tap_int(status.counter, 8, "and the counter with them");
    rows[0].notice.event = NULL;
    (void)nts_store_put_notices(&known, kit.store, rows, 1);
    (void)nts_store_put_notices(&known, kit.store, rows, 1);
    tap_int(known, 0, "what has no event id is never known");
    for (i = 0; i < 120; i++) {
        (void)kit_put_notice(&kit, NTS_NOTION, "busy", NULL);
    }
    tap_int(kit_load(&kit, 0, "busy", NULL)->notice_count, 100,
            "of many notices the first hundred");
    nts_store_close(kit.store);
}

static apr_int64_t put_move(kit_t *kit, const char *from, const char *to, const char *event)
{
    nts_inbox_row_t row = { 0 };

    row.mapping = kit->mapping->id;
    row.notice.side = NTS_EXTERNAL;
    row.notice.record = to;
    row.notice.old_key = from;
    row.notice.event = event;
    row.notice.kind = "change.k";
    row.notice.at = kit_now;
    (void)nts_store_take_changes(kit->store, kit->mapping->id, &row, 1, 1, 0, 0);
    return row.notice.id;
}

static void test_moves(void)
{
    nts_link_t *a = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    nts_link_t *b = kit_link("p2", "k2", NTS_LINK_ACTIVE, p);
    nts_loaded_t *loaded;
    nts_entry_t *entries;
    int count;
    kit_t kit;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, a);
    (void)kit_put_link(&kit, b);
    tap_ok(put_move(&kit, "k1", "k9", "c1") > 0, "a key change is taken");
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_str(loaded->link->key, "k9", "S4.4: the link has moved with it");
    tap_ok(loaded->notice_count == 1 && strcmp(loaded->notices[0].old_key, "k1") == 0,
           "and the record has its notice");
    tap_ok(!kit_load(&kit, 0, NULL, "k1")->link, "nobody has the old key");
    (void)nts_store_get_entries(&entries, &count, kit.store, kit.mapping->id, a->id, 0, 5, p);
    tap_ok(count == 1 && entries[0].op == NTS_ENTRY_LINK && strstr(entries[0].note, "k1"),
           "which the audit tells");
    (void)put_move(&kit, "k1", "k9", "c1");
    (void)put_move(&kit, "k7", "k8", "c2");
    tap_str(kit_load(&kit, 0, "p1", NULL)->link->key, "k9", "a repeated change moves nothing");
    (void)put_move(&kit, "k9", "k2", "c3");
    tap_int(kit_load(&kit, 0, NULL, "k2")->link->id, a->id,
            "a key that had a link goes to the new");
    loaded = kit_load(&kit, 0, "p2", NULL);
    tap_ok(loaded->link->id == b->id && strcmp(loaded->link->key, "k2") != 0 &&
               loaded->notice_count == 1,
           "and its former link is looked at");
    nts_store_close(kit.store);
}

static void test_forget(void)
{
    nts_link_t *a = kit_link("p1", NULL, NTS_LINK_NEW, p);
    nts_link_t *b = kit_link("p2", NULL, NTS_LINK_NEW, p);
    nts_entry_t *entry = kit_entry("i1", NTS_ENTRY_REFUSE, NTS_NOTION, NTS_ENTRY_NOTED, p);
    nts_commit_t commit = { 0 };
    nts_counts_t counts;
    apr_int64_t ids[1];
    apr_int64_t max;
    apr_int64_t last;
    kit_t kit;
    nts_notice_t *notices;
    int count;

    kit_open(&kit, p);
    (void)kit_put_link(&kit, a);
    commit.link = a;
    commit.link_forget = 1;
    tap_int(apply(&kit, &commit, NULL), NTS_COMMIT_OK, "a link is forgotten");
    tap_ok(!kit_load(&kit, 0, "p1", NULL)->link, "it is gone");
    (void)kit_put_link(&kit, b);
    tap_ok(b->id > a->id, "and its number is not given to another");
    (void)nts_store_max_link(&max, kit.store);
    tap_int(max, b->id, "the highest number is known");

    (void)apply_entry(&kit, b, entry);
    last = kit_put_notice(&kit, NTS_NOTION, "p2", "e1");
    ids[0] = last;
    (void)nts_store_settle(kit.store, ids, 1);
    b->state = NTS_LINK_TOMBSTONE;
    b->touched = kit_now;
    (void)kit_put_link(&kit, b);
    kit_now += apr_time_from_sec(100);
    tap_int(nts_store_prune(kit.store, kit_now - apr_time_from_sec(200),
                            kit_now - apr_time_from_sec(200)),
            APR_SUCCESS, "pruning");
    tap_ok(kit_load(&kit, 0, "p2", NULL)->link != NULL, "keeps what is young");
    (void)nts_store_prune(kit.store, kit_now, kit_now);
    tap_ok(!kit_load(&kit, 0, "p2", NULL)->link, "and forgets old tombstones");
    tap_ok(kit_put_notice(&kit, NTS_NOTION, "p3", "e2") > last,
           "numbers of notices go on when all were forgotten");
    (void)nts_store_get_notices(&notices, &count, kit.store, kit.mapping->id, last, 10, p);
    tap_int(count, 1, "so that who reads on finds the new one");
    (void)nts_store_prune(kit.store, kit_now + 1, kit_now + 1);
    (void)nts_store_count(&counts, kit.store, kit.mapping->id);
    tap_int(counts.waiting, 1, "what is not settled stays");
    nts_store_close(kit.store);
}

static void test_lookup(void)
{
    const char *ids[150];
    nts_link_t *links[150];
    nts_link_t **found;
    nts_link_t *one;
    int count;
    int i;
    int good = 0;
    kit_t kit;

    kit_open(&kit, p);
    kit_put_links(&kit, links, 150, p);
    for (i = 0; i < 150; i++) {
        ids[i] = i % 3 ? links[i]->key : "nosuch";
    }
    tap_int(nts_store_lookup(&found, &count, kit.store, kit.mapping->id, NTS_EXTERNAL, ids, 150, 0,
                             0, p),
            APR_SUCCESS, "a lookup of 150 keys");
    for (i = 0; i < 150; i++) {
        good += i % 3 ? found[i] && found[i]->id == links[i]->id : !found[i];
    }
    tap_int(good, 150, "finds each at its place, and nothing for the unknown");
    tap_int(count, 150, "one answer per id");
    links[5]->state = NTS_LINK_TOMBSTONE;
    links[6]->state = NTS_LINK_TOMBSTONE;
    (void)kit_put_link(&kit, links[5]);
    (void)kit_put_link(&kit, links[6]);
    one = kit_link(links[6]->page, links[6]->key, NTS_LINK_ACTIVE, p);
    (void)kit_put_link(&kit, one);
    for (i = 0; i < 150; i++) {
        ids[i] = links[i]->page;
    }
    (void)nts_store_lookup(&found, &count, kit.store, kit.mapping->id, NTS_NOTION, ids, 150, 0, 0,
                           p);
    tap_ok(found[5] && found[5]->id == links[5]->id && found[6] && found[6]->id == one->id &&
               found[149] && found[149]->id == links[149]->id,
           "pages give tombstones where nothing lives");
    ids[0] = links[5]->key;
    (void)nts_store_lookup(&found, &count, kit.store, kit.mapping->id, NTS_EXTERNAL, ids, 1, 0, 0,
                           p);
    tap_ok(!found[0], "keys do not");
    (void)nts_store_lookup(&found, &count, kit.store, kit.mapping->id, NTS_NOTION, NULL, 0,
                           links[3]->id, 3, p);
    tap_ok(count == 3 && found[0]->id == links[4]->id && found[1]->id == links[7]->id,
           "by number: the living, in order");
    (void)nts_store_lookup(&found, &count, kit.store, kit.mapping->id, NTS_NOTION, NULL, 0, one->id,
                           3, p);
    tap_int(count, 0, "to the end");

    (void)nts_store_find_link(&one, kit.store, kit.mapping->id, "k7", p);
    tap_ok(one && one->id == links[7]->id, "a link is found by its key");
    (void)nts_store_find_link(&one, kit.store, kit.mapping->id, "9", p);
    tap_ok(one && one->id == 9, "and by its number");
    tap_int(nts_store_find_link(&one, kit.store, kit.mapping->id, "zz", p), APR_ENOENT,
            "nothing by nonsense");
    one = kit_link("0123456789abcdef0123456789abcdef", NULL, NTS_LINK_NEW, p);
    one->page = "01234567-89ab-cdef-0123-456789abcdef";
    one->trouble = NTS_TROUBLE_HELD;
    (void)kit_put_link(&kit, one);
    (void)nts_store_find_link(&one, kit.store, kit.mapping->id, "0123456789ABCDEF0123456789abcdef",
                              p);
    tap_ok(one != NULL, "a page is found in any spelling of its id");
    (void)nts_store_get_troubles(&found, &count, kit.store, kit.mapping->id, NTS_TROUBLE_HELD, 10,
                                 p);
    tap_int(count, 1, "what is held is listed");

    (void)kit_put_link(
        &kit, kit_link("11234567-89ab-cdef-0123-456789abcdef", "its partner", NTS_LINK_ACTIVE, p));
    one = kit_link(NULL, "11234567-89ab-cdef-0123-456789abcdef", NTS_LINK_NEW, p);
    (void)kit_put_link(&kit, one);
    (void)nts_store_find_link(&one, kit.store, kit.mapping->id, "1123456789ABCDEF0123456789abcdef",
                              p);
    tap_ok(one && one->page, "of a page that is one's page and another's key the first is found");
    one = kit_load(&kit, 0, NULL, "11234567-89ab-cdef-0123-456789abcdef")->link;
    one->trouble = NTS_TROUBLE_HELD;
    (void)kit_put_link(&kit, one);
    (void)nts_store_find_link(&one, kit.store, kit.mapping->id, "1123456789ABCDEF0123456789abcdef",
                              p);
    tap_ok(one && !one->page, "4.1 unless the other is held, about which people are asked");
    (void)nts_store_get_troubles(&found, &count, kit.store, kit.mapping->id, NTS_TROUBLE_PARKED, 10,
                                 p);
    tap_int(count, 0, "and is not parked");
    nts_store_close(kit.store);
}

/* What this thread has had of the processor: others have theirs, as many as there are. */
static apr_time_t processor_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return apr_time_make(now.tv_sec, now.tv_nsec / 1000);
}

/* What a hundred loads and commits cost, in microseconds. */
static apr_interval_time_t time_of(kit_t *kit, int links)
{
    apr_pool_t *sub;
    apr_time_t start;
    apr_interval_time_t best = 0;
    apr_interval_time_t took;
    int round;
    int i;

    (void)apr_pool_create(&sub, p);
    /* The best of five: a cache that was lost meanwhile has to be filled again. */
    for (round = 0; round < 5; round++) {
        start = processor_time();
        (void)nts_store_begin(kit->store, apr_time_from_sec(1));
        for (i = 0; i < 100; i++) {
            nts_target_t target = { 0, NULL, NULL };
            nts_commit_t commit = { 0 };
            nts_commit_result_t result;
            nts_loaded_t *loaded;

            apr_pool_clear(sub);
            target.key = apr_psprintf(sub, "k%d", (i * 7919) % links);
            (void)nts_store_load(&loaded, kit->store, kit->mapping, &target, sub);
            commit.link = loaded->link;
            (void)nts_store_apply(&result, NULL, kit->store, kit->mapping, "g", kit->epoch, &commit,
                                  sub);
        }
        (void)nts_store_rollback(kit->store);
        took = processor_time() - start;
        if (round == 0 || took < best) {
            best = took;
        }
    }
    apr_pool_destroy(sub);
    return best;
}

static void test_size(void)
{
    apr_interval_time_t small = 0;
    apr_interval_time_t large;
    apr_pool_t *sub;
    int i;
    kit_t kit;

    kit_open(&kit, p);
    (void)apr_pool_create(&sub, p);
    for (i = 0; i < 20000; i++) {
        nts_commit_t commit = { 0 };
        nts_commit_result_t result;
        nts_entry_t *entry;

        if (i % 500 == 0) {
            if (i) {
                (void)nts_store_commit(kit.store);
            }
            if (i == 500) {
                small = time_of(&kit, 500);
            }
            (void)nts_store_begin(kit.store, 0);
        }
        apr_pool_clear(sub);
        entry = kit_entry(apr_psprintf(sub, "i%d", i), NTS_ENTRY_CREATE, NTS_NOTION,
                          NTS_ENTRY_APPLIED, sub);
        commit.link = kit_link(apr_psprintf(sub, "p%d", i), apr_psprintf(sub, "k%d", i),
                               NTS_LINK_ACTIVE, sub);
        commit.entries = &entry;
        commit.entry_count = 1;
        (void)nts_store_apply(&result, NULL, kit.store, kit.mapping, "g", kit.epoch, &commit, sub);
    }
    (void)nts_store_commit(kit.store);
    large = time_of(&kit, 20000);
    tap_ok(large < small * 4, "forty times the links, not four times as slow (%d, %d us)",
           (int)(small / 100), (int)(large / 100));
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_links();
    test_key_again();
    test_clash();
    test_entries();
    test_notices();
    test_moves();
    test_forget();
    test_lookup();
    test_size();
    apr_pool_destroy(p);
    return tap_done();
}
