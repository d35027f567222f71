/* The judge of the simulation on histories made by hand: what is right passes, and each wrong is called by its rule. */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "judge_world.h"
#include "tap/tap.h"

static void test_right(void)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(0, "p", NAME, "Ada", "Eve");
    verdict("", "an edit on each side, carried one after the other");
    tap_int(judge_figures(judge)->certain, judge_figures(judge)->outcomes,
            "nothing else would have been right");

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(1, "1", NAME, "Eve", "Ada");
    verdict("", "the later edit may lose to the tie");
    tap_int(judge_figures(judge)->losses, 1, "that is counted");

    pair();
    edit(1, "1", QTY, NULL, "1.005");
    write_by_us(0, "p", QTY, NULL, "1.01");
    verdict("", "rounded on the way");
}

static void test_convergence(void)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    verdict("S6.1", "an edit that never arrives");

    begin();
    make(0, "p", "one");
    verdict("S6.1", "a record that is never copied");

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.conflict");
    edit(0, "p", NAME, NULL, "Ada");
    verdict("S6.1", "held, although only one side was edited and no rule says hold");

    begin();
    fields[NAME].rule = JUDGE_HOLD;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.conflict");
    edit(0, "p", NAME, NULL, "Ada");
    verdict("S6.1", "held by rule, although only one side was edited");

    begin();
    fields[NAME].rule = JUDGE_HOLD;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.conflict");
    edit(0, "p", NAME, NULL, "Ada");
    edit(1, "1", NAME, NULL, "Eve");
    verdict("", "a conflict that the rule holds");

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 1, "some.new_code");
    edit(0, "p", NAME, NULL, "Ada");
    verdict("S6.1", "a reason the judge does not know is none");
}

/* Our value, and what the database makes of it at once. */
static void write_and_rewrite(int field, const char *before, const char *after, const char *made)
{
    write_by_us(1, "1", field, before, after);
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 1, place(1), "1",
                fields[field].name[1], after, made);
}

static void pair_in_trouble(const char *code)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, code);
}

/* Somebody on each side puts back what was there, so often, and so long after it was gone. */
static void fight(int rounds, apr_time_t after)
{
    int i;

    pair_in_trouble("held.contested");
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    for (i = 0; i < rounds; i++) {
        now += after;
        edit(1, "1", NAME, "Ada", NULL);
        write_by_us(0, "p", NAME, "Ada", NULL);
        now += after;
        edit(0, "p", NAME, NULL, "Ada");
        write_by_us(1, "1", NAME, NULL, "Ada");
    }
    edit(1, "1", NAME, "Ada", NULL);
}

static void test_contests(void)
{
    pair_in_trouble("held.contested");
    edit(0, "p", ONEWAY, NULL, "x ");
    write_and_rewrite(ONEWAY, NULL, "x ", "x");
    verdict("", "one-way, and the target makes something else of it");
    pair_in_trouble("held.contested");
    edit(0, "p", ONEWAY, NULL, "x ");
    write_and_rewrite(ONEWAY, NULL, "x ", "x");
    edit(0, "p", ONEWAY, "x ", "y");
    verdict("S6.1", "but the source has another value by now");
    fight(2, 0);
    verdict("", "what is put back again and again may be held");
    fight(1, 0);
    verdict("S6.1", "not what is put back a few times");
    fight(4, 300 * SEC);
    verdict("S6.1", "nor what people do minutes later");
}

static void link_more(int id, const char *page, judge_link_state_t state, const char *code)
{
    judge_link_t link = { .id = id, .page = page, .key = "1", .state = state };

    link.trouble = code ? 2 : 0;
    link.code = code;
    link.what = code ? "something" : NULL;
    judge_add_link(judge, &link);
}

/* The record is deleted in Notion, so here too; the key is used again or not; then its page comes back. */
static void bring_back(int is_used_again)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_more(1, "p", JUDGE_LINK_TOMBSTONE, "held.restore");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
    remove_by_us(1, "1");
    now += 100 * SEC;
    if (is_used_again) {
        make(1, "1", "two");
        copy_by_us(0, "q", "two");
        link_more(2, "q", JUDGE_LINK_ACTIVE, NULL);
    }
    now += 100 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
}

static void test_restores(void)
{
    bring_back(1);
    verdict("", "S2.7: a row cannot come back under a key that another has");
    bring_back(0);
    verdict("S6.1", "it can if the key is free, for what we delete we keep");
}

