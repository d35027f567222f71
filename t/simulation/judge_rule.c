/* judge_rule.c - of two values that were made without knowing each other, may this one win (S2.5, S2.6)? And is what the other side shows
 * an edit at all (S2.1)?
 */
#include "simulation/judge_impl.h"

typedef struct duel_t {
    judge_t *j;
    int side; /* where the winner stands */
    const judge_version_t *winner, *loser;
    apr_time_t
        arrived; /* the winner, there: another mapping may have brought it, or people have given it once more, long after it was made */
    const judge_mapping_t *mapping;
} duel_t;

/* S2.5: may the winner's edit count as the later, or as simultaneous and the tie be its? */
static int may_be_later(const duel_t *duel)
{
    if (duel->mapping->tie == duel->side) {
        return 1;
    }
    return duel->arrived + duel->j->phases->skew >
           (duel->loser->first ? duel->loser->first : duel->loser->at) + duel->mapping->grace;
}

static int rule_lets_win(const judge_field_t *field, const void *baton)
{
    const duel_t *duel = baton;

    switch (field->rule) {
    case JUDGE_LAST_WRITE:
        return may_be_later(duel);
    case JUDGE_NOTION_WINS:
        return duel->side == HISTORY_NOTION;
    case JUDGE_EXTERNAL_WINS:
        return duel->side == HISTORY_EXTERNAL;
    case JUDGE_HOLD:
        break;
    }
    return 0;
}

/* S2.6 */
static int initial_lets_win(const judge_field_t *field, const void *baton)
{
    const duel_t *duel = baton;

    return !duel->loser->value ||
           (field->initial == JUDGE_INITIAL_NOTION && duel->side == HISTORY_NOTION) ||
           (field->initial == JUDGE_INITIAL_EXTERNAL && duel->side == HISTORY_EXTERNAL);
}

/* Was it not configured at any time from @a from to @a to? */
static int was_absent(judge_t *j, int mapping, int field, apr_time_t from, apr_time_t to)
{
    int i;

    if (!judge_field_at(j, mapping, field, from)) {
        return 1;
    }
    for (i = 0; i < j->changes->nelts; i++) {
        const judge_field_change_t *change = &APR_ARRAY_IDX(j->changes, i, judge_field_change_t);

        if (change->mapping == mapping && change->field == field && change->now.absent &&
            change->at > from && change->at <= to) {
            return 1;
        }
    }
    return 0;
}

typedef struct agreed_t {
    const judge_contest_t *contest;
    const judge_field_t *field;
    const judge_version_t *winner, *loser;
    apr_time_t at;
    int is_uncertain; /* one of which nobody knew whether it had arrived (S3.7) was passed */
} agreed_t;

/* Here it was given, and not in a third place. */
static int was_given(const judge_cell_t *cell, const judge_version_t *version)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        if (stay->version == version && stay->item == version->item) {
            return 1;
        }
    }
    return 0;
}

static int was_on_both(const judge_contest_t *c, const judge_version_t *version)
{
    return judge_was_shown(c->cell[HISTORY_NOTION], version) &&
           judge_was_shown(c->cell[HISTORY_EXTERNAL], version);
}

/* It stood opposite an equal one of the other side. */
static int had_equal(const judge_contest_t *c, const judge_version_t *version)
{
    int i, s;

    for (i = 0; version->joins && i < version->joins->nelts; i++) {
        for (s = 0; s < HISTORY_SIDES; s++) {
            if (judge_was_shown(c->cell[s], version) &&
                judge_was_shown(c->cell[!s], APR_ARRAY_IDX(version->joins, i, judge_version_t *))) {
                return 1;
            }
        }
    }
    return 0;
}

/* What may have been agreed on, whatever became of a write. */
static judge_climb_t look_for_sure(judge_t *j, const judge_version_t *version, void *baton)
{
    const judge_contest_t *c = baton;

    return !judge_came_uncertainly_to(j, c->cell, version) &&
                   (was_on_both(c, version) || had_equal(c, version))
               ? JUDGE_FOUND
               : JUDGE_ON;
}

/* S3.7: the first value that we brought to the page; whether it arrived nobody knew, nor saw it there when that could be told. It is
 * the only one that may have been on both sides. */
