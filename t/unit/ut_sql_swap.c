/* Proves S5.8 in SQLite: rows that exchange unique values are written together or not at all (swap_cases.c), also where a trigger of the
 * application refuses one value to make way with, or ends the whole transaction. */
#include <string.h>

#include "database_kit.h"
#include "swap_cases.h"
#include "tap/tap.h"

/* The cases are those of the servers. */
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

#define PEOPLE                                                                                     \
    "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE);"                             \
    "INSERT INTO people VALUES (1, 'a'), (2, 'b');"

static nts_answer_t answers[2];

static void swap(const char *name, const char *trigger)
{
    static const char *const wanted[] = { "b", "a" };
    nts_answer_t *answer_of_each[2] = { &answers[0], &answers[1] };
    apr_pool_t *pools[2] = { pool, pool };
    const nts_ask_t *ask_of_each[2];
    nts_ask_t asks[2];
    nts_mapping_t *m;
    int i;

    begin_case(name, apr_pstrcat(pool, PEOPLE, trigger, NULL));
    m = mapping_of("people", NULL, "email", NULL);
    provision(m);
    for (i = 0; i < 2; i++) {
        nts_value_t *values = values_of(m);

        values[0] = nts_value_text(wanted[i]);
        asks[i] = ask_of(NTS_ASK_UPDATE, m);
        asks[i].id = i ? "2" : "1";
        asks[i].intent = i ? "w2" : "w1";
        asks[i].values = values;
        ask_of_each[i] = &asks[i];
    }
    nts_connector_sql.perform_together(connection, ask_of_each, answer_of_each, pools, 2);
}

static void test_triggers(void)
{
    swap("no_null", "CREATE TRIGGER never BEFORE UPDATE ON people WHEN NEW.email IS NULL BEGIN "
                    "SELECT RAISE(ABORT, 'never'); END");
    tap_str(result_of(&answers[0]), "ok", "a trigger that lets no value be empty");
    tap_str(app_text("SELECT group_concat(email) FROM people"), "b,a", "leaves others");
    end_case();

    swap("rollback", "CREATE TRIGGER never BEFORE UPDATE ON people WHEN NEW.email IS NULL BEGIN "
                     "SELECT RAISE(ROLLBACK, 'never'); END");
    tap_str(result_of(&answers[0]), "refused sql.constraint", "one that ends the transaction");
    tap_str(answers[1].outcome.blocker, "1", "leaves each where it was alone");
    tap_str(app_text("SELECT group_concat(email) FROM people"), "a,b", "with its value");
    end_case();
}

int main(void)
{
    begin_tests();
    test_swapping();
    test_triggers();
    end_tests();
    return tap_done();
}
