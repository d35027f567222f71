/* Proves S5.4 on the engine: a choice that was renamed in Notion is followed by its id. The other side gets its new
 * name by one full run, in no conflict with what people edit meanwhile, and nothing is written to Notion. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* The schema was read again. */
static void read_schema(world_t *w, int pair, const nts_option_t *now, int count,
                        nts_type_kind_t kind)
{
    nts_type_t notion = { .kind = kind,
                          .native = kind == NTS_TYPE_SET ? "multi_select" : "select",
                          .nullable = 1,
                          .options = now,
                          .option_count = count,
                          .options_open = 1 };
    nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    const nts_type_t *types[NTS_SIDE_COUNT] = { &notion, &text };

    (void)nts_domain_make(&w->pairs[pair].domain, types, &w->pairs[pair].options, NULL, w->p);
}

/* Notion calls these choices so from now on: pages show it, and nobody told us. */
static void rename_on_pages(world_t *w, int pair, const nts_option_t *now, int count)
{
    int i, k, m;

    for (i = 0; i < w->count[NTS_NOTION]; i++) {
        nts_value_t *value = &w->side[NTS_NOTION][i].values[pair];
        nts_option_t members[8];

        for (k = 0; k < count && value->kind == NTS_VALUE_OPTION; k++) {
            if (!strcmp(value->as.option.id, now[k].id)) {
                value->as.option = now[k];
                break;
            }
        }
        if (value->kind == NTS_VALUE_SET && value->as.set.count) {
            for (m = 0; m < value->as.set.count; m++) {
                members[m] = value->as.set.options[m];
                for (k = 0; k < count; k++) {
                    members[m] = strcmp(members[m].id, now[k].id) ? members[m] : now[k];
                }
            }
            *value = nts_value_set(members, value->as.set.count, w->p);
        }
    }
}

static void rename_choices(world_t *w, int pair, const nts_option_t *now, int count,
                           nts_type_kind_t kind)
{
    read_schema(w, pair, now, count, kind);
    rename_on_pages(w, pair, now, count);
}

static const nts_option_t closed[] = { { "o1", "Lead" }, { "o2", "Closed" }, { "o3", "Lost" } };
static const nts_option_t swapped[] = { { "o1", "Won" }, { "o2", "Lead" }, { "o3", "Lost" } };
static const nts_option_t alpha[] = {
    { "t1", "alpha" }, { "t2", "b" }, { "t3", "c" }, { "t4", "d" }
};

/* Ten records, Won but for p0 and p1, which are Lead. */
static world_t *linked(void)
{
    world_t *w = world_create(p);
    int i;

    for (i = 0; i < 10; i++) {
        const char *id = apr_psprintf(p, "p%d", i);

        (void)world_add(w, NTS_NOTION, id, id);
        world_page(w, id)->values[STAGE] = world_stage(w, i < 2 ? "Lead" : "Won");
        world_page(w, id)->values[TAGS] = world_tags(w, NTS_NOTION, i < 2 ? "b" : "ab");
    }
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    w->writes[0] = w->writes[1] = 0;
    return w;
}

static const char *row_stage(world_t *w, const char *page)
{
    return world_text_of(world_row(w, world_link(w, NTS_NOTION, page)->key), STAGE);
}

static void test_option(void)
{
    world_t *w = linked();

    rename_choices(w, STAGE, closed, 3, NTS_TYPE_OPTION);
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[NTS_EXTERNAL], 8,
            "5.4 one run writes the new name to all rows that have the choice");
    tap_int(w->writes[NTS_NOTION], 0, "and nothing to Notion");
    tap_str(row_stage(w, "p5"), "Closed", "5.4 the new name");
    tap_str(row_stage(w, "p0"), "Lead", "others keep theirs");
    tap_str(world_last_entry(w, NTS_ENTRY_UPDATE)->fields[0].reason,
            "a choice was renamed in notion", "the audit says why");
    tap_int(world_differences(w), 0, "1 both sides are equal");
    w->writes[NTS_EXTERNAL] = 0;
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[NTS_EXTERNAL], 0, "2 the next run writes nothing");
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p5")->key, STAGE, world_text("Lost"));
    (void)world_settle(w);
    tap_str(world_page(w, "p5")->values[STAGE].as.option.id, "o3", "and edits go on as ever");
}

