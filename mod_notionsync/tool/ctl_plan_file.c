/* ctl_plan_file.c - a plan as a file: a JSON object whose items stand one on a line each, so that neither writing nor reading
 * holds them all, and whose last line seals what comes before it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/nts_crypto.h"
#include "base/nts_str.h"
#include "tool/ctl_plan.h"

#define FORMAT "notionsync plan 1"
#define UNIT_ITEMS 100
#define ITEMS ",\"items\":["

/* Of everything so far: a hash over the last one and the next line. */
static void seal_line(char seal[65], const char *line, apr_pool_t *p)
{
    apr_cpystrn(seal, nts_sha256_text(apr_pstrcat(p, seal, line, NULL), p), 65);
}

/* ---- writing ---- */

typedef struct writing_t {
    FILE *file;
    char seal[65];
    apr_int64_t count;
} writing_t;

static const char *header_text(const nts_mapping_t *mapping, const nts_plan_t *plan, apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p), *node;

    nts_json_add_string(root, "format", FORMAT);
    nts_json_add_string(root, "plan", plan->uid);
    nts_json_add_string(root, "made", nts_value_instant_text(plan->made, p));
    nts_json_add_string(root, "by", plan->by);
    node = nts_json_add_object(root, "mapping");
    nts_json_add_string(node, "name", nts_mapping_label(mapping, p));
    nts_json_add_string(node, "data_source", mapping->data_source);
    nts_json_add_string(node, "service", mapping->external->name);
    nts_json_add_string(node, "service_host", mapping->external->vhost);
    nts_json_add_string(node, "collection", mapping->collection);
    nts_json_add_string(root, "revision", plan->revision);
    nts_json_add_string(root, "instance", plan->instance);
    nts_json_add_int(root, "counter", plan->counter);
    nts_json_add_int(root, "requests", plan->requests);
    nts_plan_counts_to_json(&plan->counts, root, "counts");
    return nts_json_text(root, p);
}

static apr_status_t write_item(void *baton, const nts_plan_row_t *row, apr_pool_t *p)
{
    writing_t *writing = baton;

    seal_line(writing->seal, row->text, p);
    fprintf(writing->file, "%s\n%s", writing->count++ ? "," : "", row->text);
    return ferror(writing->file) ? APR_EGENERAL : APR_SUCCESS;
}

apr_status_t ctl_plan_write(ctl_t *ctl, FILE *file, const nts_mapping_t *mapping,
                            const nts_plan_t *plan)
{
    writing_t writing = { file, "", 0 };
    const char *header = header_text(mapping, plan, ctl->p);
    apr_status_t rv;

    seal_line(writing.seal, header, ctl->p);
    fprintf(file, "%.*s" ITEMS, (int)strlen(header) - 1, header);
    rv = ctl_plan_each(ctl, plan->id, NTS_PLAN_OPEN, write_item, &writing);
    fprintf(file, "\n],\"count\":%" APR_INT64_T_FMT ",\"seal\":\"%s\"}\n", writing.count,
            writing.seal);
    return rv == APR_SUCCESS && ferror(file) ? APR_EGENERAL : rv;
}

/* ---- reading ---- */

typedef struct reading_t {
    ctl_t *ctl;
    const char *name;
    char *line; /* getline's */
    size_t room;
    const nts_json_t *header;
    const nts_mapping_t *mapping;
    nts_plan_t plan;
    int stores; /* the second time through: items go into the store */
    apr_int64_t count;
    char seal[65];
    apr_pool_t *p; /* cleared item by item */
} reading_t;

static int damaged(const reading_t *reading, const char *what)
{
    return ctl_fail("%s is not a whole plan: %s; nothing was done", reading->name, what);
}

/* The next line without its end; NULL at the end of the file. */
static char *next_line(reading_t *reading)
{
    ssize_t len = getline(&reading->line, &reading->room, reading->ctl->plan_file);

    if (len <= 0 || memchr(reading->line, '\0', (size_t)len)) {
        return NULL;
    }
    if (reading->line[len - 1] == '\n') {
        reading->line[--len] = '\0';
    }
    return reading->line;
}

