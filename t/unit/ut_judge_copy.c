/* A database that is set back to a copy of itself: which record a row in it is, and whether what stands there is an edit. */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

static void rekey(const char *from, const char *to)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), from, from, to);
}

static void resume(void)
{
    history_item_t item = {
        .kind = HISTORY_OPERATOR, .op = HISTORY_RESUME, .side = -1, .place = "m"
    };

    now += 10 * SEC;
    item.at = now;
    (void)history_add(h, &item);
}

/* A trigger makes "ADA" of the "ada" that we bring. */
static void bring_ada(void)
{
    pair();
    edit(0, "p", NAME, NULL, "ada");
    write_by_us(1, "1", NAME, NULL, "ada");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 1, place(1), "1", "name", "ada",
                "ADA");
}

static void test_rewritten(void)
{
    bring_ada();
    write_by_us(0, "p", NAME, "ada", "ADA");
    edit(0, "p", NAME, "ADA", "Bob");
    write_by_us(1, "1", NAME, "ADA", "Bob");
    set_back_to("ADA");
    write_by_us(0, "p", NAME, "Bob", "ADA");
    verdict("", "what a trigger had made was agreed on as it was: in a copy it is a value");

    bring_ada();
    edit(0, "p", NAME, "ada", "Eve");
    set_back_to("ADA");
    write_by_us(0, "p", NAME, "Eve", "ADA");
    verdict("S2.5", "while nobody had taken it back, it is no edit, and loses to one");

    bring_ada();
    edit(1, "1", NAME, "ADA", "Bob");
    write_by_us(0, "p", NAME, "ada", "Bob");
    set_back_to("ADA");
    write_by_us(0, "p", NAME, "Bob", "ADA");
    verdict("", "nor is it one any more when something later was agreed on");
}

/* Somebody edits the row, and a trigger makes @a value of it at once. */
static void edit_and_trigger(const char *value)
{
    edit(1, "1", NAME, "ADA", "bob");
    history_set(h, HISTORY_TRIGGER, 0, now, 1, place(1), "1", "name", "bob", value);
}

static void test_put_back(void)
{
    bring_ada();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit_and_trigger("ADA");
    edit(0, "p", NAME, "ada", "Eve");
    write_by_us(1, "1", NAME, "ADA", "Eve");
    verdict("", "what a trigger makes anew of what it had made is no edit");

    bring_ada();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit_and_trigger("BOB");
    edit(0, "p", NAME, "ada", "Eve");
    write_by_us(1, "1", NAME, "BOB", "Eve");
    verdict("S2.5", "anything else is one");
}

/* Somebody edits the page, and something there makes "Eve" of that at once. */
static void edit_and_trim(void)
{
    edit(0, "p", NAME, "ada", " Eve");
    history_set(h, HISTORY_TRIGGER, 0, now, 0, place(0), "p", "Name", " Eve", "Eve");
}

static void test_trimmed(void)
{
    bring_ada();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit_and_trim();
    write_by_us(1, "1", NAME, "ADA", "Eve");
    verdict("", "what a service makes of an edit is one, over what another made of ours (61271)");

    bring_ada();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit(1, "1", NAME, "ADA", "BOB");
    edit_and_trim();
    write_by_us(1, "1", NAME, "BOB", "Eve");
    verdict("S2.5", "over another edit it wins by the rule only");
}

