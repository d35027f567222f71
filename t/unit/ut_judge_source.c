/* Where does a value come from that we wrote? The judge on histories in which more than one place had it: what follows for those
 * who edit it later is another thing for each. */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

/* One table, synced with two data sources: `p` in the one, `q` in the other. */
static void three(void)
{
    pair();
    mapping_now = add_second();
    copy_by_us(0, "q", "one");
    link_up("q", "1", 0, NULL);
    mapping_now = 0;
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
}

static void edit_in(int mapping, const char *page, const char *before, const char *after)
{
    mapping_now = mapping;
    edit(0, page, NAME, before, after);
    mapping_now = 0;
}

static void test_where_it_stands(void)
{
    three();
    edit_in(0, "p", NULL, "Ada");
    edit_in(0, "p", "Ada", "Eve");
    edit_in(1, "q", NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    write_by_us(0, "p", NAME, "Eve", "Ada");
    verdict("", "a value that one page shows and another one showed came from where it stands");

    three();
    edit_in(0, "p", NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit_in(0, "p", "Ada", "Eve");
    edit_in(1, "q", NULL, "Ada");
    write_by_us(0, "p", NAME, "Eve", "Ada");
    verdict("S6.3", "but not before it stood there");
}

/* The audit's entry of the row's last write, with that page. */
static void told_of(int mapping, const char *page, apr_time_t at)
{
    static judge_entry_field_t ada = { .name = "Name", .after = "Ada", .reason = "changed" };
    judge_entry_t entry = { .mapping = mapping,
                            .op = "update",
                            .state = "applied",
                            .side = 1,
                            .page = page,
                            .key = "1",
                            .at = at,
                            .fields = &ada,
                            .field_count = 1 };

    judge_add_entry(judge, &entry);
}

static void test_who_wrote(void)
{
    int teller;

    for (teller = 0; teller < 2; teller++) {
        three();
        edit_in(0, "p", NULL, "Ada");
        edit_in(1, "q", NULL, "Ada");
        write_by_us(1, "1", NAME, NULL, "Ada");
        told_of(0, "p", teller ? now + 60 * SEC : now - 2 * SEC);
        told_of(1, "q", teller ? now - 2 * SEC : now + 60 * SEC);
        edit_in(0, "p", "Ada", "Eve");
        write_by_us(0, "p", NAME, "Eve", "Ada");
        verdict(teller ? "" : "S6.3", teller ? "both show it: the audit knows whose it was"
                                             : "its own, by the entry that is nearest in time");
    }
}

/* Both pages get the row's name, and something there makes another one of it: in `p` and in `q` not the same. */
static void alter_twice(void)
{
    three();
    fields[NAME].rule = JUDGE_HOLD;
    edit(1, "1", NAME, NULL, "ada");
    write_by_us(0, "p", NAME, NULL, "ada");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 0, "ds", "p", "Name", "ada", "ADA");
    mapping_now = 1;
    write_by_us(0, "q", NAME, NULL, "ada");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 0, "ds2", "q", "Name", "ada", "Ad");
    write_by_us(1, "1", NAME, "ada", "Ad");
    mapping_now = 0;
}

/* People name both pages. The row trims the name that it gets of one of them, and that one follows. */
static void trim_name_of(int mapping)
{
    const char *of_p = mapping ? "Eve" : "Ada ", *of_q = mapping ? "Ada " : "Eve";

    three();
    edit_in(0, "p", NULL, of_p);
    edit_in(1, "q", NULL, of_q);
    write_by_us(1, "1", NAME, NULL, "Ada ");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 1, "t", "1", "name", "Ada ", "Ada");
    if (mapping) {
        edit_in(1, "q", "Ada ", "Bob");
    }
    write_by_us(0, "p", NAME, of_p, "Ada");
    mapping_now = 1;
    write_by_us(0, "q", NAME, mapping ? "Bob" : "Eve", "Ada");
    mapping_now = 0;
}

static void test_trimmed_elsewhere(void)
{
    trim_name_of(0);
    verdict("", "what the row made of another page's name wins by the rule (94479)");

    trim_name_of(1);
    verdict("S2.5", "what it made of this page's own is no edit, and does not");
}

static void test_altered_elsewhere(void)
{
    alter_twice();
    write_by_us(0, "p", NAME, "ADA", "Ad");
    verdict(
        "",
        "what was altered in a third place is an edit here, and wins over what was altered here");

    alter_twice();
    write_by_us(1, "1", NAME, "Ad", "ADA");
    verdict("S2.5 S6.1", "which is none");
}

