/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dhcp_client.c -- a host that asks for its address: the client of RFC 2131 4.4.
 *
 *   INIT ─discover─> SELECTING ─offer─> REQUESTING ─ack─> CHECKING (ARP probes) ─free─> BOUND
 *    ^  ^               │ 5 tries          │ nak, 5 tries     │ taken: decline, 10 s       │ T1
 *    │  └───────────────┴ gives up         │                  │                            v
 *    └─────────────────────────────────────┴──────────────────┴──── expired, nak ── RENEWING ─T2─>
 * REBINDING
 *
 * Repeats after 4, 8, 16, 32 s, each a second more or less (4.1); while renewing after half of what
 * is left, at least 60 s (4.4.5). SIMPLIFIED: it begins within one second and not ten, asks all
 * with the broadcast flag, takes the first offer, knows no INIT-REBOOT, and stops when nobody
 * answers. */
#include <string.h>

#include "sim/net/host.h"

#define SECOND INT64_C(1000000000)
#define REPEAT_FIRST_NS (4 * SECOND)
#define RENEW_REPEAT_MIN_NS (60 * SECOND)
#define DECLINE_WAIT_NS (10 * SECOND) /* RFC 2131 3.1, 5 */
#define RELEASE_LINGER_NS SECOND      /* ARP may have to find the server before the address goes */
enum { TRIES_MAX = 5 };

enum client_state {
  CLIENT_INIT,
  CLIENT_SELECTING,
  CLIENT_REQUESTING,
  CLIENT_CHECKING,
  CLIENT_BOUND,
  CLIENT_RENEWING,
  CLIENT_REBINDING,
  CLIENT_RELEASED,
  CLIENT_FAILED,
  CLIENT_STATES
};

static const char *const state_names[CLIENT_STATES] = {"init",      "selecting", "requesting",
                                                       "checking",  "bound",     "renewing",
                                                       "rebinding", "released",  "failed"};

struct dhcp_client {
  struct iface *iface;
  enum client_state state;
  uint32_t id;
  unsigned n_tries;
  uint64_t timer;
  int64_t began_ns; /* of this attempt: `secs` counts from here */
  int64_t sent_ns;  /* the last request */
  int64_t from_ns;  /* the request that was acknowledged: the lease counts from here (4.4.1) */
  struct ip_addr offered, server, mine, router;
  uint8_t prefix;
  int64_t lease_ns, t1_ns, t2_ns;
  bool is_settled;
  struct random_stream dice;
};

static void wake(void *data);

static struct host *
host_of(const struct dhcp_client *c)
{
  return c->iface->host;
}

static int64_t
now_of(const struct dhcp_client *c)
{
  return world_now(host_of(c)->net->world);
}

/* ---- states ---- */

static void
set_state(struct dhcp_client *c, enum client_state state)
{
  struct host *h = host_of(c);
  struct world *w = h->net->world;
  c->state = state;
  if (!world_wants_events(w))
    return;
  char addr[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];
  const struct ip_addr *about = c->mine.version ? &c->mine : &c->offered;
  bool has_lease = state >= CLIENT_CHECKING && state <= CLIENT_REBINDING;
  if (has_lease)
    world_emit(w, h->index, "dhcp", c->iface->link->name,
               "%s %s/%u lease=%" G_GINT64_FORMAT "s server=%s", state_names[state],
               ip_addr_format(about, addr), c->prefix, c->lease_ns / SECOND,
               ip_addr_format(&c->server, server));
  else if (state == CLIENT_REQUESTING)
    world_emit(w, h->index, "dhcp", c->iface->link->name, "%s %s", state_names[state],
               ip_addr_format(about, addr));
  else
    world_emit(w, h->index, "dhcp", c->iface->link->name, "%s", state_names[state]);
}

static void
wake_in(struct dhcp_client *c, int64_t wait_ns, world_callback callback)
{
  struct host *h = host_of(c);
  world_cancel(h->net->world, c->timer);
  c->timer =
      world_at(h->net->world, now_of(c) + MAX(wait_ns, 0), WORLD_TIMER, h->index, callback, c);
}

static void
settle(struct dhcp_client *c)
{
  if (!c->is_settled)
    host_settle(host_of(c));
  c->is_settled = true;
}

/* ---- sending ---- */

