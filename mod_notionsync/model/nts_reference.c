/* nts_reference.c - references on their way between a service and the engine. */
#include "base/nts_str.h"
#include "model/nts_reference.h"

nts_value_t nts_reference_value(apr_int64_t link, const char *name, apr_pool_t *p)
{
    return nts_value_option(link ? apr_psprintf(p, "%" APR_INT64_T_FMT, link) : NULL, name);
}

static int is_reference(const nts_pair_t *pair)
{
    return pair->domain && nts_domain_is_reference(pair->domain);
}

static int has_references(const nts_mapping_t *mapping)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (is_reference(&mapping->pairs[i])) {
            return 1;
        }
    }
    return 0;
}

/* --- coming in */

typedef struct resolving_t {
    const nts_pair_t *pair;
    nts_side_t side;
    nts_referent_fn *find;
    void *baton;
    apr_pool_t *p;
} resolving_t;

static int is_list(const resolving_t *r)
{
    return nts_domain_is_reference_list(r->pair->domain);
}

static apr_status_t resolve_name(nts_option_t *option, const char **waits, const resolving_t *r,
                                 const char *name)
{
    nts_referent_t found = { 0 };
    apr_status_t rv = r->find(r->baton, &found, r->pair, r->side, name, 0, r->p);

    *option = nts_reference_value(found.link, name, r->p).as.option;
    *waits = apr_pstrdup(r->p, found.waits);
    return rv;
}

/* Sets are sorted by name and so are these: one by one along with it. Two names of one link may have become one member. */
static const char *const *waits_of(const nts_value_t *set, const nts_option_t *options,
                                   const char *const *waits, int count, apr_pool_t *p)
{
    const char **sorted = apr_pcalloc(p, ((apr_size_t)count + 1) * sizeof(*sorted));
    int i, k;

    for (i = 0; i < set->as.set.count; i++) {
        for (k = 0; k < count && options[k].name != set->as.set.options[i].name; k++) {
            continue;
        }
        sorted[i] = k < count ? waits[k] : NULL;
    }
    return sorted;
}

/* Pages, or the keys of a list. */
static apr_status_t resolve_set(nts_value_t *value, const resolving_t *r)
{
    int count = value->as.set.count;
    nts_option_t *options = apr_pcalloc(r->p, ((apr_size_t)count + 1) * sizeof(*options));
    const char **waits = apr_pcalloc(r->p, ((apr_size_t)count + 1) * sizeof(*waits));
    const char *any = NULL;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = resolve_name(&options[i], &waits[i], r, value->as.set.options[i].name);
        any = waits[i] ? waits[i] : any;
    }
    *value = nts_value_set(options, count, r->p);
    value->waits = any;
    value->member_waits = any ? waits_of(value, options, waits, count, r->p) : NULL;
    return rv;
}

