/* sm_fiber.c - stacks of their own in one thread, and AddressSanitizer told of them.
 *
 * swapcontext asks the system twice for its mask of signals, which here is always the same; so it only begins a stack, and from then on
 * the compiler's own jumps do. AddressSanitizer knows of swapcontext only.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "simulation/sm_kernel.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_SIZE ((size_t)2 << 20)
#else
#define STACK_SIZE ((size_t)512 << 10)
#endif
#define GUARD_SIZE ((size_t)4096)

/* Where a stack goes on. */
typedef struct place_t {
    ucontext_t context;
    void *jump[5];
    int has_jump; /* else the context says */
} place_t;

struct sm_fiber_t {
    sm_fiber_t *next; /* in the list of the unused */
    place_t place;
    char *stack; /* above its guard */
    void (*fn)(void *baton);
    void *baton;
    int over;
};

static place_t kernel_place;
static sm_fiber_t *running;
static sm_fiber_t *unused;

#if defined(__SANITIZE_ADDRESS__)
static const void *kernel_stack;
static size_t kernel_stack_size;

static void leave(void **fake, const void *bottom, size_t size)
{
    __sanitizer_start_switch_fiber(fake, bottom, size);
}

static void arrive(void *fake, const void **bottom, size_t *size)
{
    __sanitizer_finish_switch_fiber(fake, bottom, size);
}

static void forget_stack(const sm_fiber_t *fiber)
{
    __asan_unpoison_memory_region(fiber->stack, STACK_SIZE);
}

static void go(place_t *from, place_t *to)
{
    (void)swapcontext(&from->context, &to->context);
}
#else
static const void *kernel_stack;
static size_t kernel_stack_size;

static void leave(void **fake, const void *bottom, size_t size)
{
    (void)fake;
    (void)bottom;
    (void)size;
}

static void arrive(void *fake, const void **bottom, size_t *size)
{
    (void)fake;
    (void)bottom;
    (void)size;
}

static void forget_stack(const sm_fiber_t *fiber)
{
    (void)fiber;
}

static __attribute__((noinline, noreturn)) void jump_to(place_t *to)
{
    if (to->has_jump) {
        __builtin_longjmp(to->jump, 1);
    }
    (void)setcontext(&to->context);
    abort();
}

static __attribute__((noinline)) void go(place_t *from, place_t *to)
{
    from->has_jump = 1;
    if (__builtin_setjmp(from->jump) == 0) {
        jump_to(to);
    }
}
#endif

static void enter(void)
{
    sm_fiber_t *fiber = running;

    arrive(NULL, &kernel_stack, &kernel_stack_size);
    fiber->fn(fiber->baton);
    fiber->over = 1;
    leave(NULL, kernel_stack, kernel_stack_size);
    go(&fiber->place, &kernel_place);
    abort();
}

static sm_fiber_t *make_fiber(void)
{
    sm_fiber_t *fiber = calloc(1, sizeof(*fiber));
    char *memory = mmap(NULL, STACK_SIZE + GUARD_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (!fiber || memory == MAP_FAILED || mprotect(memory, GUARD_SIZE, PROT_NONE) != 0) {
        abort();
    }
    fiber->stack = memory + GUARD_SIZE;
    return fiber;
}

/* By itself, because getcontext may return twice. */
static __attribute__((noinline)) void begin_stack(sm_fiber_t *fiber)
{
    fiber->place.has_jump = 0;
    (void)getcontext(&fiber->place.context);
    fiber->place.context.uc_stack.ss_sp = fiber->stack;
    fiber->place.context.uc_stack.ss_size = STACK_SIZE;
    fiber->place.context.uc_link = NULL;
    makecontext(&fiber->place.context, enter, 0);
}

sm_fiber_t *sm_fiber_create(void (*fn)(void *baton), void *baton)
{
    sm_fiber_t *fiber = unused;

    if (fiber) {
        unused = fiber->next;
    }
    else {
        fiber = make_fiber();
    }
    fiber->next = NULL;
    fiber->fn = fn;
    fiber->baton = baton;
    fiber->over = 0;
    begin_stack(fiber);
    return fiber;
}

int sm_fiber_resume(sm_fiber_t *fiber)
{
    void *fake = NULL;

    running = fiber;
    leave(&fake, fiber->stack, STACK_SIZE);
    go(&kernel_place, &fiber->place);
    arrive(fake, NULL, NULL);
    running = NULL;
    return !fiber->over;
}

void sm_fiber_yield(void)
{
    sm_fiber_t *fiber = running;
    void *fake = NULL;

    leave(&fake, kernel_stack, kernel_stack_size);
    go(&fiber->place, &kernel_place);
    arrive(fake, &kernel_stack, &kernel_stack_size);
}

void sm_fiber_free(sm_fiber_t *fiber)
{
    forget_stack(fiber);
    fiber->next = unused;
    unused = fiber;
}
