/* nts_bound.h - what a pair of fields was bound to, and why it is not (S5.4).
 *
 * Outlives the process: only what was kept tells a field that came back from one that was there all the time.
 */
#ifndef NTS_BOUND_H
#define NTS_BOUND_H

#include "base/nts_outcome.h"
#include "base/nts_state.h"
#include "model/nts_schema.h"

typedef struct nts_bound_t {
    /* What each side's field was when the pair was last bound, in words that differ with what a change of it does to values; NULL:
     * the pair has never been bound */
    const char *type[NTS_SIDE_COUNT];
    /* and when the side was last described; NULL: it was not there */
    const char *seen[NTS_SIDE_COUNT];
    /* How often the field has gone or become another since it was bound first. A base that was agreed on in a former form of
     * the field is compared with doubt (nts_base_t.form). */
    int form[NTS_SIDE_COUNT];
    /* `form` when it last became another, whose values may be others too */
    int recast[NTS_SIDE_COUNT];
    nts_outcome_t why; /* it cannot be bound; code NULL: it is */
    apr_time_t since;  /* of that */
} nts_bound_t;

/** The fields that a pair names, as they are. */
typedef struct nts_found_t {
    const nts_schema_field_t *field[NTS_SIDE_COUNT]; /* NULL: there is none (any more) */
    int is_property[NTS_SIDE_COUNT];                 /* with an id beside its name; else a column */
} nts_found_t;

/** Note what the fields are now. Nothing is noted of a pair that was never bound. */
void nts_bound_note(nts_bound_t *bound, const nts_found_t *found, apr_pool_t *p);
/** The pair is bound to these fields. */
void nts_bound_begin(nts_bound_t *bound, const nts_found_t *found, apr_pool_t *p);
/** It has been bound, now or before. */
int nts_bound_is_known(const nts_bound_t *bound);
/** A field of it is not there, or not what it was when the pair was last bound. */
int nts_bound_is_changed(const nts_bound_t *bound);

/** A field that calls itself @a native may be the one that is bound on @a side; so it may if nothing is known of it. */
int nts_bound_is_of(const nts_bound_t *bound, nts_side_t side, const char *native);

/** For the store: compact JSON text, and back. */
const char *nts_bound_text(const nts_bound_t *bound, apr_pool_t *p);
apr_status_t nts_bound_parse(nts_bound_t *bound, const char *text, apr_pool_t *p);

#endif /* NTS_BOUND_H */
