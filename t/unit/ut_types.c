/* Proves docs/types.md: each cell of its tables of types is what binding says of the two types as their sides describe them, and each
 * row of its table of values is what becomes of that value, word by word. */
#include <apr_tables.h>

#include "unit/ut_notion.h"

#define PAGE_FILE "docs/types.md"
#define TARGET "ffffffff-0000-4000-8000-000000000001" /* of relations */

/* Kinds of columns, by the words of the page. */
static const nts_option_t choices[] = { { NULL, "verified" }, { NULL, "Open" } };
static const nts_schema_field_t columns[] = {
    { "text", "text", { .kind = NTS_TYPE_TEXT, .native = "text", .nullable = 1 } },
    { "number", "number", { .kind = NTS_TYPE_NUMBER, .native = "numeric", .nullable = 1 } },
    { "boolean", "boolean", { .kind = NTS_TYPE_BOOL, .native = "boolean", .nullable = 1 } },
    { "date", "date", { .kind = NTS_TYPE_DAY, .native = "date", .nullable = 1 } },
    { "time", "time", { .kind = NTS_TYPE_INSTANT, .native = "timestamp", .nullable = 1 } },
    { "list", "list", { .kind = NTS_TYPE_TEXT, .native = "text[]", .nullable = 1, .list = 1 } },
    { "choice",
      "choice",
      { .kind = NTS_TYPE_OPTION,
        .native = "enum",
        .nullable = 1,
        .options = choices,
        .option_count = 2 } },
    { "integer",
      "integer",
      { .kind = NTS_TYPE_NUMBER, .native = "integer", .nullable = 1, .whole = 1 } },
    { "varchar(5)",
      "varchar(5)",
      { .kind = NTS_TYPE_TEXT, .native = "varchar(5)", .nullable = 1, .max_length = 5 } },
};
#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(columns[0])))

static const char *page;

static const char *read_page(void)
{
    const char *source = getenv("NTS_SRCDIR");
    const char *path = apr_pstrcat(pool, source ? source : ".", "/", PAGE_FILE, NULL);
    FILE *file = fopen(path, "r");
    char *text = apr_pcalloc(pool, 200000);

    if (!tap_ok(file != NULL, "%s can be read", path)) {
        return "";
    }
    text[fread(text, 1, 199999, file)] = '\0';
    (void)fclose(file);
    return text;
}

/* Trimmed cells of a row, "| a | b |"; a code span stands for its content. */
static int cells_of(char **cells, int max, const char *line, apr_size_t len)
{
    char *row = apr_pstrmemdup(pool, line, len);
    int count = 0;

    for (row++; *row && count < max; count++) {
        apr_size_t cell = strcspn(row, "|");
        char *text = apr_pstrmemdup(pool, row, cell);
        apr_size_t end = strlen(text);

        row += cell + (row[cell] != '\0');
        while (end && text[end - 1] == ' ') {
            text[--end] = '\0';
        }
        text += strspn(text, " ");
        end = strlen(text);
        if (*text == '`' && end > 1 && text[end - 1] == '`') {
            text[end - 1] = '\0';
            text++;
        }
        cells[count] = text;
    }
    return count;
}

/* The schema of a data source with one property of that type, as the connector reads it. */
static const nts_schema_t *describe(const char *native)
{
    nts_ask_t ask = ut_ask(NTS_ASK_DESCRIBE);
    talk_t talk = ut_begin(&ask);
    const char *options = "";

    if (strcmp(native, "select") == 0 || strcmp(native, "status") == 0 ||
        strcmp(native, "multi_select") == 0) {
        options = "\"options\":[{\"id\":\"o1\",\"name\":\"Open\"}]";
    }
    if (strcmp(native, "relation") == 0) {
        options = "\"data_source_id\":\"" TARGET "\"";
    }
    ut_reply(&talk, 200,
             apr_psprintf(pool,
                          "{\"object\":\"data_source\",\"id\":\"" DATA_SOURCE "\",\"title\":[],"
                          "\"properties\":{\"P\":{\"id\":\"pppp\",\"type\":\"%s\",\"%s\":{%s}}}}",
                          native, native, options));
    if (talk.answer && talk.answer->schema) {
        nts_users_t *users = nts_users_make(0, pool);

        nts_users_add(users, "dddddddd-0000-4000-8000-000000000001", "ada@example.org", "Ada");
        nts_users_add(users, "dddddddd-0000-4000-8000-000000000002", NULL, "Sam");
        nts_users_add(users, "dddddddd-0000-4000-8000-000000000003", NULL, "Sam");
        talk.answer->schema->people = users;
        return talk.answer->schema;
    }
    return NULL;
}

