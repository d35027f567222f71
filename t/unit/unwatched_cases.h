/* unwatched_cases.h - what is true, in every database, of views and of tables on which we may create no triggers. */
#ifndef UNWATCHED_CASES_H
#define UNWATCHED_CASES_H

#include "sql_kit.h"

/** How one kind of server spells what the cases need. */
typedef struct unwatched_words_t {
    /** A database of its own with these statements run in it, and the connector opened on it; its end. */
    void (*begin)(const char *name, const char *sql);
    void (*end)(void);
    /** The same, but the account of the connector may create no triggers on the table deals; or may from here on. */
    void (*begin_others)(const char *name, const char *sql);
    void (*let_create_triggers)(void);
    /** It may not update deals, but for its column plain; or its name again. */
    void (*take_update_away)(void);
    void (*give_update_back)(void);
    /** The connector alone, opened anew. */
    void (*reopen)(void);
    /** Statements as the application runs them; in a session that stays open; the first column of the first row. */
    void (*run)(const char *sql);
    void (*run_late)(const char *sql);
    const char *(*text)(const char *sql);

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
