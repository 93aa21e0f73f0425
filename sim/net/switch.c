/* SPDX-License-Identifier: GPL-3.0-or-later */
/* switch.c -- a learning Ethernet switch, IEEE 802.1D without the spanning tree.
 *
 *   frame in ─> remember source at this port ─> destination known? that port : all other ports
 *
 * An address is forgotten when nothing came from it for the ageing time, seen when the entry is
 * looked up. A full table learns no more: frames to addresses that are not in it go to all ports,
 * which is what an attacker with many false sources wants. Loops of switches are refused when the
 * network is built (build_link.c), so flooding ends. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

struct switch_entry {
  uint8_t mac[6];
  uint16_t iface;
  int64_t seen_ns;
  bool is_used;
};

/* Open addressing with linear probing; a removed entry is closed up, so a free slot ends a search.
 */
struct switch_table {
  uint32_t n, n_max, n_slots; /* n_slots is a power of two, at least twice n */
  unsigned shift;             /* of a 32-bit hash to a slot */
  int64_t age_ns;
  int64_t oldest_ns; /* no entry was seen before this */
  bool told_full;
  struct switch_entry *slots;
};

enum { SLOTS_FIRST = 16, SLOTS_FIRST_SHIFT = 28 };

void
switch_init(struct host *h, uint32_t n_max, int64_t age_ns)
{
  struct switch_table *t = g_new0(struct switch_table, 1);
  t->n_max = n_max;
  t->n_slots = SLOTS_FIRST;
  t->shift = SLOTS_FIRST_SHIFT;
  t->slots = g_new0(struct switch_entry, SLOTS_FIRST);
  t->age_ns = age_ns;
  h->switching = t;
}

void
switch_clear(struct host *h)
{
  if (h->switching)
    g_free(h->switching->slots);
  g_free(h->switching);
}

static uint32_t
slot_of(const struct switch_table *t, const uint8_t mac[6])
{
  uint32_t h = get_be32(mac + 2) ^ (uint32_t)get_be16(mac) << 16;
  h *= UINT32_C(0x9e3779b1);
  return h >> t->shift;
}

/* The entry of an address, or the free slot where it would stand. */
static struct switch_entry *
find(struct switch_table *t, const uint8_t mac[6])
{
  for (uint32_t i = slot_of(t, mac);; i = (i + 1) & (t->n_slots - 1)) {
    struct switch_entry *e = &t->slots[i];
    if (!e->is_used || memcmp(e->mac, mac, 6) == 0)
      return e;
  }
}

static void
grow(struct switch_table *t)
{
  struct switch_entry *old = t->slots;
  uint32_t n_old = t->n_slots;
  t->n_slots *= 2;
  t->shift--;
  t->slots = g_new0(struct switch_entry, t->n_slots);
  for (uint32_t i = 0; i < n_old; i++)
    if (old[i].is_used)
      *find(t, old[i].mac) = old[i];
  g_free(old);
}

static void
tell(struct host *h, const uint8_t mac[6], const char *value)
{
  char text[ETHER_TEXT_MAX];
  if (world_wants_events(h->net->world))
    world_emit(h->net->world, h->index, "switch", ether_format(mac, text), "%s", value);
}

/* Entries behind a freed slot move up when they would not be found any more. */
static void
forget(struct host *h, struct switch_entry *e)
{
  struct switch_table *t = h->switching;
  uint32_t mask = t->n_slots - 1, hole = (uint32_t)(e - t->slots);
  tell(h, e->mac, "");
  for (uint32_t i = (hole + 1) & mask; t->slots[i].is_used; i = (i + 1) & mask) {
    uint32_t home = slot_of(t, t->slots[i].mac);
    if (((i - home) & mask) < ((i - hole) & mask))
      continue;
    t->slots[hole] = t->slots[i];
    hole = i;
  }
  t->slots[hole].is_used = false;
  t->n--;
  t->told_full = false;
}

/* Makes room by forgetting what is too old; looks only when something can be. */
static void
forget_old(struct host *h, int64_t now_ns)
{
  struct switch_table *t = h->switching;
  if (now_ns - t->oldest_ns < t->age_ns)
    return;
  for (uint32_t i = 0; i < t->n_slots;) {
    struct switch_entry *e = &t->slots[i];
    if (e->is_used && now_ns - e->seen_ns >= t->age_ns)
      forget(h, e); /* another may have moved here: look again */
    else
      i++;
  }
  t->oldest_ns = now_ns;
  for (uint32_t i = 0; i < t->n_slots; i++)
    if (t->slots[i].is_used)
      t->oldest_ns = MIN(t->oldest_ns, t->slots[i].seen_ns);
}

static void
learn(struct iface *at, const uint8_t mac[6], int64_t now_ns)
{
  struct host *h = at->host;
  struct switch_table *t = h->switching;
  if (mac[0] & 1)
    return; /* a group is nobody's source */
  struct switch_entry *e = find(t, mac);
  if (!e->is_used && t->n == t->n_max) {
    forget_old(h, now_ns);
    e = find(t, mac);
  }
  if (!e->is_used && t->n == t->n_max) {
    if (!t->told_full)
      host_log(h, "switch", "table of %u addresses is full: no more are learned",
               "ตารางที่อยู่ %u รายการเต็ม จึงไม่เรียนรู้เพิ่ม", t->n_max);
    t->told_full = true;
    return;
  }
  if (e->is_used && e->iface != at->index) {
    char text[ETHER_TEXT_MAX];
    host_log(h, "switch", "%s moved to %s", "%s ย้ายไปที่ %s", ether_format(mac, text),
             at->link->name);
  }
  if (!e->is_used || e->iface != at->index)
    tell(h, mac, at->link->name);
  if (t->n == 0)
    t->oldest_ns = now_ns;
  if (!e->is_used && ++t->n * 2 > t->n_slots) {
    grow(t);
    e = find(t, mac);
  }
  memcpy(e->mac, mac, 6);
  e->is_used = true;
  e->iface = (uint16_t)at->index;
  e->seen_ns = now_ns;
}

static void
flood(struct iface *at, struct packet *p, bool is_group)
{
  struct host *h = at->host;
  struct iface *last = NULL;
  if (!is_group && world_wants_events(h->net->world)) {
    char number[24], text[ETHER_TEXT_MAX];
    g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, p->journey);
    world_emit(h->net->world, h->index, "flood", number, "%s", ether_format(p->octets, text));
  }
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    if (i == at->index)
      continue;
    if (last)
      link_send(last, packet_copy(h->net, p));
    last = &h->ifaces[i];
  }
  if (last)
    link_send(last, p);
  else
    packet_free(h->net, p);
}

void
switch_input(struct iface *at, struct packet *p)
{
  struct host *h = at->host;
  int64_t now = world_now(h->net->world);
  struct eth eth;
  eth_get(p->octets, p->n, &eth);
  learn(at, eth.src, now);
  bool is_group = eth.dst[0] & 1;
  struct switch_entry *e = is_group ? NULL : find(h->switching, eth.dst);
  if (e && e->is_used && now - e->seen_ns >= h->switching->age_ns) {
    forget(h, e);
    e = NULL;
  }
  if (!e || !e->is_used)
    flood(at, p, is_group);
  else if (e->iface == at->index)
    packet_free(h->net, p); /* its receiver is on the side it came from */
  else
    link_send(&h->ifaces[e->iface], p);
}
