/* Proves S5.6: an edit of the plain text replaces the span that differs; what stands before and after keeps its look,
 * links and mentions; nothing is cut within a character, a mention or an equation; and whatever the texts are, the result
 * shows exactly the new one. */
#include <stdlib.h>
#include <string.h>

#include "connector/notion/nts_notion_rich.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* A spelling for tests: a text is "words", *bold*, [linked](x), <mention>, $equation$, each a piece of its own; | ends a
 * plain piece. */
static nts_json_t *rich(const char *spelling)
{
    nts_json_t *array = nts_json_make_array(p);
    const char *c = spelling;

    while (*c) {
        static const char openers[] = "*[<$";
        static const char closers[] = "*]>$";
        const char *kind = strchr(openers, *c);
        apr_size_t len = kind ? strcspn(c + 1, apr_psprintf(p, "%c", closers[kind - openers]))
                              : strcspn(c, "*[<$|");
        char *text = apr_pstrmemdup(p, kind ? c + 1 : c, len);
        nts_json_t *item = nts_json_add_object(array, NULL);
        nts_json_t *part;

        nts_json_add_string(item, "plain_text", text);
        if (kind && (*kind == '<' || *kind == '$')) {
            nts_json_add_string(item, "type", *kind == '<' ? "mention" : "equation");
            part = nts_json_add_object(item, *kind == '<' ? "mention" : "equation");
            if (*kind == '<') {
                nts_json_add_string(part, "type", "user");
                part = nts_json_add_object(part, "user");
                nts_json_add_string(part, "object", "user");
                nts_json_add_string(part, "id", text);
            }
            else {
                nts_json_add_string(part, "expression", text);
            }
        }
        else {
            nts_json_add_string(item, "type", "text");
            part = nts_json_add_object(item, "text");
            nts_json_add_string(part, "content", text);
            if (kind && *kind == '[') {
                nts_json_add_string(nts_json_add_object(part, "link"), "url", "x");
                nts_json_add_string(item, "href", "x");
            }
            part = nts_json_add_object(item, "annotations");
            nts_json_add_bool(part, "bold", kind && *kind == '*');
            nts_json_add_string(part, "color", "default");
        }
        c += len + (kind ? 2 : 0);
        c += *c == '|';
    }
    return array;
}

/* What Notion would show of what was written, in that spelling. */
static const char *spell(const nts_json_t *items)
{
    const char *out = "";
    int was_plain = 0;

    for (int i = 0; i < nts_json_count(items); i++) {
        const nts_json_t *item = nts_json_at(items, i);
        const char *type = nts_json_get_string(item, "type");
        const char *text = nts_json_string(nts_json_path(item, "text", "content", NULL));
        const char *around = "";

        if (strcmp(type, "mention") == 0) {
            around = "<>";
            text = nts_json_string(nts_json_path(item, "mention", "user", "id", NULL));
        }
        else if (strcmp(type, "equation") == 0) {
            around = "$$";
            text = nts_json_string(nts_json_path(item, "equation", "expression", NULL));
        }
        else if (nts_json_path(item, "text", "link", "url", NULL)) {
            around = "[]";
        }
        else if (nts_json_bool(nts_json_path(item, "annotations", "bold", NULL), 0)) {
            around = "**";
        }
        out = *around ? apr_psprintf(p, "%s%c%s%c", out, around[0], text, around[1])
                      : apr_pstrcat(p, out, was_plain ? "|" : "", text, NULL);
        was_plain = !*around;
    }
    return out;
}

static const char *edit(const char *old, const char *text)
{
    nts_json_t *items = nts_json_make_array(p);
    const char *problem = nts_notion_rich_edit(items, rich(old), text, p);

    return problem ? problem : spell(items);
}

