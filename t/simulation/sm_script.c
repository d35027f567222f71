/* sm_script.c - settings and actions, as data and as text. */
#include <stdlib.h>
#include <string.h>

#include "simulation/sm_script.h"

static sm_script_t *script_of(const sm_t *sm)
{
    return sm->kernel->script;
}

void sm_script_create(sm_t *sm, const char *text)
{
    sm_script_t *script = apr_pcalloc(sm->p, sizeof(*script));

    script->values = apr_array_make(sm->p, 32, sizeof(sm_value_t));
    script->fixed = apr_array_make(sm->p, 8, sizeof(sm_value_t));
    script->kinds = apr_array_make(sm->p, 64, sizeof(const sm_kind_t *));
    script->actions = apr_array_make(sm->p, 128, sizeof(sm_action_t *));
    script->given = text ? apr_pstrdup(sm->p, text) : NULL;
    sm->kernel->script = script;
}

apr_uint64_t sm_script_seed(const char *text)
{
    return strncmp(text, "seed ", 5) == 0 ? (apr_uint64_t)strtoull(text + 5, NULL, 10) : 0;
}

/* --- settings */

/* "set NAME " in the given text: what follows. */
static const char *find_given(const sm_script_t *script, const char *name)
{
    const char *line = script->given;
    apr_size_t len = strlen(name);

    while (line) {
        if (strncmp(line, "set ", 4) == 0 && strncmp(line + 4, name, len) == 0 &&
            line[4 + len] == ' ') {
            return line + 5 + len;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

static const char *always; /* "name=1,other=0": what --set says for all seeds */

void sm_script_set(const char *settings)
{
    always = settings;
}

/* What all seeds have, behind "name="; NULL: nothing is said of it. */
static const char *find_always(const char *name)
{
    const char *at = always;
    apr_size_t len = strlen(name);

    while (at && (strncmp(at, name, len) != 0 || at[len] != '=')) {
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
    return at ? at + len + 1 : NULL;
}

static const sm_value_t *find_value(const apr_array_header_t *values, const char *name)
{
    int i;

    for (i = values->nelts - 1; i >= 0; i--) {
        const sm_value_t *value = &APR_ARRAY_IDX(values, i, sm_value_t);

        if (strcmp(value->name, name) == 0) {
            return value;
        }
    }
    return NULL;
}

void sm_setting_fix(sm_t *sm, const char *name, apr_int64_t value)
{
    sm_value_t *fixed = apr_array_push(script_of(sm)->fixed);

    fixed->name = name;
    fixed->value = value;
}

apr_int64_t sm_setting(sm_t *sm, const char *name, apr_int64_t from, apr_int64_t to)
{
    sm_script_t *script = script_of(sm);
    const char *given = find_given(script, name) ? find_given(script, name) : find_always(name);
    const sm_value_t *fixed = find_value(script->fixed, name);
    sm_value_t *value = apr_array_push(script->values);
    sm_dice_t dice;

    value->name = name;
    if (given) {
        value->value = strtoll(given, NULL, 10);
    }
    else if (fixed) {
        value->value = fixed->value;
    }
    else {
        sm_dice_init(&dice, sm, apr_pstrcat(sm->p, "set ", name, NULL));
        value->value = sm_between(&dice, from, to);
    }
    return value->value;
}

apr_int64_t sm_setting_of(const sm_t *sm, const char *name)
{
    const sm_value_t *value = find_value(script_of(sm)->values, name);

    return value ? value->value : 0;
}

/* --- actions */

void sm_register(sm_t *sm, const sm_kind_t *kind)
{
    APR_ARRAY_PUSH(script_of(sm)->kinds, const sm_kind_t *) = kind;
}

const sm_kind_t *sm_kind_of(const sm_t *sm, const char *name)
{
    const apr_array_header_t *kinds = script_of(sm)->kinds;
    int i;

    for (i = 0; i < kinds->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(kinds, i, const sm_kind_t *)->name, name) == 0) {
            return APR_ARRAY_IDX(kinds, i, const sm_kind_t *);
        }
    }
    return NULL;
}

sm_action_t *sm_plan(sm_t *sm, apr_interval_time_t at, const sm_kind_t *kind)
{
    sm_action_t *action = apr_pcalloc(sm->p, sizeof(*action));

    action->at = at > 0 ? at : 0;
    action->kind = kind;
    APR_ARRAY_PUSH(script_of(sm)->actions, sm_action_t *) = action;
    return action;
}

static sm_action_t *action_at(const sm_script_t *script, int i)
{
    return APR_ARRAY_IDX(script->actions, i, sm_action_t *);
}

apr_interval_time_t sm_length(const sm_t *sm)
{
    const sm_script_t *script = script_of(sm);
    apr_interval_time_t longest = 0;
    int i;

    for (i = 0; i < script->actions->nelts; i++) {
        if (action_at(script, i)->at > longest) {
            longest = action_at(script, i)->at;
        }
    }
    return longest;
}

/* --- as text */

static const char *action_text(const sm_action_t *action, apr_pool_t *p)
{
    const char *text =
        apr_psprintf(p, "+%" APR_TIME_T_FMT ".%06d %s", action->at / APR_USEC_PER_SEC,
                     (int)(action->at % APR_USEC_PER_SEC), action->kind->name);
    int i;

    for (i = 0; i < SM_NUMBERS && action->kind->numbers[i]; i++) {
        text = apr_psprintf(p, "%s %" APR_INT64_T_FMT, text, action->n[i]);
    }
    for (i = 0; i < SM_TEXTS && action->s[i]; i++) {
        text = apr_psprintf(p, "%s \"%s\"", text, action->s[i]);
    }
    return text;
}

const char *sm_script_text(const sm_t *sm, apr_pool_t *p)
{
    const sm_script_t *script = script_of(sm);
    apr_array_header_t *lines = apr_array_make(p, 64, sizeof(const char *));
    int i;

    APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(p, "seed %" APR_UINT64_T_FMT, sm->seed);
    for (i = 0; i < script->values->nelts; i++) {
        const sm_value_t *value = &APR_ARRAY_IDX(script->values, i, sm_value_t);

        APR_ARRAY_PUSH(lines, const char *) =
            apr_psprintf(p, "set %s %" APR_INT64_T_FMT, value->name, value->value);
    }
    for (i = 0; i < script->actions->nelts; i++) {
        APR_ARRAY_PUSH(lines, const char *) = action_text(action_at(script, i), p);
    }
    APR_ARRAY_PUSH(lines, const char *) = "";
    return apr_array_pstrcat(p, lines, '\n');
}

static const sm_kind_t *find_kind(const sm_script_t *script, const char *name, apr_size_t len)
{
    int i;

    for (i = 0; i < script->kinds->nelts; i++) {
        const sm_kind_t *kind = APR_ARRAY_IDX(script->kinds, i, const sm_kind_t *);

        if (strlen(kind->name) == len && strncmp(kind->name, name, len) == 0) {
            return kind;
        }
    }
    return NULL;
}

/* What follows the kind's name, up to the end of the line. */
static void read_rest(sm_t *sm, sm_action_t *action, char *at)
{
    int i;

    for (i = 0; i < SM_NUMBERS && action->kind->numbers[i]; i++) {
        action->n[i] = strtoll(at, &at, 10);
    }
    for (i = 0; i < SM_TEXTS; i++) {
        char *open = strchr(at, '"');
        char *end = open ? strchr(open + 1, '"') : NULL;

        if (!end) {
            break;
        }
        action->s[i] = apr_pstrmemdup(sm->p, open + 1, (apr_size_t)(end - open - 1));
        at = end + 1;
    }
}

static int read_action(sm_t *sm, char *line)
{
    char *at = line + 1;
    apr_interval_time_t seconds = strtoll(at, &at, 10);
    apr_interval_time_t micros = *at == '.' ? strtoll(at + 1, &at, 10) : 0;
    const sm_kind_t *kind;
    apr_size_t len;

    at += strspn(at, " ");
    len = strcspn(at, " ");
    kind = find_kind(script_of(sm), at, len);
    if (!kind) {
        return 0;
    }
    read_rest(sm, sm_plan(sm, seconds * APR_USEC_PER_SEC + micros, kind), at + len);
    return 1;
}

apr_status_t sm_script_read(sm_t *sm, const char **problem)
{
    char *text = apr_pstrdup(sm->p, script_of(sm)->given);
    char *state = NULL;
    char *line;

    *problem = NULL;
    for (line = apr_strtok(text, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        if (*line == '+' && !read_action(sm, line)) {
            *problem = line;
            return APR_EINVAL;
        }
    }
    return APR_SUCCESS;
}

/* --- running */

static void perform(sm_t *sm, void *baton)
{
    const sm_action_t *action = baton;

    if (sm_is_traced(sm)) {
        sm_remark(sm, "> %s", action_text(action, sm->p));
    }
    sm->kernel->hash =
        sm_hash_bytes(sm->kernel->hash, action->kind->name, strlen(action->kind->name));
    if (sm_is_counting()) {
        sm_count(sm, apr_pstrcat(sm->p, "asked for: ", action->kind->name, NULL));
    }
    action->kind->perform(sm, action);
}

int sm_script_has(const sm_t *sm, const char *kind)
{
    const sm_script_t *script = script_of(sm);
    int i;

    for (i = 0; i < script->actions->nelts; i++) {
        if (action_at(script, i)->n[0] && !strcmp(action_at(script, i)->kind->name, kind)) {
            return 1;
        }
    }
    return 0;
}

void sm_script_start(sm_t *sm)
{
    sm_script_t *script = script_of(sm);
    int i;
    int j;

    /* By insertion: stable, and there are not many. */
    for (i = 1; i < script->actions->nelts; i++) {
        sm_action_t *moved = action_at(script, i);

        for (j = i; j > 0 && action_at(script, j - 1)->at > moved->at; j--) {
            APR_ARRAY_IDX(script->actions, j, sm_action_t *) = action_at(script, j - 1);
        }
        APR_ARRAY_IDX(script->actions, j, sm_action_t *) = moved;
    }
    for (i = 0; i < script->actions->nelts; i++) {
        sm_after(sm, action_at(script, i)->at, perform, action_at(script, i));
    }
}
