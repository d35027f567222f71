/* Serving in a thread of its own, which sleeps while time passes. */
#include "sim_block.h"

#include <string.h>
#include <unistd.h>

#include "sim_control.h"
#include "sim_file.h"
#include "sim_log.h"
#include "sim_serve.h"

/* lets time pass without the lock */
static void wait_ms(int64_t ms)
{
    if (ms > 0) {
        sim_world_unlock();
        usleep((useconds_t)(ms > 120000 ? 120000 : ms) * 1000);
        sim_world_lock();
        sim_serve_tick();
    }
}

static void serve_api(sim_req_t *q)
{
    int64_t begun = sim_time_mono_us(), wait;
    char record[SIM_SETTING_TEXT_MAX];

    sim_world_lock();
    sim_serve_tick();
    wait = sim_serve_arrive(q);
    if (wait >= 0) {
        wait_ms(wait);
        wait_ms(sim_serve_act(q));
    }
    sim_serve_answer(q, sim_time_mono_us() - begun);
    memcpy(record, sim_set.record, sizeof(record));
    sim_world_unlock();
    sim_log_record_api(record, q);
}

static void serve_file(sim_req_t *q)
{
    sim_world_lock();
    sim_file_serve(q);
    sim_world_unlock();
}

void sim_block_serve(sim_req_t *q)
{
    if (q->nseg > 0 && strcmp(q->seg[0], "_control") == 0) {
        sim_control_serve(q);
    }
    else if (sim_file_is(q)) {
        serve_file(q);
    }
    else {
        serve_api(q);
    }
}
