/* Proves: a mapping's JSON is the same text for the same configuration and comes back whole, its revision
 * does not depend on what is learnt at run time, and binding follows properties by id and suspends, with a
 * reason, exactly the pairs that cannot work. */
#include <stdlib.h>

#include "model/nts_mapping.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static const nts_service_t notion = { .vhost = "", .name = "work", .kind = NTS_SERVICE_NOTION };
static const nts_service_t database = { .vhost = "", .name = "crm", .kind = NTS_SERVICE_SQL };

static nts_pair_t pair_of(const char *property, const char *column, nts_direction_t direction)
{
    nts_pair_t pair = { .notion = property, .external = column, .direction = direction };

    return pair;
}

static nts_mapping_t mapping_of(nts_pair_t *pairs, int count)
{
    nts_mapping_t mapping = { .vhost = "a.example",
                              .name = "orders",
                              .notion = &notion,
                              .data_source = "ffffffff-0000-4000-8000-0000000000aa",
                              .external = &database,
                              .collection = "orders",
                              .pairs = pairs,
                              .pair_count = count,
                              .conflict = NTS_CONFLICT_LAST_WRITE,
                              .grace = 5000000,
                              .delete_limit_percent = 10 };

    return mapping;
}

static const char *text_of(const nts_mapping_t *mapping)
{
    nts_json_t *object = nts_json_make_object(pool);

    nts_mapping_to_json(mapping, object);
    return nts_json_text(object, pool);
}

static apr_status_t parse(nts_mapping_t **mapping, const char *text)
{
    const nts_json_t *node = NULL;

    (void)nts_json_parse(&node, text, strlen(text), NULL, pool);
    return nts_mapping_from_json(mapping, node, &notion, &database, pool);
}

/* NotionSyncLinkProperty: a pair without a column. */
/* NotionSyncBody: a pair that no property of any name is taken for. */
static void test_body_pair(void)
{
    nts_schema_field_t notion_fields[1] = { 0 };
    nts_schema_field_t columns[2] = { 0 };
    nts_schema_t left = { .fields = notion_fields, .count = 1 };
    nts_schema_t right = { .fields = columns, .count = 2 };
    nts_pair_t pairs[1] = { pair_of(NTS_BODY_FIELD, "notes", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 1);
    nts_outcome_t outcomes[1];
    nts_mapping_t *back = NULL;

    pairs[0].is_body = pairs[0].options.body = 1;
    tap_int(nts_mapping_body_pair(&mapping), 0, "the pair of the body");
    tap_int(parse(&back, text_of(&mapping)), APR_SUCCESS, "read back");
    tap_ok(back && nts_mapping_body_pair(back) == 0 && back->pairs[0].options.body,
           "as what it is");
    notion_fields[0].id = "b%y";
    notion_fields[0].name = NTS_BODY_FIELD;
    notion_fields[0].type = (nts_type_t){ .kind = NTS_TYPE_NUMBER, .native = "number" };
    columns[0].id = columns[0].name = "notes";
    columns[0].type = (nts_type_t){ .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    columns[1].id = columns[1].name = "count";
    columns[1].type = (nts_type_t){ .kind = NTS_TYPE_NUMBER, .native = "INTEGER", .nullable = 1 };
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "bound to a column of text, whatever properties are called");
    tap_str(nts_domain_type(pairs[0].domain, NTS_NOTION)->native, "body", "as a body");
    right.has_ids = 1;
    columns[0].name = "Remarks";
    columns[0].id = "notes";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "a field of the external side that has another name since is known by its id");
    pairs[0].external = "count";
    pairs[0].external_id = NULL;
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "to a column of numbers it is not");
    tap_str(outcomes[0].what,
            "the body of a page and a field of type INTEGER have nothing in common", "and says so");
    tap_str(outcomes[0].advice, "name a column that holds text", "and what would do");
}

