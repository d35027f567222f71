/* sw_relation.c - references between records (S5.2), in a share of the seeds: pages that refer to pages, rows that refer to rows.
 *
 * They are no fields of the history: what they mean depends on other records. So they have a judge of their own, here. It knows what
 * both services hold and which records people gave which mark, and nothing of identities: a page refers to what its row refers to if
 * the two targets have one mark. Who waits must name a target that is not there on both sides.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "sim/sim_page.h"
#include "simulation/sw.h"

#define PROPERTY "re_f"

enum { POINT = 0, NOWHERE, SEVERAL };

/* Somebody refers to something, and was not refused. */
typedef struct refer_t {
    int side;
    const char *mark, *target; /* target NULL: to nothing, or to several */
    int several;
} refer_t;

/* ---- what there is */

void sw_relation_draw(sw_world_t *w)
{
    sw_relation_t *r = &w->relation;
    int is_on = sm_setting(w->sm, "relations", -8, 1) > 0;

    r->is_free = (int)sm_setting(w->sm, "relations_free", 0, 2) == 0;
    r->is_on = is_on && !sm_setting_of(w->sm, "drill") && w->notions == 1 &&
               w->sources == w->mapping_count && w->tables == w->mapping_count &&
               w->table[0].key == SW_KEY_INTEGER && w->table[w->tables - 1].key == SW_KEY_INTEGER;
    r->referrer = w->mapping_count - 1; /* to the other mapping's records, or to its own */
    r->target = 0;
    r->acts = apr_array_make(w->sm->p, 16, sizeof(refer_t));
}

const char *sw_relation_property(const sw_world_t *w, int source)
{
    const sw_relation_t *r = &w->relation;

    if (!r->is_on || source != w->mappings[r->referrer].source) {
        return NULL;
    }
    return apr_psprintf(w->ptemp,
                        "{\"type\":\"relation\",\"id\":\"" PROPERTY "\",\"data_source\":\"%s\"}",
                        r->target == r->referrer ? "self" : w->notion[0].source_ids[r->target]);
}

const char *sw_relation_column(const sw_world_t *w, const sw_table_t *t)
{
    const sw_relation_t *r = &w->relation;

    if (!r->is_on || t != &w->table[w->mappings[r->referrer].table]) {
        return "";
    }
    return r->is_free ? ", ref INTEGER"
                      : apr_psprintf(w->ptemp,
                                     ", ref INTEGER REFERENCES %s(id) ON UPDATE CASCADE ON DELETE "
                                     "SET NULL",
                                     w->table[w->mappings[r->target].table].name);
}

void sw_relation_configure(const sw_world_t *w, const sw_mapping_t *m, nts_mapping_t *out)
{
    const sw_relation_t *r = &w->relation;
    nts_pair_t *pair;

    if (r->is_on && m == &w->mappings[r->referrer]) {
        pair = &out->pairs[out->pair_count++];
        pair->notion = "Ref";
        pair->external = "ref";
        pair->relation = w->mappings[r->target].name;
        pair->options.reference = 1;
    }
}

/* ---- what people do */

static void note(sw_world_t *w, int side, const sm_action_t *a, const char *target)
{
    refer_t *refer = apr_array_push(w->relation.acts);

    refer->side = side;
    refer->mark = apr_pstrdup(w->sm->p, sw_mark_of(a->n[0], w->ptemp));
    refer->target = apr_pstrdup(w->sm->p, target);
    refer->several = a->n[2] == SEVERAL;
}

