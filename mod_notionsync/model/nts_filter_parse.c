/* nts_filter_parse.c - the text of a filter as a tree. Recursive descent; the grammar is in docs/directives.md. */
#include <apr_tables.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_decimal.h"
#include "model/nts_filter_impl.h"

#define DEPTH_MAX 50
#define LITERALS_MAX 500
#define FIELDS_MAX 32

typedef enum token_kind_t {
    TOKEN_END,
    TOKEN_QUOTED,
    TOKEN_WORD,   /* a bare name or keyword */
    TOKEN_NUMBER, /* begins with a digit or a sign: a number or a date */
    TOKEN_SIGN    /* = != < <= > >= ( ) , */
} token_kind_t;

typedef struct token_t {
    token_kind_t kind;
    const char *text; /* quoted: without quotes */
    int at;           /* from 1 */
} token_t;

typedef struct parser_t {
    const char *text;
    const char *next;
    token_t token; /* the one to look at */
    apr_array_header_t *fields;
    int depth;
    const char *problem;
    apr_pool_t *p;
} parser_t;

static const nts_filter_node_t *parse_or(parser_t *s);

/* ---- words ---- */

static void fail(parser_t *s, const token_t *found, const char *expected)
{
    if (s->problem) {
        return;
    }
    if (found->kind == TOKEN_END) {
        s->problem = apr_psprintf(s->p, "the expression ends at character %d; expected is %s",
                                  found->at, expected);
        return;
    }
    s->problem = apr_psprintf(s->p, "at character %d: found %s%s%s; expected is %s", found->at,
                              found->kind == TOKEN_QUOTED ? "\"" : "'", found->text,
                              found->kind == TOKEN_QUOTED ? "\"" : "'", expected);
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           (unsigned char)c >= 0x80;
}

static void take_quoted(parser_t *s)
{
    char quote = *s->next++;
    char *word = apr_palloc(s->p, strlen(s->next) + 1);
    char *to = word;

    while (*s->next && *s->next != quote) {
        if (*s->next == '\\' && (s->next[1] == quote || s->next[1] == '\\')) {
            s->next++;
        }
        *to++ = *s->next++;
    }
    *to = '\0';
    s->token.kind = TOKEN_QUOTED;
    s->token.text = word;
    if (!*s->next) {
        s->problem = apr_psprintf(s->p, "at character %d: the quote is never closed", s->token.at);
        return;
    }
    s->next++;
}

static void take_run(parser_t *s, token_kind_t kind, apr_size_t len)
{
    s->token.kind = kind;
    s->token.text = apr_pstrmemdup(s->p, s->next, len);
    s->next += len;
}

/* A number or a date: all that such texts are made of. */
static apr_size_t number_length(const char *from)
{
    apr_size_t len = 1;

    while (is_name(from[len]) || from[len] == '.' || from[len] == ':' || from[len] == '-' ||
           (from[len] == '+' && is_name(from[len - 1]))) {
        len++;
    }
    return len;
}

static void advance(parser_t *s)
{
    apr_size_t len = 0;

    while (is_space(*s->next) || *s->next == '#') {
        s->next += *s->next == '#' ? strcspn(s->next, "\n") : 1; /* a remark, in a file */
    }
    s->token.at =
        (int)nts_utf8_length(apr_pstrmemdup(s->p, s->text, (apr_size_t)(s->next - s->text))) + 1;
    s->token.text = "";
    s->token.kind = TOKEN_END;
    if (!*s->next || s->problem) {
        return;
    }
    if (*s->next == '"' || *s->next == '\'') {
        take_quoted(s);
    }
    else if (is_digit(*s->next) || ((*s->next == '-' || *s->next == '+') && is_digit(s->next[1]))) {
        take_run(s, TOKEN_NUMBER, number_length(s->next));
    }
    else if (is_name(*s->next)) {
        while (is_name(s->next[len])) {
            len++;
        }
        take_run(s, TOKEN_WORD, len);
    }
    else {
        take_run(s, TOKEN_SIGN, strchr("!<>", *s->next) && s->next[1] == '=' ? 2 : 1);
    }
}

static int is_word(const parser_t *s, const char *word)
{
    return s->token.kind == TOKEN_WORD && nts_str_equal_nocase(s->token.text, word);
}

static int is_sign(const parser_t *s, const char *sign)
{
    return s->token.kind == TOKEN_SIGN && strcmp(s->token.text, sign) == 0;
}