/* The key changes when the mapping may go on with the database that was set back. */
static void follow_key(void)
{
    set_back_to("Bob");
    resume();
    (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
    rekey("1", "11");
}

static void test_key(void)
{
    judge_mapping_t second = {
        .name = "m2", .fields = fields, .field_count = FIELDS, .mark = MARK
    };

    agree_twice();
    set_back_to("Ada");
    rekey("1", "11");
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("",
            "a key that changed while a person's word was awaited, and is back, was never another");

    agree_twice();
    set_back_to("Ada");
    rekey("1", "11");
    history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_DELETE, 1, place(1), "11", NULL, NULL);
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("", "also if the row was deleted under it, and nobody looked (400081)");

    agree_twice();
    set_back_to("Ada");
    rekey("1", "11");
    history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_DELETE, 1, place(1), "11", NULL, NULL);
    (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
    now += 5 * SEC;
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("S2.5", "but not if somebody did");

    agree_twice();
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MIGRATE, 1, place(1), NULL, NULL, NULL);
    rekey("1", "11");
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("", "nor one that changed while the table had no triggers");

    agree_twice();
    set_back_to("Ada");
    rekey("1", "11");
    resume();
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("", "nor if the word came, and another database before anybody could go on by it");

    agree_twice();
    follow_key();
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("S2.5", "one that was followed was another: the row that is back is a new one");

    agree_twice();
    second.place[0] = "ds2";
    second.place[1] = "t";
    mapping_now = judge_add_mapping(judge, &second);
    copy_by_us(0, "q", "one");
    write_by_us(0, "q", NAME, NULL, "Bob");
    link_up("q", "1", 0, NULL);
    mapping_now = 0;
    follow_key();
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    mapping_now = 1;
    write_by_us(0, "q", NAME, "Bob", "Ada");
    mapping_now = 0;
    verdict("", "but not to another mapping, which had no word to go on yet");
}

/* The same with both rows; the first that is told of is that with key 2. */
static void set_both_back(void)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "2", "two");
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "1", "name", NULL, "Ada");
}

/* In a copy one row is deleted, and the other one gets its key; then yet another copy comes, with both. */
static void take_key_in_copy(int is_followed)
{
    agree_twice();
    make(0, "q", "two");
    copy_by_us(1, "2", "two");
    link_up("q", "2", 0, NULL);
    set_both_back();
    if (is_followed) {
        resume();
        (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
        now += 5 * SEC;
    }
    history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_DELETE, 1, place(1), "2", NULL, NULL);
    rekey("1", "2");
    set_both_back();
    write_by_us(0, "p", NAME, "Bob", "Ada");
}

static void test_key_taken_in_copy(void)
{
    take_key_in_copy(0);
    verdict("", "a row that took another one's key in a copy is back under its own, and so is that "
                "(453490)");
    take_key_in_copy(1);
    verdict("S2.5", "not if that was followed");
}

/* The audit says that a row was found under that key, in which another one had been. */
static void told_of_key(const char *key, const char *note)
{
    judge_entry_t entry = {
        .op = "link", .state = "noted", .side = 1, .page = "p", .key = key, .note = note
    };

    entry.at = now;
    judge_add_entry(judge, &entry);
}

/* The database is exchanged for a copy that looks the same; a key changes, before it is set back to what was before. */
static void change_key_unnoticed(const char *key, const char *note)
{
    agree_twice();
    set_back_to("Bob");
    rekey("1", "11");
    told_of_key(key, note);
    set_back_to("Ada");
}

static void test_followed_key(void)
{
    change_key_unnoticed("11", "the key changed from 1");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("S2.5", "a key that the audit says was followed was another (18589)");

    change_key_unnoticed("11", "paired by its match fields");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("", "no other entry says so");

    change_key_unnoticed("12", "the key changed from 1");
    write_by_us(0, "p", NAME, "Bob", "Ada");
    verdict("", "nor one of another key");
}

/* NotionSyncDeletes ignore: a row is deleted, and found gone if @a is_told, then its page, and it is back with an older copy of the
 * database, in which it is as it was. By its match fields it is paired with a page that people made. */
