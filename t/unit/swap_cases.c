/* swap_cases.c - rows that exchange unique values are written together or not at all, each as a write of its own; and where that cannot be,
 * they say why. */
#include <string.h>

#include "database_kit.h"
#include "swap_cases.h"
#include "tap/tap.h"

#define MOST 4

static nts_mapping_t *m;
static nts_answer_t answer[MOST];
static nts_ask_t ask[MOST];
static int count;

static const char *const keys[MOST] = { "1", "2", "3", "4" };
static const char *const intents[MOST] = { "w1", "w2", "w3", "w4" };

/* The rows with these keys, from 1 on, get these values in that field; NULL: none. */
static void want(int pair, const char *const *texts, int rows, int as_number)
{
    int i;

    for (i = 0; i < rows; i++) {
        nts_value_t *values = (nts_value_t *)ask[i].values;

        if (i >= count) {
            ask[i] = ask_of(NTS_ASK_UPDATE, m);
            ask[i].id = keys[i];
            ask[i].intent = intents[i];
            ask[i].values = values = values_of(m);
        }
        if (texts[i]) {
            values[pair] = as_number ? number_of(texts[i]) : nts_value_text(texts[i]);
        }
    }
    count = rows > count ? rows : count;
}

static void together(void)
{
    const nts_ask_t *asks[MOST];
    nts_answer_t *answers[MOST];
    apr_pool_t *pools[MOST];
    int i;

    for (i = 0; i < count; i++) {
        asks[i] = &ask[i];
        answers[i] = &answer[i];
        pools[i] = pool;
    }
    nts_connector_sql.perform_together(connection, asks, answers, pools, count);
}

static void forget_asks(void)
{
    count = 0;
    memset(ask, 0, sizeof(ask));
}

const nts_answer_t *exchange_two(nts_mapping_t *mapping)
{
    static const char *const wanted[] = { "b", "a" };

    m = mapping;
    forget_asks();
    want(0, wanted, 2, 0);
    together();
    return answer;
}

static void begin_swap(const char *name, const char *sql, ...) __attribute__((sentinel));
static void begin_swap(const char *name, const char *sql, ...)
{
    const char *columns[3] = { NULL, NULL, NULL };
    va_list args;
    int i;

    va_start(args, sql);
    for (i = 0; i < 3 && (columns[i] = va_arg(args, const char *)) != NULL; i++) {
    }
    va_end(args);
    begin_case(name, sql);
    m = mapping_of("people", NULL, columns[0], columns[1], columns[2], NULL);
    provision(m);
    forget_asks();
}

static const char *column_of(const char *column)
{
    const char *all = "";
    int i;

    for (i = 1; i <= MOST; i++) {
        const char *one = text_in(
            application(), apr_psprintf(pool, "SELECT %s FROM people WHERE id = %d", column, i));

        if (strcmp(one, "(none)") != 0) {
            all = apr_pstrcat(pool, all, *all ? "," : "", one, NULL);
        }
    }
    return all;
}

static const char *intents_kept(void)
{
    return text_in(application(), "SELECT COUNT(*) FROM _notionsync_intent WHERE op <> 'state'");
}

static int applied(const char *intent)
{
    nts_ask_t asked = ask_of(NTS_ASK_INTENT, m);

    asked.intent = intent;
    return perform(&asked)->applied;
}

#define PEOPLE                                                                                     \
    "CREATE TABLE people (id integer PRIMARY KEY, name varchar(20), email varchar(40) UNIQUE);"    \
    "INSERT INTO people VALUES (1, 'Ada', 'a@x'), (2, 'Bob', 'b@x'), (3, 'Eve', 'c@x'), (4, "      \
    "'Zoe', 'd@x')"

static void test_two(void)
{
    static const char *const mails[] = { "b@x", "a@x" };
    nts_value_t *expected;

    begin_swap("two", PEOPLE, "name", "email", NULL);
    want(1, mails, 2, 0);
    expected = values_of(m);
    expected[0] = nts_value_text("Ada");
    expected[1] = nts_value_text("a@x");
    ask[0].expected = expected;
    together();
    tap_str(result_of(&answer[0]), "ok", "two rows exchange a value: one");
    tap_str(result_of(&answer[1]), "ok", "and the other");
    tap_str(column_of("email"), "b@x,a@x,c@x,d@x", "have it");
    tap_str(value_of(&answer[0], 1), "text:b@x", "what is read back");
    tap_str(value_of(&answer[1], 1), "text:a@x", "is what stands there");
    tap_str(answer[0].record->intent, "w1", "each under its intent");
    tap_str(answer[1].record->intent, "w2", "under its own");
    tap_int(applied("w1") + applied("w2"), 2, "both are proven");
    tap_str(entries(changes_after(m, 0)), "u2@w2 u1@w1 u2@w2",
            "and what stood there for a moment is nobody's edit");
    answer[0] = (nts_answer_t){ 0 };
    together();
    tap_str(result_of(&answer[0]), "ok", "asked again");
    tap_str(value_of(&answer[0], 1), "text:b@x", "it is not done again");
    tap_str(entries(changes_after(m, 0)), "u2@w2 u1@w1 u2@w2", "at all");
    end_case();
}

static void test_circles(void)
{
    static const char *const mails[] = { "b@x", "c@x", "d@x", "a@x" };
    static const char *const beside[] = { "b@x", "a@x", "new@x" };

    begin_swap("four", PEOPLE, "name", "email", NULL);
    want(1, mails, 4, 0);
    together();
    tap_str(column_of("email"), "b@x,c@x,d@x,a@x", "a circle of four");
    tap_int(applied("w1") + applied("w2") + applied("w3") + applied("w4"), 4, "each proven");
    end_case();

    begin_swap("beside", PEOPLE, "name", "email", NULL);
    want(1, beside, 3, 0);
    together();
    tap_str(column_of("email"), "b@x,a@x,new@x,d@x", "one that could do without goes with them");
    end_case();
}

