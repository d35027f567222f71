/* nts_zone.h - time zones by IANA name, for sides that store wall clock times without an offset.
 *
 * localtime knows one zone per process and setting it races with every other thread, so the zone
 * files are read here. A side's connector does the conversion, because only it sees whether a text
 * carried an offset of its own; canonical values are always UTC.
 */
#ifndef NTS_ZONE_H
#define NTS_ZONE_H

#include "base/nts_base.h"

typedef struct nts_zone_t nts_zone_t;

/** Load a zone ("Europe/Berlin"); NULL and "UTC" are UTC and need no file. APR_EINVAL: such a name
 *  cannot be; APR_ENOENT: this machine does not know it; APR_EMISMATCH: its file is broken. */
apr_status_t nts_zone_load(const nts_zone_t **zone, const char *name, apr_pool_t *p);

/** Seconds east of Greenwich at an instant. A NULL zone is UTC. */
int nts_zone_offset(const nts_zone_t *zone, apr_time_t at);

/** What the clock on the wall shows at an instant, as if that were UTC. */
apr_time_t nts_zone_to_local(const nts_zone_t *zone, apr_time_t at);

/** The instant at which the clock on the wall shows @a local. Of the hour that occurs twice the first
 *  is meant; in the hour that is skipped the clock is taken as not yet moved. */
apr_time_t nts_zone_to_utc(const nts_zone_t *zone, apr_time_t local);

#endif /* NTS_ZONE_H */
