/* sm_door.c - what comes in from outside httpd's workers: webhooks, taken by a child, and the tool's commands. */
#include <string.h>
#include <sys/inotify.h>

#include "base/nts_json.h"
#include "httpd/mns_event.h"
#include "simulation/sm_host.h"
#include "worker/nts_root.h"

typedef struct sm_delivery_t {
    struct sm_delivery_t *next;
    const char *service;
    const char *body;
    apr_size_t len;
    sm_hook_done_fn *done;
    void *baton;
    int status;
} delivery_t;

typedef struct command_t {
    const char *mapping;
    const char *verb;
    const char *args;
    sm_command_done_fn *done;
    void *baton;
    apr_int64_t id;
} command_t;

/* --- hooks: verify is left out (the world signs nothing), the rest is what a child does */

static void tell(sm_t *sm, void *baton)
{
    const delivery_t *d = baton;
    sm_note_t note = { SM_NOTE_HOOK, 0, d->status, d->body, NULL, NULL };

    sm_note(sm, &note);
    if (d->done) {
        d->done(sm, d->baton, d->status);
    }
}

static void answer(delivery_t *d, int status)
{
    d->status = status;
    sm_trace(sm_the, "hook answered %d", status);
    sm_after(sm_the, 0, tell, d);
}

static const nts_service_t *find_service(const nts_setup_t *setup, const char *name)
{
    int i;

    for (i = 0; i < setup->service_count; i++) {
        if (strcmp(setup->services[i]->name, name) == 0) {
            return setup->services[i];
        }
    }
    return NULL;
}

static void notify(const sm_generation_t *g, const nts_inbox_row_t *rows, const int *groups,
                   int count)
{
    nts_slot_t slot;
    int i;

    for (i = 0; i < count; i++) {
        nts_slot_set(&slot, rows[i].mapping, rows[i].notice.id, NTS_NOTION, rows[i].notice.record,
                     NTS_LIVE, 0);
        nts_segment_notify(g->segment, groups[i], &slot, 1);
    }
}

static int take_hook(const sm_generation_t *g, nts_store_t *store, const delivery_t *d,
                     apr_pool_t *p)
{
    const nts_service_t *service = find_service(g->setup, d->service);
    const nts_json_t *root;
    const char *problem;
    nts_inbox_row_t *rows;
    mns_event_t event;
    int *groups;
    int duplicates;
    int count;

    if (!service) {
        return 404;
    }
    if (nts_json_parse(&root, d->body, d->len, &problem, p) != APR_SUCCESS ||
        mns_event_read(&event, &problem, root, p) != APR_SUCCESS ||
        event.at < sm_wall(sm_the, SM_HOST) - MNS_EVENT_AGE_MAX) {
        return 400;
    }
    mns_event_rows(&rows, &groups, &count, &event, service, g->setup, g->grouping, p);
    if (count > 0) {
        if (nts_store_put_notices(&duplicates, store, rows, count) != APR_SUCCESS) {
            return 503;
        }
        notify(g, rows, groups, count);
    }
    return 200;
}

static int run_child(sm_process_t *process)
{
    sm_child_t *child = process->baton;
    sm_generation_t *g = child->generation;
    nts_outcome_t out = { 0 };
    nts_store_t *store = NULL;
    apr_pool_t *own;
    apr_pool_t *p;

    own = nts_root_create("child", 0);
    (void)apr_pool_create(&p, own);
    while (!g->is_retired || child->queue) {
        delivery_t *d = child->queue;

        if (!d) {
            child->idle = sm_self();
            (void)sm_block(-1);
            child->idle = NULL;
            continue;
        }
        if (!store && nts_store_open(&store, &sm_the->host->store, &out, own) != APR_SUCCESS) {
            store = NULL;
        }
        d->status = store ? take_hook(g, store, d, p) : 503;
        child->queue = d->next; /* while it stands there it dies with the child */
        answer(d, d->status);
        apr_pool_clear(p);
    }
    apr_pool_destroy(own);
    return 0;
}

