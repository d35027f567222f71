/* sw_notion_mirror.c - the mirror of Notion's pages: what changed since the last look goes into the history. */
#include <string.h>

#include <apr_strings.h>

#include "sim/sim_page.h"
#include "sim/sim_schema.h"
#include "simulation/sw.h"

#define PAGES_STEP 64

/* ---- canonical texts */

static const char *options_text(const sim_value_t *v, apr_pool_t *p)
{
    const char *set = NULL;
    size_t i;

    for (i = 0; i < sim_value_count(v); i++) {
        if (!sim_value_option(v, i)->removed) {
            set = sw_set_with(set, apr_pstrdup(p, sim_value_option(v, i)->name), 1, p);
        }
    }
    return set;
}

static const char *value_text(const sim_prop_t *prop, const sim_state_t *st, apr_pool_t *p)
{
    const sim_value_t *v = sim_prop_value(prop, st);

    if (prop->type == SIM_T_CHECKBOX) {
        return sim_value_as_bool(v) ? "true" : "false";
    }
    if (!v) {
        return NULL;
    }
    if (prop->type == SIM_T_NUMBER) {
        return sw_number_text(sim_value_as_number(v), p);
    }
    if (sim_type_has_options(prop->type)) {
        return options_text(v, p);
    }
    if (prop->type == SIM_T_DATE) {
        const char *start = sw_date_text(sim_value_chars(v), p);

        return sim_value_date_end(v)
                   ? apr_pstrcat(p, start, "/", sw_date_text(sim_value_date_end(v), p), NULL)
                   : start;
    }
    return sim_type_is_text(prop->type) ? sim_value_chars(v) : "?";
}

/* ---- the mirror */

sw_page_t *sw_notion_mirror(sw_notion_t *notion, const sim_id_t *id)
{
    int i;

    for (i = 0; i < notion->page_count; i++) {
        if (sim_id_cmp(&notion->pages[i].id, id) == 0) {
            return &notion->pages[i];
        }
    }
    return NULL;
}

static int source_of(const sw_notion_t *notion, const sim_ds_t *ds)
{
    char text[SIM_ID_TEXT];
    int i;

    sim_id_format(text, &ds->id);
    for (i = 0; i < notion->sources && strcmp(notion->source_ids[i], text) != 0; i++) {
    }
    return i;
}

static sw_page_t *new_mirror(sw_notion_t *notion, const sim_page_t *page)
{
    char text[SIM_ID_TEXT];
    sw_page_t *m;

    if (notion->page_count == notion->page_room) {
        notion->page_room += PAGES_STEP;
        notion->pages =
            sim_mem_grow(notion->pages, (size_t)notion->page_room * sizeof(*notion->pages));
    }
    m = &notion->pages[notion->page_count++];
    memset(m, 0, sizeof(*m));
    sim_id_format(text, &page->id);
    m->id = page->id;
    m->text = history_text(notion->w->history, text);
    m->source = source_of(notion, page->ds);
    return m;
}

static int is_elsewhere(const sw_notion_t *notion, const sw_page_t *m)
{
    return m->source == notion->sources;
}

static void tell(sw_notion_t *notion, history_kind_t kind, int request, history_op_t op,
                 const sw_page_t *m, const char *after)
{
    if (!is_elsewhere(notion, m)) {
        history_do(notion->w->history, kind, request, sm_now(notion->w->sm), op, notion->side,
                   notion->source_ids[m->source], m->text, NULL, after);
    }
}

/* A checkbox that nobody ticked is not ticked: no request need say so. Nor that a status is what it is at first. */
static int is_default(const sw_notion_t *notion, const sw_page_t *m, int field, const char *now)
{
    if (field == SW_STAGE && notion->w->is_status) {
        return !m->values[field] && notion->performing &&
               !strstr(notion->performing->body, "\"status\":{");
    }
    return field == SW_DONE && !m->values[field] && sw_same(now, "false");
}

static void set(sw_notion_t *notion, history_kind_t kind, int request, sw_page_t *m, int field,
                const char *now)
{
    if (!is_elsewhere(notion, m)) {
        history_set(notion->w->history, kind, kind == HISTORY_TRIGGER ? 0 : request,
                    sm_now(notion->w->sm), notion->side, notion->source_ids[m->source], m->text,
                    sw_notion_name(notion, field), m->values[field], now);
    }
    m->before[field] = m->values[field];
    m->values[field] = history_text(notion->w->history, now);
}

/* We took the status away: Notion puts the default in its place (S3.5), whatever stood there. */
static void look_at_status(sw_notion_t *notion, int request, sw_page_t *m)
{
    if (notion->w->is_status && notion->performing && notion->performing->body &&
        strstr(notion->performing->body, "\"status\":null") && m->values[SW_STAGE]) {
        set(notion, HISTORY_EFFECT, request, m, SW_STAGE, NULL);
    }
}

