/* judge_write.c - may this write of ours have put that value in place of the one that was there?
 *
 * Every value that the other side showed lately is tried as its source; the best answer counts.
 */
#include <string.h>

#include "simulation/judge_impl.h"

typedef enum grade_t {
    GRADE_NONE = 0, /* no such value on the other side */
    GRADE_WRONG,
    GRADE_RESIDUAL, /* S7.4 */
    GRADE_ALLOWED,  /* by a rule, and the other way round would have been, too */
    GRADE_CERTAIN   /* the only thing allowed */
} grade_t;

/* One write of one value, as it is judged. */
typedef struct write_t {
    judge_t *j;
    const history_item_t *effect;
    judge_gap_t gap;
    judge_record_t *record;
    const char *field, *member;
    const char *value;
    judge_version_t *was;
    judge_outcome_t outcome; /* the same, as the audit tells of it */
    apr_time_t since;        /* from when on it stood there */
    /* the best source so far */
    grade_t grade;
    judge_version_t *source;
    int lossy; /* `was` lost to it by a rule */
    const char *rule, *why;
    /* the likeliest one that is allowed; the one that is tried now, and that one */
    judge_version_t *likeliest;
    apr_interval_time_t told, best_told; /* by its mapping */
    int stands, best_stands;             /* its side shows it still */
    int best_lossy;
    grade_t best_grade;
} write_t;

/* ---- what a write of unknown fate hides ---- */

/* S7.4: people put the value back that stood there before a write of ours of which it was not known yet what had become of it. That
 * looks as if nothing had happened. */
static int was_put_back(write_t *w)
{
    const judge_cell_t *cell = judge_cell(w->j, w->record, w->field, w->member);
    int i;

    for (i = cell->stays->nelts - 1; i > 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        const history_item_t *item =
            stay->item >= 0 ? history_item(w->j->history, stay->item) : NULL;

        if (item && item->kind == HISTORY_EFFECT) {
            return judge_is_uncertain(w->j, item) &&
                   judge_same(APR_ARRAY_IDX(cell->stays, i - 1, judge_stay_t).version->value,
                              w->was->value) &&
                   !judge_was_judged(w->j, item->record, judge_gap(w->j, item).sent, w->since);
        }
    }
    return 0;
}

static int was_looked_into_by(judge_t *j, const char *table, int from, apr_time_t at)
{
    int i;

    for (i = from; i < history_count(j->history) && history_item(j->history, i)->at <= at; i++) {
    }
    return judge_was_looked_into(j, table, from, i);
}

/* The field went out of the configuration before anybody had looked into the database in which it got that value (710145 with `swapped=1`). */
static int was_dropped_unread(const write_t *w, int mapping, int field)
{
    const judge_version_t *was = w->was;
    int i;

    for (i = 0; was->side == HISTORY_EXTERNAL && was->item >= 0 && i < w->j->changes->nelts; i++) {
        const judge_field_change_t *change = &APR_ARRAY_IDX(w->j->changes, i, judge_field_change_t);

        if (change->mapping == mapping && change->field == field && change->now.absent &&
            change->at > was->at && change->at <= w->effect->at) {
            return !was_looked_into_by(w->j, JUDGE_MAPPING(w->j, mapping)->place[was->side],
                                       was->item, change->at);
        }
    }
    return 0;
}

/* S5.7: an edit of a field that was not configured then is a difference that nobody saw coming (S2.6). */
static int was_synced(const write_t *w, int mapping, int field)
{
    return judge_field_at(w->j, mapping, field, w->was->at) &&
           judge_field_at(w->j, mapping, field, w->was->at + JUDGE_NEWS) &&
           !was_dropped_unread(w, mapping, field);
}

/* ---- one source ---- */

/* Of several that are allowed, in two mappings, the write came by the one whose audit has it at that time; of two as good, from where
 * the value stands still rather than from where it has been replaced. */
static void weigh(write_t *w, grade_t grade, judge_version_t *source, int lossy)
{
    int is_better =
        grade > w->best_grade || (grade == w->best_grade && w->stands && !w->best_stands);

    if (!w->likeliest || w->told < w->best_told || (w->told == w->best_told && is_better)) {
        w->likeliest = source;
        w->best_told = w->told;
        w->best_grade = grade;
        w->best_stands = w->stands;
        w->best_lossy = lossy;
    }
}

