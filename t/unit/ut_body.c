/* Proves what of a page's body is compared, and how a change of it is written (S5.9): updates are of the places that changed, do the
 * same whether Notion applies them one after the other or each to the first text, and never touch child pages, databases, unknown
 * blocks or files that Notion holds; what cannot be done so says why. */
#include <stdlib.h>
#include <string.h>

#include "model/nts_body.h"
#include "tap/tap.h"
#include "ut_random.h"

#define FILE_AT "https://prod-files-secure.s3.us-west-2.amazonaws.com/a/b/plan.png"
#define SIGNED FILE_AT "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-Signature="
#define ELSEWHERE "https://files.example.org/x.png"

static apr_pool_t *p;

static nts_body_edit_t edit_of(const char *page, const char *wanted)
{
    nts_value_t shown = nts_body_value(page, 0, p);
    nts_value_t text = nts_body_written(wanted, p);
    nts_body_edit_t edit;

    nts_body_edit(&edit, &shown, &text, p);
    return edit;
}

/* "[old > new] ...", with | for the end of a line. */
static const char *spelled(const nts_body_edit_t *edit)
{
    char *text = apr_pstrdup(p, "");

    if (edit->problem) {
        return "problem";
    }
    if (edit->whole) {
        return apr_psprintf(p, "whole: %s", edit->whole);
    }
    for (int i = 0; i < edit->count; i++) {
        text = apr_psprintf(p, "%s%s[%s > %s]", text, i ? " " : "", edit->updates[i].old_str,
                            edit->updates[i].new_str);
    }
    for (char *c = text; *c; c++) {
        *c = *c == '\n' ? '|' : *c;
    }
    return text;
}

static void edits(const char *page, const char *wanted, const char *expected, const char *name)
{
    nts_body_edit_t edit = edit_of(page, wanted);

    tap_str(spelled(&edit), expected, "%s", name);
}

static void refuses(const char *page, const char *wanted, const char *why, const char *name)
{
    nts_body_edit_t edit = edit_of(page, wanted);

    tap_ok(edit.problem && strstr(edit.problem, why) && !edit.updates && !edit.whole, "%s (%s)",
           name, edit.problem ? edit.problem : spelled(&edit));
}

static void texts(void)
{
    const char *page = "![plan](" SIGNED "0a1b)\nlast  \n\n";
    nts_value_t a = nts_body_value(page, 0, p);
    nts_value_t b = nts_body_value("![plan](" SIGNED "ffff)\nlast", 0, p);
    nts_value_t nothing = nts_body_value(" \n\t\n", 0, p);

    tap_str(nts_body_canonical("\n \r\na\r\n\r\nb  \n\t* c \t\n+ d\n*e*\n\n", p),
            "a\nb\n\t- c\n- d\n*e*",
            "line ends, empty lines, blanks at ends and signs of lists are no difference");
    tap_str(nts_body_canonical("```  \n\n* a  \n```\n\n* b", p), "```\n\n* a  \n```\n- b",
            "but in code they are");
    tap_str(a.as.text, "![plan](" FILE_AT ")\nlast", "an address of a file loses its signature");
    tap_ok(nts_value_equal(&a, &b), "so two readings of one body are equal");
    tap_int(nothing.kind, NTS_VALUE_NULL, "blanks alone are no body");
    a = nts_body_value("<file src=\"" ELSEWHERE "?Expires=1&Signature=x&Key-Pair-Id=y\">a</file> "
                       "[b](" ELSEWHERE "?signature=1) " ELSEWHERE
                       "?expirationTimestamp=9&signature=q",
                       0, p);
    tap_str(
        a.as.text, "<file src=\"" ELSEWHERE "\">a</file> [b](" ELSEWHERE "?signature=1) " ELSEWHERE,
        "of each address by itself, and only where the query is that of an address that expires");
}

static void places(void)
{
    edits("a\nb\nc", "a\nx\nc", "[b > x]", "a line that changed is replaced, and no other");
    edits("a\nb\nc\nd\ne", "A\nb\nc\nd\nE", "[a > A] [e > E]", "places apart are updates apart");
    edits("a\nb\nc", "a\nc", "[b| > ]", "a line that goes takes its end with it");
    edits("a\nb", "a", "[|b > ]", "the last one that before it");
    edits("a\nc", "a\nb\nc", "[a > a|b]", "what is new stands behind the line before it");
    edits("b\nc", "a\nb\nc", "[b > a|b]", "or before the first");
    edits("q\nx\na\nx\nb", "q\nx\na\ny\nb", "[a|x > a|y]",
          "what stands twice is told by a line beside it, which stays as it is");
    edits("abc\nb", "abc\nx", "[|b > |x]",
          "where it is a part of another line, by the end of that");
    edits("p q\nr\nr2\ns t\nu", "s t\nr\nr2\nz\nu", "[s t > z] [p q > s t]",
          "in an order in which none makes another's place unknown");
    edits("a\nb\r\nc\n\n", "a\nb\nx", "[c > x]", "how lines end on one side is no change");
    edits("", "a\nb", "whole: a\nb", "an empty page takes all of it");
    edits("a\nb", "", "[a|b > ]", "and a page may be emptied, by its text");
    edits("a\nb", "a\nb", "", "nothing is nothing");
    edits("a\n- b", "a\n\n* b\n", "", "nor is another way to write it anything");
    edits("a\nd", "a\r\n\r\n* b\r\n\r\nc\r\nd", "[a > a||* b||c]",
          "but what is new is written as it was written");
    edits("a\nb\na\nb\na\nb\na\nb", "a\nb\na\nX\na\nb\na\nb", "[b|a|b|a|b| > b|a|X|a|b|]",
          "a pattern grows until it is the only one");
}

