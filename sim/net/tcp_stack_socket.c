/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_stack_socket.c -- what a program does with a socket, and which ports are whose.
 *
 *   new ─> bind ─> listen ─> accept ─> send, recv ─> shutdown ─> close
 *    └─────────────────────> connect ──────┘
 *
 * A port's sockets hang in one list per port; a listener is the most exact of those that fit. A
 * listener counts its half-open connections and queues the completed ones. Freeing and sending is
 * tcp_stack.c's: each verb changes the engine's state and lets sock_work() do the rest. */
#include <errno.h>

#include "sim/net/tcp_stack_inside.h"

#define REOPEN_NS (INT64_C(1) * 1000000000)

/* ---- ports ---- */

static struct tcp_sock *
first_at(const struct tcp_stack *t, uint16_t port)
{
  return g_hash_table_lookup(t->bound, GUINT_TO_POINTER((guint)port));
}

static void
set_first(struct tcp_stack *t, uint16_t port, struct tcp_sock *s)
{
  if (s)
    g_hash_table_insert(t->bound, GUINT_TO_POINTER((guint)port), s);
  else
    g_hash_table_remove(t->bound, GUINT_TO_POINTER((guint)port));
}

static void
take_port(struct tcp_sock *s, uint16_t port)
{
  s->flow.local_port = port;
  s->next_at_port = first_at(s->stack, port);
  set_first(s->stack, port, s);
  s->is_bound = true;
}

void
sock_unbind(struct tcp_sock *s)
{
  if (!s->is_bound)
    return;
  s->is_bound = false;
  struct tcp_sock *first = first_at(s->stack, s->flow.local_port);
  if (first == s) {
    set_first(s->stack, s->flow.local_port, s->next_at_port);
    return;
  }
  while (first->next_at_port != s)
    first = first->next_at_port;
  first->next_at_port = s->next_at_port;
}

static bool
serves(const struct tcp_sock *s, const struct ip_addr *addr)
{
  if (s->version && addr->version && s->version != addr->version)
    return false;
  return s->flow.local.version == 0 || addr->version == 0 || ip_addr_equal(&s->flow.local, addr);
}

/* May `s` have the port beside those that have it? Listeners exclude each other; so do others
 * unless both said SO_REUSEADDR. */
static bool
is_free(const struct tcp_sock *s, const struct ip_addr *addr, uint16_t port)
{
  for (const struct tcp_sock *o = s->stack->newest; o; o = o->older) {
    bool has_port = o->is_bound || o->is_known;
    if (o == s || !has_port || o->flow.local_port != port || !serves(o, addr))
      continue;
    if (o->kind == SOCK_LISTEN || !s->is_reusable || (o->is_bound && !o->is_reusable))
      return false;
  }
  return true;
}

struct tcp_sock *
sock_listener(const struct tcp_stack *t, const struct tcp_stack_flow *flow)
{
  struct tcp_sock *best = NULL;
  for (struct tcp_sock *s = first_at(t, flow->local_port); s; s = s->next_at_port)
    if (s->kind == SOCK_LISTEN && serves(s, &flow->local) && (!best || s->flow.local.version))
      best = s;
  return best;
}

/* RFC 6056 3.3.1: a random port, for which `flow` names a connection that does not exist. */
static bool
pick_port(struct tcp_stack *t, struct tcp_stack_flow *flow)
{
  for (unsigned i = 0; i < 4 * TCP_STACK_PORT_N; i++) {
    flow->local_port = (uint16_t)(TCP_STACK_PORT_FIRST + random_below(&t->ports, TCP_STACK_PORT_N));
    if (!first_at(t, flow->local_port) && !sock_find(t, flow))
      return true;
  }
  return false;
}

/* ---- life ---- */

struct tcp_sock *
tcp_sock_new(struct tcp_stack *t, uint8_t version)
{
  struct tcp_sock *s = sock_new(t, NULL);
  s->version = version;
  s->is_owned = true;
  return s;
}

void *
tcp_sock_user(const struct tcp_sock *s)
{
  return s->user;
}

void
tcp_sock_set_user(struct tcp_sock *s, void *user)
{
  s->user = user;
}

