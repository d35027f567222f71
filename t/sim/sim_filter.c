/* Filters of a query: asking them of a page. */
#include <string.h>
#include <strings.h>

#include "sim_filter_private.h"

/* the thing compared, taken out of the page */
typedef struct subject_t {
    int empty;
    const char *text;
    double number;
    int flag;
    sim_ms_t ms;
    const sim_value_t *value;
    const sim_user_t *user;
} subject_t;

static void set_date(subject_t *s, const char *text)
{
    sim_date_t d;

    s->empty = !sim_date_parse(&d, text);
    s->ms = d.utc_ms;
}

/* a formula's or rollup's constant; text borrows from *keep, which the caller releases */
static void set_computed(subject_t *s, const sim_filter_t *n, json_object **keep)
{
    json_object *v;
    int err;

    *keep = sim_parse(sim_value_chars(s->value), strlen(sim_value_chars(s->value)), &err);
    if (!sim_member(*keep, n->computed, &v) || !v) {
        s->empty = 1;
    }
    else if (n->family == SIM_F_TEXT) {
        s->text = json_object_get_string(v);
    }
    else if (n->family == SIM_F_NUMBER) {
        sim_number(v, &s->number);
    }
    else if (n->family == SIM_F_BOOL) {
        s->flag = json_object_get_boolean(v);
    }
    else {
        set_date(s, sim_member_str(v, "start"));
    }
}

static void set_subject(subject_t *s, const sim_filter_t *n, const sim_page_t *p,
                        const sim_state_t *st, json_object **keep)
{
    sim_type_t type = n->timestamp == 1   ? SIM_T_CREATED_TIME
                      : n->timestamp == 2 ? SIM_T_LAST_EDITED_TIME
                                          : n->prop->type;

    memset(s, 0, sizeof(*s));
    s->value = n->prop ? sim_prop_value(n->prop, st) : NULL;
    s->text = "";
    s->empty = !s->value;
    switch (type) {
    case SIM_T_CREATED_TIME:
        s->empty = 0;
        s->ms = sim_time_floor(p->created_ms);
        break;
    case SIM_T_LAST_EDITED_TIME:
        s->empty = 0;
        s->ms = sim_time_floor(st->edited_ms);
        break;
    case SIM_T_CREATED_BY:
        s->empty = 0;
        s->user = p->created_by;
        break;
    case SIM_T_LAST_EDITED_BY:
        s->empty = 0;
        s->user = st->edited_by;
        break;
    case SIM_T_UNIQUE_ID:
        s->empty = 0;
        s->number = p->number;
        break;
    case SIM_T_NUMBER:
        s->number = s->value ? sim_value_as_number(s->value) : 0;
        break;
    case SIM_T_CHECKBOX:
        s->flag = sim_value_as_bool(s->value);
        break;
    case SIM_T_FORMULA:
    case SIM_T_ROLLUP:
        if (s->value) {
            set_computed(s, n, keep);
        }
        break;
    case SIM_T_DATE:
        if (s->value) {
            set_date(s, sim_value_chars(s->value));
        }
        break;
    default:
        if (sim_type_is_text(type)) {
            s->text = sim_value_chars(s->value);
        }
        break;
    }
}

static int text_matches(const sim_filter_t *n, const char *s)
{
    const char *x = n->texts[0];
    size_t len = strlen(s), xlen = strlen(x);

    switch (n->cond) {
    case SIM_C_EQUALS:
        return sim_text_same(s, x);
    case SIM_C_NOT_EQUALS:
        return !sim_text_same(s, x);
    case SIM_C_CONTAINS:
        return sim_text_has(s, x);
    case SIM_C_NOT_CONTAINS:
        return !sim_text_has(s, x);
    case SIM_C_STARTS:
        return strncasecmp(s, x, xlen) == 0;
    case SIM_C_ENDS:
        return len >= xlen && sim_text_same(s + len - xlen, x);
    default:
        return 0;
    }
}

static int number_matches(const sim_filter_t *n, const subject_t *s)
{
    if (n->cond == SIM_C_NOT_EQUALS) {
        return s->empty || s->number < n->number || s->number > n->number;
    }
    if (s->empty) {
        return 0;
    }
    switch (n->cond) {
    case SIM_C_EQUALS:
        return !(s->number < n->number) && !(s->number > n->number);
    case SIM_C_GT:
        return s->number > n->number;
    case SIM_C_LT:
        return s->number < n->number;
    case SIM_C_GE:
        return s->number >= n->number;
    case SIM_C_LE:
        return s->number <= n->number;
    default:
        return 0;
    }
}

