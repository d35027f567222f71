/* Until when a request counts whose process was frozen (S6.8): till its answer is read, unless somebody else took over, who cannot know. */
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

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    frozen(2);
    verdict("", "a successor cannot know when a frozen process reads its answer");
    frozen(1);
    verdict("S6.8", "where nobody took over it counts until then");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
