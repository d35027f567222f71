/* nts_plan.h - what a run would do to one record, for a person to read and to say yes to. Plain data.
 *
 * A job that is only to plan (nts_job_config_t.dry) ends with such an item where it would store its intent.
 * A job that is given one (nts_spawn_t.approved) does that and nothing else (S2.9).
 */
#ifndef NTS_PLAN_H
#define NTS_PLAN_H

#include "model/nts_link.h"

typedef enum nts_plan_kind_t {
    NTS_PLAN_CREATE = 0,
    NTS_PLAN_UPDATE,
    NTS_PLAN_DELETE,
    NTS_PLAN_RESTORE,
    NTS_PLAN_MATCH,     /* two existing records become one, with or without fields to write */
    NTS_PLAN_HELD,      /* a person decides */
    NTS_PLAN_AMBIGUOUS, /* held: no single partner */
    NTS_PLAN_PARKED,    /* cannot be synced as it is */
    NTS_PLAN_BUSY       /* an earlier write has to be settled first: it cannot be told yet */
} nts_plan_kind_t;
#define NTS_PLAN_KIND_COUNT (NTS_PLAN_BUSY + 1)

typedef struct nts_plan_field_t {
    apr_int64_t pair;
    const char *name;                /* "Stage <-> stage" */
    nts_value_t now[NTS_SIDE_COUNT]; /* as each side shows it; ABSENT: the record is not there */
    int write[NTS_SIDE_COUNT];
    nts_value_t after;  /* common domain; ABSENT: nothing is written */
    nts_value_t lost;   /* what loses a conflict; ABSENT: nothing */
    const char *reason; /* why it is written, or why it is not */
} nts_plan_field_t;

typedef struct nts_plan_item_t {
    nts_plan_kind_t kind;
    nts_side_t side;  /* CREATE, DELETE, RESTORE: the side written */
    const char *page; /* NULL: none */
    const char *key;
    const char *title; /* for people */
    int pairs;         /* page and key were not linked before */
    int over_limit;    /* DELETE: a run would hold it (S4.2) */
    int conflicts;     /* fields with a loser, or held because both sides changed */
    nts_plan_field_t *fields;
    int field_count;
    const char *code; /* of the outcome, where nothing is written */
    const char *note; /* sentence for people */
    const char *fingerprint;
} nts_plan_item_t;

const char *nts_plan_kind_name(nts_plan_kind_t kind);
/** True if applying a plan does something about an item of that kind. */
int nts_plan_kind_acts(nts_plan_kind_t kind);
/** True if a field of the item is written on that side, or the record is made, deleted or restored there. */
int nts_plan_item_writes(const nts_plan_item_t *item, nts_side_t side);

/** As stored and saved: whole values. */
void nts_plan_item_to_json(const nts_plan_item_t *item, nts_json_t *node);
/** APR_EMISMATCH: it is not what nts_plan_item_to_json writes. */
apr_status_t nts_plan_item_from_json(nts_plan_item_t **item, const nts_json_t *node, apr_pool_t *p);

#endif /* NTS_PLAN_H */
