/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_input.c -- a segment arrives: RFC 9293 3.10.7, in the order of its steps.
 *
 *   too old by its timestamp? ─yes─> ACK ─> dropped      (PAWS, RFC 7323 5)
 *        │ no
 *   acceptable? ─no─> ACK ─┐   RST? ─> reset, or challenge ACK      SYN? ─> challenge ACK
 *        │ yes             └> dropped    (RFC 5961: a blind attacker must know the exact number)
 *        └> ACK: what is acknowledged leaves the send buffer; SACK; window ─> text (tcp_receive.c)
 *
 * Not here: listening (the caller makes a connection with tcp_conn_accept). */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

#define SECOND (INT64_C(1000000000))
enum { CHALLENGES_MAX = 10 };
#define CHALLENGE_SPAN_NS (5 * SECOND)
/* RFC 7323 5.5: after that a clock of milliseconds has run half way round. */
#define TS_OUTDATED_NS (24 * 86400 * SECOND)

void
tcp_input_challenge(struct tcp_conn *c, int64_t now_ns)
{
  if (c->n_challenges == 0 || now_ns - c->challenge_since_ns >= CHALLENGE_SPAN_NS) {
    c->challenge_since_ns = now_ns;
    c->n_challenges = 0;
  }
  if (c->n_challenges == CHALLENGES_MAX)
    return;
  c->n_challenges++;
  c->ack_now = true;
}

/* ---- SYN-SENT: RFC 9293 3.10.7.3 ---- */

static void
open_after_syn(struct tcp_conn *c, int64_t now_ns)
{
  c->rexmit_at = TCP_NEVER;
  c->progress_ns = now_ns;
  if (c->syn_repeated) {
    tcp_congestion_start(c);
    tcp_rtt_syn_was_repeated(c);
  }
  tcp_conn_set_state(c, TCP_ESTABLISHED, now_ns);
  tcp_timer_arm_keepalive(c, now_ns);
}

static void
input_syn_sent(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  bool acks = s->flags & TCP_ACK;
  if (acks && (seq_le(s->ack, c->iss) || seq_gt(s->ack, c->snd_max))) {
    if (!(s->flags & TCP_RST))
      tcp_conn_reply_rst(c, s->ack);
    return;
  }
  if (s->flags & TCP_RST) {
    if (acks)
      tcp_conn_finish(c, TCP_OUTCOME_REFUSED, now_ns);
    return;
  }
  if (!(s->flags & TCP_SYN))
    return;
  tcp_conn_take_syn(c, s, now_ns);
  if (!acks) {
    /* Both ends opened at once: the SYN leaves again, now with an ACK. */
    c->snd_nxt = c->iss;
    tcp_conn_set_state(c, TCP_SYN_RECEIVED, now_ns);
    return;
  }
  tcp_rtt_acked(c, s, c->iss, now_ns);
  c->snd_una = s->ack;
  c->snd_nxt = c->snd_max;
  c->snd_wl2 = s->ack;
  open_after_syn(c, now_ns);
  c->ack_now = true;
  tcp_receive_text(c, s, s->seq + 1, now_ns);
}

/* ---- step 1: is it in the window? ---- */

