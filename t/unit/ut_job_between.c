/* Proves S5.2 and S2.4 between two data sources: each side lists pages of its own, and people of its own. What one of them cannot be told
 * yet waits on the side where it stands; what nobody knows holds up its own field; neither end of a two-way relation is forgotten. */
#include <string.h>

#include <apr_general.h>

#include "sync_world.h"
#include "tap/tap.h"

#include "model/nts_reference.h"

#define SEC(n) apr_time_from_sec(n)

static apr_pool_t *pool;

/* --- relations. TAGS is one here. */

static int described[NTS_SIDE_COUNT];
static int is_hidden;
static nts_commit_t last;
#define KEPT 8
static nts_wait_t waits[KEPT], mirrors[KEPT];

/* What the last commit says of references; and what a side's schema shows, if it is asked for that. */
static spoil_t watch(world_t *w, const nts_call_t *call)
{
    static nts_schema_field_t field;
    static nts_schema_t schema = { .fields = &field };

    if (call->kind == NTS_CALL_COMMIT) {
        int i;

        last = call->commit;
        for (i = 0; i < last.wait_count && i < KEPT; i++) {
            waits[i] = last.waits[i];
        }
        for (i = 0; i < last.mirror_count && i < KEPT; i++) {
            mirrors[i] = last.mirrors[i];
        }
    }
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_DESCRIBE) {
        described[call->ask.side]++;
        field.id = nts_pair_field_id(&w->pairs[TAGS], call->ask.side);
        schema.count = !is_hidden;
        w->schema = &schema;
    }
    return SPOIL_NOTHING;
}

/* @a mirrored: the side whose relation has another end. */
static world_t *make_world(nts_side_t mirrored)
{
    nts_domain_options_t options = { .reference = 1 };
    nts_type_t relation[NTS_SIDE_COUNT];
    const nts_type_t *types[] = { &relation[0], &relation[1] };
    world_t *w;
    int side;

    apr_pool_clear(pool);
    w = world_create(pool);
    world_two_notions(w);
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        relation[side] = (nts_type_t){ .kind = NTS_TYPE_REFERENCE,
                                       .native = "relation",
                                       .nullable = 1,
                                       .max_members = 100,
                                       .mirrored = side == (int)mirrored };
        described[side] = 0;
    }
    w->pairs[TAGS].options = options;
    w->pairs[TAGS].relation = "items";
    w->pairs[TAGS].relation_id = 7;
    w->pairs[TAGS].external_id = "labels";
    (void)nts_domain_make(&w->pairs[TAGS].domain, types, &options, NULL, w->p);
    w->hook = watch;
    is_hidden = 0;
    return w;
}

/* A list as a side shows it, of links that are one digit each: "12" are pages h1 and h2 here, t1 and t2 there. "?" is one that is not
 * linked. */
static nts_value_t list(nts_side_t side, const char *links)
{
    nts_option_t options[9];
    const char **why = apr_pcalloc(pool, sizeof(options));
    nts_value_t value;
    int i, count = (int)strlen(links);

    for (i = 0; i < count; i++) {
        int is_linked = links[i] != '?';

        options[i].id = is_linked ? apr_psprintf(pool, "%c", links[i]) : NULL;
        options[i].name = apr_psprintf(pool, "%c%c", side == NTS_NOTION ? 'h' : 't', links[i]);
    }
    value = nts_value_set(options, count, pool);
    for (i = 0; i < count; i++) {
        why[i] = value.as.set.options[i].id ? NULL : "which is not linked yet";
        value.waits = why[i] ? why[i] : value.waits;
    }
    value.member_waits = value.waits ? why : NULL;
    return value;
}

static const char *links_of(const nts_value_t *value)
{
    const char *all = "";
    int i;

    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        const char *id = value->as.set.options[i].id;

        all = apr_pstrcat(pool, all, id ? id : "?", NULL);
    }
    return all;
}

static const char *shown(world_t *w, nts_side_t side)
{
    const char *key = world_key_of(w, "p1");

    return links_of(
        &(side == NTS_NOTION ? world_page(w, "p1") : world_row(w, key ? key : ""))->values[TAGS]);
}

static const char *id_on(world_t *w, nts_side_t side)
{
    return side == NTS_NOTION ? "p1" : world_key_of(w, "p1");
}

/* As people leave it, spelled as that side does. */
static void relate(world_t *w, nts_side_t side, const char *links)
{
    world_edit(w, side, id_on(w, side), TAGS, list(side, links));
}

/* p1 and its partner, which refer to @a links. */
static world_t *related(nts_side_t mirrored, const char *links)
{
    world_t *w = make_world(mirrored);

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    relate(w, NTS_NOTION, links);
    relate(w, NTS_EXTERNAL, links);
    (void)world_settle(w);
    world_wait(w, SEC(300));
    w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    return w;
}

static void test_members(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        nts_side_t far = nts_side_other(side);
        world_t *w = related(NTS_SIDE_COUNT, "12");

        tap_str(shown(w, NTS_EXTERNAL), "12", "5.2 both sides refer to the same records");
        relate(w, side, "13");
        (void)world_settle(w);
        tap_str(shown(w, far), "13", "2.4 an edit of the %s side is carried over",
                nts_side_name(side));
        tap_int(w->writes[side], 0, "... and not back");
        relate(w, side, "134");
        relate(w, far, "3");
        (void)world_settle(w);
        tap_str(shown(w, side), "34", "2.4 members merge");
        tap_str(shown(w, far), "34", "... on both sides");
        relate(w, side, "34?");
        (void)world_settle(w);
        tap_str(shown(w, far), "34", "5.2 one that is not linked waits");
        tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, NTS_REFERENCE_WAITS, "... shown");
        tap_ok(last.has_waits && last.wait_count == 1 && waits[0].side == side,
               "... and is waited for by the name of its side");
        relate(w, far, "345");
        (void)world_settle(w);
        tap_str(shown(w, side), "345?", "5.2 it stays where it is when others come");
    }
}

