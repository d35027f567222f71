/* Proves S3.3: a write happens only on the row that was expected, as one transaction that can be proven
 * afterwards and repeated without harm; and that every refusal says which column and why. */
#include <stdlib.h>

#include "sql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'new', amount REAL, "  \
    "at DATETIME, stage TEXT DEFAULT 'open', note TEXT);"                                          \
    "INSERT INTO deals VALUES (1, 'Ada', 1.5, '2026-07-01T12:00:00.000Z', 'won', 'keep me')"

static nts_mapping_t *m;
static nts_value_t *values;
static nts_value_t *expected;

/* Pairs: 0 name, 1 amount, 2 at, 3 stage. */
static void begin(const char *name, const char *more)
{
    begin_database(name, apr_pstrcat(pool, DEALS, ";", more, NULL));
    m = mapping_of("deals", NULL, "name", "amount", "at", "stage", NULL);
    provision(m);
    values = values_of(m);
    expected = values_of(m);
}

static nts_ask_t write_ask(nts_ask_kind_t kind, const char *id, const char *intent)
{
    nts_ask_t ask = ask_of(kind, m);

    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    ask.expected = kind == NTS_ASK_UPDATE || kind == NTS_ASK_REMOVE ? expected : NULL;
    return ask;
}

static nts_answer_t *write_row(nts_ask_kind_t kind, const char *id, const char *intent)
{
    nts_ask_t ask = write_ask(kind, id, intent);

    return perform(&ask);
}

static nts_answer_t *intent_of(const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_INTENT, m);

    ask.intent = intent;
    return perform(&ask);
}

static void test_update(void)
{
    nts_answer_t *answer;

    begin("update.db", "INSERT INTO deals (id) VALUES (2)");
    values[1] = number_of("19.99");
    values[2] = date_of("2026-08-01T10:00:00.5Z");
    expected[0] = nts_value_text("Ada");
    expected[1] = number_of("1.5");
    expected[2] = date_of("2026-07-01T12:00:00Z");
    answer = write_row(NTS_ASK_UPDATE, "1", "i-1");
    tap_str(result_of(answer), "ok", "an update of a row that is as expected");
    tap_str(answer->record->id, "1", "the record");
    tap_str(value_of(answer, 0), "text:Ada", "a field that was not sent");
    tap_str(value_of(answer, 1), "number:19.99", "one that was, as read back");
    tap_str(answer->record->intent, "i-1", "the write is ours");
    tap_ok(answer->record->changed > 0 && answer->record->changed_by_us, "and has a time");
    tap_str(app_text("SELECT at FROM deals WHERE id = 1"), "2026-08-01T10:00:00.500Z",
            "a time is written as its predecessor was");
    tap_str(app_text("SELECT note FROM deals WHERE id = 1"), "keep me", "other columns stay");
    tap_str(entries(changes_after(m, 0)), "u1@i-1", "one entry, which is marked");

    answer = intent_of("i-1");
    tap_int(answer->applied, 1, "the write can be proven");
    tap_str(value_of(answer, 1), "number:19.99", "with what was read back");
    tap_int(intent_of("i-0")->applied, 0, "another one not");

    app_run("UPDATE deals SET amount = 7 WHERE id = 1");
    tap_str(read_row(m, "1")->record->intent, "i-1",
            "the key is known as one we wrote, whoever edited it since (S3.8)");
    tap_int(read_row(m, "1")->record->changed_by_us, 0, "but its last change is not ours");
    answer = write_row(NTS_ASK_UPDATE, "1", "i-1");
    tap_str(result_of(answer), "ok", "the same intent once more");
    tap_str(value_of(answer, 1), "number:19.99", "answers what it did then");
    tap_str(app_text("SELECT amount FROM deals WHERE id = 1"), "7.0", "and does nothing");

    answer = write_row(NTS_ASK_UPDATE, "1", "i-2");
    tap_str(result_of(answer), "stale sql.stale", "a row that is not as expected");
    tap_str(value_of(answer, 1), "number:7", "is shown as it is");
    tap_int(intent_of("i-2")->applied, 0, "and was not written");
    expected[1] = nts_value_absent;
    expected[2] = nts_value_absent;
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", "i-2b")), "ok",
            "values that are not expected are not compared");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "3", "i-3")), "gone", "no such row");

    expected[0] = nts_value_text("new");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "2", NULL)), "ok", "without an intent");
    tap_str(app_text("SELECT at FROM deals WHERE id = 2"), "2026-08-01 10:00:00.5",
            "a time where there was none");
    end_database();
}

