/* Proves S5.2 on values and on the engine: a reference is the link it leads to, whatever either side calls it; one that
 * cannot be carried waits, is no removal, and is filled in when it can. */
#include <string.h>

#include "reference_kit.h"
#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static const nts_type_t relation = {
    .kind = NTS_TYPE_REFERENCE, .native = "relation", .nullable = 1, .target = "d1"
};
static const nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
static const nts_type_t whole = {
    .kind = NTS_TYPE_NUMBER, .native = "INTEGER", .nullable = 1, .whole = 1
};
static const nts_type_t real = { .kind = NTS_TYPE_NUMBER, .native = "REAL", .nullable = 1 };

static const nts_domain_t *domain_of(const nts_type_t *notion, const nts_type_t *external,
                                     int reference, nts_outcome_t *out)
{
    nts_domain_options_t options = { .reference = reference };
    const nts_type_t *types[NTS_SIDE_COUNT] = { notion, external };
    const nts_domain_t *domain;

    (void)nts_domain_make(&domain, types, &options, out, p);
    return domain;
}

/* As a side shows it: to link @a id (NULL none); @a waits NULL: it can be carried. */
static nts_value_t ref(nts_side_t side, const char *id, const char *name, const char *waits)
{
    nts_option_t option = { id, name };
    nts_value_t value =
        side == NTS_NOTION ? nts_value_set(&option, 1, p) : nts_value_option(id, name);

    value.waits = waits;
    return value;
}

/* --- which types go together */

static void test_types(void)
{
    nts_outcome_t out = { 0 };

    tap_ok(domain_of(&relation, &text, 1, &out) != NULL, "5.2 a relation and a text column");
    tap_ok(domain_of(&relation, &whole, 1, &out) != NULL, "5.2 and a column of whole numbers");
    tap_ok(!domain_of(&relation, &real, 1, &out), "but no other number, which is no key");
    tap_str(out.code, "field.types", "which is said");
    tap_ok(!domain_of(&relation, &text, 0, &out), "a relation needs relation=");
    tap_str(out.code, "field.relation", "which is said");
    tap_ok(!domain_of(&text, &text, 1, &out), "relation= needs a relation");
    tap_str(out.code, "field.relation", "which is said too");
}

/* --- to and from a service */

static const nts_domain_t *stock;
static int failing;

/* Links: 17 is page p17 and key 5; 18 is deleted; nobody knows others. */
static apr_status_t find(void *baton, nts_referent_t *found, const nts_pair_t *pair,
                         nts_side_t side, const char *name, apr_int64_t link, apr_pool_t *pool)
{
    (void)baton;
    (void)pair;
    (void)side;
    (void)pool;
    if (failing) {
        return APR_EGENERAL;
    }
    if (link == 17 || (name && (!strcmp(name, "p17") || !strcmp(name, "5")))) {
        found->link = 17;
        found->name[NTS_NOTION] = "p17";
        found->name[NTS_EXTERNAL] = "5";
    }
    else if (link == 18 || (name && !strcmp(name, "p18"))) {
        found->link = 18;
        found->name[NTS_NOTION] = "p18";
        found->waits = "which was deleted";
    }
    else {
        found->waits = "which is not linked yet";
    }
    return APR_SUCCESS;
}

static nts_value_t come_in(nts_side_t side, nts_value_t shown)
{
    return reference_in(stock, side, shown, find, p);
}

static apr_status_t go_out(nts_value_t *out, nts_side_t side, const nts_value_t *value,
                           nts_outcome_t *why)
{
    return reference_out(out, stock, side, value, why, find, p);
}

static nts_value_t pages(const char *first, const char *second)
{
    nts_option_t options[2] = { { NULL, first }, { NULL, second } };

    return nts_value_set(options, second ? 2 : 1, p);
}

