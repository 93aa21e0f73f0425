/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_tunnel.c -- a client asks a proxy for a connection; what runs through it afterwards is
 * recognised as if the connection had begun there.
 *
 *     client  greeting ─> (login) ─> request ─> wait ──┐
 *     server  choice ─> (login reply) ─> reply ────────┴─ tunnel_open ─> APP_NONE, detection again
 *
 *     client  CONNECT line, fields, empty line ─> wait    server  status line, fields, empty line
 *             ^── refused (407): the next CONNECT ─────────────────── 2xx ─> tunnel_open
 *
 * RFC 1928, 1929, 9110 9.3.6. Octets that the client sends before the answer are held and read
 * behind it. A refused SOCKS request, BIND, UDP and GSSAPI end the reading: no mail runs there. The
 * password of RFC 1929 and the credentials of Proxy-Authorization are secrets, but no login to a
 * mailbox, so they are masked and not reported. */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/tunnel.h"

enum { TUNNEL_NEST_MAX = 4 }; /* a proxy behind a proxy is rare; four of them are no real network */

static uint32_t
emit(struct appsession *s, enum side which, const struct app_line *line, enum tunnel_message m,
     size_t secret_first)
{
  struct app_out out = {.kind = ELEMENT_TUNNEL,
                        .code = (uint16_t)m,
                        .command = ELEMENT_NONE,
                        .secret_first = secret_first,
                        .secret_octets =
                            line->n_text > secret_first ? line->n_text - secret_first : 0};
  return app_emit_line(s, which, line, &out);
}

static void
give_up(struct appsession *s)
{
  s->given_up = true;
}

/* From here on the connection carries something else. */
static void
tunnel_open(struct appsession *s)
{
  struct app_side *client = &s->sides[SIDE_CLIENT];
  size_t n_held = client->n_kept;
  bool is_cut = client->n_pending > n_held;
  if (client->n_pending == 0)
    n_held = 0;
  s->server_port = s->u.tunnel.port;
  s->outer = s->app;
  s->app = APP_NONE;
  s->protocol = NULL;
  s->mid_stream = false; /* its start is seen, whatever stood before the proxy */
  s->synced = true;
  memset(&s->u, 0, sizeof s->u);
  client->mode = s->sides[SIDE_SERVER].mode = APP_MODE_LINES;
  if (++s->n_tunnels > TUNNEL_NEST_MAX || is_cut) {
    give_up(s);
    return;
  }
  if (n_held == 0)
    return;
  uint32_t frame = client->last_frame;
  g_autofree uint8_t *held = g_memdup2(client->kept, n_held);
  client->n_pending = client->n_kept = 0;
  appsession_feed(s, SIDE_CLIENT, held, n_held, frame);
}

/* ---- SOCKS ---- */

static void
socks_start(struct appsession *s)
{
  bool v4 = s->u.tunnel.is_v4;
  s->u.tunnel.next[SIDE_CLIENT] = v4 ? SOCKS4_REQUEST : SOCKS_GREETING;
  s->u.tunnel.next[SIDE_SERVER] = v4 ? SOCKS4_REPLY : SOCKS_CHOICE;
  app_set_mode_both(s, APP_MODE_TUNNEL);
}

static void
client_said(struct appsession *s, enum tunnel_message m, const uint8_t *p, size_t n)
{
  if (m == SOCKS_GREETING || m == SOCKS_LOGIN) {
    s->u.tunnel.next[SIDE_CLIENT] = SOCKS_REQUEST; /* or a login, which its first octet tells */
    return;
  }
  if (p[1] != SOCKS_CONNECT) {
    give_up(s);
    return;
  }
  s->u.tunnel.port = socks_port(m, p, n);
  s->u.tunnel.asked = true;
  s->sides[SIDE_CLIENT].mode = APP_MODE_HELD;
}

static void
server_said(struct appsession *s, enum tunnel_message m, const uint8_t *p)
{
  uint8_t *next = &s->u.tunnel.next[SIDE_SERVER];
  switch (m) {
  case SOCKS_CHOICE:
    *next = p[1] == SOCKS_METHOD_PASSWORD ? SOCKS_LOGIN_REPLY : SOCKS_REPLY;
    if (p[1] != 0 && p[1] != SOCKS_METHOD_PASSWORD)
      give_up(s);
    break;
  case SOCKS_LOGIN_REPLY:
    *next = SOCKS_REPLY;
    if (p[1] != 0)
      give_up(s);
    break;
  default:
    if (p[1] == (m == SOCKS4_REPLY ? SOCKS4_GRANTED : 0) && s->u.tunnel.asked)
      tunnel_open(s);
    else
      give_up(s);
  }
}

/* The octets of the message so far, and where its secret lies. */
static struct app_line
pending_line(const struct app_side *side)
{
  return (struct app_line){.p = side->kept,
                           .n = side->n_kept,
                           .n_text = side->n_kept,
                           .n_octets = side->n_pending,
                           .offset = side->offset,
                           .first_frame = side->first_frame,
                           .last_frame = side->last_frame};
}

/* Behind the user name and the length of the password; all of it when that is not here yet. */
static size_t
login_secret_at(const uint8_t *p, size_t n)
{
  return n > 1 && n >= 3u + p[1] ? 3u + p[1] : n < 2 ? n : 2;
}

