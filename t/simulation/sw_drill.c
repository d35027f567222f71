/* sw_drill.c - drills: seeds in which one situation comes about again and again, and little else happens.
 *
 * Chance alone seldom brings three edits into the right order around a pause, or an edit between an answer that was cut off and
 * its late commit. For each rule that such a situation tests there is a drill. Some seeds in sixteen are drills; what they are
 * the settings say, so that their scenarios are read and shortened like any other. Chance comes from a stream of their own.
 */
#include <apr_strings.h>

#include "simulation/sw_drill.h"

#define EVERY 16
#define FIRST 1
#define SECOND 6

apr_int64_t sw_drill_roll(sw_drill_t *d, apr_int64_t from, apr_int64_t to)
{
    return sm_between(&d->dice, from, to);
}

/* Of a second Notion as well. */
void sw_drill_fix(sw_drill_t *d, const char *name, apr_int64_t value)
{
    sm_setting_fix(d->sm, name, value);
    sm_setting_fix(d->sm, apr_pstrcat(d->sm->p, SW_AWAY, name, NULL), value);
}

sm_action_t *sw_drill_act(sw_drill_t *d, apr_interval_time_t at, const char *kind, apr_int64_t n0,
                          apr_int64_t n1, apr_int64_t n2)
{
    sm_action_t *a = sm_plan(d->sm, at, sw_kind(d->w, kind, d->swapped));

    a->n[0] = n0;
    a->n[1] = n1;
    a->n[2] = n2;
    return a;
}

int sw_drill_any_mark(sw_drill_t *d)
{
    return (int)sw_drill_roll(d, 0, d->w->next_mark > 0 ? d->w->next_mark - 1 : 0);
}

int sw_drill_any_field(sw_drill_t *d)
{
    static const sw_field_id_t plain[] = { SW_NAME, SW_NOTES, SW_AMOUNT, SW_STAGE,
                                           SW_DUE,  SW_MET,   SW_MAIL };

    return (int)plain[sw_drill_roll(d, 0, 6)];
}

void sw_drill_notion_edit(sw_drill_t *d, apr_interval_time_t at, int mark, int field)
{
    apr_int64_t source = sw_drill_roll(d, 0, d->w->sources - 1);
    apr_int64_t code = sw_drill_roll(d, 0, 9999);

    sw_drill_act(d, at, "notion.edit", source, mark, field)->n[3] = code;
}

void sw_drill_sql_edit(sw_drill_t *d, apr_interval_time_t at, int mark, int field)
{
    apr_int64_t table = sw_drill_roll(d, 0, d->w->tables - 1);
    apr_int64_t code = sw_drill_roll(d, 0, 9999);

    sw_drill_act(d, at, "sql.edit", table, mark, field)->n[3] = code;
}

void sw_drill_edit(sw_drill_t *d, apr_interval_time_t at, int side, int mark, int field)
{
    (side == HISTORY_NOTION ? sw_drill_notion_edit : sw_drill_sql_edit)(d, at, mark, field);
}

void sw_drill_edits(sw_drill_t *d, apr_interval_time_t at, sw_burst_t burst)
{
    int i;

    for (i = 0; i < burst.n; i++) {
        int side = burst.side == SW_ANY ? (int)sw_drill_roll(d, 0, 1) : burst.side;
        int mark = burst.mark == SW_ANY ? sw_drill_any_mark(d) : burst.mark;
        int field = burst.field == SW_ANY ? sw_drill_any_field(d) : burst.field;

        sw_drill_edit(d, at + SM_MS(sw_drill_roll(d, burst.from, burst.to)), side, mark, field);
    }
}

void sw_drill_make(sw_drill_t *d, apr_interval_time_t at, int side, int place, int mark)
{
    apr_int64_t code = sw_drill_roll(d, 0, 9999);
    const char *kind = side == HISTORY_NOTION ? "notion.make" : "sql.make";

    sw_drill_act(d, at, kind, place, mark, code)->n[3] = sw_drill_roll(d, 0, (1 << SW_FIELDS) - 1);
}

