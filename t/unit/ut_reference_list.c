/* Proves S5.2 and S2.4 on lists of references: a relation and a column that holds several keys. Members merge one by one; one that
 * cannot be carried waits where it stands, is no removal and holds up no other. */
#include <stdlib.h>
#include <string.h>

#include "reference_kit.h"
#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static const nts_type_t relation = { .kind = NTS_TYPE_REFERENCE,
                                     .native = "relation",
                                     .nullable = 1,
                                     .max_members = 100,
                                     .target = "d1" };
static const nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
static const nts_type_t array = {
    .kind = NTS_TYPE_TEXT, .native = "text[]", .nullable = 1, .list = 1
};
static const nts_type_t numbers = {
    .kind = NTS_TYPE_TEXT, .native = "bigint[]", .nullable = 1, .list = 1, .whole = 1
};
static const nts_type_t choices = {
    .kind = NTS_TYPE_SET, .native = "multi_select", .nullable = 1, .options_open = 1
};
static const nts_type_t whole = {
    .kind = NTS_TYPE_NUMBER, .native = "INTEGER", .nullable = 1, .whole = 1
};

static const nts_domain_t *domain_of(const nts_type_t *external, nts_format_t format,
                                     nts_outcome_t *out)
{
    nts_domain_options_t options = { .reference = 1, .format = format };
    const nts_type_t *types[NTS_SIDE_COUNT] = { &relation, external };
    const nts_domain_t *domain;

    (void)nts_domain_make(&domain, types, &options, out, p);
    return domain;
}

static const nts_domain_t *no_reference(const nts_type_t *notion, const nts_type_t *external,
                                        nts_outcome_t *out)
{
    static const nts_domain_options_t options = { 0 };
    const nts_type_t *types[NTS_SIDE_COUNT] = { notion, external };
    const nts_domain_t *domain;

    (void)nts_domain_make(&domain, types, &options, out, p);
    return domain;
}

static void test_types(void)
{
    nts_outcome_t out = { 0 };

    tap_ok(nts_domain_is_reference_list(domain_of(&text, NTS_FORMAT_JSON, &out)),
           "5.2 a text column as JSON holds a list");
    tap_ok(nts_domain_is_reference_list(domain_of(&text, NTS_FORMAT_CSV, &out)), "as CSV, too");
    tap_ok(nts_domain_is_reference_list(domain_of(&array, NTS_FORMAT_DEFAULT, &out)),
           "a column of lists does without format=");
    tap_ok(nts_domain_is_reference_list(domain_of(&numbers, NTS_FORMAT_DEFAULT, &out)),
           "so does one of whole numbers");
    tap_ok(!nts_domain_is_reference_list(domain_of(&text, NTS_FORMAT_DEFAULT, &out)),
           "without format= a text column holds one key");
    tap_ok(!domain_of(&whole, NTS_FORMAT_JSON, &out), "a column of numbers holds no list");
    tap_str(out.code, "field.types", "which is said");
    tap_ok(!no_reference(&choices, &numbers, &out), "a list of whole numbers holds no choices");
    tap_str(out.code, "field.types", "which is said, too");
    tap_ok(!no_reference(&text, &numbers, &out), "nor is it a text");
    tap_ok(no_reference(&choices, &array, &out) != NULL, "one of texts is");
}

/* --- to and from a service: link N is page "pN" and key N, but for the ones below */

static const char *const odd_keys[] = { "a,b", "say \"hi\"", "[\"DE\",\"17\"]", " x ", "007" };
enum { ODD = 5 };

static apr_status_t find(void *baton, nts_referent_t *found, const nts_pair_t *pair,
                         nts_side_t side, const char *name, apr_int64_t link, apr_pool_t *pool)
{
    int i;

    (void)baton;
    (void)pair;
    (void)side;
    for (i = 0; i < ODD && name; i++) {
        link = !strcmp(name, odd_keys[i]) ? 900 + i : link;
    }
    if (!link && name) {
        link = atoi(*name == 'p' ? name + 1 : name);
    }
    if (link <= 0 || link >= 1000) {
        found->waits = "which is not linked yet";
        return APR_SUCCESS;
    }
    found->link = link;
    found->name[NTS_NOTION] = apr_psprintf(pool, "p%d", (int)link);
    found->name[NTS_EXTERNAL] = link >= 900 && link < 900 + ODD
                                    ? odd_keys[link - 900]
                                    : apr_psprintf(pool, "%d", (int)link);
    found->waits = link == 18 ? "which was deleted" : NULL;
    return APR_SUCCESS;
}

