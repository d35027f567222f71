/* sw_shape.c - what the seed decides about the world: tables, mappings, rules. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "simulation/sw.h"

static int draw(sw_world_t *w, const char *name, int from, int to)
{
    return (int)sm_setting(w->sm, name, from, to);
}

/* A setting for each table or mapping. */
static int draw_of(sw_world_t *w, int index, const char *name, int from, int to)
{
    return draw(w, apr_psprintf(w->sm->p, "%s%d", name, index), from, to);
}

/* What any field takes. */
static void plain_columns(sw_table_t *t)
{
    int k;

    for (k = 0; k < SW_FIELDS; k++) {
        t->columns[k].declared = "TEXT";
        t->columns[k].scale = -1;
    }
}

static void draw_columns(sw_world_t *w, sw_table_t *t, int i)
{
    static const sw_column_t amounts[] = { { "REAL", -1, 0, 0 },
                                           { "DECIMAL(14,2)", 2, 0, 0 },
                                           { "INTEGER", 0, 0, 0 } };
    static const sw_column_t names[] = { { "TEXT", 0, 0, 0 }, { "VARCHAR(12)", 0, 12, 0 } };

    plain_columns(t);
    t->columns[SW_AMOUNT] = amounts[draw_of(w, i, "amount", 0, 2)];
    t->columns[SW_NAME] = names[draw_of(w, i, "short_name", 0, 3) == 0];
    t->columns[SW_TAGS].csv = draw_of(w, i, "csv", 0, 1);
    if (!w->has_ranges || draw_of(w, i, "due_text", 0, 1) == 0) {
        t->columns[SW_DUE].declared = "DATE";
    }
    if (!w->has_ranges || draw_of(w, i, "met_text", 0, 1) == 0) {
        t->columns[SW_MET].declared = "DATETIME";
    }
    t->columns[SW_DONE].declared = "BOOLEAN";
}

static void draw_table(sw_world_t *w, int i)
{
    sw_table_t *t = &w->table[i];

    t->name = apr_psprintf(w->sm->p, "t%d", i);
    draw_columns(w, t, i);
    /* A few have texts for keys, compared as they are, without regard to case, or without blanks at the end. */
    t->key = (sw_key_t)draw_of(w, i, "text_key", 0, 15);
    t->key = t->key < SW_KEYS ? t->key : SW_KEY_INTEGER;
    t->autoincrement = draw_of(w, i, "autoincrement", 0, 1);
    t->not_null = draw_of(w, i, "not_null", 0, 4) == 0;
    t->check = draw_of(w, i, "check", 0, 5) == 0;
    t->trim = draw_of(w, i, "trim", 0, 3) == 0;
    t->round = draw_of(w, i, "round", 0, 3) == 0;
    t->upper = draw_of(w, i, "upper", 0, 4) == 0;
    t->touch = draw_of(w, i, "touch", 0, 5) == 0;
    t->parent = i > 0 ? draw_of(w, i, "parent", 0, 2) : 0;
    t->parent += t->parent == 2 && draw_of(w, i, "restrict", 0, 1);
}

static void draw_fields(sw_world_t *w, sw_mapping_t *m, int i)
{
    static const nts_conflict_t rules[] = { NTS_CONFLICT_INHERIT, NTS_CONFLICT_INHERIT,
                                            NTS_CONFLICT_INHERIT, NTS_CONFLICT_LAST_WRITE,
                                            NTS_CONFLICT_NOTION,  NTS_CONFLICT_EXTERNAL,
                                            NTS_CONFLICT_HOLD };
    int chosen = draw_of(w, i, "fields", 0, (1 << SW_REMARK) - 1);
    int ways = draw_of(w, i, "ways", 0, 0x3fff);
    int k;

    for (k = 0; k < SW_REMARK; k++) {
        m->fields[k].present =
            k == SW_MARK || (chosen >> k & 1) || (k == SW_NOTES && (chosen & 0x6) == 0);
        m->fields[k].lossy =
            k == SW_NAME && w->table[m->table].columns[SW_NAME].length > 0 && (ways & 0x2000);
        m->fields[k].initial = NTS_INITIAL_HOLD;
        if (k != SW_MARK) {
            m->fields[k].conflict = rules[(ways >> 4 & 0xff) * (k + 3) % 7];
            m->fields[k].initial = (nts_initial_t)((ways >> 2 & 0x7f) * (k + 5) % 3);
        }
    }
    /* One field in a few goes one way. */
    k = ways & 0xf;
    if (k > SW_MARK && k < SW_REMARK) {
        m->fields[k].direction = ways & 0x1000 ? NTS_TO_EXTERNAL : NTS_TO_NOTION;
        m->fields[k].conflict = NTS_CONFLICT_INHERIT;
    }
}

