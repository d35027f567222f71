/* ut_net_server.h - a server on this machine that misbehaves as its path says. */
#ifndef UT_NET_SERVER_H
#define UT_NET_SERVER_H

#define SERVER_CONNECTIONS 1000

/** What the server has seen, shared between its processes and the test. */
typedef struct server_seen_t {
    int connections;
    int requests;
    int is_closed[SERVER_CONNECTIONS]; /* by their number, which the answer to /ok begins with */
} server_seen_t;

extern volatile server_seen_t *server_seen;

/** Starts it and answers its port; 0 if that failed. */
int server_start(void);
void server_stop(void);

#endif /* UT_NET_SERVER_H */
