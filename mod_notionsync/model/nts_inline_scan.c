/* nts_inline_scan.c - the parts of inline Markdown that are read at one place: entities, addresses, tags, equations. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_inline_impl.h"

static const char letters_and_digits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* ---- entities ---- */

int nts_inline_is_entity(const char *at)
{
    apr_size_t len;

    if (at[0] != '&') {
        return 0;
    }
    at += at[1] == '#' ? 2 : 1;
    len = strspn(at, letters_and_digits);
    return len > 0 && at[len] == ';';
}

/* Zero: no character has that number, or none that a text can hold. */
static apr_uint32_t number_of(const char *digits, apr_size_t len)
{
    int is_hex = *digits == 'x' || *digits == 'X';
    apr_uint32_t number = 0;

    digits += is_hex;
    len -= (apr_size_t)is_hex;
    if (len == 0 || len > (is_hex ? 6 : 7) ||
        strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789") < len) {
        return 0;
    }
    for (apr_size_t i = 0; i < len; i++) {
        apr_uint32_t c = (unsigned char)digits[i];

        number = number * (is_hex ? 16 : 10) + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF) ? 0 : number;
}

static const char *encode(apr_uint32_t c, apr_pool_t *p)
{
    char *text = apr_pcalloc(p, 5);
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = { 0, 0xC0, 0xE0, 0xF0 };

    text[0] = (char)(leads[more] | (c >> (6 * more)));
    for (int i = 1; i <= more; i++) {
        text[i] = (char)(0x80 | ((c >> (6 * (more - i))) & 0x3F));
    }
    return text;
}

apr_size_t nts_inline_entity(const char **text, const char *at, apr_pool_t *p)
{
    static const char *const names[][2] = { { "&amp;", "&" },  { "&lt;", "<" },
                                            { "&gt;", ">" },   { "&quot;", "\"" },
                                            { "&apos;", "'" }, { "&nbsp;", "\xC2\xA0" } };
    apr_uint32_t number;
    apr_size_t len;

    if (!nts_inline_is_entity(at)) {
        return 0;
    }
    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strncmp(at, names[i][0], strlen(names[i][0])) == 0) {
            *text = names[i][1];
            return strlen(names[i][0]);
        }
    }
    if (at[1] != '#') {
        return 0;
    }
    len = strcspn(at, ";");
    number = number_of(at + 2, len - 2);
    if (number == 0) {
        return 0;
    }
    *text = encode(number, p);
    return len + 1;
}

/* ---- addresses ---- */

/* An address up to @a end, which is behind it; escapes and entities in it stand for their characters. */
static const char *unescape(const char *from, const char *end, apr_pool_t *p)
{
    char *url = apr_palloc(p, (apr_size_t)(end - from) + 1);
    char *to = url;

    while (from < end) {
        const char *text = from;
        apr_size_t len = nts_inline_entity(&text, from, p);

        if (len && len <= (apr_size_t)(end - from)) {
            memcpy(to, text, strlen(text));
            to += strlen(text);
            from += len;
            continue;
        }
        from += *from == '\\' && nts_inline_is_ascii_punct((unsigned char)from[1]);
        *to++ = *from++;
    }
    *to = '\0';
    return url;
}

/* Where an address in angle brackets ends, whose ">" that is; NULL: it does not. */
static const char *end_of_angle(const char *at)
{
    for (; *at && *at != '\n' && *at != '\r' && *at != '<'; at++) {
        if (*at == '>') {
            return at;
        }
        at += *at == '\\' && nts_inline_is_ascii_punct((unsigned char)at[1]);
    }
    return NULL;
}

/* The same of one without; brackets in it are in pairs. */
static const char *end_of_bare(const char *at)
{
    int depth = 0;

    for (; (unsigned char)*at > ' ' && *at != 0x7F; at++) {
        if (*at == '\\' && nts_inline_is_ascii_punct((unsigned char)at[1])) {
            at++;
        }
        else if (*at == '(' && ++depth > 32) {
            return NULL;
        }
        else if (*at == ')' && --depth < 0) {
            return at;
        }
    }
    return NULL;
}

apr_size_t nts_inline_destination(const char **url, const char *at, apr_pool_t *p)
{
    const char *from = at + 1;
    const char *end;

    if (*at != '(') {
        return 0;
    }
    from += strspn(from, " ");
    end = *from == '<' ? end_of_angle(from + 1) : end_of_bare(from);
    if (!end) {
        return 0;
    }
    *url = unescape(*from == '<' ? from + 1 : from, end, p);
    end += *from == '<';
    end += strspn(end, " ");
    return *end == ')' && nts_inline_is_address(*url) ? (apr_size_t)(end + 1 - at) : 0;
}

apr_size_t nts_inline_autolink(const char **url, const char *at, apr_pool_t *p)
{
    const char *end = at + 1;

    while ((unsigned char)*end > ' ' && *end != '<' && *end != '>' && *end != 0x7F) {
        end++;
    }
    if (*at != '<' || *end != '>' || at[1] == '/') {
        return 0;
    }
    *url = apr_pstrmemdup(p, at + 1, (apr_size_t)(end - at - 1));
    return nts_inline_is_address(*url) ? (apr_size_t)(end + 1 - at) : 0;
}

/* ---- tags and equations ---- */

apr_size_t nts_inline_tag(int *tag, int *is_end, const char *at)
{
    *is_end = at[0] == '<' && at[1] == '/';
    for (int i = 0; *at == '<' && i < NTS_INLINE_TAGS; i++) {
        const char *name = nts_inline_tags[i].name;
        const char *from = at + 1 + *is_end;

        if (strncmp(from, name, strlen(name)) == 0 && from[strlen(name)] == '>') {
            *tag = i;
            return (apr_size_t)(from - at) + strlen(name) + 1;
        }
    }
    return 0;
}

/* As Pandoc tells prices from equations: no blank inside its ends, no digit behind it. On one line. */
apr_size_t nts_inline_equation(const char *at)
{
    apr_size_t i = 1;
    int units = 0;

    if (*at != '$' || at[1] == '$' || at[1] == '`' || at[1] == '\0' ||
        nts_inline_is_space(nts_inline_char_at(at, 1, 2))) {
        return 0;
    }
    while (at[i] && at[i] != '\n' && at[i] != '\r' && units <= NTS_INLINE_EQUATION_MAX) {
        if (at[i] == '$' && at[i - 1] != '\\' &&
            !nts_inline_is_space(nts_inline_char_before(at, i)) &&
            (at[i + 1] < '0' || at[i + 1] > '9')) {
            return i + 1;
        }
        units += (unsigned char)at[i] >= 0xF0 ? 2 : 1;
        i += nts_utf8_sequence(at + i, 4);
    }
    return 0;
}