static void draw_mapping(sw_world_t *w, int i)
{
    static const nts_conflict_t rules[] = { NTS_CONFLICT_LAST_WRITE, NTS_CONFLICT_LAST_WRITE,
                                            NTS_CONFLICT_LAST_WRITE, NTS_CONFLICT_NOTION,
                                            NTS_CONFLICT_EXTERNAL,   NTS_CONFLICT_HOLD };
    static const nts_deletes_t deletes[] = { NTS_DELETES_PROPAGATE, NTS_DELETES_PROPAGATE,
                                             NTS_DELETES_PROPAGATE, NTS_DELETES_PROPAGATE,
                                             NTS_DELETES_HOLD,      NTS_DELETES_IGNORE };
    static const int graces[] = { 0, 5, 5, 30, 120 };
    static const int reconciles[] = { 600, 900, 1800, 3600, 0 };
    sw_mapping_t *m = &w->mappings[i];
    int reconcile;

    m->name = apr_psprintf(w->sm->p, "m%d", i);
    m->source = i < w->sources ? i : 0;
    m->table = i < w->tables ? i : 0;
    m->conflict = rules[draw_of(w, i, "rule", 0, 5)];
    m->grace = apr_time_from_sec(graces[draw_of(w, i, "grace", 0, 4)]);
    m->tie = (nts_side_t)draw_of(w, i, "tie", 0, 1);
    m->deletes[NTS_NOTION] = deletes[draw_of(w, i, "deletes_notion", 0, 5)];
    m->deletes[NTS_EXTERNAL] = deletes[draw_of(w, i, "deletes_external", 0, 5)];
    m->limit = draw_of(w, i, "limit", 0, 2) * 25;
    reconcile = reconciles[draw_of(w, i, "reconcile", 0, 4)];
    m->reconcile = apr_time_from_sec(reconcile);
    m->full = reconcile ? apr_time_from_sec(draw_of(w, i, "full", 0, 1) ? 2400 : 86400) : 0;
    m->debounce = SM_MS(draw_of(w, i, "debounce", 0, 3) * 300);
    m->filter_sides = draw_of(w, i, "filter", 0, 0); /* only in drills */
    m->matches = 1;
    m->has_key_property = draw_of(w, i, "key_property", 0, 3) == 0;
    draw_fields(w, m, i);
}

/* Two sources that each rule one property of the same page would fight for ever: nobody configures that. */
static void part_rulers(sw_world_t *w)
{
    sw_mapping_t *second = &w->mappings[1];
    int k;

    for (k = 0; w->mapping_count > 1 && k < SW_FIELDS; k++) {
        if (second->fields[k].direction == w->mappings[0].fields[k].direction &&
            (second->source == w->mappings[0].source || second->table == w->mappings[0].table)) {
            second->fields[k].direction = NTS_BOTH;
        }
    }
}

static void draw_notion(sw_world_t *w, int side)
{
    static const char *const services[] = { "work", "away" };
    static const char *const endpoints[] = { SW_ENDPOINT, SW_AWAY_ENDPOINT };
    sw_notion_t *notion = &w->notion[side];

    notion->w = w;
    notion->side = side;
    notion->service = services[side];
    notion->endpoint = endpoints[side];
    notion->sources = side == HISTORY_NOTION ? w->sources : w->tables;
    notion->title_is_mark = (int)sw_notion_setting(notion, "title_is_mark", 0, 1);
    notion->window = apr_time_from_sec(sw_notion_setting(notion, "window", 1, 6) * 10);
    notion->budget =
        (int)(apr_time_sec(notion->window) * sw_notion_setting(notion, "budget", 1, 3));
}

void sw_shape_draw(sw_world_t *w)
{
    /* 0..5 one mapping; two of their own; two of one source; two of one table */
    int shape = draw(w, "mappings", 0, 8);
    int i;

    w->notions = draw(w, "away", -14, 1) > 0 && !sw_drill_is_of_database(w->sm) ? 2 : 1;
    w->mapping_count = shape <= 5 ? 1 : 2;
    w->sources = shape == 6 || shape == 8 ? 2 : 1;
    w->tables = shape == 6 || shape == 7 ? 2 : 1;
    w->has_ranges = draw(w, "ranges", -7, 2) > 0;
    w->is_status = draw(w, "status", -8, 1) > 0;
    w->wal = draw(w, "wal", 0, 1);
    for (i = 0; i < w->notions; i++) {
        draw_notion(w, i);
    }
    for (i = 0; i < w->tables; i++) {
        if (w->notions == 1) {
            draw_table(w, i);
        }
        else {
            plain_columns(&w->table[i]);
        }
    }
    for (i = 0; i < w->mapping_count; i++) {
        draw_mapping(w, i);
    }
    part_rulers(w);
}

