/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip.c -- IPv4 on hosts and routers: RFC 791, 1122 3.2, 1812.
 *
 *   ip_send ─> route ─> header ─> [fragment] ─> arp_send
 *   ip_input ─> header good? ─> for us: [reassemble] ─> ICMP, UDP, TCP
 *                            └> router: TTL - 1 ─> route ─> [fragment] ─> arp_send; errors by ICMP
 *
 * Options of what comes in are accepted and passed on. Not here: source routes, IPv6. */
#include <stdarg.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"

void
host_log(struct host *h, const char *key, const char *en, const char *th, ...)
{
  if (!world_wants_events(h->net->world))
    return;
  va_list args;
  va_start(args, th);
  g_autofree char *text = g_strdup_vprintf(lang_text(en, th), args);
  va_end(args);
  world_emit(h->net->world, h->index, "log", key, "%s", text);
}

static void
set_header_checksum(uint8_t *header, size_t n)
{
  put_be16(header + 10, 0);
  put_be16(header + 10, checksum_finish(checksum_add(0, header, n)));
}

static bool
is_broadcast(const struct iface *i, const struct ip_addr *a)
{
  if (a->version != 4)
    return false;
  if (addr_number(a) == UINT32_MAX)
    return true;
  for (unsigned k = 0; k < i->n_addrs; k++) {
    const struct iface_addr *own = &i->addrs[k];
    if (own->addr.version == 4 && own->prefix < 31 &&
        ip_addr_shares_net(a, &own->addr, own->prefix) &&
        (addr_number(a) | (UINT32_MAX << (32 - own->prefix))) == UINT32_MAX)
      return true;
  }
  return false;
}

void
ip_transmit(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p)
{
  if (p->n - PACKET_IP > iface_mtu(out))
    ip_fragment(h, out, next, p);
  else if (is_broadcast(out, next))
    arp_send(out, &(struct ip_addr){4, {255, 255, 255, 255}}, p);
  else
    arp_send(out, next, p);
}

static void
loop_back(void *data)
{
  struct packet *p = data;
  struct iface *at = p->to;
  p->to = NULL;
  ip_input(at, p);
}

/* Writes the header before the payload. */
static void
put_header(struct host *h, const struct ip_sending *s, const struct ip_addr *src, struct packet *p,
           size_t n)
{
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .dscp = s->tos >> 2,
                    .ecn = s->tos & 3,
                    .total_octets = (uint16_t)(IPV4_OCTETS + n),
                    .id = h->next_ip_id++,
                    .dont_fragment = s->df,
                    .ttl = s->ttl ? s->ttl : h->ttl,
                    .proto = s->proto};
  memcpy(ip.src, src->octets, 4);
  memcpy(ip.dst, s->dst.octets, 4);
  p->octets = packet_payload(p) - IPV4_OCTETS - PACKET_IP;
  ipv4_put(p->octets + PACKET_IP, &ip);
  set_header_checksum(p->octets + PACKET_IP, IPV4_OCTETS);
  p->n = (uint32_t)(PACKET_IP + IPV4_OCTETS + n);
}

bool
ip_send(struct host *h, const struct ip_sending *s, struct packet *p, size_t n)
{
  struct ip_addr next = s->dst;
  struct iface *out = s->out ? s->out : ip_route(h, &s->dst, &next);
  const struct iface_addr *own = out ? iface_addr(out, 4) : NULL;
  const struct ip_addr *src = s->src.version ? &s->src : own ? &own->addr : NULL;
  if (!src || s->dst.version != 4 || n > UINT16_MAX - IPV4_OCTETS) {
    packet_free(h->net, p);
    return false;
  }
  put_header(h, s, src, p, n);
  if (host_has_addr(h, &s->dst)) { /* to itself: on no wire, so in no trace */
    struct world *w = h->net->world;
    p->to = out;
    world_at(w, world_now(w), WORLD_LINK, h->index, loop_back, p);
    return true;
  }
  ip_transmit(h, out, &next, p);
  return true;
}

