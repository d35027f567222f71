/* Fuzzes the arguments of directives: whatever an administrator types, each reader answers with a value or with a
 * message that says what is expected. */
#include "config.h"

#include "fuzz.h"

#include "httpd/mns_parse.h"

static mns_args_t args;

/* httpd's, in its place. */
char *ap_server_root_relative(apr_pool_t *p, const char *name)
{
    return apr_pstrcat(p, "/etc/apache2/", name, NULL);
}

static void check(const char *message)
{
    FUZZ_ASSERT(!message || (strstr(message, "NotionSyncTest: ") && strstr(message, "expected")));
}

static void try_word(const char *word)
{
    static const mns_choice_t choices[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
    apr_interval_time_t span = 0;
    const char *text = NULL;
    const char *message;
    int number = 0;

    check(mns_choice_parse(&number, &args, "mode=", word, choices));
    message = mns_number_parse(&number, &args, "count=", word, 1, 50);
    check(message);
    FUZZ_ASSERT(message || (number >= 1 && number <= 50));
    message = mns_time_parse(&span, &args, "time=", word, 1000, 5000000);
    check(message);
    FUZZ_ASSERT(message || (span >= 1000 && span <= 5000000));
    check(mns_percent_parse(&number, &args, "limit=", word));
    check(mns_name_parse(&text, &args, word));
    check(mns_text_parse(&text, &args, "property", word));
    check(mns_endpoint_parse(&text, &args, word));
    check(mns_secret_parse(&text, &args, word, 1));
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    mns_option_t options[] = { { "key", NULL }, { "modified", NULL }, { NULL, NULL } };
    cmd_parms cmd = { .pool = p, .temp_pool = p };
    int i;

    args.cmd = &cmd;
    args.name = "NotionSyncTest";
    args.syntax = "WORD [key=FIELD]";
    args.example = "NotionSyncTest on";
    if (mns_args_split(&args, fuzz_text(data, len, p), 0, 20)) {
        return;
    }
    FUZZ_ASSERT(args.count <= 20);
    for (i = 0; i < args.count; i++) {
        FUZZ_ASSERT(args.words[i]);
        try_word(args.words[i]);
    }
    check(mns_args_options(&args, 0, options));
}
