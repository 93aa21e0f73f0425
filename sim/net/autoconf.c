/* SPDX-License-Identifier: GPL-3.0-or-later */
/* autoconf.c -- how an interface comes to its IPv6 addresses and its way out, RFC 4862, RFC
 * 4861 6.3.
 *
 *   autoconf_start ─> link-local ─DAD─> preferred ─> router solicitation (3 times, 4 s apart)
 *                                                        │ advertisement
 *       default route, MTU, hop limit, DNS server <──────┤
 *       prefix ─> address ─DAD─> preferred <─────────────┘
 *   DAD: a question for the own address from ::; an answer within 1 s means that it is taken
 *
 * Addresses written in a scenario need no test unless `dad: true`: RFC 4862 5.1 allows that. Only
 * interfaces with `address: auto` listen to routers. Lifetimes that ran out are noticed when the
 * address or route would be used. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"

enum { STABLE_TRIES_MAX = 3 }; /* RFC 7217 7: IDGEN_RETRIES */
#define TWO_HOURS_NS (INT64_C(7200) * 1000000000)
#define SECOND_NS INT64_C(1000000000)

void
autoconf_tell(struct iface *i, const struct iface_addr *a)
{
  static const char *const states[] = {[ADDR_PREFERRED] = "preferred",
                                       [ADDR_TENTATIVE] = "tentative",
                                       [ADDR_DUPLICATE] = "duplicate"};
  static const char *const origins[] = {[ADDR_STATIC] = "written",
                                        [ADDR_LINK_LOCAL] = "link-local",
                                        [ADDR_AUTOCONF] = "from a prefix",
                                        [ADDR_LEASED] = "leased"};
  char text[ADDR_TEXT_MAX];
  world_emit(i->host->net->world, i->host->index, "address", ip_addr_format(&a->addr, text),
             "%s/%u %s %s", i->link->name, a->prefix, states[a->state], origins[a->origin]);
}

/* ---- interface identifiers ---- */

