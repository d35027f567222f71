/* sw_crowd.c - crowds: many pages of one source are edited within seconds, or one after the other for a minute, so that they are read
 * by a query (S7.1).
 *
 * In some seeds in sixteen, on top of all else that happens there. They have more records than others and the smallest budget, by which
 * three pages are few. Chance comes from a stream of its own, so the other seeds do not know of it.
 */
#include "simulation/sw_drill.h"

#define EVERY 16
#define PLACE 11
#define CROWD_MAX 40

static void setup(sm_t *sm)
{
    sm_dice_t dice;
    int here = sm->seed % EVERY == PLACE;

    if (here) {
        sm_dice_init(&dice, sm, "crowd settings");
        sm_setting_fix(sm, "records", sm_between(&dice, 16, CROWD_MAX));
        sm_setting_fix(sm, "budget", 1);
    }
    sm_setting_fix(sm, "crowds", here);
    (void)sm_setting(sm, "crowds", 0, 1);
}

/* Pages around one place, each once or twice; some rows of theirs as well, and where anything is deleted now and then one
 * goes. */
static void crowd(sw_drill_t *d, apr_interval_time_t at)
{
    static const apr_int64_t spans[] = { 300, 2000, 2000, 20000, 60000 };
    apr_int64_t span = spans[sw_drill_roll(d, 0, 4)];
    int first = sw_drill_any_mark(d);
    int n = (int)sw_drill_roll(d, 8, CROWD_MAX);
    int both = (int)sw_drill_roll(d, 0, 1);
    int i;

    for (i = 0; i < n; i++) {
        int mark = (first + i) % (d->w->next_mark > 0 ? d->w->next_mark : 1);
        int field = sw_drill_any_field(d);
        apr_interval_time_t when = at + SM_MS(sw_drill_roll(d, 0, span));

        sw_drill_notion_edit(d, when, mark, field);
        if (both && sw_drill_roll(d, 0, 3) == 0) {
            sw_drill_edit(d, when + SM_MS(sw_drill_roll(d, 0, 45000)), (int)sw_drill_roll(d, 0, 1),
                          mark, field);
        }
        if (sm_setting_of(d->sm, "deletes") > 0 && sw_drill_roll(d, 0, 19) == 0) {
            (void)sw_drill_act(d, when + SM_MS(sw_drill_roll(d, 0, 30000)), "notion.trash", 0, mark,
                               1);
        }
    }
}

void sw_crowd_plan(sw_world_t *w)
{
    apr_interval_time_t at = SM_SEC(90);
    sw_drill_t d;

    if (sm_setting_of(w->sm, "crowds") <= 0) {
        return;
    }
    d.sm = w->sm;
    d.w = w;
    sm_dice_init(&d.dice, w->sm, "crowds");
    while (at < SM_MIN(sm_setting_of(w->sm, "minutes"))) {
        d.swapped = w->notions > 1 && sm_chance(&d.dice, 500);
        crowd(&d, at);
        at += SM_SEC(sw_drill_roll(&d, 100, 400));
    }
}

const sm_part_t sm_part_crowd = { .name = "crowd", .setup = setup };
