/* sw_drill_edits.c - drills of edits: in which order, during what, and what stands still, dies or is cut off meanwhile. */
#include "simulation/sm_kernel.h"
#include "simulation/sw_drill.h"

/* Nobody looks while a field is edited on both sides, minutes apart, and then another field of one of them: the record's own
 * time says nothing about the field's (S1). */
static void apart(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d), field = sw_drill_any_field(d), other = sw_drill_any_field(d);
    int side = (int)sw_drill_roll(d, 0, 1);
    apr_interval_time_t first = at + SM_SEC(sw_drill_roll(d, 2, 20));
    apr_interval_time_t second = first + SM_SEC(sw_drill_roll(d, 65, 130));
    apr_interval_time_t third = second + SM_SEC(sw_drill_roll(d, 65, 140));

    sw_drill_command(d, at, SW_PAUSE);
    sw_drill_edit(d, first, side, mark, field);
    sw_drill_edit(d, second, !side, mark, field);
    sw_drill_edit(d, third, side, mark, other == field ? SW_CODE : other);
    sw_drill_command(d, third + SM_SEC(sw_drill_roll(d, 1, 30)), SW_RESUME);
}

const sw_drill_kind_t sw_drill_apart = { "apart", sw_drill_fix_last_write, apart, 330, 420, 0 };

/* A worker stands still between its read of a page and its write to the database, while the page is edited: then the row is
 * edited, too, surely later (S2.5). */
static void fix_late(sw_drill_t *d)
{
    sw_drill_fix_last_write(d);
    sw_drill_fix(d, "grace0", 0);
    sw_drill_fix(d, "tie0", 1);
    sw_drill_fix(d, "workers", 1);
    sw_drill_fix(d, "debounce0", 0);
    sw_drill_fix(d, "event_delay", 0);
    sw_drill_fix(d, "aggregate", 0);
}

static void late(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d), field = sw_drill_any_field(d);
    apr_interval_time_t ms = sw_drill_roll(d, 130000, 200000);
    apr_interval_time_t freeze = at + SM_MS(sw_drill_roll(d, 200, 3500));
    int within = sw_drill_roll(d, 0, 1) ? 300 : 4000;

    sw_drill_act(d, at, "notion.slow", 8, sw_drill_roll(d, 1500, 4000), 0);
    sw_drill_notion_edit(d, at, mark, field);
    sw_drill_act(d, freeze, "host.freeze", 0, ms, 0);
    sw_drill_notion_edit(d, freeze + SM_MS(sw_drill_roll(d, 100, 20000)), mark, field);
    sw_drill_sql_edit(d, freeze + SM_MS(ms + sw_drill_roll(d, 2, within)), mark, field);
}

const sw_drill_kind_t sw_drill_late = { "late", fix_late, late, 240, 300, 0 };

/* People type while triggers of the application rewrite what arrives (S3.5). */
static void fix_typing(sw_drill_t *d)
{
    sw_drill_fix_last_write(d);
    sw_drill_fix(d, "rule0", sw_drill_roll(d, 0, 1) ? 4 : 0);
    sw_drill_fix(d, "tie0", 1);
    sw_drill_fix(d, "trim0", 0);
    sw_drill_fix(d, "round0", 0);
    sw_drill_fix(d, "upper0", 0);
}

static void typing(sw_drill_t *d, apr_interval_time_t at)
{
    static const sw_field_id_t rewritten[] = { SW_NAME, SW_NOTES, SW_AMOUNT };
    int mark = sw_drill_any_mark(d), field = (int)rewritten[sw_drill_roll(d, 0, 2)];
    int n = (int)sw_drill_roll(d, 6, 14);

    if (sw_drill_roll(d, 0, 1)) {
        sw_drill_act(d, at, "notion.slow", 40, sw_drill_roll(d, 200, 1500), 0);
    }
    for (; n > 0; n--) {
        at += SM_MS(sw_drill_roll(d, 100, 2500));
        sw_drill_notion_edit(d, at, mark, field);
    }
}

const sw_drill_kind_t sw_drill_typing = { "typing", fix_typing, typing, 30, 90, 0 };

/* ---- writes to Notion of unknown fate (S3.7) */

static void fix_fates(sw_drill_t *d)
{
    sw_drill_fix(d, "stale", 3);
    sw_drill_fix(d, "created_stale", 45);
    sw_drill_fix(d, "far", 0);
}

/* One of so many writes gets no answer that tells its fate. */
static void break_a_write(sw_drill_t *d, apr_interval_time_t at, int n)
{
    static const int faults[] = { 0, 0, 2, 3, 4, 4, 5, 5, 15 };
    int kind = faults[sw_drill_roll(d, 0, 8)];
    sm_action_t *fault =
        sw_drill_act(d, at, "notion.fault", kind, sw_drill_roll(d, 0, 3) ? 1 : 0, 0);

    fault->n[2] = sw_drill_roll(d, 0, 1);
    fault->n[3] = sw_drill_roll(d, 0, n - 1);
    fault->n[4] = sw_drill_roll(d, 0, 54999);
}

