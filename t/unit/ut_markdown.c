/* Proves S5.6 for format=markdown: every formatted text is written so that it is read again as what Markdown can say of it, every
 * Markdown comes to one spelling, which is read as the same, whatever the texts; what is no markup is text; and it takes time in
 * proportion to the length. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/nts_str.h"
#include "model/nts_inline.h"
#include "tap/tap.h"
#include "unit/ut_random.h"

static apr_pool_t *p;

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Runs in words: text{bius`$ address}; plain text has no braces. */
static const char *spell(const apr_array_header_t *runs)
{
    static const char letters[] = "bisu`$";
    apr_array_header_t *parts = apr_array_make(p, runs->nelts + 1, sizeof(const char *));

    for (int i = 0; i < runs->nelts; i++) {
        const nts_inline_run_t *run = &APR_ARRAY_IDX(runs, i, nts_inline_run_t);
        const char *text = apr_pstrmemdup(p, run->text, run->len);
        char style[7] = "";

        for (int bit = 0, n = 0; bit < 6; bit++) {
            if (run->style & 1 << bit) {
                style[n++] = letters[bit];
                style[n] = '\0';
            }
        }
        APR_ARRAY_PUSH(parts, const char *) =
            run->style || run->link ? apr_pstrcat(p, text, "{", style, run->link ? " " : "",
                                                  run->link ? run->link : "", "}", NULL)
                                    : text;
    }
    return apr_array_pstrcat(p, parts, '|');
}

typedef struct reading_t {
    const char *markdown;
    const char *runs;
    const char *canonical; /* NULL: as it is */
} reading_t;

static void check_readings(const reading_t *cases, int count)
{
    for (int i = 0; i < count; i++) {
        const reading_t *c = &cases[i];
        const apr_array_header_t *runs = nts_inline_parse(c->markdown, p);

        tap_str(spell(runs), c->runs, "read: %s", c->markdown);
        tap_str(nts_inline_text(runs, p), c->canonical ? c->canonical : c->markdown, "and written");
    }
}

static void test_styles(void)
{
    static const reading_t cases[] = {
        { "", "", NULL },
        { "plain", "plain", NULL },
        { "a **bold** word", "a |bold{b}| word", NULL },
        { "a __bold__ word", "a |bold{b}| word", "a **bold** word" },
        { "an *italic* word", "an |italic{i}| word", "an _italic_ word" },
        { "~~gone~~ <u>under</u>", "gone{s}| |under{u}", NULL },
        { "<b>b</b> <i>i</i> <s>s</s> <ins>u</ins>", "b{b}| |i{i}| |s{s}| |u{u}",
          "**b** _i_ ~~s~~ <u>u</u>" },
        { "***both***", "both{bi}", "**_both_**" },
        { "**b _both_ b**", "b {b}|both{bi}| b{b}", NULL },
        { "`a*b`", "a*b{`}", NULL },
        { "`` a`b ``", "a`b{`}", "``a`b``" },
        { "`` ` ``", "`{`}", NULL },
        { "`  a  `", " a {`}", NULL },
        { "` `", " {`}", NULL },
        { "**`c`** _`d`_", "c{b`}| |d{i`}", NULL },
        { "[a](https://example.org/)", "a{ https://example.org/}", NULL },
        { "[a](<https://example.org/>)", "a{ https://example.org/}", "[a](https://example.org/)" },
        { "[a **b** c](xx:y)", "a { xx:y}|b{b xx:y}| c{ xx:y}", NULL },
        { "**[a](xx:y)**", "a{b xx:y}", "[**a**](xx:y)" },
        { "[a](xx:/y_(z))", "a{ xx:/y_(z)}", "[a](<xx:/y_(z)>)" },
        { "[a](xx:/a%20b&amp;c)", "a{ xx:/a%20b&c}", "[a](xx:/a%20b&c)" },
        { "[page](/0123abcd)", "page{ /0123abcd}", NULL },
        { "<https://example.org/?a=b>", "https://example.org/?a=b{ https://example.org/?a=b}",
          "[https://example.org/?a=b](https://example.org/?a=b)" },
        { "area $a^2$.", "area |a^2{$}|.", NULL },
        { "$`a$b`$", "a$b{$}", NULL },
        { "$``a`b``$", "a`b{$}", "$a`b$" },
        { "$`x`$5", "x{$}|5", NULL },
        { "**$x$**", "x{b$}", NULL },
        { "$x$$y$", "x{$}|y{$}", NULL },
    };

    check_readings(cases, COUNT(cases));
}

