/* The store keeps what it is told: services, mappings and pairs with numbers that outlive restarts and
 * renames; statuses, schemas, secrets, the handshake, commands, runs. It creates its file, migrates it,
 * and refuses what it does not know, saying what to do. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>

#include "db/nts_db.h"
#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* Runs one statement behind the store's back. */
static void raw(const kit_t *kit, const char *sql)
{
    nts_db_t *db;

    if (nts_db_open(&db, "sqlite3", kit->config.params, NULL, p) == APR_SUCCESS) {
        (void)nts_db_run(db, sql);
        nts_db_close(db);
    }
}

static int mode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static void test_opening(void)
{
    nts_outcome_t out = { 0 };
    nts_store_t *store;
    kit_t kit;

    kit_open(&kit, p);
    tap_int(mode_of(kit.config.params), 0600, "the database is readable by its owner only");
    tap_int(mode_of(apr_pstrcat(p, kit.config.params, "-wal", NULL)), 0600, "so is its log");
    tap_int(mode_of(kit.config.lock_path), 0600, "and the lock file");
    nts_store_close(kit.store);
    tap_int(nts_store_migrate(&kit.config, &out, p), APR_SUCCESS,
            "migrating again changes nothing");
    kit.store = kit_connect(&kit, p);
    tap_ok(nts_store_owns_group(kit.store, "g", kit.epoch), "and loses nothing");
    nts_store_close(kit.store);

    raw(&kit, "UPDATE meta SET value = 999");
    tap_int(nts_store_open(&store, &kit.config, &out, p), APR_EMISMATCH,
            "a newer schema is refused");
    tap_ok(!store && out.what && strstr(out.what, "999") && out.advice, "with the reason: %s",
           nts_outcome_text(&out, p));
    tap_int(nts_store_migrate(&kit.config, &out, p), APR_EMISMATCH, "and not migrated");
    raw(&kit, "UPDATE meta SET value = 0");
    tap_int(nts_store_open(&store, &kit.config, &out, p), APR_EMISMATCH,
            "an older one has to be migrated first");

    kit.config.params = apr_pstrcat(p, kit.dir, "/none.db", NULL);
    tap_int(APR_STATUS_IS_ENOENT(nts_store_open(&store, &kit.config, &out, p)), 1,
            "a file that is not there is not made by opening");
    tap_ok(strstr(out.what, "cannot be found") != NULL, "%s", nts_outcome_text(&out, p));
    raw(&kit, "CREATE TABLE foreign_table (a)");
    tap_int(nts_store_migrate(&kit.config, &out, p), APR_EMISMATCH,
            "another program's database is left alone");
    kit.config.params = "/nonexistent/dir/state.db";
    tap_ok(nts_store_migrate(&kit.config, &out, p) != APR_SUCCESS && out.advice,
           "a missing directory");
    tap_diag("%s", nts_outcome_text(&out, p));
    kit.config.params = kit.config.lock_path;
    tap_ok(nts_store_migrate(&kit.config, &out, p) != APR_SUCCESS, "a file that is no database");
    tap_diag("%s", nts_outcome_text(&out, p));
}

/* Root may write anywhere, so a child gives its rights away first. */
static void test_rights(void)
{
    nts_outcome_t out = { 0 };
    kit_t kit;
    pid_t pid;
    int status = 0;

    if (getuid() != 0) {
        tap_skip(1, "needs root to become somebody else");
        return;
    }
    kit_open(&kit, p);
    nts_store_close(kit.store);
    (void)chmod(kit.dir, 0755);
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        nts_store_t *store;
        nts_store_config_t fresh = kit.config;

        fresh.params = apr_pstrcat(p, kit.dir, "/mine.db", NULL);
        fresh.lock_path = NULL;
        if (setuid(65534) != 0 || nts_store_open(&store, &kit.config, &out, p) == APR_SUCCESS ||
            !out.advice || !strstr(out.advice, "writable")) {
            _exit(1);
        }
        memset(&out, 0, sizeof(out));
        if (nts_store_migrate(&fresh, &out, p) == APR_SUCCESS || !out.what || !out.words) {
            _exit(2);
        }
        _exit(0);
    }
    (void)waitpid(pid, &status, 0);
    tap_int(status, 0, "a directory that one may not write to is said to be that");
}

