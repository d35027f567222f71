/* nts_sql_read.c - rows as records: by key, by page, by values.
 *
 * A row and its newest change entry are read in one statement, so that the time and the intent belong
 * to exactly these values (S1 stamps).
 */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

#define PAGE_ROWS 1000
/* Parameters of one statement; SQLite before 3.32 takes 999, others have limits as well. */
#define CHUNK_PARAMS 500

/* How a pair is read. */
typedef struct pair_shape_t {
    const nts_sql_column_t *column; /* NULL: not read */
    const nts_zone_t *zone;
} pair_shape_t;

/* Which cell of a row holds what: the key, then the entry, then the pairs that are read, then the
 * fields of the filter, then the image. */
typedef struct shape_t {
    int at;
    int own;    /* the entry is ours */
    int missed; /* when triggers were last installed that were missing */
    int intent;
    pair_shape_t *pairs;
    pair_shape_t *filter; /* one per field of the filter (S5.3) */
    int image;            /* first of the image's cells; -1 none */
} shape_t;

/* The time of the key's last change, whether it was ours, until when changes of the table may have gone unseen since, and our last intent
 * there, whoever changed the row since (S3.8). */
static void add_history(nts_sql_stmt_t *select, nts_sql_session_t *s)
{
    if (!s->state.installed) {
        nts_sql_add(select, ", NULL, NULL, NULL, NULL", NULL);
        return;
    }
    nts_sql_add(select, ", ", NULL);
    nts_sql_add_changed(select, s->table);
    nts_sql_add(select, ", (SELECT m.at FROM _notionsync_change AS m WHERE m.tbl = ", NULL);
    nts_sql_add_text(select, s->table->name);
    nts_sql_add(select,
                " AND m.key IS NULL AND m.op = 't' ORDER BY m.id DESC LIMIT 1), "
                "(SELECT i.intent FROM _notionsync_intent AS i WHERE i.tbl = ",
                NULL);
    nts_sql_add_text(select, s->table->name);
    nts_sql_add(select, " AND i.key = ", NULL);
    s->dialect->add_stored_key(select, s->table);
    nts_sql_add(select, " ORDER BY i.at DESC LIMIT 1)", NULL);
}

static apr_status_t shape_filter(shape_t *shape, nts_sql_session_t *s, nts_sql_stmt_t *select)
{
    const nts_filter_t *filter = s->ask->mapping->filter[NTS_EXTERNAL];
    int i;

    shape->filter = apr_pcalloc(s->ptemp, ((apr_size_t)(filter ? filter->field_count : 0) + 1) *
                                              sizeof(*shape->filter));
    for (i = 0; filter && i < filter->field_count; i++) {
        const char *name = filter->fields[i].name;
        pair_shape_t *field = &shape->filter[i];

        field->column = nts_sql_find_column(s->table, name);
        if (!field->column) {
            return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.schema",
                                "correct the NotionSyncFilter line, or put the column back",
                                "the table %s has no column %s, which the filter names",
                                s->table->name, name);
        }
        if (nts_sql_zone(&field->zone, s, NULL) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        nts_sql_add(select, ", t.", NULL);
        nts_sql_add_name(select, field->column->name);
    }
    return APR_SUCCESS;
}