/* What CommonMark's own examples say of emphasis (6.2), as runs. */
static void test_commonmark(void)
{
    static const reading_t cases[] = {
        { "a * foo bar*", "a * foo bar*", "a \\* foo bar\\*" },
        { "a*\"foo\"*", "a*\"foo\"*", "a\\*\"foo\"\\*" },
        { "foo*bar*", "foo|bar{i}", "foo<em>bar</em>" },
        { "5*6*78", "5|6{i}|78", "5<em>6</em>78" },
        { "foo_bar_", "foo_bar_", "foo_bar\\_" },
        { "foo-_(bar)_", "foo-|(bar){i}", NULL },
        { "_foo*", "_foo*", "\\_foo\\*" },
        { "*foo bar *", "*foo bar *", "\\*foo bar \\*" },
        { "*(*foo)", "*(*foo)", "\\*(\\*foo)" },
        { "*(*foo*)*", "(foo){i}", "_(foo)_" },
        { "_foo_bar_baz_", "foo_bar_baz{i}", NULL },
        { "** foo bar**", "** foo bar**", "\\*\\* foo bar\\*\\*" },
        { "**foo*", "*|foo{i}", "\\*_foo_" },
        { "*foo**", "foo{i}|*", "_foo_\\*" },
        { "***foo**", "*|foo{b}", "\\***foo**" },
        { "****foo*", "***|foo{i}", "\\*\\*\\*_foo_" },
        { "*foo**bar**baz*", "foo{i}|bar{bi}|baz{i}", "_foo**bar**baz_" },
        { "*foo**bar*", "foo**bar{i}", "_foo\\*\\*bar_" },
        { "***foo** bar*", "foo{bi}| bar{i}", "_**foo** bar_" },
        { "*foo **bar***", "foo {i}|bar{bi}", "_foo **bar**_" },
        { "foo***bar***baz", "foo|bar{bi}|baz", "foo<strong>_bar_</strong>baz" },
        { "foo******bar*********baz", "foo|bar{b}|***baz", "foo**bar**\\*\\*\\*baz" },
        { "*foo _bar* baz_", "foo _bar{i}| baz_", "_foo \\_bar_ baz\\_" },
        { "*[bar*](xx:y)", "*|bar*{ xx:y}", "\\*[bar\\*](xx:y)" },
        { "**a `**`", "**a |**{`}", "\\*\\*a `**`" },
        { "\\*not\\* `a\\`", "*not* |a\\{`}", NULL },
        { "&#42;not&#x2a; &lt;", "*not* <", "\\*not\\* <" },
        { "[link *foo **bar** `#`*](xx:y)",
          "link { xx:y}|foo {i xx:y}|bar{bi xx:y}| {i xx:y}|#{i` xx:y}",
          "[link _foo **bar** `#`_](xx:y)" },
        { "[foo [bar](xx:y)](xx:z)", "[foo |bar{ xx:y}|](xx:z)", "\\[foo [bar](xx:y)\\](xx:z)" },
        { "[foo <https://e.org/?q=](uu:v)>",
          "[foo |https://e.org/?q=](uu:v){ https://e.org/?q=](uu:v)}",
          "\\[foo [https://e.org/?q=\\](uu:v)](<https://e.org/?q=](uu:v)>)" },
    };

    check_readings(cases, COUNT(cases));
}

