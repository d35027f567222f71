/* sw_plan.c - a seed's scenario: what stands at the start, and what people, applications, the operator and bad luck do after it.
 *
 * Edits prefer a few records and fields, and instants near those of earlier edits: within the grace, within the minute
 * that Notion floors to, within the time between our read and our write.
 */
#include <string.h>

#include "simulation/sw.h"

typedef struct planner_t {
    sm_t *sm;
    sw_world_t *w;
    sm_dice_t dice;
    apr_interval_time_t span;
    apr_interval_time_t near; /* when something happened last */
    int hot;                  /* the record that all want to edit now */
    int hot_field;
    int swapped; /* of two Notions the second is meant where the first is named */
} planner_t;

typedef void choose_fn(planner_t *pl, apr_interval_time_t at);

static apr_int64_t roll(planner_t *pl, apr_int64_t from, apr_int64_t to)
{
    return sm_between(&pl->dice, from, to);
}

static sm_action_t *add(planner_t *pl, apr_interval_time_t at, const char *kind)
{
    return sm_plan(pl->sm, at, sw_kind(pl->w, kind, pl->swapped));
}

static int any_mark(planner_t *pl)
{
    if (pl->hot < 0 || sm_chance(&pl->dice, 100)) {
        pl->hot = (int)roll(pl, 0, pl->w->next_mark > 0 ? pl->w->next_mark - 1 : 0);
    }
    return sm_chance(&pl->dice, 600)
               ? pl->hot
               : (int)roll(pl, 0, pl->w->next_mark > 0 ? pl->w->next_mark - 1 : 0);
}

/* One that some mapping syncs, most of the time. */
static int any_field(planner_t *pl)
{
    const sw_mapping_t *m = &pl->w->mappings[roll(pl, 0, pl->w->mapping_count - 1)];
    int field = (int)roll(pl, 1, SW_FIELDS - 1);
    int tries = 20;

    if (sm_chance(&pl->dice, 450) && pl->hot_field > 0) {
        return pl->hot_field;
    }
    while (tries-- > 0 && !m->fields[field].present && !sm_chance(&pl->dice, 30)) {
        field = (int)roll(pl, 1, SW_FIELDS - 1);
    }
    pl->hot_field = field;
    return field;
}

static int any_how(planner_t *pl, int field)
{
    if (field == SW_TAGS && sm_chance(&pl->dice, 700)) {
        return (int)roll(pl, SW_ADD, SW_REMOVE);
    }
    return sm_chance(&pl->dice, 120) ? SW_BACK : sm_chance(&pl->dice, 60) ? SW_CLEAR : SW_TYPE;
}

/* ---- edits */

static void notion_edit(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.edit");

    a->n[0] = roll(pl, 0, pl->w->sources - 1);
    a->n[1] = any_mark(pl);
    a->n[2] = any_field(pl);
    a->n[3] = roll(pl, 0, 9999);
    a->n[4] = any_how(pl, (int)a->n[2]);
    a->n[5] = roll(pl, 0, 1);
}

static void sql_edit(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "sql.edit");

    a->n[0] = roll(pl, 0, pl->w->tables - 1);
    a->n[1] = any_mark(pl);
    a->n[2] = any_field(pl);
    a->n[3] = roll(pl, 0, 9999);
    a->n[4] = any_how(pl, (int)a->n[2]);
}

static apr_interval_time_t soon(planner_t *pl)
{
    static const apr_int64_t within[] = { 20, 300, 1500, 6000, 60000 };

    return SM_MS(roll(pl, 0, within[roll(pl, 0, 4)]));
}