static void test_wrong_values(void)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Eve", "Ada");
    verdict("S6.3", "the one side that changed is put back");

    pair();
    write_by_us(1, "1", NAME, NULL, "Bob");
    verdict("S6.3 S6.1", "a value from nowhere");

    pair();
    write_by_us(0, "p", ONEWAY, NULL, NULL);
    edit(1, "1", ONEWAY, NULL, "x");
    write_by_us(0, "p", ONEWAY, NULL, "x");
    verdict("S2.8", "against the direction of a field");

    pair();
    edit(1, "1", NAME, NULL, "Eve");
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(0, "p", NAME, "Ada", "Eve");
    verdict("S2.5", "the earlier edit wins, and the tie is not its");

    begin();
    fields[NAME].rule = JUDGE_HOLD;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 0, NULL);
    edit(0, "p", NAME, NULL, "Ada");
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(1, "1", NAME, "Eve", "Ada");
    verdict("S2.5", "a conflict that should be held is decided");
}

static void test_gap(void)
{
    int number;

    pair();
    edit(1, "1", NAME, NULL, "Eve");
    now += SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    history_set(h, HISTORY_ACT, 0, now + SEC / 5, 0, "ds", "p", "Name", NULL, "Ada");
    number = request(HISTORY_ASK_UPDATE, 0, "p", now + SEC / 4, now + SEC / 2);
    history_set(h, HISTORY_ACT, number, now + SEC / 3, 0, "ds", "p", "Name", "Ada", "Eve");
    told(0, "p", NAME, NULL, "Eve", "external changed");
    verdict("", "an edit between our read and our commit is lost, as documented");
    tap_int(judge_figures(judge)->residual, 1, "and counted");
}

static void test_put_back(void)
{
    int cut;

    for (cut = 0; cut < 2; cut++) {
        pair();
        fields[NAME].rule = JUDGE_HOLD;
        edit(1, "1", NAME, NULL, "Eve");
        ending = cut ? HISTORY_CUT : HISTORY_ANSWERED;
        write_by_us(0, "p", NAME, NULL, "Eve");
        ending = HISTORY_ANSWERED;
        edit(0, "p", NAME, "Eve", NULL);
        edit(1, "1", NAME, "Eve", "Bob");
        write_by_us(0, "p", NAME, NULL, "Bob");
        verdict(cut ? "" : "S2.5",
                cut ? "what a person put back after a write of unknown fate looks untouched"
                    : "and not after one that was answered");
    }
}

static void test_base_of_unknown_fate(void)
{
    int cut;

    for (cut = 0; cut < 2; cut++) {
        pair();
        fields[NAME].rule = JUDGE_HOLD;
        edit(1, "1", NAME, NULL, "Eve");
        ending = cut ? HISTORY_CUT : HISTORY_ANSWERED;
        write_by_us(0, "p", NAME, NULL, "Eve");
        ending = HISTORY_ANSWERED;
        now += 60 * SEC; /* long after both were empty */
        edit(1, "1", NAME, "Eve", NULL);
        edit(0, "p", NAME, "Eve", "Bob");
        write_by_us(1, "1", NAME, NULL, "Bob");
        verdict(cut ? "" : "S2.5", cut ? "what was agreed before a write of unknown fate still is"
                                       : "and is not after one that was answered");
    }
}

static void test_equal_while_away(void)
{
    pair();
    fields[NAME].rule = JUDGE_HOLD;
    edit(0, "p", NAME, NULL, "Eve");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
    edit(1, "1", NAME, NULL, "Eve");
    now += 60 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    edit(1, "1", NAME, "Eve", "Bob");
    write_by_us(0, "p", NAME, "Eve", "Bob");
    verdict("", "both were given a value while one was in the trash: agreed on when it is back");
}

/* One table, synced with two data sources: `p` in the one, `q` in the other. */
static void three(void)
{
    judge_mapping_t second = { .name = "m2", .fields = fields, .field_count = FIELDS };

    pair();
    second.place[0] = "ds2";
    second.place[1] = "t";
    second.mark = MARK;
    second.grace = 2 * SEC;
    second.tie = HISTORY_NOTION;
    mapping_now = judge_add_mapping(judge, &second);
    copy_by_us(0, "q", "one");
    link_up("q", "1", 0, NULL);
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(0, "q", NAME, NULL, "Eve");
    mapping_now = 0;
    edit(0, "p", NAME, NULL, "Bob");
    write_by_us(1, "1", NAME, "Eve", "Bob");
}

