/* history.h - what happened in a simulated run, in the order in which it happened. The judge's evidence.
 *
 * Whoever changes the simulated world writes it down here: people, applications, the services, the network, the machine.
 * Nothing is ever changed or removed. Times are the simulation's true time, not any host's clock. Strings are copied (equal
 * ones once), so a caller's may go.
 *
 * Values are canonical texts, the same on both sides for the same value:
 *   null            NULL (an empty Notion text, an empty set and SQL NULL are all null; an empty SQL text is "")
 *   text, URL ...   the plain text
 *   number          decimal without superfluous zeros or sign: "12.5", "-3", "0"
 *   boolean         "true", "false"
 *   date, time      "2026-01-31"; "2026-01-31T12:00:00.000Z", always UTC; a range "start/end"
 *   option          its name
 *   set             its members' names in strcmp order, HISTORY_MEMBER between them (and so no such character in a name)
 *   anything else   "?" and what is stored, as text: comparable for equality only
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <apr_pools.h>
#include <apr_time.h>

#define HISTORY_MEMBER "\x1f"
#define HISTORY_ANOTHER "another"
#define HISTORY_ACCEPTED "another database is accepted" /* note of a RESUME */
#define HISTORY_APPLIED "a plan is applied"             /* note of an APPROVE without a record */

enum { HISTORY_NOTION = 0, HISTORY_EXTERNAL = 1, HISTORY_SIDES = 2 };

/** What sort of thing happened. */
typedef enum history_kind_t {
    HISTORY_ACT,     /* a person or an application did `op` to a record */
    HISTORY_EFFECT,  /* a request of ours did `op` to a record: when it was committed there */
    HISTORY_TRIGGER, /* the service itself did: a trigger, an automation */
    HISTORY_REQUEST, /* a request of ours is over: answered, refused, cut off or given up */
    HISTORY_NOTICE, /* an event or change entry about `record`: op tells its fate; `sent`: when it was made; `after`:
                         "person" if that is one of its authors; `place`: where it says that the record is; `field`: the properties
                         that it names, as members of a set; each NULL: it does not say. `before`: the event's id; NULL: none */
    HISTORY_PROCESS,  /* something happened to process `worker` of host `host` */
    HISTORY_OPERATOR, /* a person commanded or configured; `note` says what */
    HISTORY_FAULT,    /* the world is unkind: `note` says how */
    HISTORY_SIGHT     /* one of our processes was shown what fields `place` has */
} history_kind_t;

typedef enum history_op_t {
    HISTORY_NOTHING = 0,
    /* ACT, EFFECT, TRIGGER. A record that is made is followed by one SET for each field that is not null. A row that a
     * restore inserts again is a MAKE like any other; a page taken out of the trash is a REVIVE. */
    HISTORY_SET, /* `field` went from `before` to `after` */
    HISTORY_MAKE, /* a page or row came to be; `after`: what it was copied from ("duplicate page"), or NULL */
    HISTORY_DELETE, /* a page went into the trash, a row was deleted */
    HISTORY_REVIVE, /* a page came out of the trash */
    HISTORY_PURGE,  /* a page went for good */
    HISTORY_HIDE,  /* a page, or a whole data source (`record` NULL), is not shown to us any more */
    HISTORY_SHOW,  /* ... is again */
    HISTORY_REKEY, /* a row's key went from `before` (also in `record`) to `after` */
    HISTORY_RENAME, /* an option or property: `field`, `before`, `after` */
    HISTORY_REMOVE_OPTION,
    HISTORY_RESHAPE, /* a property, `field` by its first name, got the name `after`, or (NULL) went */
    HISTORY_SWAP, /* the database is another one, or an older copy: all that was known of that side's records before this is
                       replaced by the MAKE and SET items that follow (kind ACT); `after` HISTORY_ANOTHER: not a copy of it */
    HISTORY_RETYPE, /* a property, `field`, got the type `after`, and Notion converts what its pages hold; or is there again, with that type */
    HISTORY_MIGRATE, /* a table was altered, and whatever of ours hung on it is gone: its column `field` went, or, declared as
                          `after`, is there (again) */
    /* NOTICE */
    HISTORY_DELIVERED,
    HISTORY_LOST,
    HISTORY_REPEATED,
    /* PROCESS */
    HISTORY_START,
    HISTORY_CRASH,
    HISTORY_STOP, /* in an orderly way */
    HISTORY_FREEZE,
    HISTORY_WAKE,
    HISTORY_TAKE, /* a group is the worker's */
    HISTORY_STORE_LOST,
    HISTORY_STORE_OLD,  /* an older copy of the state store was put back */
    HISTORY_DISK_FAILS, /* the state store takes nothing; `worker` 0 */
    HISTORY_DISK_WORKS, /* ... it does again */
    /* REQUEST: what was asked */
    HISTORY_ASK_READ, /* one record; SQL: also several, `record` NULL */
    HISTORY_ASK_LIST, /* a query, a listing, a search */
    HISTORY_ASK_CREATE,
    HISTORY_ASK_UPDATE,
    HISTORY_ASK_DELETE,
    HISTORY_ASK_REVIVE, /* out of the trash */
    HISTORY_ASK_OTHER,  /* schema, users/me, change table ... */
    /* OPERATOR */
    HISTORY_PAUSE,
    HISTORY_RESUME,
    HISTORY_UNDO,      /* `record`: what the command names */
    HISTORY_APPROVE,   /* `record`, `field`: what was approved or resolved; `after`: how */
    HISTORY_CONFIGURE, /* `note`: what changed; `field`: of which pair, if of one */
    HISTORY_OTHER
} history_op_t;

