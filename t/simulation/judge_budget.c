/* judge_budget.c - what was asked of the services, and when: budget, Retry-After, rest, the age of reads. */
#include <stdlib.h>

#include "simulation/judge_impl.h"

static int by_sent(const void *a, const void *b)
{
    const history_item_t *x = *(const history_item_t *const *)a,
                         *y = *(const history_item_t *const *)b;

    return x->sent < y->sent ? -1 : x->sent > y->sent;
}

/* The worker took a group from @a from until @a to. */
static int took_over(judge_t *j, int worker, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->op == HISTORY_TAKE && item->worker == worker &&
            item->at >= from && item->at < to) {
            return 1;
        }
    }
    return 0;
}

/* Somebody else asked between the two: there was a successor. Or took over then, and was the next to ask, for which there may have
 * been no room before (seed 50843). */
static int was_succeeded(judge_t *j, const history_item_t *request, apr_time_t from)
{
    const history_item_t *next = NULL;
    int i;

    for (i = 1; i <= j->request_count; i++) {
        const history_item_t *other = j->requests[i];

        if (!other || other->sent < from || !judge_same(other->connection, request->connection)) {
            continue;
        }
        if (other->worker != request->worker && other->sent < request->answered) {
            return 1;
        }
        next = !next || other->sent < next->sent ? other : next;
    }
    return next && next->worker != request->worker &&
           took_over(j, next->worker, from, request->answered);
}

/* Until when somebody knows that a request is under way: its answer, or the end of the process that waited for it, or that it was frozen
 * for so long that another took over. What a slow service makes of it after that, no successor can tell, nor when the frozen one reads
 * what has long been answered (docs/design/worker.md: it counts W more, from the successor's start). */
static apr_time_t known_until(judge_t *j, const history_item_t *request)
{
    int i;

    for (i = 0; i < history_count(j->history) && request->answered; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind != HISTORY_PROCESS || item->worker != request->worker ||
            item->at < request->sent || item->at >= request->answered) {
            continue;
        }
        if ((request->end == HISTORY_ORPHANED &&
             (item->op == HISTORY_CRASH || item->op == HISTORY_STOP)) ||
            (item->op == HISTORY_FREEZE && was_succeeded(j, request, item->at))) {
            return item->at;
        }
    }
    return request->answered ? request->answered : request->sent;
}

/* How many state stores had been lost, or given way to an older copy, by @a at. With a store goes what it knew: who begins with the next
 * cannot be told what the former has sent, nor what was heard then. */
static int stores_by(judge_t *j, apr_time_t at)
{
    int i, n = 0;

    for (i = 0; j->phases->store_forgot && i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        n += item->kind == HISTORY_PROCESS && item->at <= at &&
             (item->op == HISTORY_STORE_LOST || item->op == HISTORY_STORE_OLD);
    }
    return n;
}

/* A request counts from its sending to its answer; of those, at most B touch any span of W (S6.8). A span that holds the most
 * can be moved until it begins where one of them ends. */
static void judge_window(judge_t *j, const judge_connection_t *c, const history_item_t **sent,
                         int n)
{
    apr_time_t *until = apr_pcalloc(j->p, ((apr_size_t)n + 1) * sizeof(*until));
    int *store = apr_pcalloc(j->p, ((apr_size_t)n + 1) * sizeof(*store));
    int i, k;

    for (i = 0; i < n; i++) {
        until[i] = known_until(j, sent[i]);
        store[i] = stores_by(j, sent[i]->sent);
    }
    for (i = 0; i < n; i++) {
        apr_time_t from = until[i];
        int inside = 0;

        for (k = 0; k < n && sent[k]->sent < from + c->window; k++) {
            inside += until[k] >= from && store[k] == store[i];
        }
        if (inside > c->requests) {
            judge_blame(j, "S6.8", sent[i]->number,
                        "%d requests to %s within %.3f s, %d are allowed", inside, c->name,
                        (double)c->window / 1e6, c->requests);
            return;
        }
    }
}

static int was_ever_frozen(judge_t *j, int worker)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->op == HISTORY_FREEZE && item->worker == worker) {
            return 1;
        }
    }
    return 0;
}

/* Does the state store take nothing at @a at? */
static int is_disk_broken(judge_t *j, apr_time_t at)
{
    int i, broken = 0;

    for (i = 0; i < history_count(j->history) && history_item(j->history, i)->at <= at; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_DISK_FAILS || item->op == HISTORY_DISK_WORKS) {
            broken = item->op == HISTORY_DISK_FAILS;
        }
    }
    return broken;
}

