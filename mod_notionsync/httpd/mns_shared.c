/* mns_shared.c - mappings that share data sources or tables: circles of mappings, and fields that two sources rule. */
#include "config.h"

#include <string.h>

#include <apr_lib.h>

#include "httpd/mns_shared.h"

/* Named places, joined to sets of those between which something goes to and fro. */
typedef struct place_t {
    const char *name;
    int root; /* of the set it is in */
} place_t;

typedef struct shared_t {
    const apr_array_header_t *mappings;
    mns_shared_report_t report;
    void *baton;
    apr_pool_t *ptemp;
} shared_t;

static int find_place(apr_array_header_t *places, const char *name)
{
    place_t *place;
    int i;

    for (i = 0; i < places->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(places, i, place_t).name, name)) {
            return i;
        }
    }
    place = apr_array_push(places);
    place->name = name;
    place->root = i;
    return i;
}

static int root_of(const apr_array_header_t *places, int place)
{
    return APR_ARRAY_IDX(places, place, place_t).root;
}

/* @return 0: they were joined already */
static int join(const apr_array_header_t *places, int a, int b)
{
    int from = root_of(places, a);
    int to = root_of(places, b);
    int i;

    for (i = 0; i < places->nelts; i++) {
        if (APR_ARRAY_IDX(places, i, place_t).root == from) {
            APR_ARRAY_IDX(places, i, place_t).root = to;
        }
    }
    return from != to;
}

static const char *lower(char *text)
{
    char *at;

    for (at = text; *at; at++) {
        *at = (char)apr_tolower(*at);
    }
    return text;
}

static const char *name_in_database(const nts_mapping_t *model, apr_pool_t *p)
{
    const char *database = model->external->database ? model->external->database : "";

    return lower(apr_pstrcat(p, database, "\n", model->collection, NULL));
}

/* Data sources are normalised; databases do not tell the cases of tables and columns apart. */
static const char *name_table(const nts_mapping_t *model, apr_pool_t *p)
{
    if (model->external->kind == NTS_SERVICE_NOTION) {
        return model->collection;
    }
    return name_in_database(model, p);
}

/* --- circles */

/* Mappings may share a data source or a table, as long as there is one way only from any side to any other: in a circle
 * each record would arrive a second time, as a new one, and go round without end (S3.9). */
static int check_circles(const shared_t *shared)
{
    apr_array_header_t *sides = apr_array_make(shared->ptemp, 8, sizeof(place_t));
    int problems = 0;
    int i;

    for (i = 0; i < shared->mappings->nelts; i++) {
        const mns_mapping_t *mapping = APR_ARRAY_IDX(shared->mappings, i, const mns_mapping_t *);
        int source = find_place(sides, mapping->model.data_source);
        int table = find_place(sides, name_table(&mapping->model, shared->ptemp));

        if (!join(sides, source, table)) {
            problems++;
            shared->report(
                shared->baton, mapping, mapping->where,
                "with this mapping there are two ways from its data source to its table: the "
                "mappings form a circle, in which every new record would be copied round without "
                "end; take one of them out");
        }
    }
    return problems;
}

/* --- fights */

/* A field that goes one way: its target does as its origin says. */
typedef struct rule_t {
    const mns_mapping_t *mapping;
    const nts_pair_t *pair;
    const ap_directive_t *where;
    int origin;
    int target;
} rule_t;

static int find_field(apr_array_header_t *places, const nts_mapping_t *model,
                      const nts_pair_t *pair, nts_side_t side, apr_pool_t *p)
{
    if (side == NTS_NOTION || model->external->kind == NTS_SERVICE_NOTION) {
        return find_place(places, apr_pstrcat(p, nts_mapping_collection(model, side), "\n\n",
                                              nts_pair_field(pair, side), NULL));
    }
    return find_place(places, apr_pstrcat(p, name_table(model, p), "\n",
                                          lower(apr_pstrdup(p, pair->external)), NULL));
}

