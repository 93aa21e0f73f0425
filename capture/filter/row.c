/* SPDX-License-Identifier: GPL-3.0-or-later */
/* row.c -- the keys whose values the trace's index holds, and those values.
 *
 *     SCOPE_FRAME    frame.number frame.len frame.time …     the record of any frame
 *     SCOPE_FLOW     ip.src tcp.port tcp.stream ipv6.addr …  one answer per flow and direction
 *     SCOPE_RECORD   tcp.len tcp.flags.syn tcp.analysis.* …  the record of a frame of a flow
 *
 * They are the values that pass 2 would give, in its order; tests compare both on every capture.
 * Where a frame's record does not say everything (fragments, what the snap length cut, frames
 * outside flows: ICMP quotes headers) plan.c does not ask here. */
#include "capture/filter/tree.h"

#include <string.h>

#include "capture/wire/tcp.h"

enum row_key {
  KEY_NONE,
  KEY_FRAME,
  KEY_NUMBER,
  KEY_LEN,
  KEY_CAP_LEN,
  KEY_TIME,
  KEY_TIME_DELTA,
  KEY_TIME_RELATIVE,
  KEY_INTERFACE,
  KEY_IP4,
  KEY_IP6,
  KEY_IP4_ADDR,
  KEY_IP4_SRC,
  KEY_IP4_DST,
  KEY_IP4_PROTO,
  KEY_IP6_ADDR,
  KEY_IP6_SRC,
  KEY_IP6_DST,
  KEY_ARP, /* these three are in no frame of a flow */
  KEY_ICMP,
  KEY_ICMP6,
  KEY_TCP,
  KEY_TCP_PORT,
  KEY_TCP_SRCPORT,
  KEY_TCP_DSTPORT,
  KEY_TCP_STREAM,
  KEY_UDP,
  KEY_UDP_PORT,
  KEY_UDP_SRCPORT,
  KEY_UDP_DSTPORT,
  KEY_UDP_STREAM,
  KEY_TCP_LEN,
  KEY_TCP_FLAGS,
  KEY_TCP_FLAG,     /* one bit of tcp_flags: `bits` */
  KEY_TCP_ANALYSIS, /* a mark, there when one of the analysis' `bits` is set */
};

