/* nts_notion_read.c - page objects as records. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"
#include "connector/notion/nts_notion_rich.h"
#include "model/nts_inline.h"

/* A property's value, being read. */
typedef struct property_t {
    const char *native;
    const nts_json_t *value;
    const nts_json_t *node; /* the whole property */
    apr_pool_t *p;
} property_t;

nts_value_t nts_notion_text_or_null(const char *text)
{
    return *text ? nts_value_text(text) : nts_value_null;
}

/* Half a surrogate pair was replaced while parsing; writing that back would change the text. */
static int is_damaged(const nts_json_t *array)
{
    for (int i = 0; i < nts_json_count(array); i++) {
        const nts_json_t *item = nts_json_at(array, i);

        if (nts_json_is_mended(nts_json_get(item, "plain_text")) ||
            nts_json_is_mended(nts_json_path(item, "text", "content", NULL))) {
            return 1;
        }
    }
    return 0;
}

nts_value_t nts_notion_damaged_text(void)
{
    return nts_value_opaque("a text with half a character in it");
}

static nts_value_t read_rich_text(const property_t *property)
{
    nts_value_t value;
    int mentions = 0;

    if (nts_json_type(property->value) != NTS_JSON_ARRAY) {
        return nts_value_opaque(property->native);
    }
    if (is_damaged(property->value)) {
        return nts_notion_damaged_text();
    }
    for (int i = 0; i < nts_json_count(property->value); i++) {
        const char *type = nts_json_get_string(nts_json_at(property->value, i), "type");

        mentions += type && strcmp(type, "mention") == 0;
    }
    value = nts_notion_text_or_null(nts_notion_plain_text(property->value, property->p));
    value.truncated =
        mentions >= NTS_NOTION_REFERENCES || nts_json_count(property->value) >= NTS_NOTION_PIECES;
    value.rich = nts_notion_rich_is_formatted(property->value)
                     ? nts_json_text(property->value, property->p)
                     : NULL;
    return value;
}

static nts_value_t read_string(const property_t *property)
{
    const char *text = nts_json_string(property->value);

    if (!text) {
        return nts_value_opaque(property->native);
    }
    return nts_json_is_mended(property->value)
               ? nts_notion_damaged_text()
               : nts_notion_text_or_null(apr_pstrdup(property->p, text));
}

static nts_value_t read_number(const property_t *property)
{
    const char *text = nts_json_number_text(property->value, property->p);
    nts_value_t value;

    if (!text || nts_value_number(&value, text, property->p) != APR_SUCCESS) {
        return nts_value_opaque("a number beyond all bounds");
    }
    return value;
}

static nts_value_t read_option(const property_t *property)
{
    const char *name = nts_json_get_string(property->value, "name");

    if (!name) {
        return nts_value_opaque(property->native);
    }
    if (nts_json_is_mended(nts_json_get(property->value, "name"))) {
        return nts_notion_damaged_text();
    }
    return nts_value_option(apr_pstrdup(property->p, nts_json_get_string(property->value, "id")),
                            apr_pstrdup(property->p, name));
}

static nts_value_t read_set(const property_t *property)
{
    int count = nts_json_count(property->value);
    nts_option_t *options = apr_palloc(property->p, sizeof(*options) * (apr_size_t)(count + 1));

    if (nts_json_type(property->value) != NTS_JSON_ARRAY) {
        return nts_value_opaque(property->native);
    }
    for (int i = 0; i < count; i++) {
        property_t member = { property->native, nts_json_at(property->value, i), NULL,
                              property->p };
        nts_value_t option = read_option(&member);

        if (option.kind != NTS_VALUE_OPTION) {
            return option;
        }
        options[i] = option.as.option;
    }
    return nts_value_set(options, count, property->p);
}

static nts_value_t read_date(const property_t *property)
{
    const char *start = nts_json_get_string(property->value, "start");
    const char *end = nts_json_get_string(property->value, "end");
    const char *zone = nts_json_get_string(property->value, "time_zone");
    nts_value_t value;

    /* A zone's name beside times without an offset has not been seen since 2021; it is not guessed at. */
    if (!start || (zone && strlen(start) > 10 && !nts_value_has_offset(start)) ||
        nts_value_date(&value, start, end, property->p) != APR_SUCCESS) {
        return nts_value_opaque("a date of an unknown form");
    }
    return value;
}

