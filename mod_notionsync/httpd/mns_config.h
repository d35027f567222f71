/* mns_config.h - what the directives say, per server; read-only once the configuration is checked. */
#ifndef MNS_CONFIG_H
#define MNS_CONFIG_H

#include <httpd.h>
#include <http_config.h>

#include <apr_tables.h>

#include "model/nts_mapping.h"

extern module AP_MODULE_DECLARE_DATA notionsync_module;

#define MNS_WORKERS_MAX 32
#define MNS_NAME_MAX 64 /* of services and mappings; they stand in addresses */

/** What a <Location> hands to the module. */
typedef enum mns_serve_t {
    MNS_SERVE_NOTHING = 0,
    MNS_SERVE_HOOK,
    MNS_SERVE_STATUS,
    MNS_SERVE_OAUTH,
    MNS_SERVE_FILE
} mns_serve_t;

/** One <NotionSyncService>. */
typedef struct mns_service_t {
    nts_service_t model;
    const ap_directive_t *where;
    apr_uint64_t given; /* which directives stand in it: a bit each */
} mns_service_t;

/** One <NotionSyncMapping>; its services are found once all of the configuration was read. */
typedef struct mns_mapping_t {
    nts_mapping_t model;
    const char *notion_name;
    const char *external_name;
    apr_array_header_t *pairs;   /* of nts_pair_t */
    apr_array_header_t *lines;   /* of const ap_directive_t *: where each pair stands */
    apr_array_header_t *matches; /* of nts_match_t */
    const ap_directive_t *where;
    apr_uint64_t given;
} mns_mapping_t;

/** Server-wide directives; those of the main server count. */
typedef struct mns_global_t {
    const char *db_driver; /* NULL: the default store */
    const char *db_path;
    int workers;
    const char *key_path; /* NULL: beside the store */
    apr_interval_time_t audit_keep;
    int audit_values; /* 0: an entry keeps none; nothing can be undone */
} mns_global_t;

/** A server's directives. A virtual host without any shares the main server's record (D58). */
typedef struct mns_server_t {
    server_rec *server;
    const struct mns_server_t *main; /* itself in the main server */
    const char *vhost;               /* name that sets equal names apart; "" in the main server */
    apr_array_header_t *services;    /* of mns_service_t * */
    apr_array_header_t *mappings;    /* of mns_mapping_t * */
    mns_global_t global;
    mns_service_t *service; /* the section that is being read */
    mns_mapping_t *mapping;
    struct mns_core_t *core; /* main server: what runs; NULL while nothing is configured */
} mns_server_t;

/** Of a <Location>. */
typedef struct mns_dir_t {
    mns_serve_t serve;
    const char *path; /* that said so; "" none */
} mns_dir_t;

extern const command_rec mns_directives[];

void *mns_server_create(apr_pool_t *p, server_rec *s);
void *mns_server_merge(apr_pool_t *p, void *base, void *add);
void *mns_dir_create(apr_pool_t *p, char *path);
void *mns_dir_merge(apr_pool_t *p, void *base, void *add);

/** The record of a server. */
mns_server_t *mns_server_config(const server_rec *s);
/** The service of that name as @a server sees it: its own, else the main server's. NULL: none. */
mns_service_t *mns_service_find(const mns_server_t *server, const char *name);
/** Where a section begins: "FILE:LINE". */
const char *mns_where_text(const ap_directive_t *where, apr_pool_t *p);

#endif /* MNS_CONFIG_H */
