/* nts_events.h - the dispatcher: from notices to records that are to be looked at.
 *
 * Reads the inbox, and takes the external change table into it. A notice that asks for nothing is
 * settled unread (S3.9, S3.11); every other names a record for a job, which settles it.
 */
#ifndef NTS_EVENTS_H
#define NTS_EVENTS_H

#include "worker/nts_group.h"

nts_events_t *nts_events_create(nts_flow_t *flow);
/** The flow begins to run: everything unsettled is read again. */
void nts_events_start(nts_flow_t *flow);
void nts_events_stop(nts_flow_t *flow);
/** There may be new notices in the inbox. */
void nts_events_look(nts_flow_t *flow);
/** The external side may have changed. */
void nts_events_look_outside(nts_flow_t *flow);
/** What one mapping wrote to a data source was put into the inboxes of its siblings, which are
 *  told so, whichever worker has them. */
void nts_events_tell_siblings(nts_flow_t *flow);
/** Something may have been put into the inboxes of mappings with references (S5.2): they read them now. All are in one
 *  group (`configtest` sees to that). */
void nts_events_tell_referrers(nts_flow_t *flow);
/** A job or scan has ended: what waited for that can be decided. */
void nts_events_work_ended(nts_flow_t *flow);
/** Settle with the next commits. */
void nts_events_settle(nts_flow_t *flow, apr_int64_t notice);
/** Asks under way. */
int nts_events_is_busy(const nts_events_t *events);

#endif /* NTS_EVENTS_H */
