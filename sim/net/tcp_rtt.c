/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_rtt.c -- how long to wait for an acknowledgement: RFC 6298.
 *
 * One segment at a time is timed, to the microsecond. Karn's rule: an octet that was sent twice
 * times nothing by itself; with timestamps its echo says which sending was answered (RTTM, RFC 7323
 * 4), to the millisecond. Such samples come with every ACK, several in one round trip, so each
 * weighs less (RFC 7323 appendix G). Integers only. */
#include <glib.h>

#include "sim/net/tcp_internal.h"

#define CLOCK_GRANULARITY_US INT64_C(1000)
#define RTO_AFTER_LOST_SYN_NS (INT64_C(3) * 1000000000) /* RFC 6298 5.7 */
enum { BACKOFF_MAX = 16 };

void
tcp_rtt_start(struct tcp_conn *c, uint32_t seq, int64_t now_ns)
{
  if (c->rtt_running)
    return;
  c->rtt_running = true;
  c->rtt_seq = seq;
  c->rtt_start_ns = now_ns;
}

/* `share`: how many samples one round trip is expected to give. */
static void
take_sample(struct tcp_conn *c, int64_t r, int64_t share)
{
  c->backoff = 0;
  if (!c->rtt_known) {
    c->srtt_us = r;
    c->rttvar_us = r / 2;
    c->rtt_known = true;
  } else {
    int64_t off = c->srtt_us > r ? c->srtt_us - r : r - c->srtt_us;
    int64_t a = 8 * share, b = 4 * share;
    c->rttvar_us = ((b - 1) * c->rttvar_us + off) / b;
    c->srtt_us = ((a - 1) * c->srtt_us + r) / a;
  }
  int64_t rto_ns = 1000 * (c->srtt_us + MAX(CLOCK_GRANULARITY_US, 4 * c->rttvar_us));
  c->rto_ns = CLAMP(rto_ns, c->profile->rto_min_ns, c->profile->rto_max_ns);
}

void
tcp_rtt_acked(struct tcp_conn *c, const struct tcp_segment *s, uint32_t before, int64_t now_ns)
{
  if (c->rtt_running && seq_gt(s->ack, c->rtt_seq)) {
    c->rtt_running = false;
    take_sample(c, (now_ns - c->rtt_start_ns) / 1000, 1);
    return;
  }
  if (!c->use_ts || !s->options.has_timestamps || !seq_lt(before, c->repeated_end))
    return;
  uint32_t ms = tcp_conn_ts(c, now_ns) - s->options.ts_echo;
  if (ms > INT32_MAX)
    return; /* an echo of what was never sent */
  uint32_t flight = c->snd_max - before;
  take_sample(c, (int64_t)ms * 1000, 1 + (flight - 1) / (2 * c->snd_mss));
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
