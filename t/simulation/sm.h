/* sm.h - the simulation as its parts see it: time, chance, events, scenario, trace.
 *
 * One run: a seed, one scenario, the whole production stack between services in memory, in one thread. The
 * kernel owns time: nothing happens but what the heap of events says, in the order (true time, seeded
 * tie-break). Parts are the host (processes, deaths, generations), the world (services, people, operator,
 * faults) and the judge; each is an sm_part_t, listed in simulation.c.
 *
 * Names: sm_ the machine and its host, sw_ the world, sj_ the judge.
 *
 * Nothing of a run may depend on the real clock, on addresses, on libc's random numbers or on the order of a
 * hash. Memory comes from sm->p, which goes with the run.
 */
#ifndef SM_H
#define SM_H

#include "net/nts_http.h"
#include "worker/nts_worker.h"

typedef struct sm_t sm_t;

/* ---- time: true time is the kernel's own; machines have clocks that may be wrong ---- */

/** True time at which every run begins: an instant in 2027, not at a full minute. */
#define SM_T0 (apr_time_from_sec(1800000000) + 17654321)
#define SM_MS(n) ((apr_interval_time_t)(n)*1000)
#define SM_SEC(n) ((apr_interval_time_t)(n)*1000000)
#define SM_MIN(n) SM_SEC((apr_interval_time_t)(n)*60)

/** The machine that runs httpd, its workers and the SQLite databases; and Notion's. */
typedef enum sm_machine_t { SM_HOST = 0, SM_NOTION, SM_MACHINES } sm_machine_t;

apr_time_t sm_now(const sm_t *sm);
/** What the machine's wall clock shows. */
apr_time_t sm_wall(const sm_t *sm, sm_machine_t machine);
/** Step the wall clock; the monotonic one goes on. */
void sm_clock_step(sm_t *sm, sm_machine_t machine, apr_interval_time_t by);

/* ---- chance: streams that do not disturb each other ---- */

typedef struct sm_dice_t {
    apr_uint64_t state[2];
} sm_dice_t;

/** A stream of its own for @a name, the same in every run of the seed. */
void sm_dice_init(sm_dice_t *dice, const sm_t *sm, const char *name);
apr_uint64_t sm_roll(sm_dice_t *dice);
/** Uniform in [0, below). */
apr_uint32_t sm_below(sm_dice_t *dice, apr_uint32_t below);
/** Uniform in [from, to]. */
apr_int64_t sm_between(sm_dice_t *dice, apr_int64_t from, apr_int64_t to);
/** True in @a per_mille of 1000 cases. */
int sm_chance(sm_dice_t *dice, int per_mille);

/* ---- events ---- */

typedef void sm_fn(sm_t *sm, void *baton);

/** Call @a fn once, @a after from now, from the kernel. Cannot be cancelled: the baton must tell. */
void sm_after(sm_t *sm, apr_interval_time_t after, sm_fn *fn, void *baton);

/* ---- scenario: settings and actions, all that distinguishes one run from another ---- */

#define SM_NUMBERS 6
#define SM_TEXTS 2

typedef struct sm_action_t sm_action_t;

/** What may be done; registered by who knows how. Performed by the kernel, outside all processes. An
 *  action must bear the absence of any other: what it refers to may not be there, then it does nothing. */
typedef struct sm_kind_t {
    const char *name; /* "host.kill": one word, as in a scenario's text */
    void (*perform)(sm_t *sm, const sm_action_t *action);
    const char *numbers[SM_NUMBERS]; /* what they are, for the trace; NULL ends them */
} sm_kind_t;

struct sm_action_t {
    apr_interval_time_t at; /* since the run's beginning */
    const sm_kind_t *kind;
    apr_int64_t n[SM_NUMBERS];
    const char *s[SM_TEXTS]; /* NULL none; no line breaks or quotes */
};

void sm_register(sm_t *sm, const sm_kind_t *kind);
/** A kind that any part has registered; NULL: none of that name. */
const sm_kind_t *sm_kind_of(const sm_t *sm, const char *name);
/** Add an action while the scenario is planned; NULL for texts. Returns it, to fill in the rest. */
sm_action_t *sm_plan(sm_t *sm, apr_interval_time_t at, const sm_kind_t *kind);
/** A number that the seed decides once per run, or that the scenario file says: drawn in [from, to]. Kept
 *  in the scenario's text. Only in setup(). */
