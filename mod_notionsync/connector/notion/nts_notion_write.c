/* nts_notion_write.c - values as the properties of a request.
 *
 * Only what was given is written, each property whole: Notion replaces it whole (S3.4). Options go by id
 * where it is known and never with a colour, instants with Z and never with a zone's name.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"
#include "connector/notion/nts_notion_rich.h"

/* A property being written; NULL `problem` so far. */
typedef struct writing_t {
    nts_json_t *node; /* the property's object */
    const char *native;
    const nts_value_t *value;
    const nts_value_t
        *before; /* what the page showed, whose formatting stays (S5.6); NULL: not known */
    const nts_value_t *beside; /* what the other side showed; NULL: not known */
    int markdown;              /* texts are (format=markdown) */
    const char *problem;
    apr_pool_t *p;
    nts_notion_place_t place;
} writing_t;

static void write_rich_text(writing_t *w)
{
    nts_json_t *items = nts_json_add_array(w->node, w->native);
    const char *text = w->value->kind == NTS_VALUE_TEXT ? w->value->as.text : "";
    const char *rich = w->before ? w->before->rich : NULL;
    const nts_json_t *old = NULL;

    if (rich && nts_json_parse(&old, rich, strlen(rich), NULL, w->p) != APR_SUCCESS) {
        old = NULL;
    }
    w->problem = w->markdown ? nts_notion_rich_edit_markdown(items, old, text, w->p)
                             : nts_notion_rich_edit(items, old, text, w->p);
}

/* Notion refuses "" here. */
static void write_string(writing_t *w)
{
    int is_empty = w->value->kind != NTS_VALUE_TEXT || w->value->as.text[0] == '\0';

    nts_json_add_string(w->node, w->native, is_empty ? NULL : w->value->as.text);
}

static void write_number(writing_t *w)
{
    if (w->value->kind == NTS_VALUE_NULL) {
        nts_json_add_null(w->node, w->native);
    }
    else {
        nts_json_add_number(w->node, w->native, w->value->as.text);
    }
}

static void write_bool(writing_t *w)
{
    nts_json_add_bool(w->node, w->native,
                      w->value->kind == NTS_VALUE_BOOL ? w->value->as.truth : 0);
}

static void add_option(nts_json_t *parent, const char *key, const nts_option_t *option)
{
    nts_json_t *node = nts_json_add_object(parent, key);

    nts_json_add_string(node, option->id ? "id" : "name", option->id ? option->id : option->name);
}

static void write_option(writing_t *w)
{
    if (w->value->kind == NTS_VALUE_NULL) {
        nts_json_add_null(w->node, w->native);
    }
    else {
        add_option(w->node, w->native, &w->value->as.option);
    }
}

static void write_set(writing_t *w)
{
    nts_json_t *members = nts_json_add_array(w->node, w->native);
    int count = w->value->kind == NTS_VALUE_SET ? w->value->as.set.count : 0;

    if (count > NTS_NOTION_ARRAY_MAX) {
        w->problem = "there are more than the 100 options that Notion takes";
        return;
    }
    for (int i = 0; i < count; i++) {
        add_option(members, NULL, &w->value->as.set.options[i]);
    }
}

/* The whole list: Notion replaces what it has. */
static void write_relation(writing_t *w)
{
    nts_json_t *pages = nts_json_add_array(w->node, w->native);
    int count = w->value->kind == NTS_VALUE_SET ? w->value->as.set.count : 0;

    if (count > NTS_NOTION_ARRAY_MAX) {
        w->problem = "there are more than the 100 pages that Notion takes";
        return;
    }
    for (int i = 0; i < count; i++) {
        nts_json_add_string(nts_json_add_object(pages, NULL), "id",
                            w->value->as.set.options[i].name);
    }
}

static void write_date(writing_t *w)
{
    nts_json_t *date;

    if (w->value->kind == NTS_VALUE_NULL) {
        nts_json_add_null(w->node, w->native);
        return;
    }
    date = nts_json_add_object(w->node, w->native);
    nts_json_add_string(date, "start", w->value->as.date.start);
    if (w->value->as.date.end) {
        nts_json_add_string(date, "end", w->value->as.date.end);
    }
}

static void write_people(writing_t *w)
{
    nts_json_t *people = nts_json_add_array(w->node, w->native);

    for (int i = 0; w->value->kind == NTS_VALUE_SET && i < w->value->as.set.count; i++) {
        const nts_option_t *person = &w->value->as.set.options[i];

        if (!person->id) {
            w->problem = "somebody of them is not known in Notion";
            return;
        }
        nts_json_add_string(nts_json_add_object(people, NULL), "id", person->id);
    }
}

static void write_files(writing_t *w)
{
    w->problem = nts_notion_write_files(nts_json_add_array(w->node, w->native), w->value, w->before,
                                        w->beside, &w->place, w->p);
}

static void write_verification(writing_t *w)
{
    w->problem = nts_notion_write_verification(nts_json_add_object(w->node, w->native), w->value);
}

static void write_place(writing_t *w)
{
    w->problem = nts_notion_write_place(w->node, w->native, w->value, w->p);
}

