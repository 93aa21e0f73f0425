/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_rtt.c -- numbers that a segment has only beside the earlier ones of its connection:
 * round-trip times, octets under way.
 *
 *     this ACK ── acknowledgment number ──> the segment of the other end that ends there
 *
 * The segments before this one are looked at again, at most TCP_LOOK_BACK_FRAMES of them; what lies
 * further back is not told. The rules are Wireshark's: a segment waits until an ACK covers it, and
 * is acknowledged by the first that ends where it ends. */
#include "capture/decode/tcp.h"

#include "capture/wire/tcp.h"

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

enum { HANDSHAKE_FRAMES = 16 };       /* among which the first ACK is looked for */
enum { IN_FLIGHT_SANE = 2000000000 }; /* more is no count but numbers that do not fit each other */

/* Whether all that this end sent before the segment lies before it: one that came again, or late,
 * says nothing of its neighbours. */
static bool
is_in_turn(const struct tcp_segment *s)
{
  return !(s->analysis & (ANALYSIS_RETRANSMISSION | ANALYSIS_OUT_OF_ORDER | ANALYSIS_KEEP_ALIVE));
}

/* The segment that this one acknowledges: the oldest of the other end that waits and ends at its
 * number. A retransmission is no other segment. */
static bool
acked_build(struct decode *d, const struct tcp_segment *now, struct slice none)
{
  const struct tcp_segment *s;
  uint32_t frame = now->prev, found = TRACE_NONE, acked = 0;
  bool any_ack = false;
  int64_t since_ns = 0;
  if (!(now->flags & TCP_ACK))
    return false;
  for (unsigned i = 0; i < TCP_LOOK_BACK_FRAMES; i++, frame = s->prev) {
    if (!(s = tcp_segment_get(d, frame)))
      break;
    if (s->direction == now->direction) {
      if ((s->flags & TCP_ACK) && (!any_ack || seq_gt(s->ack, acked)))
        acked = s->ack;
      any_ack = any_ack || (s->flags & TCP_ACK);
      if (any_ack && seq_le(now->ack, acked))
        break; /* what ends here and stands before it was acknowledged by it */
    } else if (s->next != s->seq) {
      if (any_ack && seq_le(s->next, acked) && is_in_turn(s))
        break; /* from here on everything was */
      if (s->next == now->ack) {
        found = frame;
        since_ns = s->time_ns;
      }
    }
  }
  if (found == TRACE_NONE)
    return false;
  build_generated(d, build_number(d, &defs[ACKS_FRAME], none, found + 1));
  if (now->time_ns != since_ns)
    build_generated(
        d, build_number(d, &defs[ACK_RTT], none, (uint64_t)now->time_ns - (uint64_t)since_ns));
  return true;
}

/* From the last SYN to the first ACK that is no SYN: the end of the handshake, or a refusal. No
 * time between them is no measurement, and the next ACK counts. */
static bool
initial_rtt(struct decode *d, const struct trace_flow *flow, uint32_t *frame_of_ack,
            int64_t *span_ns)
{
  bool syn_seen = false;
  int64_t syn_ns = 0;
  uint32_t frame = flow->first_frame;
  for (unsigned i = 0; i < HANDSHAKE_FRAMES; i++) {
    const struct tcp_segment *s = tcp_segment_get(d, frame);
    if (!s)
      return false;
    if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
      syn_seen = true;
      syn_ns = s->time_ns;
    } else if (syn_seen && (s->flags & (TCP_SYN | TCP_ACK)) == TCP_ACK && s->time_ns != syn_ns) {
      *frame_of_ack = frame;
      *span_ns = s->time_ns - syn_ns;
      return true;
    }
    frame = trace_next_in_flow(d->trace, frame);
  }
  return false;
}

static void
initial_build(struct decode *d, struct slice none)
{
  struct decode_work *w = d->work;
  const struct trace_flow *flow = trace_flow(d->trace, w->record.flow);
  if (w->rtt_flow != w->record.flow) {
    w->rtt_flow = w->record.flow;
    if (!initial_rtt(d, flow, &w->rtt_frame, &w->rtt_ns))
      w->rtt_frame = TRACE_NONE;
  }
  if (w->rtt_frame != TRACE_NONE && d->frame >= w->rtt_frame)
    build_generated(d, build_number(d, &defs[INITIAL_RTT], none, (uint64_t)w->rtt_ns));
}

/* What this end sent, walked backwards from the segment that is decoded.
 *
 * Behind a hole nothing is counted until the other end has said how far it heard: the segments of
 * a stretch, between two ACKs of the other end, count once it is known that no hole lies before
 * them in it. */
