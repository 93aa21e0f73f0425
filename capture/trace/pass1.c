/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pass1.c -- takes each frame once, in order, through all that has a memory.
 *
 *     pass1_frame ─> frame_walk ─┬─ fragment ─> fragments_feed ─ complete ─┐
 *                                └──────────────────────────────────────────┴─> feed_transport
 *     feed_transport ─> flow_table ─┬─ UDP: counted
 *                                   └─ TCP ─> sequence_feed ─> stream_feed ─> flowsession_feed ─>
 * sink
 *
 * A flow gets an application session with its first payload
 * octet. With `forgets` flows are looked at in turn and given up when they are
 * idle: the work is constant and so is the memory. */
#include "capture/trace/pass1.h"

#include "capture/trace/flowsession.h"
#include "capture/trace/fragments.h"
#include "capture/trace/sequence.h"
#include "capture/trace/stream.h"
#include "capture/wire/bytes.h"

enum {
  PORT_DNS = 53,
  SWEEP_FRAMES =
      8, /* one idle flow is looked for in each so many frames, and in each that begins a flow */
};

/* Out-of-order octets of all flows together; then the flow that wants more gives up its hole. */
#define HELD_OCTETS_MAX (UINT64_C(64) << 20)
#define HELD_OCTETS_MAX_FORGETS (UINT64_C(8) << 20)
/* Idle flows are given up when forgetting: closed ones may still see a late repetition. */
#define IDLE_CLOSED_NS INT64_C(10000000000)
#define IDLE_OPEN_NS INT64_C(300000000000)

struct pass1 {
  struct pass1_options options;
  struct pass1_sink sink;
  void *data;
  struct flow_table *flows;
  struct fragments *fragments;
  struct stream_budget budget;
  uint32_t last_index;
  uint32_t sweep;
  bool is_finished;
};

/* What the stream's callbacks need to know. */
struct feeding {
  struct pass1 *pass;
  struct flow *flow;
  uint32_t flow_index;
  unsigned direction;
};

struct pass1 *
pass1_new(const struct pass1_options *options, const struct pass1_sink *sink, void *data)
{
  struct pass1 *p = g_new0(struct pass1, 1);
  p->options = *options;
  p->sink = *sink;
  p->data = data;
  p->flows = flow_table_new(options->by_interface);
  p->fragments = fragments_new();
  p->budget.held_octets_max = options->forgets ? HELD_OCTETS_MAX_FORGETS : HELD_OCTETS_MAX;
  return p;
}

static void
drop_flow(struct pass1 *p, struct flow *f)
{
  for (int d = 0; d < 2; d++)
    stream_clear(&f->sides[d], &p->budget);
  g_clear_pointer(&f->session, flowsession_free);
}

void
pass1_free(struct pass1 *p)
{
  if (!p)
    return;
  for (uint32_t i = 0; i < flow_table_n(p->flows); i++)
    drop_flow(p, flow_table_get(p->flows, i));
  flow_table_free(p->flows);
  fragments_free(p->fragments);
  g_free(p);
}

void
pass1_set_by_interface(struct pass1 *p, bool by_interface)
{
  p->options.by_interface = by_interface;
  flow_table_set_by_interface(p->flows, by_interface);
}

const struct flow_table *
pass1_flows(const struct pass1 *p)
{
  return p->flows;
}

/* ---- the stream's outlets ---- */

static struct flowsession *
get_session(const struct feeding *to)
{
  struct flow *f = to->flow;
  if (!f->session && !f->session_is_over) {
    const struct trace_flow_end *e = f->seen.ends;
    f->session =
        flowsession_new(f, to->flow_index, f->seen.client, !e[0].syn_seen && !e[1].syn_seen,
                        to->pass->options.keys, &to->pass->sink, to->pass->data);
  }
  return f->session;
}

static void
on_octets(void *data, const struct stream_run *run)
{
  struct feeding *to = data;
  struct flowsession *s = get_session(to);
  if (s)
    flowsession_feed(s, to->direction, run, to->pass->last_index);
}

static void
on_gap(void *data, uint64_t offset, uint64_t n, uint32_t frame)
{
  struct feeding *to = data;
  struct flowsession *s = get_session(to);
  if (s)
    flowsession_gap(s, to->direction, offset, n, frame);
}

static const struct stream_sink stream_outlets = {.octets = on_octets, .gap = on_gap};

