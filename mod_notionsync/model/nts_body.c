/* nts_body.c - the text of a body: its lines, and addresses of files in it. */
#include "model/nts_body_impl.h"

#include <string.h>

/* --- addresses */

/* One address in a text: up to the `)` of Markdown, the `"` of a tag, or a blank. */
static apr_size_t address_length(const char *at)
{
    return strcspn(at, " \t\r\n\"'<>()[]\\`");
}

static const char *find_address(const char *text)
{
    const char *at = strstr(text, "http");

    while (at && strncmp(at, "http://", 7) != 0 && strncmp(at, "https://", 8) != 0) {
        at = strstr(at + 1, "http");
    }
    return at;
}

/* True if a query has a parameter of that name, whatever it is written like. */
static int has_parameter(const char *query, apr_size_t length, const char *name)
{
    apr_size_t size = strlen(name);

    for (apr_size_t i = 0; i + size < length; i++) {
        if (strchr("?&;", query[i]) && i + 1 + size < length && query[i + 1 + size] == '=' &&
            strncasecmp(query + i + 1, name, size) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Where the signature of an address begins, or 0: it has none. Those of S3, and of what stands before it. */
static apr_size_t signature_at(const char *address, apr_size_t length)
{
    const char *query = memchr(address, '?', length);
    apr_size_t rest = query ? length - (apr_size_t)(query - address) : 0;

    if (!query) {
        return 0;
    }
    if (has_parameter(query, rest, "X-Amz-Signature") ||
        (has_parameter(query, rest, "signature") &&
         (has_parameter(query, rest, "expires") ||
          has_parameter(query, rest, "expirationTimestamp")))) {
        return (apr_size_t)(query - address);
    }
    return 0;
}

/* Without signatures; *found: there was one. */
static const char *strip(const char *line, int *found, apr_pool_t *p)
{
    const char *address = find_address(line);
    char *copy = NULL;
    char *to = NULL;

    *found = 0;
    while (address) {
        apr_size_t length = address_length(address);
        apr_size_t cut = signature_at(address, length);

        if (cut) {
            apr_size_t before = (apr_size_t)(address - line) + cut;

            if (!copy) {
                copy = to = apr_palloc(p, strlen(line) + 1);
            }
            memcpy(to, line, before);
            to += before;
            line = address + length;
            *found = 1;
        }
        address = find_address(address + length);
    }
    if (!copy) {
        return line;
    }
    memcpy(to, line, strlen(line) + 1);
    return copy;
}

/* The page shows that very address with a signature. */
static int is_shown_signed(const char *page, const char *address, apr_size_t length)
{
    for (const char *at = find_address(page); at; at = find_address(at + 4)) {
        apr_size_t whole = address_length(at);

        if (signature_at(at, whole) == length && strncmp(at, address, length) == 0) {
            return 1;
        }
    }
    return 0;
}

int nts_body_names_file(const char *text, const char *page)
{
    static const char *const hosts[] = { "prod-files-secure.s3", "secure.notion-static.com",
                                         "file.notion.so/f/", "notion.so/signed/" };

    for (const char *at = find_address(text); at; at = find_address(at + 4)) {
        apr_size_t length = address_length(at);

        if (signature_at(at, length) || is_shown_signed(page, at, length)) {
            return 1;
        }
        for (apr_size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
            const char *found = strstr(at, hosts[i]);

            if (found && found < at + length) {
                return 1;
            }
        }
    }
    return 0;
}

/* --- lines */

static int is_blank(const nts_body_line_t *line)
{
    return strspn(line->text, " \t") == strlen(line->text);
}

/* A line of a code block is what it is. Of any other what Notion makes no difference of: blanks at its end, and the sign of a list. */
static const char *plain(const char *text, apr_pool_t *p)
{
    apr_size_t indent = strspn(text, " \t");
    apr_size_t length = strlen(text);
    char *copy;

    while (length && strchr(" \t", text[length - 1])) {
        length--;
    }
    copy = apr_pstrmemdup(p, text, length);
    if (indent + 1 < length && strchr("*+", copy[indent]) && copy[indent + 1] == ' ') {
        copy[indent] = '-';
    }
    return copy;
}

static void take_line(apr_array_header_t *lines, const char *from, apr_size_t length, int *code,
                      apr_pool_t *p)
{
    nts_body_line_t *line = apr_array_push(lines);
    int is_fence;

    line->raw = from;
    line->length = length;
    line->has_file = 0;
    line->text = apr_pstrmemdup(p, from, length && from[length - 1] == '\r' ? length - 1 : length);
    is_fence = strncmp(line->text + strspn(line->text, " \t"), "```", 3) == 0;
    if (!*code || is_fence) {
        line->text = plain(line->text, p);
    }
    if (!*code && is_blank(line)) {
        (void)apr_array_pop(lines);
    }
    *code ^= is_fence;
}

apr_array_header_t *nts_body_lines(const char *text, int without_signatures, apr_pool_t *p)
{
    apr_array_header_t *lines = apr_array_make(p, 64, sizeof(nts_body_line_t));
    int code = 0;

    while (*text) {
        apr_size_t length = strcspn(text, "\n");

        take_line(lines, text, length, &code, p);
        text += length + (text[length] == '\n');
    }
    while (lines->nelts && is_blank(&APR_ARRAY_IDX(lines, lines->nelts - 1, nts_body_line_t))) {
        (void)apr_array_pop(lines); /* of code that was not ended */
    }
    for (int i = 0; without_signatures && i < lines->nelts; i++) {
        nts_body_line_t *line = &APR_ARRAY_IDX(lines, i, nts_body_line_t);

        line->text = strip(line->text, &line->has_file, p);
    }
    return lines;
}

const char *nts_body_text(const apr_array_header_t *lines, apr_pool_t *p)
{
    apr_array_header_t *texts = apr_array_make(p, lines->nelts + 1, sizeof(const char *));

    for (int i = 0; i < lines->nelts; i++) {
        APR_ARRAY_PUSH(texts, const char *) = APR_ARRAY_IDX(lines, i, nts_body_line_t).text;
    }
    return apr_array_pstrcat(p, texts, '\n');
}

nts_value_t nts_body_written(const char *text, apr_pool_t *p)
{
    nts_value_t value = nts_value_text(nts_body_canonical(text, p));

    value.rich = apr_pstrcat(p, "=", text, NULL);
    return *value.as.text ? value : nts_value_null;
}

const char *nts_body_canonical(const char *text, apr_pool_t *p)
{
    return nts_body_text(nts_body_lines(text, 0, p), p);
}

nts_value_t nts_body_value(const char *markdown, int is_partial, apr_pool_t *p)
{
    const char *text = nts_body_text(nts_body_lines(markdown, 1, p), p);
    nts_json_t *shown = nts_json_make_object(p);
    nts_value_t value = *text ? nts_value_text(text) : nts_value_null;

    nts_json_add_string(shown, "markdown", markdown);
    nts_json_add_bool(shown, "partial", is_partial);
    value.rich = nts_json_text(shown, p);
    return value;
}
