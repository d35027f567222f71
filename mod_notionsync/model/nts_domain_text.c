/* nts_domain_text.c - texts, and booleans, whose only other spelling is text or a number. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_body.h"
#include "model/nts_domain_impl.h"

/* A result of whatever kind as a text; NULL: none can be made of it. */
static const char *spell(const nts_value_t *value, apr_pool_t *p)
{
    switch (value->kind) {
    case NTS_VALUE_TEXT:
    case NTS_VALUE_NUMBER:
        return value->as.text;
    case NTS_VALUE_BOOL:
        return value->as.truth ? "true" : "false";
    case NTS_VALUE_DATE:
        return nts_domain_date_text(&value->as.date, p);
    default:
        return NULL;
    }
}

/* Lists have one spelling, however a column spaces them. */
static const char *one_spelling(const char *text, apr_pool_t *p)
{
    const nts_json_t *list;

    if (*text != '[' || nts_json_parse(&list, text, strlen(text), NULL, p) != APR_SUCCESS ||
        nts_json_type(list) != NTS_JSON_ARRAY) {
        return text;
    }
    return nts_json_text(list, p);
}

/* Bytes of what a field can hold of the text. */
static apr_size_t room_for(const nts_type_t *type, const char *text)
{
    if (!type->max_length) {
        return strlen(text);
    }
    return type->units ? nts_utf16_offset(text, (apr_size_t)type->max_length)
                       : nts_utf8_offset(text, (apr_size_t)type->max_length);
}

/* What a padded column says of blanks at the end is nothing, so they make no difference to the other side's text either. */
static const char *without_padding(const nts_domain_t *domain, const char *text, apr_pool_t *p)
{
    apr_size_t len = strlen(text);

    if (!domain->types[NTS_NOTION].padded && !domain->types[NTS_EXTERNAL].padded) {
        return text;
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return text[len] ? apr_pstrmemdup(p, text, len) : text;
}

static apr_status_t project_text(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                 const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    nts_side_t narrow = NTS_NOTION;
    apr_size_t rooms[NTS_SIDE_COUNT];
    int is_varying = domain->types[NTS_NOTION].varying;
    const char *text = is_varying                      ? spell(value, p)
                       : value->kind == NTS_VALUE_TEXT ? value->as.text
                                                       : NULL;

    if (!text) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    text = is_varying ? one_spelling(text, p) : text;
    text = without_padding(domain, text, p);
    if (!*text) {
        *common = nts_value_null;
        return APR_SUCCESS;
    }
    for (int i = 0; i < NTS_SIDE_COUNT; i++) {
        rooms[i] = room_for(&domain->types[i], text);
        narrow = rooms[i] < rooms[narrow] ? (nts_side_t)i : narrow;
    }
    *common = *value;
    common->kind = NTS_VALUE_TEXT;
    common->as.text = text;
    if (!text[rooms[narrow]]) {
        return APR_SUCCESS;
    }
    common->as.text = without_padding(domain, apr_pstrmemdup(p, text, rooms[narrow]), p);
    return nts_domain_lossy(
        domain, out, p, "the text has %" APR_SIZE_T_FMT " characters, the %s field (%s) holds %d",
        domain->types[narrow].units ? nts_utf16_length(text) : nts_utf8_length(text),
        nts_side_name(narrow), domain->types[narrow].native, domain->types[narrow].max_length);
}

static apr_status_t render_text(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    if (common->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    *value = *common;
    return APR_SUCCESS;
}

const nts_family_t nts_family_text = { "text", project_text, render_text };

static apr_status_t project_body(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                 const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    if (value->kind != NTS_VALUE_TEXT) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    *common = *value;
    common->as.text = nts_body_canonical(value->as.text, p);
    if (side == NTS_EXTERNAL) {
        *common = nts_body_written(value->as.text, p);
    }
    else if (common->as.text[0] == '\0') {
        *common = nts_value_null;
    }
    if (strlen(value->as.text) > NTS_BODY_MAX) {
        *common = nts_value_absent;
        return nts_domain_unfit(out, p, "shorten it, or keep the text in pages below this one",
                                "the body has %" APR_SIZE_T_FMT
                                " bytes; one of at most %d is synced",
                                strlen(value->as.text), NTS_BODY_MAX);
    }
    return APR_SUCCESS;
}

/* Bodies: a text whose lines count, not how they end. */
const nts_family_t nts_family_body = { "text", project_body, render_text };

/* -1 if the text is neither. */
static int truth_of(const char *text)
{
    if (nts_str_equal_nocase(text, "true") || strcmp(text, "1") == 0) {
        return 1;
    }
    if (nts_str_equal_nocase(text, "false") || strcmp(text, "0") == 0) {
        return 0;
    }
    return -1;
}

static apr_status_t project_bool(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                 const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    int truth;

    if (value->kind == NTS_VALUE_BOOL) {
        *common = *value;
        return APR_SUCCESS;
    }
    if (value->kind != NTS_VALUE_TEXT && value->kind != NTS_VALUE_NUMBER) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    truth = truth_of(value->as.text);
    if (truth >= 0) {
        *common = nts_value_bool(truth);
        return APR_SUCCESS;
    }
    if (value->kind == NTS_VALUE_TEXT) {
        return nts_domain_unfit(out, p, "write true or false",
                                "the %s field (%s) holds '%s', which is neither true nor false",
                                nts_side_name(side), domain->types[side].native,
                                nts_domain_show(value, p));
    }
    *common = nts_value_bool(1);
    return nts_domain_lossy(domain, out, p, "the %s field (%s) holds %s, a boolean is 0 or 1",
                            nts_side_name(side), domain->types[side].native,
                            nts_domain_show(value, p));
}

static apr_status_t render_bool(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    if (common->kind != NTS_VALUE_BOOL) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    switch (domain->types[side].kind) {
    case NTS_TYPE_TEXT:
        *value = nts_value_text(common->as.truth ? "true" : "false");
        return APR_SUCCESS;
    case NTS_TYPE_NUMBER:
        return nts_value_number(value, common->as.truth ? "1" : "0", p);
    default:
        *value = *common;
        return APR_SUCCESS;
    }
}

const nts_family_t nts_family_bool = { "boolean", project_bool, render_bool };
