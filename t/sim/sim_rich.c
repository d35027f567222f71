/* Rich text: taking it, keeping it, showing it. */
#include "sim_rich.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_limits.h"
#include "sim_render.h"
#include "sim_schema.h"
#include "sim_write.h"

#define PLAIN_STYLE                                                                                \
    "{\"bold\":false,\"italic\":false,\"strikethrough\":false,\"underline\":false,\"code\":false," \
    "\"color\":\"default\"}"

/* items being taken: a run of text waits until one of another style or kind comes */
typedef struct taker_t {
    const sim_token_t *token;
    sim_fail_t *fail;
    int strict;
    sim_buf_t out;      /* items shown so far, without the bracket */
    sim_buf_t plain;    /* all of the text */
    sim_buf_t run;      /* the waiting run */
    char *style, *link; /* of it */
    int styled;         /* anything that is not plain text */
    size_t mentions;
} taker_t;

static void put_text_item(sim_buf_t *b, const char *s, size_t len, const char *style,
                          const char *link)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", "text");
    sim_json_key(b, "text");
    sim_json_open(b, '{');
    sim_json_key(b, "content");
    sim_json_str_n(b, s, len);
    sim_json_key(b, "link");
    if (link) {
        sim_json_open(b, '{');
        sim_json_kstr(b, "url", link);
        sim_json_close(b, '}');
    }
    else {
        sim_json_null(b);
    }
    sim_json_close(b, '}');
    sim_json_kraw(b, "annotations", style);
    sim_json_key(b, "plain_text");
    sim_json_str_n(b, s, len);
    sim_json_kstr(b, "href", link);
    sim_json_close(b, '}');
}

static void put_run(sim_buf_t *b, const char *s, size_t len, const char *style, const char *link)
{
    while (len) {
        size_t n = sim_text_prefix(s, len, SIM_MAX_TEXT);

        put_text_item(b, s, n, style, link);
        s += n;
        len -= n;
    }
}

static void end_run(taker_t *t)
{
    if (t->run.len) {
        put_run(&t->out, t->run.s, t->run.len, t->style, t->link);
    }
    t->run.len = 0;
    free(t->style);
    free(t->link);
    t->style = t->link = NULL;
}

static void add_text(taker_t *t, const char *s, const char *style, const char *link)
{
    int same = t->style && strcmp(t->style, style) == 0 && !link == !t->link &&
               (!link || strcmp(link, t->link) == 0);

    if (!*s) {
        return;
    }
    if (!same) {
        end_run(t);
        t->style = sim_mem_dup(style);
        t->link = sim_mem_dup(link);
    }
    if (link || strcmp(style, PLAIN_STYLE) != 0) {
        t->styled = 1;
    }
    sim_buf_str(&t->run, s);
    sim_buf_str(&t->plain, s);
}

static void add_special(taker_t *t, const char *type, const char *json, const char *plain,
                        const char *style, const char *href)
{
    end_run(t);
    t->styled = 1;
    sim_json_open(&t->out, '{');
    sim_json_kstr(&t->out, "type", type);
    sim_json_kraw(&t->out, type, json);
    sim_json_kraw(&t->out, "annotations", style);
    sim_json_kstr(&t->out, "plain_text", plain);
    sim_json_kstr(&t->out, "href", href);
    sim_json_close(&t->out, '}');
    sim_buf_str(&t->plain, plain);
}

static int is_color(const char *s)
{
    size_t len = strlen(s);
    char base[32];

    if (len > 11 && len < sizeof(base) && strcmp(s + len - 11, "_background") == 0) {
        memcpy(base, s, len - 11);
        base[len - 11] = '\0';
        return sim_color_find(base) != NULL;
    }
    return sim_color_find(s) != NULL;
}

static void take_style(taker_t *t, json_object *item, const char *path, sim_buf_t *out)
{
    static const char *const flags[] = { "bold", "italic", "strikethrough", "underline", "code" };
    json_object *a, *v;
    char where[256];
    size_t i;

    sim_member(item, "annotations", &a);
    sim_json_open(out, '{');
    for (i = 0; i < 5; i++) {
        snprintf(where, sizeof(where), "%s.annotations.%s", path, flags[i]);
        if (sim_member(a, flags[i], &v) && !sim_is(v, json_type_boolean)) {
            sim_fail_should(t->fail, where, "a boolean or `undefined`", v, 1);
        }
        sim_json_kbool(out, flags[i], json_object_get_boolean(v));
    }
    if (sim_member(a, "color", &v) &&
        !(sim_is(v, json_type_string) && is_color(json_object_get_string(v)))) {
        snprintf(where, sizeof(where), "%s.annotations.color", path);
        sim_fail_should(t->fail, where, "a color", v, 1);
    }
    sim_json_kstr(out, "color",
                  v && sim_is(v, json_type_string) ? json_object_get_string(v) : "default");
    sim_json_close(out, '}');
}

