/* nts_bound.c - what a pair of fields was bound to. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_bound.h"

/* Of Notion's property the type, for another one converts or clears what it holds; of a relation also where it leads to. Of a column
 * the kind, for a longer VARCHAR holds what it held, and whether the database computes it. */
static const char *type_of(const nts_found_t *found, int side, apr_pool_t *p)
{
    const nts_type_t *type = &found->field[side]->type;

    if (!found->is_property[side] || !type->native) {
        return type->computed ? apr_pstrcat(p, nts_type_kind_name(type->kind), " computed", NULL)
                              : nts_type_kind_name(type->kind);
    }
    return type->target ? apr_pstrcat(p, type->native, " ", type->target, NULL)
                        : apr_pstrdup(p, type->native);
}

static void note_side(nts_bound_t *bound, int side, const nts_found_t *found, apr_pool_t *p)
{
    const char *seen = bound->seen[side];
    const char *type = found->field[side] ? type_of(found, side, p) : NULL;

    if (!type) {
        bound->form[side] += seen != NULL;
    }
    else if (strcmp(type, seen ? seen : bound->type[side]) != 0) {
        bound->recast[side] = ++bound->form[side];
    }
    else if (!seen && !found->is_property[side]) {
        bound->recast[side] = bound->form[side]; /* made anew: it shows its default */
    }
    bound->seen[side] = type;
}

int nts_bound_is_known(const nts_bound_t *bound)
{
    return bound->type[NTS_NOTION] != NULL;
}

int nts_bound_is_changed(const nts_bound_t *bound)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT && nts_bound_is_known(bound); side++) {
        if (!nts_str_same(bound->seen[side], bound->type[side])) {
            return 1;
        }
    }
    return 0;
}

void nts_bound_note(nts_bound_t *bound, const nts_found_t *found, apr_pool_t *p)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT && nts_bound_is_known(bound); side++) {
        note_side(bound, side, found, p);
    }
}

void nts_bound_begin(nts_bound_t *bound, const nts_found_t *found, apr_pool_t *p)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        bound->type[side] = bound->seen[side] = type_of(found, side, p);
    }
    bound->why = (nts_outcome_t){ 0 };
    bound->since = 0;
}

int nts_bound_is_of(const nts_bound_t *bound, nts_side_t side, const char *native)
{
    const char *type = bound->type[side];
    apr_size_t len = strlen(native);

    return !type || (strncmp(type, native, len) == 0 && (!type[len] || type[len] == ' '));
}

const char *nts_bound_text(const nts_bound_t *bound, apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p);
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        nts_json_t *node = nts_json_add_object(root, nts_side_name((nts_side_t)side));

        nts_json_add_string(node, "type", bound->type[side]);
        nts_json_add_string(node, "seen", bound->seen[side]);
        nts_json_add_int(node, "form", bound->form[side]);
        nts_json_add_int(node, "recast", bound->recast[side]);
    }
    if (bound->why.code) {
        nts_outcome_to_json(&bound->why, nts_json_add_object(root, "why"));
        nts_json_add_int(root, "since", bound->since);
    }
    return nts_json_text(root, p);
}

apr_status_t nts_bound_parse(nts_bound_t *bound, const char *text, apr_pool_t *p)
{
    const nts_json_t *root;
    int side;

    *bound = (nts_bound_t){ 0 };
    if (!text) {
        return APR_SUCCESS;
    }
    if (nts_json_parse(&root, text, strlen(text), NULL, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_json_t *node = nts_json_get(root, nts_side_name((nts_side_t)side));

        bound->type[side] = apr_pstrdup(p, nts_json_get_string(node, "type"));
        bound->seen[side] = apr_pstrdup(p, nts_json_get_string(node, "seen"));
        bound->form[side] = (int)nts_json_get_int(node, "form", 0);
        bound->recast[side] = (int)nts_json_get_int(node, "recast", 0);
    }
    nts_outcome_from_json(&bound->why, nts_json_get(root, "why"), p);
    bound->since = nts_json_get_int(root, "since", 0);
    return APR_SUCCESS;
}
