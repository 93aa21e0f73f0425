/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_view.c -- the TCP states of both ends, inferred from the segments between them.
 *
 *   sends SYN             sends SYN,ACK             sends ACK of it
 *   CLOSED ──> SYN-SENT   LISTEN ──> SYN-RECEIVED   SYN-RECEIVED (far end) ──> ESTABLISHED
 *
 *   sends FIN     ESTABLISHED ──> FIN-WAIT-1        CLOSE-WAIT ──> LAST-ACK          send_fin()
 *   hears FIN     ESTABLISHED ──> CLOSE-WAIT        FIN-WAIT-2 ──> TIME-WAIT         hear_fin()
 *                 FIN-WAIT-1  ──> CLOSING, or TIME-WAIT when its own FIN was acknowledged with it
 *   own FIN acked FIN-WAIT-1 ──> FIN-WAIT-2   CLOSING ──> TIME-WAIT   LAST-ACK ──> CLOSED
 * hear_ack()
 *
 * RFC 9293 3.3.2, 3.6, 3.10.7. A segment counts as heard when it was seen; one that the capture
 * shows and the network then loses makes the far end look a step ahead until it is sent again,
 * which is all that can be known from one place. */
#include "capture/trace/tcp_view.h"

#include <string.h>

#include "capture/wire/frame.h"

const struct tcp_view_state_info tcp_view_states[TCP_VIEW_N_STATES] = {
    [TCP_VIEW_UNKNOWN] = {"unknown",
                          {"The capture does not show enough of this end to tell its state.",
                           "ข้อมูลที่ดักจับไว้ยังไม่พอจะบอกสถานะของฝั่งนี้ได้"}},
    [TCP_VIEW_CLOSED] = {"CLOSED",
                         {"There is no connection.", "ยังไม่มีการเชื่อมต่อ หรือการเชื่อมต่อสิ้นสุดแล้ว"}},
    [TCP_VIEW_LISTEN] = {"LISTEN",
                         {"Waits for a SYN from anybody.", "รอเซกเมนต์ SYN จากผู้ที่จะเชื่อมต่อเข้ามา"}},
    [TCP_VIEW_SYN_SENT] = {"SYN-SENT",
                           {"Has asked for a connection and waits for the answering SYN.",
                            "ขอเปิดการเชื่อมต่อแล้ว กำลังรอ SYN ตอบกลับ"}},
    [TCP_VIEW_SYN_RECEIVED] = {"SYN-RECEIVED",
                               {"Has answered a SYN with its own and waits for the acknowledgment.",
                                "ตอบ SYN ด้วย SYN ของตนแล้ว กำลังรอการตอบรับ"}},
    [TCP_VIEW_ESTABLISHED] = {"ESTABLISHED",
                              {"The connection is open: data flows in both directions.",
                               "การเชื่อมต่อเปิดอยู่ ส่งข้อมูลได้ทั้งสองทิศทาง"}},
    [TCP_VIEW_FIN_WAIT_1] =
        {"FIN-WAIT-1",
         {"Has said that it will send no more and waits for the acknowledgment.",
          "แจ้งแล้วว่าจะไม่ส่งข้อมูลอีก กำลังรอการตอบรับ"}},
    [TCP_VIEW_FIN_WAIT_2] =
        {"FIN-WAIT-2",
         {"Its own direction is closed; it still receives and waits for the other FIN.",
          "ปิดทิศทางของตนแล้ว ยังรับข้อมูลได้ และรอ FIN จากอีกฝั่ง"}},
    [TCP_VIEW_CLOSE_WAIT] = {"CLOSE-WAIT",
                             {"The other end sends no more; this one may still send, then close.",
                              "อีกฝั่งจะไม่ส่งข้อมูลแล้ว ฝั่งนี้ยังส่งต่อได้จนกว่าจะสั่งปิด"}},
    [TCP_VIEW_CLOSING] = {"CLOSING",
                          {"Both closed at the same time; waits for the acknowledgment of its FIN.",
                           "ทั้งสองฝั่งปิดพร้อมกัน กำลังรอการตอบรับ FIN ของตน"}},
    [TCP_VIEW_LAST_ACK] = {"LAST-ACK",
                           {"Has closed as the second end and waits for the last acknowledgment.",
                            "ปิดเป็นฝั่งที่สอง กำลังรอการตอบรับครั้งสุดท้าย"}},
    [TCP_VIEW_TIME_WAIT] =
        {"TIME-WAIT",
         {"Both directions are closed; waits so that no late segment meets a new connection.",
          "ปิดครบทั้งสองทิศทางแล้ว รอไว้ไม่ให้เซกเมนต์ที่มาช้าไปปนกับการเชื่อมต่อใหม่"}},
};

