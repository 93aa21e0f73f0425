/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_congestion.c -- how much may be in flight.
 *
 *   slow start ──cwnd >= ssthresh──> congestion avoidance
 *        ^  ^                            │
 *        │  └──timeout── fast recovery <─┘ third duplicate ACK, or SACK says lost (from slow start
 * as │                    │            well) └────timeout─────────┘ full ACK: back to congestion
 * avoidance
 *
 * RFC 5681 (Reno), 6582 (NewReno, without SACK), 6675 (with SACK; the scoreboard is in tcp_sack.c),
 * 3042 (Limited Transmit), 3465 (octets are counted), 6928 (initial window), 3168 (marks). CUBIC's
 * growth is in tcp_cubic.c. Integers only. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

/* "Arbitrarily high" (RFC 5681 3.1): the largest window that can be announced. */
#define SSTHRESH_START (UINT32_C(65535) << 14)
#define CWND_MAX (UINT32_C(1) << 30)

enum { IW_OCTETS_PER_SEGMENT = 1460 }; /* RFC 6928 2 */

static uint32_t
initial_window(const struct tcp_conn *c)
{
  uint32_t mss = c->snd_mss, n = c->profile->initial_segments;
  return MIN(n * mss, MAX(2 * mss, n * IW_OCTETS_PER_SEGMENT));
}

void
tcp_congestion_start(struct tcp_conn *c)
{
  /* RFC 5681 3.1: after a lost SYN the initial window is one segment. */
  c->cwnd = c->syn_repeated ? c->snd_mss : initial_window(c);
  c->ssthresh = SSTHRESH_START;
  c->octets_acked = 0;
  tcp_cubic_reset(c);
}

enum tcp_phase
tcp_conn_phase(const struct tcp_conn *c)
{
  if (c->is_recovering)
    return TCP_RECOVERY;
  if (c->is_lost)
    return TCP_LOSS;
  return c->cwnd < c->ssthresh ? TCP_SLOW_START : TCP_AVOIDANCE;
}

void
tcp_congestion_idle(struct tcp_conn *c, int64_t now_ns)
{
  int64_t idle_ns = now_ns - c->last_send_ns;
  if (c->snd_una != c->snd_max || c->send.used > 0 || c->state < TCP_ESTABLISHED ||
      idle_ns <= tcp_rtt_timeout(c, c->backoff))
    return;
  /* RFC 5681 4.1: after an idle time of more than RTO, the path is asked anew. */
  c->cwnd = MIN(c->cwnd, initial_window(c));
  if (c->cubic.epoch_ns != TCP_NEVER)
    c->cubic.epoch_ns += idle_ns; /* RFC 9438 4.2: idle time is no time */
}

/* RFC 3042: the first two duplicate ACKs each let a segment go that was never sent before. SACK has
 * no need of this: its pipe shrinks. */
static uint32_t
limited_transmit(const struct tcp_conn *c)
{
  bool may = !c->use_sack && !c->is_recovering && c->snd_nxt == c->snd_max &&
             c->n_duplicates < TCP_DUPLICATES_FOR_REPEAT;
  return may ? c->n_duplicates * c->snd_mss : 0;
}

uint32_t
tcp_congestion_usable(const struct tcp_conn *c)
{
  uint32_t limit = c->cwnd + limited_transmit(c), pipe = tcp_sack_pipe(c);
  return limit > pipe ? limit - pipe : 0;
}

void
tcp_congestion_sent(struct tcp_conn *c)
{
  uint32_t flight = c->snd_nxt - c->snd_una;
  if (flight > c->cwnd)
    c->limited = flight - c->cwnd;
  /* A window that is not used says nothing about the path: in slow start half of it must be, else
   * all (as Linux does it). */
  uint32_t needed = c->cwnd < c->ssthresh ? c->cwnd / 2 : c->cwnd - c->snd_mss;
  if (flight > needed || c->cwnd <= c->snd_mss)
    c->cwnd_used = c->snd_max;
}

uint32_t
tcp_congestion_flight(const struct tcp_conn *c)
{
  uint32_t flight = c->snd_nxt - c->snd_una;
  return flight - MIN(flight, c->limited);
}

/* The path is full: returns ssthresh. */
static uint32_t
reduce(struct tcp_conn *c)
{
  c->cwr_owed = c->use_ecn;
  if (c->profile->control == TCP_CUBIC)
    return tcp_cubic_reduce(c);
  return MAX(tcp_congestion_flight(c) / 2, 2u * c->snd_mss);
}

/* ---- ACKs ---- */