static int take_word(parser_t *s, const char *word)
{
    int found = is_word(s, word);

    if (found) {
        advance(s);
    }
    return found;
}

static int is_keyword(const parser_t *s)
{
    static const char *const words[] = { "and",   "or",       "not",  "in",   "is",
                                         "empty", "contains", "true", "false" };

    for (int i = 0; i < (int)(sizeof(words) / sizeof(words[0])); i++) {
        if (is_word(s, words[i])) {
            return 1;
        }
    }
    return 0;
}

/* ---- the grammar ---- */

static nts_filter_node_t *new_node(parser_t *s, nts_filter_op_t op)
{
    nts_filter_node_t *node = apr_pcalloc(s->p, sizeof(*node));

    node->op = op;
    return node;
}

static const nts_filter_node_t *join(parser_t *s, nts_filter_op_t op, const nts_filter_node_t *left,
                                     const nts_filter_node_t *right)
{
    nts_filter_node_t *node = new_node(s, op);

    node->left = left;
    node->right = right;
    return node;
}

static int field_index(parser_t *s, const char *name)
{
    nts_filter_field_t *field;

    for (int i = 0; i < s->fields->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(s->fields, i, nts_filter_field_t).name, name) == 0) {
            return i;
        }
    }
    field = apr_array_push(s->fields);
    memset(field, 0, sizeof(*field));
    field->name = name;
    return s->fields->nelts - 1;
}

/* "12.5", "2026-01-31", "2026-01-31T12:00:00Z". */
static int take_number(parser_t *s, nts_literal_t *literal)
{
    const char *normal;
    nts_value_t date;

    if (nts_decimal_normalise(&normal, literal->text, s->p) == APR_SUCCESS) {
        literal->kind = NTS_LITERAL_NUMBER;
        literal->text = normal;
        return 1;
    }
    if (nts_value_date(&date, literal->text, NULL, s->p) == APR_SUCCESS) {
        literal->kind = NTS_LITERAL_DATE;
        return 1;
    }
    return 0;
}

static void parse_literal(parser_t *s, nts_literal_t *literal)
{
    static const char expected[] =
        "a text in quotes, a number, a date such as 2026-01-31, true or false";

    memset(literal, 0, sizeof(*literal));
    literal->text = s->token.text;
    literal->at = s->token.at;
    if (s->token.kind == TOKEN_QUOTED) {
        literal->kind = NTS_LITERAL_TEXT;
    }
    else if (is_word(s, "true") || is_word(s, "false")) {
        literal->kind = NTS_LITERAL_BOOL;
        literal->text = is_word(s, "true") ? "true" : "false";
    }
    else if (s->token.kind != TOKEN_NUMBER || !take_number(s, literal)) {
        fail(s, &s->token, expected);
        return;
    }
    advance(s);
}

static void parse_one(parser_t *s, nts_filter_node_t *test)
{
    nts_literal_t *literal = apr_palloc(s->p, sizeof(*literal));

    parse_literal(s, literal);
    test->literals = literal;
    test->literal_count = 1;
}

/* "(" literal { "," literal } ")" */
static void parse_list(parser_t *s, nts_filter_node_t *test)
{
    apr_array_header_t *list = apr_array_make(s->p, 4, sizeof(nts_literal_t));

    if (!is_sign(s, "(")) {
        fail(s, &s->token, "'(' and the values with ',' between them");
        return;
    }
    do {
        advance(s);
        if (list->nelts == LITERALS_MAX) {
            fail(s, &s->token, apr_psprintf(s->p, "at most %d values", LITERALS_MAX));
            return;
        }
        parse_literal(s, apr_array_push(list));
    } while (!s->problem && is_sign(s, ","));
    if (!is_sign(s, ")")) {
        fail(s, &s->token, "',' or ')'");
        return;
    }
    advance(s);
    test->literals = (const nts_literal_t *)(const void *)list->elts;
    test->literal_count = list->nelts;
}

/* = != < <= > >=; the others are kept as negations and turned comparisons of these. */
static int parse_comparison(parser_t *s, nts_filter_node_t *test, int *negated)
{
    int greater = is_sign(s, ">") || is_sign(s, ">=");

    *negated = 0;
    if (is_sign(s, "=") || is_sign(s, "!=")) {
        test->op = NTS_FILTER_EQUAL;
        *negated = is_sign(s, "!=");
    }
    else if (is_sign(s, "<") || is_sign(s, ">")) {
        test->op = NTS_FILTER_LESS;
    }
    else if (is_sign(s, "<=") || is_sign(s, ">=")) {
        test->op = NTS_FILTER_LESS_EQUAL;
    }
    else {
        return 0;
    }
    test->is_turned = greater;
    advance(s);
    parse_one(s, test);
    return 1;
}

