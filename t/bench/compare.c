/* compare - how long it takes one core to compare records that are equal on both sides.
 *
 *   compare DIRECTORY RECORDS
 *
 * What a reconciliation does, without the network: query answers as Notion writes them, read by the connector; links and their bases
 * from a state store; rows from an SQLite table by its connector; the scan's decision. All is made in DIRECTORY first, and linked
 * by what the sides show, so that there is nothing to do. Prints one line of JSON: processor time of this one thread for
 * the comparison of all pages, and for a full run, which lists the rows too.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <sqlite3.h>

#include "connector/nts_connector.h"
#include "store/nts_store.h"
#include "sync/nts_scan.h"

#define SOURCE "ffffffff-0000-4000-8000-0000000000aa"
#define PAGE 100 /* rows of an answer */

static apr_pool_t *pool;
static nts_store_t *store;
static apr_int64_t epoch;
static nts_connection_t *notion;
static nts_connection_t *external;
static nts_mapping_t mapping;
static int records;
static const char **bodies; /* of the answers to queries, in order */
static int body_at;
static nts_outcome_t words;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "compare: %s: %s\n", what, words.what ? nts_outcome_text(&words, pool) : "");
    exit(1);
}

static void must(apr_status_t rv, const char *what)
{
    if (rv != APR_SUCCESS) {
        die(what);
    }
}

static double processor_seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the two sides */

static const struct {
    const char *column;
    const char *property;
    const char *schema; /* of the property */
    const char *type;   /* of the column */
} fields[] = {
    { "name", "Name", "\"id\":\"title\",\"type\":\"title\",\"title\":{}", "TEXT" },
    { "email", "E-mail", "\"id\":\"Em%3Al\",\"type\":\"email\",\"email\":{}", "TEXT" },
    { "phone", "Phone", "\"id\":\"ph%5Bn\",\"type\":\"phone_number\",\"phone_number\":{}", "TEXT" },
    { "company", "Company",
      "\"id\":\"c%3Fmp\",\"type\":\"select\",\"select\":{\"options\":[{\"id\":\"o1\",\"name\":"
      "\"Bletchley Ltd\",\"color\":\"blue\"}]}",
      "TEXT" },
    { "stage", "Stage",
      "\"id\":\"s%3AxQ\",\"type\":\"status\",\"status\":{\"options\":[{\"id\":\"o2\",\"name\":"
      "\"Lead\","
      "\"color\":\"gray\"}],\"groups\":[]}",
      "TEXT" },
    { "tags", "Tags",
      "\"id\":\"g8Lm\",\"type\":\"multi_select\",\"multi_select\":{\"options\":[{\"id\":\"o3\","
      "\"name\":"
      "\"press\",\"color\":\"red\"},{\"id\":\"o4\",\"name\":\"vip\",\"color\":\"pink\"}]}",
      "TEXT" },
    { "score", "Score", "\"id\":\"Ab%3Ec\",\"type\":\"number\",\"number\":{\"format\":\"number\"}",
      "REAL" },
    { "next_call", "Next call", "\"id\":\"Zt4e\",\"type\":\"date\",\"date\":{}", "DATE" },
    { "newsletter", "Newsletter", "\"id\":\"d%5Dne\",\"type\":\"checkbox\",\"checkbox\":{}",
      "BOOLEAN" },
    { "notes", "Notes", "\"id\":\"n%25(1\",\"type\":\"rich_text\",\"rich_text\":{}", "TEXT" },
};
#define FIELDS ((int)(sizeof(fields) / sizeof(fields[0])))

/* One item of rich text, as Notion spells it. */
#define TEXT(format)                                                                               \
    "[{\"type\":\"text\",\"text\":{\"content\":\"" format                                          \
    "\",\"link\":null},\"annotations\":{\"bold\":false,\"italic\":false,\"strikethrough\":false,"  \
    "\"underline\":false,\"code\":false,\"color\":\"default\"},\"plain_text\":\"" format           \
    "\",\"href\":null}]"

