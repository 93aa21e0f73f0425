/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_NET_H
#define SIM_NET_NET_H

/* The simulated network as its users (the mail hosts, the programs, the window) see it: hosts,
 * links and a socket-like interface. Built from the `hosts` and `links` of a scenario. */
#include "capture/wire/addr.h"
#include "sim/core/tree.h"
#include "sim/core/world.h"

struct net;

/* HOST_OUTSIDE: its link and its neighbours are simulated, its IP is a program's: see
 * net_outside(). */
enum host_kind { HOST_PC, HOST_PHONE, HOST_SERVER, HOST_ROUTER, HOST_SWITCH, HOST_OUTSIDE };

struct host_info {
  const char *name; /* "alice-pc" */
  const char *title_en, *title_th;
  enum host_kind kind;
  struct ip_addr addr; /* the first one; version 0 for a switch */
  int x, y;            /* place on the topology, in percent of its width and height */
};

struct link_info {
  const char *name;
  uint32_t ends[2]; /* host indexes */
  int64_t rate_bit_s;
  int64_t delay_ns;
};

/* Reads `hosts`, `links`, `faults` and `zones` of the scenario. NULL with error naming file and
 * line. */
struct net *net_new(struct world *w, const struct tree_node *scenario, GError **error);
void net_free(struct net *n);
struct world *net_world(const struct net *n);

uint32_t net_n_hosts(const struct net *n);
struct host_info net_host_info(const struct net *n, uint32_t host);
uint32_t net_find_host(const struct net *n, const char *name); /* UINT32_MAX when unknown */
uint32_t net_n_links(const struct net *n);
/* Rate and delay are those from the first end to the second, as they are now. */
struct link_info net_link_info(const struct net *n, uint32_t link);

/* ---- faults by display filter ---- */

/* A rule under `faults` with a `filter`. Filters are not known here: whoever runs the world
 * compiles them and judges the frames. Text and node belong to the scenario. */
struct net_filter {
  uint32_t link;
  const char *text;
  const struct tree_node *node; /* for complaints with file and line */
};
uint32_t net_n_filters(const struct net *n);
struct net_filter net_filter(const struct net *n, uint32_t filter);
/* Asked for every frame of the filter's link in both directions, in order, as it leaves and before
 * its fate is known: does the filter select it? Without a judge no such rule ever fits. */
typedef bool (*net_judge)(void *data, uint32_t filter, const struct world_frame *frame);
void net_set_judge(struct net *n, net_judge judge, void *data);

/* ---- a tap for somebody in the world ---- */

/* Called for every frame of a link in both directions as it leaves, as a tap of that link sees it.
 * Whoever listens changes nothing. */
typedef void (*net_ear)(void *data, const struct world_frame *frame);
void net_overhear(struct net *n, uint32_t link, net_ear ear, void *data);
/* No more for that `data`. */
void net_stop_ear(struct net *n, const void *data);

/* The addresses of a host, link by link. */
struct host_address {
  struct ip_addr addr;
  uint8_t prefix; /* bits of the net */
  uint32_t link, mtu_octets;
};
uint32_t net_n_addresses(const struct net *n, uint32_t host);
struct host_address net_address(const struct net *n, uint32_t host, uint32_t i);

/* Has a host all addresses that it waits for (DHCP, probing), or no hope of them? */
bool net_is_ready(const struct net *n, uint32_t host);
/* Calls back from the event loop as soon as it is so; at this instant when it is so already. */
void net_when_ready(struct net *n, uint32_t host, world_callback callback, void *data);

/* ---- sockets: TCP byte streams of one host ---- */
struct conn;

enum conn_end {
  CONN_CLOSED_BY_PEER, /* FIN came: no more octets will come; sending is still possible */
  CONN_RESET,
  CONN_TIMED_OUT,
  CONN_REFUSED,     /* connect: RST to the SYN */
  CONN_UNREACHABLE, /* connect: no route, ARP timeout, ICMP unreachable */
};

/* Called from the event loop; any call below may be made from inside. After `ended` with anything
 * but CONN_CLOSED_BY_PEER the conn is gone when the callback returns. */
struct conn_ops {
  void (*connected)(void *data, struct conn *c);
  void (*received)(void *data, struct conn *c, const uint8_t *p, size_t n);
  void (*writable)(void *data,
                   struct conn *c); /* room again after conn_send() took less than given */
  void (*ended)(void *data, struct conn *c, enum conn_end how);
};

/* Listens; `accepted` gives the ops and data of each new connection. False when the port is taken.
 */
bool net_listen(struct net *n, uint32_t host, uint16_t port,
                void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops,
                                 void **conn_data),
                void *data);
/* The same, in the place of who listens there: new connections are told to the new one. */
bool net_listen_instead(struct net *n, uint32_t host, uint16_t port,
                        void (*accepted)(void *data, struct conn *c, const struct conn_ops **ops,
                                         void **conn_data),
                        void *data);
/* Never calls back from inside. What is sent before `connected` leaves when the connection is
 * there. */
struct conn *net_connect(struct net *n, uint32_t host, const struct ip_addr *to, uint16_t port,
                         const struct conn_ops *ops, void *data);