static void test_two_sources(void)
{
    three();
    mapping_now = 1;
    write_by_us(0, "q", NAME, "Eve", "Bob");
    verdict("",
            "what one mapping's rule put into a row replaces there what the other one had taken");

    three();
    mapping_now = 1;
    write_by_us(1, "1", NAME, "Bob", "Eve");
    verdict("S6.3 S6.1", "and is not replaced by it");
}

static void test_equal_from_the_start(void)
{
    int lossy;

    for (lossy = 0; lossy < 2; lossy++) {
        begin();
        fields[NAME].length = 3;
        fields[NAME].lossy = lossy;
        fields[NAME].rule = JUDGE_HOLD;
        make(0, "p", "one");
        history_set(h, HISTORY_ACT, 0, now, 0, "ds", "p", "Name", NULL, "Agatha");
        make(1, "1", "one");
        history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, "Agatha");
        link_up("p", "1", 0, NULL);
        edit(0, "p", NAME, "Agatha", "Bob");
        write_by_us(1, "1", NAME, "Agatha", "Bob");
        verdict(lossy ? "" : "S2.5",
                lossy ? "both show a text that is too long for one, and may be cut: agreed"
                      : "not if it does not survive the way");
    }
}

static void test_sets(void)
{
    pair();
    edit(0, "p", TAGS, NULL, "a");
    edit(1, "1", TAGS, NULL, "b");
    write_by_us(1, "1", TAGS, "b", "a" HISTORY_MEMBER "b");
    write_by_us(0, "p", TAGS, "a", "a" HISTORY_MEMBER "b");
    verdict("", "members of both sides");

    pair();
    edit(0, "p", TAGS, NULL, "a");
    edit(1, "1", TAGS, NULL, "b");
    write_by_us(1, "1", TAGS, "b", "a");
    verdict("S6.3", "one side's set in place of both");
}

/* Another table shows the page's records, but of tags it only takes what the page has; people gave its row one. */
static void show_elsewhere(const char *tag)
{
    static judge_field_t theirs[FIELDS];
    judge_mapping_t second = { .name = "m2", .fields = theirs, .field_count = FIELDS };

    memcpy(theirs, fields, sizeof(theirs));
    theirs[TAGS].way = JUDGE_TO_EXTERNAL;
    second.place[0] = "ds";
    second.place[1] = "t2";
    second.mark = MARK;
    (void)judge_add_mapping(judge, &second);
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 1, "t2", "9", NULL, NULL);
    history_set(h, HISTORY_ACT, 0, now, 1, "t2", "9", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t2", "9", "tags", NULL, tag);
    mapping_now = 1;
    link_up("p", "9", 0, NULL);
    mapping_now = 0;
}

/* It has what the page shows in the end. */
static void follow_elsewhere(const char *before, const char *after)
{
    int number = request(HISTORY_ASK_UPDATE, 1, "9", now, now);

    history_set(h, HISTORY_EFFECT, number, now, 1, "t2", "9", "tags", before, after);
    mapping_now = 1;
    told(1, "9", TAGS, before, after, "changed");
    mapping_now = 0;
}

/* People take a member out of a set between our read of the page and the commit of our write of another, or before the read. */
static void take_out(apr_interval_time_t earlier, const char *elsewhere)
{
    int number;

    pair();
    if (elsewhere) {
        show_elsewhere(elsewhere);
    }
    edit(0, "p", TAGS, NULL, "c");
    edit(1, "1", TAGS, NULL, "b");
    now += 60 * SEC;
    history_set(h, HISTORY_ACT, 0, now - earlier, 0, "ds", "p", "Tags", "c", NULL);
    (void)request(HISTORY_ASK_READ, 0, "p", now - SEC, now - SEC / 2);
    number = request(HISTORY_ASK_UPDATE, 0, "p", now, now + SEC / 10);
    history_set(h, HISTORY_EFFECT, number, now, 0, "ds", "p", "Tags", NULL, "b" HISTORY_MEMBER "c");
    told(0, "p", TAGS, NULL, "b" HISTORY_MEMBER "c", "changed");
    write_by_us(1, "1", TAGS, "b", "b" HISTORY_MEMBER "c");
    if (elsewhere) {
        follow_elsewhere(elsewhere, "b" HISTORY_MEMBER "c");
    }
}

