/* judge.c - what the judge is told, and the verdict. */
#include "simulation/judge_impl.h"

#include <stdarg.h>
#include <string.h>

#define VIOLATIONS_MAX 100

judge_t *judge_create(history_t *history, apr_time_t started, apr_pool_t *p)
{
    judge_t *j = apr_pcalloc(p, sizeof(*j));

    j->started = started;
    j->history = history;
    j->p = p;
    j->has_pages[HISTORY_NOTION] = 1;
    j->mappings = apr_array_make(p, 2, sizeof(judge_mapping_t));
    j->changes = apr_array_make(p, 4, sizeof(judge_field_change_t));
    j->connections = apr_array_make(p, 2, sizeof(judge_connection_t));
    j->links = apr_array_make(p, 64, sizeof(judge_link_t));
    j->references = apr_array_make(p, 2, sizeof(judge_reference_t));
    j->entries = apr_array_make(p, 256, sizeof(judge_entry_t));
    j->stops = apr_array_make(p, 2, sizeof(judge_stop_t));
    j->waiting = apr_array_make(p, 8, sizeof(judge_waiting_t));
    j->shown = apr_array_make(p, 256, sizeof(judge_shown_t));
    j->violations = apr_array_make(p, 8, sizeof(judge_violation_t));
    j->all = apr_array_make(p, 64, sizeof(judge_record_t *));
    j->records = apr_hash_make(p);
    j->marks = apr_hash_make(p);
    j->page_requests = apr_hash_make(p);
    return j;
}

int judge_add_mapping(judge_t *j, const judge_mapping_t *mapping)
{
    judge_mapping_t *kept = apr_array_push(j->mappings);
    int side;

    *kept = *mapping;
    for (side = 0; side < HISTORY_SIDES; side++) {
        kept->place[side] = history_text(j->history, mapping->place[side]);
    }
    return j->mappings->nelts - 1;
}

const char *judge_mapping_name(const judge_t *j, int mapping)
{
    return JUDGE_MAPPING(j, mapping)->name;
}

void judge_change_field(judge_t *j, apr_time_t at, int mapping, int field, const judge_field_t *now)
{
    judge_field_change_t *change = apr_array_push(j->changes);

    change->at = at;
    change->mapping = mapping;
    change->field = field;
    change->now = *now;
}

void judge_add_reference(judge_t *j, const judge_reference_t *reference)
{
    judge_reference_t *kept = apr_array_push(j->references);

    kept->table = history_text(j->history, reference->table);
    kept->to = history_text(j->history, reference->to);
    kept->deletes = reference->deletes;
}

void judge_add_connection(judge_t *j, const judge_connection_t *connection)
{
    APR_ARRAY_PUSH(j->connections, judge_connection_t) = *connection;
    j->has_pages[connection->side] = 1;
}

void judge_add_link(judge_t *j, const judge_link_t *link)
{
    APR_ARRAY_PUSH(j->links, judge_link_t) = *link;
}

void judge_add_entry(judge_t *j, const judge_entry_t *entry)
{
    APR_ARRAY_PUSH(j->entries, judge_entry_t) = *entry;
}

int judge_entry_count(const judge_t *j)
{
    return j->entries->nelts;
}

static const char *shown(const char *value)
{
    return value ? value : "null";
}

const char *judge_entry_line(const judge_t *j, int index, apr_pool_t *p)
{
    const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, index, judge_entry_t);
    const char *line =
        apr_psprintf(p, "entry %" APR_INT64_T_FMT " at %.3f: %s %s %s/%s, %s%s%s", entry->id,
                     (double)(entry->at - j->started) / 1e6, entry->op,
                     entry->side ? "external" : "notion", shown(entry->page), shown(entry->key),
                     entry->state, entry->note ? ": " : "", entry->note ? entry->note : "");
    int f;

    for (f = 0; f < entry->field_count; f++) {
        const judge_entry_field_t *field = &entry->fields[f];

        line = apr_psprintf(p, "%s; %s '%s' -> '%s'%s%s%s (%s)", line, field->name,
                            shown(field->before), shown(field->after),
                            field->has_lost ? " lost '" : "",
                            field->has_lost ? shown(field->lost) : "", field->has_lost ? "'" : "",
                            field->reason ? field->reason : "no reason");
    }
    return line;
}

void judge_add_stop(judge_t *j, int mapping, const char *state, const char *code)
{
    judge_stop_t *stop = apr_array_push(j->stops);

    stop->mapping = mapping;
    stop->state = state;
    stop->code = code;
}

