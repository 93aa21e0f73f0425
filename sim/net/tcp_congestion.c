/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_congestion.c -- how much may be in flight, and how long to wait for its acknowledgement.
 *
 *   slow start ──cwnd >= ssthresh──> congestion avoidance
 *        ^  ^                            │
 *        │  └──timeout── fast recovery <─┘ third duplicate ACK (from slow start as well)
 *        └────timeout──────────┘ full ACK: back to congestion avoidance
 *
 * RFC 5681 (Reno), 6582 (NewReno), 3042 (Limited Transmit), 6928 (initial window), 6298 (RTO) with
 * Karn's rule: an octet that was sent twice times nothing. Integers only. Not here: SACK, CUBIC. */
#include <glib.h>

#include "sim/net/tcp_conn.h"

/* "Arbitrarily high" (RFC 5681 3.1): the largest window that can be announced. */
#define SSTHRESH_START (UINT32_C(65535) << 14)
#define CWND_MAX (UINT32_C(1) << 30)

enum { DUPLICATES_FOR_REPEAT = 3, BACKOFF_MAX = 16 };
enum { IW_OCTETS_PER_SEGMENT = 1460 }; /* RFC 6928 2 */
#define CLOCK_GRANULARITY_US INT64_C(1000)
#define RTO_AFTER_LOST_SYN_NS (INT64_C(3) * 1000000000) /* RFC 6298 5.7 */

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
}

void
tcp_congestion_idle(struct tcp_conn *c, int64_t now_ns)
{
  /* RFC 5681 4.1: after an idle time of more than RTO, the path is asked anew. */
  if (c->snd_una == c->snd_max && c->send.used == 0 && c->state >= TCP_ESTABLISHED &&
      now_ns - c->last_send_ns > tcp_rtt_timeout(c, c->backoff))
    c->cwnd = MIN(c->cwnd, initial_window(c));
}

uint32_t
tcp_congestion_limit(const struct tcp_conn *c)
{
  /* Limited Transmit is for octets never sent before. */
  if (!c->is_recovering && c->snd_nxt == c->snd_max && c->n_duplicates > 0 &&
      c->n_duplicates < DUPLICATES_FOR_REPEAT)
    return c->cwnd + c->n_duplicates * c->snd_mss;
  return c->cwnd;
}

static uint32_t
half_flight(const struct tcp_conn *c)
{
  uint32_t flight = c->snd_nxt - c->snd_una;
  flight -= MIN(flight, c->limited);
  return MAX(flight / 2, 2u * c->snd_mss);
}

static void
acked_in_recovery(struct tcp_conn *c, uint32_t ack, uint32_t n_acked)
{
  uint32_t mss = c->snd_mss;
  if (seq_ge(ack, c->recover)) {
    uint32_t flight = c->snd_nxt - ack;
    c->cwnd = MIN(c->ssthresh, MAX(flight, mss) + mss);
    c->is_recovering = false;
    c->octets_acked = 0;
    return;
  }
  /* A partial ACK: the next hole begins right there. Deflate by what left the network. */
  c->repeat_now = true;
  c->cwnd -= MIN(c->cwnd, n_acked);
  if (n_acked >= mss)
    c->cwnd += mss;
  c->cwnd = MAX(c->cwnd, mss);
}

void
tcp_congestion_acked(struct tcp_conn *c, uint32_t ack, uint32_t n_acked)
{
  uint32_t mss = c->snd_mss;
  c->n_duplicates = 0;
  c->limited = 0;
  if (c->is_recovering) {
    acked_in_recovery(c, ack, n_acked);
    return;
  }
  if (c->cwnd < c->ssthresh) {
    c->cwnd += MIN(n_acked, mss);
  } else {
    c->octets_acked += n_acked;
    if (c->octets_acked >= c->cwnd) {
      c->octets_acked -= c->cwnd;
      c->cwnd += mss;
    }
  }
  c->cwnd = MIN(c->cwnd, CWND_MAX);
}

void
tcp_congestion_duplicate(struct tcp_conn *c)
{
  if (c->is_recovering) {
    c->cwnd = MIN(c->cwnd + c->snd_mss, CWND_MAX);
    return;
  }
  c->n_duplicates++;
  if (c->n_duplicates != DUPLICATES_FOR_REPEAT)
    return;
  /* RFC 6582 3.2 step 2: not again for losses of the window that was repaired already. */
  if (!seq_gt(c->snd_una, c->recover))
    return;
  c->ssthresh = half_flight(c);
  c->recover = c->snd_max;
  c->cwnd = c->ssthresh + DUPLICATES_FOR_REPEAT * c->snd_mss;
  c->is_recovering = true;
  c->had_partial_ack = false;
  c->repeat_now = true;
  c->limited = 0;
}

void
tcp_congestion_timeout(struct tcp_conn *c)
{
  if (c->backoff == 0)
    c->ssthresh = half_flight(c);
  c->cwnd = c->snd_mss;
  c->octets_acked = 0;
  c->recover = c->snd_max;
  c->is_recovering = c->repeat_now = false;
  c->n_duplicates = 0;
  c->limited = 0;
}

/* ---- round-trip time ---- */

void
tcp_rtt_start(struct tcp_conn *c, uint32_t seq, int64_t now_ns)
{
  if (c->rtt_running)
    return;
  c->rtt_running = true;
  c->rtt_seq = seq;
  c->rtt_start_ns = now_ns;
}

void
tcp_rtt_acked(struct tcp_conn *c, uint32_t ack, int64_t now_ns)
{
  if (!c->rtt_running || !seq_gt(ack, c->rtt_seq))
    return;
  c->rtt_running = false;
  c->backoff = 0;
  int64_t r = (now_ns - c->rtt_start_ns) / 1000;
  if (!c->rtt_known) {
    c->srtt_us = r;
    c->rttvar_us = r / 2;
    c->rtt_known = true;
  } else {
    int64_t off = c->srtt_us > r ? c->srtt_us - r : r - c->srtt_us;
    c->rttvar_us = (3 * c->rttvar_us + off) / 4;
    c->srtt_us = (7 * c->srtt_us + r) / 8;
  }
  int64_t rto_ns = 1000 * (c->srtt_us + MAX(CLOCK_GRANULARITY_US, 4 * c->rttvar_us));
  c->rto_ns = CLAMP(rto_ns, c->profile->rto_min_ns, c->profile->rto_max_ns);
}

void
tcp_rtt_syn_was_repeated(struct tcp_conn *c)
{
  c->rto_ns = MAX(c->rto_ns, RTO_AFTER_LOST_SYN_NS);
  c->backoff = 0;
}

int64_t
tcp_rtt_timeout(const struct tcp_conn *c, unsigned backoff)
{
  int64_t rto = c->rto_ns;
  for (unsigned i = 0; i < MIN(backoff, BACKOFF_MAX) && rto < c->profile->rto_max_ns; i++)
    rto *= 2;
  return MIN(rto, c->profile->rto_max_ns);
}
