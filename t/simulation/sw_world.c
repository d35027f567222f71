/* sw_world.c - the world as a part of the simulation. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "sim/sim_fault.h"
#include "sim/sim_hook.h"
#include "sim/sim_serve.h"
#include "sim/sim_stale.h"
#include "simulation/sm_server.h"
#include "simulation/sw.h"

static const sm_kind_t *const *const all_kinds[] = { sw_notion_kinds,       sw_notion_troubles,
                                                     sw_sql_kinds,          sw_sql_clash_kinds,
                                                     sw_sql_unsteady_kinds, sw_operator_kinds,
                                                     sw_relation_kinds,     sw_property_kinds,
                                                     sw_column_kinds };
static const sm_kind_t *const *const kinds_of_two[] = { sw_notion_kinds, sw_notion_troubles,
                                                        sw_operator_kinds, sw_property_kinds };

sw_world_t *sw_world(sm_t *sm)
{
    return sm->world;
}

/* The second Notion knows all that the first does. */
static void register_again(sm_t *sm, const sm_kind_t *const *kinds)
{
    int k;

    for (k = 0; kinds[k]; k++) {
        sm_kind_t *kind = apr_pmemdup(sm->p, kinds[k], sizeof(*kind));

        kind->name = apr_pstrcat(sm->p, SW_AWAY, strchr(kind->name, '.') + 1, NULL);
        sm_register(sm, kind);
    }
}

static void register_kinds(sw_world_t *w)
{
    const sm_kind_t *const *const *kinds = w->notions == 1 ? all_kinds : kinds_of_two;
    apr_size_t n = w->notions == 1 ? sizeof(all_kinds) / sizeof(all_kinds[0])
                                   : sizeof(kinds_of_two) / sizeof(kinds_of_two[0]);
    apr_size_t i;
    int k;

    for (i = 0; i < n; i++) {
        for (k = 0; kinds[i][k]; k++) {
            sm_register(w->sm, kinds[i][k]);
        }
    }
    if (w->notions > 1) {
        register_again(w->sm, sw_notion_kinds);
        register_again(w->sm, sw_notion_troubles);
        register_again(w->sm, sw_property_kinds);
    }
}

const sm_kind_t *sw_kind(const sw_world_t *w, const char *name, int swapped)
{
    int is_away = !strncmp(name, "sql.", 4);
    const sm_kind_t *kind;

    if (w->notions > 1 && (is_away || !strncmp(name, "notion.", 7))) {
        name = apr_pstrcat(w->ptemp, is_away != swapped ? SW_AWAY : "notion.",
                           strchr(name, '.') + 1, NULL);
    }
    kind = sm_kind_of(w->sm, name);
    if (!kind) {
        abort();
    }
    return kind;
}

static void show(sm_t *sm, judge_t *judge);

/* Foreign keys, as sw_sql.c and sw_relation.c declare them. */
static void tell_references(sw_world_t *w)
{
    const sw_relation_t *r = &w->relation;
    judge_reference_t reference;
    int i;

    for (i = 0; i < w->tables; i++) {
        if (w->table[i].parent == 1 || w->table[i].parent == 2) {
            reference.table = w->table[i].name;
            reference.to = w->table[0].name;
            reference.deletes = w->table[i].parent == 1;
            sj_reference(w->sm, &reference);
        }
    }
    if (r->is_on && !r->is_free) {
        reference.table = w->table[w->mappings[r->referrer].table].name;
        reference.to = w->table[w->mappings[r->target].table].name;
        reference.deletes = 0;
        sj_reference(w->sm, &reference);
    }
}

static void tell_judge(sw_world_t *w)
{
    judge_connection_t connection;
    judge_mapping_t mapping;
    int i;

    for (i = 0; i < w->mapping_count; i++) {
        sw_shape_judge(w, &w->mappings[i], &mapping);
        w->mappings[i].index = sj_mapping(w->sm, &mapping);
    }
    tell_references(w);
    for (i = 0; i < w->notions; i++) {
        connection.name = w->notions == 1 ? w->notion[i].service : w->notion[i].endpoint;
        connection.side = i;
        connection.requests = w->notion[i].budget;
        connection.window = w->notion[i].window;
        sj_connection(w->sm, &connection);
    }
    sj_on_show(w->sm, show);
}

static void setup(sm_t *sm)
{
    sw_world_t *w = apr_pcalloc(sm->p, sizeof(*w));
    int i;

    sm->world = w;
    w->sm = sm;
    w->history = sj_history(sm);
    (void)apr_pool_create(&w->ptemp, sm->p);
    sw_shape_draw(w);
    register_kinds(w);
    sw_plan_settings(w);
    for (i = 0; i < w->notions; i++) {
        sw_notion_open(&w->notion[i]);
    }
    if (w->notions == 1) {
        sw_sql_open(w);
        sm_on_ask(sm, &sw_sql_watch);
    }
    for (i = 0; w->notions > 1 && i < w->tables; i++) {
        w->table[i].name = w->notion[1].source_ids[i];
    }
    tell_judge(w);
    sm_host_configure(sm, (int)sm_setting(sm, "workers", 1, 3), sw_shape_configure, w, SW_TOKEN);
}

