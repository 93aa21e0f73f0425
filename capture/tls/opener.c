/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opener.c -- watches a TLS handshake and opens what follows, one side at a time.
 *
 *     1.3  CLEAR ─ServerHello─> handshake keys ─Finished of that side─> application keys
 * ─KeyUpdate─┐ └─────── next ──────────────┘ 1.2  CLEAR ─ChangeCipherSpec of that side─> keys
 *
 * Whoever sends the ClientHello is the client. Handshake messages may be cut over records, so they
 * are gathered. A record that does not open is left sealed; its number is used up, except before
 * the first one that opened under handshake keys of TLS 1.3, where early data may stand (RFC
 * 8446 4.2.10). */
#include "capture/tls/opener.h"

#include <string.h>

#include "capture/tls/record_key.h"
#include "capture/wire/bytes.h"
#include "capture/wire/tls.h"

/* A certificate chain is a few KiB; what is longer is not gathered, and keys then stay unknown. */
enum { HANDSHAKE_MAX = 1 << 17 };

struct opener_side {
  struct record_key key;
  GByteArray *handshake; /* of an unfinished message; NULL when nothing was gathered */
  bool is_encrypted;
  bool has_opened;   /* a record under the present keys */
  bool is_handshake; /* TLS 1.3: the present keys are those of the handshake */
};

struct opener {
  const struct keylog *keys;
  struct opener_side sides[2];
  const struct suite *suite;
  uint8_t client_random[KEYLOG_RANDOM_OCTETS], server_random[KEYLOG_RANDOM_OCTETS];
  enum side client; /* who sent the ClientHello */
  bool has_client, has_server, mac_is_outside;
  uint8_t minor; /* of the version that was chosen */
};

/* What a HelloRetryRequest has in place of a random (RFC 8446 4.1.3). */
static const uint8_t retry_random[KEYLOG_RANDOM_OCTETS] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

struct opener *
opener_new(const struct keylog *keys)
{
  struct opener *o = g_new0(struct opener, 1);
  o->keys = keys;
  return o;
}

void
opener_free(struct opener *o)
{
  if (!o)
    return;
  for (unsigned i = 0; i < 2; i++) {
    record_key_clear(&o->sides[i].key);
    if (o->sides[i].handshake)
      g_byte_array_unref(o->sides[i].handshake);
  }
  g_free(o);
}

static const struct keylog_entry *
find_entry(const struct opener *o)
{
  return o->has_client ? keylog_find(o->keys, o->client_random) : NULL;
}

bool
opener_has_secret(const struct opener *o)
{
  return find_entry(o) != NULL;
}

uint8_t
opener_minor(const struct opener *o)
{
  return o->minor;
}

/* ---- keys ---- */

/* TLS 1.3: takes the side's traffic secret of that phase. */
static void
take_traffic(struct opener *o, enum side side, bool is_handshake)
{
  struct opener_side *s = &o->sides[side];
  const struct keylog_entry *e = find_entry(o);
  bool is_client = side == o->client;
  enum keylog_secret which = is_handshake
                                 ? (is_client ? KEYLOG_CLIENT_HANDSHAKE : KEYLOG_SERVER_HANDSHAKE)
                                 : (is_client ? KEYLOG_CLIENT_TRAFFIC : KEYLOG_SERVER_TRAFFIC);
  record_key_clear(&s->key);
  s->is_encrypted = true;
  s->is_handshake = is_handshake;
  s->has_opened = false;
  if (e && o->suite && e->secrets[which].n_octets)
    record_key_from_traffic(&s->key, o->suite, e->secrets[which].octets,
                            e->secrets[which].n_octets);
}

/* TLS 1.2: the side's keys, at its ChangeCipherSpec. */
static void
take_master(struct opener *o, enum side side)
{
  struct opener_side *s = &o->sides[side];
  const struct keylog_entry *e = find_entry(o);
  struct record_key both[2] = {0};
  record_key_clear(&s->key);
  s->is_encrypted = true;
  s->is_handshake = s->has_opened = false;
  if (!e || !o->suite || !o->has_server || e->secrets[KEYLOG_MASTER].n_octets != 48)
    return;
  unsigned own = side == o->client ? 0 : 1;
  if (record_keys_from_master(both, o->suite, e->secrets[KEYLOG_MASTER].octets, o->client_random,
                              o->server_random, o->mac_is_outside)) {
    s->key = both[own];
    both[own] = (struct record_key){0};
  }
  record_key_clear(&both[0]);
  record_key_clear(&both[1]);
}

/* ---- handshake messages ---- */

static void
take_client_hello(struct opener *o, enum side side, const uint8_t *p, size_t n)
{
  if (n < 2 + KEYLOG_RANDOM_OCTETS)
    return;
  memcpy(o->client_random, p + 2, KEYLOG_RANDOM_OCTETS);
  o->client = side;
  o->has_client = true;
  o->has_server = false;
}

