/* sm_memory.c - memory for SQLite: one thread asks for the same few sizes again and again.
 *
 * Blocks of a size that were given back are kept for the next who wants that size, and nothing goes back to the system, so a
 * job's memory is what its greatest run needed. With AddressSanitizer SQLite has the usual memory, that its mistakes be seen.
 */
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "simulation/sm_file.h"

#if defined(__SANITIZE_ADDRESS__)
#define IS_OURS 0
#else
#define IS_OURS 1
#endif

/* Before each block stands its class. */
#define HEADER 8
#define STEP 32
#define SMALL_MAX 1024 /* in classes of STEP bytes; above in powers of two */
#define SMALL_CLASSES (SMALL_MAX / STEP)
#define LARGE_CLASSES 9 /* to 512 KB; what is greater comes from malloc */
#define CLASSES (SMALL_CLASSES + LARGE_CLASSES)
#define SLAB ((size_t)1 << 20)

typedef union block_t {
    struct {
        sqlite3_int64 size_class; /* or, of a block of malloc, minus its size */
        union block_t *next;      /* among the unused; begins the memory that is lent */
    } s;
    double align;
} block_t;

static block_t *unused[CLASSES];
static char *slab;
static size_t slab_left;

static int class_of(int size)
{
    int at = SMALL_CLASSES;

    if (size <= SMALL_MAX) {
        return size ? (size - 1) / STEP : 0;
    }
    while (at < CLASSES && size > SMALL_MAX << (at - SMALL_CLASSES + 1)) {
        at++;
    }
    return at;
}

static int size_of(int size_class)
{
    return size_class < SMALL_CLASSES ? (size_class + 1) * STEP
                                      : SMALL_MAX << (size_class - SMALL_CLASSES + 1);
}

static block_t *block_of(void *memory)
{
    return (block_t *)(void *)((char *)memory - HEADER);
}

static void *memory_of(block_t *block)
{
    return (char *)block + HEADER;
}

static block_t *cut(int size_class)
{
    size_t size = (size_t)size_of(size_class) + HEADER;
    block_t *block;

    if (size > slab_left) {
        slab = malloc(SLAB);
        slab_left = slab ? SLAB : 0;
    }
    if (!slab) {
        return NULL;
    }
    block = (block_t *)(void *)slab;
    slab += size;
    slab_left -= size;
    return block;
}

static void *lend(int size)
{
    int size_class = class_of(size);
    block_t *block;

    if (size_class == CLASSES) {
        block = malloc((size_t)size + HEADER);
        if (!block) {
            return NULL;
        }
        block->s.size_class = -size;
        return memory_of(block);
    }
    block = unused[size_class];
    if (block) {
        unused[size_class] = block->s.next;
    }
    else {
        block = cut(size_class);
        if (!block) {
            return NULL;
        }
    }
    block->s.size_class = size_class;
    return memory_of(block);
}

static void take_back(void *memory)
{
    block_t *block = block_of(memory);

    if (block->s.size_class < 0) {
        free(block);
        return;
    }
    block->s.next = unused[block->s.size_class];
    unused[block->s.size_class] = block;
}

static int size_lent(void *memory)
{
    sqlite3_int64 size_class = block_of(memory)->s.size_class;

    return size_class < 0 ? (int)-size_class : size_of((int)size_class);
}

static void *lend_more(void *memory, int size)
{
    int had = size_lent(memory);
    void *more;

    if (size <= had) {
        return memory;
    }
    more = lend(size);
    if (more) {
        memcpy(more, memory, (size_t)had);
        take_back(memory);
    }
    return more;
}

static int round_up(int size)
{
    int size_class = class_of(size);

    return size_class == CLASSES ? (size + 7) & ~7 : size_of(size_class);
}

static int begin(void *baton)
{
    (void)baton;
    return SQLITE_OK;
}

static void end(void *baton)
{
    (void)baton;
}

void sm_memory_for_sqlite(void)
{
    static const sqlite3_mem_methods methods = { lend,     take_back, lend_more, size_lent,
                                                 round_up, begin,     end,       NULL };

    if (IS_OURS) {
        (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    }
    /* There is one thread, and nobody asks how much memory it is. Refused, which costs time only, when SQLite is in use. */
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
