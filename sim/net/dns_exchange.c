/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_exchange.c -- a question leaves, and what comes back is looked at with suspicion.
 *
 *   dns_ask ─> UDP, new port and id ─fits, TC=0─> done            RFC 5452: address, port, id and
 *                 │                └fits, TC=1─> TCP ─fits─> done  question must be those that
 *                 ├ nothing in time ────────────────> SILENT       were asked
 *                 └ ICMP, no way ───────────────────> UNREACHABLE
 *
 * A connection may outlive its exchange while it closes, so both lie in one struct: `done` is NULL
 * once the owner was told. RFC 1035 4.2, 5452, 6891, 7766. */
#include "sim/net/dns_exchange.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/dns.h"

enum { TCP_PATIENCE = 5, QUERY_OCTETS_MAX = DNS_UDP_MAX };

struct dns_asker {
  struct host *host;
  struct random_stream ids;
  GPtrArray *exchanges; /* struct dns_exchange, those included whose connection still closes */
};

struct dns_exchange {
  struct dns_asker *asker;
  struct dns_ask what;
  char name[DNS_NAME_TEXT_MAX];
  uint16_t id, port; /* port 0: none is bound */
  uint64_t timer;
  struct conn *conn; /* NULL: UDP, or over */
  bool is_closing, is_asking;
  GByteArray *pending;
  dns_exchanged done; /* NULL: told */
  void *data;
};

/* ---- messages in streams ---- */

bool
dns_stream_input(GByteArray *pending, const uint8_t *p, size_t n,
                 bool (*take)(void *data, const uint8_t *message, size_t n), void *data)
{
  g_byte_array_append(pending, p, (guint)n);
  size_t at = 0;
  bool goes_on = true;
  while (goes_on && pending->len - at >= 2) {
    size_t length = get_be16(pending->data + at);
    if (pending->len - at < 2 + length)
      break;
    goes_on = take(data, pending->data + at + 2, length);
    at += 2 + length;
  }
  g_byte_array_remove_range(pending, 0, (guint)at);
  return goes_on;
}

size_t
dns_stream_send(struct conn *c, const uint8_t *message, size_t n)
{
  g_autofree uint8_t *framed = g_malloc(n + 2);
  put_be16(framed, (uint16_t)n);
  memcpy(framed + 2, message, n);
  return conn_send(c, framed, n + 2);
}

/* ---- life ---- */

static struct world *
world_of(const struct dns_exchange *e)
{
  return e->asker->host->net->world;
}

static void
stop_waiting(struct dns_exchange *e)
{
  if (e->timer)
    world_cancel(world_of(e), e->timer);
  e->timer = 0;
  if (e->port)
    udp_unbind(e->asker->host, e->port);
  e->port = 0;
}

static void
exchange_free(struct dns_exchange *e)
{
  stop_waiting(e);
  if (e->pending)
    g_byte_array_unref(e->pending);
  g_free(e);
}

static void
forget(struct dns_exchange *e)
{
  g_ptr_array_remove(e->asker->exchanges, e);
  exchange_free(e);
}

/* The owner is told; a connection is closed in good order and forgotten when that is over. */
static void
finish(struct dns_exchange *e, enum dns_exchange_end how, const uint8_t *message, size_t n)
{
  dns_exchanged done = e->done;
  void *data = e->data;
  g_autofree uint8_t *copy = n ? g_memdup2(message, n) : NULL; /* e may go below */
  e->done = NULL;
  stop_waiting(e);
  if (!e->conn) {
    forget(e);
  } else if (how == DNS_EXCHANGE_ANSWERED) {
    e->is_closing = true;
    conn_close(e->conn);
  } else {
    struct conn *c = e->conn;
    forget(e);
    conn_abort(c);
  }
  done(data, how, copy, n);
}

void
dns_exchange_cancel(struct dns_exchange *e)
{
  struct conn *c = e->conn;
  forget(e);
  if (c)
    conn_abort(c);
}

static void
timed_out(void *data)
{
  struct dns_exchange *e = data;
  e->timer = 0;
  finish(e, DNS_EXCHANGE_SILENT, NULL, 0);
}

static void
unreachable(void *data)
{
  struct dns_exchange *e = data;
  e->timer = 0;
  finish(e, DNS_EXCHANGE_UNREACHABLE, NULL, 0);
}

/* From inside dns_ask(), which may not call back. */
static void
end_soon(struct dns_exchange *e)
{
  struct world *w = world_of(e);
  if (e->timer)
    world_cancel(w, e->timer);
  e->timer = world_at(w, world_now(w), WORLD_APP, e->asker->host->index, unreachable, e);
}

/* ---- the question ---- */

static size_t
write_question(struct dns_exchange *e, uint8_t message[QUERY_OCTETS_MAX])
{
  struct dns_writer w;
  e->id = (uint16_t)random_next(&e->asker->ids);
  struct dns_head head = {.id = e->id, .recursion_desired = e->what.recursion_desired};
  dns_writer_begin(&w, message, QUERY_OCTETS_MAX, &head);
  dns_writer_question(&w, e->name, e->what.type, DNS_CLASS_IN);
  if (e->what.udp_octets)
    dns_writer_opt(&w, &(struct dns_opt){.udp_octets = e->what.udp_octets});
  return dns_writer_end(&w);
}

