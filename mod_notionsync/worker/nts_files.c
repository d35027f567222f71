/* nts_files.c - pages that somebody has a link into: read once, kept while their addresses hold, answered from memory. */
#include <string.h>

#include <apr_tables.h>

#include "base/nts_log.h"
#include "worker/nts_contact.h"
#include "worker/nts_files.h"

/* What is kept in memory, at most. */
#define PAGES_MAX 256
#define BYTES_MAX ((apr_size_t)2 * 1024 * 1024)
/* An address is given out no later than so long before it expires, so that a slow browser still gets there; or than a quarter of its life. */
#define MARGIN apr_time_from_sec(300)
/* A page without addresses, and the most that is believed of one. */
#define EMPTY_FOR apr_time_from_sec(60)
#define FRESH_LONGEST apr_time_from_sec(3600)
/* One request in so many of the budget. */
#define SHARE 10
/* To ask again after. */
#define LATER 5

/* Requests of one service in the last window, the oldest next. */
typedef struct share_t {
    const nts_port_t *port;
    apr_time_t *sent; /* monotonic; 0: none */
    int limit;
    int next;
} share_t;

/* A page whose files were asked for. */
typedef struct page_t {
    unsigned char place[NTS_FILE_PLACE_LEN]; /* what the names of its files begin with */
    nts_files_t *files;
    nts_flow_t *flow;
    nts_side_t side;
    const char *id;
    apr_pool_t *p;
    apr_pool_t *reading;       /* of the ask under way; NULL: none is */
    int is_touched;            /* since that was sent */
    apr_time_t fresh_until;    /* monotonic */
    apr_array_header_t *found; /* nts_file_t */
    apr_size_t bytes;
    apr_array_header_t *waiting; /* nts_desk_question_t */
} page_t;

struct nts_files_t {
    nts_group_t *group;
    apr_hash_t *pages; /* by place */
    apr_size_t bytes;  /* of their addresses */
    share_t *shares;   /* one per port of the group */
};

/* --- the share of the budget */

static share_t *share_of(const nts_files_t *files, const nts_port_t *port)
{
    share_t *share = files->shares;

    while (share->port != port) {
        share++;
    }
    return share;
}

/* 0: a request may be sent, and counts; else in how long one may. */
static apr_interval_time_t take_share(nts_files_t *files, const nts_port_t *port)
{
    share_t *share = share_of(files, port);
    apr_time_t now = nts_host_mono(files->group->host);
    apr_time_t oldest = share->sent[share->next];
    apr_interval_time_t window = nts_port_service(port)->budget_window;

    if (oldest && now - oldest < window) {
        return oldest + window - now;
    }
    share->sent[share->next] = now;
    share->next = (share->next + 1) % share->limit;
    return 0;
}

/* --- answers */

static void answer(const nts_files_t *files, const nts_desk_question_t *question,
                   nts_files_status_t status, int seconds, const char *text)
{
    nts_desk_answer(files->group->host->segment, question, (int)status, seconds, text);
}

static void answer_later(const nts_files_t *files, const nts_desk_question_t *question, int seconds,
                         const char *why)
{
    answer(files, question, NTS_FILES_LATER, seconds, why);
}

static void answer_from(const page_t *page, const nts_desk_question_t *question)
{
    nts_file_name_t name;

    memcpy(name.bytes, question->bytes, sizeof(name.bytes));
    for (int i = 0; i < page->found->nelts; i++) {
        const nts_file_t *file = &APR_ARRAY_IDX(page->found, i, nts_file_t);

        if (!nts_file_name_equal(&file->name, &name)) {
            continue;
        }
        if (file->address && strlen(file->address) < NTS_REPLY_MAX) {
            answer(page->files, question, NTS_FILES_FOUND, 0, file->address);
        }
        else {
            answer(page->files, question, NTS_FILES_STRANGE, 0, NULL);
        }
        return;
    }
    answer(page->files, question, NTS_FILES_GONE, 0, NULL);
}

/* --- pages in memory */

static void drop(page_t *page)
{
    nts_files_t *files = page->files;

    apr_hash_set(files->pages, page->place, sizeof(page->place), NULL);
    files->bytes -= page->bytes;
    apr_pool_destroy(page->p);
}

