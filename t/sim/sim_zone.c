/* IANA time zones, read from the system's compiled zone files (RFC 8536), because libc's own are process-wide. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_time.h"

typedef struct zone_t {
    unsigned char *data;
    size_t size;
    const unsigned char *times; /* 64-bit instants of change, ascending */
    const unsigned char *kinds; /* index into infos for each */
    const unsigned char *infos; /* 6 bytes each: offset, is dst, name */
    size_t ntimes;
    size_t ninfos;
} zone_t;

static int64_t read_be(const unsigned char *p, int n)
{
    uint64_t v = p[0] & 0x80 ? ~(uint64_t)0 : 0;

    while (n-- > 0) {
        v = (v << 8) | *p++;
    }
    return (int64_t)v;
}

static size_t read_count(const unsigned char *p)
{
    return (size_t)read_be(p, 4) & 0xffffff;
}

static int load_file(zone_t *z, const char *name)
{
    char path[256];
    FILE *f;

    if (!*name || strlen(name) > 64 || *name == '/' || strstr(name, "..")) {
        return 0;
    }
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    f = fopen(path, "rb");
    if (!f) {
        return 0;
    }
    z->data = sim_mem_alloc(65536);
    z->size = fread(z->data, 1, 65536, f);
    fclose(f);
    return 1;
}

/* finds the 64-bit tables behind the 32-bit ones */
static int find_tables(zone_t *z)
{
    const unsigned char *p = z->data, *end = z->data + z->size;
    size_t skip;

    if (z->size < 88 || memcmp(p, "TZif", 4) != 0 || p[4] < '2') {
        return 0;
    }
    skip = 44 + read_count(p + 32) * 5 + read_count(p + 36) * 6 + read_count(p + 40) +
           read_count(p + 28) * 8 + read_count(p + 24) + read_count(p + 20);
    if (skip + 44 > z->size) {
        return 0;
    }
    p += skip;
    z->ntimes = read_count(p + 32);
    z->ninfos = read_count(p + 36);
    z->times = p + 44;
    z->kinds = z->times + z->ntimes * 8;
    z->infos = z->kinds + z->ntimes;
    return z->ninfos > 0 && z->infos + z->ninfos * 6 <= end;
}

static int64_t offset_at(const zone_t *z, int64_t utc)
{
    size_t i = 0, kind = 0;

    /* the files go to 2037; later times get the last known offset */
    while (i < z->ntimes && read_be(z->times + i * 8, 8) <= utc) {
        kind = z->kinds[i++];
    }
    return kind < z->ninfos ? read_be(z->infos + kind * 6, 4) : 0;
}

int sim_date_set_zone(sim_date_t *d, const char *zone)
{
    zone_t z;
    int64_t local = d->local_ms / 1000, off;
    int ok;

    memset(&z, 0, sizeof(z));
    ok = load_file(&z, zone) && find_tables(&z);
    if (ok) {
        /* the offset before the wall time first; it decides a time that happens twice or never */
        off = offset_at(&z, local - offset_at(&z, local - 86400));
        off = offset_at(&z, local - off);
        d->offset_min = (int)(off / 60);
        d->has_offset = 1;
        d->utc_ms = d->local_ms - (sim_ms_t)d->offset_min * SIM_MINUTE;
    }
    free(z.data);
    return ok;
}
