/* sw_drill_news.c - drills of what is heard of an edit, what listings show, and what is waited for. */
#include "simulation/sw_drill.h"

/* ---- what is announced, and what is not */

static void fix_quiet(sw_drill_t *d)
{
    sw_drill_fix(d, "ways0", 0);
    sw_drill_fix(d, "reconcile0", 4);
    sw_drill_fix(d, "reconcile1", 4);
}

/* No event ever arrives: what an incremental listing did not show, the next one must (S3.10). */
static void fix_unheard(sw_drill_t *d)
{
    fix_quiet(d);
    sw_drill_fix(d, "loss", 100);
    sw_drill_fix(d, "loss_share", 100);
    sw_drill_fix(d, "stale", sw_drill_roll(d, 2, 3));
    sw_drill_fix(d, "stale_random", 0);
}

/* Edits before a minute ends are listed soon after, when queries may not show them yet. */
static void unheard(sw_drill_t *d, apr_interval_time_t at)
{
    apr_interval_time_t minute = at + SM_MIN(1) - (SM_T0 + at) % SM_MIN(1);

    sw_drill_command(d, minute + SM_MS(sw_drill_roll(d, 0, 9000)), SW_RECONCILE);
    sw_drill_edits(d, minute,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 1, 3),
                                 .from = -10000,
                                 .to = -1,
                                 .side = HISTORY_NOTION,
                                 .mark = SW_ANY,
                                 .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_unheard = { "unheard", fix_unheard, unheard, 120, 300, 0 };

/* Nor of pages that are listed as soon as they are made: such a row is too young to make a record of (S3.2). */
static void fix_young(sw_drill_t *d)
{
    fix_unheard(d);
    sw_drill_fix(d, "stale", 0);
}

static void young(sw_drill_t *d, apr_interval_time_t at)
{
    sw_drill_make(d, at, HISTORY_NOTION, (int)sw_drill_roll(d, 0, d->w->sources - 1),
                  d->w->next_mark++);
    sw_drill_command(d, at + SM_MS(sw_drill_roll(d, 500, 18000)), SW_RECONCILE);
}

const sw_drill_kind_t sw_drill_young = { "young", fix_young, young, 60, 120, 0 };

/* Some events are lost: another one of the same minute has that minute listed (S3.10). */
static void fix_minutes(sw_drill_t *d)
{
    fix_quiet(d);
    sw_drill_fix(d, "mappings", 0);
    sw_drill_fix(d, "loss", 100);
    sw_drill_fix(d, "loss_share", 50);
    sw_drill_fix(d, "event_delay", sw_drill_roll(d, 0, 1));
    sw_drill_fix(d, "aggregate", sw_drill_roll(d, 0, 1));
}

static void same_minute(sw_drill_t *d, apr_interval_time_t at)
{
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = (int)sw_drill_roll(d, 2, 5),
                                 .to = 20000,
                                 .side = HISTORY_NOTION,
                                 .mark = SW_ANY,
                                 .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_minutes = { "minutes", fix_minutes, same_minute, 120, 240, 0 };

/* Our write and a person's edit come as one event, with both as its authors (S3.9). */
static void fix_authors(sw_drill_t *d)
{
    fix_quiet(d);
    sw_drill_fix(d, "loss", 0);
    sw_drill_fix(d, "event_delay", sw_drill_roll(d, 0, 2));
    sw_drill_fix(d, "aggregate", 2);
}

static void authors(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = sw_drill_any_mark(d);

    sw_drill_sql_edit(d, at, mark, sw_drill_any_field(d));
    sw_drill_edits(d, at,
                   (sw_burst_t){ .n = 1,
                                 .from = 200,
                                 .to = 9000,
                                 .side = HISTORY_NOTION,
                                 .mark = mark,
                                 .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_authors = { "authors", fix_authors, authors, 60, 120, 0 };

/* Two tables of one data source, or two data sources of one table: each hears of the other's writes (S3.9). */
static void fix_siblings(sw_drill_t *d)
{
    fix_quiet(d);
    sw_drill_fix(d, "loss", 0);
    sw_drill_fix(d, "mappings", 7 + sw_drill_roll(d, 0, 1));
    sw_drill_fix(d, "ways1", 0);
    sw_drill_fix(d, "fields0", 0x7ff);
    sw_drill_fix(d, "fields1", 0x7ff);
    sw_drill_fix(d, "event_delay", sw_drill_roll(d, 0, 1));
}

static void siblings(sw_drill_t *d, apr_interval_time_t at)
{
    sw_drill_edits(d, at, (sw_burst_t){ .n = 1, .side = SW_ANY, .mark = SW_ANY, .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_siblings = { "siblings", fix_siblings, siblings, 5, 90, 0 };

/* Many records wait, and whoever has them in hand dies: the inbox knows them still (S3.6). */
static void fix_backlog(sw_drill_t *d)
{
    fix_quiet(d);
    sw_drill_fix(d, "loss", 0);
    sw_drill_fix(d, "records", 9);
    sw_drill_fix(d, "window", 6);
    sw_drill_fix(d, "budget", 1);
    sw_drill_fix(d, "event_delay", 0);
}

static void backlog(sw_drill_t *d, apr_interval_time_t at)
{
    int side = (int)sw_drill_roll(d, 0, 1), field = sw_drill_any_field(d);
    int i;

    for (i = 0; i < d->w->next_mark; i++) {
        sw_drill_edit(d, at + SM_MS(sw_drill_roll(d, 0, 1500)), side, i, field);
    }
    sw_drill_act(d, at + SM_MS(sw_drill_roll(d, 100, 6000)), "host.kill", 0, -1, 1);
}

const sw_drill_kind_t sw_drill_backlog = { "backlog", fix_backlog, backlog, 120, 240, 0 };

/* ---- listings, first contact, limits */

/* Notion cuts each listing off after a few rows (S7.2). */
static void fix_cap(sw_drill_t *d)
{
    fix_quiet(d);
    sw_drill_fix(d, "mappings", 0);
    sw_drill_fix(d, "actions", 0);
    sw_drill_fix(d, "records", 9);
    sw_drill_fix(d, "query_cap", sw_drill_roll(d, 4, 7));
    sw_drill_fix(d, "loss", 100);
    sw_drill_fix(d, "loss_share", 100);
}

static void cap(sw_drill_t *d, apr_interval_time_t at)
{
    int side = sw_drill_roll(d, 0, 3) ? HISTORY_NOTION : HISTORY_EXTERNAL;

    sw_drill_edits(d, at, (sw_burst_t){ .n = 1, .side = side, .mark = SW_ANY, .field = SW_ANY });
}

const sw_drill_kind_t sw_drill_cap = { "cap", fix_cap, cap, 30, 120, 0 };

/* While nobody looks, one record comes to be on both sides (S5.1). */
static void twins(sw_drill_t *d, apr_interval_time_t at)
{
    int mark = d->w->next_mark++;
    apr_interval_time_t first = at + SM_MS(sw_drill_roll(d, 1000, 30000));
    apr_interval_time_t second = at + SM_MS(sw_drill_roll(d, 1000, 30000));
    apr_int64_t code = sw_drill_roll(d, 0, 9999);
    sm_action_t *page = sw_drill_act(d, first, "notion.make", 0, mark, code);
    sm_action_t *row = sw_drill_act(d, second, "sql.make", 0, mark, code + sw_drill_roll(d, 0, 1));

    page->n[3] = row->n[3] = sw_drill_roll(d, 0, (1 << SW_FIELDS) - 1);
    sw_drill_command(d, at, SW_PAUSE);
    sw_drill_command(d, at + SM_SEC(sw_drill_roll(d, 55, 80)), SW_RESUME);
}

const sw_drill_kind_t sw_drill_twins = { "twins", sw_drill_fix_last_write, twins, 100, 150, 0 };

/* More is deleted than goes through unasked, and then an hour passes, and more (S4.2). */
static void fix_hours(sw_drill_t *d)
{
    sw_drill_fix_last_write(d);
    sw_drill_fix(d, "minutes", 80);
    sw_drill_fix(d, "actions", 0);
    sw_drill_fix(d, "records", 9);
    sw_drill_fix(d, "reconcile0", 4);
    sw_drill_fix(d, "deletes_notion", 0);
    sw_drill_fix(d, "deletes_external", 0);
    sw_drill_fix(d, "limit0", 0);
}

static void hours(sw_drill_t *d, apr_interval_time_t at)
{
    int side = (int)sw_drill_roll(d, 0, 1), i;

    for (i = 1; i < d->w->next_mark; i++) {
        (void)sw_drill_act(d, at + SM_MS(sw_drill_roll(d, 0, 3000)),
                           side == HISTORY_NOTION ? "notion.trash" : "sql.delete", 0, i, 1);
    }
    sw_drill_command(d, at + SM_MIN(sw_drill_roll(d, 30, 50)), SW_RECONCILE_ALL);
    sw_drill_command(d, at + SM_MIN(sw_drill_roll(d, 62, 75)), SW_RECONCILE_ALL);
}

const sw_drill_kind_t sw_drill_hours = { "hours", fix_hours, hours, 6000, 6000, 0 };
