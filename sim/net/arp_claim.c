/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arp_claim.c -- one address, one host: claiming and defending an IPv4 address, RFC 5227.
 *
 *   arp_claim ─> PROBING: wait 0-1 s, three probes 1-2 s apart, wait 2 s ─silence─> ANNOUNCING:
 * two, 2 s │              │ somebody has it or probes for it: TAKEN                          │
 * apart ─> HELD └ announce ────┼──────────────────────────────────────────────────────────────────┘
 *                      HELD: a conflicting message is answered by one announcement; a second one
 * within 10 s: LOST. Servers and routers never give up, and answer once in 10 s.
 *
 * An address that the scenario simply gave is HELD from its first conflict on. */
#include <string.h>

#include "sim/net/host.h"

#define SECOND INT64_C(1000000000)
/* RFC 5227 1.1 */
#define PROBE_WAIT_NS SECOND
#define PROBE_MIN_NS SECOND
#define PROBE_MAX_NS (2 * SECOND)
#define ANNOUNCE_WAIT_NS (2 * SECOND)
#define ANNOUNCE_INTERVAL_NS (2 * SECOND)
#define DEFEND_INTERVAL_NS (10 * SECOND)
enum { PROBE_NUM = 3, ANNOUNCE_NUM = 2 };

enum claim_state { CLAIM_PROBING, CLAIM_ANNOUNCING, CLAIM_HELD };

struct arp_claim {
  struct iface *iface;
  struct ip_addr addr;
  uint8_t prefix;
  enum claim_state state;
  unsigned n_sent; /* in this state */
  uint64_t timer;
  int64_t conflict_ns; /* the last one; 0: none */
  arp_claimed told;
  void *data;
};

static void step(void *data);

static void
tell(const struct arp_claim *c, const char *value)
{
  struct host *h = c->iface->host;
  char text[ADDR_TEXT_MAX];
  world_emit(h->net->world, h->index, "address", ip_addr_format(&c->addr, text), "%s", value);
}

static void
step_in(struct arp_claim *c, int64_t wait_ns)
{
  struct host *h = c->iface->host;
  struct world *w = h->net->world;
  c->timer = world_at(w, world_now(w) + wait_ns, WORLD_TIMER, h->index, step, c);
}

/* A question about our own address: from nobody (a probe) or from us (an announcement). */
static void
ask(const struct arp_claim *c, bool is_probe)
{
  struct arp arp = {.opcode = ARP_REQUEST};
  memcpy(arp.sender_mac, c->iface->mac, 6);
  if (!is_probe)
    memcpy(arp.sender_ip, c->addr.octets, 4);
  memcpy(arp.target_ip, c->addr.octets, 4);
  arp_put_out(c->iface, &arp, arp_to_all);
}

static void
drop_claim(struct arp_claim *c)
{
  struct host *h = c->iface->host;
  world_cancel(h->net->world, c->timer);
  g_ptr_array_remove(h->claims, c);
}

static void
take(struct arp_claim *c)
{
  c->state = CLAIM_ANNOUNCING;
  c->n_sent = 0;
  iface_add_addr(c->iface, &c->addr, c->prefix);
  tell(c, "ours");
  step(c);
  if (c->told)
    c->told(c->data, ARP_CLAIM_OURS);
}

static void
step(void *data)
{
  struct arp_claim *c = data;
  struct random_stream *dice = &c->iface->host->claim_times;
  c->timer = 0;
  if (c->state == CLAIM_PROBING && c->n_sent == PROBE_NUM) {
    take(c);
    return;
  }
  ask(c, c->state == CLAIM_PROBING);
  c->n_sent++;
  if (c->state == CLAIM_PROBING) {
    g_autofree char *value = g_strdup_printf("probing %u", c->n_sent);
    tell(c, value);
    step_in(c, c->n_sent == PROBE_NUM
                   ? ANNOUNCE_WAIT_NS
                   : PROBE_MIN_NS + (int64_t)random_below(dice, PROBE_MAX_NS - PROBE_MIN_NS + 1));
  } else if (c->n_sent < ANNOUNCE_NUM) {
    step_in(c, ANNOUNCE_INTERVAL_NS);
  } else {
    c->state = CLAIM_HELD;
  }
}