static void let_go(int is_told)
{
    judge_entry_t entry = { .op = "refuse", .state = "noted", .side = 0, .page = "p" };
    judge_entry_t created = { .id = 1, .op = "create", .state = "applied", .side = 1 };

    deletes_of_worlds = JUDGE_DELETES_IGNORE;
    pair();
    deletes_of_worlds = JUDGE_PROPAGATE;
    created.at = now;
    created.page = "p";
    created.key = "1";
    judge_add_entry(judge, &created);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    entry.at = now += 10 * SEC;
    if (is_told) {
        judge_add_entry(judge, &entry);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
    make(0, "q", "one");
    set_back_to(NULL);
    link_up("q", "1", 0, NULL);
    edit(0, "q", NAME, NULL, "Eve");
    write_by_us(1, "1", NAME, NULL, "Eve");
}

static void test_let_go(void)
{
    let_go(1);
    verdict("", "a row that was let go is another record when it is back (12504)");

    let_go(0);
    verdict("S6.3", "one of which nobody saw that it was away is still the one that it was");
}

/* What the audit says of the row's last write. */
static void told_of_write(const char *after, const char *state, const char *note)
{
    judge_entry_field_t *name = apr_pcalloc(pool, sizeof(*name));
    judge_entry_t entry = { .side = 1,
                            .op = "update",
                            .state = state,
                            .note = note,
                            .page = "p",
                            .key = "1",
                            .at = now,
                            .fields = name,
                            .field_count = 1 };

    name->name = "Name";
    name->after = after;
    name->reason = "changed";
    judge_add_entry(judge, &entry);
}

/* Nobody kept that the row was written; in the copy it is as it was before, and is written again. */
static void write_again(const char *state, const char *note)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    told_of_write("Ada", state, note);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "1", "one");
    write_by_us(1, "1", NAME, NULL, "Ada");
}

/* A trigger makes of what we wrote what had stood there before; so it stands in the copy, too. */
static void write_rewritten_again(const char *state)
{
    pair();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, NULL, " Ada");
    write_by_us(1, "1", NAME, "Ada", " Ada");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 1, place(1), "1", "name", " Ada",
                "Ada");
    told_of_write(" Ada", state, NULL);
    set_back_to("Ada");
    write_by_us(1, "1", NAME, "Ada", " Ada");
}

/* What was to be written was not done when it was first tried, and then was; after that the database is set back to before. */
static void write_once_more(const char *state)
{
    pair();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(1, "1", NAME, NULL, "Ada");
    write_by_us(0, "p", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    told_of_write("Bob", "not applied", NULL);
    write_by_us(1, "1", NAME, "Ada", "Bob");
    told_of_write("Bob", state, NULL);
    set_back_to("Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
}

static void test_never_kept(void)
{
    write_again("not applied", NULL);
    verdict("", "a write that nobody heard of went with the database, and is done again");
    write_again("applied", NULL);
    verdict("S6.3", "one that was agreed on was undone: that is an edit");
    write_again("not applied", "sql.stale: the row 1 was changed meanwhile");
    verdict("S6.3", "nor does an earlier attempt, which was refused, tell that it was not done");

    write_once_more("applied");
    verdict("", "nor does one that nobody heard of, if another one is told of (631)");
    write_once_more("unknown");
    verdict("S2.5", "but that has to be");

    write_rewritten_again("not applied");
    verdict("", "what a trigger made of such a write went with it, though it looks the same");
    write_rewritten_again("applied");
    verdict("S6.3", "what it made of one that was heard of is no edit, and is not written again");
}

/* A row is written, and whoever wrote it dies, or ends, before it is stored that it was done. Then the database is exchanged, for one with the same rows. */
static void exchange(const char *with, history_op_t first, history_op_t second)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .side = -1, .worker = 1 };

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    told_as = "not applied";
    write_by_us(1, "1", NAME, NULL, "Ada");
    told_as = "applied";
    for (item.op = first; item.op; item.op = item.op == first ? second : HISTORY_NOTHING) {
        item.at = now += SEC;
        item.worker += item.op == HISTORY_START;
        (void)history_add(h, &item);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, with);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "1", "name", NULL, "Ada");
}

