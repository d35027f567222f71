/* nts_sql_pgsql_ddl.c - what provisioning installs in a PostgreSQL database.
 *
 * The trigger function runs in the application's transaction, with our rights and its own search path, and must not make
 * it fail: columns that a migration has dropped or renamed, an entry that cannot be described, all end in an entry
 * that says "look at everything".
 */
#include <string.h>

#include "connector/sql/pgsql/nts_sql_pgsql.h"

#define TEXT_OF_(n) #n
#define TEXT_OF(n) TEXT_OF_(n)

/* A deleted row larger than this is logged without its image: it then cannot be restored (S2.7). */
#define IMAGE_MAX "1000000"
/* An index takes no longer ones; such a row is found by a look at everything. */
#define KEY_MAX "2000"
/* Notices are no closer than this. */
#define WAKE_MS "10"

#define CHANNEL NTS_SQL_PGSQL_CHANNEL
#define TRIGGER_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

const char nts_sql_pgsql_new_instance[] =
    "INSERT INTO _notionsync_instance (id, version, counter) "
    "SELECT replace(gen_random_uuid()::text, '-', ''), " TEXT_OF(
        NTS_SQL_VERSION) ", 0 WHERE NOT EXISTS (SELECT 1 FROM _notionsync_instance)";

/* Compared with what provisioning would make now, by the parts that decide what an object does. */
const char nts_sql_pgsql_installed[] =
    "SELECT relname::text, '' FROM pg_catalog.pg_class WHERE relkind IN ('r', 'i', 'S') "
    "AND relname LIKE '\\_notionsync\\_%' AND pg_table_is_visible(oid) UNION ALL "
    "SELECT proname::text, concat(prosecdef, ' ', array_to_string(proconfig, ' '), prosrc) "
    "FROM pg_catalog.pg_proc WHERE proname LIKE '\\_notionsync\\_%' AND "
    "pg_function_is_visible(oid) "
    "UNION ALL SELECT concat(g.tgname, ' on ', n.nspname, '.', c.relname), "
    "concat(g.tgtype, ' ', g.tgenabled, ' ', g.tgqual IS NOT NULL, ' ', f.proname) "
    "FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid "
    "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid "
    "WHERE g.tgname LIKE '\\_notionsync\\_%'";

/* No constraint on the change table: nothing there may refuse the application's row. `number` is empty until the entry
 * was seen to be committed. */
typedef struct shared_t {
    const char *name;
    const char *kind;   /* for DROP */
    const char *create; /* up to the schema */
    const char *rest;
} shared_t;

static const shared_t shared[] = {
    { "_notionsync_instance", "TABLE", "CREATE TABLE ",
      "._notionsync_instance "
      "(id text NOT NULL, version integer NOT NULL, counter bigint NOT NULL)" },
    { "_notionsync_table", "TABLE", "CREATE TABLE ",
      "._notionsync_table (tbl text NOT NULL PRIMARY KEY, pruned bigint NOT NULL)" },
    { "_notionsync_change", "TABLE", "CREATE TABLE ",
      "._notionsync_change (id bigint GENERATED ALWAYS AS IDENTITY, number bigint, "
      "xid xid8 DEFAULT pg_current_xact_id(), tbl text, op text, key text, old_key text, "
      "intent text, image text, at bigint) WITH (autovacuum_vacuum_scale_factor = 0.02)" },
    { "_notionsync_change_id", "INDEX", "CREATE INDEX _notionsync_change_id ON ",
      "._notionsync_change (id)" },
    { "_notionsync_change_key", "INDEX", "CREATE INDEX _notionsync_change_key ON ",
      "._notionsync_change (tbl, key, id)" },
    { "_notionsync_change_fresh", "INDEX", "CREATE INDEX _notionsync_change_fresh ON ",
      "._notionsync_change (id) WHERE number IS NULL" },
    { "_notionsync_change_number", "INDEX", "CREATE INDEX _notionsync_change_number ON ",
      "._notionsync_change (number) "
      "WHERE number IS NOT NULL" },
    { "_notionsync_woken", "SEQUENCE", "CREATE SEQUENCE ", "._notionsync_woken" },
    { "_notionsync_intent", "TABLE", "CREATE TABLE ",
      "._notionsync_intent (intent text NOT NULL PRIMARY KEY, tbl text NOT NULL, "
      "op text NOT NULL, key text, record text, at bigint NOT NULL)" },
    { "_notionsync_intent_at", "INDEX", "CREATE INDEX _notionsync_intent_at ON ",
      "._notionsync_intent (at)" },
    { "_notionsync_intent_key", "INDEX", "CREATE INDEX _notionsync_intent_key ON ",
      "._notionsync_intent (tbl, key, at)" },
};
#define SHARED_COUNT ((int)(sizeof(shared) / sizeof(shared[0])))

