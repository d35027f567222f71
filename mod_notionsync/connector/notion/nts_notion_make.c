/* nts_notion_make.c - properties that a data source lacks.
 *
 * A property is made by naming it. Naming one that is there would change it, its type and its choices; so what is there is
 * read first, and only what is not is named. Between the two lies one round trip, which is all that Notion offers.
 */
#include <string.h>

#include "connector/notion/nts_notion_impl.h"

#define PROPERTIES_MAX 500 /* of a data source */

static void add_property(const nts_schema_field_t *field, nts_json_t *properties)
{
    const nts_type_t *type = &field->type;
    nts_json_t *config =
        nts_json_add_object(nts_json_add_object(properties, field->name), type->native);
    nts_json_t *options;
    int i;

    if (type->kind == NTS_TYPE_NUMBER) {
        nts_json_add_string(config, "format", "number");
    }
    if (type->option_count) {
        options = nts_json_add_array(config, "options");
        for (i = 0; i < type->option_count; i++) {
            nts_json_add_string(nts_json_add_object(options, NULL), "name", type->options[i].name);
        }
    }
}

/* Under its name or its id: Notion takes either for a key. */
static int is_there(const nts_schema_t *schema, const char *name)
{
    return nts_schema_find_name(schema, name) || nts_schema_find_id(schema, name);
}

nts_op_state_t nts_notion_make(nts_op_t *op, const nts_json_t *root)
{
    nts_json_t *body = nts_json_make_object(op->p);
    nts_json_t *properties = nts_json_add_object(body, "properties");
    const char *path = apr_pstrcat(op->p, "/data_sources/", nts_notion_source(op), NULL);
    const nts_schema_t *schema;
    int made = 0;
    int i;

    op->answer.statements = "";
    if (nts_notion_take_schema(op, root) != NTS_OP_DONE || op->answer.result != NTS_RESULT_OK) {
        return NTS_OP_DONE;
    }
    schema = op->answer.schema;
    for (i = 0; i < op->ask.make_count; i++) {
        if (!is_there(schema, op->ask.make[i].name)) {
            add_property(&op->ask.make[i], properties);
            made++;
        }
    }
    if (made == 0) {
        return NTS_OP_DONE;
    }
    if (schema->count + made > PROPERTIES_MAX) {
        nts_notion_refuse(
            op, "notion.too_many",
            "pair fewer columns, with NotionSyncField instead of create=notion",
            "the data source has %d properties and %d are to be made; Notion takes %d",
            schema->count, made, PROPERTIES_MAX);
        return NTS_OP_DONE;
    }
    op->phase = NTS_NOTION_MAKE;
    nts_notion_request(op, "PATCH", path, body);
    if (op->request.body_len > NTS_NOTION_BODY_MAX) {
        nts_notion_refuse(op, "notion.too_large", "pair fewer columns",
                          "the properties make a request of %" APR_SIZE_T_FMT
                          " bytes; Notion takes %d",
                          op->request.body_len, NTS_NOTION_BODY_MAX);
        return NTS_OP_DONE;
    }
    op->answer.statements = apr_pstrcat(op->p, "PATCH /v1", path, "\n", op->request.body, NULL);
    return op->ask.dry ? NTS_OP_DONE : NTS_OP_SEND;
}

nts_op_state_t nts_notion_take_made(nts_op_t *op, const nts_json_t *root)
{
    int i;

    if (nts_notion_take_schema(op, root) != NTS_OP_DONE || op->answer.result != NTS_RESULT_OK) {
        return NTS_OP_DONE;
    }
    for (i = 0; i < op->ask.make_count; i++) {
        if (!is_there(op->answer.schema, op->ask.make[i].name)) {
            nts_notion_nonsense(op, "Notion's answer does not show the properties that were made");
            return NTS_OP_DONE;
        }
    }
    return NTS_OP_DONE;
}
