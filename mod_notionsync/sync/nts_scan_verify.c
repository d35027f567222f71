/* nts_scan_verify.c - proving that two sides are equal: live values against live values, never the bases
 * (invariant 1). A difference seen in a listing may be an old row, so it counts only when point reads of
 * both records show it too. */
#include "sync/nts_scan_impl.h"

static void add_difference(nts_scan_t *scan, const nts_link_t *link, const char *page,
                           const char *key, const char *what)
{
    nts_difference_t *list;
    int excused = link && link->trouble != NTS_TROUBLE_NONE;

    scan->report.excused += excused;
    scan->report.different += !excused;
    if (scan->report.difference_count == NTS_SCAN_DIFFERENCES_MAX) {
        return;
    }
    if (!scan->report.differences) {
        scan->report.differences =
            apr_pcalloc(scan->p, NTS_SCAN_DIFFERENCES_MAX * sizeof(nts_difference_t));
    }
    list = (nts_difference_t *)scan->report.differences;
    list += scan->report.difference_count++;
    list->page = page ? apr_pstrdup(scan->p, page) : NULL;
    list->key = key ? apr_pstrdup(scan->p, key) : NULL;
    list->what = apr_pstrdup(scan->p, what);
    list->excused = excused;
}

/* The pair of the body, which no listing and no page shows; -1: there is none. */
static int body_of(const nts_scan_t *scan)
{
    int body = nts_mapping_body_pair(scan->config.mapping);

    return body >= 0 && scan->config.mapping->pairs[body].domain ? body : -1;
}

/* The first pair on which the two differ, in words; NULL if all are equal. But for the body, if @a page was listed. */
static const char *describe_difference(const nts_scan_t *scan, const nts_record_t *page,
                                       const nts_record_t *row, int listed)
{
    const nts_mapping_t *mapping = scan->config.mapping;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        nts_value_t a, b;

        if (!pair->domain || (pair->is_body && listed)) {
            continue;
        }
        if (nts_domain_project(&a, pair->domain, NTS_NOTION, &page->values[i], NULL, scan->page) ==
                APR_SUCCESS &&
            nts_domain_project(&b, pair->domain, NTS_EXTERNAL, &row->values[i], NULL, scan->page) ==
                APR_SUCCESS &&
            nts_domain_equal(pair->domain, &a, &b)) {
            continue;
        }
        return apr_psprintf(scan->page, "%s: Notion has '%s', %s has '%s'", pair->notion,
                            nts_value_display(&page->values[i], 60, scan->page), pair->external,
                            nts_value_display(&row->values[i], 60, scan->page));
    }
    return NULL;
}

static nts_step_t confirm_next(nts_scan_t *scan)
{
    const nts_link_t *link;

    if (scan->suspect_next == scan->suspect_count) {
        scan->suspect_count = scan->suspect_next = 0;
        return nts_scan_next(scan, scan->resume);
    }
    link = scan->suspects[scan->suspect_next];
    scan->confirm_row = NULL;
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_ASK;
    scan->call.ask.kind = NTS_ASK_READ;
    scan->call.ask.mapping = scan->config.mapping;
    scan->call.ask.side = link->key ? NTS_EXTERNAL : NTS_NOTION;
    scan->call.ask.id = link->key ? link->key : link->page;
    scan->state = link->key ? NTS_SCAN_CONFIRM_EXTERNAL : NTS_SCAN_CONFIRM_NOTION;
    return NTS_STEP_CALL;
}

static int is_outside(const nts_record_t *page, const nts_record_t *row)
{
    return (page && page->standing == NTS_STANDING_OUTSIDE) ||
           (row && row->standing == NTS_STANDING_OUTSIDE);
}

static nts_step_t ask_for_body(nts_scan_t *scan, const nts_record_t *page)
{
    scan->confirm_page = page;
    scan->call.ask.kind = NTS_ASK_BODY;
    scan->call.ask.side = NTS_NOTION;
    scan->call.ask.id = page->id;
    scan->state = NTS_SCAN_CONFIRM_BODY;
    return NTS_STEP_CALL;
}

static int is_there(const nts_record_t *record)
{
    return record && !record->trashed && !record->elsewhere;
}

nts_step_t nts_scan_confirm_external(nts_scan_t *scan, const nts_answer_t *answer)
{
    const nts_link_t *link = scan->suspects[scan->suspect_next];

    if (answer->result != NTS_RESULT_OK && answer->result != NTS_RESULT_GONE &&
        answer->result != NTS_RESULT_MISSING) {
        return nts_scan_not_now(scan, answer);
    }
    scan->confirm_row = is_there(answer->record) ? answer->record : NULL;
    if (!link->page) {
        if (is_outside(NULL, scan->confirm_row)) {
            scan->report.outside++;
        }
        else if (scan->confirm_row) {
            add_difference(scan, link, NULL, link->key, "only the external side has this record");
        }
        scan->suspect_next++;
        return confirm_next(scan);
    }
    if (scan->listed[scan->suspect_next] && scan->confirm_row) {
        return ask_for_body(scan, scan->listed[scan->suspect_next]);
    }
    scan->call.ask.side = NTS_NOTION;
    scan->call.ask.id = link->page;
    scan->state = NTS_SCAN_CONFIRM_NOTION;
    return NTS_STEP_CALL;
}

