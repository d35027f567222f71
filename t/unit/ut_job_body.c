/* Proves S5.9 on the engine: the body of a page is a field as any other, which is read only if it may have changed, written by itself
 * after all properties, and held where that could do harm or is refused. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;
static const char *key; /* of the row */

/* Page p1 with a body, and its row; the minute in which all that happened is over, and has been listed. */
static world_t *linked(const char *body)
{
    world_t *w = world_create(p);

    world_keep_body(w);
    (void)world_add(w, NTS_NOTION, "p1", "one");
    world_page(w, "p1")->values[BODY] = world_text(body);
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    key = world_link(w, NTS_NOTION, "p1")->key;
    w->requests = w->bodies = w->writes[0] = w->writes[1] = 0;
    return w;
}

static const char *of_page(world_t *w)
{
    return world_text_of(world_page(w, "p1"), BODY);
}

static const char *of_row(world_t *w)
{
    return world_text_of(world_row(w, key), BODY);
}

/* "requests, of them for bodies; writes to Notion, to the row", since this was asked last. */
static const char *cost(world_t *w)
{
    const char *text = apr_psprintf(p, "%d, %d; %d, %d", w->requests, w->bodies,
                                    w->writes[NTS_NOTION], w->writes[NTS_EXTERNAL]);

    w->requests = w->bodies = w->writes[0] = w->writes[1] = 0;
    return text;
}

static const char *held(world_t *w)
{
    const nts_issue_t *issue = nts_link_issue(world_link(w, NTS_NOTION, "p1"), w->pairs[BODY].id);

    return issue && issue->code ? issue->code : "";
}

static void test_both_ways(void)
{
    world_t *w = linked("a\nb\nc");

    tap_str(of_row(w), "a\nb\nc", "5.9 first contact carries it outward");
    world_edit(w, NTS_NOTION, "p1", BODY, world_text("a\nB\nc"));
    (void)world_settle(w);
    tap_str(of_row(w), "a\nB\nc", "5.9 so does an edit of the page");
    tap_str(cost(w), "2, 1; 0, 1", "5.9 for the page and its body");
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\nB\nc\nd"));
    (void)world_settle(w);
    tap_str(of_page(w), "a\nB\nc\nd", "5.9 and an edit of the row inward");
    tap_str(cost(w), "3, 1; 1, 0", "5.9 for the page, its body, and the write");
    tap_int(world_differences(w), 0, "6.1 both sides are equal");
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("all new"));
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("renamed"));
    (void)world_settle(w);
    tap_ok(!strcmp(of_page(w), "all new") &&
               !strcmp(world_text_of(world_page(w, "p1"), NAME), "renamed"),
           "5.9 with another field");
    tap_int(w->writes[NTS_NOTION], 2, "5.9 by a write of its own");
    (void)cost(w);
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[0] + w->writes[1], 0, "6.2 then nothing more is written");
}

static void test_when_read(void)
{
    world_t *w = linked("text");

    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->bodies, 0, "5.9 a full run reads no body that was seen after its page was edited");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("other"));
    (void)world_settle(w);
    tap_int(w->bodies, 0, "5.9 what an event tells of properties asks for no body");
    world_page(w, "p1")->values[BODY] = world_text("in the same minute, and told by nobody");
    world_wait(w, apr_time_from_sec(200));
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(of_row(w), "in the same minute, and told by nobody",
            "6.1 but a full run finds what no event told");
    tap_int(w->bodies, 1, "5.9 with one request");
    world_wait(w, apr_time_from_sec(200));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->bodies, 1, "5.9 which the next one knows of");
    (void)cost(w);
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("from outside"));
    (void)world_settle(w);
    tap_str(cost(w), "2, 0; 1, 0", "5.9 an edit of another column costs what it did");
    world_wait(w, apr_time_from_sec(200));
    (void)world_scan(w, NTS_SCAN_INCREMENTAL);
    tap_int(w->bodies, 0, "5.9 our own write explains the time of the last edit");
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->bodies, 1,
            "5.9 but not to a full run: somebody else may have edited the body in that minute");
}

