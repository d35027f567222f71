/* ut_window.c - the budget: whatever happens, no window ever holds more than it may. */
#include <stddef.h>
#include <stdlib.h>

#include "queue/nts_window.h"
#include "tap/tap.h"

#define SEC(n) ((apr_time_t)(n)*APR_USEC_PER_SEC)
#define MSEC(n) ((apr_time_t)(n)*1000)
#define T0 SEC(1000)

static apr_pool_t *pool;

/* A window with tokens enough for a while. */
static nts_window_t *window_of(int capacity, apr_interval_time_t length)
{
    nts_window_t *w = nts_window_create(capacity, length, pool);
    int i;

    for (i = 0; i < capacity; i++) {
        nts_window_reserved(w, i + 1, NTS_WINDOW_CHUNK);
    }
    return w;
}

static void live_work_may_burst_and_then_waits(void)
{
    nts_window_t *w = window_of(3, SEC(60));
    int slots[4];

    tap_int(nts_window_take(w, slots, 2, NTS_LIVE, T0), 0, "two of three");
    tap_int(nts_window_take(w, slots + 2, 2, NTS_LIVE, T0), SEC(60), "two more: not yet");
    tap_int(nts_window_take(w, slots + 2, 1, NTS_LIVE, T0), 0, "one more");
    tap_int(nts_window_used(w, T0 + SEC(3600)), 3, "unanswered they count for ever");
    nts_window_answered(w, slots[0], T0 + SEC(3600));
    nts_window_answered(w, slots[1], T0 + SEC(3601));
    tap_int(nts_window_take(w, slots, 1, NTS_LIVE, T0 + SEC(3602)), SEC(58),
            "and until a window after the answer");
    tap_int(nts_window_take(w, slots, 2, NTS_LIVE, T0 + SEC(3602)), SEC(59), "two: the second");
    tap_int(nts_window_take(w, slots, 1, NTS_LIVE, T0 + SEC(3660) - 1), 1, "a microsecond early");
    tap_int(nts_window_take(w, slots, 1, NTS_LIVE, T0 + SEC(3660)), 0, "on time");
    tap_int(nts_window_take(w, slots, 4, NTS_LIVE, T0), NTS_WINDOW_NEVER, "more than there are");
}

static void clock_steps_grant_nothing(void)
{
    nts_window_t *w = window_of(1, SEC(60));
    int slot;

    tap_int(nts_window_take(w, &slot, 1, NTS_LIVE, T0), 0, "taken");
    nts_window_answered(w, slot, T0 + SEC(1));
    tap_int(nts_window_take(w, &slot, 1, NTS_LIVE, T0 - SEC(500)), SEC(60), "back: still taken");
    tap_int(nts_window_take(w, &slot, 1, NTS_LIVE, T0 + SEC(61)), 0, "forward: free");
    nts_window_answered(w, slot, T0);
    tap_int(nts_window_take(w, &slot, 1, NTS_LIVE, T0 + SEC(61)), SEC(60),
            "an answer in the past counts from now");
}

static void a_gate_is_never_opened_early(void)
{
    nts_window_t *w = window_of(10, SEC(60));
    int slot;

    nts_window_close(w, T0 + SEC(30));
    nts_window_close(w, T0 + SEC(2));
    tap_int(nts_window_take(w, &slot, 1, NTS_LIVE, T0 + SEC(29)), SEC(1), "closed at 29 s");
    tap_int(nts_window_take(w, &slot, 1, NTS_BULK, T0 + SEC(29)), SEC(1), "for bulk too");
    tap_int(nts_window_closed_until(w), T0 + SEC(30), "as shown");
    tap_int(nts_window_take(w, &slot, 1, NTS_LIVE, T0 + SEC(30)), 0, "open at 30 s");
}

