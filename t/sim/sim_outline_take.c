/* Blocks as requests bring them: checked, and turned into the lines of a body. */
#include <string.h>

#include "sim_limits.h"
#include "sim_outline.h"
#include "sim_rich.h"

/* in one request; MAX_LEVEL: of children of children */
enum { MAX_LEVEL = 2, MAX_BLOCKS = 1000 };

static const char *const of_paragraph[] = { "rich_text", "color", "icon", "children", NULL };
static const char *const of_heading[] = { "rich_text", "color", "is_toggleable", NULL };
static const char *const of_item[] = { "rich_text", "color", "children", NULL };
static const char *const of_to_do[] = { "rich_text", "color", "checked", "children", NULL };
static const char *const of_code[] = { "rich_text", "caption", "language", NULL };
static const char *const of_link[] = { "url", "caption", NULL };
static const char *const of_nothing[] = { NULL };

/* those that are understood; the other types are refused.  What has no text is its line */
static const struct {
    const char *type;
    const char *begins;
    const char *const *keys; /* the first is required */
} kinds[] = {
    { "paragraph", "", of_paragraph },
    { "heading_1", "# ", of_heading },
    { "heading_2", "## ", of_heading },
    { "heading_3", "### ", of_heading },
    { "heading_4", "#### ", of_heading },
    { "bulleted_list_item", "- ", of_item },
    { "numbered_list_item", "1. ", of_item },
    { "to_do", "- [ ] ", of_to_do },
    { "quote", "> ", of_item },
    { "code", "```", of_code },
    { "divider", "---", of_nothing },
    { "bookmark", "<unknown url=\"#bookmark\" alt=\"bookmark\"/>", of_link },
    { "embed", "<unknown url=\"#embed\" alt=\"embed\"/>", of_link },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_of(json_object *block)
{
    json_object *content;
    size_t i = 0;

    while (i < NKINDS && !sim_member(block, kinds[i].type, &content)) {
        i++;
    }
    return i;
}

static int has_text(size_t kind)
{
    return kinds[kind].keys[0] && strcmp(kinds[kind].keys[0], "rich_text") == 0;
}

/* the keys of a block, or of what stands under its type; needed may be NULL */
static void check_keys(json_object *o, const char *const *known, const char *needed,
                       const char *path, sim_fail_t *f)
{
    json_object *v;

    if (!sim_is(o, json_type_object)) {
        sim_fail_should(f, path, "an object", o, o != NULL);
        return;
    }
    if (needed && !sim_member(o, needed, &v)) {
        sim_fail_shape(f, "%s.%s should be defined, instead was `undefined`.", path, needed);
    }
    json_object_object_foreach(o, key, val)
    {
        if (!sim_text_in(key, known)) {
            sim_fail_shape(f, "%s.%s should be not present, instead was `%.100s`.", path, key,
                           json_object_to_json_string(val));
        }
    }
}

static void check_block(size_t kind, json_object *block, json_object *content, const char *path,
                        sim_fail_t *f)
{
    const char *own[] = { "object", "type", kinds[kind].type, NULL };
    const char *type = sim_member_str(block, "type");
    sim_buf_t where = SIM_BUF_INIT;

    check_keys(block, own, NULL, path, f);
    if (type && strcmp(type, kinds[kind].type) != 0) {
        sim_fail_shape(f, "%s.type should be `\"%s\"`, instead was `\"%.40s\"`.", path,
                       kinds[kind].type, type);
    }
    sim_buf_fmt(&where, "%s.%s", path, kinds[kind].type);
    check_keys(content, kinds[kind].keys, kinds[kind].keys[0], where.s, f);
    sim_buf_free(&where);
}

static void put_marked(sim_buf_t *b, json_object *item)
{
    static const char *const marks[][2] = {
        { "code", "`" }, { "bold", "**" }, { "italic", "*" }, { "strikethrough", "~~" }
    };
    const char *text = sim_member_str(item, "plain_text"), *href = sim_member_str(item, "href");
    json_object *styles, *on;
    size_t i, n = 0, used[4];

    sim_member(item, "annotations", &styles);
    sim_buf_str(b, href ? "[" : "");
    for (i = 0; i < 4; i++) {
        if (sim_member(styles, marks[i][0], &on) && json_object_get_boolean(on)) {
            sim_buf_str(b, marks[i][1]);
            used[n++] = i;
        }
    }
    for (; text && *text; text++) {
        if (*text == '\n') {
            sim_buf_str(b, "<br>");
        }
        else {
            sim_buf_add(b, text, 1);
        }
    }
    while (n > 0) {
        sim_buf_str(b, marks[used[--n]][1]);
    }
    if (href) {
        sim_buf_fmt(b, "](%s)", href);
    }
}

/* one request's blocks on their way into lines */
typedef struct taker_t {
    sim_buf_t *lines;
    int depth; /* of the outermost, in tabs */
    const sim_token_t *token;
    size_t n;
    sim_fail_t *fail;
} taker_t;

static void take_children(taker_t *t, json_object *children, const char *path, int level);

static void put_rich(sim_buf_t *b, json_object *rich, const char *path, const taker_t *t)
{
    sim_value_t *v = sim_rich_take(rich, path, 1, t->token, t->fail);
    json_object *items = v ? sim_rich_items(v) : NULL;
    size_t i, n = items ? json_object_array_length(items) : 0;

    for (i = 0; i < n; i++) {
        put_marked(b, json_object_array_get_idx(items, i));
    }
    json_object_put(items);
    sim_value_unref(v);
}

/* A text that is none must be seen, and one that would be taken for something else is hidden. */
static void put_line(sim_buf_t *lines, size_t kind, const char *text)
{
    static const char *const taken[] = { "#", "-", "1. ", ">", "```", "<", "![", "\\", NULL };
    size_t i = 0;

    if (kinds[kind].begins[0] == '\0') {
        if (text[strspn(text, " \t\r")] == '\0') {
            text = "<empty-block/>";
        }
        else {
            while (taken[i] && strncmp(text, taken[i], strlen(taken[i])) != 0) {
                i++;
            }
            sim_buf_str(lines, taken[i] ? "\\" : "");
        }
    }
    sim_buf_str(lines, text);
}

static void put_code(sim_buf_t *lines, const char *language, const char *text)
{
    const char *end;

    sim_buf_fmt(lines, "%s\n", language ? language : "");
    for (; (end = strstr(text, "<br>")) != NULL; text = end + strlen("<br>")) {
        sim_buf_add(lines, text, (size_t)(end - text));
        sim_buf_str(lines, "\n");
    }
    sim_buf_fmt(lines, "%s\n```", text);
}

static void take_text(taker_t *t, size_t kind, json_object *content, const char *path)
{
    sim_buf_t where = SIM_BUF_INIT, text = SIM_BUF_INIT;
    json_object *rich;

    sim_buf_fmt(&where, "%s.%s.rich_text", path, kinds[kind].type);
    sim_buf_str(&text, "");
    sim_member(content, "rich_text", &rich);
    put_rich(&text, rich, where.s, t);
    if (strcmp(kinds[kind].type, "code") == 0) {
        put_code(t->lines, sim_member_str(content, "language"), text.s);
    }
    else {
        put_line(t->lines, kind, text.s);
    }
    sim_buf_free(&text);
    sim_buf_free(&where);
}

static void put_begin(taker_t *t, size_t kind, json_object *content, int level)
{
    json_object *on;
    int tabs;

    sim_buf_str(t->lines, t->n++ ? "\n" : "");
    for (tabs = t->depth + level; tabs > 0; tabs--) {
        sim_buf_str(t->lines, "\t");
    }
    if (strcmp(kinds[kind].type, "to_do") == 0 && sim_member(content, "checked", &on) &&
        json_object_get_boolean(on)) {
        sim_buf_str(t->lines, "- [x] ");
    }
    else {
        sim_buf_str(t->lines, kinds[kind].begins);
    }
}

static void take_block(taker_t *t, json_object *block, const char *path, int level)
{
    size_t kind = kind_of(block);
    sim_buf_t where = SIM_BUF_INIT;
    json_object *content, *children;

    if (kind == NKINDS) {
        sim_fail_shape(t->fail,
                       "%s should have one of the types of block that the simulator knows, "
                       "instead was `%.200s`.",
                       path, block ? json_object_to_json_string(block) : "null");
        return;
    }
    sim_member(block, kinds[kind].type, &content);
    check_block(kind, block, content, path, t->fail);
    put_begin(t, kind, content, level);
    if (has_text(kind)) {
        take_text(t, kind, content, path);
    }
    if (sim_member(content, "children", &children)) {
        sim_buf_fmt(&where, "%s.%s.children", path, kinds[kind].type);
        take_children(t, children, where.s, level + 1);
        sim_buf_free(&where);
    }
}

static void take_children(taker_t *t, json_object *children, const char *path, int level)
{
    size_t i, count;

    if (!sim_is(children, json_type_array) || level > MAX_LEVEL) {
        sim_fail_should(t->fail, path, level > MAX_LEVEL ? "not present" : "an array", children,
                        children != NULL);
        return;
    }
    count = json_object_array_length(children);
    if (count > SIM_MAX_ARRAY) {
        sim_fail_shape(t->fail, "%s.length should be ≤ `%d`, instead was `%zu`.", path,
                       SIM_MAX_ARRAY, count);
    }
    for (i = 0; i < count && !t->fail->status; i++) {
        sim_buf_t where = SIM_BUF_INIT;

        sim_buf_fmt(&where, "%s[%zu]", path, i);
        take_block(t, json_object_array_get_idx(children, i), where.s, level);
        sim_buf_free(&where);
    }
}

size_t sim_outline_take(sim_buf_t *lines, json_object *children, const char *path, int depth,
                        const sim_token_t *token, sim_fail_t *f)
{
    taker_t t = { lines, depth, token, 0, f };

    sim_buf_str(lines, "");
    take_children(&t, children, path, 0);
    if (t.n > MAX_BLOCKS) {
        sim_fail_shape(f, "body should have ≤ `%d` blocks, instead was `%zu`.", MAX_BLOCKS, t.n);
    }
    return t.n;
}