static const sim_prop_t *property_of(const sw_notion_t *notion, const sw_page_t *m,
                                     const sim_ds_t *ds, int field)
{
    return is_elsewhere(notion, m) ? sim_prop_find(ds, sw_notion_name(notion, field))
                                   : sim_prop_by_id(ds, sw_notion_property(notion, field));
}

/* Which form sets have in the table that the source is mapped to. */
static int is_csv(const sw_notion_t *notion, int source)
{
    int i;

    for (i = 0; i < notion->w->mapping_count && notion->w->mappings[i].source != source; i++) {
    }
    return i < notion->w->mapping_count &&
           notion->w->table[notion->w->mappings[i].table].columns[SW_TAGS].csv;
}

/* Of a set that people have made a property of text of the database shows that text. */
static const char *text_now(const sw_notion_t *notion, const sw_page_t *m, int field,
                            const sim_prop_t *prop, const sim_state_t *st)
{
    const char *text = value_text(prop, st, notion->w->ptemp);

    return text && sw_fields[field].sort == JUDGE_SET && sim_type_is_text(prop->type)
               ? sw_set_text(text, is_csv(notion, m->source), notion->w->ptemp)
               : text;
}

static void look_at_fields(sw_notion_t *notion, history_kind_t kind, int request, sw_page_t *m,
                           const sim_page_t *page)
{
    int k;

    look_at_status(notion, request, m);
    for (k = 0; k < SW_FIELDS; k++) {
        const sim_prop_t *prop = property_of(notion, m, page->ds, k);
        const char *now = prop ? text_now(notion, m, k, prop, page->live) : NULL;

        if (prop && !sw_same(now, m->values[k])) {
            set(notion, is_default(notion, m, k, now) ? HISTORY_TRIGGER : kind, request, m, k, now);
        }
    }
}

static void look_at_flags(sw_notion_t *notion, history_kind_t kind, int request, sw_page_t *m,
                          const sim_page_t *page)
{
    int trashed = page->live->in_trash;
    int hidden = page->unshared;

    if (trashed != m->trashed) {
        tell(notion, kind, request, trashed ? HISTORY_DELETE : HISTORY_REVIVE, m, NULL);
        m->trashed = trashed;
    }
    if (hidden != m->hidden) {
        tell(notion, kind, request, hidden ? HISTORY_HIDE : HISTORY_SHOW, m, NULL);
        m->hidden = hidden;
    }
}

/* To the data source that it leaves it is as if it were not shared any more; where it was before it is shown again; elsewhere it
 * is a new record, which people made of one that they had. */
static void move(sw_notion_t *notion, sw_page_t *m, int to)
{
    static const char *const nothing[SW_FIELDS];
    const char *const *values = nothing;

    if (!is_elsewhere(notion, m)) {
        tell(notion, HISTORY_ACT, 0, HISTORY_HIDE, m, NULL);
        memcpy(m->left[m->source], m->values, sizeof(m->values));
    }
    m->source = to;
    if (!is_elsewhere(notion, m)) {
        tell(notion, HISTORY_ACT, 0, m->was_in[to] ? HISTORY_SHOW : HISTORY_MAKE, m,
             m->was_in[to]                                    ? NULL
             : m->was_in[0] || m->was_in[notion->sources - 1] ? m->text
                                                              : NULL);
        values = m->was_in[to] ? m->left[to] : nothing;
        m->was_in[to] = 1;
    }
    memcpy(m->values, values, sizeof(m->values));
    /* S7.4: a write that follows a read of the page where it was would go to where it is. */
    m->saving = sm_now(notion->w->sm) + SM_SEC(2);
}

void sw_notion_look(sw_notion_t *notion, history_kind_t kind, int request, const sim_id_t *id)
{
    const sim_page_t *page;
    sw_page_t *m = sw_notion_mirror(notion, id);

    sw_notion_enter(notion);
    page = sim_page_find(id);
    if (!page) {
        if (m && !m->gone) {
            m->gone = 1;
            tell(notion, kind, request, HISTORY_PURGE, m, NULL);
        }
        return;
    }
    if (!m) {
        m = new_mirror(notion, page);
        if (!is_elsewhere(notion, m)) {
            m->was_in[m->source] = 1;
        }
        tell(notion, kind, request, HISTORY_MAKE, m, NULL);
    }
    else if (source_of(notion, page->ds) != m->source) {
        move(notion, m, source_of(notion, page->ds));
    }
    look_at_fields(notion, kind, request, m, page);
    look_at_flags(notion, kind, request, m, page);
}

void sw_notion_look_all(sw_notion_t *notion, history_kind_t kind)
{
    int i;

    for (i = 0; i < notion->page_count; i++) {
        sw_notion_look(notion, kind, 0, &notion->pages[i].id);
    }
}

sw_page_t *sw_notion_find(sw_notion_t *notion, int source, const char *mark, int any)
{
    int i;

    for (i = notion->page_count; i-- > 0;) {
        sw_page_t *m = &notion->pages[i];

        if (m->source == source && !m->gone && (any || !m->trashed) &&
            sw_same(m->values[SW_MARK], mark)) {
            return m;
        }
    }
    return NULL;
}
