/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sequence.c -- retransmissions, holes, windows and keep-alives, judged from what passed by.
 *
 *     next_seq         one behind the highest octet that this side sent
 *     max_seq_to_ack   one behind the highest octet without a hole in front of it
 *     last_ack, window what this side said last about the other's octets
 *
 * The items and their conditions are Wireshark 4.0's, as its users' guide ("TCP Analysis")
 * describes them and as tests compare frame by frame, because students look the same frame up
 * there. They say what it looks like, not what an end really did: a capture cannot know that. RFC
 * 9293, 7323. */
#include "capture/trace/sequence.h"

enum {
  FAST_RETRANSMISSION_NS = 20000000, /* behind the last duplicate ACK */
  OUT_OF_ORDER_NS = 3000000,         /* when the round-trip time is not known */
  SCALE_MAX = 14,                    /* RFC 7323 2.3 */
};

/* The first sequence numbers, from which relative ones are counted. A SYN, ACK with another number
 * than before replaces its side's: the old connection's numbers mean nothing any more. */
static unsigned
learn_isn(struct flow_record *f, unsigned d, const struct sequence_segment *s)
{
  unsigned items = 0;
  if ((s->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) && f->numbers[d].has_isn &&
      f->seen.ends[d].isn != s->seq) {
    f->numbers[d].has_isn = false;
    items = ANALYSIS_REUSED_PORTS;
  }
  if (!f->numbers[d].has_isn) {
    f->numbers[d].has_isn = true;
    f->seen.ends[d].isn = s->flags & TCP_SYN ? s->seq : s->seq - 1;
  }
  if (!f->numbers[!d].has_isn && !(s->flags & TCP_SYN)) {
    f->numbers[!d].has_isn = true;
    f->seen.ends[!d].isn = s->ack - 1;
  }
  return items;
}

static void
learn_scale(struct flow_record *f, unsigned d, const struct sequence_segment *s)
{
  struct flow_numbers *fwd = &f->numbers[d], *rev = &f->numbers[!d];
  if (s->window_scale >= 0)
    fwd->window_scale = (int8_t)(s->window_scale > SCALE_MAX ? SCALE_MAX : s->window_scale);
  if ((s->flags & TCP_ACK) &&
      (fwd->window_scale == SEQUENCE_SCALE_UNKNOWN || rev->window_scale == SEQUENCE_SCALE_UNKNOWN))
    fwd->window_scale = rev->window_scale = SEQUENCE_SCALE_UNUSED;
}

/* What the segment says about windows and acknowledgments. */
static unsigned
judge_window(struct flow_numbers *fwd, const struct flow_numbers *rev,
             const struct sequence_segment *s)
{
  unsigned items = 0;
  bool is_control = s->flags & SEQUENCE_CONTROL;
  if (s->n_octets == 1 && fwd->has_next_seq && s->seq == fwd->next_seq && rev->has_window &&
      rev->window == 0)
    return ANALYSIS_ZERO_WINDOW_PROBE;
  if (s->window == 0 && !is_control)
    items |= ANALYSIS_ZERO_WINDOW;
  if (fwd->has_next_seq && seq_gt(s->seq, fwd->next_seq) && !(s->flags & TCP_RST))
    items |= ANALYSIS_LOST_SEGMENT;
  if (is_control)
    return items;
  if (s->n_octets <= 1 && fwd->has_next_seq && s->seq == fwd->next_seq - 1)
    items |= ANALYSIS_KEEP_ALIVE;
  if (s->n_octets) {
    if (rev->window_scale != SEQUENCE_SCALE_UNKNOWN &&
        s->seq + s->n_octets == sequence_window_edge(rev))
      items |= ANALYSIS_WINDOW_FULL;
    return items;
  }
  /* An empty segment that repeats its numbers: what differs is the window, or nothing. */
  if (!fwd->has_next_seq || s->seq != fwd->next_seq || s->ack != fwd->last_ack)
    return items;
  bool same_window = fwd->has_window && s->window == fwd->window;
  if (s->window && !same_window)
    return items | ANALYSIS_WINDOW_UPDATE;
  if (s->window && (rev->last_analysis & ANALYSIS_KEEP_ALIVE))
    return items | ANALYSIS_KEEP_ALIVE_ACK;
  if (!s->window && same_window && (rev->last_analysis & ANALYSIS_ZERO_WINDOW_PROBE))
    return items | ANALYSIS_ZERO_WINDOW_PROBE_ACK;
  if (s->window) {
    fwd->dup_acks = fwd->dup_acks == -1 ? 1 : fwd->dup_acks + 1;
    items |= ANALYSIS_DUPLICATE_ACK;
  }
  return items;
}

