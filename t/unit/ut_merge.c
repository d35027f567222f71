/* Proves sync.md section 2: what is decided for one field, given base, both sides and stamps. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static world_t *w;
static apr_pool_t *p;

/* Decide `pair` for three states of it; NULL base: none. */
static nts_decision_t decide(int pair, const nts_value_t *base_n, const nts_value_t *base_e,
                             nts_value_t n, nts_value_t e, nts_stamp_t sn, nts_stamp_t se)
{
    nts_base_t base = { 0 };
    const nts_value_t *now[2];
    nts_stamp_t stamps[2];
    nts_decision_t d;

    now[NTS_NOTION] = apr_pmemdup(p, &n, sizeof(n));
    now[NTS_EXTERNAL] = apr_pmemdup(p, &e, sizeof(e));
    stamps[NTS_NOTION] = sn;
    stamps[NTS_EXTERNAL] = se;
    if (base_n) {
        base.value[NTS_NOTION] = *base_n;
        base.value[NTS_EXTERNAL] = *base_e;
    }
    nts_merge_field(&d, &w->mapping, pair, base_n ? &base : NULL, now, stamps, p);
    return d;
}

static const nts_stamp_t same_time = { 0, 1000 };

static nts_decision_t decide_text(const char *base, const char *n, const char *e)
{
    nts_value_t b = world_text(base);

    return decide(NAME, base ? &b : NULL, &b, world_text(n), world_text(e), same_time, same_time);
}

static void test_one_side(void)
{
    nts_decision_t d = decide_text("a", "a", "a");

    tap_int(d.verdict, NTS_VERDICT_NONE, "2.1 nobody changed: nothing to do");
    d = decide_text("a", "b", "a");
    tap_ok(d.verdict == NTS_VERDICT_WRITE && d.write[NTS_EXTERNAL] && !d.write[NTS_NOTION],
           "2.2 notion changed: external gets it");
    tap_str(d.native[NTS_EXTERNAL].as.text, "b", "2.2 with notion's value");
    w->mapping.conflict = NTS_CONFLICT_NOTION;
    d = decide_text("a", "a", "c");
    tap_ok(d.write[NTS_NOTION] && !d.write[NTS_EXTERNAL],
           "2.2 external changed: notion gets it, even under notion-wins");
    w->mapping.conflict = NTS_CONFLICT_LAST_WRITE;
    d = decide_text("a", "b", "b");
    tap_int(d.verdict, NTS_VERDICT_AGREED, "2.3 both changed to the same value: agreed");
    d = decide_text("a", NULL, "a");
    tap_ok(d.write[NTS_EXTERNAL] && d.native[NTS_EXTERNAL].kind == NTS_VALUE_NULL,
           "2.2 clearing is a change like any other");
    d = decide_text("a", "a", "");
    tap_ok(d.write[NTS_NOTION], "an empty text is null, and null is a change");
}

static void test_sets(void)
{
    nts_value_t bn = world_tags(w, NTS_NOTION, "ab"), be = world_tags(w, NTS_EXTERNAL, "ab");
    nts_decision_t d = decide(TAGS, &bn, &be, world_tags(w, NTS_NOTION, "abc"),
                              world_tags(w, NTS_EXTERNAL, "bd"), same_time, same_time);

    tap_ok(d.write[NTS_NOTION] && d.write[NTS_EXTERNAL], "2.4 both sides get the merged set");
    tap_str(nts_value_display(&d.want, 99, p), "b, c, d", "2.4 additions of both, removal kept");
    d = decide(TAGS, &bn, &be, bn, world_tags(w, NTS_EXTERNAL, "b"), same_time, same_time);
    tap_ok(d.write[NTS_NOTION] && !d.write[NTS_EXTERNAL], "2.4 a removal alone travels");
    d = decide(TAGS, &bn, &be, bn, nts_value_text("[\"b\",\"a\"]"), same_time, same_time);
    tap_int(d.verdict, NTS_VERDICT_NONE, "2.4 order means nothing");
    d = decide(TAGS, &bn, &be, bn, nts_value_text("[broken"), same_time, same_time);
    tap_int(d.verdict, NTS_VERDICT_STUCK, "a column that holds no set parks the field");
}

