/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DHCP_H
#define SIM_NET_DHCP_H

/* DHCP on a host: dhcp_server.c gives addresses away, dhcp_client.c asks for one. Included through
 * host.h. */
#include "capture/wire/dhcp.h"
#include "capture/wire/net.h"

struct host;
struct iface;

enum {
  DHCP_MESSAGE_OCTETS_MAX = 548, /* that every client must take: RFC 2131 2 */
  DHCP_SERVERS_MAX = 3,          /* DNS servers in one answer: HOST_DNS_MAX */
  DHCP_RANGE_MAX = 65536,
};

struct dhcp_settings {
  struct iface *iface;
  struct ip_addr first, last; /* of the range, both included */
  int64_t lease_ns;
  struct ip_addr router; /* version 0: none */
  struct ip_addr dns[DHCP_SERVERS_MAX];
  const char *domain; /* copied; NULL: none */
};
void dhcp_server_init(struct host *h, const struct dhcp_settings *settings);
void dhcp_server_clear(struct host *h);

/* Starts to ask at time 0; the host waits for its address meanwhile. `release_ns` is when it gives
 * it back, -1: never. */
void dhcp_client_init(struct iface *at, int64_t release_ns);
void dhcp_client_clear(struct host *h);

#endif