static void
put_addr(uint8_t *p, size_t *at, uint8_t code, const struct ip_addr *addr)
{
  if (addr->version == 4)
    dhcp_option_put(p, at, code, addr->octets, 4);
}

static void
say(struct dhcp_client *c, enum dhcp_type type, const struct ip_addr *to)
{
  static const uint8_t wants[] = {DHCP_MASK,  DHCP_ROUTER, DHCP_DNS, DHCP_DOMAIN,
                                  DHCP_LEASE, DHCP_T1,     DHCP_T2};
  struct host *h = host_of(c);
  uint8_t p[DHCP_MESSAGE_OCTETS_MAX] = {0}, client_id[7] = {1};
  bool has_address = c->mine.version == 4 && type != DHCP_DECLINE;
  struct dhcp m = {.op = DHCP_OP_REQUEST,
                   .hw_type = 1,
                   .hw_octets = 6,
                   .id = c->id,
                   .seconds = (uint16_t)((now_of(c) - c->began_ns) / SECOND),
                   .flags = has_address ? 0 : DHCP_FLAG_BROADCAST};
  if (type == DHCP_DECLINE || type == DHCP_RELEASE)
    m.seconds = m.flags = 0; /* RFC 2131 table 5 */
  memcpy(m.mac, c->iface->mac, 6);
  memcpy(client_id + 1, c->iface->mac, 6);
  if (has_address)
    memcpy(m.client, c->mine.octets, 4);
  size_t at = dhcp_put(p, &m);
  dhcp_option_put(p, &at, DHCP_MESSAGE_TYPE, &(uint8_t){(uint8_t)type}, 1);
  dhcp_option_put(p, &at, DHCP_CLIENT_ID, client_id, sizeof client_id);
  if (c->state == CLIENT_REQUESTING || type == DHCP_DECLINE)
    put_addr(p, &at, DHCP_REQUESTED, &c->offered);
  if (c->state == CLIENT_REQUESTING || type == DHCP_DECLINE || type == DHCP_RELEASE)
    put_addr(p, &at, DHCP_SERVER_ID, &c->server);
  if (type == DHCP_DISCOVER || type == DHCP_REQUEST) {
    dhcp_option_put(p, &at, DHCP_HOST_NAME, h->name, MIN(strlen(h->name), 63u));
    dhcp_option_put(p, &at, DHCP_PARAMETERS, wants, sizeof wants);
  }
  p[at++] = DHCP_END;
  struct ip_sending sending = {.src = has_address ? c->mine : (struct ip_addr){.version = 4}};
  sending.dst = to ? *to : (struct ip_addr){4, {255, 255, 255, 255}};
  sending.out = to ? NULL : c->iface;
  udp_send_with(h, &sending, DHCP_PORT_CLIENT, DHCP_PORT_SERVER, p,
                MAX(at, (size_t)DHCP_OCTETS_MIN));
}

/* 4, 8, 16, 32, 64 s, give or take one. */
static void
wait_for_answer(struct dhcp_client *c)
{
  int64_t wait_ns = REPEAT_FIRST_NS << c->n_tries;
  c->n_tries++;
  wake_in(c, wait_ns - SECOND + (int64_t)random_below(&c->dice, 2 * SECOND + 1), wake);
}

static void
discover(struct dhcp_client *c)
{
  set_state(c, CLIENT_SELECTING);
  say(c, DHCP_DISCOVER, NULL);
  wait_for_answer(c);
}

static void
request(struct dhcp_client *c)
{
  c->sent_ns = now_of(c);
  say(c, DHCP_REQUEST, c->state == CLIENT_RENEWING ? &c->server : NULL);
}

static void
begin(void *data)
{
  struct dhcp_client *c = data;
  c->timer = 0;
  c->id = (uint32_t)random_next(&c->dice);
  c->began_ns = now_of(c);
  c->n_tries = 0;
  c->mine = c->offered = c->server = (struct ip_addr){0};
  discover(c);
}

/* ---- having and losing ---- */

static struct route
default_route(const struct dhcp_client *c)
{
  return (struct route){
      .to = {.version = 4}, .origin = ROUTE_LEASED, .via = c->router, .iface = c->iface->index};
}

static void
lose(struct dhcp_client *c)
{
  struct route r = default_route(c);
  if (c->mine.version == 0)
    return;
  if (c->router.version)
    host_remove_route(host_of(c), &r);
  arp_disclaim(c->iface, &c->mine);
  c->mine = (struct ip_addr){0};
}

