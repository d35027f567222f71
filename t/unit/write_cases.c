/* write_cases.c - rows are reached by their keys and by nothing else, a write is one transaction which knows who was there, and one that is
 * refused says why and leaves nothing. */
#include "tap/tap.h"
#include "write_cases.h"

static const write_words_t *w;
static nts_mapping_t *m;

nts_answer_t *write_value(const nts_mapping_t *mapping, nts_ask_kind_t kind, const char *id,
                          const char *intent, int pair, nts_value_t value,
                          const nts_value_t *expected)
{
    nts_ask_t ask = ask_of(kind, mapping);
    nts_value_t *values = values_of(mapping);

    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    ask.expected = expected;
    if (pair >= 0) {
        values[pair] = value;
    }
    return perform(&ask);
}

const char *field_of(const nts_answer_t *answer)
{
    return answer->outcome.field ? answer->outcome.field : "(none)";
}

void check_values(const nts_mapping_t *mapping, const char *const *names,
                  const char *const *read_as, int count)
{
    nts_answer_t *before = read_row(mapping, "1");
    nts_answer_t *answer;
    nts_ask_t ask;
    int i;

    for (i = 0; i < count; i++) {
        tap_str(value_of(before, i), read_as[i], "%s is read", names[i]);
    }
    /* Each value through the connector into another row. */
    ask = ask_of(NTS_ASK_CREATE, mapping);
    ask.intent = "copy";
    ask.values = before->record->values;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "all of them are written");
    tap_str(answer->id, "2", "to a row that the database numbers");
    for (i = 0; i < count; i++) {
        tap_str(value_of(answer, i), read_as[i], "%s comes back", names[i]);
    }
    ask = ask_of(NTS_ASK_FIND, mapping);
    ask.values = before->record->values;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "rows are found by their values");
    tap_int(answer->record_count, 2, "both of them");
    for (i = 0; i < count; i++) {
        nts_value_t *values = values_of(mapping);

        values[i] = before->record->values[i];
        ask.values = values;
        tap_int(perform(&ask)->record_count, 2, "by %s alone", names[i]);
        values[i] = nts_value_null;
        tap_str(result_of(perform(&ask)), "ok", "by an empty %s", names[i]);
    }
}

/* --- keys */

static void test_keys(void)
{
    nts_ask_t ask;
    nts_answer_t *answer;
    const char *ids[] = { "1", "x", "3", "99999999999999999999" };

    begin_case("keyed",
               "CREATE TABLE people (id integer PRIMARY KEY, name varchar(20));"
               "INSERT INTO people VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Eve');"
               "CREATE TABLE two (a varchar(20), b integer, v varchar(9), PRIMARY KEY (b, a));"
               "INSERT INTO two VALUES ('it''s', 1, 'x'), ('o', 1, 'y'), ('', 2, 'z');"
               "CREATE TABLE loose (id integer, name varchar(20) UNIQUE);"
               "CREATE TABLE padded (c char(6) PRIMARY KEY, v varchar(9));"
               "INSERT INTO padded VALUES ('ab', 'x');"
               "CREATE VIEW seen AS SELECT * FROM two");
    m = mapping_of("people", NULL, "name", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "2"), 0), "text:Bob", "a row by its key");
    tap_str(result_of(read_row(m, "02")), "gone", "another spelling is another key");
    tap_str(result_of(read_row(m, "2x")), "gone", "no number is no key");
    tap_str(result_of(read_row(m, "2.0")), "gone", "nor is one that equals it");
    tap_str(result_of(read_row(m, "99999999999999999999")), "gone", "nor one out of range");
    ask = ask_of(NTS_ASK_READ_MANY, m);
    ask.ids = ids;
    ask.id_count = 4;
    tap_int(perform(&ask)->record_count, 2, "several keys, those that are");

    m = mapping_of("two", NULL, "v", NULL);
    provision(m);
    ask = ask_of(NTS_ASK_LIST, m);
    ask.listing.limit = 2;
    answer = perform(&ask);
    tap_int(answer->record_count, 2, "a page");
    tap_str(answer->records[0].id, "[\"1\",\"it's\"]",
            "a key of two columns, in the index's order");
    ask.listing.cursor = answer->cursor;
    answer = perform(&ask);
    tap_int(answer->record_count, 1, "and the rest");
    tap_str(answer->records[0].id, "[\"2\",\"\"]", "with an empty part");
    tap_int(answer->complete, 1, "to the end");
    tap_str(value_of(read_row(m, "[\"1\",\"it's\"]"), 0), "text:x", "is found again");
    m = mapping_of("two", "a,b", "v", NULL);
    tap_str(value_of(read_row(m, "[\"it's\",\"1\"]"), 0), "text:x", "or named in another order");

    m = mapping_of("padded", NULL, "v", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "ab"), 0), "text:x", "a padded key, without its padding");
    tap_str(result_of(read_row(m, "ab ")), "gone", "which nobody sees");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", NULL, "name", NULL))),
            "blocked sql.key", "no primary key");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", "name", "id", NULL))),
            "blocked sql.key", "a key that may be NULL");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", "id", "id", NULL))),
            "blocked sql.key", "or that is not unique");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("seen", NULL, "v", NULL))),
            "blocked sql.key", "a view without key=");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("none", NULL, "v", NULL))),
            "blocked sql.schema", "no table");
    end_case();
}

