/* nts_set_text.c - sets as the text of a column: a JSON array of names, or a row of CSV (RFC 4180).
 */
#include <apr_tables.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

/* --- keys as elements of JSON */

/* A key of several columns as the connectors spell it: an array of texts, and of nothing else. NULL: it is none. */
static const nts_json_t *parts_of(const char *key, apr_pool_t *p)
{
    const nts_json_t *root;

    if (*key != '[' || nts_json_parse(&root, key, strlen(key), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY || nts_json_count(root) < 2) {
        return NULL;
    }
    for (int i = 0; i < nts_json_count(root); i++) {
        if (!nts_json_string(nts_json_at(root, i))) {
            return NULL;
        }
    }
    return strcmp(nts_json_text(root, p), key) == 0 ? root : NULL;
}

/* What comes back as that very text. */
static int is_number(const char *key, apr_pool_t *p)
{
    apr_int64_t number;

    return nts_int_parse(&number, key, APR_INT64_MIN, APR_INT64_MAX) == APR_SUCCESS &&
           strcmp(apr_psprintf(p, "%" APR_INT64_T_FMT, number), key) == 0;
}

static void add_key(nts_json_t *array, const char *key, apr_pool_t *p)
{
    const nts_json_t *parts = parts_of(key, p);

    if (parts) {
        nts_json_add_copy(array, NULL, parts);
    }
    else if (is_number(key, p)) {
        nts_json_add_number(array, NULL, key);
    }
    else {
        nts_json_add_string(array, NULL, key);
    }
}

/* The key that an element is; NULL: none. */
static const char *key_of(const nts_json_t *node, apr_pool_t *p)
{
    nts_json_t *parts;

    if (nts_json_type(node) == NTS_JSON_INT) {
        return nts_json_number_text(node, p);
    }
    if (nts_json_type(node) != NTS_JSON_ARRAY || nts_json_count(node) < 2) {
        return nts_json_string(node);
    }
    parts = nts_json_make_array(p);
    for (int i = 0; i < nts_json_count(node); i++) {
        const nts_json_t *part = nts_json_at(node, i);
        const char *text =
            nts_json_type(part) == NTS_JSON_ARRAY ? NULL : key_of(nts_json_at(node, i), p);

        if (!text) {
            return NULL;
        }
        nts_json_add_string(parts, NULL, text);
    }
    return nts_json_text(parts, p);
}

/* --- writing */

static const char *json_text(const nts_value_t *set, nts_elements_t elements, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);

    for (int i = 0; i < set->as.set.count; i++) {
        if (elements == NTS_ELEMENTS_KEYS) {
            add_key(array, set->as.set.options[i].name, p);
        }
        else {
            nts_json_add_string(array, NULL, set->as.set.options[i].name);
        }
    }
    return nts_json_text(array, p);
}