static const char *page_text(int n)
{
    static const char user[] =
        "{\"object\":\"user\",\"id\":\"b0b0b0b0-0000-4000-8000-000000000002\"}";

    return apr_psprintf(
        pool,
        "{\"object\":\"page\",\"id\":\"eeeeeeee-0000-4000-8000-%012d\",\"created_time\":"
        "\"2026-11-20T08:%02d:00.000Z\",\"last_edited_time\":\"2026-11-20T09:%02d:00.000Z\","
        "\"created_by\":%s,\"last_edited_by\":%s,\"cover\":null,\"icon\":null,\"parent\":{\"type\":"
        "\"data_source_id\",\"data_source_id\":\"" SOURCE "\",\"database_id\":"
        "\"ffffffff-0000-4000-8000-000000000001\"},\"in_trash\":false,\"is_archived\":false,"
        "\"is_locked\":false,\"properties\":{"
        "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":" TEXT(
            "Contact number %d") "},"
                                 "\"E-mail\":{\"id\":\"Em%%3Al\",\"type\":\"email\",\"email\":"
                                 "\"contact%d@example.org\"},"
                                 "\"Phone\":{\"id\":\"ph%%5Bn\",\"type\":\"phone_number\",\"phone_"
                                 "number\":\"+49 30 %07d\"},"
                                 "\"Company\":{\"id\":\"c%%3Fmp\",\"type\":\"select\",\"select\":{"
                                 "\"id\":\"o1\",\"name\":"
                                 "\"Bletchley Ltd\",\"color\":\"blue\"}},"
                                 "\"Stage\":{\"id\":\"s%%3AxQ\",\"type\":\"status\",\"status\":{"
                                 "\"id\":\"o2\",\"name\":\"Lead\","
                                 "\"color\":\"gray\"}},"
                                 "\"Tags\":{\"id\":\"g8Lm\",\"type\":\"multi_select\",\"multi_"
                                 "select\":[{\"id\":\"o3\",\"name\":"
                                 "\"press\",\"color\":\"red\"},{\"id\":\"o4\",\"name\":\"vip\","
                                 "\"color\":\"pink\"}]},"
                                 "\"Score\":{\"id\":\"Ab%%3Ec\",\"type\":\"number\",\"number\":%d."
                                 "5},"
                                 "\"Next "
                                 "call\":{\"id\":\"Zt4e\",\"type\":\"date\",\"date\":{\"start\":"
                                 "\"2026-12-%02d\",\"end\":"
                                 "null,\"time_zone\":null}},"
                                 "\"Newsletter\":{\"id\":\"d%%5Dne\",\"type\":\"checkbox\","
                                 "\"checkbox\":%s},"
                                 "\"Notes\":{\"id\":\"n%%25(1\",\"type\":\"rich_text\",\"rich_"
                                 "text\":" TEXT("Called on Monday, asks for an offer by the end of "
                                                "week %d.") "}},"
                                                            "\"url\":\"https://app.notion.com/p/"
                                                            "eeeeeeee00004000800000000%07d\","
                                                            "\"public_url\":null}",
        n, n % 60, n % 60, user, user, n, n, n, n, n, n % 28 + 1, n % 2 ? "true" : "false", n % 52,
        n % 52, n);
}

static void make_bodies(void)
{
    int count = (records + PAGE - 1) / PAGE;
    int n = 0;
    int i;

    bodies = apr_pcalloc(pool, (apr_size_t)count * sizeof(*bodies));
    for (i = 0; i < count; i++) {
        apr_pool_t *parts_pool;
        apr_array_header_t *parts;
        const char *more = "false,\"next_cursor\":null";

        must(apr_pool_create(&parts_pool, pool), "pool");
        parts = apr_array_make(parts_pool, PAGE, sizeof(const char *));
        for (; parts->nelts < PAGE && n < records; n++) {
            APR_ARRAY_PUSH(parts, const char *) = page_text(n + 1);
        }
        if (i < count - 1) {
            more = "true,\"next_cursor\":\"c\"";
        }
        bodies[i] = apr_pstrcat(pool, "{\"object\":\"list\",\"results\":[",
                                apr_array_pstrcat(parts_pool, parts, ','), "],\"has_more\":", more,
                                ",\"type\":\"page_or_data_source\",\"page_or_data_source\":{},"
                                "\"request_status\":{\"type\":\"complete\"},\"request_id\":\"r\"}",
                                NULL);
        apr_pool_destroy(parts_pool);
    }
}

