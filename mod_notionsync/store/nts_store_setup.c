/* nts_store_setup.c - what runs: services, mappings and pairs with numbers that outlive restarts. */
#include <string.h>

#include "store/nts_store_impl.h"

typedef struct setup_t {
    nts_store_t *store;
    apr_pool_t *p; /* of the caller: property ids restored into the setup */
    apr_pool_t *ptemp;
} setup_t;

/* --- services */

static const nts_stmt_t stop_services = { "UPDATE service SET running = 0 WHERE running = 1" };
static const nts_stmt_t put_service = {
    "INSERT INTO service (vhost, name, running, position, setup) VALUES (%s, %s, 1, %lld, '')"
    " ON CONFLICT (vhost, name) DO UPDATE SET running = 1, position = excluded.position"
};
static const nts_stmt_t get_service = { "SELECT id FROM service WHERE vhost = %s AND name = %s" };
static const nts_stmt_t set_service = { "UPDATE service SET setup = %s WHERE id = %lld" };

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static apr_status_t write_service(setup_t *setup, nts_service_t *service, int position)
{
    nts_db_t *db = setup->store->db;
    nts_json_t *object;
    apr_status_t rv = nts_db_exec(
        NULL, db, &put_service,
        NTS_ARGS(nts_text(or_empty(service->vhost)), nts_text(service->name), nts_int(position)));

    if (rv == APR_SUCCESS) {
        rv = nts_db_get_int(&service->id, db, &get_service,
                            NTS_ARGS(nts_text(or_empty(service->vhost)), nts_text(service->name)),
                            setup->ptemp);
    }
    if (rv == APR_SUCCESS) {
        object = nts_json_make_object(setup->ptemp);
        nts_service_to_json(service, object);
        rv = nts_db_exec(
            NULL, db, &set_service,
            NTS_ARGS(nts_text(nts_json_text(object, setup->ptemp)), nts_int(service->id)));
    }
    return rv;
}

/* --- pairs */

typedef struct known_pair_t {
    apr_int64_t id;
    const char *name[NTS_SIDE_COUNT];  /* as the configuration had it */
    const char *field[NTS_SIDE_COUNT]; /* its id; NULL: not seen yet */
    int used;
} known_pair_t;

#define KNOWN_MAX 1000

/* Only those of the mapping's last running: a field that was taken out and is put in again begins
 * without bases (S5.7), so it gets a new number. */
static const nts_stmt_t get_pairs = { "SELECT id, notion, external, property, external_property"
                                      " FROM pair"
                                      " WHERE mapping = %lld AND running = 1 ORDER BY id" };
static const nts_stmt_t make_pair = { "INSERT INTO pair (mapping, notion, external, running)"
                                      " VALUES (%lld, %s, %s, 1)" };
static const nts_stmt_t rename_pair = { "UPDATE pair SET notion = %s, external = %s"
                                        " WHERE id = %lld" };
static const nts_stmt_t stop_pair = { "UPDATE pair SET running = 0 WHERE id = %lld" };

static apr_status_t read_pairs(known_pair_t **pairs, int *count, setup_t *setup,
                               apr_int64_t mapping)
{
    known_pair_t *list = apr_pcalloc(setup->ptemp, sizeof(*list) * KNOWN_MAX);
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, setup->store->db, &get_pairs, NTS_ARGS(nts_int(mapping)),
                                    setup->ptemp);

    *pairs = list;
    *count = 0;
    while (rv == APR_SUCCESS && *count < KNOWN_MAX && nts_rows_next(&rows)) {
        known_pair_t *known = &list[(*count)++];

        known->id = nts_rows_int(&rows, 0);
        known->name[NTS_NOTION] = nts_rows_text(&rows, 1);
        known->name[NTS_EXTERNAL] = nts_rows_text(&rows, 2);
        known->field[NTS_NOTION] = nts_rows_text(&rows, 3);
        known->field[NTS_EXTERNAL] = nts_rows_text(&rows, 4);
        rv = rows.problem;
    }
    return rv;
}

static int is_written_so(const known_pair_t *known, const nts_pair_t *pair)
{
    return strcmp(known->name[NTS_NOTION], pair->notion) == 0 &&
           strcmp(known->name[NTS_EXTERNAL], pair->external) == 0;
}

/* On each side it is written as it was, or what bears the name now is the field that it was. */
static int is_renamed_to(const known_pair_t *known, const nts_pair_t *pair,
                         nts_schema_t *const schemas[NTS_SIDE_COUNT])
{
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        const char *name = nts_pair_field(pair, (nts_side_t)side);
        const nts_schema_field_t *named =
            schemas[side] ? nts_schema_find_name(schemas[side], name) : NULL;

        if (strcmp(known->name[side], name) != 0 &&
            (!named || !known->field[side] || strcmp(known->field[side], named->id) != 0)) {
            return 0;
        }
    }
    return 1;
}

