/* made_kit.c - see made_kit.h. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made_kit.h"
#include "tap/tap.h"

#define LONG 200000

const nts_schema_field_t made_fields[] = {
    { "title",
      "name",
      { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1, .max_length = LONG } },
    { "b", "Qty", { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 } },
    { "c", "done", { .kind = NTS_TYPE_BOOL, .native = "checkbox" } },
    { "d",
      "due",
      { .kind = NTS_TYPE_DATE, .native = "date", .nullable = 1, .zoned = 1, .scale = 3 } },
    { "e",
      "stage",
      { .kind = NTS_TYPE_OPTION, .native = "select", .nullable = 1, .options_open = 1 } },
    { "f",
      "tags",
      { .kind = NTS_TYPE_SET, .native = "multi_select", .nullable = 1, .options_open = 1 } },
    { "g",
      "e_mail",
      { .kind = NTS_TYPE_TEXT, .native = "email", .nullable = 1, .max_length = 200 } },
    { "h", "site", { .kind = NTS_TYPE_TEXT, .native = "url", .nullable = 1, .max_length = 2000 } },
    { "i",
      "made at",
      { .kind = NTS_TYPE_INSTANT,
        .native = "created_time",
        .computed = 1,
        .fixed = 1,
        .zoned = 1,
        .whole = 1 } },
    { "j",
      "a \"quoted\" name",
      { .kind = NTS_TYPE_TEXT,
        .native = "unique_id",
        .computed = 1,
        .fixed = 1,
        .nullable = 1,
        .serial = 1 } },
};
const int made_field_count = (int)(sizeof(made_fields) / sizeof(made_fields[0]));

nts_answer_t *make_fields(const nts_mapping_t *mapping, int count, int dry)
{
    nts_ask_t ask = ask_of(NTS_ASK_PROVISION, mapping);

    ask.make = made_fields;
    ask.make_count = count;
    ask.may_make_table = 1;
    ask.dry = dry;
    return perform(&ask);
}

const char *made_types(const nts_mapping_t *mapping)
{
    static const nts_domain_options_t plain = { 0 };
    const nts_schema_t *schema = perform_kind(NTS_ASK_DESCRIBE, mapping)->schema;
    const char *text = "";
    int i;

    for (i = 0; i < made_field_count; i++) {
        const nts_schema_field_t *column =
            schema ? nts_schema_find(schema, made_fields[i].name) : NULL;
        const nts_type_t *types[2] = { &made_fields[i].type, column ? &column->type : NULL };
        const nts_domain_t *domain;
        nts_outcome_t out;

        if (!column || !column->type.nullable) {
            printf("# %s: %s\n", made_fields[i].name, column ? "NOT NULL" : "missing");
            return NULL;
        }
        if (nts_domain_make(&domain, types, &plain, &out, pool) != APR_SUCCESS) {
            printf("# %s: %s\n", made_fields[i].name, nts_outcome_text(&out, pool));
            return NULL;
        }
        text = apr_pstrcat(pool, text, i ? ", " : "", column->name, " ", column->type.native, NULL);
    }
    return text;
}

/* The application's session is the parent's: only _exit leaves it alone. */
static void make_and_exit(const char *database, const nts_mapping_t *mapping, int go)
{
    nts_answer_t *answer;
    char byte;

    open_connector(database);
    (void)perform_kind(NTS_ASK_DESCRIBE, mapping); /* which connects */
    if (read(go, &byte, 1) != 0) {
        _exit(2);
    }
    answer = make_fields(mapping, made_field_count, 0);
    if (answer->result != NTS_RESULT_OK) {
        printf("# %s\n", nts_outcome_text(&answer->outcome, pool));
        (void)fflush(stdout);
    }
    close_connector();
    _exit(answer->result != NTS_RESULT_OK);
}

/* How many have succeeded. */
static int make_at_once(const char *database, const nts_mapping_t *mapping, int count)
{
    int go[2];
    int done = 0;
    int status;
    int i;

    if (pipe(go) != 0) {
        return 0;
    }
    (void)fflush(stdout);
    for (i = 0; i < count; i++) {
        if (fork() == 0) {
            (void)close(go[1]);
            make_and_exit(database, mapping, go[0]);
        }
    }
    (void)close(go[1]); /* they begin */
    (void)close(go[0]);
    for (i = 0; i < count; i++) {
        done += wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return done;
}

void made_together(const char *database, const nts_mapping_t *mapping, const char *types)
{
    tap_int(make_at_once(database, mapping, 4), 4,
            "four at once: one makes it, the others find it");
    tap_str(made_types(mapping), types, "each column is there once");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1, "and the triggers");
    tap_str(make_fields(mapping, made_field_count, 0)->statements, "", "nothing is left to do");
}
