/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_NAT_H
#define SIM_NET_NAT_H

/* A router that translates addresses and ports between the nets inside and one link outside: nat.c,
 * and nat_table.c for what it remembers. Included through host.h. */
#include "capture/wire/net.h"

struct host;
struct iface;
struct packet;

enum nat_filtering { /* who outside may answer through a mapping, RFC 4787 5 */
                     NAT_FILTER_NONE,
                     NAT_FILTER_ADDRESS,
                     NAT_FILTER_ADDRESS_AND_PORT,
};

struct nat_settings {
  struct iface *outside;
  enum nat_filtering filtering;
  bool hairpin; /* hosts inside reach each other by the outside address */
  int64_t tcp_idle_ns, tcp_transitory_ns, udp_ns, icmp_ns;
};
extern const struct nat_settings nat_defaults; /* RFC 4787, 5382, 5508 */

void nat_init(struct host *h, const struct nat_settings *settings);
/* A mapping that stays: what comes for a port outside goes to an address and port inside. False
 * when the port outside or the place inside is mapped already. */
bool nat_map(struct host *h, uint8_t proto, uint16_t port, const struct ip_addr *to,
             uint16_t to_port);
void nat_clear(struct host *h);

/* A packet came in and its IP header is sound; p->n ends with the datagram. Whole datagrams only
 * get further, with the destination inside when it was for somebody there. NULL: gone, or a
 * fragment that waits. */
struct packet *nat_arrive(struct iface *at, struct packet *p);
/* A packet is to be forwarded. False: dropped, the packet is gone. */
bool nat_leave(struct iface *at, struct iface *out, struct packet *p);

/* ---- nat_table.c ---- */

struct nat_session { /* one peer outside of a mapping */
  uint32_t remote;
  uint16_t port; /* 0 for ICMP */
  int64_t until_ns;
  bool spoke_in, spoke_out, fin_in, fin_out, rst; /* TCP */
};

struct nat_mapping {
  int64_t in_key, out_key; /* see nat_key() */
  uint8_t proto;
  bool is_static;
  uint16_t in_port, out_port;
  struct ip_addr in;
  GArray *sessions; /* struct nat_session, the newest last */
};

struct nat {
  struct host *host;
  struct nat_settings set;
  struct ip_addr addr; /* outside, as the mappings know it */
  GHashTable *by_in;   /* &in_key → mapping */
  GHashTable *by_out;  /* &out_key → mapping */
  GPtrArray *mappings; /* in the order of their making */
  struct random_stream ports;
};

static inline int64_t
nat_key(uint8_t proto, uint32_t addr, uint16_t port)
{
  return (int64_t)((uint64_t)proto << 48 | (uint64_t)addr << 16 | port);
}

/* Living mappings only; NULL when there is none. What has expired is forgotten, and told. */
struct nat_mapping *nat_find_in(struct nat *n, uint8_t proto, const struct ip_addr *in,
                                uint16_t port);
struct nat_mapping *nat_find_out(struct nat *n, uint8_t proto, uint16_t port);
/* A new mapping with a free port outside; NULL when the table or the ports are used up. */
struct nat_mapping *nat_add(struct nat *n, uint8_t proto, const struct ip_addr *in, uint16_t port);
struct nat_session *nat_session(struct nat_mapping *m, uint32_t remote, uint16_t port, bool make);
/* May a peer's packet come in? */
bool nat_admits(const struct nat *n, const struct nat_mapping *m, uint32_t remote, uint16_t port);
/* A packet of the session passed; flags are TCP's. */
void nat_refresh(struct nat *n, struct nat_mapping *m, struct nat_session *s, bool is_outbound,
                 uint16_t tcp_flags);
/* Forgets all but what was mapped by hand: the address outside changed. */
void nat_forget_all(struct nat *n);

#endif