static void test_key_pair(void)
{
    nts_schema_field_t notion_fields[3] = { 0 };
    nts_schema_t left = { 0 };
    nts_schema_t right = { 0 };
    nts_pair_t pairs[1] = { pair_of("Key", NTS_KEY_FIELD, NTS_TO_NOTION) };
    nts_mapping_t mapping = mapping_of(pairs, 1);
    nts_outcome_t outcomes[1];
    nts_mapping_t *back = NULL;
    nts_value_t value;

    pairs[0].is_key = 1;
    tap_int(nts_mapping_key_pair(&mapping), 0, "the pair that keeps keys");
    tap_int(parse(&back, text_of(&mapping)), APR_SUCCESS, "read back");
    tap_ok(back && nts_mapping_key_pair(back) == 0, "as what it is");
    notion_fields[0].id = "k%y";
    notion_fields[0].name = "Key";
    notion_fields[0].type.kind = NTS_TYPE_TEXT;
    notion_fields[0].type.nullable = 1;
    notion_fields[0].type.native = "rich_text";
    left.fields = notion_fields;
    left.count = 1;
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "bound without a column");
    value = nts_mapping_key_value(&pairs[0], "[\"a\",\"b\"]", pool);
    tap_str(nts_value_display(&value, 40, pool), "[\"a\",\"b\"]", "any key is a text");
    pairs[0].notion_id = NULL;
    notion_fields[0].type.kind = NTS_TYPE_NUMBER;
    notion_fields[0].type.native = "number";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "a number property will do");
    value = nts_mapping_key_value(&pairs[0], "42", pool);
    tap_int(value.kind, NTS_VALUE_NUMBER, "for keys that are numbers");
    value = nts_mapping_key_value(&pairs[0], "x1", pool);
    tap_int(value.kind, NTS_VALUE_OPAQUE, "and parks others");
    pairs[0].notion_id = NULL;
    notion_fields[0].type.kind = NTS_TYPE_BOOL;
    notion_fields[0].type.native = "checkbox";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "a checkbox will not");
    tap_str(outcomes[0].code, "mapping.link_property", "and says so");
}

