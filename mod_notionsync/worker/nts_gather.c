/* nts_gather.c - records that were told of, until they are read (S7.1). They are called pages here. What is decided is nts_batch.c's, what is done is here. */
#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "sync/nts_batch.h"
#include "worker/nts_driver.h"
#include "worker/nts_flow.h"
#include "worker/nts_gather.h"

#define MINUTE apr_time_from_sec(60)
/* Minutes in which pages were told of as edited; what is older counts as nothing. */
#define MINUTES_MAX 60
/* A query that has shown nothing new for so long is given up, and its pages are read singly. */
#define STUCK apr_time_from_sec(60)
#define AGAIN apr_time_from_sec(1)

/* A query under way; lives until its scan and all jobs of it have ended. */
typedef struct query_t {
    nts_gather_t *g;
    apr_pool_t *p;
    nts_starter_t starter;
    nts_work_t *scan; /* NULL: it is over */
    const char **pages;
    apr_time_t *edited; /* of each */
    int count;
    int found;
    int given_up;
    apr_time_t moved; /* monotonic: it showed something */
} query_t;

struct nts_gather_t {
    nts_flow_t *flow;
    nts_side_t side;
    const nts_service_t *service;
    int few;
    nts_pace_t pace;
    apr_array_header_t *pages; /* nts_batch_page_t, the one that waits longest first */
    apr_array_header_t *names; /* char *, malloc'ed: their ids */
    apr_hash_t *waiting;       /* id -> int *, malloc'ed: its place */
    apr_hash_t *singles;       /* id, malloc'ed -> itself: read singly, its job has not ended */
    apr_array_header_t *minutes;
    apr_time_t joined; /* monotonic */
    query_t *query;    /* whose scan is under way; NULL: none */
    nts_timer_t look;
};

static nts_batch_page_t *page_at(const nts_gather_t *g, int i)
{
    return &APR_ARRAY_IDX(g->pages, i, nts_batch_page_t);
}

static char *name_at(const nts_gather_t *g, int i)
{
    return APR_ARRAY_IDX(g->names, i, char *);
}

/* --- who waits */

static nts_batch_page_t *find(const nts_gather_t *g, const char *page)
{
    const int *place = apr_hash_get(g->waiting, page, APR_HASH_KEY_STRING);

    return place ? page_at(g, *place) : NULL;
}

static nts_batch_page_t *add(nts_gather_t *g, const char *page)
{
    nts_batch_page_t *added = apr_array_push(g->pages);
    char *name = nts_str_keep(page, strlen(page) + 1);
    int place = g->pages->nelts - 1;

    memset(added, 0, sizeof(*added));
    APR_ARRAY_PUSH(g->names, char *) = name;
    apr_hash_set(g->waiting, name, APR_HASH_KEY_STRING, nts_str_keep(&place, sizeof(place)));
    g->joined = nts_host_mono(g->flow->host);
    return added;
}

static void drop(nts_gather_t *g, int i)
{
    char *name = name_at(g, i);
    int *place = apr_hash_get(g->waiting, name, APR_HASH_KEY_STRING);

    apr_hash_set(g->waiting, name, APR_HASH_KEY_STRING, NULL);
    free(place);
    free(name);
}

static void put(nts_gather_t *g, int to, int from)
{
    *page_at(g, to) = *page_at(g, from);
    APR_ARRAY_IDX(g->names, to, char *) = name_at(g, from);
    *(int *)apr_hash_get(g->waiting, name_at(g, to), APR_HASH_KEY_STRING) = to;
}

/* Those that wait on move up. */
static void close_ranks(nts_gather_t *g)
{
    int kept = 0;
    int i;

    for (i = 0; i < g->pages->nelts; i++) {
        if (page_at(g, i)->verdict == NTS_BATCH_WAIT) {
            put(g, kept++, i);
        }
        else {
            drop(g, i);
        }
    }
    g->pages->nelts = g->names->nelts = kept;
}

