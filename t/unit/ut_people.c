/* Proves: people are spelled so that each spelling leads back to the person, whoever else is called like that; who there is is listed
 * once for a while, in pages, and a connection that may not list them works without; people beyond the 25 that a page shows are read. */
#include <apr_tables.h>

#include "unit/ut_notion.h"

#define ADA "dddddddd-0000-4000-8000-000000000001"
#define BEN "dddddddd-0000-4000-8000-000000000002"
#define GROUP "dddddddd-0000-4000-8000-0000000000aa"

static const nts_type_t people_type = {
    .kind = NTS_TYPE_PEOPLE, .native = "people", .nullable = 1, .max_members = 100
};
static const nts_type_t column_type = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };

static const char *person_id(int n)
{
    return apr_psprintf(pool, "dddddddd-0000-4000-8000-%012d", n);
}

static void test_users(void)
{
    nts_users_t *users = nts_users_make(0, pool);
    const char *before = nts_users_digest(users);
    const char *id;

    nts_users_add(users, ADA, "ada@e.org", "Ada");
    nts_users_add(users, BEN, "", "Ben");
    nts_users_add(users, BEN, "b@e.org", "Other");
    tap_int(nts_users_count(users), 2, "each id once");
    tap_str(nts_users_spelling(users, ADA), "ada@e.org", "by the address");
    tap_str(nts_users_spelling(users, BEN), "Ben", "or the name");
    tap_str(nts_users_spelling(users, person_id(9)), NULL, "a stranger");
    tap_int(nts_users_find(users, "ADA@E.ORG", &id), 1, "whatever the case");
    tap_str(id, ADA, "of letters");
    tap_int(nts_users_find(users, "ada", &id), 1, "by a name");
    nts_users_add(users, person_id(3), NULL, "ben");
    tap_int(nts_users_find(users, "Ben", &id), 2, "two of one name");
    tap_str(id, NULL, "are nobody");
    tap_str(nts_users_spelling(users, BEN), BEN, "and spelled by their ids");
    nts_users_add(users, person_id(4), NULL, "ada@e.org");
    tap_int(nts_users_find(users, "ada@e.org", &id), 1, "an address goes before a name");
    tap_str(nts_users_spelling(users, person_id(4)), person_id(4),
            "whose bearer is spelled otherwise");
    tap_ok(strcmp(before, nts_users_digest(users)) != 0, "the digest tells of it");
    {
        nts_users_t *other = nts_users_make(0, pool);

        nts_users_add(other, person_id(4), NULL, "ada@e.org");
        nts_users_add(other, person_id(3), NULL, "ben");
        nts_users_add(other, BEN, NULL, "Ben");
        nts_users_add(other, ADA, "ada@e.org", "Ada");
        tap_str(nts_users_digest(other), nts_users_digest(users), "and not of another order");
        tap_str(nts_users_digest(nts_users_copy(users, pool)), nts_users_digest(users), "a copy");
    }
}

