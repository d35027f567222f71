/* ctl_act.c - commands that a worker carries out. */
#include "config.h"

#include <string.h>

#include <apr_strings.h>

#include "base/nts_str.h"
#include "tool/ctl.h"

/* Place a command for the mapping named by argv[0] and print the sentence that comes back. */
static int act(ctl_t *ctl, const char *name, const char *verb, nts_json_t *args,
               const nts_json_t **presult)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, name);
    const nts_json_t *result = mapping ? ctl_command(ctl, mapping, verb, args) : NULL;

    if (presult) {
        *presult = result;
    }
    if (!result) {
        return CTL_FAILED;
    }
    if (ctl->json) {
        ctl_print_json(ctl, result);
    }
    else if (nts_json_get_string(result, "text")) {
        printf("%s\n", nts_str_printable(nts_json_get_string(result, "text"), ctl->p));
    }
    return CTL_DONE;
}

/* What goes to Notion, as a comment in SQL: all of the output can be handed to a database. */
static void print_request(ctl_t *ctl, const char *request)
{
    char *state = NULL;
    char *line;

    for (line = apr_strtok(apr_pstrdup(ctl->p, request), "\n", &state); line;
         line = apr_strtok(NULL, "\n", &state)) {
        printf("-- %s\n", nts_str_printable(line, ctl->p));
    }
}

static int triggers(ctl_t *ctl, const char *name, const char *verb)
{
    nts_json_t *args = nts_json_make_object(ctl->p);
    const nts_json_t *result;
    int status;

    nts_json_add_bool(args, "print", ctl->print);
    status = act(ctl, name, verb, args, &result);
    if (!status && !ctl->json && nts_json_get_string(result, "statements")) {
        printf("%s\n", nts_json_get_string(result, "statements"));
    }
    if (!status && !ctl->json && nts_json_get_string(result, "request")) {
        print_request(ctl, nts_json_get_string(result, "request"));
    }
    return status;
}

int ctl_provision(ctl_t *ctl, int argc, const char *const *argv)
{
    (void)argc;
    return triggers(ctl, argv[0], "provision");
}

int ctl_unprovision(ctl_t *ctl, int argc, const char *const *argv)
{
    (void)argc;
    return triggers(ctl, argv[0], "unprovision");
}

int ctl_reconcile(ctl_t *ctl, int argc, const char *const *argv)
{
    nts_json_t *args = nts_json_make_object(ctl->p);

    (void)argc;
    nts_json_add_bool(args, "full", ctl->full);
    return act(ctl, argv[0], "reconcile", args, NULL);
}

int ctl_pause(ctl_t *ctl, int argc, const char *const *argv)
{
    (void)argc;
    return act(ctl, argv[0], "pause", nts_json_make_object(ctl->p), NULL);
}

int ctl_resume(ctl_t *ctl, int argc, const char *const *argv)
{
    nts_json_t *args = nts_json_make_object(ctl->p);

    (void)argc;
    nts_json_add_bool(args, "accept_instance", 1);
    return act(ctl, argv[0], "resume", args, NULL);
}

static void print_differences(ctl_t *ctl, const nts_json_t *list)
{
    int i;

    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *item = nts_json_at(list, i);
        const char *page = nts_json_get_string(item, "page");
        const char *key = nts_str_printable(nts_json_get_string(item, "key"), ctl->p);
        const char *what = nts_str_printable(nts_json_get_string(item, "what"), ctl->p);

        printf("  page %s key %s: %s%s\n", page ? page : "-", key ? key : "-", what ? what : "?",
               nts_json_bool(nts_json_get(item, "excused"), 0) ? " (parked or held)" : "");
    }
}

/* Fields that nobody has compared. */
static void print_suspended(ctl_t *ctl, const nts_json_t *list)
{
    int i;

    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *field = nts_json_at(list, i);

        printf("  not compared, because suspended: \"%s\" and %s: %s\n",
               nts_str_printable(nts_json_get_string(field, "notion"), ctl->p),
               nts_str_printable(nts_json_get_string(field, "external"), ctl->p),
               nts_str_printable(nts_json_get_string(field, "what"), ctl->p));
    }
}

int ctl_verify(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_json_t *result;
    apr_int64_t different;
    int status = act(ctl, argv[0], "verify", nts_json_make_object(ctl->p), &result);

    (void)argc;
    if (status) {
        return status;
    }
    different = nts_json_get_int(result, "different", -1);
    if (!ctl->json) {
        printf("%s: %" APR_INT64_T_FMT " equal, %" APR_INT64_T_FMT " different, %" APR_INT64_T_FMT
               " parked or held, %" APR_INT64_T_FMT " outside the filter\n",
               argv[0], nts_json_get_int(result, "equal", 0), different,
               nts_json_get_int(result, "excused", 0), nts_json_get_int(result, "outside", 0));
        print_suspended(ctl, nts_json_get(result, "suspended"));
        print_differences(ctl, nts_json_get(result, "differences"));
    }
    return different == 0 ? CTL_DONE : CTL_FAILED;
}
