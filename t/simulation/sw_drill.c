/* sw_drill.c - drills: seeds in which one situation comes about again and again, and little else happens.
 *
 * Chance alone seldom brings three edits into the right order around a pause, or an edit between an answer that was cut off and
 * its late commit. For each rule that such a situation tests there is a drill. Some seeds in sixteen are drills; what they are
 * the settings say, so that their scenarios are read and shortened like any other. Chance comes from a stream of their own.
 */
#include "simulation/sw.h"

#define EVERY 16
#define FIRST 1
#define SECOND 6

typedef struct drill_t {
    sm_t *sm;
    sw_world_t *w; /* NULL while settings are fixed */
    sm_dice_t dice;
} drill_t;

static apr_int64_t roll(drill_t *d, apr_int64_t from, apr_int64_t to)
{
    return sm_between(&d->dice, from, to);
}

static void fix(drill_t *d, const char *name, apr_int64_t value)
{
    sm_setting_fix(d->sm, name, value);
}

static sm_action_t *act(drill_t *d, apr_interval_time_t at, const char *kind, apr_int64_t n0,
                        apr_int64_t n1, apr_int64_t n2)
{
    sm_action_t *a = sm_plan(d->sm, at, sm_kind_of(d->sm, kind));

    a->n[0] = n0;
    a->n[1] = n1;
    a->n[2] = n2;
    return a;
}

static int any_mark(drill_t *d)
{
    return (int)roll(d, 0, d->w->next_mark > 0 ? d->w->next_mark - 1 : 0);
}

static int any_field(drill_t *d)
{
    static const sw_field_id_t plain[] = { SW_NAME, SW_NOTES, SW_AMOUNT, SW_STAGE,
                                           SW_DUE,  SW_MET,   SW_MAIL };

    return (int)plain[roll(d, 0, 6)];
}

static void notion_edit(drill_t *d, apr_interval_time_t at, int mark, int field)
{
    act(d, at, "notion.edit", roll(d, 0, d->w->sources - 1), mark, field)->n[3] = roll(d, 0, 9999);
}

static void sql_edit(drill_t *d, apr_interval_time_t at, int mark, int field)
{
    act(d, at, "sql.edit", roll(d, 0, d->w->tables - 1), mark, field)->n[3] = roll(d, 0, 9999);
}

/* By the side's number. */
static void edit(drill_t *d, apr_interval_time_t at, int side, int mark, int field)
{
    (side == HISTORY_NOTION ? notion_edit : sql_edit)(d, at, mark, field);
}

static void command(drill_t *d, apr_interval_time_t at, int verb)
{
    (void)act(d, at, "op.command", 0, verb, 0);
}

enum { PAUSE = 0, RESUME, RECONCILE, RECONCILE_ALL };

/* ---- one mapping on which the last write wins, all fields alike */

static void fix_last_write(drill_t *d)
{
    fix(d, "mappings", 0);
    fix(d, "rule0", 0);
    fix(d, "grace0", roll(d, 0, 1));
    fix(d, "ways0", 0);
}

/* Nobody looks while a field is edited on both sides, minutes apart, and then another field of one of them: the record's own
 * time says nothing about the field's (S1). */
static void apart(drill_t *d, apr_interval_time_t at)
{
    int mark = any_mark(d), field = any_field(d), other = any_field(d);
    int side = (int)roll(d, 0, 1);
    apr_interval_time_t first = at + SM_SEC(roll(d, 2, 20));
    apr_interval_time_t second = first + SM_SEC(roll(d, 65, 130));
    apr_interval_time_t third = second + SM_SEC(roll(d, 65, 140));

    command(d, at, PAUSE);
    edit(d, first, side, mark, field);
    edit(d, second, !side, mark, field);
    edit(d, third, side, mark, other == field ? SW_CODE : other);
    command(d, third + SM_SEC(roll(d, 1, 30)), RESUME);
}

/* A worker stands still between its read of a page and its write to the database, while the page is edited: then the row is
 * edited, too, surely later (S2.5). */
static void fix_late(drill_t *d)
{
    fix_last_write(d);
    fix(d, "grace0", 0);
    fix(d, "tie0", 1);
    fix(d, "workers", 1);
    fix(d, "debounce0", 0);
    fix(d, "event_delay", 0);
    fix(d, "aggregate", 0);
}