/* What a column shows, as the ids of its links: "17 18 ?" */
static const char *ids_of(const nts_value_t *value)
{
    const char *all = "";
    int i;

    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        const char *id = value->as.set.options[i].id;

        all = apr_pstrcat(p, all, i ? " " : "", id ? id : "?", NULL);
    }
    return value->kind == NTS_VALUE_SET ? all : "no list";
}

/* The links of @a ids as @a domain spells them. */
static const char *spelled(const nts_domain_t *domain, int from, int count)
{
    nts_option_t *options = apr_pcalloc(p, sizeof(*options) * (apr_size_t)(count + 1));
    nts_value_t list, out;
    nts_outcome_t why = { 0 };
    int i;

    for (i = 0; i < count; i++) {
        options[i].id = apr_psprintf(p, "%d", from + i);
        options[i].name = "";
    }
    list = nts_value_set(options, count, p);
    return reference_out(&out, domain, NTS_EXTERNAL, &list, &why, find, p) == APR_SUCCESS &&
                   out.kind == NTS_VALUE_TEXT
               ? out.as.text
               : why.code;
}

static void comes_back(nts_format_t format, const nts_type_t *column, const char *what)
{
    const nts_domain_t *domain = domain_of(column, format, NULL);
    const char *column_text = spelled(domain, 900, ODD);
    nts_value_t read = reference_in(domain, NTS_EXTERNAL, nts_value_text(column_text), find, p),
                pages, a, b;
    nts_value_t again;
    nts_option_t options[ODD];
    int i;

    for (i = 0; i < ODD; i++) {
        options[i] = (nts_option_t){ NULL, apr_psprintf(p, "p%d", 900 + i) };
    }
    pages = reference_in(domain, NTS_NOTION, nts_value_set(options, ODD, p), find, p);
    (void)nts_domain_project(&a, domain, NTS_NOTION, &pages, NULL, p);
    (void)nts_domain_project(&b, domain, NTS_EXTERNAL, &read, NULL, p);
    tap_ok(nts_domain_equal(domain, &a, &b), "%s: %s", what, column_text);
    (void)reference_out(&again, domain, NTS_EXTERNAL, &read, NULL, find, p);
    tap_str(again.as.text, column_text, "what was read is expected as it was");
}

