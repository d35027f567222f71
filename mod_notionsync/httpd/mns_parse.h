/* mns_parse.h - reading the arguments of directives, and saying precisely what is wrong with them.
 *
 * Every message names the directive, what was found, what is expected, and a line to copy; httpd adds
 * file and line. A function that returns const char * returns such a message, or NULL when all is well.
 */
#ifndef MNS_PARSE_H
#define MNS_PARSE_H

#include <httpd.h>
#include <http_config.h>

#include "base/nts_base.h"

/** The arguments of one directive. */
typedef struct mns_args_t {
    cmd_parms *cmd;
    const char *name;    /* of the directive, as documented */
    const char *syntax;  /* what may stand behind the name */
    const char *example; /* a whole line */
    int discreet;        /* arguments may hold a secret and are not repeated in messages */
    const char *const *words;
    int count;
} mns_args_t;

/** A word and what it stands for; a list ends with NULL. */
typedef struct mns_choice_t {
    const char *word;
    int value;
} mns_choice_t;

/** KEY=VALUE; @a value stays NULL where the key was not given. A list ends with NULL. */
typedef struct mns_option_t {
    const char *key;
    const char *value;
} mns_option_t;

/** "NAME: <sentence>; expected is <syntax>, for example: <example>". */
const char *mns_args_refuse(const mns_args_t *args, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** For what the documentation promises to a later version: an honest error, never silence. */
const char *mns_args_unavailable(const mns_args_t *args, const char *what);

/** Split @a text at white space; double or single quotes hold words together. */
const char *mns_args_split(mns_args_t *args, const char *text, int min, int max);
/** One word, then the rest of the line as it stands, quotes and all: two arguments. */
const char *mns_args_first(mns_args_t *args, const char *text);
/** What is between the quotes, if @a text is one quoted word and nothing else; or NULL. */
const char *mns_word_unquote(const char *text, apr_pool_t *p);
/** Read words @a from .. end as KEY=VALUE of the given keys, each once at most. */
const char *mns_args_options(const mns_args_t *args, int from, mns_option_t *options);

/** @a what names the thing in the message: "conflict=", "the service's kind". */
const char *mns_choice_parse(int *value, const mns_args_t *args, const char *what, const char *word,
                             const mns_choice_t *choices);
const char *mns_number_parse(int *value, const mns_args_t *args, const char *what, const char *word,
                             int min, int max);
const char *mns_time_parse(apr_interval_time_t *value, const mns_args_t *args, const char *what,
                           const char *word, apr_interval_time_t min, apr_interval_time_t max);
/** "10%". */
const char *mns_percent_parse(int *value, const mns_args_t *args, const char *what,
                              const char *word);
/** Names of services and mappings: letters, digits, ".", "_", "-". */
const char *mns_name_parse(const char **value, const mns_args_t *args, const char *word);
/** Texts of people: property names, columns. Valid UTF-8, not empty. */
const char *mns_text_parse(const char **value, const mns_args_t *args, const char *what,
                           const char *word);
/** file:PATH, env:NAME, exec:COMMAND (the last only with @a may_exec). Paths become absolute. Anything
 *  else may be the secret itself and is not repeated. */
const char *mns_secret_parse(const char **reference, const mns_args_t *args, const char *word,
                             int may_exec);
/** An address without trailing slash; https unless its host is this machine. */
const char *mns_endpoint_parse(const char **address, const mns_args_t *args, const char *word);
/** The address of a <Location>, without trailing slash; https unless its host is this machine. */
const char *mns_base_parse(const char **address, const mns_args_t *args, const char *word);
/** An address that browsers are sent back to; kept as it stands. https unless its host is this machine. */
const char *mns_redirect_parse(const char **address, const mns_args_t *args, const char *word);

#endif /* MNS_PARSE_H */
