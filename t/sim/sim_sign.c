/* The signature of a webhook. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "sim_send.h"

void sim_send_sign(char out[72], const char *secret, const char *body, size_t len)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int n = 0, i;

    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, len, mac, &n);
    memcpy(out, "sha256=", 8);
    for (i = 0; i < n && i < 32; i++) {
        snprintf(out + 7 + i * 2, 3, "%02x", mac[i]);
    }
}
