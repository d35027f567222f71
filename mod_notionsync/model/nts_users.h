/* nts_users.h - who there is in Notion: people by their ids, and by what other sides call them.
 *
 * A person is spelled by the e-mail address, where the connection may see it, else by the name if nobody else has it, else by the id;
 * so whatever was spelled leads back to the person. Two workspaces have a list each, with other ids for the same people. Pure.
 */
#ifndef NTS_USERS_H
#define NTS_USERS_H

#include "base/nts_base.h"

typedef struct nts_users_t nts_users_t;

/** Nobody, and so it stays known that nobody could be asked for (@a is_hidden: Notion does not list people to us). */
nts_users_t *nts_users_make(int is_hidden, apr_pool_t *p);
/** Copies. One of an id that is there already is passed over. @a email and @a name: NULL or empty: not shown. */
void nts_users_add(nts_users_t *people, const char *id, const char *email, const char *name);
/** Into another pool. */
nts_users_t *nts_users_copy(const nts_users_t *people, apr_pool_t *p);

int nts_users_count(const nts_users_t *people);
int nts_users_is_hidden(const nts_users_t *people);
/** True if any address was shown. */
int nts_users_has_emails(const nts_users_t *people);

/** How other sides are told of the person; NULL: the id is not known. */
const char *nts_users_spelling(const nts_users_t *people, const char *id);
/** Who is called so: by an address, else by a name, without regard to ASCII case.
 *  @return how many there are; *id is set if there is one */
int nts_users_find(const nts_users_t *people, const char *called, const char **id);

/**
 * The same person as @a others know them, who are of another workspace and have ids of their own: by the address, where both are shown
 * one; else by a name that is nobody else's in either list, unless an address says otherwise. Leads back to @a id.
 * @return NULL: nobody, or it cannot be told
 */
const char *nts_users_counterpart(const nts_users_t *people, const char *id,
                                  const nts_users_t *others);
/** What a page shows of the person: the address, else the name, else nothing (""). */
const char *nts_users_shown(const nts_users_t *people, const char *id);

/** Changes with any person, address or name. Made in the pool of @a people, each time. */
const char *nts_users_digest(const nts_users_t *people);

#endif /* NTS_USERS_H */
