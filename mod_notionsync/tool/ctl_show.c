/* ctl_show.c - status, explain, audit: what the store says, without asking anybody. */
#include "config.h"

#include <string.h>

#include "base/nts_str.h"
#include "tool/ctl.h"

static const char *const state_names[] = { "starting", "running", "paused", "blocked", "waiting" };

static void print_outcome(ctl_t *ctl, const nts_outcome_t *out, const char *indent)
{
    if (out->remedy == NTS_REMEDY_NONE) {
        return;
    }
    printf("%swhy:   %s\n", indent, nts_str_printable(nts_outcome_text(out, ctl->p), ctl->p));
    if (out->advice) {
        printf("%sto do: %s\n", indent, out->advice);
    }
    if (out->retry_at) {
        printf("%snext:  %s\n", indent, ctl_when(out->retry_at, ctl->p));
    }
}

typedef struct facts_t {
    nts_mapping_status_t status;
    nts_json_t *fields; /* suspended, and where one mapping is asked for, offered (nts_offer.h) */
    nts_counts_t counts;
    nts_run_t *runs;
    int run_count;
    nts_hook_t hook;       /* of its service of Notion */
    nts_outcome_t silence; /* events that should have come and have not */
} facts_t;

static int read_facts(ctl_t *ctl, const nts_mapping_t *mapping, int offers, facts_t *facts)
{
    *facts = (facts_t){ 0 };
    facts->fields = nts_json_make_object(ctl->p);
    if (nts_store_show_fields(facts->fields, NULL, ctl->store, mapping, offers, ctl->p) !=
            APR_SUCCESS ||
        nts_store_get_status(&facts->status, ctl->store, mapping->id, ctl->p) != APR_SUCCESS ||
        nts_store_count(&facts->counts, ctl->store, mapping->id) != APR_SUCCESS ||
        nts_store_get_runs(&facts->runs, &facts->run_count, ctl->store, mapping->id, 1, ctl->p) !=
            APR_SUCCESS ||
        nts_store_get_hook(&facts->hook, ctl->store, mapping->notion->id, ctl->p) != APR_SUCCESS ||
        nts_store_get_silence(&facts->silence, ctl->store, mapping, NTS_NOTION, ctl->p) !=
            APR_SUCCESS ||
        (!facts->silence.code && nts_store_get_silence(&facts->silence, ctl->store, mapping,
                                                       NTS_EXTERNAL, ctl->p) != APR_SUCCESS)) {
        return ctl_fail("the state of mapping %s cannot be read", mapping->name);
    }
    return CTL_DONE;
}

static void print_fields(ctl_t *ctl, const nts_json_t *fields)
{
    const nts_json_t *suspended = nts_json_get(fields, "suspended");
    const nts_json_t *offered = nts_json_get(fields, "offered");
    apr_int64_t more = nts_json_get_int(fields, "offered_more", 0);
    int i;

    for (i = 0; i < nts_json_count(suspended); i++) {
        const nts_json_t *field = nts_json_at(suspended, i);

        printf("  suspended, the other fields go on: \"%s\" and %s\n    why:   %s\n    to do: %s\n",
               nts_str_printable(nts_json_get_string(field, "notion"), ctl->p),
               nts_str_printable(nts_json_get_string(field, "external"), ctl->p),
               nts_str_printable(nts_json_get_string(field, "what"), ctl->p),
               nts_json_get_string(field, "advice"));
    }
    for (i = 0; i < nts_json_count(offered); i++) {
        const nts_json_t *field = nts_json_at(offered, i);
        const char *lacks = nts_json_get_string(field, "lacks");

        printf("  not mapped: %s%s%s%s\n",
               nts_str_printable(nts_json_get_string(field, "line"), ctl->p), lacks ? "  (" : "",
               lacks ? lacks : "", lacks ? ")" : "");
    }
    if (more) {
        printf("  not mapped: %" APR_INT64_T_FMT " more\n", more);
    }
}

