/* nts_domain_impl.h - what the files of the common domain share; for no one else. */
#ifndef NTS_DOMAIN_IMPL_H
#define NTS_DOMAIN_IMPL_H

#include "base/nts_zone.h"
#include "model/nts_domain.h"

/** One family of types. `value` and `common` are never absent, truncated, opaque or (projecting) a null;
 *  `render` gets no null either. */
typedef struct nts_family_t {
    const char *name;
    apr_status_t (*project)(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                            const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p);
    apr_status_t (*render)(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p);
} nts_family_t;

struct nts_domain_t {
    const nts_family_t *family;
    nts_type_t types[NTS_SIDE_COUNT];
    nts_domain_options_t options;
    const nts_zone_t *zone; /* NULL: UTC */
};

extern const nts_family_t nts_family_text;
extern const nts_family_t nts_family_markdown;
extern const nts_family_t nts_family_body;
extern const nts_family_t nts_family_number;
extern const nts_family_t nts_family_bool;
extern const nts_family_t nts_family_date;
extern const nts_family_t nts_family_option;
extern const nts_family_t nts_family_set;
extern const nts_family_t nts_family_reference;
extern const nts_family_t nts_family_files;
extern const nts_family_t nts_family_place;
extern const nts_family_t nts_family_people;
extern const nts_family_t nts_family_references;

/** The value was changed to fit: APR_SUCCESS where the pair accepts that, else APR_EMISMATCH with @a out. */
apr_status_t nts_domain_lossy(const nts_domain_t *domain, nts_outcome_t *out, apr_pool_t *p,
                              const char *fmt, ...) NTS_PRINTF(4, 5);
/** Nothing near the value fits: APR_EMISMATCH with @a out. @a advice may be NULL. */
apr_status_t nts_domain_unfit(nts_outcome_t *out, apr_pool_t *p, const char *advice,
                              const char *fmt, ...) NTS_PRINTF(4, 5);
/** A value of a kind that its field should not hold. */
apr_status_t nts_domain_strange(const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p);
/** True if a pair of people holds one person at most: no side has room for several. */
int nts_domain_is_one_person(const nts_domain_t *domain);
/** True if format=markdown means something for a pair of these types, indexed by nts_side_t. */
int nts_domain_takes_markdown(const nts_type_t *const types[2]);
/** A set as a side shows it: as one, or as a text of names as format= says. APR_EMISMATCH with @a out if it is neither. */
apr_status_t nts_domain_set_of(nts_value_t *set, const nts_domain_t *domain, nts_side_t side,
                               const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p);
/** A set as the text of a column. */
nts_value_t nts_domain_set_text(const nts_domain_t *domain, const nts_value_t *set, apr_pool_t *p);
/** APR_EMISMATCH with @a out if the set has more members than one write of that side takes. */
apr_status_t nts_domain_check_members(const nts_domain_t *domain, nts_side_t side,
                                      const nts_value_t *set, nts_outcome_t *out, apr_pool_t *p);
/** A date as a text: one end, or two with a slash between (ISO 8601). */
const char *nts_domain_date_text(const nts_date_t *date, apr_pool_t *p);
/** A value for messages. */
const char *nts_domain_show(const nts_value_t *value, apr_pool_t *p);

/** Equality of two choices of one data source: by id where both have one, else by name without case. */
int nts_domain_options_equal(const nts_option_t *a, const nts_option_t *b);

/** What the elements of a JSON array are: texts, or keys of rows, which are shorter to write and to use as what they look like: 17,
 *  "A-17", ["DE","17"] (a key of several columns). In a row of CSV all are texts. */
typedef enum nts_elements_t { NTS_ELEMENTS_TEXTS = 0, NTS_ELEMENTS_KEYS } nts_elements_t;

/** A set as the text of a column, and back; `format` JSON or CSV. */
const char *nts_set_text(const nts_value_t *set, nts_format_t format, nts_elements_t elements,
                         apr_pool_t *p);
/** APR_EINVAL with @a problem, a sentence, if the text is not in that format. Names only. */
apr_status_t nts_set_parse(nts_value_t *set, const char *text, nts_format_t format,
                           nts_elements_t elements, const char **problem, apr_pool_t *p);

#endif /* NTS_DOMAIN_IMPL_H */
