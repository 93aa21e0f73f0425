/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nd.c -- from a neighbour's IPv6 address to its Ethernet address and whether it still answers,
 * RFC 4861 7.
 *
 *            nd_send                 advert                       30 s        nd_send
 *   (none) ──────────> INCOMPLETE ───────────> REACHABLE ──────────> STALE ─────────> DELAY
 *             │ 3 questions, no answer             ^ advert, nd_confirm                 │ 5 s
 *             v                                    └──────────────── PROBE <────────────┘
 *   ICMPv6 address unreachable                                         │ 3 questions, no answer
 *                                                                      └─> (none)
 *
 * Own addresses answer; tentative ones are autoconf.c's. */
#include "sim/net/nd.h"

#include <string.h>

#include "capture/wire/bytes.h"

const struct ip_addr ip6_any = {.version = 6};
const struct ip_addr ip6_all_nodes = {6, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
const struct ip_addr ip6_all_routers = {6, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};

static const char *const state_names[] = {"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE"};
_Static_assert(sizeof state_names / sizeof state_names[0] == N_NUD_STATES, "a name per state");

/* ---- the cache ---- */

static struct neighbour *
find(const struct iface *i, const struct ip_addr *addr)
{
  return i->nd && i->nd->neighbours ? g_hash_table_lookup(i->nd->neighbours, addr) : NULL;
}

bool
nd_knows(const struct iface *i, const struct ip_addr *addr)
{
  return find(i, addr) != NULL;
}

static void
tell(const struct neighbour *n, const char *state)
{
  struct host *h = n->iface->host;
  char addr[ADDR_TEXT_MAX], mac[ETHER_TEXT_MAX];
  if (!world_wants_events(h->net->world))
    return;
  ip_addr_format(&n->addr, addr);
  if (!state)
    world_emit(h->net->world, h->index, "nd", addr, "%s", "");
  else if (n->state == NUD_INCOMPLETE)
    world_emit(h->net->world, h->index, "nd", addr, "%s", state);
  else
    world_emit(h->net->world, h->index, "nd", addr, "%s %s%s", state, ether_format(n->mac, mac),
               n->is_router ? " router" : "");
}

static void
set_timer(struct neighbour *n, int64_t delay_ns, world_callback callback)
{
  struct world *w = n->iface->host->net->world;
  if (n->timer)
    world_cancel(w, n->timer);
  n->timer = delay_ns ? world_at(w, world_now(w) + delay_ns, WORLD_TIMER, n->iface->host->index,
                                 callback, n)
                      : 0;
}

/* The only way to change a state. */
static void
set_state(struct neighbour *n, enum nud_state state)
{
  struct nd *nd = n->iface->nd;
  n->state = state;
  if (state == NUD_REACHABLE) { /* RFC 4861 6.3.2: between half and one and a half of the base */
    int64_t base_ns = (int64_t)nd->reachable_ms * 1000000;
    n->reachable_until_ns = world_now(n->iface->host->net->world) + base_ns / 2 +
                            (int64_t)random_below(&nd->random, (uint64_t)base_ns + 1);
  }
  if (state == NUD_REACHABLE || state == NUD_STALE)
    set_timer(n, 0, NULL);
  tell(n, state_names[state]);
}

static struct neighbour *
add(struct iface *i, const struct ip_addr *addr)
{
  struct nd *nd = i->nd;
  if (!nd->neighbours)
    nd->neighbours = g_hash_table_new_full(ip_addr_hash, ip_addr_is_key, NULL, g_free);
  if (g_hash_table_size(nd->neighbours) >= ND_NEIGHBOURS_MAX)
    return NULL;
  struct neighbour *n = g_new0(struct neighbour, 1);
  n->iface = i;
  n->addr = *addr;
  g_hash_table_insert(nd->neighbours, &n->addr, n);
  return n;
}

/* Nobody answers. What waits cannot be delivered; routes by this neighbour go behind others. */
static void
give_up(struct neighbour *n)
{
  struct iface *i = n->iface;
  struct host *h = i->host;
  struct ip_addr addr = n->addr;
  struct packet_queue pending = n->pending;
  char text[ADDR_TEXT_MAX];
  tell(n, NULL);
  set_timer(n, 0, NULL);
  g_hash_table_remove(i->nd->neighbours, &addr);
  host_demote_routes(h, &addr);
  host_log(h, "nd", "no answer from neighbour %s", "ไม่มีคำตอบจากเครื่องข้างเคียง %s",
           ip_addr_format(&addr, text));
  for (struct packet *p; (p = packet_queue_pop(&pending));) {
    icmp_error(h, p, IP_NO_HOST, 0);
    ip_drop(h, p, DROP_NO_NEIGHBOUR);
  }
}

/* ---- sending ---- */

static void
transmit(struct iface *out, const uint8_t mac[6], struct packet *p)
{
  struct eth eth = {.type = ETHER_IPV6};
  memcpy(eth.dst, mac, 6);
  memcpy(eth.src, out->mac, 6);
  eth_put(p->octets, &eth);
  link_send(out, p);
}

void
nd_emit(struct iface *out, const struct ip_addr *src, const struct ip_addr *dst, struct packet *p,
        size_t n)
{
  uint8_t *q = packet_payload(p);
  put_be16(q + 2, 0);
  uint32_t sum = checksum_pseudo(src, dst, IP_PROTO_ICMPV6, (uint32_t)n);
  put_be16(q + 2, checksum_finish(checksum_add(sum, q, n)));
  struct ip_sending s = {
      .src = *src, .dst = *dst, .proto = IP_PROTO_ICMPV6, .ttl = ND_HOP_LIMIT, .out = out};
  ip_send(out->host, &s, p, n);
}

void
nd_solicit(struct iface *out, const struct ip_addr *src, const struct ip_addr *dst,
           const struct ip_addr *target)
{
  struct host *h = out->host;
  struct packet *p = packet_new(h->net, h->index, ND_NEIGHBOUR_OCTETS + ND_LINK_OCTETS);
  uint8_t *q = packet_payload(p);
  struct nd_neighbour m = {0};
  memcpy(m.target, target->octets, 16);
  size_t n = nd_neighbour_put(q, ICMP6_NEIGHBOUR_SOLICIT, &m);
  if (!ip_addr_equal(src, &ip6_any)) /* RFC 4861 4.3: never from the unspecified address */
    n += nd_link_put(q + n, ND_SOURCE_LINK, out->mac);
  nd_emit(out, src, dst, p, n);
}

/* From the address whose packet waits, when it is this interface's (RFC 4861 7.2.2). */
static struct ip_addr
asking_address(const struct neighbour *n)
{
  const struct packet *p = n->pending.first;
  if (p) {
    struct ip_addr src = ip_addr_v6(p->octets + PACKET_IP + 8);
    if (iface_has_addr(n->iface, &src))
      return src;
  }
  return ip_source_on(n->iface, &n->addr);
}

static void
ask(void *data)
{
  struct neighbour *n = data;
  n->timer = 0;
  if (n->n_questions == ND_SOLICITS_MAX) {
    give_up(n);
    return;
  }
  n->n_questions++;
  struct ip_addr src = asking_address(n), group = ip6_solicited_node(&n->addr);
  bool is_probe = n->state == NUD_PROBE;
  set_timer(n, (int64_t)n->iface->nd->retrans_ms * 1000000, ask);
  if (src.version == 6)
    nd_solicit(n->iface, &src, is_probe ? &n->addr : &group, &n->addr);
}

static void
start_probe(void *data)
{
  struct neighbour *n = data;
  n->timer = 0;
  n->n_questions = 0;
  set_state(n, NUD_PROBE);
  ask(n);
}

static void
keep(struct neighbour *n, struct packet *p)
{
  struct host *h = n->iface->host;
  if (n->pending.n == ND_PENDING_MAX)
    ip_drop(h, packet_queue_pop(&n->pending), DROP_NEIGHBOUR_QUEUE);
  packet_queue_push(&n->pending, p);
}

void
nd_send(struct iface *out, const struct ip_addr *next, struct packet *p)
{
  struct host *h = out->host;
  if (ip6_is_multicast(next)) {
    uint8_t mac[6];
    ip6_group_mac(next, mac);
    transmit(out, mac, p);
    return;
  }
  struct neighbour *n = find(out, next);
  if (!n && !(n = add(out, next))) {
    ip_drop(h, p, DROP_NEIGHBOUR_TABLE);
    return;
  }
  if (n->state == NUD_INCOMPLETE) {
    keep(n, p);
    if (n->timer == 0) {
      tell(n, state_names[NUD_INCOMPLETE]);
      n->n_questions = 0;
      ask(n);
    }
    return;
  }
  if (n->state == NUD_REACHABLE && world_now(h->net->world) > n->reachable_until_ns)
    set_state(n, NUD_STALE);
  if (n->state == NUD_STALE) {
    set_state(n, NUD_DELAY);
    set_timer(n, ND_DELAY_NS, start_probe);
  }
  transmit(out, n->mac, p);
}

void
ip_confirm(struct host *h, const struct ip_addr *to)
{
  struct ip_addr next;
  struct iface *out = to->version == 6 ? ip_route(h, to, &next) : NULL;
  struct neighbour *n = out ? find(out, &next) : NULL;
  if (!n || n->state == NUD_INCOMPLETE)
    return;
  int64_t now = world_now(h->net->world);
  /* Not for every acknowledgement: only when it would change something soon. */
  if (n->state != NUD_REACHABLE || n->reachable_until_ns - now < ND_DELAY_NS)
    set_state(n, NUD_REACHABLE);
}

/* ---- learning ---- */

static void
flush(struct neighbour *n)
{
  struct packet_queue pending = n->pending;
  n->pending = (struct packet_queue){0};
  struct iface *out = n->iface;
  uint8_t mac[6];
  memcpy(mac, n->mac, 6);
  for (struct packet *p; (p = packet_queue_pop(&pending));)
    transmit(out, mac, p);
}

void
nd_learn(struct iface *at, const struct ip_addr *addr, const uint8_t mac[6], bool is_router)
{
  struct neighbour *n = find(at, addr);
  bool is_new = !n || n->state == NUD_INCOMPLETE;
  if (!n && !(n = add(at, addr)))
    return;
  n->is_router = n->is_router || is_router;
  if (!is_new && memcmp(n->mac, mac, 6) == 0)
    return;
  memcpy(n->mac, mac, 6);
  set_state(n, NUD_STALE);
  flush(n);
}

/* RFC 4861 7.2.5: what an advertisement changes. */
static void
advert_came(struct iface *at, const struct nd_neighbour *m, const uint8_t *mac)
{
  struct ip_addr target = ip_addr_v6(m->target);
  struct iface_addr *own = iface_find_addr(at, &target);
  if (own && own->state == ADDR_TENTATIVE) {
    autoconf_duplicate(at, &target);
    return;
  }
  struct neighbour *n = find(at, &target);
  if (!n)
    return;
  bool was_incomplete = n->state == NUD_INCOMPLETE;
  bool is_other = mac && (was_incomplete || memcmp(n->mac, mac, 6) != 0);
  if (was_incomplete && !mac)
    return;
  if (!was_incomplete && n->is_router && !m->is_router)
    host_forget_router(at->host, at, &target);
  n->is_router = m->is_router;
  if (!was_incomplete && !m->overrides && is_other) {
    if (n->state == NUD_REACHABLE)
      set_state(n, NUD_STALE);
    return;
  }
  if (is_other)
    memcpy(n->mac, mac, 6);
  if (m->is_solicited)
    set_state(n, NUD_REACHABLE);
  else if (is_other)
    set_state(n, NUD_STALE);
  flush(n);
}

static void
advertise_self(struct iface *at, const struct ip_addr *target, const struct ip_addr *to)
{
  struct host *h = at->host;
  bool is_probe = ip_addr_equal(to, &ip6_any);
  struct packet *p = packet_new(h->net, h->index, ND_NEIGHBOUR_OCTETS + ND_LINK_OCTETS);
  uint8_t *q = packet_payload(p);
  struct nd_neighbour m = {
      .is_router = h->kind == HOST_ROUTER, .is_solicited = !is_probe, .overrides = true};
  memcpy(m.target, target->octets, 16);
  size_t n = nd_neighbour_put(q, ICMP6_NEIGHBOUR_ADVERT, &m);
  n += nd_link_put(q + n, ND_TARGET_LINK, at->mac);
  nd_emit(at, target, is_probe ? &ip6_all_nodes : to, p, n);
}

/* RFC 4861 7.2.3 and RFC 4862 5.4.3. */
static void
solicit_came(struct iface *at, const struct ip_datagram *d, const struct nd_neighbour *m,
             const uint8_t *mac)
{
  struct ip_addr target = ip_addr_v6(m->target);
  struct iface_addr *own = iface_find_addr(at, &target);
  bool is_probe = ip_addr_equal(&d->src, &ip6_any);
  if (!own || own->state == ADDR_DUPLICATE)
    return;
  if (own->state == ADDR_TENTATIVE) {
    if (is_probe)
      autoconf_duplicate(at, &target);
    return;
  }
  if (!is_probe && mac)
    nd_learn(at, &d->src, mac, false);
  advertise_self(at, &target, &d->src);
}

/* ---- messages ---- */

const uint8_t *
nd_find_option(const uint8_t *options, size_t n, uint8_t type, size_t *octets)
{
  uint8_t is;
  for (size_t got; (got = nd_option_get(options, n, &is)) > 0; options += got, n -= got) {
    if (is != type)
      continue;
    *octets = got;
    return options;
  }
  return NULL;
}

/* Every option is whole (RFC 4861 4.6: a length of 0 makes the packet void). */
static bool
options_are_good(const uint8_t *options, size_t n)
{
  uint8_t type;
  while (n > 0) {
    size_t got = nd_option_get(options, n, &type);
    if (!got)
      return false;
    options += got;
    n -= got;
  }
  return true;
}

static void
neighbour_came(struct iface *at, const struct ip_datagram *d)
{
  struct nd_neighbour m;
  size_t head = nd_neighbour_get(d->payload, d->n, &m), octets;
  bool is_advert = d->payload[0] == ICMP6_NEIGHBOUR_ADVERT;
  const uint8_t *link = nd_find_option(d->payload + head, d->n - head,
                                       is_advert ? ND_TARGET_LINK : ND_SOURCE_LINK, &octets);
  const uint8_t *mac = link && octets == ND_LINK_OCTETS ? link + 2 : NULL;
  bool is_probe = ip_addr_equal(&d->src, &ip6_any);
  bool is_void =
      m.target[0] == 0xff || (is_advert && m.is_solicited && ip6_is_multicast(&d->dst)) ||
      (!is_advert && is_probe && (mac || d->dst.octets[11] != 1 || d->dst.octets[12] != 0xff));
  if (is_void)
    host_log(at->host, "nd", "a message that contradicts itself is ignored",
             "ไม่สนใจข้อความที่ขัดแย้งในตัวเอง");
  else if (is_advert)
    advert_came(at, &m, mac);
  else
    solicit_came(at, d, &m, mac);
}

/* RFC 4861 6.1 and 7.1: what every message has to be. */
static bool
is_valid(const struct ip_datagram *d)
{
  static const uint8_t heads[] = {ND_ROUTER_SOLICIT_OCTETS, ND_ROUTER_ADVERT_OCTETS,
                                  ND_NEIGHBOUR_OCTETS, ND_NEIGHBOUR_OCTETS, ND_REDIRECT_OCTETS};
  uint8_t head = heads[d->payload[0] - ICMP6_ROUTER_SOLICIT];
  return d->ttl == ND_HOP_LIMIT && d->payload[1] == 0 && d->n >= head &&
         options_are_good(d->payload + head, d->n - head);
}

void
nd_input(struct iface *at, const struct ip_datagram *d)
{
  if (!is_valid(d)) {
    host_log(at->host, "nd", "neighbour discovery from beyond this link or malformed: ignored",
             "ข้อความ neighbor discovery มาจากนอกลิงก์นี้หรือผิดรูป จึงไม่สนใจ");
    return;
  }
  switch (d->payload[0]) {
  case ICMP6_ROUTER_SOLICIT:
    advertise_solicited(at, d);
    break;
  case ICMP6_ROUTER_ADVERT:
    autoconf_router_came(at, d);
    break;
  case ICMP6_REDIRECT:
    redirect6_came(at, d);
    break;
  default:
    neighbour_came(at, d);
  }
}

/* ---- life ---- */

static void
begin(void *data)
{
  struct iface *i = data;
  autoconf_start(i);
  if (i->nd->advertises)
    advertise_start(i);
}

struct nd *
nd_start(struct iface *i)
{
  if (i->nd)
    return i->nd;
  struct host *h = i->host;
  g_autofree char *purpose = g_strdup_printf("nd %s", i->link->name);
  i->nd = g_new0(struct nd, 1);
  i->nd->random = world_random(h->net->world, h->index, purpose);
  i->nd->reachable_ms = ND_REACHABLE_MS;
  i->nd->retrans_ms = (uint32_t)(ND_RETRANS_NS / 1000000);
  world_at(h->net->world, 0, WORLD_TIMER, h->index, begin, i);
  return i->nd;
}

void
nd_clear(struct iface *i)
{
  if (!i->nd)
    return;
  if (i->nd->neighbours)
    g_hash_table_destroy(i->nd->neighbours);
  if (i->nd->probes)
    g_ptr_array_free(i->nd->probes, TRUE);
  g_free(i->nd);
}
