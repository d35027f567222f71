/* Fuzzes the JSON reader: what it takes it can write, and reads the same again. */
#include "fuzz.h"

#include "base/nts_json.h"
#include "base/nts_str.h"

/* Visit everything: what is read lazily must stand too. */
static void walk(const nts_json_t *node, int depth);

static int walk_member(void *baton, const char *key, const nts_json_t *value)
{
    FUZZ_ASSERT(nts_utf8_is_valid(key, strlen(key)));
    walk(value, *(int *)baton + 1);
    return 0;
}

static void walk(const nts_json_t *node, int depth)
{
    const char *text = nts_json_string(node);
    int i;

    FUZZ_ASSERT(depth <= NTS_JSON_DEPTH_MAX);
    if (text) {
        FUZZ_ASSERT(nts_utf8_is_valid(text, strlen(text)));
    }
    for (i = 0; i < nts_json_count(node); i++) {
        walk(nts_json_at(node, i), depth + 1);
    }
    nts_json_each(node, walk_member, &depth);
}

void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p)
{
    const nts_json_t *root;
    const nts_json_t *again;
    const char *problem = NULL;
    const char *text;

    if (nts_json_parse(&root, (const char *)data, len, &problem, p) != APR_SUCCESS) {
        FUZZ_ASSERT(problem && *problem);
        return;
    }
    walk(root, 0);
    text = nts_json_text(root, p);
    FUZZ_ASSERT(nts_json_parse(&again, text, strlen(text), NULL, p) == APR_SUCCESS);
    FUZZ_ASSERT(!strcmp(text, nts_json_text(again, p)));
}
