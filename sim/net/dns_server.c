/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_server.c -- port 53 of a host, over UDP and TCP: answers for its own zones, and for others
 * when it is a resolver.
 *
 *   question ─> in a zone of ours? ─────────────────> answer with authority
 *                └> resolver, and recursion wanted? ─> dns_resolver.c ─> answer
 *                    └> a zone further down is ours to name? ─> referral with glue
 *                        └> REFUSED
 *
 * Over TCP questions may come one after the other on a connection, and each is answered as soon as
 * its answer is known (RFC 7766 6.2.1.1, 7); a connection on which nothing is asked is closed after
 * ten seconds. RFC 1034 4.3, 1035 4.2, 2308, 6891, 7766. */
#include <string.h>

#include "sim/net/build.h"
#include "sim/net/dns_exchange.h"
#include "sim/net/dns_resolver.h"

enum { SESSIONS_MAX = 256 };
#define IDLE_NS (INT64_C(10) * 1000000000)

/* A connection from a client. */
struct session {
  struct dns_server *server;
  uint64_t number;
  struct conn *conn;
  GByteArray *pending;
  uint64_t timer;
  bool is_closed;
};

/* Who asked what; lives until it is answered. */
struct client {
  struct dns_server *server;
  struct ip_addr addr;
  uint16_t port;
  uint64_t session; /* its number, 0: UDP */
  struct dns_asked asked;
};

struct dns_server {
  struct host *host;
  struct dns_resolver *resolver; /* NULL: answers for its zones only */
  GPtrArray *sessions;           /* struct session */
  uint64_t n_sessions;           /* so far: their numbers */
  GPtrArray *waiting;            /* struct client, while the resolver looks */
};

/* ---- answers ---- */

static void session_wait(struct session *t);

static struct session *
find_session(const struct dns_server *s, uint64_t number)
{
  for (unsigned i = 0; i < s->sessions->len; i++) {
    struct session *t = s->sessions->pdata[i];
    if (t->number == number)
      return t;
  }
  return NULL;
}

static void
send_reply(const struct client *c, const struct dns_reply *r)
{
  struct dns_server *s = c->server;
  g_autofree uint8_t *message = g_malloc(DNS_TCP_MAX);
  size_t n = dns_reply_write(r, &c->asked, s->resolver != NULL, c->session != 0, message);
  if (c->session == 0) {
    udp_send(s->host, DNS_PORT, &c->addr, c->port, message, n);
    return;
  }
  struct session *t = find_session(s, c->session);
  if (!t || t->is_closed)
    return; /* the client has gone */
  session_wait(t);
  dns_stream_send(t->conn, message, n);
}

static void
reply_code(const struct client *c, uint16_t rcode)
{
  struct dns_reply r;
  dns_reply_init(&r);
  r.rcode = rcode;
  send_reply(c, &r);
  dns_reply_clear(&r);
}

/* Addresses of the hosts that records name save the client a question; behind a referral they are
 * the glue without which it could not go on. */
static void
add_addresses(struct dns_server *s, const GArray *records, GArray *out)
{
  static const uint16_t types[] = {DNS_RR_A, DNS_RR_AAAA};
  for (unsigned i = 0; i < records->len; i++) {
    const struct dns_rr *r = dns_rrs_at(records, i);
    if (r->type != DNS_RR_MX && r->type != DNS_RR_NS)
      continue;
    const struct zone *z = zone_find(s->host->net, s->host->index, r->target);
    for (unsigned t = 0; t < G_N_ELEMENTS(types); t++) {
      if ((z && zone_records(z, r->target, types[t], out) > 0) || !s->resolver)
        continue;
      const struct dns_cached *c = dns_resolver_cached(s->resolver, r->target, types[t]);
      if (c)
        dns_rrs_append(out, c->records);
    }
  }
}

static void
complete_and_send(const struct client *c, struct dns_reply *r)
{
  add_addresses(c->server, r->answers, r->additionals);
  add_addresses(c->server, r->authorities, r->additionals);
  send_reply(c, r);
}

static void
resolved(void *data, const struct dns_reply *reply)
{
  struct client *c = data;
  struct dns_reply r;
  dns_reply_init(&r);
  r.rcode = reply->rcode;
  dns_rrs_append(r.answers, reply->answers);
  dns_rrs_append(r.authorities, reply->authorities);
  complete_and_send(c, &r);
  dns_reply_clear(&r);
  g_ptr_array_remove(c->server->waiting, c);
}