/* Both sides, the same record and mostly the same field. */
static void both_edit(planner_t *pl, apr_interval_time_t at)
{
    int field = any_field(pl);
    int mark = any_mark(pl);
    int i;

    for (i = 0; i < 2; i++) {
        sm_action_t *a = add(pl, at + (sm_chance(&pl->dice, 500) ? soon(pl) : 0),
                             i ? "sql.edit" : "notion.edit");

        a->n[1] = mark;
        a->n[2] = sm_chance(&pl->dice, 800) ? field : any_field(pl);
        a->n[3] = roll(pl, 0, sm_chance(&pl->dice, 100) ? 1 : 9999);
        a->n[4] = any_how(pl, (int)a->n[2]);
        a->n[0] = roll(pl, 0, (i ? pl->w->tables : pl->w->sources) - 1);
    }
}

static void burst(planner_t *pl, apr_interval_time_t at)
{
    int n = (int)roll(pl, 2, 8);

    for (; n > 0; n--) {
        at += SM_MS(roll(pl, 1, sm_chance(&pl->dice, 500) ? 100 : 2000));
        (sm_chance(&pl->dice, 500) ? notion_edit : sql_edit)(pl, at);
    }
}

/* ---- records come and go */

static void notion_make(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.make");

    a->n[0] = roll(pl, 0, pl->w->sources - 1);
    a->n[1] = pl->w->next_mark++;
    a->n[2] = roll(pl, 0, 9999);
    a->n[3] = roll(pl, 0, (1 << SW_FIELDS) - 1);
    a->n[4] = roll(pl, 0, 1);
}

static void sql_make(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "sql.make");

    a->n[0] = roll(pl, 0, pl->w->tables - 1);
    a->n[1] = pl->w->next_mark++;
    a->n[2] = roll(pl, 0, 9999);
    a->n[3] = roll(pl, 0, (1 << SW_FIELDS) - 1);
    a->n[4] = roll(pl, 0, 20);
}

static sm_action_t *at_mark(planner_t *pl, apr_interval_time_t at, const char *kind, int is_notion)
{
    sm_action_t *a = add(pl, at, kind);

    a->n[0] = roll(pl, 0, (is_notion ? pl->w->sources : pl->w->tables) - 1);
    a->n[1] = any_mark(pl);
    return a;
}

static void notion_copy(planner_t *pl, apr_interval_time_t at)
{
    (void)at_mark(pl, at, "notion.copy", 1);
}

static void notion_trash(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = at_mark(pl, at, "notion.trash", 1);
    sm_action_t *back;

    a->n[2] = 1;
    if (sm_chance(&pl->dice, 400)) {
        back = add(pl, at + soon(pl) + soon(pl), "notion.trash");
        back->n[0] = a->n[0];
        back->n[1] = a->n[1];
    }
    if (sm_chance(&pl->dice, 300)) {
        sql_edit(pl, at + soon(pl));
    }
}

static void notion_purge(planner_t *pl, apr_interval_time_t at)
{
    (void)at_mark(pl, at, "notion.purge", 1);
}

static void notion_hide(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = at_mark(pl, at, "notion.hide", 1);
    sm_action_t *back = add(pl, at + SM_SEC(roll(pl, 1, 400)), "notion.hide");

    a->n[2] = 1;
    back->n[0] = a->n[0];
    back->n[1] = a->n[1];
}

static void notion_body(planner_t *pl, apr_interval_time_t at)
{
    (void)at_mark(pl, at, "notion.body", 1);
}

static void sql_delete(planner_t *pl, apr_interval_time_t at)
{
    (void)at_mark(pl, at, "sql.delete", 0);
    if (sm_chance(&pl->dice, 400)) {
        notion_edit(pl, at + soon(pl));
    }
}

static void sql_rekey(planner_t *pl, apr_interval_time_t at)
{
    at_mark(pl, at, "sql.rekey", 0)->n[2] = roll(pl, 1, sm_chance(&pl->dice, 500) ? 12 : 5000);
}

static void sql_reuse(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = at_mark(pl, at, "sql.reuse", 0);

    a->n[2] = pl->w->next_mark++;
    a->n[3] = roll(pl, 0, 9999);
    a->n[4] = roll(pl, 0, (1 << SW_FIELDS) - 1);
    a->n[5] = sm_chance(&pl->dice, 500) ? 0 : roll(pl, 1, 60000);
}

