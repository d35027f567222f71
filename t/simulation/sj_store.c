/* sj_store.c - what the module itself says at the end: links with their troubles, the audit, states, the answer of verify. */
#include "simulation/sj_impl.h"

#include <string.h>

#include "store/nts_store.h"

#define PAGE 200

/* ---- the module's values in the judge's words ---- */

static const char *members(const nts_value_t *value, apr_pool_t *p)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < value->as.set.count; i++) {
        const char *name = value->as.set.options[i].name;

        text = text ? apr_pstrcat(p, text, HISTORY_MEMBER, name, NULL) : name;
    }
    return text;
}

static const char *canonical(const nts_value_t *value, apr_pool_t *p)
{
    switch (value->kind) {
    case NTS_VALUE_ABSENT:
    case NTS_VALUE_NULL:
        return NULL;
    case NTS_VALUE_BOOL:
        return value->as.truth ? "true" : "false";
    case NTS_VALUE_DATE:
        return value->as.date.end
                   ? apr_pstrcat(p, value->as.date.start, "/", value->as.date.end, NULL)
                   : value->as.date.start;
    case NTS_VALUE_OPTION:
        return value->as.option.name;
    case NTS_VALUE_SET:
        return members(value, p);
    case NTS_VALUE_OPAQUE:
        return apr_pstrcat(p, "?", value->as.text, NULL);
    case NTS_VALUE_TEXT:
    case NTS_VALUE_NUMBER:
        break;
    }
    return value->as.text;
}

/* "Stage <-> stage" -> "Stage" */
static const char *notion_name(const char *name, apr_pool_t *p)
{
    static const char *const arrows[] = { " <-> ", " -> ", " <- " };
    apr_size_t i;

    for (i = 0; i < 3; i++) {
        const char *arrow = strstr(name, arrows[i]);

        if (arrow) {
            return apr_pstrmemdup(p, name, (apr_size_t)(arrow - name));
        }
    }
    return name;
}

/* ---- links and entries ---- */

static void add_link(judge_t *judge, int mapping, const nts_link_t *link)
{
    static const judge_link_state_t states[] = { JUDGE_LINK_NEW, JUDGE_LINK_ACTIVE,
                                                 JUDGE_LINK_DORMANT, JUDGE_LINK_TOMBSTONE,
                                                 JUDGE_LINK_IGNORED };
    judge_link_t said = { 0 };

    said.mapping = mapping;
    said.id = link->id;
    said.page = link->page;
    said.key = link->key;
    said.state = states[link->state];
    said.trouble = (int)link->trouble;
    said.code = link->outcome.code;
    said.what = link->outcome.what;
    said.field = link->outcome.field;
    judge_add_link(judge, &said);
}

static void add_links(sm_t *sm, int index, apr_int64_t mapping)
{
    apr_int64_t after = 0;
    nts_link_t **links;
    int count = 0, i;

    do {
        if (nts_store_lookup(&links, &count, sm_host_store(sm), mapping, NTS_NOTION, NULL, 0, after,
                             PAGE, sm->p) != APR_SUCCESS) {
            return;
        }
        for (i = 0; i < count; i++) {
            add_link(sj_the(sm)->judge, index, links[i]);
            after = links[i]->id;
        }
    } while (count == PAGE);
}

/* Links that listings leave out are those that are ignored or dormant: found by the records that live. */
/* A deleted record that lives again on one side and waits for a person. */
static void add_held_tombstones(sm_t *sm, int index, apr_int64_t mapping)
{
    nts_link_t **links;
    int count = 0, i;

    if (nts_store_get_troubles(&links, &count, sm_host_store(sm), mapping, NTS_TROUBLE_HELD, PAGE,
                               sm->p) != APR_SUCCESS) {
        return;
    }
    for (i = 0; i < count; i++) {
        if (links[i]->state == NTS_LINK_TOMBSTONE) {
            add_link(sj_the(sm)->judge, index, links[i]);
        }
    }
}

