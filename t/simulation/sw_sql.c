/* sw_sql.c - the database: its tables with their constraints and triggers, the people's connection, and the mirror of its rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "simulation/sm_server.h"
#include "simulation/sw.h"

/* ---- canonical texts */

static int field_of(const char *column)
{
    int k;

    for (k = 0; k < SW_FIELDS && strcmp(sw_fields[k].column, column) != 0; k++) {
    }
    return k;
}

static const char *cell_text(const sw_world_t *w, int table, int field, sqlite3_value *cell,
                             apr_pool_t *p)
{
    int type = sqlite3_value_type(cell);
    const char *text;

    if (type == SQLITE_NULL) {
        return NULL;
    }
    if (sw_fields[field].sort == JUDGE_BOOLEAN && type == SQLITE_INTEGER) {
        return sqlite3_value_int(cell) ? "true" : "false";
    }
    if (type != SQLITE_TEXT &&
        (sw_fields[field].sort == JUDGE_DATE || sw_fields[field].sort == JUDGE_TIME)) {
        return apr_pstrcat(p, "?", (const char *)sqlite3_value_text(cell), NULL);
    }
    if (type == SQLITE_INTEGER) {
        return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)sqlite3_value_int64(cell));
    }
    if (type == SQLITE_FLOAT) {
        return sw_number_text(sqlite3_value_double(cell), p);
    }
    text = apr_pstrdup(p, (const char *)sqlite3_value_text(cell));
    switch (sw_fields[field].sort) {
    case JUDGE_SET:
        return sw_set_text(text, w->table[table].columns[field].csv, p);
    case JUDGE_DATE:
    case JUDGE_TIME:
        return sw_date_text(text, p);
    case JUDGE_NUMBER:
    case JUDGE_BOOLEAN:
        return apr_pstrcat(p, "?", text, NULL);
    default:
        return text;
    }
}

static const char *quoted(const char *text, apr_pool_t *p)
{
    char *out = sqlite3_mprintf("%Q", text);
    const char *copy = apr_pstrdup(p, out);

    sqlite3_free(out);
    return copy;
}

const char *sw_sql_key(const sw_world_t *w, int table, const char *key, apr_pool_t *p)
{
    return w->table[table].key == SW_KEY_INTEGER ? key : quoted(key, p);
}

static const char *set_literal(const char *set, int csv, apr_pool_t *p)
{
    const char **members;
    int n = sw_set_members(&members, set, p);
    sim_buf_t b = SIM_BUF_INIT;
    const char *out = "";
    int i;

    if (csv) {
        for (i = 0; i < n; i++) {
            out = apr_pstrcat(p, out, i ? "," : "", members[i], NULL);
        }
        return quoted(out, p);
    }
    sim_json_open(&b, '[');
    for (i = 0; i < n; i++) {
        sim_json_str(&b, members[i]);
    }
    sim_json_close(&b, ']');
    out = quoted(b.s, p);
    sim_buf_free(&b);
    return out;
}

/* As people type it into such a column. A text takes all, also with the offset of a zone; what else the column cannot hold they leave
 * off. */
static const char *date_for(const char *declared, const char *value, apr_pool_t *p)
{
    char *text;

    if (!strcmp(declared, "TEXT")) {
        return strchr(value, '/') || strlen(value) < 16 || (value[15] - '0') % 2
                   ? value
                   : sw_date_east(value, 120, p);
    }
    if (!strcmp(declared, "DATE")) {
        return apr_pstrndup(p, value, 10);
    }
    text = apr_pstrndup(p, value, strcspn(value, "/"));
    if (strlen(text) == 10) {
        return apr_pstrcat(p, text, " 00:00:00", NULL);
    }
    text[10] = ' ';
    return apr_pstrndup(p, text, 19);
}

const char *sw_sql_literal(const sw_world_t *w, int table, int field, const char *value,
                           apr_pool_t *p)
{
    if (!value) {
        return field == SW_NOTES && w->table[table].not_null ? "''"
               : field == SW_MARK                            ? "''"
                                                             : "NULL";
    }
    switch (sw_fields[field].sort) {
    case JUDGE_NUMBER:
        return value;
    case JUDGE_BOOLEAN:
        return !strcmp(value, "true") ? "1" : "0";
    case JUDGE_SET:
        return set_literal(value, w->table[table].columns[field].csv, p);
    case JUDGE_DATE:
    case JUDGE_TIME:
        return quoted(date_for(w->table[table].columns[field].declared, value, p), p);
    default:
        return quoted(value, p);
    }
}

