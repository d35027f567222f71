/* nts_notion_people.c - people: as properties show them, and who there is.
 *
 * The list costs a request for each hundred, so a connection keeps it for a while. Guests are not in it, and a connection without the
 * capability gets none: then people are known by what pages show of them.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

/* What was listed is good for so long; whoever misses somebody asks again after that (worker/nts_contact.c). */
#define KEPT apr_time_from_sec(540)
/* Answers of 100 each. */
#define ANSWERS_MAX 1000

/* --- as a property shows them */

int nts_notion_read_person(nts_option_t *person, const nts_json_t *user, apr_pool_t *p)
{
    const char *id = nts_json_get_string(user, "id");
    const nts_json_t *email = nts_json_path(user, "person", "email", NULL);
    const nts_json_t *name = nts_json_get(user, "name");
    const char *text = email ? nts_json_string(email) : NULL;

    person->id = NULL;
    if (!id || nts_uuid_normalise(&person->id, id, p) != APR_SUCCESS) {
        return 0;
    }
    if ((!text || !*text) && name && !nts_json_is_mended(name)) {
        text = nts_json_string(name);
    }
    person->name = apr_pstrdup(p, text ? text : "");
    return 1;
}

nts_value_t nts_notion_read_people(const nts_json_t *people, apr_pool_t *p)
{
    int count = nts_json_count(people);
    nts_option_t *members = apr_pcalloc(p, sizeof(*members) * (apr_size_t)(count + 1));
    nts_value_t value;

    for (int i = 0; i < count; i++) {
        if (!nts_notion_read_person(&members[i], nts_json_at(people, i), p)) {
            return nts_value_opaque("people of an unknown form");
        }
    }
    if (nts_json_type(people) != NTS_JSON_ARRAY) {
        return nts_value_opaque("people of an unknown form");
    }
    value = nts_value_set(members, count, p);
    value.truncated = count >= NTS_NOTION_REFERENCES;
    return value;
}

/* --- who there is */

static int is_mapped(const nts_ask_t *ask, const nts_schema_field_t *field)
{
    const nts_mapping_t *mapping = ask->mapping;

    for (int i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        const char *id = nts_pair_field_id(pair, ask->side);

        if (id ? strcmp(id, field->id) == 0
               : strcmp(nts_pair_field(pair, ask->side), field->name) == 0) {
            return 1;
        }
    }
    return mapping->auto_fields;
}

int nts_notion_need_people(nts_op_t *op, nts_schema_t *schema)
{
    const nts_clock_t *clock = op->conn->clock;
    int is_wanted = 0;

    for (int i = 0; i < schema->count && !is_wanted; i++) {
        is_wanted = schema->fields[i].type.kind == NTS_TYPE_PEOPLE &&
                    is_mapped(&op->ask, &schema->fields[i]);
    }
    if (!is_wanted || op->ask.kind != NTS_ASK_DESCRIBE) {
        return 0;
    }
    if (op->conn->people && clock->mono(clock->baton) - op->conn->people_at < KEPT) {
        schema->people = nts_users_copy(op->conn->people, op->p);
        return 0;
    }
    return 1;
}

static void request_users(nts_op_t *op, const char *cursor)
{
    op->phase = NTS_NOTION_PEOPLE;
    nts_notion_request(op, "GET",
                       cursor ? apr_pstrcat(op->p, "/users?page_size=100&start_cursor=",
                                            nts_percent_encode(cursor, op->p), NULL)
                              : "/users?page_size=100",
                       NULL);
}

nts_op_state_t nts_notion_ask_people(nts_op_t *op)
{
    op->people = nts_users_make(0, op->p);
    op->pages = 0;
    request_users(op, NULL);
    return NTS_OP_SEND;
}

static nts_op_state_t keep(nts_op_t *op, nts_users_t *people)
{
    nts_connection_t *conn = op->conn;
    apr_pool_t *pool;

    (void)apr_pool_create(&pool, conn->p);
    apr_pool_tag(pool, "notion people");
    conn->people = nts_users_copy(people, pool);
    conn->people_at = conn->clock->mono(conn->clock->baton);
    if (conn->people_pool) {
        apr_pool_destroy(conn->people_pool);
    }
    conn->people_pool = pool;
    op->answer.schema->people = people;
    return NTS_OP_DONE;
}

nts_op_state_t nts_notion_take_users(nts_op_t *op, const nts_json_t *root)
{
    const nts_json_t *users = nts_json_get(root, "results");
    const char *next = nts_json_get_string(root, "next_cursor");
    int has_more = nts_json_bool(nts_json_get(root, "has_more"), 0);

    if (!users || nts_json_type(users) != NTS_JSON_ARRAY || (has_more && !next) ||
        ++op->pages >= ANSWERS_MAX) {
        nts_notion_nonsense(op, "the answer was no list of people");
        (void)nts_notion_spare_people(op);
        return NTS_OP_DONE;
    }
    for (int i = 0; i < nts_json_count(users); i++) {
        const nts_json_t *user = nts_json_at(users, i);
        const char *id = nts_json_get_string(user, "id");
        const char *uuid = NULL;

        if (id && nts_uuid_normalise(&uuid, id, op->p) == APR_SUCCESS) {
            nts_users_add(op->people, uuid,
                          nts_json_string(nts_json_path(user, "person", "email", NULL)),
                          nts_json_get_string(user, "name"));
        }
    }
    if (has_more) {
        request_users(op, next);
        return NTS_OP_SEND;
    }
    return keep(op, op->people);
}

/* No token that works, or none for anything at all. */
static int is_about_token(const char *code)
{
    return code &&
           (strcmp(code, "notion.unauthorized") == 0 || strcmp(code, "notion.access_blocked") == 0);
}

/* Without the capability there is no list, which does not keep anybody from reading pages. */
int nts_notion_spare_people(nts_op_t *op)
{
    nts_answer_t *answer = &op->answer;
    int is_refused = answer->result == NTS_RESULT_BLOCKED && !is_about_token(answer->outcome.code);

    if (!is_refused && (answer->result != NTS_RESULT_NOT_DONE || !op->conn->people)) {
        return 0; /* asked again with the rest */
    }
    answer->result = NTS_RESULT_OK;
    memset(&answer->outcome, 0, sizeof(answer->outcome));
    if (is_refused) {
        (void)keep(op, nts_users_make(1, op->p));
    }
    else {
        answer->schema->people = nts_users_copy(op->conn->people, op->p);
    }
    return 1;
}
