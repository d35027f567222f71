/* change_cases.h - what is true in every database of the changes that applications make side by side. */
#ifndef CHANGE_CASES_H
#define CHANGE_CASES_H

#include "database_kit.h"

/** How one kind of server spells what the cases need. */
typedef struct change_words_t {
    const char
        *series[3]; /* a SELECT of the numbers from one to another, which stand between its parts */
    int many;       /* entries that are given their numbers in several goes */
    const char *
        numbers; /* the expression: numbers of all entries in order of id, "-" for none, with commas between */
    const char *
        read_committed; /* what makes a session see what others have committed since its transaction began */
} change_words_t;

void test_changes(const change_words_t *words);

/** The mapping of the table deals (id, name) that the last begin_changes has made, and what was read of its changes. */
extern nts_mapping_t *deals;
extern apr_int64_t since;

#define DEALS                                                                                      \
    "CREATE TABLE deals (id integer PRIMARY KEY, name varchar(20));"                               \
    "INSERT INTO deals VALUES (1, 'Ada')"

/** A case whose statements make that table; provisioned. */
void begin_changes(const char *name, const char *sql);
/** The entries after the last ones asked for; and after these statements of the application. */
const char *news(void);
const char *logged(const char *sql);
int is_woken(int fd, int milliseconds);

#endif /* CHANGE_CASES_H */
