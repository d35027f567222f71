/* nts_domain.h - the common domain of a field pair: what both sides can hold.
 *
 * Equality of a pair is equality in its common domain and is defined here and nowhere else (S1). A
 * value is compared by projecting it into the domain, and written by rendering a domain value for
 * the other side. Pure.
 */
#ifndef NTS_DOMAIN_H
#define NTS_DOMAIN_H

#include "base/nts_outcome.h"
#include "model/nts_schema.h"

typedef struct nts_domain_t nts_domain_t;

/** Outcome code of what leads to nobody at the side that is written, or to several. */
#define NTS_DOMAIN_PERSON "field.person"

/** Members of a set or list, at most: more than any multi-select has; bounds what a hostile column costs. */
#define NTS_MEMBERS_MAX 1000

/** How a set, a formatted text or other structure is spelled in a text column. */
typedef enum nts_format_t {
    NTS_FORMAT_DEFAULT = 0,
    NTS_FORMAT_PLAIN,
    NTS_FORMAT_JSON,  /* ["a","b"]: the default for sets */
    NTS_FORMAT_CSV,   /* a,b with RFC 4180 quoting */
    NTS_FORMAT_ARRAY, /* the column itself holds a list: the default for those */
    NTS_FORMAT_MARKDOWN /* a formatted text (nts_inline.h); Notion's connector gives and takes it so, too */
} nts_format_t;

typedef struct nts_domain_options_t {
    nts_format_t format;
    int options_create[NTS_SIDE_COUNT]; /* options=create: unknown choices may be made there */
    int lossy_accept; /* lossy=accept: what does not survive is cut instead of parked */
    int reference;    /* relation=: values are references, which were given their identity */
    int body;         /* NotionSyncBody: Notion's side is the body of the page (nts_body.h) */
    /* IANA name for instants of the external side that carry no offset; NULL UTC. Its connector applies
     * it (base/nts_zone.h): canonical instants are UTC on both sides. Here it serves for dates in text
     * columns, and for what lossy=accept makes of days and instants */
    const char *timezone;
    /* who there is at a side whose field holds people; the domain borrows it; NULL: not known */
    const nts_users_t *people[NTS_SIDE_COUNT];
} nts_domain_options_t;

/**
 * The domain of a pair of types; it keeps copies of them. Reads the time zone's file if one is named.
 * @param types indexed by nts_side_t
 * @param out   filled in when the pair cannot be synced: names both types and what would work
 * @return APR_EMISMATCH if the types have nothing in common
 */
apr_status_t nts_domain_make(const nts_domain_t **domain, const nts_type_t *const types[2],
                             const nts_domain_options_t *options, nts_outcome_t *out,
                             apr_pool_t *p);

/**
 * A side's value as a value of the domain. Null texts and empty texts are one value (null), so are empty
 * sets and null, and false and null where a side knows only false.
 * @param out filled in when the result is not APR_SUCCESS: found, limit, what would work; the caller
 *            adds the field
 * @return APR_SUCCESS; APR_EMISMATCH: it does not survive and either the pair does not say lossy=accept
 *         (@a common then still holds the nearest value) or nothing is near it, as with the number in
 *         "abc" (@a common is absent); APR_EINVAL: absent, truncated or opaque
 */
apr_status_t nts_domain_project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p);

/** A domain value as @a side stores it, ready for its connector. APR_EMISMATCH with @a out when that
 *  side cannot hold it (an unknown choice with options=hold, a null where none is allowed). */
apr_status_t nts_domain_render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                               const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p);

/** Equality of two domain values: numbers by value, choices by id where both have one, else by name as
 *  Notion compares names, without regard to ASCII case. An absent value equals nothing. */
int nts_domain_equal(const nts_domain_t *domain, const nts_value_t *a, const nts_value_t *b);

/** What a side said its field can hold when the domain was made. */
const nts_type_t *nts_domain_type(const nts_domain_t *domain, nts_side_t side);

/** True if fields of this pair merge member by member (S2.4). */
int nts_domain_is_set(const nts_domain_t *domain);

/** True if values of this pair are references (S5.2). */
int nts_domain_is_reference(const nts_domain_t *domain);

/** ... and a field holds a list of them. Lists merge member by member. */
int nts_domain_is_reference_list(const nts_domain_t *domain);

/** A list of references as a column holds it, and back: members by their names. APR_EINVAL if the text is no such list. */
const char *nts_domain_list_text(const nts_domain_t *domain, const nts_value_t *list,
                                 apr_pool_t *p);
apr_status_t nts_domain_list_parse(nts_value_t *list, const nts_domain_t *domain, const char *text,
                                   apr_pool_t *p);
/** APR_EMISMATCH with @a out if @a side cannot be written with so many references. */
apr_status_t nts_domain_list_room(const nts_domain_t *domain, nts_side_t side, int count,
                                  nts_outcome_t *out, apr_pool_t *p);

#endif /* NTS_DOMAIN_H */
