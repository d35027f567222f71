/* ctl_hook.c - walking an administrator through Notion's webhook handshake. */
#include "config.h"

#include <string.h>

#include "base/nts_str.h"
#include "tool/ctl.h"

#define LOOK_EVERY 200000 /* us */
#define OPEN_FOR apr_time_from_sec(1800)

/* Waits until the handshake's state is @a wanted. */
static int await_state(ctl_t *ctl, const nts_service_t *service, const char *wanted)
{
    apr_time_t start = apr_time_now();
    apr_pool_t *turn = NULL;

    (void)apr_pool_create(&turn, ctl->p);
    for (;;) {
        nts_hook_t hook;

        apr_pool_clear(turn);
        if (nts_store_get_hook(&hook, ctl->store, service->id, turn) != APR_SUCCESS) {
            return ctl_fail("the handshake of %s cannot be read", service->name);
        }
        if (!strcmp(hook.state, wanted) || !strcmp(hook.state, "verified")) {
            return CTL_DONE;
        }
        if (apr_time_now() - start > ctl->wait) {
            return ctl_fail("nothing arrived within %s; run the command again when Notion is ready "
                            "to send",
                            nts_duration_text(ctl->wait, ctl->p));
        }
        apr_sleep(LOOK_EVERY);
    }
}

static int show_token(ctl_t *ctl, const nts_service_t *service)
{
    const char *token;

    if (nts_store_get_secret(&token, ctl->store, service, "hook", &ctl->hook_key, ctl->p) !=
        APR_SUCCESS) {
        return ctl_fail("the verification token cannot be opened with the key in %s: is that the "
                        "key httpd runs with?",
                        ctl->key_path);
    }
    printf("Paste this verification token into Notion's form:\n\n  %s\n\n", token);
    (void)fflush(stdout);
    return CTL_DONE;
}

int ctl_hook(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_service_t *service = ctl_service(ctl, argv[0]);
    nts_hook_t hook = { 0 };

    (void)argc;
    if (!service) {
        return CTL_FAILED;
    }
    if (service->kind != NTS_SERVICE_NOTION) {
        return ctl_fail("service %s is not a Notion connection: it has no handshake", argv[0]);
    }
    if (ctl->key_status != APR_SUCCESS) {
        return ctl_fail("the server's key %s cannot be read: run this command as root, or name the "
                        "key with --key",
                        ctl->key_path);
    }
    hook.state = "pending";
    hook.expires = apr_time_now() + OPEN_FOR;
    if (nts_store_put_hook(ctl->store, service->id, &hook) != APR_SUCCESS) {
        return ctl_fail("the handshake cannot be opened: the state store refuses to be written");
    }
    printf(
        "In Notion: Settings, Connections, your connection, Webhooks, Create a subscription.\n"
        "Enter the address of this server's <Location> with \"NotionSyncServe hook\", followed by "
        "/%s:\n\n  https://YOUR-SERVER/notionsync/hook/%s\n\nWaiting for Notion's "
        "verification token ...\n",
        service->name, service->name);
    (void)fflush(stdout);
    if (await_state(ctl, service, "arrived") || show_token(ctl, service)) {
        return CTL_FAILED;
    }
    printf("Waiting for the first signed event (change something in the data source) ...\n");
    (void)fflush(stdout);
    if (await_state(ctl, service, "verified")) {
        return CTL_FAILED;
    }
    printf("A correctly signed event arrived: the subscription works.\n");
    return CTL_DONE;
}
