/* The sender: who delivers due events and lets time pass for the world (windows, late commits).  Under httpd it is a thread
 * (sim_send.c); in process it is whoever embeds the simulator (sim_embed.c). */
#ifndef SIM_SEND_H
#define SIM_SEND_H

#include "sim_buf.h"

void sim_send_start(void); /* the thread: in the child process, once */
void sim_send_stop(void);  /* waits for the thread */
void sim_send_wake(void);  /* something became due, or will earlier than known */

/* "sha256=" and the hex HMAC; room for 72 */
void sim_send_sign(char out[72], const char *secret, const char *body, size_t len);
/* one request now, in the calling thread, without the world's lock.  headers: lines, or NULL.
 * Gives the status, or 0 and an error text (room for 256) */
long sim_send_once(const char *url, const char *body, size_t len, const char *const *headers,
                   long timeout_ms, sim_buf_t *response, char *error);

#endif
