/* Services that mappings join are one group; the rest are groups of their own, or none. */
#include <apr_general.h>

#include "tap/tap.h"
#include "worker/nts_grouping.h"

static apr_pool_t *pool;

int main(void)
{
    nts_service_t services[7] = { { 0 } };
    const nts_service_t *service_list[7];
    nts_mapping_t mappings[5] = { { 0 } };
    nts_mapping_t *mapping_list[5];
    /* workspace "n1" with two databases, one of which "n2" uses too; "n3" with its own; "spare" */
    static const char *const names[] = { "n1", "db-b", "db-a", "n2", "n3", "db-c", "spare" };
    static const int joins[5][2] = { { 0, 1 }, { 4, 5 }, { 0, 2 }, { 3, 2 }, { 4, 5 } };
    nts_setup_t setup = { 0 };
    const nts_grouping_t *grouping;
    int i;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    for (i = 0; i < 7; i++) {
        services[i].vhost = i < 6 ? "example.org" : "";
        services[i].name = names[i];
        service_list[i] = &services[i];
    }
    for (i = 0; i < 5; i++) {
        mappings[i].notion = &services[joins[i][0]];
        mappings[i].external = &services[joins[i][1]];
        mapping_list[i] = &mappings[i];
    }
    grouping = nts_grouping_make(&setup, pool);
    tap_int(grouping->count, 0, "nothing configured: no groups");
    setup.services = service_list;
    setup.service_count = 7;
    setup.mappings = mapping_list;
    setup.mapping_count = 5;
    grouping = nts_grouping_make(&setup, pool);
    tap_int(grouping->count, 2, "two groups");
    tap_ok(grouping->of_mapping[0] == 0 && grouping->of_mapping[2] == 0 &&
               grouping->of_mapping[3] == 0,
           "mappings that share a service, directly or through others, are together");
    tap_ok(grouping->of_mapping[1] == 1 && grouping->of_mapping[4] == 1, "the others are apart");
    tap_ok(grouping->of_service[0] == 0 && grouping->of_service[1] == 0 &&
               grouping->of_service[2] == 0 && grouping->of_service[3] == 0,
           "so are their services");
    tap_ok(grouping->of_service[4] == 1 && grouping->of_service[5] == 1, "services of the others");
    tap_int(grouping->of_service[6], -1, "a service without a mapping is in no group");
    tap_str(grouping->names[0], "example.org/db-a", "named after the smallest identity");
    tap_str(grouping->names[1], "example.org/db-c", "the other too");
    apr_terminate();
    return tap_done();
}