static const struct row {
  const char *key;
  uint16_t what; /* enum row_key */
  uint16_t bits;
  enum filter_scope scope;
} rows[] = {
    {"", KEY_NONE, 0, SCOPE_NONE},
    {"arp", KEY_ARP, 0, SCOPE_FLOW},
    {"frame", KEY_FRAME, 0, SCOPE_FRAME},
    {"frame.cap_len", KEY_CAP_LEN, 0, SCOPE_FRAME},
    {"frame.interface_id", KEY_INTERFACE, 0, SCOPE_FRAME},
    {"frame.len", KEY_LEN, 0, SCOPE_FRAME},
    {"frame.number", KEY_NUMBER, 0, SCOPE_FRAME},
    {"frame.time", KEY_TIME, 0, SCOPE_FRAME},
    {"frame.time_delta", KEY_TIME_DELTA, 0, SCOPE_FRAME},
    {"frame.time_epoch", KEY_TIME, 0, SCOPE_FRAME},
    {"frame.time_relative", KEY_TIME_RELATIVE, 0, SCOPE_FRAME},
    {"icmp", KEY_ICMP, 0, SCOPE_FLOW},
    {"icmpv6", KEY_ICMP6, 0, SCOPE_FLOW},
    {"ip", KEY_IP4, 0, SCOPE_FLOW},
    {"ip.addr", KEY_IP4_ADDR, 0, SCOPE_FLOW},
    {"ip.dst", KEY_IP4_DST, 0, SCOPE_FLOW},
    {"ip.proto", KEY_IP4_PROTO, 0, SCOPE_FLOW},
    {"ip.src", KEY_IP4_SRC, 0, SCOPE_FLOW},
    {"ipv6", KEY_IP6, 0, SCOPE_FLOW},
    {"ipv6.addr", KEY_IP6_ADDR, 0, SCOPE_FLOW},
    {"ipv6.dst", KEY_IP6_DST, 0, SCOPE_FLOW},
    {"ipv6.src", KEY_IP6_SRC, 0, SCOPE_FLOW},
    {"tcp", KEY_TCP, 0, SCOPE_FLOW},
    {"tcp.analysis.ack_lost_segment", KEY_TCP_ANALYSIS, ANALYSIS_ACK_LOST_SEGMENT, SCOPE_RECORD},
    {"tcp.analysis.duplicate_ack", KEY_TCP_ANALYSIS, ANALYSIS_DUPLICATE_ACK, SCOPE_RECORD},
    {"tcp.analysis.fast_retransmission", KEY_TCP_ANALYSIS, ANALYSIS_FAST_RETRANSMISSION,
     SCOPE_RECORD},
    {"tcp.analysis.flags", KEY_TCP_ANALYSIS, (uint16_t)~ANALYSIS_MALFORMED, SCOPE_RECORD},
    {"tcp.analysis.keep_alive", KEY_TCP_ANALYSIS, ANALYSIS_KEEP_ALIVE, SCOPE_RECORD},
    {"tcp.analysis.keep_alive_ack", KEY_TCP_ANALYSIS, ANALYSIS_KEEP_ALIVE_ACK, SCOPE_RECORD},
    {"tcp.analysis.lost_segment", KEY_TCP_ANALYSIS, ANALYSIS_LOST_SEGMENT, SCOPE_RECORD},
    {"tcp.analysis.out_of_order", KEY_TCP_ANALYSIS, ANALYSIS_OUT_OF_ORDER, SCOPE_RECORD},
    {"tcp.analysis.retransmission", KEY_TCP_ANALYSIS, ANALYSIS_RETRANSMISSION, SCOPE_RECORD},
    {"tcp.analysis.reused_ports", KEY_TCP_ANALYSIS, ANALYSIS_REUSED_PORTS, SCOPE_RECORD},
    {"tcp.analysis.spurious_retransmission", KEY_TCP_ANALYSIS, ANALYSIS_SPURIOUS_RETRANSMISSION,
     SCOPE_RECORD},
    {"tcp.analysis.window_full", KEY_TCP_ANALYSIS, ANALYSIS_WINDOW_FULL, SCOPE_RECORD},
    {"tcp.analysis.window_update", KEY_TCP_ANALYSIS, ANALYSIS_WINDOW_UPDATE, SCOPE_RECORD},
    {"tcp.analysis.zero_window", KEY_TCP_ANALYSIS, ANALYSIS_ZERO_WINDOW, SCOPE_RECORD},
    {"tcp.analysis.zero_window_probe", KEY_TCP_ANALYSIS, ANALYSIS_ZERO_WINDOW_PROBE, SCOPE_RECORD},
    {"tcp.analysis.zero_window_probe_ack", KEY_TCP_ANALYSIS, ANALYSIS_ZERO_WINDOW_PROBE_ACK,
     SCOPE_RECORD},
    {"tcp.dstport", KEY_TCP_DSTPORT, 0, SCOPE_FLOW},
    {"tcp.flags", KEY_TCP_FLAGS, 0, SCOPE_RECORD},
    {"tcp.flags.ack", KEY_TCP_FLAG, TCP_ACK, SCOPE_RECORD},
    {"tcp.flags.ae", KEY_TCP_FLAG, TCP_AE, SCOPE_RECORD},
    {"tcp.flags.cwr", KEY_TCP_FLAG, TCP_CWR, SCOPE_RECORD},
    {"tcp.flags.ece", KEY_TCP_FLAG, TCP_ECE, SCOPE_RECORD},
    {"tcp.flags.fin", KEY_TCP_FLAG, TCP_FIN, SCOPE_RECORD},
    {"tcp.flags.push", KEY_TCP_FLAG, TCP_PSH, SCOPE_RECORD},
    {"tcp.flags.reset", KEY_TCP_FLAG, TCP_RST, SCOPE_RECORD},
    {"tcp.flags.syn", KEY_TCP_FLAG, TCP_SYN, SCOPE_RECORD},
    {"tcp.flags.urg", KEY_TCP_FLAG, TCP_URG, SCOPE_RECORD},
    {"tcp.len", KEY_TCP_LEN, 0, SCOPE_RECORD},
    {"tcp.port", KEY_TCP_PORT, 0, SCOPE_FLOW},
    {"tcp.srcport", KEY_TCP_SRCPORT, 0, SCOPE_FLOW},
    {"tcp.stream", KEY_TCP_STREAM, 0, SCOPE_FLOW},
    {"udp", KEY_UDP, 0, SCOPE_FLOW},
    {"udp.dstport", KEY_UDP_DSTPORT, 0, SCOPE_FLOW},
    {"udp.port", KEY_UDP_PORT, 0, SCOPE_FLOW},
    {"udp.srcport", KEY_UDP_SRCPORT, 0, SCOPE_FLOW},
    {"udp.stream", KEY_UDP_STREAM, 0, SCOPE_FLOW},
};

