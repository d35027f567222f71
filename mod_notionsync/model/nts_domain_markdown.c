/* nts_domain_markdown.c - formatted texts, on the external side as Markdown (S5.6). Compared is its one spelling. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"
#include "model/nts_inline.h"

/* Notion's own limits of a rich text (sections 4 and 6.5 of its reference). */
#define ITEM_UNITS 2000
#define ITEMS_MAX 100
#define URL_UNITS 2000

/* Of Notion, which may be on both sides. */
static int is_rich(const nts_type_t *type)
{
    return strcmp(type->native, "title") == 0 || strcmp(type->native, "rich_text") == 0;
}

int nts_domain_takes_markdown(const nts_type_t *const types[2])
{
    const nts_type_t *external = types[NTS_EXTERNAL];

    return is_rich(types[NTS_NOTION]) && external->kind == NTS_TYPE_TEXT && !external->list &&
           strncmp(external->native, "json", 4) != 0;
}

/* A padded column says nothing of blanks at its end. */
static const char *without_padding(const nts_domain_t *domain, const char *text, apr_pool_t *p)
{
    apr_size_t len = strlen(text);

    while (domain->types[NTS_EXTERNAL].padded && len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return apr_pstrmemdup(p, text, len);
}

/* What Notion would not take, whatever stands there now. A page may show more than it takes, and a column then holds it: so this is
 * asked of what is written only, or both would for ever differ from what they agreed on. */
static apr_status_t check_runs(const apr_array_header_t *runs, nts_outcome_t *out, apr_pool_t *p)
{
    apr_size_t items = 0;

    for (int i = 0; i < runs->nelts; i++) {
        const nts_inline_run_t *run = &APR_ARRAY_IDX(runs, i, nts_inline_run_t);
        apr_size_t units = nts_utf16_length(apr_pstrmemdup(p, run->text, run->len));
        apr_size_t address = run->link ? nts_utf16_length(run->link) : 0;

        items += (units + ITEM_UNITS - 1) / ITEM_UNITS;
        if (address > URL_UNITS) {
            return nts_domain_unfit(out, p, "shorten the address",
                                    "the address of a link has %" APR_SIZE_T_FMT
                                    " characters, Notion takes %d",
                                    address, URL_UNITS);
        }
    }
    if (items > ITEMS_MAX) {
        return nts_domain_unfit(out, p, "shorten the text, or change its formatting less often",
                                "the text needs %" APR_SIZE_T_FMT
                                " pieces, one for each change of its formatting and "
                                "each %d characters; Notion takes %d",
                                items, ITEM_UNITS, ITEMS_MAX);
    }
    return APR_SUCCESS;
}

/* Of a column. A text that was cut would be other Markdown: so it never is. */
static apr_status_t check_room(const nts_domain_t *domain, const char *text, nts_outcome_t *out,
                               apr_pool_t *p)
{
    const nts_type_t *type = &domain->types[NTS_EXTERNAL];
    apr_size_t length = type->units ? nts_utf16_length(text) : nts_utf8_length(text);

    if (!type->max_length || length <= (apr_size_t)type->max_length) {
        return APR_SUCCESS;
    }
    return nts_domain_unfit(out, p, "shorten the text or widen the field",
                            "the text has %" APR_SIZE_T_FMT
                            " characters as Markdown, the external field (%s) holds %d",
                            length, type->native, type->max_length);
}

static apr_status_t project_markdown(nts_value_t *common, const nts_domain_t *domain,
                                     nts_side_t side, const nts_value_t *value, nts_outcome_t *out,
                                     apr_pool_t *p)
{
    const char *text;
    apr_status_t rv = APR_SUCCESS;

    if (value->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    text = nts_inline_text(nts_inline_parse(without_padding(domain, value->as.text, p), p), p);
    if (!is_rich(&domain->types[nts_side_other(side)])) {
        rv = check_room(domain, text, out, p);
    }
    if (rv == APR_SUCCESS) {
        *common = *text ? nts_value_text(text) : nts_value_null;
    }
    return rv;
}

static apr_status_t render_markdown(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                    const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    if (common->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    *value = *common;
    return is_rich(&domain->types[side]) ? check_runs(nts_inline_parse(common->as.text, p), out, p)
                                         : check_room(domain, common->as.text, out, p);
}

const nts_family_t nts_family_markdown = { "text", project_markdown, render_markdown };
