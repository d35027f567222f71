/* judge_value.c - what both sides of a pair can hold, worked out from the words of the rules alone (S1). */
#include <stdlib.h>
#include <string.h>

#include "simulation/judge_impl.h"

int judge_same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* Half away from zero, on the digits: no binary fraction ever sees them. */
static const char *rounded(const char *number, int scale, apr_pool_t *p)
{
    const char *dot = strchr(number, '.');
    apr_size_t keep;
    char *out, *c;
    int up;

    if (!dot || (int)strlen(dot + 1) <= scale) {
        return number;
    }
    keep = (apr_size_t)(dot - number) + (scale ? (apr_size_t)scale + 1 : 0);
    up = dot[scale + 1] >= '5';
    out = apr_pstrcat(p, "0", number[0] == '-' ? number + 1 : number, NULL);
    keep += number[0] == '-' ? 0 : 1;
    out[keep] = '\0';
    for (c = out + keep - 1; up && c >= out; c--) {
        if (*c == '.') {
            continue;
        }
        up = *c == '9';
        *c = up ? '0' : (char)(*c + 1);
    }
    if (strchr(out, '.')) {
        for (c = out + strlen(out) - 1; *c == '0' || *c == '.'; c--) {
            int was_dot = *c == '.';

            *c = '\0';
            if (was_dot) {
                break;
            }
        }
    }
    for (c = out; *c == '0' && c[1] && c[1] != '.'; c++) {
    }
    return number[0] == '-' && strcmp(c, "0") ? apr_pstrcat(p, "-", c, NULL) : c;
}

static apr_size_t characters(const char *text, apr_size_t most, const char **end)
{
    apr_size_t n = 0;

    while (*text && n < most) {
        text++;
        while ((*text & 0xc0) == 0x80) {
            text++;
        }
        n++;
    }
    *end = text;
    return n;
}

#define IN_UTC "+00:00" /* as Notion writes "Z" in a text that it makes of a date (63644) */

/* Instants with as many digits behind the second as they need; of a range both. */
static const char *without_zeros(const char *times, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(times) + 1), *end = out;
    int fraction = 0, is_utc;

    for (; *times; times++) {
        if (fraction && (*times < '0' || *times > '9')) {
            while (end[-1] == '0') {
                end--;
            }
            end -= end[-1] == '.';
            fraction = 0;
        }
        fraction |= *times == '.';
        is_utc = !strncmp(times, IN_UTC, sizeof(IN_UTC) - 1);
        *end++ = is_utc ? 'Z' : *times;
        times += is_utc ? sizeof(IN_UTC) - 2 : 0;
    }
    *end = '\0';
    return out;
}

static const char *held(judge_t *j, const judge_field_t *field, const char *value, int cut)
{
    const char *end;

    if (!value) {
        return field->sort == JUDGE_BOOLEAN ? history_text(j->history, "false")
                                            : NULL; /* a checkbox has no third state */
    }
    switch (field->sort) {
    case JUDGE_TEXT:
        if (field->no_empty && !*value) {
            return NULL;
        }
        if (cut && field->length && field->lossy &&
            characters(value, (apr_size_t)field->length, &end) && *end) {
            value = apr_pstrmemdup(j->p, value, (apr_size_t)(end - value));
        }
        break;
    case JUDGE_NUMBER:
        if (cut && field->scale >= 0 && field->lossy) {
            value = rounded(value, field->scale, j->p);
        }
        break;
    case JUDGE_SET:
        value = *value ? value : NULL;
        break;
    case JUDGE_DATE:
    case JUDGE_TIME:
        value = without_zeros(value, j->p);
        break;
    case JUDGE_BOOLEAN:
    case JUDGE_OPTION:
    case JUDGE_OTHER:
        break;
    }
    return value ? history_text(j->history, value) : NULL;
}

const char *judge_common(judge_t *j, const judge_field_t *field, const char *value)
{
    return held(j, field, value, 1);
}

const char *judge_whole(judge_t *j, const judge_field_t *field, const char *value)
{
    return held(j, field, value, 0);
}

int judge_alike(judge_t *j, const judge_field_t *field, const char *a, const char *b)
{
    return judge_same(a, b) ||
           (field->lossy && judge_same(judge_common(j, field, a), judge_common(j, field, b)));
}

static int digits_before(const char *number)
{
    return (int)strcspn(number[0] == '-' ? number + 1 : number, ".");
}

static int digits_behind(const char *number)
{
    const char *dot = strchr(number, '.');

    return dot ? (int)strlen(dot + 1) : 0;
}

#define DAY_LENGTH 10 /* of "2026-01-31" */

static int is_choice(const judge_field_t *field, const char *value)
{
    int i;

    for (i = 0; field->choices[i] && strcmp(field->choices[i], value) != 0; i++) {
    }
    return field->choices[i] != NULL;
}

int judge_fits(const judge_field_t *field, const char *value)
{
    if (!value) {
        return 1;
    }
    if (value[0] == '?' ||
        (field->sort == JUDGE_OPTION && field->choices && !is_choice(field, value))) {
        return 0;
    }
    if (field->days || field->instants) {
        return !strchr(value, '/') && (strlen(value) == DAY_LENGTH) == field->days;
    }
    if (field->sort == JUDGE_NUMBER && field->scale >= 0) {
        return digits_behind(value) <= field->scale &&
               (!field->digits || digits_before(value) <= field->digits);
    }
    return !(field->sort == JUDGE_TEXT && field->length && strlen(value) > (size_t)field->length);
}

int judge_can_be_agreed(const judge_field_t *field, const char *value)
{
    return field->lossy || judge_fits(field, value);
}

int judge_is_unfit(judge_t *j, const judge_field_t *field, judge_record_t *a, judge_record_t *b)
{
    judge_record_t *both[2];
    int i;

    if (!field || field->sort == JUDGE_SET) {
        return 0;
    }
    both[0] = a;
    both[1] = b;
    for (i = 0; i < 2; i++) {
        if (both[i] && field->name[both[i]->side] &&
            !judge_fits(
                field,
                judge_now(judge_cell(j, both[i], field->name[both[i]->side], NULL))->value)) {
            return 1;
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int judge_members(const char *set, const char *members[], int room, apr_pool_t *p)
{
    char *copy, *member, *rest = NULL;
    int n = 0;

    if (!set) {
        return 0;
    }
    copy = apr_pstrdup(p, set);
    for (member = apr_strtok(copy, HISTORY_MEMBER, &rest); member && n < room;
         member = apr_strtok(NULL, HISTORY_MEMBER, &rest)) {
        members[n++] = member;
    }
    qsort(members, (size_t)n, sizeof(*members), by_name);
    return n;
}
