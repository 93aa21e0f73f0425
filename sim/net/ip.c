/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip.c -- IPv4 on hosts and routers: RFC 791, 1122 3.2, 1812.
 *
 *   ip_send ─> route ─> header ─> [fragment] ─> arp_send
 *   ip_input ─> header good? ─> for us: [reassemble] ─> ICMP, UDP, TCP
 *                            └> router: TTL - 1 ─> route ─> [fragment] ─> arp_send; errors by ICMP
 *
 * Options are ip_options.c's, IPv6 is ip6.c's; ip_send and host_input take both families. */
#include <stdarg.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"
#include "sim/net/nd.h"

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

void
ip_drop(struct host *h, struct packet *p, enum drop_reason reason)
{
  host_drop(h, p, reason, "ip");
  packet_free(h->net, p);
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
  if (next->version == 6)
    nd_send(out, next, p);
  else if (p->n - PACKET_IP > iface_mtu(out))
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
  uint8_t n_header = (uint8_t)(IPV4_OCTETS + s->n_options);
  struct ipv4 ip = {.header_octets = n_header,
                    .dscp = s->tos >> 2,
                    .ecn = s->tos & 3,
                    .total_octets = (uint16_t)(n_header + n),
                    .id = h->next_ip_id++,
                    .dont_fragment = s->df,
                    .ttl = s->ttl ? s->ttl : h->ttl,
                    .proto = s->proto};
  memcpy(ip.src, src->octets, 4);
  memcpy(ip.dst, s->dst.octets, 4);
  p->octets = packet_payload(p) - n_header - PACKET_IP;
  uint8_t *header = p->octets + PACKET_IP;
  ipv4_put(header, &ip);
  if (s->n_options) {
    memcpy(header + IPV4_OCTETS, s->options, s->n_options);
    ip_options_begin(h, header + IPV4_OCTETS, s->n_options, src);
  }
  set_header_checksum(header, n_header);
  p->n = (uint32_t)(PACKET_IP + n_header + n);
}

static void
report_too_big(void *data)
{
  struct packet *p = data;
  struct iface *out = p->to;
  struct ip_addr dst = ip_addr_v4(p->octets + PACKET_IP + 16);
  p->to = NULL;
  icmp_error(out->host, p, IP_TOO_BIG, ip_mtu_on(out, &dst));
  ip_drop(out->host, p, DROP_TOO_BIG);
}

static bool
send4(struct host *h, const struct ip_sending *s, struct packet *p, size_t n)
{
  struct world *w = h->net->world;
  struct ip_addr next = s->dst;
  struct iface *out = s->out ? s->out : ip_route(h, &s->dst, &next);
  const struct iface_addr *own = out ? iface_addr(out, 4) : NULL;
  const struct ip_addr *src = s->src.version ? &s->src : own ? &own->addr : NULL;
  ip_tell_route(h, &s->dst);
  if (!out || !src || n > UINT16_MAX - IPV4_HEADER_MAX) {
    ip_drop(h, p, DROP_NO_ROUTE);
    return false;
  }
  put_header(h, s, src, p, n);
  if (host_has_addr(h, &s->dst)) { /* to itself: on no wire, so in no trace */
    p->to = out;
    world_at(w, world_now(w), WORLD_LINK, h->index, loop_back, p);
    return true;
  }
  if (s->df && p->n - PACKET_IP > ip_mtu_on(out, &s->dst)) {
    /* Its transport hears of it as if a router had said it, but not from inside this call. */
    p->to = out;
    world_at(w, world_now(w), WORLD_TIMER, h->index, report_too_big, p);
    return false;
  }
  ip_transmit(h, out, &next, p);
  return true;
}

bool
ip_send(struct host *h, const struct ip_sending *s, struct packet *p, size_t n)
{
  return s->dst.version == 6 ? ip6_send(h, s, p, n) : send4(h, s, p, n);
}

