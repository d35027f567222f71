/* What was asked of the API: a bounded log, exact counters, and the uncut record in a file. */
#ifndef SIM_LOG_H
#define SIM_LOG_H

#include "sim_req.h"

/* with the world's lock held, once the answer is known */
void sim_log_add(const sim_req_t *q, sim_ms_t came_ms, int64_t took_us);
void sim_log_json(sim_buf_t *b, int64_t since, int64_t limit);
void sim_log_counts_json(sim_buf_t *b);
void sim_log_clear(void);

/* the agent of requests that come in process, where nobody but the module asks */
#define SIM_LOG_IN_PROCESS "in process"

/* appends to the file, if its name is not empty; needs no lock of the world. The status of a webhook is 0 while it is not known. */
void sim_log_record_api(const char *file, const sim_req_t *q);
void sim_log_record_hook(const char *file, const char *url, long status, const char *signature,
                         const char *body, size_t len);

#endif
