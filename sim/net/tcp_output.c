/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_output.c -- which segment leaves next, and what happens when time runs out.
 *
 * tcp_conn_pop() asks in this order:
 *
 *   RST that waits > SYN > repeat of the first octets (fast retransmit) > window probe
 *                > new octets as far as windows, Nagle and silly-window rules let them > plain ACK
 *
 * Four timers: retransmission (runs while anything is in flight), persist (runs while something
 * waits, nothing is in flight and the window forbids it), delayed ACK, 2 MSL. RFC 9293 3.8, RFC
 * 6298 5, RFC 1122 4.2.3.2 to 4.2.3.5. */
#include <glib.h>

#include "sim/net/tcp_conn.h"

static void
fill_segment(struct tcp_conn *c, struct tcp_segment *out, uint32_t seq, uint16_t flags)
{
  *out = (struct tcp_segment){.seq = seq, .flags = flags, .window = tcp_conn_window(c)};
  if (!(flags & TCP_ACK))
    return;
  out->ack = c->rcv_nxt;
  c->ack_now = false;
  c->ack_at = TCP_NEVER;
  c->n_unacked = 0;
}

static bool
pop_rst(struct tcp_conn *c, struct tcp_segment *out)
{
  if (!c->rst_now)
    return false;
  c->rst_now = false;
  *out = (struct tcp_segment){.seq = c->rst_seq, .flags = TCP_RST};
  return true;
}

static void
arm_rexmit(struct tcp_conn *c, int64_t now_ns)
{
  c->rexmit_at = now_ns + tcp_rtt_timeout(c, c->backoff);
}

static bool
pop_syn(struct tcp_conn *c, struct tcp_segment *out, int64_t now_ns)
{
  if (c->snd_nxt != c->iss)
    return false;
  bool answers = c->state == TCP_SYN_RECEIVED;
  fill_segment(c, out, c->iss, TCP_SYN | (answers ? TCP_ACK : 0));
  out->options.has_mss = true;
  out->options.mss = c->mss;
  if (c->profile->wscale >= 0 && !c->peer_refuses_scale) {
    out->options.has_wscale = true;
    out->options.wscale = (uint8_t)c->profile->wscale;
  }
  if (c->snd_max == c->iss)
    tcp_rtt_start(c, c->iss, now_ns);
  else
    c->rtt_running = false;
  c->snd_nxt = c->snd_max = c->iss + 1;
  c->last_send_ns = now_ns;
  arm_rexmit(c, now_ns);
  return true;
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
  fill_segment(c, out, seq, flags);
  ring_read(&c->send, seq - c->snd_una, data, n);
  out->data = data;
  out->n_data = n;
  uint32_t end = seq + n + fin;
  if (seq_gt(end, c->snd_max)) {
    if (c->snd_una == c->snd_max)
      c->progress_ns = now_ns;
    if (seq == c->snd_max)
      tcp_rtt_start(c, seq, now_ns);
    else
      c->rtt_running = false;
    c->snd_max = end;
  } else {
    c->rtt_running = false;
  }
  c->last_send_ns = now_ns;
  if (fin && (c->state == TCP_ESTABLISHED || c->state == TCP_SYN_RECEIVED))
    tcp_conn_set_state(c, TCP_FIN_WAIT_1, now_ns);
  else if (fin && c->state == TCP_CLOSE_WAIT)
    tcp_conn_set_state(c, TCP_LAST_ACK, now_ns);
}

/* Fast retransmit and partial ACKs: the first octets that nobody acknowledged, once. */
static bool
pop_repeat(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (!c->repeat_now)
    return false;
  c->repeat_now = false;
  uint32_t sent = seq_lt(c->snd_max, tcp_conn_data_end(c)) ? c->snd_max : tcp_conn_data_end(c);
  uint32_t n = MIN(sent - c->snd_una, c->snd_mss);
  bool fin = c->wants_fin && seq_gt(c->snd_max, tcp_conn_data_end(c)) &&
             c->snd_una + n == tcp_conn_data_end(c);
  if (n == 0 && !fin)
    return false;
  send_octets(c, out, data, c->snd_una, n, fin, now_ns);
  if (seq_lt(c->snd_nxt, c->snd_una + n + fin))
    c->snd_nxt = c->snd_una + n + fin;
  c->rtt_running = false;
  if (c->rexmit_at == TCP_NEVER)
    arm_rexmit(c, now_ns);
  return true;
}

/* One octet beyond a closed window, or what a silly window has room for: RFC 9293 3.8.6.1. The
 * octet counts as sent (its ACK must be acceptable) but not as in flight. */
static bool
pop_probe(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (!c->probe_now)
    return false;
  c->probe_now = false;
  uint32_t waiting = tcp_conn_data_end(c) - c->snd_una;
  uint32_t n = MIN(waiting, CLAMP(c->snd_wnd, 1, c->snd_mss));
  bool fin = waiting == 0 && c->wants_fin;
  if (n == 0 && !fin)
    return false;
  send_octets(c, out, data, c->snd_una, n, fin, now_ns);
  c->rtt_running = false;
  return true;
}