/* --- single reads */

static void read_singly(nts_gather_t *g, const char *page)
{
    if (!apr_hash_get(g->singles, page, APR_HASH_KEY_STRING)) {
        char *name = nts_str_keep(page, strlen(page) + 1);

        apr_hash_set(g->singles, name, APR_HASH_KEY_STRING, name);
    }
    nts_flow_notice(g->flow, g->side, page, NTS_LIVE);
}

/* The one whose records the schedule names so; or NULL. */
static nts_gather_t *named(const nts_flow_t *flow, const char *key)
{
    return key[0] == 'n'   ? flow->gather[NTS_NOTION]
           : key[0] == 'e' ? flow->gather[NTS_EXTERNAL]
                           : NULL;
}

void nts_gather_job_over(nts_flow_t *flow, const char *key)
{
    nts_gather_t *g = named(flow, key);
    char *name = g ? apr_hash_get(g->singles, key + 2, APR_HASH_KEY_STRING) : NULL;

    if (name) {
        apr_hash_set(g->singles, name, APR_HASH_KEY_STRING, NULL);
        free(name);
        if (g->pages->nelts > 0) {
            nts_timer_hasten(flow->host->loop, &g->look, 0);
        }
    }
}

/* --- queries */

/* It was not shown, and will not be. */
static void release(const query_t *query, const nts_scan_t *scan, int broken_off)
{
    nts_gather_t *g = query->g;
    apr_time_t now = nts_host_mono(g->flow->host);
    int i;

    for (i = 0; i < query->count; i++) {
        if (nts_scan_has_spawned(scan, query->pages[i])) {
            continue;
        }
        if (!broken_off || query->given_up) {
            nts_flow_notice(g->flow, g->side, query->pages[i], NTS_LIVE);
        }
        else if (!find(g, query->pages[i])) {
            nts_batch_page_t *page = add(g, query->pages[i]);

            page->edited = query->edited[i];
            page->first = page->last = now - NTS_BATCH_LONGEST;
        }
    }
}

static void end_if_over(query_t *query)
{
    if (!query->scan && query->starter.jobs == 0) {
        apr_pool_destroy(query->p);
    }
}

static void scan_ended(void *baton, const nts_ended_t *ended)
{
    query_t *query = baton;
    nts_gather_t *g = query->g;

    query->scan = NULL;
    if (g->query == query) {
        g->query = NULL;
        if (ended->step != NTS_STEP_DONE || ended->failed) {
            release(query, ended->scan, ended->failed == APR_EINTR);
        }
        nts_timer_hasten(g->flow->host->loop, &g->look, AGAIN);
    }
    nts_log(NTS_LOG_INFO, 0,
            "mapping %s: %d pages that were told of: %d read by a query of %" APR_INT64_T_FMT
            " requests",
            g->flow->label, query->count, nts_scan_report(ended->scan)->found, ended->requests);
    end_if_over(query);
}

static void job_ended(void *baton, const nts_ended_t *ended)
{
    (void)ended;
    end_if_over(baton);
}

static void scan_progress(void *baton, const nts_scan_t *scan)
{
    query_t *query = baton;
    int found = nts_scan_report(scan)->found;

    if (found != query->found) {
        query->found = found;
        query->moved = nts_host_mono(query->g->flow->host);
    }
}