static void
start_again(struct dhcp_client *c, int64_t wait_ns)
{
  lose(c);
  set_state(c, CLIENT_INIT);
  wake_in(c, wait_ns, begin);
}

static void
become_bound(struct dhcp_client *c)
{
  set_state(c, CLIENT_BOUND);
  wake_in(c, c->from_ns + c->t1_ns - now_of(c), wake);
  settle(c);
}

static void
checked(void *data, enum arp_claim_end end)
{
  struct dhcp_client *c = data;
  struct route r = default_route(c);
  if (end == ARP_CLAIM_OURS) {
    c->mine = c->offered;
    if (c->router.version)
      host_add_route(host_of(c), &r);
    become_bound(c);
    return;
  }
  say(c, DHCP_DECLINE, NULL); /* RFC 2131 4.4.4 */
  start_again(c, DECLINE_WAIT_NS);
}

/* Asks for more time, and again after half of what is left until the limit. */
static void
ask_again(struct dhcp_client *c, int64_t limit_ns)
{
  int64_t left_ns = limit_ns - now_of(c);
  request(c);
  wake_in(c, MIN(left_ns, MAX(left_ns / 2, RENEW_REPEAT_MIN_NS)), wake);
}

/* Time passed: an answer did not come, or the lease has reached T1, T2 or its end. */
static void
wake(void *data)
{
  struct dhcp_client *c = data;
  int64_t now = now_of(c);
  c->timer = 0;
  switch (c->state) {
  case CLIENT_SELECTING:
    if (c->n_tries == TRIES_MAX) {
      set_state(c, CLIENT_FAILED);
      host_log(host_of(c), "dhcp", "no server offered an address", "ไม่มีเซิร์ฟเวอร์ใดเสนอที่อยู่");
      settle(c);
    } else {
      discover(c);
    }
    return;
  case CLIENT_REQUESTING:
    if (c->n_tries == TRIES_MAX) {
      start_again(c, 0);
    } else {
      request(c);
      wait_for_answer(c);
    }
    return;
  case CLIENT_BOUND:
    c->id = (uint32_t)random_next(&c->dice);
    c->began_ns = now;
    set_state(c, CLIENT_RENEWING);
    ask_again(c, c->from_ns + c->t2_ns);
    return;
  case CLIENT_RENEWING:
    if (now >= c->from_ns + c->t2_ns)
      set_state(c, CLIENT_REBINDING);
    ask_again(c, c->from_ns + (c->state == CLIENT_REBINDING ? c->lease_ns : c->t2_ns));
    return;
  case CLIENT_REBINDING:
    if (now < c->from_ns + c->lease_ns) {
      ask_again(c, c->from_ns + c->lease_ns);
      return;
    }
    host_log(host_of(c), "dhcp", "the lease has run out", "สัญญาเช่าที่อยู่หมดอายุ");
    start_again(c, 0);
    return;
  default:
    return;
  }
}

/* ---- answers ---- */

static struct ip_addr
addr_option(const uint8_t *p, size_t n, uint8_t code)
{
  struct dhcp_option o;
  return dhcp_option_find(p, n, code, &o) && o.n >= 4 ? ip_addr_v4(o.p) : (struct ip_addr){0};
}

static int64_t
time_option(const uint8_t *p, size_t n, uint8_t code, int64_t fallback_ns)
{
  struct dhcp_option o;
  return dhcp_option_find(p, n, code, &o) && o.n == 4 ? (int64_t)get_be32(o.p) * SECOND
                                                      : fallback_ns;
}

/* What an acknowledgement gives. False when it cannot be used. */
static bool
take_lease(struct dhcp_client *c, const struct dhcp *m, const uint8_t *p, size_t n)
{
  struct host *h = host_of(c);
  struct ip_addr mask = addr_option(p, n, DHCP_MASK);
  int64_t lease_ns = time_option(p, n, DHCP_LEASE, 0);
  uint32_t bits = mask.version ? addr_number(&mask) : 0xffffff00;
  if (lease_ns == 0 || m->your[0] == 0)
    return false;
  c->offered = ip_addr_v4(m->your);
  c->prefix = (uint8_t)__builtin_popcount(bits);
  c->lease_ns = lease_ns;
  c->t1_ns = time_option(p, n, DHCP_T1, lease_ns / 2);
  c->t2_ns = time_option(p, n, DHCP_T2, lease_ns / 8 * 7); /* RFC 2131 4.4.5 */
  c->from_ns = c->sent_ns;
  if (c->mine.version == 0)
    c->router = addr_option(p, n, DHCP_ROUTER);
  struct dhcp_option o;
  if (dhcp_option_find(p, n, DHCP_DNS, &o)) {
    memset(h->dns, 0, sizeof h->dns);
    for (unsigned i = 0; i < HOST_DNS_MAX && i * 4 + 4 <= o.n; i++)
      h->dns[i] = ip_addr_v4(o.p + 4 * i);
  }
  return true;
}

