/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pass1.c -- takes each frame once, in order, through all that has a memory.
 *
 *     pass1_frame ─> frame_walk ─┬─ fragment ─> fragments_feed ─ complete ─┐
 *                                └──────────────────────────────────────────┴─> feed_transport
 *     feed_transport ─> flow_table ─┬─ UDP: counted
 *                                   └─ TCP ─> sequence_feed ─> feed_stream ─> flowsession_feed ─>
 * sink
 *
 * A flow gets an application session with its first payload octet (pass1_sessions.c). Most frames
 * take a short way, which ends where the long one ends (pass1_short.c).
 *
 * With `forgets` there are no records to fill and no sequence numbers to judge; flows are looked at
 * in turn and given up when they are idle: the work is constant and so is the memory.
 */
#include "capture/trace/flow_table.h"
#include "capture/trace/flowsession.h"
#include "capture/trace/fragments.h"
#include "capture/trace/pass1_private.h"
#include "capture/trace/sequence.h"
#include "capture/wire/bytes.h"

/* Out-of-order octets of all flows together; then the flow that wants more gives up its hole. */
#define HELD_OCTETS_MAX (UINT64_C(64) << 20)
#define HELD_OCTETS_MAX_FORGETS (UINT64_C(8) << 20)

/* One idle flow is looked for in each so many frames, and in each that begins a flow. */
enum { SWEEP_FRAMES = 8 };

struct pass1 *
pass1_new(const struct pass1_options *options, const struct pass1_sink *sink, void *data)
{
  struct pass1 *p = g_new0(struct pass1, 1);
  p->options = *options;
  p->sink = *sink;
  p->data = data;
  p->flows = flow_table_new(options->by_interface, !options->forgets);
  p->fragments = fragments_new();
  p->session_flows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  p->budget.held_octets_max = options->forgets ? HELD_OCTETS_MAX_FORGETS : HELD_OCTETS_MAX;
  return p;
}

void
pass1_free(struct pass1 *p)
{
  if (!p)
    return;
  for (uint32_t i = 0; i < flow_table_n(p->flows); i++)
    pass1_drop_flow(p, flow_table_get(p->flows, i));
  flow_table_free(p->flows);
  fragments_free(p->fragments);
  g_array_unref(p->session_flows);
  g_free(p);
}

void
pass1_set_by_interface(struct pass1 *p, bool by_interface)
{
  p->options.by_interface = by_interface;
  flow_table_set_by_interface(p->flows, by_interface);
}

void
pass1_set_keys(struct pass1 *p, const struct keylog *keys)
{
  p->options.keys = keys;
}

const struct flow_table *
pass1_flows(const struct pass1 *p)
{
  return p->flows;
}

