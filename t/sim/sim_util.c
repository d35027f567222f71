/* Small things without a better home: UUIDs, random numbers, percent-encoding, text lengths as JavaScript counts them. */
#include "sim_util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim_state.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

int sim_id_parse(sim_id_t *id, const char *s)
{
    int n = 0;

    memset(id, 0, sizeof(*id));
    if (!s) {
        return 0;
    }
    for (; *s; s++) {
        int v = hex_digit(*s);

        if (*s == '-') {
            continue;
        }
        if (v < 0 || n == 32) {
            return 0;
        }
        id->b[n / 2] = (unsigned char)((id->b[n / 2] << 4) | v);
        n++;
    }
    return n == 32;
}

void sim_id_format(char out[SIM_ID_TEXT], const sim_id_t *id)
{
    static const char hex[] = "0123456789abcdef";
    int i;

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = hex[id->b[i] >> 4];
        *out++ = hex[id->b[i] & 15];
    }
    *out = '\0';
}

int sim_id_cmp(const sim_id_t *a, const sim_id_t *b)
{
    return memcmp(a->b, b->b, sizeof(a->b));
}

int sim_id_is_null(const sim_id_t *id)
{
    static const sim_id_t zero;

    return sim_id_cmp(id, &zero) == 0;
}

void sim_id_json(sim_buf_t *b, const char *key, const sim_id_t *id)
{
    char text[SIM_ID_TEXT];

    sim_id_format(text, id);
    if (key) {
        sim_json_key(b, key);
    }
    sim_json_str(b, text);
}

static uint64_t rand_state SIM_STATE;

void sim_rand_seed(uint64_t seed)
{
    rand_state = seed;
}

uint64_t sim_rand_u64(void) /* splitmix64 */
{
    uint64_t z = (rand_state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t sim_rand_below(int64_t n)
{
    return n < 1 ? 0 : (int64_t)(sim_rand_u64() % (uint64_t)n);
}

int sim_rand_hit(double probability)
{
    return probability > 0 && (double)(sim_rand_u64() >> 11) / 9007199254740992.0 < probability;
}

void sim_rand_id(sim_id_t *id)
{
    uint64_t r[2];

    r[0] = sim_rand_u64();
    r[1] = sim_rand_u64();
    memcpy(id->b, r, sizeof(id->b));
    id->b[6] = (unsigned char)((id->b[6] & 0x0f) | 0x40);
    id->b[8] = (unsigned char)((id->b[8] & 0x3f) | 0x80);
}

static int is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-_.!~*'()", c));
}

char *sim_percent_encode(const char *s)
{
    sim_buf_t b = SIM_BUF_INIT;

    for (; *s; s++) {
        if (is_unreserved(*s)) {
            sim_buf_add(&b, s, 1);
        }
        else {
            sim_buf_fmt(&b, "%%%02X", (unsigned char)*s);
        }
    }
    return b.s ? b.s : sim_mem_dup("");
}

char *sim_percent_decode(const char *s, size_t len, int plus)
{
    char *out = sim_mem_alloc(len + 1), *p = out;
    size_t i;

    for (i = 0; i < len; i++) {
        if (s[i] == '%') {
            int hi = i + 2 < len ? hex_digit(s[i + 1]) : -1;
            int lo = i + 2 < len ? hex_digit(s[i + 2]) : -1;

            if (hi < 0 || lo < 0 || (hi == 0 && lo == 0)) {
                free(out);
                return NULL;
            }
            *p++ = (char)(hi * 16 + lo);
            i += 2;
        }
        else {
            *p++ = plus && s[i] == '+' ? ' ' : s[i];
        }
    }
    return out;
}

size_t sim_text_units(const char *s, size_t len)
{
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if ((c & 0xc0) != 0x80) {
            n += c >= 0xf0 ? 2 : 1;
        }
    }
    return n;
}

size_t sim_text_prefix(const char *s, size_t len, size_t max)
{
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if ((c & 0xc0) != 0x80) {
            n += c >= 0xf0 ? 2 : 1;
            if (n > max) {
                return i;
            }
        }
    }
    return len;
}

int sim_text_same(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

int sim_text_has(const char *hay, const char *needle)
{
    size_t n = strlen(needle);

    for (;; hay++) {
        if (strncasecmp(hay, needle, n) == 0) {
            return 1;
        }
        if (!*hay) {
            return 0;
        }
    }
}

int sim_text_in(const char *s, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(s, *list) == 0) {
            return 1;
        }
    }
    return 0;
}

/* json-c clamps integers beyond 64 bits silently; given a fraction they become doubles, as in JavaScript.
 * Returns 0 for text that holds a NUL, plain or escaped. */
static int prepare_text(sim_buf_t *out, const char *s, size_t len)
{
    size_t i, from = 0, digits = 0;
    int quoted = 0;

    for (i = 0; i <= len; i++) {
        char c = i < len ? s[i] : ' ';

        if (quoted) {
            if (c == '\\') {
                if (strncmp(s + i + 1, "u0000", 5) == 0) {
                    return 0;
                }
                i++;
            }
            else if (c == '"') {
                quoted = 0;
            }
            continue;
        }
        quoted = c == '"';
        if (c >= '0' && c <= '9') {
            digits++;
            continue;
        }
        if (digits > 18 && c != '.' && c != 'e' && c != 'E') {
            sim_buf_add(out, s + from, i - from);
            sim_buf_str(out, ".0");
            from = i;
        }
        if (digits && (c == '.' || c == 'e' || c == 'E')) {
            i += strspn(s + i + 1, "0123456789+-eE");
        }
        digits = 0;
    }
    sim_buf_add(out, s + from, len - from);
    return memchr(s, '\0', len) == NULL;
}

json_object *sim_parse(const char *s, size_t len, int *err)
{
    struct json_tokener *tok;
    json_object *o = NULL;
    sim_buf_t text = SIM_BUF_INIT;

    *err = 1;
    if (len > 64 * 1024 * 1024 || !prepare_text(&text, s, len)) {
        sim_buf_free(&text);
        return NULL;
    }
    tok = json_tokener_new_ex(64);
    if (!tok) {
        abort();
    }
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* the NUL is part of the length, else a bare number is never complete */
    o = json_tokener_parse_ex(tok, text.s, (int)text.len + 1);
    if (json_tokener_get_error(tok) == json_tokener_success &&
        json_tokener_get_parse_end(tok) >= text.len) {
        *err = 0;
    }
    else {
        json_object_put(o);
        o = NULL;
    }
    json_tokener_free(tok);
    sim_buf_free(&text);
    return o;
}

int sim_member(json_object *o, const char *key, json_object **val)
{
    *val = NULL;
    return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, val);
}

const char *sim_member_str(json_object *o, const char *key)
{
    json_object *v;

    return sim_member(o, key, &v) && json_object_is_type(v, json_type_string)
               ? json_object_get_string(v)
               : NULL;
}

int sim_is(json_object *o, json_type type)
{
    return json_object_is_type(o, type);
}

int sim_number(json_object *o, double *d)
{
    if (sim_is(o, json_type_int)) {
        *d = (double)json_object_get_int64(o);
        return 1;
    }
    if (sim_is(o, json_type_double)) {
        *d = json_object_get_double(o);
        return isfinite(*d) != 0;
    }
    return 0;
}
