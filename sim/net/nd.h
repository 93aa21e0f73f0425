/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_ND_H
#define SIM_NET_ND_H

/* IPv6 on an interface: neighbour cache, own addresses under test, routers. Shared by nd.c,
 * autoconf.c, advertise.c, redirect.c, ip6.c and icmp6.c.
 *
 *   ip6_send ─> nd_send ─known─> link      unknown: solicit, keep the packet ─advert─> link
 *   icmp6_input ─> nd_input ─> nd.c (neighbours) │ autoconf.c (addresses, routers, redirects)
 *                                                │ advertise.c (a router's answers)
 */
#include "capture/wire/nd.h"
#include "sim/net/host.h"

enum {                             /* RFC 4861 10 and RFC 4862 5.1 */
       ND_SOLICITS_MAX = 3,        /* multicast and unicast questions for one neighbour */
       ND_ROUTER_SOLICITS_MAX = 3, /* questions for routers */
       ND_NEIGHBOURS_MAX = 65536,  /* as ARP's cache */
       ND_PENDING_MAX = 8,         /* packets that wait for one answer; the oldest goes first */
};
#define ND_RETRANS_NS (INT64_C(1) * 1000000000)
#define ND_REACHABLE_MS 30000
#define ND_DELAY_NS (INT64_C(5) * 1000000000)
#define ND_ROUTER_SOLICIT_NS (INT64_C(4) * 1000000000)

enum nud_state { NUD_INCOMPLETE, NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, N_NUD_STATES };

struct neighbour {
  struct iface *iface;
  struct ip_addr addr;
  uint8_t mac[6];
  enum nud_state state;
  bool is_router;
  int64_t reachable_until_ns;
  unsigned n_questions;
  uint64_t timer;
  struct packet_queue pending; /* while incomplete */
};

struct nd {
  GHashTable *neighbours; /* struct ip_addr → struct neighbour, or NULL */
  struct random_stream random;
  GPtrArray *probes;                 /* duplicate address detection under way, or NULL */
  uint32_t reachable_ms, retrans_ms; /* what routers say, or the defaults */
  uint32_t mtu;                      /* what routers say; 0: the link's */
  uint8_t hop_limit;                 /* what routers say; 0: the host's */
  bool is_automatic;                 /* routers give addresses and the way out */
  bool is_disabled;                  /* its link-local address is another's */
  bool is_stable;                    /* interface identifiers by RFC 7217, else EUI-64 */
  bool probes_all;                   /* duplicate address detection also of written addresses */
  unsigned n_solicits;               /* questions for routers so far */
  uint64_t solicit_timer;
  bool advertises; /* a router that answers them */
  bool has_answered;
  int64_t advert_ns; /* of the last advertisement */
  uint64_t advert_timer;
};

extern const struct ip_addr ip6_any, ip6_all_nodes, ip6_all_routers;

static inline bool
ip6_is_multicast(const struct ip_addr *a)
{
  return a->octets[0] == 0xff;
}
static inline bool
ip6_is_link_local(const struct ip_addr *a)
{
  return a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

/* ---- nd.c ---- */
void nd_send(struct iface *out, const struct ip_addr *next, struct packet *p);
/* A neighbour named its Ethernet address in passing: RFC 4861 7.2.3, 6.2.6, 6.3.4, 8.3. */
void nd_learn(struct iface *at, const struct ip_addr *addr, const uint8_t mac[6], bool is_router);
/* What a message of neighbour discovery says: the whole ICMPv6 message, checksum checked. */
void nd_input(struct iface *at, const struct ip_datagram *d);
/* Gives an interface IPv6; its addresses start at time 0. `is_automatic`: routers are asked. */
struct nd *nd_start(struct iface *i);
void nd_clear(struct iface *i);
bool nd_knows(const struct iface *i, const struct ip_addr *addr);
/* Sends an ICMPv6 message of n octets, with checksum and hop limit 255; takes the packet. */
void nd_emit(struct iface *out, const struct ip_addr *src, const struct ip_addr *dst,
             struct packet *p, size_t n);
/* Sends a neighbour solicitation for `target`. `src` any: duplicate address detection. */
void nd_solicit(struct iface *out, const struct ip_addr *src, const struct ip_addr *dst,
                const struct ip_addr *target);
/* The value of the first option of that type in a message's options, or NULL; *octets with its
 * head. */
const uint8_t *nd_find_option(const uint8_t *options, size_t n, uint8_t type, size_t *octets);

/* ---- autoconf.c ---- */
void autoconf_start(struct iface *i);
/* Somebody else has or wants a tentative address. */
void autoconf_duplicate(struct iface *i, const struct ip_addr *addr);
void autoconf_router_came(struct iface *at, const struct ip_datagram *d);
/* Tells the screen an address's state. */
void autoconf_tell(struct iface *i, const struct iface_addr *a);

/* ---- advertise.c ---- */
void advertise_start(struct iface *i);
void advertise_solicited(struct iface *at, const struct ip_datagram *d);

/* ---- redirect.c ---- */
void redirect6_came(struct iface *at, const struct ip_datagram *d);
/* A router sends a packet back to where it came from: tells the sender of the shorter way. */
void redirect6_send(struct iface *at, const struct packet *p, const struct ip_addr *dst,
                    const struct ip_addr *next);

/* ---- ip6.c, icmp6.c ---- */
bool ip6_send(struct host *h, const struct ip_sending *s, struct packet *p, size_t n);
void ip6_input(struct iface *at, struct packet *p);
bool ip6_is_for(const struct iface *at, const struct ip_addr *dst);
void icmp6_input(struct iface *at, struct packet *p, const struct ip_datagram *d);
void icmp6_error(struct host *h, const struct packet *p, enum ip_trouble trouble, uint32_t rest);
/* ip6_fragment.c: cuts and sends a packet without extension headers; takes it. */
void ip6_fragment(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p,
                  uint32_t mtu);

#endif