/* Fields that go both ways are joined, the others listed. */
static apr_array_header_t *read_fields(const shared_t *shared, apr_array_header_t *places)
{
    apr_array_header_t *rules = apr_array_make(shared->ptemp, 8, sizeof(rule_t));
    int i;
    int k;

    for (i = 0; i < shared->mappings->nelts; i++) {
        const mns_mapping_t *mapping = APR_ARRAY_IDX(shared->mappings, i, const mns_mapping_t *);
        const nts_mapping_t *model = &mapping->model;

        for (k = 0; k < model->pair_count; k++) {
            const nts_pair_t *pair = &model->pairs[k];
            int notion = find_field(places, model, pair, NTS_NOTION, shared->ptemp);
            int external = find_field(places, model, pair, NTS_EXTERNAL, shared->ptemp);
            int is_to_notion = pair->direction == NTS_TO_NOTION;
            const rule_t rule = { mapping, pair,
                                  APR_ARRAY_IDX(mapping->lines, k, const ap_directive_t *),
                                  is_to_notion ? external : notion,
                                  is_to_notion ? notion : external };

            if (pair->direction == NTS_BOTH) {
                (void)join(places, notion, external);
            }
            else {
                APR_ARRAY_PUSH(rules, rule_t) = rule;
            }
        }
    }
    return rules;
}

/* Parts of a data source or table may be disjoint, which only people know; a mapping of all of it meets every other. */
static int may_be_apart(const nts_mapping_t *a, const nts_mapping_t *b)
{
    return (a->filter[NTS_NOTION] || a->filter[NTS_EXTERNAL]) &&
           (b->filter[NTS_NOTION] || b->filter[NTS_EXTERNAL]);
}

static const char *name_end(const rule_t *rule, int is_target, apr_pool_t *p)
{
    if ((rule->pair->direction == NTS_TO_NOTION) == is_target) {
        return apr_psprintf(p, "the property \"%s\"", rule->pair->notion);
    }
    return rule->pair->is_key ? "the key"
                              : apr_psprintf(p, "the column '%s'", rule->pair->external);
}

static const char *explain(const rule_t *rule, const rule_t *other, apr_pool_t *p)
{
    const char *through =
        rule->target == other->target
            ? ""
            : apr_psprintf(p, ", which fields that go both ways join to %s", name_end(other, 1, p));

    return apr_psprintf(
        p,
        "%s is ruled one-way by %s of %s here, and by %s of %s in the mapping '%s' (%s)%s: each "
        "would overwrite the other for ever; take one of the two lines out, or let one of them go "
        "both ways (<->), or give both mappings a NotionSyncFilter so that no record is in both",
        name_end(rule, 1, p), name_end(rule, 0, p),
        rule->pair->direction == NTS_TO_NOTION ? rule->mapping->model.collection
                                               : rule->mapping->model.data_source,
        name_end(other, 0, p),
        other->pair->direction == NTS_TO_NOTION ? other->mapping->model.collection
                                                : other->mapping->model.data_source,
        other->mapping->model.name, mns_where_text(other->where, p), through);
}

/* Values that go both ways are one value, wherever they are; two origins of it that people do not share undo each other
 * without end (S2.8). There are no circles, so within a mapping that cannot be (mns_field_add). */
static void check_fights(const shared_t *shared)
{
    apr_array_header_t *places = apr_array_make(shared->ptemp, 16, sizeof(place_t));
    apr_array_header_t *rules = read_fields(shared, places);
    int i;
    int k;

    for (i = 0; i < rules->nelts; i++) {
        const rule_t *rule = &APR_ARRAY_IDX(rules, i, rule_t);

        for (k = 0; k < i; k++) {
            const rule_t *other = &APR_ARRAY_IDX(rules, k, rule_t);

            if (rule->mapping != other->mapping &&
                root_of(places, rule->target) == root_of(places, other->target) &&
                root_of(places, rule->origin) != root_of(places, other->origin) &&
                !may_be_apart(&rule->mapping->model, &other->mapping->model)) {
                shared->report(shared->baton, rule->mapping, rule->where,
                               explain(rule, other, shared->ptemp));
                break;
            }
        }
    }
}

void mns_shared_check(const apr_array_header_t *mappings, mns_shared_report_t report, void *baton,
                      apr_pool_t *ptemp)
{
    const shared_t shared = { mappings, report, baton, ptemp };

    if (check_circles(&shared) == 0) {
        check_fights(&shared);
    }
}
