/* sw_notion_acts.c - what people do in Notion. */
#include <string.h>

#include <apr_strings.h>

#include "simulation/sw.h"

/* People choose a status from the list. */
static const char *chosen(int field, const char *value)
{
    int i;

    for (i = 0; field == SW_STAGE && sw_world(sm_the)->is_status && value && sw_status_choices[i] &&
                strcmp(sw_status_choices[i], value) != 0;
         i++) {
        if (!sw_status_choices[i + 1]) {
            return sw_status_choices[i];
        }
    }
    return value;
}

/* Notion keeps the offset of a zone for people to see. */
static const char *typed_date(const char *date, apr_pool_t *p)
{
    return strlen(date) > 15 && (date[15] - '0') % 2 ? sw_date_east(date, 330, p) : date;
}

static void put_date(sim_buf_t *b, const char *date, apr_pool_t *p)
{
    const char *slash = strchr(date, '/');

    sim_json_open(b, '{');
    sim_json_kstr(
        b, "start",
        typed_date(slash ? apr_pstrmemdup(p, date, (apr_size_t)(slash - date)) : date, p));
    if (slash) {
        sim_json_kstr(b, "end", typed_date(slash + 1, p));
    }
    sim_json_close(b, '}');
}

static void put_value(sim_buf_t *b, int field, const char *value, apr_pool_t *p)
{
    const char **members;
    int n;
    int i;

    switch (sw_fields[field].sort) {
    case JUDGE_NUMBER:
        sim_json_raw(b, value ? value : "null");
        break;
    case JUDGE_BOOLEAN:
        sim_json_bool(b, value && !strcmp(value, "true"));
        break;
    case JUDGE_SET:
        n = sw_set_members(&members, value, p);
        sim_json_open(b, '[');
        for (i = 0; i < n; i++) {
            sim_json_str(b, members[i]);
        }
        sim_json_close(b, ']');
        break;
    case JUDGE_DATE:
    case JUDGE_TIME:
        if (value && sw_world(sm_the)->has_ranges) {
            put_date(b, value, p);
            break;
        }
        sim_json_str(b, value);
        break;
    default:
        sim_json_str(b, chosen(field, value));
        break;
    }
}

static void put_author(sim_buf_t *b, apr_int64_t who)
{
    char id[SIM_ID_TEXT];

    sim_id_format(id, &sim_w.users[who & 1]->id); /* Ada or Ben */
    sim_json_kstr(b, "by", id);
}

static int source_of(const sw_notion_t *notion, const sm_action_t *a)
{
    return (int)(a->n[0] & 0xff) % notion->sources;
}

static const char *mark_of(const sw_notion_t *notion, const sm_action_t *a)
{
    return sw_mark_of(a->n[1], notion->w->ptemp);
}

static void patch(sw_notion_t *notion, const sw_page_t *page, sim_buf_t *b)
{
    sim_id_t id = page->id;

    (void)sw_notion_control(notion, "PATCH",
                            apr_pstrcat(notion->w->ptemp, "page/", page->text, NULL), b->s);
    sim_buf_free(b);
    sw_notion_look(notion, HISTORY_ACT, 0, &id);
    sw_notion_save(notion, &id);
}

static void type_value(sw_notion_t *notion, const sw_page_t *page, int field, const char *value,
                       apr_int64_t who)
{
    sim_buf_t b = SIM_BUF_INIT;

    sim_json_open(&b, '{');
    put_author(&b, who);
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    sim_json_key(&b, sw_notion_property(notion, field));
    put_value(&b, field, value, notion->w->ptemp);
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    patch(notion, page, &b);
}

static void edit(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    sw_page_t *page = sw_notion_find(notion, source_of(notion, a), mark_of(notion, a), 0);
    int field = (int)(a->n[2] & 0xff) % SW_FIELDS;

    if (page && field != SW_MARK) {
        type_value(notion, page, field,
                   sw_value_edited((sw_field_id_t)field, (int)a->n[4], a->n[3], page->values[field],
                                   page->before[field], notion->w->ptemp),
                   a->n[5]);
    }
}

/* Pages pass on their unique values: each gets the next one's, the last one the first one's (S5.8). */
static void exchange(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    const sw_page_t *pages[3];
    const char *values[3];
    int i, k, count = 0;

    for (i = 1; i <= 3; i++) {
        sw_page_t *page =
            sw_notion_find(notion, source_of(notion, a), sw_mark_of(a->n[i], notion->w->ptemp), 0);

        for (k = 0; k < count && pages[k] != page; k++) {
        }
        if (page && k == count && page->values[SW_CODE]) {
            values[count] = apr_pstrdup(sm->p, page->values[SW_CODE]);
            pages[count++] = page;
        }
    }
    for (i = 0; count > 1 && i < count; i++) {
        type_value(notion, pages[i], SW_CODE, values[(i + 1) % count], a->n[4]);
    }
}