size_t
tunnel_feed(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  uint8_t *next = &s->u.tunnel.next[which];
  app_side_keep(side, p, 1, SOCKS_MESSAGE_MAX + 1, frame);
  if (*next == SOCKS_REQUEST && side->n_pending == 1 && p[0] == 1)
    *next = SOCKS_LOGIN;
  enum tunnel_message m = (enum tunnel_message) * next;
  size_t octets = socks_octets(m, side->kept, side->n_kept);
  if (octets == 0)
    return 1;
  struct app_line line = pending_line(side);
  app_side_taken(side);
  if (octets == SIZE_MAX) {
    line.flags |= ELEMENT_FLAG_ODD;
    emit(s, which, &line, m, line.n);
    give_up(s);
    return 1;
  }
  emit(s, which, &line, m, m == SOCKS_LOGIN ? login_secret_at(line.p, line.n) : line.n);
  if (which == SIDE_CLIENT)
    client_said(s, m, line.p, line.n);
  else
    server_said(s, m, line.p);
  return 1;
}

void
tunnel_flush(struct appsession *s, enum side which)
{
  struct app_side *side = &s->sides[which];
  struct app_line line = pending_line(side);
  enum tunnel_message m = (enum tunnel_message)s->u.tunnel.next[which];
  line.flags |= ELEMENT_FLAG_ODD;
  app_side_taken(side);
  emit(s, which, &line, m, m == SOCKS_LOGIN ? login_secret_at(line.p, line.n) : line.n);
}

static void
tunnel_gap(struct appsession *s, enum side side)
{
  (void)side;
  give_up(s); /* where the tunnel opens is not known any more */
}

static void
no_line(struct appsession *s, enum side side, const struct app_line *line)
{
  (void)s, (void)side, (void)line;
}

const struct app_protocol app_socks = {.start = socks_start, .line = no_line, .gap = tunnel_gap};

/* ---- HTTP ---- */

static void
http_start(struct appsession *s)
{
  s->u.tunnel.next[SIDE_CLIENT] = HTTP_REQUEST;
  s->u.tunnel.next[SIDE_SERVER] = HTTP_REPLY;
}

static void
http_client_line(struct appsession *s, const struct app_line *line)
{
  uint8_t *next = &s->u.tunnel.next[SIDE_CLIENT];
  if (*next == HTTP_REQUEST) {
    if (!http_connect_get(line->p, line->n_text, NULL, &s->u.tunnel.port)) {
      give_up(s);
      return;
    }
    emit(s, SIDE_CLIENT, line, HTTP_REQUEST, line->n_text);
    *next = HTTP_REQUEST_FIELD;
    s->sides[SIDE_SERVER].mode = APP_MODE_LINES; /* behind a refusal's text */
  } else if (line->n_text > 0) {
    emit(s, SIDE_CLIENT, line, HTTP_REQUEST_FIELD, http_secret_at(line->p, line->n_text));
  } else {
    emit(s, SIDE_CLIENT, line, HTTP_REQUEST_END, 0);
    s->u.tunnel.asked = true;
    s->sides[SIDE_CLIENT].mode = APP_MODE_HELD;
  }
}

/* A head has ended. */
static void
http_answered(struct appsession *s)
{
  unsigned status = s->u.tunnel.status;
  s->u.tunnel.next[SIDE_SERVER] = HTTP_REPLY;
  if (status < 200) /* 1xx: the answer itself is still to come, RFC 9110 section 15.2 */
    return;
  if (!s->u.tunnel.asked) {
    give_up(s);
  } else if (status < 300) {
    tunnel_open(s);
  } else {
    /* Its text runs up to what the client says next. */
    s->u.tunnel.asked = false;
    s->u.tunnel.next[SIDE_CLIENT] = HTTP_REQUEST;
    s->sides[SIDE_SERVER].mode = APP_MODE_OTHER;
    s->sides[SIDE_CLIENT].mode = APP_MODE_LINES;
    if (s->sides[SIDE_CLIENT].n_pending)
      give_up(s); /* it had not waited: what it sent is not known */
  }
}

static void
http_server_line(struct appsession *s, const struct app_line *line)
{
  uint8_t *next = &s->u.tunnel.next[SIDE_SERVER];
  if (*next == HTTP_REPLY) {
    s->u.tunnel.status = (uint16_t)http_status_get(line->p, line->n_text);
    if (s->u.tunnel.status == 0) {
      give_up(s);
      return;
    }
    emit(s, SIDE_SERVER, line, HTTP_REPLY, line->n_text);
    *next = HTTP_REPLY_FIELD;
  } else if (line->n_text > 0) {
    emit(s, SIDE_SERVER, line, HTTP_REPLY_FIELD, line->n_text);
  } else {
    emit(s, SIDE_SERVER, line, HTTP_REPLY_END, 0);
    http_answered(s);
  }
}

static void
http_line(struct appsession *s, enum side side, const struct app_line *line)
{
  if (side == SIDE_CLIENT)
    http_client_line(s, line);
  else
    http_server_line(s, line);
}

const struct app_protocol app_http = {.start = http_start, .line = http_line, .gap = tunnel_gap};
