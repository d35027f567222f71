/* sw_plan_notion.c - groups of what happens on Notion's side, each with dice of its own: a seed without one goes as it would if
 * there were no such group.
 */
#include "simulation/sw_group.h"

/* ---- writes that meet */

/* While a page is being saved another write of it is refused: ours by a person's, one mapping's by the other's. */
static void overlap(sw_extra_t *x, apr_interval_time_t at)
{
    static const apr_int64_t takes[] = { 30, 300, 3000 };
    apr_interval_time_t until = at + SM_SEC(sw_extra_roll(x, 20, 300));
    int n = (int)sw_extra_roll(x, 3, 8);

    sw_extra_act(x, at, "notion.saving")->n[0] = takes[sw_extra_roll(x, 0, 2)];
    sw_extra_act(x, until, "notion.saving")->n[0] = 0;
    for (; n > 0; n--) {
        apr_interval_time_t when = at + SM_MS(sw_extra_roll(x, 0, (until - at) / 1000));
        int mark = sw_extra_mark(x);

        sw_extra_edit(x, when, HISTORY_EXTERNAL, mark);
        sw_extra_edit(x, when + SM_MS(sw_extra_roll(x, 0, 1500)), HISTORY_NOTION, mark);
    }
}

/* ---- pages that are moved */

static void put_move(sw_extra_t *x, apr_interval_time_t at, int from, int mark, int to)
{
    sm_action_t *a = sw_extra_act(x, at, "notion.move");

    a->n[0] = from;
    a->n[1] = mark;
    a->n[2] = to;
    a->n[3] = sw_extra_roll(x, 0, 1);
}

/* Away, and mostly back; meanwhile its row is edited, or deleted. */
static void move_away(sw_extra_t *x, apr_interval_time_t at)
{
    int from = (int)sw_extra_roll(x, 0, x->w->sources - 1);
    int to = x->w->sources > 1 && sm_chance(&x->dice, 500) ? !from : x->w->sources;
    int mark = sw_extra_mark(x);
    apr_interval_time_t back = at + sw_extra_soon(x);
    sm_action_t *a;

    put_move(x, at, from, mark, to);
    if (sm_chance(&x->dice, 700)) {
        sw_extra_edit(x, at + sw_extra_soon(x), HISTORY_EXTERNAL, mark);
    }
    if (sm_chance(&x->dice, 150)) {
        a = sw_extra_act(x, at + sw_extra_soon(x), "sql.delete");
        a->n[0] = sw_extra_roll(x, 0, x->w->tables - 1);
        a->n[1] = mark;
    }
    if (sm_chance(&x->dice, 650)) {
        put_move(x, back, to, mark, from);
    }
}

/* One that no mapping knew comes in. */
static void move_in(sw_extra_t *x, apr_interval_time_t at)
{
    sm_action_t *a = sw_extra_act(x, 0, "notion.elsewhere");
    int mark = x->w->next_mark++;

    a->n[1] = mark;
    a->n[2] = sw_extra_roll(x, 0, 9999);
    a->n[3] = sw_extra_roll(x, 0, (1 << SW_FIELDS) - 1);
    a->n[4] = sw_extra_roll(x, 0, 1);
    put_move(x, at, x->w->sources, mark, (int)sw_extra_roll(x, 0, x->w->sources - 1));
}

static void move_pages(sw_extra_t *x, apr_interval_time_t at)
{
    (sm_chance(&x->dice, 700) ? move_away : move_in)(x, at);
}

/* ---- what a page does not show whole */

/* Texts of about as many mentions as a page shows, or more; then one that only ends in another way, while the row is edited. */
static void mention_days(sw_extra_t *x, apr_interval_time_t at)
{
    int mark = sw_extra_mark(x);
    apr_int64_t days = sw_extra_roll(x, 23, 40);
    int i;

    for (i = (int)sw_extra_roll(x, 1, 3); i > 0; i--) {
        sm_action_t *a = sw_extra_act(x, at, "notion.mention");

        a->n[0] = sw_extra_roll(x, 0, x->w->sources - 1);
        a->n[1] = mark;
        a->n[2] = days;
        a->n[3] = sw_extra_roll(x, 0, 9999);
        a->n[4] = sw_extra_roll(x, 0, 1);
        at += sw_extra_soon(x);
        if (sm_chance(&x->dice, 500)) {
            sw_extra_edit(x, at, (int)sw_extra_roll(x, 0, 1), mark);
            at += sw_extra_soon(x);
        }
    }
}

/* ---- unique values */

/* Pages exchange them, at times while one of them, or its row, is edited, or once more. */
static void exchange_codes(sw_extra_t *x, apr_interval_time_t at)
{
    int source = (int)sw_extra_roll(x, 0, x->w->sources - 1);
    int again = sm_chance(&x->dice, 300) ? 2 : 1;
    int marks[3];
    int i;

    for (i = 0; i < 3; i++) {
        marks[i] = sw_extra_mark(x);
    }
    for (; again > 0; again--) {
        sm_action_t *a = sw_extra_act(x, at, "notion.exchange");

        a->n[0] = source;
        for (i = 0; i < 3; i++) {
            a->n[i + 1] = marks[i];
        }
        a->n[4] = sw_extra_roll(x, 0, 1);
        if (sm_chance(&x->dice, 400)) {
            sw_extra_edit(x, at + sw_extra_soon(x), (int)sw_extra_roll(x, 0, 1),
                          marks[sw_extra_roll(x, 0, 2)]);
        }
        at += sw_extra_soon(x);
    }
}

/* ---- all of them */

static const sw_group_t groups[] = {
    { "overlaps", 2, overlap, 1, 4 },
    { "moves", 2, move_pages, 1, 8 },
    { "mentions", 2, mention_days, 1, 6 },
    { "trades", 2, exchange_codes, 1, 8 },
};

#define GROUPS ((int)(sizeof(groups) / sizeof(groups[0])))

void sw_plan_notion_settings(sw_world_t *w)
{
    sw_group_settings(w, groups, GROUPS);
    /* which fields the data source of no mapping has, too: what it lacks a page loses there */
    (void)sm_setting(w->sm, "moves_keep", 0, (1 << SW_FIELDS) - 1);
}

void sw_plan_notion(sw_world_t *w)
{
    sw_group_plan(w, groups, GROUPS);
}
