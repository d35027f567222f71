/* nts_flow.h - one mapping at work: its state, and what it has to do. */
#ifndef NTS_FLOW_H
#define NTS_FLOW_H

#include "worker/nts_group.h"

/** Reads what the store knows and makes all parts, without starting any. */
apr_status_t nts_flow_create(nts_flow_t **flow, nts_group_t *group, const nts_mapping_t *given,
                             apr_pool_t *p);
/** Begin: contact, then what the state allows. */
void nts_flow_start(nts_flow_t *flow);
/** Start nothing new; jobs under way may end in their own time. */
void nts_flow_drain(nts_flow_t *flow);
/** Drain, and break off what is under way. */
void nts_flow_stop(nts_flow_t *flow);

/** Its records may be worked on: jobs may start. */
int nts_flow_is_running(const nts_flow_t *flow);
/** Both sides can be read: bound and not blocked, though it may wait for a person. */
int nts_flow_is_readable(const nts_flow_t *flow);
/** Its services may be asked: bound, not blocked, not waiting for a person. */
int nts_flow_is_usable(const nts_flow_t *flow);

/** Enter a state; @a outcome may be NULL. Stored and logged if it is another than before. */
void nts_flow_enter(nts_flow_t *flow, nts_mapping_state_t state, const nts_outcome_t *outcome);
/** Something said that nothing can work: block, and probe again later. */
void nts_flow_block(nts_flow_t *flow, const nts_outcome_t *outcome);
/** After contact, or when a person says resume: run, with whatever waited. */
void nts_flow_run(nts_flow_t *flow);
/** A job or scan has to try again: what goes on for some seconds without one that gets through is shown. */
void nts_flow_note_retry(nts_flow_t *flow, const nts_outcome_t *why);
/** A job got through; @a asked_notion: with requests. */
void nts_flow_note_success(nts_flow_t *flow, int asked_notion);
/** Store the status with this turn's commits. */
void nts_flow_put_status(nts_flow_t *flow);
/** The status is this now; its texts are copied. */
void nts_flow_set_status(nts_flow_t *flow, const nts_mapping_status_t *status);
/** Texts of the status. The instance: from here on this database, whose changes are numbered anew, is the mapping's. */
void nts_flow_set_instance(nts_flow_t *flow, const char *instance);
void nts_flow_set_triggers(nts_flow_t *flow, const char *triggers);

/** A record is to be looked at. */
void nts_flow_notice(nts_flow_t *flow, nts_side_t side, const char *record, nts_urgency_t urgency);
/** ... in a while: more of the kind is to be expected. */
void nts_flow_notice_late(nts_flow_t *flow, nts_side_t side, const char *record,
                          apr_interval_time_t wait);
/** A link is to be looked at, at a wall time. */
void nts_flow_remember(nts_flow_t *flow, apr_int64_t link, apr_time_t at);
/** Now, whenever it was to be looked at, and after its job where it has one. */
void nts_flow_wake(nts_flow_t *flow, apr_int64_t link);

/** Our own write to the external side carries this id. Some thousands are remembered. */
void nts_flow_add_intent(nts_flow_t *flow, const char *intent);
int nts_flow_has_intent(const nts_flow_t *flow, const char *intent);

#endif /* NTS_FLOW_H */
