/* nts_people_impl.h - what the files of nts_people share: nts_people.c runs records, nts_people_items.c says which. */
#ifndef NTS_PEOPLE_IMPL_H
#define NTS_PEOPLE_IMPL_H

#include "worker/nts_driver.h"
#include "worker/nts_people.h"

#define NTS_PEOPLE_BATCH 100 /* items fetched at once */

/** One record to run. */
typedef struct nts_item_t {
    apr_int64_t link;
    const char *record; /* what people call it */
    nts_entry_t *entry; /* to be taken back; NULL */
    apr_int64_t ruling; /* the first of those it is about; 0 none */
    apr_int64_t place;  /* where to go on after it */
} nts_item_t;

typedef struct nts_refusal_t {
    const char *record;
    apr_int64_t entry;
    const char *why;
} nts_refusal_t;

struct nts_people_t {
    nts_flow_t *flow;
    apr_pool_t *p; /* of the command under way; NULL: none */
    nts_command_t *command;
    const nts_json_t *args;
    nts_people_done_fn *done;
    void *baton;
    apr_pool_t *batch;
    nts_item_t *items;
    int item_count;
    int item_at;
    apr_int64_t place; /* entries below this one, rulings above it, are left */
    apr_int64_t top;   /* the newest entry of the audit when it began */
    apr_int64_t done_count;
    apr_int64_t idle_count; /* that had nothing to do */
    nts_refusal_t *refusals;
    int refusal_count;
    const char *word; /* what a single record's success is called */
    const char *idle_word;
    int is_single;
    int resumed; /* a former owner had begun */
    int tries;
    int running;
    int stopped;
    nts_starter_t starter;
    nts_timer_t again;
};

/** Store what has to be stored before the first record is run: rulings, with the beginning of the progress, in one
 *  transaction. @a why is set where a person asked for something that cannot be. */
apr_status_t nts_people_prepare(nts_people_t *people, const char **why);
/** The next items, in people->batch; none: it is over. */
apr_status_t nts_people_fetch(nts_people_t *people);
/** Store the progress. */
apr_status_t nts_people_store(nts_people_t *people);
void nts_people_end(nts_people_t *people, int ok, const char *text);

#endif /* NTS_PEOPLE_IMPL_H */
