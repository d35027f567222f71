/* sw_plan_schema.c - a group with dice of its own: properties and columns go, or become others, and are put right later (S5.4). */
#include "simulation/sw_group.h"

enum { PROPERTY = 0, COLUMN };
enum { REMOVE = 0, RETYPE, REPLACE, MEND }; /* as in sw_schema.c */

static sm_action_t *reshape(sw_extra_t *x, apr_interval_time_t at, int side, int place, int field,
                            int how)
{
    sm_action_t *a = sw_extra_act(x, at, side == PROPERTY ? "notion.reshape" : "sql.reshape");

    a->n[0] = place;
    a->n[1] = field;
    a->n[2] = how;
    return a;
}

/* A field that the first mapping has, most of the time. */
static int any_field(sw_extra_t *x)
{
    int field = (int)sw_extra_roll(x, 1, SW_REMARK - 1), tries = 20;

    while (tries-- > 0 && !x->w->mappings[0].fields[field].present) {
        field = (int)sw_extra_roll(x, 1, SW_REMARK - 1);
    }
    return field;
}

/* Somebody edits that field, on either side: where it is not there, it is refused. */
static void edit_field(sw_extra_t *x, apr_interval_time_t at, int field, int mark)
{
    int is_notion = sm_chance(&x->dice, 500);
    sm_action_t *a = sw_extra_act(x, at, is_notion ? "notion.edit" : "sql.edit");

    a->n[0] = sw_extra_roll(x, 0, (is_notion ? x->w->sources : x->w->tables) - 1);
    a->n[1] = mark;
    a->n[2] = field;
    a->n[3] = sw_extra_roll(x, 0, 9999);
    a->n[4] = sm_chance(&x->dice, 200) ? SW_CLEAR : SW_TYPE;
}

static void meanwhile(sw_extra_t *x, apr_interval_time_t from, apr_interval_time_t to, int field)
{
    int i;

    for (i = (int)sw_extra_roll(x, 0, 5); i > 0; i--) {
        apr_interval_time_t at = from + SM_MS(sw_extra_roll(x, 0, (to - from) / 1000));
        int mark = sw_extra_mark(x);

        if (sm_chance(&x->dice, 650)) {
            edit_field(x, at, field, mark);
        }
        else if (sm_chance(&x->dice, 500)) {
            sw_extra_edit(x, at, (int)sw_extra_roll(x, 0, 1), mark);
        }
        else {
            sm_action_t *a =
                sw_extra_act(x, at, sm_chance(&x->dice, 500) ? "notion.trash" : "sql.delete");

            a->n[1] = mark;
            a->n[2] = 1;
        }
    }
    if (sm_chance(&x->dice, 300)) {
        sm_plan(x->w->sm, from + SM_MS(sw_extra_roll(x, 0, (to - from) / 1000)),
                sm_kind_of(x->w->sm, "host.restart"))
            ->n[0] = sw_extra_roll(x, 0, 1);
    }
}

/* A property gets another name, and httpd, whose configuration has the former one, is started again. */
static void rename_and_restart(sw_extra_t *x, apr_interval_time_t at)
{
    sm_action_t *a = sw_extra_act(x, at, "notion.schema");

    a->n[0] = sw_extra_roll(x, 0, x->w->sources - 1);
    a->n[1] = any_field(x);
    a->n[3] = sw_extra_roll(x, 0, 99);
    sm_plan(x->w->sm, at + sw_extra_soon(x), sm_kind_of(x->w->sm, "host.restart"))->n[0] =
        sw_extra_roll(x, 0, 1);
    meanwhile(x, at, at + SM_SEC(120), (int)a->n[1]);
}

static void suspend(sw_extra_t *x, apr_interval_time_t at)
{
    int side = sm_chance(&x->dice, 600) ? PROPERTY : COLUMN;
    int place = (int)sw_extra_roll(x, 0, (side == PROPERTY ? x->w->sources : x->w->tables) - 1);
    int field = any_field(x);
    apr_interval_time_t back = at + SM_SEC(1) + sw_extra_soon(x);
    sm_action_t *a;

    if (sm_chance(&x->dice, 120)) {
        rename_and_restart(x, at);
        return;
    }
    a = reshape(x, at, side, place, field, sm_chance(&x->dice, 450) ? REMOVE : RETYPE);
    if (side == PROPERTY && sm_chance(&x->dice, 60)) {
        a->n[2] = REPLACE;
    }
    a->n[3] = sw_extra_roll(x, 0, 7);
    meanwhile(x, at, back, field);
    if (sm_chance(&x->dice, 850)) {
        reshape(x, back, side, place, field, MEND)->n[4] = sm_chance(&x->dice, 300);
        meanwhile(x, back, back + SM_SEC(60), field);
    }
}

static const sw_group_t groups[] = { { "suspensions", 1, suspend, 1, 5 } };

void sw_plan_schema_settings(sw_world_t *w)
{
    sw_group_settings(w, groups, 1);
    if (sm_setting_of(w->sm, "suspensions") > 0) {
        /* people put everything right in the end, or do without it */
        (void)sm_setting(w->sm, "suspensions.mended", 0, 2);
    }
}

void sw_plan_schema(sw_world_t *w)
{
    sw_group_plan(w, groups, 1);
}
