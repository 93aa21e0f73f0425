/* SPDX-License-Identifier: GPL-3.0-or-later */
/* series.c -- one TCP connection as a series of segments: numbers, window, what is under way, round
 * trips.
 *
 *     data ──> the latest octet not acknowledged yet, and when it was first sent
 *     ACK ───> covers it: round trip = now - then, unless it was sent twice in between
 */
#include "capture/statistics/statistics.h"

#include "capture/wire/frame.h"
#include "capture/wire/tcp.h"

enum {
  WAITING_MAX = 4096
}; /* segments under way whose times are kept; older ones give no round trip */

/* A segment that waits for its ACK. */
struct sent {
  uint32_t end; /* relative, one behind its last octet */
  int64_t time_ns;
  bool again;
};

struct end {
  bool has_isn;
  uint32_t isn, highest, acked; /* relative: highest sent, highest acknowledged by the other */
  unsigned scale;
  bool scales;
  GArray *waiting; /* struct sent, by end */
};

static bool
before(uint32_t a, uint32_t b)
{
  return (int32_t)(a - b) < 0;
}

static void
note_options(struct end *e, const uint8_t *octets, const struct frame_layers *l)
{
  struct tcp_options options;
  size_t at = l->transport_offset + TCP_OCTETS;
  if (l->payload_offset <= at)
    return;
  tcp_options_get(octets + at, l->payload_offset - at, &options);
  e->scales = options.has_wscale;
  e->scale = options.has_wscale ? MIN(options.wscale, 14) : 0; /* RFC 7323 section 2.3 */
}

/* What the segment sends. */
static void
send_octets(struct end *e, uint32_t seq, uint32_t n, int64_t time_ns)
{
  uint32_t end = seq + n;
  if (before(seq, e->highest)) /* again: what waits from there on is ambiguous */
    for (guint i = 0; i < e->waiting->len; i++) {
      struct sent *w = &g_array_index(e->waiting, struct sent, i);
      w->again |= before(seq, w->end);
    }
  if (!before(e->highest, end))
    return;
  e->highest = end;
  struct sent sent = {end, time_ns, false};
  if (e->waiting->len < WAITING_MAX)
    g_array_append_val(e->waiting, sent);
}

/* The other end acknowledges everything before `ack`; the round trip of the last octet, or -1. */
static int64_t
acknowledge(struct end *e, uint32_t ack, int64_t time_ns)
{
  int64_t rtt_ns = -1;
  guint n = 0;
  while (n < e->waiting->len) {
    const struct sent *w = &g_array_index(e->waiting, struct sent, n);
    if (before(ack, w->end))
      break;
    rtt_ns = w->again ? -1 : time_ns - w->time_ns;
    n++;
  }
  if (n)
    g_array_remove_range(e->waiting, 0, n);
  if (before(e->acked, ack))
    e->acked = ack;
  return rtt_ns;
}

static void
add_segment(GArray *to, struct end ends[2], const struct trace_frame *f, uint32_t index,
            const uint8_t *octets, const struct frame_layers *l)
{
  unsigned d = f->direction & 1;
  struct end *from = &ends[d], *other = &ends[!d];
  const struct tcp *t = &l->tcp;
  bool syn = t->flags & TCP_SYN;
  if (!from->has_isn || (syn && from->isn != t->seq)) { /* a SYN may be sent again */
    from->has_isn = true;
    from->isn = syn ? t->seq : t->seq - 1;
    from->highest = from->acked = syn ? 0 : 1;
  }
  if ((t->flags & TCP_ACK) && !other->has_isn) {
    other->has_isn = true;
    other->isn = t->ack - 1;
    other->highest = other->acked = 1;
  }
  if (syn)
    note_options(from, octets, l);
  uint32_t seq = t->seq - from->isn;
  uint32_t n = l->payload_wire + (syn || (t->flags & TCP_FIN) ? 1 : 0);
  struct statistics_point p = {.frame = index,
                               .time_ns = f->time_ns,
                               .direction = (uint8_t)d,
                               .flags = t->flags,
                               .analysis = f->analysis,
                               .seq = seq,
                               .n_octets = l->payload_wire,
                               .rtt_ns = -1};
  bool scaled = !syn && from->scales && other->scales;
  p.window = (uint32_t)t->window << (scaled ? from->scale : 0);
  if (n)
    send_octets(from, seq, n, f->time_ns);
  if (t->flags & TCP_ACK) {
    p.ack = t->ack - other->isn;
    p.rtt_ns = acknowledge(other, p.ack, f->time_ns);
  }
  p.in_flight = before(from->acked, from->highest) ? from->highest - from->acked : 0;
  g_array_append_val(to, p);
}

GArray *
statistics_series(const struct trace *trace, uint32_t flow)
{
  const struct trace_flow *of = trace_flow(trace, flow);
  if (of->proto != IP_PROTO_TCP)
    return NULL;
  GArray *out = g_array_new(FALSE, FALSE, sizeof(struct statistics_point));
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct end ends[2] = {0};
  for (int i = 0; i < 2; i++)
    ends[i].waiting = g_array_new(FALSE, FALSE, sizeof(struct sent));
  for (uint32_t i = of->first_frame; i != TRACE_NONE;) {
    const struct trace_frame f = trace_frame(trace, i);
    struct frame_layers l = {0};
    const uint8_t *p = octets->data;
    bool ok;
    if (f.flags & TRACE_FRAME_REASSEMBLED) {
      g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
      ok = trace_datagram(trace, i, octets, pieces);
      l.ip_proto = IP_PROTO_TCP;
      if (ok)
        frame_walk_transport(octets->data, octets->len, octets->len, &l);
      ok = ok && l.tcp.header_octets;
    } else {
      ok = trace_octets(trace, i, octets);
      if (ok)
        frame_walk(trace_link(trace, i), octets->data, octets->len, &l);
      ok = ok && l.tcp.header_octets;
    }
    p = octets->data;
    if (ok)
      add_segment(out, ends, &f, i, p, &l);
    i = f.next_in_flow;
  }
  for (int i = 0; i < 2; i++)
    g_array_unref(ends[i].waiting);
  return out;
}