/** How a request ended, as we saw it. */
typedef enum history_end_t {
    HISTORY_ANSWERED = 0, /* `status` tells */
    HISTORY_CUT,          /* no answer: connection lost, timed out, 5xx without a body */
    HISTORY_ORPHANED /* the process that waited for it died first; `answered` is when the service was done */
} history_end_t;

typedef struct history_item_t {
    history_kind_t kind;
    history_op_t op;
    apr_time_t at;      /* ACT, EFFECT: when it was committed; REQUEST: when it ended */
    int side;           /* HISTORY_NOTION, HISTORY_EXTERNAL; -1: none */
    const char *place;  /* data source id or table; NULL: not of one */
    const char *record; /* page id with dashes, or key */
    const char *
        field; /* property name or column as first configured; also unmapped ones; NULL: whole record */
    const char *before; /* canonical */
    const char *after;
    int unseen; /* NOTICE LOST, EFFECT, REKEY: nobody was told of it */
    /* EFFECT: the number of the request that did it. REQUEST: its own. Given by history_request, from 1. */
    int request;
    /* REQUEST */
    const char *connection; /* the service's name in the configuration: one budget each */
    apr_time_t sent;        /* first byte, as the sender's process saw it, in true time */
    apr_time_t answered;    /* last byte of the answer, or when it was given up; 0: never */
    history_end_t end;
    int status; /* HTTP; SQL: 503 if it failed for the database's sake and not for the record's, else 0 */
    apr_interval_time_t retry_after; /* what the answer asked for; 0 nothing */
    int host,
        worker; /* REQUEST, PROCESS: `worker` is a number that no other process of the run ever has; 0: none */
    const char *note;
    int number; /* set by the history: place in it, from 0 */
} history_item_t;

typedef struct history_t history_t;

history_t *history_create(apr_pool_t *p);

/** Append a copy. @return its place. Times may not go back by kind ACT, EFFECT and TRIGGER: what is committed is committed in
 *  order. */
int history_add(history_t *h, const history_item_t *item);

/** A number for a request that is being sent. */
int history_request(history_t *h);

int history_count(const history_t *h);
const history_item_t *history_item(const history_t *h, int number);

/** The copy of an equal string that the history keeps: comparable by address with all its strings. NULL stays NULL. */
const char *history_text(history_t *h, const char *text);

/** A number that depends on every item: two runs of one seed yield the same (S6.9). */
apr_uint64_t history_hash(const history_t *h);

/** What sort of item it is, in a few words: "act set notion". */
const char *history_sort(const history_item_t *item, apr_pool_t *p);

/** One line for people, without the line's end. */
const char *history_line(const history_item_t *item, apr_time_t start, apr_pool_t *p);

/* ---- short cuts ---- */

/** A person's or application's, a trigger's (kind) or our (request > 0: kind is EFFECT) change of one field. Nothing is added if
 *  both are equal. */
void history_set(history_t *h, history_kind_t kind, int request, apr_time_t at, int side,
                 const char *place, const char *record, const char *field, const char *before,
                 const char *after);
/** The same for a whole record. */
void history_do(history_t *h, history_kind_t kind, int request, apr_time_t at, history_op_t op,
                int side, const char *place, const char *record, const char *before,
                const char *after);

#endif /* HISTORY_H */
