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

    tell(w, commands[i].op, m, NULL,
         strstr(commands[i].args, "accept") ? HISTORY_ACCEPTED : commands[i].verb);
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

/* ---- decisions */

/* The nth record that is in trouble of this kind; NULL: there are none. */
static const nts_link_t *troubled(sw_world_t *w, const sw_mapping_t *m, nts_trouble_t kind,
                                  apr_int64_t nth)
{
    nts_store_t *store = sm_host_store(w->sm);
    apr_int64_t id = id_of(w->sm, m->name);
    nts_link_t **links = NULL;
    int count = 0;

    if (!store || !id ||
        nts_store_get_troubles(&links, &count, store, id, kind, ENTRIES, w->ptemp) != APR_SUCCESS ||
        count < 1) {
        return NULL;
    }
    return links[(int)(nth & 0xffff) % count];
}

typedef struct order_t {
    const char *mapping, *verb, *args;
} order_t;

static void give_order(sm_t *sm, void *baton)
{
    const order_t *order = baton;

    sm_host_command(sm, order->mapping, order->verb, order->args, NULL, NULL);
}

/* What is held is looked at, and decided a while later: what was shown may have moved on by then (S2.9). */
static void rule(sm_t *sm, const sm_action_t *a)
{
    static const char *const choices[] = { "notion", "external", "delete", "restore", "apart" };
    sw_world_t *w = sw_world(sm);
    const sw_mapping_t *m = mapping_of(w, a);
    const nts_link_t *link = troubled(w, m, NTS_TROUBLE_HELD, a->n[1]);
    const char *choice = choices[(a->n[2] & 0xff) % 5];
    int is_delete = (a->n[2] & 0xff) % 5 == 2 || (a->n[2] & 0xff) % 5 == 3;
    order_t *order;

    if (!link || !link->fingerprint) {
        return;
    }
    order = apr_pcalloc(sm->p, sizeof(*order));
    order->mapping = m->name;
    order->verb = is_delete ? "approve" : "resolve";
    order->args = apr_psprintf(
        sm->p, "{\"link\":%" APR_INT64_T_FMT ",\"choice\":\"%s\",\"fingerprint\":\"%s\"}", link->id,
        choice, link->fingerprint);
    tell(w, HISTORY_APPROVE, m, link->page ? link->page : link->key, choice);
    sm_after(sm, SM_MS(a->n[3]), give_order, order);
}

static const sm_kind_t rule_kind = { "op.rule", rule, { "mapping", "nth", "choice", "ms" } };

/* All of a record, of a run, or since a while. */
static void undo_many(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_mapping_t *m = mapping_of(w, a);
    nts_store_t *store = sm_host_store(sm);
    apr_int64_t id = id_of(sm, m->name);
    nts_entry_t *entries = NULL;
    const nts_entry_t *entry;
    const char *args;
    int count = 0;

    if (!store || !id ||
        nts_store_get_entries(&entries, &count, store, id, 0, 0, ENTRIES, w->ptemp) !=
            APR_SUCCESS ||
        count < 1) {
        return;
    }
    entry = &entries[(int)(a->n[2] & 0xffff) % count];
    args = a->n[1] == 0 ? apr_psprintf(w->ptemp, "{\"link\":%" APR_INT64_T_FMT "}", entry->link)
           : a->n[1] == 1 && entry->run
               ? apr_psprintf(w->ptemp, "{\"run\":%" APR_INT64_T_FMT "}", entry->run)
               : apr_psprintf(w->ptemp, "{\"since\":%" APR_INT64_T_FMT "}", entry->at);
    tell(w, HISTORY_UNDO, m, NULL, args);
    sm_host_command(sm, m->name, "undo", args, NULL, NULL);
}

static const sm_kind_t undo_many_kind = { "op.undo_many", undo_many, { "mapping", "what", "nth" } };

/* ---- plans */

typedef struct plan_t {
    const sw_mapping_t *mapping;
    apr_int64_t command;
    apr_interval_time_t wait;
} plan_t;

static void apply_plan(sm_t *sm, void *baton)
{
    const plan_t *plan = baton;
    sw_world_t *w = sw_world(sm);
    nts_store_t *store = sm_host_store(sm);
    nts_command_t *command = NULL;
    const nts_json_t *result = NULL;
    apr_int64_t number;

    if (!store || nts_store_get_command(&command, store, plan->command, w->ptemp) != APR_SUCCESS ||
        !command || !command->result ||
        nts_json_parse(&result, command->result, strlen(command->result), NULL, w->ptemp) !=
            APR_SUCCESS) {
        return;
    }
    number = nts_json_get_int(result, "plan", 0);
    if (number) {
        tell(w, HISTORY_APPROVE, plan->mapping, NULL, HISTORY_APPLIED);
        sm_host_command(sm, plan->mapping->name, "apply",
                        apr_psprintf(w->ptemp, "{\"plan\":%" APR_INT64_T_FMT "}", number), NULL,
                        NULL);
    }
}

static void planned(sm_t *sm, void *baton, apr_int64_t id)
{
    plan_t *plan = baton;

    plan->command = id;
    if (id) {
        sm_after(sm, plan->wait, apply_plan, plan);
    }
}

/* A plan is made, looked at, and applied; what has moved on meanwhile is refused. */
static void make_plan(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_mapping_t *m = mapping_of(w, a);
    plan_t *plan = apr_pcalloc(sm->p, sizeof(*plan));

    plan->mapping = m;
    plan->wait = SM_MS(a->n[1]);
    tell(w, HISTORY_APPROVE, m, NULL, "a plan");
    sm_host_command(sm, m->name, "plan", "{}", planned, plan);
}

static const sm_kind_t plan_kind = { "op.plan", make_plan, { "mapping", "ms" } };

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

const sm_kind_t *const sw_operator_kinds[] = {
    &command_kind, &undo_kind, &rule_kind, &undo_many_kind, &plan_kind, &configure_kind, NULL
};
