/* nts_domain_choice.c - one choice, and sets of choices. One side's ids are known to both at most: where each side has its own,
 * they meet by name. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

#define NOTION_NAME_MAX 100

static const nts_option_t *find_id(const nts_type_t *type, const char *id)
{
    for (int i = 0; i < type->option_count; i++) {
        if (type->options[i].id && strcmp(type->options[i].id, id) == 0) {
            return &type->options[i];
        }
    }
    return NULL;
}

/* Exactly that name, else without case: Notion's names are unique without case. */
static const nts_option_t *find_name(const nts_type_t *type, const char *name)
{
    const nts_option_t *similar = NULL;

    for (int i = 0; i < type->option_count; i++) {
        const nts_option_t *option = &type->options[i];

        if (strcmp(option->name, name) == 0) {
            return option;
        }
        if (!similar && nts_str_equal_nocase(option->name, name)) {
            similar = option;
        }
    }
    return similar;
}

/* The side whose choices they are, and whose ids: the first that has any. */
static nts_side_t owner_of(const nts_domain_t *domain)
{
    nts_type_kind_t first = domain->types[NTS_NOTION].kind;

    return first == NTS_TYPE_OPTION || first == NTS_TYPE_SET ? NTS_NOTION : NTS_EXTERNAL;
}

/* A choice that @a side shows as both know it: the owner's id and its name where it is known there. */
static nts_option_t resolve(const nts_domain_t *domain, nts_side_t side, const nts_option_t *option)
{
    nts_option_t named = { NULL, option->name };
    nts_side_t owner = owner_of(domain);
    const nts_option_t *known;

    if (option->id && side == owner) {
        return *option; /* newer than the schema, if the two differ */
    }
    known = find_name(&domain->types[owner], option->name);
    return known ? *known : named;
}

static const char *advice_for(const nts_domain_t *domain, nts_side_t side)
{
    if (domain->types[side].options_open) {
        return "add options=create, or add the choice in Notion";
    }
    return side == NTS_NOTION ? "add the choice to the property in Notion, or change the value"
                              : "add the choice to the field, or change the value";
}

static const char *show_name(const char *name, apr_pool_t *p)
{
    nts_value_t text = nts_value_text(name);

    return nts_domain_show(&text, p);
}

/* A domain choice as that side takes it. */
static apr_status_t render_choice(nts_option_t *choice, const nts_domain_t *domain, nts_side_t side,
                                  const nts_option_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_type_t *type = &domain->types[side];
    int is_owner = side == owner_of(domain);
    const nts_option_t *known = NULL;

    *choice = *common;
    if (common->id && is_owner) {
        known = find_id(type, common->id);
    }
    if (!known) {
        known = find_name(type, common->name);
    }
    if (known) {
        *choice = *known;
        return APR_SUCCESS;
    }
    if (common->id && is_owner) {
        return APR_SUCCESS; /* the schema may be older than the page that showed this choice */
    }
    choice->id = NULL;
    if (!type->options_open || !domain->options.options_create[side]) {
        return nts_domain_unfit(out, p, advice_for(domain, side),
                                "the %s field (%s) has no choice '%s'", nts_side_name(side),
                                type->native, show_name(common->name, p));
    }
    if (strchr(common->name, ',')) {
        return nts_domain_unfit(out, p, "change the value",
                                "'%s' cannot become a choice in Notion: their names hold no commas",
                                show_name(common->name, p));
    }
    if (nts_utf8_length(common->name) > NOTION_NAME_MAX) {
        return nts_domain_unfit(out, p, "shorten the value",
                                "'%s' cannot become a choice in Notion: its name is longer "
                                "than %d characters",
                                show_name(common->name, p), NOTION_NAME_MAX);
    }
    return APR_SUCCESS;
}

static apr_status_t project_option(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                   const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    nts_option_t option = { NULL, NULL };

    if (value->kind == NTS_VALUE_OPTION) {
        option = value->as.option;
    }
    else if (value->kind == NTS_VALUE_TEXT) {
        option.name = value->as.text;
    }
    else {
        return nts_domain_strange(domain, side, value, out, p);
    }
    option = resolve(domain, side, &option);
    *common = nts_value_option(option.id, option.name);
    return APR_SUCCESS;
}

