/* ut_event.c - what a webhook says, which notices it becomes, type by type as docs/design/events.md has it; parameters of pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/mns_event.h"
#include "httpd/mns_query.h"
#include "tap/tap.h"

#define CONTACTS "1a2b3c4d-0000-4000-8000-5e6f7a8b9c01"
#define DEALS "1a2b3c4d-0000-4000-8000-5e6f7a8b9c02"
#define PAGE "eeeeeeee-0000-4000-8000-000000000001"
#define AUTHOR "dddddddd-0000-4000-8000-000000000001"

static apr_pool_t *p;

static const nts_json_t *parse(const char *text)
{
    const nts_json_t *root;

    return nts_json_parse(&root, text, strlen(text), NULL, p) == APR_SUCCESS ? root : NULL;
}

/* An event of a page with the given data. */
static apr_status_t read_page(mns_event_t *event, const char *type, const char *data)
{
    const char *problem;

    return mns_event_read(event, &problem,
                          parse(apr_psprintf(p,
                                             "{\"id\":\"5B0A3C1E00014C009D00000000000001\","
                                             "\"timestamp\":\"2026-11-22T10:15:42.118Z\","
                                             "\"type\":\"%s\",\"entity\":{\"id\":\"" PAGE
                                             "\",\"type\":\"page\"},\"authors\":[{\"id\":\"" AUTHOR
                                             "\",\"type\":\"person\"}],\"data\":%s}",
                                             type, data)),
                          p);
}

static void test_page(void)
{
    mns_event_t event;

    tap_int(read_page(&event, "page.properties_updated",
                      "{\"parent\":{\"data_source_id\":\"" DEALS "\"},"
                      "\"updated_properties\":[\"title\",\"s%3AxQ\",\"a+b\"]}"),
            APR_SUCCESS, "an event of a page");
    tap_str(event.id, "5b0a3c1e-0001-4c00-9d00-000000000001", "its id in one spelling");
    tap_str(event.entity, PAGE, "its page");
    tap_str(event.data_source, DEALS, "its data source");
    tap_str(event.properties, "[\"title\",\"s:xQ\",\"a+b\"]", "its properties, decoded");
    tap_str(event.authors, "[\"" AUTHOR "\"]", "its authors");
    tap_ok(event.at == APR_INT64_C(1795342542118000), "its time");
    tap_int(event.about, MNS_ABOUT_PAGE, "what it is about");

    (void)read_page(&event, "page.moved", "{\"parent\":{\"data_source_id\":\"" DEALS "\"}}");
    tap_ok(!event.data_source, "where a page was before it moved is not told");
    (void)read_page(&event, "page.created", "{\"parent\":{\"data_source_id\":7}}");
    tap_ok(!event.data_source && event.about == MNS_ABOUT_PAGE, "a strange parent is none");
    (void)read_page(&event, "page.created", "{\"updated_properties\":[\"%zz\"]}");
    tap_ok(!event.properties, "one property that cannot be read: all may have changed");
    (void)read_page(&event, "page.created", "{\"updated_properties\":[{\"id\":\"x\"}]}");
    tap_ok(!event.properties, "so with one that is no text");
    (void)read_page(&event, "page.locked", "{}");
    tap_int(event.about, MNS_ABOUT_NOTHING, "a lock changes no value");
    (void)read_page(&event, "comment.created", "{}");
    tap_int(event.about, MNS_ABOUT_NOTHING, "nor does a comment");
    (void)read_page(&event, "data_source.schema_updated", "{}");
    tap_int(event.about, MNS_ABOUT_NOTHING, "type and entity must agree");
}

