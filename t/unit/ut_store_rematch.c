/* Proves what the store makes of a match of whole sides (S5.1): one partner is linked, several are held, and what was held
 * is let go of only together with the mark that a match is due. */
#include <string.h>

#include "store_kit.h"
#include "tap/tap.h"

static kit_t kit;

static void put(nts_side_t side, const char *id, const char *hash)
{
    (void)nts_store_match_put(kit.store, kit.mapping->id, side, id, hash);
}

static void join(nts_matched_t *matched)
{
    tap_int(nts_store_match_join(matched, kit.store, kit.mapping, 0, "g", kit.epoch, kit.p),
            APR_SUCCESS, "the match is joined");
}

static int is_matched(void)
{
    nts_mapping_status_t status;

    (void)nts_store_get_status(&status, kit.store, kit.mapping->id, kit.p);
    return status.matched;
}

static nts_trouble_t trouble_of(const char *page)
{
    nts_loaded_t *loaded = kit_load(&kit, 0, page, NULL);

    return loaded->link ? loaded->link->trouble : NTS_TROUBLE_NONE;
}

int main(void)
{
    nts_matched_t matched = { 0 };
    nts_link_t *held;
    nts_loaded_t *loaded;
    apr_pool_t *p;
    int released;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    put(NTS_NOTION, "p1", "ada");
    put(NTS_NOTION, "p2", "bob");
    put(NTS_NOTION, "p3", "bob");
    put(NTS_EXTERNAL, "x1", "ada");
    put(NTS_EXTERNAL, "x2", "bob");
    join(&matched);
    tap_int(matched.linked, 1, "one partner: linked");
    tap_int(matched.ambiguous, 3, "several: held");
    loaded = kit_load(&kit, 0, "p1", NULL);
    tap_str(loaded->link ? loaded->link->key : NULL, "x1", "the right ones");
    tap_int(trouble_of("p2"), NTS_TROUBLE_HELD, "a page with a double");
    tap_ok(is_matched(), "the mapping is matched");

    held = kit_link("p9", "x9", NTS_LINK_ACTIVE, p);
    held->trouble = NTS_TROUBLE_HELD;
    nts_outcome_set(&held->outcome, p, NTS_REMEDY_PERSON, "held.conflict", "says match.ambiguous");
    (void)kit_put_link(&kit, held);
    tap_int(nts_store_match_release(&released, kit.store, kit.mapping->id), APR_SUCCESS,
            "before the next match");
    tap_int(released, 3, "those and no others are let go of");
    tap_int(trouble_of("p9"), NTS_TROUBLE_HELD, "what is held for another reason stays held");
    tap_int(trouble_of("p2"), NTS_TROUBLE_NONE, "they are in no trouble");
    tap_ok(!is_matched(), "but nothing is matched until that is done");

    put(NTS_NOTION, "p2", "bob");
    put(NTS_NOTION, "p3", "robert");
    put(NTS_EXTERNAL, "x2", "bob");
    join(&matched);
    tap_int(matched.linked, 1, "the double was renamed: linked");
    loaded = kit_load(&kit, 0, "p2", NULL);
    tap_str(loaded->link ? loaded->link->key : NULL, "x2", "with its partner");
    tap_ok(is_matched(), "matched again");
    (void)nts_store_match_release(&released, kit.store, kit.mapping->id);
    tap_int(released, 0, "nothing is left to let go of");
    tap_ok(is_matched(), "and then no match is due");
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
