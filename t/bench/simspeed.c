/* How fast the Notion simulator is in process: page reads, updates, queries, and whole small worlds, a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/sim_embed.h"

static sim_ms_t now = 1790000000000LL;
static long answers, wrong;
static char source[64], pages[50][64];

static sim_ms_t clock_now(void)
{
    return now;
}

static void answered(sim_req_t *q)
{
    answers++;
    wrong += q->status != 200;
    sim_req_free(q);
}

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void make_world(int npages)
{
    char in[512];
    const char *out;
    int i, ok;

    sim_embed_reset("{\"rate_limit\":0,\"seed\":1}");
    out = sim_embed_control(
        "POST", "data_source",
        "{\"name\":\"T\",\"properties\":{\"Name\":{\"type\":\"title\"},\"Text\":{\"type\":\"rich_"
        "text\"},"
        "\"N\":{\"type\":\"number\"},\"S\":{\"type\":\"select\",\"options\":[\"a\",\"b\"]},"
        "\"M\":{\"type\":\"multi_select\",\"options\":[\"x\",\"y\",\"z\"]},\"D\":{\"type\":"
        "\"date\"},"
        "\"C\":{\"type\":\"checkbox\"}}}",
        &ok);
    sscanf(out, "{\"id\":\"%36s", source);
    sim_embed_control("POST", "webhook", "{\"url\":\"x:\",\"token\":\"s\",\"active\":true}", &ok);
    for (i = 0; i < npages; i++) {
        snprintf(
            in, sizeof(in),
            "{\"data_source\":\"%s\",\"properties\":{\"Name\":\"Record %d\",\"Text\":\"some text\","
            "\"N\":%d.5,\"S\":\"a\",\"M\":[\"x\",\"z\"],\"D\":\"2026-01-02\",\"C\":true}}",
            source, i, i);
        out = sim_embed_control("POST", "page", in, &ok);
        sscanf(out, "{\"id\":\"%36s", pages[i]);
    }
}

static void ask(const char *method, const char *path, const char *in)
{
    sim_embed_request(method, path, NULL, "ntn_sim_token", "2026-03-11", in, in ? strlen(in) : 0,
                      NULL);
    now += 7;
    sim_embed_tick();
}

static void report(const char *what, double begun, long n)
{
    printf("%-24s %9.0f a second\n", what, (double)n / (seconds() - begun));
}

int main(void)
{
    const sim_embed_host_t host = { clock_now, answered, NULL, NULL };
    const int n = 50000;
    double begun;
    char path[128], in[256];
    int i;

    sim_embed_open(&host);
    make_world(20);
    begun = seconds();
    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "/v1/pages/%s", pages[i % 20]);
        ask("GET", path, NULL);
    }
    report("page reads", begun, n);
    begun = seconds();
    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "/v1/pages/%s", pages[i % 20]);
        snprintf(in, sizeof(in),
                 "{\"properties\":{\"N\":{\"number\":%d},\"S\":{\"select\":{\"name\":\"b\"}}}}", i);
        ask("PATCH", path, in);
    }
    report("page updates", begun, n);
    begun = seconds();
    for (i = 0; i < n / 10; i++) {
        snprintf(path, sizeof(path), "/v1/data_sources/%s/query", source);
        ask("POST", path,
            "{\"sorts\":[{\"timestamp\":\"last_edited_time\",\"direction\":\"ascending\"}]}");
    }
    report("queries of 20 rows", begun, n / 10);
    begun = seconds();
    for (i = 0; i < n / 10; i++) {
        make_world(0);
    }
    report("empty worlds", begun, n / 10);
    begun = seconds();
    for (i = 0; i < n / 10; i++) {
        make_world(20);
    }
    report("worlds of 20 pages", begun, n / 10);
    sim_embed_reset(NULL);
    if (wrong) {
        printf("%ld of %ld answers were not 200\n", wrong, answers);
    }
    return wrong != 0;
}