static nts_value_t read_time(const property_t *property)
{
    const char *text = nts_json_string(property->value);
    nts_value_t value;

    if (!text || nts_value_date(&value, text, NULL, property->p) != APR_SUCCESS) {
        return nts_value_opaque(property->native);
    }
    return value;
}

/* "ORD-17", or "17" without a prefix. */
static nts_value_t read_unique_id(const property_t *property)
{
    const char *prefix = nts_json_get_string(property->value, "prefix");
    const nts_json_t *number = nts_json_get(property->value, "number");
    const char *digits = number ? nts_json_number_text(number, property->p) : NULL;

    if (!digits) {
        return nts_value_null; /* not numbered yet */
    }
    if (nts_json_is_mended(nts_json_get(property->value, "prefix"))) {
        return nts_notion_damaged_text();
    }
    return nts_value_text(prefix && *prefix ? apr_pstrcat(property->p, prefix, "-", digits, NULL)
                                            : digits);
}

/* The page that an item names, or NULL. */
const char *nts_notion_page_of(const nts_json_t *item, apr_pool_t *p)
{
    const char *id = nts_json_get_string(item, "id");
    const char *page = NULL;

    return id && nts_uuid_normalise(&page, id, p) == APR_SUCCESS ? page : NULL;
}

/* Pages by their ids. A list that is cut says so; where it does not say, one of 25 may be. */
static nts_value_t read_relation(const property_t *property)
{
    const nts_json_t *has_more = property->node ? nts_json_get(property->node, "has_more") : NULL;
    int count = nts_json_count(property->value);
    nts_option_t *pages = apr_pcalloc(property->p, sizeof(*pages) * (apr_size_t)(count + 1));
    nts_value_t value;

    if (nts_json_type(property->value) != NTS_JSON_ARRAY) {
        return nts_value_opaque(property->native);
    }
    for (int i = 0; i < count; i++) {
        pages[i].name = nts_notion_page_of(nts_json_at(property->value, i), property->p);
        if (!pages[i].name) {
            return nts_value_opaque("a relation to something that is no page");
        }
    }
    value = nts_value_set(pages, count, property->p);
    value.truncated = nts_json_bool(has_more, count >= NTS_NOTION_REFERENCES);
    return value;
}

static nts_value_t read_bool(const property_t *property)
{
    return nts_json_type(property->value) == NTS_JSON_BOOL
               ? nts_value_bool(nts_json_bool(property->value, 0))
               : nts_value_opaque(property->native);
}

static nts_value_t read_formula(const property_t *property)
{
    return nts_notion_formula(property->value, property->p);
}

static nts_value_t read_rollup(const property_t *property)
{
    return nts_notion_rollup(property->value, property->p);
}

static nts_value_t read_files(const property_t *property)
{
    return nts_notion_read_files(property->value, NULL, property->p);
}

static nts_value_t read_verification(const property_t *property)
{
    return nts_notion_read_verification(property->value, property->p);
}

static nts_value_t read_place(const property_t *property)
{
    return nts_notion_read_place(property->value, property->p);
}

static nts_value_t read_people(const property_t *property)
{
    return nts_notion_read_people(property->value, property->p);
}

static nts_value_t read_person(const property_t *property)
{
    nts_option_t person;

    return nts_notion_read_person(&person, property->value, property->p)
               ? nts_value_set(&person, 1, property->p)
               : nts_value_opaque(property->native);
}

/* Of properties; "string" and "boolean" of formulas only. */
static const struct {
    const char *native;
    nts_value_t (*read)(const property_t *property);
} readers[] = {
    { "title", read_rich_text },
    { "rich_text", read_rich_text },
    { "url", read_string },
    { "email", read_string },
    { "phone_number", read_string },
    { "number", read_number },
    { "checkbox", read_bool },
    { "select", read_option },
    { "status", read_option },
    { "multi_select", read_set },
    { "date", read_date },
    { "unique_id", read_unique_id },
    { "created_time", read_time },
    { "last_edited_time", read_time },
    { "relation", read_relation },
    { "files", read_files },
    { "formula", read_formula },
    { "rollup", read_rollup },
    { "place", read_place },
    { "verification", read_verification },
    { "people", read_people },
    { "created_by", read_person },
    { "last_edited_by", read_person },
    { "string", read_string },
    { "boolean", read_bool },
};

