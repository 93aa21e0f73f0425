/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redirect.c -- a router that would send a packet back onto the link it came from tells the sender
 * of the shorter way: RFC 792, RFC 1122 3.2.2.2, RFC 1812 5.2.7.2; IPv6: RFC 4861 8.
 *
 *   ip.c, ip6.c: forward, out = in ─> redirect_send, redirect6_send
 *   icmp.c, nd.c ─> redirect_came, redirect6_came ─from the present first hop?─> route of one host
 *
 * A route that was learned so stands before all others, because its prefix is the longest. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"

enum { QUOTE_MAX = 576 - IPV4_OCTETS - ICMP_OCTETS, LEARNED_MAX = 64 };

/* Believed only from the router that is in use for this destination, about a next hop nearby. */
static bool
is_believable(struct iface *at, const struct ip_addr *router, const struct ip_addr *dst)
{
  struct ip_addr next;
  struct iface *out = ip_route(at->host, dst, &next);
  return out == at && ip_addr_equal(&next, router) && !host_has_addr(at->host, dst);
}

static void
learn(struct iface *at, const struct ip_addr *dst, const struct ip_addr *via)
{
  struct host *h = at->host;
  unsigned n = 0, oldest = 0;
  for (unsigned i = 0; i < h->routes->len; i++) {
    if (g_array_index(h->routes, struct route, i).origin == ROUTE_REDIRECTED) {
      oldest = n++ == 0 ? i : oldest;
    }
  }
  if (n == LEARNED_MAX)
    g_array_remove_index(h->routes, oldest);
  struct route r = {.to = *dst,
                    .prefix = dst->version == 6 ? 128 : 32,
                    .origin = ROUTE_REDIRECTED,
                    .iface = at->index};
  if (!ip_addr_equal(dst, via))
    r.via = *via;
  char to_text[ADDR_TEXT_MAX], via_text[ADDR_TEXT_MAX];
  host_add_route(h, &r);
  host_log(h, "redirect", "packets to %s go to %s from now on", "ต่อไปแพ็กเก็ตถึง %s จะส่งไปที่ %s",
           ip_addr_format(dst, to_text), ip_addr_format(via, via_text));
}

/* ---- IPv4 ---- */

void
redirect_send(struct iface *at, const struct packet *p, const struct ipv4 *ip,
              const struct ip_addr *next)
{
  struct host *h = at->host;
  struct ip_addr src = ip_addr_v4(ip->src);
  const struct iface_addr *own = iface_addr(at, 4);
  if (!own || !ip_addr_shares_net(&src, &own->addr, own->prefix) || ip->fragment_offset > 0 ||
      !icmp_may_report(h))
    return;
  size_t n = MIN((size_t)ip->header_octets + 8, (size_t)QUOTE_MAX);
  n = MIN(n, (size_t)ip->total_octets);
  struct packet *r = packet_new(h->net, h->index, ICMP_OCTETS + n);
  uint8_t *q = packet_payload(r);
  icmp_put(q, &(struct icmp){.type = ICMP_TYPE_REDIRECT,
                             .code = ICMP_CODE_REDIRECT_HOST,
                             .rest = addr_number(next)});
  memcpy(q + ICMP_OCTETS, p->octets + PACKET_IP, n);
  put_be16(q + 2, checksum_finish(checksum_add(0, q, ICMP_OCTETS + n)));
  struct ip_sending s = {.src = own->addr, .dst = src, .proto = IP_PROTO_ICMP, .out = at};
  ip_send(h, &s, r, ICMP_OCTETS + n);
}

void
redirect_came(struct iface *at, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct ipv4 ip;
  if (h->kind == HOST_ROUTER || !ipv4_get(d->payload + ICMP_OCTETS, d->n - ICMP_OCTETS, &ip))
    return;
  struct ip_addr dst = ip_addr_v4(ip.dst), via = ip_addr_v4(d->payload + 4);
  const struct iface_addr *own = iface_addr(at, 4);
  if (own && ip_addr_shares_net(&via, &own->addr, own->prefix) && !host_has_addr(h, &via) &&
      is_believable(at, &d->src, &dst))
    learn(at, &dst, &via);
}

/* ---- IPv6 ---- */

void
redirect6_send(struct iface *at, const struct packet *p, const struct ip_addr *dst,
               const struct ip_addr *next)
{
  struct host *h = at->host;
  struct ip_addr to = ip_addr_v6(p->octets + PACKET_IP + 8);
  struct ip_addr src = ip_source_on(at, &ip6_all_nodes); /* link-local: RFC 4861 4.5 */
  if (!nd_knows(at, &to) || !ip6_is_link_local(&src) || !icmp_may_report(h))
    return;
  /* What fits into 1280 octets, in eights: RFC 4861 4.6.3. */
  size_t room = IPV6_MTU_MIN - IPV6_OCTETS - ND_REDIRECT_OCTETS - ND_REDIRECTED_OCTETS;
  size_t quoted = MIN(p->n - PACKET_IP, room), padded = (quoted + 7) / 8 * 8;
  padded = MIN(padded, room / 8 * 8);
  quoted = MIN(quoted, padded);
  struct packet *r =
      packet_new(h->net, h->index, ND_REDIRECT_OCTETS + ND_REDIRECTED_OCTETS + padded);
  uint8_t *q = packet_payload(r);
  struct nd_redirect m;
  memcpy(m.target, next->octets, 16);
  memcpy(m.dst, dst->octets, 16);
  size_t n = nd_redirect_put(q, &m);
  memset(q + n, 0, ND_REDIRECTED_OCTETS + padded);
  q[n] = ND_REDIRECTED;
  q[n + 1] = (uint8_t)((ND_REDIRECTED_OCTETS + padded) / 8);
  memcpy(q + n + ND_REDIRECTED_OCTETS, p->octets + PACKET_IP, quoted);
  nd_emit(at, &src, &to, r, n + ND_REDIRECTED_OCTETS + padded);
}

/* RFC 4861 8.1 and 8.3. */
void
redirect6_came(struct iface *at, const struct ip_datagram *d)
{
  struct nd_redirect m;
  size_t head = nd_redirect_get(d->payload, d->n, &m), octets;
  struct ip_addr target = ip_addr_v6(m.target), dst = ip_addr_v6(m.dst);
  bool is_neighbour = ip_addr_equal(&target, &dst);
  if (at->host->kind == HOST_ROUTER || !ip6_is_link_local(&d->src) || ip6_is_multicast(&dst) ||
      !(is_neighbour || ip6_is_link_local(&target)) || !is_believable(at, &d->src, &dst))
    return;
  const uint8_t *link = nd_find_option(d->payload + head, d->n - head, ND_TARGET_LINK, &octets);
  if (link)
    nd_learn(at, &target, link + 2, !is_neighbour);
  learn(at, &dst, &target);
}
