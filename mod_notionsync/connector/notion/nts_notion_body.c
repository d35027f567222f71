/* nts_notion_body.c - the body of a page: read as Markdown, and changed in places (S5.9). */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

static const char *body_path(const nts_op_t *op)
{
    return apr_pstrcat(op->p, "/pages/", op->ask.id, "/markdown", NULL);
}

void nts_notion_request_body(nts_op_t *op)
{
    nts_notion_request(op, "GET", body_path(op), NULL);
}

int nts_notion_is_body_write(const nts_op_t *op)
{
    int body = op->ask.kind == NTS_ASK_UPDATE ? nts_notion_body_pair(&op->ask) : -1;

    return body >= 0 && op->ask.values[body].kind != NTS_VALUE_ABSENT;
}

/* A page that is empty has no place that could be named. Child pages and databases are not to be deleted, says the ask itself, whatever
 * was shown before. */
static nts_json_t *make_update(const nts_body_edit_t *edit, apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p);
    const char *type = edit->whole ? "replace_content" : "update_content";
    nts_json_t *command;
    nts_json_t *list;

    nts_json_add_string(root, "type", type);
    command = nts_json_add_object(root, type);
    nts_json_add_bool(command, "allow_deleting_content", 0);
    if (edit->whole) {
        nts_json_add_string(command, "new_str", edit->whole);
        return root;
    }
    list = nts_json_add_array(command, "content_updates");
    for (int i = 0; i < edit->count; i++) {
        nts_json_t *update = nts_json_add_object(list, NULL);

        nts_json_add_string(update, "old_str", edit->updates[i].old_str);
        nts_json_add_string(update, "new_str", edit->updates[i].new_str);
    }
    return root;
}

int nts_notion_body_write_begin(nts_op_t *op)
{
    int body = nts_notion_body_pair(&op->ask);
    const nts_value_t *shown = op->ask.expected ? &op->ask.expected[body] : &nts_value_absent;
    nts_body_edit_t edit;

    if (shown->kind == NTS_VALUE_ABSENT) {
        nts_notion_refuse(op, NTS_BODY_REFUSED, NULL,
                          "the body of the page was not read before it was to be changed");
        return 0;
    }
    nts_body_edit(&edit, shown, &op->ask.values[body], op->p);
    if (edit.problem || (!edit.whole && !edit.count)) {
        nts_notion_refuse(op, NTS_BODY_REFUSED, "change the page in Notion",
                          "the body of the page cannot be changed safely: %s",
                          edit.problem ? edit.problem : "nothing in it differs");
        return 0;
    }
    nts_notion_request(op, "PATCH", body_path(op), make_update(&edit, op->p));
    if (op->request.body_len > NTS_NOTION_BODY_MAX) {
        nts_notion_refuse(op, NTS_BODY_REFUSED, "change less at once",
                          "the change makes a request of %" APR_SIZE_T_FMT
                          " bytes; Notion takes %d",
                          op->request.body_len, NTS_NOTION_BODY_MAX);
        return 0;
    }
    return 1;
}

/* A record that shows the body, and nothing else. */
nts_op_state_t nts_notion_take_body(nts_op_t *op, const nts_json_t *root)
{
    int body = nts_notion_body_pair(&op->ask);
    const char *object = nts_json_get_string(root, "object");
    const char *id = nts_json_get_string(root, "id");
    const nts_json_t *markdown = nts_json_get(root, "markdown");
    const nts_json_t *unknown = nts_json_get(root, "unknown_block_ids");
    nts_record_t *record = apr_pcalloc(op->p, sizeof(*record));
    nts_value_t *values =
        apr_pcalloc(op->p, sizeof(*values) * ((apr_size_t)nts_notion_field_count(&op->ask) + 1));

    if (body < 0 || !object || strcmp(object, "page_markdown") != 0 || !id ||
        nts_uuid_normalise(&record->id, id, op->p) != APR_SUCCESS ||
        strcmp(record->id, op->ask.id) != 0 || !nts_json_string(markdown)) {
        nts_notion_nonsense(op, "the answer was not the body of the page");
        return NTS_OP_DONE;
    }
    values[body] = nts_json_is_mended(markdown)
                       ? nts_notion_damaged_text()
                       : nts_body_value(nts_json_string(markdown),
                                        nts_json_bool(nts_json_get(root, "truncated"), 1) ||
                                            !unknown || nts_json_count(unknown) > 0,
                                        op->p);
    record->values = values;
    op->answer.record = record;
    return NTS_OP_DONE;
}