/* A mapping of the property and that column, bound; NULL and @a out if it cannot be. */
static nts_mapping_t *bind_pair(const nts_schema_t *notion, const nts_schema_field_t *column,
                                nts_direction_t direction, const char *format, nts_outcome_t *out)
{
    nts_mapping_t *mapping = apr_pcalloc(pool, sizeof(*mapping));
    nts_schema_t external = { .fields = column, .count = 1, .title = "t" };

    mapping->pairs = apr_pcalloc(pool, sizeof(nts_pair_t));
    mapping->pair_count = 1;
    mapping->data_source = DATA_SOURCE;
    mapping->pairs[0].id = 1;
    mapping->pairs[0].notion = "P";
    mapping->pairs[0].external = column->name;
    mapping->pairs[0].direction = direction;
    mapping->pairs[0].options.format = strcmp(format, "csv") == 0        ? NTS_FORMAT_CSV
                                       : strcmp(format, "markdown") == 0 ? NTS_FORMAT_MARKDOWN
                                                                         : NTS_FORMAT_DEFAULT;
    if (column->type.kind == NTS_TYPE_REFERENCE &&
        notion->fields[0].type.kind == NTS_TYPE_REFERENCE) {
        mapping->pairs[0].relation = "others";
        mapping->pairs[0].options.reference = 1;
        mapping->pairs[0].relation_source[NTS_NOTION] = TARGET;
        mapping->pairs[0].relation_source[NTS_EXTERNAL] = TARGET;
    }
    return nts_mapping_bind(mapping, notion, &external, out, pool) == APR_SUCCESS ? mapping : NULL;
}

/* As the page writes it. */
static const char *arrows_of(const nts_schema_t *notion, const nts_schema_field_t *column)
{
    nts_outcome_t out[3];
    int both = bind_pair(notion, column, NTS_BOTH, "", &out[0]) != NULL;
    int outward = bind_pair(notion, column, NTS_TO_EXTERNAL, "", &out[1]) != NULL;
    int inward = bind_pair(notion, column, NTS_TO_NOTION, "", &out[2]) != NULL;

    for (int i = 0; i < 3; i++) {
        if (!(i == 0 ? both : i == 1 ? outward : inward)) {
            tap_ok(out[i].what && out[i].advice && out[i].code, "said: %s; %s",
                   out[i].what ? out[i].what : "nothing",
                   out[i].advice ? out[i].advice : "nothing");
        }
    }
    return both && outward && inward ? "<->"
           : both                    ? "?"
           : outward && inward       ? "-> <-"
           : outward                 ? "->"
           : inward                  ? "<-"
                                     : "-";
}

/* The rows below the header that begins so; calls @a look for each. */
static int each_row(const char *header, void (*look)(char **cells, int count))
{
    const char *line = strstr(page, header);
    char *cells[12];
    int rows = 0;

    line = line ? strchr(line, '\n') : NULL;     /* the header */
    line = line ? strchr(line + 1, '\n') : NULL; /* the dashes */
    while (line && line[1] == '|') {
        apr_size_t len = strcspn(line + 1, "\n");
        int count = cells_of(cells, 12, line + 1, len);

        look(cells, count);
        rows++;
        line = strchr(line + 1, '\n');
    }
    return rows;
}

static void look_at_pair(char **cells, int count)
{
    const nts_schema_t *notion = describe(cells[0]);

    if (!tap_ok(notion && count == 8, "%s: a row of eight cells", cells[0])) {
        return;
    }
    for (int i = 1; i < count; i++) {
        tap_str(arrows_of(notion, &columns[i - 1]), cells[i], "%s and %s", cells[0],
                columns[i - 1].name);
    }
}

/* --- two workspaces */

static apr_array_header_t *natives; /* const char *: those of the first table */

static void note_property(char **cells, int count)
{
    (void)count;
    APR_ARRAY_PUSH(natives, const char *) = cells[0];
}

/* Those of the other workspace that have just these arrows with @a native. */
static const char *partners(const char *native, const char *arrows)
{
    const nts_schema_t *here = describe(native);
    const char *list = NULL;

    for (int i = 0; i < natives->nelts; i++) {
        const char *other = APR_ARRAY_IDX(natives, i, const char *);

        if (strcmp(arrows_of(here, &describe(other)->fields[0]), arrows) == 0) {
            list = list ? apr_pstrcat(pool, list, ", ", other, NULL) : other;
        }
    }
    return list ? list : "-";
}

/* | here | <-> | -> | -> <- | <- | */
static void look_at_partners(char **cells, int count)
{
    static const char *const arrows[] = { "<->", "->", "-> <-", "<-" };

    tap_int(count, 5, "%s: a row of five cells", cells[0]);
    for (int i = 1; i < count; i++) {
        tap_str(cells[i], partners(cells[0], arrows[i - 1]), "%s %s", cells[0], arrows[i - 1]);
    }
}

/* What is not in the table is refused altogether. */
static void test_others(void)
{
    static const char *const others[] = { "button", "unsupported", "location", "last_visited_time",
                                          "hologram" };

    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < COLUMN_COUNT; k++) {
            tap_str(arrows_of(describe(others[i]), &columns[k]), "-", "%s and %s", others[i],
                    columns[k].name);
        }
        tap_ok(strstr(page, apr_pstrcat(pool, "\n| ", others[i], " |", NULL)) == NULL,
               "%s has no row", others[i]);
    }
}

