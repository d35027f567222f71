/* Webhook subscriptions, the queue of events on their way to them, and the log of what became of each.
 * With the world's lock held. */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include "sim_world.h"

typedef struct sim_sub_t {
    sim_id_t id;
    char *url;
    char *secret;      /* the verification token */
    sim_token_t *conn; /* whose connection it belongs to */
    int active;
    int removed;
    char **types; /* wanted event types; NULL: all */
    size_t ntypes;
    sim_ms_t handshake_ms; /* 0: none was sent */
    long handshake_status;
} sim_sub_t;

typedef struct sim_attempt_t {
    sim_ms_t sent_ms;
    int64_t took_ms;
    long status; /* 0: no answer */
    char error[64];
} sim_attempt_t;

typedef enum sim_event_state_t {
    SIM_E_QUEUED,
    SIM_E_SENDING,
    SIM_E_DELIVERED,
    SIM_E_RETRYING,
    SIM_E_FAILED,
    SIM_E_LOST,
    SIM_E_PAUSED
} sim_event_state_t;

typedef struct sim_event_t {
    int64_t seq;
    char id[SIM_ID_TEXT];
    const char *type;
    sim_id_t entity;
    sim_sub_t *sub;
    sim_event_state_t state;
    sim_ms_t created_ms;
    sim_ms_t due_ms;
    char *body;
    size_t body_len;
    size_t digit; /* where the attempt number stands in the body */
    sim_attempt_t *attempts;
    int nattempts;
    int logged; /* still in the log */
    int orphan; /* of a world that is gone */
} sim_event_t;

/* what an event is about, ready to be told to each subscription */
typedef struct sim_news_t {
    const char *type; /* a constant */
    const char *entity_type;
    sim_id_t entity;
    sim_ms_t when;
    const char *authors; /* JSON */
    const char *data;    /* JSON */
    const sim_ds_t *ds;  /* must be visible to the subscriber */
} sim_news_t;

sim_sub_t *sim_sub_add(const char *url, const char *secret, sim_token_t *conn, int active);
sim_sub_t *sim_sub_find(const sim_id_t *id);
sim_sub_t *sim_sub_first(void); /* not removed; NULL if none */
sim_sub_t *sim_sub_by_secret(const char *secret);
size_t sim_sub_remove(const sim_id_t *id); /* NULL: all; how many */
void sim_sub_json(sim_buf_t *b, const sim_sub_t *s);
void sim_subs_json(sim_buf_t *b);

void sim_event_tell(const sim_news_t *news);
/* the next event that is due, now being sent; NULL if there is none */
sim_event_t *sim_event_take(sim_ms_t now);
/* status 0 with an error text: no answer */
void sim_event_done(sim_event_t *e, long status, const char *error, int64_t took_ms);
sim_ms_t sim_event_due(void);   /* INT64_MAX if none */
size_t sim_event_pending(void); /* queued, being sent, or to be retried */
void sim_event_hurry(void);     /* makes all due */
void sim_event_reset(void);
void sim_event_clear_log(void);
void sim_event_log_json(sim_buf_t *b, int64_t since, int64_t limit);

#endif
