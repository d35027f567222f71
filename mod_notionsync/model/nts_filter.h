/* nts_filter.h - the part of a side that a mapping covers: an expression over one record's fields (S5.3).
 *
 * Parsed when the configuration is read, bound to the side's schema at contact, evaluated on every record that
 * is read. Pure: no clock, so a filter's answer changes only with the record.
 */
#ifndef NTS_FILTER_H
#define NTS_FILTER_H

#include "base/nts_outcome.h"
#include "model/nts_schema.h"

/** Longest text of an expression, in bytes. */
#define NTS_FILTER_TEXT_MAX 16384

/** A field that the expression names; each is listed once. */
typedef struct nts_filter_field_t {
    const char *name; /* as written */
    /* bound: decoded property id, column name; NULL before */
    const char *id;
    int unannounced; /* bound: changes without an event that names it (S3.11) */
} nts_filter_field_t;

typedef struct nts_filter_node_t nts_filter_node_t;

typedef struct nts_filter_t {
    const char *text; /* as written */
    const nts_filter_field_t *fields;
    int field_count;
    const nts_filter_node_t *root;
} nts_filter_t;

/** Where a record stands. */
typedef enum nts_standing_t {
    NTS_STANDING_INSIDE = 0, /* it satisfies its side's filter, or there is none */
    NTS_STANDING_OUTSIDE,
    NTS_STANDING_UNKNOWN /* a field that the filter needs was not shown, or only in part */
} nts_standing_t;

/**
 * @param problem set on failure: position, found, expected
 * @return APR_EINVAL if the text is no expression. What was made belongs to @a p.
 */
apr_status_t nts_filter_parse(const nts_filter_t **filter, const char *text, const char **problem,
                              apr_pool_t *p);

/**
 * The same expression for a side whose fields are known: finds them by name and takes the literals as values of
 * their types.
 * @param known for each field of the filter its id where that is known already, else NULL; NULL: none is
 * @param out   filled in on failure: the field, what was found, what would do
 * @return APR_EMISMATCH if a field is missing, or cannot be compared with what the expression says
 */
apr_status_t nts_filter_bind(const nts_filter_t **bound, const nts_filter_t *filter,
                             const nts_schema_t *schema, const char *const *known,
                             nts_outcome_t *out, apr_pool_t *p);

/**
 * Of a bound filter. NULL: inside.
 * @param values one per field, native. Two-valued: an empty field fails every comparison but "!=", "not in" and
 *        "is empty".
 */
nts_standing_t nts_filter_judge(const nts_filter_t *filter, const nts_value_t *values);

#endif /* NTS_FILTER_H */
