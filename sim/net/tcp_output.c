/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_output.c -- which segment leaves next.
 *
 * tcp_conn_pop() asks in this order:
 *
 *   RST that waits > SYN > repeat of the first octets (fast retransmit), lost octets (SACK)
 *                > window probe > new octets as far as windows, Nagle and silly-window rules let
 * them > other octets that SACK misses > keep-alive > plain ACK
 *
 * After a timeout snd_nxt falls back to snd_una: all goes out again as if new, but for what is
 * SACKed. RFC 9293 3.8, RFC 6675, RFC 1122 4.2.3.4. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

enum { ECT_0 = 2, SACK_OPTION_OCTETS = 4 /* kind, length, two NOP */, SACK_BLOCK_OCTETS = 8 };
#define CORK_NS (INT64_C(200) * 1000000) /* as Linux */

static void
fill_segment(struct tcp_conn *c, struct tcp_segment *out, uint32_t seq, uint16_t flags,
             int64_t now_ns)
{
  *out = (struct tcp_segment){.seq = seq, .flags = flags, .window = tcp_conn_window(c)};
  out->options.order = (uint8_t)c->profile->option_order;
  if (c->use_ts) {
    out->options.has_timestamps = true;
    out->options.ts_value = tcp_conn_ts(c, now_ns);
    out->options.ts_echo = flags & TCP_ACK ? c->ts_recent : 0;
  }
  if (c->is_urgent && seq_gt(c->snd_up, seq) && !(flags & TCP_SYN)) {
    out->flags |= TCP_URG;
    out->urgent = (uint16_t)MIN(c->snd_up - seq, UINT16_MAX);
  }
  if (!(flags & TCP_ACK))
    return;
  if (c->n_blocks + c->has_duplicate > 0 && !(flags & TCP_SYN))
    tcp_receive_put_blocks(c, &out->options);
  if (c->ece_owed && !(flags & TCP_SYN))
    out->flags |= TCP_ECE;
  out->ack = c->rcv_nxt;
  c->last_ack_sent = c->rcv_nxt;
  c->ack_now = false;
  c->ack_at = TCP_NEVER;
  c->n_unacked = 0;
}

static bool
pop_rst(struct tcp_conn *c, struct tcp_segment *out, int64_t now_ns)
{
  if (!c->rst_now)
    return false;
  c->rst_now = false;
  *out = (struct tcp_segment){.seq = c->rst_seq, .flags = TCP_RST};
  if (!c->rst_acks)
    return true;
  out->flags |= TCP_ACK;
  out->ack = c->rcv_nxt;
  out->options.order = (uint8_t)c->profile->option_order;
  out->options.has_timestamps = c->use_ts; /* RFC 7323 3.2 */
  out->options.ts_value = tcp_conn_ts(c, now_ns);
  out->options.ts_echo = c->ts_recent;
  return true;
}

/* A SYN,ACK has those options that the SYN had. */
static bool
pop_syn(struct tcp_conn *c, struct tcp_segment *out, int64_t now_ns)
{
  if (c->snd_nxt != c->iss)
    return false;
  bool answers = c->state == TCP_SYN_RECEIVED;
  const struct tcp_profile *profile = c->profile;
  fill_segment(c, out, c->iss, TCP_SYN | (answers ? TCP_ACK : 0), now_ns);
  struct tcp_options *o = &out->options;
  o->has_mss = true;
  o->mss = c->mss;
  o->has_wscale = answers ? c->use_scale : profile->wscale >= 0;
  o->wscale = (uint8_t)MAX(profile->wscale, 0);
  o->has_sack_permitted = answers ? c->use_sack : profile->sack;
  o->has_timestamps = answers ? c->use_ts : profile->timestamps;
  o->ts_value = tcp_conn_ts(c, now_ns);
  /* RFC 3168 6.1.1.1: a SYN that was lost asks no more, for some path may dislike the question. */
  if (answers && c->use_ecn)
    out->flags |= TCP_ECE;
  else if (!answers && profile->ecn == TCP_ECN_ASK && !c->syn_repeated)
    out->flags |= TCP_ECE | TCP_CWR;
  if (c->snd_max == c->iss) {
    tcp_rtt_start(c, c->iss, now_ns);
  } else {
    c->rtt_running = false;
    c->repeated_end = c->iss + 1;
  }
  c->snd_nxt = c->snd_max = c->iss + 1;
  c->last_send_ns = now_ns;
  tcp_timer_arm_rexmit(c, now_ns);
  return true;
}

/* The octets of data that fit into a segment next to the SACK blocks that it will carry. */
static uint32_t
room_in_segment(const struct tcp_conn *c)
{
  unsigned n = c->n_blocks + c->has_duplicate;
  if (n == 0)
    return c->snd_mss;
  n = MIN(n, c->use_ts ? TCP_SACK_MAX - 1u : TCP_SACK_MAX);
  uint32_t octets = SACK_OPTION_OCTETS + n * SACK_BLOCK_OCTETS;
  return c->snd_mss > 2 * octets ? c->snd_mss - octets : c->snd_mss;
}

