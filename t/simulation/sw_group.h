/* sw_group.h - groups of what may happen, each with dice of its own: a seed without one goes as it would if there were no such
 * group.
 */
#ifndef SW_GROUP_H
#define SW_GROUP_H

#include "simulation/sw.h"

typedef struct sw_group_t sw_group_t;

/** A group being planned. */
typedef struct sw_extra_t {
    sw_world_t *w;
    const sw_group_t *group;
    sm_dice_t dice;
    apr_interval_time_t span;
    int swapped; /* of two Notions the second is meant where the group speaks of the first */
} sw_extra_t;

struct sw_group_t {
    const char *name; /* of its setting, and of its dice */
    int often;        /* of ten seeds, that have it */
    void (*plan)(sw_extra_t *x, apr_interval_time_t at);
    int least, most; /* times */
};

apr_int64_t sw_extra_roll(sw_extra_t *x, apr_int64_t from, apr_int64_t to);
sm_action_t *sw_extra_act(sw_extra_t *x, apr_interval_time_t at, const char *kind);
int sw_extra_mark(sw_extra_t *x);
/** A person edits any field of a record on a side (HISTORY_*). */
void sw_extra_edit(sw_extra_t *x, apr_interval_time_t at, int side, int mark);
/** From at once to some minutes. */
apr_interval_time_t sw_extra_soon(sw_extra_t *x);

void sw_group_settings(sw_world_t *w, const sw_group_t *groups, int count);
void sw_group_plan(sw_world_t *w, const sw_group_t *groups, int count);

#endif /* SW_GROUP_H */
