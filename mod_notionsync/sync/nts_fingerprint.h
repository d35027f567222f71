/* nts_fingerprint.h - what a person was shown, as a short text (S2.9). Pure. */
#ifndef NTS_FINGERPRINT_H
#define NTS_FINGERPRINT_H

#include "model/nts_link.h"

/** Hex digits of a fingerprint. */
#define NTS_FINGERPRINT_LEN 16

/** What is shown of one field; NULL or ABSENT: nothing. */
typedef struct nts_shown_t {
    const nts_pair_t *pair;
    const nts_value_t *value[NTS_SIDE_COUNT]; /* as each side shows it now */
    const nts_base_t *base;
} nts_shown_t;

/**
 * A decision's fingerprint: of its kind and, field by field, the canonical values of both sides and what they
 * last agreed on. Two are equal if and only if (as far as a hash can tell) a person would have seen the same.
 * A value that a side computes itself is left out: it may change with the deed, or with the time of day.
 * @param kind "field", "delete", "match" ...: a decision about the same values is another one if its kind is
 */
const char *nts_fingerprint_make(const char *kind, const nts_shown_t *shown, int count,
                                 apr_pool_t *p);

/** Of a list, in its order: stands for exactly these. */
const char *nts_fingerprint_join(const char *const *fingerprints, int count, apr_pool_t *p);

/** Of a list of records that wait for a person: their numbers and what was shown of each. */
const char *nts_fingerprint_links(nts_link_t *const *links, int count, apr_pool_t *p);

#endif /* NTS_FINGERPRINT_H */
