/* nts_sql_mysql_make.c - the types of columns that are made in a MariaDB database. */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

typedef struct type_t {
    nts_type_kind_t kind;
    int max_length; /* of texts up to that many characters */
    const char *made;
    const char *name; /* as information_schema shows it */
    const char *declared;
    int length;
} type_t;

#define TEXT " CHARACTER SET utf8mb4 NULL"

/* NULL is said, for a TIMESTAMP may be NOT NULL otherwise. A date of Notion's is a day, an instant or a range, which only text
 * holds all of; a set is the JSON array of its choices, since SET would have to know them beforehand. */
static const type_t types[] = {
    { NTS_TYPE_NUMBER, 0, "DOUBLE NULL", "double", "double", 0 },
    { NTS_TYPE_BOOL, 0, "BOOLEAN NULL", "tinyint", "tinyint(1)", 0 },
    { NTS_TYPE_INSTANT, 0, "TIMESTAMP NULL", "timestamp", "timestamp", 0 },
    { NTS_TYPE_DATE, 0, "VARCHAR(64)" TEXT, "varchar", "varchar(64)", 64 },
    { NTS_TYPE_OPTION, 0, "VARCHAR(100)" TEXT, "varchar", "varchar(100)", 100 },
    { NTS_TYPE_TEXT, 200, "VARCHAR(200)" TEXT, "varchar", "varchar(200)", 200 },
    { NTS_TYPE_UNSUPPORTED, 0, "MEDIUMTEXT" TEXT, "mediumtext", "mediumtext", 0 }, /* all others */
};

static int is_for(const type_t *type, const nts_type_t *like)
{
    return type->kind == like->kind &&
           (!type->max_length || (like->max_length && like->max_length <= type->max_length));
}

const char *nts_sql_mysql_make_column(nts_sql_column_t *column, const nts_type_t *like,
                                      apr_pool_t *p)
{
    const type_t *type = types;

    while (type->kind != NTS_TYPE_UNSUPPORTED && !is_for(type, like)) {
        type++;
    }
    nts_sql_mysql_type(column, type->name, type->declared, type->length, 0, 0, 0, p);
    return type->made;
}

const char *nts_sql_mysql_make_table(nts_sql_table_t *table, nts_sql_column_t *key,
                                     nts_sql_session_t *s, const char *collection)
{
    const char *home = s->connection->db->home;
    apr_size_t len = strlen(home);

    if (strncmp(collection, home, len) == 0 && collection[len] == '.') {
        collection += len + 1;
    }
    table->name = nts_sql_new_name(s, collection);
    if (!table->name) {
        return NULL;
    }
    table->sql = nts_sql_quote(table->name, s->ptemp);
    table->home = home;
    nts_sql_mysql_type(key, "bigint", "bigint(20)", 0, 19, 0, 0, s->ptemp);
    key->not_null = key->has_default = 1;
    return "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY";
}
