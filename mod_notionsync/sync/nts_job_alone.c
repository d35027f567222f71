/* nts_job_alone.c - a row that is to come back from its image, and what the database deleted with it (S2.7).
 *
 * The image is of the row alone. Rows that referred to it by a foreign key went with it, or lost their reference, and stay so. Of a delete of
 * our own that was counted; of anybody else's only the table tells whether there may have been any. Then it comes back when a
 * person says so, who was told.
 */
#include "sync/nts_job_impl.h"

/* Of a gone row the answer to a read that wants the image tells it. A connector that has nothing to tell leaves it at "none". */
static nts_step_t ask_referrers(nts_job_t *job)
{
    nts_step_t step = nts_job_read(job, NTS_EXTERNAL, 1, 0);

    job->call.ask.id = job->link->key ? job->link->key : job->loaded->image_key;
    job->referrers = "";
    return step;
}

const char *nts_job_lost_with_row(nts_job_t *job, nts_step_t *step)
{
    if (nts_job_traits(job, NTS_EXTERNAL)->has_trash) {
        return ""; /* what is there is taken out of it again */
    }
    if (job->loaded->tombstone_taken) {
        return job->loaded->tombstone_taken;
    }
    if (!job->referrers) {
        *step = ask_referrers(job);
        return NULL;
    }
    return *job->referrers
               ? apr_psprintf(job->p,
                              "which rows of %s were deleted with it, or have lost their reference "
                              "to it, is not known",
                              job->referrers)
               : "";
}

int nts_job_hold_alone(nts_job_t *job, nts_step_t *step)
{
    const nts_ruling_t *ruling;
    const char *lost;

    if (nts_job_is_ruled(job)) {
        return 0;
    }
    lost = nts_job_lost_with_row(job, step);
    if (!lost || !*lost) {
        return !lost;
    }
    ruling = nts_job_rule_record(job, "delete", NTS_CHOICE_DELETE, NTS_CHOICE_RESTORE);
    if (ruling) {
        *step = ruling->choice == NTS_CHOICE_DELETE ? nts_job_remove(job, NTS_NOTION)
                                                    : nts_job_bring_back(job, NTS_EXTERNAL);
        return 1;
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, NTS_HELD_CHILDREN,
                    "the external record was deleted, and would come back alone: %s", lost);
    job->outcome.advice =
        job->link->state == NTS_LINK_TOMBSTONE
            ? "restore: it comes back so; or delete: the page goes, too"
            : "restore: it comes back so; or delete: the page goes, too; or insert "
              "the row again under its key, with what belonged to it";
    *step = nts_job_trouble(job, NTS_TROUBLE_HELD);
    return 1;
}
