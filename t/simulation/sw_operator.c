/* sw_operator.c - who runs the server: commands of the tool, undo, another configuration. */
#include <string.h>

#include <apr_strings.h>

#include "simulation/sw.h"

#define ENTRIES 40

static sw_mapping_t *mapping_of(sw_world_t *w, const sm_action_t *a)
{
    return &w->mappings[(int)(a->n[0] & 0xff) % w->mapping_count];
}

static void tell(sw_world_t *w, history_op_t op, const sw_mapping_t *m, const char *record,
                 const char *note)
{
    history_item_t item;

    memset(&item, 0, sizeof(item));
    item.kind = HISTORY_OPERATOR;
    item.op = op;
    item.at = sm_now(w->sm);
    item.side = -1;
    item.place = m->name;
    item.record = record;
    item.note = note;
    (void)history_add(w->history, &item);
}

static void command(sm_t *sm, const sm_action_t *a)
{
    static const struct {
        const char *verb, *args;
        history_op_t op;
    } commands[] = {
        { "pause", "{}", HISTORY_PAUSE },
        { "resume", "{}", HISTORY_RESUME },
        { "reconcile", "{}", HISTORY_OTHER },
        { "reconcile", "{\"full\":true}", HISTORY_OTHER },
        { "retry", "{}", HISTORY_OTHER },
        { "verify", "{}", HISTORY_OTHER },
        { "resume", "{\"accept_instance\":true}", HISTORY_RESUME },
    };
    sw_world_t *w = sw_world(sm);
    const sw_mapping_t *m = mapping_of(w, a);
    int i = (int)(a->n[1] & 0xff) % (int)(sizeof(commands) / sizeof(commands[0]));

    tell(w, commands[i].op, m, NULL, commands[i].verb);
    sm_host_command(sm, m->name, commands[i].verb, commands[i].args, NULL, NULL);
}

static const sm_kind_t command_kind = { "op.command", command, { "mapping", "verb" } };

static apr_int64_t id_of(sm_t *sm, const char *mapping)
{
    const nts_setup_t *setup = sm_host_setup(sm);
    int i;

    for (i = 0; setup && i < setup->mapping_count; i++) {
        if (!strcmp(setup->mappings[i]->name, mapping)) {
            return setup->mappings[i]->id;
        }
    }
    return 0;
}

/* The nth newest of the last writes is taken back. */
static void undo(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_mapping_t *m = mapping_of(w, a);
    nts_store_t *store = sm_host_store(sm);
    apr_int64_t id = id_of(sm, m->name);
    nts_entry_t *entries = NULL;
    int count = 0;
    const char *text;

    if (!store || !id ||
        nts_store_get_entries(&entries, &count, store, id, 0, 0, ENTRIES, w->ptemp) !=
            APR_SUCCESS ||
        count < 1) {
        return;
    }
    id = entries[(int)(a->n[1] & 0xffff) % count].id;
    text = apr_psprintf(w->ptemp, "%" APR_INT64_T_FMT, id);
    tell(w, HISTORY_UNDO, m, text, "an entry");
    sm_host_command(sm, m->name, "undo", apr_psprintf(w->ptemp, "{\"entry\":%s}", text), NULL,
                    NULL);
}

static const sm_kind_t undo_kind = { "op.undo", undo, { "mapping", "nth" } };

/* ---- another configuration */

static void tell_field(sw_world_t *w, const sw_mapping_t *m, int field)
{
    judge_field_t now;

    sw_shape_judge_field(w, m, field, &now);
    sj_change_field(w->sm, m->index, field, &now);
}

static void tell_rules(sw_world_t *w, const sw_mapping_t *m)
{
    int k;

    for (k = 0; k < SW_REMARK; k++) {
        tell_field(w, m, k);
    }
}

static void configure(sm_t *sm, const sm_action_t *a)
{
    static const nts_conflict_t rules[] = { NTS_CONFLICT_LAST_WRITE, NTS_CONFLICT_NOTION,
                                            NTS_CONFLICT_EXTERNAL, NTS_CONFLICT_HOLD };
    sw_world_t *w = sw_world(sm);
    sw_mapping_t *m = mapping_of(w, a);
    int field = 1 + (int)(a->n[2] & 0xff) % (SW_REMARK - 1);

    switch (a->n[1]) {
    case 0: /* a field goes, or comes */
        m->fields[field].present = !m->fields[field].present;
        break;
    case 1:
        m->fields[field].conflict =
            m->fields[field].direction == NTS_BOTH ? rules[a->n[3] & 3] : NTS_CONFLICT_INHERIT;
        break;
    case 2:
        m->conflict = rules[a->n[3] & 3];
        break;
    default:
        m->debounce = SM_MS((a->n[3] & 3) * 400);
        break;
    }
    tell(w, HISTORY_CONFIGURE, m, NULL, sw_fields[field].prop);
    tell_rules(w, m);
    sm_host_restart(sm, a->n[4] != 0);
}

static const sm_kind_t configure_kind = { "op.configure",
                                          configure,
                                          { "mapping", "what", "field", "to", "gracefully" } };

const sm_kind_t *const sw_operator_kinds[] = { &command_kind, &undo_kind, &configure_kind, NULL };