static void grade(write_t *w, grade_t grade, judge_version_t *source, int lossy, const char *rule,
                  const char *why)
{
    if (grade > GRADE_WRONG) {
        weigh(w, grade, source, lossy);
    }
    if (grade > w->grade) {
        w->grade = grade;
        w->source = source;
        w->lossy = lossy;
        w->rule = rule;
        w->why = why;
    }
}

int judge_leads_to(const judge_field_t *field, const void *baton)
{
    const int *side = baton;

    return field->way == JUDGE_BOTH_WAYS ||
           field->way == (*side == HISTORY_EXTERNAL ? JUDGE_TO_EXTERNAL : JUDGE_TO_NOTION);
}

static int is_one_way(const judge_field_t *field, const void *baton)
{
    return field->way != JUDGE_BOTH_WAYS && judge_leads_to(field, baton);
}

/* It has been so since the property became one of another type (which, for one, shows a whole set as one value: 89455), or the column was
 * dropped, and made anew: nobody gave it, and what stood before may come back (S5.4). */
static int is_of_conversion(const write_t *w, const judge_cell_t *cell)
{
    return judge_was_converted(
        w->j, &APR_ARRAY_IDX(cell->stays, cell->stays->nelts - 1, judge_stay_t), w->record);
}

/* Of a set all members are. */
static judge_doubt_t doubt(const write_t *w, const judge_contest_t *c, int side)
{
    judge_contest_t set = { c->j, c->mapping, c->index, { NULL, NULL }, { NULL, NULL } };

    return judge_doubt(w->member ? &set : c, side, w->effect->number);
}

/* S5.4: what is empty since its field was of another type, or went, is no edit that could clear the other side, nor is what another type made
 * of a value; unless initial= says that this side rules, for what is empty where nothing else could; or nobody saw that it was. */
static int went_with_field(const write_t *w, const judge_contest_t *c,
                           const judge_version_t *source)
{
    const judge_mapping_t *m = JUDGE_MAPPING(w->j, c->mapping);
    const judge_field_t *field = &m->fields[c->index];
    const judge_stay_t made = { .version = NULL, .from = source->at, .item = source->item };
    const judge_record_t partner = { .place = m->place[source->side] };
    judge_initial_t lets =
        source->side == HISTORY_NOTION ? JUDGE_INITIAL_NOTION : JUDGE_INITIAL_EXTERNAL;
    int is_let = field->initial == lets && (source->value || field->way != JUDGE_BOTH_WAYS);
    /* what nothing stands opposite of may come for the first time; and a box cannot be empty */
    int is_first = source->value && (!w->was->value || field->sort == JUDGE_BOOLEAN);

    return !w->member && source->item >= 0 && source->side != w->record->side && !is_let &&
           !is_first &&
           !judge_was_other(w->j, c->mapping, c->index, w->effect->at, w->effect->at) &&
           judge_was_converted(w->j, &made, &partner) &&
           doubt(w, c, source->side) == JUDGE_SURELY_DOUBT;
}

/* S5.4: what stands there since its field was another, and was never agreed on since, gives way as what is first met does. */
static int gives_way(const write_t *w, const judge_contest_t *c, int side)
{
    const judge_field_t *field = &JUDGE_MAPPING(w->j, c->mapping)->fields[c->index];
    judge_initial_t lets = side == HISTORY_NOTION ? JUDGE_INITIAL_EXTERNAL : JUDGE_INITIAL_NOTION;
    judge_doubt_t own = doubt(w, c, side);

    int is_doubted = own != JUDGE_NO_DOUBT || doubt(w, c, !side) != JUDGE_NO_DOUBT;

    /* choices that were made anew are others: one that stands there was added */
    return (own != JUDGE_NO_DOUBT && !w->was->value) ||
           (is_doubted && (field->initial == lets || w->member || field->sort == JUDGE_OPTION));
}

