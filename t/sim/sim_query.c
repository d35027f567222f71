/* POST /v1/data_sources/{id}/query.  A sort by one timestamp, or none, walks an index; any other sort collects and sorts
 * all that matches, at each request. */
#include "sim_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_cursor.h"
#include "sim_filter.h"
#include "sim_schema.h"
#include "sim_simple.h"

typedef struct sort_t {
    int timestamp; /* 1 created_time, 2 last_edited_time, 0 a property */
    sim_prop_t *prop;
    int descending;
} sort_t;

typedef struct query_t {
    sim_req_t *req;
    sim_ds_t *ds;
    sim_filter_t *filter;
    sort_t sorts[100];
    size_t nsorts;
    int archived;
    int64_t page_size;
    sim_cursor_t from; /* where to go on; count 0: from the start */
    uint64_t hash;
    /* result */
    sim_page_t *rows[100];
    size_t nrows;
    int more; /* rows left within the cap */
    int incomplete;
} query_t;

static int take_sort(query_t *y, json_object *o, size_t i)
{
    const char *stamp = sim_member_str(o, "timestamp"), *name = sim_member_str(o, "property");
    const char *dir = sim_member_str(o, "direction");
    sort_t *s = &y->sorts[y->nsorts];
    sim_fail_t *f = &y->req->fail;

    if (!dir || (strcmp(dir, "ascending") != 0 && strcmp(dir, "descending") != 0)) {
        sim_fail_shape(f,
                       "body.sorts[%zu].direction should be `\"ascending\"` or `\"descending\"`, "
                       "instead was `%s`.",
                       i, dir ? dir : "undefined");
        return 0;
    }
    s->descending = strcmp(dir, "descending") == 0;
    if (name) {
        s->prop = sim_prop_find(y->ds, name);
        if (!s->prop) {
            sim_fail_meaning(f, "Could not find sort property with name or id: %s", name);
            return 0;
        }
        s->timestamp = s->prop->type == SIM_T_CREATED_TIME       ? 1
                       : s->prop->type == SIM_T_LAST_EDITED_TIME ? 2
                                                                 : 0;
    }
    else if (stamp && strcmp(stamp, "created_time") == 0) {
        s->timestamp = 1;
    }
    else if (stamp && strcmp(stamp, "last_edited_time") == 0) {
        s->timestamp = 2;
    }
    else {
        sim_fail_shape(f, "body.sorts[%zu].property should be defined, instead was `undefined`.",
                       i);
        return 0;
    }
    y->nsorts++;
    return 1;
}

static int take_body(query_t *y)
{
    static const char *const known[] = { "filter",    "sorts",       "start_cursor",
                                         "page_size", "result_type", "is_archived",
                                         NULL };
    sim_req_t *q = y->req;
    json_object *v;
    char *cursor = NULL;
    size_t i;
    char head[SIM_ID_TEXT];

    if (!sim_req_known(q, known) || !sim_req_paging(q, &y->page_size, &cursor)) {
        return 0;
    }
    sim_id_format(head, &y->ds->id);
    y->hash = sim_cursor_hash(0, head);
    if (sim_member(q->json, "is_archived", &v)) {
        y->archived = json_object_get_boolean(v);
        y->hash += (uint64_t)y->archived;
    }
    if (sim_member(q->json, "sorts", &v)) {
        if (!sim_is(v, json_type_array) || json_object_array_length(v) > 100) {
            sim_fail_should(&q->fail, "body.sorts", "an array of at most 100 sorts", v, 1);
        }
        else {
            for (i = 0; i < json_object_array_length(v) &&
                        take_sort(y, json_object_array_get_idx(v, i), i);
                 i++) {
            }
        }
        y->hash = sim_cursor_hash(y->hash, json_object_to_json_string(v));
    }
    if (sim_member(q->json, "filter", &v)) {
        if (!v) {
            sim_fail_should(&q->fail, "body.filter", "an object or `undefined`", v, 1);
        }
        y->filter = sim_filter_parse(v, y->ds, q->token, &q->fail);
        y->hash = sim_cursor_hash(y->hash, json_object_to_json_string(v));
    }
    if (cursor && !q->fail.status) {
        sim_cursor_parse(&y->from, cursor, y->hash, &q->fail);
    }
    free(cursor);
    return !q->fail.status;
}