static const nts_filter_node_t *parse_test(parser_t *s)
{
    nts_filter_node_t *test = new_node(s, NTS_FILTER_EQUAL);
    int negated = 0;

    if (s->token.kind != TOKEN_QUOTED && (s->token.kind != TOKEN_WORD || is_keyword(s))) {
        fail(s, &s->token, "the name of a field, in quotes if it is not one plain word, or '('");
        return NULL;
    }
    test->field = field_index(s, s->token.text);
    if (s->fields->nelts > FIELDS_MAX) {
        fail(s, &s->token, apr_psprintf(s->p, "at most %d different fields", FIELDS_MAX));
    }
    advance(s);
    if (take_word(s, "is")) {
        negated = take_word(s, "not");
        test->op = NTS_FILTER_EMPTY;
        if (!take_word(s, "empty")) {
            fail(s, &s->token, negated ? "empty" : "empty or not empty");
        }
    }
    else if (!parse_comparison(s, test, &negated)) {
        negated = take_word(s, "not");
        if (take_word(s, "contains")) {
            test->op = NTS_FILTER_CONTAINS;
            parse_one(s, test);
        }
        else if (take_word(s, "in")) {
            parse_list(s, test);
        }
        else {
            fail(s, &s->token,
                 negated ? "in or contains" : "=, !=, <, <=, >, >=, is, contains, in or not");
        }
    }
    return negated ? join(s, NTS_FILTER_NOT, test, NULL) : test;
}

static const nts_filter_node_t *parse_unary(parser_t *s)
{
    const nts_filter_node_t *node;

    if (++s->depth > DEPTH_MAX) {
        fail(s, &s->token, apr_psprintf(s->p, "at most %d levels of parentheses", DEPTH_MAX));
        return NULL;
    }
    if (take_word(s, "not")) {
        node = parse_unary(s);
        s->depth--;
        return join(s, NTS_FILTER_NOT, node, NULL);
    }
    if (is_sign(s, "(")) {
        advance(s);
        node = parse_or(s);
        if (!is_sign(s, ")")) {
            fail(s, &s->token, "and, or, or ')'");
        }
        advance(s);
    }
    else {
        node = parse_test(s);
    }
    s->depth--;
    return node;
}

static const nts_filter_node_t *parse_and(parser_t *s)
{
    const nts_filter_node_t *node = parse_unary(s);

    while (!s->problem && take_word(s, "and")) {
        node = join(s, NTS_FILTER_AND, node, parse_unary(s));
    }
    return node;
}

static const nts_filter_node_t *parse_or(parser_t *s)
{
    const nts_filter_node_t *node = parse_and(s);

    while (!s->problem && take_word(s, "or")) {
        node = join(s, NTS_FILTER_OR, node, parse_and(s));
    }
    return node;
}

apr_status_t nts_filter_parse(const nts_filter_t **filter, const char *text, const char **problem,
                              apr_pool_t *p)
{
    parser_t s = { .text = text, .next = text, .p = p };
    nts_filter_t *made = apr_pcalloc(p, sizeof(*made));
    apr_size_t len = strlen(text);

    *filter = NULL;
    s.fields = apr_array_make(p, 4, sizeof(nts_filter_field_t));
    if (len > NTS_FILTER_TEXT_MAX || !nts_utf8_is_valid(text, len)) {
        *problem = len > NTS_FILTER_TEXT_MAX ? "the expression is longer than 16384 bytes"
                                             : "the expression is not UTF-8";
        return APR_EINVAL;
    }
    advance(&s);
    made->root = parse_or(&s);
    if (s.token.kind != TOKEN_END) {
        fail(&s, &s.token, "and, or, or the end");
    }
    *problem = s.problem;
    if (s.problem) {
        return APR_EINVAL;
    }
    made->text = apr_pstrdup(p, text);
    made->fields = (const nts_filter_field_t *)(const void *)s.fields->elts;
    made->field_count = s.fields->nelts;
    *filter = made;
    return APR_SUCCESS;
}
