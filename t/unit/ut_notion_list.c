/* Proves: listings go in windows that Notion's cap cannot hide rows behind, their end is complete only when it
 * is proven, large answers are asked for in smaller ones, and a lookup finds exactly our own pages that hold
 * what was sent. */
#include "unit/ut_notion.h"

#define QUERY "/data_sources/" DATA_SOURCE "/query" FILTER
#define BY_CREATED "\"sorts\":[{\"timestamp\":\"created_time\",\"direction\":\"ascending\"}]"
#define BY_EDITED "\"sorts\":[{\"timestamp\":\"last_edited_time\",\"direction\":\"ascending\"}]"
#define ADA "dddddddd-0000-4000-8000-000000000001"
#define MORE(cursor) "\"has_more\":true,\"next_cursor\":\"" cursor "\""
#define END "\"has_more\":false,\"next_cursor\":null"
#define CUT                                                                                        \
    END ",\"request_status\":{\"type\":\"incomplete\",\"incomplete_reason\":"                      \
        "\"query_result_limit_reached\"}"

static const char *page_id(int n)
{
    return apr_psprintf(pool, "eeeeeeee-0000-4000-8000-%012d", n);
}

static const char *row(int n, const char *time)
{
    return ut_page(page_id(n), time, BOT,
                   "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":" TEXT("x") "}");
}

static const char *rows(const char *results, const char *end)
{
    return apr_pstrcat(
        pool,
        "{\"object\":\"list\",\"type\":\"page_or_data_source\",\"page_or_data_source\":{},"
        "\"results\":[",
        results, "],", end, ",\"request_id\":\"r\"}", NULL);
}

/* The next part of a listing. */
static talk_t next(nts_ask_t *ask, const talk_t *before)
{
    ask->listing.cursor = apr_pstrdup(pool, before->answer->cursor);
    return ut_begin(ask);
}

static void test_full(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);
    talk_t talk = ut_begin(&ask);

    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"page_size\":100}", "the first page");
    ut_reply(&talk, 200,
             rows(apr_pstrcat(pool, row(1, "2026-11-20T08:03:00.000Z"), ",",
                              row(2, "2026-11-20T08:04:00.000Z"), NULL),
                  MORE("c1/+=")));
    if (ut_result_is(&talk, NTS_RESULT_OK, "two rows")) {
        tap_int(talk.answer->record_count, 2, "two records");
        tap_str(talk.answer->records[1].id, page_id(2), "in order");
        tap_str(ut_text(&talk.answer->records[0].values[NAME], pool), "\"x\"", "with values");
        tap_ok(talk.answer->cursor && !talk.answer->complete, "and more to come");
    }
    talk = next(&ask, &talk);
    ut_request_is(&talk, "POST", QUERY,
                  "{" BY_CREATED ",\"start_cursor\":\"c1/+=\",\"page_size\":100}",
                  "the second page, by Notion's cursor as it came");
    ut_reply(&talk, 200, rows("", END));
    ut_result_is(&talk, NTS_RESULT_OK, "no more rows");
    tap_ok(!talk.answer->cursor && talk.answer->complete, "the end is proven");
    talk = next(&ask, &talk);
    ut_reply(&talk, 200, rows("", END ",\"request_status\":{\"type\":\"complete\"}"));
    tap_ok(talk.answer->complete, "or said to be");
    ask.listing.limit = 5;
    talk = ut_begin(&ask);
    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"page_size\":5}", "a limit");
}

static void test_cap(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, rows(row(1, "2026-11-20T08:03:00.000Z"), MORE("c1")));
    talk = next(&ask, &talk);
    ut_reply(&talk, 200, rows(row(2, "2026-11-20T09:00:00.000Z"), CUT));
    ut_result_is(&talk, NTS_RESULT_OK, "a listing that Notion cut");
    tap_ok(talk.answer->cursor && !talk.answer->complete && talk.answer->record_count == 1,
           "is not at its end");
    talk = next(&ask, &talk);
    ut_request_is(&talk, "POST", QUERY,
                  "{\"filter\":{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":"
                  "\"2026-11-20T09:00:00.000Z\"}}," BY_CREATED ",\"page_size\":100}",
                  "the next window begins at the last row's minute");
    ut_reply(&talk, 200, rows(row(2, "2026-11-20T09:00:00.000Z"), MORE("c2")));
    talk = next(&ask, &talk);
    ut_request_is(&talk, "POST", QUERY,
                  "{\"filter\":{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":"
                  "\"2026-11-20T09:00:00.000Z\"}}," BY_CREATED
                  ",\"start_cursor\":\"c2\",\"page_size\":100}",
                  "and goes on by cursor");
    ut_reply(&talk, 200, rows("", CUT));
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "a minute with more rows than the cap");
    tap_str(talk.answer->outcome.code, "notion.listing_cut", "cannot be listed");
    tap_ok(talk.answer->record_count == 0 && !talk.answer->complete && talk.answer->outcome.advice,
           "%s", talk.answer->outcome.what);
    ask.listing.cursor = NULL;
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rows("", CUT));
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "cut without a row");
    ask.listing.edited_since = ut_now(NULL);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rows("", CUT));
    tap_str(talk.answer->outcome.advice, "a full run sees all of them",
            "of edits a full run helps");
    ask = ut_ask(NTS_ASK_FIND);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rows("", CUT));
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "a lookup that is cut is tried again");
    tap_int(talk.answer->outcome.remedy, NTS_REMEDY_RETRY, "and holds up nobody else");
}