static void test_times(void)
{
    static const struct {
        const char *like;
        const char *written;
    } cases[] = {
        { "2026-01-01 00:00:00", "2026-07-01 12:00:00" },
        { "2026-01-01T00:00:00", "2026-07-01T12:00:00" },
        { "2026-01-01 00:00:00.000", "2026-07-01 12:00:00.000" },
        { "2026-01-01T00:00:00.000Z", "2026-07-01T10:00:00.000Z" },
        { "2026-01-01 00:00:00+00:00", "2026-07-01 12:00:00+02:00" },
        { "2026-01-01 00:00:00.123456789+01:00", "2026-07-01 12:00:00.000000000+02:00" },
        { "2026-01-01 00:00:00 UTC", "2026-07-01 10:00:00 UTC" },
        { "2026-01-01 00:00 UTC", "2026-07-01 10:00:00 UTC" },
        { "2026-01-01T00:00Z", "2026-07-01T10:00:00Z" },
        { "2026-01-01", "2026-07-01 12:00:00" },
        { "soon", "2026-07-01 12:00:00" },
    };

    begin("times.db", "");
    m->timezone = "Europe/Berlin";
    values[2] = date_of("2026-07-01T10:00:00Z");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        app_run(apr_psprintf(pool, "UPDATE deals SET at = '%s'", cases[i].like));
        tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", NULL)), "ok", "%s", cases[i].like);
        tap_str(app_text("SELECT at FROM deals"), cases[i].written, "becomes %s", cases[i].written);
    }
    m->timezone = "Mars/Olympus";
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", NULL)), "blocked sql.timezone",
            "an unknown zone");
    end_database();
}

static void test_key_change(void)
{
    nts_answer_t *answer;

    begin("key.db", "");
    m = mapping_of("deals", NULL, "id", "name", NULL);
    values = values_of(m);
    expected = values_of(m);
    values[0] = number_of("5");
    answer = write_row(NTS_ASK_UPDATE, "1", "i-1");
    tap_str(result_of(answer), "ok", "a mapped key can be written");
    tap_str(answer->record->id, "5", "and the answer has the new one");
    tap_str(answer->record->intent, "i-1", "with our mark");
    tap_str(entries(changes_after(m, 0)), "k5<1@i-1", "logged as a key change of ours");
    end_database();
}

static void test_composite_key(void)
{
    const char *key = "[\"it's\",\"7\"]";
    nts_answer_t *answer;

    begin("composite.db", "CREATE TABLE two (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b))");
    m = mapping_of("two", NULL, "v", "b", NULL);
    provision(m);
    values = values_of(m);
    expected = values_of(m);
    values[0] = nts_value_text("x");
    answer = write_row(NTS_ASK_CREATE, key, "i-1");
    tap_str(answer->id, key, "a row with a key of two columns");
    tap_str(read_row(m, key)->record->intent, "i-1", "carries its intent");
    values[1] = number_of("8");
    answer = write_row(NTS_ASK_UPDATE, key, "i-2");
    tap_str(answer->id, "[\"it's\",\"8\"]", "one part of it is changed");
    tap_str(read_row(m, answer->id)->record->intent, "i-2", "carries that");
    tap_str(entries(changes_after(m, 0)),
            "i[\"it's\",\"7\"]@i-1 k[\"it's\",\"8\"]<[\"it's\",\"7\"]@i-2", "logged as ours");
    tap_str(result_of(write_row(NTS_ASK_REMOVE, answer->id, "i-3")), "ok", "and it is deleted");
    end_database();
}

