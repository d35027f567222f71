/* nts_diff.h - what two rows of things have in common: lines of a body, words of a text. Pure. */
#ifndef NTS_DIFF_H
#define NTS_DIFF_H

#include "base/nts_base.h"

/** Things taken out and put in, between the first and the last change. With more of them nothing there is held to be the same. */
#define NTS_DIFF_STEPS_MAX 1000

typedef int nts_diff_same_fn(const void *baton, int old, int now);

/**
 * The shortest way from @a n old things to @a m new ones (E. Myers, An O(ND) Difference Algorithm and Its Variations, 1986).
 * @return of each old one the new one that it has become, in ascending order; -1: it has gone
 */
int *nts_diff(int n, int m, nts_diff_same_fn *same, const void *baton, apr_pool_t *p);

#endif /* NTS_DIFF_H */
