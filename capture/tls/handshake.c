/* SPDX-License-Identifier: GPL-3.0-or-later */
/* handshake.c -- reads the messages of a TLS handshake that are in clear, or were opened.
 *
 *     type 1 | length 3 | body ...            RFC 8446 section 4, RFC 5246 section 7.4
 *     ClientHello  version 2, random 32, session id, suites, compressions, extensions
 *     ServerHello  version 2, random 32, session id, suite 2, compression 1, extensions
 *
 * A message that lies whole in its record is read where it lies; only one that is cut over records
 * is gathered. Octets that make no sense end the reading of that side. A HelloRetryRequest is a
 * ServerHello too and names the same version and suite (RFC 8446 4.1.4): the first one counts. */
#include "capture/tls/handshake.h"

#include <glib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/tls.h"

struct handshake_side {
  GByteArray *held; /* of a message that is not whole; NULL: none */
  uint64_t held_offset;
  bool is_over;   /* what comes in clear is not read any more */
  bool is_broken; /* what it said makes no sense: nothing is */
};

struct handshake {
  struct handshake_side sides[2];
  struct tls_facts facts;
  char *name;
  uint8_t memo;
  bool has_certificate;
};

struct handshake *
handshake_new(void)
{
  struct handshake *h = g_new0(struct handshake, 1);
  h->facts.memo = &h->memo;
  return h;
}

static void
drop_held(struct handshake_side *s)
{
  g_clear_pointer(&s->held, g_byte_array_unref);
}

void
handshake_free(struct handshake *h)
{
  if (!h)
    return;
  drop_held(&h->sides[0]);
  drop_held(&h->sides[1]);
  g_free(h->name);
  g_free(h);
}

const struct tls_facts *
handshake_facts(const struct handshake *h)
{
  return &h->facts;
}

void
handshake_stop(struct handshake *h, enum side side)
{
  h->sides[side].is_over = true;
  drop_held(&h->sides[side]);
}

static void
give_up(struct handshake_side *s)
{
  s->is_broken = true;
  drop_held(s);
}

/* The octets of extension `type` in a list of extensions p[0..n); NULL when it is not there. */
static const uint8_t *
find_extension(const uint8_t *p, size_t n, uint16_t type, size_t *n_out)
{
  if (n < 2)
    return NULL;
  size_t end = MIN(n, 2 + (size_t)get_be16(p));
  for (size_t at = 2; at + 4 <= end;) {
    size_t length = get_be16(p + at + 2);
    if (length > end - at - 4)
      return NULL;
    if (get_be16(p + at) == type) {
      *n_out = length;
      return p + at + 4;
    }
    at += 4 + length;
  }
  return NULL;
}

/* Behind version, random and session id; 0 when the body is shorter. */
static size_t
skip_session(const uint8_t *p, size_t n)
{
  size_t at = 2 + TLS_RANDOM_OCTETS;
  if (n <= at)
    return 0;
  at += 1 + (size_t)p[at];
  return at <= n ? at : 0;
}

/* RFC 6066 section 3: list length 2, type 1 (0: host name), length 2, name. */
static void
take_name(struct handshake *h, const uint8_t *p, size_t n)
{
  if (n < 5 || p[2] != 0 || h->name)
    return;
  size_t length = get_be16(p + 3);
  if (length == 0 || length > n - 5 || length >= HANDSHAKE_NAME_MAX)
    return;
  for (size_t i = 0; i < length; i++)
    if (p[5 + i] <= 0x20 || p[5 + i] >= 0x7f)
      return;
  h->name = g_ascii_strdown((const char *)p + 5, (gssize)length);
  h->facts.server_name = h->name;
}

static void
take_client_hello(struct handshake *h, const uint8_t *p, size_t n)
{
  size_t at = skip_session(p, n), n_name;
  if (!at || at + 2 > n)
    return;
  at += 2 + (size_t)get_be16(p + at); /* suites */
  if (at + 1 > n)
    return;
  at += 1 + (size_t)p[at]; /* compressions */
  if (at > n)
    return;
  const uint8_t *name = find_extension(p + at, n - at, TLS_EXT_SERVER_NAME, &n_name);
  if (name)
    take_name(h, name, n_name);
}

