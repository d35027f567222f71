/* mns_vault.c - keys of httpd's children, in memory that is never dumped. */
#include <string.h>
#include <sys/mman.h>

#include <httpd.h>
#include <http_log.h>

#include "base/nts_secret.h"
#include "base/nts_state.h"
#include "base/nts_str.h"
#include "httpd/mns_vault.h"
#include "model/nts_file.h"
#include "store/nts_store_oauth.h"

APLOG_USE_MODULE(notionsync);

typedef struct pages_t {
    void *start;
    apr_size_t size;
} pages_t;

static apr_status_t release_pages(void *data)
{
    pages_t *pages = data;

    explicit_bzero(pages->start, pages->size);
    (void)munmap(pages->start, pages->size);
    return APR_SUCCESS;
}

static apr_status_t map_pages(mns_vault_t **vault, int count, apr_pool_t *p)
{
    pages_t *pages = apr_palloc(p, sizeof(*pages));

    pages->size = sizeof(mns_vault_t) + (apr_size_t)count * sizeof(mns_hook_key_t);
    pages->start =
        mmap(NULL, pages->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages->start == MAP_FAILED) {
        return APR_ENOMEM;
    }
#ifdef MADV_DONTDUMP
    (void)madvise(pages->start, pages->size, MADV_DONTDUMP);
#endif
    apr_pool_cleanup_register(p, pages, release_pages, apr_pool_cleanup_null);
    *vault = pages->start;
    return APR_SUCCESS;
}

void mns_hook_key_set(mns_hook_key_t *key, const char *secret)
{
    apr_size_t len = strlen(secret);
    unsigned char digest[NTS_SHA256_LEN];

    explicit_bzero(key->bytes, sizeof(key->bytes));
    if (len <= MNS_HOOK_KEY_MAX) {
        memcpy(key->bytes, secret, len);
        key->length = (unsigned)len;
    }
    else if (nts_sha256(digest, secret, len) == APR_SUCCESS) {
        memcpy(key->bytes, digest, sizeof(digest));
        key->length = sizeof(digest);
        explicit_bzero(digest, sizeof(digest));
    }
    else {
        key->length = 0;
    }
}

int mns_hook_key_verify(const mns_hook_key_t *key, const char *signature, const char *bytes,
                        apr_size_t len)
{
    unsigned char found[NTS_SHA256_LEN];
    unsigned char wanted[NTS_SHA256_LEN];

    if (key->length == 0 || strncmp(signature, "sha256=", 7) != 0 ||
        nts_hex_parse(found, sizeof(found), signature + 7) != APR_SUCCESS ||
        nts_hmac_sha256(wanted, key->bytes, key->length, bytes, len) != APR_SUCCESS) {
        return 0;
    }
    return nts_equal_constant_time(found, wanted, sizeof(wanted));
}

void mns_hook_keys_fetch(mns_hook_key_t *keys, const mns_core_t *core, apr_pool_t *p)
{
    int i;

    for (i = 0; i < core->setup.service_count; i++) {
        const nts_service_t *service = core->setup.services[i];
        const char *secret;
        nts_outcome_t out = { 0 };

        if (!service->hook_secret) {
            continue;
        }
        keys[i].fixed = 1;
        if (nts_secret_fetch(&secret, service->hook_secret, &out, p) == APR_SUCCESS) {
            mns_hook_key_set(&keys[i], secret);
            continue;
        }
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, core->main,
                     "NotionSyncHookSecret of the service %s: %s; its events are refused until the "
                     "next restart",
                     service->name, nts_outcome_text(&out, p));
    }
}

void mns_hook_keys_put(mns_vault_t *vault, const mns_hook_key_t *keys, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        vault->keys[i] = keys[i];
        if (vault->keys[i].length > MNS_HOOK_KEY_MAX) {
            vault->keys[i].length = 0;
        }
    }
}

apr_status_t mns_vault_make(mns_vault_t **pvault, mns_core_t *core, const char *key_path,
                            nts_outcome_t *out, apr_pool_t *p, apr_pool_t *ptemp)
{
    mns_vault_t *vault = NULL;
    nts_key_t master;
    apr_status_t rv;

    *pvault = NULL;
    rv = map_pages(&vault, core->setup.service_count, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_key_make(&master, key_path, &nts_random_system, out, ptemp);
    if (rv == APR_SUCCESS) {
        rv = nts_key_derive(&vault->hook, &master, "hook");
    }
    if (rv == APR_SUCCESS) {
        rv = nts_key_derive(&vault->csrf, &master, "csrf");
    }
    if (rv == APR_SUCCESS) {
        rv = nts_key_derive(&vault->file, &master, NTS_FILE_PURPOSE);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_key_derive(&vault->code, &master, NTS_OAUTH_CODE);
    }
    explicit_bzero(&master, sizeof(master));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *pvault = vault;
    return APR_SUCCESS;
}