static int read_header(reading_t *reading)
{
    const apr_size_t tail = strlen(ITEMS);
    apr_pool_t *p = reading->ctl->p;
    char *line = next_line(reading);
    apr_size_t len = line ? strlen(line) : 0;
    const char *format;
    char *text;

    if (len <= tail || strcmp(line + len - tail, ITEMS) != 0) {
        return damaged(reading, "it does not begin as one");
    }
    line[len - tail] = '\0';
    text = apr_pstrcat(p, line, "}", NULL);
    if (nts_json_parse(&reading->header, text, strlen(text), NULL, p) != APR_SUCCESS) {
        return damaged(reading, "its first line is no JSON");
    }
    format = nts_json_get_string(reading->header, "format");
    if (!format || strcmp(format, FORMAT) != 0) {
        return damaged(reading, apr_psprintf(p, "its format is '%s', expected '" FORMAT "'",
                                             format ? format : "none"));
    }
    seal_line(reading->seal, text, p);
    return CTL_DONE;
}

static int store_item(reading_t *reading, const nts_plan_item_t *item)
{
    nts_store_t *store = reading->ctl->store;
    int clash = 0;
    apr_status_t rv = APR_SUCCESS;

    if (reading->count % UNIT_ITEMS == 0) {
        rv = reading->count ? nts_store_commit(store) : APR_SUCCESS;
        rv = rv == APR_SUCCESS ? nts_store_begin(store, apr_time_from_sec(10)) : rv;
    }
    if (rv == APR_SUCCESS) {
        rv = nts_store_add_plan_item(&clash, store, reading->plan.id, item);
    }
    if (rv != APR_SUCCESS || clash) {
        nts_store_rollback(store);
        return clash
                   ? damaged(reading, "a record is paired twice")
                   : ctl_fail("the plan cannot be stored: is the disk full, or the store locked?");
    }
    return CTL_DONE;
}

static int read_item(reading_t *reading, const char *line)
{
    const nts_json_t *node;
    nts_plan_item_t *item;

    if (nts_json_parse(&node, line, strlen(line), NULL, reading->p) != APR_SUCCESS ||
        nts_plan_item_from_json(&item, node, reading->p) != APR_SUCCESS) {
        return damaged(reading, apr_psprintf(reading->ctl->p,
                                             "item %" APR_INT64_T_FMT " cannot be understood",
                                             reading->count + 1));
    }
    return reading->stores ? store_item(reading, item) : CTL_DONE;
}

static int read_trailer(reading_t *reading, const char *line)
{
    apr_pool_t *p = reading->ctl->p;
    const char *text = apr_pstrcat(p, "{\"items\":[", line, NULL), *seal;
    const nts_json_t *root = NULL;

    if (nts_json_parse(&root, text, strlen(text), NULL, p) != APR_SUCCESS) {
        return damaged(reading, "its last line is missing or cut");
    }
    seal = nts_json_get_string(root, "seal");
    if (nts_json_get_int(root, "count", -1) != reading->count || !seal ||
        strcmp(seal, reading->seal) != 0) {
        return damaged(reading, "it was changed since it was saved");
    }
    return next_line(reading) ? damaged(reading, "something follows its end") : CTL_DONE;
}

/* Once through the file. */
static int read_all(reading_t *reading)
{
    int status;
    char *line;

    rewind(reading->ctl->plan_file);
    reading->count = 0;
    reading->seal[0] = '\0';
    status = read_header(reading);
    while (!status) {
        size_t len;

        line = next_line(reading);
        if (!line || *line == ']') {
            return line ? read_trailer(reading, line) : damaged(reading, "its end is missing");
        }
        apr_pool_clear(reading->p);
        len = strlen(line);
        if (len && line[len - 1] == ',') {
            line[len - 1] = '\0';
        }
        if (!*line) {
            continue; /* a plan without items */
        }
        seal_line(reading->seal, line, reading->p);
        status = read_item(reading, line);
        reading->count += !status;
    }
    return status;
}

