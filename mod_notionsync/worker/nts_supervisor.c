/* nts_supervisor.c - when to start a worker again. */
#include "worker/nts_supervisor.h"

#define LONG_LIFE apr_time_from_sec(30)
#define FIRST_WAIT apr_time_from_sec(1)
#define LAST_WAIT apr_time_from_sec(60)

void nts_supervisor_started(nts_supervisor_t *s, apr_time_t now)
{
    s->started = now;
}

void nts_supervisor_ended(nts_supervisor_t *s, int startup_error, apr_time_t now)
{
    apr_interval_time_t life = now - s->started;
    apr_interval_time_t wait = FIRST_WAIT;
    int i;

    s->started = 0;
    /* A wall clock that was set back makes a life look negative: that is no proof of a long one. */
    if (life > LONG_LIFE && !startup_error) {
        s->failures = 0;
        s->next_start = now;
        return;
    }
    for (i = 0; i < s->failures && wait < LAST_WAIT; i++) {
        wait *= 2;
    }
    s->failures++;
    s->next_start = now + (wait < LAST_WAIT ? wait : LAST_WAIT);
}

int nts_supervisor_is_due(const nts_supervisor_t *s, apr_time_t now)
{
    if (s->started) {
        return 0;
    }
    /* The same after the clock was set back: never wait longer than the longest wait. */
    return now >= s->next_start || s->next_start - now > LAST_WAIT;
}