static nts_mapping_t *same_setup(kit_t *kit)
{
    int i;

    kit->mapping->id = 0;
    kit->notion->id = kit->sql->id = 0;
    for (i = 0; i < kit->mapping->pair_count; i++) {
        kit->mapping->pairs[i].id = 0;
        kit->mapping->pairs[i].notion_id = NULL;
    }
    (void)nts_store_put_setup(kit->store, &kit->setup, p);
    return kit->mapping;
}

static void test_setup(void)
{
    const char *schema =
        "{\"fields\":[{\"id\":\"abc\",\"name\":\"Phase\",\"type\":{\"kind\":\"text\","
        "\"native\":\"rich_text\"}}]}";
    nts_mapping_status_t status;
    nts_setup_t *found;
    nts_setup_t none = { 0 };
    nts_schema_t probe = { 0 };
    nts_schema_field_t field = { 0 };
    nts_json_t *object = nts_json_make_object(p);
    apr_int64_t mapping;
    apr_int64_t pairs[2];
    kit_t kit;

    kit_open(&kit, p);
    mapping = kit.mapping->id;
    pairs[0] = kit.mapping->pairs[0].id;
    pairs[1] = kit.mapping->pairs[1].id;
    tap_ok(mapping > 0 && pairs[0] > 0 && pairs[1] > 0 && pairs[0] != pairs[1] &&
               kit.notion->id > 0 && kit.sql->id > 0 && kit.sql->id != kit.notion->id,
           "services, mappings and pairs get numbers");
    (void)nts_store_put_property(kit.store, pairs[1], NTS_NOTION, "abc");
    tap_int(nts_store_get_setup(&found, kit.store, p), APR_SUCCESS, "the setup is read back");
    tap_ok(found->service_count == 2 && found->mapping_count == 1 &&
               found->mappings[0]->id == mapping && found->mappings[0]->pairs[1].id == pairs[1] &&
               found->mappings[0]->notion == found->services[0] &&
               found->mappings[0]->external->id == kit.sql->id,
           "with its numbers");
    tap_str(found->mappings[0]->pairs[1].notion_id, "abc", "and property ids");

    kit.mapping->name = "folk";
    tap_int(same_setup(&kit)->id, mapping, "a mapping with another name is the same");
    tap_ok(kit.mapping->pairs[0].id == pairs[0] && kit.mapping->pairs[1].id == pairs[1],
           "and so are its pairs");
    tap_str(kit.mapping->pairs[1].notion_id, "abc", "whose property id comes back");

    kit.mapping->pairs[1].notion = "Phase";
    field.id = "abc";
    field.name = "Phase";
    field.type.kind = NTS_TYPE_TEXT;
    field.type.native = "rich_text";
    probe.fields = &field;
    probe.count = 1;
    nts_schema_to_json(&probe, object);
    schema = nts_json_text(object, p);
    (void)nts_store_put_schema(kit.store, mapping, NTS_NOTION, schema);
    tap_int(same_setup(&kit)->pairs[1].id, pairs[1],
            "S5.4: a property that was renamed in Notion and here keeps its pair");
    tap_int(nts_store_get_setup(&found, kit.store, p), APR_SUCCESS, "which is read back");
    tap_int(found->mappings[0]->pairs[1].id, pairs[1], "under the new name");

    kit.mapping->pair_count = 1;
    (void)same_setup(&kit);
    kit.mapping->pair_count = 2;
    (void)same_setup(&kit);
    tap_ok(kit.mapping->pairs[0].id == pairs[0] && kit.mapping->pairs[1].id != pairs[1],
           "S5.7: a pair that was taken out and put back is a new one, without bases");
    tap_ok(!kit.mapping->pairs[1].notion_id, "and without property id");
    pairs[1] = kit.mapping->pairs[1].id;

    tap_int(nts_store_put_setup(kit.store, &none, p), APR_SUCCESS, "an empty setup");
    (void)nts_store_get_setup(&found, kit.store, p);
    tap_ok(found->mapping_count == 0 && found->service_count == 0, "runs nothing");
    (void)same_setup(&kit);
    tap_ok(kit.mapping->id == mapping && kit.mapping->pairs[1].id == pairs[1],
           "a mapping that comes back whole keeps everything");

    kit.mapping->collection = "others";
    (void)same_setup(&kit);
    tap_ok(kit.mapping->id != mapping && kit.mapping->pairs[0].id != pairs[0],
           "another table is another mapping");
    kit.mapping->paused = 1;
    kit.mapping->collection = "third";
    (void)same_setup(&kit);
    (void)nts_store_get_status(&status, kit.store, kit.mapping->id, p);
    tap_int(status.state, NTS_MAPPING_PAUSED, "a new mapping may begin paused");

    kit.setup.mapping_count = 2;
    kit.setup.mappings = (nts_mapping_t *const *)apr_pcalloc(p, 2 * sizeof(nts_mapping_t *));
    ((nts_mapping_t **)kit.setup.mappings)[0] = kit.mapping;
    ((nts_mapping_t **)kit.setup.mappings)[1] = kit.mapping;
    tap_int(nts_store_put_setup(kit.store, &kit.setup, p), APR_EEXIST,
            "two mappings of one table and one data source are refused");
    (void)nts_store_get_setup(&found, kit.store, p);
    tap_int(found->mapping_count, 1, "and change nothing");
    nts_store_close(kit.store);
}

