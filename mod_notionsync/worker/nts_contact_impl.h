/* nts_contact_impl.h - a contact: what nts_contact.c (the conversation), nts_contact_judge.c (are they those that they were?) and
 * nts_contact_bind.c (binding) share, with nts_contact_auto.c (pairs by name) and nts_contact_suspend.c (pairs that cannot be bound). */
#ifndef NTS_CONTACT_IMPL_H
#define NTS_CONTACT_IMPL_H

#include "model/nts_auto.h"
#include "worker/nts_contact.h"

struct nts_contact_t {
    nts_flow_t *flow;
    apr_pool_t *p; /* of the contact under way; NULL: none */
    nts_ask_t ask;
    int asking;
    int again;        /* start once more when this one is over */
    int provisioned;  /* triggers were installed in this contact */
    nts_auto_t found; /* NotionSyncFields auto: what this contact pairs */
    nts_mapping_t *
        with; /* the mapping with them, where they are others than it has; NULL: they are the same */
    int is_made; /* it had made what was lacking */
    int stopped;
    nts_schema_t *schema[NTS_SIDE_COUNT];
    const char *text[NTS_SIDE_COUNT];  /* of the schemas */
    int wants_quiet;                   /* ready to bind, but for work under way */
    int is_doubtful;                   /* the database seems to have been set back */
    const char *bound[NTS_SIDE_COUNT]; /* what the mapping is bound to; in its pool */
    const char *accepted;      /* instance that a person who was told of it accepts; NULL: none */
    apr_int64_t accepted_from; /* the least change number that it had shown by then */
    int is_changed;            /* what was kept of the last binding is not what it is now */
    nts_timer_t probe;
    nts_timer_t later; /* somebody is missed in Notion, or a field is suspended: asked again then */
    apr_time_t
        doubted; /* monotonic: the schema was last looked at because something did not fit it, in vain; 0: not so */
    apr_time_t started; /* monotonic: the last contact began */
    int failures;
    const char *instance; /* that the external database had last; NULL: not known */
    apr_int64_t counter;
    const char *mark;   /* that was found there */
    apr_time_t marked;  /* monotonic: our own was left there; 0: not yet */
    int is_news;        /* bound anew, or what it covers has changed */
    int looks;          /* what waits for a person goes on waiting */
    nts_outcome_t wait; /* what a person has to look at first; code NULL: nothing */
    apr_pool_t *why_pool;
    const char *why;       /* the last contact failed; NULL: it did not */
    apr_pool_t *with_pool; /* of what is new in c->with; NULL: none */
};

/* nts_contact.c */
void nts_contact_ask(nts_contact_t *c, nts_side_t side, nts_ask_kind_t kind);
/** It failed, and ends: a probe is set; a mapping that does not run is blocked. */
void nts_contact_fail(nts_contact_t *c, const nts_outcome_t *why);
/** The mapping is bound: it waits for a person (c->wait), or a mark is left and it can work. */
void nts_contact_succeed(nts_contact_t *c, int is_changed);
/** The mapping can work, and the contact ends. */
void nts_contact_reached(nts_contact_t *c);

/* nts_contact_judge.c */
/** The external side is described (@a seen): is it the database that it was, and the state store the one that worked on it? */
void nts_contact_judge(nts_contact_t *c, const nts_answer_t *seen);
/** Leave a mark in the database, if it is time. @return 0: none is left now; else nts_contact_marked() has the answer */
int nts_contact_mark_begin(nts_contact_t *c);
void nts_contact_marked(nts_contact_t *c, const nts_answer_t *answer);

/* nts_contact_auto.c */
/** DESCRIBE has failed. Non-zero: there is no table yet, and what has to happen about that does: it is made, or the contact fails. */
int nts_contact_auto_table(nts_contact_t *c, const nts_answer_t *answer);
/** Both sides are described: c->found. Zero: the contact has failed, or begins anew once what was lacking is made. */
int nts_contact_auto_look(nts_contact_t *c);
/** @a triggers, and what is not paired, or is lacking. */
const char *nts_contact_auto_words(nts_contact_t *c, const char *triggers);
/** Non-zero: there is nothing to sync, and the contact has failed. */
int nts_contact_auto_is_empty(nts_contact_t *c);
/** The mapping with the pairs it shall have; flow->given where these are what it has. */
nts_mapping_t *nts_contact_auto_given(nts_contact_t *c);
/** They are kept in the store: from here on they are the flow's. */
void nts_contact_auto_adopt(nts_contact_t *c);

/* nts_contact_suspend.c */
/** Pairs of @a bound without a domain are suspended (@a outcomes, one a pair). Non-zero: the mapping cannot go on without one of them:
 *  @a why, in @a p. */
int nts_contact_suspend(nts_contact_t *c, nts_mapping_t *bound, nts_outcome_t *outcomes,
                        nts_outcome_t *why, apr_pool_t *p);
/** What is known of a pair that was bound before is not what @a before has. */
int nts_contact_is_found_changed(const nts_contact_t *c, const nts_mapping_t *before,
                                 const nts_mapping_t *bound);
/** Keep what the pairs were bound to, as far as it is not what @a before has. */
apr_status_t nts_contact_keep_bounds(nts_contact_t *c, const nts_mapping_t *before,
                                     const nts_mapping_t *bound);
/** Say which pairs are suspended now and were not @a before, and which are synced again. */
void nts_contact_say_suspended(nts_contact_t *c, const nts_mapping_t *before,
                               const nts_mapping_t *bound);

/* nts_contact_bind.c */
/** Both sides are described, but the mapping cannot be bound yet: keep what has become of its fields (S5.4). Zero: the contact has failed. */
int nts_contact_note_fields(nts_contact_t *c);
/** Both sides are described: bind, as soon as no work uses the former binding, unless nothing has changed. */
void nts_contact_described(nts_contact_t *c);

#endif /* NTS_CONTACT_IMPL_H */
