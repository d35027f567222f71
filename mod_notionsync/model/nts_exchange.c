/* nts_exchange.c - names of what is asked and answered. */
#include "model/nts_exchange.h"

const char *nts_ask_name(nts_ask_kind_t kind)
{
    static const char *const names[] = { "describe",  "who",        "read",   "read many",
                                         "list",      "find",       "create", "update",
                                         "remove",    "restore",    "intent", "changes",
                                         "provision", "unprovision" };

    return names[kind];
}

const char *nts_result_name(nts_result_t result)
{
    static const char *const names[] = { "ok",      "gone",    "missing", "stale",  "not done",
                                         "unknown", "refused", "trashed", "blocked" };

    return names[result];
}
