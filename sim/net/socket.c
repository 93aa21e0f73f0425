/* SPDX-License-Identifier: GPL-3.0-or-later */
/* socket.c -- the TCP of a simulated host: the stack of tcp_stack.h on one side, the world's events
 * and the users' callbacks on the other.
 *
 *   ip.c ─> socket_input ─> tcp_stack ─> on_take, on_send ─> ip_send
 *                              │ ready, over
 *                              └─> accepted, connected, received, writable, ended
 *
 * A host has one stack, made when it is first needed, and one event for its next deadline. The
 * segment is written straight into the packet that leaves. */
#include "sim/net/host.h"
#include "sim/net/tcp_stack.h"

/* What a socket's user pointer points to begins with this. */
struct user {
  bool is_listener;
};

struct listener {
  struct user user;
  struct listener *next; /* of the host's */
  uint16_t port;
  void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data);
  void *data;
};

struct conn {
  struct user user;
  bool is_announced, is_paused, is_closed_by_user, is_end_told;
  bool wants_room; /* conn_send() took less than given */
  bool has_failed; /* there is no way to the peer */
  bool tells_again;
  uint32_t last_una; /* ACKs of something new confirm the neighbour */
  bool is_over;      /* closed on both sides while its user does not read: what came still waits */
  uint16_t to_port;
  struct host *host;
  struct tcp_sock *sock;
  const struct conn_ops *ops;
  void *data;
  char *subject;  /* of its state events; NULL when nobody listens */
  uint64_t start; /* the event that lets the SYN go, or 0 */
  struct ip_addr to;
};

static bool
is_listener(const void *user)
{
  const struct user *u = user;
  return u->is_listener;
}

static int64_t
now_of(const struct host *h)
{
  return world_now(h->net->world);
}

/* ---- the stack's way out ---- */

static bool
on_route(void *data, const struct ip_addr *remote, struct ip_addr *local, uint32_t *mtu)
{
  struct host *h = data;
  *local = ip_source(h, remote);
  *mtu = ip_mtu(h, remote);
  return local->version != 0 && *mtu != 0;
}

static uint8_t *
on_take(void *data, const struct ip_addr *remote, size_t n)
{
  struct host *h = data;
  (void)remote;
  h->tcp_packet = packet_new(h->net, h->index, n);
  return packet_payload(h->tcp_packet);
}

static void
on_untake(void *data)
{
  struct host *h = data;
  packet_unmake(h->net, g_steal_pointer(&h->tcp_packet));
}

static bool
on_send(void *data, const struct tcp_stack_ip *ip, size_t n)
{
  struct host *h = data;
  struct ip_sending sending = {.src = ip->src,
                               .dst = ip->dst,
                               .proto = IP_PROTO_TCP,
                               .tos = (uint8_t)(ip->dscp << 2 | ip->ecn),
                               .ttl = ip->ttl,
                               .df = true};
  return ip_send(h, &sending, g_steal_pointer(&h->tcp_packet), n);
}

static void
on_note(void *data, enum tcp_stack_note what, const struct tcp_stack_flow *flow)
{
  struct host *h = data;
  if (what == TCP_STACK_BAD_SEGMENT)
    host_log(h, "tcp", "bad header or checksum: segment dropped",
             "เฮดเดอร์หรือเช็กซัมไม่ถูกต้อง จึงทิ้งเซกเมนต์");
  else
    host_log(h, "tcp", "backlog of port %u is full: SYN dropped",
             "คิวรอเชื่อมต่อของพอร์ต %u เต็ม จึงทิ้ง SYN", flow->local_port);
}

/* ---- birth, state, death ---- */

/* "tcp OPENER LISTENER": the same on both hosts. */
static char *
make_subject(const struct tcp_stack_flow *f, bool is_opener)
{
  char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];
  endpoint_format(&f->local, f->local_port, local);
  endpoint_format(&f->remote, f->remote_port, remote);
  return g_strdup_printf("tcp %s %s", is_opener ? local : remote, is_opener ? remote : local);
}

static struct conn *
conn_new(struct host *h, struct tcp_sock *s)
{
  struct conn *c = g_new0(struct conn, 1);
  c->host = h;
  c->sock = s;
  tcp_sock_set_user(s, c);
  return c;
}