static void test_names(void)
{
    nts_value_t n = come_in(NTS_NOTION, pages("p17", NULL)), e, a, b, out;
    nts_outcome_t why = { 0 };

    e = come_in(NTS_EXTERNAL, nts_value_text("5"));
    tap_str(n.as.set.options[0].id, "17", "5.2 a page is known by its link");
    tap_str(e.as.option.id, "17", "5.2 so is a key");
    (void)nts_domain_project(&a, stock, NTS_NOTION, &n, NULL, p);
    (void)nts_domain_project(&b, stock, NTS_EXTERNAL, &e, NULL, p);
    tap_ok(nts_domain_equal(stock, &a, &b), "5.2 and the two are equal");
    (void)nts_value_number(&e, "5", p);
    e = come_in(NTS_EXTERNAL, e);
    tap_str(e.as.option.id, "17", "5.2 a key that is a number too");
    e = come_in(NTS_EXTERNAL, nts_value_text("6"));
    tap_ok(!e.as.option.id && e.waits, "5.2 a key that nobody knows has no identity, and waits");
    (void)nts_domain_project(&b, stock, NTS_EXTERNAL, &e, NULL, p);
    tap_ok(!nts_domain_equal(stock, &a, &b), "it is no other");
    n = come_in(NTS_NOTION, pages("p18", NULL));
    tap_ok(n.as.set.options[0].id && n.waits, "5.2 a deleted one is still itself, and waits");
    failing = 1;
    tap_int(come_in(NTS_NOTION, pages("p17", NULL)).kind, NTS_VALUE_ABSENT,
            "what cannot be looked up was not shown");
    tap_int(come_in(NTS_NOTION, nts_value_null).kind, NTS_VALUE_NULL,
            "nothing needs no looking up");
    failing = 0;

    (void)nts_domain_render(&n, stock, NTS_NOTION, &a, NULL, p);
    tap_int(go_out(&out, NTS_NOTION, &n, &why), APR_SUCCESS, "what goes out is spelled");
    tap_str(out.as.set.options[0].name, "p17", "as a page");
    (void)nts_domain_render(&e, stock, NTS_EXTERNAL, &a, NULL, p);
    (void)go_out(&out, NTS_EXTERNAL, &e, &why);
    tap_ok(out.kind == NTS_VALUE_TEXT && !strcmp(out.as.text, "5"), "or as a key");
    e = nts_value_option("17", "4");
    (void)go_out(&out, NTS_EXTERNAL, &e, &why);
    tap_str(out.as.text, "4", "what was read stays as it was: a write expects that");
    e = nts_value_option("18", "");
    tap_int(go_out(&out, NTS_EXTERNAL, &e, &why), APR_ENOENT,
            "what was deleted since the decision is not written");
    tap_str(why.code, NTS_REFERENCE_GONE, "which is said");
}

static void test_many(void)
{
    nts_value_t n = come_in(NTS_NOTION, pages("p17", "p18")), common;
    nts_outcome_t out = { 0 };

    tap_int(nts_domain_project(&common, stock, NTS_NOTION, &n, &out, p), APR_EMISMATCH,
            "5.2 two references have no place in a column");
    tap_str(out.code, NTS_REFERENCE_MANY, "which is said");
}

static void test_number(void)
{
    nts_value_t common = nts_value_option("17", "p17"), e, out;
    nts_outcome_t why = { 0 };

    stock = domain_of(&relation, &whole, 1, NULL);
    (void)nts_domain_render(&e, stock, NTS_EXTERNAL, &common, NULL, p);
    (void)go_out(&out, NTS_EXTERNAL, &e, &why);
    tap_ok(out.kind == NTS_VALUE_NUMBER && !strcmp(out.as.text, "5"),
           "a column of numbers gets a number");
    stock = domain_of(&relation, &text, 1, NULL);
}

/* --- the engine. STAGE is the relation here. */

static world_t *make_world(void)
{
    world_t *w = world_create(p);

    w->pairs[STAGE].domain = stock;
    w->pairs[STAGE].options.reference = 1;
    w->pairs[STAGE].relation = "items";
    w->pairs[STAGE].relation_id = 7;
    return w;
}

