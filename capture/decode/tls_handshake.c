/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_handshake.c -- the messages of a handshake behind the hellos: RFC 5246 7.4, 8422 5, 5077 and
 * 8446 4.3 to 4.6.
 *
 *     TLS 1.2   Certificate  ServerKeyExchange  CertificateRequest  ...  ClientKeyExchange
 *               CertificateVerify  Finished  NewSessionTicket
 *     TLS 1.3   EncryptedExtensions  CertificateRequest  Certificate  CertificateVerify  Finished
 *               NewSessionTicket  KeyUpdate
 *
 * What a key exchange holds depends on the suite that the server chose (struct tls_context). */
#include "capture/decode/tls_field.h"

#include "capture/wire/tls.h"

/* ---- certificates ---- */

/* The list of TLS 1.2 (RFC 5246 7.4.2); in 1.3 (RFC 8446 4.4.2) a context stands before it, and
 * each certificate has extensions. */
static bool
certificates_build(struct decode *d, struct slice s, bool is_13)
{
  struct slice length, list, one;
  if (is_13 && !tls_vector_build(d, CONTEXT_LENGTH, CONTEXT, &s, 1))
    return false;
  if (!tls_take_vector(&s, 3, &length, &list))
    return false;
  build_number(d, &tls_defs[CERTIFICATES_LENGTH], length, list.n);
  if (list.n == 0)
    return true; /* a client that has none */
  unsigned group = build_none(d, &tls_defs[CERTIFICATES], list);
  build_open(d, group);
  bool fine = true;
  while (list.n && fine) {
    fine = tls_take_vector(&list, 3, &length, &one);
    if (!fine)
      break;
    build_number(d, &tls_defs[CERTIFICATE_LENGTH], length, one.n);
    unsigned certificate = build_octets(d, &tls_defs[CERTIFICATE], one);
    build_open(d, certificate);
    x509_build(d, one);
    build_close(d, certificate);
    if (!is_13)
      continue;
    struct slice extensions = list;
    fine = tls_take_vector(&list, 2, &length, &one);
    if (fine)
      tls_extensions_build(d, slice_cut(extensions, 2 + one.n), TLS_EXTENSIONS_OTHER);
  }
  build_close(d, group);
  return fine;
}

/* Names of issuers, each behind its length. */
bool
tls_names_build(struct decode *d, struct slice *s)
{
  struct slice length, list, one;
  if (!tls_take_vector(s, 2, &length, &list))
    return false;
  build_number(d, &tls_defs[DNAMES_LENGTH], length, list.n);
  if (list.n == 0)
    return true;
  unsigned group = build_none(d, &tls_defs[DNAMES], list);
  build_open(d, group);
  while (tls_take_vector(&list, 2, &length, &one)) {
    build_number(d, &tls_defs[DNAME_LENGTH], length, one.n);
    unsigned name = build_none(d, &tls_defs[DNAME], one);
    build_open(d, name);
    x509_name_build(d, one);
    build_close(d, name);
  }
  build_close(d, group);
  return list.n == 0;
}

static bool
certificate_request_build(struct decode *d, struct slice s, bool is_13)
{
  struct slice length, list, one;
  if (is_13)
    return tls_vector_build(d, CONTEXT_LENGTH, CONTEXT, &s, 1) &&
           tls_extensions_build(d, s, TLS_EXTENSIONS_OTHER);
  if (!tls_take_vector(&s, 1, &length, &list))
    return false;
  build_number(d, &tls_defs[CERT_TYPES_COUNT], length, list.n);
  unsigned group = build_none(d, &tls_defs[CERT_TYPES], list);
  build_open(d, group);
  while (tls_take(&list, 1, &one))
    build_named(d, &tls_defs[CERT_TYPE], one, one.p[0], tls_certificate_type_name(one.p[0]));
  build_close(d, group);
  /* TLS 1.2 names the signatures here, older versions do not: then what follows are names whose
   * length takes all that is left. */
  if (s.n >= 2 && get_be16(s.p) + 2u < s.n) {
    if (!tls_take_vector(&s, 2, &length, &list))
      return false;
    build_number(d, &tls_defs[SIG_LIST_LENGTH], length, list.n);
    group = build_none(d, &tls_defs[SIG_LIST], list);
    build_open(d, group);
    tls_signatures_build(d, list);
    build_close(d, group);
  }
  return tls_names_build(d, &s);
}

/* A signature with, since TLS 1.2, its algorithm before it. */
static bool
signature_build(struct decode *d, struct slice s, unsigned length_def, unsigned def)
{
  struct slice algorithm;
  bool named = s.n < 2 || get_be16(s.p) + 2u != s.n; /* else the length stands first */
  if (named) {
    if (!tls_take(&s, 2, &algorithm))
      return false;
    tls_signatures_build(d, algorithm);
  }
  return tls_vector_build(d, length_def, def, &s, 2);
}