static void test_edited(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);
    talk_t talk;

    (void)nts_time_parse(&ask.listing.edited_since, "2026-11-22T10:15:42.118Z");
    talk = ut_begin(&ask);
    ut_request_is(
        &talk, "POST", QUERY,
        "{\"filter\":{\"timestamp\":\"last_edited_time\",\"last_edited_time\":{\"on_or_after\":"
        "\"2026-11-22T10:15:00.000Z\"}}," BY_EDITED ",\"page_size\":100}",
        "edits since, floored to the minute");
    (void)nts_time_parse(&ask.listing.edited_before, "2026-11-22T10:20:00Z");
    talk = ut_begin(&ask);
    ut_request_is(
        &talk, "POST", QUERY,
        "{\"filter\":{\"and\":[{\"timestamp\":\"last_edited_time\",\"last_edited_time\":"
        "{\"on_or_after\":\"2026-11-22T10:15:00.000Z\"}},{\"timestamp\":\"last_edited_time\","
        "\"last_edited_time\":{\"before\":\"2026-11-22T10:20:00.000Z\"}}]}," BY_EDITED
        ",\"page_size\":100}",
        "edits of some minutes");
    ut_reply(&talk, 200, rows(row(1, "2026-11-22T10:17:00.000Z"), CUT));
    talk = next(&ask, &talk);
    ut_request_is(
        &talk, "POST", QUERY,
        "{\"filter\":{\"and\":[{\"timestamp\":\"last_edited_time\",\"last_edited_time\":"
        "{\"on_or_after\":\"2026-11-22T10:17:00.000Z\"}},{\"timestamp\":\"last_edited_time\","
        "\"last_edited_time\":{\"before\":\"2026-11-22T10:20:00.000Z\"}}]}," BY_EDITED
        ",\"page_size\":100}",
        "their next window");
    ask = ut_ask(NTS_ASK_LIST);
    (void)nts_time_parse(&ask.listing.edited_before, "2026-11-22T10:20:00Z");
    talk = ut_begin(&ask);
    ut_request_is(
        &talk, "POST", QUERY,
        "{\"filter\":{\"timestamp\":\"last_edited_time\",\"last_edited_time\":{\"before\":"
        "\"2026-11-22T10:20:00.000Z\"}}," BY_EDITED ",\"page_size\":100}",
        "edits before");
}

static void test_rows(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);
    talk_t talk = ut_begin(&ask);
    const char *cut = "";
    char *trashed = apr_pstrdup(pool, row(2, "2026-11-20T08:04:00.000Z"));

    for (int i = 0; i < 25; i++) {
        cut = apr_pstrcat(pool, cut, i ? "," : "", "{\"type\":\"mention\",\"plain_text\":\"@\"}",
                          NULL);
    }
    memcpy(strstr(trashed, "\"in_trash\":false") + 11, "true ", 5);
    ut_reply(
        &talk, 200,
        rows(apr_pstrcat(pool,
                         ut_page(page_id(1), "2026-11-20T08:03:00.000Z", ADA,
                                 apr_pstrcat(pool,
                                             "\"Notes\":{\"id\":\"n%25(1\",\"type\":\"rich_text\","
                                             "\"rich_text\":[",
                                             cut, "]}", NULL)),
                         ",", trashed,
                         ",{\"object\":\"data_source\",\"id\":\"" DATA_SOURCE
                         "\",\"created_time\":\"2026-11-20T09:04:00.000Z\",\"properties\":{}}",
                         NULL),
             CUT));
    ut_result_is(&talk, NTS_RESULT_OK, "rows");
    tap_int(talk.answer->record_count, 2, "a wiki's data source is no record");
    tap_ok(talk.answer->records[0].values[NOTES].truncated && !talk.answer->records[0].by_us,
           "a value that may be cut is marked");
    tap_ok(talk.answer->records[1].trashed && talk.answer->records[1].by_us,
           "a trashed row is told as such");
    talk = next(&ask, &talk);
    tap_ok(talk.request && strstr(talk.request->body, "2026-11-20T09:04") != NULL,
           "a window goes on behind every kind of row");
}