/* The same from a port of one's own choice, 0: any. The connection fails as CONN_UNREACHABLE when
 * the port is taken. */
struct conn *net_connect_from(struct net *n, uint32_t host, uint16_t local_port,
                              const struct ip_addr *to, uint16_t port, const struct conn_ops *ops,
                              void *data);
/* Takes as many octets as the send buffer (64 KiB) has room for and returns the count. */
size_t conn_send(struct conn *c, const uint8_t *p, size_t n);
/* FIN after what was sent; receiving goes on: `received` and `ended` still come. */
void conn_shutdown(struct conn *c);
/* FIN after what was sent; then only `ended` can come. Before `connected`: gives up without a word.
 */
void conn_close(struct conn *c);
/* RST now; no further callback. */
void conn_abort(struct conn *c);
/* Stops and restarts reading: the receive window closes and opens. */
void conn_pause(struct conn *c, bool paused);
/* Sends a probe when nothing came for so long, and again every interval; the connection is given up
 * after so many without an answer (RFC 9293 3.8.4). Whole seconds, at least one. */
void conn_keep_alive(struct conn *c, int64_t idle_ns, int64_t interval_ns, unsigned probes);
void conn_ends(const struct conn *c, struct ip_addr *local, uint16_t *local_port,
               struct ip_addr *remote, uint16_t *remote_port);
uint32_t conn_host(const struct conn *c);

/* From now on a router keeps the TCP segments to this port that it would pass on, as if the server's
 * address were its own: a listener of its own on the port gets the connections (conn_ends() tells whom
 * they were for). False when it is no router, or keeps HOST_INTERCEPTS_MAX ports already. */
bool net_intercept(struct net *n, uint32_t host, uint16_t port);

/* ---- a host whose IP is somebody else's (kind: outside) ---- */

/* From now on `take` gets every IP packet that comes to this host (octets valid during the call).
 */
typedef void (*net_outside_take)(void *data, const uint8_t *packet, size_t n);
void net_outside(struct net *n, uint32_t host, net_outside_take take, void *data);
/* Sends an IP packet out of the host as it is: to the neighbour that its routes name. False when
 * it is none, or there is no way to its destination. */
bool net_outside_send(struct net *n, uint32_t host, const uint8_t *packet, size_t n_octets);

/* ---- names ---- */
enum {
  DNS_TYPE_A = 1,
  DNS_TYPE_NS = 2,
  DNS_TYPE_CNAME = 5,
  DNS_TYPE_SOA = 6,
  DNS_TYPE_PTR = 12,
  DNS_TYPE_MX = 15,
  DNS_TYPE_TXT = 16,
  DNS_TYPE_AAAA = 28
};
enum dns_status { DNS_FOUND, DNS_NO_NAME, DNS_NO_DATA, DNS_FAILED };
struct dns_answer {
  char name[256];      /* MX, NS, CNAME, PTR: the other name; SOA: the first server; TXT: the text;
                          A, AAAA: whose address it is (behind CNAMEs another than was asked for) */
  uint16_t preference; /* MX */
  struct ip_addr addr; /* A, AAAA */
  uint32_t ttl_s;
};
/* Asks the host's resolvers over simulated UDP, and TCP for long answers; answers sorted by
 * preference, then as received. Names have no dot at the end; see dns_reverse_name() for PTR. */
void net_resolve(struct net *n, uint32_t host, const char *name, uint16_t type,
                 void (*done)(void *data, enum dns_status status, const struct dns_answer *answers,
                              unsigned n_answers),
                 void *data);

/* The addresses of a name in the families that this host speaks, the best first (choose.c). */
void net_resolve_address(struct net *n, uint32_t host, const char *name,
                         void (*done)(void *data, enum dns_status status,
                                      const struct dns_answer *answers, unsigned n_answers),
                         void *data);

/* ---- ping and traceroute: both families ---- */
enum { PING_SIZE = 56 /* as ping(8) sends */, PING_SIZE_MAX = 65000 };
struct ping_request {
  struct ip_addr to;
  unsigned count;
  int64_t interval_ns;
  uint32_t size; /* octets of data */
  uint8_t ttl;   /* 0: the host's */
  bool df;       /* IPv4: don't fragment; IPv6: refuse what is larger than the path's MTU */
  const uint8_t *options; /* IPv4: a multiple of four octets, at most 40; borrowed for ever */
  uint8_t n_options;
  void (*done)(void *data, unsigned n_answers); /* may be NULL; once */
  void *data;
};
void net_ping_with(struct net *n, uint32_t host, const struct ping_request *want);
void net_ping(struct net *n, uint32_t host, const struct ip_addr *to, unsigned count,
              int64_t interval_ns);

struct trace_request {
  struct ip_addr to;
  bool uses_icmp;   /* else UDP to ports that nobody listens on */
  uint8_t max_hops; /* 0: 30 */
  uint8_t n_probes; /* to each hop; 0: 3 */
  int64_t wait_ns;  /* for each answer; 0: 5 s */
  void (*done)(void *data, bool is_reached, unsigned n_hops); /* may be NULL; once */
  void *data;
};
/* False when no port is free. */
bool net_traceroute(struct net *n, uint32_t host, const struct trace_request *want);

#endif
