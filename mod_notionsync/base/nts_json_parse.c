/* nts_json_parse.c - text to a tree, strictly.
 *
 * The text is copied once, as a whole, and its strings stay where they are: what an escape stands for is never
 * longer than the escape, and the closing quote becomes the NUL.
 */
#include <string.h>

#include <apr_strings.h>

#include "base/nts_json_impl.h"
#include "base/nts_str.h"

typedef struct parser_t {
    char *start; /* ends with a NUL */
    char *at;
    char *end;
    int depth;
    const char *problem; /* what is wrong at `at`; NULL: nothing yet */
    apr_pool_t *p;
} parser_t;

/* A string in the text, decoded. */
typedef struct string_t {
    char *text;
    apr_size_t len;
    int mended;
} string_t;

static nts_json_t *parse_value(parser_t *ps);

/* Answers 0, so that failing is one line. */
static int fail(parser_t *ps, const char *problem)
{
    ps->problem = problem;
    return 0;
}

static nts_json_t *fail_value(parser_t *ps, const char *problem)
{
    ps->problem = problem;
    return NULL;
}

static void skip_space(parser_t *ps)
{
    while (*ps->at == ' ' || *ps->at == '\n' || *ps->at == '\t' || *ps->at == '\r') {
        ps->at++;
    }
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

    if (*ps->at == 'u') {
        ps->at++;
        return take_unicode(ps, to, mended);
    }
    name = *ps->at ? strchr(names, *ps->at) : NULL;
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
    for (;;) {
        unsigned char c = (unsigned char)*ps->at;

        if (c >= 0x80) {
            apr_size_t step = nts_utf8_sequence(ps->at, (apr_size_t)(ps->end - ps->at));

            if (step == 0) {
                return fail(ps, "not UTF-8");
            }
            ps->at += step;
        }
        else if (c == '"' || c == '\\') {
            return 1;
        }
        else if (c < 0x20) {
            return fail(ps, ps->at == ps->end ? "a string has no end"
                                              : "a control character in a string is not escaped");
        }
        else {
            ps->at++;
        }
    }
}

/* At the opening quote. */
static int take_string(parser_t *ps, string_t *string)
{
    char *to;

    string->text = ++ps->at;
    string->mended = 0;
    if (!skip_plain(ps)) {
        return 0;
    }
    to = ps->at;
    while (*ps->at == '\\') {
        const char *plain;

        ps->at++;
        to = take_escape(ps, to, &string->mended);
        plain = ps->at;
        if (!to || !skip_plain(ps)) {
            return 0;
        }
        memmove(to, plain, (apr_size_t)(ps->at - plain));
        to += ps->at - plain;
    }
    ps->at++;
    *to = '\0';
    string->len = (apr_size_t)(to - string->text);
    return 1;
}

static nts_json_t *parse_string(parser_t *ps)
{
    nts_json_t *node;
    string_t string;

    if (!take_string(ps, &string)) {
        return NULL;
    }
    node = nts_json_make(NTS_JSON_STRING, ps->p);
    node->as.text = string.text;
    node->mended = string.mended != 0;
    return node;
}

/* Behind one member or element: 1 if there is another, 0 if the end was taken, -1 if neither. */
static int take_separator(parser_t *ps, char close, const char *problem)
{
    skip_space(ps);
    if (*ps->at == ',') {
        ps->at++;
        skip_space(ps);
        return 1;
    }
    if (*ps->at == close) {
        ps->at++;
        return 0;
    }
    (void)fail(ps, problem);
    return -1;
}

static int parse_member(parser_t *ps, nts_json_list_t *object)
{
    nts_json_t *value;
    string_t name;

    if (*ps->at != '"') {
        return fail(ps, "expected a member's name in double quotes");
    }
    if (!take_string(ps, &name)) {
        return 0;
    }
    skip_space(ps);
    if (*ps->at != ':') {
        return fail(ps, "expected a colon after a member's name");
    }
    ps->at++;
    skip_space(ps);
    value = parse_value(ps);
    if (!value) {
        return 0;
    }
    /* Two readers of one text must not see two different things. */
    if (nts_json_find(object, name.text, name.len)) {
        return fail(ps, "an object has two members of one name");
    }
    value->key = name.text;
    value->key_len = (unsigned)name.len;
    nts_json_append(object, value);
    return 1;
}

