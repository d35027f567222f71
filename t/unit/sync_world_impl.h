/* sync_world_impl.h - the store as the driver of sync_world.c uses it. */
#ifndef SYNC_WORLD_IMPL_H
#define SYNC_WORLD_IMPL_H

#include "sync_world.h"

/** @return NULL: there is none */
world_thing_t *world_find(world_t *w, nts_side_t side, const char *id);
/** For ids the test itself made: their absence is the test's own mistake, and ends it. */
world_thing_t *world_must_find(world_t *w, nts_side_t side, const char *id);
/** What that side's clock shows now. */
apr_time_t world_clock(const world_t *w, nts_side_t side);
/** Do what is asked of a side, and answer. */
void world_perform(world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p);
nts_loaded_t *world_load(world_t *w, const nts_target_t *target, apr_pool_t *p);
void world_load_rulings(const world_t *w, nts_loaded_t *loaded, apr_pool_t *p);
/** All of it or nothing, as a transaction. @a why is set where it is refused. */
/** Creates in Notion without an end, of other mappings and of other records than the one that asks. */
int world_creates_of_others(const world_t *w, const nts_call_t *call);
nts_commit_result_t world_commit(world_t *w, const nts_commit_t *c, const char **why);
/** A plan's pairs are links to jobs and scans that plan or apply (sync_world_plan.c): @a link, or one of those. */
nts_link_t *world_planned_link(world_t *w, nts_link_t *link, nts_side_t side, const char *id);
/** Keep what a dry job said. */
void world_plan_take(world_t *w, const nts_plan_item_t *item);
/** The number of the item about this record, or -1. */
int world_plan_find(const world_t *w, const nts_target_t *target);
/** Pair what the match scan has put down; what is ambiguous is held. */
void world_join_matches(world_t *w);

#endif /* SYNC_WORLD_IMPL_H */
