/* ctl_people.c - what waits for a person, and what a person decides: held, conflicts, failures, resolve, approve,
 * retry, undo. */
#include "config.h"

#include <string.h>

#include "base/nts_str.h"
#include "sync/nts_fingerprint.h"
#include "tool/ctl.h"

#define LISTED_MAX 1000
#define WIDTH 60
#define WIDTH_JSON 2000

/* ---- lists ---- */

typedef struct listing_t {
    nts_trouble_t which;
    int fields_only; /* held fields; no other held ones */
    const char *none;
} listing_t;

static void print_values(ctl_t *ctl, const nts_json_t *issue)
{
    const char *notion = nts_json_get_string(issue, "notion_text");
    const char *external = nts_json_get_string(issue, "external_text");
    const char *agreed = nts_json_get_string(issue, "agreed_text");

    printf("    %s / %s: Notion has '%s', the table '%s'",
           nts_str_printable(nts_json_get_string(issue, "field"), ctl->p),
           nts_str_printable(nts_json_get_string(issue, "column"), ctl->p), notion ? notion : "?",
           external ? external : "?");
    if (agreed) {
        printf("; last agreed '%s'", agreed);
    }
    printf("\n");
}

static void print_waiting(ctl_t *ctl, const nts_link_t *link, const nts_json_t *item)
{
    const nts_json_t *issues = nts_json_get(item, "issues");
    int i;

    printf("  key %s  page %s", link->key ? nts_str_printable(link->key, ctl->p) : "-",
           link->page ? link->page : "-");
    if (link->issue_count && link->issues[0].since) {
        printf("  since %s", ctl_when(link->issues[0].since, ctl->p));
    }
    if (link->fingerprint && link->trouble == NTS_TROUBLE_HELD) {
        printf("  fingerprint %s", link->fingerprint);
    }
    printf("\n    %s\n", nts_str_printable(nts_outcome_text(&link->outcome, ctl->p), ctl->p));
    if (nts_json_get_string(item, "agreed_text")) {
        printf("    last agreed: %s\n", nts_json_get_string(item, "agreed_text"));
    }
    for (i = 0; i < nts_json_count(issues); i++) {
        if (nts_json_get_string(nts_json_at(issues, i), "field")) {
            print_values(ctl, nts_json_at(issues, i));
        }
    }
    if (link->outcome.advice) {
        printf("    to do: %s\n", link->outcome.advice);
    }
    if (link->next_try) {
        printf("    next try %s\n", ctl_when(link->next_try, ctl->p));
    }
}

static nts_json_t *show_waiting(ctl_t *ctl, const nts_mapping_t *mapping, const nts_link_t *link)
{
    nts_json_t *item = nts_json_make_object(ctl->p);

    nts_json_add_string(item, "mapping", nts_mapping_label(mapping, ctl->p));
    nts_json_add_int(item, "link", link->id);
    nts_json_add_string(item, "page", link->page);
    nts_json_add_string(item, "key", link->key);
    nts_json_add_string(item, "state", nts_link_state_name(link->state));
    nts_outcome_to_json(&link->outcome, nts_json_add_object(item, "outcome"));
    nts_link_issues_show(link, mapping, ctl->json ? WIDTH_JSON : WIDTH, item, ctl->p);
    return item;
}

/* What a bulk approval would be about, and how to say it. */
static int print_bulk(ctl_t *ctl, const nts_mapping_t *mapping)
{
    nts_link_t **links;
    int count;

    if (nts_store_get_held_deletes(&links, &count, ctl->store, mapping->id, NTS_HELD_DELETES_MAX,
                                   ctl->p) != APR_SUCCESS) {
        return ctl_fail("the state of mapping %s cannot be read", mapping->name);
    }
    if (count && !ctl->json) {
        printf("  all %d held deletes%s: approve %s --all delete|restore --fingerprint %s\n", count,
               count == NTS_HELD_DELETES_MAX ? " (the oldest; the rest is a list of its own)" : "",
               nts_mapping_label(mapping, ctl->p), nts_fingerprint_links(links, count, ctl->p));
    }
    return CTL_DONE;
}