nts_value_t nts_notion_value(const nts_json_t *node, apr_pool_t *p)
{
    const char *native = nts_json_get_string(node, "type");
    property_t property = { native ? apr_pstrdup(p, native) : "unknown",
                            native ? nts_json_get(node, native) : NULL, node, p };

    if (!property.value) {
        return nts_value_absent; /* not "cleared": the answer does not tell */
    }
    for (int i = 0; i < (int)(sizeof(readers) / sizeof(readers[0])); i++) {
        if (strcmp(readers[i].native, native) == 0) {
            return nts_json_type(property.value) == NTS_JSON_NULL ? nts_value_null
                                                                  : readers[i].read(&property);
        }
    }
    return nts_value_opaque(property.native);
}

nts_value_t nts_notion_in_format(const nts_ask_t *ask, int at, nts_value_t value, apr_pool_t *p)
{
    const nts_mapping_t *mapping = ask->mapping;
    const nts_json_t *items = NULL;

    if (at >= mapping->pair_count || value.kind != NTS_VALUE_TEXT ||
        mapping->pairs[at].options.format != NTS_FORMAT_MARKDOWN) {
        return value;
    }
    if (value.rich &&
        nts_json_parse(&items, value.rich, strlen(value.rich), NULL, p) == APR_SUCCESS) {
        value.as.text = nts_notion_rich_markdown(items, p);
    }
    else {
        apr_array_header_t *runs = apr_array_make(p, 1, sizeof(nts_inline_run_t));

        nts_inline_add(runs, value.as.text, strlen(value.as.text), 0, NULL);
        value.as.text = nts_inline_text(runs, p);
    }
    return value;
}

/* Read are the pairs' properties and, behind them, those of the filter (S5.3). */
int nts_notion_field_count(const nts_ask_t *ask)
{
    const nts_filter_t *filter = ask->mapping->filter[ask->side];

    return ask->mapping->pair_count + (filter ? filter->field_count : 0);
}

const char *nts_notion_source(const nts_op_t *op)
{
    return nts_mapping_collection(op->ask.mapping, op->ask.side);
}

int nts_notion_body_pair(const nts_ask_t *ask)
{
    return ask->side == NTS_NOTION ? nts_mapping_body_pair(ask->mapping) : -1;
}

/* What is no property of this side has none: the body, the key of the record; nor has what is suspended. */
static const char *property_of(const nts_pair_t *pair, nts_side_t side)
{
    int is_property = side == NTS_NOTION ? !pair->is_body : !pair->is_key;

    return is_property && !pair->bound.why.code ? nts_pair_field_id(pair, side) : NULL;
}

const char *nts_notion_field_id(const nts_ask_t *ask, int at)
{
    const nts_mapping_t *mapping = ask->mapping;

    if (at < mapping->pair_count) {
        return property_of(&mapping->pairs[at], ask->side);
    }
    return at < nts_notion_field_count(ask)
               ? mapping->filter[ask->side]->fields[at - mapping->pair_count].id
               : NULL;
}

void nts_notion_judge(nts_record_t *record, const nts_ask_t *ask)
{
    record->standing = nts_filter_judge(ask->mapping->filter[ask->side],
                                        record->values + ask->mapping->pair_count);
}

typedef struct properties_t {
    const nts_connection_t *conn;
    const nts_ask_t *ask;
    const char *page;
    nts_value_t *values;
    int is_retyped;
    apr_pool_t *p;
} properties_t;

/* S5.4: what a property of another type shows was made of what the mapping knows, or is what was left of it; empty, too. */
static int is_as_bound(const nts_ask_t *ask, int at, const nts_json_t *node)
{
    const char *type = nts_json_get_string(node, "type");

    return at >= ask->mapping->pair_count || !type ||
           nts_bound_is_of(&ask->mapping->pairs[at].bound, ask->side, type);
}

const char *nts_notion_property_id(const nts_json_t *node, apr_pool_t *p)
{
    const char *encoded = nts_json_get_string(node, "id");
    const char *id = NULL;

    return encoded && nts_percent_decode(&id, encoded, p) != APR_SUCCESS ? encoded : id;
}

/* What a page shows of one of its own properties; of a file that Notion keeps its link tells where it stands. */
static nts_value_t value_here(const properties_t *taken, const nts_json_t *node, const char *id)
{
    nts_notion_place_t place = { taken->conn, taken->ask, taken->page, id };
    const nts_json_t *files = nts_json_get(node, "files");

    return nts_json_type(files) == NTS_JSON_ARRAY ? nts_notion_read_files(files, &place, taken->p)
                                                  : nts_notion_value(node, taken->p);
}

