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
                                                     sw_relation_kinds };

sw_world_t *sw_world(sm_t *sm)
{
    return sm->world;
}

const sm_kind_t *sw_kind(const char *name)
{
    apr_size_t i;
    int k;

    for (i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
        for (k = 0; all_kinds[i][k]; k++) {
            if (!strcmp(all_kinds[i][k]->name, name)) {
                return all_kinds[i][k];
            }
        }
    }
    abort();
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
    connection.name = "work";
    connection.requests = w->budget;
    connection.window = w->window;
    sj_connection(w->sm, &connection);
    sj_on_show(w->sm, show);
}

static void setup(sm_t *sm)
{
    sw_world_t *w = apr_pcalloc(sm->p, sizeof(*w));
    apr_size_t i;
    int k;

    sm->world = w;
    w->sm = sm;
    w->history = sj_history(sm);
    (void)apr_pool_create(&w->ptemp, sm->p);
    for (i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
        for (k = 0; all_kinds[i][k]; k++) {
            sm_register(sm, all_kinds[i][k]);
        }
    }
    sw_shape_draw(w);
    sw_plan_settings(w);
    sw_notion_open(w);
    sw_sql_open(w);
    sm_on_ask(sm, &sw_sql_watch);
    tell_judge(w);
    sm_host_configure(sm, (int)sm_setting(sm, "workers", 1, 3), sw_shape_configure, w, SW_TOKEN);
}

/* ---- the end of trouble */

static int lacks_column(const sw_world_t *w, int table, int field)
{
    return sqlite3_table_column_metadata(w->db, NULL, w->table[table].name, sw_fields[field].column,
                                         NULL, NULL, NULL, NULL, NULL) != SQLITE_OK;
}

static const sim_prop_t *property_now(const sw_world_t *w, int source, int field)
{
    sim_id_t id;
    const sim_ds_t *ds;

    (void)sim_id_parse(&id, w->source_ids[source]);
    ds = sim_ds_find(&id);
    return ds ? sim_prop_by_id(ds, sw_notion_property(w, field)) : NULL;
}

