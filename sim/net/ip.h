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
#include "sim/net/drop.h"

struct host;
struct iface;
struct packet;

/* ---- addresses of interfaces ---- */

enum addr_state { /* RFC 4862 2 */
                  ADDR_PREFERRED,
                  ADDR_TENTATIVE, /* under duplicate address detection: not used yet */
                  ADDR_DUPLICATE, /* somebody else has it: not used */
};
enum addr_origin { ADDR_STATIC, ADDR_LINK_LOCAL, ADDR_AUTOCONF, ADDR_LEASED };

struct iface_addr {
  struct ip_addr addr;
  uint8_t prefix;
  uint8_t state;                              /* enum addr_state */
  uint8_t origin;                             /* enum addr_origin */
  uint8_t tries;                              /* identifiers that were taken already */
  bool is_on_link;                            /* the prefix is a net of this link: it has a route */
  int64_t preferred_until_ns, valid_until_ns; /* 0: for ever */
};

/* The first usable address of a family (4 or 6), or NULL. */
const struct iface_addr *iface_addr(const struct iface *i, uint8_t version);
/* Gives an interface a written address and the host the route to its net. False when it has it
 * already or IFACE_ADDRS_MAX are there. */
bool iface_add_addr(struct iface *i, const struct ip_addr *addr, uint8_t prefix);
/* The same with everything said; NULL when it does not fit. Borrowed until the next change. */
struct iface_addr *iface_put_addr(struct iface *i, const struct iface_addr *a);
/* Takes an address and its net's route away; false when it is not there. */
bool iface_remove_addr(struct iface *i, const struct ip_addr *addr);
/* Of any state; NULL when it is not there. */
struct iface_addr *iface_find_addr(struct iface *i, const struct ip_addr *addr);
/* Usable addresses only. */
bool iface_has_addr(const struct iface *i, const struct ip_addr *a);
bool host_has_addr(const struct host *h, const struct ip_addr *a);
/* The host's first address of a family, the first of any when 0; a link-local one only when there
 * is no other; version 0 when there is none. */
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
  uint8_t origin; /* enum route_origin */
  uint32_t iface;
  struct ip_addr via; /* version 0: on this link */
  int64_t until_ns;   /* 0: for ever */
};

/* Adds a route behind those with a prefix as long or longer. */
void host_add_route(struct host *h, const struct route *r);
/* Removes the route that is equal in all members but until_ns, if it is there. */
void host_remove_route(struct host *h, const struct route *r);
/* A next hop does not answer: what goes by it stands behind its equals from now on. */
void host_demote_routes(struct host *h, const struct ip_addr *via);
/* A neighbour is no router any more: forgets what routers said to go by it (RFC 4861 7.2.5). */
void host_forget_router(struct host *h, const struct iface *i, const struct ip_addr *via);
/* True when the first `prefix` bits of two addresses of one family are equal. */
bool ip_addr_shares_net(const struct ip_addr *a, const struct ip_addr *b, uint8_t prefix);
/* The address with all bits behind the prefix cleared. */
struct ip_addr ip_addr_net(const struct ip_addr *a, uint8_t prefix);

/* For hash tables with struct ip_addr as key; nothing may depend on their order. */
guint ip_addr_hash(gconstpointer p);
gboolean ip_addr_is_key(gconstpointer a, gconstpointer b);

/* The way to an address, or NULL; *next is the neighbour to send to. Groups and link-local
 * addresses go to the interface where the neighbour is known, else the first with IPv6. */
struct iface *ip_route(struct host *h, const struct ip_addr *to, struct ip_addr *next);
/* The address this host would send from, version 0 when there is no way: RFC 6724 5. */
struct ip_addr ip_source(struct host *h, const struct ip_addr *to);
/* The same for a known interface. SIMPLIFIED: of RFC 6724's rules 1 (the same address), 2 (scope),
 * 3 (not deprecated) and 8 (longest common prefix). */
struct ip_addr ip_source_on(const struct iface *out, const struct ip_addr *to);
/* State event "route": how this host would reach an address and why; said when it changes. */
void ip_tell_route(struct host *h, const struct ip_addr *to);
/* A transport saw progress towards this address: its next hop is reachable (RFC 4861 7.3.1). */
void ip_confirm(struct host *h, const struct ip_addr *to);

/* ---- the MTU of a path: path_mtu.c ---- */
/* The largest packet, header included, that the way to an address is known to take; 0 without a
 * way. What routers reported counts for ten minutes (RFC 1191 6.3, RFC 8201 4). */
uint32_t ip_mtu(struct host *h, const struct ip_addr *to);
uint32_t ip_mtu_on(const struct iface *out, const struct ip_addr *to);
/* A router reported that a packet of n_packet octets was too large. `mtu` 0: it did not say for
 * what (RFC 1191 5). Returns the MTU believed in from now on. */
uint32_t ip_learn_mtu(struct host *h, const struct ip_addr *to, uint32_t mtu, uint32_t n_packet);
void ip_mtus_clear(struct host *h);

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
  const uint8_t *options; /* IPv4: of the header, a multiple of four octets, at most 40 */
  uint8_t n_options;
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
  const uint8_t *options; /* of an IPv4 header, in the packet */
  uint8_t n_options;
};

/* ---- trouble ---- */

/* Frees a packet and tells why, see drop.h. */
void ip_drop(struct host *h, struct packet *p, enum drop_reason reason);

/* What ICMP and ICMPv6 both can say of a packet. */
enum ip_trouble {
  IP_NO_NET,      /* no route */
  IP_NO_HOST,     /* the neighbour does not answer */
  IP_NO_PROTOCOL, /* nobody reads this protocol */
  IP_NO_PORT,
  IP_TOO_BIG, /* for a link's MTU; `rest` is that MTU */
  IP_SOURCE_ROUTE_FAILED,
  IP_PROHIBITED,         /* by an administrator */
  IP_HOP_LIMIT,          /* TTL or hop limit used up */
  IP_REASSEMBLY,         /* a fragment never came */
  IP_PARAMETER,          /* a field of the header is wrong; `rest` is its place */
  IP_UNKNOWN_HEADER,     /* IPv6: the next header, `rest` its number's place */
  IP_UNKNOWN_OPTION,     /* IPv6: of an extension header, `rest` its place */
  IP_INCOMPLETE_HEADERS, /* IPv6: the first fragment lacks headers */
  IP_BEYOND_SCOPE,       /* IPv6: a link-local source cannot leave its link */
  N_IP_TROUBLES
};

/* "too-big", for state events. */
const char *ip_trouble_name(enum ip_trouble trouble);

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
/* The rate limit of RFC 1812 4.3.2.8 and RFC 4443 2.4 f: a bucket of 50 errors that fills with 100
 * a second. */
bool icmp_may_report(struct host *h);

#endif