static void taboos(void)
{
    static const char page[] =
        "top\n<page url=\"u1\">Child</page>\nmiddle\n<database url=\"u2\">D</database>\n"
        "![f](" SIGNED "01)\nend";
    static const char same[] =
        "top\n<page url=\"u1\">Child</page>\nmiddle\n<database url=\"u2\">D</database>\n"
        "![f](" FILE_AT ")\nend";
    nts_value_t partial = nts_body_value("a\nb", 1, p);
    nts_value_t text = nts_value_text("a\nc");
    nts_body_edit_t edit;

    edits(page, same, "", "a body as it went out is the body it was");
    edits(page,
          "TOP\n<page url=\"u1\">Child</page>\nMIDDLE\n<database "
          "url=\"u2\">D</database>\n![f](" FILE_AT ")\nend",
          "[top| > TOP|] [middle| > MIDDLE|]", "beside child pages and files there may be edits");
    refuses(page, "top\nmiddle\n<database url=\"u2\">D</database>\n![f](" FILE_AT ")\nend",
            "child pages", "a child page is not taken out");
    refuses(page, "top\n<page url=\"u1\">Child</page>\nmiddle\n![f](" FILE_AT ")\nend",
            "child pages", "nor a database");
    refuses("a\nb", "a\n<page url=\"u9\">Other</page>\nb", "child pages",
            "nor is a page moved here");
    refuses(page,
            "top\n<page url=\"u1\">Child</page>\nmiddle\n<database url=\"u2\">D</database>\nend",
            "file", "a file that Notion holds is not taken out");
    refuses("a\n![f](" SIGNED "01)\nb", "a\nb\n![f](" FILE_AT ")", "file", "nor moved");
    refuses("a\n![f](" ELSEWHERE "?X-Amz-Signature=01)",
            "a ![f](" ELSEWHERE ")\n![f](" ELSEWHERE ")", "file",
            "nor put in again, by the address that the page shows");
    refuses("a\nb", "a\n![f](" SIGNED "77)", "expires", "nor is any address that expires put in");
    refuses("a\n![f](" SIGNED "01)", "a\n![f](" SIGNED "01)", "expires",
            "nor where only its signature would be new");
    edits("a\n![f](" ELSEWHERE ")", "a\n![g](" ELSEWHERE ")",
          "[![f](" ELSEWHERE ") > ![g](" ELSEWHERE ")]",
          "a file that stands elsewhere is a line as any other");
    refuses("a\n<unknown url=\"u\" alt=\"bookmark\"/>\nb", "a\nb", "does not show",
            "a block that is not shown is not taken out");
    nts_body_edit(&edit, &partial, &text, p);
    tap_ok(edit.problem != NULL, "and of a page that is shown in part nothing is changed");
    edits("q\nx\n<page url=\"u\">C</page>\nx\n<page url=\"v\">D</page>",
          "q\nx\n<page url=\"u\">C</page>\ny\n<page url=\"v\">D</page>", "problem",
          "a place that only a child page beside it would tell is not told");
    edits("ab\n![f](" SIGNED "ab)\nc d", "AB\n![f](" FILE_AT ")\nc d", "[ab| > AB|]",
          "what may stand in the next signature is told by the end of its line");
    edits("a b\n![f](" SIGNED "ab)\nc d", "A\n![f](" FILE_AT ")\nc d", "[a b > A]",
          "a blank does as well");
}

/* --- whatever the texts are */

static const char *random_page(ut_random_t *random, int *tags)
{
    static const char *const lines[] = { "a",
                                         "b",
                                         "aa",
                                         "ab a",
                                         "",
                                         "\tb",
                                         "- a",
                                         "b",
                                         "```",
                                         "c",
                                         "a|b",
                                         "<page url=\"u\">P</page>",
                                         "![f](" SIGNED "1)" };
    int count = ut_random_below(random, 12);
    char *text = apr_pstrdup(p, "");

    for (int i = 0; i < count; i++) {
        int which = ut_random_below(random, *tags ? 13 : 11);

        text = apr_pstrcat(p, text, lines[which], "\n", NULL);
    }
    return text;
}

