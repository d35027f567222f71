/* sm_server.h - what a database's server does to us that SQLite does not: it rolls transactions back, and the connection to
 * it is cut. In runs whose setting "unsteady" is above 0.
 *
 * What becomes of a statement, and with which words, is what the dialects of PostgreSQL and MariaDB make of it
 * (nts_sql_pgsql_error.c, nts_sql_mysql_error.c); the setting "unsteady.mysql" says of which of the two.
 */
#ifndef SM_SERVER_H
#define SM_SERVER_H

#include <apr_tables.h>
#include <sqlite3.h>

#include "simulation/sm_kernel.h"

typedef enum sm_server_kind_t {
    SM_SERVER_VICTIM =
        0, /* a statement of a write: its transaction is rolled back, as a deadlock's victim */
    SM_SERVER_VICTIM_COMMIT, /* the same at COMMIT, which could not be serialized */
    SM_SERVER_CUT,           /* the connection is lost at a statement of a write */
    SM_SERVER_CUT_READ,      /* at any other one */
    SM_SERVER_CUT_COMMIT,    /* at COMMIT of a write */
    SM_SERVER_KINDS
} sm_server_kind_t;

/** What is to happen once, to whichever process comes first. */
typedef struct sm_server_fault_t {
    sm_server_kind_t kind;
    int count; /* at the how many th such statement from now on, from 1 */
    /* Cut: so long the transaction stays open at the server, which has not noticed yet, or takes its time to commit */
    apr_interval_time_t left;
    apr_interval_time_t away; /* cut: so long nobody can connect, and no connection works */
    int is_done;              /* SM_SERVER_CUT_COMMIT: it takes place */
    int is_second; /* SM_SERVER_VICTIM, _CUT: only behind another write of the same transaction */
    int is_silent; /* cut: nothing comes back at all, not even that */
} sm_server_fault_t;

/** Of one run. */
typedef struct sm_server_t {
    apr_array_header_t *faults;    /* sm_server_fault_t */
    struct sm_session_t *sessions; /* sm_dialect.c */
    struct sm_left_t *left;        /* transactions whose connection is lost */
    apr_time_t away_until;         /* true time */
    int is_silent;                 /* while it is away */
    apr_interval_time_t waited;    /* in vain, and not yet by the clock */
} sm_server_t;

sm_server_t *sm_server_of(const sm_t *sm);

void sm_server_order(sm_t *sm, const sm_server_fault_t *fault);
/** What has not happened yet does not happen any more, and who connects is let in. */
void sm_server_calm(sm_t *sm);
/** A transaction of ours whose connection is lost goes on. */
int sm_server_is_busy(const sm_t *sm);
/** The one that this handle is in is among them. */
int sm_server_has_left(const sm_t *sm, const sqlite3 *handle);
/** What happens at this statement, once; of kind SM_SERVER_KINDS: nothing. @a writes: those that its transaction has begun; 0: it does
 *  not write. */
sm_server_fault_t sm_server_due(sm_t *sm, int writes, const char *sql);
/** The handle, in its transaction, is the server's, which ends that by itself. No statement of it is left. */
void sm_server_leave(sm_t *sm, sqlite3 *handle, const sm_server_fault_t *fault);
/** They are rolled back. */
void sm_server_roll_back(sm_t *sm);
/** How long somebody has waited in vain since this was last asked. */
apr_interval_time_t sm_server_waited(sm_t *sm);

#endif /* SM_SERVER_H */
