/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_HOST_H
#define SIM_NET_HOST_H

/* What the files of sim/net share: packets, links, interfaces, hosts. Nothing outside this folder
 * (and its tests) includes it.
 *
 *   socket.c ─ tcp_*.c ┐
 *   udp.c ─ dns_*.c    ├─ ip.c ─ ip_fragment.c ─ arp.c ┐
 *   icmp.c ────────────┘                     switch.c ─┴─ link.c ─ world
 */
#include "capture/wire/net.h"
#include "sim/net/arp.h"
#include "sim/net/dhcp.h"
#include "sim/net/ip.h"
#include "sim/net/link.h"
#include "sim/net/nat.h"
#include "sim/net/net.h"
#include "sim/net/tcp_conn.h"

/* ---- limits ---- */
enum {
  NET_HOSTS_MAX = 100000, /* ten times the largest run that the project promises */
  NET_LINKS_MAX = 65000,  /* a link is an interface of the trace: 16 bits */
  HOST_IFACES_MAX = 64,   /* a large switch */
  HOST_ROUTES_MAX = 256,
  IFACE_ADDRS_MAX = 16,  /* of both families */
  ARP_CACHE_MAX = 65536, /* hosts on one Ethernet: a /16 */
  ARP_PENDING_MAX =
      64, /* packets that wait for one answer, the oldest goes first: a traceroute sends 16 */
  SWITCH_TABLE_MAX = 131072, /* learned addresses of a large switch */
  LINK_QUEUE_MAX = 100000,
  LINK_MTU_MIN = 68,
  LINK_MTU_MAX = 9000, /* RFC 791; jumbo frames */
  NET_FAULTS_MAX = 10000,
  NET_CHANGES_MAX = 10000,
  IP_FRAGMENT_SETS_MAX = 64, /* datagrams under reassembly per host */
  UDP_BINDINGS_MAX = 4096,
  HOST_INTERCEPTS_MAX = 8, /* mail has four ports where TLS begins inside */
  HOST_DNS_MAX = 3, /* resolvers a host asks one after the other, as in resolv.conf */
};

/* ---- packets ---- */

/* One frame under way. What an IP packet made here carries is written at a fixed place; its header,
 * of 20 to 60 or 40 octets and more, and the link's grow downward from there:
 *
 *   store │ free │ Ethernet │ IP header │ payload …
 *                └ octets   └ PACKET_IP └ packet_payload() */
enum {
  PACKET_IP = ETH_OCTETS,
  PACKET_HEADROOM = 80, /* Ethernet and the longest IPv4 header: 74 */
};

struct iface;
struct packet {
  struct packet *older, *newer; /* among all that exist: those under way end with the network */
  struct packet *next;          /* in a queue or the free list */
  struct iface *to;             /* while it is on a link */
  struct iface *at;             /* where it came in; NULL: made here */
  uint64_t journey;             /* the same on every hop */
  uint8_t *octets;              /* of the frame, in store */
  uint32_t room;                /* of store */
  uint32_t n;                   /* octets of the frame so far, without padding */
  uint32_t maker;               /* the host that made it */
  uint32_t n_downs;             /* of the link when it left: see link_way */
  bool is_lost;
  bool is_copy; /* made by the link that carries it */
  bool is_bad;  /* damaged where only the frame check sequence sees it */
  uint8_t store[];
};

static inline uint8_t *
packet_payload(struct packet *p)
{
  return p->store + PACKET_HEADROOM;
}

/* A packet with room for n octets at packet_payload(); journey and maker set. `octets` stands so
 * that the payload follows the Ethernet header: who needs an IP header moves it down. */
struct packet *packet_new(struct net *n, uint32_t maker, size_t n_payload);
struct packet *packet_copy(struct net *n, const struct packet *p); /* the same journey */
void packet_free(struct net *n, struct packet *p);
/* Takes back a packet that was just made and not needed, with its journey's number. */
void packet_unmake(struct net *n, struct packet *p);
void packet_pool_clear(struct net *n);

/* ---- hosts ---- */

struct iface {
  struct host *host;
  uint32_t index; /* in its host */
  struct link *link;
  unsigned way; /* link->ways[way] leads away from here */
  uint8_t mac[6];
  bool wants_lease; /* its IPv4 address comes by DHCP */
  uint8_t n_addrs;
  struct iface_addr *addrs; /* in the order of the scenario */
  struct nd *nd;            /* NULL: no IPv6 here; see nd.h */
};

/* The largest IP packet that leaves here. */
static inline uint32_t
iface_mtu(const struct iface *i)
{
  return (uint32_t)i->link->ways[i->way].set[LINK_MTU];
}