static bool
take_server_hello(struct handshake *h, const uint8_t *p, size_t n)
{
  size_t at = skip_session(p, n), n_versions;
  if (!at || at + 3 > n || h->facts.version)
    return false;
  h->facts.version = get_be16(p);
  h->facts.suite = get_be16(p + at);
  at += 3;
  const uint8_t *v = find_extension(p + at, n - at, TLS_EXT_SUPPORTED_VERSIONS, &n_versions);
  if (v && n_versions == 2)
    h->facts.version = get_be16(v);
  return true;
}

static void
take_message(struct handshake *h, enum side side, const uint8_t *p, size_t n, uint64_t offset,
             uint64_t n_octets, handshake_call *call, void *data)
{
  const uint8_t *body = p + TLS_HANDSHAKE_HEADER_OCTETS;
  size_t n_body = n - TLS_HANDSHAKE_HEADER_OCTETS;
  uint32_t room = (uint32_t)MIN(n_octets, UINT32_MAX);
  if (p[0] == TLS_CLIENT_HELLO && side == SIDE_CLIENT) {
    take_client_hello(h, body, n_body);
  } else if (p[0] == TLS_SERVER_HELLO && side == SIDE_SERVER) {
    if (take_server_hello(h, body, n_body))
      call(data, HANDSHAKE_SERVER_HELLO, offset, room);
  } else if (p[0] == TLS_CERTIFICATE && side == SIDE_SERVER && !h->has_certificate &&
             h->facts.version) {
    h->has_certificate = true;
    h->facts.certificates = body;
    h->facts.n_certificates = n_body;
    call(data, HANDSHAKE_CERTIFICATE, offset, room);
    h->facts.certificates = NULL;
    h->facts.n_certificates = 0;
  }
}

void
handshake_feed(struct handshake *h, enum side side, const uint8_t *p, size_t n, uint64_t offset,
               uint32_t n_record, bool is_opened, handshake_call *call, void *data)
{
  struct handshake_side *s = &h->sides[side];
  if (s->is_broken || (s->is_over && !is_opened))
    return;
  bool is_held = s->held != NULL;
  size_t n_old = is_held ? s->held->len : 0;
  if (n_old + n > HANDSHAKE_OCTETS_MAX) {
    give_up(s);
    return;
  }
  if (is_held) {
    g_byte_array_append(s->held, p, (guint)n);
    p = s->held->data;
    n = s->held->len;
  }
  /* Where p[0] would stand if what is held stood right in front of this record's contents. */
  uint64_t start = offset + TLS_RECORD_HEADER_OCTETS - n_old;
  size_t at = 0;
  while (n - at >= TLS_HANDSHAKE_HEADER_OCTETS) {
    size_t whole = TLS_HANDSHAKE_HEADER_OCTETS + (size_t)get_be24(p + at + 1);
    if (whole > n - at)
      break;
    bool is_old = at < n_old;
    uint64_t from = is_old ? s->held_offset : is_opened ? offset : start + at;
    uint64_t end = is_opened ? offset + n_record : start + at + whole;
    take_message(h, side, p + at, whole, from, end - from, call, data);
    at += whole;
  }
  if (at == n) {
    drop_held(s);
    return;
  }
  if (n - at >= TLS_HANDSHAKE_HEADER_OCTETS && get_be24(p + at + 1) > HANDSHAKE_OCTETS_MAX) {
    give_up(s);
    return;
  }
  if (at >= n_old)
    s->held_offset = is_opened ? offset : start + at;
  if (is_held) {
    g_byte_array_remove_range(s->held, 0, (guint)at);
  } else {
    s->held = g_byte_array_new();
    g_byte_array_append(s->held, p + at, (guint)(n - at));
  }
}