static void test_what_tells(void)
{
    world_t *w = linked("text");
    apr_time_t edited = world_page(w, "p1")->edited;
    char *large = apr_palloc(p, NTS_BODY_MAX + 2);

    world_edit(w, NTS_NOTION, "p1", BODY, world_text("told"));
    world_page(w, "p1")->edited = edited;
    (void)world_settle(w);
    tap_str(of_row(w), "told",
            "16.4 an event is enough, also if the time of the last edit stands still");
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("told of the name"));
    world_page(w, "p1")->values[BODY] = world_text("not told of the body");
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_str(of_row(w), "not told of the body", "5.9 a full run looks, whatever events explain");
    world_wait(w, apr_time_from_sec(300));
    memset(large, 'x', NTS_BODY_MAX + 1);
    large[NTS_BODY_MAX + 1] = '\0';
    world_edit(w, NTS_NOTION, "p1", BODY, world_text(large));
    (void)world_settle(w);
    tap_str(held(w), "field.unfit", "5.9 a body that is too large is parked");
    tap_str(of_row(w), "not told of the body", "5.9 whole");
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("goes on"));
    (void)world_settle(w);
    tap_ok(!strcmp(held(w), "field.unfit") &&
               !strcmp(world_text_of(world_row(w, key), NAME), "goes on"),
           "5.9 and stays so while other fields go on: what is shown to people is read each time");
    world_edit(w, NTS_NOTION, "p1", BODY, world_text("short"));
    (void)world_settle(w);
    tap_ok(!strcmp(of_row(w), "short") && !strcmp(held(w), ""), "5.9 until it is shorter");
}

/* A page that a person edited a while ago, in the listing of its minute. */
static void test_listed_again(void)
{
    world_t *w = linked("text");

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("by a person"));
    (void)world_settle(w);
    tap_str(cost(w), "1, 0; 0, 1", "3.9 a property costs the page");
    world_wait(w, apr_time_from_sec(150));
    (void)world_scan(w, NTS_SCAN_MINUTE);
    (void)world_settle(w);
    tap_str(cost(w), "2, 1; 0, 0", "3.10 listed once more, the body is asked for, the page is not");
    (void)world_scan(w, NTS_SCAN_MINUTE);
    tap_str(cost(w), "1, 0; 0, 0", "3.10 once");
}

static void test_new_records(void)
{
    world_t *w = world_create(p);
    const world_thing_t *page;

    world_keep_body(w);
    (void)world_add(w, NTS_EXTERNAL, "k1", "with text");
    world_row(w, "k1")->values[BODY] = world_text("# Heading\ntext");
    (void)world_settle(w);
    page = &w->side[NTS_NOTION][0];
    tap_ok(w->count[NTS_NOTION] == 1 && !strcmp(world_text_of(page, BODY), "# Heading\ntext") &&
               !strcmp(world_text_of(page, NAME), "with text"),
           "5.9 a new row's text follows its page, and is not its title");
    tap_str(cost(w), "3, 1; 2, 0", "5.9 with three requests");
    (void)world_add(w, NTS_EXTERNAL, "k2", "without");
    (void)world_settle(w);
    tap_int(w->bodies, 0, "5.9 where there is none nothing is read");
}

