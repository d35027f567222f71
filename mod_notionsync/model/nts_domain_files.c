/* nts_domain_files.c - files by their addresses. */
#include <string.h>
#include <strings.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

#define ADDRESS_MAX 2000 /* of any address in Notion */

/* What Notion takes for an external file. */
static int is_address(const char *text)
{
    int is_http = strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0;

    for (const char *c = text; is_http && *c; c++) {
        is_http = (unsigned char)*c > ' ' && *c != 0x7f;
    }
    return is_http && text[strcspn(text, ":") + 3] != '\0';
}

static apr_status_t check_address(const char *name, nts_outcome_t *out, apr_pool_t *p)
{
    nts_value_t text = nts_value_text(name);

    if (!is_address(name)) {
        return nts_domain_unfit(out, p, "write addresses that begin with https:// or http://",
                                "'%s' is no address of a file", nts_domain_show(&text, p));
    }
    if (nts_utf16_length(name) > ADDRESS_MAX) {
        return nts_domain_unfit(out, p, "use a shorter address",
                                "the address '%s' has %" APR_SIZE_T_FMT
                                " characters, Notion takes %d",
                                nts_domain_show(&text, p), nts_utf16_length(name), ADDRESS_MAX);
    }
    return APR_SUCCESS;
}

static apr_status_t project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                            const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    nts_value_t set;
    apr_status_t rv = nts_domain_set_of(&set, domain, side, value, out, p);

    if (rv == APR_SUCCESS) {
        *common = set.as.set.count ? set : nts_value_null;
        common->rich = NULL; /* what the page shows beside the addresses goes no further */
    }
    return rv;
}

static apr_status_t render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    apr_status_t rv;

    if (common->kind != NTS_VALUE_SET) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    if (domain->types[side].kind == NTS_TYPE_TEXT) {
        *value = nts_domain_set_text(domain, common, p);
        return APR_SUCCESS;
    }
    rv = nts_domain_check_members(domain, side, common, out, p);
    for (int i = 0; rv == APR_SUCCESS && i < common->as.set.count; i++) {
        rv = check_address(common->as.set.options[i].name, out, p);
    }
    *value = *common;
    return rv;
}

const nts_family_t nts_family_files = { "list of files", project, render };