typedef struct trigger_t {
    const char *name;
    const char *event;
    const char *rows;
    const char *type; /* as pg_trigger tells it: what it fires on, and that it has a condition */
} trigger_t;

/* *<> compares the bytes of two rows: an update that changes nothing is not logged, and no type lacks it, as json lacks
 * a comparison. */
static const trigger_t triggers[] = {
    { "_notionsync_insert", "AFTER INSERT ON ", " FOR EACH ROW", "5 O f" },
    { "_notionsync_update", "AFTER UPDATE ON ", " FOR EACH ROW WHEN (OLD.* *<> NEW.*)", "17 O t" },
    { "_notionsync_delete", "AFTER DELETE ON ", " FOR EACH ROW", "9 O f" },
    { "_notionsync_truncate", "AFTER TRUNCATE ON ", " FOR EACH STATEMENT", "32 O f" },
};
#define TRIGGER_COUNT ((int)(sizeof(triggers) / sizeof(triggers[0])))

/* One function for each table. */
static const char *function_name(const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, NTS_SQL_PREFIX "log_", nts_sql_short_name(tbl, p), NULL);
}

/* Each stored column's name, and its value as a text; generated ones follow from the others. */
static const char *image_expression(const nts_sql_table_t *table, apr_pool_t *p)
{
    apr_array_header_t *names = apr_array_make(p, table->count, sizeof(const char *));
    apr_array_header_t *values = apr_array_make(p, table->count, sizeof(const char *));
    int i;

    for (i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;

        if (!table->columns[i].generated) {
            APR_ARRAY_PUSH(names, const char *) = nts_sql_literal(name, p);
            APR_ARRAY_PUSH(values, const char *) =
                apr_pstrcat(p, "OLD.", nts_sql_quote(name, p), "::text", NULL);
        }
    }
    return apr_pstrcat(p, "json_object(ARRAY[", apr_array_pstrcat(p, names, ','),
                       "]::text[], ARRAY[", apr_array_pstrcat(p, values, ','), "]::text[])::text",
                       NULL);
}

/* What keeps an unread change table below a million entries: the oldest go, by one statement in a thousand, and an
 * entry says so. Rows that others hold are left; whatever fails, the application's statement goes on. */
static const char *cap(const char *change, apr_pool_t *p)
{
    return apr_pstrcat(p,
                       "  IF made % 1000 = 0 THEN\n"
                       "    BEGIN\n"
                       "      WITH stale AS (SELECT c.ctid AS place FROM ",
                       change,
                       " AS c WHERE c.id <= made - " TEXT_OF(
                           NTS_SQL_CHANGES_MAX) " ORDER BY c.id "
                                                "LIMIT 2000 FOR UPDATE SKIP LOCKED), "
                                                "gone AS (DELETE FROM ",
                       change,
                       " AS c USING stale WHERE c.ctid = stale.place RETURNING c.tbl)\n"
                       "      INSERT INTO ",
                       change,
                       " (tbl, op, at) SELECT DISTINCT g.tbl, 't', " TRIGGER_NOW
                       " FROM gone AS g;\n"
                       "    EXCEPTION WHEN OTHERS THEN NULL;\n"
                       "    END;\n"
                       "  END IF;\n",
                       NULL);
}

/* Who sends a notice holds a lock of the whole server while it commits, so that busy applications would commit one after
 * the other. One in ten milliseconds is enough, for a reader that was woken looks several times; which was the last, a sequence
 * tells, which no transaction hides. A transaction that has sent a notice cannot be prepared (two-phase commit); where
 * that is possible there are none, and the watch wakes by the clock. */
static const char *wake(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *woken = apr_pstrcat(p, nts_sql_quote(table->home, p), "._notionsync_woken", NULL);

    return apr_pstrcat(p,
                       "  IF current_setting('max_prepared_transactions') = '0' THEN\n"
                       "    SELECT w.last_value INTO woken FROM ",
                       woken,
                       " AS w;\n"
                       "    IF abs(" TRIGGER_NOW " - woken) > " WAKE_MS " THEN\n"
                       "      PERFORM setval(",
                       nts_sql_literal(woken, p),
                       ", " TRIGGER_NOW ");\n"
                       "      PERFORM pg_notify('" CHANNEL "', '');\n"
                       "    END IF;\n"
                       "  END IF;\n",
                       NULL);
}

