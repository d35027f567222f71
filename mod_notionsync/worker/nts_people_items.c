/* nts_people_items.c - which records a command is about, and the rulings it brings. */
#include <string.h>

#include "sync/nts_fingerprint.h"
#include "worker/nts_flow.h"
#include "worker/nts_people_impl.h"

#define STORE_WAIT apr_time_from_sec(10)
/* Entries are nearly in the order of their times; a clock that was set back by more is beyond help. */
#define DISORDER apr_time_from_sec(3600)

static apr_int64_t arg(const nts_people_t *people, const char *name)
{
    return nts_json_get_int(people->args, name, 0);
}

static int is_verb(const nts_people_t *people, const char *verb)
{
    return strcmp(people->command->verb, verb) == 0;
}

static apr_status_t refuse(const char **why, const char *text)
{
    *why = text;
    return APR_EINVAL;
}

/* --- rulings */

static apr_status_t put(nts_people_t *people, const nts_link_t *link, apr_int64_t pair,
                        nts_choice_t choice, const char *fingerprint)
{
    nts_ruling_t ruling = { 0 };

    ruling.link = link->id;
    ruling.pair = pair;
    ruling.choice = choice;
    ruling.fingerprint = fingerprint;
    ruling.other = nts_json_get_string(people->args, "other");
    ruling.by = people->command->by;
    ruling.command = people->command->id;
    return nts_store_put_ruling(people->flow->host->store, people->flow->given->id, &ruling);
}

/* Of each field that is held, or of one; what was shown is compared by the jobs. */
static apr_status_t rule_fields(nts_people_t *people, const nts_link_t *link, nts_choice_t choice,
                                const char *fingerprint, const char **why)
{
    apr_int64_t pair = arg(people, "pair");
    apr_status_t rv = APR_SUCCESS;
    int i, n = 0;

    if (!pair && fingerprint &&
        (!link->fingerprint || strcmp(fingerprint, link->fingerprint) != 0)) {
        return refuse(why, "the record has changed since it was shown: look at it again");
    }
    for (i = 0; i < link->issue_count && rv == APR_SUCCESS; i++) {
        const nts_issue_t *issue = &link->issues[i];

        if (issue->pair && (!pair || issue->pair == pair)) {
            n++;
            rv = put(people, link, issue->pair, choice,
                     pair && fingerprint ? fingerprint : issue->fingerprint);
        }
    }
    return n ? rv : refuse(why, "no field of this record is held");
}

static apr_status_t rule_record(nts_people_t *people, const nts_link_t *link, nts_choice_t choice,
                                const char *fingerprint, const char **why)
{
    int about_delete = choice == NTS_CHOICE_DELETE || choice == NTS_CHOICE_RESTORE;

    if (choice == NTS_CHOICE_SYNC ? link->state != NTS_LINK_IGNORED
                                  : link->trouble != NTS_TROUBLE_HELD) {
        return refuse(why, "this record does not wait for a decision");
    }
    if (about_delete && !nts_link_is_held_delete(link)) {
        return refuse(why, "no delete of this record is held");
    }
    if (choice == NTS_CHOICE_PAIR && !nts_json_get_string(people->args, "other")) {
        return refuse(why, "pair needs the record that it belongs to");
    }
    return put(people, link, 0, choice, fingerprint);
}

/* The record that the command names; refused if there is none. */
static apr_status_t find_record(nts_people_t *people, nts_link_t **link, const char **why)
{
    nts_target_t target = { 0 };
    nts_loaded_t *loaded;
    apr_status_t rv;

    target.link = arg(people, "link");
    rv =
        nts_store_load(&loaded, people->flow->host->store, people->flow->given, &target, people->p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *link = loaded->link;
    return target.link && *link ? APR_SUCCESS
                                : refuse(why, "there is no such record in this mapping");
}

static apr_status_t rule_one(nts_people_t *people, nts_choice_t choice, const char **why)
{
    const char *fingerprint = nts_json_get_string(people->args, "fingerprint");
    nts_link_t *link;
    apr_status_t rv = find_record(people, &link, why);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    people->is_single = 1;
    people->word = "done";
    return choice <= NTS_CHOICE_EXTERNAL ? rule_fields(people, link, choice, fingerprint, why)
                                         : rule_record(people, link, choice, fingerprint, why);
}

/* Exactly those that were shown. */
static apr_status_t rule_all(nts_people_t *people, nts_choice_t choice, const char **why)
{
    const char *fingerprint = nts_json_get_string(people->args, "fingerprint");
    nts_link_t **links;
    int count, i;
    apr_status_t rv =
        nts_store_get_held_deletes(&links, &count, people->flow->host->store,
                                   people->flow->given->id, NTS_HELD_DELETES_MAX, people->p);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!count) {
        return refuse(why, "no delete is held");
    }
    if (!fingerprint || strcmp(fingerprint, nts_fingerprint_links(links, count, people->p)) != 0) {
        return refuse(why,
                      "the list of held deletes has changed since it was shown: look at it again");
    }
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = put(people, links[i], 0, choice, links[i]->fingerprint);
    }
    return rv;
}