/* Each takes null besides the kind that is named. */
static const struct {
    const char *native;
    nts_value_kind_t kind;
    void (*write)(writing_t *w);
} writers[] = {
    { "title", NTS_VALUE_TEXT, write_rich_text },
    { "rich_text", NTS_VALUE_TEXT, write_rich_text },
    { "url", NTS_VALUE_TEXT, write_string },
    { "email", NTS_VALUE_TEXT, write_string },
    { "phone_number", NTS_VALUE_TEXT, write_string },
    { "number", NTS_VALUE_NUMBER, write_number },
    { "checkbox", NTS_VALUE_BOOL, write_bool },
    { "select", NTS_VALUE_OPTION, write_option },
    { "status", NTS_VALUE_OPTION, write_option },
    { "multi_select", NTS_VALUE_SET, write_set },
    { "date", NTS_VALUE_DATE, write_date },
    { "relation", NTS_VALUE_SET, write_relation },
    { "people", NTS_VALUE_SET, write_people },
    { "files", NTS_VALUE_SET, write_files },
    { "verification", NTS_VALUE_OPTION, write_verification },
    { "place", NTS_VALUE_TEXT, write_place },
};
#define WRITER_COUNT ((int)(sizeof(writers) / sizeof(writers[0])))

static void write_value(writing_t *w)
{
    for (int i = 0; i < WRITER_COUNT; i++) {
        if (strcmp(writers[i].native, w->native) == 0) {
            if (w->value->truncated ||
                (w->value->kind != writers[i].kind && w->value->kind != NTS_VALUE_NULL)) {
                w->problem = "the value does not belong into such a property";
                return;
            }
            writers[i].write(w);
            return;
        }
    }
    w->problem = "properties of this type cannot be written";
}

/* The values of the ask below `properties`. Zero: one cannot be written, the answer is filled in. */
static int add_properties(nts_op_t *op, nts_json_t *properties)
{
    const nts_mapping_t *mapping = op->ask.mapping;

    for (int i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        const char *name = nts_pair_field(pair, op->ask.side);
        writing_t w = { .value = &op->ask.values[i],
                        .markdown = pair->options.format == NTS_FORMAT_MARKDOWN,
                        .p = op->p,
                        .place = { op->conn, &op->ask, NULL, NULL } };

        if (w.value->kind == NTS_VALUE_ABSENT || pair->computed[op->ask.side] ||
            i == nts_notion_body_pair(&op->ask)) {
            continue;
        }
        w.before = op->ask.expected ? &op->ask.expected[i] : NULL;
        w.beside = op->ask.beside ? &op->ask.beside[i] : NULL;
        if (!pair->domain || !nts_notion_field_id(&op->ask, i)) {
            w.problem = "the pair is suspended";
        }
        else {
            w.place.page = op->ask.kind == NTS_ASK_CREATE ? NULL : op->ask.id;
            w.place.property = nts_notion_field_id(&op->ask, i);
            w.native = nts_domain_type(pair->domain, op->ask.side)->native;
            /* As Notion itself writes ids: it knows no other spelling of one as a key. */
            w.node = nts_json_add_object(
                properties, nts_notion_encode_id(nts_notion_field_id(&op->ask, i), op->p));
            write_value(&w);
        }
        if (w.problem) {
            nts_notion_refuse(op, "notion.value", "change the value", "'%s' (%s): %s", name,
                              w.native ? w.native : "unknown", w.problem);
            op->answer.outcome.field = apr_pstrdup(op->p, name);
            return 0;
        }
    }
    return 1;
}

static int add_content(nts_op_t *op, nts_json_t *body)
{
    nts_json_t *parent;

    switch (op->ask.kind) {
    case NTS_ASK_REMOVE:
        nts_json_add_bool(body, "in_trash", 1);
        return 1;
    case NTS_ASK_RESTORE: /* alone: fields are decided afterwards (S2.7) */
        nts_json_add_bool(body, "in_trash", 0);
        return 1;
    case NTS_ASK_CREATE:
        parent = nts_json_add_object(body, "parent");
        nts_json_add_string(parent, "type", "data_source_id");
        nts_json_add_string(parent, "data_source_id", nts_notion_source(op));
        break;
    default:
        break;
    }
    return add_properties(op, nts_json_add_object(body, "properties"));
}

/* The longest value is the one to go without. */
static void refuse_size(nts_op_t *op)
{
    const nts_mapping_t *mapping = op->ask.mapping;
    apr_size_t longest = 0;

    nts_notion_refuse(op, "notion.too_large", "shorten the longest values",
                      "the values make a request of %" APR_SIZE_T_FMT " bytes; Notion takes %d",
                      op->request.body_len, NTS_NOTION_BODY_MAX);
    for (int i = 0; i < mapping->pair_count; i++) {
        const nts_value_t *value = &op->ask.values[i];
        apr_size_t len = value->kind == NTS_VALUE_TEXT ? strlen(value->as.text) : 0;

        if (len > longest) {
            longest = len;
            op->answer.outcome.field =
                apr_pstrdup(op->p, nts_pair_field(&mapping->pairs[i], op->ask.side));
        }
    }
}

int nts_notion_write_begin(nts_op_t *op)
{
    nts_json_t *body = nts_json_make_object(op->p);

    if (nts_notion_is_body_write(op)) {
        return nts_notion_body_write_begin(op);
    }
    if (!add_content(op, body)) {
        return 0;
    }
    if (op->ask.kind == NTS_ASK_CREATE) {
        nts_notion_request(op, "POST", "/pages", body);
    }
    else {
        nts_notion_request(op, "PATCH", apr_pstrcat(op->p, "/pages/", op->ask.id, NULL), body);
    }
    if (op->request.body_len > NTS_NOTION_BODY_MAX) {
        refuse_size(op);
        return 0;
    }
    return 1;
}
