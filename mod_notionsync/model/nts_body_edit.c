/* nts_body_edit.c - a change of a body as updates of the places that changed.
 *
 * Each run of lines that differ (nts_body_diff.c) is a hunk. It grows by lines next to it until its old text occurs once.
 */
#include <stdlib.h>
#include <string.h>

#include "model/nts_body_impl.h"

/* Lines that a hunk takes in so that its place can be told. */
#define GROWTH_MAX 100

/* nts_body_hunk_t.ends: the line's end on that side is part of the update. */
enum { BEFORE = 1, BEHIND = 2 };

typedef struct plan_t {
    const char *page; /* as shown */
    const nts_body_line_t *lines;
    int count;
    const nts_body_line_t *wanted;
    int wanted_count;
    int has_file;
    apr_array_header_t *hunks; /* nts_body_hunk_t, in their order */
    apr_pool_t *p;
} plan_t;

/* --- what is never touched */

static int names_tag(const char *text, const char *tag)
{
    apr_size_t length = strlen(tag);

    for (const char *at = strstr(text, tag); at; at = strstr(at + 1, tag)) {
        if (strchr(" \t/>", at[length])) { /* or its end */
            return 1;
        }
    }
    return 0;
}

/* Why a line is left alone, or NULL. Addresses that lost their signatures outside name the same files. */
static const char *taboo(const plan_t *plan, const nts_body_line_t *line)
{
    if (names_tag(line->text, "<page") || names_tag(line->text, "<database")) {
        return "child pages and databases are not moved, changed, made or deleted through the body";
    }
    if (names_tag(line->text, "<unknown")) {
        return "there is a block that Notion does not show";
    }
    if (line->has_file || nts_body_names_file(line->text, plan->page)) {
        return "there is a file that Notion holds, whose address expires";
    }
    return NULL;
}

static const char *taboo_in(const plan_t *plan, const nts_body_line_t *lines, int from, int to)
{
    const char *why = NULL;

    for (int i = from; i < to && !why; i++) {
        why = taboo(plan, &lines[i]);
    }
    return why;
}

/* --- the text of an update */

static const char *line_end(const nts_body_line_t *line)
{
    return line->raw + line->length;
}

/* Whole lines; where no line takes their place, the end of a line goes with them. */
static nts_body_update_t update_of(const plan_t *plan, const nts_body_hunk_t *h)
{
    int is_gone = h->new_from == h->new_to;
    int ends = !is_gone              ? h->ends
               : h->to < plan->count ? h->ends | BEHIND
               : h->from > 0         ? h->ends | BEFORE
                                     : 0;
    const char *begin =
        ends & BEFORE ? line_end(&plan->lines[h->from - 1]) : plan->lines[h->from].raw;
    const char *end = ends & BEHIND ? plan->lines[h->to].raw : line_end(&plan->lines[h->to - 1]);
    const char *text = "";
    nts_body_update_t update;

    if (!is_gone) { /* as it was written */
        const char *from = plan->wanted[h->new_from].raw;

        text = apr_pstrmemdup(plan->p, from,
                              (apr_size_t)(line_end(&plan->wanted[h->new_to - 1]) - from));
    }
    update.old_str = apr_pstrmemdup(plan->p, begin, (apr_size_t)(end - begin));
    update.new_str =
        apr_pstrcat(plan->p, (ends & BEFORE) && !(is_gone && ends == BEFORE) ? "\n" : "", text,
                    (ends & BEHIND) && !is_gone ? "\n" : "", NULL);
    return update;
}

static int occurs_once(const char *text, const char *what)
{
    const char *found = *what ? strstr(text, what) : NULL;

    return found && !strstr(found + 1, what);
}

/* A signature that Notion makes anew holds no blank and no end of a line. */
static int may_be_in_signature(const char *text)
{
    return strcspn(text, " \t\n<>\"()[]") == strlen(text);
}

/* If need be with the ends of lines beside it, which tell it from the same text within a line. */
static int is_placed(const plan_t *plan, nts_body_hunk_t *h)
{
    static const int ways[] = { 0, BEHIND, BEFORE, BEFORE | BEHIND };

    for (int i = 0; i < 4 && h->from < h->to; i++) {
        nts_body_update_t update;

        if (((ways[i] & BEFORE) && h->from == 0) || ((ways[i] & BEHIND) && h->to == plan->count)) {
            continue;
        }
        h->ends = ways[i];
        update = update_of(plan, h);
        if (occurs_once(plan->page, update.old_str) &&
            !(plan->has_file && may_be_in_signature(update.old_str))) {
            return 1;
        }
    }
    return 0;
}