static page_t *find(const nts_files_t *files, const unsigned char *place)
{
    return apr_hash_get(files->pages, place, NTS_FILE_PLACE_LEN);
}

/* Those that would have to be read again first. */
static void make_room(nts_files_t *files)
{
    while (apr_hash_count(files->pages) >= PAGES_MAX || files->bytes > BYTES_MAX) {
        page_t *first = NULL;

        for (apr_hash_index_t *at = apr_hash_first(NULL, files->pages); at;
             at = apr_hash_next(at)) {
            page_t *page = apr_hash_this_val(at);

            if (!page->reading && (!first || page->fresh_until < first->fresh_until)) {
                first = page;
            }
        }
        if (!first) {
            return; /* the share bounds how many are being read */
        }
        drop(first);
    }
}

static page_t *add(nts_files_t *files, nts_flow_t *flow, nts_side_t side,
                   const nts_file_name_t *name)
{
    apr_pool_t *p;
    page_t *page;

    make_room(files);
    (void)apr_pool_create(&p, files->group->p);
    apr_pool_tag(p, "nts_files");
    page = apr_pcalloc(p, sizeof(*page));
    page->p = p;
    page->files = files;
    page->flow = flow;
    page->side = side;
    page->id = nts_file_name_page(name, p);
    page->found = apr_array_make(p, 4, sizeof(nts_file_t));
    page->waiting = apr_array_make(p, 4, sizeof(nts_desk_question_t));
    memcpy(page->place, name->bytes, sizeof(page->place));
    apr_hash_set(files->pages, page->place, sizeof(page->place), page);
    return page;
}

void nts_files_forget(nts_flow_t *flow, const char *id)
{
    nts_files_t *files = flow->group->files;
    apr_hash_index_t *at;

    if (!files || !id) {
        return;
    }
    for (at = apr_hash_first(NULL, files->pages); at; at = apr_hash_next(at)) {
        page_t *page = apr_hash_this_val(at);

        if (page->flow != flow || strcmp(page->id, id) != 0) {
            continue;
        }
        if (page->reading) {
            page->is_touched = 1;
        }
        else {
            drop(page);
        }
        return; /* one flow has a page once */
    }
}

/* --- reading one */

static int is_ours(const nts_record_t *record)
{
    return !record->trashed && !record->elsewhere && record->standing != NTS_STANDING_OUTSIDE;
}

static void keep_files(page_t *page, const nts_answer_t *from)
{
    apr_time_t wall = nts_host_wall(page->files->group->host);
    apr_interval_time_t life = from->file_count > 0 ? FRESH_LONGEST : EMPTY_FOR;

    for (int i = 0; i < from->file_count; i++) {
        nts_file_t file = from->files[i];
        apr_interval_time_t left = file.expires - wall;

        file.address = apr_pstrdup(page->p, file.address);
        page->bytes += sizeof(file) + (file.address ? strlen(file.address) : 0);
        life = left < life ? left : life;
        APR_ARRAY_PUSH(page->found, nts_file_t) = file;
    }
    page->files->bytes += page->bytes;
    if (life > 0) {
        page->fresh_until = nts_host_mono(page->files->group->host) + life -
                            (life / 4 < MARGIN ? life / 4 : MARGIN);
    }
}

static void tell_waiting(page_t *page)
{
    for (int i = 0; i < page->waiting->nelts; i++) {
        answer_from(page, &APR_ARRAY_IDX(page->waiting, i, nts_desk_question_t));
    }
    apr_array_clear(page->waiting);
}

static void refuse_waiting(page_t *page, int seconds, const char *why)
{
    for (int i = 0; i < page->waiting->nelts; i++) {
        answer_later(page->files, &APR_ARRAY_IDX(page->waiting, i, nts_desk_question_t), seconds,
                     why);
    }
    apr_array_clear(page->waiting);
}

static int seconds_until(const page_t *page, apr_time_t wall)
{
    apr_interval_time_t left =
        nts_host_until(page->files->group->host, wall, apr_time_from_sec(3600));

    return left > apr_time_from_sec(LATER) ? (int)apr_time_sec(left) + 1 : LATER;
}

