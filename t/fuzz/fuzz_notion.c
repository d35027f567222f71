/* Fuzzes Notion's answers: the first byte says what was asked, the second how the answer came, the rest is its body,
 * given to each request of the ask. An ask always comes to an end, with values that are what they say. */
#include "fuzz.h"

#include "unit/ut_notion.h"

#define REQUESTS_MAX 200

static void check_value(const nts_value_t *value)
{
    const char *shown = nts_value_display(value, 50, pool);
    int i;

    FUZZ_ASSERT(nts_utf8_is_valid(shown, strlen(shown)));
    if (value->kind == NTS_VALUE_TEXT) {
        FUZZ_ASSERT(nts_utf8_is_valid(value->as.text, strlen(value->as.text)));
    }
    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        FUZZ_ASSERT(value->as.set.options[i].name || value->as.set.options[i].id);
    }
}

static void check_record(const nts_record_t *record)
{
    const char *normal;
    int i;

    FUZZ_ASSERT(nts_uuid_normalise(&normal, record->id, pool) == APR_SUCCESS);
    for (i = 0; i < PAIRS; i++) {
        check_value(&record->values[i]);
    }
}

static void check_answer(const nts_answer_t *answer)
{
    int i;

    if (answer->result != NTS_RESULT_OK) {
        return;
    }
    if (answer->record) {
        check_record(answer->record);
    }
    for (i = 0; i < answer->record_count; i++) {
        check_record(&answer->records[i]);
    }
}

static nts_ask_t choose_ask(unsigned char choice)
{
    static const nts_ask_kind_t kinds[] = { NTS_ASK_WHO,    NTS_ASK_DESCRIBE, NTS_ASK_LIST,
                                            NTS_ASK_READ,   NTS_ASK_CREATE,   NTS_ASK_UPDATE,
                                            NTS_ASK_REMOVE, NTS_ASK_RESTORE,  NTS_ASK_FIND };
    nts_ask_t ask = ut_ask(kinds[choice % (sizeof(kinds) / sizeof(kinds[0]))]);

    if (ask.kind == NTS_ASK_CREATE || ask.kind == NTS_ASK_UPDATE) {
        nts_value_t *values = ut_values();

        values[NAME] = nts_value_text("Ada");
        ask.values = values;
    }
    return ask;
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    static const int statuses[] = { 200, 200, 200, 200, 400, 401, 403, 404,
                                    409, 429, 500, 502, 503, 504, 529, 204 };
    static const nts_http_header_t headers[] = { { "Content-Type", "application/json" },
                                                 { "Retry-After", "7" } };
    nts_http_answer_t http = { .headers = headers, .header_count = 2 };
    nts_ask_t ask;
    talk_t talk;
    int i;

    pool = p;
    if (len < 2) {
        return;
    }
    http.transport = data[1] & 0x20   ? NTS_HTTP_FATE_UNKNOWN
                     : data[1] & 0x10 ? NTS_HTTP_NOT_SENT
                                      : NTS_HTTP_ANSWERED;
    http.status = statuses[data[1] & 0x0f];
    http.body = apr_pstrmemdup(pool, (const char *)data + 2, len - 2);
    http.body_len = len - 2;
    http.words = "the connection was cut";
    http.sent_at = ut_now(NULL);
    http.answered_at = ut_now(NULL) + 1000;
    ask = choose_ask(data[0]);
    ut_open(!(data[0] & 0x20));
    talk = ut_begin(&ask);
    for (i = 0; talk.state == NTS_OP_SEND; i++) {
        FUZZ_ASSERT(i < REQUESTS_MAX);
        ut_step(&talk, &http);
    }
    FUZZ_ASSERT(talk.answer);
    check_answer(talk.answer);
}
