/* The judge on what a person commanded: what an undo may put back, and which deletes are nobody's but ours (S4.2, S5.5). A command
 * excuses what it was given for, and nothing else. */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

/* Of @a record; NULL: an undo whose entry tells of which, or a plan. */
static void command(history_op_t op, const char *record)
{
    history_item_t item = { .kind = HISTORY_OPERATOR, .op = op, .place = "m", .side = -1 };

    now += SEC;
    item.at = now;
    item.record = record;
    (void)history_add(h, &item);
}

static void audited(apr_int64_t id, apr_int64_t undoes, const char *op, const char *page,
                    const char *key)
{
    judge_entry_t entry = { .op = op,
                            .state = "applied",
                            .side = HISTORY_EXTERNAL,
                            .at = now,
                            .id = id,
                            .link = 1,
                            .undoes = undoes,
                            .page = page,
                            .key = key };

    judge_add_entry(judge, &entry);
}

/* Of a value that was cut on its way the other side's is what was agreed; an undo puts that back, or something else. */
static void undo_cut(const char *after)
{
    pair();
    edit(1, "1", QTY, NULL, "1.005");
    write_by_us(0, "p", QTY, NULL, "1.01");
    edit(1, "1", QTY, "1.005", "2");
    write_by_us(0, "p", QTY, "1.01", "2");
    command(HISTORY_UNDO, NULL);
    write_by_us(1, "1", QTY, "2", after);
    audited(11, 7, "update", "p", "1");
    write_by_us(0, "p", QTY, "2", after);
}

static void test_cut_value(void)
{
    undo_cut("1.01");
    verdict("", "S5.5: an undo puts back what both sides can hold");
    undo_cut("1");
    verdict("S6.3", "and nothing that was never agreed on");
}

/* Somebody commands something of page p, or of q; then the row of p gets an older value over a newer one, or is deleted. */
static void command_and(history_op_t op, const char *page, int is_delete)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", "Eve");
    make(0, "q", "two");
    copy_by_us(1, "2", "two");
    link_up("q", "2", 0, NULL);
    command(op, op == HISTORY_UNDO ? NULL : page);
    if (op == HISTORY_UNDO) {
        now += SEC;
        audited(12, 11, is_delete ? "remove" : "update", page, *page == 'p' ? "1" : "2");
    }
    if (is_delete) {
        remove_by_us(1, "1");
        now += SEC;
        copy_by_us(1, "3", "one");
        link_up("p", "3", 0, NULL);
    }
    else {
        write_by_us(1, "1", NAME, "Eve", "Ada");
    }
}

static void test_of_another(void)
{
    command_and(HISTORY_UNDO, "p", 0);
    verdict("", "what was taken back may be older");
    command_and(HISTORY_UNDO, "q", 0);
    verdict("S6.3", "but not because another record's was");
    command_and(HISTORY_APPROVE, "p", 0);
    verdict("", "and what a person resolved");
    command_and(HISTORY_APPROVE, "q", 0);
    verdict("S6.3", "but not what was resolved elsewhere");
    command_and(HISTORY_APPROVE, NULL, 0);
    verdict("S6.3", "a plan resolves nothing");
    command_and(HISTORY_UNDO, "q", 1);
    verdict("S6.7 S6.1", "nor is a record deleted because another one is taken back");
    command_and(HISTORY_APPROVE, "q", 1);
    verdict("S6.7 S6.1", "or because the delete of another one was approved");
}

static void delete_seen(int mapping, const char *state, const char *key)
{
    judge_entry_t entry = {
        .mapping = mapping, .op = "remove", .state = state, .side = HISTORY_EXTERNAL, .key = key
    };

    judge_add_entry(judge, &entry);
}

/* Of seven records six are deleted by the first of two mappings of the table, or five and the sixth by the other. */
static void delete_six(const char *sixth)
{
    static const char *const pages[] = { "p0", "p1", "p2", "p3", "p4", "p5", "p6" };
    static const char *const keys[] = { "0", "1", "2", "3", "4", "5", "6" };
    int i;

    begin();
    (void)add_second();
    for (i = 0; i < 7; i++) {
        make(0, pages[i], pages[i]);
        copy_by_us(1, keys[i], pages[i]);
    }
    link_up("p6", "6", 0, NULL);
    mapping_now = 1;
    copy_by_us(0, "q6", "p6");
    link_up("q6", "6", 0, NULL);
    mapping_now = 0;
    for (i = 0; i < 6; i++) {
        now += SEC;
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", pages[i], NULL, NULL);
        remove_by_us(1, keys[i]);
        delete_seen(0, i < 5 ? "applied" : sixth, keys[i]);
    }
    delete_seen(1, "applied", "5");
}

static void test_limit(void)
{
    delete_six("applied");
    verdict("S4.2", "more deletes in an hour than the limit lets pass");
    delete_six("not applied");
    verdict("", "one that another mapping did is not counted");
}

