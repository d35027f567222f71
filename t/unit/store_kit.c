/* store_kit.c - a store of its own for each test. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_kit.h"

apr_time_t kit_now = KIT_T0;

static apr_time_t read_clock(void *baton)
{
    (void)baton;
    return kit_now;
}

const nts_clock_t kit_clock = { read_clock, read_clock, NULL };

static void die(const char *what, apr_status_t rv)
{
    char words[200];

    printf("Bail out! %s: %s\n", what, apr_strerror(rv, words, sizeof(words)));
    exit(1);
}

static struct {
    char path[4096];
    pid_t pid;
} dirs[64];
static int dir_count;

static void remove_dirs(void)
{
    int i;

    for (i = 0; i < dir_count; i++) {
        struct dirent *file;
        DIR *dir = dirs[i].pid == getpid() ? opendir(dirs[i].path) : NULL;

        if (!dir) {
            continue;
        }
        while ((file = readdir(dir)) != NULL) {
            (void)unlinkat(dirfd(dir), file->d_name, 0);
        }
        (void)closedir(dir);
        (void)rmdir(dirs[i].path);
    }
}

const char *kit_dir(apr_pool_t *p)
{
    const char *base = getenv("TMPDIR");
    char *path = apr_pstrcat(p, base ? base : "/tmp", "/nts-ut-XXXXXX", NULL);

    if (!mkdtemp(path)) {
        die(path, APR_EGENERAL);
    }
    if (dir_count == 0) {
        (void)atexit(remove_dirs);
    }
    if (dir_count < (int)(sizeof(dirs) / sizeof(dirs[0]))) {
        apr_cpystrn(dirs[dir_count].path, path, sizeof(dirs[0].path));
        dirs[dir_count++].pid = getpid();
    }
    return path;
}

static void make_setup(kit_t *kit)
{
    static const char *const names[][2] = { { "Name", "name" }, { "Stage", "stage" } };
    const nts_service_t **services = apr_pcalloc(kit->p, sizeof(*services) * 2);
    nts_mapping_t **mappings = apr_pcalloc(kit->p, sizeof(*mappings));
    int i;

    kit->notion = apr_pcalloc(kit->p, sizeof(*kit->notion));
    kit->notion->vhost = "";
    kit->notion->name = "n";
    kit->notion->kind = NTS_SERVICE_NOTION;
    kit->sql = apr_pcalloc(kit->p, sizeof(*kit->sql));
    kit->sql->vhost = "";
    kit->sql->name = "db";
    kit->sql->kind = NTS_SERVICE_SQL;
    services[0] = kit->notion;
    services[1] = kit->sql;
    kit->mapping = apr_pcalloc(kit->p, sizeof(*kit->mapping));
    kit->mapping->vhost = "";
    kit->mapping->name = "people";
    kit->mapping->notion = kit->notion;
    kit->mapping->data_source = "11111111-2222-4333-8444-555555555555";
    kit->mapping->external = kit->sql;
    kit->mapping->collection = "people";
    kit->mapping->conflict = NTS_CONFLICT_LAST_WRITE;
    kit->mapping->pair_count = 2;
    kit->mapping->pairs = apr_pcalloc(kit->p, sizeof(nts_pair_t) * 2);
    for (i = 0; i < 2; i++) {
        kit->mapping->pairs[i].notion = names[i][0];
        kit->mapping->pairs[i].external = names[i][1];
    }
    mappings[0] = kit->mapping;
    kit->setup.services = services;
    kit->setup.service_count = 2;
    kit->setup.mappings = mappings;
    kit->setup.mapping_count = 1;
}

nts_store_t *kit_connect(const kit_t *kit, apr_pool_t *p)
{
    nts_outcome_t out = { 0 };
    nts_store_t *store;
    apr_status_t rv = nts_store_open(&store, &kit->config, &out, p);

    if (rv != APR_SUCCESS) {
        die(nts_outcome_text(&out, p), rv);
    }
    return store;
}

void kit_open(kit_t *kit, apr_pool_t *p)
{
    nts_outcome_t out = { 0 };
    apr_status_t rv;

    memset(kit, 0, sizeof(*kit));
    kit->p = p;
    kit->dir = kit_dir(p);
    kit->config.driver = "sqlite3";
    kit->config.params = apr_pstrcat(p, kit->dir, "/state.db", NULL);
    kit->config.lock_path = apr_pstrcat(p, kit->dir, "/state.lock", NULL);
    kit->config.clock = &kit_clock;
    rv = nts_store_migrate(&kit->config, &out, p);
    if (rv != APR_SUCCESS) {
        die(nts_outcome_text(&out, p), rv);
    }
    kit->store = kit_connect(kit, p);
    make_setup(kit);
    rv = nts_store_put_setup(kit->store, &kit->setup, p);
    if (rv == APR_SUCCESS) {
        rv = nts_store_own_group(&kit->epoch, kit->store, "g");
    }
    if (rv != APR_SUCCESS) {
        die("setup", rv);
    }
}

nts_link_t *kit_link(const char *page, const char *key, nts_link_state_t state, apr_pool_t *p)
{
    nts_link_t *link = apr_pcalloc(p, sizeof(*link));

    link->page = page;
    link->key = key;
    link->state = state;
    return link;
}

nts_entry_t *kit_entry(const char *intent, nts_entry_op_t op, nts_side_t side,
                       nts_entry_state_t state, apr_pool_t *p)
{
    nts_entry_t *entry = apr_pcalloc(p, sizeof(*entry));

    entry->intent = intent;
    entry->op = op;
    entry->side = side;
    entry->state = state;
    return entry;
}

nts_commit_result_t kit_put_link(kit_t *kit, nts_link_t *link)
{
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    const char *words;
    apr_status_t rv;

    commit.link = link;
    rv = nts_store_apply(&result, &words, kit->store, kit->mapping, "g", kit->epoch, &commit,
                         kit->p);
    if (rv != APR_SUCCESS) {
        die("apply", rv);
    }
    return result;
}

void kit_put_links(kit_t *kit, nts_link_t **links, int count, apr_pool_t *p)
{
    int i;

    (void)nts_store_begin(kit->store, 0);
    for (i = 0; i < count; i++) {
        links[i] =
            kit_link(apr_psprintf(p, "p%d", i), apr_psprintf(p, "k%d", i), NTS_LINK_ACTIVE, p);
        (void)kit_put_link(kit, links[i]);
    }
    (void)nts_store_commit(kit->store);
}

apr_int64_t kit_put_notice(kit_t *kit, nts_side_t side, const char *record, const char *event)
{
    nts_inbox_row_t row = { 0 };
    int known;
    apr_status_t rv;

    row.mapping = kit->mapping->id;
    row.notice.side = side;
    row.notice.record = record;
    row.notice.event = event;
    row.notice.kind = "test";
    row.notice.at = kit_now;
    rv = nts_store_put_notices(&known, kit->store, &row, 1);
    if (rv != APR_SUCCESS) {
        die("put_notices", rv);
    }
    return row.notice.id;
}

nts_loaded_t *kit_load(kit_t *kit, apr_int64_t link, const char *page, const char *key)
{
    nts_target_t target = { link, page, key };
    nts_loaded_t *loaded;
    apr_status_t rv = nts_store_load(&loaded, kit->store, kit->mapping, &target, kit->p);

    if (rv != APR_SUCCESS) {
        die("load", rv);
    }
    return loaded;
}
