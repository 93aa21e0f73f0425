/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_PASS1_H
#define CAPTURE_TRACE_PASS1_H

/* Pass 1: every frame once, in order. It finds the flow, judges sequence numbers as Wireshark does,
 * reassembles fragments and segments, feeds the application sessions and fills the frame's record.
 * It keeps no frames, so a trace can store what it says and an audit of any size can run on it in
 * constant memory.
 *
 *     frame ─> frame_walk ─> fragments ─> flow ─> sequence ─> stream ─> session ─> sink
 */
#include "capture/findings/findings.h"
#include "capture/trace/flow.h"

struct pass1;

struct pass1_options {
  const struct keylog *keys; /* opens TLS, borrowed, may grow; NULL: it stays sealed */
  bool by_interface;         /* a packet's hops on several taps are different flows */
  bool forgets;   /* no records are made, and flows are given up when idle: constant memory */
  bool walks_all; /* every frame takes the long way: tests hold the short one against it */
};

/* Calls may be NULL. Frame numbers are those given to pass1_frame(). */
struct pass1_sink {
  /* Stores an element and returns its index (0 when it is not kept). */
  uint32_t (*element)(void *data, const struct element *element, const uint8_t *octets, size_t n);
  void (*login)(void *data, const struct login *login, const struct finding_place *place);
  void (*notice)(void *data, const struct notice *notice, const struct finding_place *place);
  /* What a TLS record of a flow held; false when it cannot be kept. Sides are roles. */
  bool (*plain)(void *data, uint32_t flow, const struct app_plain *plain);
  /* A datagram was put together in `frame`, from these pieces in the order of their octets. */
  void (*datagram)(void *data, uint32_t frame, const struct trace_piece *pieces, unsigned n_pieces);
};

struct pass1_input {
  const uint8_t *octets;
  int64_t time_ns;
  uint64_t position;
  uint32_t index; /* counts up from call to call */
  uint32_t captured_octets, wire_octets;
  enum link_type link;
  uint16_t interface;
};

struct pass1 *pass1_new(const struct pass1_options *options, const struct pass1_sink *sink,
                        void *data);
void pass1_free(struct pass1 *p);
/* Before the first frame only. */
void pass1_set_by_interface(struct pass1 *p, bool by_interface);

/* Opens TLS of the connections that begin from here on; borrowed, may grow. */
void pass1_set_keys(struct pass1 *p, const struct keylog *keys);

/* Fills *out, `element` and next_in_flow aside. A pass that forgets fills nothing and judges no
 * sequence numbers: out may be NULL. */
void pass1_frame(struct pass1 *p, const struct pass1_input *in, struct trace_frame *out);

/* The last frame was in: what waits comes out. */
void pass1_finish(struct pass1 *p);

/* How many conversations a pass that forgets put down because all that were open held too much: of
 * these something may have been missed. */
uint64_t pass1_n_put_down(const struct pass1 *p);

const struct flow_table *pass1_flows(const struct pass1 *p);

#endif