/* RFC 1812 5.2: the TTL goes down by one, and the checksum follows (RFC 1624). */
static void
forward(struct iface *at, struct packet *p, const struct ipv4 *ip)
{
  struct host *h = at->host;
  struct ip_addr dst = ip_addr_v4(ip->dst), next;
  if (ip->ttl <= 1) {
    icmp_error(h, p, IP_HOP_LIMIT, 0);
    ip_drop(h, p, DROP_TTL);
    return;
  }
  struct iface *out = ip_route(h, &dst, &next);
  const struct iface_addr *own = out ? iface_addr(out, 4) : NULL;
  ip_tell_route(h, &dst);
  if (!own) {
    icmp_error(h, p, IP_NO_NET, 0);
    ip_drop(h, p, DROP_NO_ROUTE);
    return;
  }
  if (ip->dont_fragment && p->n - PACKET_IP > iface_mtu(out)) {
    icmp_error(h, p, IP_TOO_BIG, iface_mtu(out));
    ip_drop(h, p, DROP_TOO_BIG);
    return;
  }
  if (ip->header_octets > IPV4_OCTETS && !ip_options_pass(h, p, &own->addr))
    return;
  if (out == at && !h->nat) /* whose hosts cannot go round it */
    redirect_send(at, p, ip, &next);
  if (h->nat && !nat_leave(at, out, p))
    return;
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
                          .n = (uint32_t)ip->total_octets - ip->header_octets,
                          .options = p->octets + PACKET_IP + IPV4_OCTETS,
                          .n_options = (uint8_t)(ip->header_octets - IPV4_OCTETS)};
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
    ip_drop(at->host, p, DROP_NO_PROTOCOL);
  }
}

/* Takes a fragment; the whole datagram when it is there. */
struct packet *
ip4_reassemble(struct host *h, struct packet *p, const struct ipv4 *ip)
{
  struct ip_piece piece = {.src = ip_addr_v4(ip->src),
                           .dst = ip_addr_v4(ip->dst),
                           .proto = ip->proto,
                           .id = ip->id,
                           .first = ip->fragment_offset,
                           .n = (uint32_t)ip->total_octets - ip->header_octets,
                           .more = ip->more_fragments,
                           .data_at = ip->header_octets,
                           .head_octets = ip->header_octets};
  if (piece.more && piece.n % 8 != 0) { /* RFC 791 3.2: pieces but the last are of eights */
    ip_drop(h, p, DROP_HEADER);
    return NULL;
  }
  return ip_reassemble(h, p, &piece);
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
    ip_drop(h, p, got ? DROP_CHECKSUM_IP : DROP_HEADER);
    return;
  }
  p->n = PACKET_IP + ip.total_octets; /* without the padding of short frames */
  if (h->nat) {
    p = nat_arrive(at, p);
    if (!p)
      return;
    ipv4_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip);
  }
  struct ip_addr dst = ip_addr_v4(ip.dst);
  bool is_kept =
      intercept_takes(h, ip.proto, ip.more_fragments || ip.fragment_offset > 0,
                      p->octets + PACKET_IP + ip.header_octets, ip.total_octets - ip.header_octets);
  if (!is_kept && !host_has_addr(h, &dst) && !is_broadcast(at, &dst)) {
    if (h->kind == HOST_ROUTER)
      forward(at, p, &ip);
    else
      packet_free(h->net, p);
    return;
  }
  if (outside_take(h, p))
    return;
  const struct iface_addr *own = iface_addr(at, 4);
  struct ip_addr here = host_has_addr(h, &dst) || !own ? dst : own->addr;
  if (ip.header_octets > IPV4_OCTETS && !ip_options_pass(h, p, &here))
    return;
  if (ip.more_fragments || ip.fragment_offset > 0) {
    p = ip4_reassemble(h, p, &ip);
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
  p->at = at;
  struct eth eth;
  eth_get(p->octets, p->n, &eth);
  bool is_for_us = memcmp(eth.dst, at->mac, 6) == 0 || (eth.dst[0] & 1);
  if (is_for_us && eth.type == ETHER_IPV4)
    ip_input(at, p);
  else if (is_for_us && eth.type == ETHER_IPV6 && at->nd)
    ip6_input(at, p);
  else if (is_for_us && eth.type == ETHER_ARP)
    arp_input(at, p);
  else
    packet_free(h->net, p);
}
