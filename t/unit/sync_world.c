/* sync_world.c - the two sides and the store of the engine's tests. */
#include "sync_world_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_crypto.h"
#include "connector/nts_connector.h"
#include "sync/nts_limits.h"

static const nts_option_t stages[] = { { "o1", "Lead" }, { "o2", "Won" }, { "o3", "Lost" } };
static const nts_option_t tags[] = { { "t1", "a" }, { "t2", "b" }, { "t3", "c" }, { "t4", "d" } };

static void roll(void *baton, unsigned char *to, apr_size_t len)
{
    world_t *w = baton;

    while (len--) {
        w->dice = w->dice * 1664525u + 1013904223u;
        *to++ = (unsigned char)(w->dice >> 24);
    }
}

static void make_pair(world_t *w, int i, const char *name, const char *column, nts_type_t *notion,
                      nts_type_t *external)
{
    const nts_type_t *types[2];
    nts_outcome_t out = { 0 };

    types[NTS_NOTION] = notion;
    types[NTS_EXTERNAL] = external;
    w->pairs[i].id = 100 + i;
    w->pairs[i].notion = name;
    w->pairs[i].notion_id = apr_psprintf(w->p, "id%d", i);
    w->pairs[i].external = column;
    if (nts_domain_make(&w->pairs[i].domain, types, &w->pairs[i].options, &out, w->p) !=
        APR_SUCCESS) {
        fprintf(stderr, "# no domain for %s: %s\n", name, out.what ? out.what : "?");
    }
}

static void make_mapping(world_t *w)
{
    nts_type_t title = { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 };
    nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    nts_type_t select = { .kind = NTS_TYPE_OPTION,
                          .native = "select",
                          .nullable = 1,
                          .options = stages,
                          .option_count = 3,
                          .options_open = 1 };
    nts_type_t multi = { .kind = NTS_TYPE_SET,
                         .native = "multi_select",
                         .nullable = 1,
                         .options = tags,
                         .option_count = 4,
                         .options_open = 1 };
    nts_type_t number = { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 };
    nts_type_t whole = { .kind = NTS_TYPE_NUMBER, .native = "INTEGER", .nullable = 1, .whole = 1 };
    nts_type_t uid = { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 };
    nts_mapping_t *m = &w->mapping;

    make_pair(w, NAME, "Name", "name", &title, &text);
    make_pair(w, STAGE, "Stage", "stage", &select, &text);
    make_pair(w, TAGS, "Tags", "tags", &multi, &text);
    make_pair(w, QTY, "Qty", "qty", &number, &whole);
    make_pair(w, NUMBER, "No", "no", &uid, &whole);
    w->pairs[NUMBER].direction = NTS_TO_EXTERNAL;
    m->id = 1;
    m->vhost = "";
    m->name = "test";
    m->notion = &w->notion;
    m->external = &w->external;
    m->traits[NTS_NOTION] = &nts_traits_notion;
    m->traits[NTS_EXTERNAL] = &nts_traits_sql;
    m->pairs = w->pairs;
    m->pair_count = KEY;
    m->conflict = NTS_CONFLICT_LAST_WRITE;
    m->grace = apr_time_from_sec(5);
    m->tie = NTS_NOTION;
    m->delete_limit_percent = 10;
}

/* Choices of another workspace: the same names, other ids. */
static const nts_option_t *elsewhere(const nts_option_t *options, int count, apr_pool_t *p)
{
    nts_option_t *others = apr_pmemdup(p, options, (apr_size_t)count * sizeof(*options));

    for (int i = 0; i < count; i++) {
        others[i].id = apr_pstrcat(p, "other-", options[i].id, NULL);
    }
    return others;
}