/* The sender sees a connection that breaks. */
static void lose_queue(sm_child_t *child)
{
    while (child->queue) {
        delivery_t *d = child->queue;

        child->queue = d->next;
        answer(d, 0);
    }
}

static void child_ended(sm_process_t *process, int code)
{
    sm_note_t note = { SM_NOTE_KILLED, process->number, 0, NULL, NULL, NULL };

    if (code < 0) {
        lose_queue(process->baton);
        sm_note(sm_the, &note);
    }
}

static void start_child(sm_t *sm, sm_generation_t *g)
{
    sm_child_t *child = apr_pcalloc(sm->p, sizeof(*child));

    child->generation = g;
    g->child = child;
    child->process = sm_process_start(sm, apr_psprintf(sm->p, "child %d", g->number), run_child,
                                      child_ended, child);
}

void sm_door_open(sm_t *sm, sm_generation_t *g)
{
    start_child(sm, g);
}

void sm_door_retire(sm_generation_t *g)
{
    if (g->child && g->child->idle) {
        sm_wake(g->child->idle);
    }
}

void sm_host_hook(sm_t *sm, const char *service, const char *body, sm_hook_done_fn *done,
                  void *baton)
{
    sm_generation_t *g = sm->host->generations;
    delivery_t *d = apr_pcalloc(sm->p, sizeof(*d));
    delivery_t **end;

    d->service = apr_pstrdup(sm->p, service);
    d->body = apr_pstrdup(sm->p, body);
    d->len = strlen(body);
    d->done = done;
    d->baton = baton;
    sm_trace(sm, "hook: %s", body);
    if (!g || g->is_retired) {
        answer(d, 0);
        return;
    }
    if (g->child->process->state == SM_DEAD) {
        start_child(sm, g); /* as httpd's parent does at once */
    }
    for (end = &g->child->queue; *end; end = &(*end)->next) {
    }
    *end = d;
    if (g->child->idle) {
        sm_wake(g->child->idle);
    }
}

/* --- commands: a process of the tool for each */

static void tell_command(sm_t *sm, void *baton)
{
    const command_t *c = baton;

    if (c->done) {
        c->done(sm, c->baton, c->id);
    }
}

static apr_int64_t find_mapping(const nts_setup_t *setup, const char *name)
{
    int i;

    for (i = 0; setup && i < setup->mapping_count; i++) {
        if (strcmp(setup->mappings[i]->name, name) == 0) {
            return setup->mappings[i]->id;
        }
    }
    return 0;
}

static int run_tool(sm_process_t *process)
{
    command_t *c = process->baton;
    nts_command_t command = { 0 };
    nts_outcome_t out = { 0 };
    nts_store_t *store;
    apr_pool_t *own;

    own = nts_root_create("tool", 0);
    command.mapping = find_mapping(sm_host_setup(sm_the), c->mapping);
    command.verb = c->verb;
    command.args = c->args;
    command.by = "operator";
    command.state = "queued";
    if (command.mapping && nts_store_open(&store, &sm_the->host->store, &out, own) == APR_SUCCESS &&
        nts_store_put_command(&c->id, store, &command) == APR_SUCCESS) {
        sm_fd_touched(sm_the->host->wake_path, IN_ATTRIB);
    }
    sm_trace(sm_the, "command %s of %s: number %" APR_INT64_T_FMT, c->verb, c->mapping, c->id);
    sm_after(sm_the, 0, tell_command, c);
    apr_pool_destroy(own);
    return 0;
}

void sm_host_command(sm_t *sm, const char *mapping, const char *verb, const char *args,
                     sm_command_done_fn *done, void *baton)
{
    command_t *c = apr_pcalloc(sm->p, sizeof(*c));

    c->mapping = apr_pstrdup(sm->p, mapping);
    c->verb = apr_pstrdup(sm->p, verb);
    c->args = apr_pstrdup(sm->p, args ? args : "{}");
    c->done = done;
    c->baton = baton;
    (void)sm_process_start(sm, "tool", run_tool, NULL, c);
}
