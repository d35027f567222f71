/* sm_file.c - contents of files in memory, and what a power cut leaves of them. */
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "simulation/sm_file.h"

#define SPOILS 4

static sm_file_t *files;
static int is_cut_expected =
    1;                   /* the power may fail: writes are remembered until they are synced */
static void **graveyard; /* memory that a killed process's library may still look at */
static int grave_count;
static int grave_room;

static struct {
    char path[256];
    int code;
} spoils[SPOILS];

static void *need(void *memory)
{
    if (!memory) {
        abort();
    }
    return memory;
}

sm_file_t *sm_file_find(const char *path)
{
    sm_file_t *file;

    for (file = files; file; file = file->next) {
        if (!file->is_nameless && strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

static int is_watched(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && strncmp(slash + 1, "state", 5) != 0 && strncmp(slash + 1, "template", 8) != 0;
}

static void touched(const sm_file_t *file, apr_uint32_t mask)
{
    if (file->is_watched && !file->is_nameless) {
        sm_fd_touched(file->path, mask);
    }
}

sm_file_t *sm_file_make(const char *path)
{
    sm_file_t *file = need(calloc(1, sizeof(*file)));

    file->path = need(strdup(path ? path : ""));
    file->is_nameless = path == NULL;
    file->is_watched = path && is_watched(path);
    file->next = files;
    files = file;
    touched(file, IN_CREATE);
    return file;
}

static void forget_writes(sm_file_t *file)
{
    while (file->unsynced) {
        sm_write_t *next = file->unsynced->next;

        free(file->unsynced);
        file->unsynced = next;
    }
}

static void bury(void *memory)
{
    if (grave_count == grave_room) {
        grave_room = grave_room ? 2 * grave_room : 64;
        graveyard = need(realloc(graveyard, (size_t)grave_room * sizeof(*graveyard)));
    }
    graveyard[grave_count++] = memory;
}

void sm_file_forget_shm(sm_file_t *file)
{
    int i;

    for (i = 0; i < file->region_count; i++) {
        bury(file->regions[i]);
        file->regions[i] = NULL;
    }
    file->region_count = 0;
}

static void destroy(sm_file_t *file)
{
    sm_file_t **at = &files;

    while (*at != file) {
        at = &(*at)->next;
    }
    *at = file->next;
    sm_file_forget_shm(file);
    forget_writes(file);
    free(file->data);
    free(file->path);
    free(file);
}

void sm_file_release(sm_file_t *file)
{
    if (--file->refs == 0 && file->is_nameless) {
        destroy(file);
    }
}

static void unname(sm_file_t *file)
{
    file->is_nameless = 1;
    if (file->refs == 0) {
        destroy(file);
    }
}

/* --- contents: what lies beyond the size is not of the file, and anything */

static void reserve(sm_file_t *file, apr_int64_t size)
{
    if (size > file->room) {
        apr_int64_t room = file->room ? file->room : 16384;

        while (room < size) {
            room *= 2;
        }
        file->data = need(realloc(file->data, (size_t)room));
        file->room = room;
    }
}

static void put(sm_file_t *file, const void *bytes, apr_size_t len, apr_int64_t offset)
{
    apr_int64_t end = offset + (apr_int64_t)len;

    reserve(file, end);
    if (offset > file->size) {
        memset(file->data + file->size, 0, (size_t)(offset - file->size));
    }
    memcpy(file->data + offset, bytes, len);
    if (end > file->size) {
        file->size = end;
    }
}

static void set_size(sm_file_t *file, apr_int64_t size)
{
    reserve(file, size);
    if (size > file->size) {
        memset(file->data + file->size, 0, (size_t)(size - file->size));
    }
    file->size = size;
}

static void remember(sm_file_t *file, const void *bytes, apr_size_t len, apr_int64_t offset,
                     int is_truncation)
{
    apr_int64_t inside = file->size - offset;
    apr_size_t old_len = inside <= 0                                  ? 0
                         : is_truncation || inside < (apr_int64_t)len ? (apr_size_t)inside
                                                                      : len;
    sm_write_t *write;

    if (file->is_nameless || !is_cut_expected) {
        return;
    }
    write = need(malloc(sizeof(*write) + len + old_len));
    write->offset = offset;
    write->old_size = file->size;
    write->len = len;
    write->old_len = old_len;
    write->is_truncation = is_truncation;
    if (len) {
        memcpy(write->bytes, bytes, len);
    }
    if (old_len) {
        memcpy(write->bytes + len, file->data + offset, old_len);
    }
    write->next = file->unsynced;
    file->unsynced = write;
}

void sm_file_write(sm_file_t *file, const void *bytes, apr_size_t len, apr_int64_t offset)
{
    remember(file, bytes, len, offset, 0);
    put(file, bytes, len, offset);
    touched(file, IN_MODIFY);
}

void sm_file_truncate(sm_file_t *file, apr_int64_t size)
{
    remember(file, NULL, 0, size, 1);
    set_size(file, size);
    touched(file, IN_MODIFY);
}

void sm_file_sync(sm_file_t *file)
{
    forget_writes(file);
}

/* --- by name */

static void with_journals(const char *from, const char *to, void (*fn)(const char *, const char *))
{
    static const char *const endings[] = { "", "-wal", "-journal" };
    char a[512];
    char b[512];
    apr_size_t i;

    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        (void)apr_snprintf(a, sizeof(a), "%s%s", from, endings[i]);
        (void)apr_snprintf(b, sizeof(b), "%s%s", to ? to : "", endings[i]);
        fn(a, b);
    }
}

static void remove_one(const char *path, const char *unused)
{
    sm_file_t *file = sm_file_find(path);

    (void)unused;
    if (file) {
        touched(file, IN_DELETE);
        unname(file);
    }
}

void sm_file_remove(const char *path)
{
    with_journals(path, NULL, remove_one);
}

static void rename_one(const char *from, const char *to)
{
    sm_file_t *file = sm_file_find(from);

    remove_one(to, NULL);
    if (file) {
        touched(file, IN_MOVED_FROM);
        free(file->path);
        file->path = need(strdup(to));
        file->is_watched = is_watched(to);
        touched(file, IN_MOVED_TO);
    }
}

apr_status_t sm_file_rename(const char *from, const char *to)
{
    if (!sm_file_find(from)) {
        return APR_ENOENT;
    }
    with_journals(from, to, rename_one);
    return APR_SUCCESS;
}

apr_status_t sm_file_copy(const char *from, const char *to)
{
    const sm_file_t *source = sm_file_find(from);
    sm_file_t *copy;

    if (!source) {
        return APR_ENOENT;
    }
    sm_file_remove(to);
    copy = sm_file_make(to);
    put(copy, source->data, (apr_size_t)source->size, 0);
    return APR_SUCCESS;
}

int sm_file_exists(const char *path)
{
    return sm_file_find(path) != NULL;
}

void sm_file_reset(void)
{
    sm_file_t *file = files;
    int i;

    while (file) {
        sm_file_t *next = file->next;

        if (!strstr(file->path, "/template")) {
            destroy(file);
        }
        file = next;
    }
    for (i = 0; i < grave_count; i++) {
        free(graveyard[i]);
    }
    grave_count = 0;
    is_cut_expected = 1;
    memset(spoils, 0, sizeof(spoils));
}

/* --- troubles */

void sm_file_expect_power_cut(int on)
{
    sm_file_t *file;

    is_cut_expected = on;
    for (file = files; file && !on; file = file->next) {
        forget_writes(file);
    }
}

/* Undo everything since the last sync, then let some of it have reached the disk after all, in its order. */
static void cut_power(sm_file_t *file, sm_dice_t *dice)
{
    sm_write_t *kept = NULL;
    sm_write_t *write;
    int mode = (int)sm_below(dice, 3); /* nothing, everything, some */

    while ((write = file->unsynced) != NULL) {
        file->unsynced = write->next;
        if (write->old_len) {
            put(file, write->bytes + write->len, write->old_len, write->offset);
        }
        set_size(file, write->old_size);
        write->next = kept;
        kept = write;
    }
    while ((write = kept) != NULL) {
        kept = write->next;
        if (mode == 1 || (mode == 2 && sm_chance(dice, 500))) {
            if (write->is_truncation) {
                set_size(file, write->offset);
            }
            else {
                put(file, write->bytes, write->len, write->offset);
            }
        }
        free(write);
    }
}

void sm_file_power_cut(sm_dice_t *dice)
{
    sm_file_t *file;

    for (file = files; file; file = file->next) {
        if (!file->is_nameless) {
            cut_power(file, dice);
            sm_file_forget_shm(file);
        }
    }
}

void sm_file_spoil(const char *path, int sqlite_code)
{
    int i;

    for (i = 0; i < SPOILS; i++) {
        if (strcmp(spoils[i].path, path) == 0 || (!spoils[i].code && sqlite_code)) {
            apr_cpystrn(spoils[i].path, path, sizeof(spoils[i].path));
            spoils[i].code = sqlite_code;
            return;
        }
    }
}

int sm_file_trouble(const char *path)
{
    int i;

    for (i = 0; i < SPOILS; i++) {
        if (spoils[i].code && strncmp(path, spoils[i].path, strlen(spoils[i].path)) == 0) {
            return spoils[i].code;
        }
    }
    return 0;
}
