/* ut_str.c - small texts are read strictly and written the same under every locale. */
#include <locale.h>

#include "base/nts_str.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static void utf8_is_checked(void)
{
    static const struct {
        const char *bytes;
        apr_size_t len;
        int is_valid;
    } cases[] = {
        { "", 0, 1 },
        { "plain", 5, 1 },
        { "\x7f", 1, 1 },
        { "a\0b", 3, 0 },
        { "\xc2\x80", 2, 1 },
        { "\xdf\xbf", 2, 1 },
        { "\xe0\xa0\x80", 3, 1 },
        { "\xed\x9f\xbf", 3, 1 },
        { "\xee\x80\x80", 3, 1 },
        { "\xef\xbf\xbf", 3, 1 },
        { "\xf0\x90\x80\x80", 4, 1 },
        { "\xf4\x8f\xbf\xbf", 4, 1 },
        { "\x80", 1, 0 },
        { "\xc0\x80", 2, 0 },
        { "\xc1\xbf", 2, 0 },
        { "\xe0\x9f\xbf", 3, 0 },
        { "\xed\xa0\x80", 3, 0 },
        { "\xed\xbf\xbf", 3, 0 },
        { "\xf0\x8f\xbf\xbf", 4, 0 },
        { "\xf4\x90\x80\x80", 4, 0 },
        { "\xf5\x80\x80\x80", 4, 0 },
        { "\xff", 1, 0 },
        { "\xc2", 1, 0 },
        { "\xe2\x82", 2, 0 },
        { "\xf0\x9f\x98", 3, 0 },
        { "\xe2\x82z", 3, 0 },
        { "\xc2z", 2, 0 },
        { "\xf0\x9f\x98z", 4, 0 },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_int(nts_utf8_is_valid(cases[i].bytes, cases[i].len), cases[i].is_valid, "UTF-8 case %d",
                (int)i);
    }
    tap_int(nts_utf8_length("a\xc3\xa9\xf0\x9f\x98\x80z"), 4, "length in characters");
    tap_int(nts_utf8_length(""), 0, "of nothing");
    tap_int(nts_utf8_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 0), 0, "offset of the first");
    tap_int(nts_utf8_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 2), 3, "of the third");
    tap_int(nts_utf8_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 3), 7, "of the last");
    tap_str(nts_str_printable("a\x1b[31m\xc2\x9b"
                              "b\xc3\xa9\x7f\n",
                              pool),
            "a [31m b\xc3\xa9  ", "no commands for terminals");
    tap_ok(!nts_str_printable(NULL, pool), "nothing stays nothing");
    tap_int(nts_utf8_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 4), 8, "of the end");
    tap_int(nts_utf8_offset("a\xc3\xa9", 99), 3, "beyond the end");
    tap_int(nts_utf16_length("a\xc3\xa9\xf0\x9f\x98\x80z"), 5, "length in UTF-16 units");
    tap_int(nts_utf16_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 2), 3, "offset behind two units");
    tap_int(nts_utf16_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 3), 3, "never within a character");
    tap_int(nts_utf16_offset("a\xc3\xa9\xf0\x9f\x98\x80z", 4), 7, "but behind it");
    tap_int(nts_utf16_offset("a\xc3\xa9", 0), 0, "nothing of it");
    tap_int(nts_utf16_offset("a\xc3\xa9", 99), 3, "and all of it");
}

static void case_is_ignored_for_ascii_only(void)
{
    tap_ok(nts_str_equal_nocase("", ""), "two empty texts");
    tap_ok(nts_str_equal_nocase("Content-Type", "content-tYPE"), "letters");
    tap_ok(!nts_str_equal_nocase("abc", "ab"), "shorter");
    tap_ok(!nts_str_equal_nocase("ab", "abc"), "longer");
    tap_ok(!nts_str_equal_nocase("[", "{"), "neighbours of the letters");
    tap_ok(!nts_str_equal_nocase("\xc3\x89", "\xc3\xa9"), "other letters are exact");
}

