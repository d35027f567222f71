/* What a simulator remembers.  Every variable that outlives a call, but for what belongs to the process (locks, threads, the host), is
 * marked as part of it; so a process can hold several simulators, of which one is awake (sim_embed_enter). */
#ifndef SIM_STATE_H
#define SIM_STATE_H

/* behind a variable's name; it begins as zero */
#define SIM_STATE __attribute__((section("sim_state")))

#endif
