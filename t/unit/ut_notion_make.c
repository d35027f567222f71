/* Proves: properties that a data source lacks are made by one request which names nothing that is there, by name or by id; shown
 * only it is not sent; and what Notion refuses, or leaves open, is told as it is. */
#include "unit/ut_notion.h"

#define PATH "/data_sources/" DATA_SOURCE
#define SOURCE(properties)                                                                         \
    "{\"object\":\"data_source\",\"id\":\"" DATA_SOURCE "\",\"title\":[],\"properties\":{"         \
    "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":{}}" properties "}}"
#define QTY_THERE ",\"qty\":{\"id\":\"a%3Ab\",\"type\":\"rich_text\",\"rich_text\":{}}"

static const nts_option_t stages[] = { { NULL, "new" }, { NULL, "wo\"n" } };

static const nts_schema_field_t lacking[] = {
    { "qty", "qty", { .kind = NTS_TYPE_NUMBER, .native = "number" } },
    { "stage",
      "stage",
      { .kind = NTS_TYPE_OPTION, .native = "select", .options = stages, .option_count = 2 } },
    { "tags", "tags", { .kind = NTS_TYPE_SET, .native = "multi_select" } },
    { "at", "at", { .kind = NTS_TYPE_DATE, .native = "date" } },
    { "title", "title", { .kind = NTS_TYPE_TEXT, .native = "rich_text" } },
};

#define REST                                                                                       \
    "\"stage\":{\"select\":{\"options\":[{\"name\":\"new\"},{\"name\":\"wo\\\"n\"}]}},"            \
    "\"tags\":{\"multi_select\":{}},\"at\":{\"date\":{}}}}"
#define BODY "{\"properties\":{\"qty\":{\"number\":{\"format\":\"number\"}}," REST

static nts_ask_t make_ask(int count)
{
    nts_ask_t ask = ut_ask(NTS_ASK_PROVISION);

    ask.make = lacking;
    ask.make_count = count;
    return ask;
}

static void test_make(void)
{
    nts_ask_t ask = make_ask(5);
    talk_t talk = ut_begin(&ask);

    ut_request_is(&talk, "GET", PATH, NULL, "what is there is looked at first");
    ut_reply(&talk, 200, SOURCE(""));
    ut_request_is(&talk, "PATCH", PATH, BODY,
                  "what is not there is made, but for a name that is an id");
    ut_reply(&talk, 200,
             SOURCE(",\"qty\":{\"id\":\"1\",\"type\":\"number\"},\"stage\":{\"id\":\"2\",\"type\":"
                    "\"select\"},\"tags\":{\"id\":\"3\",\"type\":\"multi_select\"},\"at\":{\"id\":"
                    "\"4\",\"type\":\"date\"}"));
    ut_result_is(&talk, NTS_RESULT_OK, "made");
    tap_str(talk.answer->statements, "PATCH /v1" PATH "\n" BODY, "what was sent is told");
    tap_int(talk.answer->requests, 2, "by two requests");
}

static void test_there(void)
{
    nts_ask_t ask = make_ask(4);
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, SOURCE(QTY_THERE));
    ut_request_is(&talk, "PATCH", PATH, "{\"properties\":{" REST,
                  "a property that is there, of whatever type, is not named: it would be changed");

    ask = make_ask(1);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE(QTY_THERE));
    ut_result_is(&talk, NTS_RESULT_OK, "where all is there");
    tap_str(talk.answer->statements, "", "nothing is sent");

    ask = make_ask(0);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE(""));
    ut_result_is(&talk, NTS_RESULT_OK, "nor where nothing is asked for");
}

static void test_show(void)
{
    nts_ask_t ask = make_ask(4);
    talk_t talk;

    ask.dry = 1;
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE(""));
    ut_result_is(&talk, NTS_RESULT_OK, "only shown");
    tap_str(talk.answer->statements, "PATCH /v1" PATH "\n" BODY, "it is what would be sent");
}

static void test_failures(void)
{
    static const char *const refusal =
        "{\"object\":\"error\",\"status\":403,\"code\":\"restricted_resource\",\"message\":\"no\"}";
    nts_ask_t ask = make_ask(2);
    nts_http_answer_t cut = { .transport = NTS_HTTP_FATE_UNKNOWN };
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, SOURCE(""));
    ut_reply(&talk, 403, refusal);
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "a connection that may not");
    tap_ok(strstr(talk.answer->outcome.what, "making properties") != NULL, "is told what it was");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE(""));
    ut_step(&talk, &cut);
    ut_result_is(&talk, NTS_RESULT_UNKNOWN, "an answer that does not come leaves it open");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200, SOURCE(""));
    ut_reply(&talk, 200, SOURCE(",\"qty\":{\"id\":\"1\",\"type\":\"number\"}"));
    ut_result_is(&talk, NTS_RESULT_UNKNOWN, "so does one that shows only some of them");

    talk = ut_begin(&ask);
    ut_step(&talk, &cut);
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "before that nothing has happened");
}

/* 500 are all that a data source can have. */
static void test_too_many(void)
{
    const char *many = "";
    nts_ask_t ask = make_ask(2);
    talk_t talk = ut_begin(&ask);
    int i;

    for (i = 0; i < 498; i++) {
        many = apr_psprintf(pool, "%s,\"p%d\":{\"id\":\"i%d\",\"type\":\"number\",\"number\":{}}",
                            many, i, i);
    }
    ut_reply(
        &talk, 200,
        apr_pstrcat(pool,
                    "{\"object\":\"data_source\",\"title\":[],\"properties\":{\"Name\":{\"id\":"
                    "\"title\",\"type\":\"title\",\"title\":{}}",
                    many, "}}", NULL));
    ut_result_is(&talk, NTS_RESULT_REFUSED, "more than a data source can have");
    tap_str(talk.answer->outcome.what,
            "the data source has 499 properties and 2 are to be made; Notion takes 500",
            "are told");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(1);
    test_make();
    test_there();
    test_show();
    test_failures();
    test_too_many();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
