/* nts_sql_match.c - rows that hold given values, and rows that are as expected. */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

apr_status_t nts_sql_add_values(nts_sql_stmt_t *stmt, nts_sql_session_t *s,
                                const nts_value_t *values)
{
    int i;

    for (i = 0; i < s->ask->mapping->pair_count; i++) {
        const nts_sql_column_t *column;
        const nts_zone_t *zone;
        const char *problem;
        nts_sql_cell_t cell;

        if (values[i].kind == NTS_VALUE_ABSENT) {
            continue;
        }
        if (nts_sql_pair_column(&column, s, i) != APR_SUCCESS ||
            nts_sql_zone(&zone, s, &s->ask->mapping->pairs[i]) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        /* What the column cannot hold, no row holds. */
        if (!column || nts_sql_cell(&cell, column, &values[i], zone, NULL, &problem, s->ptemp) !=
                           APR_SUCCESS) {
            nts_sql_add(stmt, " AND 1 = 0", NULL);
            continue;
        }
        s->dialect->add_holds(stmt, column, &cell);
    }
    return APR_SUCCESS;
}

int nts_sql_matches(const nts_sql_session_t *s, const nts_value_t *found, const nts_value_t *wanted)
{
    int i;

    for (i = 0; i < s->ask->mapping->pair_count; i++) {
        if (wanted[i].kind != NTS_VALUE_ABSENT && !nts_value_equal(&found[i], &wanted[i]) &&
            !(nts_value_is_empty(&found[i]) && nts_value_is_empty(&wanted[i]))) {
            return 0;
        }
    }
    return 1;
}

int nts_sql_is_as_expected(const nts_sql_session_t *s, const nts_value_t *found,
                           const nts_value_t *expected)
{
    int i;

    for (i = 0; expected && i < s->ask->mapping->pair_count; i++) {
        if (expected[i].kind == NTS_VALUE_ABSENT || nts_value_equal(&found[i], &expected[i])) {
            continue;
        }
        /* What cannot be represented equals nothing, but a delete must be able to expect it. */
        if (found[i].kind == NTS_VALUE_OPAQUE && expected[i].kind == NTS_VALUE_OPAQUE &&
            strcmp(found[i].as.text, expected[i].as.text) == 0) {
            continue;
        }
        return 0;
    }
    return 1;
}
