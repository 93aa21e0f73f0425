/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arp.c -- from a neighbour's IPv4 address to its Ethernet address, RFC 826 and RFC 1122 2.3.2.
 *
 *   arp_send ─known─> link            unknown: ask, keep the packet ─reply─> link
 *                                     no reply after 3 questions, 1 s apart: ICMP host unreachable
 *
 * An entry lives for 60 s and is then asked for anew; packets wait meanwhile as for a new one. */
#include <string.h>

#include "sim/net/host.h"

#define RETRY_NS (INT64_C(1) * 1000000000)
#define AGE_NS (INT64_C(60) * 1000000000)
enum { QUESTIONS_MAX = 3 };

struct arp_entry {
  struct iface *iface;
  struct ip_addr addr;
  uint8_t mac[6];
  bool is_known;
  int64_t known_ns;
  unsigned n_questions;
  uint64_t timer;
  struct packet_queue pending;
};

const uint8_t arp_to_all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void
arp_put_out(struct iface *out, const struct arp *arp, const uint8_t to_mac[6])
{
  struct packet *p = packet_new(out->host->net, out->host->index, ARP_OCTETS);
  struct eth eth = {.type = ETHER_ARP};
  memcpy(eth.dst, to_mac, 6);
  memcpy(eth.src, out->mac, 6);
  p->n = (uint32_t)eth_put(p->octets, &eth);
  p->n += (uint32_t)arp_put(p->octets + p->n, arp);
  link_send(out, p);
}

static void
send_arp(struct iface *out, uint16_t opcode, const uint8_t *sender_ip, const uint8_t to_mac[6],
         const uint8_t target_mac[6], const uint8_t target_ip[4])
{
  struct arp arp = {.opcode = opcode};
  memcpy(arp.sender_mac, out->mac, 6);
  memcpy(arp.sender_ip, sender_ip, 4);
  memcpy(arp.target_mac, target_mac, 6);
  memcpy(arp.target_ip, target_ip, 4);
  arp_put_out(out, &arp, to_mac);
}

static void
transmit(struct iface *out, const uint8_t mac[6], struct packet *p)
{
  struct eth eth = {.type = ETHER_IPV4};
  memcpy(eth.dst, mac, 6);
  memcpy(eth.src, out->mac, 6);
  eth_put(p->octets, &eth);
  link_send(out, p);
}

/* Nobody answered: what waits cannot be delivered (RFC 1122 2.3.2.2, RFC 1812 5.3.4). */
static void
give_up(struct arp_entry *e)
{
  struct host *h = e->iface->host;
  const char *link = e->iface->link->name;
  char text[ADDR_TEXT_MAX];
  world_emit(h->net->world, h->index, "arp", ip_addr_format(&e->addr, text), "%s", "");
  host_log(h, "arp", "no answer from %s", "ไม่มีคำตอบจาก %s", text);
  struct packet_queue pending = e->pending;
  g_hash_table_remove(h->arp, GUINT_TO_POINTER(addr_number(&e->addr)));
  for (struct packet *p; (p = packet_queue_pop(&pending));) {
    host_drop(h, p, DROP_NO_NEIGHBOUR, link);
    icmp_error(h, p, IP_NO_HOST, 0);
    packet_free(h->net, p);
  }
}

static void
ask(void *data)
{
  struct arp_entry *e = data;
  struct iface *i = e->iface;
  static const uint8_t unknown[6];
  const struct iface_addr *own = iface_addr(i, 4);
  e->timer = 0;
  if (e->n_questions == QUESTIONS_MAX) {
    give_up(e);
    return;
  }
  e->n_questions++;
  char text[ADDR_TEXT_MAX];
  world_emit(i->host->net->world, i->host->index, "arp", ip_addr_format(&e->addr, text),
             "asking %u", e->n_questions);
  /* Without an address yet this is a probe (RFC 5227 2.1.1): sender 0.0.0.0. */
  send_arp(i, ARP_REQUEST, own ? own->addr.octets : unknown, arp_to_all, unknown, e->addr.octets);
  struct world *w = i->host->net->world;
  e->timer = world_at(w, world_now(w) + RETRY_NS, WORLD_TIMER, i->host->index, ask, e);
}

