/* The lag of queries: each write of a page waits here until queries may see it. */
#include "sim_stale.h"

#include <stdlib.h>
#include <string.h>

#include "sim_page.h"
#include "sim_state.h"

typedef struct wait_t {
    struct wait_t *prev, *next;
    sim_page_t *page;
    sim_state_t *state;
    sim_ms_t due;
} wait_t;

static wait_t *head SIM_STATE, *tail SIM_STATE; /* by due */
static size_t count SIM_STATE;

static void show(sim_page_t *p, sim_state_t *st)
{
    sim_state_t *old = p->seen;

    p->seen = sim_state_ref(st);
    if (!old) {
        sim_index_add(&p->ds->by_created, &p->by_created, p, &p->id, p->created_ms);
    }
    if (!old || sim_time_floor(old->edited_ms) != sim_time_floor(st->edited_ms)) {
        sim_index_add(&p->ds->by_edited, &p->by_edited, p, &p->id, st->edited_ms);
    }
    sim_state_unref(old);
}

static void take_out(wait_t *w)
{
    *(w->prev ? &w->prev->next : &head) = w->next;
    *(w->next ? &w->next->prev : &tail) = w->prev;
    w->page->pending--;
    count--;
    sim_state_unref(w->state);
    free(w);
}

void sim_stale_push(sim_page_t *p, int64_t stale_ms)
{
    sim_ms_t now = sim_time_now(), lag = stale_ms >= 0 ? stale_ms : sim_set.stale_ms;
    wait_t *w, *after = tail;

    if (stale_ms < 0 && sim_set.stale_random) {
        lag = sim_rand_below(lag + 1);
    }
    if (stale_ms < 0 && !p->seen && !p->pending && lag < sim_set.created_stale_ms) {
        lag =
            sim_set
                .created_stale_ms; /* edits of it are no later than any other's, once it is listed */
    }
    if (lag <= 0 && p->pending == 0) {
        show(p, p->live);
        return;
    }
    w = sim_mem_alloc(sizeof(*w));
    w->page = p;
    w->state = sim_state_ref(p->live);
    w->due = now + lag;
    if (p->pending && w->due < p->last_due) {
        w->due = p->last_due;
    }
    p->last_due = w->due;
    p->pending++;
    count++;
    while (after && after->due > w->due) {
        after = after->prev;
    }
    w->prev = after;
    w->next = after ? after->next : head;
    *(w->prev ? &w->prev->next : &head) = w;
    *(w->next ? &w->next->prev : &tail) = w;
}

void sim_stale_tick(sim_ms_t now)
{
    while (head && head->due <= now) {
        show(head->page, head->state);
        take_out(head);
    }
}

sim_ms_t sim_stale_due(void)
{
    return head ? head->due : INT64_MAX;
}

size_t sim_stale_count(void)
{
    return count;
}

void sim_stale_forget(sim_page_t *p)
{
    wait_t *w, *next;

    for (w = head; w && p->pending; w = next) {
        next = w->next;
        if (w->page == p) {
            take_out(w);
        }
    }
}

sim_state_t *sim_stale_each(void **at, const sim_ds_t *ds)
{
    wait_t *w = *at;

    for (w = w ? w->next : head; w && w->page->ds != ds; w = w->next) {
    }
    *at = w;
    return w ? w->state : NULL;
}

void sim_stale_reset(void)
{
    while (head) {
        take_out(head);
    }
}
