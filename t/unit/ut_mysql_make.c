/* Proves that a table and columns that are lacking in a MariaDB database are made with types that hold what Notion's properties
 * do, that what is printed is what is run, and that what is there is left alone, however far an attempt came. */
#include <string.h>

#include "made_kit.h"
#include "mysql_kit.h"
#include "tap/tap.h"

#define ALL made_field_count
#define TYPES                                                                                      \
    "name mediumtext, Qty double, done tinyint(1), due varchar(64), stage varchar(100), tags "     \
    "mediumtext, e_mail varchar(200), site mediumtext, made at timestamp, a \"quoted\" name "      \
    "mediumtext"
#define TABLES "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"

static void test_table(void)
{
    nts_mapping_t *mapping = mapping_of("Deals", NULL, NULL);
    nts_answer_t *answer;
    const char *printed;

    begin_my("made", "DO 0");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_str(result_of(answer), "blocked sql.schema", "there is no table");
    tap_int(answer->no_table, 1, "which is told apart from other failures");
    printed = make_fields(mapping, ALL, 1)->statements;
    tap_str(my_text(my, TABLES), "0", "how it would be made is only shown");
    tap_str(make_fields(mapping, ALL, 0)->statements, printed, "what is run is what was shown");
    tap_str(made_types(mapping), TYPES, "each column can hold its property, and NULL");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_int(answer->schema->provisioned, 1, "the triggers fit the table that was made");
    tap_str(answer->schema->key, "id", "it has a key");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "a second time there is nothing to do");
    my_run(my, "INSERT INTO Deals (name) VALUES ('\xf0\x9f\x92\xa1')");
    tap_str(entries(changes_after(mapping, 0)), "i1", "changes are noticed");
    end_my();
}

static void test_columns(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    nts_answer_t *answer;
    const char *printed;

    begin_my("columns",
             "CREATE TABLE deals (id INT PRIMARY KEY, qty DECIMAL(9,2), mine VARCHAR(9) NOT NULL "
             "DEFAULT 'm') ENGINE=InnoDB CHARACTER SET latin1; INSERT INTO deals (id, qty) VALUES "
             "(1, 7.5)");
    provision(mapping);
    printed = make_fields(mapping, ALL, 1)->statements;
    tap_str(my_text(my, "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = "
                        "DATABASE() AND TABLE_NAME = 'deals'"),
            "3", "shown only");
    tap_ok(strstr(printed, "ALTER TABLE \"deals\" ADD COLUMN IF NOT EXISTS \"due\" VARCHAR(64) "
                           "CHARACTER SET utf8mb4 NULL$$") != NULL,
           "a column is added, unless somebody else did, which takes every character");
    answer = make_fields(mapping, ALL, 0);
    tap_str(answer->statements, printed, "what is run is what was shown");
    tap_str(my_text(my, "SELECT CONCAT(qty, mine, due IS NULL) FROM deals"), "7.50m1",
            "what is there stays as it is, also a column of another type");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1, "triggers fit again");
    tap_str(entries(changes_after(mapping, 0)), "t", "what went unseen meanwhile is looked at");
    my_run(my, "UPDATE deals SET due = 'x' WHERE id = 1");
    tap_str(entries(changes_after(mapping, 1)), "u1", "changes of a new column are noticed");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "a second time there is nothing to do");
    end_my();
}

/* DDL ends transactions: after whichever statement the process dies, the rest is done the next time. */
static void test_interrupted(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    int count;

    for (count = 0; count <= ALL; count += 5) {
        begin_my(
            apr_psprintf(pool, "half%d", count),
            "CREATE TABLE deals (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB");
        (void)make_fields(mapping, count, 0);
        my_run(my, "DROP TRIGGER _notionsync_update_deals");
        my_run(my, "ALTER TABLE deals ADD COLUMN IF NOT EXISTS name MEDIUMTEXT CHARACTER SET "
                   "utf8mb4 NULL");
        (void)make_fields(mapping, ALL, 0);
        tap_str(made_types(mapping), TYPES, "with %d columns there it is completed", count);
        tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1, "triggers too");
        end_my();
    }
}

static void test_together(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);

    begin_my("together", "DO 0");
    made_together(conninfo_of("app", "together"), mapping, TYPES);
    end_my();
}

static void test_names(void)
{
    static const char whole[] = "a23456789b23456789c23456789d23456789e23456789f23456789g2345678";
    nts_schema_field_t field = made_fields[0];
    nts_mapping_t *mapping = mapping_of("names.deals", NULL, NULL);
    nts_ask_t ask = ask_of(NTS_ASK_PROVISION, mapping);
    char name[80];

    begin_my("names", "DO 0");
    ask.make = &field;
    ask.make_count = 1;
    ask.may_make_table = 1;
    field.name = name;
    apr_snprintf(name, sizeof(name),
                 "%s\xc3\xa4"
                 "12",
                 whole);
    tap_str(result_of(perform(&ask)), "blocked sql.name", "65 characters are too many");
    apr_snprintf(name, sizeof(name),
                 "%s\xc3\xa4"
                 "1",
                 whole);
    tap_str(result_of(perform(&ask)), "ok", "64 are taken, also in more bytes");
    tap_ok(nts_schema_find(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema, name) != NULL, "whole");
    tap_str(my_text(my, "SELECT COUNT(*) FROM deals"), "0", "the database before the dot is ours");
    end_my();
}

static void test_sets(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    const nts_type_t *type;

    begin_my("sets", "CREATE TABLE deals (id INT PRIMARY KEY, tags SET('a','it''s') NULL)");
    type = &nts_schema_find(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema, "tags")->type;
    tap_int(type->list, 1, "a SET is a list of choices");
    tap_int(type->option_count, 2, "which it names");
    tap_str(type->options[1].name, "it's", "as they are");
    end_my();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_table();
        test_columns();
        test_interrupted();
        test_together();
        test_names();
        test_sets();
        end_server();
    }
    else {
        tap_skip(1, "MariaDB is not installed (on Debian: apt-get install mariadb-server)");
    }
    end_tests();
    return tap_done();
}