/* By the words of the configuration; if they are new, by the fields that bear the names now: when a
 * property was renamed and the configuration followed, it is the same pair (S5.4). */
static known_pair_t *find_pair(known_pair_t *list, int count, const nts_pair_t *pair,
                               nts_schema_t *const schemas[NTS_SIDE_COUNT])
{
    int i;

    for (i = 0; i < count; i++) {
        if (!list[i].used && is_written_so(&list[i], pair)) {
            return &list[i];
        }
    }
    for (i = 0; i < count; i++) {
        if (!list[i].used && is_renamed_to(&list[i], pair, schemas)) {
            return &list[i];
        }
    }
    return NULL;
}

static apr_status_t write_pair(setup_t *setup, apr_int64_t mapping, nts_pair_t *pair,
                               known_pair_t *known)
{
    nts_db_t *db = setup->store->db;
    apr_status_t rv = APR_SUCCESS;

    if (!known) {
        pair->notion_id = pair->external_id = NULL;
        rv = nts_db_exec(
            NULL, db, &make_pair,
            NTS_ARGS(nts_int(mapping), nts_text(pair->notion), nts_text(pair->external)));
        return rv == APR_SUCCESS ? nts_db_last_id(&pair->id, db, setup->ptemp) : rv;
    }
    known->used = 1;
    pair->id = known->id;
    pair->notion_id = apr_pstrdup(setup->p, known->field[NTS_NOTION]);
    pair->external_id = apr_pstrdup(setup->p, known->field[NTS_EXTERNAL]);
    if (!is_written_so(known, pair)) {
        rv = nts_db_exec(
            NULL, db, &rename_pair,
            NTS_ARGS(nts_text(pair->notion), nts_text(pair->external), nts_int(known->id)));
    }
    return rv;
}

static apr_status_t parse_json(const nts_json_t **root, const char *text, apr_pool_t *p)
{
    return text && nts_json_parse(root, text, strlen(text), NULL, p) == APR_SUCCESS ? APR_SUCCESS
                                                                                    : APR_EMISMATCH;
}

/* A side's fields as last seen; NULL if never. */
static apr_status_t last_schema(nts_schema_t **schema, setup_t *setup, apr_int64_t mapping,
                                nts_side_t side)
{
    const char *text;
    const nts_json_t *root;
    apr_status_t rv = nts_schema_text(&text, setup->store, mapping, side, setup->ptemp);

    *schema = NULL;
    if (rv == APR_SUCCESS && text) {
        rv = parse_json(&root, text, setup->ptemp);
        if (rv == APR_SUCCESS) {
            rv = nts_schema_from_json(schema, root, setup->ptemp);
        }
    }
    return rv;
}

static apr_status_t write_pairs(setup_t *setup, nts_mapping_t *mapping)
{
    nts_schema_t *schemas[NTS_SIDE_COUNT];
    known_pair_t *list;
    int count;
    int i;
    apr_status_t rv = APR_SUCCESS;

    for (i = 0; i < NTS_SIDE_COUNT && rv == APR_SUCCESS; i++) {
        rv = last_schema(&schemas[i], setup, mapping->id, (nts_side_t)i);
    }
    if (rv == APR_SUCCESS) {
        rv = read_pairs(&list, &count, setup, mapping->id);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < mapping->pair_count && rv == APR_SUCCESS; i++) {
        nts_pair_t *pair = &mapping->pairs[i];

        rv = write_pair(setup, mapping->id, pair, find_pair(list, count, pair, schemas));
    }
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        if (!list[i].used) {
            rv = nts_db_exec(NULL, setup->store->db, &stop_pair, NTS_ARGS(nts_int(list[i].id)));
        }
    }
    return rv;
}

/* --- pairs that were found by their names (NotionSyncFields auto) */

static const nts_stmt_t get_mapping = { "SELECT setup FROM mapping WHERE id = %lld" };
static const nts_stmt_t set_pairs = { "UPDATE mapping SET setup = %s WHERE id = %lld" };

static const char *mapping_text(const nts_mapping_t *mapping, apr_pool_t *p)
{
    nts_json_t *object = nts_json_make_object(p);

    nts_mapping_to_json(mapping, object);
    return nts_json_text(object, p);
}