/* Triggers of the application that run inside our transaction. */
static void test_triggers(void)
{
    nts_answer_t *answer;

    begin("triggers.db",
          "INSERT INTO deals (id, name) VALUES (2, 'B'), (3, 'C'), (4, 'D');"
          "CREATE TRIGGER tidy AFTER UPDATE OF name ON deals BEGIN "
          "UPDATE deals SET name = upper(NEW.name) WHERE id = NEW.id; "
          "UPDATE deals SET note = 'touched' WHERE id = 2; END;"
          "CREATE TRIGGER no_c BEFORE UPDATE ON deals WHEN OLD.id = 3 BEGIN "
          "SELECT RAISE(IGNORE); END;"
          "CREATE TRIGGER archive AFTER UPDATE OF stage ON deals WHEN NEW.stage = 'done' BEGIN "
          "DELETE FROM deals WHERE id = NEW.id; END;"
          "CREATE TRIGGER keep BEFORE DELETE ON deals WHEN OLD.name = 'KEEP' BEGIN "
          "SELECT RAISE(IGNORE); END;"
          "CREATE TRIGGER check_amount BEFORE UPDATE ON deals WHEN NEW.amount < 0 BEGIN "
          "SELECT RAISE(ABORT, 'amounts are positive'); END");
    values[0] = nts_value_text("ada");
    answer = write_row(NTS_ASK_UPDATE, "1", "i-1");
    tap_str(value_of(answer, 0), "text:ADA", "the answer is what a trigger made of it");
    tap_str(value_of(intent_of("i-1"), 0), "text:ADA", "and so is the proof");
    tap_str(entries(changes_after(m, 0)), "u1@i-1 u1@i-1 u2",
            "what triggers changed in other rows is not our own echo");

    answer = write_row(NTS_ASK_UPDATE, "3", "i-3");
    tap_str(result_of(answer), "refused sql.ignored", "a trigger that ignores the write");
    tap_int(intent_of("i-3")->applied, 0, "nothing was written");

    values = values_of(m);
    values[3] = nts_value_text("done");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "4", "i-4")), "gone", "one that deletes the row");
    tap_int(intent_of("i-4")->applied, 1, "which was written before");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "4", "i-4")), "gone", "asked again");

    values = values_of(m);
    values[1] = number_of("-1");
    answer = write_row(NTS_ASK_UPDATE, "1", "i-5");
    tap_str(result_of(answer), "refused sql.constraint", "one that refuses");
    tap_str(answer->outcome.words, "amounts are positive", "in its own words");

    app_run("UPDATE deals SET name = 'keep' WHERE id = 2");
    tap_str(result_of(write_row(NTS_ASK_REMOVE, "2", "i-6")), "refused sql.ignored",
            "one that keeps a row");
    end_database();
}

