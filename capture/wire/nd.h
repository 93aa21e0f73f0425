/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_ND_H
#define CAPTURE_WIRE_ND_H

/* ICMPv6 (RFC 4443) beyond its common head, and neighbour discovery (RFC 4861, 8106): types, codes,
 * messages and options. As in net.h, `get` returns the octets taken or 0 when too few are there,
 * `put` writes and returns the octets. Messages include type, code and checksum; `put` leaves the
 * checksum 0. */
#include "capture/wire/net.h"

enum icmp6_type {
  ICMP6_UNREACHABLE = 1,
  ICMP6_TOO_BIG = 2,
  ICMP6_TIME_EXCEEDED = 3,
  ICMP6_PARAMETER = 4,
  ICMP6_ECHO = 128,
  ICMP6_ECHO_REPLY = 129,
  ICMP6_ROUTER_SOLICIT = 133,
  ICMP6_ROUTER_ADVERT = 134,
  ICMP6_NEIGHBOUR_SOLICIT = 135,
  ICMP6_NEIGHBOUR_ADVERT = 136,
  ICMP6_REDIRECT = 137,
};

enum nd_option_type {
  ND_SOURCE_LINK = 1,
  ND_TARGET_LINK = 2,
  ND_PREFIX = 3,
  ND_REDIRECTED = 4,
  ND_MTU = 5,
  ND_DNS = 25,
};

enum {
  ND_HOP_LIMIT = 255, /* what came over a router has less: RFC 4861 */
  ND_NEIGHBOUR_OCTETS = 24,
  ND_ROUTER_SOLICIT_OCTETS = 8,
  ND_ROUTER_ADVERT_OCTETS = 16,
  ND_REDIRECT_OCTETS = 40,
  ND_LINK_OCTETS = 8, /* a link-layer address option for Ethernet */
  ND_PREFIX_OCTETS = 32,
  ND_MTU_OCTETS = 8,
  ND_REDIRECTED_OCTETS = 8, /* of its head */
  ND_DNS_OCTETS = 8,        /* of its head; addresses follow */
};

/* Neighbour solicitation and advertisement; a solicitation has no flags. */
struct nd_neighbour {
  bool is_router, is_solicited, overrides;
  uint8_t target[16];
};
extern const struct wire_header nd_solicit_header, nd_advert_header;
size_t nd_neighbour_get(const uint8_t *p, size_t n, struct nd_neighbour *out);
size_t nd_neighbour_put(uint8_t *p, enum icmp6_type type, const struct nd_neighbour *in);

struct nd_router {
  uint8_t hop_limit; /* 0: not said; so for all that follow */
  bool managed, other;
  uint16_t lifetime_s; /* 0: no default router */
  uint32_t reachable_ms, retrans_ms;
};
extern const struct wire_header nd_router_header;
size_t nd_router_get(const uint8_t *p, size_t n, struct nd_router *out);
size_t nd_router_put(uint8_t *p, const struct nd_router *in);

struct nd_redirect {
  uint8_t target[16], dst[16];
};
extern const struct wire_header nd_redirect_header;
size_t nd_redirect_get(const uint8_t *p, size_t n, struct nd_redirect *out);
size_t nd_redirect_put(uint8_t *p, const struct nd_redirect *in);

struct nd_prefix {
  uint8_t length;
  bool on_link, autonomous;
  uint32_t valid_s, preferred_s; /* UINT32_MAX: for ever */
  uint8_t prefix[16];
};
extern const struct wire_header nd_prefix_header;
size_t nd_prefix_get(const uint8_t *p, size_t n, struct nd_prefix *out);
size_t nd_prefix_put(uint8_t *p, const struct nd_prefix *in);

size_t nd_link_put(uint8_t *p, enum nd_option_type type, const uint8_t mac[6]);
size_t nd_mtu_put(uint8_t *p, uint32_t mtu);

/* One option at p: its octets (a multiple of 8), or 0 when its length is 0 or runs past n. */
size_t nd_option_get(const uint8_t *p, size_t n, uint8_t *type);

/* "Neighbor Solicitation" and the like as Wireshark says them; NULL when there is none. */
const char *icmp6_type_name(unsigned type);
const char *nd_option_name(unsigned type);

/* ff02::1:ffXX:XXXX of an address, RFC 4291 2.7.1. */
struct ip_addr ip6_solicited_node(const struct ip_addr *a);
/* 33:33 and the last four octets, RFC 2464 7. */
void ip6_group_mac(const struct ip_addr *group, uint8_t mac[6]);

#endif