static void try_source(write_t *w, const judge_contest_t *c, judge_version_t *source)
{
    judge_t *j = w->j;
    int mapping = c->mapping, index = c->index;
    judge_version_t *was = w->was;
    int side = w->record->side;

    if (!judge_was_field(j, mapping, index, w->effect->at, JUDGE_NEWS, judge_leads_to, &side)) {
        grade(w, GRADE_WRONG, source, 0, "S2.8", "towards the side that rules this field");
    }
    else if (went_with_field(w, c, source)) {
        grade(w, GRADE_WRONG, source, 0, "S5.4", "made by a change of its field, which is no edit");
    }
    else if (!was->value && !w->member && is_of_conversion(w, c->cell[side])) {
        grade(w, GRADE_ALLOWED, source, 0, NULL, NULL);
    }
    else if (was->origin == JUDGE_BY_NOBODY || judge_is_known(j, was, source)) {
        grade(w, GRADE_CERTAIN, source, 0, NULL, NULL);
    }
    else if (j->has_pages[side] && w->since > w->gap.read) {
        grade(w, GRADE_RESIDUAL, source, 0, NULL, NULL);
    }
    else if (judge_was_field(j, mapping, index, w->effect->at, JUDGE_NEWS, is_one_way, &side)) {
        grade(w, GRADE_CERTAIN, source,
              was->origin != JUDGE_BY_US && !judge_may_be_known(j, was, source), NULL, NULL);
    }
    else if (was->lost || judge_may_be_known(j, was, source)) {
        grade(w, GRADE_ALLOWED, source, 0, NULL, NULL);
    }
    else if (was->origin == JUDGE_BY_PERSON && j->has_pages[side] &&
             (was_put_back(w) ||
              judge_looks_like_ours(j, w->record, c->cell[side], c->cell[!side], w->since) ||
              (!w->member && judge_is_given_as_sent(c, w->record, source, w->since)))) {
        grade(w, GRADE_RESIDUAL, source, 0, NULL, NULL);
    }
    else if (gives_way(w, c, side)) {
        grade(w, GRADE_ALLOWED, source, 0, NULL, NULL);
    }
    else if (judge_is_known(j, source, was) &&
             (judge_came_uncertainly(j, judge_cell(j, w->record, w->field, w->member), source) ||
              judge_was_missed(j, c->cell[!side], source))) {
        /* S3.7: whether our own value had ever stood there could not be told any more; or, when it could, the page was not there (98151) */
        grade(w, judge_may_win(c, !side, source, was, w->effect->at) ? GRADE_ALLOWED : GRADE_WRONG,
              source, 1, "S3.7",
              "the fate of our write was unknown, and the rule does not let it win");
    }
    else if (judge_is_known(j, source, was) && is_of_conversion(w, c->cell[side])) {
        grade(w, GRADE_ALLOWED, source, 0, NULL, NULL);
    }
    else if (judge_is_known(j, source, was) && !judge_forgot(j, source->at, w->effect->at) &&
             was_synced(w, mapping, index)) {
        grade(w, GRADE_WRONG, source, 0, "S6.3", "an older value over the one that replaced it");
    }
    else if (judge_may_win(c, !side, source, was, w->effect->at)) {
        grade(w, judge_may_win(c, side, was, source, w->effect->at) ? GRADE_ALLOWED : GRADE_CERTAIN,
              source, !judge_shows_agreed(c, source, was, w->effect->at), NULL, NULL);
    }
    else {
        grade(w, GRADE_WRONG, source, 1, "S2.5", "no rule lets this value win");
    }
}

static void try_partner(write_t *w, int mapping, int index, judge_record_t *partner)
{
    const char *name = JUDGE_MAPPING(w->j, mapping)->fields[index].name[partner->side];
    judge_contest_t contest = { w->j, mapping, index, { NULL, NULL }, { NULL, NULL } };
    const judge_cell_t *cell;
    int i;

    if (!name) {
        return;
    }
    cell = judge_cell(w->j, partner, name, w->member);
    contest.record[partner->side] = partner;
    contest.record[w->record->side] = w->record;
    contest.cell[partner->side] = cell;
    contest.cell[w->record->side] = judge_cell(w->j, w->record, w->field, w->member);
    w->told = w->j->mappings->nelts > 1 ? judge_told_within(w->j, mapping, &w->outcome, partner)
                                        : JUDGE_NEVER_TOLD;
    for (i = cell->stays->nelts - 1; i >= 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        apr_time_t to = i + 1 < cell->stays->nelts
                            ? APR_ARRAY_IDX(cell->stays, i + 1, judge_stay_t).from
                            : w->effect->at;

        if (to < w->gap.read - JUDGE_ON_ITS_WAY) {
            return;
        }
        if (stay->from <= w->gap.sent && /* what came later it does not bring (73910) */
            judge_alike(w->j, &JUDGE_MAPPING(w->j, mapping)->fields[index], stay->version->value,
                        w->value)) {
            w->stands = i == cell->stays->nelts - 1;
            try_source(w, &contest, stay->version);
        }
    }
}

