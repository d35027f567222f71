/* ut_net.c - what became of a request is told truthfully, and no request is sent twice. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/nts_net.h"
#include "tap/tap.h"
#include "ut_net_server.h"

static apr_pool_t *pool;
static nts_net_t *net;
static int port;

static const char *url_of(const char *path)
{
    return apr_psprintf(pool, "http://127.0.0.1:%d%s", port, path);
}

static void keep_answer(void *baton, const nts_http_answer_t *answer)
{
    *(const nts_http_answer_t **)baton = answer;
}

static const nts_http_answer_t *exchange(const nts_http_request_t *request)
{
    const nts_http_answer_t *answer = NULL;

    nts_net_start(net, request, keep_answer, &answer, pool);
    while (!answer && nts_net_poll(net, NULL, 0, apr_time_from_sec(10)) == APR_SUCCESS) {
    }
    return answer;
}

static nts_http_request_t request_for(const char *method, const char *path)
{
    nts_http_request_t request;

    memset(&request, 0, sizeof(request));
    request.method = method;
    request.url = url_of(path);
    if (strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0) {
        request.body = "{\"a\":1}";
        request.body_len = 7;
    }
    return request;
}

static const nts_http_answer_t *fetch(const char *method, const char *path)
{
    nts_http_request_t request = request_for(method, path);

    return exchange(&request);
}

static void answers_arrive_and_connections_are_kept(void)
{
    const nts_http_answer_t *a = fetch("GET", "/ok");
    const char *first;

    tap_int(a->transport, NTS_HTTP_ANSWERED, "a GET is answered");
    tap_int(a->status, 200, "its status");
    first = a->body;
    tap_ok(strstr(first, " GET -") != NULL, "its body: %s", first);
    tap_int(a->body_len, strlen(first), "and length");
    tap_ok(a->sent_at > 0 && a->answered_at >= a->sent_at, "the times");
    a = fetch("POST", "/ok");
    tap_ok(strstr(a->body, " POST {\"a\":1}") != NULL, "a POST carries its body: %s", a->body);
    a = fetch("PATCH", "/ok");
    tap_ok(strstr(a->body, " PATCH {\"a\":1}") != NULL, "a PATCH too: %s", a->body);
    a = fetch("DELETE", "/ok");
    tap_ok(strstr(a->body, " DELETE -") != NULL, "a DELETE has none: %s", a->body);
    tap_int(atoi(a->body), atoi(first), "all on one connection");
    a = fetch("GET", "/chunked");
    tap_str(a->body, "hello world", "chunks");
    a = fetch("GET", "/error");
    tap_int(a->transport, NTS_HTTP_ANSWERED, "an error status is an answer");
    tap_int(a->status, 503, "its status");
    tap_str(a->body, "busy", "its body");
    tap_str(nts_http_header(a, "retry-AFTER"), "7", "its headers, by any case");
    tap_ok(nts_http_header(a, "X-None") == NULL, "and no others");
    a = fetch("GET", "/hints");
    tap_ok(nts_http_header(a, "X-Early") == NULL, "headers of a 1xx are not the answer's");
    tap_str(nts_http_header(a, "X-Late"), "a ? b", "a value is trimmed and made UTF-8");
    tap_str(a->body, "", "no body is an empty one");
    tap_int(server_seen->connections, 1, "still one connection");
}

static void what_is_sent_is_what_was_asked_for(void)
{
    static const nts_http_header_t headers[] = {
        { "Authorization", "Bearer x" },
        { "Content-Type", "application/json" },
        { "X-Empty", "" },
    };
    nts_http_request_t request = request_for("POST", "/raw");
    const nts_http_answer_t *a;

    request.headers = headers;
    request.header_count = 3;
    a = exchange(&request);
    tap_ok(strstr(a->body, "\r\nAuthorization: Bearer x\r\n") != NULL, "a header");
    tap_ok(strstr(a->body, "\r\nContent-Type: application/json\r\n") != NULL, "its own type");
    tap_ok(strstr(a->body, "\r\nX-Empty:\r\n") != NULL, "an empty header");
    tap_ok(strstr(a->body, "\r\nUser-Agent: test/1\r\n") != NULL, "the user agent");
    tap_ok(strstr(a->body, "Expect:") == NULL, "no waiting for 100 Continue");
    a = fetch("GET", "/raw");
    tap_ok(strstr(a->body, "Authorization") == NULL, "nothing of the last request stays");
    tap_ok(strstr(a->body, "Content-Type") == NULL, "no type without a body");
    request = request_for("POST", "/raw");
    request.body = NULL;
    a = exchange(&request);
    tap_ok(strstr(a->body, "\r\nContent-Length: 0\r\n") != NULL, "a POST without a body says so");
}

static void failures_after_sending_are_of_unknown_fate(void)
{
    static const struct {
        const char *path;
        apr_size_t max_answer;
        const char *words;
    } cases[] = {
        { "/cut", 0, "" },
        { "/truncated", 0, "" },
        { "/chunk-cut", 0, "" },
        { "/garbage", 0, "" },
        { "/big", 1000, "the answer is larger than 1000 bytes" },
        { "/big-unannounced", 100000, "the answer is larger than 100000 bytes" },
        { "/many-headers", 0, "the answer has too many headers" },
    };
    nts_http_request_t request;
    const nts_http_answer_t *a;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request = request_for("POST", cases[i].path);
        request.max_answer = cases[i].max_answer;
        a = exchange(&request);
        tap_int(a->transport, NTS_HTTP_FATE_UNKNOWN, "%s: %s", cases[i].path, a->words);
        tap_ok(strncmp(a->words, cases[i].words, strlen(cases[i].words)) == 0, "in words");
        tap_int(a->body_len, 0, "without half a body");
    }
    request = request_for("GET", "/slow");
    request.timeout = apr_time_from_sec(2);
    a = exchange(&request);
    tap_int(a->transport, NTS_HTTP_FATE_UNKNOWN, "/slow: %s", a->words);
    tap_ok(a->answered_at - a->sent_at < apr_time_from_sec(50), "after its own time-out");
    request = request_for("GET", "/big");
    request.max_answer = 256 * 4096;
    a = exchange(&request);
    tap_int(a->body_len, 256 * 4096, "exactly as large as allowed is not too large");
}

static void nothing_is_sent_twice(void)
{
    static const char *const methods[] = { "GET", "POST", "DELETE" };
    const nts_http_answer_t *a;
    size_t i;
    int requests;
    int connections;

    for (i = 0; i < 3; i++) {
        a = fetch("GET", "/ok");
        requests = server_seen->requests;
        connections = server_seen->connections;
        a = fetch(methods[i], "/cut");
        tap_int(a->transport, NTS_HTTP_FATE_UNKNOWN, "a %s cut on a kept connection: %s",
                methods[i], a->words);
        tap_int(server_seen->requests - requests, 1, "reached the server once");
        tap_int(nts_net_active(net), 0, "and is over");
    }
    a = fetch("GET", "/ok-then-close");
    while (!server_seen->is_closed[atoi(a->body)]) {
        (void)usleep(1000);
    }
    requests = server_seen->requests;
    connections = server_seen->connections;
    a = fetch("POST", "/ok");
    tap_int(a->transport, NTS_HTTP_ANSWERED, "a kept connection found closed is replaced");
    tap_int(server_seen->requests - requests, 1, "the request is sent once");
    tap_int(server_seen->connections - connections, 1, "on a new connection");
}

static void redirects_are_answers(void)
{
    int requests = server_seen->requests;
    const nts_http_answer_t *a = fetch("POST", "/redirect");

    tap_int(a->status, 302, "a redirect is handed over");
    tap_str(nts_http_header(a, "Location"), "/ok", "with its target");
    tap_int(server_seen->requests - requests, 1, "and not followed");
}

/* A port of this machine on which nobody listens. */
static int closed_port(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)bind(fd, (struct sockaddr *)&address, len);
    (void)getsockname(fd, (struct sockaddr *)&address, &len);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void failures_before_sending_are_known_as_such(void)
{
    const struct {
        const char *url;
        const char *words; /* how they begin */
    } cases[] = {
        { apr_psprintf(pool, "http://127.0.0.1:%d/ok", closed_port()), "" },
        { apr_psprintf(pool, "https://127.0.0.1:%d/ok", port), "" },
        { "https://nobody.invalid/", "" },
        { "http://notion.example/", "http without TLS" },
        { "http://127.example.com/", "http without TLS" },
        { "http://[::ffff:127.0.0.1]/", "http without TLS" },
        { "ftp://127.0.0.1/", "the address needs https" },
        { "file:///etc/passwd", "the address " },
        { "https://user:pass@127.0.0.1/", "credentials in the address" },
        { "not an address", "the address cannot be read" },
        { "", "the address cannot be read" },
    };
    static const nts_http_header_t injected = { "X-A", "b\r\nX-C: d" };
    int requests = server_seen->requests;
    nts_http_request_t request = request_for("GET", "/ok");
    const nts_http_answer_t *a;
    size_t i;

    request.timeout = apr_time_from_msec(700);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request.url = cases[i].url;
        a = exchange(&request);
        tap_int(a->transport, NTS_HTTP_NOT_SENT, "%s: %s", cases[i].url, a->words);
        tap_ok(strncmp(a->words, cases[i].words, strlen(cases[i].words)) == 0, "in words");
    }
    request = request_for("GET", "/ok");
    request.headers = &injected;
    request.header_count = 1;
    tap_int(exchange(&request)->transport, NTS_HTTP_NOT_SENT, "a header with a line break");
    request = request_for("GET", "/ok");
    request.method = "GET / HTTP/1.1\r\nX:";
    tap_int(exchange(&request)->transport, NTS_HTTP_NOT_SENT, "a method that is none");
    tap_int(server_seen->requests, requests, "the server saw none of these");
    request = request_for("GET", "/ok");
    request.url = apr_psprintf(pool, "http://localhost:%d/ok", port);
    tap_int(exchange(&request)->transport, NTS_HTTP_ANSWERED, "localhost is this machine");
}

