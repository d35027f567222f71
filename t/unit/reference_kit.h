/* reference_kit.h - a reference on its way in and out, with a mapping of one pair around it. */
#ifndef REFERENCE_KIT_H
#define REFERENCE_KIT_H

#include "model/nts_reference.h"

/** What becomes of a value that @a side shows. */
nts_value_t reference_in(const nts_domain_t *domain, nts_side_t side, nts_value_t shown,
                         nts_referent_fn *find, apr_pool_t *p);
/** And of one that @a side is to show; what nts_ask_spell said. */
apr_status_t reference_out(nts_value_t *out, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *value, nts_outcome_t *why, nts_referent_fn *find,
                           apr_pool_t *p);

#endif /* REFERENCE_KIT_H */