typedef int partners_fn(judge_t *j, int mapping, const judge_record_t *record,
                        judge_record_t *partners[], int room);

static void try_those(write_t *w, partners_fn *those)
{
    int m, i, n;

    for (m = 0; m < w->j->mappings->nelts; m++) {
        judge_record_t *partners[8];
        int index = judge_find_field(w->j, m, w->record->side, w->field);

        n = index < 0 ? 0 : those(w->j, m, w->record, partners, 8);
        for (i = 0; i < n; i++) {
            try_partner(w, m, index, partners[i]);
        }
    }
}

static void try_mappings(write_t *w)
{
    try_those(w, judge_partners);
    if (w->grade == GRADE_NONE && judge_forgot(w->j, w->effect->at, w->j->phases->end)) {
        try_those(w, judge_forgotten_origins);
    }
}

/* ---- values that do not come from the other side as it is ---- */

typedef int schema_test_fn(history_op_t op);

static int is_of_choices(history_op_t op)
{
    return op == HISTORY_RENAME || op == HISTORY_REMOVE_OPTION;
}

static int is_of_type(history_op_t op)
{
    return op == HISTORY_RETYPE;
}

/* People changed the property itself. A value that changed with the list of its choices is no edit, and may come back (S5.4); what
 * its values are in another type, nobody gave. */
static int was_schema_changed(judge_t *j, const history_item_t *effect, const char *field,
                              schema_test_fn *test)
{
    int i, m;

    for (i = effect->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        for (m = 0; test(item->op) && m < j->mappings->nelts; m++) {
            int index = judge_find_field(j, m, item->side, item->field);

            if (JUDGE_MAPPING(j, m)->place[item->side] == item->place && index >= 0 &&
                judge_find_field(j, m, effect->side, field) == index) {
                return 1;
            }
        }
    }
    return 0;
}

/* Did a partner show it not long ago? */
static int was_opposite(write_t *w, int mapping, int index, const char *value)
{
    judge_record_t *partners[8];
    int i, k, n = judge_partners(w->j, mapping, w->record, partners, 8);

    for (i = 0; i < n; i++) {
        const char *name = JUDGE_MAPPING(w->j, mapping)->fields[index].name[partners[i]->side];
        const judge_cell_t *cell =
            name ? judge_cell(w->j, partners[i], name, w->member ? value : NULL) : NULL;

        for (k = cell ? cell->stays->nelts - 1 : -1; k >= 0; k--) {
            const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, k, judge_stay_t);

            if (judge_same(stay->version->value, w->member ? w->value : value)) {
                return 1;
            }
            if (stay->from < w->gap.read - JUDGE_ON_ITS_WAY) {
                break;
            }
        }
    }
    return 0;
}

/* S5.4: a choice is followed by its id. Who gives it by the name it had until a moment ago means what has another name now. */
static int is_new_name(write_t *w)
{
    const char *given = w->member ? w->member : w->value;
    int i, m;

    for (i = w->effect->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(w->j->history, i);

        for (m = 0; item->op == HISTORY_RENAME && judge_same(item->after, given) &&
                    m < w->j->mappings->nelts;
             m++) {
            int index = judge_find_field(w->j, m, item->side, item->field);

            if (JUDGE_MAPPING(w->j, m)->place[item->side] == item->place && index >= 0 &&
                judge_find_field(w->j, m, w->record->side, w->field) == index &&
                was_opposite(w, m, index, item->before)) {
                return 1;
            }
        }
    }
    return 0;
}

static int had_value(const judge_cell_t *cell, const char *value)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        if (judge_same(APR_ARRAY_IDX(cell->stays, i, judge_stay_t).version->value, value)) {
            return 1;
        }
    }
    return 0;
}

