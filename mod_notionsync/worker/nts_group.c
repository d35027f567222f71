/* nts_group.c - taking, releasing and losing a group. */
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_commands.h"
#include "worker/nts_contact.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_files.h"
#include "worker/nts_flow.h"
#include "worker/nts_gather.h"
#include "worker/nts_reconcile.h"
#include "worker/nts_root.h"

/* Freed memory that a group keeps for its next jobs. */
#define POOL_KEEP ((apr_size_t)4 * 1024 * 1024)

/* Less is drift, or the time between two looks at clocks. */
#define CLOCK_STEP apr_time_from_sec(1)

/* No row of a query waits longer to be used. */
#define ROWS_WAIT apr_time_from_sec(3600)

static void note_set_back(nts_host_t *host, apr_time_t mono)
{
    apr_time_t was = mono + host->clock_ahead;

    host->clock_was = was > host->clock_was ? was : host->clock_was;
    host->clock_was_until = mono + ROWS_WAIT;
}

apr_time_t nts_host_look_at_clock(nts_host_t *host)
{
    apr_time_t now = nts_host_wall(host), mono = nts_host_mono(host);
    apr_interval_time_t ahead = now - mono;

    if (mono >= host->clock_was_until) {
        host->clock_was = 0;
    }
    if (host->clock_ahead && ahead > host->clock_ahead + CLOCK_STEP) {
        host->clock_set = now;
    }
    if (host->clock_ahead && ahead < host->clock_ahead - CLOCK_STEP) {
        note_set_back(host, mono);
    }
    host->clock_ahead = ahead;
    return now;
}

apr_interval_time_t nts_host_until(const nts_host_t *host, apr_time_t wall,
                                   apr_interval_time_t longest)
{
    apr_interval_time_t left = wall - nts_host_wall(host);

    return left < 0 ? 0 : left > longest ? longest : left;
}

static void pump(void *baton)
{
    nts_driver_pump(baton);
}

nts_group_t *nts_group_create(nts_host_t *host, int number, apr_pool_t *p)
{
    nts_group_t *group = apr_pcalloc(p, sizeof(*group));

    group->host = host;
    group->number = number;
    group->name = host->grouping->names[number];
    nts_timer_init(&group->pump, pump, group);
    return group;
}

/* --- its locks: one for each service, so that groups which a new configuration has joined or split are
 *     never at work under an old and a new name at once (D36) */

static void unlock_services(const nts_group_t *group, int count, apr_pool_t *p)
{
    const nts_setup_t *setup = group->host->config->setup;
    int i;

    for (i = 0; i < setup->service_count && count > 0; i++) {
        if (group->host->grouping->of_service[i] == group->number) {
            nts_store_unlock_group(group->host->store, nts_service_identity(setup->services[i], p));
            count--;
        }
    }
}

static apr_status_t lock_services(const nts_group_t *group, apr_pool_t *p)
{
    const nts_setup_t *setup = group->host->config->setup;
    int locked = 0;
    int i;

    for (i = 0; i < setup->service_count; i++) {
        apr_status_t rv;

        if (group->host->grouping->of_service[i] != group->number) {
            continue;
        }
        rv = nts_store_lock_group(group->host->store, nts_service_identity(setup->services[i], p));
        if (rv != APR_SUCCESS) {
            unlock_services(group, locked, p);
            return rv;
        }
        locked++;
    }
    return APR_SUCCESS;
}

/* Whoever owned one of its services before, under whatever name, can store nothing any more. */
static apr_status_t raise_epochs(nts_group_t *group, apr_pool_t *p)
{
    nts_host_t *host = group->host;
    const nts_setup_t *setup = host->config->setup;
    apr_status_t rv = nts_store_begin(host->store, apr_time_from_sec(5));
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < setup->service_count && rv == APR_SUCCESS; i++) {
        const char *identity = nts_service_identity(setup->services[i], p);
        apr_int64_t epoch;

        if (host->grouping->of_service[i] == group->number) {
            rv = nts_store_own_group(&epoch, host->store, identity);
            if (strcmp(identity, group->name) == 0) {
                group->epoch = epoch;
            }
        }
    }
    if (rv == APR_SUCCESS) {
        return nts_store_commit(host->store);
    }
    nts_store_rollback(host->store);
    return rv;
}

/* --- its parts */

/* Who was frozen hears answers before its heartbeat, or has jobs that begin, and would send requests in a budget that another worker
 * counts (seeds 400827, 33359 of the simulation). How long it was held up does not matter, so it asks each time; the next heartbeat ends
 * the work. */
