/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outer.c -- the addresses of ARP, ping and the like, without pass 2.
 *
 * A capture of a mail server has a little of both between its flows, and decoding each of them took
 * longer than all the rest of a filter. An ICMP error quotes the datagram that it is about, so that
 * ip.addr occurs four times and tcp.port too: those are left to pass 2, and so is everything with
 * options, extension headers, fragments or a wrong length. */
#include "capture/filter/outer.h"

#include "capture/wire/frame.h"

/* RFC 792 */
static bool
is_echo(uint8_t type)
{
  return type == 0 || type == 8;
}

/* RFC 4443: informational messages have the highest bit set, errors quote. */
static bool
is_echo6(uint8_t type)
{
  return type == 128 || type == 129;
}

static bool
is_lone_icmp(const struct frame_layers *l, const uint8_t *octets)
{
  bool v4 = l->ip_version == 4 && l->ip_proto == IP_PROTO_ICMP,
       v6 = l->ip_version == 6 && l->ip_proto == IP_PROTO_ICMPV6;
  if (!(v4 || v6) || l->is_fragment || l->ip_payload_octets < ICMP_OCTETS ||
      l->ip_payload_offset - l->ip_offset != (v4 ? IPV4_OCTETS : IPV6_OCTETS) ||
      l->ip_payload_octets != l->ip_payload_wire)
    return false;
  uint8_t type = octets[l->ip_payload_offset];
  return v4 ? is_echo(type) : is_echo6(type);
}

static bool
is_lone_arp(const struct frame_layers *l, uint32_t n)
{
  return l->ip_version == 0 && l->ether_type == ETHER_ARP && l->n_vlans == 0 &&
         l->link_octets == ETH_OCTETS && n >= ETH_OCTETS + ARP_OCTETS;
}

bool
filter_outer_tell(const struct trace *t, uint32_t frame, GByteArray *octets, struct trace_flow *out)
{
  const struct trace_frame f = trace_frame(t, frame);
  if (f.flow != TRACE_NONE || f.flags & ~TRACE_FRAME_RISK || !trace_octets(t, frame, octets))
    return false;
  struct frame_layers layers;
  frame_walk(trace_link(t, frame), octets->data, octets->len, &layers);
  if (layers.trouble != FRAME_FINE)
    return false;
  *out = (struct trace_flow){.interface = f.interface};
  if (is_lone_arp(&layers, octets->len))
    return true;
  if (!is_lone_icmp(&layers, octets->data))
    return false;
  out->proto = layers.ip_proto;
  out->ends[0].addr = layers.src;
  out->ends[1].addr = layers.dst;
  return true;
}
