/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_sack.c -- the sender's scoreboard and what it says: RFC 6675.
 *
 *   snd_una                    high_rxt          lost edge                      snd_max
 *      ├───── repeated ───────────┤                  │                             │
 *      [ hole ][ SACKed ][ hole   ][ hole ][ SACKed ][ hole ][ SACKed ][ in flight ]
 *      └──────────── what is missing here is lost ───┘
 *
 * `sacked` holds the ranges in order, apart from each other. Lost is what lies below three SACKed
 * ranges, or below more than two segments' worth of SACKed octets. After a timeout the ranges stay
 * (RFC 6675 5.1); they go when the peer shows that it reneged. */
#include <glib.h>
#include <string.h>

#include "sim/net/tcp_internal.h"

/* A window of 256 segments with every second one lost. Blocks beyond that are not taken: what they
 * say is sent once more, nothing worse. */
enum { RANGES_MAX = 128, RANGES_FIRST = 4 };

void
tcp_sack_clear(struct tcp_conn *c)
{
  g_clear_pointer(&c->sacked, g_free);
  c->n_sacked = c->sacked_room = 0;
}

static bool
make_room(struct tcp_conn *c)
{
  if (c->n_sacked < c->sacked_room)
    return true;
  if (c->sacked_room == RANGES_MAX)
    return false;
  c->sacked_room = c->sacked_room ? 2 * c->sacked_room : RANGES_FIRST;
  c->sacked = g_renew(struct tcp_piece, c->sacked, c->sacked_room);
  return true;
}

/* Returns how many of the octets are new. */
static uint32_t
add_range(struct tcp_conn *c, uint32_t left, uint32_t right)
{
  unsigned i = 0;
  while (i < c->n_sacked && seq_lt(c->sacked[i].right, left))
    i++;
  unsigned end = i;
  uint32_t known = 0;
  while (end < c->n_sacked && seq_le(c->sacked[end].left, right)) {
    uint32_t from = seq_gt(c->sacked[end].left, left) ? c->sacked[end].left : left;
    uint32_t to = seq_lt(c->sacked[end].right, right) ? c->sacked[end].right : right;
    known += to - from;
    end++;
  }
  uint32_t n_new = right - left - known;
  if (n_new == 0)
    return 0;
  if (end == i) {
    if (!make_room(c))
      return 0;
    memmove(c->sacked + i + 1, c->sacked + i, (c->n_sacked - i) * sizeof c->sacked[0]);
    c->n_sacked++;
  } else {
    if (seq_lt(c->sacked[i].left, left))
      left = c->sacked[i].left;
    if (seq_gt(c->sacked[end - 1].right, right))
      right = c->sacked[end - 1].right;
    memmove(c->sacked + i + 1, c->sacked + end, (c->n_sacked - end) * sizeof c->sacked[0]);
    c->n_sacked -= end - i - 1;
  }
  c->sacked[i] = (struct tcp_piece){left, right};
  return n_new;
}

uint32_t
tcp_sack_take(struct tcp_conn *c, const struct tcp_options *o)
{
  uint32_t n_new = 0, outstanding = c->snd_max - c->snd_una;
  for (unsigned i = 0; i < o->n_sack; i++) {
    uint32_t left = o->sack[i].left, right = o->sack[i].right;
    /* Below snd_una: a duplicate is told (RFC 2883), or the ACK is old. Beyond snd_max: nonsense.
     * In distances from snd_una, for two wild numbers may each seem to lie before the other. */
    if (left == c->snd_una || left - c->snd_una >= right - c->snd_una ||
        right - c->snd_una > outstanding)
      continue;
    n_new += add_range(c, left, right);
  }
  return n_new;
}

