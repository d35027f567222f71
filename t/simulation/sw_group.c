/* sw_group.c - what groups of sw_plan_*.c are made of. */
#include <string.h>

#include "simulation/sw_group.h"

apr_int64_t sw_extra_roll(sw_extra_t *x, apr_int64_t from, apr_int64_t to)
{
    return sm_between(&x->dice, from, to);
}

sm_action_t *sw_extra_act(sw_extra_t *x, apr_interval_time_t at, const char *kind)
{
    return sm_plan(x->w->sm, at, sw_kind(x->w, kind, x->swapped));
}

int sw_extra_mark(sw_extra_t *x)
{
    return (int)sw_extra_roll(x, 0, x->w->next_mark > 0 ? x->w->next_mark - 1 : 0);
}

void sw_extra_edit(sw_extra_t *x, apr_interval_time_t at, int side, int mark)
{
    sm_action_t *a = sw_extra_act(x, at, side == HISTORY_NOTION ? "notion.edit" : "sql.edit");

    a->n[0] = sw_extra_roll(x, 0, (side == HISTORY_NOTION ? x->w->sources : x->w->tables) - 1);
    a->n[1] = mark;
    a->n[2] = sw_extra_roll(x, 1, SW_REMARK - 1);
    a->n[3] = sw_extra_roll(x, 0, 9999);
}

apr_interval_time_t sw_extra_soon(sw_extra_t *x)
{
    static const apr_int64_t within[] = { 300, 3000, 60000, 400000 };

    return SM_MS(sw_extra_roll(x, 0, within[sw_extra_roll(x, 0, 3)]));
}

void sw_group_settings(sw_world_t *w, const sw_group_t *groups, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        (void)sm_setting(w->sm, groups[i].name, groups[i].often - 9, groups[i].often);
    }
}

static void plan_group(sw_extra_t *x)
{
    apr_int64_t n;

    sm_dice_init(&x->dice, x->w->sm, x->group->name);
    for (n = sw_extra_roll(x, x->group->least, x->group->most); n > 0; n--) {
        x->swapped = x->w->notions > 1 && sm_chance(&x->dice, 500);
        x->group->plan(x, SM_SEC(1) + sw_extra_roll(x, 0, x->span));
    }
}

void sw_group_plan(sw_world_t *w, const sw_group_t *groups, int count)
{
    sw_extra_t x;
    int i;

    memset(&x, 0, sizeof(x));
    x.w = w;
    x.span = SM_MIN(sm_setting_of(w->sm, "minutes"));
    for (i = 0; i < count; i++) {
        x.group = &groups[i];
        if (sm_setting_of(w->sm, groups[i].name) > 0) {
            plan_group(&x);
        }
    }
}