static void a_former_owners_requests_count(void)
{
    nts_window_t *w = window_of(10, SEC(60));
    int slots[10];
    int i;

    nts_window_inherit(w, 5, T0 + SEC(60));
    nts_window_inherit(w, 4, T0 + SEC(20));
    nts_window_inherit(w, 0, T0 + SEC(99));
    tap_int(nts_window_used(w, T0), 9, "inherited requests are used ones");
    tap_int(nts_window_take(w, slots, 2, NTS_LIVE, T0), SEC(20), "until the first end");
    tap_int(nts_window_take(w, slots, 2, NTS_LIVE, T0 + SEC(20)), 0, "then there is room");
    tap_int(nts_window_used(w, T0 + SEC(60)), 2, "and in the end they are forgotten");
    w = window_of(10, SEC(60));
    for (i = 0; i < 40; i++) {
        nts_window_inherit(w, 1, T0 + SEC(i % 7 + 1));
    }
    tap_int(nts_window_used(w, T0), 40, "many pieces of heritage all count");
    tap_int(nts_window_used(w, T0 + SEC(8)), 0, "and all end");
    w = window_of(10, SEC(60));
    nts_window_inherit(w, 40, T0 + SEC(60));
    tap_int(nts_window_take(w, slots, 1, NTS_BULK, T0), SEC(60),
            "more than there may be: bulk work waits no longer than for all to end");
    w = window_of(10, SEC(60));
    nts_window_inherit(w, 5, T0 + SEC(60));
    tap_int(nts_window_take(w, slots, 1, NTS_BULK, T0), SEC(30), "half of the places are taken");
    tap_int(nts_window_take(w, slots, 5, NTS_LIVE, T0), 0, "live work may have the others");
}

static void bulk_work_is_paced_and_leaves_room(void)
{
    nts_window_t *w = window_of(180, SEC(60));
    apr_time_t now = T0;
    int slots[2];
    int taken = 0;
    int i;

    for (i = 0; i < 100; i++) {
        taken += nts_window_take(w, slots, 1, NTS_BULK, T0) == 0;
    }
    tap_int(taken, 1, "bulk work does not burst");
    while (now < T0 + SEC(59)) {
        apr_interval_time_t wait = nts_window_take(w, slots, 1, NTS_BULK, now);

        taken += wait == 0;
        now += wait;
    }
    tap_ok(taken >= 176 && taken <= 178, "evenly paced it takes nearly all: %d", taken);
    tap_int(nts_window_take(w, slots, 2, NTS_LIVE, now), 0, "an edit goes at once all the same");
    tap_ok(nts_window_take(w, slots, 1, NTS_BULK, now) > 0, "and bulk work waits");
}

static void live_work_is_not_starved_by_small_bites(void)
{
    nts_window_t *w = window_of(4, SEC(1));
    apr_time_t now = T0;
    int slots[4];
    int live;
    int i;

    for (i = 0; i < 4; i++) {
        while (nts_window_take(w, slots + i, 1, NTS_BULK, now) != 0) {
            now += MSEC(10);
        }
    }
    for (i = 0; i < 4; i++) {
        nts_window_answered(w, slots[i], now + MSEC(100) * i);
    }
    now += MSEC(300);
    tap_ok(nts_window_take(w, slots, 2, NTS_LIVE, now) > 0, "live work wants two, none is free");
    for (live = 0, i = 0; i < 2000 && !live; i += 10) {
        now += MSEC(10);
        if (nts_window_take(w, slots, 1, NTS_BULK, now) == 0) {
            break;
        }
        live = nts_window_take(w, slots, 2, NTS_LIVE, now) == 0;
    }
    tap_ok(live, "bulk work lets it gather them");
    nts_window_answered(w, slots[0], now);
    nts_window_answered(w, slots[1], now);
    tap_ok(nts_window_take(w, slots, 4, NTS_LIVE, now) > 0, "live work claims all, and dies");
    for (i = 0; i < 5000; i += 10) {
        now += MSEC(10);
        if (nts_window_take(w, slots, 1, NTS_BULK, now) == 0) {
            break;
        }
    }
    tap_ok(i < 5000, "its claim ends after %d ms", i);
}

