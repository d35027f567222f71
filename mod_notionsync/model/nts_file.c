/* nts_file.c - names of files that Notion keeps, and links made of them. */
#include "model/nts_file.h"

#include <string.h>

#include <apr_base64.h>

#include "base/nts_str.h"

/* Where the parts of a name are. */
#define PAGE_AT 6
#define PROPERTY_AT NTS_FILE_PLACE_LEN
#define FILE_AT 28
#define UUID_LEN 16

#define MAC_LEN                                                                                    \
    18 /* so that name and MAC are whole groups of Base64, which then has one spelling */
#define TOKEN_BYTES (NTS_FILE_NAME_LEN + MAC_LEN)

static apr_status_t put_digest(unsigned char *to, apr_size_t len, const char *text,
                               apr_size_t text_len)
{
    unsigned char digest[NTS_SHA256_LEN];
    apr_status_t rv = nts_sha256(digest, text, text_len);

    if (rv == APR_SUCCESS) {
        memcpy(to, digest, len);
    }
    return rv;
}

static apr_status_t put_mapping(unsigned char *to, const nts_mapping_t *mapping, nts_side_t side,
                                apr_pool_t *p)
{
    const char *label = apr_pstrcat(p, side == NTS_NOTION ? "notion" : "external", "\n",
                                    nts_mapping_label(mapping, p), NULL);

    return put_digest(to, PAGE_AT, label, strlen(label));
}

static apr_status_t put_page(unsigned char *to, const char *page)
{
    char digits[2 * UUID_LEN + 1];
    int count = 0;

    for (const char *c = page; *c; c++) {
        if (*c != '-' && count < 2 * UUID_LEN) {
            digits[count++] = *c;
        }
    }
    digits[count] = '\0';
    return nts_hex_parse(to, UUID_LEN, digits);
}

/* "https://host/a/b.pdf?X-Amz-Signature=..." -> "/a/b.pdf". The host is left out: it says where Notion keeps its files today. */
static const char *path_of(const char *address, apr_size_t *len)
{
    const char *host = strstr(address, "://");
    const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : "";

    *len = strcspn(path, "?#");
    return path;
}

apr_status_t nts_file_name_make(nts_file_name_t *name, const nts_mapping_t *mapping,
                                nts_side_t side, const char *page, const char *property,
                                const char *address, apr_pool_t *p)
{
    apr_size_t len;
    const char *path = path_of(address, &len);
    apr_status_t rv = len > 1 && page ? put_page(name->bytes + PAGE_AT, page) : APR_EINVAL;

    if (rv == APR_SUCCESS) {
        rv = put_mapping(name->bytes, mapping, side, p);
    }
    if (rv == APR_SUCCESS) {
        rv = put_digest(name->bytes + PROPERTY_AT, FILE_AT - PROPERTY_AT, property,
                        strlen(property));
    }
    return rv == APR_SUCCESS
               ? put_digest(name->bytes + FILE_AT, NTS_FILE_NAME_LEN - FILE_AT, path, len)
               : rv;
}

int nts_file_name_equal(const nts_file_name_t *a, const nts_file_name_t *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int nts_file_name_is_of(nts_side_t *side, const nts_file_name_t *name, const nts_mapping_t *mapping,
                        apr_pool_t *p)
{
    unsigned char part[PAGE_AT];

    for (int i = 0; i < NTS_SIDE_COUNT; i++) {
        *side = (nts_side_t)i;
        if (put_mapping(part, mapping, *side, p) == APR_SUCCESS &&
            memcmp(part, name->bytes, sizeof(part)) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *nts_file_name_page(const nts_file_name_t *name, apr_pool_t *p)
{
    const char *page = NULL;

    (void)nts_uuid_normalise(&page, nts_hex_text(name->bytes + PAGE_AT, UUID_LEN, p), p);
    return page;
}

static apr_status_t sign(unsigned char mac[MAC_LEN], const unsigned char *bytes,
                         const nts_key_t *key)
{
    unsigned char whole[NTS_SHA256_LEN];
    apr_status_t rv =
        nts_hmac_sha256(whole, key->bytes, sizeof(key->bytes), bytes, NTS_FILE_NAME_LEN);

    if (rv == APR_SUCCESS) {
        memcpy(mac, whole, MAC_LEN);
    }
    return rv;
}

const char *nts_file_link(const nts_file_name_t *name, const char *base, const nts_key_t *key,
                          apr_pool_t *p)
{
    unsigned char bytes[TOKEN_BYTES];
    char token[NTS_FILE_TOKEN_LEN + 1];

    memcpy(bytes, name->bytes, NTS_FILE_NAME_LEN);
    if (sign(bytes + NTS_FILE_NAME_LEN, bytes, key) != APR_SUCCESS) {
        return NULL;
    }
    (void)apr_base64_encode_binary(token, bytes, TOKEN_BYTES);
    for (char *c = token; *c; c++) { /* RFC 4648, 5 */
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    return apr_pstrcat(p, base, "/", token, NULL);
}

apr_status_t nts_file_token_parse(nts_file_name_t *name, const char *token, const nts_key_t *key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char text[NTS_FILE_TOKEN_LEN + 1];
    unsigned char bytes[TOKEN_BYTES + 3];
    unsigned char mac[MAC_LEN];

    if (strspn(token, alphabet) != NTS_FILE_TOKEN_LEN || token[NTS_FILE_TOKEN_LEN] != '\0') {
        return APR_EINVAL;
    }
    for (int i = 0; i <= NTS_FILE_TOKEN_LEN; i++) {
        text[i] = token[i] == '-' ? '+' : token[i] == '_' ? '/' : token[i];
    }
    if (apr_base64_decode_binary(bytes, text) != TOKEN_BYTES ||
        sign(mac, bytes, key) != APR_SUCCESS ||
        !nts_equal_constant_time(mac, bytes + NTS_FILE_NAME_LEN, MAC_LEN)) {
        return APR_EINVAL;
    }
    memcpy(name->bytes, bytes, NTS_FILE_NAME_LEN);
    return APR_SUCCESS;
}

apr_status_t nts_file_link_parse(nts_file_name_t *name, const char *address, const nts_key_t *key,
                                 apr_pool_t *p)
{
    char *text = apr_pstrmemdup(p, address, strcspn(address, "?#"));
    const char *slash = strrchr(text, '/');

    return slash ? nts_file_token_parse(name, slash + 1, key) : APR_EINVAL;
}

const char *nts_file_base_path(const char *base)
{
    const char *host = strstr(base, "://");

    return host ? host + 3 + strcspn(host + 3, "/") : "";
}