/* --- making places known */

static void absorb_next(const plan_t *plan, int at)
{
    nts_body_hunk_t *h = &APR_ARRAY_IDX(plan->hunks, at, nts_body_hunk_t);

    h->to = h[1].to;
    h->new_to = h[1].new_to;
    memmove(h + 1, h + 2, sizeof(*h) * (apr_size_t)(plan->hunks->nelts - at - 2));
    plan->hunks->nelts--;
}

/* One line more before it, or after it. Zero: there is none, or it is not to be touched. */
static int grow_back(const plan_t *plan, int *at)
{
    nts_body_hunk_t *h = &APR_ARRAY_IDX(plan->hunks, *at, nts_body_hunk_t);

    if (h->from == 0 || taboo(plan, &plan->lines[h->from - 1])) {
        return 0;
    }
    h->from--;
    h->new_from--;
    if (*at > 0 && h[-1].to >= h->from) {
        absorb_next(plan, --*at);
    }
    return 1;
}

static int grow_on(const plan_t *plan, int at)
{
    nts_body_hunk_t *h = &APR_ARRAY_IDX(plan->hunks, at, nts_body_hunk_t);

    if (h->to == plan->count || taboo(plan, &plan->lines[h->to])) {
        return 0;
    }
    h->to++;
    h->new_to++;
    if (at + 1 < plan->hunks->nelts && h[1].from <= h->to) {
        absorb_next(plan, at);
    }
    return 1;
}

static int place_all(const plan_t *plan)
{
    for (int at = 0; at < plan->hunks->nelts; at++) {
        int grown = 0;

        while (!is_placed(plan, &APR_ARRAY_IDX(plan->hunks, at, nts_body_hunk_t))) {
            int back = grown % 2 == 0 && grow_back(plan, &at);

            if (++grown > GROWTH_MAX || (!back && !grow_on(plan, at) && !grow_back(plan, &at))) {
                return 0;
            }
        }
    }
    return 1;
}

/* --- trying it */

/* As Notion would do it one after the other; NULL: a place cannot be told by then. */
static const char *applied(const char *page, const nts_body_update_t *updates, int count, int step,
                           apr_pool_t *p)
{
    for (int i = step > 0 ? 0 : count - 1; i >= 0 && i < count; i += step) {
        const char *at = strstr(page, updates[i].old_str);

        if (!occurs_once(page, updates[i].old_str)) {
            return NULL;
        }
        page = apr_pstrcat(p, apr_pstrmemdup(p, page, (apr_size_t)(at - page)), updates[i].new_str,
                           at + strlen(updates[i].old_str), NULL);
    }
    return page;
}

static int makes(const char *page, const char *wanted, apr_pool_t *p)
{
    return page && strcmp(nts_body_text(nts_body_lines(page, 1, p), p), wanted) == 0;
}

/* In the order in which they work one after the other; zero: in none. */
static int put_in_order(nts_body_update_t *updates, int count, const char *page, const char *wanted,
                        apr_pool_t *p)
{
    if (makes(applied(page, updates, count, 1, p), wanted, p)) {
        return 1;
    }
    if (!makes(applied(page, updates, count, -1, p), wanted, p)) {
        return 0;
    }
    for (int i = 0; i < count / 2; i++) {
        nts_body_update_t swap = updates[i];

        updates[i] = updates[count - 1 - i];
        updates[count - 1 - i] = swap;
    }
    return 1;
}

static int make_updates(nts_body_edit_t *edit, const plan_t *plan, const char *wanted)
{
    int count = plan->hunks->nelts;
    nts_body_update_t *updates = apr_pcalloc(plan->p, sizeof(*updates) * ((apr_size_t)count + 1));
    apr_pool_t *ptemp = NULL;

    if (count > NTS_BODY_UPDATES_MAX || apr_pool_create(&ptemp, plan->p) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        updates[i] = update_of(plan, &APR_ARRAY_IDX(plan->hunks, i, nts_body_hunk_t));
    }
    edit->updates = updates;
    edit->count = put_in_order(updates, count, plan->page, wanted, ptemp) ? count : 0;
    apr_pool_destroy(ptemp);
    return edit->count > 0;
}

