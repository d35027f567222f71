/* nts_window.c - counting the requests of a sliding window, and who may send next. */
#include <string.h>

#include "queue/nts_window.h"

#define INHERITED_MAX 16
#define TOKENS_LOW 2
/* One slot in ninety is kept free of bulk work, so that an edit need not wait for the next to come
 * free: 2 of Notion's 180, a read and a write. Of what is durable no more than TOKENS_LOW are. */
#define RESERVE_SHARE 90
/* Bulk work leaves what live work asked for in vain alone for this long after live work was to ask
 * again: it may have ended. */
#define CLAIM_SLACK apr_time_from_sec(1)
/* At most such a part of the window, 2 s of Notion's, is made up for when the process was busy. */
#define LATE_SHARE 30

#define NOT_TOLD INT64_MAX

/* A durable reservation. Free if it has neither tokens nor requests and is not `unreleased`. */
typedef struct chunk_t {
    apr_int64_t id;
    apr_uint64_t order;
    apr_time_t last_answer;
    int tokens; /* not taken */
    int out;    /* taken, not answered */
    int is_used;
    int unreleased;
} chunk_t;

struct nts_window_t {
    int capacity;
    apr_interval_time_t window;
    apr_time_t now; /* the latest time seen */
    int out;        /* taken, not answered */
    int tokens;     /* of all chunks */

    apr_time_t *answers; /* a ring of `capacity`; oldest first */
    int answer_start;
    int answer_count;

    struct {
        int n;
        apr_time_t until;
    } inherited[INHERITED_MAX]; /* the first to end first */
    int inherited_count;

    apr_time_t closed_until;
    apr_time_t bulk_next;     /* the next free place of the grid that bulk work is paced on */
    apr_time_t bulk_due;      /* when it was told to come again; NOT_TOLD */
    apr_interval_time_t late; /* by which it keeps its places; at least by one place */
    int live_claim;           /* what live work asked for in vain */
    apr_time_t claim_until;

    chunk_t *chunks;
    int chunk_size;
    apr_uint64_t chunk_order;
};

nts_window_t *nts_window_create(int capacity, apr_interval_time_t window, apr_pool_t *p)
{
    nts_window_t *w = apr_pcalloc(p, sizeof(*w));

    w->capacity = capacity;
    w->window = window;
    w->answers = apr_pcalloc(p, (apr_size_t)capacity * sizeof(*w->answers));
    /* A chunk lives while a request of it is counted as out, of which there are `capacity`, or a
     * token is left, of which there are few; some may wait to be released. */
    w->chunk_size = 2 * capacity + 2 * NTS_WINDOW_CHUNK;
    w->chunks = apr_pcalloc(p, (apr_size_t)w->chunk_size * sizeof(*w->chunks));
    w->bulk_next = INT64_MIN / 2;
    w->bulk_due = NOT_TOLD;
    w->now = INT64_MIN / 2;
    return w;
}

static apr_time_t answer_at(const nts_window_t *w, int i)
{
    return w->answers[(w->answer_start + i) % w->capacity];
}

/* Let time pass, never back, and forget what is no longer counted. */
static void advance(nts_window_t *w, apr_time_t now)
{
    if (now > w->now) {
        w->now = now;
    }
    while (w->answer_count > 0 && answer_at(w, 0) + w->window <= w->now) {
        w->answer_start = (w->answer_start + 1) % w->capacity;
        w->answer_count--;
    }
    while (w->inherited_count > 0 && w->inherited[0].until <= w->now) {
        w->inherited_count--;
        memmove(w->inherited, w->inherited + 1,
                (size_t)w->inherited_count * sizeof(w->inherited[0]));
    }
    if (w->claim_until <= w->now) {
        w->live_claim = 0;
    }
}

static int count_used(const nts_window_t *w)
{
    int used = w->out + w->answer_count;
    int i;

    for (i = 0; i < w->inherited_count; i++) {
        used += w->inherited[i].n;
    }
    return used;
}

int nts_window_used(nts_window_t *w, apr_time_t now)
{
    advance(w, now);
    return count_used(w);
}

/* When `n` of the requests now counted will no longer be: at the earliest, for a request under way
 * may be answered right now. */
static apr_time_t when_freed(const nts_window_t *w, int n)
{
    int answer = 0;
    int heir = 0;

    while (answer < w->answer_count || heir < w->inherited_count) {
        apr_time_t next_answer =
            answer < w->answer_count ? answer_at(w, answer) + w->window : INT64_MAX;
        apr_time_t next_heir = heir < w->inherited_count ? w->inherited[heir].until : INT64_MAX;

        n -= next_heir <= next_answer ? w->inherited[heir].n : 1;
        if (n <= 0) {
            return next_heir <= next_answer ? next_heir : next_answer;
        }
        if (next_heir <= next_answer) {
            heir++;
        }
        else {
            answer++;
        }
    }
    return w->now + w->window;
}

