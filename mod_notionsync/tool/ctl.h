/* ctl.h - what the commands of notionsyncctl share.
 *
 * The tool reads the store and places commands in it; the workers act. It calls no service itself.
 */
#ifndef CTL_H
#define CTL_H

#include <stdio.h>

#include "store/nts_store.h"

#define CTL_DONE 0
#define CTL_FAILED 1
#define CTL_USAGE 2

typedef struct ctl_t {
    apr_pool_t *p;
    nts_store_t *store;
    nts_setup_t *setup;
    const char *state_path;
    const char *key_path; /* NULL: "key" beside the store */
    nts_key_t hook_key;
    apr_status_t key_status; /* why hook_key could not be read */
    int json;
    int print;               /* --print: only show what would be done */
    int full;                /* --full */
    int all;                 /* --all */
    const char *fingerprint; /* --fingerprint; NULL: what is shown now */
    const char *record;      /* --record */
    const char *run;         /* --run */
    const char *since;       /* --since */
    int limit;
    apr_interval_time_t wait;
    const char *save_path; /* --save; NULL: no file */
    int save_fd;           /* what becomes that file */
    FILE *plan_file;       /* apply: opened while root is still there */
} ctl_t;

/** Says on stderr what is wrong; always CTL_FAILED. */
int ctl_fail(const char *fmt, ...) NTS_PRINTF(1, 2);
/** As ctl_fail, for an outcome. */
int ctl_fail_outcome(ctl_t *ctl, const char *doing, const nts_outcome_t *out);

/** Opens the store as its owner: gives up root for that user, so that no file becomes root's (D37). */
int ctl_open(ctl_t *ctl);

/** The mapping called NAME or VHOST/NAME; NULL after having said what is there instead. */
const nts_mapping_t *ctl_mapping(ctl_t *ctl, const char *name);
const nts_service_t *ctl_service(ctl_t *ctl, const char *name);

/** Place a command, show its progress, wait for its end. NULL after having said why not. @a args belongs to
 *  the caller. */
const nts_json_t *ctl_command(ctl_t *ctl, const nts_mapping_t *mapping, const char *verb,
                              nts_json_t *args);
/** Print a result as JSON. */
void ctl_print_json(ctl_t *ctl, const nts_json_t *node);

/** "3 min ago", "in 40 s", "never". */
const char *ctl_when(apr_time_t when, apr_pool_t *p);

/* One function a verb: (context, arguments behind the verb) -> exit status. */
typedef int ctl_verb_fn(ctl_t *ctl, int argc, const char *const *argv);
ctl_verb_fn ctl_status, ctl_explain, ctl_audit; /* ctl_show.c */
ctl_verb_fn ctl_hook;                           /* ctl_hook.c */
ctl_verb_fn ctl_provision, ctl_unprovision, ctl_reconcile, ctl_pause, ctl_resume,
    ctl_verify; /* ctl_act.c */
ctl_verb_fn ctl_held, ctl_conflicts, ctl_failures, ctl_resolve, ctl_approve, ctl_retry,
    ctl_undo;                    /* ctl_people.c */
ctl_verb_fn ctl_plan, ctl_apply; /* ctl_plan.c */

/** What has to be done before root is given up; CTL_DONE: go on. */
typedef int ctl_prepare_fn(ctl_t *ctl, const char *const *argv);
ctl_prepare_fn ctl_plan_prepare, ctl_apply_prepare; /* ctl_plan.c */

#endif /* CTL_H */
