/* nts_grouping.c - connected parts of the graph whose edges are mappings. */
#include <string.h>

#include "worker/nts_grouping.h"

const char *nts_service_identity(const nts_service_t *service, apr_pool_t *p)
{
    return apr_pstrcat(p, service->vhost ? service->vhost : "", "/", service->name, NULL);
}

static int place_of(const nts_setup_t *setup, const nts_service_t *service)
{
    int i;

    for (i = 0; i < setup->service_count; i++) {
        if (setup->services[i] == service) {
            return i;
        }
    }
    return -1;
}

/* The representative of a service's part. */
static int root_of(const int *parent, int service)
{
    while (parent[service] != service) {
        service = parent[service];
    }
    return service;
}

const nts_grouping_t *nts_grouping_make(const nts_setup_t *setup, apr_pool_t *p)
{
    nts_grouping_t *grouping = apr_pcalloc(p, sizeof(*grouping));
    apr_size_t services = (apr_size_t)setup->service_count + 1;
    int *parent = apr_pcalloc(p, services * sizeof(int));
    int *of_service = apr_pcalloc(p, services * sizeof(int));
    int *of_mapping = apr_pcalloc(p, ((apr_size_t)setup->mapping_count + 1) * sizeof(int));
    const char **names = apr_pcalloc(p, services * sizeof(char *));
    int i;

    for (i = 0; i < setup->service_count; i++) {
        parent[i] = i;
        of_service[i] = -1;
    }
    for (i = 0; i < setup->mapping_count; i++) {
        const nts_mapping_t *mapping = setup->mappings[i];

        parent[root_of(parent, place_of(setup, mapping->notion))] =
            root_of(parent, place_of(setup, mapping->external));
    }
    for (i = 0; i < setup->mapping_count; i++) {
        int root = root_of(parent, place_of(setup, setup->mappings[i]->notion));

        if (of_service[root] < 0) {
            of_service[root] = grouping->count++;
        }
        of_mapping[i] = of_service[root];
    }
    for (i = 0; i < setup->service_count; i++) {
        const char *name = nts_service_identity(setup->services[i], p);
        int group = of_service[root_of(parent, i)];

        of_service[i] = group;
        if (group >= 0 && (!names[group] || strcmp(name, names[group]) < 0)) {
            names[group] = name;
        }
    }
    grouping->names = names;
    grouping->of_mapping = of_mapping;
    grouping->of_service = of_service;
    return grouping;
}