static void
on_born(void *data, struct tcp_sock *s)
{
  struct host *h = data;
  struct conn *c = tcp_sock_user(s);
  bool is_opener = c != NULL;
  if (!c)
    c = conn_new(h, s);
  struct tcp_stack_flow flow = tcp_sock_flow(s);
  if (world_wants_events(h->net->world))
    c->subject = make_subject(&flow, is_opener);
}

static void
on_watch(void *data, struct tcp_sock *s, const char *key, const char *text, uint64_t value)
{
  const struct host *h = data;
  const struct conn *c = tcp_sock_user(s);
  if (text)
    world_emit(h->net->world, h->index, c->subject, key, "%s", text);
  else
    world_emit(h->net->world, h->index, c->subject, key, "%" G_GUINT64_FORMAT, value);
}

static void
on_gone(void *data, struct tcp_sock *s)
{
  struct host *h = data;
  void *user = tcp_sock_user(s);
  if (user && !is_listener(user)) {
    struct conn *c = user;
    if (c->start)
      world_cancel(h->net->world, c->start);
    g_free(c->subject);
  }
  g_free(user);
}

/* ---- what the user hears ---- */

static void
accept_all(struct listener *l, struct tcp_sock *s)
{
  struct tcp_sock *child;
  while (tcp_sock_accept(s, &child) == 0) {
    struct conn *c = tcp_sock_user(child);
    c->is_announced = true;
    l->accepted(l->data, c, &c->ops, &c->data);
  }
}

static void
deliver(struct conn *c)
{
  const uint8_t *p;
  uint32_t n;
  int64_t now = now_of(c->host);
  while (!c->is_paused && (n = tcp_sock_view(c->sock, &p)) > 0) {
    if (!c->is_closed_by_user && c->ops && c->ops->received)
      c->ops->received(c->data, c, p, n);
    tcp_sock_drop(c->sock, n, now);
  }
}

static void
tell(struct conn *c)
{
  if (!c->is_announced && tcp_sock_conn(c->sock)->state >= TCP_ESTABLISHED) {
    c->is_announced = true;
    if (c->ops && c->ops->connected)
      c->ops->connected(c->data, c);
  }
  if (!c->is_announced)
    return;
  deliver(c);
  if (!c->is_end_told && tcp_sock_is_at_end(c->sock)) {
    c->is_end_told = true;
    if (c->ops && c->ops->ended)
      c->ops->ended(c->data, c, CONN_CLOSED_BY_PEER);
  }
  if (c->wants_room && !c->is_closed_by_user && tcp_sock_room(c->sock) > 0) {
    c->wants_room = false;
    if (c->ops && c->ops->writable)
      c->ops->writable(c->data, c);
  }
}

static void
on_ready(void *data, struct tcp_sock *s)
{
  (void)data;
  void *user = tcp_sock_user(s);
  if (is_listener(user)) {
    accept_all(user, s);
    return;
  }
  struct conn *c = user;
  const struct tcp_conn *tcp = tcp_sock_conn(s);
  if (c->last_una != tcp->snd_una) {
    struct tcp_stack_flow flow = tcp_sock_flow(s);
    c->last_una = tcp->snd_una;
    ip_confirm(c->host, &flow.remote);
  }
  do {
    c->tells_again = false;
    tell(c);
  } while (c->tells_again);
  if (c->is_over && c->is_end_told)
    tcp_sock_close(s, now_of(c->host));
}

/* The last word to the user, when it still waits for one. */
static void
tell_outcome(struct conn *c)
{
  static const enum conn_end ends[] = {[TCP_OUTCOME_REFUSED] = CONN_REFUSED,
                                       [TCP_OUTCOME_RESET] = CONN_RESET,
                                       [TCP_OUTCOME_TIMED_OUT] = CONN_TIMED_OUT};
  enum tcp_outcome outcome = tcp_sock_conn(c->sock)->outcome;
  bool is_waiting = !(c->is_closed_by_user && c->is_end_told);
  bool is_unreachable = c->has_failed || (outcome == TCP_OUTCOME_DONE && tcp_sock_error(c->sock));
  if (is_waiting && (is_unreachable || outcome > TCP_OUTCOME_DONE) && c->ops && c->ops->ended)
    c->ops->ended(c->data, c, is_unreachable ? CONN_UNREACHABLE : ends[outcome]);
}