static void test_refusals(void)
{
    static const char *const bad[] = {
        "null",
        "[]",
        "{}",
        "{\"id\":\"5b0a3c1e-0001-4c00-9d00-000000000001\"}",
        "{\"id\":\"x\",\"timestamp\":\"2026-11-22T10:15:42Z\",\"type\":\"page.created\","
        "\"entity\":{\"id\":\"" PAGE "\",\"type\":\"page\"}}",
        "{\"id\":\"" PAGE "\",\"timestamp\":\"yesterday\",\"type\":\"page.created\","
        "\"entity\":{\"id\":\"" PAGE "\",\"type\":\"page\"}}",
        "{\"id\":\"" PAGE "\",\"timestamp\":\"2026-11-22T10:15:42Z\",\"type\":7,"
        "\"entity\":{\"id\":\"" PAGE "\",\"type\":\"page\"}}",
        "{\"id\":\"" PAGE "\",\"timestamp\":\"2026-11-22T10:15:42Z\",\"type\":\"page.created\","
        "\"entity\":\"" PAGE "\"}",
        "{\"id\":\"" PAGE "\",\"timestamp\":\"2026-11-22T10:15:42Z\",\"type\":\"page.created\","
        "\"entity\":{\"id\":\"1\",\"type\":\"page\"}}",
    };
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *problem = NULL;
        mns_event_t event;

        tap_int(mns_event_read(&event, &problem, parse(bad[i]), p), APR_EINVAL, "no event: %s",
                bad[i]);
        tap_ok(problem && *problem, "and why");
    }
}

static void test_handshake(void)
{
    const char *token = mns_event_handshake(parse("{\"verification_token\":\"secret_x\"}"));

    tap_str(token, "secret_x", "a verification token");
    tap_ok(!mns_event_handshake(parse("{\"verification_token\":\"\"}")), "an empty one is none");
    tap_ok(!mns_event_handshake(parse("{\"verification_token\":7}")), "nor is a number");
    tap_ok(!mns_event_handshake(parse("{\"verification_token\":\"x\",\"type\":\"page.created\"}")),
           "nor one in an event");
    tap_ok(!mns_event_handshake(parse("[]")), "nor is anything else");
}

static void test_rows(void)
{
    nts_service_t work = { .vhost = "", .name = "work" };
    nts_service_t other = { .vhost = "", .name = "other" };
    nts_service_t crm = { .vhost = "", .name = "crm", .kind = NTS_SERVICE_SQL };
    nts_service_t unused = { .vhost = "", .name = "unused" };
    nts_mapping_t contacts = {
        .id = 11, .notion = &work, .data_source = CONTACTS, .external = &crm
    };
    nts_mapping_t deals = { .id = 12, .notion = &work, .data_source = DEALS, .external = &crm };
    nts_mapping_t others = { .id = 13, .notion = &other, .data_source = DEALS, .external = &crm };
    const nts_service_t *services[] = { &work, &other, &crm };
    nts_mapping_t *mappings[] = { &contacts, &deals, &others };
    const nts_setup_t setup = { services, 3, mappings, 3 };
    const nts_grouping_t *grouping = nts_grouping_make(&setup, p);
    nts_inbox_row_t *rows;
    mns_event_t event;
    int *groups;
    int count;

    (void)read_page(&event, "page.created", "{\"parent\":{\"data_source_id\":\"" DEALS "\"}}");
    mns_event_rows(&rows, &groups, &count, &event, &work, &setup, grouping, p);
    tap_int(count, 1, "one mapping of the service has the data source");
    tap_int(rows[0].mapping, 12, "the right one");
    tap_str(rows[0].notice.record, PAGE, "it is told the page");
    tap_str(rows[0].notice.kind, "page.created", "and what happened");
    tap_int(groups[0], grouping->of_mapping[1], "where it is worked on");
    (void)read_page(&event, "page.created", "{}");
    mns_event_rows(&rows, &groups, &count, &event, &work, &setup, grouping, p);
    tap_int(count, 2, "without a data source all mappings of the service look");
    mns_event_rows(&rows, &groups, &count, &event, &other, &setup, grouping, p);
    tap_int(count, 1, "and no others");
    mns_event_rows(&rows, &groups, &count, &event, &unused, &setup, grouping, p);
    tap_int(count, 0, "a service without mappings concerns nobody");
    deals.external = &other;
    deals.collection = CONTACTS;
    (void)read_page(&event, "page.created", "{\"parent\":{\"data_source_id\":\"" CONTACTS "\"}}");
    mns_event_rows(&rows, &groups, &count, &event, &other, &setup, grouping, p);
    tap_int(count, 1, "a data source of another workspace is a mapping's external side");
    tap_ok(rows[0].mapping == 12 && rows[0].notice.side == NTS_EXTERNAL, "which is told of it");
    deals.external = &crm;
    event.about = MNS_ABOUT_DATABASE;
    event.entity = CONTACTS;
    mns_event_rows(&rows, &groups, &count, &event, &work, &setup, grouping, p);
    tap_int(count, 2, "what a database holds is not told: all mappings of the service look");
    tap_ok(!rows[0].notice.record && !rows[1].notice.record, "at their data sources");
}

