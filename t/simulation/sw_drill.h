/* sw_drill.h - what drills are made of. */
#ifndef SW_DRILL_H
#define SW_DRILL_H

#include "simulation/sw.h"

/** A drill being planned. */
typedef struct sw_drill_t {
    sm_t *sm;
    sw_world_t *w; /* NULL while settings are fixed */
    sm_dice_t dice;
    int swapped; /* of two Notions the second is meant where the drill speaks of the first */
} sw_drill_t;

typedef struct sw_drill_kind_t {
    const char *name;
    void (*fix)(sw_drill_t *d);                             /* settings */
    void (*episode)(sw_drill_t *d, apr_interval_time_t at); /* once */
    int from, to;                                           /* seconds from one to the next */
    int of_database; /* there is nothing of the sort between two Notions */
} sw_drill_kind_t;

extern const sw_drill_kind_t sw_drill_apart;
extern const sw_drill_kind_t sw_drill_late;
extern const sw_drill_kind_t sw_drill_typing;
extern const sw_drill_kind_t sw_drill_fates;
extern const sw_drill_kind_t sw_drill_members;
extern const sw_drill_kind_t sw_drill_unheard;
extern const sw_drill_kind_t sw_drill_minutes;
extern const sw_drill_kind_t sw_drill_authors;
extern const sw_drill_kind_t sw_drill_siblings;
extern const sw_drill_kind_t sw_drill_backlog;
extern const sw_drill_kind_t sw_drill_keys;
extern const sw_drill_kind_t sw_drill_frozen;
extern const sw_drill_kind_t sw_drill_clock;
extern const sw_drill_kind_t sw_drill_young;
extern const sw_drill_kind_t sw_drill_cap;
extern const sw_drill_kind_t sw_drill_twins;
extern const sw_drill_kind_t sw_drill_hours;
extern const sw_drill_kind_t sw_drill_fields;
extern const sw_drill_kind_t sw_drill_deaths;
extern const sw_drill_kind_t sw_drill_filters;

apr_int64_t sw_drill_roll(sw_drill_t *d, apr_int64_t from, apr_int64_t to);
void sw_drill_fix(sw_drill_t *d, const char *name, apr_int64_t value);
/** One mapping on which the last write wins, all fields alike. */
void sw_drill_fix_last_write(sw_drill_t *d);
/** An action of any part's, with its first numbers. */
sm_action_t *sw_drill_act(sw_drill_t *d, apr_interval_time_t at, const char *kind, apr_int64_t n0,
                          apr_int64_t n1, apr_int64_t n2);
int sw_drill_any_mark(sw_drill_t *d);
/** One that nothing but its conflict rule is special about. */
int sw_drill_any_field(sw_drill_t *d);
/** A person types something, on a side (HISTORY_*). */
void sw_drill_edit(sw_drill_t *d, apr_interval_time_t at, int side, int mark, int field);
void sw_drill_notion_edit(sw_drill_t *d, apr_interval_time_t at, int mark, int field);
void sw_drill_sql_edit(sw_drill_t *d, apr_interval_time_t at, int mark, int field);

enum { SW_ANY = -1 };

typedef struct sw_burst_t {
    int n;
    apr_int64_t from,
        to; /* ms after the burst's begin, or before it: each edit at one of its own */
    int side, mark, field; /* SW_ANY: another each time */
} sw_burst_t;

/** People type so many things. */
void sw_drill_edits(sw_drill_t *d, apr_interval_time_t at, sw_burst_t burst);
/** A person makes a record with any of its fields filled in, on a side, in a place (source or table). */
void sw_drill_make(sw_drill_t *d, apr_interval_time_t at, int side, int place, int mark);

enum { SW_PAUSE = 0, SW_RESUME, SW_RECONCILE, SW_RECONCILE_ALL };
void sw_drill_command(sw_drill_t *d, apr_interval_time_t at, int verb);

#endif /* SW_DRILL_H */
