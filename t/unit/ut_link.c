/* Proves: bases and audit entries come back from the store's texts as they were, whatever they hold, copies
 * share nothing, and damaged texts are refused. */
#include <malloc.h>
#include <stdlib.h>

#include "model/nts_link.h"
#include "tap/tap.h"
#include "unit/ut_random.h"
#include "unit/ut_values.h"

static apr_pool_t *pool;

static void fill_base(nts_base_t *base, ut_random_t *random)
{
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        base->value[side] = ut_random_value(random, pool);
        base->seen[side] = (apr_time_t)(ut_random(random) >> 12);
    }
    if (ut_random_below(random, 3) == 0) {
        base->has_rewrite = 1;
        base->rewriter = (nts_side_t)ut_random_below(random, 2);
        base->rewrite = ut_random_value(random, pool);
    }
    if (ut_random_below(random, 3) == 0) {
        base->fights = 1 + ut_random_below(random, 4);
        base->undoings = ut_random_below(random, base->fights);
        base->fighter = (nts_side_t)ut_random_below(random, 2);
        base->fought = (apr_time_t)(ut_random(random) >> 12);
        base->undone = ut_random_value(random, pool);
    }
}

static int bases_differ(const nts_base_t *a, const nts_base_t *b)
{
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        if (strcmp(ut_text(&a->value[side], pool), ut_text(&b->value[side], pool)) != 0 ||
            a->seen[side] != b->seen[side]) {
            return 1;
        }
    }
    return a->pair != b->pair || a->has_rewrite != b->has_rewrite || a->rewriter != b->rewriter ||
           strcmp(ut_text(&a->rewrite, pool), ut_text(&b->rewrite, pool)) != 0 ||
           strcmp(ut_text(&a->undone, pool), ut_text(&b->undone, pool)) != 0 ||
           a->fights != b->fights || a->undoings != b->undoings || a->fighter != b->fighter ||
           a->fought != b->fought;
}

static void test_bases(void)
{
    ut_random_t random = { 3 };
    int wrong = 0;

    for (int round = 0; round < 500; round++) {
        nts_link_t link = { .page = "p" };
        nts_link_t back = { 0 };
        nts_link_t *copy;
        int count = ut_random_below(&random, 5);

        for (int i = 0; i < count; i++) {
            fill_base(nts_link_base_make(&link, 100 + i, pool), &random);
        }
        copy = nts_link_copy(&link, pool);
        wrong +=
            nts_link_bases_parse(&back, nts_link_bases_text(&link, pool), pool) != APR_SUCCESS ||
            back.base_count != count || copy->base_count != count;
        for (int i = 0; i < count && i < back.base_count; i++) {
            wrong += bases_differ(&link.bases[i], &back.bases[i]) ||
                     bases_differ(&link.bases[i], &copy->bases[i]);
        }
        if (round % 100 == 99) {
            apr_pool_clear(pool);
        }
    }
    tap_int(wrong, 0, "bases of 500 random links come back from their text and from copies");
}

/* P9: of a text of bases nothing is kept but the bases, of bases nothing but the text: a listing has a hundred links in memory. Their trees
 * took half a MiB each. (With sanitizers mallinfo2 sees nothing.) */
static void test_base_memory(void)
{
    enum { LINKS = 100, FIELDS = 25 };
    nts_link_t link = { .page = "p" };
    nts_link_t *links = apr_pcalloc(pool, LINKS * sizeof(*links));
    const char *text;
    apr_pool_t *kept;
    size_t before, parsed, spelled;

    (void)apr_pool_create(&kept, pool);
    for (int i = 0; i < FIELDS; i++) {
        nts_base_t *base = nts_link_base_make(&link, 100 + i, pool);

        (void)nts_value_number(&base->value[NTS_NOTION], "12.5", pool);
        (void)nts_value_number(&base->value[NTS_EXTERNAL], "12.5", pool);
    }
    text = nts_link_bases_text(&link, pool);
    before = mallinfo2().uordblks;
    for (int i = 0; i < LINKS; i++) {
        (void)nts_link_bases_parse(&links[i], text, kept);
    }
    parsed = mallinfo2().uordblks;
    for (int i = 0; i < LINKS; i++) {
        (void)nts_link_bases_text(&link, kept);
    }
    spelled = mallinfo2().uordblks;
    tap_ok(parsed - before < LINKS * 16 * 1024, "of %d links of %d fields no tree is left: %d KiB",
           LINKS, FIELDS, (int)((parsed - before) / 1024));
    tap_ok(spelled - parsed < LINKS * 16 * 1024, "nor of their texts: %d KiB",
           (int)((spelled - parsed) / 1024));
    apr_pool_destroy(kept);
}