static void take_text(taker_t *t, json_object *text, const char *path, const char *style)
{
    const char *content = sim_member_str(text, "content"), *url = NULL;
    json_object *v;
    char where[256];
    size_t units;

    if (!content) {
        snprintf(where, sizeof(where), "%s.text.content", path);
        sim_fail_should(t->fail, where, "a string", NULL, 0);
        return;
    }
    units = sim_text_units(content, strlen(content));
    if (t->strict && units > SIM_MAX_TEXT) {
        sim_fail_shape(t->fail, "%s.text.content.length should be ≤ `%d`, instead was `%zu`.", path,
                       SIM_MAX_TEXT, units);
    }
    if (sim_member(text, "link", &v) && v) {
        url = sim_member_str(v, "url");
        if (!url || !*url) {
            sim_fail_meaning(t->fail, "Invalid URL for link.");
            return;
        }
        units = sim_text_units(url, strlen(url));
        if (t->strict && units > SIM_MAX_URL) {
            sim_fail_shape(t->fail, "%s.text.link.url.length should be ≤ `%d`, instead was `%zu`.",
                           path, SIM_MAX_URL, units);
        }
    }
    add_text(t, content, style, url);
}

static void take_id_mention(taker_t *t, const char *kind, json_object *o, const char *path,
                            const char *style)
{
    sim_buf_t json = SIM_BUF_INIT, plain = SIM_BUF_INIT, href = SIM_BUF_INIT;
    sim_id_t id;

    if (!sim_id_parse(&id, sim_member_str(o, "id"))) {
        sim_fail_shape(t->fail, "%s.mention.%s.id should be a valid uuid.", path, kind);
        return;
    }
    sim_json_open(&json, '{');
    sim_json_kstr(&json, "type", kind);
    sim_json_key(&json, kind);
    sim_json_open(&json, '{');
    if (strcmp(kind, "user") == 0) {
        sim_user_t *u = sim_user_find(&id);

        sim_json_kstr(&json, "object", "user");
        sim_buf_fmt(&plain, "@%s", u ? u->name : "Anonymous");
    }
    else {
        sim_page_t *p = strcmp(kind, "page") == 0 ? sim_page_find(&id) : NULL;
        sim_db_t *db = sim_db_find(&id);
        const char *title = p    ? sim_value_chars(sim_prop_value(sim_prop_title(p->ds), p->live))
                            : db ? db->name
                                 : "";

        sim_buf_str(&plain, *title ? title : "Untitled");
        sim_object_url(&href, title, &id);
        href.s[href.len - 1] = '\0'; /* without the quotes */
    }
    sim_id_json(&json, "id", &id);
    sim_buf_str(&json, "}}");
    t->mentions++;
    add_special(t, "mention", json.s, plain.s, style, href.s ? href.s + 1 : NULL);
    sim_buf_free(&json);
    sim_buf_free(&plain);
    sim_buf_free(&href);
}

static void take_date_mention(taker_t *t, json_object *o, const char *path, const char *style)
{
    char where[256];
    sim_value_t *v;
    sim_buf_t json = SIM_BUF_INIT, plain = SIM_BUF_INIT;

    snprintf(where, sizeof(where), "%s.mention.date", path);
    v = sim_date_take(o, where, t->fail);
    if (!v) {
        return;
    }
    sim_buf_str(&plain, sim_value_chars(v));
    if (sim_value_date_end(v)) {
        sim_buf_fmt(&plain, " → %s", sim_value_date_end(v));
    }
    sim_buf_str(&json, "{\"type\":\"date\",\"date\":");
    sim_date_json(&json, v);
    sim_buf_str(&json, "}");
    t->mentions++;
    add_special(t, "mention", json.s, plain.s, style, NULL);
    sim_buf_free(&json);
    sim_buf_free(&plain);
    sim_value_unref(v);
}

static void take_mention(taker_t *t, json_object *mention, const char *path, const char *style)
{
    static const char *const kinds[] = { "user", "page", "database" };
    json_object *o;
    size_t i;

    for (i = 0; i < 3; i++) {
        if (sim_member(mention, kinds[i], &o)) {
            take_id_mention(t, kinds[i], o, path, style);
            return;
        }
    }
    if (sim_member(mention, "date", &o)) {
        take_date_mention(t, o, path, style);
        return;
    }
    sim_fail_shape(t->fail, "%s.mention.user should be defined, instead was `undefined`.", path);
}

