/* nts_sql_sqlite_make.c - the types of columns that are made in an SQLite database. */
#include "connector/sql/sqlite/nts_sql_sqlite.h"

/* A date of Notion's is a day, an instant or a range, which only text holds all of. */
static const char *type_for(const nts_type_t *like)
{
    switch (like->kind) {
    case NTS_TYPE_NUMBER:
        return like->whole ? "INTEGER" : "NUMERIC";
    case NTS_TYPE_BOOL:
        return "BOOLEAN";
    case NTS_TYPE_INSTANT:
        return "TIMESTAMPTZ";
    default:
        return "TEXT";
    }
}

const char *nts_sql_sqlite_make_column(nts_sql_column_t *column, const nts_type_t *like,
                                       apr_pool_t *p)
{
    const char *declared = type_for(like);

    column->affinity = nts_sql_sqlite_affinity(declared);
    column->type = nts_sql_sqlite_type(declared, p);
    return declared;
}

/* A number is never given twice, so that a link never means another row. */
const char *nts_sql_sqlite_make_table(nts_sql_table_t *table, nts_sql_column_t *key,
                                      nts_sql_session_t *s, const char *collection)
{
    table->name = nts_sql_new_name(s, collection);
    if (!table->name) {
        return NULL;
    }
    table->sql = nts_sql_quote(table->name, s->ptemp);
    table->key_is_rowid = 1;
    key->affinity = 'I';
    key->type = nts_sql_sqlite_type("INTEGER", s->ptemp);
    return "INTEGER PRIMARY KEY AUTOINCREMENT";
}