/* The row comes back from its image, for the mapping's page. */
static void bring_row_back(int mapping, const char *page)
{
    judge_entry_t restore = {
        .mapping = mapping, .op = "restore", .state = "applied", .side = 1, .page = page, .key = "1"
    };
    int number;

    now += 10 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, "t", "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "name", NULL, "Ada");
    restore.at = now;
    judge_add_entry(judge, &restore);
}

/* The row is deleted, and its page `p` goes after it, or both stay; the row is brought back for `q`, or for `p`, is edited and deleted again, and
 * comes back for `p` as it was first. */
static void delete_between(int mapping, int is_gone)
{
    three();
    edit(1, "1", NAME, NULL, "Ada");
    write_by_us(0, "p", NAME, NULL, "Ada");
    mapping_now = 1;
    write_by_us(0, "q", NAME, NULL, "Ada");
    mapping_now = 0;
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    if (is_gone) {
        remove_by_us(0, "p");
    }
    bring_row_back(mapping, mapping ? "q" : "p");
    edit(1, "1", NAME, "Ada", "Eve");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    bring_row_back(0, "p");
    told(1, "1", NAME, NULL, "Ada", NULL);
}

static void test_deleted_between(void)
{
    delete_between(1, 1);
    verdict("", "what another mapping brought back is no row of a page that went (48121)");
    delete_between(0, 1);
    verdict("S6.3", "what we brought back for the page itself is");
    delete_between(1, 0);
    verdict("S6.3", "so it is while the page is there");
}

/* Something makes "ADA" of the "ada" that the page gets of the row; another page, which rules the row, is empty, and so is the row then. */
static void empty_by_another(void)
{
    static judge_field_t others[FIELDS];
    judge_mapping_t second = { .name = "m2", .fields = others, .field_count = FIELDS };

    pair();
    memcpy(others, fields, sizeof(others));
    others[NAME].way = JUDGE_TO_EXTERNAL;
    fields[NAME].rule = JUDGE_NOTION_WINS;
    second.place[0] = "ds2";
    second.place[1] = "t";
    second.mark = MARK;
    mapping_now = judge_add_mapping(judge, &second);
    edit(1, "1", NAME, NULL, "ada");
    mapping_now = 0;
    write_by_us(0, "p", NAME, NULL, "ada");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 0, "ds", "p", "Name", "ada", "ADA");
    mapping_now = 1;
    copy_by_us(0, "q", "one");
    link_up("q", "1", 0, NULL);
    write_by_us(1, "1", NAME, "ada", NULL);
    mapping_now = 0;
}

static void test_empty_elsewhere(void)
{
    empty_by_another();
    write_by_us(0, "p", NAME, "ADA", NULL);
    verdict("", "what a third place has nothing of is an edit here as well (45983)");

    empty_by_another();
    edit(0, "p", NAME, "ADA", "Eve");
    write_by_us(0, "p", NAME, "Eve", NULL);
    verdict("S2.5", "over what people gave it wins by the rule only");
}

/* The second page had Eve, which went to the row, and has Ada now; the first one, which rules the row, got that before. Ada goes to the row,
 * by that mapping's page; the audit says of no value that it was lost. */
static void replace_unsaid(int mapping, const char *page)
{
    static judge_field_t others[FIELDS];
    judge_mapping_t second = { .name = "m2", .fields = others, .field_count = FIELDS };
    int number;

    pair();
    memcpy(others, fields, sizeof(others));
    fields[NAME].way = JUDGE_TO_EXTERNAL;
    second.place[0] = "ds2";
    second.place[1] = "t";
    second.mark = MARK;
    mapping_now = judge_add_mapping(judge, &second);
    copy_by_us(0, "q", "one");
    link_up("q", "1", 0, NULL);
    mapping_now = 0;
    edit_in(0, "p", NULL, "Old");
    write_by_us(1, "1", NAME, NULL, "Old");
    mapping_now = 1;
    write_by_us(0, "q", NAME, NULL, "Old");
    mapping_now = 0;
    edit_in(0, "p", "Old", "Ada");
    edit_in(1, "q", "Old", "Eve");
    write_by_us(1, "1", NAME, "Old", "Eve");
    edit_in(1, "q", "Eve", "Ada");
    now += SEC;
    number = request(HISTORY_ASK_UPDATE, 1, "1", now, now);
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "name", "Eve", "Ada");
    told_of(mapping, page, now);
}

static void test_what_it_cost(void)
{
    replace_unsaid(1, "q");
    verdict("", "who knew what was replaced has nothing to say of it (472167)");
    replace_unsaid(0, "p");
    verdict("S6.4", "who did not has");
}

