/* nts_files.h - where the files that Notion keeps can be fetched now, for httpd's children, who send whoever has a link there.
 *
 * A page is read once, however many ask for files of it, and its addresses are kept in memory until shortly before they expire, or until
 * the page is known to have been touched: then the next question reads it again, and a file that has left it has no address any more.
 * Reads are a tenth of the service's budget at most. Nothing is stored.
 */
#ifndef NTS_FILES_H
#define NTS_FILES_H

#include "queue/nts_desk.h"
#include "worker/nts_group.h"

/** nts_desk_reply_t.status: as httpd's child answers, with `seconds` to wait before asking again, or 0. */
typedef enum nts_files_status_t {
    NTS_FILES_FOUND = 302, /* text: the address */
    NTS_FILES_UNKNOWN = 404,
    NTS_FILES_GONE = 410,    /* the file has left its page, or the page what is synced */
    NTS_FILES_STRANGE = 502, /* Notion named an address that nobody is sent to */
    NTS_FILES_LATER = 503    /* text: why */
} nts_files_status_t;

/** Of a group that was just taken; goes with it. */
nts_files_t *nts_files_create(nts_group_t *group);
/** The name of a file (nts_file_name_t), of this side of the flow. It is answered now, or when its page was read. */
void nts_files_ask(nts_flow_t *flow, nts_side_t side, const nts_desk_question_t *question);
/** The page of that id may not be what it was. */
void nts_files_forget(nts_flow_t *flow, const char *id);
/** A page is being read with the flow's binding. */
int nts_files_is_busy(const nts_flow_t *flow);
/** The work of the group ends: who waits is told. */
void nts_files_stop(nts_files_t *files);

#endif /* NTS_FILES_H */
