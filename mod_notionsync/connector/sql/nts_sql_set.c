/* nts_sql_set.c - what a write puts into which column. */
#include "connector/sql/nts_sql_write.h"

nts_sql_set_t nts_sql_set_make(nts_sql_session_t *s)
{
    apr_size_t most = (apr_size_t)(s->table->count + s->ask->mapping->pair_count + 1);
    nts_sql_set_t made = { apr_palloc(s->ptemp, most * sizeof(nts_sql_assignment_t)), 0 };

    return made;
}

void nts_sql_assign(nts_sql_set_t *set, const nts_sql_column_t *column, const nts_sql_cell_t *cell)
{
    int i;

    for (i = 0; i < set->count && set->set[i].column != column; i++) {
    }
    set->set[i].column = column;
    set->set[i].cell = *cell;
    set->count += i == set->count;
}

const nts_sql_assignment_t *nts_sql_assigned(const nts_sql_set_t *set,
                                             const nts_sql_column_t *column)
{
    int i;

    for (i = 0; i < set->count; i++) {
        if (set->set[i].column == column) {
            return &set->set[i];
        }
    }
    return NULL;
}

apr_status_t nts_sql_assign_values(nts_sql_set_t *set, nts_sql_session_t *s,
                                   const nts_sql_row_t *row)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    int i;

    for (i = 0; s->ask->values && i < mapping->pair_count; i++) {
        const nts_value_t *value = &s->ask->values[i];
        const nts_sql_column_t *column;
        const nts_zone_t *zone;
        const char *problem;
        nts_sql_cell_t cell;

        if (value->kind == NTS_VALUE_ABSENT) {
            continue;
        }
        if (nts_sql_pair_column(&column, s, i) != APR_SUCCESS ||
            nts_sql_zone(&zone, s, &mapping->pairs[i]) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (!column || column->generated) {
            continue;
        }
        if (nts_sql_cell(&cell, column, value, zone, row ? &row->pair_cells[i] : NULL, &problem,
                         s->ptemp) != APR_SUCCESS) {
            (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.value",
                               "change the value in Notion, or the column's type",
                               "the value %s cannot be stored in column %s: %s",
                               nts_value_display(value, 40, s->ptemp), column->name, problem);
            s->answer->outcome.field = apr_pstrdup(s->p, column->name);
            return APR_EGENERAL;
        }
        if (!row && cell.kind == NTS_SQL_NULL &&
            ((column->not_null && column->has_default) ||
             (column->key && s->table->key_is_rowid))) {
            continue; /* the database knows what a new row has there */
        }
        nts_sql_assign(set, column, &cell);
    }
    return APR_SUCCESS;
}