/* Both have Ada; the page has that still, or none any more, when the row is replaced by one without a name. Then the page gets another. */
static void replace_by_empty(const char *shown)
{
    pair();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", shown);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    make(1, "1", "one");
    edit(0, "p", NAME, shown, "Bob");
    write_by_us(1, "1", NAME, NULL, "Bob");
}

static void test_replaced_by_empty(void)
{
    replace_by_empty(NULL);
    verdict("", "a replaced row that is as empty as its page is agreed on as that (472167)");
    replace_by_empty("Ada");
    verdict("S2.5", "else that it is empty is an edit");
}

/* We make `p` of the row, and Notion fills in a name that was left empty. */
static void fill_in(void)
{
    begin();
    make(1, "1", "one");
    copy_by_us(0, "p", "one");
    history_set(h, HISTORY_TRIGGER, 0, now, 0, "ds", "p", "Name", NULL, "Nobody");
    link_up("p", "1", 0, NULL);
}

static void test_default(void)
{
    fill_in();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit(0, "p", NAME, "Nobody", "Bob");
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(0, "p", NAME, "Bob", "Eve");
    verdict("", "who edits a default knew what the copied side showed: a conflict like any other");

    fill_in();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(0, "p", NAME, "Nobody", "Eve");
    verdict("", "a default of a page we made loses to any edit (S3.5)");

    fill_in();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(1, "1", NAME, "Eve", "Nobody");
    verdict("S2.5", "and wins over none");
}

/* As above, and people edit the row's name so long before the page is made. */
static void edit_and_fill_in(apr_interval_time_t before)
{
    begin();
    make(1, "1", "one");
    edit(1, "1", NAME, NULL, "Eve");
    now += before;
    copy_by_us(0, "p", "one");
    history_set(h, HISTORY_TRIGGER, 0, now, 0, "ds", "p", "Name", NULL, "Nobody");
    link_up("p", "1", 0, NULL);
    fields[NAME].rule = JUDGE_NOTION_WINS;
}

static void test_default_after_an_edit(void)
{
    edit_and_fill_in(0);
    write_by_us(0, "p", NAME, "Nobody", "Eve");
    verdict("", "so it does to one that was made after we had read the row (13551)");

    edit_and_fill_in(0);
    write_by_us(1, "1", NAME, "Eve", "Nobody");
    verdict("S2.5", "and wins over none of those either");

    edit_and_fill_in(60 * SEC);
    write_by_us(0, "p", NAME, "Nobody", "Eve");
    verdict("S2.5", "what the row showed by then was not left out for being empty");
}

/* The row is edited, we make `p` of it as it was before, and Notion fills in the name. */
static void fill_in_after_edit(apr_interval_time_t later)
{
    begin();
    make(1, "1", "one");
    edit(1, "1", NAME, NULL, "Eve");
    now += later;
    copy_by_us(0, "p", "one");
    history_set(h, HISTORY_TRIGGER, 0, now, 0, "ds", "p", "Name", NULL, "Nobody");
    link_up("p", "1", 0, NULL);
    fields[NAME].rule = JUDGE_HOLD;
    write_by_us(0, "p", NAME, "Nobody", "Eve");
}

static void test_default_of_older(void)
{
    fill_in_after_edit(0);
    verdict("", "a page is made of what its row showed when it was read: its default is of that");
    fill_in_after_edit(60 * SEC);
    verdict("S2.5", "which was not long before");
}

/* The page is changed to @a met while its row is replaced by one that holds "false", and which is edited later. */
static void replace(const char *met)
{
    pair();
    fields[NAME].sort = JUDGE_BOOLEAN;
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(0, "p", NAME, NULL, "true");
    write_by_us(1, "1", NAME, NULL, "true");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    edit(0, "p", NAME, "true", met);
    now += 10 * SEC;
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, "false");
    now += 60 * SEC;
    edit(1, "1", NAME, "false", "?yes");
    write_by_us(0, "p", NAME, met, "?yes");
}

static void test_what_comes_with_a_row(void)
{
    replace("false");
    verdict(
        "",
        "what a row comes with is agreed on with its page, also if it would hold that by itself");

    replace("?no");
    verdict("S2.5", "anything else is not");
}

