/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_inner.c -- the session inside a session: what TLS or DEFLATE hold is read by a session
 * of its own, whose elements and logins go out through the outer one, marked. */
#include "capture/trace/appsession_private.h"

static uint32_t
inner_element(void *data, const struct element *element, const uint8_t *octets, size_t n)
{
  struct appsession *outer = data;
  struct element e = *element;
  e.flags |= outer->inner_flag;
  return outer->sink->drops_elements ? 0 : outer->sink->element(outer->data, &e, octets, n);
}

static void
inner_login(void *data, const struct login *login)
{
  struct appsession *outer = data;
  struct login l = *login;
  if (outer->inner_flag == ELEMENT_FLAG_INNER)
    l.encrypted = true;
  l.secret_wire_octets = l.challenge_octets = 0; /* its octets are not those of the stream */
  outer->sink->login(outer->data, &l);
}

static void
inner_notice(void *data, const struct notice *notice)
{
}

static bool
inner_plain(void *data, const struct app_plain *plain)
{
  struct appsession *outer = data;
  return outer->sink->plain(outer->data, plain);
}

struct appsession *
app_inner_new(struct appsession *s)
{
  static const struct appsession_sink sink = {
      .element = inner_element, .login = inner_login, .notice = inner_notice, .plain = inner_plain};
  struct appsession *inner =
      appsession_new(s->flow, s->client_port, s->server_port, s->mid_stream, &sink, s);
  if (s->app == APP_TLS)
    return inner;
  inner->app = s->app;
  inner->protocol = app_protocol_of((enum app)s->app);
  inner->mid_stream = true; /* no greeting comes */
  inner->protocol->start(inner);
  inner->mid_stream = s->mid_stream;
  inner->synced = inner->joined = true;
  inner->state = s->state;
  if (s->app == APP_IMAP)
    inner->u.imap.greeted = true;
  return inner;
}
