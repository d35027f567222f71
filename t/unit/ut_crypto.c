/* ut_crypto.c - published vectors, and a sealed secret opens only where it was sealed for. */
#include "base/nts_clock.h"
#include "base/nts_crypto.h"
#include "base/nts_str.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static void digests_match_published_vectors(void)
{
    unsigned char mac[NTS_SHA256_LEN];
    unsigned char key[131];

    tap_str(nts_sha256_text("abc", pool),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "FIPS 180-4: abc");
    tap_str(nts_sha256_text("", pool),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "nothing");
    tap_int(nts_hmac_sha256(mac, "Jefe", 4, "what do ya want for nothing?", 28), APR_SUCCESS,
            "RFC 4231 case 2");
    tap_str(nts_hex_text(mac, sizeof(mac), pool),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "its value");
    memset(key, 0xaa, sizeof(key));
    tap_int(nts_hmac_sha256(mac, key, sizeof(key),
                            "Test Using Larger Than Block-Size Key - Hash Key First", 54),
            APR_SUCCESS, "RFC 4231 case 6");
    tap_str(nts_hex_text(mac, sizeof(mac), pool),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "its value");
    tap_int(nts_hmac_sha256(mac, "k", 1, "", 0), APR_SUCCESS, "an empty message");
    tap_ok(nts_equal_constant_time("abc", "abc", 3), "equal");
    tap_ok(!nts_equal_constant_time("abc", "abd", 3), "not equal");
    tap_ok(nts_equal_constant_time("a", "b", 0), "no bytes are equal");
}

static void keys_for_different_purposes_differ(void)
{
    nts_key_t master;
    nts_key_t hook;
    nts_key_t again;
    nts_key_t csrf;

    nts_random_system.bytes(nts_random_system.baton, master.bytes, sizeof(master.bytes));
    tap_int(nts_key_derive(&hook, &master, "hook"), APR_SUCCESS, "a key is derived");
    (void)nts_key_derive(&again, &master, "hook");
    (void)nts_key_derive(&csrf, &master, "csrf");
    tap_ok(memcmp(&hook, &again, sizeof(hook)) == 0, "the same purpose gives the same key");
    tap_ok(memcmp(&hook, &csrf, sizeof(hook)) != 0, "another gives another");
    tap_ok(memcmp(&hook, &master, sizeof(hook)) != 0, "and none is the master");
}

static void a_sealed_secret_opens_only_as_sealed(void)
{
    static const char secret[] = "ntn_0123456789\xc3\xa9";
    nts_key_t key = { { 1, 2, 3 } };
    nts_key_t other = { { 1, 2, 4 } };
    const char *sealed;
    const char *again;
    const char *opened;
    char *changed;
    apr_size_t i;
    int refused = 0;

    tap_int(nts_seal(&sealed, &key, "www|notion|access", secret, pool), APR_SUCCESS, "seals");
    tap_ok(strstr(sealed, "ntn_") == NULL, "the secret does not show");
    (void)nts_seal(&again, &key, "www|notion|access", secret, pool);
    tap_ok(strcmp(sealed, again) != 0, "sealed twice it looks different");
    tap_int(nts_unseal(&opened, &key, "www|notion|access", sealed, pool), APR_SUCCESS, "opens");
    tap_str(opened, secret, "to what it was");
    tap_int(nts_unseal(&opened, &other, "www|notion|access", sealed, pool), APR_EMISMATCH,
            "not with another key");
    tap_ok(opened == NULL, "and gives nothing");
    tap_int(nts_unseal(&opened, &key, "www|notion|refresh", sealed, pool), APR_EMISMATCH,
            "not for another purpose");
    tap_int(nts_unseal(&opened, &key, "", sealed, pool), APR_EMISMATCH, "not for none");

    for (i = 0; sealed[i]; i++) {
        changed = apr_pstrdup(pool, sealed);
        changed[i] = changed[i] == '0' ? '1' : '0';
        refused += nts_unseal(&opened, &key, "www|notion|access", changed, pool) == APR_EMISMATCH;
    }
    tap_int(refused, i, "not with any character changed");
    for (refused = 0, i = 0; sealed[i]; i++) {
        refused += nts_unseal(&opened, &key, "www|notion|access", apr_pstrmemdup(pool, sealed, i),
                              pool) == APR_EMISMATCH;
    }
    tap_int(refused, i, "not cut at any place");
    tap_int(
        nts_unseal(&opened, &key, "www|notion|access", apr_pstrcat(pool, sealed, "00", NULL), pool),
        APR_EMISMATCH, "not made longer");
    tap_int(nts_unseal(&opened, &key, "www|notion|access", "plain-token", pool), APR_EMISMATCH,
            "not when never sealed");

    (void)nts_seal(&sealed, &key, "b", "", pool);
    tap_int(nts_unseal(&opened, &key, "b", sealed, pool), APR_SUCCESS, "an empty secret");
    tap_str(opened, "", "stays empty");
}

static void chance_is_even_and_uuids_are_well_formed(void)
{
    const char *uuid = nts_random_uuid(&nts_random_system, pool);
    int counts[3] = { 0, 0, 0 };
    int i;

    tap_int(strlen(uuid), 36, "a UUID has 36 characters");
    tap_int(uuid[14], '4', "is of version 4");
    tap_ok(strchr("89ab", uuid[19]) != NULL, "and of the usual variant");
    tap_ok(strcmp(uuid, nts_random_uuid(&nts_random_system, pool)) != 0, "the next is another");
    for (i = 0; i < 30000; i++) {
        counts[nts_random_below(&nts_random_system, 3)]++;
    }
    tap_ok(counts[0] > 9000 && counts[1] > 9000 && counts[2] > 9000, "%d, %d, %d of 30000",
           counts[0], counts[1], counts[2]);
    tap_int(nts_random_below(&nts_random_system, 1), 0, "below one is zero");
}

static void clocks_tell_the_time(void)
{
    apr_time_t wall = nts_clock_system.wall(nts_clock_system.baton);
    apr_time_t before = nts_clock_system.mono(nts_clock_system.baton);
    apr_time_t after = nts_clock_system.mono(nts_clock_system.baton);

    tap_ok(wall > APR_INT64_C(1700000000000000), "the wall clock is in this century");
    tap_ok(after >= before && after - before < apr_time_from_sec(60), "the other never goes back");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    digests_match_published_vectors();
    keys_for_different_purposes_differ();
    a_sealed_secret_opens_only_as_sealed();
    chance_is_even_and_uuids_are_well_formed();
    clocks_tell_the_time();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
