/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TLS_RECORD_KEY_H
#define CAPTURE_TLS_RECORD_KEY_H

/* The keys with which one side protects its records, derived from a secret, and the opening of one
 * record. Used by opener.c only. RFC 8446 5 and 7, RFC 5246 6, RFC 5288, 6655, 7905, 7366. */
#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

struct suite;

/* NULL when the suite is none that is opened here. */
const struct suite *suite_find(uint16_t number);
bool suite_is_13(const struct suite *s);

enum {
  KEY_OCTETS_MAX = 32,
  KEY_IV_MAX = 16,
  KEY_HASH_MAX = 48,
};

struct record_key {
  const struct suite *suite; /* NULL: no keys yet */
  EVP_CIPHER_CTX *context;
  uint8_t secret[KEY_HASH_MAX]; /* TLS 1.3: what the keys were made of, for a key update */
  uint8_t iv[KEY_IV_MAX];
  uint8_t mac[KEY_HASH_MAX]; /* CBC */
  bool mac_is_outside;       /* encrypt-then-MAC, RFC 7366 */
  uint64_t sequence;         /* of the next record */
};

void record_key_clear(struct record_key *k);

/* TLS 1.3: from a traffic secret of n octets. False when its length is not that of the suite's
 * hash. */
bool record_key_from_traffic(struct record_key *k, const struct suite *suite, const uint8_t *secret,
                             size_t n);
/* TLS 1.3: the next generation (RFC 8446 7.2). */
bool record_key_update(struct record_key *k);
/* TLS 1.2: both sides' keys, [0] the client's, from a master secret of 48 octets. */
bool record_keys_from_master(struct record_key keys[2], const struct suite *suite,
                             const uint8_t *master, const uint8_t *client_random,
                             const uint8_t *server_random, bool mac_is_outside);

/* Opens a whole record p[0..n), header included, as number k->sequence, which stays; `out` is set
 * to the contents (TLS 1.3: with the inner type and padding). False when it is not genuine. */
bool record_key_open(struct record_key *k, const uint8_t *p, size_t n, GByteArray *out);

#endif