static void fates(sw_drill_t *d, apr_interval_time_t at)
{
    int mark, n = (int)sw_drill_roll(d, 1, 3);

    break_a_write(d, at, n);
    for (; n > 0; n--) {
        at += SM_MS(sw_drill_roll(d, 1, 800));
        mark = d->w->next_mark++;
        sw_drill_make(d, at, HISTORY_EXTERNAL, (int)sw_drill_roll(d, 0, d->w->tables - 1), mark);
        sw_drill_edits(d, at,
                       (sw_burst_t){ .n = (int)sw_drill_roll(d, 0, 5),
                                     .from = 1000,
                                     .to = 70000,
                                     .side = HISTORY_EXTERNAL,
                                     .mark = mark,
                                     .field = SW_ANY });
    }
    if (!sw_drill_roll(d, 0, 3)) {
        sw_drill_act(d, at + SM_MS(sw_drill_roll(d, 100, 60000)), "host.kill", 0, -1, 1);
    }
}

const sw_drill_kind_t sw_drill_fates = { "fates", fix_fates, fates, 100, 240, 0 };

/* The write is one to a set, of which members come and go before its fate is known. */
static void members(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d);

    break_a_write(d, at, 1);
    sw_drill_sql_edit(d, at, mark, SW_TAGS);
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 1, 4),
                                 .from = 500,
                                 .to = 85000,
                                 .side = SW_ANY,
                                 .mark = mark,
                                 .field = SW_TAGS });
}

const sw_drill_kind_t sw_drill_members = { "members", fix_fates, members, 100, 180, 0 };

/* ---- keys that change while their record is in hand (S4.4) */

static void fix_keys(sw_drill_t *d)
{
    sw_drill_fix(d, "ways0", 0);
    sw_drill_fix(d, "stale", sw_drill_roll(d, 0, 1));
}

static void keys(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d), table = (int)sw_drill_roll(d, 0, d->w->tables - 1);
    apr_int64_t key = sw_drill_roll(d, 5, 5000);

    if (sw_drill_roll(d, 0, 1)) {
        sw_drill_act(d, at, "notion.slow", 20, sw_drill_roll(d, 200, 2500), 0);
    }
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 1, 3),
                                 .to = 1500,
                                 .side = SW_ANY,
                                 .mark = mark,
                                 .field = SW_ANY });
    (void)sw_drill_act(d, at + SM_MS(sw_drill_roll(d, 0, 4000)), "sql.rekey", table, mark, key);
}

const sw_drill_kind_t sw_drill_keys = { "keys", fix_keys, keys, 10, 60, 1 };

/* ---- processes that stand still, lose what they had, and go on */

static void fix_frozen(sw_drill_t *d)
{
    sw_drill_fix_last_write(d);
    sw_drill_fix(d, "rule0", sw_drill_roll(d, 3, 4));
    sw_drill_fix(d, "workers", 2);
}

static void frozen(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d), field = sw_drill_any_field(d);
    apr_interval_time_t ms = sw_drill_roll(d, 3000, 60000);
    apr_interval_time_t freeze = at + SM_MS(sw_drill_roll(d, 50, 2500));

    (void)sw_drill_act(d, freeze, "host.freeze", sw_drill_roll(d, 0, 1), ms, 1);
    sw_drill_act(d, at, "notion.slow", 5, sw_drill_roll(d, 200, 2500), 0);
    sw_drill_edit(d, at, (int)sw_drill_roll(d, 0, 1), mark, field);
    sw_drill_edits(d, freeze,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 3, 8),
                                 .from = 100,
                                 .to = ms + 4000,
                                 .side = SW_ANY,
                                 .mark = mark,
                                 .field = field });
}

const sw_drill_kind_t sw_drill_frozen = { "frozen", fix_frozen, frozen, 80, 160, 0 };

/* The clock is set while the budget is all used (S6.8). */
static void fix_clock(sw_drill_t *d)
{
    sw_drill_fix(d, "window", sw_drill_roll(d, 2, 6));
    sw_drill_fix(d, "budget", 1);
    sw_drill_fix(d, "records", 9);
    sw_drill_fix(d, "loss", 0);
}

static void clock_steps(sw_drill_t *d, apr_interval_time_t at)
{
    apr_int64_t on = sw_drill_roll(d, 15000, 90000), back = sw_drill_roll(d, 15000, 90000);

    sw_drill_act(d, at + SM_MS(sw_drill_roll(d, 5000, 20000)), "host.clock", on, 0, 0);
    sw_drill_act(d, at + SM_MS(sw_drill_roll(d, 60000, 90000)), "host.clock", -back, 0, 0);
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 30, 60),
                                 .to = 15000,
                                 .side = SW_ANY,
                                 .mark = SW_ANY,
                                 .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_clock = { "clock", fix_clock, clock_steps, 150, 200, 0 };

