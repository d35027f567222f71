/* mns_parse.c - words, options, and the message about them. */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_parse.h"

#define WORDS_MAX 64

const char *mns_args_refuse(const mns_args_t *args, const char *fmt, ...)
{
    apr_pool_t *p = args->cmd->pool;
    const char *sentence;
    va_list list;

    va_start(list, fmt);
    sentence = apr_pvsprintf(p, fmt, list);
    va_end(list);
    return apr_psprintf(p, "%s: %s; expected is %s %s, for example: %s", args->name, sentence,
                        args->name, args->syntax, args->example);
}

const char *mns_args_unavailable(const mns_args_t *args, const char *what)
{
    return apr_psprintf(args->cmd->pool, "%s: %s is not available in this version (%s)", args->name,
                        what, NTS_VERSION);
}

/* Read the quoted word behind @a from; NULL if its quote is never closed. */
static const char *read_quoted(const char **end, const char *from, apr_pool_t *p)
{
    char quote = *from++;
    char *word = apr_palloc(p, strlen(from) + 1);
    char *to = word;

    while (*from && *from != quote) {
        if (*from == '\\' && (from[1] == quote || from[1] == '\\')) {
            from++;
        }
        *to++ = *from++;
    }
    *to = '\0';
    *end = *from ? from + 1 : NULL;
    return *from ? word : NULL;
}

static const char *read_plain(const char **end, const char *from, apr_pool_t *p)
{
    apr_size_t len = strcspn(from, " \t\r\n");

    *end = from + len;
    return apr_pstrmemdup(p, from, len);
}

/* The argument as a message may show it. */
static const char *quote_word(const mns_args_t *args, const char *word)
{
    return args->discreet ? "something" : apr_pstrcat(args->cmd->pool, "'", word, "'", NULL);
}

const char *mns_args_split(mns_args_t *args, const char *text, int min, int max)
{
    apr_pool_t *p = args->cmd->pool;
    const char **words = apr_pcalloc(p, WORDS_MAX * sizeof(*words));
    int count = 0;

    args->words = words;
    args->count = 0;
    for (text += strspn(text, " \t\r\n"); *text; text += strspn(text, " \t\r\n")) {
        int quoted = *text == '"' || *text == '\'';
        const char *end;
        const char *word = quoted ? read_quoted(&end, text, p) : read_plain(&end, text, p);

        if (!word) {
            return mns_args_refuse(args, "the quote before %s is never closed",
                                   quote_word(args, text + 1));
        }
        if (quoted && *end && !strchr(" \t\r\n", *end)) {
            return mns_args_refuse(args, "%s follows a closing quote without a space",
                                   quote_word(args, end));
        }
        if (count == max || count == WORDS_MAX) {
            return mns_args_refuse(args,
                                   "%s is left over after %d argument%s; what holds spaces is "
                                   "written in double quotes",
                                   quote_word(args, word), count, count == 1 ? "" : "s");
        }
        words[count++] = word;
        text = end;
    }
    args->count = count;
    if (count < min) {
        return mns_args_refuse(args, "found %d argument%s where at least %d %s needed", count,
                               count == 1 ? "" : "s", min, min == 1 ? "is" : "are");
    }
    return NULL;
}

const char *mns_args_first(mns_args_t *args, const char *text)
{
    apr_pool_t *p = args->cmd->pool;
    const char **words = apr_pcalloc(p, 2 * sizeof(*words));
    apr_size_t len;

    text += strspn(text, " \t\r\n");
    words[0] = read_plain(&text, text, p);
    text += strspn(text, " \t\r\n");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1])) {
        len--;
    }
    words[1] = apr_pstrmemdup(p, text, len);
    args->words = words;
    args->count = *words[0] ? 1 + (len > 0) : 0;
    if (args->count < 2) {
        return mns_args_refuse(args, "found %d argument%s where 2 are needed", args->count,
                               args->count == 1 ? "" : "s");
    }
    return NULL;
}

const char *mns_word_unquote(const char *text, apr_pool_t *p)
{
    const char *end = NULL;
    const char *word = *text == '"' || *text == '\'' ? read_quoted(&end, text, p) : NULL;

    return word && end && !*end ? word : NULL;
}

/* "conflict=, initial= and format=" */
static const char *list_keys(const mns_option_t *options, apr_pool_t *p)
{
    const char *list = apr_pstrcat(p, options->key, "=", NULL);
    int i;

    for (i = 1; options[i].key; i++) {
        list = apr_pstrcat(p, list, options[i + 1].key ? ", " : " and ", options[i].key, "=", NULL);
    }
    return list;
}