/* The row of `p` is taken back: entry 12 is the undo of 11. */
static void take_back(void)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    audited(11, 0, "create", "p", "1");
    command(HISTORY_UNDO, NULL);
    remove_by_us(1, "1");
    audited(12, 11, "remove", "p", "1");
}

static void link_ignored(const char *page, const char *key)
{
    judge_link_t link = { .id = 1, .page = page, .key = key, .state = JUDGE_LINK_IGNORED };

    judge_add_link(judge, &link);
}

static void test_undone(void)
{
    take_back();
    link_ignored("p", "1");
    verdict("", "a copy is taken back (S5.5)");

    take_back();
    copy_by_us(1, "2", "one");
    link_up("p", "2", 0, NULL);
    verdict("S5.5", "a copy that was taken back is made again");

    take_back();
    copy_by_us(1, "1", "one");
    link_up("p", "1", 0, NULL);
    verdict("S5.5", "made again under the same key");

    take_back();
    copy_by_us(1, "1", "one");
    audited(13, 12, "restore", "p", "1");
    link_up("p", "1", 0, NULL);
    verdict("", "the undo was taken back");

    take_back();
    link_ignored("p", "1");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 0, "ds", "q", NULL, "p");
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "q", "Mark", NULL, "one");
    copy_by_us(1, "2", "one");
    link_up("q", "2", 0, NULL);
    verdict("", "a page that people copied from it has a row of its own");

    take_back();
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 0, "ds", "q", NULL, "p");
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "q", "Mark", NULL, "one");
    copy_by_us(1, "2", "one");
    copy_by_us(1, "3", "one");
    link_up("q", "2", 0, NULL);
    link_up("p", "3", 0, NULL);
    verdict("S5.5", "and the first one's is made again beside it");
}

/* The row went with its page, by entry 5, and came with it again, by entry 11, whose undo is 12. Then the older delete, or one of record
 * @a link, is taken back as well. */
static void take_back_both(apr_int64_t link)
{
    judge_entry_t removed = { .op = "remove",
                              .state = "applied",
                              .side = HISTORY_EXTERNAL,
                              .id = 5,
                              .page = "p",
                              .key = "1" };

    begin();
    make(0, "q", "two");
    copy_by_us(1, "2", "two");
    link_up("q", "2", 0, NULL);
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
    remove_by_us(1, "1");
    removed.at = now;
    removed.link = link;
    judge_add_entry(judge, &removed);
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    copy_by_us(1, "1", "one");
    audited(11, 0, "create", "p", "1");
    command(HISTORY_UNDO, NULL);
    remove_by_us(1, "1");
    audited(12, 11, "remove", "p", "1");
    copy_by_us(1, "1", "one");
    audited(13, 5, "restore", "p", "1");
    link_up("p", "1", 0, NULL);
}

static void test_older_delete(void)
{
    take_back_both(1);
    verdict("", "an older delete of the record was taken back after its create (4701, 16709)");
    take_back_both(2);
    verdict("S5.5", "but not one of another record");
}

/* What entry 11 wrote is taken back by 12, from a row that shows @a shown; the choice was called @a named between the two. */
static void take_back_choice(const char *named, const char *shown)
{
    static judge_entry_field_t wrote, undid;
    judge_entry_t entry = { .op = "update",
                            .state = "applied",
                            .side = HISTORY_EXTERNAL,
                            .id = 11,
                            .page = "p",
                            .key = "1",
                            .fields = &wrote,
                            .field_count = 1 };
    history_item_t rename = { .kind = HISTORY_ACT,
                              .op = HISTORY_RENAME,
                              .place = "ds",
                              .field = "Tags",
                              .before = "red",
                              .after = named };

    pair();
    wrote = (judge_entry_field_t){ .name = "Tags", .after = "blue" HISTORY_MEMBER "red" };
    undid = (judge_entry_field_t){ .name = "Tags", .before = shown };
    entry.at = now += SEC;
    judge_add_entry(judge, &entry);
    rename.at = now += SEC;
    (void)history_add(h, &rename);
    command(HISTORY_UNDO, NULL);
    entry.id = 12;
    entry.undoes = 11;
    entry.at = now += SEC;
    entry.fields = &undid;
    judge_add_entry(judge, &entry);
}

static void test_renamed_choice(void)
{
    take_back_choice("amber", "amber" HISTORY_MEMBER "blue");
    verdict("", "S5.4: what has a new name only was not edited since (24520)");
    take_back_choice("amber", "blue" HISTORY_MEMBER "green");
    verdict("S5.5", "another choice in its place was");
    take_back_choice("amber", "amber");
    verdict("S5.5", "so was one that went");
}

