/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.c -- a network's life and what it tells about itself. It is built in build.c. */
#include "sim/net/build.h"
#include "sim/net/nd.h"
#include "sim/net/ping.h"

struct net *
net_new(struct world *w, const struct tree_node *scenario, GError **error)
{
  struct net *n = g_new0(struct net, 1);
  n->world = w;
  n->host_names = g_hash_table_new(g_str_hash, g_str_equal);
  n->zones = g_ptr_array_new_with_free_func((GDestroyNotify)zone_free);
  n->filters = g_array_new(FALSE, FALSE, sizeof(struct net_filter));
  n->changes = g_ptr_array_new_with_free_func(g_free);
  if (build_network(n, scenario, error))
    return n;
  net_free(n);
  return NULL;
}

void
net_free(struct net *n)
{
  if (!n)
    return;
  for (uint32_t i = 0; i < n->n_hosts; i++)
    host_free(n->hosts[i]);
  for (uint32_t i = 0; i < n->n_links; i++)
    link_clear(n->links[i]);
  g_free(n->hosts);
  g_free(n->links);
  g_hash_table_destroy(n->host_names);
  g_ptr_array_free(n->zones, TRUE);
  g_array_free(n->filters, TRUE);
  g_ptr_array_free(n->changes, TRUE);
  g_clear_pointer(&n->ears, g_array_unref);
  packet_pool_clear(n);
  g_free(n);
}

struct world *
net_world(const struct net *n)
{
  return n->world;
}

uint32_t
net_n_hosts(const struct net *n)
{
  return n->n_hosts;
}

struct host_info
net_host_info(const struct net *n, uint32_t host)
{
  const struct host *h = n->hosts[host];
  return (struct host_info){.name = h->name,
                            .title_en = h->title_en,
                            .title_th = h->title_th,
                            .kind = h->kind,
                            .addr = host_addr(h, 0),
                            .x = h->x,
                            .y = h->y};
}

uint32_t
net_find_host(const struct net *n, const char *name)
{
  gpointer place = g_hash_table_lookup(n->host_names, name);
  return place ? GPOINTER_TO_UINT(place) - 1 : UINT32_MAX;
}

uint32_t
net_n_links(const struct net *n)
{
  return n->n_links;
}

struct link_info
net_link_info(const struct net *n, uint32_t link)
{
  const struct link *l = n->links[link];
  return (struct link_info){.name = l->name,
                            .ends = {l->ways[0].from->host->index, l->ways[1].from->host->index},
                            .rate_bit_s = l->ways[0].set[LINK_RATE],
                            .delay_ns = l->ways[0].set[LINK_DELAY]};
}

uint32_t
net_n_filters(const struct net *n)
{
  return n->filters->len;
}

struct net_filter
net_filter(const struct net *n, uint32_t filter)
{
  return g_array_index(n->filters, struct net_filter, filter);
}

void
net_set_judge(struct net *n, net_judge judge, void *data)
{
  n->judge = judge;
  n->judge_data = data;
}

void
net_overhear(struct net *n, uint32_t link, net_ear ear, void *data)
{
  struct ear one = {link, ear, data};
  if (!n->ears)
    n->ears = g_array_new(FALSE, FALSE, sizeof one);
  g_array_append_val(n->ears, one);
}

void
net_stop_ear(struct net *n, const void *data)
{
  for (guint i = n->ears ? n->ears->len : 0; i-- > 0;) {
    if (g_array_index(n->ears, struct ear, i).data == data)
      g_array_remove_index(n->ears, i);
  }
}

uint32_t
net_n_addresses(const struct net *n, uint32_t host)
{
  uint32_t n_addresses = 0;
  for (uint32_t i = 0; i < n->hosts[host]->n_ifaces; i++)
    n_addresses += n->hosts[host]->ifaces[i].n_addrs;
  return n_addresses;
}

struct host_address
net_address(const struct net *n, uint32_t host, uint32_t i)
{
  const struct iface *f = n->hosts[host]->ifaces;
  for (;; f++)
    for (unsigned m = 0; m < f->n_addrs; m++)
      if (i-- == 0)
        return (struct host_address){f->addrs[m].addr, f->addrs[m].prefix, f->link->index,
                                     iface_mtu(f)};
}

/* ---- hosts ---- */

enum { TTL_DEFAULT = 64 }; /* RFC 1700's recommendation */

struct host *
host_new(struct net *n, const char *name, enum host_kind kind)
{
  struct host *h = g_new0(struct host, 1);
  h->net = n;
  h->index = n->n_hosts;
  h->name = g_strdup(name);
  h->kind = kind;
  h->ttl = TTL_DEFAULT;
  h->routes = g_array_new(FALSE, TRUE, sizeof(struct route));
  h->profile = *tcp_profile_by_name("linux"); /* what students see in captures of today */
  h->tcp_ports = world_random(n->world, h->index, "tcp ports");
  h->udp_ports = world_random(n->world, h->index, "udp ports");
  h->icmp_ids = world_random(n->world, h->index, "icmp ids");
  struct random_stream r = world_random(n->world, h->index, "ip ids and isn");
  h->next_ip_id = (uint16_t)random_next(&r);
  h->reports_ns = -INT64_C(1000000000); /* the bucket of icmp_may_report() is full at the start */
  h->isn_key[0] = random_next(&r);
  h->isn_key[1] = random_next(&r);
  g_hash_table_insert(n->host_names, h->name, GUINT_TO_POINTER(h->index + 1));
  return h;
}

void
host_free(struct host *h)
{
  dns_stub_clear(h);
  choose_clear(h);
  dns_server_clear(h);
  socket_clear(h);
  small_services_clear(h);
  if (h->bindings)
    g_hash_table_destroy(h->bindings);
  ping_clear(h);
  traceroute_clear(h);
  ip_mtus_clear(h);
  if (h->routes_told)
    g_hash_table_destroy(h->routes_told);
  ip_fragments_clear(h);
  arp_clear(h);
  arp_claims_clear(h);
  switch_clear(h);
  host_ready_clear(h);
  nat_clear(h);
  dhcp_server_clear(h);
  dhcp_client_clear(h);
  g_array_free(h->routes, TRUE);
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    nd_clear(&h->ifaces[i]);
    g_free(h->ifaces[i].addrs);
  }
  g_free(h->ifaces);
  g_free(h->title_en);
  g_free(h->title_th);
  g_free(h->name);
  g_free(h);
}

void
host_learn_dns(struct host *h, const struct ip_addr *server)
{
  for (unsigned i = 0; i < HOST_DNS_MAX; i++) {
    if (ip_addr_equal(&h->dns[i], server))
      return;
    if (h->dns[i].version == 0) {
      h->dns[i] = *server;
      return;
    }
  }
}

struct ip_addr
host_dns6(const struct host *h)
{
  for (unsigned i = 0; i < HOST_DNS_MAX; i++)
    if (h->dns[i].version == 6)
      return h->dns[i];
  return (struct ip_addr){0};
}
