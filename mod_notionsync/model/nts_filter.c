/* nts_filter.c - binding a filter to a side's fields, and judging records by it. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_decimal.h"
#include "model/nts_filter_impl.h"

/* ---- binding ---- */

typedef struct binder_t {
    const nts_filter_t *filter;
    const nts_schema_field_t **found; /* one per field */
    nts_outcome_t *out;
    apr_pool_t *p;
} binder_t;

/* What may be done with fields of a type, and what the literals are then. */
typedef struct shape_t {
    nts_literal_kind_t literal;
    int ordered;
    int contains;
    int equal;
    const char *expected;
} shape_t;

static int shape_of(shape_t *shape, const nts_type_t *type)
{
    static const shape_t text = { NTS_LITERAL_TEXT, 1, 1, 1, "a text in quotes" };
    static const shape_t number = { NTS_LITERAL_NUMBER, 1, 0, 1, "a number" };
    static const shape_t truth = { NTS_LITERAL_BOOL, 0, 0, 1, "true or false" };
    static const shape_t date = { NTS_LITERAL_DATE, 1, 0, 1, "a date such as 2026-01-31" };
    static const shape_t option = { NTS_LITERAL_TEXT, 0, 0, 1, "the name of a choice in quotes" };
    static const shape_t set = { NTS_LITERAL_TEXT, 0, 1, 0, "the name of a choice in quotes" };

    switch (type->kind) {
    case NTS_TYPE_TEXT:
        *shape = text;
        return !type->varying; /* a result is compared as what it is, which each page tells anew */
    case NTS_TYPE_NUMBER:
        *shape = number;
        return 1;
    case NTS_TYPE_BOOL:
        *shape = truth;
        return 1;
    case NTS_TYPE_DAY:
    case NTS_TYPE_INSTANT:
    case NTS_TYPE_DATE:
        *shape = date;
        return 1;
    case NTS_TYPE_OPTION:
        *shape = option;
        return 1;
    case NTS_TYPE_SET:
        *shape = set;
        return 1;
    case NTS_TYPE_REFERENCE:
    case NTS_TYPE_FILES:
    case NTS_TYPE_PLACE:
    case NTS_TYPE_PEOPLE:
    case NTS_TYPE_UNSUPPORTED:
        break;
    }
    return 0;
}

static int fail(const binder_t *b, const nts_schema_field_t *field, const char *code,
                const char *what, const char *advice)
{
    nts_outcome_set(b->out, b->p, NTS_REMEDY_PERSON, code, "NotionSyncFilter: %s", what);
    b->out->field = field ? apr_pstrdup(b->p, field->name) : NULL;
    b->out->advice = advice;
    return 0;
}

/* A choice that does not exist would silently leave every record outside. */
static int is_choice(const binder_t *b, const nts_schema_field_t *field,
                     const nts_literal_t *literal)
{
    const char *known = "";
    int i;

    for (i = 0; i < field->type.option_count; i++) {
        if (nts_str_equal_nocase(field->type.options[i].name, literal->text)) {
            return 1;
        }
        if (i < 20) {
            known = apr_pstrcat(b->p, known, i ? ", \"" : "\"", field->type.options[i].name, "\"",
                                NULL);
        }
    }
    if (i == 0) {
        return 1; /* a side that does not tell them */
    }
    return fail(b, field, "filter.choice",
                apr_psprintf(b->p, "\"%s\" has no choice \"%s\" (character %d); it has %s%s",
                             field->name, literal->text, literal->at, known, i > 20 ? ", ..." : ""),
                "correct the expression, or add the choice");
}

static int bind_literal(const binder_t *b, const nts_schema_field_t *field, const shape_t *shape,
                        nts_literal_t *literal)
{
    nts_literal_kind_t kind = literal->kind;

    if (shape->literal == NTS_LITERAL_DATE &&
        (kind == NTS_LITERAL_TEXT || kind == NTS_LITERAL_DATE) &&
        nts_value_date(&literal->value, literal->text, NULL, b->p) == APR_SUCCESS) {
        return 1;
    }
    if (shape->literal != kind || kind == NTS_LITERAL_DATE) {
        return fail(b, field, "filter.type",
                    apr_psprintf(b->p,
                                 "\"%s\" is a field of the type %s and cannot be compared with "
                                 "%s (character %d); expected is %s",
                                 field->name, field->type.native, literal->text, literal->at,
                                 shape->expected),
                    "correct the expression");
    }
    if (kind == NTS_LITERAL_NUMBER) {
        return nts_value_number(&literal->value, literal->text, b->p) == APR_SUCCESS;
    }
    literal->value = kind == NTS_LITERAL_BOOL ? nts_value_bool(strcmp(literal->text, "true") == 0)
                                              : nts_value_text(literal->text);
    return field->type.kind == NTS_TYPE_TEXT || kind == NTS_LITERAL_BOOL ||
           is_choice(b, field, literal);
}