/* All that lies between the first and the last change as one. */
static int join_all(const plan_t *plan)
{
    nts_body_hunk_t *first = &APR_ARRAY_IDX(plan->hunks, 0, nts_body_hunk_t);
    const nts_body_hunk_t *last = first + plan->hunks->nelts - 1;

    if (taboo_in(plan, plan->lines, first->from, last->to)) {
        return 0;
    }
    first->to = last->to;
    first->new_to = last->new_to;
    plan->hunks->nelts = 1;
    return place_all(plan);
}

static const char *problem_of(const plan_t *plan)
{
    const char *why = NULL;

    for (int i = 0; i < plan->wanted_count && !why; i++) {
        why = plan->wanted[i].has_file ? taboo(plan, &plan->wanted[i]) : NULL;
    }
    for (int i = 0; i < plan->hunks->nelts && !why; i++) {
        const nts_body_hunk_t *h = &APR_ARRAY_IDX(plan->hunks, i, nts_body_hunk_t);

        why = taboo_in(plan, plan->lines, h->from, h->to);
        why = why ? why : taboo_in(plan, plan->wanted, h->new_from, h->new_to);
    }
    return why;
}

/* --- */

/* What Notion showed, and whether that is only a part of it; or what was written, with line ends of one kind. */
static const char *source_of(const nts_value_t *value, int *is_partial, apr_pool_t *p)
{
    const nts_json_t *root = NULL;
    const char *markdown = value->kind == NTS_VALUE_TEXT ? value->as.text : "";

    *is_partial = 0;
    if (value->rich && value->rich[0] == '=') {
        char *copy = apr_pstrdup(p, value->rich + 1);
        char *to = copy;

        for (const char *c = copy; *c; c++) {
            if (c[0] != '\r' || c[1] != '\n') {
                *to++ = *c;
            }
        }
        *to = '\0';
        return copy;
    }
    if (value->rich &&
        nts_json_parse(&root, value->rich, strlen(value->rich), NULL, p) == APR_SUCCESS) {
        *is_partial = nts_json_bool(nts_json_get(root, "partial"), 0);
        markdown = nts_json_get_string(root, "markdown");
    }
    return markdown ? markdown : "";
}

static void make_plan(plan_t *plan, const char *page, const char *wanted, apr_pool_t *p)
{
    const apr_array_header_t *lines = nts_body_lines(page, 1, p);
    const apr_array_header_t *others = nts_body_lines(wanted, 1, p);

    memset(plan, 0, sizeof(*plan));
    plan->page = page;
    plan->lines = (const nts_body_line_t *)(const void *)lines->elts;
    plan->count = lines->nelts;
    plan->wanted = (const nts_body_line_t *)(const void *)others->elts;
    plan->wanted_count = others->nelts;
    plan->hunks = nts_body_diff(lines, others, p);
    plan->p = p;
    for (int i = 0; i < plan->count; i++) {
        plan->has_file |= plan->lines[i].has_file;
    }
}

void nts_body_edit(nts_body_edit_t *edit, const nts_value_t *shown, const nts_value_t *wanted,
                   apr_pool_t *p)
{
    int is_partial;
    int is_part;
    const char *page = source_of(shown, &is_partial, p);
    const char *source = source_of(wanted, &is_part, p);
    const char *text = nts_body_text(nts_body_lines(source, 1, p), p);
    plan_t plan;

    memset(edit, 0, sizeof(*edit));
    if (is_partial) {
        edit->problem =
            "Notion shows only a part of the page: it is too long, or holds blocks that "
            "Notion does not show";
        return;
    }
    make_plan(&plan, page, source, p);
    edit->problem = problem_of(&plan);
    if (edit->problem || !plan.hunks->nelts) {
        return;
    }
    if (!plan.count) {
        edit->whole = source;
        return;
    }
    if ((!place_all(&plan) || !make_updates(edit, &plan, text)) &&
        (!join_all(&plan) || !make_updates(edit, &plan, text))) {
        edit->updates = NULL;
        edit->problem =
            "the same text stands more than once in the page, and where the change belongs "
            "cannot be told";
    }
}
