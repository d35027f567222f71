/* The judge on records outside the filter (S5.3): what sleeps is not written, and what was deleted before anybody had seen it
 * outside never slept. */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

/* A row leaves the filter and is deleted; after somebody has edited its page we bring it back, and tell the page what made it leave.
 * Read @a read seconds after it left, or not at all (-1); deleted @a alive seconds after that; somebody wants it back, if @a is_wanted. */
static void leave_and_go(int read, int alive, int is_wanted)
{
    judge_entry_t audited = {
        .op = "restore", .state = "applied", .side = 1, .page = "p", .key = "1"
    };
    apr_time_t left;
    int number;

    pair();
    phases.peaceful = 1;
    now += 300 * SEC;
    edit(1, "1", NAME, NULL, "Out");
    left = now;
    if (read >= 0) {
        (void)request(HISTORY_ASK_READ, 1, "1", left + read * SEC, left + read * SEC);
    }
    now = left + alive * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    now += SEC;
    (void)request(HISTORY_ASK_READ, 1, "1", now, now);
    now += 100 * SEC;
    edit(0, "p", QTY, NULL, "7");
    now += SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now);
    if (is_wanted) {
        history_do(h, HISTORY_OPERATOR, 0, now, HISTORY_APPROVE, -1, "m", "p", NULL, NULL);
    }
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", fields[MARK].name[1], NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", fields[NAME].name[1], NULL, "Out");
    audited.mapping = mapping_now;
    judge_add_entry(judge, &audited);
    write_by_us(0, "p", NAME, NULL, "Out");
    write_by_us(1, "1", QTY, NULL, "7");
}

/* A row that stands outside for long, and is written nevertheless. */
static void stay_outside(void)
{
    pair();
    phases.peaceful = 1;
    now += 300 * SEC;
    edit(1, "1", NAME, NULL, "Out");
    write_by_us(0, "p", NAME, NULL, "Out");
    now += 300 * SEC;
    edit(0, "p", QTY, NULL, "7");
    write_by_us(1, "1", QTY, NULL, "7");
}

/* A row stands outside in an older copy of its database, for which people give their word only later; it is read before that, if @a is_read. */
static void leave_with_copy(int is_read)
{
    pair();
    phases.peaceful = 1;
    now += 300 * SEC;
    set_back_to("Out");
    if (is_read) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    now += 300 * SEC;
    (void)request(HISTORY_ASK_READ, 1, "1", now, now);
    write_by_us(0, "p", NAME, NULL, "Out");
}

static void failed_by_row(int status)
{
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_UPDATE,
                            .side = 1,
                            .record = "1",
                            .connection = "s",
                            .worker = 1,
                            .status = status,
                            .end = HISTORY_CUT };

    now += SEC;
    item.place = place(1);
    item.at = item.sent = item.answered = now;
    item.request = history_request(h);
    (void)history_add(h, &item);
}

static void refused_by_row(void)
{
    failed_by_row(0);
}

/* A page leaves, and its row is told of it long after that: then first it failed, with that status; in between it is read, if @a is_read. */
static void leave_while_away(int status, int is_read)
{
    pair();
    phases.peaceful = 1;
    now += 300 * SEC;
    edit(0, "p", NAME, NULL, "Out");
    failed_by_row(status);
    if (is_read) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    now += 300 * SEC;
    write_by_us(1, "1", NAME, NULL, "Out");
}

enum { BEFORE = 1, TAKEN = 2, REFUSED = 4, ARRIVED = 8, SHOWN = 16, BOUND = 32 };

/* A record leaves while its page has a value, since BEFORE or only afterwards, that is TAKEN by another row, or out of BOUND, so that writes of its row are
 * REFUSED, until it has ARRIVED. Then something else is written to the page. */
static void leave_untold(int how)
{
    pair();
    fields[QTY].unique = !(how & BOUND);
    fields[QTY].above = how & BOUND ? "10" : NULL;
    fields[ONEWAY].way = JUDGE_BOTH_WAYS;
    phases.peaceful = 1;
    make(1, "2", "two");
    copy_by_us(0, "q", "two");
    link_up("q", "2", 0, NULL);
    now += 300 * SEC;
    if (how & TAKEN) {
        edit(1, "2", QTY, NULL, "7");
        write_by_us(0, "q", QTY, NULL, "7");
    }
    if (how & BEFORE) {
        edit(0, "p", QTY, NULL, "7");
    }
    edit(1, "1", NAME, NULL, "Out");
    write_by_us(0, "p", NAME, NULL, "Out");
    if (!(how & BEFORE)) {
        edit(0, "p", QTY, NULL, "7");
    }
    if (how & REFUSED) {
        refused_by_row();
    }
    if (how & ARRIVED) {
        edit(1, "2", QTY, "7", NULL);
        write_by_us(0, "q", QTY, "7", NULL);
        write_by_us(1, "1", QTY, NULL, "7");
    }
    now += 300 * SEC;
    edit(1, "1", ONEWAY, NULL, "more");
    write_by_us(0, "p", ONEWAY, NULL, "more");
}

