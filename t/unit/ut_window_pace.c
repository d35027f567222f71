/* ut_window_pace.c - how well the budget is used, and how long edits wait beside bulk work: a service whose answers take their time, a loop that wakes
 * up late, and a store that takes a moment to reserve. */
#include <stdlib.h>
#include <string.h>

#include "queue/nts_window.h"
#include "tap/tap.h"

#define SEC(n) ((apr_time_t)(n)*APR_USEC_PER_SEC)
#define MSEC(n) ((apr_time_t)(n)*1000)
#define T0 SEC(1000)
#define CAPACITY 180
#define WINDOW SEC(60)
#define MINUTES 10
#define SENT_MAX (CAPACITY * (MINUTES + 2))
/* From when the loop should wake up to when it does. */
#define TURN MSEC(5)

static apr_pool_t *pool;

typedef struct setting_t {
    const char *what;
    apr_interval_time_t answer;   /* how long one takes, at the least ... */
    apr_interval_time_t edits;    /* from one to the next, at the least; 0: there are none ... */
    apr_interval_time_t burst_at; /* 100 edits at once; 0: never */
    apr_interval_time_t durable_within; /* what a reservation takes; 0: as good as nothing */
    apr_interval_time_t longest;        /* wanted: an edit waits no longer */
    int spread;                         /* ... and how many ms more an answer may take */
    int edits_spread;                   /* ... and how many ms more an edit may be away */
    int bulk;                           /* requests at once, without an end */
    int slow;                           /* one answer in so many takes 20 s; 0: none */
    int inherited;                      /* requests of a former owner, of the last moment */
    int busy;                           /* now and then nobody looks for so many ms; 0: never */
    int least;                          /* wanted: requests in a minute */
} setting_t;

typedef struct pace_t {
    const setting_t *setting;
    nts_window_t *w;
    unsigned int seed;
    apr_time_t now;
    apr_time_t sent[SENT_MAX];
    apr_time_t answered[SENT_MAX]; /* known when it is sent */
    int slot[SENT_MAX];            /* -1: answered */
    int count;
    int first;             /* all before it are answered */
    apr_time_t durable_at; /* 0: no reservation is under way */
    int undurable;         /* times that an edit found nothing durable */
    apr_time_t next_edit;
    int waiting; /* edits, since ... */
    apr_time_t since;
    apr_interval_time_t longest; /* wait of an edit, a burst and its minute aside */
    int edits;
} pace_t;

static int chance(pace_t *m, int below)
{
    m->seed = m->seed * 1103515245 + 12345;
    return below > 0 ? (int)((m->seed >> 16) % (unsigned int)below) : 0;
}

static apr_interval_time_t larger(apr_interval_time_t a, apr_interval_time_t b)
{
    return a > b ? a : b;
}

static void send_all(pace_t *m, const int *slots, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        apr_interval_time_t takes = m->setting->answer + MSEC(chance(m, m->setting->spread));

        if (m->setting->slow && chance(m, m->setting->slow) == 0) {
            takes = SEC(20);
        }
        m->sent[m->count] = m->now;
        m->answered[m->count] = m->now + takes;
        m->slot[m->count++] = slots[i];
    }
}

static void hear_answers(pace_t *m)
{
    apr_interval_time_t since;
    apr_int64_t chunk;
    int i;

    while (m->first < m->count && m->slot[m->first] < 0) {
        m->first++;
    }
    for (i = m->first; i < m->count; i++) {
        if (m->slot[i] >= 0 && m->answered[i] <= m->now) {
            m->answered[i] = m->now;
            nts_window_answered(m->w, m->slot[i], m->now);
            m->slot[i] = -1;
        }
    }
    while (nts_window_next_done(m->w, &chunk, &since, 0, m->now)) {
    }
}

static void reserve(pace_t *m)
{
    if (m->durable_at && m->durable_at <= m->now) {
        m->durable_at = 0;
        nts_window_reserved(m->w, 1, nts_window_wants(m->w));
    }
    if (!m->durable_at && nts_window_wants(m->w)) {
        m->durable_at = m->now + m->setting->durable_within;
    }
}

