/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_TLS_FIELD_H
#define CAPTURE_DECODE_TLS_FIELD_H

/* The rows of the table of fields of TLS, by name, and what the files of its decoder share. Only
 * tls*.c read this. */
#include "capture/decode/build.h"

/* clang-format off */
enum {
  TLS, RECORD, CONTENT_TYPE, RECORD_VERSION, RECORD_LENGTH, CHANGE_CIPHER_SPEC, ALERT,
  ALERT_LEVEL, ALERT_DESC, HANDSHAKE, HANDSHAKE_TYPE, HANDSHAKE_LENGTH, HANDSHAKE_VERSION, RANDOM,
  SESSION_ID_LENGTH, SESSION_ID, SUITES_LENGTH, SUITE, METHODS_LENGTH, METHOD, EXTENSIONS_LENGTH,
  EXTENSION_TYPE, EXTENSION_LEN, SNI, SUPPORTED_VERSION, ALPN, GROUP, SIGNATURE, KEY_SHARE_GROUP,
  CERTIFICATE_LENGTH, CERTIFICATE, ENCRYPTED, APP_DATA, OPENED, OPENED_APP, BAD, RANDOM_TIME,
  RANDOM_BYTES, SUITES, METHODS, EXTENSION_DATA, SNI_LIST_LENGTH, SNI_TYPE, SNI_LENGTH,
  GROUPS_LENGTH, GROUPS, POINTS_LENGTH, POINTS, POINT, SIG_LIST_LENGTH, SIG_LIST, SIG_HASH,
  SIG_SIG, ALPN_LENGTH, ALPN_LIST, ALPN_STR_LENGTH, RENEG_LENGTH, RENEG, SHARES_LENGTH,
  SHARE_LENGTH, SHARE, SELECTED_GROUP, PSK_LENGTH, PSK_ID_LENGTH, PSK_ID, PSK_AGE, BINDERS_LENGTH,
  BINDERS, PSK_SELECTED, PSK_MODES_LENGTH, PSK_MODE, VERSIONS_LENGTH, COOKIE_LENGTH, COOKIE,
  MAX_FRAGMENT, SIZE_LIMIT, PADDING, STATUS_TYPE, STATUS_IDS_LENGTH, STATUS_EXTS_LENGTH,
  HEARTBEAT_MODE, COMPRESS_LENGTH, COMPRESS, CERTIFICATES_LENGTH, CERTIFICATES, CONTEXT_LENGTH,
  CONTEXT, CURVE_TYPE, NAMED_CURVE, SERVER_POINT_LENGTH, SERVER_POINT, P_LENGTH, P, G_LENGTH, G,
  YS_LENGTH, YS, YC_LENGTH, YC, CLIENT_POINT_LENGTH, CLIENT_POINT, EPMS_LENGTH, EPMS, SIG_LENGTH,
  SIG, VERIFY_SIG_LENGTH, VERIFY_SIG, CERT_TYPES_COUNT, CERT_TYPES, CERT_TYPE, DNAMES_LENGTH,
  DNAMES, DNAME_LENGTH, DNAME, VERIFY_DATA, LIFETIME, AGE_ADD, NONCE_LENGTH, NONCE, TICKET_LENGTH,
  TICKET, KEY_UPDATE, HEARTBEAT, HEARTBEAT_TYPE, HEARTBEAT_LENGTH, HEARTBEAT_BAD, STATUS_BODY,
  SEALED, FRAGMENTS, FRAGMENT, FRAGMENT_COUNT, PIECE,
};
/* clang-format on */

extern const struct field_def tls_defs[];

/* Takes `n` octets off the front of *s; false, and *s stays, when there are fewer. */
bool tls_take(struct slice *s, uint32_t n, struct slice *out);
/* Takes a vector with a length of `n_length` octets before it. */
bool tls_take_vector(struct slice *s, uint32_t n_length, struct slice *length, struct slice *out);
/* What is still in *s, and *s is empty then. */
struct slice tls_take_rest(struct slice *s);

/* Length and octets of a vector at the front of *s as two fields; false when it does not fit. */
bool tls_vector_build(struct decode *d, unsigned length_def, unsigned def, struct slice *s,
                      uint32_t n_length);
/* A list of signature algorithms, two octets each. */
void tls_signatures_build(struct decode *d, struct slice list);

/* What of a handshake message has to be known beside its octets. */
struct tls_context {
  bool is_13;     /* the contents of an opened record of TLS 1.3 */
  bool is_client; /* said by the client */
  uint16_t suite; /* that the server chose; 0: not known */
};

/* The body of one message; false when a length leads out of it. */
bool tls_hello_build(struct decode *d, struct slice s, bool client);
enum { TLS_EXTENSIONS_CLIENT, TLS_EXTENSIONS_SERVER, TLS_EXTENSIONS_RETRY, TLS_EXTENSIONS_OTHER };
bool tls_extensions_build(struct decode *d, struct slice s, unsigned where);
/* Names of issuers with their lengths, off the front of *s. */
bool tls_names_build(struct decode *d, struct slice *s);
bool tls_message_build(struct decode *d, uint8_t type, struct slice s,
                       const struct tls_context *context);

#endif
