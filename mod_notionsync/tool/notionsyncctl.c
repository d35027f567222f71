/* notionsyncctl - the administrator's command line. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "base/nts_state.h"
#include "base/nts_str.h"
#include "tool/ctl.h"

typedef struct verb_t {
    const char *name;
    ctl_verb_fn *run;
    int min_args, max_args;
    const char *arguments;
    const char *what;
} verb_t;

static const verb_t verbs[] = {
    { "hook", ctl_hook, 1, 1, "SERVICE", "open a handshake for Notion's webhook and wait for it" },
    { "provision", ctl_provision, 1, 1, "MAPPING [--print]",
      "install or repair triggers; make fields that create= names" },
    { "unprovision", ctl_unprovision, 1, 1, "MAPPING [--print]", "remove them" },
    { "status", ctl_status, 0, 1, "[MAPPING]", "how the mappings are" },
    { "explain", ctl_explain, 2, 2, "MAPPING ID", "why a record is or is not in sync" },
    { "audit", ctl_audit, 1, 2, "MAPPING [ID] [--limit N]", "what was changed, newest first" },
    { "reconcile", ctl_reconcile, 1, 1, "MAPPING [--full]", "compare both sides now" },
    { "pause", ctl_pause, 1, 1, "MAPPING", "stop writing; events are kept" },
    { "resume", ctl_resume, 1, 1, "MAPPING", "go on; also accepts another database instance" },
    { "held", ctl_held, 0, 1, "[MAPPING]", "what waits for a person" },
    { "conflicts", ctl_conflicts, 0, 1, "[MAPPING]",
      "fields that wait for a person, with both values" },
    { "failures", ctl_failures, 0, 1, "[MAPPING]", "what failed and is tried again" },
    { "resolve", ctl_resolve, 3, 4, "MAPPING ID [FIELD] notion|external",
      "decide a held field; for a match: pair OTHER, or apart" },
    { "approve", ctl_approve, 2, 3, "MAPPING ID|--all delete|restore", "decide held deletes" },
    { "retry", ctl_retry, 1, 2, "MAPPING [ID]", "try again now; sync again what was told not to" },
    { "undo", ctl_undo, 0, 1, "ENTRY", "take an audit entry back" },
    { "undo", ctl_undo, 0, 1, "[MAPPING] --record ID|--run ID|--since TIME", "take many back" },
    { "verify", ctl_verify, 1, 1, "MAPPING", "read both sides whole and compare" },
    { "plan", ctl_plan, 1, 1, "MAPPING [--save FILE]", "what a run would do; writes nothing" },
    { "apply", ctl_apply, 1, 1, "FILE", "do just that, if it still fits" },
};
#define VERB_COUNT ((int)(sizeof(verbs) / sizeof(verbs[0])))

static int usage(FILE *to, int status)
{
    int i;

    fprintf(to,
            "usage: notionsyncctl [--state FILE] [--key FILE] [--json] [--wait TIME] COMMAND\n\n");
    for (i = 0; i < VERB_COUNT; i++) {
        int room = 42 - (int)strlen(verbs[i].name);

        fprintf(to, "  %s %-*s %s\n", verbs[i].name, room, verbs[i].arguments, verbs[i].what);
    }
    fprintf(to,
            "\n"
            "  --state FILE  the state store (NotionSyncStateDB); default %s,\n"
            "                or the environment's NOTIONSYNC_STATE\n"
            "  --key FILE    the server's key (NotionSyncSecretKey); default: beside the "
            "store, its name with .key\n"
            "  --json        answer for programs\n"
            "  --wait TIME   how long to wait for a worker, such as 30s or 10min; default 10min\n"
            "\n"
            "Exit status: 0 done, 1 difference or failure, 2 usage.\n",
            NTS_STATE_DATABASE);
    return status;
}

static int usage_error(const char *what, const char *found)
{
    fprintf(stderr, "notionsyncctl: %s '%s'; see notionsyncctl --help\n", what, found);
    return CTL_USAGE;
}

/* An option that takes a value: its value, or NULL with *bad set when there is none. */
static const char *value_of(int argc, const char *const *argv, int *i, int *bad)
{
    if (*i + 1 >= argc) {
        *bad = usage_error("a value is missing after", argv[*i]);
        return NULL;
    }
    return argv[++*i];
}

