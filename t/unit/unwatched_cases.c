/* unwatched_cases.c - what is true, in every database, of views and of tables on which we may create no triggers: what can be
 * written is, what cannot is refused with the server's words, edits are noticed by modified= where that is named, and what it
 * costs is said. */
#include <string.h>
#include <unistd.h>

#include "tap/tap.h"
#include "unwatched_cases.h"

static const unwatched_words_t *w;
static nts_mapping_t *m;
static const char *database; /* of the case */

nts_answer_t *write_with(const nts_mapping_t *mapping, nts_ask_kind_t kind, const char *id,
                         const char *intent, const char *name)
{
    nts_ask_t ask = ask_of(kind, mapping);
    nts_value_t *values = values_of(mapping);

    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    if (name) {
        values[0] = nts_value_text(name);
    }
    return perform(&ask);
}

const nts_schema_t *described(const nts_mapping_t *mapping)
{
    nts_answer_t *answer = perform_kind(NTS_ASK_DESCRIBE, mapping);

    tap_str(result_of(answer), "ok", "%s is described", mapping->collection);
    return answer->schema;
}

int says(const char *text, const char *words)
{
    return text && strstr(text, words) != NULL;
}

static nts_mapping_t *modified_mapping(const char *modified)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, "name", NULL);

    mapping->modified = modified;
    return mapping;
}

static const char *names_in(const char *table)
{
    return text_in(application(), apr_pstrcat(pool, "SELECT ", w->joined, " FROM ", table, NULL));
}

/* --- views */

static void test_plain_view(void)
{
    const nts_schema_t *schema;
    nts_answer_t *answer;
    nts_ask_t ask;

    begin_case("plain",
               apr_pstrcat(pool, "CREATE TABLE base (id ", w->id,
                           ", name varchar(40), hidden varchar(9) DEFAULT 'x');"
                           "INSERT INTO base (name) VALUES ('Ada'), ('Bob'), ('Eve');"
                           "CREATE VIEW people AS SELECT id, name, upper(name) AS loud FROM base "
                           "WHERE name <> 'Eve'",
                           NULL));
    m = mapping_of("people", NULL, "name", NULL);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "blocked sql.key", "a view without key=");
    m = mapping_of("people", "id", "name", "loud", NULL);
    m->pairs[1].direction = NTS_TO_NOTION;
    provision(m);
    schema = described(m);
    tap_int(schema->provisioned, 1, "nothing is missing on it");
    tap_ok(says(schema->problem, "found by full reconciliation only"), "but it is said: %s",
           schema->problem ? schema->problem : "(nothing)");
    tap_int(schema->fields[1].type.computed, 0, "a column that can be written");
    tap_int(schema->fields[2].type.computed, 1, "and one that cannot");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "a row");
    tap_str(result_of(read_row(m, "3")), "gone", "what the view does not show");
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "1", "w1", "Zoe")), "ok", "an update");
    answer = write_with(m, NTS_ASK_CREATE, NULL, "w2", "New");
    tap_str(result_of(answer), "ok", "a new row");
    tap_str(answer->id, "4", "with the key that the table gives it");
    ask = ask_of(NTS_ASK_REMOVE, m);
    ask.id = "2";
    ask.intent = "w3";
    ask.want_image = 1;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "a delete");
    tap_str(entries(changes_after(m, 0)), "u1@w1 i4@w2 d2@w3", "others hear of our own writes");
    tap_str(names_in("base"), "Zoe,Eve,New", "all is there");
    ask = ask_of(NTS_ASK_RESTORE, m);
    ask.id = "2";
    ask.intent = "w4";
    ask.image = answer->record->image;
    tap_ok(says(ask.image, "BOB"), "what was deleted is kept, with what the view computes");
    tap_str(result_of(perform(&ask)), "ok", "and put back without that");
    tap_str(names_in("base"), "Zoe,Bob,Eve,New", "as it was");
    answer = write_with(m, NTS_ASK_UPDATE, "1", "w5", "Eve");
    tap_str(result_of(answer), "gone", "what leaves the view by our own write is gone from it");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, m)), "ok", "and it can be taken away");
    end_case();
}