static apr_status_t kept_text(const char **text, setup_t *setup, apr_int64_t mapping)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, setup->store->db, &get_mapping,
                                    NTS_ARGS(nts_int(mapping)), setup->ptemp);

    *text = rv == APR_SUCCESS && nts_rows_next(&rows) ? nts_rows_text(&rows, 0) : NULL;
    return rv;
}

static int is_paired(const nts_mapping_t *mapping, const nts_pair_t *pair)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (strcmp(mapping->pairs[i].notion, pair->notion) == 0 ||
            strcmp(mapping->pairs[i].external, pair->external) == 0) {
            return 1;
        }
    }
    return 0;
}

/* As the store keeps it; *mapping NULL: not yet. */
static apr_status_t kept_mapping(nts_mapping_t **mapping, setup_t *setup, const nts_mapping_t *like)
{
    const nts_json_t *root;
    const char *text;
    apr_status_t rv = kept_text(&text, setup, like->id);

    *mapping = NULL;
    if (rv != APR_SUCCESS || !text || !*text) {
        return rv;
    }
    rv = parse_json(&root, text, setup->ptemp);
    return rv == APR_SUCCESS
               ? nts_mapping_from_json(mapping, root, like->notion, like->external, setup->p)
               : rv;
}

/* Automatic pairs of @a kept behind those of @a mapping, but for what a line of the configuration pairs by now. */
static void append_automatic(nts_mapping_t *mapping, const nts_mapping_t *kept, apr_pool_t *p)
{
    nts_pair_t *pairs =
        apr_pcalloc(p, (apr_size_t)(mapping->pair_count + kept->pair_count + 1) * sizeof(*pairs));
    int i;

    if (mapping->pair_count) {
        memcpy(pairs, mapping->pairs, (apr_size_t)mapping->pair_count * sizeof(*pairs));
    }
    mapping->pairs = pairs;
    for (i = 0; i < kept->pair_count; i++) {
        if (kept->pairs[i].automatic && !is_paired(mapping, &kept->pairs[i])) {
            nts_pair_t *pair = &pairs[mapping->pair_count++];

            *pair = kept->pairs[i];
            pair->options.timezone = mapping->timezone;
            memcpy(pair->options.options_create, mapping->make, sizeof(mapping->make));
        }
    }
}

/* The configuration does not name automatic pairs: they go on as they were. The mapping of the caller keeps its own pairs only,
 * and gets their numbers. */
static apr_status_t write_all_pairs(const char **text, setup_t *setup, nts_mapping_t *mapping)
{
    nts_mapping_t all = *mapping;
    nts_mapping_t *kept = NULL;
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (mapping->auto_fields) {
        rv = kept_mapping(&kept, setup, mapping);
    }
    if (kept) {
        append_automatic(&all, kept, setup->p);
    }
    rv = rv == APR_SUCCESS ? write_pairs(setup, &all) : rv;
    for (i = 0; i < mapping->pair_count && rv == APR_SUCCESS; i++) {
        mapping->pairs[i] = all.pairs[i];
    }
    *text = mapping_text(&all, setup->ptemp);
    return rv;
}

static apr_status_t replace_pairs(setup_t *setup, nts_mapping_t *mapping,
                                  const nts_mapping_t *before)
{
    const char *text;
    apr_status_t rv = kept_text(&text, setup, mapping->id);

    if (rv == APR_SUCCESS && (!text || strcmp(text, mapping_text(before, setup->ptemp)) != 0)) {
        return APR_EMISMATCH; /* another configuration is in force by now, and its worker will look */
    }
    if (rv == APR_SUCCESS) {
        rv = write_pairs(setup, mapping);
    }
    return rv == APR_SUCCESS ? nts_db_exec(NULL, setup->store->db, &set_pairs,
                                           NTS_ARGS(nts_text(mapping_text(mapping, setup->ptemp)),
                                                    nts_int(mapping->id)))
                             : rv;
}

apr_status_t nts_store_put_pairs(nts_store_t *store, nts_mapping_t *mapping,
                                 const nts_mapping_t *before, apr_pool_t *p)
{
    setup_t work = { store, p, NULL };
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    work.ptemp = nts_store_scratch(store);
    return nts_unit_leave(store, own, replace_pairs(&work, mapping, before));
}

/* --- mappings */

static const nts_stmt_t stop_mappings = { "UPDATE mapping SET running = 0 WHERE running = 1" };
static const nts_stmt_t find_mapping = { "SELECT id, running FROM mapping WHERE data_source = %s"
                                         " AND external = %lld AND collection = %s" };
