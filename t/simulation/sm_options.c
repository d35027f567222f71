/* sm_options.c - reading the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_getopt.h>

#include "simulation/sm_options.h"
#include "simulation/sm_script.h"

static const apr_getopt_option_t known[] = {
    { "seeds", 's', 1, "FROM..TO, or one" },
    { "jobs", 'j', 1, "processes (2)" },
    { "store", 'S', 1, "memory (default) or file: where the state store is" },
    { "twins", 'T', 1, "one seed in so many is run twice and must go the same way (16)" },
    { "set", 'x', 1, "NAME=N,...: settings that all seeds have, moves=1 for example" },
    { "trace", 't', 0, "print what happens in the first seed" },
    { "again", 'a', 0,
      "run the first seed once before in silence: what differs then was left over (S6.9)" },
    { "print", 'p', 0, "print the scenario of the first seed" },
    { "shrink", 'k', 0, "shorten the scenarios of failing seeds" },
    { "scenario", 'f', 1, "a file with a scenario instead of a seed" },
    { "count", 'c', 0, "tell how often what happened, and in how many seeds" },
    { "verbose", 'v', 0, "a line for each seed" },
    { NULL, 0, 0, NULL },
};

static int usage(void)
{
    int i;

    (void)fputs("simulation [options]\n", stderr);
    for (i = 0; known[i].name; i++) {
        (void)fprintf(stderr, "  --%-10s %s\n", known[i].name, known[i].description);
    }
    return 0;
}

static int read_range(sm_options_t *options, const char *text)
{
    char *end;

    options->from = options->to = strtoull(text, &end, 10);
    if (strncmp(end, "..", 2) == 0) {
        options->to = strtoull(end + 2, &end, 10);
    }
    return *end == '\0' && options->from > 0 && options->to >= options->from;
}

static int read_scenario(sm_options_t *options, const char *path, apr_pool_t *p)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *text;

    if (apr_file_open(&file, path, APR_FOPEN_READ, 0, p) != APR_SUCCESS ||
        apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
        (void)fprintf(stderr, "simulation: %s cannot be read\n", path);
        return 0;
    }
    text = apr_pcalloc(p, (apr_size_t)info.size + 1);
    (void)apr_file_read_full(file, text, (apr_size_t)info.size, NULL);
    (void)apr_file_close(file);
    options->scenario = text;
    options->from = options->to = sm_script_seed(text);
    return options->from != 0;
}

static int take(sm_options_t *options, int option, const char *argument, apr_pool_t *p)
{
    switch (option) {
    case 's':
        return read_range(options, argument);
    case 'j':
        options->jobs = atoi(argument);
        return options->jobs > 0 && options->jobs <= 64;
    case 'T':
        options->twins = atoi(argument);
        return options->twins > 0;
    case 'S':
        options->real_state = strcmp(argument, "file") == 0;
        return options->real_state || strcmp(argument, "memory") == 0;
    case 'x':
        options->set = argument;
        sm_script_set(argument);
        return strchr(argument, '=') != NULL;
    case 't':
        return options->trace = 1;
    case 'a':
        return options->again = 1;
    case 'p':
        return options->print = 1;
    case 'k':
        return options->shrink = 1;
    case 'c':
        sm_count_all(1);
        return options->count = 1;
    case 'v':
        return options->verbose = 1;
    default:
        return read_scenario(options, argument, p);
    }
}

int sm_options_read(sm_options_t *options, int argc, const char *const *argv, apr_pool_t *p)
{
    apr_getopt_t *getopt;
    const char *argument;
    int option;
    apr_status_t rv;

    memset(options, 0, sizeof(*options));
    options->from = 1;
    options->to = 2000;
    options->jobs = 2;
    options->twins = 16;
    options->program = argv[0];
    (void)apr_getopt_init(&getopt, p, argc, argv);
    while ((rv = apr_getopt_long(getopt, known, &option, &argument)) == APR_SUCCESS) {
        if (!take(options, option, argument, p)) {
            return usage();
        }
    }
    return rv == APR_EOF && getopt->ind == argc ? 1 : usage();
}
