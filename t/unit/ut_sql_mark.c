/* S4.1: a state store leaves a mark for its data source and table, finds it again, and it is not forgotten with old
 * intents. */
#include <string.h>

#include "sql_kit.h"
#include "tap/tap.h"

static const char *mark_of(const nts_mapping_t *mapping)
{
    const char *mark = perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->mark;

    return mark ? mark : "(none)";
}

static const char *put_mark(const nts_mapping_t *mapping, const char *mark)
{
    nts_ask_t ask = ask_of(NTS_ASK_MARK, mapping);

    ask.intent = mark;
    return result_of(perform(&ask));
}

static nts_mapping_t *mapping_with(const char *data_source)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, "name", NULL);

    mapping->data_source = data_source;
    return mapping;
}

int main(void)
{
    nts_mapping_t *one, *other;
    nts_value_t *values;
    nts_ask_t ask;

    begin_tests();
    begin_database("mark.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT)");
    one = mapping_with("d1");
    other = mapping_with("d2");
    tap_str(put_mark(one, "m1"), "refused sql.triggers", "no mark before anything is installed");
    (void)provision(one);
    tap_str(mark_of(one), "(none)", "none at first");
    tap_str(put_mark(one, "m1"), "ok", "one is left");
    tap_str(mark_of(one), "m1", "and found");
    tap_str(mark_of(other), "(none)", "for its data source only");
    tap_str(put_mark(one, "m2"), "ok", "another");
    tap_str(mark_of(one), "m2", "takes its place");
    tap_str(app_text("SELECT count(*) FROM _notionsync_intent"), "1", "there is one row");
    tap_str(put_mark(other, "x"), "ok", "and one of the other data source");

    app_run("UPDATE _notionsync_intent SET at = 0");
    values = values_of(one);
    values[0] = nts_value_text("Ada");
    ask = ask_of(NTS_ASK_CREATE, one);
    ask.values = values;
    ask.intent = "i1";
    tap_str(result_of(perform(&ask)), "ok", "a write, which forgets old intents");
    tap_str(mark_of(one), "m2", "but no mark, however old");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, one)), "ok", "what is taken out");
    app_run("CREATE TABLE again (id INTEGER)");
    (void)provision(one);
    tap_str(mark_of(one), "(none)", "takes the marks with it");
    end_database();
    end_tests();
    return tap_done();
}