static void test_json(void)
{
    nts_pair_t pairs[2] = { pair_of("Name", "name", NTS_BOTH),
                            pair_of("Made", "made", NTS_TO_EXTERNAL) };
    nts_match_t match = { "Name", "name" };
    nts_mapping_t mapping = mapping_of(pairs, 2);
    nts_mapping_t *back = NULL;
    const char *text;

    pairs[0].conflict = NTS_CONFLICT_HOLD;
    pairs[0].initial = NTS_INITIAL_EXTERNAL;
    pairs[0].options.format = NTS_FORMAT_CSV;
    pairs[0].options.options_create[NTS_NOTION] = 1;
    pairs[1].options.lossy_accept = 1;
    mapping.matches = &match;
    mapping.match_count = 1;
    mapping.key = "id";
    mapping.modified = "changed";
    mapping.timezone = "Europe/Berlin";
    mapping.tie = NTS_EXTERNAL;
    mapping.deletes[NTS_NOTION] = NTS_DELETES_HOLD;
    mapping.deletes[NTS_EXTERNAL] = NTS_DELETES_IGNORE;
    mapping.reconcile = apr_time_from_sec(3600);
    mapping.full = apr_time_from_sec(86400);
    mapping.debounce = 300000;
    mapping.paused = 1;
    text = text_of(&mapping);
    tap_str(
        text,
        "{\"vhost\":\"a.example\",\"name\":\"orders\",\"notion\":\"work\","
        "\"data_source\":\"ffffffff-0000-4000-8000-0000000000aa\",\"external\":\"crm\","
        "\"collection\":\"orders\",\"key\":\"id\",\"modified\":\"changed\","
        "\"timezone\":\"Europe/Berlin\",\"pairs\":["
        "{\"notion\":\"Name\",\"external\":\"name\",\"direction\":\"both\",\"conflict\":\"hold\","
        "\"initial\":\"external\",\"format\":\"csv\",\"options_create\":true,\"lossy_accept\":"
        "false},"
        "{\"notion\":\"Made\",\"external\":\"made\",\"direction\":\"to-external\","
        "\"conflict\":\"inherit\",\"initial\":\"hold\",\"format\":\"default\","
        "\"options_create\":false,\"lossy_accept\":true}],"
        "\"matches\":[{\"notion\":\"Name\",\"external\":\"name\"}],"
        "\"conflict\":\"last-write-wins\",\"grace\":5000000,\"tie\":\"external\","
        "\"deletes_to_notion\":\"hold\",\"deletes_to_external\":\"ignore\","
        "\"delete_limit_percent\":10,\"reconcile\":3600000000,\"full\":86400000000,"
        "\"debounce\":300000,\"paused\":true}",
        "all of a mapping, in one order");
    tap_int(parse(&back, text), APR_SUCCESS, "it is read back");
    tap_str(text_of(back), text, "whole");
    tap_ok(back->notion == &notion && back->external == &database, "with its services");
    for (int format = NTS_FORMAT_DEFAULT; format <= NTS_FORMAT_ARRAY; format++) {
        pairs[0].options.format = (nts_format_t)format;
        tap_int(parse(&back, text_of(&mapping)), APR_SUCCESS, "with format %d, too", format);
        tap_int(back->pairs[0].options.format, format, "as it was");
    }
    pairs[0].options.format = NTS_FORMAT_CSV;

    mapping.id = 7;
    pairs[0].id = 9;
    pairs[0].notion_id = "title";
    pairs[1].computed[NTS_NOTION] = 1;
    tap_str(text_of(&mapping), text, "what is learnt at run time does not change its revision");
    tap_str(nts_mapping_label(&mapping, pool), "a.example/orders", "label");
    mapping.vhost = "";
    tap_str(nts_mapping_label(&mapping, pool), "orders", "label in the main server");
    tap_ok(!nts_mapping_has_computed(&mapping, NTS_NOTION),
           "a value that is computed once asks for nothing");
    pairs[1].unannounced[NTS_NOTION] = 1;
    tap_ok(nts_mapping_has_computed(&mapping, NTS_NOTION), "one that changes unannounced is seen");
    tap_ok(!nts_pair_is_mirrored(&pairs[1], NTS_NOTION), "and is no end of a two-way relation");
    pairs[1].computed[NTS_NOTION] = 0;
    tap_ok(nts_pair_is_mirrored(&pairs[1], NTS_NOTION), "one that its side does not compute is");
    tap_int(nts_pair_rule(&mapping, &pairs[0]), NTS_CONFLICT_HOLD, "a pair's rule goes before");
    tap_int(nts_pair_rule(&mapping, &pairs[1]), NTS_CONFLICT_LAST_WRITE, "the mapping's rule");
}

static void test_formats(void)
{
    static const char *const words[] = { "default", "plain", "json", "csv", "array", "markdown" };
    nts_pair_t pairs[1] = { pair_of("Name", "name", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 1);
    nts_mapping_t *back = NULL;

    for (int format = NTS_FORMAT_DEFAULT; format <= NTS_FORMAT_MARKDOWN; format++) {
        const char *text;

        pairs[0].options.format = (nts_format_t)format;
        text = text_of(&mapping);
        tap_ok(
            strstr(text, apr_pstrcat(pool, "\"format\":\"", words[format], "\"", NULL)) != NULL &&
                parse(&back, text) == APR_SUCCESS && (int)back->pairs[0].options.format == format,
            "format=%s is kept", words[format]);
    }
}

/* format=markdown: no text of a key, which is looked for as it stands. */
static void test_key_format(void)
{
    static const nts_schema_field_t fields[] = {
        { "title", "Name", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
        { "code", "code", { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 } },
    };
    nts_schema_t left = { .fields = fields, .count = 1 };
    nts_schema_t right = { .fields = fields + 1, .count = 1, .key = "codes,code" };
    nts_pair_t pairs[1] = { pair_of("Name", "code", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 1);
    nts_outcome_t outcomes[1];

    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "a text may be part of the key");
    pairs[0].options.format = NTS_FORMAT_MARKDOWN;
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "as Markdown it may not");
    tap_str(outcomes[0].code, "mapping.key_format", "and it is said: %s; %s", outcomes[0].what,
            outcomes[0].advice);
    right.key = "codes,co";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "beside the key it may");
}

