/* nts_contact.h - first contact with both sides of a mapping, and every later one.
 *
 * Asks who we are, what the sides look like, whether the database is the one it was; binds the mapping.
 * Runs at take-over, when a schema event came, before a full run, and as the probe of a blocked mapping.
 */
#ifndef NTS_CONTACT_H
#define NTS_CONTACT_H

#include "worker/nts_group.h"

nts_contact_t *nts_contact_create(nts_flow_t *flow);
/** Make contact, now or as soon as the one under way is over. Ends in nts_flow_run or nts_flow_block. */
void nts_contact_start(nts_contact_t *contact);
/** The same, but a mapping that waits for a person goes on waiting. */
void nts_contact_look(nts_contact_t *contact);
/** Notion told something of the data source, or of a database: what blocks the mapping may be over. */
void nts_contact_told(nts_contact_t *contact);
/** The flow was blocked: make contact later, each time later. @return when (wall clock); 0: when a person says so. */
apr_time_t nts_contact_probe(nts_contact_t *contact, const nts_outcome_t *why);
/** A record names somebody who is not known in Notion: who there is is looked at again, not sooner than ten minutes after the last
 *  contact began. */
void nts_contact_miss_person(nts_contact_t *contact);
/** Some field of the mapping, as it is bound, is suspended. */
int nts_contact_has_suspended(const nts_contact_t *contact);
/** A side shows something that does not fit the schema as it was read last: it is looked at again. @return 0: it was just now, so that
 *  is no help */
int nts_contact_doubt_schema(nts_contact_t *contact);
/** Work has ended: a new binding waits for that. */
void nts_contact_work_ended(nts_contact_t *contact);
/** True while no work may start because the mapping is about to be bound anew. */
int nts_contact_wants_quiet(const nts_contact_t *contact);
/** It is under way: whether the mapping can work will be known when it is over, and commands are looked at then. */
int nts_contact_is_open(const nts_contact_t *contact);
/** For people: what is awaited, or why it failed the last time; NULL: neither. */
const char *nts_contact_words(const nts_contact_t *contact, apr_pool_t *p);
/** The external database as contact found it last: its instance (NULL: none yet) and change number. */
const char *nts_contact_instance(const nts_contact_t *contact);
apr_int64_t nts_contact_counter(const nts_contact_t *contact);
/** The mark that a state store left there (S4.1); NULL: none. */
const char *nts_contact_mark(const nts_contact_t *contact);
/** What a person can do about a state store that does not fit. */
const char *nts_contact_advice(const nts_flow_t *flow, apr_pool_t *p);
/** Asks under way. */
int nts_contact_is_busy(const nts_contact_t *contact);
/** A person said that the database that the mapping is seen to wait for is all right (S2.9): no other, and none that nobody was
 *  told of, since the word may have been meant for something else that stood in the way. */
void nts_contact_accept_instance(nts_contact_t *contact);
/** The database that the mapping knows shows a lower change number than was taken from it, or another change under a number that
 *  was seen: it was set back. Contact is made. @a seen: the answer that shows it, which need not outlive the call. */
void nts_contact_set_back(nts_contact_t *contact, const nts_answer_t *seen);
void nts_contact_stop(nts_contact_t *contact);

#endif /* NTS_CONTACT_H */
