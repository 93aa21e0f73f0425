/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_STATISTICS_STATISTICS_H
#define CAPTURE_STATISTICS_STATISTICS_H

/* A capture in numbers: conversations, endpoints, the hierarchy of protocols and what an expert
 * notes. Counted frame by frame, so a window can do it in slices; octets are those on the wire. */
#include <glib.h>
#include <stdbool.h>

#include "capture/trace/trace.h"
#include "capture/wire/lang.h"

/* One flow, ends numbered as in trace_flow.ends. */
struct statistics_conversation {
  uint32_t flow;
  uint32_t n_frames[2];
  uint64_t n_octets[2]; /* of whole frames; trace_flow counts payload */
  uint32_t n_retransmissions[2];
  int64_t first_ns, last_ns;
  int64_t handshake_ns; /* from the last SYN to the ACK of SYN+ACK; -1: not seen */
};

struct statistics_endpoint {
  struct ip_addr addr;
  uint64_t n_frames_sent, n_octets_sent, n_frames_received, n_octets_received;
};

/* A node of the tree, in the order of a walk: parents before their children. */
struct statistics_protocol {
  char *path;       /* "eth:ip:tcp:smtp" */
  const char *name; /* its last part, in `path` */
  unsigned depth;
  uint64_t n_frames, n_octets; /* of frames that hold it, whatever lies inside */
};

enum statistics_severity { STATISTICS_CHAT, STATISTICS_NOTE, STATISTICS_WARNING, STATISTICS_ERROR };

/* One kind of remark. */
struct statistics_remark {
  const char *key; /* of a filter that finds its frames: "tcp.analysis.retransmission" */
  enum statistics_severity severity;
  struct lang_pair name;
  uint64_t n;
  uint32_t first_frame; /* TRACE_NONE: there is none */
};

struct statistics;

/* Borrows the trace, of which the frames that are there now are counted. */
struct statistics *statistics_new(const struct trace *trace);
/* Conversations and remarks only, for which nothing has to be decoded. Before the first step. */
void statistics_set_quick(struct statistics *s);
void statistics_free(struct statistics *s);
/* Counts at most n_frames_max frames more; true when all are counted. Then the tables are sorted.
 */
bool statistics_step(struct statistics *s, uint32_t n_frames_max);
double statistics_fraction(const struct statistics *s);

/* Conversations by flow; endpoints by frames, the busiest first; the tree; remarks, the gravest
 * first, those that never occurred too. Valid until the next step. */
uint32_t statistics_n_conversations(const struct statistics *s);
const struct statistics_conversation *statistics_conversation(const struct statistics *s,
                                                              uint32_t i);
uint32_t statistics_n_endpoints(const struct statistics *s);
const struct statistics_endpoint *statistics_endpoint(const struct statistics *s, uint32_t i);
uint32_t statistics_n_protocols(const struct statistics *s);
const struct statistics_protocol *statistics_protocol(const struct statistics *s, uint32_t i);
uint32_t statistics_n_remarks(const struct statistics *s);
const struct statistics_remark *statistics_remark(const struct statistics *s, uint32_t i);
const char *statistics_severity_name(enum statistics_severity severity); /* "note" */

/* ---- one TCP connection over time ---- */

struct statistics_point {
  uint32_t frame;
  int64_t time_ns;
  uint8_t direction;        /* which of trace_flow.ends sent it */
  uint16_t flags, analysis; /* enum tcp_flag, enum trace_analysis */
  uint32_t seq, ack;        /* relative to the initial numbers that were seen */
  uint32_t n_octets;        /* payload */
  uint32_t window;          /* as scaled */
  uint32_t in_flight;       /* sent and not acknowledged yet, this segment included */
  int64_t rtt_ns;           /* from the octets that it acknowledges for the first time; -1: none */
};

/* Every segment of a TCP flow (struct statistics_point), by frame. Round trips are measured from
 * the first sending of the last octet that an ACK covers, and not at all when it was sent twice
 * (Karn's rule, RFC 6298 section 3). NULL when the flow is not TCP. Free it with g_array_unref().
 */
GArray *statistics_series(const struct trace *trace, uint32_t flow);

#endif