static void test_bad_json(void)
{
    nts_pair_t pairs[1] = { pair_of("Name", "name", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 1);
    static const char *const words[] = { "\"data_source\"", "\"both\"",       "\"hold\"", "\"tie\"",
                                         "\"propagate\"",   "\"collection\"", "\"vhost\"" };
    const char *text = text_of(&mapping);
    nts_mapping_t *back;

    for (int i = 0; i < (int)(sizeof(words) / sizeof(words[0])); i++) {
        char *bad = apr_pstrdup(pool, text);

        strstr(bad, words[i])[1] = '#';
        tap_int(parse(&back, bad), APR_EMISMATCH, "without %s it is no mapping", words[i]);
    }
    tap_int(parse(&back, "[]"), APR_EMISMATCH, "nor is an array one");
}

static void test_service(void)
{
    nts_service_t service = { .vhost = "v",
                              .name = "crm",
                              .kind = NTS_SERVICE_SQL,
                              .budget_requests = 180,
                              .budget_window = apr_time_from_sec(60),
                              .database_driver = "sqlite",
                              .database = "/var/lib/crm.db",
                              .password = "file:/etc/crm",
                              .provision_auto = 1 };
    nts_json_t *object = nts_json_make_object(pool);
    nts_json_t *again = nts_json_make_object(pool);
    nts_service_t *back = NULL;

    nts_service_to_json(&service, object);
    tap_int(nts_service_from_json(&back, object, pool), APR_SUCCESS, "a service is read back");
    nts_service_to_json(back, again);
    tap_str(nts_json_text(again, pool), nts_json_text(object, pool), "whole");
    tap_str(back->token, NULL, "what was not there is not there");
    tap_int(nts_service_from_json(&back, nts_json_make_object(pool), pool), APR_EMISMATCH,
            "an empty object is no service");
}

static void test_installed_service(void)
{
    static const char *const redirects[] = { "https://e.org/notionsync/oauth",
                                             "https://e.org/notionsync/oauth/",
                                             "https://e.org/notionsync/oauth/work" };
    nts_service_t service = { .vhost = "", .name = "work", .kind = NTS_SERVICE_NOTION };
    nts_json_t *object = nts_json_make_object(pool);
    nts_service_t *back = NULL;
    int i;

    service.oauth_client = "id";
    service.oauth_secret = "file:/etc/oauth";
    for (i = 0; i < 3; i++) {
        service.oauth_redirect = redirects[i];
        tap_str(nts_service_install_address(&service, pool), "https://e.org/notionsync/oauth/work",
                "where it is installed, if browsers come back to %s", redirects[i]);
    }
    nts_service_to_json(&service, object);
    tap_int(nts_service_from_json(&back, object, pool), APR_SUCCESS, "it is read back");
    tap_str(back->oauth_client, "id", "with its client");
    tap_str(back->oauth_secret, "file:/etc/oauth", "where its secret is");
    tap_str(back->oauth_redirect, redirects[2], "and its redirect address");
}

static nts_schema_t schema_of(const nts_schema_field_t *fields, int count)
{
    nts_schema_t schema = { .fields = fields, .count = count, .title = "orders" };

    return schema;
}

static const nts_schema_field_t properties[] = {
    { "title", "Name", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
    { "a>b",
      "Amount",
      { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 } },
    { "mk",
      "Made",
      { .kind = NTS_TYPE_INSTANT,
        .native = "created_time",
        .computed = 1,
        .fixed = 1,
        .zoned = 1 } },
    { "rr", "Sum", { .native = "rollup", .computed = 1 } },
    { "Name", "Odd", { .kind = NTS_TYPE_TEXT, .native = "rich_text", .nullable = 1 } },
};
static const nts_schema_field_t columns[] = {
    { "name", "name", { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 } },
    { "amount", "amount", { .kind = NTS_TYPE_NUMBER, .native = "REAL", .binary = 1 } },
    { "made", "made", { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 } },
    { "day", "day", { .kind = NTS_TYPE_DAY, .native = "DATE", .nullable = 1 } },
    { "gen", "gen", { .kind = NTS_TYPE_TEXT, .native = "TEXT", .computed = 1 } },
};

static void test_bind(void)
{
    nts_schema_t left = schema_of(properties, 5);
    nts_schema_t right = schema_of(columns, 5);
    nts_pair_t pairs[] = {
        pair_of("Name", "name", NTS_BOTH),          /* bound */
        pair_of("Amount", "amount", NTS_TO_NOTION), /* bound */
        pair_of("Made", "made", NTS_TO_EXTERNAL),   /* bound */
        pair_of("Name", "gen", NTS_BOTH),           /* a generated column */
        pair_of("Made", "made", NTS_BOTH),          /* computed */
        pair_of("Nope", "name", NTS_BOTH),          /* no such property */
        pair_of("Name", "nope", NTS_BOTH),          /* no such column */
        pair_of("Amount", "day", NTS_BOTH),         /* types; and written twice */
        pair_of("Sum", "made", NTS_TO_EXTERNAL),    /* written twice */
        pair_of("Sum", "day", NTS_TO_EXTERNAL),     /* unsupported */
        pair_of("Odd", "name", NTS_TO_EXTERNAL),    /* written twice */
        pair_of("Name", "day", NTS_TO_EXTERNAL), /* bound: reads a property that another writes */
        pair_of("Made", "gen", NTS_TO_NOTION),   /* computed on both sides */
    };
    static const char *const codes[] = { NULL,
                                         NULL,
                                         NULL,
                                         "mapping.computed",
                                         "mapping.computed",
                                         "mapping.property_missing",
                                         "mapping.column_missing",
                                         "mapping.written_twice",
                                         "mapping.written_twice",
                                         "field.unsupported",
                                         "mapping.written_twice",
                                         NULL,
                                         "mapping.computed" };
    nts_mapping_t mapping = mapping_of(pairs, 13);
    nts_outcome_t outcomes[13];

    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "some pairs cannot be bound");
    for (int i = 0; i < 13; i++) {
        const char *name = apr_psprintf(pool, "%s and %s", pairs[i].notion, pairs[i].external);

        tap_str(outcomes[i].code, codes[i], "%s", name);
        tap_ok((pairs[i].domain != NULL) == (codes[i] == NULL), "%s: %s", name,
               codes[i] ? "suspended" : "has a domain");
        if (codes[i]) {
            tap_ok(outcomes[i].field && outcomes[i].advice && outcomes[i].what, "told: %s; %s",
                   outcomes[i].what, outcomes[i].advice ? outcomes[i].advice : "nothing");
        }
    }
    tap_str(pairs[0].notion_id, "title", "a property is found by its name, not by another's id");
    tap_str(pairs[1].notion_id, "a>b", "and its id is kept");
    tap_ok(pairs[2].computed[NTS_NOTION] && !pairs[2].computed[NTS_EXTERNAL], "computed is known");
    tap_ok(!pairs[2].unannounced[NTS_NOTION], "and that it is computed only once");
}

#define HERE "ffffffff-0000-4000-8000-0000000000aa"
#define THERE "ffffffff-0000-4000-8000-0000000000bb"

/* Two data sources, each of which is half of what a relation is checked against, and of what goes one way. */
static void test_between(void)
{
    nts_schema_field_t here[] = {
        { "c",
          "Client",
          { .kind = NTS_TYPE_REFERENCE, .native = "relation", .nullable = 1, .target = HERE } },
        { "s", "Site", { .kind = NTS_TYPE_TEXT, .native = "rich_text", .nullable = 1 } },
        { "w", "Who", { .kind = NTS_TYPE_PEOPLE, .native = "people", .nullable = 1 } },
    };
    nts_schema_field_t there[] = {
        { "k",
          "Kunde",
          { .kind = NTS_TYPE_REFERENCE,
            .native = "relation",
            .nullable = 1,
            .target = THERE,
            .mirrored = 1 } },
        { "o", "Ort", { .kind = NTS_TYPE_PLACE, .native = "place", .nullable = 1, .one_way = 1 } },
        { "x", "Wer", { .kind = NTS_TYPE_PEOPLE, .native = "people", .nullable = 1 } },
    };
    nts_schema_t left = schema_of(here, 3);
    nts_schema_t right = schema_of(there, 3);
    nts_pair_t pairs[] = { pair_of("Client", "Kunde", NTS_BOTH), pair_of("Site", "Ort", NTS_BOTH),
                           pair_of("Who", "Wer", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 3);
    nts_mapping_t clients = mapping_of(NULL, 0);
    nts_mapping_t *all[] = { &mapping, &clients };
    nts_setup_t setup = { .mappings = all, .mapping_count = 2 };
    nts_users_t *people[NTS_SIDE_COUNT] = { nts_users_make(0, pool), nts_users_make(0, pool) };
    nts_option_t person = { "dddddddd-0000-4000-8000-000000000001", "" };
    nts_value_t shown = nts_value_set(&person, 1, pool), common, value;
    nts_outcome_t outcomes[3];

    nts_users_add(people[0], "dddddddd-0000-4000-8000-000000000001", "ada@e.org", NULL);
    nts_users_add(people[1], "dddddddd-0000-4000-8000-000000000101", "ada@e.org", NULL);
    left.people = people[0];
    right.people = people[1];
    clients.name = "clients";
    clients.id = 9;
    clients.data_source = HERE;
    clients.collection = THERE;
    pairs[0].relation = "clients";
    pairs[0].options.reference = 1;
    nts_setup_join(&setup);
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "two data sources");
    tap_ok(pairs[0].domain && pairs[0].relation_id == 9,
           "a relation refers to one mapping on both sides: %s",
           outcomes[0].what ? outcomes[0].what : "bound");
    tap_ok(pairs[0].unannounced[NTS_EXTERNAL] && !pairs[0].unannounced[NTS_NOTION],
           "of whose two ends no event tells, at the side that has them");
    tap_str(outcomes[1].code, "mapping.one_way", "a place of the other side goes one way, too");
    tap_ok(outcomes[1].what && strstr(outcomes[1].what, "'Ort' (place)"), "which is said: %s",
           outcomes[1].what);
    (void)nts_domain_project(&common, pairs[2].domain, NTS_NOTION, &shown, NULL, pool);
    tap_ok(nts_domain_render(&value, pairs[2].domain, NTS_EXTERNAL, &common, NULL, pool) ==
                   APR_SUCCESS &&
               !strcmp(value.as.set.options[0].id, "dddddddd-0000-4000-8000-000000000101"),
           "people are looked for in each side's own list");
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        const char *source = nts_mapping_collection(&clients, (nts_side_t)side);
        const char **field = side == NTS_NOTION ? &here[0].type.target : &there[0].type.target;

        *field = "ffffffff-0000-4000-8000-0000000000cc";
        (void)nts_mapping_bind(&mapping, &left, &right, outcomes, pool);
        tap_str(outcomes[0].code, "mapping.relation",
                "another data source than the mapping's is refused");
        tap_ok(outcomes[0].what &&
                   strstr(outcomes[0].what, side == NTS_NOTION ? "'Client'" : "'Kunde'") &&
                   strstr(outcomes[0].what, source),
               "by the name of its side: %s", outcomes[0].what ? outcomes[0].what : "");
        *field = source;
    }
}

