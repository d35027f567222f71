/* nts_auto_impl.h - what the files of nts_auto.h share: what is lacking, and what is said to people. */
#ifndef NTS_AUTO_IMPL_H
#define NTS_AUTO_IMPL_H

#include <apr_tables.h>

#include "model/nts_auto.h"

typedef struct nts_auto_lacks_t {
    const nts_mapping_t *mapping;
    apr_array_header_t *lacking[NTS_SIDE_COUNT]; /* nts_schema_field_t */
    apr_array_header_t *choices;                 /* const char *, ids of columns */
    const char *apart;                           /* NULL: nothing is said */
    int apart_count;                             /* how often it would have been */
    apr_pool_t *p;
} nts_auto_lacks_t;

/* --- nts_auto_lack.c */

void nts_auto_lack_begin(nts_auto_lacks_t *lacks, const nts_mapping_t *mapping, apr_pool_t *p);
/** What stays apart and why, for people: some of it, and then only how much there was. */
void nts_auto_say_apart(nts_auto_lacks_t *lacks, const char *what);
/** A column of that name, for @a property. */
void nts_auto_lack_column(nts_auto_lacks_t *lacks, const char *name,
                          const nts_schema_field_t *property);
/** A property of that name on @a side, for the other side's field as @a pair would pair it; said if none can hold it.
 *  @a has_ids: that field is a property too */
void nts_auto_lack_property(nts_auto_lacks_t *lacks, nts_side_t side, const char *name,
                            const nts_schema_field_t *field, const nts_pair_t *pair, int has_ids);
/** The partner that a pair of the configuration lacks; one of the fields is NULL. @a has_ids: the external side has properties */
void nts_auto_lack_partner(nts_auto_lacks_t *lacks, const nts_pair_t *pair,
                           const nts_schema_field_t *property, const nts_schema_field_t *column,
                           int has_ids);
/** Non-zero: a namesake is among the fields that @a side lacks. */
int nts_auto_is_lacking(const nts_auto_lacks_t *lacks, nts_side_t side, const char *name);
/** Into the answer. */
void nts_auto_lack_give(nts_auto_t *found, const nts_auto_lacks_t *lacks);

#endif /* NTS_AUTO_IMPL_H */
