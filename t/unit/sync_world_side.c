/* sync_world_side.c - what the two sides answer. */
#include "sync_world_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE apr_time_from_sec(60)

/* A service like Notion: pages, a trash, times of whole minutes, and no proof of what was written. */
static int has_pages(const world_t *w, nts_side_t side)
{
    return w->mapping.traits[side]->has_trash;
}

static const char *text_of(const nts_value_t *value)
{
    return value->kind == NTS_VALUE_TEXT ? value->as.text : "";
}

/* What the markdown endpoints show: the body, and nothing else. */
static nts_record_t *show_body(const world_thing_t *page, apr_pool_t *p)
{
    nts_record_t *record = apr_pcalloc(p, sizeof(*record));
    nts_value_t *values = apr_pcalloc(p, sizeof(page->values));

    record->id = page->id;
    record->values = values;
    values[BODY] = nts_body_value(text_of(&page->values[BODY]), page->partial, p);
    return record;
}

/* What the connector asks for, done to the page as it is now. Zero: a place cannot be told. */
static int edit_body(world_thing_t *page, const nts_ask_t *ask, apr_pool_t *p)
{
    const char *text = text_of(&page->values[BODY]);
    nts_body_edit_t edit;

    nts_body_edit(&edit, &ask->expected[BODY], &ask->values[BODY], p);
    for (int i = 0; i < edit.count; i++) {
        const char *old = edit.updates[i].old_str;
        const char *at = strstr(text, old);

        if (!at || strstr(at + 1, old)) {
            return 0;
        }
        text = apr_pstrcat(p, apr_pstrmemdup(p, text, (apr_size_t)(at - text)),
                           edit.updates[i].new_str, at + strlen(old), NULL);
    }
    page->values[BODY] = nts_value_text(edit.whole ? edit.whole : text);
    return !edit.problem;
}

static nts_record_t *show(world_t *w, nts_side_t side, const world_thing_t *thing, apr_pool_t *p)
{
    nts_record_t *record = apr_pcalloc(p, sizeof(*record));
    nts_value_t *values = apr_pmemdup(p, thing->values, sizeof(thing->values));
    int i;

    if (side == NTS_NOTION && w->pairs[BODY].is_body) {
        values[BODY] = nts_value_absent;
    }
    record->id = thing->id;
    record->values = values;
    record->created = thing->created - thing->created % MINUTE;
    record->by_us = thing->by_us;
    record->untouched = thing->by_us && !thing->touched;
    record->standing = w->is_outside[side] && w->is_outside[side](thing) ? NTS_STANDING_OUTSIDE
                                                                         : NTS_STANDING_INSIDE;
    if (has_pages(w, side)) {
        record->edited = thing->edited - thing->edited % MINUTE;
        record->edited_by_us = thing->ours;
        record->trashed = thing->trashed;
        record->elsewhere = thing->moved;
    }
    else {
        record->changed = thing->edited;
        record->changed_by_us = thing->ours;
        for (i = 0; i < w->done_count; i++) {
            record->intent =
                strcmp(w->done_keys[i], thing->id) ? record->intent : w->done_intents[i];
        }
        record->image = thing->id;
    }
    return record;
}

static void touch(world_t *w, nts_side_t side, world_thing_t *thing, const nts_ask_t *ask)
{
    int i;

    for (i = 0; ask->values && i < w->mapping.pair_count; i++) {
        if (side == NTS_NOTION && w->pairs[i].is_body) {
            continue; /* edit_body() has seen to it */
        }
        if (ask->values[i].kind != NTS_VALUE_ABSENT) {
            thing->values[i] = nts_value_copy(&ask->values[i], w->p);
        }
    }
    thing->edited = world_clock(w, side);
    thing->ours = 1;
    w->writes[side]++;
    if (!has_pages(w, side)) {
        w->done_intents[w->done_count] = apr_pstrdup(w->p, ask->intent);
        w->done_taken[w->done_count] = thing->there ? NULL : thing->children ? thing->children : "";
        w->done_keys[w->done_count++] = thing->id;
        if (w->rewrite && thing->there) {
            w->rewrite(w, thing);
        }
    }
}

static int is_stale(const world_thing_t *thing, const nts_ask_t *ask)
{
    int i;

    for (i = 0; ask->expected && i < ask->mapping->pair_count; i++) {
        if (ask->expected[i].kind != NTS_VALUE_ABSENT &&
            !nts_value_equal(&ask->expected[i], &thing->values[i])) {
            return 1;
        }
    }
    return 0;
}

