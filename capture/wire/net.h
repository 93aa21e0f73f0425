/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_NET_H
#define CAPTURE_WIRE_NET_H

/* Link, network and datagram headers: for each a table of its bits (see field.h), a plain struct,
 * and a `get`/`put` pair. `get` returns the octets that the header takes, options included, or 0
 * when fewer octets are there than it needs or a length in it is impossible; it never reads past
 * `n`. `put` writes the fixed part and returns the octets written; the caller provides the room.
 * Checksums are carried as they stand: compute them with the functions at the end. */
#include "capture/wire/addr.h"
#include "capture/wire/field.h"

/* The LINKTYPE_ numbers of capture files (pcap-linktype(7)) that the decoders read. */
enum link_type {
  LINK_NULL = 0,
  LINK_ETHERNET = 1,
  LINK_PPP = 9,
  LINK_RAW_BSD12 = 12,
  LINK_RAW_BSD14 = 14,
  LINK_PPP_HDLC = 50,
  LINK_RAW = 101,
  LINK_LOOP = 108,
  LINK_LINUX_SLL = 113,
  LINK_IPV4 = 228,
  LINK_IPV6 = 229,
  LINK_LINUX_SLL2 = 276,
};

enum ether_type {
  ETHER_IPV4 = 0x0800,
  ETHER_ARP = 0x0806,
  ETHER_VLAN = 0x8100,
  ETHER_IPV6 = 0x86dd,
  ETHER_PPPOE_DISCOVERY = 0x8863,
  ETHER_PPPOE = 0x8864,
  ETHER_QINQ = 0x88a8,
  ETHER_QINQ_OLD = 0x9100,
};

enum ip_proto {
  IP_PROTO_HOPOPTS = 0,
  IP_PROTO_ICMP = 1,
  IP_PROTO_TCP = 6,
  IP_PROTO_UDP = 17,
  IP_PROTO_ROUTING = 43,
  IP_PROTO_FRAGMENT = 44,
  IP_PROTO_ESP = 50,
  IP_PROTO_AH = 51,
  IP_PROTO_ICMPV6 = 58,
  IP_PROTO_NONE = 59,
  IP_PROTO_DSTOPTS = 60,
};

/* Ethernet II, IEEE 802.3 clause 3 (14 octets: the frame check sequence is not captured). */
enum { ETH_OCTETS = 14, ETH_MIN_PAYLOAD = 46, ETH_MTU = 1500, VLAN_OCTETS = 4 };
struct eth {
  uint8_t dst[6];
  uint8_t src[6];
  uint16_t type;
};
extern const struct wire_header eth_header;
size_t eth_get(const uint8_t *p, size_t n, struct eth *out);
size_t eth_put(uint8_t *p, const struct eth *in);

/* IEEE 802.1Q tag: what follows the 0x8100. */
struct vlan {
  uint8_t priority;
  bool dei;
  uint16_t id;
  uint16_t type;
};
extern const struct wire_header vlan_header;
size_t vlan_get(const uint8_t *p, size_t n, struct vlan *out);
size_t vlan_put(uint8_t *p, const struct vlan *in);

/* PPP over Ethernet, RFC 2516: version and type, code, session, length; and the protocols of PPP
 * that carry IP. */
enum { PPPOE_OCTETS = 6, PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };

/* Linux "cooked" captures: LINKTYPE_LINUX_SLL and SLL2. */
enum { SLL_OCTETS = 16, SLL2_OCTETS = 20 };
extern const struct wire_header sll_header;
extern const struct wire_header sll2_header;

/* ARP for IPv4 over Ethernet, RFC 826. */
enum { ARP_OCTETS = 28, ARP_REQUEST = 1, ARP_REPLY = 2 };
struct arp {
  uint16_t opcode;
  uint8_t sender_mac[6];
  uint8_t sender_ip[4];
  uint8_t target_mac[6];
  uint8_t target_ip[4];
};
extern const struct wire_header arp_header;
/* 0 also when the packet is not IPv4 over Ethernet. */
size_t arp_get(const uint8_t *p, size_t n, struct arp *out);
size_t arp_put(uint8_t *p, const struct arp *in);