/* All octets that there will be are in: the session ends and its memory is given back. */
static void
end_session(struct pass1 *p, struct flow *f, uint32_t index)
{
  for (unsigned d = 0; d < 2; d++) {
    struct feeding to = {.pass = p, .flow = f, .flow_index = index, .direction = d};
    stream_finish(&f->sides[d], f->seen.last_frame, &p->budget, &stream_outlets, &to);
  }
  if (f->session) {
    flowsession_end(f->session);
    g_clear_pointer(&f->session, flowsession_free);
  }
  f->session_is_over = true;
}

/* ---- flows ---- */

/* Which end is the client: the one that sent the SYN; without one, the end whose port is not a
 * service's (the lower number), until what is said shows it (flowsession.c). */
static uint8_t
guess_client(const struct frame_layers *l)
{
  if (l->ip_proto == IP_PROTO_TCP && (l->tcp.flags & TCP_SYN))
    return l->tcp.flags & TCP_ACK ? 1 : 0;
  return l->src_port < l->dst_port ? 1 : 0;
}

static struct flow *
begin_flow(struct pass1 *p, const struct pass1_input *in, const struct frame_layers *l,
           const struct flow_lookup *lookup, uint32_t *index)
{
  struct flow *f = flow_table_add(p->flows, lookup, l, index);
  f->seen.interface = in->interface;
  f->seen.first_frame = TRACE_NONE;
  f->seen.last_frame = TRACE_NONE;
  f->seen.client = guess_client(l);
  if (l->src_port == PORT_DNS || l->dst_port == PORT_DNS)
    f->seen.app = APP_DNS;
  f->session_is_over = f->seen.app == APP_DNS; /* no mail is spoken there */
  return f;
}

/* Gives up one idle flow at most. */
static void
forget_one(struct pass1 *p, int64_t time_ns)
{
  uint32_t n = flow_table_n(p->flows);
  if (!n)
    return;
  p->sweep = (p->sweep + 1) % n;
  struct flow *f = flow_table_get(p->flows, p->sweep);
  /* The next one is in no cache, and there are some frames until it is looked at. */
  __builtin_prefetch(&flow_table_get(p->flows, (p->sweep + 1) % n)->last_time_ns);
  if (f->is_free || time_ns - f->last_time_ns < (f->is_closed ? IDLE_CLOSED_NS : IDLE_OPEN_NS))
    return;
  end_session(p, f, p->sweep);
  drop_flow(p, f);
  flow_table_remove(p->flows, p->sweep);
}

/* ---- TCP ---- */

static int
window_scale(const uint8_t *octets, const struct frame_layers *l)
{
  struct tcp_options options;
  size_t at = l->transport_offset + TCP_OCTETS;
  if (!l->payload_offset || l->payload_offset < at)
    return -1;
  tcp_options_get(octets + at, l->payload_offset - at, &options);
  return options.has_wscale ? options.wscale : -1;
}

static void
feed_tcp(struct pass1 *p, const struct pass1_input *in, const uint8_t *octets,
         const struct frame_layers *l, uint32_t n_wire, struct flow *f, uint32_t index,
         struct trace_frame *out)
{
  unsigned d = out->direction;
  struct trace_flow_end *end = &f->seen.ends[d];
  const struct tcp *t = &l->tcp;
  struct sequence_segment segment = {.seq = t->seq,
                                     .ack = t->ack,
                                     .n_octets = n_wire,
                                     .flags = t->flags,
                                     .window = t->window,
                                     .window_scale =
                                         t->flags & TCP_SYN ? window_scale(octets, l) : -1,
                                     .time_ns = in->time_ns};
  out->tcp_flags = t->flags;
  uint16_t items = sequence_feed(f, d, &segment);
  out->analysis |= items;
  if (items &
      (ANALYSIS_RETRANSMISSION | ANALYSIS_FAST_RETRANSMISSION | ANALYSIS_SPURIOUS_RETRANSMISSION))
    end->n_retransmits++;
  end->syn_seen |= (t->flags & TCP_SYN) != 0;
  end->fin_seen |= (t->flags & TCP_FIN) != 0;
  end->rst_seen |= (t->flags & TCP_RST) != 0;
  f->is_closed = end->rst_seen || (f->seen.ends[0].fin_seen && f->seen.ends[1].fin_seen);

