/* mod_notionsync.c - the module record and its hooks. */
#include <httpd.h>
#include <http_config.h>
#include <mpm_common.h>

#include "httpd/mns_check.h"
#include "httpd/mns_serve.h"
#include "httpd/mns_spawn.h"

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_pre_config(mns_core_prepare, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(mns_config_check, NULL, NULL, APR_HOOK_MIDDLE);
    /* Last, so that workers are forked when every other module has what it needs. */
    ap_hook_post_config(mns_core_start, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_monitor(mns_workers_tend, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(mns_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    /* Before handlers that a .htaccess may choose: a location of ours serves nothing else. */
    /* The first that knows the location; access control comes later. */
    ap_hook_header_parser(mns_install_hide, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mns_serve, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

AP_DECLARE_MODULE(notionsync) = {
    STANDARD20_MODULE_STUFF, mns_dir_create, mns_dir_merge,  mns_server_create,
    mns_server_merge,        mns_directives, register_hooks, AP_MODULE_FLAG_NONE,
};
