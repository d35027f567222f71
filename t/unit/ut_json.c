/* ut_json.c - JSON is read strictly, kept exactly, and written as it was meant. */
#include <stdlib.h>

#include "base/nts_json.h"
#include "tap/tap.h"

static apr_pool_t *pool;

/* Parses exactly len bytes, in memory of exactly that size, so that reading beyond is seen. */
static apr_status_t parse_bytes(const nts_json_t **root, const char *bytes, apr_size_t len,
                                const char **problem)
{
    char *exact = malloc(len ? len : 1);
    apr_status_t rv;

    memcpy(exact, bytes, len);
    rv = nts_json_parse(root, exact, len, problem, pool);
    free(exact);
    return rv;
}

static const nts_json_t *parse(const char *text)
{
    const nts_json_t *root;
    const char *problem;

    if (parse_bytes(&root, text, strlen(text), &problem) != APR_SUCCESS) {
        tap_ok(0, "%s should parse but: %s", text, problem);
        return NULL;
    }
    return root;
}

static void good_texts_come_back_compact(void)
{
    static const struct {
        const char *text;
        const char *written;
    } cases[] = {
        { "null", "null" },
        { "true", "true" },
        { " false ", "false" },
        { "12", "12" }, /* D45: a number at the end of the text */
        { "-0", "-0" },
        { "0.10", "0.10" }, /* D47: as written */
        { "1e400", "1e400" },
        { "-1.5E-3", "-1.5E-3" },
        { "99999999999999999999", "99999999999999999999" },
        { "9223372036854775807", "9223372036854775807" },
        { "-9223372036854775808", "-9223372036854775808" },
        { "9223372036854775808", "9223372036854775808" },
        { "\"\"", "\"\"" },
        { "\"a/b\\/c\"", "\"a/b/c\"" },
        { "\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\"" },
        { "\"\\u0001\\u00e9\\u20AC\\ud83d\\ude00\"",
          "\"\\u0001\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { "\"\xc3\xa9\xf4\x8f\xbf\xbf\"", "\"\xc3\xa9\xf4\x8f\xbf\xbf\"" },
        { "[]", "[]" },
        { "{}", "{}" },
        { " [ 1 , [ ] , { } , null ] ", "[1,[],{},null]" },
        { "{\"b\":1,\"a\":{\"c\":null},\"\":\"x\"}", "{\"b\":1,\"a\":{\"c\":null},\"\":\"x\"}" },
        { "\t{\r\n\"a\" : \"\\u0041\\n\" }\n", "{\"a\":\"A\\n\"}" },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_str(nts_json_text(parse(cases[i].text), pool), cases[i].written, "reads %s",
                cases[i].text);
    }
}