static int date_matches(const sim_filter_t *n, const subject_t *s)
{
    if (s->empty) {
        return 0;
    }
    switch (n->cond) {
    case SIM_C_EQUALS:
        return s->ms >= n->lo && s->ms <= n->hi;
    case SIM_C_GT:
        return s->ms > n->hi;
    case SIM_C_LT:
        return s->ms < n->lo;
    case SIM_C_GE:
        return s->ms >= n->lo;
    case SIM_C_LE:
        return s->ms <= n->hi;
    default:
        return 0;
    }
}

static int any_option(const sim_filter_t *n, const sim_value_t *v)
{
    size_t i, k;

    for (i = 0; i < sim_value_count(v); i++) {
        for (k = 0; k < n->ntexts; k++) {
            const sim_option_t *o = sim_value_option(v, i);

            if (!o->removed &&
                (sim_text_same(o->name, n->texts[k]) || strcmp(o->id, n->texts[k]) == 0)) {
                return 1;
            }
        }
    }
    return 0;
}

static int verified_matches(const sim_filter_t *n, const subject_t *s)
{
    const char *is = s->empty                                           ? "none"
                     : strstr(sim_value_chars(s->value), "\"expired\"") ? "expired"
                                                                        : "verified";

    return (strcmp(is, n->texts[0]) == 0) == (n->cond == SIM_C_EQUALS);
}

static int leaf_matches(const sim_filter_t *n, const sim_page_t *p, const sim_state_t *st)
{
    json_object *keep = NULL;
    subject_t s;
    int hit, negative = n->cond == SIM_C_NOT_EQUALS || n->cond == SIM_C_NOT_CONTAINS;

    set_subject(&s, n, p, st, &keep);
    if (n->cond == SIM_C_EMPTY || n->cond == SIM_C_NOT_EMPTY) {
        hit = s.empty == (n->cond == SIM_C_EMPTY);
    }
    else {
        switch (n->family) {
        case SIM_F_TEXT:
            hit = text_matches(n, s.text);
            break;
        case SIM_F_NUMBER:
            hit = number_matches(n, &s);
            break;
        case SIM_F_BOOL:
            hit = (!s.flag == !n->flag) != negative;
            break;
        case SIM_F_DATE:
            hit = date_matches(n, &s);
            break;
        case SIM_F_OPTION:
        case SIM_F_OPTIONS:
            hit = any_option(n, s.value) != negative;
            break;
        case SIM_F_VERIFIED:
            hit = verified_matches(n, &s);
            break;
        case SIM_F_PEOPLE:
            hit = s.user ? sim_id_cmp(&s.user->id, &n->id) == 0 : sim_value_has_id(s.value, &n->id);
            hit = (hit && !n->nobody) != negative;
            break;
        default:
            hit = sim_value_has_id(s.value, &n->id) != negative;
            break;
        }
    }
    json_object_put(keep);
    return hit;
}

int sim_filter_match(const sim_filter_t *n, const sim_page_t *p, const sim_state_t *st)
{
    size_t i;

    if (!n) {
        return 1;
    }
    if (n->op == SIM_COND) {
        return leaf_matches(n, p, st);
    }
    for (i = 0; i < n->nkids; i++) {
        if (sim_filter_match(n->kids[i], p, st) == (n->op == SIM_OR)) {
            return n->op == SIM_OR;
        }
    }
    return n->op == SIM_AND;
}

void sim_filter_bounds(const sim_filter_t *n, int created, sim_ms_t *lo, sim_ms_t *hi)
{
    size_t i;

    if (n && n->op == SIM_AND) {
        for (i = 0; i < n->nkids; i++) {
            sim_filter_bounds(n->kids[i], created, lo, hi);
        }
        return;
    }
    if (!n || n->op != SIM_COND || n->timestamp != (created ? 1 : 2)) {
        return;
    }
    if ((n->cond == SIM_C_EQUALS || n->cond == SIM_C_GE) && n->lo > *lo) {
        *lo = n->lo;
    }
    if (n->cond == SIM_C_GT && n->hi > *lo) {
        *lo = n->hi;
    }
    if ((n->cond == SIM_C_EQUALS || n->cond == SIM_C_LE) && n->hi < *hi) {
        *hi = n->hi;
    }
    if (n->cond == SIM_C_LT && n->lo < *hi) {
        *hi = n->lo;
    }
}