static void test_spelling(void)
{
    const nts_domain_t *json = domain_of(&text, NTS_FORMAT_JSON, NULL);
    const nts_domain_t *csv = domain_of(&text, NTS_FORMAT_CSV, NULL);
    nts_value_t value, out;
    nts_outcome_t why = { 0 };

    tap_str(spelled(json, 16, 2), "[16,17]", "5.2 whole numbers are numbers in JSON");
    tap_str(spelled(csv, 16, 2), "16,17", "and in CSV what they are");
    tap_str(spelled(domain_of(&array, NTS_FORMAT_DEFAULT, NULL), 16, 2), "[\"16\",\"17\"]",
            "a column of lists gets texts");
    tap_str(spelled(domain_of(&numbers, NTS_FORMAT_DEFAULT, NULL), 16, 2), "[\"16\",\"17\"]",
            "one of whole numbers, too");
    tap_str(spelled(domain_of(&numbers, NTS_FORMAT_DEFAULT, NULL), 900, 1), NTS_REFERENCE_ROOM,
            "but a key that is none has no room there");
    tap_str(spelled(json, 900, ODD), "[\" x \",\"007\",[\"DE\",\"17\"],\"a,b\",\"say \\\"hi\\\"\"]",
            "other keys are texts, and keys of several columns lists of them");
    comes_back(NTS_FORMAT_JSON, &text, "odd keys survive JSON");
    comes_back(NTS_FORMAT_CSV, &text, "and CSV");
    comes_back(NTS_FORMAT_DEFAULT, &array, "and a column of lists");

    value = reference_in(json, NTS_EXTERNAL, nts_value_text("[ \"17\", 16 , 17 ]"), find, p);
    tap_str(ids_of(&value), "16 17", "as numbers or texts, in any order, twice");
    (void)reference_out(&out, json, NTS_EXTERNAL, &value, NULL, find, p);
    tap_str(out.as.text, "[ \"17\", 16 , 17 ]", "3.3 a write expects it as it is spelled");
    value = reference_in(json, NTS_EXTERNAL, nts_value_text("[]"), find, p);
    tap_ok(nts_value_is_empty(&value), "an empty list is empty");
    value = reference_in(json, NTS_EXTERNAL, nts_value_text("[17,5000,18]"), find, p);
    tap_str(ids_of(&value), "17 18 ?", "5.2 each member has its own identity, or none");
    tap_ok(!value.member_waits[0] && !strcmp(value.member_waits[1], "which was deleted") &&
               !strcmp(value.member_waits[2], "which is not linked yet"),
           "and its own reason to wait");
    value = reference_in(json, NTS_EXTERNAL, nts_value_text("[17,{\"a\":1}]"), find, p);
    tap_int(nts_domain_project(&out, json, NTS_EXTERNAL, &value, &why, p), APR_EMISMATCH,
            "what is no list of keys is parked");
    tap_ok(why.what && strstr(why.what, "element 2 is no key"), "with what is wrong: %s", why.what);
    value = reference_in(csv, NTS_EXTERNAL, nts_value_text("17,\"1"), find, p);
    tap_int(nts_domain_project(&out, csv, NTS_EXTERNAL, &value, &why, p), APR_EMISMATCH,
            "in CSV, too");
}

static void test_room(void)
{
    static const nts_type_t narrow = {
        .kind = NTS_TYPE_TEXT, .native = "VARCHAR(20)", .nullable = 1, .max_length = 20
    };
    const nts_domain_t *domain = domain_of(&text, NTS_FORMAT_JSON, NULL);
    nts_outcome_t out = { 0 };

    tap_str(spelled(domain_of(&narrow, NTS_FORMAT_CSV, NULL), 100, 5), "100,101,102,103,104",
            "a list that fits its column");
    tap_str(spelled(domain_of(&narrow, NTS_FORMAT_CSV, NULL), 100, 6), NTS_REFERENCE_ROOM,
            "and one that does not");
    tap_int(nts_domain_list_room(domain, NTS_EXTERNAL, 500, &out, p), APR_SUCCESS,
            "5.2 a column takes 500");
    tap_int(nts_domain_list_room(domain, NTS_NOTION, 100, &out, p), APR_SUCCESS, "Notion 100");
    tap_int(nts_domain_list_room(domain, NTS_NOTION, 101, &out, p), APR_EMISMATCH, "and no more");
    tap_str(out.code, NTS_REFERENCE_MANY, "which is said");
}

/* --- the engine. STAGE is the relation here. */

static const nts_domain_t *stock;

/* "17 ?40 !18": links 17 and 18, whose target was deleted, and a record without a link. Names are pN or N by side. */
static nts_value_t list(nts_side_t side, const char *members)
{
    char *rest = apr_pstrdup(p, members), *last, *word;
    nts_option_t options[1100];
    nts_value_t value;
    const char **why;
    int count = 0, i;

    for (word = apr_strtok(rest, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        const char *number = *word == '?' || *word == '!' ? word + 1 : word;

        options[count].id = *word == '?' ? NULL : number;
        options[count++].name =
            side == NTS_NOTION ? apr_pstrcat(p, "p", number, NULL) : apr_pstrdup(p, number);
    }
    value = nts_value_set(options, count, p);
    why = apr_pcalloc(p, sizeof(*why) * (apr_size_t)(count + 1));
    for (i = 0; i < count; i++) {
        const char *name = value.as.set.options[i].name + (side == NTS_NOTION);

        if (!value.as.set.options[i].id) {
            why[i] = value.waits = "which is not linked yet";
        }
        else if (strstr(members, apr_pstrcat(p, "!", name, NULL))) {
            why[i] = value.waits = "which was deleted";
        }
    }
    value.member_waits = why;
    return count ? value : nts_value_null;
}

/* What a side holds: "17 ?40", in no order that means anything. */
static const char *held(const world_thing_t *thing)
{
    const nts_value_t *value = &thing->values[STAGE];
    const char *all = "";
    int i;

    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        const nts_option_t *m = &value->as.set.options[i];

        all = apr_pstrcat(p, all, i ? " " : "", m->id ? "" : "?", m->id ? m->id : m->name, NULL);
    }
    return all;
}

