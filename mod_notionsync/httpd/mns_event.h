/* mns_event.h - what a webhook request says, and which notices it becomes. No httpd in here but pools:
 * a parser of outside data, fuzzed on its own. */
#ifndef MNS_EVENT_H
#define MNS_EVENT_H

#include "base/nts_json.h"
#include "worker/nts_grouping.h"
#include "store/nts_store.h"

/** Events that say they are older were delivered by somebody else (notion-api.md 4.6: the last attempt
 *  comes after about a day). */
#define MNS_EVENT_AGE_MAX apr_time_from_sec(48 * 3600)

typedef enum mns_event_about_t {
    MNS_ABOUT_NOTHING = 0, /* nothing that is ever mapped: comments, views, file uploads */
    MNS_ABOUT_PAGE,
    MNS_ABOUT_SOURCE,  /* a data source as such */
    MNS_ABOUT_DATABASE /* what may hold data sources that are mapped; which, is not told */
} mns_event_about_t;

typedef struct mns_event_t {
    const char *id; /* UUID: the same for each attempt to deliver it */
    const char *type;
    mns_event_about_t about;
    const char *entity;      /* page or data source, UUID */
    const char *data_source; /* of a page; NULL: not told, or it may have changed */
    const char *properties;  /* as nts_notice_t */
    const char *authors;
    apr_time_t at;
} mns_event_t;

/** What each type of event does is in docs/design/events.md. APR_EINVAL and a sentence if it is not an event. */
apr_status_t mns_event_read(mns_event_t *event, const char **problem, const nts_json_t *root,
                            apr_pool_t *p);

/** The token, if this is the first request of a new subscription; else NULL. */
const char *mns_event_handshake(const nts_json_t *root);

/** One row for each mapping of @a service that the event concerns; @a groups, one per row, says where to
 *  push it. */
void mns_event_rows(nts_inbox_row_t **rows, int **groups, int *count, const mns_event_t *event,
                    const nts_service_t *service, const nts_setup_t *setup,
                    const nts_grouping_t *grouping, apr_pool_t *p);

#endif /* MNS_EVENT_H */
