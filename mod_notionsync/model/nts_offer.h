/* nts_offer.h - for people: which fields of a mapping are suspended, and which properties could be mapped as well. */
#ifndef NTS_OFFER_H
#define NTS_OFFER_H

#include "model/nts_mapping.h"

/** Of so many properties that could be mapped the lines are shown. */
#define NTS_OFFERS_MAX 50

/** A list `suspended` of the pairs whose `bound` (which the store keeps) says why they are: notion, external, code, what, advice,
 *  since. @return how many */
int nts_offer_suspended(const nts_mapping_t *mapping, nts_json_t *parent);
/** The same in one line, of what has compared the others; NULL: none is suspended. */
const char *nts_offer_not_compared(const nts_mapping_t *mapping, apr_pool_t *p);

/** A list `offered` of the properties, of both sides where both have some, that no pair names and that can be synced: property, type, and
 *  the line of configuration that one would write; `lacks` where the other side has no such column or property yet. */
void nts_offer_properties(const nts_mapping_t *mapping, const nts_schema_t *notion,
                          const nts_schema_t *external, nts_json_t *parent, apr_pool_t *p);

#endif /* NTS_OFFER_H */