static void test_conflicts(void)
{
    nts_value_t b = world_text("a");
    nts_stamp_t early = { 0, apr_time_from_sec(10) },
                late = { apr_time_from_sec(16), apr_time_from_sec(20) },
                soon = { apr_time_from_sec(14), apr_time_from_sec(20) };
    nts_decision_t d;

    d = decide(NAME, &b, &b, world_text("n"), world_text("e"), early, late);
    tap_ok(d.write[NTS_NOTION] && !strcmp(d.native[NTS_NOTION].as.text, "e"),
           "2.5 last-write-wins: the later edit");
    tap_str(d.lost.as.text, "n", "2.5 and the losing value is kept");
    d = decide(NAME, &b, &b, world_text("n"), world_text("e"), late, early);
    tap_ok(d.write[NTS_EXTERNAL] && !d.write[NTS_NOTION], "2.5 whichever side it is on");
    d = decide(NAME, &b, &b, world_text("n"), world_text("e"), early, soon);
    tap_ok(d.write[NTS_EXTERNAL], "2.5 closer than the grace period: tie=notion");
    w->mapping.tie = NTS_EXTERNAL;
    d = decide(NAME, &b, &b, world_text("n"), world_text("e"), early, soon);
    tap_ok(d.write[NTS_NOTION], "2.5 tie=external");
    w->mapping.tie = NTS_NOTION;
    w->mapping.conflict = NTS_CONFLICT_EXTERNAL;
    d = decide(NAME, &b, &b, world_text("n"), world_text("e"), late, early);
    tap_ok(d.write[NTS_NOTION], "2.5 external-wins asks no clock");
    w->pairs[NAME].conflict = NTS_CONFLICT_HOLD;
    d = decide(NAME, &b, &b, world_text("n"), world_text("e"), late, early);
    tap_int(d.verdict, NTS_VERDICT_HELD, "2.5 a field's own rule goes before the mapping's");
    tap_ok(d.outcome.remedy == NTS_REMEDY_PERSON && d.outcome.advice, "2.5 and says what to do");
    w->pairs[NAME].conflict = NTS_CONFLICT_INHERIT;
    b = world_number(w, "1");
    d = decide(QTY, &b, &b, world_number(w, "2.5"), world_number(w, "7"), late, early);
    tap_ok(d.write[NTS_NOTION] && !strcmp(d.lost.as.text, "2.5"),
           "S6.4 what loses is kept as it stood there, not as the other side could hold it");
    w->mapping.conflict = NTS_CONFLICT_LAST_WRITE;
}

/* A side whose value nobody can make sense of has no less of one: what the rule overwrites is kept as it stood there. */
static void test_first_unreadable(void)
{
    nts_value_t strange[2] = { nts_value_text("a dozen"), { 0 } };
    nts_value_t null = nts_value_null;
    nts_decision_t d;
    int i;

    strange[1].kind = NTS_VALUE_OPAQUE;
    strange[1].as.text = "a dozen";
    w->pairs[QTY].initial = NTS_INITIAL_EXTERNAL;
    for (i = 0; i < 2; i++) {
        d = decide(QTY, NULL, NULL, strange[i], world_number(w, "7"), same_time, same_time);
        tap_ok(d.write[NTS_NOTION] && d.lost.kind == strange[i].kind &&
                   !strcmp(d.lost.as.text, "a dozen"),
               "S6.4 initial=external over what cannot be read: the audit has it");
        d = decide(QTY, NULL, NULL, strange[i], null, same_time, same_time);
        tap_int(d.verdict, NTS_VERDICT_STUCK, "2.6 and it is not nothing, which nothing replaces");
    }
    w->pairs[QTY].initial = NTS_INITIAL_HOLD;
    d = decide(QTY, NULL, NULL, strange[0], world_number(w, "7"), same_time, same_time);
    tap_int(d.verdict, NTS_VERDICT_HELD, "2.6 a person is asked as ever");
}

static void test_without_base(void)
{
    nts_decision_t d = decide_text(NULL, "x", "x");

    tap_int(d.verdict, NTS_VERDICT_AGREED, "2.6 no base, equal: agreed");
    d = decide_text(NULL, NULL, "x");
    tap_ok(d.write[NTS_NOTION], "2.6 null takes the other's value");
    d = decide_text(NULL, "x", "y");
    tap_int(d.verdict, NTS_VERDICT_HELD, "2.6 different: held by default");
    w->pairs[NAME].initial = NTS_INITIAL_EXTERNAL;
    d = decide_text(NULL, "x", "y");
    tap_ok(d.write[NTS_NOTION] && !strcmp(d.lost.as.text, "x"), "2.6 initial=external");
    w->pairs[NAME].initial = NTS_INITIAL_HOLD;
    test_first_unreadable();
}

