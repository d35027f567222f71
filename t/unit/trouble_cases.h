/* trouble_cases.h - what is true of every database server that something befalls. */
#ifndef TROUBLE_CASES_H
#define TROUBLE_CASES_H

#include "database_kit.h"

/** How one kind of server spells what the cases need. */
typedef struct trouble_words_t {
    const char *until_waited; /* ends when somebody waits for a lock, or after thirty seconds */
    const char *
        locked; /* makes an account "locked" with the password "open sesame" that may use everything; %s: of the database */
    const char *single;    /* makes an account "single" that may, but with one connection only */
    const char *denied;    /* words of the server: a wrong password */
    const char *unsecured; /* of a connection info: without any encryption */
} trouble_words_t;

void test_trouble(const trouble_words_t *words);

/** A table deals with the rows 1, Ada and 2, Bob, which is provisioned; its mapping. */
nts_mapping_t *begin_trouble(const char *name);
nts_ask_t update_of(const nts_mapping_t *m, const char *id, const char *name, const char *intent);
/** Of row 1. */
nts_answer_t *update(const nts_mapping_t *m, const char *name, const char *intent);
int is_applied(const nts_mapping_t *m, const char *intent);
/** A socket on the loopback that nobody answers yet. */
int listening(int *port);

#endif /* TROUBLE_CASES_H */
