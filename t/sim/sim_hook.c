/* Changes become webhook events: collected per entity for a while, then queued for the sender. */
#include "sim_hook.h"

#include <stdlib.h>
#include <string.h>

#include "sim_event.h"
#include "sim_state.h"

#define BUCKETS 4096

typedef struct schema_change_t {
    char *id;
    char *name;
    const char *action;
} schema_change_t;

/* what happened to one entity since the first change */
typedef struct window_t {
    struct window_t *next;  /* by opening time */
    struct window_t *chain; /* in the hash */
    sim_id_t id;
    const sim_ds_t *ds;
    int is_ds;
    unsigned kinds;
    sim_ms_t opened_ms;
    sim_ms_t last_ms;
    char **props; /* encoded ids */
    size_t nprops;
    int title; /* among them */
    schema_change_t *schema;
    size_t nschema;
    sim_id_t *rows; /* of a data source */
    size_t nrows;
    const sim_user_t **authors;
    size_t nauthors;
} window_t;

static window_t *first SIM_STATE, *last SIM_STATE, *buckets[BUCKETS] SIM_STATE;
static size_t count SIM_STATE;

static window_t **bucket_of(const sim_id_t *id)
{
    return &buckets[(id->b[0] * 256u + id->b[15] + id->b[7] * 31u) % BUCKETS];
}

static window_t *open_window(const sim_id_t *id, const sim_ds_t *ds, int is_ds,
                             const sim_user_t *by)
{
    window_t **at = bucket_of(id), *w;
    size_t i;

    for (w = *at; w && sim_id_cmp(&w->id, id) != 0; w = w->chain) {
    }
    if (!w) {
        w = sim_mem_alloc(sizeof(*w));
        w->id = *id;
        w->is_ds = is_ds;
        w->opened_ms = sim_time_now();
        w->chain = *at;
        *at = w;
        *(last ? &last->next : &first) = w;
        last = w;
        count++;
    }
    w->ds = ds;
    w->last_ms = sim_time_now();
    for (i = 0; i < w->nauthors && w->authors[i] != by; i++) {
    }
    if (i == w->nauthors && i < 100) {
        w->authors = sim_mem_grow(w->authors, (i + 1) * sizeof(sim_user_t *));
        w->authors[w->nauthors++] = by;
    }
    return w;
}

static void note_prop(window_t *w, const sim_prop_t *p)
{
    size_t i;

    for (i = 0; i < w->nprops && strcmp(w->props[i], p->enc) != 0; i++) {
    }
    if (i == w->nprops && i < 100) {
        w->props = sim_mem_grow(w->props, (i + 1) * sizeof(char *));
        w->props[w->nprops++] = sim_mem_dup(p->enc);
        w->title |= p->type == SIM_T_TITLE;
    }
}

void sim_hook_page(const sim_page_t *p, unsigned kinds, const sim_set_t *sets, size_t nsets,
                   const sim_user_t *by)
{
    window_t *w;
    size_t i;

    if (p->unshared) {
        return;
    }
    w = open_window(&p->id, p->ds, 0, by);
    /* opposites within one window cancel out */
    if ((kinds & SIM_EV_UNDELETED) && (w->kinds & SIM_EV_DELETED) && sim_set.cancel) {
        w->kinds &= ~(unsigned)SIM_EV_DELETED;
        kinds &= ~(unsigned)SIM_EV_UNDELETED;
    }
    if ((kinds & SIM_EV_DELETED) && (w->kinds & SIM_EV_UNDELETED) && sim_set.cancel) {
        w->kinds &= ~(unsigned)SIM_EV_UNDELETED;
        kinds &= ~(unsigned)SIM_EV_DELETED;
    }
    w->kinds |= kinds;
    for (i = 0; i < nsets; i++) {
        note_prop(w, sets[i].prop);
    }
}

void sim_hook_ds(const sim_ds_t *ds, unsigned kinds, const sim_id_t *row, const sim_user_t *by)
{
    window_t *w = open_window(&ds->id, ds, 1, by);

    w->kinds |= kinds;
    if (row && w->nrows < 100) {
        w->rows = sim_mem_grow(w->rows, (w->nrows + 1) * sizeof(*w->rows));
        w->rows[w->nrows++] = *row;
    }
}