static void test_edits(void)
{
    static const struct {
        const char *old;
        const char *text;
        const char *found;
        const char *what;
    } cases[] = {
        { "one two three", "one 2 three", "one 2 three", "plain text stays one piece" },
        { "one *two* three", "1 two three", "1 *two* three",
          "an edit before keeps what is behind" },
        { "one *two* three", "one two 3", "one *two* 3", "an edit behind keeps what is before" },
        { "one *two* three", "one 2 three", "one *2* three", "what is replaced gives its look" },
        { "one *two* three", "one txo three", "one *txo* three", "within a piece" },
        { "one *two* three", "one three", "one three", "a piece that goes leaves no trace" },
        { "one *two* three", "one two, or so, three", "one *two*, or so, three",
          "what is added behind a piece is plain" },
        { "aa*aa*aa", "aaaa", "aa*aa*", "whichever of equal letters it was" },
        { "see [here] now", "see hexre now", "see [hexre] now", "within a link it goes on" },
        { "see [here] now", "see there now", "see t[here] now", "at its begin it does not" },
        { "see [here]", "see here too", "see [here] too", "nor at its end" },
        { "see [here] now", "see there, now", "see there, now",
          "one span over a whole link ends it" },
        { "ask <Ada> today", "ask Ada tomorrow", "ask <Ada> tomorrow", "a mention stays" },
        { "ask <Ada> today", "please ask Ada today", "please ask <Ada> today",
          "also behind an edit" },
        { "ask <Ada> today", "ask Adam today", "ask <Ada>m today",
          "what follows it is not part of it" },
        { "ask <Ada> today", "ask Aida today", "ask Aida today",
          "one that is edited is text from then on" },
        { "ask <Ada> today", "ask Bob today", "ask Bob today", "one that is replaced is gone" },
        { "<Ada>", "", "", "all can go" },
        { "<Ada><Bob>", "AdaBob", "<Ada><Bob>", "nothing changed, nothing changes" },
        { "<Ada><Bob>", "Ada and Bob", "<Ada> and <Bob>", "between two" },
        { "area $a^2$ here", "area a^2 there", "area $a^2$ there", "an equation stays" },
        { "area $a^2$ here", "area a^3 here", "area a^3 here", "one that is edited is text" },
        { "", "new", "new", "a first text" },
        { "*all bold*", "other words", "*other words*", "all of it replaced looks as it did" },
        { "a\xc3\xa4*b*",
          "a\xc3\xb6"
          "b",
          "a\xc3\xb6*b*", "characters are not cut: one byte of two is the same" },
        { "\xf0\x9f\x98\x80*x*", "\xf0\x9f\x98\x81x", "\xf0\x9f\x98\x81*x*", "nor of four" },
        { "*\xc3\xa4*", "\xc4\xa4", "*\xc4\xa4*", "nor from the end" },
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        tap_str(edit(cases[i].old, cases[i].text), cases[i].found, "%s", cases[i].what);
    }
}

static void test_forms(void)
{
    nts_json_t *items = nts_json_make_array(p);
    const nts_json_t *old = NULL;
    static const char shown[] = "[{\"type\":\"text\",\"text\":{\"content\":\"a\",\"link\":null},"
                                "\"annotations\":{\"bold\":true,\"italic\":false,"
                                "\"strikethrough\":false,\"underline\":false,\"code\":false,"
                                "\"color\":\"red\"},\"plain_text\":\"a\",\"href\":null},"
                                "{\"type\":\"mention\",\"mention\":{\"type\":\"user\",\"user\":{"
                                "\"object\":\"user\",\"id\":\"u1\",\"name\":\"Ada\"}},"
                                "\"annotations\":{\"bold\":false,\"color\":\"default\"},\"plain_"
                                "text\":\"@Ada\",\"href\":null},"
                                "{\"type\":\"mention\",\"mention\":{\"type\":\"link_preview\","
                                "\"link_preview\":{\"url\":\"https://x/\"}},"
                                "\"annotations\":{\"bold\":false,\"color\":\"default\"},\"plain_"
                                "text\":\"x\",\"href\":\"https://x/\"}]";

    (void)nts_json_parse(&old, shown, strlen(shown), NULL, p);
    tap_ok(nts_notion_rich_edit(items, old, "a@Adax!", p) == NULL, "what Notion shows is edited");
    tap_str(nts_json_text(items, p),
            "[{\"type\":\"text\",\"annotations\":{\"bold\":true,\"color\":\"red\"},\"text\":{"
            "\"content\":\"a\"}},"
            "{\"type\":\"mention\",\"mention\":{\"type\":\"user\",\"user\":{\"id\":\"u1\"}}},"
            "{\"type\":\"text\",\"text\":{\"content\":\"x\",\"link\":{\"url\":\"https://x/\"}}},"
            "{\"type\":\"text\",\"text\":{\"content\":\"!\"}}]",
            "into what it takes: a preview of a link becomes a link");
    tap_ok(nts_notion_rich_is_formatted(old) && nts_notion_rich_is_formatted(rich("<Ada>")) &&
               nts_notion_rich_is_formatted(rich("[x]")),
           "this is more than its text");
    tap_ok(!nts_notion_rich_is_formatted(rich("a|b")) && !nts_notion_rich_is_formatted(NULL),
           "this is not");
}