static int is_still_ours(void *baton)
{
    const nts_group_t *group = baton;

    return !group->lost && nts_store_owns_group(group->host->store, group->name, group->epoch);
}

/* Non-zero: a side of it is of that service. */
static int renew_who(nts_flow_t *flow, const nts_port_t *port)
{
    int side, found = 0;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (flow->end[side].port == port) {
            flow->end[side].who = NULL;
            found = 1;
        }
    }
    return found;
}

/* A service was installed, or can be asked again: its mappings need not wait for their next probe. Under another name than before, what is
 * under way begins anew: it may take our own writes for somebody else's. */
static void renew_flows(void *baton, const nts_port_t *port, int is_other)
{
    const nts_group_t *group = baton;
    int i;

    for (i = 0; i < group->flow_count && !group->lost; i++) {
        nts_flow_t *flow = group->flows[i];

        if (flow->end[NTS_NOTION].port != port && flow->end[NTS_EXTERNAL].port != port) {
            continue;
        }
        if (is_other && renew_who(flow, port)) {
            nts_driver_quieten(flow);
            if (flow->mapping) {
                nts_reconcile_full_soon(flow, 0); /* it may see other pages */
            }
        }
        nts_contact_start(flow->contact);
    }
}

static void open_ports(nts_group_t *group)
{
    nts_host_t *host = group->host;
    const nts_worker_config_t *worker = host->config;
    const nts_setup_t *setup = worker->setup;
    int i;

    group->ports =
        apr_pcalloc(group->p, ((apr_size_t)setup->service_count + 1) * sizeof(*group->ports));
    group->port_count = 0;
    for (i = 0; i < setup->service_count; i++) {
        nts_port_config_t config = { 0 };

        if (host->grouping->of_service[i] != group->number) {
            continue;
        }
        config.service = setup->services[i];
        config.number = i;
        config.secret = worker->secrets ? worker->secrets[i] : NULL;
        config.secret_outcome = worker->secret_outcomes ? &worker->secret_outcomes[i] : NULL;
        config.loop = host->loop;
        config.net = host->net;
        config.store = host->store;
        config.commits = host->commits;
        config.clock = host->clock;
        config.segment = host->segment;
        config.is_ours = is_still_ours;
        config.baton = group;
        config.group = group->name;
        config.epoch = group->epoch;
        config.random = host->random;
        config.tokens_key = worker->tokens_key;
        config.code_key = worker->code_key;
        config.file_key = worker->file_key;
        config.renewed = renew_flows;
        group->ports[group->port_count] = nts_port_open(&config, group->p);
        if (nts_port_was_set(group->ports[group->port_count++])) {
            host->clock_set = nts_host_look_at_clock(host); /* while somebody else had it (61656) */
        }
    }
}

static apr_status_t make_flows(nts_group_t *group)
{
    nts_host_t *host = group->host;
    const nts_setup_t *setup = host->config->setup;
    int i;

    group->flows =
        apr_pcalloc(group->p, ((apr_size_t)setup->mapping_count + 1) * sizeof(*group->flows));
    group->flow_count = 0;
    for (i = 0; i < setup->mapping_count; i++) {
        apr_pool_t *p;
        apr_status_t rv;

        if (host->grouping->of_mapping[i] != group->number) {
            continue;
        }
        (void)apr_pool_create(&p, group->p);
        apr_pool_tag(p, "nts_flow");
        rv = nts_flow_create(&group->flows[group->flow_count], group, setup->mappings[i], p);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        group->flow_count++;
    }
    return APR_SUCCESS;
}

static void clear(nts_group_t *group)
{
    apr_pool_t *p = group->p;

    nts_timer_cancel(group->host->loop, &group->pump);
    group->p = NULL;
    group->flows = NULL;
    group->flow_count = 0;
    group->files = NULL;
    group->ports = NULL;
    group->port_count = 0;
    group->lost = 0;
    memset(group->jobs, 0, sizeof(group->jobs));
    apr_pool_destroy(p);
}

apr_status_t nts_group_take(nts_group_t *group)
{
    nts_host_t *host = group->host;
    apr_pool_t *p = nts_root_create("nts_group", POOL_KEEP);
    apr_status_t rv;
    int i;

    rv = lock_services(group, p);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(p);
        return rv;
    }
    group->p = p;
    rv = raise_epochs(group, p);
    group->taken = nts_host_wall(host);
    if (rv == APR_SUCCESS) {
        if (host->segment) {
            nts_segment_set_owner(host->segment, group->number, host->config->index);
        }
        open_ports(group);
        group->files = nts_files_create(group);
        rv = make_flows(group);
    }
    if (rv != APR_SUCCESS) {
        (void)nts_group_release(group, apr_time_from_sec(1));
        return rv;
    }
    nts_log(NTS_LOG_INFO, 0, "worker %d: took group %s with %d mappings, epoch %" APR_INT64_T_FMT,
            host->config->index, group->name, group->flow_count, group->epoch);
    for (i = 0; i < group->flow_count; i++) {
        nts_flow_start(group->flows[i]);
    }
    return APR_SUCCESS;
}

