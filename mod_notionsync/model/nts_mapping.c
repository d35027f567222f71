/* nts_mapping.c - services and mappings as stored JSON. */
#include <string.h>

#include "model/nts_mapping.h"

/* Words of an enumeration, in its order. */
typedef struct words_t {
    const char *const *words;
    int count;
} words_t;

#define WORDS(name, ...)                                                                           \
    static const char *const name##_words[] = { __VA_ARGS__ };                                     \
    static const words_t name = { name##_words, (int)(sizeof(name##_words) / sizeof(char *)) }

WORDS(service_kinds, "notion", "sql");
WORDS(directions, "both", "to-external", "to-notion");
WORDS(conflicts, "inherit", "last-write-wins", "notion-wins", "external-wins", "hold");
WORDS(initials, "hold", "notion", "external");
WORDS(deletes, "propagate", "hold", "ignore");
WORDS(formats, "default", "plain", "json", "csv", "array", "markdown");
WORDS(sides, "notion", "external");

static void add_word(nts_json_t *parent, const char *key, const words_t *words, int value)
{
    nts_json_add_string(parent, key, words->words[value]);
}

static apr_status_t take_word(int *value, const nts_json_t *node, const char *key,
                              const words_t *words)
{
    const char *word = nts_json_get_string(node, key);

    for (int i = 0; word && i < words->count; i++) {
        if (strcmp(words->words[i], word) == 0) {
            *value = i;
            return APR_SUCCESS;
        }
    }
    return APR_EMISMATCH;
}

/* Texts that are not there are left out. */
static void add_text(nts_json_t *parent, const char *key, const char *text)
{
    if (text) {
        nts_json_add_string(parent, key, text);
    }
}

static const char *take_text(const nts_json_t *node, const char *key, apr_pool_t *p)
{
    return apr_pstrdup(p, nts_json_get_string(node, key));
}

const char *nts_mapping_collection(const nts_mapping_t *mapping, nts_side_t side)
{
    return side == NTS_NOTION ? mapping->data_source : mapping->collection;
}

const char *nts_pair_field(const nts_pair_t *pair, nts_side_t side)
{
    return side == NTS_NOTION ? pair->notion : pair->external;
}

const char *nts_pair_field_id(const nts_pair_t *pair, nts_side_t side)
{
    return side == NTS_NOTION ? pair->notion_id : pair->external_id;
}

nts_conflict_t nts_pair_rule(const nts_mapping_t *mapping, const nts_pair_t *pair)
{
    return pair->conflict == NTS_CONFLICT_INHERIT ? mapping->conflict : pair->conflict;
}

int nts_mapping_has_computed(const nts_mapping_t *mapping, nts_side_t side)
{
    const nts_filter_t *filter = mapping->filter[side];

    for (int i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].unannounced[side]) {
            return 1;
        }
    }
    for (int i = 0; filter && i < filter->field_count; i++) {
        if (filter->fields[i].unannounced) {
            return 1;
        }
    }
    return 0;
}

int nts_pair_is_mirrored(const nts_pair_t *pair, nts_side_t side)
{
    return pair->unannounced[side] && !pair->computed[side];
}

int nts_mapping_key_pair(const nts_mapping_t *mapping)
{
    int i;

    for (i = mapping->pair_count - 1; i >= 0 && !mapping->pairs[i].is_key; i--) {
        continue;
    }
    return i;
}

int nts_mapping_body_pair(const nts_mapping_t *mapping)
{
    int i;

    for (i = mapping->pair_count - 1; i >= 0 && !mapping->pairs[i].is_body; i--) {
        continue;
    }
    return i;
}

nts_value_t nts_mapping_key_value(const nts_pair_t *pair, const char *key, apr_pool_t *p)
{
    nts_value_t value;

    if (!pair->domain || nts_domain_type(pair->domain, NTS_EXTERNAL)->kind != NTS_TYPE_NUMBER) {
        return nts_value_text(key);
    }
    return nts_value_number(&value, key, p) == APR_SUCCESS
               ? value
               : nts_value_opaque("a key that is no number");
}

const char *nts_mapping_label(const nts_mapping_t *mapping, apr_pool_t *p)
{
    return mapping->vhost && *mapping->vhost
               ? apr_pstrcat(p, mapping->vhost, "/", mapping->name, NULL)
               : mapping->name;
}

static int is_named(const nts_mapping_t *mapping, const char *vhost, const char *name,
                    apr_size_t length)
{
    const char *host = mapping->vhost ? mapping->vhost : "";

    return strlen(host) == length && !strncmp(host, vhost, length) && !strcmp(mapping->name, name);
}