static void test_bad_answers(void)
{
    static const char *const bad[] = {
        "{\"object\":\"list\",\"results\":[],\"has_more\":true,\"next_cursor\":null}",
        "{\"object\":\"list\",\"results\":[]}",
        "{\"object\":\"list\",\"results\":{},\"has_more\":false}",
        "{\"object\":\"list\",\"results\":[{\"object\":\"page\",\"id\":\"x\"}],\"has_more\":false}",
        "{\"object\":\"list\",\"results\":[{\"object\":\"page\",\"id\":\"" PAGE_1
        "\",\"created_time\":\"2026-11-20T09:04:00.000Z\"}],\"has_more\":false}",
        "{\"object\":\"list\",\"results\":[1],\"has_more\":false}",
        "{\"object\":\"list\",\"resul",
        "[]",
        "",
    };
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);

    for (int i = 0; i < (int)(sizeof(bad) / sizeof(bad[0])); i++) {
        talk_t talk = ut_begin(&ask);

        ut_reply(&talk, 200, bad[i]);
        ut_result_is(&talk, NTS_RESULT_NOT_DONE, bad[i]);
        tap_ok(!talk.answer->complete && !talk.answer->cursor && talk.answer->record_count == 0,
               "is no listing");
    }
    ask.listing.cursor = "rubbish";
    {
        talk_t talk = ut_begin(&ask);

        ut_result_is(&talk, NTS_RESULT_REFUSED, "a cursor that is not ours");
    }
}

static void test_smaller(void)
{
    static const int sizes[] = { 50, 25, 12, 10 };
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);
    nts_http_answer_t cut = { .transport = NTS_HTTP_FATE_UNKNOWN, .words = "timed out" };
    talk_t talk = ut_begin(&ask);

    for (int i = 0; i < 4; i++) {
        ut_reply(&talk, 504,
                 "{\"object\":\"error\",\"status\":504,\"code\":\"gateway_timeout\","
                 "\"message\":\"Gateway Timeout\"}");
        ut_request_is(&talk, "POST", QUERY,
                      apr_psprintf(pool, "{" BY_CREATED ",\"page_size\":%d}", sizes[i]),
                      "after a 504 a smaller page");
    }
    ut_reply(&talk, 504, "");
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "not smaller than ten");
    tap_int(talk.answer->requests, 5, "five requests");
    talk = ut_begin(&ask);
    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"page_size\":10}",
                  "the next one begins small");
    for (int i = 0; i < 7; i++) {
        ut_reply(&talk, 200, rows(row(1, "2026-11-20T08:03:00.000Z"), MORE("c1")));
        talk = next(&ask, &talk);
    }
    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"start_cursor\":\"c1\",\"page_size\":10}",
                  "and goes on small");
    ut_reply(&talk, 200, rows(row(1, "2026-11-20T08:03:00.000Z"), MORE("c1")));
    talk = next(&ask, &talk);
    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"start_cursor\":\"c1\",\"page_size\":20}",
                  "until that has worked eight times");
    ut_step(&talk, &cut);
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "a cut answer");
    talk = ut_begin(&ask);
    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"start_cursor\":\"c1\",\"page_size\":10}",
                  "is asked for in smaller pieces when it is tried again");
    ut_reply(&talk, 429, "{\"code\":\"rate_limited\"}");
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "a 429");
    talk = ut_begin(&ask);
    ut_request_is(&talk, "POST", QUERY, "{" BY_CREATED ",\"start_cursor\":\"c1\",\"page_size\":10}",
                  "says nothing about sizes");
    ut_open(1);
}

static void test_cursor_refused(void)
{
    static const char refused[] =
        "{\"object\":\"error\",\"status\":400,\"code\":\"validation_error\",\"message\":"
        "\"The start_cursor provided is invalid: c1\"}";
    nts_ask_t ask = ut_ask(NTS_ASK_LIST);
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, rows(row(1, "2026-11-20T08:03:00.000Z"), MORE("c1")));
    talk = next(&ask, &talk);
    ut_reply(&talk, 400, refused);
    ut_request_is(&talk, "POST", QUERY,
                  "{\"filter\":{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":"
                  "\"2026-11-20T08:03:00.000Z\"}}," BY_CREATED ",\"page_size\":100}",
                  "an old cursor gives way to a window");
    ut_reply(&talk, 200, rows(row(1, "2026-11-20T08:03:00.000Z"), MORE("c2")));
    talk = next(&ask, &talk);
    ut_reply(&talk, 400, refused);
    ut_request_is(&talk, "POST", QUERY,
                  "{\"filter\":{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":"
                  "\"2026-11-20T08:03:00.000Z\"}}," BY_CREATED ",\"page_size\":100}",
                  "or to the same window again");
    ut_reply(&talk, 400, refused);
    ut_result_is(&talk, NTS_RESULT_BLOCKED,
                 "a complaint about a cursor that was not sent is no such thing");
}

