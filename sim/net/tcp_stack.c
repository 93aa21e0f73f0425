/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_stack.c -- segments find their connection, connections find their user.
 *
 *   tcp_stack_segment ─checksum─> connection of these four numbers? ─> tcp_conn_input ─> work
 *                                 else listener and SYN?            ─> new connection
 *                                 else                              ─> RST
 *   work: tell the user what is new ─> send what tcp_conn_pop() gives ─> set the timer ─> forget
 *
 * The user's calls may come from inside its notices: then the outer work goes on. The user hears
 * before anything is sent, so that an answer carries the acknowledgement.
 *
 * Timers lie in one heap per stack. One that would ring too early is left alone: it finds nothing
 * to do and is set anew. RFC 9293 3.10.7, RFC 6528, RFC 6191, RFC 1122 4.2.2.13. */
#include "sim/net/tcp_stack.h"

#include <errno.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/net.h"
#include "sim/net/tcp_stack_inside.h"

enum { TTL_DEFAULT = 64, MTU_DEFAULT = 1500, MTU_LEAST = 68 };
/* Every segment of a connection that agreed on timestamps carries that much, or more. */
enum { TIMESTAMPS_OCTETS = 12 };
/* How far the number of a connection that takes over from TIME-WAIT starts behind the old one's
 * last: a full window, so that no old segment fits (RFC 1122 4.2.2.13). */
enum { ISN_LEAP = 65536 };
/* How long FIN-WAIT-2 lasts when nobody is left to read: Linux' tcp_fin_timeout, and BSD's. */
#define ORPHAN_NS (INT64_C(60) * 1000000000)

/* ---- the table ---- */

static uint64_t
addr_word(const struct ip_addr *a)
{
  uint64_t h = get_be32(a->octets);
  if (a->version == 6)
    for (unsigned i = 4; i < 16; i += 4)
      h = h * UINT64_C(0x9e3779b97f4a7c15) + get_be32(a->octets + i);
  return h;
}

static guint
flow_hash(gconstpointer p)
{
  const struct tcp_stack_flow *f = p;
  uint64_t h = addr_word(&f->remote) << 32 ^ addr_word(&f->remote) >> 32 ^
               ((uint32_t)f->remote_port << 16 | f->local_port);
  h = (h ^ addr_word(&f->local)) * UINT64_C(0x9e3779b97f4a7c15);
  return (guint)(h >> 32);
}

static gboolean
flow_equal(gconstpointer a, gconstpointer b)
{
  const struct tcp_stack_flow *x = a, *y = b;
  return x->remote_port == y->remote_port && x->local_port == y->local_port &&
         ip_addr_equal(&x->remote, &y->remote) && ip_addr_equal(&x->local, &y->local);
}

struct tcp_sock *
sock_find(const struct tcp_stack *t, const struct tcp_stack_flow *flow)
{
  return g_hash_table_lookup(t->conns, flow);
}

void
sock_register(struct tcp_sock *s)
{
  g_hash_table_insert(s->stack->conns, &s->flow, s);
  s->is_known = true;
}

static void
unregister(struct tcp_sock *s)
{
  if (s->is_known)
    g_hash_table_remove(s->stack->conns, &s->flow);
  s->is_known = false;
}

/* ---- timers: a binary heap ---- */

static bool
is_sooner(const struct tcp_sock *a, const struct tcp_sock *b)
{
  return a->timer_ns != b->timer_ns ? a->timer_ns < b->timer_ns : a->serial < b->serial;
}

static void
heap_put(struct tcp_stack *t, uint32_t at, struct tcp_sock *s)
{
  t->heap->pdata[at] = s;
  s->heap_at = at + 1;
}