  struct feeding to = {.pass = p, .flow = f, .flow_index = index, .direction = d};
  struct stream_segment s = {.octets = octets + l->payload_offset,
                             .n_octets = l->payload_octets,
                             .n_wire = n_wire,
                             .seq = t->seq + (t->flags & TCP_SYN ? 1 : 0),
                             .is_syn = t->flags & TCP_SYN,
                             .is_fin = t->flags & TCP_FIN,
                             .frame = in->index,
                             .frame_offset = out->payload_offset,
                             .time_ns = in->time_ns};
  if (t->flags &
      TCP_RST) { /* RFC 9293 3.10.7: what it carries is a remark, not the stream's octets */
    out->stream_offset = t->seq - f->sides[d].base_seq;
  } else {
    out->stream_offset = stream_feed(&f->sides[d], &s, &p->budget, &stream_outlets, &to);
  }
  if (f->sides[!d].hole && (t->flags & TCP_ACK)) {
    to.direction = !d;
    stream_acknowledged(&f->sides[!d], t->ack, in->index, in->time_ns, &p->budget, &stream_outlets,
                        &to);
  }
  if (f->sides[0].is_ended && f->sides[1].is_ended && !f->session_is_over)
    end_session(p, f, index);
}

/* ---- frames ---- */

static void
feed_transport(struct pass1 *p, const struct pass1_input *in, const uint8_t *octets,
               const struct frame_layers *l, struct trace_frame *out)
{
  /* The IP header may claim more octets than the frame had on the wire. */
  uint32_t n_wire = l->payload_wire;
  uint32_t behind = in->wire_octets > l->payload_offset ? in->wire_octets - l->payload_offset : 0;
  if (!(out->flags & TRACE_FRAME_REASSEMBLED) && n_wire > behind)
    n_wire = behind;
  struct flow_lookup lookup;
  uint32_t index;
  flow_table_lookup(p->flows, l, in->interface, &lookup);
  struct flow *f = flow_table_find(p->flows, &lookup, &index);
  if (f && sequence_is_new_connection(f, flow_direction(f, &lookup), l)) {
    end_session(p, f, index);
    f->is_closed = true;
    f = NULL;
    out->analysis |= ANALYSIS_REUSED_PORTS;
  }
  if (!f)
    f = begin_flow(p, in, l, &lookup, &index);
  unsigned d = flow_direction(f, &lookup);
  struct trace_flow_end *end = &f->seen.ends[d];
  out->flow = index;
  out->direction = (uint8_t)d;
  out->prev_in_flow = f->seen.last_frame;
  if (f->seen.first_frame == TRACE_NONE)
    f->seen.first_frame = in->index;
  f->seen.last_frame = in->index;
  f->last_time_ns = in->time_ns;
  end->n_frames++;
  end->n_octets += n_wire;
  out->payload_octets = l->payload_octets;
  if (!(out->flags & TRACE_FRAME_REASSEMBLED) && l->payload_offset <= UINT16_MAX)
    out->payload_offset = (uint16_t)l->payload_offset;
  if (l->ip_proto == IP_PROTO_TCP)
    feed_tcp(p, in, octets, l, n_wire, f, index, out);
  out->app = f->seen.app;
  out->state = f->seen.state;
}

static bool
has_transport(const struct frame_layers *l)
{
  return (l->ip_proto == IP_PROTO_TCP && l->transport_offset) ||
         (l->ip_proto == IP_PROTO_UDP && l->payload_offset);
}

static void
mark_trouble(const struct frame_layers *l, const struct pass1_input *in, struct trace_frame *out)
{
  bool is_cut = l->trouble == FRAME_SHORT && in->captured_octets < in->wire_octets;
  if (l->trouble != FRAME_FINE && l->trouble != FRAME_UNKNOWN_LINK && !is_cut)
    out->analysis |= ANALYSIS_MALFORMED;
}