/* Fills a segment with n octets (and the FIN) from `seq`, and does the books of sending it. */
static void
send_octets(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, uint32_t seq, uint32_t n,
            bool fin, int64_t now_ns)
{
  uint16_t flags = TCP_ACK;
  if (n > 0 && seq + n == tcp_conn_data_end(c))
    flags |= TCP_PSH;
  if (fin)
    flags |= TCP_FIN;
  fill_segment(c, out, seq, flags, now_ns);
  ring_read(&c->send, seq - c->snd_una, data, n);
  out->data = data;
  out->n_data = n;
  uint32_t end = seq + n + fin;
  if (seq == c->snd_max) {
    if (c->snd_una == c->snd_max)
      c->progress_ns = now_ns;
    tcp_rtt_start(c, seq, now_ns);
    if (c->use_ecn && n > 0) {
      out->ip_ecn = ECT_0;
      if (c->cwr_owed)
        out->flags |= TCP_CWR;
      c->cwr_owed = false;
    }
  } else {
    c->rtt_running = false;
    if (seq_gt(end, c->repeated_end))
      c->repeated_end = end;
  }
  if (n < c->snd_mss && !fin)
    c->snd_small = end;
  if (seq_gt(end, c->snd_max))
    c->snd_max = end;
  c->last_send_ns = now_ns;
  if (fin && (c->state == TCP_ESTABLISHED || c->state == TCP_SYN_RECEIVED))
    tcp_conn_set_state(c, TCP_FIN_WAIT_1, now_ns);
  else if (fin && c->state == TCP_CLOSE_WAIT)
    tcp_conn_set_state(c, TCP_LAST_ACK, now_ns);
}

/* Sends octets [seq, seq + n) of those that were sent before, the FIN being the last perhaps. */
static bool
repeat_octets(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, uint32_t seq, uint32_t n,
              int64_t now_ns)
{
  uint32_t data_end = tcp_conn_data_end(c);
  n = MIN(n, room_in_segment(c));
  bool fin = c->wants_fin && seq_gt(seq + n, data_end);
  if (fin)
    n--;
  if (n == 0 && !fin)
    return false;
  send_octets(c, out, data, seq, n, fin, now_ns);
  if (seq_lt(c->snd_nxt, seq + n + fin))
    c->snd_nxt = seq + n + fin;
  if (c->rexmit_at == TCP_NEVER)
    tcp_timer_arm_rexmit(c, now_ns);
  return true;
}

/* Fast retransmit and partial ACKs: the first octets that nobody acknowledged, once. */
static bool
pop_repeat(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (!c->repeat_now)
    return false;
  c->repeat_now = false;
  uint32_t left, right;
  if (!tcp_sack_hole(c, c->snd_una, &left, &right))
    return false;
  uint32_t n = MIN(right - left, room_in_segment(c));
  if (c->use_sack)
    c->high_rxt = left + n;
  return repeat_octets(c, out, data, left, n, now_ns);
}

/* What SACK calls lost goes before new data, what it merely misses behind them. */
static bool
pop_hole(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns,
         bool (*next)(struct tcp_conn *c, uint32_t *seq, uint32_t *n))
{
  uint32_t seq, n;
  if (!c->is_recovering || !c->use_sack || tcp_congestion_usable(c) < c->snd_mss)
    return false;
  return next(c, &seq, &n) && repeat_octets(c, out, data, seq, n, now_ns);
}

/* What a silly window has room for (the override time of RFC 9293 3.8.6.2.1), or one octet beyond a
 * closed one (3.8.6.1). That octet counts as sent, for its ACK must be acceptable, but not as in
 * flight. */
static bool
pop_probe(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (!c->probe_now)
    return false;
  c->probe_now = false;
  uint32_t waiting = tcp_conn_data_end(c) - c->snd_una;
  uint32_t n = MIN(waiting, CLAMP(c->snd_wnd, 1, room_in_segment(c)));
  bool fin = waiting == 0 && c->wants_fin;
  if ((n == 0 && !fin) || c->snd_nxt != c->snd_una)
    return false;
  send_octets(c, out, data, c->snd_una, n, fin, now_ns);
  if (c->snd_wnd > 0) {
    c->snd_nxt = c->snd_una + n + fin;
    tcp_timer_arm_rexmit(c, now_ns);
    return true;
  }
  out->ip_ecn = 0; /* RFC 3168 6.1.6 */
  c->rtt_running = false;
  return true;
}

/* Nagle (RFC 9293 3.7.4) holds small segments back while anything, or with Minshall's change
 * another small one, is in flight. */