static int was_never_seen_in(const judge_contest_t *c, const judge_cell_t *cell,
                             const judge_version_t *base, apr_time_t at)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        const history_item_t *item =
            stay->item >= 0 ? history_item(c->j->history, stay->item) : NULL;
        apr_time_t to =
            i + 1 < cell->stays->nelts ? APR_ARRAY_IDX(cell->stays, i + 1, judge_stay_t).from : at;

        if (stay->version == base && item && item->kind == HISTORY_EFFECT) {
            return judge_is_uncertain(c->j, item) &&
                   !judge_was_judged(c->j, item->record, judge_gap(c->j, item).sent, to) &&
                   !judge_climb(c->j, base, look_for_sure, (judge_contest_t *)c);
        }
    }
    return 0;
}

static int was_never_seen(const judge_contest_t *c, const judge_version_t *base, apr_time_t at)
{
    return was_never_seen_in(c, c->cell[HISTORY_NOTION], base, at) ||
           was_never_seen_in(c, c->cell[HISTORY_EXTERNAL], base, at);
}

int judge_has_no_base(const judge_contest_t *c, const judge_version_t *base, apr_time_t at)
{
    return !base || was_absent(c->j, c->mapping, c->index, base->at - JUDGE_NEWS, at) ||
           judge_forgot(c->j, base->at, at) || was_never_seen(c, base, at);
}

/* What is known by way of a write of unknown fate only, and was never on both sides, is nothing they agreed on. */
static int was_agreed(judge_t *j, const agreed_t *agreed, const judge_version_t *version)
{
    return judge_is_known(j, version, agreed->winner) &&
           (!agreed->is_uncertain || was_on_both(agreed->contest, version));
}

static judge_climb_t look_for_agreed(judge_t *j, const judge_version_t *base, void *baton)
{
    agreed_t *agreed = baton;

    if (base == agreed->loser || !judge_may_be_known(j, base, agreed->winner)) {
        return JUDGE_ON;
    }
    if (judge_alike(j, agreed->field, base->value, agreed->loser->value)) {
        return JUDGE_FOUND;
    }
    if (judge_came_uncertainly_to(j, agreed->contest->cell, base)) {
        agreed->is_uncertain = 1;
        return JUDGE_ON;
    }
    return was_agreed(j, agreed, base) && !judge_went_back(j, base->at, agreed->at)
               ? JUDGE_ABOVE_NOT
               : JUDGE_ON;
}

int judge_shows_agreed(const judge_contest_t *c, const judge_version_t *winner,
                       const judge_version_t *loser, apr_time_t at)
{
    agreed_t agreed = {
        c, &JUDGE_MAPPING(c->j, c->mapping)->fields[c->index], winner, loser, at, 0
    };

    return judge_climb(c->j, loser, look_for_agreed, &agreed) != NULL;
}

static judge_climb_t look_for_base(judge_t *j, const judge_version_t *version, void *baton)
{
    return judge_may_be_known(j, version, baton) ? JUDGE_FOUND : JUDGE_ON;
}

static int may_have_base(judge_t *j, const judge_version_t *winner, const judge_version_t *loser)
{
    return judge_climb(j, loser, look_for_base, (judge_version_t *)winner) != NULL;
}

static apr_time_t arrived_at(const judge_cell_t *cell, const judge_version_t *version)
{
    apr_time_t at = version->at;
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        at = stay->version == version && stay->from > at ? stay->from : at;
    }
    return at;
}

/* S1: what an event names was changed so long before it is stamped, at most. */
#define NAMED_WITHIN apr_time_from_sec(60)

static int is_named(judge_t *j, const history_item_t *notice, const char *name)
{
    const char *names[16];
    int i, n = notice->field ? judge_members(notice->field, names, 16, j->p) : 0;

    for (i = 0; i < n && !judge_same(names[i], name); i++) {
    }
    return i < n;
}

/* Before @a at an event told of people's edit of this very property, to what it showed already: they gave it once more (92655). @return when;
 * @a arrived: not so */
static apr_time_t given_again(const judge_contest_t *c, int side, const judge_version_t *winner,
                              apr_time_t arrived, apr_time_t at)
{
    const char *name = JUDGE_MAPPING(c->j, c->mapping)->fields[c->index].name[side];
    const history_item_t *item =
        winner->item >= 0 ? history_item(c->j->history, winner->item) : NULL;
    const char *page = item && item->side == side ? item->record : NULL;
    int i;

    for (i = 0; page && i < history_count(c->j->history); i++) {
        const history_item_t *notice = history_item(c->j->history, i);

        if (notice->kind == HISTORY_NOTICE && notice->op == HISTORY_DELIVERED && notice->after &&
            notice->record == page && notice->at <= at && notice->sent - NAMED_WITHIN > arrived &&
            is_named(c->j, notice, name) && judge_then(c->cell[side], notice->sent) == winner) {
            arrived = notice->sent - NAMED_WITHIN;
        }
    }
    return arrived;
}