void
tcp_sack_acked(struct tcp_conn *c)
{
  unsigned gone = 0;
  while (gone < c->n_sacked && seq_le(c->sacked[gone].right, c->snd_una))
    gone++;
  /* A peer that stops where a SACKed range begins, or within, threw away what it had (RFC 2018 8).
   */
  if (gone == c->n_sacked || seq_le(c->sacked[gone].left, c->snd_una)) {
    tcp_sack_clear(c);
    return;
  }
  c->n_sacked -= gone;
  memmove(c->sacked, c->sacked + gone, c->n_sacked * sizeof c->sacked[0]);
}

uint32_t
tcp_sack_missing(const struct tcp_conn *c, uint32_t left, uint32_t right)
{
  if (!seq_lt(left, right))
    return 0;
  uint32_t n = right - left;
  for (unsigned i = 0; i < c->n_sacked; i++) {
    uint32_t from = seq_gt(c->sacked[i].left, left) ? c->sacked[i].left : left;
    uint32_t to = seq_lt(c->sacked[i].right, right) ? c->sacked[i].right : right;
    if (seq_lt(from, to))
      n -= to - from;
  }
  return n;
}

uint32_t
tcp_sack_lost_edge(const struct tcp_conn *c)
{
  uint32_t octets = 0;
  for (unsigned i = c->n_sacked; i-- > 0;) {
    octets += c->sacked[i].right - c->sacked[i].left;
    if (c->n_sacked - i >= TCP_DUPLICATES_FOR_REPEAT ||
        octets > (TCP_DUPLICATES_FOR_REPEAT - 1) * (uint32_t)c->snd_mss)
      return c->sacked[i].left;
  }
  return c->snd_una;
}

bool
tcp_sack_hole(const struct tcp_conn *c, uint32_t from, uint32_t *left, uint32_t *right)
{
  if (seq_lt(from, c->snd_una))
    from = c->snd_una;
  *right = c->snd_max;
  for (unsigned i = 0; i < c->n_sacked; i++) {
    if (seq_lt(from, c->sacked[i].left)) {
      *right = c->sacked[i].left;
      break;
    }
    if (seq_lt(from, c->sacked[i].right))
      from = c->sacked[i].right;
  }
  *left = from;
  return seq_lt(from, *right);
}

uint32_t
tcp_sack_pipe(const struct tcp_conn *c)
{
  if (!c->is_recovering || !c->use_sack)
    return tcp_sack_missing(c, c->snd_una, c->snd_nxt);
  return tcp_sack_missing(c, c->snd_una, c->snd_max) -
         tcp_sack_missing(c, c->snd_una, tcp_sack_lost_edge(c)) +
         tcp_sack_missing(c, c->snd_una, c->high_rxt);
}

static bool
next_hole_below(struct tcp_conn *c, uint32_t edge, uint32_t *seq, uint32_t *n)
{
  uint32_t right;
  if (!tcp_sack_hole(c, c->high_rxt, seq, &right) || !seq_lt(*seq, edge))
    return false;
  *n = MIN(right - *seq, c->snd_mss);
  c->high_rxt = *seq + *n;
  return true;
}

bool
tcp_sack_next_lost(struct tcp_conn *c, uint32_t *seq, uint32_t *n)
{
  return next_hole_below(c, tcp_sack_lost_edge(c), seq, n);
}

/* Rule 3: any hole below the highest SACKed octet. Rule 4: once per recovery the last octets that
 * are missing, so that the ACKs do not dry up; unless they were repeated a moment ago. */
bool
tcp_sack_next_other(struct tcp_conn *c, uint32_t *seq, uint32_t *n)
{
  if (c->n_sacked > 0 && next_hole_below(c, c->sacked[c->n_sacked - 1].left, seq, n))
    return true;
  if (!c->profile->sack_rescue || (c->has_rescue && seq_le(c->snd_una, c->rescue_rxt)))
    return false;
  uint32_t left, right, from = c->high_rxt;
  bool found = false;
  while (tcp_sack_hole(c, from, &left, &right)) {
    *n = MIN(right - left, c->snd_mss);
    *seq = right - *n;
    from = right;
    found = true;
  }
  if (found) {
    c->has_rescue = true;
    c->rescue_rxt = c->recover;
  }
  return found;
}
