/* database_kit.c - what is made of the pieces that both server kits have. */
#include <string.h>

#include "database_kit.h"

void as_administrator(const char *database, const char *sql)
{
    session_t *admin = open_session(administrator, database);
    const char *at = strstr(sql, "%s");

    run_in(admin, at ? apr_pstrcat(pool, apr_pstrmemdup(pool, sql, (apr_size_t)(at - sql)),
                                   database, at + 2, NULL)
                     : sql);
    end_session(admin);
}

void reopen_connector(const char *account, const char *database)
{
    close_connector();
    open_connector(conninfo_of(account, database));
}
