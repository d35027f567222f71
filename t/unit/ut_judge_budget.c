/* Until when a request counts whose process was frozen (S6.8): till its answer is read, unless somebody else took over, who cannot know;
 * and what was sent with a state store that is no more: not with what is sent with the next. */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void asked(int worker, apr_time_t sent, apr_time_t answered)
{
    history_item_t item = {
        .kind = HISTORY_REQUEST, .op = HISTORY_ASK_READ, .connection = "n", .status = 200
    };

    item.request = history_request(h);
    item.worker = worker;
    item.sent = sent;
    item.answered = item.at = answered;
    (void)history_add(h, &item);
}

/* Worker 1 is frozen at its request, and reads the answer a minute later; then three are sent within a second, as many as may be. */
static void frozen(int successor)
{
    history_item_t freeze = { .kind = HISTORY_PROCESS, .op = HISTORY_FREEZE, .side = -1 };
    apr_time_t later = now + 60 * SEC;
    int i;

    begin();
    freeze.worker = 1;
    freeze.at = now + SEC / 10;
    (void)history_add(h, &freeze);
    for (i = 0; i < 3; i++) {
        asked(successor, later - SEC / 2 + i * SEC / 10, later - SEC / 2 + (i + 1) * SEC / 10);
    }
    asked(1, now, later);
}

/* Four requests within a second, three are allowed; after @a before of them the state store is put back from a copy. */
static void forgotten(int before)
{
    history_item_t old = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_OLD, .side = -1 };
    int i;

    begin();
    phases.store_forgot = 1;
    for (i = 0; i < 4; i++) {
        if (i == before) {
            old.at = now + i * SEC / 10;
            (void)history_add(h, &old);
        }
        asked(1 + (i >= before), now + i * SEC / 10 + SEC / 50, now + i * SEC / 10 + SEC / 20);
    }
}

static void happens(history_op_t op, int worker, apr_time_t at)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = op, .side = -1, .worker = worker };

    item.at = at;
    (void)history_add(h, &item);
}

/* Worker 1 is asked for a minute of silence and dies ten seconds later; its successor sends at once. The disk of the state store fails from
 * @a fails to @a works seconds after the answer; the same: not at all. */
static void untold(int fails, int works)
{
    history_item_t asked_for_silence = { .kind = HISTORY_REQUEST,
                                         .op = HISTORY_ASK_READ,
                                         .connection = "n",
                                         .status = 429,
                                         .worker = 1,
                                         .retry_after = 60 * SEC };

    begin();
    if (fails < works && fails < 0) {
        happens(HISTORY_DISK_FAILS, 0, now + fails * SEC);
    }
    asked_for_silence.request = history_request(h);
    asked_for_silence.sent = now - SEC / 10;
    asked_for_silence.answered = asked_for_silence.at = now;
    (void)history_add(h, &asked_for_silence);
    if (fails < works && fails >= 0) {
        happens(HISTORY_DISK_FAILS, 0, now + fails * SEC);
    }
    if (fails < works && works < 10) {
        happens(HISTORY_DISK_WORKS, 0, now + works * SEC);
    }
    happens(HISTORY_CRASH, 1, now + 10 * SEC);
    asked(2, now + 11 * SEC, now + 12 * SEC);
}

static void test_untold_silence(void)
{
    untold(0, 0);
    verdict("S6.8", "a successor is told how long there has to be silence");
    untold(-1, 20);
    verdict("", "unless nothing could be stored before the process died (32405)");
    untold(-1, 9);
    verdict("", "or a moment before");
    untold(-1, 5);
    verdict("S6.8", "it was stored when the disk took something again");
    untold(4, 20);
    verdict("S6.8", "or before it failed");
}

/* The same, but the three are asked after that by worker 2, which took the group over @a taken seconds after worker 1 was frozen; 0: not. */
static void frozen_in_full_window(int taken)
{
    apr_time_t later;
    int i;

    begin();
    later = now + 60 * SEC;
    happens(HISTORY_TAKE, 1, now);
    happens(HISTORY_FREEZE, 1, now + SEC / 10);
    if (taken) {
        happens(HISTORY_TAKE, 2, now + taken * SEC);
    }
    asked(1, now, later);
    for (i = 0; i < 3; i++) {
        asked(2, later + (4 + i) * SEC / 10, later + (5 + i) * SEC / 10);
    }
}

/* Two workers ask, of which one has the group, or both had it one after the other. */
static void ask_both(int both_took)
{
    begin();
    happens(HISTORY_TAKE, 1, now);
    asked(1, now + SEC, now + 2 * SEC);
    if (both_took) {
        happens(HISTORY_TAKE, 2, now + 3 * SEC);
    }
    asked(2, now + 4 * SEC, now + 5 * SEC);
}

static void test_owners(void)
{
    ask_both(1);
    verdict("", "who has a group asks");
    ask_both(0);
    verdict("S6.8", "and nobody else does, even within the budget");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    frozen(2);
    verdict("", "a successor cannot know when a frozen process reads its answer");
    frozen(1);
    verdict("S6.8", "where nobody took over it counts until then");
    frozen_in_full_window(1);
    verdict("", "a successor that had no room before it woke neither (50843)");
    frozen_in_full_window(61);
    verdict("S6.8", "one that took over later can");
    frozen_in_full_window(0);
    verdict("S6.8 S6.8", "and one that never did, and so may not ask at all");
    forgotten(2);
    verdict("", "an older state store cannot tell what was sent last (421016)");
    forgotten(0);
    verdict("S6.8", "it knows what was sent since it is there");
    forgotten(4);
    verdict("S6.8", "and what came before its time is judged as ever");
    test_untold_silence();
    test_owners();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