struct tcp_stack_flow
tcp_sock_flow(const struct tcp_sock *s)
{
  return s->flow;
}

const struct tcp_conn *
tcp_sock_conn(const struct tcp_sock *s)
{
  return &s->tcp;
}

bool
tcp_sock_is_passive(const struct tcp_sock *s)
{
  return s->tcp.is_passive;
}

/* ---- opening ---- */

int
tcp_sock_bind(struct tcp_sock *s, const struct ip_addr *addr, uint16_t port)
{
  static const struct ip_addr any = {0};
  struct tcp_stack *t = s->stack;
  addr = addr ? addr : &any;
  if (s->is_bound || s->kind != SOCK_FRESH ||
      (addr->version && s->version && addr->version != s->version))
    return -EINVAL;
  for (unsigned i = 0; port == 0; i++) {
    if (i == 4 * TCP_STACK_PORT_N)
      return -EADDRINUSE;
    uint16_t p = (uint16_t)(TCP_STACK_PORT_FIRST + random_below(&t->ports, TCP_STACK_PORT_N));
    port = is_free(s, addr, p) ? p : 0;
  }
  if (!is_free(s, addr, port))
    return -EADDRINUSE;
  s->flow.local = *addr;
  take_port(s, port);
  return 0;
}

int
tcp_sock_listen(struct tcp_sock *s, int backlog)
{
  if (s->kind == SOCK_CONN)
    return -EINVAL;
  if (!s->is_bound) {
    int error = tcp_sock_bind(s, NULL, 0);
    if (error)
      return error;
  }
  for (const struct tcp_sock *o = first_at(s->stack, s->flow.local_port); o; o = o->next_at_port)
    if (o != s && o->kind == SOCK_LISTEN && serves(o, &s->flow.local))
      return -EADDRINUSE;
  s->kind = SOCK_LISTEN;
  s->backlog = (unsigned)CLAMP(backlog, 1, TCP_STACK_BACKLOG_MAX);
  return 0;
}

uint32_t
tcp_stack_n_half_open(const struct tcp_sock *listener)
{
  return listener->n_half_open;
}

/* Leaves the listener's count or queue, wherever it stands. */
void
sock_leave_queue(struct tcp_sock *s)
{
  struct tcp_sock *l = s->listener;
  if (!l)
    return;
  s->listener = NULL;
  if (!s->is_open) {
    l->n_half_open--;
    return;
  }
  l->n_waiting--;
  struct tcp_sock *before = NULL, *at = l->first_waiting;
  while (at != s) {
    before = at;
    at = at->next_waiting;
  }
  if (before)
    before->next_waiting = s->next_waiting;
  else
    l->first_waiting = s->next_waiting;
  if (l->last_waiting == s)
    l->last_waiting = before;
  s->next_waiting = NULL;
}

int
tcp_sock_accept(struct tcp_sock *s, struct tcp_sock **out)
{
  if (s->kind != SOCK_LISTEN)
    return -EINVAL;
  struct tcp_sock *c = s->first_waiting;
  if (!c)
    return -EAGAIN;
  sock_leave_queue(c);
  c->is_owned = true;
  *out = c;
  return 0;
}

/* An active OPEN may take over from TIME-WAIT when timestamps tell the peer that the SYN is new:
 * RFC 6191 2 from the other side, with a tick of a second between the two as Linux has it. */
static bool
may_take_over(const struct tcp_sock *old, int64_t now_ns)
{
  return old->tcp.state == TCP_TIME_WAIT && !old->is_owned && old->tcp.use_ts &&
         now_ns - old->tcp.ts_recent_ns >= REOPEN_NS;
}

