/* nts_contact_auto.c - NotionSyncFields auto in a contact: which pairs there are, and what happens about fields that are lacking. */
#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_contact_impl.h"
#include "worker/nts_flow.h"
#include "worker/nts_making.h"

/* Of fields that are lacking so many are named. */
#define LACKING_SHOWN 12

/* Nothing is made while people have said to write nothing, nor for or in a database that is not the one that was synced (S4.1). */
static int is_ours_to_make(const nts_contact_t *c, nts_side_t side)
{
    const nts_mapping_t *given = c->flow->given;
    const nts_mapping_status_t *status = &c->flow->status;
    const nts_service_t *service = side == NTS_NOTION ? given->notion : given->external;

    return given->make[side] && service->provision_auto && !c->is_made &&
           status->state != NTS_MAPPING_PAUSED && status->state != NTS_MAPPING_WAITING &&
           (!status->instance || nts_str_same(status->instance, c->instance));
}

static void made(void *baton, const nts_made_t *made)
{
    nts_contact_t *c = baton;

    c->asking = 0;
    if (c->stopped || c->flow->group->lost) {
        return;
    }
    /* Without a table there is nothing to do; what passes by itself is tried again soon. */
    if (made->why.code && (!c->schema[NTS_EXTERNAL] || made->why.remedy == NTS_REMEDY_RETRY)) {
        nts_contact_fail(c, &made->why);
        return;
    }
    if (made->why.code) {
        nts_log(NTS_LOG_WARNING, 0, "mapping %s goes on without the fields that are lacking: %s",
                c->flow->label, nts_outcome_text(&made->why, c->p));
    }
    /* From the beginning: what there is now is what the mapping is bound to. */
    nts_contact_ask(c, NTS_NOTION, NTS_ASK_DESCRIBE);
}

static void make(nts_contact_t *c)
{
    c->is_made = 1;
    c->asking = 1;
    nts_making_start(c->flow, 0, made, c, c->p);
}

int nts_contact_auto_table(nts_contact_t *c, const nts_answer_t *answer)
{
    const nts_mapping_t *given = c->flow->given;
    nts_outcome_t why = answer->outcome;

    if (!given->auto_fields || !answer->no_table || !nts_auto_is_new(given)) {
        return 0; /* a table that was synced is missed, and not made anew */
    }
    if (is_ours_to_make(c, NTS_EXTERNAL)) {
        make(c);
        return 1;
    }
    why.advice = given->make[NTS_EXTERNAL]
                     ? apr_psprintf(c->p, "run notionsyncctl provision %s", c->flow->label)
                     : apr_psprintf(c->p,
                                    "create the table; or write NotionSyncFields auto "
                                    "create=external, restart, and run notionsyncctl provision %s",
                                    c->flow->label);
    nts_contact_fail(c, &why);
    return 1;
}

/* Fields that create= would have made, and how. */
static const char *lacking_words(nts_contact_t *c)
{
    int has_ids = c->schema[NTS_EXTERNAL]->has_ids;
    const char *text = NULL;
    const char *more = "";
    int count = 0;
    int side;
    int i;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        for (i = 0; i < c->found.lacking_count[side] && count + i < LACKING_SHOWN; i++) {
            text = apr_psprintf(c->p, "%s%s%s %s%s", text ? text : "", text ? ", " : "",
                                side == NTS_NOTION || has_ids ? "property" : "column",
                                c->found.lacking[side][i].name,
                                side == NTS_EXTERNAL && has_ids ? " of the other data source" : "");
        }
        count += c->found.lacking_count[side];
    }
    if (count > LACKING_SHOWN) {
        more = apr_psprintf(c->p, " and %d more", count - LACKING_SHOWN);
    }
    return text ? apr_psprintf(c->p, "lacking: %s%s (notionsyncctl provision %s makes them)", text,
                               more, c->flow->label)
                : NULL;
}

/* The pairs outlive this contact if they are adopted; else the next one, of maybe many that fail, takes their pool. */
static void keep_pairs(nts_contact_t *c)
{
    nts_mapping_t *with = apr_pmemdup(c->p, c->flow->given, sizeof(*with));
    apr_pool_t *p;
    int i;

    if (c->with_pool) {
        apr_pool_clear(c->with_pool);
    }
    else {
        (void)apr_pool_create(&c->with_pool, c->flow->p);
        apr_pool_tag(c->with_pool, "nts_contact pairs");
    }
    p = c->with_pool;
    with->pairs = c->found.pairs;
    with->pair_count = c->found.pair_count;
    for (i = 0; i < with->pair_count; i++) {
        nts_pair_t *pair = &with->pairs[i];

        if (pair->automatic && !pair->id) {
            pair->notion = apr_pstrdup(p, pair->notion);
            pair->external = apr_pstrdup(p, pair->external);
        }
    }
    c->with = with;
}

int nts_contact_auto_look(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    nts_outcome_t why = { 0 };
    int side;

    c->with = NULL;
    if (nts_auto_look(&c->found, flow->given, c->schema[NTS_NOTION], c->schema[NTS_EXTERNAL], &why,
                      c->p) != APR_SUCCESS) {
        nts_contact_fail(c, &why);
        return 0;
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (c->found.lacking_count[side] && is_ours_to_make(c, (nts_side_t)side)) {
            make(c);
            return 0;
        }
    }
    if (c->found.is_changed) {
        keep_pairs(c);
    }
    return 1;
}

const char *nts_contact_auto_words(nts_contact_t *c, const char *triggers)
{
    const nts_mapping_t *given = c->flow->given;
    const char *lacking = given->auto_fields ? lacking_words(c) : NULL;
    const char *apart = given->auto_fields ? c->found.apart : NULL;
    const char *words = apr_pstrcat(c->p, triggers, lacking ? "; " : "", lacking ? lacking : "",
                                    apart ? "; not paired: " : "", apart ? apart : "", NULL);

    if ((lacking || apart) && !nts_str_same(words, c->flow->status.triggers)) {
        nts_log(NTS_LOG_NOTICE, 0, "mapping %s: %s", c->flow->label, words);
    }
    return words;
}

int nts_contact_auto_is_empty(nts_contact_t *c)
{
    nts_outcome_t why = { 0 };
    int i;

    for (i = 0; i < c->found.pair_count && c->found.pairs[i].is_key; i++) {
    }
    if (i < c->found.pair_count) {
        return 0;
    }
    nts_outcome_set(&why, c->p, NTS_REMEDY_PERSON, "mapping.no_fields",
                    "no fields of the two sides belong together by their names%s%s",
                    c->found.apart ? ": " : "", c->found.apart ? c->found.apart : "");
    why.advice = lacking_words(c);
    why.advice = why.advice ? why.advice
                            : "pair them with NotionSyncField, or write NotionSyncFields auto "
                              "create=external, restart, and run notionsyncctl provision";
    nts_contact_fail(c, &why);
    return 1;
}

nts_mapping_t *nts_contact_auto_given(nts_contact_t *c)
{
    return c->with ? c->with : c->flow->given;
}

void nts_contact_auto_adopt(nts_contact_t *c)
{
    nts_mapping_t *given = c->flow->given;

    if (!c->with) {
        return;
    }
    given->pair_count = c->with->pair_count;
    given->pairs = apr_pmemdup(c->with_pool, c->with->pairs,
                               (apr_size_t)given->pair_count * sizeof(*given->pairs));
    c->with = NULL;
    c->with_pool = NULL; /* the flow's from now on: pairs that stay are in it */
    nts_log(NTS_LOG_NOTICE, 0, "mapping %s: %d fields are paired", c->flow->label,
            given->pair_count);
}
