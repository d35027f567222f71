/* nts_desk.c - the places at which questions are asked and answered. */
#include <string.h>

#include "queue/nts_segment_impl.h"

/* Who waits looks again after this at the latest: whoever was to wake him may have died. */
#define LOOK_AGAIN apr_time_from_msec(250)

static apr_time_t mono(const nts_clock_t *clock)
{
    return clock->mono(clock->baton);
}

/* --- asking */

/* Free, or left behind by somebody who does not wait there any more. */
static int is_free(const nts_segment_place_t *place, apr_time_t now)
{
    return place->state == NTS_PLACE_FREE || place->until <= now;
}

static nts_segment_place_t *find_place(const nts_segment_t *seg, apr_time_t now)
{
    for (int i = 0; i < seg->parts.size.places; i++) {
        if (is_free(nts_segment_place(seg, i), now)) {
            return nts_segment_place(seg, i);
        }
    }
    return NULL;
}

static apr_status_t put(nts_segment_place_t **place, apr_uint64_t *serial, nts_segment_t *seg,
                        int worker, const void *bytes, apr_size_t length, apr_time_t until,
                        apr_time_t now)
{
    nts_segment_place_t *found;

    if (nts_segment_enter(seg) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    found = find_place(seg, now);
    if (found) {
        *serial = found->serial = ++seg->head->asked;
        found->worker = worker;
        found->until = until;
        found->length = (apr_uint32_t)length;
        memcpy(found->bytes, bytes, length);
        found->state = NTS_PLACE_ASKED;
        *place = found;
    }
    nts_segment_leave(seg);
    return found ? APR_SUCCESS : APR_EAGAIN;
}

/* APR_EAGAIN: not answered yet. With @a is_over nobody waits any more. */
static apr_status_t look(nts_desk_reply_t *reply, nts_segment_t *seg, nts_segment_place_t *place,
                         apr_uint64_t serial, int is_over)
{
    apr_status_t rv = APR_EAGAIN;

    if (nts_segment_enter(seg) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (place->serial != serial || place->state == NTS_PLACE_FREE) {
        rv = APR_EGENERAL;
    }
    else if (place->state == NTS_PLACE_ANSWERED) {
        *reply = place->reply;
        rv = APR_SUCCESS;
    }
    if (rv == APR_SUCCESS || (rv == APR_EAGAIN && is_over)) {
        place->state = NTS_PLACE_FREE;
        memset(&place->reply, 0, sizeof(place->reply)); /* where a file is for an hour */
    }
    nts_segment_leave(seg);
    return rv;
}

apr_status_t nts_desk_ask(nts_desk_reply_t *reply, nts_segment_t *seg, int worker,
                          const void *bytes, apr_size_t length, apr_interval_time_t longest,
                          const nts_clock_t *clock)
{
    apr_time_t now = mono(clock);
    apr_time_t until = now + longest;
    nts_segment_place_t *place = NULL;
    apr_uint64_t serial = 0;
    apr_status_t rv;

    if (length > NTS_QUESTION_MAX || worker < 0 || worker >= seg->parts.size.workers) {
        return APR_EINVAL;
    }
    rv = put(&place, &serial, seg, worker, bytes, length, until, now);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    atomic_store(&nts_segment_worker(seg, worker)->asked, 1);
    nts_segment_wake(seg, worker);
    nts_wake_enter(&place->wake);
    do {
        uint32_t mark = nts_wake_mark(&place->wake);
        apr_interval_time_t left = until - mono(clock);

        rv = look(reply, seg, place, serial, left <= 0);
        if (rv != APR_EAGAIN) {
            break;
        }
        if (left <= 0) {
            rv = APR_TIMEUP;
            break;
        }
        nts_wake_sleep(&place->wake, mark, left < LOOK_AGAIN ? left : LOOK_AGAIN);
    } while (1);
    nts_wake_leave(&place->wake);
    return rv;
}

/* --- answering */

int nts_desk_take(nts_desk_question_t *question, nts_segment_t *seg, int worker,
                  const nts_clock_t *clock)
{
    atomic_int *asked = &nts_segment_worker(seg, worker)->asked;
    apr_time_t now = mono(clock);
    int found = 0;

    if (!atomic_exchange(asked, 0)) {
        return 0;
    }
    if (nts_segment_enter(seg) != APR_SUCCESS) {
        return 0; /* they hear nothing, and say so */
    }
    for (int i = 0; i < seg->parts.size.places && !found; i++) {
        nts_segment_place_t *place = nts_segment_place(seg, i);

        if (place->state == NTS_PLACE_ASKED && place->worker == worker && place->until > now &&
            place->length <= NTS_QUESTION_MAX) {
            place->state = NTS_PLACE_TAKEN;
            question->place = i;
            question->serial = place->serial;
            question->length = place->length;
            memcpy(question->bytes, place->bytes, sizeof(question->bytes));
            found = 1;
        }
    }
    if (found) {
        atomic_store(asked, 1); /* there may be another */
    }
    nts_segment_leave(seg);
    return found;
}

void nts_desk_answer(nts_segment_t *seg, const nts_desk_question_t *question, int status,
                     int seconds, const char *text)
{
    nts_segment_place_t *place = nts_segment_place(seg, question->place);

    if (nts_segment_enter(seg) != APR_SUCCESS) {
        return;
    }
    if (place->serial == question->serial && place->state == NTS_PLACE_TAKEN) {
        place->reply.status = status;
        place->reply.seconds = seconds;
        (void)apr_cpystrn(place->reply.text, text ? text : "", sizeof(place->reply.text));
        place->state = NTS_PLACE_ANSWERED;
    }
    nts_segment_leave(seg);
    nts_wake_one(&place->wake);
}
