/* mns_relation.c - fields that refer to records of another mapping, or cannot be matched, as the whole configuration has it. */
#include "config.h"

#include <string.h>

#include "httpd/mns_relation.h"

static const char *list_names(const nts_setup_t *setup, const nts_mapping_t *mapping, apr_pool_t *p)
{
    const char *list = NULL;
    int i;

    for (i = 0; i < setup->mapping_count; i++) {
        const nts_mapping_t *other = setup->mappings[i];

        if (other->notion == mapping->notion && other->external == mapping->external) {
            list = apr_pstrcat(p, list ? list : "", list ? ", " : "", other->name, NULL);
        }
    }
    return list;
}

static int is_matched(const nts_mapping_t *mapping, const nts_pair_t *pair)
{
    int i;

    for (i = 0; i < mapping->match_count; i++) {
        if (!strcmp(mapping->matches[i].notion, pair->notion) ||
            !strcmp(mapping->matches[i].external, pair->external)) {
            return 1;
        }
    }
    return 0;
}

/* Why the pair cannot be, or NULL. */
static const char *judge(const nts_setup_t *setup, const nts_mapping_t *mapping,
                         const nts_pair_t *pair, apr_pool_t *p)
{
    const nts_mapping_t *target = nts_setup_find(setup, mapping->vhost, pair->relation);

    if (!target) {
        return apr_psprintf(p,
                            "relation=%s: there is no such mapping; those of the same two services "
                            "are: %s",
                            pair->relation, list_names(setup, mapping, p));
    }
    if (target->notion != mapping->notion || target->external != mapping->external) {
        int is_turned = target->notion == mapping->external && target->external == mapping->notion;

        return apr_psprintf(
            p,
            "relation=%s: that mapping joins %s to %s and this one %s to %s; what a "
            "page or a row refers to is reached through the same two services only%s",
            pair->relation, target->notion->name, target->external->name, mapping->notion->name,
            mapping->external->name,
            is_turned ? ", named the same way round: exchange NotionSyncNotion and "
                        "NotionSyncExternal in one of the two"
                      : "");
    }
    if (target->key && strchr(target->key, ',') && pair->options.format == NTS_FORMAT_DEFAULT) {
        return apr_psprintf(p,
                            "relation=%s: the rows of that mapping have a key of several columns "
                            "(%s), and a column holds one; a list of them (format=json) can hold "
                            "such keys",
                            pair->relation, target->key);
    }
    if (is_matched(mapping, pair)) {
        return apr_psprintf(p,
                            "relation=%s: \"%s\" cannot be in a NotionSyncMatch, since what is "
                            "referred to is known only once it is linked",
                            pair->relation, pair->notion);
    }
    return NULL;
}

/* The same of a text as Markdown: it has many spellings, and is looked for in the table as it stands. */
static const char *judge_format(const nts_mapping_t *mapping, const nts_pair_t *pair, apr_pool_t *p)
{
    if (pair->options.format != NTS_FORMAT_MARKDOWN || !is_matched(mapping, pair)) {
        return NULL;
    }
    return apr_psprintf(
        p,
        "format=markdown: \"%s\" cannot be in a NotionSyncMatch, since Markdown has "
        "many spellings of one text; match by another field, or leave format= away",
        pair->notion);
}

static const nts_setup_t *make_setup(const apr_array_header_t *mappings, apr_pool_t *p)
{
    apr_array_header_t *models = apr_array_make(p, 8, sizeof(nts_mapping_t *));
    nts_setup_t *setup = apr_pcalloc(p, sizeof(*setup));
    int i;

    for (i = 0; i < mappings->nelts; i++) {
        APR_ARRAY_PUSH(models, nts_mapping_t *) =
            &APR_ARRAY_IDX(mappings, i, mns_mapping_t *)->model;
    }
    setup->mappings = (nts_mapping_t *const *)models->elts;
    setup->mapping_count = models->nelts;
    return setup;
}

void mns_relation_check(const apr_array_header_t *mappings, mns_shared_report_t report, void *baton,
                        apr_pool_t *ptemp)
{
    const nts_setup_t *setup = make_setup(mappings, ptemp);
    int i, k;

    for (i = 0; i < mappings->nelts; i++) {
        const mns_mapping_t *mapping = APR_ARRAY_IDX(mappings, i, const mns_mapping_t *);

        for (k = 0; k < mapping->model.pair_count; k++) {
            const nts_pair_t *pair = &mapping->model.pairs[k];
            const char *problem = pair->relation ? judge(setup, &mapping->model, pair, ptemp)
                                                 : judge_format(&mapping->model, pair, ptemp);

            if (problem) {
                report(baton, mapping, APR_ARRAY_IDX(mapping->lines, k, const ap_directive_t *),
                       problem);
            }
        }
    }
}
