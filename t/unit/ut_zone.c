/* Proves that wall clock times of a zone become the right instants: summer and winter, the hour that
 * occurs twice and the one that is skipped, years beyond the file's table, broken names. */
#include <stdlib.h>
#include <time.h>

#include <apr_general.h>

#include "base/nts_str.h"
#include "base/nts_zone.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static const nts_zone_t *zone_of(const char *name)
{
    const nts_zone_t *zone = NULL;

    tap_int(nts_zone_load(&zone, name, pool), APR_SUCCESS, "%s is known", name ? name : "no name");
    return zone;
}

static const char *utc(const nts_zone_t *zone, const char *local)
{
    apr_time_t t = 0;

    if (nts_time_parse(&t, local) != APR_SUCCESS) {
        return "no time";
    }
    return nts_time_text(nts_zone_to_utc(zone, t), pool);
}

static const char *local(const nts_zone_t *zone, const char *instant)
{
    apr_time_t t = 0;

    if (nts_time_parse(&t, instant) != APR_SUCCESS) {
        return "no time";
    }
    return nts_time_text(nts_zone_to_local(zone, t), pool);
}

static void test_known(void)
{
    const nts_zone_t *berlin = zone_of("Europe/Berlin");
    const nts_zone_t *sydney = zone_of("Australia/Sydney");
    const nts_zone_t *newyork = zone_of("America/New_York");
    const nts_zone_t *kathmandu = zone_of("Asia/Kathmandu");

    tap_str(utc(berlin, "2026-01-15 12:00:00"), "2026-01-15T11:00:00.000Z", "winter in Berlin");
    tap_str(utc(berlin, "2026-07-15 12:00:00.250"), "2026-07-15T10:00:00.250Z", "summer in Berlin");
    tap_str(utc(sydney, "2026-01-15 12:00:00"), "2026-01-15T01:00:00.000Z", "summer in Sydney");
    tap_str(utc(sydney, "2026-07-15 12:00:00"), "2026-07-15T02:00:00.000Z", "winter in Sydney");
    tap_str(utc(kathmandu, "2026-07-15 12:00:00"), "2026-07-15T06:15:00.000Z", "quarter hours");
    tap_str(local(newyork, "2026-11-22T19:04:00Z"), "2026-11-22T14:04:00.000Z", "New York's clock");
    tap_str(utc(berlin, "1955-06-01 12:00:00"), "1955-06-01T11:00:00.000Z", "before 1970");
    tap_str(utc(berlin, "1850-06-01 12:00:00"), "1850-06-01T11:06:32.000Z", "local mean time");
}

static void test_changes(void)
{
    const nts_zone_t *berlin = zone_of("Europe/Berlin");

    tap_str(utc(berlin, "2026-10-25 02:30:00"), "2026-10-25T00:30:00.000Z",
            "the first of the hour that occurs twice");
    tap_str(local(berlin, "2026-10-25T00:30:00Z"), "2026-10-25T02:30:00.000Z", "first time");
    tap_str(local(berlin, "2026-10-25T01:30:00Z"), "2026-10-25T02:30:00.000Z", "second time");
    tap_str(utc(berlin, "2026-10-25 03:00:00"), "2026-10-25T02:00:00.000Z", "just after it");
    tap_str(utc(berlin, "2026-03-29 02:30:00"), "2026-03-29T01:30:00.000Z", "the skipped hour");
    tap_str(utc(berlin, "2026-03-29 01:59:59"), "2026-03-29T00:59:59.000Z", "just before it");
    tap_str(utc(berlin, "2026-03-29 03:00:00"), "2026-03-29T01:00:00.000Z", "just after it");
}

static void test_later(void)
{
    const nts_zone_t *berlin = zone_of("Europe/Berlin");
    const nts_zone_t *sydney = zone_of("Australia/Sydney");
    const nts_zone_t *tokyo = zone_of("Asia/Tokyo");

    tap_str(utc(berlin, "2090-07-15 12:00:00"), "2090-07-15T10:00:00.000Z", "summer of 2090");
    tap_str(utc(berlin, "2090-01-15 12:00:00"), "2090-01-15T11:00:00.000Z", "winter of 2090");
    tap_str(local(berlin, "2090-03-26T00:59:59Z"), "2090-03-26T01:59:59.000Z", "last of winter");
    tap_str(local(berlin, "2090-03-26T01:00:00Z"), "2090-03-26T03:00:00.000Z", "first of summer");
    tap_str(local(berlin, "2090-10-29T01:00:00Z"), "2090-10-29T02:00:00.000Z", "and back");
    tap_str(utc(sydney, "2090-01-15 12:00:00"), "2090-01-15T01:00:00.000Z",
            "Sydney's summer, 2090");
    tap_str(utc(sydney, "2090-07-15 12:00:00"), "2090-07-15T02:00:00.000Z",
            "Sydney's winter, 2090");
    tap_str(utc(tokyo, "2090-07-15 12:00:00"), "2090-07-15T03:00:00.000Z", "a rule without summer");
}

/* Against libc, over two centuries. */
static void test_against_libc(const char *name)
{
    const nts_zone_t *zone = zone_of(name);
    apr_int64_t at;
    int wrong = 0;

    (void)setenv("TZ", name, 1);
    tzset();
    for (at = APR_INT64_C(-2000000000); at < APR_INT64_C(4000000000); at += 86400 * 7 + 1801) {
        time_t t = (time_t)at;
        struct tm parts;

        if (!localtime_r(&t, &parts) ||
            nts_zone_offset(zone, apr_time_from_sec(at)) != (int)parts.tm_gmtoff) {
            wrong++;
        }
    }
    tap_int(wrong, 0, "%s as libc has it, each week from 1906 to 2096", name);
}

static void test_names(void)
{
    const nts_zone_t *zone;

    tap_str(utc(zone_of(NULL), "2026-07-15 12:00:00"), "2026-07-15T12:00:00.000Z",
            "no name is UTC");
    tap_str(utc(zone_of("UTC"), "2026-07-15 12:00:00"), "2026-07-15T12:00:00.000Z", "UTC");
    tap_int(nts_zone_offset(NULL, 0), 0, "no zone is UTC");
    tap_int(nts_zone_load(&zone, "Mars/Olympus", pool), APR_ENOENT, "an unknown zone");
    tap_ok(zone == NULL, "gives nothing");
    tap_int(nts_zone_load(&zone, "../../../etc/passwd", pool), APR_EINVAL, "a path upwards");
    tap_int(nts_zone_load(&zone, "/etc/passwd", pool), APR_EINVAL, "an absolute path");
    tap_int(nts_zone_load(&zone, "", pool), APR_EINVAL, "an empty name");
    tap_int(nts_zone_load(&zone, "zone.tab", pool), APR_EINVAL, "a file name");
    tap_int(nts_zone_load(&zone, "leapseconds", pool), APR_EMISMATCH, "a file that is no zone");
    tap_ok(nts_zone_load(&zone, "Europe", pool) != APR_SUCCESS, "a folder");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_known();
    test_changes();
    test_later();
    test_against_libc("Europe/Dublin");
    test_against_libc("America/Sao_Paulo");
    test_against_libc("Africa/Casablanca");
    test_against_libc("Australia/Lord_Howe");
    test_against_libc("Asia/Tehran");
    test_names();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