static void sql_replace(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = at_mark(pl, at, "sql.replace", 0);

    a->n[2] = roll(pl, 0, 9999);
    a->n[3] = roll(pl, 0, (1 << SW_FIELDS) - 1);
}

static void sql_truncate(planner_t *pl, apr_interval_time_t at)
{
    add(pl, at, "sql.truncate")->n[0] = roll(pl, 0, pl->w->tables - 1);
}

static void sql_swap(planner_t *pl, apr_interval_time_t at)
{
    at_mark(pl, at, "sql.swap", 0)->n[2] = roll(pl, 0, pl->w->next_mark);
}

static void sql_batch(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "sql.batch");

    a->n[0] = roll(pl, 0, pl->w->tables - 1);
    a->n[1] = any_field(pl);
    a->n[2] = roll(pl, 0, 9999);
}

/* ---- trouble */

static void sql_lock(planner_t *pl, apr_interval_time_t at)
{
    add(pl, at, "sql.lock")->n[0] = roll(pl, 10, sm_chance(&pl->dice, 500) ? 2000 : 60000);
}

static void sql_slow(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = at_mark(pl, at, "sql.slow", 0);

    a->n[2] = any_field(pl);
    a->n[3] = roll(pl, 0, 9999);
    a->n[5] = roll(pl, 10, 20000);
}

static void notion_fault(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.fault");

    a->n[0] = roll(pl, 0, 16);
    a->n[1] = roll(pl, 0, 4);
    a->n[2] = sm_chance(&pl->dice, 700) ? 0 : roll(pl, 0, 6);
    a->n[3] = roll(pl, 0, 3);
    a->n[4] = roll(pl, 0, 60000);
}

static void notion_slow(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.slow");

    a->n[0] = roll(pl, 1, 10);
    a->n[1] = roll(pl, 100, sm_chance(&pl->dice, 800) ? 3000 : 65000);
}

static void notion_limit(planner_t *pl, apr_interval_time_t at)
{
    add(pl, at, "notion.limit")->n[0] = roll(pl, 1, 20);
    add(pl, at + SM_SEC(roll(pl, 10, 200)), "notion.limit")->n[0] = 0;
}

static void notion_share(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.share");
    sm_action_t *back = add(pl, at + SM_SEC(roll(pl, 1, 200)), "notion.share");

    a->n[0] = back->n[0] = roll(pl, 0, pl->w->sources - 1);
    back->n[1] = 1;
}

static void notion_option(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.option");

    a->n[0] = roll(pl, 0, pl->w->sources - 1);
    a->n[1] = roll(pl, 0, 1);
    a->n[2] = roll(pl, 0, 2);
    a->n[3] = roll(pl, 0, 4);
    a->n[4] = roll(pl, 0, 99);
}

static void notion_schema(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "notion.schema");

    a->n[0] = roll(pl, 0, pl->w->sources - 1);
    a->n[1] = roll(pl, 1, SW_FIELDS - 1);
    a->n[2] = sm_chance(&pl->dice, 700) ? 0 : roll(pl, 1, 2);
    a->n[3] = roll(pl, 0, 99);
}

static void sql_restore(planner_t *pl, apr_interval_time_t at)
{
    (void)add(pl, roll(pl, 0, at), "sql.keep");
    (void)add(pl, at, "sql.restore");
    add(pl, at + SM_SEC(roll(pl, 1, 300)), "op.command")->n[1] = 6;
}

static void sql_other(planner_t *pl, apr_interval_time_t at)
{
    (void)add(pl, at, "sql.other");
    add(pl, at + SM_SEC(roll(pl, 1, 300)), "op.command")->n[1] = 6;
}

static void sql_migrate(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "sql.migrate");
    sm_action_t *back = add(pl, at + SM_SEC(roll(pl, 1, 300)), "sql.migrate");

    a->n[0] = back->n[0] = roll(pl, 0, pl->w->tables - 1);
    a->n[1] = back->n[1] = roll(pl, 0, 3);
    back->n[2] = 1;
}

