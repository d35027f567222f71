/* The module record: what httpd looks for when it loads the file. */
#include <httpd.h>
#include <http_config.h>

AP_DECLARE_MODULE(notionsync) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, NULL, AP_MODULE_FLAG_NONE,
};
