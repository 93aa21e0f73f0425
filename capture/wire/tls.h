/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_TLS_H
#define CAPTURE_WIRE_TLS_H

/* The TLS record header (RFC 8446 5.1, 5246 6.2.1) as a table and a struct, and the names of
 * numbers in records, hellos and what follows them. */
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
  TLS_NEW_SESSION_TICKET = 4,
  TLS_ENCRYPTED_EXTENSIONS = 8,
  TLS_CERTIFICATE = 11,
  TLS_SERVER_KEY_EXCHANGE = 12,
  TLS_CERTIFICATE_REQUEST = 13,
  TLS_CERTIFICATE_VERIFY = 15,
  TLS_CLIENT_KEY_EXCHANGE = 16,
  TLS_FINISHED = 20,
  TLS_CERTIFICATE_STATUS = 22,
  TLS_KEY_UPDATE = 24,
};

enum { TLS_MINOR_12 = 3, TLS_MINOR_13 = 4 }; /* the low octet of a version */

enum tls_extension {
  TLS_EXT_SERVER_NAME = 0,
  TLS_EXT_MAX_FRAGMENT_LENGTH = 1,
  TLS_EXT_STATUS_REQUEST = 5,
  TLS_EXT_SUPPORTED_GROUPS = 10,
  TLS_EXT_POINT_FORMATS = 11,
  TLS_EXT_SIGNATURE_ALGORITHMS = 13,
  TLS_EXT_HEARTBEAT = 15,
  TLS_EXT_ALPN = 16,
  TLS_EXT_PADDING = 21,
  TLS_EXT_ENCRYPT_THEN_MAC = 22,
  TLS_EXT_COMPRESS_CERTIFICATE = 27,
  TLS_EXT_RECORD_SIZE_LIMIT = 28,
  TLS_EXT_PRE_SHARED_KEY = 41,
  TLS_EXT_SUPPORTED_VERSIONS = 43,
  TLS_EXT_COOKIE = 44,
  TLS_EXT_PSK_MODES = 45,
  TLS_EXT_AUTHORITIES = 47,
  TLS_EXT_SIGNATURE_ALGORITHMS_CERT = 50,
  TLS_EXT_KEY_SHARE = 51,
  TLS_EXT_RENEGOTIATION_INFO = 65281,
};

/* How the two ends come to a key, up to TLS 1.2; UNKNOWN for 1.3, whose suites do not say. */
enum tls_exchange {
  TLS_EXCHANGE_UNKNOWN,
  TLS_EXCHANGE_RSA,
  TLS_EXCHANGE_DHE,
  TLS_EXCHANGE_ECDHE,
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
const char *tls_signature_name(uint16_t algorithm);
const char *tls_hash_name(uint8_t hash);
const char *tls_key_kind_name(uint8_t kind);
const char *tls_point_format_name(uint8_t format);
const char *tls_psk_mode_name(uint8_t mode);
const char *tls_compression_name(uint16_t algorithm);
const char *tls_compression_method_name(uint8_t method);
const char *tls_certificate_type_name(uint8_t type);
enum tls_exchange tls_exchange_of(uint16_t suite);

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
