/* nts_notion_schema.c - a data source's properties as a schema, and who we are. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

typedef struct known_t {
    const char *native;
    nts_type_t type;
} known_t;

#define TEXT_MAX (NTS_NOTION_TEXT_UNITS * NTS_NOTION_ARRAY_MAX)

#define TEXT(max) .kind = NTS_TYPE_TEXT, .nullable = 1, .units = 1, .max_length = (max)

/* The one state of a verification that can be given; none is unverified. */
static const nts_option_t verified[] = { { NULL, "verified" } };

/* What is not here is unsupported: buttons, which hold nothing, and whatever Notion adds. */
static const known_t known[] = {
    { "title", { TEXT(TEXT_MAX) } },
    { "rich_text", { TEXT(TEXT_MAX) } },
    { "url", { TEXT(2000) } },
    { "email", { TEXT(200) } },
    { "phone_number", { TEXT(200) } },
    { "number", { .kind = NTS_TYPE_NUMBER, .nullable = 1, .binary = 1 } },
    { "checkbox", { .kind = NTS_TYPE_BOOL } },
    { "select", { .kind = NTS_TYPE_OPTION, .nullable = 1, .options_open = 1 } },
    { "status", { .kind = NTS_TYPE_OPTION, .nullable = 1 } },
    { "multi_select",
      { .kind = NTS_TYPE_SET,
        .nullable = 1,
        .options_open = 1,
        .max_members = NTS_NOTION_ARRAY_MAX } },
    /* Instants are spelled with milliseconds. */
    { "date", { .kind = NTS_TYPE_DATE, .nullable = 1, .zoned = 1, .scale = 3 } },
    { "relation",
      { .kind = NTS_TYPE_REFERENCE, .nullable = 1, .max_members = NTS_NOTION_ARRAY_MAX } },
    { "files", { .kind = NTS_TYPE_FILES, .nullable = 1, .max_members = NTS_NOTION_ARRAY_MAX } },
    { "verification",
      { .kind = NTS_TYPE_OPTION, .nullable = 1, .options = verified, .option_count = 1 } },
    /* Null is also what a place shows that Notion does not give to connections. */
    { "place", { .kind = NTS_TYPE_PLACE, .nullable = 1, .one_way = 1 } },
    { "unique_id",
      { .kind = NTS_TYPE_TEXT, .computed = 1, .fixed = 1, .nullable = 1, .serial = 1 } },
    { "created_time",
      { .kind = NTS_TYPE_INSTANT, .computed = 1, .fixed = 1, .zoned = 1, .whole = 1 } },
    { "last_edited_time", { .kind = NTS_TYPE_INSTANT, .computed = 1, .zoned = 1, .whole = 1 } },
    /* Their numbers are doubles, as all are there. */
    { "formula",
      { .kind = NTS_TYPE_TEXT, .computed = 1, .varying = 1, .nullable = 1, .binary = 1 } },
    { "rollup",
      { .kind = NTS_TYPE_TEXT, .computed = 1, .varying = 1, .nullable = 1, .binary = 1 } },
    { "people", { .kind = NTS_TYPE_PEOPLE, .nullable = 1, .max_members = NTS_NOTION_ARRAY_MAX } },
    { "created_by",
      { .kind = NTS_TYPE_PEOPLE, .computed = 1, .fixed = 1, .nullable = 1, .alone = 1 } },
    { "last_edited_by", { .kind = NTS_TYPE_PEOPLE, .computed = 1, .nullable = 1, .alone = 1 } },
    { "button", { .computed = 1 } },
};

const char *nts_notion_plain_text(const nts_json_t *array, apr_pool_t *p)
{
    apr_array_header_t *parts = apr_array_make(p, 4, sizeof(const char *));

    for (int i = 0; i < nts_json_count(array); i++) {
        const nts_json_t *item = nts_json_at(array, i);
        const char *text = nts_json_get_string(item, "plain_text");

        if (!text) {
            text = nts_json_string(nts_json_path(item, "text", "content", NULL));
        }
        APR_ARRAY_PUSH(parts, const char *) = text ? text : "";
    }
    return apr_array_pstrcat(p, parts, '\0');
}

static void take_options(nts_type_t *type, const nts_json_t *config, apr_pool_t *p)
{
    const nts_json_t *list = nts_json_get(config, "options");
    int count = nts_json_count(list);
    nts_option_t *options = apr_palloc(p, sizeof(*options) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        const nts_json_t *option = nts_json_at(list, i);
        const char *name = nts_json_get_string(option, "name");

        if (name) {
            options[type->option_count].id = apr_pstrdup(p, nts_json_get_string(option, "id"));
            options[type->option_count++].name = apr_pstrdup(p, name);
        }
    }
    type->options = options;
}

