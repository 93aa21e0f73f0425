/* SPDX-License-Identifier: GPL-3.0-or-later */
/* switch.c -- a learning Ethernet switch, IEEE 802.1D without the spanning tree.
 *
 *   frame in ─> remember source at this port ─> destination known? that port : all other ports
 *
 * Loops of switches are refused when the network is built (build.c), so flooding ends. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

#define ENTRY_AGE_NS (INT64_C(300) * 1000000000) /* 802.1D 7.9.2: 300 s */
enum { PROBES_MAX = 8 };

static uint32_t
slot_of(const uint8_t mac[6])
{
  uint32_t h = get_be32(mac + 2) ^ (uint32_t)get_be16(mac) << 16;
  h *= UINT32_C(0x9e3779b1);
  return h >> 19; /* 13 bits: SWITCH_TABLE_MAX */
}
_Static_assert(SWITCH_TABLE_MAX == 1 << 13, "slot_of() gives 13 bits");

static struct switch_entry *
find(struct host *h, const uint8_t mac[6], int64_t now_ns, bool make)
{
  if (!h->table)
    h->table = g_new0(struct switch_entry, SWITCH_TABLE_MAX);
  struct switch_entry *oldest = NULL;
  for (uint32_t i = 0; i < PROBES_MAX; i++) {
    struct switch_entry *e = &h->table[(slot_of(mac) + i) % SWITCH_TABLE_MAX];
    if (e->seen_ns && memcmp(e->mac, mac, 6) == 0)
      return e;
    if (!oldest || e->seen_ns < oldest->seen_ns)
      oldest = e;
  }
  if (!make)
    return NULL;
  memcpy(oldest->mac, mac, 6);
  oldest->seen_ns = 0;
  return oldest;
}

static void
learn(struct iface *at, const uint8_t mac[6], int64_t now_ns)
{
  if (mac[0] & 1)
    return; /* a group is nobody's source */
  struct host *h = at->host;
  struct switch_entry *e = find(h, mac, now_ns, true);
  if (world_wants_events(h->net->world) && (e->seen_ns == 0 || e->iface != at->index)) {
    char text[ETHER_TEXT_MAX];
    world_emit(h->net->world, h->index, "switch", ether_format(mac, text), "%s", at->link->name);
  }
  e->iface = (uint16_t)at->index;
  e->seen_ns = now_ns + 1; /* 0 is "free" */
}

void
switch_input(struct iface *at, struct packet *p)
{
  struct host *h = at->host;
  int64_t now = world_now(h->net->world);
  struct eth eth;
  eth_get(p->octets, p->n, &eth);
  learn(at, eth.src, now);
  struct switch_entry *e = eth.dst[0] & 1 ? NULL : find(h, eth.dst, now, false);
  if (e && now - e->seen_ns < ENTRY_AGE_NS) {
    if (e->iface == at->index)
      packet_free(h->net, p); /* its receiver is on the side it came from */
    else
      link_send(&h->ifaces[e->iface], p);
    return;
  }
  struct iface *last = NULL;
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