static const sm_kind_t exchange_kind = { "notion.exchange",
                                         exchange,
                                         { "source", "mark", "mark", "mark", "who" } };

/* A text that mentions so many days: of more than 25 mentions a page shows the first only. What differs from the last such text
 * may be behind those.
 */
static void mention(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    sw_page_t *page = sw_notion_find(notion, source_of(notion, a), mark_of(notion, a), 0);
    sim_buf_t b = SIM_BUF_INIT;
    apr_int64_t i;

    if (!page) {
        return;
    }
    sim_json_open(&b, '{');
    put_author(&b, a->n[4]);
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    sim_json_key(&b, sw_notion_property(notion, SW_NOTES));
    sim_json_open(&b, '[');
    for (i = 0; i < a->n[2]; i++) {
        sim_json_raw(&b, apr_psprintf(notion->w->ptemp,
                                      "{\"mention\":{\"date\":{\"start\":\"2026-03-%02d\"}}},"
                                      "{\"text\":{\"content\":\"%s\"}}",
                                      (int)(i % 28) + 1, i + 1 < a->n[2] ? " " : "."));
    }
    sim_json_raw(&b,
                 apr_psprintf(notion->w->ptemp, "{\"text\":{\"content\":\"%d\"}}", (int)a->n[3]));
    sim_json_close(&b, ']');
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    patch(notion, page, &b);
}

static const sm_kind_t mention_kind = { "notion.mention",
                                        mention,
                                        { "source", "mark", "days", "end", "who" } };

static const sm_kind_t edit_kind = { "notion.edit",
                                     edit,
                                     { "source", "mark", "field", "value", "how", "who" } };

/* "Duplicate page" copies every property, ours too (S4.4). */
static void put_keys(sim_buf_t *b, const sim_page_t *from)
{
    static const char *const names[] = { SW_KEY_PROPERTY, SW_KEY_PROPERTY " 2" };
    int i;

    for (i = 0; i < 2; i++) {
        const sim_prop_t *prop = sim_prop_find(from->ds, names[i]);
        const sim_value_t *v = prop ? sim_prop_value(prop, from->live) : NULL;

        if (v) {
            sim_json_kstr(b, names[i], sim_value_chars(v));
        }
    }
}

/* A page with these values; @a from: a copy of that page, or NULL. */
static void create(sw_notion_t *notion, int source, const char *const *values,
                   const sim_page_t *from, apr_int64_t who, apr_int64_t age_ms)
{
    sim_buf_t b = SIM_BUF_INIT;
    const char *answer;
    sim_id_t id;
    int k;

    sim_json_open(&b, '{');
    sim_json_kstr(&b, "data_source", notion->source_ids[source]);
    put_author(&b, who);
    if (age_ms > 0) {
        sim_json_kint(&b, "created_ago_ms", age_ms);
        sim_json_kint(&b, "stale_ms", 0);
    }
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    for (k = 0; k < SW_FIELDS; k++) {
        if (values[k]) {
            sim_json_key(&b, sw_notion_property(notion, k));
            put_value(&b, k, values[k], notion->w->ptemp);
        }
    }
    if (from) {
        put_keys(&b, from);
    }
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    answer = sw_notion_control(notion, "POST", "page", b.s);
    if (answer && sim_id_parse(&id, apr_pstrndup(notion->w->ptemp, answer + 7, 36))) {
        sw_notion_look(notion, HISTORY_ACT, 0, &id);
    }
    sim_buf_free(&b);
}

static void make(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    const char *values[SW_FIELDS] = { NULL };
    int k;

    for (k = 1; k < SW_FIELDS; k++) {
        if (a->n[3] >> k & 1) {
            values[k] = sw_value_of((sw_field_id_t)k, a->n[2] + k, notion->w->ptemp);
        }
    }
    values[SW_MARK] = mark_of(notion, a);
    create(notion, source_of(notion, a), values, NULL, a->n[4], a->n[5]);
}

static const sm_kind_t make_kind = { "notion.make",
                                     make,
                                     { "source", "mark", "value", "fields", "who", "age_ms" } };

static void duplicate(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    const sw_page_t *page = sw_notion_find(notion, source_of(notion, a), mark_of(notion, a), 0);

    if (page) {
        create(notion, source_of(notion, a), page->values, sim_page_find(&page->id), a->n[2], 0);
    }
}

static const sm_kind_t copy_kind = { "notion.copy", duplicate, { "source", "mark", "who" } };