/* SELECT ... FROM table AS t, up to the WHERE. */
static apr_status_t select_rows(nts_sql_stmt_t **stmt, shape_t *shape, nts_sql_session_t *s,
                                int want_image)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    const nts_filter_t *filter = mapping->filter[NTS_EXTERNAL];
    nts_sql_stmt_t *select = nts_sql_stmt(s, "SELECT ");
    int next = s->table->key_count;
    int i;

    *stmt = select;
    s->dialect->add_key_columns(select, s->table);
    shape->at = next++;
    shape->own = next++;
    shape->missed = next++;
    shape->intent = next++;
    add_history(select, s);
    shape->pairs =
        apr_palloc(s->ptemp, (apr_size_t)(mapping->pair_count + 1) * sizeof(*shape->pairs));
    for (i = 0; i < mapping->pair_count; i++) {
        pair_shape_t *pair = &shape->pairs[i];

        if (nts_sql_pair_column(&pair->column, s, i) != APR_SUCCESS ||
            nts_sql_zone(&pair->zone, s, &mapping->pairs[i]) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (pair->column) {
            next++;
            nts_sql_add(select, ", t.", NULL);
            nts_sql_add_name(select, pair->column->name);
        }
    }
    if (shape_filter(shape, s, select) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    next += filter ? filter->field_count : 0;
    shape->image = want_image ? next : -1;
    for (i = 0; want_image && i < s->table->count; i++) {
        nts_sql_add(select, ", t.", NULL);
        nts_sql_add_name(select, s->table->columns[i].name);
    }
    nts_sql_add(select, " FROM ", s->table->sql, " AS t", NULL);
    if (s->state.installed) {
        nts_sql_add(select,
                    " LEFT JOIN _notionsync_change AS c ON c.id = (SELECT max(n.id) "
                    "FROM _notionsync_change AS n WHERE n.tbl = ",
                    NULL);
        nts_sql_add_text(select, s->table->name);
        nts_sql_add(select, " AND n.key = ", NULL);
        s->dialect->add_stored_key(select, s->table);
        nts_sql_add(select, ")", NULL);
    }
    nts_sql_add(select, " WHERE ", NULL);
    return APR_SUCCESS;
}

/* The whole row but what the database derives. NULL if a cell was too long to be fetched. */
static const char *image_of(nts_sql_session_t *s, const nts_sql_cell_t *cells)
{
    nts_json_t *image = nts_json_make_object(s->p);
    int i;

    for (i = 0; i < s->table->count; i++) {
        const nts_sql_cell_t *cell = &cells[i];

        if (s->table->columns[i].generated) {
            continue;
        }
        if ((cell->kind == NTS_SQL_TEXT || cell->kind == NTS_SQL_BLOB) && !cell->bytes) {
            return NULL;
        }
        nts_sql_image_add(image, s->table->columns[i].name, cell, s->ptemp);
    }
    return nts_json_text(image, s->p);
}

/* 0: the key is no text that can be told to anybody. */
static int read_key(nts_record_t *record, nts_sql_session_t *s, const nts_sql_cell_t *cells)
{
    const char *parts[NTS_SQL_KEY_MAX];
    int i;

    for (i = 0; i < s->table->key_count; i++) {
        parts[i] = nts_sql_text_of(&cells[i]);
        if (!parts[i]) {
            return 0;
        }
    }
    record->id = nts_sql_key_id(parts, s->table->key_count, s->p);
    return 1;
}

/* By the row as it was read, in one statement with the values of the pairs. */
static nts_standing_t judge(nts_sql_session_t *s, const shape_t *shape, const nts_sql_cell_t *cells)
{
    const nts_filter_t *filter = s->ask->mapping->filter[NTS_EXTERNAL];
    nts_value_t *values;
    int i;

    if (!filter) {
        return NTS_STANDING_INSIDE;
    }
    values = apr_pcalloc(s->ptemp, ((apr_size_t)filter->field_count + 1) * sizeof(*values));
    for (i = 0; i < filter->field_count && filter->fields[i].id; i++) { /* else not bound yet */
        values[i] = nts_sql_value(shape->filter[i].column, &cells[i], shape->filter[i].zone, s->p);
    }
    return nts_filter_judge(filter, values);
}

/* S1: a change that no trigger told of came before they were there again (seed 63248 of the simulation: the entry before it told of another
 * one, and the row's edit looked as old as that). */
static apr_time_t changed_until(const shape_t *shape, const nts_sql_cell_t *cells)
{
    apr_int64_t at = cells[shape->at].integer;
    apr_int64_t missed = cells[shape->missed].integer;

    return (at && missed > at ? missed : at) * 1000;
}

static void read_row(nts_sql_row_t *row, nts_sql_session_t *s, const shape_t *shape,
                     const nts_sql_cell_t *cells)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    apr_size_t count = (apr_size_t)mapping->pair_count + 1;
    nts_value_t *values = apr_pcalloc(s->p, count * sizeof(*values));
    nts_sql_cell_t *pair_cells = apr_pcalloc(s->ptemp, count * sizeof(*pair_cells));
    const nts_sql_cell_t *next = &cells[shape->intent + 1];
    int i;

    memset(row, 0, sizeof(*row));
    if (!read_key(&row->record, s, cells)) {
        return;
    }
    for (i = 0; i < mapping->pair_count; i++) {
        const pair_shape_t *pair = &shape->pairs[i];

        if (pair->column) { /* else ABSENT */
            pair_cells[i] = *next++;
            values[i] = nts_sql_value(pair->column, &pair_cells[i], pair->zone, s->p);
        }
    }
    row->record.standing = judge(s, shape, next);
    row->record.values = values;
    row->record.changed = changed_until(shape, cells);
    row->record.changed_by_us = cells[shape->own].integer != 0;
    row->record.intent = nts_sql_text_of(&cells[shape->intent]);
    if (shape->image >= 0) {
        row->record.image = image_of(s, &cells[shape->image]);
    }
    row->pair_cells = pair_cells;
}

