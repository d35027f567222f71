/* nts_notion_held.c - files that Notion keeps: their links, and where they can be fetched now. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

const char *nts_notion_held_address(const nts_json_t *file)
{
    const char *address = nts_json_string(nts_json_path(file, "file", "url", NULL));

    return address && *address ? address : NULL;
}

const char *nts_notion_held_link(const nts_json_t *file, const nts_notion_place_t *place,
                                 apr_pool_t *p)
{
    const char *address = nts_notion_held_address(file);
    nts_file_name_t name;

    if (!address || !place || !place->conn->file_key || !place->ask->mapping->file_base ||
        nts_file_name_make(&name, place->ask->mapping, place->ask->side, place->page,
                           place->property, address, p) != APR_SUCCESS) {
        return NULL;
    }
    return nts_file_link(&name, place->ask->mapping->file_base, place->conn->file_key, p);
}

/* --- where people may be sent */

static const char *host_of(const char *address, apr_pool_t *p)
{
    const char *start = strstr(address, "://");
    char *host;

    if (!start) {
        return "";
    }
    host = apr_pstrmemdup(p, start + 3, strcspn(start + 3, "/?#"));
    host[strcspn(host, ":")] = '\0';
    return host;
}

static int ends_in(const char *host, const char *domain)
{
    apr_size_t len = strlen(host);
    apr_size_t tail = strlen(domain);

    return len > tail && nts_str_equal_nocase(host + len - tail, domain);
}

static int is_plain(const char *address)
{
    const char *c = address;

    while ((unsigned char)*c > ' ' && (unsigned char)*c < 0x7f && *c != '\\' && *c != '"') {
        c++;
    }
    return *c == '\0';
}

/* Somebody is sent there without looking: to the places where Notion keeps files, or to the machine that is asked in its stead, and
 * with no less than that is asked with. */
static int is_fetchable(const nts_connection_t *conn, const char *address, apr_pool_t *p)
{
    static const char *const domains[] = { ".amazonaws.com", ".notion.so", ".notion.com",
                                           ".notion-static.com", ".notionusercontent.com" };
    const char *host = host_of(address, p);
    int is_secure = strncmp(address, "https://", 8) == 0;

    if (!is_plain(address) || strchr(host, '@')) {
        return 0;
    }
    if (nts_str_equal_nocase(host, host_of(conn->endpoint, p))) {
        return is_secure ||
               (strncmp(address, "http://", 7) == 0 && strncmp(conn->endpoint, "http://", 7) == 0);
    }
    for (int i = 0; is_secure && i < (int)(sizeof(domains) / sizeof(domains[0])); i++) {
        if (ends_in(host, domains[i])) {
            return 1;
        }
    }
    return 0;
}

/* --- all files of a page */

typedef struct search_t {
    nts_op_t *op;
    const char *page;
    apr_array_header_t *found; /* nts_file_t */
} search_t;

static void add_file(const search_t *search, const nts_json_t *file, const char *property)
{
    const nts_op_t *op = search->op;
    const char *address = nts_notion_held_address(file);
    const char *expires = nts_json_string(nts_json_path(file, "file", "expiry_time", NULL));
    nts_file_t held = { 0 };

    if (!address || nts_file_name_make(&held.name, op->ask.mapping, op->ask.side, search->page,
                                       property, address, op->p) != APR_SUCCESS) {
        return;
    }
    if (!expires || nts_time_parse(&held.expires, expires) != APR_SUCCESS) {
        held.expires = 0;
    }
    held.address = is_fetchable(op->conn, address, op->p) ? apr_pstrdup(op->p, address) : NULL;
    APR_ARRAY_PUSH(search->found, nts_file_t) = held;
}

static int is_mapped(const nts_ask_t *ask, const char *property)
{
    for (int i = 0; i < ask->mapping->pair_count; i++) {
        const char *id = nts_notion_field_id(ask, i);

        if (id && strcmp(id, property) == 0) {
            return 1;
        }
    }
    return 0;
}

static int take_property(void *baton, const char *name, const nts_json_t *node)
{
    const search_t *search = baton;
    const nts_json_t *files = nts_json_get(node, "files");
    const char *property = nts_notion_property_id(node, search->op->p);

    (void)name;
    if (property && is_mapped(&search->op->ask, property)) {
        for (int i = 0; i < nts_json_count(files); i++) {
            add_file(search, nts_json_at(files, i), property);
        }
    }
    return 0;
}

nts_op_state_t nts_notion_take_held(nts_op_t *op, const nts_json_t *root)
{
    search_t search = { op, op->ask.id, apr_array_make(op->p, 8, sizeof(nts_file_t)) };

    op->answer.record = nts_notion_take_page_object(op, root);
    if (op->answer.record) {
        nts_json_each(nts_json_get(root, "properties"), take_property, &search);
        op->answer.files = (nts_file_t *)(void *)search.found->elts;
        op->answer.file_count = search.found->nelts;
    }
    return NTS_OP_DONE;
}