static void test_text(void)
{
    static const reading_t cases[] = {
        { "a [b] (c) [d](e f) [g](h) []", "a [b] (c) [d](e f) [g](h) []",
          "a \\[b\\] (c) \\[d\\](e f) \\[g\\](h) \\[\\]" },
        { "[](xx:y) [a](xx:y \"t\")", "[](xx:y) [a](xx:y \"t\")",
          "\\[\\](xx:y) \\[a\\](xx:y \"t\")" },
        { "</u> <u></u> <u> <div> <!-- x -->", "</u> <u></u> <u> <div> <!-- x -->",
          "\\</u> \\<u>\\</u> \\<u> \\<div> \\<!-- x -->" },
        { "costs $5, was $7", "costs $5, was $7", NULL },
        { "$5-$7 or US$ 9", "5-$7 or US{$}| 9", "$`5-$7 or US`$ 9" },
        { "$5-$7", "$5-$7", NULL },
        { "$ x$ $x $ $\n$", "$ x$ $x $ $\n$", NULL },
        { "\\$a$ b", "$a$ b", NULL },
        { "snake_case_name 2_000", "snake_case_name 2_000", NULL },
        { "C:\\dir \\ \\\\", "C:\\dir \\ \\", "C:\\dir \\ \\\\" },
        { "AT&T &copy; &#0; &#xD800; &;", "AT&T &copy; &#0; &#xD800; &;",
          "AT&T \\&copy; \\&#0; \\&#xD800; &;" },
        { "# no head\n- no list\n> no quote\n\n    no code",
          "# no head\n- no list\n> no quote\n\n    no code", NULL },
        { "  blanks \t\r\n stay  ", "  blanks \t\r\n stay  ", NULL },
        { "![a](xx:y)", "!|a{ xx:y}", "\\![a](xx:y)" },
        { "~one~ ~~~three~~~", "~one~ ~~~three~~~", "\\~one\\~ \\~\\~\\~three\\~\\~\\~" },
        { "a ` b `` c", "a ` b `` c", "a \\` b \\`\\` c" },
    };

    check_readings(cases, COUNT(cases));
}

/* Runs as Notion may show them: written, and read again. */
static void test_shown(void)
{
    static const struct {
        const char *what;
        nts_inline_run_t runs[4];
        const char *markdown;
    } cases[] = {
        { "a blank at the end of what is bold is not",
          { { "big ", 4, NTS_INLINE_BOLD, NULL }, { "deal", 4, 0, NULL } },
          "**big** deal" },
        { "nor is a line's end", { { "a\n\nb", 4, NTS_INLINE_BOLD, NULL } }, "**a**\n\n**b**" },
        { "blanks can be underlined", { { "  ", 2, NTS_INLINE_UNDERLINE, NULL } }, "<u>  </u>" },
        { "neighbours that look the same are one",
          { { "a", 1, NTS_INLINE_BOLD, NULL }, { "b", 1, NTS_INLINE_BOLD, NULL } },
          "**ab**" },
        { "equations are not joined",
          { { "a", 1, NTS_INLINE_EQUATION, "xx:y" }, { "b", 1, NTS_INLINE_EQUATION, NULL } },
          "$a$$b$" },
        { "an address that is none is no link", { { "a", 1, 0, "b c" } }, "a" },
        { "brackets of another script: other readers need a tag",
          { { "\xe3\x81\xaf", 3, 0, NULL },
            { "\xe3\x80\x8c\xe5\xbc\xb7\xe3\x80\x8d", 9, NTS_INLINE_BOLD, NULL },
            { "\xe3\x81\xa7", 3, 0, NULL } },
          "\xe3\x81\xaf<strong>\xe3\x80\x8c\xe5\xbc\xb7\xe3\x80\x8d</strong>\xe3\x81\xa7" },
        { "its letters do not",
          { { "\xe3\x81\xaf", 3, 0, NULL },
            { "\xe5\xbc\xb7", 3, NTS_INLINE_BOLD, NULL },
            { "\xe3\x81\xa7", 3, 0, NULL } },
          "\xe3\x81\xaf**\xe5\xbc\xb7**\xe3\x81\xa7" },
        { "what crosses is cut",
          { { "a ", 2, NTS_INLINE_ITALIC, NULL },
            { "b", 1, NTS_INLINE_ITALIC | NTS_INLINE_BOLD, NULL },
            { " c", 2, NTS_INLINE_BOLD, NULL } },
          "_a **b**_<strong> c</strong>" },
    };

    for (int i = 0; i < COUNT(cases); i++) {
        apr_array_header_t *runs = apr_array_make(p, 4, sizeof(nts_inline_run_t));
        const char *text;

        for (int n = 0; n < 4 && cases[i].runs[n].text; n++) {
            APR_ARRAY_PUSH(runs, nts_inline_run_t) = cases[i].runs[n];
        }
        text = nts_inline_text(runs, p);
        tap_str(text, cases[i].markdown, "%s", cases[i].what);
        tap_str(spell(nts_inline_parse(text, p)), spell(nts_inline_normal(runs, p)),
                "and read again");
    }
}

