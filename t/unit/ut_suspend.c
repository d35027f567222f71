/* Proves S5.4 on the engine: a field that cannot be bound is suspended alone: it is neither compared nor written, its base stays, and when it
 * is put right what was edited meanwhile is found. What went with a field, or was made of it by another type, is no edit. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;
static const nts_domain_t *domains[PAIRS];

/* Ten records that are in sync; what a person could have edited then is long ago. */
static world_t *linked(void)
{
    world_t *w = world_create(p);
    int i;

    for (i = 0; i < 10; i++) {
        const char *id = apr_psprintf(p, "p%d", i);

        (void)world_add(w, NTS_NOTION, id, id);
        world_page(w, id)->values[STAGE] = world_stage(w, "Lead");
        world_page(w, id)->values[TAGS] = world_tags(w, NTS_NOTION, "ab");
        world_page(w, id)->values[QTY] = world_number(w, "7");
        world_page(w, id)->values[NUMBER] = world_number(w, "9");
    }
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    w->writes[0] = w->writes[1] = 0;
    for (i = 0; i < KEY; i++) {
        domains[i] = w->pairs[i].domain;
    }
    return w;
}

static const char *text_of(const world_thing_t *thing, int pair)
{
    const nts_value_t *value = &thing->values[pair];

    return value->kind == NTS_VALUE_OPTION   ? value->as.option.name
           : value->kind == NTS_VALUE_NUMBER ? value->as.text
                                             : world_text_of(thing, pair);
}

static world_thing_t *row_of(world_t *w, const char *page)
{
    return world_row(w, world_link(w, NTS_NOTION, page)->key);
}

static void edit_row(world_t *w, const char *page, int pair, nts_value_t value)
{
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, page)->key, pair, value);
}

static void suspend(world_t *w, int pair)
{
    w->pairs[pair].domain = NULL;
    nts_outcome_set(&w->pairs[pair].bound.why, p, NTS_REMEDY_PERSON, "mapping.property_gone",
                    "the property is gone");
}

/* It is there again, as @a side's field has it by then: gone, or (recast) another type meanwhile. */
static void resume(world_t *w, int pair, nts_side_t side, int recast)
{
    nts_bound_t *bound = &w->pairs[pair].bound;

    w->pairs[pair].domain = domains[pair];
    bound->why = (nts_outcome_t){ 0 };
    bound->form[side]++;
    if (recast) {
        bound->recast[side] = bound->form[side];
    }
}

static void run_full(world_t *w)
{
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
}

static const nts_base_t *base_of(world_t *w, const char *page, int pair)
{
    return nts_link_base(world_link(w, NTS_NOTION, page), w->pairs[pair].id);
}

static const char *code_of(world_t *w, const char *page)
{
    const nts_link_t *link = world_link(w, NTS_NOTION, page);

    return link->trouble == NTS_TROUBLE_NONE ? NULL : link->outcome.code;
}

