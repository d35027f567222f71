/* The queue of webhook events and the log of what became of each. */
#include "sim_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_state.h"

#define LOG_SIZE 20000

static sim_event_t **events SIM_STATE; /* LOG_SIZE, by seq modulo that; NULL: there was none yet */
static int64_t last_seq SIM_STATE;
static sim_event_t **heap SIM_STATE; /* by due, then seq */
static size_t nheap SIM_STATE, heap_room SIM_STATE, sending SIM_STATE;

static const char *const state_names[] = { "queued", "sending", "delivered", "retrying",
                                           "failed", "lost",    "paused" };

static int is_before(const sim_event_t *a, const sim_event_t *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

static void heap_put(size_t i, sim_event_t *e)
{
    heap[i] = e;
}

static void sift_up(size_t i)
{
    sim_event_t *e = heap[i];

    while (i > 0 && is_before(e, heap[(i - 1) / 2])) {
        heap_put(i, heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(i, e);
}

static void sift_down(size_t i)
{
    sim_event_t *e = heap[i];

    for (;;) {
        size_t k = 2 * i + 1;

        if (k + 1 < nheap && is_before(heap[k + 1], heap[k])) {
            k++;
        }
        if (k >= nheap || !is_before(heap[k], e)) {
            break;
        }
        heap_put(i, heap[k]);
        i = k;
    }
    heap_put(i, e);
}

static void queue_event(sim_event_t *e)
{
    if (nheap == heap_room) {
        heap_room = heap_room ? heap_room * 2 : 256;
        heap = sim_mem_grow(heap, heap_room * sizeof(sim_event_t *));
    }
    heap[nheap++] = e;
    sift_up(nheap - 1);
}

static int is_open(const sim_event_t *e)
{
    return e->state == SIM_E_QUEUED || e->state == SIM_E_SENDING || e->state == SIM_E_RETRYING;
}

static void free_event(sim_event_t *e)
{
    free(e->body);
    free(e->attempts);
    free(e);
}

static void leave_log(sim_event_t *e)
{
    e->logged = 0;
    if (!is_open(e)) {
        free_event(e);
    }
}

static void finish(sim_event_t *e, sim_event_state_t state)
{
    e->state = state;
    if (!e->logged) {
        free_event(e);
    }
}

static sim_event_t *make_event(sim_sub_t *sub, const sim_news_t *n, const char *id)
{
    sim_event_t *e = sim_mem_alloc(sizeof(*e));
    sim_event_t **at;
    sim_buf_t b = SIM_BUF_INIT;

    e->seq = ++last_seq;
    snprintf(e->id, sizeof(e->id), "%s", id);
    e->type = n->type;
    e->entity = n->entity;
    e->sub = sub;
    e->created_ms = sim_time_now();
    e->due_ms = e->created_ms + sim_set.delay_ms +
                (sim_set.reorder ? sim_rand_below(sim_set.delay_ms + 1) : 0);
    sim_json_open(&b, '{');
    sim_json_kstr(&b, "id", id);
    sim_time_json_exact(&b, "timestamp", n->when);
    sim_id_json(&b, "workspace_id", &sim_w.workspace_id);
    sim_json_kstr(&b, "workspace_name", "Acme");
    sim_id_json(&b, "subscription_id", &sub->id);
    sim_id_json(&b, "integration_id", &sub->conn->integration_id);
    sim_json_kraw(&b, "authors", n->authors);
    sim_json_kint(&b, "attempt_number", 1);
    e->digit = b.len - 1;
    sim_json_kstr(&b, "api_version", sim_set.webhook_version);
    sim_json_kstr(&b, "type", n->type);
    sim_json_key(&b, "entity");
    sim_json_open(&b, '{');
    sim_id_json(&b, "id", &n->entity);
    sim_json_kstr(&b, "type", n->entity_type);
    sim_json_close(&b, '}');
    sim_json_kraw(&b, "data", n->data);
    sim_json_close(&b, '}');
    e->body = b.s;
    e->body_len = b.len;
    e->logged = 1;
    if (!events) {
        events = sim_mem_alloc(LOG_SIZE * sizeof(sim_event_t *));
    }
    at = &events[e->seq % LOG_SIZE];
    if (*at) {
        leave_log(*at);
    }
    *at = e;
    return e;
}

static int wants(const sim_sub_t *s, const sim_news_t *n)
{
    size_t i;

    if (s->removed || !s->active || !sim_token_can_see(s->conn, n->ds)) {
        return 0;
    }
    for (i = 0; i < s->ntypes && strcmp(s->types[i], n->type) != 0; i++) {
    }
    return s->ntypes == 0 || i < s->ntypes;
}

static void fresh_id(char text[SIM_ID_TEXT])
{
    sim_id_t id;

    sim_rand_id(&id);
    sim_id_format(text, &id);
}

/* Whether attempts of one event carry one id is implied, not said. */
static int ids_are_new(void)
{
    return strcmp(sim_set.event_ids, "new") == 0;
}

static void tell_one(sim_sub_t *s, const sim_news_t *n)
{
    char text[SIM_ID_TEXT];
    int copies = sim_rand_hit(sim_set.duplicate) ? 2 : 1;

    fresh_id(text);
    if (sim_set.paused) {
        make_event(s, n, text)->state = SIM_E_PAUSED;
    }
    else if (sim_rand_hit(sim_set.loss)) {
        make_event(s, n, text)->state = SIM_E_LOST;
    }
    else {
        while (copies-- > 0) {
            queue_event(make_event(s, n, text));
            if (ids_are_new()) {
                fresh_id(text);
            }
        }
    }
}

static sim_sub_t **subs SIM_STATE;
static size_t nsubs SIM_STATE;

void sim_event_tell(const sim_news_t *news)
{
    size_t i;

    for (i = 0; i < nsubs; i++) {
        if (wants(subs[i], news)) {
            tell_one(subs[i], news);
        }
    }
}

sim_event_t *sim_event_take(sim_ms_t now)
{
    sim_event_t *e;

    while (nheap && heap[0]->due_ms <= now) {
        e = heap[0];
        heap[0] = heap[--nheap];
        if (nheap) {
            sift_down(0);
        }
        if (e->sub->removed) {
            finish(e, SIM_E_LOST);
            continue;
        }
        e->state = SIM_E_SENDING;
        e->attempts = sim_mem_grow(e->attempts, (size_t)(e->nattempts + 1) * sizeof(*e->attempts));
        memset(&e->attempts[e->nattempts], 0, sizeof(*e->attempts));
        e->attempts[e->nattempts++].sent_ms = now;
        if (e->nattempts > 1 && ids_are_new()) {
            fresh_id(e->id);
            memcpy(strchr(e->body, ':') + 2, e->id, SIM_ID_TEXT - 1); /* {"id":"..." */
        }
        e->body[e->digit] = (char)('0' + (e->nattempts < 9 ? e->nattempts : 9));
        sending++;
        return e;
    }
    return NULL;
}

void sim_event_done(sim_event_t *e, long status, const char *error, int64_t took_ms)
{
    sim_attempt_t *a = &e->attempts[e->nattempts - 1];

    if (e->orphan) {
        free_event(e);
        return;
    }
    sending--;
    a->status = status;
    a->took_ms = took_ms;
    snprintf(a->error, sizeof(a->error), "%s", error ? error : "");
    if (status == 200) {
        finish(e, SIM_E_DELIVERED);
    }
    else if (e->nattempts >= sim_set.webhook_attempts) {
        finish(e, SIM_E_FAILED);
    }
    else {
        e->state = SIM_E_RETRYING;
        e->due_ms = sim_time_now() +
                    (sim_set.webhook_retry_ms << (e->nattempts - 1 < 20 ? e->nattempts - 1 : 20));
        queue_event(e);
    }
}

sim_ms_t sim_event_due(void)
{
    return nheap ? heap[0]->due_ms : INT64_MAX;
}

size_t sim_event_pending(void)
{
    return nheap + sending;
}

void sim_event_hurry(void)
{
    size_t i;

    for (i = 0; i < nheap; i++) {
        heap[i]->due_ms = 0;
    }
    for (i = nheap; i-- > 0;) {
        sift_down(i);
    }
}

void sim_event_clear_log(void)
{
    size_t i;

    for (i = 0; events && i < LOG_SIZE; i++) {
        if (events[i] && !is_open(events[i])) {
            free_event(events[i]);
            events[i] = NULL;
        }
    }
}

static void free_sub(sim_sub_t *s)
{
    size_t i;

    for (i = 0; i < s->ntypes; i++) {
        free(s->types[i]);
    }
    free(s->types);
    free(s->url);
    free(s->secret);
    free(s);
}

void sim_event_reset(void)
{
    size_t i;

    for (i = 0; i < nheap; i++) {
        if (!heap[i]->logged) {
            free_event(heap[i]);
        }
    }
    for (i = 0; events && i < LOG_SIZE && (int64_t)i <= last_seq; i++) {
        if (events[i] && events[i]->state == SIM_E_SENDING) {
            events[i]->orphan = 1; /* its transfer frees it */
        }
        else if (events[i]) {
            free_event(events[i]);
        }
        events[i] = NULL;
    }
    for (i = 0; i < nsubs; i++) {
        free_sub(subs[i]);
    }
    free(subs);
    subs = NULL;
    nsubs = nheap = sending = 0;
    last_seq = 0;
}

sim_sub_t *sim_sub_add(const char *url, const char *secret, sim_token_t *conn, int active)
{
    sim_sub_t *s = sim_mem_alloc(sizeof(*s));

    sim_rand_id(&s->id);
    s->url = sim_mem_dup(url);
    s->secret = sim_mem_dup(secret);
    s->conn = conn;
    s->active = active;
    subs = sim_mem_grow(subs, (nsubs + 1) * sizeof(sim_sub_t *));
    subs[nsubs++] = s;
    return s;
}

sim_sub_t *sim_sub_find(const sim_id_t *id)
{
    size_t i;

    for (i = 0; i < nsubs; i++) {
        if (!subs[i]->removed && sim_id_cmp(&subs[i]->id, id) == 0) {
            return subs[i];
        }
    }
    return NULL;
}

sim_sub_t *sim_sub_first(void)
{
    size_t i;

    for (i = 0; i < nsubs; i++) {
        if (!subs[i]->removed) {
            return subs[i];
        }
    }
    return NULL;
}

sim_sub_t *sim_sub_by_secret(const char *secret)
{
    size_t i;

    for (i = 0; i < nsubs; i++) {
        if (!subs[i]->removed && strcmp(subs[i]->secret, secret) == 0) {
            return subs[i];
        }
    }
    return NULL;
}

size_t sim_sub_remove(const sim_id_t *id)
{
    size_t i, n = 0;

    for (i = 0; i < nsubs; i++) {
        if (!subs[i]->removed && (!id || sim_id_cmp(&subs[i]->id, id) == 0)) {
            subs[i]->removed = 1;
            n++;
        }
    }
    return n;
}

void sim_sub_json(sim_buf_t *b, const sim_sub_t *s)
{
    sim_json_open(b, '{');
    sim_id_json(b, "id", &s->id);
    sim_json_kstr(b, "url", s->url);
    sim_json_kstr(b, "token", s->secret);
    sim_json_kstr(b, "state", s->active ? "active" : "pending");
    sim_json_kstr(b, "connection", s->conn->name);
    sim_json_key(b, "handshake");
    if (s->handshake_ms) {
        sim_json_open(b, '{');
        sim_json_kint(b, "sent_ms", s->handshake_ms);
        sim_json_kint(b, "status", s->handshake_status);
        sim_json_close(b, '}');
    }
    else {
        sim_json_null(b);
    }
    sim_json_close(b, '}');
}

void sim_subs_json(sim_buf_t *b)
{
    size_t i;

    sim_json_open(b, '[');
    for (i = 0; i < nsubs; i++) {
        if (!subs[i]->removed) {
            sim_sub_json(b, subs[i]);
        }
    }
    sim_json_close(b, ']');
}

static void put_event(sim_buf_t *b, const sim_event_t *e)
{
    int i;

    sim_json_open(b, '{');
    sim_json_kint(b, "seq", e->seq);
    sim_json_kstr(b, "id", e->id);
    sim_json_kstr(b, "type", e->type);
    sim_id_json(b, "entity", &e->entity);
    sim_id_json(b, "subscription", &e->sub->id);
    sim_json_kstr(b, "state", state_names[e->state]);
    sim_json_key(b, "attempts");
    sim_json_open(b, '[');
    for (i = 0; i < e->nattempts; i++) {
        sim_json_open(b, '{');
        sim_json_kint(b, "sent_ms", e->attempts[i].sent_ms);
        sim_json_kint(b, "took_ms", e->attempts[i].took_ms);
        sim_json_kint(b, "status", e->attempts[i].status);
        sim_json_kstr(b, "error", *e->attempts[i].error ? e->attempts[i].error : NULL);
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
    sim_json_kint(b, "created_ms", e->created_ms);
    sim_json_kint(b, "due_ms", e->due_ms);
    sim_json_kraw(b, "body", e->body);
    sim_json_close(b, '}');
}

void sim_event_log_json(sim_buf_t *b, int64_t since, int64_t limit)
{
    int64_t seq = last_seq - LOG_SIZE + 1;

    if (seq <= since) {
        seq = since + 1;
    }
    sim_json_open(b, '{');
    sim_json_kint(b, "last", last_seq);
    sim_json_key(b, "events");
    sim_json_open(b, '[');
    for (; seq <= last_seq && limit > 0; seq++) {
        const sim_event_t *e = seq > 0 ? events[seq % LOG_SIZE] : NULL;

        if (e) {
            put_event(b, e);
            limit--;
        }
    }
    sim_json_close(b, ']');
    sim_json_close(b, '}');
}
