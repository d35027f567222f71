/* The simulator inside a test, under the test's own time.  One thread, and one world that is awake; a second may sleep beside it
 * (sim_embed_enter).  Nothing here waits: what takes time becomes due, and happens in sim_embed_tick. */
#ifndef SIM_EMBED_H
#define SIM_EMBED_H

#include "sim_event.h"
#include "sim_req.h"

/* who embeds it; all but now may be NULL */
typedef struct sim_embed_host_t {
    /* the service's clock: milliseconds since 1970 */
    sim_ms_t (*now)(void);
    /* the answer of q leaves now: status and out, or an ending.  q is the host's from here on: sim_req_free */
    void (*answered)(sim_req_t *q);
    /* q was performed (or refused for its own faults) at this moment; late: its answer has left before */
    void (*performed)(sim_req_t *q, int late);
    /* an event sets out now: url, body and secret are in e.  The host calls sim_event_done when the receiver has answered,
     * which may be at once */
    void (*deliver)(sim_event_t *e);
} sim_embed_host_t;

/* once, before anything else; the host's struct is copied */
void sim_embed_open(const sim_embed_host_t *host);
/* an empty world with these settings over the defaults (JSON, may be NULL); what is wrong with them, or NULL.  Requests
 * under way are dropped without an answer */
const char *sim_embed_reset(const char *settings);

/* From now on all of the simulator is that one of SIM_EMBED_WORLDS: every function of these headers, sim_w and sim_set.  The first
 * is awake at first; another one begins with sim_embed_reset.  The host is one for all, and knows whom it has woken.  What
 * sim_embed_control said last is not kept */
enum { SIM_EMBED_WORLDS = 2 };
void sim_embed_enter(int which);

/* a request arrives.  Its headers are those three; query and body may be NULL.  ctx is kept in q->ctx for the host.
 * A connection that the client gives up: sim_embed_forget, the request itself goes on */
sim_req_t *sim_embed_request(const char *method, const char *path, const char *query,
                             const char *bearer, const char *version, const char *body, size_t len,
                             void *ctx);
void sim_embed_forget(sim_req_t *q);

/* when something is due next; INT64_MAX: never */
sim_ms_t sim_embed_due(void);
/* all that is due by now happens, in order */
void sim_embed_tick(void);

/* the control interface (README.md), "POST", "page" and so on; NULL body: none.  The answer's JSON is valid until the next
 * call; *ok says whether it went well */
const char *sim_embed_control(const char *method, const char *what, const char *body, int *ok);

#endif
