/* sw_sql_unsteady.c - what a database's server does to those who are connected to it (sm_server.h). */
#include "simulation/sm_server.h"
#include "simulation/sw.h"

static void unsettle(sm_t *sm, const sm_action_t *a)
{
    sm_server_fault_t fault = { .kind = (sm_server_kind_t)((a->n[0] & 0xff) % SM_SERVER_KINDS),
                                .count = a->n[1] > 0 ? (int)a->n[1] : 1,
                                .left = SM_MS(a->n[2] > 0 ? a->n[2] : 0),
                                .away = SM_MS(a->n[3] > 0 ? a->n[3] : 0) };

    fault.is_done = fault.kind == SM_SERVER_CUT_COMMIT && a->n[4] != 0;
    fault.is_second = fault.kind != SM_SERVER_CUT_COMMIT && a->n[4] != 0;
    fault.is_silent = a->n[5] != 0;
    if (sm_setting_of(sm, "unsteady") > 0) {
        sm_server_order(sm, &fault);
    }
}

static const sm_kind_t unsteady_kind = {
    "sql.unsteady", unsettle, { "kind", "count", "left_ms", "away_ms", "done", "silent" }
};

const sm_kind_t *const sw_sql_unsteady_kinds[] = { &unsteady_kind, NULL };
