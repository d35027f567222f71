/* mns_hook.h - who sent this? The key of a service's events, and the handshake that brings it. */
#ifndef MNS_HOOK_H
#define MNS_HOOK_H

#include "httpd/mns_child.h"

/** True if the bytes are signed with the service's key. Asks the store again now and then, and when a
 *  signature does not fit, for another process may have taken a handshake meanwhile. */
int mns_hook_is_signed(mns_child_t *child, int service, const char *signature, const char *bytes,
                       apr_size_t len);

/** Take the token of a handshake. APR_EEXIST: no administrator waits for one; a stored token is never
 *  replaced. Success too if it is the very token that was taken before: the answer to it was lost. */
apr_status_t mns_hook_take(mns_child_t *child, int service, const char *token);

/** Fills in what the store should note after a correctly signed event: the first one proves the
 *  handshake, later ones at most once a minute tell when. False: nothing to note. */
int mns_hook_progress(nts_hook_t *hook, mns_child_t *child, int service, apr_time_t now,
                      apr_pool_t *p);

#endif /* MNS_HOOK_H */
