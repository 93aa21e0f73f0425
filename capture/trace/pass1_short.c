/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pass1_short.c -- the short ways of most frames, which end where the long one of pass1.c ends.
 *
 *     frame_sort ─> flow_table_seek ─┬─ the next octets of a known flow, or an ACK ─>
 * flowsession_feed └─ anything else: false, and pass1.c walks the frame
 *
 * What a glance at the frame cannot tell, or what changes more than the next numbers of one side,
 * goes the long way, after which pass1_note_smooth() says whether a side may take the short one. */
#include "capture/trace/flow_table.h"
#include "capture/trace/pass1_private.h"
#include "capture/trace/sequence.h"
#include "capture/wire/bytes.h"
#include "capture/wire/frame_sort.h"

void
pass1_note_smooth(const struct pass1 *p, struct flow *f)
{
  for (unsigned d = 0; d < 2; d++) {
    struct flow_side *side = &f->sides[d];
    bool knows_both = p->options.forgets ? f->sides[0].has_isn && f->sides[1].has_isn
                                         : sequence_knows(flow_record(f), d);
    side->is_smooth =
        knows_both && side->has_base && !side->hole && !side->fin_known && !f->sides[!d].hole;
  }
}

/* The flow of a segment, when it is one whose sides are smooth. */
G_ALWAYS_INLINE static inline struct flow *
seek(const struct pass1 *p, const struct pass1_input *in, const struct frame_segment *s,
     uint32_t *index, unsigned *d)
{
  struct flow_ends ends = {.src = s->src,
                           .dst = s->dst,
                           .src_port = s->src_port,
                           .dst_port = s->dst_port,
                           .version = s->version,
                           .proto = IP_PROTO_TCP};
  struct flow *f = flow_table_seek(p->flows, &ends, in->interface, index, d);
  return f && f->sides[*d].is_smooth ? f : NULL;
}

/* Hands the payload on, which begins where its side's stream stands. */
static inline void
feed_payload(struct pass1 *p, const struct pass1_input *in, const struct frame_segment *s,
             struct flow *f, uint32_t index, unsigned d)
{
  struct flow_side *side = &f->sides[d];
  struct pass1_feeding to = {.pass = p, .flow = f, .flow_index = index, .direction = d};
  struct stream_run run = {.octets = s->payload,
                           .n_octets = s->n_payload,
                           .offset = side->next_offset,
                           .frame = in->index,
                           .frame_offset = s->payload_offset,
                           .time_ns = in->time_ns};
  side->next_offset += s->n_payload;
  pass1_octets(&to, &run);
}

bool
pass1_watch_segment(struct pass1 *p, const struct pass1_input *in)
{
  struct frame_segment s;
  if (in->link != LINK_ETHERNET)
    return false;
  enum frame_sort sort = frame_sort(in->octets, in->captured_octets, &s);
  if (sort == FRAME_SPECIAL || s.src_port == PASS1_PORT_DNS) /* pass1.c may tell something of DNS */
    return false;
  if (sort == FRAME_UDP)
    return true;
  if (s.flags & (TCP_SYN | TCP_FIN | TCP_RST))
    return false;
  uint32_t index;
  unsigned d;
  struct flow *f = seek(p, in, &s, &index, &d);
  if (!f)
    return false;
  struct flow_side *side = &f->sides[d];
  if (s.n_payload && s.seq != side->base_seq + (uint32_t)side->next_offset)
    return false;
  f->last_frame = in->index;
  f->last_unit = flow_unit(in->time_ns);
  pass1_note_ttl(side, s.ttl);
  if (s.n_payload)
    feed_payload(p, in, &s, f, index, d);
  return true;
}

/* A frame that is on its way to the record: what is known before its session spoke. */
static inline void
begin_record(const struct pass1_input *in, const struct frame_segment *s, const struct flow *f,
             struct trace_frame *out)
{
  *out = (struct trace_frame){.position = in->position,
                              .time_ns = in->time_ns,
                              .captured_octets = in->captured_octets,
                              .wire_octets = in->wire_octets,
                              .prev_in_flow = f->last_frame,
                              .next_in_flow = TRACE_NONE,
                              .payload_octets = s->n_payload,
                              .payload_offset = (uint16_t)s->payload_offset,
                              .tcp_flags = get_be16(s->tcp + 12) & 0xfff,
                              .interface = in->interface};
}

bool
pass1_record_segment(struct pass1 *p, const struct pass1_input *in, struct trace_frame *out)
{
  struct frame_segment s;
  if (in->link != LINK_ETHERNET || in->captured_octets != in->wire_octets ||
      frame_sort(in->octets, in->captured_octets, &s) != FRAME_SEGMENT ||
      s.src_port == PASS1_PORT_DNS)
    return false;
  uint32_t index;
  unsigned d;
  struct flow *f = seek(p, in, &s, &index, &d);
  if (!f)
    return false;
  struct flow_record *record = flow_record(f);
  struct flow_side *side = &f->sides[d];
  struct flow_numbers *fwd = &record->numbers[d], *rev = &record->numbers[!d];
  uint32_t stream_offset = s.seq - side->base_seq;
  struct sequence_segment segment = {.seq = s.seq,
                                     .ack = s.ack,
                                     .n_octets = s.n_payload,
                                     .flags = s.flags,
                                     .window = get_be16(s.tcp + 14),
                                     .time_ns = in->time_ns};
  if (!sequence_is_plain(fwd, rev, &segment) ||
      (s.n_payload && stream_offset != (uint32_t)side->next_offset))
    return false;
  begin_record(in, &s, f, out);
  out->flow = index;
  out->direction = (uint8_t)d;
  out->stream_offset = stream_offset;
  out->analysis = sequence_feed_plain(fwd, rev, &segment);
  struct trace_flow_end *end = &record->seen.ends[d];
  record->seen.last_frame = in->index;
  end->n_frames++;
  end->n_octets += s.n_payload;
  f->last_frame = in->index;
  f->last_unit = flow_unit(in->time_ns);
  pass1_note_ttl(side, s.ttl);
  side->all_flags |= (uint8_t)s.flags;
  if (s.n_payload)
    feed_payload(p, in, &s, f, index, d);
  out->app = record->seen.app;
  out->state = record->seen.state;
  return true;
}
