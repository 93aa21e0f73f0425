/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_timer.c -- what happens when time runs out.
 *
 *   retransmission  runs while anything is in flight: all goes out again; after R2 the connection
 * ends persist         runs while something waits, nothing is in flight and the window forbids it
 *   delayed ACK, cork
 *   keep-alive      runs when the user asks: probes a silent peer; unanswered, the connection ends
 *   2 MSL           of TIME-WAIT
 *
 * RFC 6298 5, RFC 1122 4.2.3.2 to 4.2.3.6, RFC 5482 (the user's own limit in place of R2). */
#include <glib.h>

#include "sim/net/tcp_internal.h"

int64_t
tcp_timer_limit(const struct tcp_conn *c)
{
  if (c->user_timeout_ns > 0)
    return c->user_timeout_ns;
  return c->state <= TCP_SYN_RECEIVED ? c->profile->give_up_syn_ns : c->profile->give_up_ns;
}

void
tcp_timer_arm_rexmit(struct tcp_conn *c, int64_t now_ns)
{
  c->persist_at = TCP_NEVER; /* what is in flight asks the window by itself: RFC 9293 3.8.6.1 */
  c->rexmit_at = now_ns + tcp_rtt_timeout(c, c->backoff);
  /* The user's limit is kept to the moment. */
  if (c->user_timeout_ns > 0)
    c->rexmit_at = MIN(c->rexmit_at, MAX(c->progress_ns + c->user_timeout_ns, now_ns + 1));
}

void
tcp_timer_arm_keepalive(struct tcp_conn *c, int64_t now_ns)
{
  bool runs = c->is_keepalive && c->state >= TCP_ESTABLISHED && c->state != TCP_TIME_WAIT;
  c->keepalive_at = runs ? now_ns + c->keepalive_idle_ns : TCP_NEVER;
}

int64_t
tcp_conn_deadline(const struct tcp_conn *c)
{
  int64_t first = MIN(MIN(c->rexmit_at, c->persist_at), MIN(c->ack_at, c->time_wait_at));
  return MIN(first, MIN(c->keepalive_at, c->cork_at));
}

static void
on_rexmit(struct tcp_conn *c, int64_t now_ns)
{
  bool is_syn = c->state <= TCP_SYN_RECEIVED;
  c->rexmit_at = TCP_NEVER;
  if (now_ns - c->progress_ns >= tcp_timer_limit(c)) {
    tcp_conn_finish(c, TCP_OUTCOME_TIMED_OUT, now_ns);
    return;
  }
  c->rtt_running = false;
  if (is_syn) {
    c->syn_repeated = true;
    c->snd_nxt = c->iss;
  } else {
    tcp_congestion_timeout(c, now_ns);
    c->snd_nxt = c->snd_una;
  }
  c->backoff++;
}

static void
on_persist(struct tcp_conn *c, int64_t now_ns)
{
  c->persist_at = TCP_NEVER;
  if (now_ns - c->progress_ns >= tcp_timer_limit(c)) {
    tcp_conn_finish(c, TCP_OUTCOME_TIMED_OUT, now_ns);
    return;
  }
  c->persist_backoff++;
  c->probe_now = true;
}

static bool
is_given_up(const struct tcp_conn *c, int64_t now_ns)
{
  if (c->user_timeout_ns > 0)
    return c->n_keepalives > 0 && now_ns - c->heard_ns >= c->user_timeout_ns;
  return c->n_keepalives >= c->keepalive_probes;
}

static void
on_keepalive(struct tcp_conn *c, int64_t now_ns)
{
  int64_t idle_until = c->heard_ns + c->keepalive_idle_ns;
  if (c->n_keepalives == 0 && idle_until > now_ns) {
    c->keepalive_at = idle_until;
    return;
  }
  if (c->snd_una != c->snd_max || c->send.used > 0) {
    c->keepalive_at = now_ns + c->keepalive_idle_ns; /* what is in flight asks the same question */
    return;
  }
  if (is_given_up(c, now_ns)) {
    uint32_t seq = c->snd_max;
    tcp_conn_finish(c, TCP_OUTCOME_TIMED_OUT, now_ns);
    tcp_conn_reply_rst(c, seq);
    c->rst_acks = c->profile->rst_acks;
    return;
  }
  c->n_keepalives++;
  c->keepalive_now = true;
  c->keepalive_at = now_ns + c->keepalive_interval_ns;
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
  if (now_ns >= c->cork_at) {
    c->cork_at = TCP_NEVER;
    c->cork_is_over = true;
  }
  if (now_ns >= c->persist_at)
    on_persist(c, now_ns);
  if (now_ns >= c->rexmit_at)
    on_rexmit(c, now_ns);
  if (now_ns >= c->keepalive_at)
    on_keepalive(c, now_ns);
  tcp_conn_show(c);
}