static void add_hidden_links(sm_t *sm, int index, apr_int64_t mapping)
{
    history_t *h = sj_history(sm);
    int i;

    for (i = 0; i < history_count(h); i++) {
        const history_item_t *item = history_item(h, i);
        nts_link_t *link = NULL;

        if (item->kind <= HISTORY_TRIGGER && item->op == HISTORY_MAKE &&
            nts_store_find_link(&link, sm_host_store(sm), mapping, item->record, sm->p) ==
                APR_SUCCESS &&
            link && (link->state == NTS_LINK_IGNORED || link->state == NTS_LINK_DORMANT)) {
            add_link(sj_the(sm)->judge, index, link);
        }
    }
}

static void add_entry(sm_t *sm, int index, const nts_entry_t *entry)
{
    judge_entry_field_t *fields =
        apr_pcalloc(sm->p, (apr_size_t)(entry->field_count + 1) * sizeof(*fields));
    judge_entry_t said = { 0 };
    int f;

    for (f = 0; f < entry->field_count; f++) {
        const nts_entry_field_t *field = &entry->fields[f];

        fields[f].name = notion_name(field->name, sm->p);
        fields[f].before = canonical(&field->before, sm->p);
        fields[f].after = canonical(&field->after, sm->p);
        fields[f].lost = canonical(&field->lost, sm->p);
        fields[f].has_lost = field->lost.kind != NTS_VALUE_ABSENT;
        fields[f].reason = field->reason ? field->reason : entry->note;
    }
    said.mapping = index;
    said.id = entry->id;
    said.link = entry->link;
    said.undoes = entry->undoes;
    said.side = entry->side == NTS_NOTION ? HISTORY_NOTION : HISTORY_EXTERNAL;
    said.op = nts_entry_op_name(entry->op);
    said.state = nts_entry_state_name(entry->state);
    said.page = entry->page;
    said.key = entry->key;
    said.note = entry->note;
    said.at = entry->at;
    said.fields = fields;
    said.field_count = entry->field_count;
    judge_add_entry(sj_the(sm)->judge, &said);
    if (entry->op == NTS_ENTRY_HOLD || entry->op == NTS_ENTRY_REFUSE) {
        apr_size_t len = entry->note ? strcspn(entry->note, ":") : 0;

        sm_count(sm, apr_pstrcat(sm->p, "outcome: ",
                                 apr_pstrmemdup(sm->p, len ? entry->note : "", len < 40 ? len : 40),
                                 NULL));
    }
}

static void add_entries(sm_t *sm, int index, apr_int64_t mapping)
{
    apr_int64_t before = 0;
    nts_entry_t *entries;
    int count = 0, i;

    do {
        if (nts_store_get_entries(&entries, &count, sm_host_store(sm), mapping, 0, before, PAGE,
                                  sm->p) != APR_SUCCESS) {
            return;
        }
        for (i = 0; i < count; i++) {
            add_entry(sm, index, &entries[i]);
            before = entries[i].id;
        }
    } while (count == PAGE);
}

static void add_state(sm_t *sm, int index, apr_int64_t mapping)
{
    static const char *const words[] = { "starting", NULL, "paused", "blocked", "waiting" };
    nts_mapping_status_t status = { 0 };

    if (nts_store_get_status(&status, sm_host_store(sm), mapping, sm->p) == APR_SUCCESS &&
        status.state != NTS_MAPPING_RUNNING) {
        judge_add_stop(sj_the(sm)->judge, index, words[status.state], status.outcome.code);
    }
}

/* ---- commands ---- */

int sj_is_commanded(sm_t *sm)
{
    sj_judge_t *sj = sj_the(sm);
    apr_pool_t *p;
    int i, waiting = 0;

    (void)apr_pool_create(&p, sm->p);
    for (i = 0; sm_host_store(sm) && i < sj->commands->nelts && !waiting; i++) {
        nts_command_t *command = NULL;

        waiting =
            nts_store_get_command(&command, sm_host_store(sm),
                                  APR_ARRAY_IDX(sj->commands, i, apr_int64_t), p) == APR_SUCCESS &&
            command && (!strcmp(command->state, "queued") || !strcmp(command->state, "running"));
    }
    apr_pool_destroy(p);
    return waiting;
}

