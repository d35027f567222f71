/* nts_crypto.c - hashing, HMAC and sealed secrets on OpenSSL's EVP interface. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/nts_clock.h"
#include "base/nts_crypto.h"
#include "base/nts_str.h"

/* A sealed text is SEAL_MARK and the hex of: nonce, ciphertext, tag. The mark names the format, and
 * is authenticated with the binding, so that a later format cannot be passed off as this one. */
#define SEAL_MARK "nts1:"
#define NONCE_LEN 12
#define TAG_LEN 16
#define SECRET_MAX (1 << 20)
#define HMAC_BLOCK 64 /* of SHA-256 */

/* Looked up once: OpenSSL 3 otherwise does so for each digest, which takes longer than the digest of a
 * webhook. Held for the life of the process. */
static const EVP_MD *sha256;

static void find_sha256(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
#else
    sha256 = EVP_sha256();
#endif
}

static const EVP_MD *get_sha256(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, find_sha256);
    return sha256;
}

apr_status_t nts_sha256(unsigned char digest[NTS_SHA256_LEN], const void *bytes, apr_size_t len)
{
    const EVP_MD *md = get_sha256();

    return md && EVP_Digest(bytes, len, digest, NULL, md, NULL) == 1 ? APR_SUCCESS : APR_EGENERAL;
}

const char *nts_sha256_text(const char *text, apr_pool_t *p)
{
    unsigned char digest[NTS_SHA256_LEN];

    if (nts_sha256(digest, text, strlen(text)) != APR_SUCCESS) {
        abort(); /* out of memory, or OpenSSL without SHA-256: nobody could go on */
    }
    return nts_hex_text(digest, sizeof(digest), p);
}

/* The digest of the block and what follows it. */
static int digest_keyed(unsigned char digest[NTS_SHA256_LEN], EVP_MD_CTX *ctx,
                        const unsigned char block[HMAC_BLOCK], const void *bytes, apr_size_t len)
{
    return EVP_DigestInit_ex(ctx, get_sha256(), NULL) == 1 &&
           EVP_DigestUpdate(ctx, block, HMAC_BLOCK) == 1 &&
           EVP_DigestUpdate(ctx, bytes, len) == 1 && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

/* RFC 2104 by hand: OpenSSL's own looks up the MAC, and the digest in it, each time. */
apr_status_t nts_hmac_sha256(unsigned char mac[NTS_SHA256_LEN], const void *key, apr_size_t key_len,
                             const void *bytes, apr_size_t len)
{
    unsigned char inner[HMAC_BLOCK] = { 0 };
    unsigned char outer[HMAC_BLOCK];
    EVP_MD_CTX *ctx;
    int good = 0;
    int i;

    if (key_len <= HMAC_BLOCK) {
        memcpy(inner, key, key_len);
    }
    else if (nts_sha256(inner, key, key_len) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < HMAC_BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5C;
        inner[i] ^= 0x36;
    }
    ctx = EVP_MD_CTX_new();
    if (ctx && get_sha256()) {
        good = digest_keyed(mac, ctx, inner, bytes, len) &&
               digest_keyed(mac, ctx, outer, mac, NTS_SHA256_LEN);
    }
    EVP_MD_CTX_free(ctx);
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
    return good ? APR_SUCCESS : APR_EGENERAL;
}

int nts_equal_constant_time(const void *a, const void *b, apr_size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

apr_status_t nts_key_derive(nts_key_t *derived, const nts_key_t *master, const char *purpose)
{
    /* HMAC under a uniformly random key is a key derivation function of its own (the "expand" half
     * of HKDF with a one-block output). */
    return nts_hmac_sha256(derived->bytes, master->bytes, sizeof(master->bytes), purpose,
                           strlen(purpose));
}

static apr_status_t encrypt(unsigned char *box, const nts_key_t *key, const char *binding,
                            const char *secret, int len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char *body = box + NONCE_LEN;
    apr_status_t rv = APR_EGENERAL;
    int out = 0;

    if (!ctx) {
        return APR_ENOMEM;
    }
    nts_random_system.bytes(nts_random_system.baton, box, NONCE_LEN);
    if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, box) == 1 &&
        EVP_EncryptUpdate(ctx, NULL, &out, (const unsigned char *)SEAL_MARK,
                          (int)strlen(SEAL_MARK)) == 1 &&
        EVP_EncryptUpdate(ctx, NULL, &out, (const unsigned char *)binding, (int)strlen(binding)) ==
            1 &&
        EVP_EncryptUpdate(ctx, body, &out, (const unsigned char *)secret, len) == 1 &&
        EVP_EncryptFinal_ex(ctx, body + len, &out) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, body + len) == 1) {
        rv = APR_SUCCESS;
    }
    EVP_CIPHER_CTX_free(ctx);
    return rv;
}

