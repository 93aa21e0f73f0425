/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dhcp_server.c -- gives addresses of a range to hosts of one net: the server of RFC 2131 4.3.
 *
 *   FREE ─discover─> OFFERED (60 s) ─request─> BOUND ─release, time─> FREE, remembered for the same
 * card └ another server chosen ─> FREE     BOUND ─decline─> DECLINED for a lease's time
 *
 * A card gets the address that it had; else the one it asks for, when free; else the lowest that
 * nobody had yet; else the one that is free for longest. SIMPLIFIED: no relays, clients are told
 * apart by their cards, and no echo is sent before an offer (4.3.1), so that a client's own check
 * has something to find. */
#include <string.h>

#include "sim/net/host.h"

#define SECOND INT64_C(1000000000)
#define OFFER_NS (60 * SECOND)

enum lease_state { LEASE_FREE, LEASE_OFFERED, LEASE_BOUND, LEASE_DECLINED };

struct lease { /* of first + its place in the array */
  uint8_t mac[6];
  enum lease_state state;
  bool had_somebody;
  int64_t until_ns; /* FREE: since then */
};

struct dhcp_server {
  struct host *host;
  struct dhcp_settings set;
  char *domain;
  struct lease *leases;
  uint32_t n;
};

/* ---- leases ---- */

static struct ip_addr
addr_of(const struct dhcp_server *s, const struct lease *l)
{
  uint8_t octets[4];
  put_be32(octets, addr_number(&s->set.first) + (uint32_t)(l - s->leases));
  return ip_addr_v4(octets);
}

static struct lease *
lease_at(struct dhcp_server *s, const struct ip_addr *addr)
{
  uint32_t place = addr_number(addr) - addr_number(&s->set.first);
  return addr->version == 4 && place < s->n ? &s->leases[place] : NULL;
}

static void
set_lease(struct dhcp_server *s, struct lease *l, enum lease_state state, const uint8_t mac[6],
          int64_t until_ns)
{
  static const char *const names[] = {"", "offered ", "bound ", "declined "};
  struct world *w = s->host->net->world;
  struct ip_addr addr = addr_of(s, l);
  char text[ADDR_TEXT_MAX], card[ETHER_TEXT_MAX];
  l->state = state;
  l->until_ns = until_ns;
  if (mac)
    memcpy(l->mac, mac, 6);
  l->had_somebody = true;
  if (world_wants_events(w))
    world_emit(w, s->host->index, "lease", ip_addr_format(&addr, text), "%s%s", names[state],
               state == LEASE_FREE ? "" : ether_format(l->mac, card));
}

/* Ends what has run out; nothing is timed, somebody must ask. */
static void
freshen(struct dhcp_server *s)
{
  int64_t now = world_now(s->host->net->world);
  for (uint32_t i = 0; i < s->n; i++) {
    struct lease *l = &s->leases[i];
    if (l->state != LEASE_FREE && l->until_ns <= now)
      set_lease(s, l, LEASE_FREE, NULL, l->until_ns);
  }
}

static struct lease *
lease_of(struct dhcp_server *s, const uint8_t mac[6])
{
  for (uint32_t i = 0; i < s->n; i++) {
    struct lease *l = &s->leases[i];
    if (l->had_somebody && l->state != LEASE_DECLINED && memcmp(l->mac, mac, 6) == 0)
      return l;
  }
  return NULL;
}

/* The server's own address and the router's are nobody else's. */
static bool
is_kept(const struct dhcp_server *s, const struct lease *l)
{
  struct ip_addr addr = addr_of(s, l);
  return host_has_addr(s->host, &addr) || ip_addr_equal(&addr, &s->set.router);
}

static struct lease *
choose(struct dhcp_server *s, const uint8_t mac[6], const struct ip_addr *wish)
{
  struct lease *best = lease_of(s, mac);
  if (best)
    return best;
  best = lease_at(s, wish);
  if (best && best->state == LEASE_FREE && !is_kept(s, best))
    return best;
  best = NULL;
  for (uint32_t i = 0; i < s->n; i++) {
    struct lease *l = &s->leases[i];
    if (l->state != LEASE_FREE || is_kept(s, l))
      continue;
    if (!l->had_somebody)
      return l;
    if (!best || l->until_ns < best->until_ns)
      best = l;
  }
  return best;
}