typedef struct chain_t {
    nts_http_request_t request;
    int done;
    int left;
} chain_t;

static void next_of_chain(void *baton, const nts_http_answer_t *answer)
{
    chain_t *chain = baton;

    chain->done += answer->transport == NTS_HTTP_ANSWERED;
    if (chain->left-- > 0) {
        nts_net_start(net, &chain->request, next_of_chain, chain, pool);
    }
}

static void exchanges_run_side_by_side(void)
{
    chain_t chain;
    int i;

    memset(&chain, 0, sizeof(chain));
    chain.request = request_for("GET", "/ok");
    chain.left = 60;
    for (i = 0; i < 40; i++) {
        nts_net_start(net, &chain.request, next_of_chain, &chain, pool);
    }
    tap_int(nts_net_active(net), 40, "forty are under way");
    while (nts_net_active(net) > 0) {
        (void)nts_net_poll(net, NULL, 0, apr_time_from_sec(10));
    }
    tap_int(chain.done, 100, "their callbacks start sixty more, all are answered");
}

static void a_pool_breaks_its_exchange_off(void)
{
    const nts_http_answer_t *answer = NULL;
    nts_http_request_t request = request_for("GET", "/slow");
    nts_http_request_t refused = request;
    apr_pool_t *short_lived;
    int i;

    apr_pool_create(&short_lived, pool);
    refused.url = "gopher://x";
    nts_net_start(net, &request, keep_answer, &answer, short_lived);
    nts_net_start(net, &refused, keep_answer, &answer, short_lived);
    (void)nts_net_poll(net, NULL, 0, 0);
    answer = NULL;
    nts_net_start(net, &refused, keep_answer, &answer, short_lived);
    apr_pool_destroy(short_lived);
    tap_int(nts_net_active(net), 0, "nothing is under way any more");
    for (i = 0; i < 3; i++) {
        (void)nts_net_poll(net, NULL, 0, 1000);
    }
    tap_ok(answer == NULL, "and nobody is called");
    tap_int(fetch("GET", "/ok")->transport, NTS_HTTP_ANSWERED, "others go on");
}

