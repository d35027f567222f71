/* nts_domain_people.c - people: Notion knows them by id, other sides by address or name (nts_users.h). */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

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

static apr_status_t project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                            const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_users_t *people = domain->options.people;
    int is_single = domain->types[NTS_NOTION].alone;
    nts_value_t set;
    nts_option_t *members;
    int count;

    if (value->kind == NTS_VALUE_TEXT && is_single) {
        nts_option_t person = { NULL, value->as.text };

        set = nts_value_set(&person, 1, p);
    }
    else if (nts_domain_set_of(&set, domain, side, value, out, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    count = set.as.set.count;
    members = apr_palloc(p, sizeof(*members) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const nts_option_t *shown = &set.as.set.options[i];

        members[i] = side == NTS_EXTERNAL ? person_of(people, shown->name, p) : *shown;
        members[i].name = spelling_of(people, &members[i], p);
    }
    tell_apart(members, count);
    *common = !count      ? nts_value_null
              : is_single ? nts_value_option(members[0].id, members[0].name)
                          : nts_value_set(members, count, p);
    return APR_SUCCESS;
}

/* --- going out */

static apr_status_t refuse(const nts_domain_t *domain, const char *name, nts_outcome_t *out,
                           apr_pool_t *p)
{
    const nts_users_t *people = domain->options.people;
    nts_value_t text = nts_value_text(name);
    const char *shown = nts_domain_show(&text, p);
    const char *id;
    int count = people ? nts_users_find(people, name, &id) : 0;
    int is_blind = !people || nts_users_is_hidden(people) ||
                   (strchr(name, '@') && !nts_users_has_emails(people));

    nts_outcome_set(
        out, p, NTS_REMEDY_PERSON, NTS_DOMAIN_PERSON, "%s",
        count > 1 ? apr_psprintf(p, "%d people in Notion are called '%s'", count, shown)
        : !people || nts_users_is_hidden(people)
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

static apr_status_t render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    int is_text = domain->types[side].kind == NTS_TYPE_TEXT;

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
    for (int i = 0; i < common->as.set.count; i++) {
        if (!common->as.set.options[i].id) {
            return refuse(domain, common->as.set.options[i].name, out, p);
        }
    }
    if (nts_domain_check_members(domain, side, common, out, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    *value = *common;
    return APR_SUCCESS;
}

const nts_family_t nts_family_people = { "list of people", project, render };
