/* sm_fault.c - what goes wrong at the host: deaths, frozen processes, restarts, clocks, disks, lost state. */
#include <unistd.h>

#include <apr_file_io.h>
#include <sqlite3.h>

#include "simulation/sm_host.h"

static const char *const backup_names[] = { "/state.kept0", "/state.kept1" };

static void kill_worker(sm_t *sm, const sm_action_t *a)
{
    sm_worker_t *worker = sm_host_pick(sm, a->n[0]);

    if (worker && a->n[1] < 0) {
        sm_trace(sm, "%s is killed", worker->process->name);
        sm_process_kill(sm, worker->process);
    }
    else if (worker && a->n[1] < SM_POINTS) {
        sm_process_arm(worker->process, (sm_point_t)a->n[1], a->n[2] > 0 ? (int)a->n[2] : 1);
    }
}

static const sm_kind_t kill_kind = { "host.kill", kill_worker, { "worker", "point", "count" } };

static void kill_child(sm_t *sm, const sm_action_t *a)
{
    sm_generation_t *g = sm->host->generations;

    if (g && g->child && g->child->process->state != SM_DEAD) {
        sm_process_arm(g->child->process, a->n[0] ? SM_POINT_STORE_AFTER : SM_POINT_STORE_BEFORE,
                       1);
    }
}

static const sm_kind_t child_kind = { "host.kill_child", kill_child, { "after" } };

/* --- the whole machine */

static void black_out(sm_t *sm)
{
    int i;

    for (i = 0; sm->kernel->parts[i]; i++) {
        if (sm->kernel->parts[i]->blackout) {
            sm->kernel->parts[i]->blackout(sm);
        }
    }
}

static void come_up(sm_t *sm, void *baton)
{
    (void)baton;
    if (!sm->host->is_on) {
        sm_trace(sm, "the host is up again");
        sm_host_start(sm);
    }
}

static void go_down(sm_t *sm, apr_int64_t down_ms)
{
    sm_host_kill_all(sm);
    sm->host->is_on = 0;
    sm_after(sm, SM_MS(down_ms), come_up, NULL);
}

static void crash(sm_t *sm, const sm_action_t *a)
{
    sm_dice_t dice;

    sm_trace(sm, "the host dies%s", a->n[0] ? ", by power" : "");
    go_down(sm, a->n[1]);
    if (a->n[0]) {
        sm_dice_init(&dice, sm, "power");
        black_out(sm);
        sm_file_power_cut(&dice);
    }
}

static const sm_kind_t crash_kind = { "host.crash", crash, { "power", "down_ms" } };

static void thaw(sm_t *sm, void *baton)
{
    sm_process_thaw(sm, baton);
}

static void freeze(sm_t *sm, const sm_action_t *a)
{
    sm_worker_t *worker = sm_host_pick(sm, a->n[0]);

    if (worker) {
        sm_process_freeze(sm, worker->process, a->n[2] != 0);
        sm_after(sm, SM_MS(a->n[1]), thaw, worker->process);
    }
}

static const sm_kind_t freeze_kind = { "host.freeze", freeze, { "worker", "ms", "lose_locks" } };

static void restart(sm_t *sm, const sm_action_t *a)
{
    if (sm->host->is_on) {
        sm_host_restart(sm, a->n[0] != 0);
    }
}

static const sm_kind_t restart_kind = { "host.restart", restart, { "gracefully" } };

static void start(sm_t *sm, void *baton)
{
    (void)baton;
    sm_host_switch(sm, 1);
}

static void stop(sm_t *sm, const sm_action_t *a)
{
    if (sm->host->is_on) {
        sm_host_switch(sm, 0);
        sm_after(sm, SM_MS(a->n[0]), start, NULL);
    }
}

static const sm_kind_t stop_kind = { "host.stop", stop, { "ms" } };

static void orphan(sm_t *sm, const sm_action_t *a)
{
    if (sm->host->is_on) {
        sm_trace(sm, "httpd's parent dies");
        sm_host_orphan(sm);
        sm_after(sm, SM_MS(a->n[0]), come_up, NULL);
    }
}

