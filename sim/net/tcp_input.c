/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_input.c -- a segment arrives: RFC 9293 3.10.7, in the order of its steps.
 *
 *   acceptable? ─no─> ACK ─┐   RST? ─> reset, or challenge ACK      SYN? ─> challenge ACK
 *        │ yes             └> dropped    (RFC 5961: a blind attacker must know the exact number)
 *        └> ACK: what is acknowledged leaves the send buffer ─> data into the ring ─> FIN
 *
 * The ring holds what came in order; pieces that came early lie behind at their place, and `pieces`
 * says where. Not here: listening (the caller makes a connection with tcp_conn_accept). */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_conn.h"

enum { CHALLENGES_MAX = 10 };
#define CHALLENGE_SPAN_NS (INT64_C(5) * 1000000000)

void
tcp_conn_challenge(struct tcp_conn *c, int64_t now_ns)
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
    if (!c->rtt_known)
      tcp_rtt_syn_was_repeated(c);
  }
  tcp_conn_set_state(c, TCP_ESTABLISHED, now_ns);
}

static void take_text(struct tcp_conn *c, const struct tcp_segment *s, uint32_t seq,
                      int64_t now_ns);

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
  tcp_conn_take_syn(c, s);
  if (!acks) {
    /* Both ends opened at once: the SYN leaves again, now with an ACK. */
    c->snd_nxt = c->iss;
    tcp_conn_set_state(c, TCP_SYN_RECEIVED, now_ns);
    return;
  }
  tcp_rtt_acked(c, s->ack, now_ns);
  c->snd_una = s->ack;
  c->snd_nxt = c->snd_max;
  c->snd_wl2 = s->ack;
  open_after_syn(c, now_ns);
  c->ack_now = true;
  take_text(c, s, s->seq + 1, now_ns);
}

/* ---- step 1: is it in the window? ---- */