static const char *type_now(const sw_world_t *w, int source, int field)
{
    const sim_prop_t *prop = property_now(w, source, field);

    return prop ? sim_type_name(prop->type) : NULL;
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
            const char *type = type_now(w, m->source, k);
            int is_title = !strcmp(sw_notion_property(w, k), "title");

            if (m->fields[k].present &&
                (lacks_column(w, m->table, k) || !type ||
                 (!is_title && k != SW_NAME && strcmp(type, sw_field_type(w, k)) != 0))) {
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
static void name_again(sw_world_t *w, int source)
{
    sim_buf_t b = SIM_BUF_INIT;
    int k;

    for (k = 0; k < SW_FIELDS; k++) {
        const sim_prop_t *prop = property_now(w, source, k);

        if (prop && strcmp(prop->name, sw_fields[k].prop) != 0) {
            b.len = 0;
            sim_json_open(&b, '{');
            sim_json_key(&b, "properties");
            sim_json_open(&b, '{');
            sim_json_key(&b, sw_notion_property(w, k));
            sim_json_open(&b, '{');
            sim_json_kstr(&b, "rename", sw_fields[k].prop);
            sim_json_close(&b, '}');
            sim_json_close(&b, '}');
            sim_json_close(&b, '}');
            (void)sw_notion_control(
                w, "PATCH", apr_pstrcat(w->ptemp, "data_source/", w->source_ids[source], NULL),
                b.s);
        }
    }
    sim_buf_free(&b);
}

/* A filter that names a choice which no page ever had blocks its mapping until somebody adds that. */
static void add_choice_of_filter(sw_world_t *w, const sw_mapping_t *m)
{
    static const char choice[] = "{\"properties\":{\"%s\":{\"add_option\":\"" SW_OUTSIDE "\"}}}";
    const sim_prop_t *prop = property_now(w, m->source, SW_STAGE);

    if ((m->filter_sides >> HISTORY_NOTION & 1) && prop && !sim_option_by_name(prop, SW_OUTSIDE)) {
        (void)sw_notion_control(
            w, "PATCH", apr_pstrcat(w->ptemp, "data_source/", w->source_ids[m->source], NULL),
            apr_psprintf(w->ptemp, choice, sw_notion_property(w, SW_STAGE)));
    }
}

static void show_all(sw_world_t *w)
{
    int i;

    for (i = 0; i < w->page_count; i++) {
        if (w->pages[i].hidden && !w->pages[i].gone) {
            (void)sw_notion_control(w, "PATCH",
                                    apr_pstrcat(w->ptemp, "page/", w->pages[i].text, NULL),
                                    "{\"shared\":true}");
            sw_notion_look(w, HISTORY_ACT, 0, &w->pages[i].id);
        }
    }
    for (i = 0; i < w->sources; i++) {
        (void)sw_notion_control(w, "PATCH",
                                apr_pstrcat(w->ptemp, "data_source/", w->source_ids[i], NULL),
                                "{\"shared\":true}");
        name_again(w, i);
    }
}

static void calm(sm_t *sm)
{
    sw_world_t *w = sm->world;
    int i;

    (void)sim_fault_remove(0);
    sm_server_calm(sm);
    w->slow_count = 0;
    w->saving = 0;
    (void)sw_notion_control(w, "POST", "settings", "{\"workspace_limit\":0,\"loss\":0}");
    show_all(w);
    for (i = 0; i < w->mapping_count; i++) {
        add_choice_of_filter(w, &w->mappings[i]);
    }
    if (drop_lost_fields(w)) {
        sm_host_restart(sm, 0);
    }
    sm_after(sm, SM_SEC(30), resume, w);
}

static int is_busy(sm_t *sm)
{
    const sw_world_t *w = sm->world;
    sim_ms_t shown = sim_stale_due();

    /* What became visible is taken note of by the next query, which nobody may ever send. */
    return sim_serve_late() + sim_hook_windows() + sim_event_pending() > 0 ||
           (shown != INT64_MAX && shown > sim_time_now()) || sw_sql_is_held(w);
}

/* What both services hold, read afresh and not from the mirrors. */
static void show_row(sw_world_t *w, judge_t *judge, int side, const char *place, const char *record,
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
    (void)w;
}

static void show(sm_t *sm, judge_t *judge)
{
    sw_world_t *w = sm->world;
    int before = history_count(w->history);
    int i;
    int k;

    sw_notion_look_all(w, HISTORY_TRIGGER);
    sw_sql_look(w, HISTORY_TRIGGER, 0);
    if (history_count(w->history) != before) {
        sm_violation(sm, "world", "something changed and nobody saw it: %s",
                     history_line(history_item(w->history, before), SM_T0, sm->p));
    }
    for (i = 0; i < w->page_count; i++) {
        const sw_page_t *m = &w->pages[i];

        if (m->source < w->sources && !m->gone && !m->trashed && !m->hidden) {
            show_row(w, judge, HISTORY_NOTION, w->source_ids[m->source], m->text, m->values);
        }
    }
    for (i = 0; i < w->tables; i++) {
        for (k = 0; k < w->rows[i].count; k++) {
            show_row(w, judge, HISTORY_EXTERNAL, w->table[i].name, w->rows[i].rows[k].text,
                     w->rows[i].rows[k].values);
        }
    }
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

    sw_sql_disconnect(w);
    sm_after(sm, 0, reconnect, w);
}

static void end(sm_t *sm)
{
    sw_world_t *w = sm->world;

    sw_notion_close(w);
    sw_sql_close(w);
}

const sm_part_t sm_part_world = {
    "world", setup, sw_plan, calm, is_busy, NULL, black_out, end, NULL
};
