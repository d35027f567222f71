/* Proves S5.8 in SQLite: rows that exchange unique values are written together or not at all (swap_cases.c), also where a trigger of the
 * application refuses one value to make way with, or ends the whole transaction. */
#include <string.h>

#include "database_kit.h"
#include "swap_cases.h"
#include "tap/tap.h"

#define PEOPLE                                                                                     \
    "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE);"                             \
    "INSERT INTO people VALUES (1, 'a'), (2, 'b');"

static const nts_answer_t *answers;

static void swap(const char *name, const char *trigger)
{
    nts_mapping_t *m;

    begin_case(name, apr_pstrcat(pool, PEOPLE, trigger, NULL));
    m = mapping_of("people", NULL, "email", NULL);
    provision(m);
    answers = exchange_two(m);
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
