/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_rtt.c -- numbers that a segment has only beside the earlier ones of its connection:
 * round-trip times, octets under way.
 *
 *     this ACK ── acknowledgment number ──> the segment of the other end that ends there
 *
 * Pass 1 keeps no sequence numbers, so the frames before this one are read again, at most
 * LOOK_BACK_FRAMES of them; what lies further back is not told. The rules are Wireshark's: a
 * segment is acknowledged once, by the first ACK that covers it. */
#include "capture/decode/tcp.h"

#include "capture/wire/frame.h"

/* clang-format off */
enum {
  ACKS_FRAME, ACK_RTT, INITIAL_RTT, IN_FLIGHT, PUSHED
};
/* clang-format on */

static const struct field_def defs[] = {
    [ACKS_FRAME] = {"tcp.analysis.acks_frame",
                    FIELD_FRAME,
                    {"This is an ACK to the segment in frame", "ตอบรับเซกเมนต์ในเฟรม"},
                    {"With this segment all that frame %s brought is receipted.",
                     "เซกเมนต์นี้ตอบรับทุกอย่างที่เฟรม %s นำมา"},
                    "RFC 9293 section 3.4"},
    [ACK_RTT] =
        {"tcp.analysis.ack_rtt",
         FIELD_SPAN,
         {"The RTT to ACK the segment was", "เวลาไปกลับของการตอบรับ"},
         {"The receipt came %s seconds behind the segment, as seen where this was recorded.",
          "การตอบรับมาหลังเซกเมนต์ %s วินาที เมื่อวัดที่จุดบันทึก"},
         "RFC 6298 section 2"},
    [INITIAL_RTT] = {"tcp.analysis.initial_rtt",
                     FIELD_SPAN,
                     {"iRTT", "เวลาไปกลับครั้งแรก"},
                     {"From the SYN to the ACK that ended the handshake %s seconds went by.",
                      "จาก SYN ถึง ACK ที่จบการจับมือใช้เวลา %s วินาที"},
                     "RFC 6298 section 2"},
    [IN_FLIGHT] = {"tcp.analysis.bytes_in_flight",
                   FIELD_UINT,
                   {"Bytes in flight", "ออกเตตที่ยังไม่ได้รับการตอบรับ"},
                   {"Behind this segment %s octets are under way without a receipt.",
                    "หลังเซกเมนต์นี้มี %s ออกเตตที่ส่งแล้วและยังไม่ได้รับการตอบรับ"},
                   "RFC 5681 section 2"},
    [PUSHED] = {"tcp.analysis.push_bytes_sent",
                FIELD_UINT,
                {"Bytes sent since last PSH flag", "ออกเตตตั้งแต่แฟล็ก PSH ครั้งก่อน"},
                {"Since its last flag PSH this end has sent %s octets.",
                 "ตั้งแต่แฟล็ก PSH ครั้งก่อน ฝั่งนี้ส่ง %s ออกเตต"},
                "RFC 9293 section 3.8.6"},
};
FIELD_TABLE(tcp_rtt_fields, defs);

enum {
  LOOK_BACK_FRAMES = 32, /* a window of full segments; each costs a read */
  HANDSHAKE_FRAMES = 16, /* among which the first ACK is looked for */
};

struct segment {
  uint32_t seq, ack, next; /* next: behind its octets, SYN and FIN counted */
  uint32_t payload_octets;
  uint16_t flags;
  unsigned direction;
  int64_t time_ns;
  uint32_t prev, following; /* frames of the flow */
};

static uint32_t
next_of(const struct segment *s)
{
  return s->seq + s->payload_octets + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
}

static bool
segment_read(const struct decode *d, uint32_t frame, GByteArray *octets, struct segment *out)
{
  struct frame_layers layers;
  const struct trace_frame f = trace_frame(d->trace, frame);
  *out = (struct segment){.direction = f.direction,
                          .time_ns = f.time_ns,
                          .prev = f.prev_in_flow,
                          .following = f.next_in_flow};
  if (!trace_octets(d->trace, frame, octets))
    return false;
  frame_walk(trace_link(d->trace, frame), octets->data, octets->len, &layers);
  if (layers.ip_proto != IP_PROTO_TCP || layers.transport_offset == 0)
    return false;
  out->seq = layers.tcp.seq;
  out->ack = layers.tcp.ack;
  out->flags = layers.tcp.flags;
  out->payload_octets = layers.payload_wire;
  out->next = next_of(out);
  return true;
}

static bool
is_before(uint32_t a, uint32_t b)
{
  return (int32_t)(a - b) < 0;
}

/* The segment that this one acknowledges: that of the other end which ends at its number, unless an
 * earlier ACK covered it. */