/* A page that leaves, of which its row is never told: the link says that it waits (SHOWN), for the sake of a value that is TAKEN, and for
 * which the row was REFUSED since. */
static void leave_waiting(int how)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", how & SHOWN, how & SHOWN ? "sql.constraint" : NULL);
    fields[QTY].unique = 1;
    phases.peaceful = 1;
    make(1, "2", "two");
    copy_by_us(0, "q", "two");
    link_up("q", "2", 0, NULL);
    if (how & TAKEN) {
        edit(1, "2", QTY, NULL, "7");
        write_by_us(0, "q", QTY, NULL, "7");
    }
    edit(0, "p", QTY, NULL, "7");
    refused_by_row();
    now += 350 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now);
    edit(0, "p", NAME, NULL, "Out");
    if (how & REFUSED) {
        refused_by_row();
    }
    now += 10 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now);
    phases.calm = now + 400 * SEC;
}

/* A page that never was inside comes in when the row of another one is gone, and gets a row under that key; or its row is made while it is
 * outside. */
static void reuse_key(int is_inside)
{
    begin();
    make(0, "q", "two");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "q", fields[NAME].name[0], NULL, "Out");
    phases.peaceful = 1;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    now += 300 * SEC;
    delete_by_people(1, "1");
    if (is_inside) {
        edit(0, "q", NAME, "Out", NULL);
    }
    copy_by_us(1, "1", "two");
    link_up("q", "1", 0, NULL);
    link_up("p", NULL, 8, "held.delete_limit");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    outside_of_worlds = "Out";
    stay_outside();
    verdict("S5.3", "what sleeps is not written");
    leave_and_go(-1, 1, 0);
    verdict("", "a row that was deleted before anybody saw it outside may come back with what made "
                "it leave");
    leave_and_go(1, 2, 0);
    verdict("S5.3 S5.3 S5.3 S5.3 S5.3", "but not one that was read there");
    leave_and_go(1, 2, 1);
    verdict("S5.3 S5.3", "unless somebody wants it back: the row alone (1121)");
    leave_and_go(-1, 200, 0);
    verdict("", "however long it stood there, if nobody looked");
    leave_with_copy(0);
    verdict("", "what left with another database tells its page when it is read first (700182)");
    leave_with_copy(1);
    verdict("S5.3", "and not long after that");
    leave_untold(BEFORE | TAKEN | REFUSED);
    verdict("", "what left with a value that its row cannot take yet does not sleep (10913)");
    leave_untold(TAKEN | REFUSED);
    verdict("S5.3", "but if that was given only outside");
    leave_untold(BEFORE | REFUSED);
    verdict("S5.3", "or could have been taken");
    leave_untold(BEFORE | TAKEN);
    verdict("S5.3", "or nobody tried to write it");
    leave_untold(BEFORE | TAKEN | REFUSED | ARRIVED);
    verdict("S5.3", "or when it has arrived");
    leave_untold(BEFORE | BOUND | REFUSED);
    verdict("", "nor does what left with one that a CHECK refuses (77905)");
    leave_untold(BEFORE | BOUND);
    verdict("S5.3", "if somebody tried to write it");
    leave_while_away(503, 0);
    verdict("", "nor what left while its database was not to be had (534)");
    leave_while_away(0, 0);
    verdict("S5.3", "but if that refused it");
    leave_while_away(503, 1);
    verdict("S5.3", "or was there for long again");
    leave_waiting(SHOWN | TAKEN | REFUSED);
    verdict("",
            "a row whose record waits for a value is not told what made its page leave (46033)");
    leave_waiting(TAKEN | REFUSED);
    verdict("S5.3", "but one whose record does not show that it waits");
    leave_waiting(SHOWN | REFUSED);
    verdict("S5.3", "or waits for nothing");
    leave_waiting(SHOWN | TAKEN);
    verdict("S5.3", "or is not written since");
    reuse_key(1);
    verdict("", "a row is that of the record that it was then, whoever has its key since (80417)");
    reuse_key(0);
    verdict("S5.3 S5.3", "what is outside gets none");
    outside_of_worlds = NULL;
    stay_outside();
    verdict("", "without a filter there is no outside");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
