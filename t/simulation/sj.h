/* sj.h - the judge as a part of the simulation, and what it wants to be told.
 *
 * The world records into sj_history() at the instant of each change, in the words of history.h: ACT for people and
 * applications, TRIGGER for what a service does by itself, EFFECT with the number of the sm_request_t (or of
 * sj_sql_begin) for what a request of ours did, when it is committed; NOTICE, OPERATOR, FAULT. Requests over HTTP and deaths of
 * processes are recorded by the judge itself from the frame's notes.
 */
#ifndef SJ_H
#define SJ_H

#include "simulation/judge.h"
#include "simulation/sm.h"

/** There from the first call on; `at` of an item is sm_now. */
history_t *sj_history(sm_t *sm);

/** In setup(), before anything is recorded: what is synced, by which rules. @return the mapping's index */
int sj_mapping(sm_t *sm, const judge_mapping_t *mapping);
/** From now on field @a field of the mapping is configured like that (`absent`: it was removed). */
void sj_change_field(sm_t *sm, int mapping, int field, const judge_field_t *now);
/** In setup(): a foreign key of the database. */
void sj_reference(sm_t *sm, const judge_reference_t *reference);
/** In setup(): a Notion, with its budget. If there are several, their names are the prefixes given to sm_serve. */
void sj_connection(sm_t *sm, const judge_connection_t *connection);

/** How far wall clocks may be apart without the module noticing; the greatest counts. */
void sj_skew(sm_t *sm, apr_interval_time_t skew);

/** An ask of a process to the database begins; a (negative) number for its EFFECTs. */
int sj_sql_begin(sm_t *sm, int process);
/** Ended: what it was, of which row (NULL: several). */
void sj_sql_end(sm_t *sm, int request, history_op_t op, const char *place, const char *record,
                nts_result_t result);

/** One of our processes was shown what fields that data source or table has; it had asked at @a sent. */
void sj_sight(sm_t *sm, int side, const char *place, apr_time_t sent);

/** The world's: calls judge_show for all that the services hold, read from them afresh. */
typedef void sj_show_fn(sm_t *sm, judge_t *judge);
void sj_on_show(sm_t *sm, sj_show_fn *show);

extern const sm_part_t sm_part_judge;

#endif /* SJ_H */