static int has(const world_thing_t *thing, const char *id)
{
    const nts_value_t *value = &thing->values[STAGE];
    int i;

    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        const nts_option_t *m = &value->as.set.options[i];

        if (!strcmp(*id == '?' ? id + 1 : id, *id == '?' ? m->name : m->id ? m->id : "")) {
            return 1;
        }
    }
    return 0;
}

static int count_of(const world_thing_t *thing)
{
    return thing->values[STAGE].kind == NTS_VALUE_SET ? thing->values[STAGE].as.set.count : 0;
}

static world_t *make_world(void)
{
    world_t *w = world_create(p);

    w->pairs[STAGE].domain = stock;
    w->pairs[STAGE].options.reference = 1;
    w->pairs[STAGE].options.format = NTS_FORMAT_JSON;
    w->pairs[STAGE].relation = "items";
    w->pairs[STAGE].relation_id = 7;
    return w;
}

static int wait_count, mirror_count, described;
static nts_schema_field_t fields[1];

/* What the last commit that said so waits for; and a schema that shows the relation. */
static spoil_t watch(world_t *w, const nts_call_t *call)
{
    static nts_schema_t schema = { .fields = fields, .count = 1 };

    if (call->kind == NTS_CALL_COMMIT && call->commit.has_waits) {
        wait_count = call->commit.wait_count;
        mirror_count += call->commit.mirror_count;
    }
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_DESCRIBE) {
        described++;
        fields[0].id = w->pairs[STAGE].notion_id;
        w->schema = &schema;
    }
    return SPOIL_NOTHING;
}

/* Page "a" and its row, whose lists are @a members. */
static world_t *linked(const char *members)
{
    world_t *w = make_world();

    w->hook = watch;
    (void)world_add(w, NTS_NOTION, "a", "a");
    world_page(w, "a")->values[STAGE] = list(NTS_NOTION, members);
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    w->requests = w->writes[0] = w->writes[1] = 0;
    return w;
}

static world_thing_t *page(world_t *w)
{
    return world_page(w, "a");
}

static world_thing_t *row(world_t *w)
{
    return world_row(w, world_link(w, NTS_NOTION, "a")->key);
}

static void edit(world_t *w, nts_side_t side, const char *members)
{
    world_edit(w, side, side == NTS_NOTION ? "a" : world_link(w, NTS_NOTION, "a")->key, STAGE,
               list(side, members));
}

static const nts_link_t *link_of(world_t *w)
{
    return world_link(w, NTS_NOTION, "a");
}

static void test_merging(void)
{
    world_t *w = linked("17 19");

    tap_str(held(row(w)), "17 19", "5.2 a row gets all keys");
    edit(w, NTS_NOTION, "17 19 20");
    edit(w, NTS_EXTERNAL, "19 21");
    (void)world_settle(w);
    tap_ok(count_of(page(w)) == 3 && has(page(w), "19") && has(page(w), "20") && has(page(w), "21"),
           "2.4 added on either side, removed on one: %s", held(page(w)));
    tap_ok(count_of(row(w)) == 3 && has(row(w), "19") && has(row(w), "20") && has(row(w), "21"),
           "2.4 on both sides: %s", held(row(w)));
    tap_int(world_differences(w), 0, "1 both sides are equal");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "and nobody is asked");
    w->writes[0] = w->writes[1] = 0;
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "6.2 nothing is left to write");
    edit(w, NTS_EXTERNAL, "");
    (void)world_settle(w);
    tap_str(held(page(w)), "", "an emptied column empties the relation");
    edit(w, NTS_NOTION, "17");
    (void)world_settle(w);
    described = 0;
    edit(w, NTS_NOTION, "");
    (void)world_settle(w);
    tap_str(held(row(w)), "", "an emptied relation the column");
    tap_int(described, 1, "5.2 after the schema was looked at once");
}

