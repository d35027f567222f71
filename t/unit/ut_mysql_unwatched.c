/* Proves that a view of MariaDB, or a table on which we may create no triggers, is synced all the same; see unwatched_cases.c.
 * Here: what is MariaDB's own, joins, roles, engines' words. */
#include "mysql_kit.h"
#include "tap/tap.h"
#include "unwatched_cases.h"

#define OURS                                                                                       \
    "GRANT SELECT, INSERT, UPDATE, DELETE ON _notionsync_change TO other@localhost; GRANT "        \
    "SELECT, UPDATE ON _notionsync_instance TO other@localhost; GRANT SELECT, UPDATE ON "          \
    "_notionsync_table TO other@localhost; GRANT SELECT, INSERT, UPDATE, DELETE ON "               \
    "_notionsync_intent TO other@localhost"

static const unwatched_words_t words = {
    .other = "other",
    .poor = "CREATE OR REPLACE USER other@localhost; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, "
            "INDEX, DROP ON `%s`.* TO other@localhost",
    .let_create_triggers = "GRANT TRIGGER ON deals TO other@localhost",
    .take_update_away = "REVOKE ALL, GRANT OPTION FROM other@localhost; GRANT SELECT, INSERT ON "
                        "deals TO other@localhost; GRANT UPDATE (plain) ON deals TO "
                        "other@localhost;" OURS,
    .give_update_back = "GRANT UPDATE (name) ON deals TO other@localhost",
    .id = "int AUTO_INCREMENT PRIMARY KEY",
    .instant = "timestamp(3)",
    .second = "timestamp NULL",
    .local = "datetime(3)",
    .now = "CURRENT_TIMESTAMP(3)",
    .now_second = "CURRENT_TIMESTAMP",
    .now_tokyo = "UTC_TIMESTAMP(3) + INTERVAL 9 HOUR",
    .last_year = "CURRENT_TIMESTAMP - INTERVAL 1 YEAR",
    .touch = "CREATE TRIGGER touch BEFORE UPDATE ON deals FOR EACH ROW SET NEW.at = "
             "CURRENT_TIMESTAMP(3)",
    .joined = "GROUP_CONCAT(name ORDER BY id)",
    .refused = "is not updatable",
    .trigger = "CREATE TRIGGER \"_notionsync_update_deals\"",
};

/* --- what is MariaDB's own */

static void test_join(void)
{
    nts_mapping_t *m;
    nts_answer_t *answer;
    nts_value_t *values;
    nts_ask_t ask;

    begin_my("joins",
             "CREATE TABLE firms (id int PRIMARY KEY, title varchar(40) NOT NULL);"
             "CREATE TABLE base (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40), firm int, "
             "email varchar(40) UNIQUE);"
             "INSERT INTO firms VALUES (1, 'Good'), (2, 'Better');"
             "INSERT INTO base (name, firm, email) VALUES ('Ada', 1, 'a'), ('Bob', 2, 'b');"
             "CREATE VIEW people AS SELECT b.id AS id, b.name AS name, f.title AS title, "
             "b.email AS email, b.firm AS firm FROM base AS b JOIN firms AS f ON f.id = b.firm");
    m = mapping_of("people", "id", "name", "title", "email", "firm", NULL);
    provision(m);
    tap_int(described(m)->fields[2].type.computed, 0, "columns of both tables can be written");
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "1", "w1", "Zoe")), "ok", "of one");
    values = values_of(m);
    values[1] = nts_value_text("Best");
    ask = ask_of(NTS_ASK_UPDATE, m);
    ask.id = "2";
    ask.intent = "w2";
    ask.values = values;
    tap_str(result_of(perform(&ask)), "ok", "or the other");
    tap_str(my_text(my, "SELECT GROUP_CONCAT(name, title ORDER BY id) FROM people"),
            "ZoeGood,BobBest", "is what comes");
    values[0] = nts_value_text("Both");
    ask.intent = "w3";
    answer = perform(&ask);
    tap_str(result_of(answer), "refused sql.refused", "of both at once");
    tap_ok(says(answer->outcome.words, "more than one base table"), "is refused in these words: %s",
           answer->outcome.words ? answer->outcome.words : "(none)");
    answer = write_with(m, NTS_ASK_REMOVE, "1", "w4", NULL);
    tap_ok(says(answer->outcome.words, "Can not delete from join view"), "so is a delete: %s",
           answer->outcome.words ? answer->outcome.words : "(none)");
    values = values_of(m);
    values[0] = nts_value_text("New");
    values[3] = number_of("1");
    ask = ask_of(NTS_ASK_CREATE, m);
    ask.intent = "w5";
    ask.values = values;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "a new row of the first table");
    tap_str(answer->id, "3", "has its key");
    values = values_of(m);
    values[2] = nts_value_text("b");
    ask = ask_of(NTS_ASK_UPDATE, m);
    ask.id = "3";
    ask.intent = "w6";
    ask.values = values;
    answer = perform(&ask);
    tap_str(result_of(answer), "refused sql.constraint", "a value that is taken");
    tap_str(answer->outcome.blocker, "2", "by this row");
    end_my();
}

