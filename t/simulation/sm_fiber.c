/* sm_fiber.c - stacks of their own in one thread, and AddressSanitizer told of them. */
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

struct sm_fiber_t {
    sm_fiber_t *next; /* in the list of the unused */
    ucontext_t context;
    char *stack; /* above its guard */
    void (*fn)(void *baton);
    void *baton;
    int over;
};

static ucontext_t kernel_context;
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
#endif

static void enter(void)
{
    sm_fiber_t *fiber = running;

    arrive(NULL, &kernel_stack, &kernel_stack_size);
    fiber->fn(fiber->baton);
    fiber->over = 1;
    leave(NULL, kernel_stack, kernel_stack_size);
    (void)setcontext(&kernel_context);
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
    (void)getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, enter, 0);
    return fiber;
}

int sm_fiber_resume(sm_fiber_t *fiber)
{
    void *fake = NULL;

    running = fiber;
    leave(&fake, fiber->stack, STACK_SIZE);
    (void)swapcontext(&kernel_context, &fiber->context);
    arrive(fake, NULL, NULL);
    running = NULL;
    return !fiber->over;
}

void sm_fiber_yield(void)
{
    sm_fiber_t *fiber = running;
    void *fake = NULL;

    leave(&fake, kernel_stack, kernel_stack_size);
    (void)swapcontext(&fiber->context, &kernel_context);
    arrive(fake, &kernel_stack, &kernel_stack_size);
}

void sm_fiber_free(sm_fiber_t *fiber)
{
    forget_stack(fiber);
    fiber->next = unused;
    unused = fiber;
}
