/* Proves S5.8 of a single record that waits for others in a circle: its write names them, and what a refusal among them means. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;
static const char *const others[] = { "k8", "k9" };

static int named;    /* how many others the last write named; -1: there was none */
static int refusals; /* writes of rows to be refused yet */

static spoil_t watch(world_t *w, const nts_call_t *call)
{
    (void)w;
    if (call->kind != NTS_CALL_ASK || call->ask.kind != NTS_ASK_UPDATE) {
        return SPOIL_NOTHING;
    }
    named = call->ask.company_count;
    if (named && (call->ask.company != others || call->ask.side != NTS_EXTERNAL)) {
        named = -2;
    }
    return call->ask.side == NTS_EXTERNAL && refusals-- > 0 ? SPOIL_REFUSED : SPOIL_NOTHING;
}

/* A linked record whose page was edited; of its writes so many are refused for another row's sake. */
static world_t *begin(int company, int refused, nts_remedy_t remedy)
{
    world_t *w = world_linked(p);

    named = -1;
    refusals = refused;
    w->hook = watch;
    w->refusal = "sql.constraint";
    w->blocker = "k8";
    w->remedy = remedy;
    w->company = others;
    w->company_count = company;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    return w;
}

static const nts_link_t *link_of(world_t *w)
{
    return world_link(w, NTS_NOTION, "p1");
}

static void test_naming(void)
{
    world_t *w = begin(0, 0, NTS_REMEDY_WAIT);
    nts_entry_t *entry;

    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(named, 0, "a record that waits for nobody is written alone");
    w = begin(2, 0, NTS_REMEDY_WAIT);
    tap_int(world_run(w, NTS_NOTION, "p1"), NTS_STEP_DONE, "one in a circle");
    tap_int(named, 2, "names the others");
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), "uno", "and is written");
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    tap_int(entry->state, NTS_ENTRY_APPLIED, "under an intent of its own");
    (void)world_undo(w, entry);
    tap_int(named, 0, "who takes a write back does that alone");

    w = begin(2, 0, NTS_REMEDY_WAIT);
    (void)world_settle(w);
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    named = -1;
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_int(named, 0, "pages exchange nothing");
}

static void test_refusals(void)
{
    world_t *w = begin(0, 1, NTS_REMEDY_WAIT);

    tap_int(world_run(w, NTS_NOTION, "p1"), NTS_STEP_TROUBLE, "refused alone");
    tap_ok(link_of(w)->outcome.remedy == NTS_REMEDY_WAIT && !link_of(w)->next_try,
           "it waits for the other record");

    w = begin(2, 2, NTS_REMEDY_WAIT);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(link_of(w)->outcome.remedy, NTS_REMEDY_RETRY, "refused among others");
    tap_str(link_of(w)->outcome.blocker, "k8", "for the sake of one of them");
    tap_ok(link_of(w)->next_try == w->now + apr_time_from_sec(30) ||
               link_of(w)->next_try > w->now + apr_time_from_sec(29),
           "it is tried again");
    world_wait(w, apr_time_from_sec(31));
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(link_of(w)->next_try > w->now + apr_time_from_sec(58), "each time later");
    world_wait(w, apr_time_from_sec(61));
    tap_int(world_run(w, NTS_NOTION, "p1"), NTS_STEP_DONE, "and once more");
    tap_int(world_differences(w), 0, "until it is written");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "which ends it");

    w = begin(2, 1, NTS_REMEDY_PERSON);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(link_of(w)->outcome.remedy == NTS_REMEDY_PERSON && !link_of(w)->next_try,
           "what cannot be exchanged waits for a person");

    w = begin(2, 1, NTS_REMEDY_WAIT);
    w->blocker = NULL;
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(link_of(w)->outcome.remedy == NTS_REMEDY_WAIT && !link_of(w)->next_try,
           "what is refused for its own sake waits for an edit");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_naming();
    test_refusals();
    apr_pool_destroy(p);
    return tap_done();
}