/* Nothing is there to be carried, and the page need not be read for a change that is not mapped (S3.11). */
static void test_waiting_alone(void)
{
    world_t *w = linked("17");

    edit(w, NTS_EXTERNAL, "17 ?50");
    (void)world_settle(w);
    tap_str(link_of(w)->outcome.code, NTS_REFERENCE_WAITS,
            "5.2 a key added that no row has is shown, if nothing else was edited");
    tap_int(wait_count, 1, "and is to be told of");
    edit(w, NTS_EXTERNAL, "17");
    (void)world_settle(w);
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "until somebody takes it out");
    w->requests = 0;
    world_notice(w, NTS_EXTERNAL, link_of(w)->key);
    (void)world_settle(w);
    tap_int(w->requests, 0, "3.11 what is as agreed costs no request");
}

static void test_waiting(void)
{
    world_t *w = linked("17 ?40");

    tap_str(held(row(w)), "17", "5.2 a row is made with the keys that there are");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_PARKED, "what waits is shown");
    tap_str(link_of(w)->outcome.code, NTS_REFERENCE_WAITS, "as what it is");
    tap_ok(strstr(link_of(w)->outcome.what, "'p40'") != NULL, "by its name: %s",
           link_of(w)->outcome.what);
    tap_int(wait_count, 1, "and is to be told of");
    tap_int(link_of(w)->next_try, 0, "nothing is tried before");
    edit(w, NTS_EXTERNAL, "17 19");
    (void)world_settle(w);
    tap_ok(has(page(w), "19") && has(page(w), "?p40"), "5.2 others are added, and it stays: %s",
           held(page(w)));
    edit(w, NTS_EXTERNAL, "19");
    (void)world_settle(w);
    tap_ok(!has(page(w), "17") && has(page(w), "?p40"), "5.2 others are removed, and it stays: %s",
           held(page(w)));
    edit(w, NTS_EXTERNAL, "19 ?50");
    (void)world_settle(w);
    tap_ok(has(row(w), "?50") && has(page(w), "?p40") && count_of(page(w)) == 2,
           "5.2 one that waits on each side");
    tap_int(wait_count, 2, "both are to be told of");
    w->writes[0] = w->writes[1] = 0;
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "5.2 as long as they wait nothing is written");
    edit(w, NTS_NOTION, "19 40");
    (void)world_settle(w);
    tap_ok(has(row(w), "40") && has(row(w), "?50") && has(row(w), "19"),
           "5.2 the one that is linked is carried: %s", held(row(w)));
    edit(w, NTS_EXTERNAL, "19 40 50");
    (void)world_settle(w);
    tap_ok(has(page(w), "50") && count_of(page(w)) == 3, "and so is the other");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "5.2 nothing waits any more");
    tap_int(wait_count, 0, "for nothing");
    tap_int(world_differences(w), 0, "1 both sides are equal");
}

/* The two that wait were one record all the time. */
static void test_same(void)
{
    world_t *w = linked("17");

    edit(w, NTS_NOTION, "17 ?40");
    edit(w, NTS_EXTERNAL, "17 ?40");
    (void)world_settle(w);
    tap_int(link_of(w)->trouble, NTS_TROUBLE_PARKED, "5.2 one that is not linked on either side");
    page(w)->values[STAGE] = list(NTS_NOTION, "17 40");
    row(w)->values[STAGE] = list(NTS_EXTERNAL, "17 40");
    w->writes[0] = w->writes[1] = 0;
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "5.2 is one when it is linked: nothing is written");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "and all is well");
    edit(w, NTS_EXTERNAL, "17");
    (void)world_settle(w);
    tap_str(held(page(w)), "17", "5.2 it was agreed on: a removal is one");
}

/* The names that a service answers a write with. */
static void name_base(world_t *w)
{
    nts_base_t *base = nts_link_base_make(world_link(w, NTS_NOTION, "a"), w->pairs[STAGE].id, w->p);
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        base->value[side] = list((nts_side_t)side, ids_of(&base->value[side]));
    }
}