/* ---- answers ---- */

static void
put_seconds(uint8_t *p, size_t *at, uint8_t code, int64_t time_ns)
{
  uint8_t octets[4];
  put_be32(octets, (uint32_t)(time_ns / SECOND));
  dhcp_option_put(p, at, code, octets, 4);
}

static void
put_settings(const struct dhcp_server *s, uint8_t *p, size_t *at, bool has_lease)
{
  const struct dhcp_settings *set = &s->set;
  uint8_t octets[4 * DHCP_SERVERS_MAX];
  size_t n_dns = 0;
  if (has_lease) {
    put_seconds(p, at, DHCP_LEASE, set->lease_ns);
    put_seconds(p, at, DHCP_T1, set->lease_ns / 2);
    put_seconds(p, at, DHCP_T2, set->lease_ns / 8 * 7);
  }
  put_be32(octets, UINT32_MAX << (32 - iface_addr(set->iface, 4)->prefix));
  dhcp_option_put(p, at, DHCP_MASK, octets, 4);
  if (set->router.version)
    dhcp_option_put(p, at, DHCP_ROUTER, set->router.octets, 4);
  for (; n_dns < DHCP_SERVERS_MAX && set->dns[n_dns].version; n_dns++)
    memcpy(octets + 4 * n_dns, set->dns[n_dns].octets, 4);
  if (n_dns)
    dhcp_option_put(p, at, DHCP_DNS, octets, 4 * n_dns);
  if (s->domain)
    dhcp_option_put(p, at, DHCP_DOMAIN, s->domain, strlen(s->domain));
}

/* Answers a message; `your` is NULL in a refusal and in the answer to INFORM. */
static void
answer(struct dhcp_server *s, enum dhcp_type type, const struct dhcp *m, const struct ip_addr *your)
{
  const struct ip_addr *own = &iface_addr(s->set.iface, 4)->addr;
  uint8_t p[DHCP_MESSAGE_OCTETS_MAX] = {0};
  struct dhcp reply = {
      .op = DHCP_OP_REPLY, .hw_type = 1, .hw_octets = 6, .id = m->id, .flags = m->flags};
  memcpy(reply.mac, m->mac, 6);
  if (type == DHCP_ACK)
    memcpy(reply.client, m->client, 4);
  if (your)
    memcpy(reply.your, your->octets, 4);
  size_t at = dhcp_put(p, &reply);
  dhcp_option_put(p, &at, DHCP_MESSAGE_TYPE, &(uint8_t){(uint8_t)type}, 1);
  dhcp_option_put(p, &at, DHCP_SERVER_ID, own->octets, 4);
  if (type != DHCP_NAK)
    put_settings(s, p, &at, your != NULL);
  p[at++] = DHCP_END;
  /* RFC 2131 4.1: to the address it has, else to all; a refusal always to all. */
  bool has_address = m->client[0] != 0 && type != DHCP_NAK;
  struct ip_sending sending = {.src = *own};
  sending.dst = has_address ? ip_addr_v4(m->client) : (struct ip_addr){4, {255, 255, 255, 255}};
  sending.out = has_address ? NULL : s->set.iface;
  udp_send_with(s->host, &sending, DHCP_PORT_SERVER, DHCP_PORT_CLIENT, p,
                MAX(at, (size_t)DHCP_OCTETS_MIN));
}

/* ---- questions ---- */

static struct ip_addr
addr_option(const uint8_t *p, size_t n, uint8_t code)
{
  struct dhcp_option o;
  return dhcp_option_find(p, n, code, &o) && o.n == 4 ? ip_addr_v4(o.p) : (struct ip_addr){0};
}

static void
discover(struct dhcp_server *s, const struct dhcp *m, const uint8_t *p, size_t n)
{
  struct ip_addr wish = addr_option(p, n, DHCP_REQUESTED);
  struct lease *l = choose(s, m->mac, &wish);
  if (!l) {
    host_log(s->host, "dhcp", "no address is free", "ไม่มีที่อยู่ว่าง");
    return;
  }
  struct ip_addr addr = addr_of(s, l);
  if (l->state != LEASE_BOUND)
    set_lease(s, l, LEASE_OFFERED, m->mac, world_now(s->host->net->world) + OFFER_NS);
  answer(s, DHCP_OFFER, m, &addr);
}