static void send_query(nts_gather_t *g, const nts_batch_plan_t *plan)
{
    nts_flow_t *flow = g->flow;
    nts_scan_config_t config = { 0 };
    query_t *query;
    apr_pool_t *p;
    int i;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_gather query");
    query = apr_pcalloc(p, sizeof(*query));
    query->g = g;
    query->p = p;
    query->pages = apr_palloc(p, (apr_size_t)plan->queried * sizeof(*query->pages));
    query->edited = apr_palloc(p, (apr_size_t)plan->queried * sizeof(*query->edited));
    for (i = 0; i < g->pages->nelts; i++) {
        if (page_at(g, i)->verdict == NTS_BATCH_QUERY) {
            query->edited[query->count] = page_at(g, i)->edited;
            query->pages[query->count++] = apr_pstrdup(p, name_at(g, i));
        }
    }
    query->moved = nts_host_mono(flow->host);
    query->starter.ended = scan_ended;
    query->starter.job_ended = job_ended;
    query->starter.progress = scan_progress;
    query->starter.baton = query;
    query->starter.live = 1;
    query->starter.cause = "events";
    config.kind = NTS_SCAN_BATCH;
    config.mapping = flow->mapping;
    config.side = g->side;
    config.since = plan->since;
    config.wanted = query->pages;
    config.wanted_count = query->count;
    g->query = query;
    query->scan = nts_driver_scan(flow, &config, NTS_LIVE, &query->starter);
}

static void watch_query(nts_gather_t *g, apr_time_t now)
{
    if (g->query && !g->query->given_up && now - g->query->moved > STUCK) {
        g->query->given_up = 1;
        nts_driver_break_off_scan(g->query->scan);
    }
}

/* --- the decision */

static void decide(nts_gather_t *g)
{
    nts_flow_t *flow = g->flow;
    nts_batch_state_t state = { 0 };
    nts_batch_plan_t plan;
    int i;

    if (g->pages->nelts == 0 && !g->query) {
        return;
    }
    state.now = nts_host_mono(flow->host);
    if (!nts_flow_is_running(flow)) {
        nts_timer_set(flow->host->loop, &g->look, AGAIN);
        return;
    }
    watch_query(g, state.now);
    state.few = g->few;
    state.in_hand = (int)apr_hash_count(g->singles);
    state.allowance = nts_pace_left(&g->pace, g->few, g->service->budget_requests,
                                    g->service->budget_window, state.now);
    state.querying = g->query != NULL;
    state.joined = g->joined;
    state.minutes = (const nts_batch_minute_t *)(const void *)g->minutes->elts;
    state.minute_count = g->minutes->nelts;
    nts_batch_decide(&plan, &state, (nts_batch_page_t *)(void *)g->pages->elts, g->pages->nelts);
    for (i = 0; i < g->pages->nelts; i++) {
        if (page_at(g, i)->verdict == NTS_BATCH_SINGLE) {
            read_singly(g, name_at(g, i));
        }
    }
    nts_pace_spend(&g->pace, g->few, plan.singles);
    if (plan.queried > 0) {
        send_query(g, &plan);
    }
    if (plan.singles + plan.queried > 0) {
        close_ranks(g);
    }
    if (plan.again || g->query) {
        nts_timer_set(flow->host->loop, &g->look,
                      plan.again && plan.again < state.now + STUCK ? plan.again - state.now
                                                                   : STUCK);
    }
}

static void look(void *baton)
{
    decide(baton);
}

void nts_gather_decide(nts_flow_t *flow)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (flow->gather[side]) {
            decide(flow->gather[side]);
        }
    }
}

/* --- notices */

static int is_edit(const nts_notice_t *notice)
{
    return notice->kind && (strcmp(notice->kind, "page.properties_updated") == 0 ||
                            strcmp(notice->kind, "page.content_updated") == 0);
}

void nts_gather_note(nts_flow_t *flow, const nts_notice_t *notice, apr_time_t edited)
{
    nts_gather_t *g = flow->gather[notice->side];
    apr_time_t minute = edited - edited % MINUTE;
    nts_batch_minute_t *counted;
    int i;

    if (!g || find(g, notice->record) ||
        apr_hash_get(g->singles, notice->record, APR_HASH_KEY_STRING)) {
        return; /* one row, however often it is told of */
    }
    for (i = g->minutes->nelts - 1; i >= 0; i--) {
        counted = &APR_ARRAY_IDX(g->minutes, i, nts_batch_minute_t);
        if (counted->minute == minute) {
            counted->pages++;
            return;
        }
    }
    if (g->minutes->nelts == MINUTES_MAX) {
        memmove(g->minutes->elts, g->minutes->elts + sizeof(*counted),
                (MINUTES_MAX - 1) * sizeof(*counted));
        g->minutes->nelts--;
    }
    counted = apr_array_push(g->minutes);
    counted->minute = minute;
    counted->pages = 1;
}

