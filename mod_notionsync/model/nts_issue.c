/* nts_issue.c - issues of a link as stored text. */
#include <string.h>

#include "model/nts_link.h"

const nts_issue_t *nts_link_issue(const nts_link_t *link, apr_int64_t pair)
{
    for (int i = 0; i < link->issue_count; i++) {
        if (link->issues[i].pair == pair) {
            return &link->issues[i];
        }
    }
    return NULL;
}

static int is_code(const char *code, const char *const *codes)
{
    for (; code && *codes; codes++) {
        if (strcmp(code, *codes) == 0) {
            return 1;
        }
    }
    return 0;
}

int nts_link_is_held_delete(const nts_link_t *link)
{
    static const char *const codes[] = { "held.delete",
                                         "held.delete_limit",
                                         "held.missing",
                                         "held.restore",
                                         "held.children",
                                         "sql.key_taken",
                                         NULL };

    return link->trouble == NTS_TROUBLE_HELD && is_code(link->outcome.code, codes);
}

int nts_link_is_held_match(const nts_link_t *link)
{
    static const char *const codes[] = { "match.ambiguous", "held.ambiguous", "held.moved", NULL };

    return link->trouble == NTS_TROUBLE_HELD && is_code(link->outcome.code, codes);
}

static void add_text(nts_json_t *node, const char *name, const char *text)
{
    if (text) {
        nts_json_add_string(node, name, text);
    }
}

const char *nts_link_issues_text(const nts_link_t *link, apr_pool_t *p)
{
    nts_json_t *array;

    if (!link->issue_count) {
        return NULL;
    }
    array = nts_json_make_array(p);
    for (int i = 0; i < link->issue_count; i++) {
        const nts_issue_t *issue = &link->issues[i];
        nts_json_t *node = nts_json_add_object(array, NULL);

        nts_json_add_int(node, "pair", issue->pair);
        add_text(node, "code", issue->code);
        add_text(node, "what", issue->what);
        nts_value_to_json(&issue->value[NTS_NOTION], node, "notion");
        nts_value_to_json(&issue->value[NTS_EXTERNAL], node, "external");
        add_text(node, "fingerprint", issue->fingerprint);
        nts_json_add_int(node, "since", issue->since);
    }
    return nts_json_text(array, p);
}

static apr_status_t take_issue(nts_issue_t *issue, const nts_json_t *node, apr_pool_t *p)
{
    apr_status_t rv = nts_json_int(&issue->pair, nts_json_get(node, "pair"));

    if (rv != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    issue->code = apr_pstrdup(p, nts_json_get_string(node, "code"));
    issue->what = apr_pstrdup(p, nts_json_get_string(node, "what"));
    issue->fingerprint = apr_pstrdup(p, nts_json_get_string(node, "fingerprint"));
    issue->since = nts_json_get_int(node, "since", 0);
    rv = nts_value_from_json(&issue->value[NTS_NOTION], nts_json_get(node, "notion"), p);
    return rv == APR_SUCCESS
               ? nts_value_from_json(&issue->value[NTS_EXTERNAL], nts_json_get(node, "external"), p)
               : rv;
}

apr_status_t nts_link_issues_parse(nts_link_t *link, const char *text, apr_pool_t *p)
{
    const nts_json_t *root;
    nts_issue_t *issues;
    int count;

    link->issues = NULL;
    link->issue_count = 0;
    if (nts_json_parse(&root, text, strlen(text), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY) {
        return APR_EMISMATCH;
    }
    count = nts_json_count(root);
    issues = apr_pcalloc(p, sizeof(*issues) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        apr_status_t rv = take_issue(&issues[i], nts_json_at(root, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    link->issues = issues;
    link->issue_count = count;
    return APR_SUCCESS;
}

/* --- for people */

static void show_value(nts_json_t *node, const char *name, const nts_value_t *value, int width,
                       apr_pool_t *p)
{
    if (value->kind != NTS_VALUE_ABSENT) {
        nts_value_to_json(value, node, name);
        nts_json_add_string(node, apr_pstrcat(p, name, "_text", NULL),
                            nts_value_display(value, width, p));
    }
}

static const nts_pair_t *find_pair(const nts_mapping_t *mapping, apr_int64_t id)
{
    for (int i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].id == id) {
            return &mapping->pairs[i];
        }
    }
    return NULL;
}

static const char *what_to_decide(const nts_link_t *link)
{
    if (nts_link_is_held_delete(link)) {
        return "delete";
    }
    if (nts_link_is_held_match(link)) {
        return "match";
    }
    return link->trouble == NTS_TROUBLE_HELD && link->issue_count && link->issues[0].pair ? "field"
                                                                                          : NULL;
}

#define AGREED_SHOWN 5

static const char *agreed_values(const nts_link_t *link, int width, apr_pool_t *p)
{
    const char *text = "";
    int shown = 0;

    for (int i = 0; i < link->base_count && shown < AGREED_SHOWN; i++) {
        const nts_value_t *value = &link->bases[i].value[NTS_EXTERNAL];

        if (value->kind != NTS_VALUE_ABSENT && !nts_value_is_empty(value)) {
            text = apr_pstrcat(p, text, shown++ ? " \xc2\xb7 " : "",
                               nts_value_display(value, width, p), NULL);
        }
    }
    return text;
}

void nts_link_issues_show(const nts_link_t *link, const nts_mapping_t *mapping, int width,
                          nts_json_t *parent, apr_pool_t *p)
{
    nts_json_t *list;

    add_text(parent, "decide", what_to_decide(link));
    add_text(parent, "fingerprint", link->fingerprint);
    if (link->issue_count && !link->issues[0].pair && link->base_count) {
        /* A record that is to be deleted is known by more than its key. */
        nts_json_add_string(parent, "agreed_text", agreed_values(link, width, p));
    }
    list = nts_json_add_array(parent, "issues");
    for (int i = 0; i < link->issue_count; i++) {
        const nts_issue_t *issue = &link->issues[i];
        const nts_pair_t *pair = find_pair(mapping, issue->pair);
        const nts_base_t *base = nts_link_base(link, issue->pair);
        nts_json_t *node = nts_json_add_object(list, NULL);

        nts_json_add_int(node, "pair", issue->pair);
        if (pair) {
            nts_json_add_string(node, "field", pair->notion);
            nts_json_add_string(node, "column", pair->external);
        }
        add_text(node, "code", issue->code);
        add_text(node, "what", issue->what);
        show_value(node, "notion", &issue->value[NTS_NOTION], width, p);
        show_value(node, "external", &issue->value[NTS_EXTERNAL], width, p);
        if (base) {
            show_value(node, "agreed", &base->value[NTS_EXTERNAL], width, p);
        }
        add_text(node, "fingerprint", issue->fingerprint);
        if (issue->since) {
            nts_json_add_string(node, "since", nts_value_instant_text(issue->since, p));
        }
    }
}
