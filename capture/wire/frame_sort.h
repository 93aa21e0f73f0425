/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_FRAME_SORT_H
#define CAPTURE_WIRE_FRAME_SORT_H

/* A glance at a frame of Ethernet instead of the walk of frame.h: most frames of a capture are
 * plain segments, and a pass that reads millions of them wants their few numbers in registers. That
 * is why this is a header. Tests hold every answer against the walk. RFC 791, 8200, 9293; IEEE
 * 802.1Q. */
#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"

/* The segment of a plain frame: TCP in IPv4 or IPv6 without options or fragments, on Ethernet with
 * at most one tag, captured whole. Pointers lead into the frame. */
struct frame_segment {
  const uint8_t *src, *dst; /* addresses, 4 or 16 octets */
  const uint8_t *tcp;       /* its header */
  const uint8_t *payload;
  uint32_t payload_offset, n_payload;
  uint32_t seq, ack;
  uint16_t src_port, dst_port;
  uint16_t flags; /* enum tcp_flag, FIN to CWR */
  uint8_t version, ttl;
};

enum frame_sort {
  FRAME_SEGMENT, /* *out tells all that a walk would tell of use to a stream */
  FRAME_UDP,     /* a whole datagram of UDP, as plain: *out holds its ports */
  FRAME_SPECIAL, /* anything else: walk it */
};

/* Tells most frames of a capture at a glance; *out is filled for FRAME_SEGMENT. Always inlined:
 * only then does *out stay in registers. */
__attribute__((always_inline)) static inline enum frame_sort
frame_sort(const uint8_t *p, size_t n, struct frame_segment *out)
{
  size_t ip = ETH_OCTETS;
  if (n < ETH_OCTETS + VLAN_OCTETS + IPV4_OCTETS)
    return FRAME_SPECIAL;
  uint16_t type = get_be16(p + 12);
  if (type == ETHER_VLAN) {
    ip += VLAN_OCTETS;
    type = get_be16(p + 16);
  }
  size_t tcp, end;
  uint8_t proto;
  if (type == ETHER_IPV4 && p[ip] == 0x45 && !(get_be16(p + ip + 6) & 0x3fff)) {
    tcp = ip + IPV4_OCTETS;
    end = ip + (size_t)get_be16(p + ip + 2);
    proto = p[ip + 9];
    out->ttl = p[ip + 8];
    out->src = p + ip + 12;
    out->dst = p + ip + 16;
    out->version = 4;
  } else if (type == ETHER_IPV6 && n >= ip + IPV6_OCTETS && p[ip] >> 4 == 6) {
    tcp = ip + IPV6_OCTETS;
    end = tcp + (size_t)get_be16(p + ip + 4);
    proto = p[ip + 6];
    out->ttl = p[ip + 7];
    out->src = p + ip + 8;
    out->dst = p + ip + 24;
    out->version = 6;
  } else {
    return FRAME_SPECIAL;
  }
  if (end > n || end < tcp + (proto == IP_PROTO_TCP ? TCP_OCTETS : UDP_OCTETS))
    return FRAME_SPECIAL;
  const uint8_t *t = p + tcp;
  out->src_port = get_be16(t);
  out->dst_port = get_be16(t + 2);
  if (proto != IP_PROTO_TCP)
    return proto == IP_PROTO_UDP ? FRAME_UDP : FRAME_SPECIAL;
  size_t header_octets = (size_t)(t[12] >> 4) * 4;
  if (header_octets < TCP_OCTETS || tcp + header_octets > end)
    return FRAME_SPECIAL;
  out->tcp = t;
  out->seq = get_be32(t + 4);
  out->ack = get_be32(t + 8);
  out->flags = t[13];
  out->payload_offset = (uint32_t)(tcp + header_octets);
  out->payload = p + out->payload_offset;
  out->n_payload = (uint32_t)(end - out->payload_offset);
  return FRAME_SEGMENT;
}

#endif