static void test_edits_meanwhile(void)
{
    world_t *w = linked();

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    rename_choices(w, STAGE, closed, 3, NTS_TYPE_OPTION);
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p5")->key, STAGE, world_text("Lost"));
    world_edit(w, NTS_NOTION, "p6", STAGE, world_stage(w, "Lost"));
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p7")->key, STAGE, world_text("Closed"));
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p8")->key, NAME,
               world_text("edited beside"));
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(world_page(w, "p5")->values[STAGE].as.option.name, "Lost",
            "5.4 a person's edit of the row wins over the renaming");
    tap_str(row_stage(w, "p6"), "Lost", "so does one of the page");
    tap_str(row_stage(w, "p7"), "Closed", "who renamed it there too agrees");
    tap_str(world_text_of(world_page(w, "p8"), NAME), "edited beside",
            "another field's edit goes its way");
    tap_int(world_link(w, NTS_NOTION, "p5")->trouble, NTS_TROUBLE_NONE,
            "and no conflict comes of it");
    tap_int(world_differences(w), 0, "1 equal");
}

static void test_swap(void)
{
    world_t *w = linked();

    rename_choices(w, STAGE, swapped, 3, NTS_TYPE_OPTION);
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_str(row_stage(w, "p0"), "Won", "5.4 two choices that swap their names");
    tap_str(row_stage(w, "p5"), "Lead", "are each followed by id");
    tap_str(world_page(w, "p0")->values[STAGE].as.option.id, "o1", "pages keep their choices");
    tap_int(w->writes[NTS_NOTION], 0, "and are not written");
    tap_int(world_differences(w), 0, "1 equal");
}

static void test_set(void)
{
    world_t *w = linked();

    rename_choices(w, TAGS, alpha, 4, NTS_TYPE_SET);
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p5")->key, TAGS,
               world_tags(w, NTS_EXTERNAL, "abd"));
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, world_link(w, NTS_NOTION, "p6")->key), TAGS),
            "[\"alpha\",\"b\"]", "5.4 a member of a set has its new name");
    tap_str(world_text_of(world_row(w, world_link(w, NTS_NOTION, "p5")->key), TAGS),
            "[\"alpha\",\"b\",\"d\"]", "5.4 also beside one that a person added");
    tap_int(world_page(w, "p5")->values[TAGS].as.set.count, 3, "which arrives");
    tap_int(world_link(w, NTS_NOTION, "p5")->trouble, NTS_TROUBLE_NONE, "without trouble");
    tap_int(world_differences(w), 0, "1 equal");
}

/* What is agreed on while only the pages show the new names is agreed by the names that the other side has (seeds 61219, 61886 of the
 * simulation). */
static void test_agreed_meanwhile(void)
{
    world_t *w = linked();

    rename_on_pages(w, TAGS, alpha, 4);
    rename_on_pages(w, STAGE, closed, 3);
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p5")->key, TAGS,
               world_tags(w, NTS_EXTERNAL, "ad"));
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p0")->key, STAGE, world_text("Won"));
    world_edit(w, NTS_NOTION, "p1", STAGE, nts_value_option("o2", "Closed"));
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p1")->key, STAGE, world_text("Won"));
    (void)world_settle(w);
    tap_str(world_page(w, "p0")->values[STAGE].as.option.id, "o2", "5.4 edits go on as ever");
    rename_on_pages(w, TAGS, alpha, 4); /* as Notion shows what we wrote */
    rename_on_pages(w, STAGE, closed, 3);
    world_notice(w, NTS_NOTION, "p0");
    world_notice(w, NTS_NOTION, "p5");
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    read_schema(w, TAGS, alpha, 4, NTS_TYPE_SET);
    read_schema(w, STAGE, closed, 3, NTS_TYPE_OPTION);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, world_link(w, NTS_NOTION, "p5")->key), TAGS),
            "[\"alpha\",\"d\"]", "5.4 the new name of a member comes with the schema");
    tap_str(row_stage(w, "p0"), "Closed", "5.4 that of a choice that was written meanwhile");
    tap_str(row_stage(w, "p1"), "Closed", "5.4 that of one that both sides chose meanwhile");
    tap_int(world_differences(w), 0, "1 equal");
}

