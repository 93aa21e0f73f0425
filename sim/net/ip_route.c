/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_route.c -- a host's addresses and routes, and the choices made from them.
 *
 *   destination ─longest prefix─> route ─via or itself─> next hop, interface ─> source address, MTU
 *
 * Routes of both families stand in one table, the longest prefix first; the first that fits wins
 * (RFC 1812 5.2.4.3). */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/nd.h"

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

guint
ip_addr_hash(gconstpointer p)
{
  return ip_addr_hash_value(p);
}

gboolean
ip_addr_is_key(gconstpointer a, gconstpointer b)
{
  return ip_addr_equal(a, b);
}

/* ---- addresses ---- */

static bool
is_usable(const struct iface *i, const struct iface_addr *a)
{
  return a->state == ADDR_PREFERRED &&
         (a->valid_until_ns == 0 || world_now(i->host->net->world) < a->valid_until_ns);
}

const struct iface_addr *
iface_addr(const struct iface *i, uint8_t version)
{
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (i->addrs[k].addr.version == version && is_usable(i, &i->addrs[k]))
      return &i->addrs[k];
  return NULL;
}

struct iface_addr *
iface_find_addr(struct iface *i, const struct ip_addr *addr)
{
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (ip_addr_equal(&i->addrs[k].addr, addr))
      return &i->addrs[k];
  return NULL;
}

bool
iface_has_addr(const struct iface *i, const struct ip_addr *a)
{
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (ip_addr_equal(&i->addrs[k].addr, a))
      return is_usable(i, &i->addrs[k]);
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
  struct ip_addr found = {0};
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    const struct iface *f = &h->ifaces[i];
    for (unsigned k = 0; k < f->n_addrs; k++) {
      const struct ip_addr *a = &f->addrs[k].addr;
      if (version && a->version != version)
        continue;
      if (a->version == 4 || !ip6_is_link_local(a))
        return *a;
      found = found.version ? found : *a;
    }
  }
  return found;
}

static struct route
route_of_net(const struct iface *i, const struct iface_addr *a)
{
  return (struct route){.to = ip_addr_net(&a->addr, a->prefix),
                        .prefix = a->prefix,
                        .origin = ROUTE_OWN_NET,
                        .iface = i->index};
}

struct iface_addr *
iface_put_addr(struct iface *i, const struct iface_addr *a)
{
  if (i->n_addrs == IFACE_ADDRS_MAX || iface_find_addr(i, &a->addr))
    return NULL;
  i->addrs = g_renew(struct iface_addr, i->addrs, i->n_addrs + 1u);
  i->addrs[i->n_addrs] = *a;
  if (a->is_on_link) {
    struct route r = route_of_net(i, a);
    host_add_route(i->host, &r);
  }
  return &i->addrs[i->n_addrs++];
}

bool
iface_add_addr(struct iface *i, const struct ip_addr *addr, uint8_t prefix)
{
  struct iface_addr a = {.addr = *addr, .prefix = prefix, .is_on_link = true};
  return iface_put_addr(i, &a) != NULL;
}

bool
iface_remove_addr(struct iface *i, const struct ip_addr *addr)
{
  struct iface_addr *a = iface_find_addr(i, addr);
  if (!a)
    return false;
  struct route r = route_of_net(i, a);
  bool is_on_link = a->is_on_link;
  size_t behind = (size_t)(i->addrs + i->n_addrs - a - 1);
  memmove(a, a + 1, behind * sizeof *a);
  i->n_addrs--;
  if (is_on_link)
    host_remove_route(i->host, &r);
  return true;
}

/* ---- routes ---- */

static struct route *
route_at(struct host *h, unsigned i)
{
  return &g_array_index(h->routes, struct route, i);
}

void
host_add_route(struct host *h, const struct route *r)
{
  unsigned at = 0;
  while (at < h->routes->len && route_at(h, at)->prefix >= r->prefix)
    at++;
  struct route fresh = *r;
  g_array_insert_val(h->routes, at, fresh);
}