static void
resolve(const struct client *c)
{
  struct dns_server *s = c->server;
  struct client *kept = g_new(struct client, 1);
  *kept = *c;
  g_ptr_array_add(s->waiting, kept);
  if (dns_resolver_ask(s->resolver, c->asked.question.name, c->asked.question.type, resolved, kept))
    return;
  reply_code(c, DNS_RCODE_SERVER);
  g_ptr_array_remove(s->waiting, kept);
}

static void
answer(const struct client *c)
{
  struct dns_server *s = c->server;
  struct dns_reply r;
  char name[DNS_NAME_TEXT_MAX];
  bool resolves = s->resolver && c->asked.head.recursion_desired;
  dns_reply_init(&r);
  g_strlcpy(name, c->asked.question.name, sizeof name);
  enum dns_from_zones how =
      dns_reply_from_zones(&r, s->host->net, s->host->index, c->asked.question.type, name);
  if (how != DNS_FROM_ZONE && resolves)
    resolve(c);
  else if (how == DNS_FROM_NONE && r.answers->len == 0)
    reply_code(c, DNS_RCODE_REFUSED);
  else
    complete_and_send(c, &r);
  dns_reply_clear(&r);
}

static void
take_question(struct client *c, const uint8_t *p, size_t n)
{
  uint16_t rcode;
  if (!dns_asked_read(p, n, &c->asked, &rcode))
    return;
  if (rcode != DNS_RCODE_OK)
    reply_code(c, rcode);
  else
    answer(c);
}

/* ---- UDP ---- */

static void
udp_received(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct client c = {.server = data, .addr = *from, .port = from_port};
  take_question(&c, p, n);
}

/* ---- TCP ---- */

static void
session_free(void *data)
{
  struct session *t = data;
  if (t->timer)
    world_cancel(t->server->host->net->world, t->timer);
  g_byte_array_unref(t->pending);
  g_free(t);
}

static void
session_close(struct session *t)
{
  if (t->timer)
    world_cancel(t->server->host->net->world, t->timer);
  t->timer = 0;
  if (!t->is_closed)
    conn_close(t->conn);
  t->is_closed = true;
}

static void
session_idle(void *data)
{
  struct session *t = data;
  t->timer = 0;
  session_close(t);
}

static void
session_wait(struct session *t)
{
  struct world *w = t->server->host->net->world;
  if (t->timer)
    world_cancel(w, t->timer);
  t->timer =
      world_at(w, world_now(w) + IDLE_NS, WORLD_TIMER, t->server->host->index, session_idle, t);
}

static bool
take_from_stream(void *data, const uint8_t *message, size_t n)
{
  const struct session *t = data;
  struct client c = {.server = t->server, .session = t->number};
  take_question(&c, message, n);
  return true;
}

static void
tcp_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct session *t = data;
  if (t->is_closed)
    return;
  session_wait(t);
  dns_stream_input(t->pending, p, n, take_from_stream, t);
}

static void
tcp_ended(void *data, struct conn *c, enum conn_end how)
{
  struct session *t = data;
  if (how == CONN_CLOSED_BY_PEER && !t->is_closed)
    conn_close(c);
  g_ptr_array_remove(t->server->sessions, t);
}

static void
tcp_accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  static const struct conn_ops session_ops = {.received = tcp_received, .ended = tcp_ended};
  struct dns_server *s = data;
  struct session *t = g_new0(struct session, 1);
  *t = (struct session){
      .server = s, .number = ++s->n_sessions, .conn = c, .pending = g_byte_array_new()};
  if (s->sessions->len == SESSIONS_MAX) /* RFC 7766 6.2.2: the oldest makes room */
    session_close(s->sessions->pdata[0]);
  g_ptr_array_add(s->sessions, t);
  session_wait(t);
  *ops = &session_ops;
  *conn_data = t;
}

/* ---- life ---- */

void
dns_server_start(struct host *h, bool is_resolver)
{
  if (!h->dns_server) {
    struct dns_server *s = g_new0(struct dns_server, 1);
    s->host = h;
    s->sessions = g_ptr_array_new_with_free_func(session_free);
    s->waiting = g_ptr_array_new_with_free_func(g_free);
    h->dns_server = s;
    udp_bind(h, DNS_PORT, udp_received, NULL, s);
    net_listen(h->net, h->index, DNS_PORT, tcp_accepted, s);
  }
  if (is_resolver && !h->dns_server->resolver)
    h->dns_server->resolver = dns_resolver_new(h);
}

void
dns_server_clear(struct host *h)
{
  struct dns_server *s = h->dns_server;
  if (!s)
    return;
  if (s->resolver)
    dns_resolver_free(s->resolver);
  g_ptr_array_free(s->waiting, TRUE);
  g_ptr_array_free(s->sessions, TRUE);
  g_free(s);
}