static void late(drill_t *d, apr_interval_time_t at)
{
    int mark = any_mark(d), field = any_field(d);
    apr_interval_time_t ms = roll(d, 130000, 200000);
    apr_interval_time_t freeze = at + SM_MS(roll(d, 200, 3500));
    sm_action_t *frozen;

    act(d, at, "notion.slow", 8, roll(d, 1500, 4000), 0);
    notion_edit(d, at, mark, field);
    frozen = act(d, freeze, "host.freeze", 0, ms, 0);
    frozen->n[2] = 0;
    notion_edit(d, freeze + SM_MS(roll(d, 100, 20000)), mark, field);
    sql_edit(d, freeze + SM_MS(ms) + SM_MS(roll(d, 2, roll(d, 0, 1) ? 300 : 4000)), mark, field);
}

/* People type while triggers of the application rewrite what arrives (S3.5). */
static void fix_typing(drill_t *d)
{
    fix_last_write(d);
    fix(d, "rule0", roll(d, 0, 1) ? 4 : 0);
    fix(d, "tie0", 1);
    fix(d, "trim0", 0);
    fix(d, "round0", 0);
    fix(d, "upper0", 0);
}

static void typing(drill_t *d, apr_interval_time_t at)
{
    static const sw_field_id_t rewritten[] = { SW_NAME, SW_NOTES, SW_AMOUNT };
    int mark = any_mark(d), field = (int)rewritten[roll(d, 0, 2)];
    int n = (int)roll(d, 6, 14);

    if (roll(d, 0, 1)) {
        act(d, at, "notion.slow", 40, roll(d, 200, 1500), 0);
    }
    for (; n > 0; n--) {
        at += SM_MS(roll(d, 100, 2500));
        notion_edit(d, at, mark, field);
    }
}

/* ---- writes to Notion of unknown fate (S3.7) */

static void fix_fates(drill_t *d)
{
    fix(d, "stale", 3);
    fix(d, "far", 0);
    fix(d, "deletes", 0);
}

static void fates(drill_t *d, apr_interval_time_t at)
{
    static const int faults[] = { 0, 0, 2, 3, 4, 4, 5, 5, 15 };
    sm_action_t *fault =
        act(d, at, "notion.fault", faults[roll(d, 0, 8)], roll(d, 0, 3) ? 1 : 0, 0);
    int mark, n = (int)roll(d, 1, 3);

    fault->n[2] = roll(d, 0, 1);
    fault->n[3] = roll(d, 0, n - 1);
    fault->n[4] = roll(d, 0, 54999);
    for (; n > 0; n--) {
        int edits = (int)roll(d, 0, 5);
        sm_action_t *make;

        at += SM_MS(roll(d, 1, 800));
        mark = d->w->next_mark++;
        make = act(d, at, "sql.make", roll(d, 0, d->w->tables - 1), mark, roll(d, 0, 9999));
        make->n[3] = roll(d, 0, (1 << SW_FIELDS) - 1);
        for (; edits > 0; edits--) {
            sql_edit(d, at + SM_MS(roll(d, 1000, 70000)), mark, any_field(d));
        }
    }
    if (!roll(d, 0, 3)) {
        act(d, at + SM_MS(roll(d, 100, 60000)), "host.kill", 0, -1, 1);
    }
}

/* ---- what is announced, and what is not */

static void fix_quiet(drill_t *d)
{
    fix(d, "ways0", 0);
    fix(d, "reconcile0", 4);
    fix(d, "reconcile1", 4);
}

/* No event ever arrives: what an incremental listing did not show, the next one must (S3.10). */
static void fix_unheard(drill_t *d)
{
    fix_quiet(d);
    fix(d, "loss", 100);
    fix(d, "loss_share", 100);
    fix(d, "stale", roll(d, 2, 3));
}

static void unheard(drill_t *d, apr_interval_time_t at)
{
    int n = (int)roll(d, 1, 4);

    command(d, at, RECONCILE);
    for (; n > 0; n--) {
        notion_edit(d, at + SM_MS(roll(d, -25000, 50000)), any_mark(d), any_field(d));
    }
}

