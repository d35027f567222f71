/* Files that Notion holds: where they are for the next hour, and what is answered there. */
#include "sim_file.h"

#include <stdlib.h>
#include <string.h>

#define HOST "https://prod-files-secure.s3.us-west-2.amazonaws.com"

static const char *host(void)
{
    return *sim_set.files_at ? sim_set.files_at : HOST;
}

/* not for an attacker: only so that an address that was changed is seen to be */
static uint64_t sign(const char *path, int64_t date, int64_t expires, uint64_t nonce)
{
    const uint64_t prime = 0x100000001b3u;
    uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)sim_set.seed;

    for (; *path; path++) {
        h = (h ^ (unsigned char)*path) * prime;
    }
    h = (h ^ (uint64_t)date) * prime;
    h = (h ^ (h >> 31) ^ (uint64_t)expires) * prime;
    h = (h ^ (h >> 31) ^ nonce) * prime;
    return h ^ (h >> 29);
}

void sim_file_json(sim_buf_t *b, json_object *file)
{
    const char *name = sim_member_str(file, "at");
    char *encoded = sim_percent_encode(name ? name : "file");
    int64_t date = sim_time_now(), expires = sim_set.file_ttl_ms / 1000;
    uint64_t nonce = sim_rand_u64();
    sim_buf_t path = SIM_BUF_INIT;
    char ws[SIM_ID_TEXT];

    sim_id_format(ws, &sim_w.workspace_id);
    sim_buf_fmt(&path, "%s/%s/%s", ws, sim_member_str(file, "hosted"), encoded);
    sim_json_key(b, "url");
    sim_buf_fmt(b,
                "\"%s/%s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%lld&X-Amz-Expires=%lld"
                "&X-Amz-Security-Token=%016llx&X-Amz-Signature=%016llx\"",
                host(), path.s, (long long)date, (long long)expires, (unsigned long long)nonce,
                (unsigned long long)sign(path.s, date, expires, nonce));
    sim_time_json_exact(b, "expiry_time", date + expires * 1000);
    sim_buf_free(&path);
    free(encoded);
}

int sim_file_take(sim_buf_t *out, const char *url)
{
    size_t len = strlen(host()), end;
    char key[SIM_ID_TEXT];
    const char *name;
    char *decoded;
    sim_id_t id;

    /* HOST/workspace/file/name */
    if (!url || strncmp(url, host(), len) != 0 || strlen(url) < len + 2 * SIM_ID_TEXT + 2) {
        return 0;
    }
    memcpy(key, url + len + 1 + SIM_ID_TEXT, SIM_ID_TEXT - 1);
    key[SIM_ID_TEXT - 1] = '\0';
    name = url + len + 1 + 2 * SIM_ID_TEXT;
    end = strcspn(name, "?");
    if (!sim_id_parse(&id, key) || name[-1] != '/' || end == 0) {
        return 0;
    }
    decoded = sim_percent_decode(name, end, 0);
    sim_json_kstr(out, "hosted", key);
    sim_json_kstr(out, "at", decoded);
    free(decoded);
    return 1;
}

int sim_file_is(const sim_req_t *q)
{
    return q->nseg == 4 && strcmp(q->seg[0], "files") == 0;
}

static uint64_t hex_of(const sim_req_t *q, const char *name)
{
    char *text = sim_req_param(q, name);
    uint64_t number = text ? strtoull(text, NULL, 16) : 0;

    free(text);
    return number;
}

void sim_file_serve(sim_req_t *q)
{
    const char *path = q->path + strlen("/files/");
    int64_t date = sim_req_int(q, "X-Amz-Date", 0), expires = sim_req_int(q, "X-Amz-Expires", 0);
    int is_signed = hex_of(q, "X-Amz-Signature") ==
                    sign(path, date, expires, hex_of(q, "X-Amz-Security-Token"));

    q->no_request_id = 1;
    if (is_signed && sim_time_now() <= date + expires * 1000) {
        q->status = 200;
        q->type = "application/octet-stream";
        sim_buf_fmt(&q->out, "file %s %s", q->seg[2], q->seg[3]);
        return;
    }
    q->status = 403;
    q->type = "application/xml";
    sim_buf_fmt(&q->out, "<Error><Code>AccessDenied</Code><Message>%s</Message></Error>",
                is_signed ? "Request has expired" : "Access Denied");
}
