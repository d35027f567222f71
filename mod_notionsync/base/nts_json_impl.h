/* nts_json_impl.h - what the files of JSON share; for no one else. */
#ifndef NTS_JSON_IMPL_H
#define NTS_JSON_IMPL_H

#include <apr_hash.h>

#include "base/nts_json.h"

/** The contents of an array or object, in order. */
typedef struct nts_json_list_t {
    apr_pool_t *p; /* of all that is added */
    nts_json_t **items;
    int count;
    int room;
    apr_hash_t *by_key; /* of an object that is too large to be searched; NULL: it is not */
} nts_json_list_t;

struct nts_json_t {
    unsigned char type;   /* nts_json_type_t */
    unsigned char mended; /* a string that held half a surrogate pair */
    unsigned key_len;
    const char *key; /* of a member; NULL in an array */
    union {
        int truth;
        apr_int64_t number;
        const char *text; /* STRING; DOUBLE: its source */
        nts_json_list_t *list;
    } as;
};

nts_json_t *nts_json_make(nts_json_type_t type, apr_pool_t *p);
/** Append; @a node has its key already. */
void nts_json_append(nts_json_list_t *list, nts_json_t *node);
/** The member of that name, or NULL. */
nts_json_t *nts_json_find(const nts_json_list_t *list, const char *key, apr_size_t len);

/** Length of the JSON number at the start of @a text, 0 if there is none. */
apr_size_t nts_json_number_length(const char *text, apr_size_t len);
/** Makes @a node such a number; what does not fit 64 bits keeps its text, copied into @a p. */
void nts_json_set_number(nts_json_t *node, const char *text, apr_size_t len, apr_pool_t *p);

#endif /* NTS_JSON_IMPL_H */
