/* ctl_plan.c - plan: what a run would do, to read, to save, and to carry out later. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/nts_str.h"
#include "tool/ctl.h"
#include "tool/ctl_plan.h"

#define PAGE 200
#define WIDTH 60

/* ---- the list for people ---- */

static const char *where(const nts_plan_item_t *item, apr_pool_t *p)
{
    const char *page = item->page ? apr_pstrcat(p, " page ", item->page, NULL) : "";
    const char *key = item->key ? apr_pstrcat(p, " key ", item->key, NULL) : "";

    return apr_pstrcat(p, page, key, NULL);
}

static const char *display(const nts_value_t *value, apr_pool_t *p)
{
    if (value->kind == NTS_VALUE_ABSENT) {
        return "not there";
    }
    return apr_pstrcat(p, "'", nts_value_display(value, WIDTH, p), "'", NULL);
}

static void print_field(const nts_plan_field_t *field, apr_pool_t *p)
{
    const char *to = field->write[NTS_NOTION] && field->write[NTS_EXTERNAL] ? "both sides"
                     : field->write[NTS_NOTION]                             ? "notion"
                                                                            : "external";
    const char *line;

    if (field->after.kind == NTS_VALUE_ABSENT) {
        line =
            apr_psprintf(p, "      %s: notion %s, external %s: not written: %s", field->name,
                         display(&field->now[NTS_NOTION], p), display(&field->now[NTS_EXTERNAL], p),
                         field->reason ? field->reason : "?");
    }
    else {
        line =
            apr_psprintf(p, "      %s: notion %s, external %s; %s gets %s%s%s%s", field->name,
                         display(&field->now[NTS_NOTION], p), display(&field->now[NTS_EXTERNAL], p),
                         to, display(&field->after, p), field->reason ? " (" : "",
                         field->reason ? field->reason : "", field->reason ? ")" : "");
    }
    printf("%s\n", nts_str_printable(line, p));
}

void ctl_plan_print_item(const nts_plan_row_t *row, apr_pool_t *p)
{
    static const char marks[] = { '+', '~', '-', '<', '=', '?', '?', '!', '.' };
    const nts_plan_item_t *item = row->item;
    int i;

    printf(
        "  %c %s%s%s\n", marks[item->kind], nts_plan_kind_name(item->kind),
        item->kind == NTS_PLAN_CREATE || item->kind == NTS_PLAN_DELETE ||
                item->kind == NTS_PLAN_RESTORE
            ? item->side == NTS_NOTION ? " in notion" : " in external"
            : "",
        nts_str_printable(apr_pstrcat(p, item->title ? " \"" : "", item->title ? item->title : "",
                                      item->title ? "\"" : "", ",", where(item, p), NULL),
                          p));
    if (item->over_limit) {
        printf("      a run holds it: more deletes in an hour than the limit allows; applying this "
               "plan approves it\n");
    }
    if (item->note) {
        printf("      %s\n", nts_str_printable(item->note, p));
    }
    for (i = 0; i < item->field_count; i++) {
        const nts_value_t *after = &item->fields[i].after;

        if (item->kind != NTS_PLAN_CREATE || after->kind == NTS_VALUE_ABSENT ||
            !nts_value_is_empty(after)) {
            print_field(&item->fields[i], p);
        }
    }
    if (row->why && row->fate != NTS_PLAN_DONE) {
        printf("      %s: %s\n", nts_plan_fate_name(row->fate), nts_str_printable(row->why, p));
    }
}

static void print_counts(const nts_plan_counts_t *counts)
{
    int kind, any = 0;

    for (kind = 0; kind < NTS_PLAN_KIND_COUNT; kind++) {
        if (!counts->kinds[kind]) {
            continue;
        }
        any = 1;
        printf("  %6" APR_INT64_T_FMT " %s", counts->kinds[kind],
               nts_plan_kind_name((nts_plan_kind_t)kind));
        if (nts_plan_kind_acts((nts_plan_kind_t)kind)) {
            printf(" (%" APR_INT64_T_FMT " write to notion, %" APR_INT64_T_FMT " to external)",
                   counts->sides[kind][NTS_NOTION], counts->sides[kind][NTS_EXTERNAL]);
        }
        printf("\n");
    }
    if (!any) {
        printf("  nothing to do: both sides are equal\n");
    }
    if (counts->conflicts) {
        printf("  %6" APR_INT64_T_FMT " of them with a conflict\n", counts->conflicts);
    }
    if (counts->over_limit) {
        printf("  %6" APR_INT64_T_FMT
               " of the deletes would be held by a run: more in an hour than "
               "the limit allows\n",
               counts->over_limit);
    }
}

