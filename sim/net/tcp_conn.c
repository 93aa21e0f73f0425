/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_conn.c -- the life of one TCP connection: opening, the user's calls, windows, and what is
 * shown.
 *
 *                    accept (SYN came)                     connect
 *   CLOSED ──────────> SYN-RECEIVED <──input: SYN── SYN-SENT <── CLOSED
 *                          │ input: ACK                │ input: SYN,ACK
 *                          └────────> ESTABLISHED <────┘
 *               pop: FIN │                        │ input: FIN
 *                    FIN-WAIT-1 ──input: FIN──> CLOSING     CLOSE-WAIT
 *          input: ACK │         └─FIN,ACK─┐       │ ACK          │ pop: FIN
 *                    FIN-WAIT-2 ──FIN──> TIME-WAIT         LAST-ACK ──input: ACK──> CLOSED
 *
 * All changes go through tcp_conn_set_state(). Segments that arrive are in tcp_input.c, segments
 * that leave and timers in tcp_output.c, congestion and round-trip times in tcp_congestion.c. RFC
 * 9293. */
#include "sim/net/tcp_conn.h"

#include <glib.h>
#include <string.h>

static const char *const state_names[] = {
    [TCP_CLOSED] = "CLOSED",           [TCP_LISTEN] = "LISTEN",
    [TCP_SYN_SENT] = "SYN-SENT",       [TCP_SYN_RECEIVED] = "SYN-RECEIVED",
    [TCP_ESTABLISHED] = "ESTABLISHED", [TCP_FIN_WAIT_1] = "FIN-WAIT-1",
    [TCP_FIN_WAIT_2] = "FIN-WAIT-2",   [TCP_CLOSE_WAIT] = "CLOSE-WAIT",
    [TCP_CLOSING] = "CLOSING",         [TCP_LAST_ACK] = "LAST-ACK",
    [TCP_TIME_WAIT] = "TIME-WAIT",
};
_Static_assert(G_N_ELEMENTS(state_names) == TCP_N_STATES, "every state has a name");

/* RFC 9293 3.7.1: what to send when the peer announces no MSS. */
enum { MSS_DEFAULT = 536, WSCALE_MAX = 14 };
/* RFC 1122 3.3.3 and 8200 5: a smaller claim is an attack on throughput. */
enum { MTU_MIN_V4 = 576, MTU_MIN_V6 = 1280 };

const char *
tcp_state_name(enum tcp_state state)
{
  return state_names[state];
}

void
tcp_conn_init(struct tcp_conn *c, const struct tcp_profile *profile, tcp_watch watch,
              void *watch_data)
{
  *c = (struct tcp_conn){.profile = profile,
                         .rto_ns = profile->rto_initial_ns,
                         .mss = profile->mss,
                         .ip_octets = 20,
                         .snd_mss = MIN(MSS_DEFAULT, profile->mss),
                         .is_nodelay = !profile->nagle,
                         .is_keepalive = profile->keepalive,
                         .keepalive_probes = profile->keepalive_probes,
                         .keepalive_idle_ns = profile->keepalive_idle_ns,
                         .keepalive_interval_ns = profile->keepalive_interval_ns,
                         .user_timeout_ns = profile->user_timeout_ns,
                         .rexmit_at = TCP_NEVER,
                         .persist_at = TCP_NEVER,
                         .ack_at = TCP_NEVER,
                         .time_wait_at = TCP_NEVER,
                         .watch = watch,
                         .watch_data = watch_data};
}

void
tcp_conn_clear(struct tcp_conn *c)
{
  ring_clear(&c->send);
  ring_clear(&c->receive);
}

void
tcp_conn_set_state(struct tcp_conn *c, enum tcp_state state, int64_t now_ns)
{
  if (c->state == state)
    return;
  c->state = state;
  if (state == TCP_TIME_WAIT) {
    c->time_wait_at = now_ns + c->profile->time_wait_ns;
    c->rexmit_at = c->persist_at = TCP_NEVER;
  }
  if (c->watch)
    c->watch(c->watch_data, c, "state", state_names[state], state);
}

void
tcp_conn_finish(struct tcp_conn *c, enum tcp_outcome outcome, int64_t now_ns)
{
  c->outcome = outcome;
  c->rexmit_at = c->persist_at = c->ack_at = c->time_wait_at = TCP_NEVER;
  c->ack_now = c->probe_now = c->repeat_now = false;
  ring_clear(&c->send);
  c->snd_una = c->snd_nxt = c->snd_max;
  c->wants_fin = false;
  tcp_conn_set_state(c, TCP_CLOSED, now_ns);
}

