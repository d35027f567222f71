/* nts_sql_together.h - rows that exchange their unique values (S5.8). */
#ifndef NTS_SQL_TOGETHER_H
#define NTS_SQL_TOGETHER_H

#include "connector/sql/nts_sql_impl.h"

/** As nts_connector_t.perform_together. */
void nts_sql_perform_together(nts_connection_t *c, const nts_ask_t *const *asks,
                              nts_answer_t *const *answers, apr_pool_t *const *pools, int count);

/* --- nts_sql_stand_in.c */

/** What a column may hold for the moment in which its row makes way: the @a number-th that is worth trying, from 0; another row may
 *  have it all the same, or the column refuse it. Zero: there are no more. */
int nts_sql_stand_in(nts_sql_cell_t *cell, int number, nts_sql_session_t *s,
                     const nts_sql_column_t *column);

#endif /* NTS_SQL_TOGETHER_H */
