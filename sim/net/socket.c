/* SPDX-License-Identifier: GPL-3.0-or-later */
/* socket.c -- the TCP of a host: segments find their connection, connections find their user.
 *
 *   socket_input ─checksum─> conn of these four numbers? ─> tcp_conn_input ─> work()
 *                            else listener and SYN?      ─> new conn
 *                            else                        ─> RST
 *   work(): tell the user what is new ─> send what tcp_conn_pop() gives ─> set the timer ─> forget
 *
 * The user's calls may come from inside its callbacks: then the outer work() goes on. Data are
 * handed over before anything is sent, so that an answer carries the acknowledgement. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

enum {
  PORT_FIRST = 49152,
  PORT_N = 16384,      /* RFC 6335: dynamic ports */
  BACKLOG_MAX = 1024,  /* half-open connections per listener */
  CONNS_MAX = 1 << 17, /* per host: more ports than there are */
};

struct conn_key {
  struct ip_addr local, remote;
  uint16_t local_port, remote_port;
};

struct listener {
  void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data);
  void *data;
  unsigned n_half_open;
};

struct conn {
  struct conn_key key;
  struct host *host;
  struct tcp_conn tcp;
  const struct conn_ops *ops;
  void *data;
  struct listener *listener; /* while half-open */
  char *subject;             /* of its state events; NULL when nobody listens */
  uint64_t timer;
  int64_t timer_ns;
  bool is_announced, is_paused, is_closed_by_user, is_end_told, is_unreachable;
  bool wants_room; /* conn_send() took less than given */
  bool is_working, works_again;
};

/* ---- the table ---- */

static guint
key_hash(gconstpointer p)
{
  const struct conn_key *k = p;
  uint64_t h =
      (uint64_t)addr_number(&k->remote) << 32 | (uint32_t)k->remote_port << 16 | k->local_port;
  h = (h ^ addr_number(&k->local)) * UINT64_C(0x9e3779b97f4a7c15);
  return (guint)(h >> 32);
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
  const struct conn_key *x = a, *y = b;
  return x->remote_port == y->remote_port && x->local_port == y->local_port &&
         ip_addr_equal(&x->remote, &y->remote) && ip_addr_equal(&x->local, &y->local);
}

static struct conn *
find(struct host *h, const struct conn_key *key)
{
  return h->conns ? g_hash_table_lookup(h->conns, key) : NULL;
}

static struct listener *
find_listener(struct host *h, uint16_t port)
{
  return h->listeners ? g_hash_table_lookup(h->listeners, GUINT_TO_POINTER((guint)port)) : NULL;
}

static void
tell_state(void *data, const struct tcp_conn *tcp, const char *key, const char *text,
           uint64_t value)
{
  const struct conn *c = data;
  if (text)
    world_emit(c->host->net->world, c->host->index, c->subject, key, "%s", text);
  else
    world_emit(c->host->net->world, c->host->index, c->subject, key, "%" G_GUINT64_FORMAT, value);
}

/* "tcp OPENER LISTENER": the same on both hosts. */
static char *
make_subject(const struct conn_key *k, bool is_opener)
{
  char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];
  endpoint_format(&k->local, k->local_port, local);
  endpoint_format(&k->remote, k->remote_port, remote);
  return g_strdup_printf("tcp %s %s", is_opener ? local : remote, is_opener ? remote : local);
}

static struct conn *
conn_new(struct host *h, const struct conn_key *key, bool is_opener)
{
  struct conn *c = g_new0(struct conn, 1);
  c->key = *key;
  c->host = h;
  c->timer_ns = TCP_NEVER;
  if (world_wants_events(h->net->world))
    c->subject = make_subject(key, is_opener);
  uint32_t mtu = ip_mtu(h, &key->remote);
  tcp_conn_init(&c->tcp, &h->profile, c->subject ? tell_state : NULL, c);
  if (mtu)
    tcp_conn_set_mtu(&c->tcp, mtu, (uint8_t)ip_header_octets(key->remote.version));
  if (!h->conns)
    h->conns = g_hash_table_new(key_hash, key_equal);
  g_hash_table_insert(h->conns, &c->key, c);
  return c;
}

static void
conn_free(struct conn *c)
{
  if (c->listener)
    c->listener->n_half_open--;
  if (c->timer)
    world_cancel(c->host->net->world, c->timer);
  tcp_conn_clear(&c->tcp);
  g_free(c->subject);
  g_free(c);
}

static void
forget(struct conn *c)
{
  g_hash_table_remove(c->host->conns, &c->key);
  conn_free(c);
}