static void what_is_missing_is_the_same_as_nothing_else(void)
{
    const char *none = NULL;
    char text[] = "text";

    tap_ok(nts_str_same("text", text), "the same letters in two places");
    tap_ok(!nts_str_same("text", "Text"), "case counts");
    tap_ok(!nts_str_same("text", "tex"), "shorter");
    tap_ok(!nts_str_same("tex", "text"), "longer");
    tap_ok(nts_str_same("", ""), "two empty texts");
    tap_ok(nts_str_same(none, none), "two that are missing");
    tap_ok(!nts_str_same("", none), "an empty one is there");
    tap_ok(!nts_str_same(none, ""), "on either side");
    tap_ok(!nts_str_same("text", none), "so is any other");
}

static void integers_are_whole_and_in_range(void)
{
    static const struct {
        const char *text;
        apr_int64_t min;
        apr_int64_t max;
        apr_status_t rv;
        apr_int64_t value;
    } cases[] = {
        { "0", 0, 10, APR_SUCCESS, 0 },
        { "-0", 0, 10, APR_SUCCESS, 0 },
        { "007", 0, 10, APR_SUCCESS, 7 },
        { "10", 0, 10, APR_SUCCESS, 10 },
        { "11", 0, 10, APR_EINVAL, 0 },
        { "-1", 0, 10, APR_EINVAL, 0 },
        { "-5", -10, 10, APR_SUCCESS, -5 },
        { "9223372036854775807", INT64_MIN, INT64_MAX, APR_SUCCESS, INT64_MAX },
        { "-9223372036854775808", INT64_MIN, INT64_MAX, APR_SUCCESS, INT64_MIN },
        { "9223372036854775808", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "-9223372036854775809", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "99999999999999999999999", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "-", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "+1", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "--1", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { " 1", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "1 ", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "1.0", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "1e3", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "0x10", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
        { "\xd9\xa1", INT64_MIN, INT64_MAX, APR_EINVAL, 0 },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_int64_t value = 77;

        tap_int(nts_int_parse(&value, cases[i].text, cases[i].min, cases[i].max), cases[i].rv,
                "integer \"%s\"", cases[i].text);
        tap_int(value, cases[i].value, "its value");
    }
}

static void durations_need_a_unit(void)
{
    static const struct {
        const char *text;
        apr_status_t rv;
        apr_interval_time_t value;
    } cases[] = {
        { "300ms", APR_SUCCESS, 300000 },
        { "0s", APR_SUCCESS, 0 },
        { "5s", APR_SUCCESS, 5000000 },
        { "10min", APR_SUCCESS, 600000000 },
        { "2h", APR_SUCCESS, 7200000000 },
        { "90d", APR_SUCCESS, 7776000000000 },
        { "5", APR_EINVAL, 0 },
        { "5m", APR_EINVAL, 0 },
        { "5 s", APR_EINVAL, 0 },
        { "5S", APR_EINVAL, 0 },
        { "-5s", APR_EINVAL, 0 },
        { "1.5s", APR_EINVAL, 0 },
        { "s", APR_EINVAL, 0 },
        { "", APR_EINVAL, 0 },
        { "5s5s", APR_EINVAL, 0 },
        { "106751991d", APR_SUCCESS, 106751991 * APR_INT64_C(86400000000) },
        { "106751992d", APR_EINVAL, 0 },
        { "9223372036854775807ms", APR_EINVAL, 0 },
        { "9223372036854775808ms", APR_EINVAL, 0 },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_interval_time_t value = 77;

        tap_int(nts_duration_parse(&value, cases[i].text), cases[i].rv, "duration \"%s\"",
                cases[i].text);
        tap_int(value, cases[i].value, "its length");
    }
}

static void durations_are_written_for_people(void)
{
    static const struct {
        apr_interval_time_t value;
        const char *text;
    } cases[] = {
        { 0, "0 ms" },
        { 499, "0 ms" },
        { 500, "1 ms" },
        { 300000, "300 ms" },
        { 999499, "999 ms" },
        { 999500, "1 s" },
        { 1000000, "1 s" },
        { 1500000, "1.5 s" },
        { 1550000, "1.6 s" },
        { 59940000, "59.9 s" },
        { 59960000, "1 min" },
        { 120000000, "2 min" },
        { 150000000, "2.5 min" },
        { APR_INT64_C(3599000000), "1 h" },
        { APR_INT64_C(10800000000), "3 h" },
        { APR_INT64_C(86400000000), "1 d" },
        { APR_INT64_C(7776000000000), "90 d" },
        { -1500000, "-1.5 s" },
        { INT64_MAX, "106751991.2 d" },
        { INT64_MIN, "-106751991.2 d" },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_str(nts_duration_text(cases[i].value, pool), cases[i].text, "%s", cases[i].text);
    }
}

static void uuids_have_one_spelling(void)
{
    static const char *const bad[] = {
        "",
        "598337872cf94fdf8782e53db20768a",
        "598337872cf94fdf8782e53db20768a5a",
        "59833787-2cf9-4fdf-8782-e53db20768ag",
        "59833787-2cf9-4fdf-8782e-53db20768a5",
        "59833787-2cf9-4fdf-8782-e53db20768a5 ",
        "{59833787-2cf9-4fdf-8782-e53db20768a5}",
        "5983378-72cf9-4fdf-8782-e53db20768a5",
        "598337872cf94fdf8782e53db2076-a5",
    };
    static const char *const good[] = {
        "598337872cf94fdf8782e53db20768a5",
        "598337872CF94FDF8782E53DB20768A5",
        "59833787-2cf9-4fdf-8782-e53db20768a5",
        "59833787-2CF9-4FDF-8782-e53DB20768A5",
    };
    const char *uuid;
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        tap_int(nts_uuid_normalise(&uuid, good[i], pool), APR_SUCCESS, "UUID %s", good[i]);
        tap_str(uuid, "59833787-2cf9-4fdf-8782-e53db20768a5", "in its one form");
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_int(nts_uuid_normalise(&uuid, bad[i], pool), APR_EINVAL, "no UUID: %s", bad[i]);
        tap_ok(uuid == NULL, "and none given");
    }
}

static void times_are_read(void)
{
    static const struct {
        const char *text;
        apr_time_t value;
        const char *written;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z" },
        { "2026-11-22T10:15:42.118Z", APR_INT64_C(1795342542118000), "2026-11-22T10:15:42.118Z" },
        { "2026-11-22T10:15:42.118+01:00", APR_INT64_C(1795338942118000),
          "2026-11-22T09:15:42.118Z" },
        { "2026-11-22 10:15:42", APR_INT64_C(1795342542000000), "2026-11-22T10:15:42.000Z" },
        { "2026-11-22t10:15:42z", APR_INT64_C(1795342542000000), "2026-11-22T10:15:42.000Z" },
        { "2026-01-01T00:30:00+05:30", APR_INT64_C(1767207600000000), "2025-12-31T19:00:00.000Z" },
        { "2025-12-31T23:59:59.9999999-00:00", APR_INT64_C(1767225599999999),
          "2025-12-31T23:59:59.999Z" },
        { "1969-12-31T23:59:59.999Z", -1000, "1969-12-31T23:59:59.999Z" },
        { "1969-12-31T23:59:59.9995Z", -500, "1969-12-31T23:59:59.999Z" },
        { "1900-03-01T00:00:00Z", APR_INT64_C(-2203891200000000), "1900-03-01T00:00:00.000Z" },
        { "2000-02-29T00:00:00Z", APR_INT64_C(951782400000000), "2000-02-29T00:00:00.000Z" },
        { "0000-01-01T00:00:00Z", APR_INT64_C(-62167219200000000), "0000-01-01T00:00:00.000Z" },
        { "9999-12-31T23:59:59.999999Z", APR_INT64_C(253402300799999999),
          "9999-12-31T23:59:59.999Z" },
        { "2016-12-31T23:59:60Z", APR_INT64_C(1483228800000000), "2017-01-01T00:00:00.000Z" },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_time_t value = 77;

        tap_int(nts_time_parse(&value, cases[i].text), APR_SUCCESS, "time %s", cases[i].text);
        tap_int(value, cases[i].value, "its instant");
        tap_str(nts_time_text(value, pool), cases[i].written, "and back");
    }
}

static void no_times_are_refused(void)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T",
        "2026-11-22T10:15",
        "2026-11-22T10:15:42.",
        "2026-11-22T10:15:42.Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:15:61Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "26-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
        "-2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00+1",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+01:00x",
        "2026-01-01T00:00:00Z ",
        " 2026-01-01T00:00:00Z",
        "2026-01-01X00:00:00Z",
    };
    apr_time_t value;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_int(nts_time_parse(&value, bad[i]), APR_EINVAL, "no time: \"%s\"", bad[i]);
    }
}