static void judge(nts_scan_t *scan, const nts_link_t *link, const nts_record_t *page)
{
    const nts_record_t *row = scan->confirm_row;
    int live = is_there(page);
    const char *what;

    if (!live && !row) {
        return; /* gone on both sides: equal */
    }
    if ((!link->id || link->state == NTS_LINK_DORMANT) && is_outside(live ? page : NULL, row)) {
        scan->report.outside++; /* the listing was late to show it */
        return;
    }
    if (!live || !row) {
        what = live ? "only Notion has this record" : "only the external side has this record";
        add_difference(scan, link, link->page, link->key, what);
        return;
    }
    what = describe_difference(scan, page, row, 0);
    if (what) {
        add_difference(scan, link, link->page, link->key, what);
    }
    else {
        scan->report.equal++;
    }
}

static nts_step_t confirm(nts_scan_t *scan, const nts_record_t *page)
{
    judge(scan, scan->suspects[scan->suspect_next], page);
    scan->suspect_next++;
    return confirm_next(scan);
}

nts_step_t nts_scan_confirm_notion(nts_scan_t *scan, const nts_answer_t *answer)
{
    const nts_record_t *page = answer->record;

    if (answer->result != NTS_RESULT_OK && answer->result != NTS_RESULT_MISSING) {
        return nts_scan_not_now(scan, answer);
    }
    if (body_of(scan) >= 0 && scan->confirm_row && is_there(page)) {
        return ask_for_body(scan, page);
    }
    return confirm(scan, page);
}

nts_step_t nts_scan_confirm_body(nts_scan_t *scan, const nts_answer_t *answer)
{
    int body = body_of(scan);
    nts_record_t *page = apr_pmemdup(scan->page, scan->confirm_page, sizeof(*scan->confirm_page));
    nts_value_t *values;

    if (answer->result == NTS_RESULT_MISSING || answer->result == NTS_RESULT_TRASHED) {
        return confirm(scan, NULL); /* gone since it was listed */
    }
    if (answer->result != NTS_RESULT_OK && answer->result != NTS_RESULT_REFUSED) {
        return nts_scan_not_now(scan, answer);
    }
    values = apr_pmemdup(scan->page, page->values,
                         (apr_size_t)scan->config.mapping->pair_count * sizeof(*values));
    values[body] = answer->record ? answer->record->values[body]
                                  : nts_value_opaque("a body that Notion does not give");
    page->values = values;
    return confirm(scan, page);
}

static void suspect(nts_scan_t *scan, int room, nts_link_t *link)
{
    if (!scan->suspect_count) {
        scan->suspects = apr_pcalloc(scan->page, (apr_size_t)(room + 1) * sizeof(nts_link_t *));
        scan->listed = apr_pcalloc(scan->page, (apr_size_t)(room + 1) * sizeof(*scan->listed));
        scan->suspect_next = 0;
    }
    scan->suspects[scan->suspect_count++] = link;
}

/* Equal in all that the listing shows. */
static void suspect_body(nts_scan_t *scan, int room, int i)
{
    suspect(scan, room, scan->links[i]);
    scan->listed[scan->suspect_count - 1] = &scan->records[i];
}

static nts_link_t *stranger(nts_scan_t *scan, const char *page, const char *key)
{
    nts_link_t *link = apr_pcalloc(scan->page, sizeof(*link));

    link->page = page;
    link->key = key;
    return link;
}

nts_step_t nts_scan_verify_page(nts_scan_t *scan)
{
    int i;

    scan->resume = NTS_SCAN_NOTION_SPAWNED;
    for (i = 0; i < scan->record_count; i++) {
        nts_link_t *link = scan->links[i];
        const nts_record_t *row = link && link->key ? nts_scan_row(scan, link->key) : NULL;

        if (scan->again[i] || (link && link->state == NTS_LINK_IGNORED)) {
            continue;
        }
        if (nts_scan_is_outside(scan, i)) {
            scan->report.outside++;
        }
        else if (!link || link->state != NTS_LINK_ACTIVE) {
            suspect(scan, scan->record_count,
                    link && (link->trouble != NTS_TROUBLE_NONE || link->state == NTS_LINK_DORMANT)
                        ? link
                        : stranger(scan, scan->records[i].id, NULL));
        }
        else if (!row || scan->records[i].trashed ||
                 describe_difference(scan, &scan->records[i], row, 1)) {
            suspect(scan, scan->record_count, link);
        }
        else if (body_of(scan) >= 0) {
            suspect_body(scan, scan->record_count, i);
        }
        else {
            scan->report.equal++;
        }
    }
    return confirm_next(scan);
}

nts_step_t nts_scan_verify_external(nts_scan_t *scan)
{
    int i;

    scan->resume = NTS_SCAN_EXTERNAL_SPAWNED;
    for (i = 0; i < scan->record_count; i++) {
        nts_link_t *link = scan->links[i];

        if (!link && scan->records[i].standing == NTS_STANDING_OUTSIDE) {
            scan->report.outside++;
        }
        else if (!link || link->state == NTS_LINK_TOMBSTONE) {
            suspect(scan, scan->record_count, stranger(scan, NULL, scan->records[i].id));
        }
        else if (link->state == NTS_LINK_NEW) {
            suspect(scan, scan->record_count, link);
        }
    }
    return confirm_next(scan);
}

nts_step_t nts_scan_verify_absent(nts_scan_t *scan, nts_link_t *const *links, int count)
{
    int i;

    scan->resume = NTS_SCAN_ABSENT_SPAWNED;
    scan->last_page = count < NTS_SCAN_LINKS_PAGE;
    for (i = 0; i < count; i++) {
        scan->after = links[i]->id;
        if (!nts_scan_was_seen(scan, links[i]->id) && links[i]->state == NTS_LINK_ACTIVE) {
            suspect(scan, count, links[i]);
        }
    }
    return confirm_next(scan);
}
