/* ut_notion_held.c - files that Notion keeps: the other side sees links that stay, writes keep the files as they are, and
 * nobody is sent to where Notion keeps none. */
#include "unit/ut_notion.h"

#define SOME_TIME "2026-11-20T08:03:00.000Z"
#define EXPIRY "2026-11-22T11:15:42.000Z"
#define BASE "https://example.org/files"
#define HOST "https://prod-files-secure.s3.us-west-2.amazonaws.com"
#define PLAN                                                                                       \
    "/11111111-0000-4000-8000-000000000001/22222222-0000-4000-8000-000000000001/Pl%C3%A4ne.pdf"
#define NOTE "/11111111-0000-4000-8000-000000000001/22222222-0000-4000-8000-000000000002/note.txt"

#define HELD(name, address)                                                                        \
    "{\"name\":\"" name "\",\"type\":\"file\",\"file\":{\"url\":\"" address                        \
    "\",\"expiry_time\":\"" EXPIRY "\"}}"
#define ELSEWHERE(name, url)                                                                       \
    "{\"name\":\"" name "\",\"type\":\"external\",\"external\":{\"url\":\"" url "\"}}"

static const nts_key_t key = { { 7, 7, 7 } };

static nts_ask_t ask_for(nts_ask_kind_t kind)
{
    static const nts_type_t files = { .kind = NTS_TYPE_FILES, .native = "files", .nullable = 1 };
    static const nts_type_t column = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    static const nts_domain_options_t options = { 0 };
    const nts_type_t *types[2] = { &files, &column };
    nts_ask_t ask = ut_ask(kind);
    nts_mapping_t *mapping = ut_mapping();

    mapping->file_base = BASE;
    mapping->pair_count = 1;
    mapping->pairs[0].notion = "Docs";
    mapping->pairs[0].notion_id = "d%cs";
    (void)nts_domain_make(&mapping->pairs[0].domain, types, &options, NULL, pool);
    ask.mapping = mapping;
    return ask;
}

static const char *page_with(const char *files)
{
    return ut_page(PAGE_1, SOME_TIME, BOT,
                   apr_psprintf(pool,
                                "\"Docs\":{\"id\":\"d%%25cs\",\"type\":\"files\",\"files\":[%s]},"
                                "\"More\":{\"id\":\"more\",\"type\":\"files\",\"files\":[%s]}",
                                files, HELD("x", HOST "/a/unmapped")));
}

static const nts_value_t *read_page(const char *files)
{
    nts_ask_t ask = ask_for(NTS_ASK_READ);
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, page_with(files));
    return talk.answer->record->values;
}

/* What the column gets. */
static const char *column(const char *files)
{
    const nts_domain_t *domain = ask_for(NTS_ASK_READ).mapping->pairs[0].domain;
    nts_outcome_t out = { 0 };
    nts_value_t common;
    nts_value_t cell;

    if (nts_domain_project(&common, domain, NTS_NOTION, read_page(files), &out, pool) !=
            APR_SUCCESS ||
        nts_domain_render(&cell, domain, NTS_EXTERNAL, &common, &out, pool) != APR_SUCCESS) {
        return out.what;
    }
    return cell.as.text;
}

/* The body of an update that writes what a column holds to a page that shows @a files; or why there is none. */
static const char *written(const char *cell, const char *files)
{
    nts_ask_t ask = ask_for(NTS_ASK_UPDATE);
    const nts_domain_t *domain = ask.mapping->pairs[0].domain;
    nts_value_t text = nts_value_text(cell);
    nts_value_t common;
    nts_value_t value;
    talk_t talk;

    (void)nts_domain_project(&common, domain, NTS_EXTERNAL, &text, NULL, pool);
    (void)nts_domain_render(&value, domain, NTS_NOTION, &common, NULL, pool);
    ask.values = &value;
    ask.expected = read_page(files);
    talk = ut_begin(&ask);
    return talk.request ? talk.request->body : talk.answer->outcome.what;
}

#define BODY(files) "{\"properties\":{\"d%25cs\":{\"files\":[" files "]}}}"

static const char *link_of(const char *address)
{
    nts_file_name_t name;

    (void)nts_file_name_make(&name, ask_for(NTS_ASK_READ).mapping, NTS_NOTION, PAGE_1, "d%cs",
                             address, pool);
    return nts_file_link(&name, BASE, &key, pool);
}

static void the_column_does_not_change_with_the_address(void)
{
    const char *first = column(HELD("Pl\u00e4ne.pdf", HOST PLAN "?X-Amz-Signature=1"));

    tap_str(first, apr_psprintf(pool, "[\"%s\"]", link_of(HOST PLAN)), "the column gets a link");
    tap_str(column(HELD("Pl\u00e4ne.pdf", HOST PLAN "?X-Amz-Signature=2")), first,
            "and the same when Notion signs anew");
    tap_ok(strstr(column(HELD("a", HOST NOTE) "," ELSEWHERE("b", "https://e.org/b")),
                  "\"https://e.org/b\"") != NULL,
           "beside files elsewhere");
}

