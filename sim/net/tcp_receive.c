/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_receive.c -- what a segment carries: text, urgent mark, FIN, and how its receiver answers.
 *
 *        read   rcv_nxt                      rcv_edge
 *   ──────┼────────┼─────────┬───────┬──────────┤
 *         │ ring   │  hole   │ piece │          │   pieces lie in the ring at their place
 *
 * RFC 9293 3.10.7.4 (steps 6 to 8), RFC 5681 4.2 (when to acknowledge), RFC 2018 and 2883 (blocks
 * of SACK: the newest piece first, a duplicate before it). */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

uint32_t
tcp_receive_edge(const struct tcp_conn *c)
{
  return seq_gt(c->rcv_edge, c->rcv_nxt) ? c->rcv_edge : c->rcv_nxt;
}

/* ---- SACK blocks ---- */

/* Blocks that touch `block`, or are in order now, go; `block` comes first. */
static void
remember_block(struct tcp_conn *c, const struct tcp_piece *block)
{
  struct tcp_piece kept[TCP_SACK_MAX];
  unsigned n = 0;
  if (block)
    kept[n++] = *block;
  for (unsigned i = 0; i < c->n_blocks && n < TCP_SACK_MAX; i++) {
    struct tcp_piece b = c->blocks[i];
    bool touches = block && seq_le(b.left, block->right) && seq_ge(b.right, block->left);
    if (!touches && seq_gt(b.left, c->rcv_nxt))
      kept[n++] = b;
  }
  memcpy(c->blocks, kept, n * sizeof kept[0]);
  c->n_blocks = (uint8_t)n;
}

void
tcp_receive_note_duplicate(struct tcp_conn *c, uint32_t left, uint32_t right)
{
  if (!c->use_sack || !seq_lt(left, right))
    return;
  c->duplicate = (struct tcp_piece){left, right};
  c->has_duplicate = true;
}

void
tcp_receive_put_blocks(struct tcp_conn *c, struct tcp_options *out)
{
  unsigned n = 0, max = c->use_ts ? TCP_SACK_MAX - 1 : TCP_SACK_MAX; /* 40 octets of options */
  if (c->has_duplicate) {
    out->sack[n].left = c->duplicate.left;
    out->sack[n++].right = c->duplicate.right;
    c->has_duplicate = false;
  }
  for (unsigned i = 0; i < c->n_blocks && n < max; i++) {
    out->sack[n].left = c->blocks[i].left;
    out->sack[n++].right = c->blocks[i].right;
  }
  out->n_sack = (uint8_t)n;
}

/* ---- pieces ---- */

/* Notes that [left, right) came early, merging what touches it. Returns the piece it is in, or NULL
 * when there is no room to note it. */
static const struct tcp_piece *
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
      return NULL;
    memmove(c->pieces + i + 1, c->pieces + i, (c->n_pieces - i) * sizeof c->pieces[0]);
    c->pieces[i] = (struct tcp_piece){left, right};
    c->n_pieces++;
    return &c->pieces[i];
  }
  if (seq_lt(c->pieces[i].left, left))
    left = c->pieces[i].left;
  if (seq_gt(c->pieces[end - 1].right, right))
    right = c->pieces[end - 1].right;
  c->pieces[i] = (struct tcp_piece){left, right};
  memmove(c->pieces + i + 1, c->pieces + end, (c->n_pieces - end) * sizeof c->pieces[0]);
  c->n_pieces -= end - i - 1;
  return &c->pieces[i];
}

