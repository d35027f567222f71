/* The blocks of pages: listing those below a page or a block, and appending some. */
#include <stdlib.h>
#include <string.h>

#include "sim_api.h"
#include "sim_auth.h"
#include "sim_body.h"
#include "sim_outline.h"
#include "sim_page.h"

/* Below what: a page, or a block of it.  Its children stand in the lines from `from` to before `to`. */
typedef struct place_t {
    sim_page_t *page;
    sim_outline_t o;
    int depth;
    size_t from, to;
} place_t;

/* 0 with a failure if there is no such block that the token can see; else free pl->o */
static int find_place(sim_req_t *q, place_t *pl)
{
    sim_id_t id;
    size_t at = 0;

    memset(pl, 0, sizeof(*pl));
    if (!sim_api_id(q, 2, "block_id", &id)) {
        return 0;
    }
    pl->page = sim_page_find(&id);
    if (!pl->page) {
        pl->page = sim_outline_find(&id, &at);
        pl->depth = 1;
    }
    if (!pl->page || pl->page->unshared || !sim_token_can_see(q->token, pl->page->ds)) {
        sim_fail_missing(&q->fail, "block", &id, q->token->name);
        return 0;
    }
    sim_outline_of(&pl->o, pl->page);
    pl->to = pl->o.n;
    if (pl->depth) {
        pl->depth = pl->o.lines[at].depth + 1;
        pl->from = at + 1;
        pl->to = sim_outline_end(&pl->o, at);
    }
    return 1;
}

void sim_api_blocks(sim_req_t *q)
{
    place_t pl;
    int64_t start, size, i = 0, more = -1;
    size_t at;

    if (!find_place(q, &pl)) {
        return;
    }
    if (sim_api_list_from(q, 3, &start, &size)) {
        sim_api_list_open(q, "block");
        for (at = pl.from; at < pl.to && more < 0; at = sim_outline_end(&pl.o, at)) {
            if (i >= start + size) {
                more = i;
            }
            else if (i >= start) {
                sim_outline_json(&q->out, pl.page, &pl.o, at, sim_req_is_old(q));
            }
            i++;
        }
        sim_api_list_close(q, more, 3);
        sim_json_kraw(&q->out, "block", "{}");
        sim_json_close(&q->out, '}');
    }
    sim_outline_free(&pl.o);
}

/* the line behind the block of that id, which is one of this place */
static int take_after(sim_req_t *q, const place_t *pl, const char *path, const char *text,
                      size_t *at)
{
    sim_id_t id;

    if (!text || !sim_id_parse(&id, text)) {
        sim_fail_shape(&q->fail, "%s should be a valid uuid, instead was `\"%.100s\"`.", path,
                       text ? text : "");
        return 0;
    }
    for (*at = pl->from; *at < pl->to; *at = sim_outline_end(&pl->o, *at)) {
        if (sim_id_cmp(&pl->page->blocks[*at], &id) == 0) {
            *at = sim_outline_end(&pl->o, *at);
            return 1;
        }
    }
    sim_fail_meaning(&q->fail, "Block to append children after does not exist under the parent.");
    return 0;
}

/* Where new blocks go: `position` says it, in versions before 2026-03-11 `after` did. */
static int take_position(sim_req_t *q, const place_t *pl, size_t *at)
{
    json_object *v, *after;
    const char *type;

    *at = pl->to;
    if (sim_req_is_old(q)) {
        return !sim_member(q->json, "after", &v) ||
               take_after(q, pl, "body.after", sim_member_str(q->json, "after"), at);
    }
    if (!sim_member(q->json, "position", &v)) {
        return 1;
    }
    type = sim_member_str(v, "type");
    if (type && strcmp(type, "after_block") == 0) {
        sim_member(v, "after_block", &after);
        return take_after(q, pl, "body.position.after_block.id", sim_member_str(after, "id"), at);
    }
    if (!type || (strcmp(type, "start") != 0 && strcmp(type, "end") != 0)) {
        sim_fail_shape(&q->fail, "body.position.type should be `\"after_block\"`, `\"start\"` or "
                                 "`\"end\"`.");
        return 0;
    }
    *at = strcmp(type, "start") == 0 ? pl->from : pl->to;
    return 1;
}

static void answer_made(sim_req_t *q, sim_page_t *p, size_t at, size_t n)
{
    sim_outline_t o;
    size_t end = at + n;

    sim_outline_of(&o, p);
    sim_api_list_open(q, "block");
    for (; at < end; at = sim_outline_end(&o, at)) {
        sim_outline_json(&q->out, p, &o, at, sim_req_is_old(q));
    }
    sim_api_list_close(q, -1, 3);
    sim_json_kraw(&q->out, "block", "{}");
    sim_json_close(&q->out, '}');
    sim_outline_free(&o);
}

static void append(sim_req_t *q, const place_t *pl, size_t at, const char *lines, size_t n)
{
    sim_change_t how = SIM_CHANGE_INIT;
    sim_flags_t flags = SIM_FLAGS_INIT;

    if (n > 0) {
        sim_body_insert(pl->page, at, lines);
        how.by = q->token->user;
        how.keep_time = !sim_set.body_stamps;
        flags.content = 1;
        sim_page_update(pl->page, NULL, 0, &flags, &how);
    }
    answer_made(q, pl->page, at, n);
}

void sim_api_blocks_append(sim_req_t *q)
{
    static const char *const known[] = { "children", "position", NULL };
    static const char *const known_old[] = { "children", "after", NULL };
    sim_buf_t lines = SIM_BUF_INIT;
    json_object *children;
    place_t pl;
    size_t at, n;

    if (!sim_req_known(q, sim_req_is_old(q) ? known_old : known) || !find_place(q, &pl)) {
        return;
    }
    sim_member(q->json, "children", &children);
    n = sim_outline_take(&lines, children, "body.children", pl.depth, q->token, &q->fail);
    if (q->fail.status || !take_position(q, &pl, &at)) {
        /* refused */
    }
    else if (pl.page->live->in_trash || pl.page->ds->in_trash) {
        sim_fail_meaning(
            &q->fail,
            "Can't edit block that is archived. You must unarchive the block before editing.");
    }
    else if (sim_auth_has_room(q, (int64_t)n)) {
        append(q, &pl, at, lines.s, n);
    }
    sim_buf_free(&lines);
    sim_outline_free(&pl.o);
}