/* Each item through @a fn, page by page. */
apr_status_t ctl_plan_each(ctl_t *ctl, apr_int64_t plan, nts_plan_fate_t least,
                           ctl_plan_item_fn *fn, void *baton)
{
    apr_int64_t after = 0;
    apr_pool_t *p;
    apr_status_t rv;
    int i, count;

    (void)apr_pool_create(&p, ctl->p);
    do {
        nts_plan_row_t *rows;

        apr_pool_clear(p);
        rv = nts_store_get_plan_items(&rows, &count, ctl->store, plan, least, after, PAGE, p);
        for (i = 0; i < count && rv == APR_SUCCESS; i++) {
            after = rows[i].id;
            rv = fn(baton, &rows[i], p);
        }
    } while (count == PAGE && rv == APR_SUCCESS);
    apr_pool_destroy(p);
    return rv;
}

static apr_status_t print_row(void *baton, const nts_plan_row_t *row, apr_pool_t *p)
{
    (void)baton;
    ctl_plan_print_item(row, p);
    return APR_SUCCESS;
}

/* ---- saving ---- */

/*
 * The tool gives up root for the owner of the store, who may not write where the file is to be. So the process
 * splits before: this one keeps the right to, the other one does the work and fills the file; only a file that
 * is whole gets its name.
 */