/* --- writes */

static void test_writes(void)
{
    nts_answer_t *answer;
    nts_value_t *expected;
    nts_ask_t ask;

    begin_case("writes",
               apr_pstrcat(pool, "CREATE TABLE people (id ", w->id,
                           ", name varchar(20) NOT NULL, email varchar(40), boss integer, age "
                           "integer, code varchar(40) DEFAULT ",
                           w->code,
                           ", CONSTRAINT one_address UNIQUE (email), CONSTRAINT grown CHECK (age > "
                           "17), CONSTRAINT has_boss FOREIGN KEY (boss) REFERENCES people (id));"
                           "INSERT INTO people (name, email, age, code) VALUES ('Ada', 'a@x', 30, "
                           "'q'), ('Bob', 'b@x', 40, 'r')",
                           NULL));
    m = mapping_of("people", NULL, "name", "email", "boss", "age", NULL);
    provision(m);
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("Eve"), NULL);
    tap_str(result_of(answer), "ok", "an update");
    tap_str(value_of(answer, 0), "text:Eve", "is read back");
    tap_str(answer->record->intent, "w1", "with its intent");
    tap_str(entries(changes_after(m, 0)), "u1@w1", "which its entry bears");
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("Zoe"), NULL);
    tap_str(value_of(answer, 0), "text:Eve", "asked again it is not done again");
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w1b", 0, nts_value_text("Eve"), NULL);
    tap_str(result_of(answer), "ok", "an update to what is there already finds its row");

    expected = values_of(m);
    expected[0] = nts_value_text("Ada");
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w2", 0, nts_value_text("Zoe"), expected);
    tap_str(result_of(answer), "stale sql.stale", "a row that is not as expected");
    tap_str(value_of(answer, 0), "text:Eve", "is shown and left");

    answer = write_value(m, NTS_ASK_UPDATE, "2", "w3", 1, nts_value_text("a@x"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a value that is taken");
    tap_str(field_of(answer), "email", "names its column");
    tap_str(answer->outcome.blocker ? answer->outcome.blocker : "(none)", "1", "and who has it");
    answer = write_value(m, NTS_ASK_UPDATE, "2", "w4", 3, number_of("3"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a check");
    tap_str(field_of(answer), "grown", "by its name");
    answer = write_value(m, NTS_ASK_UPDATE, "2", "w5", 2, number_of("77"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a reference to nothing");
    tap_str(field_of(answer), "boss", "names its column");
    answer = write_value(m, NTS_ASK_UPDATE, "2", "w6", 0, nts_value_null, NULL);
    tap_str(result_of(answer), "refused sql.required", "NULL where there must be a value");
    tap_str(field_of(answer), "name", "names its column");
    answer = write_value(m, NTS_ASK_CREATE, NULL, "w6b", 1, nts_value_text("c@x"), NULL);
    tap_str(result_of(answer), "refused sql.required", "a new row that lacks one");
    tap_str(field_of(answer), "name", "names it, too");
    tap_str(text_in(application(), "SELECT COUNT(*) FROM _notionsync_intent WHERE op <> 'state'"),
            "2", "of refused writes nothing is kept");

    ask = ask_of(NTS_ASK_READ, m);
    ask.id = "2";
    ask.want_image = 1;
    answer = perform(&ask);
    tap_str(answer->record->image,
            "{\"id\":2,\"name\":\"Bob\",\"email\":\"b@x\",\"boss\":null,\"age\":40,\"code\":\"r\"}",
            "an image");
    tap_str(result_of(write_value(m, NTS_ASK_REMOVE, "2", "w7", -1, nts_value_null, NULL)), "ok",
            "a delete");
    tap_str(result_of(read_row(m, "2")), "gone", "the row is gone");
    ask = ask_of(NTS_ASK_RESTORE, m);
    ask.id = "2";
    ask.intent = "w8";
    ask.image = answer->record->image;
    tap_str(result_of(perform(&ask)), "ok", "and comes back");
    tap_str(text_in(application(),
                    "SELECT CONCAT_WS(',', id, name, email, age, code) FROM people WHERE id = 2"),
            "2,Bob,b@x,40,r", "under its number");
    tap_str(entries(changes_after(m, 0)), "u1@w1 d2@w7 i2@w8", "each under its intent");
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w9", 2, number_of("2"), NULL);
    tap_str(result_of(answer), "ok", "a reference");
    answer = write_value(m, NTS_ASK_REMOVE, "2", "w10", -1, nts_value_null, NULL);
    tap_str(result_of(answer), "refused sql.constraint", "keeps what it refers to");
    answer = write_value(m, NTS_ASK_CREATE, NULL, "w11", 0, nts_value_text("New"), NULL);
    tap_str(answer->id, text_in(application(), "SELECT id FROM people WHERE name = 'New'"),
            "a new row has the database's number");
    tap_str(text_in(application(), "SELECT CHAR_LENGTH(code) FROM people WHERE name = 'New'"), "36",
            "and its defaults");
    end_case();
}

/* Two writes to one row in one transaction, and a third that is refused. */
static void test_bundle(void)
{
    nts_ask_t asks[4];
    const nts_ask_t *ask_of_each[4];
    nts_answer_t answers[4];
    nts_answer_t *answer_of_each[4];
    apr_pool_t *pools[4];
    int done = 0;
    int i;

    begin_case("bundle",
               apr_pstrcat(pool, "CREATE TABLE deals (id integer PRIMARY KEY, name ", w->exact,
                           " UNIQUE);"
                           "INSERT INTO deals VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                           NULL));
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    for (i = 0; i < 4; i++) {
        static const char *const names[] = { "A", "AA", "c", "C" };
        static const char *const keys[] = { "1", "1", "2", "3" };
        static const char *const intents[] = { "w0", "w1", "w2", "w3" };
        nts_value_t *values = values_of(m);

        values[0] = nts_value_text(names[i]);
        asks[i] = ask_of(NTS_ASK_UPDATE, m);
        asks[i].id = keys[i];
        asks[i].intent = intents[i];
        asks[i].values = values;
        ask_of_each[i] = &asks[i];
        answer_of_each[i] = &answers[i];
        pools[i] = pool;
    }
    while (done < 4) {
        done += nts_connector_sql.perform_writes(connection, ask_of_each + done,
                                                 answer_of_each + done, pools + done, 4 - done);
    }
    tap_str(result_of(&answers[1]), "ok", "the second write to a row");
    tap_str(result_of(&answers[2]), "refused sql.constraint", "one that is refused");
    tap_str(result_of(&answers[3]), "ok", "does not undo the others");
    tap_str(entries(changes_after(m, 0)), "u1@w0 u1@w1 u3@w3", "each entry has its own intent");
    tap_str(text_in(application(), apr_pstrcat(pool, "SELECT ", w->joined, " FROM deals", NULL)),
            "AA,b,C", "and all is there");
    end_case();
}

void test_writing(const write_words_t *words)
{
    w = words;
    test_keys();
    test_writes();
    test_bundle();
}