/* Some events are lost: another one of the same minute has that minute listed (S3.10). */
static void fix_minutes(drill_t *d)
{
    fix_quiet(d);
    fix(d, "mappings", 0);
    fix(d, "loss", 100);
    fix(d, "loss_share", 50);
    fix(d, "event_delay", roll(d, 0, 1));
    fix(d, "aggregate", roll(d, 0, 1));
}

static void same_minute(drill_t *d, apr_interval_time_t at)
{
    int n = (int)roll(d, 2, 5);

    for (; n > 0; n--) {
        notion_edit(d, at + SM_MS(roll(d, 0, 20000)), any_mark(d), any_field(d));
    }
}

/* Our write and a person's edit come as one event, with both as its authors (S3.9). */
static void fix_authors(drill_t *d)
{
    fix_quiet(d);
    fix(d, "loss", 0);
    fix(d, "event_delay", roll(d, 0, 2));
    fix(d, "aggregate", 2);
}

static void authors(drill_t *d, apr_interval_time_t at)
{
    int mark = any_mark(d);

    sql_edit(d, at, mark, any_field(d));
    notion_edit(d, at + SM_MS(roll(d, 200, 9000)), mark, any_field(d));
}

/* Two tables of one data source, or two data sources of one table: each hears of the other's writes (S3.9). */
static void fix_siblings(drill_t *d)
{
    fix_quiet(d);
    fix(d, "loss", 0);
    fix(d, "mappings", 7 + roll(d, 0, 1));
    fix(d, "ways1", 0);
    fix(d, "fields0", 0x7ff);
    fix(d, "fields1", 0x7ff);
    fix(d, "event_delay", roll(d, 0, 1));
}

static void siblings(drill_t *d, apr_interval_time_t at)
{
    edit(d, at, (int)roll(d, 0, 1), any_mark(d), any_field(d));
}

/* Many records wait, and whoever has them in hand dies: the inbox knows them still (S3.6). */
static void fix_backlog(drill_t *d)
{
    fix_quiet(d);
    fix(d, "loss", 0);
    fix(d, "records", 9);
    fix(d, "window", 6);
    fix(d, "budget", 1);
    fix(d, "event_delay", 0);
}

static void backlog(drill_t *d, apr_interval_time_t at)
{
    int side = (int)roll(d, 0, 1), field = any_field(d);
    int i;

    for (i = 0; i < d->w->next_mark; i++) {
        edit(d, at + SM_MS(roll(d, 0, 1500)), side, i, field);
    }
    act(d, at + SM_MS(roll(d, 100, 6000)), "host.kill", 0, -1, 1);
}

/* ---- keys that change while their record is in hand (S4.4) */

static void fix_keys(drill_t *d)
{
    fix(d, "ways0", 0);
    fix(d, "stale", roll(d, 0, 1));
}

static void keys(drill_t *d, apr_interval_time_t at)
{
    int mark = any_mark(d), n = (int)roll(d, 1, 3);

    if (roll(d, 0, 1)) {
        act(d, at, "notion.slow", 20, roll(d, 200, 2500), 0);
    }
    for (; n > 0; n--) {
        edit(d, at + SM_MS(roll(d, 0, 1500)), (int)roll(d, 0, 1), mark, any_field(d));
    }
    (void)act(d, at + SM_MS(roll(d, 0, 4000)), "sql.rekey", roll(d, 0, d->w->tables - 1), mark,
              roll(d, 5, 5000));
}

/* ---- processes that stand still, lose what they had, and go on */

static void fix_frozen(drill_t *d)
{
    fix_last_write(d);
    fix(d, "rule0", roll(d, 3, 4));
    fix(d, "workers", 2);
}

static void frozen(drill_t *d, apr_interval_time_t at)
{
    int mark = any_mark(d), field = any_field(d), n = (int)roll(d, 3, 8);
    apr_interval_time_t ms = roll(d, 3000, 60000);
    apr_interval_time_t freeze = at + SM_MS(roll(d, 50, 2500));
    sm_action_t *a = act(d, freeze, "host.freeze", roll(d, 0, 1), ms, 1);

    act(d, at, "notion.slow", 5, roll(d, 200, 2500), 0);
    a->n[2] = 1;
    edit(d, at, (int)roll(d, 0, 1), mark, field);
    for (; n > 0; n--) {
        edit(d, freeze + SM_MS(roll(d, 100, ms + 4000)), (int)roll(d, 0, 1), mark, field);
    }
}

