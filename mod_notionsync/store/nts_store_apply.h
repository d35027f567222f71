/* nts_store_apply.h - what nts_store_judge.c (may it be stored?) and nts_store_apply.c (storing it) share; for no one else. */
#ifndef NTS_STORE_APPLY_H
#define NTS_STORE_APPLY_H

#include "store/nts_store_impl.h"

/** One commit on its way into the store. */
typedef struct nts_apply_t {
    nts_store_t *store;
    apr_int64_t mapping;
    apr_int64_t emptied; /* a record that had the link's key and nothing else; 0: none */
    nts_commit_t *commit;
    int before;            /* state of the link as stored; -1: not stored */
    int is_news;           /* its names, or that it lives, were not stored so before */
    const char *key;       /* of the link as stored; NULL: none */
    nts_link_t *displaced; /* its key is another's now; NULL: none */
    nts_commit_result_t result;
    const char *words;
    apr_pool_t *p;
    apr_pool_t *ptemp;
} nts_apply_t;

/** Refused: apply->result and ->words say why. Sets what storing it needs to know: before, is_news, key, emptied, displaced. Anything but
 *  APR_SUCCESS: the store could not tell. */
apr_status_t nts_apply_judge(nts_apply_t *apply, const char *group, apr_int64_t epoch);
/** The entry is a write that was certainly done and gave its row this key. */
int nts_apply_gave_key(const nts_entry_t *entry, const char *key);
/** The entry of the commit that made the row, or gave it its key; NULL: none did. */
const nts_entry_t *nts_apply_maker(const nts_apply_t *apply);

#endif /* NTS_STORE_APPLY_H */