/* Names that clash, addresses that are names, people without either. */
static void test_round_trips(void)
{
    static const char *const names[] = { "Ada", "ADA",   "Ben", "a@e.org", "b@e.org",
                                         "",    "x,\"y", BEN,   "C C" };
    ut_random_t random = { 20 };
    int lost = 0;

    for (int round = 0; round < 2000; round++) {
        nts_users_t *users = nts_users_make(0, pool);
        nts_option_t members[6];
        int count = ut_random_below(&random, 6);
        nts_domain_options_t options = { .format = ut_random_below(&random, 2) ? NTS_FORMAT_CSV
                                                                               : NTS_FORMAT_JSON };
        const nts_type_t *types[2] = { &people_type, &column_type };
        const nts_domain_t *domain;
        nts_value_t shown, common, text, again;

        for (int i = 1; i < 6; i++) {
            if (ut_random_below(&random, 4)) { /* the others are guests */
                nts_users_add(users, person_id(i), names[ut_random_below(&random, 9)],
                              names[ut_random_below(&random, 9)]);
            }
        }
        for (int i = 0; i < count; i++) {
            members[i].id = person_id(1 + i);
            members[i].name = names[ut_random_below(&random, 9)];
        }
        options.people[NTS_NOTION] = users;
        (void)nts_domain_make(&domain, types, &options, NULL, pool);
        shown = nts_value_set(members, count, pool);
        if (nts_domain_project(&common, domain, NTS_NOTION, &shown, NULL, pool) != APR_SUCCESS ||
            nts_domain_render(&text, domain, NTS_EXTERNAL, &common, NULL, pool) != APR_SUCCESS ||
            nts_domain_project(&again, domain, NTS_EXTERNAL, &text, NULL, pool) != APR_SUCCESS ||
            !nts_domain_equal(domain, &common, &again)) {
            if (lost++ < 5) {
                tap_diag("%s -> %s -> %s", ut_text(&common, pool), ut_text(&text, pool),
                         ut_text(&again, pool));
            }
        }
    }
    tap_int(lost, 0, "what stands in a column means who stood on the page");
}

/* --- two workspaces, which have other ids for the same people */

static nts_users_t *workspace(const char *const (*people)[2], int count, int first)
{
    nts_users_t *users = nts_users_make(0, pool);

    for (int i = 0; i < count; i++) {
        if (people[i][0] || people[i][1]) {
            nts_users_add(users, person_id(first + i), people[i][0], people[i][1]);
        }
    }
    return users;
}

static void test_counterparts(void)
{
    /* address and name in the first workspace, as 1.., and in the other one, as 101.. */
    static const char *const here[][2] = {
        { "ada@e.org", "Ada" }, { NULL, "Ben" },        { "cy@e.org", "Cy" },
        { "di@e.org", "Di" },   { NULL, "Ed" },         { "fay@e.org", "Fay" },
        { NULL, "Gil" },        { "hal@e.org", "Hal" },
    };
    static const char *const there[][2] = {
        { "ADA@E.ORG", "A. L." }, { "ben@e.org", "ben" }, { "cy@other.org", "Cy" }, { NULL, "di" },
        { "fay@e.org", "Ed" },    { NULL, "Gil" },        { "gil@e.org", "Gil" },   { NULL, "Ivy" },
    };
    static const struct {
        int here, there;
        const char *what;
    } met[] = {
        { 1, 101, "by the address, whatever the name" },
        { 2, 102, "by the name, where one address is not shown" },
        { 3, 0, "not by a name with two addresses" },
        { 4, 104, "by the name, from either side" },
        { 5, 0, "not by the name of who is somebody else by the address" },
        { 6, 105, "who that is" },
        { 7, 0, "not by a name that two have" },
        { 8, 0, "not who is in one list only" },
    };
    nts_users_t *a = workspace(here, 8, 1);
    nts_users_t *b = workspace(there, 8, 101);

    for (int i = 0; i < (int)(sizeof(met) / sizeof(met[0])); i++) {
        tap_str(nts_users_counterpart(a, person_id(met[i].here), b),
                met[i].there ? person_id(met[i].there) : NULL, "%s", met[i].what);
        if (met[i].there) {
            tap_str(nts_users_counterpart(b, person_id(met[i].there), a), person_id(met[i].here),
                    "... and back");
        }
    }
    tap_str(nts_users_counterpart(b, person_id(103), a), NULL, "nobody is met from there alone");
    tap_str(nts_users_counterpart(a, person_id(99), b), NULL, "a stranger has none");
    tap_str(nts_users_shown(b, person_id(102)), "ben@e.org", "a page shows the address");
    tap_str(nts_users_shown(b, person_id(104)), "di", "or the name");
    tap_str(nts_users_shown(b, person_id(99)), "", "or nothing");
}

static const nts_domain_t *between(nts_users_t *here, nts_users_t *there)
{
    const nts_domain_options_t options = { .people = { here, there } };
    const nts_type_t *types[2] = { &people_type, &people_type };
    const nts_domain_t *domain;

    (void)nts_domain_make(&domain, types, &options, NULL, pool);
    return domain;
}