static void print_status(ctl_t *ctl, const nts_mapping_t *mapping, const facts_t *facts)
{
    const nts_counts_t *c = &facts->counts;

    printf("%s: %s\n", nts_mapping_label(mapping, ctl->p), state_names[facts->status.state]);
    print_outcome(ctl, &facts->status.outcome, "  ");
    printf("  records %" APR_INT64_T_FMT ", deleted %" APR_INT64_T_FMT ", waiting %" APR_INT64_T_FMT
           ", in flight %" APR_INT64_T_FMT ", parked %" APR_INT64_T_FMT ", held %" APR_INT64_T_FMT
           "\n",
           c->links[NTS_LINK_ACTIVE], c->links[NTS_LINK_TOMBSTONE], c->waiting, c->pending,
           c->parked, c->held);
    if (c->links[NTS_LINK_DORMANT]) {
        printf("  outside the filter %" APR_INT64_T_FMT "\n", c->links[NTS_LINK_DORMANT]);
    }
    if (facts->status.triggers && strcmp(facts->status.triggers, "provisioned") != 0) {
        printf("  table: %s\n", nts_str_printable(facts->status.triggers, ctl->p));
    }
    printf("  last full reconciliation %s\n", ctl_when(facts->status.full_done, ctl->p));
    if (facts->run_count) {
        const nts_run_t *run = &facts->runs[0];

        printf("  last run: %s, %s, began %s, %" APR_INT64_T_FMT " pages and %" APR_INT64_T_FMT
               " rows read\n",
               run->kind, run->state, ctl_when(run->started, ctl->p), run->seen[NTS_NOTION],
               run->seen[NTS_EXTERNAL]);
    }
    printf("  last event from %s %s\n", mapping->notion->name,
           ctl_when(facts->hook.last_event, ctl->p));
    print_outcome(ctl, &facts->silence, "  ");
    print_fields(ctl, facts->fields);
}

static void add_status(nts_json_t *list, const nts_mapping_t *mapping, const facts_t *facts,
                       apr_pool_t *p)
{
    nts_json_t *item = nts_json_add_object(list, NULL);

    nts_json_add_string(item, "mapping", nts_mapping_label(mapping, p));
    nts_json_add_string(item, "state", state_names[facts->status.state]);
    nts_outcome_to_json(&facts->status.outcome, nts_json_add_object(item, "outcome"));
    if (facts->status.triggers) {
        nts_json_add_string(item, "triggers", facts->status.triggers);
    }
    nts_json_add_bool(item, "matched", facts->status.matched);
    nts_json_add_int(item, "active", facts->counts.links[NTS_LINK_ACTIVE]);
    nts_json_add_int(item, "deleted", facts->counts.links[NTS_LINK_TOMBSTONE]);
    nts_json_add_int(item, "outside", facts->counts.links[NTS_LINK_DORMANT]);
    nts_json_add_int(item, "waiting", facts->counts.waiting);
    nts_json_add_int(item, "pending", facts->counts.pending);
    nts_json_add_int(item, "parked", facts->counts.parked);
    nts_json_add_int(item, "held", facts->counts.held);
    nts_json_add_int(item, "full_done", facts->status.full_done);
    nts_json_add_int(item, "last_event", facts->hook.last_event);
    if (facts->silence.code) {
        nts_outcome_to_json(&facts->silence, nts_json_add_object(item, "silence"));
    }
    nts_json_add_copy(item, "fields", facts->fields);
}

int ctl_status(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *only = argc ? ctl_mapping(ctl, argv[0]) : NULL;
    nts_json_t *list = nts_json_make_array(ctl->p);
    int i, status = CTL_DONE;

    if (argc && !only) {
        return CTL_FAILED;
    }
    for (i = 0; i < ctl->setup->mapping_count; i++) {
        const nts_mapping_t *mapping = ctl->setup->mappings[i];
        facts_t facts;

        if (only && only != mapping) {
            continue;
        }
        if (read_facts(ctl, mapping, only != NULL, &facts)) {
            return CTL_FAILED;
        }
        if (ctl->json) {
            add_status(list, mapping, &facts, ctl->p);
        }
        else {
            print_status(ctl, mapping, &facts);
        }
        if (facts.status.state == NTS_MAPPING_BLOCKED ||
            facts.status.state == NTS_MAPPING_WAITING) {
            status = CTL_FAILED;
        }
    }
    if (ctl->json) {
        ctl_print_json(ctl, list);
    }
    return status;
}

static void print_field(ctl_t *ctl, const nts_entry_field_t *field)
{
    printf("      %s: %s -> %s", nts_str_printable(field->name, ctl->p),
           nts_value_display(&field->before, 60, ctl->p),
           nts_value_display(&field->after, 60, ctl->p));
    if (field->reason) {
        printf("  (%s)", field->reason);
    }
    if (field->lost.kind != NTS_VALUE_ABSENT) {
        printf(", lost: %s", nts_value_display(&field->lost, 60, ctl->p));
    }
    printf("\n");
}

static void print_entry(ctl_t *ctl, const nts_entry_t *entry)
{
    int i;

    printf("  %" APR_INT64_T_FMT "  %s  %s %s on %s", entry->id, nts_time_text(entry->at, ctl->p),
           nts_entry_op_name(entry->op), nts_entry_state_name(entry->state),
           nts_side_name(entry->side));
    printf("  page %s key %s\n", entry->page ? entry->page : "-",
           entry->key ? nts_str_printable(entry->key, ctl->p) : "-");
    if (entry->note) {
        printf("      %s\n", nts_str_printable(entry->note, ctl->p));
    }
    if (entry->taken && *entry->taken) {
        printf("      %s\n", nts_str_printable(entry->taken, ctl->p));
    }
    for (i = 0; i < entry->field_count; i++) {
        print_field(ctl, &entry->fields[i]);
    }
}

