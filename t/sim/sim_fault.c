/* Faults: what goes wrong with which requests. */
#include "sim_fault.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "sim_state.h"

typedef struct fault_t {
    struct fault_t *next;
    int64_t id, after, left, seen, hits;
    double probability;
    int removed;
    json_object *match, *act; /* as given */
    regex_t path, body;
    int has_path, has_body;
    const char *method, *token, *class;
    sim_action_t action;
} fault_t;

static fault_t *first SIM_STATE;
static int64_t last_id SIM_STATE;

static int64_t int_member(json_object *o, const char *key, int64_t def)
{
    json_object *v;

    return sim_member(o, key, &v) ? json_object_get_int64(v) : def;
}

static int flag_member(json_object *o, const char *key, int def)
{
    json_object *v;

    return sim_member(o, key, &v) ? json_object_get_boolean(v) : def;
}

static const char *read_action(sim_action_t *a, json_object *o)
{
    static const char *const known[] = { "status",
                                         "code",
                                         "message",
                                         "reason",
                                         "additional_data",
                                         "retry_after",
                                         "html",
                                         "commit",
                                         "committed_resource_id",
                                         "commit_then_cut",
                                         "cut_before",
                                         "cut",
                                         "truncate",
                                         "bad_json",
                                         "short_page",
                                         "delay_ms",
                                         "delay_after_ms",
                                         "late_commit_ms",
                                         "edit_before_commit",
                                         "edit_before_answer",
                                         NULL };

    if (!sim_is(o, json_type_object)) {
        return "action must be an object";
    }
    json_object_object_foreach(o, key, val)
    {
        (void)val;
        if (!sim_text_in(key, known)) {
            return "unknown action";
        }
    }
    a->status = (int)int_member(o, "status", 0);
    a->code = sim_member_str(o, "code");
    a->message = sim_member_str(o, "message");
    a->reason = sim_member_str(o, "reason");
    a->retry_after = int_member(o, "retry_after", -1);
    a->html = flag_member(o, "html", a->status == 502 || a->status == 413);
    a->commit = flag_member(o, "commit", 0);
    a->without_id = !flag_member(o, "committed_resource_id", 1);
    a->commit_then_cut = flag_member(o, "commit_then_cut", 0);
    a->cut_before = flag_member(o, "cut_before", 0);
    a->cut = flag_member(o, "cut", 0);
    a->truncate = flag_member(o, "truncate", 0);
    a->bad_json = flag_member(o, "bad_json", 0);
    a->short_page = flag_member(o, "short_page", 0);
    a->delay_ms = int_member(o, "delay_ms", 0);
    a->delay_after_ms = int_member(o, "delay_after_ms", 0);
    a->late_ms = int_member(o, "late_commit_ms", -1);
    sim_member(o, "additional_data", &a->extra);
    sim_member(o, "edit_before_commit", &a->edit_before);
    sim_member(o, "edit_before_answer", &a->edit_after);
    if (a->late_ms >= 0 && !a->cut && !a->status) {
        a->status = 503;
    }
    return NULL;
}

static const char *read_regex(json_object *match, const char *key, regex_t *re, int *has)
{
    const char *s = sim_member_str(match, key);

    if (s && regcomp(re, s, REG_EXTENDED | REG_NOSUB) != 0) {
        return "bad regular expression";
    }
    *has = s != NULL;
    return NULL;
}

static void free_fault(fault_t *f)
{
    if (f->has_path) {
        regfree(&f->path);
    }
    if (f->has_body) {
        regfree(&f->body);
    }
    json_object_put(f->match);
    json_object_put(f->act);
    free(f);
}

const char *sim_fault_add(json_object *o, int64_t *id)
{
    static const char *const known[] = { "match", "after", "times", "probability", "action", NULL };
    static const char *const match_known[] = { "method", "path_regex", "body_regex",
                                               "token",  "class",      NULL };
    fault_t *f = sim_mem_alloc(sizeof(*f)), **at;
    json_object *v;
    const char *bad = sim_is(o, json_type_object) ? NULL : "a fault must be an object";

    f->probability = 1;
    if (!bad) {
        json_object_object_foreach(o, key, val)
        {
            bad = sim_text_in(key, known) ? bad : "unknown key";
            (void)val;
        }
        sim_member(o, "match", &v);
        f->match = json_object_get(v);
        sim_member(o, "action", &v);
        f->act = json_object_get(v);
    }
    if (!bad && sim_is(f->match, json_type_object)) {
        json_object_object_foreach(f->match, mkey, mval)
        {
            bad = sim_text_in(mkey, match_known) ? bad : "unknown key in match";
            (void)mval;
        }
    }
    if (!bad) {
        f->after = int_member(o, "after", 0);
        f->left = int_member(o, "times", 1);
        if (sim_member(o, "probability", &v)) {
            sim_number(v, &f->probability);
        }
        f->method = sim_member_str(f->match, "method");
        f->token = sim_member_str(f->match, "token");
        f->class = sim_member_str(f->match, "class");
        bad = read_action(&f->action, f->act);
    }
    bad = bad ? bad : read_regex(f->match, "path_regex", &f->path, &f->has_path);
    bad = bad ? bad : read_regex(f->match, "body_regex", &f->body, &f->has_body);
    if (bad) {
        free_fault(f);
        return bad;
    }
    f->id = *id = ++last_id;
    for (at = &first; *at; at = &(*at)->next) {
    }
    *at = f;
    return NULL;
}

