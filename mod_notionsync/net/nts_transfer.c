/* nts_transfer.c - one exchange: what libcurl is told, what it hands over, and what became of it. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "net/nts_net_impl.h"

#define CONNECT_TIMEOUT_MS 10000L
#define DEFAULT_TIMEOUT apr_time_from_sec(60)
#define DEFAULT_MAX_ANSWER ((apr_size_t)16 << 20)
#define HEADER_BYTES_MAX ((apr_size_t)64 << 10)
/* A server that takes its time before it answers is slow too, so this is no less than the usual
 * time-out: it is there for the exchanges that are allowed longer. */
#define LOW_SPEED_BYTES 100L
#define LOW_SPEED_SECONDS 60L
#define KEPT_SECONDS 45L

static apr_size_t max_answer(const nts_transfer_t *x)
{
    return x->request->max_answer ? x->request->max_answer : DEFAULT_MAX_ANSWER;
}

/* --- what libcurl calls */

/* Called when the connection stands, before the request is sent: until then nothing can have been
 * seen by the server. libcurl comes here again when a kept connection died without an answer and it
 * means to repeat the request; it may, if not one byte had gone out. */
static int on_send(void *baton, char *ip, char *local_ip, int port, int local_port)
{
    nts_transfer_t *x = baton;
    long sent_bytes = 1;

    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    if (x->sends > 0 &&
        (curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent_bytes) != CURLE_OK ||
         sent_bytes > 0)) {
        x->broken_off = "the connection was closed before an answer came";
        return CURL_PREREQFUNC_ABORT;
    }
    x->sends++;
    return CURL_PREREQFUNC_OK;
}

/* A header's value as the rest of the library expects texts. */
static const char *text_of(const char *bytes, apr_size_t len, apr_pool_t *p)
{
    char *text = apr_pstrmemdup(p, bytes, len);
    apr_size_t at = 0;

    while (at < len) {
        apr_size_t step = nts_utf8_sequence(text + at, len - at);

        if (step == 0) {
            text[at] = '?';
            step = 1;
        }
        at += step;
    }
    return text;
}

static size_t on_header(char *line, size_t size, size_t count, void *baton)
{
    nts_transfer_t *x = baton;
    apr_size_t len = size * count;
    const char *end = line + len;
    const char *colon;
    nts_http_header_t *header;

    x->header_bytes += len;
    if (x->header_bytes > HEADER_BYTES_MAX) {
        x->broken_off = "the answer has too many headers";
        return 0;
    }
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        x->headers->nelts = 0; /* what came before belongs to a 1xx answer or to a proxy */
        return len;
    }
    while (end > line && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ')) {
        end--;
    }
    colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || *line == ' ' || *line == '\t') {
        return len; /* the empty line, or a folded one, which HTTP has given up */
    }
    header = apr_array_push(x->headers);
    header->name = text_of(line, (apr_size_t)(colon - line), x->p);
    do {
        colon++;
    } while (colon < end && (*colon == ' ' || *colon == '\t'));
    header->value = text_of(colon, (apr_size_t)(end - colon), x->p);
    return len;
}

/* Room for `more` bytes and a NUL. */
static int grow_body(nts_transfer_t *x, apr_size_t more)
{
    apr_size_t needed = x->answer.body_len + more + 1;
    curl_off_t announced = -1;
    char *grown;

    if (needed <= x->body_size) {
        return 1;
    }
    if (x->body_size == 0 &&
        curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced) == CURLE_OK &&
        announced > 0 && (apr_size_t)announced < max_answer(x) &&
        (apr_size_t)announced + 1 > needed) {
        needed = (apr_size_t)announced + 1;
    }
    else if (needed < 2 * x->body_size) {
        needed = 2 * x->body_size;
    }
    grown = realloc(x->body, needed);
    if (!grown) {
        return 0;
    }
    x->body = grown;
    x->body_size = needed;
    return 1;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *baton)
{
    nts_transfer_t *x = baton;
    apr_size_t len = size * count;

    if (len > max_answer(x) - x->answer.body_len) {
        x->broken_off = apr_psprintf(x->p, "the answer is larger than %" APR_SIZE_T_FMT " bytes",
                                     max_answer(x));
        return 0;
    }
    if (!grow_body(x, len)) {
        x->broken_off = "out of memory";
        return 0;
    }
    memcpy(x->body + x->answer.body_len, bytes, len);
    x->answer.body_len += len;
    x->body[x->answer.body_len] = '\0';
    return len;
}

/* --- what may be sent */

static int is_loopback(const char *host)
{
    unsigned char ipv4[4];

    /* Parsed, because "127.example.com" is a name like any other. */
    return nts_str_equal_nocase(host, "localhost") || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, ipv4) == 1 && ipv4[0] == 127);
}

/* NULL, or why this address must not be used. *scheme is "http" or "https". */
static const char *check_parts(CURLU *url, const char **scheme, int allow_http)
{
    char *text = NULL;
    char *host = NULL;
    const char *problem = NULL;

    *scheme = "https";
    if (curl_url_get(url, CURLUPART_SCHEME, &text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        problem = "the address has no scheme or no host";
    }
    else if (strcmp(text, "http") == 0) {
        *scheme = "http";
        if (!allow_http && !is_loopback(host)) {
            problem = "http without TLS is used on this machine only; the address needs https";
        }
    }
    else if (strcmp(text, "https") != 0) {
        problem = "the address needs https";
    }
    curl_free(text);
    curl_free(host);
    return problem;
}

static const char *check_url(const char *text, const char **scheme, int allow_http)
{
    CURLU *url = curl_url();
    const char *problem;
    CURLUcode code;

    if (!url) {
        return "out of memory";
    }
    code = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED) {
        problem = "credentials in the address are not sent; give them by reference";
    }
    else if (code != CURLUE_OK) {
        problem = "the address cannot be read";
    }
    else {
        problem = check_parts(url, scheme, allow_http);
    }
    curl_url_cleanup(url);
    return problem;
}

