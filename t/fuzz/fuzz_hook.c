/* Fuzzes what a webhook request says: an event that is taken is whole, and becomes rows of our own mappings only. */
#include "fuzz.h"

#include "base/nts_str.h"
#include "httpd/mns_event.h"

#define MAPPINGS 3

static nts_service_t notion = { .vhost = "", .name = "work", .kind = NTS_SERVICE_NOTION };
static nts_service_t other = { .vhost = "", .name = "other", .kind = NTS_SERVICE_NOTION };
static nts_service_t database = { .vhost = "", .name = "db", .kind = NTS_SERVICE_SQL };

static const nts_setup_t *make_setup(apr_pool_t *p)
{
    static const char *const sources[MAPPINGS] = { "1a2b3c4d-0000-4000-8000-5e6f7a8b9c01",
                                                   "1a2b3c4d-0000-4000-8000-5e6f7a8b9c02",
                                                   "1a2b3c4d-0000-4000-8000-5e6f7a8b9c02" };
    static const nts_service_t *services[] = { &notion, &database, &other };
    nts_setup_t *setup = apr_pcalloc(p, sizeof(*setup));
    nts_mapping_t **mappings = apr_pcalloc(p, MAPPINGS * sizeof(*mappings));
    int i;

    for (i = 0; i < MAPPINGS; i++) {
        mappings[i] = apr_pcalloc(p, sizeof(**mappings));
        mappings[i]->id = i + 1;
        mappings[i]->vhost = "";
        mappings[i]->name = apr_psprintf(p, "m%d", i);
        mappings[i]->notion = i == 2 ? &other : &notion;
        mappings[i]->external = &database;
        mappings[i]->data_source = sources[i];
        mappings[i]->collection = "t";
    }
    setup->services = services;
    setup->service_count = 3;
    setup->mappings = mappings;
    setup->mapping_count = MAPPINGS;
    return setup;
}

static int is_uuid(const char *text, apr_pool_t *p)
{
    const char *normal;

    return nts_uuid_normalise(&normal, text, p) == APR_SUCCESS && !strcmp(normal, text);
}

static int is_json(const char *text, apr_pool_t *p)
{
    const nts_json_t *root;

    return nts_json_parse(&root, text, strlen(text), NULL, p) == APR_SUCCESS &&
           nts_json_type(root) == NTS_JSON_ARRAY;
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    const nts_setup_t *setup = make_setup(p);
    const nts_grouping_t *grouping = nts_grouping_make(setup, p);
    const nts_json_t *root;
    const char *problem = NULL;
    mns_event_t event;
    nts_inbox_row_t *rows;
    int *groups;
    int count;
    int i;

    if (nts_json_parse(&root, (const char *)data, len, NULL, p) != APR_SUCCESS) {
        return;
    }
    (void)mns_event_handshake(root);
    if (mns_event_read(&event, &problem, root, p) != APR_SUCCESS) {
        FUZZ_ASSERT(problem && *problem);
        return;
    }
    FUZZ_ASSERT(is_uuid(event.id, p) && event.type);
    FUZZ_ASSERT(event.about == MNS_ABOUT_NOTHING || is_uuid(event.entity, p));
    FUZZ_ASSERT(!event.properties || is_json(event.properties, p));
    FUZZ_ASSERT(!event.authors || is_json(event.authors, p));
    mns_event_rows(&rows, &groups, &count, &event, &notion, setup, grouping, p);
    FUZZ_ASSERT(count >= 0 && count <= 2);
    for (i = 0; i < count; i++) {
        FUZZ_ASSERT(groups[i] >= 0);
    }
}
