/* hookload - sends signed webhooks over kept connections, as fast as each is answered.
 *
 *   hookload PORT PATH CONNECTIONS SECONDS SECRET DATA-SOURCE
 *
 * Each event is new (its own id) and names one of a thousand pages. Prints one line of JSON: what was answered with
 * 200 and with anything else, and how long an answer took.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SAMPLES_MAX 2000000
#define CONNECTIONS_MAX 256
#define PAGES 1000

typedef struct job_t {
    pthread_t thread;
    int number;
    unsigned long good, bad;
    float *took_ms;
    size_t samples;
    unsigned long long seed;
} job_t;

static int port;
static const char *path;
static const char *secret;
static const char *source;
static double end_at;
static size_t samples_max;

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "hookload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned long long next_random(job_t *job)
{
    job->seed ^= job->seed << 13;
    job->seed ^= job->seed >> 7;
    job->seed ^= job->seed << 17;
    return job->seed;
}

static int connect_to(void)
{
    struct sockaddr_in to = { 0 };
    int one = 1;
    int s = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_family = AF_INET;
    to.sin_port = htons((unsigned short)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)) != 0) {
        die("connect");
    }
    (void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return s;
}

static int make_body(char *body, size_t room, job_t *job)
{
    unsigned long long a = next_random(job), b = next_random(job);
    char at[40];
    char second[32];
    struct timespec t;
    struct tm tm;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    (void)gmtime_r(&t.tv_sec, &tm);
    (void)strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(at, sizeof(at), "%s.%03dZ", second, (int)(t.tv_nsec / 1000000));
    return snprintf(
        body, room,
        "{\"id\":\"%08llx-%04llx-4%03llx-8%03llx-%012llx\",\"timestamp\":\"%s\","
        "\"workspace_id\":\"00000000-0000-4000-8000-000000000001\",\"workspace_name\":\"Acme\","
        "\"subscription_id\":\"00000000-0000-4000-8000-000000000002\","
        "\"integration_id\":\"00000000-0000-4000-8000-000000000003\","
        "\"authors\":[{\"id\":\"00000000-0000-4000-8000-000000000004\",\"type\":\"person\"}],"
        "\"attempt_number\":1,\"api_version\":\"2026-03-11\","
        "\"entity\":{\"id\":\"10000000-0000-4000-8000-%012llx\",\"type\":\"page\"},"
        "\"type\":\"page.properties_updated\",\"data\":{\"parent\":{"
        "\"id\":\"00000000-0000-4000-8000-000000000005\",\"type\":\"database\","
        "\"data_source_id\":\"%s\"},\"updated_properties\":[\"title\"]}}",
        a & 0xffffffffULL, (a >> 32) & 0xffffULL, (a >> 48) & 0xfffULL, b & 0xfffULL, b >> 16, at,
        next_random(job) % PAGES, source);
}

static int make_request(char *out, size_t room, job_t *job)
{
    static const char digits[] = "0123456789abcdef";
    char body[2048];
    char hex[65];
    unsigned char mac[32];
    unsigned mac_len = sizeof(mac), i;
    int len = make_body(body, sizeof(body), job);

    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, (size_t)len,
              mac, &mac_len)) {
        die("HMAC");
    }
    for (i = 0; i < mac_len; i++) {
        hex[2 * i] = digits[mac[i] >> 4];
        hex[2 * i + 1] = digits[mac[i] & 15];
    }
    hex[64] = '\0';
    return snprintf(out, room,
                    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                    "X-Notion-Signature: sha256=%s\r\nContent-Length: %d\r\n\r\n%s",
                    path, port, hex, len, body);
}

/* One answer, whose length is told; its status, 0 if the connection is gone. */
static int read_answer(int s)
{
    char buffer[8192];
    size_t have = 0;

    for (;;) {
        ssize_t n = read(s, buffer + have, sizeof(buffer) - 1 - have);
        const char *head_end, *length;

        if (n <= 0) {
            return 0;
        }
        have += (size_t)n;
        buffer[have] = '\0';
        head_end = strstr(buffer, "\r\n\r\n");
        length = strstr(buffer, "Content-Length: ");
        if (head_end && length &&
            have >= (size_t)(head_end + 4 - buffer) + strtoul(length + 16, NULL, 10)) {
            return (int)strtol(buffer + 9, NULL, 10);
        }
    }
}

static void *run(void *baton)
{
    job_t *job = baton;
    char request[4096];
    int s = connect_to();

    while (now() < end_at) {
        int len = make_request(request, sizeof(request), job);
        double start = now();
        int status;

        if (write(s, request, (size_t)len) != len) {
            status = 0;
        }
        else {
            status = read_answer(s);
        }
        if (status == 200) {
            job->good++;
            if (job->samples < samples_max) {
                job->took_ms[job->samples++] = (float)((now() - start) * 1000);
            }
        }
        else {
            job->bad++;
            (void)close(s);
            s = connect_to();
        }
    }
    (void)close(s);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void print_result(const job_t *jobs, int count, double seconds)
{
    float *all = malloc(SAMPLES_MAX * sizeof(*all));
    size_t n = 0;
    unsigned long good = 0, bad = 0;
    int i;

    if (!all) {
        die("malloc");
    }
    for (i = 0; i < count; i++) {
        memcpy(all + n, jobs[i].took_ms, jobs[i].samples * sizeof(*all));
        n += jobs[i].samples;
        good += jobs[i].good;
        bad += jobs[i].bad;
    }
    qsort(all, n, sizeof(*all), compare);
    printf(
        "{\"good\":%lu,\"bad\":%lu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
        "\"max_ms\":%.3f}\n",
        good, bad, seconds, (double)good / seconds, n ? (double)all[n / 2] : 0.0,
        n ? (double)all[n * 99 / 100] : 0.0, n ? (double)all[n - 1] : 0.0);
    free(all);
}

int main(int argc, char **argv)
{
    static job_t jobs[CONNECTIONS_MAX];
    double start;
    int count, i;

    if (argc != 7) {
        fprintf(stderr, "usage: hookload PORT PATH CONNECTIONS SECONDS SECRET DATA-SOURCE\n");
        return 2;
    }
    port = (int)strtol(argv[1], NULL, 10);
    path = argv[2];
    count = (int)strtol(argv[3], NULL, 10);
    secret = argv[5];
    source = argv[6];
    if (count < 1 || count > CONNECTIONS_MAX) {
        fprintf(stderr, "hookload: 1 to %d connections\n", CONNECTIONS_MAX);
        return 2;
    }
    samples_max = SAMPLES_MAX / (size_t)count;
    start = now();
    end_at = start + strtod(argv[4], NULL);
    for (i = 0; i < count; i++) {
        jobs[i].number = i;
        jobs[i].seed = (unsigned long long)(start * 1e9) * 2654435761ULL + (unsigned)i * 7919U + 1;
        jobs[i].took_ms = malloc(samples_max * sizeof(float));
        if (!jobs[i].took_ms || pthread_create(&jobs[i].thread, NULL, run, &jobs[i]) != 0) {
            die("thread");
        }
    }
    for (i = 0; i < count; i++) {
        (void)pthread_join(jobs[i].thread, NULL);
    }
    print_result(jobs, count, now() - start);
    return 0;
}
