/* nts_budget.h - slots of one service: no request is sent without one (S6.8).
 *
 * The window (nts_window.h) says whether a request fits; the store makes it count for whoever owns the
 * group after a crash. Slots are made durable in chunks, ahead of need, so that a request seldom waits
 * for a commit.
 */
#ifndef NTS_BUDGET_H
#define NTS_BUDGET_H

#include "queue/nts_window.h"
#include "worker/nts_commits.h"

typedef struct nts_budget_t nts_budget_t;

#define NTS_GRANT_MAX 8

/** Slots held by a job. */
typedef struct nts_grant_t {
    int slots[NTS_GRANT_MAX];
    int count;
} nts_grant_t;

typedef struct nts_budget_config_t {
    const nts_service_t *service;
    nts_store_t *store;
    nts_commits_t *commits;
    nts_loop_t *loop;
    const nts_clock_t *clock;
    nts_loop_fn *ready; /* called from a turn of the loop: what was refused before may be had now */
    void *baton;
} nts_budget_config_t;

/** Takes over what the store remembers of the service's requests. */
apr_status_t nts_budget_open(nts_budget_t **budget, const nts_budget_config_t *config,
                             apr_pool_t *p);

/** Take @a n slots together (at most NTS_GRANT_MAX), or none. Non-zero: taken. Otherwise `ready` will be
 *  called. */
int nts_budget_take(nts_budget_t *budget, int n, nts_urgency_t urgency, int *slots);
/** The request of this slot was answered, or its fate is unknown, just now. */
void nts_budget_answered(nts_budget_t *budget, int slot);
/** The slot's request was not sent. */
void nts_budget_return(nts_budget_t *budget, int slot);

/** Nothing before @a until (wall clock): a Retry-After. Kept in the store. */
void nts_budget_gate(nts_budget_t *budget, apr_time_t until);
/** To be called now and then: if our clock was set forward, what the store keeps of the gate and of answered requests is moved along, or a
 *  successor would find the one open, and the others forgotten, too early (seeds 405795, 613435 of the simulation). */
void nts_budget_look_at_clock(nts_budget_t *budget);
/** Our clock was set forward before this one was opened, and nobody had lived to notice. */
int nts_budget_was_set(const nts_budget_t *budget);
/** Wall clock; 0: the gate is open. */
apr_time_t nts_budget_gated_until(const nts_budget_t *budget);

/** Requests counted now, and how many may be. */
int nts_budget_used(nts_budget_t *budget, int *capacity);

/** At a clean end: what is answered is released with the next commits, and what the store keeps is moved along
 *  a last time. */
void nts_budget_close(nts_budget_t *budget);

#endif /* NTS_BUDGET_H */
