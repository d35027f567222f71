/* sw_notion_trouble.c - how Notion misbehaves. */
#include <apr_strings.h>

#include "simulation/sw.h"

static const char *const classes[] = { "page_update", "page_create", "page_read", "query", NULL };

/* The fault's action as the control interface takes it. */
static const char *action_of(apr_int64_t fault, apr_int64_t ms, apr_pool_t *p)
{
    int s = (int)(ms / 1000);

    switch (fault) {
    case 0:
        return "{\"status\":503,\"commit\":true}";
    case 1:
        return "{\"status\":503,\"commit\":true,\"committed_resource_id\":false}";
    case 2:
        return "{\"commit_then_cut\":true}";
    case 3:
        return "{\"cut_before\":true}";
    case 4:
        return apr_psprintf(p, "{\"late_commit_ms\":%d,\"cut\":true}", (int)(ms % 55000));
    case 5:
        return apr_psprintf(p, "{\"late_commit_ms\":%d,\"status\":503}", (int)(ms % 55000));
    case 6:
        return "{\"status\":409}";
    case 7:
        return apr_psprintf(p, "{\"status\":429,\"retry_after\":%d}", 1 + s % 60);
    case 8:
        return apr_psprintf(p, "{\"status\":529,\"retry_after\":%d}", 1 + s % 30);
    case 9:
        return "{\"status\":500}";
    case 10:
        return "{\"status\":502}";
    case 11:
        return "{\"status\":504}";
    case 12:
        return "{\"truncate\":true}";
    case 13:
        return "{\"bad_json\":true}";
    case 14:
        return "{\"short_page\":true}";
    case 15:
        return apr_psprintf(p, "{\"late_commit_ms\":%d,\"status\":504}", (int)(ms % 55000));
    default:
        return "{\"status\":503}";
    }
}

static void fault(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);
    int class = (int)(a->n[1] & 0xff) % 5;
    const char *match = classes[class]
                            ? apr_psprintf(notion->w->ptemp, "{\"class\":\"%s\"}", classes[class])
                            : "{\"path_regex\":\"^/v1/\"}";

    (void)sw_notion_control(notion, "POST", "fault",
                            apr_psprintf(notion->w->ptemp,
                                         "{\"match\":%s,\"after\":%d,\"times\":%d,\"action\":%s}",
                                         match, (int)(a->n[3] & 0xf), (int)(1 + (a->n[2] & 0xf)),
                                         action_of(a->n[0], a->n[4], notion->w->ptemp)));
}

static const sm_kind_t fault_kind = { "notion.fault",
                                      fault,
                                      { "fault", "class", "times", "after", "ms" } };

static void slow(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);

    notion->slow_count = (int)(a->n[0] & 0xff);
    notion->slow = SM_MS(a->n[1]);
}

static const sm_kind_t slow_kind = { "notion.slow", slow, { "count", "ms" } };

static void limit(sm_t *sm, const sm_action_t *a)
{
    sw_notion_t *notion = sw_notion_of(sm, a);

    (void)sw_notion_control(
        notion, "POST", "settings",
        apr_psprintf(notion->w->ptemp, "{\"workspace_limit\":%d}", (int)(a->n[0] & 0xffff)));
}

static const sm_kind_t limit_kind = { "notion.limit", limit, { "requests" } };

static void saving(sm_t *sm, const sm_action_t *a)
{
    sw_notion_of(sm, a)->saving = SM_MS(a->n[0]);
}

static const sm_kind_t saving_kind = { "notion.saving", saving, { "ms" } };

const sm_kind_t *const sw_notion_troubles[] = { &fault_kind, &slow_kind, &limit_kind, &saving_kind,
                                                NULL };