void world_two_notions(world_t *w)
{
    nts_type_t title = { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 };
    nts_type_t number = { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 };
    nts_type_t select[NTS_SIDE_COUNT], multi[NTS_SIDE_COUNT];

    w->mapping.traits[NTS_EXTERNAL] = &nts_traits_notion;
    select[NTS_NOTION] = *nts_domain_type(w->pairs[STAGE].domain, NTS_NOTION);
    select[NTS_EXTERNAL] = select[NTS_NOTION];
    select[NTS_EXTERNAL].options = elsewhere(stages, 3, w->p);
    multi[NTS_NOTION] = *nts_domain_type(w->pairs[TAGS].domain, NTS_NOTION);
    multi[NTS_EXTERNAL] = multi[NTS_NOTION];
    multi[NTS_EXTERNAL].options = elsewhere(tags, 4, w->p);
    make_pair(w, NAME, "Name", "Title", &title, &title);
    make_pair(w, STAGE, "Stage", "State", &select[NTS_NOTION], &select[NTS_EXTERNAL]);
    make_pair(w, TAGS, "Tags", "Labels", &multi[NTS_NOTION], &multi[NTS_EXTERNAL]);
    make_pair(w, QTY, "Qty", "Amount", &number, &number);
    make_pair(w, NUMBER, "No", "Number", &number, &number);
    w->pairs[NUMBER].direction = NTS_TO_EXTERNAL;
}

nts_value_t world_choice(world_t *w, nts_side_t side, int pair, const char *name)
{
    const nts_type_t *type = nts_domain_type(w->pairs[pair].domain, side);

    for (int i = 0; i < type->option_count; i++) {
        if (!strcmp(type->options[i].name, name)) {
            return nts_value_option(type->options[i].id, name);
        }
    }
    return nts_value_null;
}

void world_keep_keys(world_t *w)
{
    nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "rich_text", .nullable = 1 };
    nts_type_t key = { .kind = NTS_TYPE_TEXT, .native = "key", .computed = 1 };

    make_pair(w, KEY, "Sync key", NTS_KEY_FIELD, &text, &key);
    w->pairs[KEY].direction = NTS_TO_NOTION;
    w->pairs[KEY].computed[NTS_EXTERNAL] = 1;
    w->pairs[KEY].is_key = 1;
    w->mapping.pair_count = PAIRS;
}

void world_keep_body(world_t *w)
{
    nts_type_t body = { .kind = NTS_TYPE_TEXT, .native = "body", .nullable = 1 };
    nts_type_t text = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };

    w->pairs[BODY].options.body = 1;
    make_pair(w, BODY, NTS_BODY_FIELD, "notes", &body, &text);
    w->pairs[BODY].is_body = 1;
    w->mapping.pair_count = PAIRS;
}

world_t *world_create(apr_pool_t *p)
{
    world_t *w = apr_pcalloc(p, sizeof(*w));

    w->p = p;
    w->now = apr_time_from_sec(1800000000);
    w->random.bytes = roll;
    w->random.baton = w;
    w->page_size = 100;
    make_mapping(w);
    return w;
}

nts_value_t world_text(const char *text)
{
    return text ? nts_value_text(text) : nts_value_null;
}

nts_value_t world_number(world_t *w, const char *text)
{
    nts_value_t value = nts_value_null;

    (void)nts_value_number(&value, text, w->p);
    return value;
}

nts_value_t world_stage(world_t *w, const char *name)
{
    int i;

    (void)w;
    for (i = 0; name && i < 3; i++) {
        if (!strcmp(stages[i].name, name)) {
            return nts_value_option(stages[i].id, stages[i].name);
        }
    }
    return nts_value_null;
}

nts_value_t world_tags(world_t *w, nts_side_t side, const char *list)
{
    nts_option_t chosen[4];
    nts_json_t *names = nts_json_make_array(w->p);
    int i, n = 0;

    for (i = 0; i < 4; i++) {
        if (strchr(list, tags[i].name[0])) {
            chosen[n++] = tags[i];
            nts_json_add_string(names, NULL, tags[i].name);
        }
    }
    if (side == NTS_EXTERNAL) {
        return n ? nts_value_text(nts_json_text(names, w->p)) : nts_value_null;
    }
    return nts_value_set(chosen, n, w->p);
}

