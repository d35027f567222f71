/* nts_domain_people.c - people: Notion knows them by id, other sides by address or name (nts_users.h). Two workspaces have ids of their
 * own: one's are known to both, the other's people are looked for among them. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

/* The side whose ids the common domain has: the first that holds people. */
static nts_side_t owner_of(const nts_domain_t *domain)
{
    return domain->types[NTS_NOTION].kind == NTS_TYPE_PEOPLE ? NTS_NOTION : NTS_EXTERNAL;
}

int nts_domain_is_one_person(const nts_domain_t *domain)
{
    int is_alone = 0;

    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_type_t *type = &domain->types[side];

        if (type->kind == NTS_TYPE_PEOPLE && !type->alone) {
            return 0;
        }
        is_alone |= type->alone;
    }
    return is_alone;
}

/* --- coming in */

/* As Notion showed a person: whoever is not listed (a guest) by what the page says, unless that is what another one is called. */
static const char *spelling_of(const nts_users_t *people, const nts_option_t *shown, apr_pool_t *p)
{
    const char *listed = people && shown->id ? nts_users_spelling(people, shown->id) : NULL;
    const char *id;

    if (listed) {
        return listed;
    }
    if (shown->id && (!*shown->name || nts_uuid_normalise(&id, shown->name, p) == APR_SUCCESS ||
                      (people && nts_users_find(people, shown->name, &id) > 0))) {
        return shown->id;
    }
    return shown->name;
}

/* Two of one name who are not listed: their ids tell them apart. */
static void tell_apart(nts_option_t *members, int count)
{
    for (int i = 0; i < count; i++) {
        int is_namesake = 0;

        for (int k = i + 1; k < count; k++) {
            if (members[i].id && members[k].id && strcmp(members[i].id, members[k].id) != 0 &&
                nts_str_equal_nocase(members[i].name, members[k].name)) {
                members[k].name = members[k].id;
                is_namesake = 1;
            }
        }
        members[i].name = is_namesake ? members[i].id : members[i].name;
    }
}

/* A text of the other side as a person: with the id, where it leads to just one. */
static nts_option_t person_of(const nts_users_t *people, const char *text, apr_pool_t *p)
{
    nts_option_t person = { NULL, text };
    const char *spelled;

    if (people && nts_users_find(people, text, &person.id) == 1) {
        person.name = nts_users_spelling(people, person.id);
        return person;
    }
    person.id = NULL;
    if (nts_uuid_normalise(&person.id, text, p) == APR_SUCCESS) {
        spelled = people ? nts_users_spelling(people, person.id) : NULL;
        person.name = spelled ? spelled : person.id;
        return person;
    }
    person.id = NULL;
    return person;
}

/* As the owner's workspace knows whom the other one shows: without an id if there is nobody, or it cannot be told. */
static nts_option_t meet(const nts_domain_t *domain, nts_side_t side, const nts_option_t *shown)
{
    const nts_users_t *here = domain->options.people[side];
    const nts_users_t *there = domain->options.people[owner_of(domain)];
    nts_option_t person = { NULL, shown->name };

    if (here && there && shown->id && nts_users_spelling(here, shown->id)) {
        person.id = nts_users_counterpart(here, shown->id, there);
    }
    else if (there && nts_users_find(there, shown->name, &person.id) != 1) {
        person.id = NULL;
    }
    person.name = person.id ? nts_users_spelling(there, person.id) : shown->name;
    return person;
}

static apr_status_t take_set(nts_value_t *set, const nts_domain_t *domain, nts_side_t side,
                             const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    if (value->kind == NTS_VALUE_TEXT && nts_domain_is_one_person(domain)) {
        nts_option_t person = { NULL, value->as.text };

        *set = nts_value_set(&person, 1, p);
        return APR_SUCCESS;
    }
    return nts_domain_set_of(set, domain, side, value, out, p);
}