static struct arp_entry *
find(struct host *h, const struct ip_addr *addr)
{
  return h->arp ? g_hash_table_lookup(h->arp, GUINT_TO_POINTER(addr_number(addr))) : NULL;
}

static struct arp_entry *
add(struct iface *at, const struct ip_addr *addr)
{
  struct host *h = at->host;
  if (!h->arp)
    h->arp = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  struct arp_entry *e = g_new0(struct arp_entry, 1);
  e->iface = at;
  e->addr = *addr;
  g_hash_table_insert(h->arp, GUINT_TO_POINTER(addr_number(addr)), e);
  return e;
}

void
arp_send(struct iface *out, const struct ip_addr *neighbour, struct packet *p)
{
  struct host *h = out->host;
  struct world *w = h->net->world;
  if (addr_number(neighbour) == UINT32_MAX) {
    transmit(out, arp_to_all, p);
    return;
  }
  struct arp_entry *e = find(h, neighbour);
  if (e && e->is_known && world_now(w) - e->known_ns < AGE_NS) {
    transmit(out, e->mac, p);
    return;
  }
  if (!e) {
    if (h->arp && g_hash_table_size(h->arp) >= ARP_CACHE_MAX) {
      host_drop(h, p, DROP_NEIGHBOUR_TABLE, out->link->name);
      packet_free(h->net, p);
      return;
    }
    e = add(out, neighbour);
  }
  e->is_known = false;
  if (e->pending.n == ARP_PENDING_MAX) {
    struct packet *oldest = packet_queue_pop(&e->pending);
    host_drop(h, oldest, DROP_NEIGHBOUR_QUEUE, out->link->name);
    packet_free(h->net, oldest);
  }
  packet_queue_push(&e->pending, p);
  if (e->timer == 0) {
    e->n_questions = 0;
    ask(e);
  }
}

static void
learn(struct iface *at, const struct ip_addr *addr, const uint8_t mac[6], bool may_add)
{
  struct host *h = at->host;
  struct world *w = h->net->world;
  struct arp_entry *e = find(h, addr);
  if (!e) {
    if (!may_add || (h->arp && g_hash_table_size(h->arp) >= ARP_CACHE_MAX))
      return;
    e = add(at, addr);
  }
  if (world_wants_events(w) && (!e->is_known || memcmp(e->mac, mac, 6) != 0)) {
    char addr_text[ADDR_TEXT_MAX], mac_text[ETHER_TEXT_MAX];
    world_emit(w, h->index, "arp", ip_addr_format(addr, addr_text), "%s",
               ether_format(mac, mac_text));
  }
  memcpy(e->mac, mac, 6);
  e->is_known = true;
  e->known_ns = world_now(w);
  if (e->timer) {
    world_cancel(w, e->timer);
    e->timer = 0;
  }
  struct packet_queue pending = e->pending;
  e->pending = (struct packet_queue){0};
  uint8_t to[6];
  memcpy(to, mac, 6);
  for (struct packet *p; (p = packet_queue_pop(&pending));)
    transmit(at, to, p);
}

/* RFC 826's "packet reception": merge, then add and answer when we are the target. */
void
arp_input(struct iface *at, struct packet *p)
{
  struct arp arp;
  bool good = arp_get(p->octets + PACKET_IP, p->n - PACKET_IP, &arp) != 0;
  packet_free(at->host->net, p);
  if (!good || arp_claim_hears(at, &arp) || !iface_addr(at, 4))
    return;
  struct ip_addr sender = ip_addr_v4(arp.sender_ip), target = ip_addr_v4(arp.target_ip);
  bool is_for_us = iface_has_addr(at, &target);
  if (addr_number(&sender) != 0)
    learn(at, &sender, arp.sender_mac, is_for_us);
  if (is_for_us && arp.opcode == ARP_REQUEST)
    send_arp(at, ARP_REPLY, arp.target_ip, arp.sender_mac, arp.sender_mac, arp.sender_ip);
}

void
arp_clear(struct host *h)
{
  if (!h->arp)
    return;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, h->arp);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    struct arp_entry *e = value;
    packet_queue_clear(h->net, &e->pending);
  }
  g_hash_table_destroy(h->arp);
}