/* ---- properties ---- */

static const char *const bits[] = {
    "a",
    "b",
    "Z9",
    " ",
    "  ",
    "\n",
    "*",
    "**",
    "_",
    "~~",
    "~",
    "`",
    "``",
    "[",
    "]",
    "](",
    "(",
    ")",
    "<",
    ">",
    "<u>",
    "</u>",
    "<strong>",
    "</em>",
    "$",
    "$5",
    "\\",
    "&",
    "&amp;",
    "&#42;",
    "!",
    "!",
    "xx:y",
    "](xx:y)",
    "](<xx:y>)",
    "https://e.org/",
    "#",
    "- ",
    "\t",
    "\r\n",
    "\xc3\xa4",
    "\xe3\x80\x8c",
    "\xe5\xbc\xb7",
    "\xc2\xa0",
    "\xf0\x9f\x98\x80",
    "_x_",
    "*y*",
    "\"",
};

static const char *random_text(ut_random_t *random, int max)
{
    apr_array_header_t *parts = apr_array_make(p, max, sizeof(const char *));

    for (int n = 1 + ut_random_below(random, max); n > 0; n--) {
        APR_ARRAY_PUSH(parts, const char *) = bits[ut_random_below(random, COUNT(bits))];
    }
    return apr_array_pstrcat(p, parts, '\0');
}

static apr_array_header_t *random_runs(ut_random_t *random)
{
    static const char *const links[] = { NULL,
                                         NULL,
                                         NULL,
                                         "xx:y",
                                         "https://e.org/a_(b)?c=$d&amp;*e*",
                                         "/page",
                                         "no address",
                                         "xx:<a>\\b `c` &lt; d" };
    apr_array_header_t *runs = apr_array_make(p, 8, sizeof(nts_inline_run_t));

    for (int n = ut_random_below(random, 7); n > 0; n--) {
        const char *text = random_text(random, 4);
        int style = ut_random_below(random, 3)
                        ? ut_random_below(random, 32) & ut_random_below(random, 32)
                        : 0;

        style |= ut_random_below(random, 8) == 0 ? NTS_INLINE_EQUATION : 0;
        nts_inline_add(runs, text, strlen(text), style,
                       links[ut_random_below(random, COUNT(links))]);
    }
    return runs;
}

static const char *text_of(const apr_array_header_t *runs)
{
    apr_array_header_t *texts = apr_array_make(p, runs->nelts + 1, sizeof(const char *));

    for (int i = 0; i < runs->nelts; i++) {
        const nts_inline_run_t *run = &APR_ARRAY_IDX(runs, i, nts_inline_run_t);

        APR_ARRAY_PUSH(texts, const char *) = apr_pstrmemdup(p, run->text, run->len);
    }
    return apr_array_pstrcat(p, texts, '\0');
}

/* One for each promise; 0: it was kept each time. */
typedef struct broken_t {
    int read_again;
    int normal_again;
    int text;
    int spelling;
} broken_t;

