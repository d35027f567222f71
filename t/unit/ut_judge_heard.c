/* What counts as announced: an event for the mappings of that data source which tells of what they map (S3.6, S3.9,
 * S3.11). */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void process(history_op_t op)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = op, .at = now, .side = -1 };

    now += SEC;
    (void)history_add(h, &item);
}

/* People edit a page, this event arrives, and @a then happens, to the page or the process; the row hears of the edit from a listing. */
static void hear_of(const char *author, const char *source, const char *names, history_op_t then)
{
    history_item_t item = { .kind = HISTORY_NOTICE,
                            .op = HISTORY_DELIVERED,
                            .record = "p",
                            .place = source,
                            .field = names,
                            .after = author,
                            .note = "page.properties_updated" };

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    item.at = item.sent = now += 10 * SEC;
    (void)history_add(h, &item);
    if (then == HISTORY_SET) {
        edit(0, "p", QTY, NULL, "7");
        edit(0, "p", QTY, "7", NULL);
    }
    else {
        process(then);
    }
    phases.store_forgot = then == HISTORY_STORE_OLD;
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.heard;
    write_by_us(1, "1", NAME, NULL, "Ada");
    link_up("p", "1", 0, NULL);
}

static void hear(const char *source, const char *names, history_op_t then)
{
    hear_of("person", source, names, then);
}

/* A choice gets another name, then people put its former one into a row, which the page shows by the new one. */
static void rename_and_edit(const char *event)
{
    history_item_t item = { .kind = HISTORY_ACT,
                            .op = HISTORY_RENAME,
                            .side = HISTORY_NOTION,
                            .place = "ds",
                            .field = "Name",
                            .before = "Bob",
                            .after = "Ada" };
    history_item_t notice = { .kind = HISTORY_NOTICE,
                              .op = HISTORY_DELIVERED,
                              .side = HISTORY_NOTION,
                              .record = "ds",
                              .place = "ds",
                              .note = event };

    pair();
    item.at = now += 10 * SEC;
    (void)history_add(h, &item);
    notice.at = notice.sent = now += 10 * SEC;
    (void)history_add(h, &notice);
    edit(1, "1", NAME, NULL, "Bob");
    write_by_us(0, "p", NAME, NULL, "Ada");
    phases.store_forgot = 0;
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.listed + SEC;
    write_by_us(1, "1", NAME, "Bob", "Ada");
    link_up("p", "1", 0, NULL);
}

/* A page gets its row when it is listed only, though an event told of it before. */
static void hear_of_page(const char *author, int forgot)
{
    history_item_t notice = { .kind = HISTORY_NOTICE,
                              .op = HISTORY_DELIVERED,
                              .side = HISTORY_NOTION,
                              .record = "p",
                              .place = "ds",
                              .after = author,
                              .note = "page.properties_updated" };

    begin();
    make(0, "p", "one");
    notice.at = notice.sent = now += 10 * SEC;
    (void)history_add(h, &notice);
    phases.store_forgot = forgot;
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.heard;
    copy_by_us(1, "1", "one");
    link_up("p", "1", 0, NULL);
}

/* People edit a page, of which no event tells (but @a told_of), change its row, and take that back; who reads the row meanwhile (@a reads) sees it changed.
 * The page's value is brought over by a listing only. */
static void take_back(const char *to, int reads, int told_of)
{
    history_item_t notice = { .kind = HISTORY_NOTICE,
                              .op = HISTORY_DELIVERED,
                              .side = HISTORY_NOTION,
                              .record = "p",
                              .place = "ds",
                              .after = "person",
                              .note = "page.properties_updated" };

    pair();
    edit(0, "p", NAME, NULL, "Ada");
    notice.at = notice.sent = now;
    if (told_of) {
        (void)history_add(h, &notice);
    }
    edit(1, "1", NAME, NULL, "Bob");
    if (reads) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + 2 * SEC);
        now += 5 * SEC;
    }
    edit(1, "1", NAME, "Bob", to);
    phases.store_forgot = 0;
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.heard;
    write_by_us(1, "1", NAME, to, "Ada");
    link_up("p", "1", 0, NULL);
}

/* A page that people made; its data source is @a hidden while the event of that comes, and the read that it leads to is answered with
 * @a status. It gets its row when it is listed only. */
