/* ut_http.c - Retry-After in all its spellings. */
#include "net/nts_http.h"
#include "tap/tap.h"

#define NOW APR_INT64_C(1795342542000000) /* 2026-11-22T10:15:42Z */
#define SEC(n) ((apr_int64_t)(n)*APR_USEC_PER_SEC)

static void retry_after_is_clamped(void)
{
    static const struct {
        const char *value;
        const char *date;
        apr_time_t until;
    } cases[] = {
        { NULL, NULL, 0 },
        { "", NULL, 0 },
        { "soon", NULL, 0 },
        { "-5", NULL, 0 },
        { "5 s", NULL, 0 },
        { "1.x", NULL, 0 },
        { "0", NULL, NOW },
        { "7", NULL, NOW + SEC(7) },
        { "1.5", NULL, NOW + SEC(3) / 2 },
        { "1.1234567890123456789", NULL, NOW + 1123456 },
        { "0.", NULL, NOW },
        { "300", NULL, NOW + SEC(300) },
        { "301", NULL, NOW + SEC(300) },
        { "99999999999999999999999999", NULL, NOW + SEC(300) },
        { "Sun, 22 Nov 2026 10:16:42 GMT", NULL, NOW + SEC(60) },
        { "Sunday, 22-Nov-26 10:16:42 GMT", NULL, NOW + SEC(60) },
        { "Sun Nov 22 10:16:42 2026", NULL, NOW + SEC(60) },
        { "Sun, 22 Nov 2026 10:15:00 GMT", NULL, NOW },
        { "Sun, 22 Nov 2036 10:15:00 GMT", NULL, NOW + SEC(300) },
        { "Sun, 22 Nov 2026 11:16:42 GMT", "Sun, 22 Nov 2026 11:15:42 GMT", NOW + SEC(60) },
        { "Sun, 22 Nov 2026 09:16:42 GMT", "Sun, 22 Nov 2026 09:15:42 GMT", NOW + SEC(60) },
        { "Sun, 22 Nov 2026 10:16:42 GMT", "nonsense", NOW + SEC(60) },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nts_http_header_t headers[2] = { { "Retry-After", cases[i].value },
                                         { "Date", cases[i].date } };
        nts_http_answer_t answer;

        memset(&answer, 0, sizeof(answer));
        answer.headers = headers;
        answer.header_count = cases[i].value ? cases[i].date ? 2 : 1 : 0;
        tap_int(nts_http_retry_after(&answer, NOW, SEC(300)), cases[i].until, "Retry-After: %s",
                cases[i].value ? cases[i].value : "(none)");
    }
}

int main(void)
{
    retry_after_is_clamped();
    return tap_done();
}
