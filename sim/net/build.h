/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_BUILD_H
#define SIM_NET_BUILD_H

/* Scenario into network: used by net.c. The form of a scenario is described in build.c. */
#include "sim/net/host.h"

/* False with error naming file, line and remedy; the network may then be half built and is freed.
 */
bool build_network(struct net *n, const struct tree_node *scenario, GError **error);

/* "10.0.1.0/24", "2001:db8:1::/64"; also for sim/mail. build_route.c. */
bool build_prefixed(const struct tree_node *node, struct ip_addr *addr, uint8_t *prefix,
                    GError **error);
/* An address of either family or the name of a host: its first one; build_route.c. */
bool build_address(struct net *n, const struct tree_node *node, struct ip_addr *out,
                   GError **error);
bool build_host_addresses(struct net *n, struct host *h, const struct tree_node *node,
                          GError **error);
bool build_host_routes(struct net *n, struct host *h, const struct tree_node *node, GError **error);
/* build_service.c: before the links are there, and when all is */
bool build_host_nature(struct host *h, const struct tree_node *node, GError **error);
bool build_services(struct net *n, const struct tree_node *scenario, GError **error);
/* build_link.c, build_fault.c */
bool build_links(struct net *n, const struct tree_node *scenario, GError **error);
bool build_changes(struct net *n, const struct tree_node *scenario, GError **error);
bool build_faults(struct net *n, const struct tree_node *scenario, GError **error);
/* The link that node's `link` names, or NULL with error naming the nearest. */
struct link *build_find_link(struct net *n, const struct tree_node *node, GError **error);
/* The direction that node's `from` means: 0 or 1; -1: both, there is no `from`; -2: error is set.
 */
int build_find_way(struct net *n, const struct link *l, const struct tree_node *node,
                   GError **error);
/* The index of the host that a scalar names, or UINT32_MAX with error naming the nearest. */
uint32_t build_find_host(struct net *n, const struct tree_node *name, GError **error);

/* What the host's `tcp` says; build_tcp.c. */
bool build_tcp(struct host *h, const struct tree_node *host, GError **error);

/* Starts the host's `small_services`: small_services.c. */
bool build_small_services(struct host *h, const struct tree_node *node, GError **error);

/* dns_zone.c, dns_server.c */
bool build_zones(struct net *n, const struct tree_node *scenario, GError **error);
void dns_server_start(struct host *h, bool is_resolver);

#endif
