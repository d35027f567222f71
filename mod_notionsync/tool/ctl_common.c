/* ctl_common.c - opening the store, finding names, placing commands. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "base/nts_clock.h"
#include "base/nts_state.h"
#include "base/nts_str.h"
#include "tool/ctl.h"

#define POLL_EVERY 50000                   /* us between looks at a command under way */
#define TAKEN_WITHIN apr_time_from_sec(10) /* after that we say that nobody takes it */

int ctl_fail(const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "notionsyncctl: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    return CTL_FAILED;
}

int ctl_fail_outcome(ctl_t *ctl, const char *doing, const nts_outcome_t *out)
{
    return ctl_fail("%s: %s", doing, nts_outcome_text(out, ctl->p));
}

/* The key belongs to root: it is read before root is given up. */
static void read_key(ctl_t *ctl)
{
    nts_outcome_t out = { 0 };
    nts_key_t master;

    if (!ctl->key_path) {
        ctl->key_path = nts_state_key_path(ctl->state_path, ctl->p);
    }
    ctl->key_status = nts_key_read(&master, ctl->key_path, &out, ctl->p);
    if (ctl->key_status == APR_SUCCESS) {
        ctl->key_status = nts_key_derive(&ctl->hook_key, &master, "hook");
    }
    explicit_bzero(&master, sizeof(master));
}

static int become_owner(const struct stat *info)
{
    const struct passwd *owner;

    if (geteuid() != 0 || info->st_uid == 0) {
        return CTL_DONE;
    }
    owner = getpwuid(info->st_uid);
    if ((owner && initgroups(owner->pw_name, info->st_gid)) || setgid(info->st_gid) ||
        setuid(info->st_uid)) {
        return ctl_fail("cannot become the owner of the state store: %s", strerror(errno));
    }
    return CTL_DONE;
}

int ctl_open(ctl_t *ctl)
{
    nts_store_config_t config = { 0 };
    nts_outcome_t out = { 0 };
    struct stat info;

    if (!ctl->state_path) {
        ctl->state_path = NTS_STATE_DATABASE;
    }
    if (stat(ctl->state_path, &info)) {
        return ctl_fail("the state store %s cannot be found: %s; name it with --state, as "
                        "NotionSyncStateDB does, and start httpd once to create it",
                        ctl->state_path, strerror(errno));
    }
    read_key(ctl);
    if (become_owner(&info)) {
        return CTL_FAILED;
    }
    config.driver = "sqlite3";
    config.params = ctl->state_path;
    config.lock_path = nts_state_lock_path(ctl->state_path, ctl->p);
    config.clock = &nts_clock_system;
    if (nts_store_open(&ctl->store, &config, &out, ctl->p) != APR_SUCCESS) {
        return ctl_fail_outcome(ctl, "the state store cannot be opened", &out);
    }
    if (nts_store_get_setup(&ctl->setup, ctl->store, ctl->p) != APR_SUCCESS) {
        return ctl_fail("the state store %s cannot be read", ctl->state_path);
    }
    return CTL_DONE;
}

const nts_mapping_t *ctl_mapping(ctl_t *ctl, const char *name)
{
    const nts_mapping_t *found = NULL;
    int i, count = 0;

    for (i = 0; i < ctl->setup->mapping_count; i++) {
        const nts_mapping_t *mapping = ctl->setup->mappings[i];

        if (!strcmp(nts_mapping_label(mapping, ctl->p), name)) {
            return mapping;
        }
        if (!strcmp(mapping->name, name)) {
            found = mapping;
            count++;
        }
    }
    if (count == 1) {
        return found;
    }
    (void)ctl_fail(count ? "'%s' names mappings in several virtual hosts; write VHOST/NAME:"
                         : "no mapping is called '%s'; there is:",
                   name);
    for (i = 0; i < ctl->setup->mapping_count; i++) {
        fprintf(stderr, "  %s\n", nts_mapping_label(ctl->setup->mappings[i], ctl->p));
    }
    return NULL;
}