/* Nagle (RFC 9293 3.7.4) and the sender's silly-window rules (3.8.6.2.1). */
static bool
is_worth_sending(const struct tcp_conn *c, uint32_t n, bool fin)
{
  if (n == c->snd_mss || fin)
    return true;
  if (seq_lt(c->snd_nxt, c->snd_max))
    return true; /* a repeat */
  bool is_all = c->snd_nxt + n == tcp_conn_data_end(c);
  if (is_all && (c->is_nodelay || c->snd_nxt == c->snd_una))
    return true;
  return n >= c->snd_wnd_max / 2;
}

static bool
pop_data(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  uint32_t end = tcp_conn_data_end(c);
  if (!seq_lt(c->snd_nxt, tcp_conn_send_end(c)))
    return false;
  uint32_t waiting = seq_lt(c->snd_nxt, end) ? end - c->snd_nxt : 0;
  uint32_t flight = c->snd_nxt - c->snd_una;
  uint32_t limit = MIN(c->snd_wnd, tcp_congestion_limit(c));
  uint32_t usable = limit > flight ? limit - flight : 0;
  uint32_t n = MIN(MIN(waiting, usable), c->snd_mss);
  bool fin = c->wants_fin && c->snd_nxt + n == end && usable > n;
  if ((n == 0 && !fin) || !is_worth_sending(c, n, fin))
    return false;
  send_octets(c, out, data, c->snd_nxt, n, fin, now_ns);
  c->snd_nxt += n + fin;
  if (c->snd_nxt - c->snd_una > c->cwnd)
    c->limited = c->snd_nxt - c->snd_una - c->cwnd;
  c->persist_at = TCP_NEVER;
  if (c->rexmit_at == TCP_NEVER)
    arm_rexmit(c, now_ns);
  return true;
}

static bool
pop_ack(struct tcp_conn *c, struct tcp_segment *out)
{
  if (!c->ack_now)
    return false;
  fill_segment(c, out, c->snd_max, TCP_ACK);
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
  if (c->rexmit_at != TCP_NEVER || c->persist_at != TCP_NEVER || c->snd_nxt == tcp_conn_send_end(c))
    return;
  if (c->persist_backoff == 0)
    c->progress_ns = now_ns;
  c->persist_at = now_ns + tcp_rtt_timeout(c, c->persist_backoff);
}

static bool
pop(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (pop_rst(c, out))
    return true;
  if (c->state == TCP_CLOSED || c->state == TCP_LISTEN)
    return false;
  if (c->state <= TCP_SYN_RECEIVED)
    return pop_syn(c, out, now_ns) || pop_ack(c, out);
  if (is_sending(c)) {
    if (pop_repeat(c, out, data, now_ns) || pop_probe(c, out, data, now_ns) ||
        pop_data(c, out, data, now_ns))
      return true;
    arm_persist(c, now_ns);
  }
  return pop_ack(c, out);
}

bool
tcp_conn_pop(struct tcp_conn *c, struct tcp_segment *out, uint8_t *data, int64_t now_ns)
{
  if (!pop(c, out, data, now_ns))
    return false;
  tcp_conn_show(c);
  return true;
}

/* ---- timers ---- */

int64_t
tcp_conn_deadline(const struct tcp_conn *c)
{
  return MIN(MIN(c->rexmit_at, c->persist_at), MIN(c->ack_at, c->time_wait_at));
}

static void
on_rexmit(struct tcp_conn *c, int64_t now_ns)
{
  bool is_syn = c->state <= TCP_SYN_RECEIVED;
  int64_t limit_ns = is_syn ? c->profile->give_up_syn_ns : c->profile->give_up_ns;
  c->rexmit_at = TCP_NEVER;
  if (now_ns - c->progress_ns >= limit_ns) {
    tcp_conn_finish(c, TCP_OUTCOME_TIMED_OUT, now_ns);
    return;
  }
  c->rtt_running = false;
  if (is_syn) {
    c->syn_repeated = true;
    c->snd_nxt = c->iss;
  } else {
    tcp_congestion_timeout(c);
    c->snd_nxt = c->snd_una;
  }
  c->backoff++;
}

static void
on_persist(struct tcp_conn *c, int64_t now_ns)
{
  c->persist_at = TCP_NEVER;
  if (now_ns - c->progress_ns >= c->profile->give_up_ns) {
    tcp_conn_finish(c, TCP_OUTCOME_TIMED_OUT, now_ns);
    return;
  }
  c->persist_backoff++;
  c->probe_now = true;
}

void
tcp_conn_timer(struct tcp_conn *c, int64_t now_ns)
{
  if (now_ns >= c->time_wait_at)
    tcp_conn_finish(c, TCP_OUTCOME_DONE, now_ns);
  if (now_ns >= c->ack_at) {
    c->ack_at = TCP_NEVER;
    c->ack_now = true;
  }
  if (now_ns >= c->persist_at)
    on_persist(c, now_ns);
  if (now_ns >= c->rexmit_at)
    on_rexmit(c, now_ns);
  tcp_conn_show(c);
}