/* ---- key exchanges ---- */

static bool
server_keys_build(struct decode *d, struct slice s, enum tls_exchange exchange)
{
  struct slice part;
  if (exchange == TLS_EXCHANGE_ECDHE) {
    if (!tls_take(&s, 1, &part))
      return false;
    build_named(d, &tls_defs[CURVE_TYPE], part, part.p[0], part.p[0] == 3 ? "named_curve" : NULL);
    if (part.p[0] != 3 || !tls_take(&s, 2, &part))
      return part.p[0] != 3;
    build_named(d, &tls_defs[NAMED_CURVE], part, get_be16(part.p),
                tls_group_name(get_be16(part.p)));
    if (!tls_vector_build(d, SERVER_POINT_LENGTH, SERVER_POINT, &s, 1))
      return false;
  } else if (exchange == TLS_EXCHANGE_DHE) {
    if (!tls_vector_build(d, P_LENGTH, P, &s, 2) || !tls_vector_build(d, G_LENGTH, G, &s, 2) ||
        !tls_vector_build(d, YS_LENGTH, YS, &s, 2))
      return false;
  } else {
    return true;
  }
  return s.n == 0 || signature_build(d, s, SIG_LENGTH, SIG); /* anonymous: without one */
}

static bool
client_keys_build(struct decode *d, struct slice s, enum tls_exchange exchange)
{
  switch (exchange) {
  case TLS_EXCHANGE_ECDHE:
    return tls_vector_build(d, CLIENT_POINT_LENGTH, CLIENT_POINT, &s, 1);
  case TLS_EXCHANGE_DHE:
    return tls_vector_build(d, YC_LENGTH, YC, &s, 2);
  case TLS_EXCHANGE_RSA:
    return tls_vector_build(d, EPMS_LENGTH, EPMS, &s, 2);
  default:
    return true;
  }
}

/* ---- what comes behind ---- */

/* RFC 8446 4.6.1, and the shorter form of RFC 5077 3.3. */
static bool
ticket_build(struct decode *d, struct slice s, bool is_13)
{
  struct slice part;
  if (!tls_take(&s, 4, &part))
    return false;
  build_number(d, &tls_defs[LIFETIME], part, get_be32(part.p));
  if (!is_13)
    return tls_vector_build(d, TICKET_LENGTH, TICKET, &s, 2);
  if (!tls_take(&s, 4, &part))
    return false;
  build_number(d, &tls_defs[AGE_ADD], part, get_be32(part.p));
  return tls_vector_build(d, NONCE_LENGTH, NONCE, &s, 1) &&
         tls_vector_build(d, TICKET_LENGTH, TICKET, &s, 2) &&
         tls_extensions_build(d, s, TLS_EXTENSIONS_OTHER);
}

static bool
key_update_build(struct decode *d, struct slice s)
{
  if (s.n != 1)
    return false;
  build_named(d, &tls_defs[KEY_UPDATE], s, s.p[0],
              s.p[0] == 0   ? "update_not_requested"
              : s.p[0] == 1 ? "update_requested"
                            : NULL);
  return true;
}

bool
tls_message_build(struct decode *d, uint8_t type, struct slice s, const struct tls_context *context)
{
  enum tls_exchange exchange = tls_exchange_of(context->suite);
  switch (type) {
  case TLS_CLIENT_HELLO:
  case TLS_SERVER_HELLO:
    return tls_hello_build(d, s, type == TLS_CLIENT_HELLO);
  case TLS_NEW_SESSION_TICKET:
    return ticket_build(d, s, context->is_13);
  case TLS_ENCRYPTED_EXTENSIONS:
    return tls_extensions_build(d, s, TLS_EXTENSIONS_SERVER);
  case TLS_CERTIFICATE:
    return certificates_build(d, s, context->is_13);
  case TLS_SERVER_KEY_EXCHANGE:
    return server_keys_build(d, s, exchange);
  case TLS_CERTIFICATE_REQUEST:
    return certificate_request_build(d, s, context->is_13);
  case TLS_CERTIFICATE_VERIFY:
    return signature_build(d, s, VERIFY_SIG_LENGTH, VERIFY_SIG);
  case TLS_CLIENT_KEY_EXCHANGE:
    return client_keys_build(d, s, exchange);
  case TLS_FINISHED:
    build_none(d, &tls_defs[VERIFY_DATA], s);
    return true;
  case TLS_CERTIFICATE_STATUS:
    if (s.n)
      build_octets(d, &tls_defs[STATUS_BODY], s);
    return true;
  case TLS_KEY_UPDATE:
    return key_update_build(d, s);
  default:
    return true;
  }
}