/* ---- for the judge */

void sw_shape_judge_field(const sw_world_t *w, const sw_mapping_t *m, int field, judge_field_t *out)
{
    static const judge_rule_t rules[] = { JUDGE_LAST_WRITE, JUDGE_LAST_WRITE, JUDGE_NOTION_WINS,
                                          JUDGE_EXTERNAL_WINS, JUDGE_HOLD };
    const sw_column_t *column = &w->table[m->table].columns[field];
    nts_conflict_t rule = m->fields[field].conflict;

    memset(out, 0, sizeof(*out));
    out->name[HISTORY_NOTION] = sw_fields[field].prop;
    out->name[HISTORY_EXTERNAL] = sw_fields[field].column;
    out->sort = sw_fields[field].sort;
    out->way = m->fields[field].direction == NTS_BOTH          ? JUDGE_BOTH_WAYS
               : m->fields[field].direction == NTS_TO_EXTERNAL ? JUDGE_TO_EXTERNAL
                                                               : JUDGE_TO_NOTION;
    out->rule = rules[rule == NTS_CONFLICT_INHERIT ? m->conflict : rule];
    out->initial = (judge_initial_t)m->fields[field].initial;
    out->scale = column->scale;
    out->digits = column->scale > 0 ? SW_DIGITS : 0;
    out->length = column->length;
    out->lossy = m->fields[field].lossy;
    out->no_empty = 1;
    out->unique = field == SW_CODE && w->notions == 1;
    out->required = field == SW_NOTES && w->table[m->table].not_null;
    out->above = field == SW_AMOUNT && w->table[m->table].check ? "-3000" : NULL;
    out->days = field == SW_DUE && !strcmp(column->declared, "DATE");
    out->instants = field == SW_MET && !strcmp(column->declared, "DATETIME");
    out->choices = field == SW_STAGE && w->is_status ? sw_status_choices : NULL;
    out->type[HISTORY_NOTION] = sw_field_type(&w->notion[0], field);
    out->type[HISTORY_EXTERNAL] =
        w->notions == 1 ? column->declared : sw_field_type(&w->notion[1], field);
    out->absent = !m->fields[field].present;
}

void sw_shape_judge(const sw_world_t *w, const sw_mapping_t *m, judge_mapping_t *out)
{
    judge_field_t *fields = apr_pcalloc(w->sm->p, SW_REMARK * sizeof(*fields));
    int k;

    memset(out, 0, sizeof(*out));
    out->name = m->name;
    out->place[HISTORY_NOTION] = w->notion[0].source_ids[m->source];
    out->place[HISTORY_EXTERNAL] = w->table[m->table].name;
    for (k = 0; k < SW_REMARK; k++) {
        sw_shape_judge_field(w, m, k, &fields[k]);
    }
    out->fields = fields;
    out->field_count = SW_REMARK;
    out->mark = SW_MARK;
    out->grace = m->grace;
    out->tie = m->tie == NTS_NOTION ? HISTORY_NOTION : HISTORY_EXTERNAL;
    out->deletes[HISTORY_NOTION] = (judge_deletes_t)m->deletes[NTS_NOTION];
    out->deletes[HISTORY_EXTERNAL] = (judge_deletes_t)m->deletes[NTS_EXTERNAL];
    out->delete_percent = m->limit;
    out->filter_sides = m->filter_sides;
    out->filter_field = SW_STAGE;
    out->keys = w->table[m->table].key == SW_KEY_NOCASE  ? JUDGE_KEYS_ANY_CASE
                : w->table[m->table].key == SW_KEY_RTRIM ? JUDGE_KEYS_BARE
                                                         : JUDGE_KEYS_EXACT;
    out->outside = m->filter_sides ? SW_OUTSIDE : NULL;
}

/* ---- for the host */

