/* Proves S5.6 for format=markdown in Notion's connector, for a title and for a rich_text: what a page shows is Markdown in its one
 * spelling; Markdown written over a text is shown as just that Markdown, whatever stood there; written back as it was it changes
 * nothing; and colours and mentions, which Markdown cannot say, stay with the words that stay. */
#include "unit/ut_notion.h"

#include "connector/notion/nts_notion_rich.h"
#include "model/nts_inline.h"
#include "unit/ut_random.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
    char letter;
    const char *name;
} styles[] = { { 'b', "bold" },
               { 'i', "italic" },
               { 's', "strikethrough" },
               { 'u', "underline" },
               { 'c', "code" } };

/* ---- items in a spelling for tests: text{bi red https://x/}|more; @name is a mention, =x an equation, +x a preview of the link x */

static void add_look(nts_json_t *item, const char *look)
{
    nts_json_t *annotations = nts_json_add_object(item, "annotations");
    apr_size_t count = strcspn(look, " ");
    const char *letters = apr_pstrmemdup(pool, look, count);
    const char *rest = look + count + strspn(look + count, " ");
    const char *color = apr_pstrmemdup(pool, rest, strcspn(rest, " "));
    const char *url = strchr(rest, ' ');

    for (int i = 0; i < 5; i++) {
        nts_json_add_bool(annotations, styles[i].name, strchr(letters, styles[i].letter) != NULL);
    }
    nts_json_add_string(annotations, "color",
                        *color && strcmp(color, "-") != 0 ? color : "default");
    url = url ? url + 1 : NULL;
    if (url) {
        nts_json_t *text = nts_json_add_object(item, "text");

        nts_json_add_string(text, "content", nts_json_get_string(item, "plain_text"));
        nts_json_add_string(nts_json_add_object(text, "link"), "url", url);
    }
    nts_json_add_string(item, "href", url);
}

/* `kind` is that sign, or another for a text. */
static void add_item(nts_json_t *items, char kind, const char *text, const char *look)
{
    nts_json_t *item = nts_json_add_object(items, NULL);
    nts_json_t *part;
    int is_special = kind == '=' || kind == '+';

    nts_json_add_string(item, "type",
                        kind == '@' || kind == '+' ? "mention"
                        : kind == '='              ? "equation"
                                                   : "text");
    nts_json_add_string(item, "plain_text", is_special ? text + 1 : text);
    if (kind == '@') {
        part = nts_json_add_object(item, "mention");
        nts_json_add_string(part, "type", "user");
        part = nts_json_add_object(part, "user");
        nts_json_add_string(part, "object", "user");
        nts_json_add_string(part, "id", text);
    }
    else if (kind == '=') {
        nts_json_add_string(nts_json_add_object(item, "equation"), "expression", text + 1);
    }
    else if (kind == '+') {
        nts_json_add_string(nts_json_add_object(item, "mention"), "type", "link_preview");
    }
    else {
        nts_json_add_string(nts_json_add_object(item, "text"), "content", text);
    }
    add_look(item, look);
    if (kind == '+') {
        nts_json_add_string(item, "href", text + 1);
    }
}

static nts_json_t *shown(const char *spelling)
{
    nts_json_t *items = nts_json_make_array(pool);
    char *rest = apr_pstrdup(pool, spelling);
    char *last = NULL;

    for (char *part = apr_strtok(rest, "|", &last); part; part = apr_strtok(NULL, "|", &last)) {
        char *look = strchr(part, '{');

        if (look) {
            *look = '\0';
            look[strlen(look + 1)] = '\0';
        }
        add_item(items, *part, part, look ? look + 1 : "");
    }
    return items;
}

static const char *text_of(const nts_json_t *item)
{
    const char *type = nts_json_get_string(item, "type");

    if (strcmp(type, "mention") == 0) {
        return nts_json_string(nts_json_path(item, "mention", "user", "id", NULL));
    }
    if (strcmp(type, "equation") == 0) {
        return apr_pstrcat(
            pool, "=", nts_json_string(nts_json_path(item, "equation", "expression", NULL)), NULL);
    }
    return nts_json_string(nts_json_path(item, "text", "content", NULL));
}

