/* ut_outcome.c - an outcome reads well, survives storing, and cannot be used to forge a log. */
#include "base/nts_log.h"
#include "base/nts_outcome.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static void an_outcome_is_one_line(void)
{
    nts_outcome_t out;

    nts_outcome_set(&out, pool, NTS_REMEDY_NONE, NULL, "all %s", "well");
    tap_str(nts_outcome_text(&out, pool), "all well", "the least");
    nts_outcome_set(&out, pool, NTS_REMEDY_RETRY, "notion.limited", "Notion answered %d", 429);
    tap_str(nts_outcome_text(&out, pool),
            "notion.limited: Notion answered 429; it will be tried again", "as the back-off says");
    out.retry_at = APR_INT64_C(1795342542118000);
    out.field = "Due";
    nts_outcome_set_words(&out, pool, "slow down", 9);
    tap_str(nts_outcome_text(&out, pool),
            "notion.limited: Notion answered 429 (field Due); answer: \"slow down\"; next try "
            "2026-11-22T10:15:42.118Z",
            "with all");
    nts_outcome_set(&out, pool, NTS_REMEDY_PERSON, "x", "%s", "broken");
    out.advice = "mend it";
    tap_str(nts_outcome_text(&out, pool), "x: broken; needs a person; mend it", "with advice");
    nts_outcome_set(&out, pool, NTS_REMEDY_WAIT, "x", "%s", "blocked");
    tap_str(nts_outcome_text(&out, pool), "x: blocked; waiting", "waiting");
    memset(&out, 0, sizeof(out));
    tap_str(nts_outcome_text(&out, pool), "nothing to report", "empty");
    nts_outcome_set(NULL, pool, NTS_REMEDY_PERSON, "x", "nobody asked");
    nts_outcome_set_words(NULL, pool, "x", 1);
    tap_ok(1, "nobody need ask for it");
}

static void the_services_words_are_made_harmless(void)
{
    static const struct {
        const char *bytes;
        apr_size_t len;
        const char *words;
    } cases[] = {
        { "", 0, NULL },
        { "fine \xc3\xa9", 7, "fine \xc3\xa9" },
        { "a\r\nb\x1b[31m\x7f", 10, "a  b [31m " },
        { "bad \xff\xc3", 6, "bad ??" },
        { "nul\0x", 5, "nul?x" },
    };
    nts_outcome_t out;
    char longer[2000];
    size_t i;

    memset(&out, 0, sizeof(out));
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nts_outcome_set_words(&out, pool, cases[i].bytes, cases[i].len);
        tap_str(out.words, cases[i].words, "words, case %d", (int)i);
    }
    for (i = 0; i < sizeof(longer); i += 2) {
        memcpy(longer + i, "\xc3\xa9", 2);
    }
    nts_outcome_set_words(&out, pool, longer, sizeof(longer));
    tap_int(strlen(out.words), 500, "cut to 500 bytes");
    nts_outcome_set_words(&out, pool, longer + 1, sizeof(longer) - 1);
    tap_int(strlen(out.words), 499, "and never within a character");
}

static void an_outcome_survives_storing(void)
{
    nts_outcome_t out = { NTS_REMEDY_RETRY, "c", "w \"q\"", "f", "s", "a", "7", 1795342542118123 };
    nts_outcome_t back;
    nts_outcome_t copy;
    nts_json_t *root = nts_json_make_object(pool);

    nts_outcome_to_json(&out, root);
    tap_str(nts_json_text(root, pool),
            "{\"remedy\":\"retry\",\"code\":\"c\",\"what\":\"w \\\"q\\\"\",\"field\":\"f\","
            "\"words\":\"s\",\"advice\":\"a\",\"blocker\":\"7\",\"retry_at\":1795342542118123}",
            "as JSON");
    nts_outcome_from_json(&back, root, pool);
    tap_int(back.remedy, out.remedy, "remedy");
    tap_str(back.code, out.code, "code");
    tap_str(back.what, out.what, "what");
    tap_str(back.field, out.field, "field");
    tap_str(back.words, out.words, "words");
    tap_str(back.advice, out.advice, "advice");
    tap_str(back.blocker, out.blocker, "blocker");
    tap_int(back.retry_at, out.retry_at, "retry_at");
    nts_outcome_copy(&copy, &back, pool);
    tap_str(copy.what, out.what, "copied");
    tap_ok(copy.what != back.what, "deeply");
    nts_outcome_copy(&copy, &copy, pool);
    tap_str(copy.words, "s", "onto itself too");

    memset(&out, 0, sizeof(out));
    root = nts_json_make_object(pool);
    nts_outcome_to_json(&out, root);
    tap_str(nts_json_text(root, pool), "{\"remedy\":\"none\"}", "empty members are left out");
    nts_outcome_from_json(&back, NULL, pool);
    tap_int(back.remedy, NTS_REMEDY_NONE, "nothing stored, nothing wrong");
    tap_ok(back.what == NULL, "nothing said");
    root = nts_json_make_object(pool);
    nts_json_add_string(root, "remedy", "pray");
    nts_json_add_int(root, "what", 5);
    nts_outcome_from_json(&back, root, pool);
    tap_int(back.remedy, NTS_REMEDY_PERSON, "an unknown remedy wants a person");
    tap_ok(back.what == NULL, "a member of the wrong type is ignored");
}

static char logged[9000];
static int logged_level;
static apr_status_t logged_rv;

static void keep(void *baton, int level, apr_status_t rv, const char *message)
{
    (void)baton;
    (void)snprintf(logged, sizeof(logged), "%s", message);
    logged_level = level;
    logged_rv = rv;
}

static void a_line_stays_a_line(void)
{
    char big[20000];
    size_t i;

    nts_log_set_sink(keep, NULL, NTS_LOG_INFO);
    nts_log(NTS_LOG_ERROR, APR_ENOENT, "mapping %s: %d", "a\nb\x1b", 7);
    tap_str(logged, "mapping a b : 7", "control characters cannot forge a line");
    tap_int(logged_level, NTS_LOG_ERROR, "its level");
    tap_int(logged_rv, APR_ENOENT, "its cause");
    nts_log(NTS_LOG_DEBUG, 0, "unseen");
    tap_str(logged, "mapping a b : 7", "a level too low is not written");
    tap_ok(nts_log_is_level(NTS_LOG_INFO) && !nts_log_is_level(NTS_LOG_DEBUG), "and known so");
    for (i = 0; i + 2 < sizeof(big); i += 2) {
        memcpy(big + i, "\xc3\xa9", 3);
    }
    nts_log(NTS_LOG_ERROR, 0, "%s", big);
    tap_ok(strlen(logged) <= 8191 && strlen(logged) > 8100, "a long line is cut: %d bytes",
           (int)strlen(logged));
    tap_str(logged + strlen(logged) - 5, "\xc3\xa9...", "after a whole character, visibly");
    nts_log(NTS_LOG_ERROR, 0, "x%s", big);
    tap_str(logged + strlen(logged) - 5, "\xc3\xa9...", "whatever came before");
    nts_log_set_sink(NULL, NULL, 0);
    tap_ok(nts_log_is_level(NTS_LOG_WARNING) && !nts_log_is_level(NTS_LOG_NOTICE),
           "without a sink only warnings and worse");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    an_outcome_is_one_line();
    the_services_words_are_made_harmless();
    an_outcome_survives_storing();
    a_line_stays_a_line();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
