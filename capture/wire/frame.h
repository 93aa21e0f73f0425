/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_FRAME_H
#define CAPTURE_WIRE_FRAME_H

/* The walk from the link header to the transport payload: what pass 1 needs of every frame, in one
 * call without allocation. Pass 2 walks the same layers with fields; tests compare the two. */
#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

/* Why the walk ended before a transport payload; strange octets are data, never an error. */
enum frame_trouble {
  FRAME_FINE,
  FRAME_SHORT,        /* the capture ends inside a header (snap length or cut file) */
  FRAME_BAD_LENGTH,   /* a header or total length is impossible */
  FRAME_BAD_VERSION,  /* the IP version does not fit the link's type */
  FRAME_TOO_DEEP,     /* more VLAN tags or extension headers than FRAME_NEST_MAX */
  FRAME_UNKNOWN_LINK, /* a link type that is not read */
};

enum { FRAME_NEST_MAX = 16 }; /* tags and extension headers; RFC 8200 needs at most 8 */

/* Offsets count octets from the start of the frame. A layer that is not there has offset 0 (the
 * link layer itself starts at 0 and is described by link_octets). */
struct frame_layers {
  enum frame_trouble trouble;
  uint16_t ether_type; /* of the innermost tag; 0 when unknown */
  uint16_t vlan_id;    /* outermost tag, 0 without one */
  uint8_t n_vlans;
  uint8_t ip_version; /* 4, 6 or 0 */
  uint8_t ip_proto;   /* the transport's number, behind extension headers */
  uint8_t ttl;        /* IPv6: hop limit */
  bool is_fragment;   /* offset or more-fragments set; transport is walked only at offset 0 */
  bool is_first_fragment;
  bool more_fragments;
  uint32_t fragment_offset; /* octets */
  uint32_t fragment_id;
  uint32_t link_octets;
  uint32_t ip_offset;
  uint32_t ip_payload_offset; /* behind options and extension headers (fragment header included) */
  uint32_t ip_payload_octets; /* as the IP header says, not more than captured */
  uint32_t ip_payload_wire;   /* as the IP header says */
  uint32_t transport_offset;
  uint32_t payload_offset;
  uint32_t payload_octets; /* captured octets of the transport payload, without Ethernet padding */
  uint32_t payload_wire; /* octets the payload had on the wire: more when the snap length cut it */
  struct ip_addr src, dst;
  uint16_t src_port, dst_port; /* TCP and UDP */
  struct tcp tcp;              /* valid when ip_proto is TCP and transport_offset is not 0 */
};

/* Walks one frame. `n` octets were captured. Never reads past them. */
void frame_walk(enum link_type link, const uint8_t *p, size_t n, struct frame_layers *out);

/* Walks a reassembled IP payload (p[0..n) is the transport header onwards) with the addresses and
 * ip_proto that are already in `out`; offsets in `out` then count from p. */
void frame_walk_transport(const uint8_t *p, size_t n, size_t n_wire, struct frame_layers *out);

#endif
