/* nts_store_entry.c - audit entries and intents: one table, an intent is an entry without an end. */
#include <string.h>

#include "store/nts_store_impl.h"

static const nts_stmt_t insert_entry = {
    "INSERT INTO entry (mapping, intent, link, op, side, state, at, page, key, cause, run, image,"
    " note, fields, undoes, looked, counted, taken) VALUES (%lld, %s, %lld, %lld, %lld, %lld, %lld,"
    " %s, %s, %s, %lld, %s, %s, %s, %lld, %lld, %lld, %s)"
};
/* `counted` stays: a delete that was sent counts whatever its end, unless it certainly did not happen. */
static const nts_stmt_t update_entry = {
    "UPDATE entry SET link = %lld, state = %lld, at = %lld, page = %s, key = %s, image = %s, note "
    "= %s,"
    " fields = %s, looked = %lld, taken = %s WHERE id = %lld AND mapping = %lld"
};

/* NotionSyncAudit values=off. What is left says who, what, when and why. The words of a refusal may repeat a value:
 * their code is kept. */
static void strip(nts_entry_t *entry, apr_pool_t *ptemp)
{
    nts_entry_field_t *fields =
        apr_pcalloc(ptemp, ((apr_size_t)entry->field_count + 1) * sizeof(*fields));
    const char *colon = entry->note ? strchr(entry->note, ':') : NULL;
    int i;

    for (i = 0; i < entry->field_count; i++) {
        fields[i].pair = entry->fields[i].pair;
        fields[i].name = entry->fields[i].name;
        fields[i].reason = entry->fields[i].reason;
    }
    entry->fields = fields;
    entry->image = NULL;
    if (colon) {
        entry->note = apr_pstrmemdup(ptemp, entry->note, (apr_size_t)(colon - entry->note));
    }
}

/* As it is to be stored. An intent has to be recovered by its values; a delete is proven without its image. */
static nts_entry_t stored_form(const nts_store_t *store, const nts_entry_t *entry,
                               apr_pool_t *ptemp)
{
    nts_entry_t form = *entry;

    if (store->no_values && entry->state != NTS_ENTRY_PENDING) {
        strip(&form, ptemp);
    }
    else if (store->no_values) {
        form.image = NULL;
    }
    return form;
}

apr_status_t nts_entry_insert(nts_store_t *store, apr_int64_t mapping, nts_entry_t *entry,
                              int counted, apr_pool_t *ptemp)
{
    nts_entry_t form = stored_form(store, entry, ptemp);
    const char *fields = form.field_count ? nts_entry_fields_text(&form, ptemp) : NULL;
    apr_status_t rv;

    if (!entry->at) {
        entry->at = nts_store_now(store);
    }
    rv = nts_db_exec(NULL, store->db, &insert_entry,
                     NTS_ARGS(nts_int(mapping), nts_text(entry->intent), nts_int(entry->link),
                              nts_int(entry->op), nts_int(entry->side), nts_int(entry->state),
                              nts_int(entry->at), nts_text(entry->page), nts_text(entry->key),
                              nts_text(entry->cause), nts_int(entry->run), nts_text(form.image),
                              nts_text(form.note), nts_text(fields), nts_int(entry->undoes),
                              nts_int(entry->looked), nts_int(counted != 0),
                              nts_text(entry->taken)));
    if (rv == APR_SUCCESS) {
        rv = nts_db_last_id(&entry->id, store->db, ptemp);
    }
    return rv;
}

apr_status_t nts_entry_update(nts_store_t *store, apr_int64_t mapping, const nts_entry_t *entry,
                              apr_pool_t *ptemp)
{
    nts_entry_t form = stored_form(store, entry, ptemp);
    const char *fields = form.field_count ? nts_entry_fields_text(&form, ptemp) : NULL;

    return nts_db_exec(NULL, store->db, &update_entry,
                       NTS_ARGS(nts_int(entry->link), nts_int(entry->state), nts_int(entry->at),
                                nts_text(entry->page), nts_text(entry->key), nts_text(form.image),
                                nts_text(form.note), nts_text(fields), nts_int(entry->looked),
                                nts_text(entry->taken), nts_int(entry->id), nts_int(mapping)));
}