static const char *source_text(void)
{
    const char *list = "";
    int i;

    for (i = 0; i < FIELDS; i++) {
        list = apr_pstrcat(pool, list, i ? ",\"" : "\"", fields[i].property, "\":{\"name\":\"",
                           fields[i].property, "\",", fields[i].schema, "}", NULL);
    }
    return apr_pstrcat(pool,
                       "{\"object\":\"data_source\",\"id\":\"" SOURCE "\",\"title\":[],"
                       "\"in_trash\":false,\"properties\":{",
                       list, "}}", NULL);
}

static void make_rows(const char *path)
{
    const char *sql = "CREATE TABLE contacts (id INTEGER PRIMARY KEY";
    sqlite3 *db;
    int i;

    for (i = 0; i < FIELDS; i++) {
        sql = apr_pstrcat(pool, sql, ", ", fields[i].column, " ", fields[i].type, NULL);
    }
    sql = apr_pstrcat(
        pool, "PRAGMA journal_mode=WAL; BEGIN; ", sql,
        "); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ",
        apr_itoa(pool, records),
        ") INSERT INTO contacts SELECT n, 'Contact number ' || n, 'contact' || n || '@example.org',"
        " printf('+49 30 %07d', n), 'Bletchley Ltd', 'Lead', 'press,vip', n + 0.5,"
        " printf('2026-12-%02d', n % 28 + 1), n % 2, printf('Called on Monday, asks for an offer by"
        " the end of week %d.', n % 52) FROM c; COMMIT;",
        NULL);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        die(sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

/* --- asking */

/* Notion, whose part is played by texts. */
static nts_answer_t *ask_notion(const nts_ask_t *ask, apr_pool_t *p)
{
    static const nts_http_header_t header = { "Content-Type", "application/json; charset=utf-8" };
    nts_http_answer_t http = { .transport = NTS_HTTP_ANSWERED, .status = 200 };
    const nts_http_request_t *request;
    const nts_answer_t *answer = NULL;
    nts_op_t *op;

    must(nts_connector_notion.begin(&op, notion, ask, p), "ask");
    if (nts_connector_notion.step(op, NULL, &request, &answer) == NTS_OP_SEND) {
        http.body = ask->kind == NTS_ASK_WHO
                        ? "{\"object\":\"user\",\"id\":\"b0b0b0b0-0000-4000-8000-000000000001\","
                          "\"type\":\"bot\",\"bot\":{}}"
                    : ask->kind == NTS_ASK_DESCRIBE ? source_text()
                                                    : bodies[body_at++];
        http.body_len = strlen(http.body);
        http.headers = &header;
        http.header_count = 1;
        http.sent_at = http.answered_at = apr_time_now();
        if (nts_connector_notion.step(op, &http, &request, &answer) != NTS_OP_DONE) {
            die("Notion is asked twice");
        }
    }
    return (nts_answer_t *)answer;
}

static nts_answer_t *ask_side(const nts_ask_t *ask, apr_pool_t *p)
{
    nts_answer_t *answer;

    if (ask->side == NTS_NOTION) {
        answer = ask_notion(ask, p);
    }
    else {
        answer = apr_pcalloc(p, sizeof(*answer));
        nts_connector_sql.perform(external, ask, answer, p);
    }
    if (answer->result != NTS_RESULT_OK) {
        words = answer->outcome;
        die(nts_ask_name(ask->kind));
    }
    return answer;
}

static nts_schema_t *describe(nts_side_t side)
{
    nts_ask_t ask = { .kind = NTS_ASK_DESCRIBE, .side = side, .mapping = &mapping };

    return ask_side(&ask, pool)->schema;
}

/* --- the store, and what is linked in it */

static void open_store(const char *directory)
{
    nts_store_config_t config = { .driver = "sqlite3" };

    config.params = apr_pstrcat(pool, directory, "/compare-state.db", NULL);
    must(nts_store_migrate(&config, &words, pool), "migrate");
    must(nts_store_open(&store, &config, &words, pool), "open the store");
}

static void open_sides(const char *directory)
{
    static nts_service_t services[2];
    static const nts_service_t *list[2] = { &services[0], &services[1] };
    static nts_mapping_t *mappings[1] = { &mapping };
    nts_setup_t setup = { list, 2, mappings, 1 };
    nts_ask_t who = { .kind = NTS_ASK_WHO, .side = NTS_NOTION, .mapping = &mapping };
    nts_outcome_t *outcomes = apr_pcalloc(pool, FIELDS * sizeof(*outcomes));
    int i;

    services[0] = (nts_service_t){ .vhost = "", .name = "work", .kind = NTS_SERVICE_NOTION };
    services[1] = (nts_service_t){ .vhost = "", .name = "crm", .kind = NTS_SERVICE_SQL };
    services[1].database_driver = "sqlite";
    services[1].database = apr_pstrcat(pool, directory, "/compare-rows.db", NULL);
    make_rows(services[1].database);
    mapping = (nts_mapping_t){ .vhost = "", .name = "contacts", .data_source = SOURCE };
    mapping.notion = &services[0];
    mapping.external = &services[1];
    mapping.traits[NTS_NOTION] = &nts_traits_notion;
    mapping.traits[NTS_EXTERNAL] = &nts_traits_sql;
    mapping.collection = "contacts";
    mapping.conflict = NTS_CONFLICT_LAST_WRITE;
    mapping.pair_count = FIELDS;
    mapping.pairs = apr_pcalloc(pool, FIELDS * sizeof(nts_pair_t));
    for (i = 0; i < FIELDS; i++) {
        mapping.pairs[i].notion = fields[i].property;
        mapping.pairs[i].external = fields[i].column;
        mapping.pairs[i].options.format = strcmp(fields[i].column, "tags") ? 0 : NTS_FORMAT_CSV;
        mapping.pairs[i].options.options_create[NTS_NOTION] = 1;
    }
    must(nts_store_put_setup(store, &setup, pool), "setup");
    must(nts_store_own_group(&epoch, store, "g"), "group");
    must(nts_connector_notion.open(&notion, &services[0], "t", &nts_clock_system, &words, pool),
         "Notion");
    must(nts_connector_sql.open(&external, &services[1], NULL, &nts_clock_system, &words, pool),
         "rows");
    (void)ask_side(&who, pool);
    if (nts_mapping_bind(&mapping, describe(NTS_NOTION), describe(NTS_EXTERNAL), outcomes, pool) !=
        APR_SUCCESS) {
        for (i = 0; i < FIELDS && !outcomes[i].what; i++) {
        }
        words = outcomes[i];
        die("bind");
    }
}

static void put_link(const nts_record_t *page, const nts_record_t *row, apr_pool_t *p)
{
    nts_link_t link = { .page = page->id, .key = row->id, .state = NTS_LINK_ACTIVE };
    nts_commit_t commit = { .link = &link };
    nts_commit_result_t result;
    const char *why;
    int i;

    for (i = 0; i < FIELDS; i++) {
        nts_base_t *base = nts_link_base_make(&link, mapping.pairs[i].id, p);

        base->value[NTS_NOTION] = page->values[i];
        base->value[NTS_EXTERNAL] = row->values[i];
        base->seen[NTS_NOTION] = base->seen[NTS_EXTERNAL] = apr_time_now();
    }
    must(nts_store_apply(&result, &why, store, &mapping, "g", epoch, &commit, p), "link");
}

static void link_all(void)
{
    apr_pool_t *p;
    int i;

    must(apr_pool_create(&p, pool), "pool");
    for (body_at = 0; body_at < (records + PAGE - 1) / PAGE;) {
        nts_ask_t list = { .kind = NTS_ASK_LIST, .side = NTS_NOTION, .mapping = &mapping };
        nts_ask_t read = { .kind = NTS_ASK_READ_MANY, .side = NTS_EXTERNAL, .mapping = &mapping };
        const nts_answer_t *pages = ask_side(&list, p);
        const char *keys[PAGE];
        const nts_answer_t *rows;

        for (i = 0; i < pages->record_count; i++) {
            keys[i] = apr_itoa(p, (int)apr_atoi64(pages->records[i].id + 24));
        }
        read.ids = keys;
        read.id_count = pages->record_count;
        rows = ask_side(&read, p);
        must(nts_store_begin(store, apr_time_from_sec(1)), "begin");
        for (i = 0; i < pages->record_count; i++) {
            put_link(&pages->records[i], &rows->records[i], p);
        }
        must(nts_store_commit(store), "commit");
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
}

/* --- the comparison */

/* Processor time of a whole scan, in seconds. */
static double run(nts_scan_kind_t kind)
{
    nts_scan_config_t config = { .kind = kind, .mapping = &mapping };
    double start;
    nts_reply_t reply = { 0 };
    const nts_reply_t *fed = NULL;
    nts_scan_t *scan;
    apr_pool_t *p;

    must(apr_pool_create(&p, pool), "pool");
    must(nts_store_max_link(&config.max_link, store), "links");
    config.since = kind == NTS_SCAN_INCREMENTAL ? 1 : 0;
    body_at = 0;
    start = processor_seconds();
    scan = nts_scan_create(&config, p);
    while (nts_scan_step(scan, fed, apr_time_now()) == NTS_STEP_CALL) {
        const nts_call_t *call = nts_scan_call(scan);
        nts_link_t **links = NULL;

        memset(&reply, 0, sizeof(reply));
        fed = &reply;
        if (call->kind == NTS_CALL_LOOKUP) {
            must(nts_store_lookup(&links, &reply.link_count, store, mapping.id, call->lookup_side,
                                  call->lookup_ids, call->lookup_count, call->lookup_after,
                                  call->lookup_limit, nts_scan_pool(scan)),
                 "lookup");
            reply.links = links;
        }
        else if (call->kind == NTS_CALL_ASK) {
            reply.answer = ask_side(&call->ask, nts_scan_pool(scan));
        }
        else {
            die("there was something to do");
        }
    }
    if (nts_scan_report(scan)->seen[NTS_NOTION] != records || nts_scan_report(scan)->spawned != 0) {
        die("not all was compared");
    }
    start = processor_seconds() - start;
    apr_pool_destroy(p);
    return start;
}

int main(int argc, char **argv)
{
    double pages;
    double full;

    if (argc != 3 || (records = (int)strtol(argv[2], NULL, 10)) < 1) {
        fprintf(stderr, "usage: compare DIRECTORY RECORDS\n");
        return 2;
    }
    (void)apr_initialize();
    must(apr_pool_create(&pool, NULL), "pool");
    open_store(argv[1]);
    open_sides(argv[1]);
    make_bodies();
    link_all();
    (void)run(NTS_SCAN_INCREMENTAL); /* the files are in memory from now on */
    pages = run(NTS_SCAN_INCREMENTAL);
    full = run(NTS_SCAN_FULL);
    printf("{\"records\":%d,\"compare_s\":%.6f,\"full_s\":%.6f,\"bytes\":%d}\n", records, pages,
           full, (int)strlen(page_text(1)));
    nts_store_close(store);
    nts_connector_sql.close(external);
    nts_connector_notion.close(notion);
    apr_terminate();
    return 0;
}