/* RFC 6528: a clock of 4 µs ticks plus a keyed hash of the four numbers. */
static uint32_t
initial_sequence(const struct host *h, const struct conn_key *k)
{
  uint8_t octets[12];
  memcpy(octets, k->local.octets, 4);
  memcpy(octets + 4, k->remote.octets, 4);
  put_be16(octets + 8, k->local_port);
  put_be16(octets + 10, k->remote_port);
  return (uint32_t)(world_now(h->net->world) / 4000) +
         (uint32_t)random_hash(h->isn_key, octets, sizeof octets);
}

/* ---- segments out ---- */

static bool
send_segment(struct host *h, const struct conn_key *k, struct packet *p,
             const struct tcp_segment *s)
{
  uint8_t *q = packet_payload(p);
  size_t n_options = s->flags & TCP_SYN ? tcp_options_put(q + TCP_OCTETS, &s->options) : 0;
  struct tcp tcp = {.src_port = k->local_port,
                    .dst_port = k->remote_port,
                    .seq = s->seq,
                    .ack = s->ack,
                    .header_octets = (uint8_t)(TCP_OCTETS + n_options),
                    .flags = s->flags,
                    .window = s->window};
  tcp_put(q, &tcp);
  put_be16(q + 16, 0);
  size_t n = tcp.header_octets + s->n_data;
  uint32_t sum = checksum_pseudo(&k->local, &k->remote, IP_PROTO_TCP, (uint32_t)n);
  put_be16(q + 16, checksum_finish(checksum_add(sum, q, n)));
  struct ip_sending sending = {
      .src = k->local, .dst = k->remote, .proto = IP_PROTO_TCP, .df = true};
  return ip_send(h, &sending, p, n);
}

static void
send_all(struct conn *c)
{
  struct host *h = c->host;
  int64_t now = world_now(h->net->world);
  for (;;) {
    struct tcp_segment s;
    struct packet *p = packet_new(h->net, h->index, (size_t)c->tcp.mss + TCP_HEADER_MAX);
    if (!tcp_conn_pop(&c->tcp, &s, packet_payload(p) + TCP_OCTETS, now)) {
      packet_unmake(h->net, p);
      return;
    }
    if (!send_segment(h, &c->key, p, &s) && c->tcp.state == TCP_SYN_SENT) {
      c->is_unreachable = true;
      return;
    }
  }
}

/* ---- work ---- */

static void work(struct conn *c);

static void
on_timer(void *data)
{
  struct conn *c = data;
  c->timer = 0;
  c->timer_ns = TCP_NEVER;
  tcp_conn_timer(&c->tcp, world_now(c->host->net->world));
  work(c);
}

/* A timer that would ring too early is left alone: it finds nothing to do and is set anew. */
static void
set_timer(struct conn *c)
{
  struct world *w = c->host->net->world;
  int64_t deadline = tcp_conn_deadline(&c->tcp);
  if (deadline >= c->timer_ns)
    return;
  if (c->timer)
    world_cancel(w, c->timer);
  c->timer_ns = deadline;
  c->timer = world_at(w, MAX(deadline, world_now(w)), WORLD_TIMER, c->host->index, on_timer, c);
}

/* The handshake's ACK leaves before the user may send: three segments, as every book draws them. */
static void
announce(struct conn *c)
{
  send_all(c);
  c->is_announced = true;
  if (c->listener) {
    struct listener *l = c->listener;
    l->n_half_open--;
    c->listener = NULL;
    l->accepted(l->data, c, &c->ops, &c->data);
  } else if (c->ops && c->ops->connected) {
    c->ops->connected(c->data, c);
  }
}

static void
deliver(struct conn *c)
{
  const uint8_t *p;
  uint32_t n;
  int64_t now = world_now(c->host->net->world);
  while (!c->is_paused && (n = tcp_conn_peek(&c->tcp, &p)) > 0) {
    if (!c->is_closed_by_user && c->ops && c->ops->received)
      c->ops->received(c->data, c, p, n);
    tcp_conn_drop(&c->tcp, n, now);
  }
}

static bool
wants_end(const struct conn *c)
{
  return !c->is_end_told && tcp_conn_is_at_end(&c->tcp) && c->tcp.receive.used == 0;
}

static void
tell_user(struct conn *c)
{
  if (!c->is_announced && c->tcp.state >= TCP_ESTABLISHED)
    announce(c);
  if (!c->is_announced)
    return;
  deliver(c);
  if (wants_end(c)) {
    c->is_end_told = true;
    if (c->ops && c->ops->ended)
      c->ops->ended(c->data, c, CONN_CLOSED_BY_PEER);
  }
  if (c->wants_room && !c->is_closed_by_user && tcp_conn_room(&c->tcp) > 0) {
    c->wants_room = false;
    if (c->ops && c->ops->writable)
      c->ops->writable(c->data, c);
  }
}