/* Nothing was ever agreed on but that there is nothing. */
static void test_all_wait(void)
{
    world_t *w = linked("?40 ?41");

    tap_str(held(row(w)), "", "5.2 all of them wait: the row is made without");
    tap_ok(count_of(page(w)) == 2, "nothing is taken out");
    edit(w, NTS_EXTERNAL, "19");
    (void)world_settle(w);
    tap_ok(has(page(w), "19") && count_of(page(w)) == 3, "5.2 and one is added: %s", held(page(w)));
    edit(w, NTS_NOTION, "19 40 41");
    (void)world_settle(w);
    tap_ok(count_of(row(w)) == 3, "and then the others");
}

static void test_gone(void)
{
    world_t *w = linked("17 18");
    const nts_link_t *link;

    page(w)->values[STAGE] = list(NTS_NOTION, "17 !18");
    row(w)->values[STAGE] = list(NTS_EXTERNAL, "17 !18");
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "5.2 a deleted target is no removal");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "nor a trouble");
    tap_int(wait_count, 2, "but it may come back, by its page or its key");
    edit(w, NTS_EXTERNAL, "17 !18 19");
    (void)world_settle(w);
    tap_ok(count_of(page(w)) == 3 && has(page(w), "18"), "5.2 beside it others are added: %s",
           held(page(w)));
    edit(w, NTS_EXTERNAL, "17 19");
    (void)world_settle(w);
    tap_ok(!has(page(w), "18"), "it is taken out where somebody does that");
    edit(w, NTS_NOTION, "17 19 !18");
    (void)world_settle(w);
    tap_ok(!has(row(w), "18") && has(page(w), "18"), "5.2 added anew, it waits");
    tap_str(link_of(w)->outcome.code, NTS_REFERENCE_WAITS, "and is shown");

    w = linked("17 19");
    name_base(w);
    row(w)->values[STAGE] = list(NTS_EXTERNAL, "?17 19"); /* 17 was let go: its key leads nowhere */
    w->writes[0] = w->writes[1] = 0;
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    link = link_of(w);
    tap_int(w->writes[0] + w->writes[1], 0, "5.2 a target that is let go changes nothing");
    tap_str(link->outcome.code, NTS_REFERENCE_WAITS, "and is shown");
}

static void test_first(void)
{
    world_t *w = linked("17");
    nts_link_t *link = world_link(w, NTS_NOTION, "a");

    link->base_count = 0;
    page(w)->values[STAGE] = list(NTS_NOTION, "17 ?40");
    row(w)->values[STAGE] = list(NTS_EXTERNAL, "19 ?50");
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(link_of(w)->trouble, NTS_TROUBLE_HELD, "2.6 both have members, none was ever agreed");
    (void)world_rule(w, link_of(w), STAGE, NTS_CHOICE_NOTION);
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_ok(has(row(w), "17") && !has(row(w), "19"), "2.9 a person decides: %s", held(row(w)));
    tap_ok(has(page(w), "?p40"), "what waits there goes on waiting");
}

/* Notion takes a list whole, with a hundred at most. */
static void test_long(void)
{
    const char *many = "";
    world_t *w;
    int i;

    for (i = 101; i <= 600; i++) {
        many = apr_psprintf(p, "%s%d ", many, i);
    }
    w = linked(many);
    tap_int(count_of(row(w)), 500, "5.2 a row gets 500 keys");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "and all is well");
    edit(w, NTS_EXTERNAL, many + strlen("101 "));
    world_edit(w, NTS_EXTERNAL, link_of(w)->key, NAME, world_text("b"));
    (void)world_settle(w);
    tap_int(count_of(page(w)), 500, "one less would be 499 to write, which Notion does not take");
    tap_str(link_of(w)->outcome.code, NTS_REFERENCE_MANY,
            "5.2 the field is parked with the reason");
    tap_str(page(w)->values[NAME].as.text, "b", "alone");
    edit(w, NTS_NOTION, many + strlen("101 102 "));
    (void)world_settle(w);
    tap_int(count_of(row(w)), 498, "what people remove in Notion goes on");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "and where both agree all is well");
}