static void
on_over(void *data, struct tcp_sock *s)
{
  const struct host *h = data;
  struct conn *c = tcp_sock_user(s);
  c->is_over = c->is_paused && !c->is_end_told && !c->is_closed_by_user &&
               tcp_sock_conn(s)->outcome == TCP_OUTCOME_DONE && !c->has_failed;
  if (c->is_over)
    return;
  tell_outcome(c);
  tcp_sock_close(s, now_of(h));
}

/* ---- the stack of a host ---- */

static struct tcp_stack *
stack_of(struct host *h)
{
  static const struct tcp_stack_ops ops = {.route = on_route,
                                           .take = on_take,
                                           .untake = on_untake,
                                           .send = on_send,
                                           .born = on_born,
                                           .ready = on_ready,
                                           .over = on_over,
                                           .gone = on_gone,
                                           .note = on_note,
                                           .watch = on_watch};
  if (h->tcp)
    return h->tcp;
  struct tcp_stack_config config = {.profile = &h->profile,
                                    .isn_key = {h->isn_key[0], h->isn_key[1]},
                                    .ports = h->tcp_ports,
                                    .ttl = h->ttl,
                                    .wants_watch = world_wants_events(h->net->world),
                                    .ops = &ops,
                                    .data = h};
  h->tcp = tcp_stack_new(&config);
  h->tcp_timer_ns = TCP_STACK_NEVER;
  return h->tcp;
}

static void on_timer(void *data);

/* The event of the next deadline. One that comes too early is left alone. */
static void
set_timer(struct host *h)
{
  struct world *w = h->net->world;
  int64_t deadline = tcp_stack_deadline(h->tcp);
  if (deadline >= h->tcp_timer_ns)
    return;
  if (h->tcp_timer)
    world_cancel(w, h->tcp_timer);
  h->tcp_timer_ns = deadline;
  h->tcp_timer = world_at(w, MAX(deadline, world_now(w)), WORLD_TIMER, h->index, on_timer, h);
}

static void
on_timer(void *data)
{
  struct host *h = data;
  h->tcp_timer = 0;
  h->tcp_timer_ns = TCP_STACK_NEVER;
  tcp_stack_timer(h->tcp, now_of(h));
  set_timer(h);
}

void
socket_input(struct iface *at, struct packet *p, const struct ip_datagram *d)
{
  struct host *h = at->host;
  tcp_stack_segment(stack_of(h), &d->src, &d->dst, d->tos & 3, d->payload, d->n, now_of(h));
  set_timer(h);
  packet_free(h->net, p);
}

void
socket_error(struct host *h, const struct ip_error *e)
{
  tcp_stack_trouble(stack_of(h), &e->src, &e->dst, e->type, e->code, e->mtu, 0, e->quoted, e->n,
                    now_of(h));
  set_timer(h);
}

void
socket_clear(struct host *h)
{
  if (h->tcp)
    tcp_stack_free(h->tcp);
}

/* ---- the user's calls ---- */

bool
net_listen(struct net *n, uint32_t host, uint16_t port,
           void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops,
                            void **conn_data),
           void *data)
{
  struct host *h = n->hosts[host];
  struct tcp_sock *s = tcp_sock_new(stack_of(h), 0);
  tcp_sock_set(s, TCP_STACK_OPT_REUSEADDR, 1, now_of(h));
  if (tcp_sock_bind(s, NULL, port) != 0 || tcp_sock_listen(s, TCP_STACK_BACKLOG_MAX) != 0) {
    tcp_sock_close(s, now_of(h));
    return false;
  }
  struct listener *l = g_new0(struct listener, 1);
  *l = (struct listener){.user = {.is_listener = true},
                         .next = h->listeners,
                         .port = port,
                         .accepted = accepted,
                         .data = data};
  h->listeners = l;
  tcp_sock_set_user(s, l);
  return true;
}

bool
net_listen_instead(struct net *n, uint32_t host, uint16_t port,
                   void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops,
                                    void **conn_data),
                   void *data)
{
  for (struct listener *l = n->hosts[host]->listeners; l; l = l->next) {
    if (l->port != port)
      continue;
    l->accepted = accepted;
    l->data = data;
    return true;
  }
  return net_listen(n, host, port, accepted, data);
}

