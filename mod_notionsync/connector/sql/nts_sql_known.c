/* nts_sql_known.c - what a table looks like is read once for each version of the schema.
 *
 * Reading it takes longer than most of what is asked of it. The database itself says when the schema has changed, whoever
 * changed it, and the question is asked in each transaction, so nothing older than the snapshot is ever used. What is known
 * goes with the handle: another file, or the same after a failure, is read anew.
 */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

/* As many mappings of one service are unusual; beyond, all is forgotten and begun again. */
#define TABLES_MAX 64

static void forget(nts_connection_t *c, apr_int64_t version)
{
    nts_sql_known_t *known = c->known;
    apr_pool_t *p = known->p;

    apr_pool_clear(p);
    memset(known, 0, sizeof(*known));
    known->p = p;
    known->version = version;
    known->tables = apr_hash_make(p);
}

apr_status_t nts_sql_look_at_schema(nts_sql_session_t *s)
{
    nts_connection_t *c = s->connection;
    apr_int64_t version;

    s->known = NULL;
    s->known_table = NULL;
    s->table = NULL;
    if (s->dialect->schema_version(&version, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!c->known) {
        c->known = apr_pcalloc(c->db_pool, sizeof(*c->known));
        apr_pool_create(&c->known->p, c->db_pool);
        forget(c, version);
    }
    else if (c->known->version != version || apr_hash_count(c->known->tables) >= TABLES_MAX) {
        forget(c, version);
    }
    s->known = c->known;
    return APR_SUCCESS;
}

apr_status_t nts_sql_look_at_table(nts_sql_session_t *s)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    const char *name =
        apr_pstrcat(s->ptemp, mapping->key ? mapping->key : "", "\n", mapping->collection, NULL);
    nts_sql_known_t *known = s->known;
    nts_sql_known_table_t *found = apr_hash_get(known->tables, name, APR_HASH_KEY_STRING);

    if (!found) {
        found = apr_pcalloc(known->p, sizeof(*found));
        if (s->dialect->describe(&found->table, s, mapping->collection, mapping->key, known->p) !=
            APR_SUCCESS) {
            return APR_EGENERAL;
        }
        apr_hash_set(known->tables, apr_pstrdup(known->p, name), APR_HASH_KEY_STRING, found);
    }
    s->known_table = found;
    s->table = found->table;
    return APR_SUCCESS;
}
