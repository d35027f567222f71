/* Proves that every type of MariaDB that can hold a value of Notion's is read and written exactly, on a real server, and what
 * write_cases.c says of keys and writes, children_cases.c of deletes. */
#include <string.h>

#include "mysql_kit.h"
#include "tap/tap.h"
#include "children_cases.h"
#include "swap_cases.h"
#include "write_cases.h"

static nts_mapping_t *m;

static const write_words_t words = {
    .id = "int AUTO_INCREMENT PRIMARY KEY",
    .code = "(UPPER(UUID()))",
    .exact = "varchar(20) COLLATE utf8mb4_bin",
    .joined = "GROUP_CONCAT(name ORDER BY id)",
};

/* An account is told only of keys of tables for which it has some right. */
static const children_words_t children = {
    .schema = "",
    .unread = "CREATE TABLE secrets (id int PRIMARY KEY, person int, FOREIGN KEY (person) "
              "REFERENCES people (id) ON DELETE CASCADE); INSERT INTO secrets VALUES (1, 4);"
              "CREATE OR REPLACE USER other@localhost; GRANT INSERT ON secrets TO other@localhost;"
              "GRANT SELECT, INSERT, UPDATE, DELETE ON people TO other@localhost;"
              "GRANT SELECT, INSERT, UPDATE, DELETE ON _notionsync_change TO other@localhost;"
              "GRANT SELECT, UPDATE ON _notionsync_instance TO other@localhost;"
              "GRANT SELECT, UPDATE ON _notionsync_table TO other@localhost;"
              "GRANT SELECT, INSERT, UPDATE, DELETE ON _notionsync_intent TO other@localhost",
    .unread_by = "other",
    .unread_fate = "were deleted with it, or do not refer to it any more",
    .has_views = 1,
};

/* --- types */

#define TYPES                                                                                      \
    "CREATE TABLE typed (id int AUTO_INCREMENT PRIMARY KEY, n decimal(65,30), n2 decimal(30,4),"   \
    " s smallint, b bigint, bu bigint unsigned, r float, d double, t text, v varchar(5), c "       \
    "char(5),"                                                                                     \
    " l varchar(20) CHARACTER SET latin1, ok tinyint(1), one bit(1), bits bit(64), day date,"      \
    " dt datetime, dt3 datetime(3), ts timestamp(6) NULL, ts0 timestamp NULL, y year,"             \
    " feeling enum('sad','it''s ok','happy'), tags set('a','b c','d'), u uuid, j json, i6 inet6,"  \
    " at time(2), price decimal(12,2) NOT NULL DEFAULT 0, raw varbinary(10),"                      \
    " twice int GENERATED ALWAYS AS (s * 2) STORED, thrice int AS (s * 3) VIRTUAL);"               \
    "SET time_zone = '+00:00';"                                                                    \
    "INSERT INTO typed (n, n2, s, b, bu, r, d, t, v, c, l, ok, one, bits, day, dt, dt3, ts, ts0,"  \
    " y, feeling, tags, u, j, i6, at, price, raw) VALUES"                                          \
    " (12345678901234567890123456789.123456789, 0.0500, -7, 9223372036854775807,"                  \
    " 18446744073709551615, 0.1, 0.1, 'zwölf 😀', 'ab', 'ab  ', 'Zoë', 1, b'1', ~0,"           \
    " '2026-01-05', '2026-01-05 10:15:42', '2026-01-05 10:15:42.1234',"                            \
    " '2026-01-05 10:15:42.25', '2026-01-05 08:15:42', 2026, 'it''s ok', 'd,a',"                   \
    " '6F9619FF-8B86-D011-B42D-00C04FC964FF', '{\"b\": 1}', '::1', '-10:00:01.5', 3.5,"            \
    " x'00ff')"

static const char *const column_names[] = { "n",    "n2", "s",   "b",  "bu",  "r",    "d",
                                            "t",    "v",  "c",   "l",  "ok",  "one",  "bits",
                                            "day",  "dt", "dt3", "ts", "ts0", "y",    "feeling",
                                            "tags", "u",  "j",   "i6", "at",  "price" };

