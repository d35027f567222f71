/* The Notion simulator in process: nothing happens but at its time, and the same seed does the same again. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_embed.h"
#include "tap/tap.h"

#define TOKEN "ntn_sim_token"
#define VERSION "2026-03-11"
#define START 1790000000000LL

static sim_ms_t now = START;
static int answers, status, events, late_ones, ending;
static char body[4096], page[64], source[64];
static sim_buf_t story;
static int is_other; /* the second world is awake: its doings are no part of the story */

static sim_ms_t clock_now(void)
{
    return now;
}

static void answered(sim_req_t *q)
{
    if (is_other) {
        sim_req_free(q);
        return;
    }
    answers++;
    status = q->status;
    ending = q->ending;
    snprintf(body, sizeof(body), "%.*s", (int)q->out.len, q->out.s ? q->out.s : "");
    sim_buf_fmt(&story, "%lld %d %s\n", (long long)(now - START), q->status, body);
    sim_req_free(q);
}

static void performed(sim_req_t *q, int late)
{
    if (is_other) {
        return;
    }
    late_ones += late;
    sim_buf_fmt(&story, "%lld performed %s\n", (long long)(now - START), q->class);
}

static void deliver(sim_event_t *e)
{
    if (is_other) {
        sim_event_done(e, 500, "not now", 0);
        return;
    }
    events++;
    sim_buf_fmt(&story, "%lld event %.*s\n", (long long)(now - START), (int)e->body_len, e->body);
    sim_event_done(e, 200, NULL, 0);
}

/* from one due time to the next, as a kernel would */
static void run_until(sim_ms_t end)
{
    sim_ms_t due;

    while ((due = sim_embed_due()) <= end) {
        now = due > now ? due : now;
        sim_embed_tick();
    }
    now = end;
    sim_embed_tick();
}

static void control(const char *method, const char *what, const char *in)
{
    int ok;
    const char *out = sim_embed_control(method, what, in, &ok);

    if (!ok) {
        tap_diag("%s %s: %s", method, what, out);
        exit(1);
    }
    snprintf(body, sizeof(body), "%s", out);
}

static void take_id(char id[64])
{
    json_object *o = json_tokener_parse(body);

    snprintf(id, 64, "%s", json_object_get_string(json_object_object_get(o, "id")));
    json_object_put(o);
}

static void ask(const char *method, const char *path, const char *in)
{
    sim_embed_request(method, path, NULL, TOKEN, VERSION, in, in ? strlen(in) : 0, NULL);
}

static void ask_page(const char *method, const char *in)
{
    char path[96];

    snprintf(path, sizeof(path), "/v1/pages/%s", page);
    ask(method, path, in);
}

static void set_up(const char *settings)
{
    char in[256];

    now = START;
    answers = events = late_ones = 0;
    story.len = 0;
    if (sim_embed_reset(settings)) {
        abort();
    }
    control("POST", "data_source",
            "{\"name\":\"T\",\"properties\":{\"Name\":{\"type\":\"title\"},\"N\":{\"type\":"
            "\"number\",\"id\":\"n\"}}}");
    take_id(source);
    control("POST", "webhook", "{\"url\":\"test:\",\"token\":\"secret_x\",\"active\":true}");
    snprintf(in, sizeof(in),
             "{\"data_source\":\"%s\",\"properties\":{\"Name\":\"a\",\"N\":1},\"quiet\":true,"
             "\"stale_ms\":0}",
             source);
    control("POST", "page", in);
    take_id(page);
}

static void test_time(void)
{
    set_up(
        "{\"seed\":1,\"latency_ms\":100,\"aggregate_ms\":1000,\"delay_ms\":500,\"reorder\":false}");
    ask_page("PATCH", "{\"properties\":{\"N\":{\"number\":2}}}");
    tap_int(answers, 0, "no answer without time");
    run_until(now + 60);
    ask_page("PATCH", "{\"properties\":{\"N\":{\"number\":3}}}");
    run_until(START + 99);
    tap_int(answers, 0, "nor before its time");
    run_until(START + 100);
    tap_int(status, 200, "the answer when its time has come");
    run_until(START + 160);
    tap_int(answers, 2, "the second, which came when the first had acted");
    tap_int(status, 200, "is served");
    ask_page("PATCH", "{\"properties\":{\"N\":{\"number\":4}}}");
    ask_page("PATCH", "{\"properties\":{\"N\":{\"number\":5}}}");
    run_until(now + 100);
    tap_ok(strstr(story.s, " 409 ") != NULL, "two updates of one page at once: one is refused");
    run_until(START + 1549);
    tap_int(events, 0, "no event before window and delay are over");
    run_until(START + 1550);
    tap_int(events, 1, "one event for all changes of the window");
}

static void query(void)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/data_sources/%s/query", source);
    ask("POST", path, "{}");
    run_until(now);
}

