/* unwatched_cases.h - what is true, in every database, of views and of tables on which we may create no triggers. */
#ifndef UNWATCHED_CASES_H
#define UNWATCHED_CASES_H

#include "database_kit.h"

/** How one kind of server spells what the cases need. */
typedef struct unwatched_words_t {
    /* Of the administrator, "%s" being the database: there is an account `other` that may write the table deals, but create no triggers
     * on it; it may create them; it may not update columns of it but `plain`; it may update `name` again. */
    const char *other;
    const char *poor;
    const char *let_create_triggers;
    const char *take_update_away;
    const char *give_update_back;

    const char *id;         /* a column that numbers new rows */
    const char *instant;    /* a type with milliseconds */
    const char *second;     /* a type with whole seconds */
    const char *local;      /* a type without a zone */
    const char *now;        /* an expression */
    const char *now_second; /* of whole seconds */
    const char *now_tokyo;  /* as a clock in Tokyo shows it */
    const char *last_year;
    const char *touch;   /* makes a trigger that sets deals.at to now */
    const char *joined;  /* all names in order of id, with commas between */
    const char *refused; /* words of the server: a row of a view cannot be deleted */
    const char *trigger; /* how a trigger's creation begins */
} unwatched_words_t;

void test_unwatched(const unwatched_words_t *words);

/** Pieces for tests of one database. */
nts_answer_t *write_with(const nts_mapping_t *m, nts_ask_kind_t kind, const char *id,
                         const char *intent, const char *name);
const nts_schema_t *described(const nts_mapping_t *m);
int says(const char *text, const char *words);

#endif /* UNWATCHED_CASES_H */