static const char *const read_as[] = { "number:12345678901234567890123456789.123456789",
                                       "number:0.05",
                                       "number:-7",
                                       "number:9223372036854775807",
                                       "number:18446744073709551615",
                                       "number:0.1",
                                       "number:0.1",
                                       "text:zwölf 😀",
                                       "text:ab",
                                       "text:ab",
                                       "text:Zoë",
                                       "bool:true",
                                       "bool:true",
                                       "number:18446744073709551615",
                                       "date:2026-01-05",
                                       "date:2026-01-05T10:15:42Z",
                                       "date:2026-01-05T10:15:42.123Z",
                                       "date:2026-01-05T10:15:42.25Z",
                                       "date:2026-01-05T08:15:42Z",
                                       "number:2026",
                                       "option:it's ok",
                                       "text:[\"a\",\"d\"]",
                                       "text:6f9619ff-8b86-d011-b42d-00c04fc964ff",
                                       "text:{\"b\": 1}",
                                       "text:::1",
                                       "text:-10:00:01.50",
                                       "number:3.5" };
#define TYPE_COUNT ((int)(sizeof(read_as) / sizeof(read_as[0])))

static nts_mapping_t *typed_mapping(void)
{
    return mapping_of("typed", NULL, "n", "n2", "s", "b", "bu", "r", "d", "t", "v", "c", "l", "ok",
                      "one", "bits", "day", "dt", "dt3", "ts", "ts0", "y", "feeling", "tags", "u",
                      "j", "i6", "at", "price", NULL);
}

static void test_types(void)
{
    const nts_schema_t *schema;
    nts_answer_t *answer;

    begin_my("types", TYPES);
    m = typed_mapping();
    provision(m);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "ok", "it is described");
    schema = answer->schema;
    tap_str(schema->key, "id", "with its key");
    tap_int(field_named(schema, "twice")->type.computed, 1, "a generated column, stored");
    tap_int(field_named(schema, "thrice")->type.computed, 1, "or not, is the database's to give");
    tap_int(field_named(schema, "v")->type.max_length, 5, "the length of a varchar");
    tap_int(field_named(schema, "c")->type.padded, 1, "that a char is filled up with blanks");
    tap_int(field_named(schema, "v")->type.padded, 0, "and a varchar is not");
    tap_int(field_named(schema, "r")->type.single, 1, "that a float keeps half the digits");
    tap_int(field_named(schema, "d")->type.single, 0, "of a double");
    tap_int(field_named(schema, "n2")->type.precision, 30, "the digits of a decimal");
    tap_int(field_named(schema, "n2")->type.scale, 4, "and those after the point");
    tap_int(field_named(schema, "price")->type.nullable, 0, "and NOT NULL");
    tap_int(field_named(schema, "dt3")->type.scale, 3, "the digits of a second");
    tap_int(field_named(schema, "feeling")->type.option_count, 3, "the choices of an enum");
    tap_int(field_named(schema, "raw")->type.kind, NTS_TYPE_UNSUPPORTED, "bytes hold no value");
    tap_str(field_named(schema, "raw")->type.native, "varbinary(10)", "and are named");

    check_values(m, column_names, read_as, TYPE_COUNT);
    tap_str(my_text(my, "SELECT CONCAT_WS(',', a.n = b.n, a.n2 = b.n2, a.s = b.s, a.b = b.b, "
                        "a.bu = b.bu, a.r = b.r, a.d = b.d, BINARY a.t = BINARY b.t, a.v = b.v, "
                        "a.c = b.c, BINARY a.l = BINARY b.l, a.ok = b.ok, a.one = b.one, "
                        "a.bits = b.bits, a.day = b.day, a.dt = b.dt, a.dt3 = b.dt3, a.ts = b.ts, "
                        "a.ts0 = b.ts0, a.y = b.y, a.feeling = b.feeling, a.tags = b.tags, "
                        "a.u = b.u, a.j = b.j, a.i6 = b.i6, a.at = b.at, a.price = b.price) "
                        "FROM typed a, typed b WHERE a.id = 1 AND b.id = 2"),
            "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "as the server sees it, too");
    end_my();
}