static void test_create(void)
{
    nts_answer_t *answer;

    begin("create.db", "CREATE TABLE words (k TEXT PRIMARY KEY, v TEXT);"
                       "CREATE TABLE made (k TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(4)))), "
                       "v TEXT);"
                       "CREATE TABLE norowid (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;"
                       "CREATE TABLE late (k TEXT PRIMARY KEY, v TEXT);"
                       "CREATE TRIGGER late_key AFTER INSERT ON late WHEN NEW.k IS NULL BEGIN "
                       "UPDATE late SET k = 'late-' || NEW.rowid WHERE rowid = NEW.rowid; END");
    values[0] = nts_value_null;
    values[1] = number_of("12");
    values[3] = nts_value_null;
    answer = write_row(NTS_ASK_CREATE, NULL, "i-1");
    tap_str(result_of(answer), "ok", "a row whose key the database makes");
    tap_str(answer->id, "2", "is told");
    tap_str(value_of(answer, 0), "text:new", "null where none is allowed takes the default");
    tap_str(value_of(answer, 3), "null", "null where it is allowed is null");
    tap_str(answer->record->intent, "i-1", "the row carries the intent");
    answer = write_row(NTS_ASK_CREATE, NULL, "i-1");
    tap_str(answer->id, "2", "once more with the same intent: the same row");
    tap_str(app_text("SELECT count(*) FROM deals"), "2", "and no second one");
    answer = write_row(NTS_ASK_CREATE, "77", "i-2");
    tap_str(answer->id, "77", "a key that is wanted");
    answer = write_row(NTS_ASK_CREATE, "77", "i-3");
    tap_str(result_of(answer), "refused sql.constraint", "and taken");
    tap_str(answer->outcome.what,
            "the constraint UNIQUE on id forbids this record: the row with key 77 has that value",
            "by whom");

    m = mapping_of("words", NULL, "v", NULL);
    provision(m);
    values = values_of(m);
    values[0] = nts_value_text("x");
    answer = write_row(NTS_ASK_CREATE, NULL, "i-4");
    tap_str(result_of(answer), "refused sql.no_key", "a text key that nobody fills");
    tap_str(app_text("SELECT count(*) FROM words"), "0", "leaves nothing behind");
    m = mapping_of("words", NULL, "v", "k", NULL);
    values = values_of(m);
    values[1] = nts_value_text("k1");
    tap_str(write_row(NTS_ASK_CREATE, NULL, "i-5")->id, "k1", "a mapped key");

    m = mapping_of("made", NULL, "v", NULL);
    provision(m);
    values = values_of(m);
    answer = write_row(NTS_ASK_CREATE, NULL, "i-6");
    tap_ok(answer->id && strlen(answer->id) == 8, "a key by DEFAULT, and no values at all");
    tap_str(entries(changes_after(m, 0)), apr_psprintf(pool, "i%s@i-6", answer->id), "logged");

    m = mapping_of("norowid", NULL, "v", NULL);
    provision(m);
    values = values_of(m);
    tap_str(write_row(NTS_ASK_CREATE, "w", "i-7")->id, "w", "without row numbers");
    tap_str(result_of(write_row(NTS_ASK_CREATE, NULL, "i-8")), "refused sql.required",
            "where the database itself wants a key");

    m = mapping_of("late", NULL, "v", NULL);
    provision(m);
    values = values_of(m);
    answer = write_row(NTS_ASK_CREATE, NULL, "i-9");
    tap_str(answer->id, "late-1", "a key that a trigger fills in");
    tap_str(answer->record->intent, "i-9", "is marked as well");
    end_database();
}

static void test_remove(void)
{
    nts_answer_t *answer;
    nts_ask_t ask;
    const char *image;

    begin("remove.db", "ALTER TABLE deals ADD COLUMN raw BLOB;"
                       "UPDATE deals SET raw = x'00ff', at = x'01'");
    answer = read_row(m, "1");
    ask = write_ask(NTS_ASK_READ, "1", NULL);
    ask.want_image = 1;
    image = perform(&ask)->record->image;
    expected[0] = nts_value_text("other");
    tap_str(result_of(write_row(NTS_ASK_REMOVE, "1", "i-1")), "stale sql.stale",
            "a row that was edited is not deleted");
    memcpy(expected, answer->record->values, 4 * sizeof(*expected));
    answer = write_row(NTS_ASK_REMOVE, "1", "i-2");
    tap_str(result_of(answer), "ok", "one that is as expected is, unrepresentable value and all");
    tap_str(app_text("SELECT count(*) FROM deals"), "0", "gone");
    answer = changes_after(m, 0);
    tap_str(entries(answer), "d1@i-2", "logged as ours");
    tap_str(answer->changes[0].image, image,
            "the image of the log and the image of the read agree");
    answer = write_row(NTS_ASK_REMOVE, "1", "i-2");
    tap_str(result_of(answer), "ok", "asked again");
    tap_int(intent_of("i-2")->applied, 1, "proven");
    tap_str(result_of(write_row(NTS_ASK_REMOVE, "1", "i-3")), "gone",
            "another delete finds nothing");

    end_database();
}