/* The other side's fields are properties, too. */
static void test_two_sources(void)
{
    nts_schema_field_t here[] = { properties[0], properties[1] };
    nts_schema_field_t there[] = { properties[1], properties[0], properties[4] };
    nts_schema_t left = schema_of(here, 2);
    nts_schema_t right = schema_of(there, 3);
    nts_pair_t pairs[] = { pair_of("Name", "Called", NTS_BOTH),
                           pair_of("Amount", "Amount", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 2);
    nts_outcome_t outcomes[2];

    right.has_ids = 1;
    there[1].name = "title";
    there[2].id = "odd";
    there[2].name = "Called";
    pairs[0].external = "title";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "two data sources are bound");
    tap_str(pairs[0].external_id, "title", "by the names of both");
    there[1].name = "Renamed";
    there[2].name = "title";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "S5.4: a property of the other one may be renamed");
    tap_str(pairs[0].external_id, "title", "and is not the one that has its name since");
    right.count = 1;
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "one that was deleted");
    tap_str(outcomes[0].code, "mapping.property_gone", "is one of Notion's");
    tap_str(outcomes[0].what, "the property 'title' was deleted in the other data source",
            "and said to be the other one's");
    pairs[0].external_id = NULL;
    (void)nts_mapping_bind(&mapping, &left, &right, outcomes, pool);
    tap_str(outcomes[0].what, "the other data source has no property 'title'",
            "so is one that was never there");
    right.count = 3;
    pairs[0].external = "title";
    pairs[0].notion = "Amount";
    pairs[0].notion_id = NULL;
    pairs[1].external = "Formerly";
    pairs[0].external_id = pairs[1].external_id = "odd";
    (void)nts_mapping_bind(&mapping, &left, &right, outcomes, pool);
    tap_str(outcomes[1].code, "mapping.written_twice",
            "two pairs that write one property are known by its id");
}