/* The ids that a side is to show of somebody whom the other side shows; or what is said. */
static const char *carried(const nts_domain_t *domain, nts_side_t from, const char *id,
                           const char *name)
{
    nts_option_t person = { id, name };
    nts_value_t shown = nts_value_set(&person, 1, pool);
    nts_value_t common, there;
    nts_outcome_t out = { 0 };

    if (nts_domain_project(&common, domain, from, &shown, &out, pool) != APR_SUCCESS ||
        nts_domain_render(&there, domain, nts_side_other(from), &common, &out, pool) !=
            APR_SUCCESS) {
        return apr_pstrcat(pool, out.code, ": ", out.what, NULL);
    }
    return there.as.set.options[0].id;
}

static void test_between(void)
{
    static const char *const here[][2] = { { "ada@e.org", "Ada" }, { NULL, "Ben" } };
    static const char *const there[][2] = { { "ada@e.org", NULL },
                                            { NULL, "Ben" },
                                            { "zoe@e.org", "Zoe" } };
    const nts_domain_t *domain = between(workspace(here, 2, 1), workspace(there, 3, 101));
    const nts_domain_t *blind = between(workspace(here, 2, 1), nts_users_make(1, pool));
    nts_option_t both[] = { { person_id(101), "ada@e.org" }, { person_id(103), "zoe@e.org" } };
    nts_value_t shown = nts_value_set(both, 2, pool), common, again;

    tap_str(carried(domain, NTS_NOTION, ADA, "Ada"), person_id(101),
            "Ada has an id of its own there");
    tap_str(carried(domain, NTS_EXTERNAL, person_id(101), "ada@e.org"), ADA,
            "and another one here");
    tap_str(carried(domain, NTS_EXTERNAL, person_id(102), "Ben"), BEN, "Ben, too");
    tap_str(carried(domain, NTS_EXTERNAL, person_id(103), "Zoe"),
            "field.person: 'zoe@e.org' is nobody, or cannot be told from others, in the workspace "
            "of the notion side",
            "who is in one workspace only is missed in the other");
    tap_str(carried(domain, NTS_NOTION, person_id(9), "Guest"),
            "field.person: 'Guest' is nobody, or cannot be told from others, in the workspace of "
            "the external side",
            "so is a guest");
    tap_str(carried(domain, NTS_NOTION, person_id(9), "zoe@e.org"), person_id(103),
            "whom the other list may know by the address, though");
    tap_str(carried(domain, NTS_EXTERNAL, ADA, ""),
            apr_pstrcat(
                pool,
                "field.person: '" ADA
                "' is nobody, or cannot be told from others, in the workspace of the notion side",
                NULL),
            "an id of one workspace is none of the other, even if it is the same");
    tap_str(carried(blind, NTS_NOTION, ADA, "Ada"),
            "field.person: 'ada@e.org' cannot be found: the connection of the external side may "
            "not list people",
            "a connection that lists nobody is named");
    (void)nts_domain_project(&common, domain, NTS_EXTERNAL, &shown, NULL, pool);
    tap_int(nts_domain_render(&again, domain, NTS_EXTERNAL, &common, NULL, pool), APR_SUCCESS,
            "a side can be written with its own people");
    tap_ok(nts_value_is_same(&again, &shown), "as they are shown: %s", ut_text(&again, pool));
    tap_ok(nts_domain_is_set(domain), "members merge one by one");
}