static void add_entry(nts_json_t *list, const nts_entry_t *entry, apr_pool_t *p)
{
    nts_json_t *item = nts_json_add_object(list, NULL), *fields;
    int i;

    nts_json_add_int(item, "entry", entry->id);
    nts_json_add_string(item, "at", nts_time_text(entry->at, p));
    nts_json_add_string(item, "op", nts_entry_op_name(entry->op));
    nts_json_add_string(item, "state", nts_entry_state_name(entry->state));
    nts_json_add_string(item, "side", nts_side_name(entry->side));
    nts_json_add_string(item, "page", entry->page);
    nts_json_add_string(item, "key", entry->key);
    nts_json_add_string(item, "cause", entry->cause);
    nts_json_add_string(item, "note", entry->note);
    if (entry->taken) {
        nts_json_add_string(item, "taken", entry->taken);
    }
    fields = nts_json_add_array(item, "fields");
    for (i = 0; i < entry->field_count; i++) {
        nts_json_t *field = nts_json_add_object(fields, NULL);

        nts_json_add_string(field, "name", entry->fields[i].name);
        nts_value_to_json(&entry->fields[i].before, field, "before");
        nts_value_to_json(&entry->fields[i].after, field, "after");
        nts_value_to_json(&entry->fields[i].lost, field, "lost");
        nts_json_add_string(field, "reason", entry->fields[i].reason);
    }
}

/* The audit of a mapping, or of one of its records. */
static int show_entries(ctl_t *ctl, const nts_mapping_t *mapping, apr_int64_t link,
                        nts_json_t *list)
{
    nts_entry_t *entries;
    int i, count;

    if (nts_store_get_entries(&entries, &count, ctl->store, mapping->id, link, 0, ctl->limit,
                              ctl->p) != APR_SUCCESS) {
        return ctl_fail("the audit of %s cannot be read", mapping->name);
    }
    for (i = 0; i < count; i++) {
        if (ctl->json) {
            add_entry(list, &entries[i], ctl->p);
        }
        else {
            print_entry(ctl, &entries[i]);
        }
    }
    if (!count && !ctl->json) {
        printf("  nothing was changed yet\n");
    }
    return CTL_DONE;
}

static nts_link_t *find_link(ctl_t *ctl, const nts_mapping_t *mapping, const char *id)
{
    nts_link_t *link = NULL;

    if (nts_store_find_link(&link, ctl->store, mapping->id, id, ctl->p) != APR_SUCCESS) {
        (void)ctl_fail("mapping %s knows no record '%s': neither a page id nor a key nor a link "
                       "number; it may not have been seen yet, see 'status'",
                       mapping->name, id);
        return NULL;
    }
    return link;
}

int ctl_audit(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, argv[0]);
    nts_json_t *list = nts_json_make_array(ctl->p);
    nts_link_t *link = NULL;
    int status;

    if (!mapping || (argc > 1 && !(link = find_link(ctl, mapping, argv[1])))) {
        return CTL_FAILED;
    }
    status = show_entries(ctl, mapping, link ? link->id : 0, list);
    if (ctl->json && !status) {
        ctl_print_json(ctl, list);
    }
    return status;
}

static const char *pair_name(const nts_mapping_t *mapping, apr_int64_t pair, apr_pool_t *p)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].id == pair) {
            return apr_psprintf(p, "%s / %s", mapping->pairs[i].notion, mapping->pairs[i].external);
        }
    }
    return "a field of an older configuration";
}

static void print_link(ctl_t *ctl, const nts_mapping_t *mapping, const nts_link_t *link)
{
    int i;

    printf("link %" APR_INT64_T_FMT ": %s%s\n", link->id, nts_link_state_name(link->state),
           link->trouble == NTS_TROUBLE_PARKED ? ", parked"
           : link->trouble == NTS_TROUBLE_HELD ? ", held for a person"
           : link->state == NTS_LINK_DORMANT   ? ", outside the filter"
                                               : ", in sync as far as is known");
    for (i = 0; i < NTS_SIDE_COUNT && link->state == NTS_LINK_DORMANT; i++) {
        if (mapping->filter[i]) {
            printf("  filter of %s: %s\n", nts_side_name((nts_side_t)i), mapping->filter[i]->text);
        }
    }
    printf("  page  %s\n  key   %s\n", link->page ? link->page : "none yet",
           link->key ? nts_str_printable(link->key, ctl->p) : "none yet");
    print_outcome(ctl, &link->outcome, "  ");
    printf("  last looked at %s\n", ctl_when(link->touched, ctl->p));
    for (i = 0; i < link->base_count; i++) {
        const nts_base_t *base = &link->bases[i];

        printf("  agreed on %s: %s%s\n", pair_name(mapping, base->pair, ctl->p),
               nts_value_display(&base->value[NTS_EXTERNAL], 60, ctl->p),
               base->has_rewrite ? " (rewritten by the other side)" : "");
    }
}

