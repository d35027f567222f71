/* children_cases.c - a delete of ours counts the rows of other tables that go with the row by foreign keys, and those that lose their reference
 * to it, in its own transaction; of a row that somebody else deleted the tables are named. */
#include <string.h>

#include "children_cases.h"
#include "database_kit.h"
#include "tap/tap.h"

static const children_words_t *w;
static nts_mapping_t *m;

#define PEOPLE                                                                                     \
    "CREATE TABLE people (id integer PRIMARY KEY, name varchar(20), boss integer, "                \
    "FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL);"                               \
    "INSERT INTO people VALUES (1, 'Ada', NULL), (2, 'Bob', 1), (3, 'Eve', 3), (4, 'Zoe', NULL), " \
    "(5, 'Tim', NULL), (6, 'Max', NULL), (7, 'Mia', NULL);"
#define CHILDREN                                                                                   \
    "CREATE TABLE orders (id integer PRIMARY KEY, person integer, "                                \
    "FOREIGN KEY (person) REFERENCES people (id) ON DELETE CASCADE);"                              \
    "CREATE TABLE notes (id integer PRIMARY KEY, person integer, "                                 \
    "FOREIGN KEY (person) REFERENCES people (id) ON DELETE SET NULL);"                             \
    "CREATE TABLE bills (id integer PRIMARY KEY, person integer, "                                 \
    "FOREIGN KEY (person) REFERENCES people (id));"                                                \
    "INSERT INTO orders VALUES (1, 1), (2, 1), (3, 1), (4, 2), (5, 2);"                            \
    "INSERT INTO notes VALUES (1, 1), (2, 2), (3, NULL);"

/* "orders" as people read it. */
static const char *called(const char *table)
{
    return apr_pstrcat(pool, w->schema, table, NULL);
}

static nts_answer_t *delete_row(const char *id, const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_REMOVE, m);

    ask.id = id;
    ask.intent = intent;
    ask.values = values_of(m);
    return perform(&ask);
}

static const char *taken_of(const nts_answer_t *answer)
{
    return answer->result != NTS_RESULT_OK ? result_of(answer)
           : answer->taken                 ? answer->taken
                                           : "(not known)";
}

static const char *referrers_of(const char *id)
{
    nts_ask_t ask = ask_of(NTS_ASK_READ, m);
    const nts_answer_t *answer;

    ask.id = id;
    ask.want_image = 1;
    answer = perform(&ask);
    return answer->referrers ? answer->referrers : "(not told)";
}

static const char *deleted(int count, const char *table)
{
    return apr_psprintf(pool, "%d %s of %s %s deleted with it", count, count == 1 ? "row" : "rows",
                        called(table), count == 1 ? "was" : "were");
}

static const char *emptied(const char *table)
{
    return apr_psprintf(pool, "1 row of %s does not refer to it any more", called(table));
}

static void test_counting(void)
{
    const char *all;
    nts_ask_t ask;

    begin_case("children", PEOPLE CHILDREN);
    m = mapping_of("people", NULL, "name", NULL);
    provision(m);
    all = apr_pstrcat(pool, emptied("notes"), ", ", deleted(3, "orders"), ", ", emptied("people"),
                      NULL);
    tap_str(taken_of(delete_row("1", "w1")), all, "what a delete takes along, of each table");
    tap_str(text_in(application(), "SELECT COUNT(*) FROM orders"), "2", "is gone");
    tap_str(taken_of(delete_row("1", "w1")), all, "asked again it is told again");
    ask = ask_of(NTS_ASK_INTENT, m);
    ask.intent = "w1";
    tap_str(taken_of(perform(&ask)), all, "and to who asks what became of it");
    tap_int(perform(&ask)->record == NULL, 1, "which left no record");
    tap_str(taken_of(delete_row("3", "w3")), "", "a row that refers to itself is no other");
    tap_str(taken_of(delete_row("4", "w4")), "", "one to which nobody refers");
    tap_str(referrers_of("4"),
            apr_psprintf(pool, "%s, %s, %s", called("notes"), called("orders"), called("people")),
            "of a row that is gone the tables are named");
    tap_str(referrers_of("5"), "(not told)", "of one that is there they are not");
    ask = ask_of(NTS_ASK_READ, m);
    ask.id = "4";
    tap_ok(!perform(&ask)->referrers, "nor to who does not want the image");
    ask = ask_of(NTS_ASK_INTENT, m);
    ask.intent = "w9";
    tap_ok(!perform(&ask)->taken, "of a delete that was not done nothing is known");

    m = mapping_of("orders", NULL, "person", NULL);
    provision(m);
    tap_str(taken_of(delete_row("4", "w5")), "", "a table to which no other refers");
    tap_str(referrers_of("4"), "", "has no children");
    end_case();
}