/* A choice has another name by the time its old one, given to the row, arrives. */
static void rename_choice(const char *from)
{
    history_item_t item = {
        .kind = HISTORY_ACT, .op = HISTORY_RENAME, .place = "ds", .field = "Tags", .after = "new"
    };

    pair();
    item.before = from;
    item.at = now;
    (void)history_add(h, &item);
    edit(1, "1", TAGS, NULL, "old");
    write_by_us(0, "p", TAGS, NULL, "new");
    write_by_us(1, "1", TAGS, "old", "new");
}

static void test_sets_and_choices(void)
{
    take_out(SEC / 4, NULL);
    verdict("", "S7.4: what was taken out of a set after our read comes back");
    take_out(2 * SEC, NULL);
    verdict("S6.3", "but not what was taken out before");
    take_out(SEC / 4, "c");
    verdict("", "nor does it matter that another place shows it, from where nothing comes (37149)");
    take_out(2 * SEC, "c");
    verdict("S2.8", "which is no excuse");
    rename_choice("old");
    verdict("", "S5.4: the old name of a choice means the choice");
    rename_choice("other");
    verdict("S6.3", "not that of another");
}

static void test_audit(void)
{
    int number;

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    number = request(HISTORY_ASK_UPDATE, 1, "1", now + SEC, now + 2 * SEC);
    history_set(h, HISTORY_ACT, number, now + 2 * SEC, 1, "t", "1", "name", NULL, "Ada");
    verdict("S3.4", "a write that the audit does not know");

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    edit(1, "1", NAME, NULL, "Eve");
    number = request(HISTORY_ASK_UPDATE, 1, "1", now + SEC, now + 2 * SEC);
    history_set(h, HISTORY_ACT, number, now + 2 * SEC, 1, "t", "1", "name", "Eve", "Ada");
    told(1, "1", NAME, "Bob", "Ada", "conflict");
    verdict("S6.4", "a value lost without a trace");
}

static void test_deletes(void)
{
    pair();
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
    remove_by_us(1, "1");
    verdict("", "a delete that follows one");

    pair();
    remove_by_us(1, "1");
    verdict("S6.7 S6.1", "a delete that follows nothing");

    pair();
    edit(1, "1", NAME, NULL, "Eve");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
    remove_by_us(1, "1");
    verdict("S2.7", "a delete over an edit");

    pair();
    history_do(h, HISTORY_ACT, 0, now, HISTORY_HIDE, 0, "ds", "p", NULL, NULL);
    remove_by_us(1, "1");
    verdict("S6.7", "a page that we may not see any more is no delete");
}

