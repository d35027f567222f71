/* nts_desk.h - questions of httpd's children that a worker answers while they wait.
 *
 * A few places in the shared segment, so that no more of httpd's threads can ever wait there. Nothing is stored: a question that gets
 * no answer in time is asked again, or not at all, by whoever had it. Both sides may die at any instruction: a place is free again when
 * the time of its question is over, and an answer that comes later finds another question there, or none.
 */
#ifndef NTS_DESK_H
#define NTS_DESK_H

#include "base/nts_clock.h"
#include "queue/nts_segment.h"

#define NTS_QUESTION_MAX 64 /* bytes */
#define NTS_REPLY_MAX 4096  /* bytes of its text, with the final NUL */

/** Both are what the two ends make of them. */
typedef struct nts_desk_reply_t {
    apr_int32_t status;
    apr_int32_t seconds;
    char text[NTS_REPLY_MAX];
} nts_desk_reply_t;

/** A question as the worker holds it. */
typedef struct nts_desk_question_t {
    int place;
    apr_uint64_t serial;
    apr_uint32_t length;
    unsigned char bytes[NTS_QUESTION_MAX];
} nts_desk_question_t;

/**
 * Ask @a worker, and wait for @a longest at most.
 * @return APR_EAGAIN: all places are taken. APR_TIMEUP: no answer in time. APR_EGENERAL: the segment was repaired, or its lock cannot be
 *         had. APR_EINVAL: a question that is too long
 */
apr_status_t nts_desk_ask(nts_desk_reply_t *reply, nts_segment_t *seg, int worker,
                          const void *bytes, apr_size_t length, apr_interval_time_t longest,
                          const nts_clock_t *clock);

/** The next question for this worker, which is woken when there is one. Zero: there is none. */
int nts_desk_take(nts_desk_question_t *question, nts_segment_t *seg, int worker,
                  const nts_clock_t *clock);
/** @a text NULL: none; one that is too long is cut. Nothing happens if nobody waits any more. */
void nts_desk_answer(nts_segment_t *seg, const nts_desk_question_t *question, int status,
                     int seconds, const char *text);

#endif /* NTS_DESK_H */
