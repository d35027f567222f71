/* nts_worker_wake.c - descriptors of a worker: notices and commands of others, and those who want it to end. */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "worker/nts_contact.h"
#include "worker/nts_events.h"
#include "worker/nts_files.h"
#include "worker/nts_worker_impl.h"

/* Without inotify the tool's commands are looked for. */
#define WAKE_POLL apr_time_from_sec(5)
#define DRAIN_ORPHANED apr_time_from_sec(2)
#define SLOTS 64

static nts_flow_t *flow_of(const nts_worker_t *w, apr_int64_t mapping)
{
    int i;
    int j;

    for (i = 0; i < w->group_count; i++) {
        for (j = 0; j < w->groups[i]->flow_count; j++) {
            if (w->groups[i]->flows[j]->given->id == mapping) {
                return w->groups[i]->flows[j];
            }
        }
    }
    return NULL;
}

static void look_everywhere(nts_worker_t *w)
{
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_look(w->groups[i]);
        }
    }
}

/* An event about no page; without a number it is another mapping that tells. */
static int is_of_side(const nts_slot_t *slot)
{
    return slot->inbox && !*slot->record;
}

static nts_flow_t *flow_of_file(nts_side_t *side, const nts_worker_t *w,
                                const nts_desk_question_t *question)
{
    nts_file_name_t name;
    nts_flow_t *found = NULL;
    apr_pool_t *ptemp;
    int i;
    int j;

    if (question->length != sizeof(name.bytes)) {
        return NULL;
    }
    memcpy(name.bytes, question->bytes, sizeof(name.bytes));
    (void)apr_pool_create(&ptemp, w->p);
    for (i = 0; i < w->group_count && !found; i++) {
        for (j = 0; j < w->groups[i]->flow_count && !found; j++) {
            nts_flow_t *flow = w->groups[i]->flows[j];

            found = nts_file_name_is_of(side, &name, flow->given, ptemp) ? flow : NULL;
        }
    }
    apr_pool_destroy(ptemp);
    return found;
}

static void take_questions(const nts_worker_t *w)
{
    nts_segment_t *segment = w->config->segment;
    nts_desk_question_t question;

    while (nts_desk_take(&question, segment, w->config->index, w->host.clock)) {
        nts_side_t side;
        nts_flow_t *flow = flow_of_file(&side, w, &question);

        if (flow) {
            nts_files_ask(flow, side, &question);
        }
        else {
            nts_desk_answer(segment, &question, NTS_FILES_LATER, 1,
                            "The worker of this mapping is changing.");
        }
    }
}

static void ring_readable(void *baton)
{
    nts_worker_t *w = baton;
    nts_segment_t *segment = w->config->segment;
    nts_slot_t slots[SLOTS];
    int overflowed = 0;
    int count;
    int i;

    nts_segment_clear(segment, w->config->index);
    do {
        count = nts_segment_drain(segment, w->config->index, slots, SLOTS, &overflowed);
        for (i = 0; i < count; i++) {
            nts_flow_t *flow = flow_of(w, slots[i].mapping);

            if (flow) {
                nts_events_look(flow);
            }
            if (flow && is_of_side(&slots[i])) {
                nts_contact_told(flow->contact);
            }
        }
        if (count > 0) {
            nts_worker_note_written(w); /* by one of httpd's children */
        }
    } while (count > 0);
    if (overflowed) {
        look_everywhere(w);
    }
    take_questions(w);
    nts_worker_look_for_groups(w);
}

static void watch_wake_path(nts_worker_t *w)
{
    if (w->inotify >= 0 && w->wake_watch < 0) {
        w->wake_watch = inotify_add_watch(w->inotify, w->config->wake_path,
                                          IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF |
                                              IN_MOVE_SELF);
    }
    if (w->wake_watch < 0) {
        nts_timer_set(w->host.loop, &w->wake_poll, WAKE_POLL);
    }
}

static void wake_readable(void *baton)
{
    nts_worker_t *w = baton;
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;

    while ((got = read(w->inotify, buffer, sizeof(buffer))) > 0) {
        ssize_t at = 0;

        while (at + (ssize_t)sizeof(struct inotify_event) <= got) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)(buffer + at);

            if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
                w->wake_watch = -1;
            }
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    watch_wake_path(w);
    look_everywhere(w);
}

static void poll_wake_path(void *baton)
{
    nts_worker_t *w = baton;

    watch_wake_path(w);
    look_everywhere(w);
}

static void lifeline_readable(void *baton)
{
    nts_worker_t *w = baton;
    char byte;
    ssize_t got = read(w->config->lifeline, &byte, 1);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        nts_loop_unwatch(w->host.loop, w->config->lifeline);
        nts_worker_drain(w, DRAIN_ORPHANED, "the parent is gone");
    }
}

static void stop_readable(void *baton)
{
    nts_worker_t *w = baton;

    /* The descriptor stays readable: *stop is what counts. */
    nts_loop_unwatch(w->host.loop, w->config->stop_fd);
}

void nts_worker_watch(nts_worker_t *w)
{
    const nts_worker_config_t *config = w->config;

    w->inotify = -1;
    w->wake_watch = -1;
    nts_timer_init(&w->wake_poll, poll_wake_path, w);
    if (config->segment) {
        nts_loop_watch(w->host.loop, nts_segment_fd(config->segment, config->index), ring_readable,
                       w);
    }
    if (config->lifeline >= 0) {
        nts_loop_watch(w->host.loop, config->lifeline, lifeline_readable, w);
    }
    if (config->stop_fd >= 0) {
        nts_loop_watch(w->host.loop, config->stop_fd, stop_readable, w);
    }
    if (config->wake_path) {
        w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (w->inotify >= 0) {
            nts_loop_watch(w->host.loop, w->inotify, wake_readable, w);
        }
        watch_wake_path(w);
    }
}
