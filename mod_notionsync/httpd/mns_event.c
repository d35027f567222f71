/* mns_event.c - what a webhook request says, and which notices it becomes. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_event.h"

static int begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

typedef struct known_t {
    const char *type;
    mns_event_about_t about;
} known_t;

/* Types that are not what their names begin with says (docs/design/events.md). A lock changes no value, nor does a transcript. Rows that come
 * or go have events of their own; to look at the data source as well would cost a read more for each. */
static const known_t known[] = {
    { "page.locked", MNS_ABOUT_NOTHING },
    { "page.unlocked", MNS_ABOUT_NOTHING },
    { "page.transcription_block.transcript_deleted", MNS_ABOUT_NOTHING },
    { "data_source.content_updated", MNS_ABOUT_NOTHING },
    { "database.content_updated", MNS_ABOUT_NOTHING },
    { "database.created", MNS_ABOUT_NOTHING },
};

/* A type that was added since is looked at where it is about a page or a data source. */
static mns_event_about_t classify(const char *type, const char *entity_type)
{
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(type, known[i].type) == 0) {
            return known[i].about;
        }
    }
    if (begins_with(type, "page.") && !strcmp(entity_type, "page")) {
        return MNS_ABOUT_PAGE;
    }
    if (begins_with(type, "data_source.") && !strcmp(entity_type, "data_source")) {
        return MNS_ABOUT_SOURCE;
    }
    if (begins_with(type, "database.") && !strcmp(entity_type, "database")) {
        return MNS_ABOUT_DATABASE;
    }
    return MNS_ABOUT_NOTHING;
}

/* Ids of properties come percent-encoded; the store keeps them decoded. NULL: not told, or one of them
 * cannot be read, which is the same to whoever must decide whether to look. */
static const char *read_properties(const nts_json_t *root, apr_pool_t *p)
{
    const nts_json_t *list = nts_json_path(root, "data", "updated_properties", NULL);
    nts_json_t *decoded;
    int i;

    if (nts_json_type(list) != NTS_JSON_ARRAY) {
        return NULL;
    }
    decoded = nts_json_make_array(p);
    for (i = 0; i < nts_json_count(list); i++) {
        const char *id = nts_json_string(nts_json_at(list, i));

        if (!id || nts_percent_decode(&id, id, p) != APR_SUCCESS) {
            return NULL;
        }
        nts_json_add_string(decoded, NULL, id);
    }
    return nts_json_text(decoded, p);
}

static const char *read_authors(const nts_json_t *root, apr_pool_t *p)
{
    const nts_json_t *list = nts_json_get(root, "authors");
    nts_json_t *ids;
    int i;

    if (nts_json_count(list) == 0) {
        return NULL;
    }
    ids = nts_json_make_array(p);
    for (i = 0; i < nts_json_count(list); i++) {
        const char *id = nts_json_get_string(nts_json_at(list, i), "id");

        if (!id || nts_uuid_normalise(&id, id, p) != APR_SUCCESS) {
            return NULL;
        }
        nts_json_add_string(ids, NULL, id);
    }
    return nts_json_text(ids, p);
}

/* Where the page is. A page that was moved has left another place, which is not told: all look. */
static const char *read_data_source(const nts_json_t *root, const char *type, apr_pool_t *p)
{
    const char *id = nts_json_string(nts_json_path(root, "data", "parent", "data_source_id", NULL));

    if (!id || begins_with(type, "page.moved") || nts_uuid_normalise(&id, id, p) != APR_SUCCESS) {
        return NULL;
    }
    return id;
}

apr_status_t mns_event_read(mns_event_t *event, const char **problem, const nts_json_t *root,
                            apr_pool_t *p)
{
    const char *id = nts_json_get_string(root, "id");
    const char *at = nts_json_get_string(root, "timestamp");
    const char *type = nts_json_get_string(root, "type");
    const char *entity = nts_json_string(nts_json_path(root, "entity", "id", NULL));
    const char *entity_type = nts_json_string(nts_json_path(root, "entity", "type", NULL));

    memset(event, 0, sizeof(*event));
    *problem = NULL;
    if (!id || nts_uuid_normalise(&event->id, id, p) != APR_SUCCESS) {
        *problem = "'id' is not the id of an event";
    }
    else if (!at || nts_time_parse(&event->at, at) != APR_SUCCESS) {
        *problem = "'timestamp' is not a time";
    }
    else if (!type || !*type || strlen(type) > 100) {
        *problem = "'type' is not the type of an event";
    }
    else if (!entity || !entity_type ||
             nts_uuid_normalise(&event->entity, entity, p) != APR_SUCCESS) {
        *problem = "'entity' names nothing";
    }
    if (*problem) {
        return APR_EINVAL;
    }
    event->type = type;
    event->about = classify(type, entity_type);
    if (event->about == MNS_ABOUT_PAGE) {
        event->data_source = read_data_source(root, type, p);
        event->properties = read_properties(root, p);
    }
    event->authors = read_authors(root, p);
    return APR_SUCCESS;
}

const char *mns_event_handshake(const nts_json_t *root)
{
    const char *token = nts_json_get_string(root, "verification_token");

    return token && *token && strlen(token) <= 512 && !nts_json_get(root, "type") ? token : NULL;
}

static int concerns(const mns_event_t *event, const nts_mapping_t *mapping, nts_side_t side,
                    const nts_service_t *service)
{
    const char *source = nts_mapping_collection(mapping, side);

    if ((side == NTS_NOTION ? mapping->notion : mapping->external) != service) {
        return 0;
    }
    if (event->about == MNS_ABOUT_SOURCE) {
        return !strcmp(event->entity, source);
    }
    if (event->about == MNS_ABOUT_DATABASE) {
        return 1;
    }
    return event->about == MNS_ABOUT_PAGE &&
           (!event->data_source || !strcmp(event->data_source, source));
}

void mns_event_rows(nts_inbox_row_t **prows, int **pgroups, int *count, const mns_event_t *event,
                    const nts_service_t *service, const nts_setup_t *setup,
                    const nts_grouping_t *grouping, apr_pool_t *p)
{
    int sides = setup->mapping_count * NTS_SIDE_COUNT;
    nts_inbox_row_t *rows = apr_pcalloc(p, (apr_size_t)sides * sizeof(*rows));
    int *groups = apr_pcalloc(p, (apr_size_t)sides * sizeof(*groups));
    int n = 0;
    int i;

    for (i = 0; i < sides; i++) {
        const nts_mapping_t *mapping = setup->mappings[i / NTS_SIDE_COUNT];
        nts_side_t side = (nts_side_t)(i % NTS_SIDE_COUNT);
        nts_notice_t *notice = &rows[n].notice;

        if (!concerns(event, mapping, side, service)) {
            continue;
        }
        rows[n].mapping = mapping->id;
        groups[n] = grouping->of_mapping[i / NTS_SIDE_COUNT];
        notice->side = side;
        notice->record = event->about == MNS_ABOUT_PAGE ? event->entity : NULL;
        notice->event = event->id;
        notice->kind = event->type;
        notice->properties = event->properties;
        notice->authors = event->authors;
        notice->at = event->at;
        n++;
    }
    *prows = rows;
    *pgroups = groups;
    *count = n;
}
