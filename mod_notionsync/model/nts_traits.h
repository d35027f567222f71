/* nts_traits.h - what can be relied on at a side: data that its connector gives (docs/design/sides.md).
 *
 * The engine asks for a trait where a rule needs it, and never for the name of a service. What a trait does not say
 * is the same at all sides.
 */
#ifndef NTS_TRAITS_H
#define NTS_TRAITS_H

/** All that is not set is what the weakest service leaves the engine with. */
typedef struct nts_traits_t {
    /* S3.3: a write compares with what was read, writes and reads back in one step: STALE tells of edits between. Else a record
     * is read again right before each write (S3.1), whoever edits it in that second loses */
    int compares;
    /* S3.3, S3.7: it keeps the intents of our writes, and who made a record: what became of a write is asked (INTENT). Else time must
     * pass, then values are compared, and creates are looked for among what we made */
    int keeps_intents;
    /* S4.3: what is removed can be taken out of the trash again, with all it had. Else it is made again, from an image that
     * has to be kept before */
    int has_trash;
    /* S4.4: ids are keys that people may change, and give to other records */
    int reuses_keys;
    /* LIST tells what was edited in some time */
    int lists_edits;
    /* READ_MANY costs no more than a read */
    int reads_many;
    /* S5.1: FIND tells which records hold some values, whoever made them */
    int finds_values;
    /* S5.2: a list of references that shows nothing may be one that is not shown to us */
    int hides_references;
    /* S5.10: a write that is refused for the value of one field names that field */
    int names_refused;
    /* what was sent empty may be given a value there, a status */
    int fills_defaults;
    /* It keeps a table of changes (CHANGES) that has to be provided for, an id of its own (instance), and our mark. Else what it
     * calls the collection is all it is known by */
    int tells_changes;
    /* S1, S3.9: notices are the service's own events: they come with its time, the properties that were edited, and by whom */
    int tells_events;
} nts_traits_t;

#endif /* NTS_TRAITS_H */
