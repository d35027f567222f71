/* Lines of a body as blocks of the API. */
#include <string.h>

#include "sim_outline.h"
#include "sim_render.h"
#include "sim_time.h"

typedef enum shape_t {
    TEXT,
    HEADING,
    PARAGRAPH,
    TO_DO,
    CODE,
    EMPTY,
    CHILD, /* a page or database below */
    UNKNOWN
} shape_t;

/* what a line begins with says what it is; the first that fits */
static const struct {
    const char *begins;
    const char *type;
    shape_t shape;
} kinds[] = {
    { "# ", "heading_1", HEADING },
    { "## ", "heading_2", HEADING },
    { "### ", "heading_3", HEADING },
    { "#### ", "heading_4", HEADING },
    { "- [ ] ", "to_do", TO_DO },
    { "- [x] ", "to_do", TO_DO },
    { "- ", "bulleted_list_item", TEXT },
    { "1. ", "numbered_list_item", TEXT },
    { "> ", "quote", TEXT },
    { "```", "code", CODE },
    { "---", "divider", EMPTY },
    { "<empty-block/>", "paragraph", PARAGRAPH },
    { "<page ", "child_page", CHILD },
    { "<database ", "child_database", CHILD },
    { "<unknown ", "unsupported", UNKNOWN },
    { "![", "unsupported", UNKNOWN }, /* images are not shown as blocks here */
    { "", "paragraph", PARAGRAPH },
};

static size_t kind_of(const sim_line_t *l)
{
    size_t i = 0;

    while (strncmp(l->s, kinds[i].begins, strlen(kinds[i].begins)) != 0) {
        i++;
    }
    return i;
}

/* The line's text: <br> is an end of line, a backslash at its start hides what the line would else begin with. */
static void put_text(sim_buf_t *b, const char *key, const char *s, size_t len)
{
    char *copy = sim_mem_dup_n(s, len), *from = copy, *at;
    sim_buf_t text = SIM_BUF_INIT;

    from += *from == '\\';
    sim_buf_str(&text, "");
    while ((at = strstr(from, "<br>")) != NULL) {
        sim_buf_add(&text, from, (size_t)(at - from));
        sim_buf_str(&text, "\n");
        from = at + strlen("<br>");
    }
    sim_buf_str(&text, from);
    sim_json_key(b, key);
    sim_plain_rich_json(b, text.s);
    sim_buf_free(&text);
    free(copy);
}

static void put_code(sim_buf_t *b, const sim_line_t *l)
{
    size_t first = strcspn(l->s, "\n"), begin = first < l->len ? first + 1 : l->len;
    const char *end = l->s + l->len;
    char *language = sim_mem_dup_n(l->s + 3, (first < l->len ? first : l->len) - 3);

    while (end > l->s + begin && end[-1] != '\n') {
        end--; /* over the closing fence */
    }
    end -= end > l->s + begin ? 1 : 0;
    put_text(b, "rich_text", l->s + begin, (size_t)(end - l->s) - begin);
    sim_json_kraw(b, "caption", "[]");
    sim_json_kstr(b, "language", *language ? language : "plain text");
    free(language);
}

static void put_title(sim_buf_t *b, const sim_line_t *l)
{
    char *copy = sim_mem_dup_n(l->s, l->len), *title = strchr(copy, '>');

    if (title) {
        title[1 + strcspn(title + 1, "<")] = '\0';
    }
    sim_json_kstr(b, "title", title ? title + 1 : "");
    free(copy);
}

static void put_content(sim_buf_t *b, const sim_line_t *l, size_t kind)
{
    size_t skip = strlen(kinds[kind].begins);
    shape_t shape = kinds[kind].shape;

    sim_json_open(b, '{');
    if (shape == TEXT || shape == HEADING || shape == TO_DO || shape == PARAGRAPH) {
        put_text(b, "rich_text", l->s + skip, l->len - skip);
        sim_json_kstr(b, "color", "default");
    }
    switch (shape) {
    case HEADING:
        sim_json_kbool(b, "is_toggleable", 0);
        break;
    case TO_DO:
        sim_json_kbool(b, "checked", l->s[3] == 'x');
        break;
    case PARAGRAPH:
        sim_json_knull(b, "icon");
        break;
    case CODE:
        put_code(b, l);
        break;
    case CHILD:
        put_title(b, l);
        break;
    case UNKNOWN:
        sim_json_kstr(b, "block_type", l->s[0] == '!' ? "image" : "bookmark");
        break;
    default:
        break;
    }
    sim_json_close(b, '}');
}

static void put_parent(sim_buf_t *b, const sim_page_t *p, const sim_outline_t *o, size_t at)
{
    size_t above = at;

    while (above > 0 && o->lines[above].depth >= o->lines[at].depth) {
        above--;
    }
    sim_json_key(b, "parent");
    sim_json_open(b, '{');
    if (o->lines[above].depth < o->lines[at].depth) {
        sim_json_kstr(b, "type", "block_id");
        sim_id_json(b, "block_id", &p->blocks[above]);
    }
    else {
        sim_json_kstr(b, "type", "page_id");
        sim_id_json(b, "page_id", &p->id);
    }
    sim_json_close(b, '}');
}

void sim_outline_json(sim_buf_t *b, const sim_page_t *p, const sim_outline_t *o, size_t at,
                      int old_version)
{
    const sim_line_t *l = &o->lines[at];
    size_t kind = kind_of(l);

    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "block");
    sim_id_json(b, "id", &p->blocks[at]);
    put_parent(b, p, o, at);
    sim_time_json(b, "created_time", p->live->edited_ms);
    sim_time_json(b, "last_edited_time", p->live->edited_ms);
    sim_json_key(b, "created_by");
    sim_user_partial_json(b, p->live->edited_by);
    sim_json_key(b, "last_edited_by");
    sim_user_partial_json(b, p->live->edited_by);
    sim_json_kbool(b, "has_children", sim_outline_end(o, at) > at + 1);
    sim_json_kbool(b, "in_trash", p->live->in_trash);
    if (old_version) {
        sim_json_kbool(b, "archived", p->live->in_trash);
    }
    sim_json_kstr(b, "type", kinds[kind].type);
    sim_json_key(b, kinds[kind].type);
    put_content(b, l, kind);
    sim_json_close(b, '}');
}
