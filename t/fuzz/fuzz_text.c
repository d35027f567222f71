/* Fuzzes the readers of small texts: numbers, times, ids, escapes, headers, the parameters of pages. What one of them
 * takes it writes in one form, and reads that form as the same. */
#include "fuzz.h"

#include "base/nts_str.h"
#include "base/nts_zone.h"
#include "connector/sql/nts_sql_impl.h"
#include "httpd/mns_query.h"
#include "model/nts_decimal.h"
#include "model/nts_value.h"
#include "net/nts_http.h"

static void try_number(const char *text, apr_pool_t *p)
{
    const char *normal;
    const char *again;
    double number;

    if (nts_decimal_normalise(&normal, text, p) != APR_SUCCESS) {
        return;
    }
    FUZZ_ASSERT(nts_decimal_normalise(&again, normal, p) == APR_SUCCESS && !strcmp(normal, again));
    again = nts_decimal_round(normal, 3, p);
    FUZZ_ASSERT(!strcmp(again, nts_decimal_round(again, 3, p)));
    if (nts_decimal_to_double(&number, normal) == APR_SUCCESS) {
        FUZZ_ASSERT(nts_decimal_from_double(&again, number, p) == APR_SUCCESS);
    }
}

static void try_time(const char *text, apr_pool_t *p)
{
    apr_interval_time_t span;
    nts_value_t value;
    apr_time_t at;
    apr_time_t again;

    if (nts_value_instant_parse(&at, text, p) == APR_SUCCESS) {
        const char *normal = nts_value_instant_text(at, p);

        FUZZ_ASSERT(nts_value_instant_parse(&again, normal, p) == APR_SUCCESS && again == at);
    }
    if (nts_time_parse(&at, text) == APR_SUCCESS) {
        FUZZ_ASSERT(nts_time_parse(&again, nts_time_text(at, p)) == APR_SUCCESS &&
                    again > at - 1000 && again < at + 1000);
    }
    if (nts_value_date(&value, text, NULL, p) == APR_SUCCESS) {
        nts_value_t same;

        FUZZ_ASSERT(nts_value_date(&same, value.as.date.start, NULL, p) == APR_SUCCESS &&
                    nts_value_equal(&value, &same));
    }
    if (nts_sql_instant_parse(&at, text, NULL, p)) {
        FUZZ_ASSERT(
            nts_sql_instant_parse(&again, nts_sql_instant_text(at, NULL, 0, text, p), NULL, p));
    }
    if (nts_duration_parse(&span, text) == APR_SUCCESS) {
        FUZZ_ASSERT(span >= 0 && nts_duration_text(span, p));
    }
}

static void try_words(const char *text, apr_pool_t *p)
{
    const nts_zone_t *zone;
    const char *decoded;
    const char *again;
    const char *uuid;

    if (nts_percent_decode(&decoded, text, p) == APR_SUCCESS) {
        FUZZ_ASSERT(nts_percent_decode(&again, nts_percent_encode(decoded, p), p) == APR_SUCCESS &&
                    !strcmp(decoded, again));
    }
    if (nts_uuid_normalise(&uuid, text, p) == APR_SUCCESS) {
        FUZZ_ASSERT(strlen(uuid) == 36);
    }
    if (nts_zone_load(&zone, text, p) == APR_SUCCESS) {
        (void)nts_zone_to_utc(zone, nts_zone_to_local(zone, apr_time_from_sec(1700000000)));
    }
    (void)nts_str_printable(text, p);
    FUZZ_ASSERT(mns_query_read(text, p));
}

static void try_retry_after(const char *text)
{
    const nts_http_header_t headers[] = { { "Retry-After", text }, { "Date", text } };
    nts_http_answer_t answer = { .transport = NTS_HTTP_ANSWERED, .status = 429 };
    apr_time_t now = apr_time_from_sec(1700000000);
    apr_time_t until;

    answer.headers = headers;
    answer.header_count = 2;
    until = nts_http_retry_after(&answer, now, apr_time_from_sec(3600));
    FUZZ_ASSERT(!until || (until >= now && until <= now + apr_time_from_sec(3600)));
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    const char *text = fuzz_text(data, len, p);

    try_number(text, p);
    try_retry_after(text);
    if (nts_utf8_is_valid((const char *)data, len)) {
        try_time(text, p);
        try_words(text, p);
    }
}