/* All four numbers, or why not. */
static int
choose_ends(struct tcp_sock *s, const struct ip_addr *to, uint16_t port, uint32_t *mtu,
            int64_t now_ns)
{
  struct ip_addr local;
  struct tcp_stack_flow flow = {.remote = *to, .remote_port = port};
  if (!to->version || (s->version && s->version != to->version))
    return -EAFNOSUPPORT;
  if (port == 0)
    return -EADDRNOTAVAIL;
  if (!stack_route(s->stack, to, &local, mtu, now_ns))
    return -ENETUNREACH;
  flow.local = s->is_bound && s->flow.local.version ? s->flow.local : local;
  if (s->is_bound)
    flow.local_port = s->flow.local_port;
  else if (!pick_port(s->stack, &flow))
    return -EADDRNOTAVAIL;
  const struct tcp_sock *old = sock_find(s->stack, &flow);
  if (old && !may_take_over(old, now_ns))
    return -EADDRNOTAVAIL;
  s->flow = flow;
  return 0;
}

int
tcp_sock_connect(struct tcp_sock *s, const struct ip_addr *to, uint16_t port, int64_t now_ns)
{
  struct tcp_stack *t = s->stack;
  uint32_t mtu;
  if (s->kind == SOCK_LISTEN || s->is_over)
    return -EISCONN;
  if (s->kind == SOCK_CONN)
    return s->is_open ? -EISCONN : -EALREADY;
  if (g_hash_table_size(t->conns) >= TCP_STACK_CONNS_MAX)
    return -ENOBUFS;
  int error = choose_ends(s, to, port, &mtu, now_ns);
  if (error)
    return error;
  uint32_t iss = stack_begin(t, &s->flow, now_ns);
  sock_set_mtu(s, mtu);
  s->kind = SOCK_CONN;
  sock_register(s);
  if (t->ops->born)
    t->ops->born(t->data, s);
  tcp_conn_connect(&s->tcp, iss, now_ns);
  sock_work(s, now_ns);
  return -EINPROGRESS;
}

void
tcp_sock_hold(struct tcp_sock *s, bool held, int64_t now_ns)
{
  s->is_held = held;
  if (!held && s->kind == SOCK_CONN)
    sock_work(s, now_ns);
}

/* ---- octets ---- */

int
tcp_sock_error(struct tcp_sock *s)
{
  int error = s->error;
  s->error = 0;
  return error;
}

int64_t
tcp_sock_send(struct tcp_sock *s, const uint8_t *p, size_t n, unsigned flags, int64_t now_ns)
{
  if (s->error)
    return -tcp_sock_error(s);
  if (s->kind != SOCK_CONN)
    return s->kind == SOCK_FRESH ? -ENOTCONN : -EPIPE;
  if (s->is_over || s->tcp.wants_fin)
    return -EPIPE;
  if (n == 0)
    return 0;
  bool was_corked = s->tcp.is_corked;
  if (flags & TCP_STACK_MORE)
    tcp_conn_set(&s->tcp, TCP_KNOB_CORK, 1, now_ns);
  size_t taken = flags & TCP_STACK_OOB ? tcp_conn_send_urgent(&s->tcp, p, n, now_ns)
                                       : tcp_conn_send(&s->tcp, p, n, now_ns);
  if (taken > 0)
    sock_work(s, now_ns);
  /* What MSG_MORE held back waits for the next call, not for its own: no work in between. */
  if (flags & TCP_STACK_MORE && !was_corked)
    tcp_conn_set(&s->tcp, TCP_KNOB_CORK, 0, now_ns);
  return taken > 0 ? (int64_t)taken : -EAGAIN;
}

size_t
tcp_sock_room(const struct tcp_sock *s)
{
  return s->kind == SOCK_CONN ? tcp_conn_room(&s->tcp) : 0;
}

uint32_t
tcp_sock_view(const struct tcp_sock *s, const uint8_t **out)
{
  return tcp_conn_peek(&s->tcp, out);
}

void
tcp_sock_drop(struct tcp_sock *s, uint32_t n, int64_t now_ns)
{
  tcp_conn_drop(&s->tcp, n, now_ns);
  sock_work(s, now_ns);
}

bool
tcp_sock_is_at_end(const struct tcp_sock *s)
{
  return tcp_conn_is_at_end(&s->tcp) && s->tcp.receive.used == 0;
}

/* Copies up to n octets without dropping them. */
static uint32_t
copy_out(const struct tcp_sock *s, uint8_t *p, size_t n)
{
  uint32_t have = (uint32_t)MIN(n, s->tcp.receive.used);
  if (have > 0)
    ring_read(&s->tcp.receive, 0, p, have);
  return have;
}