/* A page that is listed late is listed as any other then: as it was a query's lag ago, not as it was when it was made. */
static void test_listed_late(void)
{
    char in[256];

    set_up("{\"seed\":3,\"stale_ms\":15000,\"created_stale_ms\":45000}");
    snprintf(in, sizeof(in),
             "{\"data_source\":\"%s\",\"properties\":{\"Name\":\"b\",\"N\":11},\"quiet\":true}",
             source);
    control("POST", "page", in);
    take_id(page);
    run_until(START + 20000);
    ask_page("PATCH", "{\"properties\":{\"N\":{\"number\":12}}}");
    run_until(START + 44999);
    query();
    tap_ok(strstr(body, "\"number\":1") && !strstr(body, page), "a new page is listed late");
    run_until(START + 45000);
    query();
    tap_ok(strstr(body, "\"number\":12") != NULL, "and then as it is, not as it was made");
}

static void test_late(void)
{
    set_up("{\"seed\":2,\"stale_ms\":15000}");
    control("POST", "fault",
            "{\"match\":{\"class\":\"page_update\"},\"action\":{\"late_commit_ms\":55000,"
            "\"status\":503}}");
    ask_page("PATCH", "{\"properties\":{\"N\":{\"number\":2}}}");
    run_until(now);
    tap_int(status, 503, "an answer that says no");
    run_until(START + 54999);
    ask_page("GET", NULL);
    run_until(now);
    tap_ok(strstr(body, "\"number\":1") != NULL, "nothing happened yet");
    run_until(START + 55000);
    tap_int(late_ones, 1, "performed later, and told");
    ask_page("GET", NULL);
    run_until(now);
    tap_ok(strstr(body, "\"number\":2") != NULL, "a page read sees it");
    query();
    tap_ok(strstr(body, "\"number\":1") != NULL, "a query not yet");
    run_until(START + 70000);
    query();
    tap_ok(strstr(body, "\"number\":2") != NULL, "but after its lag");
}

/* Things happen in a second world: requests, faults, events that wait, a query, its log and settings. */
static void visit_other(int is_first)
{
    char mine[sizeof(source)], in[128];
    int ok;

    is_other = 1;
    sim_embed_enter(1);
    if (is_first) {
        (void)sim_embed_reset(
            "{\"seed\":8,\"rate_limit\":3,\"delay_ms\":70,\"clock_offset_ms\":5000}");
        snprintf(mine, sizeof(mine), "%s",
                 sim_embed_control("POST", "data_source",
                                   "{\"name\":\"M\",\"properties\":{\"N\":{\"type\":\"number\"}}}",
                                   &ok));
        (void)sim_embed_control("POST", "webhook",
                                "{\"url\":\"sim:\",\"token\":\"x\",\"active\":true}", &ok);
        (void)sim_embed_control("POST", "fault",
                                "{\"action\":{\"late_commit_ms\":40,\"cut\":true}}", &ok);
        snprintf(in, sizeof(in), "{\"data_source\":\"%.36s\",\"properties\":{\"N\":1}}", mine + 7);
        (void)sim_embed_control("POST", "page", in, &ok);
        tap_ok(ok, "the second world has a page of its own");
    }
    ask("GET", "/v1/users/me", NULL);
    sim_embed_tick();
    tap_int(sim_w.npages, 1, "it knows its own pages only");
    sim_embed_enter(0);
    is_other = 0;
}

static void run_story(int is_visited)
{
    int i;

    set_up("{\"seed\":7,\"latency_ms\":30,\"loss\":0.2,\"duplicate\":0.2,\"stale_random\":true,"
           "\"rate_limit\":15}");
    control("POST", "fault",
            "{\"times\":-1,\"probability\":0.2,\"action\":{\"commit_then_cut\":true}}");
    for (i = 0; i < 40; i++) {
        char in[64];

        snprintf(in, sizeof(in), "{\"properties\":{\"N\":{\"number\":%d}}}", i);
        ask_page("PATCH", in);
        if (is_visited && i % 10 == 3) {
            visit_other(i == 3);
        }
        run_until(now + 37 * (i % 5));
    }
    run_until(now + 100000);
}

int main(void)
{
    const sim_embed_host_t host = { clock_now, answered, performed, deliver };
    char *first;

    sim_embed_open(&host);
    test_time();
    test_late();
    test_listed_late();
    run_story(0);
    first = strdup(story.s);
    run_story(0);
    tap_str(story.s, first, "the same seed tells the same story");
    run_story(1);
    tap_str(story.s, first, "also while a second world is awake now and then");
    tap_ok(strstr(first, " 429 ") && strstr(first, " 0 ") && events > 0,
           "one with limits, cuts and events");
    free(first);
    sim_buf_free(&story);
    sim_embed_reset(NULL);
    sim_embed_enter(1);
    sim_embed_reset(NULL);
    return tap_done();
}
