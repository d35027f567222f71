/* nts_fingerprint.c - a hash over what a person was shown. */
#include "sync/nts_fingerprint.h"

#include "base/nts_crypto.h"

static const char *cut(const nts_json_t *node, apr_pool_t *p)
{
    return apr_pstrmemdup(p, nts_sha256_text(nts_json_text(node, p), p), NTS_FINGERPRINT_LEN);
}

const char *nts_fingerprint_make(const char *kind, const nts_shown_t *shown, int count,
                                 apr_pool_t *p)
{
    static const char *const names[] = { "notion", "external" };
    static const char *const agreed[] = { "agreed_notion", "agreed_external" };
    nts_json_t *array = nts_json_make_array(p);
    int i, side;

    nts_json_add_string(array, NULL, kind);
    for (i = 0; i < count; i++) {
        nts_json_t *node = nts_json_add_object(array, NULL);

        nts_json_add_int(node, "pair", shown[i].pair->id);
        for (side = 0; side < NTS_SIDE_COUNT; side++) {
            if (shown[i].pair->computed[side]) {
                continue;
            }
            if (shown[i].value[side]) {
                nts_value_to_json(shown[i].value[side], node, names[side]);
            }
            if (shown[i].base) {
                nts_value_to_json(&shown[i].base->value[side], node, agreed[side]);
            }
        }
    }
    return cut(array, p);
}

const char *nts_fingerprint_join(const char *const *fingerprints, int count, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);
    int i;

    for (i = 0; i < count; i++) {
        nts_json_add_string(array, NULL, fingerprints[i]);
    }
    return cut(array, p);
}

const char *nts_fingerprint_links(nts_link_t *const *links, int count, apr_pool_t *p)
{
    const char **prints = apr_palloc(p, ((apr_size_t)count + 1) * sizeof(*prints));
    int i;

    for (i = 0; i < count; i++) {
        prints[i] = apr_psprintf(p, "%" APR_INT64_T_FMT ":%s", links[i]->id,
                                 links[i]->fingerprint ? links[i]->fingerprint : "");
    }
    return nts_fingerprint_join(prints, count, p);
}
