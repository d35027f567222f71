/* nts_port.h - one service as a group uses it: asks go in, answers come out.
 *
 * Behind it is either an HTTP connector, whose requests each need a slot of the service's budget, or a
 * blocking one on its helper thread. Live asks go before bulk ones. An answer always comes, and always
 * from a turn of the loop, never from inside nts_port_ask.
 */
#ifndef NTS_PORT_H
#define NTS_PORT_H

#include "queue/nts_segment.h"
#include "worker/nts_budget.h"
#include "worker/nts_commits.h"
#include "worker/nts_helper.h"

typedef struct nts_port_t nts_port_t;

typedef struct nts_port_config_t {
    const nts_service_t *service;
    int number;                          /* of the setup and the segment */
    const char *secret;                  /* NULL: none, or it could not be fetched */
    const nts_outcome_t *secret_outcome; /* why it could not be fetched; NULL or NONE: no matter */
    nts_loop_t *loop;
    nts_net_t *net;
    nts_store_t *store;
    nts_commits_t *commits;
    const nts_clock_t *clock;
    nts_segment_t *segment; /* may be NULL */
    /* Zero: another worker may ask the service by now, and nothing is sent until nts_port_shut or it answers otherwise. NULL: ours */
    int (*is_ours)(void *baton);
    void *baton;
    /* of a service that is installed through OAuth, whose `secret` is its client's: the group that owns it, and keys (nts_keeper.h) */
    const char *group;
    apr_int64_t epoch;
    const nts_random_t *random;
    const nts_key_t *tokens_key;
    const nts_key_t *code_key;
    const nts_key_t *file_key; /* of links to files that the service keeps; NULL: there are none */
    /* it can be asked again, or for the first time; @a is_other: as somebody else than before */
    void (*renewed)(void *baton, const nts_port_t *port, int is_other);
} nts_port_config_t;

/** Never fails: a service that cannot be used answers every ask BLOCKED, with the reason. */
nts_port_t *nts_port_open(const nts_port_config_t *config, apr_pool_t *p);

const nts_service_t *nts_port_service(const nts_port_t *port);

/** The answer lives in the pool given with the ask. */
typedef void nts_port_answered_fn(void *baton, const nts_answer_t *answer);

/**
 * Ask. @a ask is copied, what it points to must live until the answer; so must @a p.
 * @param grant slots that the asker holds for what follows (S3.1); filled by a READ with
 *              follow_writes, used by the writes after it. NULL: none
 */
void nts_port_ask(nts_port_t *port, const nts_ask_t *ask, nts_urgency_t urgency, nts_grant_t *grant,
                  nts_port_answered_fn *answered, void *baton, apr_pool_t *p);
typedef struct nts_port_asker_t {
    const nts_ask_t *ask;
    void *baton;
    apr_pool_t *p;
} nts_port_asker_t;

/** Updates that are to be performed together (nts_connector_t.perform_together), where the service can; else as if asked one by one. */
void nts_port_ask_together(nts_port_t *port, const nts_port_asker_t *askers, int count,
                           nts_urgency_t urgency, nts_port_answered_fn *answered);
/** What was asked with this @a baton and still waits for a slot of the budget is answered NOT_DONE: nothing happened. Of a blocking
 *  service nothing waits so long. */
void nts_port_withdraw(nts_port_t *port, const void *baton);
/** Give back what a job did not use. */
void nts_port_return(nts_port_t *port, nts_grant_t *grant);

/** A descriptor for the loop, or -1; and taking what made it readable. Blocking services only. */
int nts_port_watch(nts_port_t *port, const nts_mapping_t *mapping);
int nts_port_watch_drain(nts_port_t *port, int descriptor);

/** The service's clock against ours, as far as its answers have told. All asks and answers of the port go by
 *  ours already; what came another way, such as events, is the caller's to correct. */
const nts_skew_t *nts_port_skew(const nts_port_t *port);

/** Something may have been stored for it: an installation. */
void nts_port_look(nts_port_t *port);
/** Nothing is begun any more that the service could answer too late: no token is asked for. */
void nts_port_drain(nts_port_t *port);

/** Asks not answered yet. */
int nts_port_load(const nts_port_t *port);
/** HTTP requests sent so far. */
apr_int64_t nts_port_requests(const nts_port_t *port);
/** To be called now and then: our clock may have been set (nts_budget_look_at_clock). */
void nts_port_look_at_clock(nts_port_t *port);
/** As nts_budget_was_set. */
int nts_port_was_set(const nts_port_t *port);
/** Show the dashboard the budget. */
void nts_port_show(nts_port_t *port);

/** Somebody else has the group, and the budget (S6.8), or is about to: of an HTTP service nothing is asked any more, what waits to be sent is answered
 *  NOT_DONE. */
void nts_port_shut(nts_port_t *port);

/** Close; nothing must be under way but what may be broken off. APR_TIMEUP: a helper is stuck: close again
 *  later, or the process must end by _exit. What is closed may be closed again. */
apr_status_t nts_port_close(nts_port_t *port, apr_interval_time_t wait);

#endif /* NTS_PORT_H */