static const char *look_of(const nts_json_t *item)
{
    const nts_json_t *annotations = nts_json_get(item, "annotations");
    const char *color = nts_json_get_string(annotations, "color");
    const char *url = nts_json_string(nts_json_path(item, "text", "link", "url", NULL));
    const char *letters = "";

    for (int i = 0; i < 5; i++) {
        if (nts_json_bool(nts_json_get(annotations, styles[i].name), 0)) {
            letters = apr_psprintf(pool, "%s%c", letters, styles[i].letter);
        }
    }
    color = color && strcmp(color, "default") != 0 ? color : url ? "-" : NULL;
    return *letters || color ? apr_pstrcat(pool, "{", letters, color ? " " : "", color ? color : "",
                                           url ? " " : "", url ? url : "", "}", NULL)
                             : "";
}

/* Items in that spelling, neighbours that look the same joined. */
static const char *spell(const nts_json_t *items)
{
    const char *out = "";
    const char *text = "";
    const char *look = "";

    for (int i = 0; i <= nts_json_count(items); i++) {
        const nts_json_t *item = nts_json_at(items, i);
        const char *next = item ? text_of(item) : "";
        int is_text = item && *next != '@' && *next != '=';

        if (is_text && *text && *text != '@' && *text != '=' && strcmp(look_of(item), look) == 0) {
            text = apr_pstrcat(pool, text, next, NULL);
            continue;
        }
        out = apr_pstrcat(pool, out, *out && *text ? "|" : "", text, look, NULL);
        text = next;
        look = item ? look_of(item) : "";
    }
    return out;
}

/* Written items as a page shows them. */
static const nts_json_t *again(const nts_json_t *items)
{
    nts_json_t *array = nts_json_make_array(pool);

    for (int i = 0; i < nts_json_count(items); i++) {
        const nts_json_t *item = nts_json_at(items, i);
        const char *look = look_of(item);

        look = *look ? apr_pstrmemdup(pool, look + 1, strlen(look) - 2) : look;
        add_item(array,
                 strcmp(nts_json_get_string(item, "type"), "text") == 0 ? 't' : *text_of(item),
                 text_of(item), look);
    }
    return array;
}

/* ---- what a page shows, and what is written over it ---- */

static void test_edits(void)
{
    static const struct {
        const char *what;
        const char *old;
        const char *shows; /* as Markdown */
        const char *markdown;
        const char *written;
    } cases[] = {
        { "styles and links", "a |b{b}| c |d{i}| |e{ - https://e.org/}",
          "a **b** c _d_ [e](https://e.org/)", "a *b* c **d** [f](https://e.org/)",
          "a |b{i}| c |d{b}| |f{ - https://e.org/}" },
        { "a colour stays with its words", "a |red{ red}| word", "a red word", "one **red** word",
          "one |red{b red}| word" },
        { "and goes to what replaces them", "a |red{ red}| word", "a red word", "a blue word",
          "a |blue{ red}| word" },
        { "what is put in between has the colour of both sides", "a{ red}| |b{ blue}", "a b",
          "a, b", "a{ red}|, |b{ blue}" },
        { "or, within, of that", "ab cd{ red}", "ab cd", "ab x cd", "ab x cd{ red}" },
        { "a mention stays", "ask |@Ada| today", "ask @Ada today", "please ask @Ada tomorrow",
          "please ask |@Ada| tomorrow" },
        { "also if all around it is bold from then on", "ask |@Ada| today", "ask @Ada today",
          "**ask @Ada today**", "ask {b}|@Ada{b}| today{b}" },
        { "two changes with one between them", "one |@Ada| two |@Bob| three",
          "one @Ada two @Bob three", "1 @Ada two @Bob 3", "1 |@Ada| two |@Bob| 3" },
        { "a part of one is text", "ask |@Ada Byron| today", "ask @Ada Byron today",
          "ask @Ada today", "ask @Ada today" },
        { "one that looks in two ways is text", "ask |@Ada Byron| today", "ask @Ada Byron today",
          "ask @Ada **Byron** today", "ask @Ada |Byron{b}| today" },
        { "one that is a link is text", "ask |@Ada| today", "ask @Ada today",
          "ask [@Ada](https://e.org/) today", "ask |@Ada{ - https://e.org/}| today" },
        { "another one beside it stays", "@Ada| and |@Bob", "@Ada and @Bob",
          "[@Ada](https://e.org/) and @Bob", "@Ada{ - https://e.org/}| and |@Bob" },
        { "an equation keeps its colour", "=a^2{ red}| and |=b", "$a^2$ and $b$",
          "**$a^2$** or $c$", "=a^2{b red}| or |=c" },
        { "a new one", "x", "x", "x $y$", "x |=y" },
        { "one that is not one any more", "=x", "$x$", "x", "x" },
        { "a preview of a link is a link", "+https://e.org/", "[https://e.org/](https://e.org/)",
          "see [https://e.org/](https://e.org/)", "see |https://e.org/{ - https://e.org/}" },
        { "blanks that were bold stay so", "big {b}|deal |@Ada", "**big** deal @Ada",
          "**big** deals @Ada", "big {b}|deals |@Ada" },
        { "unless that would be seen", "a {b}|b |@Ada", "**a** b @Ada", "**a** **b** @Ada",
          "a{b}| |b{b}| |@Ada" },
        { "all can go", "a |@Ada{b}", "a **@Ada**", "", "" },
        { "what is no markup is text", "x", "x", "5 * 3 [y] $5", "5 * 3 [y] $5" },
    };

    for (int i = 0; i < COUNT(cases); i++) {
        const nts_json_t *old = shown(cases[i].old);
        nts_json_t *items = nts_json_make_array(pool);

        tap_str(nts_notion_rich_markdown(old, pool), cases[i].shows, "%s: shown", cases[i].what);
        tap_ok(nts_notion_rich_edit_markdown(items, old, cases[i].markdown, pool) == NULL,
               "can be written");
        tap_str(spell(items), cases[i].written, "what is written");
    }
}

