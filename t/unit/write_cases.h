/* write_cases.h - what is true in every database of keys, of single writes and of several in one transaction. */
#ifndef WRITE_CASES_H
#define WRITE_CASES_H

#include "database_kit.h"

/** How one kind of server spells what the cases need. */
typedef struct write_words_t {
    const char *id;     /* a column that numbers new rows */
    const char *code;   /* a DEFAULT of 36 characters */
    const char *exact;  /* a type of texts that tells upper from lower case */
    const char *joined; /* all names in order of id, with commas between */
} write_words_t;

void test_writing(const write_words_t *words);

/** Row 1 of the mapping's table, from whose values row 2 is made: each is read as @a read_as says, comes back so, and finds both rows. */
void check_values(const nts_mapping_t *m, const char *const *names, const char *const *read_as,
                  int count);

/** One write; @a pair -1: without a value; @a expected may be NULL. */
nts_answer_t *write_value(const nts_mapping_t *m, nts_ask_kind_t kind, const char *id,
                          const char *intent, int pair, nts_value_t value,
                          const nts_value_t *expected);
/** "(none)" */
const char *field_of(const nts_answer_t *answer);

#endif /* WRITE_CASES_H */