static void test_sizes(void)
{
    char *text = apr_palloc(p, 300001);
    nts_json_t *items = nts_json_make_array(p);
    const char *spelling = "";
    const char *plain = "";
    int i;

    for (i = 0; i < 1500; i++) {
        memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 4);
    }
    text[6000] = '\0';
    tap_ok(nts_notion_rich_edit(items, NULL, text, p) == NULL, "a long text");
    tap_int(nts_json_count(items), 2, "is cut by UTF-16 units");
    tap_int(
        (int)strlen(nts_json_string(nts_json_path(nts_json_at(items, 0), "text", "content", NULL))),
        4000, "and between characters: 1000 of two units each");
    memset(text, 'a', 200001);
    text[200000] = '\0';
    tap_ok(nts_notion_rich_edit(nts_json_make_array(p), NULL, text, p) == NULL,
           "100 pieces are taken");
    text[200000] = 'a';
    text[200001] = '\0';
    tap_ok(nts_notion_rich_edit(nts_json_make_array(p), NULL, text, p) != NULL,
           "one character more is not");
    for (i = 0; i < 51; i++) {
        spelling = apr_pstrcat(p, spelling, "*b*p", NULL);
        plain = apr_pstrcat(p, plain, "bp", NULL);
    }
    items = nts_json_make_array(p);
    tap_ok(nts_notion_rich_edit(items, rich(spelling), "x", p) == NULL &&
               nts_json_count(items) == 1,
           "what goes needs no place");
    tap_ok(nts_notion_rich_edit(nts_json_make_array(p), rich(spelling),
                                apr_pstrcat(p, plain, "!", NULL), p) != NULL,
           "more than 100 pieces of formatting are refused, not flattened");
}

static const char *plain_of(const nts_json_t *items)
{
    const char *out = "";

    for (int i = 0; i < nts_json_count(items); i++) {
        const nts_json_t *item = nts_json_at(items, i);
        const char *text = nts_json_string(nts_json_path(item, "text", "content", NULL));

        text = text ? text : nts_json_string(nts_json_path(item, "mention", "user", "id", NULL));
        text = text ? text : nts_json_string(nts_json_path(item, "equation", "expression", NULL));
        out = apr_pstrcat(p, out, text, NULL);
    }
    return out;
}

static void test_random(void)
{
    static const char *const words[] = { "a", "b", "ab", "\xc3\xa4", "\xc3\xb6", "\xf0\x9f\x98\x80",
                                         " ", "aa" };
    static const char *const around[][2] = {
        { "", "|" }, { "*", "*" }, { "[", "]" }, { "<", ">" }, { "$", "$" }
    };
    apr_pool_t *outer = p;
    int wrong = 0, lost = 0, i, k;

    srand(7);
    (void)apr_pool_create(&p, outer);
    for (i = 0; i < 20000; i++) {
        const char *old = "", *text = "";
        nts_json_t *items = nts_json_make_array(p);
        nts_json_t *before;

        for (k = rand() % 6; k > 0; k--) {
            int form = rand() % 5;

            old = apr_pstrcat(p, old, around[form][0], words[rand() % 8], around[form][1], NULL);
        }
        for (k = rand() % 6; k > 0; k--) {
            text = apr_pstrcat(p, text, words[rand() % 8], NULL);
        }
        before = rich(old);
        if (nts_notion_rich_edit(items, before, text, p) || strcmp(plain_of(items), text) != 0) {
            wrong++ < 3 ? tap_diag("'%s' to '%s': '%s'", old, text, spell(items)) : (void)0;
        }
        items = nts_json_make_array(p);
        (void)nts_notion_rich_edit(items, before, plain_of(before), p);
        lost += strcmp(plain_of(items), plain_of(before)) != 0;
        if (i % 500 == 499) {
            apr_pool_clear(p);
        }
    }
    apr_pool_destroy(p);
    p = outer;
    tap_int(wrong, 0, "20000 random edits: the result shows the new text");
    tap_int(lost, 0, "and an edit that changes nothing loses nothing");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_edits();
    test_forms();
    test_sizes();
    test_random();
    apr_terminate();
    return tap_done();
}
