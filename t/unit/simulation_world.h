/* simulation_world.h - the smallest world that the simulation's machine can be tried with: a data source, a table, one mapping
 * of a name, and two people. */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include "simulation/sm.h"

extern const sm_part_t small_world;

/** How often pages were made, and rows, by whomever, in the last run. */
extern int small_pages;
extern int small_rows;

#endif /* SIMULATION_WORLD_H */