static void bad_texts_are_refused_with_their_position(void)
{
    static const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        { "", "not JSON: expected a value (byte 0)" },
        { "   ", "not JSON: expected a value (byte 3)" },
        { "{\"a\":1} x", "not JSON: there is more after the end (byte 8)" },
        { "1 2", "not JSON: there is more after the end (byte 2)" },
        { "{'a':1}", "not JSON: expected a member's name in double quotes (byte 1)" },
        { "NaN", "not JSON: expected a value (byte 0)" },
        { "-Infinity", "not JSON: expected a value (byte 0)" },
        { "TRUE", "not JSON: expected a value (byte 0)" },
        { "nul", "not JSON: expected a value (byte 0)" },
        { "truer", "not JSON: there is more after the end (byte 4)" },
        { "012", "not JSON: expected a value (byte 0)" },
        { "+1", "not JSON: expected a value (byte 0)" },
        { "1.", "not JSON: expected a value (byte 0)" },
        { ".5", "not JSON: expected a value (byte 0)" },
        { "1e", "not JSON: expected a value (byte 0)" },
        { "-", "not JSON: expected a value (byte 0)" },
        { "0x10", "not JSON: there is more after the end (byte 1)" },
        { "[1,]", "not JSON: expected a value (byte 3)" },
        { "[1 2]", "not JSON: expected a comma or the end of an array (byte 3)" },
        { "[", "not JSON: expected a value (byte 1)" },
        { "[1", "not JSON: expected a comma or the end of an array (byte 2)" },
        { "{\"a\":1,}", "not JSON: expected a member's name in double quotes (byte 7)" },
        { "{\"a\" 1}", "not JSON: expected a colon after a member's name (byte 5)" },
        { "{\"a\":", "not JSON: expected a value (byte 5)" },
        { "{\"a\":{\"b\":[{\"c\":[1,", "not JSON: expected a value (byte 19)" },
        { "{\"a\":[1,2}", "not JSON: expected a comma or the end of an array (byte 9)" },
        { "/* x */ 1", "not JSON: expected a value (byte 0)" },
        { "{\"a\":1,\"b\":2,\"a\":3}",
          "not JSON: an object has two members of one name (byte 18)" },
        { "{\"a\":null,\"\\u0061\":null}",
          "not JSON: an object has two members of one name (byte 23)" },
        { "\"abc", "not JSON: a string has no end (byte 4)" },
        { "\"abc\\", "not JSON: unknown escape in a string (byte 5)" },
        { "\"abc\\\"", "not JSON: a string has no end (byte 6)" },
        { "\"a\\x\"", "not JSON: unknown escape in a string (byte 3)" },
        { "\"a\nb\"", "not JSON: a control character in a string is not escaped (byte 2)" },
        { "\"\\u00g0\"", "not JSON: \\u is not followed by four hex digits (byte 3)" },
        { "\"\\u00", "not JSON: \\u is not followed by four hex digits (byte 3)" },
        { "\"x\\u0000y\"", "not JSON: a string contains NUL (byte 4)" },
        { "\"\xff\"", "not JSON: not UTF-8 (byte 1)" },
        { "\"\xc0\x80\"", "not JSON: not UTF-8 (byte 1)" },
        { "\"\xed\xa0\x80\"", "not JSON: not UTF-8 (byte 1)" },
        { "\"\xe2\x82", "not JSON: not UTF-8 (byte 1)" },
        { "\xef\xbb\xbf{}", "not JSON: expected a value (byte 0)" },
        { "{\"\xff\":1}", "not JSON: not UTF-8 (byte 2)" },
        { "\xc3\xa9", "not JSON: expected a value (byte 0)" },
    };
    const nts_json_t *root;
    const char *problem;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_int(parse_bytes(&root, cases[i].text, strlen(cases[i].text), &problem), APR_EINVAL,
                "refuses case %d", (int)i);
        tap_str(problem, cases[i].problem, "and says why");
        tap_ok(root == NULL, "and gives no tree");
    }
    tap_int(parse_bytes(&root, "\"a\0b\"", 5, NULL), APR_EINVAL, "a raw NUL in a string");
    tap_int(parse_bytes(&root, "1\0", 2, NULL), APR_EINVAL, "a NUL after the end");
    tap_int(parse_bytes(&root, "\"\\\0\"", 4, NULL), APR_EINVAL, "a NUL as an escape");
}

static void depth_is_bounded(void)
{
    const nts_json_t *root;
    const char *problem;
    char text[4 * NTS_JSON_DEPTH_MAX];
    apr_size_t n = NTS_JSON_DEPTH_MAX;
    char *deep;

    memset(text, '[', n);
    memset(text + n, ']', n);
    tap_int(parse_bytes(&root, text, 2 * n, &problem), APR_SUCCESS, "the deepest allowed is read");
    memset(text, '[', n + 1);
    memset(text + n + 1, ']', n + 1);
    tap_int(parse_bytes(&root, text, 2 * n + 2, &problem), APR_EINVAL, "one level more is not");
    tap_str(problem, "not JSON: nested too deeply (byte 64)", "with its own message (D51)");

    n = 1000000;
    deep = malloc(n);
    memset(deep, '[', n);
    tap_int(parse_bytes(&root, deep, n, NULL), APR_EINVAL, "a million brackets do no harm");
    free(deep);
}

static void every_truncation_is_refused(void)
{
    static const char text[] =
        "{\"a\":[1,-2.5e1,\"x\\ud83d\\ude00\\n\xc3\xa9\",true,null],\"b\":{}}";
    const nts_json_t *root;
    apr_size_t len;
    int refused = 0;

    for (len = 0; len < sizeof(text) - 1; len++) {
        refused += parse_bytes(&root, text, len, NULL) == APR_EINVAL;
    }
    tap_int(refused, sizeof(text) - 1, "no beginning of an object is taken for the whole");
    tap_int(parse_bytes(&root, text, len, NULL), APR_SUCCESS, "the whole is");
}