struct udp_binding;
typedef void (*udp_receive)(void *data, const struct ip_addr *from, uint16_t from_port,
                            const uint8_t *p, size_t n);
/* An ICMP error came back for a datagram that this port sent. */
typedef void (*udp_failed)(void *data, const struct ip_error *e);

struct dns_stub;
struct dns_server;
struct tcp_stack;

enum host_claim { HOST_CLAIM_NONE, HOST_CLAIM_PROBE, HOST_CLAIM_ANNOUNCE }; /* of its addresses */

struct host {
  struct net *net;
  uint32_t index;
  char *name, *title_en, *title_th;
  enum host_kind kind;
  int x, y;
  uint8_t ttl;
  struct iface *ifaces; /* never moves once the network is built */
  uint32_t n_ifaces;
  GArray *routes;                   /* struct route, longest prefix first */
  struct ip_addr dns[HOST_DNS_MAX]; /* version 0 ends the list */
  struct tcp_profile profile;

  struct random_stream claim_times, ip_ids, tcp_ports, udp_ports, icmp_ids;
  uint64_t isn_key[2];
  uint16_t next_ip_id;
  uint32_t next_fragment_id; /* of IPv6 */
  uint32_t n_reports;        /* ICMP errors that may be sent now, see icmp_may_report() */
  int64_t reports_ns;        /* when that was counted */

  enum host_claim claim;
  unsigned n_waits;   /* for addresses: see ready.c */
  GArray *when_ready; /* struct waiting */
  struct nat *nat;
  struct dhcp_server *dhcp_server;
  GPtrArray *dhcp_clients;        /* struct dhcp_client */
  struct iface *arrived_at;       /* where the datagram came in that a UDP port receives just now */
  GPtrArray *claims;              /* struct arp_claim */
  GHashTable *arp;                /* guint32 address → struct arp_entry */
  struct switch_table *switching; /* of a switch */
  GPtrArray *fragments;           /* struct fragment_set */
  struct tcp_stack *tcp;          /* or NULL: socket.c makes it when it is needed */
  struct packet *tcp_packet;      /* under construction */
  uint64_t tcp_timer;             /* the event, or 0 */
  int64_t tcp_timer_ns;
  struct listener *listeners; /* socket.c: never closed before the host is freed */
  GHashTable *bindings;      /* port → struct udp_binding */
  GPtrArray *pings, *traces; /* struct ping, struct trace */
  GPtrArray *choices;        /* struct choice, or NULL */
  GHashTable *path_mtus;     /* struct ip_addr → struct path_mtu, or NULL */
  GHashTable *routes_told;   /* destination → what was last said of it, or NULL */
  struct dns_stub *stub;
  struct dns_server *dns_server;
  GPtrArray *small_doors;     /* small_services.c; NULL: it offers none */
  GHashTable *small_sessions; /* their connections: freed by removing */
  uint16_t intercepts[HOST_INTERCEPTS_MAX]; /* intercept.c: TCP ports that a router keeps */
  unsigned n_intercepts;
  net_outside_take outside;   /* its IP is a program's; NULL: its own */
  void *outside_data;
};

struct ear {
  uint32_t link;
  net_ear hear;
  void *data;
};

struct net {
  struct world *world;
  struct host **hosts;
  uint32_t n_hosts;
  struct link **links;
  uint32_t n_links;
  GHashTable *host_names; /* name → index + 1 */
  GPtrArray *zones;       /* struct zone */
  GArray *filters;        /* struct net_filter: the rules that the judge decides */
  GPtrArray *changes;     /* struct link_change */
  GArray *ears;           /* struct ear: who listens at a link */
  net_judge judge;
  void *judge_data;
  uint64_t n_journeys;
  struct packet *pool; /* free packets of the usual size */
  unsigned n_pool;
  struct packet *newest;
  struct intervene *intervene; /* of a person; NULL when nobody intervenes */
};

static inline uint32_t
addr_number(const struct ip_addr *a)
{
  return (uint32_t)a->octets[0] << 24 | (uint32_t)a->octets[1] << 16 | (uint32_t)a->octets[2] << 8 |
         a->octets[3];
}

struct host *host_new(struct net *n, const char *name, enum host_kind kind);
void host_free(struct host *h);
/* Says in the host's log what it did and why. */
void host_log(struct host *h, const char *key, const char *en, const char *th, ...)
    G_GNUC_PRINTF(3, 5) G_GNUC_PRINTF(4, 5);