static int take_property(void *baton, const char *name, const nts_json_t *node)
{
    properties_t *taken = baton;
    const char *id = nts_notion_property_id(node, taken->p);

    (void)name; /* it may have been renamed since */
    if (!id) {
        return 0;
    }
    for (int i = 0; i < nts_notion_field_count(taken->ask); i++) {
        const char *wanted = nts_notion_field_id(taken->ask, i);

        if (wanted && strcmp(wanted, id) == 0 && is_as_bound(taken->ask, i, node)) {
            taken->values[i] =
                nts_notion_in_format(taken->ask, i, value_here(taken, node, id), taken->p);
        }
        else if (wanted && strcmp(wanted, id) == 0) {
            taken->is_retyped = 1;
        }
    }
    return 0;
}

static apr_time_t time_of(const nts_json_t *page, const char *key)
{
    const char *text = nts_json_get_string(page, key);
    apr_time_t t = 0;

    return text && nts_time_parse(&t, text) == APR_SUCCESS ? t : 0;
}

static int is_same_id(const char *id, const char *other, apr_pool_t *p)
{
    const char *a = NULL;
    const char *b = NULL;

    return id && other && nts_uuid_normalise(&a, id, p) == APR_SUCCESS &&
           nts_uuid_normalise(&b, other, p) == APR_SUCCESS && strcmp(a, b) == 0;
}

apr_status_t nts_notion_record(nts_record_t *record, nts_op_t *op, const nts_json_t *page,
                               apr_pool_t *p)
{
    const nts_json_t *list = nts_json_get(page, "properties");
    const nts_json_t *parent = nts_json_get(page, "parent");
    const char *object = nts_json_get_string(page, "object");
    const char *id = nts_json_get_string(page, "id");
    properties_t taken = { op->conn, &op->ask, NULL, NULL, 0, p };

    memset(record, 0, sizeof(*record));
    /* A page without details is one that the connection may not read. */
    if (!object || strcmp(object, "page") != 0 || !id || !list || !parent ||
        nts_uuid_normalise(&record->id, id, p) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    taken.page = record->id;
    /* All zero is ABSENT: a property that the answer lacks is not empty. */
    taken.values =
        apr_pcalloc(p, sizeof(nts_value_t) * (apr_size_t)(nts_notion_field_count(&op->ask) + 1));
    nts_json_each(list, take_property, &taken);
    record->values = taken.values;
    nts_notion_judge(record, &op->ask);
    record->trashed = nts_json_bool(nts_json_get(page, "in_trash"), 0);
    record->archived = nts_json_bool(nts_json_get(page, "is_archived"), 0);
    record->elsewhere =
        !is_same_id(nts_json_get_string(parent, "data_source_id"), nts_notion_source(op), p);
    op->answer.is_retyped |= taken.is_retyped && !record->elsewhere;
    record->by_us = is_same_id(nts_json_string(nts_json_path(page, "created_by", "id", NULL)),
                               op->conn->who, p);
    record->created = time_of(page, "created_time");
    record->edited = time_of(page, "last_edited_time");
    record->edited_by_us = is_same_id(
        nts_json_string(nts_json_path(page, "last_edited_by", "id", NULL)), op->conn->who, p);
    record->untouched = record->by_us && record->edited == record->created && record->edited_by_us;
    record->edited_by_us = record->edited_by_us && op->conn->who_is_bot;
    return APR_SUCCESS;
}

nts_record_t *nts_notion_take_page_object(nts_op_t *op, const nts_json_t *root)
{
    nts_record_t *record = apr_pcalloc(op->p, sizeof(*record));
    const char *object = nts_json_get_string(root, "object");

    if (object && strcmp(object, "page") == 0 && !nts_json_get(root, "properties")) {
        op->answer.result = NTS_RESULT_MISSING;
        nts_outcome_set(&op->answer.outcome, op->p, NTS_REMEDY_WAIT, "notion.missing",
                        "Notion shows that the page exists, and nothing of it");
        op->answer.outcome.advice = "share the page with the connection";
        return NULL;
    }
    if (nts_notion_record(record, op, root, op->p) != APR_SUCCESS ||
        strcmp(record->id, op->ask.id) != 0) {
        nts_notion_nonsense(op, "the answer was not the page");
        return NULL;
    }
    return record;
}

nts_op_state_t nts_notion_take_page(nts_op_t *op, const nts_json_t *root)
{
    nts_record_t *record = nts_notion_take_page_object(op, root);

    return record ? nts_notion_complete(op, record) : NTS_OP_DONE;
}