/* The first part of [left, right) that came before: RFC 2883 4.1 and 4.2. */
static void
note_overlap(struct tcp_conn *c, uint32_t left, uint32_t right)
{
  for (unsigned i = 0; i < c->n_pieces; i++) {
    uint32_t from = seq_gt(c->pieces[i].left, left) ? c->pieces[i].left : left;
    uint32_t to = seq_lt(c->pieces[i].right, right) ? c->pieces[i].right : right;
    if (seq_lt(from, to)) {
      tcp_receive_note_duplicate(c, from, to);
      return;
    }
  }
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

/* ---- text ---- */

/* RFC 5681 4.2: at once for every second full-sized segment and around holes, else soon. */
static void
plan_ack(struct tcp_conn *c, bool is_around_hole, int64_t now_ns)
{
  if (is_around_hole || c->is_quickack || c->profile->delayed_ack_ns == 0 ||
      c->n_unacked >= 2 * c->rcv_largest)
    c->ack_now = true;
  else if (c->ack_at == TCP_NEVER)
    c->ack_at = now_ns + c->profile->delayed_ack_ns;
}

static void
take_early(struct tcp_conn *c, uint32_t seq, const uint8_t *p, uint32_t n)
{
  if (c->use_sack)
    note_overlap(c, seq, seq + n);
  const struct tcp_piece *piece = note_piece(c, seq, seq + n);
  if (piece) {
    ring_write(&c->receive, seq - c->rcv_nxt, p, n);
    if (c->use_sack)
      remember_block(c, piece);
  }
  c->ack_now = true;
}

static void
take_data(struct tcp_conn *c, uint32_t seq, const uint8_t *p, uint32_t n, int64_t now_ns)
{
  c->rcv_largest = MAX(c->rcv_largest, n);
  if (seq != c->rcv_nxt) {
    take_early(c, seq, p, n);
    return;
  }
  bool had_pieces = c->n_pieces > 0;
  if (had_pieces && c->use_sack)
    note_overlap(c, seq, seq + n);
  ring_append(&c->receive, p, n);
  c->rcv_nxt += n;
  if (had_pieces) {
    join_pieces(c);
    remember_block(c, NULL);
  }
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

/* RFC 9293 3.8.5: the pointer stands behind the last urgent octet and only moves forward. */
static void
take_urgent(struct tcp_conn *c, const struct tcp_segment *s)
{
  uint32_t up = s->seq + s->urgent;
  if (!(s->flags & TCP_URG) || s->urgent == 0 || (c->has_rcv_up && seq_le(up, c->rcv_up)))
    return;
  c->rcv_up = up;
  c->has_rcv_up = true;
}

/* Octets that were held behind what now turns out to be the end are none of this stream. */
static void
end_pieces_at(struct tcp_conn *c, uint32_t end)
{
  while (c->n_pieces > 0 && seq_ge(c->pieces[c->n_pieces - 1].left, end))
    c->n_pieces--;
  if (c->n_pieces > 0 && seq_gt(c->pieces[c->n_pieces - 1].right, end))
    c->pieces[c->n_pieces - 1].right = end;
  for (unsigned i = 0; i < c->n_blocks; i++)
    if (seq_gt(c->blocks[i].right, end))
      c->n_blocks = 0; /* what is still held is reported anew */
}

void
tcp_receive_text(struct tcp_conn *c, const struct tcp_segment *s, uint32_t seq, int64_t now_ns)
{
  if (c->state != TCP_ESTABLISHED && c->state != TCP_FIN_WAIT_1 && c->state != TCP_FIN_WAIT_2)
    return;
  take_urgent(c, s);
  const uint8_t *p = s->data;
  uint32_t end = seq + s->n_data;
  bool fin = s->flags & TCP_FIN;
  if (seq_lt(seq, c->rcv_nxt)) {
    uint32_t old = MIN(c->rcv_nxt - seq, s->n_data);
    tcp_receive_note_duplicate(c, seq, seq + old);
    p = p ? p + old : p;
    seq += old;
  }
  uint32_t edge = c->fin_seen ? c->fin_seq : tcp_receive_edge(c);
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
    end_pieces_at(c, end);
  }
  if (c->fin_seen && c->rcv_nxt == c->fin_seq)
    take_fin(c, now_ns);
  else if (fin)
    c->ack_now = true; /* it came early */
}

void
tcp_receive_early(struct tcp_conn *c, const struct tcp_segment *syn)
{
  uint32_t n = MIN(syn->n_data, c->profile->receive_octets);
  if (!c->profile->keeps_syn_data || n == 0)
    return; /* as if beyond the window: not acknowledged, so it comes again */
  ring_append(&c->receive, syn->data, n);
  c->rcv_nxt += n;
}