static int parse_element(parser_t *ps, nts_json_list_t *array)
{
    nts_json_t *value = parse_value(ps);

    if (value) {
        nts_json_append(array, value);
    }
    return value != NULL;
}

/* At the opening bracket. */
static int parse_list(parser_t *ps, nts_json_list_t *list, char close, const char *problem)
{
    int more;

    ps->at++;
    skip_space(ps);
    if (*ps->at == close) {
        ps->at++;
        return 1;
    }
    do {
        if (!(close == '}' ? parse_member(ps, list) : parse_element(ps, list))) {
            return 0;
        }
        more = take_separator(ps, close, problem);
    } while (more > 0);
    return more == 0;
}

static nts_json_t *parse_nested(parser_t *ps)
{
    int is_object = *ps->at == '{';
    nts_json_t *node;
    int good;

    if (ps->depth == NTS_JSON_DEPTH_MAX) {
        return fail_value(ps, "nested too deeply");
    }
    ps->depth++;
    node = nts_json_make(is_object ? NTS_JSON_OBJECT : NTS_JSON_ARRAY, ps->p);
    good = is_object
               ? parse_list(ps, node->as.list, '}', "expected a comma or the end of an object")
               : parse_list(ps, node->as.list, ']', "expected a comma or the end of an array");
    ps->depth--;
    return good ? node : NULL;
}

static nts_json_t *parse_number(parser_t *ps)
{
    apr_size_t len = nts_json_number_length(ps->at, (apr_size_t)(ps->end - ps->at));
    nts_json_t *node;

    if (len == 0) {
        return fail_value(ps, "expected a value");
    }
    node = nts_json_make(NTS_JSON_INT, ps->p);
    nts_json_set_number(node, ps->at, len, ps->p);
    ps->at += len;
    return node;
}

static nts_json_t *parse_word(parser_t *ps, const char *word, nts_json_type_t type, int truth)
{
    apr_size_t len = strlen(word);
    nts_json_t *node;

    if ((apr_size_t)(ps->end - ps->at) < len || memcmp(ps->at, word, len) != 0) {
        return fail_value(ps, "expected a value");
    }
    ps->at += len;
    node = nts_json_make(type, ps->p);
    if (type == NTS_JSON_BOOL) {
        node->as.truth = truth;
    }
    return node;
}

/* NULL: ps->problem says why. */
static nts_json_t *parse_value(parser_t *ps)
{
    switch (*ps->at) {
    case '{':
    case '[':
        return parse_nested(ps);
    case '"':
        return parse_string(ps);
    case 't':
        return parse_word(ps, "true", NTS_JSON_BOOL, 1);
    case 'f':
        return parse_word(ps, "false", NTS_JSON_BOOL, 0);
    case 'n':
        return parse_word(ps, "null", NTS_JSON_NULL, 0);
    default:
        return parse_number(ps);
    }
}

apr_status_t nts_json_parse(const nts_json_t **root, const char *text, apr_size_t len,
                            const char **problem, apr_pool_t *p)
{
    parser_t ps = { .p = p };
    const nts_json_t *value = NULL;

    *root = NULL;
    if (problem) {
        *problem = NULL;
    }
    if (len > NTS_JSON_TEXT_MAX) {
        ps.problem = "too long";
    }
    else {
        ps.start = ps.at = apr_pstrmemdup(p, len ? text : "", len);
        ps.end = ps.start + len;
        skip_space(&ps);
        value = parse_value(&ps);
        if (value) {
            skip_space(&ps);
            if (ps.at < ps.end) {
                ps.problem = "there is more after the end";
            }
        }
    }
    if (ps.problem) {
        if (problem) {
            *problem = apr_psprintf(p, "not JSON: %s (byte %" APR_SIZE_T_FMT ")", ps.problem,
                                    (apr_size_t)(ps.at - ps.start));
        }
        return APR_EINVAL;
    }
    *root = value;
    return APR_SUCCESS;
}
