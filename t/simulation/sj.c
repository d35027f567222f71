/* sj.c - the judge as a part of the simulation: writes down requests and deaths, orders the last reconciliations, collects the
 * evidence and asks for the verdict. */
#include "simulation/sj.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>

#include "simulation/sj_impl.h"

sj_judge_t *sj_the(sm_t *sm)
{
    if (!sm->judge) {
        sm->judge = apr_pcalloc(sm->p, sizeof(*sm->judge));
        sm->judge->history = history_create(sm->p);
        sm->judge->judge = judge_create(sm->judge->history, SM_T0, sm->p);
        sm->judge->sent = apr_hash_make(sm->p);
        sm->judge->commands = apr_array_make(sm->p, 8, sizeof(apr_int64_t));
        sm->judge->phases.start = SM_T0;
    }
    return sm->judge;
}

history_t *sj_history(sm_t *sm)
{
    return sj_the(sm)->history;
}

int sj_mapping(sm_t *sm, const judge_mapping_t *mapping)
{
    sj_the(sm)->mapping_count++;
    return judge_add_mapping(sj_the(sm)->judge, mapping);
}

void sj_change_field(sm_t *sm, int mapping, int field, const judge_field_t *now)
{
    judge_change_field(sj_the(sm)->judge, sm_now(sm), mapping, field, now);
}

void sj_reference(sm_t *sm, const judge_reference_t *reference)
{
    judge_add_reference(sj_the(sm)->judge, reference);
}

void sj_connection(sm_t *sm, const judge_connection_t *connection)
{
    sj_judge_t *sj = sj_the(sm);

    judge_add_connection(sj->judge, connection);
    sj->connections[sj->connection_count] = *connection;
    sj->connections[sj->connection_count++].name = history_text(sj->history, connection->name);
}

void sj_on_show(sm_t *sm, sj_show_fn *show)
{
    sj_the(sm)->show = show;
}

void sj_skew(sm_t *sm, apr_interval_time_t skew)
{
    sj_judge_t *sj = sj_the(sm);

    sj->phases.skew = skew > sj->phases.skew ? skew : sj->phases.skew;
}

/* ---- requests ---- */

/* An id in a path: dashed or not, up to the next slash or question mark; as pages have it. */
static const char *page_id(const char *path, apr_pool_t *p)
{
    char id[37];
    int n = 0;

    for (; *path && *path != '/' && *path != '?' && n < 36; path++) {
        if (*path != '-') {
            if (n == 8 || n == 13 || n == 18 || n == 23) {
                id[n++] = '-';
            }
            id[n++] = *path;
        }
    }
    id[n] = '\0';
    return apr_pstrdup(p, id);
}

static int says(const sm_request_t *request, const char *words)
{
    apr_size_t length = strlen(words), i;

    for (i = 0; request->body && i + length <= request->body_len; i++) {
        if (!memcmp(request->body + i, words, length)) {
            return 1;
        }
    }
    return 0;
}

/* What a request to Notion asks for. */
static void read_request(history_item_t *item, const sm_request_t *request, apr_pool_t *p)
{
    const char *pages = strstr(request->path, "/pages");
    const char *id = pages && pages[6] == '/' ? pages + 7 : NULL;

    item->op = HISTORY_ASK_OTHER;
    if (strstr(request->path, "/query") || strstr(request->path, "/search")) {
        item->op = HISTORY_ASK_LIST;
    }
    else if (pages && !id && !strcmp(request->method, "POST")) {
        item->op = HISTORY_ASK_CREATE;
    }
    else if (id && !strstr(id, "/properties")) {
        item->record = page_id(id, p);
        item->op = !strcmp(request->method, "GET")       ? HISTORY_ASK_READ
                   : says(request, "\"in_trash\":true")  ? HISTORY_ASK_DELETE
                   : says(request, "\"in_trash\":false") ? HISTORY_ASK_REVIVE
                                                         : HISTORY_ASK_UPDATE;
    }
}

static apr_interval_time_t retry_after(const nts_http_answer_t *answer)
{
    const char *header = answer ? nts_http_header(answer, "Retry-After") : NULL;

    return header ? apr_time_from_sec(atoi(header)) : 0;
}

/* Whose body broke off, or is no JSON, says no more than no answer. */
static int is_whole(const nts_http_answer_t *answer)
{
    apr_size_t len = answer->body_len;

    while (len && apr_isspace(answer->body[len - 1])) {
        len--;
    }
    return answer->transport == NTS_HTTP_ANSWERED &&
           (answer->status != 200 ||
            (len && answer->body[0] == '{' && answer->body[len - 1] == '}'));
}

/* The only one, or that of its address. */
static const judge_connection_t *connection_of(const sj_judge_t *sj, const sm_request_t *request)
{
    int i = sj->connection_count - 1;

    while (i > 0 &&
           strncmp(request->url, sj->connections[i].name, strlen(sj->connections[i].name)) != 0) {
        i--;
    }
    return &sj->connections[i];
}

