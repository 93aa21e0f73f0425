/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_route.c -- a host's addresses and routes, and the choices made from them.
 *
 *   destination ─longest prefix─> route ─via or itself─> next hop, interface ─> source address, MTU
 *
 * Routes of both families stand in one table, the longest prefix first; the first that fits wins
 * (RFC 1812 5.2.4.3). */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

/* ---- nets ---- */

static unsigned
octets_of(uint8_t version)
{
  return version == 6 ? 16 : 4;
}

bool
ip_addr_shares_net(const struct ip_addr *a, const struct ip_addr *b, uint8_t prefix)
{
  if (a->version != b->version)
    return false;
  if (a->version == 4) {
    uint32_t mask = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
    return ((addr_number(a) ^ addr_number(b)) & mask) == 0;
  }
  unsigned whole = prefix / 8, rest = prefix % 8;
  if (memcmp(a->octets, b->octets, whole) != 0)
    return false;
  return rest == 0 || ((a->octets[whole] ^ b->octets[whole]) >> (8 - rest)) == 0;
}

struct ip_addr
ip_addr_net(const struct ip_addr *a, uint8_t prefix)
{
  struct ip_addr net = *a;
  for (unsigned i = 0; i < octets_of(a->version); i++) {
    unsigned bits = prefix > 8 * i ? MIN(prefix - 8 * i, 8u) : 0;
    net.octets[i] &= (uint8_t)(0xff00u >> bits);
  }
  return net;
}

/* ---- addresses ---- */

const struct iface_addr *
iface_addr(const struct iface *i, uint8_t version)
{
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (i->addrs[k].addr.version == version)
      return &i->addrs[k];
  return NULL;
}

bool
iface_has_addr(const struct iface *i, const struct ip_addr *a)
{
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (ip_addr_equal(&i->addrs[k].addr, a))
      return true;
  return false;
}

bool
host_has_addr(const struct host *h, const struct ip_addr *a)
{
  for (uint32_t i = 0; i < h->n_ifaces; i++)
    if (iface_has_addr(&h->ifaces[i], a))
      return true;
  return false;
}

struct ip_addr
host_addr(const struct host *h, uint8_t version)
{
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    const struct iface *f = &h->ifaces[i];
    for (unsigned k = 0; k < f->n_addrs; k++)
      if (version == 0 || f->addrs[k].addr.version == version)
        return f->addrs[k].addr;
  }
  return (struct ip_addr){0};
}

static struct route
route_of_net(const struct iface *i, const struct iface_addr *a)
{
  return (struct route){.to = ip_addr_net(&a->addr, a->prefix),
                        .prefix = a->prefix,
                        .origin = ROUTE_OWN_NET,
                        .iface = i->index};
}

bool
iface_add_addr(struct iface *i, const struct ip_addr *addr, uint8_t prefix)
{
  if (i->n_addrs == IFACE_ADDRS_MAX || iface_has_addr(i, addr))
    return false;
  i->addrs = g_renew(struct iface_addr, i->addrs, i->n_addrs + 1u);
  struct iface_addr *a = &i->addrs[i->n_addrs++];
  *a = (struct iface_addr){.addr = *addr, .prefix = prefix};
  struct route r = route_of_net(i, a);
  host_add_route(i->host, &r);
  return true;
}

bool
iface_remove_addr(struct iface *i, const struct ip_addr *addr)
{
  for (unsigned k = 0; k < i->n_addrs; k++) {
    if (!ip_addr_equal(&i->addrs[k].addr, addr))
      continue;
    struct route r = route_of_net(i, &i->addrs[k]);
    memmove(&i->addrs[k], &i->addrs[k + 1], (i->n_addrs - k - 1) * sizeof i->addrs[0]);
    i->n_addrs--;
    host_remove_route(i->host, &r);
    return true;
  }
  return false;
}

/* ---- routes ---- */

void
host_add_route(struct host *h, const struct route *r)
{
  unsigned at = 0;
  while (at < h->routes->len && g_array_index(h->routes, struct route, at).prefix >= r->prefix)
    at++;
  g_array_insert_val(h->routes, at, *r);
}

void
host_remove_route(struct host *h, const struct route *r)
{
  for (unsigned i = h->routes->len; i-- > 0;) {
    const struct route *x = &g_array_index(h->routes, struct route, i);
    if (x->prefix == r->prefix && x->iface == r->iface && x->origin == r->origin &&
        ip_addr_equal(&x->to, &r->to) && ip_addr_equal(&x->via, &r->via)) {
      g_array_remove_index(h->routes, i);
      return;
    }
  }
}

struct iface *
ip_route(struct host *h, const struct ip_addr *to, struct ip_addr *next)
{
  for (unsigned i = 0; i < h->routes->len; i++) {
    const struct route *r = &g_array_index(h->routes, struct route, i);
    if (!ip_addr_shares_net(to, &r->to, r->prefix))
      continue;
    *next = r->via.version ? r->via : *to;
    return &h->ifaces[r->iface];
  }
  return NULL;
}

struct ip_addr
ip_source(struct host *h, const struct ip_addr *to)
{
  struct ip_addr next;
  if (host_has_addr(h, to))
    return *to;
  struct iface *out = ip_route(h, to, &next);
  const struct iface_addr *a = out ? iface_addr(out, to->version) : NULL;
  return a ? a->addr : (struct ip_addr){0};
}

uint32_t
ip_mtu(struct host *h, const struct ip_addr *to)
{
  struct ip_addr next;
  const struct iface *out = ip_route(h, to, &next);
  return out ? iface_mtu(out) : 0;
}