static void test_refusals(void)
{
    nts_mapping_t *m;
    nts_answer_t *answer;

    begin_my("refusals",
             "CREATE TABLE base (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40), must int NOT "
             "NULL, twice int GENERATED ALWAYS AS (id + id) VIRTUAL);"
             "INSERT INTO base (name, must) VALUES ('Ada', 1);"
             "CREATE VIEW people AS SELECT id, name, must, twice FROM base WHERE name <> 'Eve' "
             "WITH CHECK OPTION;"
             "CREATE VIEW letters AS SELECT id, name, 'é' AS e FROM base");
    m = mapping_of("people", "id", "name", NULL);
    provision(m);
    answer = write_with(m, NTS_ASK_CREATE, NULL, "w1", "New");
    tap_str(result_of(answer), "refused sql.required", "a value is missing");
    tap_str(answer->outcome.field, "must", "of this column");
    answer = write_with(m, NTS_ASK_UPDATE, "1", "w2", "Eve");
    tap_str(result_of(answer), "refused sql.constraint", "what the view may not show");
    tap_ok(says(answer->outcome.what, "CHECK OPTION"), "and why: %s", answer->outcome.what);
    answer = write_with(mapping_of("people", "id", "twice", NULL), NTS_ASK_UPDATE, "1", "w3", "7");
    tap_ok(says(answer->outcome.words, "generated column"), "what its table computes: %s",
           answer->outcome.words ? answer->outcome.words : "(none)");

    my_run(my, "ALTER TABLE base DROP twice, DROP must");
    answer = read_row(m, "1");
    tap_str(result_of(answer), "blocked sql.schema", "a view of columns that are gone");
    tap_ok(says(answer->outcome.words, "references invalid"), "in the server's words: %s",
           answer->outcome.words ? answer->outcome.words : "(none)");
    my_run(my, "CREATE OR REPLACE VIEW people AS SELECT id, name FROM base");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "and made anew");
    my_run(my, "ALTER TABLE base MODIFY name varchar(5)");
    tap_int(described(m)->fields[1].type.max_length, 5, "a type that changes behind it is noticed");
    end_my();
}

/* What a collation takes for equal are two keys all the same, of which no page loses one. */
static void test_keys(void)
{
    const char *found = "";
    nts_answer_t *answer;
    nts_mapping_t *m;
    nts_ask_t ask;
    int i;

    begin_my("letters",
             "CREATE TABLE base (code varchar(9) CHARACTER SET latin1, kind enum('b', 'a'), v int);"
             "INSERT INTO base VALUES ('a', 'a', 1), ('A', 'a', 2), ('a', 'b', 3), (NULL, 'a', 4);"
             "CREATE VIEW seen AS SELECT code, kind, v FROM base");
    m = mapping_of("seen", "code,kind", "v", NULL);
    provision(m);
    tap_ok(says(described(m)->problem, "NULL in the key"), "a row without a key");
    ask = ask_of(NTS_ASK_LIST, m);
    ask.listing.limit = 1;
    for (i = 0; i < 4; i++) {
        answer = perform(&ask);
        tap_str(result_of(answer), "ok", "a page");
        ask.listing.cursor = answer->cursor;
        found =
            apr_pstrcat(pool, found, answer->record_count ? answer->records[0].id : ".", " ", NULL);
    }
    tap_str(found, "[\"A\",\"a\"] [\"a\",\"a\"] [\"a\",\"b\"] . ", "each row of the others once");
    end_my();
}

/* --- rights */

static int may_with(const char *grants)
{
    as_administrator("ri_ghts", "CREATE OR REPLACE USER other@localhost; CREATE OR REPLACE ROLE "
                                "inner_one; CREATE OR REPLACE ROLE outer_one; GRANT inner_one TO "
                                "outer_one; GRANT SELECT, INSERT, UPDATE, DELETE ON deals TO "
                                "other@localhost;" OURS);
    if (*grants) {
        as_administrator("ri_ghts", grants);
    }
    reopen_connector("other", "ri_ghts");
    return !says(described(mapping_of("deals", NULL, "name", NULL))->problem, "GRANT TRIGGER");
}

