/* nts_gather.h - records that were told of, until they are read: a few at once one by one, many by a query (S7.1). Each side whose
 * service tells of events and lists edits has one (nts_traits.h).
 *
 * Nothing of it is stored: the notices stay in the inbox until a job settles them, and whoever starts reads the inbox whole.
 */
#ifndef NTS_GATHER_H
#define NTS_GATHER_H

#include "worker/nts_group.h"

/** Makes those of the flow. */
void nts_gather_create(nts_flow_t *flow);
/** A notice tells of a record; whether it asks for anything or not. It counts in what a query is estimated to show. */
void nts_gather_note(nts_flow_t *flow, const nts_notice_t *notice, apr_time_t edited);
/** A record is to be looked at. @a edited: when it was edited, at the earliest, by our wall clock. Only edits wait for a query;
 *  what was made, moved or trashed is read at once, and all where there are no queries. Decided by nts_gather_decide. */
void nts_gather_join(nts_flow_t *flow, const nts_notice_t *notice, apr_time_t edited);
/** All that there was to join has joined: read what need not wait. */
void nts_gather_decide(nts_flow_t *flow);
/** The job of a record, by its name in the schedule, has ended. */
void nts_gather_job_over(nts_flow_t *flow, const char *key);
/** Records that wait. */
int nts_gather_count(const nts_flow_t *flow);
/** Forget all: the inbox will be read again. Queries that are under way are broken off. */
void nts_gather_forget(nts_flow_t *flow);

#endif /* NTS_GATHER_H */