/* ---- the end of trouble */

static const sim_prop_t *property_now(sw_notion_t *notion, int source, int field)
{
    sim_id_t id;
    const sim_ds_t *ds;

    sw_notion_enter(notion);
    (void)sim_id_parse(&id, notion->source_ids[source]);
    ds = sim_ds_find(&id);
    return ds ? sim_prop_by_id(ds, sw_notion_property(notion, field)) : NULL;
}

static int is_fit(const sw_notion_t *notion, int field, const char *type)
{
    static const char *const texts[] = { "rich_text", "number", "select", "url" };
    int i;

    for (i = 0; field == SW_NAME && i < 4; i++) {
        if (!strcmp(type, texts[i])) {
            return 1;
        }
    }
    return !strcmp(type, sw_field_type(notion, field));
}

static int lacks_property(sw_notion_t *notion, int source, int field)
{
    const char *type = sw_schema_type_now(notion, source, field);

    return !type || !is_fit(notion, field, type);
}

static int is_lost(sw_world_t *w, const sw_mapping_t *m, int field)
{
    return (w->notions == 1 ? sw_schema_lacks_column(w, m->table, field)
                            : lacks_property(&w->notion[1], m->table, field)) ||
           lacks_property(&w->notion[0], m->source, field);
}

/* A field that is gone on one side, or of another type, would block its mapping for ever: it is configured away. */
static int drop_lost_fields(sw_world_t *w)
{
    int dropped = 0;
    int i;
    int k;

    for (i = 0; i < w->mapping_count; i++) {
        sw_mapping_t *m = &w->mappings[i];

        for (k = 1; k < SW_REMARK; k++) {
            if (m->fields[k].present && is_lost(w, m, k)) {
                judge_field_t now;

                m->fields[k].present = 0;
                sw_shape_judge_field(w, m, k, &now);
                sj_change_field(w->sm, m->index, k, &now);
                dropped = 1;
            }
        }
    }
    return dropped;
}

static void resume(sm_t *sm, void *baton)
{
    sw_world_t *w = baton;
    int i;

    for (i = 0; i < w->mapping_count; i++) {
        sm_host_command(sm, w->mappings[i].name, "resume", "{\"accept_instance\":true}", NULL,
                        NULL);
    }
}

/* People give properties their first names again, by which a lost state is made anew. */
static void name_again(sw_notion_t *notion, int source)
{
    sim_buf_t b = SIM_BUF_INIT;
    int k;

    for (k = 0; k < SW_FIELDS; k++) {
        const sim_prop_t *prop = property_now(notion, source, k);

        if (prop && strcmp(prop->name, sw_notion_name(notion, k)) != 0) {
            b.len = 0;
            sim_json_open(&b, '{');
            sim_json_key(&b, "properties");
            sim_json_open(&b, '{');
            sim_json_key(&b, sw_notion_property(notion, k));
            sim_json_open(&b, '{');
            sim_json_kstr(&b, "rename", sw_notion_name(notion, k));
            sim_json_close(&b, '}');
            sim_json_close(&b, '}');
            sim_json_close(&b, '}');
            (void)sw_notion_control(
                notion, "PATCH",
                apr_pstrcat(notion->w->ptemp, "data_source/", notion->source_ids[source], NULL),
                b.s);
        }
    }
    sim_buf_free(&b);
}

/* A filter that names a choice which no page ever had blocks its mapping until somebody adds that. */
static void add_choice_of_filter(sw_world_t *w, const sw_mapping_t *m)
{
    sw_notion_t *notion = &w->notion[0];
    static const char choice[] = "{\"properties\":{\"%s\":{\"add_option\":\"" SW_OUTSIDE "\"}}}";
    const sim_prop_t *prop = property_now(notion, m->source, SW_STAGE);

    if ((m->filter_sides >> HISTORY_NOTION & 1) && prop && !sim_option_by_name(prop, SW_OUTSIDE)) {
        (void)sw_notion_control(
            notion, "PATCH",
            apr_pstrcat(w->ptemp, "data_source/", notion->source_ids[m->source], NULL),
            apr_psprintf(w->ptemp, choice, sw_notion_property(notion, SW_STAGE)));
    }
}

static void show_all(sw_notion_t *notion)
{
    apr_pool_t *p = notion->w->ptemp;
    int i;

    for (i = 0; i < notion->page_count; i++) {
        if (notion->pages[i].hidden && !notion->pages[i].gone) {
            (void)sw_notion_control(notion, "PATCH",
                                    apr_pstrcat(p, "page/", notion->pages[i].text, NULL),
                                    "{\"shared\":true}");
            sw_notion_look(notion, HISTORY_ACT, 0, &notion->pages[i].id);
        }
    }
    for (i = 0; i < notion->sources; i++) {
        (void)sw_notion_control(notion, "PATCH",
                                apr_pstrcat(p, "data_source/", notion->source_ids[i], NULL),
                                "{\"shared\":true}");
        name_again(notion, i);
    }
}

