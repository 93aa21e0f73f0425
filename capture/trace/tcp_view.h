/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_TCP_VIEW_H
#define CAPTURE_TRACE_TCP_VIEW_H

/* The TCP states of both ends of a connection, inferred from the segments that a capture shows
 * (RFC 9293 3.3.2). A capture sees segments and not the ends, so a segment counts as received when
 * it was seen, and a state that leaves no trace on the wire is the one that the segments allow: the
 * end that answers a SYN was in LISTEN; TIME-WAIT lasts to the end of the capture. */
#include "capture/trace/trace.h"
#include "capture/wire/lang.h"

enum tcp_view_state {
  TCP_VIEW_UNKNOWN, /* nothing of this end was seen that tells */
  TCP_VIEW_CLOSED,
  TCP_VIEW_LISTEN,
  TCP_VIEW_SYN_SENT,
  TCP_VIEW_SYN_RECEIVED,
  TCP_VIEW_ESTABLISHED,
  TCP_VIEW_FIN_WAIT_1,
  TCP_VIEW_FIN_WAIT_2,
  TCP_VIEW_CLOSE_WAIT,
  TCP_VIEW_CLOSING,
  TCP_VIEW_LAST_ACK,
  TCP_VIEW_TIME_WAIT,
  TCP_VIEW_N_STATES
};

/* One row per state: RFC 9293's name and one sentence on what this end waits for. */
struct tcp_view_state_info {
  const char *name;
  struct lang_pair meaning;
};
extern const struct tcp_view_state_info tcp_view_states[TCP_VIEW_N_STATES];

/* The state with that name in RFC 9293's spelling or with '_' or ' ' for '-'; UNKNOWN when none. */
enum tcp_view_state tcp_view_state_find(const char *name);

struct tcp_view_end {
  enum tcp_view_state state;
  bool fin_sent;
  uint32_t fin_next; /* the acknowledgment number that covers its FIN */
};

struct tcp_view {
  struct tcp_view_end ends[2];
  bool mid_stream; /* the first segment seen was no SYN */
  bool was_reset;
  uint32_t n_segments;
};

/* One segment as seen on the wire. */
struct tcp_view_segment {
  unsigned from;  /* 0 or 1: the end that sent it */
  uint16_t flags; /* enum tcp_flag */
  uint32_t seq, ack;
  uint32_t payload_octets;
};

void tcp_view_init(struct tcp_view *v);
void tcp_view_feed(struct tcp_view *v, const struct tcp_view_segment *s);

/* The states behind the flow's last segment at or before `frame` (any frame of the trace; frames of
 * other flows only bound the time). Ends are numbered as in trace_flow.ends. False when the flow is
 * not TCP; all UNKNOWN when none of its segments was seen yet. Octets are read only where a state
 * can change, so a million data segments cost a walk over their records. */
bool tcp_view_at(const struct trace *t, uint32_t flow, uint32_t frame, struct tcp_view *out);

#endif