static void test_status(void)
{
    nts_mapping_status_t status = { 0 };
    nts_mapping_status_t back;
    const char *text;
    kit_t kit;

    kit_open(&kit, p);
    (void)nts_store_get_status(&back, kit.store, kit.mapping->id, p);
    tap_ok(back.state == NTS_MAPPING_STARTING && !back.matched && !back.instance && !back.counter,
           "a new mapping is starting");
    status.state = NTS_MAPPING_BLOCKED;
    nts_outcome_set(&status.outcome, p, NTS_REMEDY_RETRY, "notion.down", "It is down");
    status.outcome.retry_at = KIT_T0 + 5;
    status.matched = 1;
    status.instance = "i-1";
    status.counter = APR_INT64_C(5000000000);
    status.listed = KIT_T0 + 1;
    status.full_done = KIT_T0 + 2;
    status.latency[NTS_NOTION] = 3;
    status.latency[NTS_EXTERNAL] = 4;
    status.triggers = "provisioned";
    status.witness = 9;
    status.witness_at = KIT_T0 + 3;
    tap_int(nts_store_put_status(kit.store, "g", kit.epoch, kit.mapping->id, &status), APR_SUCCESS,
            "a status");
    (void)nts_store_get_status(&back, kit.store, kit.mapping->id, p);
    tap_ok(back.state == status.state && back.matched && strcmp(back.instance, "i-1") == 0 &&
               back.counter == status.counter && back.listed == status.listed &&
               back.full_done == status.full_done && back.latency[NTS_NOTION] == 3 &&
               back.latency[NTS_EXTERNAL] == 4 && back.witness == 9 &&
               back.witness_at == KIT_T0 + 3 && strcmp(back.triggers, "provisioned") == 0,
           "is read back whole");
    tap_ok(!back.waiting_instance && !back.seen_instance, "no database was set back");
    tap_ok(back.outcome.remedy == NTS_REMEDY_RETRY && back.outcome.retry_at == KIT_T0 + 5 &&
               strcmp(back.outcome.what, "It is down") == 0,
           "with its outcome");
    status.waiting_instance = "i-2";
    (void)nts_store_put_status(kit.store, "g", kit.epoch, kit.mapping->id, &status);
    (void)nts_store_get_status(&back, kit.store, kit.mapping->id, p);
    tap_ok(back.waiting_instance && strcmp(back.waiting_instance, "i-2") == 0 &&
               back.waiting_from == 0,
           "4.4 that another database waits, from its very beginning, is kept");
    status.seen_instance = "i-3";
    status.seen_from = 7;
    (void)nts_store_put_status(kit.store, "g", kit.epoch, kit.mapping->id, &status);
    (void)nts_store_get_status(&back, kit.store, kit.mapping->id, p);
    tap_ok(back.seen_instance && strcmp(back.seen_instance, "i-3") == 0 && back.seen_from == 7,
           "4.4 what another mapping saw of it is kept");
    status.mark = "stale";
    tap_int(nts_store_put_status(kit.store, "g", kit.epoch - 1, kit.mapping->id, &status),
            APR_EBUSY, "a worker that was frozen while another took over");
    (void)nts_store_get_status(&back, kit.store, kit.mapping->id, p);
    tap_ok(!back.mark, "changes nothing any more");
    (void)nts_store_get_schema(&text, kit.store, kit.mapping->id, NTS_EXTERNAL, p);
    tap_ok(!text, "no schema was seen yet");
    (void)nts_store_put_schema(kit.store, kit.mapping->id, NTS_EXTERNAL, "{\"a\":1}");
    (void)nts_store_put_schema(kit.store, kit.mapping->id, NTS_EXTERNAL, "{\"a\":2}");
    (void)nts_store_get_schema(&text, kit.store, kit.mapping->id, NTS_EXTERNAL, p);
    tap_str(text, "{\"a\":2}", "the last one is kept");
    nts_store_close(kit.store);
}