uint16_t
filter_row_key(const struct field_def *def, enum filter_scope *scope)
{
  for (uint16_t i = 1; i < G_N_ELEMENTS(rows); i++)
    if (strcmp(rows[i].key, def->key) == 0) {
      *scope = rows[i].scope;
      return i;
    }
  *scope = SCOPE_NONE;
  return 0;
}

static unsigned
number(struct filter_value *out, filter_number n)
{
  *out = (struct filter_value){.number = n};
  return 1;
}

static unsigned
address(struct filter_value *out, const struct ip_addr *a)
{
  *out = (struct filter_value){
      .octets = a->octets, .n_octets = a->version == 4 ? 4 : 16, .prefix_bits = 128};
  return 1;
}

static unsigned
frame_values(const struct filter_row *row, enum row_key what, struct filter_value *out)
{
  const struct trace_frame *f = &row->frame;
  uint32_t before = row->index ? row->index - 1 : 0;
  switch (what) {
  case KEY_NUMBER:
    return number(out, (filter_number)row->index + 1);
  case KEY_LEN:
    return number(out, f->wire_octets);
  case KEY_CAP_LEN:
    return number(out, f->captured_octets);
  case KEY_TIME:
    return number(out, f->time_ns);
  case KEY_TIME_DELTA:
    return number(out,
                  (int64_t)((uint64_t)f->time_ns - (uint64_t)trace_time_ns(row->trace, before)));
  case KEY_TIME_RELATIVE:
    return number(out, (int64_t)((uint64_t)f->time_ns - (uint64_t)trace_time_ns(row->trace, 0)));
  case KEY_INTERFACE:
    return number(out, f->interface);
  default:
    return number(out, 1);
  }
}

static unsigned
ip_values(const struct filter_row *row, enum row_key what, struct filter_value *out)
{
  const struct trace_flow_end *src = &row->flow->ends[row->frame.direction],
                              *dst = &row->flow->ends[!row->frame.direction];
  bool wants_v6 = what == KEY_IP6 || what >= KEY_IP6_ADDR;
  if (src->addr.version != (wants_v6 ? 6 : 4))
    return 0;
  switch (what) {
  case KEY_IP4_ADDR:
  case KEY_IP6_ADDR:
    return address(&out[0], &src->addr) + address(&out[1], &dst->addr);
  case KEY_IP4_SRC:
  case KEY_IP6_SRC:
    return address(out, &src->addr);
  case KEY_IP4_DST:
  case KEY_IP6_DST:
    return address(out, &dst->addr);
  case KEY_IP4_PROTO:
    return number(out, row->flow->proto);
  default:
    return number(out, 1);
  }
}

static unsigned
transport_values(const struct filter_row *row, enum row_key what, struct filter_value *out)
{
  uint16_t src = row->flow->ends[row->frame.direction].port,
           dst = row->flow->ends[!row->frame.direction].port;
  bool wants_udp = what >= KEY_UDP;
  if (row->flow->proto != (wants_udp ? IP_PROTO_UDP : IP_PROTO_TCP))
    return 0;
  switch (what) {
  case KEY_TCP_PORT:
  case KEY_UDP_PORT:
    return number(&out[0], src) + number(&out[1], dst);
  case KEY_TCP_SRCPORT:
  case KEY_UDP_SRCPORT:
    return number(out, src);
  case KEY_TCP_DSTPORT:
  case KEY_UDP_DSTPORT:
    return number(out, dst);
  case KEY_TCP_STREAM:
  case KEY_UDP_STREAM:
    return number(out, row->flow->stream);
  default:
    return number(out, 1);
  }
}

