/* nts_link.c - links and their bases. */
#include <string.h>

#include "model/nts_link.h"

const char *nts_link_state_name(nts_link_state_t state)
{
    static const char *const names[] = { "new", "active", "dormant", "tombstone", "ignored" };

    return names[state];
}

const char **nts_link_id(nts_link_t *link, nts_side_t side)
{
    return side == NTS_NOTION ? &link->page : &link->key;
}

nts_base_t *nts_link_base(const nts_link_t *link, apr_int64_t pair)
{
    for (int i = 0; i < link->base_count; i++) {
        if (link->bases[i].pair == pair) {
            return &link->bases[i];
        }
    }
    return NULL;
}

int nts_base_names(const nts_base_t *base, nts_side_t side, const char *name)
{
    const nts_value_t *value = base ? &base->value[side] : NULL;

    for (int i = 0; value && value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        if (strcmp(value->as.set.options[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

nts_base_t *nts_link_base_make(nts_link_t *link, apr_int64_t pair, apr_pool_t *p)
{
    nts_base_t *base = nts_link_base(link, pair);
    nts_base_t *grown;

    if (base) {
        return base;
    }
    grown = apr_pcalloc(p, sizeof(*grown) * (apr_size_t)(link->base_count + 1));
    if (link->base_count) {
        memcpy(grown, link->bases, sizeof(*grown) * (apr_size_t)link->base_count);
    }
    base = &grown[link->base_count++];
    base->pair = pair;
    link->bases = grown;
    return base;
}

static void copy_base(nts_base_t *to, const nts_base_t *from, apr_pool_t *p)
{
    *to = *from;
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        to->value[side] = nts_value_copy(&from->value[side], p);
    }
    to->rewrite = nts_value_copy(&from->rewrite, p);
    to->undone = nts_value_copy(&from->undone, p);
}

static const nts_issue_t *copy_issues(const nts_issue_t *from, int count, apr_pool_t *p)
{
    nts_issue_t *to = apr_pcalloc(p, sizeof(*to) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        to[i] = from[i];
        to[i].code = apr_pstrdup(p, from[i].code);
        to[i].what = apr_pstrdup(p, from[i].what);
        to[i].fingerprint = apr_pstrdup(p, from[i].fingerprint);
        for (int side = 0; side < NTS_SIDE_COUNT; side++) {
            to[i].value[side] = nts_value_copy(&from[i].value[side], p);
        }
    }
    return to;
}

nts_link_t *nts_link_copy(const nts_link_t *link, apr_pool_t *p)
{
    nts_link_t *copy = apr_pmemdup(p, link, sizeof(*link));

    copy->page = apr_pstrdup(p, link->page);
    copy->key = apr_pstrdup(p, link->key);
    copy->fingerprint = apr_pstrdup(p, link->fingerprint);
    nts_outcome_copy(&copy->outcome, &link->outcome, p);
    copy->bases = apr_palloc(p, sizeof(*copy->bases) * (apr_size_t)(link->base_count + 1));
    for (int i = 0; i < link->base_count; i++) {
        copy_base(&copy->bases[i], &link->bases[i], p);
    }
    copy->issues = copy_issues(link->issues, link->issue_count, p);
    return copy;
}

static void add_base(const nts_base_t *base, nts_json_t *array)
{
    nts_json_t *node = nts_json_add_object(array, NULL);

    nts_json_add_int(node, "pair", base->pair);
    nts_value_to_json(&base->value[NTS_NOTION], node, "notion");
    nts_value_to_json(&base->value[NTS_EXTERNAL], node, "external");
    nts_json_add_int(node, "notion_seen", base->seen[NTS_NOTION]);
    nts_json_add_int(node, "external_seen", base->seen[NTS_EXTERNAL]);
    if (base->has_rewrite) {
        nts_json_t *rewrite = nts_json_add_object(node, "rewrite");

        nts_json_add_int(rewrite, "side", base->rewriter);
        nts_value_to_json(&base->rewrite, rewrite, "value");
    }
    if (base->fights) {
        nts_json_add_int(node, "fights", base->fights);
        nts_json_add_int(node, "undoings", base->undoings);
        nts_json_add_int(node, "fighter", base->fighter);
        nts_json_add_int(node, "fought", base->fought);
        nts_value_to_json(&base->undone, node, "undone");
    }
    if (base->form[NTS_NOTION] || base->form[NTS_EXTERNAL]) {
        nts_json_add_int(node, "notion_form", base->form[NTS_NOTION]);
        nts_json_add_int(node, "external_form", base->form[NTS_EXTERNAL]);
    }
}

const char *nts_link_bases_text(const nts_link_t *link, apr_pool_t *p)
{
    const char *text;
    nts_json_t *array;
    apr_pool_t *tree;

    (void)apr_pool_create(&tree, p);
    array = nts_json_make_array(tree);
    for (int i = 0; i < link->base_count; i++) {
        add_base(&link->bases[i], array);
    }
    text = nts_json_text(array, p);
    apr_pool_destroy(tree);
    return text;
}

static nts_side_t take_side(const nts_json_t *node, const char *key)
{
    return nts_json_get_int(node, key, NTS_NOTION) == NTS_EXTERNAL ? NTS_EXTERNAL : NTS_NOTION;
}

static apr_status_t take_base(nts_base_t *base, const nts_json_t *node, apr_pool_t *p)
{
    const nts_json_t *rewrite = nts_json_get(node, "rewrite");
    apr_status_t rv;

    rv = nts_json_int(&base->pair, nts_json_get(node, "pair"));
    if (rv != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    rv = nts_value_from_json(&base->value[NTS_NOTION], nts_json_get(node, "notion"), p);
    if (rv == APR_SUCCESS) {
        rv = nts_value_from_json(&base->value[NTS_EXTERNAL], nts_json_get(node, "external"), p);
    }
    if (rv == APR_SUCCESS && rewrite) {
        base->has_rewrite = 1;
        base->rewriter = take_side(rewrite, "side");
        rv = nts_value_from_json(&base->rewrite, nts_json_get(rewrite, "value"), p);
    }
    base->seen[NTS_NOTION] = nts_json_get_int(node, "notion_seen", 0);
    base->seen[NTS_EXTERNAL] = nts_json_get_int(node, "external_seen", 0);
    base->fights = (int)nts_json_get_int(node, "fights", 0);
    base->undoings = (int)nts_json_get_int(node, "undoings", 0);
    base->fighter = take_side(node, "fighter");
    base->fought = nts_json_get_int(node, "fought", 0);
    base->form[NTS_NOTION] = (int)nts_json_get_int(node, "notion_form", 0);
    base->form[NTS_EXTERNAL] = (int)nts_json_get_int(node, "external_form", 0);
    return rv == APR_SUCCESS ? nts_value_from_json(&base->undone, nts_json_get(node, "undone"), p)
                             : rv;
}

static apr_status_t take_bases(nts_link_t *link, const char *text, apr_pool_t *tree, apr_pool_t *p)
{
    const nts_json_t *root;
    nts_base_t *bases;
    int count;

    if (nts_json_parse(&root, text, strlen(text), NULL, tree) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY) {
        return APR_EMISMATCH;
    }
    count = nts_json_count(root);
    bases = apr_pcalloc(p, sizeof(*bases) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        apr_status_t rv = take_base(&bases[i], nts_json_at(root, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    link->bases = bases;
    link->base_count = count;
    return APR_SUCCESS;
}

/* The tree is some thirty times what is taken from it (half a MiB for a link of 25 fields), and a page of a listing has a hundred links. */
apr_status_t nts_link_bases_parse(nts_link_t *link, const char *text, apr_pool_t *p)
{
    apr_pool_t *tree;
    apr_status_t rv;

    link->bases = NULL;
    link->base_count = 0;
    (void)apr_pool_create(&tree, p);
    rv = take_bases(link, text, tree, p);
    apr_pool_destroy(tree);
    return rv;
}
