/* nts_sql_write.h - what one write and several at once (nts_sql_together.c) are made of. */
#ifndef NTS_SQL_WRITE_H
#define NTS_SQL_WRITE_H

#include "connector/sql/nts_sql_impl.h"

/* --- nts_sql_set.c */

/** What a write puts into which column; in the session's ptemp. */
typedef struct nts_sql_set_t {
    nts_sql_assignment_t *set;
    int count;
} nts_sql_set_t;

/** Empty, with room for all that the session's ask can name. */
nts_sql_set_t nts_sql_set_make(nts_sql_session_t *s);
/** Later assignments to a column win. */
void nts_sql_assign(nts_sql_set_t *set, const nts_sql_column_t *column, const nts_sql_cell_t *cell);
/** NULL: nothing is. */
const nts_sql_assignment_t *nts_sql_assigned(const nts_sql_set_t *set,
                                             const nts_sql_column_t *column);
/** The ask's values. @a row: what stands there now, or NULL for a new row. Failures fill in the answer. */
apr_status_t nts_sql_assign_values(nts_sql_set_t *set, nts_sql_session_t *s,
                                   const nts_sql_row_t *row);

/* --- nts_sql_write.c: steps of a write, inside its transaction. Failures fill in the answer. */

/** The parts of the ask's key. */
apr_status_t nts_sql_ask_parts(const char *const **parts, nts_sql_session_t *s);
/** The row under lock, if it is as expected. *row NULL without failure: answered, nothing to do. */
apr_status_t nts_sql_fetch_expected(nts_sql_row_t **row, nts_sql_session_t *s,
                                    const char *const *parts);
/** After a refusal: whose row has the unique value is added to the answer. @a own: the key of the row that was to be changed;
 *  NULL: a new one. Always APR_EGENERAL. */
apr_status_t nts_sql_explain_refusal(nts_sql_session_t *s, const nts_sql_set_t *set,
                                     const char *const *own);
/** The row's key has a value in each column. */
apr_status_t nts_sql_check_key(nts_sql_session_t *s, const char *const *parts);
/** Marks the change entries of the row with the intent, reads the row back (@a now NULL: *record is left), stores the intent. */
apr_status_t nts_sql_prove_write(nts_record_t **record, nts_sql_session_t *s,
                                 const char *const *now, const char *const *before);
/** That is committed. @a record NULL: a trigger has deleted the row. */
void nts_sql_answer_written(nts_sql_session_t *s, nts_record_t *record);

#endif /* NTS_SQL_WRITE_H */