/* RFC 2131 4.3.2: to select, after a restart, to renew or to rebind. */
static void
request(struct dhcp_server *s, const struct dhcp *m, const uint8_t *p, size_t n)
{
  const struct ip_addr *own = &iface_addr(s->set.iface, 4)->addr;
  struct ip_addr server = addr_option(p, n, DHCP_SERVER_ID);
  struct ip_addr wish = addr_option(p, n, DHCP_REQUESTED);
  struct lease *had = lease_of(s, m->mac);
  int64_t now = world_now(s->host->net->world);
  if (m->client[0] != 0)
    wish = ip_addr_v4(m->client);
  if (server.version && !ip_addr_equal(&server, own)) { /* it chose another server */
    if (had && had->state == LEASE_OFFERED)
      set_lease(s, had, LEASE_FREE, NULL, now);
    return;
  }
  struct lease *l = lease_at(s, &wish);
  if (l && l == had) {
    set_lease(s, l, LEASE_BOUND, m->mac, now + s->set.lease_ns);
    answer(s, DHCP_ACK, m, &wish);
  } else if (server.version || had || l ||
             !ip_addr_shares_net(&wish, own, iface_addr(s->set.iface, 4)->prefix)) {
    answer(s, DHCP_NAK, m, NULL);
  } /* else: another server's client on this net, about which nothing is known */
}

static void
receive(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct dhcp_server *s = data;
  struct dhcp m;
  struct dhcp_option type;
  if (s->host->arrived_at != s->set.iface || !iface_addr(s->set.iface, 4) || !dhcp_get(p, n, &m) ||
      m.op != DHCP_OP_REQUEST || !dhcp_option_find(p, n, DHCP_MESSAGE_TYPE, &type) || type.n != 1)
    return;
  int64_t now = world_now(s->host->net->world);
  struct ip_addr wish = addr_option(p, n, DHCP_REQUESTED), client = ip_addr_v4(m.client);
  struct ip_addr server = addr_option(p, n, DHCP_SERVER_ID);
  bool is_for_us = ip_addr_equal(&server, &iface_addr(s->set.iface, 4)->addr);
  freshen(s);
  struct lease *l;
  switch (type.p[0]) {
  case DHCP_DISCOVER:
    discover(s, &m, p, n);
    return;
  case DHCP_REQUEST:
    request(s, &m, p, n);
    return;
  case DHCP_DECLINE:
    l = lease_at(s, &wish);
    if (is_for_us && l && l == lease_of(s, m.mac)) {
      host_log(s->host, "dhcp", "somebody else uses an address of the range",
               "มีเครื่องอื่นใช้ที่อยู่ในช่วงที่แจก");
      set_lease(s, l, LEASE_DECLINED, m.mac, now + s->set.lease_ns);
    }
    return;
  case DHCP_RELEASE:
    l = lease_at(s, &client);
    if (is_for_us && l && l == lease_of(s, m.mac))
      set_lease(s, l, LEASE_FREE, m.mac, now);
    return;
  case DHCP_INFORM:
    answer(s, DHCP_ACK, &m, NULL);
    return;
  default:
    return;
  }
}

/* ---- life ---- */

void
dhcp_server_init(struct host *h, const struct dhcp_settings *settings)
{
  struct dhcp_server *s = g_new0(struct dhcp_server, 1);
  s->host = h;
  s->set = *settings;
  s->domain = g_strdup(settings->domain);
  s->n = addr_number(&settings->last) - addr_number(&settings->first) + 1;
  g_assert(s->n <= DHCP_RANGE_MAX);
  s->leases = g_new0(struct lease, s->n);
  h->dhcp_server = s;
  udp_bind(h, DHCP_PORT_SERVER, receive, NULL, s);
}

void
dhcp_server_clear(struct host *h)
{
  struct dhcp_server *s = h->dhcp_server;
  if (!s)
    return;
  g_free(s->domain);
  g_free(s->leases);
  g_free(s);
}