static void try_runs(broken_t *broken, ut_random_t *random)
{
    const apr_array_header_t *runs = random_runs(random);
    const apr_array_header_t *normal = nts_inline_normal(runs, p);
    const char *markdown = nts_inline_text(runs, p);
    const apr_array_header_t *again = nts_inline_parse(markdown, p);

    if (!nts_inline_equal(again, normal)) {
        broken->read_again++;
        tap_diag("%s: written %s, read %s", spell(normal), markdown, spell(again));
    }
    broken->normal_again += !nts_inline_equal(nts_inline_normal(normal, p), normal);
    broken->text += strcmp(text_of(normal), text_of(runs)) != 0;
}

static void try_markdown(broken_t *broken, ut_random_t *random)
{
    const char *markdown = random_text(random, 12);
    const apr_array_header_t *runs = nts_inline_parse(markdown, p);
    const char *canonical = nts_inline_text(runs, p);

    if (!nts_inline_equal(nts_inline_parse(canonical, p), runs) ||
        strcmp(nts_inline_canonical(canonical, p), canonical) != 0) {
        broken->spelling++;
        tap_diag("%s: as %s, read as %s", markdown, canonical,
                 spell(nts_inline_parse(canonical, p)));
    }
}

static void test_properties(void)
{
    broken_t broken = { 0, 0, 0, 0 };
    ut_random_t random = { 20261124 };
    apr_pool_t *whole = p;

    for (int i = 0; i < 30000; i++) {
        if (apr_pool_create(&p, whole) != APR_SUCCESS) {
            abort();
        }
        if (broken.read_again + broken.spelling < 10) {
            try_runs(&broken, &random);
            try_markdown(&broken, &random);
        }
        apr_pool_destroy(p);
    }
    p = whole;
    tap_int(broken.read_again, 0, "runs, written, are read as what Markdown can say of them");
    tap_int(broken.normal_again, 0, "that is the same for them");
    tap_int(broken.text, 0, "with the same text");
    tap_int(broken.spelling, 0, "each Markdown has one spelling, which is read as it was");
}

static void test_plain_text(void)
{
    ut_random_t random = { 7 };
    int broken = 0;

    for (int i = 0; i < 5000; i++) {
        apr_array_header_t *runs = apr_array_make(p, 1, sizeof(nts_inline_run_t));
        const char *text = random_text(&random, 20);
        const apr_array_header_t *again;

        nts_inline_add(runs, text, strlen(text), 0, NULL);
        again = nts_inline_parse(nts_inline_text(runs, p), p);
        broken += !nts_inline_equal(again, runs);
    }
    tap_int(broken, 0, "a text without formatting is read as it was, whatever is in it");
}

/* Milliseconds of this process. */
static int time_of(const char *part, apr_size_t length)
{
    apr_size_t len = strlen(part);
    apr_size_t count = length / len;
    char *text = apr_palloc(p, count * len + 1);
    clock_t start = clock();

    for (apr_size_t n = 0; n < count; n++) {
        memcpy(text + n * len, part, len + 1);
    }
    (void)nts_inline_canonical(text, p);
    return (int)((clock() - start) * 1000 / CLOCKS_PER_SEC);
}

/* Texts that make a careless parser look at all of them again for each of their characters: then one that is ten times as long takes
 * a hundred times as long. */
static void test_time(void)
{
    static const char *const parts[] = {
        "*a",   "a**b",      "_a *",   "[a](x",    "[",   "<u>",    "$a ",  "`a``",  "a`",
        "<u>[", "](",        "<a",     "**a _b",   "&#1", "[a](<x", "~~a*", "</u>",  "*a_ ",
        "$a$",  "[a](xx:y)", "**x** ", "<u>a</u>", "\\*", "`b` ",   "a_ ",  "a* **b"
    };

    for (int i = 0; i < COUNT(parts); i++) {
        int short_one = time_of(parts[i], 20000);
        int long_one = time_of(parts[i], 200000);

        tap_ok(long_one < 40 * short_one + 400, "%s: 20000 characters %d ms, 200000 %d ms",
               parts[i], short_one, long_one);
    }
}

int main(void)
{
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return EXIT_FAILURE;
    }
    test_styles();
    test_commonmark();
    test_text();
    test_shown();
    test_plain_text();
    test_properties();
    test_time();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
