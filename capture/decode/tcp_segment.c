/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_segment.c -- the numbers of earlier segments, read again from their frames.
 *
 * Pass 1 keeps no sequence numbers. Neighbours in a flow look back at the same segments, so those
 * that were read last are remembered: a frame never changes, and what is kept of it neither. */
#include "capture/decode/tcp.h"

#include "capture/wire/frame.h"

enum { REMEMBERED = 1024 }; /* more than TCP_LOOK_BACK_FRAMES, lest a walk evict its own segments */
_Static_assert(REMEMBERED > (int)TCP_LOOK_BACK_FRAMES, "a walk keeps what it reads");

struct tcp_segments {
  uint32_t frame[REMEMBERED]; /* TRACE_NONE: none */
  struct tcp_segment segment[REMEMBERED];
  GByteArray *octets;
};

static struct tcp_segments *
segments_new(void)
{
  struct tcp_segments *all = g_new(struct tcp_segments, 1);
  for (unsigned i = 0; i < REMEMBERED; i++)
    all->frame[i] = TRACE_NONE;
  all->octets = g_byte_array_new();
  return all;
}

void
tcp_segments_free(struct tcp_segments *all)
{
  if (!all)
    return;
  g_byte_array_unref(all->octets);
  g_free(all);
}

static void
sack_read(const struct frame_layers *l, const GByteArray *octets, struct tcp_segment *out)
{
  struct tcp_options options;
  uint32_t first = l->transport_offset + TCP_OCTETS;
  if (l->payload_offset > octets->len || l->payload_offset <= first) /* also a header that is short */
    return;
  tcp_options_get(octets->data + first, l->payload_offset - first, &options);
  for (unsigned i = 0; i < options.n_sack; i++)
    out->sacked_octets += options.sack[i].right - options.sack[i].left;
}

static bool
segment_read(const struct decode *d, uint32_t frame, GByteArray *octets, struct tcp_segment *out)
{
  struct frame_layers l;
  const struct trace_frame f = trace_frame(d->trace, frame);
  if (!trace_octets(d->trace, frame, octets))
    return false;
  frame_walk(trace_link(d->trace, frame), octets->data, octets->len, &l);
  if (f.flags & TRACE_FRAME_REASSEMBLED) { /* the last of the fragments in which it came */
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
    if (!trace_datagram(d->trace, frame, octets, pieces))
      return false;
    frame_walk_transport(octets->data, octets->len, octets->len, &l);
  }
  if (l.ip_proto != IP_PROTO_TCP || l.payload_offset == 0) /* no whole header of TCP */
    return false;
  *out = (struct tcp_segment){
      .seq = l.tcp.seq,
      .ack = l.tcp.ack,
      .payload_octets = l.payload_wire,
      .flags = l.tcp.flags,
      .analysis = f.analysis,
      .direction = f.direction,
      .time_ns = f.time_ns,
      .prev = f.prev_in_flow,
  };
  out->next = out->seq + out->payload_octets + (l.tcp.flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
  sack_read(&l, octets, out);
  return true;
}

const struct tcp_segment *
tcp_segment_get(struct decode *d, uint32_t frame)
{
  struct decode_work *w = d->work;
  if (frame == TRACE_NONE)
    return NULL;
  if (!w->segments)
    w->segments = segments_new();
  unsigned slot = frame % REMEMBERED;
  if (w->segments->frame[slot] == frame)
    return &w->segments->segment[slot];
  w->segments->frame[slot] = TRACE_NONE;
  if (!segment_read(d, frame, w->segments->octets, &w->segments->segment[slot]))
    return NULL;
  w->segments->frame[slot] = frame;
  return &w->segments->segment[slot];
}
