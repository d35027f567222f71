/* nts_notion_impl.h - what the files of the Notion connector share; for no one else.
 *
 * Sans-I/O: an op is a small state machine that hands out one request at a time and takes its answer.
 */
#ifndef NTS_NOTION_IMPL_H
#define NTS_NOTION_IMPL_H

#include <apr_tables.h>

#include "connector/nts_connector.h"

#define NTS_NOTION_VERSION "2026-03-11"
#define NTS_NOTION_ENDPOINT "https://api.notion.com"

/* Notion's own limits. */
#define NTS_NOTION_PAGE_SIZE 100
#define NTS_NOTION_FILTER_MAX 100  /* entries of filter_properties */
#define NTS_NOTION_REFERENCES 25   /* a page shows no more mentions of a text than this */
#define NTS_NOTION_TEXT_UNITS 2000 /* UTF-16 units of one rich text item */
/* ... nor, says Notion's document and nothing else of it, more pieces of text */
#define NTS_NOTION_PIECES 100
#define NTS_NOTION_ARRAY_MAX 100   /* elements of an array in a request */
#define NTS_NOTION_BODY_MAX 500000 /* bytes of a request */
#define NTS_NOTION_TOKEN_MAX 8192  /* ours: of a token that was granted */

struct nts_connection_t {
    const char *endpoint;
    char *authorization;       /* "Bearer ...", changed where it stands, for requests point to it */
    apr_size_t room;           /* for the token in it, with its final NUL */
    char *token;               /* points into it */
    const nts_key_t *file_key; /* signs links to files; borrowed; NULL: there are none */
    const nts_clock_t *clock;
    const char *who; /* our own user id; NULL until asked */
    int who_is_bot;
    int page_size; /* of queries; smaller while Notion cannot build large answers */
    int page_good; /* answers of that size since it was last changed, while it is not the largest */
    nts_users_t
        *people; /* who there was when it was last asked, in a pool of its own; NULL: never */
    apr_pool_t *people_pool;
    apr_time_t people_at; /* monotonic */
    apr_pool_t *p;
};

typedef enum nts_notion_phase_t {
    NTS_NOTION_START = 0,
    NTS_NOTION_WHO,      /* users/me was sent before what was asked for */
    NTS_NOTION_MAIN,     /* the request proper */
    NTS_NOTION_COMPLETE, /* a property that the page showed only in part */
    NTS_NOTION_AGAIN,    /* the page once more, after that */
    NTS_NOTION_PEOPLE,   /* who there is, after the data source */
    NTS_NOTION_MAKE,     /* properties, after what is there was read */
    NTS_NOTION_DONE
} nts_notion_phase_t;

/** Where a listing is: what its opaque cursor holds. */
typedef struct nts_notion_window_t {
    const char *from;   /* instant text: rows from here on; NULL all */
    const char *cursor; /* Notion's, NULL at the window's start */
    const char *last;   /* the last row's time; NULL before the first */
} nts_notion_window_t;

struct nts_op_t {
    nts_connection_t *conn;
    nts_ask_t ask;
    apr_pool_t *p;
    apr_pool_t *scratch; /* of one answer; FIND clears it for each page */
    nts_notion_phase_t phase;
    nts_http_request_t request;
    nts_http_header_t headers[4];
    nts_answer_t answer;
    /* LIST, FIND */
    nts_notion_window_t window;
    apr_array_header_t *found; /* FIND: nts_record_t */
    /* READ: values still to be completed */
    const nts_value_t *shown;  /* as the page showed them, some in part; NULL: all of them whole */
    int is_paged;              /* one of them came in several answers */
    int looks;                 /* how often it was another page then */
    int pair;                  /* the one under way: of the pairs, then of the filter's fields */
    apr_array_header_t *texts; /* its parts so far */
    apr_array_header_t *items; /* the same with their formatting, as JSON */
    int pages;                 /* of it taken */
    int is_damaged;            /* it holds half a character */
    int is_relation;           /* ... or its pages, in `texts` */
    int is_rollup;             /* ... or what is rolled up, in `elements` */
    nts_json_t *elements;
    apr_array_header_t *members; /* ... or people: nts_option_t */
    /* DESCRIBE: who there is, as far as it was listed */
    nts_users_t *people;
};

/** The kind of a request decides what its failures mean. */
int nts_notion_is_write(const nts_op_t *op);

/* --- nts_notion.c: requests */