static void test_restore(void)
{
    static const char image[] =
        "{\"id\":1,\"name\":\"Ada\",\"amount\":1.0e+300,\"at\":null,\"stage\":{\"text\":\"ff\"},"
        "\"note\":\"keep \\\"me\\\"\",\"raw\":{\"blob\":\"00ff\"},\"dropped\":1,\"g\":5}";
    nts_answer_t *answer;
    nts_ask_t ask;

    begin("restore.db", "ALTER TABLE deals ADD COLUMN raw BLOB;"
                        "ALTER TABLE deals ADD COLUMN g INTEGER AS (id + 4);"
                        "DELETE FROM deals; INSERT INTO deals (id) VALUES (2)");
    values[0] = nts_value_text("Grace");
    ask = write_ask(NTS_ASK_RESTORE, "1", "i-1");
    ask.image = image;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "a row is restored from its image");
    tap_str(answer->id, "1", "under its key");
    tap_str(
        app_text("SELECT json_array(name, amount, at, hex(stage), typeof(stage), note, hex(raw), "
                 "typeof(raw), typeof(id)) FROM deals WHERE id = 1"),
        "[\"Grace\",1.0e+300,null,\"FF\",\"text\",\"keep \\\"me\\\"\",\"00FF\",\"blob\","
        "\"integer\"]",
        "with all columns as they were, and the given value");
    tap_str(answer->record->intent, "i-1", "marked");
    answer = perform(&ask);
    tap_str(answer->id, "1", "asked again");
    ask.intent = "i-2";
    tap_str(result_of(perform(&ask)), "refused sql.key_taken", "a key in use is not overwritten");
    ask.id = "9";
    ask.intent = "i-3";
    ask.image = "{\"id\":9,\"name\":[]}";
    tap_str(result_of(perform(&ask)), "refused sql.image", "an image that is none");
    ask.image = NULL;
    tap_str(perform(&ask)->id, "9", "without an image: the values, under the key");
    end_database();
}

static void test_constraints(void)
{
    static const struct {
        int pair;
        const char *value;
        const char *what;
        const char *field;
    } cases[] = {
        { 0, "Bob",
          "the constraint UNIQUE on name forbids this record: the row with key 2 has "
          "that value",
          "name" },
        { 1, NULL, "the record waits for a value of the column email, which must not be empty",
          "email" },
        { 2, "-5", "the constraint CHECK on positive forbids this record", "positive" },
        { 3, "99", "the constraint FOREIGN KEY forbids this record", NULL },
        { 4, "a BLOB of text",
          "the constraint CHECK on typeof(strict) = 'integer' forbids this "
          "record",
          "typeof(strict) = 'integer'" },
    };

    begin_database("constraints.db",
                   "CREATE TABLE owner (id INTEGER PRIMARY KEY);"
                   "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT UNIQUE, "
                   "email TEXT NOT NULL, n INTEGER CONSTRAINT positive CHECK (n >= 0), "
                   "owner INTEGER REFERENCES owner, strict CHECK (typeof(strict) = 'integer'));"
                   "INSERT INTO deals VALUES (1, 'Ada', 'a', 1, NULL, 1), (2, 'Bob', 'b', 1, NULL, "
                   "1)");
    m = mapping_of("deals", NULL, "name", "email", "n", "owner", "strict", NULL);
    provision(m);
    expected = values_of(m);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nts_answer_t *answer;

        values = values_of(m);
        values[cases[i].pair] = !cases[i].value ? nts_value_null
                                : cases[i].pair == 2 || cases[i].pair == 3
                                    ? number_of(cases[i].value)
                                    : nts_value_text(cases[i].value);
        answer = write_row(NTS_ASK_UPDATE, "1", apr_psprintf(pool, "i-%d", (int)i));
        tap_str(result_of(answer),
                cases[i].value ? "refused sql.constraint" : "refused sql.required", "%s",
                cases[i].what);
        tap_str(answer->outcome.what, cases[i].what, "which one");
        tap_str(answer->outcome.field, cases[i].field, "on which column");
        tap_int(intent_of(apr_psprintf(pool, "i-%d", (int)i))->applied, 0, "nothing was written");
    }
    tap_str(app_text("SELECT name || email || n FROM deals WHERE id = 1"), "Adaa1",
            "all as before");

    /* Checked only at the end of the transaction. */
    app_run("PRAGMA foreign_keys = OFF; CREATE TABLE late (id INTEGER PRIMARY KEY, o INTEGER "
            "REFERENCES owner DEFERRABLE INITIALLY DEFERRED)");
    m = mapping_of("late", NULL, "o", NULL);
    provision(m);
    values = values_of(m);
    values[0] = number_of("99");
    tap_str(result_of(write_row(NTS_ASK_CREATE, NULL, "i-9")), "refused sql.constraint",
            "a constraint that fails at commit");
    tap_str(app_text("SELECT count(*) FROM late"), "0", "undoes it all");
    tap_str(result_of(read_row(m, "1")), "gone", "and the connection goes on");
    end_database();
}

