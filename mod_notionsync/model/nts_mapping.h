/* nts_mapping.h - what the administrator asked for: services, mappings, pairs, rules.
 *
 * Made from directives by the module, written to the store at start, read back by the tool. Read-only
 * after that. Contains no secret, only references to where secrets are ("file:/etc/token").
 */
#ifndef NTS_MAPPING_H
#define NTS_MAPPING_H

#include "model/nts_body.h"
#include "model/nts_bound.h"
#include "model/nts_domain.h"
#include "model/nts_filter.h"
#include "model/nts_traits.h"

typedef enum nts_service_kind_t { NTS_SERVICE_NOTION, NTS_SERVICE_SQL } nts_service_kind_t;

typedef struct nts_service_t {
    apr_int64_t id;    /* of the store; 0 before it was stored */
    const char *vhost; /* name of the virtual host, "" for the main server */
    const char *name;
    nts_service_kind_t kind;
    const char *token; /* reference: file:PATH, env:NAME, exec:COMMAND; NULL none */
    /* instead of a token: an installation by an administrator, whose tokens the store keeps */
    const char *oauth_client;   /* NULL: no installation */
    const char *oauth_secret;   /* reference */
    const char *oauth_redirect; /* the address that the browser comes back to, and no other */
    const char *endpoint;       /* base address without trailing slash; NULL: the service's own */
    int budget_requests;        /* per budget_window */
    apr_interval_time_t budget_window;
    const char *database_driver; /* "sqlite" */
    const char *database;        /* connection info or path */
    const char *password;        /* reference */
    const char *hook_secret;     /* reference; NULL: the handshake */
    int provision_auto;
} nts_service_t;

typedef enum nts_direction_t { NTS_BOTH, NTS_TO_EXTERNAL, NTS_TO_NOTION } nts_direction_t;

typedef enum nts_conflict_t {
    NTS_CONFLICT_INHERIT = 0, /* of a pair: the mapping's rule */
    NTS_CONFLICT_LAST_WRITE,
    NTS_CONFLICT_NOTION,
    NTS_CONFLICT_EXTERNAL,
    NTS_CONFLICT_HOLD
} nts_conflict_t;

typedef enum nts_initial_t {
    NTS_INITIAL_HOLD = 0,
    NTS_INITIAL_NOTION,
    NTS_INITIAL_EXTERNAL
} nts_initial_t;

typedef enum nts_deletes_t {
    NTS_DELETES_PROPAGATE = 0,
    NTS_DELETES_HOLD,
    NTS_DELETES_IGNORE
} nts_deletes_t;

/** One pair of fields. `id` is stable in the store for (Notion property id, external field). */
typedef struct nts_pair_t {
    apr_int64_t id;
    const char *notion;      /* as written: property name */
    const char *notion_id;   /* decoded property id, known after first contact; NULL before */
    const char *external;    /* as written: column, or the property's name */
    const char *external_id; /* as notion_id; of a column it is the name */
    nts_direction_t direction;
    nts_conflict_t conflict;
    nts_initial_t initial;
    nts_domain_options_t options;
    /* NULL until both schemas were read, or while the pair is suspended */
    const nts_domain_t *domain;
    int computed[NTS_SIDE_COUNT]; /* that side makes the value itself */
    int unannounced
        [NTS_SIDE_COUNT]; /* that side changes it without an event that names it (S3.11) */
    /* NotionSyncLinkProperty: the property keeps the external key (S5.1). `external` is NTS_KEY_FIELD, which is
     * no column: the value is the record's id (nts_answer_add_keys). At most one of a mapping. */
    int is_key;
    /* NotionSyncBody: `notion` is NTS_BODY_FIELD, which is no property: the value is the body of the page, which is read and written
     * by itself (S5.9). At most one of a mapping. */
    int is_body;
    /* relation=: the mapping whose records are referred to, as written ("NAME" or "VHOST/NAME"); NULL none. What it is
     * is known once the whole setup is (nts_setup_join) */
    const char *relation;
    apr_int64_t relation_id; /* of the store; 0: not known yet */
    /* what it covers of each side: its data source, its collection */
    const char *relation_source[NTS_SIDE_COUNT];
    int automatic;     /* NotionSyncFields auto has found it by its names */
    nts_bound_t bound; /* what it was bound to, and why it is not; of the store */
} nts_pair_t;

#define NTS_KEY_FIELD "(key)"

typedef struct nts_match_t {
    const char *notion;
    const char *external;
} nts_match_t;

typedef struct nts_mapping_t {
    apr_int64_t id; /* of the store */
    const char *vhost;
    const char *name;
    const nts_service_t *notion;
    const char *data_source; /* normalised UUID */
    const nts_service_t *external;
    const char *collection;
    const char *key;      /* external key column(s), ',' between; NULL: the table's primary key */
    const char *modified; /* column; NULL none */
    const char *timezone;
    /* what can be relied on at each side: its connector's, which who runs the mapping sets; else NULL */
    const nts_traits_t *traits[NTS_SIDE_COUNT];
    /* NotionSyncFileBase: the address below which files that Notion keeps have links (nts_file.h), without a slash at the end;
     * NULL: they have none */
    const char *file_base;
    nts_pair_t *pairs;
    int pair_count;
    const nts_match_t *matches;
    int match_count;
    /* the part of that side which is covered (S5.3); NULL: all of it; bound with the pairs */
    const nts_filter_t *filter[NTS_SIDE_COUNT];
    nts_conflict_t conflict;
    apr_interval_time_t grace;
    nts_side_t tie;
    nts_deletes_t deletes[NTS_SIDE_COUNT]; /* towards that side */
    int delete_limit_percent;              /* 0..100; of the active links, per hour, at least 5 */
    apr_interval_time_t reconcile;         /* 0: off */
    apr_interval_time_t full;
    apr_interval_time_t debounce;
    int paused; /* at first start */
    /* NotionSyncFields auto: fields are paired by their names as well (nts_auto.h), and on which sides fields that
     * are lacking may be made (create=) */
    int auto_fields;
    int make[NTS_SIDE_COUNT];
} nts_mapping_t;