static const sm_kind_t orphan_kind = { "host.orphan", orphan, { "ms" } };

/* --- clocks and disks */

static void step_clock(sm_t *sm, const sm_action_t *a)
{
    sm_clock_step(sm, SM_HOST, SM_MS(a->n[0]));
}

static const sm_kind_t clock_kind = { "host.clock", step_clock, { "step_ms" } };

static void heal_disk(sm_t *sm, void *baton)
{
    sm_note_t note = { .kind = SM_NOTE_DISK, .code = 0 };

    (void)baton;
    sm_note(sm, &note);
    sm_trace(sm, "the disk of the state store works again");
    sm_file_spoil(sm->host->store.params, 0);
}

static void spoil_disk(sm_t *sm, const sm_action_t *a)
{
    static const int codes[] = { SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN };
    sm_note_t note = { .kind = SM_NOTE_DISK, .code = 1 };

    sm_note(sm, &note);
    sm_trace(sm, "the disk of the state store fails, kind %d", (int)a->n[0]);
    sm_file_spoil(sm->host->store.params, codes[(a->n[0] < 0 ? -a->n[0] : a->n[0]) % 3]);
    sm_after(sm, SM_MS(a->n[1]), heal_disk, NULL);
}

static const sm_kind_t disk_kind = { "host.disk", spoil_disk, { "kind", "ms" } };

static void quicken_disk(sm_t *sm, void *baton)
{
    (void)baton;
    sm->kernel->disk_us = sm_setting_of(sm, "host.disk_us");
}

static void slow_disk(sm_t *sm, const sm_action_t *a)
{
    sm_trace(sm, "the disk of the state store is slow");
    sm->kernel->disk_us = a->n[0];
    sm_after(sm, SM_MS(a->n[1]), quicken_disk, NULL);
}

static const sm_kind_t slow_kind = { "host.slow_disk", slow_disk, { "us", "ms" } };

/* --- the state store is kept, put back, lost */

static const char *kept(sm_t *sm, apr_int64_t slot)
{
    return apr_pstrcat(sm->p, sm_folder(sm), backup_names[slot & 1], NULL);
}

static void keep_state(sm_t *sm, const sm_action_t *a)
{
    nts_outcome_t out = { 0 };
    nts_store_t *store = sm_host_store(sm);

    sm_file_remove(kept(sm, a->n[0]));
    (void)unlink(kept(sm, a->n[0])); /* a mark of an earlier run, or the real one */
    if (store && nts_store_backup(store, kept(sm, a->n[0]), &out, sm->p) != APR_SUCCESS) {
        sm_trace(sm, "no copy of the state was made");
    }
}

static const sm_kind_t keep_kind = { "host.keep_state", keep_state, { "slot" } };

static void replace_state(sm_t *sm, const char *with, apr_int64_t down_ms)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
    sm_note_t note = { .kind = SM_NOTE_FORGOT, .code = with != NULL };
    apr_size_t i;

    go_down(sm, down_ms);
    sm_note(sm, &note);
    sm_host_look_away(sm);
    if (!sm_vfs_is_real(sm->host->store.params)) {
        sm_file_remove(sm->host->store.params);
        if (with) {
            (void)sm_file_copy(with, sm->host->store.params);
        }
        return;
    }
    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        (void)unlink(apr_pstrcat(sm->p, sm->host->store.params, endings[i], NULL));
    }
    if (with) {
        (void)apr_file_copy(with, sm->host->store.params, APR_FILE_SOURCE_PERMS, sm->p);
    }
}

static void restore_state(sm_t *sm, const sm_action_t *a)
{
    const char *copy = kept(sm, a->n[0]);

    if (sm_vfs_is_real(copy) ? access(copy, R_OK) == 0 : sm_file_exists(copy)) {
        sm_trace(sm, "the state store is put back as it was");
        replace_state(sm, copy, a->n[1]);
    }
}