#define TABLE_FILE "docs/design/events.md"

static const char *const abouts[] = { "nothing", "page", "data source", "database" };

static mns_event_about_t about_of(const char *type, const char *entity_type)
{
    const char *problem;
    mns_event_t event;
    const char *text =
        apr_psprintf(p,
                     "{\"id\":\"" AUTHOR "\",\"timestamp\":\"2026-11-22T10:15:42Z\","
                     "\"type\":\"%s\",\"entity\":{\"id\":\"" PAGE "\",\"type\":\"%s\"}}",
                     type, entity_type);

    if (mns_event_read(&event, &problem, parse(text), p) != APR_SUCCESS) {
        tap_ok(0, "%s of a %s is an event: %s", type, entity_type, problem);
    }
    return event.about;
}

/* "| `type` | about | ..." */
static int check_row(char *line)
{
    char *type = line + 3;
    char *end = strchr(type, '`');
    char *about = end ? end + 4 : NULL;
    char *entity;

    if (strncmp(line, "| `", 3) != 0 || !about || !strchr(about, '|')) {
        return 0;
    }
    *end = '\0';
    *(strchr(about, '|') - 1) = '\0';
    entity = apr_pstrmemdup(p, type, strcspn(type, "."));
    tap_str(abouts[about_of(type, entity)], about, "%s", type);
    tap_int(about_of(type, "block"), MNS_ABOUT_NOTHING, "%s of a block is nothing", type);
    return 1;
}

static void test_table(void)
{
    const char *source = getenv("NTS_SRCDIR");
    FILE *file = fopen(apr_pstrcat(p, source ? source : ".", "/", TABLE_FILE, NULL), "r");
    char line[1000];
    int rows = 0;

    if (!tap_ok(file != NULL, "%s can be read", TABLE_FILE)) {
        return;
    }
    while (fgets(line, sizeof(line), file)) {
        rows += check_row(line);
    }
    (void)fclose(file);
    tap_int(rows, 31, "all types are in the table");
    tap_int(about_of("page.future", "page"), MNS_ABOUT_PAGE, "a type nobody knows yet, of a page");
    tap_int(about_of("agent.created", "agent"), MNS_ABOUT_NOTHING, "and of something else");
}

static void test_query(void)
{
    apr_table_t *table = mns_query_read("page=a%20b&mapping=x+y&json&page=second&=none&bad=%zz", p);

    tap_str(apr_table_get(table, "page"), "a b",
            "a parameter is decoded, and the first one counts");
    tap_str(apr_table_get(table, "mapping"), "x y", "a plus sign is a space");
    tap_str(apr_table_get(table, "json"), "", "one without a value is there");
    tap_ok(!apr_table_get(table, "bad"), "one that cannot be decoded is not");
    tap_int(apr_table_elts(table)->nelts, 3, "nothing else is");
    tap_int(apr_table_elts(mns_query_read(NULL, p))->nelts, 0, "nothing holds nothing");
    tap_int(apr_table_elts(mns_query_read("&&=&=&", p))->nelts, 0, "nor do signs alone");
    tap_ok(!apr_table_get(mns_query_read("a=%ff", p), "a"), "what is not UTF-8 is left out");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_page();
    test_refusals();
    test_handshake();
    test_rows();
    test_table();
    test_query();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