static const nts_stmt_t make_mapping = {
    "INSERT INTO mapping (data_source, external, collection, notion, vhost, name, running,"
    " position, setup) VALUES (%s, %lld, %s, 0, '', '', 1, 0, '')"
};
static const nts_stmt_t set_mapping = {
    "UPDATE mapping SET notion = %lld, vhost = %s, name = %s, running = 1, position = %lld,"
    " setup = %s WHERE id = %lld"
};
static const nts_stmt_t make_status = { "INSERT INTO status (mapping, state) VALUES (%lld, %lld)"
                                        " ON CONFLICT (mapping) DO NOTHING" };

static apr_status_t number_mapping(setup_t *setup, nts_mapping_t *mapping)
{
    nts_db_t *db = setup->store->db;
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, db, &find_mapping,
                      NTS_ARGS(nts_text(mapping->data_source), nts_int(mapping->external->id),
                               nts_text(mapping->collection)),
                      setup->ptemp);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (nts_rows_next(&rows)) {
        mapping->id = nts_rows_int(&rows, 0);
        return nts_rows_int(&rows, 1) ? APR_EEXIST : APR_SUCCESS; /* twice in this setup */
    }
    rv = nts_db_exec(NULL, db, &make_mapping,
                     NTS_ARGS(nts_text(mapping->data_source), nts_int(mapping->external->id),
                              nts_text(mapping->collection)));
    return rv == APR_SUCCESS ? nts_db_last_id(&mapping->id, db, setup->ptemp) : rv;
}

static apr_status_t write_mapping(setup_t *setup, nts_mapping_t *mapping, int position)
{
    nts_db_t *db = setup->store->db;
    const char *text = NULL;
    apr_status_t rv;

    if (!mapping->notion || !mapping->notion->id || !mapping->external || !mapping->external->id) {
        return APR_EINVAL; /* its services are not in the setup */
    }
    rv = number_mapping(setup, mapping);
    if (rv == APR_SUCCESS) {
        rv = write_all_pairs(&text, setup, mapping);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, db, &set_mapping,
                         NTS_ARGS(nts_int(mapping->notion->id), nts_text(or_empty(mapping->vhost)),
                                  nts_text(mapping->name), nts_int(position), nts_text(text),
                                  nts_int(mapping->id)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(
            NULL, db, &make_status,
            NTS_ARGS(nts_int(mapping->id),
                     nts_int(mapping->paused ? NTS_MAPPING_PAUSED : NTS_MAPPING_STARTING)));
    }
    return rv;
}

static apr_status_t write_setup(setup_t *setup, const nts_setup_t *what)
{
    nts_db_t *db = setup->store->db;
    int i;
    apr_status_t rv = nts_db_exec(NULL, db, &stop_services, NTS_NO_ARGS);

    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, db, &stop_mappings, NTS_NO_ARGS);
    }
    for (i = 0; i < what->service_count && rv == APR_SUCCESS; i++) {
        /* Mappings see their services as read-only; here is where they get their numbers. */
        rv = write_service(setup, (nts_service_t *)what->services[i], i);
    }
    for (i = 0; i < what->mapping_count && rv == APR_SUCCESS; i++) {
        setup->ptemp = nts_store_scratch(setup->store);
        rv = write_mapping(setup, what->mappings[i], i);
    }
    nts_setup_join(what); /* mappings have their numbers now */
    return rv;
}

apr_status_t nts_store_put_setup(nts_store_t *store, const nts_setup_t *setup, apr_pool_t *p)
{
    setup_t work = { store, p, NULL };
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    work.ptemp = nts_store_scratch(store);
    return nts_unit_leave(store, own, write_setup(&work, setup));
}

/* --- reading it back */

static const nts_stmt_t running_services = { "SELECT id, setup FROM service WHERE running = 1"
                                             " ORDER BY position" };
static const nts_stmt_t running_mappings = { "SELECT id, notion, external, setup FROM mapping"
                                             " WHERE running = 1 ORDER BY position" };
static const nts_stmt_t count_services = { "SELECT count(*) FROM service WHERE running = 1" };
static const nts_stmt_t count_mappings = { "SELECT count(*) FROM mapping WHERE running = 1" };

static apr_status_t read_services(nts_service_t ***services, int *count, setup_t *setup)
{
    nts_service_t **list;
    apr_int64_t room;
    const nts_json_t *root;
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_get_int(&room, setup->store->db, &count_services, NTS_NO_ARGS, setup->ptemp);

    *count = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *services = list = apr_pcalloc(setup->p, sizeof(nts_service_t *) * ((apr_size_t)room + 1));
    rv = nts_db_select(&rows, setup->store->db, &running_services, NTS_NO_ARGS, setup->ptemp);
    while (rv == APR_SUCCESS && *count < room && nts_rows_next(&rows)) {
        rv = parse_json(&root, nts_rows_text(&rows, 1), setup->ptemp);
        if (rv == APR_SUCCESS) {
            rv = nts_service_from_json(&list[*count], root, setup->p);
        }
        if (rv == APR_SUCCESS) {
            list[(*count)++]->id = nts_rows_int(&rows, 0);
        }
    }
    return rv;
}