uint64_t
pass1_n_put_down(const struct pass1 *p)
{
  return p->n_put_down;
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
  if (p->options.forgets)
    pass1_make_room(p);
  struct flow *f = flow_table_add(p->flows, lookup, index);
  f->last_frame = TRACE_NONE;
  f->client = guess_client(l);
  f->session_is_over = /* no mail is spoken there */
      l->src_port == PASS1_PORT_DNS || l->dst_port == PASS1_PORT_DNS;
  if (p->options.forgets)
    return f;
  struct trace_flow *seen = &flow_record(f)->seen;
  seen->interface = in->interface;
  seen->first_frame = in->index;
  seen->client = f->client;
  seen->app = f->session_is_over ? APP_DNS : APP_NONE;
  return f;
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

/* What the numbers of a segment look like, for the trace. */
static void
judge_numbers(const struct pass1_input *in, const uint8_t *octets, const struct frame_layers *l,
              uint32_t n_wire, struct flow_record *f, struct trace_frame *out)
{
  const struct tcp *t = &l->tcp;
  struct trace_flow_end *end = &f->seen.ends[out->direction];
  struct sequence_segment segment = {.seq = t->seq,
                                     .ack = t->ack,
                                     .n_octets = n_wire,
                                     .flags = t->flags,
                                     .window = t->window,
                                     .window_scale =
                                         t->flags & TCP_SYN ? window_scale(octets, l) : -1,
                                     .time_ns = in->time_ns};
  uint16_t items = sequence_feed(f, out->direction, &segment);
  out->tcp_flags = get_be16(octets + l->transport_offset + 12) & 0xfff; /* with the reserved bits */
  out->analysis |= items;
  if (items &
      (ANALYSIS_RETRANSMISSION | ANALYSIS_FAST_RETRANSMISSION | ANALYSIS_SPURIOUS_RETRANSMISSION))
    end->n_retransmits++;
  end->syn_seen |= (t->flags & TCP_SYN) != 0;
  end->fin_seen |= (t->flags & TCP_FIN) != 0;
  end->rst_seen |= (t->flags & TCP_RST) != 0;
}

/* From whichever segment comes first: its own numbers and what it says of the other end's. */
static void
learn_base(struct flow *f, unsigned d, const struct tcp *t)
{
  struct flow_side *fwd = &f->sides[d], *rev = &f->sides[!d];
  if (!fwd->has_isn && !fwd->has_base)
    fwd->base_seq = t->seq + (t->flags & TCP_SYN ? 1 : 0);
  fwd->has_isn = true;
  if (!rev->has_isn && !(t->flags & TCP_SYN)) {
    rev->base_seq = t->ack;
    rev->has_isn = true;
  }
}

static void
feed_tcp(struct pass1 *p, const struct pass1_input *in, const uint8_t *octets,
         const struct frame_layers *l, uint32_t n_wire, struct flow *f, uint32_t index,
         struct trace_frame *out)
{
  unsigned d = out->direction;
  const struct tcp *t = &l->tcp;
  struct flow_side *side = &f->sides[d];
  if (p->options.forgets)
    learn_base(f, d, t);
  else
    judge_numbers(in, octets, l, n_wire, flow_record(f), out);
  pass1_note_ttl(side, l->ttl);
  side->all_flags |= (uint8_t)t->flags;
  f->is_closed |= (t->flags & TCP_RST) || (f->sides[0].all_flags & f->sides[1].all_flags & TCP_FIN);

  struct pass1_feeding to = {.pass = p, .flow = f, .flow_index = index, .direction = d};
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
    out->stream_offset = t->seq - side->base_seq;
  } else {
    out->stream_offset = stream_feed(side, &s, &p->budget, &pass1_outlets, &to);
  }
  if (f->sides[!d].hole && (t->flags & TCP_ACK)) {
    to.direction = !d;
    stream_acknowledged(&f->sides[!d], t->ack, in->index, in->time_ns, &p->budget, &pass1_outlets,
                        &to);
  }
  struct flow_side *other = &f->sides[!d];
  if (f->session && other->next_offset == 0 && other->has_base && (t->flags & TCP_ACK) &&
      (int32_t)(t->ack - other->base_seq) > 1) /* 1: its FIN alone */
    flowsession_hear_unseen(f->session);
  if (f->sides[0].is_ended && f->sides[1].is_ended && !f->session_is_over)
    pass1_end_session(p, f, index);
  pass1_note_smooth(p, f);
}

/* ---- frames ---- */

/* A SYN with other numbers than those of the connection that the flow holds: the ports are reused
 * and a new flow has to begin. */