static int reserve_of(const nts_window_t *w)
{
    return w->capacity / RESERVE_SHARE;
}

/* Of the tokens bulk work leaves so many. */
static int tokens_for_live(const nts_window_t *w)
{
    return reserve_of(w) < TOKENS_LOW ? reserve_of(w) : TOKENS_LOW;
}

/* What bulk work must leave free. */
static int kept_free(const nts_window_t *w)
{
    return w->live_claim > reserve_of(w) ? w->live_claim : reserve_of(w);
}

static apr_time_t later(apr_time_t a, apr_time_t b)
{
    return a > b ? a : b;
}

/* The grid spreads what bulk work may have evenly over the window. */
static apr_interval_time_t interval(const nts_window_t *w)
{
    return w->window / (w->capacity - reserve_of(w));
}

/* Whoever sends takes the next places of the grid, live work before their time comes: bulk work waits until it has come. So all that is sent
 * together never runs ahead of the grid by more than the reserve for long, and what frees its slots a window later does so evenly. */
static void take_places(nts_window_t *w, int n, apr_time_t at)
{
    /* A little late keeps to the grid, so that the mean rate is kept; nothing is saved up while there is no work. */
    apr_time_t oldest = at - later(w->late, interval(w));
    int is_kept = w->late > 0 && w->bulk_due != NOT_TOLD;
    apr_time_t from = w->bulk_next >= oldest ? w->bulk_next : is_kept ? oldest : at;

    w->bulk_next = from + n * interval(w);
}

/* The process, or the whole machine, was busy when bulk work was due: it sends yet what it would have sent, and does so each time the slots of that
 * moment come free, all late and at once. Else each third of a second would cost a place of the minute. Live work wants them to come evenly
 * again. */
static void note_lateness(nts_window_t *w, nts_urgency_t urgency)
{
    apr_interval_time_t longest = w->window / LATE_SHARE;

    if (urgency == NTS_LIVE) {
        w->late = 0;
    }
    else if (w->bulk_due != NOT_TOLD && w->now - w->bulk_due > later(w->late, interval(w))) {
        apr_interval_time_t late = w->now - w->bulk_due + interval(w);

        w->late = late < longest ? late : longest;
    }
}

/* The instant at which n may be taken at the earliest; w->now or before it: now. */
static apr_time_t when_allowed(const nts_window_t *w, int n, nts_urgency_t urgency)
{
    int room = w->capacity;
    apr_time_t at = w->closed_until;
    int missing;

    if (urgency == NTS_BULK) {
        at = later(at, w->bulk_next);
        room -= kept_free(w);
        if (room < n) {
            /* A budget too small to leave something: live work first, then all may be had. */
            at = later(at, w->live_claim > 0 ? w->claim_until : w->now);
            room = w->capacity;
        }
    }
    missing = count_used(w) + n - room;
    return missing > 0 ? later(at, when_freed(w, missing)) : at;
}

apr_interval_time_t nts_window_ask(nts_window_t *w, int n, nts_urgency_t urgency, apr_time_t now)
{
    apr_time_t at;

    advance(w, now);
    if (n > w->capacity) {
        return NTS_WINDOW_NEVER;
    }
    at = when_allowed(w, n, urgency);
    if (at > w->now) {
        return at - w->now;
    }
    return w->tokens >= n + (urgency == NTS_BULK ? tokens_for_live(w) : 0) ? 0 : NTS_WINDOW_RESERVE;
}

/* The chunk whose tokens have lain longest. */
static int oldest_with_tokens(const nts_window_t *w)
{
    int best = -1;
    int i;

    for (i = 0; i < w->chunk_size; i++) {
        if (w->chunks[i].tokens > 0 && (best < 0 || w->chunks[i].order < w->chunks[best].order)) {
            best = i;
        }
    }
    return best;
}