/* version 2 | random 32 | session id | suite 2 | compression 1 | extensions */
static void
take_server_hello(struct opener *o, const uint8_t *p, size_t n)
{
  if (n < 2 + KEYLOG_RANDOM_OCTETS + 1 || memcmp(p + 2, retry_random, sizeof retry_random) == 0)
    return;
  size_t at = 2 + KEYLOG_RANDOM_OCTETS;
  at += 1 + (size_t)p[at];
  if (n < at + 3)
    return;
  memcpy(o->server_random, p + 2, KEYLOG_RANDOM_OCTETS);
  o->has_server = true;
  o->mac_is_outside = false;
  o->suite = suite_find(get_be16(p + at));
  bool is_13 = false;
  o->minor = p[1];
  for (at += 5; at + 4 <= n;) { /* behind the length of all extensions */
    uint16_t type = get_be16(p + at), length = get_be16(p + at + 2);
    if (length > n - at - 4)
      break;
    if (type == TLS_EXT_SUPPORTED_VERSIONS && length == 2)
      is_13 = get_be16(p + at + 4) == 0x0304;
    if (type == TLS_EXT_ENCRYPT_THEN_MAC)
      o->mac_is_outside = true;
    at += 4 + (size_t)length;
  }
  if (is_13)
    o->minor = TLS_MINOR_13;
  if (o->suite && suite_is_13(o->suite) != is_13)
    o->suite = NULL;
  if (is_13) {
    take_traffic(o, SIDE_CLIENT, true);
    take_traffic(o, SIDE_SERVER, true);
  }
}

static void
take_message(struct opener *o, enum side side, uint8_t type, const uint8_t *p, size_t n)
{
  struct opener_side *s = &o->sides[side];
  bool is_13 = o->suite && suite_is_13(o->suite);
  switch (type) {
  case TLS_CLIENT_HELLO:
    if (!s->is_encrypted || !is_13)
      take_client_hello(o, side, p, n);
    break;
  case TLS_SERVER_HELLO:
    if (side != o->client || !o->has_client)
      take_server_hello(o, p, n);
    break;
  case TLS_FINISHED:
    if (is_13 && s->is_encrypted && s->is_handshake)
      take_traffic(o, side, false);
    break;
  case TLS_KEY_UPDATE:
    if (is_13 && s->key.suite && !s->is_handshake)
      record_key_update(&s->key);
    break;
  default:
    break;
  }
}

/* Contents of a handshake record: messages, whole or not. */
static void
take_handshake(struct opener *o, enum side side, const uint8_t *p, size_t n)
{
  struct opener_side *s = &o->sides[side];
  if (!s->handshake)
    s->handshake = g_byte_array_new();
  if (s->handshake->len + n > HANDSHAKE_MAX) {
    g_byte_array_set_size(s->handshake, 0);
    return;
  }
  g_byte_array_append(s->handshake, p, (guint)n);
  while (s->handshake->len >= TLS_HANDSHAKE_HEADER_OCTETS) {
    size_t whole = TLS_HANDSHAKE_HEADER_OCTETS + (size_t)get_be24(s->handshake->data + 1);
    if (whole > s->handshake->len)
      return;
    take_message(o, side, s->handshake->data[0], s->handshake->data + TLS_HANDSHAKE_HEADER_OCTETS,
                 whole - TLS_HANDSHAKE_HEADER_OCTETS);
    g_byte_array_remove_range(s->handshake, 0, (guint)whole);
  }
  if (s->handshake->len == 0)
    g_clear_pointer(&s->handshake, g_byte_array_unref);
}

/* ---- records ---- */

/* TLS 1.3: contents | type | zeros. False when there are only zeros. */
static bool
strip_padding(GByteArray *out, uint8_t *type)
{
  guint n = out->len;
  while (n > 0 && out->data[n - 1] == 0)
    n--;
  if (n == 0)
    return false;
  *type = out->data[n - 1];
  g_byte_array_set_size(out, n - 1);
  return true;
}

static enum opened
open_sealed(struct opener *o, enum side side, const uint8_t *p, size_t n, uint8_t *type,
            GByteArray *out)
{
  struct opener_side *s = &o->sides[side];
  if (!s->key.suite)
    return OPENED_SEALED;
  bool is_13 = suite_is_13(s->key.suite), is_good = record_key_open(&s->key, p, n, out);
  if (is_good || s->has_opened || !s->is_handshake)
    s->key.sequence++;
  if (!is_good)
    return OPENED_SEALED;
  s->has_opened = true;
  *type = p[0];
  if (is_13 && !strip_padding(out, type))
    return OPENED_SEALED;
  if (*type == TLS_HANDSHAKE)
    take_handshake(o, side, out->data, out->len);
  return OPENED_PLAIN;
}

enum opened
opener_record(struct opener *o, enum side side, const uint8_t *p, size_t n, uint8_t *type,
              GByteArray *out)
{
  struct opener_side *s = &o->sides[side];
  g_byte_array_set_size(out, 0);
  if (n < TLS_RECORD_HEADER_OCTETS)
    return OPENED_SEALED;
  bool is_13 = o->suite && suite_is_13(o->suite);
  if (p[0] == TLS_CHANGE_CIPHER_SPEC && (is_13 || !s->is_encrypted)) {
    /* In TLS 1.3 it means nothing, and may come before the ServerHello: RFC 8446 D.4. */
    if (o->has_server && o->minor < TLS_MINOR_13)
      take_master(o, side);
    return OPENED_CLEAR;
  }
  if (s->is_encrypted && (!is_13 || p[0] == TLS_APPLICATION_DATA))
    return open_sealed(o, side, p, n, type, out);
  if (p[0] == TLS_HANDSHAKE)
    take_handshake(o, side, p + TLS_RECORD_HEADER_OCTETS, n - TLS_RECORD_HEADER_OCTETS);
  return p[0] == TLS_APPLICATION_DATA ? OPENED_SEALED : OPENED_CLEAR;
}

void
opener_skip(struct opener *o, enum side side)
{
  struct opener_side *s = &o->sides[side];
  if (s->key.suite)
    s->key.sequence++;
}
