/* nts_making.c - describe both sides, look what is lacking, have it made: first what the external side lacks, then Notion. */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "model/nts_auto.h"
#include "worker/nts_making.h"
#include "worker/nts_port.h"

typedef struct making_t {
    nts_flow_t *flow;
    apr_pool_t *p;
    int dry;
    nts_making_done_fn *done;
    void *baton;
    nts_ask_t ask;
    nts_schema_t *schema[NTS_SIDE_COUNT]; /* external: NULL, there is no table */
    nts_auto_t found;
    int has_choices; /* the columns were asked for their values */
    nts_made_t made;
} making_t;

int nts_making_is_wanted(const nts_mapping_t *given)
{
    return given->auto_fields && (given->make[NTS_NOTION] || given->make[NTS_EXTERNAL]);
}

static void end(making_t *m)
{
    m->done(m->baton, &m->made);
}

static void answered(void *baton, const nts_answer_t *answer);

static void ask(making_t *m, nts_side_t side, nts_ask_kind_t kind)
{
    memset(&m->ask, 0, sizeof(m->ask));
    m->ask.kind = kind;
    m->ask.side = side;
    m->ask.mapping = m->flow->given;
    m->ask.dry = m->dry;
    if (kind == NTS_ASK_PROVISION) {
        m->ask.make = m->found.lacking[side];
        m->ask.make_count = m->found.lacking_count[side];
        m->ask.may_make_table = !m->schema[side];
    }
    else if (side == NTS_EXTERNAL) {
        m->ask.ids = m->found.choices;
        m->ask.id_count = m->found.choice_count;
    }
    nts_port_ask(m->flow->end[side].port, &m->ask, NTS_LIVE, NULL, answered, m, m->p);
}

static const char *names(const nts_auto_t *found, nts_side_t side, apr_pool_t *p)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < found->lacking_count[side]; i++) {
        text = apr_psprintf(p, "%s%s\"%s\"", text ? text : "", text ? ", " : "",
                            found->lacking[side][i].name);
    }
    return text;
}

/* The external side has properties, too: it is asked as Notion is. */
static int has_two_sources(const making_t *m)
{
    return m->schema[NTS_EXTERNAL] && m->schema[NTS_EXTERNAL]->has_ids;
}

static void summarise(making_t *m)
{
    const char *fields = names(&m->found, NTS_EXTERNAL, m->p);
    const char *properties = names(&m->found, NTS_NOTION, m->p);
    const char *text = NULL;

    if (!m->schema[NTS_EXTERNAL]) {
        text = apr_psprintf(m->p, "the table %s", m->flow->given->collection);
    }
    if (fields) {
        text = apr_psprintf(m->p, "%s%s%s %s", text ? text : "", text ? " with " : "",
                            has_two_sources(m) ? "in the other data source" : "columns", fields);
    }
    if (properties) {
        text =
            apr_psprintf(m->p, "%s%sin Notion %s", text ? text : "", text ? "; " : "", properties);
    }
    m->made.summary = text;
}

/* Both are described. */
static void look(making_t *m)
{
    if (nts_auto_look(&m->found, m->flow->given, m->schema[NTS_NOTION], m->schema[NTS_EXTERNAL],
                      &m->made.why, m->p) != APR_SUCCESS) {
        end(m);
    }
    else if (m->found.choice_count && m->schema[NTS_EXTERNAL] && !m->has_choices) {
        m->has_choices = 1;
        ask(m, NTS_EXTERNAL, NTS_ASK_DESCRIBE);
    }
    else {
        summarise(m);
        ask(m, NTS_EXTERNAL, NTS_ASK_PROVISION);
    }
}

static void provisioned(making_t *m, const nts_answer_t *answer)
{
    const char *text = answer->statements ? answer->statements : "";

    if (m->ask.side == NTS_NOTION) {
        m->made.request = *m->made.request && *text
                              ? apr_pstrcat(m->p, m->made.request, "\n", text, NULL)
                              : apr_pstrcat(m->p, m->made.request, text, NULL);
    }
    else {
        *(has_two_sources(m) ? &m->made.request : &m->made.statements) = text;
        if (m->found.lacking_count[NTS_NOTION]) {
            ask(m, NTS_NOTION, NTS_ASK_PROVISION);
            return;
        }
    }
    if (m->made.summary && !m->dry) {
        nts_log(NTS_LOG_NOTICE, 0, "mapping %s: was made: %s", m->flow->label, m->made.summary);
    }
    end(m);
}

static void described(making_t *m, nts_schema_t *schema)
{
    m->schema[m->ask.side] = schema;
    if (m->ask.side == NTS_NOTION) {
        ask(m, NTS_EXTERNAL, NTS_ASK_DESCRIBE);
    }
    else {
        look(m);
    }
}

static void answered(void *baton, const nts_answer_t *answer)
{
    making_t *m = baton;
    const nts_mapping_t *given = m->flow->given;

    if (m->ask.kind == NTS_ASK_DESCRIBE && answer->no_table && given->make[NTS_EXTERNAL] &&
        nts_auto_is_new(given)) {
        described(m, NULL);
    }
    else if (answer->result != NTS_RESULT_OK) {
        m->made.why = answer->outcome;
        if (!m->made.why.code) {
            nts_outcome_set(&m->made.why, m->p, NTS_REMEDY_RETRY, "making.failed",
                            "%s: no reason known", nts_ask_name(m->ask.kind));
        }
        end(m);
    }
    else if (m->flow->group->lost || m->flow->host->draining) {
        nts_outcome_set(&m->made.why, m->p, NTS_REMEDY_RETRY, "making.ended",
                        "the worker ends; the next one goes on");
        end(m);
    }
    else if (m->ask.kind == NTS_ASK_PROVISION) {
        provisioned(m, answer);
    }
    else if (answer->schema) {
        described(m, answer->schema);
    }
    else {
        m->flow->host->broken = "a connector described nothing";
    }
}

void nts_making_start(nts_flow_t *flow, int dry, nts_making_done_fn *done, void *baton,
                      apr_pool_t *p)
{
    making_t *m = apr_pcalloc(p, sizeof(*m));

    m->flow = flow;
    m->p = p;
    m->dry = dry;
    m->done = done;
    m->baton = baton;
    m->made.statements = m->made.request = "";
    ask(m, NTS_NOTION, NTS_ASK_DESCRIBE);
}
