/* Property values: immutable, counted, compact.  NULL is the empty value of every type.
 * All of it runs with the world's lock held. */
#ifndef SIM_VALUE_H
#define SIM_VALUE_H

#include "sim_time.h"
#include "sim_util.h"

typedef enum sim_kind_t {
    SIM_V_TEXT, /* plain text */
    SIM_V_RICH, /* plain text and the rich text items as JSON */
    SIM_V_NUMBER,
    SIM_V_BOOL,
    SIM_V_STRING,  /* url, email, phone */
    SIM_V_OPTIONS, /* select, status, multi_select */
    SIM_V_DATE,    /* start, and end or nothing, as they are read back */
    SIM_V_IDS,     /* pages or users */
    SIM_V_JSON     /* files, formula, rollup, place, verification */
} sim_kind_t;

typedef struct sim_value_t sim_value_t;

struct sim_option_t;

sim_value_t *sim_value_text(const char *s, size_t len);
sim_value_t *sim_value_rich(const char *plain, const char *json, size_t mentions);
sim_value_t *sim_value_number(double d);
sim_value_t *sim_value_bool(int flag);
sim_value_t *sim_value_string(const char *s);
sim_value_t *sim_value_options(struct sim_option_t *const *options, size_t n);
sim_value_t *sim_value_date(const char *start, const char *end); /* end may be NULL */
sim_value_t *sim_value_ids(const sim_id_t *ids, size_t n);
sim_value_t *sim_value_json(const char *json);

sim_value_t *sim_value_ref(sim_value_t *v);
void sim_value_unref(sim_value_t *v);

sim_kind_t sim_value_kind(const sim_value_t *v);
/* the text of TEXT, RICH (its plain text), STRING, JSON and of a date's start; "" for NULL */
const char *sim_value_chars(const sim_value_t *v);
const char *sim_value_rich_json(const sim_value_t *v);
size_t sim_value_mentions(const sim_value_t *v);
double sim_value_as_number(const sim_value_t *v);
int sim_value_as_bool(const sim_value_t *v);          /* NULL is false */
const char *sim_value_date_end(const sim_value_t *v); /* NULL if none */
size_t sim_value_count(const sim_value_t *v);         /* of options or ids; 0 for NULL */
struct sim_option_t *sim_value_option(const sim_value_t *v, size_t i);
const sim_id_t *sim_value_id(const sim_value_t *v, size_t i);
int sim_value_has_id(const sim_value_t *v, const sim_id_t *id);
/* the ids of v without id, or with it at the end */
sim_value_t *sim_value_ids_without(const sim_value_t *v, const sim_id_t *id);
sim_value_t *sim_value_ids_with(const sim_value_t *v, const sim_id_t *id);

#endif
