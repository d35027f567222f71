/* nts_skew.c - the offset of another clock as an interval. */
#include "base/nts_skew.h"

/* Clocks drift apart, at most this much of the time that passes: ntpd slews by 500 ppm. */
#define DRIFT_PART 2000

void nts_skew_measure(nts_skew_t *skew, apr_time_t shown, apr_interval_time_t unit, apr_time_t sent,
                      apr_time_t answered)
{
    apr_interval_time_t low = shown - answered;
    apr_interval_time_t high = shown + unit - sent;
    apr_interval_time_t drift;

    if (answered < sent || shown <= 0) {
        return; /* our own clock was set meanwhile: nothing can be told (D56) */
    }
    if (skew->is_known && answered >= skew->at) {
        drift = (answered - skew->at) / DRIFT_PART;
        if (low <= skew->high + drift && high >= skew->low - drift) {
            low = low > skew->low - drift ? low : skew->low - drift;
            high = high < skew->high + drift ? high : skew->high + drift;
        }
    }
    skew->is_known = 1;
    skew->low = low;
    skew->high = high;
    skew->at = answered;
}

apr_time_t nts_skew_earliest(const nts_skew_t *skew, apr_time_t theirs)
{
    return theirs ? theirs - skew->high : 0;
}

apr_time_t nts_skew_latest(const nts_skew_t *skew, apr_time_t theirs)
{
    return theirs ? theirs - skew->low : 0;
}

apr_time_t nts_skew_theirs_earliest(const nts_skew_t *skew, apr_time_t ours)
{
    return ours ? ours + skew->low : 0;
}

apr_time_t nts_skew_theirs_latest(const nts_skew_t *skew, apr_time_t ours)
{
    return ours ? ours + skew->high : 0;
}

apr_interval_time_t nts_skew_offset(const nts_skew_t *skew)
{
    return skew->low + (skew->high - skew->low) / 2;
}

apr_interval_time_t nts_skew_uncertainty(const nts_skew_t *skew)
{
    return (skew->high - skew->low + 1) / 2;
}

int nts_skew_is_notable(const nts_skew_t *skew)
{
    return skew->low > NTS_SKEW_NOTABLE || skew->high < -NTS_SKEW_NOTABLE;
}