static void
heap_rise(struct tcp_stack *t, uint32_t at, struct tcp_sock *s)
{
  while (at > 0 && is_sooner(s, t->heap->pdata[(at - 1) / 2])) {
    heap_put(t, at, t->heap->pdata[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  heap_put(t, at, s);
}

static void
heap_sink(struct tcp_stack *t, uint32_t at, struct tcp_sock *s)
{
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= t->heap->len)
      break;
    if (child + 1 < t->heap->len && is_sooner(t->heap->pdata[child + 1], t->heap->pdata[child]))
      child++;
    if (!is_sooner(t->heap->pdata[child], s))
      break;
    heap_put(t, at, t->heap->pdata[child]);
    at = child;
  }
  heap_put(t, at, s);
}

static void
heap_remove(struct tcp_sock *s)
{
  struct tcp_stack *t = s->stack;
  if (s->heap_at == 0)
    return;
  uint32_t at = s->heap_at - 1;
  struct tcp_sock *last = t->heap->pdata[t->heap->len - 1];
  g_ptr_array_set_size(t->heap, (gint)t->heap->len - 1);
  s->heap_at = 0;
  s->timer_ns = TCP_NEVER;
  if (last == s)
    return;
  heap_rise(t, at, last);
  heap_sink(t, last->heap_at - 1, last);
}

void
sock_set_timer(struct tcp_sock *s, int64_t at_ns)
{
  struct tcp_stack *t = s->stack;
  if (at_ns >= s->timer_ns)
    return;
  s->timer_ns = at_ns;
  if (s->heap_at == 0)
    g_ptr_array_add(t->heap, s);
  heap_rise(t, s->heap_at ? s->heap_at - 1 : t->heap->len - 1, s);
}

int64_t
tcp_stack_deadline(const struct tcp_stack *t)
{
  return t->heap->len ? ((const struct tcp_sock *)t->heap->pdata[0])->timer_ns : TCP_NEVER;
}

void
tcp_stack_timer(struct tcp_stack *t, int64_t now_ns)
{
  while (tcp_stack_deadline(t) <= now_ns) {
    struct tcp_sock *s = t->heap->pdata[0];
    heap_remove(s);
    tcp_conn_timer(&s->tcp, now_ns);
    if (now_ns >= s->orphan_ns && s->tcp.state == TCP_FIN_WAIT_2)
      tcp_conn_finish(&s->tcp, TCP_OUTCOME_DONE, now_ns);
    sock_work(s, now_ns);
  }
}

/* ---- life ---- */

static void
forward_watch(void *data, const struct tcp_conn *c, const char *key, const char *text,
              uint64_t value)
{
  struct tcp_sock *s = data;
  (void)c;
  s->stack->ops->watch(s->stack->data, s, key, text, value);
}

/* What a connection takes over from its listener. */
static void
inherit(struct tcp_sock *s, const struct tcp_sock *l)
{
  s->ttl = l->ttl;
  s->dscp = l->dscp;
  s->linger_s = l->linger_s;
  s->maxseg = l->maxseg;
  s->tcp.is_nodelay = l->tcp.is_nodelay;
  s->tcp.is_corked = l->tcp.is_corked;
  s->tcp.is_quickack = l->tcp.is_quickack;
  s->tcp.is_keepalive = l->tcp.is_keepalive;
  s->tcp.keepalive_probes = l->tcp.keepalive_probes;
  s->tcp.keepalive_idle_ns = l->tcp.keepalive_idle_ns;
  s->tcp.keepalive_interval_ns = l->tcp.keepalive_interval_ns;
  s->tcp.user_timeout_ns = l->tcp.user_timeout_ns;
}

struct tcp_sock *
sock_new(struct tcp_stack *t, const struct tcp_sock *parent)
{
  struct tcp_sock *s = g_new0(struct tcp_sock, 1);
  s->stack = t;
  s->serial = ++t->n_born;
  s->ttl = t->ttl;
  s->linger_s = -1;
  s->maxseg = UINT16_MAX;
  s->timer_ns = s->orphan_ns = TCP_NEVER;
  s->older = t->newest;
  if (t->newest)
    t->newest->newer = s;
  t->newest = s;
  if (parent && parent->profile)
    s->profile = g_memdup2(parent->profile, sizeof *parent->profile);
  tcp_conn_init(&s->tcp, s->profile ? s->profile : t->profile,
                t->wants_watch && t->ops->watch ? forward_watch : NULL, s);
  if (parent)
    inherit(s, parent);
  return s;
}

/* One clock for each pair of hosts, so that a new connection's timestamps lie behind those of an
 * old one (RFC 6191), and no stranger learns how long the host is up (RFC 7323 7.1). */
static uint32_t
timestamp_offset(const struct tcp_stack *t, const struct tcp_stack_flow *flow)
{
  if (t->isn)
    return 0; /* the caller wants numbers to foresee */
  uint8_t octets[32];
  size_t n = flow->local.version == 6 ? 16 : 4;
  memcpy(octets, flow->local.octets, n);
  memcpy(octets + n, flow->remote.octets, n);
  return (uint32_t)random_hash(t->isn_key, octets, 2 * n);
}

void
sock_set_mtu(struct tcp_sock *s, uint32_t mtu)
{
  uint8_t ip_octets = s->flow.remote.version == 6 ? IPV6_OCTETS : IPV4_OCTETS;
  mtu = MIN(MAX(mtu, MTU_LEAST), (uint32_t)s->maxseg + ip_octets + TCP_OCTETS);
  tcp_conn_set_mtu(&s->tcp, mtu, ip_octets);
  s->tcp.ts_offset = timestamp_offset(s->stack, &s->flow);
}

static void
sock_free(struct tcp_sock *s)
{
  struct tcp_stack *t = s->stack;
  if (t->ops->gone)
    t->ops->gone(t->data, s);
  sock_leave_queue(s);
  sock_unbind(s);
  unregister(s);
  heap_remove(s);
  if (s->older)
    s->older->newer = s->newer;
  if (s->newer)
    s->newer->older = s->older;
  else
    t->newest = s->older;
  tcp_conn_clear(&s->tcp);
  g_free(s->profile);
  g_free(s);
}

void
sock_collect(struct tcp_sock *s)
{
  bool is_waiting = s->listener && s->is_open; /* for accept() */
  if (!s->is_owned && !s->is_working && !is_waiting && (s->kind != SOCK_CONN || s->is_over))
    sock_free(s);
}

static uint32_t
isn(struct tcp_stack *t, const struct tcp_stack_flow *flow, int64_t now_ns)
{
  if (t->isn)
    return t->isn(t->data, flow, now_ns);
  /* RFC 6528: a clock of 4 µs ticks plus a keyed hash of the four numbers. */
  uint8_t octets[36];
  size_t n = flow->local.version == 6 ? 16 : 4;
  memcpy(octets, flow->local.octets, n);
  memcpy(octets + n, flow->remote.octets, n);
  put_be16(octets + 2 * n, flow->local_port);
  put_be16(octets + 2 * n + 2, flow->remote_port);
  return (uint32_t)(now_ns / 4000) + (uint32_t)random_hash(t->isn_key, octets, 2 * n + 4);
}

uint32_t
stack_begin(struct tcp_stack *t, const struct tcp_stack_flow *flow, int64_t now_ns)
{
  uint32_t iss = isn(t, flow, now_ns);
  struct tcp_sock *old = sock_find(t, flow);
  if (!old)
    return iss;
  uint32_t last = old->tcp.snd_max;
  tcp_conn_finish(&old->tcp, TCP_OUTCOME_DONE, now_ns);
  sock_work(old, now_ns);
  return seq_le(iss, last) ? last + ISN_LEAP : iss;
}

bool
stack_route(struct tcp_stack *t, const struct ip_addr *remote, struct ip_addr *local, uint32_t *mtu,
            int64_t now_ns)
{
  return t->ops->route ? t->ops->route(t->data, remote, local, mtu)
                       : packet_route(t, remote, local, mtu, now_ns);
}

/* ---- segments out ---- */

/* Writes header and options in front of the data that stand at q + TCP_OCTETS + room_options, and
 * sends. */
static bool
send_segment(struct tcp_stack *t, const struct tcp_stack_flow *f, uint8_t ttl, uint8_t dscp,
             uint8_t *q, size_t room_options, const struct tcp_segment *s)
{
  uint8_t options[TCP_HEADER_MAX - TCP_OCTETS];
  size_t n_options = tcp_options_put(options, &s->options);
  struct tcp tcp = {.src_port = f->local_port,
                    .dst_port = f->remote_port,
                    .seq = s->seq,
                    .ack = s->ack,
                    .header_octets = (uint8_t)(TCP_OCTETS + n_options),
                    .flags = s->flags,
                    .window = s->window,
                    .urgent = s->urgent};
  if (n_options != room_options && s->n_data)
    memmove(q + TCP_OCTETS + n_options, q + TCP_OCTETS + room_options, s->n_data);
  tcp_put(q, &tcp);
  memcpy(q + TCP_OCTETS, options, n_options);
  put_be16(q + 16, 0);
  size_t n = tcp.header_octets + s->n_data;
  uint32_t sum = checksum_pseudo(&f->local, &f->remote, IP_PROTO_TCP, (uint32_t)n);
  put_be16(q + 16, checksum_finish(checksum_add(sum, q, n)));
  struct tcp_stack_ip ip = {
      .src = f->local, .dst = f->remote, .ttl = ttl, .dscp = dscp, .ecn = s->ip_ecn};
  return t->ops->take ? t->ops->send(t->data, &ip, n) : packet_finish(t, &ip, n);
}

static uint8_t *
take(struct tcp_stack *t, const struct ip_addr *remote, size_t n)
{
  return t->ops->take ? t->ops->take(t->data, remote, n) : packet_take(t, remote, n);
}

static void
untake(struct tcp_stack *t)
{
  if (t->ops->take)
    t->ops->untake(t->data);
  else
    packet_untake(t);
}

static void
send_all(struct tcp_sock *s, int64_t now_ns)
{
  struct tcp_stack *t = s->stack;
  size_t n = TCP_OCTETS + MAX(s->tcp.mss, TCP_HEADER_MAX - TCP_OCTETS);
  for (;;) {
    struct tcp_segment out;
    uint8_t *q = take(t, &s->flow.remote, n);
    if (!q)
      return;
    if (!tcp_conn_pop(&s->tcp, &out, q + TCP_OCTETS + s->n_options, now_ns)) {
      untake(t);
      return;
    }
    size_t n_options = s->n_options;
    g_assert(TCP_OCTETS + n_options + out.n_data <= n);
    if (!(out.flags & (TCP_SYN | TCP_RST)))
      s->n_options = out.options.has_timestamps ? TIMESTAMPS_OCTETS : 0;
    if (!send_segment(t, &s->flow, s->ttl, s->dscp, q, n_options, &out) &&
        s->tcp.state == TCP_SYN_SENT) {
      s->error = EHOSTUNREACH;
      tcp_conn_abort(&s->tcp, now_ns);
      return;
    }
  }
}

static void
send_refusal(struct tcp_stack *t, const struct tcp_stack_flow *f, const struct tcp_segment *s)
{
  struct tcp_segment rst;
  if (!tcp_conn_refuse(s, &rst))
    return;
  uint8_t *q = take(t, &f->remote, TCP_OCTETS);
  if (q)
    send_segment(t, f, t->ttl, 0, q, 0, &rst);
}

/* ---- work ---- */

/* The handshake's ACK leaves before the user may send: three segments, as every book draws them. */
static void
open_up(struct tcp_sock *s, int64_t now_ns)
{
  struct tcp_stack *t = s->stack;
  send_all(s, now_ns);
  s->is_open = true;
  struct tcp_sock *l = s->listener;
  if (!l)
    return;
  l->n_half_open--;
  l->n_waiting++;
  if (l->last_waiting)
    l->last_waiting->next_waiting = s;
  else
    l->first_waiting = s;
  l->last_waiting = s;
  if (t->ops->ready)
    t->ops->ready(t->data, l);
}

static bool
is_closed(const struct tcp_sock *s)
{
  return s->tcp.state == TCP_CLOSED && s->tcp.outcome != TCP_OUTCOME_NONE;
}

static void
end(struct tcp_sock *s)
{
  static const int errors[] = {[TCP_OUTCOME_REFUSED] = ECONNREFUSED,
                               [TCP_OUTCOME_RESET] = ECONNRESET,
                               [TCP_OUTCOME_TIMED_OUT] = ETIMEDOUT};
  struct tcp_stack *t = s->stack;
  enum tcp_outcome outcome = s->tcp.outcome;
  s->is_over = true;
  if (s->error == 0 && outcome > TCP_OUTCOME_DONE)
    s->error = outcome == TCP_OUTCOME_TIMED_OUT && s->soft_error ? s->soft_error : errors[outcome];
  unregister(s);
  heap_remove(s);
  if (!s->is_open)
    sock_leave_queue(s);
  if (t->ops->over)
    t->ops->over(t->data, s);
}

void
sock_work(struct tcp_sock *s, int64_t now_ns)
{
  struct tcp_stack *t = s->stack;
  if (s->is_working || s->is_held)
    return; /* what the user did from inside a notice leaves when the notice is over */
  s->is_working = true;
  if (!s->is_open && s->tcp.state >= TCP_ESTABLISHED)
    open_up(s, now_ns);
  if (t->ops->ready)
    t->ops->ready(t->data, s);
  send_all(s, now_ns);
  if (is_closed(s) && !s->is_over)
    end(s);
  s->is_working = false;
  bool is_orphan = !s->is_owned && !s->listener && s->tcp.state == TCP_FIN_WAIT_2;
  if (!is_orphan)
    s->orphan_ns = TCP_NEVER;
  else if (s->orphan_ns == TCP_NEVER)
    s->orphan_ns = now_ns + ORPHAN_NS;
  if (!s->is_over)
    sock_set_timer(s, MIN(tcp_conn_deadline(&s->tcp), s->orphan_ns));
  sock_collect(s);
}

/* ---- segments in ---- */

static void
note(struct tcp_stack *t, enum tcp_stack_note what, const struct tcp_stack_flow *flow)
{
  if (t->ops->note)
    t->ops->note(t->data, what, flow);
}

static void
open_from_syn(struct tcp_stack *t, const struct tcp_stack_flow *flow, const struct tcp_segment *seg,
              int64_t now_ns)
{
  struct tcp_sock *l = sock_listener(t, flow);
  bool is_syn = (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
  if (l && !(seg->flags & (TCP_SYN | TCP_ACK)))
    return; /* RFC 9293 3.10.7.2, fourth: text for nobody */
  if (!l || !is_syn) {
    send_refusal(t, flow, seg);
    return;
  }
  if (l->n_half_open == TCP_STACK_HALF_OPEN_MAX || l->n_waiting >= l->backlog ||
      g_hash_table_size(t->conns) >= TCP_STACK_CONNS_MAX) {
    note(t, TCP_STACK_BACKLOG_FULL, flow);
    return;
  }
  uint32_t iss = stack_begin(t, flow, now_ns);
  struct ip_addr local;
  uint32_t mtu;
  struct tcp_sock *s = sock_new(t, l);
  s->flow = *flow;
  s->kind = SOCK_CONN;
  s->version = flow->local.version;
  if (stack_route(t, &flow->remote, &local, &mtu, now_ns))
    sock_set_mtu(s, mtu);
  s->listener = l;
  l->n_half_open++;
  sock_register(s);
  if (t->ops->born)
    t->ops->born(t->data, s);
  tcp_conn_accept(&s->tcp, seg, iss, now_ns);
  sock_work(s, now_ns);
}

static bool
read_segment(const uint8_t *q, size_t n, const struct ip_addr *src, const struct ip_addr *dst,
             uint8_t ecn, struct tcp *tcp, struct tcp_segment *out)
{
  size_t header = tcp_get(q, n, tcp);
  uint32_t sum = checksum_pseudo(src, dst, IP_PROTO_TCP, (uint32_t)n);
  if (!header || checksum_finish(checksum_add(sum, q, n)) != 0)
    return false;
  *out = (struct tcp_segment){.seq = tcp->seq,
                              .ack = tcp->ack,
                              .flags = tcp->flags,
                              .window = tcp->window,
                              .urgent = tcp->urgent,
                              .ip_ecn = ecn,
                              .data = q + header,
                              .n_data = (uint32_t)(n - header)};
  if (header > TCP_OCTETS)
    tcp_options_get(q + TCP_OCTETS, header - TCP_OCTETS, &out->options);
  return true;
}

/* The last ACK of a handshake while nobody has accepted those before it. */
static bool
waits_outside(const struct tcp_sock *s, const struct tcp_segment *seg)
{
  return s->listener && s->tcp.state == TCP_SYN_RECEIVED &&
         (seg->flags & (TCP_ACK | TCP_RST | TCP_SYN)) == TCP_ACK && seg->ack == s->tcp.snd_max &&
         s->listener->n_waiting >= s->listener->backlog;
}

/* Data for somebody who closed: RFC 9293 3.6.1, RFC 1122 4.2.2.13. */
static bool
comes_too_late(const struct tcp_sock *s, const struct tcp_segment *seg)
{
  return !s->is_owned && !s->listener &&
         (s->tcp.state == TCP_FIN_WAIT_1 || s->tcp.state == TCP_FIN_WAIT_2) && seg->n_data > 0 &&
         (seg->flags & (TCP_ACK | TCP_RST | TCP_SYN)) == TCP_ACK &&
         seq_lt(seg->seq, s->tcp.rcv_edge) && seq_gt(seg->seq + seg->n_data, s->tcp.rcv_nxt);
}

static void
input(struct tcp_sock *s, const struct tcp_segment *seg, int64_t now_ns)
{
  struct tcp_stack *t = s->stack;
  if (waits_outside(s, seg)) {
    note(t, TCP_STACK_BACKLOG_FULL, &s->flow);
    if (!t->resets_on_overflow)
      return;
    send_refusal(t, &s->flow, seg);
    tcp_conn_finish(&s->tcp, TCP_OUTCOME_DONE, now_ns);
  } else if (comes_too_late(s, seg)) {
    send_refusal(t, &s->flow, seg);
    tcp_conn_finish(&s->tcp, TCP_OUTCOME_RESET, now_ns);
  } else {
    tcp_conn_input(&s->tcp, seg, now_ns);
  }
  sock_work(s, now_ns);
}

void
tcp_stack_segment(struct tcp_stack *t, const struct ip_addr *src, const struct ip_addr *dst,
                  uint8_t ecn, const uint8_t *q, size_t n, int64_t now_ns)
{
  struct tcp_stack_flow flow = {.local = *dst, .remote = *src};
  struct tcp tcp;
  struct tcp_segment seg;
  if (!read_segment(q, n, src, dst, ecn, &tcp, &seg)) {
    note(t, TCP_STACK_BAD_SEGMENT, &flow);
    return;
  }
  flow.local_port = tcp.dst_port;
  flow.remote_port = tcp.src_port;
  struct tcp_sock *s = sock_find(t, &flow);
  if (s && !tcp_conn_may_reuse(&s->tcp, &seg)) {
    input(s, &seg, now_ns);
    return;
  }
  open_from_syn(t, &flow, &seg, now_ns);
}

/* ---- the stack ---- */

struct tcp_stack *
tcp_stack_new(const struct tcp_stack_config *config)
{
  static const struct tcp_stack_ops silent = {0};
  const struct tcp_profile *profile = config->profile;
  if (!profile)
    profile = tcp_profile_by_name(config->profile_name ? config->profile_name : "linux");
  if (!profile)
    return NULL;
  struct tcp_stack *t = g_new0(struct tcp_stack, 1);
  t->ops = config->ops ? config->ops : &silent;
  t->data = config->data;
  t->profile = profile;
  t->isn_key[0] = config->isn_key[0];
  t->isn_key[1] = config->isn_key[1];
  t->isn = config->isn;
  t->ports = config->ports;
  t->ttl = config->ttl ? config->ttl : TTL_DEFAULT;
  t->mtu = config->mtu ? MAX(config->mtu, MTU_LEAST) : MTU_DEFAULT;
  t->resets_on_overflow = config->resets_on_overflow;
  t->wants_watch = config->wants_watch;
  t->conns = g_hash_table_new(flow_hash, flow_equal);
  t->bound = g_hash_table_new(NULL, NULL);
  t->heap = g_ptr_array_new();
  g_queue_init(&t->packets);
  return t;
}

void
tcp_stack_free(struct tcp_stack *t)
{
  while (t->newest)
    sock_free(t->newest);
  packet_clear_all(t);
  g_ptr_array_free(t->heap, TRUE);
  g_hash_table_destroy(t->bound);
  g_hash_table_destroy(t->conns);
  g_free(t);
}

uint32_t
tcp_stack_n_conns(const struct tcp_stack *t)
{
  return g_hash_table_size(t->conns);
}