static bool
is_new_connection(const struct pass1 *p, struct flow *f, unsigned d, const struct frame_layers *l)
{
  if (!p->options.forgets)
    return sequence_is_new_connection(flow_record(f), d, l);
  return l->ip_proto == IP_PROTO_TCP && (l->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
         f->sides[d].has_isn && f->sides[d].base_seq != l->tcp.seq + 1;
}

/* What the trace counts of a flow's frames. */
static void
count_frame(struct flow_record *f, const struct pass1_input *in, const struct frame_layers *l,
            uint32_t n_wire, struct trace_frame *out)
{
  struct trace_flow_end *end = &f->seen.ends[out->direction];
  f->seen.last_frame = in->index;
  end->n_frames++;
  end->n_octets += n_wire;
  out->payload_octets = l->payload_octets;
}

/* A message of a DNS server, whole in its datagram, or in its segment behind two octets of length
 * (RFC 1035 4.2.2): what the rules about policies and names want to know. */
static void
tell_dns(struct pass1 *p, const struct pass1_input *in, const uint8_t *octets,
         const struct frame_layers *l, bool is_reassembled)
{
  const uint8_t *message = octets + l->payload_offset;
  uint32_t n = l->payload_octets, skip = 0;
  if (l->ip_proto == IP_PROTO_TCP) {
    skip = 2;
    if (n < 2 || get_be16(message) != n - 2)
      return;
  }
  struct evidence at = {.frame = in->index};
  if (!is_reassembled) {
    at.first_octet = l->payload_offset + skip;
    at.n_octets = n - skip;
  }
  struct finding_place place = {.where = {.flow = TRACE_NONE,
                                          .client = l->dst,
                                          .server = l->src,
                                          .client_port = l->dst_port,
                                          .server_port = l->src_port},
                                .time_ns = in->time_ns,
                                .evidence = &at,
                                .n_evidence = 1};
  struct notice notice = {.kind = NOTICE_DNS_ANSWER,
                          .app = APP_DNS,
                          .side = SIDE_SERVER,
                          .element = ELEMENT_NONE,
                          .frame = in->index,
                          .text = message + skip,
                          .n_text = n - skip};
  p->sink.notice(p->data, &notice, &place);
}

static void
feed_transport(struct pass1 *p, const struct pass1_input *in, const uint8_t *octets,
               const struct frame_layers *l, struct trace_frame *out)
{
  if (l->src_port == PASS1_PORT_DNS && p->sink.notice && l->payload_octets)
    tell_dns(p, in, octets, l, out->flags & TRACE_FRAME_REASSEMBLED);
  if (p->options.forgets && l->ip_proto == IP_PROTO_UDP)
    return;
  /* The IP header may claim more octets than the frame had on the wire. */
  uint32_t n_wire = l->payload_wire;
  uint32_t behind = in->wire_octets > l->payload_offset ? in->wire_octets - l->payload_offset : 0;
  if (!(out->flags & TRACE_FRAME_REASSEMBLED) && n_wire > behind)
    n_wire = behind;
  struct flow_lookup lookup;
  uint32_t index;
  flow_table_lookup(p->flows, l, in->interface, &lookup);
  struct flow *f = flow_table_find(p->flows, &lookup, &index);
  if (f && is_new_connection(p, f, flow_direction(f, &lookup), l)) {
    pass1_end_session(p, f, index);
    f->is_closed = true;
    f = NULL;
    out->analysis |= ANALYSIS_REUSED_PORTS;
  }
  if (!f)
    f = begin_flow(p, in, l, &lookup, &index);
  out->flow = index;
  bool is_short = l->payload_octets < l->payload_wire && !(out->flags & TRACE_FRAME_CUT);
  if (l->is_fragment || l->trouble != FRAME_FINE || is_short)
    out->flags |= TRACE_FRAME_ODD;
  out->direction = (uint8_t)flow_direction(f, &lookup);
  out->prev_in_flow = f->last_frame;
  f->last_frame = in->index;
  f->last_unit = flow_unit(in->time_ns);
  if (!(out->flags & TRACE_FRAME_REASSEMBLED) && l->payload_offset <= UINT16_MAX)
    out->payload_offset = (uint16_t)l->payload_offset;
  if (!p->options.forgets)
    count_frame(flow_record(f), in, l, n_wire, out);
  if (l->ip_proto == IP_PROTO_TCP)
    feed_tcp(p, in, octets, l, n_wire, f, index, out);
  if (p->options.forgets)
    return;
  out->app = flow_record(f)->seen.app;
  out->state = flow_record(f)->seen.state;
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
  flow_table_reserve(p->flows, &lookup);
}

static void
feed_frame(struct pass1 *p, const struct pass1_input *in, struct trace_frame *out)
{
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
}

void
pass1_frame(struct pass1 *p, const struct pass1_input *in, struct trace_frame *out)
{
  g_assert(!p->is_finished);
  p->last_index = in->index;
  if (!p->options.forgets) {
    if (p->options.walks_all || !pass1_record_segment(p, in, out))
      feed_frame(p, in, out);
    return;
  }
  bool is_first = false;
  if (!pass1_watch_segment(p, in)) {
    struct trace_frame nobodys;
    feed_frame(p, in, &nobodys);
    is_first = nobodys.flow != TRACE_NONE && nobodys.prev_in_flow == TRACE_NONE;
  }
  if (is_first || in->index % SWEEP_FRAMES == 0)
    pass1_forget_one(p, in->time_ns);
}

void
pass1_finish(struct pass1 *p)
{
  g_assert(!p->is_finished);
  p->is_finished = true;
  for (uint32_t i = 0; i < flow_table_n(p->flows); i++) {
    struct flow *f = flow_table_get(p->flows, i);
    if (flow_key_proto(&f->key) == IP_PROTO_TCP && !f->session_is_over)
      pass1_end_session(p, f, i);
  }
}
