/* nts_connector.c - the services there are. */
#include "connector/nts_connector.h"

static const nts_connector_t *const connectors[] = { &nts_connector_notion, &nts_connector_sql };

const nts_connector_t *nts_connector_find(nts_service_kind_t kind)
{
    for (int i = 0; i < (int)(sizeof(connectors) / sizeof(connectors[0])); i++) {
        if (connectors[i]->kind == kind) {
            return connectors[i];
        }
    }
    return NULL;
}