static bool
is_over(const struct conn *c)
{
  return (c->tcp.state == TCP_CLOSED && c->tcp.outcome != TCP_OUTCOME_NONE) || c->is_unreachable;
}

/* The last word to the user, when it still waits for one. */
static void
tell_outcome(struct conn *c)
{
  static const enum conn_end ends[] = {[TCP_OUTCOME_REFUSED] = CONN_REFUSED,
                                       [TCP_OUTCOME_RESET] = CONN_RESET,
                                       [TCP_OUTCOME_TIMED_OUT] = CONN_TIMED_OUT};
  bool is_waiting = !(c->is_closed_by_user && c->is_end_told);
  enum tcp_outcome outcome = c->tcp.outcome;
  bool is_trouble = c->is_unreachable || outcome > TCP_OUTCOME_DONE;
  if (is_waiting && is_trouble && c->ops && c->ops->ended)
    c->ops->ended(c->data, c, c->is_unreachable ? CONN_UNREACHABLE : ends[outcome]);
}

static void
work(struct conn *c)
{
  if (c->is_working) {
    c->works_again = true;
    return;
  }
  c->is_working = true;
  do {
    c->works_again = false;
    tell_user(c);
    send_all(c);
  } while (c->works_again);
  if (is_over(c)) {
    tell_outcome(c);
    forget(c);
    return;
  }
  c->is_working = false;
  set_timer(c);
}

/* ---- segments in ---- */

static void
refuse(struct host *h, const struct conn_key *key, const struct tcp_segment *s)
{
  struct tcp_segment rst;
  if (!tcp_conn_refuse(s, &rst))
    return;
  struct packet *p = packet_new(h->net, h->index, TCP_OCTETS);
  send_segment(h, key, p, &rst);
}

