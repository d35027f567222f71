/* The world's containers: users, tokens, the hash of pages; and emptying all of it. */
#include "sim_world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_page.h"
#include "sim_schema.h"
#include "sim_state.h"

sim_world_t sim_w SIM_STATE;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void sim_world_lock(void)
{
    pthread_mutex_lock(&lock);
}

void sim_world_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

uint64_t sim_world_fresh_seed(void)
{
    uint64_t seed = (uint64_t)sim_time_mono_us();
    FILE *f = fopen("/dev/urandom", "rb");

    if (f) {
        if (fread(&seed, sizeof(seed), 1, f) != 1) {
            seed++;
        }
        fclose(f);
    }
    return seed & 0x7fffffff;
}

sim_user_t *sim_user_add(const sim_id_t *id, int type, const char *name, const char *email)
{
    sim_user_t *u = sim_mem_alloc(sizeof(*u));

    if (id) {
        u->id = *id;
    }
    else {
        sim_rand_id(&u->id);
    }
    u->type = type == SIM_BOT ? SIM_BOT : type == SIM_GROUP ? SIM_GROUP : SIM_PERSON;
    u->name = sim_mem_dup(name);
    u->email = sim_mem_dup(email);
    sim_w.users = sim_mem_grow(sim_w.users, (sim_w.nusers + 1) * sizeof(*sim_w.users));
    sim_w.users[sim_w.nusers++] = u;
    return u;
}

sim_user_t *sim_user_find(const sim_id_t *id)
{
    size_t i;

    for (i = 0; i < sim_w.nusers; i++) {
        if (sim_id_cmp(&sim_w.users[i]->id, id) == 0) {
            return sim_w.users[i];
        }
    }
    return NULL;
}

sim_user_t *sim_user_default(void)
{
    size_t i;

    for (i = 0; i < sim_w.nusers && sim_w.users[i]->type != SIM_PERSON; i++) {
    }
    return sim_w.users[i];
}

sim_token_t *sim_token_find(const char *token)
{
    size_t i;

    for (i = 0; i < sim_w.ntokens; i++) {
        if (strcmp(sim_w.tokens[i]->token, token) == 0) {
            return sim_w.tokens[i];
        }
    }
    return NULL;
}

sim_token_t *sim_token_add(const char *token, const char *name)
{
    sim_token_t *t = sim_mem_alloc(sizeof(*t));

    t->token = sim_mem_dup(token);
    t->name = sim_mem_dup(name);
    t->can = SIM_CAN_ALL;
    t->phase = sim_rand_below(sim_set.window_ms);
    sim_rand_id(&t->integration_id);
    sim_w.tokens = sim_mem_grow(sim_w.tokens, (sim_w.ntokens + 1) * sizeof(*sim_w.tokens));
    sim_w.tokens[sim_w.ntokens++] = t;
    return t;
}

int sim_token_can_see(const sim_token_t *t, const sim_ds_t *ds)
{
    size_t i;

    if (ds->unshared || t->foreign) {
        return 0;
    }
    for (i = 0; i < ds->nhidden; i++) {
        if (ds->hidden[i] == t) {
            return 0;
        }
    }
    return 1;
}

static size_t bucket_of(const sim_id_t *id, size_t nbuckets)
{
    uint64_t h = 14695981039346656037u;
    size_t i;

    for (i = 0; i < sizeof(id->b); i++) {
        h = (h ^ id->b[i]) * 1099511628211u;
    }
    return (size_t)h & (nbuckets - 1);
}

sim_page_t *sim_page_find(const sim_id_t *id)
{
    sim_page_t *p;

    if (!sim_w.nbuckets) {
        return NULL;
    }
    for (p = sim_w.pages[bucket_of(id, sim_w.nbuckets)]; p; p = p->next) {
        if (sim_id_cmp(&p->id, id) == 0) {
            return p;
        }
    }
    return NULL;
}

static void grow_hash(void)
{
    size_t n = sim_w.nbuckets ? sim_w.nbuckets * 2 : 64, i;
    sim_page_t **to = sim_mem_alloc(n * sizeof(*to)), *p, *next;

    for (i = 0; i < sim_w.nbuckets; i++) {
        for (p = sim_w.pages[i]; p; p = next) {
            size_t k = bucket_of(&p->id, n);

            next = p->next;
            p->next = to[k];
            to[k] = p;
        }
    }
    free(sim_w.pages);
    sim_w.pages = to;
    sim_w.nbuckets = n;
}

void sim_page_hash_add(sim_page_t *p)
{
    size_t k;

    if (sim_w.npages >= sim_w.nbuckets) {
        grow_hash();
    }
    k = bucket_of(&p->id, sim_w.nbuckets);
    p->next = sim_w.pages[k];
    sim_w.pages[k] = p;
    sim_w.npages++;
}

void sim_page_hash_remove(sim_page_t *p)
{
    sim_page_t **at = &sim_w.pages[bucket_of(&p->id, sim_w.nbuckets)];

    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    sim_w.npages--;
}

static void free_world(void)
{
    size_t i;

    for (i = 0; i < sim_w.nbuckets; i++) {
        sim_page_t *p, *next;

        for (p = sim_w.pages[i]; p; p = next) {
            next = p->next;
            sim_page_free(p);
        }
    }
    free(sim_w.pages);
    for (i = 0; i < sim_w.ndss; i++) {
        sim_ds_free(sim_w.dss[i]);
    }
    free(sim_w.dss);
    for (i = 0; i < sim_w.ndbs; i++) {
        free(sim_w.dbs[i]->name);
        free(sim_w.dbs[i]);
    }
    free(sim_w.dbs);
    for (i = 0; i < sim_w.ntokens; i++) {
        free(sim_w.tokens[i]->token);
        free(sim_w.tokens[i]->name);
        free(sim_w.tokens[i]);
    }
    free(sim_w.tokens);
    for (i = 0; i < sim_w.nusers; i++) {
        free(sim_w.users[i]->name);
        free(sim_w.users[i]->email);
        free(sim_w.users[i]);
    }
    free(sim_w.users);
}

void sim_world_reset(void)
{
    uint32_t generation = sim_w.generation + 1;

    free_world();
    memset(&sim_w, 0, sizeof(sim_w));
    sim_w.generation = generation;
    sim_w.started_ms = sim_time_now();
    sim_w.ws_phase = sim_rand_below(sim_set.window_ms);
    sim_rand_id(&sim_w.workspace_id);
    sim_user_add(NULL, SIM_PERSON, "Ada", "ada@example.org");
    sim_user_add(NULL, SIM_PERSON, "Ben", "ben@example.org");
    sim_token_add("ntn_sim_token", "sim")->user = sim_user_add(NULL, SIM_BOT, "sim", NULL);
}
