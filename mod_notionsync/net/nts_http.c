/* nts_http.c - reading an answer's headers. */
#include <string.h>

#include <apr_date.h>

#include "base/nts_str.h"
#include "net/nts_http.h"

const char *nts_http_header(const nts_http_answer_t *answer, const char *name)
{
    int i;

    for (i = 0; i < answer->header_count; i++) {
        if (nts_str_equal_nocase(answer->headers[i].name, name)) {
            return answer->headers[i].value;
        }
    }
    return NULL;
}

/* "120", and "1.5" which some send: microseconds, at most `max`. -1 if it is neither. */
static apr_interval_time_t parse_seconds(const char *text, apr_interval_time_t max)
{
    apr_interval_time_t total = 0;
    apr_interval_time_t weight = APR_USEC_PER_SEC;

    if (*text < '0' || *text > '9') {
        return -1;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        total = total > max ? total : total * 10 + (*text - '0') * APR_USEC_PER_SEC;
    }
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9'; text++) {
            weight /= 10;
            total += total > max ? 0 : (*text - '0') * weight;
        }
    }
    if (*text != '\0') {
        return -1;
    }
    return total > max ? max : total;
}

apr_time_t nts_http_date(const nts_http_answer_t *answer)
{
    const char *text = nts_http_header(answer, "Date");
    apr_time_t date = text ? apr_date_parse_http(text) : APR_DATE_BAD;

    return date == APR_DATE_BAD ? 0 : date;
}

apr_time_t nts_http_retry_after(const nts_http_answer_t *answer, apr_time_t now,
                                apr_interval_time_t max)
{
    const char *text = nts_http_header(answer, "Retry-After");
    apr_interval_time_t wait;
    apr_time_t date = nts_http_date(answer);
    apr_time_t until;

    if (!text) {
        return 0;
    }
    wait = parse_seconds(text, max);
    if (wait < 0) {
        until = apr_date_parse_http(text);
        if (until == APR_DATE_BAD) {
            return 0;
        }
        wait = until - (date ? date : now);
    }
    if (wait > max) {
        wait = max;
    }
    return wait > 0 ? now + wait : now;
}
