/* nts_reference.h - references by the link they lead to, whatever each side calls it (S5.2).
 *
 * A service shows page ids or keys. On its way to the engine each gets the number of the target's link as the id
 * of an option, so that equality is identity; on the way out that is spelled as the service takes it. Pure:
 * what is linked the caller tells, who has the state store at hand.
 */
#ifndef NTS_REFERENCE_H
#define NTS_REFERENCE_H

#include "model/nts_exchange.h"

/** Outcome code of a reference that cannot be carried until something happens to its target. */
#define NTS_REFERENCE_WAITS "reference.waits"
/** What people are told to do about it. */
#define NTS_REFERENCE_ADVICE                                                                       \
    "nothing has to be done if that record is still to be synced; it is filled in when that is "   \
    "linked"
/** ... of more than there is room for. */
#define NTS_REFERENCE_MANY "reference.many"
/** ... of a list that its column cannot take: longer than its text, or of keys that are none of its numbers. */
#define NTS_REFERENCE_ROOM "reference.room"
/** ... of a write that the service refused because it has no such target, or does not show it to us: of the whole write, not
 *  of the field. */
#define NTS_REFERENCE_HIDDEN "reference.hidden"
/** ... of a write that was given up because its target is not what it was. */
#define NTS_REFERENCE_GONE "reference.gone"

/** What is known of a target. Texts live as long as the finder's pool. */
typedef struct nts_referent_t {
    apr_int64_t link;                 /* 0: no identity */
    const char *name[NTS_SIDE_COUNT]; /* page id, key; NULL: none */
    const char *waits; /* why it cannot be referred to on the other side; NULL: it can */
} nts_referent_t;

/** Finds the target that @a pair refers to by its @a name on @a side, or by @a link where that is not 0. Anything but
 *  APR_SUCCESS: it cannot be told now. One that nobody knows is found: without identity, and waits. */
typedef apr_status_t nts_referent_fn(void *baton, nts_referent_t *found, const nts_pair_t *pair,
                                     nts_side_t side, const char *name, apr_int64_t link,
                                     apr_pool_t *p);

/** Give the references of all records of an answer their identity. A value that cannot be told becomes ABSENT. */
void nts_answer_resolve(nts_answer_t *answer, const nts_ask_t *ask, nts_referent_fn *find,
                        void *baton, apr_pool_t *p);

/** Spell the references of an ask as its side takes them; its arrays are replaced where needed.
 *  @return APR_ENOENT (with @a out) if a target cannot be referred to any more, or the column has no room for the list; else
 *  what the finder said */
apr_status_t nts_ask_spell(nts_ask_t *ask, nts_referent_fn *find, void *baton, nts_outcome_t *out,
                           apr_pool_t *p);

/** A reference: its target's link and what the side calls it ("" in what the engine wants written). */
nts_value_t nts_reference_value(apr_int64_t link, const char *name, apr_pool_t *p);

#endif /* NTS_REFERENCE_H */
