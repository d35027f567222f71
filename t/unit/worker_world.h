/* worker_world.h - a worker with a store of its own between two services that are made up: a Notion and a
 * database in memory, both behind the connector interface. The worker runs in a thread of the test. */
#ifndef WORKER_WORLD_H
#define WORKER_WORLD_H

#include "connector/nts_connector.h"
#include "worker/nts_worker.h"

#define WORLD_BOT "b0000000-0000-4000-8000-000000000001"

/** A prefix of every id of the made-up Notion; what follows is a number of twelve digits. */
#define WORLD_PAGE "c0000000-0000-4000-8000-"

typedef struct worker_world_t worker_world_t;

/** One world a program. The setup has @a mappings mappings, each of its own data source, all in one
 *  database. */
worker_world_t *world_create(int mappings, apr_pool_t *p);
const nts_mapping_t *world_mapping(worker_world_t *w, int mapping);
/** The test's own connection to the store. */
nts_store_t *world_store(worker_world_t *w);

/** Start worker @a index; ends by itself never. */
void world_start(worker_world_t *w, int index);
/** Ask it to stop (1 drain, 2 at once) and wait. @return its exit code */
int world_stop(worker_world_t *w, int index, int how);

/** A person edits. @return the id: a page's, or a key. A name of NULL removes. */
const char *world_edit_page(worker_world_t *w, int mapping, const char *page, const char *name);
const char *world_edit_row(worker_world_t *w, int mapping, const char *key, const char *name);
/** A row gets another key. */
void world_change_key(worker_world_t *w, int mapping, const char *key, const char *new_key);
/** A page is moved where no mapping (-1) or another one sees it: Notion answers 404 for it in the others. */
void world_move_page(worker_world_t *w, const char *page, int mapping);
/** Store a notice as the hook handler would, and tell the worker. @a author, @a property may be NULL. */
void world_hook(worker_world_t *w, int mapping, const char *kind, const char *page,
                const char *author, const char *property);
/** Place a command and wake the worker. @return its number */
apr_int64_t world_command(worker_world_t *w, int mapping, const char *verb, const char *args);

/** Both sides show the same names. */
int world_is_equal(worker_world_t *w, int mapping);
/** Wait (at most a minute, as all that wait) until they do; 0 if they never do. */
int world_is_equal_soon(worker_world_t *w, int mapping);
/** The name that a page or row has now, in @a p; NULL: it is not there. */
const char *world_page_name(worker_world_t *w, const char *page, apr_pool_t *p);
const char *world_row_name(worker_world_t *w, int mapping, const char *key, apr_pool_t *p);
/** Wait until for @a time no ask was answered or in hand, but for those that are held, and no thread had anything to do. For what is not to
 *  happen; what is to happen is waited for by its own name. */
void world_rest(worker_world_t *w, apr_interval_time_t time);
/** Wait until the command is done; its result. */
const char *world_result(worker_world_t *w, apr_int64_t command, apr_pool_t *p);
/** Wait until the mapping is in that state; 0 if it never is. */
int world_is_state_soon(worker_world_t *w, int mapping, nts_mapping_state_t state);

/** Wait until the mapping runs and its first full run is over; 0 if it never is. */
int world_is_matched_soon(worker_world_t *w, int mapping);
/** Wait until the first mapping's link of a page is missing (S4.1), or is not; NULL if it never is. */
const nts_link_t *world_link_soon(worker_world_t *w, const char *page, int missing);
/** Wait until no notice is unsettled; 0 if there always is one. */
int world_is_settled_soon(worker_world_t *w, int mapping);
/** Wait until so many asks of a side were answered; 0 if they never are. */
int world_is_asked_soon(worker_world_t *w, nts_side_t side, int asks);
/** Asks answered so far, of a side. */
int world_asks(worker_world_t *w, nts_side_t side);
/** Every ask of that side is answered so from now on; OK: as it should be. */
void world_spoil(worker_world_t *w, nts_side_t side, nts_result_t result);
/** The database is another one from now on. */
void world_swap_database(worker_world_t *w);
/** The one before is there again. */
void world_swap_back(worker_world_t *w);
/** The tables lose their column "name", and (@a is_bare) their triggers too; or have both again, and all names are empty. */
void world_drop_name(worker_world_t *w, int is_bare);
void world_put_name_back(worker_world_t *w);
/** The database says that something has changed. */
void world_wake(worker_world_t *w);
/** It was put back from a copy that had so many changes less; its rows stay as they are. @return its change number now */
int world_set_back(worker_world_t *w, int changes);
/** The least number that a mapping asked for changes since, after it was put back; -1: it has not asked. */
int world_taken_from(worker_world_t *w, int mapping);
/** From now on no two rows of a mapping may have one name, but for those that are written together. */
void world_be_unique(worker_world_t *w, int on);
/** Wait until so many rows were written together; 0 if they never are. */
int world_is_together_soon(worker_world_t *w, int count);
/** How long each ask that comes from now on takes. */
void world_slow(worker_world_t *w, nts_side_t side, apr_interval_time_t time);
/** Asks that come from now on wait until they are let go, in the order in which they came: one of them, if one is there, or
 *  all. */
void world_hold(worker_world_t *w, nts_side_t side);
void world_let_one_go(worker_world_t *w, nts_side_t side);
void world_let_go(worker_world_t *w, nts_side_t side);
/** Wait until one is held; 0 if none ever is. */
int world_is_held_soon(worker_world_t *w, nts_side_t side);

#endif /* WORKER_WORLD_H */
