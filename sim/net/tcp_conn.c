/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_conn.c -- the life of one TCP connection: opening, the user's calls and windows.
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
 * that leave in tcp_output.c, timers in tcp_timer.c. RFC 9293. */
#include <glib.h>
#include <string.h>

#include "capture/wire/net.h"
#include "sim/net/tcp_internal.h"

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
/* RFC 7323 appendix A: the octets of every segment that timestamps take from the data. */
enum { TIMESTAMP_OCTETS = 12 };
/* A smaller claim is an attack on throughput (RFC 5927 7.2): no IPv4 link of today is narrower, and
 * IPv6 promises 1280 octets (RFC 8200 5). */
enum { MTU_MIN_V4 = 256, MTU_MIN_V6 = 1280 };

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
                         .keepalive_at = TCP_NEVER,
                         .cork_at = TCP_NEVER,
                         .watch = watch,
                         .watch_data = watch_data};
}

void
tcp_conn_clear(struct tcp_conn *c)
{
  ring_clear(&c->send);
  ring_clear(&c->receive);
  tcp_sack_clear(c);
  g_clear_pointer(&c->shown, g_free);
}

void
tcp_conn_set_state(struct tcp_conn *c, enum tcp_state state, int64_t now_ns)
{
  if (c->state == state)
    return;
  c->state = state;
  if (state == TCP_TIME_WAIT) {
    c->time_wait_at = now_ns + c->profile->time_wait_ns;
    c->rexmit_at = c->persist_at = c->keepalive_at = TCP_NEVER;
  }
  if (c->watch)
    c->watch(c->watch_data, c, "state", state_names[state], state);
}

void
tcp_conn_finish(struct tcp_conn *c, enum tcp_outcome outcome, int64_t now_ns)
{
  c->outcome = outcome;
  c->rexmit_at = c->persist_at = c->ack_at = c->time_wait_at = TCP_NEVER;
  c->keepalive_at = c->cork_at = TCP_NEVER;
  c->ack_now = c->probe_now = c->repeat_now = c->keepalive_now = c->is_urgent = false;
  ring_clear(&c->send);
  tcp_sack_clear(c);
  c->snd_una = c->snd_nxt = c->snd_max;
  c->wants_fin = false;
  tcp_conn_set_state(c, TCP_CLOSED, now_ns);
}

/* ---- opening ---- */

