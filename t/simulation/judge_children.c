/* judge_children.c - rows that went with the row they referred to (S2.7): what a database deletes by a foreign key does not come back with
 * what is put back from an image, so that needs a person's word.
 */
#include <string.h>

#include "simulation/judge_plea.h"

/* Does @a table refer to @a to, in such a way; NULL: any table does. */
static int refers(judge_t *j, const char *table, const char *to, int deletes)
{
    int i;

    for (i = 0; i < j->references->nelts; i++) {
        const judge_reference_t *r = &APR_ARRAY_IDX(j->references, i, judge_reference_t);

        if (r->to == to && (!table || r->table == table) && r->deletes == deletes) {
            return 1;
        }
    }
    return 0;
}

/* Who looked at the database found that these were gone at once. */
static int is_same_look(const history_item_t *a, const history_item_t *b)
{
    return b->op == HISTORY_DELETE && b->side == HISTORY_EXTERNAL && a->at == b->at && a != b;
}

/* A row that went with the one of whose end @a death tells, and no other of that table went then, which it may have belonged to. */
static const history_item_t *child_of(judge_t *j, const history_item_t *death)
{
    const history_item_t *child = NULL;
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (!is_same_look(death, item)) {
            continue;
        }
        if (item->place == death->place) {
            return NULL;
        }
        if (refers(j, item->place, death->place, 1) &&
            item->kind == (death->kind == HISTORY_EFFECT ? HISTORY_TRIGGER : death->kind)) {
            child = item;
        }
    }
    return child;
}

/* The last end of the row that @a make brings back; NULL: another database came since, or it had another key then. */
static const history_item_t *death_before(judge_t *j, const history_item_t *make)
{
    int i;

    for (i = make->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->place != make->place || item->kind > HISTORY_TRIGGER) {
            continue;
        }
        if (item->op == HISTORY_SWAP ||
            (item->op == HISTORY_REKEY && judge_same(item->record, make->record))) {
            return NULL;
        }
        if (item->op == HISTORY_DELETE && judge_same(item->record, make->record)) {
            return item;
        }
    }
    return NULL;
}

/* The audit paired a page of that id with the row. */
static int is_its_page(judge_t *j, const history_item_t *make, const char *page)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (JUDGE_MAPPING(j, entry->mapping)->place[HISTORY_EXTERNAL] == make->place &&
            judge_same(entry->key, make->record) && judge_same(entry->page, page)) {
            return 1;
        }
    }
    return 0;
}

/* Somebody said "restore" of the record, also if it was about an end of it before. */
static int was_wanted(judge_t *j, const history_item_t *make)
{
    int i;

    for (i = 0; i < make->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR && item->op == HISTORY_APPROVE && item->record &&
            item->note && !strcmp(item->note, "restore") &&
            (judge_same(item->record, make->record) || is_its_page(j, make, item->record))) {
            return 1;
        }
    }
    return 0;
}

void judge_children(judge_t *j)
{
    int i;

    for (i = 0; i < history_count(j->history) && !j->phases->store_forgot; i++) {
        const history_item_t *make = history_item(j->history, i);
        const history_item_t *death, *child;

        if (make->kind != HISTORY_EFFECT || make->op != HISTORY_MAKE ||
            make->side != HISTORY_EXTERNAL || !judge_is_restore(j, make)) {
            continue;
        }
        death = death_before(j, make);
        child = death ? child_of(j, death) : NULL;
        if (child && !was_wanted(j, make)) {
            judge_blame(j, "S2.7", i,
                        "%s of %s came back alone, though %s of %s had gone with it, and nobody "
                        "said that it may",
                        make->record, make->place, child->record, child->place);
        }
    }
}

/* A row of the record went, and others referred to it, or may have. What we deleted ourselves was counted. */
int judge_pleads_children(const plea_t *plea)
{
    judge_t *j = plea->j;
    const char *table = JUDGE_MAPPING(j, plea->mapping)->place[HISTORY_EXTERNAL];
    int is_known = strstr(plea->link->what, "is not known") == NULL;
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op != HISTORY_DELETE || item->place != table ||
            !judge_same(item->record, plea->link->key)) {
            continue;
        }
        if (is_known ? refers(j, NULL, table, 0) || child_of(j, item) != NULL
                     : refers(j, NULL, table, 0) || refers(j, NULL, table, 1)) {
            return 1;
        }
    }
    return 0;
}