/* ---- properties ---- */

static const char *const words[] = { "a", "b c",      " ",   "word",         "*",
                                     "_", "\xc3\xa4", "[x]", "\n",           "$5",
                                     "`", "two  ",    "<u>", "\xe5\xbc\xb7", "\xf0\x9f\x98\x80",
                                     "." };

static const char *random_items(ut_random_t *random)
{
    static const char *const looks[] = { "",
                                         "",
                                         "{b}",
                                         "{i}",
                                         "{bi}",
                                         "{s}",
                                         "{u}",
                                         "{c}",
                                         "{bc}",
                                         "{ red}",
                                         "{b red}",
                                         "{ blue_background}",
                                         "{ - https://e.org/}",
                                         "{b - https://e.org/}",
                                         "{ red /page}",
                                         "{ - no address}" };
    static const char *const specials[] = { "@Ada", "@Ada Byron", "=a^2", "=x$y", "@a" };
    const char *out = "";

    for (int n = ut_random_below(random, 7); n > 0; n--) {
        const char *look = looks[ut_random_below(random, COUNT(looks))];
        int is_special = ut_random_below(random, 5) == 0;
        const char *text = is_special ? specials[ut_random_below(random, COUNT(specials))]
                                      : words[ut_random_below(random, COUNT(words))];

        if (is_special && strpbrk(look, "-/")) {
            look = "";
        }
        out = apr_pstrcat(pool, out, *out ? "|" : "", text, look, NULL);
    }
    return spell(shown(out));
}

/* A Markdown text, some of it that of the old one. */
static const char *random_edit(ut_random_t *random, const char *markdown)
{
    static const char *const marks[] = { "**", "*",   "_",    "~~", "`", "[", "](https://e.org/)",
                                         "$",  "<u>", "</u>", "\\" };
    apr_size_t from = (apr_size_t)ut_random_below(random, (int)strlen(markdown) + 1);
    apr_size_t cut = (apr_size_t)ut_random_below(random, 4);
    const char *in = ut_random_below(random, 2) ? words[ut_random_below(random, COUNT(words))]
                                                : marks[ut_random_below(random, COUNT(marks))];
    const char *made;

    cut = from + cut > strlen(markdown) ? 0 : cut;
    made = apr_pstrcat(pool, apr_pstrmemdup(pool, markdown, from), in, markdown + from + cut, NULL);
    return nts_utf8_is_valid(made, strlen(made)) ? made : markdown;
}

static void test_properties(void)
{
    ut_random_t random = { 20261124 };
    apr_pool_t *whole = pool;
    int changed = 0;
    int other = 0;
    int fresh = 0;

    for (int i = 0; i < 20000 && changed + other + fresh < 5; i++) {
        const nts_json_t *old;
        const char *spelling;
        const char *markdown;
        const char *edited;
        nts_json_t *items;

        if (apr_pool_create(&pool, whole) != APR_SUCCESS) {
            abort();
        }
        spelling = random_items(&random);
        old = shown(spelling);
        markdown = nts_notion_rich_markdown(old, pool);
        items = nts_json_make_array(pool);
        if (nts_notion_rich_edit_markdown(items, old, markdown, pool) ||
            strcmp(spell(items), spelling) != 0) {
            tap_diag("%s, in Markdown %s: %s", spelling, markdown, spell(items));
            changed++;
        }
        edited = random_edit(&random, random_edit(&random, markdown));
        for (int k = 0; k < 2; k++) {
            const char *found;

            items = nts_json_make_array(pool);
            (void)nts_notion_rich_edit_markdown(items, k ? NULL : old, edited, pool);
            found = nts_notion_rich_markdown(again(items), pool);
            if (strcmp(found, nts_inline_canonical(edited, pool)) != 0) {
                tap_diag("%s over %s: %s, in Markdown %s", edited, k ? "nothing" : spelling,
                         spell(items), found);
                *(k ? &fresh : &other) += 1;
            }
        }
        apr_pool_destroy(pool);
    }
    pool = whole;
    tap_int(changed, 0, "what a page shows, written back, changes nothing");
    tap_int(other, 0, "an edit is shown as the Markdown that it is, whatever stood there");
    tap_int(fresh, 0, "and so is a first text");
}

