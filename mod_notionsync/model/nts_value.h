/* nts_value.h - canonical values: what a field holds, whoever stores it.
 *
 * Values are immutable once made and belong to a pool. Texts are valid UTF-8.
 */
#ifndef NTS_VALUE_H
#define NTS_VALUE_H

#include "base/nts_json.h"

typedef enum nts_value_kind_t {
    NTS_VALUE_ABSENT = 0, /* the answer did not contain the field: never read as "cleared" */
    NTS_VALUE_NULL,
    NTS_VALUE_TEXT,
    NTS_VALUE_NUMBER, /* exact decimal */
    NTS_VALUE_BOOL,
    NTS_VALUE_DATE,   /* a day, an instant, or a range of either */
    NTS_VALUE_OPTION, /* one choice out of a list */
    NTS_VALUE_SET,    /* several choices, no order, no repeats */
    NTS_VALUE_OPAQUE  /* something this side holds that we cannot represent; text says what */
} nts_value_kind_t;

/** A choice: the id the owner gave it (NULL where the side has none), and its text. */
typedef struct nts_option_t {
    const char *id;
    const char *name;
} nts_option_t;

/** `start` and `end` are "YYYY-MM-DD", or for instants "YYYY-MM-DDTHH:MM:SS[.ffffff]Z" (UTC,
 *  trailing zeros of the fraction cut, no dot without fraction); `end` NULL: no range. */
typedef struct nts_date_t {
    const char *start;
    const char *end;
} nts_date_t;

typedef struct nts_value_t {
    nts_value_kind_t kind;
    int truncated; /* the side showed only a part of it: never compared, never written */
    union {
        const char *text; /* TEXT, OPAQUE; NUMBER: normal form of nts_decimal_normalise */
        int truth;        /* BOOL */
        nts_date_t date;
        nts_option_t option;
        struct {
            const nts_option_t *options; /* sorted by name, then id */
            int count;
        } set;
    } as;
    /* TEXT of Notion as it was read: its items as JSON, if they hold more than the text. Goes along so that a write can
     * keep that (S5.6). SET of references of a column: its text. SET of files: an array of objects with `link`, the member's address,
     * and `name`, what the file is called there. Not part of the value: never compared, never stored */
    const char *rich;
    /* reference: why it cannot be carried to the other side, a sentence about its target; NULL: it can. Like `rich` no
     * part of the value (nts_reference.h) */
    const char *waits;
    /* SET of references: the same of each member, in the order of `options`; NULL: all can be carried */
    const char *const *member_waits;
} nts_value_t;

extern const nts_value_t nts_value_absent;
extern const nts_value_t nts_value_null;

nts_value_t nts_value_text(const char *text);
/** @a text need not be in normal form; APR_EINVAL if it is no number. */
apr_status_t nts_value_number(nts_value_t *value, const char *text, apr_pool_t *p);
nts_value_t nts_value_bool(int truth);
nts_value_t nts_value_option(const char *id, const char *name);
/** Copies, sorts and de-duplicates the array; the texts are borrowed. */
nts_value_t nts_value_set(const nts_option_t *options, int count, apr_pool_t *p);
nts_value_t nts_value_opaque(const char *what);
/** @a start and @a end in any accepted spelling of a day or an RFC 3339 instant, both of one class.
 *  APR_EINVAL if not a date. */
apr_status_t nts_value_date(nts_value_t *value, const char *start, const char *end, apr_pool_t *p);

/** True for null, an empty text and an empty set: no service keeps them apart. */
int nts_value_is_empty(const nts_value_t *value);
/** True if the value is a day (or days) without a time. */
int nts_value_is_day(const nts_value_t *value);
/** An instant as values spell it. */
const char *nts_value_instant_text(apr_time_t instant, apr_pool_t *p);
/** An RFC 3339 instant, or as databases shorten it: a space for the T, no seconds, an offset without
 *  minutes, no offset (then as if UTC). APR_EINVAL otherwise. */
apr_status_t nts_value_instant_parse(apr_time_t *instant, const char *text, apr_pool_t *p);
/** True if the text of an instant ends in Z or an offset. */
int nts_value_has_offset(const char *text);

/** Same kind and same content, as stored by one side: options by id where both have one, else by
 *  name; a truncated, absent or opaque value equals nothing. Equality across sides is the domain's. */
int nts_value_equal(const nts_value_t *a, const nts_value_t *b);

/** As nts_value_equal(), and choices have the same names: no renaming lies between (S5.4). */
int nts_value_is_same(const nts_value_t *a, const nts_value_t *b);

/** By id where both have one, else by name, exactly. */
int nts_option_equal(const nts_option_t *a, const nts_option_t *b);
/** Deep copy of an array. */
nts_option_t *nts_options_copy(const nts_option_t *options, int count, apr_pool_t *p);

/** Deep copy. */
nts_value_t nts_value_copy(const nts_value_t *value, apr_pool_t *p);

/** For stored JSON, audit and fingerprints: adds the value under @a key (NULL in an array). */
void nts_value_to_json(const nts_value_t *value, nts_json_t *parent, const char *key);
/** Inverse; a NULL node is ABSENT; APR_EMISMATCH if it is not what nts_value_to_json writes. */
apr_status_t nts_value_from_json(nts_value_t *value, const nts_json_t *node, apr_pool_t *p);
/** For people: "Won", "12.5", "a, b", "—" for null; cut at @a max code points with an ellipsis. */
const char *nts_value_display(const nts_value_t *value, int max, apr_pool_t *p);

#endif /* NTS_VALUE_H */
