/* nts_ruling.h - what a person decided about one record, or one field of it (S2.9). */
#ifndef NTS_RULING_H
#define NTS_RULING_H

#include "base/nts_base.h"

typedef enum nts_choice_t {
    NTS_CHOICE_NOTION = 0, /* of a held field: this side's value */
    NTS_CHOICE_EXTERNAL,
    NTS_CHOICE_DELETE,  /* of a held delete: delete it on the other side too */
    NTS_CHOICE_RESTORE, /* of a held delete: bring it back */
    NTS_CHOICE_PAIR,    /* of an ambiguous match: it belongs to `other` */
    NTS_CHOICE_APART,   /* of an ambiguous match: it is a record of its own */
    NTS_CHOICE_SYNC     /* of a record that is not synced: sync it again */
} nts_choice_t;
#define NTS_CHOICE_COUNT (NTS_CHOICE_SYNC + 1)

/**
 * A ruling waits in the store until a job of its record meets it. If the fingerprint is still that of what
 * the job sees, the job carries it out, and the transaction of the intent marks it as taken by that intent;
 * it is free again if the intent certainly came to nothing. Otherwise it is refused and forgotten.
 */
typedef struct nts_ruling_t {
    apr_int64_t id;
    apr_int64_t link; /* 0: the record has no link; then page or key name it */
    const char *page;
    const char *key;
    apr_int64_t pair; /* 0: the record as a whole */
    nts_choice_t choice;
    const char *fingerprint; /* of what the person was shown; NULL: whatever it holds now */
    const char *other;       /* PAIR: page id or key of its partner */
    const char *by;
    apr_time_t at;
    apr_int64_t command; /* that brought it; 0 none */
} nts_ruling_t;

/** A ruling that a commit ends. */
typedef struct nts_ruling_end_t {
    apr_int64_t id;
    const char
        *intent; /* of the same commit, which carries it out; NULL: refused, or without object */
} nts_ruling_end_t;

/** "notion", "delete" ...: as people write it. */
const char *nts_choice_name(nts_choice_t choice);
/** APR_EINVAL: no such word. */
apr_status_t nts_choice_parse(nts_choice_t *choice, const char *name);

#endif /* NTS_RULING_H */