world_thing_t *world_find(world_t *w, nts_side_t side, const char *id)
{
    int i;

    for (i = 0; id && i < w->count[side]; i++) {
        if (!strcmp(w->side[side][i].id, id)) {
            return &w->side[side][i];
        }
    }
    return NULL;
}

world_thing_t *world_must_find(world_t *w, nts_side_t side, const char *id)
{
    world_thing_t *thing = world_find(w, side, id);

    if (!thing) {
        printf("Bail out! no record %s\n", id ? id : "(null)");
        exit(1);
    }
    return thing;
}

world_thing_t *world_page(world_t *w, const char *id)
{
    return world_find(w, NTS_NOTION, id);
}

world_thing_t *world_row(world_t *w, const char *key)
{
    return world_find(w, NTS_EXTERNAL, key);
}

apr_time_t world_clock(const world_t *w, nts_side_t side)
{
    return w->now + w->ahead[side];
}

void world_skew(world_t *w, nts_side_t side, apr_interval_time_t ahead, int measured)
{
    const apr_time_t second = apr_time_from_sec(1);

    w->ahead[side] = ahead;
    if (measured) {
        nts_skew_measure(&w->skew[side], world_clock(w, side) / second * second, second,
                         w->now - 5000, w->now + 5000);
    }
}

world_thing_t *world_add(world_t *w, nts_side_t side, const char *id, const char *name)
{
    world_thing_t *thing = world_find(w, side, id);
    int i;

    if (!thing) {
        thing = &w->side[side][w->count[side]++];
    }
    *thing = (world_thing_t){ 0 };
    thing->id = apr_pstrdup(w->p, id);
    thing->there = 1;
    thing->created = thing->edited = world_clock(w, side);
    for (i = 0; i < PAIRS; i++) {
        thing->values[i] = nts_value_null;
    }
    if (w->mapping.traits[side]->has_trash) {
        thing->values[TAGS] = nts_value_set(NULL, 0, w->p);
    }
    thing->values[NAME] = world_text(name);
    world_notice(w, side, id);
    return thing;
}

void world_notice(world_t *w, nts_side_t side, const char *id)
{
    nts_notice_t *notice = &w->notices[w->notice_count];

    *notice = (nts_notice_t){ 0 };
    notice->id = ++w->notice_count;
    notice->side = side;
    notice->record = apr_pstrdup(w->p, id);
    notice->at = world_clock(w, side);
    notice->stored = w->now;
}

void world_edit(world_t *w, nts_side_t side, const char *id, int pair, nts_value_t value)
{
    world_thing_t *thing = world_must_find(w, side, id);

    thing->values[pair] = value;
    thing->edited = world_clock(w, side);
    thing->touched = 1;
    thing->ours = 0;
    world_notice(w, side, id);
    if (w->mapping.traits[side]->tells_events) {
        w->notices[w->notice_count - 1].kind =
            w->pairs[pair].is_body ? "page.content_updated" : "page.properties_updated";
    }
}

void world_remove(world_t *w, nts_side_t side, const char *id)
{
    world_thing_t *thing = world_must_find(w, side, id);
    nts_link_t *link = world_link(w, side, id);

    if (w->mapping.traits[side]->has_trash) {
        thing->trashed = 1;
    }
    else {
        thing->there = 0;
        if (link) { /* the trigger keeps the row as it was */
            w->images[link->id] = apr_pstrdup(w->p, id);
            w->gone_with[link->id] = NULL;
        }
    }
    thing->edited = world_clock(w, side);
    world_notice(w, side, id);
}

void world_wait(world_t *w, apr_interval_time_t time)
{
    w->now += time;
}

nts_link_t *world_link(world_t *w, nts_side_t side, const char *id)
{
    nts_link_t *dead = NULL;
    int i;

    for (i = 0; id && i < w->link_count; i++) {
        nts_link_t *link = w->links[i];
        const char *has = !link ? NULL : side == NTS_NOTION ? link->page : link->key;

        if (has && !strcmp(has, id)) {
            if (link->state != NTS_LINK_TOMBSTONE) {
                return link;
            }
            /* a dead record's key is free again */
            dead = w->mapping.traits[side]->reuses_keys ? NULL : link;
        }
    }
    return dead;
}

