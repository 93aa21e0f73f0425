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

#endif
