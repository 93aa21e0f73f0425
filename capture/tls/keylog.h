/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TLS_KEYLOG_H
#define CAPTURE_TLS_KEYLOG_H

/* Secrets of TLS connections in the key log format that browsers, curl and OpenSSL write
 * (SSLKEYLOGFILE, RFC 9850): one line "LABEL CLIENT-RANDOM SECRET", both in hexadecimal. They come
 * from a file or from a Decryption Secrets Block of a pcapng file. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  KEYLOG_RANDOM_OCTETS = 32,
  KEYLOG_SECRET_MAX = 64,           /* octets: the longest hash of a cipher suite is SHA-384's 48 */
  KEYLOG_CONNECTIONS_MAX = 1 << 18, /* about 100 MiB of secrets: more is no log of one capture */
};

enum keylog_secret {
  KEYLOG_MASTER,           /* CLIENT_RANDOM: the master secret of TLS 1.2 */
  KEYLOG_CLIENT_HANDSHAKE, /* CLIENT_HANDSHAKE_TRAFFIC_SECRET, and so on: TLS 1.3 */
  KEYLOG_SERVER_HANDSHAKE,
  KEYLOG_CLIENT_TRAFFIC,
  KEYLOG_SERVER_TRAFFIC,
  KEYLOG_N_SECRETS
};

/* What is known of one connection; n_octets is 0 for what is not. */
struct keylog_entry {
  uint8_t random[KEYLOG_RANDOM_OCTETS];
  struct {
    uint8_t octets[KEYLOG_SECRET_MAX];
    uint8_t n_octets;
  } secrets[KEYLOG_N_SECRETS];
};

struct keylog;

struct keylog *keylog_new(void);
/* Secrets are wiped. */
void keylog_free(struct keylog *k);
/* Adds the lines of text[0..n); a last line without end counts. Comments, labels without use here
 * and lines of another form are passed over. Returns how many secrets were taken. */
size_t keylog_add(struct keylog *k, const char *text, size_t n);
/* The entry of a client random, or NULL. Valid until keylog_free(); more may be added to it. */
const struct keylog_entry *keylog_find(const struct keylog *k, const uint8_t *random);

#endif