/** All that a server runs. */
typedef struct nts_setup_t {
    const nts_service_t *const *services;
    int service_count;
    nts_mapping_t *const *mappings;
    int mapping_count;
} nts_setup_t;

/** Let pairs with a relation know their mapping by its number and data source, as they are now. */
void nts_setup_join(const nts_setup_t *setup);
/** The mapping that @a name means in @a vhost, or NULL. */
const nts_mapping_t *nts_setup_find(const nts_setup_t *setup, const char *vhost, const char *name);

/** The address of the page where an administrator installs a service through OAuth: that of the redirect, which is served by the same
 *  location, with the service's name behind it. */
const char *nts_service_install_address(const nts_service_t *service, apr_pool_t *p);

/** The data source, or what is synced of the external service. */
const char *nts_mapping_collection(const nts_mapping_t *mapping, nts_side_t side);
/** What people call the field at @a side, and the id that events, schemas and requests have for it; NULL: not known. */
const char *nts_pair_field(const nts_pair_t *pair, nts_side_t side);
const char *nts_pair_field_id(const nts_pair_t *pair, nts_side_t side);
/** The rule in force for a pair. */
nts_conflict_t nts_pair_rule(const nts_mapping_t *mapping, const nts_pair_t *pair);
/** True if any pair, or the filter, reads a value of @a side that changes without an event naming it (S3.11). */
int nts_mapping_has_computed(const nts_mapping_t *mapping, nts_side_t side);
/** True if that side's value changes with the other end of a two-way relation, whoever writes that. */
int nts_pair_is_mirrored(const nts_pair_t *pair, nts_side_t side);
/** The pair that keeps the external key in Notion, or -1. */
int nts_mapping_key_pair(const nts_mapping_t *mapping);
/** The pair of the page's body, or -1. */
int nts_mapping_body_pair(const nts_mapping_t *mapping);
/** An external key as the value of that pair. */
nts_value_t nts_mapping_key_value(const nts_pair_t *pair, const char *key, apr_pool_t *p);
/** "vhost/name", or the name alone in the main server. */
const char *nts_mapping_label(const nts_mapping_t *mapping, apr_pool_t *p);

/** For the store: what the administrator wrote, members always in the same order, so that the hash of the
 *  mapping's text is its revision (S5.7). What is learnt at run time is not part of it: numbers of the
 *  store, property ids, domains. Services are named, not contained. */
void nts_service_to_json(const nts_service_t *service, nts_json_t *parent);
apr_status_t nts_service_from_json(nts_service_t **service, const nts_json_t *node, apr_pool_t *p);
void nts_mapping_to_json(const nts_mapping_t *mapping, nts_json_t *parent);
/** The part of it that says which records and fields are synced, and by what they are known: where that has changed
 *  everything must be compared again (S5.7). */
void nts_mapping_cover_to_json(const nts_mapping_t *mapping, nts_json_t *parent);
apr_status_t nts_mapping_from_json(nts_mapping_t **mapping, const nts_json_t *node,
                                   const nts_service_t *notion, const nts_service_t *external,
                                   apr_pool_t *p);

/**
 * Bind a mapping to what its two sides look like: finds each pair's fields (Notion's by id where
 * known, else by name, which fixes the id), makes domains, sets `computed` and `unannounced`. A pair
 * that cannot be bound is left suspended (domain NULL) with its reason: a field that is missing,
 * types that have nothing in common, a direction towards a computed field, or a field that an
 * earlier pair writes. What is kept belongs to @a p, ids too: a mapping may be bound again in
 * another pool, and then the first may go. The schemas may go in any case. Of pairs that have been bound
 * before, `bound` tells by what it holds before what has become of their fields since.
 * @param outcomes one per pair, filled in for suspended ones
 * @return APR_SUCCESS, or APR_EMISMATCH if at least one pair is suspended
 */
apr_status_t nts_mapping_bind(nts_mapping_t *mapping, const nts_schema_t *notion,
                              const nts_schema_t *external, nts_outcome_t *outcomes, apr_pool_t *p);

/**
 * The mapping cannot be bound now, for a reason that is none of its fields: note in `bound` what has become of those of pairs that have
 * been bound before, in @a p, and nothing else.
 */
void nts_mapping_note(nts_mapping_t *mapping, const nts_schema_t *notion,
                      const nts_schema_t *external, apr_pool_t *p);

/**
 * The mapping cannot go on while pair @a index is suspended, for a reason in words: it was never bound, or its fields are what they
 * were then (so the configuration is wrong, and records would be made without the field); records are paired by it, covered by it, or carry their key in
 * it. NULL: it can, without that field (S5.4).
 */
const char *nts_mapping_cannot_spare(const nts_mapping_t *mapping, int index);

/**
 * Bind the filters, which nts_mapping_bind() leaves as they are, to be called after it: a property that a pair
 * names too is found by the pair's id. The old filters are replaced by ones in @a p.
 * @return APR_EMISMATCH with @a out filled in: the mapping must not run, for it would cover the wrong records
 */
apr_status_t nts_mapping_bind_filters(nts_mapping_t *mapping, const nts_schema_t *notion,
                                      const nts_schema_t *external, nts_outcome_t *out,
                                      apr_pool_t *p);

#endif /* NTS_MAPPING_H */
