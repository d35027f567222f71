/* nts_outcome.c - outcomes as text and JSON. */
#include <stdarg.h>
#include <string.h>

#include "base/nts_outcome.h"
#include "base/nts_str.h"

#define WORDS_MAX 500

void nts_outcome_set(nts_outcome_t *out, apr_pool_t *p, nts_remedy_t remedy, const char *code,
                     const char *fmt, ...)
{
    va_list args;

    if (!out) {
        return;
    }
    memset(out, 0, sizeof(*out));
    out->remedy = remedy;
    out->code = apr_pstrdup(p, code);
    va_start(args, fmt);
    out->what = apr_pvsprintf(p, fmt, args);
    va_end(args);
}

void nts_outcome_set_words(nts_outcome_t *out, apr_pool_t *p, const char *bytes, apr_size_t len)
{
    apr_size_t at = 0;
    apr_size_t used = 0;
    char *words;

    if (!out) {
        return;
    }
    words = apr_palloc(p, WORDS_MAX + 1);
    while (at < len) {
        apr_size_t step = nts_utf8_sequence(bytes + at, len - at);

        if (used + (step ? step : 1) > WORDS_MAX) {
            break;
        }
        if (step == 0) {
            words[used] = '?';
            step = 1;
        }
        else if (step == 1 && ((unsigned char)bytes[at] < 0x20 || bytes[at] == 0x7f)) {
            words[used] = ' ';
        }
        else {
            memcpy(words + used, bytes + at, step);
        }
        used += step;
        at += step;
    }
    words[used] = '\0';
    out->words = used ? words : NULL;
}

void nts_outcome_copy(nts_outcome_t *to, const nts_outcome_t *from, apr_pool_t *p)
{
    nts_outcome_t copy = *from;

    copy.code = apr_pstrdup(p, from->code);
    copy.what = apr_pstrdup(p, from->what);
    copy.field = apr_pstrdup(p, from->field);
    copy.words = apr_pstrdup(p, from->words);
    copy.advice = apr_pstrdup(p, from->advice);
    copy.blocker = apr_pstrdup(p, from->blocker);
    *to = copy;
}

/* What happens next. */
static const char *next_text(const nts_outcome_t *out, apr_pool_t *p)
{
    switch (out->remedy) {
    case NTS_REMEDY_RETRY:
        return out->retry_at ? apr_pstrcat(p, "; next try ", nts_time_text(out->retry_at, p), NULL)
                             : "; it will be tried again";
    case NTS_REMEDY_WAIT:
        return "; waiting";
    case NTS_REMEDY_PERSON:
        return "; needs a person";
    case NTS_REMEDY_NONE:
    default:
        return "";
    }
}

const char *nts_outcome_text(const nts_outcome_t *out, apr_pool_t *p)
{
    /* A NULL ends the arguments of apr_pstrcat, so absent parts are empty texts. */
    return apr_pstrcat(p, out->code ? out->code : "", out->code ? ": " : "",
                       out->what ? out->what : "nothing to report", out->field ? " (field " : "",
                       out->field ? out->field : "", out->field ? ")" : "",
                       out->words ? "; answer: \"" : "", out->words ? out->words : "",
                       out->words ? "\"" : "", next_text(out, p), out->advice ? "; " : "",
                       out->advice ? out->advice : "", NULL);
}

/* In the order of nts_remedy_t. */
static const char *const remedies[] = { "none", "retry", "wait", "person" };
#define REMEDY_COUNT ((int)(sizeof(remedies) / sizeof(remedies[0])))

static void add_text(nts_json_t *parent, const char *key, const char *text)
{
    if (text) {
        nts_json_add_string(parent, key, text);
    }
}

void nts_outcome_to_json(const nts_outcome_t *out, nts_json_t *parent)
{
    int remedy = (int)out->remedy;

    if (remedy >= 0 && remedy < REMEDY_COUNT) {
        nts_json_add_string(parent, "remedy", remedies[remedy]);
    }
    add_text(parent, "code", out->code);
    add_text(parent, "what", out->what);
    add_text(parent, "field", out->field);
    add_text(parent, "words", out->words);
    add_text(parent, "advice", out->advice);
    add_text(parent, "blocker", out->blocker);
    if (out->retry_at) {
        nts_json_add_int(parent, "retry_at", out->retry_at);
    }
}

static nts_remedy_t remedy_from(const char *name)
{
    int i;

    for (i = 0; name && i < REMEDY_COUNT; i++) {
        if (strcmp(name, remedies[i]) == 0) {
            return (nts_remedy_t)i;
        }
    }
    /* A remedy that a later version wrote: nothing is known to happen by itself. */
    return name ? NTS_REMEDY_PERSON : NTS_REMEDY_NONE;
}

void nts_outcome_from_json(nts_outcome_t *out, const nts_json_t *node, apr_pool_t *p)
{
    memset(out, 0, sizeof(*out));
    out->remedy = remedy_from(nts_json_get_string(node, "remedy"));
    out->code = apr_pstrdup(p, nts_json_get_string(node, "code"));
    out->what = apr_pstrdup(p, nts_json_get_string(node, "what"));
    out->field = apr_pstrdup(p, nts_json_get_string(node, "field"));
    out->words = apr_pstrdup(p, nts_json_get_string(node, "words"));
    out->advice = apr_pstrdup(p, nts_json_get_string(node, "advice"));
    out->blocker = apr_pstrdup(p, nts_json_get_string(node, "blocker"));
    out->retry_at = nts_json_get_int(node, "retry_at", 0);
}