static int is_plain_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 && *text != '\t') {
            return 0;
        }
    }
    return 1;
}

static int is_method(const char *method)
{
    const char *c;

    for (c = method; *c >= 'A' && *c <= 'Z'; c++) {
    }
    return c > method && *c == '\0';
}

static const char *append_header(nts_transfer_t *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers_sent, line);

    if (!longer) {
        return "out of memory";
    }
    x->headers_sent = longer;
    return NULL;
}

static const char *prepare_headers(nts_transfer_t *x)
{
    const char *problem = NULL;
    int i;

    for (i = 0; i < x->request->header_count && !problem; i++) {
        const nts_http_header_t *h = &x->request->headers[i];

        if (!is_plain_line(h->name) || !is_plain_line(h->value)) {
            return "a header contains a line break or another control character";
        }
        /* To libcurl "Name:" means to leave a header out, and "Name;" an empty one. */
        problem = append_header(x, *h->value ? apr_pstrcat(x->p, h->name, ": ", h->value, NULL)
                                             : apr_pstrcat(x->p, h->name, ";", NULL));
    }
    if (!problem) {
        /* Waiting for "100 Continue" would cost a second with servers that do not know it. */
        problem = append_header(x, "Expect:");
    }
    return problem;
}

/* --- what libcurl is told */

#define SET(option, value) (failed |= curl_easy_setopt(x->easy, option, value) != CURLE_OK)

static int set_method(nts_transfer_t *x)
{
    const nts_http_request_t *r = x->request;
    int failed = 0;

    if (r->body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, r->body);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    }
    else if (strcmp(r->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    else if (strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0 ||
             strcmp(r->method, "PATCH") == 0) {
        SET(CURLOPT_POST, 1L); /* "Content-Length: 0" */
        SET(CURLOPT_POSTFIELDS, "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    }
    else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, r->method);
    return failed;
}

static int set_bounds(nts_transfer_t *x, const char *scheme)
{
    apr_interval_time_t timeout = x->request->timeout > 0 ? x->request->timeout : DEFAULT_TIMEOUT;
    long timeout_ms = (long)((timeout + 999) / 1000);
    int failed = 0;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS,
        timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS);
    SET(CURLOPT_TIMEOUT_MS, timeout_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, scheme);
#else
    SET(CURLOPT_PROTOCOLS, strcmp(scheme, "http") == 0 ? CURLPROTO_HTTP : CURLPROTO_HTTPS);
#endif
    SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    /* One request at a time on a connection: what became of it can be told. */
    SET(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_TCP_NODELAY, 1L);
    /* Many servers close a connection after a minute without a request; one that closes while we
     * send leaves a write of unknown fate. */
    SET(CURLOPT_MAXAGE_CONN, KEPT_SECONDS);
    /* Set even when empty, else the environment would be asked. */
    SET(CURLOPT_PROXY, x->net->proxy ? x->net->proxy : "");
    SET(CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    if (x->net->ca_file) {
        SET(CURLOPT_CAINFO, x->net->ca_file);
    }
    return failed;
}

const char *nts_transfer_prepare(nts_transfer_t *x)
{
    const char *scheme = NULL;
    const char *problem = check_url(x->request->url, &scheme, x->request->allow_http);
    int failed = 0;

    if (!problem && !is_method(x->request->method)) {
        problem = "unknown method";
    }
    if (!problem) {
        problem = prepare_headers(x);
    }
    if (problem) {
        return problem;
    }
    SET(CURLOPT_URL, x->request->url);
    SET(CURLOPT_USERAGENT, x->net->user_agent);
    SET(CURLOPT_HTTPHEADER, x->headers_sent);
    SET(CURLOPT_ACCEPT_ENCODING,
        ""); /* whatever libcurl can unpack; the cap counts unpacked bytes */
    SET(CURLOPT_ERRORBUFFER, x->error);
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_PREREQFUNCTION, on_send);
    SET(CURLOPT_PREREQDATA, x);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, x);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, x);
    failed |= set_method(x);
    failed |= set_bounds(x, scheme);
    return failed ? "libcurl refused an option" : NULL;
}

/* --- what became of it */

void nts_transfer_conclude(nts_transfer_t *x, CURLcode code)
{
    nts_http_answer_t *a = &x->answer;
    long status = 0;

    a->answered_at = x->net->clock->wall(x->net->clock->baton);
    if (code == CURLE_OK &&
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0) {
        a->transport = NTS_HTTP_ANSWERED;
        a->status = (int)status;
        a->headers = (const nts_http_header_t *)(const void *)x->headers->elts;
        a->header_count = x->headers->nelts;
        a->body = x->body ? x->body : "";
        return;
    }
    a->transport = x->sends > 0 ? NTS_HTTP_FATE_UNKNOWN : NTS_HTTP_NOT_SENT;
    a->body = "";
    a->body_len = 0;
    a->words = x->broken_off
                   ? x->broken_off
                   : apr_psprintf(x->p, "%s (libcurl %d)",
                                  x->error[0] ? x->error : curl_easy_strerror(code), (int)code);
}