static int list_one(ctl_t *ctl, const nts_mapping_t *mapping, const listing_t *listing,
                    const char **lines, int *line_count)
{
    nts_link_t **links;
    int i, count, shown = 0;

    if (nts_store_get_troubles(&links, &count, ctl->store, mapping->id, listing->which, LISTED_MAX,
                               ctl->p) != APR_SUCCESS) {
        return ctl_fail("the state of mapping %s cannot be read", mapping->name);
    }
    for (i = 0; i < count; i++) {
        nts_json_t *item = show_waiting(ctl, mapping, links[i]);
        const char *decide = nts_json_get_string(item, "decide");

        if (listing->fields_only && (!decide || strcmp(decide, "field") != 0)) {
            continue;
        }
        if (!shown++ && !ctl->json) {
            printf("%s:\n", nts_mapping_label(mapping, ctl->p));
        }
        if (ctl->json) {
            lines[(*line_count)++] = nts_json_text(item, ctl->p);
        }
        else {
            print_waiting(ctl, links[i], item);
        }
    }
    if (!shown && !ctl->json) {
        printf("%s: %s\n", nts_mapping_label(mapping, ctl->p), listing->none);
    }
    return listing->which == NTS_TROUBLE_HELD && !listing->fields_only ? print_bulk(ctl, mapping)
                                                                       : CTL_DONE;
}

static int list_troubles(ctl_t *ctl, int argc, const char *const *argv, const listing_t *listing)
{
    const nts_mapping_t *only = argc ? ctl_mapping(ctl, argv[0]) : NULL;
    apr_size_t room = (apr_size_t)ctl->setup->mapping_count * LISTED_MAX + 1;
    const char **lines = apr_pcalloc(ctl->p, room * sizeof(*lines));
    int i, line_count = 0;

    if (argc && !only) {
        return CTL_FAILED;
    }
    for (i = 0; i < ctl->setup->mapping_count; i++) {
        if ((!only || only == ctl->setup->mappings[i]) &&
            list_one(ctl, ctl->setup->mappings[i], listing, lines, &line_count)) {
            return CTL_FAILED;
        }
    }
    for (i = 0; i < line_count; i++) {
        printf("%s%s", i ? ",\n" : "[", lines[i]);
    }
    if (ctl->json) {
        printf("%s\n", line_count ? "]" : "[]");
    }
    return CTL_DONE;
}

int ctl_held(ctl_t *ctl, int argc, const char *const *argv)
{
    static const listing_t listing = { NTS_TROUBLE_HELD, 0, "nothing waits for a person" };

    return list_troubles(ctl, argc, argv, &listing);
}

int ctl_conflicts(ctl_t *ctl, int argc, const char *const *argv)
{
    static const listing_t listing = { NTS_TROUBLE_HELD, 1, "no field waits for a person" };

    return list_troubles(ctl, argc, argv, &listing);
}

int ctl_failures(ctl_t *ctl, int argc, const char *const *argv)
{
    static const listing_t listing = { NTS_TROUBLE_PARKED, 0, "nothing has failed" };

    return list_troubles(ctl, argc, argv, &listing);
}

/* ---- decisions ---- */

static void print_refused(ctl_t *ctl, const nts_json_t *result)
{
    const nts_json_t *list = nts_json_get(result, "refused");
    apr_int64_t all = nts_json_get_int(result, "refused_count", 0);
    int i, count = nts_json_count(list);

    for (i = 0; i < count; i++) {
        const nts_json_t *item = nts_json_at(list, i);
        apr_int64_t entry = nts_json_get_int(item, "entry", 0);

        printf("  refused: %s", nts_str_printable(nts_json_get_string(item, "record"), ctl->p));
        if (entry) {
            printf(", entry %" APR_INT64_T_FMT, entry);
        }
        printf(": %s\n", nts_str_printable(nts_json_get_string(item, "why"), ctl->p));
    }
    if (all > count) {
        printf("  and %" APR_INT64_T_FMT " more\n", all - count);
    }
}

/* Place the command, wait, say what came of it. */
static int decide(ctl_t *ctl, const nts_mapping_t *mapping, const char *verb, nts_json_t *args)
{
    const nts_json_t *result = ctl_command(ctl, mapping, verb, args);

    if (!result) {
        return CTL_FAILED;
    }
    if (ctl->json) {
        ctl_print_json(ctl, result);
    }
    else {
        printf("%s\n", nts_str_printable(nts_json_get_string(result, "text"), ctl->p));
        print_refused(ctl, result);
    }
    return nts_json_bool(nts_json_get(result, "ok"), 0) ? CTL_DONE : CTL_FAILED;
}

