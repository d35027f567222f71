/* Fuzzes the shared segment: whatever stands in it, reading it ends and stays inside it (D35). */
#include "fuzz.h"

#include <unistd.h>

#include "queue/nts_segment_impl.h"

#define WORKERS 2
#define GROUPS 3
#define SERVICES 2

static apr_status_t enter(void *baton)
{
    (void)baton;
    return APR_SUCCESS;
}

static void leave(void *baton)
{
    (void)baton;
}

static void drain(nts_segment_t *seg)
{
    nts_slot_t slots[8];
    int overflowed = 0;
    int worker;
    int turns;
    int count;
    int i;

    for (worker = 0; worker < WORKERS; worker++) {
        nts_segment_clear(seg, worker);
        for (turns = 0; (count = nts_segment_drain(seg, worker, slots, 8, &overflowed)) > 0;
             turns++) {
            FUZZ_ASSERT(count <= 8 && turns < 100);
            for (i = 0; i < count; i++) {
                FUZZ_ASSERT(memchr(slots[i].record, '\0', sizeof(slots[i].record)));
            }
        }
    }
}

static void look(nts_segment_t *seg)
{
    nts_worker_view_t worker;
    nts_budget_view_t budget;
    nts_group_view_t group;
    int i;

    for (i = 0; i < GROUPS; i++) {
        int owner = nts_segment_owner(seg, i);

        FUZZ_ASSERT(owner >= -1 && owner < WORKERS);
        nts_segment_get_group(&group, seg, i);
    }
    for (i = 0; i < WORKERS; i++) {
        nts_segment_get_worker(&worker, seg, i);
    }
    for (i = 0; i < SERVICES; i++) {
        nts_segment_get_budget(&budget, seg, i);
    }
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    static const nts_segment_size_t size = { WORKERS, 16, GROUPS, SERVICES, 0 };
    static const nts_segment_lock_t lock = { enter, leave, NULL };
    const char *problem = NULL;
    nts_segment_t *seg;
    nts_slot_t slot;
    apr_uint64_t bytes;

    if (nts_segment_create(&seg, &size, &lock, p) != APR_SUCCESS) {
        return;
    }
    bytes = seg->parts.end;
    nts_slot_set(&slot, 1, 1, NTS_NOTION, "page", NTS_LIVE, 0);
    nts_segment_push(seg, 0, &slot, 1);
    memcpy(seg->base, data, len < bytes ? len : bytes);
    (void)nts_segment_validate(&problem, seg);
    nts_segment_notify(seg, 0, &slot, 1);
    look(seg);
    drain(seg);
    nts_segment_push(seg, 1, &slot, 1);
    drain(seg);
}
