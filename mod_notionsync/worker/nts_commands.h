/* nts_commands.h - what people ask for through the tool and the dashboard, one at a time a mapping. */
#ifndef NTS_COMMANDS_H
#define NTS_COMMANDS_H

#include "worker/nts_group.h"

nts_commands_t *nts_commands_create(nts_flow_t *flow);
/** There may be commands. */
void nts_commands_look(nts_flow_t *flow);
void nts_commands_stop(nts_flow_t *flow);
/** Asks under way. */
int nts_commands_is_busy(const nts_commands_t *commands);

#endif /* NTS_COMMANDS_H */
