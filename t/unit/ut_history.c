/* The record of a simulated run: keeps what it is given, in order, and tells two runs apart. */
#include <apr_general.h>

#include "simulation/history.h"
#include "tap/tap.h"

static void fill(history_t *h, const char *last)
{
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_UPDATE,
                            .at = 90,
                            .side = HISTORY_NOTION,
                            .connection = "n",
                            .status = 200,
                            .sent = 10,
                            .answered = 90,
                            .worker = 1 };

    history_do(h, HISTORY_ACT, 0, 5, HISTORY_MAKE, HISTORY_NOTION, "ds", "p1", NULL, NULL);
    history_set(h, HISTORY_ACT, 0, 5, HISTORY_NOTION, "ds", "p1", "Name", NULL, "Ada");
    history_set(h, HISTORY_ACT, 0, 6, HISTORY_NOTION, "ds", "p1", "Name", "Ada", "Ada");
    item.request = history_request(h);
    history_set(h, HISTORY_ACT, item.request, 50, HISTORY_NOTION, "ds", "p1", "Name", "Ada", last);
    (void)history_add(h, &item);
}

static void test_keeps(apr_pool_t *p)
{
    history_t *h = history_create(p);
    char text[] = "p1";

    fill(h, "a" HISTORY_MEMBER "b");
    tap_int(history_count(h), 4, "a value that stays is no change");
    tap_int(history_item(h, 2)->kind, HISTORY_EFFECT, "what a request did is an effect of ours");
    tap_int(history_item(h, 3)->request, 1, "requests are numbered from 1");
    tap_ok(history_item(h, 0)->record == history_text(h, text), "a string is kept once");
    text[0] = 'x';
    tap_str(history_item(h, 0)->record, "p1", "and is the history's own");
    tap_str(history_line(history_item(h, 2), 0, p),
            "       0.000 effect   set       notion p1.Name: 'Ada' -> 'a,b' (request 1)",
            "a line for people");
    tap_ok(strstr(history_line(history_item(h, 3), 0, p), "update") != NULL, "of a request, too");
}

static void test_hash(apr_pool_t *p)
{
    history_t *a = history_create(p), *b = history_create(p), *c = history_create(p);

    fill(a, "Eve");
    fill(b, "Eve");
    fill(c, "Eva");
    tap_ok(history_hash(a) == history_hash(b), "equal runs have equal numbers");
    tap_ok(history_hash(a) != history_hash(c), "others have others");
}

int main(void)
{
    apr_pool_t *p;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_keeps(p);
    test_hash(p);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