static uint32_t
segment_octets(const struct tcp_segment *s)
{
  return s->n_data + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

static uint32_t
receive_edge(const struct tcp_conn *c)
{
  return seq_gt(c->rcv_edge, c->rcv_nxt) ? c->rcv_edge : c->rcv_nxt;
}

static bool
is_acceptable(const struct tcp_conn *c, const struct tcp_segment *s)
{
  uint32_t n = segment_octets(s), edge = receive_edge(c);
  if (n == 0) /* the right edge itself is fine for a segment that takes no room */
    return seq_ge(s->seq, c->rcv_nxt) && seq_le(s->seq, edge);
  return seq_lt(s->seq, edge) && seq_gt(s->seq + n, c->rcv_nxt);
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
  if (segment_octets(s) == 0 || (s->flags & TCP_SYN))
    tcp_conn_challenge(c, now_ns);
  else
    c->ack_now = true;
  return s->seq == c->rcv_nxt && receive_edge(c) == c->rcv_nxt && !(s->flags & TCP_SYN);
}

/* ---- step 2: RST, with RFC 5961 3 ---- */

static void
input_rst(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (s->seq != c->rcv_nxt) {
    tcp_conn_challenge(c, now_ns);
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
take_window(struct tcp_conn *c, const struct tcp_segment *s)
{
  if (!seq_lt(c->snd_wl1, s->seq) && !(c->snd_wl1 == s->seq && seq_le(c->snd_wl2, s->ack)))
    return;
  uint32_t before = c->snd_wnd;
  c->snd_wnd = (uint32_t)s->window << c->snd_scale;
  c->snd_wl1 = s->seq;
  c->snd_wl2 = s->ack;
  c->snd_wnd_max = MAX(c->snd_wnd_max, c->snd_wnd);
  if (c->snd_wnd > before) {
    c->persist_at = TCP_NEVER;
    c->persist_backoff = 0;
  }
}

static void
take_new_ack(struct tcp_conn *c, uint32_t ack, int64_t now_ns)
{
  uint32_t n = ack - c->snd_una;
  bool acks_fin = c->wants_fin && !c->fin_acked && ack == tcp_conn_send_end(c);
  ring_drop(&c->send, n - acks_fin, true);
  c->fin_acked = c->fin_acked || acks_fin;
  c->snd_una = ack;
  if (seq_lt(c->snd_nxt, ack))
    c->snd_nxt = ack;
  c->progress_ns = now_ns;
  c->persist_backoff = 0;
  tcp_rtt_acked(c, ack, now_ns);
  bool was_recovering = c->is_recovering;
  tcp_congestion_acked(c, ack, n);
  bool is_later_partial = was_recovering && c->is_recovering && c->had_partial_ack;
  c->had_partial_ack = c->is_recovering;
  if (c->snd_una == c->snd_max || c->snd_nxt == c->snd_una)
    c->rexmit_at = TCP_NEVER;
  else if (!is_later_partial)
    c->rexmit_at = now_ns + tcp_rtt_timeout(c, c->backoff);
}

/* RFC 5681 2: the definition of a duplicate ACK. */
static bool
is_duplicate_ack(const struct tcp_conn *c, const struct tcp_segment *s)
{
  return s->ack == c->snd_una && c->snd_nxt != c->snd_una && segment_octets(s) == 0 &&
         (uint32_t)s->window << c->snd_scale == c->snd_wnd;
}

/* False: the segment is dropped. */
static bool
input_ack(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  if (c->state == TCP_SYN_RECEIVED) {
    if (seq_le(s->ack, c->snd_una) || seq_gt(s->ack, c->snd_max)) {
      tcp_conn_reply_rst(c, s->ack);
      return false;
    }
    tcp_rtt_acked(c, c->iss + 1, now_ns);
    c->snd_una = c->iss + 1;
    c->snd_nxt = c->snd_max;
    open_after_syn(c, now_ns);
    c->snd_wnd = (uint32_t)s->window << c->snd_scale;
    c->snd_wl1 = s->seq;
    c->snd_wl2 = s->ack;
    c->snd_wnd_max = MAX(c->snd_wnd_max, c->snd_wnd);
    return true;
  }
  /* RFC 5961 5.2 */
  if (seq_gt(s->ack, c->snd_max) || seq_lt(s->ack, c->snd_una - c->snd_wnd_max)) {
    tcp_conn_challenge(c, now_ns);
    return false;
  }
  if (c->persist_at != TCP_NEVER)
    c->progress_ns = now_ns; /* a probe was answered: the peer lives */
  if (seq_gt(s->ack, c->snd_una))
    take_new_ack(c, s->ack, now_ns);
  else if (is_duplicate_ack(c, s))
    tcp_congestion_duplicate(c);
  if (seq_ge(s->ack, c->snd_una))
    take_window(c, s);
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

/* ---- steps 7 and 8: text and FIN ---- */

/* Notes that [left, right) came early, merging what touches it. False when there is no room to note
 * it. */
static bool
note_piece(struct tcp_conn *c, uint32_t left, uint32_t right)
{
  unsigned i = 0;
  while (i < c->n_pieces && seq_lt(c->pieces[i].right, left))
    i++;
  unsigned end = i;
  while (end < c->n_pieces && seq_le(c->pieces[end].left, right))
    end++;
  if (end == i) {
    if (c->n_pieces == TCP_PIECES_MAX)
      return false;
    memmove(c->pieces + i + 1, c->pieces + i, (c->n_pieces - i) * sizeof c->pieces[0]);
    c->pieces[i] = (struct tcp_piece){left, right};
    c->n_pieces++;
    return true;
  }
  if (seq_lt(c->pieces[i].left, left))
    left = c->pieces[i].left;
  if (seq_gt(c->pieces[end - 1].right, right))
    right = c->pieces[end - 1].right;
  c->pieces[i] = (struct tcp_piece){left, right};
  memmove(c->pieces + i + 1, c->pieces + end, (c->n_pieces - end) * sizeof c->pieces[0]);
  c->n_pieces -= end - i - 1;
  return true;
}

/* rcv_nxt moved: early pieces that it reached are in order now. */
static void
join_pieces(struct tcp_conn *c)
{
  while (c->n_pieces > 0 && seq_le(c->pieces[0].left, c->rcv_nxt)) {
    if (seq_gt(c->pieces[0].right, c->rcv_nxt)) {
      ring_grow(&c->receive, c->pieces[0].right - c->rcv_nxt);
      c->rcv_nxt = c->pieces[0].right;
    }
    c->n_pieces--;
    memmove(c->pieces, c->pieces + 1, c->n_pieces * sizeof c->pieces[0]);
  }
}

/* RFC 5681 4.2: at once for every second full-sized segment and around holes, else soon. */
static void
plan_ack(struct tcp_conn *c, bool is_around_hole, int64_t now_ns)
{
  if (is_around_hole || c->profile->delayed_ack_ns == 0 || c->n_unacked >= 2 * c->rcv_largest)
    c->ack_now = true;
  else if (c->ack_at == TCP_NEVER)
    c->ack_at = now_ns + c->profile->delayed_ack_ns;
}

static void
take_data(struct tcp_conn *c, uint32_t seq, const uint8_t *p, uint32_t n, int64_t now_ns)
{
  c->rcv_largest = MAX(c->rcv_largest, n);
  if (seq != c->rcv_nxt) {
    if (note_piece(c, seq, seq + n))
      ring_write(&c->receive, seq - c->rcv_nxt, p, n);
    c->ack_now = true;
    return;
  }
  bool had_pieces = c->n_pieces > 0;
  ring_append(&c->receive, p, n);
  c->rcv_nxt += n;
  join_pieces(c);
  c->n_unacked += n;
  plan_ack(c, had_pieces, now_ns);
}

static void
take_fin(struct tcp_conn *c, int64_t now_ns)
{
  c->rcv_nxt++;
  c->ack_now = true;
  switch (c->state) {
  case TCP_SYN_RECEIVED:
  case TCP_ESTABLISHED:
    tcp_conn_set_state(c, TCP_CLOSE_WAIT, now_ns);
    break;
  case TCP_FIN_WAIT_1: /* our FIN is not acknowledged yet, else we were in FIN-WAIT-2 */
    tcp_conn_set_state(c, TCP_CLOSING, now_ns);
    break;
  case TCP_FIN_WAIT_2:
    tcp_conn_set_state(c, TCP_TIME_WAIT, now_ns);
    break;
  default:
    break;
  }
}

/* `seq` is the first data octet's number. */
static void
take_text(struct tcp_conn *c, const struct tcp_segment *s, uint32_t seq, int64_t now_ns)
{
  if (c->state != TCP_ESTABLISHED && c->state != TCP_FIN_WAIT_1 && c->state != TCP_FIN_WAIT_2)
    return;
  const uint8_t *p = s->data;
  uint32_t end = seq + s->n_data;
  bool fin = s->flags & TCP_FIN;
  if (seq_lt(seq, c->rcv_nxt)) {
    uint32_t old = MIN(c->rcv_nxt - seq, s->n_data);
    p = p ? p + old : p;
    seq += old;
  }
  uint32_t edge = c->fin_seen ? c->fin_seq : receive_edge(c);
  if (seq_gt(end, edge)) {
    end = seq_gt(edge, seq) ? edge : seq;
    fin = fin && c->fin_seen; /* what lies beyond the window comes again */
    c->ack_now = true;
  }
  if (seq_gt(end, seq))
    take_data(c, seq, p, end - seq, now_ns);
  if (fin && !c->fin_seen) {
    c->fin_seen = true;
    c->fin_seq = end;
  }
  if (c->fin_seen && c->rcv_nxt == c->fin_seq)
    take_fin(c, now_ns);
  else if (fin)
    c->ack_now = true; /* it came early */
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
  struct tcp_segment stripped = *s;
  if (c->state == TCP_SYN_RECEIVED && (s->flags & TCP_SYN) && (s->flags & TCP_ACK) &&
      s->seq == c->irs) {
    /* Simultaneous OPEN: the peer's SYN once more, now with the ACK that opens (RFC 9293 3.5,
     * figure 8). Its SYN has been taken; the rest begins behind it. */
    stripped.flags &= (uint16_t)~TCP_SYN;
    stripped.seq++;
    s = &stripped;
  }
  bool acceptable = is_acceptable(c, s);
  if (!acceptable && !input_unacceptable(c, s, now_ns))
    return;
  if (s->flags & TCP_RST) {
    input_rst(c, s, now_ns);
    return;
  }
  if (s->flags & TCP_SYN) {
    tcp_conn_challenge(c, now_ns);
    return;
  }
  if (!(s->flags & TCP_ACK) || !input_ack(c, s, now_ns))
    return;
  /* Step 6: the urgent pointer is accepted and means nothing here; mail uses none. */
  if (acceptable)
    take_text(c, s, s->seq, now_ns);
}

void
tcp_conn_input(struct tcp_conn *c, const struct tcp_segment *s, int64_t now_ns)
{
  input(c, s, now_ns);
  tcp_conn_show(c);
}