/* Options whose value is taken as it is. */
static const char **text_option(ctl_t *ctl, const char *name)
{
    return !strcmp(name, "--fingerprint") ? &ctl->fingerprint
           : !strcmp(name, "--record")    ? &ctl->record
           : !strcmp(name, "--run")       ? &ctl->run
           : !strcmp(name, "--since")     ? &ctl->since
                                          : NULL;
}

/* Takes one option at argv[*i]; CTL_DONE, or CTL_USAGE having said why. */
static int take_option(ctl_t *ctl, int argc, const char *const *argv, int *i)
{
    const char *name = argv[*i], *value;
    apr_int64_t number;
    int bad = CTL_DONE;

    if (!strcmp(name, "--json")) {
        ctl->json = 1;
    }
    else if (!strcmp(name, "--print")) {
        ctl->print = 1;
    }
    else if (!strcmp(name, "--full")) {
        ctl->full = 1;
    }
    else if (!strcmp(name, "--all")) {
        ctl->all = 1;
    }
    else if (text_option(ctl, name)) {
        *text_option(ctl, name) = value_of(argc, argv, i, &bad);
    }
    else if (!strcmp(name, "--state") || !strcmp(name, "--key")) {
        value = value_of(argc, argv, i, &bad);
        *(name[2] == 's' ? &ctl->state_path : &ctl->key_path) = value;
    }
    else if (!strcmp(name, "--save")) {
        ctl->save_path = value_of(argc, argv, i, &bad);
    }
    else if (!strcmp(name, "--limit")) {
        value = value_of(argc, argv, i, &bad);
        if (value && nts_int_parse(&number, value, 1, 1000) != APR_SUCCESS) {
            return usage_error("--limit takes a number from 1 to 1000, found", value);
        }
        ctl->limit = value ? (int)number : 0;
    }
    else if (!strcmp(name, "--wait")) {
        value = value_of(argc, argv, i, &bad);
        if (value && nts_duration_parse(&ctl->wait, value) != APR_SUCCESS) {
            return usage_error("--wait takes a time such as 30s, found", value);
        }
    }
    else {
        return usage_error("unknown option", name);
    }
    return bad;
}

/* Files that people name are theirs, not the store's owner's: they are opened before root is given up. */
static int prepare(ctl_t *ctl, const char *verb, const char *const *argv)
{
    if (!strcmp(verb, "plan")) {
        return ctl_plan_prepare(ctl, argv);
    }
    return !strcmp(verb, "apply") ? ctl_apply_prepare(ctl, argv) : CTL_DONE;
}

static int run_verb(ctl_t *ctl, int argc, const char *const *argv)
{
    int i, status;

    for (i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, argv[0]) != 0) {
            continue;
        }
        if (argc - 1 < verbs[i].min_args || argc - 1 > verbs[i].max_args) {
            fprintf(stderr, "usage: notionsyncctl %s %s\n", verbs[i].name, verbs[i].arguments);
            return CTL_USAGE;
        }
        status = prepare(ctl, verbs[i].name, argv + 1);
        status = status ? status : ctl_open(ctl);
        return status ? status : verbs[i].run(ctl, argc - 1, argv + 1);
    }
    return usage_error("unknown command", argv[0]);
}

static int run(ctl_t *ctl, int argc, const char *const *argv)
{
    const char **words = apr_pcalloc(ctl->p, (apr_size_t)(argc + 1) * sizeof(*words));
    int i, n = 0, status;

    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) {
            return usage(stdout, CTL_DONE);
        }
        if (!strcmp(argv[i], "--version")) {
            printf("notionsyncctl %s\n", NTS_VERSION);
            return CTL_DONE;
        }
        if (argv[i][0] != '-') {
            words[n++] = argv[i];
            continue;
        }
        status = take_option(ctl, argc, argv, &i);
        if (status) {
            return status;
        }
    }
    return n ? run_verb(ctl, n, words) : usage(stderr, CTL_USAGE);
}

int main(int argc, const char *const *argv)
{
    ctl_t ctl = { 0 };
    int status;

    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS ||
        apr_pool_create(&ctl.p, NULL) != APR_SUCCESS) {
        fprintf(stderr, "notionsyncctl: APR cannot be initialised\n");
        return CTL_FAILED;
    }
    ctl.state_path = getenv("NOTIONSYNC_STATE");
    ctl.wait = apr_time_from_sec(600);
    ctl.limit = 20;
    status = run(&ctl, argc, argv);
    if (ctl.store) {
        nts_store_close(ctl.store);
    }
    apr_pool_destroy(ctl.p);
    apr_terminate();
    return status;
}
