/* nts_root.h - pools that share nothing with any other: for threads, and for what comes and goes whole. */
#ifndef NTS_ROOT_H
#define NTS_ROOT_H

#include "base/nts_base.h"

/** A pool with an allocator of its own and no lock, for one thread at a time. Freed blocks go back to the
 *  system beyond @a keep bytes. Destroying it frees all; ends the process when there is no memory. */
apr_pool_t *nts_root_create(const char *tag, apr_size_t keep);

#endif /* NTS_ROOT_H */