/* Both sides show a member; people take it out of the page, and the database is set back to before the row had it. */
static void lose_member(const char *before)
{
    pair();
    fields[TAGS].rule = JUDGE_NOTION_WINS;
    edit(1, "1", TAGS, NULL, "a");
    write_by_us(0, "p", TAGS, NULL, "a");
    edit(1, "1", TAGS, "a", "a" HISTORY_MEMBER "b");
    write_by_us(0, "p", TAGS, "a", "a" HISTORY_MEMBER "b");
    edit(0, "p", TAGS, "a" HISTORY_MEMBER "b", "a");
    now += 60 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "tags", NULL, before);
}

static void test_member_of_neither(void)
{
    lose_member("a");
    edit(1, "1", TAGS, "a", "a" HISTORY_MEMBER "b");
    write_by_us(0, "p", TAGS, "a", "a" HISTORY_MEMBER "b");
    verdict("", "a member that neither side has is agreed on, and may come anew");

    lose_member("a" HISTORY_MEMBER "b");
    write_by_us(0, "p", TAGS, "a", "a" HISTORY_MEMBER "b");
    verdict("S2.5", "but not from a row that had it all the time");
}

static void tell(const char *op, int mapping, int side, const char *page)
{
    judge_entry_t entry = { .mapping = mapping,
                            .op = op,
                            .state = "applied",
                            .side = side,
                            .page = page,
                            .key = "1",
                            .at = now };

    entry.id = now / SEC;
    judge_add_entry(judge, &entry);
}

static void delete_row(void)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
}

/* We bring the row back from an image, for a page of that mapping. */
static void restore_row(int mapping, const char *page, const char *name)
{
    int number;

    now += 10 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now + SEC / 10);
    tell("restore", mapping, 1, page);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, "t", "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "name", NULL, name);
    told(1, "1", NAME, NULL, name, "restored");
}

/* The row went; for `p` it came back and was edited, and the second mapping, to which that is another record, made `r` of it. It
 * went again, and came back for a page of the second mapping. Then `p` gets what it shows. */
static void come_back_for(const char *page)
{
    three();
    edit_in(0, "p", NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    mapping_now = 1;
    write_by_us(0, "q", NAME, NULL, "Ada");
    mapping_now = 0;
    delete_row();
    restore_row(0, "p", "Ada");
    edit_in(0, "p", "Ada", "Eve");
    write_by_us(1, "1", NAME, "Ada", "Eve");
    mapping_now = 1;
    copy_by_us(0, "r", "one");
    tell("create", 1, 0, "r");
    write_by_us(0, "r", NAME, NULL, "Eve");
    delete_row();
    remove_by_us(0, "r");
    restore_row(1, page, "Ada");
    mapping_now = 0;
    write_by_us(0, "p", NAME, "Eve", "Ada");
}

static void test_own_image(void)
{
    come_back_for("q");
    verdict("", "a record whose key was another's comes back as it was before that");

    come_back_for("r");
    verdict("S6.3", "the other one does not");
}

/* The name becomes a choice, say, and what the page holds with it. */
static void convert(const char *source)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_RETYPE, .side = HISTORY_NOTION };

    three();
    edit_in(0, "p", NULL, "Ada, Eve");
    write_by_us(1, "1", NAME, NULL, "Ada, Eve");
    mapping_now = 1;
    write_by_us(0, "q", NAME, NULL, "Ada, Eve");
    mapping_now = 0;
    item.at = now;
    item.place = source;
    item.field = "Name";
    (void)history_add(h, &item);
    write_by_us(0, "p", NAME, "Ada, Eve", "Ada Eve");
}

/* People make a property of dates one of texts; meanwhile the row was edited. */
static void convert_instant(const char *text)
{
    pair();
    fields[NAME].sort = JUDGE_TIME;
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(1, "1", NAME, NULL, "2026-04-03T03:51:00.000Z");
    write_by_us(0, "p", NAME, NULL, "2026-04-03T03:51:00.000Z");
    edit(1, "1", NAME, "2026-04-03T03:51:00.000Z", "2026-12-12T23:47:00.000Z");
    edit(0, "p", NAME, "2026-04-03T03:51:00.000Z", text);
    write_by_us(0, "p", NAME, text, "2026-12-12T23:47:00Z");
}

static void test_converted_instant(void)
{
    convert_instant("2026-04-03T03:51:00.000+00:00");
    verdict("", "the same instant, in words of a text, is no edit (63644)");
    convert_instant("2026-04-03T03:51:00.000+01:00");
    verdict("S2.5", "another one is");
}

static void test_other_type(void)
{
    convert("ds");
    verdict("S6.1", "what a property of another type makes of a value nobody gave");

    convert("elsewhere");
    verdict("S6.3 S6.1", "in another data source that explains nothing");
}