static int find_mapping(reading_t *reading)
{
    const nts_json_t *node = nts_json_get(reading->header, "mapping");
    const nts_setup_t *setup = reading->ctl->setup;
    const char *name = nts_json_get_string(node, "name");
    int i;

    for (i = 0; i < setup->mapping_count; i++) {
        const nts_mapping_t *mapping = setup->mappings[i];

        if (nts_str_same(nts_json_get_string(node, "data_source"), mapping->data_source) &&
            nts_str_same(nts_json_get_string(node, "service"), mapping->external->name) &&
            nts_str_same(nts_json_get_string(node, "service_host"), mapping->external->vhost) &&
            nts_str_same(nts_json_get_string(node, "collection"), mapping->collection)) {
            reading->mapping = mapping;
        }
    }
    if (!reading->mapping) {
        return ctl_fail("%s is a plan of the mapping '%s' (data source %s, %s), which this server "
                        "does not run; nothing was done",
                        reading->name, name ? name : "?", nts_json_get_string(node, "data_source"),
                        nts_json_get_string(node, "collection"));
    }
    if (!nts_str_same(nts_json_get_string(reading->header, "revision"),
                      nts_plan_revision(reading->mapping, reading->ctl->p))) {
        return ctl_fail("the configuration of %s has changed since the plan %s was made; nothing "
                        "was done: make a new plan",
                        nts_mapping_label(reading->mapping, reading->ctl->p), reading->name);
    }
    return CTL_DONE;
}

static void take_plan(reading_t *reading)
{
    const nts_json_t *header = reading->header;
    const char *made = nts_json_get_string(header, "made");

    reading->plan.mapping = reading->mapping->id;
    reading->plan.uid = nts_json_get_string(header, "plan");
    reading->plan.revision = nts_json_get_string(header, "revision");
    reading->plan.instance = nts_json_get_string(header, "instance");
    reading->plan.counter = nts_json_get_int(header, "counter", 0);
    reading->plan.by = nts_json_get_string(header, "by");
    reading->plan.requests = nts_json_get_int(header, "requests", 0);
    reading->plan.state = "loading";
    nts_plan_counts_from_json(&reading->plan.counts, nts_json_get(header, "counts"));
    if (made) {
        (void)nts_value_instant_parse(&reading->plan.made, made, reading->ctl->p);
    }
}

/* The worker's last plan, if it is this one: what was done of it already is known there. */
static int find_stored(apr_int64_t *id, reading_t *reading)
{
    nts_plan_t *last = NULL;

    if (nts_store_last_plan(&last, reading->ctl->store, reading->mapping->id, reading->ctl->p) !=
            APR_SUCCESS ||
        !nts_str_same(last->uid, reading->plan.uid) || !strcmp(last->state, "loading")) {
        return 0;
    }
    *id = last->id;
    return 1;
}

static int load(apr_int64_t *id, reading_t *reading)
{
    nts_store_t *store = reading->ctl->store;
    int status;

    if (nts_store_put_plan(store, &reading->plan) != APR_SUCCESS) {
        return ctl_fail("the plan cannot be stored: is the disk full, or the store locked?");
    }
    reading->stores = 1;
    status = read_all(reading);
    if (status) {
        return status;
    }
    reading->plan.state = "ready";
    if ((reading->count && nts_store_commit(store) != APR_SUCCESS) ||
        nts_store_put_plan(store, &reading->plan) != APR_SUCCESS) {
        return ctl_fail("the plan cannot be stored: is the disk full, or the store locked?");
    }
    *id = reading->plan.id;
    return CTL_DONE;
}

int ctl_plan_read(apr_int64_t *plan, const nts_mapping_t **mapping, ctl_t *ctl, const char *name)
{
    reading_t reading = { .ctl = ctl, .name = name };
    int status;

    (void)apr_pool_create(&reading.p, ctl->p);
    status = read_all(&reading);
    if (!status) {
        status = find_mapping(&reading);
    }
    if (!status) {
        take_plan(&reading);
        *mapping = reading.mapping;
        if (!reading.plan.uid || !reading.plan.instance) {
            status = damaged(&reading, "it does not say which plan it is");
        }
        else if (!find_stored(plan, &reading)) {
            status = load(plan, &reading);
        }
    }
    free(reading.line);
    return status;
}