/* A relation whose target is not shared looks empty, on either side. */
static void test_emptied(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = related(NTS_SIDE_COUNT, "12");

        is_hidden = 1;
        relate(w, side, "");
        tap_int(world_run(w, side, id_on(w, side)), NTS_STEP_BLOCKED,
                "5.2 a relation that the %s side hides looks empty: nothing can go on",
                nts_side_name(side));
        tap_str(w->outcome.code, "notion.relation_hidden", "... which is said");
        tap_str(shown(w, nts_side_other(side)), "12", "... and nothing is taken out");
        is_hidden = 0;
        (void)world_settle(w);
        tap_str(shown(w, nts_side_other(side)), "", "5.2 one that was emptied is");
        tap_ok(described[side] == 2 && !described[!side], "... by what that side's schema shows");
    }
}

static void test_mirrors(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = related(side, "12");

        world_edit(w, NTS_NOTION, "p1", NAME, world_text("two"));
        (void)world_settle(w);
        tap_int(last.mirror_count, 0, "5.2 who refers to the same as before has nobody looked at");
        relate(w, side, "13");
        (void)world_settle(w);
        tap_int(last.mirror_count, 2, "5.2 those whose other end has changed are told of");
        tap_ok(mirrors[0].side == side && mirrors[1].side == side && mirrors[0].mapping == 7,
               "... as of the %s side, which has that end", nts_side_name(side));
    }
}

/* --- people. STAGE holds some here. */

#define ADA "dddddddd-0000-4000-8000-000000000001"
#define ADA_THERE "dddddddd-0000-4000-8000-000000000101"
#define ZOE_THERE "dddddddd-0000-4000-8000-000000000102"

static nts_value_t people(const char *id, const char *name, const char *more)
{
    nts_option_t options[] = { { id, name }, { more, "zoe@e.org" } };

    return nts_value_set(options, more ? 2 : 1, pool);
}

static const char *first_of(const world_thing_t *thing)
{
    const nts_value_t *value = &thing->values[STAGE];

    return value->kind == NTS_VALUE_SET && value->as.set.count > 0 ? value->as.set.options[0].id
                                                                   : "nobody";
}

static void test_people(void)
{
    static const nts_type_t type = { .kind = NTS_TYPE_PEOPLE, .native = "people", .nullable = 1 };
    const nts_type_t *types[] = { &type, &type };
    world_t *w = make_world(NTS_SIDE_COUNT);
    nts_users_t *here = nts_users_make(0, pool), *there = nts_users_make(0, pool);
    nts_domain_options_t options = { .people = { here, there } };
    const char *far;

    nts_users_add(here, ADA, "ada@e.org", "Ada");
    nts_users_add(there, ADA_THERE, "ada@e.org", "Ada");
    nts_users_add(there, ZOE_THERE, "zoe@e.org", "Zoe");
    (void)nts_domain_make(&w->pairs[STAGE].domain, types, &options, NULL, w->p);
    (void)world_add(w, NTS_NOTION, "p1", "one");
    world_page(w, "p1")->values[STAGE] = people(ADA, "ada@e.org", NULL);
    (void)world_settle(w);
    far = world_key_of(w, "p1");
    tap_str(first_of(world_row(w, far)), ADA_THERE, "a person is written by the id of that side");
    w->writes[0] = w->writes[1] = 0;
    world_wait(w, SEC(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[0] + w->writes[1], 0, "... and is no edit of it");
    w->spawned = 0;
    world_wait(w, SEC(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->spawned, 0, "... nor looked at again");
    world_edit(w, NTS_EXTERNAL, far, STAGE, people(ADA_THERE, "ada@e.org", ZOE_THERE));
    world_edit(w, NTS_EXTERNAL, far, NAME, world_text("two"));
    (void)world_settle(w);
    tap_str(world_text_of(world_page(w, "p1"), NAME), "two",
            "beside somebody unknown others go on");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, NTS_DOMAIN_PERSON, "... and it is said");
    tap_int(world_page(w, "p1")->values[STAGE].as.set.count, 1, "... nobody is taken out");
    nts_users_add(here, "dddddddd-0000-4000-8000-000000000002", "zoe@e.org", NULL);
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(world_page(w, "p1")->values[STAGE].as.set.count, 2, "when she is known she is added");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_NONE, "... and all is well");
    tap_int(world_differences(w), 0, "... on both sides");
}

/* --- a field that is suspended (S5.4), which neither side is asked for */

static void test_suspended(void)
{
    world_t *w = make_world(NTS_SIDE_COUNT);
    nts_side_t side;

    (void)world_add(w, NTS_NOTION, "p1", "one");
    world_page(w, "p1")->values[QTY] = world_number(w, "7");
    (void)world_settle(w);
    w->pairs[QTY].domain = NULL;
    world_page(w, "p1")->values[QTY] = nts_value_absent;
    world_row(w, world_key_of(w, "p1"))->values[QTY] = nts_value_absent;
    w->spawned = 0;
    world_wait(w, SEC(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->spawned, 0, "5.4 a run looks at no record for a field that is suspended");
    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_edit(w, side, id_on(w, side), NAME, world_text(nts_side_name(side)));
        (void)world_settle(w);
        tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), nts_side_name(side),
                "... and others go on");
    }
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_members();
    test_emptied();
    test_mirrors();
    test_people();
    test_suspended();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
