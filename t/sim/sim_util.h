/* Small things without a better home: UUIDs, random numbers, percent-encoding, text lengths as JavaScript counts them. */
#ifndef SIM_UTIL_H
#define SIM_UTIL_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_buf.h"

typedef struct sim_id_t {
    unsigned char b[16];
} sim_id_t;

#define SIM_ID_TEXT 37 /* with dashes and NUL */

/* 1 if s is a UUID, with or without dashes */
int sim_id_parse(sim_id_t *id, const char *s);
void sim_id_format(char out[SIM_ID_TEXT], const sim_id_t *id);
int sim_id_cmp(const sim_id_t *a, const sim_id_t *b);
int sim_id_is_null(const sim_id_t *id);
void sim_id_json(sim_buf_t *b, const char *key, const sim_id_t *id); /* key may be NULL */

/* One generator for everything random, seeded by reset; call with the world's lock held. */
void sim_rand_seed(uint64_t seed);
uint64_t sim_rand_u64(void);
int64_t sim_rand_below(int64_t n); /* 0 … n-1; 0 if n < 1 */
int sim_rand_hit(double probability);
void sim_rand_id(sim_id_t *id); /* UUID, version 4 */

/* as encodeURIComponent; the result is malloc'd */
char *sim_percent_encode(const char *s);
/* malloc'd; NULL if malformed.  plus: '+' is a space */
char *sim_percent_decode(const char *s, size_t len, int plus);

/* UTF-16 code units, which is what JavaScript calls length */
size_t sim_text_units(const char *s, size_t len);
/* bytes of the longest prefix of at most max units that splits no character */
size_t sim_text_prefix(const char *s, size_t len, size_t max);
/* equality and containment without regard to ASCII case */
int sim_text_same(const char *a, const char *b);
int sim_text_has(const char *hay, const char *needle);
int sim_text_in(const char *s, const char *const *list);

/* json-c with its traps covered: strict UTF-8, whole input, bounded depth.  NULL with *err = 1 if it is not JSON;
 * NULL with *err = 0 is the JSON null */
json_object *sim_parse(const char *s, size_t len, int *err);
/* the member, and whether it is there at all */
int sim_member(json_object *o, const char *key, json_object **val);
const char *sim_member_str(json_object *o, const char *key); /* NULL if it is not a string */
int sim_is(json_object *o, json_type type);
/* a number as JavaScript would read it; 0 if it is none, or infinite */
int sim_number(json_object *o, double *d);

#endif