static void
feed_fragment(struct pass1 *p, const struct pass1_input *in, const struct frame_layers *l,
              struct trace_frame *out)
{
  struct fragments_datagram whole;
  out->flags |= TRACE_FRAME_FRAGMENT;
  if (!fragments_feed(p->fragments, l, in->octets, in->index, in->time_ns, &whole))
    return;
  out->flags |= TRACE_FRAME_REASSEMBLED;
  if (p->sink.datagram)
    p->sink.datagram(p->data, in->index, whole.pieces, whole.n_pieces);
  struct frame_layers layers = *l;
  layers.ip_proto = whole.ip_proto;
  frame_walk_transport(whole.octets, whole.n_octets, whole.n_octets, &layers);
  mark_trouble(&layers, in, out);
  /* In a reassembled datagram the transport begins at 0, so its offset tells nothing. */
  if ((layers.ip_proto == IP_PROTO_TCP && layers.tcp.header_octets) ||
      (layers.ip_proto == IP_PROTO_UDP && layers.payload_offset))
    feed_transport(p, in, whole.octets, &layers, out);
}

/* An ICMP error quotes the packet that it speaks of. The frame is no traffic of that flow, but
 * Wireshark numbers the flow's stream when it is quoted first: the number is kept for it. */
static void
feed_quoted(struct pass1 *p, const struct pass1_input *in, const struct frame_layers *l)
{
  static const bool quotes4[13] = {
      [3] = true, [4] = true, [5] = true, [11] = true, [12] = true}; /* RFC 792 */
  const uint8_t *icmp = in->octets + l->ip_payload_offset;
  if (l->ip_payload_octets <= ICMP_OCTETS)
    return;
  bool is_v6 = l->ip_proto == IP_PROTO_ICMPV6;
  if (is_v6 ? icmp[0] < 1 || icmp[0] > 4 : icmp[0] >= 13 || !quotes4[icmp[0]])
    return;
  struct frame_layers quoted;
  frame_walk(is_v6 ? LINK_IPV6 : LINK_IPV4, icmp + ICMP_OCTETS, l->ip_payload_octets - ICMP_OCTETS,
             &quoted);
  if (quoted.ip_proto == IP_PROTO_TCP && !quoted.transport_offset &&
      quoted.ip_payload_octets >= 4) {
    /* Eight octets of TCP are quoted: the ports at least. */
    const uint8_t *tcp = icmp + ICMP_OCTETS + quoted.ip_payload_offset;
    quoted.src_port = get_be16(tcp);
    quoted.dst_port = get_be16(tcp + 2);
  } else if (!has_transport(&quoted)) {
    return;
  }
  struct flow_lookup lookup;
  flow_table_lookup(p->flows, &quoted, in->interface, &lookup);
  flow_table_reserve(p->flows, &lookup, &quoted);
}

void
pass1_frame(struct pass1 *p, const struct pass1_input *in, struct trace_frame *out)
{
  g_assert(!p->is_finished);
  p->last_index = in->index;
  *out = (struct trace_frame){.position = in->position,
                              .time_ns = in->time_ns,
                              .captured_octets = in->captured_octets,
                              .wire_octets = in->wire_octets,
                              .flow = TRACE_NONE,
                              .prev_in_flow = TRACE_NONE,
                              .next_in_flow = TRACE_NONE,
                              .interface = in->interface};
  if (in->captured_octets < in->wire_octets)
    out->flags |= TRACE_FRAME_CUT;
  struct frame_layers layers;
  frame_walk(in->link, in->octets, in->captured_octets, &layers);
  if (layers.trouble != FRAME_FINE)
    mark_trouble(&layers, in, out);
  /* Fragments that the snap length cut cannot be put together: the first one is read as it is. */
  bool is_whole = layers.ip_payload_octets == layers.ip_payload_wire;
  if (layers.is_fragment && (is_whole || !layers.is_first_fragment))
    feed_fragment(p, in, &layers, out);
  else if (has_transport(&layers))
    feed_transport(p, in, in->octets, &layers, out);
  else if (layers.ip_proto == IP_PROTO_ICMP || layers.ip_proto == IP_PROTO_ICMPV6)
    feed_quoted(p, in, &layers);
  if (p->options.forgets && (in->index % SWEEP_FRAMES == 0 || out->prev_in_flow == TRACE_NONE))
    forget_one(p, in->time_ns);
}

void
pass1_finish(struct pass1 *p)
{
  g_assert(!p->is_finished);
  p->is_finished = true;
  for (uint32_t i = 0; i < flow_table_n(p->flows); i++) {
    struct flow *f = flow_table_get(p->flows, i);
    if (!f->is_free && !f->session_is_over && f->seen.proto == IP_PROTO_TCP)
      end_session(p, f, i);
  }
}