/* What the last commit that said so waits for. */
static nts_wait_t waits[8];
static int wait_count = -1;

static spoil_t see_waits(world_t *w, const nts_call_t *call)
{
    (void)w;
    if (call->kind == NTS_CALL_COMMIT && call->commit.has_waits) {
        wait_count = call->commit.wait_count;
        memcpy(waits, call->commit.waits, (apr_size_t)wait_count * sizeof(*waits));
    }
    return SPOIL_NOTHING;
}

static const char *row_target(world_t *w, const char *page)
{
    const nts_value_t *value = &world_row(w, world_link(w, NTS_NOTION, page)->key)->values[STAGE];

    return value->kind == NTS_VALUE_OPTION ? value->as.option.id : "none";
}

static const char *page_target(world_t *w, const char *page)
{
    const nts_value_t *value = &world_page(w, page)->values[STAGE];

    return value->kind == NTS_VALUE_SET && value->as.set.count == 1 ? value->as.set.options[0].id
                                                                    : "none";
}

static void test_waiting(void)
{
    world_t *w = make_world();
    nts_link_t *link;

    w->hook = see_waits;
    (void)world_add(w, NTS_NOTION, "a", "a");
    world_page(w, "a")->values[STAGE] = ref(NTS_NOTION, NULL, "p40", "which is not linked yet");
    (void)world_settle(w);
    link = world_link(w, NTS_NOTION, "a");
    tap_ok(link->key && world_row(w, link->key)->there, "5.2 created without what it refers to");
    tap_str(row_target(w, "a"), "none", "which waits");
    tap_int(link->trouble, NTS_TROUBLE_PARKED, "and is shown");
    tap_str(link->outcome.code, NTS_REFERENCE_WAITS, "as what it is");
    tap_int(link->next_try, 0, "nothing is tried before the target is there");
    tap_ok(wait_count == 1 && waits[0].mapping == 7 && waits[0].side == NTS_NOTION &&
               !strcmp(waits[0].name, "p40"),
           "5.2 it is stored what it waits for");
    tap_ok(!nts_link_base(link, w->pairs[STAGE].id), "5.2 its base is empty");
    w->requests = w->writes[0] = w->writes[1] = 0;
    world_edit(w, NTS_EXTERNAL, link->key, NAME, world_text("b"));
    (void)world_settle(w);
    tap_str(world_page(w, "a")->values[NAME].as.text, "b", "other fields go on");
    tap_str(world_page(w, "a")->values[STAGE].as.set.options[0].name, "p40",
            "5.2 an empty column is no removal");

    world_edit(w, NTS_NOTION, "a", STAGE, ref(NTS_NOTION, "40", "p40", NULL)); /* linked */
    (void)world_settle(w);
    tap_str(row_target(w, "a"), "40", "5.2 it is filled in once it is linked");
    tap_int(world_link(w, NTS_NOTION, "a")->trouble, NTS_TROUBLE_NONE, "and all is well");
    tap_int(wait_count, 0, "nothing is waited for");
    tap_int(world_differences(w), 0, "1 both sides are equal");
    w->writes[0] = w->writes[1] = 0;
    world_edit(w, NTS_EXTERNAL, link->key, STAGE, ref(NTS_EXTERNAL, "40", "another key", NULL));
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "4.4 a changed key of the target is no edit");
    world_edit(w, NTS_EXTERNAL, link->key, STAGE,
               ref(NTS_EXTERNAL, "40", "another key", "which was deleted"));
    world_edit(w, NTS_NOTION, "a", STAGE, ref(NTS_NOTION, "40", "p40", "which was deleted"));
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "5.2 a deleted target changes nothing");
    tap_int(world_link(w, NTS_NOTION, "a")->trouble, NTS_TROUBLE_NONE, "nor is it a trouble");
}

static spoil_t hide_nothing(world_t *w, const nts_call_t *call);

