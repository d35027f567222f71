/* nts_exchange.h - what the engine may ask of a side, and what comes back. Plain data.
 *
 * The engine makes an nts_ask_t; a connector performs it and fills an nts_answer_t. Neither knows the
 * other: the simulation and the unit tests answer in a connector's place.
 */
#ifndef NTS_EXCHANGE_H
#define NTS_EXCHANGE_H

#include "base/nts_skew.h"
#include "model/nts_file.h"
#include "model/nts_record.h"

/** An external side remembers the intents of our writes at least this long; one that is older and not found proves
 *  nothing (S3.7). */
#define NTS_INTENT_KEPT apr_time_from_sec(7 * 86400)

/** The outcome of a listing whose end its side will not show: more records share one minute than it lists at once. */
#define NTS_LISTING_CUT "notion.listing_cut"
/** The outcome of an ask to a service that wants no more of them, whoever asks: nobody asks again but a person (notion-api.md 5.1). */
#define NTS_ACCESS_BLOCKED "notion.access_blocked"

typedef enum nts_ask_kind_t {
    NTS_ASK_DESCRIBE, /* -> schema; external: instance, counter, trigger check too */
    NTS_ASK_WHO,      /* Notion: users/me -> who */
    /* one record by id, whole and authoritative (values cut at 25 are completed) */
    NTS_ASK_READ,
    NTS_ASK_READ_MANY, /* external: records by ids; missing ones are missing in the answer */
    NTS_ASK_LIST,      /* one page of an enumeration */
    NTS_ASK_FIND,      /* records whose fields hold these values: recovery and match */
    NTS_ASK_CREATE,
    NTS_ASK_UPDATE,
    NTS_ASK_REMOVE,  /* Notion: trash. External: delete the row */
    NTS_ASK_RESTORE, /* Notion: out of the trash, nothing else. External: insert from image */
    NTS_ASK_INTENT,  /* external: what became of intent `intent`: -> applied or not, record */
    NTS_ASK_CHANGES, /* external: change entries after `since` */
    /* make the fields `make` that are not there; external: install or repair triggers (or only print: `dry`) */
    NTS_ASK_PROVISION,
    NTS_ASK_UNPROVISION,
    NTS_ASK_MARK, /* external: leave `intent` as the mapping's mark (nts_schema_t.mark) */
    NTS_ASK_BODY, /* Notion: the body of a page alone; the record shows the value of its pair and no other */
    NTS_ASK_FILES /* Notion: where the files that it keeps for a page can be fetched now: one request; nothing is completed */
} nts_ask_kind_t;

/** Which records a listing covers. */
typedef struct nts_listing_t {
    /* Notion: last_edited_time on or after (floored to the minute); 0 all */
    apr_time_t edited_since;
    apr_time_t edited_before; /* Notion: and before; 0 open */
    const char *cursor;       /* opaque; NULL at the start; from the last answer */
    int limit;                /* records wanted at most; 0: the connector's best */
} nts_listing_t;

typedef struct nts_ask_t {
    nts_ask_kind_t kind;
    nts_side_t side;
    const nts_mapping_t *mapping; /* bound where kind needs fields */
    /* READ, UPDATE, REMOVE, RESTORE, BODY, FILES; CREATE: external key wanted or NULL */
    const char *id;
    const char *const *
        ids; /* READ_MANY; external DESCRIBE: columns whose distinct values, the most frequent first, are
                             * wanted as the options of their types: one more than NTS_AUTO_CHOICES_MAX at the most */
    int id_count;
    const nts_schema_field_t *make; /* PROVISION: see nts_auto_t.lacking */
    int make_count;
    int may_make_table;    /* external PROVISION: also the table, with its key, if there is none */
    nts_listing_t listing; /* LIST; FIND: Notion: created since (edited_since), by us */
    /* CREATE, UPDATE, FIND: native values per pair; ABSENT: not part of it. Notion: never the body with a CREATE, nor with other
     * fields: it is written by itself, and the answer shows nothing but the body */
    const nts_value_t *values;
    /* external UPDATE, REMOVE: values last read, per pair: the write happens only if the row
     * still holds them (compared canonically, under lock). Notion UPDATE: values last read, whose formatting
     * stays where the text does (S5.6); nothing is compared */
    const nts_value_t *expected;
    /* CREATE, UPDATE: values last read on the other side: what is no part of them may go along as far as a service has room for it (names
     * of files); NULL: none. Nothing is compared */
    const nts_value_t *beside;
    /* external RESTORE: row image to insert; `values` override it */
    const char *image;
    const char *intent; /* CREATE..RESTORE, INTENT: the intent's id; MARK: the mark */
    /* external UPDATE: keys of other rows, each with a write of its own on its way, one of which keeps this row from its value and
     * another one of which this row keeps from its own (S5.8). They may be performed together, where that is known how; none: alone */
    const char *const *company;
    int company_count;
    apr_int64_t since; /* CHANGES: last change number taken */
    /* CHANGES: entries up to here are in the inbox and may be deleted */
    apr_int64_t settled_to;
    /* CHANGES, DESCRIBE: the newest entry of the change table that was seen, and when the database said it was made; at 0: none yet */
    apr_int64_t witness;
    apr_time_t witness_at;
    /* READ, BODY: how many writes will follow: budget reserved together (S3.1) */
    int follow_writes;
    /* UPDATE, REMOVE, RESTORE over HTTP: refused if it cannot be sent within this (S3.1); 0: the port's own limit only */
    apr_interval_time_t send_within;
    int want_image; /* external READ: fill nts_record_t.image; of a row that is gone: nts_answer_t.referrers */
    int dry; /* PROVISION, UNPROVISION: only give the statements */
    /* external: the instance id this mapping was synced with; on another one nothing is read or
     * written but DESCRIBE and provisioning: BLOCKED, "sql.other_instance" (S4.1). NULL: the one that
     * the connection's last DESCRIBE showed */
    const char *instance;
} nts_ask_t;