static void test_one_way(void)
{
    nts_value_t b = world_number(w, "1");
    nts_decision_t d = decide(NUMBER, &b, &b, b, world_number(w, "9"), same_time, same_time);

    tap_ok(d.write[NTS_EXTERNAL] && !d.write[NTS_NOTION], "2.8 the target's change is overwritten");
    tap_ok(d.lost.kind == NTS_VALUE_NUMBER, "2.8 and kept for the audit");
    d = decide(NUMBER, NULL, NULL, b, world_number(w, "9"), same_time, same_time);
    tap_ok(d.write[NTS_EXTERNAL] && d.lost.kind == NTS_VALUE_NUMBER,
           "S6.4 so is what the target held before anything was agreed");
}

static void test_domain(void)
{
    nts_value_t b = world_number(w, "1"), truncated = world_text("part");
    nts_decision_t d = decide(QTY, &b, &b, world_number(w, "1.5"), b, same_time, same_time);

    tap_int(d.verdict, NTS_VERDICT_STUCK, "a fraction does not fit a whole column: parked");
    tap_ok(d.outcome.what && d.outcome.field, "with what and where");
    d = decide(QTY, &b, &b, world_number(w, "1.0"), b, same_time, same_time);
    tap_int(d.verdict, NTS_VERDICT_NONE, "1.0 is 1");
    truncated.truncated = 1;
    b = world_text("part of it");
    d = decide(NAME, &b, &b, truncated, b, same_time, same_time);
    tap_int(d.verdict, NTS_VERDICT_UNREAD, "a truncated value is no change");
    d = decide(NAME, &b, &b, nts_value_absent, b, same_time, same_time);
    tap_int(d.verdict, NTS_VERDICT_UNREAD, "a missing property is not a cleared one");
}

static void test_option_identity(void)
{
    nts_value_t bn = world_stage(w, "Won"), be = world_text("Won");
    nts_decision_t d =
        decide(STAGE, &bn, &be, nts_value_option("o2", "Closed"), be, same_time, same_time);

    tap_int(d.verdict, NTS_VERDICT_NONE, "an option's new name is no edit");
    d = decide(STAGE, &bn, &be, bn, world_text("Lost"), same_time, same_time);
    tap_ok(d.write[NTS_NOTION] && d.native[NTS_NOTION].as.option.id &&
               !strcmp(d.native[NTS_NOTION].as.option.id, "o3"),
           "a text becomes the option by its id");
}

static void test_settling(void)
{
    nts_base_t base = { 0 };
    nts_value_t sent = world_text("v"), answer = world_text("V!"), other = world_text("v"),
                old = world_text("o");
    const nts_value_t *now[2] = { &other, &answer };
    nts_stamp_t stamps[2] = { { 0, 0 }, { 0, 0 } };
    nts_decision_t d;

    base.value[0] = base.value[1] = old;
    (void)nts_merge_settle(&base, &w->pairs[NAME], NTS_EXTERNAL, &sent, &old, &answer, &other, 5, 4,
                           p);
    tap_str(base.value[NTS_EXTERNAL].as.text, "v", "3.5 rewritten: the base is what was sent");
    nts_merge_field(&d, &w->mapping, NAME, &base, now, stamps, p);
    tap_ok(d.write[NTS_NOTION] && !d.write[NTS_EXTERNAL], "3.5 the rewrite flows back");
    other = world_text("person");
    stamps[NTS_NOTION].to = 0;
    w->mapping.conflict = NTS_CONFLICT_EXTERNAL;
    nts_merge_field(&d, &w->mapping, NAME, &base, now, stamps, p);
    tap_ok(d.write[NTS_EXTERNAL] && !d.write[NTS_NOTION],
           "3.5 but loses to any edit, whatever the rule");
    w->mapping.conflict = NTS_CONFLICT_LAST_WRITE;
    other = world_text("v");
    w->pairs[NAME].direction = NTS_TO_EXTERNAL;
    nts_merge_field(&d, &w->mapping, NAME, &base, now, stamps, p);
    tap_int(d.verdict, NTS_VERDICT_HELD,
            "2.10 one way: what the target rewrites is not sent again");
    tap_str(d.outcome.code, "held.contested", "but held");
    other = world_text("new");
    nts_merge_field(&d, &w->mapping, NAME, &base, now, stamps, p);
    tap_ok(d.write[NTS_EXTERNAL], "until the source has another value");
    base = (nts_base_t){ 0 };
    nts_merge_field(&d, &w->mapping, NAME, &base, now, stamps, p);
    tap_ok(d.write[NTS_EXTERNAL] && d.lost.kind == NTS_VALUE_TEXT && !strcmp(d.lost.as.text, "V!"),
           "6.4 one way: what the target had before the first write is kept in the audit");
    w->pairs[NAME].direction = NTS_BOTH;
}