static apr_status_t project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                            const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_users_t *known = domain->options.people[owner_of(domain)];
    int is_text = domain->types[side].kind == NTS_TYPE_TEXT;
    nts_value_t set;
    nts_option_t *members;
    int count;

    if (take_set(&set, domain, side, value, out, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    count = set.as.set.count;
    members = apr_palloc(p, sizeof(*members) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const nts_option_t *shown = &set.as.set.options[i];

        members[i] = is_text ? person_of(known, shown->name, p) : *shown;
        members[i].name =
            spelling_of(is_text ? known : domain->options.people[side], &members[i], p);
    }
    tell_apart(members, count);
    for (int i = 0; !is_text && side != owner_of(domain) && i < count; i++) {
        members[i] = meet(domain, side, &members[i]);
    }
    *common = !count                             ? nts_value_null
              : nts_domain_is_one_person(domain) ? nts_value_option(members[0].id, members[0].name)
                                                 : nts_value_set(members, count, p);
    return APR_SUCCESS;
}

/* --- going out */

static int is_hidden(const nts_users_t *people)
{
    return !people || nts_users_is_hidden(people);
}

/* Two workspaces: whoever is not in both lists, or under other addresses, is nobody at the other. */
static void refuse_between(const nts_domain_t *domain, nts_side_t side, const char *shown,
                           nts_outcome_t *out, apr_pool_t *p)
{
    nts_side_t far = nts_side_other(side);
    const nts_users_t *const *people = domain->options.people;
    const char *blind = is_hidden(people[side])  ? nts_side_name(side)
                        : is_hidden(people[far]) ? nts_side_name(far)
                                                 : NULL;

    nts_outcome_set(
        out, p, NTS_REMEDY_PERSON, NTS_DOMAIN_PERSON, "%s",
        blind
            ? apr_psprintf(
                  p, "'%s' cannot be found: the connection of the %s side may not list people",
                  shown, blind)
            : apr_psprintf(
                  p,
                  "'%s' is nobody, or cannot be told from others, in the workspace of the %s side",
                  shown, nts_side_name(side)));
    if (out) {
        out->advice =
            blind || !nts_users_has_emails(people[side]) || !nts_users_has_emails(people[far])
                ? "give both connections the capability to read user information with "
                  "e-mail addresses"
                : "invite the person to that workspace under the same e-mail address, or "
                  "take the person out";
    }
}

static apr_status_t refuse(const nts_domain_t *domain, nts_side_t side, const char *name,
                           nts_outcome_t *out, apr_pool_t *p)
{
    const nts_users_t *people = domain->options.people[side];
    nts_value_t text = nts_value_text(name);
    const char *shown = nts_domain_show(&text, p);
    const char *id;
    int count = people ? nts_users_find(people, name, &id) : 0;
    int is_blind = is_hidden(people) || (strchr(name, '@') && !nts_users_has_emails(people));

    if (domain->types[nts_side_other(side)].kind == NTS_TYPE_PEOPLE) {
        refuse_between(domain, side, shown, out, p);
        return APR_EMISMATCH;
    }
    nts_outcome_set(
        out, p, NTS_REMEDY_PERSON, NTS_DOMAIN_PERSON, "%s",
        count > 1 ? apr_psprintf(p, "%d people in Notion are called '%s'", count, shown)
        : is_hidden(people)
            ? apr_psprintf(p, "'%s' cannot be found: the connection may not list people", shown)
        : is_blind ? apr_psprintf(p,
                                  "'%s' cannot be found: the connection is not shown "
                                  "the addresses of people",
                                  shown)
                   : apr_psprintf(p, "no person in Notion is called '%s'", shown));
    if (out) {
        out->advice = count > 1  ? "write the e-mail address"
                      : is_blind ? "give the connection the capability to read user information "
                                   "with e-mail addresses, or write the person's id"
                                 : "invite the person to the workspace, correct the value, or "
                                   "write the person's id, by which guests are found, too";
    }
    return APR_EMISMATCH;
}

/* The id that another side than the owner has for the person; NULL: none is known. */
static const char *id_at(const nts_domain_t *domain, nts_side_t side, const nts_option_t *common,
                         apr_pool_t *p)
{
    const nts_users_t *owners = domain->options.people[owner_of(domain)];
    const nts_users_t *others = domain->options.people[side];
    const char *id = NULL;

    if (others && owners && common->id && nts_users_spelling(owners, common->id)) {
        return nts_users_counterpart(owners, common->id, others);
    }
    if (others && nts_users_find(others, common->name, &id) == 1) {
        return id;
    }
    /* Who has no other name than an id, and none of the owner's, came from that side. */
    return !common->id && nts_uuid_normalise(&id, common->name, p) == APR_SUCCESS ? id : NULL;
}

static nts_option_t person_at(const nts_domain_t *domain, nts_side_t side,
                              const nts_option_t *common, apr_pool_t *p)
{
    const nts_users_t *here = domain->options.people[side];
    nts_option_t person = *common;

    if (side != owner_of(domain)) {
        person.id = id_at(domain, side, common, p);
        person.name = person.id && here ? nts_users_shown(here, person.id) : common->name;
    }
    return person;
}

static apr_status_t render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    int is_text = domain->types[side].kind == NTS_TYPE_TEXT;
    nts_option_t *members;

    if (common->kind == NTS_VALUE_OPTION && is_text) {
        *value = nts_value_text(common->as.option.name);
        return APR_SUCCESS;
    }
    if (common->kind != NTS_VALUE_SET) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    if (is_text) {
        *value = nts_domain_set_text(domain, common, p);
        return APR_SUCCESS;
    }
    members = apr_palloc(p, sizeof(*members) * (apr_size_t)(common->as.set.count + 1));
    for (int i = 0; i < common->as.set.count; i++) {
        members[i] = person_at(domain, side, &common->as.set.options[i], p);
        if (!members[i].id) {
            return refuse(domain, side, common->as.set.options[i].name, out, p);
        }
    }
    if (nts_domain_check_members(domain, side, common, out, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    *value = side == owner_of(domain) ? *common : nts_value_set(members, common->as.set.count, p);
    return APR_SUCCESS;
}

const nts_family_t nts_family_people = { "list of people", project, render };