static void
acknowledged(struct dhcp_client *c, const struct dhcp *m, const uint8_t *p, size_t n)
{
  if (!take_lease(c, m, p, n))
    return;
  if (c->state != CLIENT_REQUESTING) {
    become_bound(c);
    return;
  }
  set_state(c, CLIENT_CHECKING);
  world_cancel(host_of(c)->net->world, c->timer);
  c->timer = 0;
  arp_claim(c->iface, &c->offered, c->prefix, ARP_CLAIM_PROBE, checked, c);
}

static void
hear(struct dhcp_client *c, const uint8_t *p, size_t n)
{
  struct dhcp m;
  struct dhcp_option type;
  if (!dhcp_get(p, n, &m) || m.op != DHCP_OP_REPLY || m.id != c->id ||
      memcmp(m.mac, c->iface->mac, 6) != 0 || !dhcp_option_find(p, n, DHCP_MESSAGE_TYPE, &type) ||
      type.n != 1)
    return;
  struct ip_addr server = addr_option(p, n, DHCP_SERVER_ID);
  bool waits =
      c->state == CLIENT_REQUESTING || c->state == CLIENT_RENEWING || c->state == CLIENT_REBINDING;
  if (type.p[0] == DHCP_OFFER && c->state == CLIENT_SELECTING && server.version) {
    c->offered = ip_addr_v4(m.your);
    c->server = server;
    c->n_tries = 0;
    set_state(c, CLIENT_REQUESTING);
    request(c);
    wait_for_answer(c);
  } else if (type.p[0] == DHCP_ACK && waits) {
    if (server.version)
      c->server = server; /* while rebinding it may be another */
    acknowledged(c, &m, p, n);
  } else if (type.p[0] == DHCP_NAK && waits) {
    host_log(host_of(c), "dhcp", "the server refuses this address", "เซิร์ฟเวอร์ไม่ยอมให้ใช้ที่อยู่นี้");
    start_again(c, 0);
  }
}

static void
receive(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct host *h = data;
  for (unsigned i = 0; i < h->dhcp_clients->len; i++) {
    struct dhcp_client *c = h->dhcp_clients->pdata[i];
    if (c->iface == h->arrived_at)
      hear(c, p, n);
  }
}

/* ---- life ---- */

static void
released(void *data)
{
  struct dhcp_client *c = data;
  c->timer = 0;
  lose(c);
}

static void
release(void *data)
{
  struct dhcp_client *c = data;
  if (c->mine.version == 0)
    return;
  c->id = (uint32_t)random_next(&c->dice);
  say(c, DHCP_RELEASE, &c->server);
  set_state(c, CLIENT_RELEASED);
  wake_in(c, RELEASE_LINGER_NS, released);
}

void
dhcp_client_init(struct iface *at, int64_t release_ns)
{
  struct host *h = at->host;
  struct world *w = h->net->world;
  if (!h->dhcp_clients) {
    h->dhcp_clients = g_ptr_array_new_with_free_func(g_free);
    udp_bind(h, DHCP_PORT_CLIENT, receive, NULL, h);
  }
  struct dhcp_client *c = g_new0(struct dhcp_client, 1);
  g_autofree char *purpose = g_strdup_printf("dhcp %s", at->link->name);
  c->iface = at;
  c->dice = world_random(w, h->index, purpose);
  g_ptr_array_add(h->dhcp_clients, c);
  host_wait(h);
  wake_in(c, (int64_t)random_below(&c->dice, SECOND + 1), begin);
  if (release_ns >= 0)
    world_at(w, release_ns, WORLD_APP, h->index, release, c);
}

void
dhcp_client_clear(struct host *h)
{
  if (h->dhcp_clients)
    g_ptr_array_free(h->dhcp_clients, TRUE);
}