static void flag(sw_notion_t *notion, const sm_action_t *a, const char *name, int on)
{
    sw_page_t *page = sw_notion_find(notion, source_of(notion, a), mark_of(notion, a), 1);
    sim_buf_t b = SIM_BUF_INIT;

    if (!page) {
        return;
    }
    sim_json_open(&b, '{');
    put_author(&b, a->n[3]);
    sim_json_kbool(&b, name, on);
    sim_json_close(&b, '}');
    patch(notion, page, &b);
}

static void trash(sm_t *sm, const sm_action_t *a)
{
    flag(sw_notion_of(sm, a), a, "in_trash", a->n[2] != 0);
}

static const sm_kind_t trash_kind = { "notion.trash", trash, { "source", "mark", "on", "who" } };

static void delete_page(sm_t *sm, const sm_action_t *a)
{
    flag(sw_notion_of(sm, a), a, "in_trash", 1);
}

static const sm_kind_t delete_kind = { "notion.delete", delete_page, { "source", "mark" } };

static void hide(sm_t *sm, const sm_action_t *a)
{
    flag(sw_notion_of(sm, a), a, "shared", a->n[2] == 0);
}

static const sm_kind_t hide_kind = { "notion.hide", hide, { "source", "mark", "on", "who" } };

static void purge(sm_t *sm, const sm_action_t *a)
{
    flag(sw_notion_of(sm, a), a, "purge", 1);
}

static const sm_kind_t purge_kind = { "notion.purge", purge, { "source", "mark", "", "who" } };

/* To another data source, of a mapping or of none, and from one. */
static void move(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    int from = (int)(a->n[0] & 0xff) % (notion->sources + 1);
    int to = (int)(a->n[2] & 0xff) % (notion->sources + 1);
    const sw_page_t *page = sw_notion_find(notion, from, mark_of(notion, a), 0);
    sim_buf_t b = SIM_BUF_INIT;

    if (!page || page->hidden || from == to || !notion->source_ids[to]) {
        return;
    }
    sim_json_open(&b, '{');
    put_author(&b, a->n[3]);
    sim_json_kstr(&b, "move_to", notion->source_ids[to]);
    sim_json_close(&b, '}');
    patch(notion, page, &b);
}

static const sm_kind_t move_kind = { "notion.move", move, { "from", "mark", "to", "who" } };

/* A page that no mapping has: it may be moved to where one has it. */
static void make_elsewhere(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    sim_buf_t b = SIM_BUF_INIT;
    const char *answer;
    sim_id_t id;
    int k;

    if (!notion->source_ids[notion->sources]) {
        return;
    }
    sim_json_open(&b, '{');
    sim_json_kstr(&b, "data_source", notion->source_ids[notion->sources]);
    put_author(&b, a->n[4]);
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    for (k = 0; k < SW_FIELDS; k++) {
        if (k == SW_MARK || (a->n[3] & sm_setting_of(sm, "moves_keep")) >> k & 1) {
            sim_json_key(&b, sw_notion_name(notion, k));
            put_value(&b, k,
                      k == SW_MARK ? mark_of(notion, a)
                                   : sw_value_of((sw_field_id_t)k, a->n[2] + k, notion->w->ptemp),
                      notion->w->ptemp);
        }
    }
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    answer = sw_notion_control(notion, "POST", "page", b.s);
    if (answer && sim_id_parse(&id, apr_pstrndup(notion->w->ptemp, answer + 7, 36))) {
        sw_notion_look(notion, HISTORY_ACT, 0, &id);
    }
    sim_buf_free(&b);
}

static const sm_kind_t elsewhere_kind = { "notion.elsewhere",
                                          make_elsewhere,
                                          { "", "mark", "value", "fields", "who" } };

static void touch(sm_t *sm, const sm_action_t *a)
{
    flag(sw_notion_of(sm, a), a, "content", 1);
}

static const sm_kind_t body_kind = { "notion.body", touch, { "source", "mark", "", "who" } };

/* ---- the data source */

void sw_notion_patch_source(sw_notion_t *notion, int source, sim_buf_t *b)
{
    (void)sw_notion_control(
        notion, "PATCH",
        apr_pstrcat(notion->w->ptemp, "data_source/", notion->source_ids[source], NULL), b->s);
    sim_buf_free(b);
    sw_notion_look_all(notion, HISTORY_ACT);
}

static void share(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    sim_buf_t b = SIM_BUF_INIT;

    sim_json_open(&b, '{');
    sim_json_kbool(&b, "shared", a->n[1] != 0);
    sim_json_close(&b, '}');
    history_do(notion->w->history, HISTORY_ACT, 0, sm_now(sm),
               a->n[1] ? HISTORY_SHOW : HISTORY_HIDE, notion->side,
               notion->source_ids[source_of(notion, a)], NULL, NULL, NULL);
    sw_notion_patch_source(notion, source_of(notion, a), &b);
}