/** Sets op->request; @a body NULL: none. */
void nts_notion_request(nts_op_t *op, const char *method, const char *path, const nts_json_t *body);
/** The request for the page that is asked for. */
void nts_notion_request_page(nts_op_t *op);
/** "?filter_properties=a&filter_properties=b" of the mapped properties and those of the filter, or
 *  "" for all. */
const char *nts_notion_filter(const nts_op_t *op);
/** As Notion writes property ids itself: encodeURIComponent. */
const char *nts_notion_encode_id(const char *id, apr_pool_t *p);

/* --- nts_notion_error.c */

/** The JSON of a good answer to the current request, or NULL after filling in op->answer. */
const nts_json_t *nts_notion_take(nts_op_t *op, const nts_http_answer_t *http);
/** The answer is JSON but not what was asked for. */
void nts_notion_nonsense(nts_op_t *op, const char *what);
/** Refused before sending. */
void nts_notion_refuse(nts_op_t *op, const char *code, const char *advice, const char *fmt, ...)
    NTS_PRINTF(4, 5);

/* --- nts_notion_schema.c */

nts_op_state_t nts_notion_take_schema(nts_op_t *op, const nts_json_t *root);
nts_op_state_t nts_notion_take_who(nts_op_t *op, const nts_json_t *root);
/** Plain text of a rich text array, whatever it contains. */
const char *nts_notion_plain_text(const nts_json_t *array, apr_pool_t *p);

/* --- nts_notion_people.c */

/** A user, or a group, as an option: its id, and the address or else the name, "" if neither is shown. Zero: it is none. */
int nts_notion_read_person(nts_option_t *person, const nts_json_t *user, apr_pool_t *p);
nts_value_t nts_notion_read_people(const nts_json_t *people, apr_pool_t *p);
/** DESCRIBE: non-zero if the mapping has a property that holds people, and who there is has to be asked; what is known well enough
 *  is put into @a schema. */
int nts_notion_need_people(nts_op_t *op, nts_schema_t *schema);
nts_op_state_t nts_notion_ask_people(nts_op_t *op);
nts_op_state_t nts_notion_take_users(nts_op_t *op, const nts_json_t *root);
/** They cannot be listed, which op->answer says. Non-zero: the schema is complete without, and the answer good. */
int nts_notion_spare_people(nts_op_t *op);

/* --- nts_notion_read.c */

/** Decoded id of the property at @a at: of the pairs, then of the filter; NULL: of none (the body), or not known. */
const char *nts_notion_field_id(const nts_ask_t *ask, int at);
/** A page object as a record in @a p; APR_EINVAL if it is none. */
apr_status_t nts_notion_record(nts_record_t *record, nts_op_t *op, const nts_json_t *page,
                               apr_pool_t *p);
/** How many properties a record has: the pairs', then the filter's. */
int nts_notion_field_count(const nts_ask_t *ask);
/** S5.3: on which side of the filter its values put it. */
void nts_notion_judge(nts_record_t *record, const nts_ask_t *ask);
/** The data source that the ask is about. */
const char *nts_notion_source(const nts_op_t *op);
/** The pair whose value is the body of the page, or -1: none on this side of the mapping. */
int nts_notion_body_pair(const nts_ask_t *ask);
/** What an object of {"type":T, T:...} holds: a property, a formula's result, an element of a rollup. ABSENT: T is not there. */
nts_value_t nts_notion_value(const nts_json_t *node, apr_pool_t *p);
/** A value as the pair at @a at has it: a text with format=markdown as Markdown. Of the filter's fields, as it is. */
nts_value_t nts_notion_in_format(const nts_ask_t *ask, int at, nts_value_t value, apr_pool_t *p);
/** An empty text is none. */
nts_value_t nts_notion_text_or_null(const char *text);
/** What stands for a text that could not be written back as it was. */
nts_value_t nts_notion_damaged_text(void);
/** The page that an item of a relation names, or NULL. */
const char *nts_notion_page_of(const nts_json_t *item, apr_pool_t *p);
/** Decoded id of a property, or NULL. */
const char *nts_notion_property_id(const nts_json_t *node, apr_pool_t *p);
/** The page asked for, as it is shown. NULL: it was not, which the answer says. */
nts_record_t *nts_notion_take_page_object(nts_op_t *op, const nts_json_t *root);
/** ... and what it shows only in part completed. */
nts_op_state_t nts_notion_take_page(nts_op_t *op, const nts_json_t *root);

/* --- nts_notion_computed.c */

