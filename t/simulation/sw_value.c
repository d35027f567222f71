/* sw_value.c - values: what people type, and how what a service holds is spelled in the history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "simulation/sw.h"

#define SET_MAX 16

const sw_field_t sw_fields[SW_FIELDS] = {
    { "Mark", "rich_text", "mark", JUDGE_TEXT },   { "Name", "title", "name", JUDGE_TEXT },
    { "Notes", "rich_text", "notes", JUDGE_TEXT }, { "Amount", "number", "amount", JUDGE_NUMBER },
    { "Stage", "select", "stage", JUDGE_OPTION },  { "Tags", "multi_select", "tags", JUDGE_SET },
    { "Due", "date", "due", JUDGE_DATE },          { "Met", "date", "met", JUDGE_TIME },
    { "Done", "checkbox", "done", JUDGE_BOOLEAN }, { "Code", "rich_text", "code", JUDGE_TEXT },
    { "Mail", "email", "mail", JUDGE_TEXT },       { "Remark", "rich_text", "remark", JUDGE_TEXT },
};

static const char *const stages[] = { "Lead", "Won", "Lost", "On hold", "Neu & alt" };
const char *const sw_status_choices[] = {
    SW_STATUS_DEFAULT, "Lead", "Won", "Lost", "On hold", NULL
};
static const char *const tags[] = { "red", "green", "blue", "Über", "x y", "6" };

int sw_same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

const char *sw_mark_of(apr_int64_t number, apr_pool_t *p)
{
    return apr_psprintf(p, "r%" APR_INT64_T_FMT, number);
}

/* Some differ only in case or in blanks at an end, some hold what SQL and JSON have to write differently. */
const char *sw_key_of(apr_int64_t code, apr_pool_t *p)
{
    static const struct {
        const char *before, *after;
    } forms[] = { { "k", "" },   { "k", "" },           { "K", "" },       { "k", " " },
                  { "K", "  " }, { "\xc3\xa9'", "\"" }, { "a/b,", "%\\" }, { " k", "  " } };

    code = code < 0 ? -code : code;
    return apr_psprintf(p, "%s%d%s", forms[code / 9 % 8].before, (int)(code % 9),
                        forms[code / 9 % 8].after);
}

static const char *long_text(apr_int64_t code, apr_pool_t *p)
{
    int words =
        50 + (int)(code % 7) * 70; /* up to 2,800 characters: more than one rich text item */
    char *text = apr_palloc(p, (apr_size_t)words * 6 + 32);
    char *at = text + apr_snprintf(text, 32, "long %" APR_INT64_T_FMT, code);
    int i;

    for (i = 0; i < words; i++) {
        memcpy(at, " word", 5);
        at[5] = (char)('a' + i % 26);
        at += 6;
    }
    *at = '\0';
    return text;
}

static const char *text_of(apr_int64_t code, apr_pool_t *p)
{
    switch (code % 16) {
    case 10:
        return apr_psprintf(p, "%" APR_INT64_T_FMT " has ends  ", code);
    case 11:
        return NULL;
    case 12:
        return apr_psprintf(p, "\xc3\xa9\xf0\x9f\x99\x82 %" APR_INT64_T_FMT, code);
    case 13:
        return apr_psprintf(p, "**v%" APR_INT64_T_FMT "** <b>&\"'\\", code);
    case 14:
        return code % 5 ? apr_psprintf(p, "  %" APR_INT64_T_FMT, code) : long_text(code, p);
    case 15:
        return apr_psprintf(p, "line %" APR_INT64_T_FMT "\nbreak", code);
    default:
        return apr_psprintf(p, "v%" APR_INT64_T_FMT, code);
    }
}