static mns_option_t *find_option(mns_option_t *options, const char *word)
{
    mns_option_t *option;

    for (option = options; option->key; option++) {
        apr_size_t len = strlen(option->key);

        if (!strncmp(word, option->key, len) && word[len] == '=') {
            return option;
        }
    }
    return NULL;
}

const char *mns_args_options(const mns_args_t *args, int from, mns_option_t *options)
{
    int i;

    for (i = from; i < args->count; i++) {
        const char *word = args->words[i];
        mns_option_t *option = find_option(options, word);

        if (!option && !strchr(word, '=')) {
            return mns_args_refuse(args,
                                   "'%s' is left over; what holds spaces is written in double "
                                   "quotes",
                                   word);
        }
        if (!option) {
            return mns_args_refuse(args, "unknown option '%s'; known %s %s", word,
                                   options[1].key ? "are" : "is",
                                   list_keys(options, args->cmd->pool));
        }
        if (option->value) {
            return mns_args_refuse(args, "%s= is given twice", option->key);
        }
        option->value = strchr(word, '=') + 1;
        if (!*option->value) {
            return mns_args_refuse(args, "nothing follows '%s'", word);
        }
    }
    return NULL;
}

const char *mns_choice_parse(int *value, const mns_args_t *args, const char *what, const char *word,
                             const mns_choice_t *choices)
{
    const char *list = choices->word;
    int i;

    for (i = 0; choices[i].word; i++) {
        if (!strcmp(word, choices[i].word)) {
            *value = choices[i].value;
            return NULL;
        }
        if (i > 0) {
            list = apr_pstrcat(args->cmd->pool, list, choices[i + 1].word ? ", " : " or ",
                               choices[i].word, NULL);
        }
    }
    return mns_args_refuse(args, "%s '%s' is none of %s", what, word, list);
}

const char *mns_number_parse(int *value, const mns_args_t *args, const char *what, const char *word,
                             int min, int max)
{
    apr_int64_t number;

    if (nts_int_parse(&number, word, min, max) != APR_SUCCESS) {
        return mns_args_refuse(args, "%s '%s' is not a whole number from %d to %d", what, word, min,
                               max);
    }
    *value = (int)number;
    return NULL;
}

const char *mns_time_parse(apr_interval_time_t *value, const mns_args_t *args, const char *what,
                           const char *word, apr_interval_time_t min, apr_interval_time_t max)
{
    apr_pool_t *p = args->cmd->pool;

    if (nts_duration_parse(value, word) != APR_SUCCESS) {
        return mns_args_refuse(
            args,
            "%s '%s' is not a time; a number and one of the units ms, s, min, h, "
            "d are",
            what, word);
    }
    if (*value < min || *value > max) {
        return mns_args_refuse(args, "%s '%s' is outside the range of %s to %s", what, word,
                               nts_duration_text(min, p), nts_duration_text(max, p));
    }
    return NULL;
}

const char *mns_percent_parse(int *value, const mns_args_t *args, const char *what,
                              const char *word)
{
    apr_size_t len = strlen(word);
    apr_int64_t number;

    if (len < 2 || word[len - 1] != '%' ||
        nts_int_parse(&number, apr_pstrmemdup(args->cmd->pool, word, len - 1), 0, 100) !=
            APR_SUCCESS) {
        return mns_args_refuse(args, "%s '%s' is not a share from 0%% to 100%%", what, word);
    }
    *value = (int)number;
    return NULL;
}

const char *mns_name_parse(const char **value, const mns_args_t *args, const char *word)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    if (!*word || strlen(word) > 64 || strspn(word, allowed) != strlen(word) ||
        strchr(".-", *word)) {
        return mns_args_refuse(args,
                               "the name '%s' is not made of 1 to 64 letters, digits, '.', '_' and "
                               "'-' with a letter, digit or '_' in front",
                               word);
    }
    *value = word;
    return NULL;
}

const char *mns_text_parse(const char **value, const mns_args_t *args, const char *what,
                           const char *word)
{
    apr_size_t len = strlen(word);

    if (len == 0) {
        return mns_args_refuse(args, "%s is empty", what);
    }
    if (!nts_utf8_is_valid(word, len)) {
        return mns_args_refuse(args, "%s is not UTF-8: save the file in that encoding", what);
    }
    *value = word;
    return NULL;
}