static void hear_while(int hidden, int status)
{
    history_item_t notice = { .kind = HISTORY_NOTICE,
                              .op = HISTORY_DELIVERED,
                              .side = HISTORY_NOTION,
                              .record = "p",
                              .place = "ds",
                              .after = "person",
                              .note = "page.created" };
    history_item_t read = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_READ,
                            .side = HISTORY_NOTION,
                            .record = "p",
                            .place = "ds",
                            .connection = "n",
                            .worker = 1 };

    begin();
    make(0, "p", "one");
    if (hidden) {
        history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_HIDE, 0, "ds", NULL, NULL, NULL);
    }
    notice.at = notice.sent = now += 10 * SEC;
    (void)history_add(h, &notice);
    read.sent = now += SEC;
    read.at = read.answered = now + SEC;
    read.status = status;
    read.request = history_request(h);
    (void)history_add(h, &read);
    now += 10 * SEC;
    if (hidden) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_SHOW, 0, "ds", NULL, NULL, NULL);
    }
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.heard;
    copy_by_us(1, "1", "one");
    link_up("p", "1", 0, NULL);
}

/* An event comes twice, by its ids, and people edit its page in between; the row hears of the edit from a listing. */
static void hear_again(const char *first, const char *second)
{
    history_item_t notice = { .kind = HISTORY_NOTICE,
                              .op = HISTORY_DELIVERED,
                              .side = HISTORY_NOTION,
                              .record = "p",
                              .place = "ds",
                              .after = "person",
                              .note = "page.properties_updated" };

    pair();
    notice.before = first;
    notice.at = notice.sent = now += 10 * SEC;
    (void)history_add(h, &notice);
    edit(0, "p", NAME, NULL, "Ada");
    notice.before = second;
    notice.at = now += 10 * SEC;
    (void)history_add(h, &notice);
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.heard;
    write_by_us(1, "1", NAME, NULL, "Ada");
    link_up("p", "1", 0, NULL);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    hear(NULL, NULL, HISTORY_NOTHING);
    verdict("S3.6", "an edit that was announced is dealt with");
    hear("ds", "Name" HISTORY_MEMBER "Rest", HISTORY_CRASH);
    verdict("S3.6", "as is one whose event names what is mapped, whoever dies");
    hear("ds", "Rest", HISTORY_NOTHING);
    verdict("", "an event that names nothing mapped tells nothing (1446)");
    hear("elsewhere", NULL, HISTORY_NOTHING);
    verdict("", "an event for another data source tells nobody");
    hear("ds", NULL, HISTORY_STORE_OLD);
    verdict("", "nor does one that is forgotten with the state store");
    hear_of(NULL, NULL, NULL, HISTORY_NOTHING);
    verdict("", "nor does one of what we wrote ourselves, of a person's edit");
    hear_while(1, 404);
    verdict("", "nor one whose page was not shared with us when we looked for it (75679)");
    hear_while(1, 200);
    verdict("S3.6", "but one whose page we saw does");
    hear_while(0, 404);
    verdict("S3.6", "or could have seen");
    hear_again("e1", "e1");
    verdict("", "nor one that is told again, of what was edited since (49008)");
    hear_again("e1", "e2");
    verdict("S3.6", "but another one does");
    rename_and_edit("data_source.content_updated");
    verdict("", "a choice may have its former name as long as no event told of the new one");
    rename_and_edit("data_source.schema_updated");
    verdict("S3.6 S3.10", "but no longer");
    take_back(NULL, 0, 0);
    verdict(
        "",
        "a row that is again as it was before anybody read it tells nobody of its page (24966)");
    take_back(NULL, 1, 0);
    verdict("S3.6", "but one that was read meanwhile does");
    take_back(NULL, 0, 1);
    verdict("S3.6", "unless an event tells of it");
    take_back("Cid", 0, 0);
    verdict("S3.6", "or one that is not as it was");
    hear_of_page("person", 1);
    verdict("S3.6", "a page that people were seen to edit has its row");
    hear_of_page(NULL, 0);
    verdict("S3.6", "as has one that we edited, for it was known before");
    hear_of_page(NULL, 1);
    verdict(
        "",
        "unless that was forgotten with the state store: such an event is dropped unread (2509)");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