/* Whether a message answers our question, as far as the message can say. */
static bool
fits(const struct dns_exchange *e, const uint8_t *p, size_t n, struct dns_head *head)
{
  struct dns_question q;
  size_t at = dns_head_get(p, n, head);
  if (!at || !head->response || head->id != e->id || head->opcode != 0)
    return false;
  /* A server that could not read the question may answer without it. */
  if (head->n_questions == 0 && head->rcode == DNS_RCODE_FORMAT)
    return true;
  return head->n_questions == 1 && dns_question_get(p, n, &at, &q) && q.type == e->what.type &&
         q.class == DNS_CLASS_IN && dns_name_equal(q.name, e->name);
}

/* ---- TCP ---- */

static bool
take_from_stream(void *data, const uint8_t *message, size_t n)
{
  struct dns_exchange *e = data;
  struct dns_head head;
  if (!fits(e, message, n, &head))
    return true;
  finish(e, DNS_EXCHANGE_ANSWERED, message, n);
  return false;
}

static void
tcp_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct dns_exchange *e = data;
  if (e->is_closing)
    return;
  GByteArray *pending = g_byte_array_ref(e->pending); /* the exchange may end inside */
  dns_stream_input(pending, p, n, take_from_stream, e);
  g_byte_array_unref(pending);
}

static void
tcp_ended(void *data, struct conn *c, enum conn_end how)
{
  struct dns_exchange *e = data;
  if (how == CONN_CLOSED_BY_PEER && !e->is_closing) {
    e->is_closing = true; /* hung up without an answer */
    conn_close(c);
  }
  e->conn = NULL;
  if (e->done)
    finish(e, DNS_EXCHANGE_UNREACHABLE, NULL, 0);
  else
    forget(e);
}

static const struct conn_ops tcp_ops = {.received = tcp_received, .ended = tcp_ended};

static void
go_over_to_tcp(struct dns_exchange *e)
{
  struct world *w = world_of(e);
  struct host *h = e->asker->host;
  uint8_t message[QUERY_OCTETS_MAX];
  stop_waiting(e);
  size_t n = write_question(e, message);
  e->pending = g_byte_array_new();
  e->timer = world_at(w, world_now(w) + TCP_PATIENCE * e->what.timeout_ns, WORLD_TIMER, h->index,
                      timed_out, e);
  e->conn = net_connect(h->net, h->index, &e->what.to, DNS_PORT, &tcp_ops, e);
  if (e->conn)
    dns_stream_send(e->conn, message, n);
}

/* ---- UDP ---- */

static void
udp_received(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct dns_exchange *e = data;
  struct dns_head head;
  if (from_port != DNS_PORT || !ip_addr_equal(from, &e->what.to) || !fits(e, p, n, &head))
    return; /* not the answer to our question */
  if (head.truncated)
    go_over_to_tcp(e);
  else
    finish(e, DNS_EXCHANGE_ANSWERED, p, n);
}

/* Port unreachable: nobody answers there. Other reports are advice (RFC 1122 4.1.3.3). */
static void
udp_came_back(void *data, const struct ip_error *error)
{
  struct dns_exchange *e = data;
  if (error->trouble > IP_PROHIBITED)
    return;
  if (e->is_asking)
    end_soon(e);
  else
    finish(e, DNS_EXCHANGE_UNREACHABLE, NULL, 0);
}

struct dns_exchange *
dns_ask(struct dns_asker *a, const struct dns_ask *what, dns_exchanged done, void *data)
{
  struct world *w = a->host->net->world;
  struct dns_exchange *e = g_new0(struct dns_exchange, 1);
  *e = (struct dns_exchange){.asker = a, .what = *what, .done = done, .data = data};
  g_strlcpy(e->name, what->name, sizeof e->name);
  e->what.name = e->name;
  g_ptr_array_add(a->exchanges, e);
  uint8_t message[QUERY_OCTETS_MAX];
  size_t n = write_question(e, message);
  e->port = n ? udp_bind(a->host, 0, udp_received, udp_came_back, e) : 0;
  e->timer =
      world_at(w, world_now(w) + what->timeout_ns, WORLD_TIMER, a->host->index, timed_out, e);
  /* Without a free port the time runs out: the next try may find one. */
  e->is_asking = true;
  if (e->port && !udp_send(a->host, e->port, &what->to, DNS_PORT, message, n))
    end_soon(e);
  e->is_asking = false;
  return e;
}

struct dns_asker *
dns_asker_new(struct host *h, const char *purpose)
{
  struct dns_asker *a = g_new0(struct dns_asker, 1);
  a->host = h;
  a->ids = world_random(h->net->world, h->index, purpose);
  a->exchanges = g_ptr_array_new();
  return a;
}

void
dns_asker_free(struct dns_asker *a)
{
  for (unsigned i = 0; i < a->exchanges->len; i++)
    exchange_free(a->exchanges->pdata[i]); /* their connections end with the host */
  g_ptr_array_free(a->exchanges, TRUE);
  g_free(a);
}
