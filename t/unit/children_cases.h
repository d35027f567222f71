/* children_cases.h - what is true in every database of rows that go with a row that we delete, or lose their reference to it (S2.7). */
#ifndef CHILDREN_CASES_H
#define CHILDREN_CASES_H

/** How one kind of database differs. */
typedef struct children_words_t {
    const char *schema; /* before the names of tables, for people: "public.", or "" */
    const char *
        unread; /* the administrator's: "secrets" refers to people, and the account may not read it; NULL: everybody may */
    const char *unread_by;   /* that account; NULL: the usual one */
    const char *unread_fate; /* what it is told became of them */
    int has_views;           /* rows can be deleted through them */
} children_words_t;

void test_children(const children_words_t *words);

#endif /* CHILDREN_CASES_H */
