/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_TCP_H
#define CAPTURE_DECODE_TCP_H

#include "capture/decode/build.h"

/* The marks of pass 1 (trace_frame.analysis) as fields of the open TCP layer `s`, and their words,
 * in brackets, at the start of the summary. */
void tcp_analysis_build(struct decode *d, struct slice s);
/* Round-trip times and octets under way, inside the group that is open. */
void tcp_rtt_build(struct decode *d, struct slice s);

/* How far back in a flow earlier segments are looked at: more than a window of full segments. */
enum { TCP_LOOK_BACK_FRAMES = 1000 };

/* What an earlier segment of a flow said. */
struct tcp_segment {
  uint32_t seq, ack, next;  /* next: behind its octets, SYN and FIN counted */
  uint32_t payload_octets;  /* on the wire */
  uint32_t sacked_octets;   /* in all its SACK blocks, RFC 2018 */
  uint32_t prev;            /* the frame of the flow before it, or TRACE_NONE */
  uint16_t flags, analysis; /* enum tcp_flag, enum trace_analysis */
  unsigned direction;
  int64_t time_ns;
};

/* The segment in a frame; NULL for TRACE_NONE, for a frame without a whole TCP header and for one
 * that can no longer be read. It stays until TCP_LOOK_BACK_FRAMES others were asked for. */
const struct tcp_segment *tcp_segment_get(struct decode *d, uint32_t frame);
void tcp_segments_free(struct tcp_segments *all);

/* The options of a header, and what of them the summary says, at the end of `words`. Edges of SACK
 * are shown relative to `sack_base`. */
void tcp_options_build(struct decode *d, struct slice s, uint32_t sack_base, GString *words);
/* The contents of the option of Multipath TCP, behind its length. */
void tcp_mptcp_build(struct decode *d, struct slice s);

#endif