const nts_service_t *ctl_service(ctl_t *ctl, const char *name)
{
    int i;

    for (i = 0; i < ctl->setup->service_count; i++) {
        const nts_service_t *service = ctl->setup->services[i];
        const char *label = *service->vhost
                                ? apr_pstrcat(ctl->p, service->vhost, "/", service->name, NULL)
                                : service->name;

        if (!strcmp(label, name) || !strcmp(service->name, name)) {
            return service;
        }
    }
    (void)ctl_fail("no service is called '%s'", name);
    return NULL;
}

static void show_progress(const nts_json_t *progress, char *shown, apr_size_t room)
{
    const char *text = nts_json_get_string(progress, "text");

    if (text && strcmp(text, shown) != 0) {
        apr_cpystrn(shown, text, room);
        fprintf(stderr, "  %s\n", text);
    }
}

/* Waits for the command's end; the row is re-read into a pool that is cleared each time. */
static nts_command_t *await(ctl_t *ctl, apr_int64_t id)
{
    apr_time_t start = apr_time_now();
    apr_pool_t *turn = NULL;
    nts_command_t *command = NULL;
    char shown[200] = "";
    int warned = 0;

    (void)apr_pool_create(&turn, ctl->p);
    for (;;) {
        const nts_json_t *progress = NULL;

        apr_pool_clear(turn);
        if (nts_store_get_command(&command, ctl->store, id, turn) != APR_SUCCESS) {
            (void)ctl_fail("command %" APR_INT64_T_FMT " cannot be read any more", id);
            return NULL;
        }
        if (!strcmp(command->state, "done") || !strcmp(command->state, "failed")) {
            return command;
        }
        if (command->progress &&
            nts_json_parse(&progress, command->progress, strlen(command->progress), NULL, turn) ==
                APR_SUCCESS &&
            !ctl->json) {
            show_progress(progress, shown, sizeof(shown));
        }
        if (!warned && !strcmp(command->state, "queued") && apr_time_now() - start > TAKEN_WITHIN) {
            (void)ctl_fail(
                "no worker has taken the command yet: is httpd running with this store?");
            warned = 1;
        }
        if (apr_time_now() - start > ctl->wait) {
            (void)ctl_fail("no answer within %s; command %" APR_INT64_T_FMT
                           " stays queued and its result will be on the dashboard",
                           nts_duration_text(ctl->wait, ctl->p), id);
            return NULL;
        }
        apr_sleep(POLL_EVERY);
    }
}

const nts_json_t *ctl_command(ctl_t *ctl, const nts_mapping_t *mapping, const char *verb,
                              nts_json_t *args)
{
    nts_command_t command = { 0 }, *done;
    const nts_json_t *result = NULL;
    apr_int64_t id;

    command.mapping = mapping->id;
    command.verb = verb;
    command.args = nts_json_text(args, ctl->p);
    command.by = "notionsyncctl";
    command.at = apr_time_now();
    if (nts_store_put_command(&id, ctl->store, &command) != APR_SUCCESS) {
        (void)ctl_fail("the command cannot be stored in %s: is the disk full, or the store not "
                       "writable for this user?",
                       ctl->state_path);
        return NULL;
    }
    (void)utime(nts_state_wake_path(ctl->state_path, ctl->p), NULL); /* a hint only */
    done = await(ctl, id);
    if (!done) {
        return NULL;
    }
    if (!done->result ||
        nts_json_parse(&result, done->result, strlen(done->result), NULL, ctl->p) != APR_SUCCESS) {
        result = nts_json_make_object(ctl->p);
    }
    if (!strcmp(done->state, "failed")) {
        const char *text = nts_json_get_string(result, "text");

        if (ctl->json) {
            ctl_print_json(ctl, result);
        }
        (void)ctl_fail("%s failed: %s", verb, text ? text : "no reason was given");
        return NULL;
    }
    return result;
}

void ctl_print_json(ctl_t *ctl, const nts_json_t *node)
{
    printf("%s\n", nts_json_text(node, ctl->p));
}

const char *ctl_when(apr_time_t when, apr_pool_t *p)
{
    apr_time_t now = apr_time_now();

    if (!when) {
        return "never";
    }
    return when <= now ? apr_pstrcat(p, nts_duration_text(now - when, p), " ago", NULL)
                       : apr_pstrcat(p, "in ", nts_duration_text(when - now, p), NULL);
}
