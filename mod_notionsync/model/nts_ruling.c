/* nts_ruling.c - the words for what a person may decide. */
#include <string.h>

#include "model/nts_ruling.h"

static const char *const names[NTS_CHOICE_COUNT] = { "notion", "external", "delete", "restore",
                                                     "pair",   "apart",    "sync" };

const char *nts_choice_name(nts_choice_t choice)
{
    return names[choice];
}

apr_status_t nts_choice_parse(nts_choice_t *choice, const char *name)
{
    int i;

    for (i = 0; i < NTS_CHOICE_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *choice = (nts_choice_t)i;
            return APR_SUCCESS;
        }
    }
    return APR_EINVAL;
}
