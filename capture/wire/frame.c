/* SPDX-License-Identifier: GPL-3.0-or-later */
/* frame.c -- from the link header to the transport payload in one pass, without allocation.
 *
 *     walk_link ──EtherType──> walk_tags ──> walk_ipv4 | walk_ipv6 ──> walk_headers ──> walk_tcp
 * | walk_udp
 *     walk_plain: all of this at once for the most common kind of frame
 *
 * Two limits travel with the walk: `n`, the octets that were captured, and `wire`, the octets that
 * the headers say there are. What lies behind the IP total length is Ethernet padding (IEEE 802.3
 * 3.2.8) and is cut. A total length of 0 is what segmentation offload leaves in captures taken at
 * the sender: the datagram then takes all that was captured, as in Wireshark.
 * RFC 791, 8200, 4302 (AH), 9293, 768; IEEE 802.1Q. Not here: tunnels inside IP. */
#include "capture/wire/frame.h"

#include "capture/wire/bytes.h"

enum {
  LLC_SNAP_OCTETS = 8,
  ETHER_TYPE_MIN = 0x600, /* smaller values are IEEE 802.3 lengths */
  AH_MIN_OCTETS = 12,
  JUMBO_OPTION = 0xc2, /* RFC 2675 */
};

struct walk {
  const uint8_t *p;
  size_t n;    /* captured */
  size_t wire; /* as the headers say, counted from p; at least n after IP */
  size_t at;
  struct frame_layers *out;
};

static void
stop(struct walk *w, enum frame_trouble trouble)
{
  if (w->out->trouble == FRAME_FINE)
    w->out->trouble = trouble;
}

static void
walk_tcp(struct walk *w)
{
  const uint8_t *p = w->p + w->at;
  size_t n = w->n - w->at;
  if (n < TCP_OCTETS) {
    stop(w, w->wire - w->at < TCP_OCTETS ? FRAME_BAD_LENGTH : FRAME_SHORT);
    return;
  }
  size_t header_octets = (size_t)(p[12] >> 4) * 4;
  uint8_t whole[TCP_HEADER_MAX] = {0};
  if (header_octets > n) {
    /* The fixed part is there, the options are not: still worth a place in its flow. */
    memcpy(whole, p, n);
    p = whole;
    stop(w, w->wire - w->at < header_octets ? FRAME_BAD_LENGTH : FRAME_SHORT);
  }
  if (!tcp_get(p, header_octets > n ? header_octets : n, &w->out->tcp)) {
    stop(w, FRAME_BAD_LENGTH);
    return;
  }
  w->out->transport_offset = (uint32_t)w->at;
  w->out->src_port = w->out->tcp.src_port;
  w->out->dst_port = w->out->tcp.dst_port;
  size_t end = w->wire - w->at;
  w->out->payload_wire = (uint32_t)(end > header_octets ? end - header_octets : 0);
  if (header_octets <= n) {
    w->out->payload_offset = (uint32_t)(w->at + header_octets);
    w->out->payload_octets = (uint32_t)(n - header_octets);
  }
}

static void
walk_udp(struct walk *w)
{
  struct udp u;
  size_t n = w->n - w->at, wire = w->wire - w->at;
  if (!udp_get(w->p + w->at, n, &u)) {
    stop(w, wire < UDP_OCTETS ? FRAME_BAD_LENGTH : FRAME_SHORT);
    return;
  }
  w->out->transport_offset = (uint32_t)w->at;
  w->out->src_port = u.src_port;
  w->out->dst_port = u.dst_port;
  size_t length = u.length ? u.length : wire; /* 0: a jumbogram, RFC 2675 section 4 */
  if (length < UDP_OCTETS) {
    stop(w, FRAME_BAD_LENGTH);
    return;
  }
  if (length > wire)
    length = wire;
  w->out->payload_offset = (uint32_t)(w->at + UDP_OCTETS);
  w->out->payload_wire = (uint32_t)(length - UDP_OCTETS);
  w->out->payload_octets = (uint32_t)((n < length ? n : length) - UDP_OCTETS);
}

/* IPv6 extension headers, and AH behind either version. Ends at the transport, at a fragment header
 * that says more than "whole", or in trouble (then false). */
