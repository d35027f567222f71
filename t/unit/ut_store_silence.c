/* Proves: events that should have come and have not are noticed, by our own writes and by what incremental runs found; and nothing else is
 * taken for silence. */
#include <apr_general.h>
#include <string.h>

#include "store_kit.h"
#include "tap/tap.h"

#define MINUTES(n) apr_time_from_sec((n)*60)

static apr_pool_t *p;
static kit_t kit;
static int made;

static void change(nts_side_t side, nts_entry_op_t op, nts_entry_state_t state, const char *cause)
{
    nts_entry_t *entry = kit_entry(apr_psprintf(p, "i%d", ++made), op, side, NTS_ENTRY_PENDING, p);
    nts_link_t *link =
        kit_link(apr_psprintf(p, "p%d", made), apr_psprintf(p, "k%d", made), NTS_LINK_ACTIVE, p);
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words;
    int i;

    entry->at = kit_now;
    entry->cause = cause;
    commit.link = link;
    commit.entries = &entry;
    commit.entry_count = 1;
    for (i = 0; i < 2; i++) {
        if (nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, &commit, p) !=
                APR_SUCCESS ||
            result != NTS_COMMIT_OK) {
            tap_ok(0, "a change is stored");
        }
        entry->state = state;
    }
}

static void write_to_notion(void)
{
    change(NTS_NOTION, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, NULL);
}

static void hear(const char *state, apr_time_t last_event)
{
    nts_hook_t hook = { state, 0, last_event };

    if (nts_store_put_hook(kit.store, kit.notion->id, &hook) != APR_SUCCESS) {
        tap_ok(0, "a hook is stored");
    }
}

static const nts_outcome_t *silence(void)
{
    static nts_outcome_t out;

    if (nts_store_get_silence(&out, kit.store, kit.mapping, NTS_NOTION, p) != APR_SUCCESS) {
        tap_ok(0, "silence can be asked for");
    }
    return &out;
}

static void is_silent(const char *what)
{
    tap_str(silence()->code, NTS_HOOK_SILENT, "%s: silent", what);
}

static void is_heard(const char *what)
{
    tap_str(silence()->code, NULL, "%s: not silent", what);
}

static void test_own_writes(void)
{
    kit_open(&kit, p);
    hear("verified", kit_now);
    kit_now += MINUTES(3);
    write_to_notion();
    kit_now += MINUTES(14);
    is_heard("an event may be late");
    kit_now += MINUTES(2);
    is_silent("a quarter of an hour after a write of ours");
    tap_ok(strstr(silence()->what, "n sends no events") && silence()->advice &&
               silence()->remedy == NTS_REMEDY_PERSON,
           "says so: %s", nts_outcome_text(silence(), p));
    hear("verified", kit_now);
    is_heard("an event has come");
    kit_now += MINUTES(600);
    is_heard("where nothing happens, nothing is missed");
    hear("verified", kit_now - apr_time_from_sec(30));
    write_to_notion();
    kit_now += MINUTES(20);
    is_heard("an event within the minute after the one that was noted is not noted");
}

static void test_others(void)
{
    kit_open(&kit, p);
    hear("verified", kit_now);
    kit_now += MINUTES(3);
    change(NTS_NOTION, NTS_ENTRY_UPDATE, NTS_ENTRY_NOT_APPLIED, NULL);
    change(NTS_NOTION, NTS_ENTRY_HOLD, NTS_ENTRY_APPLIED, NULL);
    change(NTS_EXTERNAL, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, "full run 7");
    change(NTS_EXTERNAL, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, "events");
    kit_now += MINUTES(20);
    is_heard("what was not written, what a first run or an event brought");
    change(NTS_EXTERNAL, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, NTS_CAUSE_INCREMENTAL "8");
    is_heard("just now");
    kit_now += MINUTES(20);
    is_silent("an edit that an incremental run found");
    change(NTS_EXTERNAL, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, "events");
    is_silent("behind others");
    for (int i = 0; i < 450; i++) {
        change(NTS_EXTERNAL, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, "events");
    }
    is_silent("behind many others");
}

static void test_sides(void)
{
    nts_outcome_t out;

    kit_open(&kit, p);
    kit_now += MINUTES(3);
    change(NTS_EXTERNAL, NTS_ENTRY_UPDATE, NTS_ENTRY_APPLIED, NULL);
    kit_now += MINUTES(20);
    (void)nts_store_get_silence(&out, kit.store, kit.mapping, NTS_EXTERNAL, p);
    tap_str(out.code, NULL, "a database sends no events");
    kit.mapping->external = kit.notion; /* as if it were another data source */
    hear("verified", kit_now - MINUTES(30));
    (void)nts_store_get_silence(&out, kit.store, kit.mapping, NTS_EXTERNAL, p);
    tap_str(out.code, NTS_HOOK_SILENT,
            "the external side, where that is Notion, is missed as well");
    is_heard("and not mistaken for the other");
}

static void test_subscriptions(void)
{
    static const nts_key_t key = { 0 };

    kit_open(&kit, p);
    write_to_notion();
    kit_now += MINUTES(20);
    is_heard("nobody made a subscription");
    hear("pending", 0);
    is_heard("somebody is about to");
    if (nts_store_take_handshake(kit.store, kit.notion, &key, "secret_x") != APR_EEXIST) {
        tap_ok(0, "too late for the handshake");
    }
    hear("arrived", 0);
    is_heard("the token of a subscription arrived, when is not known");
    (void)nts_store_put_secret(kit.store, kit.notion, "hook", &key, "secret_x");
    is_heard("its token has just arrived");
    kit_now += MINUTES(3);
    write_to_notion();
    kit_now += MINUTES(20);
    is_silent("its token arrived long ago");
    tap_ok(strstr(silence()->what, "no event has ever come") != NULL, "%s", silence()->what);

    kit_open(&kit, p);
    kit.notion->hook_secret = "file:hook";
    is_heard("a key is configured, and nothing was changed");
    write_to_notion();
    kit_now += MINUTES(20);
    is_silent("a key is configured, and no event has ever come");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_own_writes();
    test_others();
    test_sides();
    test_subscriptions();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