/* A side is edited and the other deleted: with or without both having been seen, or surely made, equal before. */
static void test_deletes_before_agreement(void)
{
    int sure;

    for (sure = 0; sure < 2; sure++) {
        begin();
        make(0, "p", "one");
        make(1, "1", "one");
        link_up("p", "1", 0, NULL);
        if (sure) {
            (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
            (void)request(HISTORY_ASK_READ, 0, "p", now + SEC, now + 2 * SEC);
        }
        edit(1, "1", NAME, NULL, "Eve");
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
        remove_by_us(1, "1");
        verdict(sure ? "S2.7" : "", "an edit only if both had been seen equal before");

        begin();
        make(1, "1", "one");
        copy_by_us(0, "p", "one");
        link_up("p", "1", 0, NULL);
        if (sure) {
            (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
            (void)request(HISTORY_ASK_READ, 0, "p", now + SEC, now + 2 * SEC);
        }
        edit(0, "p", ONEWAY, NULL, "x");
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
        remove_by_us(0, "p");
        verdict(sure ? "S2.7" : "", "nor is what our copy was not given agreed on at once");

        pair();
        ending = sure ? HISTORY_ANSWERED : HISTORY_CUT;
        edit(1, "1", NAME, NULL, "Ada");
        write_by_us(0, "p", NAME, NULL, "Ada");
        edit(0, "p", NAME, "Ada", NULL);
        edit(1, "1", NAME, "Ada", "Eve");
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
        remove_by_us(0, "p");
        verdict(sure ? "S2.7" : "", "an edit only if what was there had surely been agreed on");
    }
}

static void test_doubles(void)
{
    pair();
    copy_by_us(1, "2", "one");
    verdict("S6.6 S6.1", "a create that was repeated");

    begin();
    copy_by_us(1, "2", "one");
    verdict("S6.6 S6.3 S6.6 S6.1", "a record that nobody made");

    begin();
    make(0, "p", "one");
    make(1, "1", "two");
    link_up("p", "1", 0, NULL);
    verdict("S6.6", "different records are linked");
}

static void gone(int side, const char *id)
{
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, side, place(side), id, NULL, NULL);
    now += SEC;
}

static void make_pairs(int count)
{
    int i;

    for (i = 0; i < count; i++) {
        const char *page = apr_psprintf(pool, "p%d", i), *key = apr_psprintf(pool, "%d", 10 + i);

        make(0, page, page);
        copy_by_us(1, key, page);
        link_up(page, key, 0, NULL);
    }
}

/* What a plea says has to be borne out by how things were when it arose. */
static void test_pleas_in_time(void)
{
    begin();
    make(0, "p", "one");
    make(0, "q", "one");
    make(1, "1", "one");
    link_up("p", NULL, 2, "match.ambiguous");
    link_up("q", NULL, 2, "match.ambiguous");
    link_up(NULL, "1", 2, "match.ambiguous");
    verdict("", "two pages of one mark are doubles");

    begin();
    make(0, "p", "one");
    gone(0, "p");
    make(0, "q", "one");
    make(1, "1", "one");
    link_up("q", NULL, 2, "match.ambiguous");
    link_up(NULL, "1", 2, "match.ambiguous");
    verdict("S6.1 S6.1", "one that is in the trash is none");

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.delete_limit");
    gone(1, "1");
    make_pairs(4);
    verdict("", "it was the last record then");

    begin();
    make_pairs(4);
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.delete_limit");
    gone(1, "1");
    verdict("S6.1", "one of five is not too much");

    pair_in_trouble("held.contested");
    edit(0, "p", ONEWAY, NULL, "x ");
    write_and_rewrite(ONEWAY, NULL, "x ", "x");
    edit(1, "1", ONEWAY, "x", NULL);
    edit(1, "1", ONEWAY, NULL, "x");
    verdict("", "that somebody sets what the target makes of it there once more is no news");
}

static void test_services(void)
{
    int i;

    pair();
    for (i = 0; i < 4; i++) {
        (void)request(HISTORY_ASK_READ, 0, "p", now + i * SEC / 4, now + i * SEC / 4 + SEC / 5);
    }
    verdict("S6.8", "four requests within a second, three are allowed");

    pair();
    for (i = 0; i < 9; i++) {
        (void)request(HISTORY_ASK_READ, 0, "p", now + i * SEC / 2, now + i * SEC / 2 + SEC / 10);
    }
    verdict("", "no more than three");

    pair();
    for (i = 0; i < 2; i++) {
        history_item_t item = { .kind = HISTORY_REQUEST,
                                .op = HISTORY_ASK_READ,
                                .connection = "n",
                                .worker = 1,
                                .status = 429,
                                .retry_after = 5 * SEC };

        item.request = history_request(h);
        item.sent = now + i * 3 * SEC;
        item.answered = item.at = item.sent + SEC;
        (void)history_add(h, &item);
    }
    verdict("S6.8", "earlier than Retry-After says");

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    phases.rest = now + SEC;
    write_by_us(1, "1", NAME, NULL, "Ada");
    verdict("S6.2", "a write where all should rest");

    pair();
    edit(1, "1", NAME, NULL, "Eve");
    now += SEC;
    i = request(HISTORY_ASK_UPDATE, 0, "p", now, now + SEC);
    history_set(h, HISTORY_ACT, i, now + SEC / 2, 0, "ds", "p", "Name", NULL, "Eve");
    told(0, "p", NAME, NULL, "Eve", "external changed");
    verdict("S3.1", "a page is written that was not read");
}

static void test_history_is_whole(void)
{
    pair();
    judge_show(judge, 0, "ds", "p", "Name", "Ada");
    judge_show(judge, 1, "t", "1", NULL, NULL);
    verdict("history", "the services hold what nobody wrote down");

    pair();
    judge_show(judge, 0, "ds", "p", "Name", NULL);
    verdict("history", "a record that is not shown");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_right();
    test_convergence();
    test_contests();
    test_restores();
    test_wrong_values();
    test_gap();
    test_put_back();
    test_base_of_unknown_fate();
    test_equal_while_away();
    test_two_sources();
    test_equal_from_the_start();
    test_sets();
    test_sets_and_choices();
    test_audit();
    test_deletes();
    test_deletes_before_agreement();
    test_doubles();
    test_pleas_in_time();
    test_services();
    test_history_is_whole();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