enum { UNANSWERED = 0, DIED_BEFORE = -1, LIVED_ON = -2 };

/* The page was read, then the worker died, or not, before anything was sent. */
static void send_nothing(int has_died)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = HISTORY_CRASH, .worker = 1 };

    now += SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    item.at = now += SEC;
    if (has_died) {
        (void)history_add(h, &item);
    }
}

/* An update of the page that never arrives, and is never answered, or with that status. */
static void send_in_vain(int status)
{
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_UPDATE,
                            .record = "p",
                            .worker = 1,
                            .connection = "n",
                            .end = status ? HISTORY_ANSWERED : HISTORY_CUT,
                            .status = status };

    item.sent = now += SEC;
    item.at = item.answered = now += SEC;
    item.request = history_request(h);
    (void)history_add(h, &item);
}

/* We send "Ada", in vain, or are about to; the row goes on to "Eve"; then people give the page that very name. */
static void give_what_was_sent(int is_judged, int status)
{
    pair();
    edit(1, "1", NAME, NULL, "Old");
    write_by_us(0, "p", NAME, NULL, "Old");
    edit(1, "1", NAME, "Old", "Ada");
    if (status < 0) {
        send_nothing(status == DIED_BEFORE);
    }
    else {
        send_in_vain(status);
    }
    edit(1, "1", NAME, "Ada", "Eve");
    now += 20 * SEC;
    if (is_judged) {
        now += 90 * SEC;
        (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    }
    edit(0, "p", NAME, "Old", "Ada");
    write_by_us(0, "p", NAME, "Ada", "Eve");
}

static void test_what_was_sent(void)
{
    give_what_was_sent(0, UNANSWERED);
    verdict("",
            "while nobody knows what became of a write, a value that looks like it counts as it");

    give_what_was_sent(0, 500);
    verdict("", "nor does Notion tell by a failure of its own (78859)");
    give_what_was_sent(0, 400);
    verdict("S2.5", "but by a refusal it does");
    give_what_was_sent(1, UNANSWERED);
    verdict("S2.5", "once it is known, it is an edit");
    give_what_was_sent(0, DIED_BEFORE);
    verdict("", "a write that was only stored nobody can tell from one that was sent (78921)");
    give_what_was_sent(1, DIED_BEFORE);
    verdict("S2.5", "once it is known, that is over, too");
    give_what_was_sent(0, LIVED_ON);
    verdict("S2.5", "who reads and lives on has no such write");
}

/* From now on an update of the page is under way. */
static void send_late(history_item_t *update)
{
    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    update->sent = now += SEC;
    update->request = history_request(h);
    update->at = update->answered = now + SEC / 10;
}

/* A member was taken away in the page, and put back there; and taken away in the row. What we sent before that, or after, takes it out of the
 * page; then people put it into the row again, and we take it away. */
static void take_away_late(int is_before)
{
    history_item_t update = { .kind = HISTORY_REQUEST,
                              .op = HISTORY_ASK_UPDATE,
                              .record = "p",
                              .worker = 1,
                              .connection = "n",
                              .end = HISTORY_CUT };

    pair();
    edit(0, "p", TAGS, NULL, "a");
    write_by_us(1, "1", TAGS, NULL, "a");
    edit(0, "p", TAGS, "a", NULL);
    if (is_before) {
        send_late(&update);
    }
    edit(0, "p", TAGS, NULL, "a");
    edit(1, "1", TAGS, "a", NULL);
    if (!is_before) {
        send_late(&update);
    }
    now += SEC;
    history_set(h, HISTORY_ACT, update.request, now, 0, "ds", "p", "Tags", "a", NULL);
    (void)history_add(h, &update);
    told(0, "p", TAGS, "a", NULL, "changed");
    now += 60 * SEC;
    edit(1, "1", TAGS, NULL, "a");
    write_by_us(1, "1", TAGS, "a", NULL);
}

static void test_after_sending(void)
{
    take_away_late(1);
    verdict("", "what happened after it was sent no write brings (73910)");

    take_away_late(0);
    verdict("S6.3", "what it brings whoever edits it later knew");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_where_it_stands();
    test_who_wrote();
    test_altered_elsewhere();
    test_trimmed_elsewhere();
    test_deleted_between();
    test_empty_elsewhere();
    test_what_it_cost();
    test_replaced_by_empty();
    test_default();
    test_default_of_older();
    test_default_after_an_edit();
    test_what_comes_with_a_row();
    test_member_of_neither();
    test_own_image();
    test_converted_instant();
    test_other_type();
    test_what_was_sent();
    test_after_sending();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