/* ---- the operator */

static void op_command(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.command");

    a->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    a->n[1] = roll(pl, 2, 5);
}

static void op_pause(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.command");
    sm_action_t *back = add(pl, at + SM_SEC(roll(pl, 1, 300)), "op.command");

    a->n[0] = back->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    back->n[1] = 1;
}

static void op_undo(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.undo");

    a->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    a->n[1] = roll(pl, 0, sm_chance(&pl->dice, 600) ? 3 : 30);
}

static void op_rule(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.rule");

    a->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    a->n[1] = roll(pl, 0, 9);
    a->n[2] = roll(pl, 0, 4);
    a->n[3] = roll(pl, 0, sm_chance(&pl->dice, 500) ? 100 : 60000);
}

static void op_undo_many(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.undo_many");

    a->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    a->n[1] = roll(pl, 0, 2);
    a->n[2] = roll(pl, 0, 20);
}

static void op_plan(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.plan");

    a->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    a->n[1] = roll(pl, 2000, 90000);
}

static void op_configure(planner_t *pl, apr_interval_time_t at)
{
    sm_action_t *a = add(pl, at, "op.configure");

    a->n[0] = roll(pl, 0, pl->w->mapping_count - 1);
    a->n[1] = roll(pl, 0, 3);
    a->n[2] = roll(pl, 0, SW_REMARK - 2);
    a->n[3] = roll(pl, 0, 3);
    a->n[4] = roll(pl, 0, 1);
}

/* ---- all of it */

/* What each seed may do at all: a group is switched on by its setting, so that many seeds are free of each. */
static const struct {
    const char *group;
    int often; /* of ten seeds, that have it */
    choose_fn *choose;
    int weight;
    int of_database; /* no Notion does anything of the sort */
} choices[] = {
    { "edits", 10, notion_edit, 60, 0 },      { "edits", 10, sql_edit, 60, 0 },
    { "edits", 10, both_edit, 60, 0 },        { "edits", 10, burst, 20, 0 },
    { "edits", 10, notion_make, 12, 0 },      { "edits", 10, sql_make, 12, 0 },
    { "deletes", 6, notion_trash, 14, 0 },    { "deletes", 6, sql_delete, 14, 0 },
    { "copies", 4, notion_copy, 6, 0 },       { "purges", 2, notion_purge, 4, 0 },
    { "hiding", 2, notion_hide, 4, 0 },       { "bodies", 3, notion_body, 4, 0 },
    { "keys", 4, sql_rekey, 8, 1 },           { "reuse", 3, sql_reuse, 8, 1 },
    { "replace", 3, sql_replace, 8, 1 },      { "truncate", 1, sql_truncate, 3, 1 },
    { "swaps", 3, sql_swap, 8, 1 },           { "batches", 3, sql_batch, 5, 1 },
    { "locks", 3, sql_lock, 8, 1 },           { "locks", 3, sql_slow, 8, 1 },
    { "faults", 6, notion_fault, 30, 0 },     { "slow", 4, notion_slow, 8, 0 },
    { "limits", 2, notion_limit, 4, 0 },      { "sharing", 1, notion_share, 2, 0 },
    { "options", 2, notion_option, 4, 0 },    { "schema", 1, notion_schema, 2, 0 },
    { "restores", 1, sql_restore, 2, 1 },     { "others", 0, sql_other, 1, 1 },
    { "migrations", 1, sql_migrate, 2, 1 },   { "commands", 4, op_command, 8, 0 },
    { "pauses", 3, op_pause, 4, 0 },          { "undo", 3, op_undo, 10, 0 },
    { "configuring", 2, op_configure, 3, 0 }, { "rulings", 4, op_rule, 14, 0 },
    { "undo_many", 1, op_undo_many, 3, 0 },   { "plans", 2, op_plan, 5, 0 },
};

#define CHOICES ((int)(sizeof(choices) / sizeof(choices[0])))

