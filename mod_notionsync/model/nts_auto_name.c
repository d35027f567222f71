/* nts_auto_name.c - the column's name for a property's. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_auto.h"

/* A cut name ends in '_' and eight digits. */
#define MARK_LENGTH 9

/* One character of UTF-8. */
static unsigned decode(const char *bytes, apr_size_t len)
{
    static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    unsigned c = (unsigned char)bytes[0] & first[len];
    apr_size_t i;

    for (i = 1; i < len; i++) {
        c = (c << 6) | ((unsigned char)bytes[i] & 0x3f);
    }
    return c;
}

static char *encode(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    }
    else if (c < 0x800) {
        *to++ = (char)(0xc0 | (c >> 6));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    else {
        *to++ = (char)(0xe0 | (c >> 12));
        *to++ = (char)(0x80 | ((c >> 6) & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* Small letters of the alphabets that have two cases side by side; without the locale (D57). */
static unsigned to_small(unsigned c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
        (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) || (c >= 0x410 && c <= 0x42f)) {
        return c + 0x20;
    }
    if (c >= 0x400 && c <= 0x40f) {
        return c + 0x50;
    }
    /* Latin Extended-A: pairs, the capital on the even place, but for two stretches where it is on the odd one. */
    if ((c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) || (c >= 0x14a && c <= 0x177)) {
        return c | 1;
    }
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) {
        return c + (c & 1);
    }
    return c;
}

/* Of names. What lies beyond the basic plane MariaDB does not take; signs and spaces of the others are left out as ASCII's are. */
static int is_letter(unsigned c)
{
    if (c < 0x80) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    if (c < 0xc0) {
        return c == 0xaa || c == 0xb5 || c == 0xba;
    }
    return c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x2bff) &&
           !(c >= 0x3000 && c <= 0x3004) && !(c >= 0x3008 && c <= 0x3020) &&
           !(c >= 0xe000 && c <= 0xf8ff) && !(c >= 0xfe00 && c <= 0xfe0f) && c < 0xfeff;
}

static const char *fold(const char *name, apr_pool_t *p)
{
    apr_size_t left = strlen(name);
    char *folded = apr_palloc(p, left + 1);
    char *to = folded;
    int is_gap = 0;

    while (left > 0) {
        apr_size_t len = nts_utf8_sequence(name, left);
        unsigned c = len ? decode(name, len) : ' ';

        len = len ? len : 1;
        if (!is_letter(c)) {
            is_gap = 1;
        }
        else {
            if (is_gap && to > folded) {
                *to++ = '_';
            }
            is_gap = 0;
            to = encode(to, to_small(c));
        }
        name += len;
        left -= len;
    }
    *to = '\0';
    return folded;
}

/* FNV-1a: names that are cut stay apart. */
static apr_uint32_t hash_of(const char *text)
{
    apr_uint32_t hash = 2166136261u;

    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash;
}

const char *nts_auto_column_name(const char *property, apr_pool_t *p)
{
    const char *folded = fold(property, p);
    apr_size_t kept = 0;
    apr_size_t len;

    if (*folded == '\0') {
        return NULL;
    }
    if (strlen(folded) <= NTS_AUTO_NAME_MAX) {
        return folded;
    }
    while ((len = nts_utf8_sequence(folded + kept, strlen(folded + kept))) > 0 &&
           kept + len <= NTS_AUTO_NAME_MAX - MARK_LENGTH) {
        kept += len;
    }
    return apr_psprintf(p, "%.*s_%08x", (int)kept, folded, hash_of(folded));
}

int nts_auto_is_namesake(const char *a, const char *b, apr_pool_t *p)
{
    const char *column = nts_auto_column_name(a, p);

    return column ? nts_str_same(column, nts_auto_column_name(b, p)) : strcmp(a, b) == 0;
}