static bool
is_same_route(const struct route *a, const struct route *b)
{
  return a->prefix == b->prefix && a->iface == b->iface && a->origin == b->origin &&
         ip_addr_equal(&a->to, &b->to) && ip_addr_equal(&a->via, &b->via);
}

void
host_remove_route(struct host *h, const struct route *r)
{
  for (unsigned i = h->routes->len; i-- > 0;) {
    const struct route *x = route_at(h, i);
    if (is_same_route(x, r)) {
      g_array_remove_index(h->routes, i);
      return;
    }
  }
}

void
host_demote_routes(struct host *h, const struct ip_addr *via)
{
  for (unsigned i = h->routes->len; i-- > 0;)
    if (route_at(h, i)->origin == ROUTE_REDIRECTED && ip_addr_equal(&route_at(h, i)->via, via))
      g_array_remove_index(h->routes, i);
  for (unsigned i = 0; i + 1 < h->routes->len; i++) {
    struct route *r = route_at(h, i), *behind = r + 1, was = *r;
    if (!ip_addr_equal(&r->via, via) || r->prefix != behind->prefix ||
        !ip_addr_equal(&r->to, &behind->to) || behind->via.version == 0)
      continue;
    *r = *behind;
    *behind = was;
  }
}

void
host_forget_router(struct host *h, const struct iface *i, const struct ip_addr *via)
{
  for (unsigned k = h->routes->len; k-- > 0;) {
    const struct route *r = route_at(h, k);
    if (r->iface == i->index && ip_addr_equal(&r->via, via) &&
        (r->origin == ROUTE_ADVERTISED || r->origin == ROUTE_REDIRECTED))
      g_array_remove_index(h->routes, k);
  }
}

/* Only a link knows groups and link-local addresses. */
static struct iface *
iface_for_scope(struct host *h, const struct ip_addr *to)
{
  struct iface *first = NULL;
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    struct iface *f = &h->ifaces[i];
    if (f->nd && (nd_knows(f, to) || iface_find_addr(f, to)))
      return f;
    if (f->nd && !first)
      first = f;
  }
  return first;
}

static const struct route *
find_route(struct host *h, const struct ip_addr *to)
{
  int64_t now = world_now(h->net->world);
  for (unsigned i = 0; i < h->routes->len; i++) {
    const struct route *r = route_at(h, i);
    if (ip_addr_shares_net(to, &r->to, r->prefix) && (r->until_ns == 0 || now < r->until_ns))
      return r;
  }
  return NULL;
}

struct iface *
ip_route(struct host *h, const struct ip_addr *to, struct ip_addr *next)
{
  *next = *to;
  if (to->version == 6 && (ip6_is_multicast(to) || ip6_is_link_local(to)))
    return iface_for_scope(h, to);
  const struct route *r = find_route(h, to);
  if (r && r->via.version)
    *next = r->via;
  return r ? &h->ifaces[r->iface] : NULL;
}

/* ---- what the screen shows ---- */

enum { ROUTES_TOLD_MAX = 4096 }; /* destinations; with more it starts again */

/* Why this way: "via 10.0.1.1 dev lan: default route". */
static char *
describe(const struct host *h, const struct route *r)
{
  static const char *const reasons[N_ROUTE_ORIGINS][2] = {
      [ROUTE_OWN_NET] = {"its own net", "เครือข่ายของตัวเอง"},
      [ROUTE_STATIC] = {"a written route", "เส้นทางที่เขียนไว้"},
      [ROUTE_GATEWAY] = {"default route", "เส้นทางปริยาย"},
      [ROUTE_LEASED] = {"default route, from DHCP", "เส้นทางปริยายจาก DHCP"},
      [ROUTE_ADVERTISED] = {"a router advertised it", "เราเตอร์ประกาศไว้"},
      [ROUTE_REDIRECTED] = {"a router knew a shorter way", "เราเตอร์แจ้งทางที่สั้นกว่า"},
  };
  char via[ADDR_TEXT_MAX] = "", net[ADDR_TEXT_MAX];
  ip_addr_format(&r->via, via);
  return g_strdup_printf("%s%s%sdev %s: %s (%s/%u)", r->via.version ? "via " : "", via,
                         r->via.version ? " " : "", h->ifaces[r->iface].link->name,
                         lang_text(reasons[r->origin][0], reasons[r->origin][1]),
                         ip_addr_format(&r->to, net), r->prefix);
}