static void test_harm(void)
{
    world_t *w = linked("top\n<page url=\"u\">Child</page>\nend");
    nts_entry_t *entry;

    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("top\nend"));
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("goes on"));
    (void)world_settle(w);
    tap_str(held(w), "held.body", "5.9 a child page is not deleted: the body is held");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "goes on", "5.9 and other fields go on");
    tap_str(of_page(w), "top\n<page url=\"u\">Child</page>\nend", "5.9 nothing was tried");
    (void)world_rule(w, world_link(w, NTS_NOTION, "p1"), BODY, NTS_CHOICE_EXTERNAL);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(held(w), "held.body", "2.9 nor does a person's word make it safe");
    tap_ok(world_open_rulings(w) == 0 && strstr(w->refused.what, "child pages"),
           "2.9 and is told so");
    (void)world_rule(w, world_link(w, NTS_NOTION, "p1"), BODY, NTS_CHOICE_NOTION);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(of_row(w), "top\n<page url=\"u\">Child</page>\nend",
            "2.9 but the other way it is done");
    tap_str(held(w), "", "and nothing is held any more");
    world_wait(w, apr_time_from_sec(300));

    world_page(w, "p1")->partial = 1;
    world_edit(w, NTS_NOTION, "p1", BODY, world_text("top\nand more"));
    (void)world_settle(w);
    tap_str(of_row(w), "top\nand more", "5.9 what is shown in part goes outward");
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("top\nand less"));
    (void)world_settle(w);
    tap_str(held(w), "held.body", "5.9 and is never written back");
    world_page(w, "p1")->partial = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_str(of_page(w), "top\nand less", "5.9 once it is shown whole, it is");
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    world_page(w, "p1")->partial = 1;
    (void)world_undo(w, entry);
    tap_ok(strstr(w->refused.what ? w->refused.what : "", "only a part") &&
               !strcmp(of_page(w), "top\nand less"),
           "5.5 an undo is no way round that");
}

/* Somebody else edits the place between our read and our write. */
static spoil_t edit_first(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
        call->ask.side == NTS_NOTION && w->hook_count++ == 0) {
        world_page(w, "p1")->values[BODY] = world_text("a\nmine\nc");
    }
    return SPOIL_NOTHING;
}

static void test_refused(void)
{
    world_t *w = linked("a\nb\nc");

    w->hook = edit_first;
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\ntheirs\nc"));
    (void)world_settle(w);
    tap_ok(!strcmp(of_page(w), "a\nmine\nc") && !strcmp(of_row(w), "a\nmine\nc"),
           "7.4 an edit in the same second is not overwritten, but decided as a conflict");
    tap_str(held(w), "", "5.9 for the page shows another text than the one that was refused");
    w = linked("a\nb\nc");
    w->hook = edit_first;
    w->mapping.conflict = NTS_CONFLICT_EXTERNAL;
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\ntheirs\nc"));
    (void)world_settle(w);
    tap_ok(!strcmp(of_page(w), "a\ntheirs\nc") && w->hook_count == 2,
           "2.5 and where the row wins, written over it");
    tap_str(world_last_entry(w, NTS_ENTRY_UPDATE)->fields[0].lost.as.text, "a\nmine\nc",
            "6.4 with what was lost in the audit");
}

static spoil_t refuse(world_t *w, const nts_call_t *call)
{
    int is_body = call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
                  call->ask.side == NTS_NOTION && call->ask.values[BODY].kind != NTS_VALUE_ABSENT;

    w->hook_count += is_body;
    return is_body ? SPOIL_REFUSED : SPOIL_NOTHING;
}