static void every_day_is_one_day_after_the_last(void)
{
    apr_time_t at = APR_INT64_C(-62167219200000000);
    int good = 1;
    int days;

    for (days = 0; days < 3652425; days += 1) {
        apr_time_t back = 0;

        if (days % 100 == 0) {
            apr_pool_clear(pool);
        }
        good &= nts_time_parse(&back, nts_time_text(at, pool)) == APR_SUCCESS && back == at;
        at += apr_time_from_sec(86400);
        if (days > 800000 && days < 3600000) {
            at += apr_time_from_sec(86400) * 6;
            days += 6;
        }
    }
    tap_ok(good, "ten thousand years of days come back as they went");
}

static void hex_and_percent(void)
{
    unsigned char bytes[3];
    const char *text;

    tap_str(nts_hex_text((const unsigned char *)"\x00\xab\xff", 3, pool), "00abff", "hex");
    tap_int(nts_hex_parse(bytes, 3, "00aBfF"), APR_SUCCESS, "hex of either case");
    tap_ok(memcmp(bytes, "\x00\xab\xff", 3) == 0, "the bytes");
    tap_int(nts_hex_parse(bytes, 3, "00abf"), APR_EINVAL, "a digit short");
    tap_int(nts_hex_parse(bytes, 3, "00abff0"), APR_EINVAL, "a digit long");
    tap_int(nts_hex_parse(bytes, 3, "00abfg"), APR_EINVAL, "no digit");
    tap_int(nts_hex_parse(bytes, 3, ""), APR_EINVAL, "nothing");

    tap_str(nts_percent_encode("az AZ09-._~/?%\xc3\xa9", pool), "az%20AZ09-._~%2F%3F%25%C3%A9",
            "percent-encoding");
    tap_int(nts_percent_decode(&text, "a%20b+%c3%A9%25", pool), APR_SUCCESS, "decoding");
    tap_str(text, "a b+\xc3\xa9%", "a plus stays a plus");
    tap_int(nts_percent_decode(&text, "%00", pool), APR_EINVAL, "an encoded NUL");
    tap_int(nts_percent_decode(&text, "%", pool), APR_EINVAL, "a bare %%");
    tap_int(nts_percent_decode(&text, "%4", pool), APR_EINVAL, "half an escape");
    tap_int(nts_percent_decode(&text, "%4g", pool), APR_EINVAL, "a broken one");
    tap_int(nts_percent_decode(&text, "%ff", pool), APR_EINVAL, "no UTF-8");
    tap_ok(text == NULL, "nothing given");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    /* D57: another module may have set any locale. */
    (void)setlocale(LC_ALL, "");
    utf8_is_checked();
    case_is_ignored_for_ascii_only();
    what_is_missing_is_the_same_as_nothing_else();
    integers_are_whole_and_in_range();
    durations_need_a_unit();
    durations_are_written_for_people();
    uuids_have_one_spelling();
    times_are_read();
    no_times_are_refused();
    every_day_is_one_day_after_the_last();
    hex_and_percent();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