enum tcp_view_state
tcp_view_state_find(const char *name)
{
  for (int s = 1; name && s < TCP_VIEW_N_STATES; s++) {
    const char *known = tcp_view_states[s].name;
    size_t i = 0;
    while (known[i] && name[i] &&
           (g_ascii_toupper(name[i]) == known[i] ||
            (known[i] == '-' && (name[i] == '_' || name[i] == ' '))))
      i++;
    if (!known[i] && !name[i])
      return (enum tcp_view_state)s;
  }
  return TCP_VIEW_UNKNOWN;
}

void
tcp_view_init(struct tcp_view *v)
{
  memset(v, 0, sizeof *v);
}

/* ---- one segment ---- */

static void
start(struct tcp_view *v, const struct tcp_view_segment *s)
{
  if (v->n_segments > 0)
    return;
  if ((s->flags & TCP_SYN) && !(s->flags & TCP_ACK)) {
    v->ends[s->from].state = TCP_VIEW_CLOSED;
    v->ends[!s->from].state = TCP_VIEW_LISTEN;
  } else if (s->flags & TCP_SYN) {
    v->mid_stream = true;
    v->ends[s->from].state = TCP_VIEW_LISTEN;
    v->ends[!s->from].state = TCP_VIEW_SYN_SENT;
  } else if (!(s->flags & TCP_RST)) {
    v->mid_stream = true;
    v->ends[s->from].state = v->ends[!s->from].state = TCP_VIEW_ESTABLISHED;
  }
}

static bool
is_over(enum tcp_view_state state)
{
  return state == TCP_VIEW_CLOSED || state == TCP_VIEW_TIME_WAIT;
}

static void
send_syn(struct tcp_view *v, const struct tcp_view_segment *s)
{
  struct tcp_view_end *me = &v->ends[s->from], *peer = &v->ends[!s->from];
  /* A new connection on the ports of one that is over (RFC 9293 3.6.1). */
  if (!(s->flags & TCP_ACK) && v->n_segments > 0 && is_over(me->state) && is_over(peer->state)) {
    tcp_view_init(v);
    me->state = TCP_VIEW_CLOSED;
    peer->state = TCP_VIEW_LISTEN;
  }
  if (!(s->flags & TCP_ACK)) {
    if (me->state == TCP_VIEW_CLOSED)
      me->state = TCP_VIEW_SYN_SENT;
    else if (me->state == TCP_VIEW_LISTEN) /* simultaneous open: each hears the other's SYN */
      me->state = peer->state = TCP_VIEW_SYN_RECEIVED;
    return;
  }
  if (me->state == TCP_VIEW_LISTEN || me->state == TCP_VIEW_SYN_SENT ||
      me->state == TCP_VIEW_CLOSED)
    me->state = TCP_VIEW_SYN_RECEIVED;
}

/* The far end hears an acknowledgment: of its SYN, or of its FIN. An end that acknowledges without
 * a SYN,ACK having been captured must have heard one. */
static void
hear_ack(struct tcp_view *v, const struct tcp_view_segment *s)
{
  struct tcp_view_end *me = &v->ends[s->from], *peer = &v->ends[!s->from];
  bool syn = s->flags & TCP_SYN;
  if (!syn && me->state == TCP_VIEW_SYN_SENT)
    me->state = TCP_VIEW_ESTABLISHED;
  if (peer->state == TCP_VIEW_SYN_RECEIVED || (syn && peer->state == TCP_VIEW_SYN_SENT))
    peer->state = TCP_VIEW_ESTABLISHED;
  if (!peer->fin_sent || seq_lt(s->ack, peer->fin_next))
    return;
  if (peer->state == TCP_VIEW_FIN_WAIT_1)
    peer->state = TCP_VIEW_FIN_WAIT_2;
  else if (peer->state == TCP_VIEW_CLOSING)
    peer->state = TCP_VIEW_TIME_WAIT;
  else if (peer->state == TCP_VIEW_LAST_ACK)
    peer->state = TCP_VIEW_CLOSED;
}