static const char *made(int n, const char *author, const char *name, const char *quantity)
{
    return ut_page(
        page_id(n), "2026-11-22T10:15:00.000Z", author,
        apr_pstrcat(pool, "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":", name,
                    "},\"Qty\":{\"id\":\"Ab%3Ec\",\"type\":\"number\",\"number\":", quantity,
                    "},\"Notes\":{\"id\":\"n%25(1\",\"type\":\"rich_text\",\"rich_text\":[]},"
                    "\"Stage\":{\"id\":\"s%3AxQ\",\"type\":\"status\",\"status\":{\"id\":\"o1\","
                    "\"name\":\"Open\"}},\"Tags\":{\"id\":\"g8Lm\",\"type\":\"multi_select\","
                    "\"multi_select\":[]}",
                    NULL));
}

static void test_find(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_FIND);
    nts_value_t *values = ut_values();
    talk_t talk;

    values[NAME] = nts_value_text("x");
    (void)nts_value_number(&values[QTY], "5", pool);
    values[NOTES] = nts_value_null;
    values[TAGS] = nts_value_set(NULL, 0, pool);
    values[STAGE] = nts_value_option(NULL, "Open");
    ask.values = values;
    (void)nts_time_parse(&ask.listing.edited_since, "2026-11-22T10:15:42Z");
    ut_open(0);
    talk = ut_begin(&ask);
    ut_request_is(&talk, "GET", "/users/me", NULL, "who are we");
    ut_reply(&talk, 200, ME);
    ut_request_is(&talk, "POST", QUERY,
                  "{\"filter\":{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":"
                  "\"2026-11-22T10:15:00.000Z\"}}," BY_CREATED ",\"page_size\":100}",
                  "pages made since the minute of the intent");
    ut_reply(
        &talk, 200,
        rows(apr_pstrcat(pool, made(1, ADA, TEXT("x"), "5"), ",", made(2, BOT, TEXT("x"), "5"), ",",
                         made(3, BOT, TEXT("x"), "6"), ",", made(4, BOT, TEXT("y"), "5"), NULL),
             MORE("c1")));
    ut_request_is(&talk, "POST", QUERY,
                  "{\"filter\":{\"timestamp\":\"created_time\",\"created_time\":{\"on_or_after\":"
                  "\"2026-11-22T10:15:00.000Z\"}}," BY_CREATED
                  ",\"start_cursor\":\"c1\",\"page_size\":100}",
                  "all of them");
    ut_reply(&talk, 200,
             rows(apr_pstrcat(pool, made(2, BOT, TEXT("x"), "5.0"), ",",
                              made(5, BOT, TEXT("x"), "5"), NULL),
                  END));
    if (ut_result_is(&talk, NTS_RESULT_OK, "found") &&
        tap_int(talk.answer->record_count, 2, "two")) {
        tap_str(talk.answer->records[0].id, page_id(2), "one once, though listed twice");
        tap_str(talk.answer->records[1].id, page_id(5), "and the other");
        tap_str(ut_text(&talk.answer->records[0].values[NAME], pool), "\"x\"", "with values");
        tap_int(talk.answer->requests, 3, "three requests");
    }
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rows(made(2, BOT, TEXT("x"), "5"), MORE("c1")));
    ut_reply(&talk, 502, "<html>");
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "half a lookup");
    tap_int(talk.answer->record_count, 0, "finds nothing");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rows("", END));
    ut_result_is(&talk, NTS_RESULT_OK, "none");
    tap_int(talk.answer->record_count, 0, "found");
    values[MADE] = nts_value_null;
    values[DONE] = nts_value_bool(0);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rows(made(2, BOT, TEXT("x"), "5"), END));
    tap_int(talk.answer->record_count, 0, "a value that the row does not show is not held");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(1);
    test_full();
    test_cap();
    test_edited();
    test_rows();
    test_bad_answers();
    test_smaller();
    test_cursor_refused();
    test_find();
    apr_terminate();
    return tap_done();
}
