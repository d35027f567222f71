/* swap_cases.h - what is true in every database of rows that exchange unique values (S5.8). */
#ifndef SWAP_CASES_H
#define SWAP_CASES_H

void test_swapping(void);

#endif /* SWAP_CASES_H */