apr_status_t nts_sql_fetch(nts_sql_row_t **row, nts_sql_session_t *s, const char *const *parts,
                           int want_image)
{
    nts_sql_row_t *found = apr_pcalloc(s->p, sizeof(*found));
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;
    shape_t shape;

    *row = NULL;
    if (select_rows(&stmt, &shape, s, want_image) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    s->dialect->add_key_is(stmt, s->table, parts);
    if (nts_sql_run(&rows, stmt, s->p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 0) {
        return APR_SUCCESS;
    }
    read_row(found, s, &shape, rows.cells);
    *row = found->record.id ? found : NULL;
    return APR_SUCCESS;
}

void nts_sql_answer_gone(nts_sql_session_t *s)
{
    if (s->state.instance) {
        s->answer->result = NTS_RESULT_GONE;
        return;
    }
    /* S4.1: without an instance id it may be another database altogether. */
    (void)nts_sql_fail(s, NTS_RESULT_MISSING, NTS_REMEDY_PERSON, "sql.not_provisioned",
                       "run 'notionsyncctl provision' for this mapping",
                       "no such row, but the database has no instance id that would make this "
                       "proof of a delete");
}

static apr_status_t read_one(nts_sql_session_t *s)
{
    const char *const *parts = nts_sql_key_parts(s->table, s->ask->id, s->ptemp);
    nts_sql_row_t *row;

    if (!parts) {
        return nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "sql.key",
                            "look whether key= of the mapping was changed",
                            "\"%s\" is no key of the table %s", s->ask->id ? s->ask->id : "",
                            s->table->name);
    }
    if (nts_sql_fetch(&row, s, parts, s->ask->want_image) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (row) {
        s->answer->record = &row->record;
    }
    else {
        nts_sql_answer_gone(s);
    }
    return !row && s->ask->want_image ? nts_sql_name_referrers(s) : APR_SUCCESS;
}

/* Adds what the rows hold to @a records, but for rows whose key is unusable. */
static void take_rows(apr_array_header_t *records, nts_sql_session_t *s, const shape_t *shape,
                      const nts_sql_rows_t *rows)
{
    int i;

    for (i = 0; i < rows->count; i++) {
        nts_sql_row_t row;

        read_row(&row, s, shape, rows->cells + i * rows->columns);
        if (row.record.id) {
            APR_ARRAY_PUSH(records, nts_record_t) = row.record;
        }
    }
}

static void answer_records(nts_sql_session_t *s, const apr_array_header_t *records)
{
    s->answer->records = (nts_record_t *)records->elts;
    s->answer->record_count = records->nelts;
}

static apr_status_t read_many(nts_sql_session_t *s)
{
    apr_array_header_t *records = apr_array_make(s->p, s->ask->id_count + 1, sizeof(nts_record_t));
    int chunk = CHUNK_PARAMS / (2 * s->table->key_count);
    int next = 0;

    while (next < s->ask->id_count) {
        nts_sql_stmt_t *stmt;
        nts_sql_rows_t rows;
        shape_t shape;
        int added = 0;

        if (select_rows(&stmt, &shape, s, s->ask->want_image) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        for (; next < s->ask->id_count && added < chunk; next++) {
            const char *const *parts = nts_sql_key_parts(s->table, s->ask->ids[next], s->ptemp);

            if (parts) {
                nts_sql_add(stmt, added++ ? " OR (" : "(", NULL);
                s->dialect->add_key_is(stmt, s->table, parts);
                nts_sql_add(stmt, ")", NULL);
            }
        }
        if (added > 0) {
            if (nts_sql_run(&rows, stmt, s->p) != APR_SUCCESS) {
                return APR_EGENERAL;
            }
            take_rows(records, s, &shape, &rows);
        }
    }
    answer_records(s, records);
    return APR_SUCCESS;
}

/* The key of the last row, read or not, where the next page begins. */
static const char *cursor_after(nts_sql_session_t *s, const nts_sql_rows_t *rows)
{
    const nts_sql_cell_t *last = rows->cells + (rows->count - 1) * rows->columns;
    const char *parts[NTS_SQL_KEY_MAX];
    int i;

    for (i = 0; i < s->table->key_count; i++) {
        parts[i] = last[i].bytes;
    }
    return nts_sql_key_id(parts, s->table->key_count, s->p);
}

/* One page by key. @a values: only rows that may hold them, NULL all. *cursor NULL: it was the last. */
static apr_status_t read_page(apr_array_header_t *records, const char **cursor,
                              nts_sql_session_t *s, int limit, const nts_value_t *values)
{
    const char *const *parts = NULL;
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;
    shape_t shape;

    if (*cursor) {
        parts = nts_sql_key_parts(s->table, *cursor, s->ptemp);
        if (!parts) {
            return nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_RETRY, "sql.cursor", NULL,
                                "the listing cannot go on after \"%s\"", *cursor);
        }
    }
    if (select_rows(&stmt, &shape, s, s->ask->want_image) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    s->dialect->add_key_after(stmt, s->table, parts);
    if (values && nts_sql_add_values(stmt, s, values) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    nts_sql_add_key_order(stmt, s->table);
    nts_sql_add(stmt, " LIMIT ", NULL);
    nts_sql_add_int(stmt, limit);
    if (nts_sql_run_page(&rows, stmt, s->p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    take_rows(records, s, &shape, &rows);
    *cursor = rows.count > 0 && (rows.cut || rows.count >= limit) ? cursor_after(s, &rows) : NULL;
    return APR_SUCCESS;
}

static int page_limit(const nts_sql_session_t *s)
{
    int limit = s->ask->listing.limit;

    return limit > 0 && limit < PAGE_ROWS ? limit : PAGE_ROWS;
}

static apr_status_t list(nts_sql_session_t *s)
{
    apr_array_header_t *records = apr_array_make(s->p, 64, sizeof(nts_record_t));
    const char *cursor = s->ask->listing.cursor;

    if (read_page(records, &cursor, s, page_limit(s), NULL) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    answer_records(s, records);
    s->answer->cursor = cursor;
    s->answer->complete = cursor == NULL;
    return APR_SUCCESS;
}

static apr_status_t find(nts_sql_session_t *s)
{
    apr_array_header_t *records = apr_array_make(s->p, 8, sizeof(nts_record_t));
    const char *cursor = s->ask->listing.cursor;
    int limit = page_limit(s);

    do {
        apr_array_header_t *page = apr_array_make(s->p, 8, sizeof(nts_record_t));
        int i;

        if (read_page(page, &cursor, s, PAGE_ROWS, s->ask->values) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        for (i = 0; i < page->nelts && records->nelts < limit; i++) {
            const nts_record_t *record = &APR_ARRAY_IDX(page, i, nts_record_t);

            if (nts_sql_matches(s, record->values, s->ask->values)) {
                APR_ARRAY_PUSH(records, nts_record_t) = *record;
            }
        }
        if (records->nelts == limit && i < page->nelts) {
            cursor = records->nelts ? APR_ARRAY_IDX(records, limit - 1, nts_record_t).id : NULL;
        }
    } while (cursor && records->nelts < limit);
    answer_records(s, records);
    s->answer->cursor = cursor;
    s->answer->complete = cursor == NULL;
    return APR_SUCCESS;
}

void nts_sql_read(nts_sql_session_t *s)
{
    apr_status_t rv;

    if (nts_sql_begin(s, 0) != APR_SUCCESS) {
        return;
    }
    switch (s->ask->kind) {
    case NTS_ASK_READ_MANY:
        rv = read_many(s);
        break;
    case NTS_ASK_LIST:
        rv = list(s);
        break;
    case NTS_ASK_FIND:
        rv = find(s);
        break;
    default:
        rv = read_one(s);
        break;
    }
    if (rv == APR_SUCCESS) {
        (void)nts_sql_commit(s);
    }
}