/* NULL after having said so. */
static const nts_link_t *find(ctl_t *ctl, const nts_mapping_t *mapping, const char *id)
{
    nts_link_t *found = NULL;

    if (nts_store_find_link(&found, ctl->store, mapping->id, id, ctl->p) != APR_SUCCESS || !found) {
        (void)ctl_fail("mapping %s knows no record '%s'", mapping->name, id);
        return NULL;
    }
    return found;
}

/* What is decided about, in words: the person may have seen it some time ago. */
static void say_what(ctl_t *ctl, const nts_mapping_t *mapping, const nts_link_t *link)
{
    if (!ctl->json && !ctl->fingerprint) {
        print_waiting(ctl, link, show_waiting(ctl, mapping, link));
    }
}

static int usage(const char *text)
{
    (void)ctl_fail("%s", text);
    return CTL_USAGE;
}

static apr_int64_t pair_of(const nts_mapping_t *mapping, const char *field)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (!strcmp(mapping->pairs[i].notion, field) ||
            !strcmp(mapping->pairs[i].external, field)) {
            return mapping->pairs[i].id;
        }
    }
    return 0;
}

int ctl_resolve(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, argv[0]);
    const char *fingerprint = ctl->fingerprint;
    nts_json_t *args = nts_json_make_object(ctl->p);
    const nts_link_t *link;
    nts_choice_t choice;
    int with_other = argc == 4 && !strcmp(argv[2], "pair");
    const char *word = with_other ? argv[2] : argv[argc - 1];
    const char *field = argc == 4 && !with_other ? argv[2] : NULL;

    if (nts_choice_parse(&choice, word) != APR_SUCCESS || choice == NTS_CHOICE_DELETE ||
        choice == NTS_CHOICE_RESTORE || choice == NTS_CHOICE_SYNC ||
        (choice == NTS_CHOICE_PAIR) != with_other || (field && choice > NTS_CHOICE_EXTERNAL)) {
        return usage(
            "resolve takes MAPPING ID, then [FIELD] notion or external; or pair OTHER; or apart");
    }
    link = mapping ? find(ctl, mapping, argv[1]) : NULL;
    if (!link) {
        return CTL_FAILED;
    }
    nts_json_add_int(args, "link", link->id);
    nts_json_add_string(args, "choice", word);
    if (field) {
        const nts_issue_t *issue = nts_link_issue(link, pair_of(mapping, field));

        if (!pair_of(mapping, field)) {
            return ctl_fail("mapping %s has no field '%s'", mapping->name, field);
        }
        nts_json_add_int(args, "pair", pair_of(mapping, field));
        fingerprint = fingerprint || !issue ? fingerprint : issue->fingerprint;
    }
    if (with_other) {
        nts_json_add_string(args, "other", argv[3]);
    }
    fingerprint = fingerprint ? fingerprint : link->fingerprint;
    if (fingerprint) {
        nts_json_add_string(args, "fingerprint", fingerprint);
    }
    say_what(ctl, mapping, link);
    return decide(ctl, mapping, "resolve", args);
}

int ctl_approve(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, argv[0]);
    const char *word = argv[argc - 1], *fingerprint = ctl->fingerprint;
    nts_json_t *args = nts_json_make_object(ctl->p);
    const nts_link_t *link;

    if ((strcmp(word, "delete") != 0 && strcmp(word, "restore") != 0) ||
        argc != (ctl->all ? 2 : 3)) {
        return usage("approve takes MAPPING, then ID or --all, then delete or restore");
    }
    if (!mapping) {
        return CTL_FAILED;
    }
    nts_json_add_string(args, "choice", word);
    nts_json_add_bool(args, "all", ctl->all);
    if (ctl->all && !fingerprint) {
        (void)ctl_held(ctl, 1, argv);
        return usage("to approve all of these, say so with the fingerprint of the list");
    }
    if (!ctl->all) {
        link = find(ctl, mapping, argv[1]);
        if (!link) {
            return CTL_FAILED;
        }
        nts_json_add_int(args, "link", link->id);
        fingerprint = fingerprint ? fingerprint : link->fingerprint;
        say_what(ctl, mapping, link);
    }
    if (fingerprint) {
        nts_json_add_string(args, "fingerprint", fingerprint);
    }
    return decide(ctl, mapping, "approve", args);
}

