/* judge_contest.c - does something on each side keep undoing what the other side brings (S2.10)? By what both showed, and when. */
#include "simulation/judge_impl.h"

/* What answers our write within this is an answer to it; later it is an edit like any other. */
#define ANSWERED_WITHIN apr_time_from_sec(180)
#define UNDONE_IN_A_ROW 4
#define ALTERED_IN_A_ROW 20

typedef struct contest_t {
    judge_t *j;
    const judge_field_t *field;
    const judge_stay_t *ours; /* our last write, if nothing but an answer to it came since */
    const char *replaced;     /* what stood there before */
    const char *now[2];       /* what both sides show */
    const char *held[2];      /* what they showed when it had gone on for long enough, last */
    int side;                 /* where */
    int answers, undone;      /* in a row */
    int is_held;
} contest_t;

static int is_ours(judge_t *j, const judge_stay_t *stay)
{
    return stay->item >= 0 && history_item(j->history, stay->item)->kind == HISTORY_EFFECT;
}

static int is_long_enough(const contest_t *contest)
{
    return contest->undone >= UNDONE_IN_A_ROW || contest->answers >= ALTERED_IN_A_ROW;
}

/* S2.9: what is held stays so while, or when again, both sides show what they showed then. */
static int shows_what_was_held(const contest_t *contest)
{
    return contest->is_held &&
           judge_alike(contest->j, contest->field, contest->now[0], contest->held[0]) &&
           judge_alike(contest->j, contest->field, contest->now[1], contest->held[1]);
}

/* A write of ours on the side that we wrote last, with nothing between, is another mapping's: an answer like any other. */
static void go_on(contest_t *contest, int side, const judge_stay_t *stay, const char *before)
{
    int ours = is_ours(contest->j, stay);

    contest->now[side] = stay->version->value;
    if (!ours || (contest->ours && contest->side == side)) {
        if (contest->ours && contest->side == side &&
            stay->from <= contest->ours->from + ANSWERED_WITHIN) {
            contest->answers++;
            contest->undone =
                judge_alike(contest->j, contest->field, stay->version->value, contest->replaced)
                    ? contest->undone + 1
                    : 0;
            if (is_long_enough(contest)) {
                contest->is_held = 1;
                contest->held[0] = contest->now[0];
                contest->held[1] = contest->now[1];
            }
        }
        else {
            contest->answers = contest->undone = 0;
        }
    }
    if (ours) {
        contest->ours = stay;
        contest->side = side;
        contest->replaced = before;
    }
}

static const judge_stay_t *stay_at(const judge_cell_t *cell, int i)
{
    return i < cell->stays->nelts ? &APR_ARRAY_IDX(cell->stays, i, judge_stay_t) : NULL;
}

/* What a person put there and a trigger took back at once nobody saw (seed 13266). */
static int is_blink(const contest_t *contest, const judge_cell_t *cell, int i)
{
    const judge_stay_t *put = stay_at(cell, i), *back = stay_at(cell, i + 1);

    return put && back && !is_ours(contest->j, put) && put->from == back->from &&
           judge_alike(contest->j, contest->field, back->version->value, put[-1].version->value);
}

/* Nor what another mapping wrote and the service altered at once: what became of that is the answer (seed 81252). */
static int is_altered_answer(const contest_t *contest, int side, const judge_cell_t *cell, int i)
{
    const judge_stay_t *put = stay_at(cell, i), *altered = stay_at(cell, i + 1);

    return put && altered && contest->ours && contest->side == side && is_ours(contest->j, put) &&
           !is_ours(contest->j, altered) && put->from == altered->from;
}

/* Both cells' stays in the order of the history; what a field began with answers nothing. */
int judge_is_fought_over(judge_t *j, const judge_field_t *field, judge_record_t *a,
                         judge_record_t *b)
{
    contest_t contest = { .j = j, .field = field };
    const judge_stay_t *mine, *theirs;
    const judge_cell_t *my_cell, *their_cell;
    int m = 1, t = 1;

    if (!field || !b || !field->name[0] || !field->name[1] || field->sort == JUDGE_SET) {
        return 0;
    }
    my_cell = judge_cell(j, a, field->name[a->side], NULL);
    their_cell = judge_cell(j, b, field->name[b->side], NULL);
    mine = stay_at(my_cell, 0);
    theirs = stay_at(their_cell, 0);
    contest.now[a->side] = mine ? mine->version->value : NULL;
    contest.now[b->side] = theirs ? theirs->version->value : NULL;
    for (mine = stay_at(my_cell, m), theirs = stay_at(their_cell, t); mine || theirs;) {
        int is_mine = mine && (!theirs || mine->item < theirs->item);

        if (is_blink(&contest, my_cell, m)) {
            mine = stay_at(my_cell, m += 2);
        }
        else if (is_blink(&contest, their_cell, t)) {
            theirs = stay_at(their_cell, t += 2);
        }
        else if (is_mine && is_altered_answer(&contest, a->side, my_cell, m)) {
            mine = stay_at(my_cell, ++m);
        }
        else if (!is_mine && is_altered_answer(&contest, b->side, their_cell, t)) {
            theirs = stay_at(their_cell, ++t);
        }
        else if (is_mine) {
            go_on(&contest, a->side, mine, mine[-1].version->value);
            mine = stay_at(my_cell, ++m);
        }
        else {
            go_on(&contest, b->side, theirs, theirs[-1].version->value);
            theirs = stay_at(their_cell, ++t);
        }
    }
    return is_long_enough(&contest) || shows_what_was_held(&contest);
}