/* What has no flow, told from the frame's headers (outer.c). */
static unsigned
flowless_values(const struct filter_row *row, enum row_key what, struct filter_value *out)
{
  const struct trace_flow *flow = row->flow;
  uint8_t version = flow->ends[0].addr.version;
  bool is_there = what == KEY_ARP    ? version == 0
                  : what == KEY_ICMP ? version == 4 && flow->proto == IP_PROTO_ICMP
                                     : version == 6 && flow->proto == IP_PROTO_ICMPV6;
  return is_there ? number(out, 1) : 0;
}

static unsigned
segment_values(const struct filter_row *row, const struct row *key, struct filter_value *out)
{
  const struct trace_frame *f = &row->frame;
  if (row->flow->proto != IP_PROTO_TCP)
    return 0;
  switch (key->what) {
  case KEY_TCP_LEN:
    return number(out, f->payload_octets);
  case KEY_TCP_FLAGS:
    return number(out, f->tcp_flags);
  case KEY_TCP_FLAG:
    return number(out, (f->tcp_flags & key->bits) != 0);
  default:
    return f->analysis & key->bits ? number(out, 1) : 0;
  }
}

unsigned
filter_row_values(const struct filter_row *row, uint16_t key,
                  struct filter_value out[FILTER_ROW_VALUES_MAX])
{
  const struct row *r = &rows[key];
  if (r->what >= KEY_TCP_LEN)
    return segment_values(row, r, out);
  if (r->what >= KEY_TCP)
    return transport_values(row, (enum row_key)r->what, out);
  if (r->what >= KEY_ARP)
    return flowless_values(row, (enum row_key)r->what, out);
  if (r->what >= KEY_IP4)
    return ip_values(row, (enum row_key)r->what, out);
  return frame_values(row, (enum row_key)r->what, out);
}

struct filter_column
filter_row_column(uint16_t key)
{
  const struct row *r = &rows[key];
  switch (r->what) {
  case KEY_FRAME:
    return (struct filter_column){.kind = COLUMN_ONE};
  case KEY_NUMBER:
    return (struct filter_column){.kind = COLUMN_NUMBER};
  case KEY_LEN:
    return (struct filter_column){COLUMN_VALUE, TRACE_COLUMN_WIRE, 0};
  case KEY_CAP_LEN:
    return (struct filter_column){COLUMN_VALUE, TRACE_COLUMN_CAPTURED, 0};
  case KEY_TIME:
    return (struct filter_column){.kind = COLUMN_TIME};
  case KEY_TIME_DELTA:
    return (struct filter_column){.kind = COLUMN_TIME_DELTA};
  case KEY_TIME_RELATIVE:
    return (struct filter_column){.kind = COLUMN_TIME_RELATIVE};
  case KEY_INTERFACE:
    return (struct filter_column){COLUMN_VALUE, TRACE_COLUMN_INTERFACE, 0};
  case KEY_TCP_LEN:
    return (struct filter_column){COLUMN_VALUE, TRACE_COLUMN_PAYLOAD_OCTETS, 0};
  case KEY_TCP_FLAGS:
    return (struct filter_column){COLUMN_VALUE, TRACE_COLUMN_TCP_FLAGS, 0};
  case KEY_TCP_FLAG:
    return (struct filter_column){COLUMN_FLAG, TRACE_COLUMN_TCP_FLAGS, r->bits};
  case KEY_TCP_ANALYSIS:
    return (struct filter_column){COLUMN_FLAG, TRACE_COLUMN_ANALYSIS, r->bits};
  default:
    return (struct filter_column){.kind = COLUMN_NONE};
  }
}