static void half_a_surrogate_pair_is_mended_and_marked(void)
{
    static const struct {
        const char *text;
        const char *string;
        int is_mended;
    } cases[] = {
        { "[\"a\\ud83d\"]", "a\xef\xbf\xbd", 1 },
        { "[\"\\ude00b\"]",
          "\xef\xbf\xbd"
          "b",
          1 },
        { "[\"\\ud83d\\u0041\"]",
          "\xef\xbf\xbd"
          "A",
          1 },
        { "[\"\\ud83d\\ud83d\\ude00\"]", "\xef\xbf\xbd\xf0\x9f\x98\x80", 1 },
        { "[\"\\ud83dx\"]", "\xef\xbf\xbdx", 1 },
        { "[\"\\ufffd\"]", "\xef\xbf\xbd", 0 },
        { "[\"\\ud83d\\ude00\"]", "\xf0\x9f\x98\x80", 0 },
    };
    nts_json_t *copy;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const nts_json_t *root = parse(cases[i].text);

        tap_str(nts_json_string(nts_json_at(root, 0)), cases[i].string, "%s", cases[i].text);
        tap_int(nts_json_is_mended(nts_json_at(root, 0)), cases[i].is_mended, "marked if mended");
        copy = nts_json_make_array(pool);
        nts_json_add_copy(copy, NULL, root);
        tap_str(nts_json_string(nts_json_at(nts_json_at(copy, 0), 0)), cases[i].string, "a copy");
        tap_int(nts_json_is_mended(nts_json_at(nts_json_at(copy, 0), 0)), cases[i].is_mended,
                "keeps the mark");
    }
}

static void null_and_absent_differ(void)
{
    const nts_json_t *root = parse("{\"n\":null,\"s\":\"x\",\"o\":{\"n\":null},\"a\":[null,7]}");
    const nts_json_t *n = nts_json_get(root, "n");

    tap_ok(n != NULL, "a null member is there (D50)");
    tap_int(nts_json_type(n), NTS_JSON_NULL, "and is a null");
    tap_ok(nts_json_get(root, "x") == NULL, "an absent one is not");
    tap_ok(nts_json_get(n, "x") == NULL, "a null has no members");
    tap_ok(nts_json_get(NULL, "x") == NULL, "nor has what is not there");
    tap_ok(nts_json_get(nts_json_get(root, "s"), "x") == NULL, "nor a string");
    n = nts_json_path(root, "o", "n", NULL);
    tap_ok(n && nts_json_type(n) == NTS_JSON_NULL, "a path ends at a null");
    tap_ok(nts_json_path(root, "o", "n", "z", NULL) == NULL, "and does not pass through it");
    tap_ok(nts_json_path(root, "o", "x", "n", NULL) == NULL, "nor through what is not there");
    tap_ok(nts_json_path(root, NULL) == root, "the empty path is the node itself");
    tap_int(nts_json_count(nts_json_get(root, "a")), 2, "an array's length");
    tap_int(nts_json_count(root), 0, "an object has none");
    tap_int(nts_json_count(NULL), 0, "nor has nothing");
    tap_int(nts_json_type(nts_json_at(nts_json_get(root, "a"), 0)), NTS_JSON_NULL, "null element");
    tap_ok(nts_json_at(nts_json_get(root, "a"), 2) == NULL, "beyond the end");
    tap_ok(nts_json_at(nts_json_get(root, "a"), -1) == NULL, "before the start");
    tap_ok(nts_json_string(n) == NULL, "a null is no string");
    tap_ok(nts_json_string(NULL) == NULL, "nor is nothing");
    tap_str(nts_json_text(n, pool), "null", "a null as text");
    tap_str(nts_json_text(NULL, pool), "null", "nothing as text");
    tap_int(nts_json_type(NULL), NTS_JSON_NULL, "the type of nothing");
}