static void test_rename(void)
{
    nts_schema_field_t renamed[] = { properties[0], properties[1] };
    nts_schema_t left = schema_of(renamed, 2);
    nts_schema_t right = schema_of(columns, 5);
    nts_pair_t pairs[] = { pair_of("Name", "name", NTS_BOTH),
                           pair_of("Amount", "amount", NTS_BOTH) };
    nts_mapping_t mapping = mapping_of(pairs, 2);
    nts_outcome_t outcomes[2];

    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "all pairs are bound");
    renamed[1].name = "Price";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "a renamed property is the same property (S5.4)");
    renamed[1].id = "other";
    renamed[1].name = "Amount";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_EMISMATCH,
            "another property of the old name is not");
    tap_str(outcomes[1].code, "mapping.property_gone", "and the outcome says so");
    tap_ok(strstr(outcomes[1].what, "is another") != NULL, "in words: %s", outcomes[1].what);
    tap_ok(!pairs[1].domain && pairs[0].domain, "only that pair is suspended");
    renamed[1].id = "a>b";
    tap_int(nts_mapping_bind(&mapping, &left, &right, outcomes, pool), APR_SUCCESS,
            "restored, it goes on");
}

static void test_schema_json(void)
{
    static const nts_option_t options[] = { { "i1", "Open" }, { NULL, "Won" } };
    nts_schema_field_t fields[] = {
        properties[1],
        columns[3],
        { "st",
          "Stage",
          { .kind = NTS_TYPE_OPTION,
            .native = "select",
            .nullable = 1,
            .options = options,
            .option_count = 2,
            .options_open = 1 } },
    };
    nts_schema_t schema = schema_of(fields, 3);
    nts_json_t *object = nts_json_make_object(pool);
    nts_json_t *again = nts_json_make_object(pool);
    nts_schema_t *back = NULL;

    schema.instance = "i";
    schema.counter = APR_INT64_C(1) << 60;
    schema.key = "id";
    schema.provisioned = 1;
    schema.problem = "none";
    nts_schema_to_json(&schema, object);
    tap_int(nts_schema_from_json(&back, object, pool), APR_SUCCESS, "a schema is read back");
    nts_schema_to_json(back, again);
    tap_str(nts_json_text(again, pool), nts_json_text(object, pool), "whole");
    tap_ok(back->counter == schema.counter && back->fields[0].type.binary &&
               back->fields[2].type.options_open,
           "with counter and flags");
    tap_ok(nts_schema_find(back, "st") == &back->fields[2], "found by id");
    tap_ok(nts_schema_find(back, "Stage") == &back->fields[2], "found by name");
    tap_ok(!nts_schema_find(back, "stage"), "names are exact");
    tap_int(nts_schema_from_json(&back, nts_json_make_object(pool), pool), APR_EMISMATCH,
            "an empty object is no schema");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_body_pair();
    test_key_pair();
    test_json();
    test_formats();
    test_key_format();
    test_bad_json();
    test_service();
    test_installed_service();
    test_bind();
    test_between();
    test_two_sources();
    test_rename();
    test_schema_json();
    apr_terminate();
    return tap_done();
}
