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
#include "sim/net/nd.h"

void
net_outside(struct net *n, uint32_t host, net_outside_take take, void *data)
{
  struct host *h = n->hosts[host];
  h->outside = take;
  h->outside_data = data;
}

/* Neighbour discovery belongs to the link, which stays simulated: RFC 4861 types 133 to 137. */
static bool
is_neighbour_discovery(const struct packet *p)
{
  struct ipv6 ip;
  const uint8_t *q = p->octets + PACKET_IP;
  size_t n = p->n - PACKET_IP, header = ipv6_get(q, n, &ip);
  return header && n > header && ip.next_header == IP_PROTO_ICMPV6 && q[header] >= 133 &&
         q[header] <= 137;
}

bool
outside_take(struct host *h, struct packet *p)
{
  if (!h->outside || is_neighbour_discovery(p))
    return false;
  h->outside(h->outside_data, p->octets + PACKET_IP, p->n - PACKET_IP);
  packet_free(h->net, p);
  return true;
}

/* Where an IP packet goes and how long it says it is; 0 when it is none. */
static size_t
read_packet(const uint8_t *packet, size_t n, struct ip_addr *dst)
{
  struct ipv4 ip;
  struct ipv6 ip6;
  if (ipv4_get(packet, n, &ip) && ip.total_octets >= ip.header_octets && ip.total_octets <= n) {
    *dst = ip_addr_v4(ip.dst);
    return ip.total_octets;
  }
  if (ipv6_get(packet, n, &ip6) && IPV6_OCTETS + (size_t)ip6.payload_octets <= n) {
    *dst = ip_addr_v6(ip6.dst);
    return IPV6_OCTETS + (size_t)ip6.payload_octets;
  }
  return 0;
}

/* What this host's kernel says to its link alone has no place here: the link is simulated. */
static bool
is_for_the_link(const struct ip_addr *dst)
{
  return dst->version == 6 && (ip6_is_multicast(dst) || ip6_is_link_local(dst));
}

bool
net_outside_send(struct net *n, uint32_t host, const uint8_t *packet, size_t n_octets)
{
  struct host *h = n->hosts[host];
  struct ip_addr dst, next;
  size_t n_packet = read_packet(packet, n_octets, &dst);
  if (n_packet == 0 || is_for_the_link(&dst) || host_has_addr(h, &dst))
    return false;
  struct iface *out = ip_route(h, &dst, &next);
  if (!out)
    return false;
  struct packet *p = packet_new(n, h->index, n_packet);
  memcpy(p->octets + PACKET_IP, packet, n_packet);
  p->n = (uint32_t)(PACKET_IP + n_packet);
  ip_transmit(h, out, &next, p);
  return true;
}
