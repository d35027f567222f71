/* nts_sql_time.c - instants as columns spell them.
 *
 * A text column can hold any spelling. All common ones are read; what is written looks like what stood
 * there before, so that an application that sorts or compares the texts goes on working.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

#define DAY_LEN 10    /* YYYY-MM-DD */
#define SECOND_LEN 19 /* YYYY-MM-DD?HH:MM:SS */

static int is_digits(const char *text, apr_size_t count)
{
    apr_size_t i;

    for (i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
    }
    return 1;
}

/* Length of "HH:MM", "HH:MM:SS" or "HH:MM:SS.f" at the start; 0 if there is no such thing. */
static apr_size_t clock_length(const char *text)
{
    apr_size_t len = strspn(text, "0123456789:.");

    return len >= 5 && text[2] == ':' && (len == 5 || text[5] == ':') ? len : 0;
}

/* What follows the clock, in the one spelling that nts_time_parse takes. NULL: something else. */
static const char *offset_of(const char *text, char buffer[8])
{
    text += strspn(text, " ");
    if (*text == '\0') {
        return "";
    }
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0 || strcmp(text, "UTC") == 0) {
        return "Z";
    }
    if ((*text != '+' && *text != '-') || !is_digits(text + 1, strnlen(text + 1, 2)) ||
        strlen(text) < 3) {
        return NULL;
    }
    memcpy(buffer, text, 3);
    text += 3;
    text += *text == ':';
    if (*text == '\0') {
        text = "00";
    }
    if (strlen(text) != 2) {
        return NULL;
    }
    buffer[3] = ':';
    memcpy(buffer + 4, text, 3);
    return buffer;
}

int nts_sql_instant_parse(apr_time_t *at, const char *text, const nts_zone_t *zone)
{
    char spelled[64] = "";
    char buffer[8];
    const char *offset = "";
    const char *clock = "00:00:00";
    apr_size_t clock_len = 8;

    *at = 0;
    if (strnlen(text, DAY_LEN) < DAY_LEN || strlen(text) > 48) {
        return 0;
    }
    if (text[DAY_LEN] != '\0') {
        if (text[DAY_LEN] != ' ' && text[DAY_LEN] != 'T' && text[DAY_LEN] != 't') {
            return 0;
        }
        clock = text + DAY_LEN + 1;
        clock_len = clock_length(clock);
        offset = clock_len ? offset_of(clock + clock_len, buffer) : NULL;
        if (!offset) {
            return 0;
        }
    }
    memcpy(spelled, text, DAY_LEN);
    spelled[DAY_LEN] = 'T';
    memcpy(spelled + DAY_LEN + 1, clock, clock_len);
    strcpy(spelled + DAY_LEN + 1 + clock_len, clock_len == 5 ? ":00" : "");
    strcat(spelled, offset);
    if (nts_time_parse(at, spelled) != APR_SUCCESS) {
        return 0;
    }
    if (*offset == '\0') {
        *at = nts_zone_to_utc(zone, *at);
    }
    return 1;
}

/* "2026-01-05T10:15:42" of an instant, and its microseconds as six digits. */
static char *split(apr_time_t at, char fraction[7], apr_pool_t *p)
{
    int usec = (int)(at % APR_USEC_PER_SEC);

    if (usec < 0) {
        usec += APR_USEC_PER_SEC;
    }
    (void)apr_snprintf(fraction, 7, "%06d", usec);
    return apr_pstrmemdup(p, nts_time_text(at - usec, p), SECOND_LEN);
}

/* "" or ".25": as many digits as needed, and at least `digits`. */
static const char *fraction_text(const char fraction[7], apr_size_t digits, apr_pool_t *p)
{
    apr_size_t len = 6;

    while (len > 0 && fraction[len - 1] == '0') {
        len--;
    }
    if (len < digits) {
        /* Some write nanoseconds. */
        return apr_pstrcat(p, ".", apr_pstrmemdup(p, fraction, digits > 6 ? 6 : digits),
                           digits > 6 ? apr_pstrmemdup(p, "000", digits > 9 ? 3 : digits - 6) : "",
                           NULL);
    }
    return len == 0 ? "" : apr_pstrcat(p, ".", apr_pstrmemdup(p, fraction, len), NULL);
}

const char *nts_sql_instant_canonical(apr_time_t at, apr_pool_t *p)
{
    char fraction[7];
    const char *seconds = split(at, fraction, p);

    return apr_pstrcat(p, seconds, fraction_text(fraction, 0, p), "Z", NULL);
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
    char fraction[7];
    char between = ' ';
    apr_size_t digits = 0;
    const char *offset = with_offset ? "+" : "";
    char *text;
    int east;

    if (like && nts_sql_instant_parse(&ignored, like, NULL) && strlen(like) >= SECOND_LEN) {
        between = like[DAY_LEN];
        if (like[SECOND_LEN] == '.') {
            digits = strspn(like + SECOND_LEN + 1, "0123456789");
        }
        offset = like + SECOND_LEN + (digits ? digits + 1 : 0);
    }
    if (*offset == '\0') {
        text = split(nts_zone_to_local(zone, at), fraction, p);
    }
    else if (strpbrk(offset, "+-")) {
        /* Offsets have whole minutes; older local times had seconds. */
        east = nts_zone_offset(zone, at) / 60 * 60;
        text = split(at + apr_time_from_sec((apr_time_t)east), fraction, p);
        offset = offset_text(east, p);
    }
    else {
        text = split(at, fraction, p);
    }
    text[DAY_LEN] = between;
    return apr_pstrcat(p, text, fraction_text(fraction, digits, p), offset, NULL);
}