static int matches(const fault_t *f, const sim_req_t *q)
{
    return !f->removed && f->left != 0 && (!f->method || strcmp(f->method, q->method) == 0) &&
           (!f->class || strcmp(f->class, q->class) == 0) &&
           (!f->token || (q->bearer && strcmp(f->token, q->bearer) == 0)) &&
           (!f->has_path || regexec(&f->path, q->path, 0, NULL, 0) == 0) &&
           (!f->has_body || regexec(&f->body, q->body, 0, NULL, 0) == 0);
}

const sim_action_t *sim_fault_find(sim_req_t *q)
{
    fault_t *f;

    for (f = first; f; f = f->next) {
        if (!matches(f, q)) {
            continue;
        }
        f->seen++;
        if (f->seen <= f->after || (f->probability < 1 && !sim_rand_hit(f->probability))) {
            continue;
        }
        f->hits++;
        if (f->left > 0) {
            f->left--;
        }
        q->fault_id = f->id;
        return &f->action;
    }
    return NULL;
}

size_t sim_fault_remove(int64_t id)
{
    fault_t *f;
    size_t n = 0;

    for (f = first; f; f = f->next) {
        if (!f->removed && (id == 0 || f->id == id)) {
            f->removed = 1; /* a request may still be using it */
            n++;
        }
    }
    return n;
}

void sim_fault_reset(void)
{
    fault_t *f;

    while ((f = first) != NULL) {
        first = f->next;
        free_fault(f);
    }
    last_id = 0;
}

void sim_fault_json(sim_buf_t *b)
{
    const int plain = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    fault_t *f;

    sim_json_open(b, '[');
    for (f = first; f; f = f->next) {
        if (f->removed) {
            continue;
        }
        sim_json_open(b, '{');
        sim_json_kint(b, "id", f->id);
        sim_json_kraw(b, "match",
                      f->match ? json_object_to_json_string_ext(f->match, plain) : "{}");
        sim_json_kraw(b, "action", json_object_to_json_string_ext(f->act, plain));
        sim_json_kint(b, "seen", f->seen);
        sim_json_kint(b, "hits", f->hits);
        sim_json_kint(b, "left", f->left);
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
}

/* What was made by a write whose answer is lost: a page, or the blocks below another, which are known by the answer alone. */
static void put_made(sim_buf_t *b, const sim_req_t *q)
{
    int err = 0;
    json_object *answer, *list;
    size_t i;

    if (q->created || strcmp(q->class, "blocks_append") == 0) {
        sim_id_json(b, "committed_resource_id", &q->page_id);
    }
    if (strcmp(q->class, "blocks_append") != 0) {
        return;
    }
    sim_json_key(b, "committed_child_ids");
    sim_json_open(b, '[');
    answer = sim_parse(q->out.s, q->out.len, &err);
    sim_member(answer, "results", &list);
    for (i = 0; list && i < json_object_array_length(list); i++) {
        sim_json_str(b, sim_member_str(json_object_array_get_idx(list, i), "id"));
    }
    sim_json_close(b, ']');
    json_object_put(answer);
}

/* additional_data of a write that was saved although the answer is an error */
static void put_committed(sim_buf_t *b, const sim_req_t *q, const sim_action_t *a)
{
    sim_json_kstr(b, "from", q->class);
    sim_json_kstr(b, "elapsed_ms", "55012");
    sim_json_kstr(b, "deadline_ms", "55000");
    sim_json_kraw(
        b, "retry_guidance",
        "[\"Read the resource to see the saved change.\",\"Do not repeat the request.\"]");
    if (!a->without_id) {
        put_made(b, q);
    }
}

void sim_fault_answer(sim_req_t *q, const sim_action_t *a)
{
    sim_buf_t extra = SIM_BUF_INIT;
    const char *message = a->message;
    int64_t wait = a->retry_after;

    sim_json_open(&extra, '{');
    if (a->status == 503 && a->commit) {
        message = message ? message
                          : "The change was saved, but the response could not be built in time.";
        put_committed(&extra, q, a);
    }
    q->status = a->status;
    q->out.len = 0;
    if (a->html) {
        sim_buf_free(&extra);
        q->type = "text/html; charset=utf-8";
        q->no_request_id = 1;
        sim_buf_fmt(&q->out,
                    "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d "
                    "%s</h1></center>\r\n"
                    "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
                    a->status, sim_error_message(a->status), a->status,
                    sim_error_message(a->status));
        return;
    }
    if (wait < 0 && a->status == 429) {
        wait = 1;
    }
    q->retry_after = (int)wait;
    if (a->status == 429) {
        sim_json_kstr(&extra, "rate_limit_reason",
                      a->reason ? a->reason : "public_api_request_rate_limit");
    }
    if (wait >= 0) {
        sim_json_key(&extra, "retry_after");
        sim_buf_fmt(&extra, "\"%d\"", (int)wait);
    }
    if (sim_is(a->extra, json_type_object)) {
        json_object_object_foreach(a->extra, key, val)
        {
            sim_json_kraw(&extra, key, json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN));
        }
    }
    sim_json_close(&extra, '}');
    sim_error_json(&q->out, a->status, a->code, message, extra.len > 2 ? extra.s : NULL,
                   q->request_id);
    sim_buf_free(&extra);
}