static void test_secrets(void)
{
    nts_key_t key;
    nts_key_t other_key;
    nts_service_t elsewhere;
    nts_hook_t hook;
    nts_rows_t rows;
    nts_db_t *db;
    const char *secret;
    static const nts_stmt_t all = { "SELECT sealed FROM secret" };
    kit_t kit;

    memset(&key, 7, sizeof(key));
    memset(&other_key, 8, sizeof(other_key));
    kit_open(&kit, p);
    tap_int(nts_store_get_secret(&secret, kit.store, kit.notion, "hook", &key, p), APR_ENOENT,
            "no secret yet");
    tap_int(nts_store_put_secret(kit.store, kit.notion, "x", &key, "s3cret"), APR_SUCCESS, "one");
    tap_int(nts_store_get_secret(&secret, kit.store, kit.notion, "x", &key, p), APR_SUCCESS,
            "is opened");
    tap_str(secret, "s3cret", "by its key");
    tap_int(nts_store_get_secret(&secret, kit.store, kit.notion, "x", &other_key, p), APR_EMISMATCH,
            "not by another");
    elsewhere = *kit.notion;
    elsewhere.name = "other";
    tap_int(nts_store_get_secret(&secret, kit.store, &elsewhere, "x", &key, p), APR_EMISMATCH,
            "nor for a service of another name");
    (void)nts_db_open(&db, "sqlite3", kit.config.params, NULL, p);
    (void)nts_db_select(&rows, db, &all, NTS_NO_ARGS, p);
    tap_ok(nts_rows_next(&rows) && !strstr(nts_rows_text(&rows, 0), "s3cret"),
           "R8: it is not stored in clear");
    nts_db_close(db);

    (void)nts_store_get_hook(&hook, kit.store, kit.notion->id, p);
    tap_str(hook.state, "none", "no handshake");
    tap_int(nts_store_take_handshake(kit.store, kit.notion, &key, "t0"), APR_EEXIST,
            "a token that nobody waits for is refused");
    hook.state = "pending";
    hook.expires = kit_now + 10;
    (void)nts_store_put_hook(kit.store, kit.notion->id, &hook);
    kit_now += 11;
    tap_int(nts_store_take_handshake(kit.store, kit.notion, &key, "t1"), APR_EEXIST,
            "and one that comes too late");
    kit_now -= 11;
    tap_int(nts_store_take_handshake(kit.store, kit.notion, &key, "t2"), APR_SUCCESS,
            "one that is waited for is taken");
    tap_int(nts_store_take_handshake(kit.store, kit.notion, &key, "t3"), APR_EEXIST, "once");
    (void)nts_store_get_secret(&secret, kit.store, kit.notion, "hook", &key, p);
    tap_str(secret, "t2", "and kept");
    (void)nts_store_get_hook(&hook, kit.store, kit.notion->id, p);
    tap_str(hook.state, "arrived", "the handshake has arrived");
    nts_store_close(kit.store);
}