static void take_item(taker_t *t, json_object *item, const char *path)
{
    sim_buf_t style = SIM_BUF_INIT;
    json_object *o;

    take_style(t, item, path, &style);
    if (sim_member(item, "text", &o)) {
        take_text(t, o, path, style.s);
    }
    else if (sim_member(item, "mention", &o)) {
        take_mention(t, o, path, style.s);
    }
    else if (sim_member(item, "equation", &o)) {
        const char *expr = sim_member_str(o, "expression");

        if (!expr || (t->strict && sim_text_units(expr, strlen(expr)) > SIM_MAX_EQUATION)) {
            sim_fail_shape(t->fail, "%s.equation.expression.length should be ≤ `%d`.", path,
                           SIM_MAX_EQUATION);
        }
        else {
            sim_buf_t json = SIM_BUF_INIT;

            sim_json_open(&json, '{');
            sim_json_kstr(&json, "expression", expr);
            sim_json_close(&json, '}');
            add_special(t, "equation", json.s, expr, style.s, NULL);
            sim_buf_free(&json);
        }
    }
    else {
        sim_fail_shape(t->fail, "%s.text should be defined, instead was `undefined`.", path);
    }
    sim_buf_free(&style);
}

sim_value_t *sim_rich_take(json_object *items, const char *path, int strict,
                           const sim_token_t *token, sim_fail_t *f)
{
    taker_t t;
    size_t i, n;
    char where[200];
    sim_value_t *v = NULL;

    memset(&t, 0, sizeof(t));
    t.token = token;
    t.fail = f;
    t.strict = strict;
    if (!sim_is(items, json_type_array)) {
        sim_fail_should(f, path, "an array", items, 1);
        return NULL;
    }
    n = json_object_array_length(items);
    if (strict && n > SIM_MAX_ARRAY) {
        sim_fail_shape(f, "%s.length should be ≤ `%d`, instead was `%zu`.", path, SIM_MAX_ARRAY, n);
        return NULL;
    }
    for (i = 0; i < n; i++) {
        snprintf(where, sizeof(where), "%s[%zu]", path, i);
        take_item(&t, json_object_array_get_idx(items, i), where);
    }
    end_run(&t);
    if (!f->status && t.plain.len) {
        if (t.styled) {
            sim_buf_t json = SIM_BUF_INIT;

            sim_buf_str(&json, "[");
            sim_buf_str(&json, t.out.s);
            sim_buf_str(&json, "]");
            v = sim_value_rich(t.plain.s, json.s, t.mentions);
            sim_buf_free(&json);
        }
        else {
            v = sim_value_text(t.plain.s, t.plain.len);
        }
    }
    sim_buf_free(&t.out);
    sim_buf_free(&t.plain);
    sim_buf_free(&t.run);
    return v;
}

json_object *sim_rich_items(const sim_value_t *v)
{
    sim_buf_t b = SIM_BUF_INIT;
    json_object *o;
    int err;

    sim_rich_json(&b, v, 0);
    o = sim_parse(b.s, b.len, &err);
    sim_buf_free(&b);
    return o;
}

/* Can it have more pieces than a page shows?  A piece is 2000 characters, or an object of its own in JSON. */
static int may_be_long(const sim_value_t *v)
{
    size_t n = (size_t)sim_set.piece_limit;

    if (!v || n == 0) {
        return 0;
    }
    return sim_value_kind(v) == SIM_V_RICH ? strlen(sim_value_rich_json(v)) > n * 50
                                           : strlen(sim_value_chars(v)) > n * SIM_MAX_TEXT;
}

static void put_limited(sim_buf_t *b, const sim_value_t *v, size_t limit)
{
    json_object *items = sim_rich_items(v);
    size_t i, seen = 0, shown = 0, most = (size_t)sim_set.piece_limit;

    sim_json_open(b, '[');
    for (i = 0; i < json_object_array_length(items) && (!most || shown < most); i++) {
        json_object *o = json_object_array_get_idx(items, i), *m;

        if (!sim_member(o, "mention", &m) || ++seen <= limit) {
            shown++;
            sim_json_raw(b, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
        }
    }
    sim_json_close(b, ']');
    json_object_put(items);
}

void sim_rich_json(sim_buf_t *b, const sim_value_t *v, size_t limit)
{
    if (limit && (sim_value_mentions(v) > limit || may_be_long(v))) {
        put_limited(b, v, limit);
    }
    else if (v && sim_value_kind(v) == SIM_V_RICH) {
        sim_json_raw(b, sim_value_rich_json(v));
    }
    else {
        sim_plain_rich_json(b, sim_value_chars(v));
    }
}

void sim_plain_rich_json(sim_buf_t *b, const char *s)
{
    sim_json_open(b, '[');
    put_run(b, s, strlen(s), PLAIN_STYLE, NULL);
    sim_json_close(b, ']');
}