/* One name, quoted where it would not come back as it is. */
static const char *csv_cell(const char *name, apr_pool_t *p)
{
    apr_size_t len = strlen(name);
    char *quoted;
    char *to;

    if (len > 0 && !strpbrk(name, ",\"\r\n") && name[0] != ' ' && name[len - 1] != ' ') {
        return name;
    }
    quoted = to = apr_palloc(p, 2 * len + 3);
    *to++ = '"';
    for (; *name; name++) {
        if (*name == '"') {
            *to++ = '"';
        }
        *to++ = *name;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

const char *nts_set_text(const nts_value_t *set, nts_format_t format, nts_elements_t elements,
                         apr_pool_t *p)
{
    apr_array_header_t *cells;

    if (format != NTS_FORMAT_CSV) {
        return json_text(set, elements, p);
    }
    cells = apr_array_make(p, set->as.set.count + 1, sizeof(const char *));
    for (int i = 0; i < set->as.set.count; i++) {
        APR_ARRAY_PUSH(cells, const char *) = csv_cell(set->as.set.options[i].name, p);
    }
    return apr_array_pstrcat(p, cells, ',');
}

/* --- reading */

static void push_name(apr_array_header_t *names, const char *name)
{
    nts_option_t option = { NULL, name };

    APR_ARRAY_PUSH(names, nts_option_t) = option;
}

static apr_status_t parse_json(apr_array_header_t *names, const char *text, nts_elements_t elements,
                               const char **problem, apr_pool_t *p)
{
    const nts_json_t *root;

    if (nts_json_parse(&root, text, strlen(text), problem, p) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    if (nts_json_type(root) == NTS_JSON_NULL) {
        return APR_SUCCESS;
    }
    if (nts_json_type(root) != NTS_JSON_ARRAY) {
        *problem = "it is no array";
        return APR_EINVAL;
    }
    for (int i = 0; i < nts_json_count(root); i++) {
        const nts_json_t *node = nts_json_at(root, i);
        const char *name = elements == NTS_ELEMENTS_KEYS ? key_of(node, p) : nts_json_string(node);

        if (!name || *name == '\0' || i == NTS_MEMBERS_MAX) {
            *problem = name && *name ? "it has too many elements"
                                     : apr_psprintf(p, "element %d is %s", i + 1,
                                                    name                            ? "empty"
                                                    : elements == NTS_ELEMENTS_KEYS ? "no key"
                                                                                    : "no text");
            return APR_EINVAL;
        }
        push_name(names, name);
    }
    return APR_SUCCESS;
}

/* The quoted cell at *text, which begins with a quote; unquotes it in place and moves *text behind
 * it. NULL if it does not end. */
static char *take_quoted(char **text)
{
    char *cell = *text;
    char *to = cell;
    char *c = cell + 1;

    for (; *c; c++) {
        if (*c == '"' && *++c != '"') {
            *to = '\0';
            *text = c;
            return cell;
        }
        *to++ = *c;
    }
    return NULL;
}

/* The cell at *text up to a comma or the end, without surrounding spaces; moves *text to that. *end
 * is what was there, for the cell's own end may have overwritten it. NULL with @a problem if it is
 * none. */
static char *take_cell(char **text, char *end, const char **problem)
{
    char *cell;
    char *tail;

    *text += strspn(*text, " ");
    if (**text == '"') {
        cell = take_quoted(text);
        if (!cell) {
            *problem = "a quote is not closed";
            return NULL;
        }
        *text += strspn(*text, " ");
        *end = **text;
        *problem = "something follows a closing quote";
        return *end == ',' || *end == '\0' ? cell : NULL;
    }
    cell = *text;
    *text += strcspn(cell, ",\"\r\n");
    *end = **text;
    for (tail = *text; tail > cell && tail[-1] == ' '; tail--) {
    }
    *tail = '\0';
    *problem = *end == '"' ? "a quote stands inside a name" : "it has several lines";
    return *end == ',' || *end == '\0' ? cell : NULL;
}

static apr_status_t parse_csv(apr_array_header_t *names, const char *text, const char **problem,
                              apr_pool_t *p)
{
    char *rest = apr_pstrdup(p, text);
    char end;

    do {
        char *name = take_cell(&rest, &end, problem);

        if (name && names->nelts == NTS_MEMBERS_MAX) {
            *problem = "it has too many names";
            name = NULL;
        }
        if (!name) {
            return APR_EINVAL;
        }
        if (*name) { /* "a,,b" and "a," name nothing there */
            push_name(names, name);
        }
        rest++;
    } while (end == ',');
    return APR_SUCCESS;
}

apr_status_t nts_set_parse(nts_value_t *set, const char *text, nts_format_t format,
                           nts_elements_t elements, const char **problem, apr_pool_t *p)
{
    apr_array_header_t *names = apr_array_make(p, 8, sizeof(nts_option_t));
    apr_status_t rv = format == NTS_FORMAT_CSV ? parse_csv(names, text, problem, p)
                                               : parse_json(names, text, elements, problem, p);

    *set = nts_value_absent;
    if (rv == APR_SUCCESS) {
        *set = nts_value_set((const nts_option_t *)(const void *)names->elts, names->nelts, p);
    }
    return rv;
}
