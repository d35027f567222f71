/* Proves invariants 1, 2 and 6 over seeded random histories: people editing both sides, lost events, writes of every
 * fate, the process killed anywhere; every other one with a link property. A failing seed is printed; ut_seeds SEED repeats it, ut_seeds FROM TO runs more. */
#include <stdlib.h>
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

#define STEPS 40

static apr_uint32_t dice;
static int added;     /* records that people made */
static int ambiguous; /* seeds that rightly ended with a record parked */

static apr_uint32_t roll(apr_uint32_t below)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % below;
}

static spoil_t chaos(world_t *w, const nts_call_t *call)
{
    (void)w;
    if (roll(60) == 0) {
        return roll(2) ? SPOIL_KILL : SPOIL_KILL_AFTER;
    }
    if (call->kind == NTS_CALL_ASK && call->ask.side == NTS_NOTION && roll(12) == 0) {
        static const spoil_t fates[] = { SPOIL_LOST, SPOIL_DONE_UNKNOWN, SPOIL_NOT_DONE };

        return fates[roll(3)];
    }
    return SPOIL_NOTHING;
}

static const char *any(world_t *w, nts_side_t side)
{
    return w->count[side] ? w->side[side][roll((apr_uint32_t)w->count[side])].id : NULL;
}

static nts_value_t any_value(world_t *w, nts_side_t side, int pair)
{
    static const char *const stages[] = { NULL, "Lead", "Won", "Lost" };
    static const char *const sets[] = { "", "a", "ab", "bcd", "ac", "d" };

    switch (pair) {
    case NAME:
        return roll(8) ? world_text(apr_psprintf(w->p, "n%u", roll(1000))) : nts_value_null;
    case STAGE:
        return side == NTS_NOTION ? world_stage(w, stages[roll(4)]) : world_text(stages[roll(4)]);
    case TAGS:
        return world_tags(w, side, sets[roll(6)]);
    default:
        return world_number(w, apr_psprintf(w->p, "%u", roll(50)));
    }
}

static void lose_some_events(world_t *w)
{
    if (roll(5) == 0) {
        w->settled[w->notice_count - 1] = 1;
    }
}

static void act(world_t *w)
{
    nts_side_t side = roll(2) ? NTS_NOTION : NTS_EXTERNAL;
    const char *id = any(w, side);
    world_thing_t *thing = !id ? NULL : side == NTS_NOTION ? world_page(w, id) : world_row(w, id);

    if (!thing || roll(8) == 0) {
        if (w->count[side] < 12) {
            const char *name = apr_psprintf(w->p, "new%u", roll(1000));
            world_thing_t *made = world_add(
                w, side, apr_psprintf(w->p, "%c%d", side ? 'x' : 'q', w->count[side]), name);

            added++;
            if (side == NTS_NOTION && w->mapping.pair_count > KEY && thing) {
                made->values[KEY] = thing->values[KEY]; /* "Duplicate page" copies the key (S4.4) */
            }
            lose_some_events(w);
        }
    }
    else if (!thing->there || thing->trashed) {
        /* Left out: a page of ours whose create is still of unknown fate, trashed and taken out again by a person. No
         * listing shows it meanwhile, so the create is repeated and both pages live. */
        if (side == NTS_NOTION && thing->there && roll(3) == 0 &&
            (!thing->by_us || world_link(w, side, id))) {
            thing->trashed = 0;
            thing->edited = w->now;
            world_notice(w, side, id);
        }
    }
    else if (roll(12) == 0) {
        world_remove(w, side, id);
        lose_some_events(w);
    }
    else {
        int pair = (int)roll(4);

        if (side == NTS_NOTION && w->mapping.pair_count > KEY && roll(10) == 0) {
            world_edit(w, side, id, KEY, roll(2) ? nts_value_null : world_text(any(w, side)));
        }
        world_edit(w, side, id, pair, any_value(w, side, pair));
        lose_some_events(w);
    }
}

static int count_live(const world_t *w, nts_side_t side)
{
    int i, live = 0;

    for (i = 0; i < w->count[side]; i++) {
        live += w->side[side][i].there && !w->side[side][i].trashed;
    }
    return live;
}

/* Two creates of unknown fate, both of whose pages were edited before they could be told apart: parked for a person. */
static int is_ambiguous(const world_t *w)
{
    int i;

    for (i = 0; i < w->link_count; i++) {
        const nts_link_t *link = w->links[i];

        if (link && link->trouble == NTS_TROUBLE_PARKED && link->outcome.code &&
            !strcmp(link->outcome.code, "notion.create_ambiguous")) {
            return 1;
        }
    }
    return 0;
}

static const char *check(world_t *w)
{
    int before;

    w->hook = NULL;
    world_wait(w, apr_time_from_sec(300));
    if (world_settle(w) < 0) {
        if (is_ambiguous(w)) {
            ambiguous++;
            return NULL;
        }
        return "does not come to rest";
    }
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    if (world_settle(w) < 0) {
        return "does not come to rest after the full reconciliation";
    }
    if (world_differences(w)) {
        return "not equal";
    }
    if (count_live(w, NTS_NOTION) > added || count_live(w, NTS_EXTERNAL) > added) {
        return "more records than people made: a create was repeated";
    }
    world_wait(w, apr_time_from_sec(300));
    before = w->writes[0] + w->writes[1];
    (void)world_scan(w, NTS_SCAN_FULL);
    if (w->writes[0] + w->writes[1] != before) {
        return "writes without an edit";
    }
    return w->stuck ? "a job ran in circles" : NULL;
}

static const char *run_seed(apr_uint32_t seed, apr_pool_t *p, int verbose)
{
    world_t *w = world_create(p);
    const char *wrong;
    int i;

    dice = seed * 2654435761u + 1;
    added = 0;
    w->dice = seed;
    w->mapping.delete_limit_percent = 100;
    if (seed % 2) {
        world_keep_keys(w);
    }
    w->hook = chaos;
    for (i = 0; i < STEPS; i++) {
        act(w);
        if (roll(2)) {
            nts_side_t side = roll(2) ? NTS_NOTION : NTS_EXTERNAL;
            const char *id = any(w, side);

            if (id) {
                (void)world_run(w, side, id);
            }
        }
        world_wait(w, apr_time_from_msec(roll(40000)));
    }
    wrong = check(w);
    if (wrong && verbose) {
        const nts_scan_report_t *report = world_scan(w, NTS_SCAN_VERIFY);

        tap_diag("seed %u: %s", seed, wrong);
        for (i = 0; i < report->difference_count; i++) {
            tap_diag(
                "  %s %s: %s%s", report->differences[i].page ? report->differences[i].page : "-",
                report->differences[i].key ? report->differences[i].key : "-",
                report->differences[i].what, report->differences[i].excused ? " (excused)" : "");
        }
    }
    return wrong;
}

int main(int argc, char **argv)
{
    apr_uint32_t from = argc > 1 ? (apr_uint32_t)atoi(argv[1]) : 1;
    apr_uint32_t to = argc > 2 ? (apr_uint32_t)atoi(argv[2]) : argc > 1 ? from : 2000;
    apr_uint32_t seed;
    int bad = 0;
    apr_pool_t *p;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    for (seed = from; seed <= to; seed++) {
        apr_pool_clear(p);
        bad += run_seed(seed, p, bad < 5) != NULL;
    }
    tap_int(bad, 0, "%u seeds: equal, at rest, nothing written without an edit", to - from + 1);
    tap_ok(ambiguous * 100 <= (int)(to - from + 1), "a create is rarely left to a person: %d times",
           ambiguous);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
