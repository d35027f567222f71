/* Cursors: opaque, different at each request. */
#include "sim_cursor.h"

#include <string.h>

#include "sim_settings.h"

#define WORDS ((sizeof(sim_cursor_t) + 7) / 8)

typedef union packed_t {
    sim_cursor_t c;
    uint64_t w[WORDS];
} packed_t;

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 33)) * 0xff51afd7ed558ccdu;
    z = (z ^ (z >> 33)) * 0xc4ceb9fe1a85ec53u;
    return z ^ (z >> 33);
}

uint64_t sim_cursor_hash(uint64_t h, const char *s)
{
    h ^= 14695981039346656037u;
    for (; *s; s++) {
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    }
    return h;
}

static uint64_t check_sum(const packed_t *p, uint64_t nonce)
{
    uint64_t sum = nonce;
    size_t i;

    for (i = 0; i < WORDS; i++) {
        sum = mix(sum ^ p->w[i]);
    }
    return sum;
}

void sim_cursor_json(sim_buf_t *b, sim_cursor_t *c)
{
    packed_t p;
    uint64_t nonce;
    size_t i;

    sim_json_key(b, "next_cursor");
    if (!c) {
        sim_json_null(b);
        sim_json_kbool(b, "has_more", 0);
        return;
    }
    c->made_ms = sim_time_now();
    memset(&p, 0, sizeof(p));
    p.c = *c;
    nonce = sim_rand_u64();
    sim_json_raw(b, "\"");
    sim_buf_fmt(b, "%016llx%016llx", (unsigned long long)nonce,
                (unsigned long long)check_sum(&p, nonce));
    for (i = 0; i < WORDS; i++) {
        sim_buf_fmt(b, "%016llx", (unsigned long long)(p.w[i] ^ mix(nonce + i)));
    }
    sim_buf_str(b, "\"");
    sim_json_kbool(b, "has_more", 1);
}

/* 16 hexadecimal digits */
static int read_word(const char *s, uint64_t *w)
{
    static const char digits[] = "0123456789abcdef";
    const char *d;
    int i;

    for (i = 0, *w = 0; i < 16; i++) {
        d = s[i] ? strchr(digits, s[i]) : NULL;
        if (!d) {
            return 0;
        }
        *w = (*w << 4) | (uint64_t)(d - digits);
    }
    return 1;
}

int sim_cursor_parse(sim_cursor_t *c, const char *text, uint64_t query, sim_fail_t *f)
{
    packed_t p;
    uint64_t nonce = 0, sum = 1, w = 0;
    size_t i;
    int ok =
        strlen(text) == (2 + WORDS) * 16 && read_word(text, &nonce) && read_word(text + 16, &sum);

    memset(&p, 0, sizeof(p));
    for (i = 0; ok && i < WORDS; i++) {
        ok = read_word(text + (2 + i) * 16, &w);
        p.w[i] = w ^ mix(nonce + i);
    }
    *c = p.c;
    if (!ok || check_sum(&p, nonce) != sum || c->query != query ||
        (sim_set.cursor_ttl_ms > 0 && sim_time_now() - c->made_ms > sim_set.cursor_ttl_ms)) {
        sim_fail_meaning(f, "The start_cursor provided is invalid: %.100s", text);
        return 0;
    }
    return 1;
}
