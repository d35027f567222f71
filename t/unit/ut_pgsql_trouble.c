/* Proves that whatever goes wrong with a PostgreSQL server is told as what it is; see trouble_cases.c. Here: what is PostgreSQL's own,
 * how clashes end, and rights. */
#include "pgsql_kit.h"
#include "tap/tap.h"
#include "trouble_cases.h"

static nts_mapping_t *m;

#define UNTIL_WAITED                                                                               \
    "DO $$ BEGIN FOR i IN 1 .. 3000 LOOP EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT "        \
    "granted); PERFORM pg_sleep(0.01); END LOOP; END $$"

static const trouble_words_t words = {
    .until_waited = UNTIL_WAITED,
    .locked = "CREATE ROLE locked LOGIN PASSWORD 'open sesame'; GRANT ALL ON ALL TABLES IN SCHEMA "
              "public TO locked; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO locked",
    .single = "CREATE ROLE single LOGIN CONNECTION LIMIT 1; GRANT ALL ON ALL TABLES IN SCHEMA "
              "public TO single; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO single",
    .denied = "password authentication failed",
    .unsecured = "sslmode=disable gssencmode=disable",
};

/* What is only a matter of who came first, or of room on a disk, is not done and decided again; never half of it. */
static void test_clashes(void)
{
    PGconn *other;
    PGconn *admin;

    m = begin_trouble("clashes");
    admin = pg_session("postgres", "clashes");
    pg_run(admin, "ALTER DATABASE clashes SET deadlock_timeout = '1s'");
    pg_run(pg, "CREATE FUNCTION next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "IF NEW.name = 'ours' THEN UPDATE deals SET name = 'next' WHERE id = NEW.id + 1; "
               "END IF; RETURN NEW; END $$;"
               "CREATE TRIGGER next AFTER UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION next()");
    close_connector();
    open_connector(conninfo_of("app", "clashes"));
    /* Of two that wait for each other the server ends who has waited longest without an answer: us. */
    other = pg_session("postgres", "clashes");
    pg_run(other, "SET deadlock_timeout = '20s'; BEGIN; UPDATE deals SET name = 'theirs' WHERE id "
                  "= 2");
    tap_ok(send_in((session_t *)other,
                   UNTIL_WAITED "; UPDATE deals SET name = 'theirs' WHERE id = 1; COMMIT"),
           "another comes the other way");
    tap_str(result_of(update(m, "ours", "w1")), "not done sql.busy", "a deadlock");
    tap_int(is_applied(m, "w1"), 0, "leaves nothing");
    tap_ok(await_in((session_t *)other), "the other one is through");
    PQfinish(other);
    pg_run(pg, "UPDATE deals SET name = 'Ada' WHERE id = 1");
    tap_str(result_of(update(m, "ours", "w1b")), "ok", "and goes well the next time");
    tap_str(pg_text(pg, "SELECT string_agg(name, ',' ORDER BY id) FROM deals"), "ours,next",
            "with all that belongs to it");

    /* The numbers of a sequence stay taken when the transaction is undone: each word is said once. */
    pg_run(pg, "CREATE SEQUENCE said; CREATE TABLE word (n bigint, code text);"
               "INSERT INTO word VALUES (1, '40001'), (2, '53100');"
               "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE c text; "
               "k bigint := nextval('said'); BEGIN SELECT code INTO c FROM word WHERE n = k; "
               "IF c IS NOT NULL THEN RAISE EXCEPTION USING ERRCODE = c, MESSAGE = 'as if'; "
               "END IF; RETURN NEW; END $$;"
               "CREATE TRIGGER say BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION say()");
    tap_str(result_of(update(m, "again", "w2")), "not done sql.busy", "a serialization failure");
    tap_str(result_of(update(m, "again", "w2")), "not done sql.disk", "a full disk");
    tap_str(result_of(update(m, "again", "w2")), "ok", "and then it is done");
    PQfinish(admin);
    end_case();
}

static const char *words_of(const nts_answer_t *answer)
{
    return answer->outcome.words ? answer->outcome.words : "(none)";
}

/* The server itself ends what of ours takes too long, whatever the role prefers. What ends a wait of the client's: trouble_cases.c. */
static void test_limits(void)
{
    m = begin_trouble("endings");
    pg_run(pg, "ALTER ROLE app IN DATABASE endings SET statement_timeout = 0;"
               "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "RAISE EXCEPTION '% % %', current_setting('statement_timeout'), "
               "current_setting('lock_timeout'), "
               "current_setting('idle_in_transaction_session_timeout'); END $$;"
               "CREATE TRIGGER tell BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION tell()");
    close_connector();
    open_connector(conninfo_of("app", "endings"));
    tap_str(words_of(update(m, "x", "w1")), "12s 2s 1min",
            "statements, locks and open transactions have an end");
    end_case();
}

static void test_rights(void)
{
    PGconn *admin;

    m = begin_trouble("rights");
    admin = pg_session("postgres", "rights");
    pg_run(admin, "REVOKE UPDATE ON deals FROM app");
    tap_str(result_of(update(m, "x", "w1")), "blocked sql.denied", "a right is taken away");
    pg_run(admin, "GRANT UPDATE ON deals TO app");
    tap_str(result_of(update(m, "x", "w1")), "ok", "and given back");
    pg_run(admin, "ALTER DATABASE rights SET default_transaction_read_only = on");
    close_connector();
    open_connector(conninfo_of("app", "rights"));
    tap_str(result_of(update(m, "y", "w2")), "ok",
            "what a database prefers does not rule our session");
    pg_run(admin, "CREATE ROLE poor LOGIN");
    close_connector();
    open_connector(conninfo_of("poor", "rights"));
    tap_str(result_of(perform_kind(NTS_ASK_PROVISION, mapping_of("deals", NULL, "name", NULL))),
            "blocked sql.denied", "a role that may not even look");
    PQfinish(admin);
    end_case();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_trouble(&words);
        test_clashes();
        test_limits();
        test_rights();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
