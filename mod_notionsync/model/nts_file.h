/* nts_file.h - files that Notion keeps: what they are known by, and the links that lead to them.
 *
 * Notion shows such a file with an address that is another one each time and is refused after an hour
 * (reference: 7.14, file objects). What stays is its path. So the other side is given a link of our own, made of that
 * and of where the file stands: the same at each read, and made by nobody else, because it is signed. Pure.
 */
#ifndef NTS_FILE_H
#define NTS_FILE_H

#include "base/nts_crypto.h"
#include "model/nts_mapping.h"

/** What the key of links is derived with (nts_key_derive). */
#define NTS_FILE_PURPOSE "file"

#define NTS_FILE_PLACE_LEN 22 /* of the mapping, its side, and the page: in front */
#define NTS_FILE_NAME_LEN 42  /* with the property and the file itself */
#define NTS_FILE_TOKEN_LEN 80 /* characters behind the last slash of a link */

/** One file in one property of one page of one side of one mapping. Equal names are equal bytes. */
typedef struct nts_file_name_t {
    unsigned char bytes[NTS_FILE_NAME_LEN];
} nts_file_name_t;

/** One file of a page, as it can be fetched now. */
typedef struct nts_file_t {
    nts_file_name_t name;
    const char *address; /* NULL: Notion named one that nobody may be sent to */
    apr_time_t expires;  /* of the address; 0: Notion did not say */
} nts_file_t;

/**
 * The name of a file.
 * @param property decoded id
 * @param address  as Notion showed it; its host and its signature make no difference
 * @return APR_EINVAL if the address has no path, or the page no id
 */
apr_status_t nts_file_name_make(nts_file_name_t *name, const nts_mapping_t *mapping,
                                nts_side_t side, const char *page, const char *property,
                                const char *address, apr_pool_t *p);
int nts_file_name_equal(const nts_file_name_t *a, const nts_file_name_t *b);
/** True if it is a file of this mapping, of that side. */
int nts_file_name_is_of(nts_side_t *side, const nts_file_name_t *name, const nts_mapping_t *mapping,
                        apr_pool_t *p);
/** The id of its page, normalised. */
const char *nts_file_name_page(const nts_file_name_t *name, apr_pool_t *p);

/** The link below @a base (without a slash at the end); NULL: it could not be signed. */
const char *nts_file_link(const nts_file_name_t *name, const char *base, const nts_key_t *key,
                          apr_pool_t *p);
/** What the last part of a link says. APR_EINVAL: it was not made with this key. */
apr_status_t nts_file_token_parse(nts_file_name_t *name, const char *token, const nts_key_t *key);
/** The same of an address that ends in a link, wherever it seems to lead. */
apr_status_t nts_file_link_parse(nts_file_name_t *name, const char *address, const nts_key_t *key,
                                 apr_pool_t *p);

/** The path of an address, as "/notionsync/file"; "" if it has none. */
const char *nts_file_base_path(const char *base);

#endif /* NTS_FILE_H */