static void write_thing(world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    nts_side_t side = ask->side;
    world_thing_t *thing = world_find(w, side, ask->id);
    int is_body = side == NTS_NOTION && ask->kind == NTS_ASK_UPDATE && w->pairs[BODY].is_body &&
                  ask->values[BODY].kind != NTS_VALUE_ABSENT;

    if (ask->kind == NTS_ASK_CREATE) {
        thing = &w->side[side][w->count[side]];
        thing->id = apr_psprintf(w->p, "%s%d", side == NTS_NOTION ? "p" : "k", ++w->count[side]);
        thing->there = 1;
        thing->by_us = 1;
        thing->created = world_clock(w, side);
        if (has_pages(w, side)) {
            thing->values[TAGS] = nts_value_set(NULL, 0, w->p);
        }
        for (int i = 0; i < PAIRS; i++) {
            if (thing->values[i].kind == NTS_VALUE_ABSENT) {
                thing->values[i] = nts_value_null;
            }
        }
    }
    else if (thing && ask->kind == NTS_ASK_RESTORE && !has_pages(w, side)) {
        thing->there = 1;
    }
    if (!thing || !thing->there) {
        answer->result = has_pages(w, side) ? NTS_RESULT_MISSING : NTS_RESULT_STALE;
        return;
    }
    if (!has_pages(w, side) && is_stale(thing, ask)) {
        answer->result = NTS_RESULT_STALE;
        answer->record = show(w, side, thing, p);
        return;
    }
    if (thing->trashed && ask->kind == NTS_ASK_UPDATE) {
        answer->result = NTS_RESULT_TRASHED;
        return;
    }
    if (ask->kind == NTS_ASK_REMOVE) {
        thing->trashed = thing->there = has_pages(w, side);
    }
    if (ask->kind == NTS_ASK_RESTORE) {
        thing->trashed = 0;
    }
    if (is_body && !edit_body(thing, ask, w->p)) {
        answer->result = NTS_RESULT_REFUSED;
        nts_outcome_set(&answer->outcome, p, NTS_REMEDY_PERSON, NTS_BODY_REFUSED,
                        "the place is not there, or not the only one");
        return;
    }
    touch(w, side, thing, ask);
    if (!has_pages(w, side)) {
        answer->taken = w->done_taken[w->done_count - 1];
        thing->children = thing->there ? thing->children : NULL;
    }
    answer->id = thing->id;
    answer->record = is_body ? show_body(thing, p) : show(w, side, thing, p);
}

static void list_things(world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    nts_side_t side = ask->side;
    int i = ask->listing.cursor ? atoi(ask->listing.cursor) : 0, n = 0;

    answer->records = apr_pcalloc(p, (apr_size_t)(w->page_size + 1) * sizeof(nts_record_t));
    for (; i < w->count[side] && n < w->page_size; i++) {
        const world_thing_t *thing = &w->side[side][i];

        if (thing->there && !thing->trashed && !thing->moved &&
            thing->edited >= ask->listing.edited_since) {
            answer->records[n++] = *show(w, side, thing, p);
        }
    }
    answer->record_count = n;
    answer->cursor = i < w->count[side] ? apr_itoa(p, i) : NULL;
    answer->complete = !answer->cursor;
}

static void find_things(world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    int i, k, n = 0;

    answer->records = apr_pcalloc(p, WORLD_MAX * sizeof(nts_record_t));
    for (i = 0; i < w->count[ask->side]; i++) {
        const world_thing_t *thing = &w->side[ask->side][i];
        int same = thing->there && !thing->trashed && !thing->moved;

        if (has_pages(w, ask->side)) {
            same = same && thing->by_us && thing->created >= ask->listing.edited_since;
        }
        for (k = 0; same && ask->values && k < w->mapping.pair_count; k++) {
            same = ask->values[k].kind == NTS_VALUE_ABSENT ||
                   nts_value_equal(&ask->values[k], &thing->values[k]);
        }
        if (same) {
            answer->records[n++] = *show(w, ask->side, thing, p);
        }
    }
    answer->record_count = n;
}

void world_perform(world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    world_thing_t *thing = world_find(w, ask->side, ask->id);
    int i;

    answer->sent_at = w->now;
    w->requests += has_pages(w, ask->side);
    switch (ask->kind) {
    case NTS_ASK_READ:
        if (!thing || !thing->there) {
            answer->result = has_pages(w, ask->side) ? NTS_RESULT_MISSING : NTS_RESULT_GONE;
            if (!has_pages(w, ask->side) && ask->want_image) {
                answer->referrers = w->referrers ? w->referrers : "";
                w->referrers_asked++;
            }
        }
        else {
            answer->record = show(w, ask->side, thing, p);
        }
        break;
    case NTS_ASK_BODY:
        w->bodies++;
        if (!thing || !thing->there) {
            answer->result = NTS_RESULT_MISSING;
        }
        else {
            answer->record = show_body(thing, p);
        }
        break;
    case NTS_ASK_READ_MANY:
        answer->records = apr_pcalloc(p, (apr_size_t)(ask->id_count + 1) * sizeof(nts_record_t));
        for (i = 0; i < ask->id_count; i++) {
            thing = world_find(w, ask->side, ask->ids[i]);
            if (thing && thing->there) {
                answer->records[answer->record_count++] = *show(w, ask->side, thing, p);
            }
        }
        break;
    case NTS_ASK_INTENT:
        for (i = 0; i < w->done_count; i++) {
            if (!strcmp(w->done_intents[i], ask->intent)) {
                answer->applied = 1;
                answer->taken = w->done_taken[i];
                thing = world_must_find(w, ask->side, w->done_keys[i]);
                answer->record = show(w, ask->side, thing, p); /* as it was read back then */
            }
        }
        break;
    case NTS_ASK_LIST:
        list_things(w, ask, answer, p);
        break;
    case NTS_ASK_FIND:
        find_things(w, ask, answer, p);
        break;
    case NTS_ASK_DESCRIBE:
        answer->schema = w->schema;
        break;
    default:
        write_thing(w, ask, answer, p);
        break;
    }
    w->now += apr_time_from_msec(5) + (has_pages(w, ask->side) ? w->notion_takes : 0);
    answer->answered_at = w->now;
}