apr_int64_t sm_setting(sm_t *sm, const char *name, apr_int64_t from, apr_int64_t to);
/** It is not drawn, but this, unless the scenario file says otherwise. Before it is asked for. @a name must stay. */
void sm_setting_fix(sm_t *sm, const char *name, apr_int64_t value);
/** One that was drawn before, by whomever; 0: none of that name. The host draws "minutes", how long people and
 *  faults go on, and the rest is planned within that. */
apr_int64_t sm_setting_of(const sm_t *sm, const char *name);
/** When the last action is performed, since the beginning. */
apr_interval_time_t sm_length(const sm_t *sm);

/* ---- what happened: trace, notes for the judge, violations ---- */

/** A line of the trace: hashed always, printed with --trace. No addresses, no real time. */
void sm_trace(sm_t *sm, const char *fmt, ...) NTS_PRINTF(2, 3);
/** True if lines are printed: for what is dear to format. What is only printed must not be hashed: see
 *  sm_remark. */
int sm_is_traced(const sm_t *sm);
/** As sm_trace, but only printed. */
void sm_remark(sm_t *sm, const char *fmt, ...) NTS_PRINTF(2, 3);

/** @a what happened once more: with --count it is told how often, and in how many seeds. Says nothing about what is right. */
void sm_count(sm_t *sm, const char *what);
/** Non-zero: somebody wants to know; for what is dear to find out. */
int sm_is_counting(void);

/** An invariant is broken: @a rule as in "S6.4". The first one counts; the run ends soon after. */
void sm_violation(sm_t *sm, const char *rule, const char *fmt, ...) NTS_PRINTF(3, 4);
int sm_is_violated(const sm_t *sm);

typedef enum sm_note_kind_t {
    SM_NOTE_SENT,      /* a request left a process: request */
    SM_NOTE_ARRIVED,   /* it reached the service, before serve() */
    SM_NOTE_ANSWERED,  /* the process has got its answer: request, answer */
    SM_NOTE_UNHEARD,   /* the answer found nobody: the process is gone */
    SM_NOTE_COMMITTED, /* a process ended a unit of the store (it may have been rolled back) */
    SM_NOTE_STARTED,   /* a worker */
    SM_NOTE_KILLED,    /* a process: worker, or child that takes hooks */
    SM_NOTE_FROZEN,
    SM_NOTE_THAWED,
    SM_NOTE_TOOK,   /* a worker has a group's lock: code is the group's number */
    SM_NOTE_EXITED, /* a worker, by itself: code */
    SM_NOTE_FORGOT, /* the state store was lost, or (code 1) an older copy of it was put back */
    SM_NOTE_DISK,   /* that of the state store takes nothing any more, or (code 0) works again */
    SM_NOTE_LOG,    /* a line of the library: code is its level, text */
    SM_NOTE_HOOK    /* a webhook was answered: code is the HTTP status, or 0: nobody there */
} sm_note_kind_t;

typedef struct sm_request_t sm_request_t;

typedef struct sm_note_t {
    sm_note_kind_t kind;
    int process; /* number, unique in the run; 0 the kernel itself */
    int code;
    const char *text;
    const sm_request_t *request;
    const nts_http_answer_t *answer;
} sm_note_t;

/* ---- parts ---- */

typedef struct sm_part_t {
    const char *name;
    /** Settings, kinds, services; then what stands when the run begins. */
    void (*setup)(sm_t *sm);
    /** Plan the scenario; not called when it is read from a file. */
    void (*plan)(sm_t *sm);
    /** The last action was performed: end all faults, heal, thaw, restart. From here on services answer. */
    void (*calm)(sm_t *sm);
    /** Non-zero while something of this part is under way that must end before the run is judged. */
    int (*is_busy)(sm_t *sm);
    /** Nothing was busy for a while. @a round counts from 0. Judge, or act once more (order a full
     *  reconciliation, say) and return non-zero to be asked again when it is quiet again. */
    int (*quiet)(sm_t *sm, int round);
    /** The host's power fails: close every database now; NULL: this part opens none. */
    void (*blackout)(sm_t *sm);
    /** The run is over; give back what is not in sm->p. */
    void (*end)(sm_t *sm);
    void (*note)(sm_t *sm, const sm_note_t *note);
} sm_part_t;

extern const sm_part_t sm_part_host;

/* ---- services of HTTP ---- */

struct sm_request_t {
    int number;  /* in the run */
    int process; /* who sent it */
    const char *method;
    const char *url;  /* whole */
    const char *path; /* behind the service's prefix, with the query */
    const nts_http_header_t *headers;
    int header_count;
    const char *body; /* NULL none */
    apr_size_t body_len;
    apr_time_t sent; /* true time */
};