static void calm_notion(sw_notion_t *notion)
{
    sw_notion_enter(notion);
    (void)sim_fault_remove(0);
    notion->slow_count = 0;
    notion->saving = 0;
    (void)sw_notion_control(notion, "POST", "settings", "{\"workspace_limit\":0,\"loss\":0}");
    show_all(notion);
}

static void calm(sm_t *sm)
{
    sw_world_t *w = sm->world;
    int i;

    sm_server_calm(sm);
    for (i = 0; i < w->notions; i++) {
        calm_notion(&w->notion[i]);
    }
    for (i = 0; i < w->mapping_count; i++) {
        add_choice_of_filter(w, &w->mappings[i]);
    }
    if (sm_setting_of(sm, "suspensions.mended") > 0) {
        sw_schema_mend(w);
    }
    if (drop_lost_fields(w)) {
        sm_host_restart(sm, 0);
    }
    sm_after(sm, SM_SEC(30), resume, w);
}

static int is_notion_busy(sw_notion_t *notion)
{
    sim_ms_t shown;

    sw_notion_enter(notion);
    shown = sim_stale_due();
    /* What became visible is taken note of by the next query, which nobody may ever send. */
    return sim_serve_late() + sim_hook_windows() + sim_event_pending() > 0 ||
           (shown != INT64_MAX && shown > sim_time_now());
}

static int is_busy(sm_t *sm)
{
    sw_world_t *w = sm->world;

    return is_notion_busy(&w->notion[0]) ||
           (w->notions == 1 ? sw_sql_is_held(w) : is_notion_busy(&w->notion[1]));
}

/* What both services hold, read afresh and not from the mirrors. */
static void show_record(judge_t *judge, int side, const char *place, const char *record,
                        const char *const *values)
{
    int k;

    judge_show(judge, side, place, record, NULL, NULL);
    for (k = 0; k < SW_FIELDS; k++) {
        if (values[k]) {
            judge_show(judge, side, place, record,
                       side == HISTORY_NOTION ? sw_fields[k].prop : sw_fields[k].column, values[k]);
        }
    }
}

static void show_pages(const sw_notion_t *notion, judge_t *judge)
{
    int i;

    for (i = 0; i < notion->page_count; i++) {
        const sw_page_t *m = &notion->pages[i];

        if (m->source < notion->sources && !m->gone && !m->trashed && !m->hidden) {
            show_record(judge, notion->side, notion->source_ids[m->source], m->text, m->values);
        }
    }
}

static void show_rows(const sw_world_t *w, judge_t *judge)
{
    int i, k;

    for (i = 0; i < w->tables; i++) {
        for (k = 0; k < w->rows[i].count; k++) {
            show_record(judge, HISTORY_EXTERNAL, w->table[i].name, w->rows[i].rows[k].text,
                        w->rows[i].rows[k].values);
        }
    }
}

static void show(sm_t *sm, judge_t *judge)
{
    sw_world_t *w = sm->world;
    int before = history_count(w->history);
    int i;

    for (i = 0; i < w->notions; i++) {
        sw_notion_look_all(&w->notion[i], HISTORY_TRIGGER);
    }
    if (w->notions == 1) {
        sw_sql_look(w, HISTORY_TRIGGER, 0);
    }
    if (history_count(w->history) != before) {
        sm_violation(sm, "world", "something changed and nobody saw it: %s",
                     history_line(history_item(w->history, before), SM_T0, sm->p));
    }
    for (i = 0; i < w->notions; i++) {
        show_pages(&w->notion[i], judge);
    }
    show_rows(w, judge);
    sw_relation_judge(w);
}

/* The machine's files are what is left of them. What people had committed last may be gone with the power. */
static void reconnect(sm_t *sm, void *baton)
{
    sw_world_t *w = baton;

    (void)sm;
    sw_sql_connect(w);
    sw_sql_look(w, HISTORY_TRIGGER, 0);
}

static void black_out(sm_t *sm)
{
    sw_world_t *w = sm->world;

    if (w->notions == 1) {
        sw_sql_disconnect(w);
        sm_after(sm, 0, reconnect, w);
    }
}

static void end(sm_t *sm)
{
    sw_world_t *w = sm->world;

    int i;

    for (i = 0; i < w->notions; i++) {
        sw_notion_close(&w->notion[i]);
    }
    if (w->notions == 1) {
        sw_sql_close(w);
    }
}

const sm_part_t sm_part_world = {
    "world", setup, sw_plan, calm, is_busy, NULL, black_out, end, NULL
};
