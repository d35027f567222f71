/* The world: users, tokens, databases, data sources with their properties, pages.  One lock for everything;
 * nothing here may be touched without it. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim_index.h"
#include "sim_settings.h"
#include "sim_value.h"

typedef enum sim_type_t {
    SIM_T_TITLE,
    SIM_T_RICH_TEXT,
    SIM_T_NUMBER,
    SIM_T_SELECT,
    SIM_T_MULTI_SELECT,
    SIM_T_STATUS,
    SIM_T_DATE,
    SIM_T_CHECKBOX,
    SIM_T_URL,
    SIM_T_EMAIL,
    SIM_T_PHONE_NUMBER,
    SIM_T_PEOPLE,
    SIM_T_FILES,
    SIM_T_RELATION,
    SIM_T_FORMULA,
    SIM_T_ROLLUP,
    SIM_T_CREATED_TIME,
    SIM_T_CREATED_BY,
    SIM_T_LAST_EDITED_TIME,
    SIM_T_LAST_EDITED_BY,
    SIM_T_UNIQUE_ID,
    SIM_T_BUTTON,
    SIM_T_VERIFICATION,
    SIM_T_PLACE,
    SIM_T_UNSUPPORTED,
    SIM_T_COUNT
} sim_type_t;

typedef struct sim_user_t {
    sim_id_t id;
    enum { SIM_PERSON, SIM_BOT, SIM_GROUP } type;
    int guest;
    char *name;
    char *email;
} sim_user_t;

enum {
    SIM_CAN_READ = 1,
    SIM_CAN_UPDATE = 2,
    SIM_CAN_INSERT = 4,
    SIM_CAN_USERS = 8,
    SIM_CAN_EMAIL = 16,
    SIM_CAN_ALL = 31
};

typedef struct sim_token_t {
    char *token;
    char *name;
    int is_person;
    int revoked;
    int foreign;         /* of another workspace: it sees nothing of this one */
    sim_ms_t expires_ms; /* 0: never */
    int can;
    sim_user_t *user; /* the bot, or the person of a personal token */
    sim_id_t integration_id;
    sim_ms_t phase; /* of its rate window */
    int64_t window; /* the window counted in */
    int64_t used;
} sim_token_t;

typedef struct sim_option_t {
    char *id;
    char *name;
    const char *color;
    int group; /* of a status: 0 to-do, 1 in progress, 2 complete */
    int removed;
} sim_option_t;

typedef struct sim_prop_t {
    char *id;  /* decoded */
    char *enc; /* as the API gives it */
    char *name;
    char *description;
    sim_type_t type;
    size_t slot;            /* in a page's values */
    sim_option_t **options; /* select, multi_select, status */
    size_t noptions;
    sim_option_t *fallback; /* status of a page that was given none; may be NULL */
    char *text;         /* number format, formula expression, unique id prefix, rollup function */
    char *via, *target; /* rollup: relation and rolled-up property, by name */
    sim_id_t rel;       /* relation: the data source it points to */
    char *dual;         /* relation: decoded id of the property that mirrors it there, or NULL */
    sim_value_t *constant; /* formula, rollup */
} sim_prop_t;

typedef struct sim_db_t {
    sim_id_t id;
    char *name;
    sim_ms_t created_ms;
    sim_ms_t edited_ms;
} sim_db_t;

typedef struct sim_ds_t {
    sim_id_t id;
    sim_db_t *db;
    char *name;
    sim_ms_t created_ms;
    sim_ms_t edited_ms;
    sim_user_t *created_by;
    sim_user_t *edited_by;
    int in_trash;
    int unshared;         /* from everyone */
    sim_token_t **hidden; /* from these */
    size_t nhidden;
    sim_prop_t **props;
    size_t nprops;
    sim_prop_t **dead; /* removed ones; values may still point to their options */
    size_t ndead;
    size_t nslots;
    int64_t next_number;    /* of unique ids */
    sim_index_t by_created; /* pages that queries can see, as they see them */
    sim_index_t by_edited;
    size_t npages; /* not purged */
} sim_ds_t;

