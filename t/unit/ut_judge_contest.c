/* The judge on fields that both sides fight over (S2.10), and what becomes of them when they are held (S2.9). */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

/* Somebody on each side puts back what was there, until it is held; then, after a while, a person edits the page. */
static void fight(void)
{
    int i;

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.contested");
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    for (i = 0; i < 2; i++) {
        edit(1, "1", NAME, "Ada", NULL);
        write_by_us(0, "p", NAME, "Ada", NULL);
        edit(0, "p", NAME, NULL, "Ada");
        write_by_us(1, "1", NAME, NULL, "Ada");
    }
    edit(1, "1", NAME, "Ada", NULL);
    now += 600 * SEC;
    edit(0, "p", NAME, "Ada", "Eve");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    fight();
    verdict("S6.1", "what shows another value by now is not held any more");
    fight();
    now += 600 * SEC;
    edit(0, "p", NAME, "Eve", "Ada");
    verdict("", "it is, when both show again what they showed then (454166, 454805)");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