static void
send_fin(struct tcp_view *v, const struct tcp_view_segment *s)
{
  struct tcp_view_end *me = &v->ends[s->from], *peer = &v->ends[!s->from];
  if (!me->fin_sent) {
    me->fin_sent = true;
    me->fin_next = s->seq + s->payload_octets + 1;
    if (me->state == TCP_VIEW_CLOSE_WAIT) /* it had not heard the other FIN if it does not say so */
      me->state = (s->flags & TCP_ACK) && seq_lt(s->ack, peer->fin_next) ? TCP_VIEW_CLOSING
                                                                         : TCP_VIEW_LAST_ACK;
    else if (!is_over(me->state))
      me->state = TCP_VIEW_FIN_WAIT_1;
  }
  /* The far end hears it. */
  if (peer->state == TCP_VIEW_ESTABLISHED || peer->state == TCP_VIEW_SYN_RECEIVED)
    peer->state = TCP_VIEW_CLOSE_WAIT;
  else if (peer->state == TCP_VIEW_FIN_WAIT_1)
    peer->state = TCP_VIEW_CLOSING;
  else if (peer->state == TCP_VIEW_FIN_WAIT_2)
    peer->state = TCP_VIEW_TIME_WAIT;
}

void
tcp_view_feed(struct tcp_view *v, const struct tcp_view_segment *s)
{
  g_assert(s->from <= 1);
  start(v, s);
  if (s->flags & TCP_RST) {
    v->ends[0].state = v->ends[1].state = TCP_VIEW_CLOSED;
    v->was_reset = true;
  } else {
    if (s->flags & TCP_SYN)
      send_syn(v, s);
    if (s->flags & TCP_ACK)
      hear_ack(v, s);
    if (s->flags & TCP_FIN)
      send_fin(v, s);
  }
  v->n_segments++;
}

/* ---- a flow of a trace ---- */

/* Numbers of a segment from its octets; those of one that cannot be read stay 0. */
static void
read_segment(const struct trace *t, uint32_t frame, GByteArray *octets, GArray *pieces,
             struct tcp_view_segment *s)
{
  const struct trace_frame f = trace_frame(t, frame);
  struct frame_layers layers = {0};
  if (!trace_octets(t, frame, octets))
    return;
  frame_walk(trace_link(t, frame), octets->data, octets->len, &layers);
  if ((f.flags & TRACE_FRAME_REASSEMBLED) && trace_datagram(t, frame, octets, pieces)) {
    layers.ip_proto = IP_PROTO_TCP;
    frame_walk_transport(octets->data, octets->len, octets->len, &layers);
  } else if (layers.ip_proto != IP_PROTO_TCP || layers.transport_offset == 0) {
    return;
  }
  s->seq = layers.tcp.seq;
  s->ack = layers.tcp.ack;
}

/* In the middle of an open connection a segment without SYN, FIN or RST changes nothing. */
static bool
is_idle(const struct tcp_view *v, uint16_t flags)
{
  return !(flags & (TCP_SYN | TCP_FIN | TCP_RST)) && v->n_segments > 0 &&
         v->ends[0].state == v->ends[1].state &&
         (v->ends[0].state == TCP_VIEW_ESTABLISHED || v->ends[0].state == TCP_VIEW_CLOSED);
}

bool
tcp_view_at(const struct trace *t, uint32_t flow, uint32_t frame, struct tcp_view *out)
{
  tcp_view_init(out);
  const struct trace_flow *f = trace_flow(t, flow);
  if (f->proto != IP_PROTO_TCP)
    return false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i = f->first_frame; i != TRACE_NONE && i <= frame;
       i = trace_frame(t, i).next_in_flow) {
    const struct trace_frame r = trace_frame(t, i);
    if ((r.flags & TRACE_FRAME_FRAGMENT) && !(r.flags & TRACE_FRAME_REASSEMBLED))
      continue;
    struct tcp_view_segment s = {
        .from = r.direction, .flags = r.tcp_flags, .payload_octets = r.payload_octets};
    if (is_idle(out, s.flags)) {
      out->n_segments++;
      continue;
    }
    read_segment(t, i, octets, pieces, &s);
    tcp_view_feed(out, &s);
  }
  return true;
}