static const char *function_body(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *change = apr_pstrcat(p, nts_sql_quote(table->home, p), "._notionsync_change", NULL);
    const char *was = nts_sql_pgsql_stored_expression(table, "OLD", p);
    const char *now = nts_sql_pgsql_stored_expression(table, "NEW", p);

    return apr_pstrcat(
        p, "\n-- for columns of the types ", nts_sql_types_print(table, p),
        "\nDECLARE\n"
        "  was text;\n"
        "  becomes text;\n"
        "  kept text;\n"
        "  what text := 't';\n"
        "  made bigint;\n"
        "  woken bigint;\n"
        "BEGIN\n"
        "  BEGIN\n"
        "    IF TG_OP = 'INSERT' THEN becomes := ",
        now,
        "; what := 'i';\n"
        "    ELSIF TG_OP = 'DELETE' THEN was := ",
        was,
        "; becomes := was; what := 'd';\n"
        "    ELSIF TG_OP = 'UPDATE' THEN was := ",
        was, "; becomes := ", now,
        ";\n"
        "      what := CASE WHEN was = becomes COLLATE \"C\" THEN 'u' ELSE 'k' END;\n"
        "    END IF;\n"
        "    IF TG_OP = 'DELETE' THEN\n"
        "      kept := ",
        image_expression(table, p),
        ";\n"
        "      IF octet_length(kept) > " IMAGE_MAX " THEN kept := NULL; END IF;\n"
        "    END IF;\n"
        "    IF octet_length(was) > " KEY_MAX " OR octet_length(becomes) > " KEY_MAX
        " THEN what := 't'; END IF;\n"
        "  EXCEPTION WHEN OTHERS THEN what := 't';\n"
        "  END;\n"
        "  INSERT INTO ",
        change, " (tbl, op, key, old_key, image, at) VALUES (", nts_sql_literal(table->name, p),
        ", what, CASE WHEN what <> 't' THEN becomes END, CASE WHEN what = 'k' THEN was END, "
        "CASE WHEN what = 'd' THEN kept END, " TRIGGER_NOW ") RETURNING id INTO made;\n",
        wake(table, p), cap(change, p),
        "  RETURN NULL;\n"
        "END;\n",
        NULL);
}

#define SETTINGS_SHOWN "t search_path=pg_catalog, pg_temp DateStyle=ISO extra_float_digits=1"

/* Readable, unless a column's name would end it. */
static const char *quoted_body(const char *body, apr_pool_t *p)
{
    return strstr(body, "$notionsync$")
               ? nts_sql_literal(body, p)
               : apr_pstrcat(p, "$notionsync$", body, "$notionsync$", NULL);
}

/* Nobody else may hang a function with our rights on a table of theirs; triggers that are there need no such right. */
static nts_sql_object_t function_object(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *body = function_body(table, p);
    nts_sql_object_t object;
    const char *name;

    object.name = function_name(table->name, p);
    name = apr_pstrcat(p, nts_sql_quote(table->home, p), ".", nts_sql_quote(object.name, p), "()",
                       NULL);
    object.create =
        apr_pstrcat(p, "CREATE OR REPLACE FUNCTION ", name,
                    " RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET "
                    "search_path = pg_catalog, pg_temp "
                    "SET DateStyle = 'ISO' SET extra_float_digits = 1 AS ",
                    quoted_body(body, p), ";\nREVOKE ALL ON FUNCTION ", name, " FROM PUBLIC", NULL);
    object.shown = apr_pstrcat(p, SETTINGS_SHOWN, body, NULL);
    object.drop = NULL;
    object.is_shared = 0;
    return object;
}

static nts_sql_object_t trigger_object(const trigger_t *trigger, const nts_sql_table_t *table,
                                       apr_pool_t *p)
{
    const char *function = function_name(table->name, p);
    nts_sql_object_t object;

    object.name = apr_pstrcat(p, trigger->name, " on ", table->name, NULL);
    object.create =
        apr_pstrcat(p, "CREATE TRIGGER ", trigger->name, " ", trigger->event, table->sql,
                    trigger->rows, " EXECUTE FUNCTION ", nts_sql_quote(table->home, p), ".",
                    nts_sql_quote(function, p), "()", NULL);
    object.shown = apr_pstrcat(p, trigger->type, " ", function, NULL);
    object.drop =
        apr_pstrcat(p, "DROP TRIGGER IF EXISTS ", trigger->name, " ON ", table->sql, NULL);
    object.is_shared = 0;
    return object;
}