typedef enum nts_result_t {
    NTS_RESULT_OK = 0,
    NTS_RESULT_GONE,    /* confirmed: no such row, on the same database instance (S4.1) */
    NTS_RESULT_MISSING, /* Notion 404: purged, unshared or never there: no proof of anything */
    /* external write: the row was not as expected; record shows it now (GONE: deleted) */
    NTS_RESULT_STALE,
    /* certain: nothing happened; try again (429, 529, 409, busy, not connected) */
    NTS_RESULT_NOT_DONE,
    NTS_RESULT_UNKNOWN, /* a write's fate is unknown (cut, timed out, 500, 502, 503, 504) */
    NTS_RESULT_REFUSED, /* this record was refused for good (validation, constraint): park it */
    NTS_RESULT_TRASHED, /* Notion: refused because the page is in the trash */
    /* nothing can work until a person acts (401, 403, schema gone, other instance) */
    NTS_RESULT_BLOCKED
} nts_result_t;

/** One entry of the external change table. */
typedef struct nts_change_t {
    apr_int64_t number;
    /* 'i' insert, 'u' update, 'd' delete, 'k' key change, 'r' replace (delete and insert in one
     * transaction), 't' truncate or unknown: look at everything */
    char op;
    const char *key;     /* new key; 'd': the key that went */
    const char *old_key; /* 'k' */
    const char *intent;  /* our own write's intent id, or NULL */
    const char *image;   /* 'd', 'r': the row as it was, JSON object text, or NULL */
    apr_time_t at;       /* the database's clock */
} nts_change_t;

typedef struct nts_answer_t {
    nts_result_t result;
    nts_outcome_t outcome; /* whenever result is not OK or GONE */
    /* READ, CREATE, UPDATE, REMOVE, RESTORE, INTENT, FILES, STALE; may be NULL */
    nts_record_t *record;
    /* CREATE: the new id, also when record is NULL (committed_resource_id) */
    const char *id;
    nts_record_t *records; /* READ_MANY, LIST, FIND */
    int record_count;
    const char *cursor; /* LIST: next page, NULL at the end */
    int complete;       /* LIST: with cursor NULL, the end is proven (S7.2) */
    int is_retyped; /* a record shows a field of another type than the mapping is bound to, which is left out (S5.4) */
    int applied; /* INTENT */
    /* external REMOVE, and INTENT of one: the rows that the database deleted with the row by foreign keys, and those whose reference it
     * emptied: clauses for people, "3 rows of orders were deleted with it"; "" none; NULL: not known */
    const char *taken;
    /* external READ that wants an image, GONE: tables whose foreign keys delete or empty their rows with one of this table: a list for
     * people; "": there are none; NULL: not known */
    const char *referrers;
    nts_schema_t *schema; /* DESCRIBE */
    int no_table;         /* external, BLOCKED: the database has no such table */
    const char *who;      /* WHO: the bot's user id */
    /* WHO: a bot; a personal token acts as a person: no author-based echo */
    int who_is_bot;
    int file_count;
    nts_file_t *files; /* FILES; `record` says whether the page is still one of the mapping's */
    const nts_change_t *changes; /* CHANGES, in order */
    int change_count;
    apr_int64_t last_change; /* CHANGES: number to continue from */
    /* external, every ask that reached the database: its instance id (NULL: not provisioned), and the
     * highest change number given out there, for DESCRIBE and CHANGES */
    const char *instance;
    apr_int64_t counter;
    /* CHANGES, DESCRIBE: the entry that the ask called its witness was made at another time: this is a copy from before it (S4.1) */
    int is_rewritten;
    /* CHANGES, DESCRIBE, where the witness is not what it was: the last number whose entry may be older than the witness, by the
     * database's own clock; what comes after it was done in the copy. Else the counter */
    apr_int64_t shared_to;
    /* CHANGES: the newest entry there; at 0: there is none, or nothing was read */
    apr_int64_t witness;
    apr_time_t witness_at;
    const char *statements; /* PROVISION, UNPROVISION: what was or would be run */
    int requests;           /* HTTP requests this answer cost */
    /* first byte of the request that read or wrote the records, not of those that completed a
     * value or asked who we are; SQL: before the statement */
    apr_time_t sent_at;
    apr_time_t
        answered_at; /* what shows the record; values that were read by themselves came later, or before */
    /* blocking services: their own clock at some instant between the two, cut to whole units of that many
     * microseconds; 0: it was not read */
    apr_time_t clock;
    apr_interval_time_t clock_unit;
} nts_answer_t;

/** "read", "create" ...: for logs and the audit. */
const char *nts_ask_name(nts_ask_kind_t kind);
const char *nts_result_name(nts_result_t result);

/** S5.1: where the mapping keeps external keys in Notion, the records of an external answer show theirs as the
 *  value of that pair. No connector knows of it. */
void nts_answer_add_keys(nts_answer_t *answer, const nts_ask_t *ask, apr_pool_t *p);

/*
 * The engine knows one clock, ours (S1). What it asks a side for is put into that side's time, widened by what is
 * not known of it; and what the side answers with its own times is put into ours: the times of records are ends
 * of intervals, so they become the latest instant that they may have been.
 */
void nts_ask_to_clock(nts_ask_t *ask, const nts_skew_t *skew);
/** Corrects records in place; the answer's changes are copied into @a p. */
void nts_answer_from_clock(nts_answer_t *answer, const nts_skew_t *skew, apr_pool_t *p);

#endif /* NTS_EXCHANGE_H */