struct sent {
  uint32_t first, last; /* of what waits for its receipt */
  uint32_t acked;       /* by the other end, behind the place that the walk has reached */
  bool any_ack;
  bool is_covered; /* what lies further back was acknowledged */
  bool is_hole;    /* in the stretch of this segment itself */
  bool is_pushed;  /* a PSH ended the count of octets */
  uint64_t pushed_octets;
  uint64_t stretch_octets;
  bool stretch_pushed;
  int64_t sacked_octets; /* in the newest segment of the other end; -1: none seen yet */
};

static void
sent_heard(struct sent *w, const struct tcp_segment *s)
{
  if (w->sacked_octets < 0)
    w->sacked_octets = s->sacked_octets;
  if (!(s->flags & TCP_ACK))
    return;
  if (!w->any_ack || seq_gt(s->ack, w->acked))
    w->acked = s->ack;
  w->any_ack = true;
  w->pushed_octets += w->is_pushed ? 0 : w->stretch_octets;
  w->is_pushed = w->is_pushed || w->stretch_pushed;
  w->stretch_octets = 0;
  w->stretch_pushed = false;
}

static void
sent_said(struct sent *w, const struct tcp_segment *s)
{
  if (s->payload_octets && !w->stretch_pushed) {
    w->stretch_pushed = s->flags & TCP_PSH;
    w->stretch_octets += s->flags & TCP_PSH ? 0 : s->payload_octets;
  }
  if (s->analysis & ANALYSIS_LOST_SEGMENT) {
    w->is_hole = w->is_hole || !w->any_ack;
    w->stretch_octets = 0;
    w->stretch_pushed = false;
  }
  if (s->next == s->seq || w->is_covered)
    return;
  if (w->any_ack && seq_le(s->next, w->acked)) {
    w->is_covered = is_in_turn(s);
    return;
  }
  uint32_t first = w->any_ack && seq_gt(w->acked, s->seq) ? w->acked : s->seq;
  w->first = seq_lt(first, w->first) ? first : w->first;
  w->last = seq_gt(s->next, w->last) ? s->next : w->last;
}

/* Octets without a receipt, this segment's included, and those since the last PSH. */
static bool
sent_build(struct decode *d, const struct tcp_segment *now, struct slice none)
{
  const struct tcp_segment *s;
  struct sent w = {.first = now->seq, .last = now->next, .sacked_octets = -1};
  uint32_t frame = now->prev;
  unsigned n_back = 0;
  w.is_hole = now->analysis & ANALYSIS_LOST_SEGMENT;
  if (now->payload_octets == 0)
    return false;
  while (!w.is_hole && (!w.is_covered || !w.is_pushed) && n_back < TCP_LOOK_BACK_FRAMES &&
         (s = tcp_segment_get(d, frame))) {
    if (s->direction == now->direction)
      sent_said(&w, s);
    else
      sent_heard(&w, s);
    frame = s->prev;
    n_back++;
  }
  if (w.is_hole)
    return false;
  bool knows_all = n_back < TCP_LOOK_BACK_FRAMES;
  uint32_t in_flight = w.last - w.first - (w.sacked_octets > 0 ? (uint32_t)w.sacked_octets : 0);
  if ((!knows_all && !w.is_covered) || in_flight == 0 || in_flight >= IN_FLIGHT_SANE)
    return true; /* SACK told of as much, or numbers do not fit each other */
  build_generated(d, build_number(d, &defs[IN_FLIGHT], none,
                                  in_flight - (now->flags & (TCP_SYN | TCP_FIN) ? 1 : 0)));
  if (knows_all || w.is_pushed)
    build_generated(d, build_number(d, &defs[PUSHED], none,
                                    now->payload_octets + w.pushed_octets +
                                        (w.is_pushed ? 0 : w.stretch_octets)));
  return true;
}

void
tcp_rtt_build(struct decode *d, struct slice s)
{
  struct decode_work *w = d->work;
  bool whole = w->record.payload_offset != 0 || (w->record.flags & TRACE_FRAME_REASSEMBLED);
  if (w->summary_only || !whole)
    return;
  const struct tcp_segment *found = tcp_segment_get(d, d->frame);
  if (!found)
    return;
  struct tcp_segment now = *found;
  struct slice none = slice_none(s);
  bool acks = acked_build(d, &now, none), sends = sent_build(d, &now, none);
  if (acks || sends || w->record.analysis != 0)
    initial_build(d, none);
}
