/* nts_notion_item.c - completing what a page shows only in part: the 26th mention of a text, the 26th page of a relation. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

/* Answers of 100 items each; more than any text that can be written. */
#define ITEM_PAGES_MAX 100
/* A page that is another one each time it is looked at again is left for later. */
#define LOOKS_MAX 3

/* S3.1: whoever goes on to write needs a page that was shown just now, and what was read since has taken its time. And parts of one
 * value that came in several answers may be of several values (seed 1480 with mentions=1). If the page shows what it showed before, what
 * was completed belongs to it.
 */
static nts_op_state_t look_again(nts_op_t *op)
{
    op->phase = NTS_NOTION_AGAIN;
    nts_notion_request_page(op);
    return NTS_OP_SEND;
}

/* Asks for the first value from pair `from` on that was cut. */
static nts_op_state_t complete_next(nts_op_t *op, int from)
{
    for (int i = from; i < nts_notion_field_count(&op->ask); i++) {
        if (op->answer.record->values[i].truncated) {
            op->phase = NTS_NOTION_COMPLETE;
            op->shown = op->shown ? op->shown : op->answer.record->values;
            op->pair = i;
            op->pages = 0;
            op->is_damaged = 0;
            op->is_relation = op->answer.record->values[i].kind == NTS_VALUE_SET;
            op->elements = nts_json_make_array(op->p);
            op->members = apr_array_make(op->p, 32, sizeof(nts_option_t));
            op->texts = apr_array_make(op->p, 128, sizeof(const char *));
            op->items = apr_array_make(op->p, 128, sizeof(const char *));
            nts_notion_request(
                op, "GET",
                apr_pstrcat(op->p, "/pages/", op->answer.record->id, "/properties/",
                            nts_percent_encode(nts_notion_field_id(&op->ask, i), op->p),
                            "?page_size=100", NULL),
                NULL);
            return NTS_OP_SEND;
        }
    }
    return op->shown && (op->ask.follow_writes > 0 || op->is_paged) ? look_again(op) : NTS_OP_DONE;
}

/* One part of a property: {"object":"property_item","type":"rich_text","rich_text":{...}}. Non-zero if it was
 * none. */
static int take_part(nts_op_t *op, const nts_json_t *item)
{
    const char *type = nts_json_get_string(item, "type");
    const nts_json_t *text = type ? nts_json_get(item, type) : NULL;
    const char *plain = nts_json_get_string(text, "plain_text");

    if (op->is_rollup) {
        nts_json_add_copy(op->elements, NULL, item);
        return type == NULL;
    }
    if (type && !strcmp(type, "relation")) {
        const char *page = nts_notion_page_of(text, op->p);

        op->is_relation = 1;
        if (page) {
            APR_ARRAY_PUSH(op->texts, const char *) = page;
        }
        return page == NULL;
    }
    if (type && !strcmp(type, "people")) {
        nts_option_t *person = apr_array_push(op->members);

        return !nts_notion_read_person(person, text, op->p);
    }
    if (!plain) {
        return 1;
    }
    op->is_damaged = op->is_damaged || nts_json_is_mended(nts_json_get(text, "plain_text"));
    APR_ARRAY_PUSH(op->texts, const char *) = apr_pstrdup(op->p, plain);
    APR_ARRAY_PUSH(op->items, const char *) = nts_json_text(text, op->p);
    return 0;
}

/* The same property may be in several pairs. */
static void set_completed(nts_op_t *op, nts_value_t value)
{
    nts_value_t *values =
        apr_pmemdup(op->p, op->answer.record->values,
                    sizeof(*values) * (apr_size_t)(nts_notion_field_count(&op->ask) + 1));

    for (int i = 0; i < nts_notion_field_count(&op->ask); i++) {
        const char *id = nts_notion_field_id(&op->ask, i);

        if (id && strcmp(id, nts_notion_field_id(&op->ask, op->pair)) == 0) {
            values[i] = nts_notion_in_format(&op->ask, i, value, op->p);
        }
    }
    op->answer.record->values = values;
    nts_notion_judge(op->answer.record, &op->ask);
}

static nts_value_t completed_relation(const nts_op_t *op)
{
    int count = op->texts->nelts;
    nts_option_t *pages = apr_pcalloc(op->p, sizeof(*pages) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        pages[i].name = APR_ARRAY_IDX(op->texts, i, const char *);
    }
    return nts_value_set(pages, count, op->p);
}

static nts_option_t *member_with(const apr_array_header_t *members, const char *id)
{
    for (int i = 0; i < members->nelts; i++) {
        nts_option_t *member = &APR_ARRAY_IDX(members, i, nts_option_t);

        if (strcmp(member->id, id) == 0) {
            return member;
        }
    }
    return NULL;
}

/* Neither Notion's document nor its client knows groups among the items of a property, though a page shows them: whom the page shows is
 * there, and is called as there, whatever the list says. Else a group would be taken off the page by the next write to the property.
 */