/* ---- driving ---- */

static int is_write(nts_ask_kind_t kind)
{
    return kind >= NTS_ASK_CREATE && kind <= NTS_ASK_RESTORE;
}

static void spoil_answer(const world_t *w, nts_answer_t *answer, spoil_t spoil)
{
    if (spoil == SPOIL_LOST || spoil == SPOIL_DONE_UNKNOWN) {
        answer->result = NTS_RESULT_UNKNOWN;
        answer->record = NULL;
        answer->id = NULL;
    }
    else if (spoil == SPOIL_COMMITTED_ID) {
        answer->record = NULL;
    }
    else if (spoil == SPOIL_NOT_DONE || spoil == SPOIL_REFUSED) {
        answer->result = spoil == SPOIL_REFUSED ? NTS_RESULT_REFUSED : NTS_RESULT_NOT_DONE;
        answer->outcome.code = w->refusal ? w->refusal : "test.spoiled";
        answer->outcome.what = "spoiled by the test";
        answer->outcome.remedy = w->remedy != NTS_REMEDY_NONE ? w->remedy : NTS_REMEDY_RETRY;
        answer->outcome.blocker = w->blocker;
    }
}

static int *find_others(const world_t *w, const nts_call_t *call, apr_pool_t *p)
{
    int *made = apr_pcalloc(p, ((apr_size_t)call->lookup_count + 1) * sizeof(*made));
    int i;

    for (i = 0; i < call->lookup_count; i++) {
        made[i] = w->made_by_other && !strcmp(call->lookup_ids[i], w->made_by_other);
    }
    return made;
}

/* Performs one call; non-zero: the process died. */
static int answer_call(world_t *w, const nts_call_t *call, nts_reply_t *reply, apr_pool_t *p)
{
    spoil_t spoil = w->hook ? w->hook(w, call) : SPOIL_NOTHING;
    nts_answer_t *answer = apr_pcalloc(p, sizeof(*answer));
    nts_link_t **links = apr_pcalloc(p, 2 * WORLD_MAX * sizeof(*links));
    int i;

    if (spoil == SPOIL_KILL) {
        return 1;
    }
    *reply = (nts_reply_t){ 0 };
    switch (call->kind) {
    case NTS_CALL_LOAD:
        reply->loaded = world_load(w, &call->load, p);
        if (w->mode == WORLD_PLANS && !call->load.link) {
            reply->loaded->link = world_planned_link(
                w, reply->loaded->link, call->load.page ? NTS_NOTION : NTS_EXTERNAL,
                call->load.page ? call->load.page : call->load.key);
        }
        for (int side = 0; side < NTS_SIDE_COUNT; side++) {
            if (w->mapping.traits[side]->tells_events) {
                nts_loaded_from_clock(reply->loaded, (nts_side_t)side, &w->skew[side], p);
            }
        }
        break;
    case NTS_CALL_ASK:
        reply->answer = answer;
        if (spoil != SPOIL_LOST && spoil != SPOIL_NOT_DONE && spoil != SPOIL_REFUSED) {
            nts_ask_t ask = call->ask;

            nts_ask_to_clock(&ask, &w->skew[ask.side]);
            world_perform(w, &ask, answer, p);
            nts_answer_from_clock(answer, &w->skew[ask.side], p);
            nts_answer_add_keys(answer, &ask, p);
        }
        else {
            w->requests += call->ask.side == NTS_NOTION;
            answer->sent_at = answer->answered_at = w->now;
        }
        spoil_answer(w, answer,
                     is_write(call->ask.kind) || spoil == SPOIL_NOT_DONE ? spoil : SPOIL_NOTHING);
        break;
    case NTS_CALL_COMMIT:
        reply->committed = world_commit(w, &call->commit, &reply->commit_words);
        break;
    case NTS_CALL_LOOKUP:
        reply->links = links;
        if (call->lookup_ids) {
            for (i = 0; i < call->lookup_count; i++) {
                links[i] =
                    world_planned_link(w, world_link(w, call->lookup_side, call->lookup_ids[i]),
                                       call->lookup_side, call->lookup_ids[i]);
            }
            reply->link_count = call->lookup_count;
            reply->made_by_others = call->lookup_makers ? find_others(w, call, p) : NULL;
            reply->known_to_others = call->lookup_known ? find_others(w, call, p) : NULL;
            reply->others_pending = call->lookup_makers ? world_creates_of_others(w, call) : 0;
            break;
        }
        for (i = (int)call->lookup_after; i < w->link_count; i++) {
            if (w->links[i] && w->links[i]->state <= NTS_LINK_DORMANT) {
                links[reply->link_count++] = w->links[i];
            }
        }
        break;
    case NTS_CALL_SPAWN:
        w->spawned += call->spawn_count;
        for (i = 0; i < call->spawn_count; i++) {
            (void)world_run_spawn(w, &call->spawns[i], NULL, 1);
        }
        break;
    case NTS_CALL_MATCH_PUT:
        for (i = 0; i < call->match_count; i++) {
            int *n = &w->match_count[call->match_side];

            w->match_id[call->match_side][*n] = apr_pstrdup(w->p, call->match_ids[i]);
            w->match_hash[call->match_side][(*n)++] = apr_pstrdup(w->p, call->match_hashes[i]);
        }
        break;
    case NTS_CALL_MATCH_JOIN:
        w->match_after = call->match_after;
        if (w->mode == WORLD_DOES) {
            world_join_matches(w);
        }
        reply->matched = &w->matched;
        break;
    case NTS_CALL_NONE:
        break;
    }
    return spoil == SPOIL_KILL_AFTER;
}

