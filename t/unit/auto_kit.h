/* auto_kit.h - what NotionSyncFields auto finds between two schemas, as a text that a test can compare. */
#ifndef AUTO_KIT_H
#define AUTO_KIT_H

#include "model/nts_auto.h"

/** With NotionSyncFields auto; @a make_notion, @a make_external: what create= says. */
nts_mapping_t auto_mapping(int make_notion, int make_external);
/** Looks; ends the test if that is refused. */
nts_auto_t auto_look(const nts_mapping_t *mapping, const nts_schema_t *left,
                     const nts_schema_t *right, apr_pool_t *p);
/** "Name<->name, Made->made" */
const char *auto_pairs(const nts_auto_t *found, apr_pool_t *p);
/** "stage:select, price:number": names, and types as that side calls them */
const char *auto_lacking(const nts_auto_t *found, nts_side_t side, apr_pool_t *p);
/** Whether people are told @a what; if not, what they are told is shown. */
int auto_says(const nts_auto_t *found, const char *what);

#endif /* AUTO_KIT_H */
