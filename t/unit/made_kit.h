/* made_kit.h - a property of each kind, and a table and columns made for them: what holds in every dialect. With sql_kit.h. */
#ifndef MADE_KIT_H
#define MADE_KIT_H

#include "sql_kit.h"

/** As Notion describes them. */
extern const nts_schema_field_t made_fields[];
extern const int made_field_count;

/** PROVISION with all of them, or the first @a count. */
nts_answer_t *make_fields(const nts_mapping_t *mapping, int count, int dry);
/** Each column in one line: "name TEXT, qty NUMERIC, ..."; NULL: a column is missing, cannot be NULL, or cannot hold the property. */
const char *made_types(const nts_mapping_t *mapping);

/** Case: four processes, each with a connector of its own on a server's @a database, make all fields at once; @a types: what made_types then says. */
void made_together(const char *database, const nts_mapping_t *mapping, const char *types);

#endif /* MADE_KIT_H */
