/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outside_host.c -- a host whose IP belongs to somebody else: the kernel behind a TUN device, say.
 *
 *     link ─> host_input ─> ip_input ─for this host─> outside_take ─> the program's callback
 *     net_outside_send ─> route ─> neighbour's address by ARP or ND ─> link
 *
 * Its Ethernet is simulated as every host's: it asks for and answers with hardware addresses.
 * Packets cross the border unchanged: no TTL is taken away, fragments are not put together. While
 * nobody has called net_outside() it is an ordinary host. */
#include <string.h>

#include "sim/net/host.h"

void
net_outside(struct net *n, uint32_t host, net_outside_take take, void *data)
{
  struct host *h = n->hosts[host];
  h->outside = take;
  h->outside_data = data;
}

bool
outside_take(struct host *h, struct packet *p)
{
  if (!h->outside)
    return false;
  h->outside(h->outside_data, p->octets + PACKET_IP, p->n - PACKET_IP);
  packet_free(h->net, p);
  return true;
}

bool
net_outside_send(struct net *n, uint32_t host, const uint8_t *packet, size_t n_octets)
{
  struct host *h = n->hosts[host];
  struct ipv4 ip;
  if (!ipv4_get(packet, n_octets, &ip) || ip.total_octets > n_octets ||
      ip.total_octets < ip.header_octets)
    return false;
  struct ip_addr dst = ip_addr_v4(ip.dst), next;
  struct iface *out = ip_route(h, &dst, &next);
  if (!out || host_has_addr(h, &dst))
    return false;
  struct packet *p = packet_new(n, h->index, ip.total_octets);
  memcpy(p->octets + PACKET_IP, packet, ip.total_octets);
  p->n = PACKET_IP + ip.total_octets;
  ip_transmit(h, out, &next, p);
  return true;
}