static void test_values(void)
{
    nts_answer_t *answer;

    begin_database("values.db",
                   "CREATE TABLE deals (id INTEGER PRIMARY KEY, n INTEGER, b BOOLEAN, d DATE, "
                   "at DATETIME, tz TIMESTAMPTZ, t TEXT, m DECIMAL(10,2), g AS (n + 1));"
                   "INSERT INTO deals (id) VALUES (1)");
    m = mapping_of("deals", NULL, "n", "b", "d", "at", "tz", "t", "m", "g", NULL);
    m->timezone = "America/New_York";
    provision(m);
    values = values_of(m);
    expected = values_of(m);
    values[0] = number_of("9223372036854775807");
    values[1] = nts_value_bool(1);
    values[2] = date_of("2026-02-28");
    values[3] = date_of("2026-02-28T12:00:00Z");
    values[4] = date_of("2026-02-28T12:00:00Z");
    values[5] = nts_value_option("id", "Won");
    values[6] = number_of("19.90");
    values[7] = number_of("1");
    answer = write_row(NTS_ASK_UPDATE, "1", NULL);
    tap_str(result_of(answer), "ok", "a value of each kind");
    tap_str(app_text("SELECT json_array(n, b, d, at, tz, t, m) FROM deals"),
            "[9223372036854775807,1,\"2026-02-28\",\"2026-02-28 07:00:00\","
            "\"2026-02-28 07:00:00-05:00\",\"Won\",19.9]",
            "as the database spells them");
    for (int i = 0; i < 5; i++) {
        tap_ok(nts_value_equal(&answer->record->values[i], &values[i]), "and reads them back: %s",
               value_of(answer, i));
    }

    values = values_of(m);
    values[0] = number_of("9223372036854775808");
    answer = write_row(NTS_ASK_UPDATE, "1", NULL);
    tap_str(result_of(answer), "refused sql.value", "a number beyond 64 bits");
    tap_str(answer->outcome.field, "n", "for that column");
    tap_str(answer->outcome.what,
            "the value 9223372036854775808 cannot be stored in column n: the "
            "column holds numbers of 64 bits only",
            "with the reason");
    values[0] = number_of("1.5");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", NULL)), "refused sql.value", "a fraction");
    values = values_of(m);
    values[2] = date_of("2026-02-28T12:00:00Z");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", NULL)), "refused sql.value",
            "a time in a column of days");
    values = values_of(m);
    values[3] = date_of("2026-02-28");
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", NULL)), "refused sql.value",
            "a day in a column of times");
    end_database();
}