static void take_relation(nts_type_t *type, const nts_json_t *config, apr_pool_t *p)
{
    const char *target = nts_json_get_string(config, "data_source_id");

    if (target && nts_uuid_normalise(&type->target, target, p) != APR_SUCCESS) {
        type->target = NULL;
    }
    type->mirrored = nts_json_get(config, "dual_property") != NULL;
}

typedef struct fields_t {
    apr_array_header_t *fields;
    apr_pool_t *p;
} fields_t;

static int take_property(void *baton, const char *name, const nts_json_t *property)
{
    fields_t *taken = baton;
    const char *id = nts_json_get_string(property, "id");
    const char *native = nts_json_get_string(property, "type");
    const char *decoded = NULL;
    nts_schema_field_t *field;

    if (!id || !native) {
        return 0;
    }
    field = &APR_ARRAY_PUSH(taken->fields, nts_schema_field_t);
    memset(field, 0, sizeof(*field));
    for (int i = 0; i < (int)(sizeof(known) / sizeof(known[0])); i++) {
        if (strcmp(known[i].native, native) == 0) {
            field->type = known[i].type;
        }
    }
    /* Compared decoded everywhere; old databases have plain UUIDs here. */
    field->id = nts_percent_decode(&decoded, id, taken->p) == APR_SUCCESS
                    ? decoded
                    : apr_pstrdup(taken->p, id);
    field->name = apr_pstrdup(taken->p, name);
    field->type.native = apr_pstrdup(taken->p, native);
    if ((field->type.kind == NTS_TYPE_OPTION || field->type.kind == NTS_TYPE_SET) &&
        !field->type.options) {
        take_options(&field->type, nts_json_get(property, native), taken->p);
    }
    if (field->type.kind == NTS_TYPE_REFERENCE) {
        take_relation(&field->type, nts_json_get(property, native), taken->p);
    }
    return 0;
}

nts_op_state_t nts_notion_take_schema(nts_op_t *op, const nts_json_t *root)
{
    const nts_json_t *properties = nts_json_get(root, "properties");
    fields_t taken = { apr_array_make(op->p, 16, sizeof(nts_schema_field_t)), op->p };
    const char *object = nts_json_get_string(root, "object");
    nts_schema_t *schema;

    if (!object || strcmp(object, "data_source") != 0 || !properties ||
        nts_json_type(properties) != NTS_JSON_OBJECT) {
        nts_notion_nonsense(op, "the answer was no data source");
        return NTS_OP_DONE;
    }
    if (nts_json_bool(nts_json_get(root, "in_trash"), 0)) {
        op->answer.result = NTS_RESULT_BLOCKED;
        nts_outcome_set(&op->answer.outcome, op->p, NTS_REMEDY_PERSON, "notion.data_source_trashed",
                        "the data source is in the trash");
        op->answer.outcome.advice = "restore the database in Notion, or remove the mapping";
        return NTS_OP_DONE;
    }
    nts_json_each(properties, take_property, &taken);
    schema = apr_pcalloc(op->p, sizeof(*schema));
    schema->fields = (const nts_schema_field_t *)(const void *)taken.fields->elts;
    schema->count = taken.fields->nelts;
    schema->title = nts_notion_plain_text(nts_json_get(root, "title"), op->p);
    schema->provisioned = 1; /* nothing has to be installed in a data source */
    schema->has_ids = 1;
    op->answer.schema = schema;
    return nts_notion_need_people(op, schema) ? nts_notion_ask_people(op) : NTS_OP_DONE;
}

nts_op_state_t nts_notion_take_who(nts_op_t *op, const nts_json_t *root)
{
    const char *id = nts_json_get_string(root, "id");
    const char *type = nts_json_get_string(root, "type");
    const char *uuid = NULL;

    if (!id || nts_uuid_normalise(&uuid, id, op->p) != APR_SUCCESS) {
        nts_notion_nonsense(op, "the answer was no user");
        return NTS_OP_DONE;
    }
    /* The connection outlives the op; it belongs to one token, so this happens once or says the same. */
    if (!op->conn->who || strcmp(op->conn->who, uuid) != 0) {
        op->conn->who = apr_pstrdup(op->conn->p, uuid);
    }
    op->conn->who_is_bot = type && strcmp(type, "bot") == 0;
    op->answer.who = uuid;
    op->answer.who_is_bot = op->conn->who_is_bot;
    return NTS_OP_DONE;
}