/* Whoever is carried over comes back as the same person, and nobody becomes somebody else. */
static void test_round_trips_between(void)
{
    static const char *const names[] = { "Ada", "ADA", "Ben", "a@e.org", "b@e.org", NULL, "C C" };
    ut_random_t random = { 21 };
    int wrong = 0, met = 0;

    for (int round = 0; round < 2000; round++) {
        const char *people[2][4][2];
        const nts_domain_t *domain;

        for (int i = 0; i < 16; i++) {
            people[i & 1][i >> 2][i >> 1 & 1] = names[ut_random_below(&random, 7)];
        }
        domain = between(workspace((const char *const(*)[2])people[0], 4, 1),
                         workspace((const char *const(*)[2])people[1], 4, 101));
        for (int i = 0; i < 8; i++) {
            nts_side_t side = i & 1 ? NTS_EXTERNAL : NTS_NOTION;
            const char *id = person_id((i & 1 ? 101 : 1) + i / 2);
            const char *far = carried(domain, side, id, "shown");
            const char *back =
                strstr(far, "field.") ? NULL : carried(domain, nts_side_other(side), far, "shown");

            met += back != NULL;
            if (back && strcmp(back, id) != 0 && wrong++ < 5) {
                tap_diag("%s -> %s -> %s", id, far, back);
            }
        }
    }
    tap_int(wrong, 0, "who is met is met from both sides");
    tap_ok(met > 1000, "and %d were", met);
}

/* --- the connector */

static nts_ask_t people_ask(nts_ask_kind_t kind)
{
    static const nts_domain_options_t options = { 0 };
    const nts_type_t *types[2] = { &people_type, &column_type };
    nts_ask_t ask = ut_ask(kind);
    nts_mapping_t *mapping = ut_mapping();

    mapping->pair_count = 1;
    mapping->pairs[0].notion = "Owner";
    mapping->pairs[0].notion_id = "pppp";
    (void)nts_domain_make(&mapping->pairs[0].domain, types, &options, NULL, pool);
    ask.mapping = mapping;
    return ask;
}

#define SOURCE                                                                                     \
    "{\"object\":\"data_source\",\"id\":\"" DATA_SOURCE "\",\"title\":[],\"properties\":{"         \
    "\"Owner\":{\"id\":\"pppp\",\"type\":\"people\",\"people\":{}}}}"

static const char *users_answer(int from, int count, const char *cursor)
{
    const char *text = "{\"object\":\"list\",\"type\":\"user\",\"user\":{},\"results\":[";

    for (int i = from; i < from + count; i++) {
        text = apr_psprintf(pool,
                            "%s%s{\"object\":\"user\",\"id\":\"%s\",\"type\":\"person\",\"name\":"
                            "\"N%d\",\"person\":{\"email\":\"n%d@e.org\"}}",
                            text, i > from ? "," : "", person_id(i), i, i);
    }
    return cursor
               ? apr_psprintf(pool, "%s],\"has_more\":true,\"next_cursor\":\"%s\"}", text, cursor)
               : apr_pstrcat(pool, text, "],\"has_more\":false,\"next_cursor\":null}", NULL);
}

static apr_time_t mono_now;

static apr_time_t ut_mono(void *baton)
{
    (void)baton;
    return mono_now;
}

static void open_with_clock(void)
{
    static const nts_clock_t clock = { ut_now, ut_mono, NULL };
    nts_service_t service = { .name = "work", .kind = NTS_SERVICE_NOTION };

    (void)nts_connector_notion.open(&connection, &service, TOKEN, &clock, NULL, pool);
}

