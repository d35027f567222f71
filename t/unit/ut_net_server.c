/* ut_net_server.c - one process that accepts, and one for each connection. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ut_net_server.h"

volatile server_seen_t *server_seen;
static pid_t server_pid;

typedef struct request_t {
    char text[65536]; /* head and body */
    size_t len;
    size_t head_len;
    char method[16];
    char path[128];
} request_t;

static void say(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n <= 0) {
            _exit(0);
        }
        text += n;
        len -= (size_t)n;
    }
}

static void say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

/* 0: the client has gone. */
static int read_request(int fd, request_t *r)
{
    size_t wanted = 0;

    r->len = 0;
    r->head_len = 0;
    while (r->head_len == 0 || r->len < r->head_len + wanted) {
        ssize_t n = read(fd, r->text + r->len, sizeof(r->text) - 1 - r->len);
        const char *end;

        if (n <= 0) {
            return 0;
        }
        r->len += (size_t)n;
        r->text[r->len] = '\0';
        end = strstr(r->text, "\r\n\r\n");
        if (r->head_len == 0 && end) {
            const char *length = strstr(r->text, "Content-Length: ");

            r->head_len = (size_t)(end + 4 - r->text);
            wanted = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
        }
    }
    return sscanf(r->text, "%15s %127s", r->method, r->path) == 2;
}

static void say_length(int fd, const char *status, size_t len)
{
    char head[200];

    (void)snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, len);
    say_text(fd, head);
}

/* What this connection is, the method and the body, for the test to compare. */
static void say_ok(int fd, const request_t *r, int number)
{
    char body[1000];
    int len = snprintf(body, sizeof(body), "%d %s %s", number, r->method,
                       r->len > r->head_len ? r->text + r->head_len : "-");

    say_length(fd, "200 OK", (size_t)len);
    say(fd, body, (size_t)len);
}

static void say_many_headers(int fd)
{
    int i;

    say_text(fd, "HTTP/1.1 200 OK\r\n");
    for (i = 0; i < 2000; i++) {
        say_text(fd, "X-Filler: ........................................................\r\n");
    }
    say_text(fd, "Content-Length: 0\r\n\r\n");
}

static void say_big(int fd, int is_announced)
{
    char block[4096];
    int i;

    memset(block, 'x', sizeof(block));
    if (is_announced) {
        say_length(fd, "200 OK", 256 * sizeof(block));
    }
    else {
        say_text(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    }
    for (i = 0; i < 256; i++) {
        say(fd, block, sizeof(block));
    }
}

/* 0: close the connection. */
static int answer(int fd, const request_t *r, int number)
{
    if (strcmp(r->path, "/ok") == 0) {
        say_ok(fd, r, number);
    }
    else if (strcmp(r->path, "/raw") == 0) {
        say_length(fd, "200 OK", r->len);
        say(fd, r->text, r->len);
    }
    else if (strcmp(r->path, "/ok-then-close") == 0) {
        say_ok(fd, r, number);
        return 0;
    }
    else if (strcmp(r->path, "/truncated") == 0) {
        say_length(fd, "200 OK", 100);
        say_text(fd, "only this");
        return 0;
    }
    else if (strcmp(r->path, "/chunked") == 0) {
        say_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    }
    else if (strcmp(r->path, "/chunk-cut") == 0) {
        say_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        return 0;
    }
    else if (strcmp(r->path, "/slow") == 0) {
        (void)sleep(60);
        return 0;
    }
    else if (strcmp(r->path, "/big") == 0) {
        say_big(fd, 1);
    }
    else if (strcmp(r->path, "/big-unannounced") == 0) {
        say_big(fd, 0);
        return 0;
    }
    else if (strcmp(r->path, "/redirect") == 0) {
        say_text(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    }
    else if (strcmp(r->path, "/many-headers") == 0) {
        say_many_headers(fd);
    }
    else if (strcmp(r->path, "/hints") == 0) {
        say_text(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
                     "X-Late:   a \xff b  \r\nContent-Length: 0\r\n\r\n");
    }
    else if (strcmp(r->path, "/error") == 0) {
        say_text(fd, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
    }
    else if (strcmp(r->path, "/garbage") == 0) {
        say_text(fd, "SSH-2.0-OpenSSH_9.2\r\n");
        return 0;
    }
    else {
        return 0; /* "/cut" */
    }
    return 1;
}

static void serve_connection(int fd, int number)
{
    static request_t request;

    while (read_request(fd, &request)) {
        (void)__sync_add_and_fetch(&server_seen->requests, 1);
        if (!answer(fd, &request, number)) {
            break;
        }
    }
    /* The process that accepts may not have closed its copy yet. */
    (void)shutdown(fd, SHUT_RDWR);
    (void)close(fd);
    server_seen->is_closed[number % SERVER_CONNECTIONS] = 1;
    _exit(0);
}

static void serve(int listener)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0) {
            int number = __sync_add_and_fetch(&server_seen->connections, 1);

            if (fork() == 0) {
                serve_connection(fd, number);
            }
            (void)close(fd);
        }
    }
}

int server_start(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    server_seen =
        mmap(NULL, sizeof(*server_seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server_seen == MAP_FAILED || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 100) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    server_pid = fork();
    if (server_pid == 0) {
        (void)setpgid(0, 0);
        (void)signal(SIGCHLD, SIG_IGN);
        serve(listener);
    }
    (void)setpgid(server_pid, server_pid);
    (void)close(listener);
    return ntohs(address.sin_port);
}

void server_stop(void)
{
    (void)kill(-server_pid, SIGKILL);
    (void)waitpid(server_pid, NULL, 0);
}