static void test_rights(void)
{
    begin_my("ri_ghts", "CREATE TABLE deals (id int PRIMARY KEY, name varchar(9))");
    provision(mapping_of("deals", NULL, "name", NULL));
    tap_int(may_with(""), 0, "no right to triggers");
    tap_int(may_with("GRANT TRIGGER ON `ri_ghts`.deals TO other@localhost"), 1, "of the table");
    tap_int(may_with("GRANT TRIGGER ON `ri\\_ghts`.* TO other@localhost"), 1, "of the database");
    tap_int(may_with("GRANT TRIGGER ON `ri%`.* TO other@localhost"), 1, "of databases like it");
    tap_int(may_with("GRANT TRIGGER ON `ri\\_%x`.* TO other@localhost"), 0, "of others");
    tap_int(may_with("GRANT ALL ON *.* TO other@localhost"), 1, "everything");
    tap_int(
        may_with("CREATE TABLE IF NOT EXISTS `\"x ON` (`TRIGGER` int); GRANT UPDATE (`TRIGGER`) "
                 "ON `\"x ON` TO other@localhost"),
        0, "a column of that name");
    tap_int(
        may_with("GRANT TRIGGER ON `ri_ghts`.* TO inner_one; GRANT outer_one TO other@localhost; "
                 "SET DEFAULT ROLE outer_one FOR other@localhost"),
        1, "by a role of a role");
    tap_int(
        may_with("GRANT TRIGGER ON `ri_ghts`.* TO inner_one; GRANT outer_one TO other@localhost"),
        0, "by a role that is not in force");
    end_my();
}

/* Who may do nothing but read a view, not even see how it was made. */
static void test_reader(void)
{
    nts_mapping_t *m = mapping_of("people", "id", "name", NULL);
    nts_answer_t *answer;

    begin_my("reader", "CREATE TABLE deals (id int PRIMARY KEY, name varchar(9));"
                       "INSERT INTO deals VALUES (1, 'Ada'), (2, 'Bob');"
                       "CREATE VIEW people AS SELECT id, name FROM deals WHERE id < 9");
    provision(m);
    as_administrator("reader", "CREATE OR REPLACE USER other@localhost; GRANT SELECT ON people TO "
                               "other@localhost;" OURS);
    reopen_connector("other", "reader");
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "blocked sql.denied", "a view that may not be written");
    tap_ok(says(answer->outcome.what, "UPDATE of the column name"), "and why: %s",
           answer->outcome.what);
    m->pairs[0].direction = NTS_TO_NOTION;
    tap_int(described(m)->provisioned, 1, "but it may be read");
    tap_str(value_of(read_row(m, "2"), 0), "text:Bob", "a row");
    tap_str(result_of(write_with(m, NTS_ASK_REMOVE, "2", "w1", NULL)), "blocked sql.denied",
            "that cannot be deleted");
    my_run(my, "CREATE OR REPLACE VIEW people AS SELECT id, UPPER(name) AS name FROM deals");
    tap_str(value_of(read_row(m, "2"), 0), "text:BOB", "another view of the same name");
    my_run(my, "ALTER TABLE deals DROP name");
    tap_str(result_of(read_row(m, "2")), "blocked sql.schema", "or of what is gone");
    end_my();
}

/* Triggers that are there go on when we may not see them any more; what we enter besides does no harm. */
static void test_revoked(void)
{
    nts_mapping_t *m = mapping_of("deals", NULL, "name", NULL);

    begin_my("revoked", "CREATE TABLE deals (id int PRIMARY KEY, name varchar(9));"
                        "INSERT INTO deals VALUES (1, 'Ada'), (2, 'Bob')");
    provision(m);
    as_administrator("revoked", words.poor);
    reopen_connector("other", "revoked");
    tap_ok(says(described(m)->problem, "GRANT TRIGGER"), "triggers that cannot be seen");
    my_run(my, "UPDATE deals SET name = 'x' WHERE id = 1");
    tap_str(entries(changes_after(m, 0)), "u1", "tell of changes");
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "2", "w1", "ours")), "ok", "a write of ours");
    tap_str(entries(changes_after(m, 1)), "u2@w1 u2@w1", "is ours, whoever entered it");
    tap_str(result_of(write_with(m, NTS_ASK_REMOVE, "2", "w2", NULL)), "ok", "and a delete");
    tap_str(entries(changes_after(m, 3)), "d2@w2 d2@w2", "too");
    end_my();
}

/* See test_missing_right; and here of a right on everything. */
static void test_late_right(void)
{
    nts_mapping_t *m = mapping_of("deals", NULL, "name", NULL);

    begin_my("missing", "CREATE TABLE deals (id int PRIMARY KEY, name varchar(9), plain int)");
    provision(m);
    as_administrator("missing", words.poor);
    as_administrator("missing", words.take_update_away);
    reopen_connector("other", "missing");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.denied",
            "a right is missing");
    tap_str(result_of(read_row(m, "1")), "gone", "a session that was opened meanwhile");
    as_administrator("missing", "GRANT UPDATE ON missing.* TO other@localhost");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "ok",
            "hears of a right on the whole database");
    end_my();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_unwatched(&words);
        test_join();
        test_refusals();
        test_keys();
        test_rights();
        test_reader();
        test_revoked();
        test_late_right();
        end_server();
    }
    else {
        tap_skip(1, "MariaDB is not installed (on Debian: apt-get install mariadb-server)");
    }
    end_tests();
    return tap_done();
}