void sw_drill_command(sw_drill_t *d, apr_interval_time_t at, int verb)
{
    (void)sw_drill_act(d, at, "op.command", 0, verb, 0);
}

void sw_drill_fix_last_write(sw_drill_t *d)
{
    sw_drill_fix(d, "mappings", 0);
    sw_drill_fix(d, "rule0", 0);
    sw_drill_fix(d, "grace0", sw_drill_roll(d, 0, 1));
    sw_drill_fix(d, "ways0", 0);
}

/* ---- all of them */

/* Each has its seeds for good. */
static const sw_drill_kind_t *const places[] = {
    &sw_drill_apart,   &sw_drill_late,    &sw_drill_typing,   &sw_drill_fates,   &sw_drill_unheard,
    &sw_drill_minutes, &sw_drill_authors, &sw_drill_siblings, &sw_drill_backlog, &sw_drill_keys,
    &sw_drill_frozen,  &sw_drill_clock,   &sw_drill_young,    &sw_drill_cap,     &sw_drill_twins,
    &sw_drill_hours,   &sw_drill_fields,  &sw_drill_deaths,   &sw_drill_filters, &sw_drill_filters,
    &sw_drill_filters, &sw_drill_apart,   &sw_drill_late,     &sw_drill_members
};

#define PLACES ((int)(sizeof(places) / sizeof(places[0])))

/* What else might happen, and does not. */
static const char *const others[] = {
    "deletes",       "copies",    "purges",     "hiding",   "bodies",        "keys",
    "reuse",         "replace",   "truncate",   "swaps",    "batches",       "locks",
    "faults",        "slow",      "limits",     "sharing",  "options",       "schema",
    "restores",      "others",    "migrations", "pauses",   "undo",          "configuring",
    "rulings",       "undo_many", "plans",      "commands", "host.troubles", "host.state_loss",
    "host.clock_ms", "overlaps",  "moves",      "status",   "ranges",        "text_key0",
    "text_key1",     "displaced", "forms",      "swapped",  "set_back",      "families",
    "trades",
};

static void begin(sw_drill_t *d, sm_t *sm, const char *stream)
{
    d->sm = sm;
    d->w = sm->world;
    d->swapped = 0;
    sm_dice_init(&d->dice, sm, stream);
}

static void setup(sm_t *sm)
{
    apr_uint64_t rest = sm->seed % EVERY;
    int place = (int)(sm->seed / EVERY * 2 + (rest == SECOND)) % PLACES;
    sw_drill_t d;
    apr_size_t i;

    if (rest == FIRST || rest == SECOND) {
        begin(&d, sm, "drill settings");
        for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            sw_drill_fix(&d, others[i], 0);
        }
        sw_drill_fix(&d, "minutes", 20);
        sw_drill_fix(&d, "actions", sw_drill_roll(&d, 0, 6));
        sw_drill_fix(&d, "records", 5);
        sw_drill_fix(&d, "standing", 2);
        places[place]->fix(&d);
        sw_drill_fix(&d, "drill", place + 1);
    }
    else {
        sm_setting_fix(sm, "drill", 0);
    }
    (void)sm_setting(sm, "drill", 0, PLACES);
}

int sw_drill_is_of_database(const sm_t *sm)
{
    int place = (int)sm_setting_of(sm, "drill") - 1;

    return place >= 0 && place < PLACES && places[place]->of_database;
}

void sw_drill_plan(sw_world_t *w)
{
    int place = (int)sm_setting_of(w->sm, "drill") - 1;
    apr_interval_time_t at = SM_SEC(60);
    sw_drill_t d;

    if (place < 0 || place >= PLACES) {
        return;
    }
    begin(&d, w->sm, "drill");
    while (at < SM_MIN(sm_setting_of(w->sm, "minutes"))) {
        d.swapped = w->notions > 1 && sm_chance(&d.dice, 500);
        places[place]->episode(&d, at);
        at += SM_SEC(sw_drill_roll(&d, places[place]->from, places[place]->to));
    }
}

const sm_part_t sm_part_drill = { .name = "drill", .setup = setup };