/* It, or an equal one that it may have been made of, stood on that side of the mapping. */
static int was_sent_by(const judge_contest_t *c, int side, const judge_version_t *version)
{
    const judge_field_t *field = &JUDGE_MAPPING(c->j, c->mapping)->fields[c->index];
    int i;

    for (i = 0; version->joins && i < version->joins->nelts; i++) {
        const judge_version_t *joined = APR_ARRAY_IDX(version->joins, i, judge_version_t *);

        if (judge_was_shown(c->cell[side], joined) &&
            judge_alike(c->j, field, joined->value, version->value)) {
            return 1; /* not that nobody had filled it in before (94479) */
        }
    }
    return judge_was_shown(c->cell[side], version);
}

/* S3.5: here what one side had sent was altered. To any other mapping that is an edit. */
static int is_rewrite(const judge_contest_t *c, const judge_version_t *version)
{
    return version->origin == JUDGE_BY_REWRITE && version->parent &&
           was_given(c->cell[version->side], version) &&
           was_sent_by(c, !version->side, version->parent);
}

/* S2.1: or people, or a trigger, put there again what it had been altered to, before anything else of it was on the other side: who looks
 * finds it as it was. */
static int stands_rewritten(const judge_contest_t *c, const judge_version_t *version)
{
    const judge_version_t *then = version;

    while (then && !is_rewrite(c, then) && !judge_was_shown(c->cell[!version->side], then)) {
        then = then->parent;
    }
    return then && is_rewrite(c, then) && judge_same(then->value, version->value);
}

/* Nobody filled it in in a third place that rules the field, from where we brought it here. */
static int is_empty_elsewhere(const judge_contest_t *c, const judge_version_t *version)
{
    int s;

    for (s = 0; s < HISTORY_SIDES; s++) {
        if (APR_ARRAY_IDX(c->cell[s]->stays, 0, judge_stay_t).version == version) {
            return 0;
        }
    }
    return version->origin == JUDGE_BY_NOBODY;
}

/* People gave it; or it was altered in a third place (seed 600087), or left empty there (45983), which here is an edit. */
static int is_edit_here(const judge_contest_t *c, const judge_version_t *version)
{
    const judge_cell_t *cell = c->cell[version->side];
    int i;

    for (i = 0; version->origin == JUDGE_BY_REWRITE && i < cell->stays->nelts; i++) {
        if (APR_ARRAY_IDX(cell->stays, i, judge_stay_t).item == version->item) {
            return 0;
        }
    }
    return version->origin == JUDGE_BY_PERSON || version->origin == JUDGE_BY_REWRITE ||
           is_empty_elsewhere(c, version);
}

int judge_may_win(const judge_contest_t *c, int side, const judge_version_t *winner,
                  const judge_version_t *loser, apr_time_t at)
{
    judge_t *j = c->j;
    const judge_version_t *base = judge_common_ancestor(j, winner, loser);
    duel_t duel = {
        j, side, winner, loser, arrived_at(c->cell[side], winner), JUDGE_MAPPING(j, c->mapping)
    };

    if (j->has_pages[side]) {
        duel.arrived = given_again(c, side, winner, duel.arrived, at);
    }
    if (judge_shows_agreed(c, winner, loser, at)) {
        return 1;
    }
    if (judge_has_no_base(c, base, at) &&
        judge_was_field(j, c->mapping, c->index, at, JUDGE_NEWS, initial_lets_win, &duel)) {
        return 1;
    }
    if (is_edit_here(c, loser) && is_rewrite(c, winner) &&
        !judge_forgot(j, winner->at, at)) { /* else nobody knows whose it is */
        return 0;
    }
    if ((is_edit_here(c, winner) || winner->origin == JUDGE_BY_TRIGGER) && /* of an edit (61271) */
        stands_rewritten(c, loser)) {
        return 1;
    }
    if (!base && !may_have_base(j, winner, loser)) {
        return 0;
    }
    return judge_was_field(j, c->mapping, c->index, at, JUDGE_NEWS, rule_lets_win, &duel);
}
