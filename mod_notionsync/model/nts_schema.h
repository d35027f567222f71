/* nts_schema.h - what a side says its fields can hold. */
#ifndef NTS_SCHEMA_H
#define NTS_SCHEMA_H

#include "model/nts_users.h"
#include "model/nts_value.h"

typedef enum nts_type_kind_t {
    /* native names it; a mapping that uses it is blocked with the reason */
    NTS_TYPE_UNSUPPORTED = 0,
    NTS_TYPE_TEXT,
    NTS_TYPE_NUMBER,
    NTS_TYPE_BOOL,
    NTS_TYPE_DAY,     /* a date without a time */
    NTS_TYPE_INSTANT, /* a date with a time */
    NTS_TYPE_DATE,    /* day, instant or range: Notion's date */
    NTS_TYPE_OPTION,
    NTS_TYPE_SET,
    NTS_TYPE_REFERENCE, /* records of another data source: Notion's relation */
    NTS_TYPE_FILES,     /* addresses of files, a set */
    NTS_TYPE_PLACE,     /* a place on earth: a JSON object with lat, lon and what it is called */
    NTS_TYPE_PEOPLE     /* people of Notion, a set */
} nts_type_kind_t;

/** A field's type. Zero means "no limit" where that makes sense. */
typedef struct nts_type_t {
    nts_type_kind_t kind;
    const char *native; /* "multi_select", "VARCHAR(40)": for messages */
    /* the side makes the value itself (formula, unique_id, generated column) */
    int computed;
    int fixed;       /* computed once, when the record is made: never changes afterwards */
    int nullable;    /* false: null cannot be stored (NOT NULL, a checkbox) */
    int max_length;  /* characters of a text; 0 unlimited */
    int units;       /* max_length is of UTF-16 units, as JavaScript counts; else of code points */
    int max_members; /* SET, FILES, PEOPLE, REFERENCE: that one write takes; 0 unlimited */
    int alone;       /* PEOPLE: always one, no set */
    /* numbers without fraction only, of 64 bits if precision is 0; INSTANT: whole seconds only */
    int whole;
    int precision; /* total digits of a DECIMAL; 0 unlimited */
    /* digits after the point, with precision; INSTANT, DATE: digits of a second's fraction that are
     * kept, 0 (and not whole): microseconds */
    int scale;
    int binary; /* stored as an IEEE double */
    int single; /* with binary: as an IEEE float; not kept in the store */
    /* TEXT that ends in a number of its own ("ORD-17"), which a number field can hold in its place */
    int serial;
    /* INSTANT: the side keeps an offset; otherwise the mapping's timezone= rules */
    int zoned;
    int padded;      /* TEXT: blanks at the end are no part of a value; not kept in the store */
    int single_line; /* reserved for sides that refuse line breaks */
    int list; /* TEXT: the JSON array of a column that holds a list of choices; not kept in the store */
    const nts_option_t *options; /* OPTION, SET, list: known choices */
    int option_count;
    int options_open; /* an unknown choice may be written and comes into being */
    /* TEXT: of whatever kind each value is: text, number, boolean or date (formula, rollup) */
    int varying;
    /* what is empty cannot be told from what the side does not show: such a field goes one way only */
    int one_way;
    int mirrored; /* REFERENCE: changes with the other end of the relation, which no event tells */
    const char *target; /* REFERENCE: the data source referred to, normalised; NULL: not told */
} nts_type_t;

typedef struct nts_schema_field_t {
    const char *id;   /* never changes: property id (decoded), column name */
    const char *name; /* as people see it */
    nts_type_t type;
} nts_schema_field_t;

typedef struct nts_schema_t {
    const nts_schema_field_t *fields;
    int count;
    const char *title; /* of the data source or table, for people */
    /* Notion: who there is, where a property of the mapping holds people; NULL: nobody asked. Of it the JSON has a digest */
    const nts_users_t *people;
    /* external: random id kept in the database; NULL where there is none */
    const char *instance;
    apr_int64_t counter; /* external: highest change number seen; grows for ever */
    /* external: what a state store left there for this data source and table, to know its own by (S4.1); NULL:
     * nothing */
    const char *mark;
    const char *key; /* external: the key column(s), joined by ',' */
    /* external: a field has an id beside its name, as Notion's properties have, and is the same one when it is renamed. Else its name is all
     * it is known by, as a column's */
    int has_ids;
    int provisioned;     /* external: triggers in place and current */
    const char *problem; /* why it is not, or what else is wrong, for people; NULL: nothing */
} nts_schema_t;

/** "text", "number" ...: for messages and stored JSON. */
const char *nts_type_kind_name(nts_type_kind_t kind);

const nts_schema_field_t *nts_schema_find_id(const nts_schema_t *schema, const char *id);
const nts_schema_field_t *nts_schema_find_name(const nts_schema_t *schema, const char *name);
/** Field by id, then by exact name; NULL if none. */
const nts_schema_field_t *nts_schema_find(const nts_schema_t *schema, const char *id_or_name);

void nts_schema_to_json(const nts_schema_t *schema, nts_json_t *parent);
apr_status_t nts_schema_from_json(nts_schema_t **schema, const nts_json_t *node, apr_pool_t *p);

#endif /* NTS_SCHEMA_H */
