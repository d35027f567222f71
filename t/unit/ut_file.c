/* ut_file.c - a file that Notion keeps has one name however its address is signed, and a link that nobody else can make. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_file.h"
#include "tap/tap.h"

#define PAGE "eeeeeeee-0000-4000-8000-000000000001"
#define PATH "/11111111-0000-4000-8000-000000000001/Caf%C3%A9.pdf"
#define ADDRESS "https://files.example.org" PATH
#define BASE "https://example.org/notionsync/file"

static apr_pool_t *pool;
static const nts_key_t key = { { 1, 2, 3 } };
static const nts_key_t other_key = { { 1, 2, 4 } };

static nts_file_name_t name_of(const char *mapping, const char *page, const char *property,
                               const char *address)
{
    nts_mapping_t model = { .vhost = "", .name = mapping };
    nts_file_name_t name = { { 0 } };

    if (nts_file_name_make(&name, &model, NTS_NOTION, page, property, address, pool) !=
        APR_SUCCESS) {
        memset(&name, 0xff, sizeof(name));
    }
    return name;
}

static const char *link_of(const char *mapping, const char *page, const char *property,
                           const char *address)
{
    nts_file_name_t name = name_of(mapping, page, property, address);

    return nts_file_link(&name, BASE, &key, pool);
}

static void the_link_outlives_the_address(void)
{
    const char *link = link_of("contacts", PAGE, "a%b", ADDRESS "?X-Amz-Signature=1");

    tap_str(link_of("contacts", PAGE, "a%b", ADDRESS "?X-Amz-Signature=2"), link,
            "another signature makes no other link");
    tap_str(link_of("contacts", PAGE, "a%b", "https://elsewhere.example.org:8443" PATH "#x"), link,
            "nor does another host");
    tap_int(strlen(link) - strlen(BASE "/"), NTS_FILE_TOKEN_LEN, "as long as it should be");
    tap_int(strspn(link + strlen(BASE "/"), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789-_"),
            NTS_FILE_TOKEN_LEN, "of nothing that an address would have to escape");
    tap_ok(strcmp(link_of("orders", PAGE, "a%b", ADDRESS), link) != 0,
           "another mapping, another link");
    tap_ok(strcmp(link_of("contacts", "eeeeeeee-0000-4000-8000-000000000002", "a%b", ADDRESS),
                  link) != 0,
           "another page");
    tap_ok(strcmp(link_of("contacts", PAGE, "a%c", ADDRESS), link) != 0, "another property");
    tap_ok(strcmp(link_of("contacts", PAGE, "a%b", ADDRESS "f"), link) != 0, "another file");
}

static void what_has_no_path_has_no_name(void)
{
    nts_mapping_t model = { .vhost = "", .name = "contacts" };
    nts_file_name_t name;

    tap_int(nts_file_name_make(&name, &model, NTS_NOTION, PAGE, "p",
                               "https://files.example.org/?x=1", pool),
            APR_EINVAL, "an address without a path");
    tap_int(nts_file_name_make(&name, &model, NTS_NOTION, PAGE, "p", "nonsense", pool), APR_EINVAL,
            "no address");
    tap_int(nts_file_name_make(&name, &model, NTS_NOTION, "eeee", "p", ADDRESS, pool), APR_EINVAL,
            "no id of a page");
    tap_int(nts_file_name_make(&name, &model, NTS_NOTION, NULL, "p", ADDRESS, pool), APR_EINVAL,
            "no page");
}

static void a_link_tells_what_it_leads_to(void)
{
    nts_mapping_t contacts = { .vhost = "a.example.org", .name = "contacts" };
    nts_mapping_t orders = { .vhost = "", .name = "contacts" };
    nts_file_name_t name;
    nts_file_name_t read;
    nts_side_t side = NTS_NOTION;
    const char *link;

    (void)nts_file_name_make(&name, &contacts, NTS_EXTERNAL, PAGE, "p", ADDRESS, pool);
    link = nts_file_link(&name, BASE, &key, pool);
    tap_int(nts_file_token_parse(&read, link + strlen(BASE "/"), &key), APR_SUCCESS, "read back");
    tap_ok(nts_file_name_equal(&read, &name), "it is what it was made of");
    tap_str(nts_file_name_page(&read, pool), PAGE, "its page");
    tap_ok(nts_file_name_is_of(&side, &read, &contacts, pool), "its mapping");
    tap_int(side, NTS_EXTERNAL, "and which of its sides");
    tap_ok(!nts_file_name_is_of(&side, &read, &orders, pool), "not one of that name elsewhere");
    tap_ok(nts_file_link_parse(&read, link, &key, pool) == APR_SUCCESS,
           "an address can be seen to be a link");
    memset(&read, 0, sizeof(read));
    tap_ok(nts_file_link_parse(&read,
                               apr_pstrcat(pool, "http://old.example.org/f/",
                                           link + strlen(BASE "/"), "?x=1#y", NULL),
                               &key, pool) == APR_SUCCESS,
           "wherever it led before");
    tap_ok(nts_file_name_is_of(&side, &read, &contacts, pool) && side == NTS_EXTERNAL,
           "and of what");
    tap_ok(nts_file_link_parse(&read, link, &other_key, pool) != APR_SUCCESS,
           "of another server it is none");
    tap_ok(nts_file_link_parse(&read, ADDRESS, &key, pool) != APR_SUCCESS,
           "nor is an address of a file");
    tap_ok(nts_file_link_parse(&read, "", &key, pool) != APR_SUCCESS, "nor is nothing");
}

/* Each character changed, cut, and lengthened. */
static void no_link_can_be_forged(void)
{
    char *token = apr_pstrdup(pool, link_of("contacts", PAGE, "p", ADDRESS) + strlen(BASE "/"));
    nts_file_name_t read;
    int taken = 0;

    tap_int(nts_file_token_parse(&read, token, &key), APR_SUCCESS, "the true one");
    tap_int(nts_file_token_parse(&read, token, &other_key), APR_EINVAL, "under another key");
    for (int i = 0; i < NTS_FILE_TOKEN_LEN; i++) {
        char was = token[i];

        for (const char *c = "AZaz09-_+/= \n"; *c; c++) {
            token[i] = *c;
            taken += *c != was && nts_file_token_parse(&read, token, &key) == APR_SUCCESS;
        }
        token[i] = '\0';
        taken += nts_file_token_parse(&read, token, &key) == APR_SUCCESS;
        token[i] = was;
    }
    tap_int(taken, 0, "none that was changed or cut is taken");
    tap_int(nts_file_token_parse(&read, apr_pstrcat(pool, token, "A", NULL), &key), APR_EINVAL,
            "nor is a longer one");
    tap_int(nts_file_token_parse(&read, apr_pstrcat(pool, token, "=", NULL), &key), APR_EINVAL,
            "nor one with a sign that says no more");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    the_link_outlives_the_address();
    what_has_no_path_has_no_name();
    a_link_tells_what_it_leads_to();
    no_link_can_be_forged();
    tap_str(nts_file_base_path(BASE), "/notionsync/file", "the path below which links are");
    tap_str(nts_file_base_path("https://example.org"), "", "none");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