static void test_commands(void)
{
    nts_command_t command = { 0 };
    nts_command_t *got;
    apr_int64_t first;
    apr_int64_t second;
    kit_t kit;

    kit_open(&kit, p);
    command.mapping = kit.mapping->id;
    command.verb = "reconcile";
    command.args = "{\"full\":true}";
    command.by = "ada";
    tap_int(nts_store_put_command(&first, kit.store, &command), APR_SUCCESS, "a command");
    command.verb = "pause";
    (void)nts_store_put_command(&second, kit.store, &command);
    (void)nts_store_next_command(&got, kit.store, kit.mapping->id, 0, p);
    tap_ok(got && got->id == first && strcmp(got->state, "queued") == 0 &&
               strcmp(got->by, "ada") == 0 && strcmp(got->args, "{\"full\":true}") == 0 &&
               got->at == kit_now,
           "waits, oldest first");
    got->state = "running";
    got->progress = "{\"seen\":5}";
    (void)nts_store_update_command(kit.store, got);
    (void)nts_store_next_command(&got, kit.store, kit.mapping->id, 0, p);
    tap_ok(got && got->id == second, "one that runs is not given again");
    (void)nts_store_next_command(&got, kit.store, kit.mapping->id, 1, p);
    tap_ok(got && got->id == first && strcmp(got->progress, "{\"seen\":5}") == 0,
           "but at a take-over");
    got->state = "done";
    got->result = "{}";
    (void)nts_store_update_command(kit.store, got);
    (void)nts_store_next_command(&got, kit.store, kit.mapping->id, 1, p);
    tap_ok(got && got->id == second, "until it is done");
    (void)nts_store_get_command(&got, kit.store, first, p);
    tap_str(got->state, "done", "which can be read");
    tap_int(nts_store_get_command(&got, kit.store, 99, p), APR_ENOENT, "no such command");
    command.id = 99;
    command.state = "done";
    tap_int(nts_store_update_command(kit.store, &command), APR_ENOENT, "nor one to change");
    tap_int(nts_store_next_command(&got, kit.store, 77, 1, p), APR_ENOENT, "none for others");
    nts_store_close(kit.store);
}

static void test_runs(void)
{
    nts_run_t run = { 0 };
    nts_run_t *runs;
    int count;
    int i;
    kit_t kit;

    kit_open(&kit, p);
    run.mapping = kit.mapping->id;
    run.kind = "full";
    run.state = "running";
    run.started = kit_now;
    for (i = 0; i < 3; i++) {
        run.id = 0;
        (void)nts_store_put_run(kit.store, &run);
    }
    run.state = "done";
    run.finished = kit_now + 1;
    run.seen[NTS_EXTERNAL] = 7;
    run.written[NTS_NOTION] = 8;
    run.troubles = 9;
    run.requests = 10;
    run.note = "well";
    tap_int(nts_store_put_run(kit.store, &run), APR_SUCCESS, "a run ends");
    tap_int(nts_store_get_runs(&runs, &count, kit.store, kit.mapping->id, 2, p), APR_SUCCESS,
            "runs are listed");
    tap_ok(count == 2 && runs[0].id == run.id && runs[1].id == run.id - 1, "newest first");
    tap_ok(strcmp(runs[0].state, "done") == 0 && runs[0].finished == kit_now + 1 &&
               runs[0].seen[NTS_EXTERNAL] == 7 && runs[0].written[NTS_NOTION] == 8 &&
               runs[0].troubles == 9 && runs[0].requests == 10 &&
               strcmp(runs[0].note, "well") == 0 && strcmp(runs[1].state, "running") == 0,
           "with what came of them");
    nts_store_close(kit.store);
}