/* Did the process that heard it live long enough to tell its successors? Two seconds of a disk that takes something. */
static int could_tell(judge_t *j, const history_item_t *answer)
{
    apr_time_t since = answer->at;
    int i;

    if (answer->end == HISTORY_ORPHANED) {
        return 0;
    }
    if (is_disk_broken(j, since)) {
        since = APR_INT64_MAX;
    }
    for (i = answer->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (since != APR_INT64_MAX && item->at > since + apr_time_from_sec(2)) {
            return 1;
        }
        if (item->op == HISTORY_DISK_FAILS || item->op == HISTORY_DISK_WORKS) {
            since = item->op == HISTORY_DISK_WORKS ? item->at : APR_INT64_MAX;
        }
        if (item->kind == HISTORY_PROCESS && item->worker == answer->worker &&
            (item->op == HISTORY_CRASH || item->op == HISTORY_STOP || item->op == HISTORY_FREEZE)) {
            return 0;
        }
    }
    return 1;
}

static void judge_retry_after(judge_t *j, const history_item_t **sent, int n)
{
    int i, k;

    for (i = 0; i < n; i++) {
        if (!sent[i]->retry_after || !sent[i]->answered) {
            continue;
        }
        for (k = 0; k < n; k++) {
            if (sent[k]->sent > sent[i]->answered &&
                sent[k]->sent < sent[i]->answered + sent[i]->retry_after &&
                (sent[k]->worker == sent[i]->worker ||
                 (could_tell(j, sent[i]) &&
                  stores_by(j, sent[i]->answered) == stores_by(j, sent[k]->sent) &&
                  !was_ever_frozen(j, sent[i]->worker) && !was_ever_frozen(j, sent[k]->worker)))) {
                judge_blame(j, "S6.8", sent[k]->number,
                            "sent %.3f s after an answer that asked for %.3f s",
                            (double)(sent[k]->sent - sent[i]->answered) / 1e6,
                            (double)sent[i]->retry_after / 1e6);
                return;
            }
        }
    }
}

static void judge_connection(judge_t *j, const judge_connection_t *c)
{
    const history_item_t **sent =
        apr_pcalloc(j->p, ((apr_size_t)j->request_count + 1) * sizeof(*sent));
    int i, n = 0;

    for (i = 1; i <= j->request_count; i++) {
        if (j->requests[i] && judge_same(j->requests[i]->connection, c->name)) {
            sent[n++] = j->requests[i];
        }
    }
    qsort(sent, (size_t)n, sizeof(*sent), by_sent);
    judge_window(j, c, sent, n);
    judge_retry_after(j, sent, n);
}

static void judge_rest(judge_t *j)
{
    int i;

    for (i = history_count(j->history) - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at < j->phases->rest && item->kind <= HISTORY_TRIGGER) {
            return;
        }
        if (item->kind == HISTORY_EFFECT && item->at >= j->phases->rest) {
            judge_blame(j, "S6.2", item->number, "written after both sides had come to rest");
            return;
        }
    }
}

static int was_frozen(judge_t *j, int worker, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->worker == worker && item->at >= from &&
            item->at <= to && (item->op == HISTORY_FREEZE || item->op == HISTORY_WAKE)) {
            return 1;
        }
    }
    return 0;
}

/* S3.1: a page that is there already is written only by who has just looked at it. */
static void judge_reads(judge_t *j)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);
        judge_gap_t gap;

        if (item->kind != HISTORY_EFFECT || !j->has_pages[item->side] || item->op == HISTORY_MAKE) {
            continue;
        }
        gap = judge_gap(j, item);
        if (!gap.request || gap.request->op == HISTORY_ASK_CREATE) {
            continue;
        }
        if (gap.read == gap.sent) {
            judge_blame(j, "S3.1", item->number, "a page was written that had not been read");
            return;
        }
        if (gap.sent - gap.heard > apr_time_from_msec(1100) &&
            !was_frozen(j, gap.request->worker, gap.read, gap.sent)) {
            judge_blame(j, "S3.1", item->number,
                        "a page was written %.3f s after its read was answered",
                        (double)(gap.sent - gap.heard) / 1e6);
            return;
        }
    }
}

/* Only who has the lock of a group asks anything, and only one can have it: what keeps two from one budget even before either looks whose
 * epoch it is. */
static void judge_owners(judge_t *j)
{
    apr_hash_t *owners = apr_hash_make(j->p);
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->op == HISTORY_TAKE) {
            apr_hash_set(owners, &item->worker, sizeof(item->worker), item);
        }
        else if (item->kind == HISTORY_REQUEST && item->worker && apr_hash_count(owners) &&
                 !apr_hash_get(owners, &item->worker, sizeof(item->worker))) {
            judge_blame(j, "S6.8", i, "asked by worker %d, which had no lock of a group",
                        item->worker);
            return;
        }
    }
}

void judge_budget(judge_t *j)
{
    int i;

    for (i = 0; i < j->connections->nelts; i++) {
        judge_connection(j, &APR_ARRAY_IDX(j->connections, i, judge_connection_t));
    }
    judge_owners(j);
    judge_rest(j);
    judge_reads(j);
}