static void edit(pace_t *m)
{
    const setting_t *s = m->setting;
    int slots[2];

    if (s->edits && m->next_edit <= m->now) {
        m->since = m->waiting ? m->since : m->now;
        m->waiting++;
        m->next_edit = m->now + s->edits + MSEC(chance(m, s->edits_spread));
    }
    if (s->burst_at && m->now == T0 + s->burst_at) {
        m->since = m->now;
        m->waiting += 100;
    }
    while (m->waiting > 0) {
        apr_interval_time_t wait = nts_window_take(m->w, slots, 2, NTS_LIVE, m->now);

        if (wait != 0) {
            m->undurable += wait == NTS_WINDOW_RESERVE;
            return;
        }
        send_all(m, slots, 2);
        m->waiting--;
        m->edits++;
        if (!s->burst_at || m->since > T0 + s->burst_at + WINDOW) {
            m->longest = larger(m->longest, m->now - m->since);
        }
        m->since = m->now;
    }
}

static void live_through(pace_t *m, const setting_t *s, unsigned int seed)
{
    int slots[2];

    memset(m, 0, sizeof(*m));
    m->setting = s;
    m->seed = seed;
    m->w = nts_window_create(CAPACITY, WINDOW, pool);
    m->next_edit = T0 + SEC(1) + MSEC(chance(m, 5000)); /* by then the first chunk is durable */
    nts_window_inherit(m->w, s->inherited, T0 + WINDOW);
    for (m->now = T0; m->now < T0 + SEC(60 * MINUTES); m->now += TURN) {
        if (s->busy && chance(m, 4000) == 0) {
            m->now += MSEC(s->busy);
        }
        hear_answers(m);
        reserve(m);
        edit(m);
        while (s->bulk && nts_window_take(m->w, slots, s->bulk, NTS_BULK, m->now) == 0) {
            send_all(m, slots, s->bulk);
        }
        reserve(m);
    }
    apr_pool_clear(pool);
}

/* The most that touch any window, which can be moved until it begins where one of them was answered. What a former owner sent counts as
 * answered when this one began. */
static int most_in_a_window(const pace_t *m)
{
    int most = 0;
    int i, k;

    for (i = -1; i < m->count; i++) {
        apr_time_t from = i < 0 ? T0 : m->answered[i];
        int n = from <= T0 ? m->setting->inherited : 0;

        for (k = 0; k < m->count && m->sent[k] < from + WINDOW; k++) {
            n += m->answered[k] >= from;
        }
        most = n > most ? n : most;
    }
    return most;
}

/* The fewest requests that were sent in a span of 60 s after the first minute. */
static int fewest_in_a_minute(const pace_t *m)
{
    int fewest = SENT_MAX;
    apr_time_t from;
    int k;

    for (from = T0 + SEC(60); from + SEC(60) <= m->now; from += MSEC(250)) {
        int n = 0;

        for (k = 0; k < m->count; k++) {
            n += m->sent[k] >= from && m->sent[k] < from + SEC(60);
        }
        fewest = n < fewest ? n : fewest;
    }
    return fewest;
}

static pace_t pace; /* too large for a stack */

/* P3b: an edit is a read and a write, taken at once. Before live work took places of the grid the longest waits were 13 s, and 35 s after
 * a take-over. */
