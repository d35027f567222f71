/* Fuzzes inline Markdown: every text is read; its one spelling is read as the same, and is its own; and written over a formatted text it is
 * shown as what it is. What stands before the first NUL is the old text, if there is one. */
#include "fuzz.h"

#include "base/nts_json.h"
#include "base/nts_str.h"
#include "connector/notion/nts_notion_rich.h"
#include "model/nts_inline.h"

/* Items as a page shows them. */
static const nts_json_t *shown(const nts_json_t *items, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);

    for (int i = 0; i < nts_json_count(items); i++) {
        const nts_json_t *item = nts_json_at(items, i);
        const char *type = nts_json_get_string(item, "type");
        nts_json_t *copy = nts_json_add_object(array, NULL);

        nts_json_add_string(copy, "type", type);
        nts_json_add_copy(copy, type, nts_json_get(item, type));
        nts_json_add_copy(copy, "annotations", nts_json_get(item, "annotations"));
        nts_json_add_string(
            copy, "plain_text",
            nts_json_string(
                nts_json_path(item, type, strcmp(type, "text") ? "expression" : "content", NULL)));
    }
    return array;
}

static void try_edit(const char *before, const char *markdown, apr_pool_t *p)
{
    nts_json_t *items = nts_json_make_array(p);
    nts_json_t *old = nts_json_make_array(p);

    if (nts_notion_rich_edit_markdown(old, NULL, before, p) ||
        nts_notion_rich_edit_markdown(items, shown(old, p), markdown, p)) {
        return; /* more pieces than Notion takes */
    }
    FUZZ_ASSERT(
        !strcmp(nts_notion_rich_markdown(shown(items, p), p), nts_inline_canonical(markdown, p)));
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    const char *before = fuzz_text(data, len, p);
    const char *markdown = strlen(before) < len
                               ? fuzz_text(data + strlen(before) + 1, len - strlen(before) - 1, p)
                               : before;
    const apr_array_header_t *runs;
    const char *text;

    if (!nts_utf8_is_valid(markdown, strlen(markdown)) ||
        !nts_utf8_is_valid(before, strlen(before))) {
        return;
    }
    runs = nts_inline_parse(markdown, p);
    text = nts_inline_text(runs, p);
    FUZZ_ASSERT(nts_utf8_is_valid(text, strlen(text)));
    FUZZ_ASSERT(nts_inline_equal(nts_inline_parse(text, p), runs));
    FUZZ_ASSERT(nts_inline_equal(nts_inline_normal(runs, p), runs));
    FUZZ_ASSERT(!strcmp(nts_inline_canonical(text, p), text));
    try_edit(before, markdown, p);
}
