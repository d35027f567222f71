/* auto_kit.c - see auto_kit.h */
#include "auto_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap/tap.h"

nts_mapping_t auto_mapping(int make_notion, int make_external)
{
    nts_mapping_t mapping = { .vhost = "", .name = "deals", .auto_fields = 1 };

    mapping.make[NTS_NOTION] = make_notion;
    mapping.make[NTS_EXTERNAL] = make_external;
    return mapping;
}

const char *auto_pairs(const nts_auto_t *found, apr_pool_t *p)
{
    static const char *const arrows[] = { "<->", "->", "<-" };
    const char *text = "";

    for (int i = 0; i < found->pair_count; i++) {
        text = apr_pstrcat(p, text, i ? ", " : "", found->pairs[i].notion,
                           arrows[found->pairs[i].direction], found->pairs[i].external, NULL);
    }
    return text;
}

const char *auto_lacking(const nts_auto_t *found, nts_side_t side, apr_pool_t *p)
{
    const char *text = "";

    for (int i = 0; i < found->lacking_count[side]; i++) {
        text = apr_pstrcat(p, text, i ? ", " : "", found->lacking[side][i].name, ":",
                           found->lacking[side][i].type.native, NULL);
    }
    return text;
}

nts_auto_t auto_look(const nts_mapping_t *mapping, const nts_schema_t *left,
                     const nts_schema_t *right, apr_pool_t *p)
{
    nts_outcome_t out = { 0 };
    nts_auto_t found;

    if (nts_auto_look(&found, mapping, left, right, &out, p) != APR_SUCCESS) {
        printf("Bail out! %s\n", nts_outcome_text(&out, p));
        exit(1);
    }
    return found;
}

int auto_says(const nts_auto_t *found, const char *what)
{
    if (found->apart && strstr(found->apart, what)) {
        return 1;
    }
    tap_diag("%s", found->apart ? found->apart : "(nothing)");
    return 0;
}