static void test_read_only(void)
{
    const nts_schema_t *schema;
    nts_ask_t ask;
    nts_answer_t *answer;

    begin_case("sums", "CREATE TABLE orders (who varchar(9), sum integer);"
                       "INSERT INTO orders VALUES ('Ada', 1), ('Ada', 2), ('Bob', 3), (NULL, 4);"
                       "CREATE VIEW sums AS SELECT who, sum(sum) AS total FROM orders GROUP BY who;"
                       "CREATE VIEW kept AS SELECT who, sum FROM orders");
    m = mapping_of("sums", "who", "total", NULL);
    m->pairs[0].direction = NTS_TO_NOTION;
    provision(m);
    schema = described(m);
    tap_int(schema->fields[0].type.computed + schema->fields[1].type.computed, 2,
            "nothing of it can be written");
    tap_ok(says(schema->problem, "NULL in the key"), "a row has no key");
    ask = ask_of(NTS_ASK_LIST, m);
    ask.listing.limit = 1;
    answer = perform(&ask);
    tap_str(answer->records[0].id, "Ada", "the rest is read");
    ask.listing.cursor = answer->cursor;
    answer = perform(&ask);
    tap_str(answer->records[0].id, "Bob", "page by page");
    ask.listing.cursor = answer->cursor;
    answer = perform(&ask);
    tap_int(answer->record_count, 0, "but for what has no key");
    tap_int(answer->complete, 1, "to the end");
    answer = write_with(m, NTS_ASK_REMOVE, "Ada", "w1", NULL);
    tap_str(result_of(answer), "refused sql.refused", "a write is refused");
    tap_ok(says(answer->outcome.words, w->refused), "in the server's words: %s",
           answer->outcome.words ? answer->outcome.words : "(none)");
    m = mapping_of("kept", "who", "sum", NULL);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "blocked sql.key", "a key that is not unique");
    tap_ok(says(answer->outcome.what, "Ada"), "is shown: %s", answer->outcome.what);
    end_case();
}

/* --- tables of others */

static const char *others(void)
{
    return apr_pstrcat(pool, "CREATE TABLE deals (id integer PRIMARY KEY, name varchar(40), at ",
                       w->instant, " NOT NULL DEFAULT CURRENT_TIMESTAMP(3), plain ", w->local,
                       ", sec ", w->second, ");INSERT INTO deals (id, name, at) VALUES (1, 'Ada', ",
                       w->last_year, "), (2, 'Bob', ", w->last_year, "), (3, 'Eve', ", w->last_year,
                       ")", NULL);
}

/* The connector's account may write the table of somebody else. */
static void begin_others(const char *name)
{
    database = name;
    begin_case(name, others());
    as_administrator(name, w->poor);
    reopen_connector(w->other, name);
}

static void test_no_right(void)
{
    const nts_schema_t *schema;
    nts_answer_t *answer;
    nts_ask_t ask;

    begin_others("others");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    schema = described(m);
    tap_int(schema->provisioned, 1, "no triggers are waited for");
    tap_ok(says(schema->problem, "GRANT TRIGGER"), "but it is said why: %s",
           schema->problem ? schema->problem : "(nothing)");
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "1", "w1", "ours")), "ok", "a write");
    run_in(application(), "UPDATE deals SET name = 'theirs' WHERE id = 2");
    tap_str(entries(changes_after(m, 0)), "u1@w1", "theirs is told by nobody");
    ask = ask_of(NTS_ASK_PROVISION, m);
    ask.dry = 1;
    answer = perform(&ask);
    tap_ok(says(answer->statements, w->trigger), "somebody else is shown what to create");

    as_administrator(database, w->let_create_triggers);
    tap_int(described(m)->provisioned, 0, "as soon as it may be, triggers are missed");
    provision(m);
    schema = described(m);
    tap_ok(schema->provisioned && !schema->problem, "and all is as usual");
    run_in(application(), "UPDATE deals SET name = 'theirs' WHERE id = 1");
    tap_str(entries(changes_after(m, 1)), "t u1", "changes are noticed");
    end_case();
}

/* What cannot be written is said before anything is. */
static void test_missing_right(void)
{
    nts_answer_t *answer;

    begin_others("rights");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    as_administrator(database, w->take_update_away);
    reopen_connector(w->other, database);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "blocked sql.denied", "a right is missing");
    tap_ok(says(answer->outcome.what, "UPDATE of the column name"), "this one: %s",
           answer->outcome.what);
    m->pairs[0].direction = NTS_TO_NOTION;
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "ok", "which only writing needs");
    m->pairs[0].direction = NTS_BOTH;
    as_administrator(database, w->give_update_back);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "ok", "and with it all is well");
    end_case();
}

/* Looks are no closer together than a quarter of a second. */
static const char *edits_after(apr_int64_t *since)
{
    nts_answer_t *answer;

    mono_time += apr_time_from_msec(270);
    answer = changes_after(m, *since);
    *since = answer->last_change;
    return entries(answer);
}

static void edit(const char *set)
{
    run_in(application(), apr_pstrcat(pool, "UPDATE deals SET ", set, NULL));
}

