/* Proves: values are made only from what they can hold, equality is that of one side, stored JSON gives
 * back the same value whatever it holds, and people see something readable. */
#include <stdlib.h>

#include "model/nts_value.h"
#include "tap/tap.h"
#include "unit/ut_random.h"
#include "unit/ut_values.h"

static apr_pool_t *pool;

static void test_dates(void)
{
    static const struct {
        const char *start;
        const char *end;
        const char *json;
    } cases[] = {
        { "2026-11-22", NULL, "{\"d\":\"2026-11-22\"}" },
        { "2024-02-29", "2024-03-01", "{\"d\":\"2024-02-29\",\"e\":\"2024-03-01\"}" },
        { "2026-11-22T10:15:42Z", NULL, "{\"d\":\"2026-11-22T10:15:42Z\"}" },
        { "2026-11-22T10:15:42.118Z", NULL, "{\"d\":\"2026-11-22T10:15:42.118Z\"}" },
        { "2026-11-22T10:15:42.100200Z", NULL, "{\"d\":\"2026-11-22T10:15:42.1002Z\"}" },
        { "2026-12-01T09:00:00.000+01:00", NULL, "{\"d\":\"2026-12-01T08:00:00Z\"}" },
        { "2026-11-22 10:15:42", NULL, "{\"d\":\"2026-11-22T10:15:42Z\"}" },
        { "2026-11-22 10:15", NULL, "{\"d\":\"2026-11-22T10:15:00Z\"}" },
        { "2026-11-22 10:15:42.5+01", NULL, "{\"d\":\"2026-11-22T09:15:42.5Z\"}" },
        { "2026-11-22T10:15-0330", NULL, NULL },
        { "1969-12-31T23:59:59.25Z", NULL, "{\"d\":\"1969-12-31T23:59:59.25Z\"}" },
        { "2026-11-22T10:00:00Z", "2026-11-22T12:00:00+01:00",
          "{\"d\":\"2026-11-22T10:00:00Z\",\"e\":\"2026-11-22T11:00:00Z\"}" },
        { "2026-02-29", NULL, NULL },
        { "2026-11-22", "2026-11-22T10:00:00Z", NULL },
        { "9999-12-31T23:59:59-01:00", NULL, NULL },
        { "0000-01-01T00:00:00+01:00", NULL, NULL },
        { "22.11.2026", NULL, NULL },
        { "2026-11-22T25:00:00Z", NULL, NULL },
        { "2026-11-2", NULL, NULL },
        { "", NULL, NULL },
        { "tomorrow", NULL, NULL },
        { "2026-11-22T10:15:42Zx", NULL, NULL },
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        nts_value_t value;
        apr_status_t rv = nts_value_date(&value, cases[i].start, cases[i].end, pool);

        tap_str(rv == APR_SUCCESS ? ut_text(&value, pool) : NULL, cases[i].json, "date '%s'",
                cases[i].start);
        tap_int(rv, cases[i].json ? APR_SUCCESS : APR_EINVAL, "status of '%s'", cases[i].start);
    }
    tap_ok(nts_value_has_offset("2026-11-22T10:15:42Z"), "Z is an offset");
    tap_ok(nts_value_has_offset("2026-11-22 10:15:42+01"), "+01 is an offset");
    tap_ok(!nts_value_has_offset("2026-11-22 10:15"), "a date's dash is none");
    tap_ok(!nts_value_has_offset("2026-11-22"), "nor is that of a day");
}

static void test_sets(void)
{
    static const nts_option_t some[] = { { NULL, "b" }, { "1", "a" }, { NULL, "a" },
                                         { "1", "a" },  { "2", "a" }, { NULL, "B" } };
    nts_value_t set = nts_value_set(some, 6, pool);
    nts_value_t empty = nts_value_set(NULL, 0, pool);
    nts_value_t other;

    tap_str(ut_text(&set, pool),
            "{\"s\":[{\"o\":\"B\"},{\"o\":\"a\",\"id\":\"1\"},{\"o\":\"a\",\"id\":\"2\"},{\"o\":"
            "\"b\"}]}",
            "a set is sorted, without repeats, case counts, ids stay");
    tap_int(empty.as.set.count, 0, "an empty set");
    tap_ok(nts_value_equal(&empty, &empty), "equals itself");
    other = ut_value("{\"s\":[{\"o\":\"b\"},{\"o\":\"renamed\",\"id\":\"2\"},"
                     "{\"o\":\"B\"},{\"o\":\"a\",\"id\":\"1\"}]}",
                     pool);
    tap_ok(nts_value_equal(&set, &other), "members are compared by id where both have one");
    other = ut_value(
        "{\"s\":[{\"o\":\"b\"},{\"o\":\"c\"},{\"o\":\"B\"},{\"o\":\"a\",\"id\":\"1\"}]}", pool);
    tap_ok(!nts_value_equal(&set, &other), "another member makes another set");
}