typedef enum sm_fate_t {
    SM_FATE_ANSWERED,
    SM_FATE_CUT,    /* the connection breaks after the request was taken */
    SM_FATE_SILENT, /* no answer before the caller's time-out */
    SM_FATE_REFUSED /* no connection: the service promises to have ignored it */
} sm_fate_t;

typedef struct sm_reply_t {
    sm_fate_t fate;
    int status;
    const nts_http_header_t *headers;
    int header_count;
    const char *body; /* NULL: empty */
    apr_size_t body_len;
    apr_interval_time_t delay; /* the service takes this long, besides the way there and back */
} sm_reply_t;

/** Called at the instant the request arrives. @a reply begins all zero (ANSWERED); it and what it points to
 *  live in @a p, which goes when the answer was heard. */
typedef void sm_serve_fn(sm_t *sm, void *baton, const sm_request_t *request, sm_reply_t *reply,
                         apr_pool_t *p);

/** Serve all addresses that begin with @a prefix ("http://127.0.0.1:1/notion"). The way there, and back,
 *  takes [@a fastest, @a slowest]. */
void sm_serve(sm_t *sm, const char *prefix, apr_interval_time_t fastest,
              apr_interval_time_t slowest, sm_serve_fn *serve, void *baton);

/* ---- asks of databases, which go to the real connector and a real SQLite ---- */

/** Called on the helper's thread, at the instant the database is asked, and when it has answered: all of it
 *  happens between the two, in no time. Not called when the process dies before. */
typedef struct sm_ask_watch_t {
    void (*begins)(sm_t *sm, int process, const nts_ask_t *ask);
    void (*ended)(sm_t *sm, int process, const nts_ask_t *ask, const nts_answer_t *answer);
    /** The transaction of the asks that have begun stays open, its client gone; what it is to be remembered by. */
    void *(*left)(sm_t *sm);
    /** From the kernel: it was committed now. */
    void (*happened)(sm_t *sm, void *asks);
} sm_ask_watch_t;
void sm_on_ask(sm_t *sm, const sm_ask_watch_t *watch);

/* ---- the host: what the world configures and asks of it ---- */

/** Makes the configuration of a generation, in @a p: called at the first start and each restart. Ids are
 *  filled in by the host. */
typedef nts_setup_t *sm_configure_fn(sm_t *sm, void *baton, apr_pool_t *p);
/** The world says once, in setup(). @a workers: processes per generation, 1 to 4. Secrets are given to
 *  workers by name of service; the host asks. */
void sm_host_configure(sm_t *sm, int workers, sm_configure_fn *configure, void *baton,
                       const char *token);

/** Folder of the databases of this run ("/..."): files in it are in memory, or real ones where --store file
 *  says so. The state store is in it too. */
const char *sm_folder(const sm_t *sm);

/** A webhook for the service at the door; @a done, which may be NULL, hears an HTTP status, or 0 when nobody
 *  was there or the one who took it died before answering. */
typedef void sm_hook_done_fn(sm_t *sm, void *baton, int status);
void sm_host_hook(sm_t *sm, const char *service, const char *body, sm_hook_done_fn *done,
                  void *baton);
/** Queue a command as the tool does. Its number in the store is given to @a done; 0: not stored. */
typedef void sm_command_done_fn(sm_t *sm, void *baton, apr_int64_t id);
void sm_host_command(sm_t *sm, const char *mapping, const char *verb, const char *args,
                     sm_command_done_fn *done, void *baton);
/** The kernel's own connection to the state store, for looking and for the operator: belongs to no process,
 *  is killed by nothing. NULL while the store is away. Never inside a transaction for longer than a call. */
nts_store_t *sm_host_store(sm_t *sm);
/** Services and mappings as they run, with their ids. */
const nts_setup_t *sm_host_setup(sm_t *sm);
/** A restart with the configuration of now: gracefully (two generations for a while) or at once. */
void sm_host_restart(sm_t *sm, int gracefully);
/** httpd is stopped, and nothing of it runs (@a on 0), or started again. */
void sm_host_switch(sm_t *sm, int on);

/* ---- what every part may look at ---- */

struct sm_t {
    apr_pool_t *p;
    apr_uint64_t seed;
    const char *stage; /* "setup", "running", "calm", "over" */
    struct sm_kernel_t *kernel;
    struct sm_host_t *host;
    struct sw_world_t *world;
    struct sj_judge_t *judge;
};

/** The one run of this process: production's functions carry no pointer to it. */
extern sm_t *sm_the;

#endif /* SM_H */
