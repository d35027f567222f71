/* nts_link.h - what the store knows of one record, and what the engine wants stored.
 *
 * A link pairs a page with an external key. The same row keeps a record that has only one of the two
 * so far, so that a record that cannot be created is visible, counted and retried like any other.
 */
#ifndef NTS_LINK_H
#define NTS_LINK_H

#include "model/nts_exchange.h"

typedef enum nts_link_state_t {
    NTS_LINK_NEW = 0, /* one side only: to be created on the other */
    NTS_LINK_ACTIVE,
    NTS_LINK_DORMANT,   /* outside the filter; both ids stay reserved */
    NTS_LINK_TOMBSTONE, /* deleted on both sides */
    NTS_LINK_IGNORED    /* a person said "do not sync" (undo of a create) */
} nts_link_state_t;

/** What both sides last agreed on for one pair, as each side showed it (S1 base). */
typedef struct nts_base_t {
    apr_int64_t pair;                  /* nts_pair_t.id */
    nts_value_t value[NTS_SIDE_COUNT]; /* ABSENT: no base yet */
    /* sending of the last authoritative read that showed it: where a later change's stamp begins */
    apr_time_t seen[NTS_SIDE_COUNT];
    int has_rewrite; /* S3.5: `rewriter` stored our value differently, as `rewrite` */
    nts_side_t rewriter;
    nts_value_t rewrite;
    /* S2.10: writes in a row that answered a change of the side we had written just before; 1 after the
     * first write, 0 before any */
    int fights;
    int undoings; /* the last so many of these answered changes that brought back just `undone` */
    nts_side_t fighter; /* the side written last */
    apr_time_t fought;  /* sending of that write */
    nts_value_t undone; /* common-domain value that our last write replaced there; ABSENT: none */
    int form[NTS_SIDE_COUNT]; /* of each side's field when it was agreed on (nts_bound_t) */
} nts_base_t;

/** What a person has to decide, or what failed, as the values stood: one field, or the record as a whole. */
typedef struct nts_issue_t {
    apr_int64_t pair;                  /* 0: the record as a whole */
    const char *code;                  /* "held.conflict", "field.unfit" ... */
    const char *what;                  /* sentence for people */
    nts_value_t value[NTS_SIDE_COUNT]; /* of a field, as each side shows it; else ABSENT */
    const char *fingerprint;           /* S2.9: of what is shown */
    apr_time_t since;                  /* shown like this since */
} nts_issue_t;

/** Why a record is not simply in sync. */
typedef enum nts_trouble_t {
    NTS_TROUBLE_NONE = 0,
    NTS_TROUBLE_PARKED, /* failed; retried by back-off or when lifted */
    NTS_TROUBLE_HELD    /* waits for a person */
} nts_trouble_t;

typedef struct nts_link_t {
    apr_int64_t id;   /* dense number; 0: not stored yet */
    const char *page; /* NULL: none */
    const char *key;  /* NULL: none */
    nts_link_state_t state;
    nts_base_t *bases;
    int base_count;
    nts_trouble_t trouble;
    nts_outcome_t outcome;   /* of the trouble */
    const char *fingerprint; /* S2.9: of all issues together; NULL none */
    const nts_issue_t *issues;
    int issue_count;
    int attempts;        /* failures in a row */
    apr_time_t next_try; /* parked: 0 when not by time */
    apr_time_t touched;  /* S3.2: last read, write or settlement that was stored */
    apr_time_t missing;  /* S4.1: a full run first saw Notion answer 404 at; 0 no */
} nts_link_t;

/** Where the link keeps what @a side calls the record: its page, or its key. */
const char **nts_link_id(nts_link_t *link, nts_side_t side);
/** The base of a pair, or NULL. */
nts_base_t *nts_link_base(const nts_link_t *link, apr_int64_t pair);
/** As nts_link_base, adding an empty one (in @a p) if there is none. */
nts_base_t *nts_link_base_make(nts_link_t *link, apr_int64_t pair, apr_pool_t *p);
/** True if the set that was agreed on has a member of that name on @a side. @a base may be NULL. */
int nts_base_names(const nts_base_t *base, nts_side_t side, const char *name);
/** Deep copy. */
nts_link_t *nts_link_copy(const nts_link_t *link, apr_pool_t *p);
/** The bases as compact JSON text, and back. */
const char *nts_link_bases_text(const nts_link_t *link, apr_pool_t *p);
apr_status_t nts_link_bases_parse(nts_link_t *link, const char *text, apr_pool_t *p);
/** The issues as compact JSON text (NULL: none), and back. */
const char *nts_link_issues_text(const nts_link_t *link, apr_pool_t *p);
apr_status_t nts_link_issues_parse(nts_link_t *link, const char *text, apr_pool_t *p);
/** The issue of a pair (0: of the record), or NULL. */
const nts_issue_t *nts_link_issue(const nts_link_t *link, apr_int64_t pair);
/** For people and programs: what is to be decided about the record ("decide": "field", "delete", "match"; none),
 *  its fingerprint, and its issues with names and values, cut at @a width characters where they are to be read. */
