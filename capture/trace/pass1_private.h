/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_PASS1_PRIVATE_H
#define CAPTURE_TRACE_PASS1_PRIVATE_H

/* What a pass holds; for pass1.c, pass1_sessions.c and pass1_short.c only. */
#include "capture/trace/pass1.h"
#include "capture/trace/stream.h"

struct pass1 {
  struct pass1_options options;
  struct pass1_sink sink;
  void *data;
  struct flow_table *flows;
  struct fragments *fragments;
  struct stream_budget budget;
  uint32_t last_index;
  uint32_t sweep;
  /* A pass that forgets: memory of its sessions, and the flows that have one. */
  size_t session_octets;
  GArray *session_flows; /* uint32_t */
  uint32_t hand, session_hand;
  uint64_t n_put_down;
  bool is_putting_down, is_finished;
};

/* What the stream's callbacks need to know. */
struct pass1_feeding {
  struct pass1 *pass;
  struct flow *flow;
  uint32_t flow_index;
  unsigned direction;
};

enum { PASS1_PORT_DNS = 53 };

/* ---- sessions of flows: pass1_sessions.c ---- */

/* Where a stream's octets, gaps and repetitions go; `data` is a struct pass1_feeding. */
extern const struct stream_sink pass1_outlets;
/* Octets in order, without the stream in between. */
void pass1_octets(void *data, const struct stream_run *run);

/* All octets that there will be are in: the session ends and its memory is given back. */
void pass1_end_session(struct pass1 *p, struct flow *f, uint32_t index);
/* Frees what hangs on a flow without a word. */
void pass1_drop_flow(struct pass1 *p, struct flow *f);
/* A pass that forgets: makes room for a flow when there are too many. */
void pass1_make_room(struct pass1 *p);
/* A pass that forgets: gives up one idle flow at most. */
void pass1_forget_one(struct pass1 *p, int64_t time_ns);

/* ---- the short ways: pass1_short.c; false when the frame has to take the long one ---- */

bool pass1_watch_segment(struct pass1 *p, const struct pass1_input *in);
bool pass1_record_segment(struct pass1 *p, const struct pass1_input *in, struct trace_frame *out);

/* After the long way: whether a side may take the short one. */
void pass1_note_smooth(const struct pass1 *p, struct flow *f);

static inline void
pass1_note_ttl(struct flow_side *side, uint8_t ttl)
{
  if (side->ttl == ttl)
    return;
  side->ttl_changed = side->ttl != 0;
  if (!side->ttl)
    side->ttl = ttl;
}

#endif