static void test_modified(void)
{
    const nts_schema_t *schema;
    nts_answer_t *answer;
    session_t *late;
    apr_int64_t since = 0;

    begin_others("modified");
    late = open_session("app", database);
    m = modified_mapping("at");
    provision(m);
    schema = described(m);
    tap_ok(says(schema->problem, "by the column at"), "what is noticed, and what not: %s",
           schema->problem ? schema->problem : "(nothing)");
    tap_str(edits_after(&since), "t", "the first look: at everything");
    run_in(late, apr_pstrcat(pool, "BEGIN; UPDATE deals SET name = 'late', at = ", w->now,
                             " WHERE id = 2", NULL));
    edit(apr_pstrcat(pool, "name = 'x', at = ", w->now, " WHERE id = 1", NULL));
    tap_str(edits_after(&since), "u1", "an edit");
    answer = read_row(m, "1");
    tap_ok(answer->record->changed > apr_time_now() - apr_time_from_sec(300) &&
               !answer->record->changed_by_us,
           "with its time");
    run_in(late, "COMMIT");
    tap_str(edits_after(&since), "u2", "one that is committed late");
    tap_str(edits_after(&since), "", "each once");
    run_in(application(), "INSERT INTO deals (id, name) VALUES (4, 'new')");
    tap_str(edits_after(&since), "u4", "a new row");
    edit(apr_pstrcat(pool, "name = 'y', at = ", w->now, " WHERE id = 1", NULL));
    tap_str(edits_after(&since), "u1", "and another edit");
    end_session(late);
    end_case();
}

static void test_own(void)
{
    apr_int64_t since = 0;

    begin_others("own");
    as_administrator(database, w->touch);
    m = modified_mapping("at");
    provision(m);
    tap_str(edits_after(&since), "t", "the first look");
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "1", "w1", "ours")), "ok", "a write of ours");
    tap_str(edits_after(&since), "u1@w1", "which moves the column, is ours");
    tap_int(read_row(m, "1")->record->changed_by_us, 1, "and known as ours");
    edit("name = 'theirs' WHERE id = 1");
    tap_ok(!read_row(m, "1")->record->changed_by_us, "a later edit is not, before anybody looked");
    tap_str(edits_after(&since), "u1", "nor after");
    end_case();
}

/* What began before our write and had to wait for it has the earlier time. */
static void test_waited(void)
{
    apr_int64_t since = 0;

    begin_others("waited");
    m = modified_mapping("at");
    provision(m);
    tap_str(edits_after(&since), "t", "the first look");
    edit(apr_pstrcat(pool, "name = 'x', at = ", w->now, " WHERE id IN (1, 2)", NULL));
    tap_str(edits_after(&since), "u1 u2", "two edits");
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "1", "w1", "ours")), "ok", "a write of ours");
    edit("name = 'theirs', at = at + INTERVAL '0.05' SECOND WHERE id = 1");
    tap_str(edits_after(&since), "u1@w1 u1", "their time is before it, and yet they are heard");
    end_case();
}

/* By a column of whole seconds nobody can tell two edits of one second apart; this one lies ahead, so that it is not over
 * before we have looked. */
static void test_seconds(void)
{
    const char *found = "";
    apr_int64_t since = 0;
    int i;

    begin_others("seconds");
    m = modified_mapping("sec");
    provision(m);
    tap_str(edits_after(&since), "t", "the first look");
    edit(apr_pstrcat(pool, "name = 'x', sec = ", w->now_second,
                     " + INTERVAL '6' SECOND WHERE id = 1", NULL));
    tap_str(result_of(write_with(m, NTS_ASK_UPDATE, "1", "w1", "ours")), "ok", "a write of ours");
    edit("name = 'theirs' WHERE id = 1");
    tap_str(edits_after(&since), "u1@w1", "in the same second as an edit of theirs");
    for (i = 0; i < 1200 && !*found; i++) {
        (void)usleep(50000);
        found = edits_after(&since);
    }
    tap_str(found, "u1", "is looked at again when that second is over");
    tap_str(edits_after(&since), "", "once");
    end_case();
}

/* A time without a zone is read in the mapping's. */
static void test_zone(void)
{
    apr_int64_t since = 0;
    nts_answer_t *answer;

    begin_others("zones");
    m = modified_mapping("plain");
    m->timezone = "Asia/Tokyo";
    provision(m);
    tap_str(edits_after(&since), "t", "the first look");
    edit(apr_pstrcat(pool, "plain = ", w->now_tokyo, " WHERE id = 1", NULL));
    tap_str(edits_after(&since), "u1", "an edit, by the clock of Tokyo");
    answer = read_row(m, "1");
    tap_ok(answer->record->changed > apr_time_now() - apr_time_from_sec(300) &&
               answer->record->changed < apr_time_now() + apr_time_from_sec(5),
           "at its time");
    m->timezone = "Asia/Nowhere";
    reopen_connector(w->other, database);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.timezone",
            "a zone that nobody knows");
    m = modified_mapping("name");
    reopen_connector(w->other, database);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.schema",
            "a column that holds no time");
    m = modified_mapping("none");
    reopen_connector(w->other, database);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.schema", "or is not there");
    end_case();
}

void test_unwatched(const unwatched_words_t *words)
{
    w = words;
    test_plain_view();
    test_read_only();
    test_no_right();
    test_missing_right();
    test_modified();
    test_own();
    test_waited();
    test_seconds();
    test_zone();
}