static void test_not_provisioned(void)
{
    begin_database("bare.db", DEALS);
    m = mapping_of("deals", NULL, "name", NULL);
    values = values_of(m);
    expected = values_of(m);
    tap_str(result_of(write_row(NTS_ASK_UPDATE, "1", "i-1")), "blocked sql.not_provisioned",
            "nothing is written that could not be proven");
    tap_int(intent_of("i-1")->applied, 0, "there is no proof of anything");
    end_database();
}

static void test_intents_are_pruned(void)
{
    begin("intents.db", "");
    values[0] = nts_value_text("x");
    (void)write_row(NTS_ASK_UPDATE, "1", "old");
    app_run("UPDATE _notionsync_intent SET at = at - 8 * 86400000");
    (void)write_row(NTS_ASK_UPDATE, "1", "young");
    tap_str(app_text("SELECT group_concat(intent) FROM _notionsync_intent"), "young",
            "intents are kept for a week");
    end_database();
}

/* Writes of three records handed over together; "results: names in the table". */
static const char *bundle(const char *run, const char *first, const char *second, const char *third)
{
    const char *names[3] = { first, second, third };
    const nts_ask_t *asks[3];
    nts_answer_t *answers[3];
    apr_pool_t *pools[3];
    nts_ask_t ask[3];
    const char *text = "";
    int i;

    for (i = 0; i < 3; i++) {
        values = values_of(m);
        values[0] = nts_value_text(names[i]);
        ask[i] = write_ask(NTS_ASK_CREATE, NULL, apr_pstrcat(pool, run, names[i], NULL));
        asks[i] = &ask[i];
        answers[i] = apr_pcalloc(pool, sizeof(nts_answer_t));
        pools[i] = pool;
    }
    for (i = 0; i < 3;) {
        i += nts_connector_sql.perform_writes(connection, asks + i, answers + i, pools + i, 3 - i);
    }
    for (i = 0; i < 3; i++) {
        text = apr_pstrcat(pool, text, i ? ", " : "", result_of(answers[i]), NULL);
    }
    return apr_pstrcat(pool, text, ": ",
                       app_text("SELECT group_concat(name) FROM (SELECT name FROM deals WHERE "
                                "id > 1 ORDER BY id)"),
                       NULL);
}

static void test_bundles(void)
{
    begin("bundle.db",
          "CREATE UNIQUE INDEX one ON deals (name);"
          "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
          "CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);"
          "CREATE TRIGGER late AFTER INSERT ON deals WHEN new.name = 'late' BEGIN"
          " INSERT INTO child VALUES (9); END;"
          "CREATE TRIGGER back AFTER INSERT ON deals WHEN new.name = 'back' BEGIN"
          " SELECT RAISE(ROLLBACK, 'not this one'); END");
    tap_str(bundle("1", "a", "b", "c"), "ok, ok, ok: a,b,c", "writes handed over together");
    tap_str(entries(changes_after(m, 0)), "i2@1a i3@1b i4@1c", "each is marked as ours");
    tap_int(intent_of("1b")->applied, 1, "and can be proven");
    tap_str(bundle("2", "d", "a", "e"), "ok, refused sql.constraint, ok: a,b,c,d,e",
            "one that is refused does not touch the others");
    tap_int(intent_of("1a")->applied, 1, "nor what was proven");
    tap_str(bundle("3", "f", "late", "g"), "ok, refused sql.constraint, ok: a,b,c,d,e,f,g",
            "nor one that the database refuses only at the end");
    tap_str(bundle("4", "h", "back", "i"), "ok, refused sql.constraint, ok: a,b,c,d,e,f,g,h,i",
            "nor one that ends the transaction of all");
    end_database();
}

int main(void)
{
    begin_tests();
    test_bundles();
    test_update();
    test_times();
    test_key_change();
    test_composite_key();
    test_triggers();
    test_create();
    test_remove();
    test_restore();
    test_constraints();
    test_values();
    test_not_provisioned();
    test_intents_are_pruned();
    end_tests();
    return tap_done();
}
