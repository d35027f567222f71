/* The store keeps what it is told: setup with stable numbers, statuses, schemas, notices, secrets,
 * commands, runs; and refuses files that are not its own. */
#include <stdlib.h>

#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

int main(void)
{
    kit_t kit;
    apr_pool_t *p;
    nts_loaded_t *loaded;
    nts_link_t *link;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    tap_ok(kit.mapping->id > 0 && kit.mapping->pairs[0].id > 0, "numbers were given");
    link = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    tap_int(kit_put_link(&kit, link), NTS_COMMIT_OK, "a link is stored");
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_ok(loaded->link && loaded->link->id == link->id, "and found by its page");
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    return tap_done();
}