/* Notion shows no more than 25 mentions of a text, in its answer to a write as well. */
static void test_settling_of_a_part(void)
{
    nts_base_t base = { 0 };
    nts_value_t sent = world_text("1 2 3"), shown = world_text("1 2"), old = world_text("1 2 4");

    shown.truncated = 1;
    base.value[0] = base.value[1] = old;
    (void)nts_merge_settle(&base, &w->pairs[NAME], NTS_NOTION, &sent, &old, &shown, &sent, 5, 4, p);
    tap_str(base.value[NTS_NOTION].as.text, "1 2 3",
            "3.5 shown in part: the base is what was sent");
    tap_ok(!base.has_rewrite, "3.5 and nobody rewrote it");
}

static void test_set_settling(void)
{
    nts_base_t base = { 0 };
    nts_value_t sent = world_tags(w, NTS_NOTION, "abc"), other = world_tags(w, NTS_EXTERNAL, "ab"),
                none = nts_value_absent;

    base.value[NTS_NOTION] = world_tags(w, NTS_NOTION, "a");
    base.value[NTS_EXTERNAL] = world_tags(w, NTS_EXTERNAL, "a");
    (void)nts_merge_settle(&base, &w->pairs[TAGS], NTS_NOTION, &sent, &none, &sent, &other, 5, 4,
                           p);
    tap_str(nts_value_display(&base.value[NTS_NOTION], 99, p), "a, b",
            "2.4 a member settles once both sides show it");
}

/* One side brings back its value as soon as we overwrite it. The other insists as well, or is edited anew each time.
 * @return the round whose change is held; 0: none of @a rounds */
static int held_after(int rounds, int is_edited_anew, apr_interval_time_t apart)
{
    nts_base_t base = { 0 };
    nts_value_t a = world_text("a"), b = world_text("b");
    const nts_value_t *now[2] = { &a, &b };
    nts_stamp_t stamps[2] = { { 0, 0 }, { 0, 0 } };
    nts_decision_t d;
    int round;

    base.value[0] = base.value[1] = a;
    for (round = 1; round <= rounds; round++) {
        nts_side_t changed = round % 2 ? NTS_EXTERNAL : NTS_NOTION;
        nts_side_t to = nts_side_other(changed);
        nts_value_t value = round % 2 ? b : a;

        if (is_edited_anew && changed == NTS_NOTION) {
            value = world_text(apr_psprintf(p, "edit %d", round));
        }
        now[changed] = apr_pmemdup(p, &value, sizeof(value));
        now[to] = &base.value[to];
        stamps[changed].to = round * apart;
        nts_merge_field(&d, &w->mapping, NAME, &base, now, stamps, p);
        if (d.verdict == NTS_VERDICT_HELD) {
            return round;
        }
        (void)nts_merge_settle(&base, &w->pairs[NAME], to, &value, &d.common[to], &value, &value,
                               round * apart, round * apart, p);
        base.seen[0] = base.seen[1] = round * apart + apart - 1; /* read once more */
    }
    return 0;
}

static void test_contest(void)
{
    tap_int(held_after(12, 0, 1), 6,
            "2.10 a trigger that fights an automation is held after four returns");
    tap_int(held_after(12, 0, apr_time_from_sec(3600)), 0,
            "2.10 people who edit an hour later are no contest, whoever read the record meanwhile");
    tap_int(held_after(12, 1, 1), 0, "2.10 nor is a person who enters something new each time");
    tap_int(held_after(40, 1, 1), 22, "2.10 unless there is no end to it");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    w = world_create(p);
    test_one_side();
    test_sets();
    test_conflicts();
    test_without_base();
    test_one_way();
    test_domain();
    test_option_identity();
    test_settling();
    test_settling_of_a_part();
    test_set_settling();
    test_contest();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