static void writes_keep_what_notion_keeps(void)
{
    const char *plan = link_of(HOST PLAN);
    const char *note = link_of(HOST NOTE);

    tap_str(written(apr_psprintf(pool, "[\"%s\",\"https://e.org/q.pdf\"]", plan),
                    HELD("Plan", HOST PLAN "?X-Amz-Signature=3")),
            BODY(HELD("Plan", HOST PLAN "?X-Amz-Signature=3") "," ELSEWHERE("q.pdf",
                                                                            "https://e.org/q.pdf")),
            "one is added beside a file that stays as Notion has just shown it");
    tap_str(written(apr_psprintf(pool, "[\"%s\"]", note),
                    HELD("Plan", HOST PLAN "?s=1") "," ELSEWHERE("b", "https://e.org/b") "," HELD(
                        "Note", HOST NOTE "?s=1")),
            BODY(HELD("Note", HOST NOTE "?s=1")), "others are taken out");
    tap_str(written("[\"https://e.org/b\"]",
                    HELD("Plan", HOST PLAN "?s=1") "," ELSEWHERE("b", "https://e.org/b")),
            BODY(ELSEWHERE("b", "https://e.org/b")), "or that file is");
}

static void links_are_no_files_elsewhere(void)
{
    const char *plan = link_of(HOST PLAN);
    nts_ask_t ask = ask_for(NTS_ASK_CREATE);
    nts_option_t option = { NULL, plan };
    nts_value_t set = nts_value_set(&option, 1, pool);
    talk_t talk;

    tap_ok(strstr(written(apr_psprintf(pool, "[\"%s\"]", plan), HELD("Note", HOST NOTE)),
                  "'Docs' (files): ") != NULL,
           "a file that is not on the page cannot be put there by its link");
    tap_ok(strstr(written(apr_psprintf(pool, "[\"http://old.example.org/x/%s\"]",
                                       strrchr(plan, '/') + 1),
                          HELD("Plan", HOST PLAN)),
                  "'Docs' (files): ") != NULL,
           "nor by one that led elsewhere");
    ask.values = &set;
    talk = ut_begin(&ask);
    tap_ok(!talk.request && talk.answer->result == NTS_RESULT_REFUSED, "nor on a new page");
    tap_str(talk.answer->outcome.field, "Docs", "of which only the field is refused");
}

/* A file that the Notion of the other side keeps: its link is an address like others here, under the name that it has there. */
static void links_of_the_other_side_are_files_here(void)
{
    nts_ask_t ask = ask_for(NTS_ASK_CREATE);
    nts_mapping_t elsewhere = *ask.mapping;
    nts_file_name_t name;
    nts_option_t option = { NULL, NULL };
    nts_value_t set, beside;
    talk_t talk;

    (void)nts_file_name_make(&name, ask.mapping, NTS_EXTERNAL, PAGE_2, "e%ad", HOST PLAN, pool);
    option.name = nts_file_link(&name, BASE, &key, pool);
    set = nts_value_set(&option, 1, pool);
    ask.values = &set;
    talk = ut_begin(&ask);
    tap_str(talk.request ? strstr(talk.request->body, "\"files\"") : "nothing",
            apr_psprintf(pool, "\"files\":[" ELSEWHERE("file", "%s") "]}}}", option.name),
            "a link to a file of the other side is written as it is");
    beside = set;
    beside.rich = apr_psprintf(pool,
                               "[{\"link\":\"https://e.org/"
                               "\",\"name\":\"x\"},{\"link\":\"%s\",\"name\":\"Pl\u00e4ne.pdf\"}]",
                               option.name);
    ask.beside = &beside;
    talk = ut_begin(&ask);
    tap_str(talk.request ? strstr(talk.request->body, "\"files\"") : "nothing",
            apr_psprintf(pool, "\"files\":[" ELSEWHERE("Pl\u00e4ne.pdf", "%s") "]}}}", option.name),
            "and called as it is called there");
    elsewhere.name = "another";
    (void)nts_file_name_make(&name, &elsewhere, NTS_EXTERNAL, PAGE_2, "e%ad", HOST PLAN, pool);
    option.name = nts_file_link(&name, BASE, &key, pool);
    set = nts_value_set(&option, 1, pool);
    talk = ut_begin(&ask);
    tap_ok(!talk.request && talk.answer->result == NTS_RESULT_REFUSED,
           "one of another mapping is refused");
}

