/* Proves S5.4 where both sides are data sources of Notion: a field whose property has gone, or is of another type, on either of them is
 * suspended alone, and when it is put right what was edited meanwhile is found and what went with it is no edit - on either of them. */
#include <string.h>

#include <apr_general.h>

#include "sync_world.h"
#include "tap/tap.h"

#define COUNT 6

static apr_pool_t *pool;
static const nts_domain_t *domain;
static nts_value_t won[NTS_SIDE_COUNT]; /* the choice, as each side knows it */

/* Some records that are in sync; what a person could have edited then is long ago. */
static world_t *linked(int pair)
{
    world_t *w;
    int i;

    apr_pool_clear(pool);
    w = world_create(pool);
    world_two_notions(w);
    for (i = 0; i < COUNT; i++) {
        const char *id = apr_psprintf(pool, "p%d", i);

        (void)world_add(w, NTS_NOTION, id, id);
        world_page(w, id)->values[STAGE] = world_stage(w, "Lead");
        world_page(w, id)->values[TAGS] = world_tags(w, NTS_NOTION, "ab");
        world_page(w, id)->values[QTY] = world_number(w, "7");
    }
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    domain = w->pairs[pair].domain;
    won[NTS_NOTION] = world_choice(w, NTS_NOTION, STAGE, "Won");
    won[NTS_EXTERNAL] = world_choice(w, NTS_EXTERNAL, STAGE, "Won");
    return w;
}

static world_thing_t *thing_of(world_t *w, nts_side_t side, int number)
{
    const char *id = apr_psprintf(pool, "p%d", number);

    return side == NTS_NOTION ? world_page(w, id)
                              : world_row(w, world_link(w, NTS_NOTION, id)->key);
}

static void edit(world_t *w, nts_side_t side, int number, int pair, nts_value_t value)
{
    world_edit(w, side, thing_of(w, side, number)->id, pair, value);
}

static const char *shown(world_t *w, nts_side_t side, int number, int pair)
{
    const nts_value_t *value = &thing_of(w, side, number)->values[pair];

    return value->kind == NTS_VALUE_OPTION   ? value->as.option.name
           : value->kind == NTS_VALUE_NUMBER ? value->as.text
           : value->kind == NTS_VALUE_SET    ? apr_itoa(pool, value->as.set.count)
           : value->kind == NTS_VALUE_TEXT   ? value->as.text
                                             : "";
}

static const char *code_of(world_t *w, int number)
{
    const nts_link_t *link = world_link(w, NTS_NOTION, apr_psprintf(pool, "p%d", number));

    return link->trouble == NTS_TROUBLE_NONE ? NULL : link->outcome.code;
}

static void suspend(world_t *w, int pair)
{
    w->pairs[pair].domain = NULL;
    nts_outcome_set(&w->pairs[pair].bound.why, pool, NTS_REMEDY_PERSON, "mapping.property_gone",
                    "the property is gone");
}

/* The property of @a side is there again, after it was gone, or (recast) of another type. */
static void resume(world_t *w, int pair, nts_side_t side, int recast)
{
    nts_bound_t *bound = &w->pairs[pair].bound;

    w->pairs[pair].domain = domain;
    bound->why = (nts_outcome_t){ 0 };
    bound->form[side]++;
    if (recast) {
        bound->recast[side] = bound->form[side];
    }
    world_wait(w, apr_time_from_sec(300));
    w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
}

static const char *title(nts_side_t side)
{
    return side == NTS_NOTION ? "the first data source" : "the other data source";
}

static void test_others_go_on(nts_side_t side)
{
    nts_side_t far = nts_side_other(side);
    world_t *w = linked(STAGE);

    suspend(w, STAGE);
    edit(w, side, 0, NAME, world_text("by a person"));
    edit(w, far, 0, STAGE, won[far]);
    (void)world_settle(w);
    tap_str(shown(w, far, 0, NAME), "by a person", "%s: another field goes on", title(side));
    tap_str(shown(w, side, 0, STAGE), "Lead", "... the suspended one does not");
    (void)world_add(w, far, "made", "made meanwhile");
    (void)world_settle(w);
    tap_int(w->count[side], COUNT + 1, "... records are made");
    resume(w, STAGE, side, 0);
    tap_str(shown(w, side, 0, STAGE), "Won", "... what was edited meanwhile arrives");
    tap_int(world_differences(w), 0, "... and both are equal");
    w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(w->writes[NTS_NOTION] + w->writes[NTS_EXTERNAL], 0, "... and stay so");
}

/* The property of @a side came back without its values, or another type cleared them. */
static void test_emptied(nts_side_t side, int recast)
{
    nts_side_t far = nts_side_other(side);
    world_t *w = linked(STAGE);
    int i;

    suspend(w, STAGE);
    for (i = 0; i < COUNT; i++) {
        thing_of(w, side, i)->values[STAGE] = nts_value_null;
    }
    edit(w, far, 1, STAGE, won[far]);
    edit(w, far, 2, STAGE, nts_value_null);
    (void)world_settle(w);
    resume(w, STAGE, side, recast);
    tap_int(w->writes[far], 0, "%s, %s: what is empty then is no edit", title(side),
            recast ? "retyped" : "gone");
    tap_str(shown(w, side, 0, STAGE), "Lead", "... it is put back");
    tap_str(shown(w, side, 1, STAGE), "Won", "... as edited meanwhile");
    tap_str(shown(w, side, 2, STAGE), "", "... or cleared");
    tap_int(world_differences(w), 0, "... and both are equal");
    edit(w, side, 0, STAGE, nts_value_null);
    (void)world_settle(w);
    tap_str(shown(w, far, 0, STAGE), "", "... afterwards a person can clear it");
}

static void test_members(nts_side_t side)
{
    nts_side_t far = nts_side_other(side);
    world_t *w = linked(TAGS);
    int i;

    suspend(w, TAGS);
    for (i = 0; i < COUNT; i++) {
        thing_of(w, side, i)->values[TAGS] = nts_value_null;
    }
    resume(w, TAGS, side, 0);
    tap_str(shown(w, side, 3, TAGS), "2", "%s: members of a set are put back", title(side));
    tap_str(shown(w, far, 3, TAGS), "2", "... and taken out nowhere");
}

static void test_altered(nts_side_t side)
{
    nts_side_t far = nts_side_other(side);
    world_t *w = linked(QTY);

    suspend(w, QTY);
    thing_of(w, side, 0)->values[QTY] = world_number(w, "700");
    resume(w, QTY, side, 1);
    tap_str(code_of(w, 0), NTS_HELD_RETYPED, "%s: what another type made of a value is held",
            title(side));
    tap_str(shown(w, far, 0, QTY), "7", "... and flows nowhere");
    tap_str(code_of(w, 1), NULL, "... others are not");
}

static void test_conflict(nts_side_t side)
{
    nts_side_t far = nts_side_other(side);
    world_t *w = linked(QTY);

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    suspend(w, QTY);
    edit(w, side, 0, QTY, world_number(w, "1"));
    edit(w, far, 0, QTY, world_number(w, "2"));
    (void)world_settle(w);
    resume(w, QTY, side, 0);
    tap_str(code_of(w, 0), "held.conflict", "%s: both edited meanwhile: a conflict is a conflict",
            title(side));
}

int main(void)
{
    nts_side_t side;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        test_others_go_on(side);
        test_emptied(side, 0);
        test_emptied(side, 1);
        test_members(side);
        test_altered(side);
        test_conflict(side);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
