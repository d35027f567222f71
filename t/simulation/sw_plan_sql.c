/* sw_plan_sql.c - groups of what happens in the database, each with dice of its own. */
#include "simulation/sm_server.h"
#include "simulation/sw_group.h"

static sm_action_t *at_table(sw_extra_t *x, apr_interval_time_t at, const char *kind)
{
    sm_action_t *a = sw_extra_act(x, at, kind);

    a->n[0] = sw_extra_roll(x, 0, x->w->tables - 1);
    return a;
}

/* A row takes another's unique value with OR REPLACE, and the other is gone without a word; somebody edits one of the two. */
static void displace(sw_extra_t *x, apr_interval_time_t at)
{
    sm_action_t *a = at_table(x, at, "sql.displace");

    a->n[2] = sw_extra_mark(x);
    a->n[5] = sw_extra_roll(x, 0, 2);
    if (sm_chance(&x->dice, 200)) {
        a->n[5] += 4;
    }
    a->n[1] = (a->n[5] & 3) == 0 ? x->w->next_mark++ : sw_extra_mark(x);
    a->n[3] = sw_extra_roll(x, 0, 9999);
    a->n[4] = sw_extra_roll(x, 0, (1 << SW_FIELDS) - 1);
    if (sm_chance(&x->dice, 400)) {
        sw_extra_edit(x, at + sw_extra_soon(x), HISTORY_NOTION, (int)a->n[sw_extra_roll(x, 1, 2)]);
    }
}

/* A text key gets another form that SQLite may take for the same: case, blanks at the end. */
static void reform(sw_extra_t *x, apr_interval_time_t at)
{
    sm_action_t *a = at_table(x, at, "sql.form");

    a->n[1] = sw_extra_mark(x);
    a->n[2] = x->w->next_mark++;
    a->n[3] = sw_extra_roll(x, 0, 9999);
    a->n[4] = sw_extra_roll(x, 0, 3);
    a->n[5] = sw_extra_roll(x, 0, 3);
    if (sm_chance(&x->dice, 500)) {
        sw_extra_edit(x, at + sw_extra_soon(x), (int)sw_extra_roll(x, 0, 1), (int)a->n[1]);
    }
}

/* Another database comes into the place of the one that was synced, with its rows or without; a person accepts it. */
static void swap_database(sw_extra_t *x, apr_interval_time_t at)
{
    int i;

    sw_extra_act(x, at, "sql.other")->n[0] = sw_extra_roll(x, 0, 2) > 0;
    for (i = 0; i < x->w->mapping_count; i++) {
        sm_action_t *a = sw_extra_act(x, at + SM_SEC(sw_extra_roll(x, 1, 300)), "op.command");

        a->n[0] = i;
        a->n[1] = 6;
    }
    for (i = (int)sw_extra_roll(x, 0, 4); i > 0; i--) {
        sw_extra_edit(x, at + sw_extra_soon(x), (int)sw_extra_roll(x, 0, 1), sw_extra_mark(x));
    }
}

/* An older copy is put back; people go on meanwhile, with keys too, and an operator accepts it. */
static void set_back(sw_extra_t *x, apr_interval_time_t at)
{
    int i;

    (void)sw_extra_act(x, sw_extra_roll(x, 0, at), "sql.keep");
    (void)sw_extra_act(x, at, "sql.restore");
    for (i = 0; i < x->w->mapping_count; i++) {
        sm_action_t *a = sw_extra_act(x, at + SM_SEC(sw_extra_roll(x, 1, 300)), "op.command");

        a->n[0] = i;
        a->n[1] = 6;
    }
    for (i = (int)sw_extra_roll(x, 0, 4); i > 0; i--) {
        sw_extra_edit(x, at + sw_extra_soon(x), (int)sw_extra_roll(x, 0, 1), sw_extra_mark(x));
    }
    for (i = (int)sw_extra_roll(x, 0, 2); i > 0; i--) {
        sm_action_t *a = at_table(x, at + sw_extra_soon(x), "sql.rekey");

        a->n[1] = sw_extra_mark(x);
        a->n[2] = sw_extra_roll(x, 1, 12);
    }
}

/* Rows that others refer to go, and their pages; the database takes the others along, or does not let them go. */
static void family(sw_extra_t *x, apr_interval_time_t at)
{
    int parent = sw_extra_mark(x);
    sm_action_t *a;
    int i;

    for (i = (int)sw_extra_roll(x, 1, 3); i > 0; i--) {
        a = sw_extra_act(x, at + sw_extra_soon(x), "sql.make");
        a->n[0] = x->w->tables - 1;
        a->n[1] = x->w->next_mark++;
        a->n[2] = sw_extra_roll(x, 0, 9999);
        a->n[3] = sw_extra_roll(x, 0, (1 << SW_FIELDS) - 1);
        a->n[4] = sw_extra_roll(x, 0, 3);
    }
    a = sw_extra_act(x, at + SM_SEC(400), sm_chance(&x->dice, 500) ? "notion.trash" : "sql.delete");
    a->n[1] = parent;
    a->n[2] = 1;
}