apr_interval_time_t nts_window_take(nts_window_t *w, int *slots, int n, nts_urgency_t urgency,
                                    apr_time_t now)
{
    apr_interval_time_t wait = nts_window_ask(w, n, urgency, now);
    int i;

    if (wait != 0) {
        if (wait > 0 && urgency == NTS_LIVE && w->closed_until <= w->now) {
            w->live_claim = n > w->live_claim ? n : w->live_claim;
            w->claim_until = later(w->claim_until, w->now + wait + CLAIM_SLACK);
        }
        if (urgency == NTS_BULK) {
            w->bulk_due = wait > 0 ? w->now + wait : w->now;
        }
        return wait;
    }
    for (i = 0; i < n; i++) {
        int chunk = oldest_with_tokens(w);

        w->chunks[chunk].tokens--;
        w->chunks[chunk].out++;
        slots[i] = chunk;
    }
    w->tokens -= n;
    w->out += n;
    if (urgency == NTS_LIVE) {
        w->live_claim = 0;
    }
    note_lateness(w, urgency);
    take_places(w, n, w->now);
    if (urgency == NTS_BULK) {
        w->bulk_due = NOT_TOLD;
    }
    return 0;
}

void nts_window_answered(nts_window_t *w, int slot, apr_time_t now)
{
    chunk_t *chunk = &w->chunks[slot];

    advance(w, now);
    chunk->out--;
    chunk->is_used = 1;
    chunk->last_answer = w->now;
    w->out--;
    /* There is room: out and answers together never exceed the capacity. */
    w->answers[(w->answer_start + w->answer_count) % w->capacity] = w->now;
    w->answer_count++;
}

void nts_window_unused(nts_window_t *w, int slot)
{
    chunk_t *chunk = &w->chunks[slot];

    chunk->out--;
    chunk->tokens++;
    w->out--;
    w->tokens++;
    w->bulk_next -= interval(w);
}

/* --- chunks */

static int free_chunk(const nts_window_t *w)
{
    int i;

    for (i = 0; i < w->chunk_size; i++) {
        if (!w->chunks[i].unreleased) {
            return i;
        }
    }
    return -1;
}

int nts_window_wants(const nts_window_t *w)
{
    if (w->tokens > TOKENS_LOW + tokens_for_live(w) || free_chunk(w) < 0) {
        return 0;
    }
    return w->capacity < NTS_WINDOW_CHUNK ? w->capacity : NTS_WINDOW_CHUNK;
}

void nts_window_reserved(nts_window_t *w, apr_int64_t chunk, int n)
{
    int i = free_chunk(w);

    if (i < 0 || n <= 0) {
        return; /* nobody had asked for it; a new owner will count it once, and that is all */
    }
    memset(&w->chunks[i], 0, sizeof(w->chunks[i]));
    w->chunks[i].id = chunk;
    w->chunks[i].order = ++w->chunk_order;
    w->chunks[i].tokens = n;
    w->chunks[i].unreleased = 1;
    w->tokens += n;
}

int nts_window_next_done(nts_window_t *w, apr_int64_t *chunk, apr_interval_time_t *since, int all,
                         apr_time_t now)
{
    int i;

    advance(w, now);
    for (i = 0; i < w->chunk_size; i++) {
        chunk_t *c = &w->chunks[i];

        if (c->unreleased && c->out == 0 && (c->tokens == 0 || all)) {
            *chunk = c->id;
            *since = c->is_used ? w->now - c->last_answer : w->window;
            w->tokens -= c->tokens;
            c->tokens = 0;
            c->unreleased = 0;
            return 1;
        }
    }
    return 0;
}

/* --- gate and heritage */

void nts_window_close(nts_window_t *w, apr_time_t until)
{
    w->closed_until = later(w->closed_until, until);
}

/* They were sent a window before they end, for all that is known. When they end, nothing of them counts, however many there are. */
static void take_places_of_others(nts_window_t *w, int n, apr_time_t until)
{
    apr_time_t before = w->bulk_next;

    take_places(w, n, until - w->window);
    if (w->bulk_next > until) {
        w->bulk_next = later(before, until);
    }
}

void nts_window_inherit(nts_window_t *w, int n, apr_time_t until)
{
    int i = w->inherited_count;

    if (n <= 0 || until <= w->now) {
        return;
    }
    take_places_of_others(w, n, until);
    if (i == INHERITED_MAX) {
        w->inherited[i - 1].n += n;
        w->inherited[i - 1].until = later(w->inherited[i - 1].until, until);
        return;
    }
    while (i > 0 && w->inherited[i - 1].until > until) {
        w->inherited[i] = w->inherited[i - 1];
        i--;
    }
    w->inherited[i].n = n;
    w->inherited[i].until = until;
    w->inherited_count++;
}

int nts_window_capacity(const nts_window_t *w)
{
    return w->capacity;
}

apr_time_t nts_window_closed_until(const nts_window_t *w)
{
    return w->closed_until;
}