static void
start(struct tcp_conn *c, uint32_t iss, int64_t now_ns)
{
  c->iss = c->snd_una = c->snd_nxt = c->snd_max = iss;
  c->recover = c->cwnd_used = c->ecn_recover = c->repeated_end = c->snd_small = iss;
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

uint32_t
tcp_conn_ts(const struct tcp_conn *c, int64_t now_ns)
{
  return c->ts_offset + (uint32_t)(now_ns / 1000000);
}

/* Data octets of a full segment: the MSS counts without options (RFC 6691). */
static uint16_t
without_options(const struct tcp_conn *c, uint32_t mss)
{
  return (uint16_t)(c->use_ts && mss > 2 * TIMESTAMP_OCTETS ? mss - TIMESTAMP_OCTETS : mss);
}

/* The options of the peer's SYN: RFC 9293 3.7.1, RFC 7323 2.2 and 3.2, RFC 2018 2. */
static void
take_syn_options(struct tcp_conn *c, const struct tcp_options *o, int64_t now_ns)
{
  const struct tcp_profile *profile = c->profile;
  c->use_scale = o->has_wscale && profile->wscale >= 0;
  c->snd_scale = c->use_scale ? MIN(o->wscale, WSCALE_MAX) : 0;
  c->rcv_scale = c->use_scale ? c->rcv_scale : 0;
  c->use_sack = o->has_sack_permitted && profile->sack;
  c->use_ts = o->has_timestamps && profile->timestamps;
  if (c->use_ts) {
    c->ts_recent = o->ts_value;
    c->ts_recent_ns = now_ns;
  }
  uint32_t mss = o->has_mss && o->mss > 0 ? o->mss : MSS_DEFAULT;
  c->snd_mss = without_options(c, MIN(mss, c->mss));
  tcp_congestion_start(c);
}

/* RFC 3168 6.1.1: a SYN asks with ECE and CWR, a SYN,ACK agrees with ECE alone. */
static bool
agrees_on_ecn(const struct tcp_conn *c, const struct tcp_segment *syn)
{
  uint16_t bits = syn->flags & (TCP_ECE | TCP_CWR);
  if (syn->flags & TCP_ACK)
    return c->profile->ecn == TCP_ECN_ASK && !c->syn_repeated && bits == TCP_ECE;
  return c->profile->ecn != TCP_ECN_OFF && bits == (TCP_ECE | TCP_CWR);
}

/* What a SYN says, for both kinds of OPEN. Its window is never scaled. */
void
tcp_conn_take_syn(struct tcp_conn *c, const struct tcp_segment *syn, int64_t now_ns)
{
  uint32_t announced = c->rcv_edge - c->rcv_nxt;
  c->irs = syn->seq;
  c->rcv_nxt = c->last_ack_sent = syn->seq + 1;
  c->rcv_edge = c->rcv_nxt + announced;
  take_syn_options(c, &syn->options, now_ns);
  c->use_ecn = agrees_on_ecn(c, syn);
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
  tcp_conn_take_syn(c, syn, now_ns);
  tcp_receive_early(c, syn);
  c->snd_wl2 = iss;
  c->heard_ns = now_ns;
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

uint32_t
tcp_conn_packet_octets(const struct tcp_conn *c)
{
  return (uint32_t)c->ip_octets + TCP_OCTETS + (c->use_ts ? TIMESTAMP_OCTETS : 0) + c->snd_mss;
}

bool
tcp_conn_too_big(struct tcp_conn *c, uint32_t seq, uint32_t mtu)
{
  /* RFC 5927 4.1 and 7.2: the quoted number is one that is in flight. */
  if (seq_lt(seq, c->snd_una) || seq_ge(seq, c->snd_max) || c->state < TCP_ESTABLISHED)
    return false;
  mtu = MAX(mtu, c->ip_octets == IPV6_OCTETS ? MTU_MIN_V6 : MTU_MIN_V4);
  uint32_t mss = mtu - c->ip_octets - TCP_OCTETS;
  if (mss > UINT16_MAX || without_options(c, mss) >= c->snd_mss)
    return false;
  c->snd_mss = without_options(c, mss);
  /* Not a sign of a full path: cwnd stays (RFC 1191 6.3). All goes out again, whatever was being
   * repaired. */
  if (c->is_recovering) {
    c->cwnd = MIN(c->cwnd, c->ssthresh);
    tcp_congestion_end_recovery(c);
  }
  c->n_duplicates = 0;
  c->repeated_end = c->snd_max;
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
    c->cork_at = TCP_NEVER;
    break;
  case TCP_KNOB_QUICKACK:
    c->is_quickack = value != 0;
    c->ack_now = c->ack_now || (c->is_quickack && c->ack_at != TCP_NEVER);
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
  if (c->state >= TCP_ESTABLISHED && knob >= TCP_KNOB_KEEPALIVE)
    tcp_timer_arm_keepalive(c, now_ns);
  tcp_conn_show(c);
}

void
tcp_conn_reply_rst(struct tcp_conn *c, uint32_t seq)
{
  c->rst_now = true;
  c->rst_acks = false;
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

size_t
tcp_conn_send_urgent(struct tcp_conn *c, const uint8_t *p, size_t n, int64_t now_ns)
{
  n = tcp_conn_send(c, p, n, now_ns);
  if (n == 0)
    return 0;
  c->is_urgent = true;
  c->snd_up = tcp_conn_data_end(c);
  /* The mark is told at once, even when the window lets no octet out. */
  c->ack_now = c->ack_now || c->state >= TCP_ESTABLISHED;
  return n;
}

uint32_t
tcp_conn_urgent(const struct tcp_conn *c)
{
  uint32_t read = c->rcv_nxt - c->receive.used - tcp_conn_is_at_end(c);
  return c->has_rcv_up && seq_gt(c->rcv_up, read) ? c->rcv_up - read : 0;
}

uint32_t
tcp_conn_peek(const struct tcp_conn *c, const uint8_t **out)
{
  /* Data of a SYN wait until the handshake is done (RFC 9293 3.4). */
  return c->receive.used && c->state != TCP_SYN_RECEIVED ? ring_peek(&c->receive, out) : 0;
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
  if (known) {
    tcp_conn_reply_rst(c, seq);
    c->rst_acks = c->profile->rst_acks;
  }
  tcp_conn_show(c);
}

bool
tcp_conn_may_reuse(const struct tcp_conn *c, const struct tcp_segment *syn)
{
  if (c->state != TCP_TIME_WAIT || (syn->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
    return false;
  bool is_behind = seq_gt(syn->seq, c->rcv_nxt);
  const struct tcp_options *o = &syn->options;
  if (!o->has_timestamps || !c->profile->timestamps)
    return is_behind;
  if (!c->use_ts || o->ts_value == c->ts_recent)
    return is_behind || !c->use_ts;
  return seq_gt(o->ts_value, c->ts_recent);
}