nts_value_t nts_notion_formula(const nts_json_t *formula, apr_pool_t *p);
/** As a page shows it: a list of 25 elements or more, or what is not finished, is marked as cut. */
nts_value_t nts_notion_rollup(const nts_json_t *rollup, apr_pool_t *p);
/** The same when the property was asked for by itself: @a elements, an array, are all that was listed. */
nts_value_t nts_notion_rollup_whole(const nts_json_t *rollup, const nts_json_t *elements,
                                    apr_pool_t *p);

/* --- nts_notion_files.c */

/** Where a property stands. */
typedef struct nts_notion_place_t {
    const nts_connection_t *conn;
    const nts_ask_t *ask; /* of which mapping, and side */
    const char *page;     /* NULL: a page that is still to be made */
    const char *property;
} nts_notion_place_t;

/** A set of addresses: those of files elsewhere, and links to those that Notion keeps. Opaque if one of these has no link, as all in a
 *  rollup (@a place NULL). */
nts_value_t nts_notion_read_files(const nts_json_t *files, const nts_notion_place_t *place,
                                  apr_pool_t *p);
/** Adds the files to @a list, an array: those of @a before (NULL: none) first, in their order and as people called them; others under the
 *  names that they have @a beside (NULL: not known).
 *  @return NULL, or why it cannot be done */
const char *nts_notion_write_files(nts_json_t *list, const nts_value_t *value,
                                   const nts_value_t *before, const nts_value_t *beside,
                                   const nts_notion_place_t *place, apr_pool_t *p);
nts_value_t nts_notion_read_verification(const nts_json_t *verification, apr_pool_t *p);
/** Fills the object. @return NULL, or why it cannot be written. So does the next. */
const char *nts_notion_write_verification(nts_json_t *verification, const nts_value_t *value);
nts_value_t nts_notion_read_place(const nts_json_t *place, apr_pool_t *p);
const char *nts_notion_write_place(nts_json_t *property, const char *native,
                                   const nts_value_t *value, apr_pool_t *p);

/* --- nts_notion_held.c */

/** Where a file that Notion keeps can be fetched for an hour; NULL: it does not keep it. */
const char *nts_notion_held_address(const nts_json_t *file);
/** The link to it, the same at each read; NULL: it has none. @a place may be NULL. */
const char *nts_notion_held_link(const nts_json_t *file, const nts_notion_place_t *place,
                                 apr_pool_t *p);
/** FILES. */
nts_op_state_t nts_notion_take_held(nts_op_t *op, const nts_json_t *root);

/* --- nts_notion_item.c */

/** The page, or the page once more, is @a record: done, or what it shows only in part is asked for. If a write is to follow
 *  (ask.follow_writes), or a value came in several answers, the page is asked for once more after that: a write needs one that was
 *  shown just now (S3.1), and the parts must be of one value. The answer is as old as that page. NOT_DONE: it was another one each time. */
nts_op_state_t nts_notion_complete(nts_op_t *op, nts_record_t *record);
nts_op_state_t nts_notion_take_item(nts_op_t *op, const nts_json_t *root);

/* --- nts_notion_list.c */

/** Start, or go on behind ask.listing.cursor. Zero: the answer is filled in. */
int nts_notion_list_begin(nts_op_t *op);
nts_op_state_t nts_notion_take_rows(nts_op_t *op, const nts_json_t *root);
/** A failed query: non-zero if it was made easier and shall be sent again. */
int nts_notion_list_again(nts_op_t *op, const nts_http_answer_t *http);

/* --- nts_notion_oauth.c */

extern const nts_oauth_t nts_notion_oauth;

/* --- nts_notion_write.c */

/** Sets op->request for CREATE, UPDATE, REMOVE, RESTORE. Zero: refused, the answer is filled in. */
int nts_notion_write_begin(nts_op_t *op);

/* --- nts_notion_body.c */

void nts_notion_request_body(nts_op_t *op);
/** The body is what the UPDATE changes, by itself. */
int nts_notion_is_body_write(const nts_op_t *op);
/** Sets op->request. Zero: refused, the answer is filled in. */
int nts_notion_body_write_begin(nts_op_t *op);
nts_op_state_t nts_notion_take_body(nts_op_t *op, const nts_json_t *root);

/* --- nts_notion_make.c */

/** PROVISION: the data source is @a root; what it lacks is asked for, or only shown. */
nts_op_state_t nts_notion_make(nts_op_t *op, const nts_json_t *root);
nts_op_state_t nts_notion_take_made(nts_op_t *op, const nts_json_t *root);

#endif /* NTS_NOTION_IMPL_H */