int ctl_plan_prepare(ctl_t *ctl, const char *const *argv)
{
    char *temporary;
    int status = 0;
    pid_t child;

    (void)argv;
    if (!ctl->save_path) {
        return CTL_DONE;
    }
    temporary = apr_pstrcat(ctl->p, ctl->save_path, ".XXXXXX", NULL);
    ctl->save_fd = mkstemp(temporary); /* 0600 */
    if (ctl->save_fd < 0) {
        return ctl_fail("cannot write beside %s: %s", ctl->save_path, strerror(errno));
    }
    child = fork();
    if (child < 0) {
        (void)unlink(temporary);
        return ctl_fail("cannot start a process: %s", strerror(errno));
    }
    if (child == 0) {
        return CTL_DONE;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    status = WIFEXITED(status) ? WEXITSTATUS(status) : CTL_FAILED;
    if (status == CTL_DONE && rename(temporary, ctl->save_path)) {
        status = ctl_fail("cannot name the file %s: %s", ctl->save_path, strerror(errno));
    }
    if (status != CTL_DONE) {
        (void)unlink(temporary);
    }
    _exit(status); /* the other process has said everything */
}

static int save(ctl_t *ctl, const nts_mapping_t *mapping, const nts_plan_t *plan)
{
    FILE *file = fdopen(ctl->save_fd, "w");
    int bad = !file || ctl_plan_write(ctl, file, mapping, plan) != APR_SUCCESS || fflush(file) ||
              fsync(ctl->save_fd);

    if (file && fclose(file)) {
        bad = 1;
    }
    return bad ? ctl_fail("the plan could not be written: %s", strerror(errno)) : CTL_DONE;
}

/* ---- plan ---- */

int ctl_plan(ctl_t *ctl, int argc, const char *const *argv)
{
    const nts_mapping_t *mapping = ctl_mapping(ctl, argv[0]);
    const nts_json_t *result =
        mapping ? ctl_command(ctl, mapping, "plan", nts_json_make_object(ctl->p)) : NULL;
    nts_plan_t *plan;

    (void)argc;
    if (!result) {
        return CTL_FAILED;
    }
    if (nts_store_get_plan(&plan, ctl->store, nts_json_get_int(result, "plan", 0), ctl->p) !=
        APR_SUCCESS) {
        return ctl_fail("the plan cannot be read any more: another one was made meanwhile");
    }
    if (ctl->json) {
        if (ctl_plan_write(ctl, stdout, mapping, plan) != APR_SUCCESS) {
            return ctl_fail("the plan cannot be read any more");
        }
    }
    else {
        printf("%s: plan %" APR_INT64_T_FMT ", made with %" APR_INT64_T_FMT " requests\n",
               nts_mapping_label(mapping, ctl->p), plan->id, plan->requests);
        print_counts(&plan->counts);
        if (nts_json_bool(nts_json_get(result, "incomplete"), 0)) {
            printf("  Notion's listing did not prove its end: deletes may be missing here\n");
        }
        if (plan->note) {
            printf("  %s\n", nts_str_printable(plan->note, ctl->p));
        }
        if (ctl_plan_each(ctl, plan->id, NTS_PLAN_OPEN, print_row, NULL) != APR_SUCCESS) {
            return ctl_fail("the plan cannot be read any more");
        }
    }
    return ctl->save_path ? save(ctl, mapping, plan) : CTL_DONE;
}

/* ---- apply ---- */

int ctl_apply_prepare(ctl_t *ctl, const char *const *argv)
{
    ctl->plan_file = fopen(argv[0], "re");
    return ctl->plan_file ? CTL_DONE : ctl_fail("cannot read %s: %s", argv[0], strerror(errno));
}

static apr_status_t add_row(void *baton, const nts_plan_row_t *row, apr_pool_t *p)
{
    nts_json_t *node = nts_json_add_object(baton, NULL);

    (void)p;
    nts_json_add_string(node, "fate", nts_plan_fate_name(row->fate));
    nts_json_add_string(node, "why", row->why ? row->why : "");
    nts_plan_item_to_json(row->item, node);
    return APR_SUCCESS;
}

static int report(ctl_t *ctl, apr_int64_t plan, const nts_json_t *result)
{
    apr_int64_t left = nts_json_get_int(result, "refused", 0) +
                       nts_json_get_int(result, "partly", 0) + nts_json_get_int(result, "open", 0);
    apr_status_t rv;

    if (ctl->json) {
        nts_json_t *copy = nts_json_make_object(ctl->p), *node, *list;

        nts_json_add_copy(copy, "result", result);
        node = copy;
        list = nts_json_add_array(node, "items");
        rv = ctl_plan_each(ctl, plan, NTS_PLAN_REFUSED, add_row, list);
        ctl_print_json(ctl, copy);
    }
    else {
        printf("%" APR_INT64_T_FMT " done, %" APR_INT64_T_FMT " refused, %" APR_INT64_T_FMT
               " done in part\n",
               nts_json_get_int(result, "done", 0), nts_json_get_int(result, "refused", 0),
               nts_json_get_int(result, "partly", 0));
        if (nts_json_get_int(result, "open", 0)) {
            printf("%" APR_INT64_T_FMT " were not reached, for Notion's listing did not prove its "
                   "end: apply again\n",
                   nts_json_get_int(result, "open", 0));
        }
        rv = ctl_plan_each(ctl, plan, NTS_PLAN_REFUSED, print_row, NULL);
        if (nts_json_bool(nts_json_get(result, "released"), 0)) {
            printf("the mapping waited for this and goes on\n");
        }
        else if (left) {
            printf("what was refused is shown as it is now by a new plan\n");
        }
    }
    if (rv != APR_SUCCESS) {
        return ctl_fail("what was refused cannot be read any more");
    }
    return left ? CTL_FAILED : CTL_DONE;
}

int ctl_apply(ctl_t *ctl, int argc, const char *const *argv)
{
    nts_json_t *args = nts_json_make_object(ctl->p);
    const nts_mapping_t *mapping = NULL;
    const nts_json_t *result;
    apr_int64_t plan = 0;
    int status = ctl_plan_read(&plan, &mapping, ctl, argv[0]);

    (void)argc;
    if (status) {
        return status;
    }
    nts_json_add_int(args, "plan", plan);
    result = ctl_command(ctl, mapping, "apply", args);
    return result ? report(ctl, plan, result) : CTL_FAILED;
}
