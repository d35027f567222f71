/* sqlite_case.c - cases that are written for the servers, each in a file of its own. */
#include <apr_strings.h>

#include "database_kit.h"
#include "sql_kit.h"

void begin_case(const char *name, const char *sql)
{
    begin_database(apr_pstrcat(pool, name, ".db", NULL), sql);
}

void end_case(void)
{
    end_database();
}

session_t *application(void)
{
    return NULL;
}

const char *text_in(session_t *session, const char *sql)
{
    (void)session;
    return app_text(sql);
}
