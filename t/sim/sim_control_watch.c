/* Control: faults, the request log, the delivery log, and what is still to happen. */
#include <stdlib.h>
#include <string.h>

#include "sim_control.h"
#include "sim_event.h"
#include "sim_fault.h"
#include "sim_hook.h"
#include "sim_log.h"
#include "sim_send.h"
#include "sim_serve.h"
#include "sim_stale.h"

static void serve_fault(sim_req_t *q)
{
    int64_t id;
    const char *bad;

    if (strcmp(q->method, "POST") == 0) {
        bad = sim_fault_add(q->json, &id);
        if (bad) {
            sim_fail_set(&q->fail, 400, "", "%s", bad);
            return;
        }
        sim_json_open(&q->out, '{');
        sim_json_kint(&q->out, "id", id);
        sim_json_close(&q->out, '}');
    }
    else if (strcmp(q->method, "DELETE") == 0) {
        if (sim_fault_remove(q->nseg > 2 ? strtoll(q->seg[2], NULL, 10) : 0) == 0 && q->nseg > 2) {
            sim_fail_set(&q->fail, 404, "", "no such fault");
        }
    }
    else {
        sim_json_open(&q->out, '{');
        sim_json_key(&q->out, "faults");
        sim_fault_json(&q->out);
        sim_json_close(&q->out, '}');
    }
}

static void put_idle(sim_buf_t *b)
{
    size_t busy = sim_hook_windows() + sim_event_pending() + sim_serve_late();

    sim_json_open(b, '{');
    sim_json_kbool(b, "idle", busy == 0);
    sim_json_kint(b, "windows", (int64_t)sim_hook_windows());
    sim_json_kint(b, "events", (int64_t)sim_event_pending());
    sim_json_kint(b, "commits", (int64_t)sim_serve_late());
    sim_json_kint(b, "stale", (int64_t)sim_stale_count());
    sim_json_close(b, '}');
}

void sim_control_watch(sim_req_t *q)
{
    const char *what = q->seg[1];
    int clear = strcmp(q->method, "DELETE") == 0;
    int64_t since = sim_req_int(q, "since", 0), limit = sim_req_int(q, "limit", INT64_MAX);

    if (strcmp(what, "fault") == 0 || strcmp(what, "faults") == 0) {
        serve_fault(q);
    }
    else if (clear && (strcmp(what, "log") == 0 || strcmp(what, "counts") == 0)) {
        sim_log_clear();
    }
    else if (clear && strcmp(what, "events") == 0) {
        sim_event_clear_log();
    }
    else if (strcmp(what, "log") == 0) {
        sim_log_json(&q->out, since, limit);
    }
    else if (strcmp(what, "counts") == 0) {
        sim_log_counts_json(&q->out);
    }
    else if (strcmp(what, "events") == 0) {
        sim_event_log_json(&q->out, since, limit);
    }
    else if (strcmp(what, "flush") == 0 && strcmp(q->method, "POST") == 0) {
        sim_serve_hurry();
        sim_hook_tick(INT64_MAX);
        sim_event_hurry();
        sim_stale_tick(INT64_MAX);
        sim_send_wake();
        put_idle(&q->out);
    }
    else {
        put_idle(&q->out);
    }
}