/* An ACK of octets that the capture never saw is told once per hole. */
static unsigned
judge_ack(struct flow_numbers *rev, const struct sequence_segment *s)
{
  if (!(s->flags & TCP_ACK) || !rev->has_max_seq || !seq_gt(s->ack, rev->max_seq_to_ack))
    return 0;
  if (seq_lt(rev->max_seq_to_ack, rev->next_seq)) {
    rev->max_seq_to_ack = rev->next_seq;
    return ANALYSIS_ACK_LOST_SEGMENT;
  }
  bool is_first = rev->dup_acks == 0;
  rev->dup_acks = -1;
  return is_first ? ANALYSIS_ACK_LOST_SEGMENT : 0;
}

/* Octets (or a SYN or FIN) that do not raise the sequence number came before, or came late. */
static unsigned
judge_repeat(const struct flow_record *f, const struct flow_numbers *fwd,
             const struct flow_numbers *rev, const struct sequence_segment *s)
{
  bool is_old = fwd->has_next_seq && seq_lt(s->seq, fwd->next_seq);
  if (s->n_octets > 1 && fwd->has_next_seq && fwd->next_seq - 1 == s->seq)
    is_old = false; /* the octet in front was a zero window probe's */
  if (s->n_octets && rev->last_ack && seq_le(s->seq + s->n_octets, rev->last_ack))
    return ANALYSIS_SPURIOUS_RETRANSMISSION | ANALYSIS_RETRANSMISSION;
  if (!is_old)
    return 0;
  if (rev->dup_acks >= 2 && rev->last_ack == s->seq &&
      (uint64_t)(s->time_ns - rev->last_ack_time_ns) < FAST_RETRANSMISSION_NS)
    return ANALYSIS_FAST_RETRANSMISSION | ANALYSIS_RETRANSMISSION;
  int64_t near_ns = f->first_rtt_ns ? f->first_rtt_ns : OUT_OF_ORDER_NS;
  uint32_t next = s->seq + s->n_octets + (s->flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
  if ((uint64_t)(s->time_ns - fwd->next_seq_time_ns) < (uint64_t)near_ns && fwd->next_seq != next)
    return ANALYSIS_OUT_OF_ORDER;
  return ANALYSIS_RETRANSMISSION;
}

static void
remember(struct flow_numbers *fwd, const struct sequence_segment *s, unsigned items)
{
  bool has_end = s->flags & (TCP_SYN | TCP_FIN);
  uint32_t next = s->seq + s->n_octets + (has_end ? 1 : 0);
  if (!(items & ANALYSIS_ZERO_WINDOW_PROBE)) {
    if (!fwd->has_next_seq || seq_gt(next, fwd->next_seq)) {
      fwd->has_next_seq = true;
      fwd->next_seq = next;
      fwd->next_seq_time_ns = s->time_ns;
    }
    if (!fwd->has_max_seq || s->seq == fwd->max_seq_to_ack) {
      fwd->has_max_seq = true;
      fwd->max_seq_to_ack = fwd->next_seq;
    }
  }
  fwd->window = s->window;
  fwd->has_window = true;
  fwd->last_ack = s->ack;
  fwd->last_ack_time_ns = s->time_ns;
  fwd->last_analysis = (uint16_t)items;
  fwd->last_was_syn = s->flags & TCP_SYN;
}

uint16_t
sequence_feed(struct flow_record *f, unsigned direction, const struct sequence_segment *s)
{
  struct flow_numbers *fwd = &f->numbers[direction], *rev = &f->numbers[!direction];
  unsigned reused = learn_isn(f, direction, s);
  unsigned items = judge_window(fwd, rev, s);
  if (s->ack != fwd->last_ack)
    fwd->dup_acks = 0;
  items |= judge_ack(rev, s);
  if ((s->n_octets || (s->flags & (TCP_SYN | TCP_FIN))) && !(items & ANALYSIS_KEEP_ALIVE))
    items |= judge_repeat(f, fwd, rev, s);
  remember(fwd, s, items);
  if (s->flags & TCP_SYN)
    learn_scale(f, direction, s);
  if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
    f->syn_time_ns = s->time_ns;
  else if (!(s->flags & TCP_SYN) && (s->flags & TCP_ACK) && f->syn_time_ns && !f->first_rtt_ns)
    f->first_rtt_ns = s->time_ns - f->syn_time_ns;
  return (uint16_t)(items | reused);
}
