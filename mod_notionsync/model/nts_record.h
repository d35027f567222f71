/* nts_record.h - one record of one side, as it was read. */
#ifndef NTS_RECORD_H
#define NTS_RECORD_H

#include "model/nts_mapping.h"

typedef struct nts_record_t {
    const char *id; /* page id (normalised UUID) or external key */
    /* one per pair of the mapping, in its order; ABSENT where not read */
    const nts_value_t *values;
    int trashed;             /* Notion: in_trash */
    int archived;            /* Notion: is_archived */
    int elsewhere;           /* Notion: the page's parent is another data source now */
    nts_standing_t standing; /* by its side's filter (S5.3) */
    int by_us;               /* Notion: created_by is this connection's bot */
    int untouched;           /* Notion: by_us, and nobody else is known to have edited it since */
    int edited_by_us; /* Notion: our bot edited it last, which does not tell who else did in that minute */
    apr_time_t created; /* floored to the minute by Notion; 0 unknown */
    apr_time_t edited;  /* Notion: last_edited_time, floored to the minute; 0 unknown */
    /* external: the last change entry of this key, or a later time at which triggers that were missing were there
     * again, by the database's clock, read in one snapshot with the row; 0 no entry */
    apr_time_t changed;
    int changed_by_us; /* external: that entry is of a write of ours */
    /* external: the intent id of our last write to this key, whoever changed the row since (S3.8); NULL: we
     * never wrote it, or too long ago to be remembered */
    const char *intent;
    /* external: the whole row as a JSON object text, unmapped columns included; NULL when it was
     * not asked for */
    const char *image;
} nts_record_t;

/** External keys: one column's text, or several as a JSON array of texts. Display and store form. */

#endif /* NTS_RECORD_H */