int nts_group_is_idle(const nts_group_t *group)
{
    int i;

    for (i = 0; i < group->port_count; i++) {
        if (nts_port_load(group->ports[i]) > 0) {
            return 0;
        }
    }
    for (i = 0; i < group->flow_count; i++) {
        if (nts_driver_load(group->flows[i]) > 0) {
            return 0;
        }
    }
    return 1;
}

void nts_group_drain(nts_group_t *group)
{
    int i;

    for (i = 0; i < group->flow_count; i++) {
        nts_flow_drain(group->flows[i]);
    }
    for (i = 0; i < group->port_count; i++) {
        nts_port_drain(group->ports[i]);
    }
}

void nts_group_leave(nts_group_t *group)
{
    int i;

    for (i = 0; i < group->flow_count; i++) {
        nts_driver_quieten(group->flows[i]);
    }
    for (i = 0; i < group->port_count; i++) {
        nts_port_shut(group->ports[i]);
    }
}

static void stop_flows(nts_group_t *group)
{
    int i;

    for (i = 0; i < group->flow_count; i++) {
        nts_flow_stop(group->flows[i]);
    }
    if (group->files) {
        nts_files_stop(group->files);
    }
}

apr_status_t nts_group_release(nts_group_t *group, apr_interval_time_t wait)
{
    nts_host_t *host = group->host;
    apr_status_t result = APR_SUCCESS;
    int locks = 0;
    int i;

    stop_flows(group);
    for (i = 0; i < group->port_count; i++) {
        if (nts_port_close(group->ports[i], wait) != APR_SUCCESS) {
            result = APR_TIMEUP;
        }
    }
    /* What is still to be stored refers to what goes now; and who hears that it was stored, or was not, may
     * have set a timer. */
    while (nts_commits_flush(host->commits)) {
        continue;
    }
    stop_flows(group);
    if (host->segment && nts_segment_owner(host->segment, group->number) == host->config->index) {
        nts_segment_set_owner(host->segment, group->number, -1);
    }
    if (result == APR_SUCCESS && nts_commits_is_empty(host->commits)) {
        for (i = 0; i < host->config->setup->service_count; i++) {
            locks += host->grouping->of_service[i] == group->number;
        }
        unlock_services(group, locks, group->p);
        clear(group);
    }
    return result;
}

void nts_group_look_at_clock(nts_group_t *group)
{
    int i;

    for (i = 0; i < group->port_count; i++) {
        nts_port_look_at_clock(group->ports[i]);
    }
}

void nts_group_check(nts_group_t *group)
{
    nts_host_t *host = group->host;
    int i;

    if (group->lost || nts_store_owns_group(host->store, group->name, group->epoch)) {
        nts_group_look_at_clock(group);
        return;
    }
    group->lost = 1;
    nts_log(NTS_LOG_WARNING, 0,
            "worker %d: group %s was taken over by another worker; its work here ends",
            host->config->index, group->name);
    stop_flows(group);
    for (i = 0; i < group->port_count; i++) {
        nts_port_shut(group->ports[i]);
    }
}

void nts_group_look(nts_group_t *group)
{
    int i;

    for (i = 0; i < group->flow_count; i++) {
        nts_commands_look(group->flows[i]);
        nts_events_look(group->flows[i]);
    }
    for (i = 0; i < group->port_count; i++) {
        nts_port_look(group->ports[i]);
    }
}

void nts_group_show(nts_group_t *group)
{
    nts_segment_t *segment = group->host->segment;
    nts_group_view_t view = { 0 };
    int i;

    if (!segment) {
        return;
    }
    for (i = 0; i < group->flow_count; i++) {
        nts_schedule_counts_t counts = nts_schedule_count(group->flows[i]->schedule);

        view.waiting[NTS_LIVE] += counts.waiting[NTS_LIVE] + nts_gather_count(group->flows[i]);
        view.waiting[NTS_BULK] += counts.waiting[NTS_BULK];
        view.lying += counts.lying;
        view.running += counts.running;
    }
    nts_segment_set_group(segment, group->number, &view);
    for (i = 0; i < group->port_count; i++) {
        nts_port_show(group->ports[i]);
    }
}