static void numbers_are_never_bent(void)
{
    static const struct {
        const char *text;
        nts_json_type_t type;
        apr_status_t rv;
        apr_int64_t value;
    } cases[] = {
        { "0", NTS_JSON_INT, APR_SUCCESS, 0 },
        { "99999999999", NTS_JSON_INT, APR_SUCCESS, 99999999999 },
        { "9223372036854775807", NTS_JSON_INT, APR_SUCCESS, INT64_MAX },
        { "-9223372036854775808", NTS_JSON_INT, APR_SUCCESS, INT64_MIN },
        { "9223372036854775808", NTS_JSON_DOUBLE, APR_EINVAL, 0 },
        { "-9223372036854775809", NTS_JSON_DOUBLE, APR_EINVAL, 0 },
        { "18446744073709551616", NTS_JSON_DOUBLE, APR_EINVAL, 0 },
        { "1.0", NTS_JSON_DOUBLE, APR_EINVAL, 0 },
        { "1e2", NTS_JSON_DOUBLE, APR_EINVAL, 0 },
        { "0.1000000000000000000000000000000000000000001", NTS_JSON_DOUBLE, APR_EINVAL, 0 },
    };
    const nts_json_t *text = parse("\"12\"");
    apr_int64_t value;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const nts_json_t *node = parse(cases[i].text);

        tap_int(nts_json_type(node), cases[i].type, "type of %s", cases[i].text);
        tap_int(nts_json_int(&value, node), cases[i].rv, "as an integer");
        tap_int(value, cases[i].value, "its value");
        tap_str(nts_json_number_text(node, pool), cases[i].text, "its text (D47)");
    }
    tap_int(nts_json_int(&value, text), APR_EINVAL, "a string of digits is no integer");
    tap_ok(nts_json_number_text(text, pool) == NULL, "and no number");
    tap_ok(nts_json_number_text(NULL, pool) == NULL, "nor is nothing");
    tap_int(nts_json_int(&value, parse("true")), APR_EINVAL, "nor true");
    tap_int(nts_json_get_int(parse("{\"a\":\"5\"}"), "a", -1), -1, "the other value for a string");
    tap_int(nts_json_get_int(parse("{\"a\":5}"), "a", -1), 5, "the member when it is one");
    tap_int(nts_json_bool(parse("true"), 0), 1, "true");
    tap_int(nts_json_bool(parse("false"), 1), 0, "false");
    tap_int(nts_json_bool(parse("0"), 1), 1, "0 is no boolean");
    tap_int(nts_json_bool(NULL, 1), 1, "nor is nothing");
}

static int collect(void *baton, const char *key, const nts_json_t *value)
{
    char *to = baton;

    strcat(to, key);
    strcat(to, "=");
    strcat(to, nts_json_text(value, pool));
    strcat(to, ";");
    return strcmp(key, "stop") == 0;
}

static void members_are_visited_in_order(void)
{
    char seen[200] = "";

    nts_json_each(parse("{\"z\":1,\"a\":null,\"stop\":2,\"x\":3}"), collect, seen);
    tap_str(seen, "z=1;a=null;stop=2;", "in order, until told to stop");
    seen[0] = '\0';
    nts_json_each(parse("[1]"), collect, seen);
    nts_json_each(parse("null"), collect, seen);
    nts_json_each(NULL, collect, seen);
    tap_str(seen, "", "nothing else has members");
}

/* Large objects are searched in another way than small ones. */
static void many_members_are_as_good_as_few(void)
{
    const char *text = "{";
    nts_json_t *built = nts_json_make_object(pool);
    const nts_json_t *root;
    int found = 0;
    int i;

    for (i = 0; i < 100; i++) {
        const char *name = apr_psprintf(pool, "m%d", i);

        text = apr_psprintf(pool, "%s%s\"%s\":%d", text, i ? "," : "", name, i);
        nts_json_add_int(built, name, i);
        if (i == 20) {
            nts_json_add_string(built, "m3", "anew");
        }
    }
    root = parse(apr_pstrcat(pool, text, "}", NULL));
    for (i = 0; i < 100; i++) {
        found += nts_json_get_int(root, apr_psprintf(pool, "m%d", i), -1) == i;
    }
    tap_int(found, 100, "each of a hundred members is found");
    tap_ok(!nts_json_get(root, "m100") && !nts_json_get(root, "m"), "and no other");
    tap_ok(parse_bytes(&root, apr_pstrcat(pool, text, ",\"m16\":1}", NULL), strlen(text) + 9,
                       NULL) == APR_EINVAL,
           "a repeated name is seen among many");
    tap_str(nts_json_get_string(built, "m3"), "anew", "one of many is replaced");
    tap_str(apr_pstrndup(pool, nts_json_text(built, pool), 33),
            "{\"m0\":0,\"m1\":1,\"m2\":2,\"m3\":\"anew\"", "in its place");
}