static void
start_connect(void *data)
{
  struct conn *c = data;
  struct host *h = c->host;
  c->start = 0;
  if (c->has_failed) {
    tell_outcome(c);
    tcp_sock_close(c->sock, now_of(h));
  } else {
    tcp_sock_hold(c->sock, false, now_of(h));
    set_timer(h);
  }
}

struct conn *
net_connect(struct net *n, uint32_t host, const struct ip_addr *to, uint16_t port,
            const struct conn_ops *ops, void *data)
{
  return net_connect_from(n, host, 0, to, port, ops, data);
}

struct conn *
net_connect_from(struct net *n, uint32_t host, uint16_t local_port, const struct ip_addr *to,
                 uint16_t port, const struct conn_ops *ops, void *data)
{
  struct host *h = n->hosts[host];
  struct tcp_sock *s = tcp_sock_new(stack_of(h), 0);
  struct conn *c = conn_new(h, s);
  c->ops = ops;
  c->data = data;
  c->to = *to;
  c->to_port = port;
  /* The SYN leaves, or the failure is told, from the event loop: never from inside this call. */
  tcp_sock_hold(s, true, now_of(h));
  if (local_port) /* it may be in TIME_WAIT, or listen */
    tcp_sock_set(s, TCP_STACK_OPT_REUSEADDR, 1, now_of(h));
  c->has_failed = (local_port && tcp_sock_bind(s, NULL, local_port) != 0) ||
                  tcp_sock_connect(s, to, port, now_of(h)) != -EINPROGRESS;
  c->start = world_at(n->world, now_of(h), WORLD_APP, host, start_connect, c);
  return c;
}

size_t
conn_send(struct conn *c, const uint8_t *p, size_t n)
{
  int64_t result = tcp_sock_send(c->sock, p, n, 0, now_of(c->host));
  size_t taken = result > 0 ? (size_t)result : 0; /* trouble is told by `ended` */
  if (taken < n)
    c->wants_room = true;
  set_timer(c->host);
  return taken;
}

void
conn_shutdown(struct conn *c)
{
  tcp_sock_shutdown(c->sock, TCP_STACK_WR, now_of(c->host));
  set_timer(c->host);
}

void
conn_close(struct conn *c)
{
  struct host *h = c->host;
  c->is_closed_by_user = true;
  if (c->is_over)
    tcp_sock_close(c->sock, now_of(h));
  else
    tcp_sock_shutdown(c->sock, TCP_STACK_WR, now_of(h));
  set_timer(h);
}

void
conn_abort(struct conn *c)
{
  static const struct conn_ops silent = {0};
  struct host *h = c->host;
  c->ops = &silent;
  tcp_sock_abort(c->sock, now_of(h));
  set_timer(h);
}

void
conn_pause(struct conn *c, bool paused)
{
  if (c->is_paused == paused)
    return;
  c->is_paused = paused;
  if (paused)
    return;
  c->tells_again = true;
  struct host *h = c->host;
  if (!c->start)
    tcp_sock_hold(c->sock, false, now_of(h));
  set_timer(h);
}

void
conn_keep_alive(struct conn *c, int64_t idle_ns, int64_t interval_ns, unsigned probes)
{
  int64_t now = now_of(c->host), second = INT64_C(1000000000);
  tcp_sock_set(c->sock, TCP_STACK_OPT_KEEPIDLE, MAX(idle_ns / second, 1), now);
  tcp_sock_set(c->sock, TCP_STACK_OPT_KEEPINTVL, MAX(interval_ns / second, 1), now);
  tcp_sock_set(c->sock, TCP_STACK_OPT_KEEPCNT, probes, now);
  tcp_sock_set(c->sock, TCP_STACK_OPT_KEEPALIVE, 1, now);
  set_timer(c->host);
}

void
conn_ends(const struct conn *c, struct ip_addr *local, uint16_t *local_port, struct ip_addr *remote,
          uint16_t *remote_port)
{
  struct tcp_stack_flow flow = tcp_sock_flow(c->sock);
  *local = flow.local;
  *local_port = flow.local_port;
  *remote = c->has_failed ? c->to : flow.remote;
  *remote_port = c->has_failed ? c->to_port : flow.remote_port;
}

uint32_t
conn_host(const struct conn *c)
{
  return c->host->index;
}
