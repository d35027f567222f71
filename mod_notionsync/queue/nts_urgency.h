/* nts_urgency.h - two classes of work: what somebody waits for, and what merely has to be done. */
#ifndef NTS_URGENCY_H
#define NTS_URGENCY_H

typedef enum nts_urgency_t {
    NTS_LIVE = 0, /* an edit: goes first */
    NTS_BULK = 1  /* first sync, reconciliation, plans: paced */
} nts_urgency_t;
#define NTS_URGENCY_COUNT 2

#endif /* NTS_URGENCY_H */