static void test_strange(void)
{
    nts_answer_t *answer;

    begin_my("strange",
             "CREATE TABLE odd (id varchar(20) PRIMARY KEY, ok tinyint(1), d date, l varchar(5) "
             "CHARACTER SET latin1, f float, tags set('a','b'), bu bigint unsigned);"
             "SET sql_mode = '';"
             "INSERT INTO odd VALUES ('a', 7, '0000-00-00', NULL, NULL, '', 0)");
    m = mapping_of("odd", NULL, "ok", "d", "l", "f", "tags", "bu", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "a"), 0), "opaque:the integer 7 in a column of type tinyint(1)",
            "what is no truth");
    tap_str(value_of(read_row(m, "a"), 1),
            "opaque:the text \"0000-00-00\" in a column of type date",
            "or no day, parks its field");
    tap_str(value_of(read_row(m, "a"), 4), "text:[]", "an empty set is an empty list");
    answer = write_value(m, NTS_ASK_UPDATE, "a", "w1", 2, nts_value_text("😀"), NULL);
    tap_str(result_of(answer), "refused sql.refused",
            "a letter that the column's character set lacks");
    tap_str(field_of(answer), "l", "and the column is named");
    answer = write_value(m, NTS_ASK_UPDATE, "a", "w2", 2, nts_value_text("sixsix"), NULL);
    tap_str(result_of(answer), "refused sql.refused", "a text too long is not cut");
    tap_str(field_of(answer), "l", "and the column is named");
    answer = write_value(m, NTS_ASK_UPDATE, "a", "w3", 3, number_of("1e200"), NULL);
    tap_str(result_of(answer), "refused sql.refused", "a number too large is not the largest");
    tap_str(field_of(answer), "f", "and the column is named");
    answer = write_value(m, NTS_ASK_UPDATE, "a", "w4", 4, nts_value_text("[\"a\",\"x\"]"), NULL);
    tap_str(result_of(answer), "refused sql.refused",
            "nor is a choice that the set lacks left out");
    tap_str(field_of(answer), "tags", "and the column is named");
    answer = write_value(m, NTS_ASK_UPDATE, "a", "w5", 5, number_of("-1"), NULL);
    tap_str(result_of(answer), "refused sql.refused", "no sign in a column without one");
    tap_str(field_of(answer), "bu", "and the column is named");
    tap_str(my_text(my, "SELECT CONCAT_WS('|', ok, d, l, f, tags, bu) FROM odd"), "7|0000-00-00||0",
            "nothing of it was stored");
    tap_str(result_of(write_value(m, NTS_ASK_UPDATE, "a", "w6", 3, number_of("16777217"), NULL)),
            "ok", "what a float cannot hold");
    tap_str(value_of(read_row(m, "a"), 3), "number:16777216", "is read back as what it holds");
    {
        nts_ask_t ask = ask_of(NTS_ASK_FIND, m);
        nts_value_t *values = values_of(m);

        values[2] = nts_value_text("😀");
        ask.values = values;
        tap_str(result_of(perform(&ask)), "ok", "a letter that no row can hold");
        tap_int(perform(&ask)->record_count, 0, "is found nowhere");
    }
    end_my();
}

/* --- keys */

