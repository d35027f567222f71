/* Requests that were reserved are known to whoever owns the group next (S6.8): never forgotten too early,
 * whatever happens to the owner or the clock, and forgotten in the end. */
#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"

#define SEC apr_time_from_sec(1)
#define WINDOW (60 * SEC)

static apr_pool_t *p;

/* Only the wall clock is set here: the other is not known. */
static nts_moment_t moment(void)
{
    nts_moment_t now = { kit_now, 0 };

    return now;
}

static int inherit(nts_store_t *store, apr_int64_t service, apr_time_t *gate)
{
    apr_time_t unused;
    int requests = -1, was_set;

    if (nts_store_inherit(&requests, gate ? gate : &unused, &was_set, store, service, WINDOW,
                          moment()) != APR_SUCCESS) {
        return -1;
    }
    return requests;
}

int main(void)
{
    apr_int64_t chunks[3];
    apr_int64_t unused;
    apr_int64_t service;
    apr_time_t gate;
    nts_store_t *other;
    kit_t kit;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    service = kit.notion->id;
    tap_int(inherit(kit.store, service, &gate), 0, "nothing was reserved");
    tap_int(gate, 0, "and the gate is open");
    tap_int(nts_store_reserve(&chunks[0], kit.store, service, 11, moment()), APR_EINVAL,
            "more than ten at once are refused");
    tap_int(nts_store_reserve(&chunks[0], kit.store, service, 0, moment()), APR_EINVAL, "none too");
    (void)nts_store_reserve(&chunks[0], kit.store, service, 10, moment());
    (void)nts_store_reserve(&chunks[1], kit.store, service, 3, moment());
    (void)nts_store_reserve(&chunks[2], kit.store, kit.sql->id, 7, moment());
    tap_ok(chunks[0] > 0 && chunks[1] > chunks[0], "two chunks");

    kit_now += 10 * SEC;
    tap_int(nts_store_release(kit.store, chunks[0], kit_now), APR_SUCCESS, "one was answered");
    kit_now += 30 * SEC;
    nts_store_close(kit.store);
    other = kit_connect(&kit, p);
    tap_int(inherit(other, service, NULL), 13,
            "a new owner counts what was answered within the window, and what never was");
    kit_now += 30 * SEC + 1;
    tap_int(inherit(other, service, NULL), 3,
            "what was answered is forgotten a window later, what never was a window after its "
            "adoption");
    kit_now += 30 * SEC;
    tap_int(inherit(other, service, NULL), 0, "and in the end all of it");
    tap_int(inherit(other, kit.sql->id, NULL), 7, "other services have their own");

    (void)nts_store_reserve(&chunks[0], other, service, 5, moment());
    tap_ok(chunks[0] > chunks[1], "the number of a chunk is not given twice");
    (void)nts_store_release(other, chunks[0], kit_now);
    (void)nts_store_release(other, chunks[0], kit_now + 500 * SEC);
    kit_now += 59 * SEC;
    tap_int(inherit(other, service, NULL), 5, "a chunk is released once");
    kit_now += 2 * SEC;
    tap_int(inherit(other, service, NULL), 0, "at its first answer");

    (void)nts_store_reserve(&chunks[0], other, service, 4, moment());
    (void)nts_store_release(other, chunks[0], kit_now);
    kit_now -= 10000 * SEC;
    tap_ok(inherit(other, service, NULL) >= 4, "D56: a clock that is set back forgets nothing");
    kit_now += 61 * SEC;
    tap_int(inherit(other, service, NULL), 0, "and keeps nothing for ever");

    (void)nts_store_gate(other, service, kit_now + 30 * SEC);
    (void)nts_store_gate(other, service, kit_now + 20 * SEC);
    (void)inherit(other, service, &gate);
    tap_int(gate, kit_now + 30 * SEC, "a gate is never opened early");
    kit_now += 31 * SEC;
    (void)inherit(other, service, &gate);
    tap_int(gate, 0, "but in time");

    (void)nts_store_reserve(&chunks[0], other, service, 1, moment());
    (void)nts_store_release(other, chunks[0], kit_now);
    kit_now += apr_time_from_sec(90000);
    tap_int(nts_store_prune(other, 0, 0), APR_SUCCESS, "pruning forgets old chunks");
    (void)nts_store_reserve(&unused, other, service, 1, moment());
    tap_ok(unused > chunks[0], "and no number");
    nts_store_close(other);
    apr_pool_destroy(p);
    return tap_done();
}
