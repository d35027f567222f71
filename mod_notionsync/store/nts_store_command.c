/* nts_store_command.c - what people asked for, until a worker has done it. */
#include "store/nts_store_impl.h"

#define COLUMNS "id, mapping, verb, args, by, state, progress, result, at"

static const nts_stmt_t insert_command = {
    "INSERT INTO command (mapping, verb, args, by, state, progress, result, at)"
    " VALUES (%lld, %s, %s, %s, %s, %s, %s, %lld)"
};
static const nts_stmt_t update_command = { "UPDATE command SET state = %s, progress = %s,"
                                           " result = %s WHERE id = %lld" };
static const nts_stmt_t get_command = { "SELECT " COLUMNS " FROM command WHERE id = %lld" };
static const nts_stmt_t next_queued = { "SELECT " COLUMNS " FROM command WHERE mapping = %lld"
                                        " AND state = 'queued' ORDER BY id LIMIT 1" };
static const nts_stmt_t next_running = { "SELECT " COLUMNS " FROM command WHERE mapping = %lld"
                                         " AND state = 'running' ORDER BY id LIMIT 1" };
static const nts_stmt_t next_switch = { "SELECT " COLUMNS " FROM command WHERE mapping = %lld"
                                        " AND state = 'queued' AND verb IN ('pause', 'resume')"
                                        " ORDER BY id LIMIT 1" };

apr_status_t nts_store_put_command(apr_int64_t *id, nts_store_t *store,
                                   const nts_command_t *command)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *id = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &insert_command,
                     NTS_ARGS(nts_int(command->mapping), nts_text(command->verb),
                              nts_text(command->args), nts_text(command->by),
                              nts_text(command->state ? command->state : "queued"),
                              nts_text(command->progress), nts_text(command->result),
                              nts_int(command->at ? command->at : nts_store_now(store))));
    if (rv == APR_SUCCESS) {
        rv = nts_db_last_id(id, store->db, nts_store_scratch(store));
    }
    rv = nts_unit_leave(store, own, rv);
    if (rv != APR_SUCCESS) {
        *id = 0;
    }
    return rv;
}

static apr_status_t fetch(nts_command_t **pcommand, nts_store_t *store, const nts_stmt_t *stmt,
                          apr_int64_t number, apr_pool_t *p)
{
    nts_command_t *command;
    nts_rows_t rows;
    apr_status_t rv;

    *pcommand = NULL;
    rv = nts_db_select(&rows, store->db, stmt, NTS_ARGS(nts_int(number)), nts_store_scratch(store));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_rows_next(&rows)) {
        return APR_ENOENT;
    }
    command = apr_pcalloc(p, sizeof(*command));
    command->id = nts_rows_int(&rows, 0);
    command->mapping = nts_rows_int(&rows, 1);
    command->verb = nts_row_copy(&rows, 2, p);
    command->args = nts_row_copy(&rows, 3, p);
    command->by = nts_row_copy(&rows, 4, p);
    command->state = nts_row_copy(&rows, 5, p);
    command->progress = nts_row_copy(&rows, 6, p);
    command->result = nts_row_copy(&rows, 7, p);
    command->at = nts_rows_int(&rows, 8);
    if (rows.problem == APR_SUCCESS) {
        *pcommand = command;
    }
    return rows.problem;
}

apr_status_t nts_store_get_command(nts_command_t **command, nts_store_t *store, apr_int64_t id,
                                   apr_pool_t *p)
{
    return fetch(command, store, &get_command, id, p);
}

apr_status_t nts_store_next_command(nts_command_t **command, nts_store_t *store,
                                    apr_int64_t mapping, int running_too, apr_pool_t *p)
{
    nts_command_t *running = NULL;
    apr_status_t rv;

    *command = NULL;
    if (running_too) {
        rv = fetch(&running, store, &next_running, mapping, p);
        if (rv != APR_SUCCESS && rv != APR_ENOENT) {
            return rv;
        }
    }
    rv = fetch(command, store, &next_queued, mapping, p);
    if ((rv == APR_SUCCESS || rv == APR_ENOENT) && running &&
        (!*command || running->id < (*command)->id)) {
        *command = running;
        rv = APR_SUCCESS;
    }
    return rv;
}

apr_status_t nts_store_next_switch(nts_command_t **command, nts_store_t *store, apr_int64_t mapping,
                                   apr_pool_t *p)
{
    return fetch(command, store, &next_switch, mapping, p);
}

apr_status_t nts_store_update_command(nts_store_t *store, const nts_command_t *command)
{
    int changed = 0;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(&changed, store->db, &update_command,
                     NTS_ARGS(nts_text(command->state), nts_text(command->progress),
                              nts_text(command->result), nts_int(command->id)));
    if (rv == APR_SUCCESS && changed == 0) {
        rv = APR_ENOENT;
    }
    return nts_unit_leave(store, own, rv);
}