static void test_refused_for_good(void)
{
    world_t *w = linked("a\nb\nc");

    w->hook = refuse;
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\nx\nc"));
    world_edit(w, NTS_EXTERNAL, key, STAGE, world_text("Won"));
    (void)world_settle(w);
    tap_int(w->hook_count, 1, "5.9 what was refused is tried once");
    tap_ok(world_page(w, "p1")->values[STAGE].kind == NTS_VALUE_OPTION,
           "5.9 while other fields go on");
    world_notice(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    tap_int(w->hook_count, 1, "5.9 and not again, as long as both sides stay as they are");
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\ny\nc"));
    (void)world_settle(w);
    tap_int(w->hook_count, 2, "5.9 another text is");
    w->hook = NULL;
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\nz\nc"));
    (void)world_settle(w);
    tap_ok(!strcmp(of_page(w), "a\nz\nc") && !strcmp(held(w), ""),
           "and when it is taken nothing is held");
}

static spoil_t lose(world_t *w, const nts_call_t *call)
{
    int is_body = call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
                  call->ask.side == NTS_NOTION;

    return is_body && w->hook_count++ == 0 ? SPOIL_DONE_UNKNOWN : SPOIL_NOTHING;
}

static void test_fate(void)
{
    world_t *w = linked("a\nb");

    w->hook = lose;
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\nb\nc"));
    (void)world_settle(w);
    tap_str(of_page(w), "a\nb\nc", "3.7 a write whose answer is lost");
    tap_int(w->hook_count, 1, "3.7 is found in the body, and not repeated");
    tap_int(world_last_entry(w, NTS_ENTRY_UPDATE)->state, NTS_ENTRY_APPLIED,
            "3.7 and counts as applied");
}

static void test_conflict_and_undo(void)
{
    world_t *w = linked("a\nb");
    nts_entry_t *entry;

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "p1", BODY, world_text("a\nnotion"));
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("a\nrow"));
    (void)world_settle(w);
    tap_str(held(w), "held.conflict", "2.5 both edited it: a conflict as of any field");
    (void)world_rule(w, world_link(w, NTS_NOTION, "p1"), BODY, NTS_CHOICE_EXTERNAL);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(of_page(w), "a\nrow", "2.9 decided as any");
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    (void)world_undo(w, entry);
    (void)world_settle(w);
    tap_ok(!strcmp(of_page(w), "a\nb") && !strcmp(of_row(w), "a\nb"),
           "5.5 and taken back on both sides");
}

static void test_one_way(void)
{
    world_t *w = linked("a\nb");
    nts_entry_t *entry;

    w->pairs[BODY].direction = NTS_TO_EXTERNAL;
    w->pairs[NAME].direction = NTS_TO_EXTERNAL;
    world_edit(w, NTS_EXTERNAL, key, BODY, world_text("scribbled"));
    (void)world_settle(w);
    tap_ok(!strcmp(of_row(w), "a\nb") && !strcmp(of_page(w), "a\nb"),
           "2.8 outward only: the row is put right");
    world_edit(w, NTS_NOTION, "p1", BODY, world_text("a\nc"));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("both"));
    (void)world_settle(w);
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    (void)world_undo(w, entry);
    (void)world_settle(w);
    tap_ok(!strcmp(of_page(w), "a\nb") && !strcmp(world_text_of(world_page(w, "p1"), NAME), "one"),
           "5.5 an undo of both writes properties and then the body");
    tap_ok(!strcmp(of_row(w), "a\nb") && !strcmp(world_text_of(world_row(w, key), NAME), "one"),
           "and the row follows");
}

static void test_plan(void)
{
    world_t *w = world_create(p);
    const nts_scan_report_t *report;

    world_keep_body(w);
    (void)world_add(w, NTS_EXTERNAL, "k1", "new");
    world_row(w, "k1")->values[BODY] = world_text("its text");
    (void)world_plan(w, 0);
    tap_ok(w->item_count == 1 && w->items[0]->kind == NTS_PLAN_CREATE &&
               w->items[0]->fields[w->items[0]->field_count - 1].write[NTS_NOTION] &&
               w->items[0]->fields[w->items[0]->field_count - 1].pair == w->pairs[BODY].id,
           "2.9 a plan foretells the body of a page that is to be made");
    (void)world_apply(w);
    tap_str(world_text_of(&w->side[NTS_NOTION][0], BODY), "its text",
            "2.9 and it is carried out with it");
    report = world_scan(w, NTS_SCAN_VERIFY);
    tap_ok(report->different == 0 && report->equal == 1, "6.1 verify compares bodies");
    w->side[NTS_NOTION][0].values[BODY] = world_text("another");
    report = world_scan(w, NTS_SCAN_VERIFY);
    tap_ok(report->different == 1 && strstr(report->differences[0].what, "another"),
           "6.1 and shows where they differ");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_both_ways();
    test_when_read();
    test_what_tells();
    test_listed_again();
    test_new_records();
    test_harm();
    test_refused();
    test_refused_for_good();
    test_fate();
    test_conflict_and_undo();
    test_one_way();
    test_plan();
    apr_terminate();
    return tap_done();
}