/* A frame's last bit came in; takes the packet. */
void host_input(struct iface *at, struct packet *p);

/* ---- addresses to come: ready.c ---- */
/* One more address is awaited; one has come or never will. */
void host_wait(struct host *h);
void host_settle(struct host *h);
void host_ready_clear(struct host *h);

/* ---- switches ---- */
/* Makes a host a switch that remembers n_max addresses, each for age_ns. */
void switch_init(struct host *h, uint32_t n_max, int64_t age_ns);
void switch_input(struct iface *at, struct packet *p);
void switch_clear(struct host *h);

/* ---- IP: see also ip.h ---- */
void ip_input(struct iface *at, struct packet *p);
/* ip_options.c: what a packet's options ask of a host with address `own`, on the way or at the end.
 * False when the packet is gone. */
bool ip_options_pass(struct host *h, struct packet *p, const struct ip_addr *own);
/* The same for n octets of options that leave their sender: lists that are still empty. */
void ip_options_begin(const struct host *h, uint8_t *options, uint32_t n,
                      const struct ip_addr *own);
void ip_transmit(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p);

/* outside_host.c: gives a packet that came for this host to whoever owns its IP; takes it. False
 * (and the packet stays) when that is the host itself. */
bool outside_take(struct host *h, struct packet *p);
/* intercept.c: does a router keep a packet that is for somebody else? `segment` is its payload. */
bool intercept_takes(const struct host *h, uint8_t proto, bool is_fragment, const uint8_t *segment,
                     size_t n);

/* redirect.c: a packet goes back onto the link it came from; a report of that came. */
void redirect_send(struct iface *at, const struct packet *p, const struct ipv4 *ip,
                   const struct ip_addr *next);
void redirect_came(struct iface *at, const struct ip_datagram *d);

/* ip_fragment.c: cuts an IPv4 packet that is larger than the MTU and sends the pieces; takes it. */
void ip_fragment(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p);
/* One piece of a datagram. Offsets count from the IP header. */
struct ip_piece {
  struct ip_addr src, dst;
  uint8_t proto; /* of the whole datagram */
  uint32_t id;
  uint32_t first, n; /* octets of the payload */
  bool more;
  uint32_t data_at;
  uint32_t head_octets; /* of the whole datagram's header: without IPv6's fragment header */
  uint32_t next_at;     /* IPv6: where the header says what follows */
};
/* reassemble.c: takes a piece; returns the whole datagram when this was the last missing one, else
 * NULL. */
struct packet *ip_reassemble(struct host *h, struct packet *p, const struct ip_piece *piece);
/* ip.c: the same for an IPv4 packet with a sound header. */
struct packet *ip4_reassemble(struct host *h, struct packet *p, const struct ipv4 *ip);
void ip_fragments_clear(struct host *h);

/* ---- ICMP ---- */
/* Takes the packet. */
void icmp_input(struct iface *at, struct packet *p, const struct ip_datagram *d);

/* ---- UDP ---- */
/* Port 0: a seeded port above 49151. Returns the port, or 0 when taken. */
uint16_t udp_bind(struct host *h, uint16_t port, udp_receive receive, udp_failed failed,
                  void *data);
void udp_unbind(struct host *h, uint16_t port);
bool udp_send(struct host *h, uint16_t from_port, const struct ip_addr *to, uint16_t to_port,
              const uint8_t *p, size_t n);
/* The same with all that IP lets one choose; its proto is ignored. */
bool udp_send_with(struct host *h, const struct ip_sending *sending, uint16_t from_port,
                   uint16_t to_port, const uint8_t *p, size_t n);
/* Takes the packet. */
void udp_input(struct iface *at, struct packet *p, const struct ip_datagram *d);
/* An ICMP error about a datagram of ours. */
void udp_error(struct host *h, const struct ip_error *e);

/* ---- TCP on a host: socket.c ---- */
/* Takes the packet. */
void socket_input(struct iface *at, struct packet *p, const struct ip_datagram *d);
void socket_error(struct host *h, const struct ip_error *e);
void socket_clear(struct host *h);

/* small_services.c */
void small_services_clear(struct host *h);

/* ---- DNS ---- */
struct zone;
void zone_free(struct zone *z);
/* A router named a DNS server; it stands behind those that are known. */
void host_learn_dns(struct host *h, const struct ip_addr *server);
/* The first DNS server with an IPv6 address, or version 0. */
struct ip_addr host_dns6(const struct host *h);
void choose_clear(struct host *h);
void dns_stub_clear(struct host *h);
void dns_server_clear(struct host *h);

#endif