const char *sw_number_text(double number, apr_pool_t *p)
{
    char text[64];
    int digits;
    char *at;

    if (number == 0) {
        return "0";
    }
    for (digits = 1; digits < 17; digits++) {
        snprintf(text, sizeof(text), "%.*e", digits - 1, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    for (digits = 0; digits < 20; digits++) {
        snprintf(text, sizeof(text), "%.*f", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    at = strchr(text, '.');
    if (at) {
        char *last = text + strlen(text) - 1;

        while (*last == '0') {
            *last-- = '\0';
        }
        if (last == at) {
            *last = '\0';
        }
    }
    return apr_pstrdup(p, text);
}

static const char *number_of(apr_int64_t code, apr_pool_t *p)
{
    double n = (double)(code % 1000);

    switch (code % 12) {
    case 6:
        return sw_number_text(n + 0.5, p);
    case 7:
        return sw_number_text(-n * 7, p);
    case 8:
        return sw_number_text(n + 0.25, p);
    case 9:
        return code % 5 ? sw_number_text(n / 8, p) : "123456789012345";
    case 10:
        return code % 3 ? NULL : "0";
    case 11:
        return sw_number_text(n * 1e6 + 0.1, p);
    default:
        return sw_number_text(n, p);
    }
}

static const char *day_of(apr_int64_t code, apr_pool_t *p)
{
    return apr_psprintf(p, "2026-%02d-%02d", (int)(1 + code % 12), (int)(1 + code / 12 % 28));
}

static const char *instant_of(apr_int64_t code, int later, apr_pool_t *p)
{
    return apr_psprintf(p, "%sT%02d:%02d:00.000Z", day_of(code, p), (int)(code % 23) + later,
                        (int)(code % 60));
}

/* Of a date property people make what they like. */
static const char *span_of(apr_int64_t code, int mostly_days, apr_pool_t *p)
{
    int kind = (int)(code / 7 % 8);
    int is_day = kind < 6 ? mostly_days : !mostly_days;

    if (kind % 2 == 0 || kind == 1) {
        return is_day ? day_of(code, p) : instant_of(code, 0, p);
    }
    return is_day ? apr_pstrcat(p, day_of(code, p), "/2026-12-30", NULL)
                  : apr_pstrcat(p, instant_of(code, 0, p), "/", instant_of(code, 1, p), NULL);
}

static const char *set_of(apr_int64_t code, apr_pool_t *p)
{
    const char *set = NULL;
    int i;

    for (i = 0; i < 6; i++) {
        if (code >> i & 1) {
            set = sw_set_with(set, tags[i], 1, p);
        }
    }
    return set;
}

const char *sw_value_of(sw_field_id_t field, apr_int64_t code, apr_pool_t *p)
{
    code = code < 0 ? -code : code;
    switch (field) {
    case SW_MARK:
        return sw_mark_of(code, p);
    case SW_AMOUNT:
        return number_of(code, p);
    case SW_STAGE:
        return code % 7 == 6 ? NULL : stages[code % 5];
    case SW_TAGS:
        return set_of(code, p);
    case SW_DUE:
        if (code % 9 != 8 && sw_world(sm_the)->has_ranges) {
            return span_of(code, 1, p);
        }
        return code % 9 == 8 ? NULL : day_of(code, p);
    case SW_MET:
        if (code % 9 != 8 && sw_world(sm_the)->has_ranges) {
            return span_of(code, 0, p);
        }
        return code % 9 == 8 ? NULL
                             : apr_psprintf(p, "%sT%02d:%02d:00.000Z", day_of(code, p),
                                            (int)(code % 24), (int)(code % 60));
    case SW_DONE:
        return code & 1 ? "true" : "false";
    case SW_CODE:
        return code % 10 == 9 ? NULL : apr_psprintf(p, "U%" APR_INT64_T_FMT, code % 12);
    case SW_MAIL:
        return code % 10 == 9 ? NULL : apr_psprintf(p, "p%" APR_INT64_T_FMT "@example.org", code);
    default:
        return text_of(code, p);
    }
}

static const char *one_date(const char *date, apr_pool_t *p)
{
    sim_date_t d;
    char *copy = apr_pstrdup(p, date);
    sim_ms_t ms;
    apr_time_exp_t e;

    if (strlen(copy) > 10 && copy[10] == ' ') {
        copy[10] = 'T';
    }
    if (!sim_date_parse(&d, copy)) {
        return apr_pstrcat(p, "?", date, NULL);
    }
    if (!d.has_time) {
        return copy;
    }
    ms = d.utc_ms;
    apr_time_exp_gmt(&e, ms * 1000);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", e.tm_year + 1900, e.tm_mon + 1,
                        e.tm_mday, e.tm_hour, e.tm_min, e.tm_sec, (int)(ms % 1000));
}

const char *sw_date_text(const char *date, apr_pool_t *p)
{
    const char *slash = strchr(date, '/');

    return slash ? apr_pstrcat(p, one_date(apr_pstrmemdup(p, date, (apr_size_t)(slash - date)), p),
                               "/", one_date(slash + 1, p), NULL)
                 : one_date(date, p);
}

const char *sw_date_east(const char *instant, int minutes, apr_pool_t *p)
{
    apr_time_exp_t e;
    sim_date_t d;

    if (!sim_date_parse(&d, instant) || !d.has_time) {
        return instant;
    }
    apr_time_exp_gmt(&e, (d.utc_ms + (apr_int64_t)minutes * 60000) * 1000);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d+%02d:%02d", e.tm_year + 1900,
                        e.tm_mon + 1, e.tm_mday, e.tm_hour, e.tm_min, e.tm_sec, minutes / 60,
                        minutes % 60);
}

int sw_set_members(const char ***members, const char *set, apr_pool_t *p)
{
    const char **list = apr_palloc(p, SET_MAX * sizeof(*list));
    char *copy = set ? apr_pstrdup(p, set) : NULL;
    char *state = NULL;
    char *word;
    int n = 0;

    for (word = copy ? apr_strtok(copy, HISTORY_MEMBER, &state) : NULL; word && n < SET_MAX;
         word = apr_strtok(NULL, HISTORY_MEMBER, &state)) {
        list[n++] = word;
    }
    *members = list;
    return n;
}

const char *sw_set_with(const char *set, const char *member, int present, apr_pool_t *p)
{
    const char **members;
    int n = sw_set_members(&members, set, p);
    const char *out = NULL;
    int placed = !present;
    int i;

    for (i = 0; i <= n; i++) {
        if (!placed && (i == n || strcmp(members[i], member) > 0)) {
            out = out ? apr_pstrcat(p, out, HISTORY_MEMBER, member, NULL) : member;
            placed = 1;
        }
        if (i < n && strcmp(members[i], member) != 0) {
            out = out ? apr_pstrcat(p, out, HISTORY_MEMBER, members[i], NULL) : members[i];
        }
    }
    return out;
}

const char *sw_set_text(const char *text, int csv, apr_pool_t *p)
{
    const char *set = NULL;
    json_object *o;
    int err;
    size_t i;

    if (csv) {
        char *copy = apr_pstrdup(p, text);
        char *state = NULL;
        char *word;

        for (word = apr_strtok(copy, ",", &state); word; word = apr_strtok(NULL, ",", &state)) {
            set = sw_set_with(set, word, 1, p);
        }
        return set;
    }
    o = sim_parse(text, strlen(text), &err);
    if (!sim_is(o, json_type_array)) {
        json_object_put(o);
        return *text ? apr_pstrcat(p, "?", text, NULL) : NULL;
    }
    for (i = 0; i < json_object_array_length(o); i++) {
        set = sw_set_with(
            set, apr_pstrdup(p, json_object_get_string(json_object_array_get_idx(o, i))), 1, p);
    }
    json_object_put(o);
    return set;
}

const char *sw_value_edited(sw_field_id_t field, int how, apr_int64_t code, const char *now,
                            const char *before, apr_pool_t *p)
{
    switch (how) {
    case SW_BACK:
        return before;
    case SW_CLEAR:
        return field == SW_DONE ? "false" : NULL;
    case SW_ADD:
    case SW_REMOVE:
        if (field == SW_TAGS) {
            return sw_set_with(now, tags[(code < 0 ? -code : code) % 6], how == SW_ADD, p);
        }
        return sw_value_of(field, code, p);
    case SW_TYPE:
    default:
        return sw_value_of(field, code, p);
    }
}