static void test_others_go_on(void)
{
    world_t *w = linked();
    int jobs;

    suspend(w, STAGE);
    world_edit(w, NTS_NOTION, "p0", NAME, world_text("by a person"));
    world_edit(w, NTS_NOTION, "p0", STAGE, nts_value_null);
    edit_row(w, "p1", QTY, world_number(w, "8"));
    edit_row(w, "p1", STAGE, world_text("Won"));
    (void)world_settle(w);
    tap_str(text_of(row_of(w, "p0"), NAME), "by a person", "another field goes to the row");
    tap_str(text_of(world_page(w, "p1"), QTY), "8", "and one to the page");
    tap_str(text_of(row_of(w, "p0"), STAGE), "Lead", "the suspended one to neither");
    tap_str(text_of(world_page(w, "p1"), STAGE), "Lead", "side");
    tap_ok(base_of(w, "p0", STAGE) && base_of(w, "p0", STAGE)->value[0].kind == NTS_VALUE_OPTION,
           "and its base stays");
    tap_int(world_link(w, NTS_NOTION, "p0")->trouble, NTS_TROUBLE_NONE, "no record has trouble");
    jobs = w->spawned;
    run_full(w);
    tap_int(w->spawned - jobs, 0, "a full run finds nothing to look at");
    (void)world_add(w, NTS_NOTION, "new", "made meanwhile");
    (void)world_add(w, NTS_EXTERNAL, "71", "a row made meanwhile");
    world_page(w, "new")->values[STAGE] = world_stage(w, "Won");
    (void)world_settle(w);
    tap_ok(row_of(w, "new") != NULL, "records are made meanwhile");
    tap_str(text_of(row_of(w, "new"), STAGE), "", "without that field");
    tap_ok(!base_of(w, "new", STAGE), "which has no base");
    w->pairs[STAGE].domain = domains[STAGE];
    w->pairs[STAGE].bound.why = (nts_outcome_t){ 0 };
    run_full(w);
    tap_str(text_of(row_of(w, "new"), STAGE), "Won", "and gets its first value later (2.6)");
    tap_str(text_of(world_page(w, "p1"), STAGE), "Won",
            "what was edited meanwhile is found by the base");
    tap_str(text_of(row_of(w, "p0"), STAGE), "", "on either side");
    tap_int(world_differences(w), 0, "1 equal");
    w->writes[0] = w->writes[1] = 0;
    run_full(w);
    tap_int(w->writes[0] + w->writes[1], 0, "2 and the next run writes nothing");
}

static void test_conflict(void)
{
    world_t *w = linked();

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    suspend(w, QTY);
    world_edit(w, NTS_NOTION, "p0", QTY, world_number(w, "1"));
    edit_row(w, "p0", QTY, world_number(w, "2"));
    (void)world_settle(w);
    resume(w, QTY, NTS_NOTION, 0);
    run_full(w);
    tap_str(code_of(w, "p0"), "held.conflict", "both edited meanwhile: a conflict is a conflict");
    tap_str(text_of(world_page(w, "p0"), QTY), "1", "neither");
    tap_str(text_of(row_of(w, "p0"), QTY), "2", "is lost");
}

/* The property comes back without its values; or another type cleared them. */
static void test_emptied(int recast)
{
    world_t *w = linked();
    const char *how = recast ? "retyped" : "gone";
    int i;

    suspend(w, STAGE);
    suspend(w, TAGS);
    for (i = 0; i < 10; i++) {
        world_page(w, apr_psprintf(p, "p%d", i))->values[STAGE] = nts_value_null;
        world_page(w, apr_psprintf(p, "p%d", i))->values[TAGS] = nts_value_null;
    }
    edit_row(w, "p1", STAGE, world_text("Won"));
    edit_row(w, "p2", STAGE, nts_value_null);
    (void)world_settle(w);
    resume(w, STAGE, NTS_NOTION, recast);
    resume(w, TAGS, NTS_NOTION, recast);
    w->writes[0] = w->writes[1] = 0;
    run_full(w);
    tap_int(w->writes[NTS_EXTERNAL], 0, "%s: what is empty then is no edit", how);
    tap_str(text_of(world_page(w, "p0"), STAGE), "Lead", "%s: it is put back", how);
    tap_int(world_page(w, "p0")->values[TAGS].as.set.count, 2, "%s: so are members of a set", how);
    tap_str(text_of(world_page(w, "p1"), STAGE), "Won", "%s: as edited meanwhile", how);
    tap_str(text_of(world_page(w, "p2"), STAGE), "", "%s: or cleared", how);
    tap_str(world_last_entry(w, NTS_ENTRY_UPDATE)->fields[0].reason, NTS_REASON_EMPTIED,
            "%s: the audit says why", how);
    tap_int(world_differences(w), 0, "%s: 1 equal", how);
    world_edit(w, NTS_NOTION, "p0", STAGE, nts_value_null);
    world_edit(w, NTS_NOTION, "p3", TAGS, world_tags(w, NTS_NOTION, "b"));
    (void)world_settle(w);
    tap_str(text_of(row_of(w, "p0"), STAGE), "", "%s: cleared by a person it is an edit", how);
    tap_str(text_of(row_of(w, "p3"), TAGS), "[\"b\"]", "%s: or taken out", how);
    tap_int(world_link(w, NTS_NOTION, "p0")->trouble, NTS_TROUBLE_NONE, "%s: no trouble", how);
}