static int is_allowed(const binder_t *b, const nts_schema_field_t *field, const shape_t *shape,
                      nts_filter_op_t op)
{
    const char *instead = NULL;

    if ((op == NTS_FILTER_LESS || op == NTS_FILTER_LESS_EQUAL) && !shape->ordered) {
        instead = "has no order";
    }
    else if (op == NTS_FILTER_CONTAINS && !shape->contains) {
        instead = "contains nothing: write = or in";
    }
    else if (op == NTS_FILTER_EQUAL && !shape->equal) {
        instead = "holds several choices: write contains";
    }
    return !instead || fail(b, field, "filter.type",
                            apr_psprintf(b->p, "\"%s\" is a field of the type %s, which %s",
                                         field->name, field->type.native, instead),
                            "correct the expression");
}

/* A copy of the tree with its literals as values; NULL: refused. */
static const nts_filter_node_t *bind_node(const binder_t *b, const nts_filter_node_t *node)
{
    nts_filter_node_t *made = apr_pmemdup(b->p, node, sizeof(*made));
    nts_literal_t *literals;
    shape_t shape;
    int i;

    if (node->op <= NTS_FILTER_NOT) {
        made->left = bind_node(b, node->left);
        made->right = node->right && made->left ? bind_node(b, node->right) : NULL;
        return made->left && (made->right || !node->right) ? made : NULL;
    }
    if (!shape_of(&shape, &b->found[node->field]->type)) {
        (void)fail(b, b->found[node->field], "filter.type",
                   apr_psprintf(b->p,
                                "\"%s\" is a field of the type %s, which filters do not understand",
                                b->found[node->field]->name, b->found[node->field]->type.native),
                   "name another field");
        return NULL;
    }
    if (!is_allowed(b, b->found[node->field], &shape, node->op)) {
        return NULL;
    }
    literals = apr_pcalloc(b->p, (apr_size_t)(node->literal_count + 1) * sizeof(*literals));
    for (i = 0; i < node->literal_count; i++) {
        literals[i] = node->literals[i];
        literals[i].text = apr_pstrdup(b->p, node->literals[i].text);
        if (!bind_literal(b, b->found[node->field], &shape, &literals[i])) {
            return NULL;
        }
    }
    made->literals = literals;
    return made;
}

static int find_fields(binder_t *b, const nts_schema_t *schema, const char *const *known,
                       nts_filter_field_t *fields)
{
    const char *names = "";
    int i;
    int k;

    for (i = 0; i < b->filter->field_count; i++) {
        const char *name = b->filter->fields[i].name;
        const nts_schema_field_t *field = known && known[i] ? nts_schema_find_id(schema, known[i])
                                                            : nts_schema_find_name(schema, name);

        if (!field) {
            for (k = 0; k < schema->count && k < 20; k++) {
                names =
                    apr_pstrcat(b->p, names, k ? ", \"" : "\"", schema->fields[k].name, "\"", NULL);
            }
            return fail(b, NULL, "filter.field",
                        apr_psprintf(b->p, "\"%s\" has no field \"%s\"; it has %s%s",
                                     schema->title ? schema->title : "the side", name, names,
                                     schema->count > 20 ? ", ..." : ""),
                        "write the name exactly as it is shown there");
        }
        b->found[i] = field;
        fields[i].name = apr_pstrdup(b->p, name);
        fields[i].id = apr_pstrdup(b->p, field->id);
        fields[i].unannounced = field->type.computed && !field->type.fixed;
    }
    return 1;
}