void judge_add_waiting(judge_t *j, apr_time_t at, int mapping, const char *page, const char *key)
{
    judge_waiting_t *waiting = apr_array_push(j->waiting);

    waiting->at = at;
    waiting->mapping = mapping;
    waiting->page = history_text(j->history, page);
    waiting->key = history_text(j->history, key);
}

void judge_show(judge_t *j, int side, const char *place, const char *record, const char *field,
                const char *value)
{
    judge_shown_t *shown = apr_array_push(j->shown);

    shown->side = side;
    shown->place = history_text(j->history, place);
    shown->record = history_text(j->history, record);
    shown->field = history_text(j->history, field);
    shown->value = history_text(j->history, value);
}

void judge_add_verify(judge_t *j, int mapping, int differences)
{
    if (differences) {
        judge_blame(j, "S6.1", -1, "verify finds %d differences in mapping %s", differences,
                    JUDGE_MAPPING(j, mapping)->name);
    }
}

void judge_blame(judge_t *j, const char *rule, int item, const char *fmt, ...)
{
    judge_violation_t *violation;
    va_list args;

    if (j->violations->nelts >= VIOLATIONS_MAX) {
        return;
    }
    violation = apr_array_push(j->violations);
    va_start(args, fmt);
    violation->what = apr_pvsprintf(j->p, fmt, args);
    va_end(args);
    violation->rule = rule;
    violation->item = item;
}

int judge_find_field(judge_t *j, int mapping, int side, const char *name)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i;

    for (i = 0; i < m->field_count; i++) {
        if (judge_same(m->fields[i].name[side], name)) {
            return i;
        }
    }
    return -1;
}

const judge_field_t *judge_field_at(judge_t *j, int mapping, int field, apr_time_t at)
{
    const judge_field_t *now = &JUDGE_MAPPING(j, mapping)->fields[field];
    int i;

    for (i = 0; i < j->changes->nelts; i++) {
        const judge_field_change_t *change = &APR_ARRAY_IDX(j->changes, i, judge_field_change_t);

        if (change->mapping == mapping && change->field == field && change->at <= at) {
            now = &change->now;
        }
    }
    return now->absent ? NULL : now;
}

int judge_was_field(judge_t *j, int mapping, int field, apr_time_t at, apr_interval_time_t slack,
                    judge_field_test_fn *test, const void *baton)
{
    const judge_field_t *then = judge_field_at(j, mapping, field, at - slack);
    int i;

    if (then && test(then, baton)) {
        return 1;
    }
    for (i = 0; i < j->changes->nelts; i++) {
        const judge_field_change_t *change = &APR_ARRAY_IDX(j->changes, i, judge_field_change_t);

        if (change->mapping == mapping && change->field == field && change->at > at - slack &&
            change->at <= at && !change->now.absent && test(&change->now, baton)) {
            return 1;
        }
    }
    return 0;
}

static int happened(judge_t *j, history_op_t op, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = history_count(j->history) - 1; i >= 0 && j->phases->store_forgot; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == op && item->at >= from && item->at <= to) {
            return 1;
        }
    }
    return 0;
}

int judge_went_back(judge_t *j, apr_time_t from, apr_time_t to)
{
    return happened(j, HISTORY_STORE_OLD, from, to);
}

int judge_forgot(judge_t *j, apr_time_t from, apr_time_t to)
{
    return happened(j, HISTORY_STORE_LOST, from, to) || judge_went_back(j, from, to);
}

apr_time_t judge_forgot_last(judge_t *j, apr_time_t before)
{
    int i;

    for (i = history_count(j->history) - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if ((item->op == HISTORY_STORE_LOST || item->op == HISTORY_STORE_OLD) &&
            item->at <= before) {
            return item->at;
        }
    }
    return 0;
}

int judge_run(judge_t *j, const judge_phases_t *phases)
{
    j->phases = phases;
    judge_replay(j);
    judge_budget(j);
    judge_end(j);
    judge_heard(j);
    judge_prompt(j);
    judge_steps(j);
    judge_children(j);
    judge_filters(j);
    judge_limits(j);
    judge_undo(j);
    judge_decisions(j);
    judge_accepted(j);
    return j->violations->nelts;
}

int judge_count(const judge_t *j)
{
    return j->violations->nelts;
}

const judge_violation_t *judge_violation(const judge_t *j, int index)
{
    return &APR_ARRAY_IDX(j->violations, index, judge_violation_t);
}

const judge_figures_t *judge_figures(const judge_t *j)
{
    return &j->figures;
}
