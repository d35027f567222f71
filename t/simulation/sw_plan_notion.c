/* sw_plan_notion.c - groups of what happens on Notion's side, each with dice of its own: a seed without one goes as it would if
 * there were no such group.
 */
#include <string.h>

#include "simulation/sw.h"

typedef struct group_t group_t;

typedef struct extra_t {
    sw_world_t *w;
    const group_t *group;
    sm_dice_t dice;
    apr_interval_time_t span;
} extra_t;

struct group_t {
    const char *name; /* of its setting, and of its dice */
    int often;        /* of ten seeds, that have it */
    void (*plan)(extra_t *x, apr_interval_time_t at);
    int least, most; /* times */
};

static apr_int64_t roll(extra_t *x, apr_int64_t from, apr_int64_t to)
{
    return sm_between(&x->dice, from, to);
}

static sm_action_t *act(extra_t *x, apr_interval_time_t at, const char *kind)
{
    return sm_plan(x->w->sm, at, sw_kind(kind));
}

static int any_mark(extra_t *x)
{
    return (int)roll(x, 0, x->w->next_mark > 0 ? x->w->next_mark - 1 : 0);
}

static void edit(extra_t *x, apr_interval_time_t at, int side, int mark)
{
    sm_action_t *a = act(x, at, side == HISTORY_NOTION ? "notion.edit" : "sql.edit");

    a->n[0] = roll(x, 0, (side == HISTORY_NOTION ? x->w->sources : x->w->tables) - 1);
    a->n[1] = mark;
    a->n[2] = roll(x, 1, SW_REMARK - 1);
    a->n[3] = roll(x, 0, 9999);
}

/* ---- writes that meet */

/* While a page is being saved another write of it is refused: ours by a person's, one mapping's by the other's. */
static void overlap(extra_t *x, apr_interval_time_t at)
{
    static const apr_int64_t takes[] = { 30, 300, 3000 };
    apr_interval_time_t until = at + SM_SEC(roll(x, 20, 300));
    int n = (int)roll(x, 3, 8);

    act(x, at, "notion.saving")->n[0] = takes[roll(x, 0, 2)];
    act(x, until, "notion.saving")->n[0] = 0;
    for (; n > 0; n--) {
        apr_interval_time_t when = at + SM_MS(roll(x, 0, (until - at) / 1000));
        int mark = any_mark(x);

        edit(x, when, HISTORY_EXTERNAL, mark);
        edit(x, when + SM_MS(roll(x, 0, 1500)), HISTORY_NOTION, mark);
    }
}

/* ---- pages that are moved */

static void put_move(extra_t *x, apr_interval_time_t at, int from, int mark, int to)
{
    sm_action_t *a = act(x, at, "notion.move");

    a->n[0] = from;
    a->n[1] = mark;
    a->n[2] = to;
    a->n[3] = roll(x, 0, 1);
}

static apr_interval_time_t soon(extra_t *x)
{
    static const apr_int64_t within[] = { 300, 3000, 60000, 400000 };

    return SM_MS(roll(x, 0, within[roll(x, 0, 3)]));
}

/* Away, and mostly back; meanwhile its row is edited, or deleted. */
static void move_away(extra_t *x, apr_interval_time_t at)
{
    int from = (int)roll(x, 0, x->w->sources - 1);
    int to = x->w->sources > 1 && sm_chance(&x->dice, 500) ? !from : x->w->sources;
    int mark = any_mark(x);
    apr_interval_time_t back = at + soon(x);
    sm_action_t *a;

    put_move(x, at, from, mark, to);
    if (sm_chance(&x->dice, 700)) {
        edit(x, at + soon(x), HISTORY_EXTERNAL, mark);
    }
    if (sm_chance(&x->dice, 150)) {
        a = act(x, at + soon(x), "sql.delete");
        a->n[0] = roll(x, 0, x->w->tables - 1);
        a->n[1] = mark;
    }
    if (sm_chance(&x->dice, 650)) {
        put_move(x, back, to, mark, from);
    }
}

/* One that no mapping knew comes in. */
static void move_in(extra_t *x, apr_interval_time_t at)
{
    sm_action_t *a = act(x, 0, "notion.elsewhere");
    int mark = x->w->next_mark++;

    a->n[1] = mark;
    a->n[2] = roll(x, 0, 9999);
    a->n[3] = roll(x, 0, (1 << SW_FIELDS) - 1);
    a->n[4] = roll(x, 0, 1);
    put_move(x, at, x->w->sources, mark, (int)roll(x, 0, x->w->sources - 1));
}

static void move_pages(extra_t *x, apr_interval_time_t at)
{
    (sm_chance(&x->dice, 700) ? move_away : move_in)(x, at);
}

/* ---- all of them */

static const group_t groups[] = {
    { "overlaps", 2, overlap, 1, 4 },
    { "moves", 2, move_pages, 1, 8 },
};

#define GROUPS ((int)(sizeof(groups) / sizeof(groups[0])))

void sw_plan_notion_settings(sw_world_t *w)
{
    int i;

    for (i = 0; i < GROUPS; i++) {
        (void)sm_setting(w->sm, groups[i].name, groups[i].often - 9, groups[i].often);
    }
    /* which fields the data source of no mapping has, too: what it lacks a page loses there */
    (void)sm_setting(w->sm, "moves_keep", 0, (1 << SW_FIELDS) - 1);
}

static void plan_group(extra_t *x)
{
    apr_int64_t n;

    sm_dice_init(&x->dice, x->w->sm, x->group->name);
    for (n = roll(x, x->group->least, x->group->most); n > 0; n--) {
        x->group->plan(x, SM_SEC(1) + roll(x, 0, x->span));
    }
}

void sw_plan_notion(sw_world_t *w)
{
    extra_t x;
    int i;

    memset(&x, 0, sizeof(x));
    x.w = w;
    x.span = SM_MIN(sm_setting_of(w->sm, "minutes"));
    for (i = 0; i < GROUPS; i++) {
        x.group = &groups[i];
        if (sm_setting_of(w->sm, groups[i].name) > 0) {
            plan_group(&x);
        }
    }
}
