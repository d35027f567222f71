/* nts_notion_files.c - files by their addresses, places, and whether a page is verified. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

#define NAME_MAX_UNITS 100 /* of a file's name */
#define LINK "link" /* our word for what the other side knows the file by, in nts_value_t.rich */

/* --- files */

/* What the other side knows a file by. One that Notion keeps has another address each time it is shown: none to compare, or to hand
 * on. NULL: nothing. */
static const char *address_of(const nts_json_t *file, const nts_notion_place_t *place,
                              apr_pool_t *p)
{
    const char *address = nts_json_string(nts_json_path(file, "external", "url", NULL));

    return address && *address ? address : nts_notion_held_link(file, place, p);
}

/* For those who write it again, here or on the other side. */
static void note_shown(nts_json_t *shown, const nts_json_t *file, const char *address)
{
    nts_json_t *note = nts_json_add_object(shown, NULL);

    nts_json_add_string(note, LINK, address);
    nts_json_add_string(note, "name", nts_json_get_string(file, "name"));
    if (nts_notion_held_address(file)) {
        nts_json_add_copy(note, "file", nts_json_get(file, "file"));
    }
}

nts_value_t nts_notion_read_files(const nts_json_t *files, const nts_notion_place_t *place,
                                  apr_pool_t *p)
{
    int count = nts_json_count(files);
    nts_option_t *list = apr_pcalloc(p, sizeof(*list) * (apr_size_t)(count + 1));
    nts_json_t *shown = nts_json_make_array(p);
    nts_value_t value;

    if (nts_json_type(files) != NTS_JSON_ARRAY) {
        return nts_value_opaque("files of an unknown form");
    }
    for (int i = 0; i < count; i++) {
        const nts_json_t *file = nts_json_at(files, i);
        const char *address = address_of(file, place, p);

        if (!address) {
            return nts_value_opaque("a file that Notion keeps, whose address changes each hour "
                                    "(NotionSyncFileBase gives it a link that lasts)");
        }
        list[i].name = apr_pstrdup(p, address);
        note_shown(shown, file, address);
    }
    value = nts_value_set(list, count, p);
    value.rich = count ? nts_json_text(shown, p) : NULL; /* what people call them */
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

/* Notion takes no longer name, though it may show one. */
static const char *cut_name(const char *name, apr_pool_t *p)
{
    return apr_pstrmemdup(p, name, nts_utf16_offset(name, NAME_MAX_UNITS));
}

static void add_external(nts_json_t *list, const char *name, const char *address, apr_pool_t *p)
{
    nts_json_t *file = nts_json_add_object(list, NULL);

    nts_json_add_string(file, "name", cut_name(name, p));
    nts_json_add_string(file, "type", "external");
    nts_json_add_string(nts_json_add_object(file, "external"), "url", address);
}

/* A file that the page has, as it has it: what Notion keeps it knows by the address that it has just shown. */
static void add_old(nts_json_t *list, const nts_json_t *file, const char *address, apr_pool_t *p)
{
    const char *name = nts_json_get_string(file, "name");
    nts_json_t *held;

    name = name && *name ? name : name_of(address, p);
    if (!nts_notion_held_address(file)) {
        add_external(list, name, address, p);
        return;
    }
    held = nts_json_add_object(list, NULL);
    nts_json_add_string(held, "name", cut_name(name, p));
    nts_json_add_string(held, "type", "file");
    nts_json_add_copy(held, "file", nts_json_get(file, "file"));
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

static int is_listed(const apr_array_header_t *addresses, const char *address)
{
    for (int i = 0; i < addresses->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(addresses, i, const char *), address) == 0) {
            return 1;
        }
    }
    return 0;
}

/* What a side has shown of its files; NULL: nothing. */
static const nts_json_t *shown_files(const nts_value_t *value, apr_pool_t *p)
{
    const char *rich = value ? value->rich : NULL;
    const nts_json_t *files = NULL;

    return rich && nts_json_parse(&files, rich, strlen(rich), NULL, p) == APR_SUCCESS ? files
                                                                                      : NULL;
}

static const char *name_beside(const nts_json_t *files, const char *address)
{
    for (int i = 0; i < nts_json_count(files); i++) {
        const nts_json_t *file = nts_json_at(files, i);
        const char *link = nts_json_get_string(file, LINK);
        const char *name = nts_json_get_string(file, "name");

        if (link && name && *name && strcmp(link, address) == 0) {
            return name;
        }
    }
    return NULL;
}

typedef enum link_t { NO_LINK, LINK_HERE, LINK_THERE } link_t;

/* A link of ours is an address for this page if it leads to the mapping's other side. A file of this side, or of another mapping, is none
 * elsewhere: whoever is sent there would be sent back. */
static link_t judge_link(const char *address, const nts_notion_place_t *place, apr_pool_t *p)
{
    const nts_key_t *key = place->conn->file_key;
    nts_file_name_t name;
    nts_side_t side;

    if (!key || nts_file_link_parse(&name, address, key, p) != APR_SUCCESS) {
        return NO_LINK;
    }
    return nts_file_name_is_of(&side, &name, place->ask->mapping, p) && side != place->ask->side
               ? LINK_THERE
               : LINK_HERE;
}

const char *nts_notion_write_files(nts_json_t *list, const nts_value_t *value,
                                   const nts_value_t *before, const nts_value_t *beside,
                                   const nts_notion_place_t *place, apr_pool_t *p)
{
    const nts_json_t *old = shown_files(before, p);
    const nts_json_t *far = shown_files(beside, p);
    apr_array_header_t *listed = apr_array_make(p, 8, sizeof(const char *));

    if (value->kind != NTS_VALUE_SET) {
        return NULL;
    }
    for (int i = 0; i < nts_json_count(old); i++) {
        const nts_json_t *file = nts_json_at(old, i);
        const char *address = nts_json_get_string(file, LINK);

        if (address && is_wanted(value, address)) {
            add_old(list, file, address, p);
            APR_ARRAY_PUSH(listed, const char *) = address;
        }
    }
    for (int i = 0; i < value->as.set.count; i++) {
        const char *address = value->as.set.options[i].name;
        const char *name = name_beside(far, address);
        link_t link = judge_link(address, place, p);

        if (is_listed(listed, address)) {
            continue;
        }
        if (link == LINK_HERE) {
            return apr_pstrcat(p, address,
                               " is a link to a file that Notion keeps elsewhere, or kept here; "
                               "Notion takes none through a link",
                               NULL);
        }
        name = name ? name : link == LINK_THERE ? "file" : name_of(address, p);
        add_external(list, name, address, p);
    }
    return NULL;
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