static void configure_pairs(const sw_world_t *w, const sw_mapping_t *m, nts_mapping_t *out,
                            apr_pool_t *p)
{
    int k;

    out->pairs = apr_pcalloc(p, (SW_FIELDS + 2) * sizeof(*out->pairs));
    for (k = 0; k < SW_REMARK; k++) {
        nts_pair_t *pair = &out->pairs[out->pair_count];

        if (!m->fields[k].present) {
            continue;
        }
        pair->notion = sw_fields[k].prop;
        pair->external = sw_fields[k].column;
        pair->direction = m->fields[k].direction;
        pair->conflict = m->fields[k].conflict;
        pair->initial = m->fields[k].initial;
        pair->options.options_create[NTS_NOTION] = pair->options.options_create[NTS_EXTERNAL] =
            !(k == SW_STAGE && w->is_status);
        pair->options.lossy_accept = m->fields[k].lossy;
        pair->options.format =
            k == SW_TAGS && w->table[m->table].columns[k].csv ? NTS_FORMAT_CSV : NTS_FORMAT_DEFAULT;
        out->pair_count++;
    }
    sw_relation_configure(w, m, out);
    if (m->has_key_property) {
        nts_pair_t *pair = &out->pairs[out->pair_count++];

        pair->notion = m->index ? SW_KEY_PROPERTY " 2" : SW_KEY_PROPERTY;
        pair->external = NTS_KEY_FIELD;
        pair->direction = NTS_TO_NOTION;
        pair->initial = NTS_INITIAL_EXTERNAL;
        pair->is_key = 1;
    }
}

static void configure_filters(const sw_mapping_t *m, nts_mapping_t *out, apr_pool_t *p)
{
    static const char *const texts[] = { "\"Stage\" != '" SW_OUTSIDE "'",
                                         "stage != '" SW_OUTSIDE "'" };
    const char *problem;
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if ((m->filter_sides >> side & 1) &&
            nts_filter_parse(&out->filter[side], texts[side], &problem, p) != APR_SUCCESS) {
            abort();
        }
    }
}

static nts_mapping_t *configure_mapping(const sw_world_t *w, const sw_mapping_t *m,
                                        const nts_service_t *const *services, apr_pool_t *p)
{
    nts_mapping_t *out = apr_pcalloc(p, sizeof(*out));
    nts_match_t *match = apr_pcalloc(p, sizeof(*match));

    out->vhost = "";
    out->name = m->name;
    out->notion = services[0];
    out->external = services[1];
    out->data_source = w->notion[0].source_ids[m->source];
    out->collection = w->table[m->table].name;
    out->key = w->notions == 1 ? "id" : NULL;
    configure_pairs(w, m, out, p);
    match->notion = sw_fields[SW_MARK].prop;
    match->external = sw_fields[SW_MARK].column;
    out->matches = match;
    out->match_count = m->matches;
    out->conflict = m->conflict;
    out->grace = m->grace;
    out->tie = m->tie;
    out->deletes[NTS_NOTION] = m->deletes[NTS_NOTION];
    out->deletes[NTS_EXTERNAL] = m->deletes[NTS_EXTERNAL];
    out->delete_limit_percent = m->limit;
    out->reconcile = m->reconcile;
    out->full = m->full;
    out->debounce = m->debounce;
    configure_filters(m, out, p);
    return out;
}

static const nts_service_t *configure_notion(const sw_notion_t *notion, apr_pool_t *p)
{
    nts_service_t *service = apr_pcalloc(p, sizeof(*service));

    service->vhost = "";
    service->name = notion->service;
    service->kind = NTS_SERVICE_NOTION;
    service->token = "env:TOKEN";
    service->endpoint = notion->endpoint;
    service->budget_requests = notion->budget;
    service->budget_window = notion->window;
    service->provision_auto = 1;
    return service;
}

static const nts_service_t *configure_database(const sw_world_t *w, apr_pool_t *p)
{
    nts_service_t *sql = apr_pcalloc(p, sizeof(*sql));

    sql->vhost = "";
    sql->name = "db";
    sql->kind = NTS_SERVICE_SQL;
    sql->database_driver = "sqlite";
    sql->database = w->path;
    sql->budget_requests = 100000;
    sql->budget_window = apr_time_from_sec(1);
    sql->provision_auto = 1;
    return sql;
}

nts_setup_t *sw_shape_configure(sm_t *sm, void *world, apr_pool_t *p)
{
    const sw_world_t *w = world;
    nts_setup_t *setup = apr_pcalloc(p, sizeof(*setup));
    const nts_service_t **services = apr_pcalloc(p, 2 * sizeof(*services));
    nts_mapping_t **mappings = apr_pcalloc(p, SW_TABLES * sizeof(*mappings));
    int i;

    (void)sm;
    services[0] = configure_notion(&w->notion[0], p);
    services[1] = w->notions == 1 ? configure_database(w, p) : configure_notion(&w->notion[1], p);
    for (i = 0; i < w->mapping_count; i++) {
        mappings[i] = configure_mapping(w, &w->mappings[i], services, p);
    }
    setup->services = services;
    setup->service_count = 2;
    setup->mappings = mappings;
    setup->mapping_count = w->mapping_count;
    return setup;
}