/* RFC 1812 5.2: the TTL goes down by one, and the checksum follows (RFC 1624). */
static void
forward(struct iface *at, struct packet *p, const struct ipv4 *ip)
{
  struct host *h = at->host;
  struct ip_addr dst = ip_addr_v4(ip->dst), next;
  if (ip->ttl <= 1) {
    icmp_error(h, p, IP_HOP_LIMIT, 0);
    packet_free(h->net, p);
    return;
  }
  struct iface *out = ip_route(h, &dst, &next);
  if (!out) {
    icmp_error(h, p, IP_NO_NET, 0);
    packet_free(h->net, p);
    return;
  }
  if (ip->dont_fragment && p->n - PACKET_IP > iface_mtu(out)) {
    icmp_error(h, p, IP_TOO_BIG, iface_mtu(out));
    packet_free(h->net, p);
    return;
  }
  uint8_t *header = p->octets + PACKET_IP;
  header[8]--;
  set_header_checksum(header, ip->header_octets);
  ip_transmit(h, out, &next, p);
}

static void
deliver(struct iface *at, struct packet *p, const struct ipv4 *ip)
{
  struct ip_datagram d = {.src = ip_addr_v4(ip->src),
                          .dst = ip_addr_v4(ip->dst),
                          .proto = ip->proto,
                          .tos = (uint8_t)(ip->dscp << 2 | ip->ecn),
                          .ttl = ip->ttl,
                          .payload = p->octets + PACKET_IP + ip->header_octets,
                          .n = (uint32_t)ip->total_octets - ip->header_octets};
  switch (ip->proto) {
  case IP_PROTO_TCP:
    socket_input(at, p, &d);
    return;
  case IP_PROTO_UDP:
    udp_input(at, p, &d);
    return;
  case IP_PROTO_ICMP:
    icmp_input(at, p, &d);
    return;
  default:
    icmp_error(at->host, p, IP_NO_PROTOCOL, 0);
    packet_free(at->host->net, p);
  }
}

void
ip_input(struct iface *at, struct packet *p)
{
  struct host *h = at->host;
  struct ipv4 ip;
  uint8_t *header = p->octets + PACKET_IP;
  size_t got = ipv4_get(header, p->n - PACKET_IP, &ip);
  if (!got || ip.total_octets < ip.header_octets || ip.total_octets > p->n - PACKET_IP ||
      checksum_finish(checksum_add(0, header, ip.header_octets)) != 0) {
    host_log(h, "ip", "bad header: packet dropped", "เฮดเดอร์ไม่ถูกต้อง จึงทิ้งแพ็กเก็ต");
    packet_free(h->net, p);
    return;
  }
  p->n = PACKET_IP + ip.total_octets; /* without the padding of short frames */
  struct ip_addr dst = ip_addr_v4(ip.dst);
  if (!host_has_addr(h, &dst) && !is_broadcast(at, &dst)) {
    if (h->kind == HOST_ROUTER)
      forward(at, p, &ip);
    else
      packet_free(h->net, p);
    return;
  }
  if (outside_take(h, p))
    return;
  if (ip.more_fragments || ip.fragment_offset > 0) {
    p = ip_reassemble(h, p, &ip);
    if (!p)
      return;
    ipv4_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip);
  }
  deliver(at, p, &ip);
}

void
host_input(struct iface *at, struct packet *p)
{
  struct host *h = at->host;
  if (h->kind == HOST_SWITCH) {
    switch_input(at, p);
    return;
  }
  struct eth eth;
  eth_get(p->octets, p->n, &eth);
  bool is_for_us = memcmp(eth.dst, at->mac, 6) == 0 || (eth.dst[0] & 1);
  if (is_for_us && eth.type == ETHER_IPV4)
    ip_input(at, p);
  else if (is_for_us && eth.type == ETHER_ARP)
    arp_input(at, p);
  else
    packet_free(h->net, p);
}