const nts_mapping_t *nts_setup_find(const nts_setup_t *setup, const char *vhost, const char *name)
{
    const char *slash = strrchr(name, '/');

    vhost = vhost ? vhost : "";
    for (int i = 0; i < setup->mapping_count; i++) {
        const nts_mapping_t *mapping = setup->mappings[i];

        if (slash ? is_named(mapping, name, slash + 1, (apr_size_t)(slash - name))
                  : is_named(mapping, vhost, name, strlen(vhost))) {
            return mapping;
        }
    }
    return NULL;
}

void nts_setup_join(const nts_setup_t *setup)
{
    for (int i = 0; i < setup->mapping_count; i++) {
        nts_mapping_t *mapping = setup->mappings[i];

        for (int k = 0; k < mapping->pair_count; k++) {
            nts_pair_t *pair = &mapping->pairs[k];
            const nts_mapping_t *target =
                pair->relation ? nts_setup_find(setup, mapping->vhost, pair->relation) : NULL;

            pair->relation_id = target ? target->id : 0;
            for (int side = 0; side < NTS_SIDE_COUNT; side++) {
                pair->relation_source[side] =
                    target ? nts_mapping_collection(target, (nts_side_t)side) : NULL;
            }
        }
    }
}

const char *nts_service_install_address(const nts_service_t *service, apr_pool_t *p)
{
    const char *own = apr_pstrcat(p, "/", service->name, NULL);
    char *address = apr_pstrdup(p, service->oauth_redirect);
    apr_size_t len = strlen(address);
    apr_size_t tail = strlen(own);

    if (len > 0 && address[len - 1] == '/') {
        address[--len] = '\0';
    }
    return len >= tail && strcmp(address + len - tail, own) == 0
               ? address
               : apr_pstrcat(p, address, own, NULL);
}

void nts_service_to_json(const nts_service_t *service, nts_json_t *parent)
{
    add_text(parent, "vhost", service->vhost);
    add_text(parent, "name", service->name);
    add_word(parent, "kind", &service_kinds, (int)service->kind);
    add_text(parent, "token", service->token);
    add_text(parent, "oauth_client", service->oauth_client);
    add_text(parent, "oauth_secret", service->oauth_secret);
    add_text(parent, "oauth_redirect", service->oauth_redirect);
    add_text(parent, "endpoint", service->endpoint);
    nts_json_add_int(parent, "budget_requests", service->budget_requests);
    nts_json_add_int(parent, "budget_window", service->budget_window);
    add_text(parent, "database_driver", service->database_driver);
    add_text(parent, "database", service->database);
    add_text(parent, "password", service->password);
    add_text(parent, "hook_secret", service->hook_secret);
    nts_json_add_bool(parent, "provision_auto", service->provision_auto);
}