static void test_list(void)
{
    nts_ask_t ask = people_ask(NTS_ASK_DESCRIBE);
    nts_ask_t other = ut_ask(NTS_ASK_DESCRIBE);
    talk_t talk;

    open_with_clock();
    mono_now = apr_time_from_sec(1000);
    talk = ut_begin(&other);
    ut_reply(&talk, 200, SOURCE);
    ut_result_is(&talk, NTS_RESULT_OK, "who does not map it");
    tap_int(talk.answer->requests, 1, "does not ask who there is");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_request_is(&talk, "GET", "/users?page_size=100", NULL, "who there is");
    ut_reply(&talk, 200, users_answer(1, 2, "c r"));
    ut_request_is(&talk, "GET", "/users?page_size=100&start_cursor=c%20r", NULL, "who else");
    ut_reply(&talk, 200, users_answer(3, 1, NULL));
    ut_result_is(&talk, NTS_RESULT_OK, "listed");
    tap_int(nts_users_count(talk.answer->schema->people), 3, "all of them");
    tap_str(nts_users_spelling(talk.answer->schema->people, person_id(3)), "n3@e.org",
            "with addresses");

    mono_now += apr_time_from_sec(500);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_result_is(&talk, NTS_RESULT_OK, "soon afterwards");
    tap_int(talk.answer->requests, 1, "nobody is asked again");
    tap_int(nts_users_count(talk.answer->schema->people), 3, "they are known");

    mono_now += apr_time_from_sec(100);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_reply(&talk, 503, "{\"object\":\"error\",\"status\":503,\"code\":\"service_unavailable\"}");
    ut_result_is(&talk, NTS_RESULT_OK, "where they cannot be listed now");
    tap_int(nts_users_count(talk.answer->schema->people), 3, "those who were known do");
}

static void test_no_list(void)
{
    static const char refused[] = "{\"object\":\"error\",\"status\":403,\"code\":"
                                  "\"restricted_resource\",\"message\":\"no\"}";
    nts_ask_t ask = people_ask(NTS_ASK_DESCRIBE);
    talk_t talk;

    open_with_clock();
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_reply(&talk, 429, "{\"object\":\"error\",\"status\":429,\"code\":\"rate_limited\"}");
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "too many requests: asked again with the rest");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_reply(&talk, 401, "{\"object\":\"error\",\"status\":401,\"code\":\"unauthorized\"}");
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "a token that is not good for anything");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_reply(&talk, 403, refused);
    ut_result_is(&talk, NTS_RESULT_OK, "without the capability");
    tap_ok(!talk.answer->outcome.code, "nothing is wrong");
    tap_ok(nts_users_is_hidden(talk.answer->schema->people), "but that nobody is known");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE);
    ut_result_is(&talk, NTS_RESULT_OK, "and it is not tried each time");
    ut_open(1);
}

/* What is said of somebody who cannot be found. */
static void test_refusals(void)
{
    static const struct {
        int is_hidden;
        const char *email;
        const char *called;
        const char *words;
        const char *advice;
    } cases[] = {
        { 1, NULL, "zoe@e.org", "'zoe@e.org' cannot be found: the connection may not list people",
          "capability" },
        { 0, "", "zoe@e.org",
          "'zoe@e.org' cannot be found: the connection is not shown the addresses of people",
          "capability" },
        { 0, "", "Zoe", "no person in Notion is called 'Zoe'", "invite" },
        { 0, "ada@e.org", "zoe@e.org", "no person in Notion is called 'zoe@e.org'", "invite" },
    };

    for (int i = 0; i < 4; i++) {
        nts_users_t *users = nts_users_make(cases[i].is_hidden, pool);
        nts_domain_options_t options = { .format = NTS_FORMAT_CSV, .people = { users } };
        const nts_type_t *types[2] = { &people_type, &column_type };
        const nts_domain_t *domain;
        nts_value_t text = nts_value_text(cases[i].called);
        nts_value_t common, rendered;
        nts_outcome_t out = { 0 };

        if (!cases[i].is_hidden) {
            nts_users_add(users, ADA, cases[i].email, "Ada");
        }
        (void)nts_domain_make(&domain, types, &options, NULL, pool);
        tap_int(nts_domain_project(&common, domain, NTS_EXTERNAL, &text, &out, pool), APR_SUCCESS,
                "%s is somebody", cases[i].called);
        tap_int(nts_domain_render(&rendered, domain, NTS_NOTION, &common, &out, pool),
                APR_EMISMATCH, "not for Notion");
        tap_str(out.what, cases[i].words, "said");
        tap_str(out.code, NTS_DOMAIN_PERSON, "under that code");
        tap_ok(out.advice && strstr(out.advice, cases[i].advice), "advice: %s",
               out.advice ? out.advice : "none");
    }
}

