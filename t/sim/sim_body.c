/* The bodies of pages: how Notion shows them, and what it does to a text that it is given. */
#include "sim_body.h"

#include <stdlib.h>
#include <string.h>

#include "sim_outline.h"

#define HOST "https://prod-files-secure.s3.us-west-2.amazonaws.com/"

static int in_signature(char c)
{
    return c != '\0' && !strchr(" \t\r\n\"'<>()[]", c);
}

/* --- as it is shown */

static void put_file(sim_buf_t *b, const sim_page_t *p, const char *name, size_t len)
{
    char id[SIM_ID_TEXT];

    sim_id_format(id, &p->id);
    sim_buf_fmt(b, HOST "%s/%.*s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600", id, (int)len,
                name);
    sim_buf_fmt(b, "&X-Amz-Signature=%016llx", (unsigned long long)sim_rand_u64());
}

/* with fresh signatures */
static void render(sim_buf_t *b, const sim_page_t *p)
{
    const char *s = sim_body_get(p), *at;

    sim_buf_str(b, "");
    while ((at = strstr(s, SIM_FILE)) != NULL) {
        const char *end = at + strlen(SIM_FILE);

        sim_buf_add(b, s, (size_t)(at - s));
        for (s = end; in_signature(*s); s++) {
        }
        put_file(b, p, end, (size_t)(s - end));
    }
    sim_buf_str(b, s);
}

/* Back: an address that was shown just now is the file; any other stays the text that it is, and leads nowhere soon. */
static char *unrender(const char *text, const char *shown)
{
    sim_buf_t b = SIM_BUF_INIT;
    const char *at;

    sim_buf_str(&b, "");
    while ((at = strstr(text, HOST)) != NULL) {
        const char *end = at, *name = at + strlen(HOST) + SIM_ID_TEXT, *query;
        char *address;

        while (in_signature(*end)) {
            end++;
        }
        address = sim_mem_dup_n(at, (size_t)(end - at));
        query = strchr(address, '?');
        sim_buf_add(&b, text, (size_t)(at - text));
        if (query && strstr(shown, address) && end > name) {
            sim_buf_str(&b, SIM_FILE);
            sim_buf_add(&b, name, strcspn(name, "?"));
        }
        else {
            sim_buf_str(&b, address);
        }
        free(address);
        text = end;
    }
    sim_buf_str(&b, text);
    return b.s;
}

/* --- as it is kept */

/* Notion makes blocks of it and shows those: empty lines go, blanks at the ends of lines, and stars become dashes. */
static char *normalise(const char *text)
{
    sim_buf_t b = SIM_BUF_INIT;
    int code = 0;

    sim_buf_str(&b, "");
    while (*text) {
        size_t len = strcspn(text, "\n"), end = len, indent = strspn(text, "\t ");
        const char *next = text + len + (text[len] == '\n');

        code ^= strncmp(text, "```", 3) == 0;
        while (!code && end > 0 && strchr(" \t\r", text[end - 1])) {
            end--;
        }
        if (end > 0 || code) {
            sim_buf_str(&b, b.len ? "\n" : "");
            if (!code && indent + 1 < end && strncmp(text + indent, "* ", 2) == 0) {
                sim_buf_add(&b, text, indent);
                sim_buf_str(&b, "-");
                sim_buf_add(&b, text + indent + 1, end - indent - 1);
            }
            else {
                sim_buf_add(&b, text, end);
            }
        }
        text = next;
    }
    return b.s;
}

const char *sim_body_get(const sim_page_t *p)
{
    return p->body ? p->body : "";
}

static void keep(sim_page_t *p, char *body)
{
    free(p->body);
    p->body = body;
}

void sim_body_set(sim_page_t *p, const char *markdown)
{
    char *body = markdown ? normalise(markdown) : NULL;

    sim_outline_change(p, body);
    keep(p, body);
}

void sim_body_insert(sim_page_t *p, size_t at, const char *lines)
{
    sim_outline_t o, added;
    sim_buf_t b = SIM_BUF_INIT;
    const char *body = sim_body_get(p);
    size_t offset;

    sim_outline_of(&o, p);
    offset = at < o.n ? (size_t)(o.lines[at].s - o.lines[at].depth - body) : strlen(body);
    sim_buf_add(&b, body, offset);
    sim_buf_str(&b, at > 0 && at == o.n ? "\n" : "");
    sim_buf_str(&b, lines);
    sim_buf_str(&b, at < o.n ? "\n" : "");
    sim_buf_str(&b, body + offset);
    keep(p, b.s);
    sim_outline_split(&added, lines);
    sim_outline_insert(p, at, added.n);
    sim_outline_free(&added);
    sim_outline_free(&o);
}