static void what_is_called_how(void)
{
    const nts_value_t *shown = read_page(
        HELD("Plan", HOST NOTE "?X-Amz-Signature=1") "," ELSEWHERE("b", "https://e.org/b"));

    tap_str(shown->rich,
            apr_psprintf(pool,
                         "[{\"link\":\"%s\",\"name\":\"Plan\",\"file\":{\"url\":\"" HOST NOTE
                         "?X-Amz-Signature=1\",\"expiry_time\":\"" EXPIRY
                         "\"}},{\"link\":\"https://e.org/b\",\"name\":\"b\"}]",
                         link_of(HOST NOTE)),
            "beside the addresses goes what they are called");
}

static void long_names_are_cut(void)
{
    const char *body = written(apr_psprintf(pool, "[\"%s\"]", link_of(HOST NOTE)),
                               apr_psprintf(pool, HELD("%0101d", HOST NOTE), 7));

    tap_ok(strstr(body, apr_psprintf(pool, "\"name\":\"%0100d\"", 0)) != NULL,
           "a name that Notion shows and does not take is cut");
}

static void without_a_base_there_is_no_link(void)
{
    nts_ask_t ask = ask_for(NTS_ASK_READ);
    nts_mapping_t mapping = *ask.mapping;
    talk_t talk;

    mapping.file_base = NULL;
    ask.mapping = &mapping;
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, page_with(HELD("Plan", HOST PLAN)));
    tap_int(talk.answer->record->values[0].kind, NTS_VALUE_OPAQUE, "without NotionSyncFileBase");
    tap_ok(strstr(talk.answer->record->values[0].as.text, "NotionSyncFileBase") != NULL,
           "which says what would help");
}

/* --- where they can be fetched */

static talk_t fetch(const char *files)
{
    nts_ask_t ask = ask_for(NTS_ASK_FILES);
    talk_t talk = ut_begin(&ask);

    ut_request_is(&talk, "GET", "/pages/" PAGE_1 "?filter_properties=d%25cs", NULL, "files");
    ut_reply(&talk, 200, page_with(files));
    ut_result_is(&talk, NTS_RESULT_OK, "files");
    return talk;
}

static void addresses_are_told(void)
{
    talk_t talk =
        fetch(HELD("Plan", HOST PLAN "?X-Amz-Signature=9") "," ELSEWHERE("b", "https://e.org/b"));
    const nts_answer_t *answer = talk.answer;
    apr_time_t expiry = 0;
    nts_file_name_t name;

    (void)nts_time_parse(&expiry, EXPIRY);
    (void)nts_file_name_make(&name, ask_for(NTS_ASK_READ).mapping, NTS_NOTION, PAGE_1, "d%cs",
                             HOST PLAN, pool);
    if (tap_int(answer->file_count, 1, "one file that is Notion's, in a property that is mapped")) {
        tap_ok(nts_file_name_equal(&answer->files[0].name, &name), "known as its link knows it");
        tap_str(answer->files[0].address, HOST PLAN "?X-Amz-Signature=9", "where it is now");
        tap_int(answer->files[0].expires, expiry, "and for how long");
    }
    tap_int(answer->requests, 1, "one request");
    tap_str(answer->record->id, PAGE_1, "of that page");
}

static void nobody_is_sent_elsewhere(void)
{
    static const char *const others[] = {
        "http://prod-files-secure.s3.us-west-2.amazonaws.com/a/b",
        "https://amazonaws.com.example.org/a/b",
        "https://evilamazonaws.com/a/b",
        "https://x@prod-files-secure.s3.us-west-2.amazonaws.com/a/b",
        "https://example.org\\\\.amazonaws.com/a/b",
        "https://s3.amazonaws.com/a b",
        "https://s3.amazonaws.com/a\\r\\nSet-Cookie: x",
        "javascript://s3.amazonaws.com/a",
        "http://api.notion.com/a/b",
    };

    for (int i = 0; i < (int)(sizeof(others) / sizeof(others[0])); i++) {
        talk_t talk = fetch(apr_psprintf(pool, HELD("x", "%s"), others[i]));

        tap_ok(talk.answer->file_count == 1 && !talk.answer->files[0].address, "not to %s",
               others[i]);
    }
}

static void what_is_no_page_has_no_files(void)
{
    nts_ask_t ask = ask_for(NTS_ASK_FILES);
    talk_t talk = ut_begin(&ask);

    ut_reply(
        &talk, 404,
        "{\"object\":\"error\",\"status\":404,\"code\":\"object_not_found\",\"message\":\"x\"}");
    ut_result_is(&talk, NTS_RESULT_MISSING, "a page that is not there");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ut_open(1);
    nts_connector_notion.set_file_key(connection, &key);
    the_column_does_not_change_with_the_address();
    writes_keep_what_notion_keeps();
    links_are_no_files_elsewhere();
    links_of_the_other_side_are_files_here();
    what_is_called_how();
    long_names_are_cut();
    without_a_base_there_is_no_link();
    addresses_are_told();
    nobody_is_sent_elsewhere();
    what_is_no_page_has_no_files();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
