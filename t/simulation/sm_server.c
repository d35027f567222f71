/* sm_server.c - what befalls those who are connected to a database's server, and the transactions that they left behind. */
#include <string.h>

#include "simulation/sm_file.h"
#include "simulation/sm_server.h"

/* A reader keeps a COMMIT from being done: it is tried again. */
#define COMMIT_PAUSE SM_MS(50)

/* A transaction without a client. */
typedef struct sm_left_t {
    struct sm_left_t *next;
    sqlite3 *handle;
    int is_done;
    void *asks; /* of who watches them: what was asked in it */
} sm_left_t;

sm_server_t *sm_server_of(const sm_t *sm)
{
    if (!sm->kernel->server) {
        sm->kernel->server = apr_pcalloc(sm->p, sizeof(*sm->kernel->server));
        sm->kernel->server->faults = apr_array_make(sm->p, 8, sizeof(sm_server_fault_t));
    }
    return sm->kernel->server;
}

/* --- transactions that go on without us */

static void forget(sm_server_t *server, const sm_left_t *left)
{
    sm_left_t **at = &server->left;

    while (*at != left) {
        at = &(*at)->next;
    }
    *at = left->next;
}

static void end_left(sm_t *sm, void *baton)
{
    sm_server_t *server = sm_server_of(sm);
    const sm_ask_watch_t *watch = sm->kernel->ask_watch;
    sm_left_t *left = baton;
    int rc;

    if (!sm_server_has_left(sm, left->handle)) {
        return;
    }
    rc = sqlite3_exec(left->handle, left->is_done ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);
    if (rc == SQLITE_BUSY) {
        sm_after(sm, COMMIT_PAUSE, end_left, left);
        return;
    }
    sm_trace(sm, "a transaction whose connection was lost is %s",
             left->is_done && rc == SQLITE_OK ? "committed" : "rolled back");
    forget(server, left);
    if (left->is_done && rc == SQLITE_OK && watch && watch->happened) {
        watch->happened(sm, left->asks);
    }
    (void)sqlite3_close(left->handle);
    left->handle = NULL;
}

void sm_server_leave(sm_t *sm, sqlite3 *handle, const sm_server_fault_t *fault)
{
    sm_server_t *server = sm_server_of(sm);
    const sm_ask_watch_t *watch = sm->kernel->ask_watch;
    sm_left_t *left = apr_pcalloc(sm->p, sizeof(*left));
    sqlite3_file *file = NULL;

    left->handle = handle;
    left->is_done = fault->is_done;
    left->asks = watch && watch->left ? watch->left(sm) : NULL;
    left->next = server->left;
    server->left = left;
    (void)sqlite3_busy_timeout(handle, 0);
    (void)sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    sm_vfs_disown(file);
    sm_after(sm, fault->left, end_left, left);
}

int sm_server_is_busy(const sm_t *sm)
{
    return sm->kernel->server && sm->kernel->server->left;
}

int sm_server_has_left(const sm_t *sm, const sqlite3 *handle)
{
    const sm_left_t *left = sm->kernel->server ? sm->kernel->server->left : NULL;

    while (left && left->handle != handle) {
        left = left->next;
    }
    return handle && left;
}

void sm_server_roll_back(sm_t *sm)
{
    sm_server_t *server = sm_server_of(sm);

    while (server->left) {
        sm_left_t *left = server->left;

        server->left = left->next;
        (void)sqlite3_close(left->handle);
        left->handle = NULL;
    }
}

/* --- faults */

void sm_server_order(sm_t *sm, const sm_server_fault_t *fault)
{
    APR_ARRAY_PUSH(sm_server_of(sm)->faults, sm_server_fault_t) = *fault;
}

void sm_server_calm(sm_t *sm)
{
    sm_server_t *server = sm_server_of(sm);

    apr_array_clear(server->faults);
    server->away_until = 0;
}

apr_interval_time_t sm_server_waited(sm_t *sm)
{
    apr_interval_time_t waited = sm->kernel->server ? sm->kernel->server->waited : 0;

    if (waited) {
        sm->kernel->server->waited = 0;
    }
    return waited;
}

static int concerns(const sm_server_fault_t *fault, int writes, const char *sql)
{
    int is_inside = writes > (fault->is_second ? 1 : 0);
    int is_commit = strcmp(sql, "COMMIT") == 0;

    switch (fault->kind) {
    case SM_SERVER_VICTIM:
        return is_inside && !is_commit && strncmp(sql, "ROLLBACK", 8) != 0;
    case SM_SERVER_CUT:
        return is_inside && !is_commit;
    case SM_SERVER_CUT_READ:
        return !writes;
    case SM_SERVER_VICTIM_COMMIT:
    case SM_SERVER_CUT_COMMIT:
    case SM_SERVER_KINDS:
    default:
        return writes && is_commit;
    }
}

sm_server_fault_t sm_server_due(sm_t *sm, int writes, const char *sql)
{
    apr_array_header_t *faults = sm_server_of(sm)->faults;
    sm_server_fault_t due = { .kind = SM_SERVER_KINDS };
    int kept = 0;
    int i;

    for (i = 0; i < faults->nelts; i++) {
        sm_server_fault_t *fault = &APR_ARRAY_IDX(faults, i, sm_server_fault_t);

        fault->count -= concerns(fault, writes, sql);
        if (fault->count < 1 && due.kind == SM_SERVER_KINDS && concerns(fault, writes, sql)) {
            due = *fault;
        }
        else {
            APR_ARRAY_IDX(faults, kept++, sm_server_fault_t) = *fault;
        }
    }
    faults->nelts = kept;
    return due;
}