static void test_many(void)
{
    begin_case("many", PEOPLE CHILDREN
               "CREATE TABLE digits (d integer PRIMARY KEY);"
               "INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);"
               "INSERT INTO orders SELECT 1000 + a.d + 10 * b.d + 100 * c.d, 5 "
               "FROM digits a, digits b, digits c;"
               "INSERT INTO orders SELECT 3000 + a.d + 10 * b.d + 100 * c.d, 6 "
               "FROM digits a, digits b, digits c;"
               "INSERT INTO orders VALUES (4000, 6)");
    m = mapping_of("people", NULL, "name", NULL);
    provision(m);
    tap_str(taken_of(delete_row("5", "w5")), deleted(1000, "orders"), "a thousand are counted");
    tap_str(taken_of(delete_row("6", "w6")),
            apr_psprintf(pool, "more than 1000 rows of %s were deleted with it", called("orders")),
            "more are many");
    tap_str(text_in(application(), "SELECT COUNT(*) FROM orders"), "5", "all of them went");
    end_case();
}

static void test_composite(void)
{
    begin_case("composite",
               "CREATE TABLE bills (shop varchar(9), no integer, v varchar(9), "
               "PRIMARY KEY (shop, no));"
               "CREATE TABLE items (id integer PRIMARY KEY, n integer, s varchar(9), "
               "FOREIGN KEY (s, n) REFERENCES bills (shop, no) ON DELETE CASCADE);"
               "INSERT INTO bills VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('b', 1, 'z');"
               "INSERT INTO items VALUES (1, 1, 'a'), (2, 1, 'a'), (3, 1, 'b'), (4, NULL, 'a')");
    m = mapping_of("bills", NULL, "v", NULL);
    provision(m);
    tap_str(taken_of(delete_row("[\"a\",\"1\"]", "w1")), deleted(2, "items"),
            "a key of two columns is compared in both");
    tap_str(taken_of(delete_row("[\"a\",\"2\"]", "w2")), "",
            "a reference that is half empty is none");
    tap_str(text_in(application(), "SELECT COUNT(*) FROM items"), "2", "and stays");
    end_case();
}

/* Who inserts a row that refers to it while we delete is waited for, and counted. */
static void test_late_child(void)
{
    begin_case("late", PEOPLE CHILDREN);
    m = mapping_of("people", NULL, "name", NULL);
    provision(m);
    if (!application()) {
        tap_skip(1, "SQLite has one writer");
        end_case();
        return;
    }
    run_in(application(), "BEGIN; INSERT INTO orders VALUES (77, 7)");
    tap_str(taken_of(delete_row("7", "w1")), "not done sql.busy",
            "a row that is being referred to");
    run_in(application(), "COMMIT");
    tap_str(taken_of(delete_row("7", "w2")), deleted(1, "orders"), "is counted with what refers");
    end_case();
}

static void test_unread(void)
{
    if (!w->unread) {
        return;
    }
    begin_case("unread", PEOPLE);
    m = mapping_of("people", NULL, "name", NULL);
    provision(m);
    as_administrator("unread", w->unread);
    if (w->unread_by) {
        reopen_connector(w->unread_by, "unread");
    }
    tap_str(taken_of(delete_row("4", "w1")),
            apr_psprintf(pool,
                         "an unknown number of rows of %s, which this account cannot count, %s",
                         called("secrets"), w->unread_fate),
            "a table that the account may not read");
    tap_str(result_of(read_row(m, "4")), "gone", "the row is deleted all the same");
    end_case();
}

static void test_view(void)
{
    if (!w->has_views) {
        return;
    }
    begin_case("seen", PEOPLE CHILDREN "CREATE VIEW seen AS SELECT id, name FROM people");
    m = mapping_of("seen", "id", "name", NULL);
    provision(m);
    tap_ok(strstr(taken_of(delete_row("4", "w1")), called("orders")) != NULL,
           "through a view it is not known");
    tap_ok(strstr(referrers_of("4"), called("orders")) != NULL, "whose table may have children");
    end_case();
}

void test_children(const children_words_t *words)
{
    w = words;
    test_counting();
    test_many();
    test_composite();
    test_late_child();
    test_unread();
    test_view();
}