/* A row goes that others refer to, and with it those that the database takes along; then it is wanted again: its page is taken out of the trash, or was
 * edited, or somebody takes the delete back. Some of what is held for that is decided. */
static void orphan(sw_extra_t *x, apr_interval_time_t at)
{
    int mark = sw_extra_mark(x), is_page = sm_chance(&x->dice, 600);
    sm_action_t *a = sw_extra_act(x, at, "sql.adopt");

    a->n[0] = sw_extra_roll(x, 0, 3);
    a->n[1] = mark;
    at += sw_extra_soon(x);
    a = sw_extra_act(x, at, is_page ? "notion.trash" : "sql.delete");
    a->n[1] = mark;
    a->n[2] = 1;
    if (!is_page || sm_chance(&x->dice, 300)) {
        sw_extra_edit(x, at + sw_extra_roll(x, 0, SM_SEC(2)), HISTORY_NOTION, mark);
    }
    at += sw_extra_soon(x);
    if (is_page) {
        a = sw_extra_act(x, at, sm_chance(&x->dice, 800) ? "notion.trash" : "op.undo");
        a->n[1] = a->kind == sw_kind(x->w, "op.undo", 0) ? 0 : mark;
    }
    if (sm_chance(&x->dice, 400)) {
        a = sw_extra_act(x, at + SM_SEC(60) + sw_extra_soon(x), "op.rule");
        a->n[1] = sw_extra_roll(x, 0, 9);
        a->n[2] = sm_chance(&x->dice, 700) ? 3 : 2;
        a->n[3] = sw_extra_roll(x, 0, 20000);
    }
}

/* The server rolls our transactions back, and connections are cut, while there is something to write. */
static void unsettle(sw_extra_t *x, apr_interval_time_t at)
{
    static const int kinds[] = { SM_SERVER_VICTIM,        SM_SERVER_VICTIM,
                                 SM_SERVER_VICTIM_COMMIT, SM_SERVER_CUT,
                                 SM_SERVER_CUT,           SM_SERVER_CUT_READ,
                                 SM_SERVER_CUT_COMMIT,    SM_SERVER_CUT_COMMIT,
                                 SM_SERVER_CUT_COMMIT,    SM_SERVER_CUT_COMMIT };
    static const apr_int64_t left[] = { 0, 0, 0, 3000, 60000 };
    static const apr_int64_t away[] = { 0, 0, 3000, 90000 };
    sm_action_t *a;
    int i;

    if (sm_chance(&x->dice, 300)) {
        at = SM_MS(sw_extra_roll(x, 0, 20000)); /* then much is written together */
    }
    a = sw_extra_act(x, at, "sql.unsteady");
    a->n[0] = kinds[sw_extra_roll(x, 0, 9)];
    a->n[1] = sw_extra_roll(x, 1, a->n[0] == SM_SERVER_CUT_COMMIT ? 3 : 12);
    a->n[2] = sw_extra_roll(x, 0, left[sw_extra_roll(x, 0, 4)]);
    a->n[3] = sw_extra_roll(x, 0, away[sw_extra_roll(x, 0, 3)]);
    a->n[4] = sm_chance(&x->dice, a->n[0] == SM_SERVER_CUT_COMMIT ? 500 : 250);
    a->n[5] = sm_chance(&x->dice, 200);
    for (i = (int)sw_extra_roll(x, 0, 3); i > 0; i--) {
        sw_extra_edit(x, at + sw_extra_soon(x), (int)sw_extra_roll(x, 0, 3) == 0, sw_extra_mark(x));
    }
    if (sm_chance(&x->dice, 400)) {
        a = sw_extra_act(x, at + sw_extra_soon(x), "notion.make");
        a->n[0] = sw_extra_roll(x, 0, x->w->sources - 1);
        a->n[1] = x->w->next_mark++;
        a->n[2] = sw_extra_roll(x, 0, 9999);
        a->n[3] = sw_extra_roll(x, 0, (1 << SW_FIELDS) - 1);
    }
}

static const sw_group_t groups[] = {
    { "displaced", 2, displace, 1, 5 },    { "forms", 9, reform, 1, 8 },
    { "swapped", 1, swap_database, 1, 1 }, { "set_back", 1, set_back, 1, 3 },
    { "families", 2, family, 1, 4 },       { "unsteady", 2, unsettle, 2, 24 },
    { "orphans", 2, orphan, 1, 6 },
};

#define GROUPS ((int)(sizeof(groups) / sizeof(groups[0])))

void sw_plan_sql_settings(sw_world_t *w)
{
    sw_group_settings(w, groups, GROUPS);
    if (sm_setting_of(w->sm, "unsteady") > 0) {
        (void)sm_setting(w->sm, "unsteady.mysql", 0, 1);
    }
}

void sw_plan_sql(sw_world_t *w)
{
    sw_group_plan(w, groups, GROUPS);
}