/* When it was stored, on the monotonic clock; a clock that was set since tells nothing. */
static apr_time_t stored_at(const nts_host_t *host, apr_time_t stored)
{
    apr_interval_time_t age = nts_host_wall(host) - stored;

    return nts_host_mono(host) - (age > 0 ? age : 0);
}

void nts_gather_join(nts_flow_t *flow, const nts_notice_t *notice, apr_time_t edited)
{
    nts_gather_t *g = flow->gather[notice->side];
    nts_batch_page_t *page = g ? find(g, notice->record) : NULL;

    if (!g || !is_edit(notice)) {
        if (page) {
            page->verdict = NTS_BATCH_SINGLE;
            close_ranks(g);
        }
        nts_flow_notice(flow, notice->side, notice->record, NTS_LIVE);
        return;
    }
    if (apr_hash_get(g->singles, notice->record, APR_HASH_KEY_STRING)) {
        nts_flow_notice(flow, notice->side, notice->record, NTS_LIVE);
        return;
    }
    if (!page) {
        page = add(g, notice->record);
        page->first = stored_at(flow->host, notice->stored);
        page->edited = edited;
    }
    page->last = stored_at(flow->host, notice->stored);
    page->edited = edited < page->edited ? edited : page->edited;
}

int nts_gather_count(const nts_flow_t *flow)
{
    int count = 0;
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        count += flow->gather[side] ? flow->gather[side]->pages->nelts : 0;
    }
    return count;
}

/* --- life */

static nts_gather_t *create(nts_flow_t *flow, nts_side_t side)
{
    nts_gather_t *g = apr_pcalloc(flow->p, sizeof(*g));

    g->flow = flow;
    g->side = side;
    g->service = side == NTS_NOTION ? flow->given->notion : flow->given->external;
    g->few = nts_batch_few(g->service->budget_requests, g->service->budget_window);
    g->pages = apr_array_make(flow->p, 64, sizeof(nts_batch_page_t));
    g->names = apr_array_make(flow->p, 64, sizeof(char *));
    g->minutes = apr_array_make(flow->p, MINUTES_MAX, sizeof(nts_batch_minute_t));
    g->waiting = apr_hash_make(flow->p);
    g->singles = apr_hash_make(flow->p);
    nts_pace_init(&g->pace, g->few, nts_host_mono(flow->host));
    nts_timer_init(&g->look, look, g);
    return g;
}

void nts_gather_create(nts_flow_t *flow)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_traits_t *traits = flow->given->traits[side];

        if (traits->tells_events && traits->lists_edits) {
            flow->gather[side] = create(flow, (nts_side_t)side);
        }
    }
}

static void forget(nts_gather_t *g)
{
    apr_hash_index_t *first;
    int i;

    nts_timer_cancel(g->flow->host->loop, &g->look);
    if (g->query) {
        nts_driver_break_off_scan(g->query->scan);
        g->query = NULL;
    }
    for (i = 0; i < g->pages->nelts; i++) {
        drop(g, i);
    }
    g->pages->nelts = g->names->nelts = 0;
    while ((first = apr_hash_first(NULL, g->singles)) != NULL) {
        char *name = apr_hash_this_val(first);

        apr_hash_set(g->singles, name, APR_HASH_KEY_STRING, NULL);
        free(name);
    }
}

void nts_gather_forget(nts_flow_t *flow)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (flow->gather[side]) {
            forget(flow->gather[side]);
        }
    }
}