static apr_status_t rule(nts_people_t *people, const char **why)
{
    const char *word = nts_json_get_string(people->args, "choice");
    nts_choice_t choice;

    if (!word || nts_choice_parse(&choice, word) != APR_SUCCESS) {
        return refuse(why, "there is no such decision");
    }
    if (!nts_json_bool(nts_json_get(people->args, "all"), 0)) {
        return rule_one(people, choice, why);
    }
    return choice == NTS_CHOICE_DELETE || choice == NTS_CHOICE_RESTORE
               ? rule_all(people, choice, why)
               : refuse(why, "of all held deletes only delete or restore can be said");
}

/* A record that is not synced needs a person's word to be synced again; all others are just looked at. */
static apr_status_t prepare_retry(nts_people_t *people, const char **why)
{
    nts_link_t *link;
    apr_status_t rv = find_record(people, &link, why);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    people->is_single = 1;
    people->word = "tried again, with success";
    return link->state == NTS_LINK_IGNORED ? put(people, link, 0, NTS_CHOICE_SYNC, NULL)
                                           : APR_SUCCESS;
}

/* --- undo */

static apr_status_t prepare_undo(nts_people_t *people, const char **why)
{
    nts_store_t *store = people->flow->host->store;
    apr_int64_t mapping = 0;
    nts_entry_t *entries, *entry;
    int count;
    apr_status_t rv;

    if (arg(people, "entry")) {
        rv = nts_store_get_entry(&entry, &mapping, store, arg(people, "entry"), people->p);
        if (rv != APR_SUCCESS || mapping != people->flow->given->id || !entry->link) {
            return refuse(why, "there is no such audit entry in this mapping");
        }
        people->is_single = 1;
        people->word = "taken back";
    }
    else if (!arg(people, "link") && !arg(people, "run") && !arg(people, "since")) {
        return refuse(why, "undo of what?");
    }
    rv =
        nts_store_get_entries(&entries, &count, store, people->flow->given->id, 0, 0, 1, people->p);
    people->top = rv == APR_SUCCESS && count ? entries[0].id : 0;
    people->place = people->top + 1;
    return rv;
}

static apr_status_t prepare(nts_people_t *people, const char **why)
{
    if (is_verb(people, "undo")) {
        return prepare_undo(people, why);
    }
    return is_verb(people, "retry") ? prepare_retry(people, why) : rule(people, why);
}

apr_status_t nts_people_prepare(nts_people_t *people, const char **why)
{
    nts_store_t *store = people->flow->host->store;
    apr_status_t rv;

    people->idle_word = is_verb(people, "undo")    ? "there was nothing to take back"
                        : is_verb(people, "retry") ? "it is in sync"
                                                   : "there was nothing to do";
    if (people->resumed) {
        people->is_single =
            arg(people, "entry") || (!is_verb(people, "undo") && arg(people, "link"));
        people->word = "done";
        return APR_SUCCESS;
    }
    rv = nts_store_begin(store, STORE_WAIT);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = prepare(people, why);
    if (rv == APR_SUCCESS) {
        rv = nts_people_store(people);
    }
    if (rv != APR_SUCCESS) {
        nts_store_rollback(store);
        return rv;
    }
    return nts_store_commit(store);
}

/* --- fetching */

static const char *name_of(const char *key, const char *page)
{
    return key ? key : page ? page : "?";
}

static void add_item(nts_people_t *people, const nts_item_t *item)
{
    people->items[people->item_count++] = *item;
}