/* A record that refers to 17 on both sides. */
static world_t *linked(void)
{
    world_t *w = make_world();

    w->hook = hide_nothing;
    (void)world_add(w, NTS_NOTION, "a", "a");
    world_page(w, "a")->values[STAGE] = ref(NTS_NOTION, "17", "p17", NULL);
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    return w;
}

static const char *row_of(world_t *w, const char *page)
{
    return world_link(w, NTS_NOTION, page)->key;
}

static void test_conflicts(void)
{
    world_t *w = linked();

    world_edit(w, NTS_NOTION, "a", STAGE, ref(NTS_NOTION, NULL, "p40", "which is not linked yet"));
    (void)world_settle(w);
    tap_str(row_target(w, "a"), "17", "5.2 while the new target is not linked the old one stays");
    w->mapping.conflict = NTS_CONFLICT_EXTERNAL;
    world_edit(w, NTS_EXTERNAL, row_of(w, "a"), STAGE, ref(NTS_EXTERNAL, "18", "6", NULL));
    (void)world_settle(w);
    tap_str(page_target(w, "a"), "18", "2.5 an edit of the other side may win over one that waits");
    tap_int(world_link(w, NTS_NOTION, "a")->trouble, NTS_TROUBLE_NONE, "which waits no more");

    w = linked();
    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "a", STAGE, ref(NTS_NOTION, NULL, "p40", "which is not linked yet"));
    world_edit(w, NTS_EXTERNAL, row_of(w, "a"), STAGE,
               ref(NTS_EXTERNAL, NULL, "8", "which is not linked yet"));
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "a")->trouble, NTS_TROUBLE_PARKED,
            "5.2 two that are not linked may be one: nobody is asked yet");
    world_page(w, "a")->values[STAGE] = ref(NTS_NOTION, "40", "p40", NULL);
    world_edit(w, NTS_EXTERNAL, row_of(w, "a"), STAGE, ref(NTS_EXTERNAL, "40", "8", NULL));
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "a")->trouble, NTS_TROUBLE_NONE,
            "2.3 and if they are: agreed");
    world_edit(w, NTS_NOTION, "a", STAGE, ref(NTS_NOTION, "41", "p41", NULL));
    world_edit(w, NTS_EXTERNAL, row_of(w, "a"), STAGE,
               ref(NTS_EXTERNAL, NULL, "9", "which is not linked yet"));
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "a")->trouble, NTS_TROUBLE_HELD,
            "2.5 two of which one is known differ: a conflict");
}

/* The row that both refer to is let go: its key leads nowhere, its page is still that record. */
static void test_lost(void)
{
    world_t *w = linked();
    const nts_base_t *base;

    w->writes[0] = w->writes[1] = 0;
    world_page(w, "a")->values[STAGE] = ref(NTS_NOTION, "17", "p17", "which is not to be synced");
    base = nts_link_base(world_link(w, NTS_NOTION, "a"), w->pairs[STAGE].id);
    world_edit(w, NTS_EXTERNAL, row_of(w, "a"), STAGE,
               ref(NTS_EXTERNAL, NULL, base->value[NTS_EXTERNAL].as.option.name,
                   "which is not linked yet"));
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "5.2 a target that is let go changes nothing");
    tap_str(world_link(w, NTS_NOTION, "a")->outcome.code, NTS_REFERENCE_WAITS, "and is shown");
}

static void test_several(void)
{
    world_t *w = linked();
    nts_option_t two[] = { { "17", "p17" }, { "18", "p18" } };

    world_edit(w, NTS_NOTION, "a", STAGE, nts_value_set(two, 2, p));
    world_edit(w, NTS_NOTION, "a", NAME, world_text("b"));
    (void)world_settle(w);
    tap_str(row_target(w, "a"), "17", "5.2 several where one has room: the field is parked");
    tap_str(world_link(w, NTS_NOTION, "a")->outcome.code, NTS_REFERENCE_MANY, "with the reason");
    tap_str(world_row(w, row_of(w, "a"))->values[NAME].as.text, "b", "alone");
    wait_count = -1;
    w->hook = see_waits;
    world_page(w, "a")->values[STAGE].waits = "which is not linked yet";
    world_notice(w, NTS_NOTION, "a");
    (void)world_settle(w);
    tap_int(wait_count, 0, "5.2 it waits for a person, not for one of them");
}

