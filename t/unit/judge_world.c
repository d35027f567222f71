/* judge_world.c - histories of one or two mappings, made by hand. */
#include "judge_world.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

apr_pool_t *pool;
history_t *h;
judge_t *judge;
judge_field_t fields[FIELDS];
judge_phases_t phases;
apr_time_t now;
int mapping_now;
history_end_t ending;
judge_keys_t keys_of_worlds;
judge_deletes_t deletes_of_worlds, deletes_of_rows;
const char *outside_of_worlds;
int tie_of_worlds = HISTORY_NOTION;
int two_notions;
const char *told_as;

void begin(void)
{
    judge_mapping_t mapping = { 0 };
    judge_connection_t connection = { "n", HISTORY_NOTION, 3, apr_time_from_sec(1) };
    static const judge_field_t plain[FIELDS] = {
        [MARK] = { .name = { "Mark", "mark" }, .scale = -1 },
        [NAME] = { .name = { "Name", "name" }, .no_empty = 1 },
        [QTY] = { .name = { "Qty", "qty" }, .sort = JUDGE_NUMBER, .scale = 2, .lossy = 1 },
        [TAGS] = { .name = { "Tags", "tags" }, .sort = JUDGE_SET },
        [ONEWAY] = { .name = { "Way", "way" }, .way = JUDGE_TO_EXTERNAL }
    };

    apr_pool_clear(pool);
    h = history_create(pool);
    judge = judge_create(h, 0, pool);
    memcpy(fields, plain, sizeof(fields));
    mapping.name = "m";
    mapping.keys = keys_of_worlds;
    mapping.deletes[HISTORY_NOTION] = deletes_of_worlds;
    mapping.deletes[HISTORY_EXTERNAL] = deletes_of_rows;
    mapping.place[0] = "ds";
    mapping.place[1] = "t";
    mapping.fields = fields;
    mapping.field_count = FIELDS;
    mapping.mark = MARK;
    mapping.grace = 2 * SEC;
    mapping.tie = tie_of_worlds;
    mapping.filter_sides = outside_of_worlds ? 1 << HISTORY_NOTION | 1 << HISTORY_EXTERNAL : 0;
    mapping.filter_field = NAME;
    mapping.outside = outside_of_worlds;
    (void)judge_add_mapping(judge, &mapping);
    mapping_now = 0;
    ending = HISTORY_ANSWERED;
    told_as = "applied";
    judge_add_connection(judge, &connection);
    if (two_notions) {
        connection.name = "s";
        connection.side = HISTORY_EXTERNAL;
        judge_add_connection(judge, &connection);
    }
    now = 1000 * SEC;
    phases = (judge_phases_t){ .calm = 1 << 30,
                               .rest = apr_time_from_sec(100000),
                               .end = apr_time_from_sec(200000) };
}

const char *rules(void)
{
    const char *seen = "";
    int i;

    (void)judge_run(judge, &phases);
    for (i = 0; i < judge_count(judge); i++) {
        seen = apr_pstrcat(pool, seen, i ? " " : "", judge_violation(judge, i)->rule, NULL);
    }
    return seen;
}

int explain(void)
{
    int i;

    for (i = 0; i < judge_count(judge); i++) {
        printf("# %s\n", judge_violation(judge, i)->what);
    }
    return 0;
}

const char *place(int side)
{
    return side ? "t" : mapping_now ? "ds2" : "ds";
}

void make(int side, const char *id, const char *mark)
{
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, side, place(side), id, NULL, NULL);
    history_set(h, HISTORY_ACT, 0, now, side, place(side), id, fields[MARK].name[side], NULL, mark);
}

void edit(int side, const char *id, int field, const char *before, const char *after)
{
    now += 10 * SEC;
    history_set(h, HISTORY_ACT, 0, now, side, place(side), id, fields[field].name[side], before,
                after);
}

