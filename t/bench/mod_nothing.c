/* mod_nothing - a handler that reads the request's body and answers 200: what httpd itself costs. */
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

static int answer(request_rec *r)
{
    char buffer[8192];
    int rv;

    if (!r->handler || strcmp(r->handler, "nothing") != 0) {
        return DECLINED;
    }
    rv = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    if (rv != OK) {
        return rv;
    }
    if (ap_should_client_block(r)) {
        while (ap_get_client_block(r, buffer, sizeof(buffer)) > 0) {
            continue;
        }
    }
    ap_set_content_type(r, "text/plain");
    (void)ap_rputs("Nothing.\n", r);
    return OK;
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(nothing) = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL,
                               register_hooks,          0 };