void sw_plan_settings(sw_world_t *w)
{
    int i;

    for (i = 0; i < CHOICES; i++) {
        if (i == 0 || strcmp(choices[i].group, choices[i - 1].group) != 0) {
            (void)sm_setting(w->sm, choices[i].group, choices[i].often - 9, choices[i].often);
        }
    }
    (void)sm_setting(w->sm, "actions", 5, 60);
    (void)sm_setting(w->sm, "records", 0, 9);
    (void)sm_setting(w->sm, "standing", 0, 4);
    sw_plan_notion_settings(w);
    sw_plan_sql_settings(w);
    sw_plan_schema_settings(w);
    sw_relation_draw(w);
}

/* Records that are there before the module is: on one side, or on both with or without differences. */
static void plan_standing(planner_t *pl)
{
    int how = (int)sm_setting_of(pl->sm, "standing");
    int count = (int)sm_setting_of(pl->sm, "records");
    int i;

    for (i = 0; i < count; i++) {
        int both = how == 2 || how == 3 || (how == 4 && sm_chance(&pl->dice, 500));
        apr_int64_t value = roll(pl, 0, 9999);
        apr_int64_t fields = roll(pl, 0, (1 << SW_FIELDS) - 1);
        sm_action_t *a;
        int mark = pl->w->next_mark++;

        if (both || how == 0 || (how == 4 && sm_chance(&pl->dice, 500))) {
            a = add(pl, 0, "notion.make");
            a->n[0] = roll(pl, 0, pl->w->sources - 1);
            a->n[1] = mark;
            a->n[2] = value;
            a->n[3] = fields;
            a->n[5] = SM_MIN(roll(pl, 2, 100)) / 1000;
            if (!both) {
                continue;
            }
        }
        a = add(pl, 0, "sql.make");
        a->n[0] = roll(pl, 0, pl->w->tables - 1);
        a->n[1] = mark;
        a->n[2] = how == 3 ? roll(pl, 0, 9999) : value;
        a->n[3] = fields;
        if (pl->w->notions > 1) {
            a->n[5] = SM_MIN(roll(pl, 0, 100)) / 1000; /* the age of a page */
        }
    }
}

static int weight_of(const planner_t *pl, int choice)
{
    return sm_setting_of(pl->sm, choices[choice].group) > 0 &&
                   !(choices[choice].of_database && pl->w->notions > 1)
               ? choices[choice].weight
               : 0;
}

static void plan_one(planner_t *pl, int total)
{
    apr_int64_t n = roll(pl, 0, total - 1);
    apr_interval_time_t at = SM_SEC(1) + roll(pl, 0, pl->span);
    int i;

    if (sm_chance(&pl->dice, 450)) {
        at = pl->near + soon(pl);
    }
    pl->near = at;
    for (i = 0; i < CHOICES; i++) {
        int weight = weight_of(pl, i);

        if (n < weight) {
            pl->swapped = pl->w->notions > 1 && sm_chance(&pl->dice, 500);
            choices[i].choose(pl, at);
            return;
        }
        n -= weight;
    }
}

void sw_plan(sm_t *sm)
{
    planner_t pl;
    apr_int64_t count = sm_setting_of(sm, "actions");
    int total = 0;
    int i;

    memset(&pl, 0, sizeof(pl));
    pl.sm = sm;
    pl.w = sw_world(sm);
    pl.w->next_mark = 0;
    pl.hot = -1;
    pl.span = SM_MIN(sm_setting_of(sm, "minutes"));
    sm_dice_init(&pl.dice, sm, "people");
    for (i = 0; i < CHOICES; i++) {
        total += weight_of(&pl, i);
    }
    plan_standing(&pl);
    for (; count > 0; count--) {
        plan_one(&pl, total);
    }
    sw_plan_notion(pl.w);
    if (pl.w->notions == 1) {
        sw_plan_sql(pl.w);
    }
    sw_plan_schema(pl.w);
    sw_relation_plan(pl.w);
    sw_drill_plan(pl.w);
    sw_crowd_plan(pl.w);
}