/* Columns that must not be empty, of several types; two at once; one of two. */
static void test_columns(void)
{
    static const char *const numbers[] = { "20", "10" };
    static const char *const codes[] = { "bb", "aa" };
    static const char *const days[] = { "2026-01-02", "2026-01-01" };
    static const char *const seats[] = { "2", "1" };
    static const char *const mails[] = { "b@x", "a@x" };

    begin_swap("numbers",
               "CREATE TABLE people (id integer PRIMARY KEY, no smallint NOT NULL UNIQUE, code "
               "varchar(2) NOT NULL UNIQUE);"
               "INSERT INTO people VALUES (1, 10, 'aa'), (2, 20, 'bb')",
               "no", "code", NULL);
    want(0, numbers, 2, 1);
    want(1, codes, 2, 0);
    together();
    tap_str(column_of("no"), "20,10", "numbers that must be there");
    tap_str(column_of("code"), "bb,aa", "and in the same rows short texts");
    tap_str(entries(changes_after(m, 0)), "u2@w2 u2@w2 u1@w1 u2@w2", "one after the other");
    end_case();

    begin_swap("days",
               "CREATE TABLE people (id integer PRIMARY KEY, due date NOT NULL UNIQUE);"
               "INSERT INTO people VALUES (1, '2026-01-01'), (2, '2026-01-02')",
               "due", NULL);
    want(0, days, 2, 0);
    ((nts_value_t *)ask[0].values)[0] = date_of(days[0]);
    ((nts_value_t *)ask[1].values)[0] = date_of(days[1]);
    together();
    tap_str(column_of("due"), "2026-01-02,2026-01-01", "days");
    end_case();

    begin_swap("pairs",
               "CREATE TABLE people (id integer PRIMARY KEY, room varchar(9) NOT NULL, seat "
               "integer NOT NULL, CONSTRAINT place UNIQUE (room, seat));"
               "INSERT INTO people VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 1)",
               "room", "seat", NULL);
    want(1, seats, 2, 1);
    ask[2] = ask[0];
    tap_str(perform(&ask[2])->outcome.blocker, "2",
            "of two columns one is written: who has the place is found");
    together();
    tap_str(column_of("seat"), "2,1,1", "and they exchange it");
    end_case();

    begin_swap("moved", PEOPLE, "name", "email", NULL);
    want(1, mails, 2, 0);
    ask[1].id = "7";
    together();
    tap_str(result_of(&answer[1]), "gone", "a row that is gone");
    tap_str(answer[0].outcome.blocker, "2", "leaves the other one waiting for who has the value");
    end_case();
}

/* Nothing happens, and each says what is in its way. */
static void test_refusals(void)
{
    static const char *const mails[] = { "b@x", "c@x" };
    static const char *const swapped[] = { "b@x", "a@x" };
    static const char *const numbers[] = { "2", "1" };
    nts_value_t *expected;

    begin_swap("outside", PEOPLE, "name", "email", NULL);
    want(1, mails, 2, 0);
    together();
    tap_str(result_of(&answer[0]), "refused sql.constraint", "a third row has what is wanted");
    tap_str(result_of(&answer[1]), "refused sql.constraint", "so neither is written");
    tap_str(answer[0].outcome.blocker, "2", "and each names the row");
    tap_str(answer[1].outcome.blocker, "3", "it waits for");
    tap_int(answer[1].outcome.remedy, NTS_REMEDY_WAIT, "for which it waits");
    tap_str(column_of("email"), "a@x,b@x,c@x,d@x", "all is as it was");
    tap_str(intents_kept(), "0", "and nothing is kept of it");
    end_case();

    begin_swap("stale", PEOPLE, "name", "email", NULL);
    want(1, swapped, 2, 0);
    expected = values_of(m);
    expected[1] = nts_value_text("other@x");
    ask[1].expected = expected;
    together();
    tap_str(result_of(&answer[1]), "stale sql.stale", "a row that is not as expected");
    tap_str(answer[0].outcome.blocker, "2", "keeps the other one from its value");
    tap_str(column_of("email"), "a@x,b@x,c@x,d@x", "all is as it was");
    end_case();

    begin_swap("narrow",
               "CREATE TABLE people (id integer PRIMARY KEY, no integer NOT NULL UNIQUE, "
               "CONSTRAINT few CHECK (no BETWEEN 1 AND 3));"
               "INSERT INTO people VALUES (1, 1), (2, 2)",
               "no", NULL);
    want(0, numbers, 2, 1);
    together();
    tap_str(result_of(&answer[0]), "refused sql.constraint", "no value is left to make way with");
    tap_ok(answer[0].outcome.what &&
               strstr(answer[0].outcome.what, "no value can stand in column no of row 2") != NULL,
           "which is said: %s", answer[0].outcome.what);
    tap_int(answer[0].outcome.remedy, NTS_REMEDY_PERSON, "a person has to help");
    tap_int(answer[1].outcome.remedy, NTS_REMEDY_PERSON, "either of them");
    tap_str(column_of("no"), "1,2", "all is as it was");
    tap_str(intents_kept(), "0", "and nothing is kept");
    end_case();
}

void test_swapping(void)
{
    test_two();
    test_circles();
    test_columns();
    test_refusals();
}