void nts_link_issues_show(const nts_link_t *link, const nts_mapping_t *mapping, int width,
                          nts_json_t *parent, apr_pool_t *p);
/** Whether a delete of the record, or its way back, waits for a person (S2.7, S4). */
int nts_link_is_held_delete(const nts_link_t *link);
/** Whether it waits for a person to say which record it belongs to (S5.1). */
int nts_link_is_held_match(const nts_link_t *link);

typedef enum nts_entry_op_t {
    NTS_ENTRY_CREATE = 0,
    NTS_ENTRY_UPDATE,
    NTS_ENTRY_REMOVE,
    NTS_ENTRY_RESTORE,
    NTS_ENTRY_LINK,  /* two existing records were paired, or a key changed */
    NTS_ENTRY_AGREE, /* bases moved without a write (both sides made the same edit) */
    NTS_ENTRY_HOLD,  /* something was held for a person */
    NTS_ENTRY_REFUSE /* a service or a rule refused; nothing changed */
} nts_entry_op_t;

typedef enum nts_entry_state_t {
    NTS_ENTRY_PENDING = 0, /* an intent: stored before its write was sent */
    NTS_ENTRY_APPLIED,
    NTS_ENTRY_NOT_APPLIED, /* certain: the write did not happen */
    NTS_ENTRY_UNKNOWN,     /* fate unknown for good (S3.7) */
    NTS_ENTRY_NOTED        /* never was a write */
} nts_entry_state_t;

/** One field of an audit entry. Values as the common domain has them. */
typedef struct nts_entry_field_t {
    apr_int64_t pair;
    const char *name;   /* "Stage <-> stage" at the time */
    nts_value_t agreed; /* the base before; ABSENT: none */
    nts_value_t before; /* on the side written */
    nts_value_t after;  /* written */
    nts_value_t sent;   /* `after` as rendered for that side: what recovery compares with */
    /* native value of the side not written, as last read: what the base settles with */
    nts_value_t other;
    /* conflict: the losing value, kept so that it can be put back; else ABSENT */
    nts_value_t lost;
    /* "notion changed", "conflict: later edit", "tie: notion", "initial" ... */
    const char *reason;
} nts_entry_field_t;

typedef struct nts_entry_t {
    apr_int64_t id;     /* 0: not stored yet */
    const char *intent; /* UUID; the id the external database keeps; unique */
    apr_int64_t link;   /* 0 until the link has a number */
    nts_entry_op_t op;
    nts_side_t side; /* the side written */
    nts_entry_state_t state;
    apr_time_t at;    /* stored; for an intent just before sending */
    const char *page; /* ids at the time, for reading after links are gone */
    const char *key;
    const char *cause; /* event id, change number, "reconcile", "command 12", "undo of 7" */
    apr_int64_t run;   /* reconciliation or command run; 0 none */
    const char *image; /* whole row before a delete */
    const char *taken; /* ... and what went with it (nts_answer_t.taken); NULL: not known */
    const char *note;  /* sentence for people; NULL */
    const nts_entry_field_t *fields;
    int field_count;
    apr_int64_t undoes; /* the entry this one takes back; 0 none */
    apr_time_t looked;  /* recovery of a create: first lookup that found nothing; 0 not yet */
} nts_entry_t;

const char *nts_entry_fields_text(const nts_entry_t *entry, apr_pool_t *p);
apr_status_t nts_entry_fields_parse(nts_entry_t *entry, const char *text, apr_pool_t *p);
const char *nts_entry_op_name(nts_entry_op_t op);
const char *nts_entry_state_name(nts_entry_state_t state);
const char *nts_link_state_name(nts_link_state_t state);

/** Kinds of notices: what a record refers to was linked; ... one of many that it waits for: more may follow in a moment (S5.2). */
#define NTS_NOTICE_REFERENCE "reference"
#define NTS_NOTICE_REFERENCES "reference.several"

/** A stored notice: "look at this record". */
typedef struct nts_notice_t {
    apr_int64_t id;
    nts_side_t side;
    /* page id or external key; NULL: the whole side (schema change, truncate) */
    const char *record;
    const char *event;      /* unique: event UUID, "change:<instance>:<n>", "command:<id>" */
    const char *kind;       /* "page.properties_updated", "change.u", "retry", ... */
    const char *properties; /* JSON array of decoded property ids the event names; NULL: not told */
    const char *authors;    /* JSON array of author ids; NULL: not told */
    const char *old_key;    /* key change */
    const char *intent;     /* external change that is our own write */
    int made_elsewhere; /* loaded with a deleted record: that write is another mapping's create */
    const char *image;  /* external delete: the row as it was */
    apr_time_t at;      /* when it happened, by the sender's clock */
    apr_time_t stored;
} nts_notice_t;

#endif /* NTS_LINK_H */