static void test_sizes(void)
{
    char *text = apr_pcalloc(pool, 300002);
    nts_json_t *items = nts_json_make_array(pool);

    for (int i = 0; i < 1500; i++) {
        memcpy(text + 2 + 4 * i, "\xf0\x9f\x98\x80", 4);
    }
    memcpy(text, "**", 2);
    memcpy(text + 6002, "**", 3);
    tap_ok(nts_notion_rich_edit_markdown(items, NULL, text, pool) == NULL, "a long bold text");
    tap_int(nts_json_count(items), 2, "is cut by UTF-16 units, 1000 characters of two to a piece");
    tap_str(nts_notion_rich_markdown(items, pool), text, "and is one run again");
    text = apr_pstrdup(pool, "");
    for (int i = 0; i < 51; i++) {
        text = apr_pstrcat(pool, text, "**b** p ", NULL);
    }
    tap_ok(nts_notion_rich_edit_markdown(nts_json_make_array(pool), NULL, text, pool) != NULL,
           "more than 100 pieces are refused, not flattened");
}

/* ---- by asks ---- */

static nts_ask_t ask_with_markdown(nts_ask_kind_t kind)
{
    nts_ask_t ask = ut_ask(kind);
    nts_mapping_t *mapping = (nts_mapping_t *)ask.mapping;

    mapping->pairs[NAME].options.format = NTS_FORMAT_MARKDOWN;
    mapping->pairs[NOTES].options.format = NTS_FORMAT_MARKDOWN;
    return ask;
}

static const char *page_of(const char *title, const char *notes)
{
    return ut_page(PAGE_1, "2026-11-20T08:03:00.000Z", BOT,
                   apr_pstrcat(pool, "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":",
                               nts_json_text(shown(title), pool),
                               "},\"Notes\":{\"id\":\"n%25(1\",\"type\":\"rich_text\",\"rich_"
                               "text\":",
                               nts_json_text(shown(notes), pool), "}", NULL));
}

static void test_asks(void)
{
    nts_ask_t ask = ask_with_markdown(NTS_ASK_READ);
    talk_t talk = ut_begin(&ask);
    nts_value_t *values = ut_values();
    const nts_value_t *found;
    const nts_json_t *body = NULL;

    ut_reply(&talk, 200, page_of("Order *17*|!{b}", "ask |@Ada| [now]{i red}"));
    found = talk.answer->record->values;
    tap_str(found[NAME].as.text, "Order \\*17\\***!**", "a title is read as Markdown");
    tap_str(found[NOTES].as.text, "ask @Ada _\\[now\\]_", "so is a rich_text");
    ask = ask_with_markdown(NTS_ASK_UPDATE);
    ask.values = values;
    ask.expected = found;
    values[NAME] = nts_value_text("Order \\*18\\*__!__");
    values[NOTES] = nts_value_text("ask @Ada _\\[then\\]_");
    talk = ut_begin(&ask);
    tap_int(nts_json_parse(&body, talk.request->body, talk.request->body_len, NULL, pool),
            APR_SUCCESS, "what is written");
    tap_str(spell(nts_json_path(body, "properties", "title", "title", NULL)), "Order *18*|!{b}",
            "of the title");
    tap_str(spell(nts_json_path(body, "properties", "n%25(1", "rich_text", NULL)),
            "ask |@Ada| [then]{i red}", "and of the rich_text, with the mention and the colour");
    ask = ask_with_markdown(NTS_ASK_READ);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, page_of("a*b", ""));
    tap_str(talk.answer->record->values[NAME].as.text, "a\\*b", "a text without formatting, too");
    tap_int(talk.answer->record->values[NOTES].kind, NTS_VALUE_NULL, "none is none");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(1);
    test_edits();
    test_properties();
    test_sizes();
    test_asks();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