/* --- values */

/* "x*201" is 201 times x. */
static const char *spelled(const char *cell)
{
    const char *star = strrchr(cell, '*');
    apr_array_header_t *parts;
    int times = star ? atoi(star + 1) : 0;

    if (times < 2) {
        return cell;
    }
    parts = apr_array_make(pool, times, sizeof(char *));
    for (int i = 0; i < times; i++) {
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(pool, cell, (apr_size_t)(star - cell));
    }
    return apr_array_pstrcat(pool, parts, '\0');
}

/* What a page shows that has this value, JSON without its type. */
static nts_value_t page_value(nts_mapping_t *mapping, const char *native, const char *json)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk;

    ask.mapping = mapping;
    talk = ut_begin(&ask);
    ut_reply(&talk, 200,
             ut_page(PAGE_1, "2026-11-20T08:03:00.000Z", BOT,
                     apr_psprintf(pool, "\"P\":{\"id\":\"pppp\",\"type\":\"%s\",\"%s\":%s}", native,
                                  native, json)));
    return talk.answer && talk.answer->record ? talk.answer->record->values[0] : nts_value_absent;
}

/* What is sent to Notion, or a column gets; or why nothing is. */
static const char *carried(nts_mapping_t *mapping, const nts_value_t *value, nts_side_t from)
{
    const nts_domain_t *domain = mapping->pairs[0].domain;
    nts_outcome_t out = { 0 };
    nts_value_t common;
    nts_value_t native;
    nts_ask_t ask = ut_ask(NTS_ASK_UPDATE);
    talk_t talk;
    const char *body;

    if (nts_domain_project(&common, domain, from, value, &out, pool) != APR_SUCCESS ||
        nts_domain_render(&native, domain, nts_side_other(from), &common, &out, pool) !=
            APR_SUCCESS) {
        return apr_pstrcat(pool, out.code, ": ", out.what, NULL);
    }
    if (from == NTS_NOTION) {
        return native.kind == NTS_VALUE_NULL ? "NULL" : nts_value_display(&native, 2000, pool);
    }
    ask.mapping = mapping;
    ask.values = &native;
    talk = ut_begin(&ask);
    if (!talk.request) {
        return apr_pstrcat(pool, talk.answer->outcome.code, ": ", talk.answer->outcome.what, NULL);
    }
    body = strstr(talk.request->body, "\"pppp\":{\"");
    body = body ? strchr(body + 9, ':') + 1 : "";
    return apr_pstrmemdup(pool, body, strlen(body) - 3);
}

/* | property | column | from | value | becomes | */
static void look_at_value(char **cells, int count)
{
    const nts_schema_field_t *column = NULL;
    nts_direction_t direction;
    nts_outcome_t out = { 0 };
    nts_mapping_t *mapping;
    nts_value_t value;
    const char *format = "";
    char *word;

    if (!tap_ok(count == 5, "%s: a row of five cells", cells[0])) {
        return;
    }
    direction = strcmp(cells[2], "Notion") == 0 ? NTS_TO_EXTERNAL : NTS_TO_NOTION;
    word = strstr(cells[1], " format=");
    if (word) {
        *word = '\0';
        format = word + strlen(" format=");
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        column = strcmp(columns[i].name, cells[1]) == 0 ? &columns[i] : column;
    }
    if (!tap_ok(column != NULL, "%s is a column", cells[1])) {
        return;
    }
    mapping = bind_pair(describe(cells[0]), column, direction, format, &out);
    if (!tap_ok(mapping != NULL, "%s and %s: %s", cells[0], cells[1],
                out.what ? out.what : "bound")) {
        return;
    }
    if (direction == NTS_TO_EXTERNAL) {
        value = page_value(mapping, cells[0], cells[3]);
    }
    else {
        value = column->type.kind == NTS_TYPE_NUMBER || column->type.kind == NTS_TYPE_BOOL
                    ? ut_value(cells[3], pool)
                    : nts_value_text(spelled(cells[3]));
        if (column->type.kind == NTS_TYPE_NUMBER) {
            (void)nts_value_number(&value, cells[3], pool);
        }
    }
    tap_str(carried(mapping, &value, direction == NTS_TO_EXTERNAL ? NTS_NOTION : NTS_EXTERNAL),
            cells[4], "%s, %s: %s", cells[0], cells[1], cells[3]);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ut_open(1);
    page = read_page();
    tap_int(each_row("| property | text |", look_at_pair), 23, "rows of types");
    natives = apr_array_make(pool, 32, sizeof(char *));
    (void)each_row("| property | text |", note_property);
    tap_int(each_row("| here | <-> |", look_at_partners), 23, "rows of types of two workspaces");
    test_others();
    tap_ok(each_row("| property | column | from |", look_at_value) > 30, "rows of values");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