apr_status_t nts_filter_bind(const nts_filter_t **bound, const nts_filter_t *filter,
                             const nts_schema_t *schema, const char *const *known,
                             nts_outcome_t *out, apr_pool_t *p)
{
    apr_size_t count = (apr_size_t)filter->field_count + 1;
    nts_filter_field_t *fields = apr_pcalloc(p, count * sizeof(*fields));
    nts_filter_t *made = apr_pcalloc(p, sizeof(*made));
    binder_t b = { filter, apr_pcalloc(p, count * sizeof(nts_schema_field_t *)), out, p };

    *bound = NULL;
    if (!find_fields(&b, schema, known, fields)) {
        return APR_EMISMATCH;
    }
    made->text = apr_pstrdup(p, filter->text);
    made->fields = fields;
    made->field_count = filter->field_count;
    made->root = bind_node(&b, filter->root);
    if (!made->root) {
        return APR_EMISMATCH;
    }
    *bound = made;
    return APR_SUCCESS;
}

/* ---- judging ---- */

/* A day and an instant compare as days (UTC), two instants as instants; a range stands for its start. */
static int compare_dates(const char *a, const char *b)
{
    apr_time_t at[2];

    if (strlen(a) > 10 && strlen(b) > 10 && nts_time_parse(&at[0], a) == APR_SUCCESS &&
        nts_time_parse(&at[1], b) == APR_SUCCESS) {
        return (at[0] > at[1]) - (at[0] < at[1]);
    }
    return strncmp(a, b, 10);
}

/* *order of two values of one kind; zero: they cannot be compared. */
static int compare(int *order, const nts_value_t *value, const nts_value_t *literal)
{
    if (value->kind == NTS_VALUE_OPTION && literal->kind == NTS_VALUE_TEXT) {
        *order = !nts_str_equal_nocase(value->as.option.name, literal->as.text);
        return 1;
    }
    if (value->kind != literal->kind) {
        return 0;
    }
    switch (value->kind) {
    case NTS_VALUE_TEXT:
        *order = strcmp(value->as.text, literal->as.text);
        return 1;
    case NTS_VALUE_NUMBER:
        *order = nts_decimal_compare(value->as.text, literal->as.text);
        return 1;
    case NTS_VALUE_BOOL:
        *order = !value->as.truth - !literal->as.truth;
        return 1;
    case NTS_VALUE_DATE:
        *order = compare_dates(value->as.date.start, literal->as.date.start);
        return 1;
    default:
        return 0;
    }
}

static int contains(const nts_value_t *value, const nts_value_t *literal)
{
    int i;

    if (value->kind == NTS_VALUE_TEXT) {
        return strstr(value->as.text, literal->as.text) != NULL;
    }
    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        if (nts_str_equal_nocase(value->as.set.options[i].name, literal->as.text)) {
            return 1;
        }
    }
    return 0;
}

static int test(const nts_filter_node_t *node, const nts_value_t *value)
{
    int order = 0;
    int i;

    if (node->op == NTS_FILTER_EMPTY) {
        return nts_value_is_empty(value);
    }
    for (i = 0; i < node->literal_count; i++) {
        const nts_value_t *literal = &node->literals[i].value;

        if (node->op == NTS_FILTER_CONTAINS) {
            return !nts_value_is_empty(value) && contains(value, literal);
        }
        if (!compare(&order, value, literal)) {
            continue;
        }
        order = node->is_turned ? -order : order;
        if (node->op == NTS_FILTER_LESS         ? order < 0
            : node->op == NTS_FILTER_LESS_EQUAL ? order <= 0
                                                : order == 0) {
            return 1;
        }
    }
    return 0;
}

static int judge(const nts_filter_node_t *node, const nts_value_t *values)
{
    switch (node->op) {
    case NTS_FILTER_AND:
        return judge(node->left, values) && judge(node->right, values);
    case NTS_FILTER_OR:
        return judge(node->left, values) || judge(node->right, values);
    case NTS_FILTER_NOT:
        return !judge(node->left, values);
    default:
        return test(node, &values[node->field]);
    }
}

nts_standing_t nts_filter_judge(const nts_filter_t *filter, const nts_value_t *values)
{
    int i;

    for (i = 0; filter && i < filter->field_count; i++) {
        if (values[i].kind == NTS_VALUE_ABSENT || values[i].truncated) {
            return NTS_STANDING_UNKNOWN;
        }
    }
    return !filter || judge(filter->root, values) ? NTS_STANDING_INSIDE : NTS_STANDING_OUTSIDE;
}
