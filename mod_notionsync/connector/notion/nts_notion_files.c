/* nts_notion_files.c - files by their addresses, places, and whether a page is verified. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

#define NAME_MAX_UNITS 100 /* of a file's name */

/* --- files */

static const char *address_of(const nts_json_t *file)
{
    return nts_json_string(nts_json_path(file, "external", "url", NULL));
}

/* A file that Notion keeps has another address each time it is shown: none to compare, or to hand on. */
nts_value_t nts_notion_read_files(const nts_json_t *files, apr_pool_t *p)
{
    int count = nts_json_count(files);
    nts_option_t *list = apr_pcalloc(p, sizeof(*list) * (apr_size_t)(count + 1));
    nts_value_t value;

    if (nts_json_type(files) != NTS_JSON_ARRAY) {
        return nts_value_opaque("files of an unknown form");
    }
    for (int i = 0; i < count; i++) {
        const char *address = address_of(nts_json_at(files, i));

        if (!address || *address == '\0') {
            return nts_value_opaque("a file that Notion keeps, whose address changes each hour");
        }
        list[i].name = apr_pstrdup(p, address);
    }
    value = nts_value_set(list, count, p);
    value.rich = count ? nts_json_text(files, p) : NULL; /* what people call them */
    return value;
}

/* What stands behind the last slash of an address, as people would call the file. */
static const char *name_of(const char *address, apr_pool_t *p)
{
    const char *path = strstr(address, "://");
    const char *name;
    apr_size_t len = strcspn(address, "?#");

    path = path ? path + 3 : address;
    while (len > (apr_size_t)(path - address) && address[len - 1] == '/') {
        len--;
    }
    name = apr_pstrmemdup(p, path, len - (apr_size_t)(path - address));
    name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    name = apr_pstrmemdup(p, name, nts_utf16_offset(name, NAME_MAX_UNITS));
    return *name ? name : "file";
}

static void add_file(nts_json_t *list, const char *name, const char *address)
{
    nts_json_t *file = nts_json_add_object(list, NULL);

    nts_json_add_string(file, "name", name);
    nts_json_add_string(file, "type", "external");
    nts_json_add_string(nts_json_add_object(file, "external"), "url", address);
}

static int is_wanted(const nts_value_t *set, const char *address)
{
    for (int i = 0; i < set->as.set.count; i++) {
        if (strcmp(set->as.set.options[i].name, address) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_listed(const nts_json_t *files, const char *address)
{
    for (int i = 0; i < nts_json_count(files); i++) {
        const char *other = address_of(nts_json_at(files, i));

        if (other && strcmp(other, address) == 0) {
            return 1;
        }
    }
    return 0;
}

void nts_notion_write_files(nts_json_t *list, const nts_value_t *value, const nts_value_t *before,
                            apr_pool_t *p)
{
    const char *shown = before ? before->rich : NULL;
    const nts_json_t *old = NULL;

    if (value->kind != NTS_VALUE_SET) {
        return;
    }
    if (shown && nts_json_parse(&old, shown, strlen(shown), NULL, p) != APR_SUCCESS) {
        old = NULL;
    }
    for (int i = 0; i < nts_json_count(old); i++) {
        const nts_json_t *file = nts_json_at(old, i);
        const char *name = nts_json_get_string(file, "name");

        if (is_wanted(value, address_of(file))) {
            add_file(list, name && *name ? name : name_of(address_of(file), p), address_of(file));
        }
    }
    for (int i = 0; i < value->as.set.count; i++) {
        const char *address = value->as.set.options[i].name;

        if (!is_listed(old, address)) {
            add_file(list, name_of(address, p), address);
        }
    }
}

/* --- verification: of the page as a whole, so no more than a word */

nts_value_t nts_notion_read_verification(const nts_json_t *verification, apr_pool_t *p)
{
    const char *state = nts_json_get_string(verification, "state");

    if (!state) {
        return nts_value_opaque("a verification of an unknown form");
    }
    return strcmp(state, "unverified") == 0 ? nts_value_null
                                            : nts_value_option(NULL, apr_pstrdup(p, state));
}

const char *nts_notion_write_verification(nts_json_t *verification, const nts_value_t *value)
{
    int is_given = value->kind == NTS_VALUE_OPTION;

    if (is_given && strcmp(value->as.option.name, "verified") != 0) {
        return "a page can be verified, or not; the rest Notion says itself";
    }
    nts_json_add_string(verification, "state", is_given ? "verified" : "unverified");
    return NULL;
}

/* --- places: JSON in the text, as the domain spells it */

nts_value_t nts_notion_read_place(const nts_json_t *place, apr_pool_t *p)
{
    return nts_json_type(place) == NTS_JSON_OBJECT ? nts_value_text(nts_json_text(place, p))
                                                   : nts_value_opaque("a place of an unknown form");
}

const char *nts_notion_write_place(nts_json_t *property, const char *native,
                                   const nts_value_t *value, apr_pool_t *p)
{
    const nts_json_t *place;

    if (value->kind != NTS_VALUE_TEXT) {
        nts_json_add_null(property, native);
        return NULL;
    }
    if (nts_json_parse(&place, value->as.text, strlen(value->as.text), NULL, p) != APR_SUCCESS) {
        return "the text is no JSON";
    }
    nts_json_add_copy(property, native, place);
    return NULL;
}
