/* Time: the simulator's clock, ISO 8601 in and out, dates with zones. */
#ifndef SIM_TIME_H
#define SIM_TIME_H

#include <stdint.h>

#include "sim_buf.h"

typedef int64_t sim_ms_t;

#define SIM_MINUTE 60000
#define SIM_DAY 86400000

typedef struct sim_date_t {
    int has_time;
    int has_offset; /* Z counts */
    int offset_min;
    sim_ms_t local_ms; /* of the wall clock, as if it were UTC */
    sim_ms_t utc_ms;   /* local_ms - offset; without offset taken as UTC */
} sim_date_t;

/* where the time comes from: milliseconds since 1970, never going back.  NULL: the machine's clock */
void sim_time_source(sim_ms_t (*now)(void));
sim_ms_t sim_time_real(void); /* without the offset setting */
sim_ms_t sim_time_now(void);
void sim_time_shift(sim_ms_t offset);
int64_t sim_time_mono_us(void);

sim_ms_t sim_time_floor(sim_ms_t ms); /* to the minute */
/* "2026-11-22T10:15:00.000Z"; floored to the minute for objects, exact for events */
void sim_time_json(sim_buf_t *b, const char *key, sim_ms_t ms);
void sim_time_json_exact(sim_buf_t *b, const char *key, sim_ms_t ms);

/* 1 if s is a date or a date with time */
int sim_date_parse(sim_date_t *d, const char *s);
/* as Notion gives it back: date only, or .000 and a numeric offset */
void sim_date_print(sim_buf_t *b, const sim_date_t *d);
/* puts a wall-clock time into an IANA zone; 0 if there is no such zone */
int sim_date_set_zone(sim_date_t *d, const char *zone);

#endif