static apr_status_t render_option(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                  const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    nts_option_t choice;
    apr_status_t rv;

    if (common->kind != NTS_VALUE_OPTION) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    if (domain->types[side].kind == NTS_TYPE_TEXT) {
        *value = nts_value_text(common->as.option.name);
        return APR_SUCCESS;
    }
    rv = render_choice(&choice, domain, side, &common->as.option, out, p);
    if (rv == APR_SUCCESS) {
        *value = nts_value_option(choice.id, choice.name);
    }
    return rv;
}

const nts_family_t nts_family_option = { "choice", project_option, render_option };

static nts_format_t format_of(const nts_domain_t *domain)
{
    return domain->options.format == NTS_FORMAT_CSV ? NTS_FORMAT_CSV : NTS_FORMAT_JSON;
}

/* Each member resolved, and one of those that turn out to be the same choice. */
static nts_value_t resolve_set(const nts_domain_t *domain, nts_side_t side, const nts_value_t *set,
                               apr_pool_t *p)
{
    int count = 0;
    nts_option_t *members = apr_palloc(p, sizeof(*members) * (apr_size_t)(set->as.set.count + 1));

    for (int i = 0; i < set->as.set.count; i++) {
        nts_option_t member = resolve(domain, side, &set->as.set.options[i]);
        int at = 0;

        while (at < count && !nts_domain_options_equal(&members[at], &member)) {
            at++;
        }
        if (at == count) {
            members[count++] = member;
        }
    }
    return nts_value_set(members, count, p);
}

apr_status_t nts_domain_set_of(nts_value_t *set, const nts_domain_t *domain, nts_side_t side,
                               const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    nts_format_t format = format_of(domain);
    const char *problem = NULL;

    if (value->kind == NTS_VALUE_SET) {
        *set = *value;
        return APR_SUCCESS;
    }
    if (value->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    if (nts_set_parse(set, value->as.text, format, NTS_ELEMENTS_TEXTS, &problem, p) ==
        APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return nts_domain_unfit(
        out, p,
        format == NTS_FORMAT_CSV ? "write names with commas between, \"quoted\" if they hold one"
                                 : "write a JSON array of texts, or use format=csv",
        "the %s field (%s) holds '%s', which is no %s: %s", nts_side_name(side),
        domain->types[side].native, nts_domain_show(value, p),
        format == NTS_FORMAT_CSV ? "row of CSV" : "JSON array of texts", problem);
}

nts_value_t nts_domain_set_text(const nts_domain_t *domain, const nts_value_t *set, apr_pool_t *p)
{
    return nts_value_text(nts_set_text(set, format_of(domain), NTS_ELEMENTS_TEXTS, p));
}

apr_status_t nts_domain_check_members(const nts_domain_t *domain, nts_side_t side,
                                      const nts_value_t *set, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_type_t *type = &domain->types[side];

    if (!type->max_members || set->as.set.count <= type->max_members) {
        return APR_SUCCESS;
    }
    return nts_domain_unfit(
        out, p, "take members out", "there are %d members, and the %s field (%s) takes %d at once",
        set->as.set.count, nts_side_name(side), type->native, type->max_members);
}

static apr_status_t project_set(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    nts_value_t set = nts_value_null;
    apr_status_t rv = nts_domain_set_of(&set, domain, side, value, out, p);

    if (rv == APR_SUCCESS) {
        *common = set.as.set.count ? resolve_set(domain, side, &set, p) : nts_value_null;
    }
    return rv;
}

static apr_status_t render_set(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                               const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_type_t *type = &domain->types[side];
    nts_option_t *members;

    if (common->kind != NTS_VALUE_SET) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    if (type->kind == NTS_TYPE_TEXT && !type->option_count) {
        *value = nts_domain_set_text(domain, common, p);
        return APR_SUCCESS;
    }
    if (nts_domain_check_members(domain, side, common, out, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    members = apr_palloc(p, sizeof(*members) * (apr_size_t)(common->as.set.count + 1));
    for (int i = 0; i < common->as.set.count; i++) {
        apr_status_t rv =
            render_choice(&members[i], domain, side, &common->as.set.options[i], out, p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *value = nts_value_set(members, common->as.set.count, p);
    if (type->kind == NTS_TYPE_TEXT) {
        *value = nts_domain_set_text(domain, value, p);
    }
    return APR_SUCCESS;
}

const nts_family_t nts_family_set = { "set of choices", project_set, render_set };