/* Nothing decrypted may be believed before EVP_DecryptFinal_ex has checked the tag. */
static apr_status_t decrypt(unsigned char *secret, const nts_key_t *key, const char *binding,
                            unsigned char *box, int len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const unsigned char *body = box + NONCE_LEN;
    apr_status_t rv = APR_EMISMATCH;
    int out = 0;

    if (!ctx) {
        return APR_ENOMEM;
    }
    if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, box) == 1 &&
        EVP_DecryptUpdate(ctx, NULL, &out, (const unsigned char *)SEAL_MARK,
                          (int)strlen(SEAL_MARK)) == 1 &&
        EVP_DecryptUpdate(ctx, NULL, &out, (const unsigned char *)binding, (int)strlen(binding)) ==
            1 &&
        EVP_DecryptUpdate(ctx, secret, &out, body, len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, box + NONCE_LEN + len) == 1 &&
        EVP_DecryptFinal_ex(ctx, secret + len, &out) == 1) {
        rv = APR_SUCCESS;
    }
    EVP_CIPHER_CTX_free(ctx);
    return rv;
}

apr_status_t nts_seal(const char **sealed, const nts_key_t *key, const char *binding,
                      const char *secret, apr_pool_t *p)
{
    apr_size_t len = strlen(secret);
    unsigned char *box;
    apr_status_t rv;

    *sealed = NULL;
    if (len > SECRET_MAX || strlen(binding) > SECRET_MAX) {
        return APR_EINVAL;
    }
    box = apr_palloc(p, NONCE_LEN + len + TAG_LEN);
    rv = encrypt(box, key, binding, secret, (int)len);
    if (rv == APR_SUCCESS) {
        *sealed = apr_pstrcat(p, SEAL_MARK, nts_hex_text(box, NONCE_LEN + len + TAG_LEN, p), NULL);
    }
    return rv;
}

apr_status_t nts_unseal(const char **secret, const nts_key_t *key, const char *binding,
                        const char *sealed, apr_pool_t *p)
{
    apr_size_t box_len;
    apr_size_t len;
    unsigned char *box;
    unsigned char *text;
    apr_status_t rv;

    *secret = NULL;
    if (strncmp(sealed, SEAL_MARK, strlen(SEAL_MARK)) != 0) {
        return APR_EMISMATCH;
    }
    sealed += strlen(SEAL_MARK);
    box_len = strlen(sealed) / 2;
    if (box_len < NONCE_LEN + TAG_LEN || box_len > NONCE_LEN + TAG_LEN + SECRET_MAX ||
        strlen(binding) > SECRET_MAX) {
        return APR_EMISMATCH;
    }
    box = apr_palloc(p, box_len);
    if (nts_hex_parse(box, box_len, sealed) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    len = box_len - NONCE_LEN - TAG_LEN;
    text = apr_pcalloc(p, len + TAG_LEN);
    rv = decrypt(text, key, binding, box, (int)len);
    /* A NUL inside can only come from a forged text that passed, which is to say never; but the
     * caller is promised a string. */
    if (rv == APR_SUCCESS && memchr(text, '\0', len)) {
        rv = APR_EMISMATCH;
    }
    if (rv == APR_SUCCESS) {
        text[len] = '\0';
        *secret = (const char *)text;
    }
    else {
        OPENSSL_cleanse(text, len);
    }
    return rv;
}