static void ended(sm_t *sm, const sm_note_t *note, history_end_t end)
{
    sj_judge_t *sj = sj_the(sm);
    const sm_request_t *request = note->request;
    const judge_connection_t *connection = connection_of(sj, request);
    history_item_t item = { .kind = HISTORY_REQUEST, .side = connection->side, .end = end };

    item.at = item.answered = sm_now(sm);
    item.request = request->number;
    item.worker = request->process;
    item.sent = request->sent;
    item.connection = connection->name;
    read_request(&item, request, sm->p);
    if (end == HISTORY_ANSWERED && note->answer) {
        item.end = is_whole(note->answer) ? HISTORY_ANSWERED : HISTORY_CUT;
        item.status = item.end == HISTORY_ANSWERED ? note->answer->status : 0;
        item.retry_after = item.end == HISTORY_ANSWERED ? retry_after(note->answer) : 0;
    }
    (void)history_add(sj->history, &item);
    if (strstr(request->path, "/data_sources/") && item.op == HISTORY_ASK_OTHER &&
        item.status == 200) {
        sj_sight(sm, item.side, page_id(strstr(request->path, "/data_sources/") + 14, sm->p),
                 item.sent);
    }
}

static void process(sm_t *sm, const sm_note_t *note, history_op_t op)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = op, .side = -1 };

    item.at = sm_now(sm);
    item.worker = note->process;
    item.note = note->text;
    (void)history_add(sj_history(sm), &item);
}

static apr_interval_time_t error_of(const sm_t *sm, sm_machine_t machine)
{
    apr_interval_time_t error = sm_wall(sm, machine) - sm_now(sm);

    return error < 0 ? -error : error;
}

static void note(sm_t *sm, const sm_note_t *note)
{
    sj_skew(sm, error_of(sm, SM_HOST) + error_of(sm, SM_NOTION));
    switch (note->kind) {
    case SM_NOTE_ANSWERED:
        ended(sm, note, HISTORY_ANSWERED);
        break;
    case SM_NOTE_UNHEARD:
        ended(sm, note, HISTORY_ORPHANED);
        break;
    case SM_NOTE_STARTED:
        process(sm, note, HISTORY_START);
        break;
    case SM_NOTE_KILLED:
        process(sm, note, HISTORY_CRASH);
        break;
    case SM_NOTE_FROZEN:
        process(sm, note, HISTORY_FREEZE);
        break;
    case SM_NOTE_THAWED:
        process(sm, note, HISTORY_WAKE);
        break;
    case SM_NOTE_TOOK:
        process(sm, note, HISTORY_TAKE);
        break;
    case SM_NOTE_EXITED:
        process(sm, note, HISTORY_STOP);
        break;
    case SM_NOTE_FORGOT:
        sj_the(sm)->phases.store_forgot = 1;
        process(sm, note, note->code ? HISTORY_STORE_OLD : HISTORY_STORE_LOST);
        break;
    case SM_NOTE_DISK:
        process(sm, note, note->code ? HISTORY_DISK_FAILS : HISTORY_DISK_WORKS);
        break;
    case SM_NOTE_SENT:
    case SM_NOTE_ARRIVED:
    case SM_NOTE_COMMITTED:
    case SM_NOTE_LOG:
    case SM_NOTE_HOOK:
        break;
    }
}

void sj_sight(sm_t *sm, int side, const char *place, apr_time_t sent)
{
    history_item_t item = { .kind = HISTORY_SIGHT, .side = side, .place = place };

    item.sent = sent;
    item.at = sm_now(sm);
    (void)history_add(sj_history(sm), &item);
}

typedef struct sql_ask_t {
    apr_time_t sent;
    int process;
} sql_ask_t;

int sj_sql_begin(sm_t *sm, int process_number)
{
    sj_judge_t *sj = sj_the(sm);
    sql_ask_t *ask = apr_pcalloc(sm->p, sizeof(*ask));
    int *number = apr_pcalloc(sm->p, sizeof(*number));

    *number = -history_request(sj->history);
    ask->sent = sm_now(sm);
    ask->process = process_number;
    apr_hash_set(sj->sent, number, sizeof(*number), ask);
    return *number;
}

void sj_sql_end(sm_t *sm, int request, history_op_t op, const char *place, const char *record,
                nts_result_t result)
{
    sj_judge_t *sj = sj_the(sm);
    const sql_ask_t *ask = apr_hash_get(sj->sent, &request, sizeof(request));
    history_item_t item = { .kind = HISTORY_REQUEST, .side = HISTORY_EXTERNAL };

    item.op = op;
    item.request = request;
    item.at = item.answered = sm_now(sm);
    item.place = place;
    item.record = record;
    item.sent = ask ? ask->sent : item.at;
    item.worker = ask ? ask->process : 0;
    item.end =
        result == NTS_RESULT_OK || result == NTS_RESULT_GONE ? HISTORY_ANSWERED : HISTORY_CUT;
    item.status = result == NTS_RESULT_NOT_DONE || result == NTS_RESULT_UNKNOWN ||
                          result == NTS_RESULT_BLOCKED
                      ? 503
                      : 0;
    (void)history_add(sj->history, &item);
}