void sim_hook_schema(const sim_ds_t *ds, const sim_prop_t *prop, const char *action,
                     const sim_user_t *by)
{
    window_t *w = open_window(&ds->id, ds, 1, by);

    w->kinds |= SIM_EV_SCHEMA;
    if (w->nschema < 100) {
        w->schema = sim_mem_grow(w->schema, (w->nschema + 1) * sizeof(*w->schema));
        w->schema[w->nschema].id = sim_mem_dup(prop->enc);
        w->schema[w->nschema].name =
            strcmp(action, "deleted") == 0 ? NULL : sim_mem_dup(prop->name);
        w->schema[w->nschema++].action = action;
    }
}

/* In payloads of 2022-06-28 a database is what a data source has been since. */
static int is_first_version(void)
{
    return strcmp(sim_set.webhook_version, "2022-06-28") == 0;
}

static const char *type_then(const char *type)
{
    static const char *const renamed[][2] = {
        { "data_source.content_updated", "database.content_updated" },
        { "data_source.schema_updated", "database.schema_updated" },
        { "data_source.deleted", "database.deleted" },
        { "data_source.undeleted", "database.undeleted" },
    };
    size_t i;

    for (i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
        if (strcmp(renamed[i][0], type) == 0) {
            return renamed[i][1];
        }
    }
    return type;
}