static struct arp_claim *
find(const struct iface *at, const struct ip_addr *addr)
{
  GPtrArray *claims = at->host->claims;
  for (unsigned i = 0; claims && i < claims->len; i++) {
    struct arp_claim *c = claims->pdata[i];
    if (c->iface == at && ip_addr_equal(&c->addr, addr))
      return c;
  }
  return NULL;
}

static struct arp_claim *
add(struct iface *at, const struct ip_addr *addr, enum claim_state state)
{
  struct host *h = at->host;
  if (!h->claims) {
    h->claims = g_ptr_array_new_with_free_func(g_free);
    h->claim_times = world_random(h->net->world, h->index, "arp probes");
  }
  struct arp_claim *c = g_new0(struct arp_claim, 1);
  c->iface = at;
  c->addr = *addr;
  c->state = state;
  g_ptr_array_add(h->claims, c);
  return c;
}

void
arp_claim(struct iface *at, const struct ip_addr *addr, uint8_t prefix, enum arp_claim_how how,
          arp_claimed told, void *data)
{
  struct arp_claim *c = find(at, addr);
  if (c)
    drop_claim(c);
  c = add(at, addr, CLAIM_PROBING);
  c->prefix = prefix;
  c->told = told;
  c->data = data;
  if (how == ARP_CLAIM_ANNOUNCE)
    c->n_sent = PROBE_NUM;
  step_in(c, how == ARP_CLAIM_ANNOUNCE
                 ? 0
                 : (int64_t)random_below(&at->host->claim_times, PROBE_WAIT_NS + 1));
}

void
arp_disclaim(struct iface *at, const struct ip_addr *addr)
{
  struct arp_claim *c = find(at, addr);
  if (c)
    drop_claim(c);
  iface_remove_addr(at, addr);
}

/* ---- conflicts ---- */

static void
end(struct arp_claim *c, enum arp_claim_end how)
{
  arp_claimed told = c->told;
  void *data = c->data;
  if (how == ARP_CLAIM_LOST)
    iface_remove_addr(c->iface, &c->addr);
  tell(c, how == ARP_CLAIM_LOST ? "lost" : "taken");
  drop_claim(c);
  if (told)
    told(data, how);
}

static void
conflict(struct arp_claim *c, const uint8_t mac[6])
{
  struct host *h = c->iface->host;
  int64_t now = world_now(h->net->world), before = c->conflict_ns;
  char addr[ADDR_TEXT_MAX], other[ETHER_TEXT_MAX];
  ip_addr_format(&c->addr, addr);
  ether_format(mac, other);
  host_log(h, "arp", "%s is also used or wanted by %s", "%s มี %s ใช้หรือต้องการใช้อยู่ด้วย", addr, other);
  g_autofree char *value = g_strdup_printf("conflict with %s", other);
  tell(c, value);
  if (c->state == CLAIM_PROBING) {
    end(c, ARP_CLAIM_TAKEN);
    return;
  }
  bool is_recent = before != 0 && now - before < DEFEND_INTERVAL_NS;
  bool persists = h->kind == HOST_SERVER || h->kind == HOST_ROUTER;
  if (is_recent && persists)
    return;
  if (is_recent) {
    host_log(h, "arp", "second conflict about %s within 10 s: given up",
             "ที่อยู่ %s ชนกันเป็นครั้งที่สองภายใน 10 วินาที จึงเลิกใช้", addr);
    end(c, ARP_CLAIM_LOST);
    return;
  }
  c->conflict_ns = MAX(now, 1);
  ask(c, false);
  tell(c, "defended");
}

bool
arp_claim_hears(struct iface *at, const struct arp *arp)
{
  if (memcmp(arp->sender_mac, at->mac, 6) == 0)
    return false;
  struct ip_addr sender = ip_addr_v4(arp->sender_ip), target = ip_addr_v4(arp->target_ip);
  struct arp_claim *c = find(at, &sender);
  if (!c && iface_has_addr(at, &sender))
    c = add(at, &sender, CLAIM_HELD);
  /* RFC 5227 2.1.1: somebody else probes for what we probe for. */
  if (!c && addr_number(&sender) == 0 && arp->opcode == ARP_REQUEST) {
    c = find(at, &target);
    if (c && c->state != CLAIM_PROBING)
      c = NULL; /* it is ours, and the ordinary answer says so */
  }
  if (c)
    conflict(c, arp->sender_mac);
  return c != NULL;
}

void
arp_claims_clear(struct host *h)
{
  if (h->claims)
    g_ptr_array_free(h->claims, TRUE);
}