static bool
walk_headers(struct walk *w)
{
  struct frame_layers *out = w->out;
  for (unsigned depth = 0;; depth++) {
    bool is_option = out->ip_version == 6 &&
                     (out->ip_proto == IP_PROTO_HOPOPTS || out->ip_proto == IP_PROTO_ROUTING ||
                      out->ip_proto == IP_PROTO_DSTOPTS);
    bool is_fragment = out->ip_version == 6 && out->ip_proto == IP_PROTO_FRAGMENT;
    if (!is_option && !is_fragment && out->ip_proto != IP_PROTO_AH)
      return true;
    const uint8_t *p = w->p + w->at;
    size_t n = w->n - w->at;
    if (depth == FRAME_NEST_MAX || n < 8) {
      stop(w, depth == FRAME_NEST_MAX ? FRAME_TOO_DEEP
              : w->wire - w->at < 8   ? FRAME_BAD_LENGTH
                                      : FRAME_SHORT);
      return false;
    }
    size_t octets = is_fragment ? 8 : is_option ? (p[1] + 1u) * 8u : (p[1] + 2u) * 4u;
    if (octets > n || (!is_option && !is_fragment && octets < AH_MIN_OCTETS)) {
      stop(w, octets > w->wire - w->at || octets <= n ? FRAME_BAD_LENGTH : FRAME_SHORT);
      return false;
    }
    out->ip_proto = p[0];
    w->at += octets;
    if (is_fragment) {
      uint16_t word = get_be16(p + 2);
      out->fragment_offset = word & 0xfff8;
      out->more_fragments = word & 1;
      out->fragment_id = get_be32(p + 4);
      out->is_fragment = out->fragment_offset || out->more_fragments;
      out->is_first_fragment = out->is_fragment && !out->fragment_offset;
      if (out->is_fragment)
        return true;
    }
  }
}

/* Most datagrams have none. */
static inline bool
walk_extensions(struct walk *w)
{
  uint8_t proto = w->out->ip_proto;
  return proto == IP_PROTO_TCP || proto == IP_PROTO_UDP || walk_headers(w);
}

static void
walk_transport(struct walk *w)
{
  struct frame_layers *out = w->out;
  out->ip_payload_offset = (uint32_t)w->at;
  out->ip_payload_octets = (uint32_t)(w->n - w->at);
  out->ip_payload_wire = (uint32_t)(w->wire - w->at);
  if (out->is_fragment && out->fragment_offset)
    return;
  if (out->ip_proto == IP_PROTO_TCP)
    walk_tcp(w);
  else if (out->ip_proto == IP_PROTO_UDP)
    walk_udp(w);
}

/* Cuts both limits at the datagram's end. */
static void
limit_datagram(struct walk *w, size_t total_octets)
{
  w->wire = w->at + total_octets;
  if (w->n > w->wire)
    w->n = w->wire;
}

static void
walk_ipv4(struct walk *w)
{
  struct frame_layers *out = w->out;
  const uint8_t *p = w->p + w->at;
  size_t n = w->n - w->at;
  if (n < IPV4_OCTETS) {
    stop(w, n && p[0] >> 4 != 4 ? FRAME_BAD_VERSION : FRAME_SHORT);
    return;
  }
  size_t header_octets = (size_t)(p[0] & 0xf) * 4, total_octets = get_be16(p + 2);
  if (!total_octets)
    total_octets = n;
  if (p[0] >> 4 != 4 || header_octets < IPV4_OCTETS || total_octets < header_octets) {
    stop(w, p[0] >> 4 != 4 ? FRAME_BAD_VERSION : FRAME_BAD_LENGTH);
    return;
  }
  out->ip_version = 4;
  out->ip_offset = (uint32_t)w->at;
  out->ip_proto = p[9];
  out->ttl = p[8];
  out->src.version = out->dst.version = 4;
  memcpy(out->src.octets, p + 12, 4);
  memcpy(out->dst.octets, p + 16, 4);
  uint16_t fragment = get_be16(p + 6);
  out->fragment_offset = (fragment & 0x1fffu) * 8;
  out->more_fragments = fragment & 0x2000;
  out->fragment_id = get_be16(p + 4);
  out->is_fragment = out->fragment_offset || out->more_fragments;
  out->is_first_fragment = out->is_fragment && !out->fragment_offset;
  limit_datagram(w, total_octets);
  if (header_octets > w->n - w->at) {
    stop(w, FRAME_SHORT);
    return;
  }
  w->at += header_octets;
  if (out->is_fragment || walk_extensions(w))
    walk_transport(w);
}

/* The length in the jumbo option (RFC 2675) of a hop-by-hop header at p, or 0. */
static size_t
jumbo_octets(const uint8_t *p, size_t n)
{
  if (n < 8)
    return 0;
  size_t end = (p[1] + 1u) * 8u;
  if (end > n)
    end = n;
  for (size_t at = 2; at + 2 <= end;) {
    if (p[at] == 0) {
      at++;
      continue;
    }
    if (p[at] == JUMBO_OPTION && p[at + 1] == 4 && at + 6 <= end)
      return get_be32(p + at + 2);
    at += 2u + p[at + 1];
  }
  return 0;
}