static const sm_kind_t share_kind = { "notion.share", share, { "source", "on" } };

void sw_notion_tell_schema(sw_notion_t *notion, int source, int field, history_op_t op,
                           const char *before, const char *after)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = op, .side = notion->side };

    item.at = sm_now(notion->w->sm);
    item.place = notion->source_ids[source];
    item.field = sw_notion_name(notion, field);
    item.before = before;
    item.after = after;
    (void)history_add(notion->w->history, &item);
}

/* An option gets another name, comes, or goes. */
static void options(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    int source = source_of(notion, a);
    int field = a->n[1] & 1 ? SW_TAGS : SW_STAGE;
    const char **members;
    sim_buf_t b = SIM_BUF_INIT;
    const char *name = field == SW_TAGS ? sw_value_of(SW_TAGS, 1 << (a->n[3] & 3), notion->w->ptemp)
                                        : sw_value_of(SW_STAGE, a->n[3] % 5, notion->w->ptemp);
    const char *other;

    if (sw_set_members(&members, name, notion->w->ptemp) < 1 ||
        (field == SW_STAGE && notion->w->is_status)) {
        return; /* the list of a status stays as it is */
    }
    other = apr_psprintf(notion->w->ptemp, "%s %d", members[0], (int)(a->n[4] % 100));
    sw_notion_tell_schema(notion, source, field,
                          a->n[2] == 0 ? HISTORY_RENAME : HISTORY_REMOVE_OPTION, members[0],
                          a->n[2] == 0 ? other : NULL);
    sim_json_open(&b, '{');
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    sim_json_key(&b, sw_notion_property(notion, field));
    sim_json_open(&b, '{');
    if (a->n[2] == 0) {
        sim_json_key(&b, "rename_option");
        sim_json_open(&b, '{');
        sim_json_kstr(&b, members[0], other);
        sim_json_close(&b, '}');
    }
    else {
        sim_json_kstr(&b, a->n[2] == 1 ? "add_option" : "remove_option", members[0]);
    }
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    sw_notion_patch_source(notion, source, &b);
}

static const sm_kind_t option_kind = { "notion.option",
                                       options,
                                       { "source", "tags", "op", "option", "name" } };

/* A property gets another name or type, or goes. */
static void schema(sm_t *sm, const sm_action_t *a)
{
    static const char *const types[] = { "rich_text", "number", "select", "url" };
    sw_notion_t *notion = sw_notion_of(sm, a);
    int field = (int)(a->n[1] & 0xff) % SW_FIELDS;
    const char *name;
    sim_buf_t b = SIM_BUF_INIT;

    if (field == SW_MARK || !strcmp(sw_notion_property(notion, field), "title") ||
        !sw_schema_type_now(notion, source_of(notion, a), field)) {
        return;
    }
    name = apr_psprintf(notion->w->ptemp, "%s %d", sw_notion_name(notion, field),
                        (int)(a->n[3] % 100));
    if (a->n[2] == 0 || a->n[2] == 2) {
        sw_notion_tell_schema(notion, source_of(notion, a), field, HISTORY_RESHAPE, NULL,
                              a->n[2] == 0 ? name : NULL);
    }
    sim_json_open(&b, '{');
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    sim_json_key(&b, sw_notion_property(notion, field));
    if (a->n[2] == 2) {
        sim_json_null(&b);
    }
    else {
        sim_json_open(&b, '{');
        if (a->n[2] == 0) {
            sim_json_kstr(&b, "rename", name);
        }
        else {
            sim_json_kstr(&b, "retype", types[a->n[3] & 3]);
            sim_json_kbool(&b, "keep_id", 1);
            sw_notion_tell_schema(notion, source_of(notion, a), field, HISTORY_RETYPE, NULL,
                                  types[a->n[3] & 3]);
        }
        sim_json_close(&b, '}');
    }
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    sw_notion_patch_source(notion, source_of(notion, a), &b);
}

static const sm_kind_t schema_kind = { "notion.schema", schema, { "source", "field", "op", "to" } };

const sm_kind_t *const sw_notion_kinds[] = {
    &edit_kind,   &mention_kind,   &make_kind,     &copy_kind,
    &trash_kind,  &delete_kind,    &hide_kind,     &purge_kind,
    &move_kind,   &elsewhere_kind, &body_kind,     &share_kind,
    &option_kind, &schema_kind,    &exchange_kind, NULL
};
