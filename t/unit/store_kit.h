/* A store of its own for each test: a directory that vanishes at exit, a clock that stands still
 * until it is moved, two services and a mapping. */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include "store/nts_store.h"

/** Where the kit's clock starts. */
#define KIT_T0 apr_time_from_sec(1800000000)

typedef struct kit_t {
    apr_pool_t *p;
    const char *dir;
    nts_store_config_t config;
    nts_store_t *store; /* of this process */
    nts_service_t *notion;
    nts_service_t *sql;
    nts_mapping_t *mapping;
    nts_setup_t setup;
    apr_int64_t epoch; /* of group "g" */
} kit_t;

/** The wall clock of every kit. */
extern apr_time_t kit_now;
extern const nts_clock_t kit_clock;

/** A new directory; removed when the process that made it ends. */
const char *kit_dir(apr_pool_t *p);
/** An empty store, migrated and opened, with a setup and group "g" owned. Exits when that fails. */
void kit_open(kit_t *kit, apr_pool_t *p);
/** One more connection to the same store: for another process. Exits when that fails. */
nts_store_t *kit_connect(const kit_t *kit, apr_pool_t *p);

/** A link, filled in; strings are borrowed. */
nts_link_t *kit_link(const char *page, const char *key, nts_link_state_t state, apr_pool_t *p);
/** An intent or an entry. */
nts_entry_t *kit_entry(const char *intent, nts_entry_op_t op, nts_side_t side,
                       nts_entry_state_t state, apr_pool_t *p);
/** Stores a link alone, and says what came of it. */
nts_commit_result_t kit_put_link(kit_t *kit, nts_link_t *link);
/** Makes and stores @a count active links: of p0 and k0, and so on. */
void kit_put_links(kit_t *kit, nts_link_t **links, int count, apr_pool_t *p);
/** Stores one notice and gives its number. */
apr_int64_t kit_put_notice(kit_t *kit, nts_side_t side, const char *record, const char *event);
/** Loads; exits when that fails. */
nts_loaded_t *kit_load(kit_t *kit, apr_int64_t link, const char *page, const char *key);

#endif /* STORE_KIT_H */