/* ---- the end of a run ---- */

static void setup(sm_t *sm)
{
    (void)sj_the(sm);
}

static void calm(sm_t *sm)
{
    sj_the(sm)->phases.calm = sm_now(sm);
}

static void ordered(sm_t *sm, void *baton, apr_int64_t id)
{
    sj_judge_t *sj = sj_the(sm);

    (void)baton;
    sj->ordering--;
    APR_ARRAY_PUSH(sj->commands, apr_int64_t) = id;
}

/* For every mapping. */
static void order(sm_t *sm, const char *verb, const char *args)
{
    const nts_setup_t *now = sm_host_setup(sm);
    int i;

    for (i = 0; now && i < now->mapping_count; i++) {
        sj_the(sm)->ordering++;
        sm_host_command(sm, now->mappings[i]->name, verb, args, ordered, NULL);
    }
}

static int is_busy(sm_t *sm)
{
    return sj_the(sm)->ordering > 0 || sj_is_commanded(sm);
}

/* For who reads the trace: what the judge goes by. */
static void tell_evidence(sm_t *sm)
{
    int i;

    for (i = 0; sm_is_traced(sm) && i < judge_entry_count(sj_the(sm)->judge); i++) {
        sm_remark(sm, "%s", judge_entry_line(sj_the(sm)->judge, i, sm->p));
    }

    for (i = 0; sm_is_traced(sm) && i < history_count(sj_history(sm)); i++) {
        sm_remark(sm, "%s", history_line(history_item(sj_history(sm), i), SM_T0, sm->p));
    }
}

/* What the history holds, for who wants it counted. */
static void count(sm_t *sm)
{
    const history_t *history = sj_history(sm);
    int i;

    for (i = 0; sm_is_counting() && i < history_count(history); i++) {
        const history_item_t *item = history_item(history, i);
        const char *sort = history_sort(item, sm->p);

        if (item->kind == HISTORY_REQUEST && item->connection) {
            sort = apr_psprintf(sm->p, "%s: %s", sort,
                                item->end == HISTORY_ANSWERED ? apr_itoa(sm->p, item->status)
                                : item->end == HISTORY_CUT    ? "cut off"
                                                              : "nobody heard it");
        }
        sm_count(sm, sort);
    }
}

static void verdict(sm_t *sm)
{
    sj_judge_t *sj = sj_the(sm);
    const judge_figures_t *figures;
    int i;

    sj->phases.end = sm_now(sm);
    sj->phases.peaceful = sm_setting_of(sm, "host.troubles") <= 0 &&
                          sm_setting_of(sm, "locks") <= 0 && sm_setting_of(sm, "loss") <= 0 &&
                          sm_setting_of(sm, "away.loss") <= 0;
    sj_collect(sm);
    tell_evidence(sm);
    count(sm);
    if (judge_run(sj->judge, &sj->phases) > 0) {
        const judge_violation_t *first = judge_violation(sj->judge, 0);

        for (i = 0; i < judge_count(sj->judge); i++) {
            const judge_violation_t *v = judge_violation(sj->judge, i);

            sm_remark(sm, "%s %s%s%s", v->rule, v->what, v->item >= 0 ? "; " : "",
                      v->item >= 0 ? history_line(history_item(sj->history, v->item), SM_T0, sm->p)
                                   : "");
        }
        sm_violation(sm, first->rule, "%s%s%s", first->what, first->item >= 0 ? "; " : "",
                     first->item >= 0
                         ? history_line(history_item(sj->history, first->item), SM_T0, sm->p)
                         : "");
    }
    figures = judge_figures(sj->judge);
    sm_trace(sm,
             "judge: %d outcomes, %d certain, %d conflicts, %d residual, %d excluded; history "
             "%" APR_UINT64_T_HEX_FMT,
             figures->outcomes, figures->certain, figures->conflicts, figures->residual,
             figures->excluded, history_hash(sj->history));
}

/*
 * Round 0: everything that was under way has ended, so what was announced has been dealt with. 1: what an incremental listing
 * shows, too. 2: and then all (S6.1). 3: no more was written (S6.2); `verify` has its say. 4: judgement.
 */
static int quiet(sm_t *sm, int round)
{
    sj_judge_t *sj = sj_the(sm);

    switch (round) {
    case 0:
        sj->phases.heard = sm_now(sm);
        sj_note_waiting(sm);
        order(sm, "reconcile", "{}");
        return 1;
    case 1:
        sj->phases.listed = sm_now(sm);
        sj_note_waiting(sm);
        order(sm, "reconcile", "{\"full\":true}");
        return 1;
    case 2:
        sj->phases.equal = sj->phases.rest = sm_now(sm);
        order(sm, "reconcile", "{\"full\":true}");
        return 1;
    case 3:
        order(sm, "verify", "{}");
        return 1;
    default:
        verdict(sm);
        return 0;
    }
}

const sm_part_t sm_part_judge = {
    .name = "judge", .setup = setup, .calm = calm, .is_busy = is_busy, .quiet = quiet, .note = note
};