static judge_version_t *version_by_us(write_t *w)
{
    judge_version_t *version = apr_pcalloc(w->j->p, sizeof(*version));

    version->value = w->value;
    version->at = w->effect->at;
    version->item = w->effect->number;
    version->origin = JUDGE_BY_US;
    version->side = w->record->side;
    version->parent = w->was;
    return version;
}

/* What arrived is the source's value as both can hold it: if that is less, it is a value of its own from here on. So is an older
 * one that takes the place of what had replaced it: to other mappings it is what was done last (S2.8). */
static judge_version_t *arrived(write_t *w)
{
    int is_older = w->source != w->was && judge_is_known(w->j, w->source, w->was);
    judge_version_t *copy;

    if (judge_same(w->source->value, w->value) && !is_older) {
        judge_supersede(w->j, w->source, w->was);
        return w->source;
    }
    copy = apr_pmemdup(w->j->p, w->source, sizeof(*copy));
    copy->value = w->value;
    copy->parent = is_older ? w->was : w->source;
    copy->over = copy->joins = NULL;
    judge_join(w->j, copy, w->source);
    judge_supersede(w->j, copy, w->was);
    return copy;
}

/* ---- the verdict ---- */

static void count(judge_figures_t *figures, const write_t *w)
{
    figures->outcomes++;
    figures->certain += w->grade == GRADE_CERTAIN;
    figures->residual += w->grade == GRADE_RESIDUAL;
    figures->conflicts += w->grade >= GRADE_ALLOWED && w->lossy;
}

/* S7.4: of a set the whole field is exposed: people changed a member after we had read the page, and what we sent has it as it was, whoever
 * else shows it (37149: a field that does not lead there). */
static int undoes_unseen(write_t *w, const judge_cell_t *cell)
{
    judge_version_t *read = judge_then(cell, w->gap.read);

    if (!w->member || !w->j->has_pages[w->record->side] || w->since <= w->gap.read) {
        return 0;
    }
    if (!judge_same(read->value, w->value)) {
        read = judge_then(cell, w->gap.heard);
    }
    if (!judge_same(read->value, w->value)) {
        return 0;
    }
    w->source = read;
    w->grade = GRADE_RESIDUAL;
    return 1;
}

/* S5.5: a person commanded something. What an undo puts back is what was agreed, as both sides can hold it. */
static int was_agreed_once(write_t *w, const judge_cell_t *cell)
{
    int m, i, index;

    for (m = 0; m < w->j->mappings->nelts && judge_was_commanded(w->j, w->effect, w->record); m++) {
        index = judge_find_field(w->j, m, w->record->side, w->field);
        for (i = 0; index >= 0 && i < cell->stays->nelts; i++) {
            const judge_field_t *field = &JUDGE_MAPPING(w->j, m)->fields[index];
            const char *value = APR_ARRAY_IDX(cell->stays, i, judge_stay_t).version->value;

            if (JUDGE_MAPPING(w->j, m)->place[w->record->side] == w->record->place &&
                judge_same(w->value, judge_common(w->j, field, value))) {
                return 1;
            }
        }
    }
    return 0;
}

/* S2.7: a row that comes back from its image under its former key comes beside the one that has had another key since: as that was when it
 * died. @return that; NULL: it is no such value */
static judge_version_t *from_image(write_t *w)
{
    int i, k;

    for (i = 0; w->record->made == w->effect->at && judge_is_restore(w->j, w->effect) &&
                i < w->j->all->nelts;
         i++) {
        judge_record_t *row = APR_ARRAY_IDX(w->j->all, i, judge_record_t *);

        if (row == w->record || row->side != w->record->side || row->place != w->record->place ||
            !judge_had_id(row, w->record->id) || !judge_same(row->mark, w->record->mark)) {
            continue;
        }
        for (k = row->deaths->nelts - 1; k >= 0; k--) {
            judge_version_t *then = judge_then(judge_cell(w->j, row, w->field, w->member),
                                               APR_ARRAY_IDX(row->deaths, k, judge_death_t).from);

            if (judge_same(then->value, w->value)) {
                return then;
            }
        }
    }
    return NULL;
}