static const nts_service_t *service_by_id(const nts_setup_t *setup, apr_int64_t id)
{
    int i;

    for (i = 0; i < setup->service_count; i++) {
        if (setup->services[i]->id == id) {
            return setup->services[i];
        }
    }
    return NULL;
}

/* The numbers of the table rule; what the text holds may be older. */
static apr_status_t number_pairs(setup_t *setup, nts_mapping_t *mapping)
{
    known_pair_t *list;
    int count;
    int i;
    int k;
    apr_status_t rv = read_pairs(&list, &count, setup, mapping->id);

    for (i = 0; i < mapping->pair_count && rv == APR_SUCCESS; i++) {
        nts_pair_t *pair = &mapping->pairs[i];

        for (k = 0; k < count; k++) {
            if (is_written_so(&list[k], pair)) {
                break;
            }
        }
        if (k == count) {
            return APR_EMISMATCH;
        }
        pair->id = list[k].id;
        pair->notion_id = apr_pstrdup(setup->p, list[k].field[NTS_NOTION]);
        pair->external_id = apr_pstrdup(setup->p, list[k].field[NTS_EXTERNAL]);
    }
    return rv;
}

apr_status_t nts_store_get_pairs(nts_store_t *store, nts_mapping_t *mapping, apr_pool_t *p)
{
    setup_t setup = { store, p, nts_store_scratch(store) };
    nts_mapping_t all = *mapping;
    nts_mapping_t *kept = NULL;
    apr_status_t rv = kept_mapping(&kept, &setup, mapping);

    if (rv == APR_SUCCESS && kept) {
        append_automatic(&all, kept, p);
        rv = number_pairs(&setup, &all);
        if (rv == APR_EMISMATCH) {
            return APR_SUCCESS; /* another configuration was put since: its worker knows better */
        }
    }
    if (rv == APR_SUCCESS) {
        mapping->pairs = all.pairs;
        mapping->pair_count = all.pair_count;
    }
    return rv;
}

static apr_status_t read_mapping(nts_mapping_t **mapping, setup_t *setup, const nts_setup_t *found,
                                 nts_rows_t *rows)
{
    const nts_service_t *notion = service_by_id(found, nts_rows_int(rows, 1));
    const nts_service_t *external = service_by_id(found, nts_rows_int(rows, 2));
    const nts_json_t *root;
    apr_status_t rv = notion && external ? parse_json(&root, nts_rows_text(rows, 3), setup->ptemp)
                                         : APR_EMISMATCH;

    if (rv == APR_SUCCESS) {
        rv = nts_mapping_from_json(mapping, root, notion, external, setup->p);
    }
    if (rv == APR_SUCCESS) {
        (*mapping)->id = nts_rows_int(rows, 0);
        rv = number_pairs(setup, *mapping);
    }
    return rv;
}

static apr_status_t read_setup(nts_setup_t *found, setup_t *setup)
{
    nts_service_t **services;
    nts_mapping_t **mappings;
    apr_int64_t room;
    nts_rows_t rows;
    apr_status_t rv = read_services(&services, &found->service_count, setup);

    if (rv == APR_SUCCESS) {
        found->services = (const nts_service_t *const *)services;
        rv = nts_db_get_int(&room, setup->store->db, &count_mappings, NTS_NO_ARGS, setup->ptemp);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mappings = apr_pcalloc(setup->p, sizeof(nts_mapping_t *) * ((apr_size_t)room + 1));
    found->mappings = mappings;
    rv = nts_db_select(&rows, setup->store->db, &running_mappings, NTS_NO_ARGS, setup->ptemp);
    while (rv == APR_SUCCESS && found->mapping_count < room && nts_rows_next(&rows)) {
        rv = read_mapping(&mappings[found->mapping_count], setup, found, &rows);
        if (rv == APR_SUCCESS) {
            found->mapping_count++;
        }
    }
    return rv;
}

apr_status_t nts_store_get_setup(nts_setup_t **psetup, nts_store_t *store, apr_pool_t *p)
{
    setup_t setup = { store, p, nts_store_scratch(store) };
    nts_setup_t *found = apr_pcalloc(p, sizeof(*found));
    apr_status_t rv = read_setup(found, &setup);

    nts_setup_join(found);
    *psetup = rv == APR_SUCCESS ? found : NULL;
    return rv;
}