static int is_row(const query_t *y, const sim_page_t *p)
{
    return !p->unshared && !p->seen->in_trash && p->seen->archived == y->archived &&
           sim_filter_match(y->filter, p, p->seen);
}

/* one more matching row at place n of the result; 0: no need to look further */
static int take_row(query_t *y, sim_page_t *p, int64_t n)
{
    if (n >= sim_set.query_cap) {
        y->incomplete = 1;
        return 0;
    }
    if ((int64_t)y->nrows < y->page_size) {
        y->rows[y->nrows++] = p;
        return 1;
    }
    y->more = 1;
    /* only the first answer looks whether the whole query fits under the cap; the cursor remembers */
    return y->from.count == 0 && (int64_t)y->ds->npages > sim_set.query_cap;
}

static void walk_index(query_t *y)
{
    const sort_t *s = y->nsorts ? &y->sorts[0] : NULL;
    int created = !s || s->timestamp == 1, down = !s || s->descending, by_key;
    const sim_index_t *ix = created ? &y->ds->by_created : &y->ds->by_edited;
    sim_ms_t lo = INT64_MIN / 2, hi = INT64_MAX / 2;
    int64_t n, skip;
    sim_node_t *node;

    by_key = y->from.count > 0 && strcmp(sim_set.cursor, "key") == 0;
    sim_filter_bounds(y->filter, created, &lo, &hi);
    if (by_key) {
        sim_ms_t at = y->from.minute * SIM_MINUTE;

        node = down ? sim_index_before(ix, at, &y->from.id) : sim_index_from(ix, at, &y->from.id);
        if (node && !down && sim_id_cmp(node->id, &y->from.id) == 0 &&
            node->minute == y->from.minute) {
            node = sim_index_next(node);
        }
    }
    else {
        node = down ? sim_index_before(ix, hi, NULL) : sim_index_from(ix, lo, NULL);
    }
    n = by_key ? y->from.count : 0;
    skip = by_key ? 0 : y->from.count;
    for (; node; node = down ? sim_index_prev(node) : sim_index_next(node)) {
        if (down ? node->minute * SIM_MINUTE < lo - SIM_MINUTE : node->minute * SIM_MINUTE > hi) {
            break;
        }
        if (is_row(y, node->owner)) {
            if (skip > 0) {
                skip--;
            }
            else if (!take_row(y, node->owner, n)) {
                break;
            }
            n++;
        }
    }
}

static sim_ms_t date_of(const sim_value_t *v)
{
    sim_date_t d;

    return v && sim_date_parse(&d, sim_value_chars(v)) ? d.utc_ms : 0;
}

