/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TLS_OPENER_H
#define CAPTURE_TLS_OPENER_H

/* Opens the records of one TLS connection with the secrets of a key log: TLS 1.3 (RFC 8446) and TLS
 * 1.2 (RFC 5246) with AES-GCM, AES-CCM, ChaCha20-Poly1305 and AES-CBC. It watches the handshake for
 * what it has to know: randoms, version, cipher suite, when keys change. */
#include <glib.h>

#include "capture/tls/keylog.h"
#include "capture/trace/element.h"

enum opened {
  OPENED_CLEAR,  /* was not encrypted: its contents are what they are */
  OPENED_PLAIN,  /* decrypted and found genuine */
  OPENED_SEALED, /* encrypted, and stays so: no secret, not this key, damaged */
};

struct opener;

/* The key log is borrowed, and may still grow. */
struct opener *opener_new(const struct keylog *keys);
void opener_free(struct opener *o);

/* Whether a secret is known, so that octets of encrypted records are worth keeping. */
bool opener_has_secret(const struct opener *o);

/* The next whole record of a side, header included, in its order. For PLAIN *type is the content
 * type that was inside (enum tls_content) and `out` is set to the contents. */
enum opened opener_record(struct opener *o, enum side side, const uint8_t *p, size_t n,
                          uint8_t *type, GByteArray *out);
/* The low octet of the version that the ServerHello chose: 3 for TLS 1.2, 4 for TLS 1.3; 0 before.
 */
uint8_t opener_minor(const struct opener *o);

/* A record of a side passed whose contents were not kept. */
void opener_skip(struct opener *o, enum side side);

#endif