static void notion_refer(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    sw_world_t *w = notion->w;
    const sw_relation_t *r = &w->relation;
    const char *mark = sw_mark_of(a->n[1], w->ptemp);
    sw_page_t *page =
        sw_notion_find(notion, w->mappings[r->referrer].source, sw_mark_of(a->n[0], w->ptemp), 0);
    sw_page_t *target = sw_notion_find(notion, w->mappings[r->target].source, mark, 0);
    sw_page_t *second =
        sw_notion_find(notion, w->mappings[r->target].source, sw_mark_of(a->n[1] + 1, w->ptemp), 0);
    const char *list = "";
    sim_id_t id;

    if (!r->is_on || !page || (a->n[2] != NOWHERE && !target) || (a->n[2] == SEVERAL && !second)) {
        return;
    }
    if (a->n[2] != NOWHERE) {
        list = apr_psprintf(w->ptemp, "\"%s\"", target->text);
    }
    if (a->n[2] == SEVERAL) {
        list = apr_psprintf(w->ptemp, "%s,\"%s\"", list, second->text);
    }
    id = page->id;
    if (sw_notion_control(
            notion, "PATCH", apr_pstrcat(w->ptemp, "page/", page->text, NULL),
            apr_psprintf(w->ptemp, "{\"properties\":{\"" PROPERTY "\":[%s]}}", list))) {
        note(w, HISTORY_NOTION, a, a->n[2] == POINT ? mark : NULL);
    }
    sw_notion_look(notion, HISTORY_ACT, 0, &id);
    sw_notion_save(notion, &id);
}

static const sm_kind_t notion_kind = { "notion.refer", notion_refer, { "mark", "target", "how" } };

static void sql_refer(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_relation_t *r = &w->relation;
    int table = w->mappings[r->referrer].table;
    const char *mark = sw_mark_of(a->n[1], w->ptemp);
    const sw_row_t *row = sw_sql_find(w, table, sw_mark_of(a->n[0], w->ptemp));
    const sw_row_t *target = sw_sql_find(w, w->mappings[r->target].table, mark);

    if (!r->is_on || !row || (a->n[2] != NOWHERE && !target)) {
        return;
    }
    if (sw_sql_run(w, apr_psprintf(w->ptemp, "UPDATE %s SET ref = %s WHERE id = %s",
                                   w->table[table].name, a->n[2] == NOWHERE ? "NULL" : target->text,
                                   row->text)) == 0) {
        note(w, HISTORY_EXTERNAL, a, a->n[2] == NOWHERE ? NULL : mark);
    }
}