/* S5.4: a column that fits, though it is another, has values of its own. */
static int is_of_another_type(write_t *w)
{
    int m;

    for (m = 0; m < w->j->mappings->nelts; m++) {
        int index = judge_find_field(w->j, m, w->record->side, w->field);

        if (index >= 0 && JUDGE_MAPPING(w->j, m)->place[w->record->side] == w->record->place &&
            judge_was_other(w->j, m, index, w->gap.read - JUDGE_ON_ITS_WAY, w->effect->at)) {
            return 1;
        }
    }
    return 0;
}

static void settle_without_source(write_t *w)
{
    judge_cell_t *cell = judge_cell(w->j, w->record, w->field, w->member);

    if (undoes_unseen(w, cell)) {
        return;
    }
    if (w->record->refilled == w->effect->at && judge_same(w->value, w->was->value)) {
        w->source = w->was; /* from the image of the row as it was */
        return;
    }
    w->source = from_image(w);
    if (w->source) {
        w->grade = GRADE_ALLOWED;
        return;
    }
    w->source = version_by_us(w);
    if (((judge_was_commanded(w->j, w->effect, w->record) || w->record->deaths->nelts) &&
         had_value(cell, w->value)) ||
        was_agreed_once(w, cell) || is_new_name(w) ||
        was_schema_changed(w->j, w->effect, w->field, is_of_type) || is_of_another_type(w)) {
        w->grade = GRADE_ALLOWED;
        return;
    }
    if (w->grade == GRADE_WRONG) {
        return;
    }
    judge_blame(w->j, "S6.3", w->effect->number, "we wrote a value that nobody gave: %s = '%s'",
                w->field, w->value ? w->value : "null");
}

/* S2.7: a row comes back from an image, and the store that knows of it is an older copy, which was told nothing of a later life of that row
 * (68060): what it held then was deleted with it, and is not overwritten. */
static int died_unknown(const write_t *w)
{
    return w->record->refilled == w->effect->at && judge_forgot(w->j, w->was->at, w->effect->at);
}

void judge_set_by_us(judge_t *j, const history_item_t *effect, judge_record_t *record,
                     const char *field, const char *member, const char *after)
{
    judge_cell_t *cell = effect->at == record->made
                             ? judge_cell_made(j, record, field, member, after)
                             : judge_cell(j, record, field, member);
    write_t w = {
        .j = j, .effect = effect, .record = record, .field = field, .member = member, .value = after
    };
    int loss;

    w.was = judge_now(cell);
    w.since = APR_ARRAY_IDX(cell->stays, cell->stays->nelts - 1, judge_stay_t).from;
    if (judge_same(w.was->value, after)) {
        return;
    }
    w.outcome = (judge_outcome_t){ effect, record, field, after, w.was };
    w.gap = judge_gap(j, effect);
    try_mappings(&w);
    if (w.likeliest) {
        w.source = w.likeliest;
        w.lossy = w.best_lossy;
    }
    if (w.grade == GRADE_WRONG && was_schema_changed(j, effect, field, is_of_choices)) {
        w.grade = GRADE_ALLOWED;
    }
    if (w.grade < GRADE_RESIDUAL) {
        judge_version_t *taken = judge_taken_for(j, effect, record, field, member, after);

        if (taken) {
            grade(&w, GRADE_ALLOWED, taken, 1, NULL, NULL);
        }
    }
    if (w.grade == GRADE_WRONG && !undoes_unseen(&w, cell) &&
        !judge_was_commanded(j, effect, record)) {
        judge_blame(j, w.rule, effect->number, "%s: '%s' was replaced by '%s': %s", field,
                    w.was->value ? w.was->value : "null", after ? after : "null", w.why);
    }
    if (w.grade == GRADE_NONE) {
        settle_without_source(&w);
    }
    count(&j->figures, &w);
    loss = w.lossy && w.grade >= GRADE_ALLOWED && w.was->origin == JUDGE_BY_PERSON &&
           !w.was->lost && !died_unknown(&w);
    if (loss) {
        w.was->lost = 1;
        j->figures.losses++;
    }
    if (!judge_forgot(j, w.gap.sent, j->phases->end) &&
        !was_schema_changed(j, effect, field, is_of_type)) {
        judge_look_into_audit(j, &w.outcome, loss);
    }
    if (w.was->origin == JUDGE_BY_NOBODY) {
        judge_join(j, w.was, w.source); /* all partners agree on nothing before it */
    }
    judge_put(cell, arrived(&w), effect);
}