static void put_authors(sim_buf_t *b, const window_t *w)
{
    size_t i;

    sim_json_open(b, '[');
    for (i = 0; i < w->nauthors; i++) {
        sim_json_open(b, '{');
        sim_id_json(b, "id", &w->authors[i]->id);
        sim_json_kstr(b, "type", w->authors[i]->type == SIM_BOT ? "bot" : "person");
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
}

static void put_parent(sim_buf_t *b, const window_t *w)
{
    sim_json_key(b, "parent");
    sim_json_open(b, '{');
    sim_id_json(b, "id", &w->ds->db->id);
    sim_json_kstr(b, "type", "database");
    if (!w->is_ds && !is_first_version()) {
        sim_id_json(b, "data_source_id", &w->ds->id);
    }
    sim_json_close(b, '}');
}

static void put_blocks(sim_buf_t *b, const sim_id_t *ids, size_t n, const char *type)
{
    size_t i;

    sim_json_key(b, "updated_blocks");
    sim_json_open(b, '[');
    for (i = 0; i < n; i++) {
        sim_json_open(b, '{');
        sim_id_json(b, "id", &ids[i]);
        sim_json_kstr(b, "type", type);
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
}

static void put_schema(sim_buf_t *b, const window_t *w)
{
    size_t i;

    sim_json_key(b, "updated_properties");
    sim_json_open(b, '[');
    for (i = 0; i < w->nschema; i++) {
        sim_json_open(b, '{');
        sim_json_kstr(b, "id", w->schema[i].id);
        sim_json_kstr(b, "name", w->schema[i].name);
        sim_json_kstr(b, "action", w->schema[i].action);
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
}

static void put_props(sim_buf_t *b, const window_t *w, int with_title)
{
    size_t i;

    sim_json_key(b, "updated_properties");
    sim_json_open(b, '[');
    for (i = 0; i < w->nprops; i++) {
        if (with_title || strcmp(w->props[i], "title") != 0) {
            sim_json_str(b, w->props[i]);
        }
    }
    sim_json_close(b, ']');
}

/* one event; as_props: 1 all, -1 without the title */
static void tell(const window_t *w, const char *type, int as_props)
{
    sim_buf_t data = SIM_BUF_INIT, authors = SIM_BUF_INIT;
    sim_news_t n;

    put_authors(&authors, w);
    sim_json_open(&data, '{');
    put_parent(&data, w);
    if (as_props) {
        put_props(&data, w, as_props > 0);
    }
    else if (strcmp(type, "page.content_updated") == 0) {
        put_blocks(&data, &w->id, 1, "page");
    }
    else if (strcmp(type, "data_source.content_updated") == 0) {
        put_blocks(&data, w->rows, w->nrows, "page");
    }
    else if (strcmp(type, "data_source.schema_updated") == 0) {
        put_schema(&data, w);
    }
    sim_json_close(&data, '}');
    n.type = type;
    n.entity_type = w->is_ds ? "data_source" : "page";
    n.entity = w->id;
    if (w->is_ds && is_first_version()) {
        n.type = type_then(type);
        n.entity_type = "database";
        n.entity = w->ds->db->id;
    }
    n.when = w->last_ms;
    n.authors = authors.s;
    n.data = data.s;
    n.ds = w->ds;
    sim_event_tell(&n);
    sim_buf_free(&data);
    sim_buf_free(&authors);
}

static void tell_page_edits(const window_t *w)
{
    int as_content =
        w->title && (strcmp(sim_set.title_as_content, "true") == 0 ||
                     (strcmp(sim_set.title_as_content, "random") == 0 && sim_rand_hit(0.5)));
    int props = w->nprops > (as_content ? 1u : 0u);

    if ((w->kinds & SIM_EV_PROPS) && props) {
        tell(w, "page.properties_updated", as_content ? -1 : 1);
    }
    if (((w->kinds & SIM_EV_PROPS) && as_content) || (w->kinds & SIM_EV_CONTENT)) {
        tell(w, "page.content_updated", 0);
    }
}

static void tell_page(const window_t *w)
{
    unsigned k = w->kinds;

    if (k & SIM_EV_DELETED) {
        if (!(k & SIM_EV_CREATED) || !sim_set.cancel) {
            if (k & SIM_EV_CREATED) {
                tell(w, "page.created", 0);
            }
            tell(w, "page.deleted",
                 0); /* the last meaningful event; edits before it are not told */
        }
        return;
    }
    if (k & SIM_EV_CREATED) {
        tell(w, "page.created", 0); /* edits just after creation are part of it */
        return;
    }
    if (k & SIM_EV_UNDELETED) {
        tell(w, "page.undeleted", 0);
    }
    if (k & SIM_EV_MOVED) {
        tell(w, "page.moved", 0);
    }
    tell_page_edits(w);
    if (k & SIM_EV_LOCKED) {
        tell(w, "page.locked", 0);
    }
    if (k & SIM_EV_UNLOCKED) {
        tell(w, "page.unlocked", 0);
    }
}

/* The container that went with its data source, or came back; which of the two is told is not certain. */
static void tell_database(const window_t *w, const char *type)
{
    sim_buf_t authors = SIM_BUF_INIT;
    sim_news_t n = { type, "database", w->ds->db->id, w->last_ms, NULL, NULL, w->ds };
    sim_buf_t data = SIM_BUF_INIT;

    put_authors(&authors, w);
    sim_json_open(&data, '{');
    sim_json_key(&data, "parent");
    sim_json_open(&data, '{');
    sim_id_json(&data, "id", &sim_w.workspace_id);
    sim_json_kstr(&data, "type", "space");
    sim_json_close(&data, '}');
    sim_json_close(&data, '}');
    n.authors = authors.s;
    n.data = data.s;
    sim_event_tell(&n);
    sim_buf_free(&data);
    sim_buf_free(&authors);
}

static void tell_trash(const window_t *w, int deleted)
{
    if (strcmp(sim_set.trash_event, "database") == 0) {
        tell_database(w, deleted ? "database.deleted" : "database.undeleted");
    }
    else {
        tell(w, deleted ? "data_source.deleted" : "data_source.undeleted", 0);
    }
}

static void tell_ds(const window_t *w)
{
    if (w->kinds & SIM_EV_SCHEMA) {
        tell(w, "data_source.schema_updated", 0);
    }
    if (w->kinds & SIM_EV_CONTENT) {
        tell(w, "data_source.content_updated", 0);
    }
    if (w->kinds & SIM_EV_DELETED) {
        tell_trash(w, 1);
    }
    if (w->kinds & SIM_EV_UNDELETED) {
        tell_trash(w, 0);
    }
}

static void free_window(window_t *w)
{
    size_t i;

    for (i = 0; i < w->nprops; i++) {
        free(w->props[i]);
    }
    for (i = 0; i < w->nschema; i++) {
        free(w->schema[i].id);
        free(w->schema[i].name);
    }
    free(w->props);
    free(w->schema);
    free(w->rows);
    free(w->authors);
    free(w);
}

static void close_first(int tell_it)
{
    window_t *w = first, **at = bucket_of(&w->id);

    first = w->next;
    if (!first) {
        last = NULL;
    }
    while (*at != w) {
        at = &(*at)->chain;
    }
    *at = w->chain;
    count--;
    if (tell_it) {
        if (w->is_ds) {
            tell_ds(w);
        }
        else {
            tell_page(w);
        }
    }
    free_window(w);
}

void sim_hook_tick(sim_ms_t now)
{
    while (first && (now == INT64_MAX || first->opened_ms + sim_set.aggregate_ms <= now)) {
        close_first(1);
    }
}

sim_ms_t sim_hook_due(void)
{
    return first ? first->opened_ms + sim_set.aggregate_ms : INT64_MAX;
}

size_t sim_hook_windows(void)
{
    return count;
}

void sim_hook_reset(void)
{
    while (first) {
        close_first(0);
    }
}