/* ---- what is shown ---- */

static void
show(struct tcp_conn *c, enum tcp_value which, uint32_t value)
{
  static const char *const keys[] = {
      [TCP_SND_UNA] = "snd_una",   [TCP_SND_NXT] = "snd_nxt", [TCP_SND_WND] = "snd_wnd",
      [TCP_RCV_NXT] = "rcv_nxt",   [TCP_RCV_WND] = "rcv_wnd", [TCP_CWND] = "cwnd",
      [TCP_SSTHRESH] = "ssthresh", [TCP_FLIGHT] = "flight",   [TCP_RTO_MS] = "rto_ms",
      [TCP_SRTT_MS] = "srtt_ms"};
  _Static_assert(G_N_ELEMENTS(keys) == TCP_N_VALUES, "every value has a key");
  struct tcp_shown *s = &c->shown;
  if ((s->told & 1u << which) && s->values[which] == value)
    return;
  s->told |= (uint16_t)(1u << which);
  s->values[which] = value;
  c->watch(c->watch_data, c, keys[which], NULL, value);
}

static uint32_t
in_ms(int64_t us)
{
  return (uint32_t)((us + 500) / 1000);
}

static bool
has_peer(const struct tcp_conn *c)
{
  return c->state > TCP_SYN_SENT;
}

void
tcp_conn_show(struct tcp_conn *c)
{
  /* Invariants: RFC 9293 3.3.1, and that nothing is sent twice or kept without reason. */
  g_assert(seq_le(c->snd_una, c->snd_nxt) && seq_le(c->snd_nxt, c->snd_max));
  g_assert(c->state == TCP_CLOSED || seq_le(c->snd_max, tcp_conn_send_end(c)));
  g_assert(!has_peer(c) || seq_le(c->rcv_nxt, c->rcv_edge + 1)); /* +1: FIN needs no room */
  g_assert(c->send.used <= c->profile->send_octets);
  g_assert(c->state == TCP_CLOSED || c->cwnd >= 1);
  for (unsigned i = 0; i < c->n_pieces; i++) {
    g_assert(seq_lt(c->pieces[i].left, c->pieces[i].right));
    g_assert(seq_lt(i ? c->pieces[i - 1].right : c->rcv_nxt, c->pieces[i].left));
  }
  if (!c->watch)
    return;
  show(c, TCP_SND_UNA, c->snd_una);
  show(c, TCP_SND_NXT, c->snd_nxt);
  show(c, TCP_CWND, c->cwnd);
  show(c, TCP_SSTHRESH, c->ssthresh);
  show(c, TCP_FLIGHT, c->snd_nxt - c->snd_una);
  show(c, TCP_RTO_MS, in_ms(tcp_rtt_timeout(c, c->backoff) / 1000));
  if (c->rtt_known)
    show(c, TCP_SRTT_MS, in_ms(c->srtt_us));
  if (has_peer(c)) {
    show(c, TCP_SND_WND, c->snd_wnd);
    show(c, TCP_RCV_NXT, c->rcv_nxt);
    show(c, TCP_RCV_WND, seq_gt(c->rcv_edge, c->rcv_nxt) ? c->rcv_edge - c->rcv_nxt : 0);
  }
}

/* ---- opening ---- */

static void
start(struct tcp_conn *c, uint32_t iss, int64_t now_ns)
{
  c->iss = c->snd_una = c->snd_nxt = c->snd_max = iss;
  c->recover = iss;
  c->progress_ns = c->last_send_ns = now_ns;
  c->rcv_scale = c->profile->wscale > 0 ? (uint8_t)c->profile->wscale : 0;
  tcp_congestion_start(c);
}

void
tcp_conn_connect(struct tcp_conn *c, uint32_t iss, int64_t now_ns)
{
  g_assert(c->state == TCP_CLOSED);
  start(c, iss, now_ns);
  tcp_conn_set_state(c, TCP_SYN_SENT, now_ns);
  tcp_conn_show(c);
}

/* The options of the peer's SYN: RFC 9293 3.7.1, RFC 7323 2.2. */
static void
take_syn_options(struct tcp_conn *c, const struct tcp_options *o)
{
  c->snd_mss = o->has_mss && o->mss > 0 ? o->mss : MSS_DEFAULT;
  c->snd_mss = MIN(c->snd_mss, c->mss);
  if (o->has_wscale && c->profile->wscale >= 0) {
    c->snd_scale = MIN(o->wscale, WSCALE_MAX);
  } else {
    c->snd_scale = c->rcv_scale = 0;
    c->peer_refuses_scale = true;
  }
  tcp_congestion_start(c);
}