static void
walk_ipv6(struct walk *w)
{
  struct frame_layers *out = w->out;
  const uint8_t *p = w->p + w->at;
  size_t n = w->n - w->at;
  if (n < IPV6_OCTETS || p[0] >> 4 != 6) {
    stop(w, n && p[0] >> 4 != 6 ? FRAME_BAD_VERSION : FRAME_SHORT);
    return;
  }
  out->ip_version = 6;
  out->ip_offset = (uint32_t)w->at;
  out->ip_proto = p[6];
  out->ttl = p[7];
  out->src.version = out->dst.version = 6;
  memcpy(out->src.octets, p + 8, 16);
  memcpy(out->dst.octets, p + 24, 16);
  size_t payload_octets = get_be16(p + 4);
  if (!payload_octets && p[6] == IP_PROTO_HOPOPTS)
    payload_octets = jumbo_octets(p + IPV6_OCTETS, n - IPV6_OCTETS);
  if (!payload_octets && p[6] != IP_PROTO_NONE)
    payload_octets = n - IPV6_OCTETS;
  limit_datagram(w, IPV6_OCTETS + payload_octets);
  w->at += IPV6_OCTETS;
  if (walk_extensions(w))
    walk_transport(w);
}

/* PPP: address and control octets on a line only (RFC 1662 3.1), the protocol in one octet when it
 * is odd (RFC 1661 6.5). The EtherType that means the same, or 0. */
static uint16_t
walk_ppp(struct walk *w)
{
  size_t n = w->n - w->at;
  if (!n) {
    stop(w, FRAME_SHORT);
    return 0;
  }
  const uint8_t *p = w->p + w->at;
  size_t at = n >= 2 && p[0] == 0xff && p[1] == 3 ? 2 : 0;
  size_t octets = n > at && p[at] & 1 && p[at] != 0xff ? 1 : 2;
  if (n < at + octets) {
    stop(w, FRAME_SHORT);
    return 0;
  }
  unsigned protocol = octets == 1 ? p[at] : get_be16(p + at);
  w->at += at + octets;
  return protocol == PPP_IPV4 ? ETHER_IPV4 : protocol == PPP_IPV6 ? ETHER_IPV6 : 0;
}

/* A session frame of PPP over Ethernet (RFC 2516 section 4). */
static uint16_t
walk_pppoe(struct walk *w)
{
  const uint8_t *p = w->p + w->at;
  if (w->n - w->at < PPPOE_OCTETS) {
    stop(w, FRAME_SHORT);
    return 0;
  }
  size_t end = w->at + PPPOE_OCTETS + get_be16(p + 4);
  if (w->n > end)
    w->n = end;
  w->at += PPPOE_OCTETS;
  return walk_ppp(w);
}

static void
walk_network(struct walk *w, uint16_t type)
{
  w->out->ether_type = type;
  w->out->link_octets = (uint32_t)w->at;
  if (w->out->trouble != FRAME_FINE)
    return;
  if (type == ETHER_IPV4)
    walk_ipv4(w);
  else if (type == ETHER_IPV6)
    walk_ipv6(w);
}

/* VLAN tags, then the network layer. w->at stands behind the link header. */
static void
walk_tags(struct walk *w, uint16_t type)
{
  struct frame_layers *out = w->out;
  while (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD) {
    struct vlan tag;
    if (out->n_vlans == FRAME_NEST_MAX || !vlan_get(w->p + w->at, w->n - w->at, &tag)) {
      stop(w, out->n_vlans == FRAME_NEST_MAX ? FRAME_TOO_DEEP : FRAME_SHORT);
      break;
    }
    if (!out->n_vlans++)
      out->vlan_id = tag.id;
    type = tag.type;
    w->at += VLAN_OCTETS;
  }
  if (type < ETHER_TYPE_MIN && w->n - w->at >= LLC_SNAP_OCTETS &&
      memcmp(w->p + w->at, "\xaa\xaa\x03\0\0\0", 6) == 0) {
    type = get_be16(w->p + w->at + 6); /* IEEE 802.2 SNAP, RFC 1042 */
    w->at += LLC_SNAP_OCTETS;
  }
  walk_network(w, type == ETHER_PPPOE ? walk_pppoe(w) : type);
}

/* BSD loopback: an address family in the capturing machine's byte order (LINK_NULL) or in network
 * byte order (LINK_LOOP). Which number means IPv6 depends on the system. */
static uint16_t
loopback_type(const uint8_t *p)
{
  uint32_t family = get_be32(p);
  if (family > 0xffff)
    family = get_le32(p);
  switch (family) {
  case 2:
    return ETHER_IPV4;
  case 10: /* Linux */
  case 24: /* NetBSD, OpenBSD, Npcap */
  case 28: /* FreeBSD */
  case 30: /* macOS */
    return ETHER_IPV6;
  default:
    return 0;
  }
}