static size_t place_of(const sim_prop_t *p, const sim_value_t *v)
{
    size_t i;

    for (i = 0; i < p->noptions && (!sim_value_count(v) || p->options[i] != sim_value_option(v, 0));
         i++) {
    }
    return i;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_values(const sim_prop_t *p, const sim_page_t *a, const sim_page_t *b)
{
    const sim_value_t *x = sim_prop_value(p, a->seen), *y = sim_prop_value(p, b->seen);

    if (p->type == SIM_T_UNIQUE_ID) {
        return ORDER(a->number, b->number);
    }
    if (p->type == SIM_T_CHECKBOX) {
        return ORDER(sim_value_as_bool(x), sim_value_as_bool(y));
    }
    if (!x || !y) {
        return 0; /* the caller puts empty ones last */
    }
    if (p->type == SIM_T_NUMBER) {
        return ORDER(sim_value_as_number(x), sim_value_as_number(y));
    }
    if (p->type == SIM_T_DATE) {
        return ORDER(date_of(x), date_of(y));
    }
    if (sim_type_has_options(p->type)) {
        return ORDER(place_of(p, x), place_of(p, y));
    }
    if (sim_type_is_text(p->type)) {
        return strcmp(sim_value_chars(x), sim_value_chars(y));
    }
    return ORDER(sim_value_count(x), sim_value_count(y));
}

static int compare_rows(const void *pa, const void *pb, void *ctx)
{
    const query_t *y = ctx;
    const sim_page_t *a = *(sim_page_t *const *)pa, *b = *(sim_page_t *const *)pb;
    size_t i;
    int c;

    for (i = 0; i < y->nsorts; i++) {
        const sort_t *s = &y->sorts[i];

        if (s->timestamp == 1) {
            c = ORDER(a->by_created.minute, b->by_created.minute);
        }
        else if (s->timestamp == 2) {
            c = ORDER(a->by_edited.minute, b->by_edited.minute);
        }
        else {
            int no_a = !sim_prop_value(s->prop, a->seen), no_b = !sim_prop_value(s->prop, b->seen);

            if (no_a != no_b && s->prop->type != SIM_T_CHECKBOX &&
                s->prop->type != SIM_T_UNIQUE_ID) {
                return no_a - no_b;
            }
            c = compare_values(s->prop, a, b);
        }
        if (c) {
            return s->descending ? -c : c;
        }
    }
    return sim_id_cmp(&a->id, &b->id);
}

static void sort_all(query_t *y)
{
    sim_page_t **all = sim_mem_alloc((y->ds->by_created.count + 1) * sizeof(*all));
    sim_node_t *node;
    int64_t n = 0, i = y->from.count;

    for (node = sim_index_first(&y->ds->by_created); node; node = sim_index_next(node)) {
        if (is_row(y, node->owner)) {
            all[n++] = node->owner;
        }
    }
    qsort_r(all, (size_t)n, sizeof(*all), compare_rows, y);
    if (i > 0 && n > 0 && strcmp(sim_set.cursor, "key") == 0) {
        int64_t k;

        for (k = 0; k < n && sim_id_cmp(&all[k]->id, &y->from.id) != 0; k++) {
        }
        i = k < n ? k + 1 : i;
    }
    y->incomplete = n > sim_set.query_cap;
    for (; i < n && take_row(y, all[i], i); i++) {
    }
    free(all);
}

static void shorten(query_t *y)
{
    if (y->nrows > 1 && (y->req->short_page || (y->more && sim_rand_hit(sim_set.short_pages)))) {
        y->nrows = (size_t)(1 + sim_rand_below((int64_t)y->nrows - 1));
        y->more = 1;
    }
}

static void put_answer(query_t *y)
{
    sim_buf_t *b = &y->req->out;
    sim_view_t view;
    sim_cursor_t next;
    size_t i;

    sim_req_view(y->req, &view);
    if (y->nrows) {
        const sim_page_t *last = y->rows[y->nrows - 1];
        int created = y->nsorts == 0 || y->sorts[0].timestamp != 2;

        memset(&next, 0, sizeof(next));
        next.minute = created ? last->by_created.minute : last->by_edited.minute;
        next.id = last->id;
        next.count = y->from.count + (int64_t)y->nrows;
        next.incomplete = y->incomplete;
        next.query = y->hash;
    }
    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "list");
    sim_json_kstr(b, "type", "page_or_data_source");
    sim_json_kraw(b, "page_or_data_source", "{}");
    sim_json_key(b, "results");
    sim_json_open(b, '[');
    for (i = 0; i < y->nrows; i++) {
        sim_page_json(b, y->rows[i], y->rows[i]->seen, &view);
    }
    sim_json_close(b, ']');
    sim_cursor_json(b, y->more && y->nrows ? &next : NULL);
    sim_json_kraw(
        b, "request_status",
        y->incomplete
            ? "{\"type\":\"incomplete\",\"incomplete_reason\":\"query_result_limit_reached\"}"
            : "{\"type\":\"complete\"}");
    sim_json_close(b, '}');
    sim_view_free(&view);
}

/* 0: so many rows take the service longer than it gives itself */
static int is_quick(query_t *y)
{
    if (sim_set.query_rows_max == 0 || y->page_size <= sim_set.query_rows_max) {
        return 1;
    }
    sim_fail_set(&y->req->fail, 504, sim_error_code(504), "%s", sim_error_message(504));
    return 0;
}

void sim_query_perform(sim_req_t *q, sim_ds_t *ds)
{
    query_t *y = sim_mem_alloc(sizeof(*y));

    y->req = q;
    y->ds = ds;
    if (take_body(y) && is_quick(y)) {
        if (y->nsorts == 0 || (y->nsorts == 1 && y->sorts[0].timestamp)) {
            walk_index(y);
        }
        else {
            sort_all(y);
        }
        if (y->from.count) {
            y->incomplete = y->from.incomplete != 0 || y->incomplete;
        }
        shorten(y);
        put_answer(y);
    }
    sim_filter_free(y->filter);
    free(y);
}