static const sm_kind_t restore_kind = { "host.restore_state", restore_state, { "slot", "ms" } };

static void lose_state(sm_t *sm, const sm_action_t *a)
{
    sm_trace(sm, "the state store is lost");
    replace_state(sm, NULL, a->n[0]);
}

static const sm_kind_t lose_kind = { "host.lose_state", lose_state, { "ms" } };

/* --- planning */

void sm_faults_register(sm_t *sm)
{
    static const sm_kind_t *const kinds[] = {
        &kill_kind,   &child_kind, &crash_kind, &freeze_kind, &restart_kind, &stop_kind, &slow_kind,
        &orphan_kind, &clock_kind, &disk_kind,  &keep_kind,   &restore_kind, &lose_kind,
    };
    apr_size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        sm_register(sm, kinds[i]);
    }
    (void)sm_setting(sm, "minutes", 5, 25);
    (void)sm_setting(sm, "host.troubles", -3, 8);
    (void)sm_setting(sm, "host.clock_ms", -2000, 2000);
    (void)sm_setting(sm, "host.state_loss", -60, 2);
    sm->kernel->disk_us = sm_setting(sm, "host.disk_us", -3000, 3000);
}

static void plan_one(sm_t *sm, sm_dice_t *dice, apr_interval_time_t at)
{
    static const struct {
        const sm_kind_t *kind;
        int weight;
        apr_int64_t from[3];
        apr_int64_t to[3];
    } choices[] = {
        { &kill_kind, 37, { 0, -1, 1 }, { 3, SM_POINTS - 1, 12 } },
        { &child_kind, 5, { 0 }, { 1 } },
        { &crash_kind, 12, { 0, 10 }, { 1, 90000 } },
        { &freeze_kind, 12, { 0, 1000, 0 }, { 3, 150000, 1 } },
        { &restart_kind, 14, { 0 }, { 3 } },
        { &stop_kind, 4, { 100 }, { 120000 } },
        { &orphan_kind, 3, { 100 }, { 20000 } },
        { &clock_kind, 5, { -90000 }, { 90000 } },
        { &disk_kind, 4, { 0, 100 }, { 2, 60000 } },
        { &slow_kind, 4, { 5000, 1000 }, { 3000000, 60000 } },
    };
    apr_int64_t roll = sm_between(dice, 0, 99);
    sm_action_t *action;
    apr_size_t i = 0;
    int n;

    while (roll >= choices[i].weight) {
        roll -= choices[i++].weight;
    }
    action = sm_plan(sm, at, choices[i].kind);
    for (n = 0; n < 3; n++) {
        action->n[n] = sm_between(dice, choices[i].from[n], choices[i].to[n]);
    }
}

static void plan_loss(sm_t *sm, sm_dice_t *dice, apr_interval_time_t span)
{
    apr_interval_time_t at = sm_between(dice, span / 3, span);
    sm_action_t *action;

    if (sm_chance(dice, 500)) {
        action = sm_plan(sm, at, &lose_kind);
        action->n[0] = sm_between(dice, 100, 20000);
    }
    else {
        (void)sm_plan(sm, sm_between(dice, 0, at), &keep_kind);
        action = sm_plan(sm, at, &restore_kind);
        action->n[1] = sm_between(dice, 100, 20000);
    }
}

void sm_faults_plan(sm_t *sm)
{
    apr_interval_time_t span = SM_MIN(sm_setting_of(sm, "minutes"));
    apr_int64_t count = sm_setting_of(sm, "host.troubles");
    sm_dice_t dice;

    sm_dice_init(&dice, sm, "host");
    for (; count > 0; count--) {
        plan_one(sm, &dice, sm_between(&dice, 0, span));
    }
    for (count = sm_setting_of(sm, "host.state_loss"); count > 0; count--) {
        plan_loss(sm, &dice, span);
    }
}

void sm_faults_calm(sm_t *sm)
{
    sm_file_spoil(sm->host->store.params, 0);
    quicken_disk(sm, NULL);
}