/* What a SYN says, for both kinds of OPEN. Its window is never scaled. */
void
tcp_conn_take_syn(struct tcp_conn *c, const struct tcp_segment *syn)
{
  uint32_t announced = c->rcv_edge - c->rcv_nxt;
  c->irs = syn->seq;
  c->rcv_nxt = syn->seq + 1;
  c->rcv_edge = c->rcv_nxt + announced;
  take_syn_options(c, &syn->options);
  c->snd_wnd = c->snd_wnd_max = syn->window;
  c->snd_wl1 = syn->seq;
  c->snd_wl2 = syn->ack;
}

void
tcp_conn_accept(struct tcp_conn *c, const struct tcp_segment *syn, uint32_t iss, int64_t now_ns)
{
  g_assert(c->state == TCP_CLOSED && (syn->flags & TCP_SYN));
  start(c, iss, now_ns);
  c->is_passive = true;
  tcp_conn_take_syn(c, syn);
  c->snd_wl2 = iss;
  tcp_conn_set_state(c, TCP_SYN_RECEIVED, now_ns);
  tcp_conn_show(c);
}

bool
tcp_conn_refuse(const struct tcp_segment *s, struct tcp_segment *out)
{
  if (s->flags & TCP_RST)
    return false;
  *out = (struct tcp_segment){.flags = TCP_RST};
  if (s->flags & TCP_ACK) {
    out->seq = s->ack;
    return true;
  }
  out->flags |= TCP_ACK;
  out->ack = s->seq + s->n_data + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
  return true;
}

void
tcp_conn_set_mtu(struct tcp_conn *c, uint32_t mtu, uint8_t ip_octets)
{
  g_assert(c->state == TCP_CLOSED);
  c->mss = (uint16_t)MIN(mtu - ip_octets - TCP_OCTETS, UINT16_MAX);
  c->ip_octets = ip_octets;
  c->snd_mss = MIN(MSS_DEFAULT, c->mss);
}

bool
tcp_conn_too_big(struct tcp_conn *c, uint32_t seq, uint32_t mtu)
{
  /* RFC 5927 4.1 and 7.2: the quoted number is one that is in flight. */
  if (seq_lt(seq, c->snd_una) || seq_ge(seq, c->snd_max) || c->state < TCP_ESTABLISHED)
    return false;
  mtu = MAX(mtu, c->ip_octets == 40 ? MTU_MIN_V6 : MTU_MIN_V4);
  if (mtu - c->ip_octets - TCP_OCTETS >= c->snd_mss)
    return false;
  c->snd_mss = (uint16_t)(mtu - c->ip_octets - TCP_OCTETS);
  c->snd_nxt = c->snd_una;
  c->rtt_running = false;
  tcp_conn_show(c);
  return true;
}

void
tcp_conn_set(struct tcp_conn *c, enum tcp_knob knob, int64_t value, int64_t now_ns)
{
  switch (knob) {
  case TCP_KNOB_NODELAY:
    c->is_nodelay = value != 0;
    break;
  case TCP_KNOB_CORK:
    c->is_corked = value != 0;
    break;
  case TCP_KNOB_QUICKACK:
    c->is_quickack = value != 0;
    break;
  case TCP_KNOB_KEEPALIVE:
    c->is_keepalive = value != 0;
    break;
  case TCP_KNOB_KEEPALIVE_IDLE_NS:
    c->keepalive_idle_ns = value;
    break;
  case TCP_KNOB_KEEPALIVE_INTERVAL_NS:
    c->keepalive_interval_ns = value;
    break;
  case TCP_KNOB_KEEPALIVE_PROBES:
    c->keepalive_probes = (unsigned)value;
    break;
  case TCP_KNOB_USER_TIMEOUT_NS:
    c->user_timeout_ns = value;
    break;
  case TCP_N_KNOBS:
    break;
  }
  tcp_conn_show(c);
}

void
tcp_conn_reply_rst(struct tcp_conn *c, uint32_t seq)
{
  c->rst_now = true;
  c->rst_seq = seq;
}

/* ---- windows ---- */

uint32_t
tcp_conn_data_end(const struct tcp_conn *c)
{
  /* Until the SYN is acknowledged, snd_una stands before it and the data follow it. */
  return c->snd_una + c->send.used + (c->state <= TCP_SYN_RECEIVED);
}

uint32_t
tcp_conn_send_end(const struct tcp_conn *c)
{
  return tcp_conn_data_end(c) + (c->wants_fin && !c->fin_acked);
}