/* A choice was renamed, and another one got its name, before the schema was read again (seed 61886 of the simulation). */
static void test_name_used_again(void)
{
    static const nts_option_t beta[] = { { "t1", "a" }, { "t2", "beta" }, { "t9", "b" } };
    static const nts_option_t renewed[] = { { "o1", "Lead" }, { "o2", "Closed" }, { "o9", "Won" } };
    world_t *w = linked();

    rename_on_pages(w, TAGS, beta, 3);
    rename_on_pages(w, STAGE, renewed, 3);
    world_edit(w, NTS_NOTION, "p5", TAGS, nts_value_set(&beta[2], 1, p));
    world_edit(w, NTS_NOTION, "p1", STAGE, nts_value_option("o9", "Won"));
    (void)world_settle(w);
    tap_int(w->writes[NTS_NOTION], 0, "5.4 a name on a page is that of the choice it shows");
    tap_str(world_text_of(world_row(w, world_link(w, NTS_NOTION, "p5")->key), TAGS), "[\"b\"]",
            "the row has the name");
    world_wait(w, apr_time_from_sec(300));
    read_schema(w, TAGS, beta, 3, NTS_TYPE_SET);
    read_schema(w, STAGE, renewed, 3, NTS_TYPE_OPTION);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, world_link(w, NTS_NOTION, "p5")->key), TAGS), "[\"b\"]",
            "5.4 and keeps it");
    tap_str(world_text_of(world_row(w, world_link(w, NTS_NOTION, "p6")->key), TAGS),
            "[\"a\",\"beta\"]", "5.4 where the renamed one was agreed on the new name arrives");
    tap_str(row_stage(w, "p1"), "Won", "5.4 so it is with a field of one choice");
    tap_str(row_stage(w, "p6"), "Closed", "5.4 and one that was renamed");
    tap_int(w->writes[NTS_NOTION], 0, "5.4 nothing of all that is written to Notion");
    tap_int(world_differences(w), 0, "1 equal");
}

static void always_won(world_t *w, world_thing_t *row)
{
    row->values[STAGE] = world_text("Won");
    (void)w;
}

/* A choice was made anew under its old name, before the schema was read again, and a trigger lets no row have it (seed 401451 of the
 * simulation: it was written as fast as the database answered, for ever). */
static void test_made_anew(void)
{
    world_t *w = linked();

    w->rewrite = always_won;
    world_edit(w, NTS_NOTION, "p5", STAGE, nts_value_option("o8", "Lead"));
    (void)world_settle(w);
    tap_int(w->writes[NTS_EXTERNAL], 1, "5.4 a choice made anew is written once");
    tap_str(world_page(w, "p5")->values[STAGE].as.option.name, "Won",
            "3.5 and what the trigger makes of it flows back");
    tap_int(world_differences(w), 0, "1 equal");
}

static int has_choice(const nts_value_t *set, const char *id)
{
    int i;

    for (i = 0; set->kind == NTS_VALUE_SET && i < set->as.set.count; i++) {
        if (set->as.set.options[i].id && !strcmp(set->as.set.options[i].id, id)) {
            return 1;
        }
    }
    return 0;
}

/* A choice was renamed, and a page got a new one of its old name instead; before the schema is read again its row gets one more
 * (seed 471324 of the simulation: the page got the renamed one back). */
static void test_member_added(void)
{
    static const nts_option_t beta[] = { { "t1", "a" }, { "t2", "beta" } };
    static const nts_option_t anew[] = { { "t1", "a" }, { "t9", "b" } };
    static const nts_option_t all[] = {
        { "t1", "a" }, { "t2", "beta" }, { "t3", "c" }, { "t9", "b" }
    };
    world_t *w = linked();
    const nts_value_t *shown = &world_page(w, "p5")->values[TAGS];
    const char *key = world_link(w, NTS_NOTION, "p5")->key;

    rename_on_pages(w, TAGS, beta, 2);
    world_page(w, "p5")->values[TAGS] = nts_value_set(anew, 2, p);
    world_edit(w, NTS_EXTERNAL, key, TAGS, world_tags(w, NTS_EXTERNAL, "abc"));
    (void)world_settle(w);
    tap_int(shown->as.set.count, 3, "2.4 a member that was added to the row arrives");
    tap_ok(has_choice(shown, "t9") && !has_choice(shown, "t2"),
           "5.4 beside the choice that the page shows, not its namesake of the schema");
    world_wait(w, apr_time_from_sec(300));
    read_schema(w, TAGS, all, 4, NTS_TYPE_SET);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_ok(has_choice(shown, "t9") && !has_choice(shown, "t2"), "5.4 and stays there");
    tap_str(world_text_of(world_row(w, key), TAGS), "[\"a\",\"b\",\"c\"]", "as in the row");
    tap_int(world_differences(w), 0, "1 equal");
}

/* Without bases, and one-way. */
static void test_one_way(void)
{
    world_t *w = linked();

    w->pairs[STAGE].direction = NTS_TO_EXTERNAL;
    rename_choices(w, STAGE, closed, 3, NTS_TYPE_OPTION);
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_str(row_stage(w, "p5"), "Closed", "5.4 a field that goes one way too");
    tap_int(world_differences(w), 0, "1 equal");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_option();
    test_edits_meanwhile();
    test_swap();
    test_set();
    test_agreed_meanwhile();
    test_name_used_again();
    test_made_anew();
    test_member_added();
    test_one_way();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
