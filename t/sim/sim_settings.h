/* What can be set about the simulator's behaviour; README.md says what each means. */
#ifndef SIM_SETTINGS_H
#define SIM_SETTINGS_H

#include <json-c/json.h>

#include "sim_buf.h"

#define SIM_SETTINGS(INT, NUM, FLAG, TEXT)                                                         \
    INT(rate_limit, 180)                                                                           \
    INT(window_ms, 60000)                                                                          \
    INT(workspace_limit, 0)                                                                        \
    INT(workspace_wait, 0)                                                                         \
    INT(endpoint_limit, 0)                                                                         \
    TEXT(limited_endpoint, "query")                                                                \
    TEXT(rate_reason, "public_api_request_rate_limit")                                             \
    INT(stale_ms, 2000)                                                                            \
    INT(created_stale_ms, 0)                                                                       \
    FLAG(stale_random, 0)                                                                          \
    FLAG(computed_late, 0)                                                                         \
    INT(query_cap, 10000)                                                                          \
    INT(query_rows_max, 0)                                                                         \
    INT(row_limit, 250000)                                                                         \
    INT(property_limit, 500)                                                                       \
    INT(block_limit, 0)                                                                            \
    NUM(short_pages, 0)                                                                            \
    TEXT(cursor, "key")                                                                            \
    INT(cursor_ttl_ms, 0)                                                                          \
    INT(reference_limit, 25)                                                                       \
    INT(piece_limit, 100)                                                                          \
    TEXT(group_items, "left_out")                                                                  \
    TEXT(date_precision, "minute")                                                                 \
    TEXT(unshared_relation, "empty")                                                               \
    INT(latency_ms, 0)                                                                             \
    FLAG(conflict, 1)                                                                              \
    FLAG(body_stamps, 1)                                                                           \
    INT(request_max, 512000)                                                                       \
    INT(request_status, 400)                                                                       \
    INT(short_max, 200)                                                                            \
    FLAG(trash_readable, 1)                                                                        \
    TEXT(array_writes, "replace")                                                                  \
    TEXT(unknown_status, "refused")                                                                \
    TEXT(null_status, "default")                                                                   \
    FLAG(mirror_stamps, 0)                                                                         \
    FLAG(archive_event, 0)                                                                         \
    FLAG(novelties, 0)                                                                             \
    INT(delay_ms, 200)                                                                             \
    FLAG(reorder, 1)                                                                               \
    INT(aggregate_ms, 100)                                                                         \
    FLAG(cancel, 1)                                                                                \
    TEXT(title_as_content, "random")                                                               \
    TEXT(trash_event, "data_source")                                                               \
    NUM(loss, 0)                                                                                   \
    NUM(duplicate, 0)                                                                              \
    INT(webhook_retry_ms, 500)                                                                     \
    INT(webhook_attempts, 8)                                                                       \
    INT(webhook_timeout_ms, 10000)                                                                 \
    INT(webhook_parallel, 16)                                                                      \
    TEXT(webhook_version, "2026-03-11")                                                            \
    TEXT(webhook_type, "application/json")                                                         \
    TEXT(event_ids, "same")                                                                        \
    FLAG(sign_handshake, 1)                                                                        \
    FLAG(paused, 0)                                                                                \
    INT(clock_offset_ms, 0)                                                                        \
    TEXT(files_at, "")                                                                             \
    INT(file_ttl_ms, 3600000)                                                                      \
    INT(seed, 0)                                                                                   \
    INT(log_bodies, 4096)                                                                          \
    FLAG(log_responses, 0)                                                                         \
    TEXT(record, "")

#define SIM_SETTING_TEXT_MAX 256

typedef struct sim_settings_t {
#define SIM_INT(name, def) int64_t name;
#define SIM_NUM(name, def) double name;
#define SIM_FLAG(name, def) int name;
#define SIM_TEXT(name, def) char name[SIM_SETTING_TEXT_MAX];
    SIM_SETTINGS(SIM_INT, SIM_NUM, SIM_FLAG, SIM_TEXT)
#undef SIM_INT
#undef SIM_NUM
#undef SIM_FLAG
#undef SIM_TEXT
} sim_settings_t;

extern sim_settings_t sim_set;

void sim_settings_default(void);
/* merges; what is wrong with it, or NULL.  With check_only nothing is changed. */
const char *sim_settings_merge(json_object *o, int check_only);
void sim_settings_json(sim_buf_t *b);

#endif