apr_status_t nts_service_from_json(nts_service_t **service, const nts_json_t *node, apr_pool_t *p)
{
    nts_service_t *made = apr_pcalloc(p, sizeof(*made));
    int kind = 0;

    *service = NULL;
    made->vhost = take_text(node, "vhost", p);
    made->name = take_text(node, "name", p);
    if (!made->vhost || !made->name ||
        take_word(&kind, node, "kind", &service_kinds) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    made->kind = (nts_service_kind_t)kind;
    made->token = take_text(node, "token", p);
    made->oauth_client = take_text(node, "oauth_client", p);
    made->oauth_secret = take_text(node, "oauth_secret", p);
    made->oauth_redirect = take_text(node, "oauth_redirect", p);
    made->endpoint = take_text(node, "endpoint", p);
    made->budget_requests = (int)nts_json_get_int(node, "budget_requests", 0);
    made->budget_window = nts_json_get_int(node, "budget_window", 0);
    made->database_driver = take_text(node, "database_driver", p);
    made->database = take_text(node, "database", p);
    made->password = take_text(node, "password", p);
    made->hook_secret = take_text(node, "hook_secret", p);
    made->provision_auto = nts_json_bool(nts_json_get(node, "provision_auto"), 0);
    *service = made;
    return APR_SUCCESS;
}

static void add_pair(const nts_pair_t *pair, nts_json_t *pairs)
{
    nts_json_t *node = nts_json_add_object(pairs, NULL);

    nts_json_add_string(node, "notion", pair->notion);
    nts_json_add_string(node, "external", pair->external);
    add_word(node, "direction", &directions, (int)pair->direction);
    add_word(node, "conflict", &conflicts, (int)pair->conflict);
    add_word(node, "initial", &initials, (int)pair->initial);
    add_word(node, "format", &formats, (int)pair->options.format);
    nts_json_add_bool(node, "options_create", pair->options.options_create[NTS_NOTION]);
    nts_json_add_bool(node, "lossy_accept", pair->options.lossy_accept);
    add_text(node, "timezone", pair->options.timezone);
    if (pair->is_key) {
        nts_json_add_bool(node, "key", 1);
    }
    if (pair->is_body) {
        nts_json_add_bool(node, "body", 1);
    }
    add_text(node, "relation", pair->relation);
    if (pair->automatic) {
        nts_json_add_bool(node, "automatic", 1);
    }
}

static apr_status_t take_pair(nts_pair_t *pair, const nts_json_t *node, apr_pool_t *p)
{
    int direction = 0;
    int conflict = 0;
    int initial = 0;
    int format = 0;

    pair->notion = take_text(node, "notion", p);
    pair->external = take_text(node, "external", p);
    if (!pair->notion || !pair->external ||
        take_word(&direction, node, "direction", &directions) != APR_SUCCESS ||
        take_word(&conflict, node, "conflict", &conflicts) != APR_SUCCESS ||
        take_word(&initial, node, "initial", &initials) != APR_SUCCESS ||
        take_word(&format, node, "format", &formats) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    pair->direction = (nts_direction_t)direction;
    pair->conflict = (nts_conflict_t)conflict;
    pair->initial = (nts_initial_t)initial;
    pair->options.format = (nts_format_t)format;
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        pair->options.options_create[side] = nts_json_bool(nts_json_get(node, "options_create"), 0);
    }
    pair->options.lossy_accept = nts_json_bool(nts_json_get(node, "lossy_accept"), 0);
    pair->options.timezone = take_text(node, "timezone", p);
    pair->is_key = nts_json_bool(nts_json_get(node, "key"), 0);
    pair->is_body = pair->options.body = nts_json_bool(nts_json_get(node, "body"), 0);
    pair->relation = take_text(node, "relation", p);
    pair->options.reference = pair->relation != NULL;
    pair->automatic = nts_json_bool(nts_json_get(node, "automatic"), 0);
    return APR_SUCCESS;
}

/* Pairs, matches: fields in the order of the configuration, which is theirs in records too. */
static void add_fields(const nts_mapping_t *mapping, nts_json_t *parent)
{
    nts_json_t *pairs = nts_json_add_array(parent, "pairs");
    nts_json_t *matches = nts_json_add_array(parent, "matches");

    for (int i = 0; i < mapping->pair_count; i++) {
        add_pair(&mapping->pairs[i], pairs);
    }
    for (int i = 0; i < mapping->match_count; i++) {
        nts_json_t *node = nts_json_add_object(matches, NULL);

        nts_json_add_string(node, "notion", mapping->matches[i].notion);
        nts_json_add_string(node, "external", mapping->matches[i].external);
    }
}

static apr_status_t take_fields(nts_mapping_t *mapping, const nts_json_t *node, apr_pool_t *p)
{
    const nts_json_t *pairs = nts_json_get(node, "pairs");
    const nts_json_t *matches = nts_json_get(node, "matches");
    int match_count = nts_json_count(matches);
    nts_match_t *match = apr_pcalloc(p, sizeof(*match) * (apr_size_t)(match_count + 1));

    mapping->pair_count = nts_json_count(pairs);
    mapping->pairs = apr_pcalloc(p, sizeof(nts_pair_t) * (apr_size_t)(mapping->pair_count + 1));
    for (int i = 0; i < mapping->pair_count; i++) {
        apr_status_t rv = take_pair(&mapping->pairs[i], nts_json_at(pairs, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    for (int i = 0; i < match_count; i++) {
        match[i].notion = take_text(nts_json_at(matches, i), "notion", p);
        match[i].external = take_text(nts_json_at(matches, i), "external", p);
        if (!match[i].notion || !match[i].external) {
            return APR_EMISMATCH;
        }
    }
    mapping->matches = match;
    mapping->match_count = match_count;
    return APR_SUCCESS;
}

static const char *filter_text(const nts_mapping_t *mapping, nts_side_t side)
{
    return mapping->filter[side] ? mapping->filter[side]->text : NULL;
}

static apr_status_t take_filters(nts_mapping_t *mapping, const nts_json_t *node, apr_pool_t *p)
{
    static const char *const keys[] = { "filter_notion", "filter_external" };
    const char *problem;

    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        const char *text = nts_json_get_string(node, keys[side]);

        if (text && nts_filter_parse(&mapping->filter[side], text, &problem, p) != APR_SUCCESS) {
            return APR_EMISMATCH;
        }
    }
    return APR_SUCCESS;
}

void nts_mapping_cover_to_json(const nts_mapping_t *mapping, nts_json_t *parent)
{
    add_text(parent, "key", mapping->key);
    add_text(parent, "modified", mapping->modified);
    add_text(parent, "timezone", mapping->timezone);
    add_text(parent, "file_base", mapping->file_base);
    add_fields(mapping, parent);
    add_text(parent, "filter_notion", filter_text(mapping, NTS_NOTION));
    add_text(parent, "filter_external", filter_text(mapping, NTS_EXTERNAL));
}

void nts_mapping_to_json(const nts_mapping_t *mapping, nts_json_t *parent)
{
    add_text(parent, "vhost", mapping->vhost);
    add_text(parent, "name", mapping->name);
    add_text(parent, "notion", mapping->notion ? mapping->notion->name : NULL);
    add_text(parent, "data_source", mapping->data_source);
    add_text(parent, "external", mapping->external ? mapping->external->name : NULL);
    add_text(parent, "collection", mapping->collection);
    nts_mapping_cover_to_json(mapping, parent);
    add_word(parent, "conflict", &conflicts, (int)mapping->conflict);
    nts_json_add_int(parent, "grace", mapping->grace);
    add_word(parent, "tie", &sides, (int)mapping->tie);
    add_word(parent, "deletes_to_notion", &deletes, (int)mapping->deletes[NTS_NOTION]);
    add_word(parent, "deletes_to_external", &deletes, (int)mapping->deletes[NTS_EXTERNAL]);
    nts_json_add_int(parent, "delete_limit_percent", mapping->delete_limit_percent);
    nts_json_add_int(parent, "reconcile", mapping->reconcile);
    nts_json_add_int(parent, "full", mapping->full);
    nts_json_add_int(parent, "debounce", mapping->debounce);
    nts_json_add_bool(parent, "paused", mapping->paused);
    if (mapping->auto_fields) {
        nts_json_add_bool(parent, "auto_fields", 1);
        nts_json_add_bool(parent, "make_notion", mapping->make[NTS_NOTION]);
        nts_json_add_bool(parent, "make_external", mapping->make[NTS_EXTERNAL]);
    }
}

static apr_status_t take_rules(nts_mapping_t *mapping, const nts_json_t *node)
{
    int conflict = 0;
    int tie = 0;
    int to_notion = 0;
    int to_external = 0;

    if (take_word(&conflict, node, "conflict", &conflicts) != APR_SUCCESS ||
        take_word(&tie, node, "tie", &sides) != APR_SUCCESS ||
        take_word(&to_notion, node, "deletes_to_notion", &deletes) != APR_SUCCESS ||
        take_word(&to_external, node, "deletes_to_external", &deletes) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    mapping->conflict = (nts_conflict_t)conflict;
    mapping->tie = (nts_side_t)tie;
    mapping->deletes[NTS_NOTION] = (nts_deletes_t)to_notion;
    mapping->deletes[NTS_EXTERNAL] = (nts_deletes_t)to_external;
    mapping->grace = nts_json_get_int(node, "grace", 0);
    mapping->delete_limit_percent = (int)nts_json_get_int(node, "delete_limit_percent", 0);
    mapping->reconcile = nts_json_get_int(node, "reconcile", 0);
    mapping->full = nts_json_get_int(node, "full", 0);
    mapping->debounce = nts_json_get_int(node, "debounce", 0);
    mapping->paused = nts_json_bool(nts_json_get(node, "paused"), 0);
    mapping->auto_fields = nts_json_bool(nts_json_get(node, "auto_fields"), 0);
    mapping->make[NTS_NOTION] = nts_json_bool(nts_json_get(node, "make_notion"), 0);
    mapping->make[NTS_EXTERNAL] = nts_json_bool(nts_json_get(node, "make_external"), 0);
    return APR_SUCCESS;
}

apr_status_t nts_mapping_from_json(nts_mapping_t **mapping, const nts_json_t *node,
                                   const nts_service_t *notion, const nts_service_t *external,
                                   apr_pool_t *p)
{
    nts_mapping_t *made = apr_pcalloc(p, sizeof(*made));
    apr_status_t rv;

    *mapping = NULL;
    made->vhost = take_text(node, "vhost", p);
    made->name = take_text(node, "name", p);
    made->notion = notion;
    made->data_source = take_text(node, "data_source", p);
    made->external = external;
    made->collection = take_text(node, "collection", p);
    made->key = take_text(node, "key", p);
    made->modified = take_text(node, "modified", p);
    made->timezone = take_text(node, "timezone", p);
    made->file_base = take_text(node, "file_base", p);
    if (!made->vhost || !made->name || !made->data_source || !made->collection) {
        return APR_EMISMATCH;
    }
    rv = take_rules(made, node);
    if (rv == APR_SUCCESS) {
        rv = take_fields(made, node, p);
    }
    if (rv == APR_SUCCESS) {
        rv = take_filters(made, node, p);
    }
    if (rv == APR_SUCCESS) {
        *mapping = made;
    }
    return rv;
}