static void
walk_raw(struct walk *w, enum link_type link)
{
  if (w->n == 0) {
    stop(w, FRAME_SHORT);
    return;
  }
  unsigned version = w->p[0] >> 4;
  if ((version != 4 && version != 6) || (link == LINK_IPV4 && version != 4) ||
      (link == LINK_IPV6 && version != 6)) {
    stop(w, FRAME_BAD_VERSION);
    return;
  }
  w->out->ether_type = version == 4 ? ETHER_IPV4 : ETHER_IPV6;
  if (version == 4)
    walk_ipv4(w);
  else
    walk_ipv6(w);
}

static void
walk_header(struct walk *w, size_t octets, size_t type_at)
{
  if (w->n < octets) {
    stop(w, FRAME_SHORT);
    return;
  }
  w->at = octets;
  walk_tags(w, get_be16(w->p + type_at));
}

/* What most frames of a capture are: TCP in IPv4 without options, on Ethernet without tags,
 * captured whole. Says of them what the walk below would say; of any other it says false. */
static bool
walk_plain(const uint8_t *p, size_t n, struct frame_layers *out)
{
  enum { IP = ETH_OCTETS, TCP = IP + IPV4_OCTETS, PLAIN_OCTETS = TCP + TCP_OCTETS };
  if (n < PLAIN_OCTETS || get_be16(p + 12) != ETHER_IPV4 || p[IP] != 0x45 ||
      p[IP + 9] != IP_PROTO_TCP || (get_be16(p + IP + 6) & 0x3fff))
    return false;
  size_t end = IP + (size_t)get_be16(p + IP + 2);
  size_t header_octets = (size_t)(p[TCP + 12] >> 4) * 4;
  if (end > n || header_octets < TCP_OCTETS || TCP + header_octets > end)
    return false;
  *out = (struct frame_layers){.ether_type = ETHER_IPV4,
                               .ip_version = 4,
                               .ip_proto = IP_PROTO_TCP,
                               .ttl = p[IP + 8],
                               .fragment_id = get_be16(p + IP + 4),
                               .link_octets = ETH_OCTETS,
                               .ip_offset = IP,
                               .ip_payload_offset = TCP,
                               .ip_payload_octets = (uint32_t)(end - TCP),
                               .ip_payload_wire = (uint32_t)(end - TCP),
                               .transport_offset = TCP,
                               .payload_offset = (uint32_t)(TCP + header_octets),
                               .payload_octets = (uint32_t)(end - TCP - header_octets),
                               .payload_wire = (uint32_t)(end - TCP - header_octets),
                               .src.version = 4,
                               .dst.version = 4};
  memcpy(out->src.octets, p + IP + 12, 4);
  memcpy(out->dst.octets, p + IP + 16, 4);
  tcp_get(p + TCP, end - TCP, &out->tcp);
  out->src_port = out->tcp.src_port;
  out->dst_port = out->tcp.dst_port;
  return true;
}

void
frame_walk(enum link_type link, const uint8_t *p, size_t n, struct frame_layers *out)
{
  if (link == LINK_ETHERNET && walk_plain(p, n, out))
    return;
  *out = (struct frame_layers){0};
  struct walk w = {.p = p, .n = n, .wire = n, .out = out};
  switch (link) {
  case LINK_ETHERNET:
    walk_header(&w, ETH_OCTETS, 12);
    break;
  case LINK_LINUX_SLL:
    walk_header(&w, SLL_OCTETS, 14);
    break;
  case LINK_LINUX_SLL2:
    walk_header(&w, SLL2_OCTETS, 0);
    break;
  case LINK_PPP:
  case LINK_PPP_HDLC:
    walk_network(&w, walk_ppp(&w));
    break;
  case LINK_NULL:
  case LINK_LOOP:
    if (n < 4) {
      stop(&w, FRAME_SHORT);
      break;
    }
    w.at = 4;
    walk_tags(&w, loopback_type(p));
    break;
  case LINK_RAW:
  case LINK_RAW_BSD12:
  case LINK_RAW_BSD14:
  case LINK_IPV4:
  case LINK_IPV6:
    walk_raw(&w, link);
    break;
  default:
    stop(&w, FRAME_UNKNOWN_LINK);
  }
}

void
frame_walk_transport(const uint8_t *p, size_t n, size_t n_wire, struct frame_layers *out)
{
  out->trouble = FRAME_FINE;
  out->tcp = (struct tcp){0};
  out->is_fragment = out->is_first_fragment = out->more_fragments = false;
  out->fragment_offset = 0;
  out->transport_offset = out->payload_offset = 0;
  out->payload_octets = out->payload_wire = 0;
  out->src_port = out->dst_port = 0;
  struct walk w = {.p = p, .n = n, .wire = n_wire > n ? n_wire : n, .out = out};
  if (walk_extensions(&w))
    walk_transport(&w);
}