/* ---- the mirror */

static void forget_rows(sw_rows_t *rows)
{
    free(rows->rows);
    rows->rows = NULL;
    rows->count = 0;
}

/* A table as it is now; columns that are gone read as null. */
static void scan(sw_world_t *w, int table, sw_rows_t *out)
{
    sqlite3_stmt *stmt = w->scans[table];
    int room = 0;
    int k;

    memset(out, 0, sizeof(*out));
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        sw_row_t *row;

        if (out->count == room) {
            room += 32;
            out->rows = sim_mem_grow(out->rows, (size_t)room * sizeof(*out->rows));
        }
        row = &out->rows[out->count++];
        memset(row, 0, sizeof(*row));
        row->key = w->table[table].key == SW_KEY_INTEGER ? sqlite3_column_int64(stmt, 0) : 0;
        row->text = history_text(w->history, (const char *)sqlite3_column_text(stmt, 0));
        for (k = 0; k < SW_FIELDS; k++) {
            row->values[k] = history_text(
                w->history, cell_text(w, table, k, sqlite3_column_value(stmt, k + 1), w->ptemp));
        }
    }
    if (stmt) {
        (void)sqlite3_reset(stmt);
    }
}

/* Somebody took our triggers away: changes of the table are not told of. */
static int is_untold(sw_world_t *w, int table)
{
    const char *sql = apr_psprintf(w->ptemp,
                                   "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name ="
                                   " '_notionsync_update_%s'",
                                   w->table[table].name);
    sqlite3_stmt *stmt = NULL;
    int is_there = sqlite3_prepare_v2(w->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
                   sqlite3_step(stmt) == SQLITE_ROW;

    (void)sqlite3_finalize(stmt);
    return !is_there;
}

static void tell_rekey(sw_world_t *w, history_kind_t kind, int request, int table,
                       const sw_row_t *row, const char *after)
{
    history_item_t item = { .op = HISTORY_REKEY,
                            .side = HISTORY_EXTERNAL,
                            .place = w->table[table].name,
                            .record = row->text,
                            .before = row->text,
                            .after = after };

    sw_sql_blame(w, &kind, &request, item.place, item.op, row->text);
    item.kind = request ? HISTORY_EFFECT : kind;
    item.request = request;
    item.at = sm_now(w->sm);
    item.unseen = is_untold(w, table);
    (void)history_add(w->history, &item);
}

static void tell(sw_world_t *w, history_kind_t kind, int request, history_op_t op, int table,
                 const sw_row_t *row, const char *after)
{
    int is_ours = kind == HISTORY_EFFECT;

    sw_sql_blame(w, &kind, &request, w->table[table].name, op, row->text);
    if (is_ours && kind == HISTORY_TRIGGER && op == HISTORY_DELETE) {
        sm_count(w->sm, "database: a cascade took a row along with what we deleted");
    }
    history_do(w->history, kind, request, sm_now(w->sm), op, HISTORY_EXTERNAL, w->table[table].name,
               row->text, NULL, after);
}

static void tell_set(sw_world_t *w, history_kind_t kind, int request, int table,
                     const sw_row_t *row, int field, const char *before, const char *after)
{
    sw_sql_blame(w, &kind, &request, w->table[table].name, HISTORY_SET, row->text);
    history_set(w->history, kind, request, sm_now(w->sm), HISTORY_EXTERNAL, w->table[table].name,
                row->text, sw_fields[field].column, before, after);
}

/* In a transaction that goes on: nobody sees yet what it does. */
static int is_open(const sw_world_t *w, const sqlite3 *by)
{
    return by == w->holder || sm_server_has_left(w->sm, by);
}

int sw_sql_is_held(const sw_world_t *w)
{
    return w->holder || sm_server_is_busy(w->sm);
}

/* The last rewriting by a trigger that made @a made; NULL: none did. */
static const sw_rewrite_t *rewrite_of(const sw_world_t *w, int table, const sw_row_t *row,
                                      int field, const char *made)
{
    int i;

    for (i = w->rewrites->nelts; i-- > 0;) {
        const sw_rewrite_t *r = &APR_ARRAY_IDX(w->rewrites, i, sw_rewrite_t);

        if (!is_open(w, r->by) && !strcmp(r->table, w->table[table].name) &&
            !strcmp(r->key, row->text) && !strcmp(r->column, sw_fields[field].column) &&
            sw_same(r->made, made)) {
            return r;
        }
    }
    return NULL;
}

static void change(sw_world_t *w, history_kind_t kind, int request, int table, const sw_row_t *row,
                   int field, const char *before)
{
    const char *now = row->values[field];
    const sw_rewrite_t *r;

    r = rewrite_of(w, table, row, field, now);
    if (sw_same(before, now) && (!r || sw_same(r->given, now))) {
        return; /* though a trigger may have put back what stood there */
    }
    if (r) {
        tell_set(w, kind, request, table, row, field, before, r->given);
        tell_set(w, HISTORY_TRIGGER, 0, table, row, field, r->given, now);
        sm_count(w->sm, kind == HISTORY_EFFECT ? "database: a trigger rewrote what we wrote"
                                               : "database: a trigger rewrote what people wrote");
    }
    else {
        tell_set(w, kind, request, table, row, field, before, now);
    }
}

static void make(sw_world_t *w, history_kind_t kind, int request, int table, const sw_row_t *row)
{
    int k;

    tell(w, kind, request, HISTORY_MAKE, table, row, NULL);
    for (k = 0; k < SW_FIELDS; k++) {
        change(w, kind, request, table, row, k, NULL);
    }
}

static void compare(sw_world_t *w, history_kind_t kind, int request, int table, const sw_row_t *old,
                    sw_row_t *row)
{
    int k;

    /* Another record under its key; what we write are fields, also where a replaced row hands its mark on to another table's. */
    if (kind != HISTORY_EFFECT && !sw_same(old->values[SW_MARK], row->values[SW_MARK])) {
        tell(w, kind, request, HISTORY_DELETE, table, old, NULL);
        make(w, kind, request, table, row);
        return;
    }
    for (k = 0; k < SW_FIELDS; k++) {
        change(w, kind, request, table, row, k, old->values[k]);
        row->before[k] = sw_same(old->values[k], row->values[k]) ? old->before[k] : old->values[k];
    }
}

static int order(const sw_row_t *a, const sw_row_t *b)
{
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return strcmp(a->text, b->text);
}

/* Whoever looks was told that a key was changed; the mirror follows, in its old place of the order. */
static void follow_key(sw_world_t *w, history_kind_t kind, int request, int table,
                       const sw_rows_t *now)
{
    sw_rows_t *rows = &w->rows[table];
    const sw_row_t *there = NULL;
    sw_row_t moved;
    int at = -1;
    int i;

    for (i = 0; i < rows->count; i++) {
        at = sw_same(rows->rows[i].text, w->rekeyed_from) ? i : at;
    }
    for (i = 0; i < now->count; i++) {
        if (sw_same(now->rows[i].text, w->rekeyed_from)) {
            return; /* refused: another row has that key, maybe a copy with the same mark */
        }
        there = sw_same(now->rows[i].text, w->rekeyed_to) ? &now->rows[i] : there;
    }
    if (at < 0 || !there || !sw_same(there->values[SW_MARK], rows->rows[at].values[SW_MARK])) {
        return;
    }
    moved = rows->rows[at];
    tell_rekey(w, kind, request, table, &moved, there->text);
    moved.key = there->key;
    moved.text = there->text;
    memmove(&rows->rows[at], &rows->rows[at + 1], (size_t)(rows->count - at - 1) * sizeof(moved));
    for (i = rows->count - 1; i > 0 && order(&rows->rows[i - 1], &moved) > 0; i--) {
        rows->rows[i] = rows->rows[i - 1];
    }
    rows->rows[i] = moved;
}

static void look_at(sw_world_t *w, history_kind_t kind, int request, int table)
{
    sw_rows_t *old = &w->rows[table];
    sw_rows_t now;
    int i = 0;
    int k = 0;

    scan(w, table, &now);
    if (w->rekeyed_to) {
        follow_key(w, kind, request, table, &now);
    }
    while (i < old->count || k < now.count) {
        if (k == now.count || (i < old->count && order(&old->rows[i], &now.rows[k]) < 0)) {
            tell(w, kind, request, HISTORY_DELETE, table, &old->rows[i++], NULL);
        }
        else if (i == old->count || order(&now.rows[k], &old->rows[i]) < 0) {
            make(w, kind, request, table, &now.rows[k++]);
        }
        else {
            compare(w, kind, request, table, &old->rows[i++], &now.rows[k++]);
        }
    }
    forget_rows(old);
    *old = now;
}

/* Of open transactions; or, @a but NULL not, of all but that of one connection. */
static void keep_rewrites(sw_world_t *w, const sqlite3 *but)
{
    int i;
    int kept = 0;

    for (i = 0; i < w->rewrites->nelts; i++) {
        const sw_rewrite_t *r = &APR_ARRAY_IDX(w->rewrites, i, sw_rewrite_t);

        if (but ? r->by != but : is_open(w, r->by)) {
            APR_ARRAY_IDX(w->rewrites, kept++, sw_rewrite_t) = *r;
        }
    }
    w->rewrites->nelts = kept;
}

void sw_sql_look(sw_world_t *w, history_kind_t kind, int request)
{
    int i;

    for (i = 0; i < w->tables; i++) {
        look_at(w, kind, request, i);
    }
    keep_rewrites(w, NULL);
    w->rekeyed_from = w->rekeyed_to = NULL;
}

sw_row_t *sw_sql_find(sw_world_t *w, int table, const char *mark)
{
    int i;

    for (i = 0; i < w->rows[table].count; i++) {
        if (sw_same(w->rows[table].rows[i].values[SW_MARK], mark)) {
            return &w->rows[table].rows[i];
        }
    }
    return NULL;
}

/* ---- what the application's triggers tell */

static void take_rewrite(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    sw_world_t *w = sw_world(sm_the);
    const char *column = (const char *)sqlite3_value_text(argv[2]);
    sw_rewrite_t *r;
    int table;

    (void)argc;
    for (table = 0; table < w->tables &&
                    strcmp(w->table[table].name, (const char *)sqlite3_value_text(argv[0])) != 0;
         table++) {
    }
    r = apr_array_push(w->rewrites);
    r->by = sqlite3_context_db_handle(context);
    r->table = w->table[table].name;
    r->key = history_text(w->history, (const char *)sqlite3_value_text(argv[1]));
    r->column = sw_fields[field_of(column)].column;
    r->given = history_text(w->history, cell_text(w, table, field_of(column), argv[3], w->ptemp));
    r->made = history_text(w->history, cell_text(w, table, field_of(column), argv[4], w->ptemp));
    sqlite3_result_null(context);
}

static void rolled_back(void *db)
{
    keep_rewrites(sw_world(sm_the), db);
}

static int equip(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    (void)sqlite3_rollback_hook(db, rolled_back, db);
    return sqlite3_create_function_v2(db, "sw_rewrote", 5, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL,
                                      take_rewrite, NULL, NULL, NULL);
}

/* ---- tables */

static const char *trigger(const sw_table_t *t, const char *what, const char *column,
                           const char *condition, const char *expression, const char *target,
                           apr_pool_t *p)
{
    static const char *const events[] = { "INSERT", "UPDATE" };
    const char *out = "";
    int i;

    for (i = 0; i < 2; i++) {
        out = apr_psprintf(p,
                           "%sCREATE TRIGGER app_%s_%s_%s_%s AFTER %s ON %s WHEN %s BEGIN "
                           "UPDATE %s SET %s = %s WHERE id = new.id; "
                           "SELECT sw_rewrote('%s', new.id, '%s', new.%s, %s); END;",
                           out, t->name, what, column, events[i], events[i], t->name, condition,
                           t->name, target, expression, t->name, target, target, expression);
    }
    return out;
}

static const char *triggers(const sw_table_t *t, apr_pool_t *p)
{
    const char *out = "";

    if (t->trim) {
        out = apr_pstrcat(p, out,
                          trigger(t, "trim", "notes", "new.notes <> trim(new.notes)",
                                  "trim(new.notes)", "notes", p),
                          NULL);
    }
    if (t->round) {
        out = apr_pstrcat(p, out,
                          trigger(t, "round", "amount", "new.amount <> round(new.amount, 1)",
                                  "round(new.amount, 1)", "amount", p),
                          NULL);
    }
    if (t->upper) {
        out = apr_pstrcat(p, out,
                          trigger(t, "upper", "name", "new.name <> upper(new.name)",
                                  "upper(new.name)", "name", p),
                          NULL);
    }
    if (t->touch) {
        out = apr_pstrcat(p, out,
                          trigger(t, "touch", "done", "new.done = 1 AND new.stage IS NOT 'Won'",
                                  "'Won'", "stage", p),
                          NULL);
    }
    return out;
}

static const char *key_ddl(const sw_table_t *t)
{
    switch (t->key) {
    case SW_KEY_TEXT:
        return "TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4))))";
    case SW_KEY_NOCASE:
        return "TEXT NOT NULL COLLATE NOCASE PRIMARY KEY DEFAULT (lower(hex(randomblob(4))))";
    case SW_KEY_RTRIM:
        return "TEXT NOT NULL COLLATE RTRIM PRIMARY KEY DEFAULT (lower(hex(randomblob(4))))";
    case SW_KEY_INTEGER:
    case SW_KEYS:
    default:
        return t->autoincrement ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "INTEGER PRIMARY KEY";
    }
}

static const char *table_ddl(const sw_world_t *w, const sw_table_t *t, apr_pool_t *p)
{
    const char *out = apr_psprintf(p, "CREATE TABLE %s (id %s", t->name, key_ddl(t));
    int k;

    for (k = 0; k < SW_FIELDS; k++) {
        out =
            apr_psprintf(p, "%s, %s %s%s", out, sw_fields[k].column, t->columns[k].declared,
                         k == SW_MARK                   ? " NOT NULL DEFAULT ''"
                         : k == SW_CODE                 ? " UNIQUE"
                         : k == SW_NOTES && t->not_null ? " NOT NULL DEFAULT ''"
                         : k == SW_AMOUNT && t->check ? " CHECK (amount IS NULL OR amount > -3000)"
                                                      : "");
    }
    if (t->parent) {
        static const char *const acts[] = { "CASCADE", "SET NULL", "NO ACTION" };

        out = apr_psprintf(p, "%s, parent %s REFERENCES t0(id) ON DELETE %s", out,
                           w->table[0].key == SW_KEY_INTEGER ? "INTEGER" : "TEXT",
                           acts[t->parent - 1]);
    }
    return apr_pstrcat(p, out, sw_relation_column(w, t), ");", triggers(t, p), NULL);
}

static void must(sw_world_t *w, int rc, const char *what)
{
    if (rc != SQLITE_OK) {
        fprintf(stderr, "seed %" APR_UINT64_T_FMT ": %s: %s\n", w->sm->seed, what,
                sqlite3_errmsg(w->db));
        abort();
    }
}

static int has_column(sw_world_t *w, int table, const char *column)
{
    return sqlite3_table_column_metadata(w->db, NULL, w->table[table].name, column, NULL, NULL,
                                         NULL, NULL, NULL) == SQLITE_OK;
}

/* Again after each change of the schema. */
static void prepare_scans(sw_world_t *w)
{
    int i;
    int k;

    for (i = 0; i < w->tables; i++) {
        const char *sql = "SELECT id";

        for (k = 0; k < SW_FIELDS; k++) {
            sql = apr_pstrcat(w->ptemp, sql, ", ",
                              has_column(w, i, sw_fields[k].column) ? sw_fields[k].column : "NULL",
                              NULL);
        }
        (void)sqlite3_finalize(w->scans[i]);
        w->scans[i] = NULL;
        (void)sqlite3_prepare_v2(w->db,
                                 apr_pstrcat(w->ptemp, sql, " FROM ", w->table[i].name,
                                             " ORDER BY id COLLATE BINARY", NULL),
                                 -1, &w->scans[i], NULL);
    }
}

void sw_sql_connect(sw_world_t *w)
{
    must(w, sqlite3_open(w->path, &w->db), "opening the database");
    (void)sqlite3_exec(w->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    prepare_scans(w);
}

static void make_tables(sw_world_t *w)
{
    int i;

    must(w,
         sqlite3_exec(w->db, w->wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE",
                      NULL, NULL, NULL),
         "journal");
    for (i = 0; i < w->tables; i++) {
        must(w, sqlite3_exec(w->db, table_ddl(w, &w->table[i], w->ptemp), NULL, NULL, NULL),
             "making a table");
    }
}

void sw_sql_open(sw_world_t *w)
{
    (void)sqlite3_auto_extension((void (*)(void))equip);
    w->asks = apr_array_make(w->sm->p, 8, sizeof(sw_ask_t));
    w->rewrites = apr_array_make(w->sm->p, 8, sizeof(sw_rewrite_t));
    w->path = apr_pstrcat(w->sm->p, sm_folder(w->sm), "/shop.db", NULL);
    sw_sql_connect(w);
    make_tables(w);
    prepare_scans(w);
    sw_schema_tell_columns(w);
}

void sw_sql_disconnect(sw_world_t *w)
{
    int i;

    for (i = 0; i < w->tables; i++) {
        (void)sqlite3_finalize(w->scans[i]);
        w->scans[i] = NULL;
    }
    (void)sqlite3_close(w->holder);
    (void)sqlite3_close(w->db);
    sm_server_roll_back(w->sm);
    w->holder = w->db = NULL;
}

void sw_sql_close(sw_world_t *w)
{
    int i;

    sw_sql_disconnect(w);
    (void)sqlite3_cancel_auto_extension((void (*)(void))equip);
    for (i = 0; i < w->tables; i++) {
        forget_rows(&w->rows[i]);
    }
}

static int execute(sw_world_t *w, const char *statements)
{
    int rc = sqlite3_exec(w->db, statements, NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        sm_remark(w->sm, "the database refuses %s: %s", statements, sqlite3_errmsg(w->db));
        if (!sqlite3_get_autocommit(w->db)) {
            (void)sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return rc;
}

static int children(const sw_world_t *w)
{
    int count = 0;
    int i;

    for (i = 0; i < w->tables; i++) {
        count += w->table[i].parent == 1 ? w->rows[i].count : 0;
    }
    return count;
}

int sw_sql_run(sw_world_t *w, const char *statements)
{
    int parents = w->rows[0].count;
    int had = children(w);
    int rc = execute(w, statements);

    sw_sql_look(w, HISTORY_ACT, 0);
    if (w->rows[0].count < parents && children(w) < had) {
        sm_count(w->sm, "database: a cascade took rows along with what people deleted");
    }
    return rc;
}

void sw_sql_tell_column(sw_world_t *w, int table, const char *column, const char *with)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_MIGRATE, .side = HISTORY_EXTERNAL };

    item.at = sm_now(w->sm);
    item.place = w->table[table].name;
    item.field = column;
    item.after = with;
    (void)history_add(w->history, &item);
}

void sw_sql_reshape(sw_world_t *w, int table, const char *column, const char *with,
                    const char *statements)
{
    if (execute(w, statements) == SQLITE_OK) {
        sw_sql_tell_column(w, table, column, with);
        w->declared[table][field_of(column)].now = history_text(w->history, with);
    }
    prepare_scans(w); /* before anybody looks: a column that is gone would hide all rows */
    sw_sql_look(w, HISTORY_ACT, 0);
}

void sw_sql_replace(sw_world_t *w, int copy)
{
    int i;

    sw_sql_disconnect(w);
    if (copy >= 0) {
        (void)sm_file_copy(apr_psprintf(w->ptemp, "%s.copy%d", w->path, copy),
                           apr_pstrcat(w->ptemp, w->path, ".new", NULL));
        (void)sm_file_rename(apr_pstrcat(w->ptemp, w->path, ".new", NULL), w->path);
    }
    else {
        sm_file_remove(w->path);
    }
    sw_sql_connect(w);
    if (copy < 0) {
        make_tables(w);
        prepare_scans(w);
    }
    for (i = 0; i < w->tables; i++) {
        history_do(w->history, HISTORY_ACT, 0, sm_now(w->sm), HISTORY_SWAP, HISTORY_EXTERNAL,
                   w->table[i].name, NULL, NULL,
                   copy < 0 || copy == SW_OTHERS_COPY ? HISTORY_ANOTHER : NULL);
        forget_rows(&w->rows[i]);
    }
    sw_schema_tell_columns(w);
    sw_sql_look(w, HISTORY_ACT, 0);
}
