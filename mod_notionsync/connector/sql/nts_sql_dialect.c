/* nts_sql_dialect.c - the kinds of SQL databases that this build knows. */
#include <string.h>

#include "config.h"
#include "connector/sql/nts_sql_dialect.h"

const nts_sql_dialect_t *nts_sql_dialect_find(const char *driver)
{
    static const nts_sql_dialect_t *const dialects[] = {
        &nts_sql_sqlite,
#ifdef NTS_HAVE_PGSQL
        &nts_sql_pgsql,
#endif
#ifdef NTS_HAVE_MARIADB
        &nts_sql_mysql,
#endif
    };
    apr_size_t i;

    for (i = 0; driver && i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (strcmp(dialects[i]->driver, driver) == 0) {
            return dialects[i];
        }
    }
    return NULL;
}