/* one state of a page; immutable and counted, so that queries can keep showing an older one */
typedef struct sim_state_t {
    uint32_t refs;
    uint32_t nvalues;
    uint32_t mark; /* of the last conversion */
    sim_ms_t edited_ms;
    sim_user_t *edited_by;
    int8_t in_trash, archived, locked;
    sim_value_t *values[];
} sim_state_t;

typedef struct sim_page_t {
    sim_id_t id;
    sim_ds_t *ds;
    struct sim_page_t *next; /* in the hash chain */
    sim_node_t by_created;
    sim_node_t by_edited;
    sim_state_t *live;
    sim_state_t *seen; /* by queries; NULL if not listed yet */
    sim_ms_t created_ms;
    sim_user_t *created_by;
    sim_ms_t last_due; /* when the newest pending state becomes visible */
    uint32_t pending;  /* states on their way to visibility */
    uint32_t edits;
    uint32_t number;
    uint16_t busy; /* updates in flight */
    uint16_t unshared;
    char *body;       /* Markdown; NULL: none */
    int body_cut;     /* shown as truncated */
    sim_id_t *blocks; /* of its lines, once somebody has asked for them (sim_outline.h) */
    size_t nblocks;
} sim_page_t;

typedef struct sim_world_t {
    uint32_t generation; /* counts resets: pointers of an earlier one are dead */
    sim_id_t workspace_id;
    sim_ms_t started_ms;
    sim_user_t **users;
    size_t nusers;
    sim_token_t **tokens;
    size_t ntokens;
    sim_db_t **dbs;
    size_t ndbs;
    sim_ds_t **dss;
    size_t ndss;
    sim_page_t **pages; /* hash */
    size_t npages;
    size_t nbuckets;
    int64_t ws_window; /* rate window of the workspace */
    int64_t ws_used;
    sim_ms_t ws_phase;
    int64_t
        ep_window; /* of the endpoint that has a limit of its own; its phase is the workspace's */
    int64_t ep_used;
    int64_t nblocks; /* that bots made */
} sim_world_t;

extern sim_world_t sim_w;

void sim_world_lock(void);
void sim_world_unlock(void);
void sim_world_reset(void); /* frees everything and makes the world of the README */
uint64_t sim_world_fresh_seed(void);

const char *sim_type_name(sim_type_t t);
int sim_type_parse(const char *s, sim_type_t *t);
int sim_type_writable(sim_type_t t);
int sim_type_has_options(sim_type_t t);
int sim_type_is_text(sim_type_t t); /* strings to a filter */

sim_user_t *sim_user_add(const sim_id_t *id, int type, const char *name, const char *email);
sim_user_t *sim_user_find(const sim_id_t *id);
sim_user_t *sim_user_default(void); /* the first person */
sim_token_t *sim_token_find(const char *token);
sim_token_t *sim_token_add(const char *token, const char *name);
int sim_token_can_see(const sim_token_t *t, const sim_ds_t *ds);

sim_db_t *sim_db_find(const sim_id_t *id);
sim_ds_t *sim_ds_find(const sim_id_t *id);
sim_page_t *sim_page_find(const sim_id_t *id);
void sim_page_hash_add(sim_page_t *p);
void sim_page_hash_remove(sim_page_t *p);

/* by decoded id or name; NULL if the data source has none such */
sim_prop_t *sim_prop_by_id(const sim_ds_t *ds, const char *id);
sim_prop_t *sim_prop_find(const sim_ds_t *ds, const char *key);
sim_prop_t *sim_prop_title(const sim_ds_t *ds);
sim_value_t *sim_prop_value(const sim_prop_t *p, const sim_state_t *st);

sim_option_t *sim_option_by_id(const sim_prop_t *p, const char *id);
sim_option_t *sim_option_by_name(const sim_prop_t *p, const char *name); /* case-insensitive */
/* id and color may be NULL */
sim_option_t *sim_option_add(sim_prop_t *p, const char *id, const char *name, const char *color);

#endif