static void was_read(void *baton, const nts_answer_t *from)
{
    page_t *page = baton;
    nts_flow_t *flow = page->flow;
    apr_pool_t *reading = page->reading;
    int is_known = 1;

    page->reading = NULL;
    flow->file_reads--;
    if (from->result == NTS_RESULT_OK && is_ours(from->record)) {
        keep_files(page, from);
    }
    else if (from->result == NTS_RESULT_OK || from->result == NTS_RESULT_MISSING) {
        page->fresh_until = nts_host_mono(flow->host) + EMPTY_FOR;
    }
    else {
        is_known = 0;
        nts_log(NTS_LOG_WARNING, 0, "mapping %s: files of the page %s cannot be had now: %s",
                flow->label, page->id, nts_outcome_text(&from->outcome, reading));
        refuse_waiting(page, seconds_until(page, from->outcome.retry_at),
                       "Notion does not tell now where the file is.");
    }
    tell_waiting(page);
    apr_pool_destroy(reading);
    if (!is_known || page->is_touched) {
        drop(page);
    }
    nts_contact_work_ended(flow->contact);
}

static void read_page(page_t *page)
{
    nts_flow_t *flow = page->flow;
    nts_ask_t ask = { 0 };

    (void)apr_pool_create(&page->reading, page->p);
    apr_pool_tag(page->reading, "nts_files read");
    ask.kind = NTS_ASK_FILES;
    ask.side = page->side;
    ask.mapping = flow->mapping;
    ask.id = page->id;
    flow->file_reads++;
    nts_port_ask(flow->end[page->side].port, &ask, NTS_LIVE, NULL, was_read, page, page->reading);
}

/* --- questions */

void nts_files_ask(nts_flow_t *flow, nts_side_t side, const nts_desk_question_t *question)
{
    nts_files_t *files = flow->group->files;
    apr_time_t now = nts_host_mono(flow->host);
    nts_file_name_t name;
    apr_interval_time_t wait;
    page_t *page;

    memcpy(name.bytes, question->bytes, sizeof(name.bytes));
    page = find(files, name.bytes);
    if (page && !page->reading && now >= page->fresh_until) {
        drop(page);
        page = NULL;
    }
    if (page && !page->reading) {
        answer_from(page, question);
        return;
    }
    if (!page) {
        if (!flow->mapping || flow->group->lost || flow->host->draining ||
            nts_contact_wants_quiet(flow->contact)) {
            answer_later(files, question, LATER, "The mapping is not ready.");
            return;
        }
        wait = take_share(files, flow->end[side].port);
        if (wait > 0) {
            answer_later(files, question, (int)apr_time_sec(wait) + 1,
                         "Too many files were asked for in a short time.");
            return;
        }
        page = add(files, flow, side, &name);
        read_page(page);
    }
    APR_ARRAY_PUSH(page->waiting, nts_desk_question_t) = *question;
}

int nts_files_is_busy(const nts_flow_t *flow)
{
    return flow->file_reads > 0;
}

/* --- life */

nts_files_t *nts_files_create(nts_group_t *group)
{
    nts_files_t *files = apr_pcalloc(group->p, sizeof(*files));

    files->group = group;
    files->pages = apr_hash_make(group->p);
    files->shares = apr_pcalloc(group->p, sizeof(share_t) * ((apr_size_t)group->port_count + 1));
    for (int i = 0; i < group->port_count; i++) {
        share_t *share = &files->shares[i];

        share->port = group->ports[i];
        share->limit = nts_port_service(share->port)->budget_requests / SHARE;
        share->limit = share->limit < 1 ? 1 : share->limit;
        share->sent = apr_pcalloc(group->p, sizeof(apr_time_t) * (apr_size_t)share->limit);
    }
    return files;
}

void nts_files_stop(nts_files_t *files)
{
    for (apr_hash_index_t *at = apr_hash_first(NULL, files->pages); at; at = apr_hash_next(at)) {
        refuse_waiting(apr_hash_this_val(at), 1, "The worker of this mapping is changing.");
    }
}
