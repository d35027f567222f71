/* One request to the simulator and its answer, independent of httpd. */
#ifndef SIM_REQ_H
#define SIM_REQ_H

#include "sim_error.h"
#include "sim_render.h"
#include "sim_world.h"

#define SIM_SEGMENTS 8

typedef enum sim_ending_t {
    SIM_SEND,
    SIM_CUT,     /* close the connection without an answer */
    SIM_TRUNCATE /* full length announced, half sent, closed */
} sim_ending_t;

typedef struct sim_req_t {
    /* the request; all malloc'd */
    char *method;
    char *path;   /* as sent, percent-encoded */
    char *query;  /* as sent, "" if none */
    char *bearer; /* NULL if there was none */
    char *basic;  /* of a client, as sent; NULL if there was none */
    char *version;
    char *agent; /* who says to ask: User-Agent; NULL: nobody */
    char *body;
    size_t body_len;
    int body_is_json; /* by its content type */

    /* made of it */
    char *seg[SIM_SEGMENTS]; /* decoded */
    int nseg;
    json_object *json; /* NULL: no body, or null */
    int json_bad;

    /* on the way */
    sim_token_t *token;
    const char *class;
    sim_id_t page_id;    /* the page in the path, or the one made */
    int created;         /* page_id was made by this request */
    uint32_t generation; /* of the world when it came */
    int64_t fault_id;
    const struct sim_action_t *action; /* what goes wrong with it */
    sim_ms_t came_ms;
    void *ctx; /* the host's */
    int taken; /* it holds its page against other updates */
    int short_page;

    /* the answer */
    int status;
    sim_fail_t fail;
    sim_buf_t out;
    const char *type;
    char *location;    /* of a redirect; malloc'd */
    int retry_after;   /* seconds; -1: no header */
    int no_request_id; /* as if from the edge, not from the API */
    int bad_json;      /* on purpose */
    char request_id[SIM_ID_TEXT];
    sim_ending_t ending;
} sim_req_t;

sim_req_t *sim_req_make(const char *method, const char *path, const char *query, const char *bearer,
                        const char *version, const char *body, size_t body_len, int body_is_json);
sim_req_t *sim_req_copy(const sim_req_t *q);
void sim_req_free(sim_req_t *q);

/* a query parameter, decoded and malloc'd, or NULL; "name[]" is also found */
char *sim_req_param(const sim_req_t *q, const char *name);
/* all of that name; malloc'd, each malloc'd */
size_t sim_req_params(const sim_req_t *q, const char *name, char ***list);
void sim_req_params_free(char **list, size_t n);
/* a number in the query string, or def */
int64_t sim_req_int(const sim_req_t *q, const char *name, int64_t def);

/* a version before 2026-03-11, and the one before data sources */
int sim_req_is_old(const sim_req_t *q);
int sim_req_is_first(const sim_req_t *q);
/* how pages look to this request; filter_properties included.  Free with sim_view_free */
void sim_req_view(const sim_req_t *q, sim_view_t *view);
void sim_view_free(sim_view_t *view);

/* 0, with a failure set, unless each member of the body is in the list */
int sim_req_known(sim_req_t *q, const char *const *known);
/* page_size and start_cursor of the body or of the query string; 0 with a failure if they are wrong */
int sim_req_paging(sim_req_t *q, int64_t *page_size, char **cursor);

/* performs an API request on the world, with the lock held: the fail or the out of q is set */
void sim_api_perform(sim_req_t *q);
/* finds class, page and needed rights beforehand; 0 with a failure if there is no such endpoint */
int sim_api_find(sim_req_t *q);

#endif