static void test_units(void)
{
    apr_int64_t epoch;
    nts_store_t *other;
    kit_t kit;

    kit_open(&kit, p);
    other = kit_connect(&kit, p);
    tap_int(nts_store_begin(kit.store, 0), APR_SUCCESS, "a unit begins");
    tap_int(nts_store_begin(kit.store, 0), APR_EINVAL, "not twice");
    tap_int(nts_store_begin(other, apr_time_from_msec(20)), APR_TIMEUP,
            "nor in two places at once");
    (void)kit_put_notice(&kit, NTS_NOTION, "p1", "e1");
    (void)kit_put_notice(&kit, NTS_NOTION, "p2", "e2");
    tap_int(kit_load(&kit, 0, "p1", NULL)->notice_count, 1, "it sees what it has written");
    nts_store_rollback(kit.store);
    tap_int(kit_load(&kit, 0, "p1", NULL)->notice_count, 0, "and takes it back");
    (void)nts_store_begin(kit.store, 0);
    (void)kit_put_notice(&kit, NTS_NOTION, "p1", "e1");
    tap_int(nts_store_own_group(&epoch, kit.store, "h"), APR_SUCCESS, "calls join it");
    tap_int(nts_store_commit(kit.store), APR_SUCCESS, "it commits");
    tap_ok(nts_store_owns_group(other, "h", epoch), "and others see it");
    tap_int(nts_store_commit(kit.store), APR_EINVAL, "there is nothing more to commit");
    tap_int(nts_store_begin(other, 0), APR_SUCCESS, "the lock is free");
    nts_store_close(other);
    tap_int(nts_store_begin(kit.store, 0), APR_SUCCESS, "closing a store ends its unit");
    nts_store_rollback(kit.store);
    nts_store_close(kit.store);
}

static void test_upkeep(void)
{
    nts_outcome_t out = { 0 };
    nts_store_config_t config;
    nts_store_t *copy;
    const char *path;
    const char *wal;
    struct stat before;
    struct stat after;
    kit_t kit;
    int i;

    kit_open(&kit, p);
    nts_store_close(kit.store);
    kit.config.autocheckpoint = 100000;
    kit.store = kit_connect(&kit, p);
    wal = apr_pstrcat(p, kit.config.params, "-wal", NULL);
    (void)kit_put_notice(&kit, NTS_NOTION, "p0", "e0");
    (void)nts_store_begin(kit.store, 0);
    tap_int(nts_store_checkpoint(kit.store), APR_EINVAL, "no checkpoint inside a unit");
    (void)nts_store_rollback(kit.store);
    tap_int(nts_store_checkpoint(kit.store), APR_SUCCESS, "a checkpoint");
    (void)stat(wal, &before);
    for (i = 1; i < 20; i++) {
        (void)kit_put_notice(&kit, NTS_NOTION, apr_psprintf(p, "p%d", i),
                             apr_psprintf(p, "e%d", i));
        (void)nts_store_checkpoint(kit.store);
    }
    (void)stat(wal, &after);
    tap_ok(after.st_size <= 2 * before.st_size + 65536, "D54: keeps the log short (%ld, %ld)",
           (long)before.st_size, (long)after.st_size);

    path = apr_pstrcat(p, kit.dir, "/copy.db", NULL);
    tap_int(nts_store_backup(kit.store, path, &out, p), APR_SUCCESS, "a backup");
    tap_int(mode_of(path), 0600, "is for its owner only");
    tap_ok(APR_STATUS_IS_EEXIST(nts_store_backup(kit.store, path, &out, p)) && out.advice,
           "and is not overwritten");
    config = kit.config;
    config.params = path;
    config.lock_path = NULL;
    tap_int(nts_store_open(&copy, &config, &out, p), APR_SUCCESS, "it opens as a store");
    tap_ok(copy && nts_store_owns_group(copy, "g", kit.epoch), "with the same contents");
    nts_store_close(copy);
    tap_ok(nts_store_backup(kit.store, "/nonexistent/copy.db", &out, p) != APR_SUCCESS && out.words,
           "where nothing can be written there is no backup");
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_opening();
    test_rights();
    test_setup();
    test_status();
    test_secrets();
    test_commands();
    test_runs();
    test_units();
    test_upkeep();
    tap_int(nts_db_open_count(), 0, "every connection was closed");
    apr_pool_destroy(p);
    return tap_done();
}