/* The connection was lost at that write; somebody reads the row before the database is another one, if @a is_read. */
static void exchange_unheard(int is_read)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    told_as = "not applied";
    ending = HISTORY_CUT;
    write_by_us(1, "1", NAME, NULL, "Ada");
    ending = HISTORY_ANSWERED;
    told_as = "applied";
    if (is_read) {
        (void)request(HISTORY_ASK_READ, 1, "1", now, now);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, HISTORY_ANOTHER);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "1", "name", NULL, "Ada");
}

static void test_never_proven(void)
{
    exchange(HISTORY_ANOTHER, HISTORY_CRASH, HISTORY_NOTHING);
    verdict("", "another database has no proof of what the former was written by who died");
    exchange(HISTORY_ANOTHER, HISTORY_STOP, HISTORY_NOTHING);
    verdict("S3.4", "who ends in an orderly way stores what he knows (34866)");
    exchange(HISTORY_ANOTHER, HISTORY_NOTHING, HISTORY_NOTHING);
    verdict("S3.4", "as long as he is there he knows");
    exchange(HISTORY_ANOTHER, HISTORY_CRASH, HISTORY_START);
    verdict("S3.4", "and whoever came after him could look for the proof in time");
    exchange(NULL, HISTORY_CRASH, HISTORY_NOTHING);
    verdict("S3.4", "which is in a copy of that database, too");
    exchange_unheard(0);
    verdict("", "nor what was written when the connection was lost, and nobody got through (475)");
    exchange_unheard(1);
    verdict("S3.4", "who got through could look for the proof");
}

/* A row is made, in which a trigger makes something else of what it was given; then its database is exchanged, and it is paired by its match
 * fields. */
static void exchange_made(const char *with, const char *state)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = HISTORY_CRASH, .side = -1, .worker = 1 };
    judge_entry_t created = { .op = "create", .side = 1, .page = "p" };
    judge_entry_field_t *told_fields = apr_pcalloc(pool, 2 * sizeof(*told_fields));
    int number;

    begin();
    make(0, "p", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Name", NULL, "Ada");
    now += 10 * SEC;
    number = request(HISTORY_ASK_CREATE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "name", NULL, "Ada");
    history_set(h, HISTORY_TRIGGER, 0, now, 1, place(1), "1", "name", "Ada", "ADA");
    created.at = now;
    created.state = state;
    created.fields = told_fields;
    created.field_count = 2;
    told_fields[0].name = "Mark";
    told_fields[0].after = "one";
    told_fields[1].name = "Name";
    told_fields[1].after = "Ada";
    judge_add_entry(judge, &created);
    item.at = now += SEC;
    (void)history_add(h, &item);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, with);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "1", "name", NULL, "ADA");
    link_up("p", "1", 2, "held.initial");
}

static void test_made_unknown(void)
{
    exchange_made(HISTORY_ANOTHER, "not applied");
    verdict("", "nor was anything agreed on with it");
    exchange_made(HISTORY_ANOTHER, "applied");
    verdict("S6.1", "else its values were agreed on");
    exchange_made(NULL, "not applied");
    verdict("S3.4 S6.1", "as they were where the proof came along");
}

/* Nobody had filled the field in when the row was made; people do so on both sides, on that of the row after it was set back. */
static void test_never_filled(void)
{
    pair();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit(0, "p", NAME, NULL, "Eve");
    now += 20 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "1", "one");
    edit(1, "1", NAME, NULL, "Bob");
    write_by_us(0, "p", NAME, "Eve", "Bob");
    verdict("", "a row that was set back was made of what its page showed when it was made first");
}

enum { UNSEEN, SEEN, FOR_ANOTHER };

/* A page goes into the trash, and we delete its row; a copy of the database has that, as it was before. The page is brought back, after
 * somebody looked into the copy or before; by people, or by us, as for a row of ANOTHER table. */
