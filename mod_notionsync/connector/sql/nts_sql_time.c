/* nts_sql_time.c - instants as columns spell them.
 *
 * A text column can hold any spelling. All common ones are read; what is written looks like what stood
 * there before, so that an application that sorts or compares the texts goes on working.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

#define DAY_LEN 10    /* YYYY-MM-DD */
#define MINUTE_LEN 16 /* YYYY-MM-DD?HH:MM */
#define SECOND_LEN 19 /* YYYY-MM-DD?HH:MM:SS */

/* What some programs add: a space before the offset, "UTC", an offset without its colon. */
static const char *tidy(const char *text, apr_pool_t *p)
{
    apr_size_t len = strlen(text);
    const char *space = len > MINUTE_LEN ? strchr(text + MINUTE_LEN, ' ') : NULL;

    if (len == DAY_LEN) {
        return apr_pstrcat(p, text, " 00:00:00", NULL);
    }
    if (space && space[1] && strchr("+-UZ", space[1])) {
        const char *offset = strcmp(space + 1, "UTC") == 0 ? "Z" : space + 1;

        text = apr_psprintf(p, "%.*s%s", (int)(space - text), text, offset);
        len = strlen(text);
    }
    if (len > SECOND_LEN + 4 && (text[len - 5] == '+' || text[len - 5] == '-')) {
        return apr_psprintf(p, "%.*s:%s", (int)len - 2, text, text + len - 2);
    }
    return text;
}

int nts_sql_instant_parse(apr_time_t *at, const char *text, const nts_zone_t *zone, apr_pool_t *p)
{
    *at = 0;
    if (strlen(text) > 48) {
        return 0;
    }
    text = tidy(text, p);
    if (nts_value_instant_parse(at, text, p) != APR_SUCCESS) {
        return 0;
    }
    if (!nts_value_has_offset(text)) {
        *at = nts_zone_to_utc(zone, *at);
    }
    return 1;
}

/* What a clock shows: day, separator, time, and as many digits of a fraction as needed or wanted. */
static const char *spell(apr_time_t wall, char between, apr_size_t digits, apr_pool_t *p)
{
    const char *text = nts_value_instant_text(wall, p); /* ends in Z */
    apr_size_t len = strlen(text) - 1;
    apr_size_t fraction = len > SECOND_LEN ? len - SECOND_LEN - 1 : 0;
    apr_size_t zeros = digits > fraction ? digits - fraction : 0;

    return apr_psprintf(p, "%.10s%c%.*s%s%.*s", text, between, (int)(len - DAY_LEN - 1),
                        text + DAY_LEN + 1, zeros && !fraction ? "." : "",
                        (int)(zeros > 9 ? 9 : zeros), "000000000");
}

static const char *offset_text(int seconds, apr_pool_t *p)
{
    int minutes = (seconds < 0 ? -seconds : seconds) / 60;

    return apr_psprintf(p, "%c%02d:%02d", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

const char *nts_sql_instant_text(apr_time_t at, const nts_zone_t *zone, int with_offset,
                                 const char *like, apr_pool_t *p)
{
    apr_time_t ignored;
    char between = ' ';
    apr_size_t digits = 0;
    const char *offset = with_offset ? "+" : "";
    int east;

    if (like && nts_sql_instant_parse(&ignored, like, NULL, p) && strlen(like) > DAY_LEN) {
        between = like[DAY_LEN];
        offset = like + DAY_LEN + 1;
        offset += strspn(offset, "0123456789:");
        if (*offset == '.') {
            digits = strspn(++offset, "0123456789");
            offset += digits;
        }
    }
    if (*offset == '\0') {
        return spell(nts_zone_to_local(zone, at), between, digits, p);
    }
    if (!strpbrk(offset, "+-")) {
        return apr_pstrcat(p, spell(at, between, digits, p), offset, NULL);
    }
    /* Offsets have whole minutes; the local times of long ago had seconds. */
    east = nts_zone_offset(zone, at) / 60 * 60;
    return apr_pstrcat(p, spell(at + apr_time_from_sec((apr_time_t)east), between, digits, p),
                       offset_text(east, p), NULL);
}