static void what_is_built_is_written(void)
{
    nts_json_t *root = nts_json_make_object(pool);
    nts_json_t *list = nts_json_add_array(root, "list");
    nts_json_t *inner = nts_json_add_object(list, NULL);

    nts_json_add_string(inner, "s", "a/\"\xc3\xa9\n");
    nts_json_add_string(inner, "none", NULL);
    nts_json_add_int(list, NULL, INT64_MIN);
    nts_json_add_bool(list, NULL, 7);
    nts_json_add_null(root, "null");
    nts_json_add_number(root, "n1", "0.10");
    nts_json_add_number(root, "n2", "123456789012345678901234567890.5");
    nts_json_add_number(root, "n3", "42");
    nts_json_add_number(root, "bad", "NaN");
    nts_json_add_number(root, "bad2", "1,\"x\":2");
    nts_json_add_number(root, "bad3", "");
    nts_json_add_copy(root, "copy", inner);
    nts_json_add_copy(root, "copy2", nts_json_get(root, "n1"));
    nts_json_add_copy(root, "copy3", NULL);
    nts_json_add_copy(root, "copy4", nts_json_get(root, "null"));
    nts_json_add_string(root, "again", "1");
    nts_json_add_string(root, "again", "2");
    tap_str(nts_json_text(root, pool),
            "{\"list\":[{\"s\":\"a/\\\"\xc3\xa9\\n\",\"none\":null},-9223372036854775808,true],"
            "\"null\":null,\"n1\":0.10,\"n2\":123456789012345678901234567890.5,\"n3\":42,"
            "\"bad\":\"NaN\",\"bad2\":\"1,\\\"x\\\":2\",\"bad3\":\"\","
            "\"copy\":{\"s\":\"a/\\\"\xc3\xa9\\n\",\"none\":null},\"copy2\":0.10,\"copy3\":null,"
            "\"copy4\":null,\"again\":\"2\"}",
            "objects, arrays, numbers as text, copies");
    tap_int(nts_json_type(nts_json_get(root, "n3")), NTS_JSON_INT, "an integer text is an integer");
}

static void a_tree_goes_with_its_pool(void)
{
    apr_pool_t *short_lived;
    const nts_json_t *from;
    nts_json_t *to = nts_json_make_array(pool);

    apr_pool_create(&short_lived, pool);
    (void)nts_json_parse(&from, "{\"key\":[1.50,\"x\"]}", 18, NULL, short_lived);
    nts_json_add_copy(to, NULL, from);
    apr_pool_destroy(short_lived);
    tap_str(nts_json_text(to, pool), "[{\"key\":[1.50,\"x\"]}]", "a copy outlives its original");
}

/* Garbage made of JSON's own characters reaches more of the parser than random bytes would. */
static void garbage_is_harmless(void)
{
    static const char alphabet[] = "{}[]\",:\\u0deD8tfn1.-e \xc3\xa9\xff";
    unsigned int seed = 12345;
    const nts_json_t *root;
    apr_pool_t *turn;
    int accepted = 0;
    int stable = 1;
    int i;

    apr_pool_create(&turn, pool);
    for (i = 0; i < 50000; i++) {
        char text[24];
        apr_size_t len = 0;
        apr_size_t want;

        apr_pool_clear(turn);
        seed = seed * 1103515245 + 12345;
        want = (seed >> 16) % sizeof(text);
        while (len < want) {
            seed = seed * 1103515245 + 12345;
            text[len++] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        if (nts_json_parse(&root, text, len, NULL, turn) == APR_SUCCESS) {
            const char *written = nts_json_text(root, turn);
            const nts_json_t *again;

            accepted++;
            stable &= nts_json_parse(&again, written, strlen(written), NULL, turn) == APR_SUCCESS &&
                      strcmp(written, nts_json_text(again, turn)) == 0;
        }
    }
    tap_diag("%d of 50000 were JSON", accepted);
    tap_ok(stable, "what is accepted is written as JSON that reads back the same");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    good_texts_come_back_compact();
    bad_texts_are_refused_with_their_position();
    depth_is_bounded();
    every_truncation_is_refused();
    half_a_surrogate_pair_is_mended_and_marked();
    null_and_absent_differ();
    numbers_are_never_bent();
    members_are_visited_in_order();
    many_members_are_as_good_as_few();
    what_is_built_is_written();
    a_tree_goes_with_its_pool();
    garbage_is_harmless();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
