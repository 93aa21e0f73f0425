/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_handshake.c -- what a TLS handshake of mail shows, told to the rules.
 *
 *     record ─> handshake.c ─> ServerHello ─> HELLO,  Certificate ─> CERTIFICATE (rules set the
 * memo) the client's first data behind it, no alert before ─> CLIENT_DATA
 *
 * TLS is mail's when it began with STARTTLS, or when the server's port is one of mail: from the
 * first record on nobody can say what is inside, and a capture of a day holds a hundred thousand
 * handshakes of the web that are not this program's matter. Mail with TLS from the start on a port
 * of its own is missed unless it is one of these. */
#include <glib.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/tls.h"

static bool
is_mail_port(uint16_t port)
{
  static const uint16_t ports[] = {25, 24, 110, 143, 465, 587, 993, 995, 2525};
  for (size_t i = 0; i < G_N_ELEMENTS(ports); i++)
    if (ports[i] == port)
      return true;
  return false;
}

/* The handshake of this session, or NULL when it is not mail's. */
static struct handshake *
get_handshake(struct appsession *s)
{
  if (s->handshake_decided)
    return s->handshake;
  s->handshake_decided = true;
  uint16_t port = s->swapped ? s->client_port : s->server_port;
  if (s->app != APP_TLS || is_mail_port(port))
    s->handshake = handshake_new();
  return s->handshake;
}

struct watching {
  struct appsession *s;
  uint32_t frame;
};

static void
tell(const struct watching *w, enum notice_kind kind, enum side side, uint64_t offset, uint32_t n)
{
  const struct tls_facts *facts = handshake_facts(w->s->handshake);
  struct notice notice = {.kind = kind,
                          .app = (enum app)w->s->app,
                          .side = side,
                          .element = ELEMENT_NONE,
                          .frame = w->frame,
                          .offset = offset,
                          .n_octets = n,
                          .tls = facts};
  w->s->sink->notice(w->s->data, &notice);
}

static void
on_event(void *data, enum handshake_event event, uint64_t offset, uint32_t n)
{
  tell(data, event == HANDSHAKE_CERTIFICATE ? NOTICE_TLS_CERTIFICATE : NOTICE_TLS_HELLO,
       SIDE_SERVER, offset, n);
}

/* The client goes on: what the rules did not like of the certificate, it has accepted. */
static void
client_data(struct watching *w, uint64_t offset, uint32_t n)
{
  uint8_t *memo = handshake_facts(w->s->handshake)->memo;
  if (*memo && !w->s->client_refuses)
    tell(w, NOTICE_TLS_CLIENT_DATA, SIDE_CLIENT, offset, n);
  *memo = 0;
}

void
handshake_watch_record(struct appsession *s, enum side side, const uint8_t *p, size_t n,
                       uint32_t n_octets, uint64_t offset, uint32_t frame)
{
  struct handshake *h = get_handshake(s);
  struct watching w = {.s = s, .frame = frame};
  if (!h)
    return;
  switch (p[0]) {
  case TLS_HANDSHAKE:
    if (n == n_octets)
      handshake_feed(h, side, p + TLS_RECORD_HEADER_OCTETS, n - TLS_RECORD_HEADER_OCTETS, offset,
                     n_octets, false, on_event, &w);
    break;
  case TLS_CHANGE_CIPHER_SPEC:
    handshake_stop(h, side);
    break;
  case TLS_ALERT:
    s->client_refuses |= side == SIDE_CLIENT;
    break;
  case TLS_APPLICATION_DATA: /* in TLS 1.3 the rest of the handshake looks like data */
    s->n_sealed_records[side]++;
    s->n_sealed_octets[side] += n_octets;
    if (side == SIDE_CLIENT && handshake_facts(h)->version < 0x0304)
      client_data(&w, offset, n_octets);
    break;
  default:
    break;
  }
}

void
handshake_watch_opened(struct appsession *s, enum side side, uint8_t type, const uint8_t *p,
                       size_t n, uint32_t n_octets, uint64_t offset, uint32_t frame)
{
  struct handshake *h = get_handshake(s);
  struct watching w = {.s = s, .frame = frame};
  if (!h)
    return;
  if (type == TLS_HANDSHAKE)
    handshake_feed(h, side, p, n, offset, n_octets, true, on_event, &w);
  else if (type == TLS_ALERT)
    s->client_refuses |=
        side == SIDE_CLIENT && n == 2 && p[1] != 0; /* close_notify refuses nothing */
  else if (type == TLS_APPLICATION_DATA && side == SIDE_CLIENT && n)
    client_data(&w, offset, n_octets);
}