static void
open_from_syn(struct host *h, const struct conn_key *key, const struct tcp_segment *s)
{
  struct listener *l = find_listener(h, key->local_port);
  bool is_syn = (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
  if (!l || !is_syn) {
    refuse(h, key, s);
    return;
  }
  if (l->n_half_open == BACKLOG_MAX || (h->conns && g_hash_table_size(h->conns) >= CONNS_MAX)) {
    host_log(h, "tcp", "backlog of port %u is full: SYN dropped",
             "คิวรอเชื่อมต่อของพอร์ต %u เต็ม จึงทิ้ง SYN", key->local_port);
    return;
  }
  struct conn *c = conn_new(h, key, false);
  c->listener = l;
  l->n_half_open++;
  tcp_conn_accept(&c->tcp, s, initial_sequence(h, key), world_now(h->net->world));
  work(c);
}

static bool
read_segment(const uint8_t *q, size_t n, const struct conn_key *key, struct tcp *tcp,
             struct tcp_segment *out)
{
  size_t header = tcp_get(q, n, tcp);
  uint32_t sum = checksum_pseudo(&key->remote, &key->local, IP_PROTO_TCP, (uint32_t)n);
  if (!header || checksum_finish(checksum_add(sum, q, n)) != 0)
    return false;
  *out = (struct tcp_segment){.seq = tcp->seq,
                              .ack = tcp->ack,
                              .flags = tcp->flags,
                              .window = tcp->window,
                              .data = q + header,
                              .n_data = (uint32_t)(n - header)};
  if (header > TCP_OCTETS)
    tcp_options_get(q + TCP_OCTETS, header - TCP_OCTETS, &out->options);
  return true;
}

void
socket_input(struct iface *at, struct packet *p, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct conn_key key = {.local = d->dst, .remote = d->src};
  struct tcp tcp;
  struct tcp_segment s;
  if (!read_segment(d->payload, d->n, &key, &tcp, &s)) {
    host_log(h, "tcp", "bad header or checksum: segment dropped",
             "เฮดเดอร์หรือเช็กซัมไม่ถูกต้อง จึงทิ้งเซกเมนต์");
    packet_free(h->net, p);
    return;
  }
  key.local_port = tcp.dst_port;
  key.remote_port = tcp.src_port;
  struct conn *c = find(h, &key);
  /* RFC 9293 3.6.1: a new SYN ends the waiting of an old connection. */
  if (c && c->tcp.state == TCP_TIME_WAIT && (s.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
      seq_gt(s.seq, c->tcp.rcv_nxt)) {
    forget(c);
    c = NULL;
  }
  if (c) {
    tcp_conn_input(&c->tcp, &s, world_now(h->net->world));
    work(c);
  } else {
    open_from_syn(h, &key, &s);
  }
  packet_free(h->net, p);
}

/* RFC 1122 4.2.3.9 and RFC 5461: trouble while connecting is final, later it is only advice, except
 * that a packet was too large. The quoted number must be one that is in flight (RFC 5927 4.1). */
void
socket_error(struct host *h, const struct ip_error *e)
{
  struct conn_key key = {.local = e->src,
                         .remote = e->dst,
                         .local_port = get_be16(e->quoted),
                         .remote_port = get_be16(e->quoted + 2)};
  struct conn *c = find(h, &key);
  uint32_t seq = get_be32(e->quoted + 4);
  if (!c || seq_lt(seq, c->tcp.snd_una) || seq_gt(seq, c->tcp.snd_max))
    return;
  if (e->trouble == IP_TOO_BIG)
    tcp_conn_too_big(&c->tcp, seq, e->mtu);
  else if (c->tcp.state == TCP_SYN_SENT && e->trouble <= IP_PROHIBITED)
    c->is_unreachable = true;
  else
    return;
  work(c);
}

/* ---- the user's calls ---- */

bool
net_listen(struct net *n, uint32_t host, uint16_t port,
           void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops,
                            void **conn_data),
           void *data)
{
  struct host *h = n->hosts[host];
  if (!h->listeners)
    h->listeners = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  if (find_listener(h, port))
    return false;
  struct listener *l = g_new0(struct listener, 1);
  l->accepted = accepted;
  l->data = data;
  g_hash_table_insert(h->listeners, GUINT_TO_POINTER((guint)port), l);
  return true;
}

/* RFC 6056 3.3.1. With all ports taken, the last tried one is returned and its owner stays. */
static bool
pick_port(struct host *h, struct conn_key *key)
{
  for (unsigned i = 0; i < 4 * PORT_N; i++) {
    key->local_port = (uint16_t)(PORT_FIRST + random_below(&h->tcp_ports, PORT_N));
    if (!find(h, key))
      return true;
  }
  return false;
}

static void
start_connect(void *data)
{
  struct conn *c = data;
  c->timer = 0;
  c->timer_ns = TCP_NEVER;
  work(c);
}

struct conn *
net_connect(struct net *n, uint32_t host, const struct ip_addr *to, uint16_t port,
            const struct conn_ops *ops, void *data)
{
  struct host *h = n->hosts[host];
  struct conn_key key = {.local = ip_source(h, to), .remote = *to, .remote_port = port};
  bool has_port = pick_port(h, &key);
  struct conn *c = conn_new(h, &key, true);
  c->ops = ops;
  c->data = data;
  c->is_unreachable = key.local.version == 0 || !has_port;
  if (!c->is_unreachable)
    tcp_conn_connect(&c->tcp, initial_sequence(h, &key), world_now(n->world));
  /* The SYN leaves, or the failure is told, from the event loop: never from inside this call. */
  c->timer_ns = world_now(n->world);
  c->timer = world_at(n->world, c->timer_ns, WORLD_APP, host, start_connect, c);
  return c;
}

size_t
conn_send(struct conn *c, const uint8_t *p, size_t n)
{
  size_t taken = tcp_conn_send(&c->tcp, p, n, world_now(c->host->net->world));
  if (taken < n)
    c->wants_room = true;
  if (c->is_announced)
    work(c);
  return taken;
}

void
conn_close(struct conn *c)
{
  c->is_closed_by_user = true;
  tcp_conn_close(&c->tcp, world_now(c->host->net->world));
  work(c);
}

void
conn_abort(struct conn *c)
{
  static const struct conn_ops silent = {0};
  c->ops = &silent;
  tcp_conn_abort(&c->tcp, world_now(c->host->net->world));
  work(c);
}

void
conn_pause(struct conn *c, bool paused)
{
  if (c->is_paused == paused)
    return;
  c->is_paused = paused;
  if (!paused)
    work(c);
}

void
conn_ends(const struct conn *c, struct ip_addr *local, uint16_t *local_port, struct ip_addr *remote,
          uint16_t *remote_port)
{
  *local = c->key.local;
  *local_port = c->key.local_port;
  *remote = c->key.remote;
  *remote_port = c->key.remote_port;
}

uint32_t
conn_host(const struct conn *c)
{
  return c->host->index;
}

void
socket_clear(struct host *h)
{
  if (h->conns) {
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, h->conns);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
      struct conn *c = value;
      conn_free(c);
    }
    g_hash_table_destroy(h->conns);
  }
  if (h->listeners)
    g_hash_table_destroy(h->listeners);
}