static apr_status_t fetch_rulings(nts_people_t *people)
{
    nts_ruling_t *rulings;
    int count, i;
    apr_status_t rv =
        nts_store_get_rulings(&rulings, &count, people->flow->host->store, people->flow->given->id,
                              people->command->id, people->place, NTS_PEOPLE_BATCH, people->batch);

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        nts_item_t item = { 0 };
        nts_link_t *link = NULL;

        item.link = rulings[i].link;
        item.ruling = rulings[i].id;
        item.place = rulings[i].id;
        /* All rulings of a record are one job. */
        while (i + 1 < count && rulings[i + 1].link == item.link) {
            item.place = rulings[++i].id;
        }
        rv = nts_store_get_link(&link, people->flow->host->store, people->flow->given->id,
                                item.link, people->batch);
        item.record = link ? name_of(link->key, link->page) : "?";
        add_item(people, &item);
    }
    return rv;
}

static apr_status_t fetch_retry(nts_people_t *people)
{
    nts_item_t item = { 0 };
    nts_link_t *link = NULL;
    apr_status_t rv;

    if (people->place) {
        return APR_SUCCESS;
    }
    item.link = arg(people, "link");
    item.place = 1;
    rv = nts_store_get_link(&link, people->flow->host->store, people->flow->given->id, item.link,
                            people->batch);
    item.record = link ? name_of(link->key, link->page) : "?";
    if (rv == APR_SUCCESS && link && link->state == NTS_LINK_IGNORED) {
        item.ruling = 1; /* whatever its number */
    }
    add_item(people, &item);
    return rv;
}

static int can_be_undone(const nts_people_t *people, const nts_entry_t *entry)
{
    apr_int64_t link = arg(people, "link"), run = arg(people, "run");

    return entry->state == NTS_ENTRY_APPLIED && entry->op <= NTS_ENTRY_RESTORE && entry->link &&
           (!link || entry->link == link) && (!run || entry->run == run) &&
           entry->at >= arg(people, "since");
}

static apr_status_t read_entries(nts_people_t *people, nts_entry_t **entries, int *count,
                                 apr_int64_t before)
{
    nts_store_t *store = people->flow->host->store;
    apr_int64_t mapping = people->flow->given->id;

    return arg(people, "run")
               ? nts_store_get_run_entries(entries, count, store, mapping, arg(people, "run"),
                                           before, NTS_PEOPLE_BATCH, people->batch)
               : nts_store_get_entries(entries, count, store, mapping, arg(people, "link"), before,
                                       NTS_PEOPLE_BATCH, people->batch);
}

/* Newest first, so that each finds what it left; those made by this command are above its top. */
static apr_status_t fetch_entries(nts_people_t *people)
{
    apr_int64_t before = people->place;
    nts_entry_t *entries;
    int count, i;
    apr_status_t rv;

    do {
        rv = read_entries(people, &entries, &count, before);
        for (i = 0; i < count && rv == APR_SUCCESS; i++) {
            nts_item_t item = { 0 };

            before = entries[i].id;
            if (entries[i].at + DISORDER < arg(people, "since")) {
                return rv;
            }
            if (can_be_undone(people, &entries[i])) {
                item.link = entries[i].link;
                item.entry = &entries[i];
                item.record = name_of(entries[i].key, entries[i].page);
                item.place = entries[i].id;
                add_item(people, &item);
            }
        }
    } while (rv == APR_SUCCESS && count == NTS_PEOPLE_BATCH && !people->item_count);
    return rv;
}

static apr_status_t fetch_entry(nts_people_t *people)
{
    apr_int64_t mapping;
    nts_item_t item = { 0 };
    apr_status_t rv;

    if (people->place <= arg(people, "entry")) {
        return APR_SUCCESS;
    }
    rv = nts_store_get_entry(&item.entry, &mapping, people->flow->host->store, arg(people, "entry"),
                             people->batch);
    if (rv == APR_SUCCESS) {
        item.link = item.entry->link;
        item.record = name_of(item.entry->key, item.entry->page);
        item.place = item.entry->id;
        add_item(people, &item);
    }
    return rv;
}

apr_status_t nts_people_fetch(nts_people_t *people)
{
    people->items = apr_pcalloc(people->batch, (NTS_PEOPLE_BATCH + 1) * sizeof(*people->items));
    if (is_verb(people, "undo")) {
        return arg(people, "entry") ? fetch_entry(people) : fetch_entries(people);
    }
    return is_verb(people, "retry") ? fetch_retry(people) : fetch_rulings(people);
}