/* Values that survived are agreed on from then on, also where nothing was written. */
static void test_trusted(void)
{
    world_t *w = linked();

    suspend(w, STAGE);
    resume(w, STAGE, NTS_NOTION, 1);
    w->requests = 0;
    run_full(w);
    tap_int(w->writes[0] + w->writes[1], 0, "values that survived are not written");
    tap_int(w->requests, 1, "and cost no request but the listing");
    tap_int(base_of(w, "p0", STAGE)->form[NTS_NOTION], 1, "they are agreed on anew");
    world_edit(w, NTS_NOTION, "p0", STAGE, nts_value_null);
    (void)world_settle(w);
    tap_str(text_of(row_of(w, "p0"), STAGE), "", "so that a person can clear one");
    tap_str(text_of(world_page(w, "p0"), STAGE), "", "and it stays cleared");
}

static void test_altered(nts_initial_t initial, int recast)
{
    world_t *w = linked();

    w->pairs[QTY].initial = initial;
    suspend(w, QTY);
    world_page(w, "p0")->values[QTY] = world_number(w, "700");
    world_notice(w, NTS_NOTION, "p0");
    (void)world_settle(w);
    resume(w, QTY, NTS_NOTION, recast);
    run_full(w);
    if (!recast) {
        tap_str(text_of(row_of(w, "p0"), QTY), "700",
                "another value of a field that was only gone is an edit");
    }
    else if (initial == NTS_INITIAL_HOLD) {
        tap_str(code_of(w, "p0"), NTS_HELD_RETYPED, "what another type made of it is held");
        tap_str(text_of(row_of(w, "p0"), QTY), "7", "and flows nowhere");
        (void)world_rule(w, world_link(w, NTS_NOTION, "p0"), QTY, NTS_CHOICE_NOTION);
        world_notice(w, NTS_NOTION, "p0");
        (void)world_settle(w);
        tap_str(text_of(row_of(w, "p0"), QTY), "700", "until a person says so");
        tap_int(world_link(w, NTS_NOTION, "p0")->trouble, NTS_TROUBLE_NONE, "and that is all");
    }
    else {
        tap_str(text_of(row_of(w, "p0"), QTY), initial == NTS_INITIAL_NOTION ? "700" : "7",
                "initial= says which value rules");
        tap_int(world_differences(w), 0, "1 equal");
    }
}

/* The column was dropped and made anew: empty, or with a default. */
static void test_column(void)
{
    world_t *w = linked();
    int i;

    suspend(w, QTY);
    for (i = 0; i < 10; i++) {
        row_of(w, apr_psprintf(p, "p%d", i))->values[QTY] =
            i ? nts_value_null : world_number(w, "0");
    }
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "8"));
    (void)world_settle(w);
    resume(w, QTY, NTS_EXTERNAL, 1);
    w->writes[NTS_NOTION] = 0;
    run_full(w);
    tap_int(w->writes[NTS_NOTION], 0, "an empty column clears nothing in Notion");
    tap_str(text_of(row_of(w, "p2"), QTY), "7", "and is filled again");
    tap_str(text_of(row_of(w, "p1"), QTY), "8", "as edited meanwhile");
    tap_str(code_of(w, "p0"), NTS_HELD_RETYPED, "its default is held");
}

/* One way: what rules is in doubt, and cannot be put back. */
static void test_one_way(void)
{
    world_t *w = linked();

    suspend(w, NUMBER);
    world_page(w, "p0")->values[NUMBER] = nts_value_null;
    resume(w, NUMBER, NTS_NOTION, 1);
    run_full(w);
    tap_str(code_of(w, "p0"), NTS_HELD_RETYPED, "one way: what was cleared is held");
    tap_str(text_of(row_of(w, "p0"), NUMBER), "9", "and clears nothing");
    (void)world_rule(w, world_link(w, NTS_NOTION, "p0"), NUMBER, NTS_CHOICE_NOTION);
    world_notice(w, NTS_NOTION, "p0");
    (void)world_settle(w);
    tap_str(text_of(row_of(w, "p0"), NUMBER), "", "unless a person says so");
}