void
tcp_congestion_end_recovery(struct tcp_conn *c)
{
  c->is_recovering = c->repeat_now = false;
  c->octets_acked = 0;
}

static void
acked_in_recovery(struct tcp_conn *c, uint32_t ack, uint32_t n_acked)
{
  uint32_t mss = c->snd_mss;
  if (seq_ge(ack, c->recover)) {
    uint32_t flight = c->snd_nxt - ack;
    c->cwnd = c->use_sack ? c->ssthresh : MIN(c->ssthresh, MAX(flight, mss) + mss);
    tcp_congestion_end_recovery(c);
    return;
  }
  if (c->use_sack)
    return; /* the scoreboard knows what to do */
  /* A partial ACK: the next hole begins right there. Deflate by what left the network. */
  c->repeat_now = true;
  c->cwnd -= MIN(c->cwnd, n_acked);
  if (n_acked >= mss)
    c->cwnd += mss;
  c->cwnd = MAX(c->cwnd, mss);
}

static void
avoid(struct tcp_conn *c, uint32_t n_acked, int64_t now_ns)
{
  if (c->profile->control == TCP_CUBIC) {
    tcp_cubic_acked(c, n_acked, now_ns);
    return;
  }
  c->octets_acked += n_acked;
  if (c->octets_acked >= c->cwnd) {
    c->octets_acked -= c->cwnd;
    c->cwnd += c->snd_mss;
  }
}

void
tcp_congestion_acked(struct tcp_conn *c, uint32_t ack, uint32_t n_acked, int64_t now_ns)
{
  bool was_used = !c->profile->validates_cwnd || seq_lt(ack - n_acked, c->cwnd_used);
  c->n_duplicates = 0;
  c->limited = 0;
  if (c->is_recovering) {
    acked_in_recovery(c, ack, n_acked);
    return;
  }
  uint32_t abc = c->is_lost ? 1 : c->profile->abc_limit; /* RFC 3465 2.3 */
  if (c->is_lost && seq_ge(ack, c->recover))
    c->is_lost = false;
  if (!was_used)
    return;
  if (c->cwnd < c->ssthresh)
    c->cwnd += MIN(n_acked, abc * c->snd_mss);
  else
    avoid(c, n_acked, now_ns);
  c->cwnd = MIN(c->cwnd, CWND_MAX);
}

static bool
says_lost(const struct tcp_conn *c)
{
  if (!c->use_sack)
    return c->n_duplicates == TCP_DUPLICATES_FOR_REPEAT;
  return c->n_duplicates >= TCP_DUPLICATES_FOR_REPEAT || seq_gt(tcp_sack_lost_edge(c), c->snd_una);
}

void
tcp_congestion_duplicate(struct tcp_conn *c, int64_t now_ns)
{
  if (c->is_recovering) {
    if (!c->use_sack)
      c->cwnd = MIN(c->cwnd + c->snd_mss, CWND_MAX);
    return;
  }
  c->n_duplicates++;
  if (!says_lost(c))
    return;
  /* RFC 6582 3.2 step 2, RFC 6675 5.1: not again for losses of a window that was repaired already;
   * without SACK its last duplicates might come behind the repair. */
  if (c->use_sack ? seq_lt(c->snd_una, c->recover) : seq_le(c->snd_una, c->recover))
    return;
  c->ssthresh = reduce(c);
  c->recover = c->snd_max;
  c->cwnd = c->ssthresh + (c->use_sack ? 0 : TCP_DUPLICATES_FOR_REPEAT * c->snd_mss);
  c->is_recovering = c->repeat_now = true;
  c->had_partial_ack = c->has_rescue = false;
  c->high_rxt = c->snd_una;
  c->limited = 0;
}

void
tcp_congestion_timeout(struct tcp_conn *c, int64_t now_ns)
{
  if (c->backoff == 0) {
    c->ssthresh = reduce(c);
    c->cubic.w_max = 0; /* RFC 9438 4.8: the next avoidance starts from where it is */
  }
  c->cwnd = c->snd_mss;
  c->recover = c->snd_max;
  tcp_congestion_end_recovery(c);
  c->is_lost = true;
  c->n_duplicates = 0;
  c->limited = 0;
}

void
tcp_congestion_marked(struct tcp_conn *c, uint32_t ack, int64_t now_ns)
{
  if (c->is_recovering || c->is_lost || seq_le(ack, c->ecn_recover))
    return;
  c->ssthresh = reduce(c);
  c->cwnd = MIN(c->cwnd, c->ssthresh);
  c->ecn_recover = c->snd_max;
  c->octets_acked = 0;
}
