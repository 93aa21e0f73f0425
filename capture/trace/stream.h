/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_STREAM_H
#define CAPTURE_TRACE_STREAM_H

/* One direction of a TCP connection as a stream of octets: what arrives in order passes through
 * without a copy, what comes early waits, what was there before is dropped. */
#include "capture/trace/flow.h"

enum {
  STREAM_HELD_OCTETS_MAX = 1 << 20, /* per direction: a large window of 2026; then a gap is told */
  STREAM_HELD_PIECES_MAX = 1024,    /* keeps sorted insertion short */
  STREAM_AHEAD_MAX = 1 << 24,       /* further ahead is no octet of this stream */
};
/* Acknowledged, and still not seen: not captured. A segment that the tap lost may come again a few
 * round trips later, so long is waited for it. */
#define STREAM_HOLE_ACKED_NS INT64_C(1000000000)
/* Nothing comes from the other end. */
#define STREAM_HOLE_UNACKED_NS INT64_C(30000000000)

/* Octets in order. `frame_offset`: where they lie in the frame, or in its reassembled datagram. */
struct stream_run {
  const uint8_t *octets;
  uint32_t n_octets;
  uint64_t offset;
  uint32_t frame;
  uint32_t frame_offset;
  int64_t time_ns;
};

struct stream_sink {
  void (*octets)(void *data, const struct stream_run *run);
  /* n octets at `offset` are missing; `frame` is the one in which that became certain. */
  void (*gap)(void *data, uint64_t offset, uint64_t n, uint32_t frame);
  /* Octets that came before: the run is not used, but may be compared. `first`: what is held of the
   * same place, or NULL when it was delivered already. May be NULL. */
  void (*repeat)(void *data, const struct stream_run *run, const uint8_t *first);
};

struct stream_segment {
  const uint8_t *octets;
  uint32_t n_octets; /* captured */
  uint32_t n_wire;   /* on the wire */
  uint32_t seq;      /* of the first payload octet (a SYN's is one less) */
  bool is_syn, is_fin;
  uint32_t frame, frame_offset;
  int64_t time_ns;
};

/* Octets that wait in all streams together, counted by the caller's total. */
struct stream_budget {
  uint64_t held_octets;
  uint64_t held_octets_max;
};

/* Feeds one segment. Returns the low 32 bits of its first octet's offset in the stream. */
uint32_t stream_feed(struct flow_side *side, const struct stream_segment *s,
                     struct stream_budget *budget, const struct stream_sink *sink, void *data);

/* The other end acknowledged everything before `ack`. */
void stream_acknowledged(struct flow_side *side, uint32_t ack, uint32_t frame, int64_t time_ns,
                         struct stream_budget *budget, const struct stream_sink *sink, void *data);

/* Nothing more will come: what waits comes out, with gaps. */
void stream_finish(struct flow_side *side, uint32_t frame, struct stream_budget *budget,
                   const struct stream_sink *sink, void *data);

/* Drops what waits. */
void stream_clear(struct flow_side *side, struct stream_budget *budget);

#endif