int ctl_retry(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, argv[0]);
    nts_json_t *args = nts_json_make_object(ctl->p);
    const nts_link_t *link;

    link = mapping && argc > 1 ? find(ctl, mapping, argv[1]) : NULL;
    if (!mapping || (argc > 1 && !link)) {
        return CTL_FAILED;
    }
    if (link) {
        nts_json_add_int(args, "link", link->id);
    }
    return decide(ctl, mapping, "retry", args);
}

/* ---- undo ---- */

static const nts_mapping_t *mapping_of_entry(ctl_t *ctl, apr_int64_t id)
{
    nts_entry_t *entry;
    apr_int64_t mapping;
    int i;

    if (nts_store_get_entry(&entry, &mapping, ctl->store, id, ctl->p) != APR_SUCCESS) {
        (void)ctl_fail("there is no audit entry %" APR_INT64_T_FMT, id);
        return NULL;
    }
    for (i = 0; i < ctl->setup->mapping_count; i++) {
        if (ctl->setup->mappings[i]->id == mapping) {
            return ctl->setup->mappings[i];
        }
    }
    (void)ctl_fail("entry %" APR_INT64_T_FMT " belongs to a mapping that is not running any more",
                   id);
    return NULL;
}

/* "2h" ago, or an instant. */
static int parse_since(apr_time_t *since, const char *text, apr_pool_t *p)
{
    apr_interval_time_t ago;

    if (nts_duration_parse(&ago, text) == APR_SUCCESS) {
        *since = apr_time_now() - ago;
        return CTL_DONE;
    }
    return nts_value_instant_parse(since, text, p) == APR_SUCCESS
               ? CTL_DONE
               : usage("--since takes a time ago such as 2h, or an instant such as "
                       "2026-01-31T12:00:00Z");
}

static int undo_in(ctl_t *ctl, const nts_mapping_t *mapping, apr_int64_t run, apr_time_t since)
{
    nts_json_t *args = nts_json_make_object(ctl->p);
    const nts_link_t *link;

    if (ctl->record) {
        link = find(ctl, mapping, ctl->record);
        if (!link) {
            return CTL_FAILED;
        }
        nts_json_add_int(args, "link", link->id);
    }
    if (run) {
        nts_json_add_int(args, "run", run);
    }
    if (since) {
        nts_json_add_int(args, "since", since);
    }
    return decide(ctl, mapping, "undo", args);
}

static int undo_many(ctl_t *ctl, const nts_mapping_t *only)
{
    apr_int64_t run = 0;
    apr_time_t since = 0;
    int i, status = CTL_DONE;

    if (ctl->run && nts_int_parse(&run, ctl->run, 1, APR_INT64_MAX) != APR_SUCCESS) {
        return usage(
            "--run takes the number of a run; 'status --json' and the dashboard show them");
    }
    if (ctl->since && parse_since(&since, ctl->since, ctl->p)) {
        return CTL_USAGE;
    }
    if (!only && ctl->setup->mapping_count > 1 && (ctl->record || run)) {
        return usage("several mappings run: undo MAPPING --record ID, or --run ID");
    }
    for (i = 0; i < ctl->setup->mapping_count; i++) {
        const nts_mapping_t *mapping = ctl->setup->mappings[i];

        if (only && only != mapping) {
            continue;
        }
        if (!only && ctl->setup->mapping_count > 1 && !ctl->json) {
            printf("%s: ", nts_mapping_label(mapping, ctl->p));
        }
        status = undo_in(ctl, mapping, run, since) ? CTL_FAILED : status;
    }
    return status;
}

int ctl_undo(ctl_t *ctl, int argc, const char *const *argv)
{
    int many = ctl->record || ctl->run || ctl->since;
    const nts_mapping_t *mapping = NULL;
    nts_json_t *args = nts_json_make_object(ctl->p);
    apr_int64_t id;

    if (many) {
        mapping = argc ? ctl_mapping(ctl, argv[0]) : NULL;
        return argc && !mapping ? CTL_FAILED : undo_many(ctl, mapping);
    }
    if (!argc || nts_int_parse(&id, argv[0], 1, APR_INT64_MAX) != APR_SUCCESS) {
        (void)ctl_fail("'%s' is not an audit entry; 'audit MAPPING' lists them with their numbers",
                       argc ? argv[0] : "");
        return CTL_USAGE;
    }
    mapping = mapping_of_entry(ctl, id);
    nts_json_add_int(args, "entry", id);
    return mapping ? decide(ctl, mapping, "undo", args) : CTL_FAILED;
}
