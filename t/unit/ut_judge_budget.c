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

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    frozen(2);
    verdict("", "a successor cannot know when a frozen process reads its answer");
    frozen(1);
    verdict("S6.8", "where nobody took over it counts until then");
    forgotten(2);
    verdict("", "an older state store cannot tell what was sent last (421016)");
    forgotten(0);
    verdict("S6.8", "it knows what was sent since it is there");
    forgotten(4);
    verdict("S6.8", "and what came before its time is judged as ever");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