static void add_verify(sm_t *sm, int index, apr_int64_t mapping)
{
    sj_judge_t *sj = sj_the(sm);
    int i;

    for (i = 0; i < sj->commands->nelts; i++) {
        nts_command_t *command = NULL;
        const nts_json_t *result = NULL;

        if (nts_store_get_command(&command, sm_host_store(sm),
                                  APR_ARRAY_IDX(sj->commands, i, apr_int64_t),
                                  sm->p) == APR_SUCCESS &&
            command && command->mapping == mapping && !strcmp(command->verb, "verify") &&
            command->result &&
            nts_json_parse(&result, command->result, strlen(command->result), NULL, sm->p) ==
                APR_SUCCESS) {
            judge_add_verify(sj->judge, index, (int)nts_json_get_int(result, "different", 0));
        }
    }
}

/* It was ordered to list Notion, which showed no more than a part (1446). */
static int was_listing_cut(sm_t *sm, apr_int64_t mapping)
{
    sj_judge_t *sj = sj_the(sm);
    int i, is_cut = 0;

    for (i = 0; i < sj->commands->nelts; i++) {
        nts_command_t *command = NULL;

        is_cut |= nts_store_get_command(&command, sm_host_store(sm),
                                        APR_ARRAY_IDX(sj->commands, i, apr_int64_t),
                                        sm->p) == APR_SUCCESS &&
                  command && command->mapping == mapping && !strcmp(command->state, "failed") &&
                  command->result && strstr(command->result, "notion.listing_cut");
    }
    return is_cut;
}

static void note_troubles(sm_t *sm, int index, apr_int64_t mapping)
{
    static const nts_trouble_t kinds[] = { NTS_TROUBLE_PARKED, NTS_TROUBLE_HELD };
    judge_t *judge = sj_the(sm)->judge;
    nts_mapping_status_t status = { 0 };
    nts_link_t **links;
    int count, i, k;

    if (nts_store_get_status(&status, sm_host_store(sm), mapping, sm->p) != APR_SUCCESS ||
        status.state != NTS_MAPPING_RUNNING || was_listing_cut(sm, mapping)) {
        judge_add_waiting(judge, sm_now(sm), index, NULL, NULL);
    }
    for (k = 0; k < 2; k++) {
        if (nts_store_get_troubles(&links, &count, sm_host_store(sm), mapping, kinds[k], 1000,
                                   sm->p) != APR_SUCCESS) {
            continue;
        }
        for (i = 0; i < count; i++) {
            judge_add_waiting(judge, sm_now(sm), index, links[i]->page, links[i]->key);
        }
    }
}

/* Calls @a fn for each mapping that both the store and the judge know. */
typedef void each_fn(sm_t *sm, int index, apr_int64_t mapping);

static void each_mapping(sm_t *sm, each_fn *fn)
{
    sj_judge_t *sj = sj_the(sm);
    const nts_setup_t *setup = sm_host_setup(sm);
    int i, k;

    for (i = 0; setup && sm_host_store(sm) && i < setup->mapping_count; i++) {
        for (k = 0; k < sj->mapping_count; k++) {
            if (!strcmp(judge_mapping_name(sj->judge, k), setup->mappings[i]->name)) {
                fn(sm, k, setup->mappings[i]->id);
            }
        }
    }
}

void sj_note_waiting(sm_t *sm)
{
    each_mapping(sm, note_troubles);
}

static void collect(sm_t *sm, int index, apr_int64_t mapping)
{
    add_state(sm, index, mapping);
    add_links(sm, index, mapping);
    add_held_tombstones(sm, index, mapping);
    add_hidden_links(sm, index, mapping);
    add_entries(sm, index, mapping);
    add_verify(sm, index, mapping);
}

void sj_collect(sm_t *sm)
{
    sj_judge_t *sj = sj_the(sm);

    if (sj->show) {
        sj->show(sm, sj->judge);
    }
    each_mapping(sm, collect);
}