int request(history_op_t op, int side, const char *id, apr_time_t sent, apr_time_t answered)
{
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = op,
                            .at = answered,
                            .side = side,
                            .place = place(side),
                            .record = id,
                            .sent = sent,
                            .answered = answered,
                            .worker = 1 };

    item.request = history_request(h);
    item.connection = side ? "s" : "n";
    item.status = side && !two_notions ? 0 : 200;
    (void)history_add(h, &item);
    return item.request;
}

void told(int side, const char *id, int field, const char *before, const char *after,
          const char *reason)
{
    judge_entry_field_t *f = apr_pcalloc(pool, sizeof(*f));
    judge_entry_t entry = {
        .op = "update", .state = told_as, .side = side, .fields = f, .field_count = 1
    };

    entry.mapping = mapping_now;

    f->name = fields[field].name[0];
    f->before = before;
    f->after = after;
    f->reason = reason;
    entry.page = side ? NULL : id;
    entry.key = side ? id : NULL;
    judge_add_entry(judge, &entry);
}

void write_by_us(int side, const char *id, int field, const char *before, const char *after)
{
    int number;

    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, side, id, now, now + SEC / 10);
    now += SEC / 5;
    number = history_request(h);
    history_set(h, HISTORY_ACT, number, now + SEC / 20, side, place(side), id,
                fields[field].name[side], before, after);
    {
        history_item_t item = { .kind = HISTORY_REQUEST,
                                .op = HISTORY_ASK_UPDATE,
                                .side = side,
                                .record = id,
                                .worker = 1,
                                .sent = now,
                                .answered = now + SEC / 10,
                                .at = now + SEC / 10,
                                .request = number };

        item.connection = side ? "s" : "n";
        item.status = (side && !two_notions) || ending != HISTORY_ANSWERED ? 0 : 200;
        item.end = ending;
        (void)history_add(h, &item);
    }
    now += SEC;
    told(side, id, field, before, after, "changed");
}

void copy_by_us(int side, const char *id, const char *mark)
{
    int number = history_request(h);

    now += SEC;
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, side, place(side), id, NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, side, place(side), id, fields[MARK].name[side], NULL,
                mark);
    told(side, id, MARK, NULL, mark, NULL);
}

void remove_by_us(int side, const char *id)
{
    int number;

    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, side, id, now - SEC / 2, now - SEC / 4);
    number = request(HISTORY_ASK_DELETE, side, id, now, now + SEC / 10);
    history_do(h, HISTORY_ACT, number, now, HISTORY_DELETE, side, place(side), id, NULL, NULL);
}

void link_up(const char *page, const char *key, int trouble, const char *code)
{
    judge_link_t link = { .id = 1, .page = page, .key = key, .state = JUDGE_LINK_ACTIVE };

    link.mapping = mapping_now;
    link.trouble = trouble;
    link.code = code;
    link.what = code ? "something" : NULL;
    judge_add_link(judge, &link);
}

int add_second(void)
{
    judge_mapping_t second = { .name = "m2", .fields = fields, .field_count = FIELDS };

    second.place[0] = "ds2";
    second.place[1] = "t";
    second.mark = MARK;
    return judge_add_mapping(judge, &second);
}

void pair(void)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 0, NULL);
}

void delete_by_people(int side, const char *id)
{
    now += 20 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, side, place(side), id, NULL, NULL);
}

void told_done(const char *op, int side, const char *page, const char *key)
{
    judge_entry_t entry = { .op = op, .state = "applied", .side = side, .page = page, .key = key };

    entry.mapping = mapping_now;
    judge_add_entry(judge, &entry);
}

void pair_up(const char *page, const char *key, const char *mark)
{
    make(0, page, mark);
    copy_by_us(1, key, mark);
    told_done("create", 1, page, key);
    now += SEC;
}

void delete_after(const char *page, const char *key)
{
    remove_by_us(0, page);
    told_done("remove", 0, page, key);
}

void agree_twice(void)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "1", NAME, "Ada", "Bob");
}

void set_back_to(const char *name)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "1", "name", NULL, name);
}
