/* mns_file.c - links to files that Notion keeps: whoever has one is sent to where the file is now.
 *
 * Nothing is looked up here: the link itself says which file it means, and proves that we made it. Where the file is the group's worker
 * tells, from memory or after one request to Notion (nts_files.h). Who may come is httpd's business, which has asked him by now.
 */
#include <string.h>

#include <httpd.h>
#include <http_log.h>

#include "httpd/mns_serve.h"
#include "httpd/mns_vault.h"
#include "model/nts_file.h"
#include "queue/nts_desk.h"
#include "worker/nts_files.h"

APLOG_USE_MODULE(notionsync);

/* A thread of httpd is held up for no longer. */
#define WAIT_MAX apr_time_from_sec(10)
#define LATER 5

#define GONE (-1)
#define ELSEWHERE (-2)

/* The number of the mapping that the link was made for; GONE: it is configured no more. ELSEWHERE: its links lead to another location,
 * which may let other people in. */
static int find_mapping(const request_rec *r, const mns_dir_t *dir, const mns_core_t *core,
                        const nts_file_name_t *name)
{
    apr_size_t len = strlen(dir->path);
    int i = 0;
    const nts_mapping_t *mapping;
    const char *path;
    nts_side_t side;

    len -= len > 0 && dir->path[len - 1] == '/';
    while (i < core->setup.mapping_count &&
           !nts_file_name_is_of(&side, name, core->setup.mappings[i], r->pool)) {
        i++;
    }
    mapping = i < core->setup.mapping_count ? core->setup.mappings[i] : NULL;
    if (!mapping || !mapping->file_base) {
        return GONE;
    }
    path = nts_file_base_path(mapping->file_base);
    return strlen(path) == len && !strncmp(path, dir->path, len) &&
                   !strcmp(mapping->vhost, mns_server_config(r->server)->vhost)
               ? i
               : ELSEWHERE;
}

static int answer_later(request_rec *r, int seconds, const char *why)
{
    apr_table_setn(r->headers_out, "Retry-After", apr_itoa(r->pool, seconds > 0 ? seconds : LATER));
    return mns_answer(r, HTTP_SERVICE_UNAVAILABLE, "%s Try again in a moment.", why);
}

/* Neither is the address for a cache, which would keep it longer than it holds, nor is the link for whoever keeps the file. */
static int send_on(request_rec *r, const char *address)
{
    int status;

    apr_table_setn(r->headers_out, "Location", address);
    status = mns_answer(r, HTTP_MOVED_TEMPORARILY, "The file is there.");
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer");
    return status;
}

static int answer_gone(request_rec *r)
{
    return mns_answer(r, HTTP_GONE,
                      "The file is no longer where this link led: it was taken out of its page, or "
                      "the page is no longer synced.");
}

static int pass_on(request_rec *r, const nts_desk_reply_t *reply)
{
    switch (reply->status) {
    case NTS_FILES_FOUND:
        return send_on(r, apr_pstrdup(r->pool, reply->text));
    case NTS_FILES_GONE:
        return answer_gone(r);
    case NTS_FILES_LATER:
        return answer_later(r, reply->seconds, reply->text);
    default:
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "Notion names an address for a file that nobody is sent to");
        return mns_answer(r, HTTP_BAD_GATEWAY,
                          "Notion does not say where the file is in a way that can be used.");
    }
}

static int ask_worker(request_rec *r, const mns_core_t *core, int mapping,
                      const nts_file_name_t *name)
{
    int owner = nts_segment_owner(core->segment, core->grouping->of_mapping[mapping]);
    nts_desk_reply_t *reply = apr_pcalloc(r->pool, sizeof(*reply));
    apr_status_t rv;

    if (owner < 0) {
        return answer_later(r, LATER, "No worker tends this mapping now.");
    }
    rv = nts_desk_ask(reply, core->segment, owner, name->bytes, sizeof(name->bytes), WAIT_MAX,
                      &nts_clock_system);
    if (rv == APR_SUCCESS) {
        return pass_on(r, reply);
    }
    return answer_later(r, LATER,
                        APR_STATUS_IS_EAGAIN(rv) ? "Too many wait for files already."
                                                 : "The worker of this mapping does not answer.");
}

int mns_file_serve(request_rec *r, const mns_dir_t *dir, mns_child_t *child)
{
    const mns_core_t *core = child->core;
    const char *token = mns_rest_of(r, dir);
    nts_file_name_t name;
    int mapping;

    if (r->method_number != M_GET) {
        apr_table_setn(r->headers_out, "Allow", "GET, HEAD");
        return mns_answer(r, HTTP_METHOD_NOT_ALLOWED, "Files are asked for with GET.");
    }
    mapping = token && nts_file_token_parse(&name, token, &core->vault->file) == APR_SUCCESS
                  ? find_mapping(r, dir, core, &name)
                  : ELSEWHERE;
    if (mapping == ELSEWHERE) {
        return mns_answer(r, HTTP_NOT_FOUND, "There is no such link.");
    }
    return mapping == GONE ? answer_gone(r) : ask_worker(r, core, mapping, &name);
}