const nts_sql_object_t *nts_sql_pgsql_objects(int *count, const nts_sql_table_t *table,
                                              apr_pool_t *p)
{
    nts_sql_object_t *objects =
        apr_pcalloc(p, (SHARED_COUNT + 1 + TRIGGER_COUNT) * sizeof(nts_sql_object_t));
    const char *home = nts_sql_quote(table->home, p);
    int n = 0;
    int i;

    for (i = 0; i < SHARED_COUNT; i++) {
        objects[n].name = shared[i].name;
        objects[n].create = apr_pstrcat(p, shared[i].create, home, shared[i].rest, NULL);
        objects[n++].is_shared = 1;
    }
    if (!table->unwatched) {
        objects[n++] = function_object(table, p);
        for (i = 0; i < TRIGGER_COUNT; i++) {
            objects[n++] = trigger_object(&triggers[i], table, p);
        }
    }
    *count = n;
    return objects;
}

static const char *home_of(const nts_sql_session_t *s)
{
    return nts_sql_quote(s->connection->db->home, s->ptemp);
}

void nts_sql_pgsql_plan_table_removal(apr_array_header_t *statements, nts_sql_session_t *s,
                                      const char *tbl)
{
    const char *dot = strchr(tbl, '.');
    const char *schema = apr_pstrmemdup(s->ptemp, tbl, (apr_size_t)(dot - tbl));
    const char *table = apr_pstrcat(s->ptemp, nts_sql_quote(schema, s->ptemp), ".",
                                    nts_sql_quote(dot + 1, s->ptemp), NULL);
    int i;

    for (i = 0; i < TRIGGER_COUNT; i++) {
        APR_ARRAY_PUSH(statements, const char *) =
            apr_pstrcat(s->ptemp, "DROP TRIGGER IF EXISTS ", triggers[i].name, " ON ", table, NULL);
    }
    APR_ARRAY_PUSH(statements, const char *) =
        apr_pstrcat(s->ptemp, "DROP FUNCTION IF EXISTS ", home_of(s), ".",
                    nts_sql_quote(function_name(tbl, s->ptemp), s->ptemp), "()", NULL);
}

void nts_sql_pgsql_plan_shared_removal(apr_array_header_t *statements, nts_sql_session_t *s)
{
    int i;

    for (i = SHARED_COUNT - 1; i >= 0; i--) {
        APR_ARRAY_PUSH(statements, const char *) =
            apr_pstrcat(s->ptemp, "DROP ", shared[i].kind, " IF EXISTS ", home_of(s), ".",
                        shared[i].name, NULL);
    }
}

/* Triggers that the table's owner creates for us (provision --print) run with the owner's rights, and must find what they write to: else
 * the application's statements would fail. */
static const char *let_owner_log(const char *tbl, apr_pool_t *p)
{
    const char *body = apr_pstrcat(
        p,
        " DECLARE owner name; BEGIN\n"
        "  SELECT pg_get_userbyid(c.relowner) INTO owner FROM pg_catalog.pg_class AS c JOIN "
        "pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND "
        "concat(n.nspname, '.', c.relname) = ",
        nts_sql_literal(tbl, p),
        ";\n"
        "  IF owner <> current_user THEN\n"
        "    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON _notionsync_change TO %I', "
        "owner);\n"
        "    EXECUTE format('GRANT SELECT, UPDATE ON SEQUENCE _notionsync_woken TO %I', owner);\n"
        "  END IF;\nEND ",
        NULL);

    return apr_pstrcat(p, "DO ", quoted_body(body, p), NULL);
}

const char *nts_sql_pgsql_enrol(const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, let_owner_log(tbl, p),
                       ";\nINSERT INTO _notionsync_table (tbl, pruned) VALUES (",
                       nts_sql_literal(tbl, p), ", 0) ON CONFLICT DO NOTHING", NULL);
}

const char *nts_sql_pgsql_missed(const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, "INSERT INTO _notionsync_change (tbl, op, at) VALUES (",
                       nts_sql_literal(tbl, p), ", 't', " NTS_SQL_PGSQL_NOW ")", NULL);
}