/* --- changing it */

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;

    for (text = strstr(text, what); text; text = strstr(text + 1, what)) {
        n++;
    }
    return n;
}

static char *replaced(const char *text, const sim_update_t *u)
{
    sim_buf_t b = SIM_BUF_INIT;
    const char *at;
    int again = 1;

    sim_buf_str(&b, "");
    while (again && (at = strstr(text, u->old_str)) != NULL) {
        sim_buf_add(&b, text, (size_t)(at - text));
        sim_buf_str(&b, u->new_str);
        text = at + strlen(u->old_str);
        again = u->all;
    }
    sim_buf_str(&b, text);
    return b.s;
}

/* Whether Notion looks into its first text, or what earlier updates made of it, is not known: both have to do. */
static int may_replace(const sim_update_t *u, const char *first, const char *now, sim_fail_t *f)
{
    size_t n = u->old_str[0] ? count_of(first, u->old_str) : 0;
    size_t m = n ? count_of(now, u->old_str) : 0;

    if (m == 0) {
        sim_fail_meaning(f, "Could not find the old_str in the page content: \"%.80s\".",
                         u->old_str);
        return 0;
    }
    if (!u->all && (n > 1 || m > 1)) {
        sim_fail_meaning(
            f,
            "The old_str matches %zu places in the page content; give more of it, or set "
            "replace_all_matches: \"%.80s\".",
            n > m ? n : m, u->old_str);
        return 0;
    }
    return 1;
}

/* "url" of the child in a line, NULL if there is none; malloc'd */
static char *child_of(const char *line, size_t len)
{
    char *copy = sim_mem_dup_n(line, len), *at = strstr(copy, "<page "), *child = NULL;

    at = at ? at : strstr(copy, "<database ");
    if (at) {
        child = sim_mem_dup_n(at, strcspn(at, ">"));
    }
    free(copy);
    return child;
}

/* Children of `from` that `to` has not. */
static int lacks_child(const char *from, const char *to)
{
    int lacking = 0;

    while (*from && !lacking) {
        size_t len = strcspn(from, "\n");
        char *child = child_of(from, len);

        lacking = child && !strstr(to, child);
        free(child);
        from += len + (from[len] == '\n');
    }
    return lacking;
}

static int take(sim_page_t *p, const char *text, const char *shown, int may_delete, int *changed,
                sim_fail_t *f)
{
    char *kept = unrender(text, shown), *body = normalise(kept);

    free(kept);
    if (lacks_child(sim_body_get(p), body) && !may_delete) {
        sim_fail_meaning(f, "This operation would delete child pages or databases. Set "
                            "allow_deleting_content to true to delete them.");
    }
    else if (lacks_child(body, sim_body_get(p))) {
        sim_fail_meaning(f, "Child pages and databases cannot be created or moved here.");
    }
    *changed = !f->status && strcmp(body, sim_body_get(p)) != 0;
    if (*changed) {
        sim_body_set(p, body);
    }
    free(body);
    return !f->status;
}

int sim_body_update(sim_page_t *p, const sim_update_t *updates, size_t n, const char *whole,
                    int may_delete, int *changed, sim_fail_t *f)
{
    sim_buf_t shown = SIM_BUF_INIT;
    char *now;
    size_t i;

    *changed = 0;
    render(&shown, p);
    now = sim_mem_dup(whole ? whole : shown.s);
    for (i = 0; i < n && may_replace(&updates[i], shown.s, now, f); i++) {
        char *next = replaced(now, &updates[i]);

        free(now);
        now = next;
    }
    if (!f->status) {
        take(p, now, shown.s, may_delete, changed, f);
    }
    free(now);
    sim_buf_free(&shown);
    return !f->status;
}

/* --- the answer */

static void put_unknown(sim_buf_t *b, const char *text)
{
    sim_id_t id;
    size_t i, n = count_of(text, "<unknown ");

    sim_json_key(b, "unknown_block_ids");
    sim_json_open(b, '[');
    for (i = 0; i < n && i < 100; i++) {
        sim_rand_id(&id);
        sim_id_json(b, NULL, &id);
    }
    sim_json_close(b, ']');
}

void sim_body_json(sim_buf_t *b, const sim_page_t *p)
{
    sim_buf_t shown = SIM_BUF_INIT;

    render(&shown, p);
    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "page_markdown");
    sim_id_json(b, "id", &p->id);
    sim_json_kstr(b, "markdown", shown.s);
    sim_json_kbool(b, "truncated", p->body_cut);
    put_unknown(b, shown.s);
    sim_json_close(b, '}');
    sim_buf_free(&shown);
}