/* The clock is set while the budget is all used (S6.8). */
static void fix_clock(drill_t *d)
{
    fix(d, "window", roll(d, 2, 6));
    fix(d, "budget", 1);
    fix(d, "records", 9);
}

static void clock_steps(drill_t *d, apr_interval_time_t at)
{
    int n = (int)roll(d, 30, 60);

    act(d, at + SM_MS(roll(d, 5000, 20000)), "host.clock", roll(d, 15000, 90000), 0, 0);
    act(d, at + SM_MS(roll(d, 60000, 90000)), "host.clock", -roll(d, 15000, 90000), 0, 0);
    for (; n > 0; n--) {
        edit(d, at + SM_MS(roll(d, 0, 15000)), (int)roll(d, 0, 1), any_mark(d), any_field(d));
    }
}

/* ---- all of them */

static const struct {
    const char *name;
    void (*fix)(drill_t *d);
    void (*episode)(drill_t *d, apr_interval_time_t at);
    int from, to; /* seconds from one to the next */
} drills[] = {
    { "apart", fix_last_write, apart, 330, 420 },
    { "late", fix_late, late, 240, 300 },
    { "typing", fix_typing, typing, 30, 90 },
    { "fates", fix_fates, fates, 100, 240 },
    { "unheard", fix_unheard, unheard, 60, 150 },
    { "minutes", fix_minutes, same_minute, 120, 240 },
    { "authors", fix_authors, authors, 60, 120 },
    { "siblings", fix_siblings, siblings, 5, 90 },
    { "backlog", fix_backlog, backlog, 120, 240 },
    { "keys", fix_keys, keys, 10, 60 },
    { "frozen", fix_frozen, frozen, 80, 160 },
    { "clock", fix_clock, clock_steps, 150, 200 },
};

#define DRILLS ((int)(sizeof(drills) / sizeof(drills[0])))

/* What else might happen, and does not. */
static const char *const others[] = {
    "deletes",       "copies",    "purges",     "hiding",   "bodies",        "keys",
    "reuse",         "replace",   "truncate",   "swaps",    "batches",       "locks",
    "faults",        "slow",      "limits",     "sharing",  "options",       "schema",
    "restores",      "others",    "migrations", "pauses",   "undo",          "configuring",
    "rulings",       "undo_many", "plans",      "commands", "host.troubles", "host.state_loss",
    "host.clock_ms",
};

static void begin(drill_t *d, sm_t *sm, const char *stream)
{
    d->sm = sm;
    d->w = sm->world;
    sm_dice_init(&d->dice, sm, stream);
}

static void setup(sm_t *sm)
{
    apr_uint64_t rest = sm->seed % EVERY;
    int which = (int)(sm->seed / EVERY * 2 + (rest == SECOND)) % DRILLS;
    drill_t d;
    apr_size_t i;

    if (rest == FIRST || rest == SECOND) {
        begin(&d, sm, "drill settings");
        for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            fix(&d, others[i], 0);
        }
        fix(&d, "minutes", 20);
        fix(&d, "actions", roll(&d, 0, 6));
        fix(&d, "records", 5);
        fix(&d, "standing", 2);
        drills[which].fix(&d);
        fix(&d, "drill", which + 1);
    }
    else {
        sm_setting_fix(sm, "drill", 0);
    }
    (void)sm_setting(sm, "drill", 0, DRILLS);
}

void sw_drill_plan(sw_world_t *w)
{
    int which = (int)sm_setting_of(w->sm, "drill") - 1;
    apr_interval_time_t at = SM_SEC(60);
    drill_t d;

    if (which < 0 || which >= DRILLS) {
        return;
    }
    begin(&d, w->sm, "drill");
    while (at < SM_MIN(sm_setting_of(w->sm, "minutes"))) {
        drills[which].episode(&d, at);
        at += SM_SEC(roll(&d, drills[which].from, drills[which].to));
    }
}

const sm_part_t sm_part_drill = { .name = "drill", .setup = setup };