static void other_descriptors_end_the_wait(void)
{
    struct pollfd fds[2];
    int ends[2];

    if (!tap_int(pipe(ends), 0, "a pipe")) {
        return;
    }
    fds[0].fd = ends[0];
    fds[0].events = POLLIN;
    fds[1].fd = ends[1];
    fds[1].events = POLLOUT;
    (void)nts_net_poll(net, fds, 1, 1000);
    tap_int(fds[0].revents, 0, "nothing to read");
    (void)nts_net_poll(net, fds, 2, apr_time_from_sec(100));
    tap_int(fds[1].revents, POLLOUT, "room to write ends the wait");
    (void)!write(ends[1], "x", 1);
    (void)nts_net_poll(net, fds, 1, apr_time_from_sec(100));
    tap_int(fds[0].revents, POLLIN, "something to read does");
    (void)!read(ends[0], fds + 1, 1);
    (void)close(ends[1]);
    (void)nts_net_poll(net, fds, 1, apr_time_from_sec(100));
    tap_int(fds[0].revents, POLLHUP, "the end of a pipe does, and is told");
    (void)close(ends[0]);
    nts_net_wakeup(net);
    tap_int(nts_net_poll(net, NULL, 0, -1), APR_SUCCESS, "and a wake-up");
}

static void the_environment_decides_nothing(void)
{
    nts_http_request_t request = request_for("GET", "/ok");

    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    tap_int(exchange(&request)->transport, NTS_HTTP_ANSWERED, "no proxy of the environment");
    nts_net_set_proxy(net, apr_psprintf(pool, "http://127.0.0.1:%d", port));
    tap_int(exchange(&request)->transport, NTS_HTTP_ANSWERED, "none for this machine");
    request.url = "http://elsewhere.example/x";
    request.allow_http = 1;
    tap_int(exchange(&request)->transport, NTS_HTTP_FATE_UNKNOWN, "the configured one elsewhere");
    nts_net_set_proxy(net, NULL);
}