/* RFC 4291 appendix A: the universal/local bit is inverted, ff:fe stands in the middle. */
static void
eui64(const uint8_t mac[6], uint8_t out[8])
{
  const uint8_t id[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
  memcpy(out, id, 8);
}

/* RFC 7217 5: a keyed function of prefix, interface and the count of collisions. */
static void
stable_id(const struct iface *i, const struct ip_addr *prefix, uint8_t tries, uint8_t out[8])
{
  uint8_t octets[16 + 6 + 1];
  memcpy(octets, prefix->octets, 8);
  memset(octets + 8, 0, 8);
  memcpy(octets + 16, i->mac, 6);
  octets[22] = tries;
  put_be64(out, random_hash(i->host->isn_key, octets, sizeof octets));
}

static struct ip_addr
address_in(const struct iface *i, const struct ip_addr *prefix, uint8_t tries)
{
  struct ip_addr a = *prefix;
  if (i->nd->is_stable)
    stable_id(i, prefix, tries, a.octets + 8);
  else
    eui64(i->mac, a.octets + 8);
  return a;
}

/* ---- duplicate address detection ---- */

static void solicit_routers(void *data);

/* The link-local address is there: routers may be asked (RFC 4861 6.3.7). */
static void
is_ready(struct iface *i, struct iface_addr *a)
{
  struct nd *nd = i->nd;
  if (a->origin == ADDR_LINK_LOCAL && nd->is_automatic && nd->n_solicits == 0)
    solicit_routers(i);
}

/* What a probe's timer needs: addresses may move in their list. */
struct probe {
  struct iface *iface;
  struct ip_addr addr;
};

static void
probe_ended(void *data)
{
  struct probe *probe = data;
  struct iface_addr *a = iface_find_addr(probe->iface, &probe->addr);
  if (a && a->state == ADDR_TENTATIVE) {
    a->state = ADDR_PREFERRED;
    autoconf_tell(probe->iface, a);
    is_ready(probe->iface, a);
  }
  g_ptr_array_remove_fast(probe->iface->nd->probes, probe);
}

static void
probe_starts(void *data)
{
  struct probe *probe = data;
  struct iface *i = probe->iface;
  struct iface_addr *a = iface_find_addr(i, &probe->addr);
  if (!a || a->state != ADDR_TENTATIVE) {
    g_ptr_array_remove_fast(i->nd->probes, probe);
    return;
  }
  struct world *w = i->host->net->world;
  struct ip_addr group = ip6_solicited_node(&a->addr);
  world_at(w, world_now(w) + (int64_t)i->nd->retrans_ms * 1000000, WORLD_TIMER, i->host->index,
           probe_ended, probe);
  nd_solicit(i, &ip6_any, &group, &probe->addr);
}

/* RFC 4862 5.4.2: the first message of an interface waits up to a second, so that hosts that start
 * together do not speak together. */
static void
take_address(struct iface *i, const struct iface_addr *want, bool is_tested)
{
  struct iface_addr *a = iface_put_addr(i, want);
  if (!a)
    return;
  a->state = is_tested ? ADDR_TENTATIVE : ADDR_PREFERRED;
  autoconf_tell(i, a);
  if (!is_tested) {
    is_ready(i, a);
    return;
  }
  struct world *w = i->host->net->world;
  struct probe *probe = g_new(struct probe, 1);
  if (!i->nd->probes)
    i->nd->probes = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(i->nd->probes, probe);
  *probe = (struct probe){i, a->addr};
  int64_t wait_ns = (int64_t)random_below(&i->nd->random, (uint64_t)SECOND_NS);
  world_at(w, world_now(w) + wait_ns, WORLD_TIMER, i->host->index, probe_starts, probe);
}

void
autoconf_duplicate(struct iface *i, const struct ip_addr *addr)
{
  struct iface_addr *a = iface_find_addr(i, addr);
  struct iface_addr old = *a;
  char text[ADDR_TEXT_MAX];
  a->state = ADDR_DUPLICATE; /* the probe's timer finds that and goes */
  autoconf_tell(i, a);
  host_log(i->host, "nd", "another host has %s already: it is not used",
           "เครื่องอื่นใช้ %s อยู่แล้ว จึงไม่ใช้ที่อยู่นี้", ip_addr_format(addr, text));
  if (!i->nd->is_stable || old.origin == ADDR_STATIC || old.tries == STABLE_TRIES_MAX) {
    i->nd->is_disabled = old.origin == ADDR_LINK_LOCAL; /* RFC 4862 5.4.5: the card is not unique */
    return;
  }
  struct ip_addr prefix = ip_addr_net(addr, 64);
  old.tries++;
  old.addr = address_in(i, &prefix, old.tries);
  take_address(i, &old, true);
}

/* ---- start ---- */

static void
solicit_routers(void *data)
{
  struct iface *i = data;
  struct nd *nd = i->nd;
  struct host *h = i->host;
  nd->solicit_timer = 0;
  if (nd->n_solicits == ND_ROUTER_SOLICITS_MAX) {
    host_log(h, "nd", "no router answers", "ไม่มีเราเตอร์ตอบ");
    return;
  }
  nd->n_solicits++;
  struct packet *p = packet_new(h->net, h->index, ND_ROUTER_SOLICIT_OCTETS + ND_LINK_OCTETS);
  uint8_t *q = packet_payload(p);
  memset(q, 0, ND_ROUTER_SOLICIT_OCTETS);
  q[0] = ICMP6_ROUTER_SOLICIT;
  nd_link_put(q + ND_ROUTER_SOLICIT_OCTETS, ND_SOURCE_LINK, i->mac);
  struct ip_addr src = ip_source_on(i, &ip6_all_routers);
  nd_emit(i, &src, &ip6_all_routers, p, ND_ROUTER_SOLICIT_OCTETS + ND_LINK_OCTETS);
  struct world *w = h->net->world;
  nd->solicit_timer =
      world_at(w, world_now(w) + ND_ROUTER_SOLICIT_NS, WORLD_TIMER, h->index, solicit_routers, i);
}

void
autoconf_start(struct iface *i)
{
  struct nd *nd = i->nd;
  struct ip_addr net = {6, {0xfe, 0x80}};
  bool is_tested = nd->is_automatic || nd->probes_all;
  /* The written ones first: take_address() below only adds. */
  unsigned n_written = i->n_addrs;
  for (unsigned k = 0; k < n_written; k++) {
    struct iface_addr a = i->addrs[k];
    if (a.addr.version != 6 || !nd->probes_all)
      continue;
    iface_remove_addr(i, &a.addr);
    take_address(i, &a, true);
    k--;
    n_written--;
  }
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (i->addrs[k].addr.version == 6 && ip6_is_link_local(&i->addrs[k].addr))
      return;
  struct iface_addr a = {
      .addr = address_in(i, &net, 0), .prefix = 64, .origin = ADDR_LINK_LOCAL, .is_on_link = true};
  take_address(i, &a, is_tested);
}

/* ---- what a router says ---- */

static int64_t
until(const struct iface *i, uint32_t lifetime_s)
{
  return lifetime_s == UINT32_MAX ? 0 : world_now(i->host->net->world) + lifetime_s * SECOND_NS;
}

static void
take_route(struct iface *at, const struct route *r, uint32_t lifetime_s)
{
  struct route fresh = *r;
  host_remove_route(at->host, r);
  fresh.until_ns = until(at, lifetime_s);
  if (lifetime_s > 0)
    host_add_route(at->host, &fresh);
}

static struct iface_addr *
find_in_prefix(struct iface *i, const struct ip_addr *prefix)
{
  for (unsigned k = 0; k < i->n_addrs; k++)
    if (i->addrs[k].origin == ADDR_AUTOCONF && ip_addr_shares_net(&i->addrs[k].addr, prefix, 64))
      return &i->addrs[k];
  return NULL;
}

/* RFC 4862 5.5.3 e: a lifetime below two hours is not believed at once, since anybody can say it.
 */
static void
renew(const struct iface *i, struct iface_addr *a, const struct nd_prefix *prefix)
{
  int64_t now = world_now(i->host->net->world), new_ns = until(i, prefix->valid_s);
  int64_t left = a->valid_until_ns ? a->valid_until_ns - now : INT64_MAX;
  a->preferred_until_ns = until(i, prefix->preferred_s);
  if (new_ns == 0 || new_ns - now > TWO_HOURS_NS || new_ns - now > left)
    a->valid_until_ns = new_ns;
  else if (left > TWO_HOURS_NS)
    a->valid_until_ns = now + TWO_HOURS_NS;
}

static void
take_prefix(struct iface *at, const struct nd_prefix *prefix)
{
  struct ip_addr net = ip_addr_v6(prefix->prefix);
  if (ip6_is_link_local(&net) || ip6_is_multicast(&net) || prefix->length > 128)
    return;
  net = ip_addr_net(&net, prefix->length);
  if (prefix->on_link) {
    struct route r = {
        .to = net, .prefix = prefix->length, .origin = ROUTE_ADVERTISED, .iface = at->index};
    take_route(at, &r, prefix->valid_s);
  }
  if (!prefix->autonomous || prefix->preferred_s > prefix->valid_s)
    return;
  if (prefix->length != 64) { /* RFC 4862 5.5.3 d: identifier and prefix must make 128 bits */
    host_log(at->host, "nd", "a prefix of %u bits gives no address: 64 are needed",
             "พรีฟิกซ์ %u บิตใช้สร้างที่อยู่ไม่ได้ ต้องเป็น 64 บิต", prefix->length);
    return;
  }
  struct iface_addr *known = find_in_prefix(at, &net);
  if (known) {
    renew(at, known, prefix);
    return;
  }
  if (prefix->valid_s == 0)
    return;
  struct iface_addr a = {.addr = address_in(at, &net, 0),
                         .prefix = 64,
                         .origin = ADDR_AUTOCONF,
                         .preferred_until_ns = until(at, prefix->preferred_s),
                         .valid_until_ns = until(at, prefix->valid_s)};
  take_address(at, &a, true);
}

static void
take_option(struct iface *at, const uint8_t *p, size_t n, uint8_t type)
{
  struct nd *nd = at->nd;
  struct nd_prefix prefix;
  if (type == ND_PREFIX && nd_prefix_get(p, n, &prefix))
    take_prefix(at, &prefix);
  else if (type == ND_MTU && get_be32(p + 4) >= IPV6_MTU_MIN && get_be32(p + 4) <= iface_mtu(at))
    nd->mtu = get_be32(p + 4);
  else if (type == ND_DNS && n >= ND_DNS_OCTETS + 16) {
    struct ip_addr server = ip_addr_v6(p + ND_DNS_OCTETS);
    host_learn_dns(at->host, &server);
  }
}

void
autoconf_router_came(struct iface *at, const struct ip_datagram *d)
{
  struct nd *nd = at->nd;
  struct nd_router m;
  size_t head = nd_router_get(d->payload, d->n, &m), got;
  if (!ip6_is_link_local(&d->src) || !nd->is_automatic || nd->is_disabled)
    return;
  if (nd->solicit_timer)
    world_cancel(at->host->net->world, nd->solicit_timer);
  nd->solicit_timer = 0;
  nd->hop_limit = m.hop_limit ? m.hop_limit : nd->hop_limit;
  nd->reachable_ms = m.reachable_ms ? m.reachable_ms : nd->reachable_ms;
  nd->retrans_ms = m.retrans_ms ? m.retrans_ms : nd->retrans_ms;
  struct route r = {
      .to = {.version = 6}, .origin = ROUTE_ADVERTISED, .via = d->src, .iface = at->index};
  take_route(at, &r, m.lifetime_s);
  const uint8_t *p = d->payload + head;
  size_t left = d->n - head, octets;
  const uint8_t *link = nd_find_option(p, left, ND_SOURCE_LINK, &octets);
  if (link)
    nd_learn(at, &d->src, link + 2, true);
  uint8_t type;
  for (; (got = nd_option_get(p, left, &type)) > 0; p += got, left -= got)
    take_option(at, p, got, type);
}
