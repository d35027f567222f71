/* mod_notionsync.c - the module record and its hooks. */
#include "httpd/mns_check.h"

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_check_config(mns_config_check, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(notionsync) = {
    STANDARD20_MODULE_STUFF, mns_dir_create, mns_dir_merge,  mns_server_create,
    mns_server_merge,        mns_directives, register_hooks, AP_MODULE_FLAG_NONE,
};
