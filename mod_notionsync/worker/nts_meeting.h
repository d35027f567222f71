/* nts_meeting.h - writes of records that exchange their unique values wait here for each other (S5.8).
 *
 * A write that names a company is held until all of those writes are here; then they go to the database together. The records that are
 * not looked at yet are. It goes alone, to be refused as before, when one of the others was looked at and did not come, or after a while.
 */
#ifndef NTS_MEETING_H
#define NTS_MEETING_H

#include "worker/nts_work.h"

/** @a ask lives as long as the work; nts_work_answered is called, never from inside. */
void nts_meeting_join(nts_work_t *w, const nts_ask_t *ask);
/** For w->patience; @a baton: w. */
void nts_meeting_lose_patience(void *baton);
/** @a w is over: who waited for its write, and knows no better, does so no more. */
void nts_meeting_over(const nts_work_t *w);
/** If it is held it is answered NOT_DONE, in another turn: nothing happened. */
void nts_meeting_dismiss(nts_work_t *w);
/** All of the flow: nothing new is started there, so nobody comes any more. */
void nts_meeting_close(nts_flow_t *flow);
/** The record was written together with others, and is not settled yet: that one of them is settled is no news to it. */
int nts_meeting_wrote(const nts_flow_t *flow, apr_int64_t link);

#endif /* NTS_MEETING_H */
