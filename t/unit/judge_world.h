/* judge_world.h - histories made by hand for the judge of the simulation: a page, a row, what people do and what we do.
 *
 * Everything happens one after the other, some seconds apart: `now` moves on with each call.
 */
#ifndef JUDGE_WORLD_H
#define JUDGE_WORLD_H

#include "simulation/judge.h"

#define SEC apr_time_from_sec(1)

/* Fields of the mapping, in order. */
enum { MARK = 0, NAME, QTY, TAGS, ONEWAY, FIELDS };

extern apr_pool_t *pool; /* the test's own */
extern history_t *h;
extern judge_t *judge;
extern judge_field_t fields[FIELDS]; /* may be changed until the verdict */
extern judge_phases_t phases;
extern apr_time_t now;
extern int mapping_now;      /* whose pages are meant: 0 of "ds", 1 of "ds2"; both have the table */
extern history_end_t ending; /* of our next updates of pages */
extern judge_keys_t keys_of_worlds;       /* how the table of what begins next compares its keys */
extern judge_deletes_t deletes_of_worlds; /* towards Notion, of what begins next */
extern judge_deletes_t deletes_of_rows;   /* the same towards the table */
extern const char *
    outside_of_worlds; /* the name of a record outside the filter, of what begins next; NULL: there is none */
extern int two_notions;     /* the table of what begins next is a data source of a second Notion */
extern int tie_of_worlds;   /* the side that wins among simultaneous edits, of what begins next */
extern const char *told_as; /* the state that the audit gives our next updates */

/** An empty world with one mapping. */
void begin(void);
/** A second mapping: of "ds2" and the same table. @return its number */
int add_second(void);
/** A page and the row we made of it. */
void pair(void);
/** Let the judge judge. @return the rules that were broken, in order, with blanks between them */
const char *rules(void);
/** Says what each violation was. @return 0 */
int explain(void);
/* A check of the test (tap.h counts by file): the judge blames for just these rules. */
#define verdict(wanted, name) (void)(tap_str(rules(), wanted, "%s", name) || explain())

/* What people do. */
void make(int side, const char *id, const char *mark);
void edit(int side, const char *id, int field, const char *before, const char *after);
void delete_by_people(int side, const char *id);
/** A page and its row, and names that people gave the page and we brought over: Ada, then Bob. */
void agree_twice(void);
/** The database is an older copy of itself, in which the row has that name. */
void set_back_to(const char *name);

/* What we do. */
/** Read, then write, as the rules want it: 100 ms each. */
void write_by_us(int side, const char *id, int field, const char *before, const char *after);
void copy_by_us(int side, const char *id, const char *mark);
void remove_by_us(int side, const char *id);
/** A request and its answer. @return its number */
int request(history_op_t op, int side, const char *id, apr_time_t sent, apr_time_t answered);
/** An entry of the audit. */
void told(int side, const char *id, int field, const char *before, const char *after,
          const char *reason);
/** An entry of what was done to a whole record. */
void told_done(const char *op, int side, const char *page, const char *key);
/** People make a page, and we its row; the audit says so. */
void pair_up(const char *page, const char *key, const char *mark);
/** We delete the page, for its row is gone; the audit says so. */
void delete_after(const char *page, const char *key);
/** A link that the store shows at the end. */
void link_up(const char *page, const char *key, int trouble, const char *code);

const char *place(int side);

#endif /* JUDGE_WORLD_H */
