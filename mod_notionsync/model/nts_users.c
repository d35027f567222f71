/* nts_users.c - people by id, address and name. */
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_crypto.h"
#include "base/nts_str.h"
#include "model/nts_users.h"

typedef struct person_t {
    const char *id;
    const char *email; /* NULL: not shown */
    const char *name;
} person_t;

/* Those who are called so. */
typedef struct called_t {
    const person_t *first;
    int count;
} called_t;

struct nts_users_t {
    apr_pool_t *p;
    int is_hidden;
    apr_array_header_t *list; /* person_t *, as they came */
    apr_hash_t *by_id;
    apr_hash_t *by_email; /* called_t, keys in small letters */
    apr_hash_t *by_name;
};

nts_users_t *nts_users_make(int is_hidden, apr_pool_t *p)
{
    nts_users_t *people = apr_pcalloc(p, sizeof(*people));

    people->p = p;
    people->is_hidden = is_hidden;
    people->list = apr_array_make(p, 16, sizeof(person_t *));
    people->by_id = apr_hash_make(p);
    people->by_email = apr_hash_make(p);
    people->by_name = apr_hash_make(p);
    return people;
}

static const char *small_letters(const char *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text);

    for (char *c = copy; *c; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return copy;
}

static void call(nts_users_t *people, apr_hash_t *names, const char *name, const person_t *person)
{
    const char *key = small_letters(name, people->p);
    called_t *called = apr_hash_get(names, key, APR_HASH_KEY_STRING);

    if (!called) {
        called = apr_pcalloc(people->p, sizeof(*called));
        called->first = person;
        apr_hash_set(names, key, APR_HASH_KEY_STRING, called);
    }
    called->count++;
}

/* NULL for what would be taken for an id, which nothing but an id can be. */
static const char *take_called(const nts_users_t *people, const char *text)
{
    const char *uuid;

    return text && *text && nts_uuid_normalise(&uuid, text, people->p) != APR_SUCCESS
               ? apr_pstrdup(people->p, text)
               : NULL;
}

void nts_users_add(nts_users_t *people, const char *id, const char *email, const char *name)
{
    person_t *person;

    if (apr_hash_get(people->by_id, id, APR_HASH_KEY_STRING)) {
        return;
    }
    person = apr_pcalloc(people->p, sizeof(*person));
    person->id = apr_pstrdup(people->p, id);
    person->email = take_called(people, email);
    person->name = take_called(people, name);
    APR_ARRAY_PUSH(people->list, person_t *) = person;
    apr_hash_set(people->by_id, person->id, APR_HASH_KEY_STRING, person);
    if (person->email) {
        call(people, people->by_email, person->email, person);
    }
    if (person->name) {
        call(people, people->by_name, person->name, person);
    }
}

nts_users_t *nts_users_copy(const nts_users_t *people, apr_pool_t *p)
{
    nts_users_t *copy = nts_users_make(people->is_hidden, p);

    for (int i = 0; i < people->list->nelts; i++) {
        const person_t *person = APR_ARRAY_IDX(people->list, i, person_t *);

        nts_users_add(copy, person->id, person->email, person->name);
    }
    return copy;
}

int nts_users_count(const nts_users_t *people)
{
    return people->list->nelts;
}

int nts_users_is_hidden(const nts_users_t *people)
{
    return people->is_hidden;
}

int nts_users_has_emails(const nts_users_t *people)
{
    return apr_hash_count(people->by_email) > 0;
}

/* NULL: nobody is called so. */
static const called_t *look_up(apr_hash_t *names, const char *called)
{
    char room[256];
    apr_size_t len = strlen(called);

    if (len >= sizeof(room)) {
        return NULL; /* neither name nor address is so long */
    }
    for (apr_size_t i = 0; i <= len; i++) {
        room[i] = (char)(called[i] >= 'A' && called[i] <= 'Z' ? called[i] - 'A' + 'a' : called[i]);
    }
    return apr_hash_get(names, room, (apr_ssize_t)len);
}

int nts_users_find(const nts_users_t *people, const char *called, const char **id)
{
    const called_t *found = look_up(people->by_email, called);

    *id = NULL;
    if (!found) {
        found = look_up(people->by_name, called);
    }
    if (!found) {
        return 0;
    }
    *id = found->count == 1 ? found->first->id : NULL;
    return found->count;
}

static int leads_to(const nts_users_t *people, const char *called, const person_t *person)
{
    const char *id;

    return called && nts_users_find(people, called, &id) == 1 && strcmp(id, person->id) == 0;
}

const char *nts_users_spelling(const nts_users_t *people, const char *id)
{
    const person_t *person = apr_hash_get(people->by_id, id, APR_HASH_KEY_STRING);

    if (!person) {
        return NULL;
    }
    return leads_to(people, person->email, person)  ? person->email
           : leads_to(people, person->name, person) ? person->name
                                                    : person->id;
}

/* The only one in both lists who is called so; NULL: there is none, or more than one in either. */
static const person_t *namesake(apr_hash_t *here, apr_hash_t *there, const char *called)
{
    const called_t *ours = called ? look_up(here, called) : NULL;
    const called_t *theirs = called ? look_up(there, called) : NULL;

    return ours && theirs && ours->count == 1 && theirs->count == 1 ? theirs->first : NULL;
}

static int has_email(const nts_users_t *people, const person_t *person)
{
    return person->email && look_up(people->by_email, person->email) != NULL;
}

const char *nts_users_counterpart(const nts_users_t *people, const char *id,
                                  const nts_users_t *others)
{
    const person_t *person = apr_hash_get(people->by_id, id, APR_HASH_KEY_STRING);
    const person_t *other;

    if (!person) {
        return NULL;
    }
    if (has_email(others, person)) {
        other = namesake(people->by_email, others->by_email, person->email);
        return other ? other->id : NULL;
    }
    other = namesake(people->by_name, others->by_name, person->name);
    /* Of one name with two addresses, or with that of somebody else here: another person. */
    return other && !(person->email && other->email) && !has_email(people, other) ? other->id
                                                                                  : NULL;
}

const char *nts_users_shown(const nts_users_t *people, const char *id)
{
    const person_t *person = apr_hash_get(people->by_id, id, APR_HASH_KEY_STRING);

    return person && person->email ? person->email : person && person->name ? person->name : "";
}

static int compare_ids(const void *a, const void *b)
{
    const person_t *const *one = a;
    const person_t *const *other = b;

    return strcmp((*one)->id, (*other)->id);
}

/* In whatever order they were listed. */
const char *nts_users_digest(const nts_users_t *people)
{
    apr_pool_t *p = people->p;
    apr_array_header_t *list = apr_array_copy(p, people->list);
    apr_array_header_t *texts = apr_array_make(p, list->nelts * 3 + 1, sizeof(char *));

    if (list->nelts > 0) {
        qsort(list->elts, (size_t)list->nelts, sizeof(person_t *), compare_ids);
    }
    APR_ARRAY_PUSH(texts, const char *) = people->is_hidden ? "hidden" : "";
    for (int i = 0; i < list->nelts; i++) {
        const person_t *person = APR_ARRAY_IDX(list, i, person_t *);

        APR_ARRAY_PUSH(texts, const char *) = person->id;
        APR_ARRAY_PUSH(texts, const char *) = person->email ? person->email : "";
        APR_ARRAY_PUSH(texts, const char *) = person->name ? person->name : "";
    }
    return nts_sha256_text(apr_array_pstrcat(p, texts, '\n'), p);
}
