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
