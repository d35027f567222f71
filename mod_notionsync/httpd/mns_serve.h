/* mns_serve.h - requests to the module's locations: who takes them, and answers in plain text. */
#ifndef MNS_SERVE_H
#define MNS_SERVE_H

#include <http_protocol.h>

#include "httpd/mns_child.h"

/** The handler hook. */
int mns_serve(request_rec *r);

/** POST …/SERVICE. */
int mns_intake_serve(request_rec *r, const mns_dir_t *dir, mns_child_t *child);
/** The dashboard. */
int mns_status_serve(request_rec *r, mns_child_t *child);
/** POST to the dashboard. */
int mns_actions_serve(request_rec *r, mns_child_t *child);

/** …/LINK: where a file that Notion keeps is now. */
int mns_file_serve(request_rec *r, const mns_dir_t *dir, mns_child_t *child);
/** …/SERVICE: installing it, and the address that browsers come back to. */
int mns_install_serve(request_rec *r, const mns_dir_t *dir, mns_child_t *child);
/** The header_parser hook: what a browser brings back is for nobody's log, nor for server-status. */
int mns_install_hide(request_rec *r);

/** "/notionsync/hook/work" at <Location "/notionsync/hook">: "work". NULL: nothing like that. */
const char *mns_rest_of(const request_rec *r, const mns_dir_t *dir);
/** Its place in the setup; -1: none. */
int mns_service_number(const mns_core_t *core, const nts_service_t *service);

/** Read the body, at most @a max bytes, NUL-terminated, within a bounded time.
 *  @return OK or a status: 413 declared or found longer, 408 too slow, 400 cut off */
int mns_body_read(char **bytes, apr_size_t *len, request_rec *r, apr_size_t max);

/** Answer with a status and one line of text. */
int mns_answer(request_rec *r, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Nothing of ours is kept, framed, guessed at, or told to others. */
void mns_headers_set(request_rec *r);

#endif /* MNS_SERVE_H */
