/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advertise.c -- a router tells its link what it is good for: RFC 4861 6.2.
 *
 *   advertise_start ─up to 0.5 s─> advertisement to all nodes
 *   solicitation    ─up to 0.5 s, 3 s after the last─> advertisement to all nodes
 *
 * It names every prefix of 64 bits that the router itself has there, the link's MTU and the
 * router's DNS server. SIMPLIFIED: nothing is repeated unasked, so that a run ends when nothing is
 * left to do; hosts that come later ask. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"

enum { /* RFC 4861 6.2.1: the defaults for a router that advertises every 600 s */
       LIFETIME_S = 1800,
       HOP_LIMIT = 64,
       VALID_S = 2592000,
       PREFERRED_S = 604800,
};
#define DELAY_MAX_NS (INT64_C(500) * 1000000)    /* MAX_RA_DELAY_TIME */
#define BETWEEN_MIN_NS (INT64_C(3) * 1000000000) /* MIN_DELAY_BETWEEN_RAS */

static size_t
put_prefixes(const struct iface *i, uint8_t *q)
{
  size_t n = 0;
  for (unsigned k = 0; k < i->n_addrs; k++) {
    const struct iface_addr *a = &i->addrs[k];
    if (a->addr.version != 6 || ip6_is_link_local(&a->addr) || a->prefix != 64)
      continue;
    struct ip_addr net = ip_addr_net(&a->addr, 64);
    struct nd_prefix prefix = {.length = 64,
                               .on_link = true,
                               .autonomous = true,
                               .valid_s = VALID_S,
                               .preferred_s = PREFERRED_S};
    memcpy(prefix.prefix, net.octets, 16);
    n += nd_prefix_put(q + n, &prefix);
  }
  return n;
}

static size_t
put_dns(const struct host *h, uint8_t *q)
{
  struct ip_addr server = host_dns6(h);
  if (server.version != 6)
    return 0;
  memset(q, 0, ND_DNS_OCTETS);
  q[0] = ND_DNS;
  q[1] = (ND_DNS_OCTETS + 16) / 8;
  put_be32(q + 4, LIFETIME_S);
  memcpy(q + ND_DNS_OCTETS, server.octets, 16);
  return ND_DNS_OCTETS + 16;
}

static void
advertise(void *data)
{
  struct iface *i = data;
  struct host *h = i->host;
  i->nd->advert_timer = 0;
  i->nd->has_answered = true;
  i->nd->advert_ns = world_now(h->net->world);
  struct packet *p =
      packet_new(h->net, h->index,
                 ND_ROUTER_ADVERT_OCTETS + ND_LINK_OCTETS + ND_MTU_OCTETS +
                     (size_t)ND_PREFIX_OCTETS * IFACE_ADDRS_MAX + ND_DNS_OCTETS + 16);
  uint8_t *q = packet_payload(p);
  struct nd_router m = {.hop_limit = HOP_LIMIT, .lifetime_s = LIFETIME_S};
  size_t n = nd_router_put(q, &m);
  n += nd_link_put(q + n, ND_SOURCE_LINK, i->mac);
  n += nd_mtu_put(q + n, iface_mtu(i));
  n += put_prefixes(i, q + n);
  n += put_dns(h, q + n);
  struct ip_addr src = ip_source_on(i, &ip6_all_nodes);
  nd_emit(i, &src, &ip6_all_nodes, p, n);
}

static void
advertise_at(struct iface *i, int64_t time_ns)
{
  if (i->nd->advert_timer == 0)
    i->nd->advert_timer =
        world_at(i->host->net->world, time_ns, WORLD_TIMER, i->host->index, advertise, i);
}

void
advertise_start(struct iface *i)
{
  int64_t wait_ns = (int64_t)random_below(&i->nd->random, (uint64_t)DELAY_MAX_NS);
  advertise_at(i, world_now(i->host->net->world) + wait_ns);
}

void
advertise_solicited(struct iface *at, const struct ip_datagram *d)
{
  struct nd *nd = at->nd;
  if (!nd->advertises)
    return;
  size_t octets;
  const uint8_t *options = d->payload + ND_ROUTER_SOLICIT_OCTETS;
  const uint8_t *link =
      nd_find_option(options, d->n - ND_ROUTER_SOLICIT_OCTETS, ND_SOURCE_LINK, &octets);
  if (link && d->src.octets[0] != 0)
    nd_learn(at, &d->src, link + 2, false);
  int64_t now = world_now(at->host->net->world);
  int64_t time_ns = now + (int64_t)random_below(&nd->random, (uint64_t)DELAY_MAX_NS);
  if (nd->has_answered)
    time_ns = MAX(time_ns, nd->advert_ns + BETWEEN_MIN_NS);
  advertise_at(at, time_ns);
}
