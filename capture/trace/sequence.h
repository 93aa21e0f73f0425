/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_SEQUENCE_H
#define CAPTURE_TRACE_SEQUENCE_H

/* What a TCP segment's numbers say: Wireshark's analysis items (enum trace_analysis), by its rules.
 */
#include "capture/trace/flow.h"

struct sequence_segment {
  uint32_t seq, ack;
  uint32_t n_octets; /* of payload, on the wire */
  uint16_t flags;    /* enum tcp_flag */
  uint16_t window;   /* as it stands */
  int window_scale;  /* of a SYN's option; -1: none */
  int64_t time_ns;
};

/* Judges the next segment of a flow and remembers it. Returns bits of enum trace_analysis. */
uint16_t sequence_feed(struct flow_record *f, unsigned direction, const struct sequence_segment *s);

/* A SYN with other numbers than those of the connection that the flow holds: the ports are reused
 * and a new flow has to begin. */
static inline bool
sequence_is_new_connection(const struct flow_record *f, unsigned direction,
                           const struct frame_layers *l)
{
  return l->ip_proto == IP_PROTO_TCP && (l->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
         f->numbers[direction].has_isn && f->seen.ends[direction].isn != l->tcp.seq;
}

/* ---- plain segments: in a header, because nearly every frame of a capture is one ---- */

enum {
  SEQUENCE_SCALE_UNKNOWN = -1,
  SEQUENCE_SCALE_UNUSED = -2,
  SEQUENCE_CONTROL = TCP_SYN | TCP_FIN | TCP_RST,
};

/* One behind the last octet that the window of `side` lets the other end send. */
static inline uint32_t
sequence_window_edge(const struct flow_numbers *side)
{
  unsigned shift = side->last_was_syn || side->window_scale < 0 ? 0 : (unsigned)side->window_scale;
  return side->last_ack + ((uint32_t)side->window << shift);
}

/* Whether enough is known of both ends that a segment of this direction may be plain. Only another
 * segment that is none changes the answer. */
static inline bool
sequence_knows(const struct flow_record *f, unsigned direction)
{
  const struct flow_numbers *fwd = &f->numbers[direction], *rev = &f->numbers[!direction];
  return fwd->has_next_seq && fwd->has_max_seq && rev->has_max_seq && fwd->has_isn &&
         rev->has_isn && (f->first_rtt_ns || !f->syn_time_ns);
}

/* Most segments continue their side without a hole and acknowledge what was seen: they raise
 * numbers and have nothing to be judged, except that octets may fill the window. Says of them what
 * the rules of sequence.c would say. sequence_knows() comes first. */
static inline bool
sequence_is_plain(const struct flow_numbers *fwd, const struct flow_numbers *rev,
                  const struct sequence_segment *s)
{
  if ((s->flags & (SEQUENCE_CONTROL | TCP_ACK)) != TCP_ACK || !s->window)
    return false;
  if (s->seq != fwd->next_seq || s->seq != fwd->max_seq_to_ack ||
      seq_gt(s->ack, rev->max_seq_to_ack))
    return false;
  if (!s->n_octets) /* else a duplicate, an update of the window or a keep-alive's answer */
    return s->ack != fwd->last_ack;
  return s->n_octets > 1 && !(rev->last_ack && seq_le(s->seq + s->n_octets, rev->last_ack));
}

/* What sequence_feed() does with a plain one. */
static inline uint16_t
sequence_feed_plain(struct flow_numbers *fwd, const struct flow_numbers *rev,
                    const struct sequence_segment *s)
{
  uint16_t items = 0;
  uint32_t next = s->seq + s->n_octets;
  if (s->n_octets) {
    if (rev->window_scale != SEQUENCE_SCALE_UNKNOWN && next == sequence_window_edge(rev))
      items = ANALYSIS_WINDOW_FULL;
    fwd->next_seq = fwd->max_seq_to_ack = next;
    fwd->next_seq_time_ns = s->time_ns;
  }
  if (s->ack != fwd->last_ack)
    fwd->dup_acks = 0;
  fwd->last_ack = s->ack;
  fwd->last_ack_time_ns = s->time_ns;
  fwd->window = s->window;
  fwd->has_window = true;
  fwd->last_analysis = items;
  fwd->last_was_syn = false;
  return items;
}

#endif