static nts_step_t drive(world_t *w, nts_job_t *job)
{
    nts_reply_t reply, *given = NULL;
    int steps = 0;

    for (;;) {
        w->last = nts_job_step(job, given, w->now);
        if (w->last != NTS_STEP_CALL) {
            break;
        }
        w->now += apr_time_from_msec(1);
        if (++steps > 300) {
            w->stuck = 1;
            return w->last = NTS_STEP_WAIT;
        }
        if (answer_call(w, nts_job_call(job), &reply, w->p) &&
            !(w->leaves && nts_job_leave(job) == NTS_STEP_CALL &&
              !answer_call(w, nts_job_call(job), &reply, w->p))) {
            w->until = 0;
            return w->last = NTS_STEP_WAIT;
        }
        given = &reply;
    }
    w->outcome = *nts_job_outcome(job);
    w->refused = *nts_job_refused(job);
    w->until = nts_job_until(job);
    return w->last;
}

nts_step_t world_run_spawn(world_t *w, const nts_spawn_t *spawn, const nts_undo_t *undo,
                           apr_int64_t run)
{
    nts_job_config_t config = { 0 };
    nts_spawn_t given = *spawn;
    nts_job_t *job;
    int item = w->mode == WORLD_APPLIES ? world_plan_find(w, &spawn->target) : -1;

    if (w->mode == WORLD_APPLIES && item < 0) {
        return w->last = NTS_STEP_DONE;
    }
    config.mapping = &w->mapping;
    config.random = &w->random;
    config.cause = "test";
    config.run = run;
    config.full_run = run != 0;
    config.dry = w->mode == WORLD_PLANS;
    config.clock_set = w->clock_set;
    config.clock_was = w->clock_was;
    config.taken = w->taken;
    given.approved = item >= 0 ? w->items[item] : NULL;
    job = nts_job_create(&config, &given, undo, w->p);
    (void)drive(w, job);
    if (config.dry && w->last == NTS_STEP_DONE && nts_job_planned(job)) {
        world_plan_take(w, nts_job_planned(job));
    }
    if (item >= 0) {
        w->item_step[item] = w->last;
    }
    return w->last;
}

