/* nts_domain_place.c - a place as a JSON object of one spelling: lat, lon, then what it is called, as far as that is known. */
#include <string.h>

#include "model/nts_decimal.h"
#include "model/nts_domain_impl.h"

static const char *const names[] = { "name", "address", "aws_place_id", "google_place_id" };
#define NAME_COUNT ((int)(sizeof(names) / sizeof(names[0])))

/* A coordinate as a double holds it, which is how Notion keeps it; NULL: it is none. */
static const char *coordinate(const nts_json_t *place, const char *key, double limit, apr_pool_t *p)
{
    const nts_json_t *node = nts_json_get(place, key);
    const char *text = node ? nts_json_number_text(node, p) : NULL;
    const char *spelled = NULL;
    double d;

    if (!text || nts_decimal_normalise(&text, text, p) != APR_SUCCESS ||
        nts_decimal_to_double(&d, text) != APR_SUCCESS || d < -limit || d > limit ||
        nts_decimal_from_double(&spelled, d, p) != APR_SUCCESS) {
        return NULL;
    }
    return spelled;
}

static int is_known(const char *key)
{
    int at = 0;

    if (strcmp(key, "lat") == 0 || strcmp(key, "lon") == 0) {
        return 1;
    }
    while (at < NAME_COUNT && strcmp(names[at], key) != 0) {
        at++;
    }
    return at < NAME_COUNT;
}

static int find_unknown(void *baton, const char *key, const nts_json_t *value)
{
    (void)value;
    if (is_known(key)) {
        return 0;
    }
    *(const char **)baton = key;
    return 1;
}

/* NULL with @a problem, a clause, if the text is no place. */
static const char *one_spelling(const char *text, const char **problem, apr_pool_t *p)
{
    const nts_json_t *place;
    nts_json_t *spelled = nts_json_make_object(p);
    const char *unknown = NULL;
    const char *lat;
    const char *lon;

    if (nts_json_parse(&place, text, strlen(text), problem, p) != APR_SUCCESS) {
        return NULL;
    }
    *problem = "it is no JSON object";
    if (nts_json_type(place) != NTS_JSON_OBJECT) {
        return NULL;
    }
    nts_json_each(place, find_unknown, &unknown);
    if (unknown) {
        *problem = apr_psprintf(p, "a place has no '%s'", unknown);
        return NULL;
    }
    lat = coordinate(place, "lat", 90, p);
    lon = coordinate(place, "lon", 180, p);
    if (!lat || !lon) {
        *problem = !lat ? "lat is no number from -90 to 90" : "lon is no number from -180 to 180";
        return NULL;
    }
    nts_json_add_number(spelled, "lat", lat);
    nts_json_add_number(spelled, "lon", lon);
    for (int i = 0; i < NAME_COUNT; i++) {
        const nts_json_t *node = nts_json_get(place, names[i]);
        const char *name = node ? nts_json_string(node) : NULL;

        if (node && !name && nts_json_type(node) != NTS_JSON_NULL) {
            *problem = apr_psprintf(p, "'%s' is no text", names[i]);
            return NULL;
        }
        if (name && *name) {
            nts_json_add_string(spelled, names[i], name);
        }
    }
    return nts_json_text(spelled, p);
}

static apr_status_t project(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                            const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    const char *problem = NULL;
    const char *spelled;

    if (value->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    spelled = one_spelling(value->as.text, &problem, p);
    if (!spelled) {
        return nts_domain_unfit(out, p,
                                "write {\"lat\":52.5,\"lon\":13.4}, and \"name\" and \"address\" "
                                "if they are known",
                                "the %s field (%s) holds '%s', which is no place: %s",
                                nts_side_name(side), domain->types[side].native,
                                nts_domain_show(value, p), problem);
    }
    *common = nts_value_text(spelled);
    return APR_SUCCESS;
}

static apr_status_t render(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                           const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    if (common->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    *value = *common;
    return APR_SUCCESS;
}

const nts_family_t nts_family_place = { "place", project, render };
