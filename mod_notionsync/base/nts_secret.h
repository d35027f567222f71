/* nts_secret.h - secrets by reference: file:PATH, env:NAME, exec:COMMAND. */
#ifndef NTS_SECRET_H
#define NTS_SECRET_H

#include "base/nts_outcome.h"

#define NTS_SECRET_MAX 8192

/** True if the text has one of the three forms with something behind it; says nothing about the target. */
int nts_secret_is_reference(const char *reference);

/** Fetch: the first line, without surrounding white space, at most NTS_SECRET_MAX bytes. In a worker
 *  after the fork and before privileges are dropped. @a out explains a failure without showing contents. */
apr_status_t nts_secret_fetch(const char **secret, const char *reference, nts_outcome_t *out,
                              apr_pool_t *p);

#endif /* NTS_SECRET_H */