static uint32_t
free_octets(const struct tcp_conn *c)
{
  return c->profile->receive_octets > c->receive.used ? c->profile->receive_octets - c->receive.used
                                                      : 0;
}

/* How far the right edge may move before it is worth telling: RFC 1122 4.2.3.3. */
static uint32_t
edge_step(const struct tcp_conn *c)
{
  return MIN(c->profile->receive_octets / 2, c->mss);
}

uint16_t
tcp_conn_window(struct tcp_conn *c)
{
  uint32_t edge = c->rcv_edge, right = c->rcv_nxt + free_octets(c);
  if (seq_gt(right, edge) && right - edge >= edge_step(c))
    edge = right;
  uint32_t window = seq_gt(edge, c->rcv_nxt) ? edge - c->rcv_nxt : 0;
  /* In a SYN the window is not scaled (RFC 7323 2.2). */
  unsigned scale = c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED ? 0 : c->rcv_scale;
  uint32_t field = MIN(window >> scale, UINT16_MAX);
  /* Rounding down may show up to 2^scale - 1 octets less than was promised (RFC 7323 2.4); the
   * promise is kept. */
  if (seq_gt(c->rcv_nxt + (field << scale), c->rcv_edge))
    c->rcv_edge = c->rcv_nxt + (field << scale);
  return (uint16_t)field;
}

/* The reader made room: is that worth a segment of its own? Only when the peer must be waiting. */
bool
tcp_conn_wants_update(const struct tcp_conn *c)
{
  uint32_t right = c->rcv_nxt + free_octets(c);
  if (seq_le(right, c->rcv_edge))
    return false;
  uint32_t more = right - c->rcv_edge;
  uint32_t left = seq_gt(c->rcv_edge, c->rcv_nxt) ? c->rcv_edge - c->rcv_nxt : 0;
  return more >= c->profile->receive_octets / 2 || (left < c->mss && more >= edge_step(c));
}

/* ---- the user's calls ---- */

static bool
may_send(const struct tcp_conn *c)
{
  return !c->wants_fin && (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED ||
                           c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT);
}

size_t
tcp_conn_room(const struct tcp_conn *c)
{
  return may_send(c) ? c->profile->send_octets - c->send.used : 0;
}

size_t
tcp_conn_send(struct tcp_conn *c, const uint8_t *p, size_t n, int64_t now_ns)
{
  n = MIN(n, tcp_conn_room(c));
  if (n == 0)
    return 0;
  tcp_congestion_idle(c, now_ns);
  ring_append(&c->send, p, (uint32_t)n);
  return n;
}

uint32_t
tcp_conn_peek(const struct tcp_conn *c, const uint8_t **out)
{
  return c->receive.used ? ring_peek(&c->receive, out) : 0;
}

void
tcp_conn_drop(struct tcp_conn *c, uint32_t n, int64_t now_ns)
{
  ring_drop(&c->receive, n, c->n_pieces == 0);
  if (c->state >= TCP_ESTABLISHED && c->state <= TCP_FIN_WAIT_2 && tcp_conn_wants_update(c))
    c->ack_now = true;
}

bool
tcp_conn_is_at_end(const struct tcp_conn *c)
{
  return c->fin_seen && seq_gt(c->rcv_nxt, c->fin_seq);
}

void
tcp_conn_close(struct tcp_conn *c, int64_t now_ns)
{
  switch (c->state) {
  case TCP_SYN_SENT:
    tcp_conn_finish(c, TCP_OUTCOME_DONE, now_ns);
    break;
  case TCP_SYN_RECEIVED:
  case TCP_ESTABLISHED:
  case TCP_CLOSE_WAIT:
    c->wants_fin = true; /* the state changes when the FIN leaves: tcp_output.c */
    break;
  default:
    break; /* closing already */
  }
  tcp_conn_show(c);
}

void
tcp_conn_abort(struct tcp_conn *c, int64_t now_ns)
{
  /* RFC 9293 3.10.5: states in which the peer knows of us get <SEQ=SND.NXT><CTL=RST>. */
  bool known =
      c->state == TCP_SYN_RECEIVED || (c->state >= TCP_ESTABLISHED && c->state <= TCP_CLOSE_WAIT);
  uint32_t seq = c->snd_max;
  if (c->state != TCP_CLOSED)
    tcp_conn_finish(c, TCP_OUTCOME_DONE, now_ns);
  if (known)
    tcp_conn_reply_rst(c, seq);
  tcp_conn_show(c);
}