int64_t
tcp_sock_recv(struct tcp_sock *s, uint8_t *p, size_t n, unsigned flags, int64_t now_ns)
{
  if (s->kind != SOCK_CONN)
    return -ENOTCONN;
  if (flags & TCP_STACK_OOB)
    return -EINVAL;
  uint32_t have = copy_out(s, p, n);
  if (have > 0) {
    if (!(flags & TCP_STACK_PEEK))
      tcp_sock_drop(s, have, now_ns);
    return have;
  }
  if (n == 0 || s->is_read_shut || tcp_sock_is_at_end(s))
    return 0;
  if (s->error)
    return -tcp_sock_error(s);
  return s->is_over ? 0 : -EAGAIN;
}

unsigned
tcp_sock_poll(const struct tcp_sock *s)
{
  if (s->kind == SOCK_LISTEN)
    return s->n_waiting ? TCP_STACK_IN : 0;
  unsigned mask = s->error ? TCP_STACK_ERR : 0;
  if (s->kind == SOCK_FRESH)
    return mask | TCP_STACK_OUT | TCP_STACK_HUP;
  if (s->is_over)
    return mask | TCP_STACK_IN | TCP_STACK_OUT | TCP_STACK_HUP | TCP_STACK_RDHUP;
  if (!s->is_open)
    return mask;
  bool is_end = tcp_conn_is_at_end(&s->tcp);
  if (is_end || s->is_read_shut)
    mask |= TCP_STACK_IN | TCP_STACK_RDHUP;
  if (s->tcp.receive.used > 0)
    mask |= TCP_STACK_IN;
  if (tcp_conn_urgent(&s->tcp) > 0)
    mask |= TCP_STACK_PRI;
  if (s->tcp.wants_fin || tcp_conn_room(&s->tcp) > 0)
    mask |= TCP_STACK_OUT;
  if ((is_end || s->is_read_shut) && s->tcp.wants_fin)
    mask |= TCP_STACK_HUP;
  return mask;
}

/* ---- closing ---- */

/* A listener stops: nobody will accept those that wait. */
static void
stop_listening(struct tcp_sock *l, int64_t now_ns)
{
  struct tcp_stack *t = l->stack;
  for (struct tcp_sock *s = t->newest, *older; s; s = older) {
    older = s->older;
    if (s->listener != l)
      continue;
    sock_leave_queue(s);
    tcp_conn_abort(&s->tcp, now_ns);
    sock_work(s, now_ns);
  }
  l->kind = SOCK_FRESH;
}

int
tcp_sock_shutdown(struct tcp_sock *s, enum tcp_stack_how how, int64_t now_ns)
{
  if (s->kind == SOCK_LISTEN && how != TCP_STACK_WR) {
    stop_listening(s, now_ns);
    return 0;
  }
  if (s->kind != SOCK_CONN || s->is_over)
    return -ENOTCONN;
  if (how != TCP_STACK_WR)
    s->is_read_shut = true;
  if (how != TCP_STACK_RD)
    tcp_conn_close(&s->tcp, now_ns);
  sock_work(s, now_ns);
  return 0;
}

static void
give_back(struct tcp_sock *s, bool with_reset, int64_t now_ns)
{
  s->is_owned = s->is_held = false;
  if (s->kind == SOCK_LISTEN)
    stop_listening(s, now_ns);
  if (s->kind != SOCK_CONN || s->is_over) {
    sock_collect(s);
    return;
  }
  if (with_reset)
    tcp_conn_abort(&s->tcp, now_ns);
  else
    tcp_conn_close(&s->tcp, now_ns);
  sock_work(s, now_ns);
}

void
tcp_sock_close(struct tcp_sock *s, int64_t now_ns)
{
  give_back(s, s->linger_s == 0 || s->tcp.receive.used > 0, now_ns);
}

void
tcp_sock_abort(struct tcp_sock *s, int64_t now_ns)
{
  give_back(s, true, now_ns);
}