static void nothing_is_left_behind(void)
{
    const nts_http_answer_t *answer = NULL;
    nts_http_request_t request = request_for("GET", "/slow");

    nts_net_start(net, &request, keep_answer, &answer, pool);
    (void)nts_net_poll(net, NULL, 0, 0);
    nts_net_destroy(net);
    tap_ok(answer == NULL, "destroyed with an exchange under way, which nobody hears of");
    tap_int(nts_net_create(&net, &nts_clock_system, "test/2", pool), APR_SUCCESS, "and made anew");
    tap_int(fetch("GET", "/ok")->status, 200, "it works");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    port = server_start();
    if (!tap_ok(port > 0, "a server on port %d", port) ||
        !tap_int(nts_net_create(&net, &nts_clock_system, "test/1", pool), APR_SUCCESS, "a net")) {
        return tap_done();
    }
    tap_diag("%s", nts_net_version());
    answers_arrive_and_connections_are_kept();
    what_is_sent_is_what_was_asked_for();
    failures_after_sending_are_of_unknown_fate();
    nothing_is_sent_twice();
    redirects_are_answers();
    failures_before_sending_are_known_as_such();
    exchanges_run_side_by_side();
    a_pool_breaks_its_exchange_off();
    other_descriptors_end_the_wait();
    the_environment_decides_nothing();
    nothing_is_left_behind();
    server_stop();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