nts_step_t world_run(world_t *w, nts_side_t side, const char *id)
{
    nts_spawn_t spawn = { 0 };

    if (side == NTS_NOTION) {
        spawn.target.page = id;
    }
    else {
        spawn.target.key = id;
    }
    return world_run_spawn(w, &spawn, NULL, 0);
}

nts_step_t world_undo(world_t *w, nts_entry_t *entry)
{
    nts_undo_t undo;
    nts_spawn_t spawn = { 0 };

    undo.entry = entry;
    spawn.target.link = entry->link;
    return world_run_spawn(w, &spawn, &undo, 0);
}

const nts_scan_report_t *world_scan(world_t *w, nts_scan_kind_t kind)
{
    nts_scan_config_t config = { 0 };
    nts_reply_t reply, *given = NULL;
    nts_scan_t *scan;
    apr_pool_t *pool;

    (void)apr_pool_create(&pool, w->p);
    config.kind = kind;
    config.mapping = &w->mapping;
    config.max_link = w->link_count;
    config.max_entry = w->max_entry;
    config.side = kind == NTS_SCAN_BATCH ? w->wanted_side : NTS_NOTION;
    config.wanted = w->wanted;
    config.wanted_count = w->wanted_count;
    config.tells_own[NTS_NOTION] = config.tells_own[NTS_EXTERNAL] = w->tells_own;
    config.since = kind == NTS_SCAN_BATCH ? w->since : 0;
    scan = nts_scan_create(&config, pool);
    while ((w->last = nts_scan_step(scan, given, w->now)) == NTS_STEP_CALL) {
        if (answer_call(w, nts_scan_call(scan), &reply, nts_scan_pool(scan))) {
            break;
        }
        given = &reply;
    }
    w->outcome = *nts_scan_outcome(scan);
    return nts_scan_report(scan);
}

/* The things that have a reason to run, the first of them not before place `from`; 0 if none. */
static int next_target(world_t *w, int from, nts_spawn_t *spawn, apr_time_t *when)
{
    int i, places = w->notice_count + w->entry_count + w->link_count;

    for (i = 0; i < places; i++) {
        int at = (from + i) % places;

        *spawn = (nts_spawn_t){ 0 };
        *when = w->now;
        if (at < w->notice_count) {
            const nts_notice_t *notice = &w->notices[at];

            *(notice->side == NTS_NOTION ? &spawn->target.page : &spawn->target.key) =
                notice->record;
            if (!w->settled[at]) {
                return at + 1;
            }
        }
        else if ((at -= w->notice_count) < w->entry_count) {
            spawn->target.link = w->entries[at]->link;
            if (w->entries[at]->state == NTS_ENTRY_PENDING) {
                return w->notice_count + at + 1;
            }
        }
        else {
            const nts_link_t *link = w->links[at - w->entry_count];

            if (link && link->trouble == NTS_TROUBLE_PARKED && link->next_try) {
                spawn->target.link = link->id;
                *when = link->next_try;
                return w->notice_count + at + 1;
            }
        }
    }
    return 0;
}

int world_settle(world_t *w)
{
    nts_spawn_t spawn;
    apr_time_t when;
    int n, place = 0;

    for (n = 0; n < 400; n++) {
        place = next_target(w, place, &spawn, &when);
        if (!place) {
            return n;
        }
        if (when > w->now) {
            w->now = when;
        }
        (void)world_run_spawn(w, &spawn, NULL, 0);
        if (w->last == NTS_STEP_WAIT) {
            w->now = w->until > w->now ? w->until : w->now + apr_time_from_sec(1);
        }
    }
    return -1;
}

int world_unsettled(const world_t *w)
{
    int i, n = 0;

    for (i = 0; i < w->notice_count; i++) {
        n += !w->settled[i];
    }
    return n;
}

int world_differences(world_t *w)
{
    const nts_scan_report_t *report;
    world_hook_fn *hook = w->hook;

    w->hook = NULL;
    report = world_scan(w, NTS_SCAN_VERIFY);
    w->hook = hook;
    return (int)report->different;
}
