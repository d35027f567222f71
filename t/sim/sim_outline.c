/* Which lines of a body are which blocks. */
#include "sim_outline.h"

#include <stdlib.h>
#include <string.h>

static int is_fence(const char *s, const char *end)
{
    return end - s >= 3 && strncmp(s, "```", 3) == 0;
}

static const char *line_end(const char *s)
{
    return s + strcspn(s, "\n");
}

/* behind the block that begins here: its line, or the one with the closing fence */
static const char *block_end(const char *s)
{
    const char *end = line_end(s), *at = end;

    if (!is_fence(s, end)) {
        return end;
    }
    while (*at) {
        const char *line = at + 1 + strspn(at + 1, "\t");

        at = line_end(line);
        if (is_fence(line, at)) {
            break;
        }
    }
    return at;
}

void sim_outline_split(sim_outline_t *o, const char *text)
{
    memset(o, 0, sizeof(*o));
    while (text && *text) {
        int depth = (int)strspn(text, "\t");
        const char *s = text + depth, *end = block_end(s);

        if (o->n % 64 == 0) {
            o->lines = sim_mem_grow(o->lines, (o->n + 64) * sizeof(*o->lines));
        }
        o->lines[o->n].s = s;
        o->lines[o->n].len = (size_t)(end - s);
        o->lines[o->n++].depth = depth;
        text = end + (*end == '\n');
    }
}

static void give_ids(sim_page_t *p, size_t from, size_t n)
{
    for (; n > 0; n--) {
        sim_rand_id(&p->blocks[from++]);
    }
}

void sim_outline_of(sim_outline_t *o, sim_page_t *p)
{
    sim_outline_split(o, p->body);
    if (o->n != p->nblocks) {
        p->blocks = sim_mem_grow(p->blocks, (o->n + 1) * sizeof(*p->blocks));
        give_ids(p, 0, o->n);
        p->nblocks = o->n;
    }
}

void sim_outline_free(sim_outline_t *o)
{
    free(o->lines);
    memset(o, 0, sizeof(*o));
}

size_t sim_outline_end(const sim_outline_t *o, size_t at)
{
    int depth = o->lines[at].depth;

    for (at++; at < o->n && o->lines[at].depth > depth; at++) {
    }
    return at;
}

sim_page_t *sim_outline_find(const sim_id_t *id, size_t *at)
{
    size_t i;

    for (i = 0; i < sim_w.nbuckets; i++) {
        sim_page_t *p;

        for (p = sim_w.pages[i]; p; p = p->next) {
            for (*at = 0; *at < p->nblocks; (*at)++) {
                if (sim_id_cmp(&p->blocks[*at], id) == 0) {
                    return p;
                }
            }
        }
    }
    return NULL;
}

static int is_same(const sim_line_t *a, const sim_line_t *b)
{
    return a->depth == b->depth && a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

void sim_outline_change(sim_page_t *p, const char *body)
{
    sim_outline_t was, is;
    size_t head = 0, tail = 0, old;

    if (p->nblocks == 0) {
        return; /* nobody knows any of its ids */
    }
    sim_outline_split(&was, p->body);
    sim_outline_split(&is, body);
    old = was.n;
    while (head < old && head < is.n && is_same(&was.lines[head], &is.lines[head])) {
        head++;
    }
    while (head + tail < old && head + tail < is.n &&
           is_same(&was.lines[old - 1 - tail], &is.lines[is.n - 1 - tail])) {
        tail++;
    }
    p->blocks = sim_mem_grow(p->blocks, ((is.n > old ? is.n : old) + 1) * sizeof(*p->blocks));
    memmove(p->blocks + is.n - tail, p->blocks + old - tail, tail * sizeof(*p->blocks));
    give_ids(p, head, is.n - tail - head);
    p->nblocks = is.n;
    sim_outline_free(&was);
    sim_outline_free(&is);
}

void sim_outline_insert(sim_page_t *p, size_t at, size_t n)
{
    p->blocks = sim_mem_grow(p->blocks, (p->nblocks + n + 1) * sizeof(*p->blocks));
    memmove(p->blocks + at + n, p->blocks + at, (p->nblocks - at) * sizeof(*p->blocks));
    give_ids(p, at, n);
    p->nblocks += n;
}
