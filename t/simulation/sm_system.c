/* sm_system.c - what the library would ask the machine: its clock, its process number, a pause. The linker sends
 * these calls here, so that none of them can make two runs of a seed differ. */
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "simulation/sm_kernel.h"

pid_t __real_getpid(void);
int __real_clock_gettime(clockid_t id, struct timespec *time);
apr_time_t __wrap_apr_time_now(void);
void __wrap_apr_sleep(apr_interval_time_t time);
pid_t __wrap_getpid(void);
int __wrap_clock_gettime(clockid_t id, struct timespec *time);

/* The library takes time from the clock it is given, and from nowhere else. */
apr_time_t __wrap_apr_time_now(void)
{
    if (!sm_the) {
        return SM_T0;
    }
    sm_violation(sm_the, "S6.9", "the machine's clock was read");
    return sm_now(sm_the);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *time)
{
    if (sm_the) {
        sm_violation(sm_the, "S6.9", "the machine's clock was read");
    }
    return __real_clock_gettime(id, time);
}

void __wrap_apr_sleep(apr_interval_time_t time)
{
    if (sm_self()) {
        sm_sleep(time);
    }
}

pid_t __wrap_getpid(void)
{
    const sm_process_t *process = sm_current();

    return sm_the ? (process ? 100 + process->number : 1) : __real_getpid();
}
