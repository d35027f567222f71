/* nts_json_parse.c - text to a json-c tree, strictly.
 *
 * json-c's own tokener is not used: its strict mode takes NaN and single quotes, clamps integers it
 * cannot hold, lets the last of two equal names win, and turns half a surrogate pair into U+FFFD
 * without a word (D45 to D49); and building the tree here takes less than half its time.
 */
#include <string.h>

#include "base/nts_json_impl.h"
#include "base/nts_str.h"

typedef struct parser_t {
    const char *start;
    const char *at;
    const char *end;
    int depth;
    const char *problem; /* what is wrong at `at`; NULL: nothing yet */
    char *scratch;       /* decoded text; grown as needed */
    apr_size_t scratch_size;
    apr_pool_t *p;
} parser_t;

static int parse_value(parser_t *ps, struct json_object **value);

/* Answers 0, so that failing is one line. */
static int fail(parser_t *ps, const char *problem)
{
    ps->problem = problem;
    return 0;
}

static void skip_space(parser_t *ps)
{
    while (ps->at < ps->end &&
           (*ps->at == ' ' || *ps->at == '\n' || *ps->at == '\t' || *ps->at == '\r')) {
        ps->at++;
    }
}

static int next_is(const parser_t *ps, char c)
{
    return ps->at < ps->end && *ps->at == c;
}

static char *scratch_of(parser_t *ps, apr_size_t size)
{
    if (ps->scratch_size < size) {
        ps->scratch_size = size < 256 ? 256 : 2 * size;
        ps->scratch = apr_palloc(ps->p, ps->scratch_size);
    }
    return ps->scratch;
}

/* The four digits of \uXXXX at `at`; -1 if they are not. */
static long code_unit(const parser_t *ps, const char *at)
{
    unsigned char bytes[2];
    char digits[5];

    if (ps->end - at < 4) {
        return -1;
    }
    memcpy(digits, at, 4);
    digits[4] = '\0';
    return nts_hex_parse(bytes, 2, digits) == APR_SUCCESS ? (long)bytes[0] << 8 | bytes[1] : -1;
}