/* Notion refuses to refer to a page that it does not show us. */
static spoil_t refuse_reference(world_t *w, const nts_call_t *call)
{
    if (call->kind != NTS_CALL_ASK || call->ask.side != NTS_NOTION || !call->ask.values ||
        call->ask.values[STAGE].kind != NTS_VALUE_SET) {
        return watch(w, call);
    }
    w->refusal = NTS_REFERENCE_HIDDEN;
    return SPOIL_REFUSED;
}

static void test_hidden(void)
{
    world_t *w = linked("17 19");

    w->hook = refuse_reference;
    edit(w, NTS_EXTERNAL, "17 19 20");
    edit(w, NTS_NOTION, "17");
    (void)world_run(w, NTS_NOTION, "a");
    tap_ok(!has(row(w), "19") && has(row(w), "20"),
           "5.2 what Notion refuses holds up no removal: %s", held(row(w)));
    tap_str(link_of(w)->outcome.code, NTS_REFERENCE_HIDDEN, "it is shown");
    tap_ok(link_of(w)->next_try > w->now, "and tried again");
    w->hook = watch;
    (void)world_settle(w);
    tap_ok(has(page(w), "20") && !has(page(w), "19"), "5.2 and carried once it is taken");
    tap_int(world_differences(w), 0, "1 both sides are equal");
}

/* Whose other end has changed is told, for Notion does not. */
static void test_mirrors(void)
{
    static const nts_type_t two_way = { .kind = NTS_TYPE_REFERENCE,
                                        .native = "relation",
                                        .nullable = 1,
                                        .target = "d1",
                                        .mirrored = 1 };
    static const nts_domain_options_t options = { .reference = 1, .format = NTS_FORMAT_JSON };
    const nts_type_t *types[NTS_SIDE_COUNT] = { &two_way, &text };
    const nts_domain_t *one_way = stock;
    world_t *w;

    mirror_count = 0;
    w = linked("17 19");
    tap_int(mirror_count, 0, "a relation of one end has no other");
    (void)nts_domain_make(&stock, types, &options, NULL, p);
    w = linked("17 19");
    tap_int(mirror_count, 2, "5.2 the pages that a new record refers to are told of");
    name_base(w);
    edit(w, NTS_NOTION, "17 20");
    mirror_count = 0;
    (void)world_settle(w);
    tap_int(mirror_count, 2, "5.2 and those that it begins and ceases to refer to");
    mirror_count = 0;
    world_edit(w, NTS_NOTION, "a", NAME, world_text("b"));
    (void)world_settle(w);
    tap_int(mirror_count, 0, "other edits tell of none");
    stock = one_way;
}

/* Dies before and after each call, and goes on. */
static int kill_at, calls;

static spoil_t kill_once(world_t *w, const nts_call_t *call)
{
    (void)watch(w, call);
    calls++;
    return calls == kill_at ? SPOIL_KILL : calls == -kill_at ? SPOIL_KILL_AFTER : SPOIL_NOTHING;
}

static void test_crashes(void)
{
    int bad = 0, i;

    for (i = 1; i < 30; i++) {
        int k;

        for (k = 0; k < 2; k++) {
            world_t *w = linked("17 19 ?40");

            kill_at = k ? -i : i;
            calls = 0;
            w->hook = kill_once;
            edit(w, NTS_NOTION, "17 19 20 ?40");
            edit(w, NTS_EXTERNAL, "19 21 ?50");
            (void)world_settle(w);
            bad += !has(page(w), "19") || !has(page(w), "20") || !has(page(w), "21") ||
                   has(page(w), "17") || !has(page(w), "?p40") || count_of(page(w)) != 4 ||
                   count_of(row(w)) != 4 || !has(row(w), "?50") || has(row(w), "17");
        }
    }
    tap_int(bad, 0, "6.5 whenever it dies, each member ends where it should");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    stock = domain_of(&text, NTS_FORMAT_JSON, NULL);
    test_types();
    test_spelling();
    test_room();
    test_merging();
    test_waiting_alone();
    test_waiting();
    test_same();
    test_all_wait();
    test_gone();
    test_first();
    test_long();
    test_hidden();
    test_mirrors();
    test_crashes();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
