/* mns_vault.h - the keys that httpd's children hold: to open stored hook secrets, to check events, and
 * to make forms that nobody else can make.
 *
 * Kept in pages of their own which no core dump shows (R8). The parent fills it before it forks; a child
 * then changes its own copy, under its own lock. No token of a service is ever in here.
 */
#ifndef MNS_VAULT_H
#define MNS_VAULT_H

#include "httpd/mns_core.h"

/* HMAC hashes longer keys first, so no more is needed of any. */
#define MNS_HOOK_KEY_MAX 64

/** What signs the events of one service. */
typedef struct mns_hook_key_t {
    apr_time_t checked; /* when the store was asked last; 0 never */
    int fixed;          /* from NotionSyncHookSecret: the store is never asked */
    unsigned length;    /* 0: there is none */
    unsigned char bytes[MNS_HOOK_KEY_MAX];
} mns_hook_key_t;

typedef struct mns_vault_t {
    nts_key_t hook; /* seals hook secrets in the store */
    nts_key_t csrf;
    nts_key_t file;        /* signs links to files */
    nts_key_t code;        /* seals what a browser brings back from OAuth; it opens no token */
    mns_hook_key_t keys[]; /* per service of the setup */
} mns_vault_t;

/** In the parent. @a out explains why the server's key cannot be used. */
apr_status_t mns_vault_make(mns_vault_t **vault, mns_core_t *core, const char *key_path,
                            nts_outcome_t *out, apr_pool_t *p, apr_pool_t *ptemp);

/** The secrets that directives name, one per service of the setup. In a process that ends soon and still
 *  has its privileges: what reading leaves in memory must not be inherited. One that cannot be read is
 *  logged, and its service then has none. */
void mns_hook_keys_fetch(mns_hook_key_t *keys, const mns_core_t *core, apr_pool_t *p);

/** Take them over, from memory that somebody less privileged could write to. */
void mns_hook_keys_put(mns_vault_t *vault, const mns_hook_key_t *keys, int count);

/** Remember a secret. */
void mns_hook_key_set(mns_hook_key_t *key, const char *secret);
/** True if @a signature ("sha256=" and hexadecimal digits) is this key's for these bytes. */
int mns_hook_key_verify(const mns_hook_key_t *key, const char *signature, const char *bytes,
                        apr_size_t len);

#endif /* MNS_VAULT_H */
