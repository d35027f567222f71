/* mns_directives.h - what the files that read directives share; the table is in mns_directives.c. */
#ifndef MNS_DIRECTIVES_H
#define MNS_DIRECTIVES_H

#include "httpd/mns_config.h"
#include "httpd/mns_parse.h"

/** Where a directive may stand. */
typedef enum mns_section_t {
    MNS_IN_SERVER,  /* the main server, outside all sections */
    MNS_IN_SERVICE, /* <NotionSyncService> */
    MNS_IN_MAPPING, /* <NotionSyncMapping> */
    MNS_IN_LOCATION /* <Location> */
} mns_section_t;

/** A directive that is about to take effect. */
typedef struct mns_setting_t {
    mns_args_t args;
    mns_server_t *server;
    mns_service_t *service; /* in a service section */
    mns_mapping_t *mapping; /* in a mapping section */
    mns_dir_t *dir;         /* in a <Location> */
} mns_setting_t;

#define MNS_THE_REST (-1)

typedef const char *mns_set_fn(mns_setting_t *setting);

/** One directive: its grammar for messages, and who takes it. */
typedef struct mns_spec_t {
    const char *name;
    mns_section_t section;
    int min;        /* arguments */
    int max;        /* MNS_THE_REST: one word, and the rest of the line as it is written */
    int repeatable; /* may stand more than once in its section */
    int discreet;   /* mns_args_t */
    mns_set_fn *set;
    const char *syntax;
    const char *example;
} mns_spec_t;

/* mns_directives.c */
const char *mns_section_open(mns_args_t *args, const char *text, int min, int max);
const char *mns_section_walk(mns_args_t *args);

/* mns_service.c */
const char *mns_service_open(cmd_parms *cmd, void *dir, const char *text);
const char *mns_service_set_token(mns_setting_t *setting);
const char *mns_service_set_oauth(mns_setting_t *setting);
const char *mns_service_set_budget(mns_setting_t *setting);
const char *mns_service_set_endpoint(mns_setting_t *setting);
const char *mns_service_set_database(mns_setting_t *setting);
const char *mns_service_set_password(mns_setting_t *setting);
const char *mns_service_set_hook_secret(mns_setting_t *setting);
const char *mns_service_set_provision(mns_setting_t *setting);

/* mns_mapping.c */
const char *mns_mapping_open(cmd_parms *cmd, void *dir, const char *text);
const char *mns_mapping_set_notion(mns_setting_t *setting);
const char *mns_mapping_set_external(mns_setting_t *setting);
const char *mns_mapping_set_conflict(mns_setting_t *setting);
const char *mns_mapping_set_deletes(mns_setting_t *setting);
const char *mns_mapping_set_reconcile(mns_setting_t *setting);
const char *mns_mapping_set_debounce(mns_setting_t *setting);
const char *mns_mapping_set_file_base(mns_setting_t *setting);
const char *mns_mapping_set_paused(mns_setting_t *setting);

/* mns_filter.c */
const char *mns_filter_set(mns_setting_t *setting);

/* mns_field.c */
const char *mns_field_add(mns_setting_t *setting);
const char *mns_fields_set(mns_setting_t *setting);
const char *mns_body_set(mns_setting_t *setting);
const char *mns_link_property_set(mns_setting_t *setting);
const char *mns_match_add(mns_setting_t *setting);
extern const mns_choice_t mns_conflict_choices[];

#endif /* MNS_DIRECTIVES_H */
