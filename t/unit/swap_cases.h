/* swap_cases.h - what is true in every database of rows that exchange unique values (S5.8). */
#ifndef SWAP_CASES_H
#define SWAP_CASES_H

#include "connector/nts_connector.h"

void test_swapping(void);

/** Rows 1 and 2, "a" and "b" in the first column of @a mapping, get each other's in one go, under the intents w1 and w2. What either was
 *  answered. */
const nts_answer_t *exchange_two(nts_mapping_t *mapping);

#endif /* SWAP_CASES_H */