static char *put_utf8(char *to, long c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
    }
    else {
        if (c < 0x10000) {
            *to++ = (char)(0xE0 | c >> 12);
        }
        else {
            *to++ = (char)(0xF0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

/* Behind "\u": decode one character, of one or two escapes. NULL if it is broken. */
static char *take_unicode(parser_t *ps, char *to, int *mended)
{
    long c = code_unit(ps, ps->at);
    long low;

    if (c < 0) {
        ps->problem = "\\u is not followed by four hex digits";
        return NULL;
    }
    if (c == 0) {
        ps->problem = "a string contains NUL";
        return NULL;
    }
    ps->at += 4;
    if (c >= 0xD800 && c <= 0xDBFF && ps->end - ps->at >= 6 && ps->at[0] == '\\' &&
        ps->at[1] == 'u') {
        low = code_unit(ps, ps->at + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            ps->at += 6;
            return put_utf8(to, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
        }
    }
    if (c >= 0xD800 && c <= 0xDFFF) {
        *mended = 1;
        c = 0xFFFD;
    }
    return put_utf8(to, c);
}

/* Behind a backslash. */
static char *take_escape(parser_t *ps, char *to, int *mended)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (next_is(ps, 'u')) {
        ps->at++;
        return take_unicode(ps, to, mended);
    }
    name = ps->at < ps->end && *ps->at ? strchr(names, *ps->at) : NULL;
    if (!name) {
        ps->problem = "unknown escape in a string";
        return NULL;
    }
    ps->at++;
    *to++ = meanings[name - names];
    return to;
}

/* Move to the quote that ends the string, or to a backslash. */
static int skip_plain(parser_t *ps)
{
    const char *const end = ps->end;
    const char *at = ps->at;

    while (at < end && *at != '"' && *at != '\\') {
        unsigned char c = (unsigned char)*at;
        apr_size_t step = c < 0x80 ? 1 : nts_utf8_sequence(at, (apr_size_t)(end - at));

        if (step == 0 || c < 0x20) {
            ps->at = at;
            return fail(ps,
                        step == 0 ? "not UTF-8" : "a control character in a string is not escaped");
        }
        at += step;
    }
    ps->at = at;
    return at < end || fail(ps, "a string has no end");
}

/* At the opening quote: the string, not NUL-terminated, in the text itself where it has no escapes,
 * else in the scratch buffer. */
static int take_string(parser_t *ps, const char **string, apr_size_t *len, int *mended)
{
    const char *plain = ++ps->at;
    char *start;
    char *to;

    *mended = 0;
    if (!skip_plain(ps)) {
        return 0;
    }
    if (*ps->at == '"') {
        *string = plain;
        *len = (apr_size_t)(ps->at++ - plain);
        return 1;
    }
    {
        /* No escape is shorter than what it stands for: room for the text is room for all. */
        const char *close = ps->at;

        while (close < ps->end && *close != '"') {
            close += *close == '\\' ? 2 : 1;
        }
        start = to = scratch_of(ps, (apr_size_t)(close - plain) + 1);
    }
    for (;;) {
        memcpy(to, plain, (apr_size_t)(ps->at - plain));
        to += ps->at - plain;
        if (*ps->at++ == '"') {
            break;
        }
        to = take_escape(ps, to, mended);
        if (!to) {
            return 0;
        }
        plain = ps->at;
        if (!skip_plain(ps)) {
            return 0;
        }
    }
    *string = start;
    *len = (apr_size_t)(to - start);
    return 1;
}

static int parse_string(parser_t *ps, struct json_object **value)
{
    const char *string;
    apr_size_t len;
    int mended;

    if (!take_string(ps, &string, &len, &mended)) {
        return 0;
    }
    *value = nts_json_must(json_object_new_string_len(string, (int)len));
    if (mended) {
        nts_json_mark_mended(*value);
    }
    return 1;
}

/* Behind one member or element: 1 if there is another, 0 if the end was taken, -1 if neither. */
static int take_separator(parser_t *ps, char close, const char *problem)
{
    skip_space(ps);
    if (next_is(ps, ',')) {
        ps->at++;
        skip_space(ps);
        return 1;
    }
    if (next_is(ps, close)) {
        ps->at++;
        return 0;
    }
    (void)fail(ps, problem);
    return -1;
}

static int parse_member(parser_t *ps, struct json_object *object)
{
    struct json_object *value = NULL;
    int count = json_object_object_length(object);
    const char *string;
    const char *key;
    apr_size_t len;
    int mended;

    if (!next_is(ps, '"')) {
        return fail(ps, "expected a member's name in double quotes");
    }
    if (!take_string(ps, &string, &len, &mended)) {
        return 0;
    }
    /* The tree dies before its pool's memory does, so names need no allocation of their own. */
    key = apr_pstrmemdup(ps->p, string, len);
    skip_space(ps);
    if (!next_is(ps, ':')) {
        return fail(ps, "expected a colon after a member's name");
    }
    ps->at++;
    skip_space(ps);
    if (!parse_value(ps, &value)) {
        (void)json_object_put(value);
        return 0;
    }
    if (json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY) != 0) {
        (void)nts_json_must(NULL);
    }
    /* Two readers of one text must not see two different things. */
    return json_object_object_length(object) > count ||
           fail(ps, "an object has two members of one name");
}

static int parse_object(parser_t *ps, struct json_object **value)
{
    struct json_object *object = *value = nts_json_must(json_object_new_object());
    int more;

    ps->at++;
    skip_space(ps);
    if (next_is(ps, '}')) {
        ps->at++;
        return 1;
    }
    do {
        if (!parse_member(ps, object)) {
            return 0;
        }
        more = take_separator(ps, '}', "expected a comma or the end of an object");
    } while (more > 0);
    return more == 0;
}

static int parse_array(parser_t *ps, struct json_object **value)
{
    struct json_object *array = *value = nts_json_must(json_object_new_array_ext(4));
    int more;

    ps->at++;
    skip_space(ps);
    if (next_is(ps, ']')) {
        ps->at++;
        return 1;
    }
    do {
        struct json_object *element = NULL;
        int good = parse_value(ps, &element);

        /* Half-built elements too are given to the tree, which is then dropped as a whole. */
        if (json_object_array_add(array, element) != 0) {
            (void)nts_json_must(NULL);
        }
        if (!good) {
            return 0;
        }
        more = take_separator(ps, ']', "expected a comma or the end of an array");
    } while (more > 0);
    return more == 0;
}

static int parse_number(parser_t *ps, struct json_object **value)
{
    apr_size_t len = nts_json_number_length(ps->at, (apr_size_t)(ps->end - ps->at));
    char *text;

    if (len == 0) {
        return fail(ps, "expected a value");
    }
    text = scratch_of(ps, len + 1);
    memcpy(text, ps->at, len);
    text[len] = '\0';
    *value = nts_json_make_number(text);
    ps->at += len;
    return 1;
}

static int take_word(parser_t *ps, const char *word)
{
    apr_size_t len = strlen(word);

    if ((apr_size_t)(ps->end - ps->at) < len || memcmp(ps->at, word, len) != 0) {
        return fail(ps, "expected a value");
    }
    ps->at += len;
    return 1;
}

/* On failure *value may hold what was built so far; the caller frees it. */
static int parse_value(parser_t *ps, struct json_object **value)
{
    int good;

    switch (ps->at < ps->end ? *ps->at : '\0') {
    case '{':
    case '[':
        if (ps->depth == NTS_JSON_DEPTH_MAX) {
            return fail(ps, "nested too deeply");
        }
        ps->depth++;
        good = *ps->at == '{' ? parse_object(ps, value) : parse_array(ps, value);
        ps->depth--;
        return good;
    case '"':
        return parse_string(ps, value);
    case 't':
        *value = nts_json_must(json_object_new_boolean(1));
        return take_word(ps, "true");
    case 'f':
        *value = nts_json_must(json_object_new_boolean(0));
        return take_word(ps, "false");
    case 'n':
        return take_word(ps, "null");
    default:
        return parse_number(ps, value);
    }
}

apr_status_t nts_json_parse(const nts_json_t **root, const char *text, apr_size_t len,
                            const char **problem, apr_pool_t *p)
{
    parser_t ps = { text, text, text + len, 0, NULL, NULL, 0, p };
    struct json_object *value = NULL;

    *root = NULL;
    if (problem) {
        *problem = NULL;
    }
    if (len > NTS_JSON_TEXT_MAX) {
        ps.problem = "too long";
    }
    else {
        skip_space(&ps);
        if (parse_value(&ps, &value)) {
            skip_space(&ps);
            if (ps.at < ps.end) {
                ps.problem = "there is more after the end";
            }
        }
    }
    if (ps.problem) {
        json_object_put(value);
        if (problem) {
            *problem = apr_psprintf(p, "not JSON: %s (byte %" APR_SIZE_T_FMT ")", ps.problem,
                                    (apr_size_t)(ps.at - ps.start));
        }
        return APR_EINVAL;
    }
    nts_json_own(value, p);
    *root = nts_json_wrap(value);
    return APR_SUCCESS;
}