/* What is no list stays as it is, and fits nowhere (nts_domain_project). How it was spelled goes along, for a write expects that. */
static apr_status_t resolve_list(nts_value_t *value, const resolving_t *r)
{
    const char *text = value->as.text;
    nts_value_t list;
    apr_status_t rv;

    if (nts_domain_list_parse(&list, r->pair->domain, text, r->p) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    rv = resolve_set(&list, r);
    *value = list;
    value->rich = text;
    return rv;
}

static apr_status_t resolve(nts_value_t *value, const resolving_t *r)
{
    nts_option_t option;
    const char *waits;
    apr_status_t rv;

    if (value->truncated || nts_value_is_empty(value)) {
        return APR_SUCCESS;
    }
    if (value->kind == NTS_VALUE_SET) {
        return resolve_set(value, r);
    }
    if (value->kind == NTS_VALUE_TEXT && is_list(r)) {
        return resolve_list(value, r);
    }
    if (value->kind != NTS_VALUE_TEXT && value->kind != NTS_VALUE_NUMBER) {
        return APR_SUCCESS;
    }
    rv = resolve_name(&option, &waits, r, value->as.text);
    *value = nts_value_option(option.id, option.name);
    value->waits = waits;
    return rv;
}

static void resolve_record(nts_record_t *record, const nts_mapping_t *mapping, resolving_t *r)
{
    nts_value_t *values;
    int i;

    if (!record->values) {
        return;
    }
    values = apr_pmemdup(r->p, record->values, (apr_size_t)mapping->pair_count * sizeof(*values));
    for (i = 0; i < mapping->pair_count; i++) {
        r->pair = &mapping->pairs[i];
        if (is_reference(r->pair) && resolve(&values[i], r) != APR_SUCCESS) {
            values[i] = nts_value_absent;
        }
    }
    record->values = values;
}

void nts_answer_resolve(nts_answer_t *answer, const nts_ask_t *ask, nts_referent_fn *find,
                        void *baton, apr_pool_t *p)
{
    resolving_t r = { NULL, ask->side, find, baton, p };
    int i;

    if (!ask->mapping || !has_references(ask->mapping)) {
        return;
    }
    if (answer->record) {
        resolve_record(answer->record, ask->mapping, &r);
    }
    for (i = 0; i < answer->record_count; i++) {
        resolve_record(&answer->records[i], ask->mapping, &r);
    }
}

/* --- going out */

/* As it was read, or by what its target is called now. */
static apr_status_t spell_name(const char **name, const resolving_t *r, const nts_option_t *option,
                               nts_outcome_t *out)
{
    nts_referent_t found = { 0 };
    apr_status_t rv;

    *name = option->name;
    if (**name) {
        return APR_SUCCESS;
    }
    rv = r->find(r->baton, &found, r->pair, r->side, NULL, option->id ? apr_atoi64(option->id) : 0,
                 r->p);
    if (rv == APR_SUCCESS && (found.waits || !found.name[r->side])) {
        nts_outcome_set(out, r->p, NTS_REMEDY_RETRY, NTS_REFERENCE_GONE,
                        "the record that is to be referred to has changed meanwhile: %s",
                        found.waits ? found.waits : "it has no counterpart any more");
        out->field = r->pair->notion;
        return APR_ENOENT;
    }
    *name = apr_pstrdup(r->p, found.name[r->side]);
    return rv;
}

/* A column of whole numbers is to take a key that is none. */
static const char *find_misfit(const nts_value_t *list, const nts_type_t *type)
{
    apr_int64_t number;
    int i;

    for (i = 0; type->list && type->whole && i < list->as.set.count; i++) {
        const char *name = list->as.set.options[i].name;

        if (nts_int_parse(&number, name, APR_INT64_MIN, APR_INT64_MAX) != APR_SUCCESS) {
            return name;
        }
    }
    return NULL;
}

/* A list as the text of its column, which may be too short for it. */
static apr_status_t spell_list(nts_value_t *value, const resolving_t *r, nts_outcome_t *out)
{
    const nts_type_t *type = nts_domain_type(r->pair->domain, r->side);
    const char *text = nts_domain_list_text(r->pair->domain, value, r->p);
    const char *misfit = find_misfit(value, type);

    if (misfit) {
        nts_outcome_set(out, r->p, NTS_REMEDY_PERSON, NTS_REFERENCE_ROOM,
                        "the key '%s' is no whole number, and the field %s (%s) holds such alone",
                        misfit, r->pair->external, type->native);
        out->field = r->pair->notion;
        out->advice = "use a column of the type that those keys have, as a list";
        return APR_ENOENT;
    }
    if (type->max_length && nts_utf8_length(text) > (apr_size_t)type->max_length) {
        nts_outcome_set(out, r->p, NTS_REMEDY_PERSON, NTS_REFERENCE_ROOM,
                        "a list of %d keys takes %" APR_SIZE_T_FMT
                        " characters, and the field %s (%s) has room for %d",
                        value->as.set.count, nts_utf8_length(text), r->pair->external, type->native,
                        type->max_length);
        out->field = r->pair->notion;
        out->advice = "widen the field, or leave fewer";
        return APR_ENOENT;
    }
    *value = nts_value_text(text);
    return APR_SUCCESS;
}

static apr_status_t spell(nts_value_t *value, const resolving_t *r, nts_outcome_t *out)
{
    const nts_type_t *type = nts_domain_type(r->pair->domain, r->side);
    const char *name;
    apr_status_t rv;

    if (value->kind == NTS_VALUE_SET && value->rich) { /* as it was read */
        *value = nts_value_text(value->rich);
        return APR_SUCCESS;
    }
    if (value->kind == NTS_VALUE_SET) {
        int count = value->as.set.count;
        nts_option_t *options = nts_options_copy(value->as.set.options, count, r->p);
        int i;

        for (i = 0, rv = APR_SUCCESS; i < count && rv == APR_SUCCESS; i++) {
            rv = spell_name(&options[i].name, r, &value->as.set.options[i], out);
            options[i].id = NULL;
        }
        *value = nts_value_set(options, count, r->p);
        return rv == APR_SUCCESS && type->kind == NTS_TYPE_TEXT ? spell_list(value, r, out) : rv;
    }
    if (value->kind != NTS_VALUE_OPTION) {
        return APR_SUCCESS;
    }
    rv = spell_name(&name, r, &value->as.option, out);
    if (rv == APR_SUCCESS && type->kind == NTS_TYPE_NUMBER) {
        return nts_value_number(value, name, r->p);
    }
    *value = nts_value_text(name);
    return rv;
}

static apr_status_t spell_all(const nts_value_t **values, const nts_mapping_t *mapping,
                              resolving_t *r, nts_outcome_t *out)
{
    nts_value_t *spelled;
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (!*values) {
        return APR_SUCCESS;
    }
    spelled = apr_pmemdup(r->p, *values, (apr_size_t)mapping->pair_count * sizeof(*spelled));
    for (i = 0; i < mapping->pair_count && rv == APR_SUCCESS; i++) {
        r->pair = &mapping->pairs[i];
        if (is_reference(r->pair)) {
            rv = spell(&spelled[i], r, out);
        }
    }
    *values = spelled;
    return rv;
}

apr_status_t nts_ask_spell(nts_ask_t *ask, nts_referent_fn *find, void *baton, nts_outcome_t *out,
                           apr_pool_t *p)
{
    resolving_t r = { NULL, ask->side, find, baton, p };
    apr_status_t rv;

    if (!ask->mapping || !has_references(ask->mapping)) {
        return APR_SUCCESS;
    }
    rv = spell_all(&ask->values, ask->mapping, &r, out);
    return rv == APR_SUCCESS ? spell_all(&ask->expected, ask->mapping, &r, out) : rv;
}