/* A field is not synced for a while, and edited; then it is, and a whole listing finds what differs: its rows are good for
 * nothing that is written to Notion (S3.2). */
static void fix_fields(sw_drill_t *d)
{
    sw_drill_fix_last_write(d);
    sw_drill_fix(d, "fields0", 0x7ff);
    sw_drill_fix(d, "actions", 0);
}

static void fields(sw_drill_t *d, apr_interval_time_t at)
{
    int field = sw_drill_any_field(d);
    sm_action_t *off = sw_drill_act(d, at, "op.configure", 0, 0, field - 1);
    sm_action_t *on = sw_drill_act(d, at + SM_SEC(40), "op.configure", 0, 0, field - 1);

    off->n[4] = on->n[4] = sw_drill_roll(d, 0, 1);
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 1, 4),
                                 .from = 5000,
                                 .to = 35000,
                                 .side = HISTORY_EXTERNAL,
                                 .mark = SW_ANY,
                                 .field = field });
    sw_drill_command(d, at + SM_SEC(sw_drill_roll(d, 150, 200)), SW_RECONCILE_ALL);
}

const sw_drill_kind_t sw_drill_fields = { "fields", fix_fields, fields, 240, 300, 0 };

/* Whoever works dies between two steps of it (S6.6). */
static void deaths(sw_drill_t *d, apr_interval_time_t at)
{
    apr_int64_t who = sw_drill_roll(d, 0, 3);
    apr_int64_t point = sw_drill_roll(d, SM_POINT_TURN, SM_POINTS - 1);

    (void)sw_drill_act(d, at, "host.kill", who, point, sw_drill_roll(d, 1, 3));
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 1, 4),
                                 .to = 2000,
                                 .side = SW_ANY,
                                 .mark = SW_ANY,
                                 .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_deaths = { "deaths", sw_drill_fix_last_write, deaths, 20, 60, 0 };

/* ---- records that leave the filter, and come back (S5.3) */

static void fix_filters(sw_drill_t *d)
{
    sw_drill_fix_last_write(d);
    sw_drill_fix(d, "fields0", 0x7ff);
    sw_drill_fix(d, "loss", 0);
    sw_drill_fix(d, "filter0", sw_drill_roll(d, 1, 3));
    sw_drill_fix(d, "event_delay", sw_drill_roll(d, 0, 2));
    sw_drill_fix(d, "aggregate", sw_drill_roll(d, 0, 2));
    sw_drill_fix(d, "deletes_notion", 0);
    sw_drill_fix(d, "deletes_external", 0);
}

static void make_outside(sw_drill_t *d, apr_interval_time_t at)
{
    apr_int64_t code = 8 + 35 * sw_drill_roll(d, 0, 200);
    sm_action_t *make = sw_drill_act(d, at, sw_drill_roll(d, 0, 1) ? "sql.make" : "notion.make", 0,
                                     d->w->next_mark++, code);

    make->n[3] = sw_drill_roll(d, 0, (1 << SW_FIELDS) - 1) | 1 << SW_STAGE;
}

static void filters(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d), side = (int)sw_drill_roll(d, 0, 1);
    sm_action_t *leave = sw_drill_act(d, at, side ? "sql.edit" : "notion.edit", 0, mark, SW_STAGE);

    leave->n[3] = 2; /* SW_OUTSIDE */
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 0, 4),
                                 .from = 1000,
                                 .to = 200000,
                                 .side = SW_ANY,
                                 .mark = mark,
                                 .field = SW_ANY });
    if (!sw_drill_roll(d, 0, 2)) {
        make_outside(d, at);
    }
    if (!sw_drill_roll(d, 0, 2)) {
        apr_interval_time_t after = sw_drill_roll(d, 0, 2) ? SM_MS(sw_drill_roll(d, 100, 3000))
                                                           : SM_SEC(sw_drill_roll(d, 70, 150));

        (void)sw_drill_act(d, at + after, sw_drill_roll(d, 0, 2) ? "notion.trash" : "sql.delete", 0,
                           mark, 1);
    }
    else if (sw_drill_roll(d, 0, 2)) {
        sw_drill_edits(d, at,
                       (sw_burst_t){ .n = 1,
                                     .from = 100000,
                                     .to = 250000,
                                     .side = SW_ANY,
                                     .mark = mark,
                                     .field = SW_STAGE });
    }
}

const sw_drill_kind_t sw_drill_filters = { "filters", fix_filters, filters, 60, 180, 0 };