static void bring_both_back(int how)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
    remove_by_us(1, "1");
    set_back_to("Ada");
    if (how == SEEN) {
        now += 10 * SEC;
        (void)request(HISTORY_ASK_LIST, 1, NULL, now, now + SEC);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, how == FOR_ANOTHER ? history_request(h) : 0, now, HISTORY_REVIVE, 0,
               place(0), "p", NULL, NULL);
    write_by_us(0, "p", NAME, "Bob", "Ada");
}

/* The same of a record whose link is gone at the end, as are both: the audit tells that the row was made for the page. */
static void bring_back_for_a_while(int how)
{
    judge_entry_t made = {
        .id = 1, .op = "create", .state = "applied", .side = 1, .page = "p", .key = "1"
    };

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    judge_add_entry(judge, &made);
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "1", NAME, "Ada", "Bob");
    bring_both_back(how);
    delete_by_people(1, "1");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
}

static void test_both_back(void)
{
    agree_twice();
    bring_both_back(UNSEEN);
    verdict("", "who finds both of a record back finds the row edited (40027)");
    agree_twice();
    bring_both_back(SEEN);
    verdict("S2.5", "a row that was seen while its page was gone is a new one");
    agree_twice();
    bring_both_back(FOR_ANOTHER);
    verdict("", "also if another table's row brought the page back (80473)");
    bring_back_for_a_while(UNSEEN);
    verdict("", "a row that came back is its page's, though its link is gone (80473)");
    bring_back_for_a_while(SEEN);
    verdict("S6.3", "a new one is not");
}

/* A page has a row in each of two tables. Their database is exchanged for an empty one; one of them found gone, the page goes. Then people
 * make another row in the other table, whose key is the former one's, before anybody looked into that or after. */
static void use_key_again(int is_seen)
{
    judge_mapping_t second = {
        .name = "m2", .fields = fields, .field_count = FIELDS, .mark = MARK
    };
    history_item_t ask = { .kind = HISTORY_REQUEST,
                           .op = HISTORY_ASK_LIST,
                           .side = 1,
                           .place = "t2",
                           .worker = 1,
                           .connection = "s" };
    judge_link_t link = { .id = 2, .page = "p", .key = "1", .state = JUDGE_LINK_ACTIVE };
    int number, table;

    pair();
    second.place[0] = "ds";
    second.place[1] = "t2";
    link.mapping = judge_add_mapping(judge, &second);
    judge_add_link(judge, &link);
    number = history_request(h);
    now += SEC;
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, "t2", "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, "t2", "1", "mark", NULL, "one");
    now += 10 * SEC;
    for (table = 0; table < 2; table++) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, table ? "t2" : "t", NULL, NULL,
                   HISTORY_ANOTHER);
    }
    remove_by_us(0, "p");
    ask.sent = now += SEC;
    ask.at = ask.answered = now;
    ask.request = is_seen ? history_request(h) : 0;
    if (is_seen) {
        (void)history_add(h, &ask);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 1, "t2", "1", NULL, NULL);
    history_set(h, HISTORY_ACT, 0, now, 1, "t2", "1", "mark", NULL, "two");
    number = request(HISTORY_ASK_REVIVE, 0, "p", now + SEC, now + 2 * SEC);
    now += SEC;
    history_do(h, HISTORY_ACT, number, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    write_by_us(0, "p", MARK, "one", "two");
}

static int is_blamed_for(const char *rule)
{
    return strstr(rules(), rule) != NULL;
}

static void test_two_tables(void)
{
    use_key_again(0);
    tap_ok(!is_blamed_for("S2.5") || explain(), "to a mapping that has not looked, a row under the "
                                                "key of one that went is that record, whoever "
                                                "deleted its page (40569)");
    use_key_again(1);
    tap_ok(is_blamed_for("S2.5"), "one that was seen gone is another record");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_rewritten();
    test_put_back();
    test_trimmed();
    test_key();
    test_key_taken_in_copy();
    test_followed_key();
    test_let_go();
    test_never_kept();
    test_never_proven();
    test_made_unknown();
    test_never_filled();
    test_both_back();
    test_two_tables();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