static bool
nagle_holds(const struct tcp_conn *c)
{
  if (c->is_nodelay || c->snd_nxt == c->snd_una)
    return false;
  return !c->profile->minshall || seq_gt(c->snd_small, c->snd_una);
}

/* Nagle and the sender's silly-window rules (3.8.6.2.1). */
static bool
is_worth_sending(struct tcp_conn *c, uint32_t n, uint32_t room, bool fin, int64_t now_ns)
{
  if (n == room || fin)
    return true;
  if (seq_lt(c->snd_nxt, c->snd_max))
    return true; /* a repeat */
  bool is_all = c->snd_nxt + n == tcp_conn_data_end(c);
  if (is_all && c->is_corked) {
    if (c->cork_at == TCP_NEVER && !c->cork_is_over)
      c->cork_at = now_ns + CORK_NS;
    return c->cork_is_over;
  }
  if (is_all && (!nagle_holds(c) || (c->is_urgent && seq_gt(c->snd_up, c->snd_nxt))))
    return true;
  return n >= c->snd_wnd_max / 2;
}

static bool
pop_data(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  uint32_t end = tcp_conn_data_end(c), room = room_in_segment(c), right;
  if (c->n_sacked > 0 && seq_lt(c->snd_nxt, c->snd_max)) {
    if (tcp_sack_hole(c, c->snd_nxt, &c->snd_nxt, &right))
      room = MIN(room, right - c->snd_nxt);
  }
  if (!seq_lt(c->snd_nxt, tcp_conn_send_end(c)))
    return false;
  uint32_t waiting = seq_lt(c->snd_nxt, end) ? end - c->snd_nxt : 0;
  uint32_t sent = c->snd_nxt - c->snd_una;
  uint32_t offered = c->snd_wnd > sent ? c->snd_wnd - sent : 0;
  uint32_t usable = MIN(offered, tcp_congestion_usable(c));
  uint32_t n = MIN(MIN(waiting, usable), room);
  bool fin = c->wants_fin && c->snd_nxt + n == end && usable > n;
  if ((n == 0 && !fin) || !is_worth_sending(c, n, room, fin, now_ns))
    return false;
  send_octets(c, out, data, c->snd_nxt, n, fin, now_ns);
  c->snd_nxt += n + fin;
  tcp_congestion_sent(c);
  c->persist_at = c->cork_at = TCP_NEVER;
  c->cork_is_over = false;
  if (c->rexmit_at == TCP_NEVER)
    tcp_timer_arm_rexmit(c, now_ns);
  return true;
}

/* RFC 1122 4.2.3.6: an old number, so that the peer must answer. */
static bool
pop_keepalive(struct tcp_conn *c, struct tcp_segment *out, int64_t now_ns)
{
  if (!c->keepalive_now)
    return false;
  c->keepalive_now = false;
  fill_segment(c, out, c->snd_nxt - 1, TCP_ACK, now_ns);
  return true;
}

static bool
pop_ack(struct tcp_conn *c, struct tcp_segment *out, int64_t now_ns)
{
  if (!c->ack_now)
    return false;
  fill_segment(c, out, c->snd_max, TCP_ACK, now_ns);
  return true;
}

static bool
is_sending(const struct tcp_conn *c)
{
  return c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT || c->state == TCP_FIN_WAIT_1 ||
         c->state == TCP_CLOSING || c->state == TCP_LAST_ACK;
}

static void
arm_persist(struct tcp_conn *c, int64_t now_ns)
{
  if (c->rexmit_at != TCP_NEVER || c->persist_at != TCP_NEVER || c->cork_at != TCP_NEVER ||
      c->snd_nxt == tcp_conn_send_end(c))
    return;
  if (c->persist_backoff == 0)
    c->progress_ns = now_ns;
  c->persist_at = now_ns + tcp_rtt_timeout(c, c->persist_backoff);
}

static bool
pop(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (pop_rst(c, out, now_ns))
    return true;
  if (c->state == TCP_CLOSED || c->state == TCP_LISTEN)
    return false;
  if (c->state <= TCP_SYN_RECEIVED)
    return pop_syn(c, out, now_ns) || pop_ack(c, out, now_ns);
  if (is_sending(c)) {
    if (pop_repeat(c, out, data, now_ns) || pop_hole(c, out, data, now_ns, tcp_sack_next_lost) ||
        pop_probe(c, out, data, now_ns) || pop_data(c, out, data, now_ns) ||
        pop_hole(c, out, data, now_ns, tcp_sack_next_other))
      return true;
    arm_persist(c, now_ns);
  }
  return pop_keepalive(c, out, now_ns) || pop_ack(c, out, now_ns);
}

bool
tcp_conn_pop(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (!pop(c, out, data, now_ns))
    return false;
  tcp_conn_show(c);
  return true;
}
