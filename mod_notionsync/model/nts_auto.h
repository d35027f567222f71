/* nts_auto.h - NotionSyncFields auto: which fields belong together by their names, and what one side lacks.
 *
 * Pure: looks at two schemas and says what would have to be; who makes fields is nts_making.h.
 */
#ifndef NTS_AUTO_H
#define NTS_AUTO_H

#include "model/nts_mapping.h"

/** Longest name that is made, in bytes: what PostgreSQL takes, and so the others. */
#define NTS_AUTO_NAME_MAX 63
/** Most choices that a property is made with: what one request to Notion may hold. */
#define NTS_AUTO_CHOICES_MAX 100
/** The key of a table that is made, where key= names none. */
#define NTS_NEW_KEY "id"

typedef struct nts_auto_t {
    /* The mapping's own pairs in their order, the automatic ones behind them: those known already, then new ones, whose
     * numbers are 0 */
    nts_pair_t *pairs;
    int pair_count;
    int is_changed; /* these are not the pairs that the mapping has */
    /* Fields that a side lacks and that create= lets make there, under the name they would get. A property: the type is its own, with its
     * options. A column: that of the property it shall hold */
    const nts_schema_field_t *lacking[NTS_SIDE_COUNT];
    int lacking_count[NTS_SIDE_COUNT];
    /* Columns whose distinct values become the options of a property that is lacking in Notion */
    const char *const *choices;
    int choice_count;
    const char *apart; /* for people: what is not paired, and why; NULL: all is */
} nts_auto_t;

/** The name of the column made for a property: lower case, '_' for what is neither a letter nor a digit; a long one is cut and ends
 *  in what tells it from others. Two names belong together if this is the same for both. NULL: nothing is left of it. */
const char *nts_auto_column_name(const char *property, apr_pool_t *p);
/** Two names belong together: by what column they would be, or where nothing would be left of one, if they are the same. */
int nts_auto_is_namesake(const char *a, const char *b, apr_pool_t *p);

/**
 * Look at what both sides have. A pair that was bound once and whose column or property has gone since is taken out if it
 * was automatic, and its field is not among those that are lacking: what is made anew is empty, and must not be taken for an edit.
 * @param external NULL: there is no such table yet
 * @param out      filled in when two fields of a side would be one on the other
 * @return APR_EMISMATCH then
 */
apr_status_t nts_auto_look(nts_auto_t *found, const nts_mapping_t *mapping,
                           const nts_schema_t *notion, const nts_schema_t *external,
                           nts_outcome_t *out, apr_pool_t *p);

/** Non-zero: the mapping has never been bound, so that a table that is not there is one to be made, and none that was lost. */
int nts_auto_is_new(const nts_mapping_t *mapping);

#endif /* NTS_AUTO_H */
