/* Proves that a delete counts what goes with its row by foreign keys in SQLite, as in the servers (children_cases.c), and how SQLite spells
 * such a key: without columns, in another case, with what the referred column compares by. */
#include "children_cases.h"
#include "database_kit.h"
#include "tap/tap.h"

static const children_words_t words = { .schema = "" };

void run_in(session_t *session, const char *sql)
{
    (void)session;
    app_run(sql);
}

void as_administrator(const char *database, const char *sql)
{
    (void)database;
    app_run(sql);
}

void reopen_connector(const char *account, const char *database)
{
    (void)account;
    (void)database;
}

static void test_spellings(void)
{
    nts_mapping_t *m;
    nts_ask_t ask;

    begin_case(
        "spelled",
        "CREATE TABLE Deals (code TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, name TEXT);"
        "CREATE TABLE \"it's \"\"x\"\"\" (id INTEGER PRIMARY KEY, deal TEXT REFERENCES deals "
        "ON DELETE CASCADE);"
        "CREATE TABLE two (id INTEGER PRIMARY KEY, deal TEXT REFERENCES DEALS (CODE) "
        "ON DELETE SET DEFAULT);"
        "INSERT INTO deals VALUES ('a', 'Ada'), ('b', 'Bob');"
        "INSERT INTO \"it's \"\"x\"\"\" VALUES (1, 'A'), (2, 'b'); INSERT INTO two VALUES (1, "
        "'A')");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    ask = ask_of(NTS_ASK_REMOVE, m);
    ask.id = "a";
    ask.intent = "w1";
    ask.values = values_of(m);
    tap_str(perform(&ask)->taken,
            "1 row of it's \"x\" was deleted with it, 1 row of two does not refer to it any more",
            "by the primary key, and as the referred column compares");
    tap_str(app_text("SELECT count(*) FROM \"it's \"\"x\"\"\""), "1", "which is what SQLite does");
    end_case();
}

int main(void)
{
    begin_tests();
    test_children(&words);
    test_spellings();
    end_tests();
    return tap_done();
}