/* A few lines of it taken out, put in, or changed. */
static const char *random_edit(ut_random_t *random, const char *page)
{
    char *text = apr_pstrdup(p, "");

    for (apr_size_t length; *page; page += length + (page[length] == '\n')) {
        int chance = ut_random_below(random, 12);
        const char *line;

        length = strcspn(page, "\n");
        line = apr_pstrmemdup(p, page, length);
        if (chance != 0) {
            text = apr_pstrcat(p, text, chance == 1 ? "new" : line, "\n", NULL);
        }
        if (chance == 2) {
            text = apr_pstrcat(p, text, "a\nmore\n", NULL);
        }
    }
    return text;
}

/* What Notion does: each to the first text (in place of `at`), or one after the other. NULL: it refuses. */
static const char *in_turn(const char *page, const nts_body_edit_t *edit)
{
    for (int i = 0; i < edit->count; i++) {
        const char *old = edit->updates[i].old_str;
        const char *at = strstr(page, old);

        if (!at || strstr(at + 1, old)) {
            return NULL;
        }
        page = apr_pstrcat(p, apr_pstrmemdup(p, page, (apr_size_t)(at - page)),
                           edit->updates[i].new_str, at + strlen(old), NULL);
    }
    return page;
}

static const char *at_once(const char *page, const nts_body_edit_t *edit)
{
    char *text = apr_pstrdup(p, "");
    const char *from = page;

    while (*from) {
        int here = -1;

        for (int i = 0; i < edit->count; i++) {
            const char *at = strstr(page, edit->updates[i].old_str);

            if (!at || strstr(at + 1, edit->updates[i].old_str)) {
                return NULL;
            }
            here = at == from ? i : here;
        }
        text = apr_pstrcat(
            p, text, here >= 0 ? edit->updates[here].new_str : apr_pstrmemdup(p, from, 1), NULL);
        from += here >= 0 ? strlen(edit->updates[here].old_str) : 1;
    }
    return text;
}

static int is_right(const char *page, const char *wanted)
{
    nts_body_edit_t edit = edit_of(page, wanted);
    nts_value_t a, b, want = nts_body_value(wanted, 0, p);

    if (edit.problem) {
        return 1;
    }
    a = nts_body_value(edit.whole ? edit.whole : in_turn(page, &edit), 0, p);
    b = nts_body_value(edit.whole ? edit.whole : at_once(page, &edit), 0, p);
    return (a.kind == NTS_VALUE_NULL ? want.kind == NTS_VALUE_NULL : nts_value_equal(&a, &want)) &&
           (b.kind == NTS_VALUE_NULL ? want.kind == NTS_VALUE_NULL : nts_value_equal(&b, &want));
}

static int touches_taboo(const nts_body_edit_t *edit)
{
    for (int i = 0; i < edit->count; i++) {
        if (strstr(edit->updates[i].old_str, "<page") ||
            strstr(edit->updates[i].old_str, "X-Amz") ||
            strstr(edit->updates[i].new_str, "<page") ||
            strstr(edit->updates[i].new_str, "amazonaws")) {
            return 1;
        }
    }
    return 0;
}

static void whatever(void)
{
    apr_pool_t *all = p;
    int wrong = 0, refused = 0, touched = 0;

    for (int round = 0; round < 20000 && !wrong; round++) {
        ut_random_t random = { (apr_uint64_t)round };
        int tags = round % 3 == 0;
        const char *page, *wanted;
        nts_body_edit_t edit;

        (void)apr_pool_create(&p, all);
        page = random_page(&random, &tags);
        wanted = nts_body_value(random_edit(&random, page), 0, p).as.text;
        wanted = wanted ? wanted : "";
        edit = edit_of(page, wanted);
        refused += edit.problem && !tags;
        touched += touches_taboo(&edit);
        if (!is_right(page, wanted)) {
            wrong++;
            tap_diag("round %d: page '%s' wanted '%s': %s", round, page, wanted, spelled(&edit));
        }
        apr_pool_destroy(p);
        p = all;
    }
    tap_int(wrong, 0,
            "of 20,000 random edits each comes out as wanted, in either way, or is refused");
    tap_int(touched, 0, "none touches what must not be touched");
    tap_ok(refused < 2000, "and few are refused where nothing forbids them (%d)", refused);
}

static void large(void)
{
    char *page = apr_palloc(p, NTS_BODY_MAX + 1);
    nts_body_edit_t edit;
    char *other;

    memset(page, 'x', NTS_BODY_MAX);
    for (int i = 0; i + 8 < NTS_BODY_MAX; i += 8) {
        page[apr_snprintf(page + i, 8, "%06d", i / 8) + i] = ' ';
        page[i + 7] = '\n';
    }
    page[NTS_BODY_MAX] = '\0';
    other = apr_pstrdup(p, page);
    memcpy(other, "first-", 6);
    memcpy(other + 8 * 9000, "later-", 6);
    edit = edit_of(page, other);
    tap_int(edit.count, 2, "a body as long as they may be, edited at both ends");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    texts();
    places();
    taboos();
    whatever();
    large();
    apr_terminate();
    return tap_done();
}