/* Notion refuses to refer to a page that it does not show us. */
static spoil_t refuse_reference(world_t *w, const nts_call_t *call)
{
    if (call->kind != NTS_CALL_ASK || call->ask.side != NTS_NOTION || !call->ask.values ||
        call->ask.values[STAGE].kind != NTS_VALUE_SET) {
        return SPOIL_NOTHING;
    }
    w->refusal = NTS_REFERENCE_HIDDEN;
    return SPOIL_REFUSED;
}

static void test_hidden(void)
{
    world_t *w = make_world();

    w->hook = refuse_reference;
    (void)world_add(w, NTS_EXTERNAL, "1", "a");
    world_row(w, "1")->values[STAGE] = ref(NTS_EXTERNAL, "17", "5", NULL);
    (void)world_run(w, NTS_EXTERNAL, "1");
    tap_ok(world_link(w, NTS_EXTERNAL, "1")->page != NULL,
           "5.2 a record is created though what it refers to is hidden");
    world_edit(w, NTS_EXTERNAL, "1", NAME, world_text("b"));
    (void)world_run(w, NTS_EXTERNAL, "1");
    tap_str(world_page(w, world_link(w, NTS_EXTERNAL, "1")->page)->values[NAME].as.text, "b",
            "its other fields go on");
    tap_str(world_link(w, NTS_EXTERNAL, "1")->outcome.code, NTS_REFERENCE_HIDDEN, "it is shown");
    tap_ok(world_link(w, NTS_EXTERNAL, "1")->next_try > w->now + apr_time_from_sec(20),
           "and tried again, later each time");
    w->hook = NULL;
    (void)world_settle(w);
    tap_str(page_target(w, world_link(w, NTS_EXTERNAL, "1")->page), "17",
            "5.2 it is filled in when it is shown again");
}

/* --- an emptied relation */

static int is_hidden, described;
static nts_schema_field_t fields[1];

static spoil_t hide_nothing(world_t *w, const nts_call_t *call)
{
    static nts_schema_t schema = { .fields = fields };

    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_DESCRIBE) {
        described++;
        fields[0].id = w->pairs[STAGE].notion_id;
        schema.count = !is_hidden;
        w->schema = &schema;
    }
    return SPOIL_NOTHING;
}

static void test_emptied(void)
{
    world_t *w = linked();

    described = 0;
    is_hidden = 1;
    world_edit(w, NTS_NOTION, "a", STAGE, nts_value_null);
    tap_int(world_run(w, NTS_NOTION, "a"), NTS_STEP_BLOCKED,
            "5.2 a relation that is hidden looks empty: nothing can go on");
    tap_str(w->outcome.code, "notion.relation_hidden", "which is said");
    tap_str(row_target(w, "a"), "17", "5.2 and nothing is taken out");
    is_hidden = 0;
    (void)world_settle(w);
    tap_str(row_target(w, "a"), "none", "5.2 a relation that was emptied is");
    tap_int(described, 2, "at one request each time");
    world_edit(w, NTS_NOTION, "a", STAGE, ref(NTS_NOTION, "17", "p17", NULL));
    (void)world_settle(w);
    world_edit(w, NTS_EXTERNAL, row_of(w, "a"), STAGE, nts_value_null);
    (void)world_settle(w);
    tap_str(page_target(w, "a"), "none", "an emptied column empties the relation");
    tap_int(described, 2, "without asking");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    stock = domain_of(&relation, &text, 1, NULL);
    test_types();
    test_names();
    test_many();
    test_number();
    test_waiting();
    test_conflicts();
    test_lost();
    test_several();
    test_hidden();
    test_emptied();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
