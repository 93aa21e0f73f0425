/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_TLS_H
#define CAPTURE_WIRE_TLS_H

/* The TLS record header (RFC 8446 5.1, 5246 6.2.1) as a table and a struct, and the names of
 * numbers in records and hellos. What follows a handshake stays encrypted and is not read. */
#include "capture/wire/field.h"

enum { TLS_RECORD_HEADER_OCTETS = 5, TLS_HANDSHAKE_HEADER_OCTETS = 4, TLS_RANDOM_OCTETS = 32 };

enum tls_content {
  TLS_CHANGE_CIPHER_SPEC = 20,
  TLS_ALERT = 21,
  TLS_HANDSHAKE = 22,
  TLS_APPLICATION_DATA = 23,
  TLS_HEARTBEAT = 24,
};

enum tls_handshake {
  TLS_CLIENT_HELLO = 1,
  TLS_SERVER_HELLO = 2,
  TLS_ENCRYPTED_EXTENSIONS = 8,
  TLS_CERTIFICATE = 11,
  TLS_FINISHED = 20,
  TLS_KEY_UPDATE = 24,
};

enum { TLS_MINOR_12 = 3, TLS_MINOR_13 = 4 }; /* the low octet of a version */

enum tls_extension {
  TLS_EXT_SERVER_NAME = 0,
  TLS_EXT_SUPPORTED_GROUPS = 10,
  TLS_EXT_SIGNATURE_ALGORITHMS = 13,
  TLS_EXT_ALPN = 16,
  TLS_EXT_ENCRYPT_THEN_MAC = 22,
  TLS_EXT_SUPPORTED_VERSIONS = 43,
  TLS_EXT_KEY_SHARE = 51,
};

struct tls_record {
  uint8_t type; /* enum tls_content, or anything */
  uint16_t version;
  uint16_t n_octets; /* behind the header */
};
extern const struct wire_header tls_record_header;
/* As in net.h: octets taken, or 0 when too short. */
size_t tls_record_get(const uint8_t *p, size_t n, struct tls_record *out);
size_t tls_record_put(uint8_t *p, const struct tls_record *in);

/* Names as Wireshark shows them; NULL when the number has none. */
const char *tls_content_name(uint8_t type);
const char *tls_version_name(uint16_t version);
const char *tls_handshake_name(uint8_t type);
const char *tls_extension_name(uint16_t type);
const char *tls_group_name(uint16_t group);
const char *tls_alert_name(uint8_t description);

/* ---- cipher suites (tls_suites.c): the registry of IANA ---- */

const char *tls_cipher_name(uint16_t suite); /* "TLS_AES_128_GCM_SHA256"; NULL: not registered */

enum tls_strength {
  TLS_STRENGTH_UNKNOWN, /* a number without a name, or one that is a signal */
  TLS_STRENGTH_GOOD,
  TLS_STRENGTH_NO_FORWARD_SECRECY, /* RFC 9325 4.1: the key that came later opens the record */
  TLS_STRENGTH_WEAK, /* nothing encrypted, nobody authenticated, EXPORT, RC4, DES, 3DES and such */
};
enum tls_strength tls_cipher_strength(uint16_t suite);

#endif