static bool
acked_build(struct decode *d, const struct segment *now, GByteArray *octets, struct slice none)
{
  struct segment s;
  uint32_t frame = now->prev, found = TRACE_NONE;
  int64_t since_ns = 0;
  if (!(now->flags & TCP_ACK))
    return false;
  for (unsigned i = 0; i < LOOK_BACK_FRAMES && frame != TRACE_NONE; i++) {
    if (!segment_read(d, frame, octets, &s))
      break;
    if (s.direction == now->direction) {
      if ((s.flags & TCP_ACK) && !is_before(s.ack, now->ack))
        break; /* what stands before it was acknowledged by it */
    } else if (s.next == now->ack && s.next != s.seq) {
      found = frame; /* the oldest counts: a retransmission is no other segment */
      since_ns = s.time_ns;
    }
    frame = s.prev;
  }
  if (found == TRACE_NONE)
    return false;
  build_generated(d, build_number(d, &defs[ACKS_FRAME], none, found + 1));
  build_generated(
      d, build_number(d, &defs[ACK_RTT], none, (uint64_t)now->time_ns - (uint64_t)since_ns));
  return true;
}

/* From the last SYN to the first ACK that is no SYN: the end of the handshake, or a refusal. */
static bool
initial_rtt(const struct decode *d, const struct trace_flow *flow, GByteArray *octets,
            uint32_t *frame_of_ack, int64_t *span_ns)
{
  struct segment s;
  bool syn_seen = false;

  int64_t syn_ns = 0;
  uint32_t frame = flow->first_frame;
  for (unsigned i = 0; i < HANDSHAKE_FRAMES && frame != TRACE_NONE; i++) {
    if (!segment_read(d, frame, octets, &s))
      return false;
    if ((s.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
      syn_seen = true;

      syn_ns = s.time_ns;
    } else if (syn_seen && (s.flags & (TCP_SYN | TCP_ACK)) == TCP_ACK) {
      *frame_of_ack = frame;
      *span_ns = s.time_ns - syn_ns;
      return true;
    }
    frame = s.following;
  }
  return false;
}

static void
initial_build(struct decode *d, GByteArray *octets, struct slice none)
{
  struct decode_work *w = d->work;
  const struct trace_flow *flow = trace_flow(d->trace, w->record.flow);
  if (w->rtt_flow != w->record.flow) {
    w->rtt_flow = w->record.flow;
    if (!initial_rtt(d, flow, octets, &w->rtt_frame, &w->rtt_ns))
      w->rtt_frame = TRACE_NONE;
  }
  if (w->rtt_frame != TRACE_NONE && d->frame >= w->rtt_frame)
    build_generated(d, build_number(d, &defs[INITIAL_RTT], none, (uint64_t)w->rtt_ns));
}

/* Octets without a receipt, this segment's included, and those since the last PSH. Behind the last
 * ACK the walk goes on while segments reach beyond it. */
static bool
sent_build(struct decode *d, const struct segment *now, GByteArray *octets, struct slice none)
{
  struct segment s;
  uint32_t frame = now->prev, newest = now->seq + now->payload_octets, oldest = now->seq;
  uint64_t pushed = now->payload_octets;
  bool acked = false, in_flight = true, since_push = true;
  if (now->payload_octets == 0)
    return false;
  for (unsigned i = 0; i < LOOK_BACK_FRAMES && (in_flight || since_push); i++) {
    if (frame == TRACE_NONE || !segment_read(d, frame, octets, &s))
      break;
    frame = s.prev;
    if (s.direction != now->direction) {
      if (!acked && (s.flags & TCP_ACK))
        oldest = s.ack;
      acked = acked || (s.flags & TCP_ACK);
      continue;
    }
    since_push = since_push && !(s.flags & TCP_PSH);
    if (since_push)
      pushed += s.payload_octets;
    if (acked && !is_before(oldest, s.next))
      in_flight = false;
    if (!in_flight || s.next == s.seq)
      continue;
    uint32_t end = s.seq + s.payload_octets; /* a FIN is no octet */
    newest = is_before(newest, end) ? end : newest;
    if (!acked && is_before(s.seq, oldest))
      oldest = s.seq;
  }
  build_generated(d, build_number(d, &defs[IN_FLIGHT], none, newest - oldest));
  build_generated(d, build_number(d, &defs[PUSHED], none, pushed));
  return true;
}

void
tcp_rtt_build(struct decode *d, struct slice s)
{
  struct decode_work *w = d->work;
  struct segment now;
  if (w->summary_only || w->record.payload_offset == 0)
    return;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  if (!segment_read(d, d->frame, octets, &now))
    return;
  struct slice none = slice_none(s);
  bool acks = acked_build(d, &now, octets, none), sends = sent_build(d, &now, octets, none);
  if (acks || sends || w->record.analysis != 0)
    initial_build(d, octets, none);
}