static void tokens_are_durable_before_they_are_taken(void)
{
    nts_window_t *w = nts_window_create(20, SEC(60), pool);
    apr_interval_time_t since = -1;
    apr_int64_t chunk = 0;
    int slots[12];
    int i;

    tap_int(nts_window_take(w, slots, 1, NTS_LIVE, T0), NTS_WINDOW_RESERVE, "none durable yet");
    tap_int(nts_window_used(w, T0), 0, "nothing taken");
    tap_int(nts_window_wants(w), 10, "a chunk is wanted");
    nts_window_reserved(w, 71, 10);
    tap_int(nts_window_wants(w), 0, "no other");
    for (i = 0; i < 8; i++) {
        (void)nts_window_take(w, slots + i, 1, NTS_LIVE, T0);
    }
    tap_int(nts_window_wants(w), 10, "another before the last are gone");
    nts_window_reserved(w, 72, 10);
    for (; i < 12; i++) {
        (void)nts_window_take(w, slots + i, 1, NTS_LIVE, T0);
    }
    for (i = 0; i < 9; i++) {
        nts_window_answered(w, slots[i], T0 + SEC(i));
    }
    tap_ok(!nts_window_next_done(w, &chunk, &since, 0, T0 + SEC(9)), "one is still out");
    nts_window_unused(w, slots[9]);
    tap_ok(!nts_window_next_done(w, &chunk, &since, 0, T0 + SEC(9)), "not sent: a token again");
    tap_int(nts_window_take(w, slots + 9, 1, NTS_LIVE, T0 + SEC(10)), 0, "which goes first");
    nts_window_answered(w, slots[9], T0 + SEC(11));
    tap_ok(nts_window_next_done(w, &chunk, &since, 0, T0 + SEC(15)), "the first chunk is done");
    tap_int(chunk, 71, "that one");
    tap_int(since, SEC(4), "since its last answer");
    tap_ok(!nts_window_next_done(w, &chunk, &since, 0, T0 + SEC(15)), "once");
    tap_ok(!nts_window_next_done(w, &chunk, &since, 1, T0 + SEC(15)), "the second has two out");
    nts_window_answered(w, slots[10], T0 + SEC(16));
    nts_window_answered(w, slots[11], T0 + SEC(17));
    tap_ok(!nts_window_next_done(w, &chunk, &since, 0, T0 + SEC(18)), "it has tokens left");
    tap_ok(nts_window_next_done(w, &chunk, &since, 1, T0 + SEC(18)), "which at the end lapse");
    tap_int(nts_window_take(w, slots, 1, NTS_LIVE, T0 + SEC(18)), NTS_WINDOW_RESERVE, "for good");
    nts_window_reserved(w, 73, 10);
    tap_ok(nts_window_next_done(w, &chunk, &since, 1, T0 + SEC(18)), "one never used");
    tap_int(since, SEC(60), "counts no longer");
}

/* --- an independent check: every request ever taken, over crashes and new owners */

#define SENT_MAX 4000

typedef struct model_t {
    nts_window_t *w;
    int capacity;
    apr_interval_time_t length;
    apr_time_t taken[SENT_MAX];
    apr_time_t answered[SENT_MAX]; /* 0: under way */
    int slot[SENT_MAX];            /* -1: of a dead owner */
    int sent;
    struct {
        int n;
        int is_released;
        apr_time_t answered;
    } chunks[SENT_MAX]; /* what the store holds */
    int chunk_count;
    unsigned int seed;
} model_t;

static int chance(model_t *m, int below)
{
    m->seed = m->seed * 1103515245 + 12345;
    return (int)((m->seed >> 16) % (unsigned int)below);
}

/* The most requests that any window ending after `at` may hold because of what is counted at it. */
static int counted(const model_t *m, apr_time_t at)
{
    int n = 0;
    int i;

    for (i = 0; i < m->sent; i++) {
        n += m->taken[i] <= at && (m->answered[i] == 0 || m->answered[i] + m->length > at);
    }
    return n;
}

static void take_some(model_t *m, apr_time_t now)
{
    int slots[3];
    int n = 1 + chance(m, m->capacity < 3 ? m->capacity : 3);
    nts_urgency_t urgency = chance(m, 2) ? NTS_LIVE : NTS_BULK;
    apr_interval_time_t wait = nts_window_take(m->w, slots, n, urgency, now - chance(m, 2000));
    int i;

    if (wait == NTS_WINDOW_RESERVE) {
        int wanted = nts_window_wants(m->w);

        if (wanted > 0 && m->chunk_count < SENT_MAX) {
            m->chunks[m->chunk_count].n = wanted;
            nts_window_reserved(m->w, m->chunk_count++, wanted);
        }
        return;
    }
    for (i = 0; wait == 0 && i < n; i++) {
        if (m->sent == SENT_MAX || chance(m, 10) == 0) {
            nts_window_unused(m->w, slots[i]);
            continue;
        }
        m->taken[m->sent] = now;
        m->slot[m->sent++] = slots[i];
    }
}

static void answer_some(model_t *m, apr_time_t now)
{
    int i;

    for (i = 0; i < m->sent; i++) {
        if (m->answered[i] == 0 && m->slot[i] >= 0 && chance(m, 3) == 0) {
            m->answered[i] = now;
            nts_window_answered(m->w, m->slot[i], now);
        }
    }
}

static void release_done(model_t *m, int all, apr_time_t now)
{
    apr_interval_time_t since;
    apr_int64_t chunk;

    while (nts_window_next_done(m->w, &chunk, &since, all, now)) {
        m->chunks[chunk].is_released = 1;
        m->chunks[chunk].answered = now - since;
    }
}