static void an_isolated_edit_does_not_wait(void)
{
    static const setting_t settings[] = {
        { .what = "answers at once", .bulk = 1, .least = 175 },
        { .what = "answers after 0.3 s", .bulk = 1, .answer = MSEC(300), .least = 174 },
        { .what = "answers after 0.1 to 0.9 s",
          .bulk = 1,
          .answer = MSEC(100),
          .spread = 800,
          .longest = MSEC(300),
          .least = 172 },
        { .what = "bulk work that writes, too",
          .bulk = 2,
          .answer = MSEC(100),
          .spread = 800,
          .longest = MSEC(300),
          .least = 171 },
        { .what = "a slow store",
          .bulk = 1,
          .answer = MSEC(300),
          .durable_within = SEC(1),
          .least = 174 },
        { .what = "one answer in fifty after 20 s",
          .bulk = 1,
          .answer = MSEC(300),
          .slow = 50,
          .longest = MSEC(300),
          .least = 168 },
        { .what = "after a take-over",
          .bulk = 1,
          .answer = MSEC(300),
          .inherited = 90,
          .least = 174 },
        { .what = "busy for a second, three times a minute",
          .bulk = 1,
          .answer = MSEC(100),
          .busy = 1000,
          .longest = MSEC(300),
          .least = 165 },
        { .what = "a minute after a burst",
          .bulk = 1,
          .answer = MSEC(300),
          .burst_at = SEC(200),
          .longest = SEC(2),
          .least = 171 },
    };
    apr_size_t i;

    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        setting_t s = settings[i];
        apr_interval_time_t longest = 0;
        int most = 0, fewest = SENT_MAX, edits = 0, undurable = 0;
        unsigned int seed;

        s.edits = SEC(1);
        s.edits_spread = 2000;
        for (seed = 1; seed <= 3; seed++) {
            live_through(&pace, &s, seed);
            longest = larger(longest, pace.longest);
            most = (int)larger(most, most_in_a_window(&pace));
            fewest = (int)-larger(-fewest, -fewest_in_a_minute(&pace));
            edits += pace.edits;
            undurable += pace.undurable;
        }
        tap_ok(longest <= s.longest, "%s: the longest wait of %d edits is %d ms", s.what, edits,
               (int)(longest / 1000));
        tap_int(undurable, 0, "%s: none finds nothing durable", s.what);
        tap_ok(fewest >= s.least, "%s: %d requests in each minute, no fewer than %d", s.what,
               fewest, s.least);
        tap_ok(most <= CAPACITY, "%s: %d in any window, no more than %d", s.what, most, CAPACITY);
    }
}

/* Requests in a hundred of the budget, after the first minute. */
static double mean_use(const pace_t *m)
{
    int n = 0;
    int k;

    for (k = 0; k < m->count; k++) {
        n += m->sent[k] >= T0 + SEC(60);
    }
    return 100.0 * n / (CAPACITY * (MINUTES - 1));
}

/* P7: 98 % of the budget in each minute but the first. Where the machine is busy now and then what would have been sent is sent after it, so that no more is lost
 * than lies in a span that ends in such a moment: without that 173, 163 and 150 were sent in the worst minute. */
static void bulk_work_alone_uses_the_budget(void)
{
    static const setting_t settings[] = {
        { .what = "answers at once", .bulk = 1 },
        { .what = "answers after 0.3 s", .bulk = 1, .answer = MSEC(300) },
        { .what = "a slow store", .bulk = 1, .answer = MSEC(300), .durable_within = SEC(1) },
        { .what = "busy for half a second, three times a minute",
          .bulk = 1,
          .answer = MSEC(20),
          .busy = 500,
          .least = 175 },
        { .what = "busy for a second, three times a minute",
          .bulk = 1,
          .answer = MSEC(20),
          .busy = 1000,
          .least = 174 },
        { .what = "busy for two seconds, three times a minute",
          .bulk = 1,
          .answer = MSEC(20),
          .busy = 2000,
          .least = 168 },
    };
    apr_size_t i;

    for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        int least = settings[i].least ? settings[i].least : 98 * CAPACITY / 100 + 1;
        int fewest, most;

        live_through(&pace, &settings[i], 1);
        fewest = fewest_in_a_minute(&pace);
        most = most_in_a_window(&pace);
        tap_ok(fewest >= least, "%s: %d of %d in each minute, no fewer than %d", settings[i].what,
               fewest, CAPACITY, least);
        tap_ok(mean_use(&pace) >= 98, "%s: on the average %.1f %%", settings[i].what,
               mean_use(&pace));
        tap_ok(most <= CAPACITY, "%s: %d in any window", settings[i].what, most);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    an_isolated_edit_does_not_wait();
    bulk_work_alone_uses_the_budget();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