static uint32_t
segment_octets(const struct tcp_segment *s)
{
  return s->n_data + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

static bool
is_acceptable(const struct tcp_conn *c, const struct tcp_segment *s)
{
  uint32_t n = segment_octets(s), edge = tcp_receive_edge(c);
  if (n == 0) /* the right edge itself is fine for a segment that takes no room */
    return seq_ge(s->seq, c->rcv_nxt) && seq_le(s->seq, edge);
  return seq_lt(s->seq, edge) && seq_gt(s->seq + n, c->rcv_nxt);
}

/* An ACK for what is dropped. One without text might answer an ACK of ours: no endless exchange. */
static void
answer_dropped(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (segment_octets(s) == 0 || (s->flags & TCP_SYN))
    tcp_input_challenge(c, now_ns);
  else
    c->ack_now = true;
}

/* What is not in the window is answered, so that the two sides agree again. False: nothing more to
 * do with this segment. True: a probe of a closed window, whose ACK counts. */
static bool
input_unacceptable(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (s->flags & TCP_RST)
    return false;
  if (c->state == TCP_SYN_RECEIVED && (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
      s->seq == c->irs) {
    c->snd_nxt = c->iss; /* our SYN,ACK was lost, or crossed this repeat */
    return false;
  }
  if (c->state == TCP_TIME_WAIT && (s->flags & TCP_FIN))
    c->time_wait_at = now_ns + c->profile->time_wait_ns;
  if (s->n_data > 0 && seq_le(s->seq + s->n_data, c->rcv_nxt))
    tcp_receive_note_duplicate(c, s->seq, s->seq + s->n_data);
  answer_dropped(c, s, now_ns);
  return s->seq == c->rcv_nxt && tcp_receive_edge(c) == c->rcv_nxt && !(s->flags & TCP_SYN);
}

/* ---- timestamps: RFC 7323 5.3 ---- */

/* R1. False: the segment is dropped. */
static bool
passes_paws(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  const struct tcp_options *o = &s->options;
  if (!c->use_ts || (s->flags & TCP_RST))
    return true;
  if (!o->has_timestamps)
    return !c->profile->needs_timestamps;
  if (!seq_lt(o->ts_value, c->ts_recent) || now_ns - c->ts_recent_ns > TS_OUTDATED_NS)
    return true;
  answer_dropped(c, s, now_ns);
  return false;
}

/* R3: of the segments that make up one ACK the first counts (RFC 7323 4.3). */
static void
take_ts_recent(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  const struct tcp_options *o = &s->options;
  bool is_newer = seq_ge(o->ts_value, c->ts_recent) || now_ns - c->ts_recent_ns > TS_OUTDATED_NS;
  if (!c->use_ts || !o->has_timestamps || (s->flags & TCP_RST) || !is_newer ||
      seq_gt(s->seq, c->last_ack_sent))
    return;
  c->ts_recent = o->ts_value;
  c->ts_recent_ns = now_ns;
}

/* ---- step 2: RST, with RFC 5961 3 ---- */

static void
input_rst(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (c->state == TCP_TIME_WAIT && !c->profile->rst_ends_time_wait)
    return; /* RFC 1337 3, fix F1 */
  if (s->seq != c->rcv_nxt) {
    tcp_input_challenge(c, now_ns);
    return;
  }
  enum tcp_outcome outcome = TCP_OUTCOME_RESET;
  if (c->state == TCP_SYN_RECEIVED && !c->is_passive)
    outcome = TCP_OUTCOME_REFUSED;
  else if (c->state == TCP_CLOSING || c->state == TCP_LAST_ACK || c->state == TCP_TIME_WAIT)
    outcome = TCP_OUTCOME_DONE;
  tcp_conn_finish(c, outcome, now_ns);
}

/* ---- step 5: ACK ---- */

static void
set_window(struct tcp_conn *c, const struct tcp_segment *s)
{
  c->snd_wnd = (uint32_t)s->window << c->snd_scale;
  c->snd_wl1 = s->seq;
  c->snd_wl2 = s->ack;
  c->snd_wnd_max = MAX(c->snd_wnd_max, c->snd_wnd);
}

static void
take_window(struct tcp_conn *c, const struct tcp_segment *s)
{
  if (!seq_lt(c->snd_wl1, s->seq) && !(c->snd_wl1 == s->seq && seq_le(c->snd_wl2, s->ack)))
    return;
  uint32_t before = c->snd_wnd;
  set_window(c, s);
  if (c->snd_wnd > before) {
    c->persist_at = TCP_NEVER;
    c->persist_backoff = 0;
  }
}

static void
take_new_ack(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  uint32_t ack = s->ack, before = c->snd_una, n = ack - before;
  bool acks_fin = c->wants_fin && !c->fin_acked && ack == tcp_conn_send_end(c);
  ring_drop(&c->send, n - acks_fin, true);
  c->fin_acked = c->fin_acked || acks_fin;
  c->snd_una = ack;
  if (seq_lt(c->snd_nxt, ack))
    c->snd_nxt = ack;
  if (c->is_urgent && seq_ge(ack, c->snd_up))
    c->is_urgent = false;
  if (c->n_sacked > 0)
    tcp_sack_acked(c);
  c->progress_ns = now_ns;
  c->persist_backoff = 0;
  tcp_rtt_acked(c, s, before, now_ns);
  bool was_recovering = c->is_recovering;
  tcp_congestion_acked(c, ack, n, now_ns);
  bool is_later_partial = !c->use_sack && was_recovering && c->is_recovering && c->had_partial_ack;
  c->had_partial_ack = c->is_recovering;
  if (c->snd_una == c->snd_max || c->snd_nxt == c->snd_una)
    c->rexmit_at = TCP_NEVER;
  else if (!is_later_partial)
    tcp_timer_arm_rexmit(c, now_ns);
}

/* RFC 5681 2: the definition of a duplicate ACK. */
static bool
is_duplicate_ack(const struct tcp_conn *c, const struct tcp_segment *s)
{
  return s->ack == c->snd_una && c->snd_nxt != c->snd_una && segment_octets(s) == 0 &&
         (uint32_t)s->window << c->snd_scale == c->snd_wnd;
}

static bool
open_by_ack(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (seq_le(s->ack, c->snd_una) || seq_gt(s->ack, c->snd_max)) {
    tcp_conn_reply_rst(c, s->ack);
    return false;
  }
  tcp_rtt_acked(c, s, c->iss, now_ns);
  c->snd_una = c->iss + 1;
  c->snd_nxt = c->snd_max;
  open_after_syn(c, now_ns);
  set_window(c, s);
  return true;
}

/* What an acceptable ACK number says about our octets. */
static void
take_ack(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  bool is_duplicate = false, is_marked = c->use_ecn && (s->flags & TCP_ECE);
  if (is_marked && seq_ge(s->ack, c->snd_una))
    tcp_congestion_marked(c, s->ack, now_ns);
  uint32_t cwnd_most = c->cwnd;
  if (seq_gt(s->ack, c->snd_una))
    take_new_ack(c, s, now_ns);
  else if (!c->use_sack)
    is_duplicate = is_duplicate_ack(c, s);
  if (c->use_sack && s->options.n_sack > 0 && seq_ge(s->ack, c->snd_una))
    is_duplicate = tcp_sack_take(c, &s->options) > 0; /* RFC 6675 2 */
  if (is_duplicate)
    tcp_congestion_duplicate(c, now_ns);
  if (is_marked) /* RFC 3168 6.1.2: such an ACK does not widen the window */
    c->cwnd = MIN(c->cwnd, cwnd_most);
  if (seq_ge(s->ack, c->snd_una))
    take_window(c, s);
}

/* False: the segment is dropped. */
static bool
input_ack(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (c->state == TCP_SYN_RECEIVED)
    return open_by_ack(c, s, now_ns);
  /* RFC 5961 5.2 */
  if (seq_gt(s->ack, c->snd_max) || seq_lt(s->ack, c->snd_una - c->snd_wnd_max)) {
    tcp_input_challenge(c, now_ns);
    return false;
  }
  if (c->persist_at != TCP_NEVER)
    c->progress_ns = now_ns; /* a probe was answered: the peer lives */
  take_ack(c, s, now_ns);
  if (!c->fin_acked)
    return true;
  if (c->state == TCP_FIN_WAIT_1)
    tcp_conn_set_state(c, TCP_FIN_WAIT_2, now_ns);
  else if (c->state == TCP_CLOSING)
    tcp_conn_set_state(c, TCP_TIME_WAIT, now_ns);
  else if (c->state == TCP_LAST_ACK) {
    tcp_conn_finish(c, TCP_OUTCOME_DONE, now_ns);
    return false;
  }
  return true;
}

/* RFC 3168 6.1.3: a mark is told in every ACK until the sender says that it reacted. */
static void
take_ecn(struct tcp_conn *c, const struct tcp_segment *s)
{
  enum { CONGESTION_EXPERIENCED = 3 };
  if (!c->use_ecn)
    return;
  if (s->flags & TCP_CWR)
    c->ece_owed = false;
  if (s->ip_ecn == CONGESTION_EXPERIENCED)
    c->ece_owed = true;
}

static void
input(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (c->state == TCP_CLOSED || c->state == TCP_LISTEN)
    return;
  if (c->state == TCP_SYN_SENT) {
    input_syn_sent(c, s, now_ns);
    return;
  }
  struct tcp_segment stripped;
  if (c->state == TCP_SYN_RECEIVED && (s->flags & TCP_SYN) && (s->flags & TCP_ACK) &&
      s->seq == c->irs) {
    /* Simultaneous OPEN: the peer's SYN once more, now with the ACK that opens (RFC 9293 3.5,
     * figure 8). Its SYN has been taken; the rest begins behind it. */
    stripped = *s;
    stripped.flags &= (uint16_t)~TCP_SYN;
    stripped.seq++;
    s = &stripped;
  }
  if (!passes_paws(c, s, now_ns))
    return;
  bool acceptable = is_acceptable(c, s);
  if (!acceptable && !input_unacceptable(c, s, now_ns))
    return;
  if (s->flags & TCP_RST) {
    input_rst(c, s, now_ns);
    return;
  }
  if (s->flags & TCP_SYN) {
    tcp_input_challenge(c, now_ns);
    return;
  }
  take_ts_recent(c, s, now_ns);
  if (!(s->flags & TCP_ACK) || !input_ack(c, s, now_ns) || !acceptable)
    return;
  take_ecn(c, s);
  tcp_receive_text(c, s, s->seq, now_ns);
}

void
tcp_conn_input(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  c->heard_ns = now_ns;
  if (c->n_keepalives > 0) {
    c->n_keepalives = 0;
    tcp_timer_arm_keepalive(c, now_ns);
  }
  input(c, s, now_ns);
  tcp_conn_show(c);
}