/* A name was brought to the row, and its page made of that, say; an undo takes back @a name, or deletes the row. */
static void take_back_other(const char *name, int is_undo, int is_delete)
{
    static const judge_entry_field_t brought = { .name = "Name", .after = "Ada" };
    static judge_entry_field_t taken;
    judge_entry_t done = { .id = 11,
                           .op = is_delete ? "create" : "update",
                           .state = "applied",
                           .side = is_delete ? HISTORY_NOTION : HISTORY_EXTERNAL,
                           .page = "p",
                           .key = "1",
                           .fields = &brought,
                           .field_count = 1 };
    judge_entry_t undo = done;

    pair();
    undo.id = 12;
    undo.undoes = 11;
    undo.side = HISTORY_EXTERNAL;
    undo.op = is_delete ? "remove" : "update";
    taken = (judge_entry_field_t){ .name = name,
                                   .before = name[0] == 'N' ? "Ada" : "2",
                                   .reason = is_undo ? "undo of entry 11" : "changed" };
    undo.fields = &taken;
    judge_add_entry(judge, &done);
    judge_add_entry(judge, &undo);
}

static void test_what_was_done(void)
{
    take_back_other("Name", 1, 0);
    verdict("", "what was written is taken back");
    take_back_other("Qty", 1, 0);
    verdict("S5.5", "and nothing else");
    take_back_other("Qty", 0, 0);
    verdict("", "but for what follows from that");
    take_back_other("Name", 1, 1);
    verdict("S5.5", "nor is what a copy was made of");
}

static judge_entry_field_t decided; /* what the audit has of it */

/* Both were edited, and a person decided between what was shown, for what @a winner had; or something else stood there by the time that was
 * carried out. */
static void decide_for(int winner, const char *notion, const char *external)
{
    judge_entry_t entry = {
        .op = "update", .state = "applied", .side = !winner, .page = "p", .key = "1"
    };
    const char *lost = winner ? notion : external, *won = winner ? external : notion;

    pair();
    fields[NAME].rule = JUDGE_HOLD;
    edit(0, "p", NAME, NULL, "Ada");
    edit(1, "1", NAME, NULL, "Bob");
    command(HISTORY_APPROVE, "p");
    edit(0, "p", NAME, "Ada", notion);
    edit(1, "1", NAME, "Bob", external);
    write_by_us(!winner, winner ? "p" : "1", NAME, lost, won);
    decided = (judge_entry_field_t){
        .name = "Name", .reason = "Eve decided: it", .before = lost, .after = won
    };
    entry.fields = &decided;
    entry.field_count = 1;
    entry.at = now;
    judge_add_entry(judge, &entry);
}

static void decide(const char *notion, const char *external)
{
    decide_for(HISTORY_NOTION, notion, external);
}

/* The row goes, its page too, and another row gets its key. */
static void replace_row(void)
{
    now += 60 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    remove_by_us(0, "p");
    now += 60 * SEC;
    make(1, "1", "two");
    copy_by_us(0, "q", "two");
    link_up("q", "1", 0, NULL);
}

/* The row gets another key, and another row the one that it had. */
static void rekey_row(void)
{
    now += 60 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "1", "1", "11");
    make(1, "1", "two");
    copy_by_us(0, "q", "two");
    link_up("q", "1", 0, NULL);
}

static void test_decided(void)
{
    decide("Ada", "Bob");
    verdict("", "who was shown both may say which it is to be");
    decide("Cid", "Bob");
    verdict("S2.9", "of a value that came after that nobody was asked");
    decide("Ada", "Cid");
    verdict("S2.9", "on either side");

    decide("Ada", "Bob");
    decided.before = "B";
    decided.has_lost = 1;
    decided.lost = "Bob";
    verdict("", "one that the other side cannot hold whole was shown as it stood (232)");
    decide("Ada", "Bob");
    decided.has_lost = 1;
    decided.lost = "Cid";
    verdict("S2.9", "and is judged as it stood");

    decide("Ada", "Bob");
    decided.before = NULL;
    decided.has_lost = 1;
    decided.lost = "?the text \"Bob\" in a column of type INTEGER";
    verdict("", "what does not fit its column was shown in words (16811)");
    decide("Ada", "Cid");
    decided.before = NULL;
    decided.has_lost = 1;
    decided.lost = "?the text \"Cid\" in a column of type INTEGER";
    verdict("S2.9", "and nobody was asked of what came after that");

    decide("Ada", "Bob");
    replace_row();
    verdict("", "who has the key of that row since then showed nothing (452687)");
    decide_for(HISTORY_EXTERNAL, "Ada", "Bob");
    rekey_row();
    tap_ok(!strstr(rules(), "S2.9"), "nor did who has it since that row has another one (63980)");
    decide_for(HISTORY_EXTERNAL, "Ada", "Cid");
    rekey_row();
    tap_ok(strstr(rules(), "S2.9") != NULL, "what that row did not show it never showed");
    decide("Ada", "Cid");
    replace_row();
    verdict("S2.9", "and excuses nothing");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_cut_value();
    test_of_another();
    test_limit();
    test_undone();
    test_older_delete();
    test_renamed_choice();
    test_what_was_done();
    test_decided();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