apr_array_header_t *sw_relation_losers(sw_world_t *w, int table, const sw_row_t *row)
{
    const sw_relation_t *r = &w->relation;
    apr_array_header_t *marks = apr_array_make(w->sm->p, 4, sizeof(const char *));
    int own = w->mappings[r->referrer].table;
    sqlite3_stmt *stmt = NULL;

    if (!r->is_on) {
        return marks;
    }
    if (table == own) {
        APR_ARRAY_PUSH(marks, const char *) = apr_pstrdup(w->sm->p, row->values[SW_MARK]);
    }
    if (table != w->mappings[r->target].table || r->is_free) {
        return marks;
    }
    (void)sqlite3_prepare_v2(
        w->db,
        apr_psprintf(w->ptemp, "SELECT mark FROM %s WHERE ref = %s", w->table[own].name, row->text),
        -1, &stmt, NULL);
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        APR_ARRAY_PUSH(marks, const char *) =
            apr_pstrdup(w->sm->p, (const char *)sqlite3_column_text(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    return marks;
}

void sw_relation_lost(sw_world_t *w, const apr_array_header_t *losers)
{
    int i;

    for (i = 0; i < losers->nelts; i++) {
        refer_t *refer = apr_array_push(w->relation.acts);

        *refer =
            (refer_t){ .side = HISTORY_EXTERNAL, .mark = APR_ARRAY_IDX(losers, i, const char *) };
    }
}

static const sm_kind_t sql_kind = { "sql.refer", sql_refer, { "mark", "target", "how" } };

const sm_kind_t *const sw_relation_kinds[] = { &notion_kind, &sql_kind, NULL };

/* Now one side, now both within moments, and mostly the same few records; here and there right after what may have made the target. */
void sw_relation_plan(sw_world_t *w)
{
    static const apr_int64_t within[] = { 20, 1500, 60000, 400000 };
    sm_dice_t dice;
    apr_interval_time_t span = SM_MIN(sm_setting_of(w->sm, "minutes")), at = SM_SEC(1);
    apr_int64_t n, last = w->next_mark > 0 ? w->next_mark - 1 : 0, hot;

    if (!w->relation.is_on) {
        return;
    }
    sm_dice_init(&dice, w->sm, "relations");
    hot = sm_between(&dice, 0, last);
    for (n = sm_between(&dice, 4, 30); n > 0; n--) {
        int side = sm_chance(&dice, 500) ? HISTORY_NOTION : HISTORY_EXTERNAL;
        apr_int64_t spread = within[sm_between(&dice, 0, 3)];
        sm_action_t *a;

        at = sm_chance(&dice, 400) ? at + SM_MS(sm_between(&dice, 0, spread))
                                   : SM_SEC(1) + sm_between(&dice, 0, span);
        a = sm_plan(w->sm, at, side == HISTORY_NOTION ? &notion_kind : &sql_kind);
        a->n[0] = sm_chance(&dice, 600) ? hot : sm_between(&dice, 0, last);
        a->n[1] = sm_between(&dice, 0, last);
        a->n[2] = sm_chance(&dice, 150)                            ? NOWHERE
                  : side == HISTORY_NOTION && sm_chance(&dice, 60) ? SEVERAL
                                                                   : POINT;
    }
}

/* ---- the end */

typedef struct end_t {
    sw_world_t *w;
    nts_store_t *store;
    const nts_mapping_t *referrer, *target;
    int is_quiet; /* nothing was deleted, hidden, taken back or forgotten, whoever did it */
} end_t;

/* What one side shows: how many targets, and the first. */
typedef struct shown_t {
    int count;
    const char *name, *mark; /* of the page or row; mark NULL: there is no such record */
} shown_t;

static shown_t on_page(const end_t *end, const sw_page_t *page)
{
    const sim_page_t *there = sim_page_find(&page->id);
    const sim_prop_t *prop = there ? sim_prop_by_id(there->ds, PROPERTY) : NULL;
    const sim_value_t *v = prop ? sim_prop_value(prop, there->live) : NULL;
    shown_t shown = { 0, NULL, NULL };
    const sw_page_t *target;
    char text[SIM_ID_TEXT];

    shown.count = (int)sim_value_count(v);
    if (shown.count) {
        sim_id_format(text, sim_value_id(v, 0));
        shown.name = apr_pstrdup(end->w->sm->p, text);
        target = sw_notion_mirror(&end->w->notion[0], sim_value_id(v, 0));
        shown.mark = target && !target->gone ? target->values[SW_MARK] : NULL;
    }
    return shown;
}

static const sw_row_t *row_by_key(const sw_world_t *w, int table, const char *key)
{
    int i;

    for (i = 0; i < w->rows[table].count; i++) {
        if (!strcmp(w->rows[table].rows[i].text, key)) {
            return &w->rows[table].rows[i];
        }
    }
    return NULL;
}

static shown_t in_row(const end_t *end, const sw_row_t *row)
{
    sw_world_t *w = end->w;
    shown_t shown = { 0, NULL, NULL };
    const sw_row_t *target;
    sqlite3_stmt *stmt = NULL;

    (void)sqlite3_prepare_v2(w->db,
                             apr_psprintf(w->ptemp, "SELECT ref FROM %s WHERE id = %s",
                                          end->referrer->collection, row->text),
                             -1, &stmt, NULL);
    if (stmt && sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0)) {
        shown.count = 1;
        shown.name = apr_pstrdup(w->sm->p, (const char *)sqlite3_column_text(stmt, 0));
        target = row_by_key(w, w->mappings[w->relation.target].table, shown.name);
        shown.mark = target ? target->values[SW_MARK] : NULL;
    }
    (void)sqlite3_finalize(stmt);
    return shown;
}

/* The target is there on both sides, and its mapping has joined the two. */
static int is_joined(const end_t *end, const shown_t *shown)
{
    const sw_world_t *w = end->w;
    const sw_page_t *page;
    const nts_link_t *link;
    nts_link_t **links;
    sim_id_t id;
    int count;

    if (!shown->count ||
        nts_store_lookup(&links, &count, end->store, end->target->id,
                         strlen(shown->name) == 36 ? NTS_NOTION : NTS_EXTERNAL, &shown->name, 1, 0,
                         0, w->sm->p) != APR_SUCCESS ||
        count != 1 || !links[0]) {
        return 0;
    }
    link = links[0];
    if (!link->page || !link->key ||
        (link->state != NTS_LINK_ACTIVE && link->state != NTS_LINK_DORMANT)) {
        return 0;
    }
    (void)sim_id_parse(&id, link->page);
    page = sw_notion_mirror(&end->w->notion[0], &id);
    return page && !page->gone && !page->trashed && !page->hidden &&
           page->source == w->mappings[w->relation.target].source &&
           row_by_key(w, w->mappings[w->relation.target].table, link->key);
}

/* Both sides still show what is not there on both any more: of that the store alone knows that it was one record. */
static int are_one_that_is_gone(const end_t *end, const shown_t *page, const shown_t *row)
{
    nts_referent_t a = { 0 }, b = { 0 };

    return !is_joined(end, page) && !is_joined(end, row) &&
           nts_store_referent(&a, end->store, end->target->id, NTS_NOTION, page->name, 0,
                              end->w->sm->p) == APR_SUCCESS &&
           nts_store_referent(&b, end->store, end->target->id, NTS_EXTERNAL, row->name, 0,
                              end->w->sm->p) == APR_SUCCESS &&
           a.link && a.link == b.link;
}

static int was_touched(const end_t *end, const char *mark, int side)
{
    const apr_array_header_t *acts = end->w->relation.acts;
    int i, times = 0;

    for (i = 0; i < acts->nelts; i++) {
        const refer_t *refer = &APR_ARRAY_IDX(acts, i, refer_t);

        times += refer->side == side && sw_same(refer->mark, mark);
    }
    return times;
}

/* Of this outcome the history knows the reason. */
static int is_pleaded(const end_t *end, const char *code, const char *mark, const shown_t *page,
                      const shown_t *row)
{
    if (!strcmp(code, "reference.waits")) {
        return (page->count == 1 && !is_joined(end, page)) || (row->count && !is_joined(end, row));
    }
    if (!strcmp(code, "reference.hidden")) {
        return (page->count && !is_joined(end, page)) || (row->count && !is_joined(end, row));
    }
    if (!strcmp(code, "reference.many")) {
        return page->count > 1;
    }
    if (!strncmp(code, "held.", 5)) {
        return !end->is_quiet ||
               (was_touched(end, mark, HISTORY_NOTION) && was_touched(end, mark, HISTORY_EXTERNAL));
    }
    return 0;
}

static const char *ref_trouble(const end_t *end, const nts_link_t *link)
{
    int i, k;

    for (i = 0; i < end->referrer->pair_count; i++) {
        for (k = 0; end->referrer->pairs[i].relation && k < link->issue_count; k++) {
            if (link->issues[k].pair == end->referrer->pairs[i].id) {
                return link->issues[k].code ? link->issues[k].code : "none told";
            }
        }
    }
    return NULL;
}

/* S6.3: where nothing went away, what a side shows was the last word of somebody; if all came from one side, its last. */
static void judge_survival(const end_t *end, const char *mark, const shown_t *page)
{
    const apr_array_header_t *acts = end->w->relation.acts;
    const refer_t *last[HISTORY_SIDES] = { NULL, NULL };
    int i, kept = 0;

    for (i = 0; i < acts->nelts; i++) {
        const refer_t *refer = &APR_ARRAY_IDX(acts, i, refer_t);

        if (sw_same(refer->mark, mark)) {
            last[refer->side] = refer;
        }
    }
    for (i = 0; i < HISTORY_SIDES; i++) {
        kept |= last[i] && !last[i]->several && sw_same(last[i]->target, page->mark);
    }
    if ((last[0] || last[1]) && !kept) {
        sm_violation(end->w->sm, "S6.3",
                     "%s refers to %s; people made it refer to %s in Notion, %s in "
                     "the row",
                     mark, page->mark ? page->mark : "nothing",
                     !last[0]          ? "nothing ever"
                     : last[0]->target ? last[0]->target
                                       : "nothing",
                     !last[1]          ? "nothing ever"
                     : last[1]->target ? last[1]->target
                                       : "nothing");
    }
}

static void judge_pair(const end_t *end, const nts_link_t *link, const sw_page_t *page,
                       const sw_row_t *row)
{
    const char *mark = page->values[SW_MARK];
    shown_t a = on_page(end, page), b = in_row(end, row);
    int is_equal = a.count == b.count && (!a.count || (a.mark && sw_same(a.mark, b.mark)));
    const char *code = ref_trouble(end, link);

    if (is_equal && !code) {
        if (end->is_quiet) {
            judge_survival(end, mark, &a);
        }
        return;
    }
    if (code ? is_pleaded(end, code, mark, &a, &b)
             : (link->trouble != NTS_TROUBLE_NONE && link->issue_count && !link->issues[0].pair) ||
                   (a.count == 1 && b.count && are_one_that_is_gone(end, &a, &b))) {
        return;
    }
    sm_violation(end->w->sm, "S5.2",
                 "page %s refers to %d (%s, '%s') and its row %s to %s ('%s'): %s %s", page->text,
                 a.count, a.name ? a.name : "none", a.mark ? a.mark : "", row->text,
                 b.name ? b.name : "none", b.mark ? b.mark : "",
                 code            ? code
                 : link->trouble ? link->outcome.code
                                 : "no trouble",
                 code && link->outcome.what ? link->outcome.what : "");
}

static int is_running(const end_t *end, const nts_mapping_t *mapping)
{
    nts_mapping_status_t status = { 0 };

    return mapping &&
           nts_store_get_status(&status, end->store, mapping->id, end->w->sm->p) == APR_SUCCESS &&
           status.state == NTS_MAPPING_RUNNING;
}

/* Also none of the groups that put another row in a row's place without deleting it. */
static int has_been_quiet(const sw_world_t *w)
{
    int i;

    if (sm_setting_of(w->sm, "replace") > 0 || sm_setting_of(w->sm, "moves") > 0 ||
        sm_setting_of(w->sm, "migrations") > 0 || sm_setting_of(w->sm, "copies") > 0) {
        return 0;
    }
    for (i = 0; i < history_count(w->history); i++) {
        switch (history_item(w->history, i)->op) {
        case HISTORY_DELETE:
        case HISTORY_REVIVE:
        case HISTORY_PURGE:
        case HISTORY_HIDE:
        case HISTORY_SWAP:
        case HISTORY_UNDO:
        case HISTORY_APPROVE:
        case HISTORY_STORE_LOST:
        case HISTORY_STORE_OLD:
            return 0;
        case HISTORY_REKEY:
            if (w->relation.is_free) {
                return 0;
            }
            break;
        default:
            break;
        }
    }
    return 1;
}

void sw_relation_judge(sw_world_t *w)
{
    const nts_setup_t *setup = sm_host_setup(w->sm);
    end_t end = { w, sm_host_store(w->sm), NULL, NULL, has_been_quiet(w) };
    int i;

    for (i = 0; w->relation.is_on && setup && i < setup->mapping_count; i++) {
        end.referrer = strcmp(setup->mappings[i]->name, w->mappings[w->relation.referrer].name)
                           ? end.referrer
                           : setup->mappings[i];
        end.target = strcmp(setup->mappings[i]->name, w->mappings[w->relation.target].name)
                         ? end.target
                         : setup->mappings[i];
    }
    if (!end.store || !end.referrer || !end.target || !is_running(&end, end.referrer) ||
        !is_running(&end, end.target)) {
        return;
    }
    for (i = 0; i < w->notion[0].page_count; i++) {
        const sw_page_t *page = &w->notion[0].pages[i];
        const sw_row_t *row = NULL;
        nts_link_t *link = NULL;

        if (page->source == w->mappings[w->relation.referrer].source && !page->gone &&
            !page->trashed && !page->hidden &&
            nts_store_find_link(&link, end.store, end.referrer->id, page->text, w->sm->p) ==
                APR_SUCCESS &&
            link && link->state == NTS_LINK_ACTIVE && link->key) {
            row = row_by_key(w, w->mappings[w->relation.referrer].table, link->key);
        }
        if (row) {
            judge_pair(&end, link, page, row);
        }
    }
}
