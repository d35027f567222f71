/* What sim_oauth.c and its control share. */
#ifndef SIM_OAUTH_PRIVATE_H
#define SIM_OAUTH_PRIVATE_H

#include "sim_oauth.h"

typedef struct sim_grant_t {
    struct sim_grant_t *next;
    sim_token_t *token; /* the world's */
    char *refresh;      /* NULL: none was given */
    char **spent;       /* refresh tokens before it */
    size_t nspent;
    sim_id_t workspace_id;
    char *workspace_name;
    int refreshes;
    int dead;
} sim_grant_t;

typedef struct sim_code_t {
    struct sim_code_t *next;
    char *code;
    char *redirect;
    sim_ms_t due;
    int used;
    sim_grant_t *grant;
} sim_code_t;

typedef struct sim_client_t {
    struct sim_client_t *next;
    char *id;
    char *secret;
    char **redirects;
    size_t nredirects;
    /* what its person does when asked: in which workspace, or not at all */
    sim_id_t workspace_id;
    char *workspace_name;
    int cancels;
    int64_t code_ttl_ms;
    int64_t access_ttl_ms; /* 0: for ever */
    int tell_expiry;       /* by expires_in, which Notion does not document */
    int no_refresh;
    int reuse_revokes; /* a spent refresh token ends the grant */
    sim_code_t *codes;
    sim_grant_t *grants; /* the newest first */
} sim_client_t;

extern sim_client_t *sim_oauth_clients;

sim_client_t *sim_oauth_client(const char *id); /* NULL: none */
char *sim_oauth_text(const char *prefix);       /* random, malloc'd */
void sim_oauth_end(sim_grant_t *g);             /* both tokens are worth nothing any more */

#endif