/* The owner is gone, perhaps without a word; another takes over from what the store holds. */
static void change_owner(model_t *m, apr_time_t now)
{
    int i;

    if (chance(m, 2)) {
        release_done(m, 1, now);
    }
    for (i = 0; i < m->sent; i++) {
        if (m->slot[i] >= 0 && m->answered[i] == 0) {
            m->answered[i] = now;
        }
        m->slot[i] = -1;
    }
    m->w = nts_window_create(m->capacity, m->length, pool);
    for (i = 0; i < m->chunk_count; i++) {
        if (!m->chunks[i].is_released) {
            m->chunks[i].is_released = 1;
            m->chunks[i].answered = now;
        }
        nts_window_inherit(m->w, m->chunks[i].n, m->chunks[i].answered + m->length);
    }
}

static void no_window_ever_holds_more(void)
{
    static model_t m;
    int worst = 0;
    int seed;
    long total = 0;

    for (seed = 1; seed <= 300; seed++) {
        apr_time_t now = T0;
        int over = 0;
        int i;

        memset(&m, 0, sizeof(m));
        m.seed = (unsigned int)seed;
        m.capacity = 1 + chance(&m, seed % 3 ? 12 : 200);
        m.length = SEC(1 + chance(&m, 60));
        m.w = nts_window_create(m.capacity, m.length, pool);
        for (i = 0; i < 3000 && m.sent < SENT_MAX; i++) {
            now += chance(&m, 2) ? chance(&m, 1000) : chance(&m, (int)(m.length / 20));
            take_some(&m, now);
            over = counted(&m, now) - m.capacity > over ? counted(&m, now) - m.capacity : over;
            if (chance(&m, 4) == 0) {
                answer_some(&m, now);
            }
            release_done(&m, 0, now);
            if (chance(&m, 400) == 0) {
                nts_window_close(m.w, now + m.length / 3);
            }
            if (chance(&m, 500) == 0) {
                change_owner(&m, now);
            }
        }
        if (over > 0) {
            tap_ok(0, "seed %d: %d more than %d", seed, over, m.capacity);
        }
        worst = over > worst ? over : worst;
        total += m.sent;
        apr_pool_clear(pool);
    }
    tap_int(worst, 0, "never more than the capacity in 300 seeds, %ld requests", total);
}

/* What is promised is kept: when the time is up and nothing else has happened, it is granted. */
static void waiting_as_told_is_enough(void)
{
    int broken = 0;
    int seed;

    for (seed = 1; seed <= 200; seed++) {
        model_t m;
        apr_time_t now = T0;
        int i;

        memset(&m, 0, offsetof(model_t, taken));
        m.seed = (unsigned int)seed;
        m.capacity = 2 + chance(&m, 20);
        m.w = window_of(m.capacity, SEC(10));
        nts_window_inherit(m.w, chance(&m, 5), T0 + chance(&m, 20000000));
        for (i = 0; i < 300; i++) {
            int slots[2];
            int n = 1 + chance(&m, 2);
            nts_urgency_t urgency = chance(&m, 3) ? NTS_BULK : NTS_LIVE;
            apr_interval_time_t wait = nts_window_take(m.w, slots, n, urgency, now);

            if (wait > 0) {
                now += wait;
                wait = nts_window_take(m.w, slots, n, urgency, now);
            }
            if (wait == NTS_WINDOW_RESERVE) {
                nts_window_reserved(m.w, i, NTS_WINDOW_CHUNK);
                wait = nts_window_take(m.w, slots, n, urgency, now);
            }
            broken += wait != 0;
            while (wait == 0 && n-- > 0) {
                apr_int64_t chunk;
                apr_interval_time_t since;

                nts_window_answered(m.w, slots[n], now);
                (void)nts_window_next_done(m.w, &chunk, &since, 0, now);
            }
            now += chance(&m, 1000000);
        }
        apr_pool_clear(pool);
    }
    tap_int(broken, 0, "asked again when told, it was granted");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    live_work_may_burst_and_then_waits();
    clock_steps_grant_nothing();
    a_gate_is_never_opened_early();
    a_former_owners_requests_count();
    bulk_work_is_paced_and_leaves_room();
    live_work_is_not_starved_by_small_bites();
    tokens_are_durable_before_they_are_taken();
    no_window_ever_holds_more();
    waiting_as_told_is_enough();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