static const char *members(int from, int count, const char *before, const char *after)
{
    const char *text = "";

    for (int i = from; i < from + count; i++) {
        text = apr_psprintf(pool, "%s%s%s{\"object\":\"user\",\"id\":\"%s\",\"name\":\"N%d\"}%s",
                            text, i > from ? "," : "", before, person_id(i), i, after);
    }
    return text;
}

#define LISTED "{\"object\":\"property_item\",\"id\":\"pppp\",\"type\":\"people\",\"people\":"
#define LIST_END                                                                                   \
    "],\"has_more\":false,\"next_cursor\":null,\"type\":\"property_item\",\"property_item\":{"     \
    "\"id\":\"pppp\",\"type\":\"people\",\"people\":{}}}"

/* A page that shows a group and 24 people; the items of the property have @a item in the group's place. */
static void test_group(const nts_ask_t *ask, const char *item, const char *what)
{
    talk_t talk = ut_begin(ask);
    const nts_value_t *owner;

    ut_reply(&talk, 200,
             ut_page(PAGE_1, "2026-11-20T08:03:00.000Z", BOT,
                     apr_pstrcat(pool,
                                 "\"Owner\":{\"id\":\"pppp\",\"type\":\"people\",\"people\":[{"
                                 "\"object\":\"group\",\"id\":\"" GROUP "\",\"name\":\"Team\"},",
                                 members(1, 24, "", ""), "]}", NULL)));
    ut_reply(&talk, 200,
             apr_pstrcat(pool, "{\"object\":\"list\",\"results\":[", item,
                         members(1, 26, LISTED, "}"), LIST_END, NULL));
    if (!ut_result_is(&talk, NTS_RESULT_OK, what)) {
        return;
    }
    owner = &talk.answer->record->values[0];
    tap_int(owner->as.set.count, 27, "it and the people are there");
    for (int i = 0; i < owner->as.set.count; i++) {
        if (strcmp(owner->as.set.options[i].id, GROUP) == 0) {
            tap_str(owner->as.set.options[i].name, "Team", "the group by its name");
            return;
        }
    }
    tap_ok(0, "the group is there");
}

static void test_groups(const nts_ask_t *ask)
{
    test_group(ask, "", "a group that the items leave out");
    test_group(ask, LISTED "{\"object\":\"user\",\"id\":\"" GROUP "\"}},",
               "a group that is a user without a name there");
}

static void test_pages(void)
{
    nts_ask_t ask = people_ask(NTS_ASK_READ);
    nts_ask_t write = people_ask(NTS_ASK_UPDATE);
    nts_option_t both[] = { { BEN, "Ben" }, { ADA, "Ada" } };
    nts_value_t value = nts_value_set(both, 2, pool);
    talk_t talk = ut_begin(&ask);

    ut_reply(
        &talk, 200,
        ut_page(PAGE_1, "2026-11-20T08:03:00.000Z", BOT,
                apr_pstrcat(pool, "\"Owner\":{\"id\":\"pppp\",\"type\":\"people\",\"people\":[",
                            members(1, 25, "", ""), "]}", NULL)));
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 "/properties/pppp?page_size=100", NULL,
                  "25 may be a part");
    ut_reply(&talk, 200,
             apr_pstrcat(pool, "{\"object\":\"list\",\"results\":[", members(1, 27, LISTED, "}"),
                         LIST_END, NULL));
    if (ut_result_is(&talk, NTS_RESULT_OK, "read")) {
        tap_int(talk.answer->record->values[0].as.set.count, 27, "everybody");
    }
    test_groups(&ask);
    write.values = &value;
    talk = ut_begin(&write);
    tap_str(talk.request->body,
            "{\"properties\":{\"pppp\":{\"people\":[{\"id\":\"" ADA "\"},{\"id\":\"" BEN "\"}]}}}",
            "written by their ids");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_users();
    test_round_trips();
    test_counterparts();
    test_between();
    test_round_trips_between();
    test_list();
    test_no_list();
    test_refusals();
    test_pages();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