static void test_keys(void)
{
    const char *seen = "";
    nts_answer_t *answer;
    nts_ask_t ask;

    begin_my("spelled",
             "CREATE TABLE People (id int PRIMARY KEY, name varchar(20));"
             "INSERT INTO People VALUES (2, 'Bob');"
             "CREATE TABLE loose (id int, part varchar(20) NOT NULL, UNIQUE (part(5)));"
             "CREATE TABLE big (n bigint unsigned PRIMARY KEY, v text);"
             "INSERT INTO big VALUES (1, 'one'), (18446744073709551615, 'all');"
             "CREATE TABLE cased (k varchar(20) CHARACTER SET latin1 PRIMARY KEY, v text);"
             "INSERT INTO cased VALUES ('ABC', 'x'), ('Zoë', 'y');"
             "CREATE TABLE chosen (e enum('z','a','m') CHARACTER SET latin1 PRIMARY KEY, v text);"
             "INSERT INTO chosen VALUES ('z', '1'), ('a', '2'), ('m', '3');"
             "CREATE TABLE plain (id int PRIMARY KEY, v text) ENGINE=MyISAM");
    m = mapping_of("people", NULL, "name", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "2"), 0), "text:Bob", "a table whose name is spelled otherwise");
    m = mapping_of("big", NULL, "v", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "18446744073709551615"), 0), "text:all", "a key of 64 bits");
    tap_str(result_of(read_row(m, "18446744073709551616")), "gone", "and no more");
    m = mapping_of("cased", NULL, "v", NULL);
    provision(m);
    tap_str(result_of(read_row(m, "abc")), "gone", "another case is another key");
    tap_str(value_of(read_row(m, "Zoë"), 0), "text:y", "in whatever character set");
    tap_str(result_of(read_row(m, "😀")), "gone", "also one that lacks the letter");
    m = mapping_of("chosen", NULL, "v", NULL);
    provision(m);
    ask = ask_of(NTS_ASK_LIST, m);
    ask.listing.limit = 1;
    do {
        answer = perform(&ask);
        if (answer->record_count > 0) {
            seen = apr_pstrcat(pool, seen, answer->records[0].id, NULL);
        }
        ask.listing.cursor = answer->cursor;
    } while (answer->cursor);
    tap_str(seen, "amz", "choices are listed page by page, each once");

    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", "part", "id", NULL))),
            "blocked sql.key", "a key that is unique by its beginning");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("plain", NULL, "v", NULL))),
            "blocked sql.view", "a table without transactions");
    end_my();
}

/* What triggers of the application do in our transaction is not ours; and what they do to the key is noticed. */
static void test_triggers(void)
{
    nts_answer_t *answer;

    begin_my("triggers",
             "CREATE TABLE deals (id int PRIMARY KEY, name varchar(20), total int DEFAULT 0);"
             "INSERT INTO deals VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0);"
             "CREATE TABLE log (id int PRIMARY KEY, deal int, UNIQUE once (deal));"
             "INSERT INTO log VALUES (1, 2);"
             "CREATE TRIGGER spread BEFORE UPDATE ON deals FOR EACH ROW BEGIN "
             "SET NEW.name = UPPER(NEW.name); IF NEW.name = 'MOVE' THEN SET NEW.id = 33; END IF; "
             "IF NEW.name = 'TWICE' THEN INSERT INTO log VALUES (7, 2); END IF; END;"
             "CREATE TRIGGER fresh BEFORE INSERT ON deals FOR EACH ROW SET NEW.id = NEW.id + 100;"
             "CREATE TRIGGER stop BEFORE DELETE ON deals FOR EACH ROW "
             "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not on sundays'");
    m = mapping_of("deals", NULL, "name", "total", NULL);
    provision(m);
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("new"), NULL);
    tap_str(value_of(answer, 0), "text:NEW", "what a trigger rewrote is read back");
    answer = write_value(m, NTS_ASK_UPDATE, "3", "w2", 0, nts_value_text("move"), NULL);
    tap_str(answer->id, "33", "a key that a trigger changed");
    answer = write_value(m, NTS_ASK_CREATE, "5", "w3", 0, nts_value_text("x"), NULL);
    tap_str(answer->id, "105", "also of a new row");
    tap_str(entries(changes_after(m, 0)), "u1@w1 k33<3@w2 i105@w3", "is in the entries");
    answer = write_value(m, NTS_ASK_UPDATE, "2", "w4", 0, nts_value_text("twice"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a constraint of another table");
    tap_str(field_of(answer), "(none)", "is the trigger's");
    answer = write_value(m, NTS_ASK_REMOVE, "1", "w5", -1, nts_value_null, NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a trigger that refuses");
    tap_ok(answer->outcome.words && strstr(answer->outcome.words, "not on sundays") != NULL,
           "is heard: %s", answer->outcome.words ? answer->outcome.words : "(nothing)");
    end_my();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_types();
        test_strange();
        test_keys();
        test_writing(&words);
        test_swapping();
        test_children(&children);
        test_triggers();
        end_server();
    }
    else {
        tap_skip(1, "MariaDB is not installed (on Debian: apt-get install mariadb-server)");
    }
    end_tests();
    return tap_done();
}