static void test_base_access(void)
{
    nts_link_t link = { 0 };
    nts_base_t *base;

    tap_ok(!nts_link_base(&link, 1), "a new link has no base");
    base = nts_link_base_make(&link, 1, pool);
    tap_ok(base->pair == 1 && base->value[NTS_NOTION].kind == NTS_VALUE_ABSENT,
           "an added one is absent");
    base->fights = 3;
    (void)nts_link_base_make(&link, 2, pool);
    tap_int(link.base_count, 2, "there are two");
    tap_int(nts_link_base_make(&link, 1, pool)->fights, 3, "the first is still what it was");
    tap_int(link.base_count, 2, "and is not added again");
    tap_int(nts_link_base(&link, 2)->pair, 2, "the second is found");
}

static void test_copy(void)
{
    char page[] = "page";
    char what[] = "what";
    nts_link_t link = { .id = 5, .page = page, .state = NTS_LINK_DORMANT, .attempts = 2 };
    nts_link_t *copy;

    link.outcome.what = what;
    copy = nts_link_copy(&link, pool);
    page[0] = 'X';
    what[0] = 'X';
    tap_str(copy->page, "page", "a copy has texts of its own");
    tap_str(copy->outcome.what, "what", "in its outcome too");
    tap_str(copy->key, NULL, "no key stays no key");
    tap_ok(copy->id == 5 && copy->state == NTS_LINK_DORMANT && copy->attempts == 2, "and the rest");
}

static void test_entries(void)
{
    ut_random_t random = { 4 };
    int wrong = 0;

    for (int round = 0; round < 300; round++) {
        nts_entry_field_t fields[3];
        nts_entry_t entry = { .fields = fields, .field_count = ut_random_below(&random, 4) };
        nts_entry_t back = { 0 };
        const char *text;

        memset(fields, 0, sizeof(fields));
        for (int i = 0; i < entry.field_count; i++) {
            fields[i].pair = i;
            fields[i].name = i ? "Stage <-> stage" : NULL;
            fields[i].reason = i ? "tie: notion" : NULL;
            fields[i].agreed = ut_random_value(&random, pool);
            fields[i].before = ut_random_value(&random, pool);
            fields[i].after = ut_random_value(&random, pool);
            fields[i].sent = ut_random_value(&random, pool);
            fields[i].lost = ut_random_value(&random, pool);
            fields[i].other = ut_random_value(&random, pool);
        }
        text = nts_entry_fields_text(&entry, pool);
        wrong += nts_entry_fields_parse(&back, text, pool) != APR_SUCCESS ||
                 strcmp(nts_entry_fields_text(&back, pool), text) != 0 ||
                 back.field_count != entry.field_count;
        for (int i = 0; i < back.field_count; i++) {
            /* what recovery settles with: without it a write whose answer was lost would count as an edit */
            wrong +=
                strcmp(ut_text(&fields[i].other, pool), ut_text(&back.fields[i].other, pool)) !=
                    0 ||
                strcmp(ut_text(&fields[i].sent, pool), ut_text(&back.fields[i].sent, pool)) != 0;
        }
        if (round % 100 == 99) {
            apr_pool_clear(pool);
        }
    }
    tap_int(wrong, 0, "fields of 300 random audit entries come back from their text");
}

static void test_damaged(void)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"pair\":\"1\"}]",
        "[{\"pair\":1,\"notion\":{\"n\":\"x\"},\"agreed\":{\"n\":\"x\"}}]",
        "[{\"pair\":1}] x"
    };

    for (int i = 0; i < (int)(sizeof(bad) / sizeof(bad[0])); i++) {
        nts_link_t link = { .base_count = 1 };
        nts_entry_t entry = { .field_count = 1 };

        tap_int(nts_link_bases_parse(&link, bad[i], pool), APR_EMISMATCH, "'%s' are no bases",
                bad[i]);
        tap_int(link.base_count, 0, "and leave none");
        tap_int(nts_entry_fields_parse(&entry, bad[i], pool), APR_EMISMATCH,
                "nor fields of an entry");
        tap_int(entry.field_count, 0, "and leave none");
    }
}

static void test_names(void)
{
    tap_str(nts_entry_op_name(NTS_ENTRY_REFUSE), "refuse", "name of an operation");
    tap_str(nts_entry_state_name(NTS_ENTRY_NOTED), "noted", "name of an entry's state");
    tap_str(nts_link_state_name(NTS_LINK_IGNORED), "ignored", "name of a link's state");
    tap_str(nts_ask_name(NTS_ASK_UNPROVISION), "unprovision", "name of what is asked");
    tap_str(nts_result_name(NTS_RESULT_BLOCKED), "blocked", "name of a result");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_bases();
    test_base_memory();
    test_base_access();
    test_copy();
    test_entries();
    test_damaged();
    test_names();
    apr_terminate();
    return tap_done();
}