static nts_value_t completed_people(const nts_op_t *op, const nts_value_t *shown)
{
    for (int i = 0; i < shown->as.set.count; i++) {
        const nts_option_t *one = &shown->as.set.options[i];
        nts_option_t *listed = member_with(op->members, one->id);

        if (!listed) {
            APR_ARRAY_PUSH(op->members, nts_option_t) = *one;
        }
        else if (!*listed->name) {
            listed->name = one->name;
        }
    }
    return nts_value_set((const nts_option_t *)(const void *)op->members->elts, op->members->nelts,
                         op->p);
}

static nts_value_t completed(const nts_op_t *op, const nts_json_t *root)
{
    const nts_value_t *shown = &op->shown[op->pair];
    nts_value_t whole;

    if (op->is_rollup) {
        return nts_notion_rollup_whole(nts_json_path(root, "property_item", "rollup", NULL),
                                       op->elements, op->p);
    }
    if (shown->kind == NTS_VALUE_SET && shown->as.set.count > 0 && shown->as.set.options[0].id) {
        return completed_people(op, shown);
    }
    if (op->is_relation) {
        return completed_relation(op);
    }
    whole = op->is_damaged ? nts_notion_damaged_text()
                           : nts_notion_text_or_null(apr_array_pstrcat(op->p, op->texts, '\0'));
    whole.rich = apr_pstrcat(op->p, "[", apr_array_pstrcat(op->p, op->items, ','), "]", NULL);
    return whole;
}

nts_op_state_t nts_notion_take_item(nts_op_t *op, const nts_json_t *root)
{
    const nts_json_t *results = nts_json_get(root, "results");
    const char *next = nts_json_get_string(root, "next_cursor");
    int has_more = nts_json_bool(nts_json_get(root, "has_more"), 0);
    int is_bad = !results || nts_json_type(results) != NTS_JSON_ARRAY || (has_more && !next) ||
                 (has_more && ++op->pages >= ITEM_PAGES_MAX);

    op->is_rollup = nts_json_path(root, "property_item", "rollup", NULL) != NULL;
    for (int i = 0; i < nts_json_count(results); i++) {
        is_bad = is_bad || take_part(op, nts_json_at(results, i));
    }
    if (is_bad) {
        op->answer.record = NULL;
        nts_notion_nonsense(op, "a property could not be read in full");
        return NTS_OP_DONE;
    }
    if (has_more) {
        const char *id = nts_notion_field_id(&op->ask, op->pair);

        op->is_paged = 1;
        nts_notion_request(
            op, "GET",
            apr_pstrcat(op->p, "/pages/", op->answer.record->id, "/properties/",
                        nts_percent_encode(id, op->p),
                        "?page_size=100&start_cursor=", nts_percent_encode(next, op->p), NULL),
            NULL);
        return NTS_OP_SEND;
    }
    set_completed(op, completed(op, root));
    return complete_next(op, op->pair + 1);
}

static int shows_the_same(const nts_value_t *a, const nts_value_t *b)
{
    nts_value_t one = *a;
    nts_value_t other = *b;

    one.truncated = other.truncated = 0;
    return a->truncated == b->truncated && nts_value_equal(&one, &other) &&
           nts_str_same(a->rich, b->rich);
}

/* Of what was cut, `was` (completed since) is what `now` shows the beginning of. */
static int is_unchanged(const nts_op_t *op, const nts_record_t *was, const nts_record_t *now)
{
    int count = nts_notion_field_count(&op->ask);

    for (int i = 0; i < count; i++) {
        if ((op->shown[i].truncated || now->values[i].truncated) &&
            !shows_the_same(&op->shown[i], &now->values[i])) {
            return 0;
        }
    }
    return was->edited == now->edited;
}

/* The page as it is now, with what of it was completed. */
static void take_over(const nts_op_t *op, const nts_record_t *was, nts_record_t *now)
{
    int count = nts_notion_field_count(&op->ask);
    nts_value_t *values =
        apr_pmemdup(op->p, now->values, sizeof(*values) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        if (values[i].truncated) {
            values[i] = was->values[i];
        }
    }
    now->values = values;
    nts_notion_judge(now, &op->ask);
}

nts_op_state_t nts_notion_complete(nts_op_t *op, nts_record_t *record)
{
    const nts_record_t *was = op->answer.record;

    op->answer.record = record;
    if (op->phase != NTS_NOTION_AGAIN) {
        return complete_next(op, 0);
    }
    if (is_unchanged(op, was, record)) {
        take_over(op, was, record);
        return NTS_OP_DONE;
    }
    if (++op->looks >= LOOKS_MAX) {
        op->answer.record = NULL;
        op->answer.result = NTS_RESULT_NOT_DONE;
        nts_outcome_set(&op->answer.outcome, op->p, NTS_REMEDY_RETRY, "notion.changing",
                        "the page was edited each time while values that it shows in part were "
                        "read in full");
        return NTS_OP_DONE;
    }
    op->shown = NULL;
    op->is_paged = 0;
    return complete_next(op, 0);
}