/* S2.7: what went with the field does not bring a deleted record back. */
static void test_delete(void)
{
    world_t *w = linked();

    suspend(w, STAGE);
    world_page(w, "p0")->values[STAGE] = nts_value_null;
    resume(w, STAGE, NTS_NOTION, 1);
    world_remove(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p0")->key);
    (void)world_settle(w);
    tap_ok(world_page(w, "p0")->trashed, "2.7 what was emptied is no edit to bring a record back");
}

/* S5.5: nobody knows whether a suspended field was edited since. */
static void test_undo(void)
{
    world_t *w = linked();
    nts_entry_t *made = world_last_entry(w, NTS_ENTRY_CREATE), *entry;

    edit_row(w, "p0", STAGE, world_text("Won"));
    (void)world_settle(w);
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    suspend(w, STAGE);
    (void)world_undo(w, entry);
    tap_str(w->refused.code, "undo.edited", "5.5 an undo of a suspended field is refused");
    tap_ok(w->refused.what && strstr(w->refused.what, "suspended") != NULL, "saying so: %s",
           w->refused.what ? w->refused.what : "nothing");
    (void)world_undo(w, made);
    tap_ok(w->refused.what && strstr(w->refused.what, "suspended") != NULL,
           "so is one of a create: %s", w->refused.what ? w->refused.what : "nothing");
    w->pairs[STAGE].domain = domains[STAGE];
    (void)world_undo(w, entry);
    (void)world_settle(w);
    tap_str(text_of(world_page(w, "p0"), STAGE), "Lead", "put right, it can be undone");
}

/* What was said of a field is no edit of the record while the field is suspended, and asked again when it is not. */
static void test_held(void)
{
    world_t *w = linked();

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "p0", QTY, world_number(w, "1"));
    edit_row(w, "p0", QTY, world_number(w, "2"));
    (void)world_settle(w);
    tap_str(code_of(w, "p0"), "held.conflict", "a conflict is held");
    suspend(w, QTY);
    (void)world_rule(w, world_link(w, NTS_NOTION, "p0"), QTY, NTS_CHOICE_NOTION);
    world_notice(w, NTS_NOTION, "p0");
    (void)world_settle(w);
    tap_str(text_of(row_of(w, "p0"), QTY), "2",
            "what a person says of it while it is suspended is not done");
    tap_int(world_open_rulings(w), 0, "and does not wait");
    resume(w, QTY, NTS_NOTION, 0);
    run_full(w);
    tap_str(code_of(w, "p0"), "held.conflict", "put right, it is held again");
}

/* A plan leaves a suspended field out, and what it does not have is not done by it. */
static void test_plan(void)
{
    world_t *w = linked();
    int i, fields = 0;

    suspend(w, STAGE);
    edit_row(w, "p0", STAGE, world_text("Won"));
    edit_row(w, "p0", QTY, world_number(w, "8"));
    (void)world_plan(w, 0);
    for (i = 0; i < w->item_count; i++) {
        fields += w->items[i]->field_count;
    }
    tap_int(w->item_count, 1, "a plan has the record");
    tap_int(fields, 1, "with one write");
    (void)world_apply(w);
    tap_str(text_of(world_page(w, "p0"), QTY), "8", "which is done");
    tap_str(text_of(world_page(w, "p0"), STAGE), "Lead", "and nothing else");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_others_go_on();
    test_conflict();
    test_emptied(0);
    test_emptied(1);
    test_trusted();
    test_altered(NTS_INITIAL_HOLD, 0);
    test_altered(NTS_INITIAL_HOLD, 1);
    test_altered(NTS_INITIAL_NOTION, 1);
    test_altered(NTS_INITIAL_EXTERNAL, 1);
    test_column();
    test_one_way();
    test_delete();
    test_undo();
    test_held();
    test_plan();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
