/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_IP_H
#define SIM_NET_IP_H

/* IP of both families as the transports, the link layer and the builders of a network see it.
 *
 *   ip_send ─> ip_route ─> ip.c or ip6.c: header ─> [fragment] ─> arp.c or nd.c ─> link
 *   ip.c, ip6.c <─ host_input: for us: [reassemble] ─> struct ip_datagram ─> UDP, TCP, ICMP
 *                              else a router forwards; trouble ─> icmp_error ─> struct ip_error
 */
#include <glib.h>

#include "capture/wire/net.h"

struct host;
struct iface;
struct packet;

/* ---- addresses of interfaces ---- */

struct iface_addr {
  struct ip_addr addr;
  uint8_t prefix;
};

/* The first address of a family (4 or 6), or NULL. */
const struct iface_addr *iface_addr(const struct iface *i, uint8_t version);
/* Gives an interface an address and the host the route to its net. False when it has it already or
 * IFACE_ADDRS_MAX are there. */
bool iface_add_addr(struct iface *i, const struct ip_addr *addr, uint8_t prefix);
/* Takes an address and its net's route away; false when it is not there. */
bool iface_remove_addr(struct iface *i, const struct ip_addr *addr);
bool iface_has_addr(const struct iface *i, const struct ip_addr *a);
bool host_has_addr(const struct host *h, const struct ip_addr *a);
/* The host's first address of a family, the first of any when 0; version 0 when there is none. */
struct ip_addr host_addr(const struct host *h, uint8_t version);

/* ---- routes ---- */

enum route_origin {                   /* why a route is there: the reason that the screen shows */
                    ROUTE_OWN_NET,    /* an address of this host lies in that net */
                    ROUTE_STATIC,     /* `routes` of the scenario */
                    ROUTE_GATEWAY,    /* `gateway` of the scenario */
                    ROUTE_LEASED,     /* DHCP said so */
                    ROUTE_ADVERTISED, /* a router said so: RFC 4861 */
                    ROUTE_REDIRECTED, /* a router knew a better one */
                    N_ROUTE_ORIGINS
};

struct route {
  struct ip_addr to; /* the net: octets behind the prefix are zero */
  uint8_t prefix;
  uint8_t origin;     /* enum route_origin */
  struct ip_addr via; /* version 0: on this link */
  uint32_t iface;
};

/* Adds a route behind those with a prefix as long or longer. */
void host_add_route(struct host *h, const struct route *r);
/* Removes the route that is equal in all members, if it is there. */
void host_remove_route(struct host *h, const struct route *r);
/* True when the first `prefix` bits of two addresses of one family are equal. */
bool ip_addr_shares_net(const struct ip_addr *a, const struct ip_addr *b, uint8_t prefix);
/* The address with all bits behind the prefix cleared. */
struct ip_addr ip_addr_net(const struct ip_addr *a, uint8_t prefix);

/* The way to an address, or NULL; *next is the neighbour to send to. */
struct iface *ip_route(struct host *h, const struct ip_addr *to, struct ip_addr *next);
/* The address this host would send from, version 0 when there is no way. */
struct ip_addr ip_source(struct host *h, const struct ip_addr *to);
/* The largest packet, header included, that the way to an address is known to take; 0 without a
 * way. */
uint32_t ip_mtu(struct host *h, const struct ip_addr *to);

/* ---- sending ---- */

/* Octets of a header without options. */
static inline uint32_t
ip_header_octets(uint8_t version)
{
  return version == 6 ? IPV6_OCTETS : IPV4_OCTETS;
}

struct ip_sending {
  struct ip_addr src; /* version 0: ip_source() */
  struct ip_addr dst;
  uint8_t proto;
  uint8_t tos;       /* DSCP and ECN: the octet of the header */
  uint8_t ttl;       /* 0: the host's */
  bool df;           /* IPv4: don't fragment; a datagram too large for the first link is refused */
  struct iface *out; /* NULL: by route; set for broadcast and groups */
};

/* Sends the n octets at packet_payload(p). Takes the packet. Cuts it when it must and may. False
 * (packet gone) when there is no way or it is too large. */
bool ip_send(struct host *h, const struct ip_sending *s, struct packet *p, size_t n);

/* ---- receiving ---- */

/* A whole datagram for this host. The payload lies in the packet. */
struct ip_datagram {
  struct ip_addr src, dst;
  uint8_t proto, tos, ttl;
  uint8_t *payload;
  uint32_t n;
};

/* ---- trouble ---- */

/* What ICMP and ICMPv6 both can say of a packet. */
enum ip_trouble {
  IP_NO_NET,      /* no route */
  IP_NO_HOST,     /* the neighbour does not answer */
  IP_NO_PROTOCOL, /* nobody reads this protocol */
  IP_NO_PORT,
  IP_TOO_BIG, /* for a link's MTU; `rest` is that MTU */
  IP_SOURCE_ROUTE_FAILED,
  IP_PROHIBITED, /* by an administrator */
  IP_HOP_LIMIT,  /* TTL or hop limit used up */
  IP_REASSEMBLY, /* a fragment never came */
  IP_PARAMETER,  /* a field of the header is wrong; `rest` is its place */
  N_IP_TROUBLES
};

/* An error about a packet that this host sent, for the transport that sent it. */
struct ip_error {
  enum ip_trouble trouble;
  uint32_t mtu; /* IP_TOO_BIG */
  uint8_t type, code;
  struct ip_addr src, dst; /* of the packet that had the trouble */
  struct ip_addr from;     /* who reports it; version 0: this host itself */
  uint8_t proto;
  const uint8_t *quoted; /* its transport header: at least 8 octets */
  uint32_t n;
};

/* Reports trouble with an IP packet p (borrowed) to its sender, unless RFC 1122 3.2.2 or RFC 4443
 * 2.4 forbids it. `rest` is an MTU or the place of a wrong field. */
void icmp_error(struct host *h, const struct packet *p, enum ip_trouble trouble, uint32_t rest);

#endif