static void test_equal(void)
{
    /* Each value equals itself and no other of the list. */
    static const char *const all[] = {
        "null",
        "\"\"",
        "\"a\"",
        "\"A\"",
        "{\"n\":\"1\"}",
        "{\"n\":\"1.5\"}",
        "true",
        "false",
        "{\"d\":\"2026-11-22\"}",
        "{\"d\":\"2026-11-22\",\"e\":\"2026-11-22\"}",
        "{\"d\":\"2026-11-22T00:00:00Z\"}",
        "{\"o\":\"a\"}",
        "{\"o\":\"b\",\"id\":\"1\"}",
        "{\"o\":\"b2\",\"id\":\"2\"}",
        "{\"s\":[]}",
        "{\"s\":[{\"o\":\"a\"}]}",
    };
    int count = (int)(sizeof(all) / sizeof(all[0]));
    int wrong = 0;
    nts_value_t cut = ut_value("{\"cut\":\"a\"}", pool);
    nts_value_t opaque = nts_value_opaque("a formula");

    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            nts_value_t a = ut_value(all[i], pool);
            nts_value_t b = ut_value(all[j], pool);

            if (nts_value_equal(&a, &b) != (i == j)) {
                wrong++;
                tap_diag("%s and %s", all[i], all[j]);
            }
        }
    }
    tap_int(wrong, 0, "each value equals itself alone");
    for (int i = 0; i < count; i++) {
        nts_value_t value = ut_value(all[i], pool);
        int is_empty = i < 2 || strcmp(all[i], "{\"s\":[]}") == 0;

        tap_int(nts_value_is_empty(&value), is_empty, "%s is %s", all[i],
                is_empty ? "no value" : "a value");
    }
    tap_ok(!nts_value_equal(&cut, &cut), "a truncated value equals nothing");
    tap_ok(!nts_value_equal(&opaque, &opaque), "nor does an opaque one");
    tap_ok(!nts_value_equal(&nts_value_absent, &nts_value_absent), "nor an absent one");
}

static void test_json(void)
{
    static const char *const bad[] = { "1",
                                       "1.5",
                                       "[]",
                                       "{\"n\":\"x\"}",
                                       "{\"n\":1}",
                                       "{\"d\":\"2026-13-01\"}",
                                       "{\"o\":1}",
                                       "{\"o\":\"a\",\"id\":1}",
                                       "{\"s\":{}}",
                                       "{\"s\":[1]}",
                                       "{\"s\":[{}]}",
                                       "{\"unknown\":1}",
                                       "{\"cut\":[]}" };
    nts_value_t value;
    nts_json_t *object = nts_json_make_object(pool);

    for (int i = 0; i < (int)(sizeof(bad) / sizeof(bad[0])); i++) {
        const nts_json_t *node = NULL;

        (void)nts_json_parse(&node, bad[i], strlen(bad[i]), NULL, pool);
        tap_int(nts_value_from_json(&value, node, pool), APR_EMISMATCH, "%s is no value", bad[i]);
        tap_int(value.kind, NTS_VALUE_ABSENT, "and nothing is made of it");
    }
    tap_int(nts_value_from_json(&value, NULL, pool), APR_SUCCESS, "no node");
    tap_int(value.kind, NTS_VALUE_ABSENT, "is an absent value");
    nts_value_to_json(&nts_value_absent, object, "v");
    tap_str(nts_json_text(object, pool), "{}", "an absent value leaves no member");
}

static void test_random_json(void)
{
    ut_random_t random = { 42 };
    int wrong = 0;

    for (int i = 0; i < 5000; i++) {
        nts_value_t value = ut_random_value(&random, pool);
        nts_value_t copy = nts_value_copy(&value, pool);
        const char *text = ut_text(&value, pool);
        nts_value_t back = ut_value(text, pool);

        if (back.kind != value.kind || strcmp(ut_text(&back, pool), text) != 0 ||
            (!value.truncated && value.kind != NTS_VALUE_ABSENT && value.kind != NTS_VALUE_OPAQUE &&
             (!nts_value_equal(&back, &value) || !nts_value_equal(&value, &copy)))) {
            wrong++;
            tap_diag("%s", text);
        }
        if (i % 500 == 499) {
            apr_pool_clear(pool);
        }
    }
    tap_int(wrong, 0, "5000 random values come back from JSON and copies as they were");
}

static void test_display(void)
{
    static const struct {
        const char *json;
        int max;
        const char *text;
    } cases[] = {
        { "null", 10, "\xe2\x80\x94" },
        { "\"\"", 10, "\xe2\x80\x94" },
        { "{\"s\":[]}", 10, "\xe2\x80\x94" },
        { "\"Won\"", 10, "Won" },
        { "\"Wonderful\"", 5, "Wond\xe2\x80\xa6" },
        { "\"\xc3\xa4\xc3\xb6\xc3\xbc\"", 3, "\xc3\xa4\xc3\xb6\xc3\xbc" },
        { "\"\xc3\xa4\xc3\xb6\xc3\xbc!\"", 3, "\xc3\xa4\xc3\xb6\xe2\x80\xa6" },
        { "{\"n\":\"12.5\"}", 10, "12.5" },
        { "true", 10, "true" },
        { "{\"s\":[{\"o\":\"a\"},{\"o\":\"b\"}]}", 10, "a, b" },
        { "{\"d\":\"2026-11-22\",\"e\":\"2026-11-23\"}", 50, "2026-11-22 to 2026-11-23" },
        { "{\"x\":\"a formula\"}", 50, "(a formula)" },
        { "{\"cut\":\"abc\"}", 50, "abc\xe2\x80\xa6" },
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        nts_value_t value = ut_value(cases[i].json, pool);

        tap_str(nts_value_display(&value, cases[i].max, pool), cases[i].text, "%s for people",
                cases[i].json);
    }
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_dates();
    test_sets();
    test_equal();
    test_json();
    test_random_json();
    test_display();
    apr_terminate();
    return tap_done();
}