struct told {
  struct ip_addr to;
  struct route route;
  bool has_route;
};

void
ip_tell_route(struct host *h, const struct ip_addr *to)
{
  if (!world_wants_events(h->net->world))
    return;
  const struct route *r = find_route(h, to);
  if (!h->routes_told)
    h->routes_told = g_hash_table_new_full(ip_addr_hash, ip_addr_is_key, NULL, g_free);
  struct told *told = g_hash_table_lookup(h->routes_told, to);
  if (told && told->has_route == (r != NULL) && (!r || is_same_route(r, &told->route)))
    return;
  if (g_hash_table_size(h->routes_told) >= ROUTES_TOLD_MAX)
    g_hash_table_remove_all(h->routes_told);
  told = g_new0(struct told, 1);
  told->to = *to;
  told->has_route = r != NULL;
  if (r)
    told->route = *r;
  g_hash_table_replace(h->routes_told, &told->to, told);
  char key[ADDR_TEXT_MAX];
  g_autofree char *text =
      r ? describe(h, r) : g_strdup(lang_text("no route fits", "ไม่มีเส้นทางที่ตรงกัน"));
  world_emit(h->net->world, h->index, "route", ip_addr_format(to, key), "%s", text);
}

/* ---- the source address ---- */

/* RFC 4291 2.7: link-local 2, global 14; unique local addresses count as global. */
static unsigned
scope_of(const struct ip_addr *a)
{
  if (ip6_is_multicast(a))
    return a->octets[1] & 15;
  return ip6_is_link_local(a) ? 2 : 14;
}

static unsigned
common_bits(const struct ip_addr *a, const struct ip_addr *b)
{
  unsigned n = 0;
  while (n < 64 && ip_addr_shares_net(a, b, (uint8_t)(n + 1)))
    n++;
  return n;
}

/* True when x is better than y as a source for `to`: the rules in their order. */
static bool
is_better(const struct iface *out, const struct iface_addr *x, const struct iface_addr *y,
          const struct ip_addr *to)
{
  if (ip_addr_equal(&x->addr, to) || ip_addr_equal(&y->addr, to))
    return ip_addr_equal(&x->addr, to);
  unsigned sx = scope_of(&x->addr), sy = scope_of(&y->addr), sto = scope_of(to);
  if (sx != sy) /* the smaller one, if it reaches far enough */
    return sx < sy ? sx >= sto : sy < sto;
  int64_t now = world_now(out->host->net->world);
  bool old_x = x->preferred_until_ns && now >= x->preferred_until_ns;
  bool old_y = y->preferred_until_ns && now >= y->preferred_until_ns;
  if (old_x != old_y)
    return old_y;
  return common_bits(&x->addr, to) > common_bits(&y->addr, to);
}

struct ip_addr
ip_source_on(const struct iface *out, const struct ip_addr *to)
{
  const struct iface_addr *best = NULL;
  for (unsigned k = 0; k < out->n_addrs; k++) {
    const struct iface_addr *a = &out->addrs[k];
    if (a->addr.version != to->version || !is_usable(out, a))
      continue;
    if (!best || (to->version == 6 && is_better(out, a, best, to)))
      best = a;
  }
  return best ? best->addr : (struct ip_addr){0};
}

struct ip_addr
ip_source(struct host *h, const struct ip_addr *to)
{
  struct ip_addr next;
  if (host_has_addr(h, to))
    return *to;
  struct iface *out = ip_route(h, to, &next);
  return out ? ip_source_on(out, to) : (struct ip_addr){0};
}