/* IPv4, RFC 791. */
enum { IPV4_OCTETS = 20, IPV4_HEADER_MAX = 60 };
struct ipv4 {
  uint8_t header_octets; /* 20..60 */
  uint8_t dscp;
  uint8_t ecn;
  uint16_t total_octets;
  uint16_t id;
  bool dont_fragment;
  bool more_fragments;
  uint16_t fragment_offset; /* in octets, a multiple of 8 */
  uint8_t ttl;
  uint8_t proto;
  uint16_t checksum;
  uint8_t src[4];
  uint8_t dst[4];
};
extern const struct wire_header ipv4_header;
size_t ipv4_get(const uint8_t *p, size_t n, struct ipv4 *out);
size_t ipv4_put(uint8_t *p, const struct ipv4 *in);

/* IPv6, RFC 8200: the fixed header only. */
enum { IPV6_OCTETS = 40, IPV6_MTU_MIN = 1280, IPV6_FRAGMENT_OCTETS = 8 };
struct ipv6 {
  uint8_t traffic_class;
  uint32_t flow_label;
  uint16_t payload_octets;
  uint8_t next_header;
  uint8_t hop_limit;
  uint8_t src[16];
  uint8_t dst[16];
};
extern const struct wire_header ipv6_header;
size_t ipv6_get(const uint8_t *p, size_t n, struct ipv6 *out);
size_t ipv6_put(uint8_t *p, const struct ipv6 *in);

/* ICMP, RFC 792, and ICMPv6, RFC 4443: type, code, checksum and the four octets whose meaning
 * depends on the type (for echo: identifier, sequence number). */
enum {
  ICMP_OCTETS = 8,
  ICMP_TYPE_ECHO_REPLY = 0,
  ICMP_TYPE_UNREACHABLE = 3,
  ICMP_TYPE_REDIRECT = 5,
  ICMP_TYPE_ECHO = 8,
  ICMP_TYPE_TIME_EXCEEDED = 11,
  ICMP_TYPE_PARAMETER = 12,
  ICMP_CODE_NET_UNREACHABLE = 0,
  ICMP_CODE_HOST_UNREACHABLE = 1,
  ICMP_CODE_PROTOCOL_UNREACHABLE = 2,
  ICMP_CODE_PORT_UNREACHABLE = 3,
  ICMP_CODE_FRAGMENTATION_NEEDED = 4,
  ICMP_CODE_SOURCE_ROUTE_FAILED = 5,
  ICMP_CODE_PROHIBITED = 13,
  ICMP_CODE_REDIRECT_HOST = 1, /* of a redirect */
};
struct icmp {
  uint8_t type;
  uint8_t code;
  uint16_t checksum;
  uint32_t rest;
};
extern const struct wire_header icmp_header;
extern const struct wire_header icmpv6_header;
size_t icmp_get(const uint8_t *p, size_t n, struct icmp *out);
size_t icmp_put(uint8_t *p, const struct icmp *in);

/* UDP, RFC 768. */
enum { UDP_OCTETS = 8 };
struct udp {
  uint16_t src_port;
  uint16_t dst_port;
  uint16_t length; /* header and data */
  uint16_t checksum;
};
extern const struct wire_header udp_header;
size_t udp_get(const uint8_t *p, size_t n, struct udp *out);
size_t udp_put(uint8_t *p, const struct udp *in);

/* The Internet checksum, RFC 1071. checksum_add() accumulates; every piece but the last of one
 * computation has an even number of octets. checksum_finish() folds and complements. */
uint32_t checksum_add(uint32_t sum, const uint8_t *p, size_t n);
uint16_t checksum_finish(uint32_t sum);
/* A checksum after one of the 16-bit words that it covers changed, RFC 1624 equation 3. */
uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after);

/* The sum over the pseudo-header of TCP, UDP and ICMPv6 (RFC 9293 3.1, RFC 8200 8.1). Both
 * addresses have the same version. */
uint32_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
                         uint32_t n_octets);

#endif
