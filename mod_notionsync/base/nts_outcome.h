/* nts_outcome.h - what the administrator will read when something did not go its way.
 *
 * One outcome is the log line, the dashboard row, the answer of `explain` and the audit entry. Whoever
 * can explain fills it in; whoever decides what happens next logs it, once.
 */
#ifndef NTS_OUTCOME_H
#define NTS_OUTCOME_H

#include "base/nts_base.h"
#include "base/nts_json.h"

/** What will be done about it without a person. */
typedef enum nts_remedy_t {
    NTS_REMEDY_NONE = 0, /* nothing is wrong */
    NTS_REMEDY_RETRY,    /* tried again at retry_at */
    NTS_REMEDY_WAIT,     /* lifted by something else: an edit, another record, a release */
    NTS_REMEDY_PERSON    /* a person must act; advice says how */
} nts_remedy_t;

/** All texts belong to the pool of whoever filled it in; any may be NULL. */
typedef struct nts_outcome_t {
    nts_remedy_t remedy;
    const char *code;   /* stable short id: "notion.unauthorized", "sql.constraint" */
    const char *what;   /* a sentence: what happened, found and expected */
    const char *field;  /* the property or column concerned */
    const char *words;  /* the service's own words, cut to 500 bytes */
    const char *advice; /* what the person can do */
    const char
        *blocker; /* external key of another record that has to settle first (S5.8); NULL none */
    apr_time_t retry_at; /* with NTS_REMEDY_RETRY; 0: as the back-off says */
} nts_outcome_t;

/** Fill in; @a out may be NULL (then nothing happens). The sentence is formatted into @a p. */
void nts_outcome_set(nts_outcome_t *out, apr_pool_t *p, nts_remedy_t remedy, const char *code,
                     const char *fmt, ...) NTS_PRINTF(5, 6);
/** The service's own words: any bytes, cut to 500, made printable UTF-8. @a out may be NULL. */
void nts_outcome_set_words(nts_outcome_t *out, apr_pool_t *p, const char *bytes, apr_size_t len);
/** Deep copy into @a p. */
void nts_outcome_copy(nts_outcome_t *to, const nts_outcome_t *from, apr_pool_t *p);
/** One line for a log: code, sentence, the service's words, what happens next. */
const char *nts_outcome_text(const nts_outcome_t *out, apr_pool_t *p);
/** As members of @a parent (an object), for store and pages; empty members are left out. */
void nts_outcome_to_json(const nts_outcome_t *out, nts_json_t *parent);
/** The inverse; unknown members are ignored, a NULL node gives NTS_REMEDY_NONE. */
void nts_outcome_from_json(nts_outcome_t *out, const nts_json_t *node, apr_pool_t *p);

#endif /* NTS_OUTCOME_H */