/* Whose fault it is that the mapping does not get on, as far as the outcome tells; NULL: nobody's in particular. */
static const char *failing_service(const nts_mapping_t *mapping, const nts_outcome_t *outcome)
{
    if (!outcome->code) {
        return NULL;
    }
    return strncmp(outcome->code, "notion.", 7) == 0 || strncmp(outcome->code, "budget.", 7) == 0
               ? mapping->notion->name
           : strncmp(outcome->code, "sql.", 4) == 0 || strncmp(outcome->code, "external.", 9) == 0
               ? mapping->external->name
               : NULL;
}

/* What holds up the whole mapping holds up this record too. */
static void print_mapping(ctl_t *ctl, const nts_mapping_t *mapping,
                          const nts_mapping_status_t *status)
{
    const char *service = failing_service(mapping, &status->outcome);

    if (status->state == NTS_MAPPING_RUNNING && !status->outcome.code) {
        return;
    }
    printf("mapping %s: %s%s%s\n", nts_mapping_label(mapping, ctl->p), state_names[status->state],
           service ? ", because of the service " : "", service ? service : "");
    print_outcome(ctl, &status->outcome, "  ");
}

static void add_mapping(nts_json_t *item, const nts_mapping_t *mapping,
                        const nts_mapping_status_t *status)
{
    nts_json_t *node = nts_json_add_object(item, "mapping");

    nts_json_add_string(node, "state", state_names[status->state]);
    nts_json_add_string(node, "service", failing_service(mapping, &status->outcome));
    nts_outcome_to_json(&status->outcome, nts_json_add_object(node, "outcome"));
}

static void print_unsettled(ctl_t *ctl, const nts_loaded_t *loaded)
{
    int i;

    for (i = 0; i < loaded->pending_count; i++) {
        printf("  in flight: %s on %s since %s\n", nts_entry_op_name(loaded->pending[i].op),
               nts_side_name(loaded->pending[i].side), ctl_when(loaded->pending[i].at, ctl->p));
    }
    for (i = 0; i < loaded->notice_count; i++) {
        printf("  waiting: %s from %s, %s\n", loaded->notices[i].kind,
               nts_side_name(loaded->notices[i].side), ctl_when(loaded->notices[i].stored, ctl->p));
    }
}

static void add_link(nts_json_t *item, const nts_link_t *link, const nts_loaded_t *loaded)
{
    nts_json_add_int(item, "link", link->id);
    nts_json_add_string(item, "page", link->page);
    nts_json_add_string(item, "key", link->key);
    nts_json_add_string(item, "state", nts_link_state_name(link->state));
    nts_json_add_string(item, "trouble",
                        link->trouble == NTS_TROUBLE_PARKED ? "parked"
                        : link->trouble == NTS_TROUBLE_HELD ? "held"
                                                            : NULL);
    nts_outcome_to_json(&link->outcome, nts_json_add_object(item, "outcome"));
    nts_json_add_int(item, "in_flight", loaded->pending_count);
    nts_json_add_int(item, "waiting", loaded->notice_count);
}

int ctl_explain(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, argv[0]);
    nts_json_t *item = nts_json_make_object(ctl->p);
    nts_link_t *link = mapping ? find_link(ctl, mapping, argv[1]) : NULL;
    nts_target_t target = { 0 };
    nts_mapping_status_t whole = { 0 };
    nts_loaded_t *loaded;
    int status;

    (void)argc;
    if (!link) {
        return CTL_FAILED;
    }
    target.link = link->id;
    if (nts_store_load(&loaded, ctl->store, mapping, &target, ctl->p) != APR_SUCCESS ||
        nts_store_get_status(&whole, ctl->store, mapping->id, ctl->p) != APR_SUCCESS) {
        return ctl_fail("the record cannot be read from the store");
    }
    if (!ctl->json) {
        print_link(ctl, mapping, link);
        print_mapping(ctl, mapping, &whole);
        print_unsettled(ctl, loaded);
        printf("last changes:\n");
        return show_entries(ctl, mapping, link->id, NULL);
    }
    add_link(item, link, loaded);
    add_mapping(item, mapping, &whole);
    status = show_entries(ctl, mapping, link->id, nts_json_add_array(item, "entries"));
    ctl_print_json(ctl, item);
    return status;
}
