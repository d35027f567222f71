/* nts_crypto.h - hashing, HMAC and sealed secrets; OpenSSL does the work. */
#ifndef NTS_CRYPTO_H
#define NTS_CRYPTO_H

#include "base/nts_base.h"

#define NTS_SHA256_LEN 32

apr_status_t nts_sha256(unsigned char digest[NTS_SHA256_LEN], const void *bytes, apr_size_t len);
/** SHA-256 of a text as 64 lower-case hex digits. */
const char *nts_sha256_text(const char *text, apr_pool_t *p);
apr_status_t nts_hmac_sha256(unsigned char mac[NTS_SHA256_LEN], const void *key, apr_size_t key_len,
                             const void *bytes, apr_size_t len);
/** Equality in a time that depends on @a len only. */
int nts_equal_constant_time(const void *a, const void *b, apr_size_t len);

/** A key of 32 bytes. */
typedef struct nts_key_t {
    unsigned char bytes[32];
} nts_key_t;

/** A key for one purpose ("hook", "csrf", "file"), derived from the server's key; knowing it does
 *  not reveal the other keys. */
apr_status_t nts_key_derive(nts_key_t *derived, const nts_key_t *master, const char *purpose);

/** Seal a secret (AES-256-GCM, fresh nonce) to printable text. @a binding (virtual host, service,
 *  purpose) must be given again to open it, so a sealed text cannot be moved elsewhere. */
apr_status_t nts_seal(const char **sealed, const nts_key_t *key, const char *binding,
                      const char *secret, apr_pool_t *p);
/** APR_EMISMATCH: another key, another binding, or changed text. */
apr_status_t nts_unseal(const char **secret, const nts_key_t *key, const char *binding,
                        const char *sealed, apr_pool_t *p);

#endif /* NTS_CRYPTO_H */
